package measure

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"guichet/knowledge"
)

// Enlarge gives documents of a collection until they hold so many passages: its own, then as many new ones as needed. A
// new one is a real one of which most passages are replaced by those of others, and of each passage some words by words
// drawn from the whole, so that words stay as rare or as common as they are. The same collection gives the same documents.
func Enlarge(c Collection, passages int) []knowledge.Document {
	const replaced, reworded = 0.7, 0.1
	r := rand.New(rand.NewPCG(1, 2))
	documents := slices.Clone(c.Documents)
	r.Shuffle(len(documents), func(i, j int) { documents[i], documents[j] = documents[j], documents[i] })
	var out []knowledge.Document
	held := 0
	for n := 0; held < passages; n++ {
		d := documents[n%len(documents)]
		if copied := n / len(documents); copied > 0 {
			blocks := slices.Clone(d.Blocks)
			for i := range blocks {
				other := documents[r.IntN(len(documents))].Blocks
				if b := other[r.IntN(len(other))]; blocks[i].Kind != knowledge.Title && b.Kind != knowledge.Title && r.Float64() < replaced {
					blocks[i] = b
				}
				words := strings.Fields(blocks[i].Text)
				for j := range words {
					if other := documents[r.IntN(len(documents))].Blocks; r.Float64() < reworded {
						from := strings.Fields(other[r.IntN(len(other))].Text)
						words[j] = from[r.IntN(len(from))]
					}
				}
				blocks[i].Text = strings.Join(words, " ")
			}
			d.Blocks = blocks
		}
		d.ID = fmt.Sprintf("%s-%d", d.ID, n)
		d.Source, d.Hash = d.ID, d.ID
		held += len(knowledge.Split(d))
		out = append(out, d)
	}
	return out
}
