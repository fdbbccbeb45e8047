package knowledge

import (
	"slices"
	"strings"
	"testing"
)

func TestReadRelevance(t *testing.T) {
	weights, err := readRelevance(relevanceFile)
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range weights {
		if w == 0 {
			t.Errorf("the sign « %s » has no weight", relevanceNames[i])
		}
	}
	for _, bad := range []string{"poids: {inconnu: 1}", "autre: 1", "poids: 3"} {
		if _, err := readRelevance([]byte(bad)); err == nil {
			t.Errorf("readRelevance(%q) has no error", bad)
		}
	}
}

// TestRelevance checks what each sign is for: of two documents that differ by it alone, the right one is first.
func TestRelevance(t *testing.T) {
	q := question{total: Frequency{Passages: 40, Documents: 10}}
	for _, word := range []string{"pret", "vert"} {
		q.concepts = append(q.concepts, concept{word: word, forms: map[string]float64{word: exactTrust}, weight: 2, rarity: 2})
	}
	q.concepts[0].forms["emprunt"] = synonymTrust
	hit := func(id, title, body string, vector float64) Hit {
		h := Hit{Document: Document{ID: id}, Length: 20, Vector: vector}
		h.Title, h.Body = strings.Fields(title), strings.Fields(body)
		return h
	}
	other := hit("other", "", "chaudiere", 0)
	for name, hits := range map[string][]Hit{
		"words":    {hit("best", "", "pret a b c vert", 0), hit("less", "", "pret a b c d", 0)},
		"title":    {hit("best", "vert", "pret a b c", 0), hit("less", "a", "pret a b c", 0)},
		"synonym":  {hit("best", "", "emprunt vert", 0), hit("less", "", "maison vert", 0)},
		"kin":      {hit("best", "", "prets vert", 0), hit("less", "", "maison vert", 0)},
		"near":     {hit("best", "", "pret vert a b c d", 0), hit("less", "", "pret a b c d vert", 0)},
		"passages": {hit("best", "", "pret vert pret", 0), hit("less", "", "pret", 0), hit("less", "", "vert a b c pret", 0)},
		"meaning":  {hit("best", "", "pret vert", 0.8), hit("less", "", "pret vert", 0.3)},
		"subject":  {hit("best", "", "pret vert", 0.6), hit("best", "", "a", 0.5), hit("less", "", "pret vert", 0.6), hit("less", "", "a", 0.1)},
	} {
		if name == "kin" {
			q.concepts[0].forms["pretant"] = exactTrust // of the family of « pretan… »
			hits[0].Body[0] = "pretants"
		}
		slices.Reverse(hits)
		got := relevance(q, append(hits, other))
		if got[0].Document != "best" || got[0].Score <= got[1].Score {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
