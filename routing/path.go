package routing

import (
	"fmt"
	"slices"

	"cel.dev/cel-go/common/types"
)

// Path is what a profile of company goes through (« parcours »), from the accompaniment to the funding.
type Path struct {
	ID string
	// Label names the profile in French, When is its CEL condition over the facts of the rules.
	Label, When string
	Steps       []PathStep
	Pos         Pos
}

// PathStep is one step of a path.
type PathStep struct {
	ID, Label string
	// By are who does it: codes of directions, operators that a rule names, or ByLead. Section is the part of the source document
	// that gives the step.
	By      []string
	Section string
	Pos     Pos
}

// ByLead stands, in a step, for the lead of the request.
const ByLead = "lead"

// compilePaths checks the paths. They come after the rules, which know nothing of their thresholds.
func (c *compiler) compilePaths() {
	known := []string{ByLead}
	for _, d := range c.r.set.Directions {
		known = append(known, d.Code)
	}
	for _, rule := range c.r.set.Rules {
		known = append(known, rule.Operators...)
	}
	seen := map[string]bool{}
	for _, path := range c.r.set.Paths {
		if !IsCode(path.ID) || path.Label == "" || seen[path.ID] {
			c.problem(path.Pos, "le parcours « %s » est sans code (%s), sans libellé ou écrit deux fois", path.ID, CodeForm)
		}
		seen[path.ID] = true
		if len(path.Steps) == 0 {
			c.problem(path.Pos, "le parcours %s n'a pas d'étape", path.ID)
		}
		var steps []string
		for _, step := range path.Steps {
			if !IsCode(step.ID) || step.Label == "" || slices.Contains(steps, step.ID) {
				c.problem(step.Pos, "l'étape « %s » du parcours %s est sans code (%s), sans libellé ou écrite deux fois", step.ID, path.ID, CodeForm)
			}
			if step.Section == "" {
				c.problem(step.Pos, "l'étape %s du parcours %s ne dit pas d'où elle vient (section)", step.ID, path.ID)
			}
			if len(step.By) == 0 {
				c.problem(step.Pos, "l'étape %s du parcours %s ne dit pas qui la fait (by)", step.ID, path.ID)
			}
			for _, who := range step.By {
				if !slices.Contains(known, who) {
					c.problem(step.Pos, "l'étape %s du parcours %s nomme « %s », qui n'est ni une direction, ni un opérateur d'une règle, ni « %s »", step.ID, path.ID, who, ByLead)
				}
			}
			steps = append(steps, step.ID)
		}
		when, _ := c.condition(Rule{ID: fmt.Sprintf("du parcours %s", path.ID), Pos: path.Pos}, path.When)
		c.r.paths = append(c.r.paths, compiledPath{Path: path, when: when})
	}
}

// Path gives a path of the rule set.
func (r *Rules) Path(id string) (Path, bool) {
	for _, p := range r.paths {
		if p.ID == id {
			return p.Path, true
		}
	}
	return Path{}, false
}

// pathOf gives the first path whose condition holds; one that still rests on an unknown fact does not hold.
func (r *Rules) pathOf(subject string, facts Facts) string {
	values := r.values(subject, facts)
	for _, p := range r.paths {
		if out, _, err := p.when.Eval(values); err == nil && out == types.True {
			return p.ID
		}
	}
	return ""
}
