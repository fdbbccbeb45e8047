package discord_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"

	"guichet/bot"
	"guichet/bot/bottest"
	"guichet/bot/discord"
	"guichet/migrations/databasetest"
	"guichet/routing/ledger"
)

func (w *server) opcode(op int, data any) {
	w.mu.Lock()
	s := w.session
	w.mu.Unlock()
	s.send(map[string]any{"op": op, "d": data, "s": nil, "t": nil})
}

func (w *server) counts() (sessions, resumes int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sessions, w.resumes
}

// answers tells whether guichet still answers.
func (w *server) answers(g *guichet) {
	w.t.Helper()
	if shown := w.after(1, func() { w.says(nobody, hall, "Bonjour") }); len(shown) != 1 {
		w.t.Errorf("%d replies\n%s", len(shown), g.Office.Log)
	}
}

func TestOnlyTheIntentsThatAreNeeded(t *testing.T) {
	w := newServer(t)
	w.join(fresh(t), true)
	if got := w.identify["intents"]; got != float64(1<<9|1<<12|1<<15) {
		t.Errorf("intents %v", got)
	}
	// Without the right to read what does not mention it, guichet says so and reads the rest.
	w = newServer(t)
	w.flags = 0
	g := w.join(fresh(t), true)
	if got := w.identify["intents"]; got != float64(1<<9|1<<12) || !strings.Contains(g.Office.Log.String(), "Message Content Intent") {
		t.Errorf("intents %v\n%s", got, g.Office.Log)
	}
	first := w.after2(1, func() map[string]any { return w.says(nobody, open, at(me)+"Bonjour") })
	w.says(nobody, first.shown[0].ChannelID, "") // what Discord gives then
	w.quiet()
	if n := w.count(); n != 1 {
		t.Errorf("%d messages shown", n)
	}
}

func TestTheSessionGoesOn(t *testing.T) {
	w := newServer(t)
	g := w.join(fresh(t), true)
	w.answers(g)
	// Discord asks to come again (docs.discord.com/developers/events/gateway-events, « Reconnect »).
	w.opcode(7, nil)
	w.joined(g)
	w.answers(g)
	// Cut without a word: what was written meanwhile is played again.
	w.cut()
	shown := w.after(1, func() { w.says(nobody, hall, "Merci"); w.joined(g) })
	if len(shown) != 1 {
		t.Errorf("%d replies", len(shown))
	}
	if sessions, resumes := w.counts(); sessions != 1 || resumes != 2 {
		t.Errorf("%d sessions, %d resumed", sessions, resumes)
	}
}

func TestAnInvalidSessionBeginsAnew(t *testing.T) {
	w := newServer(t)
	g := w.join(fresh(t), true)
	w.answers(g)
	w.mu.Lock()
	before := w.session
	w.session = nil // Discord forgets it
	w.mu.Unlock()
	before.send(map[string]any{"op": 9, "d": false}) // « Invalid Session »
	w.joined(g)
	w.answers(g)
	if sessions, resumes := w.counts(); sessions != 2 || resumes != 0 {
		t.Errorf("%d sessions, %d resumed", sessions, resumes)
	}
}

func TestASilentConnectionIsLeft(t *testing.T) {
	w := newServer(t)
	g := w.join(fresh(t), true)
	w.mu.Lock()
	w.mute = true
	w.mu.Unlock()
	w.until("the connection is left", func() bool { return strings.Contains(g.Office.Log.String(), "ne répond plus aux battements") })
	w.mu.Lock()
	w.mute = false
	w.mu.Unlock()
	w.joined(g)
	w.answers(g)
}

func TestDiscordRefusesAndSaysWhy(t *testing.T) {
	for code, want := range map[int]string{4004: "GUICHET_DISCORD_TOKEN", 4014: "Message Content Intent"} {
		w := newServer(t)
		w.closing = code
		g := w.join(fresh(t), false)
		w.until("the refusal is told", func() bool { return strings.Contains(g.Office.Log.String(), want) })
		g.stop() // it waits a minute: stopping is at once all the same
	}
}

func TestABadTokenIsTold(t *testing.T) {
	w := newServer(t)
	w.refuse["GET /users/@me"] = http.StatusUnauthorized
	g := w.join(fresh(t), false)
	w.until("the refusal is told", func() bool { return strings.Contains(g.Office.Log.String(), "GUICHET_DISCORD_TOKEN") })
	w.mu.Lock()
	delete(w.refuse, "GET /users/@me")
	w.mu.Unlock()
	w.joined(g)
}

// Two replicas: one holds the gateway, the other takes it when the first stops, and what was written between is caught up.
func TestTwoReplicasHoldOneSession(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, e databasetest.Engine) {
		w := newServer(t)
		db := e.New(t)
		one := w.join(db, true)
		two := w.join(db, false)
		root := w.after2(1, func() map[string]any { return w.says(nobody, partnerChannel, at(me)+"Bonjour") })
		thread := root.shown[0].ChannelID
		w.after(1, func() { w.writes(partner, "Bonjour") })
		w.until("the reading is recorded", func() bool {
			seen, err := one.Journal.LastSeen(t.Context(), "discord")
			return err == nil && len(seen) == 2
		})
		one.stop()
		before := w.count()
		w.later(time.Hour)
		w.says(nobody, partnerChannel, at(me)+"Merci")
		w.says(nobody, partnerChannel, "Sans mention")
		w.says(nobody, thread, "Merci beaucoup")
		w.writes(partner, "Merci")
		w.joined(two)
		w.until("the missed messages are answered", func() bool { return w.count() >= before+3 })
		w.answers(two)
		// A session that begins anew reads the same history: nothing is answered twice.
		w.mu.Lock()
		s := w.session
		w.session = nil
		w.mu.Unlock()
		s.send(map[string]any{"op": 9, "d": false})
		w.joined(two)
		if w.quiet(); w.count() != before+4 {
			t.Errorf("%d replies to 4 messages", w.count()-before)
		}
	})
}

func TestCallsThatComeTooSoonAreMadeAgain(t *testing.T) {
	const post = "POST /channels/{channel}/messages"
	w := newServer(t)
	g := w.join(fresh(t), true)
	w.mu.Lock()
	w.limited[post] = 2
	w.mu.Unlock()
	w.answers(g)
	if strings.Contains(g.Office.Log.String(), "remise à plus tard") {
		t.Error("two refusals for coming too soon are a failure")
	}
	// Three tries at most; the reply comes later, and once.
	w.mu.Lock()
	w.limited[post], w.calls[post] = 3, 0
	w.mu.Unlock()
	w.says(nobody, hall, "Bonjour")
	w.until("the failure is told to the operator", func() bool { return strings.Contains(g.Office.Log.String(), "remise à plus tard") })
	w.mu.Lock()
	if w.calls[post] != 3 {
		t.Errorf("%d tries", w.calls[post])
	}
	w.mu.Unlock()
}

func TestAReplyThatDiscordRefusesIsTriedAgain(t *testing.T) {
	const post = "POST /channels/{channel}/messages"
	w := newServer(t)
	db := fresh(t)
	g := w.join(db, true)
	w.mu.Lock()
	w.refuse[post] = http.StatusInternalServerError
	w.mu.Unlock()
	w.says(nobody, hall, "Bonjour")
	w.until("the failure is told to the operator", func() bool { return strings.Contains(g.Office.Log.String(), "réponse non montrée") })
	w.mu.Lock()
	delete(w.refuse, post)
	w.mu.Unlock()
	w.later(time.Minute)
	g.stop()
	next := w.after(1, func() { w.join(db, true) }) // another process takes what was left
	if len(next) != 1 || !strings.Contains(next[0].Content, "Bonjour") {
		t.Errorf("%+v", next)
	}
}

// A process died after it wrote the reply and before it could say so.
func TestWhatIsThereIsNotWrittenAgain(t *testing.T) {
	w := newServer(t)
	db := fresh(t)
	g := w.join(db, true)
	first := w.after2(1, func() map[string]any { return w.says(nobody, hall, bottest.Question) })
	w.after(1, func() { w.says(nobody, first.shown[0].ChannelID, "Bonjour") })
	w.after(1, func() { w.writes(nobody, "Bonjour") })
	w.mu.Lock()
	for _, all := range w.messages { // Discord's memory of nonces is short
		for i := range all {
			all[i].nonce = ""
		}
	}
	w.mu.Unlock()
	err := db.InTx(t.Context(), func(ctx context.Context) error {
		_, err := db.Conn(ctx).ExecContext(ctx, `UPDATE chat_inbox SET done_at = 0, claimed_until = 0`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	g.stop()
	before := w.count()
	g = w.join(db, true)
	w.until("the messages are done with", func() bool {
		var left int
		err := db.Conn(t.Context()).QueryRowContext(t.Context(), `SELECT count(*) FROM chat_inbox WHERE done_at = 0`).Scan(&left)
		return err == nil && left == 0
	})
	if w.quiet(); w.count() != before {
		t.Errorf("written again: %+v", w.shown[before:])
	}
	for _, key := range []string{"cle", "cle", "autre"} {
		if _, err := g.Chat.Deliver(t.Context(), ledger.Notice{Channel: "discord/" + hall, Thread: first.shown[0].ChannelID, Text: "Un avis.", Key: key}); err != nil {
			t.Fatal(err)
		}
	}
	if w.count() != before+2 {
		t.Errorf("two notices, one of them delivered twice, were written %d times", w.count()-before)
	}
}

func TestAMessageThatCouldNotBeRecordedIsTold(t *testing.T) {
	w := newServer(t)
	db := fresh(t)
	g := w.join(db, true)
	allow := databasetest.Refuse(t, db, "INSERT ON chat_inbox")
	told := w.after(1, func() { w.says(nobody, hall, "Bonjour") })
	if !strings.Contains(told[0].Content, "panne") || told[0].ChannelID != hall {
		t.Errorf("%+v", told)
	}
	told = w.after(1, func() { w.asks(nobody, hall, "question", map[string]string{"texte": "Bonjour"}) })
	if !strings.Contains(told[0].Content, "panne") || told[0].to != nobody {
		t.Errorf("%+v", told)
	}
	allow()
	w.answers(g)
	if !strings.Contains(g.Office.Log.String(), "message not recorded") {
		t.Error("the operator is not told")
	}
}

// Whatever is slow, an interaction is answered within Discord's three seconds (the server checks it), and the rest follows.
func TestAnsweredInTime(t *testing.T) {
	w := newServer(t)
	g := w.join(fresh(t), true)
	card := w.cardOf(g)
	w.mu.Lock()
	w.slow = 700 * time.Millisecond
	w.mu.Unlock()
	told := w.after(1, func() { w.asks(nobody, hall, "question", map[string]string{"texte": "Bonjour"}) })
	if told[0].to != nobody {
		t.Errorf("%+v", told)
	}
	said := w.after(2, func() { w.presses(agent, card, "act:take") })
	if !slices.ContainsFunc(said, func(m message) bool { return m.to == agent && strings.Contains(m.Content, "Vous suivez") }) {
		t.Errorf("%+v", said)
	}
}

// cardOf gives the card of a new request.
func (w *server) cardOf(g *guichet) message {
	w.t.Helper()
	w.after(1, func() {
		w.says(partner, partnerChannel, at(me)+"Restaurateur à Amiens, nous cherchons une aide pour exporter nos sauces.")
	})
	return w.after(1, func() { g.Deliver(w.t) })[0]
}

func TestNotForUsThroughTheMenuAndTheForm(t *testing.T) {
	w := newServer(t)
	g := w.join(fresh(t), true)
	card := w.cardOf(g)
	asked := w.after(1, func() { w.presses(agent, card, "act:pass") })
	w.opens(func() { w.presses(agent, asked[0], "pass-to", "DAEN") })
	w.after(2, func() { w.fills(agent, map[string]string{"text": "c'est une subvention"}) })
	requests, err := g.Requests.List(t.Context(), ledger.Viewer{Staff: true}, ledger.Filter{})
	if err != nil || len(requests) != 1 || requests[0].Lead != "DAEN" {
		t.Fatalf("%+v, %v", requests, err)
	}
	// The card in the former lead's channel has no button left.
	if now := w.card(leadChannel, card.ID); len(now.Components) > 0 || !strings.Contains(outline(now), "DAEN") {
		t.Errorf("the card is now %s", outline(now))
	}
	// Somebody who is not through the server's door presses nothing, whatever their role.
	if told := w.after(1, func() { w.presses(pending, card, "act:take") }); !strings.Contains(fmt.Sprint(told), "Rien n'a été fait") {
		t.Errorf("they are told %+v", told)
	}
}

func TestMenusAreChoices(t *testing.T) {
	w := newServer(t)
	g := w.join(fresh(t), true)
	card := w.cardOf(g)
	act := button(card, "act:pass:")
	for n := range 2 { // in the first menu and in the second
		w.opens(func() {
			id := fmt.Sprintf("pass-to:%s:%s:%d", strings.TrimPrefix(act, "act:pass:"), card.ID, n)
			w.acts(agent, leadChannel, 3, map[string]any{"custom_id": id, "component_type": 3, "values": []string{"DAEN"}}, &card)
		})
		if f := w.forms[len(w.forms)-1]; !strings.HasSuffix(f.id, ":"+card.ID+":DAEN") {
			t.Errorf("form %s", f.id)
		}
	}
	answer := w.after(1, func() { w.says(nobody, hall, bottest.Question) })[0]
	shown := w.after(1, func() {
		w.acts(nobody, answer.ChannelID, 3, map[string]any{"custom_id": "choice:menu:1", "component_type": 3, "values": []string{"Parler à quelqu'un"}}, &answer)
	})
	if !strings.Contains(shown[0].Content, "Une personne va reprendre") || shown[0].ChannelID != answer.ChannelID {
		t.Errorf("%+v", shown)
	}
}

// A channel that takes no thread is answered in; a reply to the reply goes on, and so does a button.
func TestWithoutThreads(t *testing.T) {
	w := newServer(t)
	g := w.join(fresh(t), true)
	first := w.after2(1, func() map[string]any {
		return w.says(nobody, voice, at(me)+"Un industriel veut s'implanter chez nous, il cherche 5 hectares.")
	})
	asked := first.shown[0]
	if asked.ChannelID != voice || asked.Reference == nil || asked.Reference.MessageID != first.event["id"] {
		t.Fatalf("%+v", asked)
	}
	then := w.after(1, func() {
		w.says(nobody, voice, "Française", func(e map[string]any) {
			e["type"] = 19
			e["referenced_message"] = map[string]any{"id": asked.ID, "channel_id": voice, "author": account(me), "message_reference": map[string]any{"message_id": first.event["id"]}}
		})
	})
	if !strings.Contains(outline(then[0]), "2026-0001") {
		t.Errorf("the reply to the question: %s", outline(then[0]))
	}
	requests, err := g.Requests.List(t.Context(), ledger.Viewer{Staff: true}, ledger.Filter{})
	if err != nil || len(requests) != 1 || requests[0].Lead == "" {
		t.Errorf("%+v, %v", requests, err)
	}
	// What the lead says comes back there.
	before := w.count()
	g.Deliver(t)
	_, err = g.Chat.Deliver(t.Context(), ledger.Notice{Channel: "discord/" + voice, Thread: fmt.Sprint(first.event["id"]), Text: "Un avis.", Key: "cle"})
	if err != nil || w.count() == before {
		t.Errorf("%d messages, %v", w.count()-before, err)
	}
}

func TestTooManyMessagesArePolitelyDelayed(t *testing.T) {
	w := newServer(t)
	g := w.join(fresh(t), true)
	g.Chat.Limits = &bot.Limits{Person: bot.Pace{Every: time.Minute, Burst: 1}, Channel: bot.Pace{Every: time.Microsecond, Burst: 100}}
	w.answers(g)
	told := w.after(1, func() { w.says(nobody, hall, "Bonjour") })
	if !strings.Contains(told[0].Content, "Renvoyez-le dans") || told[0].ChannelID != hall {
		t.Errorf("%+v", told)
	}
}

func TestCheckNamesWhatIsMissing(t *testing.T) {
	w := newServer(t)
	channels, err := bot.ParseChannels([]byte(channelsFile+"\n"), []string{"DPEAP"})
	if err != nil {
		t.Fatal(err)
	}
	all := func() string {
		t.Helper()
		var lines []string
		for _, f := range discord.Check(t.Context(), discord.Config{Token: token, API: w.http.URL}, channels) {
			lines = append(lines, fmt.Sprint(f.OK, " ", f.Detail, " ", f.Todo))
		}
		return names.Replace(strings.Join(lines, "\n"))
	}
	says := func(what ...string) {
		t.Helper()
		got := all()
		for _, want := range what {
			if !strings.Contains(got, want) {
				t.Errorf("%q is not said:\n%s", want, got)
			}
		}
		if strings.Contains(got, token) {
			t.Errorf("the token is said: %s", got)
		}
	}
	says("true jeton du bot accepté", "true intentions complètes", "false commandes manquantes : « guichet », « Transmettre au guichet »", "true dans 1 serveur", "true droits complets dans #partenaires")
	g := w.join(fresh(t), true)
	g.stop()
	says("true commandes déclarées")
	w.flags = 0
	w.denied[leadChannel] = 1<<35 | 1<<6
	w.hidden[hall] = true
	says("false intention manquante : Message Content", "false droits manquants dans #direction (discord/#direction) : « Créer des fils publics », « Ajouter des réactions »",
		"false guichet ne voit pas le canal discord/#accueil", "client_id=application&scope=bot+applications.commands")
	public := strings.Replace(channelsFile, "channel: discord/200000000000000003, listens: true", "channel: discord/200000000000000004, audience: staff", 1)
	if channels, err = bot.ParseChannels([]byte(public), []string{"DPEAP"}); err != nil {
		t.Fatal(err)
	}
	says("false #ouvert (discord/#ouvert) est staff, mais tout le serveur le lit")
	w.refuse["GET /users/@me"] = http.StatusUnauthorized
	says("GUICHET_DISCORD_TOKEN")
}

// What is not what Discord sends: nothing is answered, and the connection lives on, or is opened again.
func TestBrokenPayloads(t *testing.T) {
	w := newServer(t)
	g := w.join(fresh(t), true)
	w.answers(g)
	before := w.count()
	for _, raw := range []string{
		"null", "", "{", "3", "[]", `"x"`, `{"op":"x"}`, `{"op":0}`, `{"op":0,"t":null}`, `{"op":0,"t":"MESSAGE_CREATE"}`, `{"op":0,"t":"MESSAGE_CREATE","d":null}`,
		`{"op":0,"t":3,"d":{}}`, `{"op":0,"s":"x","t":"MESSAGE_CREATE","d":{}}`, `{"op":99}`, `{"op":0,"t":"GUILD_CREATE","d":null}`, `{"op":0,"t":"INTERACTION_CREATE","d":[]}`,
		`{"op":0,"t":"READY"`, strings.Repeat("[", 1000), `{"op":11,"d":"x"}`, `{"op":1,"d":null}`,
	} {
		w.mu.Lock()
		s := w.session
		w.mu.Unlock()
		s.mu.Lock()
		_ = s.conn.WriteMessage(websocket.TextMessage, []byte(raw))
		s.mu.Unlock()
	}
	w.mu.Lock()
	real := w.event(message{ID: w.id(), ChannelID: hall, Author: account(nobody), Content: "Bonjour"})
	w.mu.Unlock()
	change := func(key string, value any) map[string]any {
		out := map[string]any{}
		for k, v := range real {
			out[k] = v
		}
		if value == nil {
			delete(out, key)
		} else {
			out[key] = value
		}
		return out
	}
	for _, e := range []any{
		nil, "x", 3, []int{}, change("id", nil), change("id", 3), change("channel_id", nil), change("channel_id", "x"), change("author", nil), change("author", "x"), change("author", map[string]any{}),
		change("author", account(me)), change("webhook_id", "1"), change("type", 7), change("type", "x"), change("content", 3), change("mentions", "x"), change("channel_id", "../users/@me"),
		change("referenced_message", 3), change("content", ""),
	} {
		w.dispatch("MESSAGE_CREATE", e)
	}
	for _, data := range []any{
		nil, 3, map[string]any{}, map[string]any{"custom_id": 3}, map[string]any{"custom_id": "choice:0:"}, map[string]any{"custom_id": "choice:menu", "values": []string{}}, map[string]any{"custom_id": "act:take:x"},
		map[string]any{"custom_id": "act:take:@1"}, map[string]any{"custom_id": "act:take:2026-0001@x"}, map[string]any{"custom_id": "autre"}, map[string]any{"custom_id": "publish:inconnu"},
		map[string]any{"custom_id": "pass-to:x:1", "values": []string{"DAEN"}}, map[string]any{"custom_id": "form:act"}, map[string]any{"custom_id": "form:pass:@:1:DAEN"}, map[string]any{"name": "guichet", "type": 1},
		map[string]any{"name": "guichet", "type": 1, "options": []any{map[string]any{"name": "question", "options": []any{map[string]any{"name": "texte", "value": 3}}}}}, map[string]any{"name": "x", "type": 3, "target_id": "1"},
		map[string]any{"name": "guichet", "type": 1, "options": []any{map[string]any{"name": "inconnue"}}}, map[string]any{"components": "x"},
	} {
		for kind := range 6 {
			w.acts(nobody, hall, kind, nil, nil)
			shown := message{ID: "1", ChannelID: hall}
			w.mu.Lock()
			id := w.id()
			w.tokens["jeton-"+id] = &asked{user: nobody, channel: hall, at: time.Now()}
			w.mu.Unlock()
			e := map[string]any{"id": id, "token": "jeton-" + id, "type": kind, "channel_id": hall, "data": data, "member": memberOf(nobody), "message": shown}
			w.dispatch("INTERACTION_CREATE", e)
			for _, key := range []string{"id", "token", "channel_id", "member", "message"} {
				less := map[string]any{}
				for k, v := range e {
					if k != key {
						less[k] = v
					}
				}
				w.dispatch("INTERACTION_CREATE", less)
			}
		}
	}
	w.quiet()
	for _, m := range w.shown[before:] {
		if m.to == "" { // what is told to the one who pressed is no reply
			t.Errorf("shown: %s", outline(m))
		}
	}
	// Larger than anything that Discord sends for these intents: the connection is left for another session.
	w.mu.Lock()
	s := w.session
	w.mu.Unlock()
	s.mu.Lock()
	_ = s.conn.WriteMessage(websocket.TextMessage, []byte(`{"op":0,"t":"MESSAGE_CREATE","s":9,"d":"`+strings.Repeat("a", 5<<20)+`"}`))
	s.conn = nil
	s.mu.Unlock()
	w.joined(g)
	w.answers(g)
	if strings.Contains(g.Office.Log.String(), "panique") {
		t.Error(g.Office.Log)
	}
}

// FuzzEvents gives the gateway's events any content.
func FuzzEvents(f *testing.F) {
	for _, seed := range []string{
		`{"id":"1","channel_id":"200000000000000003","author":{"id":"300000000000000004"},"content":"Bonjour"}`,
		`{"id":"1","channel_id":"200000000000000004","author":{"id":"3"},"content":"<@900000000000000001> a","mentions":[{"id":"900000000000000001"}],"referenced_message":{"author":{"id":"900000000000000001"}}}`,
		`{"id":"1","token":"t","type":2,"channel_id":"200000000000000003","user":{"id":"3"},"data":{"name":"guichet","type":1,"options":[{"name":"canal","options":[{"name":"reglage","value":"staff"}]}]}}`,
		`{"id":"1","token":"t","type":3,"channel_id":"200000000000000003","user":{"id":"3"},"message":{"id":"1","flags":64},"data":{"custom_id":"act:pass:2026-0001@1"}}`,
		`{"id":"1","token":"t","type":3,"channel_id":"200000000000000003","user":{"id":"3"},"message":{"id":"1"},"data":{"custom_id":"choice:menu","values":["a"]}}`,
		`{"id":"1","token":"t","type":5,"channel_id":"200000000000000003","user":{"id":"3"},"data":{"custom_id":"form:answer:2026-0001@1:1:","components":[{"components":[{"custom_id":"text","value":"a"}]}]}}`,
	} {
		f.Add(seed)
	}
	w := newServer(f)
	g := w.join(fresh(f), true)
	f.Fuzz(func(t *testing.T, body string) {
		if !json.Valid([]byte(body)) {
			return
		}
		w.dispatch("MESSAGE_CREATE", json.RawMessage(body))
		w.dispatch("INTERACTION_CREATE", json.RawMessage(body))
		if strings.Contains(g.Office.Log.String(), "panique") {
			t.Error(g.Office.Log)
		}
	})
}

// elsewhere sends discordgo's calls to the server.
type elsewhere struct{ to string }

func (e elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	r.URL.Scheme, r.URL.Host = "http", e.to
	return http.DefaultTransport.RoundTrip(r)
}

// The server of these tests is one that a client which nobody here wrote talks to: discordgo's own gateway identifies,
// beats, reads, and goes on with its session.
func TestTheServerSpeaksWithDiscordgo(t *testing.T) {
	w := newServer(t)
	theirs, err := discordgo.New("Bot " + token)
	if err != nil {
		t.Fatal(err)
	}
	theirs.Client = &http.Client{Transport: elsewhere{strings.TrimPrefix(w.http.URL, "http://")}}
	theirs.Identify.Intents = discordgo.IntentsGuildMessages
	got := make(chan any, 10)
	theirs.AddHandler(func(_ *discordgo.Session, m *discordgo.MessageCreate) { got <- m.Content + " " + m.Author.ID })
	theirs.AddHandler(func(_ *discordgo.Session, i *discordgo.InteractionCreate) { got <- i.ApplicationCommandData().Name })
	theirs.AddHandler(func(*discordgo.Session, *discordgo.Resumed) { got <- "resumed" })
	if err := theirs.Open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = theirs.Close() })
	<-w.connected
	next := func(want string) {
		t.Helper()
		select {
		case what := <-got:
			if what != want {
				t.Errorf("%v, want %s", what, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s does not come", want)
		}
	}
	w.says(nobody, hall, "Bonjour")
	next("Bonjour " + nobody)
	w.asks(nobody, hall, "demandes", nil)
	next("guichet")
	w.opcode(7, nil)
	<-w.connected
	next("resumed")
	sent, err := theirs.ChannelMessageSendComplex(hall, &discordgo.MessageSend{Content: "Merci", AllowedMentions: &discordgo.MessageAllowedMentions{Parse: []discordgo.AllowedMentionType{}}})
	if err != nil || sent.Content != "Merci" || sent.ChannelID != hall {
		t.Errorf("%+v, %v", sent, err)
	}
	all, err := theirs.ChannelMessages(hall, 100, "", "", "")
	if err != nil || len(all) != 2 || all[0].ID != sent.ID {
		t.Errorf("%d messages, %v", len(all), err)
	}
}
