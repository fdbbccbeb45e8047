// Package courier does what follows a transaction or comes with time: it delivers the outboxes, follows up the requests on
// which nobody acted in time, tells the conventions that end, and has the sources read again. Its jobs are River's, written in the ledger's own transactions,
// so that a plan is kept if, and only if, the rest is; each job is idempotent. It may import routing/ledger,
// routing/convention, migrations/database and River.
package courier

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"guichet/migrations"
	"guichet/migrations/database"
	"guichet/routing/ledger"
)

// tries is how often a delivery is tried. With River's delays (the number of the try to the fourth power, in seconds)
// the last one comes an hour and a quarter after the first.
const tries = 8

// Courier plans jobs (it is a ledger.Jobs) and runs them.
type Courier struct {
	db     *database.DB
	client *river.Client[*sql.Tx] // plans only
	// Hooks, if not nil, are told of the events of requests.
	Hooks Hooks
}

// New gives the courier of a database and brings River's tables up to date.
func New(ctx context.Context, db *database.DB) (*Courier, error) {
	err := db.Upgrade(ctx, func(ctx context.Context, pool *sql.DB) error {
		migrator, err := rivermigrate.New(driver(db.Dialect, pool), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			return err
		}
		_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("préparer les tables des tâches : %w", err)
	}
	client, err := river.NewClient(driver(db.Dialect, db.Writer()), &river.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, fmt.Errorf("préparer les tâches : %w", err)
	}
	return &Courier{db: db, client: client}, nil
}

// driver gives River's for the engine. Neither listens: the table of jobs is read every second.
func driver(d migrations.Dialect, pool *sql.DB) riverdriver.Driver[*sql.Tx] {
	if d == migrations.PostgreSQL {
		return riverdatabasesql.New(pool)
	}
	return riversqlite.New(pool)
}

type deliverArgs struct {
	Key string `json:"key"`
}

func (deliverArgs) Kind() string { return "deliver_notice" }

// Deliver implements ledger.Jobs; a key is planned once.
func (c *Courier) Deliver(ctx context.Context, n ledger.Notice) error {
	return c.plan(ctx, deliverArgs{Key: n.Key}, &river.InsertOpts{
		// The ledger counts the tries that failed; those that a kill interrupted count for River only.
		MaxAttempts: 3 * tries,
		UniqueOpts:  river.UniqueOpts{ByArgs: true},
	})
}

func (c *Courier) plan(ctx context.Context, job river.JobArgs, opts *river.InsertOpts) error {
	tx, ok := c.db.Tx(ctx)
	if !ok {
		return errors.New("une tâche se prévoit dans la transaction qui la rend nécessaire")
	}
	if _, err := c.client.InsertTx(ctx, tx, job, opts); err != nil {
		return fmt.Errorf("prévoir la tâche %s : %w", job.Kind(), err)
	}
	return nil
}

// Dead is a job that was given up.
type Dead struct {
	// What names what had to be done, in French; Why is the last failure.
	What, Why string
	At        time.Time
}

// deadLimit is how many jobs Dead gives.
const deadLimit = 100

// Dead gives the last jobs that were given up, newest first.
func (c *Courier) Dead(ctx context.Context) ([]Dead, error) {
	found, err := c.client.JobList(ctx, river.NewJobListParams().First(deadLimit).OrderBy(river.JobListOrderByFinalizedAt, river.SortOrderDesc).
		States(rivertype.JobStateDiscarded, rivertype.JobStateCancelled))
	if err != nil {
		return nil, fmt.Errorf("lister les tâches abandonnées : %w", err)
	}
	var all []Dead
	for _, job := range found.Jobs {
		var of struct{ Key, Reference, Document, Address, Name string }
		if err := json.Unmarshal(job.EncodedArgs, &of); err != nil {
			return nil, fmt.Errorf("relire la tâche %d : %w", job.ID, err)
		}
		d := Dead{What: job.Kind}
		switch job.Kind {
		case deliverArgs{}.Kind():
			d.What = "envoyer l'avis " + of.Key
		case followUpArgs{}.Kind(), handOver:
			d.What = "suivre la demande " + of.Reference
		case followUpAllArgs{}.Kind():
			d.What = "chercher les échéances des demandes"
		case forgetArgs{}.Kind():
			d.What = "effacer les données personnelles gardées depuis trop longtemps"
		case embedArgs{}.Kind():
			d.What = "calculer les vecteurs du document " + of.Document
		case embedAllArgs{}.Kind():
			d.What = "calculer les vecteurs de la base"
		case tellArgs{}.Kind():
			d.What = "envoyer l'alerte " + of.Key
		case watchArgs{}.Kind():
			d.What = "chercher les conventions qui finissent"
		case roundArgs{}.Kind():
			d.What = "chercher " + of.Name
		case refreshAllArgs{}.Kind():
			d.What = "chercher les sources à rafraîchir"
		case refreshArgs{}.Kind():
			d.What = "rafraîchir " + of.Address
		case hookArgs{}.Kind():
			d.What = "envoyer l'événement " + of.Key + " à un autre outil"
		}
		if job.FinalizedAt != nil {
			d.At = *job.FinalizedAt
		}
		if n := len(job.Errors); n > 0 {
			d.Why = job.Errors[n-1].Error
		}
		all = append(all, d)
	}
	return all, nil
}

// Deliver sends one notice. It may be called again for a notice that it sent, if the process dies before that is
// recorded; Notice.Key tells.
type Deliver func(ctx context.Context, n ledger.Notice) error

// ToLog gives the delivery to the log.
func ToLog(log *slog.Logger) Deliver {
	return func(ctx context.Context, n ledger.Notice) error {
		log.InfoContext(ctx, "avis", "kind", n.Kind, "to", n.Recipient(), "reference", n.Reference, "text", n.Text, "key", n.Key)
		return nil
	}
}

// Config is what Run needs.
type Config struct {
	Outbox  ledger.Outbox
	Deliver Deliver
	Now     func() time.Time
	Log     *slog.Logger
	// Embed makes the vectors of a document, EmbedAll those of all that misses them; nil without a server for that.
	Embed    func(ctx context.Context, document string) error
	EmbedAll func(ctx context.Context) error
	// Refresh, if not nil, reads the sources again.
	Refresh *Refresh
	// Forget, if not nil, erases what identifies people past its period.
	Forget func(ctx context.Context, now time.Time) error
	// Conventions, if not nil, has the end of conventions told.
	Conventions *Conventions
	// Rounds are made as often as due requests are looked for.
	Rounds []Round
	// Round is how often due requests are looked for; a minute unless set.
	Round time.Duration

	// Set by tests: the delays between tries, how often the table of jobs is read, how long jobs may run on after the
	// context ends.
	retry      river.ClientRetryPolicy
	poll, stop time.Duration
}

// Run runs the jobs until the context ends, then lets those that run finish, for a few seconds.
func (c *Courier) Run(ctx context.Context, cfg Config) error {
	cfg.Round = cmp.Or(cfg.Round, time.Minute)
	cfg.poll, cfg.stop = cmp.Or(cfg.poll, time.Second), cmp.Or(cfg.stop, 5*time.Second)
	workers := river.NewWorkers()
	river.AddWorker(workers, &deliverer{Config: cfg})
	river.AddWorker(workers, &follower{Config: cfg})
	river.AddWorker(workers, &allFollower{Config: cfg})
	queues := map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 8}}
	if c.Hooks != nil {
		river.AddWorker(workers, &hooker{Config: cfg, hooks: c.Hooks})
		queues[hooks] = river.QueueConfig{MaxWorkers: 4}
	}
	if cfg.Embed != nil {
		river.AddWorker(workers, &embedder{Config: cfg})
		river.AddWorker(workers, &allEmbedder{Config: cfg})
		queues[embeddings] = river.QueueConfig{MaxWorkers: 2}
	}
	rounds := []*river.PeriodicJob{followUpRound(cfg.Round)}
	if cfg.Refresh != nil {
		river.AddWorker(workers, &rounder{Config: cfg, courier: c})
		river.AddWorker(workers, &refresher{Config: cfg})
		queues[sources] = river.QueueConfig{MaxWorkers: 2}
		rounds = append(rounds, cfg.Refresh.rounds()...)
	}
	if cfg.Forget != nil {
		river.AddWorker(workers, &forgetter{Config: cfg})
		rounds = append(rounds, forgetRound())
	}
	if cfg.Conventions != nil {
		river.AddWorker(workers, &watcher{Config: cfg})
		river.AddWorker(workers, &teller{Config: cfg})
		rounds = append(rounds, watchRound(cfg.Round))
	}
	if len(cfg.Rounds) > 0 {
		river.AddWorker(workers, &roundsman{Config: cfg})
		for _, r := range cfg.Rounds {
			rounds = append(rounds, r.periodic(cfg.Round))
		}
	}
	client, err := river.NewClient(driver(c.db.Dialect, c.db.Writer()), &river.Config{
		Queues:       queues,
		Workers:      workers,
		PeriodicJobs: rounds,
		// River would read a table every 50 ms instead.
		PollOnly:             true,
		FetchPollInterval:    cfg.poll,
		FetchCooldown:        min(cfg.poll, river.FetchCooldownDefault),
		JobTimeout:           30 * time.Second,
		RescueStuckJobsAfter: 2 * time.Minute, // what a killed process was doing is done again
		RetryPolicy:          cfg.retry,
		// What was given up stays until somebody has seen it.
		CancelledJobRetentionPeriod: -1,
		DiscardedJobRetentionPeriod: -1,
		SoftStopTimeout:             cfg.stop,
		Logger:                      slog.New(warnings{cfg.Log.Handler()}),
	})
	if err != nil {
		return fmt.Errorf("préparer les tâches : %w", err)
	}
	// A database that is lost at this very moment is waited for, as River does by itself once it has started.
	for {
		err := client.Start(ctx)
		if err == nil {
			<-client.Stopped()
		}
		if ctx.Err() != nil {
			return nil
		}
		cfg.Log.ErrorContext(ctx, "les tâches sont arrêtées, nouvel essai prévu", "error", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(cfg.poll):
		}
	}
}

type deliverer struct {
	river.WorkerDefaults[deliverArgs]
	Config
}

func (d *deliverer) Work(ctx context.Context, job *river.Job[deliverArgs]) error {
	n, err := d.Outbox.Notice(ctx, job.Args.Key)
	if err != nil {
		return err
	}
	return d.send(ctx, letter{
		key: n.Key, to: n.Recipient(), tries: n.Tries, ended: !n.SentAt.IsZero() || !n.DeadAt.IsZero(), stale: n.Stale != "", why: n.Stale,
	}, d.Outbox, func(ctx context.Context) error { return d.Deliver(ctx, n) })
}

// letter is what an outbox has to send: a notice, or an alert.
type letter struct {
	key, to string
	tries   int
	// ended tells that it was sent or given up, stale that it must not leave any more, and why.
	ended, stale bool
	why          string
}

// outbox records what became of a letter.
type outbox interface {
	Sent(ctx context.Context, key string, at time.Time) error
	Failed(ctx context.Context, key, reason string, dead bool, at time.Time) error
}

// send tries once to deliver a letter, and records what happened.
func (c Config) send(ctx context.Context, l letter, box outbox, deliver func(ctx context.Context) error) error {
	if l.ended {
		return nil
	}
	if l.stale {
		return box.Failed(ctx, l.key, l.why, true, c.Now())
	}
	failure := try(ctx, deliver)
	// What happened is recorded even when the job's time is over.
	record, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if failure == nil {
		return box.Sent(record, l.key, c.Now())
	}
	if errors.Is(ctx.Err(), context.Canceled) { // the program stops: that says nothing of the channel
		return river.JobSnooze(0)
	}
	dead := l.tries+1 >= tries
	if err := box.Failed(record, l.key, failure.Error(), dead, c.Now()); err != nil {
		return errors.Join(failure, err)
	}
	if dead {
		c.Log.ErrorContext(ctx, "avis abandonné", "key", l.key, "to", l.to, "tries", tries, "error", failure)
		return river.JobCancel(failure)
	}
	c.Log.WarnContext(ctx, "avis non délivré, nouvel essai prévu", "key", l.key, "to", l.to, "try", l.tries+1, "error", failure)
	return failure
}

// try delivers; a panic is a failure like another, so that it counts.
func try(ctx context.Context, deliver func(ctx context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panique : %v", p)
		}
	}()
	return deliver(ctx)
}

// warnings keeps River's warnings and errors; it tells its every step otherwise.
type warnings struct{ slog.Handler }

func (w warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && w.Handler.Enabled(ctx, level)
}
func (w warnings) WithAttrs(attrs []slog.Attr) slog.Handler {
	return warnings{w.Handler.WithAttrs(attrs)}
}
func (w warnings) WithGroup(name string) slog.Handler { return warnings{w.Handler.WithGroup(name)} }
