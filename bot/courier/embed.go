package courier

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"
)

// embeddings is the queue of what waits for the server of vectors, so that nothing else waits for it. embedTries, with
// River's delays, last two days; embedTime is how long a job runs at once: what is left is another's.
const (
	embeddings = "embeddings"
	embedTries = 16
	embedTime  = 90 * time.Second
)

type embedArgs struct {
	Document string `json:"document"`
}

func (embedArgs) Kind() string { return "embed_document" }

type embedAllArgs struct{}

func (embedAllArgs) Kind() string { return "embed_base" }

// Embed plans the vectors of a document that changes in this transaction.
func (c *Courier) Embed(ctx context.Context, document string) error {
	return c.plan(ctx, embedArgs{Document: document}, &river.InsertOpts{Queue: embeddings, MaxAttempts: embedTries})
}

// EmbedAll plans the vectors of all that has none of the model in use, whatever the number of processes that ask.
func (c *Courier) EmbedAll(ctx context.Context) error {
	return c.db.InTx(ctx, func(ctx context.Context) error {
		return c.plan(ctx, embedAllArgs{}, &river.InsertOpts{Queue: embeddings, MaxAttempts: embedTries, UniqueOpts: river.UniqueOpts{ByState: unfinished}})
	})
}

type embedder struct {
	river.WorkerDefaults[embedArgs]
	Config
}

func (e *embedder) Timeout(*river.Job[embedArgs]) time.Duration { return embedTime + 10*time.Second }

func (e *embedder) Work(ctx context.Context, job *river.Job[embedArgs]) error {
	return forATime(ctx, func(ctx context.Context) error { return e.Config.Embed(ctx, job.Args.Document) })
}

type allEmbedder struct {
	river.WorkerDefaults[embedAllArgs]
	Config
}

func (e *allEmbedder) Timeout(*river.Job[embedAllArgs]) time.Duration {
	return embedTime + 10*time.Second
}

func (e *allEmbedder) Work(ctx context.Context, _ *river.Job[embedAllArgs]) error {
	return forATime(ctx, e.Config.EmbedAll)
}

// forATime does a part of a long work; the rest comes at once after it, in another run of the job.
func forATime(ctx context.Context, do func(context.Context) error) error {
	part, cancel := context.WithTimeout(ctx, embedTime)
	defer cancel()
	err := do(part)
	if err != nil && (errors.Is(part.Err(), context.DeadlineExceeded) || errors.Is(ctx.Err(), context.Canceled)) {
		return river.JobSnooze(0)
	}
	return err
}
