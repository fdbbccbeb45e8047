package fetch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"guichet/knowledge"
)

func TestAddressesThatAreNotPublic(t *testing.T) {
	for _, address := range []string{
		"127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.0.1", "198.18.0.1",
		"224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "fd12:3456::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
		"64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2002:c0a8:101::1", "2001:db8::1", "fec0::1", "::127.0.0.1", "fe80::1%eth0",
	} {
		if public(netip.MustParseAddr(address)) {
			t.Errorf("%s is held to be public", address)
		}
	}
	for _, address := range []string{"8.8.8.8", "172.32.0.1", "192.169.0.1", "100.128.0.1", "2a01:e0a::1", "::ffff:8.8.8.8", "64:ff9b::808:808"} {
		if !public(netip.MustParseAddr(address)) {
			t.Errorf("%s is held to be private", address)
		}
	}
}

// serve starts a server on this machine and gives its address under a name that leads to it.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL
}

func get(t *testing.T, private bool, r knowledge.Remote) (knowledge.Fetched, error) {
	t.Helper()
	return New(private).Fetch(t.Context(), r)
}

func TestThisMachineIsNotReadUnlessAllowed(t *testing.T) {
	asked := 0
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		asked++
		fmt.Fprint(w, "<p>secret</p>")
	})
	port := address[strings.LastIndex(address, ":"):]
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "127.1"} {
		if _, err := get(t, false, knowledge.Remote{Address: "http://" + host + port + "/"}); err == nil {
			t.Errorf("%s was read", host)
		}
	}
	if _, err := get(t, false, knowledge.Remote{Address: address}); !errors.As(err, new(*PrivateError)) || !strings.Contains(err.Error(), "--private-sources") {
		t.Errorf("the refusal does not say what to do: %v", err)
	}
	if asked != 0 {
		t.Errorf("the server was asked %d times", asked)
	}
	if f, err := get(t, true, knowledge.Remote{Address: address}); err != nil || !strings.Contains(string(f.Content), "secret") {
		t.Errorf("allowed: %v", err)
	}
}

// TestARedirectionDoesNotLeadInside opens the first address only, as if it were a public one.
func TestARedirectionDoesNotLeadInside(t *testing.T) {
	reached := false
	inside := serve(t, func(http.ResponseWriter, *http.Request) { reached = true })
	outside := serve(t, func(w http.ResponseWriter, r *http.Request) {
		target := map[string]string{"/inside": inside, "/file": "file:///etc/passwd", "/secret": strings.Replace(inside, "http://", "http://moi:secret@", 1)}[r.URL.Path]
		http.Redirect(w, r, target, http.StatusFound)
	})
	c := New(false)
	transport := c.http.Transport.(*http.Transport)
	guarded, open := transport.DialContext, new(net.Dialer).DialContext
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if strings.HasSuffix(outside, address) {
			return open(ctx, network, address)
		}
		return guarded(ctx, network, address)
	}
	for path, want := range map[string]string{"/inside": "réseau privé", "/file": "seules les adresses", "/secret": "mot de passe"} {
		if _, err := c.Fetch(t.Context(), knowledge.Remote{Address: outside + path}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want « %s »", path, err, want)
		}
	}
	if reached {
		t.Error("the inside was reached")
	}
}

func TestFetch(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/page":
			w.Header().Set("ETag", `"v1"`)
			w.Header().Set("Last-Modified", "Mon, 02 Mar 2026 10:00:00 GMT")
			w.Header().Set("Content-Type", "text/html; charset=iso-8859-15")
			if r.Header.Get("If-None-Match") == `"v1"` {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			fmt.Fprint(w, "<h1>Aide \xe0 l'\xe9t\xe9 : 5 \xa4</h1>")
		case "/export":
			w.Header().Set("Content-Type", "text/csv")
			fmt.Fprint(w, "a;b\n")
		case "/guide.PDF":
			w.Header().Set("Content-Type", "application/octet-stream")
			fmt.Fprint(w, "%PDF-")
		case "/ailleurs":
			http.Redirect(w, r, "/page", http.StatusFound)
		case "/boucle":
			http.Redirect(w, r, "/boucle", http.StatusFound)
		case "/parti":
			w.WriteHeader(http.StatusGone)
		case "/panne":
			w.WriteHeader(http.StatusBadGateway)
		case "/gros":
			for range 21 {
				_, _ = w.Write(make([]byte, 1<<20))
			}
		case "/coupe":
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, "début")
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
	ask := func(path string) (knowledge.Fetched, error) {
		return get(t, true, knowledge.Remote{Address: address + path})
	}

	f, err := ask("/page")
	if err != nil || string(f.Content) != "<h1>Aide à l'été : 5 €</h1>" || f.ETag != `"v1"` || f.Date.Format(time.DateOnly) != "2026-03-02" || !strings.HasSuffix(f.Name, "-page.html") {
		t.Errorf("page: %+v, %v", f, err)
	}
	if f, err = get(t, true, knowledge.Remote{Address: address + "/page", ETag: f.ETag, Modified: f.Modified}); err != nil || !f.Unchanged {
		t.Errorf("the same page again: %+v, %v", f, err)
	}
	if f, err = ask("/ailleurs"); err != nil || f.URL != address+"/page" {
		t.Errorf("redirected: %+v, %v", f, err)
	}
	for path, want := range map[string]string{"/export": ".csv", "/guide.PDF": ".pdf"} {
		if f, err = ask(path); err != nil || !strings.HasSuffix(f.Name, want) {
			t.Errorf("%s: %q, %v", path, f.Name, err)
		}
	}
	for path, want := range map[string]string{
		"/boucle": "plus de 5 redirections", "/panne": "réponse 502", "/gros": "trop gros", "/coupe": "injoignable", "/absent": "réponse 404", "/parti": "réponse 410",
	} {
		_, err := ask(path)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want « %s »", path, err, want)
		}
		if gone := errors.Is(err, knowledge.ErrGone); gone != (path == "/absent" || path == "/parti") {
			t.Errorf("%s: gone is %v", path, gone)
		}
	}
	if _, err := get(t, true, knowledge.Remote{Address: "http://127.0.0.1:1/"}); err == nil || !strings.Contains(err.Error(), "injoignable") {
		t.Errorf("nobody there: %v", err)
	}
	slow := New(true)
	slow.http.Timeout = 20 * time.Millisecond
	stuck := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	if _, err := slow.Fetch(t.Context(), knowledge.Remote{Address: stuck}); err == nil || !strings.Contains(err.Error(), "trop de temps") {
		t.Errorf("a server that does not answer: %v", err)
	}
}

func TestAddress(t *testing.T) {
	for text, want := range map[string]string{
		"HTTPS://Exemple.Invalid": "https://exemple.invalid/", " https://exemple.invalid/A?b=1#partie ": "https://exemple.invalid/A?b=1",
	} {
		if got, err := Address(text); err != nil || got != want {
			t.Errorf("Address(%q) = %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"ftp://exemple.invalid/a", "file:///etc/passwd", "https://", "https://moi:secret@exemple.invalid/", "https://exemple.invalid:port/", "://x"} {
		if got, err := Address(text); err == nil {
			t.Errorf("Address(%q) = %q", text, got)
		}
	}
}

func FuzzName(f *testing.F) {
	f.Add("https://exemple.invalid/a/b.php?x=1", "text/html; charset=utf-8")
	f.Add("https://exemple.invalid/"+strings.Repeat("é", 300), "")
	f.Fuzz(func(t *testing.T, address, kind string) {
		if len(address) > 4096 {
			return
		}
		kept, err := Address(address)
		if err != nil {
			return
		}
		if again, err := Address(kept); err != nil || again != kept {
			t.Errorf("%q is kept as %q, then as %q (%v)", address, kept, again, err)
		}
		request, err := http.NewRequest(http.MethodGet, kept, nil)
		if err != nil {
			return
		}
		if name := named(request.URL, kind); strings.ContainsAny(name, "/\\\x00") || len(name) > longest+4096 {
			t.Errorf("name %q", name)
		}
		_ = inUTF8([]byte(address), kind)
	})
}
