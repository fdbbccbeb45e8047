package bot_test

import (
	"strings"
	"testing"

	"guichet/bot"
	"guichet/routing/ledger"
)

func TestTextsAreChecked(t *testing.T) {
	if _, err := bot.ParseTexts([]byte("hello: Bonjour\n")); err == nil || !strings.Contains(err.Error(), "« routed » manque") {
		t.Errorf("missing texts: %v", err)
	}
	if _, err := bot.ParseTexts([]byte("bonjour: Bonjour\n")); err == nil || !strings.Contains(err.Error(), "« bonjour » ne sert à rien") {
		t.Errorf("a text that nothing says: %v", err)
	}
	for _, wrong := range []string{"{{.nom}}", "{{if .lead}}{{.nom}}{{end}}", "{{if not .lead}}{{.nom}}{{end}}"} {
		changed := strings.Replace(string(bot.DefaultTextsYAML()), "Une demande est déjà ouverte", wrong, 1)
		if _, err := bot.ParseTexts([]byte(changed)); err == nil || !strings.Contains(err.Error(), "joined") {
			t.Errorf("a value that the text does not have, %s: %v", wrong, err)
		}
	}
	if _, err := bot.ParseTexts([]byte("hello: '{{.'\n")); err == nil || !strings.Contains(err.Error(), "hello") {
		t.Errorf("a broken template: %v", err)
	}
}

func TestTextsMayBeWrapped(t *testing.T) {
	const wrapped = "hello: |-\n  Bonjour, posez\n  votre question.\n\n  Par exemple :\n  - une\n    aide ;\n  - un prêt.\n"
	_, rest, _ := strings.Cut(string(bot.DefaultTextsYAML()), "\nthanks:")
	texts, err := bot.ParseTexts([]byte(wrapped + "thanks:" + rest))
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	if err := texts["hello"].Execute(&got, nil); err != nil || got.String() != "Bonjour, posez votre question.\n\nPar exemple :\n- une aide ;\n- un prêt." {
		t.Errorf("%q, %v", got.String(), err)
	}
}

func TestAnAnswerAfterTheDelayIsKeptForTheEntryPoint(t *testing.T) {
	c := open(t)
	asked := c.say(t, "fil", "Un industriel veut s'implanter chez nous, il cherche 5 hectares.")
	r := c.request(t, asked.Request)
	if err := c.requests.FollowUp(t.Context(), asked.Request, r.Deadline); err != nil {
		t.Fatal(err)
	}
	reply := c.say(t, "fil", "Son siège est en Italie")
	r = c.request(t, asked.Request)
	if reply.Request != asked.Request || r.Lead != c.desk.Rules.EntryPoint() || r.Status != ledger.Transmitted || !strings.Contains(lastWhy(r), "Italie") {
		t.Errorf("reply %+v, request %+v", reply, r)
	}
}
