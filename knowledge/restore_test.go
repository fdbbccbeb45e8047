package knowledge

import (
	"slices"
	"testing"
)

func TestRestoreDamagedWords(t *testing.T) {
	sound := Block{Text: "Une véritable concertation entre les directions et les agents, dans l'organigramme."}
	for _, test := range []struct{ text, want string }{
		{"les odalit s de o e tatio .", "concertation"},
		{"les odalit s de o e tatio .", "modalites"},
		{"pou  e  a lio e  l’effi ie e.", "efficience"},
		{"Selon les di e tio s et les dispositifs o ilis s, l’app he sio  du sujet e t e", "directions"},
		{"tous les age ts o e s et pa tag es", "agents"},
		{"portées pa  les di e tio s da s l’o ga ig a e, dont le e", "organigramme"},
	} {
		if got := newRestorer([]Block{sound}).restore(test.text); !slices.Contains(got, test.want) {
			t.Errorf("restore(%q) = %q, want %q among them", test.text, got, test.want)
		}
	}
	for _, text := range []string{"Un texte sain, à lire jusqu'au bout.", "Mardi 24 mai – 14 h – 16 h", "Le plan A, le plan B : y a-t-il un plan C ?", "R & D, E. Martin et J. Dupont", ""} {
		if got := newRestorer([]Block{sound}).restore(text); got != nil {
			t.Errorf("restore(%q) = %q, want nothing for a sound text", text, got)
		}
	}
}

func TestIndexKeepsTheQuoteAsItStands(t *testing.T) {
	const text = "Le calendrier pe ett a d’app ie  les odalit s de o e tatio ."
	d := Document{Title: "Note", Blocks: []Block{{Text: text}, {Text: "Une concertation."}}}
	entries := Index(d)
	if entries[0].Text != text {
		t.Errorf("the quote became %q", entries[0].Text)
	}
	if !slices.Contains(entries[0].Body, Analyse("concertation")[0]) {
		t.Errorf("the restored word is not searchable: %q", entries[0].Body)
	}
}

func FuzzIndex(f *testing.F) {
	f.Add("o e tatio d e", "concertation")
	f.Add("a b c d e f g h i j", "x")
	f.Add("é è\xffl' d’", "S.A.R.L. 10 000 R&D")
	f.Fuzz(func(t *testing.T, damaged, sound string) {
		d := Document{Title: sound, Blocks: []Block{{Text: damaged}, {Kind: Item, Text: sound, Mark: "- "}}}
		for _, e := range Index(d) {
			for _, w := range slices.Concat(e.Title, e.Section, e.Body) {
				if w == "" || slices.ContainsFunc([]rune(w), func(r rune) bool { return r == ' ' || r == '"' || r == 0 }) {
					t.Errorf("word %q of %q", w, e.Text)
				}
			}
		}
	})
}

func TestVocabulary(t *testing.T) {
	v, err := readVocabulary(vocabularyFile)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, d := range v.demands {
		if names[d.Name] || d.Asked == "" || d.Required && !d.shows() {
			t.Errorf("demand « %s » is twice there, has no words, or requires what nothing shows", d.Name)
		}
		names[d.Name] = true
	}
	for _, known := range []string{listing, openness, entirety} {
		if !names[known] {
			t.Errorf("the demand « %s » that the program knows is not in the file", known)
		}
	}
	for _, bad := range []string{"inconnu: 1", "demandes: [{nom: x, mots: '('}]", "synonymes: 3"} {
		if _, err := readVocabulary([]byte(bad)); err == nil {
			t.Errorf("readVocabulary(%q) has no error", bad)
		}
	}
}
