package sheet

import (
	"context"
	"errors"
	"time"

	"guichet/routing/ledger"
)

// Errors of a Store. What is read without a viewer gets ledger.ErrNoViewer.
var (
	ErrNotFound = errors.New("fiche introuvable")
	// ErrStage is returned when a sheet is not at the stage that a change needs.
	ErrStage = errors.New("la fiche n'en est pas là")
	// ErrOver is returned for an answer that comes after the deadline.
	ErrOver = errors.New("la date limite est passée : la fiche ne reçoit plus de réponse")
)

// Reachable tells whether an EPCI has a channel.
type Reachable func(ctx context.Context, epci string) (bool, error)

// Store keeps the sheets. Every method uses the transaction of its context when there is one, else its own. Territories see
// the sheets that were sent to them, and their own answers.
type Store interface {
	// New writes a sheet, which goes nowhere yet.
	New(ctx context.Context, s Sheet, by string, at time.Time) (Sheet, error)
	// Send opens a sheet to answers and writes a notice for each of its territories, in one transaction: to its channel, or to
	// the direction in charge, to pass on.
	Send(ctx context.Context, reference string, to Reachable, by string, at time.Time) (Sheet, error)
	// Answer records what a territory says, in place of what it said before.
	Answer(ctx context.Context, reference string, a Answer) (Sheet, error)
	// Close ends the answers before the deadline, with the reason.
	Close(ctx context.Context, reference, why, by string, at time.Time) (Sheet, error)
	// Return gives the comparison back: to the conversation of the request when it can be written to, to its lead otherwise, to
	// the direction in charge when there is no request.
	Return(ctx context.Context, reference, by string, at time.Time) (Sheet, error)
	// Get gives a sheet, or ErrNotFound, also when the viewer may not see it.
	Get(ctx context.Context, v ledger.Viewer, reference string) (Sheet, error)
	// List gives the sheets that the viewer may see, newest first, without their events.
	List(ctx context.Context, v ledger.Viewer) ([]Sheet, error)
	// Round does what time makes due: reminds those who have not answered, closes what is past its deadline and returns it. It
	// can be called at any time, by several replicas.
	Round(ctx context.Context, at time.Time, to Reachable) error
}
