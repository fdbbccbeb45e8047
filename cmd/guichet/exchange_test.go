package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"guichet/migrations/database"
	"guichet/migrations/databasetest"
	"guichet/routing/exchange"
	"guichet/routing/ledger"
)

// fileRows is how long the files of TestFilesComeAndGo are; « make exchange » makes them 100,000 rows long.
var fileRows = flag.Int("rows", 2000, "lignes des fichiers repris")

// fictionalHistories writes a file of requests of fictional companies, by the mapping that ships.
func fictionalHistories(t *testing.T, path string, rows int) {
	t.Helper()
	mapping, err := loadMapping("", requestMapping(), requestFields())
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	out, err := mapping.NewWriter(file, exchange.Format(strings.TrimPrefix(filepath.Ext(path), ".")))
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	leads := []string{"DAEN", "DPEAP", "DIPI", "NFI"}
	region, err := loadRegion("")
	if err != nil {
		t.Fatal(err)
	}
	communes, syllables := region.book.Territories.Communes, strings.Fields("ba co du fé gri lo ma né pi ro sa tu vel za")
	name := func(n int) string { // so different as real ones are
		word := ""
		for random := rand.New(rand.NewPCG(3, uint64(n))); len(word) < 6; {
			word += syllables[random.IntN(len(syllables))]
		}
		return fmt.Sprintf("%s fictive %d", word, n)
	}
	for n := range rows {
		at := time.Date(2019, 1, 2, 8, 0, 0, 0, time.UTC).Add(time.Duration(n) * 37 * time.Minute)
		h := ledger.History{
			Source: "fictif", ID: fmt.Sprintf("F-%06d", n), Received: at, Text: fmt.Sprintf("Demande %d : un prêt ;\nune « machine » \"neuve\"", n),
			Author: "=Ada", Company: ledger.Company{Name: name(n % (rows/2 + 1))}, Place: ledger.Place{Commune: communes[random.IntN(len(communes))].INSEE},
			Lead: leads[random.IntN(len(leads))], Owner: "Bo",
		}
		h.Associated = slices.DeleteFunc([]string{"DFP", "DPRE"}[:random.IntN(3)], func(string) bool { return false })
		h.Status = ledger.Statuses()[random.IntN(6)]
		if n%10 == 3 && n < rows-10 { // to one above, or below, or joined itself
			to := n + []int{-3, 4, 10}[n/10%3]
			h.Status, h.Ended, h.EndedWhy, h.Into = ledger.Merged, at.Add(30*time.Hour), "la même entreprise", ledger.Origin{Source: "fictif", ID: fmt.Sprintf("F-%06d", to)}
		}
		switch h.Status {
		case ledger.Waiting:
			h.Lead, h.Owner, h.Associated = "", "", nil
		case ledger.Taken:
			h.Taken = at.Add(time.Hour)
		case ledger.Answered:
			h.Taken, h.Answered, h.Answer = at.Add(time.Hour), at.Add(2*time.Hour), "-20 % : oui"
		case ledger.Closed, ledger.Unreachable:
			h.Ended, h.EndedWhy = at.Add(48*time.Hour), "sans suite"
		}
		if err := out.Write(rowOf("", h)); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

// importKilled runs the import of a file in a process that is killed as soon as it wrote something, several times, then to its end.
func importKilled(t *testing.T, url, path string, kills int) importReport {
	t.Helper()
	db := databasetest.Open(t, url)
	count := func() (n int) {
		if err := db.Conn(t.Context()).QueryRowContext(t.Context(), `SELECT count(*) FROM imports`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := func() (*exec.Cmd, *bytes.Buffer) {
		cmd := exec.CommandContext(t.Context(), program, "--database", url, "--json", "request", "import", path)
		cmd.Env = append(os.Environ(), asProgram+"=1")
		out := new(bytes.Buffer)
		cmd.Stdout, cmd.Stderr = out, os.Stderr
		return cmd, out
	}
	for range kills {
		before := count()
		cmd, _ := command()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(time.Minute); count() == before && time.Now().Before(deadline) && before < *fileRows; {
			time.Sleep(5 * time.Millisecond)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // killed
	}
	if n := count(); n == 0 || n >= *fileRows {
		t.Errorf("killed at %d rows: it was not in the middle", n)
	}
	cmd, out := command()
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var report importReport
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	return report
}

// cells gives the rows of a CSV file without our own numbers, which are given anew.
func cells(t *testing.T, path string) [][]string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(content, []byte("\ufeff"))))
	r.Comma = ';'
	all, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	number := slices.Index(all[0], "Numéro")
	for i := range all {
		all[i] = slices.Delete(all[i], number, number+1)
	}
	return all
}

func TestFilesComeAndGo(t *testing.T) { databasetest.Each(t, filesComeAndGo) }

func filesComeAndGo(t *testing.T, e databasetest.Engine) {
	folder := t.TempDir()
	in := func(name string) string { return filepath.Join(folder, name) }
	fictionalHistories(t, in("source.csv"), *fileRows)
	first, second := terminalOn(t, e), terminalOn(t, e)
	if r := importKilled(t, first.database, in("source.csv"), 3); r.Rows != *fileRows || r.Failed != 0 || r.Added+r.Unchanged != *fileRows || r.Unchanged == 0 {
		t.Errorf("CSV: %+v", r)
	}
	first.done("request", "export", "--audience", "staff", "--output", in("first.csv"))
	first.done("request", "export", "--audience", "staff", "--format", "xlsx", "--output", in("first.xlsx"))
	if r := importKilled(t, second.database, in("first.xlsx"), 3); r.Rows != *fileRows || r.Failed != 0 || r.Added+r.Unchanged != *fileRows || r.Unchanged == 0 {
		t.Errorf("XLSX: %+v", r)
	}
	second.done("request", "export", "--audience", "staff", "--output", in("second.csv"))
	want, got, twice := cells(t, in("source.csv")), cells(t, in("first.csv")), cells(t, in("second.csv"))
	epci, departement := slices.Index(want[0], "EPCI (SIREN)"), slices.Index(want[0], "Département")
	if len(got) != len(want) || len(twice) != len(want) {
		t.Fatalf("%d rows, then %d, then %d", len(want), len(got), len(twice))
	}
	for i := range want {
		if i > 0 { // the register gives them
			want[i][epci], want[i][departement] = got[i][epci], got[i][departement]
		}
		if !slices.Equal(got[i], want[i]) || !slices.Equal(twice[i], want[i]) {
			t.Fatalf("row %d: %q\nthen %q\nthen %q", i+1, want[i], got[i], twice[i])
		}
	}
	for _, c := range []terminal{first, second} {
		holds(t, databasetest.Open(t, c.database))
	}
	// The whole file once more, of either kind, changes nothing.
	for _, c := range []struct {
		terminal
		file string
	}{{first, "first.xlsx"}, {second, "source.csv"}, {second, "second.csv"}} {
		if r := c.object("--json", "request", "import", in(c.file)); r["unchanged"] != float64(*fileRows) {
			t.Errorf("%s again: %v", c.file, r)
		}
	}
}

// holds checks that a base has every request of the file once, with its past and no notice of it.
func holds(t *testing.T, db *database.DB) {
	t.Helper()
	for query, want := range map[string]int{
		`SELECT count(*) FROM requests`:                                                      *fileRows,
		`SELECT count(*) FROM imports`:                                                       *fileRows,
		`SELECT count(*) FROM request_events WHERE kind = 'received'`:                        *fileRows,
		`SELECT count(*) FROM request_events WHERE kind = 'imported'`:                        *fileRows,
		`SELECT count(*) FROM request_events WHERE kind <> 'imported' AND actor <> 'fictif'`: 0,
		`SELECT count(*) FROM notices`:                                                       0,
		`SELECT count(*) FROM requests WHERE status = 'merged' AND merged_into <> ''`:        *fileRows/10 - 1,
		`SELECT count(*) FROM request_events joined JOIN requests r ON r.id = joined.request_id JOIN requests other ON other.reference = joined.other
			JOIN request_events e ON e.request_id = other.id AND e.kind = 'absorbed' AND e.other = r.reference AND e.at = joined.at
			WHERE joined.kind = 'merged' AND r.merged_into = joined.other`: *fileRows/10 - 1,
		`SELECT count(*) FROM requests r WHERE status = 'answered' AND NOT EXISTS (SELECT 1 FROM request_events e WHERE e.request_id = r.id AND e.kind = 'answered' AND e.at > r.created_at)`: 0,
	} {
		var n int
		if err := db.Conn(t.Context()).QueryRowContext(t.Context(), query).Scan(&n); err != nil || n != want {
			t.Errorf("%s: %d, %v, want %d", query, n, err, want)
		}
	}
}

func TestJoinedRequestsComeBack(t *testing.T) { databasetest.Each(t, joinedRequestsComeBack) }

func joinedRequestsComeBack(t *testing.T, e databasetest.Engine) {
	folder := t.TempDir()
	in := func(name string) string { return filepath.Join(folder, name) }
	c, other := terminalOn(t, e), terminalOn(t, e)
	write := func(name string, rows ...string) {
		t.Helper()
		titles := "Source;Identifiant;Reçue le;Demande;Entreprise;Commune (Insee);État;Chef de file;Prise en charge le;Close le;Motif;Jointe à (identifiant);Jointe à (source)\n"
		if err := os.WriteFile(in(name), []byte(titles+strings.Join(rows, "")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a := "sillage;A;2026-03-05;Un prêt;Fabrique fictive;Amiens;transmise;DAEN;;;;;\n"
	b := "sillage;B;2026-03-06;Une presse;Fabrique fictive;Amiens;transmise;DPEAP;;;;;\n"
	fields := `fields: {source: Source, id: Identifiant, received: Reçue le, text: Demande, company: Entreprise, commune: Commune (Insee), status: {column: État, values: {transmise: transmitted, jointe à une autre: merged}}, lead: Chef de file, taken: Prise en charge le, ended: Close le, why: Motif, joined: Jointe à (identifiant), joined_source: Jointe à (source)}
dates: [AAAA-MM-JJ]
`
	if err := os.WriteFile(in("sillage.yaml"), []byte(fields), 0o600); err != nil {
		t.Fatal(err)
	}
	write("sillage.csv", a, b)
	c.done("--now", "2026-03-07", "request", "import", in("sillage.csv"), "--mapping", in("sillage.yaml"))
	// Here, both end in a request that someone wrote.
	c.done("--now", "2026-03-09", "request", "new", "Nous sommes l'Atelier fictif à Lille et nous cherchons un prêt pour une machine.")
	c.done("--now", "2026-03-10", "request", "join", "2026-0002", "2026-0001", "--why", "la même usine", "--by", "Bo")
	c.done("--now", "2026-03-11", "request", "join", "2026-0003", "2026-0002", "--why", "le même groupe", "--by", "Bo")
	c.done("--now", "2026-03-12", "request", "answer", "2026-0003", "Oui.", "--by", "Bo")
	export := func(c terminal, name string) [][]string {
		t.Helper()
		c.done("request", "export", "--audience", "staff", "--format", strings.TrimPrefix(filepath.Ext(name), "."), "--output", in(name))
		if filepath.Ext(name) != ".csv" {
			return nil
		}
		return cells(t, in(name))
	}
	export(c, "base.xlsx")
	want := export(c, "base.csv")
	for _, name := range []string{"base.csv", "base.xlsx"} { // here, what was done here stays as it is
		if r := c.object("--now", "2026-03-13", "request", "import", in(name)); r["unchanged"] != 3.0 {
			t.Errorf("%s comes back: %v", name, r)
		}
	}
	if again := export(c, "again.csv"); !slices.EqualFunc(want, again, slices.Equal) {
		t.Errorf("%q became\n%q", want, again)
	}
	// Somebody completes the file before it comes back: what they added is taken, what was done here is not done again.
	content, err := os.ReadFile(in("base.csv"))
	if err != nil {
		t.Fatal(err)
	}
	completed := strings.ReplaceAll(string(content), ";Fabrique fictive;;", ";Fabrique fictive;732829320;")
	if err := os.WriteFile(in("completed.csv"), []byte(completed), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, said := c.run("", "--now", "2026-03-14", "request", "import", in("completed.csv"))
	if code != exitDone || !strings.Contains(out, "2 mises à jour, 1 inchangée") {
		t.Errorf("completed: %s%s", out, said)
	}
	if shown := c.done("request", "show", "2026-0001", "--audience", "staff"); !strings.Contains(shown, "732829320") || strings.Count(shown, "la même usine") != 1 {
		t.Errorf("completed:\n%s", shown)
	}
	for _, trial := range []string{"--dry-run", "--json"} { // elsewhere, whatever the order, all is made again
		if r := other.object("--now", "2026-03-13", "request", "import", in("base.xlsx"), trial); r["added"] != 3.0 {
			t.Errorf("elsewhere, %s: %v", trial, r)
		}
	}
	if got := export(other, "elsewhere.csv"); !slices.EqualFunc(want, got, slices.Equal) {
		t.Errorf("%q is elsewhere\n%q", want, got)
	}
	shown := other.done("request", "show", "2026-0002", "--audience", "staff")
	// Numbers are given as the requests come: the one that the others were joined to came first.
	for _, want := range []string{"jointe à une autre (2026-0001)", "11/03/2026 à 13:00 · jointe à · 2026-0001 · sillage · le même groupe", "10/03/2026 à 13:00 · y est jointe la · 2026-0003 · sillage · la même usine"} {
		if !strings.Contains(shown, want) {
			t.Errorf("%q is not in\n%s", want, shown)
		}
	}
	// A partner does not learn of another territory's request.
	if file := c.done("request", "export", "--audience", "partner", "--epci", "248000531"); strings.Count(file, "jointe à une autre") != 2 || strings.Contains(file, "2026-0003") || strings.Contains(file, "le même groupe") {
		t.Errorf("a partner reads\n%s", file)
	}
	// What the tool says later, and what cannot be.
	joined := func(row, to, more string) string {
		return strings.NewReplacer("transmise;", "jointe à une autre;", ";;;;;\n", ";;2026-03-08;;"+to+";"+more+"\n").Replace(row)
	}
	third := terminalOn(t, e)
	third.done("--now", "2026-03-07", "request", "import", in("sillage.csv"), "--mapping", in("sillage.yaml"))
	write("sillage.csv", joined(a, "B", ""), b)
	if r := third.object("--now", "2026-03-09", "request", "import", in("sillage.csv"), "--mapping", in("sillage.yaml")); r["updated"] != 1.0 || r["unchanged"] != 1.0 {
		t.Errorf("joined in the tool: %v", r)
	}
	write("sillage.csv", joined(a, "B", ""), joined(b, "A", ""), joined(strings.Replace(b, ";B;", ";C;", 1), "Z", "autre"), joined(strings.Replace(b, ";B;", ";D;", 1), "C", ""))
	for _, flags := range [][]string{{"--dry-run"}, nil} {
		code, _, said := third.run("", append([]string{"--now", "2026-03-09", "request", "import", in("sillage.csv"), "--mapping", in("sillage.yaml")}, flags...)...)
		for _, want := range []string{"sillage.csv:3, colonne « Jointe à (identifiant) » : « A » est déjà jointe à celle-ci", "sillage.csv:4, colonne « Jointe à (identifiant) » : la demande à laquelle elle est jointe n'est ni", "« Z », de la source « autre »", "« C », de la source « sillage »", "3 lignes sont en erreur"} {
			if code != exitError || !strings.Contains(said, want) {
				t.Errorf("%v: %q is not said in\n%s", flags, want, said)
			}
		}
	}
}

func TestTheExampleMappingIsRead(t *testing.T) {
	folder := t.TempDir()
	mapping, file := filepath.Join(folder, "sillage.yaml"), filepath.Join(folder, "sillage.csv")
	c := newTerminal(t)
	if err := os.WriteFile(mapping, []byte(c.done("request", "mapping", "--example")), 0o600); err != nil {
		t.Fatal(err)
	}
	source := `N° dossier;Date de dépôt;Besoin exprimé;Objet;Raison sociale;N° SIREN;Ville;Contact;Avancement;Service;Agent;Date d'affectation;Date de réponse;Réponse apportée;Date de clôture;Motif de clôture
A1;05/03/2024;Un prêt;;Fabrique fictive;;Amiens;Ada;Traité;Développement;Bo;07/03/2024;12/03/2024;Oui.;;
A2;06/03/2024;;Export;Atelier fictif;;Lille;;En cours;Export et proximité;;;;;;
A3;07/03/2024;;Rien;Maison fictive;;Perdue;;Clos;;;;;;;
A4;28/11/2026;;Projet;Neuve fictive;;80021;;;;;;;;;
A4;28/11/2026;;Projet;Neuve fictive;;80021;;;;;;;;;
A5;08/03/2024;;Projet;Autre fictive;123456789;80021;;Traité;;;;;;;
A6;08/03/2024;;Projet;Autre fictive;;80021;;Traité;;;;;;;
A7;08/03/2024;;Projet;Autre fictive;;80021;;Clos;;;;;;01/03/2024;
`
	write := func(source string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(source)
	importFile := func(flags ...string) (int, string, string) {
		return c.run("", append([]string{"--now", "2026-11-29", "request", "import", file, "--mapping", mapping}, flags...)...)
	}
	wanted := []string{
		"sillage.csv:4, colonne « Ville » : la commune « Perdue » n'est pas dans le registre", "sillage.csv:6, colonne « N° dossier » : « A4 » est déjà ligne 5",
		"sillage.csv:7, colonne « N° SIREN » : « 123456789 » n'est pas un SIREN", "sillage.csv:8, colonne « Date de réponse » : la date manque, pour une demande répondue",
		"sillage.csv:9, colonne « Date de clôture » : la date, le 01/03/2024, est avant la réception", "5 lignes sont en erreur",
	}
	for _, flags := range [][]string{{"--dry-run"}, nil} {
		code, out, said := importFile(flags...)
		if code != exitError || !strings.Contains(out, "8 lignes, 3 ajoutées") {
			t.Errorf("%v: %d, %s", flags, code, out)
		}
		for _, w := range wanted {
			if !strings.Contains(said, w) {
				t.Errorf("%v: %q is not said in\n%s", flags, w, said)
			}
		}
		if flags != nil {
			if list := c.done("request", "list", "--audience", "staff"); !strings.Contains(list, "Aucune demande.") {
				t.Errorf("a dry run wrote %s", list)
			}
		}
	}
	shown := c.done("request", "show", "2024-0001", "--audience", "staff")
	for _, want := range []string{"répondue", "Suivie par     Bo", "05/03/2024", "message reçu · sillage", "12/03/2024", "réponse donnée · sillage · Oui.", "reprise d'un autre outil · sillage · sillage.csv:2"} {
		if !strings.Contains(shown, want) {
			t.Errorf("%q is not in\n%s", want, shown)
		}
	}
	// The file goes on: one more answer, one text that changes, one request taken here meanwhile.
	c.done("request", "status", "2026-0001", "taken", "--by", "Cy")
	write(strings.NewReplacer(";En cours;Export et proximité;;;;;;", ";Traité;Export et proximité;;;20/03/2024;Voici.;;", "Un prêt;", "Un gros prêt;").Replace(source))
	if code, out, _ := importFile(); code != exitError || !strings.Contains(out, "0 ajoutée, 1 mise à jour, 1 inchangée,") || !strings.Contains(out, "1 ligne change le passé") {
		t.Errorf("the next file: %d, %s", code, out)
	}
	if shown := c.done("request", "show", "2024-0002", "--audience", "staff"); !strings.Contains(shown, "répondue") || strings.Count(shown, "message reçu") != 1 {
		t.Errorf("the next file made\n%s", shown)
	}
	if shown := c.done("request", "show", "2026-0001", "--audience", "staff"); !strings.Contains(shown, "prise en charge") {
		t.Errorf("what was done here is undone:\n%s", shown)
	}
	db := databasetest.Open(t, c.database)
	var notices int
	if err := db.Conn(context.Background()).QueryRowContext(t.Context(), `SELECT count(*) FROM notices`).Scan(&notices); err != nil || notices != 0 {
		t.Errorf("%d notices of the past, %v", notices, err)
	}
	if _, _, said := c.run("", "request", "export"); !strings.Contains(said, "le registre des demandes n'est pas public") {
		t.Errorf("an export for nobody: %s", said)
	}
	// A partner's file has its territory's requests only.
	if out := c.done("request", "export", "--audience", "partner", "--epci", "200093201"); !strings.Contains(out, "A2") || strings.Contains(out, "A1") {
		t.Errorf("the file of an EPCI: %s", out)
	}
}

func TestFundingsOfAFile(t *testing.T) { databasetest.Each(t, fundingsOfAFile) }

func fundingsOfAFile(t *testing.T, e databasetest.Engine) {
	c := terminalOn(t, e)
	file := filepath.Join(t.TempDir(), "aides.csv")
	write := func(rows string) {
		t.Helper()
		titles := "Source;Identifiant;Entreprise;SIREN;Commune (Insee);Opérateur;Direction;Dispositif;Nature;Montant;De minimis;Règlement;Dépense;Demande;Demandé le;Accordé le;Payé le;Refusé le;Retiré le\n"
		if err := os.WriteFile(file, []byte(titles+rows), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	good := "sillage;1;Fabrique fictive;;Amiens;;DAEN;Aide fictive;subvention;40 000,50 €;;;une presse;;05/03/2026;;;;\n"
	write(good + "sillage;2;Fabrique fictive;;;;PERDUE;;;;;;;;05/03/2026;;;;\n" + "sillage;3;Fabrique fictive;;;;DAEN;;perdue;;;;;;05/03/2026;;;;\n" +
		"sillage;4;Fabrique fictive;;;;DAEN;;;;;;;;;;;;\n" + "sillage;5;Fabrique fictive;;;;DAEN;;;;;;;2026-9999;05/03/2026;;;;\n" + "sillage;1;Fabrique fictive;;;;DAEN;;;;;;;;05/03/2026;;;;\n")
	for _, flags := range [][]string{{"--dry-run"}, nil} {
		code, out, said := c.run("", append([]string{"funding", "import", file}, flags...)...)
		if code != exitError || !strings.Contains(out, "6 lignes, 1 ajoutée,") {
			t.Errorf("%v: %d %s %s", flags, code, out, said)
		}
		for _, w := range []string{"aides.csv:3, colonne « Direction » : ", "aides.csv:4 : nature « perdue » inconnue", "aides.csv:5, colonne « Demandé le » : ", "aides.csv:6, colonne « Demande » : ", "aides.csv:7, colonne « Identifiant » : « 1 » est déjà ligne 2"} {
			if !strings.Contains(said, w) {
				t.Errorf("%v: %q is not said in\n%s", flags, w, said)
			}
		}
	}
	write(good)
	if r := c.object("--json", "funding", "import", file); r["unchanged"] != 1.0 {
		t.Errorf("again: %v", r)
	}
	write(strings.Replace(good, ";05/03/2026;;;;", ";05/03/2026;10/04/2026;;;", 1))
	if r := c.object("--json", "funding", "import", file); r["updated"] != 1.0 {
		t.Errorf("granted: %v", r)
	}
	if list := c.done("funding", "list", "--audience", "staff"); strings.Count(list, "Fabrique fictive") != 1 || !strings.Contains(list, "accordé") {
		t.Errorf("listed %s", list)
	}
}
