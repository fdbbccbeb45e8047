package steering_test

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"guichet/migrations/database"
	"guichet/routing"
	"guichet/routing/ledger"
	"guichet/routing/ledger/ledgertest"
	"guichet/routing/ledger/sqlledger"
)

var (
	staff  = ledger.Viewer{Staff: true}
	delays = routing.Delays{
		Transmitted: routing.Stage{Due: 3, Reminders: []int{2, 3}, Escalation: 6, NoNews: []int{5}},
		Taken:       routing.Stage{Due: 15, Reminders: []int{10, 15}, Escalation: 18, NoNews: []int{10}},
	}
	agenda = ledger.Agenda{Delays: delays}
	codes  = []string{"NORD", "SUD", "EST", "OUEST", "ACCUEIL"}
	themes = []string{"creation", "export", "emploi", "innovation"}
)

var paris, _ = time.LoadLocation("Europe/Paris")

func date(s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", s, paris)
	if err != nil {
		t, err = time.ParseInLocation(time.DateOnly, s, paris)
	}
	if err != nil {
		panic(err)
	}
	return t
}

// action is something that somebody does, planned for a time.
type action struct {
	at time.Time
	do func(ctx context.Context, at time.Time) error
}

type agendaOf []action

func (a agendaOf) Len() int           { return len(a) }
func (a agendaOf) Less(i, j int) bool { return a[i].at.Before(a[j].at) }
func (a agendaOf) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *agendaOf) Push(x any)        { *a = append(*a, x.(action)) }
func (a *agendaOf) Pop() any {
	old := *a
	x := old[len(old)-1]
	*a = old[:len(old)-1]
	return x
}

// clockwork does what the ledger plans, at its time.
type clockwork struct {
	ledgertest.Jobs
	followUp func(reference string, at time.Time)
}

// FollowUp implements ledger.Jobs.
func (c *clockwork) FollowUp(_ context.Context, reference string, at time.Time) error {
	c.followUp(reference, at)
	return nil
}

func decisionOf(lead, theme string, associated ...string) routing.Decision {
	d := routing.Decision{Lead: lead, Rule: "r-" + lead, Associated: associated, Version: "essai", Facts: routing.Facts{
		{Name: "subject", Value: theme, Source: theme}, {Name: "subject", Value: "innovation", Source: "innovant", Role: routing.Status},
	}}
	if lead == "" {
		d.Rule, d.Missing = "", []string{"headcount"}
	}
	return d
}

// halfYear lives six months of requests through the real ledger, its clock driven: people take, answer, move, close, reopen
// and write twice at random; reminders, escalations and hand-overs come from the ledger itself.
func halfYear(t *testing.T, db *database.DB, seed uint64, requests int, places []ledger.Place) *sqlledger.Ledger {
	t.Helper()
	jobs := &clockwork{}
	l := sqlledger.New(db, jobs, ledger.DefaultTexts(), agenda)
	random := rand.New(rand.NewPCG(seed, 1))
	begin, end := date("2026-01-05"), date("2026-07-01")
	var todo agendaOf
	plan := func(at time.Time, do func(context.Context, time.Time) error) {
		if at.Before(end) {
			heap.Push(&todo, action{at, do})
		}
	}
	jobs.followUp = func(reference string, at time.Time) {
		plan(at, func(ctx context.Context, at time.Time) error { return l.FollowUp(ctx, reference, at) })
	}
	soon := func(at time.Time, days float64) time.Time {
		return at.Add(time.Duration(random.ExpFloat64() * days * 24 * float64(time.Hour))).Truncate(time.Microsecond)
	}
	pick := func(of []string) string { return of[random.IntN(len(of))] }

	var live func(reference string, at time.Time)
	live = func(reference string, at time.Time) {
		set := func(s ledger.Status) func(context.Context, time.Time) error {
			return func(ctx context.Context, at time.Time) error {
				_, err := l.SetStatus(ctx, reference, s, "parce que", "Ada", at)
				live(reference, at)
				return err
			}
		}
		switch n := random.IntN(100); {
		case n < 45:
			plan(soon(at, 2.5), set(ledger.Taken))
		case n < 70:
			plan(soon(at, 9), func(ctx context.Context, at time.Time) error {
				_, err := l.Answer(ctx, reference, "Voilà.", "Ada", at)
				live(reference, at)
				return err
			})
		case n < 80:
			lead := pick(codes)
			plan(soon(at, 3), func(ctx context.Context, at time.Time) error {
				_, err := l.Assign(ctx, reference, lead, "", "pas pour nous", "Ada", at)
				live(reference, at)
				return err
			})
		case n < 84:
			plan(soon(at, 10), set(ledger.Closed))
		case n < 86:
			plan(soon(at, 10), set(ledger.Unreachable))
		case n < 92:
			plan(soon(at, 12), func(ctx context.Context, at time.Time) error {
				_, err := l.Reopen(ctx, reference, "encore", "Cy", at)
				live(reference, at)
				return err
			})
		case n < 94: // a person of the same direction
			plan(soon(at, 3), func(ctx context.Context, at time.Time) error {
				_, err := l.Assign(ctx, reference, "", "Bo", "à toi", "Ada", at)
				live(reference, at)
				return err
			})
		}
	}
	for n := range requests {
		at := begin.Add(time.Duration(random.Int64N(int64(end.Sub(begin)))).Truncate(time.Microsecond))
		siren := ""
		if random.IntN(3) == 0 { // some companies write again while their request is open
			siren = fmt.Sprintf("%09d", random.IntN(requests/8))
		}
		theme, lead := pick(themes), pick(codes[:4])
		if random.IntN(8) == 0 {
			lead = ""
		}
		in := ledger.Intake{
			Channel: "web", Message: fmt.Sprint("m", n), Thread: fmt.Sprint("t", n), Text: "Un message", At: at, Company: ledger.Company{SIREN: siren},
			Place: places[random.IntN(len(places))], Decision: decisionOf(lead, theme, pick(codes)), EntryPoint: "ACCUEIL", Deadline: at.Add(48 * time.Hour),
		}
		plan(at, func(ctx context.Context, at time.Time) error {
			r, joined, err := l.Take(ctx, in)
			if err != nil || joined {
				return err
			}
			if lead == "" && random.IntN(2) == 0 {
				plan(soon(at, 1), func(ctx context.Context, at time.Time) error {
					_, err := l.Decide(ctx, r.Reference, decisionOf("SUD", theme), "douze", "Cy", at)
					return err
				})
			}
			live(r.Reference, at)
			return nil
		})
	}
	for todo.Len() > 0 { // many at once: a commit each would take minutes
		err := db.InTx(t.Context(), func(ctx context.Context) error {
			for n := 0; n < 1000 && todo.Len() > 0; n++ {
				a := heap.Pop(&todo).(action)
				if err := a.do(ctx, a.at); err != nil && !errors.Is(err, ledger.ErrTransition) {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return l
}
