package measure

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"

	"guichet/knowledge"
)

// Depth is how many documents are ranked for each query.
const Depth = 100

// Retrieval is the quality of a ranking, means over the queries that have a relevant document.
type Retrieval struct {
	Documents int     `json:"documents"`
	Queries   int     `json:"queries"`
	NDCG10    float64 `json:"ndcg@10"`
	MRR10     float64 `json:"mrr@10"`
	Recall10  float64 `json:"recall@10"`
	Recall100 float64 `json:"recall@100"`
	// Query is the mean time of one query, Index that of reading the whole collection.
	QueryMS float64 `json:"query_ms"`
	IndexMS int64   `json:"index_ms"`
	// Misses are the queries without a relevant document among the first ten, the worst first.
	Misses []Missed `json:"-"`
}

// Collection is a BEIR folder: corpus.jsonl (or .gz), queries.jsonl, qrels.tsv.
type Collection struct {
	Documents []knowledge.Document
	Queries   []Labelled
}

// Labelled is a query with the grade of each relevant document.
type Labelled struct {
	ID, Text string
	Relevant map[string]int
}

// ReadCollection reads a BEIR folder. Queries without a relevant document are left out. Errors give file and line.
func ReadCollection(dir string) (Collection, error) {
	var c Collection
	corpus, err := open(dir, "corpus.jsonl", "corpus.jsonl.gz")
	if err != nil {
		return c, err
	}
	defer corpus.Close()
	err = lines(corpus, func(line []byte) error {
		var d struct {
			ID    string `json:"_id"`
			Title string `json:"title"`
			Text  string `json:"text"`
		}
		if err := json.Unmarshal(line, &d); err != nil {
			return err
		}
		c.Documents = append(c.Documents, document(d.ID, d.Title, d.Text))
		return nil
	})
	if err != nil {
		return c, fmt.Errorf("%s, corpus : %w", dir, err)
	}
	relevant, err := readQrels(dir)
	if err != nil {
		return c, err
	}
	queries, err := open(dir, "queries.jsonl", "queries.jsonl.gz")
	if err != nil {
		return c, err
	}
	defer queries.Close()
	err = lines(queries, func(line []byte) error {
		var q struct {
			ID   string `json:"_id"`
			Text string `json:"text"`
		}
		if err := json.Unmarshal(line, &q); err != nil {
			return err
		}
		if len(relevant[q.ID]) > 0 {
			c.Queries = append(c.Queries, Labelled{ID: q.ID, Text: q.Text, Relevant: relevant[q.ID]})
		}
		return nil
	})
	if err != nil {
		return c, fmt.Errorf("%s, queries : %w", dir, err)
	}
	switch {
	case len(c.Documents) == 0:
		return c, fmt.Errorf("%s, corpus : aucun document", dir)
	case len(c.Queries) == 0:
		return c, fmt.Errorf("%s, queries : aucune question n'a de document jugé bon", dir)
	}
	return c, nil
}

// document cuts a text of a collection by its lines, its only structure.
func document(id, title, text string) knowledge.Document {
	d := knowledge.Document{ID: id, Title: title, Source: id, Audience: knowledge.Public, Hash: id}
	if title != "" {
		d.Blocks = append(d.Blocks, knowledge.Block{Kind: knowledge.Title, Text: title})
	}
	for _, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			d.Blocks = append(d.Blocks, knowledge.Block{Kind: knowledge.Item, Text: line})
		}
	}
	return d
}

func readQrels(dir string) (map[string]map[string]int, error) {
	f, err := open(dir, "qrels.tsv", filepath.Join("qrels", "test.tsv"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	relevant := map[string]map[string]int{}
	header := true
	err = lines(f, func(line []byte) error {
		cells := strings.Split(string(line), "\t")
		if header {
			header = false
			return nil
		}
		if len(cells) != 3 {
			return fmt.Errorf("%d colonnes au lieu de 3", len(cells))
		}
		grade, err := strconv.Atoi(strings.TrimSpace(cells[2]))
		if err != nil {
			return fmt.Errorf("jugement « %s » : un nombre entier est attendu", cells[2])
		}
		if grade > 0 {
			if relevant[cells[0]] == nil {
				relevant[cells[0]] = map[string]int{}
			}
			relevant[cells[0]][cells[1]] = grade
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s, qrels : %w", dir, err)
	}
	return relevant, nil
}

// open opens the first of the names that exists.
func open(dir string, names ...string) (io.ReadCloser, error) {
	for _, name := range names {
		f, err := os.Open(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil || !strings.HasSuffix(name, ".gz") {
			return f, err
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			_ = f.Close()
			return nil, fmt.Errorf("lire %s : %w", name, err)
		}
		return struct {
			io.Reader
			io.Closer
		}{z, f}, nil
	}
	return nil, fmt.Errorf("%s : fichier %s introuvable", dir, strings.Join(names, " ou "))
}

func lines(r io.Reader, each func([]byte) error) error {
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, 32<<20)
	for n := 1; scanner.Scan(); n++ {
		if len(strings.TrimSpace(scanner.Text())) == 0 {
			continue
		}
		if err := each(scanner.Bytes()); err != nil {
			return fmt.Errorf("ligne %d : %w", n, err)
		}
	}
	return scanner.Err()
}

// Rank indexes a collection in an empty store and ranks its documents for each query, as the base of that store does. Each
// ranking is written to run, if not nil, in TREC form: « query Q0 doc rank score guichet ». The clock measures only.
func Rank(ctx context.Context, store knowledge.Store, base *knowledge.Base, c Collection, run io.Writer, clock func() time.Time) (Retrieval, error) {
	r := Retrieval{Documents: len(c.Documents), Queries: len(c.Queries)}
	start := clock()
	for _, d := range c.Documents {
		if err := store.Put(ctx, d, knowledge.Index(d)); err != nil {
			return r, err
		}
	}
	r.IndexMS = clock().Sub(start).Milliseconds()
	holds := c.words()
	var degraded error // a question without its vector would measure something else
	base.Degraded = func(err error) { degraded = err }
	base.Patience = time.Minute
	if base.Embedder != nil && base.Mode != knowledge.Lexical {
		if err := base.EmbedAll(ctx); err != nil {
			return r, err
		}
	}
	start = clock()
	for _, q := range c.Queries {
		ranked, err := base.Rank(ctx, knowledge.Viewer{Audience: knowledge.Public}, q.Text, Depth)
		if err != nil {
			return r, fmt.Errorf("question %s : %w", q.ID, err)
		}
		if degraded != nil {
			return r, fmt.Errorf("question %s sans vecteur : %w", q.ID, degraded)
		}
		for i, d := range ranked {
			if run == nil {
				break
			}
			if _, err := fmt.Fprintf(run, "%s Q0 %s %d %.6f guichet\n", q.ID, d.Document, i+1, d.Score); err != nil {
				return r, fmt.Errorf("écrire le classement : %w", err)
			}
		}
		r.add(q, ranked)
		if m, ok := missed(q, ranked, holds); ok {
			r.Misses = append(r.Misses, m)
		}
	}
	worst(r.Misses)
	if n := float64(len(c.Queries)); n > 0 {
		r.QueryMS = float64(clock().Sub(start).Microseconds()) / 1000 / n
		for _, mean := range []*float64{&r.NDCG10, &r.MRR10, &r.Recall10, &r.Recall100} {
			*mean /= n
		}
	}
	return r, nil
}

func (r *Retrieval) add(q Labelled, ranked []knowledge.Relevance) {
	gain, found10, found100 := 0.0, 0, 0
	first := true
	for i, d := range ranked {
		grade := q.Relevant[d.Document]
		if grade == 0 {
			continue
		}
		if i < 10 {
			gain += (math.Pow(2, float64(grade)) - 1) / math.Log2(float64(i)+2)
			found10++
			if first {
				r.MRR10 += 1 / float64(i+1)
				first = false
			}
		}
		found100++
	}
	var grades []int
	for _, g := range q.Relevant {
		grades = append(grades, g)
	}
	sort.Sort(sort.Reverse(sort.IntSlice(grades)))
	ideal := 0.0
	for i, g := range grades[:min(10, len(grades))] {
		ideal += (math.Pow(2, float64(g)) - 1) / math.Log2(float64(i)+2)
	}
	r.NDCG10 += gain / ideal
	r.Recall10 += float64(found10) / float64(len(grades))
	r.Recall100 += float64(found100) / float64(len(grades))
}
