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
	for i, name := range relevanceNames {
		if weights.all[i] == 0 || weights.words[i] == 0 && i != meaningSign {
			t.Errorf("the sign « %s » has no weight", name)
		}
	}
	for _, bad := range []string{"poids: {inconnu: 1}", "poids_sans_vecteurs: {inconnu: 1}", "autre: 1", "poids: 3"} {
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
	hit := func(id, body string, ordinal int, vector float64) Hit {
		h := Hit{Document: Document{ID: id}, Length: 20, Vector: vector}
		h.Body, h.Ordinal = strings.Fields(body), ordinal
		return h
	}
	titled := func(h Hit, title string) Hit {
		h.Title = strings.Fields(title)
		return h
	}
	other := hit("other", "chaudiere", 0, 0)
	for name, hits := range map[string][]Hit{
		"words":   {hit("best", "pret a b c vert", 0, 0), hit("less", "pret a b c d", 0, 0)},
		"title":   {titled(hit("best", "pret a b c", 0, 0), "vert"), titled(hit("less", "pret a b c", 0, 0), "a")},
		"synonym": {hit("best", "emprunt vert", 0, 0), hit("less", "maison vert", 0, 0)},
		"kin":     {hit("best", "prets vert", 0, 0), hit("less", "maison vert", 0, 0)},
		"early":   {hit("best", "pret vert", 1, 0), hit("less", "pret vert", 9, 0)},
		"apart":   {hit("best", "pret", 0, 0), hit("best", "vert", 1, 0), hit("less", "pret", 0, 0), hit("less", "vert", 9, 0)},
		"meaning": {hit("best", "pret vert", 0, 0.8), hit("less", "pret vert", 0, 0.3)},
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
