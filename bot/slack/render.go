package slack

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"guichet/bot"
)

// Slack's limits, in characters and blocks (docs.slack.dev/reference/block-kit/blocks/section-block,
// docs.slack.dev/reference/block-kit/blocks, docs.slack.dev/reference/block-kit/block-elements/button-element).
const (
	sectionLimit = 3000
	blocksLimit  = 50
	buttonLimit  = 75
	valueLimit   = 2000
	rowLimit     = 25
	noticeLimit  = 3000
)

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// escape makes a text say what it says: no link, no mention, no « <!channel> » can come of it
// (docs.slack.dev/messaging/formatting-message-text, « Escaping text »).
func escape(text string) string { return escaper.Replace(text) }

var (
	unescaper = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")
	// token is what Slack wraps: <@U012>, <#C012|name>, <!here>, <https://…|label>.
	token = regexp.MustCompile(`<([^<>]*)>`)
)

// plain gives what a person wrote, without Slack's markup: links as they read, mentions by their names, the bot's own none.
func plain(text, me string) string {
	text = token.ReplaceAllStringFunc(text, func(t string) string {
		target, name, named := strings.Cut(t[1:len(t)-1], "|")
		switch {
		case me != "" && target == "@"+me:
			return " "
		case strings.HasPrefix(target, "@"), strings.HasPrefix(target, "#"):
			if named && name != "" {
				return target[:1] + strings.TrimLeft(name, "@#")
			}
			return target
		case strings.HasPrefix(target, "!"):
			if named {
				return name
			}
			return "@" + target[1:]
		case named && name != "" && !strings.Contains(target, name):
			return name + " (" + target + ")"
		case named && name != "":
			return name
		}
		return target
	})
	return strings.TrimSpace(unescaper.Replace(text))
}

// fallback is the text of a message for notifications and for screen readers.
func fallback(text string) string { return split(escape(text), noticeLimit)[0] }

// whole is what is never cut: links and escaped signs.
var whole = regexp.MustCompile(`<[^<>]*>|&[a-z]+;`)

func split(text string, limit int) []string { return bot.Split(text, limit, whole) }

// sections gives the blocks of a text of mrkdwn.
func sections(mrkdwn string) []slack.Block {
	var blocks []slack.Block
	for _, part := range split(mrkdwn, sectionLimit) {
		// Verbatim: Slack makes no link and no mention of what it reads.
		blocks = append(blocks, slack.NewSectionBlock(slack.NewTextBlockObject(slack.MarkdownType, part, false, true), nil, nil))
	}
	return blocks
}

// paragraphs gives the blocks of a plain text.
func paragraphs(text string) []slack.Block { return sections(escape(text)) }

// link gives a link, or the label alone when the address is not one of the web's.
func link(url, text string) string {
	url = strings.NewReplacer("&", "&amp;", "<", "%3C", ">", "%3E", "|", "%7C", " ", "%20", "\n", "").Replace(url)
	if !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://") || utf8.RuneCountInString(url) > 1000 {
		return text
	}
	return "<" + url + "|" + strings.NewReplacer("|", "/", "\n", " ").Replace(text) + ">"
}

// quote gives a citation: its source, then its words, in blocks of its own.
func quote(n int, q bot.Quote) []slack.Block {
	source := []string{link(q.URL, escape(bot.Short(q.Title, 200)))}
	for _, more := range []string{q.Section, q.Dated()} {
		if more != "" {
			source = append(source, escape(bot.Short(more, 200)))
		}
	}
	if q.Closed {
		source = append(source, "dispositif clos")
	}
	head := fmt.Sprintf("*[%d]* %s", n, strings.Join(source, " · "))
	words := strings.Split("« "+strings.ReplaceAll(escape(q.Text), bot.Fence, "'''")+" »", "\n")
	text := head + "\n> " + strings.Join(words, "\n> ")
	if utf8.RuneCountInString(text) <= sectionLimit {
		return sections(text)
	}
	// Longer than a block: each part says again which citation it is of.
	var blocks []slack.Block
	parts := split(strings.Join(words, "\n"), sectionLimit-utf8.RuneCountInString(head)-300) // the rest is for « > »
	for i, part := range parts {
		blocks = append(blocks, sections(fmt.Sprintf("%s (%d/%d)\n> %s", head, i+1, len(parts), strings.ReplaceAll(part, "\n", "\n> ")))...)
	}
	return blocks
}

// fields shows labelled values.
func fields(all []bot.Field) []slack.Block {
	var blocks []slack.Block
	text := ""
	for _, f := range all {
		one := "*" + escape(f.Label) + "* : " + escape(f.Value)
		if strings.Contains(f.Value, "\n") {
			one = "*" + escape(f.Label) + "*\n" + escape(f.Value)
		}
		if text != "" && utf8.RuneCountInString(text)+utf8.RuneCountInString(one) >= sectionLimit {
			blocks = append(blocks, sections(text)...)
			text = ""
		}
		text = strings.TrimPrefix(text+"\n"+one, "\n")
	}
	if text != "" {
		blocks = append(blocks, sections(text)...)
	}
	return blocks
}

func button(action, value, text string) *slack.ButtonBlockElement {
	return slack.NewButtonBlockElement(action, value, slack.NewTextBlockObject(slack.PlainTextType, bot.Short(text, buttonLimit), false, false))
}

// rows puts buttons in blocks.
func rows(buttons []slack.BlockElement) []slack.Block {
	var blocks []slack.Block
	for len(buttons) > 0 {
		n := min(len(buttons), rowLimit)
		blocks = append(blocks, slack.NewActionBlock("", buttons[:n]...))
		buttons = buttons[n:]
	}
	return blocks
}

// reply renders what a message gets.
func (b *Bot) reply(in bot.Incoming, s bot.Shown) []slack.Block {
	blocks := paragraphs(s.Reply.Text)
	blocks = append(blocks, fields(s.Reply.Fields)...)
	for i, q := range s.Reply.Quotes {
		blocks = append(blocks, quote(i+1, q)...)
	}
	choice := onChoice
	if s.Own {
		choice = onOwnChoice
	}
	var buttons []slack.BlockElement
	for i, c := range s.Reply.Choices {
		if utf8.RuneCountInString(c.Text) <= valueLimit {
			buttons = append(buttons, button(fmt.Sprintf("%s:%d", choice, i), c.Text, c.Label))
		}
	}
	if s.Publish {
		buttons = append(buttons, button(onPublish, in.ID, b.chat.Label("publish")))
	}
	if s.Reply.Answer != "" {
		buttons = append(buttons, button(onUseful, s.Reply.Answer, "👍 "+b.chat.Label("useful")), button(onUseless, s.Reply.Answer, "👎 "+b.chat.Label("useless")))
	}
	return append(blocks, rows(buttons)...)
}

// card renders a request that is handed over.
func (b *Bot) card(c bot.Card) []slack.Block {
	blocks := append(sections("*"+escape(c.Headline)+"*"), fields(c.Fields)...)
	var buttons []slack.BlockElement
	for _, act := range c.Acts {
		buttons = append(buttons, button(onAct+":"+string(act), c.Key().String(), b.chat.ActLabel(act)))
	}
	return append(blocks, rows(buttons)...)
}

// messages shares blocks out between messages.
func messages(blocks []slack.Block) [][]slack.Block {
	var all [][]slack.Block
	for len(blocks) > blocksLimit {
		all = append(all, blocks[:blocksLimit])
		blocks = blocks[blocksLimit:]
	}
	return append(all, blocks)
}
