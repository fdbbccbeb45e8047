package courier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// forgetEvery is how often what is kept for too long is looked for; periods are counted in days at least.
const forgetEvery = time.Hour

type forgetArgs struct{}

func (forgetArgs) Kind() string { return "forget_people" }

// forgetRound plans the erasure, in one process and at its start.
func forgetRound() *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(forgetEvery), func() (river.JobArgs, *river.InsertOpts) {
		// Two at once do no harm, and one that a killed process was doing must not put off the next.
		return forgetArgs{}, &river.InsertOpts{MaxAttempts: tries}
	}, &river.PeriodicJobOpts{RunOnStart: true})
}

type forgetter struct {
	river.WorkerDefaults[forgetArgs]
	Config
}

func (*forgetter) Timeout(*river.Job[forgetArgs]) time.Duration { return 10 * time.Minute }

func (f *forgetter) Work(ctx context.Context, _ *river.Job[forgetArgs]) error {
	err := f.Forget(ctx, f.Now())
	if errors.Is(ctx.Err(), context.Canceled) { // the program stops: the next start goes on
		return nil
	}
	return err
}

// over are the states of the jobs that will do nothing more.
var over = []rivertype.JobState{rivertype.JobStateDiscarded, rivertype.JobStateCancelled, rivertype.JobStateCompleted}

// ForgetDead removes the jobs that were given up before a time, and tells how many. It needs the transaction
// of the context.
func (c *Courier) ForgetDead(ctx context.Context, before time.Time) (removed int, err error) {
	return c.dead(ctx, over[:2], func(job *rivertype.JobRow) bool { return job.FinalizedAt != nil && job.FinalizedAt.Before(before) }, true, nil)
}

// AboutDead gives the failures of the jobs that are over which match, and removes these jobs when it is asked to. It needs the
// transaction of the context.
func (c *Courier) AboutDead(ctx context.Context, match func(text string) bool, remove bool) (found []string, err error) {
	_, err = c.dead(ctx, over, func(job *rivertype.JobRow) bool {
		told, err := json.Marshal(job.Errors)
		return err == nil && (match(string(told)) || match(string(job.EncodedArgs)))
	}, remove, func(job *rivertype.JobRow) {
		last := string(job.EncodedArgs)
		if n := len(job.Errors); n > 0 {
			last = job.Errors[n-1].Error
		}
		found = append(found, job.Kind+" : "+last)
	})
	return found, err
}

// dead goes through the jobs that are over, the oldest first.
func (c *Courier) dead(ctx context.Context, states []rivertype.JobState, which func(*rivertype.JobRow) bool, remove bool, each func(*rivertype.JobRow)) (n int, err error) {
	tx, ok := c.db.Tx(ctx)
	if !ok {
		return 0, errors.New("les tâches abandonnées s'effacent dans une transaction")
	}
	params := river.NewJobListParams().First(deadLimit).OrderBy(river.JobListOrderByID, river.SortOrderAsc).States(states...)
	for {
		page, err := c.client.JobListTx(ctx, tx, params)
		if err != nil {
			return n, fmt.Errorf("lister les tâches abandonnées : %w", err)
		}
		for _, job := range page.Jobs {
			if !which(job) {
				continue
			}
			if n++; each != nil {
				each(job)
			}
			if !remove {
				continue
			}
			if _, err := c.client.JobDeleteTx(ctx, tx, job.ID); err != nil {
				return n, fmt.Errorf("effacer la tâche abandonnée %d : %w", job.ID, err)
			}
		}
		if len(page.Jobs) < deadLimit {
			return n, nil
		}
		params = params.After(page.LastCursor)
	}
}
