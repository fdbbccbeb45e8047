package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"guichet/knowledge"
)

// Find implements knowledge.Store: words choose passages (choose.go) while the vector finds its nearest, then all are read
// (passages.go). Local is the exact BM25 of what was read.
func (s *Store) Find(ctx context.Context, v knowledge.Viewer, q knowledge.Query) ([]knowledge.Hit, error) {
	if err := v.Check(); err != nil {
		return nil, err
	}
	hits, err := s.find(ctx, v, q)
	if err != nil {
		return nil, fmt.Errorf("chercher : %w", err)
	}
	return hits, nil
}

func (s *Store) find(ctx context.Context, v knowledge.Viewer, q knowledge.Query) ([]knowledge.Hit, error) {
	change, err := s.last(ctx)
	if err != nil {
		return nil, err
	}
	shelf, err := s.shelf(ctx, v, q.OpenOn, change)
	if err != nil {
		return nil, err
	}
	wanted, err := s.choose(ctx, q, shelf, change)
	if err != nil {
		return nil, err
	}
	model := 0
	var question asked
	if q.Near != nil {
		near := q.Near()
		if model, err = s.number(ctx, near.Model, change); err != nil {
			return nil, err
		}
		if model != 0 {
			question = ask(near.Vector)
			wanted = append(wanted, near.Passages...)
		}
	}
	known, err := s.passages(ctx, v, q.OpenOn, shelf, change, model, wanted)
	if err != nil {
		return nil, err
	}
	local := bm25(known, q)
	order := make([]int, len(known))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		a, b := &known[i].passage, &known[j].passage
		return cmp.Or(cmp.Compare(local[j], local[i]), cmp.Compare(a.Document, b.Document), cmp.Compare(a.Ordinal, b.Ordinal))
	})
	hits := make([]knowledge.Hit, len(known))
	for to, i := range order {
		hits[to] = known[i].hit(local[i], question.similarity(known[i].vector, known[i].norm))
	}
	return hits, nil
}

// bm25 gives the score of each passage's words.
func bm25(passages []*known, q knowledge.Query) []float64 {
	mean := 0.0
	for _, k := range passages {
		mean += float64(k.words())
	}
	mean = max(1, mean/float64(max(1, len(passages))))
	rarity := make(map[string]float64, len(q.Words))
	for w, f := range q.Words {
		if f.Passages > 0 {
			rarity[w] = knowledge.IDF(f.Passages, q.Total.Passages)
		}
	}
	scores := make([]float64, len(passages))
	var counted []float64
	var seen []string
	for i, k := range passages {
		seen, counted = seen[:0], counted[:0]
		count := func(words []string, weight float64) {
			for _, w := range words {
				if _, ok := rarity[w]; !ok {
					continue
				}
				at := slices.Index(seen, w)
				if at < 0 {
					at = len(seen)
					seen, counted = append(seen, w), append(counted, 0)
				}
				counted[at] += weight
			}
		}
		count(k.document.title, 1)
		count(k.section, sectionWeight)
		count(k.body, 1)
		norm := saturation * (1 - lengthNorm + lengthNorm*float64(k.words())/mean)
		for j, w := range seen {
			scores[i] += rarity[w] * counted[j] * (saturation + 1) / (counted[j] + norm)
		}
	}
	return scores
}
