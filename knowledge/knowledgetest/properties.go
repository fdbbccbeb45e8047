package knowledgetest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"guichet/knowledge"
)

// words of the random bases: few, so that passages share them.
var vocabulary = []string{"hydrogène", "biogaz", "géothermie", "convention", "apprenti", "brevet", "export", "friche", "navette", "textile", "verger", "zinguerie"}

// dice is the same at each run: a failure can be seen again.
func dice(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// random makes a document of any rights, dates and words.
func random(r *rand.Rand, id string) knowledge.Document {
	texts := make([]string, 1+r.IntN(5))
	for i := range texts {
		words := make([]string, 1+r.IntN(8))
		for j := range words {
			words[j] = vocabulary[min(r.IntN(len(vocabulary)), r.IntN(len(vocabulary)))] // some are common, some are rare
		}
		texts[i] = strings.Join(words, " ") + "."
	}
	d := Doc(id, knowledge.Audience(1+r.IntN(3)), texts...)
	d.Title = strings.Join([]string{"Fiche", vocabulary[r.IntN(len(vocabulary))]}, " ")
	d.EPCI = []string{"", "", "200000001", "200000002"}[r.IntN(4)]
	d.Unavailable = r.IntN(10) == 0
	if r.IntN(3) == 0 {
		d.ValidUntil = time.Date(2026, 1, 1+r.IntN(20), 0, 0, 0, 0, time.UTC)
	}
	return d
}

// sees is the rule of rights, written once more and plainly.
func sees(v knowledge.Viewer, d knowledge.Document) bool {
	if v.Audience == knowledge.Staff {
		return true
	}
	return d.Audience <= v.Audience && (d.EPCI == "" || d.EPCI == v.EPCI)
}

func someone(r *rand.Rand) knowledge.Viewer {
	return knowledge.Viewer{Audience: knowledge.Audience(1 + r.IntN(3)), EPCI: []string{"", "200000001", "200000002", "200000003"}[r.IntN(4)]}
}

// filtered compares every read with a plain filter of what was written, over bases that documents enter, change and leave.
func filtered(t *testing.T, s knowledge.Store) {
	r := dice(7)
	base := map[string]knowledge.Document{}
	for step := range 120 {
		id := fmt.Sprintf("d%02d", r.IntN(25))
		if r.IntN(5) == 0 {
			if err := s.Remove(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			delete(base, id)
		} else {
			base[id] = random(r, id)
			Put(t, s, base[id])
		}
		if step%6 == 0 {
			for range 3 { // what is read for one is not shown to another
				check(t, s, base, someone(r), r)
			}
		}
		if t.Failed() {
			t.Fatalf("after %d changes", step)
		}
	}
}

// check compares all that a viewer is given with the documents that were written.
func check(t *testing.T, s knowledge.Store, base map[string]knowledge.Document, v knowledge.Viewer, r *rand.Rand) {
	t.Helper()
	day := time.Time{}
	if r.IntN(2) == 0 {
		day = time.Date(2026, 1, 1+r.IntN(20), 12, 0, 0, 0, time.UTC)
	}
	asked := slices.Compact(slices.Sorted(slices.Values(knowledge.Analyse(vocabulary[r.IntN(len(vocabulary))] + " " + vocabulary[r.IntN(len(vocabulary))]))))
	var listed, holding []string
	counts := map[string]knowledge.Frequency{}
	var total knowledge.Frequency
	for _, id := range slices.Sorted(maps.Keys(base)) {
		d := base[id]
		if !sees(v, d) {
			continue
		}
		listed = append(listed, id)
		total.Documents++
		held := map[string]int{}
		for _, e := range knowledge.Index(d) {
			total.Passages++
			found := false
			for _, w := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(e.Title, e.Section, e.Body)))) {
				held[w]++
				found = found || slices.Contains(asked, w)
			}
			if found && (day.IsZero() || !d.Closed(day)) {
				holding = append(holding, fmt.Sprintf("%s#%d", id, e.Ordinal))
			}
		}
		for w, n := range held {
			counts[w] = knowledge.Frequency{Passages: counts[w].Passages + n, Documents: counts[w].Documents + 1}
		}
	}
	documents, err := s.Documents(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range documents {
		got = append(got, d.ID)
	}
	if !slices.Equal(got, listed) {
		t.Errorf("%+v lists %v, want %v", v, got, listed)
	}
	words := slices.Sorted(maps.Keys(counts))
	frequencies, all, err := s.Frequencies(t.Context(), v, append(words, "absent"))
	if err != nil || all != total || !reflect.DeepEqual(frequencies, counts) && len(counts) > 0 {
		t.Errorf("%+v counts %v of %v, %v; want %v of %v", v, frequencies, all, err, counts, total)
	}
	for _, w := range words[:min(3, len(words))] {
		near, err := s.Vocabulary(t.Context(), v, w[:1])
		if err != nil || near[w] != counts[w].Passages {
			t.Errorf("%+v: %q is in %d passages of the vocabulary, %v; want %d", v, w, near[w], err, counts[w].Passages)
		}
		for other := range near {
			if counts[other].Passages == 0 {
				t.Errorf("%+v sees the word %q, which no document that they may see holds", v, other)
			}
		}
	}
	q := query(t, s, v, asked)
	q.OpenOn, q.Documents, q.Passages = day, 1000, 1000
	hits, err := s.Find(t.Context(), v, q)
	if err != nil {
		t.Fatal(err)
	}
	got = nil
	for i, h := range hits {
		got = append(got, fmt.Sprintf("%s#%d", h.Document.ID, h.Ordinal))
		if i > 0 && h.Local > hits[i-1].Local || h.Local <= 0 {
			t.Errorf("hit %d has a score of %v", i, h.Local)
		}
	}
	slices.Sort(got)
	slices.Sort(holding)
	if !slices.Equal(got, holding) {
		t.Errorf("%+v on %v finds %v for %v, want %v", v, day, got, asked, holding)
	}
}

// anyOrder holds what is found to be the same whatever the order of writes, and replacing to be removing then putting.
func anyOrder(t *testing.T, s knowledge.Store) {
	r := dice(11)
	var documents []knowledge.Document
	for i := range 30 {
		documents = append(documents, random(r, fmt.Sprintf("d%02d", i)))
	}
	found := func() []knowledge.Hit {
		var out []knowledge.Hit
		for _, w := range vocabulary {
			q := query(t, s, knowledge.Viewer{Audience: knowledge.Staff}, knowledge.Analyse(w))
			q.Documents, q.Passages = 2, 5
			hits, err := s.Find(t.Context(), knowledge.Viewer{Audience: knowledge.Staff}, q)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, hits...)
		}
		return out
	}
	Put(t, s, documents...)
	want := found()
	r.Shuffle(len(documents), func(i, j int) { documents[i], documents[j] = documents[j], documents[i] })
	for i, d := range documents {
		if i%2 == 0 {
			if err := s.Remove(t.Context(), d.ID); err != nil {
				t.Fatal(err)
			}
		}
		Put(t, s, d)
	}
	if got := found(); !reflect.DeepEqual(got, want) {
		t.Errorf("after the same documents were put again in another order, what is found differs:\n%+v\nwant\n%+v", got, want)
	}
}
