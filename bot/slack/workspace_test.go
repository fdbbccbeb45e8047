package slack_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
	api "github.com/slack-go/slack"
	"github.com/slack-go/slack/slacktest"

	"guichet/bot/bottest"
	"guichet/bot/slack"
	"guichet/migrations/database"
	"guichet/migrations/databasetest"
)

// The people and the channels of the workspace; all are fictional. UBOT is guichet.
const (
	me      = "UBOT"
	agent   = "U0AGENT"
	second  = "U0SECOND"
	partner = "U0PARTNER"
	nobody  = "U0NOBODY"
	guest   = "U0GUEST"
	abroad  = "U0ABROAD"

	partnerChannel = "C0PARTNER"
	leadChannel    = "C0LEAD"
	hall           = "C0HALL"
	open           = "C0OPEN"
)

const channelsFile = `
channels:
  - {channel: slack/C0PARTNER, audience: partner, epci: "200000001"}
  - {channel: slack/C0LEAD, audience: staff, direction: DPEAP}
  - {channel: slack/C0HALL, listens: true}
people:
  - {group: slack/S0AGENTS, audience: staff}
  - {domain: agglo.example, audience: partner, epci: "200000001"}
administrators: [slack/U0AGENT]
`

// workspace is a Slack that people write in: its methods answer as Slack's documentation says, and refuse what it refuses.
type workspace struct {
	t      testing.TB
	server *slacktest.Server

	mu        sync.Mutex
	now       time.Time
	messages  map[string][]message // by channel, oldest first
	log       []string             // what the bot did, in order
	reactions []string
	shown     []message // what it wrote, ephemeral messages too
	views     []view
	members   map[string]bool
	refuse    map[string]string   // method → error code
	faults    map[string][]string // method → what happens to its next calls: fail
	slow      map[string]time.Duration
	shared    map[string]bool
	calls     map[string]int
	users     int // of the user groups, so that a test may change them
	n         int
	sockets   []*socket
	joined    chan *socket
	counted   map[string]int // when not nil, replies are counted by thread and not kept
}

// message is one of a channel.
type message struct {
	channel, thread, ts, user, text string
	ephemeral                       bool
	to                              string // who sees it, when it is ephemeral
	blocks                          string
	metadata                        api.SlackMetadata
}

// view is a form or a home that the bot showed.
type view struct {
	trigger, user string
	view          api.View
	raw           string
}

var morning = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func newWorkspace(t testing.TB) *workspace {
	w := &workspace{
		t: t, now: morning, messages: map[string][]message{}, members: map[string]bool{partnerChannel: true, leadChannel: true, hall: true, open: true},
		refuse: map[string]string{}, faults: map[string][]string{}, slow: map[string]time.Duration{}, shared: map[string]bool{}, calls: map[string]int{}, joined: make(chan *socket, 10),
	}
	w.server = slacktest.NewTestServer(func(c slacktest.Customize) {
		for name, method := range map[string]func(url.Values) map[string]any{
			"auth.test": w.authTest, "users.info": w.usersInfo, "usergroups.list": w.usergroups, "conversations.info": w.info,
			"conversations.history": w.history, "conversations.replies": w.replies, "conversations.open": w.open, "chat.postMessage": w.post,
			"chat.postEphemeral": w.ephemeral, "chat.update": w.update, "reactions.add": w.react, "apps.connections.open": w.connect,
			"views.open": w.view, "views.publish": w.view,
		} {
			c.Handle("/"+name, w.method(name, method))
		}
		c.Handle("/ws", slacktest.Websocket(w.accept))
		c.Handle("/respond/", w.respond)
	})
	w.server.Start()
	t.Cleanup(w.server.Stop)
	return w
}

// clock gives a time that goes on by itself, so that no two things happen at once.
func (w *workspace) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(time.Millisecond)
	return w.now
}

func (w *workspace) later(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// stamp gives the name of a new message. The lock is held.
func (w *workspace) stamp() string {
	w.n++
	return fmt.Sprintf("%d.%06d", w.now.Unix(), w.n)
}

func (w *workspace) method(name string, do func(url.Values) map[string]any) http.HandlerFunc {
	return func(out http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the caller left
		}
		form, err := url.ParseQuery(string(body))
		if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
			form = url.Values{"json": {string(body)}}
		} else if err != nil {
			w.t.Errorf("%s: %v", name, err)
		}
		w.mu.Lock()
		slow, code, fault := w.slow[name], w.refuse[name], ""
		if next := w.faults[name]; len(next) > 0 {
			fault, w.faults[name] = next[0], next[1:]
		}
		w.calls[name]++
		w.mu.Unlock()
		select {
		case <-time.After(slow):
		case <-r.Context().Done():
			return
		}
		switch seconds, limited := strings.CutPrefix(fault, "429 "); {
		case limited: // docs.slack.dev/apis/web-api/rate-limits
			out.Header().Set("Retry-After", seconds)
			out.WriteHeader(http.StatusTooManyRequests)
			return
		case fault == "500":
			out.WriteHeader(http.StatusInternalServerError)
			return
		case fault == "cut", fault == "cut after":
			if fault == "cut after" { // done, and nobody is told
				w.mu.Lock()
				do(form)
				w.mu.Unlock()
			}
			panic(http.ErrAbortHandler)
		case fault != "":
			code = fault
		}
		out.Header().Set("Content-Type", "application/json")
		if code == "ratelimited" { // docs.slack.dev/apis/web-api/rate-limits
			out.Header().Set("Retry-After", "1")
			out.WriteHeader(http.StatusTooManyRequests)
			return
		}
		answer := map[string]any{"ok": false, "error": code}
		if code == "" {
			w.mu.Lock()
			answer = do(form)
			w.mu.Unlock()
			if _, failed := answer["error"]; !failed {
				answer["ok"] = true
			} else {
				answer["ok"] = false
			}
		}
		if name == "auth.test" {
			out.Header().Set("X-OAuth-Scopes", strings.Join(slack.Scopes(), ","))
		}
		_ = json.NewEncoder(out).Encode(answer)
	}
}

func (w *workspace) authTest(url.Values) map[string]any {
	return map[string]any{"team": "Espace fictif", "team_id": "T1", "user_id": me, "user": "guichet", "bot_id": "BBOT"}
}

func (w *workspace) usersInfo(form url.Values) map[string]any {
	id := form.Get("user")
	user := map[string]any{"id": id, "team_id": "T1", "name": strings.ToLower(id), "is_email_confirmed": true, "profile": map[string]any{"display_name": strings.TrimPrefix(id, "U0")}}
	switch id {
	case partner:
		user["profile"] = map[string]any{"display_name": "PARTNER", "email": "paul@agglo.example"}
	case guest:
		user["is_restricted"] = true
	case abroad:
		user["team_id"], user["is_stranger"] = "T2", true
	}
	return map[string]any{"user": user}
}

func (w *workspace) usergroups(url.Values) map[string]any {
	return map[string]any{"usergroups": []any{map[string]any{"id": "S0AGENTS", "users": []string{agent, second, guest, abroad}}}}
}

func (w *workspace) info(form url.Values) map[string]any {
	id := form.Get("channel")
	return map[string]any{"channel": map[string]any{"id": id, "name": strings.ToLower(id), "is_channel": true, "is_member": w.members[id], "is_ext_shared": w.shared[id]}}
}

func (w *workspace) list(form url.Values, keep func(message) bool) map[string]any {
	var found []any
	for _, m := range slices.Backward(w.messages[form.Get("channel")]) {
		if keep(m) && m.ts > form.Get("oldest") {
			found = append(found, map[string]any{"type": "message", "user": m.user, "text": m.text, "ts": m.ts, "thread_ts": m.thread, "metadata": m.metadata})
		}
	}
	return map[string]any{"messages": found, "has_more": false}
}

func (w *workspace) history(form url.Values) map[string]any {
	return w.list(form, func(m message) bool { return m.thread == "" || m.thread == m.ts })
}

func (w *workspace) replies(form url.Values) map[string]any {
	return w.list(form, func(m message) bool { return m.thread == form.Get("ts") || m.ts == form.Get("ts") })
}

func (w *workspace) open(form url.Values) map[string]any {
	return map[string]any{"channel": map[string]any{"id": "D" + form.Get("users")}}
}

// check refuses what Slack refuses.
func (w *workspace) check(form url.Values) string {
	var blocks []struct {
		Type     string
		Text     struct{ Type, Text string }
		Elements []struct {
			Text  struct{ Text string }
			Value string
		}
	}
	if err := json.Unmarshal([]byte(form.Get("blocks")), &blocks); form.Get("blocks") != "" && err != nil || len(blocks) > 50 {
		return "invalid_blocks"
	}
	for _, b := range blocks {
		if b.Type == "section" && (b.Text.Text == "" || utf8.RuneCountInString(b.Text.Text) > 3000) || len(b.Elements) > 25 {
			return "invalid_blocks"
		}
		for _, e := range b.Elements {
			if utf8.RuneCountInString(e.Text.Text) > 75 || utf8.RuneCountInString(e.Value) > 2000 {
				return "invalid_blocks"
			}
		}
	}
	if form.Get("text") == "" && len(blocks) == 0 {
		return "no_text"
	}
	return ""
}

func (w *workspace) written(form url.Values, ephemeral bool) message {
	m := message{
		channel: form.Get("channel"), thread: form.Get("thread_ts"), ts: w.stamp(), user: me, text: form.Get("text"), blocks: form.Get("blocks"), ephemeral: ephemeral,
	}
	_ = json.Unmarshal([]byte(form.Get("metadata")), &m.metadata)
	w.shown = append(w.shown, m)
	return m
}

func (w *workspace) post(form url.Values) map[string]any {
	if code := w.check(form); code != "" {
		w.t.Errorf("refused %s: %s %s", code, form.Get("text"), form.Get("blocks"))
		return map[string]any{"error": code}
	}
	if !w.members[form.Get("channel")] && strings.HasPrefix(form.Get("channel"), "C") {
		return map[string]any{"error": "not_in_channel"}
	}
	if w.counted != nil {
		w.counted[strings.Clone(form.Get("thread_ts"))]++ // the form is not kept with it
		return map[string]any{"channel": form.Get("channel"), "ts": w.stamp()}
	}
	m := w.written(form, false)
	w.messages[m.channel] = append(w.messages[m.channel], m)
	w.did("écrit", m)
	return map[string]any{"channel": m.channel, "ts": m.ts}
}

func (w *workspace) ephemeral(form url.Values) map[string]any {
	if code := w.check(form); code != "" {
		w.t.Errorf("refused %s: %s", code, form.Get("blocks"))
		return map[string]any{"error": code}
	}
	m := w.written(form, true)
	w.shown[len(w.shown)-1].to = form.Get("user")
	w.did("dit à "+form.Get("user")+" seul", m)
	return map[string]any{"message_ts": m.ts}
}

// respond is a response_url.
func (w *workspace) respond(out http.ResponseWriter, r *http.Request) {
	var body struct {
		Text         string          `json:"text"`
		Blocks       json.RawMessage `json:"blocks"`
		ResponseType string          `json:"response_type"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || body.ResponseType != "ephemeral" {
		w.t.Errorf("response: %v, %+v", err, body)
	}
	_, path, _ := strings.Cut(r.URL.Path, "/respond/")
	channel, to, _ := strings.Cut(path, "/")
	w.mu.Lock()
	defer w.mu.Unlock()
	form := url.Values{"channel": {channel}, "text": {body.Text}, "blocks": {string(body.Blocks)}}
	if code := w.check(form); code != "" {
		w.t.Errorf("refused %s: %s", code, body.Blocks)
	}
	m := w.written(form, true)
	w.shown[len(w.shown)-1].to = to
	w.did("répond à la personne seule", m)
	_, _ = out.Write([]byte("ok"))
}

func (w *workspace) update(form url.Values) map[string]any {
	if code := w.check(form); code != "" {
		w.t.Errorf("refused %s: %s", code, form.Get("blocks"))
	}
	for i, m := range w.messages[form.Get("channel")] {
		if m.ts == form.Get("ts") {
			m.blocks, m.text = form.Get("blocks"), form.Get("text")
			if form.Get("metadata") != "" {
				m.metadata = api.SlackMetadata{}
				_ = json.Unmarshal([]byte(form.Get("metadata")), &m.metadata)
			}
			w.messages[m.channel][i] = m
			w.shown = append(w.shown, m)
			w.did("met à jour", m)
			return map[string]any{"channel": m.channel, "ts": m.ts}
		}
	}
	return map[string]any{"error": "message_not_found"}
}

func (w *workspace) react(form url.Values) map[string]any {
	if w.counted != nil {
		return map[string]any{}
	}
	w.reactions = append(w.reactions, form.Get("name")+" "+form.Get("channel")+" "+form.Get("timestamp"))
	return map[string]any{}
}

func (w *workspace) view(form url.Values) map[string]any {
	var body struct {
		TriggerID string          `json:"trigger_id"`
		UserID    string          `json:"user_id"`
		View      json.RawMessage `json:"view"`
	}
	if err := json.Unmarshal([]byte(form.Get("json")), &body); err != nil {
		w.t.Error(err)
	}
	v := view{trigger: body.TriggerID, user: body.UserID, raw: string(body.View)}
	if err := json.Unmarshal(body.View, &v.view); err != nil {
		w.t.Error(err)
	}
	w.n++
	v.view.ID = fmt.Sprintf("V%d", w.n)
	w.views = append(w.views, v)
	w.log = append(w.log, "  ouvre "+string(v.view.Type)+" "+v.view.CallbackID, indent(outline(v.raw)))
	return map[string]any{"view": v.view}
}

// did records what the bot wrote, as a person would see it. The lock is held.
func (w *workspace) did(how string, m message) {
	where := m.channel
	if m.thread != "" {
		where += " dans le fil"
	}
	w.log = append(w.log, "  "+how+" "+where, indent(outline(`{"blocks":`+cmpOr(m.blocks, `[]`)+`}`)+plainText(m)))
}

func plainText(m message) string {
	if m.blocks != "" && m.blocks != "[]" && m.blocks != "null" {
		return ""
	}
	return m.text
}

func cmpOr(a, b string) string {
	if a == "" || a == "null" {
		return b
	}
	return a
}

func indent(s string) string {
	return "    " + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n    ")
}

// steps gives what happened, step by step; inside a step, things that happen at once are put in one order.
func steps(log []string) string {
	var out, step []string
	end := func() {
		slices.Sort(step)
		out, step = append(out, step...), nil
	}
	for i := 0; i < len(log); i++ {
		if !strings.HasPrefix(log[i], "  ") {
			end()
			out = append(out, log[i])
			continue
		}
		one := log[i]
		if i+1 < len(log) && strings.HasPrefix(log[i+1], "    ") {
			i++
			one += "\n" + log[i]
		}
		step = append(step, one)
	}
	end()
	return strings.Join(out, "\n") + "\n"
}

// outline shows blocks as text.
func outline(raw string) string {
	var body struct {
		Blocks []struct {
			Type     string
			Text     struct{ Text string }
			Label    struct{ Text string }
			Elements []struct {
				Text     struct{ Text string }
				ActionID string `json:"action_id"`
			}
		}
	}
	_ = json.Unmarshal([]byte(raw), &body)
	var b strings.Builder
	for _, block := range body.Blocks {
		switch {
		case block.Label.Text != "":
			fmt.Fprintf(&b, "(%s)\n", block.Label.Text)
		case block.Text.Text != "":
			b.WriteString(block.Text.Text + "\n")
		}
		var buttons []string
		for _, e := range block.Elements {
			buttons = append(buttons, "["+e.Text.Text+"]")
		}
		if len(buttons) > 0 {
			b.WriteString(strings.Join(buttons, " ") + "\n")
		}
	}
	return b.String()
}

// socket is a Socket Mode connection, as docs.slack.dev/apis/events-api/using-socket-mode describes it.
type socket struct {
	conn *websocket.Conn
	mu   sync.Mutex
	acks map[string]chan json.RawMessage
	gone chan struct{}
}

func (w *workspace) connect(url.Values) map[string]any {
	return map[string]any{"url": w.server.GetWSURL()}
}

func (w *workspace) accept(conn *websocket.Conn) {
	s := &socket{conn: conn, acks: map[string]chan json.RawMessage{}, gone: make(chan struct{})}
	defer close(s.gone)
	s.send(map[string]any{"type": "hello", "num_connections": 1, "connection_info": map[string]string{"app_id": "A1"}, "debug_info": map[string]any{"host": "applink-1"}})
	go func() {
		for {
			select {
			case <-s.gone:
				return
			case <-time.After(5 * time.Second):
				_ = conn.WriteControl(websocket.PingMessage, []byte("ping"), time.Now().Add(time.Second))
			}
		}
	}()
	w.mu.Lock()
	w.sockets = append(w.sockets, s)
	w.mu.Unlock()
	w.joined <- s
	for {
		var ack struct {
			EnvelopeID string          `json:"envelope_id"`
			Payload    json.RawMessage `json:"payload"`
		}
		if err := conn.ReadJSON(&ack); err != nil {
			return
		}
		s.mu.Lock()
		waiting := s.acks[ack.EnvelopeID]
		delete(s.acks, ack.EnvelopeID)
		s.mu.Unlock()
		if waiting != nil {
			waiting <- ack.Payload
		}
	}
}

func (s *socket) send(v any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.conn.WriteJSON(v)
}

// envelope sends a payload and waits for its acknowledgement; ok is false when none came.
func (s *socket) envelope(id, kind string, payload any, retry int, patience time.Duration) (answer json.RawMessage, ok bool) {
	acked := make(chan json.RawMessage, 1)
	s.mu.Lock()
	s.acks[id] = acked
	s.mu.Unlock()
	s.send(map[string]any{"envelope_id": id, "type": kind, "payload": payload, "accepts_response_payload": kind != "events_api", "retry_attempt": retry})
	select {
	case answer = <-acked:
		return answer, true
	case <-s.gone:
	case <-time.After(patience):
	}
	return nil, false
}

// guichet is one process of guichet in the workspace.
type guichet struct {
	*slack.Bot
	*bottest.Office
	w       *workspace
	http    *httptest.Server
	stop    func()
	stopped chan struct{}
}

const (
	botToken = "xoxb-essai-secret-1"
	appToken = "xapp-essai-secret-2"
	signing  = "essai-secret-3"
)

// serve starts guichet: over HTTP events, or Socket Mode.
func (w *workspace) serve(db *database.DB, sockets bool) *guichet {
	w.t.Helper()
	g := &guichet{Office: bottest.NewOffice(w.t, db, channelsFile, w.clock), w: w, stopped: make(chan struct{})}
	config := slack.Config{BotToken: botToken, SigningSecret: signing, API: w.server.GetAPIURL(), Log: g.Chat.Log}
	if sockets {
		config.AppToken = appToken
	}
	g.Bot = slack.New(config, g.Chat)
	g.Chat.Platforms[slack.Platform] = g.Bot
	g.http = httptest.NewServer(g.Bot)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer close(g.stopped)
		_ = g.Run(ctx)
	}()
	g.stop = sync.OnceFunc(func() {
		cancel()
		<-g.stopped
		g.http.Close()
	})
	w.t.Cleanup(func() {
		g.stop()
		for _, secret := range []string{botToken, appToken, signing} {
			if strings.Contains(g.Office.Log.String(), secret) {
				w.t.Errorf("a secret is in the log: %s", g.Office.Log)
			}
		}
	})
	if sockets {
		select {
		case <-w.joined:
		case <-time.After(10 * time.Second):
			w.t.Fatalf("guichet does not connect\n%s", g.Office.Log)
		}
		return g
	}
	w.until("guichet is known", func() bool { // Slack says who it is
		status, _ := g.request("application/json", `{"type":"event_callback","event":{"type":"message","user":"`+me+`","channel":"C0","ts":"1.1","channel_type":"channel"}}`, nil)
		return status == http.StatusOK
	})
	return g
}

// until waits for something.
func (w *workspace) until(what string, holds func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("waited in vain: %s\n%s", what, strings.Join(w.log, "\n"))
		}
	}
}

func sign(body string, at time.Time, secret string) http.Header {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("v0:" + stamp + ":" + body))
	return http.Header{"X-Slack-Request-Timestamp": {stamp}, "X-Slack-Signature": {"v0=" + hex.EncodeToString(mac.Sum(nil))}}
}

// request sends what Slack sends, signed; more headers may be given.
func (g *guichet) request(contentType, body string, more http.Header) (int, string) {
	g.w.t.Helper()
	header := sign(body, g.w.clock(), signing)
	header.Set("Content-Type", contentType)
	for name, values := range more {
		header[name] = values
	}
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, g.http.URL, strings.NewReader(body))
	if err != nil {
		g.w.t.Fatal(err)
	}
	request.Header = header
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		g.w.t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		g.w.t.Fatal(err)
	}
	return response.StatusCode, string(content)
}

// line is a way into guichet: HTTP or a socket.
type line func(kind string, payload any) (answer string, ok bool)

func (g *guichet) overHTTP(kind string, payload any) (string, bool) {
	data, err := json.Marshal(payload)
	if err != nil {
		g.w.t.Fatal(err)
	}
	body, contentType := string(data), "application/json"
	switch kind {
	case "interactive":
		body, contentType = url.Values{"payload": {body}}.Encode(), "application/x-www-form-urlencoded"
	case "slash_commands":
		form := url.Values{}
		for name, value := range payload.(map[string]any) {
			form.Set(name, fmt.Sprint(value))
		}
		body, contentType = form.Encode(), "application/x-www-form-urlencoded"
	}
	status, answer := g.request(contentType, body, nil)
	return answer, status == http.StatusOK
}

func (w *workspace) overSocket(kind string, payload any) (string, bool) {
	w.mu.Lock()
	w.n++
	s, id := w.sockets[w.n%len(w.sockets)], fmt.Sprintf("env-%d", w.n)
	w.mu.Unlock()
	answer, ok := s.envelope(id, kind, payload, 0, 3*time.Second)
	return string(answer), ok
}

// callback wraps an event as Slack does (docs.slack.dev/apis/events-api, « Callback field overview »).
func callback(event map[string]any) map[string]any {
	return map[string]any{"token": "XXYYZZ", "team_id": "T1", "api_app_id": "A1", "type": "event_callback", "event_id": fmt.Sprint("Ev", event["event_ts"]), "event_time": 1, "event": event}
}

// says writes a message in a channel and gives the event of it (docs.slack.dev/reference/events/message.channels).
func (w *workspace) says(user, channel, thread, text string) map[string]any {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(time.Second)
	m := message{channel: channel, thread: thread, ts: w.stamp(), user: user, text: text}
	w.messages[channel] = append(w.messages[channel], m)
	where := channel
	if thread != "" {
		where += " dans le fil"
	}
	w.log = append(w.log, "", user+" dans "+where+" : "+text)
	kind := "channel"
	if strings.HasPrefix(channel, "D") {
		kind = "im"
	}
	event := map[string]any{"type": "message", "channel": channel, "user": user, "text": text, "ts": m.ts, "event_ts": m.ts, "channel_type": kind, "client_msg_id": "c" + m.ts}
	if thread != "" {
		event["thread_ts"] = thread
	}
	return event
}

// mention is the second event of the same message (docs.slack.dev/reference/events/app_mention).
func mention(event map[string]any) map[string]any {
	out := map[string]any{}
	for _, key := range []string{"user", "text", "ts", "thread_ts", "channel", "event_ts"} {
		if event[key] != nil {
			out[key] = event[key]
		}
	}
	out["type"] = "app_mention"
	return out
}

// last gives the last message that the bot showed.
func (w *workspace) last() message {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.shown) == 0 {
		return message{}
	}
	return w.shown[len(w.shown)-1]
}

func (w *workspace) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.shown)
}

// after runs something and gives what the bot then showed: n messages at least.
func (w *workspace) after(n int, do func()) []message {
	w.t.Helper()
	before := w.count()
	do()
	w.until("the bot shows something", func() bool { return w.count() >= before+n })
	w.quiet()
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.shown[before:])
}

// quiet waits until the bot does nothing more.
func (w *workspace) quiet() {
	for last, still := w.count(), 0; still < 10; {
		time.Sleep(2 * time.Millisecond)
		if n := w.count(); n != last {
			last, still = n, 0
		} else {
			still++
		}
	}
}

func (g *guichet) deliver() {
	g.w.t.Helper()
	g.Deliver(g.w.t)
}

// press gives the payload of a button of a message (docs.slack.dev/reference/interaction-payloads/block_actions-payload).
func press(user string, m message, action string) map[string]any {
	var blocks []struct {
		Elements []struct {
			ActionID string `json:"action_id"`
			Value    string
			Text     struct{ Text string }
		}
	}
	_ = json.Unmarshal([]byte(m.blocks), &blocks)
	for _, b := range blocks {
		for _, e := range b.Elements {
			if e.ActionID != action {
				continue
			}
			container := map[string]any{"type": "message", "message_ts": m.ts, "channel_id": m.channel, "is_ephemeral": m.ephemeral}
			payload := map[string]any{
				"type": "block_actions", "team": map[string]any{"id": "T1", "domain": "fictif"}, "user": map[string]any{"id": user, "team_id": "T1"},
				"api_app_id": "A1", "token": "XXYYZZ", "container": container, "trigger_id": "trigger." + m.ts, "channel": map[string]any{"id": m.channel, "name": "fictif"},
				"actions": []any{map[string]any{"type": "button", "block_id": "b", "action_id": e.ActionID, "value": e.Value, "action_ts": m.ts}},
			}
			if m.ephemeral {
				container["type"] = "message"
			} else {
				payload["message"] = map[string]any{"type": "message", "user": me, "ts": m.ts, "text": m.text, "thread_ts": m.thread}
			}
			if m.thread != "" {
				container["thread_ts"] = m.thread
			}
			return payload
		}
	}
	return nil
}

// pressed is press with the address to answer at.
func (w *workspace) pressed(user string, m message, action string) map[string]any {
	w.t.Helper()
	payload := press(user, m, action)
	if payload == nil {
		w.t.Fatalf("no button %s in %s", action, m.blocks)
	}
	payload["response_url"] = w.server.GetAPIURL() + "respond/" + m.channel + "/" + user
	w.mu.Lock()
	w.now = w.now.Add(time.Second)
	w.log = append(w.log, "", user+" appuie sur "+action+" dans "+m.channel)
	w.mu.Unlock()
	return payload
}

// submit fills in the last form (docs.slack.dev/reference/interaction-payloads/view-interactions-payload).
func (w *workspace) submit(user string, fields map[string]string) map[string]any {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(time.Second)
	v := w.views[len(w.views)-1]
	values := map[string]any{}
	for name, value := range fields {
		one := map[string]any{"type": "plain_text_input", "value": value}
		if name == "to" {
			one = map[string]any{"type": "static_select", "selected_option": map[string]any{"value": value}}
		}
		values[name] = map[string]any{name: one}
	}
	w.log = append(w.log, "", user+" remplit "+v.view.CallbackID)
	return map[string]any{
		"type": "view_submission", "team": map[string]any{"id": "T1"}, "user": map[string]any{"id": user}, "api_app_id": "A1", "trigger_id": "t", "response_urls": []any{},
		"view": map[string]any{"id": v.view.ID, "type": "modal", "callback_id": v.view.CallbackID, "private_metadata": v.view.PrivateMetadata, "state": map[string]any{"values": values}},
	}
}

// asks gives a command (docs.slack.dev/interactivity/implementing-slash-commands).
func (w *workspace) asks(user, channel, text string) map[string]any {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.n++
	w.now = w.now.Add(time.Second)
	w.log = append(w.log, "", user+" dans "+channel+" : /guichet "+text)
	return map[string]any{
		"token": "XXYYZZ", "team_id": "T1", "team_domain": "fictif", "channel_id": channel, "channel_name": "fictif", "user_id": user, "user_name": "x", "command": "/guichet",
		"text": text, "response_url": w.server.GetAPIURL() + "respond/" + channel + "/" + user, "trigger_id": fmt.Sprintf("trigger.%d", w.n), "api_app_id": "A1",
	}
}

func fresh(t testing.TB) *database.DB {
	t.Helper()
	return databasetest.SQLite.New(t)
}
