package ledger

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"guichet/routing"
)

// NoticeKind says why a notice is sent.
type NoticeKind string

// The kinds of notices.
const (
	NewRequest NoticeKind = "new_request" // to the lead: it leads this request
	Associated NoticeKind = "associated"  // to a direction that takes part
	Joined     NoticeKind = "joined"      // a second message came about an open request: to its lead, and to the direction that would have led
	Human      NoticeKind = "human"       // the person asks for someone
	Returned   NoticeKind = "returned"    // to the lead: a request that was done with lives again
	Precision  NoticeKind = "precision"   // to the lead: the person answered its question
	Reminder   NoticeKind = "reminder"    // to the lead: nothing moved for some days
	Escalation NoticeKind = "escalation"  // to the entry point: nothing moved after the last reminder
	Merger     NoticeKind = "merged"      // to the directions of a request that was joined to another: it is followed there
	Absorption NoticeKind = "absorbed"    // to the lead: another request was joined to this one
	Separation NoticeKind = "separated"   // to the lead: another request was split out of this one
	PartTold   NoticeKind = "part"        // to the lead: an associated direction did its part, or says that it has none
	// The part of an associated direction: to it, that the part is still to be done; to the lead, after the last reminder.
	PartReminder NoticeKind = "part_reminder"
	PartLate     NoticeKind = "part_late"
	Changed      NoticeKind = "amended" // to the lead: the person changed a message of the request
	// Undelivered tells that a notice was given up: to the entry point when it was a direction's, to the lead when it was the
	// person's.
	Undelivered NoticeKind = "undelivered"
	// DoubleFunding goes to the leads of two fundings, or of a funding and a request, that look like the same expense.
	DoubleFunding NoticeKind = "double_funding"
	// Revue is the document of a review of projects, to an EPCI or to the direction that passes it on.
	Revue NoticeKind = "revue"
	// The sheets of projects, to an EPCI or to the direction that passes them on; what they gave, to who asked.
	SheetSent     NoticeKind = "sheet"
	SheetReminder NoticeKind = "sheet_reminder"
	SheetReturned NoticeKind = "sheet_returned"

	// To the conversation of the person who asked, where it can be written to.
	TakenUp   NoticeKind = "taken_up"   // somebody takes care of the request
	Moved     NoticeKind = "moved"      // another direction leads it
	Replied   NoticeKind = "replied"    // an answer was given
	Question  NoticeKind = "question"   // the lead asks something
	Regrouped NoticeKind = "regrouped"  // the request is joined to another about the same company, followed by one direction
	OnItsOwn  NoticeKind = "on_its_own" // the request is followed on its own again
	Patience  NoticeKind = "no_news"    // there is no news yet, and the request is not forgotten
)

// noticeKinds are all of them.
var noticeKinds = []NoticeKind{
	NewRequest, Associated, Joined, Human, Returned, Precision, Reminder, Escalation, PartTold, PartReminder, PartLate, Changed, Undelivered, DoubleFunding, Revue,
	SheetSent, SheetReminder, SheetReturned,
	Merger, Absorption, Separation, TakenUp, Moved, Replied, Question, Regrouped, OnItsOwn, Patience,
}

var noticeLabels = map[NoticeKind]string{
	NewRequest: "nouvelle demande", Associated: "direction associée", Joined: "message joint à une demande ouverte", Human: "une personne est demandée",
	Returned: "demande rouverte", Precision: "précision donnée", Reminder: "rappel", Escalation: "porte d'entrée prévenue",
	Merger: "demande jointe à une autre", Absorption: "une autre demande est jointe", Separation: "une demande est séparée",
	Regrouped: "regroupement dit à la personne", OnItsOwn: "séparation dite à la personne",
	PartTold: "part d'une direction associée", PartReminder: "rappel d'une part", PartLate: "part en retard", Changed: "message modifié", Undelivered: "avis non remis", DoubleFunding: "double financement possible", Revue: "revue de projets",
	SheetSent: "fiche projet", SheetReminder: "rappel d'une fiche projet", SheetReturned: "réponses à une fiche projet", Patience: "sans nouvelles",
	TakenUp: "demande prise en charge", Moved: "demande confiée à une autre direction", Replied: "réponse à la personne", Question: "question à la personne",
}

// Label gives the kind in French.
func (k NoticeKind) Label() string {
	if label, ok := noticeLabels[k]; ok {
		return label
	}
	return string(k) // the base may be that of a later program
}

// Notice is a message to send after the transaction that made it necessary. Key makes its delivery idempotent.
type Notice struct {
	Key  string     `json:"key"`
	Kind NoticeKind `json:"kind"`
	// To is a direction's code; it is empty when the notice goes to an EPCI, by its SIREN, or to a conversation, Thread of Channel.
	To      string `json:"to"`
	EPCI    string `json:"epci,omitempty"`
	Channel string `json:"channel,omitempty"`
	Thread  string `json:"thread,omitempty"`
	// Reference is the request's, empty when the notice is about none.
	Reference string    `json:"reference"`
	Text      string    `json:"text"`
	CreatedAt time.Time `json:"created_at"`
	// SentAt is zero until delivered, DeadAt until given up; Tries counts the failed tries, LastError says why the last one failed.
	SentAt    time.Time `json:"sent_at,omitzero"`
	DeadAt    time.Time `json:"dead_at,omitzero"`
	Tries     int       `json:"tries"`
	LastError string    `json:"last_error,omitempty"`
	// Stale tells why a reminder must not leave any more, empty while it may. Outbox.Notice gives it.
	Stale string `json:"-"`
}

// Why a stale notice is given up: nobody misses it.
const (
	StaleNotice    = "la demande a avancé entre-temps"
	ReplacedNotice = "un avis plus récent le remplace"
)

// Jobs plans what must follow a transaction. A Store calls it with the transaction in the context: the plan is kept if,
// and only if, the rest is.
type Jobs interface {
	// Deliver plans the delivery of a notice.
	Deliver(ctx context.Context, n Notice) error
	// FollowUp plans Outbox.FollowUp of a request for a time.
	FollowUp(ctx context.Context, reference string, at time.Time) error
}

// Watcher is a Jobs that also wants to know what happened: a Store tells it each event, with the request as the event made
// it, in the transaction that writes them.
type Watcher interface {
	Happened(ctx context.Context, r Request, e Event) error
}

// Outbox is the ledger as the jobs see it.
type Outbox interface {
	// Notice gives a notice by its key, or ErrNotFound.
	Notice(ctx context.Context, key string) (Notice, error)
	// Sent records that a notice was delivered; once recorded, it changes nothing more.
	Sent(ctx context.Context, key string, at time.Time) error
	// Failed records a failed try and its reason. With dead, the notice is given up: its request's history says so, and who
	// can do something about it is told (Undelivered), unless the notice was stale.
	Failed(ctx context.Context, key, reason string, dead bool, at time.Time) error
	// FollowUp does what time alone makes due at a time (Agenda.By): a request that still waits for a fact goes to its entry
	// point, a lead or an associated direction is reminded, the entry point told, the person given a sign. What is not due yet, or
	// was done, stays; of what fell meanwhile for the same people, the last leaves and the history tells the rest.
	FollowUp(ctx context.Context, reference string, at time.Time) error
	// Due gives the requests for which FollowUp has something to do at a time, the longest due first.
	Due(ctx context.Context, at time.Time) (references []string, err error)
}

// Texts are the texts of notices, by kind.
type Texts map[NoticeKind]*template.Template

// Recipient names who the notice goes to.
func (n Notice) Recipient() string {
	switch {
	case n.To != "":
		return n.To
	case n.EPCI != "":
		return "EPCI " + n.EPCI
	}
	return n.Channel
}

// TextData is what the text of a notice may show: to a direction no message and no name, since it leaves for another system.
type TextData struct {
	Reference string
	// Lead is the code of the direction that leads the request, To of the one that is told.
	Lead, To string
	// Arbitrate tells that the positioning is not settled, Late that a fact that decides never came.
	Arbitrate, Late bool
	// Number counts reminders and signs of life; Due is the due date, « 08/05/2026 », empty without one; Taken tells that
	// somebody took the request.
	Number int
	Due    string
	Taken  bool
	// From is the associated direction whose part is told or late, NotForUs that it says to have none.
	From     string
	NotForUs bool
	// Notice is what could not be delivered, Unreached the direction that did not get it, empty for the person.
	Notice, Unreached string
	// Other is the other request, when two are joined or split.
	Other string
	// Pair names the two fundings, or the funding and the request, that look like the same expense; Likeness tells how sure it is.
	Pair, Likeness string
	// Scope names what a review of projects is about, or who a sheet is for, EPCI the SIREN of the EPCI when it is one.
	Scope, EPCI string
	// Owner is who took the request, Text the answer or the question: empty but in what is said to the person who asked.
	Owner, Text string
}

// TextsFile is the name of the file of the notices' texts in the Region's folder.
const TextsFile = "notices.yaml"

//go:embed notices.yaml
var defaultTexts []byte

// DefaultTexts gives the texts that ship.
func DefaultTexts() Texts {
	texts, err := ParseTexts(defaultTexts)
	if err != nil {
		panic(err) // the file is part of the program and tested
	}
	return texts
}

// DefaultTextsYAML gives the file of the texts that ship, for the Region to edit.
func DefaultTextsYAML() []byte { return slices.Clone(defaultTexts) }

// ParseTexts reads a YAML map from a kind of notice to a template over TextData; every kind must be there.
func ParseTexts(data []byte) (Texts, error) {
	var sources map[NoticeKind]placedText
	if err := yaml.UnmarshalWithOptions(data, &sources, yaml.Strict()); err != nil {
		var syntax yaml.Error
		if errors.As(err, &syntax) {
			return nil, wrongText(syntax.GetToken().Position.Line, syntax.GetMessage())
		}
		return nil, wrongText(0, err.Error())
	}
	texts := Texts{}
	var problems []error
	for _, kind := range noticeKinds {
		source, ok := sources[kind]
		if !ok {
			problems = append(problems, wrongText(0, fmt.Sprintf("« %s » manque", kind)))
			continue
		}
		delete(sources, kind)
		t, err := template.New(string(kind)).Option("missingkey=error").Parse(strings.TrimSpace(source.text))
		if err == nil {
			texts[kind] = t
			_, err = texts.Render(kind, TextData{})
		}
		if err != nil {
			problems = append(problems, wrongText(source.line, err.Error()))
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(sources)) {
		problems = append(problems, wrongText(sources[kind].line, fmt.Sprintf("« %s » n'est pas une sorte d'avis", kind)))
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return texts, nil
}

// placedText is a text of the file with the line where it starts.
type placedText struct {
	line int
	text string
}

// UnmarshalYAML keeps the line.
func (p *placedText) UnmarshalYAML(node ast.Node) error {
	p.line = node.GetToken().Position.Line
	return yaml.NodeToValue(node, &p.text)
}

func wrongText(line int, reason string) error {
	return routing.Problem{Pos: routing.Pos{File: TextsFile, Line: line}, Reason: reason}
}

// Render gives the text of a notice.
func (t Texts) Render(kind NoticeKind, data TextData) (string, error) {
	source, ok := t[kind]
	if !ok {
		return "", errors.New("textes des avis : « " + string(kind) + " » manque")
	}
	var b strings.Builder
	if err := source.Execute(&b, data); err != nil {
		return "", fmt.Errorf("textes des avis : %w", err)
	}
	return b.String(), nil
}
