package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"guichet/migrations/databasetest"
	"guichet/routing"
	"guichet/routing/rulebook"
)

func TestPerson(t *testing.T) { databasetest.Each(t, aPerson) }

func aPerson(t *testing.T, e databasetest.Engine) {
	c := terminalOn(t, e)
	const name, phone = "Jeanne Fictive", "06 39 98 00 01"
	new := c.object("request", "new", "--by", name, "Je suis Jeanne Fictive, "+phone+" : notre menuiserie de 12 salariés à Amiens cherche un prêt pour une machine.", "--now", "2026-03-02")
	reference := new["request"].(string)

	if out := c.done("request", "show", reference, "--audience", "staff"); !strings.Contains(out, phone) {
		t.Errorf("the request does not show %s:\n%s", phone, out)
	}
	c.done("request", "show", reference, "--thread", new["thread"].(string)) // one's own leaves no trace
	c.done("company", "--audience", "staff", "Menuiserie Verlinor")
	accesses := c.object("access", "list", "--audience", "staff")["accesses"].([]any)
	if len(accesses) != 2 {
		t.Errorf("accesses %v", accesses)
	}
	if out := c.done("access", "--audience", "staff", "--about", reference); strings.Count(out, "\n") != 1 || !strings.Contains(out, "cli") {
		t.Errorf("access list:\n%s", out)
	}
	if code, _, stderr := c.run("", "access", "list"); code != exitError || !strings.Contains(stderr, "--audience staff") {
		t.Errorf("the public reads the accesses: %d %s", code, stderr)
	}

	found := c.object("person", "export", name, "0639980001")["found"].([]any)
	tables := map[string]bool{}
	for _, f := range found {
		tables[f.(map[string]any)["table"].(string)] = true
	}
	if !tables["requests"] || !tables["request_events"] || !tables["messages"] {
		t.Errorf("the export has %v", tables)
	}
	if out := c.done("person", "export", name); !strings.Contains(out, phone) || !strings.Contains(out, "auteur       Jeanne Fictive") || !strings.Contains(out, "trouvé       Jeanne Fictive") {
		t.Errorf("the export to read:\n%s", out)
	}
	out := c.done("person", "erase", name, "--why", "essai", "--confirm")
	if !strings.Contains(out, "la demande est ouverte") || !strings.Contains(out, reference) {
		t.Errorf("an open request:\n%s", out)
	}
	c.done("request", "status", reference, "closed", "--why", "réglé")
	s := startServe(t, c.database)
	s.opened()
	until(t, "the notices are sent", func() bool {
		return !strings.Contains(c.done("person", "erase", name, phone, "--why", "essai"), "un avis n'est pas encore parti")
	})
	s.ended()
	if out := c.done("person", "erase", name, phone, "--why", "essai"); !strings.Contains(out, "À effacer") || !strings.Contains(out, "--confirm") {
		t.Errorf("before the erasure:\n%s", out)
	}
	c.done("person", "erase", name, phone, "--why", "essai", "--confirm")
	if out := c.done("request", "show", reference, "--audience", "staff"); strings.Contains(out, "Fictive") || strings.Contains(out, phone) || !strings.Contains(out, "MHDFF") {
		t.Errorf("after the erasure:\n%s", out)
	}

	for _, wrong := range [][]string{{"person", "erase", name}, {"person", "erase", name, "--why", " "}, {"person", "export", "de"}, {"person", "export"}} {
		if code, _, stderr := c.run("", wrong...); code != exitUsage || stderr == "" {
			t.Errorf("%v: code %d, %s", wrong, code, stderr)
		}
	}
	if out := c.done("person", "forget"); !strings.Contains(out, "Rien ne dépasse") {
		t.Errorf("nothing to forget:\n%s", out)
	}
	if erased := c.object("person", "forget", "--now", "2029-01-01")["erased"].(map[string]any); erased["accesses"] != 3.0 {
		t.Errorf("three years later: %v", erased)
	}
}

// The README gives the periods that ship.
func TestReadmePeriods(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(readme), "## Données personnelles\n")
	if !ok {
		t.Fatal("the README has no section « Données personnelles »")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	book, err := rulebook.Load(rulebook.Default())
	if err != nil {
		t.Fatal(err)
	}
	r := book.Retention
	shipped := map[string]routing.Period{
		"conversations": r.Conversations, "votes": r.Votes, "gaps": r.Gaps, "requests": r.Requests, "companies": r.Companies,
		"fundings": r.Fundings, "notices": r.Notices, "jobs": r.Jobs, "accesses": r.Accesses, "acts": r.Acts,
	}
	for _, line := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\|.*\\| ([^|]+) \\|$").FindAllStringSubmatch(section, -1) {
		said, ok := rulebook.ParsePeriod(line[2])
		if want, known := shipped[line[1]]; !ok || !known || said != want {
			t.Errorf("the README says « %s » for %s, retention.yaml %+v", line[2], line[1], want)
		}
		delete(shipped, line[1])
	}
	if len(shipped) > 0 {
		t.Errorf("the README does not give %v", shipped)
	}
}
