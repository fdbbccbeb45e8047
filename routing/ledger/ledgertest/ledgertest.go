// Package ledgertest is the suite that every ledger passes. Imported by tests only. Its directions and companies are
// fictional.
package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"guichet/routing"
	"guichet/routing/ledger"
)

// Ledger is what the suite tests.
type Ledger interface {
	ledger.Store
	ledger.Outbox
	// Unreached gives the directions to which nothing was delivered since a notice was given up, and how many were.
	Unreached(ctx context.Context) (map[string]int, error)
}

// Jobs is a ledger.Jobs that remembers what was planned, and refuses on demand.
type Jobs struct {
	mu        sync.Mutex
	Delivered []ledger.Notice
	FollowUps map[string]time.Time
	// Refuse, when set, is asked before each plan; its error is given back.
	Refuse func() error
}

// Deliver implements ledger.Jobs.
func (j *Jobs) Deliver(_ context.Context, n ledger.Notice) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.Refuse != nil {
		if err := j.Refuse(); err != nil {
			return err
		}
	}
	j.Delivered = append(j.Delivered, n)
	return nil
}

// FollowUp implements ledger.Jobs.
func (j *Jobs) FollowUp(_ context.Context, reference string, at time.Time) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.Refuse != nil {
		if err := j.Refuse(); err != nil {
			return err
		}
	}
	if j.FollowUps == nil {
		j.FollowUps = map[string]time.Time{}
	}
	j.FollowUps[reference] = at
	return nil
}

var (
	noon  = time.Date(2026, 3, 2, 12, 0, 0, 123456000, time.UTC)
	staff = ledger.Viewer{Staff: true}
)

// intake is a request that NORD leads, about a company of its own.
func intake(n int) ledger.Intake {
	return ledger.Intake{
		Channel: "web", Message: fmt.Sprintf("m%d", n), Thread: fmt.Sprintf("t%d", n), Author: "Ada", Text: fmt.Sprintf("Message numéro %d", n),
		Company:    ledger.Company{Name: fmt.Sprintf("Fabrique fictive %d", n)},
		Place:      ledger.Place{Commune: "00001", EPCI: "200000001", Departement: "00"},
		Decision:   decision("NORD", "SUD", "EST"),
		EntryPoint: "ACCUEIL", Deadline: noon.Add(72 * time.Hour), At: noon.Add(time.Duration(n) * time.Microsecond),
	}
}

func decision(lead string, associated ...string) routing.Decision {
	return routing.Decision{
		Lead: lead, Rule: "règle-" + strings.ToLower(lead), Associated: associated, Version: "essai",
		Facts:   routing.Facts{{Name: "headcount", Value: int64(12), Source: "douze"}, {Name: "innovative", Value: true, Source: "innovant"}},
		Reasons: []string{"Parce que."},
	}
}

func waiting(n int) ledger.Intake {
	in := intake(n)
	in.Decision = routing.Decision{Missing: []string{"headcount"}, Question: "Combien êtes-vous ?", Facts: routing.Facts{}}
	return in
}

func take(t *testing.T, l Ledger, in ledger.Intake) ledger.Request {
	t.Helper()
	r, _, err := l.Take(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func get(t *testing.T, l Ledger, reference string) ledger.Request {
	t.Helper()
	r, err := l.Get(t.Context(), staff, reference)
	if err != nil {
		t.Fatal(err)
	}
	// What is stored is always what the events make of it.
	var replayed ledger.Request
	for _, e := range r.Events {
		if replayed, err = ledger.Apply(replayed, e); err != nil {
			t.Fatalf("%s: event %+v: %v", reference, e, err)
		}
	}
	stored := r.Pace
	stored.Parts = slices.Clone(stored.Parts)
	for i := range stored.Parts {
		stored.Parts[i].Due = time.Time{} // the delays make it
	}
	if replayed.Status != r.Status || replayed.Lead != r.Lead || replayed.Owner != r.Owner ||
		!slices.Equal(replayed.Associated, r.Associated) || !reflect.DeepEqual(replayed.Pace, stored) || !reflect.DeepEqual(replayed.Decision, r.Decision) {
		t.Errorf("%s is stored as\n%+v\nits events make\n%+v", reference, r, replayed)
	}
	return r
}

func notices(t *testing.T, l Ledger) []ledger.Notice {
	t.Helper()
	all, err := l.Notices(t.Context(), staff, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// told gives « kind → direction » of the notices about a request, sorted.
func told(t *testing.T, l Ledger, reference string) string {
	t.Helper()
	var out []string
	for _, n := range notices(t, l) {
		if n.Reference == reference {
			out = append(out, string(n.Kind)+" → "+n.Recipient())
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func kinds(r ledger.Request) string {
	var out []string
	for _, e := range r.Events {
		out = append(out, string(e.Kind))
	}
	return strings.Join(out, " ")
}

// Run runs the suite; open gives a new, empty ledger that plans with the jobs.
// Run runs the suite; open gives an empty ledger.
func Run(t *testing.T, open func(t *testing.T, jobs ledger.Jobs, agenda ledger.Agenda) Ledger) {
	fresh := func(t *testing.T) (Ledger, *Jobs) {
		jobs := &Jobs{}
		return open(t, jobs, ledger.Agenda{}), jobs
	}

	t.Run("take records everything", func(t *testing.T) {
		l, jobs := fresh(t)
		in := intake(1)
		in.Company.SIREN, in.Company.SIRET, in.Author = "000000000", "00000000000000", "Zoé Çelik"
		r := take(t, l, in)
		got := get(t, l, r.Reference)
		if got.Reference != "2026-0001" || got.Status != ledger.Transmitted || got.Lead != "NORD" || kinds(got) != "received decided" {
			t.Errorf("%+v with %s", got, kinds(got))
		}
		if got.Text != in.Text || got.Author != in.Author || got.Company != in.Company || got.Place != in.Place || got.EntryPoint != in.EntryPoint ||
			!got.CreatedAt.Equal(in.At) || !got.Deadline.Equal(in.Deadline) || !reflect.DeepEqual(got.Decision, in.Decision) {
			t.Errorf("%+v was not kept as taken: %+v", got, in)
		}
		if e := got.Events[0]; e.Why != in.Text || e.By != in.Author || !e.At.Equal(in.At) {
			t.Errorf("first event %+v", e)
		}
		got.Events = nil
		if !reflect.DeepEqual(got, r) {
			t.Errorf("Take gives %+v, Get %+v", r, got)
		}
		if s := told(t, l, r.Reference); s != "associated → EST, associated → SUD, new_request → NORD" {
			t.Errorf("told %s", s)
		}
		for _, n := range notices(t, l) {
			if !strings.Contains(n.Text, r.Reference) || strings.Contains(n.Text, in.Text) || strings.Contains(n.Text, in.Author) || !n.CreatedAt.Equal(in.At) {
				t.Errorf("notice %+v: it must name the request, and neither its message nor its author", n)
			}
		}
		if len(jobs.Delivered) != 3 || len(jobs.FollowUps) != 0 {
			t.Errorf("planned %+v", jobs)
		}
	})

	t.Run("the steps of a path are said", func(t *testing.T) {
		l, _ := fresh(t)
		r := take(t, l, intake(1))
		say := func(step string, s ledger.Status, why string) error {
			_, err := l.SetStep(t.Context(), r.Reference, step, s, why, "Zoé", noon.Add(time.Hour))
			return err
		}
		for _, err := range []error{say("a", ledger.Done, ""), say("b", ledger.Done, "trop tôt"), say("b", ledger.Skipped, "sans objet")} {
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, err := range []error{say("", ledger.Done, ""), say("a", ledger.NotForUs, "")} {
			if !errors.Is(err, ledger.ErrTransition) {
				t.Errorf("a step that is none: %v", err)
			}
		}
		got := get(t, l, r.Reference)
		if s := fmt.Sprint(got.Pace.Steps); len(got.Pace.Steps) != 2 || !strings.Contains(s, "{a done Zoé") || !strings.Contains(s, "{b skipped Zoé") || !strings.Contains(s, "sans objet") {
			t.Errorf("steps %s", s)
		}
		if kinds(got) != "received decided step step step" || got.Events[4].Step != "b" || got.Events[4].Status != ledger.Skipped || got.Version != r.Version {
			t.Errorf("%s: %+v", kinds(got), got.Events[4])
		}
		var replayed ledger.Request
		for _, e := range got.Events {
			var err error
			if replayed, err = ledger.Apply(replayed, e); err != nil {
				t.Fatal(err)
			}
		}
		if !reflect.DeepEqual(replayed.Pace.Steps, got.Pace.Steps) {
			t.Errorf("the events give %+v", replayed.Pace.Steps)
		}
		if _, err := l.SetStatus(t.Context(), r.Reference, ledger.Taken, "", "Zoé", noon.Add(2*time.Hour)); err != nil || len(get(t, l, r.Reference).Pace.Steps) != 2 {
			t.Errorf("a new stage forgets the steps: %v", err)
		}
		if _, err := l.Answer(t.Context(), r.Reference, "Oui.", "Zoé", noon.Add(3*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if err := say("c", ledger.Done, ""); !errors.Is(err, ledger.ErrTransition) {
			t.Errorf("a step of an answered request: %v", err)
		}
	})

	t.Run("accesses are recorded for the staff", func(t *testing.T) {
		l, _ := fresh(t)
		for i, a := range []ledger.Access{
			{By: "Zoé Çelik", Channel: "web", Reference: "2026-0001"}, {By: "Ada", Channel: "cli", Sought: "Fabrique à Étain"}, {By: "Zoé Çelik", Channel: "slack/C1", Sought: "Autre"},
		} {
			a.At = noon.Add(time.Duration(i) * time.Minute)
			if err := l.Accessed(t.Context(), a); err != nil {
				t.Fatal(err)
			}
		}
		list := func(f ledger.AccessFilter) (out string) {
			all, err := l.Accesses(t.Context(), staff, f)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range all {
				out += a.At.Format("15:04 ") + a.By + " " + a.Channel + " " + a.Reference + a.Sought + "; "
			}
			return out
		}
		for _, c := range []struct {
			f    ledger.AccessFilter
			want string
		}{
			{ledger.AccessFilter{}, "12:02 Zoé Çelik slack/C1 Autre; 12:01 Ada cli Fabrique à Étain; 12:00 Zoé Çelik web 2026-0001; "},
			{ledger.AccessFilter{By: "ZOE"}, "12:02 Zoé Çelik slack/C1 Autre; 12:00 Zoé Çelik web 2026-0001; "},
			{ledger.AccessFilter{About: "etain"}, "12:01 Ada cli Fabrique à Étain; "},
			{ledger.AccessFilter{Limit: 1}, "12:02 Zoé Çelik slack/C1 Autre; "},
		} {
			if got := list(c.f); got != c.want {
				t.Errorf("%+v: %s, want %s", c.f, got, c.want)
			}
		}
		if _, err := l.Accesses(t.Context(), ledger.Viewer{}, ledger.AccessFilter{}); !errors.Is(err, ledger.ErrNoViewer) {
			t.Errorf("without a viewer: %v", err)
		}
		if _, err := l.Accesses(t.Context(), ledger.Viewer{EPCI: "200000001"}, ledger.AccessFilter{}); !errors.Is(err, ledger.ErrStaffOnly) {
			t.Errorf("a partner: %v", err)
		}
		for _, a := range []ledger.Access{{Channel: "web", Sought: "x"}, {At: noon, Sought: "x"}, {At: noon, Channel: "web"}, {At: noon, Channel: "web", Sought: "x", Reference: "y"}} {
			if err := l.Accessed(t.Context(), a); err == nil {
				t.Errorf("%+v was recorded", a)
			}
		}
	})

	t.Run("a direction is told once", func(t *testing.T) {
		l, _ := fresh(t)
		in := intake(1)
		in.Decision = decision("NORD", "SUD", "NORD", "SUD")
		r := take(t, l, in)
		if s := told(t, l, r.Reference); s != "associated → SUD, new_request → NORD" {
			t.Errorf("told %s", s)
		}
	})

	t.Run("the same message again writes nothing", func(t *testing.T) {
		l, jobs := fresh(t)
		first := take(t, l, intake(1))
		before := get(t, l, first.Reference)
		again := intake(1)
		again.Text, again.At, again.Decision = "autre texte", noon.AddDate(1, 0, 0), decision("SUD")
		r, joined, err := l.Take(t.Context(), again)
		if err != nil || joined || !reflect.DeepEqual(r, first) {
			t.Errorf("%+v %v %v", r, joined, err)
		}
		if after := get(t, l, first.Reference); !reflect.DeepEqual(before, after) || len(jobs.Delivered) != 3 {
			t.Errorf("changed to %+v, planned %d", after, len(jobs.Delivered))
		}
		second := intake(2)
		second.Company = intake(1).Company
		take(t, l, second)
		if r, joined, err := l.Take(t.Context(), second); err != nil || !joined || r.Reference != first.Reference {
			t.Errorf("a message that joined, again: %s %v %v", r.Reference, joined, err)
		}
		if r := get(t, l, first.Reference); kinds(r) != "received decided received decided" {
			t.Errorf("events %s", kinds(r))
		}
	})

	t.Run("an incomplete intake is refused", func(t *testing.T) {
		l, _ := fresh(t)
		for name, spoil := range map[string]func(*ledger.Intake){
			"no channel":                 func(in *ledger.Intake) { in.Channel = "" },
			"no message":                 func(in *ledger.Intake) { in.Message = "" },
			"no thread":                  func(in *ledger.Intake) { in.Thread = "" },
			"no lead and no entry point": func(in *ledger.Intake) { in.Decision.Lead, in.EntryPoint = "", "" },
			"no lead and no deadline":    func(in *ledger.Intake) { in.Decision.Lead, in.Deadline = "", time.Time{} },
			"no time":                    func(in *ledger.Intake) { in.At = time.Time{} },
		} {
			in := intake(1)
			spoil(&in)
			if _, _, err := l.Take(t.Context(), in); err == nil {
				t.Errorf("%s: taken", name)
			}
		}
	})

	t.Run("waiting, then decided", func(t *testing.T) {
		l, jobs := fresh(t)
		in := waiting(1)
		r := take(t, l, in)
		if r.Status != ledger.Waiting || r.Lead != "" || told(t, l, r.Reference) != "" || !jobs.FollowUps[r.Reference].Equal(in.Deadline) {
			t.Errorf("%+v, planned %v", r, jobs.FollowUps)
		}
		r, err := l.Decide(t.Context(), r.Reference, decision("SUD", "EST"), "12 salariés", "Ada", noon.Add(time.Hour))
		if err != nil || r.Status != ledger.Transmitted || r.Lead != "SUD" || told(t, l, r.Reference) != "associated → EST, new_request → SUD" {
			t.Errorf("%+v %v, told %s", r, err, told(t, l, r.Reference))
		}
		if _, err := l.Decide(t.Context(), r.Reference, decision("EST"), "12 salariés", "Ada", noon); !errors.Is(err, ledger.ErrTransition) {
			t.Errorf("decided twice: %v", err)
		}
		if err := l.FollowUp(t.Context(), r.Reference, in.Deadline); err != nil {
			t.Error(err)
		}
		if got := get(t, l, r.Reference); got.Lead != "SUD" || kinds(got) != "received decided decided" {
			t.Errorf("the hand-over of a decided request changed it: %s, %s", got.Lead, kinds(got))
		}
		if _, err := l.Decide(t.Context(), "2026-9999", decision("SUD"), "12 salariés", "Ada", noon); !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("unknown request decided: %v", err)
		}
	})

	t.Run("waiting for ever goes to the entry point", func(t *testing.T) {
		l, _ := fresh(t)
		r := take(t, l, waiting(1))
		for range 2 {
			if err := l.FollowUp(t.Context(), r.Reference, noon.Add(72*time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		got := get(t, l, r.Reference)
		if got.Lead != "ACCUEIL" || got.Status != ledger.Transmitted || kinds(got) != "received decided assigned" || told(t, l, r.Reference) != "new_request → ACCUEIL" {
			t.Errorf("%+v, told %s", got, told(t, l, r.Reference))
		}
	})

	t.Run("pace", func(t *testing.T) {
		jobs := &Jobs{}
		pace(t, open(t, jobs, ledger.Agenda{Delays: delays}), jobs)
	})
	t.Run("parts", func(t *testing.T) { parts(t, fresh) })
	t.Run("unnamed", func(t *testing.T) { unnamed(t, fresh) })
	t.Run("parts in time", func(t *testing.T) { partsInTime(t, open(t, &Jobs{}, ledger.Agenda{Delays: delays})) })
	t.Run("cards", func(t *testing.T) { cards(t, fresh) })
	t.Run("joining", func(t *testing.T) { joining(t, fresh) })
	t.Run("twins", func(t *testing.T) { likely(t, fresh) })
	t.Run("join and split", func(t *testing.T) { joinAndSplit(t, fresh) })
	t.Run("life", func(t *testing.T) { life(t, fresh) })
	t.Run("thread", func(t *testing.T) { thread(t, fresh) })
	t.Run("viewers", func(t *testing.T) { viewers(t, fresh) })
	t.Run("list", func(t *testing.T) { list(t, fresh) })
	t.Run("lives", func(t *testing.T) { lives(t, fresh) })
	t.Run("outbox", func(t *testing.T) { outbox(t, fresh) })
	t.Run("undelivered", func(t *testing.T) { undelivered(t, fresh) })
	t.Run("together", func(t *testing.T) { together(t, fresh) })
	t.Run("faults", func(t *testing.T) { faults(t, fresh) })
}

func joining(t *testing.T, fresh func(*testing.T) (Ledger, *Jobs)) {
	named := func(in ledger.Intake, name, siren, commune string) ledger.Intake {
		in.Company = ledger.Company{Name: name, SIREN: siren}
		in.Place = ledger.Place{Commune: commune}
		return in
	}
	thread := func(in ledger.Intake, thread string) ledger.Intake { in.Thread = thread; return in }
	led := func(in ledger.Intake, lead string) ledger.Intake { in.Decision = decision(lead); return in }
	human := func(in ledger.Intake) ledger.Intake { in.Human = true; return in }
	for _, c := range []struct {
		name          string
		first, second ledger.Intake
		joins         bool
		told          string
	}{
		{"same SIREN, another name and place", named(intake(1), "Fictive", "000000001", "00001"), named(intake(2), "Autre", "000000001", "00002"), true, "joined → NORD"},
		{"the second direction is told", named(intake(1), "", "000000001", ""), led(named(intake(2), "", "000000001", ""), "OUEST"), true, "joined → NORD, joined → OUEST"},
		{"same name written otherwise, same commune", named(intake(1), "S.A.R.L. L’Atelier du Hêtre", "", "00001"), named(intake(2), "ATELIER DU HETRE", "000000001", "00001"), true, "joined → NORD"},
		{"same name, another commune", named(intake(1), "Fictive", "", "00001"), named(intake(2), "Fictive", "", "00002"), false, ""},
		{"same name, no commune", named(intake(1), "Fictive", "", ""), named(intake(2), "Fictive", "", ""), false, ""},
		{"same name and commune, two SIRENs", named(intake(1), "Fictive", "000000001", "00001"), named(intake(2), "Fictive", "000000002", "00001"), false, ""},
		{"nothing known of either", named(intake(1), "", "", "00001"), named(intake(2), "", "", "00001"), false, ""},
		{"same thread, still waiting", named(waiting(1), "", "", ""), thread(named(waiting(2), "", "", ""), "t1"), true, ""},
		{"same thread, the fact came", named(waiting(1), "", "", ""), thread(named(intake(2), "", "", ""), "t1"), true, "associated → EST, associated → SUD, new_request → NORD"},
		{"same thread, already led", named(intake(1), "", "", ""), thread(named(intake(2), "", "", ""), "t1"), false, ""},
		{"asks for someone too: the message that joins tells it", named(intake(1), "", "000000001", ""), human(named(intake(2), "", "000000001", "")), true, "joined → NORD"},
		{"same thread, waiting, another company", named(waiting(1), "Fictive", "", ""), thread(named(intake(2), "Imaginaire", "", ""), "t1"), false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, _ := fresh(t)
			first := take(t, l, c.first)
			before := told(t, l, first.Reference)
			second, joined, err := l.Take(t.Context(), c.second)
			if err != nil || joined != c.joins || (second.Reference == first.Reference) != c.joins {
				t.Fatalf("%s after %s, joined %v, %v", second.Reference, first.Reference, joined, err)
			}
			if !c.joins {
				return
			}
			after := told(t, l, first.Reference)
			if before != "" {
				before += ", "
			}
			want := strings.Split(before+c.told, ", ")
			slices.Sort(want)
			if after != strings.Join(want, ", ") {
				t.Errorf("told %q, want %q", after, strings.Join(want, ", "))
			}
			got := get(t, l, first.Reference)
			if first.Lead != "" && got.Lead != first.Lead {
				t.Errorf("lead %s became %s", first.Lead, got.Lead)
			}
			wantKinds := "received decided received decided"
			if c.second.Human {
				wantKinds += " human_asked"
			}
			if kinds(got) != wantKinds || got.Events[2].Why != c.second.Text || !reflect.DeepEqual(*got.Events[3].Decision, c.second.Decision) {
				t.Errorf("events %s, the second message or its decision is lost: %+v", kinds(got), got.Events)
			}
			if c.second.Company.SIREN != "" && got.Company.SIREN == "" {
				t.Error("the SIREN that the second message gave is lost")
			}
		})
	}

	t.Run("a request that is done with is not joined", func(t *testing.T) {
		l, _ := fresh(t)
		first := take(t, l, intake(1))
		if _, err := l.SetStatus(t.Context(), first.Reference, ledger.Closed, "sans suite", "Ada", noon); err != nil {
			t.Fatal(err)
		}
		second := intake(2)
		second.Company = intake(1).Company
		if r := take(t, l, second); r.Reference == first.Reference {
			t.Error("joined a closed request")
		}
	})
}

func life(t *testing.T, fresh func(*testing.T) (Ledger, *Jobs)) {
	l, _ := fresh(t)
	ctx := t.Context()
	ref := take(t, l, intake(1)).Reference
	at := noon
	step := func(name string, want ledger.Status, do func() (ledger.Request, error)) ledger.Request {
		t.Helper()
		at = at.Add(time.Hour)
		r, err := do()
		if err != nil || r.Status != want || !r.UpdatedAt.Equal(at) {
			t.Fatalf("%s: %+v, %v, want %s at %v", name, r, err, want, at)
		}
		if got := get(t, l, ref); got.Status != want {
			t.Fatalf("%s: stored as %s, want %s", name, got.Status, want)
		}
		return r
	}
	if r := step("taken", ledger.Taken, func() (ledger.Request, error) { return l.SetStatus(ctx, ref, ledger.Taken, "", "Bo", at) }); r.Owner != "Bo" {
		t.Errorf("taken by nobody: %+v", r)
	}
	r := step("assigned to a direction", ledger.Transmitted, func() (ledger.Request, error) { return l.Assign(ctx, ref, "SUD", "Cy", "erreur", "Bo", at) })
	if r.Lead != "SUD" || r.Owner != "Cy" || slices.Contains(r.Associated, "SUD") {
		t.Errorf("assigned: %+v", r)
	}
	step("answered", ledger.Answered, func() (ledger.Request, error) { return l.Answer(ctx, ref, "Voici.", "Cy", at) })
	step("reopened", ledger.Transmitted, func() (ledger.Request, error) { return l.Reopen(ctx, ref, "incomplet", "Ada", at) })
	step("unreachable", ledger.Unreachable, func() (ledger.Request, error) {
		return l.SetStatus(ctx, ref, ledger.Unreachable, "trois appels", "Cy", at)
	})
	step("asks for someone", ledger.Unreachable, func() (ledger.Request, error) { return l.AskHuman(ctx, ref, "ACCUEIL", "un humain !", "Ada", at) })
	step("closed", ledger.Closed, func() (ledger.Request, error) { return l.SetStatus(ctx, ref, ledger.Closed, "sans suite", "Cy", at) })
	if got, want := told(t, l, ref), "associated → EST, associated → SUD, human → SUD, new_request → NORD, new_request → SUD, returned → SUD"; got != want {
		t.Errorf("told %s, want %s", got, want)
	}
	before := get(t, l, ref)
	if kinds(before) != "received decided status assigned answered reopened status human_asked status" {
		t.Errorf("events %s", kinds(before))
	}
	for name, do := range map[string]func() (ledger.Request, error){
		"taken once closed":    func() (ledger.Request, error) { return l.SetStatus(ctx, ref, ledger.Taken, "", "Bo", at) },
		"answered once closed": func() (ledger.Request, error) { return l.Answer(ctx, ref, "Voici.", "Bo", at) },
		"assigned once closed": func() (ledger.Request, error) { return l.Assign(ctx, ref, "NORD", "", "", "Bo", at) },
		"status made by hand":  func() (ledger.Request, error) { return l.SetStatus(ctx, ref, ledger.Answered, "", "Bo", at) },
		"status unknown":       func() (ledger.Request, error) { return l.SetStatus(ctx, ref, "perdue", "", "Bo", at) },
	} {
		if _, err := do(); !errors.Is(err, ledger.ErrTransition) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if after := get(t, l, ref); !reflect.DeepEqual(before, after) {
		t.Error("a refused change left something")
	}
	if _, err := l.Answer(ctx, take(t, l, intake(2)).Reference, "  ", "Bo", at); err == nil {
		t.Error("an empty answer was recorded")
	}
	// What ends a request, passes it on or brings it back has its reason.
	open := take(t, l, intake(4)).Reference
	for name, do := range map[string]func() (ledger.Request, error){
		"closed":      func() (ledger.Request, error) { return l.SetStatus(ctx, open, ledger.Closed, " ", "Bo", at) },
		"unreachable": func() (ledger.Request, error) { return l.SetStatus(ctx, open, ledger.Unreachable, "", "Bo", at) },
		"passed on":   func() (ledger.Request, error) { return l.Assign(ctx, open, "SUD", "", "", "Bo", at) },
		"reopened":    func() (ledger.Request, error) { return l.Reopen(ctx, ref, "", "Bo", at) },
	} {
		if _, err := do(); !errors.Is(err, ledger.ErrNoReason) {
			t.Errorf("%s without a reason: %v", name, err)
		}
	}
	if kinds(get(t, l, open)) != "received decided" || kinds(get(t, l, ref)) != kinds(before) {
		t.Error("a change without its reason left something")
	}

	l, jobs := fresh(t)
	unled := take(t, l, waiting(3)).Reference
	if r, err := l.AskHuman(ctx, unled, "GUICHET-CENTRAL", "quelqu'un ?", "Ada", at); err != nil || r.Status != ledger.Waiting || told(t, l, unled) != "human → GUICHET-CENTRAL" {
		t.Errorf("%+v %v, told %s", r, err, told(t, l, unled))
	}
	if _, err := l.SetStatus(ctx, unled, ledger.Closed, "sans suite", "Bo", at); err != nil {
		t.Fatal(err)
	}
	if r, err := l.Reopen(ctx, unled, "encore", "Bo", at.Add(time.Hour)); err != nil || r.Status != ledger.Waiting || !jobs.FollowUps[unled].Equal(at.Add(time.Hour)) {
		t.Errorf("reopened without lead: %+v %v, planned %v: nobody would ever get it", r, err, jobs.FollowUps)
	}
}

var delays = routing.Delays{
	Transmitted: routing.Stage{Due: 3, Reminders: []int{2, 3}, Escalation: 4, NoNews: []int{3}},
	Taken:       routing.Stage{Due: 5},
	Part:        routing.Stage{Due: 4, Reminders: []int{3, 4}, Escalation: 5},
}

// pace: noon is a Monday; nothing else is public holiday in that week.
func pace(t *testing.T, l Ledger, jobs *Jobs) {
	ctx := t.Context()
	at := func(day, hour int) time.Time { return time.Date(2026, 3, day, hour, 0, 0, 0, time.UTC) }
	due := func(now time.Time) []string {
		t.Helper()
		references, err := l.Due(ctx, now)
		if err != nil {
			t.Fatal(err)
		}
		return references
	}
	follow := func(ref string, now time.Time, want string) {
		t.Helper()
		followed(t, l, ref, now, want)
	}
	in := intake(1)
	in.Channel, in.Decision = "chat/C1", decision("NORD")
	r := take(t, l, in)
	ref := r.Reference
	if want := time.Date(2026, 3, 5, 22, 59, 59, 0, time.UTC); !r.Due.Equal(want) || !get(t, l, ref).Due.Equal(want) {
		t.Errorf("due %v, stored %v, want %v", r.Due, get(t, l, ref).Due, want)
	}
	if want := at(4, 8); !jobs.FollowUps[ref].Equal(want) || len(due(want.Add(-time.Second))) != 0 || !slices.Equal(due(want), []string{ref}) {
		t.Errorf("planned for %v, due %v, want %v", jobs.FollowUps[ref], due(want), want)
	}
	jobs.Refuse = func() error { return errors.New("panne") }
	if err := l.FollowUp(ctx, ref, at(4, 8)); err == nil {
		t.Error("reminded although the delivery could not be planned")
	}
	jobs.Refuse = nil
	if kinds(get(t, l, ref)) != "received decided" {
		t.Errorf("a reminder that failed left %s", kinds(get(t, l, ref)))
	}
	version := r.Version
	follow(ref, at(4, 7), "")
	follow(ref, at(4, 8), "reminder → NORD")
	follow(ref, at(5, 8), "no_news → chat/C1, reminder → NORD")
	if got := get(t, l, ref); got.Version != version || !got.UpdatedAt.Equal(in.At) {
		t.Errorf("a reminder made the cards of the request out of date: %+v", got)
	}
	follow(ref, at(6, 8), "escalation → ACCUEIL")
	follow(ref, at(31, 8), "")
	if len(due(at(31, 8))) != 0 {
		t.Errorf("still due: %v", due(at(31, 8)))
	}
	for late, want := range map[time.Time]int{time.Date(2026, 3, 5, 22, 0, 0, 0, time.UTC): 0, at(6, 0): 1} {
		if found, err := l.List(ctx, staff, ledger.Filter{Late: late}); err != nil || len(found) != want {
			t.Errorf("late at %v: %d, %v", late, len(found), err)
		}
	}
	// It moves on: another due date, and nothing of the former stage.
	r, err := l.SetStatus(ctx, ref, ledger.Taken, "", "Bo", at(6, 12))
	if err != nil || !r.Due.Equal(time.Date(2026, 3, 13, 22, 59, 59, 0, time.UTC)) {
		t.Errorf("due %v, %v", r.Due, err)
	}
	if _, err := l.Answer(ctx, ref, "Voici.", "Bo", at(30, 12)); err != nil {
		t.Fatal(err)
	}
	if got := get(t, l, ref); !got.Due.IsZero() || len(due(at(31, 8))) != 0 {
		t.Errorf("answered, and due %v", got.Due)
	}
	// Reopened, it is reminded again from the first.
	if _, err := l.Reopen(ctx, ref, "encore", "Bo", at(31, 12)); err != nil {
		t.Fatal(err)
	}
	follow(ref, time.Date(2026, 4, 2, 7, 0, 0, 0, time.UTC), "reminder → NORD")
	// Nothing ran for two weeks: everybody is told once how it stands, and the history tells what did not leave.
	follow(ref, time.Date(2026, 4, 20, 7, 0, 0, 0, time.UTC), "escalation → ACCUEIL, no_news → chat/C1, reminder → NORD")
	third := get(t, l, ref)
	if got := kinds(third); !strings.HasSuffix(got, "reopened reminded reminded no_news escalated") || third.Pace.Reminders != 2 {
		t.Errorf("after two weeks: %s, %+v", got, third.Pace)
	}
	if _, err := l.Assign(ctx, ref, "SUD", "", "pas pour nous", "Bo", time.Date(2026, 4, 20, 12, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	follow(ref, time.Date(2026, 5, 4, 7, 0, 0, 0, time.UTC), "escalation → ACCUEIL, no_news → chat/C1, reminder → SUD")
	again := get(t, l, ref)
	if got := kinds(again); !strings.HasSuffix(got, "assigned overtaken reminded no_news escalated") || again.Pace.Reminders != 1 || again.Pace.Overtaken != 1 {
		t.Errorf("after two more weeks: %s, %+v", got, again.Pace)
	}
	if said := again.Events[len(again.Events)-4]; said.Why != "rappel à SUD, prévu le 22/04/2026 : il n'est pas parti, un avis plus récent le remplace" {
		t.Errorf("what did not leave is told as %q", said.Why)
	}
	for _, n := range notices(t, l)[:3] {
		if strings.Contains(n.Text, "malgré") || n.Kind == ledger.Reminder && !strings.Contains(n.Text, "rappel 1 pour SUD") {
			t.Errorf("told %q, and one reminder left, just now", n.Text)
		}
	}

	// A decision that comes in time leaves nothing to hand over; a reminder waits for its own day.
	other := take(t, l, waiting(2)).Reference
	if _, err := l.Decide(ctx, other, decision("SUD"), "", "Ada", noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	follow(other, noon.Add(2*time.Hour), "")
}

// A partner is told of directions, and of no agent, whatever it reads; who asked is told who follows the request.
func unnamed(t *testing.T, fresh func(*testing.T) (Ledger, *Jobs)) {
	l, _ := fresh(t)
	ctx := t.Context()
	in := intake(1)
	in.Person = "slack/U1"
	ref := take(t, l, in).Reference
	other := take(t, l, intake(2)).Reference
	for i, do := range []func(at time.Time) error{
		func(at time.Time) error { _, err := l.Assign(ctx, ref, "", "Agente", "", "Agente", at); return err },
		func(at time.Time) error { _, err := l.SetStatus(ctx, ref, ledger.Taken, "", "Agente", at); return err },
		func(at time.Time) error {
			_, err := l.SetPart(ctx, ref, "EST", ledger.Done, "", "Agente", at)
			return err
		},
		func(at time.Time) error {
			_, err := l.Assign(ctx, ref, "OUEST", "Agente", "plutôt eux", "Agente", at)
			return err
		},
		func(at time.Time) error {
			_, err := l.SetStep(ctx, ref, "diagnostic", ledger.Done, "", "Agente", at)
			return err
		},
		func(at time.Time) error { _, err := l.Answer(ctx, ref, "Oui.", "Agente", at); return err },
		func(at time.Time) error { _, err := l.Reopen(ctx, ref, "encore", "Agente", at); return err },
		func(at time.Time) error { _, err := l.Join(ctx, ref, other, "la même", "Agente", at); return err },
		func(at time.Time) error { return l.TellApart(ctx, ref, other, "non", "Agente", at) },
	} {
		if err := do(noon.Add(time.Duration(i+1) * time.Hour)); err != nil {
			t.Fatal(i, err)
		}
	}
	partner := ledger.Viewer{EPCI: in.Place.EPCI}
	var seen []any
	list, err := l.List(ctx, partner, ledger.Filter{})
	seen = append(seen, list, err)
	for _, reference := range []string{ref, other} {
		r, err := l.Get(ctx, partner, reference)
		seen = append(seen, r, err)
	}
	seen = append(seen, l.Lives(ctx, partner, ledger.Span{}, func(r ledger.Request) error { seen = append(seen, r); return nil }))
	if said := fmt.Sprintf("%+v", seen); strings.Contains(said, "Agente") || strings.Count(said, "Oui.") != 2 {
		t.Errorf("a partner reads %s", said)
	}
	r, err := l.Get(ctx, partner, ref)
	if err != nil {
		t.Fatal(err)
	}
	var by []string
	for _, e := range r.Events {
		by = append(by, string(e.Kind)+" "+e.By)
	}
	if want := "received Ada, decided guichet, assigned NORD, status NORD, part EST, assigned NORD, step OUEST, answered OUEST, reopened OUEST, absorbed OUEST"; strings.Join(by, ", ") != want {
		t.Errorf("a partner reads %q, want %q", strings.Join(by, ", "), want)
	}
	for _, v := range []ledger.Viewer{staff, {Person: "slack/U1"}, {EPCI: in.Place.EPCI, Person: "slack/U1"}, {EPCI: in.Place.EPCI, Channel: "web", Thread: "t1"}} {
		if r, err := l.Get(ctx, v, ref); err != nil || r.Owner != "Agente" || r.Answers()[0].By != "Agente" {
			t.Errorf("%+v reads owner %q, %v", v, r.Owner, err)
		}
	}
}

// followed follows a request up at a time, twice, which is once, and compares the notices that it makes: those of some kinds, or all.
func followed(t *testing.T, l Ledger, ref string, now time.Time, want string, kinds ...ledger.NoticeKind) {
	t.Helper()
	before := len(notices(t, l))
	for range 2 {
		if err := l.FollowUp(t.Context(), ref, now); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, n := range notices(t, l)[:len(notices(t, l))-before] {
		if len(kinds) == 0 || slices.Contains(kinds, n.Kind) {
			got = append(got, string(n.Kind)+" → "+n.Recipient())
		}
	}
	slices.Sort(got)
	if strings.Join(got, ", ") != want {
		t.Errorf("at %v: %v, want %s", now, got, want)
	}
}

// The directions that take part are reminded of their part as the lead is of the request; noon is a Monday.
func partsInTime(t *testing.T, l Ledger) {
	ctx := t.Context()
	at := func(month time.Month, day, hour int) time.Time {
		return time.Date(2026, month, day, hour, 0, 0, 0, time.UTC)
	}
	follow := func(ref string, now time.Time, want string) {
		t.Helper()
		followed(t, l, ref, now, want, ledger.PartReminder, ledger.PartLate)
	}
	part := func(ref string, i int) ledger.Part {
		t.Helper()
		return get(t, l, ref).Pace.Parts[i]
	}
	ref := take(t, l, intake(1)).Reference // SUD and EST take part
	if p := part(ref, 0); p.Direction != "SUD" || !p.Since.Equal(intake(1).At) || !p.Due.Equal(time.Date(2026, 3, 6, 22, 59, 59, 0, time.UTC)) || !p.Late(at(3, 7, 0)) || p.Late(at(3, 6, 12)) {
		t.Errorf("the part is %+v", p)
	}
	if _, err := l.SetPart(ctx, ref, "EST", ledger.Done, "", "Cy", noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if p := part(ref, 1); !p.Due.IsZero() {
		t.Errorf("done, and due: %+v", p)
	}
	follow(ref, at(3, 5, 7), "")
	follow(ref, at(3, 5, 8), "part_reminder → SUD")
	last := func(kind ledger.NoticeKind) ledger.Notice {
		t.Helper()
		all := notices(t, l)
		return all[slices.IndexFunc(all, func(n ledger.Notice) bool { return n.Kind == kind })]
	}
	written := last(ledger.PartReminder)
	if n, err := l.Notice(ctx, written.Key); err != nil || n.Stale != "" {
		t.Errorf("the reminder is stale: %+v, %v", n, err)
	}
	follow(ref, at(3, 6, 8), "part_reminder → SUD")
	if n, err := l.Notice(ctx, written.Key); err != nil || n.Stale != ledger.ReplacedNotice {
		t.Errorf("the first reminder may still leave after the second: %+v, %v", n, err)
	}
	follow(ref, at(3, 9, 8), "part_late → NORD")
	late := last(ledger.PartLate)
	if n, err := l.Notice(ctx, late.Key); err != nil || n.Stale != "" || !strings.Contains(n.Text, "SUD") || !strings.Contains(n.Text, "malgré 2 rappels (échéance : 06/03/2026)") {
		t.Errorf("the lead is told %+v, %v", n, err)
	}
	follow(ref, at(3, 31, 8), "")
	// Taken, it goes on; its part done, there is nothing more to tell of it.
	if _, err := l.SetPart(ctx, ref, "SUD", ledger.Done, "", "Cy", at(3, 31, 9)); err != nil {
		t.Fatal(err)
	}
	if n, err := l.Notice(ctx, late.Key); err != nil || n.Stale != ledger.StaleNotice {
		t.Errorf("the part is done, and the lead may still be told that it is late: %+v, %v", n, err)
	}
	// To be done again, it is waited for anew, and not at all while the request is answered.
	if _, err := l.SetPart(ctx, ref, "SUD", ledger.Transmitted, "", "Cy", at(4, 1, 9)); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Answer(ctx, ref, "Voici.", "Bo", at(4, 1, 10)); err != nil {
		t.Fatal(err)
	}
	if p := part(ref, 0); !p.Due.IsZero() {
		t.Errorf("the request is answered, and a part is due: %+v", p)
	}
	follow(ref, at(4, 30, 8), "")
	if _, err := l.Reopen(ctx, ref, "encore", "Bo", at(5, 4, 9)); err != nil { // a Monday; 8 May is a public holiday
		t.Fatal(err)
	}
	if p := part(ref, 0); !p.Since.Equal(at(5, 4, 9)) || p.Due.IsZero() {
		t.Errorf("reopened, the part is %+v", p)
	}
	follow(ref, at(5, 30, 8), "part_late → NORD, part_reminder → SUD")
	if p := part(ref, 0); p.Reminders != 1 || p.Overtaken != 1 || !p.Escalated {
		t.Errorf("the part is %+v", p)
	}
	// The lead is told at once of all the parts that are late.
	in := intake(2)
	in.At = at(6, 1, 9)
	both := take(t, l, in).Reference
	follow(both, at(6, 5, 8), "part_reminder → EST, part_reminder → SUD")
	follow(both, at(6, 8, 8), "part_late → NORD")
	if n := last(ledger.PartLate); !strings.Contains(n.Text, "la part de SUD et de EST n'est pas dite faite, malgré 1 rappel (échéance : 05/06/2026)") {
		t.Errorf("the lead is told %q", n.Text)
	}
	if got := kinds(get(t, l, both)); strings.Count(got, "part_escalated") != 2 {
		t.Errorf("the history has %s", got)
	}
}

func parts(t *testing.T, fresh func(*testing.T) (Ledger, *Jobs)) {
	l, _ := fresh(t)
	ctx := t.Context()
	ref := take(t, l, intake(1)).Reference
	r, err := l.SetPart(ctx, ref, "SUD", ledger.Done, "vu ensemble", "Cy", noon.Add(time.Hour))
	if err != nil || r.Status != ledger.Transmitted {
		t.Fatal(r, err)
	}
	if p := get(t, l, ref).Pace.Parts; len(p) != 2 || p[0].Direction != "SUD" || p[0].Status != ledger.Done || p[0].By != "Cy" || p[0].Why != "vu ensemble" ||
		!p[0].At.Equal(noon.Add(time.Hour)) || p[1].Status != ledger.Transmitted {
		t.Errorf("parts %+v", p)
	}
	for _, step := range []struct {
		direction string
		status    ledger.Status
		ok        bool
	}{
		{"SUD", ledger.Done, false}, {"NORD", ledger.Done, false}, {"OUEST", ledger.Done, false}, {"EST", ledger.Taken, false},
		{"EST", ledger.NotForUs, true}, {"EST", ledger.Transmitted, true},
	} {
		if _, err := l.SetPart(ctx, ref, step.direction, step.status, "", "Cy", noon.Add(2*time.Hour)); (err == nil) != step.ok || err != nil && !errors.Is(err, ledger.ErrTransition) {
			t.Errorf("%s %s: %v", step.direction, step.status, err)
		}
	}
	for direction, want := range map[string]int{"SUD": 0, "EST": 1, "NORD": 0, "E_T": 0, "%": 0, `S"UD`: 0} {
		if found, err := l.List(ctx, staff, ledger.Filter{Part: direction}); err != nil || len(found) != want {
			t.Errorf("%s has %d parts to do, %v, want %d", direction, len(found), err, want)
		}
	}
	if got, want := told(t, l, ref), "associated → EST, associated → SUD, new_request → NORD, part → NORD, part → NORD"; got != want {
		t.Errorf("told %s, want %s", got, want)
	}
	// The direction that leads has no part of its own; the others keep what they said.
	if _, err := l.Assign(ctx, ref, "EST", "", "pas pour nous", "Bo", noon.Add(3*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if p := get(t, l, ref).Pace.Parts; len(p) != 1 || p[0].Direction != "SUD" || p[0].Status != ledger.Done {
		t.Errorf("parts %+v", p)
	}
}

func cards(t *testing.T, fresh func(*testing.T) (Ledger, *Jobs)) {
	l, _ := fresh(t)
	ctx := t.Context()
	book := func(n int, name, siren, epci string) string {
		in := intake(n)
		in.Company, in.Place = ledger.Company{Name: name, SIREN: siren}, ledger.Place{Commune: fmt.Sprint(n), EPCI: epci}
		return take(t, l, in).Reference
	}
	a := book(1, "S.A.R.L. L'Atelier du Hêtre", "000000001", "200000001")
	b := book(2, "atelier hêtre", "", "200000002") // another commune: the same name, perhaps another company
	c := book(3, "Transports Zéphyr", "", "200000002")
	if _, err := l.Answer(ctx, a, "Voici.", "Bo", noon); err != nil {
		t.Fatal(err)
	}
	if _, err := l.SetStatus(ctx, c, ledger.Closed, "sans suite", "Bo", noon); err != nil {
		t.Fatal(err)
	}
	for _, look := range []struct {
		viewer ledger.Viewer
		sought string
		near   bool
		want   []string
	}{
		{staff, "000 000 001", false, []string{a}},
		{staff, "00000000100018", false, []string{a}},
		{staff, "Sté Atelier du Hetre", false, []string{b, a}},
		{staff, "Atelier du Hètre SAS", false, []string{b, a}},
		{staff, "atelier du hettre", true, []string{b, a}},
		{staff, "transp. zephyr", true, []string{c}},
		{staff, "zephyr", true, nil},
		{staff, "Atelier du Chêne", true, nil},
		{staff, "000000002", false, nil},
		{staff, "%", false, nil},
		{ledger.Viewer{EPCI: "200000001"}, "atelier hêtre", false, []string{a}},
		{ledger.Viewer{EPCI: "200000001"}, "transports zéphyr", true, nil},
		{ledger.Viewer{Channel: "web", Thread: "t2"}, "atelier hêtre", false, []string{b}},
		{ledger.Viewer{Channel: "web", Thread: "t2"}, "000000001", false, nil},
	} {
		card, err := ledger.CardOf(ctx, l, look.viewer, look.sought)
		var got []string
		for _, r := range card.Requests {
			got = append(got, r.Reference)
		}
		if err != nil || !slices.Equal(got, look.want) || card.Near != look.near {
			t.Errorf("%+v, %q: %v near %v, %v, want %v", look.viewer, look.sought, got, card.Near, err, look.want)
		}
	}
	card, err := ledger.CardOf(ctx, l, staff, "000000001")
	if err != nil || card.Answered() != 1 || card.Requests[0].Answers()[0].Why != "Voici." || card.Requests[0].Answers()[0].By != "Bo" {
		t.Errorf("%+v, %v", card, err)
	}
	if e, ok := get(t, l, c).Ending(); !ok || e.Why != "sans suite" {
		t.Errorf("ending %+v", e)
	}
	if _, err := ledger.CardOf(ctx, l, ledger.Viewer{}, "atelier hêtre"); !errors.Is(err, ledger.ErrNoViewer) {
		t.Errorf("read without a viewer: %v", err)
	}
}

func viewers(t *testing.T, fresh func(*testing.T) (Ledger, *Jobs)) {
	l, _ := fresh(t)
	make := func(n int, epci, channel, thread string) string {
		in := intake(n)
		in.Place.EPCI, in.Channel, in.Thread = epci, channel, thread
		return take(t, l, in).Reference
	}
	a, b, c := make(1, "200000001", "web", "t1"), make(2, "200000002", "web", "t2"), make(3, "", "cli", "t1")
	joinedFrom := intake(4) // a stranger gives the name of b's company
	joinedFrom.Company, joinedFrom.Thread = intake(2).Company, "t4"
	take(t, l, joinedFrom)
	for _, v := range []struct {
		name   string
		viewer ledger.Viewer
		sees   []string
	}{
		{"staff", staff, []string{c, b, a}},
		{"an EPCI", ledger.Viewer{EPCI: "200000001"}, []string{a}},
		{"another EPCI", ledger.Viewer{EPCI: "200000002"}, []string{b}},
		{"an EPCI without request", ledger.Viewer{EPCI: "200000003"}, nil},
		{"a conversation", ledger.Viewer{Channel: "web", Thread: "t1"}, []string{a}},
		{"the same thread in another channel", ledger.Viewer{Channel: "cli", Thread: "t1"}, []string{c}},
		{"an EPCI and a conversation", ledger.Viewer{EPCI: "200000002", Channel: "web", Thread: "t1"}, []string{b, a}},
		{"a conversation that only joined", ledger.Viewer{Channel: "web", Thread: "t4"}, nil},
	} {
		got, err := l.List(t.Context(), v.viewer, ledger.Filter{})
		var references []string
		for _, r := range got {
			references = append(references, r.Reference)
		}
		if err != nil || !slices.Equal(references, v.sees) {
			t.Errorf("%s lists %v, %v, want %v", v.name, references, err, v.sees)
		}
		for _, reference := range []string{a, b, c} {
			_, err := l.Get(t.Context(), v.viewer, reference)
			if slices.Contains(v.sees, reference) != (err == nil) || err != nil && !errors.Is(err, ledger.ErrNotFound) {
				t.Errorf("%s gets %s: %v", v.name, reference, err)
			}
		}
		if _, err := l.Notices(t.Context(), v.viewer, 10); v.viewer.Staff != (err == nil) || err != nil && !errors.Is(err, ledger.ErrStaffOnly) {
			t.Errorf("%s reads the outbox: %v", v.name, err)
		}
	}
	for _, v := range []ledger.Viewer{{}, {Channel: "web"}, {Thread: "t1"}} {
		_, get := l.Get(t.Context(), v, a)
		_, list := l.List(t.Context(), v, ledger.Filter{})
		_, outbox := l.Notices(t.Context(), v, 10)
		for _, err := range []error{get, list, outbox} {
			if !errors.Is(err, ledger.ErrNoViewer) {
				t.Errorf("viewer %+v: %v", v, err)
			}
		}
	}
	// A filter narrows what a viewer sees, never widens it.
	if got, err := l.List(t.Context(), ledger.Viewer{EPCI: "200000001"}, ledger.Filter{EPCI: "200000002"}); err != nil || len(got) != 0 {
		t.Errorf("an EPCI filtered another's: %v, %v", got, err)
	}
}

func list(t *testing.T, fresh func(*testing.T) (Ledger, *Jobs)) {
	l, _ := fresh(t)
	in := intake(1)
	in.Text, in.Company.SIREN = "Une échelle à 100 % pour l'Œuvre\nde Noël", "000000001"
	a := take(t, l, in).Reference
	in = intake(2)
	in.Place.EPCI, in.Decision, in.At = "200000002", decision("SUD"), intake(1).At // a tie: the later one is the newer
	b := take(t, l, in).Reference
	c := take(t, l, waiting(3)).Reference
	for _, f := range []struct {
		name   string
		filter ledger.Filter
		want   []string
	}{
		{"all, newest first", ledger.Filter{}, []string{c, b, a}},
		{"limit", ledger.Filter{Limit: 2}, []string{c, b}},
		{"status", ledger.Filter{Status: []ledger.Status{ledger.Waiting}}, []string{c}},
		{"two statuses", ledger.Filter{Status: ledger.OpenStatuses()}, []string{c, b, a}},
		{"lead", ledger.Filter{Lead: "SUD"}, []string{b}},
		{"SIREN", ledger.Filter{SIREN: "000000001"}, []string{a}},
		{"EPCI", ledger.Filter{EPCI: "200000002"}, []string{b}},
		{"accents and case", ledger.Filter{Text: "ECHELLE"}, []string{a}},
		{"a ligature", ledger.Filter{Text: "l'oeuvre"}, []string{a}},
		{"per cent is not a wildcard", ledger.Filter{Text: "100 %"}, []string{a}},
		{"nor alone", ledger.Filter{Text: "%numero"}, nil},
		{"underscore neither", ledger.Filter{Text: "num_ro"}, nil},
		{"company", ledger.Filter{Text: "fabrique fictive 2"}, []string{b}},
		{"reference", ledger.Filter{Text: c}, []string{c}},
		{"quotes", ledger.Filter{Text: "'; DROP TABLE requests; --"}, nil},
		{"two at once", ledger.Filter{Lead: "NORD", Text: "noël"}, []string{a}},
	} {
		got, err := l.List(t.Context(), staff, f.filter)
		var references []string
		for _, r := range got {
			references = append(references, r.Reference)
		}
		if err != nil || !slices.Equal(references, f.want) {
			t.Errorf("%s: %v, %v, want %v", f.name, references, err, f.want)
		}
	}
}

func outbox(t *testing.T, fresh func(*testing.T) (Ledger, *Jobs)) {
	l, _ := fresh(t)
	ctx := t.Context()
	in := intake(1)
	in.Decision = decision("NORD", "SUD")
	ref := take(t, l, in).Reference
	updated := get(t, l, ref).UpdatedAt
	all := notices(t, l)
	sent, dead := all[0].Key, all[1].Key
	for range 2 {
		if err := l.Sent(ctx, sent, noon.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := l.Notice(ctx, sent); err != nil || !n.SentAt.Equal(noon.Add(time.Hour)) || n.Tries != 0 {
		t.Errorf("%+v %v", n, err)
	}
	for _, last := range []bool{false, true, true} {
		if err := l.Failed(ctx, dead, "canal coupé", last, noon.Add(2*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := l.Notice(ctx, dead); err != nil || n.Tries != 2 || n.LastError != "canal coupé" || !n.DeadAt.Equal(noon.Add(2*time.Hour)) || !n.SentAt.IsZero() {
		t.Errorf("%+v %v", n, err)
	}
	if err := l.Failed(ctx, sent, "trop tard", true, noon); err != nil {
		t.Error(err)
	}
	r := get(t, l, ref)
	if kinds(r) != "received decided notice_sent notice_dead" || !strings.Contains(r.Events[3].Why, "canal coupé") || !strings.HasPrefix(r.Events[2].Why, all[0].Kind.Label()+" → ") {
		t.Errorf("events %s: each end of a notice is told once", kinds(r))
	}
	if !r.UpdatedAt.Equal(updated) {
		t.Error("the delivery of a notice counts as work on the request")
	}
	for _, err := range []error{l.Sent(ctx, "inconnu", noon), l.Failed(ctx, "inconnu", "", true, noon), l.FollowUp(ctx, "2026-9999", noon)} {
		if !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("unknown key: %v", err)
		}
	}
	if got, err := l.Notices(ctx, staff, 1); err != nil || len(got) != 1 {
		t.Errorf("%d notices, %v, want 1", len(got), err)
	}
}

// undelivered: who can do something about a notice that was given up is told, once, and the history says who.
func undelivered(t *testing.T, fresh func(*testing.T) (Ledger, *Jobs)) {
	l, jobs := fresh(t)
	ctx := t.Context()
	in := intake(1)
	in.Channel, in.Decision = "slack/C012", decision("NORD")
	ref := take(t, l, in).Reference
	planned := func(kind ledger.NoticeKind, to string) string {
		t.Helper()
		var keys []string
		for _, n := range notices(t, l) {
			if n.Kind == kind && n.To == to {
				keys = append(keys, n.Key)
			}
		}
		if len(keys) != 1 || !slices.ContainsFunc(jobs.Delivered, func(n ledger.Notice) bool { return n.Key == keys[0] }) {
			t.Fatalf("%s to %s: %v", kind, to, keys)
		}
		return keys[0]
	}
	fail := func(key string) {
		t.Helper()
		for range 2 { // a job that is done again
			if err := l.Failed(ctx, key, "canal coupé", true, noon.Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
	}
	said := func() string { r := get(t, l, ref); return r.Events[len(r.Events)-1].Why }
	lost := func(want map[string]int) {
		t.Helper()
		if got, err := l.Unreached(ctx); err != nil || !maps.Equal(got, want) {
			t.Errorf("unreached: %v, %v, want %v", got, err, want)
		}
	}
	lost(map[string]int{})
	// The lead's channel: the entry point is told.
	fail(planned(ledger.NewRequest, "NORD"))
	told := planned(ledger.Undelivered, "ACCUEIL")
	if why := said(); !strings.Contains(why, "NORD") || !strings.Contains(why, "ACCUEIL en est prévenue") {
		t.Error(why)
	}
	if n, err := l.Notice(ctx, told); err != nil || !strings.Contains(n.Text, "à NORD") || !strings.Contains(n.Text, ledger.NewRequest.Label()) {
		t.Errorf("%+v, %v", n, err)
	}
	lost(map[string]int{"NORD": 1})
	// The entry point's own channel: nobody is left to tell.
	before := len(notices(t, l))
	fail(told)
	if after := len(notices(t, l)); after != before || strings.Contains(said(), "prévenue") {
		t.Errorf("%d notices, then %d: %s", before, after, said())
	}
	lost(map[string]int{"NORD": 1, "ACCUEIL": 1})
	// The person's conversation: the lead is told, then the entry point.
	if _, err := l.Answer(ctx, ref, "Voici.", "Anne", noon); err != nil {
		t.Fatal(err)
	}
	fail(planned(ledger.Replied, ""))
	if n, err := l.Notice(ctx, planned(ledger.Undelivered, "NORD")); err != nil || !strings.Contains(n.Text, "à la personne") || strings.Contains(n.Text, "C012") {
		t.Errorf("%+v, %v", n, err)
	}
	// A notice that arrives again tells that the channel is mended; a stale one misses nobody.
	if err := l.Sent(ctx, planned(ledger.Undelivered, "NORD"), noon.Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	lost(map[string]int{"ACCUEIL": 1})
}

func together(t *testing.T, fresh func(*testing.T) (Ledger, *Jobs)) {
	l, jobs := fresh(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	references := map[string]int{}
	at := func(in ledger.Intake) {
		wg.Go(func() {
			r, _, err := l.Take(t.Context(), in)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			references[r.Reference]++
		})
	}
	for range 20 {
		at(intake(0))
	}
	wg.Wait()
	if len(references) != 1 || len(jobs.Delivered) != 3 {
		t.Fatalf("the same message 20 times: requests %v, %d notices", references, len(jobs.Delivered))
	}
	for n := range 20 {
		at(intake(n + 1))
		next := intake(n + 1)
		next.Message, next.At = fmt.Sprintf("y%d", n), noon.AddDate(1, 0, n)
		next.Company.Name += " bis"
		at(next)
	}
	wg.Wait()
	for n := range 21 {
		if got := references[fmt.Sprintf("2026-%04d", n+1)]; got == 0 {
			t.Errorf("number %d of 2026 is missing", n+1)
		}
	}
	for n := range 20 {
		if got := references[fmt.Sprintf("2027-%04d", n+1)]; got != 1 {
			t.Errorf("number %d of 2027 was given %d times", n+1, got)
		}
	}
	references = map[string]int{}
	for n := range 20 {
		in := intake(100 + n)
		in.Company = ledger.Company{Name: "Un seul nom"}
		at(in)
	}
	wg.Wait()
	if len(references) != 1 {
		t.Errorf("20 messages about one company made %v", references)
	}
	references = map[string]int{}
	for n := range 20 {
		in := intake(200 + n)
		in.Company = ledger.Company{SIREN: "000000009"}
		in.At = time.Date(2027+n%2, 1, 1, 0, 0, 0, -1, time.UTC) // the last moments of two years
		at(in)
	}
	wg.Wait()
	if len(references) != 1 {
		t.Errorf("20 messages about one company, at the turn of a year, made %v", references)
	}
	// 20 agents take one request at once: one has it, and the others are told.
	reference := take(t, l, intake(300)).Reference
	var taken atomic.Int32
	for n := range 20 {
		wg.Go(func() {
			_, err := l.SetStatus(t.Context(), reference, ledger.Taken, "", fmt.Sprint(n), noon)
			if err == nil {
				taken.Add(1)
			} else if !errors.Is(err, ledger.ErrTransition) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := get(t, l, reference); taken.Load() != 1 || kinds(got) != "received decided status" {
		t.Errorf("taken %d times: %s", taken.Load(), kinds(got))
	}
}

func faults(t *testing.T, fresh func(*testing.T) (Ledger, *Jobs)) {
	boom := errors.New("boom")
	for name, fault := range map[string]func(cancel func()) error{
		"error":  func(func()) error { return boom },
		"cancel": func(cancel func()) error { cancel(); return nil },
	} {
		for fails := 1; fails <= 3; fails++ {
			t.Run(fmt.Sprintf("%s at plan %d", name, fails), func(t *testing.T) {
				l, jobs := fresh(t)
				first := take(t, l, intake(1))
				before := get(t, l, first.Reference)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				plan := 0
				jobs.Refuse = func() error {
					if plan++; plan == fails {
						return fault(cancel)
					}
					return nil
				}
				if r, _, err := l.Take(ctx, intake(2)); err == nil || r.Reference != "" {
					t.Fatalf("taken as %s", r.Reference)
				}
				jobs.Refuse = nil
				if all, err := l.List(t.Context(), staff, ledger.Filter{}); err != nil || len(all) != 1 || len(notices(t, l)) != 3 {
					t.Errorf("%d requests and %d notices are left, %v", len(all), len(notices(t, l)), err)
				}
				// The same message comes again: it is taken, and its number has no gap.
				if r := take(t, l, intake(2)); r.Reference != "2026-0002" {
					t.Errorf("taken as %s", r.Reference)
				}
				// A join that fails leaves the request as it was.
				ctx, cancel = context.WithCancel(t.Context())
				defer cancel()
				jobs.Refuse = func() error { return fault(cancel) }
				in := intake(3)
				in.Company = intake(1).Company
				if _, _, err := l.Take(ctx, in); err == nil {
					t.Error("joined")
				}
				jobs.Refuse = nil
				if after := get(t, l, first.Reference); !reflect.DeepEqual(before, after) {
					t.Errorf("a join that failed left %s", kinds(after))
				}
			})
		}
	}
}

// thread follows a request whose conversation can be written to: the person hears of it, and answers.
func thread(t *testing.T, fresh func(t *testing.T) (Ledger, *Jobs)) {
	l, _ := fresh(t)
	in := intake(1)
	in.Channel, in.Thread, in.Person, in.Decision = "messagerie/C1", "fil", "messagerie/U1", decision("NORD")
	r := take(t, l, in)
	versions := []int64{r.Version}
	step := func(r ledger.Request, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		versions = append(versions, r.Version)
	}
	at := noon.Add(time.Hour)
	step(l.AskPerson(t.Context(), r.Reference, "Depuis quand ?", "Bo", at))
	waits := func() int {
		t.Helper()
		found, err := l.List(t.Context(), ledger.Viewer{Channel: in.Channel, Thread: in.Thread}, ledger.Filter{Questioned: true})
		if err != nil {
			t.Fatal(err)
		}
		return len(found)
	}
	if waits() != 1 {
		t.Error("the question does not wait for its answer")
	}
	step(l.Specify(t.Context(), r.Reference, "Depuis mai.", "Ada", at))
	if waits() != 0 {
		t.Error("the question still waits after its answer")
	}
	step(l.SetStatus(t.Context(), r.Reference, ledger.Taken, "", "Bo", at))
	step(l.Assign(t.Context(), r.Reference, "SUD", "", "ce n'est pas nous", "Bo", at))
	step(l.Answer(t.Context(), r.Reference, "Voici.", "Cy", at))
	want := "moved → messagerie/C1, new_request → NORD, new_request → SUD, precision → NORD, question → messagerie/C1, replied → messagerie/C1, taken_up → messagerie/C1"
	if got := told(t, l, r.Reference); got != want {
		t.Errorf("told %s\nwant %s", got, want)
	}
	for _, n := range notices(t, l) {
		if n.To == "" && n.Thread != "fil" || n.Kind == ledger.Replied && !strings.Contains(n.Text, "Voici.") || n.To != "" && strings.Contains(n.Text, "mai") {
			t.Errorf("notice %+v", n)
		}
	}
	current := get(t, l, r.Reference)
	if !slices.IsSorted(versions) || len(slices.Compact(versions)) != 6 || current.Version != versions[len(versions)-1] {
		t.Errorf("versions %v, then %d", versions, current.Version)
	}
	n := notices(t, l)[0]
	if err := l.Sent(t.Context(), n.Key, at); err != nil {
		t.Fatal(err)
	}
	if after := get(t, l, r.Reference); after.Version != current.Version || len(after.Events) == len(current.Events) {
		t.Error("the post of a notice makes what people saw out of date")
	}
	if _, err := l.AskPerson(t.Context(), r.Reference, "Encore ?", "Bo", at); !errors.Is(err, ledger.ErrTransition) {
		t.Errorf("asked about a request that is answered: %v", err)
	}
	if mine, err := l.List(t.Context(), ledger.Viewer{Person: "messagerie/U1"}, ledger.Filter{}); err != nil || len(mine) != 1 || mine[0].Person != "messagerie/U1" {
		t.Errorf("the person sees %v, %v", mine, err)
	}
	if others, err := l.List(t.Context(), ledger.Viewer{Person: "messagerie/U2"}, ledger.Filter{}); err != nil || len(others) != 0 {
		t.Errorf("another person sees %v, %v", others, err)
	}
	quiet := take(t, l, intake(2))
	if _, err := l.AskPerson(t.Context(), quiet.Reference, "Depuis quand ?", "Bo", at); !errors.Is(err, ledger.ErrOutOfReach) {
		t.Errorf("asked where nobody reads: %v", err)
	}
	if _, err := l.Hold(t.Context(), quiet.Reference); err == nil {
		t.Error("held outside a transaction")
	}
}
