package lexicon_test

import (
	"bufio"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"guichet/bot/lexicon"
	"guichet/routing"
	"guichet/routing/rulebook"
)

// routingCase is a message with the lead, or the missing fact, that lead-direction-rules gives it. Those of testdata were
// written from that text alone, by people who had not seen the vocabularies; the companies are fictional.
type routingCase struct {
	ID, Text   string
	Lead, Rule *string
	Associated []string
	Missing    []string
	Arbitrate  bool
}

func (c routingCase) right(d routing.Decision) bool {
	lead := ""
	if c.Lead != nil {
		lead = *c.Lead
	}
	return d.Lead == lead && slices.Equal(d.Missing, c.Missing) && d.Arbitrate == c.Arbitrate
}

// TestRoutingCases holds the vocabularies to whole sets of messages: a change that helps one way of speaking must not
// lose another. What was learned comes from these very sets, so their shares say nothing of messages never seen: those of
// « examen » do, nothing was learned from them. What each set gave at first sight is told beside it: its messages have since
// shown what the vocabularies lacked. A set may miss a few: some messages are ambiguous, and chasing the last
// one makes the words worse.
func TestRoutingCases(t *testing.T) {
	book, l := load(t)
	for _, set := range []struct {
		path  string
		least float64
	}{
		{"../../../shared/data/eval/routing-dev.jsonl", 1},
		{"testdata/entreprises.jsonl", 0.98}, // heads of companies, craftsmen, creators, typos
		{"testdata/relais.jsonl", 0.98},      // EPCI officers and advisers for a company
		{"testdata/paraphrases.jsonl", 0.98}, // said without the obvious words
		{"testdata/ordinaires.jsonl", 0.98},
		{"testdata/pieges.jsonl", 0.98}, // what the company is or sells has the words of another subject
		{"testdata/melange.jsonl", 0.98},
		{"testdata/soutenus.jsonl", 0.98},           // long noun phrases, rare verbs, reported speech
		{"testdata/varies.jsonl", 0.98},             // two sets that measured the reading before it learned from them
		{"testdata/courts.jsonl", 0.98},             // as routing-dev.jsonl
		{"testdata/difficiles.jsonl", 0.95},         // several subjects, refusals, English, forwarded mails
		{"testdata/divers.jsonl", 0.96},             // both registers
		{"testdata/terrain.jsonl", 0.98},            // officers' notes, creators, English, negations; 92 % at first sight
		{"testdata/permanence.jsonl", 0.98},         // likewise, few of the words that one expects; 82 % at first sight
		{"testdata/generaux.jsonl", 0.98},           // a bare need, which is no theme
		{"testdata/voisins.jsonl", 0.98},            // headcounts and seats in other words, ordinary words, asides; 79 % at first sight
		{"testdata/examen/ordinaires.jsonl", 0.97},  // as routing-dev.jsonl
		{"testdata/examen/simples.jsonl", 0.97},     // as routing-dev.jsonl, and as it is said on the phone; 99 % at first sight
		{"testdata/examen/independant.jsonl", 0.95}, // as routing-dev.jsonl, by somebody who had seen nothing else; 96 % at first sight
		{"testdata/examen/terrain.jsonl", 0.95},     // as terrain.jsonl; 85 % at first sight
		{"testdata/examen/registre.jsonl", 0.97},    // as routing-dev.jsonl, by somebody else; 93 % at first sight
		{"testdata/examen/final.jsonl", 0.98},       // as routing-dev.jsonl, by a third one; 100 % at first sight
		{"testdata/examen/melange.jsonl", 0.96},     // half of them chat with typos and long mails
	} {
		t.Run(set.path, func(t *testing.T) {
			right, total := 0, 0
			for _, c := range readCases(t, set.path) {
				total++
				if d := book.Rules.Decide(l.Read(c.Text).Request); c.right(d) {
					right++
				} else {
					t.Logf("%s: lead %q, rule %q, missing %v: %s", c.ID, d.Lead, d.Rule, d.Missing, c.Text)
				}
			}
			if share := float64(right) / float64(total); total == 0 || share < set.least {
				t.Errorf("%d right of %d, want %.0f %%", right, total, 100*set.least)
			}
		})
	}
}

func readCases(t *testing.T, path string) []routingCase {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var out []routingCase
	for s := bufio.NewScanner(file); s.Scan(); {
		var c routingCase
		if err := json.Unmarshal(s.Bytes(), &c); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		out = append(out, c)
	}
	return out
}

// TestReadingIsTheSameEachTime guards against an order that depends on maps: a decision must be replayable.
func TestReadingIsTheSameEachTime(t *testing.T) {
	text := "Nous créons une start-up à Lens, cherchons un prêt, des locaux, deux soudeurs et une formation pour exporter."
	var first []byte
	for range 5 {
		book, err := rulebook.Load(rulebook.Default())
		if err != nil {
			t.Fatal(err)
		}
		l, err := lexicon.New(book)
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(l.Read(text))
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = got
		}
		if string(got) != string(first) {
			t.Fatalf("one reading is %s, another %s", first, got)
		}
	}
}
