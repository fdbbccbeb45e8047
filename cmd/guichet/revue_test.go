package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"guichet/migrations/databasetest"
)

func TestRevuesOfTheTerminal(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, e databasetest.Engine) {
		c := terminalOn(t, e)
		on := func(args ...string) []string { return append([]string{"--now", "2026-11-23"}, args...) }
		c.done(on("request", "new", "--by", "Ada", "Fabrique fictive de Desvres (62240), 12 salariés : un prêt pour une presse")...)
		staff := c.done(on("revue", "--epci", "200018083", "--audience", "staff")...)
		partner := c.done(on("revue", "--epci", "200018083", "--audience", "partner")...)
		for _, out := range []string{staff, partner} {
			if !strings.Contains(out, "2026-0001") || !strings.Contains(out, "depuis le 05/10/2026") {
				t.Error(out)
			}
		}
		if !strings.Contains(staff, "Version des agents") || strings.Contains(partner, "associées") || !strings.Contains(partner, "Version de l'EPCI") {
			t.Error(staff, partner)
		}
		if d := c.object(on("revue", "--region", "--audience", "staff", "--since", "2026-11-01")...); d["since"] != "2026-10-31T23:00:00Z" && d["since"] != "2026-11-01T00:00:00+01:00" || len(d["open"].([]any)) != 1 {
			t.Error(d)
		}
		file := filepath.Join(t.TempDir(), "revue.docx")
		c.done(on("revue", "--committee", "technique", "--audience", "staff", "--format", "docx", "--output", file)...)
		if content, err := os.ReadFile(file); err != nil || !strings.HasPrefix(string(content), "PK") {
			t.Error(err)
		}
		if dates := c.object(on("revue", "--dates", "--audience", "staff")...); len(dates["dates"].([]any)) != 94 {
			t.Error(dates)
		}
		for want, args := range map[string][]string{
			"ne sont pas publiques":      {"--region"},
			"aucune revue de ce nom":     {"--region", "--audience", "partner"},
			"donnez --epci":              {"--audience", "staff"},
			"comités : technique, copil": {"--audience", "staff", "--committee", "autre"},
			"existe":                     {"--audience", "staff", "--region", "--output", file},
		} {
			if code, _, stderr := c.run("", on(append([]string{"revue"}, args...)...)...); code == 0 || !strings.Contains(stderr, want) {
				t.Errorf("%v: %d, %s", args, code, stderr)
			}
		}
	})
}
