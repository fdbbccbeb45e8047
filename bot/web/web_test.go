package web_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"guichet/bot"
	"guichet/bot/web"
	"guichet/knowledge"
	"guichet/routing/convention"
	"guichet/routing/funding"
	"guichet/routing/ledger"
	"guichet/routing/ledger/steering"
)

const token = "jeton-d’essai"

// visit is a browser without JavaScript in front of the page, with the fakes behind it.
type visit struct {
	t       *testing.T
	url     string
	client  *http.Client
	handler http.Handler
	desk    *fakeDesk
	journal *fakeJournal
	ledger  *fakeLedger
	funds   *fakeFundings
	clock   *time.Time
	sheets  *fakeSheets
}

func newVisit(t *testing.T, change ...func(*web.Config)) *visit {
	t.Helper()
	journal := &fakeJournal{votes: map[string]string{}, gaps: []bot.Gap{{Question: "Quel taux pour l’aide absente ?", Audience: knowledge.Public, Channel: "cli", At: today, Looked: "taux aide absente"}}}
	v := &visit{t: t, journal: journal, desk: &fakeDesk{fakeJournal: journal}, ledger: &fakeLedger{request: fakeRequest()}, funds: &fakeFundings{}}
	v.sheets = newFakeSheets(v.ledger)
	now := today
	v.clock = &now
	config := web.Config{
		Desk: v.desk, Journal: journal, Requests: v.ledger, Fundings: funding.Watcher{Store: v.funds, Rules: funding.Default()}, Open: openFake, Sheets: v.sheets, Revues: fakeRevues{v.ledger}, Projects: fakeProjects(t, v.ledger),
		Reachable: func(context.Context, string) (bool, error) { return false, nil }, StaffToken: token,
		Directions: []web.Direction{{Code: "DIR-A", Name: "Direction A"}, {Code: "DIR-B"}},
		Board: steering.Board{
			Store: v.ledger, Settings: steeringSettings, Directions: []string{"DIR-A", "DIR-B"}, EPCIs: zones, Themes: []steering.Theme{{ID: "export", Name: "export <fictif>"}},
			Gaps: func(context.Context, time.Time, time.Time) ([]steering.Gap, error) {
				return []steering.Gap{{Question: "=1+1 <b>?</b>", Count: 5}}, journal.err
			},
		},
		Path: func(r ledger.Request) (string, []ledger.Milestone) {
			return "Profil d’essai", []ledger.Milestone{
				{StepSaid: ledger.StepSaid{ID: "une", Status: ledger.Done, By: "Agent Fictif", At: today}, Label: "Une étape", Who: r.Lead},
				{StepSaid: ledger.StepSaid{ID: "deux"}, Label: "Une seconde", Who: "DIR-B"},
				{StepSaid: ledger.StepSaid{ID: "trois"}, Label: "Une troisième", Who: "DIR-B"},
			}
		},
		Examples: []bot.Choice{{Label: "Un exemple à essayer", Text: "Quelle aide ?"}},
		Alerts: func(context.Context, int) ([]convention.Alert, error) {
			return []convention.Alert{
				{Key: "a", Convention: "F-1", EPCI: fakeSIREN, To: "DIR-A", Text: "La convention F-1 finit.", CreatedAt: today, SentAt: today},
				{Key: "b", Convention: "F-1", EPCI: fakeSIREN, Text: "Votre convention finit.", CreatedAt: today, Tries: 2, LastError: "canal <b>fermé</b>"},
			}, nil
		},
		Abandoned: func(context.Context) ([]web.Job, error) {
			return []web.Job{{What: "confier la demande 2026-0007", Why: "porte <b>close</b>", At: today}}, nil
		},
		Health:  func(context.Context) error { return nil },
		Metrics: prometheus.NewRegistry(), Now: func() time.Time { return *v.clock }, Log: slog.New(slog.DiscardHandler),
	}
	for _, c := range change {
		c(&config)
	}
	server, err := web.NewServer(config)
	if err != nil {
		t.Fatal(err)
	}
	listening := httptest.NewServer(server.Handler)
	t.Cleanup(listening.Close)
	v.url, v.handler = listening.URL, server.Handler
	v.client = newBrowser(t)
	return v
}

func newBrowser(t *testing.T) *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

// do sends a request and gives the answer with its body, redirections followed.
func (v *visit) do(method, path string, form url.Values, headers ...string) (*http.Response, string) {
	v.t.Helper()
	request, err := http.NewRequest(method, v.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := v.client.Do(request)
	if err != nil {
		v.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return response, string(body)
}

func (v *visit) get(path string) (*http.Response, string) { return v.do("GET", path, nil) }

var nonceField = regexp.MustCompile(`name="page" value="([0-9a-f]+)"`)

// nonce gives the hidden id of the forms of a page.
func (v *visit) nonce(page string) string {
	v.t.Helper()
	found := nonceField.FindStringSubmatch(page)
	if found == nil {
		v.t.Fatalf("no nonce in the page:\n%s", page)
	}
	return found[1]
}

// say opens the page and sends a message from it.
func (v *visit) say(text string) (*http.Response, string) {
	v.t.Helper()
	_, page := v.get("/")
	return v.do("POST", "/", url.Values{"page": {v.nonce(page)}, "texte": {text}})
}

func (v *visit) expect(page string, wanted ...string) {
	v.t.Helper()
	for _, text := range wanted {
		if !strings.Contains(page, text) {
			v.t.Errorf("the page lacks %q:\n%s", text, page)
		}
	}
}

func (v *visit) refuse(page string, unwanted ...string) {
	v.t.Helper()
	for _, text := range unwanted {
		if strings.Contains(page, text) {
			v.t.Errorf("the page holds %q:\n%s", text, page)
		}
	}
}

func TestConversationWithoutJavaScript(t *testing.T) {
	v := newVisit(t)
	_, start := v.get("/")
	v.expect(start, `lang="fr"`, "Un exemple à essayer", `value="Quelle aide ?"`, "Parler à quelqu’un", "Nouvelle conversation", `for="texte"`, `href="#contenu"`)

	response, page := v.say("Quelle aide pour exporter ?")
	if response.Request.Method != http.MethodGet || response.StatusCode != http.StatusOK {
		t.Errorf("a message ends on %s %d, want a page that can be loaded again", response.Request.Method, response.StatusCode)
	}
	v.expect(page, "Quelle aide pour exporter ?", "Voici ce que dit la fiche.", "Un taux de 40 %.", "page 3",
		`href="/document/fiche%2F%C3%A9%201?p=1#p-1"`, `href="https://exemple.invalid/aide"`, "05/01/2026", "<mark>clos</mark>", "Pas utile")
	v.refuse(page, "Un exemple à essayer", "javascript:", "ZgotmplZ")

	_, page = v.say("salariés ?")
	v.expect(page, `value="Moins de 10 personnes."`, `value="10 personnes ou plus."`)
	_, page = v.say("demande de prêt")
	v.expect(page, "2026-0042", "<dt>Direction chef de file</dt><dd>DIR-A</dd>", "<dt>Pourquoi</dt>")
	v.refuse(page, "Moins de 10 personnes.") // an old question can no longer be answered by its buttons

	if got := v.desk.got[0].Text; got != "Quelle aide pour exporter ?" {
		t.Errorf("the desk read %q", got)
	}
	before := len(v.desk.got)
	v.get("/")
	if len(v.desk.got) != before {
		t.Error("loading the page again sent a message")
	}

	_, page = v.do("POST", "/conversation", url.Values{})
	v.expect(page, "Un exemple à essayer")
	v.refuse(page, "Quelle aide pour exporter ?")
}

func TestConversationsAreApart(t *testing.T) {
	v := newVisit(t)
	v.say("Ma question à moi")
	v.client = newBrowser(t)
	_, page := v.get("/")
	v.refuse(page, "Ma question à moi")
}

func TestSameMessageOnce(t *testing.T) {
	v := newVisit(t)
	_, page := v.get("/")
	form := url.Values{"page": {v.nonce(page)}, "texte": {"Quelle aide ?"}}
	v.do("POST", "/", form)
	v.do("POST", "/", form) // double click, or « back » then « send »
	if n := len(v.journal.turns); n != 1 {
		t.Fatalf("%d turns recorded after a double submit, want 1", n)
	}

	form.Set("texte", "Et une autre question ?") // « back », the text changed, « send »
	_, page = v.do("POST", "/", form)
	v.expect(page, "Quelle aide ?", "Et une autre question ?")

	v.say("Quelle aide ?") // the same words, later, from a new page: asked again on purpose
	if n := len(v.journal.turns); n != 3 {
		t.Errorf("%d turns recorded, want 3", n)
	}
}

func TestFirstMessageWithoutCookie(t *testing.T) {
	v := newVisit(t)
	v.client = &http.Client{} // a browser that refuses cookies
	form := url.Values{"page": {"0123"}, "texte": {"Quelle aide ?"}}
	_, page := v.do("POST", "/", form)
	v.expect(page, "Voici ce que dit la fiche.")
	v.do("POST", "/", form)
	if n := len(v.journal.turns); n != 1 {
		t.Errorf("%d turns recorded after a double submit, want 1", n)
	}
}

func TestForgedConversationIsReplaced(t *testing.T) {
	v := newVisit(t)
	at, _ := url.Parse(v.url)
	for _, forged := range []string{"court", strings.Repeat("z", 32), strings.Repeat("a", 4096)} {
		v.client.Jar.SetCookies(at, []*http.Cookie{{Name: "guichet_conversation", Value: forged}})
		v.say("Quelle aide ?")
		if got := v.desk.got[len(v.desk.got)-1].Thread; got == forged {
			t.Errorf("the conversation %q was taken as it came", forged)
		}
	}
}

func TestNobodyReadsAnotherReply(t *testing.T) {
	v := newVisit(t)
	_, page := v.get("/")
	form := url.Values{"page": {v.nonce(page)}, "texte": {"demande de prêt"}}
	v.do("POST", "/", form)
	v.client = newBrowser(t)
	v.get("/")
	v.do("POST", "/", form) // someone else's form, copied
	if v.desk.got[0].ID == v.desk.got[1].ID || v.desk.got[0].Thread == v.desk.got[1].Thread {
		t.Error("two people's messages share their id or their conversation")
	}
}

func TestProblemsKeepTheText(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		code int
		says string
	}{
		"refused by the desk": {"", http.StatusUnprocessableEntity, "Votre message est vide. Écrivez votre question."},
		"the desk fails":      {"panne <du> bureau", http.StatusServiceUnavailable, "la panne vient de notre côté"},
		"the desk panics":     {"plante", http.StatusServiceUnavailable, "la panne vient de notre côté"},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVisit(t)
			response, page := v.say(c.text)
			if response.StatusCode != c.code {
				t.Errorf("status %d, want %d", response.StatusCode, c.code)
			}
			v.expect(page, c.says, `aria-invalid="true"`, strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(c.text)+"</textarea>")
			v.refuse(page, "disk full", "a fault of the desk")
		})
	}
	t.Run("a page fails", func(t *testing.T) {
		v := newVisit(t, func(c *web.Config) { c.Open = nil })
		response, page := v.get("/document/fiche-close")
		if response.StatusCode != http.StatusInternalServerError {
			t.Errorf("status %d", response.StatusCode)
		}
		v.expect(page, "la panne vient de notre côté")
		v.refuse(page, "nil pointer")
	})
	t.Run("a vote or a document fails", func(t *testing.T) {
		v := newVisit(t)
		_, page := v.say("Quelle aide ?")
		v.journal.voteErr = errors.New("disk full")
		response, page := v.do("POST", "/avis", url.Values{"reponse": {answerField.FindStringSubmatch(page)[1]}, "utile": {"oui"}})
		if response.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("vote: status %d", response.StatusCode)
		}
		v.expect(page, "la panne vient de notre côté")
		if response, _ = v.get("/document/panne"); response.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("document: status %d", response.StatusCode)
		}
	})
	t.Run("the conversation cannot be read", func(t *testing.T) {
		v := newVisit(t)
		v.journal.err = errors.New("disk full")
		response, page := v.get("/")
		if response.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("status %d", response.StatusCode)
		}
		v.expect(page, "la panne vient de notre côté", `name="texte"`)
	})
}

func TestOversizeBody(t *testing.T) {
	v := newVisit(t)
	response, page := v.say(strings.Repeat("é", 1<<20))
	if response.StatusCode != http.StatusRequestEntityTooLarge || len(v.desk.got) != 0 {
		t.Errorf("status %d, %d messages for the desk", response.StatusCode, len(v.desk.got))
	}
	v.expect(page, "trop long", "Revenez en arrière")
}

func TestMarkupStaysText(t *testing.T) {
	const attack = `<script>alert(1)</script><img src=x onerror=alert(2)> "' autofocus onfocus=alert(3) </textarea></template>`
	v := newVisit(t)
	_, page := v.say(attack) // the fake desk gives the message back in its reply
	v.expect(page, "&lt;script&gt;alert(1)")
	_, draft := v.say("panne " + attack)
	_, streamed := v.do("POST", "/", url.Values{"page": {"1"}, "texte": {attack}}, "Accept", "text/event-stream")
	_, voted := v.get("/?avis=" + url.QueryEscape(attack) + "&utile=" + url.QueryEscape(attack))
	_, document := v.get("/document/fiche%2F%C3%A9%201?p=" + url.QueryEscape(attack))
	for _, page := range []string{page, draft, streamed, voted, document} {
		v.refuse(page, "<script>alert", "<img src=x", "<i>fictive", "u003cscript\\u003ealert")
	}
}

func TestHeaders(t *testing.T) {
	v := newVisit(t)
	for _, path := range []string{"/", "/agents/connexion", "/absente", "/document/absent"} {
		response, page := v.get(path)
		policy := response.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: content policy %q", path, policy)
		}
		if response.Header.Get("X-Content-Type-Options") != "nosniff" || response.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: headers %v", path, response.Header)
		}
		if inline := regexp.MustCompile(`<script>|<style| style=| on[a-z]+=|(src|href)="(https?:)?//`).FindString(page); inline != "" {
			t.Errorf("%s: %q would be refused by the content policy", path, inline)
		}
	}
	response, _ := newVisit(t).get("/")
	cookie := response.Header.Get("Set-Cookie")
	if !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") {
		t.Errorf("cookie %q", cookie)
	}
}

func TestAssetsOfAPageExist(t *testing.T) {
	v := newVisit(t)
	_, page := v.get("/")
	found := regexp.MustCompile(`(?:src|href)="(/assets/[^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(found) < 4 {
		t.Fatalf("%d assets in the page", len(found))
	}
	for _, asset := range found {
		response, body := v.get(asset[1])
		if response.StatusCode != http.StatusOK || body == "" || !strings.Contains(response.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: status %d, %v", asset[1], response.StatusCode, response.Header)
		}
	}
	if response, _ := v.get("/assets/../server.go"); response.StatusCode != http.StatusNotFound {
		t.Errorf("a source file was served: %d", response.StatusCode)
	}
}

func TestCrossOriginRefused(t *testing.T) {
	v := newVisit(t)
	_, page := v.get("/")
	form := url.Values{"page": {v.nonce(page)}, "texte": {"demande"}}
	for _, header := range [][]string{{"Origin", "https://ailleurs.invalid"}, {"Sec-Fetch-Site", "cross-site"}} {
		for _, path := range []string{"/", "/avis", "/conversation", "/agents/connexion", "/agents/demandes/2026-0042/clore"} {
			response, page := v.do("POST", path, form, header...)
			if response.StatusCode != http.StatusForbidden {
				t.Errorf("%s with %v: status %d", path, header, response.StatusCode)
			}
			v.expect(page, "vient d’un autre site")
		}
	}
	if len(v.desk.got) != 0 {
		t.Error("a message from another site reached the desk")
	}
}

func TestAudienceIsPublic(t *testing.T) {
	v := newVisit(t)
	_, page := v.get("/")
	v.do("POST", "/?audience=staff", url.Values{
		"page": {v.nonce(page)}, "texte": {"Je suis agent, audience=staff"}, "audience": {"staff"}, "epci": {"200000172"}, "author": {"agent"},
	}, "X-Audience", "staff")
	v.login("Agente Fictive")
	v.say("Et maintenant que je suis entrée chez les agents ?")
	for _, m := range v.desk.got {
		if (m.Asker != bot.Asker{Audience: knowledge.Public}) || m.Channel != web.Channel || m.Thread == "" || m.ID == "" {
			t.Errorf("the desk got %+v", m)
		}
	}
	for _, id := range []string{"interne", "fuite"} {
		response, page := v.get("/document/" + id + "?audience=staff")
		if response.StatusCode != http.StatusNotFound {
			t.Errorf("%s: status %d", id, response.StatusCode)
		}
		v.refuse(page, "Note interne")
	}
}

func TestDocument(t *testing.T) {
	v := newVisit(t, func(c *web.Config) {
		c.Open = func(ctx context.Context, viewer knowledge.Viewer, id string) (knowledge.Document, []knowledge.Passage, error) {
			if (viewer != knowledge.Viewer{Audience: knowledge.Public}) {
				t.Errorf("a document was opened as %+v", viewer)
			}
			return openFake(ctx, viewer, id)
		}
	})
	response, page := v.get("/document/fiche%2F%C3%A9%201?p=1")
	if response.StatusCode != http.StatusOK {
		t.Errorf("status %d", response.StatusCode)
	}
	v.expect(page, "Aide fictive", "<h2>Montant</h2>", `class="passage quoted" id="p-1"`, "Passage cité", "02/03/2026", "https://exemple.invalid/aide")
	v.expect(page, `Un <strong>taux</strong> de 40 %, voir <a href="https://exemple.invalid/a?b=1&amp;c=2" rel="noreferrer external">la page</a>, écrire (a@exemple.invalid), <strong>piège</strong>, `)
	v.refuse(page, `class="passage quoted" id="p-0"`, "<mark>clos</mark>", "**", "](", "javascript:", "<i>fictive", `"onclick`)

	_, page = v.get("/document/fiche-close?p=autre")
	v.expect(page, "<mark>clos</mark>")
	v.refuse(page, "Passage cité")

	response, page = v.get("/document/absent")
	if response.StatusCode != http.StatusNotFound {
		t.Errorf("status %d", response.StatusCode)
	}
	v.expect(page, "n’existe pas, ou il n’est pas public")
}

var answerField = regexp.MustCompile(`name="reponse" value="([^"]+)"`)

func TestVote(t *testing.T) {
	v := newVisit(t)
	_, page := v.say("Quelle aide ?")
	answer := answerField.FindStringSubmatch(page)[1]

	_, page = v.do("POST", "/avis", url.Values{"reponse": {answer}, "utile": {"non"}})
	v.expect(page, "votre avis est noté", `name="motif"`)
	if got := v.journal.votes[answer]; got != "non " {
		t.Errorf("vote %q", got)
	}
	_, page = v.do("POST", "/avis", url.Values{"reponse": {answer}, "utile": {"non"}, "motif": {"Le taux a changé."}})
	v.expect(page, "son explication sont notés")
	if got := v.journal.votes[answer]; got != "non Le taux a changé." {
		t.Errorf("vote %q", got)
	}

	for name, form := range map[string]url.Values{
		"unknown answer": {"reponse": {"rep-autre"}, "utile": {"oui"}},
		"no value":       {"reponse": {answer}},
		"long reason":    {"reponse": {answer}, "utile": {"oui"}, "motif": {strings.Repeat("é", 1001)}},
	} {
		if response, _ := v.do("POST", "/avis", form); response.StatusCode < 400 || response.StatusCode >= 500 {
			t.Errorf("%s: status %d", name, response.StatusCode)
		}
	}
	v.client = newBrowser(t)
	v.get("/")
	if response, _ := v.do("POST", "/avis", url.Values{"reponse": {answer}, "utile": {"oui"}}); response.StatusCode != http.StatusNotFound {
		t.Errorf("someone else voted: status %d", response.StatusCode)
	}
	if got := v.journal.votes[answer]; got != "non Le taux a changé." {
		t.Errorf("vote changed to %q", got)
	}
}

// events reads a streamed reply: names of the events, and their data by name.
func (v *visit) events(body string) (names []string, data map[string]map[string]string) {
	v.t.Helper()
	data = map[string]map[string]string{}
	lines := bufio.NewScanner(strings.NewReader(body))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			names = append(names, name)
		}
		if line, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			var fields map[string]string
			if err := json.Unmarshal([]byte(line), &fields); err != nil {
				v.t.Fatalf("%v in %s", err, line)
			}
			data[names[len(names)-1]] = fields
		}
	}
	return names, data
}

func (v *visit) stream(text, nonce string) (names []string, data map[string]map[string]string) {
	v.t.Helper()
	response, body := v.do("POST", "/", url.Values{"page": {nonce}, "texte": {text}}, "Accept", "text/event-stream")
	if kind := response.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/event-stream") {
		v.t.Fatalf("content type %q: %s", kind, body)
	}
	return v.events(body)
}

func TestStream(t *testing.T) {
	v := newVisit(t)
	_, page := v.get("/")
	nonce := v.nonce(page)
	names, data := v.stream("Quelle aide\npour exporter ?", nonce)
	if strings.Join(names, " ") != "received reply" {
		t.Fatalf("events %v", names)
	}
	v.expect(data["received"]["html"], "Quelle aide\npour exporter ?")
	v.expect(data["reply"]["html"], "Voici ce que dit la fiche.", "<blockquote>", "Pas utile")
	v.refuse(data["reply"]["html"], "<html")
	if next := data["reply"]["nonce"]; next == "" || next == nonce || !strings.Contains(data["reply"]["html"], "derniere") {
		t.Errorf("next nonce %q after %q", next, nonce)
	}

	v.stream("Quelle aide\npour exporter ?", nonce) // sent again after a cut connection
	v.do("POST", "/", url.Values{"page": {nonce}, "texte": {"Quelle aide\r\npour exporter ?"}})
	if n := len(v.journal.turns); n != 1 {
		t.Errorf("%d turns recorded, want 1", n)
	}
	_, page = v.get("/")
	v.expect(page, "Voici ce que dit la fiche.") // the same conversation without the script

	names, data = v.stream("rédige <b>", v.nonce(page))
	if strings.Join(names, " ") != "received worded worded reply" {
		t.Errorf("events %v", names)
	}
	v.expect(data["worded"]["html"], "Deuxième phrase &lt;b&gt; [1].")
	v.expect(data["reply"]["html"], "[1]</span> Aide fictive", "[2]</span> Ancienne aide fictive")

	for text, says := range map[string]string{"": "Votre message est vide.", "panne": "la panne vient de notre côté", "plante": "la panne vient de notre côté"} {
		names, data = v.stream(text, "autre")
		if strings.Join(names, " ") != "received problem" {
			t.Errorf("%q: events %v", text, names)
		}
		v.expect(data["problem"]["html"], says)
	}
}

// slowDesk answers when told to.
type slowDesk struct {
	web.Desk
	answer chan struct{}
}

func (d slowDesk) Stream(ctx context.Context, m bot.Message, said func(string)) (bot.Reply, error) {
	<-d.answer
	return d.Desk.Stream(ctx, m, said)
}

func TestStreamAcknowledgesAtOnce(t *testing.T) {
	answer := make(chan struct{})
	v := newVisit(t, func(c *web.Config) { c.Desk = slowDesk{c.Desk, answer} })
	request, err := http.NewRequestWithContext(t.Context(), "POST", v.url+"/", strings.NewReader("page=1&texte=demande"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "text/event-stream")
	response, err := v.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body := bufio.NewReader(response.Body)
	first, err := body.ReadString('\n') // while the desk still thinks
	close(answer)
	if err != nil || first != "event: received\n" {
		t.Fatalf("first line %q, %v", first, err)
	}
	rest, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	v.expect(string(rest), "event: reply\n", "2026-0042")
}

// strictDesk refuses to work for a request that has ended, as a database would.
type strictDesk struct{ web.Desk }

func (d strictDesk) Stream(ctx context.Context, m bot.Message, said func(string)) (bot.Reply, error) {
	if err := ctx.Err(); err != nil {
		return bot.Reply{}, err
	}
	return d.Desk.Stream(ctx, m, said)
}

func TestMessageOutlivesTheBrowser(t *testing.T) {
	for _, accept := range []string{"text/html", "text/event-stream"} {
		v := newVisit(t, func(c *web.Config) { c.Desk = strictDesk{c.Desk} })
		gone, leave := context.WithCancel(t.Context())
		leave()
		request := httptest.NewRequestWithContext(gone, "POST", "/", strings.NewReader("page=1&texte=demande"))
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Accept", accept)
		v.handler.ServeHTTP(httptest.NewRecorder(), request)
		if len(v.journal.turns) != 1 {
			t.Errorf("%s: the message was lost with the browser", accept)
		}
	}
}

func TestRateLimit(t *testing.T) {
	v := newVisit(t)
	_, page := v.get("/")
	nonce := v.nonce(page)
	var response *http.Response
	sent := 0
	for ; sent < 100; sent++ {
		if response, page = v.do("POST", "/", url.Values{"page": {nonce}, "texte": {"une question pressée"}}); response.StatusCode != http.StatusOK {
			break
		}
	}
	if response.StatusCode != http.StatusTooManyRequests || response.Header.Get("Retry-After") == "" || sent < 10 {
		t.Fatalf("status %d after %d messages", response.StatusCode, sent)
	}
	v.expect(page, "Patientez", "une question pressée</textarea>")
	if response, _ = v.get("/"); response.StatusCode != http.StatusOK {
		t.Errorf("reading is refused too: %d", response.StatusCode)
	}
	if response, _ = v.do("POST", "/", url.Values{"texte": {"x"}}, "X-Forwarded-For", "192.0.2.7"); response.StatusCode != http.StatusTooManyRequests {
		t.Errorf("a header that nobody vouches for lifts the limit: %d", response.StatusCode)
	}
	*v.clock = v.clock.Add(10 * time.Second)
	if response, _ = v.do("POST", "/", url.Values{"page": {nonce}, "texte": {"plus tard"}}); response.StatusCode != http.StatusOK {
		t.Errorf("still refused ten seconds later: %d", response.StatusCode)
	}
}

func TestRateLimitBehindProxy(t *testing.T) {
	v := newVisit(t, func(c *web.Config) { c.BehindProxy = true })
	status := func(from string) int {
		response, _ := v.do("POST", "/", url.Values{"page": {"1"}, "texte": {"x"}}, "X-Forwarded-For", "203.0.113.9, "+from)
		return response.StatusCode
	}
	for range 100 {
		if status("2001:db8::1") != http.StatusOK {
			break
		}
	}
	if code := status("2001:db8::2"); code != http.StatusTooManyRequests {
		t.Errorf("the same network with another address: %d", code)
	}
	if code := status("192.0.2.7"); code != http.StatusOK {
		t.Errorf("another client: %d", code)
	}
}

func TestHealthAndMetrics(t *testing.T) {
	var sick error
	v := newVisit(t, func(c *web.Config) { c.Health = func(context.Context) error { return sick } })
	if response, body := v.get("/healthz"); response.StatusCode != http.StatusOK || body != "ok\n" {
		t.Errorf("%d %q", response.StatusCode, body)
	}
	sick = errors.New("postgres://user:secret@db")
	if response, body := v.get("/healthz"); response.StatusCode != http.StatusServiceUnavailable || strings.Contains(body, "secret") {
		t.Errorf("%d %q", response.StatusCode, body)
	}
	v.say("Quelle aide ?")
	v.say("panne")
	_, body := v.get("/metrics")
	v.expect(body, `guichet_web_replies_total{kind="answer"} 1`, `guichet_web_replies_total{kind="error"} 1`,
		"guichet_web_reply_seconds_count 2", `guichet_web_requests_total{code="303",route="POST /{$}"} 1`)
}

// Where no message can be sent to the person, the page tells them where their requests stand.
func TestTheConversationShowsItsRequests(t *testing.T) {
	v := newVisit(t)
	_, page := v.get("/")
	v.refuse(page, "Vos demandes")
	v.do("POST", "/", url.Values{"texte": {"demande un prêt"}, "page": {"p1"}})
	_, page = v.get("/")
	v.refuse(page, "Vos demandes") // the request is another conversation's: this message only joined it
	v.ledger.thread = v.desk.got[0].Thread
	v.ledger.request.Due = today.AddDate(0, 0, 3)
	v.ledger.request.Pace.NoNews = 1
	v.ledger.request.Events = append(v.ledger.request.Events,
		ledger.Event{At: today, Kind: ledger.NoNews, By: ledger.Self, Why: "Pas encore <b>de</b> nouvelles."}, ledger.Event{At: today, Kind: ledger.AnswerGiven, By: "Bo", Why: "Voici <b>l’aide</b>."})
	_, page = v.get("/")
	v.expect(page, "Vos demandes", "n° 2026-0042", "échéance le 05/03/2026", "Pas encore &lt;b&gt;de&lt;/b&gt; nouvelles.", "Voici &lt;b&gt;l’aide&lt;/b&gt;.")
	v.ledger.err = errors.New("disk full")
	if response, page := v.get("/"); response.StatusCode != http.StatusOK || strings.Contains(page, "Vos demandes") {
		t.Errorf("without the ledger: status %d", response.StatusCode)
	}
}
