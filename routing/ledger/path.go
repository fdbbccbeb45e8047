package ledger

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"guichet/routing"
)

// StepSaid is what was said of a step of a request's path: Done or Skipped, by whom, when and why.
type StepSaid struct {
	ID     string    `json:"id"`
	Status Status    `json:"status"`
	By     string    `json:"by,omitempty"`
	At     time.Time `json:"at,omitzero"`
	Why    string    `json:"why,omitempty"`
}

// Milestone is a step of a request's path, and where it stands; its status is empty while it is to be done.
type Milestone struct {
	StepSaid
	// Label names the step, Who does it.
	Label string `json:"label"`
	Who   string `json:"who"`
	// Section is the part of the source document that gives it.
	Section string `json:"section"`
}

// PathOf gives the path that a request follows by the rules, with its label; there is none when no profile is known.
func PathOf(rules *routing.Rules, r Request) (label string, all []Milestone) {
	path, ok := rules.Path(r.Decision.Path)
	if !ok {
		return "", nil
	}
	for _, step := range path.Steps {
		who := slices.Clone(step.By)
		for i := range who {
			if who[i] == routing.ByLead {
				who[i] = r.Lead
			}
		}
		m := Milestone{StepSaid: StepSaid{ID: step.ID}, Label: step.Label, Who: strings.Join(distinct(who), ", "), Section: step.Section}
		if i := slices.IndexFunc(r.Pace.Steps, func(s StepSaid) bool { return s.ID == step.ID }); i >= 0 {
			m.StepSaid = r.Pace.Steps[i]
		}
		all = append(all, m)
	}
	return path.Label, all
}

func distinct(names []string) (all []string) {
	for _, name := range names {
		if name != "" && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// NextStep gives the first step that is still to be done of an open request that has its lead.
func NextStep(rules *routing.Rules, r Request) (m Milestone, ok bool) {
	if !r.Status.Open() || r.Lead == "" {
		return m, false
	}
	_, all := PathOf(rules, r)
	for _, m := range all {
		if m.Status == "" {
			return m, true
		}
	}
	return m, false
}

// CheckStep tells in French when a step is none of a path.
func CheckStep(path []Milestone, step string) error {
	var ids []string
	for _, m := range path {
		if m.ID == step {
			return nil
		}
		ids = append(ids, m.ID)
	}
	if len(ids) == 0 {
		return fmt.Errorf("cette demande ne suit pas de parcours : son profil n'est pas connu")
	}
	return fmt.Errorf("« %s » n'est pas une étape de son parcours : %s", step, strings.Join(ids, ", "))
}

// StepLabel gives in French the status of a step; empty while it is to be done.
func (s Status) StepLabel() string {
	switch s {
	case Done:
		return "faite"
	case Skipped:
		return "passée"
	}
	return ""
}
