package slack_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"guichet/routing/ledger"
)

// changed is the event of a message that its author changed (docs.slack.dev/reference/events/message/message_changed).
func (w *workspace) changed(event map[string]any, text string) map[string]any {
	w.mu.Lock()
	defer w.mu.Unlock()
	stamp := w.stamp()
	before, now := maps.Clone(event), maps.Clone(event)
	now["text"], now["edited"] = text, map[string]any{"user": event["user"], "ts": stamp}
	return map[string]any{
		"type": "message", "subtype": "message_changed", "hidden": true, "channel": event["channel"], "channel_type": event["channel_type"], "ts": stamp, "event_ts": stamp,
		"message": now, "previous_message": before,
	}
}

func TestEditedMessages(t *testing.T) {
	w := newWorkspace(t)
	g := w.serve(fresh(t), false)
	send := func(event map[string]any) {
		t.Helper()
		if _, ok := g.overHTTP("events_api", callback(event)); !ok {
			t.Errorf("not acknowledged: %v", event)
		}
	}
	nothing := func(what string, event map[string]any) {
		t.Helper()
		before := w.count()
		send(event)
		if w.quiet(); w.count() != before {
			t.Errorf("%s: %+v", what, w.last())
		}
	}
	// A message that did not call guichet, then does: Slack tells it twice.
	quiet := w.says(nobody, partnerChannel, "", "Quels sont les types de conventions avec les EPCI ?")
	nothing("a message for nobody", quiet)
	nothing("changed, for nobody still", w.changed(quiet, "Quels sont les types de conventions ?"))
	called := w.changed(quiet, "<@UBOT> "+question)
	again := mention(quiet)
	again["text"], again["edited"] = "<@UBOT> "+question, map[string]any{"user": nobody, "ts": called["ts"]}
	shown := w.after(1, func() { send(called); send(again); w.later(1e9); send(called) })
	if len(shown) != 1 || shown[0].thread != quiet["ts"] || !strings.Contains(shown[0].blocks, "RESERVE-EPCI") {
		t.Fatalf("%+v", shown)
	}
	// The same message changes again, its mention gone: answered anew in its thread.
	shown = w.after(1, func() { send(w.changed(quiet, "Qui s'occupe de l'export à la Région ?")) })
	if len(shown) != 1 || shown[0].thread != quiet["ts"] || !strings.Contains(shown[0].blocks, "Vous avez modifié votre message") {
		t.Errorf("%+v", shown)
	}
	// What is no change of the author's.
	unfurled := w.changed(quiet, quiet["text"].(string))
	nothing("a link that Slack unfurled", unfurled)
	own := w.changed(map[string]any{"type": "message", "user": me, "bot_id": "BBOT", "channel": partnerChannel, "ts": shown[0].ts, "thread_ts": quiet["ts"], "text": "a"}, "b")
	nothing("guichet's own message", own)
	stolen := w.changed(quiet, "<@UBOT> Bonjour")
	stolen["message"].(map[string]any)["edited"] = map[string]any{"user": agent, "ts": "2.2"}
	nothing("a change by somebody else", stolen)
	nothing("nothing of it", map[string]any{"type": "message", "subtype": "message_changed", "channel": partnerChannel, "ts": "2.2", "event_ts": "2.2"})
	// A request is changed, then removed: one request, its history tells the change.
	asked := w.says(partner, partnerChannel, "", "<@UBOT> Restaurateur à Amiens, SIREN 732829320, nous cherchons une aide pour exporter nos sauces.")
	w.after(1, func() { send(asked) })
	told := w.after(1, func() {
		send(w.changed(asked, "<@UBOT> Restaurateur à Amiens, SIREN 732829320, nous cherchons une aide pour exporter au Japon."))
	})
	if !strings.Contains(told[0].blocks, "modification est notée") || told[0].thread != asked["ts"] {
		t.Errorf("%+v", told)
	}
	nothing("a message that its author removed", map[string]any{
		"type": "message", "subtype": "message_deleted", "hidden": true, "channel": partnerChannel, "channel_type": "channel", "ts": "3.3", "event_ts": "3.3", "deleted_ts": asked["ts"], "previous_message": asked,
	})
	all, err := g.Requests.List(t.Context(), ledger.Viewer{Staff: true}, ledger.Filter{})
	if err != nil || len(all) != 1 {
		t.Fatalf("%d requests, %v", len(all), err)
	}
	r, err := g.Requests.Get(t.Context(), ledger.Viewer{Staff: true}, all[0].Reference)
	if err != nil || !strings.Contains(fmt.Sprint(r.Events[len(r.Events)-1]), "Japon") || r.Text != "Restaurateur à Amiens, SIREN 732829320, nous cherchons une aide pour exporter nos sauces." {
		t.Errorf("%+v, %v", r, err)
	}
	// In direct messages.
	direct := w.says(nobody, "D0NOBODY", "", "Bonjour")
	w.after(1, func() { send(direct) })
	if shown := w.after(1, func() { send(w.changed(direct, "Qui s'occupe de l'export à la Région ?")) }); shown[0].channel != "D0NOBODY" || !strings.Contains(shown[0].blocks, "DPEAP") {
		t.Errorf("%+v", shown)
	}
	// A week later it is too late: nothing tells any more what was answered.
	w.later(7 * 24 * 60 * 60 * 1e9)
	nothing("an old message", w.changed(direct, "Quelles aides ?"))
}
