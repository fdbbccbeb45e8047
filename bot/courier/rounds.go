package courier

import (
	"context"
	"time"

	"github.com/riverqueue/river"
)

// Round is something that is looked for from time to time, by one process and at its start. Nothing is planned in advance and
// what was done is counted by its own keys, so that a stop, a correction or a clock that was moved counts at once.
type Round struct {
	// Name names it in French and tells it from the others: « les revues de projets ».
	Name string
	Do   func(ctx context.Context, now time.Time) error
}

type roundArgs struct {
	Name string `json:"name"`
}

func (roundArgs) Kind() string { return "round" }

func (r Round) periodic(every time.Duration) *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(every), func() (river.JobArgs, *river.InsertOpts) {
		return roundArgs{Name: r.Name}, &river.InsertOpts{MaxAttempts: tries}
	}, &river.PeriodicJobOpts{RunOnStart: true})
}

type roundsman struct {
	river.WorkerDefaults[roundArgs]
	Config
}

func (*roundsman) Timeout(*river.Job[roundArgs]) time.Duration { return 5 * time.Minute }

func (r *roundsman) Work(ctx context.Context, job *river.Job[roundArgs]) error {
	for _, round := range r.Rounds {
		if round.Name != job.Args.Name { // one of another version of the program is nobody's
			continue
		}
		if err := round.Do(ctx, r.Now()); err != nil && ctx.Err() == nil { // the next round does it
			r.Log.ErrorContext(ctx, "tour incomplet, nouvel essai prévu", "round", round.Name, "error", err)
		}
	}
	return nil
}
