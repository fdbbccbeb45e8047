package measure

import (
	"math"
	"slices"
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

// Threshold is what a least probability does to the samples.
type Threshold struct {
	Least float64
	// Answered is the share of the good samples at or above it, Declined that of the others under it.
	Answered, Declined float64
}

// Thresholds gives, for each hundredth, what it does, the probability of each sample being fitted on the other folds.
func Thresholds(samples [][]float64, good []bool, folds int) []Threshold {
	p := make([]float64, len(samples))
	for fold := range folds {
		var xs [][]float64
		var ys []bool
		for i := range samples {
			if i%folds != fold {
				xs, ys = append(xs, samples[i]), append(ys, good[i])
			}
		}
		start, weights := Fit(xs, ys)
		for i := range samples {
			if i%folds == fold {
				p[i] = Probability(start, weights, samples[i])
			}
		}
	}
	var out []Threshold
	for least := 0.01; least < 1; least += 0.01 {
		t := Threshold{Least: math.Round(100*least) / 100}
		goods, bads := 0.0, 0.0
		for i, ok := range good {
			switch {
			case ok:
				goods++
				if p[i] >= t.Least {
					t.Answered++
				}
			default:
				bads++
				if p[i] < t.Least {
					t.Declined++
				}
			}
		}
		t.Answered, t.Declined = t.Answered/max(1, goods), t.Declined/max(1, bads)
		out = append(out, t)
	}
	return slices.Clip(out)
}

// List is the documents found for one question: the signs of each, and whether it is one of those wanted.
type List struct {
	Signs  [][]float64
	Wanted []bool
	// Weight is how much the question counts.
	Weight float64
}

// flat is the L2 penalty of the weights of a ranking, a list counting for its Weight.
const flat = 1e-3

// FitRanking gives the weights whose sum of signs ranks the wanted documents first: those that make them the likeliest
// under a softmax over each list (ListNet; Cao et al., 2007), by Newton's method with steps halved while they overshoot.
func FitRanking(lists []List, signs int) []float64 {
	weights := make([]float64, signs)
	for range 100 {
		gradient, hessian := make([]float64, signs), make([][]float64, signs)
		for j := range hessian {
			hessian[j] = make([]float64, signs)
			hessian[j][j], gradient[j] = 2*flat, -2*flat*weights[j]
		}
		for _, l := range lists {
			wanted := l.wanted()
			if wanted == 0 {
				continue
			}
			chances, _ := l.chances(weights)
			mean := make([]float64, signs)
			for i, s := range l.Signs {
				for j, x := range s {
					mean[j] += chances[i] * x
				}
			}
			for i, s := range l.Signs {
				for j, x := range s {
					if l.Wanted[i] {
						gradient[j] += l.Weight / wanted * (x - mean[j])
					}
					for k, y := range s {
						hessian[j][k] += l.Weight * chances[i] * (x - mean[j]) * (y - mean[k])
					}
				}
			}
		}
		step := solve(hessian, slices.Clone(gradient))
		before, slope := unlikely(lists, weights), 0.0
		for j := range step {
			slope += gradient[j] * step[j]
		}
		if slope < 1e-9 {
			break
		}
		next := make([]float64, signs)
		for length := 1.0; length > 1e-9; length /= 2 {
			for j := range next {
				next[j] = weights[j] + length*step[j]
			}
			if unlikely(lists, next) <= before-1e-4*length*slope {
				break
			}
		}
		weights = next
	}
	return weights
}

func (l List) wanted() float64 {
	n := 0.0
	for _, w := range l.Wanted {
		if w {
			n++
		}
	}
	return n
}

// chances gives the softmax of the weighted sums over the list, and its logarithm.
func (l List) chances(weights []float64) (chances, logarithms []float64) {
	logarithms = make([]float64, len(l.Signs))
	best := math.Inf(-1)
	for i, s := range l.Signs {
		for j, x := range s {
			logarithms[i] += weights[j] * x
		}
		best = max(best, logarithms[i])
	}
	total := 0.0
	for _, x := range logarithms {
		total += math.Exp(x - best)
	}
	chances = make([]float64, len(l.Signs))
	for i := range logarithms {
		logarithms[i] -= best + math.Log(total)
		chances[i] = math.Exp(logarithms[i])
	}
	return chances, logarithms
}

// unlikely is what FitRanking makes small: how unlikely the wanted documents are, and how large the weights.
func unlikely(lists []List, weights []float64) float64 {
	sum := 0.0
	for _, w := range weights {
		sum += flat * w * w
	}
	for _, l := range lists {
		wanted := l.wanted()
		_, logarithms := l.chances(weights)
		for i, x := range logarithms {
			if l.Wanted[i] {
				sum -= l.Weight / wanted * x
			}
		}
	}
	return sum
}
