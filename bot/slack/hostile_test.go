package slack_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// post sends a body with exactly these headers.
func (g *guichet) post(t *testing.T, contentType, body string, header http.Header) int {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/slack", strings.NewReader(body))
	for name, values := range header {
		request.Header[http.CanonicalHeaderKey(name)] = values
	}
	request.Header.Set("Content-Type", contentType)
	answer := httptest.NewRecorder()
	g.ServeHTTP(answer, request)
	return answer.Code
}

const form, jsonType = "application/x-www-form-urlencoded", "application/json"

// The example of docs.slack.dev/authentication/verifying-requests-from-slack, « Step-by-step walk-through », which Slack signed itself.
func TestSlacksOwnSignature(t *testing.T) {
	const body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner" +
		"&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN" +
		"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
	w := newWorkspace(t)
	g := w.serve(fresh(t), false)
	g.SigningSecret = "8f742231b10e8888abcd99yyyzzz85a5"
	w.mu.Lock()
	w.now = time.Unix(1531420618, 0)
	w.mu.Unlock()
	header := http.Header{"X-Slack-Request-Timestamp": {"1531420618"}, "X-Slack-Signature": {"v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"}}
	if status := g.post(t, form, body+"&x=1", header); status != http.StatusUnauthorized {
		t.Errorf("another body under the same signature: %d", status)
	}
	if status := g.post(t, form, body, header); status != http.StatusOK {
		t.Errorf("Slack's own request: %d\n%s", status, g.Office.Log)
	}
}

func TestForgedStaleAndReplayedRequestsAreRefused(t *testing.T) {
	w := newWorkspace(t)
	g := w.serve(fresh(t), false)
	body := func(n int) string {
		said := w.says(nobody, hall, "", fmt.Sprint("Bonjour ", n))
		return jsonOf(t, callback(said))
	}
	before := w.count()
	n := 0
	for name, header := range map[string]func(body string, now time.Time) http.Header{
		"nothing": func(string, time.Time) http.Header { return http.Header{} },
		"no timestamp": func(b string, now time.Time) http.Header {
			h := sign(b, now, signing)
			h.Del("X-Slack-Request-Timestamp")
			return h
		},
		"no signature": func(b string, now time.Time) http.Header {
			h := sign(b, now, signing)
			h.Del("X-Slack-Signature")
			return h
		},
		"another secret":  func(b string, now time.Time) http.Header { return sign(b, now, "autre") },
		"an empty secret": func(b string, now time.Time) http.Header { return sign(b, now, "") },
		"another body":    func(b string, now time.Time) http.Header { return sign(b+" ", now, signing) },
		"too old": func(b string, now time.Time) http.Header {
			return sign(b, now.Add(-5*time.Minute-2*time.Second), signing)
		},
		"from the future": func(b string, now time.Time) http.Header {
			return sign(b, now.Add(5*time.Minute+2*time.Second), signing)
		},
		"timestamp not read": func(b string, now time.Time) http.Header {
			h := sign(b, now, signing)
			h.Set("X-Slack-Request-Timestamp", "hier")
			return h
		},
		"timestamp changed": func(b string, now time.Time) http.Header {
			h := sign(b, now, signing)
			h.Set("X-Slack-Request-Timestamp", fmt.Sprint(now.Unix()+1))
			return h
		},
		"a huge timestamp": func(b string, now time.Time) http.Header {
			h := sign(b, now, signing)
			h.Set("X-Slack-Request-Timestamp", strings.Repeat("9", 40))
			return h
		},
		"no version": func(b string, now time.Time) http.Header {
			h := sign(b, now, signing)
			h.Set("X-Slack-Signature", strings.TrimPrefix(h.Get("X-Slack-Signature"), "v0="))
			return h
		},
		"truncated": func(b string, now time.Time) http.Header {
			h := sign(b, now, signing)
			h.Set("X-Slack-Signature", h.Get("X-Slack-Signature")[:40])
			return h
		},
		"not hexa": func(b string, now time.Time) http.Header {
			h := sign(b, now, signing)
			h.Set("X-Slack-Signature", "v0="+strings.Repeat("z", 64))
			return h
		},
	} {
		n++
		b := body(n)
		if status := g.post(t, jsonType, b, header(b, w.clock())); status != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, status)
		}
	}
	b := body(0)
	header := sign(b, w.clock(), signing)
	var statuses []int
	w.after(1, func() {
		for range 3 {
			statuses = append(statuses, g.post(t, jsonType, b, header))
		}
	})
	if fmt.Sprint(statuses) != "[200 401 401]" {
		t.Errorf("replayed: %v", statuses)
	}
	w.later(4 * time.Minute)
	if status := g.post(t, jsonType, b, header); status != http.StatusUnauthorized {
		t.Errorf("replayed later: %d", status)
	}
	if w.quiet(); w.count() != before+1 {
		t.Errorf("%d replies", w.count()-before)
	}
}

func TestURLChallenge(t *testing.T) { // docs.slack.dev/reference/events/url_verification
	w := newWorkspace(t)
	g := w.serve(fresh(t), false)
	const body = `{"token":"Jhj5dZrVaK7ZwHHjRyZWjbDl","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P","type":"url_verification"}`
	if status, answer := g.request(jsonType, body, nil); status != http.StatusOK || !strings.Contains(answer, `"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"`) {
		t.Errorf("%d %s", status, answer)
	}
}

// Whatever is signed and is no sensible payload: an answer, no reply, no crash.
func TestBrokenPayloads(t *testing.T) {
	w := newWorkspace(t)
	g := w.serve(fresh(t), false)
	good := jsonOf(t, callback(w.says(nobody, hall, "", "Bonjour")))
	payload := func(v any) string { return url.Values{"payload": {jsonOf(t, v)}}.Encode() }
	button := func(change func(m map[string]any)) string {
		m := map[string]any{
			"type": "block_actions", "user": map[string]any{"id": agent}, "channel": map[string]any{"id": leadChannel}, "container": map[string]any{"message_ts": "1.1"},
			"actions": []any{map[string]any{"type": "button", "block_id": "b", "action_id": "act:take", "value": "2026-0001@1"}},
		}
		change(m)
		return payload(m)
	}
	value := func(action, value string) func(map[string]any) {
		return func(m map[string]any) {
			m["actions"] = []any{map[string]any{"type": "button", "block_id": "b", "action_id": action, "value": value}}
		}
	}
	before := w.count()
	for name, c := range map[string]struct {
		contentType, body string
		want              int
	}{
		"nothing":                    {jsonType, "", 400},
		"not JSON":                   {jsonType, "{", 400},
		"a number":                   {jsonType, "3", 400},
		"null":                       {jsonType, "null", 400},
		"no event":                   {jsonType, `{"type":"event_callback"}`, 400},
		"an event of a wrong type":   {jsonType, `{"type":"event_callback","event":"message"}`, 400},
		"a text of a wrong type":     {jsonType, `{"type":"event_callback","event":{"type":"message","text":3}}`, 400},
		"an unknown event":           {jsonType, `{"type":"event_callback","event":{"type":"nouveau"}}`, 400},
		"no author":                  {jsonType, `{"type":"event_callback","event":{"type":"message","channel":"C0HALL","ts":"1.1","text":"a"}}`, 200},
		"no channel":                 {jsonType, `{"type":"event_callback","event":{"type":"message","user":"U1","ts":"1.1","text":"a"}}`, 200},
		"no timestamp":               {jsonType, `{"type":"event_callback","event":{"type":"message","user":"U1","channel":"C0HALL","text":"a"}}`, 200},
		"from a program":             {jsonType, `{"type":"event_callback","event":{"type":"message","user":"U1","bot_id":"B1","channel":"C0HALL","ts":"1.1","text":"a"}}`, 200},
		"an edit":                    {jsonType, `{"type":"event_callback","event":{"type":"message","subtype":"message_changed","channel":"C0HALL","ts":"1.1","message":{"user":"U1","text":"a","ts":"1.0"}}}`, 200},
		"a deletion":                 {jsonType, `{"type":"event_callback","event":{"type":"message","subtype":"message_deleted","channel":"C0HALL","ts":"1.1","deleted_ts":"1.0"}}`, 200},
		"truncated":                  {jsonType, good[:len(good)/2], 400},
		"another type":               {"text/plain", good, 415},
		"no type":                    {"", good, 415},
		"JSON called a form":         {form, good, 400},
		"a bad form":                 {form, "%zz", 400},
		"a form of nothing":          {form, "a=b", 400},
		"a payload that is not JSON": {form, "payload=%7B", 400},
		"a payload that is a list":   {form, "payload=%5B%5D", 400},
		"nobody pressed":             {form, payload(map[string]any{"type": "block_actions"}), 400},
		"an unknown interaction":     {form, payload(map[string]any{"type": "autre", "user": map[string]any{"id": "U1"}}), 200},
		"no actions":                 {form, button(func(m map[string]any) { delete(m, "actions") }), 400},
		"actions of a wrong type":    {form, button(func(m map[string]any) { m["actions"] = "x" }), 400},
		"no message":                 {form, button(func(m map[string]any) { delete(m, "container") }), 400},
		"no place":                   {form, button(func(m map[string]any) { delete(m, "channel") }), 400},
		"a card without version":     {form, button(value("act:take", "2026-0001")), 400},
		"a card of no request":       {form, button(value("act:take", "@1")), 400},
		"a version not read":         {form, button(value("act:take", "2026-0001@x")), 400},
		"an empty choice":            {form, button(value("choice:0", "")), 400},
		"an unknown button":          {form, button(value("autre", "x")), 200},
		"a vote on no answer":        {form, button(func(m map[string]any) { value("useful", "")(m); m["response_url"] = "" }), 200},
		"nothing to publish":         {form, button(value("publish", "inconnu")), 200},
		"a form without what it was": {form, payload(map[string]any{"type": "view_submission", "user": map[string]any{"id": "U1"}, "view": map[string]any{"callback_id": "act"}}), 400},
		"a form of another kind":     {form, payload(map[string]any{"type": "view_submission", "user": map[string]any{"id": "U1"}, "view": map[string]any{"callback_id": "autre", "private_metadata": "{}"}}), 200},
		"a form about no card":       {form, payload(map[string]any{"type": "view_submission", "user": map[string]any{"id": "U1"}, "view": map[string]any{"callback_id": "act", "private_metadata": "{}"}}), 400},
		"a command without person":   {form, "command=%2Fguichet&text=a&channel_id=C0HALL&trigger_id=1", 400},
	} {
		w.later(time.Second)
		if status, _ := g.request(c.contentType, c.body, nil); status != c.want {
			t.Errorf("%s: %d, want %d", name, status, c.want)
		}
	}
	large := `{"type":"event_callback","event":{"type":"message","text":"` + strings.Repeat("a", 1<<20) + `"}}`
	if status := g.post(t, jsonType, large, sign(large, w.clock(), signing)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("too large: %d", status)
	}
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/slack", nil)
	answer := httptest.NewRecorder()
	if g.ServeHTTP(answer, request); answer.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", answer.Code)
	}
	w.quiet()
	for _, m := range w.shown[before:] {
		if !m.ephemeral { // what is told to one person is no reply
			t.Errorf("shown: %+v", m)
		}
	}
}

// The same through Socket Mode: nothing is answered, and the connection lives on.
func TestBrokenEnvelopes(t *testing.T) {
	w := newWorkspace(t)
	g := w.serve(fresh(t), true)
	s := w.sockets[0]
	for i, kind := range []string{"events_api", "interactive", "slash_commands", "autre", ""} {
		for j, payload := range []any{nil, "x", 3, []int{}, map[string]any{"type": 3}, map[string]any{"type": "event_callback", "event": "x"}, map[string]any{"type": "block_actions", "actions": "x"}} {
			s.envelope(fmt.Sprint(i, ".", j), kind, payload, 0, time.Millisecond)
		}
	}
	for _, raw := range []string{"", "{", "null", "3", `{"type":`, strings.Repeat("[", 1000)} {
		s.mu.Lock()
		_ = s.conn.WriteMessage(1, []byte(raw))
		s.mu.Unlock()
	}
	shown := w.after(1, func() {
		if _, ok := w.overSocket("events_api", callback(w.says(nobody, hall, "", "Bonjour"))); !ok {
			t.Errorf("not acknowledged\n%s", g.Office.Log)
		}
	})
	if len(shown) != 1 {
		t.Errorf("%+v", shown)
	}
}

// FuzzRequests gives signed requests of any form to one guichet.
func FuzzRequests(f *testing.F) {
	for _, seed := range []string{
		`{"type":"event_callback","event":{"type":"message","user":"U1","channel":"C0HALL","ts":"1.1","text":"Bonjour"}}`,
		`{"type":"event_callback","event":{"type":"app_mention","user":"U1","channel":"C1","ts":"1.1","text":"<@UBOT> a"}}`,
		`{"type":"event_callback","event":{"type":"app_home_opened","user":"U1","tab":"home"}}`,
		`{"type":"url_verification","challenge":"a"}`,
		`{"type":"block_actions","user":{"id":"U1"},"channel":{"id":"C1"},"container":{"message_ts":"1"},"actions":[{"action_id":"act:take","value":"2026-0001@1"}]}`,
		`{"type":"view_submission","user":{"id":"U1"},"view":{"id":"V","callback_id":"act","private_metadata":"{\"key\":\"a@1\"}","state":{"values":{"text":{"text":{"value":"a"}}}}}}`,
		`{"type":"message_action","callback_id":"forward","user":{"id":"U1"},"message":{"text":"a","blocks":[{"type":"x"}]}}`,
	} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	var g *guichet
	f.Fuzz(func(t *testing.T, body string, interaction bool) {
		if g == nil {
			g = newWorkspace(t).serve(fresh(t), false)
			t.Cleanup(func() { g = nil })
		}
		contentType := jsonType
		if interaction {
			contentType, body = form, url.Values{"payload": {body}}.Encode()
		}
		if status := g.post(t, contentType, body, sign(body, g.w.clock(), signing)); status >= 500 && status != http.StatusServiceUnavailable {
			t.Errorf("%d", status)
		}
		if bytes.Contains([]byte(g.Office.Log.String()), []byte("panic")) {
			t.Error(g.Office.Log)
		}
	})
}
