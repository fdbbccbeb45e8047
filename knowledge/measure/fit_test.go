package measure_test

import (
	"math/rand/v2"
	"testing"

	"guichet/knowledge/measure"
)

// TestFitRanking finds the sign that tells the wanted documents among signs that tell nothing, from a start where full
// Newton steps overshoot: a sign that nearly separates them, and its near copy.
func TestFitRanking(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var lists []measure.List
	for range 200 {
		l := measure.List{Weight: 1.0 / 200}
		for i := range 50 {
			telling := random.NormFloat64() * 0.1
			if i == 0 {
				telling++
			}
			l.Signs = append(l.Signs, []float64{telling, telling + random.NormFloat64()*0.01, random.NormFloat64()})
			l.Wanted = append(l.Wanted, i == 0)
		}
		lists = append(lists, l)
	}
	lists = append(lists, measure.List{Weight: 1, Signs: [][]float64{{1, 1, 1}}, Wanted: []bool{false}}) // nothing wanted was found
	w := measure.FitRanking(lists, 3)
	first := 0
	for _, l := range lists[:200] {
		best, at := -1e9, -1
		for i, s := range l.Signs {
			if score := w[0]*s[0] + w[1]*s[1] + w[2]*s[2]; score > best {
				best, at = score, i
			}
		}
		if at == 0 {
			first++
		}
	}
	if first < 198 || w[0]+w[1] < 1 || w[2] > 0.2*(w[0]+w[1]) {
		t.Errorf("weights %.2f put %d of 200 first", w, first)
	}
}
