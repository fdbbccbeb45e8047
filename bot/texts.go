package bot

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/template"

	"github.com/goccy/go-yaml"
)

//go:embed texts.yaml
var defaultTexts []byte

// Texts are the sentences that the desk says, by key. The Region may replace the file.
type Texts map[string]*template.Template

// textKeys are the sentences that the desk needs, each with what its template may show.
var textKeys = []string{
	"hello", "thanks", "help", "refused", "not-recorded", "unknown", "offer", "offer-choice", "human-choice",
	"routed", "joined", "ask", "ask-again", "to-entry-point", "arbitrate", "commune-to-epci", "epci-aid", "double-funding", "contact",
	"contact-noted", "human", "who", "who-depends", "who-case", "which-place", "place-noted",
	"example-question", "example-who", "example-request",
	"field-reference", "field-lead", "field-associated", "field-operators", "field-territory", "field-section", "field-reasons", "field-if",
}

// DefaultTexts gives the sentences that ship.
func DefaultTexts() Texts {
	texts, err := ParseTexts(defaultTexts)
	if err != nil {
		panic("bot: " + err.Error()) // the file is part of the program and tested
	}
	return texts
}

// DefaultTextsYAML gives the file of the sentences that ship, for the Region to edit.
func DefaultTextsYAML() []byte { return slices.Clone(defaultTexts) }

// Examples are messages to try: a question, who does what, a company's request.
func (t Texts) Examples() []Choice {
	var out []Choice
	for _, key := range []string{"example-question", "example-who", "example-request"} {
		out = append(out, Choice{Label: t.say(key), Text: t.say(key)})
	}
	return out
}

// ParseTexts reads a YAML map of templates; every key must be there and no other.
func ParseTexts(data []byte) (Texts, error) {
	var sources map[string]string
	if err := yaml.UnmarshalWithOptions(data, &sources, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("lecture des textes : %w", err)
	}
	texts := Texts{}
	var problems []error
	for key, source := range sources {
		if !slices.Contains(textKeys, key) {
			problems = append(problems, fmt.Errorf("textes : « %s » ne sert à rien", key))
			continue
		}
		t, err := template.New(key).Option("missingkey=error").Parse(strings.TrimSpace(source))
		if err != nil {
			problems = append(problems, fmt.Errorf("textes : %w", err))
			continue
		}
		texts[key] = t
	}
	for _, key := range textKeys {
		if texts[key] == nil {
			problems = append(problems, fmt.Errorf("textes : « %s » manque", key))
		}
	}
	return texts, errors.Join(problems...)
}

// say gives a sentence with its values, given as key, value, key, value….
func (t Texts) say(key string, pairs ...any) string {
	values := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values[pairs[i].(string)] = pairs[i+1]
	}
	var b strings.Builder
	if err := t[key].Execute(&b, values); err != nil {
		panic(fmt.Sprintf("bot: text %s: %v", key, err)) // each text is executed by a test
	}
	return b.String()
}
