package lexicon

import (
	"math/bits"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"guichet/knowledge/french"
	"guichet/routing/rulebook"
)

// speller finds the word of the vocabularies that a misspelled word stands for.
type speller struct {
	// byLength groups words by first letter and length: a misspelling keeps its first letter and about its length.
	byLength map[spellKey][]spelled
	// places are the words of the names of communes: « Péronne » is no « personne ».
	places map[string]bool
}

type spelled struct {
	word    string
	letters uint32
}

// letters is the set of the letters of a word: a letter that one word lacks is one letter of distance at least.
func letters(word string) (set uint32) {
	for i := range len(word) {
		set |= 1 << (word[i] & 31)
	}
	return set
}

type spellKey struct {
	first  byte
	length int
}

// shortestSpelled is the shortest word that is corrected: under it too many words are one letter apart.
const shortestSpelled = 6

func newSpeller(vocabulary map[string]bool, communes []rulebook.Commune) *speller {
	s := &speller{byLength: map[spellKey][]spelled{}, places: map[string]bool{}}
	for _, c := range communes {
		for _, w := range folds(c.Name) {
			s.places[w] = true
		}
	}
	for w := range vocabulary {
		if len(w) >= shortestSpelled {
			key := spellKey{w[0], len(w)}
			s.byLength[key] = append(s.byLength[key], spelled{w, letters(w)})
		}
	}
	return s
}

// correct gives the only word of the vocabularies within one letter of an unknown word (two from 10 letters on).
func (l *Lexicon) correct(fold string) (string, bool) {
	if len(fold) < shortestSpelled || l.spelling == nil || l.spelling.places[fold] || l.exists(fold) {
		return "", false
	}
	limit := 1
	if len(fold) >= 10 {
		limit = 2
	}
	best, distance, tie := "", limit+1, false
	set := letters(fold)
	for length := len(fold) - limit; length <= len(fold)+limit; length++ {
		for _, w := range l.spelling.byLength[spellKey{fold[0], length}] {
			if bits.OnesCount32(set&^w.letters) > limit || bits.OnesCount32(w.letters&^set) > limit {
				continue
			}
			switch d := levenshtein.ComputeDistance(fold, w.word); {
			case d < distance:
				best, distance, tie = w.word, d, false
			case d == distance && w.word != best:
				tie = true
			}
		}
	}
	return best, distance <= limit && !tie
}

// exists tells whether a word is one of the vocabularies, in any form, or another word of the language.
func (l *Lexicon) exists(fold string) bool {
	return l.vocabulary[fold] || l.known[fold] || l.stems[french.Stem(fold)] || l.stems[root(fold)] ||
		slices.ContainsFunc(l.prefixes, func(p string) bool { return strings.HasPrefix(fold, p) })
}
