package sqlledger

import (
	"context"
	"fmt"
	"time"

	"guichet/migrations/database"
	"guichet/routing/ledger"
)

// plan keeps when a request is due and when something comes of itself, and plans the job for it.
func (l *Ledger) plan(ctx context.Context, r ledger.Request) (ledger.Request, error) {
	planned, due := r.Next, r.Due
	r.Due, r.Next = l.agenda.Due(r), time.Time{}
	if step, ok := l.agenda.Next(r); ok {
		r.Next = step.At.UTC()
	}
	if r.Next.Equal(planned) && r.Due.Equal(due) {
		return r, nil
	}
	_, err := l.db.Conn(ctx).ExecContext(ctx, `UPDATE requests SET due_at = $2, next_at = $3 WHERE id = $1`, r.ID, database.Stamp(r.Due), database.Stamp(r.Next))
	if err != nil || r.Next.IsZero() || r.Next.Equal(planned) {
		return r, err
	}
	return r, l.jobs.FollowUp(ctx, r.Reference, r.Next)
}

// dueLimit is how many requests Due gives at once; what is left is due still.
const dueLimit = 500

// Due implements ledger.Outbox.
func (l *Ledger) Due(ctx context.Context, at time.Time) (references []string, err error) {
	rows, err := l.db.Conn(ctx).QueryContext(ctx, `SELECT reference FROM requests WHERE next_at <> 0 AND next_at <= $1 ORDER BY next_at, id LIMIT $2`,
		database.Stamp(at), dueLimit)
	if err != nil {
		return nil, fmt.Errorf("chercher les échéances : %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var reference string
		if err := rows.Scan(&reference); err != nil {
			return nil, fmt.Errorf("chercher les échéances : %w", err)
		}
		references = append(references, reference)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("chercher les échéances : %w", err)
	}
	return references, nil
}

// FollowUp implements ledger.Outbox. What was sent is counted by the events of the request, which the transaction holds: two
// jobs at once, or one that is done again, send it once.
func (l *Ledger) FollowUp(ctx context.Context, reference string, at time.Time) error {
	_, err := l.change(ctx, "suivre la demande", reference, func(ctx context.Context, r ledger.Request) (ledger.Request, error) {
		if err := l.lookFirst(ctx, r, at); err != nil {
			return r, err
		}
		for {
			step, ok := l.agenda.Next(r)
			if !ok || step.At.After(at) {
				return r, nil
			}
			var err error
			if r, err = l.step(ctx, r, step, at); err != nil {
				return r, err
			}
		}
	})
	return err
}

// step does what is due.
func (l *Ledger) step(ctx context.Context, r ledger.Request, step ledger.Step, at time.Time) (ledger.Request, error) {
	e := ledger.Event{At: at, Kind: step.Kind, By: ledger.Self}
	var err error
	switch step.Kind {
	case ledger.Assigned:
		e.Lead, e.Why = r.EntryPoint, "la précision demandée n'est pas venue"
		if r, e, err = l.append(ctx, r, e); err != nil {
			return r, err
		}
		return r, l.notify(ctx, r, e, ledger.NewRequest, r.Lead, true)
	case ledger.Reminded:
		e.Why = fmt.Sprintf("rappel %d à %s", step.Number, r.Lead)
		if r, e, err = l.append(ctx, r, e); err != nil {
			return r, err
		}
		return r, l.direct(ctx, r, e, ledger.Reminder, l.paced(r, r.Lead))
	case ledger.Escalated:
		e.Why = fmt.Sprintf("%s est prévenue, après le rappel %d", r.EntryPoint, r.Pace.Reminders)
		if r, e, err = l.append(ctx, r, e); err != nil {
			return r, err
		}
		return r, l.direct(ctx, r, e, ledger.Escalation, l.paced(r, r.EntryPoint))
	case ledger.NoNews:
		data := l.paced(r, "")
		data.Owner, data.Number = r.Owner, step.Number
		// The text is kept with the request: where the conversation cannot be written to, it is read there.
		if e.Why, err = l.texts.Render(ledger.Patience, data); err != nil {
			return r, err
		}
		if r, e, err = l.append(ctx, r, e); err != nil || !r.Written() {
			return r, err
		}
		return r, l.reach(ctx, r, e, ledger.Patience, data)
	}
	return r, fmt.Errorf("échéance « %s » inconnue", step.Kind)
}

// SetPart implements ledger.Store.
func (l *Ledger) SetPart(ctx context.Context, reference, direction string, s ledger.Status, why, by string, at time.Time) (ledger.Request, error) {
	return l.change(ctx, "noter la part de "+direction+" dans la demande", reference, func(ctx context.Context, r ledger.Request) (ledger.Request, error) {
		if err := r.CheckPart(); err != nil {
			return r, err
		}
		r, e, err := l.append(ctx, r, ledger.Event{At: at, Kind: ledger.PartSet, By: by, Why: why, Lead: direction, Status: s})
		if err != nil || s == ledger.Transmitted {
			return r, err
		}
		data := l.paced(r, r.Lead)
		data.From, data.NotForUs = direction, s == ledger.NotForUs
		return r, l.direct(ctx, r, e, ledger.PartTold, data)
	})
}

// SetStep implements ledger.Store.
func (l *Ledger) SetStep(ctx context.Context, reference, step string, s ledger.Status, why, by string, at time.Time) (ledger.Request, error) {
	return l.change(ctx, "noter l'étape « "+step+" » de la demande", reference, func(ctx context.Context, r ledger.Request) (ledger.Request, error) {
		r, _, err := l.append(ctx, r, ledger.Event{At: at, Kind: ledger.StepSet, By: by, Why: why, Step: step, Status: s})
		return r, err
	})
}
