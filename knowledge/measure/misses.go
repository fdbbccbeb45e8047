package measure

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"guichet/knowledge"
)

// Missed is a query whose first relevant document is not among the first ten, and why.
type Missed struct {
	ID   string `json:"id"`
	Text string `json:"q"`
	// Document is the relevant document that came first, Rank its place, 0 when it is not among those ranked.
	Document string `json:"document"`
	Rank     int    `json:"rank"`
	// Lacking are the words of the query that it does not hold; words are compared by their stems.
	Lacking []string `json:"lacking"`
	// First is the document that came first, "" when none did, Held the words of the query that it holds.
	First string   `json:"first"`
	Held  []string `json:"held"`
}

// words gives the words of each document.
func (c Collection) words() map[string]map[string]bool {
	holds := make(map[string]map[string]bool, len(c.Documents))
	for _, d := range c.Documents {
		holds[d.ID] = map[string]bool{}
		for _, e := range knowledge.Index(d) {
			for _, w := range slices.Concat(e.Title, e.Section, e.Body) {
				holds[d.ID][w] = true
			}
		}
	}
	return holds
}

// missed tells why a query was missed; false when it was not.
func missed(q Labelled, ranked []knowledge.Relevance, holds map[string]map[string]bool) (Missed, bool) {
	m := Missed{ID: q.ID, Text: q.Text}
	for i, d := range ranked {
		if q.Relevant[d.Document] > 0 {
			m.Document, m.Rank = d.Document, i+1
			break
		}
	}
	if m.Rank > 0 && m.Rank <= 10 {
		return m, false
	}
	words := strings.FieldsFunc(q.Text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("«»\"()?!,;:'’", r) })
	if m.Rank == 0 { // of those not found, the one that holds the most
		for id := range q.Relevant {
			better := cmp.Or(cmp.Compare(len(held(words, holds[id], true)), len(held(words, holds[m.Document], true))), cmp.Compare(m.Document, id))
			if m.Document == "" || better > 0 {
				m.Document = id
			}
		}
	}
	m.Lacking = held(words, holds[m.Document], false)
	if len(ranked) > 0 {
		m.First = ranked[0].Document
		m.Held = held(words, holds[m.First], true)
	}
	return m, true
}

// held gives those of the words, without those that carry no meaning, that a document holds, or does not hold.
func held(words []string, holds map[string]bool, want bool) []string {
	out := []string{}
	for _, w := range words {
		forms := knowledge.Analyse(w)
		if len(forms) > 0 && slices.ContainsFunc(forms, func(form string) bool { return holds[form] }) == want && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// worst orders misses, the worst first: those that were not found, then the farthest.
func worst(misses []Missed) {
	slices.SortStableFunc(misses, func(a, b Missed) int {
		far := func(m Missed) int {
			if m.Rank == 0 {
				return Depth + 1
			}
			return m.Rank
		}
		return cmp.Compare(far(b), far(a))
	})
}
