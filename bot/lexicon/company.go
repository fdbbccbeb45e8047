package lexicon

import (
	"regexp"
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
