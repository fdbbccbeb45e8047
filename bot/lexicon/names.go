package lexicon

import (
	"slices"

	"guichet/knowledge/french"
	"guichet/routing"
)

// companyFact is the fact of a company's name. Its cues say where such a name stands; its form is read here.
const companyFact = "company"

// nameSpan is what is written as a proper name and starts at a token.
type nameSpan struct {
	end int // the token after it, 0 when none starts here
	// sign tells that it begins with its trade, as shop signs do: « Boulangerie Martin ».
	sign bool
}

// Classes of noms.yaml, and those of the words that say what a company is.
const (
	generic     = "generique"   // « société », « groupe »: before a name, no part of it
	legalForm   = "forme"       // « SARL »
	notName     = "pas_un_nom"  // capitalised, and no company that asks: « Région », « Banque »
	institution = "institution" // bodies that are no company, with the directions and the operators of the rules
	firstName   = "prenom"
	civility    = "civilite"
	signWord    = "enseigne" // « Transports », « Ateliers »
)

var (
	headClasses = []string{"entreprise", "artisan", "commerce", "site", "ess", signWord}
	farAway     = []string{"france_lieu", "france_adjectif", "pays", "nationalite"}
)

// nameLinks are the little words inside a name: « Ateliers du Hêtre ».
var nameLinks = map[string]bool{"de": true, "du": true, "des": true, "d": true, "la": true, "le": true, "les": true, "l": true, "et": true, "au": true, "aux": true, "the": true, "of": true}

var articles = map[string]bool{"le": true, "la": true, "les": true, "l": true, "au": true, "aux": true, "the": true}

const (
	longestName   = 8 // words
	shortAcronym  = 4 // letters: alone, « BTP » is a trade more often than a name
	shoutedAtEach = 2 // a message is all capitals when half of its words are
)

// addInstitutions makes institutions of the directions and of the operators that the rules name.
func (l *Lexicon) addInstitutions() {
	class, ok := l.classIDs[institution]
	if !ok {
		return
	}
	add := func(name string) {
		var items []item
		for _, w := range folds(name) {
			items = append(items, item{atoms: []atom{{kind: byFold, text: w}}})
		}
		if len(items) > 0 {
			l.simple.add(items, class)
		}
	}
	set := l.rules.Set()
	for _, d := range set.Directions {
		add(d.Code)
	}
	for _, r := range set.Rules {
		for _, name := range r.Operators {
			add(name)
		}
	}
}

func (l *Lexicon) isOf(t *token, classes ...string) bool {
	return l.spanOf(t, classes...) > 0
}

// spanOf gives the end of the longest phrase of the classes that starts at a token, 0 when none does.
func (l *Lexicon) spanOf(t *token, classes ...string) int {
	for _, s := range t.classes {
		if slices.Contains(classes, l.classNames[s.class]) {
			return s.end
		}
	}
	return 0
}

// markNames marks what is written as a proper name: words with a capital letter that are no place, no institution and no
// person, or words between quotation marks.
func (l *Lexicon) markNames(tokens []token) {
	words, capitals := 0, 0
	for i := range tokens {
		if tokens[i].mark == 0 && len(tokens[i].fold) > 1 {
			words++
			if tokens[i].acronym {
				capitals++
			}
		}
	}
	shouted := words > 3 && capitals*shoutedAtEach > words
	for i := 0; i < len(tokens); i++ {
		if tokens[i].quote {
			if end := quotedName(tokens, i+1); end > 0 && !l.isOf(&tokens[i+1], institution, notName) {
				tokens[i+1].name = nameSpan{end: end}
				i = end
				continue
			}
		}
		if len(tokens[i].places) > 0 {
			i = tokens[i].places[0].end - 1
			continue
		}
		start, end := l.nameAt(tokens, i, shouted)
		if end == 0 {
			continue
		}
		if start < end {
			tokens[start].name = nameSpan{end: end, sign: end > start+1 && l.isOf(&tokens[start], headClasses...) && !l.isOf(&tokens[start+1], "artisan", "commerce", "metier")}
		}
		i = end - 1
	}
}

// quotedName gives the end of a short quotation that has a capital letter.
func quotedName(tokens []token, start int) (end int) {
	capital := false
	for end = start; end < len(tokens) && end <= start+longestName; end++ {
		switch t := &tokens[end]; {
		case t.quote && end > start && capital:
			return end
		case t.mark != 0:
			return 0
		default:
			capital = capital || t.upper
		}
	}
	return 0
}

// nameAt reads the capitalised words that start at a token; end is 0 when none do, and start is end when they are no name.
func (l *Lexicon) nameAt(tokens []token, i int, shouted bool) (start, end int) {
	if !l.namePart(tokens, i, shouted) {
		return 0, 0
	}
	for start, end = i, i+1; end < len(tokens) && end < i+longestName; {
		at := end
		for at < len(tokens) && at < end+2 && tokens[at].mark == 0 && !tokens[at].upper && nameLinks[tokens[at].fold] {
			at++
		}
		if at >= len(tokens) || l.isOf(&tokens[at], legalForm) {
			break
		}
		branch := at == end && tokens[at].upper && l.isOf(&tokens[at], farAway...) && !l.isOf(&tokens[at-1], headClasses...) && !l.exists(tokens[at-1].fold) // « Verlinor France »
		if !branch && !l.namePart(tokens, at, shouted) {
			break
		}
		end = at + 1
	}
	// What announces a name is no part of it.
	first := i == 0 || tokens[i-1].mark != 0
	for start < end {
		t := &tokens[start]
		switch {
		case l.isOf(t, legalForm, generic):
			start = min(l.spanOf(t, legalForm, generic), end) - 1
		case first && articles[t.fold] && start+1 < end && !l.isOf(&tokens[start+1], generic, legalForm, notName, institution) && tokens[start+1].upper:
			return l.checked(tokens, start, end)
		case articles[t.fold] && t.upper && start+1 < end:
			return l.checked(tokens, start, end)
		case start > i && nameLinks[t.fold]: // « Société de Verlinor »
		case first && (start == i || t.start == tokens[start-1].start) && l.exists(t.fold) && !l.isOf(t, headClasses...) && !l.isOf(t, notName, institution, firstName, civility):
		default:
			return l.checked(tokens, start, end)
		}
		start++
	}
	return end, end
}

// namePart tells whether a word may be one of a name's.
func (l *Lexicon) namePart(tokens []token, i int, shouted bool) bool {
	t := &tokens[i]
	if t.mark != 0 || len(t.places) > 0 || l.isOf(t, farAway...) {
		return false
	}
	if shouted {
		return !l.exists(t.fold) && !french.Stop(t.fold) && t.numberTokens == 0
	}
	digit := t.fold[0] >= '0' && t.fold[0] <= '9'
	return t.upper || digit && !digits(t.fold) && i+1 < len(tokens) && tokens[i+1].upper
}

// checked gives the span unless it is no company's name.
func (l *Lexicon) checked(tokens []token, start, end int) (int, int) {
	t := &tokens[start]
	announced := start > 0 && tokens[start-1].mark == 0 && l.isOf(&tokens[start-1], append(headClasses, legalForm, generic)...) ||
		end < len(tokens) && l.isOf(&tokens[end], legalForm)
	first := t
	if articles[t.fold] && start+1 < end {
		first = &tokens[start+1]
	}
	switch {
	case l.isOf(first, notName, institution, civility), slices.ContainsFunc(tokens[start:end], func(t token) bool { return l.isOf(&t, "epci") }):
		return end, end
	case !slices.ContainsFunc(tokens[start:end], func(t token) bool { return !l.isOf(&t, "artisan", "commerce", "metier", "dirigeant") }):
		return end, end // « Artisan Boulanger »
	case l.isOf(t, firstName) && !announced:
		// A person: the words after theirs may be a company's.
		next := start + 1
		for next < end && tokens[next].upper {
			next++
		}
		return next, next
	case start > 0 && tokens[start-1].mark == 0 && l.isOf(&tokens[start-1], civility), start > 1 && tokens[start-1].mark == '.' && l.isOf(&tokens[start-2], civility):
		return end, end
	case end == start+1 && (l.exists(t.fold) && (!t.corrected || start == 0 || tokens[start-1].mark != 0) || french.Stop(t.fold) || len(t.fold) < 3 || t.acronym && len(t.fold) <= shortAcronym && !announced):
		return end, end
	}
	return start, end
}

// company gives the name of the company that asks: where the cues of the fact find one, the surest first. Cues of role none
// tell that a name is another's: « notre client Verlinor ».
func (l *Lexicon) company(text string, tokens []token, matches []match) (routing.Fact, bool) {
	others := map[int]bool{}
	named := func(m match) int {
		for _, i := range m.used {
			if tokens[i].name.end > 0 {
				return i
			}
		}
		return -1
	}
	for _, m := range matches {
		if c := l.cueList[m.owner]; c.Fact == companyFact && c.Role == "none" {
			others[named(m)] = true
		}
	}
	best, weight := -1, 0.0
	for _, m := range matches {
		c := l.cueList[m.owner]
		if c.Fact != companyFact || c.Role == "none" {
			continue
		}
		i := named(m)
		if i < 0 || others[i] || tokens[i].flags&refused != 0 {
			continue
		}
		if w := float64(c.Weight); w > weight || w == weight && i < best {
			best, weight = i, w
		}
	}
	if best < 0 {
		return routing.Fact{}, false
	}
	name := text[tokens[best].start:tokens[tokens[best].name.end-1].end]
	return routing.Fact{Name: companyFact, Value: name, Source: name}, true
}
