package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"guichet/bot"
	"guichet/routing/ledger"
)

// errMalformed is returned for a payload that lacks what it must have.
var errMalformed = errors.New("envoi de Slack incomplet")

// What buttons and forms are called in payloads.
const (
	onChoice    = "choice"     // choice:N, the value is the message to send
	onOwnChoice = "own-choice" // the same, in an exchange that only the person sees
	onUseful    = "useful"     // the value is the answer's key
	onUseless   = "useless"
	onPublish   = "publish" // the value is the name of the person's message
	onAct       = "act"     // act:take, the value is a bot.CardKey

	formForward = "forward"
	formVote    = "vote"
	formAct     = "act"
)

// sheet is what a form must know when it comes back.
type sheet struct {
	Act bot.Act `json:"act,omitempty"`
	Key string  `json:"key,omitempty"`
	// Channel and TS are the message that opened the form, Headline the card's, Thread the conversation.
	Channel  string `json:"channel,omitempty"`
	TS       string `json:"ts,omitempty"`
	Thread   string `json:"thread,omitempty"`
	Headline string `json:"headline,omitempty"`
}

func (s sheet) String() string {
	data, _ := json.Marshal(s) // strings only
	return string(data)
}

// interaction handles buttons, the shortcut and forms; answer goes with the acknowledgement. With an error there may be an
// answer all the same, which tells the person.
func (b *Bot) interaction(ctx context.Context, c slack.InteractionCallback) (answer any, err error) {
	if c.User.ID == "" {
		return nil, errMalformed
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	switch c.Type {
	case slack.InteractionTypeBlockActions:
		if len(c.ActionCallback.BlockActions) == 0 {
			return nil, errMalformed
		}
		return nil, b.button(ctx, c, c.ActionCallback.BlockActions[0])
	case slack.InteractionTypeMessageAction:
		if c.CallbackID != formForward {
			return nil, nil
		}
		return nil, b.openForward(ctx, c)
	case slack.InteractionTypeViewSubmission:
		return b.submitted(ctx, c)
	}
	return nil, nil
}

// exchange gives the conversation in which a button stands, for the person who pressed it.
func exchange(c slack.InteractionCallback, own bool) (in bot.Incoming) {
	channel, ts, thread := c.Channel.ID, c.Container.MessageTs, c.Container.ThreadTs
	if thread == "" {
		thread = c.Message.ThreadTimestamp
	}
	in = bot.Incoming{Channel: Platform + "/" + channel, Person: Platform + "/" + c.User.ID}
	switch {
	case own && !personal(channel):
		in.In = in.Channel
		in.Channel, in.Thread = in.Person, bot.OwnThread
		in.Show = place{Channel: channel, URL: c.ResponseURL}.String()
	case personal(channel):
		in.Channel, in.Thread = in.Person, bot.OwnThread
		in.Show = place{Channel: c.User.ID}.String() // whatever the payload says of where: the presser's own place
	default:
		if in.Thread = thread; thread == "" {
			in.Thread = ts
		}
		in.Show = place{Channel: channel, Thread: in.Thread}.String()
	}
	return in
}

func (b *Bot) button(ctx context.Context, c slack.InteractionCallback, a *slack.BlockAction) error {
	if a == nil || c.Channel.ID == "" || c.Container.MessageTs == "" {
		return errMalformed
	}
	kind, detail, _ := strings.Cut(a.ActionID, ":")
	switch kind {
	case onChoice, onOwnChoice:
		if a.Value == "" {
			return errMalformed
		}
		in := exchange(c, kind == onOwnChoice)
		in.ID, in.Text, in.At = c.Container.MessageTs+"/"+a.ActionID, a.Value, b.chat.Now() // a button is pressed once
		return b.receive(ctx, in, false)
	case onUseful, onUseless:
		in := exchange(c, c.Container.IsEphemeral)
		said, err := b.chat.Vote(ctx, in.Channel, in.Thread, a.Value, kind == onUseful, "")
		if err != nil {
			b.tell(c, b.chat.NotReceived(in, err).Reply.Text)
			return nil
		}
		if kind == onUseless {
			return b.openVote(ctx, c, in, a.Value)
		}
		b.tell(c, said)
		return nil
	case onPublish:
		return b.publish(ctx, c, a.Value)
	case onAct:
		return b.act(ctx, c, bot.Act(detail), a.Value)
	}
	return nil
}

// tell answers a button for the person alone.
func (b *Bot) tell(c slack.InteractionCallback, text string) {
	b.tellIn(c.Channel.ID, c.User.ID, c.ResponseURL, text)
}

func (b *Bot) tellIn(channel, user, url, text string) {
	b.work.Background("réponse à un bouton", func(ctx context.Context) error {
		options := []slack.MsgOption{slack.MsgOptionText(fallback(text), false)}
		if url != "" {
			_, _, err := b.api.PostMessageContext(ctx, channel, append(options, slack.MsgOptionResponseURL(url, slack.ResponseTypeEphemeral))...)
			return err
		}
		_, err := b.api.PostEphemeralContext(ctx, channel, user, options...)
		return err
	})
}

// publish asks again, for everybody in the channel, what the person asked for themselves.
func (b *Bot) publish(ctx context.Context, c slack.InteractionCallback, id string) error {
	person := Platform + "/" + c.User.ID
	question, ok, err := b.chat.Question(ctx, person, id)
	if err != nil || !ok {
		return err
	}
	channel := Platform + "/" + c.Channel.ID
	// The claim comes before the question is posted: a second press posts nothing.
	in := bot.Incoming{Channel: channel, ID: "publié/" + c.User.ID + id, Person: person, Text: question, At: b.chat.Now()}
	claim, ours, err := b.chat.Receive(ctx, in)
	if err != nil || !ours {
		return err
	}
	b.work.Background("publication", func(ctx context.Context) error {
		who, err := b.Person(ctx, person)
		if err == nil {
			text := b.chat.Published(who, question)
			var root string
			_, root, err = b.api.PostMessageContext(ctx, c.Channel.ID, slack.MsgOptionText(fallback(text), false), slack.MsgOptionBlocks(paragraphs(text)...),
				slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl())
			claim.Thread, claim.Show = root, place{Channel: c.Channel.ID, Thread: root}.String()
		}
		if err != nil {
			b.tell(c, b.chat.Label("not-published"))
			return errors.Join(err, b.chat.Store.Done(ctx, channel, in.ID, b.chat.Now()))
		}
		b.chat.Serve(b.work.Life(), claim)
		return nil
	})
	return nil
}

// act presses a card's button: at once, or through a form.
func (b *Bot) act(ctx context.Context, c slack.InteractionCallback, act bot.Act, value string) error {
	key, err := bot.ParseCardKey(value)
	if err != nil {
		return fmt.Errorf("%w : %w", errMalformed, err)
	}
	s := sheet{Act: act, Key: value, Channel: c.Channel.ID, TS: c.Container.MessageTs, Headline: plain(c.Message.Text, "")}
	said, err := b.pressed(ctx, c, s, key)
	if err != nil {
		said = b.chat.NotReceived(bot.Incoming{Channel: Platform + "/" + c.Channel.ID, ID: value}, err).Reply.Text
	}
	if said != "" {
		b.tell(c, said)
	}
	return nil
}

// pressed gives what to tell the person, nothing when a form opens.
func (b *Bot) pressed(ctx context.Context, c slack.InteractionCallback, s sheet, key bot.CardKey) (said string, err error) {
	press, err := b.press(ctx, c, s.Act, key, c.Channel.ID)
	if err != nil {
		return "", err
	}
	do := b.chat.Ready
	if s.Act.AtOnce() {
		do = b.chat.Press
	}
	card, said, err := do(ctx, press)
	if err != nil {
		return "", err
	}
	if said != "" {
		b.refresh(s, card)
		return said, nil
	}
	_, err = b.api.OpenViewContext(ctx, c.TriggerID, b.actForm(s, card))
	return "", wrap("ouvrir le formulaire", err)
}

func (b *Bot) press(ctx context.Context, c slack.InteractionCallback, act bot.Act, key bot.CardKey, channel string) (bot.Press, error) {
	who, err := b.Person(ctx, Platform+"/"+c.User.ID)
	if err != nil {
		return bot.Press{}, err
	}
	external, err := b.External(ctx, Platform+"/"+channel)
	return bot.Press{Act: act, Reference: key.Reference, Version: key.Version, Channel: Platform + "/" + channel, External: external, Person: who}, err
}

// refresh shows a card as it is now in place of what it was.
func (b *Bot) refresh(s sheet, card bot.Card) {
	if s.TS == "" || len(card.Fields) == 0 {
		return
	}
	card.Headline = s.Headline
	blocks := messages(b.card(card))[0]
	b.work.Background("mise à jour d'une carte", func(ctx context.Context) error {
		_, _, _, err := b.api.UpdateMessageContext(ctx, s.Channel, s.TS, slack.MsgOptionText(fallback(card.Headline), false), slack.MsgOptionBlocks(blocks...))
		return err
	})
}

// submitted handles a form that was filled in.
func (b *Bot) submitted(ctx context.Context, c slack.InteractionCallback) (any, error) {
	var s sheet
	if err := json.Unmarshal([]byte(c.View.PrivateMetadata), &s); err != nil {
		return nil, errMalformed
	}
	switch c.View.CallbackID {
	case formForward:
		return nil, b.forwarded(ctx, c, s)
	case formVote:
		reason := field(c.View, fieldReason)
		_, err := b.chat.Vote(ctx, s.Channel, s.Thread, s.Key, false, reason)
		return failedForm(b, fieldReason, err)
	case formAct:
		key, err := bot.ParseCardKey(s.Key)
		if err != nil {
			return nil, fmt.Errorf("%w : %w", errMalformed, err)
		}
		press, err := b.press(ctx, c, s.Act, key, s.Channel)
		if err == nil {
			press.Text, press.To = field(c.View, fieldText), field(c.View, fieldTo)
			var card bot.Card
			var said string
			if card, said, err = b.chat.Press(ctx, press); err == nil {
				b.refresh(s, card)
				b.tellIn(s.Channel, c.User.ID, "", said)
			}
		}
		return failedForm(b, fieldText, err)
	}
	return nil, nil
}

// failedForm keeps a form open, with what was typed, when it could not be recorded.
func failedForm(b *Bot, block string, err error) (any, error) {
	if err == nil {
		return nil, nil
	}
	return slack.NewErrorsViewSubmissionResponse(map[string]string{block: b.chat.Label("not-noted")}), err
}

// forwarded makes a request of a form: the person's own exchange, answered to them alone.
func (b *Bot) forwarded(ctx context.Context, c slack.InteractionCallback, s sheet) error {
	person := Platform + "/" + c.User.ID
	lines := []string{field(c.View, fieldText)}
	for _, f := range forwardFields {
		if value := field(c.View, f.block); value != "" {
			lines = append(lines, b.chat.Label(f.label)+" : "+value)
		}
	}
	return b.receive(ctx, bot.Incoming{
		Channel: person, ID: "formulaire/" + c.View.ID, Thread: bot.OwnThread, Person: person, Text: strings.Join(lines, "\n"), At: b.chat.Now(), Request: true,
		Show: place{Channel: c.User.ID}.String(),
	}, false)
}

// home shows a person's own requests in the application's home.
func (b *Bot) home(ctx context.Context, user string) error {
	requests, err := b.chat.Mine(ctx, Platform+"/"+user)
	if err != nil {
		return err
	}
	blocks := []slack.Block{slack.NewHeaderBlock(label(b.chat.Label("mine")))}
	if len(requests) == 0 {
		blocks = append(blocks, paragraphs(b.chat.Label("mine-none"))...)
	}
	for _, r := range requests {
		blocks = append(blocks, b.line(r)...)
	}
	blocks = append(blocks, slack.NewDividerBlock())
	blocks = append(blocks, paragraphs(b.chat.Label("help"))...)
	_, err = b.api.PublishViewContext(ctx, slack.PublishViewContextRequest{
		UserID: user, View: slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: blocks}},
	})
	return wrap("montrer l'accueil", err)
}

func (b *Bot) line(r ledger.Request) []slack.Block {
	return sections("*" + escape(b.chat.MineLine(r)) + "*\n" + escape(bot.Short(r.Text, 200)))
}

func wrap(doing string, err error) error {
	if err != nil {
		return fmt.Errorf("%s : %w", doing, err)
	}
	return nil
}
