package sqlstore

import (
	"context"
	"fmt"
	"maps"
	"math"
	"sync"

	"guichet/knowledge"
)

// What bounds the memory of searches.
const (
	// mostHeld is how many places of words are kept, and how many volumes: ten and eight bytes each.
	mostHeld = 2_000_000
	// mostCounted is how many counts of words are kept, some hundred bytes each.
	mostCounted = 100_000
)

// places is the passages that hold a word, by number, with their lengths in words.
type places struct {
	numbers []int64
	lengths []uint16
}

// add reads one passage.
func (p *places) add(scan scanner) error {
	var number int64
	var length int
	err := scan(&number, &length)
	p.numbers, p.lengths = append(p.numbers, number), append(p.lengths, uint16(min(length, math.MaxUint16)))
	return err
}

// shelf is the documents that a sort of asker may see, by number.
type shelf []volume

// volume is a document that may be seen: its place in the order of identifiers, which settles ties whatever the order of
// writes, and its number of passages. One without passages is none.
type volume struct{ order, passages int32 }

func (s shelf) volume(passage int64) volume {
	if document := passage >> passageBits; document < int64(len(s)) {
		return s[document]
	}
	return volume{}
}

// holds tells whether a document may be seen, and has passages.
func (s shelf) holds(document int64) bool { return s.volume(document<<passageBits).passages > 0 }

// asking is what the rights to documents depend on.
type asking struct {
	audience knowledge.Audience
	epci     string
	openOn   string
}

// memory keeps what searches read of the base until its next change, which any process may make: each search first asks
// for the number of the last one.
type memory struct {
	mu      sync.Mutex
	change  int64
	lists   map[string]places
	held    int
	shelves map[asking]shelf
	counted map[counting]knowledge.Frequency
}

// counting is a word that is counted for a sort of viewer; the empty word counts all there is.
type counting struct {
	audience knowledge.Audience
	epci     string
	word     string
}

// at runs do on what is known of the base as it was at a change, unless a later change is known.
func (m *memory) at(change int64, do func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if change > m.change || m.lists == nil {
		m.change, m.held = change, 0
		m.lists, m.shelves, m.counted = map[string]places{}, map[asking]shelf{}, map[counting]knowledge.Frequency{}
	}
	if change == m.change {
		do()
	}
}

// shelf gives the documents that a viewer may see.
func (s *Store) shelf(ctx context.Context, v knowledge.Viewer, openOn string, change int64) (shelf, error) {
	who := asking{v.Audience, v.EPCI, openOn}
	var out shelf
	s.memory.at(change, func() { out = s.memory.shelves[who] })
	if out != nil {
		return out, nil
	}
	out = make(shelf, change+1)
	order := int32(0)
	err := s.query(ctx, `SELECT d.number, d.passages FROM documents d WHERE `+visible+` AND `+open+` ORDER BY d.id`, append(rights(v), openOn), func(scan scanner) error {
		var number int64
		var passages int32
		err := scan(&number, &passages)
		if number <= change { // else written since
			out[number] = volume{order, passages}
			order++
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	s.memory.at(change, func() {
		if (len(s.memory.shelves)+1)*len(out) > mostHeld {
			clear(s.memory.shelves)
		}
		s.memory.shelves[who] = out
	})
	return out, nil
}

// places gives the passages that hold a word.
func (s *Store) places(ctx context.Context, word string, change int64) (places, error) {
	var out places
	known := false
	s.memory.at(change, func() { out, known = s.memory.lists[word] })
	if known {
		return out, nil
	}
	out, err := s.holding(ctx, word)
	if err != nil {
		return places{}, err
	}
	s.memory.at(change, func() {
		if s.memory.held += len(out.numbers); s.memory.held > mostHeld {
			clear(s.memory.lists)
			s.memory.held = len(out.numbers)
		}
		s.memory.lists[word] = out
	})
	return out, nil
}

// Frequencies implements knowledge.Store.
func (s *Store) Frequencies(ctx context.Context, v knowledge.Viewer, words []string) (map[string]knowledge.Frequency, knowledge.Frequency, error) {
	if err := v.Check(); err != nil {
		return nil, knowledge.Frequency{}, err
	}
	found, err := s.frequencies(ctx, v, append([]string{""}, words...))
	if err != nil {
		return nil, knowledge.Frequency{}, fmt.Errorf("compter les mots : %w", err)
	}
	total := found[""]
	delete(found, "")
	return found, total, nil
}

func (s *Store) frequencies(ctx context.Context, v knowledge.Viewer, words []string) (map[string]knowledge.Frequency, error) {
	var change int64
	if err := s.db.Conn(ctx).QueryRowContext(ctx, `SELECT last FROM base_changes`).Scan(&change); err != nil {
		return nil, err
	}
	var unknown [][]any
	found := make(map[string]knowledge.Frequency, len(words))
	s.memory.at(change, func() {
		for _, w := range words {
			if f, ok := s.memory.counted[counting{v.Audience, v.EPCI, w}]; ok {
				found[w] = f
			}
		}
	})
	for _, w := range words {
		if _, ok := found[w]; !ok && utf8Text(w) {
			found[w] = knowledge.Frequency{}
			unknown = append(unknown, []any{w})
		}
	}
	if len(unknown) > 0 {
		err := s.query(ctx, `SELECT d.word, sum(d.passages), sum(d.documents) FROM word_counts d
			WHERE `+visible+` AND d.word IN (SELECT value->>0 FROM `+s.each()+`($3) AS e) GROUP BY d.word`, append(rights(v), list(unknown)), func(scan scanner) error {
			var word string
			var f knowledge.Frequency
			err := scan(&word, &f.Passages, &f.Documents)
			found[word] = f
			return err
		})
		if err != nil {
			return nil, err
		}
		s.memory.at(change, func() {
			if len(s.memory.counted)+len(found) > mostCounted {
				clear(s.memory.counted)
			}
			for w, f := range found {
				s.memory.counted[counting{v.Audience, v.EPCI, w}] = f
			}
		})
	}
	maps.DeleteFunc(found, func(_ string, f knowledge.Frequency) bool { return f == knowledge.Frequency{} })
	return found, nil
}
