package bot

import (
	"cmp"
	"slices"
	"time"

	"guichet/knowledge"
)

// GapGroup is a question left without an answer, in the ways it was asked.
type GapGroup struct {
	// ID is that of the first gap: it stays when others join.
	ID int64
	// Questions are the ways it was asked, each once, the most usual first.
	Questions []string
	// Count is how often it was asked, Last when it last was, Audiences by whom.
	Count     int
	Last      time.Time
	Audiences map[knowledge.Audience]int
}

// alike is how alike the questions of a group are, on average (knowledge.Likeness).
const alike = 0.4

// GroupGaps puts together the gaps that ask for the same thing, the most asked first; embed gives a vector of a text, of
// length one.
func GroupGaps(gaps []Gap, embed func(string) []float32) []GapGroup {
	var texts []string
	asked := map[string][]Gap{}
	for _, g := range gaps {
		if asked[g.Question] == nil {
			texts = append(texts, g.Question)
		}
		asked[g.Question] = append(asked[g.Question], g)
	}
	var out []GapGroup
	for _, members := range knowledge.NewLikeness(texts, embed).Groups(alike) {
		group := GapGroup{Audiences: map[knowledge.Audience]int{}}
		for _, i := range members {
			group.Questions = append(group.Questions, texts[i])
			for _, g := range asked[texts[i]] {
				if group.ID == 0 || g.ID < group.ID {
					group.ID = g.ID
				}
				if g.At.After(group.Last) {
					group.Last = g.At
				}
				group.Count++
				group.Audiences[g.Audience]++
			}
		}
		slices.SortStableFunc(group.Questions, func(a, b string) int { return cmp.Compare(len(asked[b]), len(asked[a])) })
		out = append(out, group)
	}
	slices.SortStableFunc(out, func(a, b GapGroup) int { return cmp.Or(cmp.Compare(b.Count, a.Count), b.Last.Compare(a.Last)) })
	return out
}
