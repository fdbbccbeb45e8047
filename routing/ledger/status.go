package ledger

import (
	"fmt"
	"slices"
)

var statusLabels = map[Status]string{
	Waiting: "en attente d'une précision", Transmitted: "transmise", Taken: "prise en charge",
	Answered: "répondue", Closed: "close", Unreachable: "injoignable",
	Merged: "jointe à une autre",
	Done:   "part faite", NotForUs: "pas pour nous", Skipped: "étape passée",
}

// Statuses are those of requests, in the order of their life.
func Statuses() []Status {
	return []Status{Waiting, Transmitted, Taken, Answered, Closed, Unreachable, Merged}
}

// Standing tells where the request stands, in French, with the request that it was joined to.
func (r Request) Standing() string {
	if r.Pace.Into != "" {
		return r.Status.Label() + " (" + r.Pace.Into + ")"
	}
	return r.Status.Label()
}

// Label gives the status in French, as said of a request.
func (s Status) Label() string { return statusLabels[s] }

// Open tells that someone still owes the company an answer: a second message about the company joins the request.
func (s Status) Open() bool { return s == Waiting || s == Transmitted || s == Taken }

// OpenStatuses are the statuses for which Open is true.
func OpenStatuses() []Status { return []Status{Waiting, Transmitted, Taken} }

// CheckAbsorb refuses that another request is joined to one that is no longer open.
func (r Request) CheckAbsorb() error {
	if !r.Status.Open() {
		return r.refused()
	}
	return nil
}

// refused says that an event cannot follow, and for a joined request where to act.
func (r Request) refused() error {
	if r.Pace.Into != "" {
		return fmt.Errorf("%w : la demande %s est jointe à %s, où il faut agir", ErrTransition, r.Reference, r.Pace.Into)
	}
	return fmt.Errorf("%w : la demande est %s", ErrTransition, r.Status.Label())
}

// CheckPart refuses that a direction tells its part of a request that is followed in another.
func (r Request) CheckPart() error {
	if r.Status == Merged {
		return r.refused()
	}
	return nil
}

// Apply gives the request after an event, or an error that wraps ErrTransition when the event cannot follow. A request is
// what Apply makes of its events, from the first one on a request without status.
func Apply(r Request, e Event) (Request, error) {
	refused := r.refused()
	if first := r.Status == ""; first != (e.Kind == Received && first) {
		return r, fmt.Errorf("%w : une demande commence par un message", ErrTransition)
	}
	begin := func() { r.Pace = Pace{Since: e.At, Parts: r.Pace.Parts, Steps: r.Pace.Steps, From: r.Pace.From} }
	switch e.Kind {
	case Received:
		if r.Status == "" {
			r.Status, r.CreatedAt = Waiting, e.At
			begin()
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
				begin()
			}
			r.Pace.Parts = parts(nil, r)
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
			begin()
			r.Pace.Parts = parts(r.Pace.Parts, r)
		}
		if e.Owner != "" {
			r.Owner = e.Owner
		}
	case StatusSet:
		switch {
		case r.Status == Merged:
			return r, refused
		case r.Status == e.Status:
			return r, fmt.Errorf("%w : la demande est déjà %s", ErrTransition, r.Status.Label())
		case !slices.Contains(follows[r.Status], e.Status):
			return r, fmt.Errorf("%w, elle ne peut pas devenir %s", refused, e.Status.Label())
		}
		r.Status = e.Status
		begin()
		if e.Owner != "" {
			r.Owner = e.Owner
		}
	case AnswerGiven:
		if r.Status != Transmitted && r.Status != Taken && r.Status != Answered {
			return r, refused
		}
		r.Status = Answered
		begin()
	case Reopened:
		if r.Status.Open() || r.Status == Merged {
			return r, refused
		}
		r.Status = Transmitted
		if r.Lead == "" {
			r.Status = Waiting
		}
		begin()
	case MergedInto:
		if !r.Status.Open() || e.Other == "" {
			return r, refused
		}
		was := r.Status
		r.Status = Merged
		begin()
		r.Pace.Into, r.Pace.Was = e.Other, was
	case SplitOff:
		switch {
		case r.Status == Merged && e.Other == r.Pace.Into:
			r.Status = r.Pace.Was
			begin()
		case r.Status == Waiting && r.Pace.From == "" && e.Other != "":
			r.Pace.From = e.Other
		default:
			return r, refused
		}
	case Absorbed, Separated: // an imported past may say so of a request that ended since
	case PartSet:
		i := slices.IndexFunc(r.Pace.Parts, func(p Part) bool { return p.Direction == e.Lead })
		switch {
		case r.Lead == "":
			return r, refused
		case i < 0:
			return r, fmt.Errorf("%w : « %s » n'est pas une direction associée", ErrTransition, e.Lead)
		case e.Status != Done && e.Status != NotForUs && e.Status != Transmitted || e.Status == r.Pace.Parts[i].Status:
			return r, fmt.Errorf("%w : la part de %s est « %s »", ErrTransition, e.Lead, r.Pace.Parts[i].Status.Label())
		}
		r.Pace.Parts = slices.Clone(r.Pace.Parts)
		r.Pace.Parts[i] = Part{Direction: e.Lead, Status: e.Status, By: e.By, At: e.At, Why: e.Why}
	case StepSet:
		if !r.Status.Open() || r.Lead == "" {
			return r, refused
		}
		if e.Step == "" || e.Status != Done && e.Status != Skipped {
			return r, fmt.Errorf("%w : une étape se dit faite ou passée", ErrTransition)
		}
		r.Pace.Steps = slices.DeleteFunc(slices.Clone(r.Pace.Steps), func(s StepSaid) bool { return s.ID == e.Step })
		r.Pace.Steps = append(r.Pace.Steps, StepSaid{ID: e.Step, Status: e.Status, By: e.By, At: e.At, Why: e.Why})
	case Reminded, Escalated, NoNews:
		if r.Status != Transmitted && r.Status != Taken {
			return r, refused
		}
		switch e.Kind {
		case Reminded:
			r.Pace.Reminders++
		case Escalated:
			r.Pace.Escalated = true
		default:
			r.Pace.NoNews++
		}
		return r, nil // nobody acted
	case HumanAsked, Specified, Amended:
	case Questioned:
		if !r.Status.Open() || r.Lead == "" {
			return r, refused
		}
	case ToldApart: // it changes nothing of the request
		return r, nil
	case NoticeSent, NoticeDead: // the post's history, not the request's
		return r, nil
	case Imported: // what follows the past begins now
		r.Pace.Quiet = e.At
		return r, nil
	default:
		return r, fmt.Errorf("%w : événement « %s » inconnu", ErrTransition, e.Kind)
	}
	if r.UpdatedAt.Before(e.At) { // an imported past is told late
		r.UpdatedAt = e.At
	}
	return r, nil
}

// parts gives the parts of the associated directions: those that were there stay as they are.
func parts(known []Part, r Request) []Part {
	var all []Part
	for _, direction := range r.Associated {
		is := func(p Part) bool { return p.Direction == direction }
		switch i := slices.IndexFunc(known, is); {
		case direction == r.Lead || slices.ContainsFunc(all, is):
		case i >= 0:
			all = append(all, known[i])
		default:
			all = append(all, Part{Direction: direction, Status: Transmitted})
		}
	}
	return all
}

// follows lists what a person may set a status to.
var follows = map[Status][]Status{
	Waiting:     {Closed, Unreachable},
	Transmitted: {Taken, Closed, Unreachable},
	Taken:       {Closed, Unreachable},
	Answered:    {Closed},
	Unreachable: {Closed},
}
