package bot_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"guichet/bot"
	"guichet/routing/ledger"
)

// What the asker of a joined request writes reaches the request that is followed, and they are told what becomes of it.
func TestAFollowUpOfAJoinedRequestReachesTheOther(t *testing.T) {
	c := open(t)
	first := c.say(t, "un", "L'entreprise Verlinor Bois à Lens, 20 salariés, cherche un prêt.")
	second := c.say(t, "deux", "L'entreprise Verlinor Bois Services à Lens, 20 salariés, veut exporter en Espagne.")
	if second.Request == first.Request {
		t.Fatal("joined by itself")
	}
	at := morning.Add(time.Hour)
	if _, err := c.requests.Join(t.Context(), first.Request, second.Request, "même gérante", "Agente", at); err != nil {
		t.Fatal(err)
	}
	if reply := c.say(t, "deux", "Je suis au 03 20 00 00 00"); reply.Kind != bot.ReplyHuman || reply.Request != second.Request {
		t.Errorf("reply %+v", reply)
	}
	for _, reference := range []string{first.Request, second.Request} {
		if r := c.request(t, reference); lastWhy(r) != "Je suis au 03 20 00 00 00" {
			t.Errorf("%s ends with %q", reference, lastWhy(r))
		}
	}
	if _, err := c.requests.Answer(t.Context(), first.Request, "Rendez-vous jeudi.", "Agente", at); err != nil {
		t.Fatal(err)
	}
	told := func(thread string) string {
		t.Helper()
		reply := c.say(t, thread, "Où en est ma demande ?")
		if reply.Kind != bot.ReplyStatus {
			t.Errorf("%+v", reply)
		}
		all := reply.Text
		for _, f := range reply.Fields {
			all += "\n" + f.Label + " " + f.Value
		}
		return all
	}
	all := told("deux")
	for _, want := range []string{"répondue", "Rendez-vous jeudi.", c.request(t, first.Request).Lead} {
		if !strings.Contains(all, want) {
			t.Errorf("the asker is not told %q:\n%s", want, all)
		}
	}
	for _, never := range []string{"cherche un prêt", "même gérante"} {
		if strings.Contains(all, never) {
			t.Errorf("the asker is told %q of the other:\n%s", never, all)
		}
	}
}

// A fact that was asked for comes after the request was joined: it reaches who follows it.
func TestTheFactOfAJoinedRequestIsNotLost(t *testing.T) {
	c := open(t)
	first := c.say(t, "un", "L'entreprise Verlinor Bois à Lens, 20 salariés, cherche un prêt.")
	asked := c.say(t, "deux", "L'entreprise Verlinor Bois Services veut s'implanter à Lens, elle cherche 5 hectares.")
	if asked.Kind != bot.ReplyAsk {
		t.Fatalf("reply %+v", asked)
	}
	if _, err := c.requests.Join(t.Context(), first.Request, asked.Request, "la même", "Agente", morning.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	reply := c.say(t, "deux", "C'est un groupe italien")
	if reply.Kind != bot.ReplyRouted || !strings.Contains(reply.Text, c.request(t, first.Request).Lead) || !strings.Contains(reply.Text, "suivie avec une autre") {
		t.Errorf("reply %+v", reply)
	}
	if got := lastWhy(c.request(t, first.Request)); got != "C'est un groupe italien" {
		t.Errorf("the request that is followed ends with %q", got)
	}
}

// A conversation whose message was split out of another's request follows its own from then on.
func TestAConversationFollowsTheRequestSplitOut(t *testing.T) {
	c := open(t)
	first := c.say(t, "un", "L'entreprise Verlinor Bois à Lens, 20 salariés, cherche un prêt.")
	joined := c.say(t, "deux", "L'entreprise Verlinor Bois à Lens veut exporter en Espagne.")
	if joined.Request != first.Request {
		t.Fatal("not joined")
	}
	r, err := c.requests.Split(t.Context(), first.Request, 2, "un homonyme", "Agente", morning.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	before := len(c.request(t, first.Request).Events)
	if reply := c.say(t, "deux", "Je suis au 03 20 00 00 00"); reply.Request != r.Reference || !strings.Contains(reply.Text, r.Reference) {
		t.Errorf("reply %+v", reply)
	}
	if reply := c.say(t, "deux", "Je veux parler à quelqu'un"); reply.Request != r.Reference {
		t.Errorf("reply %+v", reply)
	}
	if got := c.request(t, first.Request); len(got.Events) != before {
		t.Errorf("the other's request got %q", lastWhy(got))
	}
}

// The same words from a new page, by somebody unknown, are shown as a likely duplicate.
func TestTheSameTextFromANewPageIsShown(t *testing.T) {
	c := open(t)
	const text = "Je voudrais créer une conserverie de légumes anciens à Lens, pouvez-vous m'aider ?"
	first, second := c.say(t, "un", text), c.say(t, "deux", text)
	if first.Request == "" || second.Request == first.Request {
		t.Fatalf("%+v\n%+v", first, second)
	}
	twins, err := c.requests.Twins(t.Context(), ledger.Viewer{Staff: true}, second.Request, 0)
	if err != nil || len(twins) != 1 || twins[0].Of(second.Request).Reference != first.Request || !strings.Contains(twins[0].Why(), "même message") {
		t.Errorf("%+v, %v", twins, err)
	}
}

// What everybody may write, or click, makes nobody look like anybody.
func TestTheWordsOfAButtonMakeNoTwins(t *testing.T) {
	c := open(t)
	const click = "Je voudrais parler à quelqu’un."
	first, second := c.say(t, "un", click), c.say(t, "deux", click)
	if first.Request == "" || second.Request == "" || second.Request == first.Request {
		t.Fatalf("%+v\n%+v", first, second)
	}
	if twins, err := c.requests.Twins(t.Context(), ledger.Viewer{Staff: true}, "", 0); err != nil || len(twins) > 0 {
		t.Errorf("%+v, %v", twins, err)
	}
}

// The same words from a new page join the open request of the company that they name, with its number or its commune.
func TestTheSameTextOfACompanyJoins(t *testing.T) {
	c := open(t)
	for i, text := range []string{
		"Verlinor Bois SARL à Amiens, 20 salariés, cherche un prêt.",
		"La société Verlinor Métal (SIREN 732 829 320) cherche un prêt.",
	} {
		first, second := c.say(t, fmt.Sprint("un", i), text), c.say(t, fmt.Sprint("deux", i), text)
		if first.Request == "" || second.Request != first.Request || !strings.Contains(second.Text, "a rejointe") {
			t.Errorf("%q: %+v\n%+v", text, first, second)
		}
	}
	// A name alone tells no company for sure: the likely duplicate is shown.
	const text = "La société Verlinor Textile cherche un prêt."
	first, second := c.say(t, "un", text), c.say(t, "deux", text)
	twins, err := c.requests.Twins(t.Context(), ledger.Viewer{Staff: true}, second.Request, 0)
	if err != nil || len(twins) != 1 || twins[0].Of(second.Request).Reference != first.Request {
		t.Errorf("%+v, %v", twins, err)
	}
}
