package bot

import (
	"context"
	"slices"
	"strings"
	"time"

	"guichet/knowledge"
	"guichet/routing"
)

// shortestNeed is how many words tell a need at least: « non » is nothing to hand over.
const shortestNeed = 3

// question answers from the base under the asker's rights. Without an answer it says so, keeps the question as a gap and,
// when the message may be a company's need, offers to hand it over.
func (d *Desk) question(ctx context.Context, m Message, state State, r Reading, said func(string)) (*plan, error) {
	start := time.Now()
	answer, err := d.ask(ctx, m, m.Text)
	if err != nil {
		return nil, err
	}
	answer = d.word(ctx, knowledge.Asked{Viewer: viewer(m), Question: m.Text, Who: who(m), At: m.At, Start: start}, answer, said)
	known, err := d.ofConventions(ctx, m, r, answer)
	if err != nil {
		return nil, err
	}
	p := &plan{state: state}
	p.state.Offered = ""
	offer := []Choice{{Label: d.Texts.say("offer-choice"), Text: d.Texts.say("offer-choice")}}
	human := Choice{Label: d.Texts.say("human-choice"), Text: d.Texts.say("human-choice")}
	defer d.remind(p, state)
	if answer.Vague {
		p.reply = Reply{Kind: ReplySmall, Text: d.Texts.say("which-need"), Choices: []Choice{human}}
		return p, nil
	}
	if answer.Abstained {
		looked := strings.Join(answer.Looked, ", ")
		p.reply = Reply{Kind: ReplyUnknown, Text: d.unknown(answer), Choices: []Choice{human}}
		if len(strings.Fields(m.Text)) >= shortestNeed {
			p.state.Offered, p.reply.Choices = m.Text, append(offer, human)
		}
		p.gap = &Gap{Question: m.Text, Audience: m.Asker.Audience, EPCI: m.Asker.partner(), Channel: m.where(), At: m.At, Looked: looked}
		if len(known) > 0 {
			p.reply.Text = strings.Join(known, " ") + "\n\n" + p.reply.Text
		}
		return p, nil
	}
	p.reply = Reply{Kind: ReplyAnswer, Text: answer.Text, Quotes: quotes(answer.Quotes), Answer: key(m)}
	if answer.Worded {
		p.reply.Text += "\n\n" + d.Texts.say("worded")
	}
	if len(known) > 0 {
		p.reply.Text += "\n\n" + strings.Join(known, " ")
	}
	if decision := d.Rules.Decide(r.Facts); state.Asked == "" && (decision.Lead != d.Rules.EntryPoint() || decision.Arbitrate) {
		p.reply.Text += "\n\n" + d.Texts.say("offer")
		p.state.Offered, p.reply.Choices = m.Text, offer
	}
	return p, nil
}

// ofConventions says what is known of the conventions of an EPCI when a question, or what answers it, is about conventions or
// rests on an EPCI's own aid (conduct rule 6): the EPCI that it names, else the asker's own, if the asker may know. A commune
// is pointed to its EPCI.
func (d *Desk) ofConventions(ctx context.Context, m Message, r Reading, answer knowledge.Answer) ([]string, error) {
	if d.Conventions == nil {
		return nil, nil
	}
	about := d.Conventions.about(r.Facts) || slices.ContainsFunc(answer.Quotes, func(q knowledge.Quote) bool {
		return d.Conventions.about(d.Reader.Read(q.Title).Facts)
	})
	epci := epciOf(r.Facts)
	if epci == "" {
		epci = m.Asker.EPCI
	}
	if !about && !d.Conventions.matter(r.Facts) {
		return nil, nil
	}
	known, err := d.Conventions.Known(ctx, conventionViewer(m.Asker.Audience, m.Asker.EPCI), epci, m.At)
	if !about && len(known) > 0 { // it rests on an aid
		known = []string{d.Texts.say("epci-aid", "known", strings.Join(known, " "))}
	}
	if said := d.toEPCI(r.Facts); said != "" {
		known = append(known, said)
	}
	return known, err
}

// remind tells again the question that a request waits for, after something else was answered.
func (d *Desk) remind(p *plan, state State) {
	if fact, ok := d.Rules.Fact(state.Asked); ok {
		p.reply.Text += "\n\n" + d.Texts.say("still-asked", "reference", state.Request, "question", fact.Question)
		p.reply.Choices = choices(fact.Options)
	}
}

// who says who does what by the very rules that decide; the base adds its passages when it has some.
func (d *Desk) who(ctx context.Context, m Message, state State, r Reading, aloud func(string)) (*plan, error) {
	decision, ok := d.leads(r)
	if !ok || knowledge.OfAnotherRegion(m.Text) {
		return d.question(ctx, m, state, r, aloud)
	}
	found, err := d.ask(ctx, m, m.Text)
	if err != nil {
		return nil, err
	}
	if found.Personal {
		return d.question(ctx, m, state, r, aloud)
	}
	known, err := d.ofConventions(ctx, m, r, found)
	if err != nil {
		return nil, err
	}
	said := d.Directory.Answer(decision)
	p := &plan{state: state}
	p.state.Offered = m.Text
	p.reply = Reply{Kind: ReplyWho, Answer: key(m), Text: said.Text, Quotes: quotes(said.Quotes)}
	if !found.Unsure {
		p.reply.Quotes = append(p.reply.Quotes, quotes(slices.DeleteFunc(slices.Clone(found.Quotes), func(q knowledge.Quote) bool {
			return q.Text == q.Title // it only names the document of another
		}))...)
	}
	if len(decision.Missing) > 0 {
		fact, _ := d.Rules.Fact(decision.Missing[0])
		p.reply.Text = d.Texts.say("who-depends", "subject", d.subjectLabel(decision.Facts), "fact", fact.Label) + "\n\n" + said.Text
	}
	if len(known) > 0 {
		p.reply.Text += "\n\n" + strings.Join(known, " ")
	}
	p.reply.Choices = []Choice{{Label: d.Texts.say("offer-choice"), Text: d.Texts.say("offer-choice")}}
	return p, nil
}

// leads gives the decision of the rules about what a question names; false when they know nothing better than the entry point.
func (d *Desk) leads(r Reading) (routing.Decision, bool) {
	decision := d.Rules.Decide(r.Facts)
	return decision, decision.Lead == "" || decision.Arbitrate || !d.Rules.CatchAll(decision.Rule)
}

// Ask answers a question and records nothing: who does what from the rules first, then what the base holds.
func (d *Desk) Ask(ctx context.Context, v knowledge.Viewer, text string, now time.Time) (knowledge.Answer, error) {
	asked := knowledge.Asked{Viewer: v, Question: text, At: now, Start: time.Now()}
	found, err := d.Base.Ask(ctx, v, text, now)
	if err != nil {
		return found, err
	}
	if found.Abstained {
		found.Text += " " + d.Texts.say("whom", "entry", d.Rules.EntryPoint())
	}
	r := d.Reader.Read(text)
	if precise, _ := d.weigh(r.Facts); !precise || r.Intents[WantsWho] == "" || found.Personal {
		return d.word(ctx, asked, found, nil), nil
	}
	decision, ok := d.leads(r)
	if !ok || knowledge.OfAnotherRegion(text) {
		return d.word(ctx, asked, found, nil), nil
	}
	said := d.Directory.Answer(decision)
	said.Looked = found.Looked
	if !found.Abstained && !found.Unsure {
		said.Text, said.Quotes = said.Text+"\n\n"+found.Text, append(said.Quotes, found.Quotes...)
	}
	return said, nil
}

// Unknown says that a question has no answer, what was looked for and whom to ask; the question is kept as a gap.
func (d *Desk) Unknown(ctx context.Context, m Message, found knowledge.Answer) (string, error) {
	if found.Vague {
		return d.Texts.say("which-need"), nil
	}
	looked := strings.Join(found.Looked, ", ")
	reply := Reply{Kind: ReplyUnknown, Text: d.unknown(found)}
	gap := &Gap{Question: m.Text, Audience: m.Asker.Audience, EPCI: m.Asker.partner(), Channel: m.where(), At: m.At, Looked: looked}
	err := d.Journal.Record(ctx, m, reply, Conversation{Channel: m.Channel, Thread: m.Thread}, gap)
	return reply.Text, err
}

// unknown says that a question has no answer, where it was looked for and whom to ask.
func (d *Desk) unknown(found knowledge.Answer) string {
	sheet, address, several := "", "", ""
	switch {
	case found.Several:
		several = "1"
	case found.Sheet != nil:
		sheet, address = found.Sheet.Title, found.Sheet.URL
	}
	return d.Texts.say("unknown", "looked", strings.Join(found.Looked, ", "), "entry", d.Rules.EntryPoint(), "sheet", sheet, "address", address, "several", several)
}

func (d *Desk) ask(ctx context.Context, m Message, text string) (knowledge.Answer, error) {
	return d.Base.Ask(ctx, viewer(m), text, m.At)
}

func viewer(m Message) knowledge.Viewer {
	return knowledge.Viewer{Audience: m.Asker.Audience, EPCI: m.Asker.EPCI}
}

// who tells people apart: by the channel's identifier or name for them, else by their conversation.
func who(m Message) string {
	if m.Asker.ID != "" {
		return m.Asker.ID
	}
	if m.Asker.Name != "" {
		return m.Channel + "\x00" + m.Asker.Name
	}
	return m.Channel + "\x00\x00" + m.Thread
}

// word has an answer worded when there is what to word it with. What the rules say is never worded again.
func (d *Desk) word(ctx context.Context, a knowledge.Asked, found knowledge.Answer, said func(string)) knowledge.Answer {
	if d.Words == nil {
		return found
	}
	return d.Words.Word(ctx, a, found, said)
}

// small answers greetings, thanks and « que sais-tu faire ».
func (d *Desk) small(r Reading, state State) *plan {
	text := "help"
	switch {
	case r.Intents[AsksWhatIsIt] != "":
	case r.Intents[SaysThanks] != "":
		text = "thanks"
	case r.Intents[SaysHello] != "":
		text = "hello"
	}
	return &plan{state: state, reply: Reply{Kind: ReplySmall, Text: d.Texts.say(text)}}
}

// subjectLabel names what the facts are about, for people.
func (d *Desk) subjectLabel(facts routing.Facts) string {
	for _, f := range facts {
		if f.Name == "subject" && f.Role != routing.Context {
			return capital(d.Rules.Label(f))
		}
	}
	if f, ok := facts.Get("fund_kind"); ok && f.Value != "" {
		return capital(d.Rules.Label(f))
	}
	return ""
}

func (d *Desk) does(code string) string {
	for _, direction := range d.Rules.Set().Directions {
		if direction.Code == code {
			return direction.Does
		}
	}
	return code
}

func quotes(in []knowledge.Quote) []Quote {
	out := make([]Quote, 0, len(in))
	for _, q := range in {
		quote := Quote{Document: q.Document, Title: q.Title, Section: q.Section, Text: q.Text, URL: q.URL, Ordinal: q.Ordinal, Page: q.Page, Closed: q.Closed, Old: q.Old}
		if !q.Date.IsZero() {
			quote.Date = q.Date.Format("2006-01-02")
		}
		out = append(out, quote)
	}
	return out
}

func capital(s string) string {
	for i, r := range s {
		return strings.ToUpper(string(r)) + s[i+len(string(r)):]
	}
	return s
}
