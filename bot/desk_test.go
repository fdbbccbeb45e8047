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
	"guichet/routing/ledger"
	"guichet/routing/ledger/sqlledger"
	"guichet/routing/rulebook"
)

// base answers everything but what holds « introuvable », as the base does when it has no passage.
type base struct {
	viewers []knowledge.Viewer
	fail    error
}

func (b *base) Ask(_ context.Context, v knowledge.Viewer, question string, _ time.Time) (knowledge.Answer, error) {
	b.viewers = append(b.viewers, v)
	if b.fail != nil {
		return knowledge.Answer{}, b.fail
	}
	if strings.Contains(question, "introuvable") {
		return knowledge.Answer{Abstained: true, Looked: []string{"introuvable"}}, nil
	}
	return knowledge.Answer{Text: "Extrait.", Quotes: []knowledge.Quote{{Document: "fiche", Title: "Fiche", Text: "Extrait.", Audience: knowledge.Public}}}, nil
}

// noJobs plans nothing: the outbox is read in the ledger.
type noJobs struct{}

func (noJobs) Deliver(context.Context, ledger.Notice) error      { return nil }
func (noJobs) FollowUp(context.Context, string, time.Time) error { return nil }

type counter struct {
	db       *database.DB
	desk     *bot.Desk
	base     *base
	requests *sqlledger.Ledger
	journal  bot.Journal
	n        int
}

var morning = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func open(t *testing.T) *counter {
	t.Helper()
	return openOn(t, databasetest.New(t))
}

func openOn(t *testing.T, db *database.DB) *counter {
	t.Helper()
	book, err := rulebook.Load(rulebook.Default())
	if err != nil {
		t.Fatal(err)
	}
	reader, err := lexicon.New(book)
	if err != nil {
		t.Fatal(err)
	}
	c := &counter{db: db, base: &base{}, requests: sqlledger.New(db, noJobs{}, ledger.DefaultTexts(), ledger.Agenda{}), journal: sqljournal.New(db)}
	c.desk = &bot.Desk{
		Journal: c.journal, Requests: c.requests, Tx: db, Base: c.base, Reader: reader, Rules: book.Rules,
		Directory: bot.NewDirectory(book.Rules, bot.DefaultTexts()), Texts: bot.DefaultTexts(), WaitForFact: book.Conduct.WaitForFact, Log: slog.New(slog.DiscardHandler),
	}
	return c
}

func (c *counter) message(thread, text string) bot.Message {
	c.n++
	return bot.Message{
		Channel: "test", ID: fmt.Sprint(c.n), Thread: thread, Text: text, At: morning.Add(time.Duration(c.n) * time.Second),
		Asker: bot.Asker{Audience: knowledge.Public},
	}
}

func (c *counter) say(t *testing.T, thread, text string) bot.Reply {
	t.Helper()
	reply, err := c.desk.Handle(t.Context(), c.message(thread, text))
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	if reply.Text == "" {
		t.Errorf("%q gets an empty reply", text)
	}
	return reply
}

func (c *counter) request(t *testing.T, reference string) ledger.Request {
	t.Helper()
	r, err := c.requests.Get(t.Context(), ledger.Viewer{Staff: true}, reference)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEachMessageGetsWhatItAsksFor(t *testing.T) {
	c := open(t)
	for i, m := range []struct {
		text string
		kind bot.ReplyKind
	}{
		{"Quels sont les types de conventions avec les EPCI ?", bot.ReplyAnswer},
		{"Quel est le montant du Prêt vert ?", bot.ReplyAnswer},
		{"Quelles aides pour exporter ?", bot.ReplyAnswer},
		{"Quelle aide pour acheter un équipement industriel ?", bot.ReplyAnswer},
		{"C'est quoi une revue de projets ?", bot.ReplyAnswer},
		{"Jusqu'à quand peut-on déposer un dossier pour le fonds tourisme durable ?", bot.ReplyAnswer},
		{"combien de plateformes proch'emploi", bot.ReplyAnswer},
		{"Comment se passe une demande d'entreprise ?", bot.ReplyAnswer},
		{"Bonjour, est-ce que la Région peut m'aider ?", bot.ReplyAnswer},
		{"Qui instruit ma demande et en combien de temps ?", bot.ReplyAnswer},
		{"Je voudrais savoir quelles entreprises peuvent demander le Prêt vert.", bot.ReplyAnswer},
		{"Nous cherchons un rendez-vous avec la Région.", bot.ReplyHuman},
		{"Quelle est la capitale introuvable ?", bot.ReplyUnknown},
		{"Qui s'occupe de l'export à la Région ?", bot.ReplyWho},
		{"Quelle direction suit les pôles de compétitivité ?", bot.ReplyWho},
		{"À qui s'adresser pour une implantation ?", bot.ReplyWho},
		{"Qui gère la cybersécurité ?", bot.ReplyWho},
		{"Nous sommes une ETI bretonne et voulons installer un centre logistique près de Cambrai.", bot.ReplyRouted},
		{"Restaurateur à Amiens, je ne trouve pas de cuisiniers.", bot.ReplyRouted},
		{"Boucher-charcutier à Guise, je dois changer ma chambre froide.", bot.ReplyRouted},
		{"PME de 30 salariés : nous avons besoin d'un prêt pour renforcer notre trésorerie.", bot.ReplyRouted},
		{"Société de plasturgie, 140 salariés, demande de subvention pour une presse à injecter.", bot.ReplyRouted},
		{"Notre EPCI voudrait signer une convention d'aides avec la Région.", bot.ReplyRouted},
		{"je voudrai ouvrir un food truck a Bethune qui peut m'aider pour mon projet de creation", bot.ReplyRouted},
		{"We are a Danish food company looking for a building near Arras.", bot.ReplyRouted},
		{"Un industriel veut s'implanter chez nous, il cherche 5 hectares.", bot.ReplyAsk},
		{"Nous voulons acheter une machine, avez-vous une subvention ?", bot.ReplyAsk},
		{"Je voudrais parler à quelqu’un.", bot.ReplyHuman},
		{"Peut-on me rappeler ?", bot.ReplyHuman},
		{"Bonjour", bot.ReplySmall},
		{"merci beaucoup !", bot.ReplySmall},
		{"Que sais-tu faire ?", bot.ReplySmall},
		{"", bot.ReplyRefused},
		{strings.Repeat("a", bot.MaxText+1), bot.ReplyRefused},
		{"\xff\xfe", bot.ReplyRefused},
		{"a\x00b", bot.ReplyRefused},
	} {
		reply := c.say(t, fmt.Sprint("fil ", i), m.text)
		if reply.Kind != m.kind {
			t.Errorf("%.80q gets %s, want %s: %s", m.text, reply.Kind, m.kind, reply.Text)
		}
		if (reply.Request != "") != (m.kind == bot.ReplyRouted || m.kind == bot.ReplyAsk || m.kind == bot.ReplyHuman) {
			t.Errorf("%.80q has request %q", m.text, reply.Request)
		}
	}
}

func TestTheAnswerToTheQuestionRoutesTheRequest(t *testing.T) {
	c := open(t)
	asked := c.say(t, "fil", "Un industriel veut s'implanter à Beauvais, il cherche 5 hectares.")
	if asked.Kind != bot.ReplyAsk || len(asked.Choices) != 2 {
		t.Fatalf("reply %+v", asked)
	}
	if r := c.request(t, asked.Request); r.Status != ledger.Waiting || r.Lead != "" || r.Deadline.IsZero() {
		t.Errorf("the request is not waiting: %+v", r)
	}
	again := c.say(t, "fil", "Euh, je crois bien.")
	if again.Kind != bot.ReplyAsk || again.Request != asked.Request {
		t.Errorf("an unreadable answer gets %+v", again)
	}
	routed := c.say(t, "fil", "C'est un groupe italien")
	r := c.request(t, asked.Request)
	if routed.Kind != bot.ReplyRouted || routed.Request != asked.Request || r.Status != ledger.Transmitted || r.Decision.Rule != "implantation-etrangere" {
		t.Errorf("reply %+v, request %s under %s", routed, r.Status, r.Decision.Rule)
	}
	if r.Place.EPCI == "" || r.Place.Departement != "60" {
		t.Errorf("place %+v: Beauvais is in the Oise", r.Place)
	}
}

// stale shows a request as it was, once.
type stale struct {
	ledger.Store
	was []ledger.Request
}

func (s *stale) Get(ctx context.Context, v ledger.Viewer, reference string) (ledger.Request, error) {
	if len(s.was) > 0 {
		r := s.was[0]
		s.was = s.was[1:]
		return r, nil
	}
	return s.Store.Get(ctx, v, reference)
}

// The delay ends, or another replica records the answer, just after the request was read.
func TestARequestThatMovesMeanwhileIsReadAgain(t *testing.T) {
	c := open(t)
	asked := c.say(t, "fil", "Un industriel veut s'implanter à Beauvais, il cherche 5 hectares.")
	waiting := c.request(t, asked.Request)
	if err := c.requests.FollowUp(t.Context(), asked.Request, morning.Add(100*time.Hour)); err != nil {
		t.Fatal(err)
	}
	c.desk.Requests = &stale{c.requests, []ledger.Request{waiting}}
	if reply := c.say(t, "fil", "C'est un groupe italien"); reply.Kind != bot.ReplyRouted || reply.Request != asked.Request {
		t.Errorf("reply %+v", reply)
	}
	if r := c.request(t, asked.Request); lastWhy(r) != "C'est un groupe italien" {
		t.Errorf("the answer is lost: %+v", r.Events)
	}
}

func TestReadyMadeAnswersAreRead(t *testing.T) {
	for _, text := range []string{"Un industriel veut s'implanter chez nous, il cherche 5 hectares.", "Quelle subvention ? Nous voulons acheter une machine."} {
		c := open(t)
		asked := c.say(t, "fil", text)
		for _, choice := range asked.Choices {
			c := open(t)
			c.say(t, "fil", text)
			if reply := c.say(t, "fil", choice.Text); reply.Kind != bot.ReplyRouted {
				t.Errorf("%q then %q gets %s: %s", text, choice.Text, reply.Kind, reply.Text)
			}
		}
		if len(asked.Choices) == 0 {
			t.Errorf("%q has no ready-made answer", text)
		}
	}
}

func TestAQuestionMeanwhileIsAnsweredAndTheRequestStillWaits(t *testing.T) {
	c := open(t)
	asked := c.say(t, "fil", "Un industriel veut s'implanter chez nous, il cherche 5 hectares.")
	if reply := c.say(t, "fil", "Au fait, quels sont les types de conventions ?"); reply.Kind != bot.ReplyAnswer {
		t.Errorf("reply %+v", reply)
	}
	if reply := c.say(t, "fil", "Son siège est à l'étranger"); reply.Request != asked.Request || reply.Kind != bot.ReplyRouted {
		t.Errorf("reply %+v", reply)
	}
}

func TestTheOfferIsTaken(t *testing.T) {
	c := open(t)
	answer := c.say(t, "fil", "Existe-t-il un appui pour l'export vers l'Espagne ?")
	if answer.Kind != bot.ReplyAnswer || len(answer.Choices) == 0 {
		t.Fatalf("reply %+v", answer)
	}
	if reply := c.say(t, "fil", "ok merci"); reply.Kind != bot.ReplySmall {
		t.Errorf("thanks for the answer get %+v", reply)
	}
	routed := c.say(t, "fil", answer.Choices[0].Text)
	if routed.Kind != bot.ReplyRouted || c.request(t, routed.Request).Text != "Existe-t-il un appui pour l'export vers l'Espagne ?" {
		t.Errorf("reply %+v", routed)
	}
}

func TestAHumanIsAlwaysReached(t *testing.T) {
	c := open(t)
	c.say(t, "sans demande", "Quelle est la capitale introuvable ?")
	reply := c.say(t, "sans demande", "Je veux parler à quelqu'un")
	r := c.request(t, reply.Request)
	if r.Lead != c.desk.Rules.EntryPoint() || !strings.Contains(r.Text, "capitale introuvable") {
		t.Errorf("request %+v: the entry point must get what was said", r)
	}
	contact := c.say(t, "sans demande", "vous pouvez m'écrire à contact@exemple-fictif.fr")
	if contact.Request != reply.Request || !strings.Contains(lastWhy(c.request(t, reply.Request)), "contact@exemple-fictif.fr") {
		t.Errorf("reply %+v", contact)
	}
	routed := c.say(t, "avec demande", "Nous voulons former nos vendeurs au numérique.")
	human := c.say(t, "avec demande", "je préfère parler à un conseiller")
	if human.Request != routed.Request {
		t.Errorf("the person is sent to request %s, not to %s", human.Request, routed.Request)
	}
}

// Who gave a phone or an e-mail is not asked for it again.
func TestContactsAreAskedOnce(t *testing.T) {
	c := open(t)
	const asks, given = "écrivez ici un téléphone ou un courriel.", "est gardé avec votre demande."
	for text, want := range map[string]string{
		"Nous voulons former nos vendeurs au numérique.":                            asks,
		"Nous voulons former nos caissiers au numérique, contact@exemple-fictif.fr": given,
		"Je veux parler à quelqu'un":                                                asks,
		"Je veux parler à quelqu'un, rappelez-moi au 06 39 98 00 01":                given,
	} {
		if reply := c.say(t, text, text); !strings.HasSuffix(reply.Text, want) {
			t.Errorf("%q: %s", text, reply.Text)
		}
	}
}

func lastWhy(r ledger.Request) string { return r.Events[len(r.Events)-1].Why }

func TestTheSameMessageTwiceIsOneRequest(t *testing.T) {
	c := open(t)
	m := c.message("fil", "Nous voulons former nos vendeurs au numérique.")
	var wg sync.WaitGroup
	replies := make([]bot.Reply, 8)
	for i := range replies {
		wg.Go(func() {
			var err error
			if replies[i], err = c.desk.Handle(t.Context(), m); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, r := range replies {
		if r.Request == "" || r.Request != replies[0].Request || r.Text != replies[0].Text {
			t.Errorf("replies differ: %+v and %+v", r, replies[0])
		}
	}
	all, err := c.requests.List(t.Context(), ledger.Viewer{Staff: true}, ledger.Filter{})
	if err != nil || len(all) != 1 {
		t.Errorf("%d requests, %v", len(all), err)
	}
}

func TestASecondMessageOfTheSameCompanyJoins(t *testing.T) {
	c := open(t)
	first := c.say(t, "un", "Société Verlinor, SIREN 732 829 320, nous voulons former nos vendeurs.")
	second := c.say(t, "deux", "Nous cherchons un prêt, notre SIREN est 732829320.")
	if second.Request != first.Request || !strings.Contains(second.Text, "rejointe") {
		t.Errorf("first %+v, second %+v", first, second)
	}
	if strings.Contains(second.Text, "Verlinor") {
		t.Error("the second asker is told the first one's words")
	}
}

func TestConductIsSaidAtOnce(t *testing.T) {
	c := open(t)
	for _, m := range []struct{ text, want string }{
		{"Patron pêcheur au Portel, je veux changer mes filets.", "n'est pas encore arrêté"},
		{"Maire de Guise, je voudrais signer une convention avec la Région.", "CC Thiérache Sambre et Oise"},
		{"Blanchisserie de 60 salariés, notre agglomération ne peut plus nous verser son aide pour une machine.", "convention avec la Région est signée"},
		{"Société de 20 salariés, nous avons déjà obtenu une subvention et demandons une aide pour la même machine.", "Un autre financement"},
	} {
		if reply := c.say(t, m.text, m.text); !strings.Contains(reply.Text, m.want) {
			t.Errorf("%q gets %q, want %q in it", m.text, reply.Text, m.want)
		}
	}
}

func TestHomonymsAreAskedAfterTheRequestIsSafe(t *testing.T) {
	c := open(t)
	reply := c.say(t, "fil", "Entreprise de Saint-Aubin, 30 salariés, nous voulons former nos vendeurs.")
	if reply.Kind != bot.ReplyRouted || len(reply.Choices) < 2 {
		t.Fatalf("reply %+v", reply)
	}
	noted := c.say(t, "fil", reply.Choices[0].Text)
	if noted.Request != reply.Request || !strings.Contains(lastWhy(c.request(t, reply.Request)), "Saint-Aubin") {
		t.Errorf("reply %+v", noted)
	}
}

func TestAPartnerWritesForItsEPCIAndAsksUnderItsAudience(t *testing.T) {
	c := open(t)
	m := c.message("fil", "Comment renouveler la convention ?")
	m.Asker = bot.Asker{Audience: knowledge.Partner, EPCI: "200035442"}
	if _, err := c.desk.Handle(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if v := c.base.viewers[len(c.base.viewers)-1]; v != (knowledge.Viewer{Audience: knowledge.Partner, EPCI: "200035442"}) {
		t.Errorf("asked as %+v", v)
	}
	m = c.message("fil", "Nous souhaitons un avenant à notre convention.")
	m.Asker = bot.Asker{Audience: knowledge.Partner, EPCI: "200035442"}
	reply, err := c.desk.Handle(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	if r := c.request(t, reply.Request); r.Place.EPCI != "200035442" || r.Decision.Rule != "convention-epci" {
		t.Errorf("request %+v", r)
	}
}

func TestAFailureSaysSoAndRecordsNothing(t *testing.T) {
	c := open(t)
	c.base.fail = errors.New("base en panne")
	m := c.message("fil", "Quels sont les types de conventions ?")
	reply, err := c.desk.Handle(t.Context(), m)
	if err == nil || reply.Kind != bot.ReplyRefused || !strings.Contains(reply.Text, "Renvoyez-le") {
		t.Errorf("reply %+v, %v", reply, err)
	}
	c.base.fail = nil
	if reply, err = c.desk.Handle(t.Context(), m); err != nil || reply.Kind != bot.ReplyAnswer {
		t.Errorf("the same message sent again gets %+v, %v", reply, err)
	}
	noAudience := c.message("fil", "Quels sont les types de conventions ?")
	noAudience.Asker = bot.Asker{}
	if _, err := c.desk.Handle(t.Context(), noAudience); !errors.Is(err, knowledge.ErrNoAudience) {
		t.Errorf("a message without an audience: %v", err)
	}
}

func TestUnansweredQuestionsAreKept(t *testing.T) {
	c := open(t)
	c.say(t, "fil", "Quelle est la capitale introuvable ?")
	gaps, err := c.journal.Gaps(t.Context(), 10)
	if err != nil || len(gaps) != 1 || gaps[0].Question != "Quelle est la capitale introuvable ?" || gaps[0].Audience != knowledge.Public {
		t.Errorf("gaps %+v, %v", gaps, err)
	}
}

func TestWhatIsSentAsARequestIsOne(t *testing.T) {
	c := open(t)
	m := c.message("fil", "Quelles aides pour exporter ?")
	m.Request = true
	reply, err := c.desk.Handle(t.Context(), m)
	if err != nil || reply.Kind != bot.ReplyRouted || c.request(t, reply.Request).Decision.Rule != "export" {
		t.Errorf("reply %+v, %v", reply, err)
	}
}

// While a fact is asked, what is not an answer is never taken for one: a person asked for, a way to be reached, a question,
// another company's need.
func TestWhatIsNoAnswerIsNotTakenForOne(t *testing.T) {
	for _, m := range []struct {
		text string
		kind bot.ReplyKind
	}{
		{"Je voudrais parler à quelqu'un, mon numéro est le 06 00 00 00 00", bot.ReplyHuman},
		{"Mon téléphone : 06 00 00 00 00", bot.ReplyHuman},
		{"Au fait, le PRIT, c'est bien 50 % plafonné à 100 000 € ?", bot.ReplyAnswer},
		{"Quel est le montant du prêt vert en 2026 ?", bot.ReplyAnswer},
		{"Combien de plateformes Proch'emploi y a-t-il ?", bot.ReplyAnswer},
	} {
		c := open(t)
		asked := c.say(t, "fil", "On veut une aide pour acheter une machine")
		if asked.Kind != bot.ReplyAsk {
			t.Fatalf("reply %+v", asked)
		}
		reply := c.say(t, "fil", m.text)
		if reply.Kind != m.kind {
			t.Errorf("%q gets %s: %s", m.text, reply.Kind, reply.Text)
		}
		if r := c.request(t, asked.Request); r.Status != ledger.Waiting {
			t.Errorf("%q: the request is %s under %s", m.text, r.Status, r.Decision.Rule)
		}
		if m.kind == bot.ReplyAnswer && (!strings.Contains(reply.Text, asked.Request) || len(reply.Choices) == 0) {
			t.Errorf("%q: the question is not asked again: %s", m.text, reply.Text)
		}
		if routed := c.say(t, "fil", "14 personnes"); routed.Kind != bot.ReplyRouted || c.request(t, asked.Request).Decision.Rule != "aide-directe" {
			t.Errorf("%q, then the answer: %+v", m.text, routed)
		}
		if r := c.request(t, asked.Request); !slices.ContainsFunc(r.Events, func(e ledger.Event) bool { return e.Why == "14 personnes" }) {
			t.Errorf("the words of the answer are not in the history: %+v", r.Events)
		}
	}
	c := open(t)
	first := c.say(t, "fil", "Notre groupe veut s'implanter à Laon")
	for text, kind := range map[string]bot.ReplyKind{
		"Quelles sont les aides à l'export en Allemagne ?": bot.ReplyAnswer,
		"Je voudrais parler à un conseiller à Amiens":      bot.ReplyHuman,
	} {
		if reply := c.say(t, "fil", text); reply.Kind != kind {
			t.Errorf("%q gets %s", text, reply.Kind)
		}
	}
	other := c.say(t, "fil", "Une autre entreprise, une boulangerie de Lille avec 3 salariés, cherche un cuisinier")
	if other.Request == first.Request || c.request(t, other.Request).Decision.Rule != "emploi-recrutement" {
		t.Errorf("another company's need is %s under %s", other.Request, c.request(t, other.Request).Decision.Rule)
	}
	if r := c.request(t, first.Request); r.Status != ledger.Waiting {
		t.Errorf("the first request is %s", r.Status)
	}
}

// The reasons keep the words of an answer whose number is supposed.
func TestAnAnswerWithoutANumberKeepsItsWords(t *testing.T) {
	c := open(t)
	asked := c.say(t, "fil", "On veut une aide pour acheter une machine")
	c.say(t, "fil", "Moins de 10 personnes")
	if reasons := strings.Join(c.request(t, asked.Request).Decision.Reasons, "\n"); !strings.Contains(reasons, "Moins de 10 personnes") || strings.Contains(reasons, ": 9 ") {
		t.Errorf("reasons: %s", reasons)
	}
}

// Nothing is handed over that tells no need.
func TestNoIsNoRequest(t *testing.T) {
	c := open(t)
	for i, text := range []string{"non", "introuvable", "un introuvable"} {
		thread := fmt.Sprint("fil ", i)
		c.say(t, thread, text)
		if reply := c.say(t, thread, "oui"); reply.Request != "" {
			t.Errorf("« %s » became the request %s", text, reply.Request)
		}
	}
}

// Whoever writes about a company learns no more of another person's request than its number, and stays told apart in it.
func TestAnotherPersonsRequest(t *testing.T) {
	c := open(t)
	first := c.say(t, "un", "SIREN 732829320 : nous voulons recruter un soudeur.")
	second := c.say(t, "deux", "Pour l'entreprise 732829320, on cherche à recruter.")
	if second.Request != first.Request {
		t.Fatalf("%s, then %s", first.Request, second.Request)
	}
	if lead := c.request(t, first.Request).Lead; strings.Contains(second.Text, lead) {
		t.Errorf("the other person is told who leads: %s", second.Text)
	}
	c.say(t, "deux", "Mon numéro : 06 00 00 00 00")
	events := c.request(t, first.Request).Events
	if last := events[len(events)-1].Why; !strings.Contains(last, "autre conversation") || !strings.Contains(last, "06 00 00 00 00") {
		t.Errorf("the number is noted as %q", last)
	}
}

func TestWhoDoesWhatMakesNoRequest(t *testing.T) {
	c := open(t)
	for i, text := range []string{"Qui s'occupe de la pêche ?", "Quelle direction s'occupe du commerce ?", "Quel service pour l'artisanat ?"} {
		if reply := c.say(t, fmt.Sprint("fil ", i), text); reply.Kind != bot.ReplyWho || reply.Request != "" {
			t.Errorf("%q gets %s: %s", text, reply.Kind, reply.Text)
		}
	}
	for i, text := range []string{"un conseiller svp", "Passez-moi un responsable", "Puis-je appeler quelqu'un ?"} {
		if reply := c.say(t, fmt.Sprint("humain ", i), text); reply.Kind != bot.ReplyHuman {
			t.Errorf("%q gets %s: %s", text, reply.Kind, reply.Text)
		}
	}
}

func TestASourceTellsItsDate(t *testing.T) {
	for want, q := range map[string]bot.Quote{
		"sans date":                   {},
		"12/06/2026":                  {Date: "2026-06-12"},
		"01/06/2022, source ancienne": {Date: "2022-06-01", Old: true},
	} {
		if got := q.Dated(); got != want {
			t.Errorf("%+v is dated %q, want %q", q, got, want)
		}
	}
}
