package courier

import (
	"context"
	"errors"

	"github.com/riverqueue/river"

	"guichet/routing/ledger"
)

// hooks is the queue of what waits for other tools' servers.
const hooks = "hooks"

// Hooks tells other tools what happens to requests.
type Hooks interface {
	// Record writes what is to be sent of an event, in the transaction of the context, and gives its identifiers.
	Record(ctx context.Context, r ledger.Request, e ledger.Event) (ids []string, err error)
	// Send sends one, once it was recorded as sent never again; again tells that a failure may be tried again.
	Send(ctx context.Context, id string) (again bool, err error)
}

type hookArgs struct {
	Key string `json:"key"`
}

func (hookArgs) Kind() string { return "send_event" }

// Happened implements ledger.Watcher.
func (c *Courier) Happened(ctx context.Context, r ledger.Request, e ledger.Event) error {
	if c.Hooks == nil {
		return nil
	}
	ids, err := c.Hooks.Record(ctx, r, e)
	if err != nil {
		return err
	}
	return c.SendEvents(ctx, ids)
}

// SendEvents plans the sending of what was recorded; an identifier is planned once.
func (c *Courier) SendEvents(ctx context.Context, ids []string) error {
	for _, id := range ids {
		// The tries that failed are counted with what is sent; those that a kill interrupted count for River only.
		err := c.plan(ctx, hookArgs{Key: id}, &river.InsertOpts{Queue: hooks, MaxAttempts: 3 * tries, UniqueOpts: river.UniqueOpts{ByArgs: true}})
		if err != nil {
			return err
		}
	}
	return nil
}

type hooker struct {
	river.WorkerDefaults[hookArgs]
	Config
	hooks Hooks
}

func (h *hooker) Work(ctx context.Context, job *river.Job[hookArgs]) error {
	again, err := h.hooks.Send(ctx, job.Args.Key)
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.Canceled): // the program stops
		return river.JobSnooze(0)
	case !again:
		h.Log.ErrorContext(ctx, "événement abandonné", "key", job.Args.Key, "error", err)
		return river.JobCancel(err)
	}
	h.Log.WarnContext(ctx, "événement non envoyé, nouvel essai prévu", "key", job.Args.Key, "error", err)
	return err
}
