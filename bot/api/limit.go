package api

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limiter counts the calls of each token, or the wrong secrets of each network.
type limiter struct {
	now   func() time.Time
	each  rate.Limit
	burst int
	mu    sync.Mutex
	known map[string]*rate.Limiter
}

// mostKnown is how many are remembered: beyond, those that have their whole burst back are forgotten.
const mostKnown = 10_000

func newLimiter(now func() time.Time, perSecond rate.Limit, burst int) *limiter {
	return &limiter{now: now, each: perSecond, burst: burst, known: map[string]*rate.Limiter{}}
}

func (l *limiter) of(key string) *rate.Limiter {
	found, ok := l.known[key]
	if !ok {
		if len(l.known) >= mostKnown {
			for k, other := range l.known {
				if other.TokensAt(l.now()) >= float64(l.burst) {
					delete(l.known, k)
				}
			}
		}
		found = rate.NewLimiter(l.each, l.burst)
		l.known[key] = found
	}
	return found
}

// take counts one more; false when that is too many.
func (l *limiter) take(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.of(key).AllowN(l.now(), 1)
}

// client gives the network that a call came from: the address, or the /64 for IPv6.
func client(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	if address = address.Unmap(); address.Is6() {
		if network, err := address.Prefix(64); err == nil {
			return network.String()
		}
	}
	return address.String()
}
