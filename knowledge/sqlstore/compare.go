package sqlstore

import (
	"math"
	"slices"
)

// normalised gives a vector of length 1, nil for one that has no direction; false for one that holds no numbers.
func normalised(v []float32) ([]float32, bool) {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if math.IsNaN(sum) || math.IsInf(sum, 0) {
		return nil, false
	}
	if sum == 0 {
		return nil, true
	}
	norm := 1 / math.Sqrt(sum)
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(float64(x) * norm)
	}
	return out, true
}

// quantised gives a vector as multiples of a scale, at eight bits each.
func quantised(v []float32) (scale float64, values []int8) {
	largest := float32(0)
	for _, x := range v {
		largest = max(largest, x, -x)
	}
	values = make([]int8, len(v))
	if largest == 0 {
		return 0, values
	}
	scale = float64(largest) / math.MaxInt8
	for i, x := range v {
		values[i] = int8(math.RoundToEven(float64(x) / scale))
	}
	return scale, values
}

// dot multiplies vectors of one length. Four sums at once keep the processor busy.
func dot(a, b []int8) int32 {
	var s0, s1, s2, s3 int32
	b = b[:len(a)]
	i := 0
	for ; i+4 <= len(a); i += 4 {
		x, y := a[i:i+4:i+4], b[i:i+4:i+4]
		s0 += int32(x[0]) * int32(y[0])
		s1 += int32(x[1]) * int32(y[1])
		s2 += int32(x[2]) * int32(y[2])
		s3 += int32(x[3]) * int32(y[3])
	}
	for ; i < len(a); i++ {
		s0 += int32(a[i]) * int32(b[i])
	}
	return s0 + s1 + s2 + s3
}

// top keeps the best of what it is given.
type top struct {
	size int
	kept []scored // a heap, the worst first
}

type scored struct {
	number     int64
	similarity float64
}

// worse orders equals by number, so that the same are always kept.
func (a scored) worse(b scored) bool {
	return a.similarity < b.similarity || a.similarity == b.similarity && a.number > b.number
}

func newTop(size int) *top { return &top{size: size, kept: make([]scored, 0, size)} }

func (t *top) add(number int64, similarity float64) {
	s := scored{number, similarity}
	if len(t.kept) < t.size {
		t.kept = append(t.kept, s)
		for i := len(t.kept) - 1; i > 0 && t.kept[i].worse(t.kept[(i-1)/2]); i = (i - 1) / 2 {
			t.kept[i], t.kept[(i-1)/2] = t.kept[(i-1)/2], t.kept[i]
		}
		return
	}
	if !t.kept[0].worse(s) {
		return
	}
	t.kept[0] = s
	for i := 0; ; {
		worst := i
		for _, child := range []int{2*i + 1, 2*i + 2} {
			if child < len(t.kept) && t.kept[child].worse(t.kept[worst]) {
				worst = child
			}
		}
		if worst == i {
			return
		}
		t.kept[i], t.kept[worst] = t.kept[worst], t.kept[i]
		i = worst
	}
}

// rows gives what was kept, best first.
func (t *top) rows() [][]any {
	slices.SortFunc(t.kept, func(a, b scored) int {
		if a.worse(b) {
			return 1
		}
		return -1
	})
	rows := make([][]any, len(t.kept))
	for i, s := range t.kept {
		rows[i] = []any{s.number, s.similarity}
	}
	return rows
}
