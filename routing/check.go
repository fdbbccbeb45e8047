package routing

// NeverFires gives the rules that no facts can reach, because earlier ones always win: mistakes that compile. Every subject
// is tried with every combination of the values that stand for all others.
func (r *Rules) NeverFires() []string {
	fires := map[int]bool{}
	for subject, candidates := range r.bySubject {
		var names []string
		seen := map[string]bool{subjectFact: true}
		for _, i := range candidates {
			for _, name := range r.rules[i].reads {
				if !seen[name] && len(r.samples[name]) > 0 {
					seen[name] = true
					names = append(names, name)
				}
			}
		}
		r.combine(names, nil, func(facts Facts) { fires[r.firstPossible(subject, facts)] = true })
	}
	for _, s := range r.subjects {
		if s.Unsettled != "" {
			fires[len(r.rules)-1] = true
		}
	}
	var dead []string
	for i, rule := range r.rules {
		if !fires[i] {
			dead = append(dead, rule.ID)
		}
	}
	return dead
}

// combine calls a function with every combination of the samples of some facts, and with each left unsaid.
func (r *Rules) combine(names []string, facts Facts, do func(Facts)) {
	if len(names) == 0 {
		do(r.withDefaults(facts))
		return
	}
	for _, v := range r.samples[names[0]] {
		r.combine(names[1:], facts.With(Fact{Name: names[0], Value: v}), do)
	}
	if r.facts[names[0]].Default != nil {
		r.combine(names[1:], facts, do)
	}
}
