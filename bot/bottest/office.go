package bottest

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"guichet/bot"
	"guichet/bot/lexicon"
	"guichet/bot/sqljournal"
	"guichet/knowledge"
	"guichet/migrations/database"
	"guichet/routing/convention/sqlconvention"
	"guichet/routing/funding"
	"guichet/routing/funding/sqlfunding"
	"guichet/routing/ledger"
	"guichet/routing/ledger/sqlledger"
	"guichet/routing/rulebook"
)

// Office is everything that stands behind a chat platform: the real desk, rules, journal and ledger over a database, and a
// base that says who may read what it says.
type Office struct {
	Chat        *bot.Chat
	Desk        *bot.Desk
	Requests    *sqlledger.Ledger
	Fundings    funding.Watcher
	Conventions *sqlconvention.Conventions
	Journal     *sqljournal.Journal
	Base        *Base
	Outbox      *Outbox
	Log         *Lines
}

var shipped = sync.OnceValues(func() (r struct {
	book   *rulebook.Book
	reader *lexicon.Lexicon
}, err error) {
	if r.book, err = rulebook.Load(rulebook.Default()); err != nil {
		return r, err
	}
	r.reader, err = lexicon.New(r.book)
	return r, err
})

// NewOffice opens an office for a file of channels. Its limits let everything pass.
func NewOffice(t testing.TB, db *database.DB, channelsYAML string, now func() time.Time) *Office {
	t.Helper()
	region, err := shipped()
	if err != nil {
		t.Fatal(err)
	}
	channels, err := bot.ParseChannels([]byte(channelsYAML), []string{"DPEAP"})
	if err != nil {
		t.Fatal(err)
	}
	o := &Office{Base: &Base{}, Outbox: &Outbox{}, Log: &Lines{}, Journal: sqljournal.New(db)}
	log := slog.New(slog.NewTextHandler(o.Log, nil))
	o.Requests = sqlledger.New(db, o.Outbox, ledger.DefaultTexts(), ledger.Agenda{})
	o.Fundings = funding.Watcher{Store: sqlfunding.New(db, o.Requests, funding.Default(), region.book.Rules.EntryPoint()), Rules: funding.Default()}
	known := &bot.Conventions{
		Settings: region.book.Conventions, EPCIs: map[string]bot.EPCI{"200000001": {SIREN: "200000001", Name: "CA Fictive"}}, Texts: bot.DefaultTexts(),
		Theme: func(id string) string { return id },
	}
	o.Conventions = sqlconvention.New(db, o.Outbox, region.book.Conventions, known.Alert)
	known.Store = o.Conventions
	o.Desk = &bot.Desk{
		Journal: o.Journal, Requests: o.Requests, Tx: db, Base: o.Base, Reader: region.reader, Rules: region.book.Rules,
		Directory: bot.NewDirectory(region.book.Rules, bot.DefaultTexts()), Texts: bot.DefaultTexts(), WaitForFact: region.book.Conduct.WaitForFact, Fundings: o.Fundings, Conventions: known, Log: log,
	}
	free := bot.Pace{Every: time.Microsecond, Burst: 1000}
	o.Chat = &bot.Chat{
		Desk: o.Desk, Store: o.Journal, Journal: o.Journal, Requests: o.Requests, Conventions: known, Tx: db, Rules: region.book.Rules, Texts: bot.DefaultTexts(), Channels: channels,
		Platforms: map[string]bot.Platform{}, Limits: &bot.Limits{Person: free, Channel: free}, Fundings: o.Fundings, Now: now, Log: log,
	}
	return o
}

// Deliver sends what the ledger planned.
func (o *Office) Deliver(t testing.TB) {
	t.Helper()
	for {
		n, ok := o.Outbox.next()
		if !ok {
			return
		}
		if _, err := o.Chat.Deliver(context.Background(), n); err != nil {
			t.Fatal(err)
		}
	}
}

// Base answers with a passage of each audience that the viewer may see, as the real one does; « introuvable » finds
// nothing, « plante » makes it panic.
type Base struct{}

// The words of the passages: only one audience may read each. A partner's is followed by its EPCI.
const (
	PublicWord  = "OUVERT"
	PartnerWord = "RESERVE-EPCI"
	StaffWord   = "CONFIDENTIEL"
)

// Ask implements bot.Answerer.
func (b *Base) Ask(_ context.Context, v knowledge.Viewer, question string, _ time.Time) (knowledge.Answer, error) {
	if strings.Contains(question, "plante") {
		panic("une panne de la base")
	}
	if strings.Contains(question, "introuvable") {
		return knowledge.Answer{Abstained: true, Looked: []string{"introuvable"}}, nil
	}
	var a knowledge.Answer
	for _, passage := range []struct {
		audience knowledge.Audience
		words    string
	}{{knowledge.Public, PublicWord}, {knowledge.Partner, PartnerWord}, {knowledge.Staff, StaffWord}} {
		if passage.audience > v.Audience {
			continue
		}
		words := passage.words
		if passage.audience == knowledge.Partner && v.Audience == knowledge.Partner {
			words += " " + v.EPCI
		}
		a.Text = "Extrait " + words + " de <la fiche> & de *ses* annexes."
		a.Quotes = append(a.Quotes, knowledge.Quote{
			Document: "fiche", Title: "Fiche " + words, Section: "Montant", Text: a.Text, URL: "https://exemple.invalid/fiche?a=1&b=2", Audience: passage.audience,
			Date: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC),
		})
	}
	return a, nil
}

// Words is a model of which a test lets the sentences go one by one: said as they come, but the answer is what Whole gives.
type Words struct {
	// Say gives the sentences; closing it ends the answer.
	Say   chan string
	Whole string
}

// Word implements bot.Worder.
func (w *Words) Word(ctx context.Context, _ knowledge.Asked, found knowledge.Answer, said func(string)) knowledge.Answer {
	for {
		select {
		case sentence, more := <-w.Say:
			if !more {
				found.Text, found.Worded = w.Whole, true
				return found
			}
			said(sentence)
		case <-ctx.Done():
			return found
		}
	}
}

// Echo is a model that says what was found, so that it is shown while it is worded.
type Echo struct{}

// Word implements bot.Worder.
func (Echo) Word(_ context.Context, _ knowledge.Asked, found knowledge.Answer, said func(string)) knowledge.Answer {
	said(found.Text)
	return found
}

// Outbox keeps what the ledger plans, for Office.Deliver.
type Outbox struct {
	mu      sync.Mutex
	notices []ledger.Notice
}

// Deliver implements ledger.Outbox.
func (o *Outbox) Deliver(_ context.Context, n ledger.Notice) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.notices = append(o.notices, n)
	return nil
}

// Tell implements convention.Jobs; nothing is sent.
func (o *Outbox) Tell(context.Context, string) error { return nil }

// FollowUp implements ledger.Jobs.
func (o *Outbox) FollowUp(context.Context, string, time.Time) error { return nil }

func (o *Outbox) next() (n ledger.Notice, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.notices) == 0 {
		return n, false
	}
	n, o.notices = o.notices[0], o.notices[1:]
	return n, true
}

// Lines is a log that may be read while it is written.
type Lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (l *Lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *Lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
