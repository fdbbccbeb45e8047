package knowledge

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrNotFound is returned for a document that does not exist or that the viewer may not see: the two look the same.
var ErrNotFound = errors.New("document introuvable")

// Store keeps documents and finds their passages. Every read takes a Viewer, refuses one without an audience
// (ErrNoAudience), and applies the viewer's rights before any limit.
type Store interface {
	// Put adds a document or replaces the one of the same ID, all or nothing. It returns a *ConflictError when another
	// document has the same source.
	Put(ctx context.Context, d Document, entries []Entry) error
	// Remove takes documents out; an unknown ID is no error.
	Remove(ctx context.Context, ids ...string) error
	// Documents gives the documents that the viewer may see, by ID, without their Blocks.
	Documents(ctx context.Context, v Viewer) ([]Document, error)
	// Open gives one document, without its Blocks, and its passages in reading order; ErrNotFound.
	Open(ctx context.Context, v Viewer, id string) (Document, []Passage, error)
	// Now gives the store for one search: what it reads rests on one look at whether the base changed, taken when it first
	// reads. A later change may be seen or not.
	Now() Store
	// Find gives, by Local and best first, the best passages that hold a word of the query, those of the best documents
	// that do, and those that Nearest found.
	Find(ctx context.Context, v Viewer, q Query) ([]Hit, error)
	// Nearest gives the passages whose vectors are the nearest to a question's.
	Nearest(ctx context.Context, v Viewer, q NearQuery) (Near, error)
	// Frequencies counts what holds each analysed word (absent: nothing), and all there is, of what the viewer may see.
	Frequencies(ctx context.Context, v Viewer, words []string) (counts map[string]Frequency, total Frequency, err error)
	// Vocabulary gives the analysed words that start with a prefix, with the number of passages that hold them, of what the
	// viewer may see.
	Vocabulary(ctx context.Context, v Viewer, prefix string) (map[string]int, error)

	Remotes
	Vectors
}

// Entry is a passage with its analysed words (Analyse), as a Store indexes it.
type Entry struct {
	Passage
	// Title, Section and Body are the words of the document's title, of the titles above the passage, and of its text.
	Title, Section, Body []string
}

// Frequency counts passages and documents.
type Frequency struct{ Passages, Documents int }

// Query is what a Store looks for.
type Query struct {
	// Words are analysed words, any of which is enough for a passage, and Total all there is, as Frequencies counts them
	// for the viewer; Sure are those of the words that find whole documents.
	Words map[string]Frequency
	Total Frequency
	Sure  []string
	// Near waits for what Nearest found, meanwhile words are looked for; nil for words only.
	Near func() Near
	// OpenOn leaves out the schemes that are closed on that day; zero keeps them.
	OpenOn time.Time
	// Documents and Passages limit what is found by the score of whole documents and by the score of passages; of the
	// best documents, the passages that hold a word are found, the best Each of them or, when it is 0, all.
	Documents, Each, Passages int
}

// NearQuery is a question's vector, by a model that answers (Vectors.Answering).
type NearQuery struct {
	Vector []float32
	Model  Model
	// Total is all there is, as Frequencies counts it, OpenOn as in Query; Limit is how many passages to find.
	Total  Frequency
	OpenOn time.Time
	Limit  int
}

// Near is the passages nearest to a question's vector, as their store numbers them; nothing without a vector.
type Near struct {
	NearQuery
	Passages []int64
}

// Hit is a passage that was found.
type Hit struct {
	Entry
	// Document is the passage's document, without its Blocks.
	Document Document
	// Length is the number of analysed words in the whole document.
	Length int
	// Local is the BM25 score of the passage's words; higher is better, 0 when it holds none.
	Local float64
	// Vector is the cosine similarity with the question, whatever found the passage; 0 without vectors.
	Vector float64
}

// ConflictError tells that two documents claim the same identity; nothing was written.
type ConflictError struct{ ID, Source, Other string }

func (e *ConflictError) Error() string {
	return fmt.Sprintf("l'identifiant « %s » de %s est déjà celui de %s : changez l'un des deux", e.ID, e.Source, e.Other)
}
