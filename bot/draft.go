package bot

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Drafts is what a platform remembers of the answers that it shows while they are worded, and how often it may: what comes
// too soon is left out, since the reply says it all. It is safe for concurrent use.
type Drafts struct {
	// Every is how often a channel takes one more, whatever the answers; All, if not nil, is what the whole platform takes.
	Every time.Duration
	All   *rate.Limiter

	mu    sync.Mutex
	shown map[string]Draft
	next  map[string]time.Time
}

// Draft is the message in which an answer is shown while it is worded.
type Draft struct {
	// Channel and ID are the platform's; empty before anything is shown.
	Channel, ID string
	// Unsure tells that the message may be there without its name being known: look before writing.
	Unsure bool
}

// NoDraft is how long to wait when no part of an answer can be shown: until its end.
const NoDraft = 24 * time.Hour

// Turn gives the draft of an answer, and how long its channel must rest first; 0 takes the turn.
func (d *Drafts) Turn(key, channel string) (Draft, time.Duration) {
	const most = 1000
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now() // the platform's clock, not the desk's
	if wait := d.next[channel].Sub(now); wait > 0 {
		return Draft{}, wait
	}
	if d.All != nil && !d.All.Allow() {
		return Draft{}, d.Every
	}
	for name, at := range d.next {
		if len(d.next) > most && at.Before(now) {
			delete(d.next, name)
		}
	}
	if d.next == nil {
		d.next, d.shown = map[string]time.Time{}, map[string]Draft{}
	}
	d.next[channel] = now.Add(d.Every)
	return d.shown[key], 0
}

// Rest leaves a channel alone for a while.
func (d *Drafts) Rest(channel string, pause time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.next[channel] = time.Now().Add(pause)
}

// Keep remembers the draft of an answer until Take.
func (d *Drafts) Keep(key string, draft Draft) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shown[key] = draft
}

// Take gives the draft that the reply replaces.
func (d *Drafts) Take(key string) Draft {
	d.mu.Lock()
	defer d.mu.Unlock()
	draft := d.shown[key]
	delete(d.shown, key)
	return draft
}

// Later is the error of a platform that asks to come back after a while: nothing is wrong with the message.
type Later struct {
	After time.Duration
	Err   error
}

func (l Later) Error() string { return fmt.Sprintf("%v (à réessayer dans %s)", l.Err, l.After) }

// Unwrap gives what the platform said.
func (l Later) Unwrap() error { return l.Err }

// draftTime bounds what shows a part of an answer, and so what the reply waits for it.
const draftTime = 3 * time.Second

// drafting shows an answer while it is worded. said is given its parts; end must be called before the reply is shown, and
// waits for what is being shown. What could not be shown in time is left to the reply.
func (c *Chat) drafting(ctx context.Context, p Platform, in Incoming) (said func(text string), end func()) {
	var mu sync.Mutex
	var parts []string
	more, over := make(chan struct{}, 1), make(chan struct{})
	var showing sync.WaitGroup
	begin := sync.OnceFunc(func() {
		showing.Go(func() {
			for {
				select {
				case <-over:
					return
				case <-more:
				}
				mu.Lock()
				text := strings.Join(parts, " ")
				mu.Unlock()
				pause := NoDraft
				err := Guarded(func() error {
					soon, cancel := context.WithTimeout(ctx, draftTime)
					defer cancel()
					pause = p.Draft(soon, in, text)
					return nil
				})
				if err != nil {
					c.Log.ErrorContext(ctx, "réponse en cours non montrée", "channel", in.Channel, "error", err)
				}
				select {
				case <-over:
					return
				case <-time.After(pause):
				}
			}
		})
	})
	said = func(text string) {
		mu.Lock()
		parts = append(parts, text)
		mu.Unlock()
		select {
		case more <- struct{}{}:
		default:
		}
		begin()
	}
	return said, func() { close(over); showing.Wait() }
}
