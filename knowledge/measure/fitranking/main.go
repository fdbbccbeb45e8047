// Command fitranking sets the weights of knowledge/relevance.yaml on labelled collections (BEIR), each counting as much as
// the others, and prints what they give: fitted on all, on the other questions of all, and on the other collections only.
// From the project's root:
//
//	go run ./knowledge/measure/fitranking knowledge/relevance.yaml ../shared/data/eval/*/
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

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

// folds is into how many parts the questions are cut, to measure each part with the weights of the others.
const folds = 5

// set is a collection as it was ranked: its questions' lists.
type set struct {
	name  string
	lists []measure.List
}

// part gives the lists of one fold, or those of the others.
func (s set) part(fold int, in bool) (lists []measure.List) {
	for i, l := range s.lists {
		if (i%folds == fold) == in {
			lists = append(lists, l)
		}
	}
	return lists
}

func run(ctx context.Context, file string, folders []string) error {
	var fitted [][]float64
	for _, mode := range []knowledge.Mode{knowledge.Hybrid, knowledge.Lexical} {
		var sets []set
		for _, folder := range folders {
			s, err := read(ctx, folder, mode)
			if err != nil {
				return fmt.Errorf("%s: %w", folder, err)
			}
			sets = append(sets, s)
		}
		fmt.Printf("%-25s %s\n", mode, "nDCG@10 fitted on all, on the other questions, on the other collections")
		fitted = append(fitted, fit(sets))
	}
	return write(file, fitted[0], fitted[1])
}

// fit gives the weights that all the sets give, and prints what they are worth.
func fit(sets []set) []float64 {
	signs := len(knowledge.RelevanceNames())
	grids := make([]measure.Grid, len(sets))
	for i, s := range sets {
		grids[i] = measure.NewGrid(s.lists, signs)
	}
	weights := measure.FitRanking(grids)
	other := make([]float64, len(sets))
	for fold := range folds {
		parts := make([]measure.Grid, len(sets))
		for i, s := range sets {
			parts[i] = measure.NewGrid(s.part(fold, false), signs)
		}
		w := measure.FitRanking(parts)
		for i, s := range sets {
			other[i] += sum(s.part(fold, true), w) / float64(len(s.lists))
		}
	}
	for i, s := range sets {
		n := float64(len(s.lists))
		apart := sum(s.lists, weights) / n // a lone collection has no others
		if len(sets) > 1 {
			apart = sum(s.lists, measure.FitRanking(slices.Delete(slices.Clone(grids), i, i+1))) / n
		}
		fmt.Printf("%-25s %.4f  %.4f  %.4f\n", s.name, sum(s.lists, weights)/n, other[i], apart)
	}
	return weights
}

func sum(lists []measure.List, weights []float64) (total float64) {
	for _, l := range lists {
		total += l.NDCG10(weights)
	}
	return total
}

// read ranks the documents of a collection for its questions, in a base of its own.
func read(ctx context.Context, folder string, mode knowledge.Mode) (s set, err error) {
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
	b.Mode, b.Patience = mode, time.Minute
	if mode != knowledge.Lexical {
		if err := b.EmbedAll(ctx); err != nil {
			return s, err
		}
	}
	s.name = filepath.Base(folder)
	n := min(most, len(c.Queries))
	for i := range n {
		q := c.Queries[i*len(c.Queries)/n]
		found, err := b.Rank(ctx, knowledge.Viewer{Audience: knowledge.Public}, q.Text, measure.Depth)
		if err != nil {
			return s, err
		}
		l := measure.List{}
		for _, r := range found {
			l.Signs, l.Gains = append(l.Signs, r.Signs), append(l.Gains, gain(q.Relevant[r.Document]))
		}
		var best []float64
		for _, grade := range q.Relevant {
			best = append(best, gain(grade))
		}
		slices.SortFunc(best, func(a, b float64) int { return cmp.Compare(b, a) })
		l.Ideal = discounted(best)
		s.lists = append(s.lists, l)
	}
	return s, nil
}

func gain(grade int) float64 { return math.Pow(2, float64(grade)) - 1 }

func discounted(gains []float64) float64 {
	sum := 0.0
	for i, g := range gains[:min(10, len(gains))] {
		sum += g / math.Log2(float64(i)+2)
	}
	return sum
}

// write changes the weights of the file, with vectors and without, and keeps the comment.
func write(name string, weights, words []float64) error {
	content, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	head, _, found := strings.Cut(string(content), "poids:")
	if !found {
		return fmt.Errorf("%s: no « poids: »", name)
	}
	var out strings.Builder
	fmt.Fprint(&out, head)
	for _, part := range []struct {
		name    string
		weights []float64
	}{{"poids", weights}, {"poids_sans_vecteurs", words}} {
		fmt.Fprintf(&out, "%s:\n", part.name)
		for i, sign := range knowledge.RelevanceNames() {
			fmt.Fprintf(&out, "  %s: %.1f\n", sign, part.weights[i])
		}
	}
	return os.WriteFile(name, []byte(out.String()), 0o644)
}
