package sqlstore

import (
	"context"
	"slices"
	"strings"
	"time"
	"unsafe"

	"guichet/knowledge"
)

// known is a passage as it was read, with the vector that a model made of it; 0 for none.
type known struct {
	passage       knowledge.Passage
	section, body []string
	document      *knownDocument
	model         int
	vector        []int8
	norm          float64
}

// knownDocument is what its passages share.
type knownDocument struct {
	knowledge.Document
	title  []string
	length int
}

// words is how many analysed words it holds with its titles.
func (k *known) words() int { return len(k.document.title) + len(k.section) + len(k.body) }

// hit gives the passage as it was found.
func (k *known) hit(local, similarity float64) knowledge.Hit {
	return knowledge.Hit{
		Entry:    knowledge.Entry{Passage: k.passage, Title: k.document.title, Section: k.section, Body: k.body},
		Document: k.document.Document, Length: k.document.length, Local: local, Vector: similarity,
	}
}

// size is about how many bytes it takes, as if it were alone of its document.
func (k *known) size() int {
	texts := len(k.passage.Text)
	for _, list := range [][]string{k.section, k.body, k.passage.Path} {
		texts += cap(list) * int(unsafe.Sizeof(""))
		for _, word := range list {
			texts += len(word) + 1
		}
	}
	return int(unsafe.Sizeof(*k)+unsafe.Sizeof(*k.document)) + texts + cap(k.vector)
}

// passages gives those of the numbers that stand on the shelf of an asker, in order, with their vectors by a model unless it is
// 0. Those that are not in memory are read under the same rights as the shelf was. What it gives is shared: it must not be changed.
func (s *Store) passages(ctx context.Context, v knowledge.Viewer, openOn time.Time, shelf shelf, change int64, model int, numbers []int64) ([]*known, error) {
	slices.Sort(numbers)
	numbers = slices.DeleteFunc(slices.Compact(numbers), func(number int64) bool { return !shelf.holds(number >> passageBits) })
	found := make([]*known, len(numbers))
	var missing [][]any
	s.memory.at(change, func() {
		for i, number := range numbers {
			if k := s.memory.passages[number]; k != nil && (k.model == model || model == 0) {
				found[i] = k
			}
		}
	})
	for i, number := range numbers {
		if found[i] == nil {
			missing = append(missing, []any{number})
		}
	}
	if len(missing) == 0 {
		return found, nil
	}
	documents := map[int64]*knownDocument{}
	err := s.query(ctx, `SELECT `+documentColumns+`, `+passageColumns+`, p.title_words, p.path_words, p.body_words, d.words, p.number, `+s.sent(`v.vector`)+`
		FROM `+s.each()+`($4) AS e JOIN passages p ON p.number = CAST(value->>0 AS BIGINT) JOIN documents d ON d.number = p.document
		LEFT JOIN vectors v ON v.model = $5 AND v.meaning = p.meaning WHERE `+visible+` AND `+open, append(rights(v), day(openOn), list(missing), model), func(scan scanner) error {
		var d document
		var p passage
		var title, section, body string
		var number int64
		var length int
		var vector []byte
		if err := scan(append(append(d.fields(), p.fields()...), &title, &section, &body, &length, &number, &vector)...); err != nil {
			return err
		}
		document := documents[number>>passageBits]
		if document == nil {
			document = &knownDocument{d.value(), strings.Fields(title), length}
			documents[number>>passageBits] = document
		}
		value, err := p.value(document.ID)
		k := &known{passage: value, section: strings.Fields(section), body: strings.Fields(body), document: document, model: model}
		if vector != nil {
			k.vector = s.values(vector)
			k.norm = norm(k.vector)
		}
		if i, ok := slices.BinarySearch(numbers, number); ok {
			found[i] = k
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	s.memory.at(change, func() {
		for i, k := range found {
			if k != nil && s.memory.passages[numbers[i]] != k {
				s.memory.keep(numbers[i], k)
			}
		}
	})
	return slices.DeleteFunc(found, func(k *known) bool { return k == nil }), nil // written since the shelf was read
}
