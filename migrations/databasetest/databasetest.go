// Package databasetest gives each test a fresh, migrated database. Imported by tests only.
package databasetest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // database/sql's « pgx »

	"guichet/migrations"
	"guichet/migrations/database"
)

// Engine makes databases of one of the engines.
type Engine struct{ Dialect migrations.Dialect }

// The engines.
var (
	SQLite     = Engine{migrations.SQLite}
	PostgreSQL = Engine{migrations.PostgreSQL}
)

// Each runs a test on each engine, as subtests of the engines' names.
func Each(t *testing.T, test func(t *testing.T, e Engine)) {
	t.Helper()
	for _, e := range []Engine{SQLite, PostgreSQL} {
		t.Run(string(e.Dialect), func(t *testing.T) { test(t, e) })
	}
}

// New opens a new SQLite database, for a test that is not about the database.
func New(t testing.TB) *database.DB {
	t.Helper()
	return SQLite.New(t)
}

// New opens a new database; it is closed and dropped at the end.
func (e Engine) New(t testing.TB) *database.DB {
	t.Helper()
	return Open(t, e.URL(t))
}

// Open opens the database of a URL and closes it at the end; closing it before is allowed.
func Open(t testing.TB, url string) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// URL gives the address of a new database, for a test that opens it itself. Its schema comes when it is opened: a clone of
// a migrated database takes about as long.
func (e Engine) URL(t testing.TB) string {
	t.Helper()
	if e == SQLite {
		return "sqlite:" + filepath.Join(t.TempDir(), "guichet.db")
	}
	name := "guichet_test_" + strings.ToLower(rand.Text())
	run(t, `CREATE DATABASE `+name)
	t.Cleanup(func() { run(t, `DROP DATABASE `+name+` WITH (FORCE)`) })
	u, err := url.Parse(Server(t))
	if err != nil {
		t.Fatal("GUICHET_TEST_POSTGRES_URL : ", err)
	}
	u.Path = "/" + name
	return u.String()
}

// Refuse makes a table refuse what is done to it (« INSERT ON messages ») until allow is called.
func Refuse(t testing.TB, db *database.DB, what string) (allow func()) {
	t.Helper()
	_, table, _ := strings.Cut(what, " ON ")
	create, drop := []string{`CREATE TRIGGER fault BEFORE ` + what + ` BEGIN SELECT RAISE(ABORT, 'panne'); END`}, `DROP TRIGGER fault`
	if db.Dialect == migrations.PostgreSQL {
		create = []string{
			`CREATE OR REPLACE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'panne'; END $$`,
			`CREATE TRIGGER fault BEFORE ` + what + ` FOR EACH ROW EXECUTE FUNCTION fault()`,
		}
		drop = `DROP TRIGGER fault ON ` + table
	}
	write := func(statement string) {
		t.Helper()
		if _, err := db.Writer().ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	for _, statement := range create {
		write(statement)
	}
	return func() { t.Helper(); write(drop) }
}

func run(t testing.TB, statement string) {
	t.Helper()
	// Also at the end of a test, when its own context is over.
	if _, err := server(t).ExecContext(context.Background(), statement); err != nil {
		t.Fatal(err)
	}
}

// Server gives the address of the PostgreSQL server of the tests.
func Server(t testing.TB) string {
	t.Helper()
	server := os.Getenv("GUICHET_TEST_POSTGRES_URL")
	if server == "" {
		t.Fatal("ce test demande un PostgreSQL : lancez « make test », ou « .ci/postgres go test … » pour quelques paquets, ou donnez GUICHET_TEST_POSTGRES_URL")
	}
	return server
}

var open = sync.OnceValues(func() (*sql.DB, error) { return sql.Open("pgx", os.Getenv("GUICHET_TEST_POSTGRES_URL")) })

func server(t testing.TB) *sql.DB {
	t.Helper()
	Server(t)
	db, err := open()
	if err != nil {
		t.Fatal(err)
	}
	return db
}
