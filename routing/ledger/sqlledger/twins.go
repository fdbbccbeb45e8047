package sqlledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"guichet/migrations/database"
	"guichet/routing/ledger"
)

// origin is what is kept of a message beside its event.
type origin struct {
	Thread     string         `json:"thread"`
	Person     string         `json:"person,omitempty"`
	Company    ledger.Company `json:"company"`
	Place      ledger.Place   `json:"place"`
	EntryPoint string         `json:"entry_point,omitempty"`
	Deadline   time.Time      `json:"deadline,omitzero"`
}

// compared is how many open requests are compared with one, twinsKept how many of them are kept as its twins.
const (
	compared  = 200
	twinsKept = 20
)

// alike gives the open requests that may look like one: those that share a key with it, newest first.
func (l *Ledger) alike(ctx context.Context, r ledger.Request) ([]ledger.Request, error) {
	keys := ledger.LikenessKeys(r)
	if len(keys) == 0 {
		return nil, nil
	}
	args := []any{r.ID}
	rows, err := l.db.Conn(ctx).QueryContext(ctx, `SELECT `+columns+` FROM requests
		WHERE id IN (SELECT request_id FROM request_keys WHERE key IN (`+placeholders(&args, keys)+`)) AND id <> $1
			AND status IN (`+placeholders(&args, ledger.OpenStatuses())+`)
		ORDER BY id DESC LIMIT `+placeholder(&args, compared), args...)
	if err != nil {
		return nil, err
	}
	return scanAll(rows)
}

// same gives the request that a message joins for sure, the oldest. When a person told two of them apart it joins neither,
// but its own conversation's.
func (l *Ledger) same(ctx context.Context, asked ledger.Request, candidates []ledger.Request) (found ledger.Request, ok bool, err error) {
	candidates = slices.DeleteFunc(candidates, func(r ledger.Request) bool { return ledger.Compare(r, asked).Verdict != ledger.Same })
	slices.SortFunc(candidates, func(a, b ledger.Request) int { return int(a.ID - b.ID) })
	candidates = slices.CompactFunc(candidates, func(a, b ledger.Request) bool { return a.ID == b.ID })
	if len(candidates) == 0 {
		return found, false, nil
	}
	apart := false
	if len(candidates) > 1 {
		var ids []any
		in := placeholders(&ids, idsOf(candidates))
		err = l.db.Conn(ctx).QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM request_twins
			WHERE first_id IN (`+in+`) AND second_id IN (`+in+`) AND told_at <> 0)`, ids...).Scan(&apart)
		if err != nil {
			return found, false, err
		}
	}
	if !apart {
		return candidates[0], true, nil
	}
	own := func(r ledger.Request) bool {
		return r.Channel == asked.Channel && r.Thread == asked.Thread || r.Person != "" && r.Person == asked.Person
	}
	if i := slices.IndexFunc(candidates, own); i >= 0 {
		return candidates[i], true, nil
	}
	return found, false, nil
}

func idsOf(requests []ledger.Request) (ids []int64) {
	for _, r := range requests {
		ids = append(ids, r.ID)
	}
	return ids
}

// look gives an open request its keys and looks for its twins, and takes both from one that ended; what a person said of twins
// stays said.
func (l *Ledger) look(ctx context.Context, r ledger.Request, at time.Time) error {
	conn := l.db.Conn(ctx)
	if _, err := conn.ExecContext(ctx, `DELETE FROM request_keys WHERE request_id = $1`, r.ID); err != nil {
		return err
	}
	if _, err := conn.ExecContext(ctx, `DELETE FROM request_twins WHERE (first_id = $1 OR second_id = $1) AND told_at = 0`, r.ID); err != nil {
		return err
	}
	keys := ledger.LikenessKeys(r)
	if len(keys) == 0 || !r.Status.Open() {
		return nil
	}
	args := []any{r.ID}
	var rows []string
	for _, key := range keys {
		rows = append(rows, `(`+placeholder(&args, key)+`, $1)`)
	}
	if _, err := conn.ExecContext(ctx, `INSERT INTO request_keys (key, request_id) VALUES `+strings.Join(rows, ", "), args...); err != nil {
		return err
	}
	alike, err := l.alike(ctx, r)
	if err != nil {
		return err
	}
	kept := 0
	for _, other := range alike {
		first, second := other, r
		if r.ID < other.ID {
			first, second = r, other
		}
		found := ledger.Compare(first, second)
		if found.Verdict == ledger.Different || kept == twinsKept {
			continue
		}
		kept++
		if err := l.pair(ctx, first, second, found.Reasons, at, time.Time{}); err != nil {
			return err
		}
	}
	return nil
}

// lookFirst does for a request that was written before twins were looked for what its taking would have done.
func (l *Ledger) lookFirst(ctx context.Context, r ledger.Request, at time.Time) error {
	var known bool
	err := l.db.Conn(ctx).QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM request_keys WHERE request_id = $1)`, r.ID).Scan(&known)
	if err != nil || known || !r.Status.Open() {
		return err
	}
	return l.look(ctx, r, at)
}

// pair writes that two requests look alike, or, at a time told, that a person told them apart.
func (l *Ledger) pair(ctx context.Context, first, second ledger.Request, reasons []ledger.Reason, at, told time.Time) error {
	if first.ID > second.ID {
		first, second = second, first
	}
	said, err := encode(reasons)
	if err != nil {
		return err
	}
	_, err = l.db.Conn(ctx).ExecContext(ctx, `INSERT INTO request_twins (first_id, second_id, reasons, found_at, told_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (first_id, second_id) DO UPDATE SET told_at = CASE WHEN request_twins.told_at = 0 THEN excluded.told_at ELSE request_twins.told_at END`,
		first.ID, second.ID, said, database.Stamp(at), database.Stamp(told))
	return err
}

// Twins implements ledger.Store.
func (l *Ledger) Twins(ctx context.Context, v ledger.Viewer, reference string, max int) ([]ledger.Twin, error) {
	if err := v.Check(); err != nil {
		return nil, err
	}
	if !v.Staff {
		return nil, ledger.ErrStaffOnly
	}
	twins, err := l.twins(ctx, reference, max)
	if err != nil {
		return nil, fmt.Errorf("chercher les demandes qui se ressemblent : %w", err)
	}
	return twins, nil
}

func (l *Ledger) twins(ctx context.Context, reference string, max int) (twins []ledger.Twin, err error) {
	var args []any
	where := ""
	if reference != "" {
		var id int64
		err := l.db.Conn(ctx).QueryRowContext(ctx, `SELECT id FROM requests WHERE reference = $1`, reference).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, ledger.ErrNotFound
		}
		if err != nil {
			return nil, err
		}
		args = []any{id}
		where = ` AND (t.first_id = $1 OR t.second_id = $1)`
	}
	open := placeholders(&args, ledger.OpenStatuses())
	rows, err := l.db.Conn(ctx).QueryContext(ctx, `SELECT t.first_id, t.second_id, t.reasons, t.found_at FROM request_twins t
		JOIN requests a ON a.id = t.first_id JOIN requests b ON b.id = t.second_id
		WHERE t.told_at = 0 AND a.status IN (`+open+`) AND b.status IN (`+open+`)`+where+`
		ORDER BY t.found_at DESC, t.second_id DESC, t.first_id DESC LIMIT `+placeholder(&args, limit(max)), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	ids := []int64{}
	for rows.Next() {
		var t ledger.Twin
		var reasons string
		var at int64
		if err := rows.Scan(&t.First.ID, &t.Second.ID, &reasons, &at); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(reasons), &t.Reasons); err != nil {
			return nil, err
		}
		t.FoundAt = database.Time(at)
		twins, ids = append(twins, t), append(ids, t.First.ID, t.Second.ID)
	}
	if err := rows.Err(); err != nil || len(twins) == 0 {
		return nil, err
	}
	var idArgs []any
	rows, err = l.db.Conn(ctx).QueryContext(ctx, `SELECT `+columns+` FROM requests WHERE id IN (`+placeholders(&idArgs, ids)+`)`, idArgs...)
	if err != nil {
		return nil, err
	}
	requests, err := scanAll(rows)
	if err != nil {
		return nil, err
	}
	byID := map[int64]ledger.Request{}
	for _, r := range requests {
		byID[r.ID] = r
	}
	for i := range twins {
		twins[i].First, twins[i].Second = byID[twins[i].First.ID], byID[twins[i].Second.ID]
	}
	return twins, nil
}

// alone runs a change of several requests, which no taking or other such change meets halfway.
func (l *Ledger) alone(ctx context.Context, doing string, do func(context.Context) (ledger.Request, error)) (r ledger.Request, err error) {
	err = l.db.InTx(ctx, func(ctx context.Context) error {
		if err := l.db.Alone(ctx, "requests"); err != nil {
			return err
		}
		if r, err = do(ctx); err != nil {
			return err
		}
		r, err = l.plan(ctx, r)
		return err
	})
	if err != nil {
		return ledger.Request{}, fmt.Errorf("%s : %w", doing, err)
	}
	return r, nil
}

// Join implements ledger.Store.
func (l *Ledger) Join(ctx context.Context, kept, joined, why, by string, at time.Time) (ledger.Request, error) {
	return l.alone(ctx, "joindre la demande "+joined+" à "+kept, func(ctx context.Context) (r ledger.Request, err error) {
		switch {
		case strings.TrimSpace(why) == "":
			return r, ledger.ErrNoReason
		case kept == joined:
			return r, fmt.Errorf("%w : une demande ne se joint pas à elle-même", ledger.ErrTransition)
		}
		other, err := l.hold(ctx, joined)
		if err != nil {
			return r, err
		}
		if r, err = l.hold(ctx, kept); err != nil {
			return r, err
		}
		if err := r.CheckAbsorb(); err != nil {
			return r, err
		}
		if a, b := r.Company.SIREN, other.Company.SIREN; a != "" && b != "" && a != b {
			return r, ledger.ErrOtherCompany
		}
		owes := other
		other, merged, err := l.append(ctx, other, ledger.Event{At: at, Kind: ledger.MergedInto, By: by, Why: why, Other: r.Reference})
		if err != nil {
			return r, err
		}
		if _, err := l.plan(ctx, other); err != nil {
			return r, err
		}
		r, absorbed, err := l.append(ctx, r, ledger.Event{At: at, Kind: ledger.Absorbed, By: by, Why: why, Other: other.Reference})
		if err != nil {
			return r, err
		}
		if r.Lead == "" && owes.Lead != "" {
			// It still waited for a fact that the other does not need: the one that leads goes on.
			if r, _, err = l.append(ctx, r, ledger.Event{At: at, Kind: ledger.Assigned, By: by, Why: why, Lead: owes.Lead, Owner: owes.Owner}); err != nil {
				return r, err
			}
		}
		if r, err = l.refill(ctx, r, at); err != nil {
			return r, err
		}
		if r.Lead != "" {
			if err := l.direct(ctx, r, absorbed, ledger.Absorption, ledger.TextData{Reference: r.Reference, Lead: r.Lead, To: r.Lead, Other: other.Reference}); err != nil {
				return r, err
			}
		}
		second := []string{owes.Lead}
		for _, p := range owes.Pace.Parts {
			if p.Status == ledger.Transmitted {
				second = append(second, p.Direction)
			}
		}
		for i, to := range second {
			if to == "" || to == r.Lead || slices.Contains(second[:i], to) {
				continue
			}
			if err := l.direct(ctx, other, merged, ledger.Merger, ledger.TextData{Reference: other.Reference, Lead: r.Lead, To: to, Other: r.Reference}); err != nil {
				return r, err
			}
		}
		other.Lead = r.Lead
		return r, l.tell(ctx, other, merged, ledger.Regrouped)
	})
}

// Split implements ledger.Store.
func (l *Ledger) Split(ctx context.Context, reference string, message int, why, by string, at time.Time) (ledger.Request, error) {
	return l.alone(ctx, "séparer la demande "+reference, func(ctx context.Context) (r ledger.Request, err error) {
		if strings.TrimSpace(why) == "" {
			return r, ledger.ErrNoReason
		}
		if r, err = l.hold(ctx, reference); err != nil {
			return r, err
		}
		var from ledger.Request
		var split ledger.Event
		if message == 0 {
			if r.Status != ledger.Merged {
				return r, fmt.Errorf("%w : la demande n'est jointe à aucune autre ; donnez le rang du message à en sortir", ledger.ErrTransition)
			}
			if from, err = l.hold(ctx, r.Pace.Into); err != nil {
				return r, err
			}
			r, split, err = l.append(ctx, r, ledger.Event{At: at, Kind: ledger.SplitOff, By: by, Why: why, Other: from.Reference})
			if err == nil && r.Lead != "" {
				err = l.notify(ctx, r, split, ledger.Returned, r.Lead, false)
			}
		} else {
			from = r
			r, split, err = l.extract(ctx, from, message, why, by, at)
		}
		if err != nil {
			return r, err
		}
		from, separated, err := l.append(ctx, from, ledger.Event{At: at, Kind: ledger.Separated, By: by, Why: why, Other: r.Reference})
		if err != nil {
			return r, err
		}
		if from, err = l.refill(ctx, from, at); err != nil {
			return r, err
		}
		if err := l.look(ctx, r, at); err != nil {
			return r, err
		}
		if err := l.pair(ctx, from, r, ledger.Compare(from, r).Reasons, at, at); err != nil {
			return r, err
		}
		if from.Lead != "" && from.Status.Open() {
			data := ledger.TextData{Reference: from.Reference, Lead: from.Lead, To: from.Lead, Other: r.Reference}
			if err := l.direct(ctx, from, separated, ledger.Separation, data); err != nil {
				return r, err
			}
		}
		if _, err := l.plan(ctx, from); err != nil {
			return r, err
		}
		return r, l.tell(ctx, r, split, ledger.OnItsOwn)
	})
}

// extract makes a request of a message that joined another. It was received when it was, and is decided now.
func (l *Ledger) extract(ctx context.Context, from ledger.Request, message int, why, by string, at time.Time) (r ledger.Request, split ledger.Event, err error) {
	events, err := l.events(ctx, from)
	if err != nil {
		return r, split, err
	}
	var received, decided ledger.Event
	for n, i := 0, 0; i < len(events); i++ {
		if events[i].Kind == ledger.Received {
			n++
		}
		if n == message && events[i].Kind == ledger.Received && message > 1 {
			received = events[i]
			if i+1 < len(events) && events[i+1].Kind == ledger.Decided {
				decided = events[i+1]
			}
		}
	}
	if received.ID == 0 || decided.Decision == nil {
		return r, split, ledger.ErrNoMessage
	}
	var channel, name, said string
	err = l.db.Conn(ctx).QueryRowContext(ctx, `SELECT channel, message, origin FROM request_messages WHERE request_id = $1 AND event_id = $2 AND joined = 1`,
		from.ID, received.ID).Scan(&channel, &name, &said)
	if errors.Is(err, sql.ErrNoRows) {
		return r, split, ledger.ErrNoMessage // it came before its origin was kept, or was split already
	}
	var o origin
	if err == nil {
		err = json.Unmarshal([]byte(said), &o)
	}
	if err != nil {
		return r, split, err
	}
	r = ledger.Request{
		Channel: channel, Thread: o.Thread, Author: received.By, Person: o.Person, Text: received.Why, Company: o.Company, Place: o.Place,
		EntryPoint: o.EntryPoint, Deadline: o.Deadline, CreatedAt: received.At,
	}
	if r, err = l.insert(ctx, r, at); err != nil {
		return r, split, err
	}
	event := received
	event.ID = 0
	if r, event, err = l.append(ctx, r, event); err != nil {
		return r, split, err
	}
	_, err = l.db.Conn(ctx).ExecContext(ctx, `UPDATE request_messages SET request_id = $3, joined = 0, event_id = $4 WHERE channel = $1 AND message = $2`,
		channel, name, r.ID, event.ID)
	if err != nil {
		return r, split, err
	}
	if r, split, err = l.append(ctx, r, ledger.Event{At: at, Kind: ledger.SplitOff, By: by, Why: why, Other: from.Reference}); err != nil {
		return r, split, err
	}
	r, err = l.decide(ctx, r, *decided.Decision, "", ledger.Self, at)
	return r, split, err
}

// refill makes again what a request knows of its company from what its own messages said, and those of the requests that
// were joined to it: what came with a message that left goes with it.
func (l *Ledger) refill(ctx context.Context, r ledger.Request, at time.Time) (ledger.Request, error) {
	rows, err := l.db.Conn(ctx).QueryContext(ctx, `SELECT m.origin, coalesce(e.why, '') FROM request_messages m LEFT JOIN request_events e ON e.id = m.event_id
		WHERE m.request_id = $1 ORDER BY m.event_id`, r.ID)
	if err != nil {
		return r, err
	}
	defer rows.Close()
	again := r
	again.Company, again.Place = ledger.Company{}, ledger.Place{}
	search, whole := searched(r.Reference, "", ""), true
	for rows.Next() {
		var said, text string
		if err := rows.Scan(&said, &text); err != nil {
			return r, err
		}
		if said == "" { // before origins were kept
			whole = false
			continue
		}
		var o origin
		if err := json.Unmarshal([]byte(said), &o); err != nil {
			return r, err
		}
		fill(&again, o.Company, o.Place)
		search += searched("", o.Company.Name, text)
	}
	if err := rows.Err(); err != nil {
		return r, err
	}
	if !whole {
		again = r
	} else if _, err := l.db.Conn(ctx).ExecContext(ctx, `UPDATE requests SET search = $2 WHERE id = $1`, r.ID, search); err != nil {
		return r, err
	}
	joined, err := l.mergedInto(ctx, r)
	if err != nil {
		return r, err
	}
	for _, other := range joined {
		fill(&again, other.Company, other.Place)
	}
	return again, l.identify(ctx, again, at)
}

// mergedInto gives the requests that were joined to one, or to one that was.
func (l *Ledger) mergedInto(ctx context.Context, r ledger.Request) ([]ledger.Request, error) {
	rows, err := l.db.Conn(ctx).QueryContext(ctx, `WITH RECURSIVE joined (reference) AS (
			SELECT reference FROM requests WHERE merged_into = $1
			UNION SELECT r.reference FROM requests r JOIN joined ON r.merged_into = joined.reference)
		SELECT `+columns+` FROM requests WHERE reference IN (SELECT reference FROM joined) ORDER BY id`, r.Reference)
	if err != nil {
		return nil, err
	}
	return scanAll(rows)
}

// say writes what the person said. When their request was joined to another, it is kept with both, and who follows the
// other is told.
func (l *Ledger) say(ctx context.Context, r ledger.Request, e ledger.Event) (_ ledger.Request, said ledger.Event, err error) {
	for {
		if r, said, err = l.append(ctx, r, e); err != nil || r.Status != ledger.Merged {
			return r, said, err
		}
		if r, err = l.hold(ctx, r.Pace.Into); err != nil {
			return r, said, err
		}
	}
}

// TellApart implements ledger.Store.
func (l *Ledger) TellApart(ctx context.Context, reference, other, why, by string, at time.Time) error {
	_, err := l.alone(ctx, "distinguer les demandes "+reference+" et "+other, func(ctx context.Context) (a ledger.Request, err error) {
		if reference == other {
			return a, fmt.Errorf("%w : une demande ne se distingue pas d'elle-même", ledger.ErrTransition)
		}
		if a, err = l.hold(ctx, reference); err != nil {
			return a, err
		}
		b, err := l.hold(ctx, other)
		if err != nil {
			return a, err
		}
		if err := l.pair(ctx, a, b, ledger.Compare(a, b).Reasons, at, at); err != nil {
			return a, err
		}
		if _, _, err = l.append(ctx, b, ledger.Event{At: at, Kind: ledger.ToldApart, By: by, Why: why, Other: a.Reference}); err != nil {
			return a, err
		}
		a, _, err = l.append(ctx, a, ledger.Event{At: at, Kind: ledger.ToldApart, By: by, Why: why, Other: b.Reference})
		return a, err
	})
	return err
}

// veil takes away what a request says of others that the viewer may not see, requests and people.
func (l *Ledger) veil(ctx context.Context, v ledger.Viewer, r *ledger.Request) error {
	if v.Staff {
		return nil
	}
	*r = v.Unnamed(*r)
	r.Pace.Into, r.Pace.From = "", ""
	r.Events = slices.DeleteFunc(r.Events, func(e ledger.Event) bool { return e.Kind == ledger.ToldApart || e.Kind == ledger.Projected })
	for i, e := range r.Events {
		if e.Other == "" {
			continue
		}
		args := []any{e.Other}
		seen, err := visible(v, &args)
		if err != nil {
			return err
		}
		var shown bool
		err = l.db.Conn(ctx).QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM requests WHERE reference = $1 AND `+seen+`)`, args...).Scan(&shown)
		if err != nil {
			return err
		}
		if !shown {
			r.Events[i].Other, r.Events[i].Why = "", ""
		}
	}
	return nil
}
