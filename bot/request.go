package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"guichet/knowledge"
	"guichet/routing"
	"guichet/routing/ledger"
)

// request takes a company's request in: decided, recorded with its reasons and notices, then told. When a fact that decides
// is missing it is recorded all the same, and that one fact is asked for.
func (d *Desk) request(m Message, state State, r Reading) *plan {
	facts := d.withAsker(r.Request, m.Asker)
	decision := d.Rules.Decide(facts)
	p := &plan{state: State{}}
	p.record = func(ctx context.Context, p *plan) error {
		in := d.intake(m, facts, decision)
		_, company := d.weigh(facts)
		in.Apart = state.Asked != "" && company && d.anotherNeed(state, r)
		request, joined, err := d.take(ctx, in)
		if err != nil {
			return err
		}
		p.reply.Request, p.state.Request = request.Reference, request.Reference
		elsewhere := request.Channel != m.Channel || request.Thread != m.Thread
		switch {
		case joined && !elsewhere && state.Request == request.Reference && state.Asked != "" && request.Lead != "" && request.Lead == decision.Lead:
			d.tellRouted(p, request.Reference, decision, facts) // what was waiting is decided by what was said instead of the answer
		case joined && request.Lead != "":
			p.reply.Kind = ReplyRouted
			lead := request.Lead
			if elsewhere && m.Asker.Audience == knowledge.Public {
				lead = "" // who follows another person's request is not told to whoever knows a company's number
			}
			p.reply.Text = d.Texts.say("joined", "reference", request.Reference, "lead", lead)
			p.state.Joined = elsewhere
		case len(decision.Missing) > 0:
			p.reply.Kind = ReplyAsk
			p.reply.Text = d.Texts.say("ask", "reference", request.Reference, "question", decision.Question)
			p.reply.Choices = choices(decision.Choices)
			p.state.Asked, p.state.Facts = decision.Missing[0], facts
		default:
			d.tellRouted(p, request.Reference, decision, facts)
		}
		return d.tellMore(ctx, p, m, facts, r.Places)
	}
	return p
}

// take records a message that asks something for a company, and has what it asks money for watched.
func (d *Desk) take(ctx context.Context, in ledger.Intake) (ledger.Request, bool, error) {
	request, joined, err := d.Requests.Take(ctx, in)
	if err != nil {
		return request, joined, err
	}
	watched := request
	watched.Decision = in.Decision // what this message asks, when it joined another
	return request, joined, d.watch(ctx, watched, in.Text, in.At)
}

func (d *Desk) watch(ctx context.Context, r ledger.Request, text string, at time.Time) error {
	if d.Fundings == nil {
		return nil
	}
	return d.Fundings.Watch(ctx, r, text, at)
}

// answered completes a waiting request with the fact that was asked for.
func (d *Desk) answered(m Message, state State, fact routing.Fact) *plan {
	fact.Source = routing.SourceAsked
	facts := state.Facts.With(fact)
	decision := d.Rules.Decide(facts)
	p := &plan{state: state}
	p.state.Facts = facts
	if len(decision.Missing) > 0 {
		p.state.Asked = decision.Missing[0]
		p.reply = Reply{
			Kind: ReplyAsk, Request: state.Request, Choices: choices(decision.Choices),
			Text: d.Texts.say("ask", "reference", state.Request, "question", decision.Question),
		}
		return p
	}
	p.state.Asked, p.state.Facts = "", nil
	p.record = func(ctx context.Context, p *plan) error {
		request, err := d.Requests.Get(ctx, ledger.Viewer{Channel: m.Channel, Thread: m.Thread}, state.Request)
		if err != nil {
			return err
		}
		if request.Status != ledger.Waiting {
			// Its delay passed and the entry point has it: the fact is kept for whoever follows it.
			followed, err := d.Requests.AskHuman(ctx, state.Request, d.Rules.EntryPoint(), m.Text, m.Asker.Name, m.At)
			if err != nil {
				return err
			}
			if followed.Reference != state.Request { // a person joined it to another meanwhile
				p.reply = Reply{Kind: ReplyRouted, Request: state.Request, Text: d.Texts.say("followed-with", "reference", state.Request, "lead", followed.Lead)}
				return nil
			}
			p.reply = Reply{Kind: ReplyRouted, Request: state.Request, Text: d.Texts.say("to-entry-point", "reference", state.Request, "entry", request.Lead)}
			return nil
		}
		if request, err = d.Requests.Decide(ctx, state.Request, decision, m.Text, m.Asker.Name, m.At); err != nil {
			return err
		}
		if err := d.watch(ctx, request, request.Text, m.At); err != nil { // its lead is known now
			return err
		}
		p.reply.Request = state.Request
		d.tellRouted(p, state.Request, decision, facts)
		return d.tellMore(ctx, p, m, facts, nil)
	}
	return p
}

// askAgain repeats the question when the answer could not be read.
func (d *Desk) askAgain(state State) *plan {
	fact, _ := d.Rules.Fact(state.Asked)
	return &plan{state: state, reply: Reply{
		Kind: ReplyAsk, Request: state.Request, Choices: choices(fact.Options),
		Text: d.Texts.say("ask-again", "question", fact.Question, "entry", d.Rules.EntryPoint(), "reference", state.Request),
	}}
}

// splitSince finds the request that a person made of a message of this conversation, which had joined another's.
func (d *Desk) splitSince(ctx context.Context, m Message, state *State) error {
	if !state.Joined {
		return nil
	}
	own, err := d.Requests.List(ctx, ledger.Viewer{Channel: m.Channel, Thread: m.Thread}, ledger.Filter{})
	if err != nil {
		return err
	}
	for _, r := range own {
		if r, err = d.Requests.Get(ctx, ledger.Viewer{Staff: true}, r.Reference); err != nil {
			return err
		}
		if r.Pace.From == state.Request {
			state.Request, state.Joined = r.Reference, false
			return nil
		}
	}
	return nil
}

// questioned gives the request of the conversation whose lead waits for a word of the person. A message that asks something
// itself is no answer to it.
func (d *Desk) questioned(ctx context.Context, m Message, r Reading) (ledger.Request, bool, error) {
	if !(ledger.Request{Channel: m.Channel}).Written() || r.Intents[WantsHuman] != "" || strings.Contains(m.Text, "?") {
		return ledger.Request{}, false, nil
	}
	found, err := d.Requests.List(ctx, ledger.Viewer{Channel: m.Channel, Thread: m.Thread}, ledger.Filter{Questioned: true, Limit: 1})
	if err != nil || len(found) == 0 {
		return ledger.Request{}, false, err
	}
	return found[0], true, nil
}

// specified gives the lead the answer to its question.
func (d *Desk) specified(m Message, state State, asking ledger.Request) *plan {
	p := &plan{state: state}
	p.record = func(ctx context.Context, p *plan) error {
		request, err := d.Requests.Specify(ctx, asking.Reference, m.Text, m.Asker.Name, m.At)
		if err != nil {
			return err
		}
		p.reply = Reply{Kind: ReplyHuman, Request: request.Reference, Text: d.Texts.say("specified", "reference", request.Reference, "lead", request.Lead)}
		return nil
	}
	return p
}

// amended gives the lead the new words of a message of its request.
func (d *Desk) amended(m Message, state State, reference string) *plan {
	p := &plan{state: state}
	p.record = func(ctx context.Context, p *plan) error {
		request, err := d.Requests.Amend(ctx, reference, m.Text, m.Asker.Name, m.At)
		if err != nil {
			return err
		}
		lead := request.Lead
		if state.Joined && m.Asker.Audience == knowledge.Public { // another person's request
			lead = ""
		}
		p.reply = Reply{Kind: ReplyHuman, Request: reference, Text: d.Texts.say("amended", "reference", reference, "lead", lead)}
		return nil
	}
	return p
}

// placed settles which commune was meant, among those that the desk proposed.
func (d *Desk) placed(m Message, state State, r Reading) *plan {
	p := &plan{state: state}
	p.state.Places = nil
	p.record = func(ctx context.Context, p *plan) error {
		if _, err := d.Requests.AskHuman(ctx, state.Request, d.Rules.EntryPoint(), m.Text, m.Asker.Name, m.At); err != nil {
			return err
		}
		p.reply = Reply{Kind: ReplyRouted, Request: state.Request, Text: d.Texts.say("place-noted")}
		return nil
	}
	return p
}

// namesPlace tells whether a message is one of the communes that were proposed.
func (d *Desk) namesPlace(state State, r Reading) bool {
	f, ok := r.Facts.Get("territory")
	return ok && slices.ContainsFunc(state.Places, func(p Place) bool { return p.INSEE == f.Value })
}

func (d *Desk) intake(m Message, facts routing.Facts, decision routing.Decision) ledger.Intake {
	text := func(name string) string {
		f, _ := facts.Get(name)
		s, _ := f.Value.(string)
		return s
	}
	return ledger.Intake{
		Channel: m.Channel, Message: m.ID, Thread: m.Thread, Author: m.Asker.Name, Person: m.Asker.ID, Text: m.Text, At: m.At,
		Company:  ledger.Company{Name: text("company"), SIREN: text("siren"), SIRET: text("siret")},
		Place:    ledger.Place{Commune: text("territory"), EPCI: text("epci"), Departement: text("departement")},
		Decision: decision, EntryPoint: d.Rules.EntryPoint(), Deadline: m.At.Add(d.WaitForFact),
	}
}

// withAsker adds what the channel knows of the asker: a partner writes for its EPCI unless the message says otherwise.
func (d *Desk) withAsker(facts routing.Facts, asker Asker) routing.Facts {
	if asker.Audience != knowledge.Partner {
		return facts
	}
	if _, told := facts.Get("requester"); !told {
		facts = facts.With(routing.Fact{Name: "requester", Value: "epci", Source: routing.SourceGiven})
	}
	if _, told := facts.Get("epci"); !told && asker.EPCI != "" {
		facts = facts.With(routing.Fact{Name: "epci", Value: asker.EPCI, Source: routing.SourceGiven})
	}
	return facts
}

// tellRouted says who leads and why.
func (d *Desk) tellRouted(p *plan, reference string, decision routing.Decision, facts routing.Facts) {
	p.reply.Kind = ReplyRouted
	p.reply.Text = d.Texts.say("routed", "reference", reference, "lead", decision.Lead, "does", d.does(decision.Lead))
	if decision.Arbitrate {
		p.reply.Text += "\n\n" + d.Texts.say("arbitrate", "entry", decision.Lead)
	}
	next := ledger.Request{Status: ledger.Transmitted, Lead: decision.Lead, Decision: decision}
	if step, ok := ledger.NextStep(d.Rules, next); ok {
		p.reply.Text += "\n\n" + d.Texts.say("next-step", "step", step.Label, "who", step.Who)
	}
	p.reply.Fields = append(d.fields(decision, reference), d.place(facts)...)
}

// tellMore adds what the conduct rules want said at once: a commune's EPCI (6), an EPCI's aid that rests on a convention
// (6), with what is known of it, a second funding (5); then which of several communes is meant, and how to be reached.
func (d *Desk) tellMore(ctx context.Context, p *plan, m Message, facts routing.Facts, places []Place) error {
	is := func(name string, value any) bool {
		f, ok := facts.Get(name)
		return ok && f.Value == value
	}
	var known []string
	if d.Conventions.matter(facts) {
		var err error
		if known, err = d.Conventions.Known(ctx, conventionViewer(m.Asker.Audience, m.Asker.EPCI), epciOf(facts), m.At); err != nil {
			return err
		}
	}
	if said := d.toEPCI(facts); said != "" {
		p.reply.Text += "\n\n" + said
	}
	if is("epci_aid", true) {
		p.reply.Text += "\n\n" + d.Texts.say("epci-aid", "known", strings.Join(known, " "))
	} else if len(known) > 0 {
		p.reply.Text += "\n\n" + strings.Join(known, " ")
	}
	if is("double_funding", true) {
		p.reply.Text += "\n\n" + d.Texts.say("double-funding")
	}
	if p.reply.Kind == ReplyRouted && len(places) > 1 {
		var names []string
		for _, place := range places {
			names = append(names, place.Name+" ("+place.Departement+")")
			p.reply.Choices = append(p.reply.Choices, Choice{Label: place.Name + " – " + place.Departement, Text: place.Name + " (" + place.Departement + ")"})
		}
		p.state.Places = places
		p.reply.Text += "\n\n" + d.Texts.say("which-place", "places", strings.Join(names, ", "))
	}
	if p.reply.Kind == ReplyRouted {
		p.reply.Text += "\n\n" + d.reach(m.Text)
	}
	return nil
}

// toEPCI points a commune to its EPCI; empty for anybody else.
func (d *Desk) toEPCI(facts routing.Facts) string {
	epci, known := facts.Get("epci")
	switch requester, _ := facts.Get("requester"); {
	case requester.Value != "commune":
		return ""
	case known:
		return d.Texts.say("commune-to-epci", "epci", d.Rules.Label(epci))
	case d.Conventions.about(facts):
		return d.Texts.say("commune-to-epci", "epci", "")
	}
	return ""
}

// fields shows a decision as labelled values.
func (d *Desk) fields(decision routing.Decision, reference string) []Field {
	var out []Field
	add := func(key, value string) {
		if value != "" {
			out = append(out, Field{Label: d.Texts.say(key), Value: value})
		}
	}
	add("field-reference", reference)
	add("field-lead", decision.Lead)
	add("field-associated", strings.Join(decision.Associated, ", "))
	add("field-operators", strings.Join(decision.Operators, ", "))
	add("field-reasons", strings.Join(decision.Reasons, "\n"))
	var ifs []string
	for _, a := range decision.Alternatives {
		ifs = append(ifs, fmt.Sprintf("%s : %s → %s", capital(a.Title), a.Label, a.Lead))
	}
	add("field-if", strings.Join(ifs, "\n"))
	add("field-section", decision.Section)
	return out
}

// place shows the territory: commune, EPCI, département.
func (d *Desk) place(facts routing.Facts) []Field {
	var parts []string
	for _, name := range []string{"territory", "epci", "departement"} {
		if f, ok := facts.Get(name); ok {
			parts = append(parts, d.Rules.Label(f))
		}
	}
	if len(parts) == 0 {
		return nil
	}
	return []Field{{Label: d.Texts.say("field-territory"), Value: strings.Join(parts, ", ")}}
}

func choices(options []routing.Option) []Choice {
	var out []Choice
	for _, o := range options {
		out = append(out, Choice(o))
	}
	return out
}
