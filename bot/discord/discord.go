package discord

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bwmarrin/discordgo"

	"guichet/bot"
)

// Platform is this platform's name, the first part of its channels', people's and roles': « discord/100000000000000001 ».
const Platform = "discord"

const (
	// answerTime is how long what comes first may take, below Discord's own three seconds.
	answerTime = 2500 * time.Millisecond
	// reactionsAtOnce is how many acknowledgements wait for Discord, which takes four a second; the others are left out.
	reactionsAtOnce = 16
	// draftEvery is how often a message is edited in a channel while its answer is worded. Discord takes five edits in five
	// seconds there (docs.discord.com/developers/topics/rate-limits): one is left to the reply.
	draftEvery = 1250 * time.Millisecond
)

// Config is what the channel needs: the bot's token.
type Config struct {
	Token string
	// API is the address of Discord, https://discord.com when empty.
	API string
	Log *slog.Logger
}

// Bot is guichet on Discord. It is a bot.Platform. Any number of replicas may run: each answers what it took in, one of them
// holds the gateway.
type Bot struct {
	Config
	chat *bot.Chat
	api  *discordgo.Session

	// me is the bot, app its application, told by Discord when it starts.
	me, app atomic.Pointer[string]
	people  bot.Cache[bot.Person]
	guilds  bot.Cache[[]string]
	spots   bot.Cache[spot]
	directs bot.Cache[string] // people's own channels
	written bot.Cache[bool]   // channels whose last message seen was recorded a moment ago
	// name tells this process from the other replicas.
	name string
	work *bot.Work
	// drafts are the answers that are shown while they are worded.
	drafts bot.Drafts
	// reactions are the acknowledgements that wait.
	reactions chan struct{}
}

// New gives the bot. It must be put in chat.Platforms, then run.
func New(c Config, chat *bot.Chat) *Bot {
	return &Bot{
		work: bot.NewWork(Platform, c.Log), name: rand.Text(), Config: c, chat: chat, api: client(c), reactions: make(chan struct{}, reactionsAtOnce),
		people: bot.Cache[bot.Person]{Keep: 5 * time.Minute}, guilds: bot.Cache[[]string]{Keep: 5 * time.Minute},
		drafts: bot.Drafts{Every: draftEvery}, spots: bot.Cache[spot]{Keep: time.Hour}, directs: bot.Cache[string]{Keep: time.Hour}, written: bot.Cache[bool]{Keep: 5 * time.Second},
	}
}

// Run serves Discord until the context ends, then lets what was begun end. It waits for Discord as long as it takes.
func (b *Bot) Run(ctx context.Context) error {
	defer b.work.Until(ctx)()
	if !b.start(ctx) {
		return nil
	}
	b.work.Go(func() { b.chat.Run(ctx, Platform, 15*time.Second) })
	b.lead(ctx)
	return nil
}

// start learns who the bot is and declares its commands; false when the context ended before.
func (b *Bot) start(ctx context.Context) bool {
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		err := b.introduce(ctx)
		if err == nil {
			return true
		}
		if status(err) == http.StatusUnauthorized {
			err = fmt.Errorf("jeton refusé, recopiez GUICHET_DISCORD_TOKEN : %w", err)
		}
		b.Log.ErrorContext(ctx, "Discord ne répond pas, nouvel essai prévu", "error", err, "wait", wait)
		select {
		case <-ctx.Done():
			return false
		case <-time.After(wait):
		}
	}
}

func (b *Bot) introduce(ctx context.Context) error {
	var me user
	if err := b.call(ctx, http.MethodGet, discordgo.EndpointUser("@me"), nil, discordgo.EndpointUsers, &me); err != nil {
		return err
	}
	app, err := b.application(ctx)
	if err != nil {
		return err
	}
	if me.ID == "" || app.ID == "" {
		return errors.New("Discord ne dit pas qui est guichet")
	}
	b.me.Store(&me.ID)
	b.app.Store(&app.ID)
	address := discordgo.EndpointApplicationGlobalCommands(app.ID)
	if err := b.call(ctx, http.MethodPut, address, json.RawMessage(commands), address, nil); err != nil {
		return fmt.Errorf("déclarer les commandes : %w", err)
	}
	return nil
}

// receive records a message and serves it afterwards. When it could not, the person is told.
func (b *Bot) receive(ctx context.Context, in bot.Incoming) error {
	soon, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	claim, ours, err := b.chat.Receive(soon, in)
	if err != nil {
		shown := b.chat.NotReceived(in, err)
		b.work.Background("panne non dite", func(ctx context.Context) error { return b.Show(ctx, in, shown, false) })
		return nil // told to the person, and to the operator by NotReceived
	}
	if ours {
		b.work.Turn(func() {
			b.acknowledge(in)
			b.chat.Serve(b.work.Life(), claim)
		})
	}
	return nil
}

// place is where a message is answered, kept with it.
type place struct {
	// Channel is where to write: a channel, a thread, the person's direct messages. Without it they are opened.
	Channel string `json:"c,omitempty"`
	// Message is the one to acknowledge and to reply to. Thread tells to answer in a thread that begins at it.
	Message string `json:"m,omitempty"`
	Thread  bool   `json:"t,omitempty"`
	// Token answers an interaction, for the person alone.
	Token string `json:"k,omitempty"`
	// Seen tells that the message is a button's: it is not acknowledged.
	Seen bool `json:"s,omitempty"`
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
	if err != nil || p.Message == "" || p.Seen {
		return
	}
	select {
	case b.reactions <- struct{}{}:
	default:
		return
	}
	b.work.Background("accusé de lecture", func(ctx context.Context) error {
		defer func() { <-b.reactions }()
		err := b.call(ctx, http.MethodPut, discordgo.EndpointMessageReaction(p.Channel, p.Message, "👀", "@me"), nil, discordgo.EndpointMessageReaction(p.Channel, "", "", ""), nil)
		if said(err, discordgo.ErrCodeUnknownMessage, discordgo.ErrCodeReactionBlocked, discordgo.ErrCodeTooManyReactions) {
			return nil
		}
		return err
	})
}

// Show implements bot.Platform.
func (b *Bot) Show(ctx context.Context, in bot.Incoming, s bot.Shown, again bool) error {
	p, err := placeOf(in)
	if err != nil {
		return err
	}
	pages := b.reply(in, s)
	key := in.Channel + "/" + in.ID
	draft := b.drafts.Take(key)
	if p.Token != "" {
		err := b.privately(ctx, p.Token, pages)
		if !gone(err) {
			return patient(err)
		}
		p.Channel, p.Message = "", "" // the interaction is over: in direct messages
	}
	alone := s.Own && in.Channel != in.Person // said to one person of a shared channel
	switch {
	case alone && s.Reply.Kind == bot.ReplyRefused: // it says nothing but that the message was not taken
		p.Thread = false
	case alone:
		p = place{}
	}
	channel, replyTo, err := b.spotFor(ctx, in, p)
	if err != nil {
		return patient(err)
	}
	return patient(b.write(ctx, channel, replyTo, key, again, draft, pages))
}

// spotFor gives where to write: a channel and the message to reply to there, or a thread, which it opens.
func (b *Bot) spotFor(ctx context.Context, in bot.Incoming, p place) (channel, replyTo string, err error) {
	channel, replyTo = p.Channel, p.Message
	if channel == "" {
		if channel, err = b.own(ctx, bare(in.Person)); err != nil {
			return "", "", err
		}
	}
	if p.Thread {
		thread, err := b.thread(ctx, p, in.Text)
		if err != nil {
			return "", "", err
		}
		if thread != "" {
			channel, replyTo = thread, ""
		}
	}
	return channel, replyTo, nil
}

// Draft implements bot.Platform.
func (b *Bot) Draft(ctx context.Context, in bot.Incoming, text string) time.Duration {
	p, err := placeOf(in)
	if err != nil {
		return bot.NoDraft
	}
	key, where := in.Channel+"/"+in.ID, cmp.Or(p.Token, p.Channel+"/"+p.Message)
	draft, wait := b.drafts.Turn(key, where)
	if wait > 0 {
		return wait
	}
	ctx = context.WithValue(ctx, hasty{}, true)
	parts := split(escape(text), textLimit-100)
	page := page{Content: parts[0] + "\n" + b.writing(key)}
	switch {
	case p.Token != "":
		if app := b.app.Load(); app != nil {
			err = b.direct(ctx, http.MethodPatch, discordgo.EndpointWebhookMessage(*app, p.Token, "@original"), page)
		}
	case draft.ID == "":
		draft, err = b.begin(ctx, in, p, page)
		b.drafts.Keep(key, draft)
	default:
		err = b.edit(ctx, draft, page)
	}
	var refused refusal
	switch errors.As(err, &refused); {
	case refused.status == http.StatusTooManyRequests:
		b.drafts.Rest(where, max(refused.after, draftEvery))
		return max(refused.after, draftEvery)
	case err != nil:
		b.Log.WarnContext(ctx, "réponse en cours non montrée", "channel", p.Channel, "error", err)
		return bot.NoDraft
	}
	return draftEvery
}

// begin writes the message in which an answer is shown while it is worded.
func (b *Bot) begin(ctx context.Context, in bot.Incoming, p place, first page) (draft bot.Draft, err error) {
	channel, replyTo, err := b.spotFor(ctx, in, p)
	if err != nil {
		return bot.Draft{}, err
	}
	if replyTo != "" {
		first.Reference = &discordgo.MessageReference{MessageID: replyTo, FailIfNotExists: new(bool)}
	}
	var m message
	address := discordgo.EndpointChannelMessages(channel)
	err = b.call(ctx, http.MethodPost, address, first, address, &m)
	if s := status(err); s/100 == 4 {
		return bot.Draft{}, err // it is not there
	}
	return bot.Draft{Channel: channel, ID: m.ID, Unsure: err != nil}, err
}

// edit shows a page in place of a draft.
func (b *Bot) edit(ctx context.Context, d bot.Draft, p page) error {
	return b.call(ctx, http.MethodPatch, discordgo.EndpointChannelMessage(d.Channel, d.ID), p, discordgo.EndpointChannelMessage(d.Channel, ""), nil)
}

// writing is what ends a draft: it tells it from the whole reply, and one from another.
func (b *Bot) writing(key string) string {
	sum := sha256.Sum256([]byte(key))
	return "-# " + b.chat.Label("writing") + " " + hex.EncodeToString(sum[:4])
}

// gone tells that an interaction can no longer be answered: its token is good for a quarter of an hour.
func gone(err error) bool {
	return status(err) == http.StatusUnauthorized || said(err, discordgo.ErrCodeUnknownWebhook, discordgo.ErrCodeInvalidWebhookTokenProvided, discordgo.ErrCodeUnknownInteraction, discordgo.ErrCodeUnknownMessage)
}

var errUnknown = errors.New("Discord n'a pas encore reconnu guichet")

// privately answers an interaction that was deferred, for the person alone.
func (b *Bot) privately(ctx context.Context, token string, pages []page) error {
	app := b.app.Load()
	if app == nil {
		return errUnknown
	}
	for i, p := range pages {
		var err error
		if p.Flags = 0; i == 0 { // as the answer was deferred
			err = b.direct(ctx, http.MethodPatch, discordgo.EndpointWebhookMessage(*app, token, "@original"), p)
		} else {
			p.Flags = ephemeral
			err = b.direct(ctx, http.MethodPost, discordgo.EndpointWebhookToken(*app, token), p)
		}
		if err != nil {
			return fmt.Errorf("répondre à la personne : %w", err)
		}
	}
	return nil
}

// thread opens the thread of a message, and gives it, or nothing when the channel takes none: the reply is then in the channel.
func (b *Bot) thread(ctx context.Context, p place, title string) (string, error) {
	if title = strings.Join(strings.Fields(title), " "); title == "" {
		title = "guichet"
	}
	err := b.call(ctx, http.MethodPost, discordgo.EndpointChannelMessageThread(p.Channel, p.Message), map[string]any{"name": bot.Short(title, 100)},
		discordgo.EndpointChannelMessageThread(p.Channel, ""), nil)
	switch {
	case err == nil, said(err, discordgo.ErrCodeThreadAlreadyCreatedForThisMessage):
		return p.Message, nil // a message's thread has its name
	case said(err, discordgo.ErrCodeMissingPermissions, discordgo.ErrCodeMissingAccess, discordgo.ErrCodeCannotExecuteActionOnThisChannelType,
		discordgo.ErrCodeMaximumNumberOfActiveThreadsReached, discordgo.ErrCodeMaximumNumberOfActiveAnnouncementThreadsReached, discordgo.ErrCodeUnknownMessage):
		b.Log.WarnContext(ctx, "fil non ouvert, la réponse va dans le canal", "channel", p.Channel, "error", err)
		return "", nil
	}
	return "", fmt.Errorf("ouvrir le fil : %w", err)
}

// own gives a person's direct messages.
func (b *Bot) own(ctx context.Context, person string) (string, error) {
	if channel, ok := b.directs.Get(person, b.chat.Now()); ok {
		return channel, nil
	}
	var opened channel
	address := discordgo.EndpointUserChannels("@me")
	if err := b.call(ctx, http.MethodPost, address, map[string]string{"recipient_id": person}, address, &opened); err != nil {
		return "", fmt.Errorf("ouvrir les messages directs de la personne : %w", err)
	}
	b.directs.Put(person, opened.ID, b.chat.Now())
	return opened.ID, nil
}

// write writes pages, the first one in place of its draft if it has one; look tells that they may be there already.
func (b *Bot) write(ctx context.Context, channel, replyTo, key string, look bool, draft bot.Draft, pages []page) error {
	var there []message
	if draft.ID == "" && (look || draft.Unsure) {
		if b.me.Load() == nil {
			return errUnknown
		}
		address := discordgo.EndpointChannelMessages(channel)
		if err := b.call(ctx, http.MethodGet, address+"?limit=100", nil, address, &there); err != nil {
			return fmt.Errorf("relire %s : %w", channel, err)
		}
	}
	for i, p := range pages {
		if slices.ContainsFunc(there, func(m message) bool { return b.mine(m) && m.replyTo() == replyTo && m.says() == p.says() }) {
			continue
		}
		if i == 0 {
			if begun := slices.IndexFunc(there, func(m message) bool { return b.mine(m) && strings.HasSuffix(m.says(), b.writing(key)) }); begun >= 0 {
				draft = bot.Draft{Channel: channel, ID: there[begun].ID}
			}
			if draft.ID != "" {
				if err := b.edit(ctx, draft, p); !said(err, discordgo.ErrCodeUnknownMessage) {
					if err != nil {
						return fmt.Errorf("écrire dans %s : %w", channel, err)
					}
					continue
				}
			}
		}
		// Discord takes a nonce once within a few minutes (docs.discord.com/developers/resources/message, « Create Message »).
		sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", key, i))
		p.Nonce, p.EnforceNonce = hex.EncodeToString(sum[:12]), true
		if replyTo != "" {
			p.Reference = &discordgo.MessageReference{MessageID: replyTo, FailIfNotExists: new(bool)}
		}
		address := discordgo.EndpointChannelMessages(channel)
		if err := b.call(ctx, http.MethodPost, address, p, address, nil); err != nil {
			return fmt.Errorf("écrire dans %s : %w", channel, err)
		}
	}
	return nil
}

// mine tells whether the bot wrote a message.
func (b *Bot) mine(m message) bool {
	me := b.me.Load()
	return me != nil && m.Author != nil && m.Author.ID == *me
}

func (m message) replyTo() string {
	if m.Reference == nil {
		return ""
	}
	return m.Reference.MessageID
}

// says gives what a message says, whatever Discord did to its white space.
func (m message) says() string {
	all := m.Content
	for _, e := range m.Embeds {
		all += " " + e.Title + " " + e.Description
	}
	return strings.Join(strings.Fields(all), " ")
}

// Card implements bot.Platform.
func (b *Bot) Card(ctx context.Context, channel string, c bot.Card, key string) error {
	return b.write(ctx, bare(channel), "", key, true, bot.Draft{}, b.card(c, b.mark(key)))
}

// Say implements bot.Platform.
func (b *Bot) Say(ctx context.Context, channel, thread, text, key string) error {
	pages := lastly(paragraphs(text), b.mark(key))
	if thread == bot.OwnThread {
		mine, err := b.own(ctx, bare(channel))
		if err != nil {
			return err
		}
		return b.write(ctx, mine, "", key, true, bot.Draft{}, pages)
	}
	if thread == "" { // the channel itself
		return b.write(ctx, bare(channel), "", key, true, bot.Draft{}, pages)
	}
	err := b.write(ctx, thread, "", key, true, bot.Draft{}, pages)
	if said(err, discordgo.ErrCodeUnknownChannel) { // the message has no thread
		return b.write(ctx, bare(channel), thread, key, true, bot.Draft{}, pages)
	}
	return err
}

// mark is a notice's number, in small: what tells it from others when it may have been written already.
func (b *Bot) mark(key string) string {
	sum := sha256.Sum256([]byte(key))
	return "-# " + b.chat.Label("notice-mark") + " " + hex.EncodeToString(sum[:4])
}
