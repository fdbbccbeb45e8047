package discord

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/bwmarrin/discordgo"

	"guichet/bot"
)

// Discord's limits, in characters and numbers; the title of an embed and the name of a field have 256 characters, twice a
// hundred that are escaped with what follows (docs.discord.com/developers/resources/message, « Create Message », « Embed
// Limits »; docs.discord.com/developers/components/reference).
const (
	textLimit        = 2000
	embedsLimit      = 10
	descriptionLimit = 4096
	allEmbedsLimit   = 6000
	fieldsLimit      = 25
	valueLimit       = 1024
	buttonLimit      = 80
	idLimit          = 100
	rowLimit         = 5
	rowsLimit        = 5
)

// page is a message as it is sent.
type page struct {
	Content    string                       `json:"content,omitempty"`
	Embeds     []*discordgo.MessageEmbed    `json:"embeds,omitempty"`
	Components []discordgo.MessageComponent `json:"components,omitempty"`
	// AllowedMentions is always nobody.
	AllowedMentions mentions                    `json:"allowed_mentions"`
	Reference       *discordgo.MessageReference `json:"message_reference,omitempty"`
	Flags           int                         `json:"flags,omitempty"`
	Nonce           string                      `json:"nonce,omitempty"`
	EnforceNonce    bool                        `json:"enforce_nonce,omitempty"`
}

// mentions always says that nobody is called, not even the author of the message replied to
// (docs.discord.com/developers/resources/message, « Allowed Mentions Object »).
type mentions struct{}

var nobody mentions

// MarshalJSON implements json.Marshaler.
func (mentions) MarshalJSON() ([]byte, error) {
	return []byte(`{"parse":[],"replied_user":false}`), nil
}

// alone makes a page that only one person sees.
func (p page) alone() page {
	p.Flags = ephemeral
	return p
}

// says gives what the page says, as message.says does.
func (p page) says() string {
	all := p.Content
	for _, e := range p.Embeds {
		all += " " + e.Title + " " + e.Description
	}
	return strings.Join(strings.Fields(all), " ")
}

// address is one of the web's: Discord makes a link of it whatever stands around, and reads no markup in it.
var address = regexp.MustCompile(`https?://[^\s<>()\[\]|*` + "`" + `\\]*[^\s<>()\[\]|*` + "`" + `\\.,;:!?'"»]`)

// whole is what is never cut: links, addresses, a sign with its escape.
var whole = regexp.MustCompile(`\[(?:[^\[\]\\\n]|\\.)*\]\(<[^<>\s]*>\)|<[^<>\s]*>|https?://[^\s<>()\[\]|*` + "`" + `\\]+|\\.`)

// marks are what Discord reads as markup anywhere (docs.discord.com/developers/reference, « Message Formatting »).
var marks = strings.NewReplacer("\\", "\\\\", "*", "\\*", "_", "\\_", "~", "\\~", "`", "\\`", "|", "\\|", "<", "\\<", ">", "\\>", "[", "\\[", "]", "\\]", "@", "\\@")

// lineMark is what Discord reads as markup at the beginning of a line: titles, small print, lists.
var lineMark = regexp.MustCompile(`(?m)^(\s*)(#|-|\+|(?:\d+)\.)`)

// escape makes a text say what it says: no link but addresses as they are, no mention, no markup.
func escape(text string) string {
	var b strings.Builder
	last := 0
	for _, at := range address.FindAllStringIndex(text, -1) {
		b.WriteString(marks.Replace(text[last:at[0]]))
		b.WriteString("<" + text[at[0]:at[1]] + ">") // between <> nothing is shown of the page behind
		last = at[1]
	}
	b.WriteString(marks.Replace(text[last:]))
	return lineMark.ReplaceAllStringFunc(b.String(), func(m string) string {
		if i := strings.IndexByte(m, '.'); i >= 0 {
			return m[:i] + "\\."
		}
		return m[:len(m)-1] + "\\" + m[len(m)-1:]
	})
}

func split(text string, limit int) []string { return bot.Split(text, limit, whole) }

// paragraphs gives the pages of a plain text.
func paragraphs(text string) []page {
	var pages []page
	for _, part := range split(escape(text), textLimit) {
		pages = append(pages, page{Content: part})
	}
	return pages
}

// lastly adds a line to the last page.
func lastly(pages []page, line string) []page {
	last := &pages[len(pages)-1]
	if utf8.RuneCountInString(last.Content)+utf8.RuneCountInString(line)+1 > textLimit {
		return append(pages, page{Content: line})
	}
	last.Content = strings.TrimPrefix(last.Content+"\n"+line, "\n")
	return pages
}

// web gives an address of the web that Discord takes, or nothing.
func web(url string) string {
	if !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://") || utf8.RuneCountInString(url) > 1000 || strings.ContainsAny(url, " \n\t") {
		return ""
	}
	return url
}

// quote gives a citation: its source, then its words, in embeds of its own.
func quote(n int, q bot.Quote) []*discordgo.MessageEmbed {
	var source []string
	for _, more := range []string{q.Section, q.Dated()} {
		if more != "" {
			source = append(source, escape(bot.Short(more, 200)))
		}
	}
	if q.Closed {
		source = append(source, "dispositif clos")
	}
	head := ""
	if len(source) > 0 {
		head = bot.Short(strings.Join(source, " · "), 600) + "\n"
	}
	title := "[" + strconv.Itoa(n) + "] " + escape(bot.Short(q.Title, 100))
	words := "« " + escape(q.Text) + " »"
	// « > » begins each line of the citation, and is counted.
	parts := split(words, descriptionLimit-utf8.RuneCountInString(head)-2*(strings.Count(words, "\n")+1))
	if strings.Count(words, "\n") > 500 {
		parts = split(strings.Join(strings.Fields(words), " "), descriptionLimit-utf8.RuneCountInString(head)-2)
	}
	var embeds []*discordgo.MessageEmbed
	for i, part := range parts {
		e := &discordgo.MessageEmbed{Title: title, URL: web(q.URL), Description: head + "> " + strings.ReplaceAll(part, "\n", "\n> ")}
		if len(parts) > 1 { // longer than an embed: each part says again which citation it is of
			e.Title += " (" + strconv.Itoa(i+1) + "/" + strconv.Itoa(len(parts)) + ")"
		}
		embeds = append(embeds, e)
	}
	return embeds
}

// fields shows labelled values, in as few embeds as hold them; a long value goes on in fields of the same name.
func fields(all []bot.Field) []*discordgo.MessageEmbed {
	var embeds []*discordgo.MessageEmbed
	e := &discordgo.MessageEmbed{}
	for _, f := range all {
		parts := split(escape(f.Value), valueLimit)
		for i, part := range parts {
			name := escape(bot.Short(f.Label, 100))
			if len(parts) > 1 {
				name += " (" + strconv.Itoa(i+1) + "/" + strconv.Itoa(len(parts)) + ")"
			}
			if strings.TrimSpace(name) == "" {
				name = "–"
			}
			one := &discordgo.MessageEmbedField{Name: name, Value: part}
			if strings.TrimSpace(part) == "" {
				one.Value = "–"
			}
			if len(e.Fields) == fieldsLimit || weight(e)+utf8.RuneCountInString(one.Name)+utf8.RuneCountInString(one.Value) > allEmbedsLimit {
				embeds = append(embeds, e)
				e = &discordgo.MessageEmbed{}
			}
			e.Fields = append(e.Fields, one)
		}
	}
	if len(e.Fields) > 0 {
		embeds = append(embeds, e)
	}
	return embeds
}

// weight is what an embed counts for in the limit of all those of a message.
func weight(e *discordgo.MessageEmbed) int {
	n := utf8.RuneCountInString(e.Title) + utf8.RuneCountInString(e.Description)
	for _, f := range e.Fields {
		n += utf8.RuneCountInString(f.Name) + utf8.RuneCountInString(f.Value)
	}
	return n
}

// pack adds embeds to pages of text, on the last one and as many more as it takes.
func pack(pages []page, embeds []*discordgo.MessageEmbed) []page {
	total := 0
	for _, e := range embeds {
		last := &pages[len(pages)-1]
		if len(last.Embeds) == embedsLimit || len(last.Embeds) > 0 && total+weight(e) > allEmbedsLimit {
			pages = append(pages, page{})
			last, total = &pages[len(pages)-1], 0
		}
		last.Embeds = append(last.Embeds, e)
		total += weight(e)
	}
	return pages
}

func button(id, text string) discordgo.MessageComponent {
	return discordgo.Button{CustomID: id, Label: bot.Short(text, buttonLimit), Style: discordgo.SecondaryButton}
}

// rows puts buttons in rows.
func rows(buttons []discordgo.MessageComponent) []discordgo.MessageComponent {
	var all []discordgo.MessageComponent
	for row := range slices.Chunk(buttons, rowLimit) {
		all = append(all, discordgo.ActionsRow{Components: row})
	}
	return all[:min(len(all), rowsLimit)]
}

// reply renders what a message gets.
func (b *Bot) reply(in bot.Incoming, s bot.Shown) []page {
	choice := onChoice
	if s.Own {
		choice = onOwnChoice
	}
	var buttons, menus []discordgo.MessageComponent
	var fitting []bot.Choice
	text := s.Reply.Text
	for _, c := range s.Reply.Choices {
		// What is too long to be a button is shown, to be written.
		if strings.TrimSpace(c.Text) == "" || utf8.RuneCountInString(choice+":99:"+c.Text) > idLimit {
			text += "\n– " + c.Text
			continue
		}
		fitting = append(fitting, c)
	}
	if len(fitting) > rowLimit {
		for n, some := range slices.Collect(slices.Chunk(fitting[:min(len(fitting), menuLimit*(rowsLimit-1))], menuLimit)) {
			menus = append(menus, chosen(choice+":"+menu, b.chat.Label("choose"), n, some))
		}
	} else {
		for i, c := range fitting {
			buttons = append(buttons, button(choice+":"+strconv.Itoa(i)+":"+c.Text, c.Label))
		}
	}
	if s.Publish && utf8.RuneCountInString(onPublish+":"+in.ID) <= idLimit {
		buttons = append(buttons, button(onPublish+":"+in.ID, b.chat.Label("publish")))
	}
	if s.Reply.Answer != "" {
		buttons = append(buttons, button(onUseful+":"+s.Reply.Answer, "👍 "+b.chat.Label("useful")), button(onUseless+":"+s.Reply.Answer, "👎 "+b.chat.Label("useless")))
	}
	embeds := fields(s.Reply.Fields)
	for i, q := range s.Reply.Quotes {
		embeds = append(embeds, quote(i+1, q)...)
	}
	pages := pack(paragraphs(text), embeds)
	pages[len(pages)-1].Components = append(menus, rows(buttons)...)
	return pages
}

// card renders a request that is handed over. Its first page has its buttons, and says its number.
func (b *Bot) card(c bot.Card, mark string) []page {
	head := page{Content: "**" + escape(bot.Short(c.Headline, textLimit/2-100)) + "**"}
	pages := pack(lastly([]page{head}, mark), fields(c.Fields))
	var buttons []discordgo.MessageComponent
	for _, act := range c.Acts {
		buttons = append(buttons, button(onAct+":"+string(act)+":"+c.Key().String(), b.chat.ActLabel(act)))
	}
	pages[0].Components = rows(buttons)
	for i := range pages[1:] { // the pages that follow bear the number too, and theirs
		pages[i+1].Content = mark + " (" + strconv.Itoa(i+2) + "/" + strconv.Itoa(len(pages)) + ")"
	}
	return pages
}
