package discord_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"guichet/bot"
	"guichet/bot/bottest"
	"guichet/bot/discord"
)

var update = flag.Bool("update", false, "write the golden files again")

var _ bot.Platform = (*discord.Bot)(nil)

// A whole conversation: what people see is in testdata.
func TestConversation(t *testing.T) {
	w := newServer(t)
	g := w.join(fresh(t), true)

	// A question in a partner's channel: answered in a thread that begins at it.
	said := w.after2(1, func() map[string]any { return w.says(agent, partnerChannel, at(me)+bottest.Question) })
	answer := said.shown[0]
	if answer.ChannelID != said.event["id"] {
		t.Fatalf("answered in %s", answer.ChannelID)
	}
	// It is of no use, and why.
	w.opens(func() { w.presses(partner, answer, "useless") })
	w.after(1, func() { w.fills(partner, map[string]string{"reason": "trop court"}) })
	// Somebody else's talk is left alone, there and in the thread when it calls or answers a third person.
	w.says(nobody, partnerChannel, "Bonjour à tous")
	w.says(nobody, answer.ChannelID, at(partner)+"tu viens ?")
	w.says(nobody, answer.ChannelID, "et toi ?", func(e map[string]any) {
		e["type"], e["referenced_message"] = 19, map[string]any{"id": "1", "channel_id": answer.ChannelID, "author": account(partner), "type": 0, "content": "x"}
	})
	// For oneself, then for all.
	private := w.after(1, func() { w.asks(agent, partnerChannel, "question", map[string]string{"texte": bottest.Question}) })
	w.after(2, func() { w.presses(agent, private[0], "publish") })
	w.presses(agent, private[0], "publish") // a second press publishes nothing more
	w.quiet()
	// In direct messages.
	direct := w.after2(1, func() map[string]any { return w.writes(agent, bottest.Question) })
	w.after(1, func() { w.presses(agent, direct.shown[0], "useful") })
	w.after(1, func() { w.presses(agent, direct.shown[0], "own-choice") })
	w.after(1, func() { w.presses(agent, private[0], "own-choice") })
	// A company's request, handed over in the lead's channel.
	asked := w.after2(1, func() map[string]any {
		return w.says(partner, partnerChannel, at(me)+"Restaurateur à Amiens, SIREN 732829320, nous cherchons une aide pour exporter nos sauces.")
	})
	card := w.after(1, func() { g.Deliver(t) })[0]
	// The lead asks for a precision, gets it, takes the request and answers.
	w.opens(func() { w.presses(agent, card, "act:ask") })
	w.after(2, func() { w.fills(agent, map[string]string{"text": "Vers quel pays ?"}) })
	w.after(1, func() { g.Deliver(t) })
	w.after(1, func() { w.says(partner, asked.event["id"].(string), "Vers le Japon") })
	card = w.after(1, func() { g.Deliver(t) })[0]
	w.after(2, func() { w.presses(agent, card, "act:take") })
	w.after(1, func() { g.Deliver(t) })
	// A second person presses the card as it was.
	w.after(2, func() { w.presses(second, card, "act:take") })
	refreshed := w.card(leadChannel, card.ID)
	w.opens(func() { w.presses(agent, refreshed, "act:answer") })
	w.after(2, func() {
		w.fills(agent, map[string]string{"text": "L'aide à l'export <fictive> vous *va* : https://exemple.invalid/a_b_c."})
	})
	w.after(1, func() { g.Deliver(t) })
	// A message becomes a request.
	w.opens(func() {
		w.forwards(nobody, open, map[string]any{"id": "600000000000000001", "type": 0, "channel_id": open, "author": account(partner), "content": "Une menuiserie cherche un prêt, voir <https://exemple.invalid> <:oui:1>"})
	})
	w.after(1, func() {
		w.fills(nobody, map[string]string{"text": "Une menuiserie cherche un prêt pour une machine.", "company": "Menuiserie fictive", "place": "Amiens", "contact": "contact@menuiserie.example"})
	})
	w.after(1, func() { w.asks(nobody, open, "demandes", nil) })
	// A sheet of a project is answered by those to whom it was sent.
	w.after(1, func() {
		w.asks(nobody, open, "fiche", map[string]string{"numero": "P-2026-0001", "reponse": "1=3,5 ; 2=oui"})
	})
	// The settings of a channel, by an administrator and by somebody else.
	w.after(1, func() { w.asks(nobody, open, "canal", map[string]string{"reglage": "staff"}) })
	w.after(1, func() { w.asks(agent, open, "canal", map[string]string{"reglage": "partner", "valeur": "200000001"}) })
	// A form opens from the command.
	w.opens(func() { w.asks(nobody, hall, "demande", map[string]string{"texte": "Un prêt pour un four"}) })

	w.until("the messages are acknowledged by a reaction", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.reactions) == 4 && strings.HasPrefix(w.reactions[0], "👀 ")
	})
	w.mu.Lock()
	got := names.Replace(steps(w.log))
	w.mu.Unlock()
	got = regexp.MustCompile(`avis [0-9a-f]{8}`).ReplaceAllString(got, "avis …")
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
	history, err := g.Journal.History(t.Context(), "discord/"+partnerChannel, said.event["id"].(string), 10)
	if err != nil || len(history) != 1 {
		t.Errorf("%d turns, %v", len(history), err)
	}
}

// steps gives what happened, step by step; inside a step, things that happen at once are put in one order.
func steps(log []string) string {
	var out, step []string
	for _, one := range append(log, "") {
		if strings.HasPrefix(one, "  ") {
			step = append(step, one)
			continue
		}
		slices.Sort(step)
		out, step = append(append(out, step...), one), nil
	}
	return strings.Join(out, "\n")
}

type exchange struct {
	event map[string]any
	shown []message
}

func (w *server) after2(n int, do func() map[string]any) (e exchange) {
	w.t.Helper()
	e.shown = w.after(n, func() { e.event = do() })
	return e
}

// writes sends direct messages.
func (w *server) writes(user, text string) map[string]any {
	w.mu.Lock()
	channel := w.directOf(user)
	w.mu.Unlock()
	return w.says(user, channel, text)
}

// forwards chooses « Transmettre au guichet » on a message.
func (w *server) forwards(user, channel string, m map[string]any) {
	w.note(names.Replace(user) + " transmet au guichet, dans " + names.Replace(channel))
	id := fmt.Sprint(m["id"])
	w.acts(user, channel, 2, map[string]any{"id": "2", "name": "Transmettre au guichet", "type": 3, "target_id": id, "resolved": map[string]any{"messages": map[string]any{id: m}}}, nil)
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
