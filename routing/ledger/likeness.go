package ledger

import (
	_ "embed"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"
	"unicode"

	"github.com/goccy/go-yaml"
)

// Verdict says whether two requests are about the same company, or the same creator's project.
type Verdict string

// The verdicts. Only Same joins by itself; Likely is shown to a person with its reasons.
const (
	Same      Verdict = "same"
	Likely    Verdict = "likely"
	Different Verdict = "different"
)

// Reason is one thing that brings two requests together or sets them apart: its code in likeness.yaml, and what was read in
// the one and in the other.
type Reason struct {
	Code string `json:"code"`
	A    string `json:"a,omitempty"`
	B    string `json:"b,omitempty"`
}

// Likeness is what a comparison found.
type Likeness struct {
	Verdict Verdict  `json:"verdict"`
	Reasons []Reason `json:"reasons"`
}

// Twin is two open requests that look like one another, for a person to say whether they are the same: First is the older.
type Twin struct {
	First, Second Request
	Reasons       []Reason
	FoundAt       time.Time
}

// Of gives the request that looks like the one of a reference.
func (t Twin) Of(reference string) Request {
	if t.First.Reference == reference {
		return t.Second
	}
	return t.First
}

// Why words the reasons in French, in one line.
func (t Twin) Why() string { return Likeness{Reasons: t.Reasons}.Label() }

// sameTextWithin is how far in time two messages of the same words may be and still look like one sent twice.
const sameTextWithin = 30 * 24 * time.Hour

// Compare tells whether two requests are about the same company: the same SIREN, or the same name in the same commune once
// spelling, legal form and abbreviations are set aside. Two SIRENs that differ settle it. Who has neither SIREN nor name is
// compared by person, commune and project, and is at most Likely: nobody is merged by guess.
func Compare(a, b Request) Likeness {
	sirenA, sirenB := a.Company.siren(), b.Company.siren()
	if sirenA != "" && sirenB != "" {
		switch {
		case sirenA != sirenB:
			return Likeness{Different, []Reason{{"other_siren", sirenA, sirenB}}}
		case a.Company.SIRET != "" && b.Company.SIRET != "" && a.Company.SIRET != b.Company.SIRET:
			return Likeness{Same, []Reason{{"siret", a.Company.SIRET, b.Company.SIRET}}}
		}
		return Likeness{Same, []Reason{{Code: "siren", A: sirenA}}}
	}
	place := Reason{Code: "commune"}
	switch {
	case a.Place.Commune == "" || b.Place.Commune == "":
		place.Code = "commune_unknown"
	case a.Place.Commune != b.Place.Commune:
		place.Code = "other_commune"
	}
	nameA, nameB := readName(a.Company.Name), readName(b.Company.Name)
	if len(nameA.words) == 0 || len(nameB.words) == 0 {
		return compareProjects(a, b, place)
	}
	found := compareNames(nameA, nameB)
	switch {
	case place.Code == "commune" || found.Verdict == Different:
	case found.Verdict == Same && (place.Code == "commune_unknown" || slices.ContainsFunc(nameA.words, rare) && slices.ContainsFunc(nameB.words, rare)):
		found.Verdict = Likely
	default:
		found.Verdict = Different
	}
	found.Reasons = append(found.Reasons, place)
	return found
}

// SameCompany tells whether two requests are about the same company, for sure.
func SameCompany(a Company, placeA Place, b Company, placeB Place) bool {
	return Compare(Request{Company: a, Place: placeA}, Request{Company: b, Place: placeB}).Verdict == Same
}

func (c Company) siren() string {
	if c.SIREN == "" && len(c.SIRET) == 14 {
		return c.SIRET[:9]
	}
	return c.SIREN
}

// compareProjects compares requests of which one at least names no company.
func compareProjects(a, b Request, place Reason) Likeness {
	wordsA, wordsB := projectWords(a.Text), projectWords(b.Text)
	shared := slices.DeleteFunc(slices.Clone(wordsA), func(w string) bool {
		return !slices.ContainsFunc(wordsB, func(other string) bool { return start(other) == start(w) })
	})
	least := min(len(wordsA), len(wordsB))
	person := samePerson(a, b)
	if apart := a.CreatedAt.Sub(b.CreatedAt).Abs(); sameText(a.Text, b.Text) && least >= 2 && apart <= sameTextWithin && place.Code != "other_commune" {
		found := Likeness{Likely, []Reason{{Code: "text"}, place}}
		if person != "" {
			found.Reasons = append(found.Reasons, Reason{Code: "person", A: person})
		}
		return found
	}
	if person == "" {
		return Likeness{Different, []Reason{{Code: "nothing"}}}
	}
	who := Reason{Code: "person", A: person}
	const alike = 0.4 // of the words of the shorter message
	if len(shared) < 2 || float64(len(shared)) < alike*float64(least) {
		return Likeness{Different, []Reason{who, {Code: "other_project"}, place}}
	}
	project := Reason{Code: "project", A: strings.Join(shared[:min(len(shared), 5)], ", ")}
	if place.Code == "other_commune" {
		return Likeness{Different, []Reason{who, project, place}}
	}
	return Likeness{Likely, []Reason{who, project, place}}
}

// samePerson gives the name of the person who wrote both, empty when that is not known: one account of a messaging, or one
// name of two words at least in any order.
func samePerson(a, b Request) string {
	nameA, nameB := personKey(a.Author), personKey(b.Author)
	switch {
	case a.Person != "" && a.Person == b.Person:
		if a.Author != "" {
			return a.Author
		}
		return a.Person
	case nameA != "" && nameA == nameB:
		return a.Author
	}
	return ""
}

func personKey(name string) string {
	all := fields(Fold(name))
	if len(all) < 2 {
		return "" // a first name is not enough
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func sameText(a, b string) bool {
	wordsA, wordsB := fields(Fold(a)), fields(Fold(b))
	return len(wordsA) > 0 && slices.Equal(wordsA, wordsB)
}

// projectWords gives the words that say what a message is about, each once, in the order in which they come.
func projectWords(text string) []string {
	var out []string
	for _, w := range fields(Fold(text)) {
		if w = singular(w); len(w) >= 4 && !lexemes.idle[w] && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// start is what the forms of a word share: reprends, reprise.
func start(word string) string { return word[:min(len(word), 4)] }

// named is a company's name as it is compared.
type named struct {
	written string
	words   []nameWord
	// letters are those of the name in a row, articles included: names cut otherwise are equal there.
	letters string
}

type nameWord struct {
	text string
	// dotted tells that the word is cut by a point: « Trans. »
	dotted bool
}

// readName reads a name: its words folded, in the singular, abbreviations spelled out, without legal form or article.
func readName(written string) named {
	n := named{written: written}
	var all, kept []nameWord
	const longest = 200 // characters: no name is longer, and a comparison stays short
	folded := Fold(written)
	if runes := []rune(folded); len(runes) > longest {
		folded = string(runes[:longest])
	}
	for i, w := range nameWords(elisions.ReplaceAllString(folded, "")) {
		if i == 0 && w.text == "ste" {
			w.text = "societe"
		}
		spelled := []string{w.text}
		if long, ok := lexemes.abbreviations[w.text]; ok {
			spelled, w.dotted = strings.Fields(long), false
		}
		for _, text := range spelled {
			if number, ok := lexemes.numbers[text]; ok {
				text = number
			}
			word := nameWord{singular(text), w.dotted}
			all = append(all, word)
			if legalForms[text] {
				continue
			}
			if !articles[text] && !lexemes.aside[text] && !lexemes.aside[word.text] {
				kept = append(kept, word)
			}
		}
	}
	for _, w := range nameWords(folded) {
		if long, ok := lexemes.abbreviations[w.text]; ok {
			w.text = strings.ReplaceAll(long, " ", "")
		}
		if !legalForms[w.text] {
			n.letters += w.text
		}
	}
	if n.words = kept; len(kept) == 0 {
		n.words = all
	}
	return n
}

// nameWords cuts a folded name: letters that stand alone side by side are one word.
func nameWords(folded string) []nameWord {
	var all []nameWord
	singles := 0
	for len(folded) > 0 {
		begin := strings.IndexFunc(folded, inWord)
		if begin < 0 {
			break
		}
		folded = folded[begin:]
		end := strings.IndexFunc(folded, func(r rune) bool { return !inWord(r) })
		if end < 0 {
			end = len(folded)
		}
		word := nameWord{folded[:end], len(folded) > end && folded[end] == '.'}
		folded = folded[end:]
		if len(word.text) > 1 || word.text[0] >= '0' && word.text[0] <= '9' {
			all, singles = append(all, word), 0
			continue
		}
		if singles++; singles > 1 {
			all[len(all)-1].text += word.text
			all[len(all)-1].dotted = false
			continue
		}
		word.dotted = false
		all = append(all, word)
	}
	return all
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func fields(folded string) []string {
	return strings.FieldsFunc(folded, func(r rune) bool { return !inWord(r) })
}

// singular takes the mark of the plural off a word, but for family names.
func singular(word string) string { return singularBut(lexemes.surnames, word) }

func singularBut(surnames map[string]bool, word string) string {
	if len(word) < 4 || surnames[word] {
		return word
	}
	return strings.TrimRight(word, "sx")
}

// common tells that a word is a trade, or one that many names have; rare that nobody's name but one's has it.
func common(w nameWord) bool {
	return lexemes.trades[w.text] || lexemes.generic[w.text] || !hasLetter(w.text)
}

func rare(w nameWord) bool { return !common(w) && !person(w) && len(w.text) >= 4 }

func person(w nameWord) bool { return lexemes.surnames[w.text] || lexemes.given[w.text] }

func hasLetter(s string) bool { return strings.ContainsFunc(s, unicode.IsLetter) }

// compareNames compares two names of one place, whichever comes first.
func compareNames(a, b named) Likeness {
	if a.written <= b.written {
		return compareInOrder(a, b)
	}
	found := compareInOrder(b, a)
	for i, r := range found.Reasons {
		if !strings.HasSuffix(r.Code, "_part") { // there A is the shorter one
			found.Reasons[i].A, found.Reasons[i].B = r.B, r.A
		}
	}
	return found
}

func compareInOrder(a, b named) Likeness {
	result := func(v Verdict, code string) Likeness { return Likeness{v, []Reason{{code, a.written, b.written}}} }
	m := match(a.words, b.words)
	switch {
	case len(m.onlyA) == 0 && len(m.onlyB) == 0:
		switch {
		case m.families:
			return result(Likely, "name_family")
		case m.shortened:
			return result(Likely, "name_short")
		case m.slips > 1 || m.doubtful:
			return result(Likely, "name_typos")
		case !m.ordered && !slices.ContainsFunc(a.words, common) && len(a.words) < 3:
			return result(Likely, "name_order") // two names of persons
		case m.slips == 1:
			return result(Same, "name_typo")
		case !m.ordered:
			return result(Same, "name_order")
		}
		return result(Same, "name")
	case a.letters == b.letters:
		return result(Same, "name_spaces")
	case len(a.words) != len(b.words) && len(a.letters) >= 10 && slip(a.letters, b.letters):
		return result(Same, "name_typo")
	}
	distinct := slices.ContainsFunc(m.shared, func(w nameWord) bool { return !common(w) })
	switch {
	case m.families || m.doubtful || m.slips > 1:
	case len(m.onlyA) == 0 || len(m.onlyB) == 0:
		if distinct || len(m.shared) > 1 {
			part := Reason{"name_part", a.written, b.written}
			if len(m.onlyA) > 0 {
				part.A, part.B = part.B, part.A
			}
			if m.slips > 0 {
				part.Code = "name_near_part"
			}
			return Likeness{Likely, []Reason{part}}
		}
	case slices.ContainsFunc(m.shared, rare) && !otherTrades(m.onlyA, m.onlyB):
		return result(Likely, "name_shared")
	}
	return result(Different, "other_name")
}

// otherTrades tells that each has a trade of its own (« Électricité Poidevin », « Plomberie Poidevin »).
func otherTrades(a, b []nameWord) bool {
	trade := func(w nameWord) bool { return lexemes.trades[w.text] }
	near := slices.ContainsFunc(a, func(x nameWord) bool {
		return slices.ContainsFunc(b, func(y nameWord) bool { return start(x.text) == start(y.text) })
	})
	return slices.ContainsFunc(a, trade) && slices.ContainsFunc(b, trade) && !near
}

// matched is how the words of two names answer each other.
type matched struct {
	shared, onlyA, onlyB []nameWord
	// ordered tells that they come in the same order.
	ordered bool
	// slips counts the words with a letter wrong; families tells that such a word is a family name, doubtful that it is short
	// or that the letter is the first, shortened that a word may begin the other.
	slips                         int
	families, doubtful, shortened bool
}

func match(a, b []nameWord) matched {
	m := matched{ordered: true}
	pairs := make([]int, len(a)) // the word of b that answers, -1 for none
	taken := make([]bool, len(b))
	for i := range pairs {
		pairs[i] = -1
	}
	pass := func(same func(x, y nameWord) bool) {
		for i, x := range a {
			for j, y := range b {
				if pairs[i] < 0 && !taken[j] && same(x, y) {
					pairs[i], taken[j] = j, true
				}
			}
		}
	}
	pass(func(x, y nameWord) bool { return x.text == y.text })
	pass(func(x, y nameWord) bool { return x.dotted && abbreviates(x, y) || y.dotted && abbreviates(y, x) })
	pass(func(x, y nameWord) bool {
		if !mayslip(x, y) {
			return false
		}
		m.slips++
		m.families = m.families || lexemes.surnames[x.text] || lexemes.surnames[y.text]
		m.doubtful = m.doubtful || min(len(x.text), len(y.text)) < mistyped || x.text[0] != y.text[0]
		return true
	})
	pass(func(x, y nameWord) bool {
		if !abbreviates(x, y) && !abbreviates(y, x) || common(x) && common(y) {
			return false
		}
		m.shortened = true
		return true
	})
	last := -1
	for i, j := range pairs {
		switch {
		case j < 0:
			m.onlyA = append(m.onlyA, a[i])
			continue
		case j < last:
			m.ordered = false
		}
		m.shared, last = append(m.shared, a[i]), j
	}
	for j, t := range taken {
		if !t {
			m.onlyB = append(m.onlyB, b[j])
		}
	}
	return m
}

func abbreviates(x, y nameWord) bool {
	return len(x.text) >= shortened && len(x.text) < len(y.text) && strings.HasPrefix(y.text, x.text) && hasLetter(x.text)
}

// mayslip tells that one word may be the other with a letter wrong: two words that both exist are not.
func mayslip(x, y nameWord) bool {
	known := func(w nameWord) bool { return common(w) }
	if known(x) && known(y) || !hasLetter(x.text) || !hasLetter(y.text) || min(len(x.text), len(y.text)) < 4 {
		return false
	}
	return slip(x.text, y.text)
}

// slip tells that two texts differ by one letter missing, added or changed, or by two letters the wrong way round.
func slip(a, b string) bool {
	x, y := []rune(a), []rune(b)
	if len(x) > len(y) {
		x, y = y, x
	}
	if len(y)-len(x) > 1 {
		return false
	}
	i := 0
	for i < len(x) && x[i] == y[i] {
		i++
	}
	switch {
	case i == len(y):
		return true
	case len(x) < len(y): // a letter missing
		return slices.Equal(x[i:], y[i+1:])
	case slices.Equal(x[i+1:], y[i+1:]): // a letter for another
		return true
	}
	// Two letters the wrong way round.
	return i+1 < len(x) && x[i] == y[i+1] && x[i+1] == y[i] && slices.Equal(x[i+2:], y[i+2:])
}

// LikenessKeys gives what a request shares with those that Compare may find Same or Likely, for an index: two requests
// without a key in common are not compared. A slip of a letter leaves the start or the end of a word as it was.
func LikenessKeys(r Request) []string {
	keys := map[string]bool{}
	// What names a person is kept as a digest: the index needs no name.
	add := func(parts ...string) { keys[strings.Join(parts, ":")] = true }
	if n := readName(r.Company.Name); len(n.words) > 0 {
		var all []string
		for _, w := range n.words {
			all = append(all, w.text)
		}
		slices.Sort(all)
		add("name", strings.Join(all, " "))
		if r.Place.Commune != "" {
			add("letters", r.Place.Commune, n.letters)
			telling := slices.DeleteFunc(slices.Clone(n.words), common)
			if len(telling) == 0 {
				telling = n.words
			}
			for _, w := range telling {
				runes := []rune(w.text)
				for edge := 1; edge <= 2; edge++ {
					if edge == 1 && len(runes) > mistyped || edge == 2 && len(runes) < mistyped {
						continue // a word may lose or gain a letter
					}
					add("start", r.Place.Commune, string(runes[:min(edge, len(runes))]))
					add("end", r.Place.Commune, string(runes[max(0, len(runes)-edge):]))
				}
			}
		}
	}
	if siren := r.Company.siren(); siren != "" {
		add("siren", siren)
	}
	if r.Person != "" {
		add("person", digest([]string{r.Person}))
	}
	if key := personKey(r.Author); key != "" {
		add("author", digest([]string{key}))
	}
	if words := fields(Fold(r.Text)); len(projectWords(r.Text)) >= 2 {
		add("text", digest(words))
	}
	return slices.Sorted(maps.Keys(keys))
}

func digest(words []string) string {
	h := fnv.New64a()
	for _, w := range words {
		_, _ = h.Write([]byte(w + " ")) // never fails
	}
	return strconv.FormatUint(h.Sum64(), 36)
}

// lexemes is likeness.yaml, read.
var lexemes = mustLexemes()

//go:embed likeness.yaml
var likenessYAML []byte

type lexicon struct {
	abbreviations, numbers                        map[string]string
	aside, trades, generic, surnames, given, idle map[string]bool
	reasons                                       map[string]*template.Template
}

func mustLexemes() lexicon {
	l, err := parseLexemes(likenessYAML)
	if err != nil {
		panic(err) // the file is part of the program and tested
	}
	return l
}

func parseLexemes(data []byte) (lexicon, error) {
	var file struct {
		Abbreviations, Numbers                        map[string]string
		Aside, Trades, Generic, Surnames, Given, Idle string
		Reasons                                       map[string]string
	}
	if err := yaml.UnmarshalWithOptions(data, &file, yaml.Strict()); err != nil {
		return lexicon{}, fmt.Errorf("lire les mots de la comparaison : %w", err)
	}
	surnames := words(file.Surnames)
	forms := func(s string) map[string]bool {
		m := map[string]bool{}
		for w := range words(s) {
			m[singularBut(surnames, w)] = true
		}
		return m
	}
	l := lexicon{
		abbreviations: file.Abbreviations, numbers: file.Numbers, surnames: surnames, given: forms(file.Given),
		aside: words(file.Aside), trades: forms(file.Trades), generic: forms(file.Generic), idle: forms(file.Idle),
		reasons: map[string]*template.Template{},
	}
	var errs []error
	for code, source := range file.Reasons {
		t, err := template.New(code).Option("missingkey=error").Parse(source)
		if err == nil {
			err = t.Execute(&strings.Builder{}, Reason{})
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("raison « %s » de la comparaison : %w", code, err))
		}
		l.reasons[code] = t
	}
	return l, errors.Join(errs...)
}

// Label words the reason in French.
func (r Reason) Label() string {
	t, ok := lexemes.reasons[r.Code]
	if !ok {
		return r.Code // the base may be that of a later program
	}
	var b strings.Builder
	_ = t.Execute(&b, r) // tried when the file was read
	return b.String()
}

// Label words the reasons in French, in one line.
func (l Likeness) Label() string {
	var all []string
	for _, r := range l.Reasons {
		all = append(all, r.Label())
	}
	return strings.Join(all, " ; ")
}
