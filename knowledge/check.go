package knowledge

import (
	_ "embed"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/goccy/go-yaml"

	"guichet/knowledge/french"
)

// wordingRules are what a model is told and what its sentences are held to (wording.yaml).
type wordingRules struct {
	// order is what the model is told, none what it writes when the passages do not answer, orders what commands a machine.
	order, none string
	orders      []*regexp.Regexp
	// refusal finds what denies a part of a sentence; the words of shortRefusal deny the one that follows, those of
	// longRefusal the rest of the part; noRefusal takes out what only looks so.
	refusal                   *regexp.Regexp
	shortRefusal, longRefusal map[string]bool
	noRefusal                 *strings.Replacer
	atMost, atLeast           *regexp.Regexp
	// links are the stems of the words that affirm nothing.
	links map[string]bool
}

//go:embed wording.yaml
var wordingFile []byte

// loadWording reads the file that ships; a mistake in it is a programming error, which every test sees.
var loadWording = sync.OnceValue(func() *wordingRules {
	var file struct {
		Order        string   `yaml:"consigne"`
		None         string   `yaml:"sans_reponse"`
		Orders       []string `yaml:"ordres"`
		Refusal      string   `yaml:"refus"`
		ShortRefusal []string `yaml:"refus_court"`
		LongRefusal  []string `yaml:"refus_long"`
		NoRefusal    []string `yaml:"sans_refus"`
		AtMost       string   `yaml:"au_plus"`
		AtLeast      string   `yaml:"au_moins"`
		Links        []string `yaml:"liaisons"`
	}
	if err := yaml.UnmarshalWithOptions(wordingFile, &file, yaml.Strict()); err != nil {
		panic(fmt.Errorf("wording.yaml : %w", err))
	}
	r := &wordingRules{order: file.Order, none: file.None, refusal: regexp.MustCompile(file.Refusal), atMost: regexp.MustCompile(file.AtMost),
		atLeast: regexp.MustCompile(file.AtLeast), links: map[string]bool{}, shortRefusal: map[string]bool{}, longRefusal: map[string]bool{}}
	for _, pattern := range file.Orders {
		r.orders = append(r.orders, regexp.MustCompile(pattern))
	}
	for _, w := range file.ShortRefusal {
		r.shortRefusal[w] = true
	}
	for _, w := range file.LongRefusal {
		r.longRefusal[w] = true
	}
	var pairs []string
	for _, w := range file.NoRefusal {
		pairs = append(pairs, w, " ")
	}
	r.noRefusal = strings.NewReplacer(pairs...)
	for _, w := range file.Links {
		r.links[stem(french.Fold(w))] = true
	}
	return r
})

// Ungrounded tells what of a sentence the quotes that it cites do not hold, in French for the operator; "" when they hold
// all of it: its addresses, figures with what they count and their bounds, dates, names and acronyms stand in the quotes'
// texts, its other words of substance there or in their titles, and what it denies is denied there and nothing else. It is
// strict: in doubt, a sentence is not held.
func Ungrounded(sentence string, cited []Quote) string {
	said := readFacts(sentence)
	sources := make([]source, len(cited))
	for i, q := range cited {
		sources[i] = newSource(q)
	}
	for _, rule := range []func(facts, []source) string{badForm, strayAddress, strayDate, strayFigure, strayName, strayWord, strayRefusal} {
		if why := rule(said, sources); why != "" {
			return why
		}
	}
	return ""
}

// source is a quote as sentences are compared with it.
type source struct {
	Quote
	facts
	// label is what the quote's text follows: « Plafond », for « 100 000 € ».
	label string
	// sequence are the folded words of the text, without those that carry no meaning.
	sequence []string
	// support are all the analysed words of the quote and of its titles.
	support map[string]int
}

func newSource(q Quote) source {
	s := source{Quote: q, facts: readFacts(q.Text)}
	titles := strings.Split(q.Section, " › ")
	s.label = titles[len(titles)-1]
	for _, w := range french.Words(q.Text) {
		if !french.Stop(w.Fold) && !w.Elided || w.Acronym {
			s.sequence = append(s.sequence, w.Fold)
		}
	}
	s.support = positions(Analyse(q.Text + "\n" + q.Title + "\n" + q.Section))
	return s
}

// formatted is what plain sentences do not hold.
var formatted = regexp.MustCompile("[<>`{}\\[\\]|\\\\*#=_~]")

func badForm(said facts, sources []source) string {
	switch text := said.text; {
	case len(sources) == 0:
		return "sans source"
	case strings.HasSuffix(strings.TrimSpace(text), "?"):
		return "une question"
	case formatted.MatchString(text):
		return "mise en forme « " + formatted.FindString(text) + " »"
	}
	for _, r := range said.text {
		if unicode.IsControl(r) || r == unicode.ReplacementChar || unicode.Is(unicode.Cf, r) {
			return "caractère illisible"
		}
	}
	for _, s := range sources[1:] {
		if s.Document != sources[0].Document {
			return "mêle deux documents"
		}
	}
	return ""
}

func strayAddress(said facts, sources []source) string {
	for _, a := range said.addresses {
		if !slices.ContainsFunc(sources, func(s source) bool { return slices.Contains(s.addresses, a) }) {
			return "adresse « " + a + " »"
		}
	}
	return ""
}

func strayDate(said facts, sources []source) string {
	for _, d := range said.dates {
		if !slices.ContainsFunc(sources, func(s source) bool { return slices.ContainsFunc(s.dates, d.within) }) {
			return fmt.Sprintf("date %02d/%02d/%d", d.day, d.month, d.year)
		}
	}
	return ""
}

// The bounds of a figure.
const (
	exact = iota
	atMost
	atLeast
	unclear
)

func strayFigure(said facts, sources []source) string {
	for _, code := range said.codes {
		if !slices.ContainsFunc(sources, func(s source) bool { return slices.Contains(s.codes, code) }) {
			return "« " + code + " »"
		}
	}
	for _, n := range said.figures {
		bound := said.bound(n, "", true)
		found, bounded := false, false
		for _, s := range sources {
			for _, q := range s.figures {
				if !n.same(q, s) {
					continue
				}
				found = true
				other := s.bound(q, s.label, false)
				bounded = bounded || n.year() || bound == unclear || other == unclear || bound == other || bound != exact && other == exact
			}
			if n.year() && slices.ContainsFunc(s.dates, func(d date) bool { return float64(d.year) == n.value }) {
				found, bounded = true, true
			}
		}
		switch name := fmt.Sprintf("%.10g %s", n.value, n.unit); {
		case !found:
			return "chiffre " + strings.TrimSpace(name)
		case !bounded:
			return "borne du chiffre " + strings.TrimSpace(name)
		}
	}
	return ""
}

// same tells whether a figure is one of a quote: equal, and counting the same thing.
func (f figure) same(q figure, s source) bool {
	switch {
	case math.Abs(f.value-q.value) > 1e-9*math.Abs(q.value) || f.ordinal != q.ordinal:
		return false
	case f.unit == q.unit && f.measure == q.measure, f.unit == "":
		return true
	case f.measure:
		return false
	case q.measure:
		return false
	}
	// Another noun may stand nearby: « 12 directions », for « 12 grandes directions ».
	for i := q.first - 3; i <= q.last+4; i++ {
		if i >= 0 && i < len(s.words) && stem(s.words[i].Fold) == f.unit {
			return true
		}
	}
	return q.unit == ""
}

var part = regexp.MustCompile(`[;:()\n]|[,.!?…](?:\s|$)`)

// bound tells how a figure is bounded by the words around it: near it, or anywhere in its part of the sentence.
func (f facts) bound(n figure, label string, wide bool) int {
	before, after := f.text[:f.words[n.first].Start], f.text[f.words[n.last].End:]
	if at := part.FindAllStringIndex(before, -1); at != nil {
		if last := at[len(at)-1]; f.text[last[0]] != ':' {
			before = before[last[1]:]
		}
	} else {
		before = label + " : " + before
	}
	if at := part.FindStringIndex(after); at != nil {
		after = after[:at[0]]
	}
	near := lastWords(before, 5) + " # " + firstWords(after, 3)
	if b := boundOf(near); b != exact || !wide {
		return b
	}
	return boundOf(before + " # " + after)
}

func boundOf(text string) int {
	r := loadWording()
	fold := french.Fold(text)
	least := r.atLeast.MatchString(fold)
	most := r.atMost.MatchString(r.atLeast.ReplaceAllString(fold, " "))
	switch {
	case least && most:
		return unclear
	case least:
		return atLeast
	case most:
		return atMost
	}
	return exact
}

func lastWords(text string, n int) string {
	words := strings.Fields(text)
	return strings.Join(words[max(0, len(words)-n):], " ")
}

func firstWords(text string, n int) string {
	words := strings.Fields(text)
	return strings.Join(words[:min(n, len(words))], " ")
}

// nameJoiners are the words that may stand inside a name.
var nameJoiners = map[string]bool{"de": true, "du": true, "des": true, "d": true, "la": true, "le": true, "les": true, "l": true, "en": true, "sur": true, "aux": true, "au": true}

// strayName looks for the names of a sentence: each word with a capital stands in a quote's text, and the words of one name
// stand there together.
func strayName(said facts, sources []source) string {
	var run []string
	end := 0 // of the run in the text
	check := func() string {
		defer func() { run = nil }()
		if len(run) == 0 || slices.ContainsFunc(sources, func(s source) bool { return holds(s.sequence, run) }) {
			return ""
		}
		return "nom « " + strings.Join(run, " ") + " »"
	}
	for i, w := range said.words {
		// The first word has a capital anyway: it is a name when it is no common word and goes on with one.
		first := i == 0 && (common(w.Fold) || len(said.words) == 1 || !said.words[1].Upper || !said.near(0))
		switch {
		case !said.said[i] && (w.Acronym || w.Upper && !w.Elided && !french.Stop(w.Fold) && !first):
			if len(run) > 0 && strings.Trim(said.text[end:w.Start], " \u00a0\u202f-‑'’") != "" {
				if why := check(); why != "" {
					return why
				}
			}
			run, end = append(run, w.Fold), w.End
		case len(run) > 0 && nameJoiners[w.Fold]:
			end = w.End
		default:
			if why := check(); why != "" {
				return why
			}
		}
	}
	return check()
}

// holds tells whether words stand together in a sequence.
func holds(sequence, words []string) bool {
	for i := range sequence {
		if i+len(words) <= len(sequence) && slices.Equal(sequence[i:i+len(words)], words) {
			return true
		}
	}
	return false
}

// leastWords is how many words of substance a sentence has, a figure being worth two: fewer say nothing that can be checked.
const leastWords = 2

func strayWord(said facts, sources []source) string {
	r := loadWording()
	words := 2 * (len(said.figures) + len(said.dates) + len(said.addresses))
	taken := map[int]bool{} // by where they start
	for i, w := range said.words {
		taken[w.Start] = said.said[i]
	}
	for _, t := range terms(said.text) {
		if taken[t.Start] || r.links[stem(t.Fold)] {
			continue
		}
		words++
		if !slices.ContainsFunc(sources, func(s source) bool {
			return slices.ContainsFunc(t.forms, func(form string) bool { _, ok := s.support[form]; return ok })
		}) {
			return "mot « " + said.text[t.Start:t.End] + " »"
		}
	}
	if words < leastWords {
		return "ne dit rien"
	}
	return ""
}

// clause is a part of a sentence: its words of substance, and whether it denies them.
type clause struct {
	words  map[string]bool
	denied bool
}

// clauses cuts a text into its parts.
func clauses(text string) []clause {
	r := loadWording()
	var out []clause
	fold := r.noRefusal.Replace(french.Fold(text))
	for _, piece := range clauseEnd.Split(fold, -1) {
		whole := clause{words: map[string]bool{}, denied: r.refusal.MatchString(piece)}
		scoped := clause{words: map[string]bool{}, denied: true}
		left := 0
		for _, w := range french.Words(piece) {
			switch {
			case r.longRefusal[w.Fold]:
				left = len(piece)
			case r.shortRefusal[w.Fold]:
				left = 1
			}
			s := stem(w.Fold)
			if w.Elided || french.Stop(w.Fold) || r.links[s] || r.refusal.MatchString(w.Fold) {
				continue
			}
			if left > 0 {
				left--
				scoped.words[s] = true
				continue
			}
			whole.words[s] = true
		}
		for _, c := range []clause{whole, scoped} {
			if len(c.words) > 0 {
				out = append(out, c)
			}
		}
	}
	return out
}

var clauseEnd = regexp.MustCompile(`[;:()\n]|[,.!?…](?:\s|$)|\bmais\b|\btandis qu|\balors qu`)

// strayRefusal compares each part of a sentence with the parts of the quotes that speak of the same things: what they deny
// it must deny, and what they do not it may not.
func strayRefusal(said facts, sources []source) string {
	var all []clause
	for _, s := range sources {
		all = append(all, clauses(s.Text)...)
	}
	for _, c := range clauses(said.text) {
		affirmed, denied := 0, 0
		only := map[string]bool{} // words by whether they stand in denied parts only
		for _, other := range all {
			shared := 0
			for w := range c.words {
				if !other.words[w] {
					continue
				}
				shared++
				if kept, seen := only[w]; !seen || kept {
					only[w] = other.denied
				}
			}
			if other.denied {
				denied = max(denied, shared)
			} else {
				affirmed = max(affirmed, shared)
			}
		}
		if c.denied && (denied == 0 || denied < affirmed) {
			return "négation ajoutée"
		}
		if !c.denied && (denied > 0 && denied >= affirmed || slices.Contains(slices.Collect(maps.Values(only)), true)) {
			return "négation perdue"
		}
	}
	return ""
}

// commands tells whether a text gives orders to a machine.
func commands(text string) bool {
	fold := strings.Join(strings.Fields(french.Fold(text)), " ")
	return slices.ContainsFunc(loadWording().orders, func(re *regexp.Regexp) bool { return re.MatchString(fold) })
}
