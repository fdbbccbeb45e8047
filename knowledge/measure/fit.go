package measure

import (
	"cmp"
	"math"
	"runtime"
	"slices"
	"sync"
)

// ridge keeps the weights of the logistic regression small: each counts as if that many samples spoke against it.
const ridge = 3

// Fit gives the intercept and the weights of a logistic regression with an L2 penalty on standardised values, by Newton's
// method (iteratively reweighted least squares). Each sample has the same number of values; a value that never varies
// gets 0.
func Fit(samples [][]float64, good []bool) (start float64, weights []float64) {
	n := len(samples[0])
	mean, deviation := make([]float64, n), make([]float64, n)
	for _, s := range samples {
		for j, x := range s {
			mean[j] += x / float64(len(samples))
		}
	}
	for _, s := range samples {
		for j, x := range s {
			deviation[j] += (x - mean[j]) * (x - mean[j]) / float64(len(samples))
		}
	}
	for j := range deviation {
		deviation[j] = math.Sqrt(deviation[j])
	}
	row := func(s []float64) []float64 { // the intercept last
		out := make([]float64, n+1)
		for j, x := range s {
			if deviation[j] > 1e-9 {
				out[j] = (x - mean[j]) / deviation[j]
			}
		}
		out[n] = 1
		return out
	}
	w := make([]float64, n+1)
	for range 30 {
		gradient, hessian := make([]float64, n+1), make([][]float64, n+1)
		for j := range hessian {
			hessian[j] = make([]float64, n+1)
			if j < n {
				hessian[j][j], gradient[j] = ridge, -ridge*w[j]
			}
		}
		for i, s := range samples {
			x := row(s)
			p := Probability(0, w, x)
			y := 0.0
			if good[i] {
				y = 1
			}
			for j := range x {
				gradient[j] += (y - p) * x[j]
				for k := range x {
					hessian[j][k] += p * (1 - p) * x[j] * x[k]
				}
			}
		}
		step := solve(hessian, gradient)
		largest := 0.0
		for j := range w {
			w[j] += step[j]
			largest = max(largest, math.Abs(step[j]))
		}
		if largest < 1e-9 {
			break
		}
	}
	start, weights = w[n], make([]float64, n)
	for j := range weights {
		if deviation[j] > 1e-9 {
			weights[j] = w[j] / deviation[j]
			start -= weights[j] * mean[j]
		}
	}
	return start, weights
}

// Probability is the logistic function of a weighted sum.
func Probability(start float64, weights, values []float64) float64 {
	for j, x := range values {
		start += weights[j] * x
	}
	return 1 / (1 + math.Exp(-start))
}

// solve solves a system of linear equations, by Gauss's elimination with the largest pivots; it changes its arguments.
func solve(a [][]float64, b []float64) []float64 {
	n := len(b)
	for i := range n {
		pivot := i
		for r := i + 1; r < n; r++ {
			if math.Abs(a[r][i]) > math.Abs(a[pivot][i]) {
				pivot = r
			}
		}
		a[i], a[pivot], b[i], b[pivot] = a[pivot], a[i], b[pivot], b[i]
		for r := i + 1; r < n; r++ {
			f := a[r][i] / a[i][i]
			for k := i; k < n; k++ {
				a[r][k] -= f * a[i][k]
			}
			b[r] -= f * b[i]
		}
	}
	for i := n - 1; i >= 0; i-- {
		for k := i + 1; k < n; k++ {
			b[i] -= a[i][k] * b[k]
		}
		b[i] /= a[i][i]
	}
	return b
}

// Sample is a labelled question with what the base makes of it.
type Sample struct {
	// Signs are nil when the base found nothing: it declines.
	Signs []float64
	// Answerable is the label; Right tells that the answer holds the facts, if it is given.
	Answerable, Right bool
	// Decided tells that the base answers whatever the confidence.
	Decided bool
}

// teaches tells whether the confidence can be fitted on the sample: neither where nothing is decided by it, nor where the ranking
// failed, which says nothing of it.
func (s Sample) teaches() bool { return s.Signs != nil && !s.Decided && (s.Right || !s.Answerable) }

// FitConfidence fits the probability that an answer is right.
func FitConfidence(samples []Sample) (start float64, weights []float64) {
	var xs [][]float64
	var ys []bool
	for _, s := range samples {
		if s.teaches() {
			xs, ys = append(xs, s.Signs), append(ys, s.Answerable)
		}
	}
	return Fit(xs, ys)
}

// Threshold is what a least probability does to the samples.
type Threshold struct {
	Least float64
	// Answered is the share of the answerable samples that are answered rightly, Declined that of the others that are declined.
	Answered, Declined float64
}

// Thresholds gives, for each hundredth, what it does, the probability of each sample being fitted on the other folds.
func Thresholds(samples []Sample, folds int) []Threshold {
	p := make([]float64, len(samples))
	for fold := range folds {
		var others []Sample
		for i, s := range samples {
			if i%folds != fold {
				others = append(others, s)
			}
		}
		start, weights := FitConfidence(others)
		for i, s := range samples {
			switch {
			case i%folds != fold || s.Signs == nil:
			case s.Decided:
				p[i] = 1
			default:
				p[i] = Probability(start, weights, s.Signs)
			}
		}
	}
	var out []Threshold
	for least := 0.01; least < 1; least += 0.01 {
		t := Threshold{Least: math.Round(100*least) / 100}
		answerable, others := 0.0, 0.0
		for i, s := range samples {
			given := p[i] >= t.Least
			switch {
			case s.Answerable:
				answerable++
				if given && s.Right {
					t.Answered++
				}
			default:
				others++
				if !given {
					t.Declined++
				}
			}
		}
		t.Answered, t.Declined = t.Answered/max(1, answerable), t.Declined/max(1, others)
		out = append(out, t)
	}
	return slices.Clip(out)
}

// List is the documents found for one question: the signs and the gain of each, and what the best ranking gains at ten.
type List struct {
	Signs [][]float64
	Gains []float64
	Ideal float64
}

// NDCG10 is the list's nDCG@10 in the order that weights give.
func (l List) NDCG10(weights []float64) float64 {
	scores, order := make([]float64, len(l.Signs)), make([]int, len(l.Signs))
	for i, signs := range l.Signs {
		order[i] = i
		for j, x := range signs {
			scores[i] += weights[j] * x
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	gain := 0.0
	for rank, i := range order[:min(10, len(order))] {
		gain += l.Gains[i] / math.Log2(float64(rank)+2)
	}
	return gain / l.Ideal
}

// The weights that a fit tries are the whole numbers of tenths up to most.
const tenths, most = 10.0, 20

// Grid is the quality of a collection's lists, mean nDCG@10, for every choice of weights: the first sign's is 1, as only the
// order counts.
type Grid struct {
	signs   int
	quality []float64
}

// NewGrid measures lists, which have so many signs, two or more.
func NewGrid(lists []List, signs int) Grid {
	g := Grid{signs: signs}
	size := 1
	for range signs - 1 {
		size *= most + 1
	}
	g.quality = make([]float64, size)
	var all sync.WaitGroup
	for worker := range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for at := worker; at < size; at += runtime.GOMAXPROCS(0) {
				weights := g.weights(at)
				for _, l := range lists {
					g.quality[at] += l.NDCG10(weights) / float64(len(lists))
				}
			}
		})
	}
	all.Wait()
	return g
}

func (g Grid) weights(at int) []float64 {
	weights := make([]float64, g.signs)
	weights[0] = 1
	for i := 1; i < g.signs; i++ {
		weights[i] = float64(at%(most+1)) / tenths
		at /= most + 1
	}
	return weights
}

// around is how many tenths around a choice its quality is the mean of, kept the least share of what the first sign alone
// gives that every collection keeps: no gain elsewhere makes up for a search that is worse than its words.
const around, kept = 2, 0.98

// FitRanking gives the weights in the middle of those that rank best. Of each collection the share counts by which it gains or
// loses, so that a hard one, with little quality to lose, counts as much as an easy one. A choice is as good as those around
// it, so that no accident of a few questions decides. A sign that tells nothing gets 0.
func FitRanking(grids []Grid) []float64 {
	mean := Grid{grids[0].signs, make([]float64, len(grids[0].quality))}
	for _, g := range grids {
		for at, x := range g.quality {
			mean.quality[at] += math.Log(max(x, 1e-9)) / float64(len(grids))
		}
	}
	smooth := slices.Clone(mean.quality)
	for step := 1; step < len(smooth); step *= most + 1 { // one sign after the other
		before := slices.Clone(smooth)
		for at := range smooth {
			place := at / step % (most + 1)
			sum, n := 0.0, 0.0
			for k := max(0, place-around); k <= min(most, place+around); k++ {
				sum += before[at+(k-place)*step]
				n++
			}
			smooth[at] = sum / n
		}
	}
	best := 0
	for at, x := range smooth {
		loses := slices.ContainsFunc(grids, func(g Grid) bool { return g.quality[at] < kept*g.quality[0] })
		if x > smooth[best]+1e-9 && !loses {
			best = at
		}
	}
	return mean.weights(best)
}
