package database_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"guichet/migrations"
	"guichet/migrations/database"
	"guichet/migrations/databasetest"
)

// opener makes the test binary a second process that opens a database: two processes do not share SQLite's own locks.
const opener = "GUICHET_TEST_OPEN"

func TestMain(m *testing.M) {
	if url := os.Getenv(opener); url != "" {
		db, err := database.Open(context.Background(), url)
		if err == nil {
			err = db.Close()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestOpenTogether(t *testing.T) { databasetest.Each(t, openTogether) }

func openTogether(t *testing.T, e databasetest.Engine) {
	for round := range 3 {
		url := e.URL(t)
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				cmd := exec.CommandContext(t.Context(), os.Args[0])
				cmd.Env = append(os.Environ(), opener+"="+url)
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("round %d: %v: %s", round, err, out)
				}
			})
		}
		for range 3 {
			wg.Go(func() {
				db, err := database.Open(t.Context(), url)
				if err != nil {
					t.Errorf("round %d: %v", round, err)
					return
				}
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		var twice int
		db := databasetest.Open(t, url)
		err := db.Conn(t.Context()).QueryRowContext(t.Context(),
			`SELECT count(*) FROM (SELECT version_id FROM goose_db_version GROUP BY version_id HAVING count(*) > 1)`).Scan(&twice)
		if err != nil || twice != 0 {
			t.Fatalf("round %d: %d migrations applied twice, %v", round, twice, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("ceci n'est pas une base\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	newer := filepath.Join(dir, "newer.db")
	db := databasetest.Open(t, "sqlite:"+newer)
	err := db.InTx(t.Context(), func(ctx context.Context) error {
		_, err := db.Conn(ctx).ExecContext(ctx, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, url, want string }{
		{"unknown scheme", "mysql://guichet:secret@serveur", "« mysql » inconnue"},
		{"no scheme", "", "sqlite:CHEMIN"},
		{"no path", "sqlite:", "chemin d'un fichier"},
		{"memory", "sqlite::memory:", "chemin d'un fichier"},
		{"not a database", "sqlite:" + text, "notes.txt n'est pas une base SQLite"},
		{"a folder", "sqlite:" + dir, dir},
		{"under a file", "sqlite:" + filepath.Join(text, "sous", "guichet.db"), "notes.txt"},
		{"newer than the program", "sqlite:" + newer, "plus récente que ce programme (schéma 9999"},
	} {
		t.Run(c.name, func(t *testing.T) {
			db, err := database.Open(t.Context(), c.url)
			if err == nil {
				db.Close()
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("error %q, want %q", err, c.want)
			}
		})
	}
	if _, err := database.Open(t.Context(), "sqlite:"+newer); !errors.As(err, &migrations.NewerError{}) {
		t.Errorf("a newer database gives %v, want a NewerError", err)
	}
	if got, _ := os.ReadFile(text); !strings.HasPrefix(string(got), "ceci n'est pas une base\n") {
		t.Error("the refused file was changed")
	}
}

// A migration that cannot be undone, or leaves something behind, shows when all are undone and applied again.
func TestDownAndUpAgain(t *testing.T) { databasetest.Each(t, downAndUpAgain) }

func downAndUpAgain(t *testing.T, e databasetest.Engine) {
	ctx := t.Context()
	db := e.New(t)
	list := map[databasetest.Engine]string{
		databasetest.SQLite: `SELECT coalesce(group_concat(type || ' ' || name, ', ' ORDER BY name), '') FROM sqlite_schema
			WHERE name NOT LIKE 'goose%' AND name NOT LIKE 'sqlite%'`,
		databasetest.PostgreSQL: `SELECT coalesce(string_agg(relkind::text || ' ' || relname, ', ' ORDER BY relname), '') FROM pg_class
			WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE 'goose%'`,
	}
	tables := func() (names string) {
		err := db.Conn(ctx).QueryRowContext(ctx, list[e]).Scan(&names)
		if err != nil {
			t.Fatal(err)
		}
		return names
	}
	if current, program, err := migrations.Status(ctx, db.Writer(), db.Dialect); err != nil || current != program || current == 0 {
		t.Errorf("schema %d of %d, %v", current, program, err)
	}
	full := tables()
	dialect := map[databasetest.Engine]goose.Dialect{databasetest.SQLite: goose.DialectSQLite3, databasetest.PostgreSQL: goose.DialectPostgres}[e]
	provider, err := goose.NewProvider(dialect, db.Writer(), migrations.Files(e.Dialect))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.DownTo(ctx, 0); err != nil {
		t.Fatal(err)
	}
	if left := tables(); left != "" {
		t.Errorf("left behind: %s", left)
	}
	if pending, err := migrations.Check(ctx, db.Writer(), db.Dialect); err != nil || !pending {
		t.Errorf("nothing to apply on an empty schema: %v", err)
	}
	if err := migrations.Up(ctx, db.Writer(), db.Dialect); err != nil || tables() != full {
		t.Errorf("%v, %s, want %s", err, tables(), full)
	}
}

func TestStatusWritesNothing(t *testing.T) { databasetest.Each(t, statusWritesNothing) }

func statusWritesNothing(t *testing.T, e databasetest.Engine) {
	db, err := database.Connect(t.Context(), e.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if current, program, err := migrations.Status(t.Context(), db.Writer(), db.Dialect); err != nil || current != 0 || program == 0 {
		t.Errorf("schema %d of %d, %v", current, program, err)
	}
	tables := map[databasetest.Engine]string{
		databasetest.SQLite: `SELECT count(*) FROM sqlite_schema`, databasetest.PostgreSQL: `SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`,
	}
	var written int
	if err := db.Conn(t.Context()).QueryRowContext(t.Context(), tables[e]).Scan(&written); err != nil || written != 0 {
		t.Errorf("%d tables written in an empty database, %v", written, err)
	}
}

// A number means the same on both engines.
func TestSameNumbersOnBothEngines(t *testing.T) {
	sqlite, err := fs.Glob(migrations.Files(migrations.SQLite), "*")
	if err != nil {
		t.Fatal(err)
	}
	postgres, err := fs.Glob(migrations.Files(migrations.PostgreSQL), "*")
	if err != nil || len(sqlite) == 0 || !slices.Equal(sqlite, postgres) {
		t.Errorf("%v, %v, %v", sqlite, postgres, err)
	}
}

// Text sorts by bytes on both engines, whatever the server's locale.
func TestTextComparesByBytes(t *testing.T) {
	db := databasetest.PostgreSQL.New(t)
	var wrong string
	err := db.Conn(t.Context()).QueryRowContext(t.Context(), `SELECT coalesce(string_agg(table_name || '.' || column_name, ', '), '') FROM information_schema.columns
		WHERE table_schema = 'public' AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'`).Scan(&wrong)
	if err != nil || wrong != "" {
		t.Errorf("columns without COLLATE \"C\": %s, %v", wrong, err)
	}
}

func TestOpenKeepsOddPaths(t *testing.T) {
	path := filepath.Join(t.TempDir(), "données de l'été 100% ?#&", "ma base.db")
	databasetest.Open(t, "sqlite:"+path)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v %v, want the file with mode 0600", info, err)
	}
}

func count(t *testing.T, ctx context.Context, db *database.DB) (n int) {
	t.Helper()
	if err := db.Conn(ctx).QueryRowContext(ctx, `SELECT count(*) FROM gaps`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func add(ctx context.Context, db *database.DB) error {
	_, err := db.Conn(ctx).ExecContext(ctx, `INSERT INTO gaps (question, audience, channel, looked, at) VALUES ($1, $2, '', '', 0)`, "q", "public")
	return err
}

func TestInTx(t *testing.T) { databasetest.Each(t, inTx) }

func inTx(t *testing.T, e databasetest.Engine) {
	boom := errors.New("boom")
	for _, c := range []struct {
		name string
		do   func(ctx context.Context, cancel func(), db *database.DB) error
		want int
	}{
		{"commits", func(ctx context.Context, _ func(), db *database.DB) error { return add(ctx, db) }, 1},
		{"error rolls back", func(ctx context.Context, _ func(), db *database.DB) error {
			return errors.Join(add(ctx, db), boom)
		}, 0},
		{"cancel rolls back", func(ctx context.Context, cancel func(), db *database.DB) error {
			err := add(ctx, db)
			cancel()
			return err
		}, 0},
		{"nested joins", func(ctx context.Context, _ func(), db *database.DB) error {
			return errors.Join(add(ctx, db), db.InTx(ctx, func(ctx context.Context) error { return add(ctx, db) }))
		}, 2},
		{"outer error undoes the nested", func(ctx context.Context, _ func(), db *database.DB) error {
			return errors.Join(db.InTx(ctx, func(ctx context.Context) error { return add(ctx, db) }), boom)
		}, 0},
		{"nested error undoes its own part only", func(ctx context.Context, _ func(), db *database.DB) error {
			err := db.InTx(ctx, func(ctx context.Context) error { return errors.Join(add(ctx, db), boom) })
			if !errors.Is(err, boom) {
				return fmt.Errorf("nested error %v", err)
			}
			return add(ctx, db)
		}, 1},
		{"cancel inside the nested rolls all back", func(ctx context.Context, cancel func(), db *database.DB) error {
			_ = db.InTx(ctx, func(ctx context.Context) error {
				err := add(ctx, db)
				cancel()
				return err
			})
			return nil
		}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			db := e.New(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			err := db.InTx(ctx, func(ctx context.Context) error { return c.do(ctx, cancel, db) })
			if got := count(t, t.Context(), db); got != c.want || (err == nil) != (c.want > 0) {
				t.Errorf("%d rows and error %v, want %d rows", got, err, c.want)
			}
		})
	}
}

func TestPanicRollsBack(t *testing.T) { databasetest.Each(t, panicRollsBack) }

func panicRollsBack(t *testing.T, e databasetest.Engine) {
	db := e.New(t)
	func() {
		defer func() { _ = recover() }()
		_ = db.InTx(t.Context(), func(ctx context.Context) error {
			if err := add(ctx, db); err != nil {
				t.Error(err)
			}
			panic("boom")
		})
	}()
	if got := count(t, t.Context(), db); got != 0 {
		t.Errorf("%d rows after a panic", got)
	}
	if err := db.InTx(t.Context(), func(ctx context.Context) error { return add(ctx, db) }); err != nil {
		t.Errorf("the writer is lost after a panic: %v", err)
	}
}

func TestWritersQueueAndReadersDoNotWait(t *testing.T) {
	databasetest.Each(t, writersQueueAndReadersDoNotWait)
}

func writersQueueAndReadersDoNotWait(t *testing.T, e databasetest.Engine) {
	db := e.New(t)
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			if err := db.InTx(t.Context(), func(ctx context.Context) error { return add(ctx, db) }); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	err := db.InTx(t.Context(), func(ctx context.Context) error {
		if err := add(ctx, db); err != nil {
			return err
		}
		if got := count(t, t.Context(), db); got != 30 {
			t.Errorf("a reader sees %d rows during a write, want 30", got)
		}
		if got := count(t, ctx, db); got != 31 {
			t.Errorf("the transaction sees %d rows, want 31", got)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAWaitForAnotherProcessEndsWithItsContext(t *testing.T) {
	databasetest.Each(t, aWaitEndsWithItsContext)
}

func aWaitEndsWithItsContext(t *testing.T, e databasetest.Engine) {
	url := e.URL(t)
	mine, other := databasetest.Open(t, url), databasetest.Open(t, url)
	alone := func(ctx context.Context, db *database.DB) error {
		return db.InTx(ctx, func(ctx context.Context) error { return db.Alone(ctx, "essai") })
	}
	err := other.InTx(t.Context(), func(held context.Context) error {
		if err := other.Alone(held, "essai"); err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		// Without the context, the wait would end with SQLite's own timeout and another error.
		if err := alone(ctx, mine); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waiting for another writer gives %v", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if err := alone(t.Context(), mine); err != nil {
		t.Errorf("the writer is lost after a wait that ended: %v", err)
	}
}

func TestWritingNeedsATransaction(t *testing.T) { databasetest.Each(t, writingNeedsATransaction) }

func writingNeedsATransaction(t *testing.T, e databasetest.Engine) {
	db := e.New(t)
	if err := add(t.Context(), db); err == nil {
		t.Error("written outside a transaction")
	}
}

func TestArgumentsInAnyOrder(t *testing.T) { databasetest.Each(t, argumentsInAnyOrder) }

func argumentsInAnyOrder(t *testing.T, e databasetest.Engine) {
	db := e.New(t)
	var a, b, c string
	err := db.Conn(t.Context()).QueryRowContext(t.Context(), `SELECT CAST($3 AS TEXT), CAST($1 AS TEXT), CAST($2 AS TEXT) WHERE $1 = 'un'`, "un", "deux", "trois").Scan(&a, &b, &c)
	if err != nil || a != "trois" || b != "un" || c != "deux" {
		t.Errorf("%s %s %s, %v", a, b, c, err)
	}
}

func TestFullTextAndForeignKeys(t *testing.T) {
	db := databasetest.New(t)
	err := db.InTx(t.Context(), func(ctx context.Context) error {
		_, err := db.Conn(ctx).ExecContext(ctx, `CREATE VIRTUAL TABLE words USING fts5(text)`)
		return err
	})
	if err != nil {
		t.Errorf("FTS5: %v", err)
	}
	err = db.InTx(t.Context(), func(ctx context.Context) error {
		_, err := db.Conn(ctx).ExecContext(ctx, `INSERT INTO votes (answer, useful, reason, at) VALUES ('nulle part', 1, '', 0)`)
		return err
	})
	if err == nil {
		t.Error("a vote on an unknown answer was written: foreign keys are off")
	}
}

func TestStamp(t *testing.T) {
	paris := time.FixedZone("Paris", 3600)
	for _, at := range []time.Time{{}, time.Date(2026, 3, 29, 2, 30, 0, 123456000, paris), time.Date(1969, 12, 31, 0, 0, 0, 0, time.UTC)} {
		if got := database.Time(database.Stamp(at)); !got.Equal(at) {
			t.Errorf("%v comes back as %v", at, got)
		}
	}
}
