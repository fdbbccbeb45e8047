package knowledge

import (
	"cmp"
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"guichet/knowledge/french"
)

//go:embed vocabulary.yaml
var vocabularyFile []byte

// vocabulary is how questions speak: words that replace each other, and what a question asks for.
type vocabulary struct {
	// synonyms gives the analysed words that may stand for one, itself left out.
	synonyms map[string][]string
	demands  []demand
	// fillers are analysed words that carry the question and not its subject.
	fillers map[string]bool
	// general are analysed nouns that ask without naming (« quel rôle… »).
	general map[string]bool
	// fundings are analysed nouns for what a scheme gives.
	fundings map[string]bool
	// applicants are analysed nouns for who asks for a scheme.
	applicants map[string]bool
	// attribute finds, at the end of a folded text, a noun that asks for a value, with its « de »: what follows has the value.
	attribute *regexp.Regexp
	// here finds our region, in a folded text.
	here *regexp.Regexp
	// elsewhere finds the regions that are not ours, in a folded text.
	elsewhere *regexp.Regexp
	// another finds them where they are who acts, or where the thing asked is.
	another *regexp.Regexp
}

// demand is a kind of thing that a question asks for.
type demand struct {
	Name string `yaml:"nom"`
	// asked finds the demand in a folded question, shown finds what satisfies it in a folded passage.
	Asked string `yaml:"mots"`
	Shown string `yaml:"indice"`
	// Required tells that a passage without it is no answer.
	Required bool `yaml:"exige"`
	// Named tells that the passage must also hold the asked word itself: any amount is a « montant », not any is a « budget ».
	Named bool `yaml:"nomme"`
	// Yields tells that another required demand takes its place: an amount is a number, not any number is an amount.
	Yields bool `yaml:"cede"`
	// Person tells that the passage must name somebody, by a first name (« prenom ») or in full (« complet »).
	Person string `yaml:"personne"`

	// Spelled tells that the demand is made of an acronym, and that the passage must spell one out (« service instructeur (SI) »).
	Spelled bool `yaml:"developpe"`

	// Carried are words that only say the demand when it is made (« combien de temps ça prend »).
	Carried []string `yaml:"porte"`

	// Entry finds the label of a sheet's entry that tells what is asked (« Durée : »), in a folded text.
	Entry string `yaml:"rubrique"`
	// Alone tells that the entry answers only a question that asks nothing beyond: a sheet's « Durée » is not that of every step.
	Alone bool `yaml:"seule"`

	asked, shown, entry *regexp.Regexp
	carried             map[string]bool
	// capitals tells that shown looks for capital letters: in the text as it stands too.
	capitals bool
}

// loadVocabulary reads the file that ships; it is checked by a test, so a mistake in it is a programming error.
var loadVocabulary = sync.OnceValue(func() *vocabulary {
	v, err := readVocabulary(vocabularyFile)
	if err != nil {
		panic(err)
	}
	return v
})

func readVocabulary(content []byte) (*vocabulary, error) {
	var file struct {
		Synonyms [][]string `yaml:"synonymes"`
		Demands  []demand   `yaml:"demandes"`
		Fillers  []string   `yaml:"tournures"`
		General  []string   `yaml:"noms_generaux"`
		Fundings []string   `yaml:"financements"`
		Askers   []string   `yaml:"demandeurs"`
		Values   []string   `yaml:"attributs"`
		Here     []string   `yaml:"ici"`
		Away     []string   `yaml:"ailleurs"`
	}
	if err := yaml.UnmarshalWithOptions(content, &file, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("vocabulaire des questions : %w", err)
	}
	v := &vocabulary{synonyms: map[string][]string{}, fillers: map[string]bool{}, general: map[string]bool{}, fundings: map[string]bool{}, applicants: map[string]bool{}, demands: file.Demands}
	for _, group := range file.Synonyms {
		var stems []string
		for _, word := range group {
			stems = append(stems, stem(word))
		}
		for i, s := range stems {
			for j, other := range stems {
				if i != j && other != s {
					v.synonyms[s] = append(v.synonyms[s], other)
				}
			}
		}
	}
	for _, word := range file.Fillers {
		for _, w := range french.Words(word) {
			v.fillers[stem(w.Fold)] = true
		}
	}
	for _, word := range file.General {
		v.general[stem(word)] = true
	}
	for _, word := range file.Fundings {
		v.fundings[stem(word)] = true
	}
	for _, word := range file.Askers {
		v.applicants[stem(word)] = true
	}
	v.attribute = regexp.MustCompile(`\b(?:` + alternatives(file.Values) + `)(?:s|x)? (?:\pL+(?:al|ale|aux|ales|moyen|moyenne|exact|exacte) )?(?:de la |de l['’]|du |des |de |d['’])$`)
	v.here = regexp.MustCompile(`\b(?:` + strings.ReplaceAll(alternatives(file.Here), " ", `[ -]`) + `)\b`)
	away := `(?:` + strings.ReplaceAll(alternatives(file.Away), " ", `[ -]`) + `)\b`
	v.elsewhere = regexp.MustCompile(`\b` + away)
	v.another = regexp.MustCompile(`\bregion (?:de la |de l['’]|du |de |d['’])?` + away + `|\b(?:en|dans (?:le|la|les)|pour (?:le|la|les)) ` + away + ` ?[?.!]*$|^(?:en|dans (?:le|la|les)) ` + away + ` ?,`)
	for i := range v.demands {
		d := &v.demands[i]
		d.carried = map[string]bool{}
		for _, word := range d.Carried {
			d.carried[stem(word)] = true
		}
		for _, pattern := range []struct {
			text string
			into **regexp.Regexp
		}{{d.Asked, &d.asked}, {d.Shown, &d.shown}, {d.Entry, &d.entry}} {
			if pattern.text == "" {
				continue
			}
			re, err := regexp.Compile(pattern.text)
			if err != nil {
				return nil, fmt.Errorf("vocabulaire des questions, demande « %s » : %w", d.Name, err)
			}
			*pattern.into = re
		}
		d.capitals = strings.Contains(d.Shown, `\p{Lu}`)
	}
	return v, nil
}

// alternatives gives words as a choice of a regular expression, the longest first.
func alternatives(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = regexp.QuoteMeta(w)
	}
	slices.SortFunc(quoted, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return strings.Join(quoted, "|")
}

// shows tells whether a passage can show that it answers the demand.
func (d *demand) shows() bool { return d.shown != nil || d.Person != "" || d.Spelled }

// inspected is a text in which demands look for what satisfies them, each once.
type inspected struct {
	text, fold string
	known      []*demand
	held       []bool
}

func inspect(text string) *inspected { return &inspected{text: text} }

// satisfies tells whether the text holds the kind of thing that is asked.
func (t *inspected) satisfies(d *demand) bool {
	if i := slices.Index(t.known, d); i >= 0 {
		return t.held[i]
	}
	held := false
	switch {
	case d.Person == "complet":
		held = hasFullName(t.text)
	case d.Person == "prenom":
		held = hasFullName(t.text) || firstNames.MatchString(t.text)
	case d.Spelled:
		held = spellsOut(t.text)
	case d.shown != nil:
		held = d.capitals && d.shown.MatchString(t.text) || d.shown.MatchString(t.folded())
	}
	t.known, t.held = append(t.known, d), append(t.held, held)
	return held
}

// folded gives the text folded, which most questions ask nothing of.
func (t *inspected) folded() string {
	if t.fold == "" {
		t.fold = french.Fold(t.text)
	}
	return t.fold
}
