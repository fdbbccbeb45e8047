// Package convention knows the conventions that the Region signs with intercommunal bodies (EPCI): where each stands on a
// day, when its end is to be told, what renews it. It is made of pure functions and of what its driver must keep; it reads no
// clock. It may import routing.
package convention

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"guichet/routing"
)

// Convention is one convention of the Region with an EPCI.
type Convention struct {
	// ID is how the Region names it, unique.
	ID string `json:"id"`
	// Type is the code of one of the Region's types, EPCI a SIREN, Themes are subjects of the rules.
	Type   string   `json:"type"`
	EPCI   string   `json:"epci"`
	Themes []string `json:"themes"`
	// Start and End are its first and last days, Signed the day it was signed, empty until it is.
	Start  Day `json:"start"`
	End    Day `json:"end"`
	Signed Day `json:"signed,omitempty"`
	// Document is the id of a document of the base, or the address of a page; Renews the id of the convention that it renews.
	Document string `json:"document,omitempty"`
	Renews   string `json:"renews,omitempty"`
}

// State is where a convention stands on a day.
type State string

// The states. Only a convention in force lets its EPCI help companies.
const (
	InForce  State = "in_force"
	NotYet   State = "not_yet"
	Ended    State = "ended"
	Unsigned State = "unsigned"
)

var stateLabels = map[State]string{InForce: "en vigueur", NotYet: "signée, pas encore commencée", Ended: "signée, terminée", Unsigned: "non signée"}

// Label gives the state in French, as said of a convention.
func (s State) Label() string { return stateLabels[s] }

// State gives where the convention stands on a day: unsigned until the day it is signed, whatever its dates.
func (c Convention) State(on Day) State {
	switch {
	case c.Signed == "" || c.Signed > on:
		return Unsigned
	case c.End < on:
		return Ended
	case c.Start > on:
		return NotYet
	}
	return InForce
}

// Address tells that the document is a page of the web.
func (c Convention) Address() bool {
	return strings.HasPrefix(c.Document, "https://") || strings.HasPrefix(c.Document, "http://")
}

// Alert gives the alert that is due on a day, in days before the end: the nearest of those that are reached, so that a
// convention recorded late, or a stop, does not send them all at once. There is none before it is signed, nor after its end.
func (c Convention) Alert(days []int, on Day) (due int, ok bool) {
	if s := c.State(on); s == Unsigned || s == Ended {
		return 0, false
	}
	for _, d := range days {
		if c.End.Add(-d) <= on && (!ok || d < due) {
			due, ok = d, true
		}
	}
	return due, ok
}

// Renewed tells whether one of the conventions that are known, signed on that day, renews this one.
func (c Convention) Renewed(all []Convention, on Day) bool {
	return slices.ContainsFunc(all, func(o Convention) bool { return o.Renews == c.ID && o.State(on) != Unsigned })
}

// Chain gives the conventions that this one renews, itself, and those that renew it, the first to end first.
func Chain(all []Convention, id string) []Convention {
	in := map[string]bool{id: true}
	for grown := true; grown; {
		grown = false
		for _, c := range all {
			if c.Renews != "" && in[c.ID] != in[c.Renews] {
				in[c.ID], in[c.Renews], grown = true, true, true
			}
		}
	}
	var chain []Convention
	for _, c := range all {
		if in[c.ID] {
			chain = append(chain, c)
		}
	}
	slices.SortFunc(chain, func(a, b Convention) int { return strings.Compare(string(a.End)+a.ID, string(b.End)+b.ID) })
	return chain
}

// Missing gives those of the EPCIs that have no convention in force on a day, in their order.
func Missing(all []Convention, epcis []string, on Day) (missing []string) {
	covered := map[string]bool{}
	for _, c := range all {
		if c.State(on) == InForce {
			covered[c.EPCI] = true
		}
	}
	for _, epci := range epcis {
		if !covered[epci] {
			missing = append(missing, epci)
		}
	}
	return missing
}

// Problem is what is wrong with a convention.
type Problem struct{ ID, Reason string }

func (p Problem) Error() string { return fmt.Sprintf("convention « %s » : %s", p.ID, p.Reason) }

// Known is what a convention may name.
type Known struct {
	Types []routing.ConventionType
	EPCI  func(siren string) bool
	Theme func(id string) bool
}

// id keeps what can be told in a message and given on a command line.
var id = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}._/-]{0,79}$`)

// Check gives what is wrong with a convention by itself, joined; what it renews is checked by CheckRenewals.
func Check(c Convention, known Known) error {
	var problems []error
	wrong := func(format string, args ...any) {
		problems = append(problems, Problem{ID: c.ID, Reason: fmt.Sprintf(format, args...)})
	}
	if !id.MatchString(c.ID) {
		wrong("identifiant : des lettres, des chiffres et « . _ / - » sont attendus, 80 au plus")
	}
	if !slices.ContainsFunc(known.Types, func(t routing.ConventionType) bool { return t.Code == c.Type }) {
		var codes []string
		for _, t := range known.Types {
			codes = append(codes, t.Code)
		}
		wrong("type « %s » inconnu : %s", c.Type, strings.Join(codes, ", "))
	}
	switch {
	case !routing.IsSIREN(c.EPCI):
		wrong("EPCI « %s » : un SIREN est attendu, neuf chiffres dont le dernier vérifie les autres", c.EPCI)
	case !known.EPCI(c.EPCI):
		wrong("EPCI « %s » : ce SIREN n'est pas celui d'un EPCI du registre", c.EPCI)
	}
	for i, theme := range c.Themes {
		switch {
		case !known.Theme(theme):
			wrong("thème « %s » inconnu : un sujet des règles est attendu (subjects.yaml)", theme)
		case slices.Contains(c.Themes[:i], theme):
			wrong("thème « %s » donné deux fois", theme)
		}
	}
	switch {
	case c.Start == "":
		wrong("la date de début manque")
	case c.End == "":
		wrong("la date de fin manque")
	case c.End < c.Start:
		wrong("elle finit le %s, avant de commencer le %s", c.End.French(), c.Start.French())
	case c.Signed > c.End:
		wrong("elle est signée le %s, après sa fin le %s", c.Signed.French(), c.End.French())
	}
	if strings.ContainsAny(c.Document, " \t\n") {
		wrong("document « %s » : l'identifiant d'un document de la base ou une adresse est attendu", c.Document)
	}
	return errors.Join(problems...)
}

// CheckRenewals gives what is wrong in who renews whom, among all the conventions that are known: the former one is known,
// of the same EPCI, and ends before. An order of ends leaves no room for a circle.
func CheckRenewals(all []Convention) error {
	byID := map[string]Convention{}
	for _, c := range all {
		byID[c.ID] = c
	}
	var problems []error
	for _, c := range all {
		former, ok := byID[c.Renews]
		reason := ""
		switch {
		case c.Renews == "":
			continue
		case !ok:
			reason = "la convention renouvelée, « " + c.Renews + " », n'est pas enregistrée"
		case former.EPCI != c.EPCI:
			reason = "la convention renouvelée, « " + c.Renews + " », est d'un autre EPCI"
		case c.End <= former.End:
			reason = fmt.Sprintf("elle doit finir après la convention renouvelée, « %s », qui finit le %s", c.Renews, former.End.French())
		default:
			continue
		}
		problems = append(problems, Problem{ID: c.ID, Reason: reason})
	}
	return errors.Join(problems...)
}
