package slack

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/slack-go/slack"
	"golang.org/x/time/rate"

	"guichet/bot"
)

// Platform is this platform's name, the first part of its channels' and people's: « slack/C012 ».
const Platform = "slack"

const (
	// answerTime is how long Slack may wait for an acknowledgement, below its own three seconds.
	answerTime = 2500 * time.Millisecond
	// callTime bounds a call to Slack, longestPause the wait that Slack asks for between two tries of a call.
	callTime     = 30 * time.Second
	longestPause = 10 * time.Second
	// draftEvery is how often a message is edited in a channel while its answer is worded. Slack takes some fifty edits a
	// minute in a workspace (docs.slack.dev/reference/methods/chat.update, Tier 3): drafts leave some to the replies.
	draftEvery      = time.Second
	allDraftsEvery  = 1500 * time.Millisecond
	allDraftsAtOnce = 10
)

// Config is what the channel needs. BotToken is required; AppToken opens Socket Mode, SigningSecret the HTTP events.
type Config struct {
	BotToken, AppToken, SigningSecret string
	// API is the address of Slack's methods, https://slack.com/api/ when empty.
	API string
	Log *slog.Logger
}

// Bot is guichet in a Slack workspace. It is a bot.Platform.
type Bot struct {
	Config
	chat *bot.Chat
	api  *slack.Client
	// hasty makes calls once: what it fails to show is left out. drafts are what it showed.
	hasty  *slack.Client
	drafts bot.Drafts

	// me is who the bot is, told by Slack when it starts.
	me       atomic.Pointer[slack.AuthTestResponse]
	people   bot.Cache[bot.Person]
	groups   bot.Cache[map[string][]string]
	external bot.Cache[bool]
	written  bot.Cache[bool] // channels whose last message seen was recorded a moment ago
	replays  replays
	// name tells this process from the other replicas.
	name string
	work *bot.Work
}

// New gives the bot. It must be put in chat.Platforms, then run.
func New(c Config, chat *bot.Chat) *Bot {
	return &Bot{
		work: bot.NewWork(Platform, c.Log), name: rand.Text(), Config: c, chat: chat, api: client(c, slack.OptionRetryConfig(retries)), hasty: client(c),
		drafts: bot.Drafts{Every: draftEvery, All: rate.NewLimiter(rate.Every(allDraftsEvery), allDraftsAtOnce)},
		people: bot.Cache[bot.Person]{Keep: 5 * time.Minute}, groups: bot.Cache[map[string][]string]{Keep: 5 * time.Minute},
		external: bot.Cache[bool]{Keep: time.Minute}, written: bot.Cache[bool]{Keep: 5 * time.Second},
	}
}

// retries make again, soon, what Slack refuses for coming too soon. When it asks for a long wait the message is given back.
var retries = slack.RetryConfig{MaxRetries: 3, Handlers: []slack.RetryHandler{soon{slack.NewRateLimitErrorRetryHandler(slack.DefaultRetryConfig())}}, BackoffInitial: time.Second, BackoffMax: time.Second}

// soon leaves out the retries that would wait long.
type soon struct{ slack.RetryHandler }

func (s soon) ShouldRetry(state *slack.RetryState, r *http.Request, answer *http.Response, err error) (bool, time.Duration) {
	again, wait := s.RetryHandler.ShouldRetry(state, r, answer, err)
	return again && wait <= longestPause, wait
}

// patient tells what Slack asks to do later from a failure.
func patient(err error) error {
	var limited *slack.RateLimitedError
	if errors.As(err, &limited) {
		return bot.Later{After: limited.RetryAfter, Err: err}
	}
	return err
}

func client(c Config, more ...slack.Option) *slack.Client {
	options := []slack.Option{
		slack.OptionAppLevelToken(c.AppToken), slack.OptionHTTPClient(&http.Client{Timeout: callTime}),
		slack.OptionLog(log.New(io.Discard, "", 0)),
	}
	if c.API != "" {
		options = append(options, slack.OptionAPIURL(c.API))
	}
	return slack.New(c.BotToken, append(options, more...)...)
}

// Run serves the workspace until the context ends, then lets what was begun end. It waits for Slack as long as it takes.
func (b *Bot) Run(ctx context.Context) error {
	defer b.work.Until(ctx)()
	if !b.start(ctx) {
		return nil
	}
	b.work.Go(func() { b.chat.Run(ctx, Platform, 15*time.Second) })
	if b.AppToken != "" {
		b.listen(ctx)
		return nil
	}
	b.work.Background("rattrapage", b.catchUp)
	<-ctx.Done()
	return nil
}

// start learns who the bot is; false when the context ended before.
func (b *Bot) start(ctx context.Context) bool {
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		me, err := b.api.AuthTestContext(ctx)
		if err == nil {
			b.me.Store(me)
			return true
		}
		b.Log.ErrorContext(ctx, "Slack ne répond pas, nouvel essai prévu", "error", err, "wait", wait)
		select {
		case <-ctx.Done():
			return false
		case <-time.After(wait):
		}
	}
}

// self gives who the bot is, or an error as long as Slack did not say.
func (b *Bot) self() (*slack.AuthTestResponse, error) {
	if me := b.me.Load(); me != nil {
		return me, nil
	}
	return nil, errors.New("Slack n'a pas encore reconnu guichet")
}

// receive records a message and serves it afterwards. An error means that Slack must bring it again.
func (b *Bot) receive(ctx context.Context, in bot.Incoming, retry bool) error {
	soon, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	claim, ours, err := b.chat.Receive(soon, in)
	if err != nil {
		shown := b.chat.NotReceived(in, err)
		if !retry { // told once
			b.work.Background("panne non dite", func(ctx context.Context) error { return b.Show(ctx, in, shown, false) })
		}
		return err
	}
	if !ours {
		return nil
	}
	b.work.Turn(func() {
		b.acknowledge(in)
		b.chat.Serve(b.work.Life(), claim)
	})
	return nil
}

// place is where a message is answered, kept with it.
type place struct {
	// Channel is Slack's, TS the message to acknowledge, Thread the one to answer in.
	Channel string `json:"c,omitempty"`
	TS      string `json:"m,omitempty"`
	Thread  string `json:"t,omitempty"`
	// URL answers a command or a button, for the person alone.
	URL string `json:"u,omitempty"`
}

func (p place) String() string {
	data, _ := json.Marshal(p) // strings only
	return string(data)
}

func placeOf(in bot.Incoming) (p place, err error) {
	if err := json.Unmarshal([]byte(in.Show), &p); err != nil {
		return p, fmt.Errorf("lieu de la réponse illisible : %w", err)
	}
	return p, nil
}

// acknowledge shows that a message was seen; the reply follows anyway.
func (b *Bot) acknowledge(in bot.Incoming) {
	p, err := placeOf(in)
	if err != nil || p.TS == "" {
		return
	}
	b.work.Background("accusé de lecture", func(ctx context.Context) error {
		err := b.api.AddReactionContext(ctx, "eyes", slack.NewRefToMessage(p.Channel, p.TS))
		if said(err, "already_reacted", "message_not_found", "too_many_reactions", "no_reaction") {
			return nil
		}
		return err
	})
}

// said tells whether Slack refused with one of its codes.
func said(err error, codes ...string) bool {
	var refused slack.SlackErrorResponse
	if !errors.As(err, &refused) {
		return false
	}
	for _, code := range codes {
		if refused.Err == code {
			return true
		}
	}
	return false
}

// metadata marks a message, so that it is not posted twice.
const metadata = "guichet_message"

func marked(key string, draft bool) slack.MsgOption {
	payload := map[string]any{"key": key}
	if draft {
		payload["draft"] = true
	}
	return slack.MsgOptionMetadata(slack.SlackMetadata{EventType: metadata, EventPayload: payload})
}

// Show implements bot.Platform.
func (b *Bot) Show(ctx context.Context, in bot.Incoming, s bot.Shown, again bool) error {
	p, err := placeOf(in)
	if err != nil {
		return err
	}
	person := bare(in.Person)
	draft := b.drafts.Take(key(in, 0))
	for i, blocks := range messages(b.reply(in, s)) {
		key := key(in, i)
		options := []slack.MsgOption{slack.MsgOptionText(fallback(s.Reply.Text), false), slack.MsgOptionBlocks(blocks...), slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl()}
		switch {
		case p.URL != "":
			_, _, err = b.api.PostMessageContext(ctx, p.Channel, append(options, slack.MsgOptionResponseURL(p.URL, slack.ResponseTypeEphemeral))...)
			if err != nil && again { // the address is good for half an hour only
				err = b.post(ctx, person, "", key, false, bot.Draft{}, options...)
			}
		case s.Own && !personal(p.Channel):
			if p.Thread != "" && p.Thread != p.TS { // an ephemeral message in a thread that does not exist yet is not seen
				options = append(options, slack.MsgOptionTS(p.Thread))
			}
			_, err = b.api.PostEphemeralContext(ctx, p.Channel, person, options...)
		default:
			err = b.post(ctx, p.Channel, p.Thread, key, again, draft, options...)
			draft = bot.Draft{} // the first message replaces it
		}
		if err != nil {
			return patient(fmt.Errorf("écrire dans %s : %w", p.Channel, err))
		}
	}
	return nil
}

// key names one of the messages that show the reply to a message.
func key(in bot.Incoming, n int) string { return fmt.Sprintf("%s/%s/%d", in.Channel, in.ID, n) }

// Draft implements bot.Platform. What one person sees of a channel cannot be edited, and waits for the reply.
func (b *Bot) Draft(ctx context.Context, in bot.Incoming, text string) time.Duration {
	p, err := placeOf(in)
	if err != nil || p.URL != "" || in.Channel == in.Person && !personal(p.Channel) {
		return bot.NoDraft
	}
	key := key(in, 0)
	draft, wait := b.drafts.Turn(key, p.Channel)
	if wait > 0 {
		return wait
	}
	blocks := sections(split(escape(text), sectionLimit)[0])
	blocks = append(blocks, sections("_"+escape(b.chat.Label("writing"))+"_")...)
	options := []slack.MsgOption{
		slack.MsgOptionText(fallback(text), false), slack.MsgOptionBlocks(blocks...), slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl(), marked(key, true),
	}
	if draft.ID == "" {
		draft, err = b.begin(ctx, p, options)
		b.drafts.Keep(key, draft)
	} else {
		_, _, _, err = b.hasty.UpdateMessageContext(ctx, draft.Channel, draft.ID, options...)
	}
	var limited *slack.RateLimitedError
	switch {
	case errors.As(err, &limited):
		b.drafts.Rest(p.Channel, max(limited.RetryAfter, draftEvery))
		return max(limited.RetryAfter, draftEvery)
	case err != nil:
		b.Log.WarnContext(ctx, "réponse en cours non montrée", "channel", p.Channel, "error", err)
		return bot.NoDraft
	}
	return draftEvery
}

// begin writes the message in which an answer is shown while it is worded.
func (b *Bot) begin(ctx context.Context, p place, options []slack.MsgOption) (draft bot.Draft, err error) {
	if draft.Channel, err = open(ctx, b.hasty, p.Channel); err != nil {
		return bot.Draft{}, err
	}
	if p.Thread != "" {
		options = append(options, slack.MsgOptionTS(p.Thread))
	}
	_, draft.ID, err = b.hasty.PostMessageContext(ctx, draft.Channel, options...)
	if errors.As(err, new(slack.SlackErrorResponse)) || errors.As(err, new(*slack.RateLimitedError)) {
		return bot.Draft{}, err // it is not there
	}
	draft.Unsure = err != nil
	return draft, err
}

// open gives the channel to write in: a person's own messages are opened first.
func open(ctx context.Context, api *slack.Client, channel string) (string, error) {
	if !personal(channel) || strings.HasPrefix(channel, "D") {
		return channel, nil
	}
	opened, _, _, err := api.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: []string{channel}, ReturnIM: true})
	if err != nil {
		return "", fmt.Errorf("ouvrir la conversation de la personne : %w", err)
	}
	return opened.ID, nil
}

// personal tells a channel that only one person reads.
func personal(channel string) bool {
	return strings.HasPrefix(channel, "D") || strings.HasPrefix(channel, "U") || strings.HasPrefix(channel, "W")
}

// bare gives Slack's own name of a channel or a person.
func bare(name string) string { return strings.TrimPrefix(name, Platform+"/") }

// post writes a message, to a person too, in place of its draft if it has one; look tells that it may be there already.
func (b *Bot) post(ctx context.Context, channel, thread, key string, look bool, draft bot.Draft, options ...slack.MsgOption) error {
	channel, err := open(ctx, b.api, channel)
	if err != nil {
		return err
	}
	if draft.ID == "" && (look || draft.Unsure) {
		ts, whole, err := b.posted(ctx, channel, thread, key)
		if err != nil || whole {
			return err
		}
		draft = bot.Draft{Channel: channel, ID: ts}
	}
	options = append(options, marked(key, false))
	if draft.ID != "" {
		_, _, _, err := b.api.UpdateMessageContext(ctx, draft.Channel, draft.ID, options...)
		if !said(err, "message_not_found", "cant_update_message", "edit_window_closed") {
			return err
		}
	}
	if thread != "" {
		options = append(options, slack.MsgOptionTS(thread))
	}
	_, _, err = b.api.PostMessageContext(ctx, channel, options...)
	return err
}

// posted looks for a message in a thread, or among the last ones of a channel; whole is false for the draft of one. ts is
// empty when there is none.
func (b *Bot) posted(ctx context.Context, channel, thread, key string) (ts string, whole bool, err error) {
	const page = 200
	if thread == "" {
		history, err := b.api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{ChannelID: channel, Limit: page, IncludeAllMetadata: true})
		if err != nil {
			return "", false, fmt.Errorf("relire le canal : %w", err)
		}
		ts, whole = find(history.Messages, key)
		return ts, whole, nil
	}
	for cursor := ""; ; {
		replies, more, next, err := b.api.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
			ChannelID: channel, Timestamp: thread, Limit: page, Cursor: cursor, IncludeAllMetadata: true,
		})
		if err != nil {
			return "", false, fmt.Errorf("relire le fil : %w", err)
		}
		if ts, whole = find(replies, key); ts != "" || !more || next == "" { // oldest first
			return ts, whole, nil
		}
		cursor = next
	}
}

func find(messages []slack.Message, key string) (ts string, whole bool) {
	for _, m := range messages {
		if m.Metadata.EventType == metadata && m.Metadata.EventPayload["key"] == key {
			draft, _ := m.Metadata.EventPayload["draft"].(bool)
			return m.Timestamp, !draft
		}
	}
	return "", false
}

// Card implements bot.Platform.
func (b *Bot) Card(ctx context.Context, channel string, c bot.Card, key string) error {
	return b.sendAll(ctx, bare(channel), "", key, escape(c.Headline), b.card(c))
}

// Say implements bot.Platform.
func (b *Bot) Say(ctx context.Context, channel, thread, text, key string) error {
	if thread == bot.OwnThread {
		thread = ""
	}
	return b.sendAll(ctx, bare(channel), thread, key, fallback(text), paragraphs(text))
}

// sendAll writes what the outbox brings, which may have been written just before a process died.
func (b *Bot) sendAll(ctx context.Context, channel, thread, key, text string, all []slack.Block) error {
	for i, blocks := range messages(all) {
		err := b.post(ctx, channel, thread, fmt.Sprintf("%s/%d", key, i), true, bot.Draft{},
			slack.MsgOptionText(text, false), slack.MsgOptionBlocks(blocks...), slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl())
		if err != nil {
			return fmt.Errorf("écrire dans %s : %w", channel, err)
		}
	}
	return nil
}
