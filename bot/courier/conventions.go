package courier

import (
	"context"
	"log/slog"
	"time"

	"github.com/riverqueue/river"

	"guichet/routing/convention"
)

// Conventions says how the end of conventions is told.
type Conventions struct {
	Outbox convention.Outbox
	// Reachable tells whether an EPCI has a channel.
	Reachable func(ctx context.Context, epci string) (bool, error)
	// Deliver sends one alert. It may be called again for one that it sent, if the process dies before that is recorded.
	Deliver func(ctx context.Context, a convention.Alert) error
}

// AlertToLog gives the delivery of alerts to the log.
func AlertToLog(log *slog.Logger) func(ctx context.Context, a convention.Alert) error {
	return func(ctx context.Context, a convention.Alert) error {
		log.InfoContext(ctx, "fin de convention", "to", recipient(a), "convention", a.Convention, "text", a.Text, "key", a.Key)
		return nil
	}
}

func recipient(a convention.Alert) string {
	if a.To == "" {
		return "EPCI " + a.EPCI
	}
	return a.To
}

type tellArgs struct {
	Key string `json:"key"`
}

func (tellArgs) Kind() string { return "tell_convention" }

// Tell implements convention.Jobs; a key is planned once.
func (c *Courier) Tell(ctx context.Context, key string) error {
	return c.plan(ctx, tellArgs{Key: key}, &river.InsertOpts{MaxAttempts: 3 * tries, UniqueOpts: river.UniqueOpts{ByArgs: true}})
}

type teller struct {
	river.WorkerDefaults[tellArgs]
	Config
}

func (t *teller) Work(ctx context.Context, job *river.Job[tellArgs]) error {
	a, err := t.Conventions.Outbox.Alert(ctx, job.Args.Key, t.Now())
	if err != nil {
		return err
	}
	return t.send(ctx, letter{
		key: a.Key, to: recipient(a), tries: a.Tries, ended: !a.SentAt.IsZero() || !a.DeadAt.IsZero(), stale: a.Stale,
		why: "la convention a été renouvelée, corrigée ou a pris fin entre-temps",
	}, t.Conventions.Outbox, func(ctx context.Context) error { return t.Conventions.Deliver(ctx, a) })
}

type watchArgs struct{}

func (watchArgs) Kind() string { return "watch_conventions" }

// watchRound has the conventions that end looked for, by one process and at its start: nothing is planned in advance, so that
// a renewal, a correction or a clock that was moved counts at once. What was told is counted by its keys, not here.
func watchRound(every time.Duration) *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(every), func() (river.JobArgs, *river.InsertOpts) {
		return watchArgs{}, &river.InsertOpts{MaxAttempts: tries}
	}, &river.PeriodicJobOpts{RunOnStart: true})
}

type watcher struct {
	river.WorkerDefaults[watchArgs]
	Config
}

func (*watcher) Timeout(*river.Job[watchArgs]) time.Duration { return 5 * time.Minute }

func (w *watcher) Work(ctx context.Context, _ *river.Job[watchArgs]) error {
	err := w.Conventions.Outbox.Watch(ctx, w.Now(), w.Conventions.Reachable)
	if err != nil && ctx.Err() == nil { // the next round does it
		w.Log.ErrorContext(ctx, "fins de conventions non annoncées, nouvel essai prévu", "error", err)
	}
	return nil
}
