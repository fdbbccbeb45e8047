package lexicon_test

import (
	"slices"
	"strings"
	"testing"

	"guichet/bot/lexicon"
	"guichet/routing"
	"guichet/routing/rulebook"
)

// TestLearnedReadsWhatNoPhraseSays takes away the phrases of a subject and adds one that lies: the subject is read all the
// same, with words of the message as its source, and what the lying phrase found steps back.
func TestLearnedReadsWhatNoPhraseSays(t *testing.T) {
	book, _ := load(t)
	book.Words.Cues = slices.DeleteFunc(book.Words.Cues, func(c rulebook.Cue) bool { return c.Fact == "subject" && c.Value == "export" })
	book.Words.Cues = append(book.Words.Cues, rulebook.Cue{Fact: "subject", Value: "formation", Weight: 9, Phrases: []rulebook.Phrase{{Text: "biscuit"}}})
	l, err := lexicon.New(book)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"Nous voulons vendre nos confitures en Italie et au Portugal, qui peut nous accompagner pour exporter ?",
		"Nous voulons vendre nos biscuits en Italie et au Portugal, qui peut nous accompagner pour exporter ?",
	} {
		r := l.Read(text)
		if d := book.Rules.Decide(r.Request); d.Rule != "export" {
			t.Errorf("%q: rule %q; facts %v", text, d.Rule, r.Request)
		}
		for _, f := range r.Request {
			if !strings.Contains(text, f.Source) {
				t.Errorf("%q: the source %q of %s is not in the message", text, f.Source, f.Name)
			}
			if f.Value == "formation" && f.Role != routing.Context {
				t.Errorf("%q: training is still asked for", text)
			}
		}
	}
	if d := book.Rules.Decide(l.Read("Qui fait des biscuits ici ?").Request); d.Rule != "formation" {
		t.Errorf("nothing is likelier, and the phrase of the Region is not followed: rule %q", d.Rule)
	}
}

// TestLearnedMakesNoRequestOfAQuestion: what was learned from requests sees one everywhere, so it is kept apart.
func TestLearnedMakesNoRequestOfAQuestion(t *testing.T) {
	_, l := load(t)
	for _, text := range []string{"Prix moyen d'une maison à Lille au m² ?", "Le Maroc est-il éligible ?", "Belgique"} {
		if f, ok := l.Read(text).Facts.Get("subject"); ok {
			t.Errorf("%q: the words say %v (« %s »)", text, f.Value, f.Source)
		}
	}
}

// TestASubjectWithoutExamples: a subject that the Region adds works through its phrases, whatever was learned before it.
func TestASubjectWithoutExamples(t *testing.T) {
	folder, err := rulebook.Folder(regionWith(t, map[string]func(string) string{
		"subjects.yaml": func(s string) string { return s + "- {id: licence, label: licence de débit de boissons}\n" },
		"rules.yaml": func(s string) string {
			return "- {id: licence, when: subject == \"licence\", lead: DRI, why: essai, section: essai}\n" + s
		},
		"words/essai.yaml": func(string) string {
			return "cues:\n- subject: licence\n  weight: 9\n  phrases: |\n    débit boissons\n"
		},
	}))
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
	d := book.Rules.Decide(l.Read("Qui me renseigne sur le débit de boissons, pour mon café de Lens ?").Request)
	if d.Rule != "licence" {
		t.Errorf("rule %q", d.Rule)
	}
}

// TestAnEmptyFileReadsByPhrasesAlone is how a Region does without what was learned.
func TestAnEmptyFileReadsByPhrasesAlone(t *testing.T) {
	folder, err := rulebook.Folder(regionWith(t, map[string]func(string) string{"words/apprentissage.txt": func(string) string { return "" }}))
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
	if r := l.Read("Nos cartons traversent l'Atlantique, qui peut nous accompagner vers nos premiers acheteurs à Boston ?"); !slices.Equal(r.Facts, r.Request) {
		t.Errorf("facts %v, as a request %v", r.Facts, r.Request)
	}
}

// TestLearnedOfAnotherRuleSetIsRefused: its classes name the subjects that they were learned for.
func TestLearnedOfAnotherRuleSetIsRefused(t *testing.T) {
	book, err := rulebook.Load(rulebook.Default())
	if err != nil {
		t.Fatal(err)
	}
	book.Words.Learned.Classes[3].Facts = [][2]string{{"subject", "licorne"}}
	_, err = lexicon.New(book)
	if err == nil || !strings.Contains(err.Error(), "words/apprentissage.txt:7 : « subject=licorne » n'est pas déclaré") {
		t.Errorf("error %v", err)
	}
}
