package bot

import (
	"context"
	"errors"
	"time"

	"guichet/knowledge"
	"guichet/routing"
)

// Errors of a Journal.
var (
	// ErrSeen is returned when a message is already recorded: its reply stands.
	ErrSeen = errors.New("message déjà enregistré")
	// ErrMoved is returned when the conversation changed since it was read: read it again and start over.
	ErrMoved = errors.New("conversation modifiée entre-temps")
)

// Journal remembers what was said: messages seen with their replies, where each conversation stands, questions left
// without an answer, votes. Every method uses the transaction of its context when there is one (Transactor).
type Journal interface {
	// Replied gives the reply that a message already got; ok is false when the message was never seen.
	Replied(ctx context.Context, channel, id string) (reply Reply, ok bool, err error)
	// Conversation gives where a conversation stands; a new one is the zero state at version 0.
	Conversation(ctx context.Context, channel, thread string) (Conversation, error)
	// Record writes a message, its reply, the conversation's new state and, if there is one, the gap, all or nothing.
	// It returns ErrSeen or ErrMoved (the stored version is not next.Version), and then nothing is written.
	Record(ctx context.Context, m Message, r Reply, next Conversation, gap *Gap) error
	// History gives the turns of a conversation, oldest first, the last limit ones.
	History(ctx context.Context, channel, thread string, limit int) ([]Turn, error)
	// Vote records whether an answer was useful, with an optional reason; a second vote on the same answer replaces the
	// first. An unknown answer is an error.
	Vote(ctx context.Context, answer string, useful bool, reason string, at time.Time) error
	// Gaps gives the questions left without an answer, newest first.
	Gaps(ctx context.Context, limit int) ([]Gap, error)
}

// Transactor runs a function in one transaction, which every store called with that context joins. An error rolls back.
type Transactor interface {
	InTx(ctx context.Context, do func(ctx context.Context) error) error
}

// Conversation is where a conversation stands between two messages.
type Conversation struct {
	Channel, Thread string
	// Version counts the states recorded; Record checks it.
	Version int64
	State   State
}

// State is what the desk must remember to understand the next message.
type State struct {
	// Request is the reference of the last request of the conversation.
	Request string `json:"request,omitempty"`
	// Joined tells that the request was made in another conversation, by somebody else for all that is known.
	Joined bool `json:"joined,omitempty"`
	// Asked is the name of the fact that the last reply asked for, Facts what is known so far of that request.
	Asked string        `json:"asked,omitempty"`
	Facts routing.Facts `json:"facts,omitempty"`
	// Places are the communes between which the last reply asked to choose.
	Places []Place `json:"places,omitempty"`
	// Offered is the message that the last reply offered to hand over as a request.
	Offered string `json:"offered,omitempty"`
}

// Turn is a message and its reply, as they were.
type Turn struct {
	Message Message
	Reply   Reply
}

// partner gives the SIREN of a partner's EPCI.
func (a Asker) partner() string {
	if a.Audience != knowledge.Partner {
		return ""
	}
	return a.EPCI
}

// Gap is a question that was not answered. Who asked is kept as an audience only, and the partner's EPCI.
type Gap struct {
	// ID numbers the gaps in the order of their recording; a Journal gives it.
	ID       int64
	Question string
	Audience knowledge.Audience
	// EPCI is the SIREN of the partner that asked; empty for anybody else.
	EPCI    string
	Channel string
	At      time.Time
	// Looked says what was looked for (the words searched), for the person who will fill the gap.
	Looked string
}
