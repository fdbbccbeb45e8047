package static

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
)

func dot(a, b []float32) float64 {
	var sum float64
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

func near(a, b string) float64 { return dot(Default().Embed(a), Default().Embed(b)) }

func TestNeighbours(t *testing.T) {
	for _, c := range []struct{ word, near, far string }{
		{"intercommunalité", "EPCI", "bulletin de paie"},
		{"embauche", "recrutement", "permis de conduire"},
		{"subvention", "aide", "divorce"},
		{"prêt", "emprunt", "apprentissage"},
		{"les intercos", "communauté de communes", "congés payés"},
		{"combien ça coûte ?", "tarif", "compétence"},
		{"business loan", "prêt aux entreprises", "carte d'identité"},
		{"recrutemnt d'un aprenti", "recrutement d'un apprenti", "création d'une association"},
		{"creation d'une societe", "Création d’une société", "Garde d'un enfant"},
	} {
		if good, bad := near(c.word, c.near), near(c.word, c.far); good < bad+0.1 {
			t.Errorf("%q: %.2f to %q, %.2f to %q", c.word, good, c.near, bad, c.far)
		}
	}
}

// TestModelIsTheScripts holds the file to the digest that make/README.md says the script gives: a model that nobody can make
// again is seen.
func TestModelIsTheScripts(t *testing.T) {
	readme, err := os.ReadFile("make/README.md")
	if err != nil {
		t.Fatal(err)
	}
	if digest := fmt.Sprintf("%x", sha256.Sum256(file)); !strings.Contains(string(readme), digest) {
		t.Errorf("make/README.md does not tell the digest of model.bin, %s", digest)
	}
}

// TestPinned compares with the vectors that the making script worked out by itself when it wrote the model.
func TestPinned(t *testing.T) {
	content, err := os.ReadFile("testdata/pinned.json")
	if err != nil {
		t.Fatal(err)
	}
	var pinned []struct {
		Text   string
		Vector []float64
	}
	if err := json.Unmarshal(content, &pinned); err != nil {
		t.Fatal(err)
	}
	if len(pinned) == 0 {
		t.Fatal("nothing is pinned")
	}
	for _, p := range pinned {
		got := Default().Embed(p.Text)
		if len(got) != len(p.Vector) {
			t.Fatalf("%q: %d dimensions, want %d", p.Text, len(got), len(p.Vector))
		}
		for i, want := range p.Vector {
			if math.Abs(float64(got[i])-want) > 1e-4 {
				t.Errorf("%q: %v at %d, want %v", p.Text, got[i], i, want)
				break
			}
		}
	}
}

func BenchmarkEmbed(b *testing.B) {
	m := Default()
	b.ReportAllocs()
	for b.Loop() {
		m.Embed("Combien ça coûte d'embaucher un apprenti dans une petite entreprise des Hauts-de-France ?")
	}
}

func FuzzEmbed(f *testing.F) {
	for _, s := range []string{"", "l'été", "\xff", "S.A.R.L.", "zzzzqqqq", "中文", "12345", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v := Default().Embed(text)
		if n := dot(v, v); n != 0 && math.Abs(n-1) > 1e-4 {
			t.Fatalf("length of %q is %v", text, math.Sqrt(n))
		}
	})
}
