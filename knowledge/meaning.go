package knowledge

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Model names a model of embeddings and how it is asked.
type Model struct {
	// Name is the server's name for it, Dimensions the length of its vectors.
	Name       string `json:"name"`
	Dimensions int    `json:"dimensions"`
	// QueryName is the name under which it embeds questions, when the server has two.
	QueryName string `json:"query_name,omitempty"`
	// QueryPrefix and PassagePrefix start what it is given, as some models want (« query: », « passage: » for e5).
	QueryPrefix   string `json:"query_prefix,omitempty"`
	PassagePrefix string `json:"passage_prefix,omitempty"`
}

// ID tells models apart: two models of one ID make the same vector of a passage.
func (m Model) ID() string {
	return strings.TrimSpace(fmt.Sprintf("%s/%d %s", m.Name, m.Dimensions, strings.TrimSpace(m.PassagePrefix)))
}

// String gives the ID.
func (m Model) String() string { return m.ID() }

// Settings gives the model as JSON, for a Store to keep; ReadModel reads it back.
func (m Model) Settings() (string, error) {
	text, err := json.Marshal(m)
	return string(text), err
}

// ReadModel reads what Settings wrote.
func ReadModel(settings string) (m Model, err error) {
	err = json.Unmarshal([]byte(settings), &m)
	return m, err
}

// Embedder makes vectors of meaning: texts that mean the same have a high cosine similarity.
type Embedder interface {
	// Model is the one that the base is to have vectors of.
	Model() Model
	// Passages embeds texts of the base by a model, Model or a former one; one vector a text, in order.
	Passages(ctx context.Context, m Model, texts []string) ([][]float32, error)
	// Query embeds a question, to be compared with the passages of the same model.
	Query(ctx context.Context, m Model, text string) ([]float32, error)
}

// Vectors is the part of a Store that keeps vectors. It reads passages without a viewer: what it gives goes to the
// Embedder and nowhere else.
type Vectors interface {
	// Use makes a model known and gives the documents with a passage that has no vector of it.
	Use(ctx context.Context, m Model) (documents []string, err error)
	// Missing gives the texts (Meaning) of a document that have no vector of a model yet, each once.
	Missing(ctx context.Context, m Model, document string) ([]string, error)
	// Keep keeps the vectors of texts, one a text. The same text in another document, now or later, has it too.
	Keep(ctx context.Context, m Model, texts []string, vectors [][]float32) error
	// Settle lets a model answer if no passage misses its vector, and then forgets the other models. It forgets the
	// vectors of the texts that no passage holds any more.
	Settle(ctx context.Context, m Model) error
	// Answering gives the model whose vectors answer: m once it was settled, else the last one that was; false when none was.
	Answering(ctx context.Context, m Model) (Model, bool, error)
}

// Meaning is the text whose vector stands for a passage: it says what the passage is about, which its own words may not.
func Meaning(title string, p Passage) string {
	above := append([]string{}, p.Path...)
	if title != "" && p.Kind != Title && (len(above) == 0 || above[0] != title) {
		above = append([]string{title}, above...)
	}
	if len(above) == 0 {
		return p.Text
	}
	return strings.Join(above, " › ") + "\n" + p.Text
}

// embedded is how many texts are embedded before they are kept: what a failure makes do again.
const embedded = 64

// Embed makes the missing vectors of one document. Doing it again is harmless.
func Embed(ctx context.Context, store Store, e Embedder, document string) error {
	m := e.Model()
	texts, err := store.Missing(ctx, m, document)
	if err != nil {
		return err
	}
	for len(texts) > 0 {
		batch := texts[:min(embedded, len(texts))]
		vectors, err := e.Passages(ctx, m, batch)
		if err != nil {
			return fmt.Errorf("vecteurs de %s : %w", document, err)
		}
		if err := store.Keep(ctx, m, batch, vectors); err != nil {
			return err
		}
		texts = texts[len(batch):]
	}
	return nil
}

// EmbedAll makes all missing vectors, then lets the model answer. Progress, if not nil, is called after each document.
func EmbedAll(ctx context.Context, store Store, e Embedder, progress func(done, total int)) error {
	documents, err := store.Use(ctx, e.Model())
	if err != nil {
		return err
	}
	for i, d := range documents {
		if err := Embed(ctx, store, e, d); err != nil {
			return err
		}
		if progress != nil {
			progress(i+1, len(documents))
		}
	}
	return store.Settle(ctx, e.Model())
}

// Embed makes the missing vectors of one document by the base's Embedder.
func (b *Base) Embed(ctx context.Context, document string) error {
	return Embed(ctx, b.store, b.Embedder, document)
}

// EmbedAll makes all the missing vectors by the base's Embedder, which answers from then on.
func (b *Base) EmbedAll(ctx context.Context) error { return EmbedAll(ctx, b.store, b.Embedder, nil) }

// Patience is how long a question waits for its vector; after that, words alone answer it.
const Patience = 500 * time.Millisecond

// understand embeds a question and finds the nearest passages, in the background, and gives what to call for the result: nothing
// when words alone are to answer.
func (b *Base) understand(ctx context.Context, store Store, v Viewer, text string, limit int) func() Near {
	if b.Embedder == nil || b.Mode == Lexical {
		return nil
	}
	done := make(chan Near, 1)
	go func() {
		near, err := b.near(ctx, store, v, text, limit)
		if err != nil {
			near = Near{}
			if b.Degraded != nil && ctx.Err() != context.Canceled {
				b.Degraded(err)
			}
		}
		done <- near
	}()
	return func() Near {
		select {
		case near := <-done:
			return near
		case <-ctx.Done():
			return Near{}
		}
	}
}

func (b *Base) near(ctx context.Context, store Store, v Viewer, text string, limit int) (Near, error) {
	patient, cancel := context.WithTimeout(ctx, b.Patience)
	defer cancel()
	model, ok, err := store.Answering(patient, b.Embedder.Model())
	if err != nil || !ok {
		return Near{}, err
	}
	vector, err := b.Embedder.Query(patient, model, text)
	if err != nil || !slices.ContainsFunc(vector, func(x float32) bool { return x != 0 }) {
		return Near{}, err // the model may know nothing of it
	}
	// A question without a subject does not wait for its nearest: interrupted, a statement takes its connection with it.
	ctx = context.WithoutCancel(ctx)
	_, total, err := store.Frequencies(ctx, v, nil)
	if err != nil {
		return Near{}, err
	}
	return store.Nearest(ctx, v, NearQuery{Vector: vector, Model: model, Total: total, Limit: limit})
}
