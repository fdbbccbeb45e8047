package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"
	_ "github.com/ncruces/go-sqlite3/driver" // database/sql's « sqlite3 »
	"github.com/ncruces/go-sqlite3/ext/fts5"

	"guichet/migrations"
)

// Each connection holds its own page cache: few of them, small caches. One writer and three readers keep under 20 MB.
const (
	readers     = 3
	cachePages  = "cache_size(-4096)" // KiB
	busyTimeout = "busy_timeout(10000)"
	idle        = 5 * time.Minute

	freeTries, freePause = 200, 50 * time.Millisecond
)

func init() { sqlite3.AutoExtension(fts5.Register) }

type sqliteEngine struct{ path string }

func connectSQLite(path string) (*DB, error) {
	if path == "" || strings.HasPrefix(path, ":memory:") {
		return nil, errors.New("la base « sqlite: » demande le chemin d'un fichier : « sqlite:CHEMIN »")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("trouver la base %s : %w", path, err)
	}
	if err := create(path); err != nil {
		return nil, err
	}
	db := &DB{Dialect: migrations.SQLite, engine: sqliteEngine{path}}
	// SQLite has one writer: keeping one connection for it makes writers queue in Go, where a context can end the wait, and
	// leaves the readers free. Order matters: without the timeout first, switching to WAL fails when another process does
	// the same. What is deleted is overwritten: the data of people that are erased are not left in the file.
	db.writer, err = pool(path, 1, "_txlock=immediate", busyTimeout, "journal_mode(wal)", "foreign_keys(1)", "secure_delete(1)", cachePages)
	if err != nil {
		return nil, err
	}
	db.readers, err = pool(path, readers, "_txlock=deferred", busyTimeout, "query_only(1)", cachePages)
	if err != nil {
		return nil, errors.Join(err, db.writer.Close())
	}
	return db, nil
}

func (sqliteEngine) querier(q Querier) Querier { return numbered{q} }

// limit adds nothing: the file is on this machine, and a wait for its lock has its own limit.
func (sqliteEngine) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithCancel(ctx)
}

func (sqliteEngine) unlimit(context.Context, Querier) error { return nil }

// snapshot adds nothing: every transaction sees one state.
func (sqliteEngine) snapshot() *sql.TxOptions { return nil }

// alone adds nothing: a transaction that writes is alone already.
func (sqliteEngine) alone(context.Context, Querier, string) error { return nil }

// upgrade locks a file of its own with an exclusive transaction, because goose commits each migration on the database
// itself. The system frees it if the process dies; the empty file stays, since removing a lock file lets two processes lock
// two different ones.
func (e sqliteEngine) upgrade(ctx context.Context, db *DB, do func(context.Context, *sql.DB) error) error {
	lock, err := pool(e.path+"-lock", 1, "_txlock=exclusive", "busy_timeout(60000)")
	if err != nil {
		return err
	}
	defer lock.Close()
	tx, err := lock.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("attendre la mise à jour du schéma par un autre processus : %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	return whenFree(ctx, func() error { return do(ctx, db.writer) })
}

func (sqliteEngine) prepare(context.Context, *sql.DB) error { return nil }

// whenFree does again what finds the database locked, for a few seconds: the switch to WAL of a new database, that several
// processes make when they start together, does not wait by itself whatever the timeout.
func whenFree(ctx context.Context, do func() error) error {
	for try := 0; ; try++ {
		err := do()
		if !errors.Is(err, sqlite3.BUSY) || try == freeTries {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(freePause):
		}
	}
}

// create makes the file and its folder, readable by their owner only, so that the system's own errors come first.
func create(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("créer le dossier de la base %s : %w", path, french(err))
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("ouvrir la base %s : %w", path, french(err))
	}
	defer f.Close()
	start := make([]byte, len(sqliteMagic))
	switch n, err := io.ReadFull(f, start); {
	case errors.Is(err, io.EOF): // a new file
		return nil
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("ouvrir la base %s : %w", path, french(err))
	case strings.Trim(string(start[:n]), "\x00") == "": // another process is writing its first page
		return nil
	case string(start[:n]) != sqliteMagic:
		return notSQLite(path)
	}
	return nil
}

// sqliteMagic starts every SQLite file (https://www.sqlite.org/fileformat.html).
const sqliteMagic = "SQLite format 3\x00"

func notSQLite(path string) error {
	return fmt.Errorf("le fichier %s n'est pas une base SQLite : donnez celui d'une base de guichet, ou un chemin où il n'y a rien", path)
}

// numbered writes $1 as ?1: SQLite takes $1 for a name and numbers names as they appear, so that « SET a = $2 WHERE
// id = $1 » would silently swap the two.
type numbered struct{ Querier }

var argument = regexp.MustCompile(`\$([0-9]+)`)

func (n numbered) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return n.Querier.ExecContext(ctx, argument.ReplaceAllString(query, "?$1"), args...)
}

func (n numbered) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return n.Querier.QueryContext(ctx, argument.ReplaceAllString(query, "?$1"), args...)
}

func (n numbered) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return n.Querier.QueryRowContext(ctx, argument.ReplaceAllString(query, "?$1"), args...)
}

func pool(path string, size int, txlock string, pragmas ...string) (*sql.DB, error) {
	dsn := "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?" + txlock
	for _, p := range pragmas {
		dsn += "&_pragma=" + p
	}
	db, err := sql.Open("sqlite3", dsn)
	if err != nil {
		return nil, fmt.Errorf("ouvrir la base %s : %w", path, err)
	}
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	db.SetConnMaxIdleTime(idle)
	return db, nil
}

func (e sqliteEngine) explain(err error) error {
	switch {
	case errors.Is(err, sqlite3.NOTADB):
		return notSQLite(e.path)
	case errors.Is(err, sqlite3.CORRUPT):
		return fmt.Errorf("la base %s est abîmée, restaurez une sauvegarde : %w", e.path, err)
	case errors.Is(err, sqlite3.READONLY), errors.Is(err, sqlite3.CANTOPEN), errors.Is(err, sqlite3.PERM):
		return fmt.Errorf("la base %s ou son dossier ne peut pas être écrit : %w", e.path, err)
	case errors.Is(err, sqlite3.BUSY):
		return fmt.Errorf("la base %s est occupée par un autre programme : %w", e.path, err)
	case errors.Is(err, sqlite3.FULL):
		return fmt.Errorf("le disque de la base %s est plein : %w", e.path, err)
	}
	return err
}

// french says in French the two errors of the system that people meet.
func french(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("écriture interdite (%w)", err)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("chemin introuvable (%w)", err)
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		return fmt.Errorf("ce n'est pas un fichier que l'on peut écrire (%w)", err)
	}
	return err
}
