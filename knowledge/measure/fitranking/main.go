// Command fitranking sets the weights of knowledge/relevance.yaml on labelled collections (BEIR), each counting as much as
// the others, and prints what they give: fitted on all, and fitted on the other collections only. From the project's root:
//
//	go run ./knowledge/measure/fitranking knowledge/relevance.yaml ../shared/data/eval/*/
package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"guichet/knowledge"
	"guichet/knowledge/measure"
	"guichet/knowledge/sqlstore"
	"guichet/knowledge/static"
	"guichet/migrations/database"
)

// most is how many questions of a collection are read, evenly taken.
const most = 300

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: fitranking RELEVANCE COLLECTION…")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "fitranking:", err)
		os.Exit(1)
	}
}

// set is a collection as it was ranked: its questions' lists, with the ideal gain of each.
type set struct {
	name  string
	lists []measure.List
	ideal []float64
	gains [][]float64
}

func run(ctx context.Context, file string, folders []string) error {
	var sets []set
	for _, folder := range folders {
		s, err := read(ctx, folder)
		if err != nil {
			return fmt.Errorf("%s: %w", folder, err)
		}
		sets = append(sets, s)
	}
	signs := len(knowledge.RelevanceNames())
	fit := func(left int) []float64 {
		var lists []measure.List
		for i, s := range sets {
			if i != left {
				lists = append(lists, s.lists...)
			}
		}
		return measure.FitRanking(lists, signs)
	}
	weights := fit(-1)
	for i, s := range sets {
		fmt.Printf("%-25s nDCG@10 fitted on all %.4f, on the others %.4f\n", s.name, s.quality(weights), s.quality(fit(i)))
	}
	return write(file, weights)
}

// read ranks the documents of a collection for its questions, in a base of its own.
func read(ctx context.Context, folder string) (s set, err error) {
	c, err := measure.ReadCollection(folder)
	if err != nil {
		return s, err
	}
	temporary, err := os.MkdirTemp("", "fitranking-")
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temporary)) }()
	db, err := database.Open(ctx, "sqlite:"+filepath.Join(temporary, "base.db"))
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	store := sqlstore.New(db, nil)
	for _, d := range c.Documents {
		if err := store.Put(ctx, d, knowledge.Index(d)); err != nil {
			return s, err
		}
	}
	b := knowledge.NewBase(store)
	b.Embedder = static.Embedder{}
	if err := b.EmbedAll(ctx); err != nil {
		return s, err
	}
	s.name = filepath.Base(folder)
	n := min(most, len(c.Queries))
	for i := range n {
		q := c.Queries[i*len(c.Queries)/n]
		found, err := b.Rank(ctx, knowledge.Viewer{Audience: knowledge.Public}, q.Text, measure.Depth)
		if err != nil {
			return s, err
		}
		l := measure.List{Weight: 1 / float64(n)}
		var gains []float64
		for _, r := range found {
			grade := q.Relevant[r.Document]
			l.Signs, l.Wanted = append(l.Signs, r.Signs), append(l.Wanted, grade > 0)
			gains = append(gains, math.Pow(2, float64(grade))-1)
		}
		var best []float64
		for _, grade := range q.Relevant {
			best = append(best, math.Pow(2, float64(grade))-1)
		}
		slices.Sort(best)
		slices.Reverse(best)
		s.lists, s.gains, s.ideal = append(s.lists, l), append(s.gains, gains), append(s.ideal, discounted(best))
	}
	return s, nil
}

// quality is the mean nDCG@10 of the lists in the order that weights give.
func (s set) quality(weights []float64) float64 {
	sum := 0.0
	for n, l := range s.lists {
		scores, order := make([]float64, len(l.Signs)), make([]int, len(l.Signs))
		for i, signs := range l.Signs {
			order[i] = i
			for j, x := range signs {
				scores[i] += weights[j] * x
			}
		}
		slices.SortStableFunc(order, func(a, b int) int {
			switch {
			case scores[a] > scores[b]:
				return -1
			case scores[a] < scores[b]:
				return 1
			}
			return 0
		})
		gains := make([]float64, len(order))
		for i, at := range order {
			gains[i] = s.gains[n][at]
		}
		sum += discounted(gains) / s.ideal[n]
	}
	return sum / float64(len(s.lists))
}

func discounted(gains []float64) float64 {
	sum := 0.0
	for i, g := range gains[:min(10, len(gains))] {
		sum += g / math.Log2(float64(i)+2)
	}
	return sum
}

// write changes the weights of the file and keeps the comment.
func write(name string, weights []float64) error {
	content, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	head, _, found := strings.Cut(string(content), "poids:")
	if !found {
		return fmt.Errorf("%s: no « poids: »", name)
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%spoids:\n", head)
	for i, sign := range knowledge.RelevanceNames() {
		fmt.Fprintf(&out, "  %s: %.2f\n", sign, weights[i])
	}
	return os.WriteFile(name, []byte(out.String()), 0o644)
}
