package lexicon

import "strings"

// flag marks what a stretch of the message is.
type flag uint16

const (
	refused flag = 1 << iota
	context
	secondary
	priority
	identity
	barrier
	wanted
	withdrawn // taken away from the subjects: « nous sommes prêts », « six paires de bras »
	refusing  // opens a refusal: a cue that begins with it says the refusal itself, « sans salarié »
)

// regions are the stretches that the grammar opens; « name-end » in the grammar closes one early.
var regions = []struct {
	name string
	flag flag
	// toSentence: the stretch runs to the end of the sentence, else to the next mark.
	toSentence bool
}{
	{"refusal", refused, false},
	// What closes the clause before it: « la formation, c'est réglé ».
	{"refusal-back", refused, false},
	{"context", context, false},
	{"context-sentence", context, true},
	{"secondary", secondary, true},
	{"priority", priority, false},
	{"wanted", wanted, true},
	{"identity", identity, false},
	// A barrier opens no stretch: it is a word (a verb, « qui ») that a strict gap does not cross.
	{"barrier", barrier, false},
}

// endings are the owners of the phrases that end a stretch early: « mais », « plutôt » end a refusal.
const endings = 100

func knownRegion(name string) bool {
	for _, r := range regions {
		if r.name == name {
			return true
		}
	}
	return false
}

// markStretches marks each word with the stretches where it stands: a refusal, the story around, a second request…
func (l *Lexicon) markStretches(tokens []token) {
	markInfinitives(tokens)
	marks := l.find(l.regions, tokens)
	ends := make([]uint16, len(tokens)) // by token: the regions that end there, one bit each
	for _, m := range marks {
		if m.owner >= endings {
			ends[m.start] |= 1 << (m.owner - endings)
		}
	}
	for _, m := range marks {
		if m.owner < endings {
			mark(tokens, m, ends)
		}
	}
}

// determiners announce a noun: « un chantier », « notre atelier ».
var determiners = map[string]bool{
	"un": true, "une": true, "le": true, "la": true, "l": true, "les": true, "du": true, "des": true, "au": true, "aux": true, "mon": true, "ton": true, "son": true,
	"notre": true, "votre": true, "leur": true, "ce": true, "cet": true, "nos": true, "mes": true, "ses": true, "chaque": true, "premier": true, "petit": true, "nouvel": true,
}

// ofNoun stand before the noun that completes another.
var ofNoun = map[string]bool{"de": true, "d": true, "en": true}

// markInfinitives makes a barrier of each infinitive in -er: a word in -er that no determiner announces, nor a noun that
// completes another (« de découpe laser »).
func markInfinitives(tokens []token) {
	for i := 1; i < len(tokens); i++ {
		t, before := &tokens[i], &tokens[i-1]
		if len(t.fold) < 5 || !strings.HasSuffix(t.fold, "er") || before.mark != 0 || determiners[before.fold] {
			continue
		}
		// Shorter words between « de » and an infinitive are pronouns and adverbs.
		noun := len(before.fold) > 5 && !strings.HasSuffix(before.fold, "ment") && !strings.HasSuffix(before.fold, "er")
		if i < 2 || !noun || !ofNoun[tokens[i-2].fold] {
			t.flags |= barrier
		}
	}
}

// longestIdentity is how many words may tell what a company is: beyond, a verb that the grammar does not know went by.
const longestIdentity = 6

// mark marks the stretch that a phrase opens, up to its end.
func mark(tokens []token, m match, ends []uint16) {
	region := regions[m.owner]
	if region.flag == secondary && m.end < len(tokens) && tokens[m.end].mark == ',' && m.start > 0 && tokens[m.start-1].mark == 0 && !conjunctions[tokens[m.start-1].fold] {
		return // « artisan par ailleurs, … »: the words before it are meant
	}
	if region.flag == barrier {
		for i := m.start; i < m.end; i++ {
			tokens[i].flags |= barrier
		}
		return
	}
	if region.name == backward {
		for i := m.start - 1; i >= 0 && (tokens[i].mark == 0 || tokens[i].mark == ',' || tokens[i].mark == '('); i-- {
			tokens[i].flags |= refused
		}
		return
	}
	start := m.end
	if region.flag == refused || region.flag == secondary {
		start = m.start // « pas besoin de laboratoire »: the need itself is refused
	}
	if region.flag == refused {
		tokens[start].flags |= refusing
	}
	words := 0
	for i := start; i < len(tokens); i++ {
		if tokens[i].mark == 0 && !tokens[i].glue {
			words++
		}
		if region.flag == identity && words > longestIdentity {
			return
		}
		switch tokens[i].mark {
		case '.', '?', ';':
			return
		case ',', ':', '(':
			if !region.toSentence {
				return
			}
		}
		if ends[i]&(1<<m.owner) != 0 {
			return
		}
		tokens[i].flags |= region.flag
	}
}

// backward is the region that runs from the start of its clause to its phrase.
const backward = "refusal-back"

var conjunctions = map[string]bool{"et": true, "ou": true, "mais": true, "puis": true, "and": true}
