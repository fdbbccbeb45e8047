package knowledge

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"guichet/knowledge/french"
)

// Some PDF files lose letters, each run of them leaving one space: « o e tatio » for « concertation ». The quote stays as it
// is; the words that the fragments can only come from are added to what is searched.

const (
	fragments    = 7 // the most fragments of one word
	gapLetters   = 3 // letters lost between two fragments, at most
	edgeLetters  = 2 // letters lost before the first or after the last
	unknownCost  = 3.0
	restoredCost = 1.0
	letterCost   = 0.5 // for each letter lost
	knownShare   = 0.5 // of a restored word's letters, at least
	shortest     = 4   // letters of a restored word
)

// restorer knows the words that a damaged text may hold: those of the document's own sound blocks, and common French ones.
type restorer struct {
	own, common map[string]bool
	byLen       map[int][]string
}

func newRestorer(blocks []Block) *restorer {
	r := &restorer{own: map[string]bool{}, common: map[string]bool{}, byLen: map[int][]string{}}
	for _, b := range blocks {
		if !damaged(b.Text) {
			for _, w := range french.Words(b.Text) {
				r.own[w.Fold] = true
			}
		}
	}
	for _, w := range french.Lexicon() {
		r.common[w] = true
	}
	all := maps.Clone(r.common)
	maps.Copy(all, r.own)
	for _, w := range slices.Sorted(maps.Keys(all)) {
		r.byLen[len(w)] = append(r.byLen[len(w)], w)
	}
	return r
}

// damaged tells a text that holds letters which cannot stand alone in French.
func damaged(text string) bool {
	lone := 0
	for _, run := range runs(text) {
		for _, f := range run.parts {
			if len(run.parts) > 1 && len(f) == 1 && f != "a" && f != "y" {
				lone++
			}
		}
	}
	return lone >= 2
}

// run is a series of folded words parted by exactly one space. The first of a tight one follows an apostrophe or a dash,
// so that no letter is lost before it.
type run struct {
	parts []string
	tight bool
}

// runs cuts a text into runs. A word before an apostrophe is an elision and left out.
func runs(text string) []run {
	var out []run
	var current run
	end := func() {
		if len(current.parts) > 0 {
			out = append(out, current)
		}
		current = run{}
	}
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !unicode.IsLetter(r) {
			next, _ := utf8.DecodeRuneInString(text[i+size:])
			if r != ' ' || !unicode.IsLetter(next) {
				end()
				current.tight = r != ' ' && r != '\n'
			}
			i += size
			continue
		}
		start := i
		for i < len(text) {
			if r, size = utf8.DecodeRuneInString(text[i:]); !unicode.IsLetter(r) {
				break
			}
			i += size
		}
		if first, n := utf8.DecodeRuneInString(text[start:]); r == '\'' || r == '’' || start+n == i && unicode.IsUpper(first) {
			end() // « l' », « plan A »
			continue
		}
		current.parts = append(current.parts, french.Fold(text[start:i]))
	}
	end()
	return out
}

// restore gives the words that the damaged fragments of a text come from, most likely ones first found; nil for a sound text.
func (r *restorer) restore(text string) []string {
	if !damaged(text) {
		return nil
	}
	var out []string
	for _, run := range runs(text) {
		out = append(out, r.align(run)...)
	}
	return out
}

// align cuts a run of fragments into words at the lowest cost: a known word costs nothing, a restored one its lost letters.
func (r *restorer) align(run run) []string {
	type step struct {
		cost  float64
		next  int
		words []string
	}
	parts := run.parts
	best := make([]step, len(parts)+1)
	for i := len(parts) - 1; i >= 0; i-- {
		known := len(parts[i]) > 1 && (r.own[parts[i]] || r.common[parts[i]] || french.Stop(parts[i])) || parts[i] == "a"
		best[i] = step{cost: best[i+1].cost, next: i + 1}
		if !known {
			best[i].cost += unknownCost
		}
		for j := i + 1; j <= min(len(parts), i+fragments); j++ {
			if j == i+1 && known {
				continue
			}
			words, lost := r.match(parts[i:j], run.tight && i == 0)
			if words == nil {
				continue
			}
			if cost := best[j].cost + restoredCost + letterCost*float64(lost); cost < best[i].cost {
				best[i] = step{cost: cost, next: j, words: words}
			}
		}
	}
	var out []string
	for i := 0; i < len(parts); i = best[i].next {
		out = append(out, best[i].words...)
	}
	return out
}

// match finds the words that hold the fragments in order and lose the fewest letters, or one more: the document's own
// words, else common ones.
func (r *restorer) match(parts []string, tight bool) (words []string, lost int) {
	letters := 0
	for _, p := range parts {
		letters += len(p)
	}
	gaps := len(parts) - 1
	least := max(shortest, letters+gaps)
	if gaps == 0 { // only its ends are lost: short pieces could be anything
		if letters < 3 {
			return nil, 0
		}
		least = letters + 1
	}
	lead := edgeLetters
	if tight {
		lead = 0
	}
	for _, known := range []map[string]bool{r.own, r.common} {
		for n := least; n <= letters+gaps*gapLetters+2*edgeLetters && float64(letters) >= knownShare*float64(n); n++ {
			if words != nil && n > letters+lost+1 {
				return words, lost
			}
			for _, w := range r.byLen[n] {
				if known[w] && fits(w, parts, 0, lead) {
					if words == nil {
						lost = n - letters
					}
					words = append(words, w)
				}
			}
		}
		if words != nil {
			return words, lost
		}
	}
	return nil, 0
}

// fits tells whether a word is the parts in order, with letters lost: from least to most before the first part, one to
// gapLetters between two, up to edgeLetters after the last.
func fits(word string, parts []string, least, most int) bool {
	if len(parts) == 0 {
		return len(word) <= edgeLetters
	}
	for skip := least; skip <= most && skip+len(parts[0]) <= len(word); skip++ {
		if strings.HasPrefix(word[skip:], parts[0]) && fits(word[skip+len(parts[0]):], parts[1:], 1, gapLetters) {
			return true
		}
	}
	return false
}

// Index gives a document's passages with the words under which they are found.
func Index(d Document) []Entry {
	title := Analyse(d.Title)
	var r *restorer
	passages := Split(d)
	entries := make([]Entry, len(passages))
	for i, p := range passages {
		e := Entry{Passage: p, Title: title, Body: Analyse(conditions.ReplaceAllString(p.Text, " "))}
		for _, t := range p.Path {
			e.Section = append(e.Section, Analyse(t)...)
		}
		if damaged(p.Text) {
			if r == nil {
				r = newRestorer(d.Blocks)
			}
			for _, word := range r.restore(p.Text) {
				e.Body = append(e.Body, Analyse(word)...)
			}
		}
		entries[i] = e
	}
	return entries
}
