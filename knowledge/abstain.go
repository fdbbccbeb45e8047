package knowledge

import (
	"regexp"
	"unicode"
	"unicode/utf8"
)

// Abstention. A wrong answer comes from a passage that speaks of the question's subject and lacks what sets the question
// apart: its rare words, its names, the noun that it asks for. The measure is the share of the question's weight that a
// passage holds with its titles, and less surely with the rest of a short document; verbs, which people change most when
// they ask, count for less, names and the noun asked for count for more.

const (
	// threshold is the share under which the base abstains; set on the development questions (package measure).
	threshold = 0.445
	// namedThreshold is the same when the question names the document and the passage holds the kind of thing that is asked.
	namedThreshold             = 0.36
	verbShare                  = 0.5
	nameShare                  = 1.4
	askShare                   = 1.3
	askedAbsent, unknownAbsent = 0.75, 0.75
	// heaviest keeps one unknown word from deciding alone.
	heaviest = 7.0
)

// grounds adds up the concepts of a question that a passage holds.
type grounds struct {
	held, total float64
	// absent are the concepts that stand neither in the passage nor, surely enough, in its document.
	absent []int
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
	if c.asked {
		weight *= askShare
	}
	g.total += weight
	g.held += weight * found
}

// share is what decides, from 0 to 1.
func (g grounds) share(q question) float64 {
	if g.total == 0 {
		return 0
	}
	share := g.held / g.total
	for _, i := range g.absent {
		c := q.concepts[i]
		switch {
		case c.asked && c.demand == nil:
			share *= askedAbsent
		case c.unknown && !c.verb:
			share *= unknownAbsent
		}
	}
	return share
}

// answered tells whether the best passages hold an answer.
func (q question) answered(found []candidate) bool {
	if len(found) == 0 {
		return false
	}
	best := found[0]
	for _, i := range best.grounds.absent {
		// The question is about a place, a person, a product that the document does not know; or for a thing that must be named.
		if c := q.concepts[i]; c.proper || c.demand != nil && c.demand.Named {
			return false
		}
	}
	for _, d := range q.demands {
		if d.Required && best.required == 0 {
			return false
		}
	}
	if best.isNamed() && best.required > 0 {
		return best.grounds.share(q) >= namedThreshold
	}
	return best.grounds.share(q) >= threshold
}

// interrogative is what stands before the noun that is asked for; on a folded text.
var interrogative = regexp.MustCompile(`\b((qui|quel(le)?s?) (est|sont|etait|etaient|sera|seront) (l['’]|les? |la )(\w+ (de la |de l['’]|du |des |de |d['’]))?|quel(le)?s? |combien (de |d['’]))$`)

// verbal tells a word that has the look of a verb: an infinitive, a participle, a plain conjugated form.
var verbal = regexp.MustCompile(`(?:[^i]er|[mp]r?is|[^qg]ues?|[^t]ée?s?|aient|ait|rait|ront|[^m]ent|ant|issent|oir|dre)$`)

func isVerb(word string) bool {
	first, _ := utf8.DecodeRuneInString(word)
	return !unicode.IsUpper(first) && utf8.RuneCountInString(word) >= 5 && verbal.MatchString(word)
}
