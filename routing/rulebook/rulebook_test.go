package rulebook_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"guichet/routing"
	"guichet/routing/rulebook"
)

// edit gives a Region's folder that holds one file, made from the default one by replacing old with new.
func edit(t *testing.T, name, old, new string) string {
	t.Helper()
	dir := t.TempDir()
	if _, err := rulebook.Export(dir); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, filepath.FromSlash(name))
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(content), old) {
		t.Fatalf("%s does not hold %q", name, old)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(content), old, new, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func load(dir string) (*rulebook.Book, error) {
	folder, err := rulebook.Folder(dir)
	if err != nil {
		return nil, err
	}
	return rulebook.Load(folder)
}

func TestDefaultSet(t *testing.T) {
	book, err := rulebook.Load(rulebook.Default())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(book.Rules.Set().Rules); n != 22 {
		t.Errorf("%d rules, the specification has 22", n)
	}
	if n := len(book.Territories.Communes); n != 3782 {
		t.Errorf("%d communes, the register has 3782", n)
	}
	if dead := book.Rules.NeverFires(); len(dead) > 0 {
		t.Errorf("rules that never fire: %v", dead)
	}
	for _, c := range book.Territories.Communes {
		if c.EPCI != "" && book.Territories.EPCI[c.EPCI].Name == "" {
			t.Errorf("%s belongs to the unknown EPCI %s", c.Name, c.EPCI)
		}
	}
}

func TestTheRegionsFolderReplacesFileByFile(t *testing.T) {
	dir := edit(t, "rules.yaml", "lead: DTRI", "lead: DRI")
	if err := os.Remove(filepath.Join(dir, "facts.yaml")); err != nil {
		t.Fatal(err)
	}
	book, err := load(dir)
	if err != nil {
		t.Fatal(err)
	}
	base, err := rulebook.Load(rulebook.Default())
	if err != nil {
		t.Fatal(err)
	}
	if book.Rules.Set().Version == base.Rules.Set().Version {
		t.Error("the changed rules have the version of the default ones")
	}
	for _, r := range book.Rules.Set().Rules {
		if r.ID == "filiere-rev3" && r.Lead != "DRI" {
			t.Errorf("lead %s: the Region's file was not read", r.Lead)
		}
	}
}

func TestMistakesAreToldWithFileAndLine(t *testing.T) {
	for _, c := range []struct{ name, file, old, new, want string }{
		{"unknown direction", "rules.yaml", "lead: NFI", "lead: NFX", "rules.yaml:4 : la règle implantation-etrangere nomme la direction inconnue « NFX »"},
		{"unknown fact", "rules.yaml", `origin == "foreign"`, `origine == "foreign"`, "rules.yaml:4"},
		{"unknown key", "rules.yaml", "why: une entreprise étrangère", "pourquoi: une entreprise étrangère", "rules.yaml:9"},
		{"broken YAML", "facts.yaml", "- name: headcount", "- name: [headcount", "facts.yaml:"},
		{"unknown kind", "facts.yaml", "kind: number", "kind: nombre", "type inconnu « nombre »"},
		{"missing column", "territoires/communes.csv", "insee,nom", "code,nom", "territoires/communes.csv:1 : il manque la colonne insee"},
		{"not a number", "territoires/communes.csv", "02300,518,", "02300,beaucoup,", "territoires/communes.csv:2"},
		{"bad delay", "conduct.yaml", "wait_for_fact: 48h", "wait_for_fact: deux jours", "conduct.yaml:3 : wait_for_fact"},
		{"no due date", "conduct.yaml", "  due: 3\n", "", "conduct.yaml:9 : transmitted, due"},
		{"due date that is none", "conduct.yaml", "due: 15", "due: -1", "conduct.yaml:14 : taken, due"},
		{"delay in words", "conduct.yaml", "due: 15", "due: quinze", "conduct.yaml:14"},
		{"reminders out of order", "conduct.yaml", "[2, 3, 5]", "[2, 5, 3]", "conduct.yaml:10 : transmitted, reminders : des jours ouvrés croissants, de 1 à 250, sont attendus, pas 3 après 5"},
		{"escalation before the last reminder", "conduct.yaml", "escalation: 6", "escalation: 5", "conduct.yaml:11 : transmitted, escalation"},
		{"unknown delay", "conduct.yaml", "no_news: [5]", "nouvelles: [5]", "conduct.yaml:12"},
		{"path on an unknown fact", "parcours.yaml", "when: difficulty", "when: malheur", "parcours.yaml:11 : la condition de la règle du parcours difficulte"},
		{"step by nobody that is known", "parcours.yaml", "by: [NFI]", "by: [NFX]", "parcours.yaml:20 : l'étape accompagnement du parcours implantation-etrangere nomme « NFX »"},
		{"step from nowhere", "parcours.yaml", "by: [NFI], section: Attractivité et export}", "by: [NFI]}", "parcours.yaml:20 : l'étape accompagnement du parcours implantation-etrangere ne dit pas d'où elle vient"},
		{"path without a step", "parcours.yaml", "  steps:\n    - {id: diagnostic-financier, label: diagnostic financier de départ, by: [lead], section: Innovation}\n", "", "parcours.yaml:11 : le parcours difficulte n'a pas d'étape"},
		{"period that is none", "retention.yaml", "votes: 6 mois", "votes: longtemps", "retention.yaml:12 : votes : une durée"},
		{"period of nothing", "retention.yaml", "votes: 6 mois", "votes: 0 jour", "retention.yaml:12 : votes"},
		{"period without an end", "retention.yaml", "votes: 6 mois", "votes: 99 ans", "retention.yaml:12 : votes"},
		{"unknown period", "retention.yaml", "votes: 6 mois", "vote: 6 mois", "retention.yaml:12"},
		{"company kept less than its request", "retention.yaml", "companies: 3 ans", "companies: 6 mois", "retention.yaml:20 : companies"},
		{"learned in another form", "words/apprentissage.txt", "guichet apprentissage 1", "guichet apprentissage 2", "words/apprentissage.txt:1 : le fichier doit commencer par"},
		{"learned class that is none", "words/apprentissage.txt", "subject=export", "export", "words/apprentissage.txt:5 : « export » n'est pas un fait et sa valeur"},
		{"learned weight that is none", "words/apprentissage.txt", "\nclasse\t", "\nclasse\tlourd", "words/apprentissage.txt:4 : « lourd"},
		{"convention type without a label", "conventions.yaml", "{code: cadre, label: convention-cadre}", "{code: cadre}", "conventions.yaml:8 : le type « cadre » : un type a un code"},
		{"convention type with a space", "conventions.yaml", "{code: cadre,", "{code: convention cadre,", "conventions.yaml:8 : le type « convention cadre »"},
		{"convention type between commas", "conventions.yaml", "{code: cadre,", "{code: \"cadre,aides\",", "conventions.yaml:8 : le type « cadre,aides »"},
		{"direction with a space", "directions.yaml", "code: DPEAP", "code: DP EAP", "directions.yaml:8 : la direction « DP EAP »"},
		{"direction without a code", "directions.yaml", "- code: DPEAP\n  does", "- does", "directions.yaml:8 : la direction «  »"},
		{"subject with a slash", "subjects.yaml", "id: export", "id: export/monde", "le sujet « export/monde »"},
		{"value with a space", "facts.yaml", "id: foreign", "id: à l'étranger", "la valeur du fait origin « à l'étranger »"},
		{"rule without an id", "rules.yaml", "id: implantation-etrangere", "id: \"\"", "rules.yaml:4 : la règle «  »"},
		{"path with a space", "parcours.yaml", "id: difficulte", "id: en difficulté", "parcours.yaml:11 : le parcours « en difficulté »"},
		{"step with a space", "parcours.yaml", "{id: offres,", "{id: les offres,", "parcours.yaml:21 : l'étape « les offres »"},
		{"convention type given twice", "conventions.yaml", "{code: cadre,", "{code: aides,", "conventions.yaml:8 : le type « aides »"},
		{"alerts out of order", "conventions.yaml", "[180, 90, 30]", "[180, 30, 90]", "conventions.yaml:10 : alert_days"},
		{"alert on no day", "conventions.yaml", "[180, 90, 30]", "[180, 0]", "conventions.yaml:10 : alert_days"},
		{"unknown direction of conventions", "conventions.yaml", "direction: DAEN", "direction: DAEM", "conventions.yaml:12 : direction « DAEM »"},
		{"unknown direction of sheets", "sheets.yaml", "direction: DAEN", "direction: DAEM", "sheets.yaml:3 : direction « DAEM »"},
		{"reminders of sheets out of order", "sheets.yaml", "[5, 2]", "[2, 5]", "sheets.yaml:5 : reminders"},
		{"reason given twice", "sheets.yaml", "code: delai", "code: foncier", "sheets.yaml:11 : la raison « foncier »"},
		{"reason without a label", "sheets.yaml", ", label: autre raison", "", "sheets.yaml:12 : une raison"},
		{"period of revues too long", "revues.yaml", "weeks: 7", "weeks: 700", "revues.yaml:5 : weeks"},
		{"revues from a Tuesday", "revues.yaml", "start: 2026-01-05", "start: 2026-01-06", "revues.yaml:8 : start : 2026-01-06 n'est pas un lundi"},
		{"revues of an unknown EPCI", "revues.yaml", "except: []", "except: [{epci: \"1\", weeks: 6}]", "revues.yaml:10 : « 1 » n'est pas le SIREN"},
		{"unknown direction of revues", "revues.yaml", "direction: DAEN", "direction: DAEM", "revues.yaml:12 : direction « DAEM »"},
		{"revue that is neither", "revues.yaml", "quiet: line", "quiet: peut-être", "revues.yaml:14 : quiet"},
		{"committee given twice", "revues.yaml", "code: copil", "code: technique", "revues.yaml:23 : le comité « technique »"},
		{"unknown direction of a committee", "revues.yaml", "2026-10-05, direction: DAEN", "2026-10-05, direction: X", "revues.yaml:23 : direction « X »"},
		{"unknown subject of conventions", "conventions.yaml", "subject: convention", "subject: conventions", "conventions.yaml:14 : sujet « conventions »"},
		{"officer of no EPCI", "officers.yaml", "\n[]", "\n- {name: Camille Fictive, epci: [\"200000001\"]}", "officers.yaml:3 : « 200000001 »"},
		{"officer without a name", "officers.yaml", "\n[]", "\n- {epci: [\"200018083\"]}", "officers.yaml:3 : il faut un nom"},
		{"two officers", "officers.yaml", "\n[]", "\n- {name: Camille Fictive, epci: [\"200018083\"]}\n- {name: Dominique Fictif, epci: [\"200018083\"]}", "officers.yaml:4 : l'EPCI 200018083 est déjà suivi par Camille Fictive"},
		{"cue without a value", "words/faits.yaml", "  value: grant\n", "", "words/faits.yaml:"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := load(edit(t, c.file, c.old, c.new))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// A Region that wrote its own delay before there were others keeps it, with the others as they ship.
func TestDelaysThatAreLeftOut(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "conduct.yaml"), []byte("wait_for_fact: 90m\ntaken:\n  due: 20\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	book, err := load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if c := book.Conduct; c.WaitForFact != 90*time.Minute || c.Delays.Taken.Due != 20 || c.Delays.Taken.Escalation != 0 || c.Delays.Transmitted.Due != 3 || len(c.Delays.Transmitted.Reminders) != 3 {
		t.Errorf("%+v", c)
	}
}

// The profile gives the path, and no path funds before the financial diagnostic.
func TestPaths(t *testing.T) {
	book, err := rulebook.Load(rulebook.Default())
	if err != nil {
		t.Fatal(err)
	}
	fact := func(name string, value any) routing.Fact { return routing.Fact{Name: name, Value: value} }
	for _, c := range []struct {
		name  string
		facts routing.Facts
		want  string
	}{
		{"creation", routing.Facts{fact("subject", "creation")}, "creation"},
		{"takeover", routing.Facts{fact("subject", "reprise")}, "creation"},
		{"start-up", routing.Facts{fact("subject", "creation"), fact("innovative", true)}, "creation-innovante"},
		{"TPE", routing.Facts{fact("subject", "investissement"), fact("headcount", int64(9))}, "tpe"},
		{"PME", routing.Facts{fact("subject", "investissement"), fact("headcount", int64(10))}, "pme"},
		{"PME and a loan", routing.Facts{fact("fund_kind", "financial_instrument"), fact("headcount", int64(249))}, "pme"},
		{"ETI", routing.Facts{fact("subject", "innovation"), fact("headcount", int64(250))}, "eti"},
		{"foreign", routing.Facts{fact("subject", "implantation"), fact("origin", "foreign")}, "implantation-etrangere"},
		{"difficulty", routing.Facts{fact("subject", "investissement"), fact("headcount", int64(9)), fact("difficulty", true)}, "difficulte"},
		{"transformation", routing.Facts{fact("subject", "rev3")}, "transformation"},
		{"size unknown", routing.Facts{fact("subject", "innovation")}, ""},
		{"nothing to fund", routing.Facts{fact("subject", "formation"), fact("headcount", int64(30))}, ""},
		{"waiting", routing.Facts{fact("subject", "investissement")}, ""},
	} {
		if d := book.Rules.Decide(c.facts); d.Path != c.want {
			t.Errorf("%s: path %q, want %q (lead %q)", c.name, d.Path, c.want, d.Lead)
		}
	}
	seed, err := os.ReadFile("../../../shared/data/seed/concertation-pole-entreprises-emploi.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range book.Rules.Set().Paths {
		diagnosed := false
		for _, step := range path.Steps {
			diagnosed = diagnosed || step.ID == "diagnostic-financier"
			if (step.ID == "financement" || step.ID == "aides") && !diagnosed {
				t.Errorf("%s: %s comes before the financial diagnostic", path.ID, step.ID)
			}
			if !strings.Contains(string(seed), step.Section) {
				t.Errorf("%s, %s: « %s » is no section of the source", path.ID, step.ID, step.Section)
			}
		}
	}
}

func TestPeriodsThatAreLeftOut(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "retention.yaml"), []byte("requests: 18 mois\njobs: 10 jours\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	book, err := load(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := routing.Retention{
		Conversations: routing.Period{Months: 6}, Votes: routing.Period{Months: 6}, Gaps: routing.Period{Months: 12}, Requests: routing.Period{Months: 18},
		Companies: routing.Period{Months: 36}, Fundings: routing.Period{Months: 120}, Notices: routing.Period{Months: 3}, Jobs: routing.Period{Days: 10}, Accesses: routing.Period{Months: 6}, Acts: routing.Period{Months: 36},
	}
	if book.Retention != want {
		t.Errorf("%+v, want %+v", book.Retention, want)
	}
}

func TestExportNeverOverwrites(t *testing.T) {
	dir := edit(t, "rules.yaml", "lead: DTRI", "lead: DRI")
	if _, err := rulebook.Export(dir); err == nil || !strings.Contains(err.Error(), "existe déjà") {
		t.Errorf("error %v", err)
	}
}

func TestFolderThatIsNot(t *testing.T) {
	if _, err := rulebook.Folder(filepath.Join(t.TempDir(), "absent")); err == nil {
		t.Error("an absent folder was taken")
	}
}

func TestThePlacesOfARequestHaveTheirNames(t *testing.T) {
	book, err := rulebook.Load(rulebook.Default())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ commune, epci, departement, want string }{
		{"80021", "248000531", "80", "Amiens (80021) · CA Amiens Métropole (248000531) · arrondissement : Amiens (802) · Somme (80)"},
		{"", "248000531", "80", "CA Amiens Métropole (248000531) · arrondissement : Amiens (802) · Somme (80)"},
		{"", "245900758", "59", ""}, // in several arrondissements
		{"00000", "000000000", "00", "00000 · 000000000 · 00"},
		{"", "", "80", "Somme (80)"},
		{"", "", "", ""},
	} {
		got := strings.Join(book.Territories.Names(c.commune, c.epci, c.departement), " · ")
		if got != c.want && (c.epci != "245900758" || strings.Contains(got, "arrondissement")) {
			t.Errorf("%q %q %q: %q, want %q", c.commune, c.epci, c.departement, got, c.want)
		}
	}
}
