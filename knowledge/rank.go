package knowledge

import (
	"cmp"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"guichet/knowledge/french"
)

// candidate is a hit with what speaks for it.
type candidate struct {
	Hit
	score float64
	// whole is how well the document as a whole fits, from 0 to 1, the best one's being 1.
	whole float64
	// coverage is the share of the question's weight that the passage and its titles hold, from 0 to 1; inTitle that of the
	// document's title alone.
	coverage, inTitle float64
	// titled is the share of the title's words that the question holds.
	titled float64
	// shown and hidden count the demands of the question that the passage satisfies or not, required those that it satisfies
	// and without which there is no answer.
	shown, hidden, required int
	// local is the passage's own BM25, nearness the similarity of its meaning, each from 0 to 1, the best one's being 1.
	local, nearness float64
	// grounds is the coverage that decides between answering and abstaining (abstain.go).
	grounds grounds
}

// Weights of the ranking, set on the labelled collections and on the development questions (package measure).
const (
	titleField   = 0.9
	sectionField = 0.8
	contextField = 0.4 // the passages just before, under the same titles
	contextReach = 2
	wholeShare   = 0.3  // of the score of the document as a whole
	localShare   = 0.35 // of the passage's own BM25
	meaningShare = 0.3  // of the similarity of meaning, above the mean of what was found
	nearBonus    = 0.25 // two concepts side by side, as in the question
	titleBonus   = 0.6  // the question names the document
	restShare    = 0.4
	shownBonus   = 1.25
	hiddenMalus  = 0.75
	askingMalus  = 0.7  // the passage is itself a question
	shippedMalus = 0.75 // a card that ships sums up: the text that the Region put in itself says it first
	longPassage  = 700  // characters after which a passage counts less
)

// rank orders hits for a question, best first.
func rank(q question, hits []Hit) []candidate {
	total, bestLocal := q.weight(), 0.0
	mean, nearest := 0.0, 0.0
	for i := range hits {
		h := &hits[i]
		bestLocal, nearest = max(bestLocal, h.Local), max(nearest, h.Vector)
		mean += h.Vector / float64(len(hits))
	}
	says := q.says()
	documents := gather(q, says, hits)
	type place struct {
		document string
		ordinal  int
	}
	near := make(map[place]*Hit, len(hits))
	for i := range hits {
		h := &hits[i]
		near[place{h.Document.ID, h.Ordinal}] = h
	}
	out := make([]candidate, len(hits))
	evenly(len(hits), func(i int) {
		h, c := &hits[i], &out[i]
		var context []string
		for back := 1; back <= contextReach; back++ {
			if before, ok := near[place{h.Document.ID, h.Ordinal - back}]; ok && samePath(before.Path, h.Path) {
				context = append(context, before.Body...)
			}
		}
		c.Hit = *h
		if bestLocal > 0 {
			c.local = h.Local / bestLocal
		}
		if nearest > mean {
			c.nearness = max(0, h.Vector-mean) / (nearest - mean)
		}
		c.weigh(q, says, documents, context, total)
	})
	sortCandidates(out)
	return out
}

// evenly does something for each of n on every processor. It panics as its caller would have.
func evenly(n int, do func(i int)) {
	var all sync.WaitGroup
	var panicked atomic.Value
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		all.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					panicked.CompareAndSwap(nil, fmt.Sprint(p))
				}
			}()
			for i := w; i < n; i += workers {
				do(i)
			}
		})
	}
	all.Wait()
	if p := panicked.Load(); p != nil {
		panic(p)
	}
}

// sortCandidates moves each once: they are large.
func sortCandidates(c []candidate) {
	order := make([]int, len(c))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(c[j].score, c[i].score) })
	sorted := make([]candidate, len(c))
	for i, from := range order {
		sorted[i] = c[from]
	}
	copy(c, sorted)
}

// weigh finds what speaks for the candidate and sets its score.
func (c *candidate) weigh(q question, says says, documents wholes, context []string, total float64) {
	h := &c.Hit
	document := documents[h.Document.ID]
	c.whole, c.titled = document.score, document.titled
	text := inspect(said(h.Text))
	for _, d := range q.demands {
		switch {
		case !d.shows():
		case text.satisfies(d):
			c.shown++
			if d.Required {
				c.required++
			}
		default:
			c.hidden++
		}
	}
	if noun, ok := q.countedNoun(); ok {
		if c.gives(noun) {
			c.shown++
			c.required++
		} else {
			c.hidden++
		}
	}
	body, section, before := says.in(h.Body), says.in(h.Section), says.in(context)
	held := 0.0
	var grounds grounds
	last := -10
	rest, restHeld, lastOwn := 0.0, 0.0, 0.0
	for i, concept := range q.concepts {
		best := max(body[i].trust, before[i].trust*contextField, section[i].trust*sectionField)
		at, own := body[i].at, document.title[i].trust
		rest += (1 - own) * concept.weight
		restHeld += (1 - own) * best * concept.weight
		best = max(best, own*titleField)
		if d := concept.demand; d != nil && !d.Named && d.shows() && best < exactTrust && text.satisfies(d) {
			best = max(best, exactTrust)
		}
		held += best * concept.weight
		here := best
		if documents.holds(h.Document.ID, i) {
			here = max(best, inDocument*documents.of(h.Document.ID, i))
		}
		if best == 0 && !documents.holds(h.Document.ID, i) {
			grounds.nowhere = append(grounds.nowhere, i)
		}
		if here < absentShare {
			grounds.absent = append(grounds.absent, i)
		}
		grounds.add(q, i, here)
		c.inTitle += own * concept.weight
		if at >= 0 && at-last > 0 && at-last <= 2 && min(own, lastOwn) < exactTrust { // every passage may say the title again
			c.score += nearBonus * concept.weight
		}
		last, lastOwn = at, own
	}
	if total > 0 {
		c.coverage, c.inTitle = held/total, c.inTitle/total
	}
	c.grounds = grounds
	c.score += held
	c.score += wholeShare * total * c.whole
	c.score += localShare*total*c.local + meaningShare*total*c.nearness
	c.score += titleBonus * total * c.inTitle * c.titled
	if c.isNamed() && rest > 0 { // among its passages, those that hold what else is asked
		c.score += restShare * total * restHeld / rest
	}
	if demands := float64(c.shown + c.hidden); demands > 0 { // one missing among several leaves the passage useful
		c.score *= hiddenMalus + (shownBonus-hiddenMalus)*float64(c.shown)/demands
	}
	if strings.HasSuffix(strings.TrimSpace(h.Text), "?") {
		c.score *= askingMalus
	}
	if strings.HasPrefix(h.Document.Source, Shipped) {
		c.score *= shippedMalus
	}
	if n := utf8.RuneCountInString(h.Text); n > longPassage {
		c.score *= math.Sqrt(longPassage / float64(n))
	}
}

// titled is the share of the words of a document's title that the question holds: all when it has the acronym in it.
func (q question) titled(says says, h *Hit) float64 {
	if q.abbreviates(h.Document.Title) {
		return 1
	}
	held := map[string]bool{}
	for _, w := range h.Title {
		held[w] = slices.ContainsFunc(says.words[w], func(f meant) bool { return f.trust > synonymTrust })
	}
	n := 0
	for _, ok := range held {
		if ok {
			n++
		}
	}
	return float64(n) / float64(max(1, len(held)))
}

// abbreviates tells whether the question names a document by the acronym in its title.
func (q question) abbreviates(title string) bool {
	for _, w := range french.Words(title) {
		if w.Acronym && len(w.Fold) > 2 && slices.ContainsFunc(q.concepts, func(c concept) bool { return french.Fold(c.word) == w.Fold }) {
			return true
		}
	}
	return false
}

// says tells which concepts of a question a word says, and how surely.
type says struct {
	words    map[string][]meant
	concepts int
}

type meant struct {
	concept int
	trust   float64
}

func (q question) says() says {
	out := says{map[string][]meant{}, len(q.concepts)}
	for i, c := range q.concepts {
		for form, trust := range c.forms {
			out.words[form] = append(out.words[form], meant{i, trust})
		}
	}
	return out
}

// positions gives the first place of each word.
func positions(words []string) map[string]int {
	m := make(map[string]int, len(words))
	for i, w := range words {
		if _, ok := m[w]; !ok {
			m[w] = i
		}
	}
	return m
}

// mark is how surely words say a concept, and where they first do: before the first one when they do not.
type mark struct {
	trust float64
	at    int
}

// in gives the mark of each concept in words.
func (s says) in(words []string) []mark {
	out := make([]mark, s.concepts)
	for i := range out {
		out[i].at = -10
	}
	for at, w := range words {
		for _, f := range s.words[w] {
			m := &out[f.concept]
			m.trust = max(m.trust, f.trust)
			if m.at < 0 {
				m.at = at
			}
		}
	}
	return out
}

// BM25's usual parameters, and the weight of a title's word.
const (
	saturation = 1.2
	lengthNorm = 0.75
	titleCount = 1
	// kinCount is what a word of the same root counts (« licencié » for « licenciement »).
	kinCount, rootLetters = 0.3, 6
	// synonymCount is what a synonym counts.
	synonymCount = 0.2
	// shortDocument is the length, in words, up to which a document is about one thing; inDocument what a word elsewhere in it counts.
	shortDocument = 500
	inDocument    = 0.6
	// absentShare is under what a concept is held to be absent: somewhere in a long document is not here.
	absentShare = 0.2
)

// whole is what a document holds of a question, all its passages together.
type whole struct {
	counts []float64 // of each concept
	other  []float64 // what the synonyms of each count
	length int
	score  float64 // BM25, as a share of the best document's
	// title is the marks of its title, titled the share of the title's words that the question holds.
	title  []mark
	titled float64
}

type wholes map[string]*whole

// of tells how much of a document is about a concept that it holds: 1 for a short document, less for a long one, which
// holds many things.
func (w wholes) of(id string, concept int) float64 {
	d := w[id]
	if d == nil || d.counts[concept] == 0 {
		return 0
	}
	return min(1, shortDocument/float64(max(1, d.length)))
}

func (w wholes) holds(id string, concept int) bool {
	d := w[id]
	return d != nil && d.counts[concept] > 0
}

// gather reads the hits by document. FTS5's own score is not used for whole documents: its idf is zero for a word that
// half of the documents hold, which a small base has many of.
func gather(q question, says says, hits []Hit) wholes {
	f := q.families()
	documents := wholes{}
	for i := range hits {
		h := &hits[i]
		d := documents[h.Document.ID]
		if d == nil {
			d = &whole{counts: make([]float64, len(q.concepts)), other: make([]float64, len(q.concepts)), length: h.Length, title: says.in(h.Title), titled: q.titled(says, h)}
			documents[h.Document.ID] = d
			for _, w := range h.Title {
				if i, ok := f.sure[w]; ok {
					d.counts[i] += titleCount
				} else if i, ok := f.synonyms[w]; ok {
					d.other[i] += synonymCount * titleCount
				}
			}
		}
		for _, w := range h.Body {
			if i, ok := f.sure[w]; ok {
				d.counts[i]++
			} else if i, ok := f.synonyms[w]; ok {
				d.other[i] += synonymCount
			} else if i, ok := f.kin[root(w)]; ok {
				d.counts[i] += kinCount
			}
		}
	}
	mean := passageWords * float64(q.total.Passages) / float64(max(1, q.total.Documents))
	best := math.SmallestNonzeroFloat64
	for _, d := range documents {
		norm := saturation * (1 - lengthNorm + lengthNorm*float64(d.length)/max(1, mean))
		for i, n := range d.counts {
			n += d.other[i]
			d.score += q.concepts[i].rarity * n * (saturation + 1) / (n + norm)
		}
		best = max(best, d.score)
	}
	for _, d := range documents {
		d.score /= best
	}
	return documents
}

// families tells the concept of a word that surely means it, of a synonym, and, by its root, of a kindred word.
type families struct{ sure, synonyms, kin map[string]int }

func (q question) families() families {
	f := families{map[string]int{}, map[string]int{}, map[string]int{}}
	for i, c := range q.concepts {
		for form, trust := range c.forms {
			if trust > synonymTrust {
				f.sure[form] = i
				f.kin[root(form)] = i
			} else {
				f.synonyms[form] = i
			}
		}
	}
	return f
}

// means gives the concept that a word means and what the word counts for it; 0 when it means none.
func (f families) means(word string) (concept int, share float64) {
	if i, ok := f.sure[word]; ok {
		return i, 1
	}
	if i, ok := f.synonyms[word]; ok {
		return i, synonymCount
	}
	if i, ok := f.kin[root(word)]; ok {
		return i, kinCount
	}
	return 0, 0
}

// root gives the first letters of a word, which the stemmer leaves different in words of one family.
func root(word string) string { return word[:min(len(word), rootLetters)] }
