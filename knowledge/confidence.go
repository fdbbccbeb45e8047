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
	{"sentence", func(w weighed) float64 { return w.sentence }},
	{"kind_missing", func(w weighed) float64 { return yes(!w.best.kind(w.q)) }},
	{"name_missing", func(w weighed) float64 { return yes(w.lacks(func(c concept) bool { return c.proper })) }},
	{"word_missing", func(w weighed) float64 {
		return yes(w.lacks(func(c concept) bool { return c.demand != nil && c.demand.Named }))
	}},
	{"noun_missing", func(w weighed) float64 {
		return yes(w.lacks(func(c concept) bool { return c.asked && c.demand == nil && !c.general }))
	}},
	{"absent", func(w weighed) float64 { return w.part(len(w.best.grounds.absent)) }},
	{"nowhere", func(w weighed) float64 { return w.part(len(w.best.grounds.nowhere)) }},
	{"unknown", func(w weighed) float64 {
		n := 0
		for _, c := range w.q.concepts {
			n += int(yes(c.unknown))
		}
		return w.part(n)
	}},
	{"other_date", func(w weighed) float64 { return yes(!w.best.dated(w.q, w.now)) }},
	{"not_counted", func(w weighed) float64 { return yes(!w.best.counts(w.q)) }},
	{"value_missing", func(w weighed) float64 { return yes(!w.best.holdsValued(w.q)) }},
	{"away", func(w weighed) float64 { return yes(w.best.away(w.q)) }},
	{"words", func(w weighed) float64 { return math.Log(float64(len(w.q.concepts))) / 2 }},
	{"names", func(w weighed) float64 {
		n := 0.0
		for _, c := range w.q.concepts {
			n += yes(c.name)
		}
		return min(2, n) / 2
	}},
	{"named", func(w weighed) float64 { return yes(w.best.isNamed()) }},
	{"named_shown", func(w weighed) float64 {
		return yes(w.best.isNamed() && w.q.required() > 0 && w.best.kind(w.q) && w.best.counts(w.q) && w.best.holdsValued(w.q))
	}},
	{"named_absent", func(w weighed) float64 { return yes(w.best.isNamed()) * w.part(len(w.best.grounds.absent)) }},
	{"named_open", func(w weighed) float64 { return yes(w.best.isNamed() && w.q.asks(openness)) }},
	{"closed", func(w weighed) float64 { return yes(w.best.Document.Closed(w.now)) }},
	{"shipped", func(w weighed) float64 { return yes(strings.HasPrefix(w.best.Document.Source, Shipped)) }},
	{"local", func(w weighed) float64 { return w.best.local }},
	{"ahead", func(w weighed) float64 { return w.ahead }},
	// The Region's staff tell an extract beside the point at a glance, and ask in their own words what long notes say in others.
	{"staff", func(w weighed) float64 { return yes(w.viewer.Audience == Staff) }},
	{"staff_held", func(w weighed) float64 { return yes(w.viewer.Audience == Staff) * w.best.grounds.share() }},
	{"meaning", func(w weighed) float64 { return w.meaning }},
}

// weighed is a question with the passages that would answer it.
type weighed struct {
	q      question
	viewer Viewer
	now    time.Time
	best   candidate
	// sentence is the share of the question that one sentence of the best passage holds with its titles, among those that
	// show the kind of thing asked for.
	sentence float64
	// ahead is how far the best passage's score, as a share of the question's weight, is from that of other documents.
	ahead float64
	// meaning is the highest standing among the passages that would be shown, a third of it; the usual one without vectors.
	// Models spread similarities differently: their standing is comparable.
	meaning float64
}

// usualMeaning is about the mean of the sign « meaning » in the questions that the weights were fitted on.
const usualMeaning = 1.0

func weigh(q question, v Viewer, found []candidate, now time.Time) weighed {
	w := weighed{q: q, viewer: v, now: now, best: found[0], sentence: found[0].inSentence(q)}
	w.ahead = w.best.score
	for _, c := range found[1:] {
		if c.Document.ID != w.best.Document.ID {
			w.ahead -= c.score
			break
		}
	}
	w.ahead /= max(q.weight(), 1)
	vectors := false
	for _, c := range found[:min(extracts, len(found))] {
		vectors = vectors || c.Vector != 0
		w.meaning = max(w.meaning, c.standing/3)
	}
	if !vectors {
		w.meaning = usualMeaning
	}
	return w
}

// lacks tells whether the best passage lacks a concept of a kind.
func (w weighed) lacks(kind func(c concept) bool) bool {
	return slices.ContainsFunc(w.best.grounds.absent, func(i int) bool { return kind(w.q.concepts[i]) })
}

// kind tells whether the passage shows a thing of each required kind.
func (c candidate) kind(q question) bool { return c.required == q.required() }

// holdsValued tells whether the passage or a title above it speaks of the noun whose value is asked for.
func (c candidate) holdsValued(q question) bool {
	for _, noun := range q.concepts {
		if !noun.valued {
			continue
		}
		held := false
		for _, words := range [][]string{c.Body, c.Section, c.Title} {
			held = held || slices.ContainsFunc(words, func(w string) bool { return noun.forms[w] > 0 })
		}
		if !held {
			return false
		}
	}
	return true
}

// part is a number of concepts as a share of them all.
func (w weighed) part(n int) float64 { return float64(n) / float64(len(w.q.concepts)) }

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

// inSentence gives the largest share of the question's weight that one sentence holds, alone or with the titles above it,
// among the sentences that show what the question asks for.
func (c candidate) inSentence(q question) float64 {
	best := 0.0
	for _, share := range c.shares(q, sentenceEnd.Split(said(c.Text), -1)) {
		best = max(best, share)
	}
	return best
}

// shares gives what share of the question's weight each sentence holds, alone or with the titles above it; 0 for one that
// does not show what the question asks for.
func (c candidate) shares(q question, sentences []string) []float64 {
	title, section := positions(c.Title), positions(c.Section)
	label := ""
	if c.Kind == Field && len(c.Path) > 0 {
		label = french.Fold(c.Path[len(c.Path)-1]) + " : "
	}
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

// Weighing is what the confidence is fitted on: the signs of a question, in the order of SignNames, and the passages that
// the base would show whatever they are worth; nil when it finds none.
type Weighing struct {
	Signs    []float64
	Passages []string
}

// Weigh gives the signs of a question.
func (b *Base) Weigh(ctx context.Context, v Viewer, text string, now time.Time) (Weighing, error) {
	q, found, err := b.best(ctx, v, text, now)
	if err != nil || len(found) == 0 {
		return Weighing{}, err
	}
	w := weigh(q, v, found, now)
	var out Weighing
	for _, s := range signs {
		out.Signs = append(out.Signs, s.value(w))
	}
	for _, c := range choose(q, found, now) {
		out.Passages = append(out.Passages, shown(c.Passage))
	}
	return out, nil
}
