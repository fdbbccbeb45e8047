// Package sqlsheet keeps the sheets of projects in SQL, the same statements for both engines. It may import routing/sheet,
// routing/convention for days, routing/ledger and migrations/database.
package sqlsheet

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
	"guichet/routing/convention"
	"guichet/routing/ledger"
	"guichet/routing/sheet"
)

// Ledger is what sheets need of the requests: who asked, and the outbox.
type Ledger interface {
	Get(ctx context.Context, v ledger.Viewer, reference string) (ledger.Request, error)
	// Tell writes a notice, once for its key, in the transaction of the context.
	Tell(ctx context.Context, n ledger.Notice, data ledger.TextData) error
	// Note writes in the history of a request what happened to its sheet, in the transaction of the context.
	Note(ctx context.Context, reference string, e ledger.Event) error
}

// Store is a sheet.Store.
type Store struct {
	db       *database.DB
	ledger   Ledger
	settings routing.Sheets
	// names are those of the EPCIs, officers those who follow them, by SIREN.
	names    map[string]string
	officers map[string]routing.Officer
}

var _ sheet.Store = (*Store)(nil)

// New gives the sheets of a database.
func New(db *database.DB, requests Ledger, settings routing.Sheets, names map[string]string, officers map[string]routing.Officer) *Store {
	return &Store{db: db, ledger: requests, settings: settings, names: names, officers: officers}
}

var staff = ledger.Viewer{Staff: true}

// New implements sheet.Store.
func (s *Store) New(ctx context.Context, f sheet.Sheet, by string, at time.Time) (sheet.Sheet, error) {
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		slices.Sort(f.Territories)
		f.Territories = slices.Compact(f.Territories)
		if err := sheet.Check(f, convention.DayOf(at)); err != nil {
			return err
		}
		if f.Request != "" {
			if _, err := s.ledger.Get(ctx, staff, f.Request); err != nil {
				return err
			}
		}
		conn := s.db.Conn(ctx)
		var number int64
		err := conn.QueryRowContext(ctx, `INSERT INTO sheet_numbers (year, last) VALUES ($1, 1)
			ON CONFLICT (year) DO UPDATE SET last = sheet_numbers.last + 1 RETURNING last`, at.Year()).Scan(&number)
		if err != nil {
			return err
		}
		f.Reference, f.Stage, f.CreatedAt = fmt.Sprintf("P-%04d-%04d", at.Year(), number), sheet.Draft, at.UTC()
		body := f
		body.Territories, body.Answers, body.Events = nil, nil, nil
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		_, err = conn.ExecContext(ctx, `INSERT INTO sheets (reference, body, stage, deadline, created_at) VALUES ($1, $2, $3, $4, $5)`,
			f.Reference, string(data), f.Stage, f.Deadline, database.Stamp(at))
		if err != nil {
			return err
		}
		for _, epci := range f.Territories {
			if _, err := conn.ExecContext(ctx, `INSERT INTO sheet_territories (reference, epci) VALUES ($1, $2)`, f.Reference, epci); err != nil {
				return err
			}
		}
		return s.event(ctx, f, sheet.Event{At: at, Kind: sheet.Created, By: by})
	})
	if err != nil {
		return f, fmt.Errorf("écrire la fiche : %w", err)
	}
	return f, nil
}

// event writes what happened to a sheet, in the history of its request too.
func (s *Store) event(ctx context.Context, f sheet.Sheet, e sheet.Event) error {
	_, err := s.db.Conn(ctx).ExecContext(ctx, `INSERT INTO sheet_events (reference, at, kind, actor, epci, why) VALUES ($1, $2, $3, $4, $5, $6)`,
		f.Reference, database.Stamp(e.At), e.Kind, e.By, e.EPCI, e.Why)
	if err != nil || f.Request == "" {
		return err
	}
	said := []string{"« " + f.Title + " », " + e.Kind.Label()}
	if e.EPCI != "" {
		said = append(said, cmp.Or(s.names[e.EPCI], e.EPCI))
	}
	if e.Why != "" {
		said = append(said, e.Why)
	}
	return s.ledger.Note(ctx, f.Request, ledger.Event{At: e.At, Kind: ledger.Projected, By: e.By, Other: f.Reference, Why: strings.Join(said, ", ")})
}

// change runs one change of a sheet, at one of some stages, in a transaction that holds it.
func (s *Store) change(ctx context.Context, doing, reference string, stage sheet.Stage, do func(ctx context.Context, f sheet.Sheet) error) (f sheet.Sheet, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.db.Conn(ctx).ExecContext(ctx, `UPDATE sheets SET stage = stage WHERE reference = $1`, reference); err != nil {
			return err
		}
		if f, err = s.Get(ctx, staff, reference); err != nil {
			return err
		}
		if f.Stage != stage {
			return fmt.Errorf("%w : elle est %s", sheet.ErrStage, f.Stage.Label())
		}
		if err := do(ctx, f); err != nil {
			return err
		}
		f, err = s.Get(ctx, staff, reference)
		return err
	})
	if err != nil {
		return sheet.Sheet{}, fmt.Errorf("%s %s : %w", doing, reference, err)
	}
	return f, nil
}

// Send implements sheet.Store.
func (s *Store) Send(ctx context.Context, reference string, to sheet.Reachable, by string, at time.Time) (sheet.Sheet, error) {
	return s.change(ctx, "envoyer la fiche", reference, sheet.Draft, func(ctx context.Context, f sheet.Sheet) error {
		if err := sheet.Check(f, convention.DayOf(at)); err != nil {
			return err
		}
		if _, err := s.db.Conn(ctx).ExecContext(ctx, `UPDATE sheets SET stage = $2, sent_at = $3 WHERE reference = $1`, reference, sheet.Sent, database.Stamp(at)); err != nil {
			return err
		}
		for _, epci := range f.Territories {
			if err := s.tell(ctx, f, epci, ledger.SheetSent, "envoi", f.Lines(s.settings.Reasons), to, at); err != nil {
				return err
			}
		}
		return s.event(ctx, f, sheet.Event{At: at, Kind: sheet.WasSent, By: by})
	})
}

// tell writes a notice for a territory.
func (s *Store) tell(ctx context.Context, f sheet.Sheet, epci string, kind ledger.NoticeKind, what, text string, to sheet.Reachable, at time.Time) error {
	n := ledger.Notice{Key: f.Reference + "/" + epci + "/" + what, Kind: kind, CreatedAt: at}
	data := ledger.TextData{Reference: f.Reference, Scope: cmp.Or(s.names[epci], epci), EPCI: epci, Due: f.Deadline.French(), Text: text}
	channel, err := to(ctx, epci)
	if err != nil {
		return err
	}
	if channel {
		n.EPCI = epci
	} else {
		n.To, data.To, data.Owner = s.settings.Direction, s.settings.Direction, s.officers[epci].Name
	}
	return s.ledger.Tell(ctx, n, data)
}

// Answer implements sheet.Store.
func (s *Store) Answer(ctx context.Context, reference string, a sheet.Answer) (sheet.Sheet, error) {
	return s.change(ctx, "répondre à la fiche", reference, sheet.Sent, func(ctx context.Context, f sheet.Sheet) error {
		switch {
		case !slices.Contains(f.Territories, a.EPCI):
			return sheet.ErrNotFound
		case convention.DayOf(a.At) > f.Deadline:
			return sheet.ErrOver
		}
		a.At = a.At.UTC()
		data, err := json.Marshal(a)
		if err != nil {
			return err
		}
		_, err = s.db.Conn(ctx).ExecContext(ctx, `UPDATE sheet_territories SET answer = $3 WHERE reference = $1 AND epci = $2`, reference, a.EPCI, string(data))
		if err != nil {
			return err
		}
		// The event keeps each answer, those that were replaced too.
		return s.event(ctx, f, sheet.Event{At: a.At, Kind: sheet.Answered, By: a.By, EPCI: a.EPCI, Why: f.Said(a, s.settings)})
	})
}

// Close implements sheet.Store.
func (s *Store) Close(ctx context.Context, reference, why, by string, at time.Time) (sheet.Sheet, error) {
	return s.change(ctx, "clore la fiche", reference, sheet.Sent, func(ctx context.Context, f sheet.Sheet) error {
		return s.stage(ctx, f, sheet.Closed, sheet.Event{At: at, Kind: sheet.WasClosed, By: by, Why: why})
	})
}

func (s *Store) stage(ctx context.Context, f sheet.Sheet, stage sheet.Stage, e sheet.Event) error {
	if _, err := s.db.Conn(ctx).ExecContext(ctx, `UPDATE sheets SET stage = $2 WHERE reference = $1`, f.Reference, stage); err != nil {
		return err
	}
	return s.event(ctx, f, e)
}

// Return implements sheet.Store.
func (s *Store) Return(ctx context.Context, reference, by string, at time.Time) (sheet.Sheet, error) {
	return s.change(ctx, "rendre les réponses de la fiche", reference, sheet.Closed, func(ctx context.Context, f sheet.Sheet) error {
		c := sheet.Compare(f, s.names, s.settings)
		n := ledger.Notice{Key: reference + "/retour", Kind: ledger.SheetReturned, To: s.settings.Direction, Reference: f.Request, CreatedAt: at}
		data := ledger.TextData{Reference: reference, Due: f.Deadline.French()}
		if f.Request != "" {
			r, err := s.ledger.Get(ctx, staff, f.Request)
			if err != nil {
				return err
			}
			n.To = cmp.Or(r.Lead, r.EntryPoint, n.To)
			if private(r) {
				n.To, n.Channel, n.Thread, data.Text = "", r.Channel, r.Thread, c.Text()
			}
		}
		// What a direction gets leaves for a channel that others may read: it counts, and the page tells.
		data.To, data.Number, data.Likeness = n.To, len(c.Offers), fmt.Sprintf("%d refus, %d sans réponse", len(c.Declined), len(c.Silent))
		if err := s.ledger.Tell(ctx, n, data); err != nil {
			return err
		}
		to := cmp.Or(n.To, "la personne qui a fait la demande "+f.Request)
		return s.stage(ctx, f, sheet.Returned, sheet.Event{At: at, Kind: sheet.WasReturned, By: by, Why: "à " + to})
	})
}

// private tells that only a company's own person reads the conversation of a request: offers of territories are not shown where
// another territory may read them.
func private(r ledger.Request) bool {
	requester, said := r.Decision.Facts.Get("requester")
	return r.Written() && r.Person != "" && r.Channel == r.Person && (!said || requester.Value == "company")
}

const columns = `body, stage, created_at, sent_at, reminded`

// visible gives the condition that keeps the sheets, and the territories, that a viewer may see.
func visible(v ledger.Viewer, args *[]any) (sheets, territories string, err error) {
	switch err := v.Check(); {
	case err != nil:
		return "", "", err
	case v.Staff:
		return "1 = 1", "1 = 1", nil
	case v.EPCI == "":
		return "1 = 0", "1 = 0", nil
	}
	*args = append(*args, v.EPCI)
	own := fmt.Sprintf("epci = $%d", len(*args))
	return `stage <> 'draft' AND EXISTS (SELECT 1 FROM sheet_territories t WHERE t.reference = sheets.reference AND t.` + own + `)`, own, nil
}

// Get implements sheet.Store.
func (s *Store) Get(ctx context.Context, v ledger.Viewer, reference string) (sheet.Sheet, error) {
	all, err := s.read(ctx, v, reference)
	if err == nil && len(all) == 0 {
		err = sheet.ErrNotFound
	}
	if err != nil {
		return sheet.Sheet{}, fmt.Errorf("lire la fiche %s : %w", reference, err)
	}
	f := all[0]
	if !v.Staff {
		return f, nil
	}
	rows, err := s.db.Conn(ctx).QueryContext(ctx, `SELECT at, kind, actor, epci, why FROM sheet_events WHERE reference = $1 ORDER BY id`, reference)
	if err != nil {
		return f, fmt.Errorf("lire l'histoire de la fiche %s : %w", reference, err)
	}
	f.Events, err = collect(rows, func(scan func(...any) error) (e sheet.Event, err error) {
		var at int64
		err = scan(&at, &e.Kind, &e.By, &e.EPCI, &e.Why)
		e.At = database.Time(at)
		return e, err
	})
	if err != nil {
		return f, fmt.Errorf("lire l'histoire de la fiche %s : %w", reference, err)
	}
	return f, nil
}

// List implements sheet.Store.
func (s *Store) List(ctx context.Context, v ledger.Viewer) ([]sheet.Sheet, error) {
	all, err := s.read(ctx, v, "")
	if err != nil {
		return nil, fmt.Errorf("lister les fiches : %w", err)
	}
	return all, nil
}

// read gives the sheets that a viewer may see, one of them if a reference is given, with their territories and answers.
func (s *Store) read(ctx context.Context, v ledger.Viewer, reference string) ([]sheet.Sheet, error) {
	args := []any{reference}
	where, own, err := visible(v, &args)
	if err != nil {
		return nil, err
	}
	conn := s.db.Conn(ctx)
	rows, err := conn.QueryContext(ctx, `SELECT `+columns+` FROM sheets WHERE ($1 = '' OR reference = $1) AND `+where+` ORDER BY created_at DESC, reference DESC`, args...)
	if err != nil {
		return nil, err
	}
	all, err := collect(rows, func(scan func(...any) error) (f sheet.Sheet, err error) {
		var body string
		var stage sheet.Stage
		var created, sent int64
		if err = scan(&body, &stage, &created, &sent, &f.Reminded); err == nil {
			err = json.Unmarshal([]byte(body), &f)
		}
		f.Stage, f.CreatedAt, f.SentAt = stage, database.Time(created), database.Time(sent)
		return f, err
	})
	if err != nil || len(all) == 0 {
		return nil, err
	}
	at := map[string]int{}
	for i, f := range all {
		at[f.Reference] = i
	}
	rows, err = conn.QueryContext(ctx, `SELECT reference, epci, answer FROM sheet_territories WHERE ($1 = '' OR reference = $1) AND `+own+` ORDER BY reference, epci`, args...)
	if err != nil {
		return nil, err
	}
	type territory struct{ reference, epci, answer string }
	said, err := collect(rows, func(scan func(...any) error) (t territory, err error) {
		return t, scan(&t.reference, &t.epci, &t.answer)
	})
	if err != nil {
		return nil, err
	}
	for _, t := range said {
		i, ok := at[t.reference]
		if !ok {
			continue
		}
		all[i].Territories = append(all[i].Territories, t.epci)
		if t.answer == "" {
			continue
		}
		var a sheet.Answer
		if err := json.Unmarshal([]byte(t.answer), &a); err != nil {
			return nil, err
		}
		all[i].Answers = append(all[i].Answers, a)
	}
	for i := range all {
		all[i] = all[i].SeenBy(v)
	}
	return all, nil
}

func collect[T any](rows *sql.Rows, one func(scan func(...any) error) (T, error)) (all []T, err error) {
	defer rows.Close()
	for rows.Next() {
		v, err := one(rows.Scan)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

// Round implements sheet.Store.
func (s *Store) Round(ctx context.Context, at time.Time, to sheet.Reachable) error {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, `SELECT reference FROM sheets WHERE stage IN ('sent', 'closed') ORDER BY deadline, reference`)
	if err != nil {
		return fmt.Errorf("chercher les fiches à suivre : %w", err)
	}
	live, err := collect(rows, func(scan func(...any) error) (reference string, err error) { return reference, scan(&reference) })
	if err != nil {
		return fmt.Errorf("chercher les fiches à suivre : %w", err)
	}
	for _, reference := range live {
		if ctx.Err() != nil {
			return nil
		}
		// Another replica may have done it meanwhile.
		if one := s.follow(ctx, reference, at, to); !errors.Is(one, sheet.ErrStage) {
			err = errors.Join(err, one)
		}
	}
	return err
}

func (s *Store) follow(ctx context.Context, reference string, at time.Time, to sheet.Reachable) error {
	f, err := s.Get(ctx, staff, reference)
	if err != nil {
		return err
	}
	on := convention.AlertDay(at)
	if f.Stage == sheet.Sent && f.Deadline < on {
		if _, err := s.Close(ctx, reference, "la date limite est passée", ledger.Self, at); err != nil {
			return err
		}
		f.Stage = sheet.Closed
	}
	if f.Stage == sheet.Closed && f.Deadline < on {
		_, err := s.Return(ctx, reference, ledger.Self, at)
		return err
	}
	due, ok := f.Reminder(s.settings.Reminders, on)
	if f.Stage != sheet.Sent || !ok {
		return nil
	}
	_, err = s.change(ctx, "relancer pour la fiche", reference, sheet.Sent, func(ctx context.Context, f sheet.Sheet) error {
		for _, epci := range f.Territories {
			if _, answered := f.AnswerOf(epci); answered {
				continue
			}
			if err := s.tell(ctx, f, epci, ledger.SheetReminder, fmt.Sprintf("rappel-%d", due), f.Title, to, at); err != nil {
				return err
			}
		}
		_, err := s.db.Conn(ctx).ExecContext(ctx, `UPDATE sheets SET reminded = $2 WHERE reference = $1`, reference, due)
		return err
	})
	return err
}
