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
	year        = regexp.MustCompile(`^(19|20)\d\d$`)
	dates       = regexp.MustCompile(`[1-9]\d?(er)? (janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|decembre)\b`)
	countedNoun = regexp.MustCompile(`\bcombien d(?:e |['’])$`)
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

// counts tells whether the passage gives a number for the noun of « combien de … ».
func (c candidate) counts(q question) bool {
	for _, noun := range q.concepts {
		if noun.counted && noun.demand == nil {
			return c.gives(noun)
		}
	}
	return true
}

func (c candidate) gives(noun concept) bool {
	since, ahead, one := countBefore+1, 0, false
	for _, w := range french.Words(said(c.Text)) {
		_, counted := noun.forms[stem(w.Fold)]
		switch {
		case counted && (one || since <= countBefore):
			return true
		case counted:
			ahead = countAfter
		case number.MatchString(w.Fold) && ahead > 0:
			return true
		case number.MatchString(w.Fold):
			since = 0
		}
		one = w.Fold == "un" || w.Fold == "une"
		since++
		ahead--
	}
	return false
}

// interrogative is what stands before the noun that is asked for; on a folded text.
var interrogative = regexp.MustCompile(`\b((qui|quel(le)?s?) (est|sont|etait|etaient|sera|seront) (l['’]|les? |la )(\w+ (de la |de l['’]|du |des |de |d['’]))?|quel(le)?s? |combien (de |d['’]))$`)

// verbal tells a word that has the look of a verb: an infinitive, a participle, a plain conjugated form.
var verbal = regexp.MustCompile(`(?:[^i]er|[mp]r?is|[^qg]ues?|[^t]ée?s?|aient|ait|rait|ront|[^m]ent|ant|issent|oir|dre|[ld]ire|crire|uire)$`)

func isVerb(word string) bool {
	first, _ := utf8.DecodeRuneInString(word)
	return !unicode.IsUpper(first) && utf8.RuneCountInString(word) >= 5 && verbal.MatchString(word)
}
