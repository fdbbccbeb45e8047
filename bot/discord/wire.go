package discord

import (
	"encoding/json"
	"strconv"
	"time"
)

// What Discord sends, of which only what is used is read: what is new elsewhere in a payload breaks nothing.

type user struct {
	ID         string `json:"id"`
	Username   string `json:"username"`
	GlobalName string `json:"global_name"`
	Bot        bool   `json:"bot"`
	System     bool   `json:"system"`
}

type member struct {
	User    *user    `json:"user"`
	Nick    string   `json:"nick"`
	Roles   []string `json:"roles"`
	Pending bool     `json:"pending"`
	Flags   int      `json:"flags"`
}

// isGuest is the flag of a member who may only be where they were invited
// (docs.discord.com/developers/resources/guild, « Guild Member Flags »).
const isGuest = 1 << 4

type channel struct {
	ID       string `json:"id"`
	Type     int    `json:"type"`
	GuildID  string `json:"guild_id"`
	Name     string `json:"name"`
	ParentID string `json:"parent_id"`
	// Overwrites change what roles and members may do there.
	Overwrites []overwrite `json:"permission_overwrites"`
}

// The types of channels (docs.discord.com/developers/resources/channel, « Channel Types »).
const (
	typeDirect             = 1
	typeAnnouncementThread = 10
	typePublicThread       = 11
	typePrivateThread      = 12
)

func (c channel) thread() bool {
	return c.Type == typeAnnouncementThread || c.Type == typePublicThread || c.Type == typePrivateThread
}

type overwrite struct {
	ID    string `json:"id"`
	Type  int    `json:"type"` // 0 a role, 1 a member
	Allow int64  `json:"allow,string"`
	Deny  int64  `json:"deny,string"`
}

type message struct {
	ID        string `json:"id"`
	ChannelID string `json:"channel_id"`
	Content   string `json:"content"`
	Type      int    `json:"type"`
	WebhookID string `json:"webhook_id"`
	// Edited is when the author changed it, null before.
	Edited    string     `json:"edited_timestamp"`
	Author    *user      `json:"author"`
	Mentions  []user     `json:"mentions"`
	Flags     int        `json:"flags"`
	Embeds    []embed    `json:"embeds"`
	Reference *reference `json:"message_reference"`
	// Referenced is the message that this one replies to.
	Referenced *message `json:"referenced_message"`
}

// The types of messages that people write (docs.discord.com/developers/resources/message, « Message Types »).
const (
	typeDefault = 0
	typeReply   = 19
)

// ephemeral is the flag of a message that one person sees.
const ephemeral = 1 << 6

type embed struct {
	Title       string `json:"title"`
	Description string `json:"description"`
}

type reference struct {
	MessageID string `json:"message_id"`
}

type interaction struct {
	ID        string          `json:"id"`
	Type      int             `json:"type"`
	Data      interactionData `json:"data"`
	ChannelID string          `json:"channel_id"`
	Channel   *channel        `json:"channel"`
	Member    *member         `json:"member"`
	User      *user           `json:"user"`
	Token     string          `json:"token"`
	Message   *message        `json:"message"`
}

// The types of interactions (docs.discord.com/developers/interactions/receiving-and-responding, « Interaction Type »).
const (
	onCommand   = 2
	onComponent = 3
	onForm      = 5
)

// person gives who acted: in a server, or in direct messages.
func (i interaction) person() *user {
	if i.Member != nil && i.Member.User != nil {
		return i.Member.User
	}
	return i.User
}

type interactionData struct {
	Name     string   `json:"name"`
	Type     int      `json:"type"`
	Options  []option `json:"options"`
	TargetID string   `json:"target_id"`
	Resolved struct {
		Messages map[string]message `json:"messages"`
	} `json:"resolved"`
	CustomID string   `json:"custom_id"`
	Values   []string `json:"values"`
	// Components are the fields of a form, each in a row.
	Components []struct {
		Components []struct {
			CustomID string `json:"custom_id"`
			Value    string `json:"value"`
		} `json:"components"`
	} `json:"components"`
}

type option struct {
	Name    string          `json:"name"`
	Value   json.RawMessage `json:"value"`
	Options []option        `json:"options"`
}

// text gives the value of an option that is a text.
func (o option) text(name string) string {
	for _, inner := range o.Options {
		var value string
		if inner.Name == name && json.Unmarshal(inner.Value, &value) == nil {
			return value
		}
	}
	return ""
}

// field gives what was typed in a form.
func (d interactionData) field(name string) string {
	for _, row := range d.Components {
		for _, c := range row.Components {
			if c.CustomID == name {
				return c.Value
			}
		}
	}
	return ""
}

// epoch is the millisecond from which Discord counts (docs.discord.com/developers/reference, « Snowflakes »).
const epoch = 1420070400000

// moment reads when something was made in its identifier; zero when it is none.
func moment(id string) time.Time {
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(int64(n>>22) + epoch).UTC()
}

// snowflake gives the first identifier of a moment.
func snowflake(at time.Time) string {
	return strconv.FormatInt(max(at.UnixMilli()-epoch, 0)<<22, 10)
}

// newer tells whether an identifier was made after another.
func newer(a, b string) bool { return len(a) > len(b) || len(a) == len(b) && a > b }
