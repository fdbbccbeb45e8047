package knowledge

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"guichet/knowledge/french"
)

// Abstention. A wrong answer comes from a passage that speaks of the question's subject and lacks what sets the question
// apart: its rare words, its names, the noun that it asks for. Signs (confidence.go) say how far the best passage goes;
// this file finds what of the question it holds. Verbs, which people change most when they ask, count for less, as do
// nouns that ask without naming (« quel rôle… »); names and the noun asked for count for more.

const (
	verbShare    = 0.5
	nameShare    = 1.2
	askShare     = 1.3
	generalShare = 0.4
	// heaviest keeps one unknown word from deciding alone.
	heaviest = 7.0
)

// grounds adds up the concepts of a question that a passage holds.
type grounds struct {
	held, total float64
	// absent are the concepts that stand neither in the passage nor, surely enough, in its document.
	absent []int
	// nowhere are those that no passage of the document holds.
	nowhere []int
}

func (g *grounds) add(q question, i int, found float64) {
	c := q.concepts[i]
	weight := min(c.weight, heaviest)
	switch {
	case c.name:
		weight *= nameShare
	case c.verb:
		weight *= verbShare
	}
	switch {
	case c.general:
		weight *= generalShare
	case c.asked:
		weight *= askShare
	}
	g.total += weight
	g.held += weight * found
}

// share is what is held, from 0 to 1.
func (g grounds) share() float64 {
	if g.total == 0 {
		return 0
	}
	return g.held / g.total
}

var (
	year  = regexp.MustCompile(`^(19|20)\d\d$`)
	dates = regexp.MustCompile(`[1-9]\d?(er)? (janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|decembre)\b`)
	// countedNoun is what stands before the noun whose number is asked for; on a folded text.
	countedNoun = regexp.MustCompile(`\b(?:combien|nombre|nb|quantite)(?: \pL+(?:al|ale|aux|ales|moyen|exact))? (?:d(?:e la |es |e |['’]|u ))?$`)
	// unit is what a number measures rather than counts.
	unit = regexp.MustCompile(`^(?:ans?|annees?|mois|jours?|semaines?|heures?|h|minutes?|euros?|k|m|km|m2|kg|tonnes?|ha|eur|janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|decembre)$`)
	// number is a figure, in digits or in letters.
	number = regexp.MustCompile(`^(\d.*|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|\w+aines?|cents?|mille|milliers?|aucune?|plusieurs)$`)
)

// dated tells whether the passage holds the days that a question names, and its document the years, the present one apart.
func (c candidate) dated(q question, now time.Time) bool {
	around := french.Fold(strings.Join(append([]string{c.Document.Title, c.Text}, c.Path...), " "))
	for _, date := range dates.FindAllString(french.Fold(q.text), -1) {
		if !strings.Contains(around, date) {
			return false
		}
	}
	for _, i := range c.grounds.nowhere {
		y := q.concepts[i].word
		if !year.MatchString(y) || y == now.Format("2006") {
			continue
		}
		if !slices.ContainsFunc([]time.Time{c.Document.Date, c.Document.ValidFrom, c.Document.ValidUntil}, func(day time.Time) bool { return day.Format("2006") == y }) {
			return false
		}
	}
	return true
}

// A number stands at most countBefore words before what it counts, or countAfter words after it.
const countBefore, countAfter = 4, 7

// countedNoun gives the noun whose number is asked for (« combien de … »), unless a demand says what number that is.
func (q question) countedNoun() (concept, bool) {
	for _, noun := range q.concepts {
		if noun.counted && noun.demand == nil {
			return noun, true
		}
	}
	return concept{}, false
}

// counts tells whether the passage gives the number that is asked for.
func (c candidate) counts(q question) bool {
	noun, ok := q.countedNoun()
	return !ok || c.gives(noun)
}

// gives tells whether the passage gives a number of the noun.
func (c candidate) gives(noun concept) bool {
	text := said(c.Text)
	words := french.Words(text)
	since, ahead, one := countBefore+1, 0, false
	for i, w := range words {
		_, counted := noun.forms[stem(w.Fold)]
		figure := number.MatchString(w.Fold)
		figure = figure && (counted || !measures(noun, text, words, i))
		switch {
		case counted && (one || since <= countBefore):
			return true
		case counted:
			ahead = countAfter
		case figure && ahead > 0:
			return true
		case figure:
			since = 0
		}
		one = w.Fold == "un" || w.Fold == "une"
		since++
		ahead--
	}
	return false
}

// measures tells whether the figure at i is that of a measure, which counts no noun: « 3 ans », « 25 % », « 150 à 800 € ».
func measures(noun concept, text string, words []french.Word, i int) bool {
	after := strings.TrimLeft(text[words[i].End:], " \u00a0\u202f")
	if strings.HasPrefix(after, "%") || strings.HasPrefix(after, "€") {
		return true
	}
	for next := i + 1; next < len(words) && next <= i+2; next++ {
		switch fold := words[next].Fold; {
		case number.MatchString(fold):
			return measures(noun, text, words, next)
		case unit.MatchString(fold):
			return noun.forms[stem(fold)] == 0
		case fold != "a" && fold != "et" && fold != "ou":
			return false
		}
	}
	return false
}

// hasFullName tells whether a text has a person's name: a first name and a last one, the latter not of a common
// word's family.
func hasFullName(text string) bool {
	for _, at := range fullName.FindAllStringSubmatchIndex(text, -1) {
		last := root(french.Fold(text[at[2]:at[3]]))
		words := french.Lexicon()
		near, _ := slices.BinarySearch(words, last)
		if near == len(words) || !strings.HasPrefix(words[near], last) {
			return true
		}
	}
	return false
}

var (
	fullName = regexp.MustCompile(`\p{Lu}\p{Ll}+ (\p{Lu}\p{Ll}+)`)
	// firstNames are several first names in parentheses.
	firstNames = regexp.MustCompile(`\(\p{Lu}\p{Ll}+(?:, \p{Lu}\p{Ll}+)+\)`)
)

// mostRegions is how many regions a passage names before it is a list of where something applies.
const mostRegions = 3

// away tells whether the question is about another region than those of the passage. A list of regions says where a
// scheme applies: it answers only when the question names the scheme.
func (c candidate) away(q question) bool {
	elsewhere := loadVocabulary().elsewhere
	asked := elsewhere.FindAllString(strings.ReplaceAll(french.Fold(q.text), "-", " "), -1)
	if len(asked) == 0 {
		return false
	}
	around := strings.ReplaceAll(french.Fold(strings.Join(append([]string{c.Document.Title, c.Text}, c.Path...), " ")), "-", " ")
	for _, region := range asked {
		if !strings.Contains(around, region) {
			return true
		}
	}
	return len(elsewhere.FindAllString(around, -1)) >= mostRegions && !c.isNamed()
}

// interrogative is what stands before the noun that is asked for; on a folded text.
var interrogative = regexp.MustCompile(`\b((qui|quel(le)?s?) (est|sont|etait|etaient|sera|seront) (l['’]|les? |la )(\w+ (de la |de l['’]|du |des |de |d['’]))?|quel(le)?s? |combien (de |d['’]))$`)

// verbal tells a word that has the look of a verb: an infinitive, a participle, a plain conjugated form.
var verbal = regexp.MustCompile(`(?:[^i]er|[mp]r?is|[^qg]ues?|[^t]ée?s?|aient|ait|rait|ront|[^m]ent|ant|issent|oir|dre|[ld]ire|crire|uire)$`)

func isVerb(word string) bool {
	first, _ := utf8.DecodeRuneInString(word)
	return !unicode.IsUpper(first) && utf8.RuneCountInString(word) >= 5 && verbal.MatchString(word)
}
