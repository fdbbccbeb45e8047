package measure

import (
	"math"
	"slices"
	"time"
)

// Durations are measures of one thing.
type Durations []time.Duration

// Times measures several things on the same items, one after the other on each item, so that what slows the machine down
// slows them all. Every other item is gone through first, unmeasured: what is measured is done for the first time, by what has
// served for others.
func Times(items int, clock func() time.Time, things ...func(item int) error) ([]Durations, error) {
	out := make([]Durations, len(things))
	for measured := range 2 {
		for item := measured; item < items; item += 2 {
			for i, do := range things {
				start := clock()
				if err := do(item); err != nil {
					return nil, err
				}
				if measured == 1 {
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
