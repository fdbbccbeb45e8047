package courier

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"
)

// handOver is how the job was named when it only gave requests to their entry point: some may still be planned.
const handOver = "hand_over"

type followUpArgs struct {
	Reference string    `json:"reference"`
	At        time.Time `json:"at"`
}

func (followUpArgs) Kind() string          { return "follow_up" }
func (followUpArgs) KindAliases() []string { return []string{handOver} }

// FollowUp implements ledger.Jobs; a request and a time are planned once. What is sent is counted by the ledger, not here.
func (c *Courier) FollowUp(ctx context.Context, reference string, at time.Time) error {
	return c.plan(ctx, followUpArgs{Reference: reference, At: at.UTC()}, &river.InsertOpts{
		ScheduledAt: at, MaxAttempts: tries, UniqueOpts: river.UniqueOpts{ByArgs: true},
	})
}

type follower struct {
	river.WorkerDefaults[followUpArgs]
	Config
}

func (f *follower) Work(ctx context.Context, job *river.Job[followUpArgs]) error {
	return f.Outbox.FollowUp(ctx, job.Args.Reference, f.Now())
}

type followUpAllArgs struct{}

func (followUpAllArgs) Kind() string { return "follow_up_due" }

// followUpRound has the ledger looked up for what is due and was not done, by one process and at its start: after a stop, a
// job that was lost or a clock that was moved, nobody is forgotten.
func followUpRound(every time.Duration) *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(every), func() (river.JobArgs, *river.InsertOpts) {
		// Two at once do no harm, and one that a killed process was doing must not put off the next.
		return followUpAllArgs{}, &river.InsertOpts{MaxAttempts: tries}
	}, &river.PeriodicJobOpts{RunOnStart: true})
}

type allFollower struct {
	river.WorkerDefaults[followUpAllArgs]
	Config
}

func (*allFollower) Timeout(*river.Job[followUpAllArgs]) time.Duration { return 10 * time.Minute }

func (f *allFollower) Work(ctx context.Context, _ *river.Job[followUpAllArgs]) error {
	now := f.Now()
	due, err := f.Outbox.Due(ctx, now)
	for _, reference := range due {
		if ctx.Err() != nil { // the program stops: the next start goes on
			return nil
		}
		err = errors.Join(err, f.Outbox.FollowUp(ctx, reference, now))
	}
	if err != nil && ctx.Err() == nil {
		f.Log.ErrorContext(ctx, "demandes non suivies, nouvel essai prévu", "error", err)
	}
	return nil
}
