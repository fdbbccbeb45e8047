package sqlledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"guichet/migrations/database"
	"guichet/routing/ledger"
)

// notify gives a notice to a direction.
func (l *Ledger) notify(ctx context.Context, r ledger.Request, e ledger.Event, kind ledger.NoticeKind, to string, late bool) error {
	return l.direct(ctx, r, e, kind, ledger.TextData{Reference: r.Reference, Lead: r.Lead, To: to, Arbitrate: r.Decision.Arbitrate, Late: late})
}

// direct gives a notice to the direction that its text names.
func (l *Ledger) direct(ctx context.Context, r ledger.Request, e ledger.Event, kind ledger.NoticeKind, data ledger.TextData) error {
	return l.post(ctx, r, e, ledger.Notice{Key: fmt.Sprintf("%s/%d/%s/%s", r.Reference, e.ID, kind, data.To), Kind: kind, To: data.To}, data)
}

// paced is what the text of a notice about a request's pace may show.
func (l *Ledger) paced(r ledger.Request, to string) ledger.TextData {
	return ledger.TextData{
		Reference: r.Reference, Lead: r.Lead, To: to, Number: r.Pace.Reminders, Taken: r.Status == ledger.Taken, Due: ledger.Day(l.agenda.Due(r)),
	}
}

// tell gives a notice to the conversation of the person who asked, where it can be written to.
func (l *Ledger) tell(ctx context.Context, r ledger.Request, e ledger.Event, kind ledger.NoticeKind) error {
	if !r.Written() {
		return nil
	}
	return l.reach(ctx, r, e, kind, ledger.TextData{Reference: r.Reference, Lead: r.Lead, Owner: r.Owner, Text: e.Why, Other: e.Other})
}

// tellAll tells the person who asked, and those whose requests were joined to this one, each with the number that they know.
func (l *Ledger) tellAll(ctx context.Context, r ledger.Request, e ledger.Event, kind ledger.NoticeKind) error {
	joined, err := l.mergedInto(ctx, r)
	if err != nil {
		return err
	}
	for _, other := range append([]ledger.Request{r}, joined...) {
		other.Lead, other.Owner = r.Lead, r.Owner
		if err := l.tell(ctx, other, e, kind); err != nil {
			return err
		}
	}
	return nil
}

// reach gives a notice to the conversation of a request.
func (l *Ledger) reach(ctx context.Context, r ledger.Request, e ledger.Event, kind ledger.NoticeKind, data ledger.TextData) error {
	return l.post(ctx, r, e, ledger.Notice{Key: fmt.Sprintf("%s/%d/%s", r.Reference, e.ID, kind), Kind: kind, Channel: r.Channel, Thread: r.Thread}, data)
}

// post writes a notice in the outbox and plans its delivery.
func (l *Ledger) post(ctx context.Context, r ledger.Request, e ledger.Event, n ledger.Notice, data ledger.TextData) (err error) {
	if n.Text, err = l.texts.Render(n.Kind, data); err != nil {
		return err
	}
	n.Reference, n.CreatedAt = r.Reference, e.At
	_, err = l.db.Conn(ctx).ExecContext(ctx, `INSERT INTO notices (key, request_id, kind, direction, channel, thread, text, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		n.Key, r.ID, n.Kind, n.To, n.Channel, n.Thread, n.Text, database.Stamp(n.CreatedAt))
	if err != nil {
		return err
	}
	return l.jobs.Deliver(ctx, n)
}

// Tell writes a notice that does not come of the life of a request; n has its key, kind, time and recipient, and the reference
// of the request that it is about, if any. A key is told once. It needs the transaction of its context.
func (l *Ledger) Tell(ctx context.Context, n ledger.Notice, data ledger.TextData) (err error) {
	if n.Text, err = l.texts.Render(n.Kind, data); err != nil {
		return err
	}
	result, err := l.db.Conn(ctx).ExecContext(ctx, `INSERT INTO notices (key, request_id, kind, direction, epci, channel, thread, text, created_at)
		VALUES ($1, (SELECT id FROM requests WHERE reference = $2), $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (key) DO NOTHING`,
		n.Key, n.Reference, n.Kind, n.To, n.EPCI, n.Channel, n.Thread, n.Text, database.Stamp(n.CreatedAt))
	if err != nil {
		return fmt.Errorf("écrire l'avis %s : %w", n.Key, err)
	}
	if written, err := result.RowsAffected(); err != nil || written == 0 {
		return err
	}
	return l.jobs.Deliver(ctx, n)
}

const noticeColumns = `key, kind, direction, notices.epci, notices.channel, notices.thread, coalesce(reference, ''), notices.text, notices.created_at, sent_at, dead_at, tries, last_error
	FROM notices LEFT JOIN requests ON requests.id = notices.request_id`

func scanNotice(row interface{ Scan(...any) error }) (n ledger.Notice, err error) {
	var created, sent, dead int64
	err = row.Scan(&n.Key, &n.Kind, &n.To, &n.EPCI, &n.Channel, &n.Thread, &n.Reference, &n.Text, &created, &sent, &dead, &n.Tries, &n.LastError)
	n.CreatedAt, n.SentAt, n.DeadAt = database.Time(created), database.Time(sent), database.Time(dead)
	return n, err
}

// Notices implements ledger.Store.
func (l *Ledger) Notices(ctx context.Context, v ledger.Viewer, max int) ([]ledger.Notice, error) {
	if err := v.Check(); err != nil {
		return nil, err
	}
	if !v.Staff {
		return nil, ledger.ErrStaffOnly
	}
	rows, err := l.db.Conn(ctx).QueryContext(ctx, `SELECT `+noticeColumns+` ORDER BY notices.created_at DESC, coalesce(notices.request_id, 0) DESC, key LIMIT $1`, limit(max))
	if err != nil {
		return nil, fmt.Errorf("lister les avis : %w", err)
	}
	notices, err := scanNotices(rows)
	if err != nil {
		return nil, fmt.Errorf("lister les avis : %w", err)
	}
	return notices, nil
}

func scanNotices(rows *sql.Rows) (notices []ledger.Notice, err error) {
	defer rows.Close()
	for rows.Next() {
		n, err := scanNotice(rows)
		if err != nil {
			return nil, err
		}
		notices = append(notices, n)
	}
	return notices, rows.Err()
}

// Notice implements ledger.Outbox.
func (l *Ledger) Notice(ctx context.Context, key string) (ledger.Notice, error) {
	n, err := scanNotice(l.db.Conn(ctx).QueryRowContext(ctx, `SELECT `+noticeColumns+` WHERE key = $1`, key))
	if errors.Is(err, sql.ErrNoRows) {
		err = ledger.ErrNotFound
	}
	if _, ofTime := sameMatter[n.Kind]; err == nil && ofTime {
		n.Stale, err = l.stale(ctx, n)
	}
	if err != nil {
		return ledger.Notice{}, fmt.Errorf("lire l'avis %s : %w", key, err)
	}
	return n, nil
}

// sameMatter are the notices that hold only while nobody acts, each with those that replace it when they come after it, to the
// same people.
var sameMatter = map[ledger.NoticeKind][]ledger.NoticeKind{
	ledger.Reminder: {ledger.Reminder, ledger.Escalation}, ledger.Escalation: {ledger.Escalation}, ledger.Patience: {ledger.Patience},
	ledger.PartReminder: {ledger.PartReminder}, ledger.PartLate: nil,
}

// stale tells why a notice that came with time must not leave any more.
func (l *Ledger) stale(ctx context.Context, n ledger.Notice) (why string, err error) {
	r, err := scan(l.db.Conn(ctx).QueryRowContext(ctx, `SELECT `+columns+` FROM requests WHERE reference = $1`, n.Reference))
	if err != nil {
		return "", err
	}
	moved := !r.Status.Open()
	switch n.Kind {
	case ledger.PartReminder:
		p := part(r, n.To)
		moved = moved || p.Status != ledger.Transmitted || p.Since.After(n.CreatedAt)
	case ledger.PartLate:
		late := func(p ledger.Part) bool { return p.Status == ledger.Transmitted && p.Escalated }
		moved = moved || n.To != r.Lead || !slices.ContainsFunc(r.Pace.Parts, late)
	default:
		moved = moved || r.Pace.Since.After(n.CreatedAt)
	}
	if moved {
		return ledger.StaleNotice, nil
	}
	args := []any{database.Stamp(n.CreatedAt), r.ID, n.To, n.Channel, n.Thread}
	var later int
	if kinds := sameMatter[n.Kind]; len(kinds) > 0 {
		err = l.db.Conn(ctx).QueryRowContext(ctx, `SELECT count(*) FROM notices WHERE created_at > $1 AND request_id = $2 AND direction = $3
			AND channel = $4 AND thread = $5 AND kind IN (`+placeholders(&args, kinds)+`)`, args...).Scan(&later)
	}
	if later > 0 {
		return ledger.ReplacedNotice, err
	}
	return "", err
}

// Sent implements ledger.Outbox.
func (l *Ledger) Sent(ctx context.Context, key string, at time.Time) error {
	return l.end(ctx, key, at, ledger.NoticeSent, "", `UPDATE notices SET sent_at = $2, last_error = $3 WHERE key = $1 AND sent_at = 0`)
}

// Failed implements ledger.Outbox.
func (l *Ledger) Failed(ctx context.Context, key, reason string, dead bool, at time.Time) error {
	if !dead {
		return l.db.InTx(ctx, func(ctx context.Context) error {
			_, err := l.db.Conn(ctx).ExecContext(ctx, `UPDATE notices SET tries = tries + 1, last_error = $2 WHERE key = $1 AND sent_at = 0`, key, reason)
			if err != nil {
				return fmt.Errorf("noter l'échec de l'avis %s : %w", key, err)
			}
			return nil
		})
	}
	return l.end(ctx, key, at, ledger.NoticeDead, reason,
		`UPDATE notices SET dead_at = $2, tries = tries + 1, last_error = $3 WHERE key = $1 AND sent_at = 0 AND dead_at = 0`)
}

// PlanAgain plans all that the ledger still waits for, in a database that has no jobs yet. It needs the transaction of its
// context.
func (l *Ledger) PlanAgain(ctx context.Context) error {
	rows, err := l.db.Conn(ctx).QueryContext(ctx, `SELECT `+noticeColumns+` WHERE sent_at = 0 AND dead_at = 0 ORDER BY notices.created_at, key`)
	if err != nil {
		return fmt.Errorf("prévoir les avis à envoyer : %w", err)
	}
	notices, err := scanNotices(rows)
	if err != nil {
		return fmt.Errorf("prévoir les avis à envoyer : %w", err)
	}
	for _, n := range notices {
		if err := l.jobs.Deliver(ctx, n); err != nil {
			return err
		}
	}
	rows, err = l.db.Conn(ctx).QueryContext(ctx, `SELECT `+columns+` FROM requests WHERE next_at <> 0 ORDER BY id`)
	if err != nil {
		return fmt.Errorf("prévoir les échéances : %w", err)
	}
	followed, err := scanAll(rows)
	if err != nil {
		return fmt.Errorf("prévoir les échéances : %w", err)
	}
	for _, r := range followed {
		if err := l.jobs.FollowUp(ctx, r.Reference, r.Next); err != nil {
			return err
		}
	}
	return nil
}

// instead gives the direction that can do something when a notice is given up: the lead when the person did not get it, else
// the entry point, or nobody when it is the entry point that cannot be reached.
func instead(r ledger.Request, n ledger.Notice) string {
	switch {
	case n.To == "" && r.Lead != "":
		return r.Lead
	case n.To == r.EntryPoint:
		return ""
	}
	return r.EntryPoint
}

// Unreached gives the directions to which no notice could be delivered since one was given up, and how many were.
func (l *Ledger) Unreached(ctx context.Context) (map[string]int, error) {
	rows, err := l.db.Conn(ctx).QueryContext(ctx, `SELECT direction, SUM(CASE WHEN dead_at <> 0 THEN 1 ELSE 0 END) FROM notices
		WHERE direction <> '' AND last_error NOT IN ($1, $2) GROUP BY direction HAVING MAX(dead_at) > MAX(sent_at)`, ledger.StaleNotice, ledger.ReplacedNotice)
	if err != nil {
		return nil, fmt.Errorf("chercher les directions injoignables : %w", err)
	}
	defer rows.Close()
	unreached := map[string]int{}
	for rows.Next() {
		var direction string
		var lost int
		if err := rows.Scan(&direction, &lost); err != nil {
			return nil, fmt.Errorf("chercher les directions injoignables : %w", err)
		}
		unreached[direction] = lost
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("chercher les directions injoignables : %w", err)
	}
	return unreached, nil
}

// end ends a notice, once, and tells it in its request's history. update takes the key, the time and the reason.
func (l *Ledger) end(ctx context.Context, key string, at time.Time, kind ledger.EventKind, reason, update string) error {
	n, err := l.Notice(ctx, key)
	if err != nil {
		return err
	}
	why := n.Kind.Label() + " → " + n.Recipient()
	if reason != "" {
		why += " : " + reason
	}
	dead := kind == ledger.NoticeDead && n.Stale == ""
	if n.Reference == "" { // no history to tell it in
		return l.db.InTx(ctx, func(ctx context.Context) error {
			if _, err := l.db.Conn(ctx).ExecContext(ctx, update, key, database.Stamp(at), reason); err != nil {
				return fmt.Errorf("noter l'avis %s : %w", key, err)
			}
			return nil
		})
	}
	_, err = l.change(ctx, "noter l'avis "+key+" de", n.Reference, func(ctx context.Context, r ledger.Request) (ledger.Request, error) {
		result, err := l.db.Conn(ctx).ExecContext(ctx, update, key, database.Stamp(at), reason)
		if err != nil {
			return r, err
		}
		if ended, err := result.RowsAffected(); err != nil || ended == 0 {
			return r, err
		}
		to, told := instead(r, n), ""
		if dead && to != "" {
			told = " ; " + to + " en est prévenue"
		}
		r, e, err := l.append(ctx, r, ledger.Event{At: at, Kind: kind, By: ledger.Self, Why: why + told})
		if err != nil || !dead || to == "" {
			return r, err
		}
		return r, l.direct(ctx, r, e, ledger.Undelivered, ledger.TextData{Reference: r.Reference, Lead: r.Lead, To: to, Notice: n.Kind.Label(), Unreached: n.To})
	})
	return err
}
