// Package sqlrevue remembers in SQL the revues that were held, the same statements for both engines. It may import routing/revue,
// routing/ledger, routing/convention for days, and migrations/database.
package sqlrevue

import (
	"context"
	"fmt"

	"guichet/migrations/database"
	"guichet/routing/ledger"
	"guichet/routing/revue"
)

// Outbox takes the notices.
type Outbox interface {
	// Tell writes a notice, once for its key, in the transaction of the context.
	Tell(ctx context.Context, n ledger.Notice, data ledger.TextData) error
}

// Store is a revue.Store.
type Store struct {
	db     *database.DB
	outbox Outbox
}

var _ revue.Store = (*Store)(nil)

// New gives the revues of a database.
func New(db *database.DB, outbox Outbox) *Store { return &Store{db: db, outbox: outbox} }

// Hold implements revue.Store.
func (s *Store) Hold(ctx context.Context, h revue.Held, n *ledger.Notice, data ledger.TextData) (first bool, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		result, err := s.db.Conn(ctx).ExecContext(ctx, `INSERT INTO revues (scope, day, since, held_at, told) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (scope, day) DO NOTHING`,
			h.Scope, h.Day, database.Stamp(h.Since), database.Stamp(h.At), h.To)
		if err != nil {
			return err
		}
		written, err := result.RowsAffected()
		if first = err == nil && written > 0; !first || n == nil {
			return err
		}
		return s.outbox.Tell(ctx, *n, data)
	})
	if err != nil {
		return false, fmt.Errorf("enregistrer la revue %s du %s : %w", h.Scope, h.Day.French(), err)
	}
	return first, nil
}

// Last implements revue.Store.
func (s *Store) Last(ctx context.Context) (map[string]revue.Held, error) {
	last := map[string]revue.Held{}
	rows, err := s.db.Conn(ctx).QueryContext(ctx, `SELECT scope, day, since, held_at, told FROM revues r
		WHERE day = (SELECT max(day) FROM revues o WHERE o.scope = r.scope)`)
	if err != nil {
		return nil, fmt.Errorf("lire les revues : %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var h revue.Held
		var since, at int64
		if err := rows.Scan(&h.Scope, &h.Day, &since, &at, &h.To); err != nil {
			return nil, fmt.Errorf("lire les revues : %w", err)
		}
		h.Since, h.At = database.Time(since), database.Time(at)
		last[h.Scope] = h
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("lire les revues : %w", err)
	}
	return last, nil
}
