package french

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed lexicon.txt
var lexicon string

// Lexicon gives common French words of five letters and more, folded and sorted. It is no dictionary: a word that is
// absent is not a mistake.
var Lexicon = sync.OnceValue(func() []string {
	var words []string
	for line := range strings.Lines(lexicon) {
		if word := strings.TrimSpace(line); word != "" && word[0] != '#' {
			words = append(words, word)
		}
	}
	return words
})
