package slack_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"guichet/bot/bottest"
)

// tries is how many things are tried.
const tries = 1000

// Whatever people write, press, publish, edit, forward or forge, nobody reads what another audience may see: neither the
// passages of the base, nor the requests of others.
func TestNobodyReadsWhatIsNotTheirs(t *testing.T) {
	w := newWorkspace(t)
	g := w.serve(fresh(t), false)
	g.Desk.Words = bottest.Echo{}
	random := bottest.NewSecrets(leadChannel)
	pick, text := random.Pick, random.Text
	everybody := []string{agent, second, partner, nobody, guest, abroad}
	everywhere := []string{partnerChannel, leadChannel, hall, open}
	said := map[string][]map[string]any{} // messages by channel
	written := map[string]bool{}          // who wrote each secret in a channel
	done := map[string]int{}
	for range tries {
		user, channel := pick(everybody...), pick(everywhere...)
		w.mu.Lock() // what was asked before may still be answered
		shown, views := slices.Clone(w.shown), slices.Clone(w.views)
		w.mu.Unlock()
		var m message
		if len(shown) > 0 {
			m = shown[random.IntN(len(shown))]
		}
		action := ""
		if actions := regexp.MustCompile(`"action_id":"([^"]+)"`).FindAllStringSubmatch(m.blocks, -1); len(actions) > 0 {
			action = actions[random.IntN(len(actions))][1]
		}
		what := pick("mention", "thread", "edit", "direct", "command", "button", "button", "button", "stolen", "moved", "publish", "form", "forward", "forwarded", "deliver", "home", "shared")
		if what == "publish" {
			own := slices.DeleteFunc(shown, func(m message) bool { return !strings.Contains(m.blocks, `"action_id":"publish"`) })
			if len(own) == 0 {
				continue
			}
			m, action = own[random.IntN(len(own))], what
		}
		done[what]++
		switch what {
		case "mention", "thread":
			thread := ""
			if before := said[channel]; what == "thread" && len(before) > 0 {
				thread, _ = before[random.IntN(len(before))]["ts"].(string)
			}
			e := w.says(user, channel, thread, "<@UBOT> "+text(channel))
			for _, mark := range bottest.In(fmt.Sprint(e["text"])) {
				written[mark+user] = true
			}
			said[channel] = append(said[channel], e)
			g.overHTTP("events_api", callback(e))
			g.overHTTP("events_api", callback(mention(e)))
		case "edit":
			if before := said[channel]; len(before) > 0 {
				e := before[random.IntN(len(before))]
				if random.IntN(3) > 0 { // its author, else a payload that says that somebody else wrote it
					user = fmt.Sprint(e["user"])
				}
				words := pick("<@UBOT> ", "") + text(channel)
				for _, mark := range bottest.In(words) {
					written[mark+user] = true
				}
				changed := w.changed(e, words)
				now := changed["message"].(map[string]any)
				now["user"], now["edited"].(map[string]any)["user"] = user, user
				g.overHTTP("events_api", callback(changed))
				again := mention(now)
				again["edited"] = now["edited"]
				g.overHTTP("events_api", callback(again))
			}
		case "direct":
			g.overHTTP("events_api", callback(w.says(user, "D"+user, "", text(user))))
		case "command":
			words := text(user)
			if user == agent && strings.HasPrefix(words, "canal") {
				words = question // an administrator may open a channel to the staff
			}
			g.overHTTP("slash_commands", w.asks(user, channel, words))
		case "button", "stolen", "moved", "publish":
			if action == "" {
				continue
			}
			if m.ephemeral && (what == "button" || what == "publish") {
				user = m.to // the others do not have it on their screens
			}
			if what == "moved" { // a payload that says to come from another channel
				m.channel = channel
			}
			if strings.HasPrefix(m.channel, "D") && what == "button" {
				user = strings.TrimPrefix(m.channel, "D")
			}
			payload := w.pressed(user, m, action)
			if strings.Contains(action, "choice:") && random.IntN(2) == 0 { // a button that says something else than it did
				payload["actions"].([]any)[0].(map[string]any)["value"] = question
			}
			g.overHTTP("interactive", payload)
		case "form":
			if len(views) > 0 {
				words := "REPONSE"
				if last := views[len(views)-1]; last.view.CallbackID == "forward" {
					words = text(user)
				}
				g.overHTTP("interactive", w.submit(user, map[string]string{"text": words, "to": pick("DPEAP", "DAEN", "DRI"), "reason": "trop court"}))
			}
		case "forward":
			g.overHTTP("interactive", map[string]any{
				"type": "message_action", "callback_id": "forward", "trigger_id": "t", "user": map[string]any{"id": user}, "channel": map[string]any{"id": channel},
				"message": map[string]any{"type": "message", "ts": "1.1", "text": text(user)},
			})
		case "forwarded": // somebody's message, shared with a mention beside it (docs.slack.dev/reference/objects/attachment-object)
			e := w.says(user, channel, "", "<@UBOT> "+text(channel))
			for _, mark := range bottest.In(fmt.Sprint(e["text"])) {
				written[mark+user] = true
			}
			e["attachments"] = []any{map[string]any{
				"is_msg_unfurl": true, "is_share": true, "channel_id": leadChannel, "author_id": agent, "ts": m.ts, "text": outline(`{"blocks":` + cmpOr(m.blocks, "[]") + `}`),
			}}
			g.overHTTP("events_api", callback(e))
		case "deliver":
			w.quiet()
			g.deliver()
		case "home":
			g.overHTTP("events_api", callback(map[string]any{"type": "app_home_opened", "user": user, "tab": "home", "event_ts": "1.1"}))
		case "shared":
			w.mu.Lock()
			w.shared[leadChannel] = random.IntN(4) == 0 // from now on, another organisation may be in it
			w.mu.Unlock()
			w.later(6 * 60e9) // more than it is remembered for
		}
		if random.IntN(10) == 0 {
			w.quiet()
		}
	}
	w.quiet()
	g.deliver()
	w.quiet()

	allowed := func(reader string) (partners, staff bool) {
		switch reader {
		case partnerChannel, partner:
			return true, false
		case leadChannel, agent, second:
			return true, true
		}
		return false, false
	}
	read := map[string]int{}
	for _, m := range w.shown {
		reader := m.channel
		if m.ephemeral {
			reader = m.to
		}
		reader = strings.TrimPrefix(reader, "D")
		partners, staff := allowed(reader)
		read[reader]++
		all := m.text + m.blocks
		for _, leak := range random.Leaks(reader, partners, staff, all) {
			t.Errorf("%s: %s", leak, outline(`{"blocks":`+cmpOr(m.blocks, "[]")+`}`))
		}
	}
	for _, v := range w.views {
		for _, mark := range bottest.In(v.raw) {
			if v.view.Type == "home" && !random.Owns(v.user, mark) && !written[mark+v.user] {
				t.Errorf("the home of %s shows %s", v.user, outline(v.raw))
			}
		}
	}
	// The tries were no empty ones.
	for _, reader := range []string{partnerChannel, leadChannel, hall, open, agent, partner, nobody} {
		if read[reader] < 10 {
			t.Errorf("%s was shown %d messages: %v", reader, read[reader], read)
		}
	}
	changes := 0
	for _, m := range w.shown {
		if strings.Contains(m.blocks, "Vous avez modifié") || strings.Contains(m.blocks, "modification est notée") {
			changes++
		}
	}
	if random.Count() < 100 || done["moved"] < 30 || done["edit"] < 30 || done["publish"] < 30 || done["forwarded"] < 30 || changes < 10 {
		t.Errorf("%d secrets, %v, %d replies to a change", random.Count(), done, changes)
	}
	t.Logf("%d tries %v, %d secrets, %d messages shown %v", tries, done, random.Count(), len(w.shown), read)
}
