package sqlstore

import (
	"math"
	"math/bits"
)

// How many vectors are left after each look at their signs, the ten nearest among them: the first look counts the signs that
// agree, the second multiplies the question by them. Those left at the end are compared in full.
const (
	agreeing = 6_000
	sifted   = 1_000
)

// sieve is the signs of all the vectors that are held, a bit each, in one piece: the processor reads it from end to end.
type sieve struct {
	width int // of a vector, in words of 64 signs
	signs []uint64
	runs  []run
}

// run is the vectors of a document, from a place of the sieve on.
type run struct {
	document int64
	from     int
	*vectors
}

// add takes the vectors of a document.
func (s *sieve) add(document int64, v *vectors, dimensions int) {
	s.width = (dimensions + 63) / 64
	s.runs = append(s.runs, run{document, len(s.signs) / max(1, s.width), v})
	for i := range v.numbers {
		s.signs = appendSigns(s.signs, v.values[i*dimensions:(i+1)*dimensions])
	}
}

func appendSigns(signs []uint64, values []int8) []uint64 {
	for i, x := range values {
		if i%64 == 0 {
			signs = append(signs, 0)
		}
		signs[len(signs)-1] |= uint64(uint8(x)>>7) << (i % 64)
	}
	return signs
}

// nearest gives the passages of the greatest similarities among the documents that are seen, best first.
func (s *sieve) nearest(a asked, seen func(document int64) bool, limit int) []int64 {
	var runs []run
	n := 0
	for _, r := range s.runs {
		if seen(r.document) {
			runs = append(runs, r)
			n += len(r.numbers)
		}
	}
	nearest := newTop(limit, scored.better)
	compare := func(r run, i int) { nearest.add(scored{r.numbers[i], a.similarity(r.at(i))}) }
	if n <= allCompared {
		for _, r := range runs {
			for i := range r.numbers {
				compare(r, i)
			}
		}
	} else {
		for _, v := range s.promising(a, runs, s.agreeing(a, runs, n, max(agreeing, 60*limit)), max(sifted, 10*limit)) {
			compare(runs[v.run], int(v.index))
		}
	}
	numbers := make([]int64, 0, limit)
	for _, s := range nearest.best() {
		numbers = append(numbers, s.number)
	}
	return numbers
}

// sign is the signs of one vector: its run among those that are seen, and its place in it.
type sign struct{ run, index int32 }

// agreeing gives the vectors, of n, whose signs agree the most with the question's: enough of them, and those that agree as much.
func (s *sieve) agreeing(a asked, runs []run, n, enough int) []sign {
	question := appendSigns(nil, a.values)
	agreed := make([]uint16, 0, n)
	counts := make([]int, 64*s.width+1)
	for _, r := range runs {
		for i := range r.numbers {
			agreement := 64*s.width - differing(question, s.signs[(r.from+i)*s.width:])
			counts[agreement]++
			agreed = append(agreed, uint16(agreement))
		}
	}
	least := uint16(reached(counts, enough))
	out := make([]sign, 0, enough+enough/2)
	for run, r := range runs {
		for i, agreement := range agreed[:len(r.numbers)] {
			if agreement >= least {
				out = append(out, sign{int32(run), int32(i)})
			}
		}
		agreed = agreed[len(r.numbers):]
	}
	return out
}

// differing counts the signs that differ.
func differing(a, b []uint64) int {
	n, i := 0, 0
	b = b[:len(a)]
	for ; i+4 <= len(a); i += 4 { // most models have a multiple of 256 dimensions
		x, y := a[i:i+4:i+4], b[i:i+4:i+4]
		n += bits.OnesCount64(x[0]^y[0]) + bits.OnesCount64(x[1]^y[1]) + bits.OnesCount64(x[2]^y[2]) + bits.OnesCount64(x[3]^y[3])
	}
	for ; i < len(a); i++ {
		n += bits.OnesCount64(a[i] ^ b[i])
	}
	return n
}

// promising gives those of the vectors whose signs, multiplied by the question, add up to the most: enough of them, and those
// that nearly do. Signs are taken eight at once, from a table that the processor keeps near.
func (s *sieve) promising(a asked, runs []run, of []sign, enough int) []sign {
	const step = 6 // products are counted by sixty-four
	table := products(a.values, s.width)
	highest := len(a.values) * (math.MaxInt8 + 1)
	counts := make([]int, highest>>(step-1)+1)
	promises := make([]int, len(of))
	for i, v := range of {
		at := (runs[v.run].from + int(v.index)) * s.width
		promises[i] = (promise(table, s.signs[at:at+s.width]) + highest) >> step
		counts[promises[i]]++
	}
	least := reached(counts, enough)
	out := of[:0]
	for i, v := range of {
		if promises[i] >= least {
			out = append(out, v)
		}
	}
	return out
}

// reached gives the greatest place that enough of what is counted reach, 0 when there are not so many.
func reached(counts []int, enough int) int {
	for i := len(counts) - 1; i > 0; i-- {
		if enough -= counts[i]; enough <= 0 {
			return i
		}
	}
	return 0
}

// products gives, for each eight values and what signs eight others may have, what their products add up to when those are ±1.
func products(values []int8, width int) [][256]int16 {
	out := make([][256]int16, 8*width)
	for i := 0; 8*i < len(values); i++ {
		of, sums := values[8*i:min(8*i+8, len(values))], &out[i]
		for _, x := range of {
			sums[0] += int16(x)
		}
		for signs := 1; signs < len(sums); signs++ {
			last := bits.TrailingZeros8(uint8(signs))
			sums[signs] = sums[signs&(signs-1)]
			if last < len(of) {
				sums[signs] -= 2 * int16(of[last])
			}
		}
	}
	return out
}

// promise multiplies a question by signs. Two sums at once keep the processor busy.
func promise(table [][256]int16, signs []uint64) int {
	var even, odd int
	for i, w := range signs {
		t := table[8*i : 8*i+8 : 8*i+8]
		even += int(t[0][uint8(w)]) + int(t[2][uint8(w>>16)]) + int(t[4][uint8(w>>32)]) + int(t[6][uint8(w>>48)])
		odd += int(t[1][uint8(w>>8)]) + int(t[3][uint8(w>>24)]) + int(t[5][uint8(w>>40)]) + int(t[7][uint8(w>>56)])
	}
	return even + odd
}
