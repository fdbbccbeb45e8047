package slack

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"

	"guichet/bot"
)

// written is what a person wrote, whichever event brought it.
type written struct {
	user, bot, subtype    string
	text                  string
	channel, ts, threadTS string
	direct, mentions      bool
	// edited is when the author changed it, as Slack stamps it; empty when they did not.
	edited string
}

// event handles what Slack's events bring. An error means that Slack must bring it again; retry tells that it does.
func (b *Bot) event(ctx context.Context, e slackevents.EventsAPIEvent, retry bool) error {
	switch inner := e.InnerEvent.Data.(type) {
	case *slackevents.AppMentionEvent:
		if inner.Edited != nil { // message_changed tells it too, with the text as it was
			return nil
		}
		return b.message(ctx, written{
			user: inner.User, bot: inner.BotID, text: inner.Text, channel: inner.Channel, ts: inner.TimeStamp, threadTS: inner.ThreadTimeStamp, mentions: true,
		}, retry)
	case *slackevents.MessageEvent:
		if inner.SubType == "message_changed" {
			return b.changed(ctx, inner, retry)
		}
		return b.message(ctx, written{
			user: inner.User, bot: inner.BotID, subtype: inner.SubType, text: inner.Text, channel: inner.Channel, ts: inner.TimeStamp,
			threadTS: inner.ThreadTimeStamp, direct: inner.ChannelType == slackevents.ChannelTypeIM,
		}, retry)
	case *slackevents.AppHomeOpenedEvent:
		if inner.Tab == "home" && inner.User != "" {
			b.work.Background("accueil de l'application", func(ctx context.Context) error { return b.home(ctx, inner.User) })
		}
	}
	return nil
}

// changed takes in a message that its author changed (docs.slack.dev/reference/events/message/message_changed). Slack tells
// links that it unfurled in the same way, and what the bot itself changed.
func (b *Bot) changed(ctx context.Context, e *slackevents.MessageEvent, retry bool) error {
	now, before := e.Message, e.PreviousMessage
	if now == nil || before == nil || now.Edited == nil || now.Edited.User != now.User || now.Text == before.Text || before.User != now.User {
		return nil
	}
	return b.message(ctx, written{
		user: now.User, bot: now.BotID, subtype: now.SubType, text: now.Text, channel: e.Channel, ts: now.Timestamp, threadTS: now.ThreadTimestamp,
		direct: e.ChannelType == slackevents.ChannelTypeIM, edited: now.Edited.Timestamp,
	}, retry)
}

// people tells the kinds of messages that people write; the others tell of the channel's life, of edits, of programs.
var people = map[string]bool{"": true, "file_share": true, "thread_broadcast": true}

// message takes a message in when it is for guichet.
func (b *Bot) message(ctx context.Context, w written, retry bool) error {
	if !people[w.subtype] || w.bot != "" || w.user == "" || w.channel == "" || w.ts == "" {
		return nil
	}
	soon, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	me, err := b.self()
	if err != nil {
		return err
	}
	if w.user == me.UserID {
		return nil
	}
	if w.edited == "" {
		b.seen(w.channel, w.ts)
	} else if b.chat.Now().Sub(moment(w.ts)) > bot.EditedWithin {
		return nil
	}
	in, ours, err := b.incoming(soon, w, me.UserID)
	if err != nil || !ours {
		return err
	}
	return b.receive(ctx, in, retry)
}

// incoming gives a message as the chat takes it; ours is false when it is not for guichet.
func (b *Bot) incoming(ctx context.Context, w written, me string) (in bot.Incoming, ours bool, err error) {
	in = bot.Incoming{
		Channel: Platform + "/" + w.channel, ID: w.ts, Thread: w.threadTS, Person: Platform + "/" + w.user,
		Text: plain(w.text, me), At: moment(w.ts),
	}
	if w.edited != "" {
		in.ID, in.Edited, in.At = w.ts+"/"+w.edited, w.ts, moment(w.edited)
	}
	if w.direct {
		in.Channel, in.Thread = in.Person, bot.OwnThread
		in.Show = place{Channel: w.channel, TS: w.ts, Thread: w.threadTS}.String()
		return in, true, nil
	}
	mention := "<@" + me
	if !w.mentions && !strings.Contains(w.text, mention+">") && !strings.Contains(w.text, mention+"|") {
		if strings.HasPrefix(strings.TrimSpace(w.text), "<@") { // it calls somebody else
			return in, false, nil
		}
		thread := in.Thread
		if thread == "" && w.edited != "" { // the conversation that it began
			thread = w.ts
		}
		if ours, err = b.chat.Addressed(ctx, in.Channel, thread); err != nil || !ours {
			return in, false, err
		}
	}
	if in.Thread == "" {
		in.Thread = w.ts
	}
	in.Show = place{Channel: w.channel, TS: w.ts, Thread: in.Thread}.String()
	return in, true, nil
}

// moment reads a message's timestamp, seconds with six decimals; it is also the message's name.
func moment(ts string) time.Time {
	seconds, micros, _ := strings.Cut(ts, ".")
	s, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return time.Time{}
	}
	us, err := strconv.ParseInt(micros, 10, 64)
	if err != nil {
		us = 0
	}
	return time.Unix(s, us*1000).UTC()
}

// seen records how far a channel was read, now and then: what is caught up twice is served once.
func (b *Bot) seen(channel, ts string) {
	now := b.chat.Now()
	if _, just := b.written.Get(channel, now); just {
		return
	}
	b.written.Put(channel, true, now)
	b.work.Background("lecture du canal", func(ctx context.Context) error { return b.chat.Store.Seen(ctx, Platform+"/"+channel, ts) })
}

// command handles « /guichet … »: for the person alone, who may then publish.
func (b *Bot) command(ctx context.Context, c slack.SlashCommand) error {
	if c.UserID == "" || c.ChannelID == "" || c.TriggerID == "" {
		return errMalformed
	}
	me, err := b.self()
	if err != nil {
		return err
	}
	person := Platform + "/" + c.UserID
	in := bot.Incoming{
		Channel: person, ID: "/" + c.TriggerID, Thread: bot.OwnThread, Person: person, Text: plain(c.Text, me.UserID), At: b.chat.Now(), Command: true,
		Show: place{Channel: c.ChannelID, URL: c.ResponseURL}.String(),
	}
	if !personal(c.ChannelID) {
		in.In = Platform + "/" + c.ChannelID
	}
	return b.receive(ctx, in, false)
}

const (
	// catchUpFrom is how far back what was missed is looked for.
	catchUpFrom = 24 * time.Hour
	// threadsFrom is how far back a conversation is still followed.
	threadsFrom = 48 * time.Hour
)

// catchUp takes in what was written while nobody listened, once among the replicas.
func (b *Bot) catchUp(ctx context.Context) error {
	now := b.chat.Now()
	mine, err := b.chat.Store.Lease(ctx, "slack/rattrapage", b.name, now, now.Add(time.Minute))
	if err != nil || !mine {
		return err
	}
	channels, err := b.chat.Store.LastSeen(ctx, Platform)
	if err != nil {
		return err
	}
	for channel, since := range channels {
		if moment(since).Before(now.Add(-catchUpFrom)) {
			since = strconv.FormatInt(now.Add(-catchUpFrom).Unix(), 10) + ".000000"
		}
		if err := b.catchUpChannel(ctx, channel, since); err != nil {
			b.Log.WarnContext(ctx, "canal non rattrapé", "channel", channel, "error", err)
		}
	}
	return nil
}

func (b *Bot) catchUpChannel(ctx context.Context, channel, since string) error {
	id := bare(channel)
	history := &slack.GetConversationHistoryParameters{ChannelID: id, Oldest: since, Limit: 200}
	var missed []slack.Message
	for {
		page, err := b.api.GetConversationHistoryContext(ctx, history)
		if err != nil {
			return err
		}
		missed = append(missed, page.Messages...)
		if history.Cursor = page.ResponseMetaData.NextCursor; !page.HasMore || history.Cursor == "" {
			break
		}
	}
	threads, err := b.chat.Store.Threads(ctx, channel, b.chat.Now().Add(-threadsFrom))
	if err != nil {
		return err
	}
	for _, thread := range threads {
		if moment(thread).IsZero() { // a question that was being published
			continue
		}
		replies := &slack.GetConversationRepliesParameters{ChannelID: id, Timestamp: thread, Oldest: since, Limit: 200}
		for {
			page, more, cursor, err := b.api.GetConversationRepliesContext(ctx, replies)
			if said(err, "thread_not_found") { // its first message was removed
				break
			}
			if err != nil {
				return err
			}
			missed = append(missed, page...)
			if replies.Cursor = cursor; !more || cursor == "" {
				break
			}
		}
	}
	for i := len(missed) - 1; i >= 0; i-- { // history comes newest first
		m := missed[i]
		if m.Timestamp <= since {
			continue
		}
		err := b.message(ctx, written{
			user: m.User, bot: m.BotID, subtype: m.SubType, text: m.Text, channel: id, ts: m.Timestamp, threadTS: m.ThreadTimestamp,
			direct: strings.HasPrefix(id, "D"),
		}, false)
		if err != nil {
			return err
		}
	}
	return nil
}
