package sqlstore

import (
	"context"
	"fmt"
	"maps"
	"math"
	"sync"
	"time"

	"guichet/knowledge"
)

// What bounds the memory of searches.
const (
	// mostHeld is how many places of words are kept, and how many volumes: ten and eight bytes each.
	mostHeld = 2_000_000
	// mostCounted is how many counts of words are kept, some hundred bytes each.
	mostCounted = 100_000
	// mostKnown is how many bytes of passages are kept: about 25,000 of them.
	mostKnown = 32 << 20
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
// for the number of the last one. What it keeps of passages is whoever's: only those on an asker's shelf are taken from it.
type memory struct {
	mu      sync.Mutex
	change  int64
	lists   map[string]places
	held    int
	shelves map[asking]shelf
	counted map[counting]knowledge.Frequency
	// passages are those that were read, by number, bytes what they take.
	passages map[int64]*known
	bytes    int
	models   []model // nil until they are read
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
		m.change, m.held, m.bytes = change, 0, 0
		m.models = nil
		m.lists, m.shelves, m.counted, m.passages = map[string]places{}, map[asking]shelf{}, map[counting]knowledge.Frequency{}, map[int64]*known{}
	}
	if change == m.change {
		do()
	}
}

// keep keeps a passage, in the place of what was known of it.
func (m *memory) keep(number int64, k *known) {
	if former := m.passages[number]; former != nil {
		m.bytes -= former.size()
	}
	if m.bytes += k.size(); m.bytes > mostKnown {
		clear(m.passages)
		m.bytes = k.size()
	}
	m.passages[number] = k
}

// shelf gives the documents that a viewer may see.
func (s *Store) shelf(ctx context.Context, v knowledge.Viewer, openOn time.Time, change int64) (shelf, error) {
	who := asking{v.Audience, v.EPCI, day(openOn)}
	var out shelf
	s.memory.at(change, func() { out = s.memory.shelves[who] })
	if out != nil {
		return out, nil
	}
	out = make(shelf, change+1)
	order := int32(0)
	err := s.query(ctx, `SELECT d.number, d.passages FROM documents d WHERE `+visible+` AND `+open+` ORDER BY d.id`, append(rights(v), who.openOn), func(scan scanner) error {
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
	out, err := s.holding(ctx, word, change)
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
	change, err := s.last(ctx)
	if err != nil {
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
		// Joined with the words, PostgreSQL would read the counts of all words.
		counted := `FROM word_counts d WHERE ` + visible + ` AND d.word = value->>0`
		err := s.query(ctx, `SELECT value->>0, coalesce((SELECT sum(d.passages) `+counted+`), 0), coalesce((SELECT sum(d.documents) `+counted+`), 0)
			FROM `+s.each()+`($3) AS e`, append(rights(v), list(unknown)), func(scan scanner) error {
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
