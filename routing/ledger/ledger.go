// Package ledger remembers company requests: what was asked, who leads, what happened since, and the notices to send. A
// request is written before anything leaves. It may import routing and libraries of its own field; its driver imports it.
package ledger

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"guichet/routing"
)

// Errors of a Store.
var (
	ErrNotFound = errors.New("demande introuvable")
	// ErrNoViewer is returned by every read asked without a viewer.
	ErrNoViewer = errors.New("lecture du registre demandée sans lecteur")
	// ErrStaffOnly is returned to a viewer who is not staff by the reads that only staff may make.
	ErrStaffOnly = errors.New("lecture du registre réservée aux agents")
	// ErrTransition is returned when a status cannot follow the present one.
	ErrTransition = errors.New("changement d'état impossible")
	// ErrNoReason is returned by the changes that need a reason, without one.
	ErrNoReason = errors.New("dites pourquoi : la raison est vide")
	// ErrOtherCompany is returned when requests of two SIRENs would be joined.
	ErrOtherCompany = errors.New("les deux demandes ont des SIREN différents : ce sont deux entreprises")
	// ErrNoMessage is returned when the message to split out is none that joined the request.
	ErrNoMessage = errors.New("ce message n'est pas de ceux qui ont rejoint la demande")
	// ErrOutOfReach is returned when the conversation of the person who asked cannot be written to.
	ErrOutOfReach = errors.New("la personne n'a pas écrit par une messagerie : son fil ne peut pas recevoir de question")
)

// Viewer is the person on whose behalf the ledger is read. The zero value is refused.
type Viewer struct {
	// Staff sees every request.
	Staff bool
	// EPCI is the SIREN of a partner: it sees the requests of its territory.
	EPCI string
	// Channel and Thread, both given, let a person see the requests that their own conversation began. A request that
	// their message only joined stays another person's: giving a company's name or SIREN must not open its file.
	Channel, Thread string
	// Person sees the requests that it began, wherever it wrote.
	Person string
}

// Check refuses the zero viewer, and a channel without its thread, which would open every conversation of the channel.
func (v Viewer) Check() error {
	if v.Staff || v.EPCI != "" || v.Person != "" || v.Channel != "" && v.Thread != "" {
		return nil
	}
	return ErrNoViewer
}

// Unnamed gives a request as a viewer reads it. A partner deals with directions, not with their agents: what an agent did
// is said to be done by the direction that led the request, and nobody is named, but in what it asked itself.
func (v Viewer) Unnamed(r Request) Request {
	own := r.Person != "" && r.Person == v.Person || v.Thread != "" && r.Channel == v.Channel && r.Thread == v.Thread
	if v.Staff || v.EPCI == "" || own {
		return r
	}
	r.Owner = ""
	r.Pace.Parts, r.Pace.Steps, r.Events = slices.Clone(r.Pace.Parts), slices.Clone(r.Pace.Steps), slices.Clone(r.Events)
	for i := range r.Pace.Parts {
		r.Pace.Parts[i].By = ""
	}
	for i := range r.Pace.Steps {
		r.Pace.Steps[i].By = ""
	}
	lead := r.EntryPoint
	for i, e := range r.Events {
		r.Events[i].Owner = ""
		switch e.Kind {
		case Received, Decided, HumanAsked, Specified, Amended, Imported: // the person who asked, the rules, a tool
		case PartSet:
			r.Events[i].By = e.Lead
		case NoNews: // the text that was said to the person may name who follows the request
			r.Events[i].Why = ""
		default:
			if e.By != Self {
				r.Events[i].By = lead
			}
		}
		if e.Lead != "" && (e.Kind == Decided || e.Kind == Assigned) {
			lead = e.Lead
		}
	}
	return r
}

// Status is where a request stands. It is derived from the events.
type Status string

// The statuses. Waiting: a fact that decides was asked and no direction leads yet.
const (
	Waiting     Status = "waiting"
	Transmitted Status = "transmitted"
	Taken       Status = "taken"
	Answered    Status = "answered"
	Closed      Status = "closed"
	Unreachable Status = "unreachable"
	// Merged: a person joined the request to another, which is followed instead.
	Merged Status = "merged"
)

// What an associated direction says of its part. A part that is Transmitted is still to be done.
const (
	Done     Status = "done"
	NotForUs Status = "not_for_us"
	// Skipped is said of a step of the path, as Done is.
	Skipped Status = "skipped"
)

// EventKind is what happened to a request.
type EventKind string

// The events. History is never rewritten: each change is one more event.
const (
	Received    EventKind = "received"    // a message came in (the first, or one that joined)
	Decided     EventKind = "decided"     // the rules gave a lead, or asked for a fact
	Assigned    EventKind = "assigned"    // a person or a direction was given the request by hand, with a reason
	StatusSet   EventKind = "status"      // taken, closed, unreachable…
	AnswerGiven EventKind = "answered"    // an answer was recorded
	Reopened    EventKind = "reopened"    // a closed request lives again
	HumanAsked  EventKind = "human_asked" // the person asked for someone
	Questioned  EventKind = "questioned"  // the lead asked the person something
	Specified   EventKind = "specified"   // the person answered it
	Amended     EventKind = "amended"     // the person changed a message of the request after it was handled
	PartSet     EventKind = "part"        // an associated direction (Lead) said where its part stands
	StepSet     EventKind = "step"        // a step of the path was done, or skipped
	Reminded    EventKind = "reminded"    // the lead was reminded
	Escalated   EventKind = "escalated"   // the entry point was told that reminders changed nothing
	NoNews      EventKind = "no_news"     // the person was told that there is no news yet
	// Of the part of an associated direction (Lead): it was reminded, and the lead told that reminders changed nothing.
	PartReminded  EventKind = "part_reminded"
	PartEscalated EventKind = "part_escalated"
	// Overtaken: what was due (Step, the event that it would have made) did not leave, since something later was due to the same people.
	Overtaken  EventKind = "overtaken"
	MergedInto EventKind = "merged"      // a person joined the request to another (Other), which is followed instead
	Absorbed   EventKind = "absorbed"    // another request (Other) was joined to this one
	SplitOff   EventKind = "split"       // the request lives on its own again, or for the first time, out of another (Other)
	Separated  EventKind = "separated"   // another request (Other) was split out of this one
	ToldApart  EventKind = "told_apart"  // a person said that another request (Other) is not about the same company
	Projected  EventKind = "project"     // something happened to a sheet of a project (Other) that comes from the request
	NoticeSent EventKind = "notice_sent" // a notice was delivered
	NoticeDead EventKind = "notice_dead" // a notice could not be delivered after every try
	Imported   EventKind = "imported"    // what is before it came from another tool's file (By), at a line of it (Why)
)

// Self is who acts when nobody did: the program.
const Self = "guichet"

// Event is one fact of a request's life: who, when, why.
type Event struct {
	ID   int64     `json:"id"`
	At   time.Time `json:"at"`
	Kind EventKind `json:"kind"`
	// By is who did it: a person's name as the channel knows it, empty when it knows none, or Self.
	By string `json:"by"`
	// Why is the reason, the message or the answer, as written.
	Why    string `json:"why,omitempty"`
	Status Status `json:"status,omitempty"`
	// Lead is the direction's code when the event gave or changed it, or whose part it tells; Owner the person in charge likewise.
	Lead  string `json:"lead,omitempty"`
	Owner string `json:"owner,omitempty"`
	// Other is the reference of the other request, when two are joined, split or told apart, or that of the sheet of a project.
	Other string `json:"other,omitempty"`
	// Step is the id of the step of the path that the event is about, or what an Overtaken event is about.
	Step string `json:"step,omitempty"`
	// Decision is the whole decision of a Decided event. When the event has no Lead but its decision has one, a message
	// joined a request that already had its lead: the decision is kept for the record and changes nothing.
	Decision *routing.Decision `json:"decision,omitempty"`
}

// Company is what is known of who needs help. Every field may be empty: a creator has no SIREN.
type Company struct {
	Name  string `json:"name,omitempty"`
	SIREN string `json:"siren,omitempty"`
	SIRET string `json:"siret,omitempty"`
}

// Place is the territory of a request: INSEE code of the commune, SIREN of its EPCI, code of its département.
type Place struct {
	Commune     string `json:"commune,omitempty"`
	EPCI        string `json:"epci,omitempty"`
	Departement string `json:"departement,omitempty"`
}

// Pace is what the events say of a request's stage: when it began, and what was sent since.
type Pace struct {
	Since     time.Time `json:"since,omitzero"`
	Reminders int       `json:"reminders,omitempty"`
	Escalated bool      `json:"escalated,omitempty"`
	NoNews    int       `json:"no_news,omitempty"`
	// Overtaken counts the reminders that did not leave, NewsOvertaken the signs to the person likewise.
	Overtaken     int `json:"overtaken,omitempty"`
	NewsOvertaken int `json:"news_overtaken,omitempty"`
	// Quiet is until when nothing is sent: what was due before the request was imported is past.
	Quiet time.Time `json:"quiet,omitzero"`
	// Into is the request that a Merged one was joined to, Was its status before; From the one that it was split out of.
	Into string `json:"into,omitempty"`
	Was  Status `json:"was,omitempty"`
	From string `json:"from,omitempty"`
	// Parts are those of the associated directions, in their order.
	Parts []Part `json:"parts,omitempty"`
	// Steps are those of the path of which something was said, in that order.
	Steps []StepSaid `json:"steps,omitempty"`
}

// Part is what an associated direction has to do: Transmitted, Done or NotForUs, said by whom, when and why.
type Part struct {
	Direction string    `json:"direction"`
	Status    Status    `json:"status"`
	By        string    `json:"by,omitempty"`
	At        time.Time `json:"at,omitzero"`
	Why       string    `json:"why,omitempty"`
	// While it is to be done: Since when, until when (the last second of the day), the reminders that left and that were overtaken
	// by a later one, and whether the lead was told.
	Since     time.Time `json:"since,omitzero"`
	Due       time.Time `json:"due,omitzero"`
	Reminders int       `json:"reminders,omitempty"`
	Overtaken int       `json:"overtaken,omitempty"`
	Escalated bool      `json:"escalated,omitempty"`
}

// Request is one company request, with what its events make of it.
type Request struct {
	ID int64 `json:"-"`
	// Version changes with each event but those of the post and of the associated directions' parts: what a person saw at a
	// version is out of date at another.
	Version int64 `json:"-"`
	// Reference is what people are told: « 2026-0042 », the year and a number in it.
	Reference string `json:"reference"`
	Channel   string `json:"channel"`
	Thread    string `json:"thread"`
	Author    string `json:"author,omitempty"`
	// Person identifies the author where channels know people (« slack/U012 »).
	Person  string  `json:"person,omitempty"`
	Text    string  `json:"text"`
	Company Company `json:"company"`
	Place   Place   `json:"place"`
	Status  Status  `json:"status"`
	// Lead is the direction's code, empty while Waiting; Owner is the person in charge, if one took it.
	Lead       string           `json:"lead,omitempty"`
	Owner      string           `json:"owner,omitempty"`
	Associated []string         `json:"associated,omitempty"`
	Decision   routing.Decision `json:"decision"`
	// EntryPoint is the direction that gets a request still Waiting at Deadline.
	EntryPoint string    `json:"entry_point,omitempty"`
	Deadline   time.Time `json:"deadline,omitzero"`
	CreatedAt  time.Time `json:"created_at"`
	UpdatedAt  time.Time `json:"updated_at"`
	// Due is the last second of the day by which the present stage should end, by the delays when it began; zero when
	// nobody owes anything. Next is when something comes of itself, zero when nothing does.
	Due  time.Time `json:"due,omitzero"`
	Next time.Time `json:"-"`
	Pace Pace      `json:"pace"`
	// Events are given by Get only, oldest first.
	Events []Event `json:"events,omitempty"`
}

// Written tells that the conversation of the request can be written to: its channel is a place of a chat platform, named
// after both (« slack/C012 »).
func (r Request) Written() bool { return strings.Contains(r.Channel, "/") }

// Intake is a message that asks something for a company.
type Intake struct {
	Channel, Message, Thread, Author, Person string
	Text                                     string
	Company                                  Company
	Place                                    Place
	Decision                                 routing.Decision
	// EntryPoint is the direction that gets the request if the missing fact never comes, Deadline when. Both are required
	// while the decision has no lead.
	EntryPoint string
	Deadline   time.Time
	// Apart tells that the message speaks of another need, and perhaps of another company, than the one that its
	// conversation is still asked about: it joins no request but the same company's.
	Apart bool
	// Human tells that the person asks for someone: it is recorded, and the notices of the request tell it enough.
	Human bool
	At    time.Time
}

// Filter narrows a List; empty fields do not.
type Filter struct {
	Status []Status
	Lead   string
	SIREN  string
	EPCI   string
	// Text is found in the message, the company's name or the reference.
	Text string
	// Questioned keeps the requests whose lead asked the person something that has no answer yet.
	Questioned bool
	// Late keeps the requests whose due date is over at that time.
	Late time.Time
	// Part keeps the open requests in which that associated direction still has its part to do.
	Part string
	// Company keeps those of a company of that name, as names are compared (CompanyKey).
	Company string
	// Limit is 100 when it is 0.
	Limit int
}

// Span chooses the requests that Lives gives; a zero time sets no bound.
type Span struct {
	// From and Until bound when they were received: From included, Until not.
	From, Until time.Time
	// Alive keeps those that were still open at that time, or that changed since.
	Alive time.Time
	// EPCI keeps those of one.
	EPCI string
}

// Store keeps the ledger. Every method uses the transaction of its context when there is one, else its own.
type Store interface {
	// Take writes a request, its events and its notices in one transaction. When the same company already has an open
	// request (Compare says Same), or the same thread's request is still Waiting, the message joins it: its lead is kept, the
	// second direction is told, and joined is true. The requests that are only Likely the same are kept for Twins. The same
	// channel and message twice gives the same request back and writes nothing. On a join the request given back may be
	// another person's: tell the asker its reference and lead, not its text or its author.
	Take(ctx context.Context, in Intake) (r Request, joined bool, err error)
	// Decide records the decision made with a fact that came later, and the words that gave it; the request must be Waiting.
	Decide(ctx context.Context, reference string, d routing.Decision, words, by string, at time.Time) (Request, error)
	// Assign gives the request to a direction (lead, may be empty to keep it) and a person (owner, may be empty); another direction
	// needs the reason (ErrNoReason).
	Assign(ctx context.Context, reference, lead, owner, why, by string, at time.Time) (Request, error)
	// SetStatus records a status that a person gives by hand (Deed), with the reason where one is asked for (ErrNoReason). Who takes a
	// request without owner becomes its owner.
	SetStatus(ctx context.Context, reference string, s Status, why, by string, at time.Time) (Request, error)
	// Answer records the answer given to the company.
	Answer(ctx context.Context, reference, text, by string, at time.Time) (Request, error)
	// Reopen brings a closed, answered or unreachable request back to its lead, with the reason (ErrNoReason).
	Reopen(ctx context.Context, reference, why, by string, at time.Time) (Request, error)
	// AskHuman records that the person asked for someone, with a notice to the lead, or to the entry point when none leads.
	AskHuman(ctx context.Context, reference, entryPoint, text, by string, at time.Time) (Request, error)
	// AskPerson records a question of the lead to the person who asked, with a notice to their conversation.
	AskPerson(ctx context.Context, reference, text, by string, at time.Time) (Request, error)
	// Specify records the person's answer, with a notice to the lead.
	Specify(ctx context.Context, reference, text, by string, at time.Time) (Request, error)
	// Amend records that the person changed a message of the request, with its new text, and tells the lead, or the entry
	// point when none leads.
	Amend(ctx context.Context, reference, text, by string, at time.Time) (Request, error)
	// SetPart records what an associated direction says of its part, Done, NotForUs or Transmitted again, and tells the lead.
	SetPart(ctx context.Context, reference, direction string, s Status, why, by string, at time.Time) (Request, error)
	// Join makes one of two open requests, with the reason: joined ends as Merged, its directions and its asker are told, and
	// what its asker says from then on reaches kept. Both keep their history. It gives kept.
	Join(ctx context.Context, kept, joined, why, by string, at time.Time) (Request, error)
	// Split undoes a Join, when message is 0; else it makes a request of its own of the message that joined by itself, the
	// message'th of the request (the first is 1, and cannot be split). It gives the request that lives on its own.
	Split(ctx context.Context, reference string, message int, why, by string, at time.Time) (Request, error)
	// TellApart records that two requests are not about the same company: they are no longer shown as twins.
	TellApart(ctx context.Context, reference, other, why, by string, at time.Time) error
	// Twins gives the open requests that look like one another, newest first, those of one request if it is given, 100 when
	// limit is 0; staff only, since the twin of a request may be another territory's.
	Twins(ctx context.Context, v Viewer, reference string, limit int) ([]Twin, error)
	// SetStep records that a step of the request's path was Done or Skipped, with the reason; a later word replaces the former one.
	SetStep(ctx context.Context, reference, step string, s Status, why, by string, at time.Time) (Request, error)
	// Hold gives a request that nobody else changes until the transaction of the context ends; it needs one.
	Hold(ctx context.Context, reference string) (Request, error)
	// Get gives a request with its events, or ErrNotFound, also when the viewer may not see it.
	Get(ctx context.Context, v Viewer, reference string) (Request, error)
	// List gives the requests that the viewer may see, newest first.
	List(ctx context.Context, v Viewer, f Filter) ([]Request, error)
	// Lives gives, one by one, the requests that the viewer may see with their events, the first recorded first, however many
	// there are; it stops at the first error of the function.
	Lives(ctx context.Context, v Viewer, s Span, each func(Request) error) error
	// Notices gives the outbox, newest first, 100 when limit is 0; staff only.
	Notices(ctx context.Context, v Viewer, limit int) ([]Notice, error)
	// Accessed records that a request or a company's card was read.
	Accessed(ctx context.Context, a Access) error
	// Accesses gives what was recorded, newest first; staff only.
	Accesses(ctx context.Context, v Viewer, f AccessFilter) ([]Access, error)
}
