package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"guichet/migrations/databasetest"
)

// A fictional company asks two directions for one press, then a third time through the desk.
func TestDoubleFunding(t *testing.T) { databasetest.Each(t, doubleFunding) }

func doubleFunding(t *testing.T, e databasetest.Engine) {
	c := terminalOn(t, e)
	add := func(args ...string) map[string]any {
		t.Helper()
		return c.object(append([]string{"--now", "2026-03-02", "funding", "add", "--by", "Ada", "--company", "Chaudronnerie fictive Verlinor", "--siren", "732829320"}, args...)...)
	}
	press := []string{"--direction", "DAEN", "--kind", "subvention", "--amount", "40 000", "--de-minimis", "40000", "--regulation", "general",
		"--expense", "achat d'une presse plieuse", "--granted", "2026-02-10", "--source", "outil fictif", "--external-id", "A-17"}
	if got := add(press...); got["reference"] != "F-2026-0001" || got["outcome"] != "added" || len(got["warnings"].([]any)) != 0 {
		t.Errorf("%v", got)
	}
	if got := add(press...); got["reference"] != "F-2026-0001" || got["outcome"] != "unchanged" {
		t.Errorf("again: %v", got)
	}
	second := add("--direction", "MHDFF", "--kind", "pret", "--amount", "25000,50", "--expense", "acquisition presse-plieuse CNC")
	if warnings := second["warnings"].([]any); len(warnings) != 1 || warnings[0].(map[string]any)["verdict"] != "same" {
		t.Errorf("%v", second)
	}
	reply := c.object("--now", "2026-03-03", "request", "new", "SIREN 732829320, à Lens, 14 salariés, nous cherchons une subvention pour une presse plieuse.")
	if text := reply["text"].(string); strings.Contains(text, "F-2026") || strings.Contains(text, "MHDFF") {
		t.Errorf("the person is told of other fundings: %s", text)
	}
	warnings := c.object("funding", "warnings", "--audience", "staff")["warnings"].([]any)
	if len(warnings) != 3 { // the two fundings, and each with the request
		t.Errorf("%v", warnings)
	}
	out := c.done("--now", "2026-03-03", "company", "732 829 320", "--audience", "staff")
	out = strings.ReplaceAll(out, "\u00a0", " ")
	for _, want := range []string{"F-2026-0001 : subvention, 40 000 €, DAEN, accordé le 10/02/2026 – achat d'une presse plieuse", "prêt, 25 000,50 €, MHDFF, demandé le 02/03/2026",
		"mots communs : presse, plieuse", "40 000 € accordés du 03/03/2023 au 03/03/2026, pour un plafond de 300 000 €", "2023/2831", "ce n'est pas une décision"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	// A partner sees no amount, even of its territory.
	if got := c.object("company", "732829320", "--audience", "partner", "--epci", "246200364"); len(got["requests"].([]any)) != 1 || got["fundings"] != nil {
		t.Errorf("a partner sees %v", got)
	}
	// What is read of a company's fundings is in the log of accesses, as its card is.
	c.done("funding", "list", "--company", "Chaudronnerie fictive", "--audience", "staff")
	if out := c.done("funding", "show", "F-2026-0001", "--audience", "staff"); !strings.Contains(out, "Ada · enregistré") {
		t.Errorf("the first version is not told:\n%s", out)
	}
	c.done("request", "export", "--audience", "staff")
	accesses := c.done("access", "list", "--audience", "staff")
	for _, want := range []string{"Chaudronnerie fictive\n", "Chaudronnerie fictive Verlinor 732829320\n", "export de demandes\n"} {
		if !strings.Contains(accesses, want) {
			t.Errorf("%q is not in\n%s", want, accesses)
		}
	}
	for _, args := range [][]string{{"list"}, {"show", "F-2026-0001"}, {"warnings"}, {"list", "--audience", "partner"}} {
		if code, out, stderr := c.run("", append([]string{"funding"}, args...)...); code != exitError || out != "" || !strings.Contains(stderr, "agents") {
			t.Errorf("%v: code %d, %q, %q", args, code, out, stderr)
		}
	}
	if code, _, _ := c.run("", "funding", "settle", "F-2026-0001", "F-2026-0002", "different"); code != exitUsage {
		t.Errorf("settled without a reason: code %d", code)
	}
	c.done("funding", "settle", "F-2026-0002", "F-2026-0001", "cofunding", "--why", "montage prévu", "--by", "Béa")
	c.done("funding", "status", "F-2026-0002", "withdrawn", "--why", "abandon", "--by", "Béa")
	if left := c.object("funding", "warnings", "--audience", "staff")["warnings"].([]any); len(left) != 1 {
		t.Errorf("left: %v", left)
	}
	shown := c.done("funding", "show", "F-2026-0002", "--audience", "staff")
	for _, want := range []string{"vu, cofinancement voulu – montage prévu", "Béa · retiré : rien →", "abandon"} {
		if !strings.Contains(shown, want) {
			t.Errorf("%q is not in\n%s", want, shown)
		}
	}
	if got := c.object("funding", "list", "--company", "chaudronnerie fictive verlinor", "--live", "--audience", "staff")["fundings"].([]any); len(got) != 1 {
		t.Errorf("live: %v", got)
	}
}

func TestFundingMistakes(t *testing.T) {
	c := newTerminal(t)
	for name, args := range map[string][]string{
		"nobody":               {"--direction", "DAEN"},
		"an unknown direction": {"--company", "Fictive", "--direction", "ZZZ"},
		"an unknown kind":      {"--company", "Fictive", "--kind", "cadeau"},
		"an unknown request":   {"--company", "Fictive", "--request", "2026-0099"},
		"an aid without law":   {"--company", "Fictive", "--de-minimis", "100"},
	} {
		if code, out, stderr := c.run("", append([]string{"funding", "add"}, args...)...); code != exitError || out != "" || stderr == "" {
			t.Errorf("%s: code %d, %q, %q", name, code, out, stderr)
		}
	}
	for name, args := range map[string][]string{
		"an amount": {"--company", "Fictive", "--amount", "beaucoup"}, "a date": {"--company", "Fictive", "--asked", "hier"}, "a SIREN": {"--siren", "123"},
	} {
		if code, _, stderr := c.run("", append([]string{"funding", "add"}, args...)...); code != exitUsage || stderr == "" {
			t.Errorf("%s: code %d, %q", name, code, stderr)
		}
	}
}

// The Region's own ceilings, and a mistake in them told with its line.
func TestRegionEditsFundings(t *testing.T) {
	c := newTerminal(t)
	dir := filepath.Join(t.TempDir(), "regles")
	c.done("rules", "export", dir)
	file := filepath.Join(dir, "funding.yaml")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write := func(from, to string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(strings.Replace(string(content), from, to, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("ceiling: 300000", "ceiling: 1000")
	c.done("--rules", dir, "funding", "add", "--company", "Fictive", "--granted", "2026-02-10", "--de-minimis", "1500", "--regulation", "general", "--by", "Ada")
	out := strings.ReplaceAll(c.done("--rules", dir, "--now", "2026-03-01", "company", "fictive", "--audience", "staff"), "\u00a0", " ")
	if !strings.Contains(out, "plafond de 1 000 € (dépassé de 500 €)") {
		t.Error(out)
	}
	for from, to := range map[string]string{"ceiling: 300000": "ceiling: beaucoup", "facts: [fund_kind,": "facts: [argent,", "subjects: [investissement]": "subjects: [oubli]"} {
		write(from, to)
		if code, out, _ := c.run("", "--rules", dir, "rules", "check"); code != exitError || !strings.Contains(out, "funding.yaml:") {
			t.Errorf("%s: code %d, %s", to, code, out)
		}
	}
}
