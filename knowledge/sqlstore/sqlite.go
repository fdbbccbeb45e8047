package sqlstore

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"sync"

	"guichet/knowledge"
	"guichet/migrations/database"
)

// sqlite finds words with FTS5. What a search needs to know of every passage is held in memory, a block a document, and
// read again when their document changed: lengths, and vectors at eight bits a dimension, which are all compared.
type sqlite struct {
	db *database.DB

	mu sync.Mutex
	// model is the one whose vectors are held, 0 when none are, as they were at the change of that number.
	model  int
	change int64
	known  held
}

// held is what is in memory: the documents by number, and the signs of all their vectors. It is never changed.
type held struct {
	blocks map[int64]*block
	sieve  sieve
}

// block holds the passages of a document, in order.
type block struct {
	document, changed int64
	numbers           []int64
	lengths           []uint16
	vectors           vectors
}

func (*sqlite) each() string { return "json_each" }

func (e *sqlite) holding(ctx context.Context, word string, change int64) (places, error) {
	held, err := e.held(ctx, change, 0)
	if err != nil {
		return places{}, err
	}
	var out places
	err = query(ctx, e.db, `SELECT rowid FROM passage_words WHERE passage_words MATCH $1 ORDER BY rowid`, []any{`"` + word + `"`}, func(scan scanner) error {
		var number int64
		err := scan(&number)
		if b := held.blocks[number>>passageBits]; b != nil { // else written since
			if i, ok := slices.BinarySearch(b.numbers, number); ok {
				out.numbers, out.lengths = append(out.numbers, number), append(out.lengths, b.lengths[i])
			}
		}
		return err
	})
	return out, err
}

func (*sqlite) index(context.Context, int, int) error { return nil }
func (*sqlite) drop(context.Context, int) error       { return nil }

// scaleBytes is the length of the scale at the start of an encoded vector.
const scaleBytes = 4

// encode gives the scale, then the dimensions as multiples of it.
func (*sqlite) encode(vector []float32) string {
	scale, values := quantised(vector)
	out := binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(scale)))
	for _, x := range values {
		out = append(out, byte(x))
	}
	return hex.EncodeToString(out)
}

func (*sqlite) decoded(text string) string { return `unhex(` + text + `)` }

func (*sqlite) sent(column string) string { return column }

func (*sqlite) values(sent []byte) []int8 {
	out := make([]int8, len(sent)-scaleBytes)
	for i, x := range sent[scaleBytes:] {
		out[i] = int8(x)
	}
	return out
}

// nearest compares with the vectors of the documents that the viewer may see.
func (e *sqlite) nearest(ctx context.Context, _ []any, shelf shelf, change int64, model int, q knowledge.NearQuery) ([]int64, error) {
	held, err := e.held(ctx, change, model)
	if err != nil {
		return nil, fmt.Errorf("lire les vecteurs : %w", err)
	}
	return held.sieve.nearest(ask(q.Vector), shelf.holds, q.Limit), nil
}

// held gives what is in memory, with the vectors of a model unless it is 0, as it was at a change or at a later one.
func (e *sqlite) held(ctx context.Context, change int64, model int) (held, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if model == 0 {
		model = e.model
	}
	if change > e.change || model != e.model {
		known, err := e.refreshed(ctx, model)
		if err != nil {
			return held{}, err
		}
		e.change, e.model, e.known = max(change, e.change), model, known
	}
	return e.known, nil
}

// refreshed reads the documents that changed; the others are taken as they are.
func (e *sqlite) refreshed(ctx context.Context, model int) (held, error) {
	blocks := make(map[int64]*block, len(e.known.blocks))
	var order []*block
	var stale [][]any
	err := query(ctx, e.db, `SELECT number, changed FROM documents ORDER BY number`, nil, func(scan scanner) error {
		b := &block{}
		if err := scan(&b.document, &b.changed); err != nil {
			return err
		}
		if former := e.known.blocks[b.document]; former != nil && former.changed == b.changed && model == e.model {
			b = former
		} else {
			stale = append(stale, []any{b.document})
		}
		blocks[b.document], order = b, append(order, b)
		return nil
	})
	if err != nil {
		return held{}, err
	}
	err = query(ctx, e.db, `SELECT p.number, p.length, v.vector FROM json_each($1) s CROSS JOIN passages p ON p.document = s.value->>0
		LEFT JOIN vectors v ON v.model = $2 AND v.meaning = p.meaning ORDER BY p.number`, []any{list(stale), model}, func(scan scanner) error {
		var number int64
		var length int
		var vector []byte
		if err := scan(&number, &length, &vector); err != nil {
			return err
		}
		if b := blocks[number>>passageBits]; b != nil { // else written since the documents were listed
			b.numbers, b.lengths = append(b.numbers, number), append(b.lengths, uint16(min(length, math.MaxUint16)))
			if vector != nil {
				b.vectors.add(number, vector)
			}
		}
		return nil
	})
	if err != nil {
		return held{}, err
	}
	out := held{blocks: blocks}
	for _, b := range order {
		if n := len(b.vectors.numbers); n > 0 {
			out.sieve.add(b.document, &b.vectors, len(b.vectors.values)/n)
		}
	}
	return out, nil
}
