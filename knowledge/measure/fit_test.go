package measure_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"guichet/knowledge/measure"
)

// TestFitRanking finds the sign that tells the wanted documents, beside one that tells little and one that tells nothing.
func TestFitRanking(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var lists []measure.List
	for range 100 {
		l := measure.List{Ideal: 1}
		for i := range 30 {
			gain := 0.0
			if i == 0 {
				gain = 1
			}
			l.Signs = append(l.Signs, []float64{0.3*gain + r.NormFloat64(), 3*gain + r.NormFloat64(), r.NormFloat64()})
			l.Gains = append(l.Gains, gain)
		}
		lists = append(lists, l)
	}
	grid := measure.NewGrid(lists, 3)
	w := measure.FitRanking([]measure.Grid{grid, grid})
	if w[0] != 1 || w[1] < 1.5 || w[2] > 0.4 {
		t.Errorf("weights %v", w)
	}
	wrong := measure.List{Ideal: 1, Signs: [][]float64{{1, 0}, {0, 2}}, Gains: []float64{1, 0}}
	right := measure.List{Ideal: 1, Signs: [][]float64{{1, 0}, {0.4, 1}}, Gains: []float64{0, 1}}
	if w := measure.FitRanking([]measure.Grid{measure.NewGrid([]measure.List{wrong}, 2), measure.NewGrid([]measure.List{right}, 2)}); w[1] > 0.5 {
		t.Errorf("a collection that loses by the second sign has it weigh %v", w[1])
	}
	same := measure.List{Signs: [][]float64{{1, 0}, {0, 0}}, Gains: []float64{0, 1}, Ideal: 1}
	if got := same.NDCG10([]float64{1, 0}); math.Abs(got-1/math.Log2(3)) > 1e-9 {
		t.Errorf("nDCG@10 of a document at the second place: %v", got)
	}
	if w := measure.FitRanking([]measure.Grid{measure.NewGrid([]measure.List{same}, 2)}); w[1] != 0 {
		t.Errorf("a sign that tells nothing weighs %v", w[1])
	}
}
