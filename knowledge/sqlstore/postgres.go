package sqlstore

import (
	"context"
	"fmt"
	"slices"

	"github.com/pgvector/pgvector-go"

	"guichet/knowledge"
	"guichet/migrations/database"
)

// postgres finds words with a GIN index of tsvector, and vectors with pgvector: an HNSW index for each model.
type postgres struct{ db *database.DB }

func (*postgres) each() string { return "json_array_elements" }

func (e *postgres) holding(ctx context.Context, word string) (out places, err error) {
	err = query(ctx, e.db, `SELECT number, length FROM passages WHERE words @@ CAST($1 AS tsquery) ORDER BY number`, []any{"'" + word + "'"}, out.add)
	return out, err
}

// buildMemory lets the index of some 300,000 vectors be built in memory: beyond, it takes several times longer.
const buildMemory = "512MB"

// index builds the index from the vectors that are there: several times faster than adding them to it one by one.
func (e *postgres) index(ctx context.Context, number, dimensions int) error {
	return e.db.InLongTx(ctx, func(ctx context.Context) error {
		if err := e.db.Alone(ctx, "vectors"); err != nil {
			return err
		}
		name := fmt.Sprintf(`vectors_nearest_%d`, number)
		var done bool
		if err := e.db.Conn(ctx).QueryRowContext(ctx, `SELECT to_regclass($1) IS NOT NULL`, name).Scan(&done); err != nil || done {
			return err
		}
		for _, statement := range []string{
			`SET LOCAL maintenance_work_mem = '` + buildMemory + `'`,
			fmt.Sprintf(`CREATE INDEX %s ON vectors USING hnsw ((vector::halfvec(%d)) halfvec_cosine_ops) WHERE model = %d`, name, dimensions, number),
		} {
			if _, err := e.db.Conn(ctx).ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
}

func (e *postgres) drop(ctx context.Context, number int) error {
	_, err := e.db.Conn(ctx).ExecContext(ctx, fmt.Sprintf(`DROP INDEX IF EXISTS vectors_nearest_%d`, number))
	return err
}

func (*postgres) encode(vector []float32) string { return whole(vector).String() }

// whole gives a vector as the whole numbers that SQLite keeps too, which half precision holds exactly; its cosines are the same
// whatever the scale.
func whole(vector []float32) pgvector.HalfVector {
	_, values := quantised(vector)
	out := make([]float32, len(values))
	for i, x := range values {
		out[i] = float32(x)
	}
	return pgvector.NewHalfVector(out)
}

func (*postgres) decoded(text string) string { return `CAST(` + text + ` AS halfvec)` }

// nearest has the index give the passages of a large base: it goes on until enough of them are visible, up to a limit, after
// which all are compared.
func (e *postgres) nearest(ctx context.Context, rights []any, q knowledge.Query, model int, _ shelf) (nearest, error) {
	distance := func(question string) string {
		return fmt.Sprintf(`(v.vector::halfvec(%d) <=> CAST(%s AS halfvec(%[1]d)))`, len(q.Vector), question)
	}
	question := whole(q.Vector).String()
	closest := func(order string) (numbers []int64, err error) {
		err = query(ctx, e.db, fmt.Sprintf(`SELECT p.number FROM vectors v JOIN passages p ON p.meaning = v.meaning JOIN documents d ON d.number = p.document
			WHERE v.model = %d AND `+visible+` AND `+open+` ORDER BY `+distance(`$4`)+order+` LIMIT %d`, model, q.Nearest), append(slices.Clone(rights), question), func(scan scanner) error {
			var number int64
			err := scan(&number)
			numbers = append(numbers, number)
			return err
		})
		return numbers, err
	}
	var numbers []int64
	var err error
	if q.Total.Passages > allCompared {
		numbers, err = closest(``)
	}
	if err == nil && len(numbers) < q.Nearest {
		numbers, err = closest(` + 0`) // an expression that no index has
	}
	if err != nil {
		return nearest{}, fmt.Errorf("comparer les vecteurs : %w", err)
	}
	return nearest{
		numbers: numbers,
		// A vector of zeros has no cosine.
		similarity: fmt.Sprintf(`coalesce((SELECT 1 - nullif(%s, 'NaN') FROM vectors v WHERE v.model = %d AND v.meaning = p.meaning), 0)`, distance(`$5`), model),
		args:       []any{question},
	}, nil
}
