package sqlstore

import (
	"context"
	"fmt"

	"guichet/knowledge"
	"guichet/migrations/database"
)

// Remotes implements knowledge.Remotes.
func (s *Store) Remotes(ctx context.Context) ([]knowledge.Remote, error) {
	var out []knowledge.Remote
	err := s.query(ctx, `SELECT address, audience, epci, mapping, etag, modified, reading, tried_at, seen_at, failure, gone FROM remotes ORDER BY address`, nil, func(scan scanner) error {
		var r knowledge.Remote
		var mapping string
		var tried, seen int64
		err := scan(&r.Address, &r.Audience, &r.EPCI, &mapping, &r.ETag, &r.Modified, &r.Reading, &tried, &seen, &r.Failure, &r.Gone)
		r.Tried, r.Seen = database.Time(tried), database.Time(seen)
		if mapping != "" {
			r.Mapping = []byte(mapping)
		}
		out = append(out, r)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("lister les adresses suivies : %w", err)
	}
	return out, nil
}

// KeepRemote implements knowledge.Remotes.
func (s *Store) KeepRemote(ctx context.Context, r knowledge.Remote) error {
	if err := (knowledge.Viewer{Audience: r.Audience}).Check(); err != nil {
		return fmt.Errorf("suivre %s : %w", r.Address, err)
	}
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		_, err := s.db.Conn(ctx).ExecContext(ctx, `INSERT INTO remotes (address, audience, epci, mapping, etag, modified, reading, tried_at, seen_at, failure, gone)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
			ON CONFLICT (address) DO UPDATE SET audience = excluded.audience, epci = excluded.epci, mapping = excluded.mapping, etag = excluded.etag,
				modified = excluded.modified, reading = excluded.reading, tried_at = excluded.tried_at, seen_at = excluded.seen_at, failure = excluded.failure, gone = excluded.gone`,
			r.Address, int(r.Audience), r.EPCI, string(r.Mapping), r.ETag, r.Modified, r.Reading, database.Stamp(r.Tried), database.Stamp(r.Seen), r.Failure, r.Gone)
		return err
	})
	if err != nil {
		return fmt.Errorf("suivre %s : %w", r.Address, err)
	}
	return nil
}

// ForgetRemote implements knowledge.Remotes.
func (s *Store) ForgetRemote(ctx context.Context, address string) error {
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		_, err := s.db.Conn(ctx).ExecContext(ctx, `DELETE FROM remotes WHERE address = $1`, address)
		return err
	})
	if err != nil {
		return fmt.Errorf("ne plus suivre %s : %w", address, err)
	}
	return nil
}
