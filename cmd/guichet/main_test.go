package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"guichet/migrations/databasetest"
)

// asProgram, in the environment, makes the test binary be guichet itself, for the tests that need several processes.
const asProgram = "GUICHET_TEST_AS_PROGRAM"

// What the person who runs the tests has set must not change them.
func TestMain(m *testing.M) {
	for _, name := range []string{"GUICHET_DATABASE_URL", "GUICHET_RULES", "GUICHET_ADDRESS", "GUICHET_STAFF_TOKEN", "GUICHET_EMBEDDINGS_URL"} {
		_ = os.Unsetenv(name)
	}
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

var (
	seed    = filepath.Join("..", "..", "..", "shared", "data", "seed")
	schemes = filepath.Join("..", "..", "..", "shared", "data", "dispositifs")
	labels  = filepath.Join("..", "..", "..", "shared", "data", "eval", "routing-dev.jsonl")
)

// terminal runs commands on a database of its own.
type terminal struct {
	t        *testing.T
	database string
}

func newTerminal(t *testing.T) terminal {
	t.Helper()
	return terminalOn(t, databasetest.SQLite)
}

// terminalOn runs commands on a new database of an engine.
func terminalOn(t *testing.T, e databasetest.Engine) terminal {
	t.Helper()
	return terminal{t, e.URL(t)}
}

// run gives what a command wrote and its exit code.
func (c terminal) run(stdin string, args ...string) (code int, stdout, stderr string) {
	c.t.Helper()
	var out, err strings.Builder
	code = run(c.t.Context(), append([]string{"--database", c.database}, args...), strings.NewReader(stdin), &out, &err)
	return code, out.String(), err.String()
}

// done runs a command that must succeed and gives what it wrote.
func (c terminal) done(args ...string) string {
	c.t.Helper()
	code, out, stderr := c.run("", args...)
	if code != exitDone {
		c.t.Fatalf("guichet %s: code %d\n%s", strings.Join(args, " "), code, stderr)
	}
	return out
}

// object runs a command with --json and gives its one object.
func (c terminal) object(args ...string) map[string]any {
	c.t.Helper()
	return decode(c.t, c.done(append(args, "--json")...))
}

func decode(t *testing.T, line string) map[string]any {
	t.Helper()
	if strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "\n") {
		t.Fatalf("not one line: %q", line)
	}
	var out map[string]any
	if err := json.Unmarshal([]byte(line), &out); err != nil {
		t.Fatalf("%v in %s", err, line)
	}
	return out
}

// lacks compares an object with the example of a contract: every key of the example is there with a value of the same JSON
// type, and a list that has an element in the example has one. Other keys may be added freely.
func lacks(path string, got, example any) []string {
	switch want := example.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			return []string{path + " is no object"}
		}
		var out []string
		for _, key := range slices.Sorted(maps.Keys(want)) {
			value, ok := object[key]
			if !ok {
				out = append(out, path+"."+key+" is missing")
				continue
			}
			out = append(out, lacks(path+"."+key, value, want[key])...)
		}
		return out
	case []any:
		list, ok := got.([]any)
		if !ok || (len(want) == 0) != (len(list) == 0) {
			return []string{fmt.Sprintf("%s is %v", path, got)}
		}
		if len(want) == 0 {
			return nil
		}
		return lacks(path+"[0]", list[0], want[0])
	}
	if fmt.Sprintf("%T", got) != fmt.Sprintf("%T", example) {
		return []string{fmt.Sprintf("%s is %v", path, got)}
	}
	return nil
}

// The shapes of cli.md, with what was added to them.
func TestJSONShapes(t *testing.T) { databasetest.Each(t, jSONShapes) }

func jSONShapes(t *testing.T, e databasetest.Engine) {
	c := terminalOn(t, e)
	waiting := c.object("request", "new", "Un industriel veut s'implanter chez nous, il cherche 5 hectares.")
	reference := waiting["request"].(string)
	routed := c.object("request", "new", "--thread", waiting["thread"].(string), "Son siège est à l'étranger.")
	if routed["request"] != reference || routed["kind"] != "routed" {
		t.Errorf("the answer to the question gives %v", routed)
	}
	const (
		citation    = `{"document":"","title":"","section":"","quote":"","url":"","date":"","audience":""}`
		result      = `{"document":"","title":"","section":"","chunk":0,"score":0,"lexical":0,"vector":0,"text":"","url":"","date":""}`
		fact        = `{"name":"","value":"","source":""}`
		alternative = `{"fact":"","value":"","lead":"","rule":""}`
		state       = `{"reference":"","status":"","lead":"","owner":"","associated":[""]}`
	)
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"ask", "Quels sont les trois types de conventions entre la Région et les EPCI ?"},
			`{"id":null,"answer":"","abstained":false,"grounding":"","citations":[` + citation + `],"elapsed_ms":0}`},
		{[]string{"ask", "Quel est le prix du beurre à Oslo ?"}, `{"id":null,"answer":"","abstained":true,"grounding":"","citations":[],"elapsed_ms":0}`},
		{[]string{"search", "export"}, `{"id":null,"results":[` + result + `],"elapsed_ms":0}`},
		{[]string{"search", "zzzzz"}, `{"id":null,"results":[],"elapsed_ms":0}`},
		{[]string{"route", "Nous cherchons un prêt pour une machine."},
			`{"id":null,"lead":"","rule":"","associated":[""],"operators":[""],"facts":[` + fact + `],"missing":[],"question":"","arbitrate":false,"reasons":[""],"section":"","alternatives":[` + alternative + `],"elapsed_ms":0}`},
		{[]string{"route", "Un industriel veut s'implanter chez nous, il cherche 5 hectares."},
			`{"id":null,"lead":null,"rule":null,"associated":[],"operators":[],"facts":[` + fact + `],"missing":[""],"question":"","arbitrate":false,"reasons":[""],"section":"","alternatives":[` + alternative + `],"elapsed_ms":0}`},
		{[]string{"ingest", schemes}, `{"added":0,"updated":0,"unchanged":0,"removed":0,"failed":[],"chunks":0}`},
		{[]string{"request", "status", reference, "taken"}, state},
		{[]string{"request", "answer", reference, "Le dossier est complet."}, state},
		{[]string{"request", "reopen", reference, "--why", "un document manque"}, state},
		{[]string{"request", "assign", reference, "--owner", "Agente d'essai"}, state},
		{[]string{"request", "twins", "--audience", "staff"}, `{"twins":[]}`},
		{[]string{"gaps"}, `{"gaps":[{"at":"","audience":"","channel":"","looked":"","question":""}],"groups":[{"id":0,"count":0}]}`},
		{[]string{"rules", "check"}, `{"problems":[],"version":""}`},
		{[]string{"eval", "routing", labels}, `{"cases":0,"right":0,"rules":0,"associated":0,"misses":[]}`},
		{[]string{"doctor"}, `{"ok":true,"checks":[{"name":"","ok":true,"detail":""}]}`},
	} {
		var want any
		if err := json.Unmarshal([]byte(test.want), &want); err != nil {
			t.Fatal(err)
		}
		got := c.object(test.args...)
		if lacking := lacks("", got, want); len(lacking) > 0 {
			t.Errorf("guichet %s: %s\n%v", strings.Join(test.args, " "), strings.Join(lacking, ", "), got)
		}
	}
	shown := c.object("request", "show", reference, "--audience", "staff")
	for key, want := range map[string]any{"reference": reference, "status": "transmitted", "owner": "Agente d'essai", "channel": "cli"} {
		if shown[key] != want {
			t.Errorf("request show: %s is %v, want %v", key, shown[key], want)
		}
	}
	if events := shown["events"].([]any); len(events) < 7 {
		t.Errorf("request show: %d events for all that happened", len(events))
	}
	if list := c.object("request", "list", "--audience", "staff")["requests"].([]any); len(list) != 1 {
		t.Errorf("request list: %d requests, want 1", len(list))
	}
	doctor := c.object("doctor")
	var names []string
	for _, k := range doctor["checks"].([]any) {
		names = append(names, k.(map[string]any)["name"].(string))
	}
	if want := []string{"database", "schema", "index", "sources", "embeddings", "model", "jobs", "notices", "webhooks", "rules", "dead-rules", "channels", "discord", "slack"}; doctor["ok"] != true || !slices.Equal(names, want) {
		t.Errorf("doctor: ok %v, checks %v", doctor["ok"], names)
	}
}

// The 25 labelled messages that came with the rules.
func TestLabelledMessages(t *testing.T) {
	if got := newTerminal(t).object("eval", "routing", labels); got["right"] != 25.0 || got["cases"] != 25.0 {
		t.Errorf("%v right of %v: %v", got["right"], got["cases"], got["misses"])
	}
}

// english finds the words that kong says by itself.
var english = regexp.MustCompile(`(?i)\b(unknown|unexpected|expected|missing|usage:|flags?:|commands?:|arguments:|did you mean|must be|show context|error|got|run)\b`)

func TestWrongUsage(t *testing.T) {
	c := newTerminal(t)
	for _, test := range []struct{ args, want string }{
		{"", "il manque une commande"},
		{"aks", "« aks » n'est pas attendu ici"},
		{"request", "il manque une commande"},
		{"request show", "il manque <reference>"},
		{"ask", "il manque la question, ou --batch FICHIER"},
		{"ask --batch x y", "pas les deux"},
		{"ask a b", "entre guillemets"},
		{"ask --foo x", "option inconnue --foo"},
		{"ask --audienc x", `vouliez-vous dire « --audience »`},
		{"ask --audience tous x", "audience « tous » inconnue"},
		{"ask --now hier x", "date « hier » illisible"},
		{"ask --json=peut-être x", "--json : true ou false est attendu"},
		{"ask --epci", "--epci : il manque une valeur"},
		{"ask --epci 123456789 x", "guichet : --epci : SIREN « 123456789 » erroné"},
		{"ingest --audience public --epci 200093201 x", "se contredisent"},
		{"help aks", "« aks » n'est pas attendu ici"},
		{"search --limit deux x", "--limit : un nombre entier est attendu"},
		{"search --limit 0 x", "au moins 1 passage"},
		{"ingest", "il manque <chemin>"},
		{"route --batch", "--batch : il manque une valeur"},
		{"request status 2026-0001 perdue", "n'est pas une valeur possible"},
		{"request status 2026-0001 perdue", "« taken », « closed »"},
		{"request status 2026-0001 perdue", "Pour l'aide : guichet request status --help"},
		{"request step 2026-0001 x", "il manque l'option --done ou --skip"},
		{"convention add X", "il manque les options --end"},
		{"request list --status", "il manque une valeur"},
		{"request list --audience staff --status perdue", "waiting, transmitted"},
		{"request assign 2026-0001", "il manque --lead DIRECTION ou --owner PERSONNE"},
		{"eval retrieval x --mode sens", "choisissez parmi"},
		{"eval retrieval x --misses=-1", "un nombre de questions est attendu"},
	} {
		code, out, stderr := c.run("", strings.Fields(test.args)...)
		if code != exitUsage || out != "" || !strings.Contains(stderr, test.want) {
			t.Errorf("guichet %s: code %d, stdout %q, stderr %q, want « %s »", test.args, code, out, stderr, test.want)
		}
		if word := english.FindString(strings.ReplaceAll(stderr, "--", "")); word != "" {
			t.Errorf("guichet %s: « %s » in %q", test.args, word, stderr)
		}
	}
}

// What is not found is listed somewhere, what is refused is done in another way: the error says where and how.
func TestAdvice(t *testing.T) {
	c := newTerminal(t)
	c.done("request", "new", "Nous cherchons un prêt pour une machine.")
	c.done("request", "answer", "2026-0001", "Oui.")
	for _, test := range []struct{ args, want string }{
		{"request show 2026-0042 --audience staff", "guichet request list"},
		{"request status 2026-0042 taken", "guichet request list"},
		{"request status 2026-0001 taken", "guichet request reopen"},
		{"request twins --audience partner --epci 200018083", "ajoutez --audience staff"},
		{"request reopen 2026-0001", "ajoutez --why"},
		{"funding show F-2026-0042 --audience staff", "guichet funding list --audience staff"},
		{"funding settle F-2026-0042 F-2026-0043 different --why x", "guichet funding"},
		{"convention show X --audience staff", "guichet convention list"},
		{"sheet send P-2026-0042", "guichet sheet list"},
		{"webhook remove x", "guichet webhook list"},
		{"token revoke x", "guichet token list"},
		{"request export --audience staff --output absent/x.csv", "le dossier « absent » n'existe pas"},
		{"request answer 2026-0001 ", "la réponse est vide"},
	} {
		if _, _, stderr := c.run("", strings.Split(test.args, " ")...); strings.Count(stderr, test.want) != 1 {
			t.Errorf("guichet %s: %q, want « %s » once", test.args, stderr, test.want)
		}
	}
}

func TestVersion(t *testing.T) {
	code, out, stderr := newTerminal(t).run("", "--version")
	if code != exitDone || stderr != "" || !regexp.MustCompile(`^guichet \S.*\n$`).MatchString(out) {
		t.Errorf("code %d, %q, %q", code, out, stderr)
	}
}

func TestHelpIsFrench(t *testing.T) {
	c := newTerminal(t)
	for _, args := range [][]string{{"--help"}, {"ask", "--help"}, {"request", "--help"}, {"request", "status", "--help"}, {"eval", "retrieval", "--help"}, {"ingest", "-h"}, {"help"}, {"help", "request", "show"}} {
		code, out, stderr := c.run("", args...)
		if code != exitDone || stderr != "" || !strings.Contains(out, "Usage : guichet") {
			t.Errorf("guichet %v: code %d, %q, %q", args, code, out, stderr)
		}
		// The names of commands and flags are English by contract.
		text := regexp.MustCompile(`--[a-z-]+|guichet eval retrieval|guichet [a-z ]+`).ReplaceAllString(out, "")
		if word := english.FindString(text); word != "" {
			t.Errorf("guichet %v: « %s » in\n%s", args, word, out)
		}
	}
}
