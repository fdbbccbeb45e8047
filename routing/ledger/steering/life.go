package steering

import (
	"fmt"
	"time"

	"guichet/routing/ledger"
)

// Life is a request with what happened to it until an instant.
type Life struct {
	ledger.Request
	// Steps are its events, each with the request before and after it.
	Steps []Step
	// Stages are the times that it spent in a status under a lead, one after the other.
	Stages []Stage
}

// Step is an event and what it made of the request.
type Step struct {
	Event         ledger.Event
	Before, After ledger.Request
}

// Stage is a time spent in a status under a lead; Ended is zero while it lasts, After the status that followed.
type Stage struct {
	Status       ledger.Status
	Lead         string
	Began, Ended time.Time
	After        ledger.Status
}

func (s Stage) endedBefore(at time.Time) bool { return !s.Ended.IsZero() && s.Ended.Before(at) }

// lifeOf replays the events of a request up to an instant, excluded; ok is false when it did not exist yet.
func lifeOf(r ledger.Request, until time.Time) (l Life, ok bool, err error) {
	// What the request is beside its events.
	now := ledger.Request{
		ID: r.ID, Reference: r.Reference, Channel: r.Channel, Company: r.Company, Place: r.Place, EntryPoint: r.EntryPoint, Deadline: r.Deadline,
	}
	for _, e := range r.Events {
		if !e.At.Before(until) {
			break
		}
		before := now
		if now, err = ledger.Apply(now, e); err != nil {
			return l, false, fmt.Errorf("relire l'histoire de %s : %w", r.Reference, err)
		}
		l.Steps = append(l.Steps, Step{Event: e, Before: before, After: now})
		if before.Status == now.Status && before.Lead == now.Lead && before.Pace.Since.Equal(now.Pace.Since) {
			continue
		}
		if n := len(l.Stages); n > 0 {
			l.Stages[n-1].Ended, l.Stages[n-1].After = e.At, now.Status
		}
		l.Stages = append(l.Stages, Stage{Status: now.Status, Lead: now.Lead, Began: e.At})
	}
	l.Request = now
	return l, len(l.Steps) > 0, nil
}

// at gives the request as it stood at an instant: after what happened before it.
func (l Life) at(instant time.Time) (r ledger.Request, ok bool) {
	for _, s := range l.Steps {
		if !s.Event.At.Before(instant) {
			break
		}
		r, ok = s.After, true
	}
	return r, ok
}
