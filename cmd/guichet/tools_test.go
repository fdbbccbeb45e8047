package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"guichet/migrations/databasetest"
)

// tool is another program that calls the API by its description: what it sends and gets is held to it.
type tool struct {
	t      *testing.T
	page   string
	secret string
	router routers.Router
}

func newTool(t *testing.T, page, secret string) tool {
	t.Helper()
	response, err := http.Get(page + "/api/v1/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(content)
	if err != nil {
		t.Fatal(err)
	}
	doc.Servers = openapi3.Servers{{URL: page + "/api/v1"}}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return tool{t, page, secret, router}
}

// call gives the status and the object of an answer.
func (c tool) call(method, path, body string, headers ...string) (int, map[string]any) {
	c.t.Helper()
	request := func() *http.Request {
		r, err := http.NewRequestWithContext(c.t.Context(), method, c.page+"/api/v1"+path, strings.NewReader(body))
		if err != nil {
			c.t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+c.secret)
		if body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		return r
	}
	response, err := http.DefaultClient.Do(request())
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	sent := request()
	route, parameters, err := c.router.FindRoute(sent)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	options := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true}
	in := &openapi3filter.RequestValidationInput{Request: sent, PathParams: parameters, Route: route, Options: options}
	if err := openapi3filter.ValidateRequest(c.t.Context(), in); (err == nil) != (response.StatusCode != http.StatusBadRequest) {
		c.t.Errorf("%s %s %s: answered %d, the description says %v", method, path, body, response.StatusCode, err)
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: response.StatusCode, Header: response.Header, Body: io.NopCloser(bytes.NewReader(content)), Options: options}
	if err := openapi3filter.ValidateResponse(c.t.Context(), out); err != nil {
		c.t.Errorf("%s %s: %v\n%s", method, path, err, content)
	}
	var object map[string]any
	if err := json.Unmarshal(content, &object); err != nil {
		c.t.Fatal(err)
	}
	return response.StatusCode, object
}

// done is a call that must succeed.
func (c tool) done(method, path, body string, headers ...string) map[string]any {
	c.t.Helper()
	status, object := c.call(method, path, body, headers...)
	if status >= 300 {
		c.t.Errorf("%s %s: %d %v", method, path, status, object)
	}
	return object
}

func TestOtherTools(t *testing.T) { databasetest.Each(t, otherTools) }

func otherTools(t *testing.T, e databasetest.Engine) {
	c := terminalOn(t, e)
	var mu sync.Mutex
	told := map[string][]string{} // the events of each path of the other side, by reference
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var event struct {
			Type string
			Data struct{ Reference string }
		}
		if err := json.NewDecoder(r.Body).Decode(&event); err != nil || !strings.HasPrefix(r.Header.Get("Webhook-Signature"), "v1,") {
			t.Errorf("told %v, %v", r.Header, err)
		}
		mu.Lock()
		defer mu.Unlock()
		told[r.URL.Path] = append(told[r.URL.Path], event.Data.Reference+" "+event.Type)
	}))
	defer other.Close()
	hook := func(path string, flags ...string) string {
		t.Helper()
		return c.object(append([]string{"--json", "webhook", "add", other.URL + path, "--private"}, flags...)...)["webhook"].(map[string]any)["id"].(string)
	}
	hook("/staff", "--audience", "staff", "--event", "request.received,request.answered")
	hook("/amiens", "--audience", "partner", "--epci", "248000531")
	secret := func(flags ...string) string {
		t.Helper()
		return c.object(append([]string{"--json", "token", "create"}, flags...)...)["secret"].(string)
	}
	s := startServe(t, c.database)
	s.opened()
	agent := newTool(t, s.page, secret("Outil fictif", "--scope", "ask,requests:read,requests:write,companies:read", "--audience", "staff"))
	site := newTool(t, s.page, secret("Site fictif", "--scope", "requests:read,requests:write"))
	lille := newTool(t, s.page, secret("MEL fictive", "--scope", "requests:read,companies:read", "--audience", "partner", "--epci", "200093201"))

	if a := agent.done(http.MethodPost, "/ask", `{"q":"Jusqu'à combien le PRIT finance-t-il un investissement ?"}`); a["abstained"] != false {
		t.Errorf("asked: %v", a)
	}
	if a := agent.done(http.MethodPost, "/ask", `{"q":"Quelle est la hauteur du beffroi de Bruges en pieds ?"}`); a["abstained"] != true {
		t.Errorf("asked: %v", a)
	}
	if r := agent.done(http.MethodPost, "/search", `{"q":"prêt","limit":2}`); len(r["results"].([]any)) != 2 {
		t.Errorf("searched: %v", r)
	}
	if r := agent.done(http.MethodPost, "/route", `{"text":"Nous cherchons un prêt pour notre usine à Amiens"}`); r["lead"] != "MHDFF" {
		t.Errorf("routed: %v", r)
	}
	if r := agent.done(http.MethodPost, "/route", `{"text":"Notre groupe cherche 5 hectares pour une usine."}`); r["lead"] != nil {
		t.Errorf("routed: %v", r)
	}

	// One request by the API, sent twice: one message to the desk, which anybody finds in the ledger.
	body := `{"text":"L'entreprise Fabrique Fictive, à Amiens, cherche un prêt pour une machine.","author":"Ada"}`
	made := site.done(http.MethodPost, "/requests", body, "Idempotency-Key", "k1")
	if again := site.done(http.MethodPost, "/requests", body, "Idempotency-Key", "k1"); fmt.Sprint(again) != fmt.Sprint(made) {
		t.Errorf("again: %v, not %v", again, made)
	}
	reference := made["request"].(string)
	if status, _ := site.call(http.MethodPost, "/requests", `{"text":"Autre chose"}`, "Idempotency-Key", "k1"); status != http.StatusUnprocessableEntity {
		t.Errorf("the key of another request: %d", status)
	}
	if list := c.done("request", "list", "--audience", "staff"); strings.Count(list, "Fabrique Fictive") != 1 {
		t.Errorf("the ledger has %s", list)
	}
	thread := made["thread"].(string)
	if more := site.done(http.MethodPost, "/requests", `{"text":"03 20 00 00 00","thread":"`+thread+`"}`); more["request"] != reference {
		t.Errorf("the conversation went on with %v", more)
	}
	for who, of := range map[string]struct {
		tool
		status int
		listed int
	}{"the agent": {agent, 200, 1}, "who asked": {site, 200, 1}, "another EPCI": {lille, 404, 0}} {
		if status, _ := of.call(http.MethodGet, "/requests/"+reference, ""); status != of.status {
			t.Errorf("%s: %d", who, status)
		}
		if r := of.done(http.MethodGet, "/requests?limit=10&late=false&status=transmitted&status=taken", ""); len(r["requests"].([]any)) != of.listed {
			t.Errorf("%s sees %v", who, r)
		}
	}
	if status, _ := site.call(http.MethodGet, "/companies?q=x", ""); status != http.StatusForbidden {
		t.Errorf("a right that it has not: %d", status)
	}

	feed := "/calendrier/" + secret("Agenda fictif", "--scope", "calendar", "--audience", "staff", "--direction", "MHDFF") + ".ics"
	if status, text := s.ask(http.MethodGet, feed, nil); status != http.StatusOK || !strings.Contains(text, reference+"-echeance@guichet") {
		t.Errorf("the calendar: %d %s", status, text)
	}
	if status, text := s.ask(http.MethodGet, "/calendrier/"+agent.secret+".ics", nil); status != http.StatusNotFound {
		t.Errorf("a calendar by another token: %d %s", status, text)
	}

	if r := agent.done(http.MethodPost, "/requests/"+reference+"/status", `{"status":"taken","by":"Bo"}`); r["owner"] != "Bo (Outil fictif)" {
		t.Errorf("taken: %v", r)
	}
	agent.done(http.MethodPost, "/requests/"+reference+"/answer", `{"text":"Oui, un prêt."}`)
	if card := agent.done(http.MethodGet, "/companies?q=Fabrique%20Fictive", ""); len(card["requests"].([]any)) != 1 || !strings.Contains(fmt.Sprint(card), "Oui, un prêt.") {
		t.Errorf("the company: %v", card)
	}
	if status, p := agent.call(http.MethodPost, "/requests/"+reference+"/status", `{"status":"taken"}`); status != http.StatusConflict || !strings.Contains(p["detail"].(string), "répondue") {
		t.Errorf("taken again: %d %v", status, p)
	}
	if status, _ := site.call(http.MethodPost, "/requests/"+reference+"/reopen", `{}`); status != http.StatusForbidden {
		t.Errorf("reopened by who asked: %d", status)
	}
	agent.done(http.MethodPost, "/requests/"+reference+"/reopen", `{"why":"à revoir"}`)
	agent.done(http.MethodPost, "/requests/"+reference+"/status", `{"status":"closed","why":"sans suite"}`)
	agent.done(http.MethodGet, "/companies?q=Fabrique%20Fictive", "")
	agent.done(http.MethodGet, "/requests/"+reference, "")

	sent := func(path, event string) func() bool {
		return func() bool {
			mu.Lock()
			defer mu.Unlock()
			n := 0
			for _, e := range told[path] {
				if e == reference+" "+event {
					n++
				}
			}
			return n == 1
		}
	}
	for _, wanted := range [][2]string{{"/staff", "request.received"}, {"/staff", "request.answered"}, {"/amiens", "request.decided"}, {"/amiens", "request.reopened"}} {
		until(t, wanted[0]+" is told "+wanted[1], sent(wanted[0], wanted[1]))
	}
	mu.Lock()
	if len(told["/staff"]) != 2 {
		t.Errorf("/staff is told %v", told["/staff"])
	}
	mu.Unlock()
	id := strings.Fields(c.done("token", "list"))[0]
	c.done("token", "revoke", id)
	if status, _ := s.ask(http.MethodGet, feed, nil); status != http.StatusNotFound {
		t.Errorf("the calendar of a token that was revoked: %d", status)
	}
	s.ended()
}

// What is left to tell goes with a copy of the base, and the tokens open the same doors.
func TestCopyMovesWhatToolsHave(t *testing.T) {
	from, to := newTerminal(t), newTerminal(t)
	var mu sync.Mutex
	got := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		mu.Lock()
		got++
		mu.Unlock()
	}))
	defer other.Close()
	from.done("webhook", "add", other.URL, "--private", "--audience", "staff", "--event", "request.received")
	secret := from.object("--json", "token", "create", "Outil fictif", "--scope", "requests:read", "--audience", "staff")["secret"].(string)
	from.done("request", "new", "Nous cherchons un prêt à Amiens.")
	from.done("copy", from.database, to.database)
	s := startServe(t, to.database)
	s.opened()
	if r := newTool(t, s.page, secret).done(http.MethodGet, "/requests", ""); len(r["requests"].([]any)) != 1 {
		t.Errorf("the copy has %v", r)
	}
	until(t, "the event is told by the copy", func() bool { mu.Lock(); defer mu.Unlock(); return got == 1 })
	s.ended()
}

// An event that no try could send is told by doctor.
func TestDoctorTellsWhatWasNotSent(t *testing.T) {
	c := newTerminal(t)
	c.done("webhook", "add", "https://exemple.invalid/x", "--audience", "staff")
	db := databasetest.Open(t, c.database)
	c.done("request", "new", "Nous cherchons un prêt à Amiens.")
	err := db.InTx(t.Context(), func(ctx context.Context) error {
		_, err := db.Conn(ctx).ExecContext(ctx, `UPDATE webhook_deliveries SET dead_at = $1`, time.Now().UnixMicro())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, out, _ := c.run("", "doctor"); !strings.Contains(out, "2 événements n'ont pas pu être envoyés à https://exemple.invalid/x") {
		t.Errorf("doctor says %s", out)
	}
}
