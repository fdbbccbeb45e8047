package sqlstore

import (
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"testing"
)

// Sifting by signs must lose almost none of the nearest.
func TestSiftedNearest(t *testing.T) {
	const dimensions, passages, limit = 256, 20_000, 10
	r := rand.New(rand.NewPCG(1, 2))
	random := func() []float32 {
		v := make([]float32, dimensions)
		for i := range v {
			v[i] = float32(r.NormFloat64())
		}
		return v
	}
	var all []*vectors
	subjects := make([][]float32, passages/100)
	for i := range subjects {
		subjects[i] = random()
	}
	about := func(subject int) []float32 {
		v := random()
		for j, x := range subjects[subject] {
			v[j] += x
		}
		unit, _ := normalised(v)
		return unit
	}
	for i := range passages {
		if i%100 == 0 {
			all = append(all, &vectors{})
		}
		encoded, err := hex.DecodeString((&sqlite{}).encode(about(i % len(subjects))))
		if err != nil {
			t.Fatal(err)
		}
		all[len(all)-1].add(int64(i), encoded)
	}
	var sieve sieve
	for i, v := range all {
		sieve.add(int64(i), v, dimensions)
	}
	kept, asked := 0, 100
	for range asked {
		a := ask(about(r.IntN(len(subjects))))
		exact := newTop(limit, scored.better)
		for _, v := range all {
			for i, number := range v.numbers {
				exact.add(scored{number, a.similarity(v.at(i))})
			}
		}
		nearest := sieve.nearest(a, func(int64) bool { return true }, limit)
		for _, s := range exact.best() {
			if slices.Contains(nearest, s.number) {
				kept++
			}
		}
	}
	if share := float64(kept) / float64(asked*limit); share < 0.98 {
		t.Errorf("%.3f of the nearest are found", share)
	}
}
