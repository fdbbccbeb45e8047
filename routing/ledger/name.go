package ledger

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// legalForms and articles are the words of a company's name that people add or forget.
var (
	legalForms = words(`sarl sarlu eurl sas sasu sa snc sci scs sca scop scic scea scm selarl selas earl gaec gie ei eirl
		societe ste ets etablissements etablissement entreprise`)
	articles = words(`le la les de du des et`)
)

// elisions are the articles that an apostrophe cuts, on a folded text.
var elisions = regexp.MustCompile(`\b[ld]['’ʼ]`)

func words(s string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}

// CompanyKey gives a company's name as names are compared: « S.A.R.L. L'Atelier du Bois » and « atelier du bois » are
// equal. A name made of nothing but such words keeps them; a name without a letter or digit gives the empty string.
func CompanyKey(name string) string {
	all := joinLetters(strings.FieldsFunc(elisions.ReplaceAllString(Fold(name), ""), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }))
	kept := slices.DeleteFunc(slices.Clone(all), func(w string) bool { return legalForms[w] || articles[w] })
	if len(kept) == 0 {
		kept = all
	}
	return strings.Join(kept, " ")
}

// joinLetters makes one word of letters that stand alone side by side: s a r l → sarl.
func joinLetters(in []string) []string {
	var out []string
	run := 0
	for _, w := range in {
		single := len([]rune(w)) == 1
		if single && run > 0 {
			out[len(out)-1] += w
		} else {
			out = append(out, w)
		}
		if single {
			run++
		} else {
			run = 0
		}
	}
	return out
}

// Fold gives a text as names and words are compared: lower case, no accent, ligatures spelled out, « & » as « et ».
func Fold(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range norm.NFKD.String(s) {
		switch r = unicode.ToLower(r); {
		case r == 'œ':
			b.WriteString("oe")
		case r == 'æ':
			b.WriteString("ae")
		case r == '&':
			b.WriteString(" et ")
		case !unicode.Is(unicode.Mn, r):
			b.WriteRune(r)
		}
	}
	return b.String()
}

// shortened is the least length of a word that stands for one it begins (« indus » for « industrie »), mistyped of one
// that is still told with a letter wrong.
const (
	shortened = 3
	mistyped  = 5
)

// NearCompany tells that two names may be one company's: the same words but for a slip of a letter or an abbreviation. It is
// a reason to show both to a person, never to make them one.
func NearCompany(a, b string) bool {
	wordsA, wordsB := strings.Fields(CompanyKey(a)), strings.Fields(CompanyKey(b))
	return len(wordsA) > 0 && slices.EqualFunc(wordsA, wordsB, nearWord)
}

func nearWord(a, b string) bool {
	x, y := []rune(a), []rune(b)
	if len(x) > len(y) {
		x, y, a, b = y, x, b, a
	}
	if len(x) >= shortened && strings.HasPrefix(b, a) {
		return true
	}
	if a == b || len(x) < mistyped || len(y)-len(x) > 1 {
		return a == b
	}
	return slip(a, b)
}

// OtherCompany tells that two messages of one conversation name two different companies.
func OtherCompany(a, b Company) bool {
	if a.SIREN != "" && b.SIREN != "" {
		return a.SIREN != b.SIREN
	}
	nameA, nameB := readName(a.Name), readName(b.Name)
	return len(nameA.words) > 0 && len(nameB.words) > 0 && compareNames(nameA, nameB).Verdict == Different
}
