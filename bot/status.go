package bot

import (
	"cmp"
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"guichet/knowledge"
	"guichet/routing/ledger"
)

// requestNumber finds what looks like the number of a request, « 2026-0042 »; « 2021-2027 » is a period.
var requestNumber = regexp.MustCompile(`\b20\d{2}-\d{4,}\b`)

// namesRequest tells that a message is about a request by its number: it is all there is, or it is called one.
func namesRequest(text string) bool {
	number := requestNumber.FindString(text)
	if number == "" || strings.HasPrefix(number[5:], "20") && len(number) == 9 {
		return false
	}
	folded := ledger.Fold(text)
	return strings.Trim(text, " ?!.#") == number || strings.Contains(folded, "demande") || strings.Contains(folded, "dossier") || strings.Contains(folded, "reference")
}

// mine tells that a message speaks of the asker's own request.
var mine = regexp.MustCompile(`\b(?:ma|mes|notre|nos) (?:demandes?|dossiers?)\b`)

// status tells whether a company was helped and answered, or where a request stands, as the asker may see it. Without a
// company, a number or a request of the conversation it asks which.
func (d *Desk) status(ctx context.Context, m Message, state State, r Reading) (*plan, error) {
	p := &plan{state: state}
	own := ledger.Viewer{Channel: m.Channel, Thread: m.Thread}
	viewer, sought := own, ""
	switch {
	case m.Asker.Audience == knowledge.Staff:
		viewer = ledger.Viewer{Staff: true}
	case m.Asker.Audience == knowledge.Partner && m.Asker.EPCI != "":
		viewer = ledger.Viewer{EPCI: m.Asker.EPCI}
	}
	var card ledger.Card
	var err error
	if sought = requestNumber.FindString(m.Text); sought != "" {
		card, err = d.one(ctx, viewer, sought)
		if err == nil && len(card.Requests) == 0 {
			card, err = d.one(ctx, own, sought)
		}
	} else if names := companies(m.Text, r); len(names) > 0 && !mine.MatchString(ledger.Fold(m.Text)) {
		for _, sought = range names {
			if card, err = ledger.CardOf(ctx, d.Requests, viewer, sought); err != nil || len(card.Requests) > 0 {
				break
			}
		}
		if len(card.Requests) == 0 {
			sought = names[0]
		}
	} else if card.Requests, err = d.ofThread(ctx, own); err == nil && len(card.Requests) == 0 {
		p.reply = Reply{Kind: ReplyStatus, Text: d.Texts.say("status-which")}
		return p, nil
	}
	if err != nil {
		return nil, err
	}
	p.reply = d.tellCard(m, sought, card)
	if sought != "" && viewer != own {
		a := ledger.Access{At: m.At, By: cmp.Or(m.Asker.Name, m.Asker.ID), Channel: m.Channel, Sought: sought}
		if requestNumber.MatchString(sought) {
			a.Reference, a.Sought = sought, ""
		}
		p.record = func(ctx context.Context, _ *plan) error { return d.Requests.Accessed(ctx, a) }
	}
	if viewer.Staff && d.Fundings != nil && sought != "" && requestNumber.FindString(sought) == "" {
		known, err := d.Fundings.OfCompany(ctx, viewer, sought, m.At)
		if err != nil {
			return nil, err
		}
		if len(known) > 0 {
			p.reply.Fields = append(p.reply.Fields, Field{Label: d.Texts.say("field-fundings"), Value: strings.Join(known, "\n")})
		}
	}
	return p, nil
}

// one gives a request as a card, empty when the viewer may not see it.
func (d *Desk) one(ctx context.Context, v ledger.Viewer, reference string) (ledger.Card, error) {
	r, err := d.Requests.Get(ctx, v, reference)
	if errors.Is(err, ledger.ErrNotFound) {
		return ledger.Card{}, nil
	}
	if err == nil {
		r, err = d.followed(ctx, v, r)
	}
	return ledger.Card{Requests: []ledger.Request{r}}, err
}

// followed tells of a request that was joined to another what becomes of that one, and nothing of what it says. A partner is
// told it of its own territory only.
func (d *Desk) followed(ctx context.Context, v ledger.Viewer, r ledger.Request) (ledger.Request, error) {
	if r.Status != ledger.Merged {
		return r, nil
	}
	staff := ledger.Viewer{Staff: true}
	kept, err := d.Requests.Get(ctx, staff, r.Reference)
	for err == nil && kept.Status == ledger.Merged {
		kept, err = d.Requests.Get(ctx, staff, kept.Pace.Into)
	}
	if err != nil || v.EPCI != "" && v.EPCI != kept.Place.EPCI {
		return r, err
	}
	kept = v.Unnamed(kept)
	r.Status, r.Lead, r.Owner, r.Associated, r.Due, r.Pace = kept.Status, kept.Lead, kept.Owner, kept.Associated, kept.Due, kept.Pace
	r.Events = append(slices.Clone(r.Events), slices.DeleteFunc(kept.Events, func(e ledger.Event) bool {
		return e.Kind != ledger.AnswerGiven && e.Kind != ledger.StatusSet && e.Kind != ledger.NoNews
	})...)
	return r, nil
}

// ofThread gives the requests that a conversation began, with their events.
func (d *Desk) ofThread(ctx context.Context, own ledger.Viewer) ([]ledger.Request, error) {
	const shown = 5
	found, err := d.Requests.List(ctx, own, ledger.Filter{Limit: shown})
	for i := range found {
		if err == nil {
			found[i], err = d.Requests.Get(ctx, own, found[i].Reference)
		}
		if err == nil {
			found[i], err = d.followed(ctx, own, found[i])
		}
	}
	return found, err
}

// tellCard says what a card holds: a sentence, then a field a request.
func (d *Desk) tellCard(m Message, sought string, card ledger.Card) Reply {
	reply := Reply{Kind: ReplyStatus}
	if len(card.Requests) == 0 {
		reply.Text = d.Texts.say("status-none", "sought", sought)
		return reply
	}
	reply.Text = d.Texts.say("status-found", "sought", sought, "near", card.Near, "requests", len(card.Requests), "answered", card.Answered())
	if len(card.Requests) == 1 {
		reply.Request = card.Requests[0].Reference
	}
	for _, r := range card.Requests {
		company := r.Company.Name
		if r.Company.SIREN != "" {
			company = strings.TrimSpace(company + " (" + r.Company.SIREN + ")")
		}
		lines := []string{d.Texts.say("status-line", "company", company, "received", ledger.Day(r.CreatedAt), "status", r.Status.Label(),
			"lead", r.Lead, "associated", strings.Join(r.Associated, ", "), "owner", r.Owner, "due", r.DueLabel(m.At))}
		for _, e := range r.Answers() {
			lines = append(lines, d.Texts.say("status-answer", "date", ledger.Day(e.At), "by", e.By, "text", e.Why))
		}
		if e, ok := r.Ending(); ok {
			lines = append(lines, d.Texts.say("status-ending", "date", ledger.Day(e.At), "status", r.Status.Label(), "why", e.Why))
		}
		reply.Fields = append(reply.Fields, Field{Label: r.Reference, Value: strings.Join(lines, "\n")})
	}
	return reply
}

// quoted finds a name between quotation marks.
var quoted = regexp.MustCompile(`[«“"]\s*([^«»“”"]+?)\s*[»”"]`)

// companies gives what may name the company of a message, the surest first: a number, what was read as a name, what stands
// between quotation marks, then capitalised words.
func companies(text string, r Reading) (all []string) {
	for _, name := range []string{"siren", "company"} {
		if f, ok := r.Facts.Get(name); ok {
			if s, _ := f.Value.(string); s != "" {
				all = append(all, s)
			}
		}
	}
	if found := quoted.FindStringSubmatch(text); found != nil {
		all = append(all, found[1])
	}
	var run, last []string
	first := true // a sentence begins with a capital, whatever its word
	end := func() {
		switch {
		case len(run) == 1 && first:
			last = append(last, run[0])
		case len(run) > 0:
			all = append(all, strings.Join(run, " "))
			if first {
				last = append(last, strings.Join(run[1:], " "))
			}
		}
		run, first = nil, false
	}
	for _, word := range strings.Fields(text) {
		closed := strings.ContainsAny(word[len(word)-1:], ",.;:?!")
		word = strings.Trim(word, ",.;:?!«»“”\"()")
		letters := []rune(word)
		if len(letters) == 0 || !unicode.IsUpper(letters[0]) {
			end()
			continue
		}
		if run = append(run, word); closed {
			end()
		}
	}
	end()
	return append(all, last...)
}
