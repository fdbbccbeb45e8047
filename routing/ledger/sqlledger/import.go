package sqlledger

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"guichet/migrations/database"
	"guichet/routing/ledger"
)

// Import writes a request as another tool keeps it, its past as events of their own dates. The same source and identifier
// are the same request: what the file has more is added to it, what it changes of the past is left (ledger.Kept). Nobody is
// told of what is past. Place says where the history was read. The zero Request comes with ledger.Unchanged. A request that
// was joined to one not known yet is not written: the outcome that it will have comes with ledger.ErrNotYet.
func (l *Ledger) Import(ctx context.Context, h ledger.History, place string, at time.Time) (r ledger.Request, o ledger.Outcome, err error) {
	if err := h.Check(at); err != nil {
		return r, "", err
	}
	sum, err := digest(h)
	if err != nil {
		return r, "", err
	}
	err = l.db.InTx(ctx, func(ctx context.Context) error {
		if err := l.db.Alone(ctx, "imports"); err != nil {
			return err
		}
		reference, known, err := l.imported(ctx, h)
		if err != nil {
			return err
		}
		same := known == sum
		if !same && known != "" {
			same, err = l.comesBack(ctx, reference, h)
		}
		if same || err != nil {
			o = ledger.Unchanged
			return err
		}
		if h.Status == ledger.Merged {
			if h.Into.Reference, err = l.into(ctx, reference, h); err != nil {
				o = ledger.Added
				if known != "" {
					o = ledger.Updated
				}
				return err
			}
		}
		if known != "" {
			r, o, err = l.importMore(ctx, reference, h, place, at)
		} else {
			o = ledger.Added
			r, err = l.importNew(ctx, h, place, at)
		}
		if err != nil {
			return err
		}
		if r, err = l.plan(ctx, r); err != nil {
			return err
		}
		_, err = l.db.Conn(ctx).ExecContext(ctx, `INSERT INTO imports (source, external_id, request_id, digest, imported_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (source, external_id) DO UPDATE SET digest = excluded.digest, imported_at = excluded.imported_at`,
			h.Source, h.ID, r.ID, sum, database.Stamp(at))
		return err
	})
	if err != nil {
		var field *ledger.FieldError
		switch {
		case errors.As(err, &field):
			return ledger.Request{}, "", err
		case errors.Is(err, ledger.ErrNotYet):
			return ledger.Request{}, o, err
		}
		return ledger.Request{}, "", fmt.Errorf("reprendre la demande %s de %s : %w", h.ID, h.Source, err)
	}
	return r, o, nil
}

// imported finds the request of a history and the digest of what it was last read from. A request of ours that comes back
// from a file of ours is the same as ever.
func (l *Ledger) imported(ctx context.Context, h ledger.History) (reference, sum string, err error) {
	err = l.db.Conn(ctx).QueryRowContext(ctx, `SELECT requests.reference, imports.digest FROM imports JOIN requests ON requests.id = imports.request_id
		WHERE source = $1 AND external_id = $2`, h.Source, h.ID).Scan(&reference, &sum)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
		if h.Source == ledger.Self {
			r, found := l.ours(ctx, h.ID)
			if found != nil && !errors.Is(found, ledger.ErrNotFound) {
				return "", "", found
			}
			if found == nil && r.CreatedAt.Truncate(time.Second).Equal(h.Received.Truncate(time.Second)) {
				sum, err = digest(h)
				return r.Reference, sum, err
			}
		}
	}
	return reference, sum, err
}

func (l *Ledger) ours(ctx context.Context, reference string) (ledger.Request, error) {
	return scan(l.db.Conn(ctx).QueryRowContext(ctx, `SELECT `+columns+` FROM requests WHERE reference = $1 AND channel <> $2`, reference, ledger.ImportChannel))
}

// comesBack tells that a file says of a request what we would write of it now, to the second.
func (l *Ledger) comesBack(ctx context.Context, reference string, h ledger.History) (bool, error) {
	r, err := l.hold(ctx, reference)
	if err != nil {
		return false, err
	}
	if r.Events, err = l.events(ctx, r); err != nil {
		return false, err
	}
	into, err := l.origins(ctx, ledger.Viewer{Staff: true}, []string{r.Pace.Into})
	if err != nil {
		return false, err
	}
	ours := ledger.HistoryOf(r, ledger.Origin{Source: h.Source, ID: h.ID}, into[r.Pace.Into])
	for _, h := range []*ledger.History{&ours, &h} {
		for _, at := range []*time.Time{&h.Received, &h.Taken, &h.Answered, &h.Ended, &h.Reopened} {
			*at = at.Truncate(time.Second).UTC()
		}
		h.EntryPoint, h.Deadline, h.Into.Reference = "", time.Time{}, ""
		h.Associated = slices.Concat(h.Associated) // nil when there is none
	}
	return reflect.DeepEqual(ours, h), nil
}

// into finds the request that a history was joined to, and refuses one that was itself joined, at whatever remove, to it.
func (l *Ledger) into(ctx context.Context, reference string, h ledger.History) (string, error) {
	var into, next string
	err := l.db.Conn(ctx).QueryRowContext(ctx, `SELECT requests.reference, requests.merged_into FROM imports JOIN requests ON requests.id = imports.request_id
		WHERE source = $1 AND external_id = $2`, h.Into.Source, h.Into.ID).Scan(&into, &next)
	if errors.Is(err, sql.ErrNoRows) && h.Into.Source == ledger.Self { // joined here; our numbers say nothing in another base
		err = l.db.Conn(ctx).QueryRowContext(ctx, `SELECT other.reference, other.merged_into FROM requests r JOIN requests other ON other.reference = r.merged_into
			WHERE r.reference = $1 AND r.merged_into = $2`, reference, h.Into.ID).Scan(&into, &next)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("%w : « %s », de la source « %s »", ledger.ErrNotYet, h.Into.ID, h.Into.Source)
	}
	for at := into; err == nil && at != ""; at = next {
		if at == reference {
			return "", &ledger.FieldError{Field: "joined", Err: fmt.Errorf("« %s » est déjà jointe à celle-ci", h.Into.ID)}
		}
		err = l.db.Conn(ctx).QueryRowContext(ctx, `SELECT merged_into FROM requests WHERE reference = $1`, at).Scan(&next)
	}
	return into, err
}

// absorb tells the request that another tool joined another to, and gives it what it did not know of the company.
func (l *Ledger) absorb(ctx context.Context, r ledger.Request, joined ledger.Event, at time.Time) error {
	into, err := l.hold(ctx, joined.Other)
	if err != nil {
		return err
	}
	was := into
	fill(&into, r.Company, r.Place)
	if was.Company != into.Company || was.Place != into.Place {
		if err := l.identify(ctx, into, at); err != nil {
			return err
		}
	}
	_, _, err = l.write(ctx, into, ledger.Event{At: joined.At, Kind: ledger.Absorbed, By: joined.By, Why: joined.Why, Other: r.Reference})
	return err
}

func digest(h ledger.History) (string, error) {
	h.EntryPoint, h.Deadline = "", time.Time{} // not the file's
	text, err := encode(h)
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:]), err
}

// importNew writes the request, its message and its events, three statements and not two an event: files are long.
func (l *Ledger) importNew(ctx context.Context, h ledger.History, place string, at time.Time) (ledger.Request, error) {
	key := h.Source + "/" + h.ID
	r := ledger.Request{
		Channel: ledger.ImportChannel, Thread: key, Author: h.Author, Text: h.Text, Company: h.Company, Place: h.Place, EntryPoint: h.EntryPoint, Deadline: h.Deadline,
	}
	events := append(h.Events(), ledger.Event{At: at, Kind: ledger.Imported, By: h.Source, Why: place})
	var err error
	for _, e := range events {
		if r, err = ledger.Apply(r, e); err != nil {
			return r, err
		}
	}
	conn := l.db.Conn(ctx)
	var number int64
	year := h.Received.Year()
	err = conn.QueryRowContext(ctx, `INSERT INTO request_numbers (year, last) VALUES ($1, 1)
		ON CONFLICT (year) DO UPDATE SET last = request_numbers.last + 1 RETURNING last`, year).Scan(&number)
	if err != nil {
		return r, err
	}
	r.Reference = fmt.Sprintf("%04d-%04d", year, number)
	var encoded [3]string
	for i, v := range []any{r.Associated, r.Decision, r.Pace} {
		if encoded[i], err = encode(v); err != nil {
			return r, err
		}
	}
	err = conn.QueryRowContext(ctx, `INSERT INTO requests (reference, channel, thread, author, text, company, name, siren, siret, commune, epci,
			departement, entry_point, deadline, search, person, status, lead, owner, associated, decision, created_at, updated_at, pace, merged_into)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, '', $16, $17, $18, $19, $20, $21, $22, $23, $24) RETURNING id`,
		r.Reference, r.Channel, r.Thread, r.Author, r.Text, r.Company.Name, ledger.CompanyKey(r.Company.Name), r.Company.SIREN, r.Company.SIRET,
		r.Place.Commune, r.Place.EPCI, r.Place.Departement, r.EntryPoint, database.Stamp(r.Deadline), searched(r.Reference, r.Company.Name, r.Text),
		r.Status, r.Lead, r.Owner, encoded[0], encoded[1], database.Stamp(r.CreatedAt), database.Stamp(r.UpdatedAt), encoded[2], r.Pace.Into).Scan(&r.ID)
	if err != nil {
		return r, err
	}
	var rows []string
	var args []any
	for _, e := range events {
		decision := ""
		if e.Decision != nil {
			if decision, err = encode(e.Decision); err != nil {
				return r, err
			}
		}
		rows = append(rows, "("+placeholders(&args, []any{r.ID, database.Stamp(e.At), e.Kind, e.By, e.Why, e.Status, e.Lead, e.Owner, decision, e.Other})+")")
	}
	_, err = conn.ExecContext(ctx, `INSERT INTO request_events (request_id, at, kind, actor, why, status, lead, owner, decision, other) VALUES `+strings.Join(rows, ", "), args...)
	if err != nil {
		return r, err
	}
	received := events[0]
	if err := conn.QueryRowContext(ctx, `SELECT min(id) FROM request_events WHERE request_id = $1`, r.ID).Scan(&received.ID); err != nil {
		return r, err
	}
	err = l.message(ctx, r, ledger.Intake{
		Channel: r.Channel, Message: key, Thread: key, Company: h.Company, Place: h.Place, EntryPoint: h.EntryPoint, Deadline: h.Deadline,
	}, received, false)
	if err != nil {
		return r, err
	}
	if i := slices.IndexFunc(events, func(e ledger.Event) bool { return e.Kind == ledger.MergedInto }); i >= 0 {
		return r, l.absorb(ctx, r, events[i], at)
	}
	if !r.Status.Open() {
		return r, nil
	}
	return r, l.look(ctx, r, at)
}

// importMore adds what the file has more than when it was last read.
func (l *Ledger) importMore(ctx context.Context, reference string, h ledger.History, place string, at time.Time) (r ledger.Request, o ledger.Outcome, err error) {
	if r, err = l.hold(ctx, reference); err != nil {
		return r, "", err
	}
	all, err := l.events(ctx, r)
	if err != nil {
		return r, "", err
	}
	known := slices.DeleteFunc(slices.Clone(all), func(e ledger.Event) bool { return e.By != h.Source })
	o = ledger.Kept
	add := func(e ledger.Event) error {
		changed, _, err := l.write(ctx, r, e) // whoever watches is told of the present
		if err == nil {
			r, o = changed, ledger.Updated
		}
		if err == nil && e.Kind == ledger.MergedInto {
			err = l.absorb(ctx, r, e, at)
		}
		return err
	}
	wanted := h.Events()[2:]
	if lead, owner := lastHands(known); h.Lead != "" && h.Lead != lead && h.Lead != r.Lead && r.Status.Open() {
		wanted = append([]ledger.Event{{At: at, Kind: ledger.Assigned, By: h.Source, Lead: h.Lead, Owner: h.Owner, Why: "chef de file changé dans " + h.Source}}, wanted...)
	} else if h.Owner != "" && h.Owner != owner && h.Owner != r.Owner && r.Status.Open() && r.Lead != "" {
		wanted = append([]ledger.Event{{At: at, Kind: ledger.Assigned, By: h.Source, Owner: h.Owner, Why: "personne changée dans " + h.Source}}, wanted...)
	}
	for _, e := range wanted {
		same := func(k ledger.Event) bool { return k.Kind == e.Kind && k.Status == e.Status }
		if slices.ContainsFunc(all, func(k ledger.Event) bool { // done here, and back from a file of ours, which is to the second
			return same(k) && k.Why == e.Why && k.At.Truncate(time.Second).Equal(e.At.Truncate(time.Second))
		}) {
			continue
		}
		if slices.ContainsFunc(known, func(k ledger.Event) bool {
			return same(k) && k.At.Equal(e.At) && (e.Kind != ledger.AnswerGiven || k.Why == e.Why)
		}) {
			continue
		}
		if err := add(e); errors.Is(err, ledger.ErrTransition) {
			if slices.ContainsFunc(known, same) { // a date or a reason of the past
				continue
			}
			return r, "", fmt.Errorf("%w (%s) : %w", ledger.ErrImportOrder, r.Reference, err)
		} else if err != nil {
			return r, "", err
		}
	}
	if filled := fillIn(&r, h); filled {
		o = ledger.Updated
		_, err := l.db.Conn(ctx).ExecContext(ctx, `UPDATE requests SET company = $2, name = $3, siren = $4, siret = $5, commune = $6, epci = $7,
				departement = $8, search = search || $9 WHERE id = $1`,
			r.ID, r.Company.Name, ledger.CompanyKey(r.Company.Name), r.Company.SIREN, r.Company.SIRET,
			r.Place.Commune, r.Place.EPCI, r.Place.Departement, searched("", h.Company.Name, ""))
		if err == nil && r.Status.Open() {
			err = l.look(ctx, r, at)
		}
		if err != nil {
			return r, "", err
		}
	}
	if o == ledger.Updated {
		err = add(ledger.Event{At: at, Kind: ledger.Imported, By: h.Source, Why: place})
	}
	return r, o, err
}

// lastHands gives who the source last said to have the request.
func lastHands(known []ledger.Event) (lead, owner string) {
	for _, e := range known {
		if e.Lead != "" {
			lead = e.Lead
		}
		if e.Owner != "" {
			owner = e.Owner
		}
	}
	return lead, owner
}

// fillIn completes what was not known of the company.
func fillIn(r *ledger.Request, h ledger.History) (filled bool) {
	for _, f := range []struct {
		known *string
		said  string
	}{{&r.Company.Name, h.Company.Name}, {&r.Company.SIREN, h.Company.SIREN}, {&r.Company.SIRET, h.Company.SIRET}} {
		if *f.known == "" && f.said != "" {
			*f.known, filled = f.said, true
		}
	}
	if r.Place == (ledger.Place{}) && h.Place != r.Place {
		r.Place, filled = h.Place, true
	}
	return filled
}

// Histories gives the requests that a viewer may see and a filter keeps, oldest first, as another tool can keep them: those that
// came from one under its own name and identifier, and so the one that a request was joined to, when the viewer may see it.
// The limit of the filter is not read: all are given.
func (l *Ledger) Histories(ctx context.Context, v ledger.Viewer, f ledger.Filter, each func(reference string, h ledger.History) error) error {
	var args []any
	where, err := l.where(v, f, &args)
	if err != nil {
		return err
	}
	const page = 200
	var after, last int64
	for {
		pageArgs := slices.Clone(args)
		rows, err := l.db.Conn(ctx).QueryContext(ctx, `SELECT `+columns+` FROM requests WHERE `+where+
			` AND (created_at > `+placeholder(&pageArgs, after)+` OR created_at = `+placeholder(&pageArgs, after)+` AND id > `+placeholder(&pageArgs, last)+`)
			ORDER BY created_at, id LIMIT `+placeholder(&pageArgs, page), pageArgs...)
		if err != nil {
			return fmt.Errorf("lister les demandes : %w", err)
		}
		requests, err := scanAll(rows)
		if err != nil {
			return fmt.Errorf("lister les demandes : %w", err)
		}
		if len(requests) == 0 {
			return nil
		}
		var references []string
		for _, r := range requests {
			references = append(references, r.Reference, r.Pace.Into)
		}
		origins, err := l.origins(ctx, v, references)
		if err != nil {
			return fmt.Errorf("lister les demandes : %w", err)
		}
		for _, r := range requests {
			if r.Events, err = l.events(ctx, r); err != nil {
				return fmt.Errorf("lire l'histoire de %s : %w", r.Reference, err)
			}
			into := origins[r.Pace.Into]
			if err := l.veil(ctx, v, &r); err != nil {
				return fmt.Errorf("lire l'histoire de %s : %w", r.Reference, err)
			}
			if err := each(r.Reference, ledger.HistoryOf(r, origins[r.Reference], into)); err != nil {
				return err
			}
			after, last = database.Stamp(r.CreatedAt), r.ID
		}
	}
}

// origins gives, by reference, how a file names the requests that a viewer may see: as the tool that they came from, else as we do.
func (l *Ledger) origins(ctx context.Context, v ledger.Viewer, references []string) (map[string]ledger.Origin, error) {
	var args []any
	seen, err := visible(v, &args)
	if err != nil {
		return nil, err
	}
	rows, err := l.db.Conn(ctx).QueryContext(ctx, `SELECT reference, coalesce(source, ''), coalesce(external_id, '') FROM requests
		LEFT JOIN imports ON imports.request_id = requests.id WHERE `+seen+` AND reference IN (`+placeholders(&args, references)+`)`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := map[string]ledger.Origin{}
	for rows.Next() {
		var o ledger.Origin
		if err := rows.Scan(&o.Reference, &o.Source, &o.ID); err != nil {
			return nil, err
		}
		if o.Source == "" {
			o.Source, o.ID = ledger.Self, o.Reference
		}
		found[o.Reference] = o
	}
	return found, rows.Err()
}
