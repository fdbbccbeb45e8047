package discord

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"

	"guichet/bot"
)

// errMalformed is returned for a payload that lacks what it must have.
var errMalformed = errors.New("envoi de Discord incomplet")

// What buttons, menus and forms are called in payloads, before « : » and what they are about.
const (
	onChoice    = "choice"     // choice:N:TEXT, the message to send; choice:menu:N, it is what was chosen
	onOwnChoice = "own-choice" // the same, in an exchange that only the person sees
	onUseful    = "useful"     // useful:ANSWER
	onUseless   = "useless"
	onPublish   = "publish" // publish:ID, the name of the person's message
	onAct       = "act"     // act:ACT:CARD
	onPassTo    = "pass-to" // pass-to:CARD:MESSAGE:N, the direction is what was chosen

	formForward = "forward" // forward:
	formVote    = "vote"    // vote:ANSWER
	formAct     = "form"    // form:ACT:CARD:MESSAGE:DIRECTION, the message is the card's
)

const (
	menu = "menu"
	// patience is how long an answer is waited for before the person is shown that it comes.
	patience = time.Second
)

// interaction handles commands, buttons, menus and forms.
func (b *Bot) interaction(ctx context.Context, i interaction) error {
	if i.ID == "" || i.Token == "" || i.ChannelID == "" || i.person() == nil || i.person().ID == "" {
		return errMalformed
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	switch i.Type {
	case onCommand:
		return b.command(ctx, i)
	case onComponent:
		return b.component(ctx, i)
	case onForm:
		return b.submitted(ctx, i)
	}
	return nil
}

// The answers to an interaction (docs.discord.com/developers/interactions/receiving-and-responding, « Interaction Callback Type »).
const (
	answerMessage  = 4
	answerDeferred = 5
	answerNothing  = 6 // an update of the message, which does not come
	answerForm     = 9
)

func (b *Bot) answer(ctx context.Context, i interaction, kind int, data any) error {
	body := map[string]any{"type": kind}
	if data != nil {
		body["data"] = data
	}
	return b.direct(ctx, http.MethodPost, discordgo.EndpointInteractionResponse(i.ID, i.Token), body)
}

// deferred shows the person that the answer comes.
func (b *Bot) deferred(ctx context.Context, i interaction) {
	b.late(ctx, i, b.answer(ctx, i, answerDeferred, map[string]any{"flags": ephemeral}))
}

// late tells the operator that Discord did not take an answer in time; what was asked for is done all the same.
func (b *Bot) late(ctx context.Context, i interaction, err error) {
	if err != nil {
		b.Log.WarnContext(ctx, "réponse immédiate refusée par Discord", "interaction", i.ID, "error", err)
	}
}

// told is a page that tells the person alone something short.
func told(text string) page { return paragraphs(text)[0].alone() }

// tell does something and tells the person alone what came of it: at once when it is short, else when it is done.
func (b *Bot) tell(ctx context.Context, i interaction, do func(ctx context.Context) (string, error)) {
	done := make(chan string, 1)
	b.work.Go(func() {
		ctx, cancel := context.WithTimeout(b.work.Life(), callTime)
		defer cancel()
		text := ""
		err := bot.Guarded(func() (err error) {
			text, err = do(ctx)
			return err
		})
		if err != nil {
			text = b.chat.NotReceived(bot.Incoming{Channel: Platform + "/" + i.ChannelID, ID: i.ID}, err).Reply.Text
		}
		done <- text
	})
	select {
	case text := <-done:
		b.late(ctx, i, b.answer(ctx, i, answerMessage, told(text)))
	case <-time.After(patience):
		b.deferred(ctx, i)
		b.work.Background("réponse différée", func(ctx context.Context) error {
			select {
			case text := <-done:
				return b.privately(ctx, i.Token, []page{told(text)})
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}
}

// command handles « /guichet … » and the menu of a message: for the person alone, who may then publish.
func (b *Bot) command(ctx context.Context, i interaction) error {
	if i.Data.Type == discordMessageCommand {
		m, ok := i.Data.Resolved.Messages[i.Data.TargetID]
		if !ok {
			return errMalformed
		}
		return b.openForward(ctx, i, plain(m, ""))
	}
	if i.Data.Name != commandName || len(i.Data.Options) == 0 {
		return errMalformed
	}
	sub := i.Data.Options[0]
	text := ""
	switch sub.Name {
	case "question":
		text = sub.text("texte")
	case "demande":
		return b.openForward(ctx, i, sub.text("texte"))
	case "demandes":
		text = "demandes"
	case "fiche":
		text = strings.TrimSpace("fiche " + sub.text("numero") + " " + sub.text("reponse"))
	case "epci":
		text = strings.TrimSpace("epci " + sub.text("nom"))
	case "canal":
		text = strings.TrimSpace("canal " + sub.text("reglage") + " " + sub.text("valeur"))
	}
	if strings.TrimSpace(text) == "" {
		return errMalformed
	}
	in, _, err := b.exchange(ctx, i, true)
	if err != nil {
		return err
	}
	in.ID, in.Text, in.Command = "/"+i.ID, plain(message{Content: text}, ""), sub.Name != "question"
	b.deferred(ctx, i)
	return b.receive(ctx, in)
}

// exchange gives the conversation in which something was asked for, by a command or a button, for the person who did. With
// private the answer is what only they see; a button of direct messages is answered there, where it stays.
func (b *Bot) exchange(ctx context.Context, i interaction, own bool) (in bot.Incoming, private bool, err error) {
	in = bot.Incoming{Channel: Platform + "/" + i.ChannelID, Person: Platform + "/" + i.person().ID, At: b.chat.Now()}
	s, err := b.spotOf(ctx, i)
	if err != nil {
		return in, false, err
	}
	channel := Platform + "/" + s.channel
	m := message{}
	if i.Message != nil {
		m = *i.Message
	}
	switch {
	case own && (!s.direct || i.Type == onCommand || m.Flags&ephemeral != 0):
		private = true
		if !s.direct {
			in.In = channel
		}
		in.Channel, in.Thread = in.Person, bot.OwnThread
		in.Show = place{Token: i.Token}.String()
	case s.direct:
		in.Channel, in.Thread = in.Person, bot.OwnThread
		in.Show = place{}.String() // whatever the payload says of where: the presser's own place
	default:
		in.Channel = channel
		in.Thread = s.thread
		if in.Thread == "" { // a channel that takes no thread: the message that was answered there
			in.Thread = m.replyTo()
		}
		if in.Thread == "" {
			in.Thread = m.ID
		}
		in.Show = place{Channel: i.ChannelID, Message: m.ID, Seen: true}.String()
	}
	return in, private, nil
}

// spotOf gives where an interaction was, from the payload when it says it.
func (b *Bot) spotOf(ctx context.Context, i interaction) (spot, error) {
	if s, ok := b.spots.Get(i.ChannelID, b.chat.Now()); ok {
		return s, nil
	}
	return b.where(ctx, i.ChannelID)
}

func (b *Bot) component(ctx context.Context, i interaction) error {
	if i.Message == nil || i.Message.ID == "" {
		return errMalformed
	}
	kind, about, _ := strings.Cut(i.Data.CustomID, ":")
	alone := i.Message.Flags&ephemeral != 0
	switch kind {
	case onChoice, onOwnChoice:
		which, text, _ := strings.Cut(about, ":")
		if which == menu && len(i.Data.Values) == 1 {
			text = i.Data.Values[0]
		}
		if strings.TrimSpace(text) == "" {
			return errMalformed
		}
		in, private, err := b.exchange(ctx, i, kind == onOwnChoice)
		if err != nil {
			return err
		}
		in.ID, in.Text = i.Message.ID+"/"+kind+"/"+text, text // a button is pressed once
		if private {
			b.deferred(ctx, i)
		} else {
			b.late(ctx, i, b.answer(ctx, i, answerNothing, nil))
		}
		return b.receive(ctx, in)
	case onUseful:
		in, _, err := b.exchange(ctx, i, alone)
		if err != nil {
			return err
		}
		b.tell(ctx, i, func(ctx context.Context) (string, error) {
			return b.chat.Vote(ctx, in.Channel, in.Thread, about, true, "")
		})
	case onUseless:
		in, _, err := b.exchange(ctx, i, alone)
		if err != nil {
			return err
		}
		if _, err := b.chat.Vote(ctx, in.Channel, in.Thread, about, false, ""); err != nil {
			return b.refuse(ctx, i, err)
		}
		return b.answer(ctx, i, answerForm, b.voteForm(about))
	case onPublish:
		return b.publish(ctx, i, about)
	case onAct:
		act, card, _ := strings.Cut(about, ":")
		return b.act(ctx, i, bot.Act(act), card)
	case onPassTo:
		card, shown, _ := strings.Cut(about, ":")
		shown, _, _ = strings.Cut(shown, ":") // the number of the menu follows
		key, err := bot.ParseCardKey(card)
		if err != nil || len(i.Data.Values) != 1 {
			return errMalformed
		}
		return b.answer(ctx, i, answerForm, b.actForm(bot.Pass, key, shown, i.Data.Values[0]))
	}
	return nil
}

// refuse tells the person that something failed before a form could open.
func (b *Bot) refuse(ctx context.Context, i interaction, err error) error {
	text := b.chat.NotReceived(bot.Incoming{Channel: Platform + "/" + i.ChannelID, ID: i.ID}, err).Reply.Text
	return b.answer(context.WithoutCancel(ctx), i, answerMessage, told(text))
}

// publish asks again, for everybody in the channel, what the person asked for themselves.
func (b *Bot) publish(ctx context.Context, i interaction, id string) error {
	person := Platform + "/" + i.person().ID
	b.late(ctx, i, b.answer(ctx, i, answerNothing, nil))
	s, err := b.spotOf(ctx, i)
	if err != nil || s.direct {
		return err
	}
	question, ok, err := b.chat.Question(ctx, person, id)
	if err != nil || !ok {
		return err
	}
	// The claim comes before the question is posted: a second press posts nothing.
	in := bot.Incoming{Channel: Platform + "/" + s.channel, ID: "publié/" + i.person().ID + id, Thread: s.thread, Person: person, Text: question, At: b.chat.Now()}
	claim, ours, err := b.chat.Receive(ctx, in)
	if err != nil || !ours {
		return err
	}
	b.work.Background("publication", func(ctx context.Context) error {
		who, err := b.Person(ctx, person)
		var root message
		if err == nil {
			address := discordgo.EndpointChannelMessages(i.ChannelID)
			err = b.call(ctx, http.MethodPost, address, paragraphs(b.chat.Published(who, question))[0], address, &root)
		}
		if err != nil {
			p := told(b.chat.Label("not-published"))
			return errors.Join(err, b.direct(ctx, http.MethodPost, discordgo.EndpointWebhookToken(*b.app.Load(), i.Token), p), b.chat.Store.Done(ctx, in.Channel, in.ID, b.chat.Now()))
		}
		if claim.Thread == "" {
			claim.Thread = root.ID
		}
		claim.Show = place{Channel: i.ChannelID, Message: root.ID, Thread: s.thread == "", Seen: true}.String()
		b.chat.Serve(b.work.Life(), claim)
		return nil
	})
	return nil
}

// act presses a card's button: at once, or through a form.
func (b *Bot) act(ctx context.Context, i interaction, act bot.Act, card string) error {
	key, err := bot.ParseCardKey(card)
	if err != nil {
		return errors.Join(errMalformed, err)
	}
	if act.AtOnce() {
		b.tell(ctx, i, func(ctx context.Context) (string, error) { return b.press(ctx, i, act, key, i.Message.ID, "", "") })
		return nil
	}
	press, err := b.pressOf(ctx, i, act, key)
	if err != nil {
		return b.refuse(ctx, i, err)
	}
	now, refusal, err := b.chat.Ready(ctx, press)
	switch {
	case err != nil:
		return b.refuse(ctx, i, err)
	case refusal != "":
		b.refresh(i.ChannelID, i.Message.ID, now)
		return b.answer(ctx, i, answerMessage, told(refusal))
	case act == bot.Pass:
		return b.answer(ctx, i, answerMessage, b.passMenu(now, i.Message.ID))
	}
	return b.answer(ctx, i, answerForm, b.actForm(act, key, i.Message.ID, ""))
}

func (b *Bot) pressOf(ctx context.Context, i interaction, act bot.Act, key bot.CardKey) (bot.Press, error) {
	who, err := b.Person(ctx, Platform+"/"+i.person().ID)
	if err != nil {
		return bot.Press{}, err
	}
	s, err := b.spotOf(ctx, i)
	return bot.Press{Act: act, Reference: key.Reference, Version: key.Version, Channel: Platform + "/" + s.channel, Person: who}, err
}

// press acts on a request, refreshes its card and gives what to tell the person.
func (b *Bot) press(ctx context.Context, i interaction, act bot.Act, key bot.CardKey, shown, text, to string) (string, error) {
	press, err := b.pressOf(ctx, i, act, key)
	if err != nil {
		return "", err
	}
	press.Text, press.To = text, to
	card, said, err := b.chat.Press(ctx, press)
	if err != nil {
		return "", err
	}
	b.refresh(i.ChannelID, shown, card)
	return said, nil
}

// refresh shows a card as it is now in place of what it was; its headline stays.
func (b *Bot) refresh(channel, shown string, card bot.Card) {
	if shown == "" || len(card.Fields) == 0 {
		return
	}
	p := b.card(card, "")[0]
	b.work.Background("mise à jour d'une carte", func(ctx context.Context) error {
		address := discordgo.EndpointChannelMessage(channel, shown)
		// The text is left out, and stays.
		return b.call(ctx, http.MethodPatch, address, map[string]any{"embeds": p.Embeds, "components": p.Components, "allowed_mentions": nobody}, discordgo.EndpointChannelMessage(channel, ""), nil)
	})
}

// submitted handles a form that was filled in.
func (b *Bot) submitted(ctx context.Context, i interaction) error {
	kind, about, _ := strings.Cut(i.Data.CustomID, ":")
	switch kind {
	case formForward:
		b.deferred(ctx, i)
		return b.forwarded(ctx, i)
	case formVote:
		in, _, err := b.exchange(ctx, i, i.Message != nil && i.Message.Flags&ephemeral != 0)
		if err != nil {
			return err
		}
		b.tell(ctx, i, func(ctx context.Context) (string, error) {
			return b.chat.Vote(ctx, in.Channel, in.Thread, about, false, i.Data.field(fieldReason))
		})
	case formAct:
		parts := strings.SplitN(about, ":", 4)
		if len(parts) != 4 {
			return errMalformed
		}
		key, err := bot.ParseCardKey(parts[1])
		if err != nil {
			return errors.Join(errMalformed, err)
		}
		b.tell(ctx, i, func(ctx context.Context) (string, error) {
			return b.press(ctx, i, bot.Act(parts[0]), key, parts[2], i.Data.field(fieldText), parts[3])
		})
	}
	return nil
}

// forwarded makes a request of a form: the person's own exchange, answered to them alone.
func (b *Bot) forwarded(ctx context.Context, i interaction) error {
	person := Platform + "/" + i.person().ID
	lines := []string{i.Data.field(fieldText)}
	for _, f := range forwardFields {
		if value := i.Data.field(f.name); value != "" {
			lines = append(lines, b.chat.Label(f.label)+" : "+value)
		}
	}
	return b.receive(ctx, bot.Incoming{
		Channel: person, ID: "formulaire/" + i.ID, Thread: bot.OwnThread, Person: person, Text: strings.Join(lines, "\n"), At: b.chat.Now(), Request: true,
		Show: place{Token: i.Token}.String(),
	})
}
