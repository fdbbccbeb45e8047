package static

import (
	"context"
	"fmt"

	"guichet/knowledge"
)

// Embedder is the built-in model as a knowledge.Embedder: no server, and vectors at once.
type Embedder struct{}

// Model implements knowledge.Embedder.
func (Embedder) Model() knowledge.Model {
	return knowledge.Model{Name: Default().Name(), Dimensions: Default().Dimensions()}
}

// Passages implements knowledge.Embedder. Another model than its own is an error.
func (e Embedder) Passages(ctx context.Context, m knowledge.Model, texts []string) ([][]float32, error) {
	vectors := make([][]float32, len(texts))
	for i, text := range texts {
		var err error
		if vectors[i], err = e.Query(ctx, m, text); err != nil {
			return nil, err
		}
	}
	return vectors, nil
}

// Query implements knowledge.Embedder; questions and passages are embedded alike.
func (e Embedder) Query(_ context.Context, m knowledge.Model, text string) ([]float32, error) {
	if m.ID() != e.Model().ID() {
		return nil, fmt.Errorf("les vecteurs de la base sont ceux de %s, pas du modèle livré", m)
	}
	return Default().Embed(text), nil
}
