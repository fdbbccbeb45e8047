package bot

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	// servedAtOnce is how many messages a platform serves at the same time in a process; the others wait their turn.
	servedAtOnce = 16
	// backgroundTime bounds what nobody waits for.
	backgroundTime = time.Minute
)

// Work is what a platform does behind its messages. It ends with the platform; a panic in it stops nothing else.
type Work struct {
	platform string
	log      *slog.Logger
	life     context.Context
	end      context.CancelFunc
	group    sync.WaitGroup
	turns    chan struct{}
}

// NewWork gives the work of a platform; failures are told to log.
func NewWork(platform string, log *slog.Logger) *Work {
	life, end := context.WithCancel(context.Background())
	return &Work{platform: platform, log: log, life: life, end: end, turns: make(chan struct{}, servedAtOnce)}
}

// Life ends when the platform stops: what was begun is given back, for another replica or the next start.
func (w *Work) Life() context.Context { return w.life }

// Until ends the work when a context ends, at the latest when the function that it gives is called, which waits for it.
func (w *Work) Until(ctx context.Context) (end func()) {
	stop := context.AfterFunc(ctx, w.end)
	return func() {
		stop()
		w.end()
		w.group.Wait()
	}
}

// Go does something that the end waits for.
func (w *Work) Go(do func()) { w.group.Go(do) }

// Background does what nobody waits for; the failure is the operator's.
func (w *Work) Background(what string, do func(context.Context) error) {
	w.group.Go(func() {
		ctx, cancel := context.WithTimeout(w.life, backgroundTime)
		defer cancel()
		if err := Guarded(func() error { return do(ctx) }); err != nil && w.life.Err() == nil {
			w.log.ErrorContext(ctx, w.platform+" : "+what, "error", err)
		}
	})
}

// Turn does something when its turn comes.
func (w *Work) Turn(do func()) {
	w.group.Go(func() {
		w.turns <- struct{}{}
		defer func() { <-w.turns }()
		do()
	})
}
