package sqlledger_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"guichet/migrations"
	"guichet/migrations/database"
	"guichet/migrations/databasetest"
	"guichet/routing"
	"guichet/routing/ledger"
	"guichet/routing/ledger/ledgertest"
	"guichet/routing/ledger/sqlledger"
)

func TestLedger(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, e databasetest.Engine) {
		ledgertest.Run(t, func(t *testing.T, jobs ledger.Jobs, agenda ledger.Agenda) ledgertest.Ledger {
			return sqlledger.New(e.New(t), jobs, ledger.DefaultTexts(), agenda)
		})
	})
}

// Each table of the ledger refuses in turn: nothing may stay of the request.
func TestTakeIsAllOrNothing(t *testing.T) { databasetest.Each(t, takeIsAllOrNothing) }

func takeIsAllOrNothing(t *testing.T, e databasetest.Engine) {
	for _, fault := range []string{
		"INSERT ON request_numbers", "INSERT ON requests", "UPDATE ON requests",
		"INSERT ON request_messages", "INSERT ON request_events", "INSERT ON notices",
	} {
		t.Run(fault, func(t *testing.T) {
			ctx := t.Context()
			db := e.New(t)
			l := sqlledger.New(db, &ledgertest.Jobs{}, ledger.DefaultTexts(), ledger.Agenda{})
			allow := databasetest.Refuse(t, db, fault)
			in := ledger.Intake{
				Channel: "web", Message: "1", Thread: "1", Text: "Bonjour", At: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
				Decision: routing.Decision{Lead: "NORD", Associated: []string{"SUD"}},
			}
			if _, _, err := l.Take(ctx, in); err == nil {
				t.Fatal("taken")
			}
			for _, table := range []string{"request_numbers", "requests", "request_messages", "request_events", "notices"} {
				var n int
				if err := db.Conn(ctx).QueryRowContext(ctx, `SELECT count(*) FROM `+table).Scan(&n); err != nil || n != 0 {
					t.Errorf("%d rows left in %s, %v", n, table, err)
				}
			}
			allow()
			if r, _, err := l.Take(ctx, in); err != nil || r.Reference != "2026-0001" {
				t.Errorf("after the fault: %s, %v", r.Reference, err)
			}
		})
	}
}

// The desk records its reply in the same transaction: when that fails, no request may stay.
func TestTakeJoinsTheTransactionOfItsContext(t *testing.T) { databasetest.Each(t, takeJoins) }

func takeJoins(t *testing.T, e databasetest.Engine) {
	db := e.New(t)
	jobs := &ledgertest.Jobs{}
	l := sqlledger.New(db, jobs, ledger.DefaultTexts(), ledger.Agenda{})
	err := db.InTx(t.Context(), func(ctx context.Context) error {
		r, _, err := l.Take(ctx, ledger.Intake{
			Channel: "web", Message: "1", Thread: "1", At: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Decision: routing.Decision{Lead: "NORD"},
		})
		if err != nil {
			t.Error(err)
		}
		if _, err := l.Get(ctx, ledger.Viewer{Staff: true}, r.Reference); err != nil {
			t.Errorf("the transaction does not see its own request: %v", err)
		}
		return context.Canceled
	})
	if err == nil {
		t.Fatal("committed")
	}
	if all, err := l.List(t.Context(), ledger.Viewer{Staff: true}, ledger.Filter{}); err != nil || len(all) != 0 {
		t.Errorf("%d requests, %v", len(all), err)
	}
}

// A request written before the ledger kept its pace gets its dates from its events.
func TestPaceOfAnOlderRequest(t *testing.T) { databasetest.Each(t, older) }

func older(t *testing.T, e databasetest.Engine) {
	ctx := t.Context()
	db := e.New(t)
	agenda := ledger.Agenda{Delays: routing.Delays{Transmitted: routing.Stage{Due: 3, Reminders: []int{2}}}}
	l := sqlledger.New(db, &ledgertest.Jobs{}, ledger.DefaultTexts(), agenda)

	r, _, err := l.Take(ctx, ledger.Intake{
		Channel: "web", Message: "1", Thread: "1", Text: "Bonjour", At: monday, Decision: routing.Decision{Lead: "NORD", Associated: []string{"SUD"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	// As the migration leaves it.
	if err := db.InTx(ctx, func(ctx context.Context) error {
		_, err := db.Conn(ctx).ExecContext(ctx, `UPDATE requests SET pace = '', due_at = 0, next_at = 1`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if due, err := l.Due(ctx, monday); err != nil || len(due) != 1 {
		t.Fatal(due, err)
	}
	if err := l.FollowUp(ctx, r.Reference, monday.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	got, err := l.Get(ctx, ledger.Viewer{Staff: true}, r.Reference)
	if err != nil || !got.Due.Equal(r.Due) || !got.Next.Equal(r.Next) || len(got.Events) != 2 {
		t.Errorf("due %v, next %v, was %v, %v; %d events, %v", got.Due, got.Next, r.Due, r.Next, len(got.Events), err)
	}
	if r, err := l.SetPart(ctx, r.Reference, "SUD", ledger.Done, "", "Cy", monday); err != nil || len(r.Pace.Parts) != 1 {
		t.Errorf("%+v, %v", r.Pace, err)
	}
}

// BenchmarkTake takes requests of companies that the ledger has not, which it compares with those of their commune. One in eleven of
// those that are there is open. The time must not grow with their number.
func BenchmarkTake(b *testing.B) {
	for _, e := range []databasetest.Engine{databasetest.SQLite, databasetest.PostgreSQL} {
		for _, size := range []int{1_000, 20_000, 100_000} {
			b.Run(fmt.Sprintf("%s/%d", e.Dialect, size), func(b *testing.B) {
				db := e.New(b)
				fill(b, db, size)
				benchmarkTake(b, db)
			})
		}
	}
}

// asked is the n-th request: a fifth is about companies of one town, the others of the communes around it.
func asked(n int) ledger.Intake {
	names := strings.Fields("menuiserie brindelune cornaval vertepomme ostrelin malvigne tournebrise sablefin clairgrain nordelyre papelune grisemotte valdorine fauconvert miraloup")
	commune := "60000"
	if n%5 != 0 {
		commune = fmt.Sprint(60000 + n%3000)
	}
	return ledger.Intake{
		Channel: "web", Message: fmt.Sprint(n), Thread: fmt.Sprint(n), Text: fmt.Sprintf("Nous cherchons un financement pour notre projet %d", n), At: monday,
		Company:  ledger.Company{Name: fmt.Sprintf("%s %s %d", names[n%15], names[n/15%15], n)},
		Place:    ledger.Place{Commune: commune, EPCI: "200000001", Departement: "60"},
		Decision: routing.Decision{Lead: "NORD", Associated: []string{"SUD"}},
	}
}

var monday = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// fill writes requests as their taking would, without their messages and notices, which nothing looks for.
func fill(b *testing.B, db *database.DB, size int) {
	b.Helper()
	err := db.InTx(b.Context(), func(ctx context.Context) error {
		conn := db.Conn(ctx)
		for from := 1; from <= size; from += 200 {
			var rows, keys []string
			var args []any
			arg := func(v any) string {
				args = append(args, v)
				return fmt.Sprintf("$%d", len(args))
			}
			for id := from; id < from+200; id++ {
				in := asked(id)
				status := ledger.Closed
				if id%11 == 0 {
					status = ledger.Transmitted
				}
				rows = append(rows, fmt.Sprintf(`(%d, '%d', 'web', '%d', '', '%s', '%s', '%s', '', '', '%s', '%s', '60', 'ACCUEIL', 0, '', '', '%s', 'NORD', '', '[]', '{}', 0, 0)`,
					id, id, id, in.Text, in.Company.Name, ledger.CompanyKey(in.Company.Name), in.Place.Commune, in.Place.EPCI, status))
				if !status.Open() {
					continue
				}
				for _, key := range ledger.LikenessKeys(ledger.Request{Company: in.Company, Place: in.Place, Text: in.Text}) {
					keys = append(keys, fmt.Sprintf("(%s, %d)", arg(key), id))
				}
			}
			_, err := conn.ExecContext(ctx, `INSERT INTO requests (id, reference, channel, thread, author, text, company, name, siren, siret, commune, epci,
				departement, entry_point, deadline, search, person, status, lead, owner, associated, decision, created_at, updated_at) VALUES `+strings.Join(rows, ", "))
			if err == nil {
				_, err = conn.ExecContext(ctx, `INSERT INTO request_keys (key, request_id) VALUES `+strings.Join(keys, ", "), args...)
			}
			if err != nil {
				return err
			}
		}
		if db.Dialect == migrations.PostgreSQL { // as the server does by itself after a while
			if _, err := conn.ExecContext(ctx, `SELECT setval(pg_get_serial_sequence('requests', 'id'), $1)`, size+1); err != nil {
				return err
			}
			if _, err := conn.ExecContext(ctx, `ANALYZE requests, request_keys`); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

func benchmarkTake(b *testing.B, db *database.DB) {
	l := sqlledger.New(db, &ledgertest.Jobs{}, ledger.DefaultTexts(), ledger.Agenda{})
	for n := 1_000_000; b.Loop(); n++ {
		if _, joined, err := l.Take(b.Context(), asked(n)); err != nil || joined {
			b.Fatal(joined, err)
		}
	}
}

// Who waits for a request sees what was done meanwhile: two people who act on the same card do not both succeed.
func TestHoldSeesWhatItWaitedFor(t *testing.T) { databasetest.Each(t, holdSees) }

func holdSees(t *testing.T, e databasetest.Engine) {
	db, at := e.New(t), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	l := sqlledger.New(db, &ledgertest.Jobs{}, ledger.DefaultTexts(), ledger.Agenda{})
	taken, _, err := l.Take(t.Context(), ledger.Intake{
		Channel: "web", Message: "1", Thread: "1", Text: "Bonjour", At: at, Decision: routing.Decision{Lead: "NORD"},
	})
	if err != nil {
		t.Fatal(err)
	}
	type held struct {
		version int64
		err     error
	}
	waited := make(chan held, 1)
	var after ledger.Request
	err = db.InTx(t.Context(), func(ctx context.Context) error {
		if _, err := l.Hold(ctx, taken.Reference); err != nil {
			return err
		}
		go func() {
			var out held
			out.err = db.InTx(t.Context(), func(ctx context.Context) error {
				r, err := l.Hold(ctx, taken.Reference)
				out.version = r.Version
				return err
			})
			waited <- out
		}()
		time.Sleep(200 * time.Millisecond) // the other one waits by now, or comes later: it must see the same
		after, err = l.SetStatus(ctx, taken.Reference, ledger.Taken, "", "Ada", at)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := <-waited; got.err != nil || got.version != after.Version || got.version == taken.Version {
		t.Errorf("version %d, %v; want %d, was %d", got.version, got.err, after.Version, taken.Version)
	}
}
