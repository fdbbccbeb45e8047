package discord_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"

	"guichet/bot/bottest"
	"guichet/bot/discord"
	"guichet/migrations/database"
	"guichet/migrations/databasetest"
)

// The people and the channels of the server; all are fictional.
const (
	me  = "900000000000000001"
	app = "900000000000000002"

	agent   = "300000000000000001"
	second  = "300000000000000002"
	partner = "300000000000000003"
	nobody  = "300000000000000004"
	pending = "300000000000000005" // has the agents' role, but is not through the server's door yet
	abroad  = "300000000000000006" // is in no server of the bot's

	guild          = "100000000000000001"
	agentsRole     = "400000000000000001"
	partnersRole   = "400000000000000002"
	guichetRole    = "400000000000000003"
	partnerChannel = "200000000000000001"
	leadChannel    = "200000000000000002"
	hall           = "200000000000000003"
	open           = "200000000000000004"
	voice          = "200000000000000005" // takes no thread
)

const channelsFile = `
channels:
  - {channel: discord/200000000000000001, audience: partner, epci: "200000001"}
  - {channel: discord/200000000000000002, audience: staff, direction: DPEAP}
  - {channel: discord/200000000000000003, listens: true}
people:
  - {group: discord/400000000000000001, audience: staff}
  - {group: discord/400000000000000002, audience: partner, epci: "200000001"}
administrators: [discord/300000000000000001]
`

// names shows identifiers as people read them, in the golden file.
var names = strings.NewReplacer(me, "guichet", app, "application", agent, "AGENT", second, "SECOND", partner, "PARTNER", nobody, "NOBODY", pending, "PENDING", abroad, "ABROAD",
	partnerChannel, "#partenaires", leadChannel, "#direction", hall, "#accueil", open, "#ouvert", voice, "#vocal")

const token = "essai.secret.1"

// server is Discord: its methods answer as the documentation says, and refuse what it refuses.
type server struct {
	t    testing.TB
	http *httptest.Server

	mu        sync.Mutex
	now       time.Time
	n         int
	messages  map[string][]message // by channel or thread, oldest first
	threads   map[string]string    // thread → channel
	directs   map[string]string    // direct messages → person
	log       []string             // what the bot did, in order
	reactions []string
	shown     []message // what it wrote, what one person sees too
	forms     []formShown
	tokens    map[string]*asked
	declared  json.RawMessage
	flags     int
	refuse    map[string]int      // method and place → HTTP status
	limited   map[string]int      // method and place → how many times it comes too soon
	faults    map[string][]string // method and place → what happens to its next calls: fail
	slow      time.Duration
	calls     map[string]int
	hidden    map[string]bool // channels that the bot does not see
	denied    map[string]int64

	// counted, when it is not nil, counts the answers to each interaction instead of keeping them; acks is how long each
	// first answer took.
	counted map[string]int
	acks    []time.Duration

	// The gateway.
	beat      time.Duration
	mute      bool // beats are not answered
	session   *gatewaySession
	sessions  int
	resumes   int
	identify  map[string]any
	closing   int // the code with which an identification is refused
	connected chan struct{}
}

// message is one of a channel.
type message struct {
	ID         string           `json:"id"`
	ChannelID  string           `json:"channel_id"`
	Author     map[string]any   `json:"author"`
	Content    string           `json:"content"`
	Embeds     []map[string]any `json:"embeds"`
	Components []component      `json:"components"`
	Reference  *struct {
		MessageID string `json:"message_id"`
	} `json:"message_reference,omitempty"`
	Flags int `json:"flags"`
	Type  int `json:"type"`

	to, nonce string
}

type component struct {
	Type       int         `json:"type"`
	CustomID   string      `json:"custom_id"`
	Label      string      `json:"label"`
	Value      string      `json:"value"`
	Components []component `json:"components"`
	Options    []struct {
		Label string `json:"label"`
		Value string `json:"value"`
	} `json:"options"`
}

// asked is an interaction.
type asked struct {
	user, channel string
	answered      int // the type of its answer, 0 before
	at            time.Time
	own           string   // the message of the answer
	shown         *message // the one that was acted on
}

type formShown struct {
	user, channel, id, title string
	message                  *message
	components               []component
}

var morning = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func newServer(t testing.TB) *server {
	w := &server{
		t: t, now: morning, messages: map[string][]message{}, threads: map[string]string{}, directs: map[string]string{}, tokens: map[string]*asked{}, flags: 1 << 19,
		refuse: map[string]int{}, limited: map[string]int{}, faults: map[string][]string{}, calls: map[string]int{}, hidden: map[string]bool{}, denied: map[string]int64{}, beat: 100 * time.Millisecond,
		connected: make(chan struct{}, 100),
	}
	mux := http.NewServeMux()
	for path, do := range map[string]func(*http.Request, []byte) (int, any){
		"GET /users/@me":                                                      w.self,
		"GET /users/{user}":                                                   w.user,
		"GET /applications/@me":                                               w.application,
		"GET /applications/{app}/commands":                                    w.commands,
		"PUT /applications/{app}/commands":                                    w.declare,
		"GET /users/@me/guilds":                                               w.guilds,
		"GET /guilds/{guild}/members/{user}":                                  w.member,
		"GET /guilds/{guild}/roles":                                           w.roles,
		"GET /channels/{channel}":                                             w.channel,
		"GET /channels/{channel}/messages":                                    w.history,
		"POST /channels/{channel}/messages":                                   w.post,
		"PATCH /channels/{channel}/messages/{message}":                        w.edit,
		"POST /channels/{channel}/messages/{message}/threads":                 w.thread,
		"PUT /channels/{channel}/messages/{message}/reactions/{emoji}/{user}": w.react,
		"POST /users/@me/channels":                                            w.direct,
		"GET /gateway/bot":                                                    w.gateway,
		"GET /gateway":                                                        w.gateway,
		"POST /interactions/{interaction}/{token}/callback":                   w.callback,
		"PATCH /webhooks/{app}/{token}/messages/@original":                    w.original,
		"POST /webhooks/{app}/{token}":                                        w.followup,
	} {
		method, place, _ := strings.Cut(path, " ")
		mux.HandleFunc(method+" /api/v9"+place, w.method(path, do))
	}
	mux.HandleFunc("/ws/", w.accept)
	w.http = httptest.NewServer(mux)
	t.Cleanup(w.http.Close)
	return w
}

// clock gives a time that goes on by itself, so that no two things happen at once.
func (w *server) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(time.Millisecond)
	return w.now
}

func (w *server) later(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// id gives a new identifier (docs.discord.com/developers/reference, « Snowflakes »). The lock is held.
func (w *server) id() string {
	w.n++
	return strconv.FormatInt((w.now.UnixMilli()-1420070400000)<<22|int64(w.n), 10)
}

// refused is an error as Discord gives it (docs.discord.com/developers/topics/opcodes-and-status-codes, « JSON »).
func refused(status, code int) (int, any) {
	return status, map[string]any{"message": "refused", "code": code}
}

// payloads, if given, is a file for what the tests send: another library of Discord's checks it (« make discord-payloads »).
var payloads = flag.String("payloads", "", "where to write what is sent to the server, a JSON object a line")

func record(t testing.TB, name string, body []byte) {
	if *payloads == "" || len(body) == 0 {
		return
	}
	file, err := os.OpenFile(*payloads, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		err = json.NewEncoder(file).Encode(map[string]any{"call": name, "body": json.RawMessage(body)})
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		t.Error(err)
	}
}

func (w *server) method(name string, do func(*http.Request, []byte) (int, any)) http.HandlerFunc {
	return func(out http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the caller left
		}
		w.mu.Lock()
		record(w.t, name, body)
		slow, status := w.slow, w.refuse[name]
		soon := w.limited[name] > 0
		if soon {
			w.limited[name]--
		}
		fault := ""
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
		out.Header().Set("Content-Type", "application/json")
		var answer any
		seconds, tooSoon := strings.CutPrefix(fault, "429 ")
		switch {
		case tooSoon:
			out.Header().Set("Retry-After", seconds)
			wait, _ := strconv.ParseFloat(seconds, 64)
			status, answer = http.StatusTooManyRequests, map[string]any{"message": "You are being rate limited.", "retry_after": wait, "global": false}
		case fault == "500":
			status, answer = refused(http.StatusInternalServerError, 0)
		case fault == "404":
			status, answer = refused(http.StatusNotFound, 10008)
		case fault == "cut", fault == "cut after":
			if fault == "cut after" { // done, and nobody is told
				w.mu.Lock()
				do(r, body)
				w.mu.Unlock()
			}
			panic(http.ErrAbortHandler)
		case soon: // docs.discord.com/developers/topics/rate-limits, « Example Exceeded User Rate Limit Response »
			out.Header().Set("Retry-After", "0.05")
			out.Header().Set("X-RateLimit-Scope", "user")
			status, answer = http.StatusTooManyRequests, map[string]any{"message": "You are being rate limited.", "retry_after": 0.05, "global": false}
		case status != 0:
			status, answer = refused(status, 0)
		case !strings.Contains(name, "{token}") && r.Header.Get("Authorization") != "Bot "+token:
			status, answer = refused(http.StatusUnauthorized, 0)
		default:
			w.mu.Lock()
			status, answer = do(r, body)
			w.mu.Unlock()
		}
		out.WriteHeader(status)
		if status != http.StatusNoContent {
			_ = json.NewEncoder(out).Encode(answer)
		}
	}
}

func account(id string) map[string]any {
	return map[string]any{"id": id, "username": strings.ToLower(names.Replace(id)), "global_name": names.Replace(id), "discriminator": "0", "avatar": nil, "bot": id == me}
}

func (w *server) self(*http.Request, []byte) (int, any) { return 200, account(me) }
func (w *server) user(r *http.Request, _ []byte) (int, any) {
	return 200, account(r.PathValue("user"))
}
func (w *server) application(*http.Request, []byte) (int, any) {
	return 200, map[string]any{"id": app, "name": "guichet", "flags": w.flags}
}
func (w *server) commands(*http.Request, []byte) (int, any) {
	if w.declared == nil {
		return 200, []any{}
	}
	return 200, w.declared
}
func (w *server) declare(_ *http.Request, body []byte) (int, any) {
	w.declared = body
	return 200, w.declared
}
func (w *server) guilds(*http.Request, []byte) (int, any) {
	return 200, []any{map[string]any{"id": guild, "name": "Serveur fictif"}}
}

func rolesOf(user string) []string {
	switch user {
	case agent, second, pending:
		return []string{agentsRole}
	case partner:
		return []string{partnersRole}
	case me:
		return []string{guichetRole}
	}
	return []string{}
}

// memberOf is a member as events and methods give it (docs.discord.com/developers/resources/guild, « Guild Member Object »).
func memberOf(user string) map[string]any {
	return map[string]any{"user": account(user), "nick": nil, "avatar": nil, "roles": rolesOf(user), "joined_at": "2024-04-26T00:00:00+00:00", "deaf": false, "mute": false, "flags": 0, "pending": user == pending}
}

func (w *server) member(r *http.Request, _ []byte) (int, any) {
	user := r.PathValue("user")
	if user == abroad || r.PathValue("guild") != guild {
		return refused(404, 10007)
	}
	return 200, memberOf(user)
}

// all is every permission that guichet needs.
const all = 1<<10 | 1<<11 | 1<<35 | 1<<38 | 1<<14 | 1<<16 | 1<<6

func (w *server) roles(*http.Request, []byte) (int, any) {
	return 200, []any{
		map[string]any{"id": guild, "name": "@everyone", "permissions": strconv.Itoa(1 << 10)},
		map[string]any{"id": guichetRole, "name": "guichet", "permissions": strconv.Itoa(all)},
	}
}

// spotOf gives a channel (docs.discord.com/developers/resources/channel, « Channel Object »). The lock is held.
func (w *server) spotOf(id string) map[string]any {
	kind, parent := 0, ""
	switch {
	case id == voice:
		kind = 2
	case w.threads[id] != "":
		kind, parent = 11, w.threads[id]
	case w.directs[id] != "":
		return map[string]any{"id": id, "type": 1, "recipients": []any{account(w.directs[id])}}
	case !slices.Contains([]string{partnerChannel, leadChannel, hall, open}, id):
		return nil
	}
	c := map[string]any{"id": id, "type": kind, "guild_id": guild, "name": strings.TrimPrefix(names.Replace(id), "#"), "parent_id": nil}
	if parent != "" {
		c["parent_id"] = parent
	}
	if id == leadChannel || id == partnerChannel { // the whole server does not see it
		c["permission_overwrites"] = []any{
			map[string]any{"id": guild, "type": 0, "allow": "0", "deny": strconv.Itoa(1 << 10)},
			map[string]any{"id": guichetRole, "type": 0, "allow": strconv.Itoa(1 << 10), "deny": strconv.FormatInt(w.denied[id], 10)},
		}
	}
	return c
}

func (w *server) channel(r *http.Request, _ []byte) (int, any) {
	id := r.PathValue("channel")
	if w.hidden[id] {
		return refused(403, 50001)
	}
	if c := w.spotOf(id); c != nil {
		return 200, c
	}
	return refused(404, 10003)
}

func newer(a, b string) bool { return len(a) > len(b) || len(a) == len(b) && a > b }

func (w *server) history(r *http.Request, _ []byte) (int, any) {
	channel, after := r.PathValue("channel"), r.URL.Query().Get("after")
	if w.spotOf(channel) == nil {
		return refused(404, 10003)
	}
	found := []message{}
	for _, m := range w.messages[channel] {
		if after == "" || newer(m.ID, after) {
			found = append(found, m)
		}
	}
	if len(found) > 100 {
		if found = found[len(found)-100:]; after != "" {
			found = found[:100]
		}
	}
	slices.Reverse(found)
	answer := make([]any, 0, len(found))
	for _, m := range found {
		if m.Author["id"] == me {
			answer = append(answer, m)
			continue
		}
		e := w.event(m)
		delete(e, "guild_id") // events only have them
		delete(e, "member")
		answer = append(answer, e)
	}
	return 200, answer
}

var pings = regexp.MustCompile(`(?:^|[^\\])(?:<@|<#|@everyone|@here)`)

// check refuses what Discord refuses (docs.discord.com/developers/resources/message, « Create Message », « Embed Limits »;
// docs.discord.com/developers/components/reference), and what the bot must never send.
func (w *server) check(body []byte, m *message) string {
	var page struct {
		message
		AllowedMentions *struct {
			Parse []string `json:"parse"`
		} `json:"allowed_mentions"`
		Nonce string `json:"nonce"`
	}
	if err := json.Unmarshal(body, &page); err != nil {
		return err.Error()
	}
	*m = page.message
	m.nonce = page.Nonce
	if page.AllowedMentions == nil || page.AllowedMentions.Parse == nil || len(page.AllowedMentions.Parse) > 0 {
		return "mentions are allowed"
	}
	if utf8.RuneCountInString(m.Content) > 2000 || len(m.Embeds) > 10 || len(page.Nonce) > 25 {
		return "too much"
	}
	total := 0
	size := func(text any, most int) bool {
		s, _ := text.(string)
		total += utf8.RuneCountInString(s)
		return utf8.RuneCountInString(s) <= most
	}
	for _, e := range m.Embeds {
		fields, _ := e["fields"].([]any)
		if !size(e["title"], 256) || !size(e["description"], 4096) || len(fields) > 25 {
			return "an embed too large"
		}
		for _, f := range fields {
			f, _ := f.(map[string]any)
			if !size(f["name"], 256) || !size(f["value"], 1024) || f["name"] == "" || f["value"] == "" {
				return "a field too large, or empty"
			}
		}
	}
	if total > 6000 {
		return "embeds too large"
	}
	ids := map[string]bool{}
	if len(m.Components) > 5 {
		return "too many rows"
	}
	for _, row := range m.Components {
		if row.Type != 1 || len(row.Components) == 0 || len(row.Components) > 5 {
			return "a row of no or too many buttons"
		}
		for _, c := range row.Components {
			if c.CustomID == "" || utf8.RuneCountInString(c.CustomID) > 100 || ids[c.CustomID] || utf8.RuneCountInString(c.Label) > 80 || c.Type == 3 && (len(c.Options) == 0 || len(c.Options) > 25) {
				return "a button refused"
			}
			ids[c.CustomID] = true
			for _, o := range c.Options {
				if o.Value == "" || utf8.RuneCountInString(o.Value) > 100 || utf8.RuneCountInString(o.Label) > 100 {
					return "an option refused"
				}
			}
		}
	}
	return ""
}

// written takes what the bot wrote. The lock is held.
func (w *server) written(body []byte, channel, to string) (message, bool) {
	var m message
	if wrong := w.check(body, &m); wrong != "" {
		w.t.Errorf("refused, %s: %s", wrong, body)
		return m, false
	}
	if m.Content == "" && len(m.Embeds) == 0 {
		w.t.Errorf("refused, empty: %s", body)
		return m, false
	}
	m.ID, m.ChannelID, m.Author, m.to = w.id(), channel, account(me), to
	m.Content = strings.TrimSpace(m.Content)
	if to != "" {
		m.Flags |= 64
	}
	return m, true
}

func (w *server) post(r *http.Request, body []byte) (int, any) {
	channel := r.PathValue("channel")
	if w.hidden[channel] {
		return refused(403, 50001)
	}
	if w.spotOf(channel) == nil {
		return refused(404, 10003)
	}
	m, ok := w.written(body, channel, "")
	if !ok {
		return refused(400, 50035)
	}
	for _, before := range w.messages[channel] {
		if m.nonce != "" && before.nonce == m.nonce && strings.Contains(string(body), `"enforce_nonce":true`) {
			return 200, before
		}
	}
	w.messages[channel] = append(w.messages[channel], m)
	w.shown = append(w.shown, m)
	how := "  écrit dans "
	if m.Reference != nil {
		how = "  répond dans "
	}
	w.did(how+w.place(channel), m)
	return 200, m
}

// place names a channel as people know it. The lock is held.
func (w *server) place(id string) string {
	if parent := w.threads[id]; parent != "" {
		return names.Replace(parent) + " dans le fil"
	}
	if person := w.directs[id]; person != "" {
		return "messages directs de " + names.Replace(person)
	}
	return names.Replace(id)
}

func (w *server) edit(r *http.Request, body []byte) (int, any) {
	channel := r.PathValue("channel")
	var m message
	if wrong := w.check(body, &m); wrong != "" {
		w.t.Errorf("refused, %s: %s", wrong, body)
		return refused(400, 50035)
	}
	for i, before := range w.messages[channel] {
		if before.ID == r.PathValue("message") {
			var given map[string]any // what is not given stays
			_ = json.Unmarshal(body, &given)
			if given["content"] != nil {
				before.Content = strings.TrimSpace(m.Content)
			}
			before.Embeds, before.Components = m.Embeds, m.Components
			w.messages[channel][i] = before
			w.shown = append(w.shown, before)
			w.did("  met à jour "+w.place(channel), before)
			return 200, before
		}
	}
	return refused(404, 10008)
}

func (w *server) thread(r *http.Request, body []byte) (int, any) {
	channel, id := r.PathValue("channel"), r.PathValue("message")
	var in struct {
		Name string `json:"name"`
	}
	if err := json.Unmarshal(body, &in); err != nil || in.Name == "" || utf8.RuneCountInString(in.Name) > 100 {
		w.t.Errorf("a thread called %q, %v", in.Name, err)
	}
	if channel == voice {
		return refused(400, 50024)
	}
	if w.threads[id] != "" {
		return refused(400, 160004)
	}
	if !slices.ContainsFunc(w.messages[channel], func(m message) bool { return m.ID == id }) {
		return refused(404, 10008)
	}
	w.threads[id] = channel
	w.log = append(w.log, "  ouvre un fil : "+in.Name)
	return 201, w.spotOf(id)
}

func (w *server) react(r *http.Request, _ []byte) (int, any) {
	w.reactions = append(w.reactions, r.PathValue("emoji")+" "+r.PathValue("message"))
	return 204, nil
}

func (w *server) direct(_ *http.Request, body []byte) (int, any) {
	var in struct {
		Recipient string `json:"recipient_id"`
	}
	if err := json.Unmarshal(body, &in); err != nil || in.Recipient == "" {
		w.t.Errorf("direct messages: %v", err)
	}
	id := w.directOf(in.Recipient)
	return 200, w.spotOf(id)
}

// directOf gives the direct messages of a person. The lock is held.
func (w *server) directOf(person string) string {
	id := "5" + person[1:]
	w.directs[id] = person
	return id
}

func (w *server) callback(r *http.Request, body []byte) (int, any) {
	a := w.tokens[r.PathValue("token")]
	if a == nil {
		return refused(404, 10062)
	}
	if a.answered != 0 {
		return refused(400, 40060)
	}
	if time.Since(a.at) > 3*time.Second {
		w.t.Errorf("answered after %v", time.Since(a.at))
		return refused(404, 10062)
	}
	var in struct {
		Type int             `json:"type"`
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		w.t.Error(err)
	}
	a.answered = in.Type
	if w.counted != nil {
		w.acks = append(w.acks, time.Since(a.at))
	}
	switch in.Type {
	case 4:
		m, ok := w.written(in.Data, a.channel, a.user)
		if !ok || !strings.Contains(string(in.Data), `"flags":64`) {
			w.t.Errorf("an answer that is not for the person alone: %s", in.Data)
			return refused(400, 50035)
		}
		a.own = m.ID
		w.shown = append(w.shown, m)
		w.did("  répond à "+names.Replace(a.user)+" seul", m)
	case 5:
		if !strings.Contains(string(in.Data), `"flags":64`) {
			w.t.Errorf("a deferred answer that is not for the person alone: %s", in.Data)
		}
	case 6:
	case 9:
		var f struct {
			CustomID   string      `json:"custom_id"`
			Title      string      `json:"title"`
			Components []component `json:"components"`
		}
		if err := json.Unmarshal(in.Data, &f); err != nil || f.CustomID == "" || utf8.RuneCountInString(f.CustomID) > 100 || utf8.RuneCountInString(f.Title) > 45 || len(f.Components) == 0 || len(f.Components) > 5 {
			w.t.Errorf("a form refused: %v, %s", err, in.Data)
		}
		shown := []string{"  ouvre un formulaire : " + f.Title}
		for _, row := range f.Components {
			c := row.Components[0]
			if utf8.RuneCountInString(c.Label) > 45 || utf8.RuneCountInString(c.Value) > 4000 {
				w.t.Errorf("a field refused: %s", in.Data)
			}
			shown = append(shown, "    ("+c.Label+") "+c.Value)
		}
		w.log = append(w.log, strings.Join(shown, "\n"))
		w.forms = append(w.forms, formShown{user: a.user, channel: a.channel, id: f.CustomID, title: f.Title, message: a.shown, components: f.Components})
	default:
		w.t.Errorf("an answer of type %d", in.Type)
	}
	return 204, nil
}

func (w *server) original(r *http.Request, body []byte) (int, any) {
	a := w.tokens[r.PathValue("token")]
	if a == nil || a.answered == 0 {
		return refused(404, 10015)
	}
	if w.counted != nil {
		w.counted[strings.Clone(r.PathValue("token"))]++ // the request is not kept with it
		return 200, map[string]any{}
	}
	m, ok := w.written(body, a.channel, a.user)
	if !ok {
		return refused(400, 50035)
	}
	if a.own != "" {
		m.ID = a.own
	}
	a.own = m.ID
	w.shown = append(w.shown, m)
	w.did("  répond à "+names.Replace(a.user)+" seul", m)
	return 200, m
}

func (w *server) followup(r *http.Request, body []byte) (int, any) {
	a := w.tokens[r.PathValue("token")]
	if a == nil || a.answered == 0 {
		return refused(404, 10015)
	}
	if !strings.Contains(string(body), `"flags":64`) {
		w.t.Errorf("what follows is not for the person alone: %s", body)
	}
	m, ok := w.written(body, a.channel, a.user)
	if !ok {
		return refused(400, 50035)
	}
	w.shown = append(w.shown, m)
	w.did("  ajoute pour "+names.Replace(a.user)+" seul", m)
	return 200, m
}

// did records what the bot wrote, as a person would see it. The lock is held.
func (w *server) did(how string, m message) {
	w.log = append(w.log, how+"\n    "+strings.ReplaceAll(strings.TrimRight(outline(m), "\n"), "\n", "\n    "))
}

// outline shows a message as text.
func outline(m message) string {
	var b strings.Builder
	b.WriteString(m.Content + "\n")
	for _, e := range m.Embeds {
		if e["title"] != nil {
			fmt.Fprintf(&b, "▌%v %v\n", e["title"], e["url"])
		}
		if e["description"] != nil {
			fmt.Fprintf(&b, "▌%s\n", strings.ReplaceAll(fmt.Sprint(e["description"]), "\n", "\n▌"))
		}
		fields, _ := e["fields"].([]any)
		for _, f := range fields {
			f := f.(map[string]any)
			fmt.Fprintf(&b, "▌%v : %v\n", f["name"], strings.ReplaceAll(fmt.Sprint(f["value"]), "\n", "\n▌  "))
		}
	}
	for _, row := range m.Components {
		var buttons []string
		for _, c := range row.Components {
			if c.Type == 3 {
				var options []string
				for _, o := range c.Options {
					options = append(options, o.Label)
				}
				buttons = append(buttons, "[▼ "+strings.Join(options, " | ")+"]")
				continue
			}
			buttons = append(buttons, "["+c.Label+"]")
		}
		b.WriteString(strings.Join(buttons, " ") + "\n")
	}
	return strings.TrimLeft(b.String(), "\n")
}

// gatewaySession is a session of the gateway, as docs.discord.com/developers/events/gateway describes it.
type gatewaySession struct {
	id     string
	seq    int64
	events []map[string]any // to be played again
	conn   *websocket.Conn
	mu     sync.Mutex
}

func (s *gatewaySession) send(v any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != nil {
		_ = s.conn.WriteJSON(v)
	}
}

func (s *gatewaySession) open() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn != nil
}

func (s *gatewaySession) last() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seq
}

func (w *server) gateway(*http.Request, []byte) (int, any) {
	return 200, map[string]any{
		"url": "ws" + strings.TrimPrefix(w.http.URL, "http") + "/ws", "shards": 1,
		"session_start_limit": map[string]any{"total": 1000, "remaining": 999, "reset_after": 14400000, "max_concurrency": 1},
	}
}

func (w *server) accept(out http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{}
	conn, err := upgrader.Upgrade(out, r, nil)
	if err != nil {
		w.t.Error(err)
		return
	}
	defer conn.Close()
	if r.URL.Query().Get("v") != "9" || r.URL.Query().Get("encoding") != "json" {
		w.t.Errorf("the gateway is asked for %s", r.URL.RawQuery)
	}
	w.mu.Lock()
	beat := w.beat
	w.mu.Unlock()
	_ = conn.WriteJSON(map[string]any{"op": 10, "d": map[string]any{"heartbeat_interval": beat.Milliseconds()}, "s": nil, "t": nil})
	var mine *gatewaySession
	for {
		var p struct {
			Op   int             `json:"op"`
			Data json.RawMessage `json:"d"`
		}
		if err := conn.ReadJSON(&p); err != nil {
			// A close with 1000 or 1001 ends the session (« Disconnecting »).
			if mine != nil && websocket.IsCloseError(err, websocket.CloseNormalClosure, websocket.CloseGoingAway) {
				w.mu.Lock()
				if w.session == mine {
					w.session = nil
				}
				w.mu.Unlock()
			}
			return
		}
		w.mu.Lock()
		mute, closing := w.mute, w.closing
		w.mu.Unlock()
		switch p.Op {
		case 1:
			if mute {
				continue
			}
			if mine != nil {
				mine.send(map[string]any{"op": 11})
			} else {
				_ = conn.WriteJSON(map[string]any{"op": 11})
			}
		case 2:
			var d map[string]any
			_ = json.Unmarshal(p.Data, &d)
			if closing != 0 || d["token"] != "Bot "+token {
				code := cmp.Or(closing, 4004)
				_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, "refused"), time.Now().Add(time.Second))
				return
			}
			w.mu.Lock()
			if w.session != nil && w.session.open() {
				w.t.Error("two sessions at a time")
			}
			w.sessions++
			mine = &gatewaySession{id: fmt.Sprintf("session-%d", w.sessions), conn: conn}
			w.session, w.identify = mine, d
			w.mu.Unlock()
			// docs.discord.com/developers/events/gateway-events, « Ready »
			w.dispatch("READY", map[string]any{
				"v": 9, "user": account(me), "guilds": []any{map[string]any{"id": guild, "unavailable": true}}, "session_id": mine.id,
				"resume_gateway_url": "ws" + strings.TrimPrefix(w.http.URL, "http") + "/ws", "application": map[string]any{"id": app, "flags": w.flags},
			})
			w.connected <- struct{}{}
		case 6:
			var d struct {
				Token     string `json:"token"`
				SessionID string `json:"session_id"`
				Seq       int64  `json:"seq"`
			}
			_ = json.Unmarshal(p.Data, &d)
			w.mu.Lock()
			s := w.session
			known := s != nil && s.id == d.SessionID && d.Token == "Bot "+token && d.Seq <= s.last()
			w.mu.Unlock()
			if !known {
				_ = conn.WriteJSON(map[string]any{"op": 9, "d": false})
				continue
			}
			mine = s
			s.mu.Lock()
			s.conn = conn
			for _, e := range s.events {
				if e["s"].(int64) > d.Seq {
					_ = conn.WriteJSON(e)
				}
			}
			s.mu.Unlock()
			w.mu.Lock()
			w.resumes++
			w.mu.Unlock()
			w.dispatch("RESUMED", map[string]any{})
			w.connected <- struct{}{}
		}
	}
}

// dispatch sends an event to the session, or keeps it for when it goes on.
func (w *server) dispatch(kind string, data any) {
	w.mu.Lock()
	s := w.session
	w.mu.Unlock()
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq++
	e := map[string]any{"op": 0, "t": kind, "s": s.seq, "d": data}
	if w.counted == nil {
		s.events = append(s.events, e)
	}
	if s.conn != nil {
		_ = s.conn.WriteJSON(e)
	}
}

// cut ends the connection without a word.
func (w *server) cut() {
	w.mu.Lock()
	s := w.session
	w.mu.Unlock()
	s.mu.Lock()
	_ = s.conn.Close()
	s.conn = nil
	s.mu.Unlock()
}

// guichet is one process of guichet on the server.
type guichet struct {
	*discord.Bot
	*bottest.Office
	w       *server
	stop    func()
	stopped chan struct{}
}

// join starts guichet, and waits for its connection when it is to have one.
func (w *server) join(db *database.DB, connects bool) *guichet {
	w.t.Helper()
	g := &guichet{Office: bottest.NewOffice(w.t, db, channelsFile, w.clock), w: w, stopped: make(chan struct{})}
	g.Bot = discord.New(discord.Config{Token: token, API: w.http.URL, Log: g.Chat.Log}, g.Chat)
	g.Chat.Platforms[discord.Platform] = g.Bot
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer close(g.stopped)
		_ = g.Run(ctx)
	}()
	g.stop = sync.OnceFunc(func() {
		cancel()
		<-g.stopped
	})
	w.t.Cleanup(func() {
		g.stop()
		log := g.Office.Log.String()
		if strings.Contains(log, token) || strings.Contains(log, "jeton-") {
			w.t.Errorf("a secret is in the log: %s", log)
		}
	})
	if connects {
		w.joined(g)
	}
	return g
}

func (w *server) joined(g *guichet) {
	w.t.Helper()
	select {
	case <-w.connected:
	case <-time.After(20 * time.Second):
		w.t.Fatalf("guichet does not connect\n%s", g.Office.Log)
	}
}

// until waits for something.
func (w *server) until(what string, holds func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.t.Fatalf("waited in vain: %s\n%s", what, strings.Join(w.log, "\n"))
		}
	}
}

func (w *server) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.shown)
}

// after runs something and gives what the bot then showed: n messages at least.
func (w *server) after(n int, do func()) []message {
	w.t.Helper()
	before := w.count()
	do()
	w.until(fmt.Sprintf("the bot shows %d messages", n), func() bool { return w.count() >= before+n })
	w.quiet()
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.shown[before:])
}

// quiet waits until the bot does nothing more.
func (w *server) quiet() {
	for last, still := w.count(), 0; still < 15; {
		time.Sleep(2 * time.Millisecond)
		if n := w.count(); n != last {
			last, still = n, 0
		} else {
			still++
		}
	}
}

// says writes a message and sends its event (docs.discord.com/developers/events/gateway-events, « Message Create »; the
// message is docs.discord.com/developers/resources/message, « Example Message »). more changes it.
func (w *server) says(user, channel, text string, more ...func(map[string]any)) map[string]any {
	w.mu.Lock()
	w.now = w.now.Add(time.Second)
	m := message{ID: w.id(), ChannelID: channel, Author: account(user), Content: text}
	w.messages[channel] = append(w.messages[channel], m)
	w.log = append(w.log, "", names.Replace(user)+" dans "+w.place(channel)+" : "+names.Replace(text))
	e := w.event(m)
	w.mu.Unlock()
	for _, change := range more {
		change(e)
	}
	w.dispatch("MESSAGE_CREATE", e)
	return e
}

func mentionsOf(text string) []any {
	found := []any{}
	for _, m := range regexp.MustCompile(`<@!?(\d+)>`).FindAllStringSubmatch(text, -1) {
		found = append(found, account(m[1]))
	}
	return found
}

// event is the event of a message. The lock is held.
func (w *server) event(m message) map[string]any {
	user, _ := m.Author["id"].(string)
	e := map[string]any{
		"id": m.ID, "channel_id": m.ChannelID, "author": m.Author, "content": m.Content, "timestamp": w.now.Format(time.RFC3339), "edited_timestamp": nil, "tts": false,
		"mention_everyone": false, "mentions": mentionsOf(m.Content), "mention_roles": []any{}, "attachments": []any{}, "embeds": []any{}, "reactions": []any{},
		"nonce": 3.0, "pinned": false, "type": 0, "flags": 0, "components": []any{},
	}
	if w.directs[m.ChannelID] == "" {
		member := memberOf(user)
		delete(member, "user")
		e["guild_id"], e["member"] = guild, member
	}
	return e
}

func at(user string) string { return "<@" + user + "> " }

// acts sends an interaction (docs.discord.com/developers/interactions/receiving-and-responding, « Interaction Object »).
func (w *server) acts(user, channel string, kind int, data map[string]any, shown *message) map[string]any {
	w.mu.Lock()
	w.now = w.now.Add(time.Second)
	id := w.id()
	e := map[string]any{
		"id": id, "application_id": app, "type": kind, "data": data, "channel_id": channel, "channel": w.spotOf(channel), "token": "jeton-" + id, "version": 1,
		"locale": "fr", "app_permissions": "442368", "entitlements": []any{}, "context": 0, "authorizing_integration_owners": map[string]any{"0": guild},
	}
	if w.directs[channel] != "" {
		e["user"], e["context"] = account(user), 1
	} else {
		e["member"], e["guild_id"] = memberOf(user), guild
	}
	if shown != nil {
		e["message"] = *shown
	}
	w.tokens["jeton-"+id] = &asked{user: user, channel: channel, at: time.Now(), shown: shown}
	w.mu.Unlock()
	w.dispatch("INTERACTION_CREATE", e)
	return e
}

// asks sends « /guichet … » (« Example Interaction »).
func (w *server) asks(user, channel, sub string, options map[string]string) {
	var given []any
	line := names.Replace(user) + " dans " + names.Replace(channel) + " : /guichet " + sub
	for _, name := range []string{"texte", "reglage", "valeur", "numero", "reponse", "nom"} {
		if value, ok := options[name]; ok {
			given = append(given, map[string]any{"type": 3, "name": name, "value": value})
			line += " " + name + ":" + value
		}
	}
	w.note(line)
	w.acts(user, channel, 2, map[string]any{"id": "1", "name": "guichet", "type": 1, "options": []any{map[string]any{"type": 1, "name": sub, "options": given}}}, nil)
}

func (w *server) note(line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log = append(w.log, "", line)
}

// button gives the name of a button or a menu whose name begins so.
func button(m message, begins string) string {
	for _, row := range m.Components {
		for _, c := range row.Components {
			if strings.HasPrefix(c.CustomID, begins) {
				return c.CustomID
			}
		}
	}
	return ""
}

// presses presses a button, or chooses in a menu.
func (w *server) presses(user string, m message, begins string, values ...string) {
	w.t.Helper()
	id := button(m, begins)
	if id == "" {
		w.t.Fatalf("no button %s in\n%s", begins, outline(m))
	}
	w.note(names.Replace(user) + " appuie sur " + begins + strings.Join(append([]string{""}, values...), " ") + " dans " + w.placeOf(m.ChannelID))
	data := map[string]any{"custom_id": id, "component_type": 2}
	if len(values) > 0 {
		data["component_type"], data["values"] = 3, values
	}
	w.acts(user, m.ChannelID, 3, data, &m)
}

func (w *server) placeOf(id string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.place(id)
}

// fills fills in the last form (« Modal Submit Data »).
func (w *server) fills(user string, fields map[string]string) {
	w.t.Helper()
	w.mu.Lock()
	if len(w.forms) == 0 {
		w.mu.Unlock()
		w.t.Fatal("no form is open")
	}
	f := w.forms[len(w.forms)-1]
	w.mu.Unlock()
	var rows []any
	for _, row := range f.components {
		name := row.Components[0].CustomID
		rows = append(rows, map[string]any{"type": 1, "components": []any{map[string]any{"type": 4, "custom_id": name, "value": fields[name]}}})
	}
	w.note(names.Replace(user) + " remplit : " + f.title)
	w.acts(user, f.channel, 5, map[string]any{"custom_id": f.id, "components": rows}, f.message)
}

// formsShown gives how many forms opened.
func (w *server) formsShown() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.forms)
}

// opens runs something and waits for the form that it opens.
func (w *server) opens(do func()) {
	w.t.Helper()
	before := w.formsShown()
	do()
	w.until("a form opens", func() bool { return w.formsShown() > before })
}

// now gives a message as it is.
func (w *server) card(channel, id string) message {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.IndexFunc(w.messages[channel], func(m message) bool { return m.ID == id })
	return w.messages[channel][i]
}

func fresh(t testing.TB) *database.DB {
	t.Helper()
	return databasetest.SQLite.New(t)
}
