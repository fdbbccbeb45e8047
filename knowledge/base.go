package knowledge

import (
	"context"
	"time"
)

// breadth is how many candidates are ranked, as Query limits them.
type breadth struct{ documents, each, passages, nearest int }

// To answer, what a whole document holds decides too, and what the question names may be anywhere in it. To search, more
// candidates gave no better results on the labelled collections, and took longer.
var (
	toAnswer = breadth{documents: 60, passages: 300, nearest: 100}
	toSearch = breadth{documents: 10, each: 10, passages: 40, nearest: 30}
)

// Mode says what finds and orders passages.
type Mode string

// The modes. Without an Embedder, or when it fails, hybrid is lexical.
const (
	Hybrid  Mode = "hybrid"
	Lexical Mode = "lexical"
	Vector  Mode = "vector"
)

// Base searches and answers. It holds no state but the store's.
type Base struct {
	store Store
	// Embedder gives the questions' vectors; nil leaves words alone.
	Embedder Embedder
	// Mode is Hybrid unless set.
	Mode Mode
	// Patience is how long a question waits for its vector, Patience unless set.
	Patience time.Duration
	// Degraded, if set, is told why words alone answer a question that vectors should have helped to answer.
	Degraded func(error)
}

// NewBase gives the base of a store.
func NewBase(store Store) *Base { return &Base{store: store, Mode: Hybrid, Patience: Patience} }

// Result is a passage found for a query, with its scores.
type Result struct {
	Document Document
	Passage  Passage
	// Score orders the results; Lexical is the part that words gave, Vector the part that meaning gave (0 without vectors).
	Score, Lexical, Vector float64
	// Closed tells that the document's scheme can no longer be asked for.
	Closed bool
}

// Search gives the passages that a viewer may see, best first. An empty query gives none.
func (b *Base) Search(ctx context.Context, v Viewer, query string, limit int, now time.Time) ([]Result, error) {
	_, candidates, err := b.candidates(ctx, v, query, breadth{max(toSearch.documents, limit), toSearch.each, max(toSearch.passages, 3*limit), max(toSearch.nearest, limit)})
	if err != nil {
		return nil, err
	}
	var out []Result
	for _, c := range candidates {
		if len(out) == limit {
			break
		}
		if c.Kind == Title {
			continue
		}
		out = append(out, Result{Document: c.Document, Passage: c.Passage, Score: c.score, Lexical: c.score, Vector: c.Vector, Closed: c.Document.Closed(now)})
	}
	return out, nil
}

// Documents gives the documents that a viewer may see, without their text.
func (b *Base) Documents(ctx context.Context, v Viewer) ([]Document, error) {
	return b.store.Documents(ctx, v)
}

// Open gives a document and its passages, to show a quote in its context; ErrNotFound.
func (b *Base) Open(ctx context.Context, v Viewer, id string) (Document, []Passage, error) {
	return b.store.Open(ctx, v, id)
}

func (b *Base) candidates(ctx context.Context, v Viewer, text string, wide breadth) (question, []candidate, error) {
	q, hits, err := b.find(ctx, v, text, wide)
	if err != nil || len(hits) == 0 {
		return q, nil, err
	}
	return q, b.ranked(q, hits), nil
}

// ranked orders hits as the mode wants.
func (b *Base) ranked(q question, hits []Hit) []candidate {
	if b.Mode == Vector {
		return byVector(hits)
	}
	return rank(q, hits)
}

// find reads a query and gives what the store finds for it.
func (b *Base) find(ctx context.Context, v Viewer, text string, wide breadth) (question, []Hit, error) {
	if err := v.Check(); err != nil {
		return question{}, nil, err
	}
	store := b.store.Now()
	near := b.understand(ctx, store, v, text, wide.nearest)
	q, err := read(ctx, store, v, text)
	if err != nil || len(q.concepts) == 0 {
		return q, nil, err
	}
	_, sure := q.words()
	find := Query{Words: q.counts, Total: q.total, Sure: sure, Documents: wide.documents, Each: wide.each, Passages: wide.passages, Near: near}
	if b.Mode == Vector {
		find.Words = nil
	}
	hits, err := store.Find(ctx, v, find)
	return q, hits, err
}

// byVector orders hits by the similarity of meaning alone.
func byVector(hits []Hit) []candidate {
	out := make([]candidate, 0, len(hits))
	for _, h := range hits {
		out = append(out, candidate{Hit: h, score: h.Vector, whole: h.Vector})
	}
	sortCandidates(out)
	return out
}
