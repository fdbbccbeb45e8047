package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"guichet/knowledge"
	"guichet/routing"
	"guichet/routing/ledger"
)

// Chat is what every chat platform shares before and after the desk: who may see what in a channel, messages handled once
// whatever the replicas, cards that hand requests over, limits. Platforms bring messages and show what it gives.
type Chat struct {
	Desk interface {
		Stream(ctx context.Context, m Message, said func(text string)) (Reply, error)
	}
	Store    ChatStore
	Journal  Journal
	Requests ledger.Store
	// Conventions is what is known of conventions; nil when nothing is.
	Conventions *Conventions
	// Sheets tell of EPCIs; nil when nothing does.
	Sheets *Sheets
	// Projects are the sheets of investment projects; nil when there are none.
	Projects *Projects
	Tx       Transactor
	Rules    *routing.Rules
	Texts    Texts
	Channels Channels
	// Platforms are those that are open, by the first part of their names: « slack ». It is filled before anything runs.
	Platforms map[string]Platform
	Limits    *Limits
	// Fundings tells staff what is known of a company's fundings; nil tells nothing.
	Fundings Fundings
	Now      func() time.Time
	Log      *slog.Logger
}

// Incoming is a message that a chat platform brought.
type Incoming struct {
	// Channel is a place of a platform, « slack/C012 »; the person's own, « slack/U012 », for what no one else sees. ID is
	// unique in it: the same pair twice is the same message.
	Channel, ID string
	// Thread is the conversation; OwnThread in a person's own place.
	Thread string
	Text   string
	// Person is the author, Person.ID.
	Person string
	At     time.Time
	// Edited is the ID of the message that its author changed into this one, if they did. Channels then give the change an ID
	// of its own, and bring none of a message that is older than EditedWithin.
	Edited string `json:",omitempty"`
	// Request tells that the message is a company's request, whatever its words.
	Request bool `json:",omitempty"`
	// Command tells that the text follows a command's name: it may rule guichet.
	Command bool `json:",omitempty"`
	// In is the shared channel in which a person writes what no one else sees; '' elsewhere.
	In string `json:",omitempty"`
	// Show says where the platform shows the reply, in its own words.
	Show string `json:",omitempty"`
}

// OwnThread is the one conversation of a person's own place.
const OwnThread = "moi"

// own tells that only the person sees the exchange.
func (in Incoming) own() bool { return in.Channel == in.Person }

// Shown is what a platform shows for a message.
type Shown struct {
	Reply Reply
	// Own tells that only the person who wrote may see it.
	Own bool
	// Publish tells to offer to ask again for everybody in the channel, under the channel's audience.
	Publish bool
}

// Platform is a chat platform as the core needs it.
type Platform interface {
	// Person says who somebody is, from the platform alone.
	Person(ctx context.Context, id string) (Person, error)
	// External tells whether a channel is shared with another organisation.
	External(ctx context.Context, channel string) (bool, error)
	// Show shows what a message gets. again tells that an earlier try may have shown it already: look before.
	Show(ctx context.Context, in Incoming, s Shown, again bool) error
	// Draft shows what there is of an answer that is being worded, in place of what it showed before; Show replaces it by
	// the whole reply, after a restart too. It gives how long to wait before it is called again for that message. What it
	// cannot show at once is left out.
	Draft(ctx context.Context, in Incoming, text string) (pause time.Duration)
	// Card shows a request in a channel, once for a key.
	Card(ctx context.Context, channel string, c Card, key string) error
	// Say writes a text in a conversation, once for a key.
	Say(ctx context.Context, channel, thread, text, key string) error
}

// Finding is something of a platform that is in order, or not.
type Finding struct {
	OK bool
	// Detail says what was seen, Todo what to do about it.
	Detail, Todo string
}

// Claim is a message that is this replica's to handle until a time, and how many times it was claimed, this one included.
type Claim struct {
	Incoming
	Tries int
	Until time.Time
}

// ChatStore keeps what chat platforms need beside the journal. Times are given by the caller.
type ChatStore interface {
	// Claim records a message and claims it until a time. ok is false when it is done with, or another replica has it.
	Claim(ctx context.Context, in Incoming, now, until time.Time) (c Claim, ok bool, err error)
	// Left claims messages of a platform whose claims ended before they were done with.
	Left(ctx context.Context, platform string, now, until time.Time, limit int) ([]Claim, error)
	// Pending tells that a message was claimed and is not done with.
	Pending(ctx context.Context, channel, id string) (bool, error)
	// Done ends a message: it is never claimed again.
	Done(ctx context.Context, channel, id string, at time.Time) error
	// GiveBack lets a message be claimed again from a time on.
	GiveBack(ctx context.Context, channel, id string, from time.Time) error
	// Forget removes what was done with before a time.
	Forget(ctx context.Context, before time.Time) error

	// Seen records that a channel was read up to a message; an earlier one changes nothing. Identifiers of messages sort
	// by length, then as texts.
	Seen(ctx context.Context, channel, message string) error
	// LastSeen gives the last message seen in each channel of a platform.
	LastSeen(ctx context.Context, platform string) (map[string]string, error)
	// Threads gives the conversations of a channel that had a message since a time.
	Threads(ctx context.Context, channel string, since time.Time) ([]string, error)

	// ChannelSettings gives what administrators said of channels over the file.
	ChannelSettings(ctx context.Context) (map[string]ChannelSettings, error)
	// SetChannel records it; nil goes back to the file.
	SetChannel(ctx context.Context, channel string, s *ChannelSettings, person string, at time.Time) error

	// Lease takes or keeps a role that only one holder may have, until a time; false when another one has it. Holders'
	// clocks must agree within a fraction of the lease's length.
	Lease(ctx context.Context, role, holder string, now, until time.Time) (bool, error)
	// EndLease gives a role up.
	EndLease(ctx context.Context, role, holder string) error
}

// EditedWithin is how old a message may be that is handled again after its author changed it: less than keepDone, after
// which nothing tells that it was answered.
const EditedWithin = 6 * 24 * time.Hour

const (
	// holdFor is how long a replica has to handle a message before another one may.
	holdFor = 2 * time.Minute
	// showTries is how often a reply is tried to be shown; the last one comes about three minutes after the first.
	showTries = 5
	// putOff is how long a reply is kept that the platform asks to show later.
	putOff = 24 * time.Hour
	// keepDone is how long a message that is done with is remembered by the inbox. Platforms bring it again within the hour.
	keepDone = 7 * 24 * time.Hour
)

// Receive records a message so that it is not lost, and tells whether it is this replica's to serve. An error means that
// nothing is recorded: the platform should bring the message again.
func (c *Chat) Receive(ctx context.Context, in Incoming) (Claim, bool, error) {
	now := c.Now()
	claim, ours, err := c.Store.Claim(ctx, in, now, now.Add(holdFor))
	if err != nil || !ours || in.Edited == "" {
		return claim, ours, err
	}
	// One that was not for guichet before it was changed is a message like another.
	first := in
	first.ID, first.Edited = in.Edited, ""
	one, never, err := c.Store.Claim(ctx, first, now, now.Add(holdFor))
	if err != nil {
		return claim, false, errors.Join(err, c.Store.GiveBack(ctx, in.Channel, in.ID, now))
	}
	if !never {
		return claim, true, nil
	}
	return one, true, c.Store.Done(ctx, in.Channel, in.ID, now)
}

// NotReceived is what to show when Receive failed, and tells the operator.
func (c *Chat) NotReceived(in Incoming, err error) Shown {
	incident := key(Message{Channel: in.Channel, ID: in.ID})[:8]
	c.Log.Error("message not recorded", "incident", incident, "channel", in.Channel, "error", err)
	return Shown{Reply: Reply{Kind: ReplyRefused, Text: c.Texts.say("not-recorded", "incident", incident)}, Own: true}
}

// Serve handles a message that was claimed and shows its reply. What could not be shown is tried again later.
func (c *Chat) Serve(ctx context.Context, claim Claim) {
	in := claim.Incoming
	left := claim.Until.Sub(c.Now())
	if left <= 0 { // it waited too long for its turn, and is another's
		return
	}
	work, end := context.WithTimeout(ctx, left)
	defer end()
	err := c.serve(work, claim)
	// What happened is recorded even when the time is over.
	record, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	log := c.Log.With("channel", in.Channel, "message", in.ID, "try", claim.Tries)
	pause := time.Duration(claim.Tries*claim.Tries) * 5 * time.Second
	var later Later
	switch {
	case err == nil:
		err = c.Store.Done(record, in.Channel, in.ID, c.Now())
	case ctx.Err() != nil: // the program stops: that says nothing of the message
		err = c.Store.GiveBack(record, in.Channel, in.ID, c.Now())
	case errors.As(err, &later) && c.Now().Sub(in.At) < putOff:
		log.Warn("réponse remise à plus tard par la messagerie", "error", err)
		err = c.Store.GiveBack(record, in.Channel, in.ID, c.Now().Add(max(later.After, 5*time.Second)))
	case claim.Tries >= showTries:
		log.Error("réponse abandonnée : elle n'a pas pu être montrée", "error", err)
		err = c.Store.Done(record, in.Channel, in.ID, c.Now())
	default:
		log.Warn("réponse non montrée, nouvel essai prévu", "error", err)
		err = c.Store.GiveBack(record, in.Channel, in.ID, c.Now().Add(pause))
	}
	if err != nil {
		log.Error("suivi du message non enregistré", "error", err)
	}
}

func (c *Chat) serve(ctx context.Context, claim Claim) (err error) {
	defer recovered(&err)
	in := claim.Incoming
	p, err := c.platform(in.Channel)
	if err != nil {
		return err
	}
	who, err := p.Person(ctx, in.Person)
	if err != nil {
		return err
	}
	shared := in.Channel
	if in.own() {
		shared = in.In
	}
	external := false
	if shared != "" {
		if external, err = p.External(ctx, shared); err != nil {
			return err
		}
	}
	said, end := c.drafting(ctx, p, in)
	shown, err := func() (Shown, error) {
		defer end()
		return c.handle(ctx, claim, who, external, said)
	}()
	if err != nil {
		return err
	}
	return p.Show(ctx, in, shown, claim.Tries > 1)
}

// recovered makes an error of a panic: it stops nothing else.
func recovered(err *error) {
	if cause := recover(); cause != nil {
		*err = fmt.Errorf("panique : %v\n%s", cause, debug.Stack())
	}
}

// Guarded does something, and makes an error of its panic.
func Guarded(do func() error) (err error) {
	defer recovered(&err)
	return do()
}

// ask gives a message to the desk. When the desk panics the person is told as of any failure.
func (c *Chat) ask(ctx context.Context, m Message, said func(string)) (reply Reply) {
	err := func() (err error) {
		defer recovered(&err)
		reply, err = c.Desk.Stream(ctx, m, said)
		return err
	}()
	if err != nil && reply.Text == "" {
		return c.NotReceived(Incoming{Channel: m.Channel, ID: m.ID}, err).Reply
	}
	return reply
}

// platform gives the open platform of a channel or a person.
func (c *Chat) platform(name string) (Platform, error) {
	kind, _, _ := strings.Cut(name, "/")
	if p, ok := c.Platforms[kind]; ok {
		return p, nil
	}
	return nil, fmt.Errorf("la messagerie de « %s » n'est pas ouverte ici", name)
}

// handle gives what a message gets: a command's effect, or the desk's reply under the rights of the place. external tells
// that the shared channel is also another organisation's. The desk's own failures are told in the reply; an error means that
// nothing was done and that a later try may do. said is given the parts of an answer while it is worded.
func (c *Chat) handle(ctx context.Context, claim Claim, who Person, external bool, said func(string)) (Shown, error) {
	in := claim.Incoming
	if in.Edited != "" {
		if pending, err := c.Store.Pending(ctx, in.Channel, in.Edited); err != nil || pending {
			return Shown{}, errors.Join(err, Later{After: 5 * time.Second, Err: errors.New("le message modifié n'a pas encore sa réponse")})
		}
	}
	if claim.Tries <= 1 { // limits count a message once: the reply of one that is tried again is due
		if wait, ok := c.Limits.Wait(ctx, who.ID, in.Channel, c.Now()); !ok {
			return Shown{Own: true, Reply: Reply{Kind: ReplyRefused, Text: c.Texts.say("wait", "seconds", int(wait.Seconds())+1)}}, nil
		}
	}
	if in.Command {
		shown, done, err := c.command(ctx, in, who, external)
		if err != nil || done {
			return shown, err
		}
	}
	asker, err := c.Asker(ctx, in, who, external)
	if err != nil {
		return Shown{}, err
	}
	if strings.TrimSpace(in.Text) == "" { // a mention alone
		return Shown{Own: in.own(), Reply: Reply{Kind: ReplySmall, Text: c.Texts.say("help")}}, nil
	}
	// The reply tells the failure, if any, and the desk has told the operator.
	reply := c.ask(ctx, Message{
		Channel: in.Channel, ID: in.ID, Thread: in.Thread, Text: in.Text, Asker: asker, At: in.At, Request: in.Request, Edited: in.Edited,
	}, said)
	shown := Shown{Reply: reply, Own: in.own()}
	switch reply.Kind {
	case ReplyAnswer, ReplyUnknown, ReplyWho:
		shown.Publish = in.own() && in.In != ""
		human := Choice{Label: c.Texts.say("human-choice"), Text: c.Texts.say("human-choice")}
		if !slices.Contains(reply.Choices, human) {
			shown.Reply.Choices = append(slices.Clone(reply.Choices), human)
		}
	}
	return shown, nil
}

// Asker gives the rights under which a message is answered. In a shared channel they are the channel's, whoever asks; what
// only the person sees is answered under the person's own.
func (c *Chat) Asker(ctx context.Context, in Incoming, who Person, external bool) (Asker, error) {
	rights := c.Channels.Rights(who)
	if in.own() {
		return rights, nil
	}
	s, err := c.Settings(ctx, in.Channel, external)
	if err != nil {
		return Asker{}, err
	}
	if who.Outside && s.Audience == knowledge.Staff {
		return rights, nil // a guest of the staff's channel has what is theirs
	}
	rights.Audience, rights.EPCI = s.Audience, s.EPCI
	return rights, nil
}

// Settings gives the settings of a shared channel: an administrator's, else the file's, else public. A channel that is also
// another organisation's is never the staff's.
func (c *Chat) Settings(ctx context.Context, channel string, external bool) (ChannelSettings, error) {
	said, err := c.Store.ChannelSettings(ctx)
	if err != nil {
		return ChannelSettings{}, err
	}
	s, ok := said[channel]
	if !ok {
		s = c.Channels.of(channel)
	}
	if external && s.Audience == knowledge.Staff {
		s.Audience = knowledge.Public
	}
	return s, nil
}

// Addressed tells whether a message of a shared channel that does not mention guichet is for it all the same: the channel
// is switched on, or the thread is one of its conversations.
func (c *Chat) Addressed(ctx context.Context, channel, thread string) (bool, error) {
	s, err := c.Settings(ctx, channel, false)
	if err != nil || s.Listens {
		return s.Listens, err
	}
	if thread == "" {
		return false, nil
	}
	conversation, err := c.Journal.Conversation(ctx, channel, thread)
	return conversation.Version > 0, err
}

// Question gives back what a person asked for themselves, to ask it again for everybody: only their own words leave.
func (c *Chat) Question(ctx context.Context, person, id string) (text string, ok bool, err error) {
	const recent = 200
	turns, err := c.Journal.History(ctx, person, OwnThread, recent)
	for _, turn := range turns {
		if turn.Message.ID == id {
			return turn.Message.Text, true, err
		}
	}
	return "", false, err
}

// Vote records whether an answer was useful, and gives what to tell the person. The answer must be one of the conversation.
func (c *Chat) Vote(ctx context.Context, channel, thread, answer string, useful bool, reason string) (string, error) {
	const recent = 200
	turns, err := c.Journal.History(ctx, channel, thread, recent)
	if err != nil {
		return "", err
	}
	if !slices.ContainsFunc(turns, func(t Turn) bool { return answer != "" && t.Reply.Answer == answer }) {
		return c.Texts.say("vote-unknown"), nil
	}
	if err := c.Journal.Vote(ctx, answer, useful, strings.TrimSpace(reason), c.Now()); err != nil {
		return "", err
	}
	return c.Texts.say("vote-noted"), nil
}

// Mine gives the requests that a person began, newest first.
func (c *Chat) Mine(ctx context.Context, person string) ([]ledger.Request, error) {
	const shown = 20
	if person == "" {
		return nil, ledger.ErrNoViewer
	}
	return c.Requests.List(ctx, ledger.Viewer{Person: person}, ledger.Filter{Limit: shown})
}

// Label gives a text of the catalog that has no value to show, for buttons and forms.
func (c *Chat) Label(key string) string { return c.Texts.say(key) }

// MineLine tells where a request stands, in a line.
func (c *Chat) MineLine(r ledger.Request) string {
	return c.Texts.say("mine-line", "reference", r.Reference, "status", r.Status.Label(), "lead", r.Lead)
}

// Published introduces, for everybody, the question of a person.
func (c *Chat) Published(who Person, question string) string {
	return c.Texts.say("published", "name", who.Name, "question", question)
}

// Run serves what was left of a platform's messages, by a replica that stopped or a reply that could not be shown, until
// the context ends.
func (c *Chat) Run(ctx context.Context, platform string, every time.Duration) {
	const batch = 20
	forgotten := time.Time{}
	for {
		now := c.Now()
		claims, err := c.Store.Left(ctx, platform, now, now.Add(holdFor), batch)
		for _, claim := range claims {
			c.Serve(ctx, claim)
		}
		if err == nil && now.Sub(forgotten) > time.Hour {
			err, forgotten = c.Store.Forget(ctx, now.Add(-keepDone)), now
		}
		if err != nil && !errors.Is(err, context.Canceled) {
			c.Log.ErrorContext(ctx, "messages en attente non relus", "platform", platform, "error", err)
		}
		if len(claims) == batch && ctx.Err() == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(every):
		}
	}
}
