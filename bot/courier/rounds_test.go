package courier

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"guichet/migrations/databasetest"
)

// A round comes again and again, on the clock that is given; one that fails is told and tried again, and stops no other.
func TestRounds(t *testing.T) {
	o := open(t, databasetest.SQLite.URL(t))
	var made, failed atomic.Int64
	cfg := o.config(newPost().deliver)
	cfg.Round = 50 * time.Millisecond
	cfg.Rounds = []Round{
		{Name: "les pannes", Do: func(context.Context, time.Time) error { failed.Add(1); return errors.New("la base est fermée") }},
		{Name: "les revues", Do: func(_ context.Context, now time.Time) error {
			if now.Equal(cfg.Now()) {
				made.Add(1)
			}
			return nil
		}},
	}
	stop := o.run(cfg)
	for deadline := time.Now().Add(20 * time.Second); (made.Load() < 2 || failed.Load() < 2) && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
	}
	stop()
	if made.Load() < 2 || failed.Load() < 2 || !strings.Contains(o.log.String(), "la base est fermée") {
		t.Errorf("%d made, %d failed\n%s", made.Load(), failed.Load(), o.log)
	}
}
