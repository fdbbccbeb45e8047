package sqlstore

import (
	"cmp"
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

// vectors are those of a document's passages, quantised.
type vectors struct {
	numbers []int64
	norms   []float64
	values  []int8 // one vector after the other
}

// add takes a vector as sqlite encodes it.
func (v *vectors) add(number int64, encoded []byte) {
	v.numbers = append(v.numbers, number)
	start := len(v.values)
	for _, x := range encoded[scaleBytes:] {
		v.values = append(v.values, int8(x))
	}
	v.norms = append(v.norms, norm(v.values[start:]))
}

// at gives the vector of that index.
func (v *vectors) at(i int) (values []int8, norm float64) {
	n := len(v.values) / len(v.numbers)
	return v.values[i*n : (i+1)*n], v.norms[i]
}

// norm is the length of a quantised vector, in multiples of its scale.
func norm(values []int8) float64 { return math.Sqrt(float64(dot(values, values))) }

// asked is the vector of a question, quantised.
type asked struct {
	norm   float64
	values []int8
}

func ask(vector []float32) asked {
	_, values := quantised(vector)
	return asked{norm(values), values}
}

// similarity is the cosine with a vector of that norm; 0 with one of zeros, or none. Both engines compare the same whole numbers,
// so that they rank alike.
func (a asked) similarity(values []int8, norm float64) float64 {
	if a.norm == 0 || norm == 0 {
		return 0
	}
	return float64(dot(a.values, values)) / (a.norm * norm)
}

// dot multiplies vectors of one length. Four sums at once keep the processor busy.
func dot(a, b []int8) int32 {
	var s0, s1, s2, s3 int32
	b = b[:len(a)]
	i := 0
	for ; i+8 <= len(a); i += 8 {
		x, y := a[i:i+8:i+8], b[i:i+8:i+8]
		s0 += int32(x[0])*int32(y[0]) + int32(x[4])*int32(y[4])
		s1 += int32(x[1])*int32(y[1]) + int32(x[5])*int32(y[5])
		s2 += int32(x[2])*int32(y[2]) + int32(x[6])*int32(y[6])
		s3 += int32(x[3])*int32(y[3]) + int32(x[7])*int32(y[7])
	}
	for ; i < len(a); i++ {
		s0 += int32(a[i]) * int32(b[i])
	}
	return s0 + s1 + s2 + s3
}

// top keeps the best of what it is given, better comparing two.
type top[T any] struct {
	size   int
	better func(a, b T) int
	kept   []T // a heap, the worst first
}

func newTop[T any](size int, better func(a, b T) int) *top[T] {
	return &top[T]{size: size, better: better}
}

func (t *top[T]) add(x T) {
	if len(t.kept) < t.size {
		t.kept = append(t.kept, x)
		for i := len(t.kept) - 1; i > 0 && t.better(t.kept[i], t.kept[(i-1)/2]) > 0; i = (i - 1) / 2 {
			t.kept[i], t.kept[(i-1)/2] = t.kept[(i-1)/2], t.kept[i]
		}
		return
	}
	if t.size == 0 || t.better(x, t.kept[0]) > 0 {
		return
	}
	t.kept[0] = x
	for i := 0; ; {
		worst := i
		for _, child := range []int{2*i + 1, 2*i + 2} {
			if child < len(t.kept) && t.better(t.kept[child], t.kept[worst]) > 0 {
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

// best gives what was kept, best first.
func (t *top[T]) best() []T {
	slices.SortFunc(t.kept, t.better)
	return t.kept
}

// scored is a passage with its similarity.
type scored struct {
	number     int64
	similarity float64
}

// better orders the same similarities by number, so that the same are always kept.
func (a scored) better(b scored) int {
	return cmp.Or(cmp.Compare(b.similarity, a.similarity), cmp.Compare(a.number, b.number))
}
