package ledgertest

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"guichet/routing"
	"guichet/routing/ledger"
)

// company gives an intake about a company of a name in a commune, wherever its conversation is.
func company(n int, name, commune string) ledger.Intake {
	in := intake(n)
	in.Company, in.Place = ledger.Company{Name: name}, ledger.Place{Commune: commune, EPCI: "200000001"}
	return in
}

// written is an intake from a conversation that can be written to.
func written(in ledger.Intake, thread string) ledger.Intake {
	in.Channel, in.Thread = "messagerie/C1", thread
	return in
}

func led(in ledger.Intake, lead string, associated ...string) ledger.Intake {
	in.Decision = decision(lead, associated...)
	return in
}

// pairsOf gives « older/newer » of the twins.
func pairsOf(t *testing.T, l Ledger, reference string) string {
	t.Helper()
	found, err := l.Twins(t.Context(), staff, reference, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, twin := range found {
		if len(twin.Reasons) == 0 || twin.FoundAt.IsZero() || twin.First.ID >= twin.Second.ID || strings.Contains(twin.Why(), "_") {
			t.Errorf("twin %+v: %s", twin, twin.Why())
		}
		out = append(out, twin.First.Reference+"/"+twin.Second.Reference)
	}
	return strings.Join(out, " ")
}

func likely(t *testing.T, fresh func(*testing.T) (Ledger, *Jobs)) {
	author := func(in ledger.Intake, name, text string) ledger.Intake {
		in.Company, in.Author, in.Text = ledger.Company{}, name, text
		return in
	}
	siren := func(in ledger.Intake, siren string) ledger.Intake { in.Company.SIREN = siren; return in }
	later := func(in ledger.Intake, d time.Duration) ledger.Intake { in.At = in.At.Add(d); return in }
	const idea = "Je voudrais ouvrir une conserverie de légumes anciens dans la vallée"
	for _, c := range []struct {
		name          string
		first, second ledger.Intake
		joins, twins  bool
	}{
		{"a letter wrong", company(1, "Tissages Lindorel", "00001"), company(2, "Tissages Lindorrel", "00001"), true, false},
		{"an abbreviation", company(1, "Garage Saint-Vaast", "00001"), company(2, "Gar. St Vaast", "00001"), true, false},
		{"words the other way round", company(1, "Garage Lindorel", "00001"), company(2, "Lindorel Garage", "00001"), true, false},
		{"two families", company(1, "Boulangerie Martin", "00001"), company(2, "Boulangerie Marin", "00001"), false, true},
		{"a longer name", company(1, "Lindorel", "00001"), company(2, "Lindorel Logistique", "00001"), false, true},
		{"a longer name, two SIRENs", siren(company(1, "Lindorel", "00001"), "000000001"), siren(company(2, "Lindorel Logistique", "00001"), "000000002"), false, false},
		{"a rare name elsewhere", company(1, "Lindorel", "00001"), company(2, "Lindorel", "00002"), false, true},
		{"a name that many have, elsewhere", company(1, "Boulangerie Martin", "00001"), company(2, "Boulangerie Martin", "00002"), false, false},
		{"the same name, a place unknown", company(1, "Boulangerie Martin", ""), company(2, "Boulangerie Martin", "00001"), false, true},
		{"a creator's project told again", author(intake(1), "Ada Fictive", "Ma conserverie de légumes cherche un local"), author(intake(2), "FICTIVE Ada", "Une aide pour une conserverie de légumes"), false, true},
		{"a creator's other project", author(intake(1), "Ada Fictive", "Ma conserverie de légumes cherche un local"), author(intake(2), "Ada Fictive", "Un salon de coiffure avec ma sœur"), false, false},
		{"a first name is nobody", author(intake(1), "Ada", "Ma conserverie de légumes cherche un local"), author(intake(2), "Ada", "Une aide pour une conserverie de légumes"), false, false},
		{"the same text from a new page", author(intake(1), "", idea), author(intake(2), "", strings.ToUpper(idea)+" !"), false, true},
		{"the same text long after", author(intake(1), "", idea), later(author(intake(2), "", idea), 60*24*time.Hour), false, false},
		{"words that everybody says", author(intake(1), "", "Bonjour, je cherche une aide"), author(intake(2), "", "Bonjour, je cherche une aide"), false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, _ := fresh(t)
			first := take(t, l, c.first)
			second, joined, err := l.Take(t.Context(), c.second)
			if err != nil || joined != c.joins {
				t.Fatalf("joined %v, %v", joined, err)
			}
			want := ""
			if c.twins {
				want = first.Reference + "/" + second.Reference
			}
			if got := pairsOf(t, l, ""); got != want {
				t.Errorf("twins %q, want %q", got, want)
			}
			if got := pairsOf(t, l, second.Reference); got != want {
				t.Errorf("twins of %s: %q, want %q", second.Reference, got, want)
			}
		})
	}

	t.Run("for staff only", func(t *testing.T) {
		l, _ := fresh(t)
		r := take(t, l, company(1, "Lindorel", "00001"))
		for _, v := range []ledger.Viewer{{EPCI: "200000001"}, {Channel: "web", Thread: "t1"}, {Person: "x"}} {
			if found, err := l.Twins(t.Context(), v, r.Reference, 0); !errors.Is(err, ledger.ErrStaffOnly) || found != nil {
				t.Errorf("%+v: %v, %v", v, found, err)
			}
		}
		if _, err := l.Twins(t.Context(), ledger.Viewer{}, "", 0); !errors.Is(err, ledger.ErrNoViewer) {
			t.Error(err)
		}
		if _, err := l.Twins(t.Context(), staff, "2026-9999", 0); !errors.Is(err, ledger.ErrNotFound) {
			t.Error(err)
		}
	})

	t.Run("reopened, it is compared with those that came meanwhile", func(t *testing.T) {
		l, _ := fresh(t)
		a := take(t, l, company(1, "Lindorel", "00001"))
		if _, err := l.SetStatus(t.Context(), a.Reference, ledger.Closed, "sans suite", "Bo", noon); err != nil {
			t.Fatal(err)
		}
		b := take(t, l, company(2, "Lindorel Logistique", "00001"))
		if got := pairsOf(t, l, ""); got != "" {
			t.Errorf("while it is closed: %s", got)
		}
		if _, err := l.Reopen(t.Context(), a.Reference, "encore", "Bo", noon.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if got, want := pairsOf(t, l, a.Reference), a.Reference+"/"+b.Reference; got != want {
			t.Errorf("reopened: %q, want %q", got, want)
		}
		if c, joined, err := l.Take(t.Context(), company(3, "Lindorel", "00001")); err != nil || !joined || c.Reference != a.Reference {
			t.Errorf("a message about it: %s, joined %v, %v", c.Reference, joined, err)
		}
	})

	t.Run("a closed request is nobody's twin", func(t *testing.T) {
		l, _ := fresh(t)
		a := take(t, l, company(1, "Lindorel", "00001"))
		take(t, l, company(2, "Lindorel Logistique", "00001"))
		if _, err := l.SetStatus(t.Context(), a.Reference, ledger.Closed, "sans suite", "Bo", noon); err != nil {
			t.Fatal(err)
		}
		if got := pairsOf(t, l, ""); got != "" {
			t.Error(got)
		}
		take(t, l, company(3, "Lindorel Services", "00001"))
		if got := pairsOf(t, l, a.Reference); got != "" {
			t.Errorf("found after it was closed: %s", got)
		}
	})

	t.Run("what a message tells changes the twins", func(t *testing.T) {
		l, _ := fresh(t)
		a := take(t, l, siren(company(1, "Lindorel", "00001"), "000000001"))
		b := take(t, l, company(2, "Lindorel Logistique", "00001"))
		if got := pairsOf(t, l, ""); got != a.Reference+"/"+b.Reference {
			t.Fatal(got)
		}
		// The second is of another SIREN: they are two.
		take(t, l, siren(company(3, "Lindorel Logistique", "00001"), "000000002"))
		if got := pairsOf(t, l, ""); got != "" {
			t.Error(got)
		}
	})

	t.Run("told apart for ever", func(t *testing.T) {
		l, jobs := fresh(t)
		a := take(t, l, company(1, "Lindorel", "00001"))
		b := take(t, l, company(2, "Lindorel Logistique", "00001"))
		sent := len(jobs.Delivered)
		if err := l.TellApart(t.Context(), b.Reference, a.Reference, "deux gérants", "Bo", noon.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		for _, r := range []ledger.Request{a, b} {
			got := get(t, l, r.Reference)
			last := got.Events[len(got.Events)-1]
			if last.Kind != ledger.ToldApart || last.By != "Bo" || last.Why != "deux gérants" || last.Other == r.Reference || last.Other == "" {
				t.Errorf("%s ends with %+v", r.Reference, last)
			}
			if got.Version != r.Version || !got.UpdatedAt.Equal(r.UpdatedAt) {
				t.Errorf("what people saw of %s is out of date", r.Reference)
			}
			if seen, err := l.Get(t.Context(), ledger.Viewer{Channel: r.Channel, Thread: r.Thread}, r.Reference); err != nil || strings.Contains(kinds(seen), "told_apart") {
				t.Errorf("the asker sees %s, %v", kinds(seen), err)
			}
		}
		// A new message about the one looks for twins again.
		take(t, l, siren(company(3, "Lindorel", "00001"), "000000001"))
		if got := pairsOf(t, l, ""); got != "" || len(jobs.Delivered) != sent+1 {
			t.Errorf("twins %q, %d notices", got, len(jobs.Delivered)-sent)
		}
		if err := l.TellApart(t.Context(), a.Reference, "2026-9999", "", "Bo", noon); !errors.Is(err, ledger.ErrNotFound) {
			t.Error(err)
		}
		if err := l.TellApart(t.Context(), a.Reference, a.Reference, "", "Bo", noon); !errors.Is(err, ledger.ErrTransition) {
			t.Error(err)
		}
	})
}

func joinAndSplit(t *testing.T, fresh func(*testing.T) (Ledger, *Jobs)) {
	later := noon.Add(time.Hour)
	must := func(t *testing.T) func(ledger.Request, error) ledger.Request {
		return func(r ledger.Request, err error) ledger.Request {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
	}
	// prefix checks that the events that were there still are, as they were.
	prefix := func(t *testing.T, before, after ledger.Request) {
		t.Helper()
		if len(after.Events) < len(before.Events) || !reflect.DeepEqual(before.Events, after.Events[:len(before.Events)]) {
			t.Errorf("the history of %s was rewritten", before.Reference)
		}
	}

	t.Run("joined, followed, split", func(t *testing.T) {
		l, jobs := fresh(t)
		ok := must(t)
		a := take(t, l, led(company(1, "Lindorel", "00001"), "NORD", "EST"))
		in := written(led(company(2, "Lindorel Logistique", "00001"), "OUEST", "EST", "SUD"), "fil")
		in.Company.SIREN = "000000001"
		b := take(t, l, in)
		beforeA, beforeB := get(t, l, a.Reference), get(t, l, b.Reference)
		toldA, toldB := told(t, l, a.Reference), told(t, l, b.Reference)

		kept := ok(l.Join(t.Context(), a.Reference, b.Reference, "même dirigeante", "Bo", later))
		gotA, gotB := get(t, l, a.Reference), get(t, l, b.Reference)
		prefix(t, beforeA, gotA)
		prefix(t, beforeB, gotB)
		if kept.Reference != a.Reference || gotB.Status != ledger.Merged || gotB.Pace.Into != a.Reference || gotA.Status != ledger.Transmitted || gotA.Lead != "NORD" {
			t.Fatalf("kept %+v\njoined %+v", gotA, gotB)
		}
		if e := gotB.Events[len(gotB.Events)-1]; e.Kind != ledger.MergedInto || e.Other != a.Reference || e.By != "Bo" || e.Why != "même dirigeante" || !e.At.Equal(later) {
			t.Errorf("the joined one ends with %+v", e)
		}
		if e := gotA.Events[len(gotA.Events)-1]; e.Kind != ledger.Absorbed || e.Other != b.Reference || e.By != "Bo" || e.Why != "même dirigeante" {
			t.Errorf("the kept one ends with %+v", e)
		}
		if gotA.Company.SIREN != "000000001" {
			t.Error("the SIREN that the other had is lost")
		}
		if got := strings.TrimPrefix(told(t, l, a.Reference), "absorbed → NORD, "); got != toldA {
			t.Errorf("told of the kept one: %s, was %s", told(t, l, a.Reference), toldA)
		}
		// EST is told of the joined one: its part there was still to do, and it takes part in the kept one too.
		if got := told(t, l, b.Reference); got != "associated → EST, associated → SUD, merged → EST, merged → OUEST, merged → SUD, new_request → OUEST, regrouped → messagerie/C1" {
			t.Errorf("told of the joined one: %s, was %s", got, toldB)
		}
		for _, n := range notices(t, l) {
			if n.Kind == ledger.Regrouped && (!strings.Contains(n.Text, b.Reference) || !strings.Contains(n.Text, a.Reference) || !strings.Contains(n.Text, "NORD") || n.Thread != "fil") {
				t.Errorf("%+v", n)
			}
			if n.Kind == ledger.Merger && (!strings.Contains(n.Text, a.Reference) || !strings.Contains(n.Text, "NORD") || strings.Contains(n.Text, "Lindorel") || strings.Contains(n.Text, "dirigeante")) {
				t.Errorf("%+v", n)
			}
		}
		if len(jobs.Delivered) != len(notices(t, l)) {
			t.Errorf("%d notices, %d planned", len(notices(t, l)), len(jobs.Delivered))
		}
		if got := pairsOf(t, l, ""); got != "" {
			t.Errorf("still twins: %s", got)
		}

		// Nothing more happens to the joined one but what its asker says, which reaches the kept one.
		for name, err := range map[string]error{
			"taken":     second(l.SetStatus(t.Context(), b.Reference, ledger.Taken, "", "Cy", later)),
			"assigned":  second(l.Assign(t.Context(), b.Reference, "SUD", "", "non", "Cy", later)),
			"answered":  second(l.Answer(t.Context(), b.Reference, "Voici.", "Cy", later)),
			"reopened":  second(l.Reopen(t.Context(), b.Reference, "non", "Cy", later)),
			"part":      second(l.SetPart(t.Context(), b.Reference, gotB.Pace.Parts[0].Direction, ledger.Done, "", "Cy", later)),
			"joined":    second(l.Join(t.Context(), a.Reference, b.Reference, "encore", "Cy", later)),
			"joined to": second(l.Join(t.Context(), b.Reference, a.Reference, "encore", "Cy", later)),
		} {
			if !errors.Is(err, ledger.ErrTransition) {
				t.Errorf("%s: %v", name, err)
			}
		}
		r := ok(l.AskHuman(t.Context(), b.Reference, "ACCUEIL", "Appelez-moi", "Zoé", later))
		if r.Reference != a.Reference || !strings.Contains(told(t, l, a.Reference), "human → NORD") || strings.Contains(told(t, l, b.Reference), "human") {
			t.Errorf("the follow-up reached %s: %s", r.Reference, told(t, l, a.Reference))
		}
		r = ok(l.Specify(t.Context(), b.Reference, "En mai", "Zoé", later))
		if r.Reference != a.Reference || !strings.Contains(told(t, l, a.Reference), "precision → NORD") {
			t.Errorf("the precision reached %s: %s", r.Reference, told(t, l, a.Reference))
		}
		for _, reference := range []string{a.Reference, b.Reference} {
			if !strings.HasSuffix(kinds(get(t, l, reference)), "human_asked specified") {
				t.Errorf("%s: %s", reference, kinds(get(t, l, reference)))
			}
		}
		// Who asked in the joined one hears of what becomes of the kept one, by its own number.
		ok(l.SetStatus(t.Context(), a.Reference, ledger.Taken, "", "Cy", later))
		if !strings.Contains(told(t, l, b.Reference), "taken_up → messagerie/C1") || strings.Contains(told(t, l, a.Reference), "taken_up") {
			t.Errorf("told %s", told(t, l, b.Reference))
		}

		split := ok(l.Split(t.Context(), b.Reference, 0, "deux sociétés", "Di", later.Add(time.Hour)))
		gotA, gotB = get(t, l, a.Reference), get(t, l, b.Reference)
		prefix(t, beforeA, gotA)
		prefix(t, beforeB, gotB)
		if split.Reference != b.Reference || gotB.Status != ledger.Transmitted || gotB.Lead != "OUEST" || gotB.Pace.Into != "" || !gotB.Pace.Since.Equal(later.Add(time.Hour)) {
			t.Errorf("split %+v", gotB)
		}
		if a, b := gotA.Events[len(gotA.Events)-1], gotB.Events[len(gotB.Events)-1]; a.Kind != ledger.Separated || a.Other != gotB.Reference || b.Kind != ledger.SplitOff || b.Other != gotA.Reference || a.Why != "deux sociétés" || b.By != "Di" {
			t.Errorf("ends %+v and %+v", a, b)
		}
		if gotA.Company.SIREN != "" || gotB.Company.SIREN != "000000001" {
			t.Errorf("SIRENs %q and %q after the split", gotA.Company.SIREN, gotB.Company.SIREN)
		}
		if !strings.Contains(told(t, l, a.Reference), "separated → NORD") || !strings.Contains(told(t, l, b.Reference), "on_its_own → messagerie/C1") || !strings.Contains(told(t, l, b.Reference), "returned → OUEST") {
			t.Errorf("told %s\n%s", told(t, l, a.Reference), told(t, l, b.Reference))
		}
		if got := pairsOf(t, l, ""); got != "" {
			t.Errorf("twins again: %s", got)
		}
		// The SIREN left with its request: its next message finds it, not the other.
		in = company(5, "Autre nom", "00001")
		in.Company.SIREN = "000000001"
		if r := take(t, l, in); r.Reference != b.Reference {
			t.Errorf("the next message joined %s", r.Reference)
		}
		ok(l.Answer(t.Context(), a.Reference, "Voici.", "Cy", later.Add(2*time.Hour)))
		if strings.Contains(told(t, l, b.Reference), "replied") {
			t.Error("the split one is told of the other's answer")
		}
	})

	t.Run("a message that joined is split out", func(t *testing.T) {
		l, _ := fresh(t)
		ok := must(t)
		a := take(t, l, led(company(1, "Lindorel", "00001"), "NORD"))
		in := written(led(company(2, "SARL Lindorel", "00001"), "OUEST", "SUD"), "fil")
		in.Author, in.Person, in.Company.SIREN = "Zoé", "messagerie/U2", "000000001"
		if r, joined, err := l.Take(t.Context(), in); err != nil || !joined || r.Company.SIREN == "" {
			t.Fatalf("%+v %v %v", r, joined, err)
		}
		before := get(t, l, a.Reference)
		b := ok(l.Split(t.Context(), a.Reference, 2, "un homonyme", "Di", later))
		gotA, gotB := get(t, l, a.Reference), get(t, l, b.Reference)
		prefix(t, before, gotA)
		if b.Reference != "2026-0002" || gotB.Status != ledger.Transmitted || gotB.Lead != "OUEST" || gotB.Text != in.Text || gotB.Author != "Zoé" || gotB.Person != in.Person ||
			gotB.Channel != in.Channel || gotB.Thread != "fil" || gotB.Company != in.Company || gotB.Place != in.Place || gotB.EntryPoint != in.EntryPoint ||
			!gotB.CreatedAt.Equal(in.At) || !gotB.Pace.Since.Equal(later) || gotB.Pace.From != a.Reference {
			t.Errorf("split out %+v", gotB)
		}
		if kinds(gotB) != "received split decided" || gotB.Events[1].Other != a.Reference || gotB.Events[1].Why != "un homonyme" || gotB.Events[0].Why != in.Text {
			t.Errorf("%s", kinds(gotB))
		}
		if e := gotA.Events[len(gotA.Events)-1]; kinds(gotA) != "received decided received decided separated" || e.Other != b.Reference || gotA.Company.SIREN != "" || gotA.Company.Name != "Lindorel" {
			t.Errorf("%s %+v", kinds(gotA), gotA)
		}
		if !strings.Contains(told(t, l, b.Reference), "new_request → OUEST") || !strings.Contains(told(t, l, b.Reference), "associated → SUD") ||
			!strings.Contains(told(t, l, b.Reference), "on_its_own → messagerie/C1") || !strings.Contains(told(t, l, a.Reference), "separated → NORD") {
			t.Errorf("told %s\n%s", told(t, l, a.Reference), told(t, l, b.Reference))
		}
		// The message is the new request's: the same again gives it, its conversation sees it, the other is not found by its words.
		if r, joined, err := l.Take(t.Context(), in); err != nil || joined || r.Reference != b.Reference {
			t.Errorf("again: %s %v %v", r.Reference, joined, err)
		}
		if own, err := l.List(t.Context(), ledger.Viewer{Channel: in.Channel, Thread: in.Thread}, ledger.Filter{}); err != nil || len(own) != 1 || own[0].Reference != b.Reference {
			t.Errorf("its conversation sees %v, %v", own, err)
		}
		if found, err := l.List(t.Context(), staff, ledger.Filter{Text: in.Text}); err != nil || len(found) != 1 || found[0].Reference != b.Reference {
			t.Errorf("its words find %d, %v", len(found), err)
		}
		if got := pairsOf(t, l, ""); got != "" {
			t.Errorf("twins %s", got)
		}
		// Two of that name live apart: a third message joins neither by guess, but its own conversation's.
		if r, joined, err := l.Take(t.Context(), company(3, "Lindorel", "00001")); err != nil || joined {
			t.Errorf("joined %s, %v", r.Reference, err)
		} else if got := pairsOf(t, l, r.Reference); got != b.Reference+"/"+r.Reference+" "+a.Reference+"/"+r.Reference {
			t.Errorf("twins of the third: %s", got)
		}
		if r, joined, err := l.Take(t.Context(), written(company(4, "Lindorel", "00001"), "fil")); err != nil || !joined || r.Reference != b.Reference {
			t.Errorf("its own conversation: %s %v %v", r.Reference, joined, err)
		}
	})

	t.Run("what cannot be", func(t *testing.T) {
		l, _ := fresh(t)
		one, two := company(1, "Lindorel", "00001"), company(2, "Lindorel Logistique", "00001")
		one.Company.SIREN, two.Company.SIREN = "000000001", "000000002"
		a, b := take(t, l, one), take(t, l, two)
		c := take(t, l, company(3, "Autre", "00002"))
		closed := take(t, l, company(4, "Fermée", "00002"))
		if _, err := l.SetStatus(t.Context(), closed.Reference, ledger.Closed, "sans suite", "Bo", noon); err != nil {
			t.Fatal(err)
		}
		for _, refused := range []struct {
			name string
			err  error
			want error
		}{
			{"two SIRENs", second(l.Join(t.Context(), a.Reference, b.Reference, "non", "Bo", later)), ledger.ErrOtherCompany},
			{"itself", second(l.Join(t.Context(), a.Reference, a.Reference, "non", "Bo", later)), ledger.ErrTransition},
			{"nobody", second(l.Join(t.Context(), a.Reference, "2026-9999", "non", "Bo", later)), ledger.ErrNotFound},
			{"to nobody", second(l.Join(t.Context(), "2026-9999", a.Reference, "non", "Bo", later)), ledger.ErrNotFound},
			{"a closed one", second(l.Join(t.Context(), a.Reference, closed.Reference, "non", "Bo", later)), ledger.ErrTransition},
			{"to a closed one", second(l.Join(t.Context(), closed.Reference, a.Reference, "non", "Bo", later)), ledger.ErrTransition},
			{"split of what was not joined", second(l.Split(t.Context(), c.Reference, 0, "non", "Bo", later)), ledger.ErrTransition},
			{"split of the first message", second(l.Split(t.Context(), c.Reference, 1, "non", "Bo", later)), ledger.ErrNoMessage},
			{"split of no message", second(l.Split(t.Context(), c.Reference, 2, "non", "Bo", later)), ledger.ErrNoMessage},
		} {
			if !errors.Is(refused.err, refused.want) {
				t.Errorf("%s: %v", refused.name, refused.err)
			}
		}
		if err := second(l.Join(t.Context(), a.Reference, c.Reference, " ", "Bo", later)); err == nil {
			t.Error("joined without a reason")
		}
		if err := second(l.Split(t.Context(), c.Reference, 0, "", "Bo", later)); err == nil || errors.Is(err, ledger.ErrTransition) {
			t.Errorf("split without a reason: %v", err)
		}
		for _, r := range []ledger.Request{a, b, c} {
			if got := get(t, l, r.Reference); kinds(got) != "received decided" {
				t.Errorf("%s: %s", r.Reference, kinds(got))
			}
		}
		if all := notices(t, l); slices.ContainsFunc(all, func(n ledger.Notice) bool { return n.Kind == ledger.Merger || n.Kind == ledger.Absorption }) {
			t.Error("somebody was told")
		}
	})

	t.Run("a request that waits gets the lead of the other", func(t *testing.T) {
		l, jobs := fresh(t)
		w := company(1, "Lindorel", "00001")
		w.Decision = routing.Decision{Missing: []string{"headcount"}, Question: "Combien êtes-vous ?", Facts: routing.Facts{}}
		a := take(t, l, w)
		b := take(t, l, led(company(2, "Lindorel Logistique", "00001"), "OUEST"))
		must(t)(l.Join(t.Context(), a.Reference, b.Reference, "la même", "Bo", later))
		got := get(t, l, a.Reference)
		if got.Status != ledger.Transmitted || got.Lead != "OUEST" || !strings.Contains(told(t, l, a.Reference), "absorbed → OUEST") {
			t.Errorf("%+v, told %s", got, told(t, l, a.Reference))
		}
		if err := l.FollowUp(t.Context(), a.Reference, jobs.FollowUps[a.Reference].Add(time.Hour)); err != nil || get(t, l, a.Reference).Lead != "OUEST" {
			t.Errorf("its entry point took it: %v", err)
		}
	})

	t.Run("one that waits is no longer followed once joined", func(t *testing.T) {
		l, _ := fresh(t)
		a := take(t, l, led(company(1, "Lindorel", "00001"), "NORD"))
		w := company(2, "Lindorel Logistique", "00001")
		w.Decision = routing.Decision{Missing: []string{"headcount"}, Question: "Combien êtes-vous ?", Facts: routing.Facts{}}
		b := take(t, l, w)
		must(t)(l.Join(t.Context(), a.Reference, b.Reference, "la même", "Bo", later))
		if err := l.FollowUp(t.Context(), b.Reference, w.Deadline.Add(time.Hour)); err != nil || get(t, l, b.Reference).Lead != "" {
			t.Errorf("its entry point took it: %v", err)
		}
		if due, err := l.Due(t.Context(), w.Deadline.Add(time.Hour)); err != nil || len(due) != 0 {
			t.Errorf("due %v, %v", due, err)
		}
		must(t)(l.Split(t.Context(), b.Reference, 0, "non", "Bo", later))
		if got := get(t, l, b.Reference); got.Status != ledger.Waiting || got.Next.IsZero() {
			t.Errorf("%+v", got)
		}
	})

	t.Run("a chain", func(t *testing.T) {
		l, _ := fresh(t)
		ok := must(t)
		a := take(t, l, led(company(1, "Lindorel", "00001"), "NORD"))
		b := take(t, l, written(led(company(2, "Lindorel Logistique", "00001"), "SUD"), "fil b"))
		c := take(t, l, written(led(company(3, "Lindorel Services", "00001"), "EST"), "fil c"))
		ok(l.Join(t.Context(), b.Reference, c.Reference, "la même", "Bo", later))
		ok(l.Join(t.Context(), a.Reference, b.Reference, "la même", "Bo", later))
		if r := ok(l.AskHuman(t.Context(), c.Reference, "", "Appelez-moi", "Zoé", later)); r.Reference != a.Reference {
			t.Errorf("reached %s", r.Reference)
		}
		ok(l.Answer(t.Context(), a.Reference, "Voici.", "Cy", later))
		for _, r := range []ledger.Request{b, c} {
			if !strings.Contains(told(t, l, r.Reference), "replied → messagerie/C1") {
				t.Errorf("%s is told %s", r.Reference, told(t, l, r.Reference))
			}
		}
	})

	t.Run("nobody learns of another's request", func(t *testing.T) {
		l, _ := fresh(t)
		one, two := company(1, "Lindorel", "00001"), company(2, "Lindorel", "00002")
		two.Place.EPCI = "200000002"
		a, b := take(t, l, one), take(t, l, two)
		must(t)(l.Join(t.Context(), a.Reference, b.Reference, "secret de l'autre", "Bo", later))
		for _, c := range []struct {
			v                ledger.Viewer
			sees, other, hid string
		}{
			{ledger.Viewer{EPCI: "200000002"}, b.Reference, a.Reference, "partner of the joined"},
			{ledger.Viewer{EPCI: "200000001"}, a.Reference, b.Reference, "partner of the kept"},
			{ledger.Viewer{Channel: "web", Thread: "t2"}, b.Reference, a.Reference, "asker of the joined"},
		} {
			r, err := l.Get(t.Context(), c.v, c.sees)
			if err != nil {
				t.Fatal(err)
			}
			last := r.Events[len(r.Events)-1]
			if last.Other != "" || last.Why != "" || r.Pace.Into != "" || last.Kind != ledger.MergedInto && last.Kind != ledger.Absorbed {
				t.Errorf("%s: %+v, into %q", c.hid, last, r.Pace.Into)
			}
			if _, err := l.Get(t.Context(), c.v, c.other); !errors.Is(err, ledger.ErrNotFound) {
				t.Errorf("%s opens the other: %v", c.hid, err)
			}
			all, err := l.List(t.Context(), c.v, ledger.Filter{})
			if err != nil || len(all) != 1 || all[0].Reference != c.sees || all[0].Pace.Into != "" {
				t.Errorf("%s lists %+v, %v", c.hid, all, err)
			}
		}
		// Who sees both is told of both.
		three := company(3, "Lindorel Services", "00001")
		c := take(t, l, three)
		must(t)(l.Join(t.Context(), a.Reference, c.Reference, "la même", "Bo", later))
		if r, err := l.Get(t.Context(), ledger.Viewer{EPCI: "200000001"}, c.Reference); err != nil || r.Events[len(r.Events)-1].Other != a.Reference {
			t.Errorf("%+v, %v", r, err)
		}
	})

	t.Run("all or nothing", func(t *testing.T) {
		l, jobs := fresh(t)
		a := take(t, l, led(company(1, "Lindorel", "00001"), "NORD"))
		b := take(t, l, led(company(2, "Lindorel Logistique", "00001"), "OUEST"))
		in := written(led(company(3, "Lindorel", "00001"), "SUD"), "fil")
		take(t, l, in)
		beforeA, beforeB := get(t, l, a.Reference), get(t, l, b.Reference)
		sent := len(notices(t, l))
		boom := errors.New("boom")
		jobs.Refuse = func() error { return boom }
		if err := second(l.Join(t.Context(), a.Reference, b.Reference, "la même", "Bo", later)); !errors.Is(err, boom) {
			t.Error(err)
		}
		if err := second(l.Split(t.Context(), a.Reference, 2, "non", "Bo", later)); !errors.Is(err, boom) {
			t.Error(err)
		}
		jobs.Refuse = nil
		if !reflect.DeepEqual(get(t, l, a.Reference), beforeA) || !reflect.DeepEqual(get(t, l, b.Reference), beforeB) || len(notices(t, l)) != sent {
			t.Error("something is left of a join or a split that failed")
		}
		if r, joined, err := l.Take(t.Context(), in); err != nil || !joined || r.Reference != a.Reference {
			t.Errorf("%s %v %v", r.Reference, joined, err)
		}
	})
}

func second(_ ledger.Request, err error) error { return err }
