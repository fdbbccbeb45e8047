package sqlledger

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"guichet/migrations/database"
	"guichet/routing/ledger"
)

// plan keeps when a request and the parts of it are due and when something comes of itself, and plans the job for it.
func (l *Ledger) plan(ctx context.Context, r ledger.Request) (ledger.Request, error) {
	planned, due, parts := r.Next, r.Due, r.Pace.Parts
	r.Due, r.Next, r.Pace.Parts = l.agenda.Due(r), time.Time{}, slices.Clone(parts)
	for i, p := range parts {
		r.Pace.Parts[i].Due = l.agenda.PartDue(r, p)
	}
	if step, ok := l.agenda.Next(r); ok {
		r.Next = step.At.UTC()
	}
	same := func(a, b ledger.Part) bool { return a.Due.Equal(b.Due) }
	if r.Next.Equal(planned) && r.Due.Equal(due) && slices.EqualFunc(r.Pace.Parts, parts, same) {
		return r, nil
	}
	pace, err := encode(r.Pace)
	if err != nil {
		return r, err
	}
	_, err = l.db.Conn(ctx).ExecContext(ctx, `UPDATE requests SET due_at = $2, next_at = $3, pace = $4 WHERE id = $1`,
		r.ID, database.Stamp(r.Due), database.Stamp(r.Next), pace)
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
		before := r
		var late []string
		var said ledger.Event
		for _, step := range l.agenda.By(r, at) {
			var e ledger.Event
			var err error
			if r, e, err = l.step(ctx, r, before, step, at); err != nil {
				return r, err
			}
			if step.Kind == ledger.PartEscalated {
				late, said = append(late, step.Part), e
			}
		}
		if len(late) == 0 {
			return r, nil
		}
		return r, l.tellLate(ctx, r, said, before, late)
	})
	return err
}

// tellLate tells the lead, at once, whose parts are late.
func (l *Ledger) tellLate(ctx context.Context, r ledger.Request, e ledger.Event, before ledger.Request, late []string) error {
	data := l.partPaced(before, late[0], r.Lead)
	for _, direction := range late[1:] {
		data.Number = min(data.Number, part(before, direction).Reminders)
	}
	last := len(late) - 1
	if data.From = late[last]; last > 0 {
		data.From = strings.Join(late[:last], ", ") + " et de " + late[last]
	}
	return l.direct(ctx, r, e, ledger.PartLate, data)
}

// step does what is due, but telling the lead of parts, and gives the event; before is the request as it was before all that is
// due now.
func (l *Ledger) step(ctx context.Context, r, before ledger.Request, step ledger.Step, at time.Time) (_ ledger.Request, e ledger.Event, err error) {
	e = step.Event(at)
	if step.Overtaken {
		to := map[ledger.EventKind]string{ledger.Reminded: "rappel à " + r.Lead, ledger.NoNews: "signe à la personne", ledger.PartReminded: "rappel à " + step.Part}[step.Kind]
		e.Why = fmt.Sprintf("%s, prévu le %s : il n'est pas parti, un avis plus récent le remplace", to, ledger.Day(step.At))
		return l.append(ctx, r, e)
	}
	switch step.Kind {
	case ledger.Assigned:
		e.Lead, e.Why = r.EntryPoint, "la précision demandée n'est pas venue"
		if r, e, err = l.append(ctx, r, e); err != nil {
			return r, e, err
		}
		return r, e, l.notify(ctx, r, e, ledger.NewRequest, r.Lead, true)
	case ledger.Reminded:
		e.Why = fmt.Sprintf("rappel %d à %s", r.Pace.Reminders+1, r.Lead)
		if r, e, err = l.append(ctx, r, e); err != nil {
			return r, e, err
		}
		return r, e, l.direct(ctx, r, e, ledger.Reminder, l.paced(r, r.Lead))
	case ledger.Escalated:
		e.Why = r.EntryPoint + " est prévenue" + afterReminders(before.Pace.Reminders)
		if r, e, err = l.append(ctx, r, e); err != nil {
			return r, e, err
		}
		return r, e, l.direct(ctx, r, e, ledger.Escalation, l.paced(before, r.EntryPoint))
	case ledger.PartReminded:
		e.Why = fmt.Sprintf("rappel %d à %s, direction associée", part(r, step.Part).Reminders+1, step.Part)
		if r, e, err = l.append(ctx, r, e); err != nil {
			return r, e, err
		}
		return r, e, l.direct(ctx, r, e, ledger.PartReminder, l.partPaced(r, step.Part, step.Part))
	case ledger.PartEscalated:
		e.Why = r.Lead + " est prévenue que la part n'est pas faite" + afterReminders(part(before, step.Part).Reminders)
		return l.append(ctx, r, e)
	case ledger.NoNews:
		data := l.paced(r, "")
		data.Owner, data.Number = r.Owner, r.Pace.NoNews+1
		// The text is kept with the request: where the conversation cannot be written to, it is read there.
		if e.Why, err = l.texts.Render(ledger.Patience, data); err != nil {
			return r, e, err
		}
		if r, e, err = l.append(ctx, r, e); err != nil || !r.Written() {
			return r, e, err
		}
		return r, e, l.reach(ctx, r, e, ledger.Patience, data)
	}
	return r, e, fmt.Errorf("échéance « %s » inconnue", step.Kind)
}

// afterReminders tells how many reminders left before; none did when all that was due fell while the program did not run.
func afterReminders(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return ", après un rappel"
	}
	return fmt.Sprintf(", après %d rappels", n)
}

// part gives that of an associated direction.
func part(r ledger.Request, direction string) ledger.Part {
	for _, p := range r.Pace.Parts {
		if p.Direction == direction {
			return p
		}
	}
	return ledger.Part{}
}

// partPaced is what the text of a notice about a part's pace may show.
func (l *Ledger) partPaced(r ledger.Request, direction, to string) ledger.TextData {
	p := part(r, direction)
	return ledger.TextData{Reference: r.Reference, Lead: r.Lead, To: to, From: direction, Number: p.Reminders, Due: ledger.Day(l.agenda.PartDue(r, p))}
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
