package lexicon

import (
	"regexp"
	"slices"
	"strings"

	"guichet/routing"
)

// registration finds a SIREN (9 digits) or a SIRET (14), spaced or not.
var registration = regexp.MustCompile(`\b\d{3}[ .\x{a0}\x{202f}]?\d{3}[ .\x{a0}\x{202f}]?\d{3}(?:[ .\x{a0}\x{202f}]?\d{5})?\b`)

const euros = `(?:k€|k ?euros?|ke\b|m€|millions? d['’ ]?\s?euros?|€|euros?\b)`

// amount finds a sum in euros, with its multiplier; ofEuros what follows the number of one, written in words or in digits.
var (
	amount  = regexp.MustCompile(`(?i)\b\d{1,3}(?:[ .\x{a0}\x{202f}]?\d{3})*(?:,\d+)?\s*` + euros)
	ofEuros = regexp.MustCompile(`(?i)^(?:,\d+)?\s*(?:d['’]\s?)?` + euros)
)

// readNumbersOf finds what is told by its form alone: registration numbers, which count only with a right check digit, and
// amounts.
func readNumbersOf(text string) routing.Facts {
	var facts routing.Facts
	for _, words := range registration.FindAllString(text, -1) {
		number := strings.Map(func(r rune) rune {
			if r < '0' || r > '9' {
				return -1
			}
			return r
		}, words)
		if !routing.Checks(number[:9]) || len(number) == 14 && !routing.Checks(number) {
			continue
		}
		facts = append(facts, routing.Fact{Name: "siren", Value: number[:9], Source: words})
		if len(number) == 14 {
			facts = append(facts, routing.Fact{Name: "siret", Value: number, Source: words})
		}
		break
	}
	if words := amount.FindString(text); words != "" {
		facts = append(facts, routing.Fact{Name: "amount", Value: strings.TrimSpace(words), Source: strings.TrimSpace(words)})
	}
	return facts
}

// namedClasses are the classes of the words that a company's name follows.
var namedClasses = []string{"entreprise", "artisan", "commerce", "site"}

// company finds the name that follows a word for a company (« la société Verlinor », « la boulangerie Martin »):
// capitalised words that are no place.
func (l *Lexicon) company(text string, tokens []token) (routing.Fact, bool) {
	for i := range tokens {
		for _, s := range tokens[i].classes {
			if !slices.ContainsFunc(namedClasses, func(name string) bool { id, ok := l.classIDs[name]; return ok && id == s.class }) {
				continue
			}
			end := s.end
			for end < len(tokens) && tokens[end].mark == 0 && tokens[end].upper && len(tokens[end].places) == 0 {
				end++
			}
			// One capitalised word that exists is no name (« une entreprise Française »); two are.
			if end > s.end+1 || end > s.end && !l.exists(tokens[s.end].fold) {
				name := text[tokens[s.end].start:tokens[end-1].end]
				return routing.Fact{Name: "company", Value: name, Source: name}, true
			}
		}
	}
	return routing.Fact{}, false
}
