package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReplayOfTheLedger(t *testing.T) {
	c := newTerminal(t)
	c.done("request", "new", "--now", "2026-03-02", "Nous voulons nous lancer dans l'économie circulaire.")
	c.done("request", "new", "--now", "2026-04-02", "Nous voulons nous lancer dans l'économie circulaire à Lens.")
	c.done("request", "new", "--now", "2026-04-03", "Nous voulons exporter en Espagne.")
	c.done("request", "assign", "2026-0002", "--now", "2026-04-07", "--lead", "DRI", "--why", "pas pour nous")
	rules := t.TempDir()
	c.done("rules", "export", rules)
	path := filepath.Join(rules, "rules.yaml")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(content), "lead: DTRI", "lead: DRI", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, more := range [][]string{nil, {"--reread"}} {
		out := c.done(append([]string{"rules", "replay", "--audience", "staff", "--rules", rules}, more...)...)
		for _, want := range []string{
			"3 demandes rejouées", "Autre chef de file : DTRI (filiere-rev3) → DRI (filiere-rev3), 1 demande", "2026-0001  Objet de la demande : économie circulaire",
			"elles donnent la direction que la personne a choisie : 1 demande", "2026-0002  DTRI → DRI par une personne (« pas pour nous »)",
		} {
			if !strings.Contains(out, want) {
				t.Errorf("%v: %q is not in\n%s", more, want, out)
			}
		}
	}
	got := c.object("rules", "replay", "--audience", "staff", "--rules", rules, "--since", "2026-04-03", "--until", "2026-04-03")
	if got["read"] != 1.0 || got["unchanged"] != 1.0 || len(got["groups"].([]any)) != 0 {
		t.Errorf("one day: %v", got)
	}
	if got := c.object("rules", "replay", "--audience", "staff"); got["unchanged"] != 2.0 || len(got["moved"].([]any)) != 1 {
		t.Errorf("the same rules: %v", got)
	}
	if code, _, stderr := c.run("", "rules", "replay", "--audience", "staff", "--since", "2026-04-03", "--until", "2026-04-02"); code != exitUsage || !strings.Contains(stderr, "--until") {
		t.Errorf("code %d, %s", code, stderr)
	}
	if code, _, stderr := c.run("", "rules", "replay", "--audience", "staff", "--since", "hier"); code != exitUsage || !strings.Contains(stderr, "AAAA-MM-JJ") {
		t.Errorf("code %d, %s", code, stderr)
	}
}

func TestSteeringInTheTerminal(t *testing.T) {
	c := newTerminal(t)
	c.done("request", "new", "--now", "2026-04-28", "Notre société, située à Amiens, veut exporter en Espagne.")
	c.done("request", "status", "2026-0001", "taken", "--now", "2026-05-04") // the third working day: 1 May is a public holiday
	c.done("request", "new", "--now", "2026-05-05", "Nous voulons exporter en Italie, à Laon.")
	got := c.object("steering", "--audience", "staff", "--from", "2026-04-01", "--to", "2026-05-31", "--now", "2026-05-12", "--cut", "arrondissement")
	indicators := map[string]map[string]any{}
	for _, i := range got["indicators"].([]any) {
		i := i.(map[string]any)
		indicators[i["id"].(string)] = i
		if i["definition"] == "" || i["name"] == "" {
			t.Errorf("no definition: %v", i)
		}
	}
	for id, want := range map[string]any{"received": 2.0, "taken-within-3": 50.0, "time-to-take-median": 3.0, "backlog": 2.0, "late": 1.0, "without-owner": 0.0, "inactive-epci": 90.0, "answered-on-time": nil} {
		if indicators[id]["value"] != want {
			t.Errorf("%s: %v, want %v", id, indicators[id]["value"], want)
		}
	}
	zones := fmt.Sprint(indicators["received"]["zones"])
	if !strings.Contains(zones, "Amiens") || !strings.Contains(zones, "Laon") {
		t.Errorf("zones %s", zones)
	}
	// A convention in force on two themes makes two blank zones less.
	c.done("convention", "import", write(t, "c.csv", fictiveConventions))
	want := indicators["blank-zones"]["value"].(float64) - 2
	got = c.object("steering", "--audience", "staff", "--from", "2026-04-01", "--now", "2026-05-12")
	for _, i := range got["indicators"].([]any) {
		if i := i.(map[string]any); i["id"] == "blank-zones" && i["value"] != want {
			t.Errorf("%v blank zones, want %v", i["value"], want)
		}
	}
	out := c.done("steering", "--audience", "staff", "--from", "2026-04-01", "--now", "2026-05-12")
	for _, want := range []string{"Pilotage du 01/04/2026 au 12/05/2026", "Prises en charge en 3 jours : 50,0\u00a0% (2 cas)", "DPEAP", "Demandes ouvertes par direction et par âge"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	if out := c.done("steering", "--audience", "staff", "--csv", "--now", "2026-05-12"); !strings.HasPrefix(out, "\ufeffindicateur;nom;") || !strings.Contains(out, "taken-within-3;Prises en charge en 3 jours;%;direction;DPEAP;DPEAP;50,0;2") {
		t.Errorf("%s", out)
	}
	for _, args := range [][]string{{"--cut", "canton"}, {"--direction", "NULLE"}, {"--from", "2026-05-02", "--to", "2026-05-01"}, {"--csv", "--json"}} {
		if code, _, stderr := c.run("", append([]string{"steering", "--audience", "staff", "--now", "2026-05-12"}, args...)...); code != exitUsage || stderr == "" {
			t.Errorf("%v: code %d, %s", args, code, stderr)
		}
	}
}
