package knowledge

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// Likeness compares short texts by the words they share, the rarer the more, and by their meaning.
type Likeness struct {
	words   []map[string]string // the words of each text as they are compared, with how they were written
	rarity  map[string]float64
	vectors [][]float32
}

// meantShare is how much meaning counts beside words.
const meantShare = 0.5

// NewLikeness prepares the comparison of texts; embed gives a vector of length one, or zeros.
func NewLikeness(texts []string, embed func(string) []float32) *Likeness {
	l := &Likeness{rarity: map[string]float64{}}
	for _, text := range texts {
		words := map[string]string{}
		for _, t := range terms(text) {
			words[t.forms[0]] = text[t.Start:t.End]
		}
		for w := range words {
			l.rarity[w]++
		}
		l.words = append(l.words, words)
		l.vectors = append(l.vectors, embed(text))
	}
	for w, n := range l.rarity {
		l.rarity[w] = math.Log(1 + float64(len(texts))/n)
	}
	return l
}

// Of gives how alike two texts are, from 0 to 1.
func (l *Likeness) Of(i, j int) float64 {
	shared, all := 0.0, 0.0
	for w := range l.words[i] {
		all += l.rarity[w]
		if _, ok := l.words[j][w]; ok {
			shared += l.rarity[w]
		}
	}
	for w := range l.words[j] {
		if _, ok := l.words[i][w]; !ok {
			all += l.rarity[w]
		}
	}
	cosine := 0.0
	for k, x := range l.vectors[i] {
		cosine += float64(x) * float64(l.vectors[j][k])
	}
	words := 0.0
	if all > 0 {
		words = shared / all
	}
	return (1-meantShare)*words + meantShare*max(0, cosine)
}

// Shared gives the words that two texts share, as the first one writes them, the rarest first.
func (l *Likeness) Shared(i, j int) []string {
	var shared []string
	for w := range l.words[i] {
		if _, ok := l.words[j][w]; ok {
			shared = append(shared, w)
		}
	}
	slices.SortFunc(shared, func(a, b string) int { return cmp.Or(cmp.Compare(l.rarity[b], l.rarity[a]), cmp.Compare(a, b)) })
	for k, w := range shared {
		shared[k] = l.words[i][w]
	}
	return shared
}

// Groups puts together the texts that are alike: two groups become one as long as their texts are at least so alike on
// average, the nearest first. The groups come by their first text, and their texts in order.
func (l *Likeness) Groups(alike float64) [][]int {
	n := len(l.words)
	groups := make([][]int, n)
	near := make([][]float64, n) // average likeness of two groups
	for i := range n {
		groups[i] = []int{i}
		near[i] = make([]float64, n)
		for j := range i {
			near[i][j] = l.Of(i, j)
			near[j][i] = near[i][j]
		}
	}
	for {
		a, b, best := -1, -1, alike
		for i := range n {
			for j := range i {
				if groups[i] != nil && groups[j] != nil && near[i][j] >= best && (near[i][j] > best || a < 0) {
					a, b, best = j, i, near[i][j]
				}
			}
		}
		if a < 0 {
			break
		}
		na, nb := float64(len(groups[a])), float64(len(groups[b]))
		for k := range n {
			near[a][k] = (na*near[a][k] + nb*near[b][k]) / (na + nb)
			near[k][a] = near[a][k]
		}
		groups[a], groups[b] = append(groups[a], groups[b]...), nil
	}
	out := slices.DeleteFunc(groups, func(g []int) bool { return g == nil })
	for _, g := range out {
		sort.Ints(g)
	}
	return out
}
