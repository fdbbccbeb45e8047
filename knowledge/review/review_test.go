package review

import (
	"strings"
	"testing"
)

func TestCriteriaThatAreWrong(t *testing.T) {
	good := string(DefaultYAML())
	if _, err := Parse([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ old, new, want string }{
		"unknown key":         {"likeness: 0.5", "likeness: 0.5\nressemblance: 1", "ressemblance"},
		"likeness":            {"likeness: 0.5", "likeness: 5", "entre 0 et 1"},
		"no scheme":           {"schemes: [Montant, Nature, Coût, Dépenses]", "schemes: []", "« schemes »"},
		"the same twice":      {"{id: tpe,", "{id: pme,", "« pme »"},
		"no label":            {"label: tourisme,", "label: \"\",", "« tourisme »"},
		"no expression":       {"words: [numérique, cybersécurité, transformation digitale, logiciel]", "words: []", "« numerique » n'a aucune"},
		"nothing to look for": {"words: [eau, biodiversité]", "words: [de la]", "« de la »"},
		"a list that is none": {"themes:\n", "themes: 3\nautres:\n", "["},
	} {
		if !strings.Contains(good, test.old) {
			t.Errorf("%s: the file has no %q", name, test.old)
			continue
		}
		if _, err := Parse([]byte(strings.Replace(good, test.old, test.new, 1))); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}
