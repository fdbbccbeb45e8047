package discord

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"

	"guichet/bot"
)

// message takes a message in when it is for guichet; edited tells that its author changed it.
func (b *Bot) message(ctx context.Context, m message, edited bool) error {
	me := b.me.Load()
	if me == nil || m.Author == nil || m.Author.ID == "" || m.ID == "" || m.ChannelID == "" || m.WebhookID != "" || m.Author.Bot || m.Author.System || m.Author.ID == *me ||
		m.Type != typeDefault && m.Type != typeReply {
		return nil
	}
	soon, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	mentioned := slices.ContainsFunc(m.Mentions, func(u user) bool { return u.ID == *me })
	in, ours, err := b.incoming(soon, m, *me, mentioned, edited)
	switch {
	case err != nil && mentioned:
		shown := b.chat.NotReceived(in, err)
		b.work.Background("panne non dite", func(ctx context.Context) error { return b.Show(ctx, in, shown, false) })
		return nil
	case err != nil:
		return err
	case ours:
		err = b.receive(ctx, in)
	}
	if s, found := b.spots.Get(m.ChannelID, b.chat.Now()); found && !edited {
		b.seen(s.channel, m.ID) // threads with their channel: identifiers are made in one order everywhere
	}
	return err
}

// incoming gives a message as the chat takes it; ours is false when it is not for guichet.
func (b *Bot) incoming(ctx context.Context, m message, me string, mentioned, edited bool) (in bot.Incoming, ours bool, err error) {
	in = bot.Incoming{
		Channel: Platform + "/" + m.ChannelID, ID: m.ID, Thread: m.ID, Person: Platform + "/" + m.Author.ID, Text: plain(m, me), At: moment(m.ID),
		Show: place{Channel: m.ChannelID, Message: m.ID}.String(),
	}
	if edited {
		in.ID, in.Edited, in.At = m.ID+"/"+m.Edited, m.ID, b.chat.Now()
	}
	s, err := b.where(ctx, m.ChannelID)
	if err != nil {
		return in, false, err
	}
	if s.direct {
		in.Channel, in.Thread = in.Person, bot.OwnThread
		return in, true, nil
	}
	in.Channel = Platform + "/" + s.channel
	continued := b.continued(m)
	begun := s.thread
	if begun == "" {
		begun = continued
	}
	if !mentioned {
		// Without the right to read it, the text is empty. What calls or answers somebody else is theirs.
		if m.Content == "" || strings.HasPrefix(strings.TrimSpace(m.Content), "<@") || m.Referenced != nil && !b.mine(*m.Referenced) {
			return in, false, nil
		}
		thread := begun
		if thread == "" && edited { // the conversation that it began
			thread = m.ID
		}
		if ours, err = b.chat.Addressed(ctx, in.Channel, thread); err != nil || !ours {
			return in, false, err
		}
	}
	if begun != "" {
		in.Thread = begun
		return in, true, nil
	}
	in.Show = place{Channel: m.ChannelID, Message: m.ID, Thread: true}.String()
	return in, true, nil
}

// continued gives the conversation of a reply to the bot in a channel that takes no thread: the message it had answered.
func (b *Bot) continued(m message) string {
	if m.Referenced == nil || !b.mine(*m.Referenced) {
		return ""
	}
	return m.Referenced.replyTo()
}

// token is what Discord wraps: <@1>, <@!1>, <#1>, <@&1>, <:name:1>, <a:name:1>, </name:1>, <t:1:F>, <https://…>
// (docs.discord.com/developers/reference, « Message Formatting »).
var token = regexp.MustCompile(`<(@[!&]?|#|a?:|t:)([^<>\s]*)>|<(/)([^<>\n]*):\d+>|<(https?://[^<>\s]+)>`)

// plain gives what a person wrote, without Discord's wrapping: people by their names, the bot's own none.
func plain(m message, me string) string {
	text := token.ReplaceAllStringFunc(m.Content, func(t string) string {
		parts := token.FindStringSubmatch(t)
		kind, rest := parts[1], parts[2]
		switch kind {
		case "":
			return parts[3] + parts[4] + parts[5]
		case "@", "@!":
			if rest == me {
				return " "
			}
			for _, u := range m.Mentions {
				if u.ID == rest && u.name() != "" {
					return "@" + u.name()
				}
			}
			return "@" + rest
		case "@&":
			return "@" + rest
		case "#":
			return "#" + rest
		case ":", "a:":
			name, _, _ := strings.Cut(rest, ":")
			return ":" + name + ":"
		}
		return rest
	})
	return strings.TrimSpace(text)
}

// seen records how far a channel was read, now and then: what is caught up twice is served once.
func (b *Bot) seen(channel, id string) {
	now := b.chat.Now()
	if _, just := b.written.Get(channel, now); just {
		return
	}
	b.written.Put(channel, true, now)
	b.work.Background("lecture du canal", func(ctx context.Context) error { return b.chat.Store.Seen(ctx, Platform+"/"+channel, id) })
}

const (
	// catchUpFrom is how far back what was missed is looked for.
	catchUpFrom = 24 * time.Hour
	// threadsFrom is how far back a conversation is still followed.
	threadsFrom = 48 * time.Hour
)

// catchUp takes in what was written while nobody listened. The one that holds the gateway does it.
func (b *Bot) catchUp(ctx context.Context) error {
	now := b.chat.Now()
	channels, err := b.chat.Store.LastSeen(ctx, Platform)
	if err != nil {
		return err
	}
	oldest := snowflake(now.Add(-catchUpFrom))
	for name, since := range channels {
		if newer(oldest, since) {
			since = oldest
		}
		threads, err := b.chat.Store.Threads(ctx, name, now.Add(-threadsFrom))
		if err != nil {
			return err
		}
		for _, id := range append([]string{bare(name)}, threads...) {
			if err := b.catchUpChannel(ctx, id, since); err != nil && !said(err, discordgo.ErrCodeUnknownChannel) {
				b.Log.WarnContext(ctx, "canal non rattrapé", "channel", id, "error", err)
			}
		}
	}
	return nil
}

func (b *Bot) catchUpChannel(ctx context.Context, id, since string) error {
	const most = 100
	address := discordgo.EndpointChannelMessages(id)
	for {
		var page []message
		if err := b.call(ctx, http.MethodGet, address+"?limit=100&after="+since, nil, address, &page); err != nil {
			return err
		}
		slices.SortFunc(page, func(x, y message) int {
			if newer(y.ID, x.ID) {
				return -1
			}
			return 1
		})
		last := since
		for _, m := range page {
			if newer(m.ID, last) {
				last = m.ID
			}
			if !newer(m.ID, since) {
				continue
			}
			if err := b.message(ctx, m, false); err != nil {
				return err
			}
		}
		if len(page) < most || last == since {
			return nil
		}
		since = last
	}
}
