package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"guichet/bot"
	"guichet/knowledge"
)

type searchCmd struct {
	asker
	batchFlag
	Limit int     `default:"10" placeholder:"N" help:"Nombre de passages (10 par défaut)."`
	Query *string `arg:"" optional:"" help:"Les mots cherchés, entre guillemets."`
}

// resultsLine is a search. Its JSON is part of the contract.
type resultsLine struct {
	ID        id       `json:"id"`
	Results   []result `json:"results"`
	ElapsedMS float64  `json:"elapsed_ms"`
}

type result struct {
	Document string  `json:"document"`
	Title    string  `json:"title"`
	Section  string  `json:"section"`
	Chunk    int     `json:"chunk"`
	Score    float64 `json:"score"`
	Lexical  float64 `json:"lexical"`
	Vector   float64 `json:"vector"`
	Text     string  `json:"text"`
	Page     int     `json:"page,omitempty"`
	URL      string  `json:"url"`
	Date     string  `json:"date"`
	Closed   bool    `json:"closed"`
}

func (c *searchCmd) Run(ctx context.Context, a *app) error {
	if c.Limit < 1 {
		return usageError{fmt.Errorf("--limit %d : au moins 1 passage est attendu", c.Limit)}
	}
	db, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	base, err := a.openBase(ctx, db, nil)
	if err != nil {
		return err
	}
	single := func(text string) queryLine { return queryLine{Q: text} }
	return each(a, c.batchFlag, c.Query, "ce qui est cherché", single, func(in queryLine) (resultsLine, error) {
		return searchLine(ctx, base, in.viewer(c.asker), in, c.Limit, a.now())
	}, showResults)
}

func searchLine(ctx context.Context, base *knowledge.Base, v knowledge.Viewer, in queryLine, limit int, now time.Time) (resultsLine, error) {
	start := time.Now()
	if err := bot.CheckText(in.Q); err != nil {
		return resultsLine{}, err
	}
	found, err := base.Search(ctx, v, in.Q, limit, now)
	if err != nil {
		return resultsLine{}, err
	}
	out := resultsLine{ID: in.ID, Results: []result{}}
	for _, r := range found {
		out.Results = append(out.Results, result{
			Document: r.Document.ID, Title: r.Document.Title, Section: strings.Join(r.Passage.Path, " › "), Chunk: r.Passage.Ordinal,
			Score: r.Score, Lexical: r.Lexical, Vector: r.Vector, Text: r.Passage.Text, Page: r.Passage.Page, URL: r.Document.URL, Date: isoDay(r.Document.Date), Closed: r.Closed,
		})
	}
	out.ElapsedMS = elapsed(start)
	return out, nil
}

func showResults(w io.Writer, l resultsLine) {
	if len(l.Results) == 0 {
		fmt.Fprintln(w, "Aucun passage trouvé.")
	}
	for i, r := range l.Results {
		fmt.Fprintf(w, "%d. %s (%.2f)\n   %s\n", i+1, strings.Join(present(r.Title, r.Section, onPage(r.Page), r.Date), " · "), r.Score, strings.ReplaceAll(r.Text, "\n", "\n   "))
	}
}
