package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"guichet/bot"
	"guichet/knowledge"
	"guichet/routing/ledger"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// doors are tokens: the secret names what the token may do.
type doors struct{ keys map[string]string }

func (d doors) Token(_ context.Context, secret string, _ time.Time) (bot.Token, error) {
	switch secret {
	case "staff":
		return bot.Token{ID: "s", Label: "Outil", Scopes: bot.Scopes(), Audience: knowledge.Staff}, nil
	case "south":
		return bot.Token{ID: "d", Label: "Outil", Scopes: bot.Scopes(), Audience: knowledge.Staff, Direction: "SUD"}, nil
	case "public":
		return bot.Token{ID: "p", Label: "Site", Scopes: bot.Scopes(), Audience: knowledge.Public}, nil
	case "reader":
		return bot.Token{ID: "r", Label: "Outil", Scopes: []bot.Scope{bot.ScopeRequestsRead}, Audience: knowledge.Staff}, nil
	case "broken":
		return bot.Token{}, errors.New("la base est perdue")
	}
	return bot.Token{}, bot.ErrNoToken
}

func (d doors) Once(_ context.Context, token, key, digest string, _ time.Time) error {
	if known, ok := d.keys[token+key]; ok && known != digest {
		return bot.ErrOtherUse
	}
	d.keys[token+key] = digest
	return nil
}

// desk remembers the messages.
type desk struct{ got []bot.Message }

func (d *desk) Handle(_ context.Context, m bot.Message) (bot.Reply, error) {
	d.got = append(d.got, m)
	if strings.Contains(m.Text, "panne") {
		return bot.Reply{Kind: bot.ReplyRefused, Text: "Votre message n'est pas enregistré."}, errors.New("la base est perdue")
	}
	return bot.Reply{Kind: bot.ReplyRouted, Text: "Noté.", Request: "2026-0001"}, nil
}

// register has one request, of NORD.
type register struct {
	ledger.Store
	by string
}

func (r *register) Get(_ context.Context, v ledger.Viewer, reference string) (ledger.Request, error) {
	if reference != "2026-0001" {
		return ledger.Request{}, ledger.ErrNotFound
	}
	return ledger.Request{Reference: reference, Lead: "NORD"}, v.Check()
}

func (r *register) List(context.Context, ledger.Viewer, ledger.Filter) ([]ledger.Request, error) {
	return nil, nil
}

func (r *register) Answer(_ context.Context, reference, _, by string, _ time.Time) (ledger.Request, error) {
	r.by = by
	return ledger.Request{Reference: reference}, nil
}

func (r *register) SetStatus(context.Context, string, ledger.Status, string, string, time.Time) (ledger.Request, error) {
	return ledger.Request{}, ledger.ErrTransition
}

func (r *register) Reopen(_ context.Context, reference, _, _ string, _ time.Time) (ledger.Request, error) {
	return ledger.Request{Reference: reference}, nil
}

func newServer(t testing.TB) (*Server, *desk, *register) {
	t.Helper()
	d, r, clock := &desk{}, &register{}, noon
	s, err := New(Config{
		Tokens: doors{map[string]string{}}, Desk: d, Requests: r, Now: func() time.Time { clock = clock.Add(time.Second); return clock }, Log: slog.New(slog.DiscardHandler),
		Ask:    func(context.Context, knowledge.Viewer, string) (any, error) { return map[string]any{}, nil },
		Search: func(context.Context, knowledge.Viewer, string, int) (any, error) { return map[string]any{}, nil },
		Route: func(text, requester, _, _ string) (any, error) {
			if requester != "" {
				return nil, errors.New("demandeur inconnu")
			}
			return map[string]any{}, nil
		},
		Reply:   func(r bot.Reply, thread string) any { return map[string]any{"request": r.Request, "thread": thread} },
		Changed: func(r ledger.Request) any { return map[string]any{"reference": r.Reference} },
		Company: func(context.Context, ledger.Viewer, string) (any, error) { return map[string]any{}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, d, r
}

func ring(s *Server, method, path, secret, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, Prefix+path, strings.NewReader(body))
	if secret != "" {
		r.Header.Set("Authorization", "Bearer "+secret)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// The description and the routes say the same, in OpenAPI 3.1.
func TestTheDescriptionIsTheRoutes(t *testing.T) {
	s, _, _ := newServer(t)
	served := ring(s, http.MethodGet, "/openapi.json", "", "")
	if served.Code != http.StatusOK || served.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("%d %s", served.Code, served.Header())
	}
	doc, err := openapi3.NewLoader().LoadFromData(served.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil || doc.OpenAPI != "3.1.0" {
		t.Errorf("OpenAPI %s: %v", doc.OpenAPI, err)
	}
	var described, routed []string
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			open := ""
			if operation.Security != nil && len(*operation.Security) == 0 {
				open = " open"
			}
			described = append(described, method+" "+path+open)
			if s := operation.Summary; open == "" && !strings.Contains(s, "droit « ") {
				t.Errorf("%s %s does not say its scope", method, path)
			}
		}
	}
	for _, r := range s.routes() {
		open := ""
		if r.scope == "" {
			open = " open"
		}
		routed = append(routed, r.method+" "+r.path+open)
		item := doc.Paths.Value(r.path)
		if item == nil || item.GetOperation(r.method) == nil {
			continue // told below
		}
		if summary := item.GetOperation(r.method).Summary; r.scope != "" && !strings.Contains(summary, "droit « "+string(r.scope)+" »") {
			t.Errorf("%s %s asks for %s, the description says %q", r.method, r.path, r.scope, summary)
		}
	}
	slices.Sort(described)
	slices.Sort(routed)
	if !slices.Equal(described, routed) {
		t.Errorf("described %q\nrouted    %q", described, routed)
	}
}

func TestProblems(t *testing.T) {
	s, _, _ := newServer(t)
	for name, c := range map[string]struct {
		method, path, secret, body string
		status                     int
		says                       string
	}{
		"no token":           {"GET", "/requests", "", "", 401, "Donnez un jeton"},
		"unknown token":      {"GET", "/requests", "perdu", "", 401, "Donnez un jeton"},
		"no scope":           {"POST", "/ask", "reader", `{"q":"a"}`, 403, "droit « ask »"},
		"a base that fails":  {"GET", "/requests", "broken", "", 500, "réessayez"},
		"another method":     {"DELETE", "/requests", "staff", "", 405, "GET ou POST"},
		"another path":       {"GET", "/perdu", "staff", "", 404, "openapi.json"},
		"no body":            {"POST", "/ask", "staff", ``, 400, "JSON"},
		"a list":             {"POST", "/ask", "staff", `[]`, 400, ""},
		"null":               {"POST", "/ask", "staff", `null`, 400, "objet"},
		"two objects":        {"POST", "/ask", "staff", `{"q":"a"}{"q":"b"}`, 400, ""},
		"an unknown key":     {"POST", "/ask", "staff", `{"question":"a"}`, 400, "« question »"},
		"another type":       {"POST", "/ask", "staff", `{"q":1}`, 400, "« q »"},
		"not UTF-8":          {"POST", "/ask", "staff", "{\"q\":\"\xff\"}", 400, "UTF-8"},
		"an empty text":      {"POST", "/ask", "staff", `{"q":" "}`, 422, "vide"},
		"a control":          {"POST", "/ask", "staff", `{"q":"a\u0000"}`, 422, "caractère"},
		"a long text":        {"POST", "/ask", "staff", `{"q":"` + strings.Repeat("a", 9000) + `"}`, 422, "trop long"},
		"a large body":       {"POST", "/ask", "staff", `{"q":"` + strings.Repeat("a", mostBody) + `"}`, 413, "64 Ko"},
		"a limit":            {"POST", "/search", "staff", `{"q":"a","limit":0}`, 400, "de 1 à 100"},
		"a requester":        {"POST", "/route", "staff", `{"text":"a","requester":"x"}`, 422, "demandeur inconnu"},
		"an unknown status":  {"GET", "/requests?status=perdu", "staff", "", 400, "« perdu »"},
		"a parameter":        {"GET", "/requests?etat=taken", "staff", "", 400, "« etat »"},
		"too many":           {"GET", "/requests?limit=1001", "staff", "", 400, "1000"},
		"not there":          {"GET", "/requests/2026-0002", "staff", "", 404, "numéro"},
		"not an agent":       {"POST", "/requests/2026-0001/answer", "public", `{"text":"a"}`, 403, "agent"},
		"another direction":  {"POST", "/requests/2026-0001/answer", "south", `{"text":"a"}`, 403, "SUD"},
		"a wrong transition": {"POST", "/requests/2026-0001/status", "staff", `{"status":"taken"}`, 409, "impossible"},
		"a wrong status":     {"POST", "/requests/2026-0001/status", "staff", `{"status":"answered"}`, 422, "taken"},
		"no company":         {"GET", "/companies?q=-", "staff", "", 400, "SIREN"},
		"not recorded":       {"POST", "/requests", "staff", `{"text":"en panne"}`, 503, "pas enregistré"},
	} {
		w := ring(s, c.method, c.path, c.secret, c.body)
		var p problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != c.status || p.Status != c.status || p.Title == "" || !strings.Contains(p.Detail, c.says) || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s, want %d and %q", name, w.Code, w.Body, c.status, c.says)
		}
		if strings.Contains(w.Body.String(), "perdue") {
			t.Errorf("%s: the operator's error is told: %s", name, w.Body)
		}
	}
	if w := ring(s, http.MethodPost, "/ask", "staff", `{"q":"a"}`, "Content-Type", "text/plain"); w.Code != http.StatusUnsupportedMediaType {
		t.Errorf("a text: %d", w.Code)
	}
}

func TestCreateIsAMessage(t *testing.T) {
	s, d, _ := newServer(t)
	for _, key := range []string{"k", "k", "l", "", ""} {
		headers := []string{"Idempotency-Key", key}
		if w := ring(s, http.MethodPost, "/requests", "public", `{"text":"Un prêt","author":"Ada"}`, headers...); w.Code != http.StatusCreated {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	if len(d.got) != 5 || d.got[0].ID != d.got[1].ID || d.got[0].Thread != d.got[1].Thread || d.got[2].ID == d.got[0].ID || d.got[3].ID == d.got[4].ID {
		t.Errorf("messages %+v", d.got)
	}
	m := d.got[0]
	if m.Channel != Channel || !m.Request || m.Asker != (bot.Asker{ID: "api/p", Name: "Ada", Audience: knowledge.Public}) || !strings.HasPrefix(m.Thread, "p/") {
		t.Errorf("message %+v", m)
	}
	if w := ring(s, http.MethodPost, "/requests", "public", `{"text":"Autre"}`, "Idempotency-Key", "k"); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("the key for something else: %d %s", w.Code, w.Body)
	}
	// The same key and thread of another token are another message: nobody continues another's conversation.
	ring(s, http.MethodPost, "/requests", "staff", `{"text":"Un prêt","author":"Ada"}`, "Idempotency-Key", "k")
	ring(s, http.MethodPost, "/requests", "public", `{"text":"Un prêt","thread":"s/t"}`)
	if last := d.got[len(d.got)-2:]; last[0].ID == m.ID || last[0].Thread == m.Thread || last[1].Thread != "p/s/t" {
		t.Errorf("messages %+v", last)
	}
}

func TestWhoActs(t *testing.T) {
	s, _, r := newServer(t)
	for body, want := range map[string]string{`{"text":"oui"}`: "Outil", `{"text":"oui","by":" Bo  Fictif "}`: "Bo Fictif (Outil)"} {
		if w := ring(s, http.MethodPost, "/requests/2026-0001/answer", "staff", body); w.Code != http.StatusOK || r.by != want {
			t.Errorf("%s: %d, by %q", body, w.Code, r.by)
		}
	}
}

func TestLimits(t *testing.T) {
	s, _, _ := newServer(t)
	frozen := func() time.Time { return noon }
	s.tokens, s.doors = newLimiter(frozen, 10, 60), newLimiter(frozen, 1, 30)
	count := func(secret string, want int) {
		t.Helper()
		n := 0
		for ; n < 200; n++ {
			w := ring(s, http.MethodGet, "/requests", secret, "")
			if w.Code == http.StatusTooManyRequests {
				if w.Header().Get("Retry-After") == "" {
					t.Error("it does not say when to come back")
				}
				break
			}
		}
		if n != want {
			t.Errorf("%s: %d calls, want %d", secret, n, want)
		}
	}
	count("perdu", 30)
	count("staff", 60) // whoever has a token is not held up by those who try secrets from the same address
	count("reader", 60)
}

// FuzzBodies sends any body everywhere: an answer in JSON always comes, and never an error of ours.
func FuzzBodies(f *testing.F) {
	for _, body := range []string{`{"q":"a"}`, `{"q":"a","limit":3}`, `{"text":"a","thread":"b","author":"c"}`, `{"status":"taken","why":"x","by":"y"}`, `null`, `[[[[`, `{"q":"\ud800"}`, "{\"text\":\"\x00\"}", `{"limit":1e400}`, `{"q":"a"} {`} {
		f.Add(body, "k")
	}
	f.Fuzz(func(t *testing.T, body, key string) {
		s, _, _ := newServer(t)
		for _, r := range s.routes() {
			if r.method != http.MethodPost {
				continue
			}
			path := strings.Replace(r.path, "{reference}", "2026-0001", 1)
			w := ring(s, http.MethodPost, path, "staff", body, "Idempotency-Key", key)
			content, err := io.ReadAll(w.Result().Body)
			if err != nil || !json.Valid(content) || w.Code >= 500 && w.Code != http.StatusServiceUnavailable {
				t.Errorf("%s %q: %d %s %v", path, body, w.Code, content, err)
			}
		}
	})
}
