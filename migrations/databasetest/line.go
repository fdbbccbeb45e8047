package databasetest

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// Line is the way to a PostgreSQL database, which a test cuts and restores.
type Line struct {
	t        testing.TB
	address  string
	upstream *pgconn.Config
	mu       sync.Mutex
	listener net.Listener
	open     []net.Conn
}

// NewLine gives a line to the database of a URL, and the URL that goes through it.
func NewLine(t testing.TB, through string) (*Line, string) {
	t.Helper()
	upstream, err := pgconn.ParseConfig(through)
	if err != nil {
		t.Fatal(err)
	}
	l := &Line{t: t, address: "127.0.0.1:0", upstream: upstream}
	l.Restore()
	t.Cleanup(l.Cut)
	u := url.URL{Scheme: "postgres", User: url.UserPassword(upstream.User, upstream.Password), Host: l.address, Path: upstream.Database, RawQuery: "sslmode=disable"}
	return l, u.String()
}

// Cut closes the connections and refuses others.
func (l *Line) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.listener.Close()
	for _, c := range l.open {
		_ = c.Close()
	}
	l.open = nil
}

// Restore lets connections through.
func (l *Line) Restore() {
	l.t.Helper()
	listener, err := net.Listen("tcp", l.address)
	if err != nil {
		l.t.Fatal(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.listener, l.address = listener, listener.Addr().String()
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return // cut
			}
			go l.carry(near)
		}
	}()
}

func (l *Line) carry(near net.Conn) {
	defer near.Close()
	far, err := net.Dial(pgconn.NetworkAddress(l.upstream.Host, l.upstream.Port))
	if err != nil {
		return
	}
	defer far.Close()
	l.mu.Lock()
	l.open = append(l.open, near, far)
	l.mu.Unlock()
	go func() {
		_, _ = io.Copy(far, near)
		_ = far.Close()
	}()
	_, _ = io.Copy(near, far)
}
