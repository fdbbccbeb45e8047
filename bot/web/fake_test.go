package web_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"guichet/bot"
	"guichet/bot/web"
	"guichet/knowledge"
	"guichet/migrations/databasetest"
	"guichet/routing"
	"guichet/routing/convention"
	"guichet/routing/funding"
	"guichet/routing/ledger"
	"guichet/routing/ledger/ledgertest"
	"guichet/routing/ledger/sqlledger"
	"guichet/routing/revue"
	"guichet/routing/sheet"
	"guichet/routing/sheet/sheettest"
	"guichet/routing/sheet/sqlsheet"
)

// fakeDesk answers by the first word of the message and remembers what it was given.
type fakeDesk struct {
	*fakeJournal
	got []bot.Message
}

func (d *fakeDesk) Stream(_ context.Context, m bot.Message, said func(string)) (bot.Reply, error) {
	d.got = append(d.got, m)
	if reply, ok, _ := d.Replied(context.Background(), m.Channel, m.ID); ok {
		return reply, nil
	}
	var reply bot.Reply
	switch word, _, _ := strings.Cut(m.Text, " "); word {
	case "":
		return bot.Reply{Kind: bot.ReplyRefused, Text: "Votre message est vide. Écrivez votre question."}, nil
	case "panne":
		return bot.Reply{}, errors.New("disk full")
	case "plante":
		panic("a fault of the desk")
	case "salariés":
		reply = bot.Reply{Kind: bot.ReplyAsk, Text: "Combien de personnes travaillent dans l’entreprise ?", Choices: []bot.Choice{
			{Label: "Moins de 10", Text: "Moins de 10 personnes."}, {Label: "10 ou plus", Text: "10 personnes ou plus."},
		}}
	case "demande":
		reply = bot.Reply{Kind: bot.ReplyRouted, Request: "2026-0042", Text: "Votre demande est transmise.", Fields: []bot.Field{
			{Label: "Numéro", Value: "2026-0042"}, {Label: "Direction chef de file", Value: "DIR-A"},
			{Label: "Pourquoi", Value: "Vous cherchez un prêt : « un prêt de 50 000 € »."},
		}}
	case "rédige":
		if said != nil {
			said("Première phrase [1].")
			said("Deuxième phrase <b> [1].")
		}
		reply = answerOf(m)
	case "inconnu":
		reply = bot.Reply{Kind: bot.ReplyUnknown, Text: "Je ne sais pas.\n\nJ’ai cherché : inconnu.", Answer: "rep-" + m.ID[:6]}
	default:
		reply = answerOf(m)
	}
	return reply, d.Record(context.Background(), m, reply, bot.Conversation{}, nil)
}

func answerOf(m bot.Message) bot.Reply {
	return bot.Reply{Kind: bot.ReplyAnswer, Text: "Voici ce que dit la fiche.\n\nUn taux de 40 %.\n" + m.Text, Answer: "rep-" + m.ID[:6], Quotes: []bot.Quote{
		{Document: "fiche/é 1", Title: "Aide fictive", Section: "Montant", Text: "Un taux de 40 %.", URL: "https://exemple.invalid/aide", Date: "2026-01-05", Ordinal: 1, Page: 3},
		{Document: "fiche-close", Title: "Ancienne aide fictive", Text: "Jusqu’au 31 décembre.", URL: "javascript://exemple.invalid/%0aalert(1)", Closed: true},
	}}
}

// fakeJournal keeps the turns in memory.
type fakeJournal struct {
	mu    sync.Mutex
	turns []bot.Turn
	votes map[string]string
	gaps  []bot.Gap
	// err fails what the pages read, voteErr the votes.
	err, voteErr error
}

func (j *fakeJournal) Replied(_ context.Context, channel, id string) (bot.Reply, bool, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, turn := range j.turns {
		if turn.Message.Channel == channel && turn.Message.ID == id {
			return turn.Reply, true, nil
		}
	}
	return bot.Reply{}, false, nil
}

func (j *fakeJournal) Conversation(context.Context, string, string) (bot.Conversation, error) {
	return bot.Conversation{}, nil
}

func (j *fakeJournal) Record(_ context.Context, m bot.Message, r bot.Reply, _ bot.Conversation, _ *bot.Gap) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.turns = append(j.turns, bot.Turn{Message: m, Reply: r})
	return nil
}

func (j *fakeJournal) History(_ context.Context, channel, thread string, _ int) ([]bot.Turn, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var turns []bot.Turn
	for _, turn := range j.turns {
		if turn.Message.Channel == channel && turn.Message.Thread == thread {
			turns = append(turns, turn)
		}
	}
	return turns, j.err
}

func (j *fakeJournal) Vote(_ context.Context, answer string, useful bool, reason string, _ time.Time) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.votes[answer] = map[bool]string{true: "oui", false: "non"}[useful] + " " + reason
	return j.voteErr
}

func (j *fakeJournal) Gaps(context.Context, int) ([]bot.Gap, error) { return j.gaps, j.err }

// fakeLedger holds one request and records what is done to it; the methods that the pages never call are left out.
type fakeLedger struct {
	ledger.Store
	request ledger.Request
	// accesses are those that were recorded.
	accesses []ledger.Access
	// thread, when set, is the conversation that began the request.
	thread string
	filter ledger.Filter
	done   []string
	err    error
	// refuse fails what is done, and not what is read.
	refuse error
}

func (l *fakeLedger) act(done, why, by string, kind ledger.EventKind, at time.Time) (ledger.Request, error) {
	if err := errors.Join(l.err, l.refuse); err != nil {
		return ledger.Request{}, err
	}
	l.done = append(l.done, done+" by "+by)
	l.request.Events = append(l.request.Events, ledger.Event{At: at, Kind: kind, By: by, Why: why})
	return l.request, nil
}

func (l *fakeLedger) Assign(_ context.Context, _, lead, owner, why, by string, at time.Time) (ledger.Request, error) {
	return l.act("assign "+lead+"/"+owner+": "+why, why, by, ledger.Assigned, at)
}

func (l *fakeLedger) SetStatus(_ context.Context, _ string, s ledger.Status, why, by string, at time.Time) (ledger.Request, error) {
	if s == l.request.Status {
		return ledger.Request{}, ledger.ErrTransition
	}
	l.request.Status = s
	return l.act(string(s)+": "+why, why, by, ledger.StatusSet, at)
}

func (l *fakeLedger) Answer(_ context.Context, _, text, by string, at time.Time) (ledger.Request, error) {
	return l.act("answer: "+text, text, by, ledger.AnswerGiven, at)
}

func (l *fakeLedger) Reopen(_ context.Context, _, why, by string, at time.Time) (ledger.Request, error) {
	l.request.Status = ledger.Transmitted
	return l.act("reopen: "+why, why, by, ledger.Reopened, at)
}

func (l *fakeLedger) SetPart(_ context.Context, _, direction string, s ledger.Status, why, by string, at time.Time) (ledger.Request, error) {
	return l.act("part "+direction+" "+string(s)+": "+why, why, by, ledger.PartSet, at)
}

func (l *fakeLedger) Join(_ context.Context, kept, joined, why, by string, at time.Time) (ledger.Request, error) {
	return l.act("join "+joined+" to "+kept+": "+why, why, by, ledger.Absorbed, at)
}

func (l *fakeLedger) Split(_ context.Context, reference string, message int, why, by string, at time.Time) (ledger.Request, error) {
	return l.act(fmt.Sprintf("split %s %d: %s", reference, message, why), why, by, ledger.Separated, at)
}

func (l *fakeLedger) TellApart(_ context.Context, reference, other, why, by string, at time.Time) error {
	_, err := l.act("apart "+reference+" "+other+": "+why, why, by, ledger.ToldApart, at)
	return err
}

func (l *fakeLedger) Twins(_ context.Context, v ledger.Viewer, reference string, _ int) ([]ledger.Twin, error) {
	if !v.Staff {
		return nil, ledger.ErrStaffOnly
	}
	other := l.request
	other.Reference, other.Company.Name = "2026-0043", "Société Fictive <Nord>"
	return []ledger.Twin{{First: l.request, Second: other, Reasons: []ledger.Reason{{Code: "name_part", A: "Société Fictive", B: "Société Fictive <Nord>"}, {Code: "commune"}}}}, l.err
}

func (l *fakeLedger) SetStep(_ context.Context, _, step string, s ledger.Status, why, by string, at time.Time) (ledger.Request, error) {
	return l.act("step "+step+" "+string(s)+": "+why, why, by, ledger.StepSet, at)
}

func (l *fakeLedger) Accessed(_ context.Context, a ledger.Access) error {
	l.accesses = append(l.accesses, a)
	return l.err
}

func (l *fakeLedger) Get(_ context.Context, v ledger.Viewer, reference string) (ledger.Request, error) {
	own := v.Channel == web.Channel && v.Thread != "" && v.Thread == l.thread
	if !v.Staff && !own || reference != l.request.Reference {
		return ledger.Request{}, ledger.ErrNotFound
	}
	return l.request, l.err
}

func (l *fakeLedger) List(_ context.Context, v ledger.Viewer, f ledger.Filter) ([]ledger.Request, error) {
	if !v.Staff {
		return nil, ledger.ErrNoViewer
	}
	l.filter = f
	if len(f.Status) > 0 && !slices.Contains(f.Status, l.request.Status) {
		return nil, nil
	}
	return []ledger.Request{l.request}, l.err
}

func (l *fakeLedger) Lives(_ context.Context, v ledger.Viewer, _ ledger.Span, each func(ledger.Request) error) error {
	if !v.Staff {
		return ledger.ErrNoViewer
	}
	if l.err != nil {
		return l.err
	}
	return each(l.request)
}

func (l *fakeLedger) Notices(_ context.Context, v ledger.Viewer, _ int) ([]ledger.Notice, error) {
	if !v.Staff {
		return nil, ledger.ErrNoViewer
	}
	return []ledger.Notice{{Kind: "new_request", To: "DIR-A", Reference: "2026-0042", Text: "Une demande vous arrive.", CreatedAt: today, Tries: 2, LastError: "adresse refusée"}}, l.err
}

var today = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

func fakeRequest() ledger.Request {
	decision := routing.Decision{
		Lead: "DIR-A", Rule: "pret", Associated: []string{"DIR-B"}, Operators: []string{"Opérateur fictif"}, Version: "v1", Section: "Finances",
		Facts:        routing.Facts{{Name: "fund_kind", Value: "loan", Label: "prêt", Source: "un prêt"}, {Name: "origin", Value: "french", Source: routing.SourceDefault}},
		Reasons:      []string{"Un prêt est demandé."},
		Alternatives: []routing.Alternative{{Fact: "fund_kind", Value: "grant", Lead: "DIR-B", Rule: "aide"}},
	}
	return ledger.Request{
		Reference: "2026-0042", Channel: "web", Text: "Nous cherchons <b>un prêt</b>\npour une machine.", Status: ledger.Transmitted,
		Company: ledger.Company{Name: "Société Fictive"}, Lead: "DIR-A", Decision: decision, CreatedAt: today,
		Events: []ledger.Event{{At: today, Kind: ledger.Received, By: "guichet", Why: "Nous cherchons <b>un prêt</b>"}, {At: today, Kind: ledger.Decided, By: "guichet", Lead: "DIR-A", Status: ledger.Transmitted}},
	}
}

// fakeSheets knows one EPCI, and fails with the ledger.
type fakeSheets struct {
	ledger *fakeLedger
	sheet  bot.Sheet
	// conventions are those of every request.
	conventions []string
	askers      []bot.Asker
}

const fakeSIREN = "200000008"

func newFakeSheets(l *fakeLedger) *fakeSheets {
	c := convention.Convention{ID: "F-1", Type: "aides", EPCI: fakeSIREN, Start: "2026-01-01", End: "2026-12-31", Signed: "2025-12-15", Document: "https://exemple.invalid/f-1", Renews: "F-0"}
	return &fakeSheets{ledger: l, sheet: bot.Sheet{
		EPCI: bot.EPCI{SIREN: fakeSIREN, Name: "CC Fictive <b>", Departements: []string{"Ailleurs"}, Communes: 12}, Own: true,
		Conventions: []bot.SheetConvention{{Convention: c, State: convention.InForce, Label: "convention d'aides", ThemeLabels: []string{"création"}}},
		Officer:     routing.Officer{Name: "Camille Fictive"}, Requests: []ledger.Request{l.request}, EntryPoint: "DIR-A",
		Offer: []bot.OfferTheme{{Title: "Finances", Cases: []bot.OfferCase{{Case: "Prêt", Lead: "DIR-B", Operators: []string{"Opérateur fictif"}, Schemes: []knowledge.Document{
			{Title: "Prêt fictif", URL: "https://exemple.invalid/pret"}, {Title: "Prêt piégé", URL: "javascript:alert(1)"},
		}}}}},
	}}
}

func (s *fakeSheets) Of(_ context.Context, asker bot.Asker, siren string, _ time.Time) (bot.Sheet, bool, error) {
	s.askers = append(s.askers, asker)
	return s.sheet, siren == fakeSIREN, s.ledger.err
}

func (s *fakeSheets) All(context.Context, time.Time) ([]bot.Line, error) {
	other := bot.Line{EPCI: bot.EPCI{SIREN: "200000016", Name: "CC Imaginaire", Departements: []string{"Ailleurs"}, Communes: 3}}
	line := bot.Line{EPCI: s.sheet.EPCI, Recorded: len(s.sheet.Conventions), Officer: s.sheet.Officer.Name}
	for _, c := range s.sheet.Conventions {
		line.InForce = append(line.InForce, c.Convention)
	}
	return []bot.Line{line, other}, s.ledger.err
}

func (s *fakeSheets) Find(sought string) []bot.EPCI {
	if sought == "fictive" {
		return []bot.EPCI{s.sheet.EPCI}
	}
	return nil
}

func (s *fakeSheets) OfRequest(context.Context, bot.Asker, ledger.Request, time.Time) ([]string, error) {
	return s.conventions, s.ledger.err
}

// openFake opens a public card, and a staff document for staff only, as the base does.
func openFake(_ context.Context, v knowledge.Viewer, id string) (knowledge.Document, []knowledge.Passage, error) {
	switch {
	case id == "fiche/é 1":
		d := knowledge.Document{ID: id, Title: "Aide fictive", Audience: knowledge.Public, URL: "https://exemple.invalid/aide", Date: today}
		return d, []knowledge.Passage{
			{Document: id, Ordinal: 0, Path: []string{"Objet"}, Text: "Une aide <i>fictive</i>."},
			{Document: id, Ordinal: 1, Path: []string{"Montant"}, Text: "Un **taux** de 40 %, voir [la page](https://exemple.invalid/a?b=1&c=2), [écrire](mailto:a@exemple.invalid), [**piège**](javascript:alert), **<i>fictive</i>** et [x](https://exemple.invalid/\"onclick=alert)."},
		}, nil
	case id == "fiche-close":
		return knowledge.Document{ID: id, Title: "Ancienne aide fictive", Audience: knowledge.Public, ValidUntil: today.AddDate(-1, 0, 0)},
			[]knowledge.Passage{{Document: id, Text: "Jusqu’au 31 décembre."}}, nil
	case id == "panne":
		return knowledge.Document{}, nil, errors.New("disk full")
	case id == "interne" && v.Audience == knowledge.Staff:
		return knowledge.Document{ID: id, Title: "Note interne", Audience: knowledge.Staff}, nil, nil
	case id == "fuite": // a base that forgets the viewer
		return knowledge.Document{ID: id, Title: "Note interne", Audience: knowledge.Staff}, nil, nil
	}
	return knowledge.Document{}, nil, knowledge.ErrNotFound
}

// fakeFundings holds two fundings of the fictional company, and a warning about them.
type fakeFundings struct {
	funding.Store
	settled []string
	// again tells that somebody decided before.
	again bool
	err   error
}

func (f *fakeFundings) List(_ context.Context, v ledger.Viewer, filter funding.Filter) ([]funding.Funding, error) {
	if !v.Staff || ledger.CompanyKey(filter.Company.Name) != "fictive" && filter.Company.SIREN == "" {
		return nil, f.err
	}
	return []funding.Funding{{
		Reference: "F-2026-0002", Company: ledger.Company{Name: "Société Fictive"}, Direction: "DIR-B", Kind: "pret", Expense: "presse <b>plieuse</b>", Asked: "2026-02-01",
	}, {
		Reference: "F-2026-0001", Company: ledger.Company{Name: "Société Fictive"}, Direction: "DIR-A", Kind: "subvention", Cents: 4_000_000, Expense: "presse plieuse",
		Granted: "2026-01-15", MinimisCents: 4_000_000, Regulation: "general",
	}}, f.err
}

func (f *fakeFundings) Get(ctx context.Context, v ledger.Viewer, reference string) (funding.Funding, error) {
	all, err := f.List(ctx, v, funding.Filter{Company: ledger.Company{Name: "fictive"}})
	for _, one := range all {
		if one.Reference == reference {
			return one, err
		}
	}
	return funding.Funding{}, funding.ErrNotFound
}

func (f *fakeFundings) Warnings(context.Context, ledger.Viewer, funding.WarningFilter) ([]funding.Warning, error) {
	return []funding.Warning{{
		First: "F-2026-0001", Second: "F-2026-0002", Likeness: funding.Likeness{Verdict: funding.Same, Reasons: []string{"mots communs : presse, plieuse"}}, At: today,
	}}, f.err
}

func (f *fakeFundings) Settle(_ context.Context, first, second string, s funding.Settlement, by, why string, _ time.Time) (funding.Warning, error) {
	if f.again {
		return funding.Warning{}, funding.ErrSettled
	}
	f.settled = append(f.settled, strings.Join([]string{first, second, string(s), by, why}, "/"))
	return funding.Warning{}, f.err
}

// fakeRevues holds the revue of the fictional EPCI.
type fakeRevues struct{ ledger *fakeLedger }

func (fakeRevues) IsEPCI(scope string) bool { return scope == fakeSIREN }

func (k fakeRevues) Planned(context.Context, time.Time) ([]bot.Planned, error) {
	return []bot.Planned{{Date: revue.Date{Scope: fakeSIREN, Name: "CA <i>Fictive</i>", Day: "2026-12-01"}, Last: revue.Held{Day: "2026-10-13", To: "EPCI"}}}, k.ledger.err
}

func (k fakeRevues) Of(_ context.Context, asker bot.Asker, scope string, since, now time.Time) (revue.Digest, error) {
	if scope != fakeSIREN {
		return revue.Digest{}, bot.ErrNoRevue
	}
	in := revue.Input{Scope: scope, Name: "CA <i>Fictive</i>", Version: revue.ForStaff, Since: since, At: now, Requests: []ledger.Request{k.ledger.request}}
	if asker.Audience == knowledge.Partner && asker.EPCI == scope {
		in.Version = revue.ForEPCI
	}
	return revue.Of(in), k.ledger.err
}

// failing is a store of sheets whose list fails with the ledger.
type failing struct {
	sheet.Store
	ledger *fakeLedger
}

func (f failing) List(ctx context.Context, v ledger.Viewer) ([]sheet.Sheet, error) {
	if f.ledger.err != nil {
		return nil, f.ledger.err
	}
	return f.Store.List(ctx, v)
}

// fakeProjects are sheets over a real base: it is what the page shows.
func fakeProjects(t *testing.T, l *fakeLedger) *bot.Projects {
	t.Helper()
	db := databasetest.SQLite.New(t)
	requests := sqlledger.New(db, &ledgertest.Jobs{}, ledger.DefaultTexts(), ledger.Agenda{})
	if _, _, err := requests.Take(t.Context(), ledger.Intake{Channel: "web", Message: "m", Thread: "t", Text: "Un terrain", At: today, Decision: fakeRequest().Decision, EntryPoint: "DIR-A", Deadline: today}); err != nil {
		t.Fatal(err) // the request from which a sheet may come
	}
	store := sqlsheet.New(db, requests, sheettest.Settings, sheettest.Names, nil)
	return &bot.Projects{Store: failing{store, l}, Settings: sheettest.Settings, Names: sheettest.Names, Departements: map[string][]string{"59": {"200000001", "200000002"}}}
}
