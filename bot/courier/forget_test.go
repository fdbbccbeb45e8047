package courier

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"guichet/migrations/databasetest"
	"guichet/routing/ledger"
)

func TestForgets(t *testing.T) { databasetest.Each(t, forgets) }

// What is kept for too long is looked for at the start, on the clock that is given; a job that was given up stays until its time.
func forgets(t *testing.T, e databasetest.Engine) {
	o := open(t, e.URL(t))
	told := make(chan time.Time, 10)
	cfg := o.config(func(context.Context, ledger.Notice) error { return errors.New("Zoé Fictive ne répond pas") })
	cfg.Forget = func(_ context.Context, now time.Time) error {
		told <- now
		return nil
	}
	stop := o.run(cfg)
	select {
	case now := <-told:
		if !now.Equal(cfg.Now()) {
			t.Errorf("forgets at %s, it is %s", now, cfg.Now())
		}
	case <-time.After(20 * time.Second):
		t.Fatal("nothing is forgotten")
	}
	o.take(1, "NORD")
	// The notice is given up, then the one that tells it to the entry point.
	o.until("both notices are given up", func(all []ledger.Notice) bool {
		return len(all) == 2 && !all[0].DeadAt.IsZero() && !all[1].DeadAt.IsZero()
	})
	stop()

	forget := func(before time.Time) (n int) {
		t.Helper()
		err := o.db.InTx(t.Context(), func(ctx context.Context) (err error) {
			n, err = o.courier.ForgetDead(ctx, before)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	about := func(name string, remove bool) (found []string) {
		t.Helper()
		err := o.db.InTx(t.Context(), func(ctx context.Context) (err error) {
			found, err = o.courier.AboutDead(ctx, func(text string) bool { return strings.Contains(text, name) }, remove)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if found := about("Zoé Fictive", false); len(found) != 2 || !strings.Contains(found[0], "ne répond pas") {
		t.Errorf("about her: %v", found)
	}
	if found := about("Ada", true); len(found) != 0 {
		t.Errorf("about another: %v", found)
	}
	if n := forget(time.Now().Add(-time.Hour)); n != 0 {
		t.Errorf("%d removed before their time", n)
	}
	if n := forget(time.Now().Add(time.Hour)); n != 2 {
		t.Errorf("%d removed, want 2", n)
	}
	if dead, err := o.courier.Dead(t.Context()); err != nil || len(dead) != 0 {
		t.Errorf("left: %v, %v", dead, err)
	}
}
