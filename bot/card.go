package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"guichet/knowledge"
	"guichet/routing"
	"guichet/routing/ledger"
)

// Card is a request as it is handed over in a direction's channel.
type Card struct {
	Reference string
	// Version is the request's when the card was made: its buttons act on no other.
	Version int64
	// Headline says why the card comes.
	Headline string
	Fields   []Field
	// Acts are the buttons; none when the channel's direction does not lead the request.
	Acts []Act
	// Directions are those that « pas pour nous » may name.
	Directions []Choice
}

// CardKey is the request that a card shows, and at which version: what its buttons carry.
type CardKey struct {
	Reference string
	Version   int64
}

// Key gives what the card's buttons carry.
func (c Card) Key() CardKey { return CardKey{c.Reference, c.Version} }

func (k CardKey) String() string { return k.Reference + "@" + strconv.FormatInt(k.Version, 10) }

// ParseCardKey reads what String gives.
func ParseCardKey(s string) (k CardKey, err error) {
	reference, version, ok := strings.Cut(s, "@")
	if k.Version, err = strconv.ParseInt(version, 10, 64); !ok || reference == "" || err != nil {
		return CardKey{}, fmt.Errorf("carte « %s » illisible", s)
	}
	k.Reference = reference
	return k, nil
}

// Act is what a button of a card does.
type Act string

// The acts. Those of PartDone and PartPass are an associated direction's, the others the lead's.
const (
	Take      Act = "take"
	Pass      Act = "pass"
	GiveReply Act = "answer"
	AskPerson Act = "ask"
	PartDone  Act = "part-done"
	PartPass  Act = "part-pass"
)

// AtOnce tells that an act needs no form; the others need a text, and Pass a direction.
func (a Act) AtOnce() bool { return a == Take || a == PartDone }

// ForPerson tells that the person who asked reads what is written in the form.
func (a Act) ForPerson() bool { return a == GiveReply || a == AskPerson }

// formLabels are the keys of what each form asks to write.
var formLabels = map[Act]string{Pass: "form-why", GiveReply: "form-answer", AskPerson: "form-question", PartPass: "form-why"}

// ActAsks gives what the form of an act asks to write.
func (c *Chat) ActAsks(a Act) string {
	if key, ok := formLabels[a]; ok {
		return c.Texts.say(key)
	}
	return ""
}

// ActLabel gives the text of an act's button.
func (c *Chat) ActLabel(a Act) string { return c.Texts.say("act-" + string(a)) }

// Press is a person's act on a card.
type Press struct {
	Act       Act
	Reference string
	// Version is that of the card.
	Version int64
	// Channel is where the card is, External tells that it is also another organisation's.
	Channel  string
	External bool
	Person   Person
	// Text is the reason, the answer or the question; To the direction of Pass.
	Text, To string
}

// errRefused carries what to tell the person of an act that was refused.
type errRefused struct{ text string }

func (e errRefused) Error() string { return e.text }

// Press acts on a request and gives its card as it is now, with what to tell the person: that it is done, or that nothing
// was done and why. With two people at once, one acts and the other is told.
func (c *Chat) Press(ctx context.Context, p Press) (Card, string, error) {
	var said string
	err := c.Tx.InTx(ctx, func(ctx context.Context) (err error) {
		request, err := c.Requests.Hold(ctx, p.Reference)
		if err != nil {
			return err
		}
		if err := c.ready(ctx, p, request); err != nil {
			return err
		}
		said, err = c.act(ctx, p)
		return err
	})
	var refused errRefused
	switch {
	case errors.As(err, &refused):
		said = refused.text
	case errors.Is(err, ledger.ErrNotFound):
		return Card{}, c.Texts.say("act-forbidden"), nil
	case err != nil:
		return Card{}, "", err
	}
	card, err := c.cardIn(ctx, p.Channel, p.External, p.Reference, "")
	if errors.Is(err, ledger.ErrNotFound) {
		return Card{}, said, nil
	}
	return card, said, err
}

// Ready tells, before a form is filled, whether the act is still possible: refusal is empty, or says why not.
func (c *Chat) Ready(ctx context.Context, p Press) (card Card, refusal string, err error) {
	request, err := c.Requests.Get(ctx, ledger.Viewer{Staff: true}, p.Reference)
	if errors.Is(err, ledger.ErrNotFound) {
		return Card{}, c.Texts.say("act-forbidden"), nil
	}
	if err != nil {
		return Card{}, "", err
	}
	var refused errRefused
	if err := c.ready(ctx, p, request); errors.As(err, &refused) {
		refusal = refused.text
	} else if err != nil {
		return Card{}, "", err
	}
	card, err = c.cardIn(ctx, p.Channel, p.External, p.Reference, "")
	if errors.Is(err, ledger.ErrNotFound) {
		return Card{}, c.Texts.say("act-forbidden"), nil
	}
	return card, refusal, err
}

// ready refuses an act by somebody who may not, in a channel that is not the lead's, or on a request that changed since.
func (c *Chat) ready(ctx context.Context, p Press, r ledger.Request) error {
	s, err := c.Settings(ctx, p.Channel, p.External)
	if err != nil {
		return err
	}
	viewer, ok := ledgerViewer(s)
	if !ok || p.Person.Outside && s.Audience == knowledge.Staff || !sees(viewer, r) {
		return errRefused{c.Texts.say("act-forbidden")}
	}
	switch {
	case r.Version != p.Version:
		into := r.Pace.Into
		if !viewer.Staff {
			into = ""
		}
		return errRefused{c.Texts.say("act-moved", "reference", r.Reference, "status", r.Status.Label(), "lead", r.Lead, "owner", viewer.Unnamed(r).Owner, "into", into)}
	case p.Act == PartDone || p.Act == PartPass:
		if !owes(s.Direction, r) {
			return errRefused{c.Texts.say("act-forbidden")}
		}
	case s.Direction == "" || s.Direction != r.Lead:
		return errRefused{c.Texts.say("act-forbidden")}
	}
	return nil
}

func (c *Chat) act(ctx context.Context, p Press) (string, error) {
	by, now, text := p.Person.Name, c.Now(), strings.TrimSpace(p.Text)
	if !p.Act.AtOnce() && text == "" || p.Act == Pass && p.To == "" {
		return "", errRefused{c.Texts.say("act-empty")}
	}
	var err error
	said := ""
	switch p.Act {
	case Take:
		if _, err = c.Requests.SetStatus(ctx, p.Reference, ledger.Taken, "", by, now); err == nil {
			said, err = c.taken(ctx, p)
		}
	case Pass:
		if !c.direction(p.To) {
			return "", errRefused{c.Texts.say("act-empty")}
		}
		_, err = c.Requests.Assign(ctx, p.Reference, p.To, "", text, by, now)
		said = c.Texts.say("act-passed", "reference", p.Reference, "lead", p.To)
	case GiveReply:
		_, err = c.Requests.Answer(ctx, p.Reference, text, by, now)
		said = c.Texts.say("act-answered", "reference", p.Reference)
	case AskPerson:
		_, err = c.Requests.AskPerson(ctx, p.Reference, text, by, now)
		said = c.Texts.say("act-asked", "reference", p.Reference)
	case PartDone, PartPass:
		s, err := c.Settings(ctx, p.Channel, p.External)
		if err != nil {
			return "", err
		}
		part := ledger.Done
		if p.Act == PartPass {
			part = ledger.NotForUs
		}
		if _, err := c.Requests.SetPart(ctx, p.Reference, s.Direction, part, text, by, now); err != nil {
			return "", err
		}
		return c.Texts.say("act-part", "reference", p.Reference, "direction", s.Direction, "part", part.Label()), nil
	default:
		return "", fmt.Errorf("geste « %s » inconnu", p.Act)
	}
	if errors.Is(err, ledger.ErrOutOfReach) {
		return "", errRefused{c.Texts.say("act-out-of-reach", "reference", p.Reference)}
	}
	if errors.Is(err, ledger.ErrTransition) {
		return "", errRefused{c.Texts.say("act-forbidden")}
	}
	return said, err
}

// taken tells the one who takes a request, and nobody else, how to reach the person: cards do not show it.
func (c *Chat) taken(ctx context.Context, p Press) (string, error) {
	r, err := c.Requests.Get(ctx, ledger.Viewer{Staff: true}, p.Reference)
	if err != nil {
		return "", err
	}
	contacts := knowledge.Contacts(strings.Join(wrote(r), "\n"))
	if len(contacts) > 0 {
		err = c.Requests.Accessed(ctx, ledger.Access{At: c.Now(), By: p.Person.Name, Channel: p.Channel, Reference: r.Reference})
	}
	return c.Texts.say("act-taken", "reference", p.Reference, "contacts", strings.Join(contacts, ", ")), err
}

// wrote gives what the person wrote for a request.
func wrote(r ledger.Request) []string {
	all := []string{r.Text}
	for _, e := range r.Events {
		switch e.Kind {
		case ledger.Received, ledger.Specified, ledger.HumanAsked, ledger.Amended:
			all = append(all, e.Why)
		}
	}
	return all
}

func (c *Chat) direction(code string) bool {
	for _, d := range c.Rules.Set().Directions {
		if d.Code == code {
			return true
		}
	}
	return false
}

// ledgerViewer gives on whose behalf the ledger is read in a channel; ok is false when nothing of it may be shown there.
func ledgerViewer(s ChannelSettings) (v ledger.Viewer, ok bool) {
	switch s.Audience {
	case knowledge.Staff:
		return ledger.Viewer{Staff: true}, true
	case knowledge.Partner:
		return ledger.Viewer{EPCI: s.EPCI}, s.EPCI != ""
	}
	return v, false
}

// owes tells that a direction has a part of a request still to do.
func owes(direction string, r ledger.Request) bool {
	return slices.ContainsFunc(r.Pace.Parts, func(p ledger.Part) bool { return p.Direction == direction && p.Status == ledger.Transmitted })
}

func sees(v ledger.Viewer, r ledger.Request) bool {
	return v.Staff || v.EPCI != "" && v.EPCI == r.Place.EPCI
}

// cardIn gives the card of a request as its channel may see it, or ledger.ErrNotFound.
func (c *Chat) cardIn(ctx context.Context, channel string, external bool, reference, headline string) (Card, error) {
	s, err := c.Settings(ctx, channel, external)
	if err != nil {
		return Card{}, err
	}
	viewer, ok := ledgerViewer(s)
	if !ok {
		return Card{}, ledger.ErrNotFound
	}
	r, err := c.Requests.Get(ctx, viewer, reference)
	if err != nil {
		return Card{}, err
	}
	earlier, err := c.earlier(ctx, viewer, r)
	if err != nil {
		return Card{}, err
	}
	conventions, err := c.Conventions.OfRequest(ctx, Asker{Audience: s.Audience, EPCI: s.EPCI}, r, c.Now())
	if err != nil {
		return Card{}, err
	}
	card := Card{Reference: r.Reference, Version: r.Version, Headline: headline, Fields: c.fields(r, conventions, earlier)}
	if viewer.Staff {
		if card.Fields, err = c.withTwins(ctx, card.Fields, r); err != nil {
			return Card{}, err
		}
	}
	if c.Fundings != nil && viewer.Staff {
		known, err := c.Fundings.Known(ctx, viewer, r, c.Now())
		if err != nil {
			return Card{}, err
		}
		if len(known) > 0 {
			card.Fields = append(card.Fields, Field{Label: c.Texts.say("field-fundings"), Value: strings.Join(known, "\n")})
		}
	}
	if owes(s.Direction, r) {
		card.Acts = []Act{PartDone, PartPass}
	}
	if s.Direction == "" || s.Direction != r.Lead {
		return card, nil
	}
	switch {
	case r.May(ledger.Taken):
		card.Acts = []Act{Take, Pass, GiveReply}
	case r.Status.Open():
		card.Acts = []Act{GiveReply, Pass}
	case r.Status == ledger.Answered:
		card.Acts = []Act{GiveReply}
	}
	if r.Written() && r.Status.Open() {
		card.Acts = append(card.Acts, AskPerson)
	}
	for _, d := range c.Rules.Set().Directions {
		if d.Code != r.Lead {
			card.Directions = append(card.Directions, Choice{Label: d.Code + " – " + d.Does, Text: d.Code})
		}
	}
	return card, nil
}

// cardOfNone gives the card of a notice about no request, with what was seen when its channel is staff's.
func (c *Chat) cardOfNone(ctx context.Context, channel string, external bool, n ledger.Notice) (Card, error) {
	card := Card{Headline: n.Text}
	s, err := c.Settings(ctx, channel, external)
	if err != nil {
		return card, err
	}
	viewer, ok := ledgerViewer(s)
	if !ok || !viewer.Staff || c.Fundings == nil {
		return card, nil
	}
	seen, err := c.Fundings.Seen(ctx, viewer, n.Key)
	if err == nil && len(seen) > 0 {
		card.Fields = []Field{{Label: c.Texts.say("field-seen"), Value: strings.Join(seen, "\n")}}
	}
	return card, err
}

// fields shows a request: where it stands, who asks and what, what is known and from where, why, and what came before. A whole
// channel reads it, on another system: phone numbers and e-mail addresses are left out, who takes the request is told them.
func (c *Chat) fields(r ledger.Request, conventions, earlier []string) []Field {
	var out []Field
	add := func(key, value string) {
		if value != "" {
			out = append(out, Field{Label: c.Texts.say(key), Value: knowledge.WithoutContacts(value)})
		}
	}
	d := r.Decision
	add("field-reference", r.Reference)
	add("field-status", r.Standing())
	add("field-lead", r.Lead)
	add("field-owner", r.Owner)
	if r.Status == ledger.Waiting {
		add("field-due", ledger.Moment(r.Deadline))
	}
	add("field-due", r.DueLabel(c.Now()))
	company := r.Company.Name
	if number := r.Company.SIREN; number != "" {
		company = strings.TrimSpace(company + " (" + number + ")")
	}
	add("field-company", company)
	var places []string
	for _, name := range []string{"territory", "epci", "departement"} {
		if f, ok := d.Facts.Get(name); ok {
			places = append(places, c.Rules.Label(f))
		}
	}
	add("field-territory", strings.Join(places, ", "))
	add("field-convention", strings.Join(conventions, "\n"))
	add("field-message", r.Text)
	add("field-facts", strings.Join(c.facts(d.Facts), "\n"))
	add("field-reasons", strings.Join(d.Reasons, "\n"))
	var parts []string
	for _, p := range r.Pace.Parts {
		part := p.Direction
		if p.Status != ledger.Transmitted {
			part += " (" + p.Status.Label() + ")"
		}
		parts = append(parts, part)
	}
	add("field-associated", strings.Join(parts, ", "))
	add("field-operators", strings.Join(d.Operators, ", "))
	if step, ok := ledger.NextStep(c.Rules, r); ok {
		add("field-next", step.Label+" ("+step.Who+")")
	}
	var said []string
	for _, e := range r.Events {
		switch e.Kind {
		case ledger.Questioned:
			said = append(said, "– "+e.By+" : "+e.Why)
		case ledger.Specified, ledger.HumanAsked:
			if e.Why != "" { // the message of the request asked for someone
				said = append(said, "→ "+e.Why)
			}
		case ledger.Amended:
			said = append(said, c.Texts.say("field-amended", "text", e.Why))
		}
	}
	add("field-exchange", strings.Join(said, "\n"))
	add("field-earlier", strings.Join(earlier, "\n"))
	return out
}

// facts gives each fact that was read, with its source.
func (c *Chat) facts(facts routing.Facts) []string {
	var out []string
	for _, f := range facts {
		if f.Name == "territory" || f.Name == "epci" || f.Name == "departement" || f.Source == routing.SourceDefault {
			continue
		}
		title := f.Title
		if title == "" {
			title = f.Name
		}
		source := "« " + f.Source + " »"
		switch f.Source {
		case routing.SourceRegister, routing.SourceAsked, routing.SourceGiven, routing.SourceModel:
			source = c.Texts.say("fact-" + f.Source)
		}
		out = append(out, fmt.Sprintf("%s : %s (%s)", capital(title), c.Rules.Label(f), source))
	}
	return out
}

// earlier gives the last requests of the same company that a viewer may see, newest first.
func (c *Chat) earlier(ctx context.Context, v ledger.Viewer, r ledger.Request) ([]string, error) {
	const shown = 5
	filter := ledger.Filter{SIREN: r.Company.SIREN}
	if filter.SIREN == "" {
		if filter.Text = r.Company.Name; strings.TrimSpace(filter.Text) == "" {
			return nil, nil
		}
	}
	found, err := c.Requests.List(ctx, v, filter)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, other := range found {
		if other.ID != r.ID && len(out) < shown && ledger.SameCompany(other.Company, other.Place, r.Company, r.Place) {
			out = append(out, fmt.Sprintf("%s, %s : %s, %s", other.Reference, other.CreatedAt.Format("02/01/2006"), other.Lead, other.Status.Label()))
		}
	}
	return out, nil
}

// withTwins adds the requests that may be about the same company, each with why: a person tells on the request's page.
func (c *Chat) withTwins(ctx context.Context, fields []Field, r ledger.Request) ([]Field, error) {
	const shown = 3
	twins, err := c.Requests.Twins(ctx, ledger.Viewer{Staff: true}, r.Reference, shown)
	if err != nil || len(twins) == 0 {
		return fields, err
	}
	var lines []string
	for _, t := range twins {
		other := t.Of(r.Reference)
		lines = append(lines, fmt.Sprintf("%s, %s, %s : %s", other.Reference, ledger.Day(other.CreatedAt), strings.TrimSpace(other.Lead+" "+other.Status.Label()), t.Why()))
	}
	return append(fields, Field{Label: c.Texts.say("field-twins"), Value: strings.Join(lines, "\n")}), nil
}

// Deliver sends a notice through the platforms: to the conversation of the person who asked, or to the channel of a
// direction, as a card that shows what the channel may see. sent is false when the direction has no open channel.
func (c *Chat) Deliver(ctx context.Context, n ledger.Notice) (sent bool, err error) {
	if n.EPCI != "" {
		return c.deliverToEPCI(ctx, n)
	}
	if n.To == "" {
		p, err := c.platform(n.Channel)
		if err != nil {
			return false, err
		}
		return true, p.Say(ctx, n.Channel, n.Thread, n.Text, n.Key)
	}
	channel, err := c.DirectionChannel(ctx, n.To)
	if err != nil || channel == "" {
		return false, err
	}
	p, err := c.platform(channel)
	if err != nil {
		return false, nil // told by doctor
	}
	external, err := p.External(ctx, channel)
	if err != nil {
		return false, err
	}
	if n.Reference == "" {
		card, err := c.cardOfNone(ctx, channel, external, n)
		if err != nil {
			return false, err
		}
		return true, p.Card(ctx, channel, card, n.Key)
	}
	card, err := c.cardIn(ctx, channel, external, n.Reference, n.Text)
	if errors.Is(err, ledger.ErrNotFound) {
		card, err = Card{Reference: n.Reference, Headline: n.Text + "\n" + c.Texts.say("card-elsewhere")}, nil
	}
	if err != nil {
		return false, err
	}
	return true, p.Card(ctx, channel, card, n.Key)
}

// DirectionChannel gives the channel where a direction's requests are handed over: an administrator's choice, else the
// file's; ” when there is none.
func (c *Chat) DirectionChannel(ctx context.Context, code string) (string, error) {
	return c.channelWhere(ctx, func(s ChannelSettings) bool { return s.Direction == code })
}

// channelWhere gives the first channel whose settings fit: an administrator's, else the file's; ” when there is none.
func (c *Chat) channelWhere(ctx context.Context, fits func(ChannelSettings) bool) (string, error) {
	said, err := c.Store.ChannelSettings(ctx)
	if err != nil {
		return "", err
	}
	first := "" // the same on every replica
	for channel, s := range said {
		if fits(s) && (first == "" || channel < first) {
			first = channel
		}
	}
	if first != "" {
		return first, nil
	}
	for _, channel := range c.Channels.Named() {
		if _, overridden := said[channel]; !overridden && fits(c.Channels.of(channel)) {
			return channel, nil
		}
	}
	return "", nil
}

// deliverToEPCI says a notice in the channel of an EPCI. sent is false when it has none any more.
func (c *Chat) deliverToEPCI(ctx context.Context, n ledger.Notice) (sent bool, err error) {
	channel, err := c.EPCIChannel(ctx, n.EPCI)
	if err != nil || channel == "" {
		return false, err
	}
	p, err := c.platform(channel)
	if err != nil {
		return false, nil // told by doctor
	}
	return true, p.Say(ctx, channel, "", n.Text, n.Key)
}
