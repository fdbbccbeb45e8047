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
	case c.light():
		weight *= generalShare
	case c.general:
		weight *= generalShare
	case c.asked:
		weight *= askShare
	}
	g.total += weight
	g.held += weight * found
}

// light tells a concept that says little of what an answer must hold.
func (c concept) light() bool {
	return c.aside || c.funding && !c.asked || c.demand != nil && !c.demand.shows()
}

// bearing is how much it tells that a concept is absent.
func (c concept) bearing() float64 {
	switch {
	case c.light():
		return 0.2
	case c.general, c.verb:
		return 0.5
	}
	return 1
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
	countedNoun = regexp.MustCompile(`\b(?:combien(?: (?:y a[- ]t[- ]il|il y a|il y en a|a[- ]t[- ]on|avons[- ]nous|avez[- ]vous|as[- ]tu|existe[- ]t[- ]il|compte[- ]t[- ]on|compte[- ]t[- ]il|compte[- ]t[- ]elle|reste[- ]t[- ]il|faut[- ]il))?(?: \pL+(?:al|ale|aux|ales|moyen|exact))? d(?:e la |es |e |['’]|u )|(?:nombre|nb)(?: \pL+(?:al|ale|aux|ales|moyen|exact))? (?:d(?:e la |es |e |['’]|u ))?)$`)
)

// dated tells whether the passage holds the days that a question names, and its document the years, the present one apart; and
// whether it speaks of the future if the question does.
func (c candidate) dated(q question, now time.Time) bool {
	if !c.satisfies(q, future) {
		return false
	}
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

// satisfies tells whether the passage satisfies a demand, if the question makes it.
func (c candidate) satisfies(q question, name string) bool {
	i := slices.IndexFunc(q.demands, func(d *demand) bool { return d.Name == name })
	return i < 0 || inspect(said(c.Text)).satisfies(q.demands[i])
}

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
	if noun.general && noun.then != nil { // « combien de types de conventions » : « trois conventions »
		if c.gives(*noun.then) {
			return true
		}
	}
	return slices.ContainsFunc(c.Body, func(w string) bool { return noun.forms[w] > 0 }) && givesNumber(said(c.Text), noun)
}

var (
	// several is what asks for several things, on a folded text; separators is what stands between things that are listed.
	several    = regexp.MustCompile(`\b(?:quel(?:le)?s|lesquel(?:le)?s|listes?|lister|enumer\w+|noms)\b`)
	separators = regexp.MustCompile(`, |[;:/(\n]| (?:et|ou|puis|-|–) `)
)

// lists tells whether the passage lists what is asked for when that is several things: a passage that only says that there are
// such things names none.
func (c candidate) lists(q question) bool {
	return !several.MatchString(french.Fold(q.text)) || q.required() > 0 || len(separators.FindAllString(said(c.Text), 2)) > 1
}

// few are words that count what follows without a figure.
var few = regexp.MustCompile(`^(?:aucune?|plusieurs)$`)

// countBefore is how many words may stand between a noun and the figure that follows it.
const countBefore = 4

// givesNumber tells whether a text counts a noun: by the figure before it (« 23 plateformes », « une trentaine de communes »,
// « deux nouveaux sites »), or by one after it that counts nothing else (« les chargés de mission (une trentaine) »).
func givesNumber(text string, noun concept) bool {
	f := readFacts(text)
	for i, w := range f.words {
		if noun.forms[stem(w.Fold)] == 0 {
			continue
		}
		if i > 0 {
			before := f.words[i-1].Fold
			if few.MatchString(before) || (before == "un" || before == "une") && i > 1 && only.MatchString(f.words[i-2].Fold) {
				return true
			}
		}
		for _, n := range f.figures {
			if n.ordinal || n.year() {
				continue
			}
			if n.measure && noun.forms[stem(n.unit)] == 0 && n.last != i {
				if f.measures(n, i) {
					return true
				}
				continue
			}
			if n.first <= i && i <= n.last || n.last < i && f.countsAt(n, i) || i < n.first && f.countedBy(i, n, noun) {
				return true
			}
		}
	}
	return false
}

// measuring is what may stand between a noun and the measure of it (« une assiette de dépenses minimale de 400 000 € »).
var measuring = regexp.MustCompile(`^(?: (?:minimal|maximal|minimum|maximum|annuel|total|superieur|inferieur|compris|egal|de|d|a|au|moins|plus|entre|est|sont)(?:e|s|es)?)+$`)

// measures tells whether a figure with a unit is the amount of what the word at i says: after it, or before it with « de »
// (« 400 000 € de dépenses »).
func (f facts) measures(n figure, i int) bool {
	between := ""
	for _, w := range f.words[min(i, n.last)+1 : max(i, n.first)] {
		between += " " + w.Fold
	}
	if i < n.first {
		return measuring.MatchString(between) && !strings.ContainsAny(f.text[f.words[i].End:f.words[n.first].Start], ".;\n!?")
	}
	return between == " de" || between == " d"
}

// only makes of « un » a number.
var only = regexp.MustCompile(`^(?:plus|moins|que|qu|seul|seule|a)$`)

// countsAt tells whether a figure counts the word at i, an adjective at most apart.
func (f facts) countsAt(n figure, i int) bool {
	adjectives := 0
	for j := n.last + 1; j < i; j++ {
		if !f.near(j) && j+1 <= i {
			return false
		}
		switch fold := f.words[j].Fold; {
		case fold == "de" || fold == "d" || fold == "des":
			if adjectives > 0 { // « 20 chefs d'entreprise »
				return false
			}
		case fold == "a" || fold == "et" || fold == "ou" || f.said[j]:
		default:
			adjectives++
		}
	}
	return adjectives <= 1
}

// countedBy tells whether the word at i is counted by a figure that follows it and counts nothing else.
func (f facts) countedBy(i int, n figure, noun concept) bool {
	if n.first-i > countBefore+1 || n.unit != "" && noun.forms[n.unit] == 0 {
		return false
	}
	between := f.text[f.words[i].End:f.words[n.first].Start]
	return !strings.ContainsAny(between, ".;\n!?")
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

// How far from an acronym the words stand that spell it out, how many they may be, and how long an acronym is: what is longer is a
// word in capitals, and would be cut in too many ways.
const spelledNear, spelledWords, longestAcronym = 3, 12, 8

// spellsOut tells whether a text says what an acronym stands for, beside it: « la taxe sur les choses neuves (TCN) », « CODEX, le
// comité d'examen ».
func spellsOut(text string) bool {
	words := french.Words(text)
	for i, w := range words {
		if !w.Acronym || len(w.Fold) > longestAcronym {
			continue
		}
		for from := max(0, i-spelledWords); from <= min(i+spelledNear, len(words)-1); from++ {
			if end := spelled(w.Fold, words, from); end > 0 && (from > i || end <= i && i-end < spelledNear-1) {
				return true
			}
		}
	}
	return false
}

// spelled gives where the words end that start at from and make the acronym, each by its first letter and perhaps others of it, small
// words left out; 0 when they do not.
func spelled(acronym string, words []french.Word, from int) int {
	if acronym == "" {
		return from
	}
	if from == len(words) || words[from].Acronym {
		return 0
	}
	word := words[from].Fold
	if linking.MatchString(word) {
		return spelled(acronym, words, from+1)
	}
	for n := 0; n < len(acronym) && acronym[0] == word[0]; n++ {
		if end := spelled(acronym[n+1:], words, from+1); end > 0 {
			return end
		}
		// « PFIL » takes two letters of « plateforme »
		if n+1 < len(acronym) {
			at := strings.IndexByte(word[1:], acronym[n+1])
			if at < 0 {
				break
			}
			word = word[:1] + word[at+2:]
		}
	}
	return 0
}

// linking are the small words that an acronym leaves out.
var linking = regexp.MustCompile(`^(?:des?|du|d|la|les?|l|et|en|aux?|a|pour|sur|par|vos|nos|votre|notre|son|sa|ses|une?|ou|dans)$`)

// mostRegions is how many regions a passage names before it is a list of where something applies.
const mostRegions = 3

// away tells whether the question is about another region than those of the passage. A list of regions says where a
// scheme applies: it answers only when the question names the scheme.
func (c candidate) away(q question) bool {
	if q.asks(actor) && OfAnotherRegion(q.text) {
		return true
	}
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

// OfAnotherRegion tells that a question asks about another region's own services or schemes (« l'export à la Région Normandie »,
// « … en Bretagne ? »), of which nothing here says anything. A region named otherwise may be where a company comes from.
func OfAnotherRegion(question string) bool {
	fold := strings.ReplaceAll(french.Fold(question), "-", " ")
	for _, at := range loadVocabulary().another.FindAllStringIndex(fold, -1) {
		if !coming.MatchString(fold[:at[0]]) {
			return true
		}
	}
	return false
}

// coming is what stands before where somebody comes from or is, at the end of a folded text.
var coming = regexp.MustCompile(`\b(?:vien\w*|ven(?:ue?s?|ant)|arriv\w+|quitt\w+|originaires?|issue?s?|basee?s?|bases?|situee?s?|implantee?s?|installee?s?|etablie?s?|siege|present\w*) ?(?:de|d['’]|dans|en|a)? ?(?:la )?$`)

var (
	// interrogative is what stands before the noun that is asked for; on a folded text.
	interrogative = regexp.MustCompile(`\b((qui|quel(le)?s?) (est|sont|etait|etaient|sera|seront) (l['’]|les? |la )(\w+ (de la |de l['’]|du |des |de |d['’]))?|quel(le)?s? |combien (de |d['’])|noms? (de la |de l['’]|du |des |d['’]))$`)
	// howMany is what asks how long what it ends with takes; on a folded text.
	howMany = regexp.MustCompile(`\bcombien (?:de |d['’])\pL+ (?:de la |de l['’]|du |des |de |d['’])$`)
	// headed is what follows the noun that is asked for in a question without a verb (« salle de la réunion »); on a folded text.
	headed = regexp.MustCompile(`^ (?:de la |de l['’]|du |des |de |d['’])`)
	// determined is what stands before a noun; on a folded text.
	determined = regexp.MustCompile(`(?:^|[ (])(?:les?|la|l['’]|une?|des|du|de la|de l['’]|aux?|ce|cet|cette|ces|son|sa|ses|leurs?|mon|ma|mes|notre|nos|votre|vos|quel(?:le)?s?|combien (?:de|d['’])) ?$`)
)

// verbal tells a word that has the look of a verb: an infinitive, a participle, a plain conjugated form.
var verbal = regexp.MustCompile(`(?:[^i]er|[mp]r?is|[^qg]ues?|[^t]ée?s?|aient|ait|rait|ront|[^m]ent|ant|issent|oir|dre|[ld]ire|crire|uire)$`)

// isVerb tells whether a word that stands after a folded text looks like a verb.
func isVerb(word, before string) bool {
	if determined.MatchString(before) && !strings.HasSuffix(word, "er") { // « pour le financer »
		return false
	}
	first, _ := utf8.DecodeRuneInString(word)
	return !unicode.IsUpper(first) && utf8.RuneCountInString(word) >= 5 && verbal.MatchString(word)
}
