package bot

import (
	"context"
	"slices"
	"strings"
	"unicode"

	"guichet/knowledge"
	"guichet/routing/ledger"
)

// human brings a person: the one who leads the conversation's request or what the message asks for, else the entry point,
// with what was said. Asking again tells that it is passed on, and tells nobody else unless it says something new.
func (d *Desk) human(m Message, state State, r Reading) *plan {
	p := &plan{state: state}
	p.record = func(ctx context.Context, p *plan) error {
		if err := d.splitSince(ctx, m, &p.state); err != nil {
			return err
		}
		request, text, said := ledger.Request{}, m.Text, "human"
		if reference := p.state.Request; reference != "" {
			var told bool
			var err error
			if request, told, err = d.passOn(ctx, reference, m, m.Text, r); err != nil {
				return err
			}
			if !told {
				said, text = "human-again", strings.Join(wrote(request), "\n")
			}
		} else {
			if state.Offered != "" {
				text = state.Offered + "\n\n" + m.Text
			}
			facts := d.withAsker(r.Request, m.Asker)
			decision := d.Rules.Decide(facts)
			money, _ := facts.Get("fund_kind")
			if precise, _ := d.weigh(facts); !precise && money.Value == nil || decision.Lead == "" {
				decision = d.Rules.ToEntryPoint(facts)
			}
			in := d.intake(m, facts, decision)
			in.Text, in.Human = text, true
			var joined bool
			var err error
			if request, joined, err = d.take(ctx, in); err != nil {
				return err
			}
			p.state.Request = request.Reference
			p.state.Joined = joined && (request.Channel != m.Channel || request.Thread != m.Thread)
		}
		p.state.Offered = ""
		reply := d.Texts.say(said, "lead", d.followedBy(request, p.state.Joined, m.Asker), "reference", p.state.Request)
		if officer := d.Conventions.officer(request.Place.EPCI); officer != "" && !p.state.Joined {
			reply += " " + officer
		}
		p.reply = Reply{Kind: ReplyHuman, Request: p.state.Request, Text: reply + "\n\n" + d.reach(text)}
		return nil
	}
	return p
}

// followedBy gives who follows a request, as its person may know: the entry point while it has no lead, and to the public in
// another person's request.
func (d *Desk) followedBy(r ledger.Request, joined bool, asker Asker) string {
	if r.Lead == "" || joined && asker.Audience == knowledge.Public {
		return d.Rules.EntryPoint()
	}
	return r.Lead
}

// reach asks how to reach the person, unless what they wrote says it.
func (d *Desk) reach(text string) string {
	if len(knowledge.Contacts(text)) > 0 {
		return d.Texts.say("contact-given")
	}
	return d.Texts.say("contact")
}

// contact adds how to reach the person to the conversation's request.
func (d *Desk) contact(m Message, state State, r Reading) *plan {
	p := &plan{state: state}
	p.record = func(ctx context.Context, p *plan) error {
		if err := d.splitSince(ctx, m, &p.state); err != nil {
			return err
		}
		state, text := p.state, m.Text
		if state.Joined {
			text = d.Texts.say("contact-other", "text", m.Text)
		}
		request, _, err := d.passOn(ctx, state.Request, m, text, r)
		if err != nil {
			return err
		}
		lead := d.followedBy(request, state.Joined, m.Asker)
		p.reply = Reply{Kind: ReplyHuman, Request: state.Request, Text: d.Texts.say("contact-noted", "reference", state.Request, "lead", lead)}
		return nil
	}
	return p
}

// passOn tells who follows a request that its person asks for someone; told is false when they were told already, and the
// message says nothing new since: then nothing is written.
func (d *Desk) passOn(ctx context.Context, reference string, m Message, text string, r Reading) (request ledger.Request, told bool, err error) {
	for at := reference; at != ""; at = request.Pace.Into {
		if request, err = d.Requests.Get(ctx, ledger.Viewer{Staff: true}, at); err != nil {
			return request, false, err
		}
		if request.Status != ledger.Merged {
			break
		}
	}
	if awaited(request) && saysNothingNew(request, m.Text, r) {
		return request, false, nil
	}
	request, err = d.Requests.AskHuman(ctx, reference, d.Rules.EntryPoint(), text, m.Asker.Name, m.At)
	return request, true, err
}

// awaited tells whether the person asked for someone and got no answer since.
func awaited(r ledger.Request) (asked bool) {
	for _, e := range r.Events {
		switch e.Kind {
		case ledger.HumanAsked:
			asked = true
		case ledger.AnswerGiven, ledger.Questioned, ledger.Reopened:
			asked = false
		case ledger.StatusSet:
			asked = asked && e.Status == ledger.Taken
		}
	}
	return asked
}

// saysNothingNew tells whether a message holds only words that the request has, besides those of asking for someone and of
// politeness.
func saysNothingNew(request ledger.Request, text string, r Reading) bool {
	said := strings.Join(wrote(request), "\n")
	given := compact(said)
	for _, contact := range reachable.FindAllString(text, -1) {
		if !strings.Contains(given, compact(contact)) { // the digits of another number are other words
			return false
		}
	}
	known := wordsOf(said)
	for _, source := range r.Intents {
		known = append(known, wordsOf(source)...)
	}
	return !slices.ContainsFunc(wordsOf(text), func(word string) bool { return !slices.Contains(known, word) })
}

// wordsOf gives the words of a text that may tell something: folded, of four letters or more, or numbers.
func wordsOf(text string) []string {
	words := strings.FieldsFunc(ledger.Fold(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return slices.DeleteFunc(words, func(w string) bool { return len(w) < 4 && !unicode.IsDigit(rune(w[0])) })
}

// compact drops what does not count in a phone number or an address.
func compact(text string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '.' || r == '-' {
			return -1
		}
		return unicode.ToLower(r)
	}, text)
}
