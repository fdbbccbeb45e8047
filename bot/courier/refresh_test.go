package courier

import (
	"context"
	"errors"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"guichet/migrations/databasetest"
)

// TestSourcesAreReadAgain has two processes at work: what is due is read once, what fails is tried some times, and is then
// left to the next round, not to the list of what was given up.
func TestSourcesAreReadAgain(t *testing.T) { databasetest.Each(t, sourcesAreReadAgain) }

func sourcesAreReadAgain(t *testing.T, e databasetest.Engine) {
	o := open(t, e.URL(t))
	var mu sync.Mutex
	read := map[string]int{}
	cfg := o.config(nil)
	cfg.Refresh = &Refresh{
		Every: time.Hour,
		Due: func(context.Context) ([]string, error) {
			return []string{"https://a.invalid", "https://b.invalid", "https://c.invalid"}, nil
		},
		One: func(_ context.Context, address string) error {
			mu.Lock()
			defer mu.Unlock()
			read[address]++
			if address == "https://b.invalid" && read[address] < 3 || address == "https://c.invalid" {
				return errors.New("injoignable")
			}
			return nil
		},
	}
	first, second := o.run(cfg), o.run(cfg)
	want := map[string]int{"https://a.invalid": 1, "https://b.invalid": 3, "https://c.invalid": refreshTries}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		mu.Lock()
		got := maps.Clone(read)
		mu.Unlock()
		if maps.Equal(got, want) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("read %v, want %v\n%s", got, want, o.log)
		}
	}
	first()
	second()
	if dead, err := o.courier.Dead(t.Context()); err != nil || len(dead) > 0 {
		t.Errorf("given up: %v, %v", dead, err)
	}
	if !strings.Contains(o.log.String(), "https://c.invalid") || !strings.Contains(o.log.String(), "injoignable") {
		t.Errorf("the log does not tell the failure: %s", o.log)
	}
}
