package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"guichet/knowledge"
	"guichet/migrations/database"
	"guichet/migrations/databasetest"
	"guichet/routing/ledger"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// received is what the other side got.
type received struct {
	header http.Header
	body   []byte
}

// other is another tool's server, whose answers are given.
func other(t *testing.T, answer func(w http.ResponseWriter)) (url string, got func() []received) {
	t.Helper()
	var mu sync.Mutex
	var all []received
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		all = append(all, received{r.Header, body})
		mu.Unlock()
		answer(w)
	}))
	t.Cleanup(server.Close)
	return server.URL, func() []received {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(all)
	}
}

func record(t *testing.T, db *database.DB, h *Hooks, r ledger.Request, e ledger.Event) (ids []string) {
	t.Helper()
	err := db.InTx(t.Context(), func(ctx context.Context) (err error) {
		ids, err = h.Record(ctx, r, e)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func add(t *testing.T, h *Hooks, hook Hook) (Hook, string) {
	t.Helper()
	hook, secret, err := h.Add(t.Context(), hook)
	if err != nil {
		t.Fatal(err)
	}
	return hook, secret
}

var request = ledger.Request{
	Reference: "2026-0001", Status: ledger.Answered, Lead: "NORD", Author: "Ada Fictive", Person: "slack/U1", Text: "Un secret", Owner: "Bo",
	Company: ledger.Company{Name: "Fabrique fictive"}, Place: ledger.Place{EPCI: "200000008"},
}

func TestSend(t *testing.T) { databasetest.Each(t, send) }

func send(t *testing.T, e databasetest.Engine) {
	db := e.New(t)
	h := New(db, func() time.Time { return noon })
	url, got := other(t, func(w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) })
	hook, secret := add(t, h, Hook{URL: url, Events: []string{"request.answered"}, Audience: knowledge.Staff, Private: true})
	_, _ = add(t, h, Hook{URL: url, Audience: knowledge.Partner, EPCI: "200000016", Private: true})
	theirs, _ := add(t, h, Hook{URL: url, Audience: knowledge.Partner, EPCI: "200000008", Private: true})
	if ids := record(t, db, h, request, ledger.Event{ID: 7, Kind: ledger.NoticeSent, At: noon}); len(ids) > 0 {
		t.Errorf("a notice is told: %v", ids)
	}
	if ids := record(t, db, h, request, ledger.Event{ID: 8, Kind: ledger.StatusSet, At: noon}); !slices.Equal(ids, []string{"evt_8_" + theirs.ID}) {
		t.Errorf("an event that one hook wants goes to %v", ids)
	}
	ids := record(t, db, h, request, ledger.Event{ID: 9, Kind: ledger.AnswerGiven, At: noon, By: "Bo", Why: "La réponse"})
	if want := []string{"evt_9_" + hook.ID, "evt_9_" + theirs.ID}; len(ids) != 2 || !slices.Contains(ids, want[0]) || !slices.Contains(ids, want[1]) {
		t.Fatalf("it goes to %v, want %v", ids, want)
	}
	for range 2 { // a job that is done again sends nothing more
		if again, err := h.Send(t.Context(), "evt_9_"+hook.ID); err != nil || again {
			t.Fatalf("%v, %v", again, err)
		}
	}
	if len(got()) != 1 {
		t.Fatalf("sent %d times", len(got()))
	}
	g := got()[0]
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(g.header.Get("Webhook-Id") + "." + g.header.Get("Webhook-Timestamp") + "." + string(g.body)))
	if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); g.header.Get("Webhook-Signature") != want || g.header.Get("Webhook-Id") != "evt_9_"+hook.ID || g.header.Get("Webhook-Timestamp") != "1772452800" {
		t.Errorf("the headers are %v, want %s", g.header, want)
	}
	var p payload
	if err := json.Unmarshal(g.body, &p); err != nil || p.Type != "request.answered" || p.Data.Reference != "2026-0001" || p.Data.Company.Name != "Fabrique fictive" {
		t.Errorf("sent %s", g.body)
	}
	for _, personal := range []string{"Ada", "Bo", "secret", "réponse", "slack"} {
		if strings.Contains(string(g.body), personal) {
			t.Errorf("%q is told: %s", personal, g.body)
		}
	}
}

// Who follows a request is told that it is followed in another; a partner is not told which.
func TestJoined(t *testing.T) { databasetest.Each(t, joined) }

func joined(t *testing.T, e databasetest.Engine) {
	db := e.New(t)
	h := New(db, func() time.Time { return noon })
	url, got := other(t, func(w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) })
	for _, hook := range []Hook{{Audience: knowledge.Staff}, {Audience: knowledge.Partner, EPCI: "200000008"}} {
		hook.URL, hook.Private = url, true
		_, _ = add(t, h, hook)
	}
	r := request
	r.Status = ledger.Merged
	ids := record(t, db, h, r, ledger.Event{ID: 7, Kind: ledger.MergedInto, At: noon, By: "Bo", Why: "la même", Other: "2026-0002"})
	for _, id := range ids {
		if _, err := h.Send(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	others := map[string]int{}
	for _, g := range got() {
		var p payload
		if err := json.Unmarshal(g.body, &p); err != nil || p.Type != "request.merged" || p.Data.Status != ledger.Merged {
			t.Errorf("sent %s, %v", g.body, err)
		}
		others[p.Data.Other]++
	}
	if others["2026-0002"] != 1 || others[""] != 1 {
		t.Errorf("told of %v", others)
	}
}

func TestFailures(t *testing.T) { databasetest.Each(t, failures) }

func failures(t *testing.T, e databasetest.Engine) {
	db := e.New(t)
	h := New(db, func() time.Time { return noon })
	event := int64(0)
	for name, c := range map[string]struct {
		answer func(w http.ResponseWriter)
		sent   int // times
	}{
		"an error": {func(w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) }, tries},
		"a redirection": {func(w http.ResponseWriter) {
			w.Header().Set("Location", "/autre")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}, tries},
		"gone":               {func(w http.ResponseWriter) { w.WriteHeader(http.StatusGone) }, 1},
		"not a whole answer": {func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, tries},
	} {
		t.Run(name, func(t *testing.T) {
			url, got := other(t, c.answer)
			hook, _ := add(t, h, Hook{URL: url, Audience: knowledge.Staff, Private: true})
			event++
			id := record(t, db, h, request, ledger.Event{ID: event, Kind: ledger.AnswerGiven, At: noon})[0]
			for try := 1; ; try++ {
				again, err := h.Send(t.Context(), id)
				if err == nil || again != (try < c.sent) {
					t.Fatalf("try %d: %v, %v", try, again, err)
				}
				if !again {
					break
				}
			}
			if again, err := h.Send(t.Context(), id); again || err != nil || len(got()) != c.sent {
				t.Errorf("given up after %d sendings, then %v, %v", len(got()), again, err)
			}
			list, err := h.List(t.Context())
			if err != nil || len(list) != 1 || list[0].Dead != 1 || list[0].Waiting != 0 || list[0].ID != hook.ID {
				t.Errorf("listed %+v, %v", list, err)
			}
			if err := h.Remove(t.Context(), hook.ID); err != nil {
				t.Error(err)
			}
		})
	}
}

// A name that leads inside is refused when it is connected to, a stop says nothing of the other side, and a hook that was
// removed gets nothing.
func TestNotSent(t *testing.T) {
	db := databasetest.New(t)
	h := New(db, func() time.Time { return noon })
	url, got := other(t, func(http.ResponseWriter) {})
	hook, _ := add(t, h, Hook{URL: url, Audience: knowledge.Staff, Private: true})
	event := func(n int64) string {
		return record(t, db, h, request, ledger.Event{ID: n, Kind: ledger.AnswerGiven, At: noon})[0]
	}
	first, second := event(1), event(2)
	stopped, stop := context.WithCancel(t.Context())
	h.client = func(bool) *http.Client { stop(); return client(true) }
	if again, err := h.Send(stopped, first); !again || err == nil {
		t.Errorf("stopped: %v, %v", again, err)
	}
	h.client = func(bool) *http.Client { return client(false) }
	if again, err := h.Send(t.Context(), first); !again || err == nil || !strings.Contains(err.Error(), "réseau privé") {
		t.Errorf("an address inside: %v, %v", again, err)
	}
	h.client = client
	if pending, err := h.Pending(t.Context()); err != nil || !slices.Equal(pending, []string{first, second}) {
		t.Errorf("pending %v, %v", pending, err)
	}
	if err := h.Remove(t.Context(), hook.ID); err != nil {
		t.Fatal(err)
	}
	if again, err := h.Send(t.Context(), second); again || err != nil || len(got()) != 0 {
		t.Errorf("after the removal: %v, %v, %d sendings", again, err, len(got()))
	}
	if ids := record(t, db, h, request, ledger.Event{ID: 3, Kind: ledger.AnswerGiven, At: noon}); len(ids) > 0 {
		t.Errorf("a hook that was removed is told %v", ids)
	}
	if err := h.Remove(t.Context(), hook.ID); err == nil {
		t.Error("removed twice")
	}
}

func TestWrongHooks(t *testing.T) {
	h := New(databasetest.New(t), time.Now)
	for name, hook := range map[string]Hook{
		"not an address":     {URL: "exemple.invalid", Audience: knowledge.Staff},
		"http":               {URL: "http://exemple.invalid/x", Audience: knowledge.Staff},
		"a password":         {URL: "https://a:b@exemple.invalid/x", Audience: knowledge.Staff},
		"this machine":       {URL: "https://127.0.0.1/x", Audience: knowledge.Staff},
		"this machine again": {URL: "http://localhost/x", Audience: knowledge.Staff},
		"a private network":  {URL: "https://10.0.0.1/x", Audience: knowledge.Staff},
		"the metadata":       {URL: "https://169.254.169.254/x", Audience: knowledge.Staff},
		"IPv6 inside":        {URL: "https://[fd00::1]/x", Audience: knowledge.Staff},
		"the public":         {URL: "https://exemple.invalid/x", Audience: knowledge.Public},
		"a partner":          {URL: "https://exemple.invalid/x", Audience: knowledge.Partner},
		"an event":           {URL: "https://exemple.invalid/x", Audience: knowledge.Staff, Events: []string{"request.perdue"}},
		"private http":       {URL: "http://10.0.0.1/x", Audience: knowledge.Staff, Private: true},
	} {
		if _, _, err := h.Add(t.Context(), hook); err == nil {
			t.Errorf("%s: added", name)
		}
	}
}
