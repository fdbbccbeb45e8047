// Package replay decides the ledger's past requests again, under other rules, and tells what would change; it writes nothing.
// It may import routing and routing/ledger.
package replay

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"guichet/routing"
	"guichet/routing/ledger"
)

// Kind is what a change touches, the weightiest thing.
type Kind string

// The kinds of changes.
const (
	Lead       Kind = "lead"       // another direction leads
	Missing    Kind = "missing"    // a fact that decides would be asked for, or no longer, or another
	Associated Kind = "associated" // other directions take part
	Rule       Kind = "rule"       // another rule gives the same
	None       Kind = "none"
)

// Outcome is what a decision comes to.
type Outcome struct {
	Lead       string   `json:"lead"`
	Rule       string   `json:"rule"`
	Missing    []string `json:"missing"`
	Associated []string `json:"associated"`
}

func outcome(d routing.Decision) Outcome {
	return Outcome{Lead: d.Lead, Rule: d.Rule, Missing: append([]string{}, d.Missing...), Associated: append([]string{}, d.Associated...)}
}

// Change tells what differs between two outcomes.
func Change(before, after Outcome) Kind {
	sorted := func(list []string) []string { return slices.Sorted(slices.Values(list)) }
	switch {
	case before.Lead != after.Lead && before.Lead != "" && after.Lead != "":
		return Lead
	case before.Lead != after.Lead, !slices.Equal(before.Missing, after.Missing):
		return Missing
	case !slices.Equal(sorted(before.Associated), sorted(after.Associated)):
		return Associated
	case before.Rule != after.Rule:
		return Rule
	}
	return None
}

// Case is one request whose decision would change.
type Case struct {
	Reference string `json:"reference"`
	// Reason says why the new rules decide so.
	Reason string `json:"reason"`
}

// Group is every request that changes alike.
type Group struct {
	Kind  Kind    `json:"kind"`
	From  Outcome `json:"from"`
	To    Outcome `json:"to"`
	Count int     `json:"count"`
	Cases []Case  `json:"requests"`
}

// Verdict says what the rules make of a request that a person gave to another direction.
type Verdict string

// The verdicts.
const (
	Agrees    Verdict = "agrees"    // the rules would now give it where the person did
	Still     Verdict = "still"     // they would give it where they did before
	Elsewhere Verdict = "elsewhere" // they would give it to a third direction, or ask
)

// Moved is a request that a person gave to another direction than the rules had.
type Moved struct {
	Case
	From Outcome `json:"from"`
	To   Outcome `json:"to"`
	// Person is the direction that has it by a person's decision, Why the reason that was written.
	Person  string  `json:"person"`
	Why     string  `json:"why"`
	Verdict Verdict `json:"verdict"`
}

// Report is what a replay found.
type Report struct {
	// Version is that of the rules that decide again, Versions counts the requests by the version that had decided.
	Version  string         `json:"version"`
	Versions map[string]int `json:"versions"`
	// Read counts the requests, Unchanged those whose decision stays, ForPerson those that no rule had decided: somebody asked
	// for a person.
	Read      int `json:"read"`
	Unchanged int `json:"unchanged"`
	ForPerson int `json:"for_person"`
	// Changed counts by kind; Groups are the most numerous first.
	Changed map[Kind]int `json:"changed"`
	Groups  []*Group     `json:"groups"`
	// Moved are those that a person had given to another direction; they are in no group.
	Moved []Moved `json:"moved"`
}

// Player decides again.
type Player struct {
	Rules *routing.Rules
	// Read reads the facts of a message; nil to keep those that were recorded.
	Read func(text string) routing.Facts
}

// Run replays the requests that the viewer may see.
func (p Player) Run(ctx context.Context, store ledger.Store, v ledger.Viewer, span ledger.Span) (Report, error) {
	report := Report{Version: p.Rules.Set().Version, Versions: map[string]int{}, Changed: map[Kind]int{}, Groups: []*Group{}, Moved: []Moved{}}
	groups := map[string]*Group{}
	err := store.Lives(ctx, v, span, func(r ledger.Request) error {
		past, err := recall(r)
		if err != nil {
			return fmt.Errorf("rejouer la demande %s : %w", r.Reference, err)
		}
		report.Read++
		report.Versions[past.decision.Version]++
		if past.decision.ForPerson() {
			report.ForPerson++
			return nil
		}
		d := p.decide(past)
		from, to := outcome(past.decision), outcome(d)
		c := Case{Reference: r.Reference, Reason: strings.Join(d.Reasons, " ")}
		if past.person != "" {
			report.Moved = append(report.Moved, Moved{Case: c, From: from, To: to, Person: past.person, Why: past.why, Verdict: verdict(from, to, past.person)})
			return nil
		}
		kind := Change(from, to)
		if kind == None {
			report.Unchanged++
			return nil
		}
		report.Changed[kind]++
		key := group(kind, from, to)
		if groups[key] == nil {
			groups[key] = &Group{Kind: kind, From: from, To: to}
			report.Groups = append(report.Groups, groups[key])
		}
		groups[key].Count++
		groups[key].Cases = append(groups[key].Cases, c)
		return nil
	})
	slices.SortStableFunc(report.Groups, func(a, b *Group) int { return cmp.Compare(b.Count, a.Count) })
	return report, err
}

func verdict(from, to Outcome, person string) Verdict {
	switch to.Lead {
	case person:
		return Agrees
	case from.Lead:
		return Still
	}
	return Elsewhere
}

// group names what changes alike; other associated directions do not part requests whose lead changes.
func group(kind Kind, from, to Outcome) string {
	parts := []string{string(kind), from.Lead, from.Rule, to.Lead, to.Rule}
	switch kind {
	case Missing:
		parts = append(parts, strings.Join(from.Missing, " "), strings.Join(to.Missing, " "))
	case Associated:
		parts = append(parts, strings.Join(from.Associated, " "), strings.Join(to.Associated, " "))
	}
	return strings.Join(parts, "\n")
}

func (p Player) decide(past past) routing.Decision {
	if p.Read == nil || strings.TrimSpace(past.text) == "" { // a text that was erased says nothing
		return p.Rules.Replay(past.decision)
	}
	facts := p.Read(past.text)
	for _, f := range p.Rules.Known(past.decision.Facts) {
		_, read := facts.Get(f.Name)
		switch f.Source {
		case routing.SourceAsked: // said in answer to a question, not in this text
			facts = facts.With(f)
		case routing.SourceGiven, routing.SourceModel:
			if !read {
				facts = append(facts, f)
			}
		}
	}
	return p.Rules.Decide(facts)
}

// past is what was decided of a request.
type past struct {
	decision routing.Decision
	// text is the message that the decision was made on.
	text string
	// person is the direction that a person gave it to, against the rules, and why; empty when nobody did.
	person, why string
}

// recall finds it in the events of a request.
func recall(r ledger.Request) (p past, err error) {
	var now ledger.Request
	var said string
	for _, e := range r.Events {
		before := now
		if now, err = ledger.Apply(now, e); err != nil {
			return p, err
		}
		switch {
		case e.Kind == ledger.Received:
			said = e.Why
		case e.Kind == ledger.Decided && before.Status == ledger.Waiting:
			p.decision, p.text = *e.Decision, said
		case e.Kind == ledger.Assigned && e.By != ledger.Self && now.Lead != before.Lead:
			p.person, p.why = now.Lead, e.Why
		}
	}
	if p.person == p.decision.Lead { // it came back
		p.person, p.why = "", ""
	}
	return p, nil
}
