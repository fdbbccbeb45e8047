package database_test

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"strings"
	"testing"

	"guichet/migrations"
	"guichet/migrations/database"
	"guichet/migrations/databasetest"
)

// psql runs statements as the server's administrator, in the database of a URL.
func psql(t *testing.T, url string, statements ...string) {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.ExecContext(context.Background(), s); err != nil {
			t.Fatal(err)
		}
	}
}

// with changes a part of a URL.
func with(t *testing.T, address string, change func(u *url.URL)) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	change(u)
	return u.String()
}

func TestOpenPostgreSQLRefuses(t *testing.T) {
	as := func(name, password string) func(*url.URL) {
		return func(u *url.URL) { u.User = url.UserPassword(name, password) }
	}
	// shadow makes a database say something else of its extensions.
	shadow := func(t *testing.T, at, view string) {
		name := strings.TrimPrefix(with(t, at, func(u *url.URL) { u.Host, u.User, u.RawQuery = "", nil, "" }), "postgres:///")
		psql(t, at, `CREATE SCHEMA shadow`, view, `ALTER DATABASE `+name+` SET search_path = shadow, pg_catalog, public`)
	}
	for _, c := range []struct {
		name        string
		address     func(t *testing.T, at string) string
		want        string
		unreachable bool
	}{
		{"unreadable", func(*testing.T, string) string { return "postgres://guichet:sec%ret@serveur/base" }, "illisible", false},
		{"unreadable port", func(*testing.T, string) string { return "postgres://guichet:secret@serveur:port/base" }, "illisible", false},
		{"nothing there", func(t *testing.T, at string) string {
			line, address := databasetest.NewLine(t, at)
			line.Cut()
			return with(t, address, as("guichet", "secret"))
		}, "rien n'y répond", true},
		{"wrong password", func(t *testing.T, at string) string { return with(t, at, as("guichet", "secret")) }, "refuse le compte « guichet » ou son mot de passe", false},
		{"unknown account", func(t *testing.T, at string) string { return with(t, at, as("intruse", "secret")) }, "refuse le compte « intruse »", false},
		{"unknown database", func(t *testing.T, at string) string { return with(t, at, func(u *url.URL) { u.Path = "/absente" }) }, "la base « absente » n'existe pas", false},
		{"no right to create the extension", func(t *testing.T, at string) string {
			psql(t, at, `CREATE ROLE lectrice LOGIN PASSWORD 'secret'`)
			t.Cleanup(func() { psql(t, at, `DROP ROLE lectrice`) })
			return with(t, at, as("lectrice", "secret"))
		}, "CREATE EXTENSION vector", false},
		{"no right to create tables", func(t *testing.T, at string) string {
			psql(t, at, `CREATE EXTENSION vector`, `CREATE ROLE lectrice LOGIN PASSWORD 'secret'`)
			t.Cleanup(func() { psql(t, at, `DROP ROLE lectrice`) })
			return with(t, at, as("lectrice", "secret"))
		}, "le compte « lectrice » n'a pas les droits nécessaires", false},
		{"no pgvector", func(t *testing.T, at string) string {
			shadow(t, at, `CREATE VIEW shadow.pg_available_extensions AS SELECT * FROM pg_catalog.pg_available_extensions WHERE name <> 'vector'`)
			return at
		}, "l'extension pgvector manque au serveur", false},
		{"old pgvector", func(t *testing.T, at string) string {
			shadow(t, at, `CREATE VIEW shadow.pg_extension AS SELECT name AS extname, '0.7.4' AS extversion FROM (VALUES ('vector')) AS old (name)`)
			return at
		}, "trop ancienne (0.7.4, il faut 0.8 au moins)", false},
		{"newer than the program", func(t *testing.T, at string) string {
			databasetest.Open(t, at)
			psql(t, at, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)`)
			return at
		}, "plus récente que ce programme (schéma 9999", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			address := c.address(t, databasetest.PostgreSQL.URL(t))
			db, err := database.Open(t.Context(), address)
			if err == nil {
				db.Close()
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), c.want) || errors.Is(err, database.ErrUnreachable) != c.unreachable {
				t.Errorf("error %q, want %q", err, c.want)
			}
			_, secret, _ := strings.Cut(address, "://")
			_, secret, _ = strings.Cut(secret, ":")
			secret, _, _ = strings.Cut(secret, "@")
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the password is told: %v", err)
			}
			if c.name == "newer than the program" && !errors.As(err, &migrations.NewerError{}) {
				t.Errorf("%v is no NewerError", err)
			}
		})
	}
}

// A server that goes away is told at once, and found again when it is back.
func TestALostServerIsFoundAgain(t *testing.T) {
	line, address := databasetest.NewLine(t, databasetest.PostgreSQL.URL(t))
	db := databasetest.Open(t, address)
	ctx := t.Context()
	read := func() error {
		var n int
		return db.Conn(ctx).QueryRowContext(ctx, `SELECT count(*) FROM gaps`).Scan(&n)
	}
	write := func() error { return db.InTx(ctx, func(ctx context.Context) error { return add(ctx, db) }) }
	cutInside := func() error {
		return db.InTx(ctx, func(ctx context.Context) error {
			line.Cut()
			return add(ctx, db)
		})
	}
	for _, first := range []bool{true, false} {
		if err := errors.Join(read(), write()); err != nil {
			t.Fatal(err)
		}
		// The first says that the line is cut; those that follow, and that had connections of their own, know it.
		if err := cutInside(); !errors.Is(err, database.ErrUnreachable) {
			t.Errorf("without its server: %v", err)
		}
		if first {
			for _, err := range []error{write(), read()} {
				if !errors.Is(err, database.ErrUnreachable) {
					t.Errorf("without its server: %v", err)
				}
			}
		}
		line.Restore()
	}
	if err := errors.Join(read(), write()); err != nil {
		t.Error(err)
	}
	if got := count(t, ctx, db); got != 3 {
		t.Errorf("%d rows, want 3", got)
	}
}

// The connections have the limits that the README tells.
func TestLimits(t *testing.T) {
	db := databasetest.PostgreSQL.New(t)
	for name, want := range map[string]string{
		"statement_timeout": "10s", "idle_in_transaction_session_timeout": "20s", "default_transaction_isolation": "read committed",
	} {
		var got string
		if err := db.Conn(t.Context()).QueryRowContext(t.Context(), `SELECT current_setting($1)`, name).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s, %v", name, got, err)
		}
	}
}
