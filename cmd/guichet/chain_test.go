package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"guichet/bot"
	"guichet/bot/courier"
	"guichet/knowledge"
	"guichet/migrations/databasetest"
	"guichet/routing/ledger"
)

// at is a fixed day of the tests.
const at = "2026-03-02"

func (c terminal) app(t *testing.T) *app {
	t.Helper()
	var day moment
	if err := day.UnmarshalText([]byte(at)); err != nil {
		t.Fatal(err)
	}
	return newApp(config{Database: c.database, Now: day}, strings.NewReader(""), io.Discard, io.Discard)
}

// One conversation from a question to a person, through the desk as every channel uses it.
func TestConversation(t *testing.T) { databasetest.Each(t, conversation) }

func conversation(t *testing.T, e databasetest.Engine) {
	t.Parallel()
	ctx := t.Context()
	c := terminalOn(t, e)
	a := c.app(t)
	db, err := a.open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	o, err := a.openOffice(ctx, db)
	if err != nil {
		t.Fatal(err)
	}
	sent := 0
	say := func(text string) bot.Reply {
		t.Helper()
		sent++
		m := bot.Message{Channel: "essai", ID: fmt.Sprint(sent), Thread: "fil", Text: text, At: a.now(), Asker: bot.Asker{Audience: knowledge.Public}}
		reply, err := o.desk.Handle(ctx, m)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := o.desk.Handle(ctx, m); err != nil || again.Text != reply.Text {
			t.Errorf("the same message again: %q, %v", again.Text, err)
		}
		return reply
	}
	var reference string
	for _, turn := range []struct {
		says string
		kind bot.ReplyKind
		want []string // in the text, the fields or the quotes
	}{
		{"Bonjour", bot.ReplySmall, []string{"Posez une question"}},
		{"Quels sont les trois types de conventions entre la Région et les EPCI ?", bot.ReplyAnswer, []string{"convention stratégique", "convention d’autorisation"}},
		{"Qui s'occupe de l'export à la Région ?", bot.ReplyWho, []string{"DPEAP"}},
		{"Quelle est la hauteur du beffroi de Bruges en pieds ?", bot.ReplyUnknown, []string{"Je ne sais pas", "beffroi"}},
		{"Notre groupe cherche 5 hectares près de Cambrai pour une usine.", bot.ReplyAsk, []string{"2026-0001", "siège en France ou à l'étranger"}},
		{"Il est en Belgique.", bot.ReplyRouted, []string{"2026-0001", "NFI", "implantation-etrangere"}},
		{"Je voudrais parler à quelqu'un.", bot.ReplyHuman, []string{"NFI", "2026-0001"}},
		{"03 20 00 00 00", bot.ReplyHuman, []string{"2026-0001"}},
	} {
		reply := say(turn.says)
		all, err := json.Marshal(reply)
		if err != nil {
			t.Fatal(err)
		}
		if reply.Kind != turn.kind {
			t.Errorf("« %s »: %s, want %s: %s", turn.says, reply.Kind, turn.kind, reply.Text)
		}
		for _, want := range turn.want {
			if !strings.Contains(string(all), want) {
				t.Errorf("« %s »: no « %s » in %s", turn.says, want, all)
			}
		}
		if reply.Kind == bot.ReplyAnswer && len(reply.Quotes) == 0 {
			t.Errorf("« %s »: an answer without a quote", turn.says)
		}
		if reply.Request != "" {
			reference = reply.Request
		}
	}
	if reference != "2026-0001" {
		t.Errorf("the conversation made the request %q, want one", reference)
	}

	// The ledger shows it all, and the jobs deliver every notice once.
	var mu sync.Mutex
	deliveries := map[string]int{}
	jobs, stop := context.WithTimeout(ctx, 30*time.Second)
	defer stop()
	notices, err := o.ledger.Notices(ctx, ledger.Viewer{Staff: true}, 0)
	if err != nil || len(notices) == 0 {
		t.Fatalf("%d notices, %v", len(notices), err)
	}
	err = o.courier.Run(jobs, courier.Config{Outbox: o.ledger, Now: a.now, Log: a.log, Deliver: func(_ context.Context, n ledger.Notice) error {
		mu.Lock()
		defer mu.Unlock()
		deliveries[n.Key]++
		if len(deliveries) == len(notices) {
			stop()
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range notices {
		if deliveries[n.Key] != 1 {
			t.Errorf("notice %s to %s: delivered %d times", n.Kind, n.To, deliveries[n.Key])
		}
	}
	shown := c.done("request", "show", "--audience", "staff", reference)
	for _, want := range []string{"Notre groupe cherche 5 hectares", "NFI", "étrangère (votre réponse)", "personne demandée", "03 20 00 00 00"} {
		if !strings.Contains(shown, want) {
			t.Errorf("the ledger does not show « %s »:\n%s", want, shown)
		}
	}
	if gaps := c.done("gaps"); !strings.Contains(gaps, "beffroi de Bruges") {
		t.Errorf("the question without an answer is not kept: %s", gaps)
	}
}

// The second message of the same company joins its open request, whoever leads.
func TestSameCompanyJoins(t *testing.T) { databasetest.Each(t, sameCompanyJoins) }

func sameCompanyJoins(t *testing.T, e databasetest.Engine) {
	c := terminalOn(t, e)
	first := c.object("request", "new", "Société 732 829 320 à Lens : nous cherchons un prêt pour notre trésorerie.")
	second := c.object("request", "new", "SIREN 732829320 : nous voulons exporter en Espagne.")
	if first["request"] != second["request"] {
		t.Errorf("two requests: %v and %v", first["request"], second["request"])
	}
	shown := c.object("request", "show", first["request"].(string), "--audience", "staff")
	if shown["lead"] != "MHDFF" || !strings.Contains(fmt.Sprint(shown["events"]), "Espagne") {
		t.Errorf("lead %v, events %v", shown["lead"], shown["events"])
	}
}

// The ledger is read on behalf of somebody.
func TestLedgerViewers(t *testing.T) { databasetest.Each(t, ledgerViewers) }

func ledgerViewers(t *testing.T, e databasetest.Engine) {
	t.Parallel()
	c := terminalOn(t, e)
	made := c.object("request", "new", "Boulanger à Amiens, nous cherchons un prêt.")
	reference, thread := made["request"].(string), made["thread"].(string)
	for _, test := range []struct {
		viewer string
		sees   bool
	}{
		{"", false}, {"--audience public", false}, {"--audience partner", false}, {"--audience partner --epci 200093201", false}, {"--thread autre", false},
		{"--audience staff", true}, {"--audience partner --epci 248000531", true}, {"--thread " + thread, true},
	} {
		for _, args := range [][]string{{"request", "list"}, {"request", "show", reference}} {
			_, out, stderr := c.run("", append(args, strings.Fields(test.viewer)...)...)
			if got := strings.Contains(out, "Boulanger"); got != test.sees {
				t.Errorf("%v %s: sees it: %v\n%s%s", args, test.viewer, got, out, stderr)
			}
			if strings.Contains(stderr, "Boulanger") {
				t.Errorf("%v %s: told on stderr: %s", args, test.viewer, stderr)
			}
		}
	}
}

// From the message to the answer: the due date, a reminder by serve's own jobs, the part of the associated direction, then
// what became of the company, for those who may know.
func TestTheLifeOfARequest(t *testing.T) { databasetest.Each(t, theLifeOfARequest) }

func theLifeOfARequest(t *testing.T, e databasetest.Engine) {
	t.Parallel()
	c := terminalOn(t, e)
	made := c.object("--now", "2026-04-29", "request", "new", "L'entreprise Verlinor Bois, SIREN 123456782, à Amiens, 12 salariés, cherche un prêt pour une machine.")
	reference, thread := made["request"].(string), made["thread"].(string)
	list := func(now string, flags ...string) int {
		t.Helper()
		return len(c.object(append([]string{"--now", now, "request", "list", "--audience", "staff"}, flags...)...)["requests"].([]any))
	}
	// Three working days after Wednesday 29 April, 1 May set aside: Tuesday 5 May.
	if out := c.done("--now", "2026-04-29", "request", "list", "--audience", "staff"); !strings.Contains(out, "05/05/2026") {
		t.Errorf("no due date in %s", out)
	}
	if list("2026-05-05", "--late") != 0 || list("2026-05-06", "--late") != 1 || list("2026-05-06", "--part", "DAEN") != 1 {
		t.Error("late, or owed by DAEN, on the wrong day")
	}
	app := c.app(t)
	app.now = func() time.Time { return time.Date(2026, 5, 12, 12, 0, 0, 0, time.UTC) }
	db, err := app.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	o, err := app.openOffice(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	jobs, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	err = o.courier.Run(jobs, courier.Config{Outbox: o.ledger, Now: app.now, Log: app.log, Deliver: func(_ context.Context, n ledger.Notice) error {
		if n.Kind == ledger.Escalation {
			stop()
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	shown := c.done("request", "show", reference, "--thread", thread)
	// Nothing ran for two weeks: each is told once, and what did not leave is told too.
	for _, want := range []string{"rappel 1 à MHDFF", "rappel à MHDFF, prévu le 04/05/2026", "rappel à MHDFF, prévu le 05/05/2026", "DAEN est prévenue", "Sans nouvelles", "05/05/2026, en retard", "DAEN · à faire pour le 18/05/2026"} {
		if !strings.Contains(shown, want) {
			t.Errorf("no « %s » in\n%s", want, shown)
		}
	}
	if strings.Contains(shown, "rappel 2") {
		t.Errorf("reminded too often:\n%s", shown)
	}
	c.done("--now", "2026-05-12", "request", "status", reference, "taken", "--by", "Bo")
	c.done("--now", "2026-05-12", "request", "part", reference, "DAEN", "done", "--by", "Al", "--why", "vu")
	if list("2026-05-13", "--part", "DAEN") != 0 || list("2026-05-13", "--late") != 0 {
		t.Error("still late, or owed by DAEN")
	}
	c.done("--now", "2026-05-13", "request", "answer", reference, "Un prêt à taux nul est possible.", "--by", "Bo")
	for viewer, sees := range map[string]bool{
		"--audience staff": true, "--audience partner --epci 248000531": true, "--audience partner --epci 200093201": false, "--thread " + thread: true, "--thread autre": false,
	} {
		for _, sought := range []string{"123 456 782", "12345678200002", "SARL VERLINOR-BOIS", "Verlinnor Bois"} {
			card := c.object(append([]string{"company", sought}, strings.Fields(viewer)...)...)
			if got := len(card["requests"].([]any)) == 1 && strings.Contains(fmt.Sprint(card), "taux nul"); got != sees || card["near"] != (sees && sought == "Verlinnor Bois") {
				t.Errorf("%s, %s: %v", viewer, sought, card)
			}
		}
	}
	if code, out, stderr := c.run("", "company", "Verlinor Bois"); code != exitError || out != "" || strings.Contains(stderr, reference) {
		t.Errorf("the public reads a card: %d %s %s", code, out, stderr)
	}
}

// What is ingested for the staff is never seen by others: not a document, not a quote, not one of its words in an answer.
func TestStaffDocumentDoesNotLeak(t *testing.T) { databasetest.Each(t, staffDocumentDoesNotLeak) }

func staffDocumentDoesNotLeak(t *testing.T, e databasetest.Engine) {
	t.Parallel()
	c := terminalOn(t, e)
	c.done("ingest", "--audience", "staff", seed)
	id := strings.TrimSuffix(filepath.Base(only(t, seed)), ".txt")
	content, err := os.ReadFile(only(t, seed))
	if err != nil {
		t.Fatal(err)
	}
	var lines, batch []string
	for _, line := range strings.Split(string(content), "\n") {
		if line = strings.TrimSpace(line); len(line) > 40 {
			lines = append(lines, line)
			quoted, _ := json.Marshal(line)
			for _, audience := range []string{"public", "partner"} {
				batch = append(batch, fmt.Sprintf(`{"id":%d,"q":%s,"audience":"%s","epci":"248000531"}`, len(lines)-1, quoted, audience))
			}
		}
	}
	if len(lines) < 300 {
		t.Fatalf("%d lines in the document", len(lines))
	}
	for _, command := range []string{"ask", "search"} {
		_, out, _ := c.run(strings.Join(batch, "\n"), command, "--batch", "-")
		for _, got := range strings.Split(strings.TrimSuffix(out, "\n"), "\n") {
			if strings.Contains(got, id) {
				t.Errorf("%s shows the staff's document: %.300s", command, got)
			}
			var answer struct {
				ID        int
				Citations []struct{ Audience string }
				Error     string
			}
			if err := json.Unmarshal([]byte(got), &answer); err != nil || answer.Error != "" {
				t.Fatalf("%v, %s", err, answer.Error)
			}
			for _, citation := range answer.Citations {
				if citation.Audience == "staff" {
					t.Errorf("%s cites a staff document: %.300s", command, got)
				}
			}
			// Nor does its text come by another way: the question itself is never repeated as an answer.
			if command == "ask" && strings.Contains(got, lines[answer.ID]) {
				t.Errorf("%s repeats « %s »", command, lines[answer.ID])
			}
		}
	}
	asked := "Pourquoi les entreprises sont-elles parfois sollicitées deux fois ?"
	if got := c.done("search", "--audience", "staff", asked, "--json"); !strings.Contains(got, id) {
		t.Errorf("the staff does not find its own document: %.300s", got)
	}
}

func only(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%d files in %s, %v", len(entries), dir, err)
	}
	return filepath.Join(dir, entries[0].Name())
}

// A closed scheme is never offered as open; the date is the one that is given.
func TestClosedScheme(t *testing.T) {
	c := newTerminal(t)
	dir := t.TempDir()
	scheme := "---\nid: aide-houblon\ntitre: Aide fictive au séchage du houblon\nvalidite:\n  fin: 2026-03-31\n---\n\nL'aide fictive au séchage du houblon couvre 40 % du séchoir.\n"
	if err := os.WriteFile(filepath.Join(dir, "aide-houblon.md"), []byte(scheme), 0o600); err != nil {
		t.Fatal(err)
	}
	c.done("ingest", dir)
	for day, closed := range map[string]bool{"2026-03-31": false, "2026-04-01": true} {
		answer := c.object("ask", "--now", day, "Quel taux couvre l'aide fictive au séchage du houblon ?")
		if got := strings.Contains(answer["answer"].(string), "clos"); got != closed || answer["abstained"] == true {
			t.Errorf("on %s: %v", day, answer["answer"])
		}
	}
}

// A question of the terminal without an answer says whom to ask and is kept as a gap; those of a batch measure, and are not.
func TestUnansweredQuestionIsAGap(t *testing.T) {
	c := newTerminal(t)
	lone := c.object("ask", "Combien coûte le zorglub de Zorgville ?")
	batch, _, _ := c.run(`{"id":"1","q":"Quel âge a le zorglub ?"}`+"\n", "ask", "--batch", "-")
	gaps := c.done("gaps")
	if lone["abstained"] != true || !strings.Contains(lone["answer"].(string), "DAEN") || batch != exitDone {
		t.Errorf("%v, batch %d", lone, batch)
	}
	if !strings.Contains(gaps, "Combien coûte le zorglub") || strings.Contains(gaps, "Quel âge") {
		t.Errorf("gaps: %s", gaps)
	}
}

// The Region adds a rule, a direction, a subject's value and the words that give it in its own folder, without a rebuild.
func TestRegionEditsYAMLAlone(t *testing.T) {
	c := newTerminal(t)
	dir := filepath.Join(t.TempDir(), "region")
	c.done("rules", "export", dir)
	edit := func(name, old, new string) {
		t.Helper()
		path := filepath.Join(dir, name)
		content, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(content), old) {
			t.Fatalf("%s: %v, no %q", name, err, old)
		}
		if err := os.WriteFile(path, []byte(strings.Replace(string(content), old, new, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const message = "Nous avons un projet d'innovation pour un petit satellite d'observation."
	if got := c.object("route", message, "--rules", dir); got["rule"] != "innovation" {
		t.Fatalf("before: %v", got["rule"])
	}
	edit("directions.yaml", "- code: DAEN\n", "- code: DFICTIVE\n  does: direction fictive de l'espace\n- code: DAEN\n")
	edit("facts.yaml", "    - {id: recherche, label: recherche}\n", "    - {id: recherche, label: recherche}\n    - {id: spatial, label: espace}\n")
	edit("rules.yaml", "- id: innovation\n", "- id: innovation-spatiale\n  when: subject == \"innovation\" && sector == \"spatial\"\n  lead: DFICTIVE\n  associated: [DIPI]\n  why: la direction fictive suit les projets spatiaux\n  section: aucune\n- id: innovation\n")
	if err := os.WriteFile(filepath.Join(dir, "words", "espace.yaml"), []byte("cues:\n- fact: sector\n  value: spatial\n  phrases: |\n    satellite, fusée\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := c.done("rules", "check", "--rules", dir); !strings.Contains(out, "23 règles, 13 directions") {
		t.Errorf("rules check: %s", out)
	}
	got := c.object("route", message, "--rules", dir)
	if got["lead"] != "DFICTIVE" || got["rule"] != "innovation-spatiale" || !strings.Contains(fmt.Sprint(got["facts"]), "source:satellite") {
		t.Errorf("after: %v %v %v", got["lead"], got["rule"], got["facts"])
	}
	c.done("request", "new", message, "--rules", dir)
	if list := c.done("request", "list", "--audience", "staff", "--lead", "DFICTIVE", "--rules", dir); !strings.Contains(list, "2026-") && !strings.Contains(list, "satellite") {
		t.Errorf("the new direction has no request: %s", list)
	}
	// Who does what is answered by the same rules, with a quote that says it.
	who := c.object("ask", "Qui s'occupe des projets d'innovation avec un satellite ?", "--rules", dir)
	if !strings.Contains(fmt.Sprint(who["answer"]), "DFICTIVE") || !strings.Contains(fmt.Sprint(who["citations"]), "DFICTIVE") {
		t.Errorf("the directory does not know the new direction: %v", who)
	}
	if shipped := c.object("route", message); shipped["rule"] != "innovation" {
		t.Errorf("the shipped rules changed: %v", shipped["rule"])
	}
}

// Every mistake in the Region's folder is told with its file and line, by rules check and by every command that decides.
func TestRegionMistakes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ file, old, new, want string }{
		{"rules.yaml", "lead: NFI\n", "lead: DINCONNUE\n", "la règle implantation-etrangere nomme la direction inconnue « DINCONNUE »"},
		{"rules.yaml", `subject == "export"`, `subject == "exportation"`, "sujet inconnu « exportation »"},
		{"rules.yaml", `when: subject == "export"`, `when: sujet == "export"`, "« sujet » n'est pas un fait déclaré ; vouliez-vous dire « subject » ?"},
		{"rules.yaml", "headcount >= 10", "headcount >=> 10", "écriture incorrecte près de « > »"},
		{"rules.yaml", "headcount >= 10", "headcount >= \"dix\"", "« >= » ne s'applique pas aux types (int, string)"},
		{"rules.yaml", "  lead: NFI\n", "  leed: NFI\n", "champ inconnu « leed »"},
		{"rules.yaml", "- id: export\n", "- id: [export\n", "il manque « , » ou « ] »"},
		{"rules.yaml", "  lead: NFI\n", "\tlead: NFI\n", "une tabulation"},
		{"conduct.yaml", "wait_for_fact: 48h", "wait_for_fact: deux jours", "une durée comme « 48h » est attendue"},
		{"facts.yaml", "kind: number", "kind: nombre", "type inconnu « nombre »"},
		{"territoires/communes.csv", "epci_siren", "epci", "il manque la colonne epci_siren"},
		{"rules.yaml", "- id: export\n  when: subject == \"export\"\n", "- id: export-bis\n  when: subject == \"export\"\n  lead: DAEN\n  why: un essai\n- id: export\n  when: subject == \"export\"\n", "ne peut jamais s'appliquer"},
		{"texts.yaml", "hello:", "bonjour:", "« hello » manque"},
		{"texts.yaml", "hello: |-", "hello: {{", "l'accolade « { » n'a pas de contenu"},
		{"texts.yaml", "numéro {{.reference}}", "numéro {{.ref}}", "« ref » n'est pas une valeur de ce texte"},
		{"notices.yaml", "{{.Reference}}", "{{.Texte}}", "« Texte » n'est pas une valeur de ce texte"},
		{"notices.yaml", "reminder:", "rappel:", "« rappel » n'est pas une sorte d'avis"},
		{"review.yaml", "likeness: 0.5", "likeness: 5", "« likeness » est un nombre entre 0 et 1, pas 5"},
		{"review.yaml", "{id: tpe,", "{id: les tpe,", "« les tpe »"},
		{"channels.yaml", "channels: []", "channels: [{channel: slack, audience: staff}]", "pas « slack »"},
		{"words/sujets.yaml", "subject: export", "subject: exporte", "le sujet « exporte » n'est pas déclaré"},
	} {
		c := newTerminal(t)
		dir := filepath.Join(t.TempDir(), "region")
		c.done("rules", "export", dir)
		path := filepath.Join(dir, filepath.FromSlash(test.file))
		content, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(content), test.old) {
			t.Fatalf("%s: %v, no %q", test.file, err, test.old)
		}
		changed := strings.Replace(string(content), test.old, test.new, 1)
		if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
		code, out, stderr := c.run("", "rules", "check", "--rules", dir)
		if code != exitError || !strings.Contains(out, test.want) || !strings.Contains(out, filepath.Base(test.file)) || !strings.Contains(stderr, " dans les règles") {
			t.Errorf("%s: code %d, %s%s", test.want, code, out, stderr)
		}
		if !regexp.MustCompile(regexp.QuoteMeta(path) + `:\d+ : `).MatchString(out) {
			t.Errorf("%s: no file and line in %s", test.want, out)
		}
		if strings.Contains(test.want, "jamais") {
			continue // it decides all the same
		}
		for _, args := range [][]string{{"route", "Un prêt"}, {"request", "new", "Un prêt"}} {
			if code, _, stderr := c.run("", append(args, "--rules", dir)...); code != exitError || !strings.Contains(stderr, test.want) {
				t.Errorf("guichet %v with %s: code %d, %s", args, test.want, code, stderr)
			}
		}
	}
	c := newTerminal(t)
	if code, _, stderr := c.run("", "rules", "check", "--rules", filepath.Join(t.TempDir(), "absent")); code != exitError || !strings.Contains(stderr, "problème") {
		t.Errorf("no folder: code %d, %s", code, stderr)
	}
	dir := t.TempDir()
	c.done("rules", "export", dir)
	for name, want := range map[string]string{"rule.yaml": "« rules.yaml »", "words/faits.yml": "« words/faits.yaml »", "essai.csv": "retirez-le"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"rules", "check"}, {"route", "Un prêt"}} {
			if code, out, stderr := c.run("", append(args, "--rules", dir)...); code != exitError || !strings.Contains(out+stderr, name+" : ") || !strings.Contains(out+stderr, want) {
				t.Errorf("guichet %v with %s: code %d, %s%s", args, name, code, out, stderr)
			}
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"NOTES.md", ".gitignore", "jeton", "words/metiers.yaml"} { // the Region's own
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c.done("rules", "check", "--rules", dir)
	before, err := os.ReadFile(filepath.Join(dir, "rules.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := c.run("", "rules", "export", dir); code != exitError || !strings.Contains(stderr, "existe déjà") {
		t.Errorf("export twice: code %d, %s", code, stderr)
	}
	if after, err := os.ReadFile(filepath.Join(dir, "rules.yaml")); err != nil || !slices.Equal(before, after) {
		t.Errorf("export overwrote a file: %v", err)
	}
}

// The Region's own texts are said.
func TestRegionTexts(t *testing.T) {
	c := newTerminal(t)
	dir := t.TempDir()
	content := strings.Replace(string(bot.DefaultTextsYAML()), "Votre demande est enregistrée sous le numéro {{.reference}} et transmise", "Noté, c'est le {{.reference}} transmis", 1)
	if err := os.WriteFile(filepath.Join(dir, bot.TextsFile), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := c.done("request", "new", "Nous cherchons un prêt.", "--rules", dir); !strings.Contains(out, "Noté, c'est le") {
		t.Errorf("the Region's text is not said: %s", out)
	}
}

// Two replicas on one database get every message, at once, several times: each message has one reply and one request.
func TestTwoReplicas(t *testing.T) { databasetest.Each(t, twoReplicas) }

func twoReplicas(t *testing.T, e databasetest.Engine) {
	c := terminalOn(t, e)
	a := c.app(t)
	var replicas []*office
	for range 2 {
		db, err := a.open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		o, err := a.openOffice(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		replicas = append(replicas, o)
	}
	const messages = 20
	var replies [messages][4]bot.Reply
	var work sync.WaitGroup
	for n := range messages {
		for try := range replies[n] {
			work.Go(func() {
				m := bot.Message{Channel: "essai", ID: fmt.Sprint(n), Thread: fmt.Sprint(n % 15), At: a.now(), Asker: bot.Asker{Audience: knowledge.Public},
					Text: fmt.Sprintf("Nous sommes la menuiserie Fictive%c à Amiens et nous cherchons un prêt pour une machine.", 'A'+n)}
				var err error
				if replies[n][try], err = replicas[try%2].desk.Handle(t.Context(), m); err != nil {
					t.Error(err)
				}
			})
		}
	}
	work.Wait()
	references := map[string]bool{}
	for n, said := range replies {
		references[said[0].Request] = true
		for _, r := range said[1:] {
			if r.Request != said[0].Request || r.Text != said[0].Text {
				t.Errorf("message %d: %s %q, and %s %q", n, said[0].Request, said[0].Text, r.Request, r.Text)
			}
		}
	}
	all, err := replicas[0].ledger.List(t.Context(), ledger.Viewer{Staff: true}, ledger.Filter{Limit: 1000})
	if err != nil || len(all) != len(references) || len(all) < 2 {
		t.Errorf("%d requests, the replies name %d, %v", len(all), len(references), err)
	}
}
