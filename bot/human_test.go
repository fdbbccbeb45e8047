package bot_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"guichet/bot"
	"guichet/knowledge"
	"guichet/migrations/databasetest"
	"guichet/routing/ledger"
)

// notices gives the notices of a request, « kind → direction », sorted.
func (c *counter) notices(t *testing.T, reference string) (out []string) {
	t.Helper()
	all, err := c.requests.Notices(t.Context(), ledger.Viewer{Staff: true}, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range all {
		if strings.HasPrefix(n.Key, reference+"/") {
			out = append(out, string(n.Kind)+" → "+n.To)
		}
	}
	slices.Sort(out)
	return out
}

// Who asks for a person in a new conversation makes one request and one notice, however many times they click; what they
// add reaches who follows it, once.
func TestAPersonIsAskedForOnce(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, e databasetest.Engine) { asksOnce(t, openOn(t, e.New(t))) })
}

func asksOnce(t *testing.T, c *counter) {
	entry := c.desk.Rules.EntryPoint()
	const click = "Je voudrais parler à quelqu’un."
	born := "new_request → " + entry
	asked := "human → " + entry
	first := c.say(t, "fil", click)
	for _, m := range []struct {
		text string
		want []string
		says string
	}{
		{click, []string{born}, "déjà transmis"},
		{"Passez-moi un conseiller svp !", []string{born}, "déjà transmis"},
		{"Je voudrais parler à quelqu'un, au sujet de la friche Verlinor", []string{asked, born}, "Une personne va reprendre"},
		{"Je voudrais parler à quelqu'un au sujet de la friche Verlinor", []string{asked, born}, "déjà transmis"},
		{"Mon numéro : 06 39 98 00 01", []string{asked, asked, born}, "C'est noté"},
		{"Mon numéro : 06.39.98.00.01", []string{asked, asked, born}, "C'est noté"},
		{"Mon numéro : 06 39 98 01 00", []string{asked, asked, asked, born}, "C'est noté"},
		{click, []string{asked, asked, asked, born}, "est gardé avec votre demande"},
	} {
		reply := c.say(t, "fil", m.text)
		if reply.Kind != bot.ReplyHuman || reply.Request != first.Request || !strings.Contains(reply.Text, m.says) || !strings.Contains(reply.Text, first.Request) {
			t.Errorf("%q gets %s %s: %s", m.text, reply.Kind, reply.Request, reply.Text)
		}
		if got := c.notices(t, first.Request); !slices.Equal(got, m.want) {
			t.Errorf("after %q: notices %v, want %v", m.text, got, m.want)
		}
	}
	r := c.request(t, first.Request)
	if n := len(r.Events); r.Events[1].Kind != ledger.Decided || r.Events[2].Kind != ledger.HumanAsked || n != 6 {
		t.Errorf("%d events: %+v", n, r.Events)
	}

	// An answer ends the wait: asking again is news.
	if _, err := c.requests.Answer(t.Context(), first.Request, "Je vous appelle jeudi.", "Agente", morning.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if reply := c.say(t, "fil", click); !strings.Contains(reply.Text, "Une personne va reprendre") || len(c.notices(t, first.Request)) != 5 {
		t.Errorf("%s\n%v", reply.Text, c.notices(t, first.Request))
	}
}

// Who says what they need and asks for a person is called back by who leads it.
func TestWhoLeadsANeedCallsBack(t *testing.T) {
	c := open(t)
	for text, rule := range map[string]string{
		"Restaurateur à Amiens, je ne trouve pas de cuisiniers, rappelez-moi.":                 "emploi-recrutement",
		"PME de 30 salariés, nous cherchons un prêt, je voudrais parler à un conseiller.":      "instrument-financier",
		"Menuiserie de 12 salariés à Desvres, je voudrais parler à quelqu'un.":                 "porte-d-entree",
		"Un industriel veut s'implanter chez nous, il cherche 5 hectares ; rappelez-moi vite.": "porte-d-entree",
		"Je voudrais parler à quelqu'un.":                                                      "porte-d-entree",
	} {
		reply := c.say(t, text, text)
		if r := c.request(t, reply.Request); reply.Kind != bot.ReplyHuman || r.Decision.Rule != rule || !strings.Contains(reply.Text, r.Lead) {
			t.Errorf("%q: %s, rule %s: %s", text, reply.Kind, r.Decision.Rule, reply.Text)
		}
	}
}

// A request that exists already is told once that its person asks for someone.
func TestAPersonIsAskedForOnceInARequest(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, e databasetest.Engine) { asksOnceInARequest(t, openOn(t, e.New(t))) })
}

func asksOnceInARequest(t *testing.T, c *counter) {
	routed := c.say(t, "fil", "Nous voulons former nos vendeurs au numérique.")
	before := c.notices(t, routed.Request)
	for range 3 {
		c.say(t, "fil", "Je voudrais parler à quelqu’un.")
	}
	if got := c.notices(t, routed.Request); len(got) != len(before)+1 || !slices.Contains(got, "human → "+c.request(t, routed.Request).Lead) {
		t.Errorf("notices %v, then %v", before, got)
	}

	// It was joined to another: who follows that one has been told, and is told of no repeat.
	first := c.say(t, "un", "L'entreprise Verlinor Bois à Lens, 20 salariés, cherche un prêt.")
	second := c.say(t, "deux", "L'entreprise Verlinor Bois Services à Lens, 20 salariés, veut exporter en Espagne.")
	if _, err := c.requests.Join(t.Context(), first.Request, second.Request, "la même", "Agente", morning.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if reply := c.say(t, "deux", "Je voudrais parler à quelqu’un."); reply.Request != second.Request {
			t.Errorf("reply %+v", reply)
		}
	}
	asked := slices.DeleteFunc(c.notices(t, first.Request), func(n string) bool { return !strings.HasPrefix(n, "human") })
	if len(asked) != 1 {
		t.Errorf("notices %v", c.notices(t, first.Request))
	}
}

// Whoever asks for a person about a company's open request joins it, and learns no more than its number.
func TestAPersonIsAskedForInAnothersRequest(t *testing.T) {
	c := open(t)
	first := c.say(t, "un", "SIREN 732829320 : nous voulons recruter un soudeur.")
	reply := c.say(t, "deux", "Je voudrais parler à quelqu'un de mon entreprise, SIREN 732 829 320.")
	if reply.Request != first.Request || reply.Kind != bot.ReplyHuman || strings.Contains(reply.Text, c.request(t, first.Request).Lead) {
		t.Errorf("reply %+v", reply)
	}
	staff := c.message("trois", "Un conseiller svp, SIREN 732 829 320.")
	staff.Asker = bot.Asker{Audience: knowledge.Staff}
	if reply, err := c.desk.Handle(t.Context(), staff); err != nil || !strings.Contains(reply.Text, c.request(t, first.Request).Lead) {
		t.Errorf("reply %+v, %v", reply, err)
	}
}
