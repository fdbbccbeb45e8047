package bot

import (
	"strings"
	"time"

	"guichet/knowledge"
)

// Message is what a person sent, whatever the channel.
type Message struct {
	// Channel names the channel (« web », « cli »); ID is unique in it: the same pair twice is the same message.
	Channel, ID string
	// Thread is the conversation in the channel; the empty string is refused.
	Thread string
	Text   string
	Asker  Asker
	At     time.Time
	// Edited is the ID of the message that the person changed into this one, if they did. It is answered anew; when it had
	// made or joined a request, the change is recorded there and nothing more is made of it.
	Edited string `json:",omitempty"`
	// Request tells that the channel knows the message to be a company's request, whatever its words: a command, a form.
	Request bool
}

// where gives the channel, and the platform alone for a person's own place, which tells who they are.
func (m Message) where() string {
	if m.Channel == m.Asker.ID {
		platform, _, _ := strings.Cut(m.Channel, "/")
		return platform
	}
	return m.Channel
}

// Asker is the person who wrote, with the rights that the channel established. Nothing in a message's text changes them.
type Asker struct {
	// ID identifies the person, where the channel knows people (« slack/U012 »).
	ID string `json:",omitempty"`
	// Name is how the channel knows the person; it may be empty (public page).
	Name     string
	Audience knowledge.Audience
	// EPCI is the SIREN of a partner's intercommunal body.
	EPCI string
}

// ReplyKind says what a reply is, so that a channel can show it fittingly.
type ReplyKind string

// The kinds of replies.
const (
	ReplyAnswer  ReplyKind = "answer"  // an answer with quotes
	ReplyUnknown ReplyKind = "unknown" // « je ne sais pas », with whom to ask; kept as a gap
	ReplyWho     ReplyKind = "who"     // who does what, from the rules
	ReplyAsk     ReplyKind = "ask"     // the one fact that decides is asked for
	ReplyRouted  ReplyKind = "routed"  // a request is recorded and handed to its lead
	ReplyHuman   ReplyKind = "human"   // a person was asked to take over
	ReplyStatus  ReplyKind = "status"  // where a company's requests stand
	ReplySmall   ReplyKind = "small"   // greeting, thanks, « que sais-tu faire »
	ReplyRefused ReplyKind = "refused" // the message could not be read (empty, too long…) or recorded; Text says what to do
)

// Reply is what a person gets, whatever the channel.
type Reply struct {
	Kind ReplyKind
	// Text is plain French, paragraphs separated by an empty line; no markup.
	Text   string
	Quotes []Quote `json:",omitempty"`
	Fields []Field `json:",omitempty"`
	// Choices are ready-made next messages: a channel shows them as buttons and sends Choice.Text as the person's message.
	Choices []Choice `json:",omitempty"`
	// Request is the public reference of the request that the message made or joined (« 2026-0042 »), if any.
	Request string `json:",omitempty"`
	// Answer is the key for votes (« utile / pas utile ») on an answer; empty when there is nothing to vote on.
	Answer string `json:",omitempty"`
}

// Quote is a verbatim passage behind an answer.
type Quote struct {
	Document, Title, Section, Text, URL string
	Date                                string
	// Ordinal is the passage's number in its document, to open it in its context.
	Ordinal int
	// Page is the page that it stands on, 0 when the document has none.
	Page int `json:",omitempty"`
	// Closed tells that the scheme can no longer be asked for, Old that the text was written long ago (knowledge.OldAfter).
	Closed, Old bool
}

// Dated tells people when the source was written (Date is as in JSON, 2006-01-02).
func (q Quote) Dated() string {
	day, err := time.Parse(time.DateOnly, q.Date)
	switch {
	case err != nil:
		return "sans date"
	case q.Old:
		return day.Format("02/01/2006") + ", source ancienne"
	}
	return day.Format("02/01/2006")
}

// Field is a labelled value (« Direction chef de file : … »).
type Field struct{ Label, Value string }

// Choice is a ready-made next message.
type Choice struct{ Label, Text string }
