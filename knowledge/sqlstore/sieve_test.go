package sqlstore

import (
	"math/rand/v2"
	"testing"
)

// What signs tell is what adding up one sign after the other tells, whatever the number of dimensions.
func TestSigns(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, dimensions := range []int{1, 7, 63, 64, 65, 100, 256, 300, 384} {
		a, b := make([]int8, dimensions), make([]int8, dimensions)
		for i := range a {
			a[i], b[i] = int8(r.IntN(255)-127), int8(r.IntN(255)-127)
		}
		differ, sum := 0, 0
		for i := range a {
			if (a[i] < 0) != (b[i] < 0) {
				differ++
			}
			if b[i] < 0 {
				sum -= int(a[i])
			} else {
				sum += int(a[i])
			}
		}
		signs := appendSigns(nil, b)
		if got := differing(appendSigns(nil, a), signs); got != differ {
			t.Errorf("%d dimensions: %d signs differ, want %d", dimensions, got, differ)
		}
		if got := promise(products(a, len(signs)), signs); got != sum {
			t.Errorf("%d dimensions: the product is %d, want %d", dimensions, got, sum)
		}
	}
	if got := reached([]int{5, 1, 2, 3}, 5); got != 2 {
		t.Errorf("five are reached at %d, want 2", got)
	}
}
