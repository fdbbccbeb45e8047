package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"guichet/knowledge"
)

// BM25's usual parameters, and how much more a word of the titles above a passage counts than one of its text.
const (
	saturation    = 1.2
	lengthNorm    = 0.75
	sectionWeight = 1.5
)

// fewest is how many passages the rarest words of a question may hold together and still be looked for one by one; the
// others then only add to the score of the passages that hold one of those. It bounds the time of a search, whatever the
// size of the base and however common the words.
const fewest = 10_000

// wanted is a word to look for: the set of passages that it adds to, what it adds, and whether it finds whole documents.
type wanted struct {
	set    string
	weight float64
	sure   bool
}

// wanted chooses how to look for the words of a query, the rarest first.
func (s *Store) wanted(q knowledge.Query) []wanted {
	words := make([]string, 0, len(q.Words))
	for w, f := range q.Words {
		if f.Passages > 0 && indexed(w) {
			words = append(words, w)
		}
	}
	sort.Slice(words, func(i, j int) bool {
		a, b := q.Words[words[i]].Passages, q.Words[words[j]].Passages
		return a < b || a == b && words[i] < words[j]
	})
	var out []wanted
	var rare []string
	held := 0
	for i, w := range words {
		f := q.Words[w]
		set := s.word(w)
		if held += f.Passages; i == 0 || held <= fewest {
			rare = append(rare, set)
		} else {
			set = s.both(set, s.any(rare))
		}
		out = append(out, wanted{set, knowledge.IDF(f.Passages, q.Total.Passages), slices.Contains(q.Sure, w)})
	}
	return out
}

// indexed tells whether a word can be one of the base's: letters and digits, so that nothing in it is read as syntax.
func indexed(word string) bool {
	for _, r := range word {
		if r == utf8.RuneError || r < 0x80 && (r < '0' || r > '9') && (r < 'a' || r > 'z') {
			return false
		}
	}
	return word != ""
}

// nearest is how an engine gives the passages nearest to a vector.
type nearest struct {
	// rows is the statement that gives (number, similarity), similarity the expression for a passage p that one of the
	// statement's other parts found, with their arguments from $8.
	rows, similarity string
	args             []any
	// measure gives the similarity that the expression could not, by the passage's number; nil when it could.
	measure func(number int64) float64
}

// Find implements knowledge.Store. The words' score that chooses candidates counts each word once, so that it needs their
// sets only; Local then is the exact BM25, computed here for both engines.
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
	near := nearest{rows: `SELECT CAST(0 AS BIGINT) AS number, 0.0 AS similarity WHERE false`, similarity: `0.0`}
	if vector, _ := normalised(q.Vector); vector != nil && q.Nearest > 0 {
		q.Vector = vector
		model, err := s.model(ctx, q.Model)
		if err == nil {
			near, err = s.nearest(ctx, v, q, model)
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) { // a model dropped meanwhile leaves the words
			return nil, err
		}
	}
	words := s.wanted(q)
	if len(words) == 0 && near.args == nil || q.Documents <= 0 && q.Passages <= 0 && q.Nearest <= 0 {
		return nil, nil
	}
	rows := make([][]any, len(words))
	for i, w := range words {
		sure := 0.0
		if w.sure {
			sure = w.weight
		}
		rows[i] = []any{w.set, w.weight, sure, i}
	}
	from, number := s.holding(`(q.value->>0)`)
	norm := `(1 + ` + constSaturation + ` * (1 - ` + constLength + ` + ` + constLength + ` * `
	args := append(rights(v), day(q.OpenOn), list(rows), q.Documents, q.Passages, float64(q.Total.Passages)/float64(max(1, q.Total.Documents)))
	var hits []knowledge.Hit
	var numbers []int64
	err := s.query(ctx, `
		WITH held AS MATERIALIZED (
			SELECT `+number+` AS number, CAST(q.value->>1 AS DOUBLE PRECISION) AS weight, CAST(q.value->>2 AS DOUBLE PRECISION) AS sure, CAST(q.value->>3 AS INTEGER) AS word
			FROM `+s.each()+`($4) AS q CROSS JOIN `+from+`),
		whole AS MATERIALIZED (
			SELECT d.number FROM (
				SELECT number >> 20 AS document, sure, count(*) AS passages FROM held WHERE sure > 0 GROUP BY 1, 2, word) h
			JOIN documents d ON d.number = h.document WHERE `+visible+` AND `+open+`
			GROUP BY d.number, d.id
			ORDER BY sum(h.sure * h.passages / (h.passages + `+constSaturation+` * (1 - `+constLength+` + `+constLength+` * d.passages / $7))) DESC, d.id LIMIT $5),
		scored AS (SELECT number, sum(weight) AS score FROM held GROUP BY number),
		best AS (
			SELECT s.number, s.score, d.id FROM scored s JOIN documents d ON d.number = s.number >> 20
			WHERE `+visible+` AND `+open+` ORDER BY s.score DESC, d.id, s.number LIMIT 4 * $6),
		local AS MATERIALIZED (
			SELECT number FROM (SELECT b.number, b.score, b.id, p.length, avg(p.length) OVER () AS mean FROM best b JOIN passages p ON p.number = b.number) l
			ORDER BY score / `+norm+` length / mean)) DESC, id, number LIMIT $6),
		nearest AS MATERIALIZED (`+near.rows+`),
		found AS (
			SELECT number FROM local UNION SELECT number FROM nearest
			UNION SELECT number FROM scored WHERE number >> 20 IN (SELECT number FROM whole))
		SELECT `+documentColumns+`, `+passageColumns+`, p.title_words, p.path_words, p.body_words, d.words, p.number, `+near.similarity+`
		FROM found f JOIN passages p ON p.number = f.number JOIN documents d ON d.number = p.document LEFT JOIN nearest n ON n.number = f.number
		WHERE `+visible, append(args, near.args...), func(scan scanner) error {
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

var (
	constSaturation = strconv.FormatFloat(saturation, 'f', -1, 64)
	constLength     = strconv.FormatFloat(lengthNorm, 'f', -1, 64)
)

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
