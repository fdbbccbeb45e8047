package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"guichet/migrations"
)

// The limits on a PostgreSQL server, for each process. What changes the schema has no limit of time.
const (
	// connections that write, and as many that read, are opened at most; those unused for a while are closed, and all are
	// renewed in time, so that a new server gets its share.
	connections = 10
	unused      = 5 * time.Minute
	renewed     = 30 * time.Minute

	connectTime     = 5 * time.Second
	statementTime   = 10 * time.Second // waits for locks included
	transactionTime = 20 * time.Second // the server ends one left idle after the same time
	// grace lets the server's own limit speak first, since it says more; the program's is for a server that is silent.
	grace = 2 * time.Second
)

// vectorVersion is the oldest pgvector: half-precision vectors, and scans that go on until a filter is satisfied.
var vectorVersion = [2]int{0, 8}

type postgresEngine struct {
	config *pgx.ConnConfig
	// server names the server and the database.
	server string
	// lost is when a connection was last seen lost, in nanoseconds: those that are older are not used again.
	lost *atomic.Int64
}

func connectPostgres(ctx context.Context, url string) (*DB, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil { // its text repeats the address
		return nil, errors.New("adresse PostgreSQL illisible : donnez « postgres://COMPTE:MOT_DE_PASSE@SERVEUR:5432/BASE », les caractères spéciaux du mot de passe écrits en %XX")
	}
	if config.Database == "" {
		config.Database = config.User
	}
	e := postgresEngine{config: config, server: net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port))) + "/" + config.Database, lost: new(atomic.Int64)}
	db := &DB{
		Dialect: migrations.PostgreSQL, engine: e,
		writer: e.pool(connections, map[string]string{}),
		// As with SQLite, writing needs InTx.
		readers: e.pool(connections, map[string]string{"default_transaction_read_only": "on"}),
	}
	if err := db.readers.PingContext(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// pool gives connections with the limits above, or what settings say instead.
func (e postgresEngine) pool(size int, settings map[string]string) *sql.DB {
	config := e.config.Copy()
	for name, value := range map[string]string{
		"application_name":                    "guichet",
		"statement_timeout":                   strconv.FormatInt(statementTime.Milliseconds(), 10),
		"idle_in_transaction_session_timeout": strconv.FormatInt(transactionTime.Milliseconds(), 10),
		// The statements are written for it: they lock what they must, and wait rather than fail.
		"default_transaction_isolation": "read committed",
		// A search by meaning goes on until enough of what it finds is visible, and a statement is never long enough to be
		// worth compiling.
		"hnsw.iterative_scan": "relaxed_order",
		"hnsw.ef_search":      "250",
		"jit":                 "off",
	} {
		config.RuntimeParams[name] = value
	}
	for name, value := range settings {
		config.RuntimeParams[name] = value
	}
	db := sql.OpenDB(connector{stdlib.GetConnector(*config), e})
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	db.SetConnMaxIdleTime(unused)
	db.SetConnMaxLifetime(renewed)
	return db
}

// connector and conn explain what goes wrong at the lowest level, for the libraries that bring their own SQL too.
type connector struct {
	driver.Connector
	engine postgresEngine
}

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	limited, cancel := context.WithTimeoutCause(ctx, connectTime, errSilent)
	defer cancel()
	inner, err := c.Connector.Connect(limited)
	if err != nil {
		return nil, c.engine.explainIn(limited, err)
	}
	return conn{inner.(*stdlib.Conn), c.engine, time.Now().UnixNano()}, nil
}

type conn struct {
	*stdlib.Conn
	engine postgresEngine
	opened int64
}

// ResetSession is asked before a connection serves again.
func (c conn) ResetSession(ctx context.Context) error {
	if c.opened <= c.engine.lost.Load() {
		return driver.ErrBadConn // database/sql takes another
	}
	return c.Conn.ResetSession(ctx)
}

func (c conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	result, err := c.Conn.ExecContext(ctx, query, args)
	return result, c.engine.explainIn(ctx, err)
}

func (c conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	rows, err := c.Conn.QueryContext(ctx, query, args)
	return rows, c.engine.explainIn(ctx, err)
}

func (c conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	tx, err := c.Conn.BeginTx(ctx, opts)
	return commit{tx, ctx, c.engine}, c.engine.explainIn(ctx, err)
}

type commit struct {
	driver.Tx
	ctx    context.Context // the one that the driver's own transaction keeps
	engine postgresEngine
}

func (c commit) Commit() error { return c.engine.explainIn(c.ctx, c.Tx.Commit()) }

// errSilent is the cause of the limits of time that this package sets.
var errSilent = errors.New("pas de réponse à temps")

// explainIn explains an error, unless it came with the end of the caller's own context: that says nothing of the database.
func (e postgresEngine) explainIn(ctx context.Context, err error) error {
	if ctx.Err() != nil && !errors.Is(context.Cause(ctx), errSilent) {
		return err
	}
	return e.explain(err)
}

// querier bounds the time of what runs outside a transaction, which has a limit of its own.
func (postgresEngine) querier(q Querier) Querier {
	if _, ok := q.(*sql.Tx); ok {
		return q
	}
	return bounded{q}
}

type bounded struct{ Querier }

// bound lets the context end by itself: rows are read after the call that gives them.
func bound(ctx context.Context) context.Context {
	const limit = statementTime + grace
	if end, ok := ctx.Deadline(); ok && time.Until(end) < limit {
		return ctx
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errSilent)
	time.AfterFunc(limit, cancel)
	return ctx
}

func (b bounded) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return b.Querier.ExecContext(bound(ctx), query, args...)
}

func (b bounded) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return b.Querier.QueryContext(bound(ctx), query, args...)
}

func (b bounded) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return b.Querier.QueryRowContext(bound(ctx), query, args...)
}

func (postgresEngine) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, transactionTime, errSilent)
}

func (postgresEngine) unlimit(ctx context.Context, tx Querier) error {
	_, err := tx.ExecContext(ctx, `SELECT set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true)`)
	return err
}

func (postgresEngine) snapshot() *sql.TxOptions {
	return &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
}

func (postgresEngine) alone(ctx context.Context, tx Querier, name string) error {
	_, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('guichet ' || $1, 0))`, name)
	return err
}

func (e postgresEngine) upgrade(ctx context.Context, _ *DB, do func(context.Context, *sql.DB) error) error {
	patient := e.pool(2, map[string]string{"statement_timeout": "0", "idle_in_transaction_session_timeout": "0"})
	defer patient.Close()
	lock, err := patient.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Rollback() }()
	if err := e.alone(ctx, lock, "schema"); err != nil {
		return fmt.Errorf("attendre la mise à jour du schéma par un autre processus : %w", err)
	}
	return do(ctx, patient)
}

// prepare makes sure of pgvector, which the schema needs. Creating an extension may need a right that the program's
// account should not have: then it is the administrator's to do.
func (e postgresEngine) prepare(ctx context.Context, db *sql.DB) error {
	var installed, available sql.NullString
	read := func() error {
		return db.QueryRowContext(ctx, `SELECT (SELECT extversion FROM pg_extension WHERE extname = 'vector'),
			(SELECT default_version FROM pg_available_extensions WHERE name = 'vector')`).Scan(&installed, &available)
	}
	if err := read(); err != nil {
		return fmt.Errorf("chercher l'extension pgvector : %w", err)
	}
	if !installed.Valid {
		if !available.Valid {
			return fmt.Errorf("l'extension pgvector manque au serveur PostgreSQL %s : installez-la (paquet postgresql-NN-pgvector, 0.8 au moins)", e.server)
		}
		if _, err := db.ExecContext(ctx, `CREATE EXTENSION IF NOT EXISTS vector`); err != nil {
			return fmt.Errorf("l'extension pgvector n'est pas activée dans la base %s : demandez à un administrateur d'y lancer « CREATE EXTENSION vector » (%w)", e.server, err)
		}
		if err := read(); err != nil {
			return fmt.Errorf("chercher l'extension pgvector : %w", err)
		}
	}
	var version [2]int
	if _, err := fmt.Sscanf(installed.String, "%d.%d", &version[0], &version[1]); err != nil ||
		version[0] < vectorVersion[0] || version[0] == vectorVersion[0] && version[1] < vectorVersion[1] {
		return fmt.Errorf("l'extension pgvector de la base %s est trop ancienne (%s, il faut %d.%d au moins) : mettez-la à jour, puis « ALTER EXTENSION vector UPDATE »",
			e.server, installed.String, vectorVersion[0], vectorVersion[1])
	}
	return nil
}

func (e postgresEngine) explain(err error) error {
	if err == nil || errors.Is(err, ErrUnreachable) || errors.As(err, new(explained)) || errors.Is(err, driver.ErrBadConn) { // database/sql tries again
		return err
	}
	var said *pgconn.PgError
	if errors.As(err, &said) {
		sentence := ""
		switch said.Code {
		case "28P01", "28000":
			sentence = fmt.Sprintf("le serveur PostgreSQL %s refuse le compte « %s » ou son mot de passe", e.server, e.config.User)
		case "3D000":
			sentence = fmt.Sprintf("la base « %s » n'existe pas sur le serveur PostgreSQL : créez-la avec « CREATE DATABASE »", e.config.Database)
		case "42501":
			sentence = fmt.Sprintf("le compte « %s » n'a pas les droits nécessaires sur la base %s : faites-en le propriétaire, ou accordez-lui CREATE sur son schéma", e.config.User, e.server)
		case "53100":
			sentence = fmt.Sprintf("le disque du serveur PostgreSQL %s est plein", e.server)
		case "25006":
			sentence = fmt.Sprintf("la base %s est en lecture seule", e.server)
		case "57014", "25P03", "25P04":
			sentence = fmt.Sprintf("la base %s a mis trop de temps", e.server)
		case "53300", "57P01", "57P02", "57P03", "57P05": // no connection left; stops, stopped, starts
			e.lost.Store(time.Now().UnixNano())
			return fmt.Errorf("%w (%s) : %w", ErrUnreachable, e.server, err)
		default:
			return err
		}
		return explained{fmt.Errorf("%s : %w", sentence, err)}
	}
	if lost(err) {
		e.lost.Store(time.Now().UnixNano())
		return fmt.Errorf("%w (%s) : %w", ErrUnreachable, e.server, frenchNetwork(err))
	}
	return err
}

// explained is an error that has its sentence.
type explained struct{ error }

func (e explained) Unwrap() error { return e.error }

// lost tells whether an error is of the connection rather than of the server.
func lost(err error) bool {
	return errors.As(err, new(*pgconn.ConnectError)) || errors.As(err, new(*net.OpError)) || pgconn.Timeout(err) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		strings.Contains(err.Error(), "conn closed") // pgconn has no name for it
}

// frenchNetwork says in French what most often keeps a server away.
func frenchNetwork(err error) error {
	var name *net.DNSError
	switch {
	case errors.As(err, &name):
		return fmt.Errorf("le serveur « %s » est inconnu du réseau", name.Name)
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOENT):
		return errors.New("rien n'y répond, le serveur est-il démarré ?")
	case pgconn.Timeout(err), errors.Is(err, context.DeadlineExceeded):
		return errSilent
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return errors.New("la connexion a été coupée")
	}
	return err
}
