package lexicon_test

import (
	"slices"
	"strings"
	"testing"

	"guichet/bot/lexicon"
	"guichet/routing"
	"guichet/routing/rulebook"
)

// TestLearnedReadsWhatNoPhraseSays reads requests that the phrases alone miss or take for something else, with words of the
// message as the source.
func TestLearnedReadsWhatNoPhraseSays(t *testing.T) {
	book, l := load(t)
	book.Words.Learned = nil
	phrases, err := lexicon.New(book)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"Nous allons perdre quinze postes et voulons reclasser nos gens.":   "emploi-recrutement",
		"Comment devenir membre d'un pôle, pour une ETI de la chimie ?":     "parcs-poles",
		"Nos colis pour New York restent en douane, qui peut nous guider ?": "export",
	} {
		if d := book.Rules.Decide(phrases.Read(text).Request); d.Rule == want {
			t.Errorf("%q: the phrases give %s alone, the test shows nothing", text, d.Rule)
		}
		r := l.Read(text)
		if d := book.Rules.Decide(r.Request); d.Rule != want {
			t.Errorf("%q: rule %q, want %s; facts %v", text, d.Rule, want, r.Request)
		}
		for _, f := range r.Request {
			if f.Source != routing.SourceRegister && !strings.Contains(text, f.Source) {
				t.Errorf("%q: the source %q of %s is not in the message", text, f.Source, f.Name)
			}
		}
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
	d := book.Rules.Decide(l.Read("Je reprends un café à Lens avec mon frère : qui me renseigne sur le débit de boissons, avant de créer la société ?").Request)
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
	if r := l.Read("Nos colis pour New York restent en douane."); !slices.Equal(r.Facts, r.Request) {
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
