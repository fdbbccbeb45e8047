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

// The signs that rank documents; the three of whole documents make together how much the length counts. Each is brought to
// one scale for every question, 0 for the mean of the documents found and 1 for the best of them, so that the weights hold for
// a small base and for a large one.
const (
	wordsSign    = iota // BM25 of the whole document with its title, kindred words and synonyms
	repeatedSign        // the same where words that come again count more
	denseSign           // the same where, besides, a long document must hold more
	passagesSign        // BM25 of its best passages
	nearbySign          // words of the question that stand near each other
	meaningSign         // similarity of the nearest passage
	subjectSign         // similarity of the document as a whole
	relevanceSigns
)

var relevanceNames = [relevanceSigns]string{"words", "repeated", "dense", "passages", "nearby", "meaning", "subject"}

// relevanceWeights reads the file that ships; it is checked by a test, so a mistake in it is a programming error.
var relevanceWeights = sync.OnceValue(func() [relevanceSigns]float64 {
	w, err := readRelevance(relevanceFile)
	if err != nil {
		panic(err)
	}
	return w
})

func readRelevance(content []byte) (weights [relevanceSigns]float64, err error) {
	var file struct {
		Weights map[string]float64 `yaml:"poids"`
	}
	if err := yaml.UnmarshalWithOptions(content, &file, yaml.Strict()); err != nil {
		return weights, fmt.Errorf("poids du classement : %w", err)
	}
	for name, weight := range file.Weights {
		i := slices.Index(relevanceNames[:], name)
		if i < 0 {
			return weights, fmt.Errorf("poids du classement : signe « %s » inconnu", name)
		}
		weights[i] = weight
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
	// speaking is how many passages speak for their document, side how far apart two words near each other are at most.
	speaking, side = 3, 3
	// passageWords is about how many analysed words a passage has.
	passageWords = 21.5
	// unity is how similar the passages of a document usually are to each other: with it the mean similarity of passages
	// tells that of their mean. unlike is how near the passages that were not found are held to be, as a share of the mean of
	// those that were.
	unity, unlike = 0.5, 0.5
)

// relevance gives the documents of the hits, best first.
func relevance(q question, hits []Hit) []Relevance {
	type heard struct {
		local, near []float64
		pairs       []float64 // of each pair of concepts, the concept before first
	}
	documents, sure := gather(q, hits), q.sure()
	by := map[string]*heard{}
	var ids []string
	mean := 0.0
	for i := range hits {
		h := &hits[i]
		d := by[h.Document.ID]
		if d == nil {
			d = &heard{pairs: make([]float64, len(q.concepts)*len(q.concepts))}
			by[h.Document.ID] = d
			ids = append(ids, h.Document.ID)
		}
		d.local = append(d.local, q.passage(h.Body, sure, d.pairs))
		d.near = append(d.near, h.Vector)
		mean += h.Vector / float64(len(hits))
	}
	sort.Strings(ids)
	out := make([]Relevance, len(ids))
	for i, id := range ids {
		d, signs := by[id], make([]float64, relevanceSigns)
		signs[wordsSign], signs[repeatedSign], signs[denseSign] = documents[id].score, documents[id].repeated, documents[id].dense
		signs[passagesSign] = meanOfBest(d.local, speaking)
		for _, worth := range d.pairs {
			signs[nearbySign] += worth / (1 + worth/3)
		}
		found := float64(len(d.near))
		all := max(found, float64(documents[id].length)/passageWords)
		for _, x := range d.near {
			signs[subjectSign] += x / all
		}
		signs[subjectSign] += (all - found) / all * unlike * mean
		signs[subjectSign] /= math.Sqrt(1/all + (1-1/all)*unity)
		signs[meaningSign] = meanOfBest(d.near, 1)
		out[i] = Relevance{Document: id, Signs: signs}
	}
	weights := relevanceWeights()
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

func meanOfBest(values []float64, n int) float64 {
	slices.Sort(values)
	values = values[max(0, len(values)-n):]
	sum := 0.0
	for _, x := range values {
		sum += x
	}
	return sum / float64(max(1, len(values)))
}

// sure gives the concept that each word surely means.
func (q question) sure() map[string]int {
	sure := map[string]int{}
	for i, c := range q.concepts {
		for form, trust := range c.forms {
			if trust > synonymTrust {
				sure[form] = i
			}
		}
	}
	return sure
}

// passage gives the BM25 of a passage's own words, and adds to pairs what the concepts near each other in it tell: the
// rarity of the commoner of the two, half of it when words stand between them; each pair once a passage.
func (q question) passage(body []string, sure map[string]int, pairs []float64) float64 {
	n := len(q.concepts)
	counts, found := make([]float64, n), map[int]float64{}
	last, at := -1, 0
	for i, w := range body {
		c, ok := sure[w]
		if !ok {
			continue
		}
		counts[c]++
		if last >= 0 && last != c && i-at <= side {
			worth := min(q.concepts[last].rarity, q.concepts[c].rarity)
			if i-at > 1 {
				worth /= 2
			}
			pair := min(last, c)*n + max(last, c)
			found[pair] = max(found[pair], worth)
		}
		last, at = c, i
	}
	for pair, worth := range found {
		pairs[pair] += worth
	}
	score := 0.0
	norm := saturation * (1 - lengthNorm + lengthNorm*float64(len(body))/passageWords)
	for c, count := range counts {
		score += q.concepts[c].weight * count * (saturation + 1) / (count + norm)
	}
	return score
}

// Rank gives the documents that a viewer may see, best first, with what speaks for each.
func (b *Base) Rank(ctx context.Context, v Viewer, query string, limit int) ([]Relevance, error) {
	q, hits, err := b.find(ctx, v, query, breadth{limit, toAnswer.each, toAnswer.passages, toAnswer.nearest})
	if err != nil {
		return nil, err
	}
	if b.Mode == Vector {
		q.concepts = nil // no word counts
	}
	found := relevance(q, hits)
	return found[:min(limit, len(found))], nil
}
