package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"guichet/migrations/databasetest"
)

// The conventions and the officer of these tests are fictional; the EPCIs are those of the register.
const fictiveConventions = `id;type;epci;themes;debut;fin;signature;document;renouvelle
FICTIVE-1;aides;200018083;investissement|creation;01/01/2024;31/12/2026;15/12/2023;https://exemple.invalid/f-1;
FICTIVE-2;cadre;200030633;;2020-01-01;2025-12-31;2019-12-10;absent;
FICTIVE-3;cadre;200030633;;2026-01-01;2028-12-31;;;FICTIVE-2
`

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestConventionsOfTheTerminal(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, e databasetest.Engine) {
		c := terminalOn(t, e)
		say := func(want string, args ...string) {
			t.Helper()
			if out := c.done(args...); !strings.Contains(out, want) {
				t.Errorf("guichet %s: no %q in\n%s", strings.Join(args, " "), want, out)
			}
		}
		staff := func(args ...string) []string {
			return append(append([]string{"--now", "2026-09-10", "convention"}, args...), "--audience", "staff")
		}
		say("Aucune convention enregistrée dans guichet.\n", staff("list")...)
		say("Aucune convention enregistrée dans guichet. Rien ne dit lesquels des 92 EPCI", staff("missing")...)
		say("Aucune convention enregistrée dans guichet.", staff("alerts")...)
		for _, args := range [][]string{{"list"}, {"show", "FICTIVE-1"}, {"alerts"}, {"missing"}, {"missing", "--audience", "partner", "--epci", "200018083"}} {
			if code, _, stderr := c.run("", append([]string{"convention"}, args...)...); code != exitError || !strings.Contains(stderr, "--audience staff") {
				t.Errorf("%v: %d, %s", args, code, stderr)
			}
		}

		file := write(t, "c.csv", fictiveConventions)
		say("3 conventions ajoutées, 0 corrigée, 0 inchangée.\nÀ vérifier, c.csv:3, colonne « document » : FICTIVE-2 : le document « absent » n'est pas dans la base.\nEssai à blanc : rien n'a été enregistré.", "convention", "import", file, "--dry-run")
		say("Aucune convention enregistrée", staff("list")...)
		say("3 conventions ajoutées", "convention", "import", file)
		say("0 convention ajoutée, 0 corrigée, 3 inchangées", "convention", "import", file)
		// One recorded by mistake is taken away, with the reason; its history stays for the staff.
		say("ajoutée", "convention", "add", "FICTIVE-9", "--type", "cadre", "--epci", "200030633", "--start", "2026-01-01", "--end", "2026-12-31")
		if code, _, stderr := c.run("", "convention", "remove", "FICTIVE-9"); code != exitUsage || !strings.Contains(stderr, "--why") {
			t.Errorf("without a reason: %d, %s", code, stderr)
		}
		say("Convention FICTIVE-9 retirée.", "convention", "remove", "FICTIVE-9", "--why", "mauvais identifiant", "--by", "Ada")
		say("Ada · retirée · du 01/01/2026 au 31/12/2026, non signée · mauvais identifiant", staff("show", "FICTIVE-9")...)
		if out := c.done(staff("list")...); strings.Contains(out, "FICTIVE-9") {
			t.Errorf("still listed:\n%s", out)
		}
		if code, _, stderr := c.run("", "convention", "show", "FICTIVE-9", "--audience", "partner", "--epci", "200030633"); code != exitError || !strings.Contains(stderr, "introuvable") {
			t.Errorf("a partner reads what was removed: %d, %s", code, stderr)
		}
		if code, _, stderr := c.run("", "convention", "remove", "FICTIVE-2", "--why", "x"); code != exitError || !strings.Contains(stderr, "FICTIVE-3") {
			t.Errorf("renewed by another: %d, %s", code, stderr)
		}
		const titles = "id,type,epci,debut,fin,themes,signature,document,renouvelle\n"
		for want, content := range map[string]string{
			"mauvais.csv:3 : la convention renouvelée, « PERDUE », n'est pas enregistrée":  titles + "A,aides,200018083,2026-01-01,2026-12-31,,,,\nB,aides,200018083,2026-01-01,2026-12-31,,,,PERDUE\n",
			"mauvais.csv:2 : type « x » inconnu : strategique, aides, autorisation, cadre": titles + "A,x,200018083,2026-01-01,2026-12-31,,,,\n",
			"mauvais.csv:2 : EPCI « 552100554 » : ce SIREN n'est pas celui d'un EPCI":      titles + "A,aides,552100554,2026-01-01,2026-12-31,,,,\n",
			"mauvais.csv:2, colonne « debut » : ":                                          titles + "A,aides,200018083,hier,2026-12-31,,,,\n",
			"mauvais.csv:3, colonne « id » : la convention « A » est déjà ligne 2":         titles + strings.Repeat("A,aides,200018083,2026-01-01,2026-12-31,,,,\n", 2),
			"mauvais.csv:2 : thème « pèche » inconnu : un sujet des règles est attendu":    titles + "A,aides,200018083,2026-01-01,2026-12-31,pèche,,,\n",
			"mauvais.csv:1, colonne « renouvelle » : elle n'est pas dans le fichier":       "id,type,epci,debut,fin,themes,signature,document\nA,aides,200018083,2026-01-01,2026-12-31,,,\n",
			"convention « FICTIVE-3 » : elle doit finir après la convention renouvelée, ":  titles + "FICTIVE-2,cadre,200030633,2026-01-01,2029-12-31,,,,\n",
		} {
			code, _, stderr := c.run("", "convention", "import", write(t, "mauvais.csv", content))
			if code != exitError || !strings.Contains(stderr, want) {
				t.Errorf("%d, %s", code, stderr)
			}
		}
		say("FICTIVE-3", staff("list")...)
		if out := c.done(staff("list", "--json")...); strings.Contains(out, `"A"`) {
			t.Errorf("a part of a refused file is kept: %s", out)
		}

		list := decode(t, c.done(append(staff("list"), "--json")...))
		if missing := lacks("list", list, map[string]any{"recorded": 1.0, "conventions": []any{map[string]any{
			"id": "", "type": "", "epci": "", "epci_name": "", "themes": []any{""}, "start": "", "end": "", "state": "", "days_left": 1.0,
		}}}); len(missing) > 0 || list["recorded"] != 3.0 {
			t.Errorf("%v\n%v", missing, list)
		}
		say("FICTIVE-3", staff("list", "--state", "unsigned")...)
		say("Aucune convention dans cet état, sur 3 enregistrées", staff("list", "--state", "not_yet")...)
		if out := c.done("convention", "list", "--audience", "partner", "--epci", "200018083"); !strings.Contains(out, "FICTIVE-1") || strings.Contains(out, "FICTIVE-2") {
			t.Error(out)
		}
		say("Aucune convention enregistrée dans guichet pour CA Amiens Métropole", "convention", "list", "--audience", "partner", "--epci", "248000531")
		say("De renouvellement en renouvellement", staff("show", "FICTIVE-3")...)
		if code, _, stderr := c.run("", "convention", "show", "FICTIVE-3", "--audience", "partner", "--epci", "200018083"); code != exitError || !strings.Contains(stderr, "introuvable") {
			t.Errorf("%d, %s", code, stderr)
		}
		say("FICTIVE-1      convention d'aides       finit le 31/12/2026, dans 112 jours  CC de Desvres-Samer", staff("alerts")...)
		say("91 EPCI sur 92", staff("missing")...)
		say("FICTIVE-2 terminée le 31/12/2025, FICTIVE-3 non signée", staff("missing")...)

		say("Convention FICTIVE-4 ajoutée : signée, pas encore commencée.", "--now", "2026-09-10", "convention", "add", "FICTIVE-4", "--type", "aides", "--epci", "200018083",
			"--theme", "creation", "--start", "2027-01-01", "--end", "31/12/2029", "--signed", "2026-09-01", "--renews", "FICTIVE-1")
		say("Aucune convention signée ne finit dans les 180 jours sans renouvellement signé.", staff("alerts")...)
		if code, _, stderr := c.run("", "convention", "add", "FICTIVE-5", "--type", "aides", "--epci", "200018083", "--start", "2027-01-01", "--end", "2026-01-01"); code != exitError || !strings.Contains(stderr, "avant de commencer") {
			t.Errorf("%d, %s", code, stderr)
		}

		// The sheet of an EPCI, by audience.
		say("FICTIVE-4      convention d'aides, signée, pas encore commencée", "--now", "2026-09-10", "epci", "desvres", "--audience", "staff")
		for who, args := range map[string][]string{"the public": nil, "another partner": {"--audience", "partner", "--epci", "200030633"}} {
			out := c.done(append([]string{"epci", "200018083"}, args...)...)
			if !strings.Contains(out, "point d'entrée : DAEN") || !strings.Contains(out, "Export et développement international : DPEAP") || strings.Contains(out, "FICTIVE") {
				t.Errorf("%s sees\n%s", who, out)
			}
		}
		sheet := c.object("epci", "200018083")
		if sheet["conventions"] != nil || sheet["requests"] != nil || sheet["entry_point"] != "DAEN" {
			t.Error(sheet)
		}
		if missing := lacks("sheet", c.object("epci", "200018083", "--audience", "partner", "--epci", "200018083"), map[string]any{
			"siren": "", "name": "", "departements": []any{""}, "communes": 1.0, "conventions": []any{map[string]any{"id": "", "state": "", "renewed": true}}, "requests": []any{},
			"offer": []any{map[string]any{"theme": "", "cases": []any{map[string]any{"case": "", "lead": "", "schemes": []any{}}}}}, "entry_point": "",
		}); len(missing) > 0 {
			t.Error(missing)
		}
		if code, _, stderr := c.run("", "epci", "métropole"); code != exitError || !strings.Contains(stderr, "200093201 Métropole Européenne de Lille") {
			t.Errorf("%d, %s", code, stderr)
		}

		// A copy has them all.
		to := e.URL(t)
		c.done("copy", c.database, to)
		if out := (terminal{t, to}).done(staff("list")...); strings.Count(out, "FICTIVE") != 4 {
			t.Error(out)
		}
	})
}
