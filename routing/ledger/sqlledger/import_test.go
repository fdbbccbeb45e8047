package sqlledger_test

import (
	"fmt"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"guichet/migrations/database"
	"guichet/migrations/databasetest"
	"guichet/routing"
	"guichet/routing/ledger"
	"guichet/routing/ledger/ledgertest"
	"guichet/routing/ledger/sqlledger"
)

var march = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

func past(id string) ledger.History {
	return ledger.History{
		Source: "fictif", ID: id, Text: "Un prêt", Received: march, Status: ledger.Taken, Lead: "NORD", Associated: []string{"EST"}, Owner: "Bo", Taken: march.Add(time.Hour),
		Company: ledger.Company{Name: "Fabrique fictive"}, Place: ledger.Place{Commune: "00001"},
	}
}

func TestImportIsAllOrNothing(t *testing.T) { databasetest.Each(t, importIsAllOrNothing) }

func importIsAllOrNothing(t *testing.T, e databasetest.Engine) {
	ctx := t.Context()
	open := func() (*database.DB, *sqlledger.Ledger) {
		db := e.New(t)
		return db, sqlledger.New(db, &ledgertest.Jobs{}, ledger.DefaultTexts(), ledger.Agenda{Delays: routing.Delays{Taken: routing.Stage{Due: 1}}})
	}
	var l *sqlledger.Ledger
	tables := []string{"request_numbers", "requests", "request_messages", "request_events", "request_keys", "imports"}
	for _, table := range tables {
		db, broken := open()
		allow := databasetest.Refuse(t, db, "INSERT ON "+table)
		if _, _, err := broken.Import(ctx, past("1"), "f.csv:2", march.AddDate(0, 1, 0)); err == nil {
			t.Errorf("%s refuses, and it is imported", table)
		}
		allow()
		for _, table := range tables {
			var n int
			if err := db.Conn(ctx).QueryRowContext(ctx, `SELECT count(*) FROM `+table).Scan(&n); err != nil || n != 0 {
				t.Errorf("%d rows left in %s, %v", n, table, err)
			}
		}
		l = broken
	}
	r, o, err := l.Import(ctx, past("1"), "f.csv:2", march.AddDate(0, 1, 0))
	if err != nil || o != ledger.Added || r.Reference != "2026-0001" || r.Status != ledger.Taken || !r.Late(march.AddDate(0, 1, 0)) {
		t.Errorf("after the faults: %+v, %s, %v", r, o, err)
	}
	// It is what its events make of it, and a new message of the company joins it.
	read, err := l.Get(ctx, ledger.Viewer{Staff: true}, r.Reference)
	if err != nil {
		t.Fatal(err)
	}
	var made ledger.Request
	for _, event := range read.Events {
		if made, err = ledger.Apply(made, event); err != nil {
			t.Fatal(err)
		}
	}
	if made.Status != read.Status || made.Lead != read.Lead || made.Owner != read.Owner || !made.UpdatedAt.Equal(read.UpdatedAt) || !made.CreatedAt.Equal(read.CreatedAt) {
		t.Errorf("the events make %+v, the base has %+v", made, read)
	}
	_, joined, err := l.Take(ctx, ledger.Intake{
		Channel: "web", Message: "1", Thread: "1", Text: "Où en est-on ?", At: march.AddDate(0, 1, 1), Company: past("1").Company, Place: past("1").Place,
		Decision: routing.Decision{Lead: "SUD"},
	})
	if err != nil || !joined {
		t.Errorf("a message of the company: joined %v, %v", joined, err)
	}
}

// Two imports of one file at once make each request once.
// What another tool holds of a company is shown beside what people write of one that may be the same, whichever came first.
func TestImportLooksForTwins(t *testing.T) { databasetest.Each(t, importLooksForTwins) }

func importLooksForTwins(t *testing.T, e databasetest.Engine) {
	ctx := t.Context()
	l := sqlledger.New(e.New(t), &ledgertest.Jobs{}, ledger.DefaultTexts(), ledger.Agenda{})
	taken, _, err := l.Take(ctx, ledger.Intake{
		Channel: "web", Message: "m", Thread: "t", Text: "Nous cherchons un prêt.", Company: ledger.Company{Name: "Fabrique Fictive Services"}, Place: ledger.Place{Commune: "00001"},
		Decision: routing.Decision{Lead: "SUD", Rule: "r"}, EntryPoint: "ACCUEIL", At: march,
	})
	if err != nil {
		t.Fatal(err)
	}
	r, _, err := l.Import(ctx, past("1"), "f.csv:2", march.AddDate(0, 1, 0))
	if err != nil {
		t.Fatal(err)
	}
	twins, err := l.Twins(ctx, ledger.Viewer{Staff: true}, r.Reference, 0)
	if err != nil || len(twins) != 1 || twins[0].Of(r.Reference).Reference != taken.Reference {
		t.Errorf("%+v, %v", twins, err)
	}
}

func TestImportsAtOnce(t *testing.T) { databasetest.Each(t, importsAtOnce) }

func importsAtOnce(t *testing.T, e databasetest.Engine) {
	db := e.New(t)
	l := sqlledger.New(db, &ledgertest.Jobs{}, ledger.DefaultTexts(), ledger.Agenda{})
	var work errgroup.Group
	for range 4 {
		work.Go(func() error {
			for n := range 10 {
				if _, _, err := l.Import(t.Context(), past(fmt.Sprint(n)), "f.csv:2", march.AddDate(0, 1, 0)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := work.Wait(); err != nil {
		t.Fatal(err)
	}
	all, err := l.List(t.Context(), ledger.Viewer{Staff: true}, ledger.Filter{})
	if err != nil || len(all) != 10 {
		t.Errorf("%d requests, %v", len(all), err)
	}
}
