package sqlstore

import (
	"context"
	"fmt"

	"guichet/knowledge"
)

// allCompared is how many passages a viewer may see and all be compared with a question. Beyond, each engine has its way of
// comparing those that promise the most.
const allCompared = 5_000

// model is one whose vectors are kept.
type model struct {
	number         int
	name, settings string
	ready          bool
}

// models gives those that the base has, the last one that was settled first.
func (s *Store) models(ctx context.Context, change int64) ([]model, error) {
	var models []model
	s.memory.at(change, func() { models = s.memory.models })
	if models != nil {
		return models, nil
	}
	models = []model{}
	err := s.query(ctx, `SELECT number, name, settings, ready > 0 FROM models ORDER BY ready DESC`, nil, func(scan scanner) error {
		var m model
		err := scan(&m.number, &m.name, &m.settings, &m.ready)
		models = append(models, m)
		return err
	})
	if err == nil {
		s.memory.at(change, func() { s.memory.models = models })
	}
	return models, err
}

// number gives that of a model, 0 for one dropped meanwhile, which leaves the words.
func (s *Store) number(ctx context.Context, asked knowledge.Model, change int64) (int, error) {
	models, err := s.models(ctx, change)
	for _, m := range models {
		if m.name == asked.ID() {
			return m.number, nil
		}
	}
	return 0, err
}

// Answering implements knowledge.Vectors.
func (s *Store) Answering(ctx context.Context, wanted knowledge.Model) (knowledge.Model, bool, error) {
	change, err := s.last(ctx)
	var models []model
	if err == nil {
		models, err = s.models(ctx, change)
	}
	if err != nil {
		return knowledge.Model{}, false, fmt.Errorf("choisir les vecteurs : %w", err)
	}
	var former *model
	for i, m := range models {
		switch {
		case !m.ready:
		case m.name == wanted.ID():
			return wanted, true, nil // as it is asked now
		case former == nil:
			former = &models[i]
		}
	}
	if former == nil {
		return knowledge.Model{}, false, nil
	}
	answering, err := knowledge.ReadModel(former.settings)
	if err != nil {
		return answering, false, fmt.Errorf("lire le modèle %s : %w", former.name, err)
	}
	return answering, true, nil
}

// Nearest implements knowledge.Store.
func (s *Store) Nearest(ctx context.Context, v knowledge.Viewer, q knowledge.NearQuery) (knowledge.Near, error) {
	if err := v.Check(); err != nil {
		return knowledge.Near{}, err
	}
	near, err := s.near(ctx, v, q)
	if err != nil {
		return knowledge.Near{}, fmt.Errorf("chercher par le sens : %w", err)
	}
	return near, nil
}

func (s *Store) near(ctx context.Context, v knowledge.Viewer, q knowledge.NearQuery) (knowledge.Near, error) {
	if q.Vector, _ = normalised(q.Vector); q.Vector == nil || q.Limit <= 0 {
		return knowledge.Near{}, nil
	}
	change, err := s.last(ctx)
	if err != nil {
		return knowledge.Near{}, err
	}
	number, err := s.number(ctx, q.Model, change)
	if err != nil || number == 0 {
		return knowledge.Near{}, err
	}
	shelf, err := s.shelf(ctx, v, q.OpenOn, change)
	if err != nil {
		return knowledge.Near{}, err
	}
	passages, err := s.nearest(ctx, append(rights(v), day(q.OpenOn)), shelf, change, number, q)
	return knowledge.Near{NearQuery: q, Passages: passages}, err
}
