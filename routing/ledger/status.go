package ledger

import (
	"fmt"
	"slices"
)

var statusLabels = map[Status]string{
	Waiting: "en attente d'une précision", Transmitted: "transmise", Taken: "prise en charge",
	Answered: "répondue", Closed: "close", Unreachable: "injoignable",
}

// Label gives the status in French, as said of a request.
func (s Status) Label() string { return statusLabels[s] }

// Open tells that someone still owes the company an answer: a second message about the company joins the request.
func (s Status) Open() bool { return s == Waiting || s == Transmitted || s == Taken }

// OpenStatuses are the statuses for which Open is true.
func OpenStatuses() []Status { return []Status{Waiting, Transmitted, Taken} }

// Apply gives the request after an event, or an error that wraps ErrTransition when the event cannot follow. A request is
// what Apply makes of its events, from the first one on a request without status.
func Apply(r Request, e Event) (Request, error) {
	refused := fmt.Errorf("%w : la demande est %s", ErrTransition, r.Status.Label())
	if first := r.Status == ""; first != (e.Kind == Received && first) {
		return r, fmt.Errorf("%w : une demande commence par un message", ErrTransition)
	}
	switch e.Kind {
	case Received:
		if r.Status == "" {
			r.Status, r.CreatedAt = Waiting, e.At
		} else if !r.Status.Open() {
			return r, refused
		}
	case Decided:
		if e.Decision == nil {
			return r, fmt.Errorf("%w : décision absente", ErrTransition)
		}
		switch {
		case r.Status == Waiting:
			r.Decision, r.Associated = *e.Decision, e.Decision.Associated
			if e.Lead != "" {
				r.Status, r.Lead = Transmitted, e.Lead
			}
		case !r.Status.Open() || e.Lead != "":
			return r, refused
		}
	case Assigned:
		switch {
		case e.Lead == "" && e.Owner == "":
			return r, fmt.Errorf("%w : ni direction ni personne n'est donnée", ErrTransition)
		case !r.Status.Open() || r.Lead == "" && e.Lead == "":
			return r, refused
		case e.Lead != "" && e.Lead != r.Lead:
			// The new lead has not taken it, nor has its former owner's successor been named.
			r.Status, r.Lead, r.Owner = Transmitted, e.Lead, ""
			r.Associated = slices.DeleteFunc(slices.Clone(r.Associated), func(a string) bool { return a == e.Lead })
		}
		if e.Owner != "" {
			r.Owner = e.Owner
		}
	case StatusSet:
		if !slices.Contains(follows[r.Status], e.Status) {
			return r, fmt.Errorf("%w, elle ne peut pas devenir %s", refused, e.Status.Label())
		}
		r.Status = e.Status
		if e.Owner != "" {
			r.Owner = e.Owner
		}
	case AnswerGiven:
		if r.Status != Transmitted && r.Status != Taken && r.Status != Answered {
			return r, refused
		}
		r.Status = Answered
	case Reopened:
		if r.Status.Open() {
			return r, refused
		}
		r.Status = Transmitted
		if r.Lead == "" {
			r.Status = Waiting
		}
	case HumanAsked, Specified:
	case Questioned:
		if !r.Status.Open() || r.Lead == "" {
			return r, refused
		}
	case NoticeSent, NoticeDead: // the post's history, not the request's
		return r, nil
	default:
		return r, fmt.Errorf("%w : événement « %s » inconnu", ErrTransition, e.Kind)
	}
	r.UpdatedAt = e.At
	return r, nil
}

// follows lists what a person may set a status to.
var follows = map[Status][]Status{
	Waiting:     {Closed, Unreachable},
	Transmitted: {Taken, Closed, Unreachable},
	Taken:       {Closed, Unreachable},
	Answered:    {Closed},
	Unreachable: {Closed},
}
