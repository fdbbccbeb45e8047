package database_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
	if path := os.Getenv(opener); path != "" {
		db, err := database.Open(context.Background(), path)
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

func TestOpenTogether(t *testing.T) {
	for round := range 3 {
		path := databasetest.SQLite.URL(t)
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				cmd := exec.CommandContext(t.Context(), os.Args[0])
				cmd.Env = append(os.Environ(), opener+"="+path)
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("round %d: %v: %s", round, err, out)
				}
			})
		}
		for range 3 {
			wg.Go(func() {
				db, err := database.Open(t.Context(), path)
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
		db := databasetest.Open(t, path)
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
func TestDownAndUpAgain(t *testing.T) {
	ctx := t.Context()
	db := databasetest.New(t)
	tables := func() (names string) {
		err := db.Conn(ctx).QueryRowContext(ctx, `SELECT coalesce(group_concat(type || ' ' || name, ', ' ORDER BY name), '') FROM sqlite_schema
			WHERE name NOT LIKE 'goose%' AND name NOT LIKE 'sqlite%'`).Scan(&names)
		if err != nil {
			t.Fatal(err)
		}
		return names
	}
	if current, program, err := migrations.Status(ctx, db.Writer(), db.Dialect); err != nil || current != program || current == 0 {
		t.Errorf("schema %d of %d, %v", current, program, err)
	}
	full := tables()
	provider, err := goose.NewProvider(goose.DialectSQLite3, db.Writer(), os.DirFS("../sqlite"))
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

func TestInTx(t *testing.T) {
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
			db := databasetest.New(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			err := db.InTx(ctx, func(ctx context.Context) error { return c.do(ctx, cancel, db) })
			if got := count(t, t.Context(), db); got != c.want || (err == nil) != (c.want > 0) {
				t.Errorf("%d rows and error %v, want %d rows", got, err, c.want)
			}
		})
	}
}

func TestPanicRollsBack(t *testing.T) {
	db := databasetest.New(t)
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
	db := databasetest.New(t)
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
	path := databasetest.SQLite.URL(t)
	mine, other := databasetest.Open(t, path), databasetest.Open(t, path)
	err := other.InTx(t.Context(), func(context.Context) error {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		// Without the context, the wait would end with SQLite's own timeout and another error.
		if err := mine.InTx(ctx, func(ctx context.Context) error { return add(ctx, mine) }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waiting for another writer gives %v", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if err := mine.InTx(t.Context(), func(ctx context.Context) error { return add(ctx, mine) }); err != nil {
		t.Errorf("the writer is lost after a wait that ended: %v", err)
	}
}

func TestWritingNeedsATransaction(t *testing.T) {
	db := databasetest.New(t)
	if err := add(t.Context(), db); err == nil {
		t.Error("written outside a transaction")
	}
}

func TestArgumentsInAnyOrder(t *testing.T) {
	db := databasetest.New(t)
	var a, b, c string
	err := db.Conn(t.Context()).QueryRowContext(t.Context(), `SELECT $3, $1, $2 WHERE $1 = 'un'`, "un", "deux", "trois").Scan(&a, &b, &c)
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
