package sqlledger

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"guichet/migrations/database"
	"guichet/routing/ledger"
)

// Accessed implements ledger.Store.
func (l *Ledger) Accessed(ctx context.Context, a ledger.Access) error {
	err := l.db.InTx(ctx, func(ctx context.Context) error {
		if a.At.IsZero() || a.Channel == "" || (a.Reference == "") == (a.Sought == "") {
			return errors.New("l'heure, le canal et ce qui est lu sont requis")
		}
		_, err := l.db.Conn(ctx).ExecContext(ctx, `INSERT INTO accesses (at, person, channel, reference, sought) VALUES ($1, $2, $3, $4, $5)`,
			database.Stamp(a.At), a.By, a.Channel, a.Reference, a.Sought)
		return err
	})
	if err != nil {
		return fmt.Errorf("noter l'accès : %w", err)
	}
	return nil
}

// Accesses implements ledger.Store.
func (l *Ledger) Accesses(ctx context.Context, v ledger.Viewer, f ledger.AccessFilter) (all []ledger.Access, err error) {
	if err := v.Check(); err != nil {
		return nil, err
	}
	if !v.Staff {
		return nil, ledger.ErrStaffOnly
	}
	rows, err := l.db.Conn(ctx).QueryContext(ctx, `SELECT at, person, channel, reference, sought FROM accesses ORDER BY at DESC, id DESC`)
	if err != nil {
		return nil, fmt.Errorf("lister les accès : %w", err)
	}
	defer rows.Close()
	by, about := ledger.Fold(f.By), ledger.Fold(f.About)
	for rows.Next() && len(all) < limit(f.Limit) {
		var a ledger.Access
		var at int64
		if err := rows.Scan(&at, &a.By, &a.Channel, &a.Reference, &a.Sought); err != nil {
			return nil, fmt.Errorf("lister les accès : %w", err)
		}
		a.At = database.Time(at)
		if strings.Contains(ledger.Fold(a.By), by) && strings.Contains(ledger.Fold(a.Reference+" "+a.Sought), about) {
			all = append(all, a)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("lister les accès : %w", err)
	}
	return all, nil
}
