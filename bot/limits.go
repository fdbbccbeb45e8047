package bot

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limits bound what people and channels send to one process. A short wait is made for them, a longer one is told.
type Limits struct {
	// Person and Channel are how often a message may come, with how many at once.
	Person, Channel Pace
	// Patience is the longest wait that is made for the person.
	Patience time.Duration

	mu    sync.Mutex
	known map[string]*paced
	swept time.Time
}

// Pace is one message each Every, and up to Burst at once.
type Pace struct {
	Every time.Duration
	Burst int
}

// DefaultLimits let a person send ten messages at once then one each three seconds, a channel thirty then two a second.
func DefaultLimits() *Limits {
	return &Limits{Person: Pace{3 * time.Second, 10}, Channel: Pace{500 * time.Millisecond, 30}, Patience: 10 * time.Second}
}

type paced struct {
	limiter *rate.Limiter
	last    time.Time
	full    time.Duration // how long it takes to have the whole burst back
}

// Wait lets a message pass, after a wait if a short one is enough; else it gives how long the person must wait.
func (l *Limits) Wait(ctx context.Context, person, channel string, now time.Time) (time.Duration, bool) {
	l.mu.Lock()
	taken := []*rate.Reservation{l.of("p "+person, l.Person, now).ReserveN(now, 1), l.of("c "+channel, l.Channel, now).ReserveN(now, 1)}
	wait := max(taken[0].DelayFrom(now), taken[1].DelayFrom(now))
	if wait > l.Patience {
		for _, r := range taken {
			r.CancelAt(now)
		}
	}
	l.mu.Unlock()
	if wait > l.Patience {
		return wait, false
	}
	if wait > 0 {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
	return 0, true
}

// of gives the limiter of a name, and forgets those that have been silent long enough.
func (l *Limits) of(name string, pace Pace, now time.Time) *rate.Limiter {
	if l.known == nil {
		l.known, l.swept = map[string]*paced{}, now
	}
	if now.Sub(l.swept) > time.Minute {
		for name, p := range l.known {
			if now.Sub(p.last) > p.full {
				delete(l.known, name)
			}
		}
		l.swept = now
	}
	p, ok := l.known[name]
	if !ok {
		p = &paced{limiter: rate.NewLimiter(rate.Every(pace.Every), pace.Burst), full: pace.Every * time.Duration(pace.Burst)}
		l.known[name] = p
	}
	p.last = now
	return p.limiter
}
