package sqljournal_test

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"guichet/bot"
	"guichet/bot/sqljournal"
	"guichet/migrations/databasetest"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// Twenty replicas at once: each message has one owner, and each role one holder.
func TestOneOwner(t *testing.T) { databasetest.Each(t, oneOwner) }

func oneOwner(t *testing.T, e databasetest.Engine) {
	j := sqljournal.New(e.New(t))
	var claims, leases atomic.Int32
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if _, ok, err := j.Claim(t.Context(), bot.Incoming{Channel: "chat/C", ID: "1", Thread: "1"}, noon, noon.Add(time.Minute)); err != nil {
				t.Error(err)
			} else if ok {
				claims.Add(1)
			}
			if held, err := j.Lease(t.Context(), "gateway", string(rune('a'+i)), noon, noon.Add(time.Minute)); err != nil {
				t.Error(err)
			} else if held {
				leases.Add(1)
			}
		})
	}
	wg.Wait()
	if claims.Load() != 1 || leases.Load() != 1 {
		t.Errorf("%d claims, %d leases", claims.Load(), leases.Load())
	}
}

func TestLease(t *testing.T) { databasetest.Each(t, lease) }

func lease(t *testing.T, e databasetest.Engine) {
	j := sqljournal.New(e.New(t))
	for i, c := range []struct {
		holder string
		after  time.Duration
		want   bool
	}{
		{"one", 0, true}, {"two", time.Second, false}, {"one", 50 * time.Second, true}, {"two", 100 * time.Second, false}, {"two", 120 * time.Second, true}, {"one", 121 * time.Second, false},
	} {
		at := noon.Add(c.after)
		if held, err := j.Lease(t.Context(), "gateway", c.holder, at, at.Add(time.Minute)); err != nil || held != c.want {
			t.Errorf("%d: %v, %v", i, held, err)
		}
	}
	for _, holder := range []string{"one", "two"} { // only the holder gives it up
		if err := j.EndLease(t.Context(), "gateway", holder); err != nil {
			t.Fatal(err)
		}
		held, err := j.Lease(t.Context(), "gateway", "three", noon.Add(122*time.Second), noon.Add(time.Hour))
		if err != nil || held != (holder == "two") {
			t.Errorf("given up by %s: %v, %v", holder, held, err)
		}
	}
}

func TestSeen(t *testing.T) { databasetest.Each(t, seen) }

func seen(t *testing.T, e databasetest.Engine) {
	j := sqljournal.New(e.New(t))
	for _, s := range [][2]string{{"chat/C1", "5.2"}, {"chat/C1", "5.1"}, {"chat/C1", "5.3"}, {"chat/C2", "999"}, {"chat/C2", "1000"}, {"chat/C2", "888"}, {"other/C1", "9"}} {
		if err := j.Seen(t.Context(), s[0], s[1]); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := j.LastSeen(t.Context(), "chat"); err != nil || !maps.Equal(got, map[string]string{"chat/C1": "5.3", "chat/C2": "1000"}) {
		t.Errorf("%v, %v", got, err)
	}
	for i, thread := range []string{"a", "b", "a"} {
		at := noon.Add(time.Duration(i) * time.Hour)
		if _, _, err := j.Claim(t.Context(), bot.Incoming{Channel: "chat/C1", ID: thread + at.String(), Thread: thread}, at, at); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := j.Threads(t.Context(), "chat/C1", noon.Add(30*time.Minute)); err != nil || !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := j.Threads(t.Context(), "chat/C1", noon.Add(90*time.Minute)); err != nil || !slices.Equal(got, []string{"a"}) {
		t.Errorf("%v, %v", got, err)
	}
}
