// Package french analyses French text for searching and for reading facts: words with their places, folded forms and
// stems. It knows nothing of documents, rules or messages, so that both engines and every vocabulary see the same words.
package french

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/blevesearch/snowballstem"
	stemmer "github.com/blevesearch/snowballstem/french"
)

// Word is one word of a text.
type Word struct {
	// Fold is the word in lower case without accents, ligatures spelled out (« Œuvre » → « oeuvre »).
	Fold string
	// Start and End are byte offsets in the text that was analysed: text[Start:End] is the word as it stands.
	Start, End int
	// Upper tells that the word starts with a capital letter; Acronym that it has two letters or more, all capitals.
	Upper, Acronym bool
	// Elided tells that the word is an article, pronoun or conjunction cut by an apostrophe (« l' », « qu' »).
	Elided bool
}

// elisions are the words that an apostrophe cuts; every other one it joins (« aujourd'hui », « prud'homme »).
var elisions = map[string]bool{
	"l": true, "d": true, "j": true, "m": true, "t": true, "s": true, "n": true, "c": true,
	"qu": true, "jusqu": true, "lorsqu": true, "puisqu": true, "quoiqu": true, "quelqu": true, "presqu": true,
}

// Words cuts a text into words. Hyphens cut (« chef-lieu » gives two words), elisions give their own Elided word, and
// dots inside an acronym do not (« S.A.R.L. » gives « sarl »). Digits with letters stay together (« rev3 », « 3D »).
func Words(text string) []Word {
	words := make([]Word, 0, len(text)/6+1)
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !wordRune(r) {
			i += size
			continue
		}
		if end, ok := dotted(text, i); ok {
			words = append(words, Word{Fold: Fold(strings.ReplaceAll(text[i:end], ".", "")), Start: i, End: end, Upper: true, Acronym: true})
			i = end
			continue
		}
		start := i
		for i < len(text) {
			r, size = utf8.DecodeRuneInString(text[i:])
			if !wordRune(r) {
				break
			}
			i += size
		}
		w := word(text, start, i)
		if i < len(text) && apostrophe(r) {
			if elisions[w.Fold] {
				w.Elided = true
			} else if next := i + size; next < len(text) && startsWord(text[next:]) {
				for i = next; i < len(text); {
					r, size = utf8.DecodeRuneInString(text[i:])
					if !wordRune(r) {
						break
					}
					i += size
				}
				w = word(text, start, i)
			}
		}
		if w.Fold != "" { // a lone combining accent is not a word
			words = append(words, w)
		}
	}
	return words
}

func startsWord(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return wordRune(r)
}

func word(text string, start, end int) Word {
	w := Word{Fold: Fold(text[start:end]), Start: start, End: end}
	letters, capitals := 0, 0
	for i, r := range text[start:end] {
		if unicode.IsLetter(r) {
			letters++
			if unicode.IsUpper(r) {
				capitals++
				w.Upper = w.Upper || i == 0
			}
		}
	}
	w.Acronym = letters >= 2 && capitals == letters
	return w
}

// dotted finds an acronym written with dots (« S.A.S. », « R.H ») that starts at i, and its end.
func dotted(text string, i int) (end int, ok bool) {
	letters := 0
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !unicode.IsUpper(r) || i+size >= len(text) || text[i+size] != '.' {
			// A last letter without its dot: « R.H ».
			if letters > 0 && unicode.IsUpper(r) {
				next, _ := utf8.DecodeRuneInString(text[i+size:])
				if !wordRune(next) {
					return i + size, true
				}
			}
			break
		}
		letters++
		i += size + 1
		end = i
	}
	return end, letters >= 2
}

func wordRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r) || r == '²' || r == '³'
}

func apostrophe(r rune) bool {
	return r == '\'' || r == '’' || r == 'ʼ' || r == '‘' || r == '´' || r == '`'
}

// Fold lowers a text, strips its accents and spells its ligatures out: « Cœur d'Été » → « coeur d'ete ».
func Fold(s string) string {
	ascii := true
	upper := false
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			ascii = false
			break
		}
		upper = upper || 'A' <= s[i] && s[i] <= 'Z'
	}
	if ascii {
		if upper {
			return strings.ToLower(s)
		}
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		if int(r) < len(western) {
			b.WriteString(western[r])
		} else {
			b.WriteString(foldRune(r))
		}
	}
	return b.String()
}

// western are the folded letters that French texts are made of, those of other languages of the Latin alphabet with them.
var western = func() (table [0x180]string) {
	for r := range table {
		table[r] = foldRune(rune(r))
	}
	return table
}()

func foldRune(r rune) string {
	r = unicode.ToLower(r)
	if to, ok := foldTable[r]; ok {
		return to
	}
	var b strings.Builder
	for _, d := range norm.NFKD.String(string(r)) {
		if !unicode.Is(unicode.Mn, d) {
			b.WriteRune(unicode.ToLower(d))
		}
	}
	return b.String()
}

var foldTable = map[rune]string{
	'é': "e", 'è': "e", 'ê': "e", 'ë': "e", 'à': "a", 'â': "a", 'ä': "a", 'ç': "c", 'î': "i", 'ï': "i", 'ô': "o", 'ö': "o",
	'ù': "u", 'û': "u", 'ü': "u", 'ÿ': "y", 'œ': "oe", 'æ': "ae", '’': "'", '‘': "'", 'ʼ': "'", '\u00a0': " ", '\u202f': " ",
}

// Stem gives the Snowball French stem of a word, folded. The stemmer needs the accents (« privé » is a participle,
// « prive » a verb), so it is given the word as it stands and its result is folded after: « créations » → « creation ».
func Stem(word string) string {
	env := snowballstem.NewEnv(strings.ToLower(word))
	stemmer.Stem(env)
	return Fold(env.Current())
}

// stopWords carry no subject: articles, pronouns, prepositions, auxiliaries. Folded.
var stopWords = set(`a afin ai ainsi alors apres as au aucun aucune aussi autre autres aux avait avant avec avez avoir avons c ca car
ce ceci cela celle celles celui ces cet cette ceux chaque chez ci comme comment d dans de des dont du elle elles en encore
entre est et etait etaient etant ete etes etre eu eux fait faire faut furent il ils j je l la le les leur leurs lors lui m ma mais me
meme memes mes moi mon n ne ni nos notre nous on ont ou par pas peu peut peuvent plus pour pourquoi qu quand que quel quelle quelles quels
qui quoi s sa sans se sera seront ses si soit son sont sous suis sur t ta te tes toi ton tous tout toute toutes tres tu un une
vos votre vous y`)

// Stop tells whether a folded word carries no meaning of its own.
func Stop(fold string) bool { return stopWords[fold] }

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}
