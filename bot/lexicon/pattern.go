package lexicon

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"guichet/knowledge/french"
	"guichet/routing"
	"guichet/routing/rulebook"
)

// A phrase is a sequence of items; between two items, glue words (articles, prepositions) may stand. An item is
//
//	mot      the word in any of its forms (by its stem)        =mot   the word exactly
//	~mot     the noun, singular or plural
//	mot*     words that start so      *mot  that end so        a|b    one or the other
//	@classe  a phrase of the class    %n    a number           %commune  a place of the register     :  a colon
//	%epci    an EPCI by its name in the register, « CA du Boulonnais »
//	?item    may be missing           ..    up to 4 words, ..N up to N (8 or more: commas too)     ^  the start of a sentence
//	...N     up to N words with no barrier among them (a verb, « qui »): « société de transport à Ham »
//	!item    the next word is not that
//	%nom     what is written as a proper name (names.go)        %enseigne  one that begins with its trade
//	%pause   a comma, a bracket, a colon                        %guillemet  a quotation mark
type item struct {
	atoms            []atom
	optional, negate bool
	gap              int
	strict           bool // the gap crosses no barrier
}

type atomKind uint8

const (
	byStem atomKind = iota
	byFold
	byPrefix
	bySuffix
	byClass
	byNumber
	byCommune
	byEPCI
	byStart
	byColon
	byName
	bySign
	byPause
	byQuote
)

type atom struct {
	kind  atomKind
	text  string
	class int
}

// parsePhrase reads one phrase; the error names its place.
func (l *Lexicon) parsePhrase(p rulebook.Phrase) ([]item, error) {
	var items []item
	for _, field := range separate(p.Text) {
		var it item
		switch {
		case strings.HasPrefix(field, ".."):
			it.gap, it.strict = 4, strings.HasPrefix(field, "...")
			if rest := strings.TrimLeft(field, "."); rest != "" {
				n, err := strconv.Atoi(rest)
				if err != nil || n < 1 || n > 12 {
					return nil, l.phraseProblem(p, "« %s » : un nombre de 1 à 12 est attendu après « .. »", field)
				}
				it.gap = n
			}
			items = append(items, it)
			continue
		case strings.HasPrefix(field, "?"):
			it.optional, field = true, field[1:]
		case strings.HasPrefix(field, "!"):
			it.negate, field = true, field[1:]
		}
		for _, alternative := range strings.Split(field, "|") {
			atoms, err := l.parseAtom(p, alternative)
			if err != nil {
				return nil, err
			}
			it.atoms = append(it.atoms, atoms...)
		}
		items = append(items, it)
	}
	if len(items) == 0 || items[0].gap > 0 || items[0].optional || items[0].negate {
		return nil, l.phraseProblem(p, "une phrase commence par un mot, une classe ou un nombre")
	}
	return items, nil
}

// separate cuts a phrase into items; « l'époque » and « food-truck » are two words, as they are in a message.
func separate(text string) []string {
	var out []string
	for _, field := range strings.Fields(text) {
		if words := french.Words(field); len(words) < 2 || strings.ContainsAny(field, "|@%") {
			out = append(out, field)
		} else {
			for _, w := range words {
				if prefix := field[:1]; prefix == "=" || prefix == "~" {
					out = append(out, prefix+w.Fold)
				} else {
					out = append(out, field[w.Start:w.End])
				}
			}
		}
	}
	return out
}

func (l *Lexicon) parseAtom(p rulebook.Phrase, text string) ([]atom, error) {
	switch {
	case text == "":
		return nil, l.phraseProblem(p, "un mot manque")
	case text == "^":
		return []atom{{kind: byStart}}, nil
	case text == ":":
		return []atom{{kind: byColon}}, nil
	case text == "%n":
		return []atom{{kind: byNumber}}, nil
	case text == "%commune":
		return []atom{{kind: byCommune}}, nil
	case text == "%epci":
		return []atom{{kind: byEPCI}}, nil
	case text == "%nom":
		return []atom{{kind: byName}}, nil
	case text == "%enseigne":
		return []atom{{kind: bySign}}, nil
	case text == "%pause":
		return []atom{{kind: byPause}}, nil
	case text == "%guillemet":
		return []atom{{kind: byQuote}}, nil
	case strings.HasPrefix(text, "@"):
		class, ok := l.classIDs[text[1:]]
		if !ok {
			return nil, l.phraseProblem(p, "la classe « %s » n'existe pas", text)
		}
		return []atom{{kind: byClass, class: class}}, nil
	case strings.HasPrefix(text, "~"):
		return l.noun(french.Fold(text[1:])), nil
	case strings.HasPrefix(text, "="):
		l.known[french.Fold(text[1:])] = true
		return []atom{{kind: byFold, text: french.Fold(text[1:])}}, nil
	case strings.HasSuffix(text, "*"):
		l.prefixes = append(l.prefixes, french.Fold(strings.TrimSuffix(text, "*")))
		return []atom{{kind: byPrefix, text: french.Fold(strings.TrimSuffix(text, "*"))}}, nil
	case strings.HasPrefix(text, "*"):
		return []atom{{kind: bySuffix, text: french.Fold(text[1:])}}, nil
	}
	words := french.Words(text)
	if len(words) != 1 {
		return nil, l.phraseProblem(p, "« %s » n'est pas un seul mot : séparez par des espaces", text)
	}
	fold := french.Fold(text)
	if p.Noun {
		return l.noun(fold), nil
	}
	l.vocabulary[fold] = true
	atoms := []atom{{kind: byStem, text: french.Stem(text)}}
	if other := french.Stem(fold); other != atoms[0].text {
		atoms = append(atoms, atom{kind: byStem, text: other})
	}
	atoms = append(atoms, atom{kind: byStem, text: root(fold)})
	for _, a := range atoms {
		l.stems[a.text] = true
	}
	return append(atoms, atom{kind: byFold, text: fold}), nil
}

// feminines are the endings of nouns for people, masculine and feminine.
var feminines = []struct{ masculine, feminine string }{
	{"teur", "trice"}, {"eur", "euse"}, {"ier", "iere"}, {"er", "ere"}, {"ien", "ienne"}, {"on", "onne"}, {"ant", "ante"}, {"and", "ande"}, {"an", "ane"},
}

// noun gives the forms of a noun: singular and plural, masculine and feminine.
func (l *Lexicon) noun(fold string) []atom {
	forms := []string{fold, fold + "s", fold + "e", fold + "es"}
	switch {
	case strings.HasSuffix(fold, "al"):
		forms = append(forms, strings.TrimSuffix(fold, "l")+"ux")
	case strings.HasSuffix(fold, "au"), strings.HasSuffix(fold, "eu"):
		forms = append(forms, fold+"x")
	}
	for _, f := range feminines {
		if stem, ok := strings.CutSuffix(fold, f.masculine); ok {
			forms = append(forms, stem+f.feminine, stem+f.feminine+"s")
		}
	}
	var atoms []atom
	for i, f := range forms {
		if i < 2 {
			l.vocabulary[f] = true // a made-up feminine is no word to correct others into
		}
		atoms = append(atoms, atom{kind: byFold, text: f})
	}
	return atoms
}

func (l *Lexicon) phraseProblem(p rulebook.Phrase, format string, args ...any) error {
	return routing.Problem{Pos: p.Pos, Reason: fmt.Sprintf("phrase « %s » : ", p.Text) + fmt.Sprintf(format, args...)}
}

// index finds the phrases that may start with a word, without trying them all.
type index struct {
	stem, fold map[string][]int
	// prefix and suffix are keyed by their first and last three letters.
	prefix, suffix map[string][]int
	class          map[int][]int
	number         []int
	commune        []int
	start          []int
	name           []int
	phrases        []phrase
	scratch        sync.Pool
}

// scratch tells which phrases were tried at the present word: the words of all messages are numbered in one series, so
// that nothing is cleared between two.
type scratch struct {
	tried []uint64
	word  uint64
}

type phrase struct {
	items []item
	// owner is what the phrase belongs to: a class, a grammar region or a cue.
	owner int
}

func newIndex() *index {
	return &index{
		stem: map[string][]int{}, fold: map[string][]int{}, prefix: map[string][]int{}, suffix: map[string][]int{}, class: map[int][]int{},
	}
}

func (x *index) add(items []item, owner int) {
	n := len(x.phrases)
	x.phrases = append(x.phrases, phrase{items, owner})
	for _, a := range items[0].atoms {
		switch a.kind {
		case byStem:
			x.stem[a.text] = append(x.stem[a.text], n)
		case byFold:
			x.fold[a.text] = append(x.fold[a.text], n)
		case byPrefix:
			key := a.text[:min(3, len(a.text))]
			x.prefix[key] = append(x.prefix[key], n)
		case bySuffix:
			key := a.text[max(0, len(a.text)-3):]
			x.suffix[key] = append(x.suffix[key], n)
		case byClass:
			x.class[a.class] = append(x.class[a.class], n)
		case byNumber:
			x.number = append(x.number, n)
		case byCommune, byEPCI:
			x.commune = append(x.commune, n)
		case byStart:
			x.start = append(x.start, n)
		case byName, bySign:
			x.name = append(x.name, n)
		}
	}
}

// match is a phrase found: tokens[start:end], of which used are the words that the phrase names (glue and gaps left out).
type match struct {
	owner      int
	start, end int
	used       []int
}

// find gives every match of the index's phrases, at most one for each phrase and starting word.
func (l *Lexicon) find(x *index, tokens []token) []match {
	var out []match
	s, ok := x.scratch.Get().(*scratch)
	if !ok {
		s = &scratch{tried: make([]uint64, len(x.phrases))}
	}
	defer x.scratch.Put(s)
	m := matcher{tokens: tokens}
	for i := range tokens {
		t := &tokens[i]
		if t.mark != 0 {
			continue
		}
		s.word++
		try := func(candidates []int) {
			for _, n := range candidates {
				if s.tried[n] == s.word {
					continue
				}
				s.tried[n] = s.word
				m.used = m.used[:0]
				if end, ok := m.match(x.phrases[n].items, i); ok {
					out = append(out, match{owner: x.phrases[n].owner, start: i, end: end, used: slices.Clone(m.used)})
				}
			}
		}
		try(x.fold[t.fold])
		try(x.stem[t.stems[0]])
		try(x.stem[t.stems[1]])
		try(x.stem[t.stems[2]])
		for _, key := range []string{t.fold[:min(3, len(t.fold))], t.fold[:min(2, len(t.fold))]} {
			try(x.prefix[key])
		}
		try(x.suffix[t.fold[max(0, len(t.fold)-3):]])
		for _, s := range t.classes {
			try(x.class[s.class])
		}
		if t.numberTokens > 0 {
			try(x.number)
		}
		if len(t.places) > 0 {
			try(x.commune)
		}
		if t.name.end > 0 {
			try(x.name)
		}
		if sentenceStart(tokens, i) {
			try(x.start)
		}
	}
	return out
}

func sentenceStart(tokens []token, i int) bool {
	return i == 0 || tokens[i-1].mark == '.' || tokens[i-1].mark == '?' || i == 1 && tokens[0].quote
}

type matcher struct {
	tokens []token
	used   []int
}

// maxGlue is how many glue words may stand between two items.
const maxGlue = 4

// match tries the items from tokens[i] on and gives the end of the match. It backtracks over glue, gaps and lengths.
func (m *matcher) match(items []item, i int) (end int, ok bool) {
	if len(items) == 0 {
		return i, true
	}
	it := items[0]
	if it.gap > 0 {
		// Glue words cost nothing: a gap counts the words that mean something.
		for at, words := i, 0; words <= it.gap && at <= len(m.tokens); at++ {
			if end, ok = m.match(items[1:], at); ok {
				return end, true
			}
			if at == len(m.tokens) || stops(m.tokens[at].mark, it.gap) || it.strict && m.tokens[at].flags&barrier != 0 {
				break
			}
			if !m.tokens[at].glue {
				words++
			}
		}
		return 0, false
	}
	if it.negate {
		at := i
		for at < len(m.tokens) && m.tokens[at].mark == 0 && m.tokens[at].glue && !m.oneOf(it.atoms, at) {
			at++
		}
		if at < len(m.tokens) && m.oneOf(it.atoms, at) {
			return 0, false
		}
		return m.match(items[1:], i)
	}
	// The first word of a phrase stands where the match starts; the next ones may follow glue.
	for skip := 0; skip <= maxGlue; skip++ {
		at := i + skip
		if skip > 0 {
			previous := at - 1
			if previous >= len(m.tokens) || m.tokens[previous].mark != 0 || !m.tokens[previous].glue && m.tokens[previous].numberTokens == 0 {
				break
			}
			if len(m.used) == 0 {
				break
			}
		}
		if at > len(m.tokens) {
			break
		}
		for _, a := range it.atoms {
			if end, ok = m.matchAtom(a, items[1:], at); ok {
				return end, true
			}
		}
	}
	if it.optional {
		return m.match(items[1:], i)
	}
	return 0, false
}

// stops tells whether a gap ends at a mark: a wide one (8 words or more) crosses commas, none crosses a sentence.
func stops(mark rune, gap int) bool {
	switch mark {
	case 0, '(':
		return false
	case ',':
		return gap < 8
	}
	return true
}

// matchAtom matches one atom at a place, then the rest.
func (m *matcher) matchAtom(a atom, rest []item, i int) (end int, ok bool) {
	if a.kind == byStart {
		if !sentenceStart(m.tokens, i) {
			return 0, false
		}
		return m.match(rest, i)
	}
	if i < len(m.tokens) && m.tokens[i].mark != 0 && m.punctuation(a, i) {
		return m.match(rest, i+1)
	}
	if i >= len(m.tokens) || m.tokens[i].mark != 0 {
		return 0, false
	}
	t := &m.tokens[i]
	then := func(next int) bool {
		mark := len(m.used)
		for k := i; k < next; k++ {
			m.used = append(m.used, k)
		}
		if end, ok = m.match(rest, next); ok {
			return true
		}
		m.used = m.used[:mark]
		return false
	}
	switch a.kind {
	case byClass:
		for _, s := range t.classes {
			if s.class == a.class && then(s.end) {
				return end, true
			}
		}
	case byNumber:
		if t.numberTokens > 0 && then(i+t.numberTokens) {
			return end, true
		}
	case byCommune, byEPCI:
		for _, p := range t.places {
			if (a.kind == byCommune || p.isEPCI()) && then(p.end) {
				return end, true
			}
		}
	case byName, bySign:
		if t.name.end > 0 && (a.kind == byName || t.name.sign) && then(t.name.end) {
			return end, true
		}
	default:
		if m.is(a, t) && then(i+1) {
			return end, true
		}
	}
	return 0, false
}

// punctuation tells whether an atom is the mark at a place.
func (m *matcher) punctuation(a atom, i int) bool {
	switch t := &m.tokens[i]; a.kind {
	case byColon:
		return t.mark == ':'
	case byPause:
		return !t.quote && (t.mark == ',' || t.mark == '(' || t.mark == ':')
	case byQuote:
		return t.quote
	}
	return false
}

func (m *matcher) is(a atom, t *token) bool {
	switch a.kind {
	case byStem:
		return t.stems[0] == a.text || t.stems[1] == a.text || t.stems[2] == a.text
	case byFold:
		return t.fold == a.text
	case byPrefix:
		return strings.HasPrefix(t.fold, a.text)
	case bySuffix:
		return strings.HasSuffix(t.fold, a.text) && len(t.fold) > len(a.text)
	}
	return false
}

func (m *matcher) oneOf(atoms []atom, i int) bool {
	t := &m.tokens[i]
	for _, a := range atoms {
		switch a.kind {
		case byClass:
			if slices.ContainsFunc(t.classes, func(s span) bool { return s.class == a.class }) {
				return true
			}
		case byNumber:
			if t.numberTokens > 0 {
				return true
			}
		case byCommune, byEPCI:
			if slices.ContainsFunc(t.places, func(p placeSpan) bool { return a.kind == byCommune || p.isEPCI() }) {
				return true
			}
		default:
			if m.is(a, t) {
				return true
			}
		}
	}
	return false
}
