package bot_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"guichet/bot"
	"guichet/knowledge/static"
	"guichet/migrations/databasetest"
	"guichet/routing"
	"guichet/routing/convention"
	"guichet/routing/ledger"
	"guichet/routing/revue"
	"guichet/routing/revue/sqlrevue"
)

// review gives the revues of a town: those of the two EPCIs, desvres first, on 23 November 2026 and five weeks later.
func (w *town) review() *bot.Revues {
	return &bot.Revues{
		Calendar: revue.Calendar{
			Settings: routing.Revues{Weeks: 7, Start: "2026-11-23", Direction: "DAEN", QuietLine: true, EndingDays: 60, Listed: 50,
				Committees: []routing.Committee{{Code: "technique", Label: "Comité technique", Direction: "DPRE", Weeks: 4, Start: "2026-11-23"}}},
			EPCIs: []string{desvres, caudry}, Names: map[string]string{desvres: "CC Desvres", caudry: "CC Caudry"},
		},
		Store: sqlrevue.New(w.db, w.requests), Requests: w.requests, Conventions: w.desk.Conventions, Gaps: w.journal.Gaps, Embed: static.Default().Embed,
	}
}

// asked takes a request at a place, in the morning.
func (w *town) asked(t *testing.T, id, company, epci string) ledger.Request {
	t.Helper()
	r, _, err := w.requests.Take(t.Context(), ledger.Intake{
		Channel: "test", Message: id, Thread: id, Text: "besoin secret de " + company, Company: ledger.Company{Name: company}, Place: ledger.Place{EPCI: epci},
		Decision: routing.Decision{Lead: "DPEAP", Associated: []string{"DIPI"}}, EntryPoint: "DAEN", Deadline: morning.Add(time.Hour), At: morning.AddDate(0, 0, -5),
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func nobody(context.Context, string) (bool, error) { return false, nil }

// notices gives what was written for a revue, oldest first.
func (w *town) revues(t *testing.T) (all []ledger.Notice) {
	t.Helper()
	notices, err := w.requests.Notices(t.Context(), ledger.Viewer{Staff: true}, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range notices {
		if n.Kind == ledger.Revue {
			all = append([]ledger.Notice{n}, all...)
		}
	}
	return all
}

func TestARevueHoldsWhatItsReaderMaySee(t *testing.T) {
	w := openTown(t)
	k := w.review()
	w.record(t, one("F-1"), convention.Convention{ID: "F-9", Type: "aides", EPCI: caudry, Start: "2026-01-01", End: "2026-12-31", Signed: "2025-12-15"})
	ours, theirs := w.asked(t, "a", "Fabrique fictive", desvres), w.asked(t, "b", "Atelier fictif", caudry)
	if _, err := w.requests.Answer(t.Context(), ours.Reference, "réponse interne", "Ada Fictive", morning); err != nil {
		t.Fatal(err)
	}
	for _, who := range []string{desvres, caudry, "", "staff"} {
		w.as(t, who, "Quel est le plafond du dispositif introuvable, houblon "+who+" ?")
	}
	now := morning.Add(time.Hour)
	d, err := k.Of(t.Context(), asker(desvres), desvres, time.Time{}, now)
	if err != nil {
		t.Fatal(err)
	}
	said := d.Document().Markdown() + d.Message()
	for _, part := range []string{ours.Reference, "Fabrique fictive", "F-1", "Version de l'EPCI", "houblon " + desvres} {
		if !strings.Contains(said, part) {
			t.Errorf("no %q in\n%s", part, said)
		}
	}
	for _, part := range []string{theirs.Reference, "Atelier", "F-9", caudry, "réponse interne", "besoin secret", "Ada", "houblon staff", "houblon ?"} {
		if strings.Contains(said, part) {
			t.Errorf("%q in\n%s", part, said)
		}
	}
	for _, scope := range []string{caudry, revue.Region, "technique", "552100554"} {
		if _, err := k.Of(t.Context(), asker(desvres), scope, time.Time{}, now); !errors.Is(err, bot.ErrNoRevue) {
			t.Errorf("%s: %v", scope, err)
		}
	}
	if _, err := k.Of(t.Context(), asker(""), desvres, time.Time{}, now); !errors.Is(err, bot.ErrNoRevue) {
		t.Errorf("the public: %v", err)
	}
	if _, err := k.Of(t.Context(), bot.Asker{}, desvres, time.Time{}, now); err == nil {
		t.Error("nobody reads")
	}
	all, err := k.Of(t.Context(), asker("staff"), revue.Region, time.Time{}, now)
	if err != nil || len(all.Open) != 1 || len(all.Answered) != 1 || len(all.EPCIs) != 2 || len(all.Endings) != 2 || len(all.Parts) != 1 {
		t.Errorf("%+v, %v", all, err)
	}
}

// The documents leave once, on their day, whatever the rounds; the next one tells what happened since.
func TestRevuesAreSentOnce(t *testing.T) {
	w := openTown(t)
	k := w.review()
	r := w.asked(t, "a", "Fabrique fictive", desvres)
	round := func(at time.Time, reachable func(context.Context, string) (bool, error)) {
		t.Helper()
		for range 2 {
			if err := k.Round(t.Context(), at, reachable); err != nil {
				t.Fatal(err)
			}
		}
	}
	paris := time.FixedZone("Paris", 3600)
	round(time.Date(2026, 11, 23, 8, 59, 0, 0, paris), nobody)
	if got := w.revues(t); len(got) != 0 {
		t.Fatalf("before nine: %v", got)
	}
	only := func(_ context.Context, epci string) (bool, error) { return epci == desvres, nil }
	round(time.Date(2026, 11, 23, 9, 0, 0, 0, paris), only)
	got := w.revues(t)
	if len(got) != 2 {
		t.Fatalf("%v", got)
	}
	for _, n := range got {
		switch {
		case n.EPCI == desvres && n.To == "":
			if !strings.Contains(n.Text, "1 demande ouverte") || strings.Contains(n.Text, "Fabrique") || strings.Contains(n.Text, "transmettre") {
				t.Error(n.Text)
			}
		case n.To == "DPRE" && n.EPCI == "":
			if !strings.Contains(n.Text, "Comité technique") {
				t.Error(n.Text)
			}
		default:
			t.Errorf("%+v", n)
		}
	}
	if _, err := w.requests.Answer(t.Context(), r.Reference, "oui", "Ada", time.Date(2026, 12, 1, 12, 0, 0, 0, paris)); err != nil {
		t.Fatal(err)
	}
	// The other EPCI has no channel: its direction passes it on.
	w.asked(t, "b", "Atelier fictif", caudry)
	day := k.Next(caudry, "2026-11-23")
	round(day.Begins().Add(10*time.Hour), nobody)
	last := w.revues(t)
	if n := last[len(last)-1]; n.To != "DAEN" || !strings.Contains(n.Text, "à vous de la lui transmettre") || !strings.Contains(n.Text, "1 demande ouverte") {
		t.Errorf("%+v", n)
	}
	before := len(last)
	round(k.Next(desvres, "2026-11-24").Begins().Add(10*time.Hour), only)
	found := false
	for _, n := range w.revues(t)[before:] {
		if n.EPCI == desvres {
			found = true
			if !strings.Contains(n.Text, "0 demande ouverte, dont 0 en retard ; 1 répondue") {
				t.Error(n.Text)
			}
		}
	}
	if !found {
		t.Error("no second revue")
	}
	// With nothing to say, an EPCI gets a line in its channel or nothing, and no direction is bothered.
	next := k.Next(desvres, "2027-01-15")
	for _, quiet := range []struct {
		line      bool
		reachable func(context.Context, string) (bool, error)
		want      int
	}{{true, only, 1}, {true, nobody, 0}, {false, only, 0}} {
		k.Settings.QuietLine = quiet.line
		before, n := len(w.revues(t)), 0
		round(next.Begins().Add(10*time.Hour), quiet.reachable)
		for _, notice := range w.revues(t)[before:] {
			if notice.EPCI != "" || notice.To == "DAEN" {
				n++
			}
		}
		if n != quiet.want {
			t.Errorf("%v: %d notices", quiet.line, n)
		}
		next = k.Next(desvres, next)
	}
	planned, err := k.Planned(t.Context(), next.Begins())
	if err != nil || len(planned) != 3 || planned[0].Last.Day == "" {
		t.Errorf("%v, %v", planned, err)
	}
}

// A revue is said in the channel of its EPCI, and in no other.
func TestARevueIsSaidInTheChannelOfItsEPCI(t *testing.T) { databasetest.Each(t, saidInItsChannel) }

func saidInItsChannel(t *testing.T, e databasetest.Engine) {
	m := openChat(t, e)
	const own = "200000001"
	if sent, err := m.Chat.Deliver(t.Context(), ledger.Notice{Key: "k", Kind: ledger.Revue, EPCI: own, Text: "Revue de projets"}); err != nil || !sent {
		t.Errorf("%v, %v", sent, err)
	}
	if len(m.platform.said) != 1 || !strings.HasPrefix(m.platform.said[0], "chat/PARTNER ") {
		t.Errorf("%v", m.platform.said)
	}
	if sent, err := m.Chat.Deliver(t.Context(), ledger.Notice{Key: "l", Kind: ledger.Revue, EPCI: "200000009", Text: "Revue de projets"}); err != nil || sent {
		t.Errorf("%v, %v", sent, err)
	}
}
