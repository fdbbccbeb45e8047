// Package transfer moves what a database holds to another one, of either engine, and checks that it is all there. It may
// import migrations/database.
package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"guichet/migrations"
	"guichet/migrations/database"
)

// tables are moved in this order: what is pointed to comes first. Vectors and their models are not: each engine writes them
// in its own way, and the program computes again those that miss. Nor are jobs, planned again, nor leases.
var tables = []string{
	"documents", "passages", "base_changes", "word_counts", "remotes",
	"conversations", "messages", "votes", "gaps", "model_answers",
	"request_numbers", "requests", "request_messages", "request_events", "request_keys", "request_twins", "notices",
	"accesses", "privacy_acts",
	"funding_numbers", "fundings", "funding_events", "funding_warnings",
	"revues", "sheet_numbers", "sheets", "sheet_territories", "sheet_events",
	"chat_channels", "chat_inbox", "chat_seen",
	"conventions", "convention_alerts", "convention_events",
	"imports", "access_tokens", "access_keys", "webhooks", "webhook_deliveries",
}

// Table is a table that was moved.
type Table struct {
	Name string `json:"name"`
	Rows int64  `json:"rows"`
}

// ErrNotEmpty is returned when the database to write already holds something.
var ErrNotEmpty = errors.New("la base d'arrivée n'est pas vide : donnez une base neuve")

// Copy writes all that a database holds in another one, which must be empty, then reads it back and compares, all or
// nothing: then runs in the transaction that writes. What is written in the first base meanwhile does not follow.
func Copy(ctx context.Context, from, to *database.DB, then func(ctx context.Context) error) (moved []Table, err error) {
	err = from.Snapshot(ctx, func(ctx context.Context) error {
		return to.InLongTx(ctx, func(ctx context.Context) error {
			for _, name := range tables {
				rows, err := move(ctx, from, to, name)
				if err != nil {
					return fmt.Errorf("copier la table %s : %w", name, err)
				}
				moved = append(moved, Table{Name: name, Rows: rows})
			}
			return then(ctx)
		})
	})
	if err != nil {
		return nil, err
	}
	return moved, nil
}

// alone is the table that holds one row from the start.
const alone = "base_changes"

func move(ctx context.Context, from, to *database.DB, name string) (int64, error) {
	columns, err := columnsOf(ctx, from, name)
	if err != nil {
		return 0, err
	}
	target, err := columnsOf(ctx, to, name)
	if err != nil {
		return 0, err
	}
	if !slices.EqualFunc(columns, target, func(a, b column) bool { return a.name == b.name }) {
		return 0, fmt.Errorf("les colonnes diffèrent : %v et %v", columns, target)
	}
	if name == alone {
		if _, err := to.Conn(ctx).ExecContext(ctx, `DELETE FROM `+name); err != nil {
			return 0, err
		}
	}
	if _, err := read(ctx, to, name, target, func([]any) error { return ErrNotEmpty }); err != nil {
		return 0, err
	}
	w := writer{db: to, table: name, columns: target}
	before, err := read(ctx, from, name, columns, func(row []any) error { return w.add(ctx, row) })
	if err != nil {
		return 0, err
	}
	if err := w.flush(ctx); err != nil {
		return 0, err
	}
	if err := number(ctx, to, name, target); err != nil {
		return 0, err
	}
	after, err := read(ctx, to, name, target, func([]any) error { return nil })
	if err != nil {
		return 0, err
	}
	if before != after {
		return 0, fmt.Errorf("la copie diffère : %d lignes lues, %d retrouvées", before.rows, after.rows)
	}
	return after.rows, nil
}

// column is a column that is written, in the order of the names.
type column struct {
	name              string
	boolean, identity bool
}

func columnsOf(ctx context.Context, db *database.DB, table string) (columns []column, err error) {
	query := `SELECT name, 0, 0 FROM pragma_table_info($1) ORDER BY name`
	if db.Dialect == migrations.PostgreSQL {
		query = `SELECT column_name::text COLLATE "C", (data_type = 'boolean')::integer, (is_identity = 'YES')::integer FROM information_schema.columns
			WHERE table_schema = current_schema() AND table_name = $1 AND is_generated = 'NEVER' ORDER BY 1`
	}
	rows, err := db.Conn(ctx).QueryContext(ctx, query, table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var c column
		if err := rows.Scan(&c.name, &c.boolean, &c.identity); err != nil {
			return nil, err
		}
		columns = append(columns, c)
	}
	return columns, rows.Err()
}

// digest sums up rows, in whatever order they come.
type digest struct {
	rows int64
	sum  uint64
}

func read(ctx context.Context, db *database.DB, table string, columns []column, each func(row []any) error) (d digest, err error) {
	rows, err := db.Conn(ctx).QueryContext(ctx, `SELECT `+list(columns)+` FROM `+table)
	if err != nil {
		return d, err
	}
	defer rows.Close()
	into := make([]any, len(columns))
	for rows.Next() {
		row := make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return d, err
		}
		hash := sha256.New()
		for i, value := range row {
			if b, ok := value.(bool); ok { // an integer on SQLite
				if row[i] = int64(0); b {
					row[i] = int64(1)
				}
			}
			fmt.Fprintf(hash, "%T %d %v,", row[i], len(fmt.Sprint(row[i])), row[i])
		}
		d.rows++
		d.sum += binary.LittleEndian.Uint64(hash.Sum(nil))
		if err := each(row); err != nil {
			return d, err
		}
	}
	return d, rows.Err()
}

// batch is how many rows are written at once: with the widest table, well under the engines' 32,766 arguments.
const batch = 200

// writer writes rows by batches.
type writer struct {
	db      *database.DB
	table   string
	columns []column
	args    []any
}

func (w *writer) add(ctx context.Context, row []any) error {
	for i, value := range row {
		if w.columns[i].boolean {
			value = value != int64(0)
		}
		w.args = append(w.args, value)
	}
	if len(w.args) < batch*len(w.columns) {
		return nil
	}
	return w.flush(ctx)
}

func (w *writer) flush(ctx context.Context) error {
	if len(w.args) == 0 {
		return nil
	}
	var b strings.Builder
	for i := range w.args {
		switch {
		case i == 0:
			b.WriteString("(")
		case i%len(w.columns) == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", i+1)
	}
	_, err := w.db.Conn(ctx).ExecContext(ctx, `INSERT INTO `+w.table+` (`+list(w.columns)+`) VALUES `+b.String()+`)`, w.args...)
	w.args = w.args[:0]
	return err
}

// number makes the numbers that PostgreSQL gives follow those that were copied; SQLite sees them by itself.
func number(ctx context.Context, db *database.DB, table string, columns []column) error {
	for _, c := range columns {
		if !c.identity {
			continue
		}
		_, err := db.Conn(ctx).ExecContext(ctx, fmt.Sprintf(`SELECT setval(pg_get_serial_sequence('%s', '%s'), greatest(max(%s), 1), max(%s) IS NOT NULL) FROM %s`,
			table, c.name, c.name, c.name, table))
		if err != nil {
			return err
		}
	}
	return nil
}

func list(columns []column) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = `"` + c.name + `"`
	}
	return strings.Join(names, ", ")
}
