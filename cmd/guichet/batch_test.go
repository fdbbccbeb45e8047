package main

import (
	"bufio"
	"encoding/json"
	"io"
	"strings"
	"testing"
)

// One line out for each line in, in the same order, whatever is wrong with one.
func TestBatch(t *testing.T) {
	long := strings.Repeat("export ", 150_000) // 1 MB
	lines := []struct{ in, id, wrong string }{
		{"\ufeff" + `{"id":"first","text":"Nous voulons former nos vendeurs.","q":"export"}`, `"first"`, ""},
		{`{"id":7,"text":"","q":" "}`, `7`, "vide"},
		{``, `null`, "la ligne est vide"},
		{`pas du json`, `null`, "JSON valide (caractère 1)"},
		{`{"id":"open","text":"x"`, `null`, "JSON valide"},
		{`[1]`, `null`, "pas un objet"},
		{`{"id":"typed","text":12,"q":12}`, `"typed"`, "n'a pas le type attendu"},
		{`{"id":"latin","text":"caf` + "\xe9" + `","q":"caf` + "\xe9" + `"}`, `"latin"`, "UTF-8"},
		{`{"id":"bell","text":"a\u0007b","q":"a\u0007b"}`, `"bell"`, "caractère 2"},
		{`{"id":"long","text":"` + long + `","q":"` + long + `"}`, `"long"`, "trop long"},
		{`{"text":"un prêt","q":"prêt"}`, `null`, ""},
		{`{"id":{"n":1},"text":"un prêt","q":"prêt"}`, `{"n":1}`, ""},
	}
	var in []string
	for _, l := range lines {
		in = append(in, l.in)
	}
	for _, command := range []string{"route", "ask", "search"} {
		for _, end := range []string{"", "\n"} { // the last line may lack its end
			code, out, stderr := newTerminal(t).run(strings.Join(in, "\n")+end, command, "--batch", "-")
			got := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
			if code != exitDone || stderr != "" || len(got) != len(lines) {
				t.Fatalf("%s: code %d, %d lines for %d, %s", command, code, len(got), len(lines), stderr)
			}
			for i, l := range lines {
				var line struct {
					ID    json.RawMessage
					Error string
				}
				if err := json.Unmarshal([]byte(got[i]), &line); err != nil || string(line.ID) != l.id {
					t.Errorf("%s, %.40q: id %s, want %s (%v)", command, l.in, line.ID, l.id, err)
				}
				if (l.wrong == "") != (line.Error == "") || !strings.Contains(line.Error, l.wrong) {
					t.Errorf("%s, %.40q: error %q, want « %s »", command, l.in, line.Error, l.wrong)
				}
			}
		}
	}
}

// A program that asks one line at a time gets each answer before it asks the next.
func TestBatchAnswersAtOnce(t *testing.T) {
	c := newTerminal(t)
	in, ask := io.Pipe()
	answer, out := io.Pipe()
	go func() {
		run(t.Context(), []string{"--database", c.database, "route", "--batch", "-"}, in, out, io.Discard)
		_ = out.Close()
	}()
	answers := bufio.NewScanner(answer)
	for _, id := range []string{`"a"`, `"b"`} {
		if _, err := io.WriteString(ask, `{"id":`+id+`,"text":"un prêt"}`+"\n"); err != nil {
			t.Fatal(err)
		}
		if !answers.Scan() || !strings.HasPrefix(answers.Text(), `{"id":`+id+`,"lead":`) {
			t.Fatalf("answer to %s: %q", id, answers.Text())
		}
	}
	if err := ask.Close(); err != nil || answers.Scan() {
		t.Errorf("after the end: %v, %q", err, answers.Text())
	}
}

// What is given beside the text is surer than the text.
func TestRouteWithWhatIsGiven(t *testing.T) {
	facts := func(line string) map[string]string {
		t.Helper()
		_, out, _ := newTerminal(t).run(line, "route", "--batch", "-")
		var d struct {
			Error string
			Facts []struct {
				Name   string
				Value  any
				Source string
			}
		}
		if err := json.Unmarshal([]byte(out), &d); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{"error": d.Error}
		for _, f := range d.Facts {
			if s, ok := f.Value.(string); ok && f.Source != "default" {
				got[f.Name] = s + " " + f.Source
			}
		}
		return got
	}
	for _, test := range []struct {
		line string
		want map[string]string
	}{
		{`{"text":"Boulanger à Amiens, un prêt","territory":"Lens","requester":"epci","siren":"732 829 320"}`,
			map[string]string{"territory": "62498 asked", "departement": "62 register", "requester": "epci asked", "siren": "732829320 asked"}},
		{`{"text":"Un prêt","territory":"80021"}`, map[string]string{"territory": "80021 asked", "epci": "248000531 register"}},
		{`{"text":"Un prêt","territory":"Ville-Fictive-sur-Rien"}`, map[string]string{"territory": "Ville-Fictive-sur-Rien asked", "epci": ""}},
		{`{"text":"Un prêt","territory":"200035442"}`, map[string]string{"territory": "", "epci": "200035442 asked"}},
		{`{"text":"Un prêt","siren":"123456789"}`, map[string]string{"siren": "", "error": ""}},
		{`{"text":"Un prêt","requester":"roi"}`, map[string]string{"error": "le demandeur (requester) « roi » n'est pas une des valeurs que les règles connaissent"}},
	} {
		got := facts(test.line)
		for name, want := range test.want {
			if got[name] != want {
				t.Errorf("%s: %s is %q, want %q", test.line, name, got[name], want)
			}
		}
	}
}

func TestRouteTellsAnUnknownTerritory(t *testing.T) {
	c := newTerminal(t)
	for territory, told := range map[string]bool{"Ville-Fictive-sur-Rien": true, "200000172": true, "Lens": false, "80021": false, "200035442": false, "Amiénois": false} {
		_, out, _ := c.run(`{"text":"Un prêt","territory":"`+territory+`"}`+"\n", "route", "--batch", "-")
		if strings.Contains(out, "Le territoire « "+territory+" » n'est ni une commune ni un EPCI du registre") != told {
			t.Errorf("%s: told is not %t in %s", territory, told, out)
		}
	}
}

func FuzzBatch(f *testing.F) {
	f.Add([]byte(`{"id":1,"text":"un prêt"}` + "\n\n{"))
	f.Add([]byte("\xff\n\"a\"\r\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		var out strings.Builder
		echo := func(m messageLine) (messageLine, error) { return m, nil }
		if err := batch(strings.NewReader(string(in)), &out, echo); err != nil {
			t.Fatal(err)
		}
		want := strings.Count(string(in), "\n")
		if len(in) > 0 && in[len(in)-1] != '\n' {
			want++
		}
		if got := strings.Count(out.String(), "\n"); got != want {
			t.Errorf("%d lines out for %d in: %q", got, want, out.String())
		}
		for _, line := range strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n") {
			if line != "" && !json.Valid([]byte(line)) {
				t.Errorf("not JSON: %q", line)
			}
		}
	})
}
