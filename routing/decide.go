package routing

import (
	"slices"
	"sort"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
)

// Decide gives the lead for the facts of one request, or the fact to ask for. It is a pure function: the same facts under
// the same rules give the same decision.
func (r *Rules) Decide(facts Facts) Decision {
	facts = r.withDefaults(facts)
	subject, others, unsettled := r.subjectOf(facts)
	d := Decision{Version: r.set.Version}
	if unsettled != nil {
		d.Arbitrate = true
		r.conclude(&d, len(r.rules)-1, facts)
		d.Reasons = r.unsettledReasons(*unsettled, facts)
		d.Facts = r.shown(facts, nil)
		return d
	}
	outcome := r.settle(subject, facts)
	if len(outcome.missing) > 0 {
		d.Missing = outcome.missing
		ask := r.facts[d.Missing[0]]
		d.Question, d.Choices = ask.Question, ask.Options
		d.Reasons = r.missingReasons(subject, facts, ask)
		d.Alternatives = r.alternatives(subject, facts, "")
		d.Facts = r.shown(facts, d.Alternatives)
		return d
	}
	r.conclude(&d, outcome.rule, facts)
	bare := r.withDefaults(r.withoutMoney(facts))
	if subject != "" && r.preciseMoney(facts) && r.firstPossible("", facts) == outcome.rule {
		others = append([]string{subject}, others...) // the money leads, whatever the subject
	}
	for _, other := range others {
		// Conduct rule 2: the leads of the other subjects become associated; one that cannot be told yet adds nobody.
		if o := r.settle(other, bare); len(o.missing) == 0 && o.rule != len(r.rules)-1 {
			d.addAssociated(r.rules[o.rule].Lead)
		}
	}
	d.Path = r.pathOf(subject, facts)
	d.Reasons = r.reasons(subject, r.rules[outcome.rule], facts)
	d.Alternatives = r.alternatives(subject, facts, d.Lead)
	d.Facts = r.shown(facts, d.Alternatives)
	return d
}

// Ground gives the fact that the decision rests on: the subject that leads, or the money that was asked for. There is none
// when only the last rule takes the request.
func (r *Rules) Ground(facts Facts) (Fact, bool) {
	facts = r.withDefaults(facts)
	subject, _, unsettled := r.subjectOf(facts)
	rule := r.firstPossible(subject, facts)
	for _, f := range facts {
		switch {
		case unsettled != nil:
			if f.Name == subjectFact && f.Value == unsettled.ID && f.Role != Context {
				return f, true
			}
		case rule == len(r.rules)-1:
			return Fact{}, false
		case subject == "" || r.preciseMoney(facts) && r.firstPossible("", facts) == rule:
			if r.Money(f.Name) && f.Role == Asked {
				return f, true
			}
		case f.Name == subjectFact && f.Value == subject && f.Role != Context:
			return f, true
		}
	}
	return Fact{}, false
}

// EntryPoint is the code of the direction that takes what no rule gives to another.
func (r *Rules) EntryPoint() string { return r.entryPoint }

// Set gives the rule set as the Region wrote it.
func (r *Rules) Set() RuleSet { return r.set }

// HasSubject tells whether a subject is declared.
func (r *Rules) HasSubject(id string) bool {
	_, ok := r.subjects[id]
	return ok
}

// GeneralSubject tells whether a subject leaves room to who the company is.
func (r *Rules) GeneralSubject(id string) bool { return r.subjects[id].General }

// Fact gives the declaration of a fact.
func (r *Rules) Fact(name string) (FactType, bool) {
	f, ok := r.facts[name]
	return f, ok
}

// TellsApart tells whether a rule may tell two values of a number apart: a fact that is known to lie between them is known
// well enough when none does.
func (r *Rules) TellsApart(name string, low, high int64) bool {
	return slices.ContainsFunc(r.edges[name], func(edge int64) bool { return low < edge && edge <= high })
}

// ToEntryPoint gives the decision that a request goes to the entry point whatever its facts, because a person asked for
// somebody.
func (r *Rules) ToEntryPoint(facts Facts) Decision {
	d := Decision{Facts: r.shown(facts, nil), Version: r.set.Version}
	r.conclude(&d, len(r.rules)-1, r.withDefaults(facts))
	d.Reasons = []string{reasonHuman}
	return d
}

// CatchAll tells whether a rule is the last one, which takes everything else.
func (r *Rules) CatchAll(rule string) bool { return rule == r.rules[len(r.rules)-1].ID }

func (d *Decision) addAssociated(code string) {
	if code != d.Lead && !slices.Contains(d.Associated, code) {
		d.Associated = append(d.Associated, code)
	}
}

// conclude writes what a rule gives into the decision.
func (r *Rules) conclude(d *Decision, index int, facts Facts) {
	rule := r.rules[index]
	d.Lead, d.Rule, d.Section, d.Operators = rule.Lead, rule.ID, rule.Section, rule.Operators
	values := r.values("", facts)
	for _, a := range rule.associated {
		if a.when != nil {
			out, _, err := a.when.Eval(values)
			if err != nil || out != types.True {
				continue
			}
		}
		d.addAssociated(a.direction)
	}
}

// withDefaults adds the supposed value of each fact that nobody gave.
func (r *Rules) withDefaults(facts Facts) Facts {
	out := slices.Clone(facts)
	for _, f := range r.set.Facts {
		if _, known := facts.Get(f.Name); !known && f.Default != nil {
			out = append(out, Fact{Name: f.Name, Value: f.Default, Source: SourceDefault})
		}
	}
	return out
}

// shown gives the facts as a decision shows them: named and labelled for people, without the supposed ones that would
// change nothing, since they explain nothing.
func (r *Rules) shown(facts Facts, alternatives []Alternative) Facts {
	var out Facts
	for _, f := range facts {
		if f.Source == SourceDefault && !slices.ContainsFunc(alternatives, func(a Alternative) bool { return a.Fact == f.Name }) {
			continue
		}
		f.Title, f.Label = r.title(f.Name), r.Label(f)
		out = append(out, f)
	}
	return out
}

// title names a fact for people.
func (r *Rules) title(name string) string {
	if name == subjectFact {
		return "objet"
	}
	return r.facts[name].Label
}

// subjectOf chooses what the request is about. What is asked leads, the first one; when all that is asked is general, who
// the company is takes part too, and the earlier rule wins. A subject under discussion comes before all (conduct rule 1).
func (r *Rules) subjectOf(facts Facts) (subject string, others []string, unsettled *Subject) {
	var precise, second, candidates []string
	for _, f := range facts {
		s, ok := r.subjects[stringValue(f)]
		if f.Name != subjectFact || !ok || f.Role == Context {
			continue
		}
		switch {
		case s.Unsettled != "":
			return s.ID, nil, &s
		case f.Role == Asked && !s.General:
			precise = append(precise, s.ID)
		case f.Role == Second:
			second = append(second, s.ID)
		default:
			candidates = append(candidates, s.ID)
		}
	}
	for i, id := range precise {
		// A subject that only the catch-all rule takes (a convention that hinders a company) leaves its place to the next.
		if r.firstPossible(id, facts) < len(r.rules)-1 {
			return id, append(precise[i+1:], second...), nil
		}
	}
	if r.preciseMoney(facts) {
		// The kind of money that is asked for decides before status.
		return "", second, nil
	}
	if len(second) > 0 && len(candidates) == 0 {
		return second[0], second[1:], nil
	}
	best := len(r.rules)
	for _, c := range candidates {
		if i := r.firstPossible(c, facts); i < best {
			best, subject = i, c
		}
	}
	return subject, second, nil
}

// preciseMoney tells whether a kind of money that is not general was asked for (a loan, a European fund).
func (r *Rules) preciseMoney(facts Facts) bool {
	return slices.ContainsFunc(facts, func(f Fact) bool {
		return r.Money(f.Name) && slices.ContainsFunc(r.facts[f.Name].Values, func(v FactValue) bool { return v.ID == f.Value && !v.General })
	})
}

// withoutMoney drops the kind of money, general or not.
func (r *Rules) withoutMoney(facts Facts) Facts {
	return slices.DeleteFunc(slices.Clone(facts), func(f Fact) bool { return r.Money(f.Name) })
}

// Money tells whether a fact is the kind of money: the choice that has general values.
func (r *Rules) Money(name string) bool {
	return slices.ContainsFunc(r.facts[name].Values, func(v FactValue) bool { return v.General })
}

// firstPossible is the index of the first rule that holds, or might once the missing facts are known.
func (r *Rules) firstPossible(subject string, facts Facts) int {
	activation := r.values(subject, facts)
	for _, i := range r.bySubject[subject] {
		if out, _, err := r.rules[i].when.Eval(activation); err == nil && out != types.False {
			return i
		}
	}
	return len(r.rules) - 1
}

type outcome struct {
	rule    int
	missing []string
}

// settle evaluates the rules of a subject with some facts unknown. A fact is missing only if, the others being equal, its
// value changes the lead; the one that leaves the fewest leads open comes first.
func (r *Rules) settle(subject string, facts Facts) outcome {
	activation := r.values(subject, facts)
	var unknown []string
	first := -1
	for _, i := range r.bySubject[subject] {
		out, _, err := r.rules[i].when.Eval(activation)
		if err == nil && out == types.False {
			continue
		}
		if first < 0 {
			first = i
		}
		if err == nil && out == types.True {
			break
		}
		for _, name := range r.rules[i].reads {
			if _, known := facts.Get(name); !known && name != subjectFact && len(r.samples[name]) > 0 && !slices.Contains(unknown, name) {
				unknown = append(unknown, name)
			}
		}
	}
	if len(unknown) == 0 {
		return outcome{rule: first}
	}
	return r.try(subject, facts, unknown, first)
}

// try gives every combination of values to the unknown facts and sees which of them change the lead.
func (r *Rules) try(subject string, facts Facts, unknown []string, first int) outcome {
	type trial struct {
		values []any
		lead   string
	}
	var trials []trial
	r.combine(unknown, facts, func(facts Facts) {
		t := trial{lead: r.rules[r.firstPossible(subject, facts)].Lead}
		for _, name := range unknown {
			f, _ := facts.Get(name)
			t.values = append(t.values, f.Value)
		}
		trials = append(trials, t)
	})

	open := map[string]int{} // fact → leads left open after knowing it, summed over its values
	var missing []string
	for k, name := range unknown {
		changes := false
		leads := map[any]map[string]bool{}
		for i, a := range trials {
			if leads[a.values[k]] == nil {
				leads[a.values[k]] = map[string]bool{}
			}
			leads[a.values[k]][a.lead] = true
			for _, b := range trials[:i] {
				changes = changes || a.lead != b.lead && sameBut(a.values, b.values, k)
			}
		}
		for _, l := range leads {
			open[name] += len(l) * 1000 / len(leads)
		}
		if changes {
			missing = append(missing, name)
		}
	}
	sort.SliceStable(missing, func(i, j int) bool { return open[missing[i]] < open[missing[j]] })
	return outcome{rule: first, missing: missing}
}

func sameBut(a, b []any, k int) bool {
	for i := range a {
		if i != k && a[i] != b[i] {
			return false
		}
	}
	return true
}

// alternatives are the values of a fact, the others being equal, that give another lead.
func (r *Rules) alternatives(subject string, facts Facts, lead string) []Alternative {
	var out []Alternative
	seen := map[string]bool{subjectFact: true}
	for _, i := range r.bySubject[subject] {
		for _, name := range r.rules[i].reads {
			if seen[name] {
				continue
			}
			seen[name] = true
			last := lead
			for _, v := range r.samples[name] {
				o := r.settle(subject, facts.With(Fact{Name: name, Value: v}))
				if rule := r.rules[o.rule]; len(o.missing) == 0 && rule.Lead != lead && rule.Lead != last {
					out = append(out, Alternative{Fact: name, Value: v, Lead: rule.Lead, Rule: rule.ID, Title: r.title(name), Label: r.sampleLabel(name, v)})
					last = rule.Lead
				}
			}
		}
	}
	return out
}

// values are the facts as CEL reads them; a declared fact without a value is unknown.
func (r *Rules) values(subject string, facts Facts) cel.PartialActivation {
	values := make(map[string]any, len(r.facts)+1)
	values[subjectFact] = subject
	for _, f := range facts {
		if _, declared := r.facts[f.Name]; declared && f.Role == Asked {
			values[f.Name] = f.Value
		}
	}
	var unknown []*cel.AttributePatternType
	for _, f := range r.set.Facts {
		if _, known := values[f.Name]; !known {
			unknown = append(unknown, cel.AttributePattern(f.Name))
		}
	}
	activation, err := cel.PartialVars(values, unknown...)
	if err != nil {
		panic("routing: partial activation over declared facts: " + err.Error())
	}
	return activation
}

func stringValue(f Fact) string {
	s, _ := f.Value.(string)
	return s
}
