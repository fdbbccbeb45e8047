package bot_test

import (
	"strings"
	"testing"

	"guichet/bot"
	"guichet/migrations/databasetest"
	"guichet/routing/ledger"
)

// change gives a message that its author changed into another.
func (m *messenger) change(in bot.Incoming, text string) bot.Incoming {
	edited := m.write(in.Channel, in.Thread, in.Person, text)
	edited.Edited, edited.ID = in.ID, in.ID+"/"+edited.ID
	return edited
}

func TestAnEditedMessage(t *testing.T) { databasetest.Each(t, anEditedMessage) }

func anEditedMessage(t *testing.T, e databasetest.Engine) {
	m := openChat(t, e)
	// A question is answered anew, beside its first reply; the same answer is not said twice.
	first := m.write("chat/PARTNER", "fil", "chat/NOBODY", "Quels sont les types de conventions avec les EPCI ?")
	m.serve(first)
	if shown := m.serve(m.change(first, "Quels sont les types de conventions avec les EPCI, SVP ?")); shown.Reply.Kind != bot.ReplySmall || !strings.Contains(shown.Reply.Text, "ne change pas") {
		t.Errorf("%+v", shown.Reply)
	}
	shown := m.serve(m.change(first, "Qui s'occupe de l'export à la Région ?"))
	if shown.Reply.Kind != bot.ReplyWho || !strings.HasPrefix(shown.Reply.Text, "Vous avez modifié votre message") || strings.Count(shown.Reply.Text, "modifié") != 1 {
		t.Errorf("%+v", shown.Reply)
	}
	// One that was not for guichet is a message like another, once.
	late := m.write("chat/PARTNER", "autre", "chat/NOBODY", "Bonjour")
	late.Edited, late.ID = late.ID, late.ID+"/1"
	claim, ours, err := m.Receive(t.Context(), late)
	if err != nil || !ours || claim.Edited != "" || claim.ID != late.Edited {
		t.Fatalf("%+v, %v, %v", claim, ours, err)
	}
	m.Serve(t.Context(), claim)
	if _, again, err := m.Receive(t.Context(), late); again || err != nil {
		t.Errorf("the same change twice: %v, %v", again, err)
	}
	// A request stays one request: the change is in its history, and its lead is told.
	asked := m.write("chat/PARTNER", "demande", "chat/PARTNER", "Restaurateur à Amiens, SIREN 732829320, nous cherchons une aide pour exporter nos sauces.")
	reference := m.serve(asked).Reply.Request
	m.deliver()
	cards := len(m.platform.cards["chat/STAFF"])
	shown = m.serve(m.change(asked, "Restaurateur à Amiens, SIREN 732829320, nous cherchons un prêt pour exporter nos sauces au Japon."))
	if shown.Reply.Request != reference || !strings.Contains(shown.Reply.Text, "modification est notée") {
		t.Errorf("%+v", shown.Reply)
	}
	all, err := m.requests.List(t.Context(), ledger.Viewer{Staff: true}, ledger.Filter{})
	if err != nil || len(all) != 1 {
		t.Fatalf("%d requests, %v", len(all), err)
	}
	r, err := m.requests.Get(t.Context(), ledger.Viewer{Staff: true}, reference)
	if err != nil {
		t.Fatal(err)
	}
	if last := r.Events[len(r.Events)-1]; last.Kind != ledger.Amended || !strings.Contains(last.Why, "Japon") || last.By != "Paul" || r.Text != asked.Text {
		t.Errorf("%+v", r)
	}
	m.deliver()
	if now := m.platform.cards["chat/STAFF"]; len(now) != cards+1 || !strings.Contains(now[cards].Headline, "modifié") || !strings.Contains(fieldOf(now[cards], "Précisions"), "Japon") {
		t.Errorf("%+v", now)
	}
	// The fact that decides, added by a change, decides.
	industrial := m.write("chat/PARTNER", "usine", "chat/NOBODY", "Un industriel veut s'implanter chez nous, il cherche 5 hectares.")
	if shown = m.serve(industrial); shown.Reply.Kind != bot.ReplyAsk {
		t.Fatalf("%+v", shown.Reply)
	}
	if shown = m.serve(m.change(industrial, "Un industriel italien veut s'implanter chez nous, il cherche 5 hectares.")); shown.Reply.Kind != bot.ReplyRouted {
		t.Errorf("%+v", shown.Reply)
	}
	// A change that comes before the reply waits for it.
	hasty := m.write("chat/PARTNER", "vite", "chat/NOBODY", "Quels sont les types de conventions avec les EPCI ?")
	claim, _, err = m.Receive(t.Context(), hasty)
	if err != nil {
		t.Fatal(err)
	}
	edit := m.change(hasty, "Qui s'occupe de l'export à la Région ?")
	before := len(m.platform.shown)
	again, ours, err := m.Receive(t.Context(), edit)
	if err != nil || !ours {
		t.Fatal(ours, err)
	}
	m.Serve(t.Context(), again)
	if len(m.platform.shown) != before {
		t.Errorf("answered before the message that it changes: %+v", m.platform.shown[before:])
	}
	m.Serve(t.Context(), claim)
	m.now = m.now.Add(bot.EditedWithin)
	left, err := m.Store.Left(t.Context(), "chat", m.now, m.now.Add(1), 10)
	if err != nil || len(left) != 1 || left[0].Edited != hasty.ID {
		t.Errorf("%+v, %v", left, err)
	}
}

func fieldOf(c bot.Card, label string) string {
	for _, f := range c.Fields {
		if f.Label == label {
			return f.Value
		}
	}
	return ""
}
