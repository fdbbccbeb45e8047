// Package sqlconvention keeps the conventions in SQL, the same statements for both engines. It may import routing/convention
// and migrations/database.
package sqlconvention

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
	"guichet/routing"
	"guichet/routing/convention"
)

// Conventions is a convention.Store and a convention.Outbox.
type Conventions struct {
	db       *database.DB
	jobs     convention.Jobs
	settings routing.Conventions
	word     Word
}

// Word gives the text of an alert.
type Word func(c convention.Convention, a convention.Alert) string

// New gives the conventions of a database; jobs plans the deliveries in each transaction, settings say when the end of a
// convention is told and to whom, word words it.
func New(db *database.DB, jobs convention.Jobs, settings routing.Conventions, word Word) *Conventions {
	return &Conventions{db: db, jobs: jobs, settings: settings, word: word}
}

const columns = `id, type, epci, themes, starts, ends, signed, document, renews`

func scan(row interface{ Scan(...any) error }) (c convention.Convention, err error) {
	var themes string
	err = row.Scan(&c.ID, &c.Type, &c.EPCI, &themes, &c.Start, &c.End, &c.Signed, &c.Document, &c.Renews)
	if errors.Is(err, sql.ErrNoRows) {
		return c, convention.ErrNotFound
	}
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal([]byte(themes), &c.Themes); err != nil {
		return c, fmt.Errorf("convention %s illisible : %w", c.ID, err)
	}
	return c, nil
}

func (s *Conventions) list(ctx context.Context, query string, args ...any) (all []convention.Convention, err error) {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		c, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, rows.Err()
}

// Record implements convention.Store.
func (s *Conventions) Record(ctx context.Context, all []convention.Convention, by string, at time.Time) (changes []convention.Change, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		// Who renews whom is checked among all: two recordings at once would each miss the other's.
		if err := s.db.Alone(ctx, "conventions"); err != nil {
			return err
		}
		known, err := s.list(ctx, `SELECT `+columns+` FROM conventions WHERE removed_at = 0`)
		if err != nil {
			return err
		}
		changes = nil
		for _, c := range all {
			if c.Themes == nil {
				c.Themes = []string{}
			}
			change := convention.Added
			i := slices.IndexFunc(known, func(k convention.Convention) bool { return k.ID == c.ID })
			switch {
			case i < 0:
				known = append(known, c)
			case same(known[i], c):
				change = convention.Unchanged
			default:
				change, known[i] = convention.Corrected, c
			}
			changes = append(changes, change)
			if change == convention.Unchanged {
				continue
			}
			if err := s.write(ctx, c, by, at); err != nil {
				return err
			}
			if err := s.note(ctx, c, convention.Event{At: at, Kind: change, By: by}); err != nil {
				return err
			}
		}
		return convention.CheckRenewals(known)
	})
	if err != nil {
		return nil, fmt.Errorf("enregistrer les conventions : %w", err)
	}
	return changes, nil
}

func same(a, b convention.Convention) bool {
	themes := slices.Equal(a.Themes, b.Themes)
	a.Themes, b.Themes = nil, nil
	return themes && a.ID == b.ID && a.Type == b.Type && a.EPCI == b.EPCI && a.Start == b.Start && a.End == b.End &&
		a.Signed == b.Signed && a.Document == b.Document && a.Renews == b.Renews
}

func (s *Conventions) write(ctx context.Context, c convention.Convention, by string, at time.Time) error {
	themes, err := json.Marshal(c.Themes)
	if err != nil {
		return err
	}
	_, err = s.db.Conn(ctx).ExecContext(ctx, `INSERT INTO conventions (`+columns+`, changed_by, changed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (id) DO UPDATE SET type = excluded.type, epci = excluded.epci, themes = excluded.themes, starts = excluded.starts,
			ends = excluded.ends, signed = excluded.signed, document = excluded.document, renews = excluded.renews,
			changed_by = excluded.changed_by, changed_at = excluded.changed_at, removed_at = 0`,
		c.ID, c.Type, c.EPCI, string(themes), c.Start, c.End, c.Signed, c.Document, c.Renews, by, database.Stamp(at))
	return err
}

func (s *Conventions) note(ctx context.Context, c convention.Convention, e convention.Event) error {
	body, err := json.Marshal(c)
	if err != nil {
		return err
	}
	_, err = s.db.Conn(ctx).ExecContext(ctx, `INSERT INTO convention_events (convention, at, kind, actor, why, body) VALUES ($1, $2, $3, $4, $5, $6)`,
		c.ID, database.Stamp(e.At), e.Kind, e.By, e.Why, string(body))
	return err
}

// Remove implements convention.Store.
func (s *Conventions) Remove(ctx context.Context, id, why, by string, at time.Time) error {
	if why = strings.TrimSpace(why); why == "" {
		return convention.Problem{ID: id, Reason: "il manque la raison du retrait"}
	}
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.db.Alone(ctx, "conventions"); err != nil {
			return err
		}
		known, err := s.list(ctx, `SELECT `+columns+` FROM conventions WHERE removed_at = 0`)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(known, func(k convention.Convention) bool { return k.ID == id })
		if i < 0 {
			return convention.ErrNotFound
		}
		c := known[i]
		if err := convention.CheckRenewals(slices.Delete(known, i, i+1)); err != nil {
			return err
		}
		if _, err := s.db.Conn(ctx).ExecContext(ctx, `UPDATE conventions SET removed_at = $2, changed_by = $3, changed_at = $2 WHERE id = $1`, id, database.Stamp(at), by); err != nil {
			return err
		}
		return s.note(ctx, c, convention.Event{At: at, Kind: convention.Removed, By: by, Why: why})
	})
	if err != nil {
		return fmt.Errorf("retirer la convention %s : %w", id, err)
	}
	return nil
}

// History implements convention.Store.
func (s *Conventions) History(ctx context.Context, v convention.Viewer, id string) (all []convention.Event, err error) {
	if err := v.Check(); err != nil {
		return nil, err
	}
	if !v.Staff {
		return nil, convention.ErrStaffOnly
	}
	wrap := func(err error) error { return fmt.Errorf("lire l'histoire de la convention %s : %w", id, err) }
	rows, err := s.db.Conn(ctx).QueryContext(ctx, `SELECT at, kind, actor, why, body FROM convention_events WHERE convention = $1 ORDER BY id`, id)
	if err != nil {
		return nil, wrap(err)
	}
	defer rows.Close()
	for rows.Next() {
		var e convention.Event
		var stamp int64
		var body string
		if err := rows.Scan(&stamp, &e.Kind, &e.By, &e.Why, &body); err != nil {
			return nil, wrap(err)
		}
		e.At = database.Time(stamp)
		if err := json.Unmarshal([]byte(body), &e.Left); err != nil {
			return nil, wrap(err)
		}
		all = append(all, e)
	}
	if err := rows.Err(); err != nil {
		return nil, wrap(err)
	}
	if len(all) == 0 {
		return nil, wrap(convention.ErrNotFound)
	}
	return all, nil
}

// visible gives the condition that keeps what a viewer may see; its arguments are $1 and $2.
const visible = `removed_at = 0 AND ($1 = 1 OR epci = $2)`

func rights(v convention.Viewer) ([]any, error) {
	if err := v.Check(); err != nil {
		return nil, err
	}
	if v.Staff {
		return []any{1, ""}, nil
	}
	return []any{0, v.EPCI}, nil
}

// Get implements convention.Store.
func (s *Conventions) Get(ctx context.Context, v convention.Viewer, id string) (convention.Convention, error) {
	args, err := rights(v)
	if err != nil {
		return convention.Convention{}, err
	}
	c, err := scan(s.db.Conn(ctx).QueryRowContext(ctx, `SELECT `+columns+` FROM conventions WHERE `+visible+` AND id = $3`, append(args, id)...))
	if err != nil {
		return convention.Convention{}, fmt.Errorf("lire la convention %s : %w", id, err)
	}
	return c, nil
}

// List implements convention.Store.
func (s *Conventions) List(ctx context.Context, v convention.Viewer, epci string) ([]convention.Convention, error) {
	args, err := rights(v)
	if err != nil {
		return nil, err
	}
	all, err := s.list(ctx, `SELECT `+columns+` FROM conventions WHERE `+visible+` AND ($3 = '' OR epci = $3) ORDER BY epci, ends, id`, append(args, epci)...)
	if err != nil {
		return nil, fmt.Errorf("lister les conventions : %w", err)
	}
	return all, nil
}
