package static

import (
	"context"
	"fmt"
	"slices"

	"guichet/knowledge"
	"guichet/knowledge/french"
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

// Query implements knowledge.Embedder; questions and passages are embedded alike. A question without a known word gives
// zeros: the pieces of unknown words help the others, and say nothing alone.
func (e Embedder) Query(_ context.Context, m knowledge.Model, text string) ([]float32, error) {
	if m.ID() != e.Model().ID() {
		return nil, fmt.Errorf("les vecteurs de la base sont ceux de %s, pas du modèle livré", m)
	}
	if !Default().knows(text) {
		return make([]float32, Default().Dimensions()), nil
	}
	return Default().Embed(text), nil
}

func (m *Model) knows(text string) bool {
	return slices.ContainsFunc(french.Words(text), func(w french.Word) bool {
		_, ok := m.find(w.Fold)
		return ok && !french.Stop(w.Fold)
	})
}
