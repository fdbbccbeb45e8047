package bot_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"guichet/bot"
	"guichet/bot/lexicon"
	"guichet/bot/sqljournal"
	"guichet/knowledge"
	"guichet/migrations/database"
	"guichet/migrations/databasetest"
	"guichet/routing"
	"guichet/routing/funding"
	"guichet/routing/funding/sqlfunding"
	"guichet/routing/ledger"
	"guichet/routing/ledger/sqlledger"
	"guichet/routing/rulebook"
)

const channelsFile = `
channels:
  - {channel: chat/PARTNER, audience: partner, epci: "200000001"}
  - {channel: chat/STAFF, audience: staff, direction: DPEAP}
  - {channel: chat/HALL, listens: true}
  - {channel: chat/OPERATOR, audience: partner, direction: HDFID}
people:
  - {group: chat/AGENTS, audience: staff}
  - {domain: agglo.example, audience: partner, epci: "200000001"}
administrators: [chat/ADMIN]
`

// platform remembers what it shows.
type platform struct {
	mu       sync.Mutex
	people   map[string]bot.Person
	external map[string]bool
	fail     error
	shown    []bot.Shown
	cards    map[string][]bot.Card
	said     []string
}

func (p *platform) Person(_ context.Context, id string) (bot.Person, error) { return p.people[id], nil }

func (p *platform) External(_ context.Context, channel string) (bool, error) {
	return p.external[channel], nil
}

func (p *platform) Show(_ context.Context, _ bot.Incoming, s bot.Shown, _ bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail != nil {
		return p.fail
	}
	p.shown = append(p.shown, s)
	return nil
}

func (p *platform) Draft(context.Context, bot.Incoming, string) time.Duration { return bot.NoDraft }

func (p *platform) Card(_ context.Context, channel string, c bot.Card, _ string) error {
	p.cards[channel] = append(p.cards[channel], c)
	return nil
}

func (p *platform) Say(_ context.Context, channel, thread, text, _ string) error {
	p.said = append(p.said, channel+" "+thread+" "+text)
	return nil
}

// messenger is a chat platform with what stands behind it.
type messenger struct {
	*bot.Chat
	t        *testing.T
	base     *base
	platform *platform
	requests *sqlledger.Ledger
	fundings funding.Watcher
	// notices were planned and not delivered yet.
	notices []ledger.Notice
	now     time.Time
	n       int
}

func (m *messenger) Deliver(_ context.Context, n ledger.Notice) error {
	m.notices = append(m.notices, n)
	return nil
}
func (m *messenger) FollowUp(context.Context, string, time.Time) error { return nil }

type region struct {
	book   *rulebook.Book
	reader *lexicon.Lexicon
}

// loaded gives the shipped rules, read once.
var loaded = sync.OnceValues(func() (region, error) {
	book, err := rulebook.Load(rulebook.Default())
	if err != nil {
		return region{}, err
	}
	reader, err := lexicon.New(book)
	return region{book, reader}, err
})

func openChat(t *testing.T, e databasetest.Engine) *messenger {
	t.Helper()
	return openChatOn(t, e.New(t))
}

func openChatOn(t *testing.T, db *database.DB) *messenger {
	t.Helper()
	shipped, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	book, reader := shipped.book, shipped.reader
	channels, err := bot.ParseChannels([]byte(channelsFile), []string{"DPEAP", "HDFID"})
	if err != nil {
		t.Fatal(err)
	}
	m := &messenger{t: t, base: &base{}, now: morning, platform: &platform{external: map[string]bool{}, cards: map[string][]bot.Card{}, people: map[string]bot.Person{
		"chat/AGENT":   {ID: "chat/AGENT", Name: "Agathe", Groups: []string{"chat/AGENTS"}},
		"chat/ADMIN":   {ID: "chat/ADMIN", Name: "Adam", Groups: []string{"chat/AGENTS"}},
		"chat/SECOND":  {ID: "chat/SECOND", Name: "Simon", Groups: []string{"chat/AGENTS"}},
		"chat/PARTNER": {ID: "chat/PARTNER", Name: "Paul", Email: "paul@agglo.example"},
		"chat/GUEST":   {ID: "chat/GUEST", Name: "Gus", Groups: []string{"chat/AGENTS"}, Outside: true},
		"chat/NOBODY":  {ID: "chat/NOBODY", Name: "Nils"},
	}}}
	m.requests = sqlledger.New(db, m, ledger.DefaultTexts(), ledger.Agenda{})
	m.fundings = funding.Watcher{Store: sqlfunding.New(db, m.requests, funding.Default(), book.Rules.EntryPoint()), Rules: funding.Default()}
	journal := sqljournal.New(db)
	desk := &bot.Desk{
		Journal: journal, Requests: m.requests, Tx: db, Base: m.base, Reader: reader, Rules: book.Rules,
		Directory: bot.NewDirectory(book.Rules, bot.DefaultTexts()), Texts: bot.DefaultTexts(), WaitForFact: book.Conduct.WaitForFact, Log: slog.New(slog.DiscardHandler),
		Fundings: m.fundings,
	}
	m.Chat = &bot.Chat{
		Desk: desk, Store: journal, Journal: journal, Requests: m.requests, Tx: db, Rules: book.Rules, Texts: bot.DefaultTexts(), Channels: channels,
		Platforms: map[string]bot.Platform{"chat": m.platform}, Limits: bot.DefaultLimits(), Fundings: m.fundings,
		Now: func() time.Time { return m.now }, Log: slog.New(slog.DiscardHandler),
	}
	return m
}

func (m *messenger) write(channel, thread, person, text string) bot.Incoming {
	m.n++
	m.now = m.now.Add(4 * time.Second) // slower than the limits
	in := bot.Incoming{Channel: channel, ID: fmt.Sprint(m.n), Thread: thread, Text: text, Person: person, At: m.now}
	if channel == person {
		in.Thread = bot.OwnThread
	}
	return in
}

// serve gives what is shown for a message.
func (m *messenger) serve(in bot.Incoming) bot.Shown {
	m.t.Helper()
	claim, ok, err := m.Receive(m.t.Context(), in)
	if err != nil || !ok {
		m.t.Fatalf("%+v: %v, %v", in, ok, err)
	}
	before := len(m.platform.shown)
	m.Serve(m.t.Context(), claim)
	if len(m.platform.shown) != before+1 {
		m.t.Fatalf("%+v shows %d replies", in, len(m.platform.shown)-before)
	}
	return m.platform.shown[before]
}

func (m *messenger) deliver() {
	m.t.Helper()
	for len(m.notices) > 0 {
		n := m.notices[0]
		m.notices = m.notices[1:]
		if _, err := m.Chat.Deliver(m.t.Context(), n); err != nil {
			m.t.Fatal(err)
		}
	}
}

func TestRightsOfThePlace(t *testing.T) {
	for _, c := range []struct {
		channel, person, in string
		external            bool
		want                knowledge.Viewer
	}{
		{channel: "chat/UNKNOWN", person: "chat/AGENT", want: knowledge.Viewer{Audience: knowledge.Public}},
		{channel: "chat/PARTNER", person: "chat/AGENT", want: knowledge.Viewer{Audience: knowledge.Partner, EPCI: "200000001"}},
		{channel: "chat/PARTNER", person: "chat/NOBODY", want: knowledge.Viewer{Audience: knowledge.Partner, EPCI: "200000001"}},
		{channel: "chat/PARTNER", person: "chat/GUEST", external: true, want: knowledge.Viewer{Audience: knowledge.Partner, EPCI: "200000001"}},
		{channel: "chat/STAFF", person: "chat/NOBODY", want: knowledge.Viewer{Audience: knowledge.Staff}},
		{channel: "chat/STAFF", person: "chat/GUEST", want: knowledge.Viewer{Audience: knowledge.Public}},
		{channel: "chat/STAFF", person: "chat/AGENT", external: true, want: knowledge.Viewer{Audience: knowledge.Public}},
		{channel: "chat/AGENT", person: "chat/AGENT", want: knowledge.Viewer{Audience: knowledge.Staff}},
		{channel: "chat/AGENT", person: "chat/AGENT", in: "chat/PARTNER", want: knowledge.Viewer{Audience: knowledge.Staff}},
		{channel: "chat/PARTNER2", person: "chat/PARTNER", want: knowledge.Viewer{Audience: knowledge.Public}},
		{channel: "chat/GUEST", person: "chat/GUEST", want: knowledge.Viewer{Audience: knowledge.Public}},
		{channel: "chat/NOBODY", person: "chat/NOBODY", want: knowledge.Viewer{Audience: knowledge.Public}},
	} {
		m := openChat(t, databasetest.SQLite)
		m.platform.external[c.channel] = c.external
		in := m.write(c.channel, "fil", c.person, "Quels sont les types de conventions avec les EPCI ?")
		in.In = c.in
		shown := m.serve(in)
		if len(m.base.viewers) != 1 || m.base.viewers[0] != c.want {
			t.Errorf("%s in %s: the base is read for %+v, want %+v", c.person, c.channel, m.base.viewers, c.want)
		}
		if own := c.channel == c.person; shown.Own != own || shown.Publish != (own && c.in != "") {
			t.Errorf("%s in %s: own %v, published %v", c.person, c.channel, shown.Own, shown.Publish)
		}
	}
}

func TestAPartnersOwnRights(t *testing.T) {
	m := openChat(t, databasetest.SQLite)
	m.serve(m.write("chat/PARTNER", bot.OwnThread, "chat/PARTNER", "Quels sont les types de conventions avec les EPCI ?"))
	if got := m.base.viewers[0]; got != (knowledge.Viewer{Audience: knowledge.Partner, EPCI: "200000001"}) {
		t.Errorf("the base is read for %+v", got)
	}
}

func TestPublishingAsksAgain(t *testing.T) {
	m := openChat(t, databasetest.SQLite)
	in := m.write("chat/AGENT", "", "chat/AGENT", "Quels sont les types de conventions avec les EPCI ?")
	in.In = "chat/PARTNER"
	m.serve(in)
	text, ok, err := m.Question(t.Context(), "chat/AGENT", in.ID)
	if !ok || err != nil || text != in.Text {
		t.Fatalf("%q, %v, %v", text, ok, err)
	}
	if _, ok, _ := m.Question(t.Context(), "chat/NOBODY", in.ID); ok {
		t.Error("somebody publishes another person's question")
	}
	m.serve(m.write("chat/PARTNER", "publié", "chat/AGENT", text))
	if got := m.base.viewers[1]; got.Audience != knowledge.Partner {
		t.Errorf("what is published was read for %+v", got)
	}
}

func TestOnlyWhatIsAddressedIsAnswered(t *testing.T) {
	m := openChat(t, databasetest.SQLite)
	m.serve(m.write("chat/PARTNER", "connu", "chat/NOBODY", "Bonjour"))
	for _, c := range []struct {
		channel, thread string
		want            bool
	}{
		{"chat/PARTNER", "connu", true}, {"chat/PARTNER", "autre", false}, {"chat/PARTNER", "", false},
		{"chat/HALL", "", true}, {"chat/UNKNOWN", "connu", false},
	} {
		if got, err := m.Addressed(t.Context(), c.channel, c.thread); err != nil || got != c.want {
			t.Errorf("%+v: %v, %v", c, got, err)
		}
	}
}

func TestEachMessageIsServedOnce(t *testing.T) { databasetest.Each(t, servedOnce) }

func servedOnce(t *testing.T, e databasetest.Engine) {
	m := openChat(t, e)
	in := m.write("chat/HALL", "fil", "chat/NOBODY", "Bonjour")
	var claims []bot.Claim
	for range 3 { // mentions come twice, and platforms bring again what they believe lost
		if claim, ok, err := m.Receive(t.Context(), in); err != nil {
			t.Fatal(err)
		} else if ok {
			claims = append(claims, claim)
		}
	}
	if len(claims) != 1 {
		t.Fatalf("%d claims", len(claims))
	}
	m.platform.fail = errors.New("panne")
	m.Serve(t.Context(), claims[0])
	m.now = m.now.Add(5 * time.Second)
	again, ok, err := m.Receive(t.Context(), in)
	if err != nil || !ok || again.Tries != 2 {
		t.Fatalf("a retry after a failure: %+v, %v, %v", again, ok, err)
	}
	m.platform.fail = nil
	m.now = m.now.Add(time.Hour) // the replica that held it died
	left, err := m.Store.Left(t.Context(), "chat", m.now, m.now.Add(time.Minute), 10)
	if err != nil || len(left) != 1 || left[0].Tries != 3 || left[0].Text != "Bonjour" {
		t.Fatalf("left %+v, %v", left, err)
	}
	if other, err := m.Store.Left(t.Context(), "other", m.now, m.now, 10); err != nil || len(other) != 0 {
		t.Errorf("another platform takes %v, %v", other, err)
	}
	m.Serve(t.Context(), left[0])
	m.now = m.now.Add(time.Hour)
	if _, ok, err := m.Receive(t.Context(), in); ok || err != nil {
		t.Errorf("a retry after a success is served, %v", err)
	}
	if len(m.platform.shown) != 1 {
		t.Errorf("%d replies shown", len(m.platform.shown))
	}
	if err := m.Store.Forget(t.Context(), m.now.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := m.Receive(t.Context(), in); !ok || err != nil {
		t.Errorf("what was forgotten is still there, %v", err)
	}
}

func TestAReplyThatCannotBeShownIsGivenUp(t *testing.T) {
	m := openChat(t, databasetest.SQLite)
	in := m.write("chat/HALL", "fil", "chat/NOBODY", "Bonjour")
	m.platform.fail = errors.New("panne")
	tries := 0
	for ; tries < 20; tries++ {
		claim, ok, err := m.Receive(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		m.Serve(t.Context(), claim)
		m.now = m.now.Add(time.Hour)
	}
	if tries != 5 {
		t.Errorf("tried %d times", tries)
	}
}

// handedOver gives a request of a partner's channel as it comes in its direction's channel.
func (m *messenger) handedOver() (bot.Card, string) {
	m.t.Helper()
	shown := m.serve(m.write("chat/PARTNER", "fil", "chat/NOBODY", "Restaurateur à Amiens, SIREN 732829320, nous cherchons une aide pour exporter nos sauces."))
	if shown.Reply.Kind != bot.ReplyRouted {
		m.t.Fatalf("reply %+v", shown.Reply)
	}
	m.deliver()
	cards := m.platform.cards["chat/STAFF"]
	if len(cards) != 1 {
		m.t.Fatalf("%d cards: %+v", len(cards), m.platform.cards)
	}
	return cards[0], shown.Reply.Request
}

func (m *messenger) press(c bot.Card, act bot.Act, person, text, to string) (bot.Card, string) {
	m.t.Helper()
	m.now = m.now.Add(time.Second)
	card, said, err := m.Press(m.t.Context(), bot.Press{
		Act: act, Reference: c.Reference, Version: c.Version, Channel: "chat/STAFF", Person: m.platform.people[person], Text: text, To: to,
	})
	if err != nil || said == "" {
		m.t.Fatalf("%s: %q, %v", act, said, err)
	}
	m.deliver()
	return card, said
}

func TestTheCardOfARequest(t *testing.T) {
	m := openChat(t, databasetest.SQLite)
	card, reference := m.handedOver()
	all := fmt.Sprint(card.Fields)
	for _, want := range []string{reference, "732829320", "Amiens", "exporter nos sauces", "« exporter", "DPEAP", "Règle"} {
		if !strings.Contains(all, want) {
			t.Errorf("the card does not say « %s »: %s", want, all)
		}
	}
	if want := []bot.Act{bot.Take, bot.Pass, bot.GiveReply, bot.AskPerson}; !slices.Equal(card.Acts, want) || len(card.Directions) == 0 {
		t.Errorf("acts %v, directions %v", card.Acts, card.Directions)
	}
	taken, said := m.press(card, bot.Take, "chat/AGENT", "", "")
	if r := m.staffRequest(reference); r.Status != ledger.Taken || r.Owner != "Agathe" {
		t.Errorf("%q, request %+v", said, r)
	}
	if last := m.platform.said[len(m.platform.said)-1]; !strings.Contains(last, "chat/PARTNER fil") || !strings.Contains(last, "Agathe") {
		t.Errorf("the person's thread hears %q", m.platform.said)
	}
	// A second person's click on the card as it was.
	if _, said := m.press(card, bot.Pass, "chat/SECOND", "pas nous", "DAEN"); !strings.Contains(said, "Agathe") || !strings.Contains(said, "Rien n'a été fait") {
		t.Errorf("an old card: %q", said)
	}
	answered, _ := m.press(taken, bot.GiveReply, "chat/AGENT", "Voici l'aide.", "")
	if last := m.platform.said[len(m.platform.said)-1]; !strings.Contains(last, "Voici l'aide.") {
		t.Errorf("the person's thread hears %q", last)
	}
	if slices.Contains(answered.Acts, bot.Take) || m.staffRequest(reference).Status != ledger.Answered {
		t.Errorf("acts %v once answered", answered.Acts)
	}
	m.serve(m.write("chat/PARTNER", "fil 2", "chat/NOBODY", "SIREN 732829320, à Amiens : nous cherchons une aide pour exporter au Japon."))
	m.deliver()
	cards := m.platform.cards["chat/STAFF"]
	if last := cards[len(cards)-1]; last.Reference == reference || !strings.Contains(fmt.Sprint(last.Fields), reference) {
		t.Errorf("the second card does not tell of the first request: %+v", last.Fields)
	}
}

func (m *messenger) staffRequest(reference string) ledger.Request {
	m.t.Helper()
	r, err := m.requests.Get(m.t.Context(), ledger.Viewer{Staff: true}, reference)
	if err != nil {
		m.t.Fatal(err)
	}
	return r
}

// A whole channel reads a card: how to reach the person is told to who takes the request, and to nobody else.
func TestContactsAreForWhoTakesTheRequest(t *testing.T) {
	m := openChat(t, databasetest.SQLite)
	const phone, mail = "06 39 98 00 01", "zoe@courriel.example"
	m.serve(m.write("chat/PARTNER", "fil", "chat/NOBODY", "Notre PME de 30 salariés à Amiens veut exporter nos sauces, SIREN 732829320. Écrivez à "+mail))
	m.serve(m.write("chat/PARTNER", "fil", "chat/NOBODY", "Mon téléphone : "+phone))
	m.deliver()
	cards := m.platform.cards["chat/STAFF"]
	for _, card := range cards {
		if text := fmt.Sprint(card); strings.Contains(text, phone) || strings.Contains(text, mail) || !strings.Contains(text, "exporter nos sauces") {
			t.Errorf("the card %s", text)
		}
	}
	card, said := m.press(cards[len(cards)-1], bot.Take, "chat/AGENT", "", "")
	if !strings.Contains(said, phone) || !strings.Contains(said, mail) || strings.Contains(fmt.Sprint(card), phone) {
		t.Errorf("who takes it is told %q, and all see %v", said, card)
	}
	accesses, err := m.requests.Accesses(t.Context(), ledger.Viewer{Staff: true}, ledger.AccessFilter{})
	if err != nil || len(accesses) != 1 || accesses[0].By != "Agathe" || accesses[0].Reference != card.Reference || accesses[0].Channel != "chat/STAFF" {
		t.Errorf("accesses %+v, %v", accesses, err)
	}
}

// The card proposes the next step of the path, until the request is done with.
func TestTheCardProposesTheNextStep(t *testing.T) {
	m := openChat(t, databasetest.SQLite)
	m.serve(m.write("chat/PARTNER", "fil", "chat/NOBODY", "Nous voulons créer une boulangerie à Amiens, comment la Région peut-elle nous aider ? SIREN 732829320"))
	m.deliver()
	card := m.platform.cards["chat/STAFF"][0]
	if text := fmt.Sprint(card.Fields); !strings.Contains(text, "Prochaine étape accompagnement du projet (Starter") {
		t.Errorf("the card says %s", text)
	}
	if _, err := m.requests.SetStep(t.Context(), card.Reference, "accompagnement", ledger.Done, "", "Agathe", m.now); err != nil {
		t.Fatal(err)
	}
	taken, _ := m.press(card, bot.Take, "chat/AGENT", "", "")
	if text := fmt.Sprint(taken.Fields); !strings.Contains(text, "Prochaine étape diagnostic financier de départ (DPEAP)") {
		t.Errorf("then it says %s", text)
	}
	answered, _ := m.press(taken, bot.GiveReply, "chat/AGENT", "Voici.", "")
	if text := fmt.Sprint(answered.Fields); strings.Contains(text, "Prochaine étape") {
		t.Errorf("once answered it says %s", text)
	}
}

func TestNotForUs(t *testing.T) {
	m := openChat(t, databasetest.SQLite)
	card, reference := m.handedOver()
	for _, c := range []struct{ text, to string }{{"", "DAEN"}, {"pas nous", ""}, {"pas nous", "INCONNUE"}} {
		if _, said := m.press(card, bot.Pass, "chat/AGENT", c.text, c.to); !strings.Contains(said, "Rien") {
			t.Errorf("%+v: %q", c, said)
		}
	}
	passed, _ := m.press(card, bot.Pass, "chat/AGENT", "c'est une subvention", "DAEN")
	r := m.staffRequest(reference)
	moved := r.Events[slices.IndexFunc(r.Events, func(e ledger.Event) bool { return e.Kind == ledger.Assigned })]
	if r.Lead != "DAEN" || moved.Why != "c'est une subvention" || moved.By != "Agathe" || len(passed.Acts) != 0 {
		t.Errorf("request %s, event %+v, acts %v", r.Lead, moved, passed.Acts)
	}
	if last := m.platform.said[len(m.platform.said)-1]; !strings.Contains(last, "DAEN") {
		t.Errorf("the person hears %q", last)
	}
}

func TestAnAssociatedDirectionTellsItsPart(t *testing.T) {
	for act, want := range map[bot.Act]ledger.Status{bot.PartDone: ledger.Done, bot.PartPass: ledger.NotForUs} {
		m := openChat(t, databasetest.SQLite)
		own := bot.ChannelSettings{Audience: knowledge.Staff, Direction: "DAEN"}
		if err := m.Store.SetChannel(t.Context(), "chat/DAEN", &own, "chat/ADMIN", m.now); err != nil {
			t.Fatal(err)
		}
		lead, reference := m.handedOver()
		m.deliver()
		cards := m.platform.cards["chat/DAEN"]
		if len(cards) != 1 || !slices.Equal(cards[0].Acts, []bot.Act{bot.PartDone, bot.PartPass}) {
			t.Fatalf("the associated direction gets %+v", cards)
		}
		press := func(act bot.Act, channel, text string) (bot.Card, string) {
			t.Helper()
			p := bot.Press{Act: act, Reference: reference, Version: cards[0].Version, Channel: channel, Person: m.platform.people["chat/AGENT"], Text: text}
			card, said, err := m.Press(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			return card, said
		}
		if _, said := press(bot.PartPass, "chat/DAEN", ""); !strings.Contains(said, "Rien") {
			t.Errorf("not for us, without a reason: %q", said)
		}
		if _, said := press(act, "chat/STAFF", "vu"); !strings.Contains(said, "Rien") {
			t.Errorf("the lead told the part of another: %q", said)
		}
		after, said := press(act, "chat/DAEN", "vu avec eux")
		r := m.staffRequest(reference)
		i := slices.IndexFunc(r.Pace.Parts, func(p ledger.Part) bool { return p.Direction == "DAEN" })
		if part := r.Pace.Parts[i]; part.Status != want || part.By != "Agathe" || part.Why != "vu avec eux" || len(after.Acts) != 0 || !strings.Contains(said, "DAEN") {
			t.Errorf("%q, part %+v, acts %v", said, part, after.Acts)
		}
		m.deliver()
		toLead := m.platform.cards["chat/STAFF"]
		if last := toLead[len(toLead)-1]; !strings.Contains(last.Headline, "DAEN") || !slices.Equal(last.Acts, lead.Acts) {
			t.Errorf("the lead gets %+v", last)
		}
		if _, said := m.press(lead, bot.Take, "chat/AGENT", "", ""); !strings.Contains(said, reference) || m.staffRequest(reference).Status != ledger.Taken {
			t.Errorf("the lead's card is out of date for a part: %q", said)
		}
	}
}

// The card says which requests may be the same, to agents only, and its buttons do nothing on a request that was joined.
func TestTheCardShowsWhatLooksAlike(t *testing.T) {
	m := openChat(t, databasetest.SQLite)
	say := func(thread, text string) string {
		t.Helper()
		shown := m.serve(m.write("chat/STAFF", thread, "chat/AGENT", text))
		if shown.Reply.Request == "" {
			t.Fatalf("reply %+v", shown.Reply)
		}
		return shown.Reply.Request
	}
	first := say("un", "L'entreprise Verlinor Bois à Lens veut exporter en Espagne.")
	second := say("deux", "L'entreprise Verlinor Bois Services à Lens veut exporter au Japon.")
	m.deliver()
	cards := m.platform.cards["chat/STAFF"]
	last := cards[len(cards)-1]
	for _, want := range []string{"Peut-être la même", first, "se retrouve en entier"} {
		if all := fmt.Sprint(last.Fields); last.Reference != second || !strings.Contains(all, want) {
			t.Errorf("the card does not say « %s »: %s", want, all)
		}
	}
	if _, err := m.requests.Join(t.Context(), first, second, "même gérante", "Agathe", m.now); err != nil {
		t.Fatal(err)
	}
	after, said := m.press(last, bot.Take, "chat/AGENT", "", "")
	if !strings.Contains(said, "Rien n'a été fait") || !strings.Contains(said, "rejoint la demande "+first) || len(after.Acts) != 0 {
		t.Errorf("%q, acts %v", said, after.Acts)
	}
	if all := fmt.Sprint(after.Fields); !strings.Contains(all, "jointe à une autre ("+first+")") || strings.Contains(all, "Peut-être") {
		t.Errorf("the card says %s", all)
	}
	// A partner's channel hears nothing of it.
	m.serve(m.write("chat/PARTNER", "trois", "chat/NOBODY", "L'entreprise Verlinor Bois Industrie à Lens veut exporter en Italie."))
	for _, card := range m.platform.cards["chat/PARTNER"] {
		if strings.Contains(fmt.Sprint(card.Fields), "Peut-être") {
			t.Errorf("a partner sees %+v", card)
		}
	}
}

func TestAPrecisionGoesToThePersonAndBack(t *testing.T) {
	m := openChat(t, databasetest.SQLite)
	card, reference := m.handedOver()
	asked, _ := m.press(card, bot.AskPerson, "chat/AGENT", "Vers quel pays ?", "")
	if last := m.platform.said[len(m.platform.said)-1]; !strings.Contains(last, "chat/PARTNER fil") || !strings.Contains(last, "Vers quel pays ?") {
		t.Fatalf("the person's thread hears %q", last)
	}
	if shown := m.serve(m.write("chat/PARTNER", "fil", "chat/NOBODY", "Vers le Japon")); shown.Reply.Request != reference || !strings.Contains(shown.Reply.Text, "DPEAP") {
		t.Errorf("the answer gets %+v", shown.Reply)
	}
	m.deliver()
	cards := m.platform.cards["chat/STAFF"]
	last := cards[len(cards)-1]
	if !strings.Contains(fmt.Sprint(last.Fields), "Vers le Japon") || last.Version == asked.Version {
		t.Errorf("the lead gets %+v", last)
	}
	if shown := m.serve(m.write("chat/PARTNER", "fil", "chat/NOBODY", "Bonjour")); shown.Reply.Kind != bot.ReplySmall {
		t.Errorf("another message is taken for the answer: %+v", shown.Reply)
	}
}

func TestWhoMayPress(t *testing.T) {
	m := openChat(t, databasetest.SQLite)
	card, reference := m.handedOver()
	for name, p := range map[string]bot.Press{
		"a guest":                   {Channel: "chat/STAFF", Person: m.platform.people["chat/GUEST"]},
		"a partner's channel":       {Channel: "chat/PARTNER", Person: m.platform.people["chat/AGENT"]},
		"a public channel":          {Channel: "chat/HALL", Person: m.platform.people["chat/AGENT"]},
		"another direction's":       {Channel: "chat/OPERATOR", Person: m.platform.people["chat/AGENT"]},
		"a channel shared abroad":   {Channel: "chat/STAFF", Person: m.platform.people["chat/AGENT"], External: true},
		"a request that is no more": {Channel: "chat/STAFF", Person: m.platform.people["chat/AGENT"], Reference: "2026-9999"},
	} {
		p.Act, p.Version = bot.Take, card.Version
		if p.Reference == "" {
			p.Reference = reference
		}
		got, said, err := m.Press(t.Context(), p)
		if err != nil || !strings.Contains(said, "Rien n'a été fait") || (p.Channel != "chat/STAFF" || p.External || p.Reference != reference) && len(got.Fields) > 0 {
			t.Errorf("%s: %q, %v, %+v", name, said, err, got)
		}
	}
	if r := m.staffRequest(reference); r.Status != ledger.Transmitted {
		t.Errorf("the request is %s", r.Status)
	}
}

func TestTwoPeopleClickAtOnce(t *testing.T) { databasetest.Each(t, twoClicks) }

func twoClicks(t *testing.T, e databasetest.Engine) {
	m := openChat(t, e)
	card, reference := m.handedOver()
	people := []string{"chat/AGENT", "chat/SECOND"}
	said := make([]string, 2)
	var wg sync.WaitGroup
	for i, person := range people {
		wg.Go(func() {
			act := []bot.Act{bot.Take, bot.GiveReply}[i]
			_, text, err := m.Press(t.Context(), bot.Press{Act: act, Reference: reference, Version: card.Version, Channel: "chat/STAFF", Person: m.platform.people[person], Text: "Voici."})
			if err != nil {
				t.Error(err)
			}
			said[i] = text
		})
	}
	wg.Wait()
	refused := 0
	for _, text := range said {
		if strings.Contains(text, "Rien n'a été fait") {
			refused++
		}
	}
	acted := 0
	for _, e := range m.staffRequest(reference).Events {
		if e.Kind == ledger.StatusSet || e.Kind == ledger.AnswerGiven {
			acted++
		}
	}
	if refused != 1 || acted != 1 {
		t.Errorf("%d refused, %d acted: %q", refused, acted, said)
	}
}

// A partner's channel that leads sees the requests of its territory only.
func TestADirectionsChannelSeesWhatItMay(t *testing.T) {
	m := openChat(t, databasetest.SQLite)
	m.serve(m.write("chat/HALL", "fil", "chat/NOBODY", "Restaurateur à Amiens, nous cherchons un rendez-vous avec la Région pour notre secret de fabrication."))
	m.notices = []ledger.Notice{{Key: "k", Kind: ledger.NewRequest, To: "HDFID", Reference: "2026-0001", Text: "Demande 2026-0001."}}
	m.deliver()
	cards := m.platform.cards["chat/OPERATOR"]
	if len(cards) != 1 || len(cards[0].Fields) != 0 || len(cards[0].Acts) != 0 || !strings.Contains(cards[0].Headline, "2026-0001") {
		t.Errorf("cards %+v", cards)
	}
	if sent, err := m.Chat.Deliver(t.Context(), ledger.Notice{To: "DFP", Reference: "2026-0001"}); sent || err != nil {
		t.Errorf("a direction without channel: %v, %v", sent, err)
	}
	if _, err := m.Chat.Deliver(t.Context(), ledger.Notice{Channel: "autre/C1", Thread: "t"}); err == nil {
		t.Error("a notice to a platform that is not open is lost")
	}
}

// A company that asks for what it holds already: both leads are told, each in its channel, and staff alone sees what was seen.
func TestDoubleFundingAtIntake(t *testing.T) { databasetest.Each(t, doubleFunding) }

func doubleFunding(t *testing.T, e databasetest.Engine) {
	m := openChat(t, e)
	put := func(direction, expense string) {
		t.Helper()
		_, _, _, err := m.fundings.Put(t.Context(), funding.Funding{
			Company: ledger.Company{Name: "Verlinor fictive", SIREN: "732829320"}, Direction: direction, Kind: "subvention", Cents: 4_000_000, Expense: expense, Granted: "2026-01-15",
		}, "Ada", "", m.now)
		if err != nil {
			t.Fatal(err)
		}
	}
	field := func(c bot.Card, label string) string {
		for _, f := range c.Fields {
			if f.Label == label {
				return strings.ReplaceAll(f.Value, "\u00a0", " ")
			}
		}
		return ""
	}
	put("HDFID", "Acquisition presse-plieuse CNC")
	shown := m.serve(m.write("chat/HALL", "fil", "chat/NOBODY", "Bonjour, SIREN 732829320, nous sommes 5 et cherchons une subvention pour une presse plieuse."))
	if strings.Contains(fmt.Sprintf("%+v", shown), "F-2026") {
		t.Errorf("the person who asks is told of fundings: %+v", shown)
	}
	kinds := map[string][]ledger.NoticeKind{}
	for _, n := range m.notices {
		kinds[n.To] = append(kinds[n.To], n.Kind)
	}
	if !slices.Equal(kinds["DPEAP"], []ledger.NoticeKind{ledger.NewRequest, ledger.DoubleFunding}) || !slices.Equal(kinds["HDFID"], []ledger.NoticeKind{ledger.DoubleFunding}) {
		t.Errorf("notices %v", kinds)
	}
	m.deliver()
	staff := m.platform.cards["chat/STAFF"]
	if len(staff) != 2 {
		t.Fatalf("%d cards in the lead's channel", len(staff))
	}
	for _, card := range staff {
		if known := field(card, "Financements connus"); !strings.Contains(known, "F-2026-0001 : subvention, 40 000 €, HDFID") || !strings.Contains(known, "mots communs : presse, plieuse") {
			t.Errorf("known %q", known)
		}
	}
	for _, card := range m.platform.cards["chat/OPERATOR"] { // a partner's channel, in another territory
		if all := fmt.Sprintf("%+v", card); strings.Contains(all, "40") || strings.Contains(all, "Verlinor") || strings.Contains(all, "plieuse") {
			t.Errorf("a partner sees %s", all)
		}
	}

	// « A-t-elle été accompagnée ? » : staff are told of the fundings, a partner is not.
	question := "L'entreprise 732829320 a-t-elle été accompagnée ?"
	if told := fmt.Sprintf("%+v", m.serve(m.write("chat/STAFF", "q", "chat/AGENT", question))); !strings.Contains(told, "F-2026-0001") {
		t.Errorf("staff are told %s", told)
	}
	if told := fmt.Sprintf("%+v", m.serve(m.write("chat/PARTNER", "q", "chat/PARTNER", question))); strings.Contains(told, "F-2026") {
		t.Errorf("a partner is told %s", told)
	}

	// Two fundings without a request: the notice says what was seen, to staff only.
	put("DPEAP", "presse plieuse")
	m.deliver()
	var seen, known int
	for _, card := range m.platform.cards["chat/STAFF"][2:] {
		if card.Reference == "" && strings.Contains(field(card, "Ce qui a été vu"), "F-2026-0001 et F-2026-0002") {
			seen++
		}
		if card.Reference != "" && strings.Contains(field(card, "Financements connus"), "F-2026-0002 et "+card.Reference) {
			known++
		}
	}
	if seen != 1 || known != 1 {
		t.Errorf("%d cards of two fundings, %d of the request: %+v", seen, known, m.platform.cards["chat/STAFF"][2:])
	}
	operator := m.platform.cards["chat/OPERATOR"]
	if last := operator[len(operator)-1]; last.Reference != "" || len(last.Fields) != 0 || !strings.Contains(last.Headline, "F-2026-0002") {
		t.Errorf("a partner sees %+v", last)
	}
}

func TestAnAdministratorSetsAChannel(t *testing.T) { databasetest.Each(t, setChannel) }

func setChannel(t *testing.T, e databasetest.Engine) {
	m := openChat(t, e)
	say := func(person, in, text string) string {
		t.Helper()
		message := m.write(person, bot.OwnThread, person, text)
		message.In, message.Command = in, true
		shown := m.serve(message)
		if !shown.Own {
			t.Errorf("%q is shown to all", text)
		}
		return shown.Reply.Text
	}
	settings := func() bot.ChannelSettings {
		t.Helper()
		s, err := m.Settings(t.Context(), "chat/NEW", false)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	public := bot.ChannelSettings{Audience: knowledge.Public}
	for _, person := range []string{"chat/AGENT", "chat/NOBODY", "chat/GUEST"} {
		if text := say(person, "chat/NEW", "canal staff"); !strings.Contains(text, "Rien n'a changé") || settings() != public {
			t.Errorf("%s: %s", person, text)
		}
	}
	for _, c := range []struct {
		text string
		want bot.ChannelSettings
	}{
		{"canal partner 200000001", bot.ChannelSettings{Audience: knowledge.Partner, EPCI: "200000001"}},
		{"canal écoute oui", bot.ChannelSettings{Audience: knowledge.Partner, EPCI: "200000001", Listens: true}},
		{"canal partner 12", bot.ChannelSettings{Audience: knowledge.Partner, EPCI: "200000001", Listens: true}},
		{"canal direction INCONNUE", bot.ChannelSettings{Audience: knowledge.Partner, EPCI: "200000001", Listens: true}},
		{"canal staff", bot.ChannelSettings{Audience: knowledge.Staff, Listens: true}},
		{"canal direction dri", bot.ChannelSettings{Audience: knowledge.Staff, Listens: true, Direction: "DRI"}},
		{"canal public", bot.ChannelSettings{Audience: knowledge.Staff, Listens: true, Direction: "DRI"}},
		{"canal direction aucune", bot.ChannelSettings{Audience: knowledge.Staff, Listens: true}},
		{"canal n'importe quoi", bot.ChannelSettings{Audience: knowledge.Staff, Listens: true}},
		{"canal", bot.ChannelSettings{Audience: knowledge.Staff, Listens: true}},
		{"canal fichier", public},
	} {
		if text := say("chat/ADMIN", "chat/NEW", c.text); settings() != c.want {
			t.Errorf("%s: %s: %+v", c.text, text, settings())
		}
		if c.text == "canal direction dri" {
			if channel, err := m.DirectionChannel(t.Context(), "DRI"); err != nil || channel != "chat/NEW" {
				t.Errorf("DRI's requests go to %q, %v", channel, err)
			}
		}
	}
	m.platform.external["chat/NEW"] = true
	if text := say("chat/ADMIN", "chat/NEW", "canal staff"); settings() != public {
		t.Errorf("a channel shared with another organisation: %s", text)
	}
	if text := say("chat/ADMIN", "", "canal staff"); !strings.Contains(text, "canal partagé") {
		t.Error(text)
	}
}

func TestMyRequests(t *testing.T) {
	m := openChat(t, databasetest.SQLite)
	_, reference := m.handedOver()
	list := func(person string) string {
		message := m.write(person, bot.OwnThread, person, "demandes")
		message.Command = true
		return m.serve(message).Reply.Text
	}
	if text := list("chat/NOBODY"); !strings.Contains(text, reference) {
		t.Error(text)
	}
	if text := list("chat/AGENT"); strings.Contains(text, reference) {
		t.Errorf("another person's requests: %s", text)
	}
}

func TestVotesAreOfTheConversation(t *testing.T) {
	m := openChat(t, databasetest.SQLite)
	answer := m.serve(m.write("chat/HALL", "fil", "chat/NOBODY", "Quels sont les types de conventions avec les EPCI ?")).Reply.Answer
	if text, err := m.Vote(t.Context(), "chat/HALL", "fil", answer, false, "trop court"); err != nil || !strings.Contains(text, "Merci") {
		t.Errorf("%q, %v", text, err)
	}
	if text, err := m.Vote(t.Context(), "chat/HALL", "autre", answer, true, ""); err != nil || strings.Contains(text, "Merci") {
		t.Errorf("from another conversation: %q, %v", text, err)
	}
}

func TestTooManyMessagesWaitPolitely(t *testing.T) {
	m := openChat(t, databasetest.SQLite)
	m.Limits = &bot.Limits{Person: bot.Pace{Every: time.Minute, Burst: 2}, Channel: bot.Pace{Every: time.Minute, Burst: 3}, Patience: time.Second}
	kinds := ""
	for i, person := range []string{"chat/NOBODY", "chat/NOBODY", "chat/NOBODY", "chat/AGENT", "chat/PARTNER"} {
		in := bot.Incoming{Channel: "chat/HALL", ID: fmt.Sprint(i), Thread: fmt.Sprint(i), Text: "Bonjour", Person: person, At: m.now}
		shown := m.serve(in)
		kinds += string(shown.Reply.Kind) + " "
		if shown.Reply.Kind == bot.ReplyRefused && (!shown.Own || !strings.Contains(shown.Reply.Text, "60 secondes") && !strings.Contains(shown.Reply.Text, "61 secondes")) {
			t.Errorf("%+v", shown)
		}
	}
	if kinds != "small small refused small refused " {
		t.Error(kinds)
	}
}

func TestChannelsFile(t *testing.T) {
	codes := []string{"NORD", "SUD"}
	if _, err := bot.ParseChannels(bot.DefaultChannelsYAML(), codes); err != nil {
		t.Error(err)
	}
	for want, source := range map[string]string{
		"channels.yaml:2 : channel : «":        "channels:\n  - channel: C012\n",
		"channels.yaml:3 : audience «":         "channels:\n  - channel: slack/C1\n  - {channel: slack/C2, audience: tous}\n",
		"channels.yaml:3 : le canal slack/C1":  "channels:\n  - channel: slack/C1\n  - channel: slack/C1\n",
		"channels.yaml:2 : epci : un SIREN":    "channels:\n  - {channel: slack/C1, audience: partner, epci: \"12\"}\n",
		"channels.yaml:2 : epci : seule":       "channels:\n  - {channel: slack/C1, epci: \"200000001\"}\n",
		"channels.yaml:2 : direction « EST »":  "channels:\n  - {channel: slack/C1, audience: staff, direction: EST}\n",
		"channels.yaml:2 : le canal d'une":     "channels:\n  - {channel: slack/C1, direction: SUD}\n",
		"channels.yaml:3 : la direction SUD":   "channels:\n  - {channel: slack/C1, audience: staff, direction: SUD}\n  - {channel: slack/C2, audience: staff, direction: SUD}\n",
		"channels.yaml:2 : donnez un groupe":   "people:\n  - audience: staff\n",
		"channels.yaml:2 : « x » : un domaine": "people:\n  - {domain: x, audience: staff}\n",
		"channels.yaml:3 : administrators":     "administrators:\n  - slack/U1\n  - Ada\n",
		"channels.yaml:2 : unknown field":      "channels:\n  - {channel: slack/C1, canal: x}\n",
		"channels.yaml:1 : ":                   "channels: [",
	} {
		_, err := bot.ParseChannels([]byte(source), codes)
		if err == nil || !strings.Contains(err.Error(), want) || !errors.As(err, new(routing.Problem)) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

func FuzzParseChannels(f *testing.F) {
	f.Add(channelsFile)
	f.Add(string(bot.DefaultChannelsYAML()))
	f.Add("channels: [{channel: slack/C1")
	f.Add("people:\n- {group: &a slack/S1, audience: *a}")
	f.Fuzz(func(t *testing.T, source string) {
		c, err := bot.ParseChannels([]byte(source), []string{"DPEAP", "HDFID"})
		if err == nil && c.Rights(bot.Person{ID: "x/Y", Outside: true}).Audience == knowledge.Staff {
			t.Error("somebody from outside is staff")
		}
	})
}
