package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"

	"golang.org/x/sync/errgroup"

	"guichet/knowledge"
)

// allCompared is how many passages a viewer may see and all be compared with a question. Beyond, each engine has its way of
// comparing those that promise the most.
const allCompared = 5_000

// nearest is the passages nearest to a vector, as an engine finds them, and how it measures those that words found.
type nearest struct {
	numbers []int64
	// similarity is the expression for a passage p, with its arguments from $5, measure what gives it by the passage's number
	// when no expression does.
	similarity string
	args       []any
	measure    func(number int64) float64
}

// Find implements knowledge.Store: words choose passages (choose.go) while the vector finds its nearest, then one statement reads
// them all. Local is the exact BM25 of what was read.
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
	var change int64
	var model int // 0 for one dropped meanwhile, which leaves the words
	if err := s.db.Conn(ctx).QueryRowContext(ctx, `SELECT last, coalesce((SELECT number FROM models WHERE name = $1), 0) FROM base_changes`, q.Model.ID()).Scan(&change, &model); err != nil {
		return nil, err
	}
	seen := append(rights(v), day(q.OpenOn))
	shelf, err := s.shelf(ctx, v, day(q.OpenOn), change)
	if err != nil {
		return nil, err
	}
	near := nearest{similarity: `0.0`}
	var chosen []int64
	both, together := errgroup.WithContext(ctx)
	if _, inside := s.db.Tx(ctx); inside {
		both.SetLimit(1) // a transaction is one connection, which does one thing at a time
	}
	both.Go(func() (err error) {
		chosen, err = s.choose(together, q, shelf, change)
		return err
	})
	if vector, _ := normalised(q.Vector); vector != nil && q.Nearest > 0 && model != 0 {
		asked := q
		asked.Vector = vector
		both.Go(func() (err error) {
			near, err = s.nearest(together, seen, asked, model, shelf)
			return err
		})
	}
	if err := both.Wait(); err != nil {
		return nil, err
	}
	wanted := append(chosen, near.numbers...)
	if len(wanted) == 0 {
		return nil, nil
	}
	slices.Sort(wanted)
	rows := make([][]any, 0, len(wanted))
	for _, number := range slices.Compact(wanted) {
		rows = append(rows, []any{number})
	}
	var hits []knowledge.Hit
	var numbers []int64
	err = s.query(ctx, `SELECT `+documentColumns+`, `+passageColumns+`, p.title_words, p.path_words, p.body_words, d.words, p.number, `+near.similarity+`
		FROM `+s.each()+`($4) AS e JOIN passages p ON p.number = CAST(value->>0 AS BIGINT) JOIN documents d ON d.number = p.document
		WHERE `+visible+` AND `+open, append(append(slices.Clone(seen), list(rows)), near.args...), func(scan scanner) error {
		var d document
		var p passage
		var hit knowledge.Hit
		var title, section, body string
		var number int64
		if err := scan(append(append(d.fields(), p.fields()...), &title, &section, &body, &hit.Length, &number, &hit.Vector)...); err != nil {
			return err
		}
		var err error
		hit.Document = d.value()
		hit.Passage, err = p.value(d.id)
		hit.Title, hit.Section, hit.Body = strings.Fields(title), strings.Fields(section), strings.Fields(body)
		hits, numbers = append(hits, hit), append(numbers, number)
		return err
	})
	if err != nil {
		return nil, err
	}
	if near.measure != nil {
		for i := range hits {
			hits[i].Vector = near.measure(numbers[i])
		}
	}
	bm25(hits, q)
	sort.Slice(hits, func(i, j int) bool {
		a, b := &hits[i], &hits[j]
		switch {
		case a.Local != b.Local:
			return a.Local > b.Local
		case a.Document.ID != b.Document.ID:
			return a.Document.ID < b.Document.ID
		}
		return a.Ordinal < b.Ordinal
	})
	return hits, nil
}

// bm25 sets the hits' Local.
func bm25(hits []knowledge.Hit, q knowledge.Query) {
	length := func(h *knowledge.Hit) float64 { return float64(len(h.Title) + len(h.Section) + len(h.Body)) }
	mean := 0.0
	for i := range hits {
		mean += length(&hits[i])
	}
	mean = max(1, mean/float64(max(1, len(hits))))
	rarity := make(map[string]float64, len(q.Words))
	for w, f := range q.Words {
		if f.Passages > 0 {
			rarity[w] = knowledge.IDF(f.Passages, q.Total.Passages)
		}
	}
	var counted []float64
	var seen []string
	for i := range hits {
		h := &hits[i]
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
		count(h.Title, 1)
		count(h.Section, sectionWeight)
		count(h.Body, 1)
		norm := saturation * (1 - lengthNorm + lengthNorm*length(h)/mean)
		for j, w := range seen {
			h.Local += rarity[w] * counted[j] * (saturation + 1) / (counted[j] + norm)
		}
	}
}
