// Package database opens the project's database: which engine, which connections, which schema. What is read and written
// in it belongs to the packages that use it. It may import migrations and the engines' drivers.
package database

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"guichet/migrations"
)

// DB is an open, migrated database.
type DB struct {
	// Dialect tells the engines apart, for the few statements that differ.
	Dialect migrations.Dialect

	engine
	writer, readers *sql.DB
}

// engine is what the two databases do each in its way.
type engine interface {
	// querier fits what runs SQL to the engine.
	querier(Querier) Querier
	// limit bounds a transaction's time.
	limit(context.Context) (context.Context, context.CancelFunc)
	// unlimit takes the limits of time off a transaction.
	unlimit(ctx context.Context, tx Querier) error
	// snapshot says how a transaction sees one state of the base.
	snapshot() *sql.TxOptions
	// alone makes a transaction wait for those that hold the same name.
	alone(ctx context.Context, tx Querier, name string) error
	// upgrade runs what changes the schema alone among the processes that start together, on a pool that may take its time.
	upgrade(ctx context.Context, db *DB, do func(context.Context, *sql.DB) error) error
	// prepare makes sure of what the schema stands on.
	prepare(ctx context.Context, pool *sql.DB) error
	// explain turns what the engine says into a sentence for people; another error stays as it is.
	explain(error) error
}

// Querier is what runs SQL: a transaction, or a connection of the pool.
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// ErrUnreachable is wrapped by the errors of a server that does not answer, or not yet: trying again later may do.
var ErrUnreachable = errors.New("la base PostgreSQL est injoignable")

// Open opens the database of a URL (« sqlite:PATH » or « postgres://… ») and brings its schema up to date. Errors are in
// French, name the database without its password, and wrap migrations.NewerError when it belongs to a later program.
func Open(ctx context.Context, url string) (*DB, error) {
	db, err := Connect(ctx, url)
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// Connect opens a database and leaves its schema as it is. A SQLite file that does not exist is created, empty.
func Connect(ctx context.Context, url string) (*DB, error) {
	switch scheme, rest, _ := strings.Cut(url, ":"); scheme {
	case "sqlite":
		return connectSQLite(rest)
	case "postgres", "postgresql":
		return connectPostgres(ctx, url)
	default: // a URL may hold a password: only its beginning is repeated
		return nil, fmt.Errorf("adresse de base « %s » inconnue : donnez « sqlite:CHEMIN » ou « postgres://… »", scheme)
	}
}

// Migrate brings the schema up to date.
func (db *DB) Migrate(ctx context.Context) error {
	return db.Upgrade(ctx, func(ctx context.Context, pool *sql.DB) error {
		if err := db.prepare(ctx, pool); err != nil {
			return err
		}
		pending, err := migrations.Check(ctx, pool, db.Dialect)
		if err != nil || !pending {
			return err
		}
		return migrations.Up(ctx, pool, db.Dialect)
	})
}

// Upgrade runs what changes the schema, alone among the processes that start together, on connections without the usual
// limits of time.
func (db *DB) Upgrade(ctx context.Context, do func(ctx context.Context, pool *sql.DB) error) error {
	return db.explain(db.upgrade(ctx, db, do))
}

// Close closes the connections.
func (db *DB) Close() error { return errors.Join(db.readers.Close(), db.writer.Close()) }

// Writer gives the pool that writes, for a library that brings its own SQL. Inside InTx it is taken: use Tx.
func (db *DB) Writer() *sql.DB { return db.writer }

// transaction is what a context carries inside InTx. The key holds the DB: a context may cross two databases.
type transaction struct {
	tx    *sql.Tx
	depth int
}
type transactionKey struct{ db *DB }

// InTx runs a function in one transaction that writes; Conn and Tx find it in the context given to the function. An
// error, a panic or a context that ends rolls back. Inside a transaction it joins it: the inner function's own writes
// are undone when it fails, and the outer one decides about the rest.
func (db *DB) InTx(ctx context.Context, do func(ctx context.Context) error) error {
	if outer, ok := ctx.Value(transactionKey{db}).(*transaction); ok {
		return db.inSavepoint(ctx, outer, do)
	}
	ctx, done := db.limit(ctx)
	defer done()
	return db.run(ctx, db.writer, nil, do)
}

// InLongTx is InTx without the limits of time, for what moves a whole base.
func (db *DB) InLongTx(ctx context.Context, do func(ctx context.Context) error) error {
	return db.run(ctx, db.writer, nil, db.patiently(do))
}

// Snapshot runs a function that reads: it sees one state of the base, whatever is written meanwhile, without the limits of time.
func (db *DB) Snapshot(ctx context.Context, do func(ctx context.Context) error) error {
	return db.run(ctx, db.readers, db.snapshot(), db.patiently(do))
}

func (db *DB) patiently(do func(ctx context.Context) error) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		if err := db.unlimit(ctx, db.Conn(ctx)); err != nil {
			return err
		}
		return do(ctx)
	}
}

func (db *DB) run(ctx context.Context, pool *sql.DB, opts *sql.TxOptions, do func(ctx context.Context) error) error {
	tx, err := pool.BeginTx(ctx, opts)
	if err != nil {
		// SQLite calls a wait that the context ended « database is locked ».
		return fmt.Errorf("ouvrir une transaction : %w", cmp.Or(ctx.Err(), err))
	}
	defer func() { _ = tx.Rollback() }() // no effect after Commit
	if err := do(context.WithValue(ctx, transactionKey{db}, &transaction{tx: tx})); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("valider la transaction : %w", err)
	}
	return nil
}

// Alone makes the transactions that ask for the same name wait for each other: from this call to the end of its
// transaction, each sees what the others wrote. It needs InTx.
func (db *DB) Alone(ctx context.Context, name string) error {
	tx, ok := db.Tx(ctx)
	if !ok {
		return errors.New("attendre son tour demande une transaction")
	}
	if err := db.alone(ctx, tx, name); err != nil {
		return fmt.Errorf("attendre son tour (%s) : %w", name, err)
	}
	return nil
}

func (db *DB) inSavepoint(ctx context.Context, outer *transaction, do func(ctx context.Context) error) error {
	inner := &transaction{tx: outer.tx, depth: outer.depth + 1}
	name := fmt.Sprintf("inner_%d", inner.depth)
	if _, err := inner.tx.ExecContext(ctx, "SAVEPOINT "+name); err != nil {
		return fmt.Errorf("ouvrir une transaction : %w", err)
	}
	if err := do(context.WithValue(ctx, transactionKey{db}, inner)); err != nil {
		// A context that ended has already rolled the whole transaction back: this fails, and so will Commit.
		_, undo := inner.tx.ExecContext(context.WithoutCancel(ctx), "ROLLBACK TO SAVEPOINT "+name)
		if undo != nil && !errors.Is(undo, sql.ErrTxDone) {
			return errors.Join(err, fmt.Errorf("annuler les écritures : %w", undo))
		}
		return err
	}
	if _, err := inner.tx.ExecContext(ctx, "RELEASE SAVEPOINT "+name); err != nil {
		return fmt.Errorf("valider la transaction : %w", err)
	}
	return nil
}

// Conn gives what runs SQL for a context: its transaction, else the connections that only read. Writing needs InTx.
// Arguments are $1, $2…, in any order.
func (db *DB) Conn(ctx context.Context) Querier {
	if tx, ok := db.Tx(ctx); ok {
		return db.querier(tx)
	}
	return db.querier(db.readers)
}

// Once gives what runs one statement that writes: in the transaction of the context, else as one of its own, which spares
// PostgreSQL two exchanges.
func (db *DB) Once(ctx context.Context) Querier {
	if tx, ok := db.Tx(ctx); ok {
		return db.querier(tx)
	}
	return db.querier(db.writer)
}

// Tx gives the transaction of a context, for a library that takes one.
func (db *DB) Tx(ctx context.Context) (*sql.Tx, bool) {
	t, ok := ctx.Value(transactionKey{db}).(*transaction)
	if !ok {
		return nil, false
	}
	return t.tx, true
}

// Stamp writes a time as microseconds since 1970 UTC, the same and sorted in both engines; the zero time gives 0.
func Stamp(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Time reads a Stamp, in UTC.
func Time(stamp int64) time.Time {
	if stamp == 0 {
		return time.Time{}
	}
	return time.UnixMicro(stamp).UTC()
}
