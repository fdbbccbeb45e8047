package bot

import (
	"sync"
	"time"
)

// Cache keeps for a while what a platform said. It is safe for concurrent use.
type Cache[T any] struct {
	// Keep is how long a value is good for.
	Keep  time.Duration
	mu    sync.Mutex
	known map[string]kept[T]
}

type kept[T any] struct {
	value T
	until time.Time
}

// mostKept is how many values a cache keeps before it starts again from nothing.
const mostKept = 10_000

// Get gives a value that is still good.
func (c *Cache[T]) Get(key string, now time.Time) (value T, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.known[key]
	return k.value, ok && now.Before(k.until)
}

// Put keeps a value from now on.
func (c *Cache[T]) Put(key string, value T, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil || len(c.known) >= mostKept {
		c.known = map[string]kept[T]{}
	}
	c.known[key] = kept[T]{value, now.Add(c.Keep)}
}
