package sqlstore

import (
	"cmp"
	"context"
	"slices"
	"sort"
	"unicode/utf8"

	"guichet/knowledge"
)

// BM25's usual parameters, and how much more a word of the titles above a passage counts than one of its text.
const (
	saturation    = 1.2
	lengthNorm    = 0.75
	sectionWeight = 1.5
)

// What bounds the time of searches, whatever the size of the base and however common the words.
const (
	// fewest is how many passages the rarest words of a question may hold together and still find passages; the others
	// then only add to the score of the passages that hold one of those.
	fewest = 10_000
	// common is how many passages a word may hold and still add: one more common tells little.
	common = 50_000
)

// wanted is a word to look for: what it adds, whether it finds passages by itself, and whether it finds whole documents.
type wanted struct {
	word       string
	weight     float64
	rare, sure bool
}

// looked chooses how to look for the words of a query, the rarest first.
func looked(q knowledge.Query) []wanted {
	words := make([]string, 0, len(q.Words))
	for w, f := range q.Words {
		if f.Passages > 0 && indexed(w) {
			words = append(words, w)
		}
	}
	sort.Slice(words, func(i, j int) bool {
		a, b := q.Words[words[i]].Passages, q.Words[words[j]].Passages
		return a < b || a == b && words[i] < words[j]
	})
	var out []wanted
	held := 0
	for i, w := range words {
		n := q.Words[w].Passages
		held += n
		if i > 0 && n > common {
			break
		}
		out = append(out, wanted{w, knowledge.IDF(n, q.Total.Passages), i == 0 || held <= fewest, slices.Contains(q.Sure, w)})
	}
	return out
}

// indexed tells whether a word can be one of the base's: letters and digits, so that nothing in it is read as syntax.
func indexed(word string) bool {
	for _, r := range word {
		if r == utf8.RuneError || r < 0x80 && (r < '0' || r > '9') && (r < 'a' || r > 'z') {
			return false
		}
	}
	return word != ""
}

// sum is a passage or a document with what the words that it holds add up to.
type sum struct {
	number int64
	score  float64
	length uint16
	volume
}

// better orders sums, the best first, the same ones by identifier.
func (a sum) better(b sum) int {
	return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.order, b.order), cmp.Compare(a.number, b.number))
}

// choose gives the numbers of the passages that words find: those of the best scores, and all those of the best documents.
// Each word counts once in a passage's score, so that this needs to know only which passages hold it.
func (s *Store) choose(ctx context.Context, q knowledge.Query, shelf shelf, change int64) ([]int64, error) {
	words := looked(q)
	if len(words) == 0 || q.Documents <= 0 && q.Passages <= 0 {
		return nil, nil
	}
	lists := make([]places, len(words))
	var passages []sum
	for i, w := range words {
		var err error
		if lists[i], err = s.places(ctx, w.word, change); err != nil {
			return nil, err
		}
		if w.rare {
			passages = union(passages, lists[i], shelf)
		}
	}
	var documents []sum
	for i, p := range passages {
		if i == 0 || p.number>>passageBits != passages[i-1].number>>passageBits {
			documents = append(documents, sum{number: p.number >> passageBits, volume: p.volume})
		}
	}
	mean := float64(q.Total.Passages) / float64(max(1, q.Total.Documents))
	for i, w := range words {
		numbers, at, document, held := lists[i].numbers, 0, 0, 0.0
		settle := func() {
			d := &documents[document]
			d.score += w.weight * held / (held + saturation*(1-lengthNorm+lengthNorm*float64(d.passages)/mean))
			held = 0
		}
		for j := range passages {
			p := &passages[j]
			for at < len(numbers) && numbers[at] < p.number {
				at++
			}
			if at == len(numbers) {
				break
			}
			if numbers[at] != p.number {
				continue
			}
			p.score += w.weight
			if !w.sure {
				continue
			}
			for documents[document].number != p.number>>passageBits {
				if held > 0 {
					settle()
				}
				document++
			}
			held++
		}
		if held > 0 {
			settle()
		}
	}
	return pick(passages, documents, q), nil
}

// union adds to passages, which are in order, those of a list that may be seen.
func union(passages []sum, l places, shelf shelf) []sum {
	out := make([]sum, 0, len(passages)+len(l.numbers))
	at := 0
	for i, number := range l.numbers {
		for at < len(passages) && passages[at].number < number {
			out = append(out, passages[at])
			at++
		}
		if at < len(passages) && passages[at].number == number {
			continue
		}
		if v := shelf.volume(number); v.passages > 0 {
			out = append(out, sum{number: number, length: l.lengths[i], volume: v})
		}
	}
	return append(out, passages[at:]...)
}

// pick gives the numbers of the best passages for their length, and of those of the best documents.
func pick(passages, documents []sum, q knowledge.Query) []int64 {
	wholes := newTop(max(0, q.Documents), sum.better)
	for _, d := range documents {
		if d.score > 0 {
			wholes.add(d)
		}
	}
	each := q.Each
	if each == 0 {
		each = len(passages)
	}
	inside := map[int64]*top[sum]{} // the best passages of the best documents
	for _, d := range wholes.kept {
		inside[d.number] = newTop(each, sum.better)
	}
	most := newTop(max(0, 4*q.Passages), sum.better)
	for _, p := range passages {
		most.add(p)
		if t := inside[p.number>>passageBits]; t != nil {
			t.add(p)
		}
	}
	length := 0
	for _, p := range most.kept {
		length += int(p.length)
	}
	mean := float64(length) / float64(max(1, len(most.kept)))
	best := newTop(max(0, q.Passages), sum.better)
	for _, p := range most.kept {
		p.score /= 1 + saturation*(1-lengthNorm+lengthNorm*float64(p.length)/max(1, mean))
		best.add(p)
	}
	var out []int64
	taken := map[int64]bool{}
	take := func(t *top[sum]) {
		for _, p := range t.kept {
			if !taken[p.number] {
				taken[p.number] = true
				out = append(out, p.number)
			}
		}
	}
	take(best)
	for _, t := range inside {
		take(t)
	}
	return out
}
