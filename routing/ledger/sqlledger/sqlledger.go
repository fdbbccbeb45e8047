// Package sqlledger keeps the ledger in SQL, the same statements for both engines. It may import routing/ledger and
// migrations/database.
package sqlledger

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"guichet/migrations/database"
	"guichet/routing"
	"guichet/routing/ledger"
)

// Ledger is a ledger.Store and a ledger.Outbox.
type Ledger struct {
	db     *database.DB
	jobs   ledger.Jobs
	texts  ledger.Texts
	agenda ledger.Agenda
}

// New gives the ledger of a database; jobs plans what follows in each transaction, texts words the notices, agenda says when
// things are due.
func New(db *database.DB, jobs ledger.Jobs, texts ledger.Texts, agenda ledger.Agenda) *Ledger {
	return &Ledger{db: db, jobs: jobs, texts: texts, agenda: agenda}
}

// Take implements ledger.Store.
func (l *Ledger) Take(ctx context.Context, in ledger.Intake) (r ledger.Request, joined bool, err error) {
	if err := check(in); err != nil {
		return ledger.Request{}, false, err
	}
	err = l.db.InTx(ctx, func(ctx context.Context) error {
		// The request that another taking makes at this moment may be the one to join.
		if err := l.db.Alone(ctx, "requests"); err != nil {
			return err
		}
		var seen bool
		if r, joined, seen, err = l.taken(ctx, in.Channel, in.Message); err != nil || seen {
			return err
		}
		if r, joined, err = l.open(ctx, in); err != nil {
			return err
		}
		if joined {
			r, err = l.join(ctx, r, in)
		} else {
			r, err = l.create(ctx, in)
		}
		if err != nil {
			return err
		}
		if in.Human {
			if r, _, err = l.append(ctx, r, ledger.Event{At: in.At, Kind: ledger.HumanAsked, By: in.Author}); err != nil {
				return err
			}
		}
		r, err = l.plan(ctx, r)
		return err
	})
	if err != nil {
		return ledger.Request{}, false, fmt.Errorf("enregistrer la demande : %w", err)
	}
	return r, joined, nil
}

func check(in ledger.Intake) error {
	switch {
	case in.Channel == "" || in.Message == "" || in.Thread == "":
		return errors.New("enregistrer la demande : le canal, le message et la conversation sont requis")
	case in.At.IsZero():
		return errors.New("enregistrer la demande : l'heure du message est requise")
	case in.Decision.Lead == "" && (in.EntryPoint == "" || in.Deadline.IsZero()):
		return errors.New("enregistrer la demande : sans chef de file, la porte d'entrée et l'échéance sont requises")
	}
	return nil
}

// taken finds the request that a message already made or joined.
func (l *Ledger) taken(ctx context.Context, channel, message string) (r ledger.Request, joined, seen bool, err error) {
	var id, mark int64
	err = l.db.Conn(ctx).QueryRowContext(ctx, `SELECT request_id, joined FROM request_messages WHERE channel = $1 AND message = $2`,
		channel, message).Scan(&id, &mark)
	if errors.Is(err, sql.ErrNoRows) {
		return r, false, false, nil
	}
	if err != nil {
		return r, false, false, err
	}
	r, err = scan(l.db.Conn(ctx).QueryRowContext(ctx, `SELECT `+columns+` FROM requests WHERE id = $1`, id))
	return r, mark == 1, true, err
}

// open finds the open request that a message joins: the same company's first, else the one that its conversation is
// still asked about, unless the message names another company.
func (l *Ledger) open(ctx context.Context, in ledger.Intake) (found ledger.Request, ok bool, err error) {
	asked := ledger.Request{Channel: in.Channel, Thread: in.Thread, Author: in.Author, Person: in.Person, Text: in.Text, Company: in.Company, Place: in.Place, CreatedAt: in.At}
	args := []any{in.Company.SIREN, ledger.CompanyKey(in.Company.Name), in.Place.Commune, in.Channel, in.Thread, ledger.Waiting}
	open := placeholders(&args, ledger.OpenStatuses())
	rows, err := l.db.Conn(ctx).QueryContext(ctx, `SELECT `+columns+` FROM requests
		WHERE status IN (`+open+`) AND (siren <> '' AND siren = $1 OR name <> '' AND name = $2 AND commune = $3
			OR channel = $4 AND thread = $5 AND status = $6)
		ORDER BY id`, args...)
	if err != nil {
		return found, false, err
	}
	candidates, err := scanAll(rows)
	if err != nil {
		return found, false, err
	}
	alike, err := l.alike(ctx, asked)
	if err != nil {
		return found, false, err
	}
	found, ok, err = l.same(ctx, asked, slices.Concat(candidates, alike))
	if i := slices.IndexFunc(candidates, func(r ledger.Request) bool {
		return r.Status == ledger.Waiting && r.Channel == in.Channel && r.Thread == in.Thread && !ledger.OtherCompany(r.Company, in.Company)
	}); err == nil && !ok && i >= 0 && !in.Apart {
		found, ok = candidates[i], true
	}
	if err != nil || !ok {
		return found, false, err
	}
	found, err = l.hold(ctx, found.Reference)
	return found, found.Status.Open(), err
}

func (l *Ledger) create(ctx context.Context, in ledger.Intake) (ledger.Request, error) {
	r, err := l.insert(ctx, ledger.Request{
		Channel: in.Channel, Thread: in.Thread, Author: in.Author, Person: in.Person, Text: in.Text, Company: in.Company, Place: in.Place,
		EntryPoint: in.EntryPoint, Deadline: in.Deadline, CreatedAt: in.At,
	}, in.At)
	if err != nil {
		return r, err
	}
	r, received, err := l.append(ctx, r, ledger.Event{At: in.At, Kind: ledger.Received, By: in.Author, Why: in.Text})
	if err != nil {
		return r, err
	}
	if err := l.message(ctx, r, in, received, false); err != nil {
		return r, err
	}
	if err := l.look(ctx, r, in.At); err != nil {
		return r, err
	}
	return l.decide(ctx, r, in.Decision, "", ledger.Self, in.At)
}

// insert writes the row of a new request, numbered in its year.
func (l *Ledger) insert(ctx context.Context, r ledger.Request, at time.Time) (ledger.Request, error) {
	conn := l.db.Conn(ctx)
	var number int64
	year := at.Year()
	err := conn.QueryRowContext(ctx, `INSERT INTO request_numbers (year, last) VALUES ($1, 1)
		ON CONFLICT (year) DO UPDATE SET last = request_numbers.last + 1 RETURNING last`, year).Scan(&number)
	if err != nil {
		return r, err
	}
	r.Reference = fmt.Sprintf("%04d-%04d", year, number)
	// The events make the rest; the row is there first, for them to point to.
	err = conn.QueryRowContext(ctx, `INSERT INTO requests (reference, channel, thread, author, text, company, name, siren, siret, commune, epci,
			departement, entry_point, deadline, search, person, status, lead, owner, associated, decision, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, '', '', '', 'null', '{}', $17, $17) RETURNING id`,
		r.Reference, r.Channel, r.Thread, r.Author, r.Text, r.Company.Name, ledger.CompanyKey(r.Company.Name), r.Company.SIREN, r.Company.SIRET,
		r.Place.Commune, r.Place.EPCI, r.Place.Departement, r.EntryPoint, database.Stamp(r.Deadline),
		searched(r.Reference, r.Company.Name, r.Text), r.Person, database.Stamp(r.CreatedAt)).Scan(&r.ID)
	return r, err
}

// join adds a message to an open request. What the request did not know of its company is filled in; its lead stays.
func (l *Ledger) join(ctx context.Context, r ledger.Request, in ledger.Intake) (ledger.Request, error) {
	was := r
	fill(&r, in.Company, in.Place)
	_, err := l.db.Conn(ctx).ExecContext(ctx, `UPDATE requests SET search = search || $2 WHERE id = $1`, r.ID, searched("", in.Company.Name, in.Text))
	if err != nil {
		return r, err
	}
	if was.Company != r.Company || was.Place != r.Place {
		if err := l.identify(ctx, r, in.At); err != nil {
			return r, err
		}
	}
	r, received, err := l.append(ctx, r, ledger.Event{At: in.At, Kind: ledger.Received, By: in.Author, Why: in.Text})
	if err != nil {
		return r, err
	}
	if err := l.message(ctx, r, in, received, true); err != nil {
		return r, err
	}
	if r.Status == ledger.Waiting {
		return l.decide(ctx, r, in.Decision, "", ledger.Self, in.At)
	}
	r, _, err = l.append(ctx, r, ledger.Event{At: in.At, Kind: ledger.Decided, By: ledger.Self, Decision: &in.Decision})
	if err != nil {
		return r, err
	}
	if err := l.notify(ctx, r, received, ledger.Joined, r.Lead, false); err != nil {
		return r, err
	}
	if second := in.Decision.Lead; second != "" && second != r.Lead {
		return r, l.notify(ctx, r, received, ledger.Joined, second, false)
	}
	return r, nil
}

// fill adds to a request what it did not know of its company.
func fill(r *ledger.Request, company ledger.Company, place ledger.Place) {
	fill := func(known *string, said string) {
		if *known == "" {
			*known = said
		}
	}
	fill(&r.Company.Name, company.Name)
	fill(&r.Company.SIREN, company.SIREN)
	fill(&r.Company.SIRET, company.SIRET)
	if r.Place.Commune == "" && (r.Place.EPCI == "" || r.Place.EPCI == place.EPCI) && place != (ledger.Place{}) {
		r.Place = place
	}
}

// identify writes what is known of a request's company, and looks for its twins again.
func (l *Ledger) identify(ctx context.Context, r ledger.Request, at time.Time) error {
	_, err := l.db.Conn(ctx).ExecContext(ctx, `UPDATE requests SET company = $2, name = $3, siren = $4, siret = $5, commune = $6, epci = $7,
			departement = $8 WHERE id = $1`,
		r.ID, r.Company.Name, ledger.CompanyKey(r.Company.Name), r.Company.SIREN, r.Company.SIRET, r.Place.Commune, r.Place.EPCI, r.Place.Departement)
	if err != nil {
		return err
	}
	return l.look(ctx, r, at)
}

// message keeps where a message came from and what it said of its company: enough to make a request of its own of it.
func (l *Ledger) message(ctx context.Context, r ledger.Request, in ledger.Intake, received ledger.Event, joined bool) error {
	said, err := encode(origin{in.Thread, in.Person, in.Company, in.Place, in.EntryPoint, in.Deadline})
	if err != nil {
		return err
	}
	_, err = l.db.Conn(ctx).ExecContext(ctx, `INSERT INTO request_messages (channel, message, request_id, joined, event_id, origin) VALUES ($1, $2, $3, $4, $5, $6)`,
		in.Channel, in.Message, r.ID, flag(joined), received.ID, said)
	return err
}

// decide records a decision on a request that is Waiting and tells the directions that it names.
func (l *Ledger) decide(ctx context.Context, r ledger.Request, d routing.Decision, words, by string, at time.Time) (ledger.Request, error) {
	r, e, err := l.append(ctx, r, ledger.Event{At: at, Kind: ledger.Decided, By: by, Why: words, Lead: d.Lead, Decision: &d})
	if err != nil || r.Lead == "" {
		return r, err
	}
	if err := l.notify(ctx, r, e, ledger.NewRequest, r.Lead, false); err != nil {
		return r, err
	}
	told := []string{r.Lead}
	for _, to := range r.Associated {
		if slices.Contains(told, to) {
			continue
		}
		told = append(told, to)
		if err := l.notify(ctx, r, e, ledger.Associated, to, false); err != nil {
			return r, err
		}
	}
	return r, nil
}

// Decide implements ledger.Store.
func (l *Ledger) Decide(ctx context.Context, reference string, d routing.Decision, words, by string, at time.Time) (ledger.Request, error) {
	return l.change(ctx, "enregistrer la décision", reference, func(ctx context.Context, r ledger.Request) (ledger.Request, error) {
		if r.Status != ledger.Waiting {
			return r, fmt.Errorf("%w : la demande est %s", ledger.ErrTransition, r.Status.Label())
		}
		return l.decide(ctx, r, d, words, by, at)
	})
}

// Assign implements ledger.Store.
func (l *Ledger) Assign(ctx context.Context, reference, lead, owner, why, by string, at time.Time) (ledger.Request, error) {
	return l.change(ctx, "attribuer la demande", reference, func(ctx context.Context, r ledger.Request) (ledger.Request, error) {
		former := r.Lead
		r, e, err := l.append(ctx, r, ledger.Event{At: at, Kind: ledger.Assigned, By: by, Why: why, Lead: lead, Owner: owner})
		if err != nil || r.Lead == former {
			return r, err
		}
		if strings.TrimSpace(why) == "" {
			return r, ledger.ErrNoReason
		}
		if err := l.notify(ctx, r, e, ledger.NewRequest, r.Lead, false); err != nil {
			return r, err
		}
		return r, l.tellAll(ctx, r, e, ledger.Moved)
	})
}

// SetStatus implements ledger.Store.
func (l *Ledger) SetStatus(ctx context.Context, reference string, s ledger.Status, why, by string, at time.Time) (ledger.Request, error) {
	return l.change(ctx, "changer l'état de la demande", reference, func(ctx context.Context, r ledger.Request) (ledger.Request, error) {
		e := ledger.Event{At: at, Kind: ledger.StatusSet, By: by, Why: why, Status: s}
		deed := s.State().Deed
		if deed != nil && deed.Owns && r.Owner == "" {
			e.Owner = by
		}
		r, e, err := l.append(ctx, r, e)
		if err == nil && deed.Ask != "" && strings.TrimSpace(why) == "" {
			err = ledger.ErrNoReason
		}
		if err != nil || deed.Tells == "" {
			return r, err
		}
		return r, l.tellAll(ctx, r, e, deed.Tells)
	})
}

// Answer implements ledger.Store.
func (l *Ledger) Answer(ctx context.Context, reference, text, by string, at time.Time) (ledger.Request, error) {
	return l.change(ctx, "enregistrer la réponse", reference, func(ctx context.Context, r ledger.Request) (ledger.Request, error) {
		if strings.TrimSpace(text) == "" {
			return r, errors.New("la réponse est vide")
		}
		r, e, err := l.append(ctx, r, ledger.Event{At: at, Kind: ledger.AnswerGiven, By: by, Why: text})
		if err != nil {
			return r, err
		}
		return r, l.tellAll(ctx, r, e, ledger.Replied)
	})
}

// AskPerson implements ledger.Store.
func (l *Ledger) AskPerson(ctx context.Context, reference, text, by string, at time.Time) (ledger.Request, error) {
	return l.change(ctx, "demander une précision sur la demande", reference, func(ctx context.Context, r ledger.Request) (ledger.Request, error) {
		switch {
		case strings.TrimSpace(text) == "":
			return r, errors.New("la question est vide")
		case !r.Written():
			return r, ledger.ErrOutOfReach
		}
		r, e, err := l.append(ctx, r, ledger.Event{At: at, Kind: ledger.Questioned, By: by, Why: text})
		if err != nil {
			return r, err
		}
		return r, l.tell(ctx, r, e, ledger.Question)
	})
}

// Specify implements ledger.Store.
func (l *Ledger) Specify(ctx context.Context, reference, text, by string, at time.Time) (ledger.Request, error) {
	return l.change(ctx, "noter la précision de la demande", reference, func(ctx context.Context, r ledger.Request) (ledger.Request, error) {
		r, e, err := l.say(ctx, r, ledger.Event{At: at, Kind: ledger.Specified, By: by, Why: text})
		if err != nil {
			return r, err
		}
		return r, l.notify(ctx, r, e, ledger.Precision, r.Lead, false)
	})
}

// Amend implements ledger.Store.
func (l *Ledger) Amend(ctx context.Context, reference, text, by string, at time.Time) (ledger.Request, error) {
	return l.change(ctx, "noter la modification de la demande", reference, func(ctx context.Context, r ledger.Request) (ledger.Request, error) {
		r, e, err := l.append(ctx, r, ledger.Event{At: at, Kind: ledger.Amended, By: by, Why: text})
		if err != nil {
			return r, err
		}
		return r, l.notify(ctx, r, e, ledger.Changed, cmp.Or(r.Lead, r.EntryPoint), false)
	})
}

// Note writes in a request's history what happened to a sheet of a project that comes from it: e is a Projected event. It needs the
// transaction of its context.
func (l *Ledger) Note(ctx context.Context, reference string, e ledger.Event) error {
	_, err := l.change(ctx, "noter la fiche "+e.Other+" dans la demande", reference, func(ctx context.Context, r ledger.Request) (ledger.Request, error) {
		r, _, err := l.append(ctx, r, e)
		return r, err
	})
	return err
}

// Hold implements ledger.Store.
func (l *Ledger) Hold(ctx context.Context, reference string) (ledger.Request, error) {
	if _, ok := l.db.Tx(ctx); !ok {
		return ledger.Request{}, errors.New("retenir une demande demande une transaction")
	}
	r, err := l.hold(ctx, reference)
	if err != nil {
		return r, fmt.Errorf("retenir la demande %s : %w", reference, err)
	}
	return r, nil
}

// Reopen implements ledger.Store.
func (l *Ledger) Reopen(ctx context.Context, reference, why, by string, at time.Time) (ledger.Request, error) {
	return l.change(ctx, "rouvrir la demande", reference, func(ctx context.Context, r ledger.Request) (ledger.Request, error) {
		r, e, err := l.append(ctx, r, ledger.Event{At: at, Kind: ledger.Reopened, By: by, Why: why})
		if err == nil && strings.TrimSpace(why) == "" {
			err = ledger.ErrNoReason
		}
		if err != nil {
			return r, err
		}
		if r.Status == ledger.Waiting { // it never had a lead
			return r, nil
		}
		return r, l.notify(ctx, r, e, ledger.Returned, r.Lead, false)
	})
}

// AskHuman implements ledger.Store.
func (l *Ledger) AskHuman(ctx context.Context, reference, entryPoint, text, by string, at time.Time) (ledger.Request, error) {
	return l.change(ctx, "demander quelqu'un", reference, func(ctx context.Context, r ledger.Request) (ledger.Request, error) {
		r, e, err := l.say(ctx, r, ledger.Event{At: at, Kind: ledger.HumanAsked, By: by, Why: text})
		if err != nil {
			return r, err
		}
		to := r.Lead
		if to == "" {
			to = entryPoint
		}
		if to == "" {
			return r, errors.New("ni chef de file ni porte d'entrée à prévenir")
		}
		return r, l.notify(ctx, r, e, ledger.Human, to, false)
	})
}

// hold reads a request for changing it: a PostgreSQL transaction that would change it too waits for this one to end,
// then reads what it wrote.
func (l *Ledger) hold(ctx context.Context, reference string) (ledger.Request, error) {
	if _, err := l.db.Conn(ctx).ExecContext(ctx, `UPDATE requests SET updated_at = updated_at WHERE reference = $1`, reference); err != nil {
		return ledger.Request{}, err
	}
	// A statement that waited still reads the other tables as they were before it did: the version is read by another.
	r, err := scan(l.db.Conn(ctx).QueryRowContext(ctx, `SELECT `+columns+` FROM requests WHERE reference = $1`, reference))
	begun := func(p ledger.Part) bool { return p.Status != ledger.Transmitted || !p.Since.IsZero() }
	if err != nil || !r.Pace.Since.IsZero() && !slices.ContainsFunc(r.Pace.Parts, func(p ledger.Part) bool { return !begun(p) }) {
		return r, err
	}
	// It was written before the ledger kept its pace, or that of its parts: the events tell it.
	events, err := l.events(ctx, r)
	var replayed ledger.Request
	for _, e := range events {
		if err == nil {
			replayed, err = ledger.Apply(replayed, e)
		}
	}
	r.Pace = replayed.Pace
	return r, err
}

// change runs one change of a request in a transaction that holds it.
func (l *Ledger) change(ctx context.Context, doing, reference string, do func(context.Context, ledger.Request) (ledger.Request, error)) (r ledger.Request, err error) {
	err = l.db.InTx(ctx, func(ctx context.Context) error {
		if r, err = l.hold(ctx, reference); err != nil {
			return err
		}
		if r, err = do(ctx, r); err != nil {
			return err
		}
		r, err = l.plan(ctx, r)
		return err
	})
	if err != nil {
		return ledger.Request{}, fmt.Errorf("%s %s : %w", doing, reference, err)
	}
	return r, nil
}

// append writes an event and what it makes of its request, and tells who watches.
func (l *Ledger) append(ctx context.Context, r ledger.Request, e ledger.Event) (ledger.Request, ledger.Event, error) {
	r, e, err := l.write(ctx, r, e)
	if watcher, ok := l.jobs.(ledger.Watcher); ok && err == nil {
		err = watcher.Happened(ctx, r, e)
	}
	return r, e, err
}

// write writes an event and what it makes of its request. One that ends is looked at no more when others are taken, until it is
// open again.
func (l *Ledger) write(ctx context.Context, r ledger.Request, e ledger.Event) (ledger.Request, ledger.Event, error) {
	was := r.Status
	r, err := ledger.Apply(r, e)
	if err != nil {
		return r, e, err
	}
	decision := ""
	if e.Decision != nil {
		if decision, err = encode(e.Decision); err != nil {
			return r, e, err
		}
	}
	conn := l.db.Conn(ctx)
	err = conn.QueryRowContext(ctx, `INSERT INTO request_events (request_id, at, kind, actor, why, status, lead, owner, decision, other, step)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id`,
		r.ID, database.Stamp(e.At), e.Kind, e.By, e.Why, e.Status, e.Lead, e.Owner, decision, e.Other, e.Step).Scan(&e.ID)
	if err != nil {
		return r, e, err
	}
	if !slices.Contains(quiet, e.Kind) {
		r.Version = e.ID
	}
	associated, err := encode(r.Associated)
	if err != nil {
		return r, e, err
	}
	current, err := encode(r.Decision)
	if err != nil {
		return r, e, err
	}
	pace, err := encode(r.Pace)
	if err != nil {
		return r, e, err
	}
	_, err = conn.ExecContext(ctx, `UPDATE requests SET status = $2, lead = $3, owner = $4, associated = $5, decision = $6, updated_at = $7, pace = $8, merged_into = $9 WHERE id = $1`,
		r.ID, r.Status, r.Lead, r.Owner, associated, current, database.Stamp(r.UpdatedAt), pace, r.Pace.Into)
	if err == nil && was != "" && was.Open() != r.Status.Open() {
		err = l.look(ctx, r, e.At)
	}
	return r, e, err
}

// Get implements ledger.Store.
func (l *Ledger) Get(ctx context.Context, v ledger.Viewer, reference string) (ledger.Request, error) {
	args := []any{reference}
	seen, err := visible(v, &args)
	if err != nil {
		return ledger.Request{}, err
	}
	r, err := scan(l.db.Conn(ctx).QueryRowContext(ctx, `SELECT `+columns+` FROM requests WHERE reference = $1 AND `+seen, args...))
	if err != nil {
		return ledger.Request{}, fmt.Errorf("lire la demande %s : %w", reference, err)
	}
	if r.Events, err = l.events(ctx, r); err != nil {
		return ledger.Request{}, fmt.Errorf("lire l'historique de %s : %w", reference, err)
	}
	if err := l.veil(ctx, v, &r); err != nil {
		return ledger.Request{}, fmt.Errorf("lire l'historique de %s : %w", reference, err)
	}
	return r, nil
}

func (l *Ledger) events(ctx context.Context, r ledger.Request) (all []ledger.Event, err error) {
	rows, err := l.db.Conn(ctx).QueryContext(ctx, `SELECT `+eventColumns+` FROM request_events WHERE request_id = $1 ORDER BY id`, r.ID)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		_, e, err := scanEvent(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, rows.Err()
}

const eventColumns = `request_id, id, at, kind, actor, why, status, lead, owner, decision, other, step`

func scanEvent(rows *sql.Rows) (request int64, e ledger.Event, err error) {
	var at int64
	var decision string
	err = rows.Scan(&request, &e.ID, &at, &e.Kind, &e.By, &e.Why, &e.Status, &e.Lead, &e.Owner, &decision, &e.Other, &e.Step)
	if err == nil && decision != "" {
		err = json.Unmarshal([]byte(decision), &e.Decision)
	}
	e.At = database.Time(at)
	return request, e, err
}

// List implements ledger.Store.
func (l *Ledger) List(ctx context.Context, v ledger.Viewer, f ledger.Filter) ([]ledger.Request, error) {
	var args []any
	where, err := l.where(v, f, &args)
	if err != nil {
		return nil, err
	}
	rows, err := l.db.Conn(ctx).QueryContext(ctx, `SELECT `+columns+` FROM requests WHERE `+where+
		` ORDER BY created_at DESC, id DESC LIMIT `+placeholder(&args, limit(f.Limit)), args...)
	if err != nil {
		return nil, fmt.Errorf("lister les demandes : %w", err)
	}
	requests, err := scanAll(rows)
	if err != nil {
		return nil, fmt.Errorf("lister les demandes : %w", err)
	}
	for i := range requests {
		if err := l.veil(ctx, v, &requests[i]); err != nil {
			return nil, fmt.Errorf("lister les demandes : %w", err)
		}
	}
	return requests, nil
}

// where gives the condition that keeps what a viewer may see and a filter wants.
func (l *Ledger) where(v ledger.Viewer, f ledger.Filter, args *[]any) (string, error) {
	where, err := visible(v, args)
	if err != nil {
		return "", err
	}
	if len(f.Status) > 0 {
		where += ` AND status IN (` + placeholders(args, f.Status) + `)`
	}
	for _, equal := range []struct{ column, value string }{{"lead", f.Lead}, {"siren", f.SIREN}, {"epci", f.EPCI}, {"name", ledger.CompanyKey(f.Company)}} {
		if equal.value != "" {
			where += ` AND ` + equal.column + ` = ` + placeholder(args, equal.value)
		}
	}
	if !f.Late.IsZero() {
		where += ` AND due_at <> 0 AND due_at < ` + placeholder(args, database.Stamp(f.Late))
	}
	if f.Part != "" {
		part, err := encode(ledger.Part{Direction: f.Part, Status: ledger.Transmitted})
		if err != nil {
			return "", err
		}
		part = strings.TrimSuffix(part, "}") // who said so follows
		where += ` AND pace LIKE ` + placeholder(args, "%"+wildcards.Replace(part)+"%") + ` ESCAPE '\' AND status IN (` + placeholders(args, ledger.OpenStatuses()) + `)`
	}
	if f.Questioned {
		where += ` AND (SELECT kind FROM request_events e WHERE e.request_id = requests.id AND e.kind IN ('questioned', 'specified')
			ORDER BY e.id DESC LIMIT 1) = 'questioned'`
	}
	if text := strings.TrimSpace(ledger.Fold(f.Text)); text != "" {
		where += ` AND search LIKE ` + placeholder(args, "%"+wildcards.Replace(text)+"%") + ` ESCAPE '\'`
	}
	return where, nil
}

// wildcards makes a text match itself in LIKE … ESCAPE '\'.
var wildcards = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// visible gives the condition that keeps what a viewer may see.
func visible(v ledger.Viewer, args *[]any) (string, error) {
	if err := v.Check(); err != nil {
		return "", err
	}
	if v.Staff {
		return "1 = 1", nil
	}
	var either []string
	if v.EPCI != "" {
		either = append(either, `epci = `+placeholder(args, v.EPCI))
	}
	if v.Person != "" {
		either = append(either, `person = `+placeholder(args, v.Person))
	}
	if v.Channel != "" && v.Thread != "" {
		either = append(either, `channel = `+placeholder(args, v.Channel)+` AND thread = `+placeholder(args, v.Thread))
	}
	return "(" + strings.Join(either, " OR ") + ")", nil
}

var columns = `id, reference, channel, thread, author, text, company, siren, siret, commune, epci, departement, entry_point, deadline,
	status, lead, owner, associated, decision, created_at, updated_at, person, pace, due_at, next_at,
	(SELECT coalesce(max(e.id), 0) FROM request_events e WHERE e.request_id = requests.id
		AND e.kind NOT IN (` + quoted(quiet) + `))`

// quiet are the events that leave a request's version as it is.
var quiet = []ledger.EventKind{
	ledger.NoticeSent, ledger.NoticeDead, ledger.Reminded, ledger.Escalated, ledger.NoNews, ledger.PartReminded, ledger.PartEscalated, ledger.Overtaken,
	ledger.PartSet, ledger.StepSet, ledger.ToldApart, ledger.Projected, ledger.Imported,
}

// quoted writes names of the program's own in SQL.
func quoted[T ~string](names []T) string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = "'" + string(name) + "'"
	}
	return strings.Join(list, ", ")
}

func scan(row interface{ Scan(...any) error }) (r ledger.Request, err error) {
	var deadline, created, updated, due, next int64
	var associated, decision, pace string
	err = row.Scan(&r.ID, &r.Reference, &r.Channel, &r.Thread, &r.Author, &r.Text, &r.Company.Name, &r.Company.SIREN, &r.Company.SIRET,
		&r.Place.Commune, &r.Place.EPCI, &r.Place.Departement, &r.EntryPoint, &deadline, &r.Status, &r.Lead, &r.Owner,
		&associated, &decision, &created, &updated, &r.Person, &pace, &due, &next, &r.Version)
	if errors.Is(err, sql.ErrNoRows) {
		return r, ledger.ErrNotFound
	}
	if err != nil {
		return r, err
	}
	err = errors.Join(json.Unmarshal([]byte(associated), &r.Associated), json.Unmarshal([]byte(decision), &r.Decision))
	if pace != "" {
		err = errors.Join(err, json.Unmarshal([]byte(pace), &r.Pace))
	}
	if err != nil {
		return r, fmt.Errorf("demande %s illisible : %w", r.Reference, err)
	}
	r.Due, r.Next = database.Time(due), database.Time(next)
	r.Deadline, r.CreatedAt, r.UpdatedAt = database.Time(deadline), database.Time(created), database.Time(updated)
	return r, nil
}

func scanAll(rows *sql.Rows) (all []ledger.Request, err error) {
	defer rows.Close()
	for rows.Next() {
		r, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

func searched(reference, company, text string) string {
	return ledger.Fold("\n" + reference + "\n" + company + "\n" + text)
}

func placeholder(args *[]any, value any) string {
	*args = append(*args, value)
	return fmt.Sprintf("$%d", len(*args))
}

func placeholders[T any](args *[]any, values []T) string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = placeholder(args, v)
	}
	return strings.Join(list, ", ")
}

func limit(n int) int {
	if n <= 0 {
		return 100
	}
	return n
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

func encode(v any) (string, error) {
	data, err := json.Marshal(v)
	return string(data), err
}
