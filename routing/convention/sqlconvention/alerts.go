package sqlconvention

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"guichet/migrations/database"
	"guichet/routing/convention"
)

// Watch implements convention.Outbox.
func (s *Conventions) Watch(ctx context.Context, at time.Time, reachable func(ctx context.Context, epci string) (bool, error)) error {
	if len(s.settings.AlertDays) == 0 {
		return nil
	}
	on := convention.AlertDay(at)
	// A renewal stops what it renews as soon as it is signed, at whatever hour.
	ending, err := s.list(ctx, `SELECT `+columns+` FROM conventions c WHERE removed_at = 0 AND signed <> '' AND signed <= $1 AND ends >= $1 AND ends <= $2
		AND NOT EXISTS (SELECT 1 FROM conventions r WHERE r.removed_at = 0 AND r.renews = c.id AND r.signed <> '' AND r.signed <= $3) ORDER BY ends, id`,
		on, on.Add(slices.Max(s.settings.AlertDays)), convention.DayOf(at))
	if err != nil {
		return fmt.Errorf("chercher les conventions qui finissent : %w", err)
	}
	for _, c := range ending {
		if days, ok := c.Alert(s.settings.AlertDays, on); ok {
			if err := s.warn(ctx, c, days, at, reachable); err != nil {
				return fmt.Errorf("prévenir de la fin de la convention %s : %w", c.ID, err)
			}
		}
	}
	return nil
}

// warn makes the alerts of a convention, unless they were made: that of the direction, which is always made, tells.
func (s *Conventions) warn(ctx context.Context, c convention.Convention, days int, at time.Time, reachable func(context.Context, string) (bool, error)) error {
	a := convention.Alert{
		Key: convention.KeyOf(c, days, s.settings.Direction), Convention: c.ID, EPCI: c.EPCI, End: c.End, Days: days, To: s.settings.Direction, CreatedAt: at,
	}
	var made bool
	if err := s.db.Conn(ctx).QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM convention_alerts WHERE convention = $1 AND ends = $2 AND days = $3)`,
		c.ID, c.End, days).Scan(&made); err != nil || made {
		return err
	}
	partner, err := reachable(ctx, c.EPCI)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		first, err := s.post(ctx, c, a)
		if err != nil || !first || !partner {
			return err
		}
		a.To = ""
		a.Key = convention.KeyOf(c, days, "")
		_, err = s.post(ctx, c, a)
		return err
	})
}

// post writes an alert and plans its delivery; first is false when another replica just did.
func (s *Conventions) post(ctx context.Context, c convention.Convention, a convention.Alert) (first bool, err error) {
	err = s.db.Conn(ctx).QueryRowContext(ctx, `INSERT INTO convention_alerts (key, convention, ends, days, direction, text, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (key) DO NOTHING RETURNING 1`,
		a.Key, a.Convention, a.End, a.Days, a.To, s.word(c, a), database.Stamp(a.CreatedAt)).Scan(new(int))
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, s.jobs.Tell(ctx, a.Key)
}

const alertColumns = `a.key, a.convention, c.epci, a.ends, a.days, a.direction, a.text, a.created_at, a.sent_at, a.dead_at, a.tries, a.last_error
	FROM convention_alerts a JOIN conventions c ON c.id = a.convention`

func scanAlert(row interface{ Scan(...any) error }) (a convention.Alert, err error) {
	var created, sent, dead int64
	err = row.Scan(&a.Key, &a.Convention, &a.EPCI, &a.End, &a.Days, &a.To, &a.Text, &created, &sent, &dead, &a.Tries, &a.LastError)
	a.CreatedAt, a.SentAt, a.DeadAt = database.Time(created), database.Time(sent), database.Time(dead)
	return a, err
}

// Alert implements convention.Outbox.
func (s *Conventions) Alert(ctx context.Context, key string, at time.Time) (convention.Alert, error) {
	a, err := scanAlert(s.db.Conn(ctx).QueryRowContext(ctx, `SELECT `+alertColumns+` WHERE a.key = $1`, key))
	if errors.Is(err, sql.ErrNoRows) {
		err = convention.ErrNotFound
	}
	var related []convention.Convention
	if err == nil {
		related, err = s.list(ctx, `SELECT `+columns+` FROM conventions WHERE removed_at = 0 AND (id = $1 OR renews = $1)`, a.Convention)
	}
	if err != nil {
		return convention.Alert{}, fmt.Errorf("lire l'alerte %s : %w", key, err)
	}
	on := convention.DayOf(at)
	a.Stale = true // until it is seen that the convention was not removed
	for _, c := range related {
		if c.ID == a.Convention {
			state := c.State(on)
			a.Stale = c.End != a.End || state == convention.Ended || state == convention.Unsigned || c.Renewed(related, on)
		}
	}
	return a, nil
}

// Alerts implements convention.Store.
func (s *Conventions) Alerts(ctx context.Context, v convention.Viewer, limit int) ([]convention.Alert, error) {
	if err := v.Check(); err != nil {
		return nil, err
	}
	if !v.Staff {
		return nil, convention.ErrStaffOnly
	}
	if limit <= 0 {
		limit = 100
	}
	all, err := s.alerts(ctx, ` ORDER BY a.created_at DESC, a.key LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("lister les alertes : %w", err)
	}
	return all, nil
}

func (s *Conventions) alerts(ctx context.Context, rest string, args ...any) (all []convention.Alert, err error) {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, `SELECT `+alertColumns+rest, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		a, err := scanAlert(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, rows.Err()
}

// Sent implements convention.Outbox.
func (s *Conventions) Sent(ctx context.Context, key string, at time.Time) error {
	return s.end(ctx, key, `UPDATE convention_alerts SET sent_at = $2, last_error = '' WHERE key = $1 AND sent_at = 0`, database.Stamp(at))
}

// Failed implements convention.Outbox.
func (s *Conventions) Failed(ctx context.Context, key, reason string, dead bool, at time.Time) error {
	if dead {
		return s.end(ctx, key, `UPDATE convention_alerts SET tries = tries + 1, last_error = $2, dead_at = $3 WHERE key = $1 AND sent_at = 0 AND dead_at = 0`,
			reason, database.Stamp(at))
	}
	return s.end(ctx, key, `UPDATE convention_alerts SET tries = tries + 1, last_error = $2 WHERE key = $1 AND sent_at = 0`, reason)
}

func (s *Conventions) end(ctx context.Context, key, update string, args ...any) error {
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		_, err := s.db.Conn(ctx).ExecContext(ctx, update, append([]any{key}, args...)...)
		return err
	})
	if err != nil {
		return fmt.Errorf("noter l'alerte %s : %w", key, err)
	}
	return nil
}

// PlanAgain plans the deliveries that are still to be made, in a database that has no jobs yet. It needs the transaction of
// its context.
func (s *Conventions) PlanAgain(ctx context.Context) error {
	left, err := s.alerts(ctx, ` WHERE a.sent_at = 0 AND a.dead_at = 0 ORDER BY a.created_at, a.key`)
	if err != nil {
		return fmt.Errorf("prévoir les alertes à envoyer : %w", err)
	}
	for _, a := range left {
		if err := s.jobs.Tell(ctx, a.Key); err != nil {
			return err
		}
	}
	return nil
}
