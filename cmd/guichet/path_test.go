package main

import (
	"strings"
	"testing"

	"guichet/migrations/databasetest"
)

// A request follows the path of its profile: the person and the agent are told the next step, and each step is said.
func TestPath(t *testing.T) { databasetest.Each(t, aPath) }

func aPath(t *testing.T, e databasetest.Engine) {
	c := terminalOn(t, e)
	new := c.object("request", "new", "Nous sommes une menuiserie de 12 salariés à Amiens et nous cherchons un prêt pour une machine.")
	if text := new["text"].(string); !strings.Contains(text, "Prochaine étape : diagnostic financier de départ (MHDFF).") {
		t.Errorf("the person is told %s", text)
	}
	reference := new["request"].(string)
	show := func() string { return c.done("request", "show", reference, "--audience", "staff") }
	if out := show(); !strings.Contains(out, "projet d'une PME") || !strings.Contains(out, "diagnostic-financier · diagnostic financier de départ · MHDFF · prochaine étape") {
		t.Errorf("shown:\n%s", out)
	}
	if out := c.done("request", "step", reference, "diagnostic-financier", "--done", "--by", "Agente Fictive"); !strings.Contains(out, "prochaine étape, financement") || !strings.Contains(out, "MHDFF, FCFE") {
		t.Errorf("step done: %s", out)
	}
	if out := show(); !strings.Contains(out, "MHDFF · faite · Agente Fictive") || !strings.Contains(out, "instruments financiers) · MHDFF, FCFE · prochaine étape") {
		t.Errorf("shown:\n%s", out)
	}
	for _, wrong := range []struct {
		args string
		code int
		want string
	}{
		{"financement --skip", exitUsage, "--why"},
		{"financement", exitUsage, "--done"},
		{"financement --done --skip --why x", exitUsage, "--skip"},
		{"inconnue --done", exitError, "diagnostic-financier, financement"},
	} {
		if code, _, stderr := c.run("", append([]string{"request", "step", reference}, strings.Fields(wrong.args)...)...); code != wrong.code || !strings.Contains(stderr, wrong.want) {
			t.Errorf("step %s: code %d, %s", wrong.args, code, stderr)
		}
	}
	if said := c.object("request", "step", reference, "financement", "--skip", "--why", "déjà trouvé"); said["next"] != nil || len(said["steps"].([]any)) != 2 {
		t.Errorf("step skipped: %v", said)
	}
	if path := c.object("request", "show", reference, "--audience", "staff")["path"].([]any); len(path) != 2 || path[1].(map[string]any)["status"] != "skipped" || path[1].(map[string]any)["why"] != "déjà trouvé" {
		t.Errorf("path %v", path)
	}
	// No profile, no path.
	other := c.object("request", "new", "Nous cherchons un cuisinier pour notre restaurant à Lens.")
	if strings.Contains(other["text"].(string), "étape") {
		t.Errorf("the person is told %s", other["text"])
	}
	if code, _, stderr := c.run("", "request", "step", other["request"].(string), "financement", "--done"); code != exitError || !strings.Contains(stderr, "ne suit pas de parcours") {
		t.Errorf("code %d, %s", code, stderr)
	}
	for text, want := range map[string]string{
		"Notre entreprise de 6 personnes à Lens est en redressement judiciaire, nous cherchons une aide.":  "entreprise en difficulté",
		"Un groupe belge veut implanter sa première usine à Amiens.":                                       "implantation d'une entreprise étrangère",
		"Je veux créer mon entreprise de plomberie à Beauvais.":                                            "création ou reprise",
		"Notre PME de 40 salariés à Lille cherche une subvention pour un investissement, sans difficulté.": "projet d'une PME",
	} {
		r := c.object("request", "new", text)["request"].(string)
		if out := c.done("request", "show", r, "--audience", "staff"); !strings.Contains(out, "Parcours       "+want) {
			t.Errorf("« %s »: want %s\n%s", text, want, out)
		}
	}
}
