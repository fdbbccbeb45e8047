// Command fit sets the weights of knowledge/confidence.yaml on labelled questions: it ingests the documents that the
// questions are about, weighs what the base would answer, and fits a logistic regression. From the project's root:
//
//	go run ./knowledge/measure/fit ../shared/data knowledge/confidence.yaml knowledge/measure/testdata/questions-[0-9].jsonl
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"guichet/knowledge"
	"guichet/knowledge/base"
	"guichet/knowledge/extract"
	"guichet/knowledge/measure"
	"guichet/knowledge/sqlstore"
	"guichet/knowledge/static"
	"guichet/migrations/database"
)

// costly is how many times an answer where there is none costs what a silence costs where there is one.
const folds, costly = 10, 2

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: fit DATA CONFIDENCE QUESTIONS…")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, "fit:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, data, confidence string, questions []string) (err error) {
	folder, err := os.MkdirTemp("", "fit-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	db, err := database.Open(ctx, "sqlite:"+filepath.Join(folder, "base.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	b, err := fill(ctx, sqlstore.New(db, nil), data)
	if err != nil {
		return err
	}
	// The questions are asked the day that they were written.
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	var samples []measure.Sample
	for _, name := range questions {
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		cases, err := measure.ReadCases(file)
		if err := errors.Join(err, file.Close()); err != nil {
			return err
		}
		for _, c := range cases {
			w, err := b.Weigh(ctx, knowledge.Viewer{Audience: c.Audience, EPCI: c.EPCI}, c.Question, now)
			if err != nil {
				return fmt.Errorf("question %s: %w", c.ID, err)
			}
			samples = append(samples, measure.Sample{Signs: w.Signs, Answerable: c.Answerable, Right: c.Answerable && c.Holds(w.Text), Decided: w.Decided})
		}
	}
	start, weights := measure.FitConfidence(samples)
	fmt.Printf("%d questions; each threshold on the folds that it was not fitted on:\n", len(samples))
	for _, t := range measure.Thresholds(samples, folds) {
		if t.Least >= 0.4 && int(100*t.Least+0.5)%5 == 0 {
			cost := 1 - t.Answered + costly*(1-t.Declined)
			fmt.Printf("%.2f  answered rightly %.3f  declined %.3f  cost %.3f\n", t.Least, t.Answered, t.Declined, cost)
		}
	}
	return write(confidence, start, weights)
}

// write changes the weights of the file and keeps the rest.
func write(name string, start float64, weights []float64) error {
	content, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	head, _, found := strings.Cut(string(content), "depart:")
	if !found {
		return fmt.Errorf("%s: no « depart: »", name)
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%sdepart: %.3f\npoids:\n", head, start)
	for i, sign := range knowledge.SignNames() {
		fmt.Fprintf(&out, "  %s: %.3f\n", sign, weights[i])
	}
	return os.WriteFile(name, []byte(out.String()), 0o644)
}

// fill puts the seed, the schemes and the shipped cards into a base.
func fill(ctx context.Context, store *sqlstore.Store, data string) (*knowledge.Base, error) {
	for _, part := range []struct {
		folder   string
		audience knowledge.Audience
	}{{"seed", knowledge.Staff}, {"dispositifs", knowledge.Public}} {
		root, err := knowledge.Path(filepath.Join(data, part.folder))
		if err != nil {
			return nil, err
		}
		if _, err := knowledge.Ingest(ctx, store, knowledge.Ingestion{Read: extract.Read, Audience: part.audience}, root); err != nil {
			return nil, err
		}
	}
	if _, err := knowledge.Ingest(ctx, store, knowledge.Ingestion{Read: extract.Read, Audience: knowledge.Public}, base.Cards()); err != nil {
		return nil, err
	}
	if err := knowledge.EmbedAll(ctx, store, static.Embedder{}, nil); err != nil {
		return nil, err
	}
	b := knowledge.NewBase(store)
	b.Embedder = static.Embedder{}
	return b, nil
}
