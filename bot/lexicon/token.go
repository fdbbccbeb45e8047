package lexicon

import (
	"strings"

	"guichet/knowledge/french"
)

// token is a word of the message, or a punctuation mark between two words.
type token struct {
	fold string
	// stems are the stem of the word as written, of the word without accents (people drop accents, stems differ), and its
	// root as a verb (the stemmer leaves many forms of a verb apart).
	stems [3]string
	// mark is the punctuation: '.' ends a sentence (also ! and line ends), '?' a question, ':' ';' ',' '(' ')' cut it; 0 for a word.
	mark         rune
	start, end   int
	upper        bool
	acronym      bool   // all capitals
	quote        bool   // a mark that is a quotation mark
	corrected    bool   // fold is another word, that this one is a misspelling of
	hyphen       bool   // joined to the word before it
	glue         bool   // may stand between the words of a phrase
	classes      []span // classes of words that start here
	flags        flag
	number       int64 // value of the number that starts here
	numberTokens int   // tokens of that number, 0 when none starts here
	places       []placeSpan
	name         nameSpan
}

type span struct{ class, end int }

const quotes = `«»"“”`

// tokenize cuts a message into words and punctuation. Abbreviations are replaced by the words that they stand for, which
// keep the place of the abbreviation.
func (l *Lexicon) tokenize(text string) []token {
	words := french.Words(text)
	tokens := make([]token, 0, len(words)+8)
	end := 0
	for i, w := range words {
		hyphen := i > 0 && text[end:w.Start] == "-"
		if mark := strongest(text[end:w.Start], i > 0 && digits(words[i-1].Fold) && digits(w.Fold)); mark != 0 && (i > 0 || strings.ContainsAny(text[:w.Start], quotes)) {
			tokens = append(tokens, token{mark: mark, quote: strings.ContainsAny(text[end:w.Start], quotes), start: end, end: w.Start})
		}
		end = w.End
		if replacement, ok := l.abbreviations[w.Fold]; ok {
			for _, fold := range replacement {
				tokens = append(tokens, l.word(fold, fold, w))
			}
			continue
		}
		if rest, ok := l.missingApostrophe(w.Fold); ok {
			tokens = append(tokens, l.word(w.Fold[:len(w.Fold)-len(rest)], w.Fold[:len(w.Fold)-len(rest)], w), l.word(rest, rest, w))
			continue
		}
		t := l.word(text[w.Start:w.End], w.Fold, w)
		t.hyphen = hyphen
		tokens = append(tokens, t)
	}
	if mark := strongest(text[end:], false); mark != 0 && len(tokens) > 0 {
		tokens = append(tokens, token{mark: mark, quote: strings.ContainsAny(text[end:], quotes), start: end, end: len(text)})
	}
	readNumbers(tokens)
	return tokens
}

// missingApostrophe finds the word behind a little one glued to it: « dinnovation », « linsertion », « jtrouve ».
func (l *Lexicon) missingApostrophe(fold string) (rest string, ok bool) {
	if len(fold) < 6 || l.exists(fold) {
		return "", false
	}
	for _, article := range []string{"qu", "d", "l", "j", "n", "s", "m", "c"} {
		if rest, ok = strings.CutPrefix(fold, article); ok && (article == "j" || strings.ContainsRune("aeiouyh", rune(rest[0]))) && l.exists(rest) {
			return rest, true
		}
	}
	return "", false
}

func (l *Lexicon) word(raw, fold string, w french.Word) token {
	t := token{fold: fold, start: w.Start, end: w.End, upper: w.Upper, acronym: w.Acronym}
	if corrected, ok := l.correct(fold); ok {
		t.fold, t.corrected, raw = corrected, true, corrected
	}
	t.stems[1] = french.Stem(t.fold)
	t.stems[0] = t.stems[1]
	if raw != t.fold {
		t.stems[0] = french.Stem(raw)
	}
	t.stems[2] = root(t.fold)
	t.glue = l.glue[t.fold]
	return t
}

// verbEndings are those of regular verbs, the longest first.
var verbEndings = strings.Fields(`issaient eraient iraient issions erions irions issent issant issait issons issez eriez iriez
	aient erais erait erons eront irais irait irons iront
	erai eras erez irai iras irez ions iez ais ait ant ons ont ent era ira ees es ee er ez ir re it is e i`)

// root strips the ending of a verb: « recherchons », « rechercherait » → « recherch »; a short word keeps its form.
func root(fold string) string {
	for _, ending := range verbEndings {
		if strings.HasSuffix(fold, ending) && len(fold)-len(ending) >= 4 {
			return "+" + fold[:len(fold)-len(ending)]
		}
	}
	return "+" + fold
}

// strongest gives the mark that cuts most in what stands between two words; a separator inside a number cuts nothing.
func strongest(between string, insideNumber bool) rune {
	if insideNumber && (between == "," || between == ".") {
		return 0
	}
	best, rank := rune(0), 0
	for _, r := range between {
		mark, strength := r, 0
		switch r {
		case '.', '!', '…', '\n':
			mark, strength = '.', 6
		case '?':
			strength = 7
		case ';', ':':
			strength = 4
		case '(', ')', '«', '»', '"', '“', '”':
			mark, strength = '(', 2
		case ',', '—', '–', '/':
			mark, strength = ',', 3
		case '-':
			// A hyphen cuts only when it stands alone.
			if strings.Contains(between, " - ") {
				mark, strength = ',', 3
			}
		}
		if strength > rank {
			best, rank = mark, strength
		}
	}
	return best
}

func digits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
