package knowledge

import (
	"context"
	_ "embed"
	"fmt"
	"math"
	"slices"
	"sort"
	"sync"

	"github.com/goccy/go-yaml"
)

//go:embed relevance.yaml
var relevanceFile []byte

// The signs that rank documents. They are few: more of them fitted the development questions better and others worse. Each is
// brought to one scale for every question, 0 for the mean of the documents found and 1 for the best of them, so that the weights
// hold for a small base and for a large one.
const (
	wordsSign   = iota // BM25 of the whole document, kindred words and synonyms counting less
	meaningSign        // similarity of the nearest passage
	earlySign          // how much of the question the beginning holds: there a document says what it is about
	relevanceSigns
)

var relevanceNames = [relevanceSigns]string{"words", "meaning", "early"}

// relevanceWeights are the weights of the signs, and those of words alone: without vectors the beginning counts differently.
type relevanceWeights struct{ all, words [relevanceSigns]float64 }

// shippedWeights reads the file that ships; it is checked by a test, so a mistake in it is a programming error.
var shippedWeights = sync.OnceValue(func() relevanceWeights {
	w, err := readRelevance(relevanceFile)
	if err != nil {
		panic(err)
	}
	return w
})

func readRelevance(content []byte) (weights relevanceWeights, err error) {
	var file struct {
		All   map[string]float64 `yaml:"poids"`
		Words map[string]float64 `yaml:"poids_sans_vecteurs"`
	}
	if err := yaml.UnmarshalWithOptions(content, &file, yaml.Strict()); err != nil {
		return weights, fmt.Errorf("poids du classement : %w", err)
	}
	for given, to := range map[*map[string]float64]*[relevanceSigns]float64{&file.All: &weights.all, &file.Words: &weights.words} {
		for name, weight := range *given {
			i := slices.Index(relevanceNames[:], name)
			if i < 0 {
				return weights, fmt.Errorf("poids du classement : signe « %s » inconnu", name)
			}
			to[i] = weight
		}
	}
	return weights, nil
}

// RelevanceNames names the signs that rank documents.
func RelevanceNames() []string { return relevanceNames[:] }

// Relevance is what speaks for a document.
type Relevance struct {
	Document string
	// Signs are in the order of RelevanceNames, Score is their weighted sum.
	Signs []float64
	Score float64
}

const (
	// passageWords is about how many analysed words a passage has.
	passageWords = 21.5
	// earlyReach is after how many passages what a document says counts half for its beginning.
	earlyReach = 4
)

// heard is what a document says of a question.
type heard struct {
	counts, early []float64 // of each concept
	length        int
	nearest       float64
	titled        bool // its title was read
}

// hold adds a word that stands so near the beginning, 1 at the very beginning.
func (d *heard) hold(f families, word string, near float64) {
	if c, share := f.means(word); share > 0 {
		d.counts[c] += share
		d.early[c] = max(d.early[c], share*near)
	}
}

// relevance gives the documents of the hits, best first.
func relevance(q question, hits []Hit) []Relevance {
	by := map[string]*heard{}
	var ids []string
	meant := false
	f := q.families()
	for i := range hits {
		h := &hits[i]
		d := by[h.Document.ID]
		if d == nil {
			d = &heard{counts: make([]float64, len(q.concepts)), early: make([]float64, len(q.concepts)), length: h.Length, nearest: h.Vector}
			by[h.Document.ID] = d
			ids = append(ids, h.Document.ID)
		}
		d.nearest = max(d.nearest, h.Vector)
		meant = meant || h.Vector != 0
		far := float64(h.Ordinal) / earlyReach
		for _, w := range h.Body {
			d.hold(f, w, 1/(1+far*far))
		}
		d.titled = d.titled || h.Kind == Title
	}
	for i := range hits { // a title that no passage repeats
		h := &hits[i]
		if d := by[h.Document.ID]; !d.titled {
			for _, w := range h.Title {
				d.hold(f, w, 1)
			}
			d.titled = true
		}
	}
	sort.Strings(ids)
	mean := max(1, passageWords*float64(q.total.Passages)/float64(max(1, q.total.Documents)))
	out := make([]Relevance, len(ids))
	for i, id := range ids {
		d, signs := by[id], make([]float64, relevanceSigns)
		norm := saturation * (1 - lengthNorm + lengthNorm*float64(d.length)/mean)
		for c, n := range d.counts {
			signs[wordsSign] += q.concepts[c].rarity * n * (saturation + 1) / (n + norm)
			signs[earlySign] += q.concepts[c].rarity * d.early[c]
		}
		signs[meaningSign] = d.nearest
		out[i] = Relevance{Document: id, Signs: signs}
	}
	weights := shippedWeights().all
	if !meant {
		weights = shippedWeights().words
	}
	for s := range relevanceSigns {
		scale(out, s)
		for i := range out {
			out[i].Score += weights[s] * out[i].Signs[s]
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Score > out[j].Score })
	return out
}

// scale brings a sign to 0 for the mean of the documents and 1 for the best; to 0 for all when it tells none from another.
func scale(documents []Relevance, sign int) {
	mean, best := 0.0, math.Inf(-1)
	for _, r := range documents {
		mean += r.Signs[sign] / float64(len(documents))
		best = max(best, r.Signs[sign])
	}
	for _, r := range documents {
		if best-mean > 1e-9 {
			r.Signs[sign] = (r.Signs[sign] - mean) / (best - mean)
		} else {
			r.Signs[sign] = 0
		}
	}
}

// Rank gives the documents that a viewer may see, best first, with what speaks for each.
func (b *Base) Rank(ctx context.Context, v Viewer, query string, limit int) ([]Relevance, error) {
	q, hits, err := b.find(ctx, v, query, loadVocabulary().setting(query), breadth{limit, toAnswer.each, toAnswer.passages, toAnswer.nearest})
	if err != nil {
		return nil, err
	}
	if b.Mode == Vector {
		q.concepts = nil // no word counts
	}
	found := relevance(q, hits)
	return found[:min(limit, len(found))], nil
}
