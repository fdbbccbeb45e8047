package sqlstore

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"sync"

	"guichet/knowledge"
	"guichet/migrations/database"
)

// sqlite finds words with FTS5, and vectors by comparing them all: they are held in memory at eight bits a dimension, a
// block a document, and read again when their document changed.
type sqlite struct {
	db *database.DB

	mu sync.Mutex
	// model is the one whose vectors are held, as they were at the change of that number.
	model  int
	change int64
	blocks map[int64]*block
	// allowed keeps, until the next change, the documents that each sort of asker may see, as SQL gave them.
	allowed map[asking][]*block
}

// asking is what the rights to documents depend on.
type asking struct {
	audience knowledge.Audience
	epci     string
	openOn   string
}

// mostAskings bounds what is kept in allowed.
const mostAskings = 256

// block holds the vectors of a document.
type block struct {
	document, changed int64
	numbers           []int64
	scales            []float32
	values            []int8 // one vector after the other
}

func (*sqlite) each() string { return "json_each" }

func (*sqlite) word(w string) string     { return `"` + w + `"` }
func (*sqlite) any(sets []string) string { return "(" + strings.Join(sets, " OR ") + ")" }
func (*sqlite) both(a, b string) string  { return a + " AND " + b }

func (*sqlite) holding(set string) (from, number string) {
	return `passage_words WHERE passage_words MATCH ` + set, `passage_words.rowid`
}

func (*sqlite) index(context.Context, int, int) error { return nil }
func (*sqlite) drop(context.Context, int) error       { return nil }

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

// nearest compares with all the vectors of the documents that the viewer may see.
func (e *sqlite) nearest(ctx context.Context, v knowledge.Viewer, q knowledge.Query, model int) (nearest, error) {
	blocks, all, err := e.visible(ctx, v, q, model)
	if err != nil {
		return nearest{}, fmt.Errorf("lire les vecteurs : %w", err)
	}
	scale, asked := quantised(q.Vector)
	best := newTop(q.Nearest)
	for _, b := range blocks {
		for i, number := range b.numbers {
			best.add(number, scale*float64(b.scales[i])*float64(dot(asked, b.values[i*len(asked):(i+1)*len(asked)])))
		}
	}
	return nearest{
		rows:       `SELECT CAST(value->>0 AS BIGINT) AS number, CAST(value->>1 AS DOUBLE PRECISION) AS similarity FROM json_each($8)`,
		similarity: `0.0`,
		args:       []any{list(best.rows())},
		measure: func(number int64) float64 {
			b := all[number>>passageBits]
			if b == nil {
				return 0
			}
			for i, n := range b.numbers {
				if n == number {
					return scale * float64(b.scales[i]) * float64(dot(asked, b.values[i*len(asked):(i+1)*len(asked)]))
				}
			}
			return 0
		},
	}, nil
}

// visible gives the vectors of the documents that a viewer may see, and of all.
func (e *sqlite) visible(ctx context.Context, v knowledge.Viewer, q knowledge.Query, model int) (seen []*block, all map[int64]*block, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var change int64
	if err := e.db.Conn(ctx).QueryRowContext(ctx, `SELECT last FROM base_changes`).Scan(&change); err != nil {
		return nil, nil, err
	}
	if change != e.change || model != e.model {
		if err := e.refresh(ctx, model); err != nil {
			return nil, nil, err
		}
		e.change, e.model, e.allowed = change, model, map[asking][]*block{}
	}
	who := asking{v.Audience, v.EPCI, day(q.OpenOn)}
	seen, ok := e.allowed[who]
	if !ok {
		err := query(ctx, e.db, `SELECT d.number FROM documents d WHERE `+visible+` AND `+open+` ORDER BY d.number`, append(rights(v), who.openOn), func(scan scanner) error {
			var number int64
			err := scan(&number)
			if b := e.blocks[number]; b != nil {
				seen = append(seen, b)
			}
			return err
		})
		if err != nil {
			return nil, nil, err
		}
		if len(e.allowed) >= mostAskings {
			clear(e.allowed)
		}
		e.allowed[who] = seen
	}
	return seen, e.blocks, nil
}

// refresh reads the vectors of the documents that changed, into a new map: questions that run keep the former.
func (e *sqlite) refresh(ctx context.Context, model int) error {
	blocks := make(map[int64]*block, len(e.blocks))
	var stale [][]any
	err := query(ctx, e.db, `SELECT number, changed FROM documents`, nil, func(scan scanner) error {
		b := &block{}
		if err := scan(&b.document, &b.changed); err != nil {
			return err
		}
		if held := e.blocks[b.document]; held != nil && held.changed == b.changed && model == e.model {
			b = held
		} else {
			stale = append(stale, []any{b.document})
		}
		blocks[b.document] = b
		return nil
	})
	if err != nil || len(stale) == 0 {
		e.blocks = blocks
		return err
	}
	err = query(ctx, e.db, `SELECT p.number, v.vector FROM json_each($1) s CROSS JOIN passages p ON p.document = s.value->>0
		JOIN vectors v ON v.model = $2 AND v.meaning = p.meaning ORDER BY p.number`, []any{list(stale), model}, func(scan scanner) error {
		var number int64
		var vector []byte
		if err := scan(&number, &vector); err != nil {
			return err
		}
		b := blocks[number>>passageBits]
		if b == nil { // written since the documents were listed
			return nil
		}
		b.numbers = append(b.numbers, number)
		b.scales = append(b.scales, math.Float32frombits(binary.LittleEndian.Uint32(vector)))
		for _, x := range vector[4:] {
			b.values = append(b.values, int8(x))
		}
		return nil
	})
	if err == nil {
		e.blocks = blocks
	}
	return err
}
