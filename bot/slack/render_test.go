package slack

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"guichet/bot"
)

func texts(blocks []slack.Block) []string {
	var out []string
	for _, b := range blocks {
		if s, ok := b.(*slack.SectionBlock); ok {
			out = append(out, s.Text.Text)
		}
	}
	return out
}

func TestPlain(t *testing.T) {
	for written, want := range map[string]string{
		"<@UBOT> Bonjour":                                  "Bonjour",
		"<@UBOT|guichet> Bonjour &amp; merci":              "Bonjour & merci",
		"<@U1|ada> &lt;b&gt;":                              "@ada <b>",
		"voir <#C1|general> et <#C2>":                      "voir #general et #C2",
		"<https://exemple.invalid|ici>":                    "ici (https://exemple.invalid)",
		"<https://exemple.invalid>":                        "https://exemple.invalid",
		"<http://exemple.invalid|exemple.invalid>":         "exemple.invalid",
		"<mailto:ada@exemple.invalid|ada@exemple.invalid>": "ada@exemple.invalid",
		"<!here> <!subteam^S1|@agents> <!channel>":         "@here @agents @channel",
		"&amp;lt;": "&lt;",
		"a < b":    "a < b",
	} {
		if got := plain(written, "UBOT"); got != want {
			t.Errorf("%q is read %q, want %q", written, got, want)
		}
	}
}

func FuzzPlain(f *testing.F) {
	f.Add("<@UBOT> <https://a|b> &lt;!here&gt;")
	f.Add("<<a>|>&amp;<")
	f.Fuzz(func(t *testing.T, text string) {
		if got := plain(text, "UBOT"); utf8.ValidString(text) && !utf8.ValidString(got) {
			t.Errorf("%q gives %q", text, got)
		}
	})
}

// special is what Slack would act on: links, mentions, channels, commands.
var special = regexp.MustCompile(`<[^>]*>?`)

func FuzzSplit(f *testing.F) {
	f.Add(strings.Repeat("mot ", 2000), 100)
	f.Add("```\n"+strings.Repeat("code\n", 50)+"```\nfin", 60)
	f.Add("voir <https://exemple.invalid/"+strings.Repeat("a", 30)+"|un lien> et &amp; puis <!channel>", 50)
	f.Add(strings.Repeat("&amp;", 100), 40)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = 40 + (limit%3000+3000)%3000
		text = escape(text)
		parts := split(text, limit)
		joined := ""
		for _, part := range parts {
			if n := utf8.RuneCountInString(part); n > limit {
				t.Errorf("%d characters, at most %d: %q", n, limit, part)
			}
			if special.MatchString(part) {
				t.Errorf("Slack would act on %q", part)
			}
			if i := strings.LastIndex(part, "&"); i >= 0 && !strings.Contains(part[i:], ";") {
				t.Errorf("cut in an escaped sign: %q", part)
			}
			if len(parts) > 1 && strings.Count(part, bot.Fence)%2 == 1 && strings.Count(text, bot.Fence)%2 == 0 {
				t.Errorf("a bot.Fence is left open: %q", part)
			}
			joined += part
		}
		// Nothing is lost but white space and the fences that were closed and opened again.
		squeeze := func(s string) string { return strings.Join(strings.Fields(strings.ReplaceAll(s, bot.Fence, "")), "") }
		if utf8.ValidString(text) && strings.Trim(squeeze(joined), "`") != strings.Trim(squeeze(text), "`") {
			t.Errorf("%q became %q", squeeze(text), squeeze(joined))
		}
	})
}

func TestALinkIsNotCut(t *testing.T) {
	one := link("https://exemple.invalid/"+strings.Repeat("x", 200), "une fiche dont le titre est long")
	for lead := range 120 {
		for _, part := range split(strings.Repeat("a", lead)+" "+one+" "+strings.Repeat("b ", 300), 300) {
			if strings.Contains(part, "<") != strings.Contains(part, ">") {
				t.Fatalf("cut: %q", part)
			}
		}
	}
}

func TestAFenceIsClosedAndOpenedAgain(t *testing.T) {
	parts := split("Avant\n"+bot.Fence+"\n"+strings.Repeat("ligne de code\n", 40)+bot.Fence+"\nAprès", 200)
	for _, part := range parts {
		if strings.Count(part, bot.Fence)%2 != 0 {
			t.Errorf("%q", part)
		}
	}
	if len(parts) < 3 || !strings.HasSuffix(parts[len(parts)-1], "Après") {
		t.Errorf("%q", parts)
	}
}

func TestNothingPings(t *testing.T) {
	b := &Bot{chat: &bot.Chat{Texts: bot.DefaultTexts()}}
	hostile := "<!channel> <!here> <@U0AGENT> <!subteam^S1> @channel @here <https://mal.invalid|cliquez> &lt;!channel&gt;"
	reply := bot.Reply{
		Text: hostile, Fields: []bot.Field{{Label: hostile, Value: hostile}}, Choices: []bot.Choice{{Label: hostile, Text: hostile}},
		Quotes: []bot.Quote{{Title: hostile, Section: hostile, Text: hostile, URL: "https://exemple.invalid/|<!here>"}, {Title: hostile, Text: hostile, URL: "javascript:alert(1)"}},
	}
	blocks := append(b.reply(bot.Incoming{}, bot.Shown{Reply: reply}), b.card(bot.Card{Headline: hostile, Fields: reply.Fields, Acts: []bot.Act{bot.Take}})...)
	for _, block := range blocks {
		if s, ok := block.(*slack.SectionBlock); ok {
			for _, acted := range special.FindAllString(s.Text.Text, -1) {
				if !strings.HasPrefix(acted, "<https://exemple.invalid/%7C%3C!here%3E|") {
					t.Errorf("Slack would act on %q", acted)
				}
			}
			if !s.Text.Verbatim {
				t.Errorf("Slack would read %q for names", s.Text.Text)
			}
		}
	}
	if text := fallback(hostile); special.MatchString(text) {
		t.Errorf("the notification would ping: %q", text)
	}
}

func TestLimitsOfBlocks(t *testing.T) {
	b := &Bot{chat: &bot.Chat{Texts: bot.DefaultTexts()}}
	long := strings.Repeat("Un mot et un autre.\n", 500)
	reply := bot.Reply{Text: long, Answer: "cle"}
	for i := range 60 {
		reply.Quotes = append(reply.Quotes, bot.Quote{Title: strings.Repeat("titre ", 200), Section: long, Text: long[:i*160], URL: "https://exemple.invalid"})
		reply.Fields = append(reply.Fields, bot.Field{Label: fmt.Sprint(i), Value: long[:i*100]})
		reply.Choices = append(reply.Choices, bot.Choice{Label: strings.Repeat("choix ", 50), Text: long[:i*50]})
	}
	all := b.reply(bot.Incoming{ID: "1"}, bot.Shown{Reply: reply, Publish: true})
	for _, blocks := range messages(all) {
		if len(blocks) > 50 || len(blocks) == 0 {
			t.Errorf("%d blocks", len(blocks))
		}
		for _, block := range blocks {
			switch block := block.(type) {
			case *slack.SectionBlock:
				if n := utf8.RuneCountInString(block.Text.Text); n > 3000 || n == 0 {
					t.Errorf("a block of %d characters", n)
				}
			case *slack.ActionBlock:
				if n := len(block.Elements.ElementSet); n > 25 {
					t.Errorf("%d buttons in a block", n)
				}
				for _, e := range block.Elements.ElementSet {
					if e := e.(*slack.ButtonBlockElement); utf8.RuneCountInString(e.Text.Text) > 75 || utf8.RuneCountInString(e.Value) > 2000 {
						t.Errorf("button %q", e.Text.Text)
					}
				}
			}
		}
	}
	// A citation stays whole where a block can hold it, and says again which one it is where it cannot.
	short, far := quote(1, bot.Quote{Title: "Fiche", Text: long[:2000]}), quote(2, bot.Quote{Title: "Fiche", Text: long})
	if len(short) != 1 || len(far) < 4 {
		t.Errorf("%d blocks, %d blocks", len(short), len(far))
	}
	for i, text := range texts(far) {
		if !strings.HasPrefix(text, fmt.Sprintf("*[2]* Fiche · sans date (%d/%d)\n> ", i+1, len(far))) {
			t.Errorf("%.80q", text)
		}
	}
}

func TestTheManifestIsRead(t *testing.T) {
	if strings.Contains(strings.Join(Scopes(), " "), "admin") || len(Scopes()) == 0 {
		t.Errorf("scopes %v", Scopes())
	}
	if !strings.Contains(string(Manifest), "callback_id: "+formForward) {
		t.Error("the shortcut of the manifest is not the one that is handled")
	}
}

func FuzzSheet(f *testing.F) {
	f.Add(`{"act":"take","key":"2026-0001@1"}`)
	f.Add("@")
	f.Fuzz(func(t *testing.T, source string) {
		if key, err := bot.ParseCardKey(source); err == nil {
			if again, err := bot.ParseCardKey(key.String()); err != nil || again != key {
				t.Errorf("%q: %+v, %v", source, again, err)
			}
		}
		var s sheet
		if json.Unmarshal([]byte(source), &s) == nil {
			var again sheet
			if err := json.Unmarshal([]byte(s.String()), &again); err != nil || utf8.ValidString(source) && again != s {
				t.Errorf("%q: %+v, %v", source, again, err)
			}
		}
		moment(source)
	})
}
