package ledger

import (
	"fmt"
	"slices"
	"time"

	"guichet/routing"
)

// State is all that the program knows of a status of requests.
type State struct {
	Status Status
	// Label is said of a request that stands there, in French.
	Label string
	// Open tells that someone still owes the company an answer: a second message about the company joins the request.
	Open bool
	// Stage gives the delays of the time that is spent there; nil when nothing comes of itself.
	Stage func(routing.Delays) routing.Stage
	// Since names the date of a History that tells when a request came there: received, taken, answered or ended; empty for a
	// status that other tools have not.
	Since string
	// Deed is what a person does to bring a request there; nil when other events do.
	Deed *Deed
}

// Deed is what a person does to bring a request to a status.
type Deed struct {
	// Name is that of the deed in addresses, Label that of its button; Ask says what reason is to be given, empty when none is needed.
	Name, Label, Ask string
	// After are the statuses that it may follow.
	After []Status
	// Owns tells that who does it follows the request from then on, if nobody does; Tells is what the asker is told, empty for nothing.
	Owns  bool
	Tells NoticeKind
}

// States are those of requests, in the order of their life. To add a status is to add an element here, and to name it in After where
// something follows it: what may follow, the lists and their filters, the buttons of the pages, the commands, the API and its
// description, the imports and the exports read this table.
var States = []State{
	{Status: Waiting, Label: "en attente d'une précision", Open: true, Since: "received"},
	{Status: Transmitted, Label: "transmise", Open: true, Since: "received", Stage: func(d routing.Delays) routing.Stage { return d.Transmitted }},
	{
		Status: Taken, Label: "prise en charge", Open: true, Since: "taken", Stage: func(d routing.Delays) routing.Stage { return d.Taken },
		Deed: &Deed{Name: "prendre", Label: "Prendre en charge", After: []Status{Transmitted}, Owns: true, Tells: TakenUp},
	},
	{Status: Answered, Label: "répondue", Since: "answered"},
	{
		Status: Closed, Label: "close", Since: "ended",
		Deed: &Deed{Name: "clore", Label: "Clore", Ask: "Motif de la clôture", After: []Status{Waiting, Transmitted, Taken, Answered, Unreachable}},
	},
	{
		Status: Unreachable, Label: "injoignable", Since: "ended",
		Deed: &Deed{Name: "injoignable", Label: "Personne injoignable", Ask: "Ce qui a été tenté", After: []Status{Waiting, Transmitted, Taken}},
	},
	{Status: Merged, Label: "jointe à une autre", Since: "ended"},
}

// saidLabels are those of what is said of a part, or of a step.
var saidLabels = map[Status]string{Done: "part faite", NotForUs: "pas pour nous", Skipped: "étape passée"}

// State gives what is known of a status, the zero value for one that requests have not.
func (s Status) State() State {
	for _, known := range States {
		if known.Status == s {
			return known
		}
	}
	return State{Status: s}
}

// statuses gives those of which something is true, in the order of their life.
func statuses(is func(State) bool) (all []Status) {
	for _, s := range States {
		if is(s) {
			all = append(all, s.Status)
		}
	}
	return all
}

// Statuses are those of requests, in the order of their life.
func Statuses() []Status { return statuses(func(State) bool { return true }) }

// OpenStatuses are the statuses for which Open is true.
func OpenStatuses() []Status { return statuses(func(s State) bool { return s.Open }) }

// DueStatuses are those in which a direction owes something in time.
func DueStatuses() []Status { return statuses(func(s State) bool { return s.Stage != nil }) }

// SetStatuses are those that a person gives by hand.
func SetStatuses() []Status { return statuses(func(s State) bool { return s.Deed != nil }) }

// BareStatuses are those of SetStatuses that need no reason.
func BareStatuses() []Status {
	return statuses(func(s State) bool { return s.Deed != nil && s.Deed.Ask == "" })
}

// ForeignStatuses are those that another tool's request may have.
func ForeignStatuses() []Status { return statuses(func(s State) bool { return s.Since != "" }) }

// May tells that a person may bring the request to a status.
func (r Request) May(s Status) bool {
	deed := s.State().Deed
	return deed != nil && slices.Contains(deed.After, r.Status)
}

// Standing tells where the request stands, in French, with the request that it was joined to.
func (r Request) Standing() string {
	if r.Pace.Into != "" {
		return r.Status.Label() + " (" + r.Pace.Into + ")"
	}
	return r.Status.Label()
}

// Label gives the status in French, as said of a request, of a part or of a step.
func (s Status) Label() string {
	if label, ok := saidLabels[s]; ok {
		return label
	}
	if label := s.State().Label; label != "" {
		return label
	}
	return string(s) // the base may be that of a later program
}

// Open tells that someone still owes the company an answer: a second message about the company joins the request.
func (s Status) Open() bool { return s.State().Open }

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
	again := func() { // what was waited for when it ended is waited for anew
		begin()
		r.Pace.Parts = slices.Clone(r.Pace.Parts)
		for i, p := range r.Pace.Parts {
			if p.Status == Transmitted {
				r.Pace.Parts[i] = Part{Direction: p.Direction, Status: p.Status, By: p.By, At: p.At, Why: p.Why, Since: e.At}
			}
		}
	}
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
			r.Pace.Parts = parts(nil, r, e.At)
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
			r.Pace.Parts = parts(r.Pace.Parts, r, e.At)
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
		case !r.May(e.Status):
			return r, fmt.Errorf("%w, elle ne peut pas devenir %s", refused, e.Status.Label())
		}
		r.Status = e.Status
		begin()
		if e.Owner != "" {
			r.Owner = e.Owner
		}
	case AnswerGiven:
		if (!r.Status.Open() || r.Status == Waiting) && r.Status != Answered {
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
		again()
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
			again()
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
		if e.Status == Transmitted {
			r.Pace.Parts[i].Since = e.At
		}
	case StepSet:
		if !r.Status.Open() || r.Lead == "" {
			return r, refused
		}
		if e.Step == "" || e.Status != Done && e.Status != Skipped {
			return r, fmt.Errorf("%w : une étape se dit faite ou passée", ErrTransition)
		}
		r.Pace.Steps = slices.DeleteFunc(slices.Clone(r.Pace.Steps), func(s StepSaid) bool { return s.ID == e.Step })
		r.Pace.Steps = append(r.Pace.Steps, StepSaid{ID: e.Step, Status: e.Status, By: e.By, At: e.At, Why: e.Why})
	case Reminded, Escalated, NoNews, PartReminded, PartEscalated, Overtaken:
		if r.Status.State().Stage == nil {
			return r, refused
		}
		i := slices.IndexFunc(r.Pace.Parts, func(p Part) bool { return p.Direction == e.Lead && p.Status == Transmitted })
		if e.Lead != "" && i < 0 {
			return r, refused
		}
		if i >= 0 {
			r.Pace.Parts = slices.Clone(r.Pace.Parts)
		}
		switch {
		case e.Kind == Reminded:
			r.Pace.Reminders++
		case e.Kind == Escalated:
			r.Pace.Escalated = true
		case e.Kind == NoNews:
			r.Pace.NoNews++
		case e.Kind == Overtaken && e.Step == string(Reminded):
			r.Pace.Overtaken++
		case e.Kind == Overtaken && e.Step == string(NoNews):
			r.Pace.NewsOvertaken++
		case i < 0:
			return r, refused
		case e.Kind == PartReminded:
			r.Pace.Parts[i].Reminders++
		case e.Kind == PartEscalated:
			r.Pace.Parts[i].Escalated = true
		case e.Step == string(PartReminded):
			r.Pace.Parts[i].Overtaken++
		default:
			return r, refused
		}
		return r, nil // nobody acted
	case HumanAsked, Specified, Amended:
	case Questioned:
		if !r.Status.Open() || r.Lead == "" {
			return r, refused
		}
	case ToldApart, Projected: // it changes nothing of the request
		return r, nil
	case NoticeSent, NoticeDead: // the post's history, not the request's
		return r, nil
	case Imported: // what follows the past begins now, and is counted from now
		r.Pace.Quiet, r.Pace.Reminders, r.Pace.Overtaken, r.Pace.NoNews, r.Pace.NewsOvertaken = e.At, 0, 0, 0, 0
		r.Pace.Parts = slices.Clone(r.Pace.Parts)
		for i := range r.Pace.Parts {
			r.Pace.Parts[i].Reminders, r.Pace.Parts[i].Overtaken = 0, 0
		}
		return r, nil
	default:
		return r, fmt.Errorf("%w : événement « %s » inconnu", ErrTransition, e.Kind)
	}
	if r.UpdatedAt.Before(e.At) { // an imported past is told late
		r.UpdatedAt = e.At
	}
	return r, nil
}

// parts gives the parts of the associated directions at a time: those that were there stay as they are.
func parts(known []Part, r Request, at time.Time) []Part {
	var all []Part
	for _, direction := range r.Associated {
		is := func(p Part) bool { return p.Direction == direction }
		switch i := slices.IndexFunc(known, is); {
		case direction == r.Lead || slices.ContainsFunc(all, is):
		case i >= 0:
			all = append(all, known[i])
		default:
			all = append(all, Part{Direction: direction, Status: Transmitted, Since: at})
		}
	}
	return all
}
