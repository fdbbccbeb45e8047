package convention

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Errors of a Store.
var (
	ErrNotFound = errors.New("convention introuvable")
	// ErrNoViewer is returned by every read asked without a viewer.
	ErrNoViewer = errors.New("lecture des conventions demandée sans lecteur")
	// ErrStaffOnly is returned to a viewer who is not staff by the reads that only staff may make.
	ErrStaffOnly = errors.New("lecture réservée aux agents")
)

// Viewer is on whose behalf conventions are read. The zero value is refused: the public sees none.
type Viewer struct {
	// Staff sees every convention; EPCI is the SIREN of a partner, who sees its own.
	Staff bool
	EPCI  string
}

// Check refuses the zero viewer.
func (v Viewer) Check() error {
	if !v.Staff && v.EPCI == "" {
		return ErrNoViewer
	}
	return nil
}

// Sees tells whether the viewer may see what is of an EPCI.
func (v Viewer) Sees(epci string) bool { return v.Staff || v.EPCI != "" && v.EPCI == epci }

// Change is what recording a convention did.
type Change string

// The changes.
const (
	Added     Change = "added"
	Corrected Change = "corrected"
	Unchanged Change = "unchanged"
	Removed   Change = "removed" // it was recorded by mistake
)

// Label gives the change in French.
func (c Change) Label() string {
	switch c {
	case Added:
		return "ajoutée"
	case Corrected:
		return "corrigée"
	case Removed:
		return "retirée"
	}
	return "inchangée"
}

// Event is something that was done to a convention; Left is the convention as it was then.
type Event struct {
	At   time.Time  `json:"at"`
	Kind Change     `json:"kind"`
	By   string     `json:"by"`
	Why  string     `json:"why,omitempty"`
	Left Convention `json:"convention"`
}

// Alert is the end of a convention told to a direction, or to the channel of its EPCI. Key makes its delivery idempotent.
type Alert struct {
	Key string `json:"key"`
	// Convention is the id, EPCI its EPCI, End its last day when the alert was made, so many Days before or less.
	Convention string `json:"convention"`
	EPCI       string `json:"epci"`
	End        Day    `json:"end"`
	Days       int    `json:"days"`
	// To is a direction's code; it is empty when the alert goes to the EPCI.
	To        string    `json:"to"`
	Text      string    `json:"text"`
	CreatedAt time.Time `json:"created_at"`
	// SentAt is zero until delivered, DeadAt until given up; Tries counts the failed tries, LastError says why the last one failed.
	SentAt    time.Time `json:"sent_at,omitzero"`
	DeadAt    time.Time `json:"dead_at,omitzero"`
	Tries     int       `json:"tries"`
	LastError string    `json:"last_error,omitempty"`
	// Stale tells that the convention was renewed, changed or over since: it must not leave any more. Outbox.Alert gives it.
	Stale bool `json:"-"`
}

// KeyOf names an alert: another end, after a correction, is another alert.
func KeyOf(c Convention, days int, to string) string {
	if to == "" {
		to = "EPCI"
	}
	return fmt.Sprintf("convention/%s/%s/%d/%s", c.ID, c.End, days, to)
}

// Store keeps the conventions. Every method uses the transaction of its context when there is one, else its own.
type Store interface {
	// Record adds the conventions whose ids are new and corrects the others, all or nothing, and tells what it did of each.
	// The error joins the Problems of CheckRenewals.
	Record(ctx context.Context, all []Convention, by string, at time.Time) ([]Change, error)
	// Remove takes away a convention that was recorded by mistake, with the reason, which is required: its history stays, and it
	// can be recorded again. The error joins the Problems of CheckRenewals when another one renews it.
	Remove(ctx context.Context, id, why, by string, at time.Time) error
	// History gives what was done to a convention, removed or not, the first thing first, or ErrNotFound; staff only.
	History(ctx context.Context, v Viewer, id string) ([]Event, error)
	// Get gives a convention, or ErrNotFound, also when the viewer may not see it.
	Get(ctx context.Context, v Viewer, id string) (Convention, error)
	// List gives the conventions that the viewer may see, those of one EPCI if it is given, by EPCI, then end, then id.
	List(ctx context.Context, v Viewer, epci string) ([]Convention, error)
	// Alerts gives the alerts that were made, newest first, 100 when limit is 0; staff only.
	Alerts(ctx context.Context, v Viewer, limit int) ([]Alert, error)
}

// Jobs plans what must follow a transaction. A Store calls it with the transaction in the context.
type Jobs interface {
	// Tell plans the delivery of an alert.
	Tell(ctx context.Context, key string) error
}

// Outbox is the Store as the jobs see it. It stands beside that of the ledger, and one path of the courier sends both: whether
// an alert may still leave depends on the convention as it is at that moment (renewed, corrected, removed), which only this
// store reads, and an alert is found again by its convention, its end and its days. In the ledger's table it would bring
// both there, or have the ledger ask its sibling.
type Outbox interface {
	// Watch makes the alerts that are due at a time, each once: to the direction in charge and, when reachable says that it
	// can be told, to the EPCI.
	Watch(ctx context.Context, at time.Time, reachable func(ctx context.Context, epci string) (bool, error)) error
	// Alert gives an alert by its key, or ErrNotFound; at a time, since alerts grow stale.
	Alert(ctx context.Context, key string, at time.Time) (Alert, error)
	// Sent records that an alert was delivered; once recorded, it changes nothing more.
	Sent(ctx context.Context, key string, at time.Time) error
	// Failed records a failed try and its reason; with dead, the alert is given up.
	Failed(ctx context.Context, key, reason string, dead bool, at time.Time) error
}
