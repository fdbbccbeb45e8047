package knowledge

import (
	"context"
	"math"
	"regexp"
	"slices"
	"sort"
	"strings"
	"unicode"

	"github.com/agnivade/levenshtein"

	"guichet/knowledge/french"
)

// How sure a word is to mean what the question means.
const (
	exactTrust    = 1.0
	spellingTrust = 0.85
	synonymTrust  = 0.6
)

// concept is one thing that a question speaks of: a word, and the other words that may say it.
type concept struct {
	// word is as the person wrote it.
	word string
	// forms are analysed words, each with the trust that it means the concept.
	forms map[string]float64
	// weight is the rarity of the concept in the base (idf): what it tells when a passage has it, or lacks it.
	weight float64
	// rarity is its idf among whole documents.
	rarity float64
	// demand is what the word asks for, if it does: a passage satisfies it by showing it.
	demand *demand
	// name tells a proper name or an acronym inside the question, proper the first only, verb a word that looks like a verb,
	// asked the noun that the question asks for (« quel éditeur… »).
	name, proper, verb, asked bool
	// counted tells the noun of « combien de … ».
	counted bool
	// then is the noun that a general counted one leads to (« combien de types de conventions »), if any.
	then *concept
	// valued tells the noun whose value is asked for (« taux d'intérêt », « date de création »).
	valued bool
	// measured tells that it is its duration that is asked for (« combien de jours d'expert »).
	measured bool
	// general tells a noun that asks without naming what is asked.
	general bool
	// aside tells a word of a clause in which the asker speaks of themself: an answer need not hold it (« je tiens un gîte, … »).
	aside bool
	// topic tells a word of what names the subject before anything is asked: an answer need not repeat it.
	topic bool
	// funding tells a noun for what a scheme gives, which its sheet need not repeat (« le taux de l'aide »).
	funding bool
}

// question is a question as it was read.
type question struct {
	text     string
	concepts []concept
	demands  []*demand
	// counts are those of every word to look for that the viewer's base holds, total those of all of it.
	counts map[string]Frequency
	total  Frequency
}

// asks tells whether the question makes a demand, by its name in vocabulary.yaml.
func (q question) asks(name string) bool {
	for _, d := range q.demands {
		if d.Name == name {
			return true
		}
	}
	return false
}

// hasSubject tells whether the question says what it is about, beyond the kind of thing that it asks for (« quel âge ? »,
// « quelles aides ? »).
func (q question) hasSubject() bool {
	return slices.ContainsFunc(q.concepts, func(c concept) bool { return c.aside || c.demand == nil && !c.general && !c.funding && !c.light() })
}

// required counts the kinds of things that must stand in an answer.
func (q question) required() int {
	n := 0
	for _, d := range q.demands {
		if d.Required {
			n++
		}
	}
	if _, ok := q.countedNoun(); ok {
		n++
	}
	return n
}

// mostConcepts is how many different words of a question are looked for: a pasted document is no question.
const mostConcepts = 48

// longestDemand is how many words say a demand at most.
const longestDemand = 3

// read analyses a question, in its setting, against the words that the viewer may see.
func read(ctx context.Context, store Store, viewer Viewer, text string, in setting) (question, error) {
	q := loadVocabulary().parse(text, in)
	var words []string
	for _, c := range q.concepts {
		for f := range c.forms {
			words = append(words, f)
		}
	}
	counts, total, err := store.Frequencies(ctx, viewer, words)
	if err != nil {
		return q, err
	}
	q.counts, q.total = counts, total
	for i := range q.concepts[:max(0, len(q.concepts)-1)] {
		if c := &q.concepts[i]; c.counted && c.general {
			next := q.concepts[i+1]
			if next.then = nil; !next.verb {
				c.then = &next
			}
		}
	}
	for i := range q.concepts {
		c := &q.concepts[i]
		var known Frequency
		for f, trust := range c.forms {
			if trust == exactTrust {
				known.Passages, known.Documents = max(known.Passages, counts[f].Passages), max(known.Documents, counts[f].Documents)
			}
		}
		if known.Passages == 0 {
			near, err := spellings(ctx, store, viewer, stem(french.Fold(c.word)))
			if err != nil {
				return q, err
			}
			for f, n := range near {
				c.forms[f] = spellingTrust
				counts[f] = Frequency{Passages: n, Documents: 1}
				known.Passages, known.Documents = max(known.Passages, n), 1
			}
		}
		c.weight, c.rarity = IDF(known.Passages, total.Passages), IDF(known.Documents, total.Documents)
		if c.demand != nil {
			c.weight *= 0.5
		}
		if c.aside {
			c.weight *= asideShare
		}
	}
	return q, nil
}

// parse reads the words of a question, those of its setting apart (setting.go).
func (v *vocabulary) parse(text string, s setting) question {
	q := question{text: text}
	fold := french.Fold(text)
	demanded := map[string]*demand{}
	for i := range v.demands {
		d := &v.demands[i]
		places := slices.DeleteFunc(d.asked.FindAllStringIndex(fold, -1), func(at []int) bool { return s.holds(at[0]) })
		if len(places) == 0 || d.Spelled && !abbreviates(text) {
			continue
		}
		q.demands = append(q.demands, d)
		for _, at := range places {
			words := Analyse(fold[at[0]:at[1]])
			if len(words) > longestDemand {
				continue // the pattern spans a part of the subject
			}
			for _, w := range words {
				if demanded[w] == nil {
					demanded[w] = d
				}
			}
		}
	}
	q.demands = withoutYielding(q.demands)
	said := map[string]bool{}
	for i, t := range terms(text) {
		plain := t.forms[0]
		if t.joins && len(q.concepts) > 0 { // the two halves may also be written as one word
			q.concepts[len(q.concepts)-1].forms[t.forms[len(t.forms)-1]] = exactTrust
		}
		if v.fillers[plain] && !t.Acronym || len(q.concepts) == mostConcepts {
			continue
		}
		before := french.Fold(text[:t.Start])
		if said[plain] { // « Éco-Défis : combien de défis… »
			q.again(plain, before)
			continue
		}
		c := concept{word: text[t.Start:t.End], forms: map[string]float64{}, demand: demanded[plain], name: t.Acronym || t.Upper && (i > 0 || inside(text, t.Start)), proper: t.Upper && !t.Acronym && (i > 0 || inside(text, t.Start)) && !common(t.Fold)}
		if c.aside = s.holds(len(before)); !c.aside { // what is said again, to ask of it, is not
			said[plain] = true
			q.concepts = slices.DeleteFunc(q.concepts, func(c concept) bool { return c.aside && c.forms[plain] == exactTrust })
		}
		c.verb = isVerb(c.word, before)
		c.asked = interrogative.MatchString(before) || strings.TrimSpace(before) == "" && headed.MatchString(french.Fold(text[t.End:]))
		if c.aside && (in(s.own, len(before)) || v.applicants[plain] || !inName(text, t.Word) && (!t.Acronym && !c.proper || placing.MatchString(text[:t.Start]))) {
			c.name, c.proper = false, false
		}
		c.topic = !c.aside && in(s.topic, len(before))
		if c.funding = v.fundings[plain]; c.funding && v.attribute.MatchString(before) {
			c.asked = false // « le plafond de la subvention » asks for the ceiling
		}
		if c.general = v.general[plain]; c.general {
			c.demand = nil
		}
		if c.demand == nil && !c.name {
			if i := slices.IndexFunc(q.demands, func(d *demand) bool { return d.carried[plain] }); i >= 0 {
				c.demand = q.demands[i]
			}
		}
		c.valued = !c.funding && v.attribute.MatchString(before)
		c.measured = howMany.MatchString(before)
		c.counted = countedNoun.MatchString(before)
		for _, f := range t.forms {
			c.forms[f] = exactTrust
		}
		if between.MatchString(before) { // « entre directions » is said « inter-directions »
			c.forms["inter"+plain] = exactTrust
		}
		for _, s := range v.synonyms[plain] {
			if _, ok := c.forms[s]; !ok {
				c.forms[s] = synonymTrust
			}
		}
		q.concepts = append(q.concepts, c)
	}
	if q.asks(rate) { // a share of that noun, and no number of it
		for i := range q.concepts {
			q.concepts[i].counted = false
		}
	}
	if _, ok := q.countedNoun(); ok { // the number of that noun, and no other
		q.demands = slices.DeleteFunc(q.demands, func(d *demand) bool { return d.Name == quantity })
	}
	return q
}

// between is what makes of the noun that follows those that meet; on a folded text.
var between = regexp.MustCompile(`\bentre (?:les |nos |leurs )?$`)

// abbreviates tells whether a text has an acronym.
func abbreviates(text string) bool {
	return slices.ContainsFunc(french.Words(text), func(w french.Word) bool { return w.Acronym })
}

// again reads a word that the question has said already: its number may be asked for only now.
func (q question) again(plain, before string) {
	for i := range q.concepts {
		if c := &q.concepts[i]; c.forms[plain] == exactTrust && countedNoun.MatchString(before) {
			c.counted, c.demand = true, nil
		}
	}
}

// within leaves out the required demands that the question makes only by words of a document's title, which it names (« TPE
// gagnantes sur tous les coûts »); it gives false when there is none.
func (q question) within(title []string) (question, bool) {
	fold := french.Fold(q.text)
	var left []*demand
	for _, d := range q.demands {
		own, words := d.Required, 0
		for _, at := range d.asked.FindAllStringIndex(fold, -1) {
			for _, w := range Analyse(fold[at[0]:at[1]]) {
				own = own && slices.Contains(title, w)
				words++
			}
		}
		if !own || words == 0 {
			left = append(left, d)
		}
	}
	if len(left) == len(q.demands) {
		return q, false
	}
	q.demands, q.concepts = left, slices.Clone(q.concepts)
	for i, c := range q.concepts {
		if c.demand != nil && !slices.Contains(left, c.demand) {
			q.concepts[i].demand = nil
		}
	}
	return q, true
}

// withoutYielding leaves out the demands that yield when another one is required.
func withoutYielding(demands []*demand) []*demand {
	if !slices.ContainsFunc(demands, func(d *demand) bool { return d.Required && !d.Yields }) {
		return demands
	}
	return slices.DeleteFunc(demands, func(d *demand) bool { return d.Yields })
}

// IDF is BM25's, of a word in n passages of a total.
func IDF(n, total int) float64 {
	return math.Log(1 + (float64(total)-float64(n)+0.5)/(float64(n)+0.5))
}

// common tells whether a folded word is a common one of French: a capital does not make it a name (« la Région »).
func common(fold string) bool {
	_, found := slices.BinarySearch(french.Lexicon(), fold)
	return found
}

// inside tells whether a word that starts there is not the first of the text.
func inside(text string, start int) bool {
	return strings.ContainsFunc(text[:start], unicode.IsLetter)
}

func hasDigit(s string) bool { return strings.ContainsAny(s, "0123456789") }

// spellings gives the words of the base that a word missing from it may be a slip for: one edit from six letters, two
// from nine. The first letter is held to be right.
func spellings(ctx context.Context, store Store, viewer Viewer, word string) (map[string]int, error) {
	if len(word) < 6 || hasDigit(word) {
		return nil, nil
	}
	vocabulary, err := store.Vocabulary(ctx, viewer, word[:1])
	if err != nil {
		return nil, err
	}
	allowed := 1
	if len(word) >= 9 {
		allowed = 2
	}
	best := allowed
	near := map[string]int{}
	for w, n := range vocabulary {
		if d := len(w) - len(word); d > best || -d > best || hasDigit(w) {
			continue
		}
		switch d := levenshtein.ComputeDistance(w, word); {
		case d < best:
			best = d
			near = map[string]int{w: n}
		case d == best:
			near[w] = n
		}
	}
	return near, nil
}

// words gives all analysed words to look for, and those that surely mean what the question says; each in order.
func (q question) words() (all, sure []string) {
	for _, c := range q.concepts {
		for f, trust := range c.forms {
			all = append(all, f)
			if trust > synonymTrust {
				sure = append(sure, f)
			}
		}
	}
	sort.Strings(all)
	sort.Strings(sure)
	return slices.Compact(all), slices.Compact(sure)
}

// looked gives the words as the person wrote them; never one of the base's, which could tell what the asker may not see.
func (q question) looked() []string {
	var out []string
	for _, c := range q.concepts {
		out = append(out, c.word)
	}
	return out
}
