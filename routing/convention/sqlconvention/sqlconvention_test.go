package sqlconvention_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"guichet/migrations/databasetest"
	"guichet/routing/convention"
	"guichet/routing/convention/conventiontest"
	"guichet/routing/convention/sqlconvention"
)

func TestConventions(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, e databasetest.Engine) {
		conventiontest.Run(t, func(t *testing.T, jobs convention.Jobs) conventiontest.Kept {
			return sqlconvention.New(e.New(t), jobs, conventiontest.Settings, conventiontest.Word)
		})
	})
}

// A copy of the base has no jobs: what was not sent is planned again, what was is not.
func TestPlanAgain(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, e databasetest.Engine) {
		db, jobs := e.New(t), &conventiontest.Jobs{}
		s := sqlconvention.New(db, jobs, conventiontest.Settings, conventiontest.Word)
		c := convention.Convention{ID: "A", Type: "aides", EPCI: "200000001", Start: "2026-01-01", End: "2026-12-31", Signed: "2025-12-15"}
		at := time.Date(2026, 12, 10, 12, 0, 0, 0, time.UTC)
		if _, err := s.Record(t.Context(), []convention.Convention{c}, "Ada", at); err != nil {
			t.Fatal(err)
		}
		if err := s.Watch(t.Context(), at, func(context.Context, string) (bool, error) { return true, nil }); err != nil {
			t.Fatal(err)
		}
		if err := s.Sent(t.Context(), convention.KeyOf(c, 30, "NORD"), at); err != nil {
			t.Fatal(err)
		}
		jobs.Told = nil
		if err := db.InTx(t.Context(), s.PlanAgain); err != nil || !slices.Equal(jobs.Told, []string{convention.KeyOf(c, 30, "")}) {
			t.Errorf("%v, %v", jobs.Told, err)
		}
	})
}
