package slack_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"guichet/bot"
	"guichet/bot/bottest"
	"guichet/bot/slack"
	"guichet/migrations/databasetest"
	"guichet/routing/ledger"
)

var update = flag.Bool("update", false, "write the golden files again")

const question = bottest.Question

// A whole conversation, the same over HTTP and over Socket Mode: what people see is in testdata.
func TestConversation(t *testing.T) {
	for _, sockets := range []bool{false, true} {
		t.Run(map[bool]string{false: "http", true: "socket"}[sockets], func(t *testing.T) { conversation(t, sockets) })
	}
}

func conversation(t *testing.T, sockets bool) {
	w := newWorkspace(t)
	g := w.serve(fresh(t), sockets)
	send := line(g.overHTTP)
	if sockets {
		send = w.overSocket
	}
	must := func(kind string, payload any) string {
		t.Helper()
		answer, ok := send(kind, payload)
		if !ok {
			t.Fatalf("%s is not acknowledged: %v\n%s", kind, payload, g.Office.Log)
		}
		return answer
	}
	event := func(e map[string]any) { must("events_api", callback(e)) }

	// A question in a partner's channel: the message comes twice, as Slack does for a mention.
	said := w.says(agent, partnerChannel, "", "<@UBOT> "+question)
	answer := w.after(1, func() { event(said); event(mention(said)) })
	if len(answer) != 1 || answer[0].thread != said["ts"] {
		t.Fatalf("%+v", answer)
	}
	// It is of no use, and why.
	must("interactive", w.pressed(partner, answer[0], "useless"))
	must("interactive", w.submit(partner, map[string]string{"reason": "trop court"}))
	// Somebody else's talk is left alone, there and in the thread when it calls a third person.
	event(w.says(nobody, partnerChannel, "", "Bonjour à tous"))
	event(w.says(nobody, partnerChannel, said["ts"].(string), "<@U0PARTNER> tu viens ?"))
	// For oneself, then for all.
	private := w.after(1, func() { must("slash_commands", w.asks(agent, partnerChannel, question)) })
	w.after(2, func() { must("interactive", w.pressed(agent, private[0], "publish")) })
	must("interactive", w.pressed(agent, private[0], "publish")) // a second press publishes nothing more
	// In direct messages.
	direct := w.after(1, func() { event(w.says(agent, "D0AGENT", "", question)) })
	w.after(1, func() { must("interactive", w.pressed(agent, direct[0], "useful")) })
	// A company's request, handed over in the lead's channel.
	asked := w.says(partner, partnerChannel, "", "<@UBOT> Restaurateur à Amiens, SIREN 732829320, nous cherchons une aide pour exporter nos sauces.")
	w.after(1, func() { event(asked) })
	card := w.after(1, g.deliver)[0]
	// The lead asks for a precision, gets it, takes the request and answers.
	must("interactive", w.pressed(agent, card, "act:ask"))
	w.after(2, func() { must("interactive", w.submit(agent, map[string]string{"text": "Vers quel pays ?"})) })
	w.after(1, g.deliver)
	w.after(1, func() { event(w.says(partner, partnerChannel, asked["ts"].(string), "Vers le Japon")) })
	card = w.after(1, g.deliver)[0]
	w.after(2, func() { must("interactive", w.pressed(agent, card, "act:take")) })
	w.after(1, g.deliver)
	// A second person presses the card as it was.
	w.after(2, func() { must("interactive", w.pressed(second, card, "act:take")) })
	refreshed := w.card(leadChannel, card.ts)
	must("interactive", w.pressed(agent, refreshed, "act:answer"))
	w.after(2, func() {
		must("interactive", w.submit(agent, map[string]string{"text": "L'aide à l'export <fictive> vous va."}))
	})
	w.after(1, g.deliver)
	// A message becomes a request.
	must("interactive", map[string]any{ // docs.slack.dev/reference/interaction-payloads/shortcuts-interaction-payload
		"type": "message_action", "token": "XXYYZZ", "callback_id": "forward", "trigger_id": "t", "response_url": w.server.GetAPIURL() + "respond/" + open, "message_ts": "1.1",
		"user": map[string]any{"id": nobody}, "team": map[string]any{"id": "T1"}, "channel": map[string]any{"id": open},
		"message": map[string]any{"type": "message", "user": partner, "ts": "1.1", "text": "Une menuiserie cherche un prêt &amp; un conseil, voir <https://exemple.invalid|ici>"},
	})
	w.after(1, func() {
		must("interactive", w.submit(nobody, map[string]string{"text": "Une menuiserie cherche un prêt pour une machine.", "company": "Menuiserie fictive", "place": "Amiens", "contact": "contact@menuiserie.example"}))
	})
	// Home.
	event(map[string]any{"type": "app_home_opened", "user": nobody, "channel": "D0", "tab": "home", "event_ts": "1.1"})
	w.until("the home is shown", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.views[len(w.views)-1].view.Type == "home"
	})
	w.quiet()

	w.until("the four messages are acknowledged by a reaction", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.reactions) == 4
	})
	w.mu.Lock()
	got := steps(w.log)
	w.mu.Unlock()
	golden := filepath.Join("testdata", "conversation.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the conversation differs (go test -update writes it again):\n%s", diff(string(want), got))
	}
	history, err := g.Journal.History(context.Background(), "slack/"+partnerChannel, said["ts"].(string), 10)
	if err != nil || len(history) != 1 {
		t.Errorf("%d turns, %v", len(history), err)
	}
}

// card gives a message of a channel as it is now.
func (w *workspace) card(channel, ts string) message {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.IndexFunc(w.messages[channel], func(m message) bool { return m.ts == ts })
	return w.messages[channel][i]
}

// diff gives the first lines that differ.
func diff(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d\nwant %s\ngot  %s", i+1, strings.Join(a[i:min(i+5, len(a))], "\n     "), strings.Join(b[i:min(i+5, len(b))], "\n     "))
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(b), len(a))
}

func TestARetryIsHandledOnlyAfterAFailure(t *testing.T) {
	w := newWorkspace(t)
	db := fresh(t)
	g := w.serve(db, false)
	said := callback(w.says(nobody, hall, "", "Bonjour"))
	body := jsonOf(t, said)
	allow := databasetest.Refuse(t, db, "INSERT ON chat_inbox")
	status := 0
	told := w.after(1, func() { status, _ = g.request("application/json", body, nil) })
	if status == http.StatusOK || !told[0].ephemeral || !strings.Contains(told[0].text, "panne") {
		t.Errorf("a message that could not be recorded: %d, %+v", status, told)
	}
	if status, _ := g.request("application/json", body, http.Header{"X-Slack-Retry-Num": {"1"}, "X-Slack-Retry-Reason": {"http_error"}}); status == http.StatusOK {
		t.Error("acknowledged while the database refuses")
	}
	allow()
	w.later(time.Minute)
	retry := http.Header{"X-Slack-Retry-Num": {"2"}, "X-Slack-Retry-Reason": {"http_error"}}
	answered := w.after(1, func() { status, _ = g.request("application/json", body, retry) })
	if status != http.StatusOK || len(answered) != 1 || answered[0].ephemeral {
		t.Errorf("the retry: %d, %+v", status, answered)
	}
	w.later(time.Minute)
	before := w.count()
	if status, _ := g.request("application/json", body, retry); status != http.StatusOK {
		t.Errorf("a retry after a success: %d", status)
	}
	if w.quiet(); w.count() != before {
		t.Error("a retry after a success is answered again")
	}
}

// Whatever is slow behind, Slack is answered within its three seconds, and the reply follows.
func TestAcknowledgedInTime(t *testing.T) {
	w := newWorkspace(t)
	g := w.serve(fresh(t), false)
	for _, method := range []string{"users.info", "usergroups.list", "conversations.info", "chat.postMessage", "reactions.add"} {
		w.slow[method] = time.Second
	}
	start := time.Now()
	shown := w.after(1, func() {
		if _, ok := g.overHTTP("events_api", callback(w.says(nobody, hall, "", "Bonjour"))); !ok {
			t.Error("not acknowledged")
		}
		if took := time.Since(start); took > 900*time.Millisecond {
			t.Errorf("acknowledged after %v", took)
		}
	})
	if len(shown) != 1 {
		t.Errorf("%+v", shown)
	}
}

// Slack asks to slow down (docs.slack.dev/apis/web-api/rate-limits): the reply comes once it may.
func TestSlackAsksToWait(t *testing.T) {
	w := newWorkspace(t)
	g := w.serve(fresh(t), false)
	w.refuse["chat.postMessage"] = "ratelimited"
	shown := w.after(1, func() {
		if _, ok := g.overHTTP("events_api", callback(w.says(nobody, hall, "", "Bonjour"))); !ok {
			t.Error("not acknowledged")
		}
		w.until("Slack is called", func() bool {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.calls["chat.postMessage"] == 1
		})
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.refuse, "chat.postMessage")
	})
	if len(shown) != 1 || w.calls["chat.postMessage"] != 2 {
		t.Errorf("%d calls, %+v", w.calls["chat.postMessage"], shown)
	}
}

// A panic behind is told to the person and stops nothing else.
func TestAPanicIsToldToThePerson(t *testing.T) {
	w := newWorkspace(t)
	g := w.serve(fresh(t), true)
	for _, text := range []string{"Quel est le montant de ce qui plante ?", "Bonjour"} {
		shown := w.after(1, func() { w.overSocket("events_api", callback(w.says(nobody, hall, "", text))) })
		if want := map[bool]string{true: "pas pu être enregistré", false: "Bonjour"}[text != "Bonjour"]; len(shown) != 1 || !strings.Contains(shown[0].blocks, want) {
			t.Errorf("%s: %+v\n%s", text, shown, g.Office.Log)
		}
	}
}

func TestAReplyThatSlackRefusesIsTriedAgain(t *testing.T) {
	w := newWorkspace(t)
	db := fresh(t)
	g := w.serve(db, false)
	w.refuse["chat.postMessage"] = "internal_error"
	if _, ok := g.overHTTP("events_api", callback(w.says(nobody, hall, "", "Bonjour"))); !ok {
		t.Fatal("not acknowledged")
	}
	w.until("the failure is told to the operator", func() bool { return strings.Contains(g.Office.Log.String(), "réponse non montrée") })
	w.mu.Lock()
	delete(w.refuse, "chat.postMessage")
	w.mu.Unlock()
	w.later(time.Minute)
	g.stop()
	next := w.after(1, func() { w.serve(db, false) }) // another process takes what was left
	if len(next) != 1 || !strings.Contains(next[0].blocks, "Bonjour") {
		t.Errorf("%+v", next)
	}
}

// A process died after it wrote the reply and before it could say so.
func TestWhatIsThereIsNotWrittenAgain(t *testing.T) {
	w := newWorkspace(t)
	db := fresh(t)
	g := w.serve(db, false)
	w.after(1, func() { g.overHTTP("events_api", callback(w.says(nobody, hall, "", "Bonjour"))) })
	err := db.InTx(t.Context(), func(ctx context.Context) error {
		_, err := db.Conn(ctx).ExecContext(ctx, `UPDATE chat_inbox SET done_at = 0, claimed_until = 0`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	g.stop()
	before := w.count()
	w.serve(db, false)
	w.until("the message is done with", func() bool {
		var left int
		err := db.Conn(t.Context()).QueryRowContext(t.Context(), `SELECT count(*) FROM chat_inbox WHERE done_at = 0`).Scan(&left)
		return err == nil && left == 0
	})
	if w.quiet(); w.count() != before {
		t.Errorf("written again: %+v", w.last())
	}
	notice := ledger.Notice{Channel: "slack/" + hall, Thread: "", Text: "Un avis.", Key: "cle"}
	for range 2 {
		if _, err := g.Chat.Deliver(t.Context(), notice); err != nil {
			t.Fatal(err)
		}
	}
	if w.count() != before+1 {
		t.Errorf("a notice delivered twice was written %d times", w.count()-before)
	}
}

// Messages written while guichet was away are answered once, threads included, whoever else reads them too.
func TestCatchUp(t *testing.T) {
	w := newWorkspace(t)
	db := fresh(t)
	g := w.serve(db, true)
	root := w.says(nobody, partnerChannel, "", "<@UBOT> Bonjour")
	w.after(1, func() { w.overSocket("events_api", callback(root)) })
	w.until("the reading is recorded", func() bool {
		seen, err := g.Journal.LastSeen(t.Context(), "slack")
		return err == nil && len(seen) == 1
	})
	g.stop()
	w.mu.Lock()
	w.sockets = nil
	w.mu.Unlock()
	w.later(time.Hour)
	w.says(nobody, partnerChannel, "", "<@UBOT> Merci")
	w.says(nobody, partnerChannel, "", "Sans mention")
	w.says(nobody, partnerChannel, root["ts"].(string), "Merci beaucoup")
	before := w.count()
	w.serve(db, true)
	w.until("the missed messages are answered", func() bool { return w.count() >= before+2 })
	w.later(2 * time.Minute)
	w.serve(db, true) // another replica reads the same history
	if w.quiet(); w.count() != before+2 {
		t.Errorf("%d replies to 2 messages", w.count()-before)
	}
}

func TestSocketsComeBack(t *testing.T) {
	w := newWorkspace(t)
	g := w.serve(fresh(t), true)
	w.mu.Lock()
	old := w.sockets[0]
	w.sockets = nil
	w.mu.Unlock()
	// docs.slack.dev/apis/events-api/using-socket-mode, « Disconnect messages »
	old.send(map[string]any{"type": "disconnect", "reason": "refresh_requested", "debug_info": map[string]any{"host": "applink-1"}})
	select {
	case <-w.joined:
	case <-time.After(10 * time.Second):
		t.Fatalf("guichet did not connect again\n%s", g.Office.Log)
	}
	if shown := w.after(1, func() { w.overSocket("events_api", callback(w.says(nobody, hall, "", "Bonjour"))) }); len(shown) != 1 {
		t.Errorf("%+v", shown)
	}
	w.mu.Lock()
	last := w.sockets[0]
	w.sockets = nil
	w.mu.Unlock()
	_ = last.conn.Close() // cut without a word
	select {
	case <-w.joined:
	case <-time.After(10 * time.Second):
		t.Fatalf("guichet did not connect again\n%s", g.Office.Log)
	}
}

// Two replicas that both get an event, as after an acknowledgement that was lost.
func TestTwoReplicasAnswerOnce(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, e databasetest.Engine) {
		w := newWorkspace(t)
		db := e.New(t)
		one, two := w.serve(db, false), w.serve(db, false)
		before := w.count()
		for range 10 {
			said := callback(w.says(nobody, hall, "", "Bonjour"))
			done := make(chan bool)
			for _, g := range []*guichet{one, two} {
				go func() { _, ok := g.overHTTP("events_api", said); done <- ok }()
			}
			if !<-done || !<-done {
				t.Error("not acknowledged")
			}
		}
		w.until("all is answered", func() bool { return w.count() >= before+10 })
		if w.quiet(); w.count() != before+10 {
			t.Errorf("%d replies to 10 messages", w.count()-before)
		}
	})
}

func TestNotForUsThroughTheForm(t *testing.T) {
	w := newWorkspace(t)
	g := w.serve(fresh(t), false)
	w.after(1, func() {
		g.overHTTP("events_api", callback(w.says(partner, partnerChannel, "", "<@UBOT> Restaurateur à Amiens, nous cherchons une aide pour exporter nos sauces.")))
	})
	card := w.after(1, g.deliver)[0]
	g.overHTTP("interactive", w.pressed(agent, card, "act:pass"))
	w.after(1, func() {
		g.overHTTP("interactive", w.submit(agent, map[string]string{"to": "DAEN", "text": "c'est une subvention"}))
	})
	requests, err := g.Requests.List(t.Context(), ledger.Viewer{Staff: true}, ledger.Filter{})
	if err != nil || len(requests) != 1 || requests[0].Lead != "DAEN" {
		t.Fatalf("%+v, %v", requests, err)
	}
	// The card in the former lead's channel has no button left.
	if now := w.card(leadChannel, card.ts); strings.Contains(now.blocks, "act:") || !strings.Contains(now.blocks, "DAEN") {
		t.Errorf("the card is now %s", now.blocks)
	}
	// A guest of the lead's channel presses nothing.
	if told := w.after(1, func() { g.overHTTP("interactive", w.pressed(guest, card, "act:take")) }); !strings.Contains(fmt.Sprint(told), "Rien n'a été fait") {
		t.Errorf("a guest is told %+v", told)
	}
}

func TestCheckNamesWhatIsMissing(t *testing.T) {
	w := newWorkspace(t)
	w.members[hall] = false
	config := slack.Config{BotToken: botToken, AppToken: appToken, API: w.server.GetAPIURL()}
	all := func() string {
		t.Helper()
		var lines []string
		for _, f := range slack.Check(t.Context(), config, []string{"slack/" + partnerChannel, "slack/" + hall}) {
			lines = append(lines, fmt.Sprint(f.OK, " ", f.Detail, " ", f.Todo))
		}
		return strings.Join(lines, "\n")
	}
	got := all()
	for _, want := range []string{"true jeton du bot accepté", "true droits complets", "true Socket Mode", "true membre de #c0partner", "false guichet n'est pas membre de #c0hall", "/invite @guichet"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not said:\n%s", want, got)
		}
	}
	w.refuse["apps.connections.open"] = "invalid_auth"
	if got := all(); !strings.Contains(got, "false Socket Mode") || !strings.Contains(got, "GUICHET_SLACK_APP_TOKEN") {
		t.Error(got)
	}
	w.refuse["auth.test"] = "invalid_auth"
	if got := all(); !strings.Contains(got, "GUICHET_SLACK_BOT_TOKEN") || strings.Contains(got, botToken) {
		t.Error(got)
	}
}

func TestMissingScopes(t *testing.T) {
	scopes := slack.Scopes()
	if len(scopes) < 10 || !slices.Contains(scopes, "chat:write") {
		t.Fatalf("scopes of the manifest: %v", scopes)
	}
	server := http.NewServeMux()
	server.HandleFunc("/auth.test", func(out http.ResponseWriter, _ *http.Request) {
		out.Header().Set("X-OAuth-Scopes", strings.Join(slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return s == "reactions:write" || s == "users:read" }), ","))
		_, _ = out.Write([]byte(`{"ok":true,"team":"Espace fictif"}`))
	})
	fake := httptest.NewServer(server)
	defer fake.Close()
	found := slack.Check(t.Context(), slack.Config{BotToken: botToken, API: fake.URL + "/"}, nil)
	if !strings.Contains(fmt.Sprint(found), "reactions:write, users:read") {
		t.Errorf("%+v", found)
	}
}

var _ bot.Platform = (*slack.Bot)(nil)

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
