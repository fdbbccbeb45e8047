package main

import (
	"fmt"
	"strings"
	"testing"

	"guichet/migrations/databasetest"
)

// Two requests that look alike are shown with why, joined, split and told apart, at the terminal.
func TestTwins(t *testing.T) { databasetest.Each(t, twins) }

func twins(t *testing.T, e databasetest.Engine) {
	t.Parallel()
	c := terminalOn(t, e)
	staff := func(args ...string) string { t.Helper(); return c.done(append(args, "--audience", "staff")...) }
	first := c.object("request", "new", "L'entreprise Lindorel Bois à Lens, 20 salariés, cherche un prêt.")["request"].(string)
	second := c.object("request", "new", "L'entreprise Lindorel Bois Services à Lens, 20 salariés, veut exporter en Espagne.")["request"].(string)
	if again := c.object("request", "new", "La société Lindorrel Bois, à Lens, veut former ses vendeurs.")["request"]; again != first {
		t.Errorf("a letter wrong makes %v", again)
	}
	const why = "« Lindorel Bois » se retrouve en entier dans « Lindorel Bois Services » ; même commune"
	for _, args := range [][]string{{"request", "twins"}, {"request", "twins", second}, {"request", "show", second}} {
		if out := staff(args...); !strings.Contains(out, why) || !strings.Contains(out, first) {
			t.Errorf("%v: %s", args, out)
		}
	}
	found := fmt.Sprint(c.object("request", "twins", "--audience", "staff")["twins"])
	if !strings.Contains(found, "name_part") || !strings.Contains(found, "se retrouve en entier") || !strings.Contains(fmt.Sprint(c.object("request", "show", first, "--audience", "staff")["twins"]), "name_part") {
		t.Errorf("--json: %s", found)
	}
	// A partner of the territory sees its requests, and not that they look alike.
	if code, out, stderr := c.run("", "request", "twins", "--audience", "partner", "--epci", "246200364"); code == 0 || out != "" || !strings.Contains(stderr, "réservée aux agents") {
		t.Errorf("a partner: %d %s%s", code, out, stderr)
	}
	if out := c.done("request", "show", second, "--audience", "partner", "--epci", "246200364"); strings.Contains(out, "Peut-être") || !strings.Contains(out, "Services") {
		t.Errorf("a partner sees %s", out)
	}
	if code, _, stderr := c.run("", "request", "join", first, second); code != 2 || !strings.Contains(stderr, "--why") {
		t.Errorf("joined without a reason: %d %s", code, stderr)
	}

	if out := c.done("request", "join", first, second, "--why", "même gérante", "--by", "Agente"); !strings.Contains(out, first) {
		t.Errorf("join: %s", out)
	}
	if out := staff("request", "show", second); !strings.Contains(out, "jointe à une autre ("+first+")") || !strings.Contains(out, "Agente · même gérante") {
		t.Errorf("joined: %s", out)
	}
	if out := staff("request", "list", "--status", "merged"); !strings.Contains(out, second) || strings.Contains(out, first+" ") {
		t.Errorf("list: %s", out)
	}
	c.done("request", "split", second, "--why", "deux sociétés")
	c.done("request", "split", first, "--message", "2", "--why", "un homonyme")
	if out := staff("request", "show", first); !strings.Contains(out, "message reçu (2)") || strings.Count(out, "en est séparée la · 2026-") != 2 {
		t.Errorf("split: %s", out)
	}
	if out := staff("request", "twins", first); !strings.Contains(out, "Aucune demande") {
		t.Errorf("what was split is shown again: %s", out)
	}
	if out := staff("request", "twins"); !strings.Contains(out, "à une lettre près") {
		t.Errorf("the two that were split out: %s", out)
	}
	pair := c.object("request", "twins", "--audience", "staff")["twins"].([]any)[0].(map[string]any)
	reference := func(side string) string { return pair[side].(map[string]any)["reference"].(string) }
	c.done("request", "apart", reference("first"), reference("second"))
	if out := staff("request", "twins"); !strings.Contains(out, "Aucune demande") {
		t.Errorf("told apart, and shown: %s", out)
	}
	if code, _, stderr := c.run("", "request", "split", first, "--message", "2", "--why", "encore"); code != 1 || !strings.Contains(stderr, "n'est pas de ceux qui ont rejoint") {
		t.Errorf("split twice: %d %s", code, stderr)
	}
}
