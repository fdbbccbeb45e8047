package slack

import (
	"context"

	"github.com/slack-go/slack"

	"guichet/bot"
)

// The blocks of the forms; each holds one input of the same name.
const (
	fieldText    = "text"
	fieldTo      = "to"
	fieldReason  = "reason"
	fieldCompany = "company"
	fieldPlace   = "place"
	fieldContact = "contact"
)

// longest is what Slack lets a person type in a form.
const longest = 3000

var forwardFields = []struct{ block, label string }{
	{fieldCompany, "forward-company"}, {fieldPlace, "forward-place"}, {fieldContact, "forward-contact"},
}

// field gives what was typed or chosen in a form.
func field(v slack.View, block string) string {
	if v.State == nil {
		return ""
	}
	a := v.State.Values[block][block]
	if a.SelectedOption.Value != "" {
		return a.SelectedOption.Value
	}
	return a.Value
}

func label(text string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, bot.Short(text, 75), false, false)
}

// typed is a field of text; what is not needed may stay empty.
func typed(block, text, initial string, lines, needed bool) slack.Block {
	element := slack.NewPlainTextInputBlockElement(nil, block)
	element.Multiline, element.InitialValue, element.MaxLength = lines, initial, longest
	input := slack.NewInputBlock(block, label(text), nil, element)
	input.Optional = !needed
	return input
}

func (b *Bot) form(name string, s sheet, title, submit string, blocks ...slack.Block) slack.ModalViewRequest {
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: name, PrivateMetadata: s.String(),
		Title:  slack.NewTextBlockObject(slack.PlainTextType, bot.Short(title, 24), false, false),
		Submit: slack.NewTextBlockObject(slack.PlainTextType, bot.Short(submit, 24), false, false),
		Close:  slack.NewTextBlockObject(slack.PlainTextType, bot.Short(b.chat.Label("form-cancel"), 24), false, false),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
}

// openForward opens the form that makes a request of a message.
func (b *Bot) openForward(ctx context.Context, c slack.InteractionCallback) error {
	blocks := []slack.Block{typed(fieldText, b.chat.Label("forward-text"), bot.Short(plain(c.Message.Text, ""), longest), true, true)}
	for _, f := range forwardFields {
		blocks = append(blocks, typed(f.block, b.chat.Label(f.label), "", false, false))
	}
	_, err := b.api.OpenViewContext(ctx, c.TriggerID, b.form(formForward, sheet{}, b.chat.Label("forward-title"), b.chat.Label("forward-send"), blocks...))
	return wrap("ouvrir le formulaire", err)
}

// openVote asks why an answer was of no use.
func (b *Bot) openVote(ctx context.Context, c slack.InteractionCallback, in bot.Incoming, answer string) error {
	s := sheet{Key: answer, Channel: in.Channel, Thread: in.Thread}
	_, err := b.api.OpenViewContext(ctx, c.TriggerID, b.form(formVote, s, b.chat.Label("useless"), b.chat.Label("forward-send"),
		typed(fieldReason, b.chat.Label("vote-why"), "", true, false)))
	return wrap("ouvrir le formulaire", err)
}

// actForm asks what an act on a request needs.
func (b *Bot) actForm(s sheet, card bot.Card) slack.ModalViewRequest {
	var blocks []slack.Block
	if s.Act == bot.Pass {
		var options []*slack.OptionBlockObject
		for _, d := range card.Directions[:min(len(card.Directions), 100)] {
			options = append(options, slack.NewOptionBlockObject(d.Text, label(d.Label), nil))
		}
		blocks = append(blocks, slack.NewInputBlock(fieldTo, label(b.chat.Label("form-to")), nil,
			slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, nil, fieldTo, options...)))
	}
	blocks = append(blocks, typed(fieldText, b.chat.ActAsks(s.Act), "", true, true))
	if s.Act.ForPerson() {
		blocks = append(blocks, paragraphs(b.chat.Label("form-seen"))...)
	}
	return b.form(formAct, s, card.Reference, b.chat.ActLabel(s.Act), blocks...)
}
