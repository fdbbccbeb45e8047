package sqlrevue_test

import (
	"testing"
	"time"

	"guichet/migrations/databasetest"
	"guichet/routing/ledger"
	"guichet/routing/ledger/ledgertest"
	"guichet/routing/ledger/sqlledger"
	"guichet/routing/revue"
	"guichet/routing/revue/sqlrevue"
)

func TestARevueIsHeldOnceOrNotAtAll(t *testing.T) { databasetest.Each(t, heldOnce) }

func heldOnce(t *testing.T, e databasetest.Engine) {
	at := time.Date(2026, 3, 2, 12, 0, 0, 123456000, time.UTC)
	h := revue.Held{Scope: "200000001", Day: "2026-03-02", At: at, Since: at.AddDate(0, 0, -49), To: "EPCI"}
	n := ledger.Notice{Key: "revue/200000001/2026-03-02", Kind: ledger.Revue, EPCI: "200000001", CreatedAt: at}
	for _, fault := range []string{"INSERT ON revues", "INSERT ON notices"} {
		t.Run(fault, func(t *testing.T) {
			db, jobs := e.New(t), &ledgertest.Jobs{}
			s := sqlrevue.New(db, sqlledger.New(db, jobs, ledger.DefaultTexts(), ledger.Agenda{}))
			databasetest.Refuse(t, db, fault)
			if _, err := s.Hold(t.Context(), h, &n, ledger.TextData{Scope: "CA Fictive", Text: "x"}); err == nil {
				t.Error("held")
			}
			if last, err := s.Last(t.Context()); err != nil || len(last) != 0 || len(jobs.Delivered) != 0 {
				t.Errorf("%v, %v, %v", last, jobs.Delivered, err)
			}
		})
	}
	db, jobs := e.New(t), &ledgertest.Jobs{}
	s := sqlrevue.New(db, sqlledger.New(db, jobs, ledger.DefaultTexts(), ledger.Agenda{}))
	for _, want := range []bool{true, false} {
		if first, err := s.Hold(t.Context(), h, &n, ledger.TextData{Scope: "CA Fictive", Text: "x"}); err != nil || first != want {
			t.Errorf("%v, %v", first, err)
		}
	}
	if len(jobs.Delivered) != 1 {
		t.Errorf("%v", jobs.Delivered)
	}
	quiet := revue.Held{Scope: "200000001", Day: "2026-04-20", At: at.AddDate(0, 0, 49), Since: at}
	if first, err := s.Hold(t.Context(), quiet, nil, ledger.TextData{}); err != nil || !first {
		t.Errorf("%v, %v", first, err)
	}
	if last, err := s.Last(t.Context()); err != nil || len(last) != 1 || last["200000001"] != quiet {
		t.Errorf("%v, %v", last, err)
	}
	requests := sqlledger.New(db, jobs, ledger.DefaultTexts(), ledger.Agenda{})
	if got, err := requests.Notice(t.Context(), n.Key); err != nil || got.EPCI != n.EPCI || got.Recipient() != "EPCI 200000001" {
		t.Errorf("%+v, %v", got, err)
	}
}
