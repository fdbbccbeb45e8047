package courier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"guichet/migrations/databasetest"
	"guichet/routing/convention"
	"guichet/routing/convention/conventiontest"
	"guichet/routing/convention/sqlconvention"
)

// alerts is a channel that remembers what it delivered.
type alerts struct {
	mu    sync.Mutex
	keys  []string
	fails func(try int) error
	tried int
}

func (a *alerts) deliver(_ context.Context, alert convention.Alert) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tried++
	if a.fails != nil {
		if err := a.fails(a.tried); err != nil {
			return err
		}
	}
	a.keys = append(a.keys, alert.Key)
	return nil
}

func (a *alerts) got() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Sorted(slices.Values(a.keys))
}

// clock is set by a test.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

func everybody(context.Context, string) (bool, error) { return true, nil }

// TestConventionsAreToldOnce goes through a year with two processes, stopped and started again: each alert leaves once, on
// its day, to the direction and to the EPCI, and none after a renewal.
func TestConventionsAreToldOnce(t *testing.T) { databasetest.Each(t, toldOnce) }

func toldOnce(t *testing.T, e databasetest.Engine) {
	url := e.URL(t)
	first, second := open(t, url), open(t, url)
	store := sqlconvention.New(first.db, first.courier, conventiontest.Settings, conventiontest.Word)
	one := convention.Convention{ID: "A", Type: "aides", EPCI: "200000001", Start: "2026-01-01", End: "2026-12-31", Signed: "2025-12-15"}
	renewed, renewal := one, one
	renewed.ID, renewal.ID, renewal.Renews, renewal.Start, renewal.End, renewal.Signed = "B", "C", "B", "2027-01-01", "2028-12-31", ""
	if _, err := store.Record(t.Context(), []convention.Convention{one, renewed, renewal}, "Ada", noon); err != nil {
		t.Fatal(err)
	}
	var at clock
	box := &alerts{}
	start := func() (stop func()) {
		var stops []func()
		for _, o := range []*office{first, second} {
			cfg := o.config(newPost().deliver)
			cfg.Now, cfg.Round = at.Now, 100*time.Millisecond
			cfg.Conventions = &Conventions{Outbox: sqlconvention.New(o.db, o.courier, conventiontest.Settings, conventiontest.Word), Reachable: everybody, Deliver: box.deliver}
			stops = append(stops, o.run(cfg))
		}
		return func() {
			for _, stop := range stops {
				stop()
			}
		}
	}
	var want []string
	for _, step := range []struct {
		day  time.Time
		keys []string
	}{
		{time.Date(2026, 7, 3, 12, 0, 0, 0, time.UTC), nil},
		{time.Date(2026, 7, 4, 12, 0, 0, 0, time.UTC), []string{"A/2026-12-31/180", "B/2026-12-31/180"}},
		{time.Date(2026, 10, 2, 12, 0, 0, 0, time.UTC), []string{"A/2026-12-31/90"}}, // B was renewed meanwhile
		{time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC), []string{"A/2026-12-31/30"}},
		{time.Date(2027, 1, 4, 12, 0, 0, 0, time.UTC), nil},
	} {
		at.set(step.day)
		for _, key := range step.keys {
			want = append(want, "convention/"+key+"/EPCI", "convention/"+key+"/NORD")
		}
		slices.Sort(want)
		stop := start()
		for deadline := time.Now().Add(30 * time.Second); len(box.got()) < len(want) && time.Now().Before(deadline); {
			time.Sleep(20 * time.Millisecond)
		}
		time.Sleep(500 * time.Millisecond) // some more rounds
		stop()
		if got := box.got(); !slices.Equal(got, want) {
			t.Fatalf("%s: told %v, want %v", step.day, got, want)
		}
		renewal.Signed = "2026-09-01"
		if step.day.Month() == time.July && step.keys != nil {
			if _, err := store.Record(t.Context(), []convention.Convention{renewal}, "Ada", step.day); err != nil {
				t.Fatal(err)
			}
		}
	}
	all, err := store.Alerts(t.Context(), convention.Viewer{Staff: true}, 0)
	if err != nil || len(all) != len(want) || slices.ContainsFunc(all, func(a convention.Alert) bool { return a.SentAt.IsZero() }) {
		t.Errorf("%+v, %v", all, err)
	}
}

// An alert that cannot be delivered is tried again, then given up where it is seen; one that grew stale does not leave.
func TestAnAlertThatCannotLeave(t *testing.T) {
	o := open(t, databasetest.SQLite.URL(t))
	store := sqlconvention.New(o.db, o.courier, conventiontest.Settings, conventiontest.Word)
	one := convention.Convention{ID: "A", Type: "aides", EPCI: "200000001", Start: "2026-01-01", End: "2026-12-31", Signed: "2025-12-15"}
	if _, err := store.Record(t.Context(), []convention.Convention{one}, "Ada", noon); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 12, 2, 12, 0, 0, 0, time.UTC)
	nobody := func(context.Context, string) (bool, error) { return false, nil }
	if err := store.Watch(t.Context(), now, nobody); err != nil {
		t.Fatal(err)
	}
	box := &alerts{fails: func(try int) error { return fmt.Errorf("porte close %d", try) }}
	run := func(until func(a convention.Alert) bool) convention.Alert {
		cfg := o.config(newPost().deliver)
		cfg.Now = func() time.Time { return now }
		cfg.Conventions = &Conventions{Outbox: store, Reachable: nobody, Deliver: box.deliver}
		defer o.run(cfg)()
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
			all, err := store.Alerts(t.Context(), convention.Viewer{Staff: true}, 0)
			if err != nil {
				t.Fatal(err)
			}
			if until(all[0]) {
				return all[0]
			}
			if time.Now().After(deadline) {
				t.Fatalf("%+v", all)
			}
		}
	}
	a := run(func(a convention.Alert) bool { return !a.DeadAt.IsZero() })
	if a.Tries != tries || a.LastError != fmt.Sprintf("porte close %d", tries) {
		t.Errorf("%+v", a)
	}
	dead, err := o.courier.Dead(t.Context())
	if err != nil || len(dead) != 1 || dead[0].What != "envoyer l'alerte convention/A/2026-12-31/30/NORD" {
		t.Errorf("%+v, %v", dead, err)
	}

	two := one
	two.ID = "B"
	if _, err := store.Record(t.Context(), []convention.Convention{two}, "Ada", noon); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Hour)
	if err := store.Watch(t.Context(), now, nobody); err != nil {
		t.Fatal(err)
	}
	two.Signed = "" // it was a mistake
	if _, err := store.Record(t.Context(), []convention.Convention{two}, "Ada", noon); err != nil {
		t.Fatal(err)
	}
	box.fails = func(int) error { return errors.New("it left") }
	a = run(func(a convention.Alert) bool { return a.Convention == "B" && !a.DeadAt.IsZero() })
	if a.LastError != "la convention a été renouvelée, corrigée ou a pris fin entre-temps" {
		t.Errorf("%+v", a)
	}
}
