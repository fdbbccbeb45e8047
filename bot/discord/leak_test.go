package discord_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"guichet/bot/bottest"
)

// tries is how many things are tried.
const tries = 1000

// Whatever people write, press, publish, edit, forward or forge, nobody reads what another audience may see: neither the
// passages of the base, nor the requests of others.
func TestNobodyReadsWhatIsNotTheirs(t *testing.T) {
	w := newServer(t)
	g := w.join(fresh(t), true)
	random := bottest.NewSecrets(leadChannel)
	pick, text := random.Pick, random.Text
	everybody := []string{agent, second, partner, nobody, pending, abroad}
	everywhere := []string{partnerChannel, leadChannel, hall, open, voice}
	said := map[string][]string{} // messages by channel
	done := map[string]int{}
	for range tries {
		user, channel := pick(everybody...), pick(everywhere...)
		w.mu.Lock()
		shown := slices.Clone(w.shown)
		forms := slices.Clone(w.forms)
		w.mu.Unlock()
		var m message
		if len(shown) > 0 {
			m = shown[random.IntN(len(shown))]
		}
		what := pick("mention", "thread", "edit", "direct", "command", "command", "button", "button", "button", "stolen", "stolen", "moved", "publish", "form", "forward", "forwarded", "deliver", "reply")
		if own := slices.DeleteFunc(slices.Clone(shown), func(m message) bool { return w.personOf(m.ChannelID) == "" }); what == "stolen" && len(own) > 0 {
			m = own[random.IntN(len(own))] // from somebody's direct messages
		}
		var ids []string
		for _, row := range m.Components {
			for _, c := range row.Components {
				ids = append(ids, c.CustomID)
			}
		}
		if what == "publish" {
			ids = slices.DeleteFunc(ids, func(id string) bool { return !strings.HasPrefix(id, what) })
			for tried := 0; len(ids) == 0 && tried < len(shown); tried++ {
				m = shown[random.IntN(len(shown))]
				for _, row := range m.Components {
					for _, c := range row.Components {
						if strings.HasPrefix(c.CustomID, what) {
							ids = append(ids, c.CustomID)
						}
					}
				}
			}
			if len(ids) == 0 {
				continue
			}
		}
		done[what]++
		switch what {
		case "mention":
			e := w.says(user, channel, at(me)+text(channel))
			said[channel] = append(said[channel], e["id"].(string))
		case "thread":
			w.mu.Lock()
			var threads []string
			for id, parent := range w.threads {
				if parent == channel {
					threads = append(threads, id)
				}
			}
			w.mu.Unlock()
			if slices.Sort(threads); len(threads) > 0 {
				w.says(user, pick(threads...), text(channel))
			}
		case "edit": // an edit, and the same message again with other words
			if before := said[channel]; len(before) > 0 {
				id := pick(before...)
				w.mu.Lock()
				e := w.event(message{ID: id, ChannelID: channel, Author: account(user), Content: pick(at(me), "") + text(channel)})
				e["edited_timestamp"] = w.now.Format(time.RFC3339Nano)
				w.mu.Unlock()
				w.dispatch("MESSAGE_UPDATE", e)
				w.dispatch("MESSAGE_CREATE", e)
			}
		case "reply": // to any message of the bot's, wherever it says to be from
			w.says(user, channel, text(channel), func(e map[string]any) {
				e["type"], e["mentions"], e["message_reference"] = 19, []any{account(me)}, map[string]any{"message_id": m.ID}
				e["referenced_message"] = map[string]any{"id": m.ID, "channel_id": channel, "author": account(me), "message_reference": map[string]any{"message_id": pick(append(said[channel], m.ID)...)}}
			})
		case "direct":
			w.writes(user, text(user))
		case "command":
			words := text(user)
			if set, ok := strings.CutPrefix(words, "canal "); ok && user != agent { // an administrator may open a channel to the staff
				verb, value, _ := strings.Cut(set, " ")
				w.asks(user, channel, "canal", map[string]string{"reglage": verb, "valeur": value})
			} else {
				w.asks(user, channel, pick("question", "question", "demandes"), map[string]string{"texte": words})
			}
		case "button", "stolen", "moved", "publish":
			if len(ids) == 0 {
				continue
			}
			if m.to != "" && (what == "button" || what == "publish") {
				user = m.to // the others do not have it on their screens
			}
			if person := w.personOf(m.ChannelID); person != "" && what == "button" {
				user = person
			}
			if what == "moved" { // a payload that says to come from another channel
				m.ChannelID = channel
			}
			id := pick(ids...)
			if kind, _, choice := strings.Cut(id, "choice:"); choice && random.IntN(2) == 0 { // a button that says something else than it did
				id = kind + "choice:0:" + bottest.Question
			}
			data := map[string]any{"custom_id": id, "component_type": 2}
			if strings.HasPrefix(id, "pass-to") || strings.Contains(id, ":menu") {
				data["values"] = []string{pick("DAEN", "DRI", bottest.Question)}
			}
			w.acts(user, m.ChannelID, 3, data, &m)
		case "form":
			if len(forms) > 0 {
				words := "REPONSE"
				if strings.HasPrefix(forms[len(forms)-1].id, "forward") {
					words = text(user)
				}
				w.fills(user, map[string]string{"text": words, "reason": "trop court"})
			}
		case "forward":
			w.forwards(user, channel, map[string]any{"id": "600000000000000001", "channel_id": channel, "type": 0, "author": account(user), "content": text(user)})
		case "forwarded": // somebody's message, forwarded with a mention beside it
			w.says(user, channel, at(me)+text(channel), func(e map[string]any) {
				e["message_reference"] = map[string]any{"type": 1, "message_id": m.ID, "channel_id": leadChannel}
				e["message_snapshots"] = []any{map[string]any{"message": map[string]any{"content": outline(m)}}}
			})
		case "deliver":
			w.quiet()
			g.Deliver(t)
		}
		if random.IntN(10) == 0 {
			w.quiet()
		}
		if random.IntN(100) == 0 {
			w.later(6 * time.Minute) // more than people are remembered for
		}
	}
	w.quiet()
	g.Deliver(t)
	w.quiet()

	read := map[string]int{}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range w.shown {
		reader := m.ChannelID
		if parent := w.threads[reader]; parent != "" {
			reader = parent
		}
		if person := w.directs[reader]; person != "" {
			reader = person
		}
		if m.to != "" {
			reader = m.to
		}
		read[names.Replace(reader)]++
		partners, staff := false, false
		switch reader {
		case partnerChannel, partner:
			partners = true
		case leadChannel, agent, second:
			partners, staff = true, true
		}
		for _, leak := range random.Leaks(reader, partners, staff, outline(m)) {
			t.Errorf("%s:\n%s", names.Replace(leak), outline(m))
		}
	}
	// The tries were no empty ones.
	for _, reader := range []string{partnerChannel, leadChannel, hall, open, voice, agent, partner, nobody} {
		if n := read[names.Replace(reader)]; n < 10 {
			t.Errorf("%s was shown %d messages: %v", names.Replace(reader), n, read)
		}
	}
	changes := 0
	for _, m := range w.shown {
		if strings.Contains(m.Content, "Vous avez modifié") || strings.Contains(m.Content, "modification est notée") {
			changes++
		}
	}
	if random.Count() < 100 || done["moved"] < 30 || done["edit"] < 30 || done["publish"] < 30 || done["forwarded"] < 30 || changes < 10 {
		t.Errorf("%d secrets, %v, %d replies to a change", random.Count(), done, changes)
	}
	t.Logf("%d tries %v, %d secrets, %d messages shown %v", tries, done, random.Count(), len(w.shown), read)
}

// personOf gives whose direct messages a channel is.
func (w *server) personOf(channel string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.directs[channel]
}
