package knowledge_test

import (
	"slices"
	"testing"

	"guichet/knowledge"
)

// TestFormsOfAWord holds the forms that people mix to one another, with and without accents.
func TestFormsOfAWord(t *testing.T) {
	for _, forms := range [][]string{
		{"inviter", "invité", "invitées", "invitees"}, {"aide", "aides", "aidées", "aidee"}, {"vélo", "vélos", "velos"}, {"élu", "élus"}, {"emploi", "emplois"},
		{"Éco-Flux", "eco flux", "ecoflux"}, {"10 000", "10\u00a0000", "10.000", "10000"},
	} {
		for _, form := range forms {
			words := knowledge.Analyse(form)
			if !slices.ContainsFunc(knowledge.Analyse(forms[0]), func(w string) bool { return slices.Contains(words, w) }) {
				t.Errorf("%q gives %v, %q gives %v", forms[0], knowledge.Analyse(forms[0]), form, words)
			}
		}
	}
}
