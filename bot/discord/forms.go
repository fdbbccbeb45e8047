package discord

import (
	"context"
	_ "embed"
	"strconv"
	"strings"

	"github.com/bwmarrin/discordgo"

	"guichet/bot"
)

// commands are what the application offers in Discord, in the shape that Discord takes
// (docs.discord.com/developers/interactions/application-commands, « Bulk Overwrite Global Application Commands »).
//
//go:embed commands.json
var commands []byte

const (
	commandName           = "guichet"
	discordMessageCommand = 3
)

// The fields of the forms.
const (
	fieldText    = "text"
	fieldReason  = "reason"
	fieldCompany = "company"
	fieldPlace   = "place"
	fieldContact = "contact"
)

// Discord's limits of forms and menus, in characters (docs.discord.com/developers/components/reference).
const (
	titleLimit  = 45
	typedLimit  = 4000
	optionLimit = 100
	menuLimit   = 25
	menusLimit  = 5
)

var forwardFields = []struct{ name, label string }{
	{fieldCompany, "forward-company"}, {fieldPlace, "forward-place"}, {fieldContact, "forward-contact"},
}

// form is what opens.
type form struct {
	CustomID   string                       `json:"custom_id"`
	Title      string                       `json:"title"`
	Components []discordgo.MessageComponent `json:"components"`
}

// typed is a field of text, in its row; what is not needed may stay empty.
func typed(name, label, initial string, lines, needed bool) discordgo.MessageComponent {
	style := discordgo.TextInputShort
	if lines {
		style = discordgo.TextInputParagraph
	}
	return discordgo.ActionsRow{Components: []discordgo.MessageComponent{discordgo.TextInput{
		CustomID: name, Label: bot.Short(label, titleLimit), Style: style, Value: bot.Short(initial, typedLimit), Required: needed, MaxLength: typedLimit,
	}}}
}

// openForward opens the form that makes a request of a text.
func (b *Bot) openForward(ctx context.Context, i interaction, text string) error {
	rows := []discordgo.MessageComponent{typed(fieldText, b.chat.Label("forward-text"), text, true, true)}
	for _, f := range forwardFields {
		rows = append(rows, typed(f.name, b.chat.Label(f.label), "", false, false))
	}
	return b.answer(ctx, i, answerForm, form{CustomID: formForward, Title: bot.Short(b.chat.Label("forward-title"), titleLimit), Components: rows})
}

// voteForm asks why an answer was of no use.
func (b *Bot) voteForm(answer string) form {
	return form{
		CustomID: formVote + ":" + answer, Title: bot.Short(b.chat.Label("useless"), titleLimit),
		Components: []discordgo.MessageComponent{typed(fieldReason, b.chat.Label("vote-why"), "", true, false)},
	}
}

// actForm asks what an act on a request needs; shown is the card's message, to the direction of « pas pour nous ».
func (b *Bot) actForm(act bot.Act, key bot.CardKey, shown, to string) form {
	return form{
		CustomID: bot.Short(formAct+":"+string(act)+":"+key.String()+":"+shown+":"+to, optionLimit), Title: bot.Short(b.chat.ActLabel(act)+" : "+key.Reference, titleLimit),
		Components: []discordgo.MessageComponent{typed(fieldText, b.chat.ActAsks(act), "", true, true)},
	}
}

// passMenu asks which direction a request is for.
func (b *Bot) passMenu(card bot.Card, shown string) page {
	p := told(b.chat.Label("form-to"))
	all := card.Directions
	for n := 0; len(all) > 0 && n < menusLimit; n++ {
		some := all[:min(len(all), menuLimit)]
		all = all[len(some):]
		p.Components = append(p.Components, chosen(onPassTo+":"+card.Key().String()+":"+shown, b.chat.Label("form-to"), n, some))
	}
	return p
}

// chosen is the nth menu of a message, in its row.
func chosen(id, label string, n int, choices []bot.Choice) discordgo.MessageComponent {
	id += ":" + strconv.Itoa(n) // no two have the same name
	options := make([]discordgo.SelectMenuOption, 0, len(choices))
	for _, c := range choices {
		// discordgo always sends a description, which Discord wants not to be empty.
		label, description, explained := strings.Cut(c.Label, " – ")
		if !explained {
			description = c.Text
		}
		options = append(options, discordgo.SelectMenuOption{Label: bot.Short(label, optionLimit), Description: bot.Short(description, optionLimit), Value: c.Text})
	}
	return discordgo.ActionsRow{Components: []discordgo.MessageComponent{discordgo.SelectMenu{
		MenuType: discordgo.StringSelectMenu, CustomID: bot.Short(id, optionLimit), Placeholder: bot.Short(label, optionLimit), Options: options,
	}}}
}
