package sqlledger

import (
	"context"
	"fmt"

	"guichet/migrations/database"
	"guichet/routing/ledger"
)

// livesPage is how many requests are read at once.
const livesPage = 500

// Lives implements ledger.Store. Nothing is held between two pages: what is written meanwhile may be seen or not.
func (l *Ledger) Lives(ctx context.Context, v ledger.Viewer, s ledger.Span, each func(ledger.Request) error) error {
	for last := int64(0); ; {
		page, err := l.livesAfter(ctx, v, s, last)
		if err != nil {
			return fmt.Errorf("relire le registre : %w", err)
		}
		for _, r := range page {
			if err := each(r); err != nil {
				return err
			}
			last = r.ID
		}
		if len(page) < livesPage {
			return nil
		}
	}
}

func (l *Ledger) livesAfter(ctx context.Context, v ledger.Viewer, s ledger.Span, last int64) ([]ledger.Request, error) {
	args := []any{last}
	where, err := visible(v, &args)
	if err != nil {
		return nil, err
	}
	if !s.From.IsZero() {
		where += ` AND created_at >= ` + placeholder(&args, database.Stamp(s.From))
	}
	if !s.Until.IsZero() {
		where += ` AND created_at < ` + placeholder(&args, database.Stamp(s.Until))
	}
	if !s.Alive.IsZero() {
		where += ` AND (updated_at >= ` + placeholder(&args, database.Stamp(s.Alive)) + ` OR status IN (` + placeholders(&args, ledger.OpenStatuses()) + `))`
	}
	if s.EPCI != "" {
		where += ` AND epci = ` + placeholder(&args, s.EPCI)
	}
	rows, err := l.db.Conn(ctx).QueryContext(ctx, `SELECT `+columns+` FROM requests WHERE id > $1 AND `+where+` ORDER BY id LIMIT `+placeholder(&args, livesPage), args...)
	if err != nil {
		return nil, err
	}
	page, err := scanAll(rows)
	if err != nil || len(page) == 0 {
		return nil, err
	}
	at := map[int64]int{}
	var ids []int64
	for i, r := range page {
		at[r.ID] = i
		ids = append(ids, r.ID)
	}
	args = nil
	rows, err = l.db.Conn(ctx).QueryContext(ctx, `SELECT `+eventColumns+` FROM request_events WHERE request_id IN (`+placeholders(&args, ids)+`) ORDER BY id`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		request, e, err := scanEvent(rows)
		if err != nil {
			return nil, err
		}
		r := &page[at[request]]
		r.Events = append(r.Events, e)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for i := range page {
		if err := l.veil(ctx, v, &page[i]); err != nil {
			return nil, err
		}
	}
	return page, nil
}
