package sqlstore

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/pgvector/pgvector-go"

	"guichet/knowledge"
	"guichet/migrations/database"
)

// postgres finds words with a GIN index of tsvector, and vectors with pgvector: an HNSW index for each model.
type postgres struct{ db *database.DB }

func (*postgres) each() string { return "json_array_elements" }

func (e *postgres) holding(ctx context.Context, word string, _ int64) (out places, err error) {
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

func (*postgres) sent(column string) string { return `halfvec_send(` + column + `)` }

// values reads what pgvector sends: two numbers of sixteen bits, the first the number of dimensions, then each as a half float.
func (*postgres) values(sent []byte) []int8 {
	out := make([]float32, 0, len(sent)/2)
	for at := 4; at+1 < len(sent); at += 2 {
		out = append(out, half(binary.BigEndian.Uint16(sent[at:])))
	}
	_, values := quantised(out)
	return values
}

// half reads a finite number of half precision (IEEE 754, binary16).
func half(bits uint16) float32 {
	exponent, fraction := int(bits>>10&0x1f), float64(bits&0x3ff)
	if exponent > 0 {
		fraction += 1 << 10
		exponent--
	}
	value := math.Ldexp(fraction, exponent-24)
	if bits>>15 != 0 {
		value = -value
	}
	return float32(value)
}

// laterKnown has a plan serve again: for arguments that stand in the conditions themselves, the server makes a new one each time,
// which takes a sixth of the time of finding the nearest.
var laterKnown = strings.NewReplacer(`$1`, `(SELECT CAST($1 AS INTEGER))`, `$2`, `(SELECT CAST($2 AS TEXT))`, `$3`, `(SELECT CAST($3 AS TEXT))`)

// nearest has the index give the passages of a large base: it goes on until enough of them are visible, up to a limit, after
// which all are compared.
func (e *postgres) nearest(ctx context.Context, rights []any, _ shelf, _ int64, model int, q knowledge.NearQuery) ([]int64, error) {
	closest := func(order string) (numbers []int64, err error) {
		err = query(ctx, e.db, fmt.Sprintf(`SELECT p.number FROM vectors v JOIN passages p ON p.meaning = v.meaning JOIN documents d ON d.number = p.document
			WHERE v.model = %d AND `+laterKnown.Replace(visible+` AND `+open)+` ORDER BY (v.vector::halfvec(%d) <=> (SELECT CAST($4 AS halfvec(%[2]d))))%s LIMIT %d`,
			model, len(q.Vector), order, q.Limit),
			append(slices.Clone(rights), whole(q.Vector).String()), func(scan scanner) error {
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
	if err == nil && len(numbers) < q.Limit {
		numbers, err = closest(` + 0`) // an expression that no index has
	}
	if err != nil {
		return nil, fmt.Errorf("comparer les vecteurs : %w", err)
	}
	return numbers, nil
}
