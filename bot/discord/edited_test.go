package discord_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"guichet/bot/bottest"
	"guichet/routing/ledger"
)

// changes changes a message, as its author does (docs.discord.com/developers/events/gateway-events, « Message Update »).
func (w *server) changes(event map[string]any, text string) map[string]any {
	w.mu.Lock()
	w.now = w.now.Add(time.Second)
	e := maps.Clone(event)
	e["content"], e["mentions"], e["edited_timestamp"] = text, mentionsOf(text), w.now.Format(time.RFC3339Nano)
	w.mu.Unlock()
	w.dispatch("MESSAGE_UPDATE", e)
	return e
}

func TestEditedMessages(t *testing.T) {
	w := newServer(t)
	g := w.join(fresh(t), true)
	nothing := func(what string, do func()) {
		t.Helper()
		before := w.count()
		do()
		time.Sleep(30 * time.Millisecond) // the gateway is not waited for
		if w.quiet(); w.count() != before {
			t.Errorf("%s: %+v", what, w.shown[before:])
		}
	}
	// A message that did not call guichet, then does.
	var quiet map[string]any
	nothing("a message for nobody", func() { quiet = w.says(nobody, partnerChannel, bottest.Question) })
	nothing("changed, for nobody still", func() { w.changes(quiet, "Quels sont les types de conventions ?") })
	var called map[string]any
	shown := w.after(1, func() {
		called = w.changes(quiet, at(me)+bottest.Question)
		w.dispatch("MESSAGE_UPDATE", called) // a link was unfurled since
	})
	if len(shown) != 1 || shown[0].ChannelID != quiet["id"] || !strings.Contains(outline(shown[0]), bottest.PartnerWord) {
		t.Fatalf("%+v", shown)
	}
	// The same message changes again, its mention gone: answered anew in its thread.
	shown = w.after(1, func() { w.changes(quiet, "Qui s'occupe de l'export à la Région ?") })
	if len(shown) != 1 || shown[0].ChannelID != quiet["id"] || !strings.Contains(shown[0].Content, "Vous avez modifié votre message") {
		t.Errorf("%+v", shown)
	}
	// What is no change of the author's.
	nothing("a link that Discord unfurled", func() { w.dispatch("MESSAGE_UPDATE", quiet) })
	nothing("guichet's own message", func() {
		w.mu.Lock()
		e := w.event(shown[0])
		w.mu.Unlock()
		w.changes(e, at(me)+"Bonjour")
	})
	nothing("nothing of it", func() {
		w.dispatch("MESSAGE_UPDATE", map[string]any{"id": "1", "channel_id": partnerChannel, "edited_timestamp": "x"})
	})
	// A request is changed, then removed: one request, its history tells the change.
	var asked map[string]any
	w.after(1, func() {
		asked = w.says(partner, partnerChannel, at(me)+"Restaurateur à Amiens, SIREN 732829320, nous cherchons une aide pour exporter nos sauces.")
	})
	told := w.after(1, func() {
		w.changes(asked, at(me)+"Restaurateur à Amiens, SIREN 732829320, nous cherchons une aide pour exporter au Japon.")
	})
	if !strings.Contains(told[0].Content, "modification est notée") || told[0].ChannelID != asked["id"] {
		t.Errorf("%+v", told)
	}
	nothing("a message that its author removed", func() {
		w.dispatch("MESSAGE_DELETE", map[string]any{"id": asked["id"], "channel_id": partnerChannel, "guild_id": guild})
	})
	all, err := g.Requests.List(t.Context(), ledger.Viewer{Staff: true}, ledger.Filter{})
	if err != nil || len(all) != 1 {
		t.Fatalf("%d requests, %v", len(all), err)
	}
	r, err := g.Requests.Get(t.Context(), ledger.Viewer{Staff: true}, all[0].Reference)
	if last := r.Events[len(r.Events)-1]; err != nil || last.Kind != ledger.Amended || !strings.Contains(last.Why, "Japon") || strings.Contains(r.Text, "Japon") {
		t.Errorf("%+v, %v", r, err)
	}
	// A week later it is too late: nothing tells any more what was answered.
	w.later(7 * 24 * time.Hour)
	nothing("an old message", func() { w.changes(asked, at(me)+"Quelles aides ?") })
}
