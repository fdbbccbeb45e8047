package courier

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"guichet/migrations/databasetest"
)

// TestVectorsAreMadeForWhatWasKept plans vectors in transactions, some undone, and lets the server of vectors fail at first.
func TestVectorsAreMadeForWhatWasKept(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, e databasetest.Engine) {
		o := open(t, e.URL(t))
		undone := errors.New("annulé")
		for document, fails := range map[string]error{"a": nil, "b": undone, "c": nil} {
			err := o.db.InTx(t.Context(), func(ctx context.Context) error {
				return errors.Join(o.courier.Embed(ctx, document), fails)
			})
			if !errors.Is(err, fails) {
				t.Fatal(err)
			}
		}
		for range 3 { // as many processes that start
			if err := o.courier.EmbedAll(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		var mu sync.Mutex
		var done []string
		did := func(what string) error {
			mu.Lock()
			defer mu.Unlock()
			done = append(done, what)
			if len(done) <= 2 {
				return errors.New("serveur de vecteurs en panne")
			}
			return nil
		}
		cfg := o.config(nil)
		cfg.Embed = func(_ context.Context, document string) error { return did(document) }
		cfg.EmbedAll = func(context.Context) error { return did("tout") }
		stop := o.run(cfg)
		defer stop()
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
			mu.Lock()
			got := slices.Clone(done)
			mu.Unlock()
			if len(got) == 5 {
				slices.Sort(got)
				if got = slices.Compact(got); !slices.Equal(got, []string{"a", "c", "tout"}) {
					t.Errorf("made %v", got)
				}
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("made %v", got)
			}
		}
	})
}
