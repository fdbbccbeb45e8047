package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"guichet/knowledge"
	"guichet/routing"
	"guichet/routing/ledger"
)

// Desk takes every message, whatever the channel, and gives its reply. It is safe for concurrent use: what it remembers is
// in the journal and the ledger.
type Desk struct {
	Journal  Journal
	Requests ledger.Store
	Tx       Transactor
	Base     Answerer
	Reader   Reader
	Rules    *routing.Rules
	// Directory is that of Rules.
	Directory *Directory
	Texts     Texts
	// Words words the answers of the base; nil leaves its extracts.
	Words Worder
	// Conventions is what is known of conventions; nil when nothing is.
	Conventions *Conventions
	// Fundings watches what requests ask money for; nil watches nothing.
	Fundings Fundings
	// WaitForFact is how long a request waits for the fact that decides before its entry point takes it.
	WaitForFact time.Duration
	Log         *slog.Logger
}

// Fundings knows what companies ask for and hold elsewhere.
type Fundings interface {
	// Watch warns both leads when a request asks, by a message, for what its company has asked for or holds already. It uses
	// the transaction of its context.
	Watch(ctx context.Context, r ledger.Request, text string, at time.Time) error
	// Known tells what is known of the fundings of a request's company, a line each, to staff only.
	Known(ctx context.Context, v ledger.Viewer, r ledger.Request, now time.Time) ([]string, error)
	// OfCompany tells the same of a company, by what names it.
	OfCompany(ctx context.Context, v ledger.Viewer, sought string, now time.Time) ([]string, error)
	// Seen tells what a notice of double funding, by its key, is about, likewise; nothing for another notice.
	Seen(ctx context.Context, v ledger.Viewer, key string) ([]string, error)
}

// Answerer answers questions from the base: a knowledge.Base, or a fake in tests.
type Answerer interface {
	Ask(ctx context.Context, v knowledge.Viewer, question string, now time.Time) (knowledge.Answer, error)
}

// Worder words an answer of the base from its quotes, and gives it back as it is when it cannot: a knowledge.Wording, or a
// fake in tests.
type Worder interface {
	Word(ctx context.Context, a knowledge.Asked, found knowledge.Answer, said func(text string)) knowledge.Answer
}

// plan is what a message leads to: the reply, and what must be written with it in one transaction.
type plan struct {
	reply Reply
	state State
	gap   *Gap
	// record writes to the ledger and completes the reply with what the ledger gave (a reference).
	record func(ctx context.Context, p *plan) error
}

// tries is how many times a message is thought over again when its conversation or its request moved meanwhile.
const tries = 5

// Handle gives the reply to a message: read it, think, write everything in one transaction, answer. The same message twice
// gives the same reply and writes nothing more. The error is for the operator: the reply already says to the person what
// happened to their message and what to do.
func (d *Desk) Handle(ctx context.Context, m Message) (Reply, error) { return d.Stream(ctx, m, nil) }

// Stream is Handle for a channel that shows an answer as it is worded: said is given its parts; the reply replaces them.
func (d *Desk) Stream(ctx context.Context, m Message, said func(text string)) (Reply, error) {
	if err := CheckText(m.Text); err != nil {
		return Reply{Kind: ReplyRefused, Text: d.Texts.say("refused", "reason", err)}, nil
	}
	if err := m.check(); err != nil {
		return d.failed(m, err)
	}
	for try := 1; ; try++ {
		reply, err := d.handle(ctx, m, said)
		switch {
		case try < tries && (errors.Is(err, ErrMoved) || errors.Is(err, ledger.ErrTransition)):
			again := *d
			again.Words = nil // the person has waited enough
			d = &again
			continue
		case errors.Is(err, ErrSeen): // another replica answered meanwhile
			reply, _, err = d.Journal.Replied(ctx, m.Channel, m.ID)
		}
		if err != nil {
			return d.failed(m, err)
		}
		return reply, nil
	}
}

// check refuses a message that its channel did not fill.
func (m Message) check() error {
	if m.Channel == "" || m.ID == "" || m.Thread == "" || m.At.IsZero() {
		return fmt.Errorf("message incomplet du canal %q : identifiant, fil et heure sont nécessaires", m.Channel)
	}
	return knowledge.Viewer{Audience: m.Asker.Audience}.Check()
}

func (d *Desk) handle(ctx context.Context, m Message, said func(string)) (Reply, error) {
	if reply, seen, err := d.Journal.Replied(ctx, m.Channel, m.ID); err != nil || seen {
		return reply, err
	}
	conversation, err := d.Journal.Conversation(ctx, m.Channel, m.Thread)
	if err != nil {
		return Reply{}, err
	}
	think := d.think
	if m.Edited != "" {
		think = d.edited
	}
	p, err := think(ctx, m, conversation.State, said)
	if err != nil {
		return Reply{}, err
	}
	err = d.Tx.InTx(ctx, func(ctx context.Context) error {
		if p.record != nil {
			if err := p.record(ctx, p); err != nil {
				return err
			}
		}
		conversation.State = p.state
		return d.Journal.Record(ctx, m, p.reply, conversation, p.gap)
	})
	return p.reply, err
}

// think decides what a message leads to, and writes nothing.
func (d *Desk) think(ctx context.Context, m Message, state State, said func(string)) (*plan, error) {
	reading := d.Reader.Read(m.Text)
	if fact, ok := d.answer(m, state, reading); ok {
		return d.answered(m, state, fact), nil
	}
	if asking, ok, err := d.questioned(ctx, m, reading); err != nil {
		return nil, err
	} else if ok {
		return d.specified(m, state, asking), nil
	}
	switch d.intent(m, reading, state) {
	case intentHuman:
		return d.human(m, state, reading), nil
	case intentContact:
		return d.contact(m, state, reading), nil
	case intentPlace:
		return d.placed(m, state, reading), nil
	case intentStatus:
		return d.status(ctx, m, state, reading)
	case intentSmall:
		return d.small(reading, state), nil
	case intentOffered:
		offered := m
		offered.Text = state.Offered
		return d.request(offered, state, d.Reader.Read(state.Offered)), nil
	case intentWho:
		return d.who(ctx, m, state, reading, said)
	case intentRequest:
		return d.request(m, state, reading), nil
	case intentUnclear:
		return d.askAgain(state), nil
	}
	return d.question(ctx, m, state, reading, said)
}

// edited decides what a message that was changed after its reply leads to: what a request was made of is recorded with it,
// anything else is answered anew, beside the first reply, which others may have read.
func (d *Desk) edited(ctx context.Context, m Message, state State, said func(string)) (*plan, error) {
	before, known, err := d.Journal.Replied(ctx, m.Channel, m.Edited)
	if err != nil {
		return nil, err
	}
	if known && before.Request != "" {
		if before.Request == state.Request { // the fact that it waits for may have been added
			if fact, ok := d.answer(m, state, d.Reader.Read(m.Text)); ok {
				return d.answered(m, state, fact), nil
			}
		}
		return d.amended(m, state, before.Request), nil
	}
	p, err := d.think(ctx, m, state, said)
	if err != nil || !known {
		return p, err
	}
	text, record := p.reply.Text, p.record
	if record == nil && text == before.Text {
		p.reply = Reply{Kind: ReplySmall, Text: d.Texts.say("edited-same")}
		return p, nil
	}
	p.record = func(ctx context.Context, p *plan) error {
		p.reply.Text = text
		if record != nil {
			if err := record(ctx, p); err != nil {
				return err
			}
		}
		p.reply.Text = d.Texts.say("edited") + "\n\n" + p.reply.Text
		return nil
	}
	return p, nil
}

// failed tells the person that nothing was recorded, and the operator why, under one reference.
func (d *Desk) failed(m Message, err error) (Reply, error) {
	incident := key(m)[:8]
	d.Log.Error("message not recorded", "incident", incident, "channel", m.Channel, "error", err)
	return Reply{Kind: ReplyRefused, Text: d.Texts.say("not-recorded", "incident", incident)}, fmt.Errorf("traitement du message (incident %s) : %w", incident, err)
}

// key names a message in one word, the same whenever it is computed.
func key(m Message) string {
	sum := sha256.Sum256([]byte(m.Channel + "\x00" + m.ID))
	return hex.EncodeToString(sum[:16])
}
