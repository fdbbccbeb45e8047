package web

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// contentPolicy lets the pages load what this server gives and nothing else. The data: images are the icons of the style sheet.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// protect puts around the pages what holds for all of them: headers, same origin, body limit, a page rather than a cut
// connection when a handler panics.
func (s *site) protect(pages http.Handler) http.Handler {
	origin := http.NewCrossOriginProtection()
	origin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.problem(w, r, http.StatusForbidden, textCrossOrigin)
	}))
	guarded := origin.Handler(pages)
	return s.metrics.count(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		// Conversations and requests are personal; what may be kept says so itself.
		h.Set("Cache-Control", "no-store")
		defer func() {
			if cause := recover(); cause != nil {
				s.Log.ErrorContext(r.Context(), "panic in a page", "path", r.URL.Path, "cause", cause)
				s.problem(w, r, http.StatusInternalServerError, textFailure)
			}
		}()
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		guarded.ServeHTTP(w, r)
	}))
}

// form reads the form of a request; when it cannot, it has already answered and gives false.
func (s *site) form(w http.ResponseWriter, r *http.Request) bool {
	err := r.ParseForm()
	if err == nil {
		return true
	}
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		s.problem(w, r, http.StatusRequestEntityTooLarge, textTooLarge)
	} else {
		s.problem(w, r, http.StatusBadRequest, textBadForm)
	}
	return false
}

const conversationCookie = "guichet_conversation"

// thread gives the conversation of the browser, "" when it has none.
func thread(r *http.Request) string {
	cookie, err := r.Cookie(conversationCookie)
	if err != nil || len(cookie.Value) != keyLength {
		return ""
	}
	if _, err := hex.DecodeString(cookie.Value); err != nil {
		return ""
	}
	return cookie.Value
}

// startThread makes the browser remember a conversation, until it is closed.
func (s *site) startThread(w http.ResponseWriter, r *http.Request, id string) {
	http.SetCookie(w, &http.Cookie{
		Name: conversationCookie, Value: id, Path: "/", HttpOnly: true, Secure: s.secure(r), SameSite: http.SameSiteLaxMode,
	})
}

// keyLength is the length of newKey and derivedKey: 128 bits in hexadecimal.
const keyLength = 32

// newKey gives a key that cannot be guessed.
func newKey() string {
	var bytes [keyLength / 2]byte
	_, _ = rand.Read(bytes[:]) // never fails, by its documentation
	return hex.EncodeToString(bytes[:])
}

// derivedKey gives the same key for the same parts.
func derivedKey(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:keyLength/2])
}

// secure tells whether the browser came over HTTPS, so that cookies are marked so.
func (s *site) secure(r *http.Request) bool {
	return r.TLS != nil || s.BehindProxy && r.Header.Get("X-Forwarded-Proto") == "https"
}

// client gives the network that a request came from: the address, or the /64 for IPv6, where one subscriber owns them all.
func (s *site) client(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	if s.BehindProxy {
		forwarded := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		if last := strings.TrimSpace(forwarded[len(forwarded)-1]); last != "" {
			host = last
		}
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

// A client may send sendBurst forms at once, then one each sendEvery. An office shares one address, so this is generous.
const (
	sendBurst = 30
	sendEvery = time.Second
	// forgetAfter is when a silent client has its whole burst back and can be forgotten.
	forgetAfter = sendBurst * sendEvery
)

// limits counts the forms that each client sends.
type limits struct {
	now     func() time.Time
	mu      sync.Mutex
	clients map[string]*client
	swept   time.Time
}

type client struct {
	limiter *rate.Limiter
	seen    time.Time
}

func newLimits(now func() time.Time) *limits {
	return &limits{now: now, clients: map[string]*client{}, swept: now()}
}

func (l *limits) allow(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if now.Sub(l.swept) > forgetAfter {
		for key, c := range l.clients {
			if now.Sub(c.seen) > forgetAfter {
				delete(l.clients, key)
			}
		}
		l.swept = now
	}
	c, ok := l.clients[key]
	if !ok {
		c = &client{limiter: rate.NewLimiter(rate.Every(sendEvery), sendBurst)}
		l.clients[key] = c
	}
	c.seen = now
	return c.limiter.AllowN(now, 1)
}

// allowed tells whether the client may send one more form; it sets Retry-After when it may not.
func (s *site) allowed(w http.ResponseWriter, r *http.Request) bool {
	if s.limits.allow(s.client(r)) {
		return true
	}
	w.Header().Set("Retry-After", "10")
	return false
}
