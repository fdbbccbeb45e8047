package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"guichet/migrations"
	"guichet/migrations/database"
	"guichet/migrations/databasetest"
)

// write runs statements in a database.
func write(t *testing.T, db *database.DB, statements ...string) {
	t.Helper()
	err := db.InTx(t.Context(), func(ctx context.Context) error {
		for _, s := range statements {
			if _, err := db.Conn(ctx).ExecContext(ctx, s); err != nil {
				return fmt.Errorf("%s: %w", s, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func fill(t *testing.T, db *database.DB) {
	t.Helper()
	write(t, db,
		`UPDATE base_changes SET last = 7`,
		`INSERT INTO documents (number, id, title, source, url, audience, epci, date, valid_from, valid_until, unavailable, words, passages, hash, changed)
			VALUES (3, 'a', 'Œuvre « à » l''été', 's', '', 1, '', '', '', '', true, 2, 1, 'h', 3), (7, 'b', 'B', 't', '', 3, '', '', '', '', false, 2, 0, 'i', 7)`,
		`INSERT INTO passages (number, document, ordinal, kind, path, text, "offset", page, title_words, path_words, body_words, length, meaning)
			VALUES (3145728, 3, 0, 1, '["x"]', 'texte', 0, 0, 'oeuvre', '', 'texte', 2, 'm')`,
		`UPDATE documents SET damaged = 0.25 WHERE id = 'a'`,
		`INSERT INTO remotes (address, audience, epci, mapping, etag, modified, reading, tried_at, seen_at, failure, gone) VALUES ('https://exemple.invalid', 1, '', '', 'e', '', 'r', 4, 5, '', true)`,
		`INSERT INTO word_counts (word, audience, epci, passages, documents) VALUES ('oeuvre', 1, '', 1, 1)`,
		`INSERT INTO conversations (channel, thread, version, state) VALUES ('web', 't', 2, '{}')`,
		`INSERT INTO messages (id, channel, message, thread, text, asker, at, reply, answer) VALUES (41, 'web', 'm', 't', 'Bonjour', '{}', 5, '{}', NULL), (42, 'web', 'n', 't', '', '{}', 6, '{}', 'r')`,
		`INSERT INTO votes (answer, useful, reason, at) VALUES ('r', 1, '', 9)`,
		`INSERT INTO request_numbers (year, last) VALUES (2026, 12)`,
		`INSERT INTO requests (id, reference, channel, thread, author, text, company, name, siren, siret, commune, epci, departement, entry_point, deadline, status, lead, owner, associated, decision, search, created_at, updated_at)
			VALUES (5, '2026-0012', 'web', 't', '', '', '', '', '', '', '', '', '', '', 0, 'transmitted', 'NORD', '', 'null', '{}', '', 1, 1)`,
		`INSERT INTO imports (source, external_id, request_id, digest, imported_at) VALUES ('outil', 'A1', 5, 'd', 4)`,
		`INSERT INTO access_tokens (id, hash, label, scopes, audience, epci, direction, person, created_at) VALUES ('t', 'h', 'Outil', 'ask', 'staff', '', '', '', 1)`,
		`INSERT INTO access_keys (token_id, key, digest, at) VALUES ('t', 'k', 'd', 2)`,
		`INSERT INTO webhooks (id, url, events, audience, epci, secret, private, created_at) VALUES ('w', 'https://exemple.invalid', '', 'staff', '', 'whsec_', 0, 1)`,
		`INSERT INTO webhook_deliveries (id, webhook_id, kind, reference, body, created_at) VALUES ('evt_1_w', 'w', 'request.received', '2026-0012', '{}', 3)`,
		`INSERT INTO notices (key, request_id, kind, direction, text, created_at) VALUES ('k', 5, 'new_request', 'NORD', '', 1), ('l', NULL, 'double_funding', 'SUD', '', 1)`,
		`INSERT INTO sheet_numbers (year, last) VALUES (2026, 1)`,
		`INSERT INTO sheets (reference, body, stage, deadline, created_at) VALUES ('P-2026-0001', '{}', 'draft', '2026-03-31', 1)`,
		`INSERT INTO sheet_territories (reference, epci) VALUES ('P-2026-0001', '200018083')`,
		`INSERT INTO sheet_events (id, reference, at, kind, actor, epci, why) VALUES (3, 'P-2026-0001', 1, 'created', 'Ada', '', '')`,
		`INSERT INTO revues (scope, day, since, held_at, told) VALUES ('200018083', '2026-03-02', 1, 2, 'EPCI')`,
		`INSERT INTO funding_numbers (year, last) VALUES (2026, 2)`,
		`INSERT INTO fundings (id, reference, source, external_id, siren, name, operator, direction, request, stage, body, created_at, updated_at)
			VALUES (8, 'F-2026-0002', '', '', '', 'fictive', '', 'SUD', '', 'asked', '{}', 1, 1)`,
		`INSERT INTO funding_events (id, funding_id, at, actor, why, body) VALUES (9, 8, 1, 'Ada', '', '{}')`,
		`INSERT INTO funding_warnings (first, second, verdict, reasons, at) VALUES ('F-2026-0001', 'F-2026-0002', 'same', '[]', 1)`,
		`INSERT INTO conventions (id, type, epci, themes, starts, ends, signed, document, renews, changed_by, changed_at)
			VALUES ('F-1', 'aides', '200018083', '["export"]', '2026-01-01', '2026-12-31', '', '', '', 'Ada', 1)`,
		`INSERT INTO convention_alerts (key, convention, ends, days, direction, text, created_at) VALUES ('a', 'F-1', '2026-12-31', 30, '', 'x', 1)`)
	for n := range 2*batch + 1 {
		write(t, db, fmt.Sprintf(`INSERT INTO gaps (question, audience, channel, looked, at) VALUES ('q%d', 'public', 'web', '', %d)`, n, n))
	}
}

var engines = []databasetest.Engine{databasetest.SQLite, databasetest.PostgreSQL}

func none(context.Context) error { return nil }

func TestCopyFromEachEngineToEach(t *testing.T) {
	for _, e := range engines {
		for _, f := range engines {
			t.Run(string(e.Dialect)+" to "+string(f.Dialect), func(t *testing.T) {
				from, to, back := e.New(t), f.New(t), e.New(t)
				fill(t, from)
				moved, err := Copy(t.Context(), from, to, none)
				if err != nil {
					t.Fatal(err)
				}
				if want := []Table{{"documents", 2}, {"passages", 1}, {"base_changes", 1}, {"word_counts", 1}}; !slices.Equal(moved[:4], want) {
					t.Errorf("moved %v", moved)
				}
				for _, name := range []string{"fundings", "funding_events", "funding_warnings", "revues", "sheets", "sheet_territories", "sheet_events"} {
					if i := slices.Index(tables, name); i < 0 || moved[i].Rows != 1 {
						t.Errorf("%s: moved %v", name, moved)
					}
				}
				if i := slices.Index(tables, "gaps"); moved[i].Rows != 2*batch+1 {
					t.Errorf("moved %v", moved)
				}
				if again, err := Copy(t.Context(), to, back, none); err != nil || !slices.Equal(again, moved) {
					t.Errorf("back: %v, %v", again, err)
				}
				// The copy goes on where the first one was: new rows get new numbers, and the words are indexed.
				write(t, to, `INSERT INTO messages (channel, message, thread, text, asker, at, reply) VALUES ('web', 'o', 't', '', '{}', 7, '{}')`)
				var last int64
				var title string
				var unavailable bool
				err = errors.Join(
					to.Conn(t.Context()).QueryRowContext(t.Context(), `SELECT max(id) FROM messages`).Scan(&last),
					to.Conn(t.Context()).QueryRowContext(t.Context(), `SELECT title, unavailable FROM documents WHERE number = 3`).Scan(&title, &unavailable))
				if err != nil || last != 43 || title != "Œuvre « à » l'été" || !unavailable {
					t.Errorf("number %d, %q, %v, %v", last, title, unavailable, err)
				}
			})
		}
	}
}

func TestCopyIsAllOrNothing(t *testing.T) { databasetest.Each(t, copyIsAllOrNothing) }

func copyIsAllOrNothing(t *testing.T, e databasetest.Engine) {
	from, to := databasetest.SQLite.New(t), e.New(t)
	fill(t, from)
	boom := errors.New("boom")
	if _, err := Copy(t.Context(), from, to, func(context.Context) error { return boom }); !errors.Is(err, boom) {
		t.Fatal(err)
	}
	allow := databasetest.Refuse(t, to, "INSERT ON notices")
	if _, err := Copy(t.Context(), from, to, none); err == nil || !strings.Contains(err.Error(), "notices") {
		t.Fatal(err)
	}
	allow()
	if _, err := Copy(t.Context(), from, to, none); err != nil {
		t.Errorf("after two copies that failed: %v", err)
	}
	if _, err := Copy(t.Context(), from, to, none); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("copied over: %v", err)
	}
}

// A difference is seen: a row that the target changes as it is written.
func TestCopyCompares(t *testing.T) {
	from, to := databasetest.SQLite.New(t), databasetest.SQLite.New(t)
	fill(t, from)
	write(t, to, `CREATE TRIGGER alters AFTER INSERT ON votes BEGIN UPDATE votes SET reason = 'autre'; END`)
	if _, err := Copy(t.Context(), from, to, none); err == nil || !strings.Contains(err.Error(), "la copie diffère") {
		t.Errorf("%v", err)
	}
}

// A table that a migration adds is moved, or said here to be made again.
func TestEveryTableIsKnown(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, e databasetest.Engine) {
		known := append(slices.Clone(tables), "models", "vectors", "leases", "goose_db_version")
		query := `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'passage\_words%' ESCAPE '\'`
		if e.Dialect == migrations.PostgreSQL {
			query = `SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'`
		}
		rows, err := e.New(t).Conn(t.Context()).QueryContext(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		seen := 0
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				t.Fatal(err)
			}
			if seen++; !slices.Contains(known, name) {
				t.Errorf("%s is neither moved nor made again", name)
			}
		}
		if err := rows.Err(); err != nil || seen != len(known) {
			t.Errorf("%d tables, %d known, %v", seen, len(known), err)
		}
	})
}
