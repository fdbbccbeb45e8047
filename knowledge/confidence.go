package knowledge

import (
	"context"
	_ "embed"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/goccy/go-yaml"

	"guichet/knowledge/french"
)

// signs are what speaks for and against the best passages holding the answer, each about from 0 to 1, in the order in
// which they are explained. Their weights are fitted on labelled questions (package measure/fit).
var signs = []struct {
	name  string
	value func(w weighed) float64
}{
	{"held", func(w weighed) float64 { return w.best.grounds.share() }},
	{"specific", func(w weighed) float64 { return w.best.inSpecific(w.q) }},
	{"entry", func(w weighed) float64 {
		return yes(w.best.isNamed() && w.best.hasEntry(w.q) && w.best.holdsValued(w.q))
	}},
	{"apart", func(w weighed) float64 {
		return yes(w.q.required() > 0 && w.best.required > 0 && w.best.inSpecific(w.q) < apart && !w.best.hasEntry(w.q))
	}},
	{"kind_missing", func(w weighed) float64 { return yes(!w.kinds) }},
	{"name_missing", func(w weighed) float64 { return yes(w.lacks(func(c concept) bool { return c.proper && !c.aside })) }},
	{"acronym_missing", func(w weighed) float64 {
		return yes(w.lacks(func(c concept) bool { return c.name && !c.proper && c.demand == nil && c.rarity >= rareName }))
	}},
	{"acronym_nowhere", func(w weighed) float64 {
		return yes(!w.best.isNamed() && w.knowsNot(func(c concept) bool { return c.name && !c.proper && !c.aside && c.demand == nil }))
	}},
	{"word_missing", func(w weighed) float64 { return yes(w.wordMissing()) }},
	{"noun_missing", func(w weighed) float64 {
		return yes(w.lacks(func(c concept) bool { return c.asked && c.demand == nil && !c.general }))
	}},
	{"noun_nowhere", func(w weighed) float64 {
		return yes(w.knowsNot(func(c concept) bool { return c.asked && !c.aside && c.demand == nil && !c.general }))
	}},
	{"unlisted", func(w weighed) float64 { return yes(!w.best.lists(w.q)) }},
	{"nowhere", func(w weighed) float64 { return w.part(w.best.grounds.nowhere) }},
	// A cause is asked for of what is so: all of it must be told.
	{"why_nowhere", func(w weighed) float64 {
		return yes(w.q.asks(reason) && w.knowsNot(func(c concept) bool { return !c.aside && !c.general && c.demand == nil }))
	}},
	{"other_date", func(w weighed) float64 { return yes(!w.best.dated(w.q, w.now)) }},
	{"not_counted", func(w weighed) float64 { return yes(!w.best.counts(w.q)) }},
	// How many and how long are asked of things that documents only mention.
	{"count_apart", func(w weighed) float64 {
		_, counted := w.q.countedNoun()
		return yes(counted || w.q.asks(delay)) * (1 - w.best.inSpecific(w.q))
	}},
	{"value_missing", func(w weighed) float64 { return yes(!w.best.holdsValued(w.q)) }},
	{"away", func(w weighed) float64 { return yes(w.best.away(w.q)) }},
	{"words", func(w weighed) float64 { return math.Log(float64(len(w.q.concepts))) / 2 }},
	{"named", func(w weighed) float64 { return yes(w.best.isNamed()) }},
	{"closed", func(w weighed) float64 { return yes(w.best.Document.Closed(w.now)) }},
	{"shipped", func(w weighed) float64 { return yes(strings.HasPrefix(w.best.Document.Source, Shipped)) }},
	{"local", func(w weighed) float64 { return w.best.local }},
	// The Region's staff ask in their own words what long notes say in others.
	{"staff", func(w weighed) float64 { return yes(w.viewer.Audience == Staff) }},
}

// weighed is a question with the passage that would answer it first.
type weighed struct {
	q      question
	viewer Viewer
	now    time.Time
	best   candidate
	// kinds tells that what would be shown of the best passage's document shows each required kind of thing.
	kinds bool
}

// apart is the share of what is specific under which the thing asked for is not told of it.
const apart = 0.1

// aroundField is what a word in another sentence of the passage counts.
const aroundField = 0.4

// rareName is the rarity among documents from which an acronym tells one subject from another.
const rareName = 3.0

func weigh(q question, v Viewer, found []candidate, now time.Time) weighed {
	w := weighed{q: q, viewer: v, now: now, best: found[0], kinds: found[0].kind(q)}
	if w.kinds || !w.best.counts(q) {
		return w
	}
	w.kinds = true
	shown := choose(q, found, now)
	for _, d := range q.demands {
		if d.Required {
			w.kinds = w.kinds && slices.ContainsFunc(shown, func(c candidate) bool { return c.sameDocument(w.best) && inspect(said(c.Text)).satisfies(d) })
		}
	}
	return w
}

// wordMissing tells whether the best passage lacks the word of a demand that it must hold.
func (w weighed) wordMissing() bool {
	return slices.ContainsFunc(w.q.concepts, func(c concept) bool {
		return c.demand != nil && c.demand.Named && !slices.ContainsFunc([][]string{w.best.Body, w.best.Section, w.best.Title}, func(words []string) bool {
			return slices.ContainsFunc(words, func(word string) bool { return c.forms[word] > synonymTrust })
		})
	})
}

// knowsNot tells whether the best passage's document has nowhere a concept of a kind.
func (w weighed) knowsNot(kind func(c concept) bool) bool {
	return slices.ContainsFunc(w.best.grounds.nowhere, func(i int) bool { return kind(w.q.concepts[i]) })
}

// lacks tells whether the best passage lacks a concept of a kind.
func (w weighed) lacks(kind func(c concept) bool) bool {
	return slices.ContainsFunc(w.best.grounds.absent, func(i int) bool { return kind(w.q.concepts[i]) })
}

// kind tells whether the passage shows a thing of each required kind.
func (c candidate) kind(q question) bool { return c.required == q.required() }

// holdsValued tells whether a title above the passage, or a sentence of it that shows what is asked, speaks of the noun whose
// value is asked for.
func (c candidate) holdsValued(q question) bool {
	for i, noun := range q.concepts {
		if !noun.valued || noun.measured && !slices.Contains(c.grounds.nowhere, i) {
			continue
		}
		speaks := func(words []string) bool {
			return slices.ContainsFunc(words, func(w string) bool { return noun.forms[w] > 0 })
		}
		held := speaks(c.Section) || speaks(c.Title)
		if !held && speaks(c.Body) {
			held = slices.ContainsFunc(sentenceEnd.Split(said(c.Text), -1), func(sentence string) bool { return c.shows(q, sentence) && speaks(Analyse(sentence)) })
		}
		if !held {
			return false
		}
	}
	return true
}

// part is what some concepts tell, as a share of them all.
func (w weighed) part(some []int) float64 {
	part, all := 0.0, 0.0
	for i, c := range w.q.concepts {
		all += c.bearing()
		if slices.Contains(some, i) {
			part += c.bearing()
		}
	}
	return part / max(all, 1)
}

func yes(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func (q question) weight() float64 {
	total := 0.0
	for _, c := range q.concepts {
		total += c.weight
	}
	return total
}

var sentenceEnd = regexp.MustCompile(`[.;!?](?:\s+|$)|\n+`)

// inSpecific gives the largest share of what the question asks beyond the document's title and the kind of thing that one sentence
// holds, alone or with the titles above it, among those that show the thing; 1 when it asks nothing beyond and a sentence shows it.
func (c candidate) inSpecific(q question) (best float64) {
	title, section, around := positions(c.Title), positions(c.Section), positions(c.Body)
	var beyond []concept
	total := 0.0
	for _, concept := range q.concepts {
		own := slices.ContainsFunc(c.Title, func(w string) bool { return concept.forms[w] > synonymTrust })
		if own || concept.light() || concept.measured || concept.demand != nil && !concept.demand.Named {
			continue
		}
		beyond = append(beyond, concept)
		total += concept.bearing() * min(concept.weight, heaviest)
	}
	noun, counted := q.countedNoun()
	for _, sentence := range sentenceEnd.Split(said(c.Text), -1) {
		if strings.TrimSpace(sentence) == "" || !c.shows(q, sentence) || counted && !givesNumber(sentence, noun) {
			continue
		}
		if total == 0 {
			return 1
		}
		words, held := positions(Analyse(sentence)), 0.0
		for _, concept := range beyond {
			trust := 0.0
			for form, t := range concept.forms {
				for _, place := range []struct {
					words map[string]int
					field float64
				}{{words, 1}, {section, sectionField}, {title, titleField}, {around, aroundField}} {
					if _, ok := place.words[form]; ok {
						trust = max(trust, t*place.field)
					}
				}
			}
			held += trust * concept.bearing() * min(concept.weight, heaviest)
		}
		best = max(best, held/total)
	}
	return best
}

// shows tells whether a sentence shows a kind of thing that is required, if any is.
func (c candidate) shows(q question, sentence string) bool {
	text := inspected{text: sentence, fold: c.label() + french.Fold(sentence)}
	required, shown := 0, 0
	for _, d := range q.demands {
		if d.Required {
			required++
			shown += int(yes(text.satisfies(d)))
		}
	}
	return shown > 0 || required == 0
}

// hasEntry tells whether the passage has the entry of a sheet for each thing that the question requires and that sheets tell so.
func (c candidate) hasEntry(q question) bool {
	has := false
	fold := ""
	for _, d := range q.demands {
		if !d.Required || d.entry == nil {
			continue
		}
		if fold == "" {
			fold = c.label() + french.Fold(c.Text)
		}
		if !d.entry.MatchString(fold) || d.Alone && c.inSpecific(q) < apart {
			return false
		}
		has = true
	}
	return has
}

// label is what stands before a field's value, folded.
func (c candidate) label() string {
	if c.Kind == Field && len(c.Path) > 0 {
		return french.Fold(c.Path[len(c.Path)-1]) + " : "
	}
	return ""
}

// shares gives what share of the question's weight each sentence holds, alone or with the titles above it; 0 for one that
// does not show what the question asks for.
func (c candidate) shares(q question, sentences []string) []float64 {
	title, section := positions(c.Title), positions(c.Section)
	label := c.label()
	out := make([]float64, len(sentences))
	for i, sentence := range sentences {
		text := inspected{text: sentence, fold: label + french.Fold(sentence)}
		if slices.ContainsFunc(q.demands, func(d *demand) bool { return d.Required && !text.satisfies(d) }) {
			continue
		}
		words := positions(Analyse(sentence))
		for _, concept := range q.concepts {
			trust := 0.0
			for form, t := range concept.forms {
				for _, place := range []struct {
					words map[string]int
					field float64
				}{{words, 1}, {section, sectionField}, {title, titleField}} {
					if _, ok := place.words[form]; ok {
						trust = max(trust, t*place.field)
					}
				}
			}
			if d := concept.demand; d != nil && !d.Named && text.satisfies(d) {
				trust = exactTrust
			}
			out[i] += trust * concept.weight / max(q.weight(), 1)
		}
	}
	return out
}

// Confidence is the probability that the best passages hold the answer, by logistic regression on the signs.
type Confidence struct {
	// Answer is from where on the base answers, Sure from where on without reserve.
	Answer float64 `yaml:"repondre"`
	Sure   float64 `yaml:"sur"`
	// Start is the intercept; Weights are those of the signs, by name.
	Start   float64            `yaml:"depart"`
	Weights map[string]float64 `yaml:"poids"`
}

//go:embed confidence.yaml
var confidenceFile []byte

// loadConfidence reads the file that ships; a mistake in it is a programming error, which every test sees.
var loadConfidence = sync.OnceValue(func() Confidence {
	var c Confidence
	if err := yaml.UnmarshalWithOptions(confidenceFile, &c, yaml.Strict()); err != nil {
		panic(fmt.Errorf("confidence.yaml : %w", err))
	}
	for name := range c.Weights {
		if !slices.Contains(SignNames(), name) {
			panic(fmt.Errorf("confidence.yaml : le signe « %s » n'existe pas", name))
		}
	}
	return c
})

// of gives the probability.
func (c Confidence) of(w weighed) float64 {
	sum := c.Start
	for _, s := range signs {
		if weight, ok := c.Weights[s.name]; ok {
			sum += weight * s.value(w)
		}
	}
	return 1 / (1 + math.Exp(-sum))
}

// SignNames gives the names of the signs, in order.
func SignNames() []string {
	names := make([]string, len(signs))
	for i, s := range signs {
		names[i] = s.name
	}
	return names
}

// Weighing is what the confidence is fitted on: the signs of a question, in the order of SignNames, and what the base would
// answer whatever they are worth; nil and empty when it finds nothing.
type Weighing struct {
	Signs []float64
	Text  string
	// Decided tells that the base answers whatever the confidence.
	Decided bool
}

// Weigh gives the signs of a question.
func (b *Base) Weigh(ctx context.Context, v Viewer, text string, now time.Time) (Weighing, error) {
	q, found, err := b.best(ctx, v, text, now)
	if err != nil || len(found) == 0 || !found[0].isNamed() && !q.hasSubject() {
		return Weighing{}, err
	}
	w := weigh(q, v, found, now)
	answer, err := b.compose(ctx, w, found, false)
	out := Weighing{Text: answer.Text, Decided: w.decided()}
	for _, s := range signs {
		out.Signs = append(out.Signs, s.value(w))
	}
	return out, err
}
