package replay_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"guichet/bot/lexicon"
	"guichet/migrations/databasetest"
	"guichet/routing"
	"guichet/routing/ledger"
	"guichet/routing/ledger/ledgertest"
	"guichet/routing/ledger/replay"
	"guichet/routing/ledger/sqlledger"
	"guichet/routing/rulebook"
)

var (
	noon  = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	staff = ledger.Viewer{Staff: true}
)

// region reads the default rules, with files replaced.
func region(t *testing.T, files map[string]string) (*rulebook.Book, *lexicon.Lexicon) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	folder, err := rulebook.Folder(dir)
	if err != nil {
		t.Fatal(err)
	}
	book, err := rulebook.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	l, err := lexicon.New(book)
	if err != nil {
		t.Fatal(err)
	}
	return book, l
}

func shipped(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile("../../rulebook/default/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// messages are the labelled messages of companies.
func messages(t *testing.T) (texts []string) {
	t.Helper()
	for _, name := range []string{"difficiles", "ordinaires", "entreprises"} {
		file, err := os.Open("../../../bot/lexicon/testdata/" + name + ".jsonl")
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		for s := bufio.NewScanner(file); s.Scan(); {
			var line struct {
				Text string `json:"text"`
			}
			if err := json.Unmarshal(s.Bytes(), &line); err != nil || line.Text == "" {
				t.Fatalf("%s: %v, %s", name, err, s.Text())
			}
			texts = append(texts, line.Text)
		}
	}
	return texts
}

func intake(n int, text string, d routing.Decision) ledger.Intake {
	return ledger.Intake{
		Channel: "web", Message: fmt.Sprint("m", n), Thread: fmt.Sprint("t", n), Text: text, Decision: d,
		EntryPoint: "DAEN", Deadline: noon.AddDate(1, 0, 0), At: noon.Add(time.Duration(n) * time.Minute),
	}
}

func run(t *testing.T, p replay.Player, store ledger.Store) replay.Report {
	t.Helper()
	report, err := p.Run(t.Context(), store, staff, ledger.Span{})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestReplay(t *testing.T) { databasetest.Each(t, replays) }

func replays(t *testing.T, e databasetest.Engine) {
	store := sqlledger.New(e.New(t), &ledgertest.Jobs{}, ledger.DefaultTexts(), ledger.Agenda{})
	book, reader := region(t, nil)
	texts := messages(t)
	rev3 := 0
	var facts []routing.Facts
	for n, text := range texts {
		facts = append(facts, reader.Read(text).Request)
		d := book.Rules.Decide(facts[n])
		if d.Rule == "filiere-rev3" {
			rev3++
		}
		if _, _, err := store.Take(t.Context(), intake(n, text, d)); err != nil {
			t.Fatal(err)
		}
	}
	if rev3 == 0 {
		t.Fatal("no message for the rule that changes")
	}

	for name, p := range map[string]replay.Player{
		"facts as recorded": {Rules: book.Rules},
		"read again":        {Rules: book.Rules, Read: func(text string) routing.Facts { return reader.Read(text).Request }},
	} {
		t.Run("the same rules change nothing, "+name, func(t *testing.T) {
			got := run(t, p, store)
			if got.Read != len(texts) || got.Unchanged != len(texts) || len(got.Groups) != 0 || len(got.Moved) != 0 {
				t.Errorf("%d read, %d unchanged of %d, %d groups: %+v", got.Read, got.Unchanged, len(texts), len(got.Groups), first(got))
			}
		})
	}

	t.Run("another lead", func(t *testing.T) {
		changed, _ := region(t, map[string]string{"rules.yaml": strings.Replace(shipped(t, "rules.yaml"), "lead: DTRI", "lead: DRI", 1)})
		got := run(t, replay.Player{Rules: changed.Rules}, store)
		if got.Changed[replay.Lead] != rev3 {
			t.Errorf("%d leads change, want %d", got.Changed[replay.Lead], rev3)
		}
		for _, g := range got.Groups {
			if g.Kind == replay.Lead && (g.From.Lead != "DTRI" || g.To.Lead != "DRI" || g.To.Rule != "filiere-rev3" || len(g.Cases) != g.Count) {
				t.Errorf("group %+v", g)
			}
			if g.Kind == replay.Missing {
				t.Errorf("a fact is missing: %+v", g)
			}
		}
	})

	// What any change of the rules does, told by deciding again beside the ledger.
	t.Run("a fact is asked no longer", func(t *testing.T) {
		without := strings.Replace(shipped(t, "rules.yaml"), "headcount >= 10", "headcount >= 0", 1)
		if without == shipped(t, "rules.yaml") {
			t.Fatal("the rule of the headcount is written otherwise")
		}
		changed, _ := region(t, map[string]string{"rules.yaml": without})
		want := map[replay.Kind]int{}
		for _, f := range facts {
			before, after := book.Rules.Decide(f), changed.Rules.Decide(f)
			switch {
			case before.Lead != "" && after.Lead != "" && before.Lead != after.Lead:
				want[replay.Lead]++
			case before.Lead != after.Lead || strings.Join(before.Missing, " ") != strings.Join(after.Missing, " "):
				want[replay.Missing]++
			}
		}
		got := run(t, replay.Player{Rules: changed.Rules}, store)
		if want[replay.Lead] == 0 || got.Changed[replay.Lead] != want[replay.Lead] || got.Changed[replay.Missing] != want[replay.Missing] {
			t.Errorf("changed %v, want %v", got.Changed, want)
		}
	})
}

func first(r replay.Report) any {
	if len(r.Groups) == 0 {
		return nil
	}
	return *r.Groups[0]
}

func TestReplayBesidePeople(t *testing.T) { databasetest.Each(t, besidePeople) }

func besidePeople(t *testing.T, e databasetest.Engine) {
	store := sqlledger.New(e.New(t), &ledgertest.Jobs{}, ledger.DefaultTexts(), ledger.Agenda{})
	book, reader := region(t, nil)
	ctx := t.Context()
	n := 0
	take := func(text string) (ledger.Request, routing.Facts) {
		t.Helper()
		n++
		facts := reader.Read(text).Request
		r, _, err := store.Take(ctx, intake(n, text, book.Rules.Decide(facts)))
		if err != nil {
			t.Fatal(err)
		}
		return r, facts
	}
	assign := func(r ledger.Request, lead, by string) {
		t.Helper()
		if _, err := store.Assign(ctx, r.Reference, lead, "", "pas pour nous", by, noon.AddDate(0, 0, 1)); err != nil {
			t.Fatal(err)
		}
	}
	const circular = "Nous voulons nous lancer dans l'économie circulaire."
	agrees, _ := take(circular)
	assign(agrees, "DRI", "Ada Fictive")
	elsewhere, _ := take(circular)
	assign(elsewhere, "DPEAP", "Ada Fictive")
	back, _ := take(circular)
	assign(back, "DPEAP", "Ada Fictive")
	assign(back, "DTRI", "Bo Fictif")
	still, _ := take("Nous cherchons à exporter en Espagne.")
	assign(still, "DRI", "Ada Fictive")
	// A fact that came in answer to a question, and one that the channel knew, are in no text.
	asked, facts := take("Nous sollicitons une subvention pour une machine.")
	if asked.Status != ledger.Waiting {
		t.Fatalf("%+v", asked)
	}
	facts = facts.With(routing.Fact{Name: "headcount", Value: int64(4), Source: routing.SourceAsked})
	if _, err := store.Decide(ctx, asked.Reference, book.Rules.Decide(facts), "quatre", "Cy", noon.AddDate(0, 0, 1)); err != nil {
		t.Fatal(err)
	}
	// The entry point got it, because the answer never came: the rules still ask.
	late, _ := take("Nous demandons une subvention pour un four.")
	if err := store.FollowUp(ctx, late.Reference, noon.AddDate(2, 0, 0)); err != nil {
		t.Fatal(err)
	}
	human := reader.Read("Bonjour").Request
	n++
	if _, _, err := store.Take(ctx, intake(n, "Quelqu'un, s'il vous plaît", book.Rules.ToEntryPoint(human))); err != nil {
		t.Fatal(err)
	}

	changed, rereader := region(t, map[string]string{"rules.yaml": strings.Replace(shipped(t, "rules.yaml"), "lead: DTRI", "lead: DRI", 1)})
	for name, read := range map[string]func(string) routing.Facts{"": nil, "read again": func(text string) routing.Facts { return rereader.Read(text).Request }} {
		t.Run(name, func(t *testing.T) {
			got := run(t, replay.Player{Rules: changed.Rules, Read: read}, store)
			verdicts := map[string]replay.Verdict{}
			for _, m := range got.Moved {
				verdicts[m.Reference] = m.Verdict
				if m.Why != "pas pour nous" {
					t.Errorf("why %q", m.Why)
				}
			}
			want := map[string]replay.Verdict{agrees.Reference: replay.Agrees, elsewhere.Reference: replay.Elsewhere, still.Reference: replay.Still}
			if fmt.Sprint(verdicts) != fmt.Sprint(want) {
				t.Errorf("moved %v, want %v", verdicts, want)
			}
			if got.Read != n || got.ForPerson != 1 || got.Changed[replay.Lead] != 1 || got.Unchanged != 2 {
				t.Errorf("%+v %+v", got, first(got))
			}
			if len(got.Groups) != 1 || !slices.ContainsFunc(got.Groups[0].Cases, func(c replay.Case) bool { return c.Reference == back.Reference && c.Reason != "" }) {
				t.Errorf("%+v", first(got))
			}
		})
	}
	t.Run("nothing is written", func(t *testing.T) {
		after, err := store.Get(ctx, staff, back.Reference)
		if err != nil || after.Lead != "DTRI" || len(after.Events) != 4 {
			t.Errorf("%+v, %v", after, err)
		}
	})
	t.Run("a partner replays its own only", func(t *testing.T) {
		got, err := replay.Player{Rules: changed.Rules}.Run(ctx, store, ledger.Viewer{EPCI: "200000001"}, ledger.Span{})
		if err != nil || got.Read != 0 {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestChange(t *testing.T) {
	o := func(lead, rule string, missing, associated string) replay.Outcome {
		return replay.Outcome{Lead: lead, Rule: rule, Missing: strings.Fields(missing), Associated: strings.Fields(associated)}
	}
	for _, c := range []struct {
		name          string
		before, after replay.Outcome
		want          replay.Kind
	}{
		{"the same", o("A", "a", "", "B C"), o("A", "a", "", "C B"), replay.None},
		{"another rule", o("A", "a", "", ""), o("A", "b", "", ""), replay.Rule},
		{"other associated", o("A", "a", "", "B"), o("A", "b", "", ""), replay.Associated},
		{"asked now", o("A", "a", "", ""), o("", "", "origin", ""), replay.Missing},
		{"asked no longer", o("", "", "origin", ""), o("A", "a", "", ""), replay.Missing},
		{"another question", o("", "", "origin", ""), o("", "", "headcount", ""), replay.Missing},
		{"another lead", o("A", "a", "", "B"), o("B", "a", "", ""), replay.Lead},
	} {
		if got := replay.Change(c.before, c.after); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// A change of the declared facts must not make an old value decide.
func TestFactsThatTheRulesNoLongerKnow(t *testing.T) {
	book, _ := region(t, nil)
	known := book.Rules.Known(routing.Facts{
		{Name: "subject", Value: "disparu", Source: "mot"}, {Name: "origin", Value: "martienne", Source: "mot"}, {Name: "headcount", Value: "douze", Source: "mot"},
		{Name: "innovative", Value: false, Source: routing.SourceDefault}, {Name: "headcount", Value: int64(3), Source: "trois"}, {Name: "company", Value: "Fictive", Source: "Fictive"},
	})
	if d := book.Rules.Decide(known); !book.Rules.CatchAll(d.Rule) {
		t.Errorf("%+v", d)
	}
	for _, f := range known {
		if f.Name == "origin" || f.Value == "douze" || f.Source == routing.SourceDefault {
			t.Errorf("kept %+v", f)
		}
	}
}
