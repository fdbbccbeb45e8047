package knowledgetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"guichet/knowledge"
)

// Compass is an Embedder whose vectors are made from the first number in a text: an angle in degrees. Two texts are as near
// as their angles are.
type Compass struct {
	// Named is the model's name, Broken what it fails with.
	Named  string
	Broken error
	// Texts are those that it was given, in order.
	Texts []string
}

// Model implements knowledge.Embedder.
func (c *Compass) Model() knowledge.Model { return knowledge.Model{Name: c.Named, Dimensions: 8} }

// Passages implements knowledge.Embedder.
func (c *Compass) Passages(_ context.Context, m knowledge.Model, texts []string) ([][]float32, error) {
	if c.Broken != nil {
		return nil, c.Broken
	}
	var out [][]float32
	for _, text := range texts {
		c.Texts = append(c.Texts, text)
		out = append(out, direction(m, text))
	}
	return out, nil
}

// Query implements knowledge.Embedder.
func (c *Compass) Query(_ context.Context, m knowledge.Model, text string) ([]float32, error) {
	return direction(m, text), c.Broken
}

// direction gives zeros to a text without a number, as a model may for a text that it knows no word of.
func direction(m knowledge.Model, text string) []float32 {
	out := make([]float32, m.Dimensions)
	at := strings.IndexAny(text, "0123456789")
	if at < 0 {
		return out
	}
	var degrees float64
	_, _ = fmt.Sscan(text[at:], &degrees)
	out[0], out[1] = float32(3*math.Cos(degrees*math.Pi/180)), float32(3*math.Sin(degrees*math.Pi/180)) // no unit vector
	return out
}

func vectors(t *testing.T, open func(t *testing.T) knowledge.Store) {
	for name, test := range map[string]func(*testing.T, knowledge.Store){
		"the nearest are found":                          nearest,
		"every hit has its similarity":                   similarities,
		"a filter starves nothing":                       starvation,
		"what a vector finds is what may be seen":        nearestRights,
		"a text is embedded once":                        once,
		"another model takes over when it is ready":      anotherModel,
		"vectors that are not the model's are refused":   refusedVectors,
		"what fails is done again from where it stopped": resumed,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func embedAll(t *testing.T, s knowledge.Store, e knowledge.Embedder) {
	t.Helper()
	if err := knowledge.EmbedAll(t.Context(), s, e, nil); err != nil {
		t.Fatal(err)
	}
}

// Nearest asks for the nearest passages, for a Query to have them.
func Nearest(t *testing.T, s knowledge.Store, v knowledge.Viewer, q knowledge.NearQuery) func() knowledge.Near {
	t.Helper()
	near, err := s.Nearest(t.Context(), v, q)
	if err != nil {
		t.Error(err)
	}
	return func() knowledge.Near { return near }
}

// near asks for the nearest passages to an angle.
func near(t *testing.T, s knowledge.Store, v knowledge.Viewer, m knowledge.Model, degrees, limit int) []knowledge.Hit {
	t.Helper()
	_, total, err := s.Frequencies(t.Context(), v, nil)
	if err != nil {
		t.Fatal(err)
	}
	hits, err := s.Find(t.Context(), v, knowledge.Query{Total: total, Near: Nearest(t, s, v, knowledge.NearQuery{Vector: direction(m, fmt.Sprint(degrees)), Model: m, Total: total, Limit: limit})})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(hits, func(a, b knowledge.Hit) int {
		if a.Vector > b.Vector {
			return -1
		}
		return 1
	})
	return hits
}

func names(hits []knowledge.Hit) (out []string) {
	for _, h := range hits {
		out = append(out, fmt.Sprintf("%s#%d", h.Document.ID, h.Ordinal))
	}
	return out
}

func nearest(t *testing.T, s knowledge.Store) {
	d := Doc("a", 1, "Cap 10.", "Cap 90.", "Cap 170.", "Sans cap.")
	d.Title = "Caps"
	Put(t, s, d)
	e := &Compass{Named: "boussole"}
	if hits := near(t, s, public, e.Model(), 80, 2); len(hits) != 0 {
		t.Errorf("before there are vectors, %v", names(hits))
	}
	embedAll(t, s, e)
	hits := near(t, s, public, e.Model(), 80, 2)
	if got := names(hits); !slices.Equal(got, []string{"a#1", "a#0"}) {
		t.Fatalf("found %v", got)
	}
	for i, want := range []float64{math.Cos(10 * math.Pi / 180), math.Cos(70 * math.Pi / 180)} {
		if math.Abs(hits[i].Vector-want) > 0.01 {
			t.Errorf("similarity %v, want %v", hits[i].Vector, want)
		}
	}
	if hits := near(t, s, public, e.Model(), 80, 10); len(hits) != 4 || hits[2].Vector != 0 && hits[3].Vector != 0 {
		t.Errorf("all are %+v: a text without meaning is like nothing", hits)
	}
	hits, err := s.Find(t.Context(), public, knowledge.Query{Near: Nearest(t, s, public, knowledge.NearQuery{Vector: make([]float32, 8), Model: e.Model(), Limit: 10})})
	if err != nil || len(hits) != 0 {
		t.Errorf("a question without meaning finds %v, %v", names(hits), err)
	}
}

func similarities(t *testing.T, s knowledge.Store) {
	Put(t, s, Doc("mots", 1, "L'hydrogène au cap 120."), Doc("sens", 1, "Le gaz au cap 30."))
	e := &Compass{Named: "boussole"}
	embedAll(t, s, e)
	q := query(t, s, public, knowledge.Analyse("hydrogène"))
	q.Near = Nearest(t, s, public, knowledge.NearQuery{Vector: direction(e.Model(), "30"), Model: e.Model(), Total: q.Total, Limit: 1})
	hits, err := s.Find(t.Context(), public, q)
	if err != nil || len(hits) != 2 || hits[0].Document.ID != "mots" || hits[0].Local <= 0 || math.Abs(hits[0].Vector) > 0.01 ||
		hits[1].Document.ID != "sens" || hits[1].Local != 0 || hits[1].Vector < 0.99 {
		t.Errorf("found %+v, %v", hits, err)
	}
}

func starvation(t *testing.T, s knowledge.Store) {
	texts := make([]string, 3000)
	for i := range texts {
		texts[i] = fmt.Sprintf("Cap %d.%d de la région.", i%3, i)
	}
	hidden := Doc("caché", knowledge.Staff, texts...)
	closed := Doc("clos", knowledge.Public, texts[:200]...)
	closed.Unavailable = true
	Put(t, s, hidden, closed, Doc("ouvert", knowledge.Public, "Cap 100 tout seul."))
	e := &Compass{Named: "boussole"}
	embedAll(t, s, e)
	// As in a base so large that its vectors are searched through an index.
	for _, total := range []int{1, 1_000_000} {
		asked := knowledge.NearQuery{Vector: direction(e.Model(), "0"), Model: e.Model(), Limit: 10,
			OpenOn: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Total: knowledge.Frequency{Passages: total, Documents: 1}}
		hits, err := s.Find(t.Context(), public, knowledge.Query{OpenOn: asked.OpenOn, Total: asked.Total, Near: Nearest(t, s, public, asked)})
		if got := names(hits); err != nil || !slices.Equal(got, []string{"ouvert#0"}) {
			t.Errorf("found %v, %v", got, err)
		}
	}
}

func nearestRights(t *testing.T, s knowledge.Store) {
	r := dice(3)
	base := map[string]knowledge.Document{}
	e := &Compass{Named: "boussole"}
	for range 8 {
		for range 6 {
			id := fmt.Sprintf("d%02d", r.IntN(20))
			d := random(r, id)
			for i := range d.Blocks {
				d.Blocks[i].Text = fmt.Sprintf("Cap %d. %s", r.IntN(360), d.Blocks[i].Text)
			}
			base[id] = d
			Put(t, s, d)
		}
		embedAll(t, s, e)
		for range 4 {
			v, degrees := someone(r), r.IntN(360)
			var want []float64
			for _, d := range base {
				if !sees(v, d) {
					continue
				}
				for _, p := range knowledge.Split(d) {
					want = append(want, cosine(direction(e.Model(), fmt.Sprint(degrees)), direction(e.Model(), knowledge.Meaning(d.Title, p))))
				}
			}
			slices.SortFunc(want, func(a, b float64) int { return int(math.Copysign(1, b-a)) })
			hits := near(t, s, v, e.Model(), degrees, 5)
			if len(hits) != min(5, len(want)) {
				t.Fatalf("%+v finds %d, want %d", v, len(hits), min(5, len(want)))
			}
			for i, h := range hits {
				if !sees(v, base[h.Document.ID]) || math.Abs(h.Vector-want[i]) > 0.02 {
					t.Errorf("%+v at %d: hit %d is %s, of audience %v and similarity %v; want %v", v, degrees, i, h.Document.ID, h.Document.Audience, h.Vector, want[i])
				}
			}
		}
	}
}

func cosine(a, b []float32) float64 {
	dot, aa, bb := 0.0, 0.0, 0.0
	for i := range a {
		dot, aa, bb = dot+float64(a[i]*b[i]), aa+float64(a[i]*a[i]), bb+float64(b[i]*b[i])
	}
	return dot / math.Sqrt(aa*bb)
}

func once(t *testing.T, s knowledge.Store) {
	e := &Compass{Named: "boussole"}
	d := Doc("a", 1, "Cap 10.", "Cap 20.", "Cap 10.")
	Put(t, s, d)
	embedAll(t, s, e)
	if len(e.Texts) != 2 {
		t.Errorf("embedded %q", e.Texts)
	}
	d.Blocks[1].Text = "Cap 30."
	d.Hash = "2"
	Put(t, s, d)
	embedAll(t, s, e)
	embedAll(t, s, e)
	if len(e.Texts) != 3 || !strings.Contains(e.Texts[2], "Cap 30") {
		t.Errorf("after a change of one passage, embedded %q", e.Texts)
	}
	if got := names(near(t, s, public, e.Model(), 30, 1)); !slices.Equal(got, []string{"a#1"}) {
		t.Errorf("found %v", got)
	}
	// The same text kept for others is theirs only.
	secret := Doc("b", knowledge.Staff, "Cap 10.")
	secret.Title = d.Title
	Put(t, s, secret)
	embedAll(t, s, e)
	if len(e.Texts) != 3 {
		t.Errorf("the same text in another document is embedded again: %q", e.Texts)
	}
	if got := names(near(t, s, public, e.Model(), 10, 10)); len(got) != 3 {
		t.Errorf("the public finds %v", got)
	}
	if err := s.Remove(t.Context(), "a", "b"); err != nil {
		t.Fatal(err)
	}
	if got := near(t, s, public, e.Model(), 10, 10); len(got) != 0 {
		t.Errorf("after removal, found %v", names(got))
	}
}

func anotherModel(t *testing.T, s knowledge.Store) {
	former, next := &Compass{Named: "ancien"}, &Compass{Named: "nouveau"}
	if _, ok, err := s.Answering(t.Context(), former.Model()); ok || err != nil {
		t.Errorf("a model answers before there is one: %v", err)
	}
	Put(t, s, Doc("a", 1, "Cap 10."), Doc("b", 1, "Cap 20."))
	embedAll(t, s, former)
	todo, err := s.Use(t.Context(), next.Model())
	if err != nil || !slices.Equal(todo, []string{"a", "b"}) {
		t.Fatalf("the new model has to embed %v, %v", todo, err)
	}
	if err := knowledge.Embed(t.Context(), s, next, "a"); err != nil {
		t.Fatal(err)
	}
	if err := s.Settle(t.Context(), next.Model()); err != nil { // too early: nothing changes
		t.Fatal(err)
	}
	if m, ok, err := s.Answering(t.Context(), next.Model()); m != former.Model() || !ok || err != nil {
		t.Errorf("meanwhile %v answers, %v, %v; want the former", m, ok, err)
	}
	if got := near(t, s, public, former.Model(), 20, 1); len(got) != 1 || got[0].Document.ID != "b" {
		t.Errorf("meanwhile finds %v", names(got))
	}
	started := Nearest(t, s, public, knowledge.NearQuery{Vector: direction(former.Model(), "10"), Model: former.Model(), Limit: 1})
	embedAll(t, s, next)
	if len(next.Texts) != 2 {
		t.Errorf("embedded %q", next.Texts)
	}
	if m, ok, err := s.Answering(t.Context(), next.Model()); m != next.Model() || !ok || err != nil {
		t.Errorf("in the end %v answers, %v, %v", m, ok, err)
	}
	if got := near(t, s, public, next.Model(), 20, 1); len(got) != 1 || got[0].Document.ID != "b" || got[0].Vector < 0.99 {
		t.Errorf("in the end finds %v", names(got))
	}
	q := query(t, s, public, knowledge.Analyse("cap 20"))
	q.Near = started
	if hits, err := s.Find(t.Context(), public, q); err != nil || len(hits) == 0 || hits[0].Document.ID != "b" || hits[0].Vector != 0 {
		t.Errorf("a search that the former model had started finds %+v, %v; want what words find", hits, err)
	}
	if got := near(t, s, public, former.Model(), 20, 1); len(got) != 0 {
		t.Errorf("the former model's vectors are still there: %v", names(got))
	}
}

func refusedVectors(t *testing.T, s knowledge.Store) {
	m := (&Compass{Named: "boussole"}).Model()
	Put(t, s, Doc("a", 1, "Cap 10."))
	if _, err := s.Use(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	nan := make([]float32, 8)
	nan[3] = float32(math.NaN())
	for name, vectors := range map[string][][]float32{"none": nil, "short": {{1, 2}}, "not numbers": {nan}} {
		if err := s.Keep(t.Context(), m, []string{"Fiche a\nCap 10."}, vectors); err == nil {
			t.Errorf("%s: kept", name)
		}
	}
	if missing, err := s.Missing(t.Context(), m, "a"); err != nil || len(missing) != 1 {
		t.Errorf("missing %q, %v", missing, err)
	}
}

func resumed(t *testing.T, s knowledge.Store) {
	e := &Compass{Named: "boussole"}
	Put(t, s, Doc("a", 1, "Cap 10."), Doc("b", 1, "Cap 20."))
	if _, err := s.Use(t.Context(), e.Model()); err != nil {
		t.Fatal(err)
	}
	if err := knowledge.Embed(t.Context(), s, e, "a"); err != nil {
		t.Fatal(err)
	}
	e.Broken = errors.New("panne")
	if err := knowledge.EmbedAll(t.Context(), s, e, nil); !errors.Is(err, e.Broken) {
		t.Errorf("EmbedAll = %v", err)
	}
	if _, ok, err := s.Answering(t.Context(), e.Model()); ok || err != nil {
		t.Errorf("an unfinished model answers (%v)", err)
	}
	e.Broken = nil
	embedAll(t, s, e)
	if len(e.Texts) != 2 {
		t.Errorf("embedded %q", e.Texts)
	}
}
