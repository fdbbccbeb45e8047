package routing

import "slices"

// Replay decides again on the facts that a past decision recorded: what was supposed then is supposed anew, and a fact that
// these rules no longer know, or whose value they no longer accept, is set aside.
func (r *Rules) Replay(d Decision) Decision { return r.Decide(r.Known(d.Facts)) }

// Known gives the facts that were read, not supposed, as these rules can read them.
func (r *Rules) Known(recorded Facts) Facts {
	var known Facts
	for _, f := range recorded {
		if f.Source == SourceDefault {
			continue
		}
		if declared, ok := r.facts[f.Name]; ok && f.Name != subjectFact && !declared.Accepts(f.Value) {
			continue
		}
		known = append(known, f)
	}
	return known
}

// ForPerson tells that a decision was made by no rule: a person asked for somebody (ToEntryPoint).
func (d Decision) ForPerson() bool { return slices.Equal(d.Reasons, []string{reasonHuman}) }
