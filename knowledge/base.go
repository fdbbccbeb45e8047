package knowledge

import (
	"context"
	"time"
)

// How many candidates are ranked.
const (
	wholeCandidates = 60
	localCandidates = 300
)

// Base searches and answers. It holds no state but the store's.
type Base struct{ store Store }

// NewBase gives the base of a store.
func NewBase(store Store) *Base { return &Base{store: store} }

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
	_, candidates, err := b.candidates(ctx, v, query, max(wholeCandidates, limit), max(localCandidates, 3*limit))
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

func (b *Base) candidates(ctx context.Context, v Viewer, text string, documents, passages int) (question, []candidate, error) {
	if err := v.Check(); err != nil {
		return question{}, nil, err
	}
	q, err := read(ctx, b.store, text)
	if err != nil || len(q.concepts) == 0 {
		return q, nil, err
	}
	hits, err := b.store.Find(ctx, v, Query{Words: q.words(), Documents: documents, Passages: passages})
	if err != nil {
		return q, nil, err
	}
	return q, rank(q, hits), nil
}
