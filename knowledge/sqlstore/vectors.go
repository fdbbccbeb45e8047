package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"guichet/knowledge"
)

// Use implements knowledge.Vectors.
func (s *Store) Use(ctx context.Context, m knowledge.Model) (documents []string, err error) {
	settled, err := s.settled(ctx, m)
	if settled {
		return nil, nil
	}
	number := 0
	if err == nil {
		number, err = s.model(ctx, m)
	}
	if errors.Is(err, sql.ErrNoRows) {
		number, err = s.learn(ctx, m)
	}
	if err == nil {
		err = s.nameMeanings(ctx)
	}
	if err == nil {
		err = s.query(ctx, `SELECT d.id FROM documents d WHERE EXISTS (SELECT 1 FROM passages p WHERE p.document = d.number
			AND NOT EXISTS (SELECT 1 FROM vectors v WHERE v.model = $1 AND v.meaning = p.meaning)) ORDER BY d.id`, []any{number}, func(scan scanner) error {
			var id string
			err := scan(&id)
			documents = append(documents, id)
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("préparer les vecteurs du modèle %s : %w", m.Name, err)
	}
	return documents, nil
}

// settled tells whether the base is as it was when the model was last settled: then it misses nothing.
func (s *Store) settled(ctx context.Context, m knowledge.Model) (settled bool, err error) {
	err = s.db.Conn(ctx).QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM models WHERE name = $1 AND ready = (SELECT last FROM base_changes))`, m.ID()).Scan(&settled)
	return settled, err
}

// model gives the number of a model; sql.ErrNoRows.
func (s *Store) model(ctx context.Context, m knowledge.Model) (number int, err error) {
	err = s.db.Conn(ctx).QueryRowContext(ctx, `SELECT number FROM models WHERE name = $1`, m.ID()).Scan(&number)
	return number, err
}

// learn records a model, or refreshes how it is asked.
func (s *Store) learn(ctx context.Context, m knowledge.Model) (number int, err error) {
	settings, err := m.Settings()
	if err != nil {
		return 0, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.change(ctx); err != nil {
			return err
		}
		return s.db.Conn(ctx).QueryRowContext(ctx, `INSERT INTO models (name, dimensions, settings) VALUES ($1, $2, $3)
			ON CONFLICT (name) DO UPDATE SET settings = excluded.settings RETURNING number`, m.ID(), m.Dimensions, settings).Scan(&number)
	})
	return number, err
}

// nameMeanings computes the hashes of the texts that were written by a program that had no vectors.
func (s *Store) nameMeanings(ctx context.Context) error {
	var rows [][]any
	err := s.query(ctx, `SELECT d.title, p.number, `+passageColumns+` FROM passages p JOIN documents d ON d.number = p.document WHERE p.meaning = ''`, nil, func(scan scanner) error {
		var title string
		var number int64
		var p passage
		if err := scan(append([]any{&title, &number}, p.fields()...)...); err != nil {
			return err
		}
		value, err := p.value("")
		rows = append(rows, []any{number, hash(knowledge.Meaning(title, value))})
		return err
	})
	if err != nil || len(rows) == 0 {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		_, err := s.db.Conn(ctx).ExecContext(ctx, `UPDATE passages SET meaning = e.value->>1 FROM `+s.each()+`($1) AS e WHERE number = CAST(e.value->>0 AS BIGINT)`, list(rows))
		return err
	})
}

// Missing implements knowledge.Vectors.
func (s *Store) Missing(ctx context.Context, m knowledge.Model, document string) ([]string, error) {
	var texts []string
	seen := map[string]bool{}
	err := s.query(ctx, `SELECT d.title, `+passageColumns+` FROM documents d JOIN passages p ON p.document = d.number
		WHERE d.id = $1 AND NOT EXISTS (SELECT 1 FROM vectors v JOIN models m ON m.number = v.model WHERE m.name = $2 AND v.meaning = p.meaning)
		ORDER BY p.ordinal`, []any{document, m.ID()}, func(scan scanner) error {
		var title string
		var p passage
		if err := scan(append([]any{&title}, p.fields()...)...); err != nil {
			return err
		}
		value, err := p.value(document)
		if text := knowledge.Meaning(title, value); !seen[text] {
			seen[text] = true
			texts = append(texts, text)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("chercher les vecteurs qui manquent à %s : %w", document, err)
	}
	return texts, nil
}

// Keep implements knowledge.Vectors.
func (s *Store) Keep(ctx context.Context, m knowledge.Model, texts []string, vectors [][]float32) error {
	if len(texts) != len(vectors) {
		return fmt.Errorf("garder les vecteurs : %d pour %d textes", len(vectors), len(texts))
	}
	rows := make([][]any, len(texts))
	for i, v := range vectors {
		if len(v) != m.Dimensions {
			return fmt.Errorf("garder les vecteurs : le modèle %s en donne de %d nombres au lieu de %d", m.Name, len(v), m.Dimensions)
		}
		unit, ok := normalised(v)
		if !ok {
			return fmt.Errorf("garder les vecteurs : le modèle %s en donne un qui n'est pas fait de nombres", m.Name)
		}
		if unit == nil {
			unit = v // a text without meaning for the model: like nothing
		}
		rows[i] = []any{hash(texts[i]), s.encode(unit)}
	}
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		changed, err := s.change(ctx)
		if err != nil {
			return err
		}
		number, err := s.model(ctx, m)
		if err != nil {
			return err
		}
		kept := list(rows)
		_, err = s.db.Conn(ctx).ExecContext(ctx, `INSERT INTO vectors (model, meaning, vector)
			SELECT CAST($1 AS INTEGER), value->>0, `+s.decoded(`value->>1`)+` FROM `+s.each()+`($2) AS e WHERE true ON CONFLICT DO NOTHING`, number, kept)
		if err != nil {
			return err
		}
		_, err = s.db.Conn(ctx).ExecContext(ctx, `UPDATE documents SET changed = $1 WHERE number IN (
			SELECT p.document FROM passages p WHERE p.meaning IN (SELECT value->>0 FROM `+s.each()+`($2) AS e))`, changed, kept)
		return err
	})
	if err != nil {
		return fmt.Errorf("garder les vecteurs du modèle %s : %w", m.Name, err)
	}
	return nil
}

// Settle implements knowledge.Vectors.
func (s *Store) Settle(ctx context.Context, m knowledge.Model) error {
	settled, err := s.settled(ctx, m)
	if err != nil || settled {
		return err
	}
	missing, err := s.Use(ctx, m)
	if err == nil && len(missing) == 0 {
		var number int
		if number, err = s.model(ctx, m); err == nil {
			err = s.index(ctx, number, m.Dimensions)
		}
	}
	if err != nil {
		return fmt.Errorf("mettre en service les vecteurs du modèle %s : %w", m.Name, err)
	}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		changed, err := s.change(ctx)
		if err != nil {
			return err
		}
		missing, err := s.Use(ctx, m) // again, where no other change can come between
		if err != nil {
			return err
		}
		db := s.db.Conn(ctx)
		if len(missing) == 0 {
			var former []int
			err := query(ctx, s.db, `SELECT number FROM models WHERE name <> $1`, []any{m.ID()}, func(scan scanner) error {
				var number int
				err := scan(&number)
				former = append(former, number)
				return err
			})
			for _, number := range former {
				if err == nil {
					err = s.drop(ctx, number)
				}
				if err == nil {
					_, err = db.ExecContext(ctx, `DELETE FROM vectors WHERE model = $1`, number)
				}
				if err == nil {
					_, err = db.ExecContext(ctx, `DELETE FROM models WHERE number = $1`, number)
				}
			}
			if err == nil {
				_, err = db.ExecContext(ctx, `UPDATE models SET ready = $1 WHERE name = $2`, changed, m.ID())
			}
			if err != nil {
				return err
			}
		}
		_, err = db.ExecContext(ctx, `DELETE FROM vectors WHERE NOT EXISTS (SELECT 1 FROM passages p WHERE p.meaning = vectors.meaning)`)
		return err
	})
	if err != nil {
		return fmt.Errorf("mettre en service les vecteurs du modèle %s : %w", m.Name, err)
	}
	return nil
}
