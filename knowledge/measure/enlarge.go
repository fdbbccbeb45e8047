package measure

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"

	"guichet/knowledge"
)

// ReadCollections reads several BEIR folders as one, each identifier under the name of its folder.
func ReadCollections(folders ...string) (Collection, error) {
	var all Collection
	for _, folder := range folders {
		c, err := ReadCollection(folder)
		if err != nil {
			return all, err
		}
		for _, d := range c.Documents {
			d.ID = filepath.Base(folder) + "/" + d.ID
			all.Documents = append(all.Documents, d)
		}
		for _, q := range c.Queries {
			relevant := make(map[string]int, len(q.Relevant))
			for id, grade := range q.Relevant {
				relevant[filepath.Base(folder)+"/"+id] = grade
			}
			all.Queries = append(all.Queries, Labelled{ID: filepath.Base(folder) + "/" + q.ID, Text: q.Text, Relevant: relevant})
		}
	}
	return all, nil
}

// Some gives so many of the queries, evenly taken.
func (c Collection) Some(n int) []Labelled {
	out := make([]Labelled, 0, n)
	for i := range min(n, len(c.Queries)) {
		out = append(out, c.Queries[i*len(c.Queries)/min(n, len(c.Queries))])
	}
	return out
}

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
