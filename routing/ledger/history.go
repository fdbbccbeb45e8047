package ledger

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"guichet/routing"
)

// ImportChannel is the channel of the requests that came from another tool's file; their conversation cannot be written to.
const ImportChannel = "import"

// History is a request as another tool keeps it: where it stands and when it came there. A request of ours that is written
// for another tool is one too, of the source Self.
type History struct {
	// Source names the tool, ID what the request is for it: the pair is one request, however often it is read.
	Source, ID string
	Author     string
	Text       string
	Company    Company
	Place      Place
	Status     Status
	Lead       string
	Associated []string
	Owner      string
	Received   time.Time
	// Each may be zero; Ended is when it was closed, the person found unreachable, or the request joined to another, and
	// EndedWhy why.
	Taken, Answered, Ended, Reopened time.Time
	Answer, EndedWhy                 string
	// Into is the request that a Merged one was joined to, zero for the others.
	Into Origin `json:",omitzero"`
	// EntryPoint and Deadline are those of an Intake, for a request that has no lead.
	EntryPoint string
	Deadline   time.Time
}

// Origin is a request as a tool names it. Reference is ours, when it is known here.
type Origin struct {
	Source, ID string
	Reference  string `json:"-"`
}

// FieldError is what is wrong with a value of a History, under the name that its JSON has.
type FieldError struct {
	Field string
	Err   error
}

func (e *FieldError) Error() string { return e.Err.Error() }
func (e *FieldError) Unwrap() error { return e.Err }

func wrongField(field, format string, args ...any) error {
	return &FieldError{Field: field, Err: fmt.Errorf(format, args...)}
}

// Check refuses what cannot be a request's history at a time.
func (h History) Check(now time.Time) error {
	switch {
	case h.Source == "" || h.ID == "":
		return wrongField("id", "la source et l'identifiant sont requis")
	case strings.TrimSpace(h.Text) == "":
		return wrongField("text", "le texte de la demande est requis")
	case h.Company.SIREN != "" && !routing.IsSIREN(h.Company.SIREN):
		return wrongField("siren", "« %s » n'est pas un SIREN : neuf chiffres, dont le dernier vérifie les autres", h.Company.SIREN)
	case h.Company.SIRET != "" && (len(h.Company.SIRET) != 14 || !routing.IsSIREN(h.Company.SIRET[:9])):
		return wrongField("siret", "« %s » n'est pas un SIRET : quatorze chiffres", h.Company.SIRET)
	case h.Company.SIRET != "" && h.Company.SIREN != "" && h.Company.SIRET[:9] != h.Company.SIREN:
		return wrongField("siret", "le SIRET « %s » n'est pas celui du SIREN « %s »", h.Company.SIRET, h.Company.SIREN)
	case !slices.Contains(Statuses(), h.Status):
		return wrongField("status", "l'état « %s » est inconnu", h.Status)
	case h.Lead == "" && h.Status != Waiting && (h.Status.Open() || h.Status == Answered):
		return wrongField("lead", "une demande %s a un chef de file", h.Status.Label())
	case h.Lead != "" && h.Status == Waiting:
		return wrongField("status", "une demande qui a un chef de file n'est plus %s", h.Status.Label())
	case h.Status == Merged && (h.Into.Source == "" || h.Into.ID == ""):
		return wrongField("joined", "l'identifiant de la demande à laquelle elle est jointe manque")
	case h.Status != Merged && h.Into.ID != "":
		return wrongField("joined", "une demande %s n'est pas jointe à une autre", h.Status.Label())
	case h.Status == Merged && h.Into.Source == h.Source && h.Into.ID == h.ID:
		return wrongField("joined", "une demande ne se joint pas à elle-même")
	}
	for _, date := range []struct {
		field string
		at    time.Time
	}{{"received", h.Received}, {"taken", h.Taken}, {"answered", h.Answered}, {"ended", h.Ended}, {"reopened", h.Reopened}} {
		field, at := date.field, date.at
		switch {
		case at.IsZero() && (field == "received" || field == h.Status.State().Since):
			return wrongField(field, "la date manque, pour une demande %s", h.Status.Label())
		case at.IsZero():
		case at.After(now.Add(24 * time.Hour)): // files give days, not hours
			return wrongField(field, "la date, le %s, est à venir", Day(at))
		case at.Before(h.Received):
			return wrongField(field, "la date, le %s, est avant la réception, le %s", Day(at), Day(h.Received))
		}
	}
	r, err := h.replay()
	if err != nil {
		return wrongField("status", "les dates ne se suivent pas : %w", err)
	}
	if r.Status != h.Status {
		return wrongField("status", "les dates mènent à « %s », l'état dit « %s »", r.Status.Label(), h.Status.Label())
	}
	return nil
}

func (h History) replay() (r Request, err error) {
	for _, e := range h.Events() {
		if r, err = Apply(r, e); err != nil {
			return r, err
		}
	}
	return r, nil
}

// Events gives what happened, oldest first, each by the source.
func (h History) Events() []Event {
	d := routing.Decision{Lead: h.Lead, Associated: h.Associated, Reasons: []string{"Chef de file donné par " + h.Source + "."}}
	if h.Lead == "" {
		d.Reasons = nil
	}
	all := []Event{
		{At: h.Received, Kind: Received, Why: h.Text},
		{At: h.Received, Kind: Decided, Lead: h.Lead, Decision: &d},
	}
	taken, ended := Taken, Event{At: h.Ended, Kind: StatusSet, Status: Closed, Why: h.EndedWhy}
	switch h.Status.State().Since { // the date is that of its own status
	case "taken":
		taken = h.Status
	case "ended":
		ended.Status = h.Status
	}
	if h.Status == Merged {
		ended = Event{At: h.Ended, Kind: MergedInto, Why: h.EndedWhy, Other: cmp.Or(h.Into.Reference, h.Into.ID, "?")} // ?: a reader may not know it
	}
	later := []Event{
		{At: h.Taken, Kind: StatusSet, Status: taken, Owner: h.Owner},
		{At: h.Answered, Kind: AnswerGiven, Why: h.answer()},
		ended,
		{At: h.Reopened, Kind: Reopened},
	}
	later = slices.DeleteFunc(later, func(e Event) bool { return e.At.IsZero() })
	slices.SortStableFunc(later, func(a, b Event) int { return a.At.Compare(b.At) })
	if h.Owner != "" && h.Taken.IsZero() && h.Lead != "" {
		later = append([]Event{{At: h.Received, Kind: Assigned, Owner: h.Owner}}, later...)
	}
	all = append(all, later...)
	for i := range all {
		all[i].By = h.Source
	}
	return all
}

func (h History) answer() string {
	if strings.TrimSpace(h.Answer) == "" {
		return "Réponse donnée ; " + h.Source + " n'en a pas le texte."
	}
	return h.Answer
}

// HistoryOf gives what another tool can keep of a request, read with its events, under the name that a tool has for it;
// into names the one that it was joined to. A request that changed hands or was reopened several times keeps its last stage.
func HistoryOf(r Request, origin, into Origin) History {
	h := History{
		Source: origin.Source, ID: origin.ID, Into: into, Author: r.Author, Text: r.Text, Company: r.Company, Place: r.Place, Status: r.Status, Lead: r.Lead,
		Associated: r.Associated, Owner: r.Owner, Received: r.CreatedAt,
	}
	lead := ""
	for _, e := range r.Events {
		switch {
		case e.Kind == Decided && e.Lead != "":
			lead = e.Lead
		case e.Kind == Assigned && e.Lead != "" && e.Lead != lead:
			lead, h.Taken = e.Lead, time.Time{}
		case e.Kind == StatusSet && e.Status.State().Since == "taken":
			h.Taken = e.At
		case e.Kind == AnswerGiven:
			h.Answered, h.Answer = e.At, e.Why
		case e.Kind == StatusSet || e.Kind == MergedInto && r.Status == Merged:
			h.Ended, h.EndedWhy = e.At, e.Why
		case e.Kind == Reopened:
			h.Reopened = e.At
			if h.Taken.Before(e.At) {
				h.Taken = time.Time{}
			}
		}
	}
	since := r.Status.State().Since
	leads := func() bool {
		replayed, err := h.replay()
		return err == nil && replayed.Status == r.Status
	}
	for _, forget := range []func(){
		func() {},
		func() { h.Reopened = time.Time{} },
		func() {
			h.Ended, h.EndedWhy = keepIf(since == "ended", h.Ended, h.EndedWhy)
		},
		func() { h.Answered, h.Answer = keepIf(since == "answered", h.Answered, h.Answer) },
		func() { h.Taken, _ = keepIf(since == "taken", h.Taken, "") },
	} {
		if forget(); leads() {
			break
		}
	}
	return h
}

func keepIf(keep bool, at time.Time, text string) (time.Time, string) {
	if !keep {
		return time.Time{}, ""
	}
	return at, text
}

// Outcome is what an import made of a history.
type Outcome string

// The outcomes. Kept: the file changed something that happened already and cannot be written again, its text or a date.
const (
	Added     Outcome = "added"
	Updated   Outcome = "updated"
	Unchanged Outcome = "unchanged"
	Kept      Outcome = "kept"
)

// ErrNotYet is returned by an import of a request that was joined to one that is not known yet: it may come later in the file.
var ErrNotYet = errors.New("la demande à laquelle elle est jointe n'est ni dans ce fichier ni dans le registre")

// ErrImportOrder is returned when a file would change a request in a way that its history refuses.
var ErrImportOrder = errors.New("la demande a avancé autrement ici")
