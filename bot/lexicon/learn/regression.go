package main

import (
	"maps"
	"math"
	"slices"

	"guichet/routing/rulebook"
)

// How the regression is made; chosen on sets of messages that were left out.
const (
	leastSeen = 2    // a clue of fewer messages is not kept
	strength  = 50.0 // of the examples against small weights: higher fits them closer
	passes    = 200
	rate      = 0.2
	leastKept = 5 // smaller weights are dropped, in steps
)

type entry struct {
	clue  int
	value float64
}

// learn fits a multinomial logistic regression: the classes, then the weights of each clue for each class.
func learn(classes []rulebook.LearnedClass, labels []int, clues [][]string) *rulebook.Learned {
	seen := map[string]int{}
	for _, message := range clues {
		for _, name := range message {
			seen[name]++
		}
	}
	maps.DeleteFunc(seen, func(_ string, n int) bool { return n < leastSeen })
	names := slices.Sorted(maps.Keys(seen))
	number := map[string]int{}
	rarity := make([]uint8, len(names))
	for i, name := range names {
		number[name] = i
		rarity[i] = uint8(math.Round(10 * (1 + math.Log(float64(1+len(labels))/float64(1+seen[name])))))
	}
	rows := make([][]entry, len(labels))
	for i, message := range clues {
		norm := 0.0
		for _, name := range message {
			if k, ok := number[name]; ok {
				rows[i] = append(rows[i], entry{k, float64(rarity[k])})
				norm += float64(rarity[k]) * float64(rarity[k])
			}
		}
		norm = max(math.Sqrt(norm), rulebook.LeastEvidence)
		for j := range rows[i] {
			rows[i][j].value /= norm
		}
	}
	weights := fit(rows, labels, len(classes), len(names))
	return pack(classes, names, rarity, weights)
}

// fit gives the weights of each class for each clue, and last its bias: the least loss over all the messages, by whole
// passes with Adam, so that the order of the messages changes nothing.
func fit(rows [][]entry, labels []int, classes, clues int) [][]float64 {
	square := func() [][]float64 {
		m := make([][]float64, classes)
		for k := range m {
			m[k] = make([]float64, clues+1)
		}
		return m
	}
	weights, gradient, mean, variance := square(), square(), square(), square()
	scores := make([]float64, classes)
	shrink := 1 / (strength * float64(len(rows)))
	for pass := 1; pass <= passes; pass++ {
		for k := range gradient {
			for j := range clues {
				gradient[k][j] = shrink * weights[k][j]
			}
			gradient[k][clues] = 0
		}
		for i, row := range rows {
			for k := range scores {
				scores[k] = weights[k][clues]
				for _, e := range row {
					scores[k] += weights[k][e.clue] * e.value
				}
			}
			softmax(scores)
			scores[labels[i]]--
			for k, s := range scores {
				s /= float64(len(rows))
				for _, e := range row {
					gradient[k][e.clue] += s * e.value
				}
				gradient[k][clues] += s
			}
		}
		step := rate * math.Sqrt(1-math.Pow(0.999, float64(pass))) / (1 - math.Pow(0.9, float64(pass)))
		step *= min(1, 2*(1-float64(pass)/float64(passes+1))) // the last half slows down
		for k := range weights {
			for j, g := range gradient[k] {
				mean[k][j] = 0.9*mean[k][j] + 0.1*g
				variance[k][j] = 0.999*variance[k][j] + 0.001*g*g
				weights[k][j] -= step * mean[k][j] / (math.Sqrt(variance[k][j]) + 1e-8)
			}
		}
	}
	return weights
}

func softmax(scores []float64) {
	top, sum := slices.Max(scores), 0.0
	for k := range scores {
		scores[k] = math.Exp(scores[k] - top)
		sum += scores[k]
	}
	for k := range scores {
		scores[k] /= sum
	}
}

// pack rounds the weights to steps and drops the small ones.
func pack(classes []rulebook.LearnedClass, names []string, rarity []uint8, weights [][]float64) *rulebook.Learned {
	largest := 0.0
	for k := range weights {
		for j := range names {
			weights[k][j] *= float64(rarity[j]) / 10
			largest = max(largest, math.Abs(weights[k][j]))
		}
		largest = max(largest, math.Abs(weights[k][len(names)]))
	}
	step := math.Ceil(largest/127*1000) / 1000
	out := &rulebook.Learned{Step: step, Classes: classes}
	for k := range classes {
		out.Classes[k].Bias = int8(math.Round(weights[k][len(names)] / step))
	}
	for j, name := range names {
		clue := rulebook.Clue{Name: name, Rarity: rarity[j], Weights: make([]int8, len(classes))}
		kept := false
		for k := range classes {
			if w := math.Round(weights[k][j] / step); math.Abs(w) >= leastKept {
				clue.Weights[k], kept = int8(w), true
			}
		}
		if kept {
			out.Clues = append(out.Clues, clue)
		}
	}
	return out
}
