package courier

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// sources is the queue of what waits for other people's servers. A page that does not answer is tried refreshTries times in
// some minutes, and then at the next round: the base says meanwhile that its text is not fresh.
const (
	sources      = "sources"
	refreshTries = 5
	refreshTime  = 5 * time.Minute
)

// Refresh reads the sources again.
type Refresh struct {
	// Every is how old a source may grow, Due gives those that are older, One reads one again.
	Every time.Duration
	Due   func(ctx context.Context) (addresses []string, err error)
	One   func(ctx context.Context, address string) error
}

type refreshAllArgs struct{}

func (refreshAllArgs) Kind() string { return "refresh_sources" }

type refreshArgs struct {
	Address string `json:"address"`
}

func (refreshArgs) Kind() string { return "refresh_source" }

// unfinished are the states of a job that is still to be done: another one of the same arguments would be one too many.
var unfinished = []rivertype.JobState{
	rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning, rivertype.JobStateScheduled,
}

// oftenest is how often sources are looked for that grew too old: a start, or a machine that slept, does not put them off.
const oftenest = time.Minute

// rounds plans the search of the sources that grew too old; River plans it in one process only.
func (r *Refresh) rounds() []*river.PeriodicJob {
	every := max(min(r.Every/4, time.Hour), oftenest)
	return []*river.PeriodicJob{river.NewPeriodicJob(river.PeriodicInterval(every), func() (river.JobArgs, *river.InsertOpts) {
		return refreshAllArgs{}, &river.InsertOpts{Queue: sources, MaxAttempts: refreshTries, UniqueOpts: river.UniqueOpts{ByState: unfinished}}
	}, &river.PeriodicJobOpts{RunOnStart: true})}
}

type rounder struct {
	river.WorkerDefaults[refreshAllArgs]
	Config
	courier *Courier
}

func (r *rounder) Work(ctx context.Context, _ *river.Job[refreshAllArgs]) error {
	due, err := r.Refresh.Due(ctx)
	if err != nil {
		return err
	}
	return r.courier.db.InTx(ctx, func(ctx context.Context) error {
		for _, address := range due {
			err := r.courier.plan(ctx, refreshArgs{Address: address}, &river.InsertOpts{
				Queue: sources, MaxAttempts: refreshTries, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: unfinished},
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

type refresher struct {
	river.WorkerDefaults[refreshArgs]
	Config
}

func (r *refresher) Timeout(*river.Job[refreshArgs]) time.Duration { return refreshTime }

func (r *refresher) Work(ctx context.Context, job *river.Job[refreshArgs]) error {
	err := r.Refresh.One(ctx, job.Args.Address)
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.Canceled): // the program stops
		return river.JobSnooze(0)
	case job.Attempt >= job.MaxAttempts: // the base remembers why, and the next round tries again
		r.Log.WarnContext(ctx, "source non rafraîchie", "address", job.Args.Address, "error", err)
		return nil
	}
	return err
}
