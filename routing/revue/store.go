package revue

import (
	"context"
	"time"

	"guichet/routing/convention"
	"guichet/routing/ledger"
)

// Held is a revue whose document was sent.
type Held struct {
	Scope string         `json:"scope"`
	Day   convention.Day `json:"day"`
	// At is when the document was made, Since the time from which it tells what happened.
	At    time.Time `json:"at"`
	Since time.Time `json:"since"`
	// To is who it was sent to: a direction's code or « EPCI », empty when nothing was to be said.
	To string `json:"to,omitempty"`
}

// Store remembers the revues that were held. Every method uses the transaction of its context when there is one.
type Store interface {
	// Hold records a revue and writes its notice, if there is one, in one transaction, once for its scope and day; first is
	// false when that was done.
	Hold(ctx context.Context, h Held, n *ledger.Notice, data ledger.TextData) (first bool, err error)
	// Last gives the last revue of each scope.
	Last(ctx context.Context) (map[string]Held, error)
}
