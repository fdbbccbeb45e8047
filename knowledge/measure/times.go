package measure

import (
	"math"
	"slices"
	"time"
)

// Durations are measures of one thing.
type Durations []time.Duration

// Times measures several things on the same items, one after the other on each item, so that what slows the machine down
// slows them all. All items are gone through once unmeasured, then as many times as there are rounds.
func Times(rounds, items int, clock func() time.Time, things ...func(item int) error) ([]Durations, error) {
	out := make([]Durations, len(things))
	for round := range rounds + 1 {
		for item := range items {
			for i, do := range things {
				start := clock()
				if err := do(item); err != nil {
					return nil, err
				}
				if round > 0 {
					out[i] = append(out[i], clock().Sub(start))
				}
			}
		}
	}
	return out, nil
}

// Quantile is the duration under which that share of the measures lies, to the hundredth of a millisecond.
func (d Durations) Quantile(share float64) time.Duration {
	sorted := slices.Sorted(slices.Values(d))
	return sorted[min(len(sorted)-1, int(math.Ceil(share*float64(len(sorted))))-1)].Round(10 * time.Microsecond)
}

// Ratio is the quantile of d for one of the other.
func (d Durations) Ratio(other Durations, share float64) float64 {
	return float64(d.Quantile(share)) / float64(other.Quantile(share))
}
