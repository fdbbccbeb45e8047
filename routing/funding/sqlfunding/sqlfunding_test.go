package sqlfunding_test

import (
	"testing"
	"time"

	"guichet/migrations/databasetest"
	"guichet/routing/funding"
	"guichet/routing/funding/fundingtest"
	"guichet/routing/funding/sqlfunding"
	"guichet/routing/ledger"
	"guichet/routing/ledger/ledgertest"
	"guichet/routing/ledger/sqlledger"
)

func TestFundings(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, e databasetest.Engine) {
		fundingtest.Run(t, func(t *testing.T) fundingtest.Office {
			db := e.New(t)
			requests := sqlledger.New(db, &ledgertest.Jobs{}, ledger.DefaultTexts(), ledger.Agenda{})
			return fundingtest.Office{
				Fundings: sqlfunding.New(db, requests, funding.Default(), fundingtest.EntryPoint), Requests: requests, InTx: db.InTx,
			}
		})
	})
}

// Each table refuses in turn: nothing may stay of the funding, its warnings or its notices, and no job may be planned.
func TestPutIsAllOrNothing(t *testing.T) { databasetest.Each(t, putIsAllOrNothing) }

func putIsAllOrNothing(t *testing.T, e databasetest.Engine) {
	at := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	f := funding.Funding{Company: ledger.Company{Name: "Fabrique fictive"}, Direction: "NORD", Expense: "presse plieuse", Asked: "2026-03-01"}
	for _, fault := range []string{"INSERT ON funding_numbers", "INSERT ON fundings", "UPDATE ON fundings", "INSERT ON funding_events", "INSERT ON funding_warnings", "INSERT ON notices"} {
		t.Run(fault, func(t *testing.T) {
			ctx := t.Context()
			db := e.New(t)
			jobs := &ledgertest.Jobs{}
			s := sqlfunding.New(db, sqlledger.New(db, jobs, ledger.DefaultTexts(), ledger.Agenda{}), funding.Default(), "ACCUEIL")
			if fault == "INSERT ON funding_warnings" || fault == "INSERT ON notices" {
				if _, _, _, err := s.Put(ctx, f, "Ada", "", at); err != nil {
					t.Fatal(err)
				}
			}
			count := func() (n int) {
				t.Helper()
				err := db.Conn(ctx).QueryRowContext(ctx, `SELECT (SELECT count(*) FROM fundings) + (SELECT count(*) FROM funding_events)
					+ (SELECT count(*) FROM funding_warnings) + (SELECT count(*) FROM notices)`).Scan(&n)
				if err != nil {
					t.Fatal(err)
				}
				return n + len(jobs.Delivered)
			}
			before := count()
			allow := databasetest.Refuse(t, db, fault)
			if _, _, _, err := s.Put(ctx, f, "Ada", "", at); err == nil {
				t.Fatal("recorded")
			}
			if after := count(); after != before {
				t.Errorf("%d rows, %d before", after, before)
			}
			allow()
			if _, outcome, _, err := s.Put(ctx, f, "Ada", "", at); err != nil || outcome != funding.Added {
				t.Errorf("after the fault: %s, %v", outcome, err)
			}
		})
	}
}

// A notice about no request is delivered and ended like another.
func TestNoticeWithoutRequest(t *testing.T) { databasetest.Each(t, withoutRequest) }

func withoutRequest(t *testing.T, e databasetest.Engine) {
	ctx := t.Context()
	db := e.New(t)
	at := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	jobs := &ledgertest.Jobs{}
	requests := sqlledger.New(db, jobs, ledger.DefaultTexts(), ledger.Agenda{})
	s := sqlfunding.New(db, requests, funding.Default(), "ACCUEIL")
	for _, direction := range []string{"NORD", "SUD"} {
		f := funding.Funding{Company: ledger.Company{Name: "Fabrique fictive"}, Direction: direction, Expense: "presse plieuse", Asked: "2026-03-01"}
		if _, _, _, err := s.Put(ctx, f, "Ada", "", at); err != nil {
			t.Fatal(err)
		}
	}
	if len(jobs.Delivered) != 2 || jobs.Delivered[0].Reference != "" {
		t.Fatalf("%+v", jobs.Delivered)
	}
	sent, dead := jobs.Delivered[0].Key, jobs.Delivered[1].Key
	if err := requests.Sent(ctx, sent, at); err != nil {
		t.Fatal(err)
	}
	if err := requests.Failed(ctx, dead, "canal fermé", true, at); err != nil {
		t.Fatal(err)
	}
	for key, n := range map[string]func(ledger.Notice) bool{sent: func(n ledger.Notice) bool { return n.SentAt.Equal(at) }, dead: func(n ledger.Notice) bool { return n.DeadAt.Equal(at) }} {
		if got, err := requests.Notice(ctx, key); err != nil || !n(got) {
			t.Errorf("%+v, %v", got, err)
		}
	}
}
