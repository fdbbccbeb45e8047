package discord

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/bwmarrin/discordgo"

	"guichet/bot"
)

func TestPlain(t *testing.T) {
	people := []user{{ID: "1", Username: "ada", GlobalName: "Ada L."}, {ID: "9", Username: "guichet"}}
	for written, want := range map[string]string{
		"<@9> Bonjour":                                "Bonjour",
		"<@!9>Bonjour <@1> et <@2>":                   "Bonjour @Ada L. et @2",
		"<@&4> voir <#5>":                             "@4 voir #5",
		"<:oui:123> <a:danse:123>":                    ":oui: :danse:",
		"</guichet question:12> <t:1618953630:F>":     "/guichet question 1618953630:F",
		"<https://exemple.invalid/a> <b> a < b":       "https://exemple.invalid/a <b> a < b",
		"@everyone **gras** [ici](https://x.invalid)": "@everyone **gras** [ici](https://x.invalid)",
	} {
		if got := plain(message{Content: written, Mentions: people}, "9"); got != want {
			t.Errorf("%q is read %q, want %q", written, got, want)
		}
	}
}

func FuzzPlain(f *testing.F) {
	f.Add("<@9> <https://a> <:a:1> <t:1:R> </x:1>")
	f.Add("<<a>|>&amp;<")
	f.Fuzz(func(t *testing.T, text string) {
		if got := plain(message{Content: text}, "9"); utf8.ValidString(text) && !utf8.ValidString(got) {
			t.Errorf("%q gives %q", text, got)
		}
	})
}

func TestEscape(t *testing.T) {
	for text, want := range map[string]string{
		"a *b* _c_ ~~d~~ `e` ||f||":                       "a \\*b\\* \\_c\\_ \\~\\~d\\~\\~ \\`e\\` \\|\\|f\\|\\|",
		"# titre\n- liste\n1. un\n> cite\n-# petit":       "\\# titre\n\\- liste\n1\\. un\n\\> cite\n\\-# petit",
		"[ici](https://mal.invalid/a_b)":                  "\\[ici\\](<https://mal.invalid/a_b>)",
		"<@1> <#1> <@&1> @everyone":                       "\\<\\@1\\> \\<#1\\> \\<\\@&1\\> \\@everyone",
		"voir https://exemple.invalid/a_b?c=*d. Merci":    "voir <https://exemple.invalid/a_b?c=>\\*d. Merci",
		"c'est 1.5 M€ – un tiret - et un # dans la ligne": "c'est 1.5 M€ – un tiret - et un # dans la ligne",
	} {
		if got := escape(text); got != want {
			t.Errorf("%q is written %q, want %q", text, got, want)
		}
	}
}

// acted is what Discord would act on, a backslash before taken off: mentions, titled links, code.
var acted = regexp.MustCompile("(?:^|[^\\\\])(?:\\\\\\\\)*(<[@#:at/]|@everyone|@here|\\]\\(h|`|\\|\\|)")

func FuzzSplit(f *testing.F) {
	f.Add(strings.Repeat("mot ", 2000), 100)
	f.Add("voir https://exemple.invalid/"+strings.Repeat("a", 30)+" et *puis* <@1>", 60)
	f.Add(strings.Repeat("*", 100), 41)
	f.Add("```\n"+strings.Repeat("code\n", 50)+"```\nfin", 60)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = 40 + (limit%3000+3000)%3000
		all := escape(text)
		parts := split(all, limit)
		joined := ""
		for _, part := range parts {
			if n := utf8.RuneCountInString(part); n > limit {
				t.Errorf("%d characters, at most %d: %q", n, limit, part)
			}
			if found := acted.FindString(part); found != "" {
				t.Errorf("Discord would act on %q of %q", found, part)
			}
			if trailing := len(part) - len(strings.TrimRight(part, "\\")); trailing%2 == 1 {
				t.Errorf("cut in an escape: %q", part)
			}
			joined += part
		}
		squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if utf8.ValidString(all) && squeeze(joined) != squeeze(all) {
			t.Errorf("%q became %q", squeeze(all), squeeze(joined))
		}
	})
}

func TestAnAddressIsNotCut(t *testing.T) {
	one := escape("https://exemple.invalid/" + strings.Repeat("x", 200))
	for lead := range 120 {
		found := false
		for _, part := range split(strings.Repeat("a", lead)+" "+one+" "+strings.Repeat("b ", 300), 300) {
			found = found || strings.Contains(part, one)
		}
		if !found {
			t.Fatalf("cut after %d characters", lead)
		}
	}
}

func rendered(t *testing.T, pages []page) string {
	t.Helper()
	all := ""
	for _, p := range pages {
		data, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(data), `"allowed_mentions":{"parse":[],"replied_user":false}`) {
			t.Errorf("mentions are allowed: %s", data)
		}
		all += string(data) + "\n"
	}
	return all
}

func TestNothingPings(t *testing.T) {
	b := &Bot{chat: &bot.Chat{Texts: bot.DefaultTexts()}}
	hostile := "<@300000000000000001> <@&4> @everyone @here [cliquez](https://mal.invalid) `code` ||caché||"
	reply := bot.Reply{
		Text: hostile, Fields: []bot.Field{{Label: hostile, Value: hostile}}, Choices: []bot.Choice{{Label: hostile, Text: hostile}},
		Quotes: []bot.Quote{{Title: hostile, Section: hostile, Text: hostile, URL: "https://exemple.invalid/>@here"}, {Title: hostile, Text: hostile, URL: "javascript:alert(1)"}},
	}
	pages := append(b.reply(bot.Incoming{}, bot.Shown{Reply: reply}), b.card(bot.Card{Headline: hostile, Fields: reply.Fields, Acts: []bot.Act{bot.Take}}, b.mark("cle"))...)
	rendered(t, pages)
	check := func(text string) {
		t.Helper()
		if found := acted.FindString(text); found != "" {
			t.Errorf("Discord would act on %q of %q", found, text)
		}
	}
	for _, p := range pages {
		check(p.Content)
		for _, e := range p.Embeds {
			check(e.Title)
			check(e.Description)
			if strings.HasPrefix(e.URL, "javascript") {
				t.Errorf("address %q", e.URL)
			}
			for _, f := range e.Fields {
				check(f.Name)
				check(f.Value)
			}
		}
	}
}

func TestLimitsOfMessages(t *testing.T) {
	b := &Bot{chat: &bot.Chat{Texts: bot.DefaultTexts()}}
	long := strings.Repeat("Un *mot* et un autre.\n", 400)
	reply := bot.Reply{Text: long, Answer: strings.Repeat("a", 32)}
	for i := range 60 {
		reply.Quotes = append(reply.Quotes, bot.Quote{Title: strings.Repeat("*titre* ", 200), Section: long, Text: long[:i*140], URL: "https://exemple.invalid"})
		reply.Fields = append(reply.Fields, bot.Field{Label: strings.Repeat("*", i*10), Value: long[:i*100]})
		reply.Choices = append(reply.Choices, bot.Choice{Label: strings.Repeat("choix ", 50), Text: fmt.Sprint(i) + long[:i*3]})
	}
	card := bot.Card{Headline: long, Fields: reply.Fields, Reference: "2026-0001", Version: 12, Acts: []bot.Act{bot.Take, bot.Pass, bot.GiveReply, bot.AskPerson}}
	for range 60 {
		card.Directions = append(card.Directions, bot.Choice{Label: long, Text: "DIR" + fmt.Sprint(len(card.Directions))})
	}
	for _, pages := range [][]page{b.reply(bot.Incoming{ID: "/1"}, bot.Shown{Reply: reply, Publish: true}), b.card(card, b.mark("cle")), {b.passMenu(card, "300000000000000001")}} {
		rendered(t, pages)
		for _, p := range pages {
			check(t, p)
		}
	}
	for _, act := range []bot.Act{bot.Pass, bot.GiveReply, bot.AskPerson} {
		f := b.actForm(act, card.Key(), "300000000000000001", "DIRECTION")
		if utf8.RuneCountInString(f.CustomID) > 100 || utf8.RuneCountInString(f.Title) > 45 || !strings.HasSuffix(f.CustomID, ":DIRECTION") {
			t.Errorf("%+v", f)
		}
	}
	// A citation stays whole where an embed can hold it, and says again which one it is where it cannot.
	short, far := quote(1, bot.Quote{Title: "Fiche", Text: long[:2000]}), quote(2, bot.Quote{Title: "Fiche", Text: long})
	if len(short) != 1 || len(far) < 3 {
		t.Errorf("%d embeds, %d embeds", len(short), len(far))
	}
	for i, e := range far {
		if want := fmt.Sprintf("[2] Fiche (%d/%d)", i+1, len(far)); e.Title != want {
			t.Errorf("%q, want %q", e.Title, want)
		}
	}
	// Nothing of a card is lost: a long message goes on in fields of the same name.
	text := strings.Repeat("0123456789 ", 700)
	kept := ""
	for _, p := range b.card(bot.Card{Fields: []bot.Field{{Label: "Message", Value: text}}}, "") {
		for _, e := range p.Embeds {
			for _, f := range e.Fields {
				kept += f.Value + " "
			}
		}
	}
	if strings.Join(strings.Fields(kept), " ") != strings.TrimSpace(text) {
		t.Error("a part of the message is lost")
	}
}

func check(t *testing.T, p page) {
	t.Helper()
	count := utf8.RuneCountInString
	total := 0
	for _, e := range p.Embeds {
		total += weight(e)
		if count(e.Title) > 256 || count(e.Description) > 4096 || len(e.Fields) > 25 {
			t.Errorf("an embed of %d, %d, %d", count(e.Title), count(e.Description), len(e.Fields))
		}
		for _, f := range e.Fields {
			if count(f.Name) > 256 || count(f.Value) > 1024 || strings.TrimSpace(f.Name) == "" || strings.TrimSpace(f.Value) == "" {
				t.Errorf("a field of %d, %d: %q", count(f.Name), count(f.Value), f.Name)
			}
		}
	}
	if count(p.Content) > 2000 || len(p.Embeds) > 10 || total > 6000 || len(p.Components) > 5 {
		t.Errorf("%d characters, %d embeds of %d, %d rows", count(p.Content), len(p.Embeds), total, len(p.Components))
	}
	ids := map[string]bool{}
	for _, row := range p.Components {
		for _, c := range row.(discordgo.ActionsRow).Components {
			id := ""
			switch c := c.(type) {
			case discordgo.Button:
				id = c.CustomID
				if count(c.Label) > 80 {
					t.Errorf("button %q", c.Label)
				}
			case discordgo.SelectMenu:
				id = c.CustomID
				if len(c.Options) > 25 || len(c.Options) == 0 {
					t.Errorf("%d options", len(c.Options))
				}
				for _, o := range c.Options {
					if count(o.Label) > 100 || count(o.Value) > 100 {
						t.Errorf("option %q", o.Label)
					}
				}
			}
			if ids[id] || count(id) > 100 || id == "" {
				t.Errorf("name %q", id)
			}
			ids[id] = true
		}
	}
}

func TestSnowflakes(t *testing.T) {
	// The example of docs.discord.com/developers/reference, « Snowflake IDs in Pagination » and « Convert Snowflake to DateTime ».
	if got, want := moment("175928847299117063"), time.Date(2016, 4, 30, 11, 18, 25, 796e6, time.UTC); !got.Equal(want) {
		t.Errorf("%v, want %v", got, want)
	}
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	if got := moment(snowflake(at)); !got.Equal(at) {
		t.Errorf("%v", got)
	}
	for _, wrong := range []string{"", "x", "-1", "99999999999999999999999"} {
		if got := moment(wrong); !got.IsZero() {
			t.Errorf("%q is %v", wrong, got)
		}
	}
	if !newer("1000000000000000000", "999999999999999999") || newer("1", "1") {
		t.Error("identifiers sort by length first")
	}
}

func TestTheCommandsAreRead(t *testing.T) {
	var all []discordgo.ApplicationCommand
	if err := json.Unmarshal(commands, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 || all[0].Name != commandName || all[1].Name != (&bot.Chat{Texts: bot.DefaultTexts()}).Label("forward") || all[1].Type != discordMessageCommand {
		t.Errorf("%+v", all)
	}
	var sizes func(options []*discordgo.ApplicationCommandOption)
	sizes = func(options []*discordgo.ApplicationCommandOption) {
		for _, o := range options {
			if utf8.RuneCountInString(o.Description) > 100 || o.Description == "" || !regexp.MustCompile(`^[\p{Ll}]{1,32}$`).MatchString(o.Name) || len(o.Choices) > 25 {
				t.Errorf("option %+v", o)
			}
			sizes(o.Options)
		}
	}
	sizes(all[0].Options)
}

func FuzzPayloads(f *testing.F) {
	f.Add(`{"id":"1","channel_id":"1","author":{"id":"1"},"content":"a","mentions":[{"id":"1"}],"referenced_message":{"message_reference":{}}}`)
	f.Add(`{"id":"1","type":2,"token":"t","channel_id":"1","data":{"name":"guichet","options":[{"name":"question","options":[{"name":"texte","value":"a"}]}]},"member":{"user":{"id":"1"}}}`)
	f.Add(`{"data":{"components":[{"components":[{"custom_id":"text","value":"a"}]}],"values":["a"]},"message":{"embeds":[{}]}}`)
	f.Add(`null`)
	f.Fuzz(func(t *testing.T, source string) {
		var m message
		if json.Unmarshal([]byte(source), &m) == nil {
			plain(m, "1")
			_, _, _ = m.replyTo(), m.says(), moment(m.ID)
		}
		var i interaction
		if json.Unmarshal([]byte(source), &i) == nil {
			i.person()
			i.Data.field(fieldText)
			for _, o := range i.Data.Options {
				o.text("texte")
			}
		}
		if p, err := placeOf(bot.Incoming{Show: source}); err == nil {
			if again, err := placeOf(bot.Incoming{Show: p.String()}); err != nil || again != p {
				t.Errorf("%q: %+v, %v", source, again, err)
			}
		}
	})
}
