package funding

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"guichet/knowledge/french"
)

// Verdict says how near two expenses are. Only a person says that they are one.
type Verdict string

// The verdicts, from the least to the most alike.
const (
	Unknown   Verdict = "unknown" // one of them is not described
	Different Verdict = "different"
	Possible  Verdict = "possible"
	Same      Verdict = "same"
)

var verdictLabels = map[Verdict]string{
	Unknown: "impossible à comparer", Different: "dépenses différentes", Possible: "peut-être la même dépense ou le même projet",
	Same: "la même dépense ou le même projet, semble-t-il",
}

// Label gives the verdict in French.
func (v Verdict) Label() string { return verdictLabels[v] }

// Warns tells that a person must look.
func (v Verdict) Warns() bool { return v == Same || v == Possible }

// Likeness is a verdict and what was seen for it, in French.
type Likeness struct {
	Verdict Verdict  `json:"verdict"`
	Reasons []string `json:"reasons"`
}

// generalWeight is what a general word counts; another one counts 1. Words that together count less than one cannot make two
// expenses the same.
const generalWeight = 0.4

// description is an expense as it is compared: its words by stem, each as it is written.
type description struct {
	words map[string]string
	// order is that of the text.
	order    []string
	tranches []string
	projects map[string]string
}

// Compare says whether two fundings are for the same expense or project; who holds them is SameHolder's affair. It gives the
// same verdict both ways.
func (r Rules) Compare(a, b Funding) Likeness {
	x, y := r.describe(a.Expense), r.describe(b.Expense)
	l := Likeness{Verdict: Unknown}
	say := func(reason string) { l.Reasons = append(l.Reasons, reason) }
	if len(x.words) == 0 || len(y.words) == 0 {
		say("l'une des dépenses n'est pas assez décrite pour comparer")
	} else {
		l.Verdict = r.likeWords(x, y, say)
	}
	if common := common(x.projects, y.projects); len(common) > 0 {
		l.Verdict = Same
		say("même nom de projet : projet « " + common[0] + " »")
	} else if len(x.projects) > 0 && len(y.projects) > 0 && l.Verdict == Same {
		l.Verdict = Possible
		say("les projets ont des noms différents : « " + first(x.projects) + " » et « " + first(y.projects) + " »")
	}
	if len(x.tranches) > 0 && len(y.tranches) > 0 && l.Verdict.Warns() && !slices.Equal(x.tranches, y.tranches) {
		say("des tranches différentes sont nommées : " + strings.Join(x.tranches, ", ") + " et " + strings.Join(y.tranches, ", "))
	}
	if a.Request != "" && a.Request == b.Request {
		if !l.Verdict.Warns() {
			l.Verdict = Possible
		}
		say("même demande : " + a.Request)
	}
	if a.Cents != 0 && a.Cents == b.Cents && l.Verdict.Warns() {
		l.Verdict = Same
		say("même montant : " + Euros(a.Cents))
	}
	if a.Scheme != "" && b.Scheme != "" && l.Verdict.Warns() {
		if french.Fold(a.Scheme) == french.Fold(b.Scheme) {
			say("même dispositif : " + a.Scheme)
		} else {
			say("deux dispositifs : " + a.Scheme + " et " + b.Scheme)
		}
	}
	return l
}

// likeWords compares the words: those that both have, weighed, over all of the description that has the least.
func (r Rules) likeWords(x, y description, say func(string)) Verdict {
	weight := func(stems []string) (sum float64) {
		for _, s := range stems {
			if r.general[s] {
				sum += generalWeight
			} else {
				sum++
			}
		}
		return sum
	}
	var shared, onlyX, onlyY []string
	for _, s := range x.order {
		if _, ok := y.words[s]; ok {
			shared = append(shared, s)
		} else {
			onlyX = append(onlyX, s)
		}
	}
	for _, s := range y.order {
		if _, ok := x.words[s]; !ok {
			onlyY = append(onlyY, s)
		}
	}
	both := weight(shared)
	ratio := both / min(weight(x.order), weight(y.order))
	verdict := Different
	switch {
	case ratio >= r.same && both >= 1:
		verdict = Same
	case ratio >= r.possible:
		verdict = Possible
	}
	if len(shared) == 0 {
		say("aucun mot en commun")
		return verdict
	}
	say("mots communs : " + x.written(shared))
	for _, only := range []struct {
		side  string
		of    description
		stems []string
	}{{"dans le premier seulement", x, onlyX}, {"dans le second seulement", y, onlyY}} {
		if len(only.stems) > 0 && len(only.stems) <= mostWords { // a message has many others
			say(only.side + " : " + only.of.written(only.stems))
		}
	}
	if verdict == Possible && both < 1 {
		say("ces mots sont trop généraux pour en être sûr")
	}
	return verdict
}

// mostWords is how many words a description has on its side alone for a reason to name them.
const mostWords = 6

func (d description) written(stems []string) string {
	var words []string
	for _, s := range stems {
		words = append(words, d.words[s])
	}
	return strings.Join(words, ", ")
}

// describe reads the words of an expense, the tranches and the project that it names.
func (r Rules) describe(text string) description {
	d := description{words: map[string]string{}, projects: map[string]string{}}
	all := french.Words(text)
	for i := 0; i < len(all); i++ {
		w := all[i]
		written := text[w.Start:w.End]
		stem := stemOf(written)
		if r.project[stem] && !w.Acronym {
			if name := projectName(text, all[i+1:]); name != "" {
				d.projects[french.Fold(name)] = name
			}
		}
		if r.tranche[stem] && i+1 < len(all) && numbered(all[i+1].Fold) {
			i++
			d.tranches = append(d.tranches, w.Fold+" "+all[i].Fold)
			continue
		}
		if class, ok := r.class[stem]; ok {
			stem = class
		}
		if w.Elided || french.Stop(w.Fold) || r.empty[stem] || r.tranche[stem] || stem == "" {
			continue
		}
		if _, seen := d.words[stem]; !seen {
			d.words[stem] = written
			d.order = append(d.order, stem)
		}
	}
	return d
}

// projectName gives the words that follow and name a project: those in capitals, as far as nothing but spaces and quotation
// marks stands between.
func projectName(text string, words []french.Word) string {
	var name []string
	for i, w := range words {
		if !w.Upper || w.Elided || french.Stop(w.Fold) {
			break
		}
		if i > 0 && strings.Trim(text[words[i-1].End:w.Start], " \u00a0\u202f\t-") != "" {
			break
		}
		name = append(name, text[w.Start:w.End])
	}
	if len(words) == 0 || len(name) == 0 {
		return ""
	}
	return strings.Join(name, " ")
}

// stemOf gives the stem of a word as it is written with or without its accents.
func stemOf(word string) string { return french.Stem(french.Fold(word)) }

// numbered tells what may number a tranche: digits or a single letter.
func numbered(word string) bool { return len(word) == 1 || word[0] >= '0' && word[0] <= '9' }

func common(a, b map[string]string) (names []string) {
	for _, key := range slices.Sorted(maps.Keys(a)) {
		if _, ok := b[key]; ok {
			names = append(names, a[key])
		}
	}
	return names
}

func first(m map[string]string) string {
	return m[slices.MinFunc(slices.Collect(maps.Keys(m)), cmp.Compare[string])]
}
