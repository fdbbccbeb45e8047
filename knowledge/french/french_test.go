package french

import (
	"strings"
	"testing"
)

func folds(text string) string {
	var out []string
	for _, w := range Words(text) {
		out = append(out, w.Fold)
	}
	return strings.Join(out, " ")
}

func TestWords(t *testing.T) {
	for text, want := range map[string]string{
		"L’entreprise d'Été, à Cœur-sur-l'Escaut": "l entreprise d ete a coeur sur l escaut",
		"la S.A.R.L. Dupont et le R.H.":           "la sarl dupont et le rh",
		"rev3, 3D et aujourd'hui":                 "rev3 3d et aujourd'hui",
		"Proch’emploi":                            "proch'emploi",
		"10 000 m²":                               "10 000 m2",
		"":                                        "",
		"\x00 \xff!":                              "",
	} {
		if got := folds(text); got != want {
			t.Errorf("Words(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestStemGroupsForms(t *testing.T) {
	for _, group := range []string{"création créations", "entreprise entreprises", "régional régionale régionales", "financement financements"} {
		forms := strings.Fields(group)
		for _, f := range forms[1:] {
			if Stem(f) != Stem(forms[0]) {
				t.Errorf("Stem(%q) = %q, Stem(%q) = %q", f, Stem(f), forms[0], Stem(forms[0]))
			}
		}
	}
}

func FuzzWords(f *testing.F) {
	for _, s := range []string{"L’été", "S.A.S.", "a\xffb", "Œ’", "R.H", "aujourd'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		words := Words(text)
		for i, w := range words {
			if w.Start >= w.End || w.End > len(text) {
				t.Fatalf("word %d of %q: %+v", i, text, w)
			}
			if i > 0 && w.Start < words[i-1].End {
				t.Fatalf("words of %q overlap: %+v then %+v", text, words[i-1], w)
			}
			Stem(w.Fold)
		}
	})
}
