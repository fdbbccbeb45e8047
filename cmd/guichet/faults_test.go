package main

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"guichet/migrations/database"

	"guichet/migrations/databasetest"
)

// Bad input gives a sentence with its place, and loses nothing.
func TestBadText(t *testing.T) {
	c := newTerminal(t)
	c.done("request", "new", "Nous cherchons un prêt pour une machine.")
	for _, test := range []struct{ text, want string }{
		{"", "vide"},
		{" \n\t", "vide"},
		{"caf\xe9", "UTF-8 valide (vers le caractère 4)"},
		{"a\x00b", "caractère 2"},
		{"a\x1b[31mb", "caractère 2"},
		{strings.Repeat("é", 500_000), "trop long (500000 caractères, 8000 au plus)"}, // 1 MB
	} {
		for _, args := range [][]string{{"ask"}, {"search"}, {"route"}, {"request", "new"}, {"request", "answer", "2026-0001"}} {
			code, out, stderr := c.run("", append(args, test.text)...)
			if code != exitError || out != "" || !strings.Contains(stderr, test.want) {
				t.Errorf("guichet %v %.20q: code %d, %q, %q", args, test.text, code, out, stderr)
			}
		}
	}
	if requests := c.object("request", "list", "--audience", "staff")["requests"].([]any); len(requests) != 1 {
		t.Errorf("%d requests, want the one that was right", len(requests))
	}
}

func TestIngestReportsEachFailure(t *testing.T) {
	c := newTerminal(t)
	dir := t.TempDir()
	for name, content := range map[string]string{
		"bonne.md":    "---\nid: bonne\ntitre: Aide fictive\n---\n\nL'aide fictive couvre 40 % d'un séchoir à houblon.\n",
		"entete.md":   "---\ntitre: [pas fermé\n---\n\nTexte.\n",
		"ouverte.md":  "---\ntitre: Sans fin\n\nTexte.\n",
		"date.md":     "---\ntitre: Date\nvalidite:\n  fin: demain\n---\n\nTexte.\n",
		"vide.txt":    "",
		"image.png":   "\x89PNG",
		"binaire.txt": "a\x00b",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	code, out, stderr := c.run("", "ingest", "--json", dir, filepath.Join(dir, "absent.md"), "ftp://exemple.invalid/page")
	report := decode(t, out)
	if code != exitError || report["added"] != 1.0 || !strings.Contains(stderr, "8 sources en échec") {
		t.Errorf("code %d, %s, %s", code, out, stderr)
	}
	reasons := map[string]string{}
	for _, f := range report["failed"].([]any) {
		failure := f.(map[string]any)
		reasons[filepath.Base(failure["path"].(string))] = failure["error"].(string)
	}
	for name, want := range map[string]string{
		"entete.md": "ligne", "ouverte.md": "ligne 1", "date.md": "ligne 4", "vide.txt": "vide", "image.png": "non pris en charge",
		"binaire.txt": "octet nul", "absent.md": "introuvable", "page": "seules les adresses",
	} {
		if !strings.Contains(reasons[name], want) {
			t.Errorf("%s: %q, want « %s »", name, reasons[name], want)
		}
	}
	if answer := c.object("ask", "Quel taux couvre l'aide fictive pour un séchoir à houblon ?")["answer"].(string); !strings.Contains(answer, "40 %") {
		t.Errorf("the good file does not answer: %s", answer)
	}
}

func TestIngestAgainAndPrune(t *testing.T) { databasetest.Each(t, ingestAgainAndPrune) }

func ingestAgainAndPrune(t *testing.T, e databasetest.Engine) {
	c := terminalOn(t, e)
	dir := t.TempDir()
	file := filepath.Join(dir, "aide.txt")
	counts := func(args ...string) [4]float64 {
		t.Helper()
		report := c.object(append([]string{"ingest", dir}, args...)...)
		return [4]float64{report["added"].(float64), report["updated"].(float64), report["unchanged"].(float64), report["removed"].(float64)}
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("Une aide fictive au houblon.")
	if got := counts(); got != [4]float64{1, 0, 0, 0} {
		t.Errorf("first time: %v", got)
	}
	if got := counts(); got != [4]float64{0, 0, 1, 0} {
		t.Errorf("unchanged: %v", got)
	}
	write("Une aide fictive à la betterave.")
	if got := counts(); got != [4]float64{0, 1, 0, 0} {
		t.Errorf("changed: %v", got)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if got := counts(); got != [4]float64{0, 0, 0, 0} {
		t.Errorf("gone: %v", got)
	}
	if got := counts("--prune"); got != [4]float64{0, 0, 0, 1} {
		t.Errorf("gone, pruned: %v", got)
	}
	if len(c.object("search", "betterave")["results"].([]any)) != 0 || len(c.object("search", "export")["results"].([]any)) == 0 {
		t.Error("pruning a folder must take out its documents, and no other's")
	}
}

func TestDatabaseThatCannotBeUsed(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "texte.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("pas une base ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	newer := filepath.Join(dir, "recente.db")
	db, err := database.Open(t.Context(), "sqlite:"+newer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Writer().ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	served := databasetest.PostgreSQL.URL(t)
	wrong, err := url.Parse(served)
	if err != nil {
		t.Fatal(err)
	}
	wrong.User = url.UserPassword("guichet", "faux")
	for _, test := range []struct{ url, want string }{
		{wrong.String(), "refuse le compte « guichet » ou son mot de passe"},
		{"postgres://guichet:faux@serveur:port/base", "illisible"},
		{"sqlite:" + text, "n'est pas une base SQLite"},
		{"sqlite:" + filepath.Join(text, "dessous.db"), text},
		{"sqlite:" + dir, dir},
		{"sqlite:", "chemin"},
		{"sqlite:" + newer, "plus récente que ce programme"},
		{"mysql://localhost", "mysql"},
	} {
		c := terminal{t, test.url}
		for _, args := range [][]string{{"ask", "export"}, {"ingest", schemes}, {"request", "new", "Un prêt."}, {"request", "list", "--audience", "staff"}, {"gaps"}, {"serve", "--address", "127.0.0.1:0"}} {
			if code, _, stderr := c.run("", args...); code != exitError || !strings.Contains(stderr, test.want) {
				t.Errorf("guichet %v on %s: code %d, %q", args, test.url, code, stderr)
			}
		}
		code, out, _ := c.run("", "doctor")
		if code != exitError || !strings.Contains(out, test.want) || !strings.Contains(out, "→") {
			t.Errorf("doctor on %s: code %d, %s", test.url, code, out)
		}
	}
	if content, err := os.ReadFile(text); err != nil || !strings.HasPrefix(string(content), "pas une base") {
		t.Errorf("the file that was no database has changed: %.20q, %v", content, err)
	}
}

// A server that does not answer is told at once by the commands that somebody waits for.
func TestDatabaseThatDoesNotAnswer(t *testing.T) {
	line, address := databasetest.NewLine(t, databasetest.PostgreSQL.URL(t))
	line.Cut()
	c := terminal{t, address}
	for _, args := range [][]string{{"ask", "export"}, {"request", "new", "Un prêt."}, {"gaps"}, {"migrate", "up"}, {"migrate", "status"}} {
		if code, _, stderr := c.run("", args...); code != exitError || !strings.Contains(stderr, "injoignable") {
			t.Errorf("guichet %v: code %d, %q", args, code, stderr)
		}
	}
	if code, out, _ := c.run("", "doctor"); code != exitError || !strings.Contains(out, "→ démarrez le serveur PostgreSQL") {
		t.Errorf("doctor: code %d, %s", code, out)
	}
}

func TestMigrate(t *testing.T) { databasetest.Each(t, migrate) }

func migrate(t *testing.T, e databasetest.Engine) {
	c := terminalOn(t, e)
	before := c.object("migrate", "status")
	if before["database"] != 0.0 || before["pending"] != true || before["engine"] != string(e.Dialect) {
		t.Errorf("a new database: %v", before)
	}
	for _, command := range []string{"up", "status", "up"} {
		if after := c.object("migrate", command); after["database"] != before["program"] || after["pending"] != false {
			t.Errorf("migrate %s: %v", command, after)
		}
	}
	db := databasetest.Open(t, c.database)
	if _, err := db.Writer().ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, $1)`, true); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"up", "status"} {
		if code, _, stderr := c.run("", "migrate", command); code != exitError || !strings.Contains(stderr, "plus récente que ce programme (schéma 9999") {
			t.Errorf("migrate %s on a newer database: code %d, %s", command, code, stderr)
		}
	}
}

// A base moves to PostgreSQL and back: the same answers, the same ledger, and what had to be sent is still to be sent.
func TestCopyOfNothing(t *testing.T) {
	c, dir := newTerminal(t), t.TempDir()
	code, out, stderr := c.run("", "copy", "sqlite:"+filepath.Join(dir, "absente.db"), "sqlite:"+filepath.Join(dir, "neuve.db"))
	if code != exitError || out != "" || !strings.Contains(stderr, "absente.db : fichier introuvable") {
		t.Errorf("code %d, %q, %q", code, out, stderr)
	}
	if made, err := os.ReadDir(dir); err != nil || len(made) > 0 {
		t.Errorf("made %v, %v", made, err)
	}
}

// What is for the staff becomes public only when the command line says so.
func TestIngestWidensOnlyWhenAsked(t *testing.T) {
	c, dir := newTerminal(t), t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "note.md"), []byte("# Note fictive\n\nLe séchoir à houblon est financé.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	public := func() bool { return strings.Contains(c.done("documents", "list"), "Note fictive") }
	c.done("ingest", "--audience", "staff", dir)
	code, out, stderr := c.run("", "ingest", dir)
	if code != exitError || public() || !strings.Contains(out, "donnez « --audience staff »") || !strings.HasSuffix(stderr, "guichet : 1 source en échec\n") {
		t.Errorf("code %d, %q, %q, public: %t", code, out, stderr, public())
	}
	c.done("ingest", "--audience", "staff", dir)
	if c.done("ingest", "--audience", "public", dir); !public() {
		t.Error("the public does not see what it was given")
	}
	if code, _, stderr := c.run("", "ingest", "--epci", "732829320", dir); code != exitError || !strings.Contains(stderr, "n'est celui d'aucun EPCI") {
		t.Errorf("a company as an EPCI: code %d, %q", code, stderr)
	}
	if list := c.done("documents", "list") + c.done("documents", "show", "note"); strings.Contains(list, dir) {
		t.Errorf("the public sees the folder: %s", list)
	}
	if list := c.done("documents", "list", "--audience", "staff"); !strings.Contains(list, filepath.Join(dir, "note.md")) {
		t.Errorf("the staff does not see the file: %s", list)
	}
}

// The errors of files and of JSON are in French, with their place.
func TestFilesThatCannotBeRead(t *testing.T) {
	c, dir := newTerminal(t), t.TempDir()
	file := func(name, content string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	wrong, empty, corpus := file("cas.jsonl", "\n#x\n"), file("vide.jsonl", "\n"), file("corpus.jsonl", "{\"_id\": 1}\n")
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"eval", "answers", wrong}, wrong + ":2 : la ligne n'est pas du JSON valide (caractère 1)"},
		{[]string{"eval", "routing", wrong}, wrong + ":2 : la ligne n'est pas du JSON valide (caractère 1)"},
		{[]string{"eval", "answers", empty}, empty + " : le fichier est vide"},
		{[]string{"eval", "routing", empty}, empty + " : le fichier est vide"},
		{[]string{"eval", "routing", dir}, dir + " : c'est un dossier, un fichier est attendu"},
		{[]string{"eval", "retrieval", dir}, filepath.Dir(corpus) + ", corpus : ligne 1 : le champ « _id » n'a pas le type attendu"},
		{[]string{"ask", "--batch", dir}, dir + " : c'est un dossier, un fichier est attendu"},
		{[]string{"ask", "x", "--rules", filepath.Join(dir, "absent")}, "absent » n'existe pas"},
		{[]string{"rules", "export", wrong}, "ce n'est pas un dossier"},
		{[]string{"migrate", "status", "--database", "sqlite:" + wrong}, "n'est pas une base SQLite"},
	} {
		code, out, stderr := c.run("", test.args...)
		if code != exitError || out != "" || !strings.Contains(stderr, test.want) {
			t.Errorf("guichet %v: code %d, %q, %q, want « %s »", test.args, code, out, stderr, test.want)
		}
	}
	public := file("publique.jsonl", `{"id":"1","q":"Quel est le plafond de la lune ?","answerable":false}`)
	if got := c.object("eval", "answers", public); got["unanswerable"] != 1.0 {
		t.Errorf("a question without audience: %v", got)
	}
}

func TestCopy(t *testing.T) {
	c := newTerminal(t)
	c.object("ingest", schemes)
	c.done("--now", at, "request", "new", "Nous sommes une menuiserie de 12 salariés à Amiens et nous cherchons un prêt pour une machine.")
	c.done("--now", at, "request", "new", "Un industriel veut s'implanter chez nous, il cherche 5 hectares.")
	shown := func(c terminal) string {
		out := c.done("request", "show", "--audience", "staff", "2026-0001", "--json") + c.done("request", "show", "--audience", "staff", "2026-0002", "--json")
		for _, q := range []string{"plafond du PRIT", "export"} {
			results := c.object("search", q)
			for _, r := range results["results"].([]any) { // vectors are kept with another precision
				out += fmt.Sprintln(r.(map[string]any)["document"], r.(map[string]any)["chunk"])
			}
		}
		return out
	}
	jobs := func(c terminal) (n int) {
		db := databasetest.Open(t, c.database)
		if err := db.Conn(t.Context()).QueryRowContext(t.Context(), `SELECT count(*) FROM river_job WHERE state IN ('available', 'scheduled')`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	want, planned := shown(c), jobs(c)
	for _, e := range []databasetest.Engine{databasetest.PostgreSQL, databasetest.SQLite} {
		next := terminalOn(t, e)
		tables := c.object("copy", c.database, next.database)["tables"].([]any)
		if len(tables) == 0 || planned < 2 {
			t.Errorf("%d tables, %d jobs", len(tables), planned)
		}
		if got := shown(next); got != want {
			t.Errorf("on %s:\n%s\nwant\n%s", e.Dialect, got, want)
		}
		if got := jobs(next); got != planned {
			t.Errorf("on %s: %d jobs are planned, want %d", e.Dialect, got, planned)
		}
		if code, _, stderr := c.run("", "copy", c.database, next.database); code != exitError || !strings.Contains(stderr, "n'est pas vide") {
			t.Errorf("copied over: code %d, %s", code, stderr)
		}
		c = next
	}
}

func TestServeTellsWhatIsWrong(t *testing.T) {
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	c := newTerminal(t)
	for _, test := range []struct{ address, want string }{
		{taken.Addr().String(), "le port est déjà pris"},
		{"ici", "adresse illisible"},
		{"192.0.2.1:8080", "pas celle de cette machine"},
	} {
		if code, _, stderr := c.run("", "serve", "--address", test.address); code != exitError || !strings.Contains(stderr, test.want) {
			t.Errorf("serve on %s: code %d, %q", test.address, code, stderr)
		}
	}
}

// Several programs that find no database create it together, and each answers.
func TestFirstStartsTogether(t *testing.T) { databasetest.Each(t, firstStartsTogether) }

func firstStartsTogether(t *testing.T, e databasetest.Engine) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	database := terminalOn(t, e).database
	answers := make(chan string)
	const starts = 8
	for range starts {
		go func() {
			start := exec.CommandContext(t.Context(), program, "--database", database, "ask", "Combien de plateformes compte Proch'emploi ?")
			start.Env = append(start.Environ(), asProgram+"=1")
			out, err := start.CombinedOutput()
			answers <- fmt.Sprint(string(out), err)
		}()
	}
	for range starts {
		if answer := <-answers; !strings.Contains(answer, "23") || !strings.HasSuffix(answer, "<nil>") {
			t.Errorf("a start says %s", answer)
		}
	}
}
