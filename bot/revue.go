package bot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"guichet/knowledge"
	"guichet/routing/convention"
	"guichet/routing/ledger"
	"guichet/routing/revue"
)

// ErrNoRevue is returned for a scope that has no revue, or one that the asker may not see.
var ErrNoRevue = errors.New("aucune revue de ce nom : le SIREN d'un EPCI du registre, un comité ou la Région est attendu")

// Revues make the documents of the reviews of projects, and have them sent on their days.
type Revues struct {
	revue.Calendar
	Store       revue.Store
	Requests    ledger.Store
	Conventions *Conventions
	// Gaps gives the questions left without an answer, newest first; Embed gives a vector of a text, of length one.
	Gaps  func(ctx context.Context, limit int) ([]Gap, error)
	Embed func(text string) []float32
}

// revueGaps is how many questions a revue looks at, the last ones: each is compared with all the others.
const revueGaps = 2_000

// Of gives the digest of a scope since a time; since the last revue when it is zero, since a whole period when none was held.
// Only the staff see the committees' and the Region's; a partner gets the version of its EPCI.
func (k *Revues) Of(ctx context.Context, asker Asker, scope string, since, now time.Time) (d revue.Digest, err error) {
	if err := (knowledge.Viewer{Audience: asker.Audience}).Check(); err != nil {
		return d, err
	}
	in := revue.Input{Scope: scope, Version: revue.ForEPCI, Since: since, At: now, Listed: k.Settings.Listed}
	var known bool
	in.Name, known = k.Name(scope)
	switch {
	case !known, asker.Audience == knowledge.Public, asker.Audience == knowledge.Partner && scope != asker.EPCI:
		return d, ErrNoRevue
	case asker.Audience == knowledge.Staff:
		in.Version = revue.ForStaff
	}
	// The requests of an EPCI are those that it may see, whoever reads; only the staff is told who follows them.
	viewer, epci := ledger.Viewer{Staff: true}, ""
	if k.IsEPCI(scope) {
		viewer, epci = ledger.Viewer{Staff: in.Version == revue.ForStaff, EPCI: scope}, scope
	} else {
		in.EPCIs = k.Names
	}
	if in.Since.IsZero() {
		if in.Since, err = k.since(ctx, scope, now); err != nil {
			return d, err
		}
	}
	err = k.Requests.Lives(ctx, viewer, ledger.Span{Alive: in.Since, EPCI: epci}, func(r ledger.Request) error {
		in.Requests = append(in.Requests, r)
		return nil
	})
	if err != nil {
		return d, err
	}
	if in.Endings, err = k.endings(ctx, viewer, epci, now); err != nil {
		return d, err
	}
	if in.Questions, err = k.questions(ctx, epci, in.Since); err != nil {
		return d, err
	}
	return revue.Of(in), nil
}

// since gives when the last revue of a scope was held, a whole period ago when none was.
func (k *Revues) since(ctx context.Context, scope string, now time.Time) (time.Time, error) {
	last, err := k.Store.Last(ctx)
	if err != nil {
		return time.Time{}, err
	}
	if held, ok := last[scope]; ok {
		return held.At, nil
	}
	return now.AddDate(0, 0, -7*k.Weeks(scope)), nil
}

// endings gives the signed conventions that end soon and that no other one renews.
func (k *Revues) endings(ctx context.Context, v ledger.Viewer, epci string, now time.Time) ([]revue.Ending, error) {
	all, err := k.Conventions.Store.List(ctx, convention.Viewer{Staff: v.Staff, EPCI: v.EPCI}, epci)
	endings, on := []revue.Ending{}, convention.DayOf(now)
	for _, c := range all {
		if _, soon := c.Alert([]int{k.Settings.EndingDays}, on); soon && !c.Renewed(all, on) {
			endings = append(endings, revue.Ending{ID: c.ID, Label: k.Conventions.Settings.Label(c.Type), EPCI: k.Conventions.name(c.EPCI), End: c.End})
		}
	}
	return endings, err
}

// questions gives those of an EPCI's partners, everybody's when none is given, that were asked since a time, in their groups.
func (k *Revues) questions(ctx context.Context, epci string, since time.Time) ([]revue.Question, error) {
	gaps, err := k.Gaps(ctx, revueGaps)
	if err != nil {
		return nil, err
	}
	var kept []Gap
	for _, g := range gaps {
		if g.At.After(since) && (epci == "" || g.EPCI == epci && g.Audience == knowledge.Partner) {
			kept = append(kept, g)
		}
	}
	questions := []revue.Question{}
	for _, group := range GroupGaps(kept, k.Embed) {
		questions = append(questions, revue.Question{Text: group.Questions[0], Count: group.Count})
	}
	return questions, nil
}

// revueDay gives the last day whose documents may leave: at nine in Paris, as the alerts of conventions.
func revueDay(now time.Time) convention.Day { return convention.AlertDay(now) }

// Round holds the revues that are due at a time, each once: the document goes to the EPCI when reachable says that it has a
// channel, under what it may see, else to the direction in charge. It can be called at any time, by several replicas.
func (k *Revues) Round(ctx context.Context, now time.Time, reachable func(ctx context.Context, epci string) (bool, error)) error {
	last, err := k.Store.Last(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, due := range k.Due(revueDay(now), last) {
		if err := k.hold(ctx, due, now, reachable); err != nil && ctx.Err() == nil {
			failed = errors.Join(failed, fmt.Errorf("tenir la revue %s du %s : %w", due.Scope, due.Day.French(), err))
		}
	}
	return failed
}

func (k *Revues) hold(ctx context.Context, due revue.Date, now time.Time, reachable func(ctx context.Context, epci string) (bool, error)) error {
	// What goes to an EPCI, even by way of a direction, is what it may see.
	asker := Asker{Audience: knowledge.Staff}
	held := revue.Held{Scope: due.Scope, Day: due.Day, At: now, To: k.Direction(due.Scope)}
	data := ledger.TextData{Scope: due.Name, Due: due.Day.French()}
	n := &ledger.Notice{Key: "revue/" + due.Scope + "/" + string(due.Day), Kind: ledger.Revue, To: held.To, CreatedAt: now}
	if k.IsEPCI(due.Scope) {
		asker = Asker{Audience: knowledge.Partner, EPCI: due.Scope}
		data.EPCI = due.Scope
		channel, err := reachable(ctx, due.Scope)
		if err != nil {
			return err
		}
		if channel {
			held.To, n.To, n.EPCI = "EPCI", "", due.Scope
		}
	}
	data.To = n.To
	d, err := k.Of(ctx, asker, due.Scope, time.Time{}, now)
	if err != nil {
		return err
	}
	held.Since, data.Text = d.Since, d.Message()
	// Nobody is asked to pass on that there is nothing to say.
	if d.Quiet() && k.IsEPCI(due.Scope) && (n.EPCI == "" || !k.Settings.QuietLine) {
		held.To, n = "", nil
	}
	_, err = k.Store.Hold(ctx, held, n, data)
	return err
}

// Planned is the next date of a scope, with the last revue that was held; its Day is empty when none was.
type Planned struct {
	revue.Date
	Last revue.Held
}

// Planned gives the next date of every scope, the first one first.
func (k *Revues) Planned(ctx context.Context, now time.Time) ([]Planned, error) {
	last, err := k.Store.Last(ctx)
	if err != nil {
		return nil, err
	}
	var all []Planned
	seen := map[string]bool{}
	on := convention.DayOf(now)
	for _, d := range k.Coming(on, on.Add(7*k.Longest())) {
		if !seen[d.Scope] && last[d.Scope].Day != d.Day {
			seen[d.Scope] = true
			all = append(all, Planned{Date: d, Last: last[d.Scope]})
		}
	}
	return all, nil
}
