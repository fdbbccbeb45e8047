package ledger

import (
	"errors"
	"strings"
	"testing"
	"time"

	"guichet/routing"
)

var march = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC) // a Monday

func history(change func(*History)) History {
	h := History{Source: "fictif", ID: "1", Text: "Un prêt", Received: march, Status: Transmitted, Lead: "NORD"}
	change(&h)
	return h
}

func TestHistoryCheck(t *testing.T) {
	day := func(n int) time.Time { return march.AddDate(0, 0, n) }
	now := day(30)
	for name, c := range map[string]struct {
		change func(*History)
		field  string // of the fault, empty for none
	}{
		"transmitted":          {func(*History) {}, ""},
		"taken":                {func(h *History) { h.Status, h.Taken, h.Owner = Taken, day(1), "Bo" }, ""},
		"answered":             {func(h *History) { h.Status, h.Taken, h.Answered = Answered, day(1), day(2) }, ""},
		"closed after answer":  {func(h *History) { h.Status, h.Answered, h.Ended = Closed, day(1), day(2) }, ""},
		"closed without lead":  {func(h *History) { h.Status, h.Lead, h.Ended = Closed, "", day(2) }, ""},
		"waiting":              {func(h *History) { h.Status, h.Lead = Waiting, "" }, ""},
		"reopened":             {func(h *History) { h.Answered, h.Reopened = day(1), day(2) }, ""},
		"taken when reopened":  {func(h *History) { h.Status, h.Answered, h.Reopened, h.Taken = Taken, day(1), day(2), day(3) }, ""},
		"no text":              {func(h *History) { h.Text = " " }, "text"},
		"no lead":              {func(h *History) { h.Lead = "" }, "lead"},
		"waiting with a lead":  {func(h *History) { h.Status = Waiting }, "status"},
		"no date of taking":    {func(h *History) { h.Status = Taken }, "taken"},
		"no date of answer":    {func(h *History) { h.Status = Answered }, "answered"},
		"no end":               {func(h *History) { h.Status = Unreachable }, "ended"},
		"to come":              {func(h *History) { h.Status, h.Taken = Taken, day(60) }, "taken"},
		"before the reception": {func(h *History) { h.Status, h.Taken = Taken, day(-1) }, "taken"},
		"answered in secret":   {func(h *History) { h.Answered = day(1) }, "status"},
		"unreachable answered": {func(h *History) { h.Status, h.Answered, h.Ended = Unreachable, day(1), day(2) }, "status"},
		"wrong SIREN":          {func(h *History) { h.Company.SIREN = "123456789" }, "siren"},
		"wrong SIRET":          {func(h *History) { h.Company.SIRET = "12" }, "siret"},
		"joined":               {func(h *History) { h.Status, h.Ended, h.Into = Merged, day(1), Origin{Source: "autre", ID: "1"} }, ""},
		"joined to nothing":    {func(h *History) { h.Status, h.Ended = Merged, day(1) }, "joined"},
		"joined some day":      {func(h *History) { h.Status, h.Into = Merged, Origin{Source: "fictif", ID: "2"} }, "ended"},
		"joined to itself":     {func(h *History) { h.Status, h.Ended, h.Into = Merged, day(1), Origin{Source: "fictif", ID: "1"} }, "joined"},
		"joined and open":      {func(h *History) { h.Into = Origin{Source: "fictif", ID: "2"} }, "joined"},
		"another status":       {func(h *History) { h.Status = "perdu" }, "status"},
	} {
		err := history(c.change).Check(now)
		var field *FieldError
		if c.field == "" && err != nil || c.field != "" && (!errors.As(err, &field) || field.Field != c.field) {
			t.Errorf("%s: %v, want a fault of %q", name, err, c.field)
		}
	}
}

// What a request went through, written for another tool, leads to where it stands.
func TestHistoryOf(t *testing.T) {
	led := &routing.Decision{Lead: "NORD", Associated: []string{"EST"}}
	for name, kinds := range map[string][]Event{
		"new":                 {},
		"taken":               {{Kind: StatusSet, Status: Taken, Owner: "Bo"}},
		"other hands":         {{Kind: StatusSet, Status: Taken, Owner: "Bo"}, {Kind: Assigned, Lead: "SUD"}},
		"answered":            {{Kind: StatusSet, Status: Taken}, {Kind: AnswerGiven, Why: "oui"}},
		"reopened":            {{Kind: AnswerGiven, Why: "oui"}, {Kind: Reopened}},
		"reopened, taken":     {{Kind: StatusSet, Status: Taken}, {Kind: AnswerGiven, Why: "oui"}, {Kind: Reopened}, {Kind: StatusSet, Status: Taken}},
		"answered twice":      {{Kind: StatusSet, Status: Taken}, {Kind: AnswerGiven, Why: "oui"}, {Kind: Reopened}, {Kind: StatusSet, Status: Taken}, {Kind: AnswerGiven, Why: "non"}, {Kind: StatusSet, Status: Closed}},
		"moved at last":       {{Kind: AnswerGiven, Why: "oui"}, {Kind: Reopened}, {Kind: StatusSet, Status: Taken}, {Kind: Assigned, Lead: "SUD"}},
		"unreachable":         {{Kind: StatusSet, Status: Unreachable, Why: "w"}, {Kind: Reopened}, {Kind: StatusSet, Status: Unreachable, Why: "x"}},
		"joined":              {{Kind: StatusSet, Status: Taken}, {Kind: MergedInto, Other: "2026-0009", Why: "w"}},
		"reopened and joined": {{Kind: AnswerGiven, Why: "oui"}, {Kind: Reopened}, {Kind: MergedInto, Other: "2026-0009"}},
		"joined and split":    {{Kind: MergedInto, Other: "2026-0009"}, {Kind: SplitOff, Other: "2026-0009"}},
	} {
		r := Request{Text: "Un prêt"}
		events := append([]Event{{Kind: Received, Why: "Un prêt"}, {Kind: Decided, Lead: "NORD", Decision: led}}, kinds...)
		var err error
		for i, e := range events {
			e.At = march.Add(time.Duration(i) * time.Hour)
			if r, err = Apply(r, e); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			r.Events = append(r.Events, e)
		}
		var into Origin
		if r.Pace.Into != "" {
			into = Origin{Source: "fictif", ID: "9"}
		}
		h := HistoryOf(r, Origin{Source: "fictif", ID: "1"}, into)
		if err := h.Check(march.AddDate(0, 1, 0)); err != nil || h.Status != r.Status || h.Lead != r.Lead || h.Owner != r.Owner {
			t.Errorf("%s: %+v, %v, of %+v", name, h, err, r)
		}
		if answers := r.Answers(); len(answers) > 0 && h.Answer != answers[len(answers)-1].Why {
			t.Errorf("%s: the answer is %q", name, h.Answer)
		}
	}
}

// Nothing is sent for what was due before the import; what comes after it comes.
func TestTheImportedPastIsQuiet(t *testing.T) {
	a := Agenda{Delays: routing.Delays{Transmitted: routing.Stage{Due: 3, Reminders: []int{2, 4, 6}, Escalation: 8, NoNews: []int{5}}}}
	r := Request{Text: "Un prêt"}
	var err error
	imported := march.AddDate(0, 0, 3) // a Thursday, three working days later
	for _, e := range append(history(func(*History) {}).Events(), Event{At: imported, Kind: Imported, By: "fictif"}) {
		if r, err = Apply(r, e); err != nil {
			t.Fatal(err)
		}
	}
	r.EntryPoint = "ACCUEIL"
	var got []string
	for {
		step, ok := a.Next(r)
		if !ok {
			break
		}
		if step.At.Before(imported) {
			t.Fatalf("%s comes on %s, before the import", step.Kind, step.At)
		}
		got = append(got, string(step.Kind)+" "+step.At.Format("02"))
		if r, err = Apply(r, Event{At: step.At, Kind: step.Kind}); err != nil {
			t.Fatal(err)
		}
		if len(got) == 1 { // the file is read again, with something more: what is still to come comes all the same
			if r, err = Apply(r, Event{At: step.At.Add(time.Hour), Kind: Imported, By: "fictif"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if want := "reminded 06, no_news 09, reminded 10, escalated 12"; strings.Join(got, ", ") != want {
		t.Errorf("got %q, want %q", strings.Join(got, ", "), want)
	}
	r.Pace = Pace{Since: march, Quiet: march.AddDate(1, 0, 0)}
	if step, ok := a.Next(r); ok {
		t.Errorf("an old request: %+v", step)
	}
}
