package sqlstore_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"guichet/knowledge"
	"guichet/knowledge/sqlstore"
	"guichet/migrations/databasetest"
)

func TestBudget(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, e databasetest.Engine) {
		url := e.URL(t)
		// Two processes on one database.
		b, other := sqlstore.NewBudget(databasetest.Open(t, url), 3, 8), sqlstore.NewBudget(databasetest.Open(t, url), 3, 8)
		today := time.Date(2026, 11, 23, 23, 0, 0, 0, time.UTC)
		var granted atomic.Int64
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				err := []*sqlstore.Budget{b, other}[i%2].Spend(t.Context(), "web\x00Jeanne", today)
				switch {
				case err == nil:
					granted.Add(1)
				case !errors.Is(err, knowledge.ErrSpent):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if granted.Load() != 3 {
			t.Errorf("one person has %d answers, want 3", granted.Load())
		}
		for i := range 10 { // nobody in particular: the day's budget only, of which a refusal takes nothing
			if err := other.Spend(t.Context(), "", today); (err == nil) != (i < 5) || err != nil && !errors.Is(err, knowledge.ErrSpent) {
				t.Errorf("answer %d of the others: %v", i+1, err)
			}
		}
		if err := b.Spend(t.Context(), "web\x00Paul", today); !errors.Is(err, knowledge.ErrSpent) {
			t.Errorf("when the day's budget is spent: %v", err)
		}
		if spent, err := b.Spent(t.Context(), today); err != nil || spent != 8 {
			t.Errorf("%d spent, %v", spent, err)
		}
		tomorrow := today.Add(2 * time.Hour)
		if err := b.Spend(t.Context(), "web\x00Jeanne", tomorrow); err != nil {
			t.Errorf("the next day: %v", err)
		}
		if spent, err := b.Spent(t.Context(), today); err != nil || spent != 0 {
			t.Errorf("the day before is kept: %d, %v", spent, err)
		}
	})
}
