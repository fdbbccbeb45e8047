// Package fundingtest is the suite that every store of fundings passes. Imported by tests only. Its directions, operators and
// companies are fictional.
package fundingtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"guichet/routing"
	"guichet/routing/funding"
	"guichet/routing/ledger"
)

// EntryPoint is the direction that the store under test must know as the entry point.
const EntryPoint = "ACCUEIL"

var (
	noon  = time.Date(2026, 3, 2, 12, 0, 0, 123456000, time.UTC)
	staff = ledger.Viewer{Staff: true}
)

// Office is a store of fundings beside a ledger, in one database.
type Office struct {
	Fundings funding.Store
	Requests ledger.Store
	// InTx runs a function in a transaction of the database.
	InTx func(ctx context.Context, do func(ctx context.Context) error) error
}

// press is a funding that NORD follows.
func press() funding.Funding {
	return funding.Funding{
		Company: ledger.Company{Name: "Chaudronnerie fictive Verlinor", SIREN: "732829320"}, Operator: "Opérateur fictif", Direction: "NORD", Scheme: "Dispositif fictif A",
		Kind: "subvention", Cents: 4_000_000, MinimisCents: 4_000_000, Regulation: "general", Expense: "achat d'une presse plieuse", Asked: "2026-02-01",
	}
}

// pressAgain is the same expense, at SUD.
func pressAgain() funding.Funding {
	return funding.Funding{
		Company: ledger.Company{Name: "VERLINOR", SIREN: "732829320"}, Direction: "SUD", Scheme: "Dispositif fictif B",
		Kind: "pret", Cents: 2_500_000, Expense: "acquisition presse-plieuse CNC", Asked: "2026-02-20",
	}
}

func put(t *testing.T, s funding.Store, f funding.Funding) (funding.Funding, []funding.Warning) {
	t.Helper()
	f, outcome, warnings, err := s.Put(t.Context(), f, "Ada", "saisi", noon)
	if err != nil || outcome != funding.Added {
		t.Fatalf("%s, %v", outcome, err)
	}
	return f, warnings
}

func intake(n int, text string, c ledger.Company, facts ...routing.Fact) ledger.Intake {
	return ledger.Intake{
		Channel: "web", Message: fmt.Sprint(n), Thread: fmt.Sprint(n), Text: text, At: noon, Company: c, EntryPoint: EntryPoint, Deadline: noon.Add(time.Hour),
		Decision: routing.Decision{Lead: "EST", Facts: facts},
	}
}

// told gives who got the notices of double funding, with the request of each, sorted.
func told(t *testing.T, o Office) string {
	t.Helper()
	all, err := o.Requests.Notices(t.Context(), staff, 0)
	if err != nil {
		t.Fatal(err)
	}
	var to []string
	for _, n := range all {
		if n.Kind == ledger.DoubleFunding {
			to = append(to, strings.TrimSuffix(n.To+" "+n.Reference, " "))
			if !strings.Contains(n.Text, "une personne") || strings.Contains(n.Text, "Verlinor") {
				t.Errorf("text %q", n.Text) // it leaves for another system: no name
			}
		}
	}
	slices.Sort(to)
	return strings.Join(to, ", ")
}

// Run runs the suite; open gives a fresh office.
func Run(t *testing.T, open func(t *testing.T) Office) {
	t.Run("versions", func(t *testing.T) { versions(t, open(t)) })
	t.Run("upsert", func(t *testing.T) { upsert(t, open(t)) })
	t.Run("wrong", func(t *testing.T) { wrong(t, open(t)) })
	t.Run("warning", func(t *testing.T) { warning(t, open(t)) })
	t.Run("who is warned", func(t *testing.T) { recipients(t, open) })
	t.Run("apart", func(t *testing.T) { apart(t, open) })
	t.Run("request", func(t *testing.T) { requests(t, open(t)) })
	t.Run("open request", func(t *testing.T) { openRequest(t, open(t)) })
	t.Run("viewers", func(t *testing.T) { viewers(t, open(t)) })
	t.Run("lists", func(t *testing.T) { lists(t, open(t)) })
	t.Run("card", func(t *testing.T) { card(t, open(t)) })
	t.Run("together", func(t *testing.T) { together(t, open(t)) })
	t.Run("transaction", func(t *testing.T) { transaction(t, open(t)) })
}

func versions(t *testing.T, o Office) {
	ctx := t.Context()
	f, _ := put(t, o.Fundings, press())
	if f.Reference != "F-2026-0001" || f.Stage != funding.Asked {
		t.Errorf("%+v", f)
	}
	later := noon.Add(time.Hour)
	f, _, err := o.Fundings.Change(ctx, f.Reference, func(f *funding.Funding) error {
		f.Cents = 3_500_000
		return f.Set(funding.Granted, "2026-03-01")
	}, "Béa", "comité du 1er mars", later)
	if err != nil || f.Stage != funding.Granted {
		t.Fatalf("%+v, %v", f, err)
	}
	// What changes nothing makes no version.
	if _, _, err := o.Fundings.Change(ctx, f.Reference, func(*funding.Funding) error { return nil }, "Cy", "", later); err != nil {
		t.Fatal(err)
	}
	refused := errors.New("non")
	if _, _, err := o.Fundings.Change(ctx, f.Reference, func(*funding.Funding) error { return refused }, "Cy", "", later); !errors.Is(err, refused) {
		t.Errorf("%v", err)
	}
	got, err := o.Fundings.Get(ctx, staff, f.Reference)
	if err != nil || len(got.Events) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	first, second := got.Events[0], got.Events[1]
	if first.By != "Ada" || first.Why != "saisi" || !first.At.Equal(noon) || first.Funding.Cents != 4_000_000 || len(first.Changes) != 0 {
		t.Errorf("first version %+v", first)
	}
	changes := strings.ReplaceAll(strings.Join(second.Changes, "; "), "\u00a0", " ")
	if second.By != "Béa" || second.Why != "comité du 1er mars" || !second.At.Equal(later) || changes != "montant : 40 000 € → 35 000 €; accordé : rien → 01/03/2026" {
		t.Errorf("second version %+v", second)
	}
	if got.Cents != 3_500_000 || !got.CreatedAt.Equal(noon) || !got.UpdatedAt.Equal(later) {
		t.Errorf("%+v", got)
	}
	if _, err := o.Fundings.Get(ctx, staff, "F-2026-0099"); !errors.Is(err, funding.ErrNotFound) {
		t.Errorf("%v", err)
	}
}

// An import that is done again changes nothing; a line that changed is a version.
func upsert(t *testing.T, o Office) {
	ctx := t.Context()
	f := press()
	f.Source, f.ExternalID = "outil fictif", "A-17"
	first, outcome, _, err := o.Fundings.Put(ctx, f, "import", "fichier de mars", noon)
	if err != nil || outcome != funding.Added {
		t.Fatal(outcome, err)
	}
	again, outcome, warnings, err := o.Fundings.Put(ctx, f, "import", "fichier d'avril", noon.Add(time.Hour))
	if err != nil || outcome != funding.Unchanged || again.Reference != first.Reference || len(warnings) != 0 {
		t.Errorf("%s, %v, %+v", outcome, err, again)
	}
	f.Paid = "2026-04-01"
	changed, outcome, _, err := o.Fundings.Put(ctx, f, "import", "fichier de mai", noon.Add(2*time.Hour))
	if err != nil || outcome != funding.Updated || changed.Reference != first.Reference || changed.Stage != funding.Paid {
		t.Errorf("%s, %v, %+v", outcome, err, changed)
	}
	got, err := o.Fundings.Get(ctx, staff, first.Reference)
	if err != nil || len(got.Events) != 2 || got.Events[1].Why != "fichier de mai" {
		t.Errorf("%+v, %v", got.Events, err)
	}
	f.Source = "autre outil fictif" // the same number there is another funding
	if other, outcome, _, err := o.Fundings.Put(ctx, f, "import", "", noon); err != nil || outcome != funding.Added || other.Reference == first.Reference {
		t.Errorf("%s, %v", outcome, err)
	}
}

func wrong(t *testing.T, o Office) {
	for name, spoil := range map[string]func(*funding.Funding){
		"nobody":             func(f *funding.Funding) { f.Company, f.Operator = ledger.Company{}, "" },
		"a wrong SIREN":      func(f *funding.Funding) { f.Company.SIREN = "732829321" },
		"a wrong SIRET":      func(f *funding.Funding) { f.Company.SIRET = "11111111100011" },
		"an unknown kind":    func(f *funding.Funding) { f.Kind = "cadeau" },
		"an unknown law":     func(f *funding.Funding) { f.Regulation = "inconnu" },
		"an aid without law": func(f *funding.Funding) { f.Regulation = "" },
		"a negative amount":  func(f *funding.Funding) { f.Cents = -1 },
		"no date":            func(f *funding.Funding) { f.Asked = "" },
		"a wrong date":       func(f *funding.Funding) { f.Granted = "2026-02-30" },
		"half a source":      func(f *funding.Funding) { f.Source = "outil fictif" },
		"an unknown request": func(f *funding.Funding) { f.Request = "2026-0099" },
	} {
		f := press()
		spoil(&f)
		if _, _, _, err := o.Fundings.Put(t.Context(), f, "Ada", "", noon); err == nil {
			t.Errorf("%s: recorded", name)
		}
	}
	if all, err := o.Fundings.List(t.Context(), staff, funding.Filter{}); err != nil || len(all) != 0 {
		t.Errorf("%d left, %v", len(all), err)
	}
}

func warning(t *testing.T, o Office) {
	ctx := t.Context()
	first, warnings := put(t, o.Fundings, press())
	if len(warnings) != 0 || told(t, o) != "" {
		t.Errorf("warned of one: %v", warnings)
	}
	second, warnings := put(t, o.Fundings, pressAgain())
	if len(warnings) != 1 || warnings[0].First != first.Reference || warnings[0].Second != second.Reference || warnings[0].Verdict != funding.Same {
		t.Fatalf("%+v", warnings)
	}
	if seen := strings.Join(warnings[0].Reasons, "; "); !strings.Contains(seen, "732829320") || !strings.Contains(seen, "presse, plieuse") {
		t.Errorf("what was seen: %s", seen)
	}
	if got := told(t, o); got != "NORD, SUD" {
		t.Errorf("told %s", got)
	}
	// A change of either is looked at again, and warned of no more.
	if _, warnings, err := o.Fundings.Change(ctx, second.Reference, func(f *funding.Funding) error { return f.Set(funding.Granted, "2026-03-02") }, "Ada", "", noon); err != nil || len(warnings) != 0 {
		t.Errorf("%+v, %v", warnings, err)
	}
	open := func() []funding.Warning {
		t.Helper()
		all, err := o.Fundings.Warnings(ctx, staff, funding.WarningFilter{Open: true})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	if got := open(); len(got) != 1 || !got[0].At.Equal(noon) || len(got[0].Reasons) == 0 {
		t.Errorf("%+v", got)
	}
	// A person decides, with a reason, once.
	if _, err := o.Fundings.Settle(ctx, first.Reference, second.Reference, funding.Apart, "Ada", " ", noon); err == nil {
		t.Error("settled without a reason")
	}
	if _, err := o.Fundings.Settle(ctx, first.Reference, second.Reference, "oublié", "Ada", "vu", noon); err == nil {
		t.Error("settled with an unknown word")
	}
	if _, err := o.Fundings.Settle(ctx, first.Reference, "F-2026-0099", funding.Apart, "Ada", "vu", noon); !errors.Is(err, funding.ErrNoWarning) {
		t.Errorf("%v", err)
	}
	settled, err := o.Fundings.Settle(ctx, second.Reference, first.Reference, funding.Apart, "Ada", "deux presses, deux ateliers", noon.Add(time.Hour)) // in either order
	if err != nil || settled.By != "Ada" || settled.Settled != funding.Apart || settled.Why != "deux presses, deux ateliers" {
		t.Errorf("%+v, %v", settled, err)
	}
	if _, err := o.Fundings.Settle(ctx, first.Reference, second.Reference, funding.Double, "Béa", "si", noon); err == nil {
		t.Error("settled twice")
	}
	if _, _, err := o.Fundings.Change(ctx, first.Reference, func(f *funding.Funding) error { f.Cents++; return nil }, "Ada", "", noon); err != nil {
		t.Fatal(err)
	}
	if got := told(t, o); len(open()) != 0 || got != "NORD, SUD" {
		t.Errorf("warned again: %v, told %s", open(), got)
	}
	all, err := o.Fundings.Warnings(ctx, staff, funding.WarningFilter{Reference: second.Reference})
	if err != nil || len(all) != 1 || all[0].Settled != funding.Apart || !all[0].SettledAt.Equal(noon.Add(time.Hour)) {
		t.Errorf("%+v, %v", all, err)
	}
}

func recipients(t *testing.T, open func(t *testing.T) Office) {
	for name, c := range map[string]struct {
		a, b funding.Funding
		want string
	}{
		"one direction is told once":  {press(), edited(pressAgain(), func(f *funding.Funding) { f.Direction = "NORD" }), "NORD"},
		"nobody follows one of them":  {press(), edited(pressAgain(), func(f *funding.Funding) { f.Direction = "" }), "ACCUEIL, NORD"},
		"an operator's own":           {own("NORD"), own("SUD"), "NORD, SUD"},
		"the same name, nothing more": {nameless("", "NORD"), nameless("", "SUD"), "NORD, SUD"},
		"the same name and commune":   {nameless("00001", "NORD"), nameless("00001", "SUD"), "NORD, SUD"},
	} {
		t.Run(name, func(t *testing.T) {
			o := open(t)
			put(t, o.Fundings, c.a)
			put(t, o.Fundings, c.b)
			if got := told(t, o); got != c.want {
				t.Errorf("told %q, want %q", got, c.want)
			}
		})
	}
	t.Run("the lead of its request", func(t *testing.T) {
		o := open(t)
		r, _, err := o.Requests.Take(t.Context(), intake(1, "Bonjour", ledger.Company{SIREN: "732829320"}))
		if err != nil {
			t.Fatal(err)
		}
		put(t, o.Fundings, press())
		put(t, o.Fundings, edited(pressAgain(), func(f *funding.Funding) { f.Request = r.Reference }))
		if got := told(t, o); got != "EST "+r.Reference+", NORD" {
			t.Errorf("told %q", got)
		}
	})
}

func edited(f funding.Funding, edit func(*funding.Funding)) funding.Funding { edit(&f); return f }

func own(direction string) funding.Funding {
	return funding.Funding{Operator: "Agence fictive Borélia", Direction: direction, Expense: "Programme Boréal", Asked: "2026-01-01"}
}

func nameless(commune, direction string) funding.Funding {
	return funding.Funding{Company: ledger.Company{Name: "SARL Le Fournil fictif"}, Commune: commune, Direction: direction, Expense: "four à pain", Asked: "2026-01-01"}
}

// What is not the same holder or not the same expense, or is over, warns nobody.
func apart(t *testing.T, open func(t *testing.T) Office) {
	for name, b := range map[string]funding.Funding{
		"another company":   edited(pressAgain(), func(f *funding.Funding) { f.Company.SIREN = "552100554" }),
		"another expense":   edited(pressAgain(), func(f *funding.Funding) { f.Expense = "recrutement d'un commercial export" }),
		"refused":           edited(pressAgain(), func(f *funding.Funding) { f.Refused = "2026-02-25" }),
		"withdrawn":         edited(pressAgain(), func(f *funding.Funding) { f.Withdrawn = "2026-02-25" }),
		"nothing described": edited(pressAgain(), func(f *funding.Funding) { f.Expense = "" }),
		"only the operator": edited(pressAgain(), func(f *funding.Funding) {
			f.Company, f.Operator = ledger.Company{Name: "Autre fictive"}, "Opérateur fictif"
		}),
		"in no other commune": edited(nameless("00002", "SUD"), func(f *funding.Funding) {}),
	} {
		t.Run(name, func(t *testing.T) {
			o := open(t)
			put(t, o.Fundings, press())
			put(t, o.Fundings, nameless("00001", "NORD"))
			if _, warnings := put(t, o.Fundings, b); len(warnings) != 0 || told(t, o) != "" {
				t.Errorf("warned: %+v", warnings)
			}
		})
	}
}

var money = routing.Fact{Name: "fund_kind", Value: "grant", Source: "une subvention"}

// A request that asks for what its company has already warns both leads, the funding's and its own.
func requests(t *testing.T, o Office) {
	ctx := t.Context()
	f, _ := put(t, o.Fundings, press())
	company := ledger.Company{SIREN: "732829320"}
	watch := func(r ledger.Request, text string) {
		t.Helper()
		if err := o.Fundings.Watch(ctx, r, text, noon); err != nil {
			t.Fatal(err)
		}
	}
	take := func(in ledger.Intake) ledger.Request {
		t.Helper()
		r, _, err := o.Requests.Take(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	text := "Nous cherchons une subvention pour une presse plieuse."
	watch(take(intake(1, text, ledger.Company{Name: "Autre fictive", SIREN: "552100554"}, money)), text)
	watch(take(intake(2, text, ledger.Company{}, money)), text)
	if got := told(t, o); got != "" {
		t.Errorf("told %q", got)
	}
	waiting := intake(3, text, company, money)
	waiting.Decision.Lead = ""
	r := take(waiting)
	watch(r, text)
	if got := told(t, o); got != "NORD" { // the request has no lead yet
		t.Errorf("told %q", got)
	}
	r, err := o.Requests.Decide(ctx, r.Reference, routing.Decision{Lead: "EST", Facts: routing.Facts{money}}, "", "", noon)
	if err != nil {
		t.Fatal(err)
	}
	watch(r, text)
	watch(r, text)
	if got := told(t, o); got != "EST "+r.Reference+", NORD" {
		t.Errorf("told %q", got)
	}
	found, err := o.Fundings.Warnings(ctx, staff, funding.WarningFilter{Reference: r.Reference, Open: true})
	if err != nil || len(found) != 1 || found[0].First != f.Reference || found[0].Other(f.Reference) != r.Reference {
		t.Errorf("%+v, %v", found, err)
	}
	// What is recorded from the request is no second funding beside it.
	if _, warnings := put(t, o.Fundings, edited(pressAgain(), func(f *funding.Funding) { f.Request = r.Reference })); len(warnings) != 1 {
		t.Errorf("%+v", warnings)
	}
}

// A funding recorded after a request that asks for the same.
func openRequest(t *testing.T, o Office) {
	r, _, err := o.Requests.Take(t.Context(), intake(1, "Une subvention pour une presse plieuse ?", ledger.Company{SIREN: "732829320"}, money))
	if err != nil {
		t.Fatal(err)
	}
	if _, warnings := put(t, o.Fundings, press()); len(warnings) != 1 || warnings[0].Second != r.Reference {
		t.Errorf("%+v", warnings)
	}
	if got := told(t, o); got != "EST "+r.Reference+", NORD" {
		t.Errorf("told %q", got)
	}
}

func viewers(t *testing.T, o Office) {
	ctx := t.Context()
	f, _ := put(t, o.Fundings, press())
	for v, want := range map[ledger.Viewer]error{
		{}: ledger.ErrNoViewer, {EPCI: "200000001"}: ledger.ErrStaffOnly, {Channel: "web", Thread: "1"}: ledger.ErrStaffOnly, {Person: "slack/U1"}: ledger.ErrStaffOnly,
	} {
		if got, err := o.Fundings.Get(ctx, v, f.Reference); !errors.Is(err, want) || got.Cents != 0 {
			t.Errorf("%+v got %+v, %v", v, got, err)
		}
		if got, err := o.Fundings.List(ctx, v, funding.Filter{}); !errors.Is(err, want) || got != nil {
			t.Errorf("%+v listed %+v, %v", v, got, err)
		}
		if got, err := o.Fundings.Warnings(ctx, v, funding.WarningFilter{}); !errors.Is(err, want) || got != nil {
			t.Errorf("%+v was warned of %+v, %v", v, got, err)
		}
		if got, err := watcher(o).Card(ctx, v, "732829320", noon); !errors.Is(err, want) || len(got.Fundings) != 0 {
			t.Errorf("%+v has the card %+v, %v", v, got, err)
		}
	}
}

func lists(t *testing.T, o Office) {
	put(t, o.Fundings, press())                                                                                            // 1
	put(t, o.Fundings, own("SUD"))                                                                                         // 2
	put(t, o.Fundings, nameless("00001", "SUD"))                                                                           // 3
	put(t, o.Fundings, edited(press(), func(f *funding.Funding) { f.Expense, f.Withdrawn = "four à pain", "2026-02-03" })) // 4
	for _, c := range []struct {
		filter funding.Filter
		want   string
	}{
		{funding.Filter{}, "4 3 2 1"},
		{funding.Filter{Limit: 2}, "4 3"},
		{funding.Filter{Company: ledger.Company{SIREN: "732829320", Name: "peu importe"}}, "4 1"},
		{funding.Filter{Company: ledger.Company{Name: "le fournil fictif"}}, "3"},
		{funding.Filter{Operator: "operateur FICTIF"}, "4 1"},
		{funding.Filter{Direction: "SUD"}, "3 2"},
		{funding.Filter{Direction: "NORD", Live: true}, "1"},
		{funding.Filter{Request: "2026-0001"}, ""},
	} {
		found, err := o.Fundings.List(t.Context(), staff, c.filter)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range found {
			got = append(got, strings.TrimPrefix(f.Reference, "F-2026-000"))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%+v: %v, want %s", c.filter, got, c.want)
		}
	}
}

func watcher(o Office) funding.Watcher {
	return funding.Watcher{Store: o.Fundings, Rules: funding.Default()}
}

func card(t *testing.T, o Office) {
	ctx := t.Context()
	first, _ := put(t, o.Fundings, edited(press(), func(f *funding.Funding) { f.Granted = "2026-02-10" }))
	put(t, o.Fundings, pressAgain())
	c, err := watcher(o).Card(ctx, staff, "732 829 320", noon)
	if err != nil || len(c.Fundings) != 2 || len(c.Warnings) != 1 || len(c.Totals) != 1 || c.Totals[0].Cents != 4_000_000 || c.Totals[0].Fundings[0] != first.Reference || c.Caution == "" {
		t.Errorf("%+v, %v", c, err)
	}
	none, err := watcher(o).Card(ctx, staff, " ", noon)
	if err != nil || len(none.Fundings) != 0 {
		t.Errorf("%+v, %v", none, err)
	}
	// What the card of a request says, and a notice about no request.
	r, _, err := o.Requests.Take(ctx, intake(1, "Une subvention pour une presse plieuse ?", ledger.Company{SIREN: "732829320"}, money))
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Fundings.Watch(ctx, r, r.Text, noon); err != nil {
		t.Fatal(err)
	}
	lines, err := watcher(o).Known(ctx, staff, r, noon)
	known := strings.ReplaceAll(strings.Join(lines, "\n"), "\u00a0", " ")
	for _, want := range []string{"F-2026-0001 : subvention, 40 000 €, Dispositif fictif A, NORD", "F-2026-0002", r.Reference, "presse, plieuse", "2023/2831", "300 000 €", "pas une décision"} {
		if err != nil || !strings.Contains(known, want) {
			t.Errorf("%q is not in %q, %v", want, known, err)
		}
	}
	seen, err := watcher(o).Seen(ctx, staff, c.Warnings[0].Key("NORD"))
	if err != nil || len(seen) != 3 || !strings.Contains(seen[2], "presse, plieuse") {
		t.Errorf("%q, %v", seen, err)
	}
	if seen, err := watcher(o).Seen(ctx, staff, "2026-0001/3/new_request/NORD"); err != nil || seen != nil {
		t.Errorf("%q, %v", seen, err)
	}
	// Two companies of one name are not added up.
	put(t, o.Fundings, edited(press(), func(f *funding.Funding) { f.Company.SIREN = "552100554" }))
	c, err = watcher(o).Card(ctx, staff, press().Company.Name, noon)
	if err != nil || len(c.Fundings) != 2 || len(c.Totals) != 0 {
		t.Errorf("%+v, %v", c, err)
	}
}

// Fundings recorded at once all see each other, and each pair is warned of once.
func together(t *testing.T, o Office) {
	const n = 6
	var wait sync.WaitGroup
	errs := make([]error, n)
	warned := make([]int, n)
	for i := range n {
		wait.Go(func() {
			f := pressAgain()
			f.Direction = fmt.Sprintf("DIR-%d", i)
			_, _, warnings, err := o.Fundings.Put(t.Context(), f, "Ada", "", noon)
			errs[i], warned[i] = err, len(warnings)
		})
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, w := range warned {
		sum += w
	}
	all, err := o.Fundings.Warnings(t.Context(), staff, funding.WarningFilter{})
	if err != nil || len(all) != n*(n-1)/2 || sum != len(all) {
		t.Errorf("%d warnings, %d told to who recorded, want %d: %v", len(all), sum, n*(n-1)/2, err)
	}
	if got := strings.Count(told(t, o), "DIR-"); got != n*(n-1) {
		t.Errorf("%d notices, want %d", got, n*(n-1))
	}
}

// Everything is written with the transaction around it, or nothing.
func transaction(t *testing.T, o Office) {
	put(t, o.Fundings, press())
	stop := errors.New("panne")
	err := o.InTx(t.Context(), func(ctx context.Context) error {
		if _, _, warnings, err := o.Fundings.Put(ctx, pressAgain(), "Ada", "", noon); err != nil || len(warnings) != 1 {
			t.Errorf("%+v, %v", warnings, err)
		}
		return stop
	})
	if !errors.Is(err, stop) {
		t.Fatal(err)
	}
	all, err := o.Fundings.List(t.Context(), staff, funding.Filter{})
	if err != nil || len(all) != 1 || told(t, o) != "" {
		t.Errorf("%d fundings, told %q, %v", len(all), told(t, o), err)
	}
	if f, warnings := put(t, o.Fundings, pressAgain()); len(warnings) != 1 || f.Reference != "F-2026-0002" || told(t, o) != "NORD, SUD" {
		t.Errorf("after the fault: %s, %+v", f.Reference, warnings)
	}
}
