package bot_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"guichet/bot"
	"guichet/knowledge"
	"guichet/migrations/databasetest"
	"guichet/routing"
	"guichet/routing/convention"
	"guichet/routing/convention/sqlconvention"
	"guichet/routing/ledger"
)

func (noJobs) Tell(context.Context, string) error { return nil }

// town is a counter that knows conventions.
type town struct {
	*counter
	store  *sqlconvention.Conventions
	sheets *bot.Sheets
}

// Two real EPCIs, whose conventions and officer are fictional: Desvres is in the first, Caudry in the second.
const desvres, caudry = "200018083", "200030633"

func openTown(t *testing.T) *town {
	t.Helper()
	c := open(t)
	shipped, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	book := shipped.book
	known := &bot.Conventions{
		Settings: book.Conventions, EPCIs: map[string]bot.EPCI{}, Officers: map[string]routing.Officer{desvres: {Name: "Camille Fictive", Contact: "camille@region.example"}},
		Texts: bot.DefaultTexts(), Theme: func(id string) string { return book.Rules.Label(routing.Fact{Name: "subject", Value: id}) },
	}
	for siren, e := range book.Territories.EPCI {
		known.EPCIs[siren] = bot.EPCI{SIREN: siren, Name: e.Name, Communes: 1}
	}
	w := &town{counter: c, store: sqlconvention.New(c.db, noJobs{}, book.Conventions, known.Alert)}
	known.Store, c.desk.Conventions = w.store, known
	w.sheets = &bot.Sheets{
		Conventions: known, Requests: c.requests, Rules: book.Rules, Reader: shipped.reader,
		Schemes: func(_ context.Context, v knowledge.Viewer) ([]knowledge.Document, error) {
			all := []knowledge.Document{
				{ID: "pret", Title: "Prêt fictif", Audience: knowledge.Public}, {ID: "rare", Title: "Zébulon", Audience: knowledge.Public},
				{ID: "clos", Title: "Prêt fictif clos", Audience: knowledge.Public, ValidUntil: morning.AddDate(0, 0, -3)},
				{ID: "interne", Title: "Prêt fictif interne", Audience: knowledge.Staff},
			}
			return slices.DeleteFunc(all, func(d knowledge.Document) bool { return d.Audience > v.Audience }), nil
		},
	}
	return w
}

func (w *town) record(t *testing.T, all ...convention.Convention) {
	t.Helper()
	if _, err := w.store.Record(t.Context(), all, "Ada", morning); err != nil {
		t.Fatal(err)
	}
}

// as says something as a partner of an EPCI, as the staff (« staff »), or as the public (”).
func (w *town) as(t *testing.T, who, text string) bot.Reply {
	t.Helper()
	m := w.message(fmt.Sprintf("fil-%d", w.n), text)
	m.Asker = asker(who)
	reply, err := w.desk.Handle(t.Context(), m)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return reply
}

func asker(who string) bot.Asker {
	switch who {
	case "":
		return bot.Asker{Audience: knowledge.Public}
	case "staff":
		return bot.Asker{Audience: knowledge.Staff}
	}
	return bot.Asker{Audience: knowledge.Partner, EPCI: who}
}

// one is a convention of Desvres, in force on the morning of 23 November 2026.
func one(id string) convention.Convention {
	return convention.Convention{ID: id, Type: "aides", EPCI: desvres, Themes: []string{"creation"}, Start: "2026-01-01", End: "2026-12-31", Signed: "2025-12-15"}
}

func TestARequestThatRestsOnAnEPCIsAidSaysWhatIsKnown(t *testing.T) {
	const rests = "Menuiserie de 12 salariés à Desvres, nous comptons sur une aide de la communauté de communes pour nos locaux"
	const warned = "une intercommunalité ne peut aider des entreprises que si sa convention"
	over, unsigned, later, former := one("F-2"), one("F-2"), one("F-2"), one("F-0")
	over.Start, over.End, over.Signed = "2024-01-01", "2026-11-22", "2023-12-01"
	unsigned.Signed = ""
	later.Start, later.End = "2026-11-24", "2027-12-31"
	former.Start, former.End, former.Signed = "2020-01-01", "2025-12-31", "2019-12-01"
	for name, c := range map[string]struct {
		recorded []convention.Convention
		who      string
		want     []string
		never    []string
	}{
		"none, staff":    {nil, "staff", []string{"Aucune convention enregistrée dans guichet pour CC de Desvres-Samer"}, []string{"le vérifiera"}},
		"none, its own":  {nil, desvres, []string{"Aucune convention enregistrée dans guichet pour CC de Desvres-Samer"}, nil},
		"in force":       {[]convention.Convention{one("F-1"), former}, "staff", []string{"La convention d'aides F-1 (CC de Desvres-Samer ; création d'entreprise) est en vigueur jusqu'au 31/12/2026."}, []string{"F-0", "le vérifiera"}},
		"in force, own":  {[]convention.Convention{one("F-1")}, desvres, []string{"est en vigueur jusqu'au 31/12/2026"}, nil},
		"over":           {[]convention.Convention{over}, "staff", []string{"signée le 01/12/2023, est terminée depuis le 22/11/2026"}, nil},
		"unsigned":       {[]convention.Convention{unsigned}, "staff", []string{"F-2", "n'est pas signée à ce jour"}, nil},
		"later":          {[]convention.Convention{later}, "staff", []string{"est signée, et ne commence que le 24/11/2026"}, nil},
		"public":         {[]convention.Convention{one("F-1")}, "", []string{"le vérifiera"}, []string{"F-1", "31/12/2026", "enregistrée dans guichet"}},
		"another's":      {[]convention.Convention{one("F-1")}, caudry, []string{"le vérifiera"}, []string{"F-1", "31/12/2026", "enregistrée dans guichet"}},
		"partner of all": {[]convention.Convention{one("F-1")}, "partner", []string{"le vérifiera"}, []string{"F-1"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := openTown(t)
			w.record(t, c.recorded...)
			if c.who == "partner" {
				c.who = "000000000" // of no EPCI that is known
			}
			reply := w.as(t, c.who, rests)
			for _, want := range append(c.want, warned) {
				if !strings.Contains(reply.Text, want) {
					t.Errorf("no %q in\n%s", want, reply.Text)
				}
			}
			for _, never := range c.never {
				if strings.Contains(reply.Text, never) {
					t.Errorf("%q in\n%s", never, reply.Text)
				}
			}
		})
	}
}

func TestAnAnswerAboutConventionsIsCompleted(t *testing.T) {
	w := openTown(t)
	w.record(t, one("F-1"))
	for _, c := range []struct {
		who, text string
		told      bool
	}{
		{desvres, "Quels sont les types de conventions avec les EPCI ?", true},
		{desvres, "Jusqu'à quand court notre convention introuvable ?", true},
		{desvres, "Quel est le montant du Prêt vert ?", false},
		{desvres, "Notre communauté de communes peut-elle verser une aide à une entreprise ?", true},
		{"staff", "La CC de Desvres-Samer peut-elle verser une aide à une entreprise ?", true},
		{caudry, "La CC de Desvres-Samer peut-elle verser une aide à une entreprise ?", false},
		{"", "La CC de Desvres-Samer peut-elle verser une aide à une entreprise ?", false},
		{caudry, "Quels sont les types de conventions avec les EPCI ?", false},
		{caudry, "La CC de Desvres-Samer a-t-elle une convention avec la Région ?", false},
		{"", "La CC de Desvres-Samer a-t-elle une convention avec la Région ?", false},
		{"", "Quels sont les types de conventions avec les EPCI ?", false},
		{"staff", "Quels sont les types de conventions avec les EPCI ?", false},
	} {
		if reply := w.as(t, c.who, c.text); strings.Contains(reply.Text, "F-1") != c.told {
			t.Errorf("%s, %q: %s", c.who, c.text, reply.Text)
		}
	}
	if reply := w.as(t, caudry, "Quels sont les types de conventions avec les EPCI ?"); !strings.Contains(reply.Text, "Aucune convention enregistrée dans guichet pour CA du Caudrésis et du Catésis") {
		t.Error(reply.Text)
	}
}

func TestACommuneIsPointedToItsEPCI(t *testing.T) {
	w := openTown(t)
	for _, c := range []struct{ text, epci string }{
		{"La mairie de Guise veut une convention pour aider ses commerces", "CC Thiérache Sambre et Oise"},
		{"Je suis maire de Guise, nous voulons signer une convention avec la Région", "CC Thiérache Sambre et Oise"},
		{"Notre commune, Guise, souhaite conventionner avec la Région pour aider ses entreprises", "CC Thiérache Sambre et Oise"},
		{"La ville de Roubaix peut-elle signer une convention avec la Région ?", "Métropole Européenne de Lille"},
		{"La commune de Desvres demande une convention d'aides aux entreprises", "CC de Desvres-Samer"},
		{"Notre mairie veut une convention avec la Région", "votre intercommunalité"},
	} {
		if reply := w.as(t, "", c.text); !strings.Contains(reply.Text, "rapprochez-vous de "+c.epci) {
			t.Errorf("%q: %s", c.text, reply.Text)
		}
	}
}

func TestTalkingToSomebodyNamesTheOfficer(t *testing.T) {
	w := openTown(t)
	reply := w.as(t, "", "Menuiserie de 12 salariés à Desvres, je voudrais parler à quelqu'un")
	if !strings.Contains(reply.Text, "Camille Fictive suit CC de Desvres-Samer (camille@region.example)") {
		t.Error(reply.Text)
	}
	if reply := w.as(t, "", "Menuiserie de 12 salariés à Caudry, je voudrais parler à quelqu'un"); strings.Contains(reply.Text, "Camille") {
		t.Error(reply.Text)
	}
}

// Whatever is recorded, a partner's sheets and replies hold nothing of another EPCI's.
func TestAPartnerSeesOnlyItsOwn(t *testing.T) {
	w := openTown(t)
	random := rand.New(rand.NewPCG(3, 4))
	var epcis []string
	for _, e := range w.sheets.Find("CC") {
		epcis = append(epcis, e.SIREN)
	}
	random.Shuffle(len(epcis), func(i, j int) { epcis[i], epcis[j] = epcis[j], epcis[i] })
	epcis = epcis[:8]
	// What is an EPCI's own bears its number.
	marks := func(epci string) string { return "SECRET-" + epci }
	conventions, requests := map[string]int{}, map[string]int{}
	for n := range 60 {
		epci := epcis[random.IntN(len(epcis))]
		c := one(fmt.Sprintf("%s-%d", marks(epci), n))
		c.EPCI = epci
		if random.IntN(3) == 0 {
			c.Signed = ""
		}
		if random.IntN(3) == 0 {
			c.Start, c.End = "2025-12-20", "2026-10-01"
		}
		conventions[epci]++
		w.record(t, c)
		epci = epcis[random.IntN(len(epcis))]
		requests[epci]++
		if _, _, err := w.requests.Take(t.Context(), ledger.Intake{
			Channel: "web", Message: fmt.Sprint("r", n), Thread: fmt.Sprint("r", n), Text: marks(epci), At: morning,
			Place: ledger.Place{EPCI: epci}, Decision: routing.Decision{Lead: "DAEN"},
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, who := range append([]string{"", "staff"}, epcis...) {
		for _, epci := range epcis {
			sheet, ok, err := w.sheets.Of(t.Context(), asker(who), epci, morning)
			if err != nil || !ok || len(sheet.Offer) == 0 || sheet.EntryPoint != "DAEN" {
				t.Fatalf("%v, %v, %+v", ok, err, sheet)
			}
			own := who == "staff" || who == epci
			if own != sheet.Own || own && (len(sheet.Conventions) != conventions[epci] || len(sheet.Requests) != requests[epci]) {
				t.Errorf("%s looks at %s: own %v, %d conventions, %d requests", who, epci, sheet.Own, len(sheet.Conventions), len(sheet.Requests))
			}
			if !own && (strings.Contains(fmt.Sprint(sheet), "SECRET") || sheet.Officer.Name != "") {
				t.Errorf("%s looks at %s and sees %+v", who, epci, sheet)
			}
		}
	}
	for _, who := range append([]string{""}, epcis...) {
		for _, epci := range epcis {
			name := w.sheets.EPCIs[epci].Name
			for _, text := range []string{
				"Quelle convention a " + name + " avec la Région ?",
				"La convention de " + name + " est-elle signée, introuvable ?",
				"Menuiserie de 12 salariés, nous comptons sur une aide de " + name + ", communauté de communes",
			} {
				said := fmt.Sprint(w.as(t, who, text))
				for _, other := range epcis {
					if other != who && strings.Contains(said, marks(other)) {
						t.Errorf("%s asks %q and is told of %s: %s", who, text, other, said)
					}
				}
			}
		}
	}
}

func TestSheetsTellTheOffer(t *testing.T) {
	w := openTown(t)
	titles := func(who string) string {
		sheet, _, err := w.sheets.Of(t.Context(), asker(who), desvres, morning)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, theme := range sheet.Offer {
			for _, c := range theme.Cases {
				for _, d := range c.Schemes {
					out = append(out, theme.Title+"/"+c.Lead+"/"+d.ID)
				}
			}
		}
		return strings.Join(out, " ")
	}
	if got := titles(""); got != "Finances/MHDFF/pret Autres dispositifs de la base//rare" {
		t.Error(got)
	}
	if got := titles("staff"); got != "Finances/MHDFF/pret Finances/MHDFF/interne Autres dispositifs de la base//rare" {
		t.Error(got)
	}
	if _, ok, err := w.sheets.Of(t.Context(), asker("staff"), "000000000", morning); ok || err != nil {
		t.Error(ok, err)
	}
	if _, _, err := w.sheets.Of(t.Context(), bot.Asker{}, desvres, morning); !errors.Is(err, knowledge.ErrNoAudience) {
		t.Error(err)
	}
	for sought, want := range map[string]int{"200018083": 1, "200 018 083": 1, "desvres": 1, "cc desvres-samer": 1, "CC de Desvres-Samer": 1, "métropole": 3, "": 0, "introuvable": 0} {
		if got := w.sheets.Find(sought); len(got) != want {
			t.Errorf("%q: %v", sought, got)
		}
	}
}

func TestSheetsOfAll(t *testing.T) {
	w := openTown(t)
	over := one("F-2")
	over.EPCI, over.End = caudry, "2026-11-22"
	w.record(t, one("F-1"), over)
	all, err := w.sheets.All(t.Context(), morning)
	if err != nil || len(all) != 92 {
		t.Fatal(len(all), err)
	}
	for _, l := range all {
		force, recorded := 0, 0
		switch l.SIREN {
		case desvres:
			force, recorded = 1, 1
			if l.Officer != "Camille Fictive" {
				t.Error(l)
			}
		case caudry:
			recorded = 1
		}
		if len(l.InForce) != force || l.Recorded != recorded {
			t.Errorf("%+v", l)
		}
	}
}

// The card of the lead says what is known, as its channel may see it; alerts go where they may be read.
func TestConventionsInChannels(t *testing.T) {
	m := openChat(t, databasetest.SQLite)
	w := openTown(t)
	m.Conventions = w.desk.Conventions
	w.record(t, one("F-1"))
	facts := routing.Facts{{Name: "epci_aid", Value: true, Source: "aide de la communauté"}}
	take := func(n int, epci string) ledger.Request {
		r, _, err := m.requests.Take(t.Context(), ledger.Intake{
			Channel: "chat/HALL", Message: fmt.Sprint(n), Thread: fmt.Sprint(n), Text: "Bonjour", At: morning, Place: ledger.Place{EPCI: epci},
			Decision: routing.Decision{Lead: "DPEAP", Facts: facts},
		})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	take(1, desvres)
	take(2, caudry)
	for _, n := range m.notices {
		if _, err := m.Chat.Deliver(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	var told []string
	for _, c := range m.platform.cards["chat/STAFF"] {
		for _, f := range c.Fields {
			if f.Label == "Conventions" {
				told = append(told, f.Value)
			}
		}
	}
	if len(told) != 2 || !strings.Contains(told[0], "F-1") || !strings.Contains(told[1], "Aucune convention enregistrée dans guichet pour CA du Caudrésis") {
		t.Errorf("%q", told)
	}

	alert := convention.Alert{Key: "k", Convention: "F-1", EPCI: "200000001", End: "2026-12-31", Days: 30, Text: "F-1 finit"}
	for _, c := range []struct {
		name, to, epci string
		want           string
	}{
		{"a direction of the staff", "DPEAP", desvres, "chat/STAFF  F-1 finit"},
		{"its own EPCI", "", "200000001", "chat/PARTNER  F-1 finit"},
		{"an EPCI without a channel", "", desvres, ""},
		{"a direction without a channel", "DAEN", desvres, ""},
		{"a direction whose channel is not the staff's", "HDFID", desvres, "chat/OPERATOR  Une convention de votre direction arrive à échéance. Le détail se lit dans l'espace des agents."},
	} {
		m.platform.said = nil
		alert.To, alert.EPCI = c.to, c.epci
		sent, err := m.Tell(t.Context(), alert)
		if got := strings.Join(m.platform.said, "|"); err != nil || sent != (c.want != "") || got != c.want {
			t.Errorf("%s: %v, %q, %v", c.name, sent, got, err)
		}
	}
	m.platform.external["chat/STAFF"] = true // shared with others, it is the staff's no more
	m.platform.said = nil
	alert.To, alert.EPCI = "DPEAP", desvres
	if _, err := m.Tell(t.Context(), alert); err != nil || strings.Contains(fmt.Sprint(m.platform.said), "F-1") {
		t.Errorf("%v, %v", m.platform.said, err)
	}
}

func TestAlertsAreWorded(t *testing.T) {
	w := openTown(t)
	c := one("F-1")
	at := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	for _, row := range []struct {
		to   string
		at   time.Time
		want string
	}{
		{"DAEN", at, "La convention d'aides F-1 (CC de Desvres-Samer ; création d'entreprise) finit le 31/12/2026, dans 30 jours,"},
		{"DAEN", at.AddDate(0, 0, 29), "dans 1 jour,"},
		{"DAEN", at.AddDate(0, 0, 30), "finit le 31/12/2026, aujourd'hui,"},
		{"", at, "Votre convention d'aides F-1 avec la Région (création d'entreprise) finit le 31/12/2026, dans 30 jours,"},
	} {
		if got := w.desk.Conventions.Alert(c, convention.Alert{To: row.to, Days: 30, CreatedAt: row.at}); !strings.Contains(got, row.want) {
			t.Errorf("%s", got)
		}
	}
}

func TestTheCommandTellsOfAnEPCI(t *testing.T) {
	m := openChat(t, databasetest.SQLite)
	w := openTown(t)
	m.Conventions, m.Sheets = w.desk.Conventions, w.sheets
	w.sheets.Requests = m.requests
	w.record(t, one("F-1"))
	for _, c := range []struct {
		channel, text, want string
		told                bool
	}{
		{"chat/STAFF", "epci desvres", "CC de Desvres-Samer (200018083)", true},
		{"chat/PARTNER", "epci desvres", "CC de Desvres-Samer (200018083)", false},
		{"chat/HALL", "EPCI 200 018 083", "CC de Desvres-Samer (200018083)", false},
		{"chat/STAFF", "epci métropole", "200093201", false},
		{"chat/STAFF", "epci", "De quelle intercommunalité", false},
		{"chat/STAFF", "epci qui aident les entreprises ?", "Extrait.", false},
	} {
		in := m.write(c.channel, "t", "chat/NOBODY", c.text)
		in.Command = true
		shown := m.serve(in)
		if !strings.Contains(shown.Reply.Text, c.want) {
			t.Errorf("%s in %s: %+v", c.text, c.channel, shown)
		}
		said := fmt.Sprint(shown)
		if told := strings.Contains(said, "F-1") && strings.Contains(said, "Camille Fictive"); told != c.told || !told && (strings.Contains(said, "F-1") || strings.Contains(said, "Camille")) {
			t.Errorf("%s in %s: %s", c.text, c.channel, said)
		}
	}
}
