package web_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"guichet/bot/web"
	"guichet/knowledge"
	"guichet/routing"
	"guichet/routing/ledger"
)

func (v *visit) login(name string) (*http.Response, string) {
	v.t.Helper()
	return v.do("POST", "/agents/connexion", url.Values{"nom": {name}, "jeton": {token}})
}

var staffPages = []string{"/agents", "/agents/demandes/2026-0042", "/agents/entreprise?nom=soci%C3%A9t%C3%A9+fictive", "/agents/doublons", "/agents/financements", "/agents/envois",
	"/agents/questions", "/agents/epci", "/agents/epci/" + fakeSIREN, "/agents/pilotage", "/agents/pilotage.csv", "/agents/revues", "/agents/revues/" + fakeSIREN, "/agents/fiches"}

func TestStaffNeedsTheToken(t *testing.T) {
	v := newVisit(t)
	closed := func(state string) {
		t.Helper()
		for _, path := range staffPages {
			response, page := v.get(path)
			if response.Request.URL.Path != "/agents/connexion" {
				t.Errorf("%s, %s: answered by %s", state, path, response.Request.URL)
			}
			v.refuse(page, "Société Fictive", "taux pour l’aide absente")
		}
		v.do("POST", "/agents/demandes/2026-0042/clore", url.Values{"texte": {"fini"}})
		if len(v.ledger.done) != 0 {
			t.Errorf("%s: %v", state, v.ledger.done)
		}
	}
	closed("no token")

	for _, wrong := range []string{"", "jeton", token + "x"} {
		response, page := v.do("POST", "/agents/connexion", url.Values{"nom": {"Agente Fictive"}, "jeton": {wrong}})
		if response.StatusCode != http.StatusUnauthorized {
			t.Errorf("token %q: status %d", wrong, response.StatusCode)
		}
		v.expect(page, "Le jeton n’est pas le bon", `value="Agente Fictive"`)
	}
	closed("wrong token")

	at, _ := url.Parse(v.url + "/agents")
	v.client.Jar.SetCookies(at, []*http.Cookie{{Name: "guichet_agent", Value: "QWdlbnQ.99999999999.00", Path: "/agents"}})
	closed("forged pass")

	if response, _ := v.login(" \n "); response.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("no name: status %d", response.StatusCode)
	}
	response, page := v.login("Agente\nFictive")
	v.expect(page, "2026-0042", "Agente Fictive")
	if response.Header.Get("Cache-Control") != "no-store" {
		t.Error("the staff view may be kept by a cache")
	}
	pass := v.client.Jar.Cookies(at)
	*v.clock = v.clock.Add(13 * time.Hour)
	closed("pass of yesterday")
	*v.clock = today
	v.do("POST", "/agents/deconnexion", url.Values{})
	closed("after leaving")

	// The pass of another token is worth nothing here.
	other := newVisit(t, func(c *web.Config) { c.StaffToken = "un autre jeton" })
	at, _ = url.Parse(other.url + "/agents")
	other.client.Jar.SetCookies(at, pass)
	if response, _ := other.get("/agents"); response.Request.URL.Path != "/agents/connexion" {
		t.Error("a pass opens a view with another token")
	}
}

func TestNoTokenNoStaffView(t *testing.T) {
	v := newVisit(t, func(c *web.Config) { c.StaffToken = "" })
	for _, path := range append(staffPages, "/agents/connexion") {
		if response, _ := v.get(path); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s: status %d", path, response.StatusCode)
		}
	}
	if response, _ := v.do("POST", "/agents/connexion", url.Values{"nom": {"x"}, "jeton": {""}}); response.StatusCode != http.StatusNotFound {
		t.Errorf("login with an empty token: status %d", response.StatusCode)
	}
}

func TestLoginGoesBackInside(t *testing.T) {
	for next, want := range map[string]string{
		"/agents/envois":              "/agents/envois",
		"/agents?etat=taken":          "/agents",
		"https://ailleurs.invalid/":   "/agents",
		"//ailleurs.invalid/agents":   "/agents",
		`/\ailleurs.invalid`:          "/agents",
		"/agentsailleurs":             "/agents",
		"javascript:alert(1)":         "/agents",
		"/agents/demandes/2026-0042":  "/agents/demandes/2026-0042",
		"/agents/../document/interne": "/agents",
		"/agents//ailleurs.invalid/":  "/agents",
	} {
		v := newVisit(t)
		v.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		response, _ := v.do("POST", "/agents/connexion", url.Values{"nom": {"A"}, "jeton": {token}, "vers": {next}})
		location, err := response.Location()
		if err != nil || !strings.HasPrefix(location.String(), v.url+"/agents") || location.Path != want {
			t.Errorf("%q leads to %v, want %s", next, location, want)
		}
	}
}

func TestStaffReads(t *testing.T) {
	v := newVisit(t)
	v.login("Agente Fictive")
	_, page := v.get("/agents?etat=transmitted&direction=DIR-A&texte=pr%C3%AAt")
	v.expect(page, `<a href="/agents/demandes/2026-0042">2026-0042</a>`, "Société Fictive", `value="transmitted" selected`, `value="DIR-A" selected`, `value="prêt"`)
	if f := v.ledger.filter; f.Lead != "DIR-A" || f.Text != "prêt" || len(f.Status) != 1 || f.Status[0] != ledger.Transmitted || f.Limit == 0 {
		t.Errorf("filter %+v", f)
	}
	_, page = v.get("/agents?etat=closed")
	v.expect(page, "Aucune demande ne correspond")

	_, page = v.get("/agents/demandes/2026-0042")
	v.expect(page, "&lt;b&gt;un prêt&lt;/b&gt;", "«\u00a0un prêt\u00a0»", "supposé, faute d’indication", "Un prêt est demandé.", "<code>pret</code>",
		"Opérateur fictif", "fund_kind : grant", "Message reçu", "Décision des règles", "Prendre en charge")
	_, page = v.get("/agents/envois")
	v.expect(page, "nouvelle demande", "Une demande vous arrive.", "adresse refusée", "confier la demande 2026-0007", "porte &lt;b&gt;close&lt;/b&gt;",
		"La convention F-1 finit.", `<a href="/agents/epci/`+fakeSIREN+`">EPCI `+fakeSIREN, "essais sans succès", "canal &lt;b&gt;fermé&lt;/b&gt;")
	_, page = v.get("/agents/questions")
	v.expect(page, "Quel taux pour l’aide absente ?", "taux aide absente", "02/03/2026")

	for _, path := range []string{"/agents/demandes/1999-0001", "/agents/rien"} { // an agent who is lost stays in the agents' space
		_, page := v.get(path)
		v.expect(page, "Revenir aux demandes", "Pilotage")
		v.refuse(page, "Revenir à la conversation")
	}
	if response, _ := v.get("/agents/demandes/1999-0001"); response.StatusCode != http.StatusNotFound {
		t.Errorf("unknown request: status %d", response.StatusCode)
	}
}

func TestStaffSeesWhatIsLate(t *testing.T) {
	v := newVisit(t)
	v.login("Agente Fictive")
	v.ledger.request.Due = today.Add(-time.Hour)
	v.ledger.request.Pace.Parts = []ledger.Part{{Direction: "DIR-B", Status: ledger.NotForUs, By: "Agent Fictif", At: today, Why: "hors <b>sujet</b>"}}
	_, page := v.get("/agents?retard=oui")
	v.expect(page, "02/03/2026", "en retard</mark>", "checked")
	if !v.ledger.filter.Late.Equal(today) {
		t.Errorf("filter %+v", v.ledger.filter)
	}
	_, page = v.get("/agents")
	if !v.ledger.filter.Late.IsZero() {
		t.Errorf("filter %+v", v.ledger.filter)
	}
	v.expect(page, "2026-0042")
	_, page = v.get("/agents/demandes/2026-0042")
	v.expect(page, "Échéance", "en retard</mark>", "DIR-B : pas pour nous, Agent Fictif", "hors &lt;b&gt;sujet&lt;/b&gt;", "De nouveau à faire")
}

func TestStaffSeesThePartsOfADirection(t *testing.T) {
	v := newVisit(t)
	v.login("Agente Fictive")
	v.ledger.request.Pace.Parts = []ledger.Part{{Direction: "DIR-B", Status: ledger.Transmitted, Due: today.Add(-time.Hour)}, {Direction: "DIR-C", Status: ledger.Transmitted, Due: today}}
	_, page := v.get("/agents?direction=DIR-B&part=oui")
	if f := v.ledger.filter; f.Part != "DIR-B" || f.Lead != "" {
		t.Errorf("filter %+v", f)
	}
	v.expect(page, "part de DIR-B pour le 02/03/2026", "en retard</mark>")
	v.refuse(page, "part de DIR-C")
	_, page = v.get("/agents?part=oui") // of which direction is not said
	if f := v.ledger.filter; f.Part != "" {
		t.Errorf("filter %+v", f)
	}
	v.refuse(page, "part de DIR-B")
	_, page = v.get("/agents/demandes/2026-0042")
	v.expect(page, "DIR-B : à faire pour le 02/03/2026 <mark>en retard</mark>", "DIR-C : à faire pour le 02/03/2026\n")
}

// Codes of the register and of channels are told by their names; hours are those of Paris whatever the machine's.
func TestRequestIsToldInWords(t *testing.T) {
	v := newVisit(t)
	r := &v.ledger.request
	r.Channel, r.Place = "cli", ledger.Place{Commune: "80021", EPCI: fakeSIREN, Departement: "80"}
	r.CreatedAt = time.Date(2026, 7, 1, 22, 30, 0, 0, time.UTC)
	r.Decision.Facts = append(r.Decision.Facts, routing.Fact{Name: "territory", Value: "80021", Label: "Amiens"}, routing.Fact{Name: "epci", Value: "200000016", Label: "Un autre"})
	r.Pace.Parts = []ledger.Part{{Direction: "DIR-B", Status: ledger.Transmitted}}
	v.login("Ada")
	_, page := v.get("/agents/demandes/2026-0042")
	for _, want := range []string{"Amiens (80021)", ">" + fakeSIREN + "<", "(terminal)", "02/07/2026 à 00:30", "/part\""} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in the page", want)
		}
	}
	r.Status, r.Pace.Into = ledger.Merged, "2026-0001"
	if _, page := v.get("/agents/demandes/2026-0042"); strings.Contains(page, "/part\"") {
		t.Error("a part is asked of a request that is followed in another")
	}
}

func TestStaffAsksOfACompany(t *testing.T) {
	v := newVisit(t)
	v.login("Agente Fictive")
	_, page := v.get("/agents/entreprise?nom=soci%C3%A9t%C3%A9+fictive")
	v.expect(page, `<a href="/agents/demandes/2026-0042">2026-0042</a>`, "Aucune réponse apportée à ce jour", "DIR-A")
	if v.ledger.filter.Company != "société fictive" {
		t.Errorf("filter %+v", v.ledger.filter)
	}
	v.ledger.request.Events = append(v.ledger.request.Events, ledger.Event{At: today, Kind: ledger.AnswerGiven, By: "Agent Fictif", Why: "Oui, <i>voici</i>."})
	_, page = v.get("/agents/entreprise?nom=123+456+782")
	v.expect(page, "Oui, &lt;i&gt;voici&lt;/i&gt;.", "Réponse du 02/03/2026 (Agent Fictif)")
	if v.ledger.filter.SIREN != "123456782" {
		t.Errorf("filter %+v", v.ledger.filter)
	}
}

func TestStaffLooksAtAnEPCI(t *testing.T) {
	v := newVisit(t)
	v.login("Agente Fictive")
	_, page := v.get("/agents/epci/" + fakeSIREN)
	v.expect(page, "CC Fictive &lt;b&gt;", "Ailleurs, 12 communes", "Camille Fictive", "F-1", "en vigueur", "du 01/01/2026 au 31/12/2026", "Renouvelle", "création",
		`href="https://exemple.invalid/f-1"`, `<a href="/agents/demandes/2026-0042">2026-0042</a>`, "DIR-B", "Opérateur fictif", `href="https://exemple.invalid/pret"`, "Prêt piégé")
	v.refuse(page, "javascript:", "<b>")
	if len(v.sheets.askers) != 1 || v.sheets.askers[0].Audience != knowledge.Staff {
		t.Errorf("%+v", v.sheets.askers)
	}
	if response, _ := v.get("/agents/epci/200000016"); response.StatusCode != http.StatusNotFound {
		t.Errorf("status %d", response.StatusCode)
	}
	_, page = v.get("/agents/epci")
	v.expect(page, `<a href="/agents/epci/`+fakeSIREN+`">`, "F-1, jusqu’au 31/12/2026", "CC Imaginaire", "aucune enregistrée")
	v.refuse(page, "Aucune convention enregistrée dans guichet")
	_, page = v.get("/agents/epci?nom=fictive")
	v.expect(page, "CC Fictive")
	v.refuse(page, "CC Imaginaire")
	_, page = v.get("/agents/epci?sans=oui")
	v.expect(page, "CC Imaginaire")
	v.refuse(page, "CC Fictive")
	v.sheets.sheet.Conventions, v.sheets.sheet.Requests = nil, nil
	_, page = v.get("/agents/epci/" + fakeSIREN)
	v.expect(page, "Aucune convention enregistrée dans guichet pour cet EPCI", "Aucune demande ouverte")
	_, page = v.get("/agents/epci")
	v.expect(page, "Aucune convention enregistrée dans guichet : cela ne dit pas qu’il n’en existe pas")

	v.ledger.request.Place.EPCI, v.sheets.conventions = fakeSIREN, []string{"La convention <i>F-1</i> est en vigueur."}
	_, page = v.get("/agents/demandes/2026-0042")
	v.expect(page, `<a href="/agents/epci/`+fakeSIREN+`">`, "La convention &lt;i&gt;F-1&lt;/i&gt; est en vigueur.")
}

func TestStaffSeesWhatLooksAlike(t *testing.T) {
	v := newVisit(t)
	v.login("Agente Fictive")
	for _, path := range []string{"/agents/doublons", "/agents/demandes/2026-0042"} {
		_, page := v.get(path)
		v.expect(page, "se retrouve en entier dans « Société Fictive &lt;Nord&gt; »", "même commune", "2026-0043 rejoint 2026-0042",
			`action="/agents/demandes/2026-0042/joindre"`, `name="autre" value="2026-0043"`, `formaction="/agents/demandes/2026-0042/distinguer"`)
	}
	// A message that joined can be split out; the first one cannot.
	v.ledger.request.Events = append(v.ledger.request.Events, ledger.Event{At: today, Kind: ledger.Received, Why: "Encore nous"})
	_, page := v.get("/agents/demandes/2026-0042")
	v.expect(page, `name="message" value="2"`)
	v.refuse(page, `name="message" value="1"`)
	v.ledger.request.Status, v.ledger.request.Pace.Into = ledger.Merged, "2026-0041"
	_, page = v.get("/agents/demandes/2026-0042")
	v.expect(page, `jointe à une autre</strong> : <a href="/agents/demandes/2026-0041">`, `/2026-0042/separer`)
	v.refuse(page, "/2026-0042/rouvrir", "/2026-0042/clore")
	for err, want := range map[error]string{ledger.ErrOtherCompany: "ce sont deux entreprises", ledger.ErrNoMessage: "ne peut pas être séparé"} {
		v.ledger.refuse = err
		response, page := v.do("POST", "/agents/demandes/2026-0042/joindre", url.Values{"autre": {"2026-0043"}})
		if response.StatusCode != http.StatusConflict {
			t.Errorf("%v: status %d", err, response.StatusCode)
		}
		v.expect(page, want)
	}
}

func TestStaffActs(t *testing.T) {
	v := newVisit(t)
	v.login("Agente Fictive")
	act := func(action string, form url.Values) (*http.Response, string) {
		return v.do("POST", "/agents/demandes/2026-0042/"+action, form)
	}
	for _, step := range []struct {
		action string
		form   url.Values
	}{
		{"prendre", url.Values{}},
		{"affecter", url.Values{"direction": {"DIR-B"}, "personne": {"Agent Fictif"}, "texte": {"c’est son secteur"}}},
		{"repondre", url.Values{"texte": {"Oui :\r\nvoici comment."}}},
		{"clore", url.Values{"texte": {"réglé"}}},
		{"rouvrir", url.Values{"texte": {"l’entreprise rappelle"}}},
		{"injoignable", url.Values{"texte": {"trois appels"}}},
		{"part", url.Values{"direction": {"DIR-B"}, "part": {"done"}}},
		{"part", url.Values{"direction": {"DIR-B"}, "part": {"not_for_us"}, "texte": {"hors sujet"}}},
		{"joindre", url.Values{"autre": {"2026-0043"}}},
		{"joindre", url.Values{"autre": {"2026-0044"}, "texte": {"même gérante"}}},
		{"distinguer", url.Values{"autre": {"2026-0045"}, "texte": {"deux familles"}}},
		{"separer", url.Values{"texte": {"homonyme"}}},
		{"separer", url.Values{"texte": {"homonyme"}, "message": {"2"}}},
		{"etape", url.Values{"etape": {"deux"}, "suite": {"done"}}},
		{"etape", url.Values{"etape": {"trois"}, "suite": {"skipped"}, "texte": {"sans objet"}}},
	} {
		if response, page := act(step.action, step.form); response.StatusCode != http.StatusOK || response.Request.Method != http.MethodGet {
			t.Errorf("%s: %s %d\n%s", step.action, response.Request.Method, response.StatusCode, page)
		}
	}
	const want = "taken:  by Agente Fictive|assign DIR-B/Agent Fictif: c’est son secteur by Agente Fictive|" +
		"answer: Oui :\nvoici comment. by Agente Fictive|closed: réglé by Agente Fictive|reopen: l’entreprise rappelle by Agente Fictive|" +
		"unreachable: trois appels by Agente Fictive|part DIR-B done:  by Agente Fictive|part DIR-B not_for_us: hors sujet by Agente Fictive|" +
		"join 2026-0043 to 2026-0042: même entreprise by Agente Fictive|join 2026-0044 to 2026-0042: même gérante by Agente Fictive|" +
		"apart 2026-0042 2026-0045: deux familles by Agente Fictive|split 2026-0042 0: homonyme by Agente Fictive|split 2026-0042 2: homonyme by Agente Fictive|" +
		"step deux done:  by Agente Fictive|step trois skipped: sans objet by Agente Fictive"
	if got := strings.Join(v.ledger.done, "|"); got != want {
		t.Errorf("done\n%s\nwant\n%s", got, want)
	}

	done := len(v.ledger.done)
	for name, c := range map[string]struct {
		action string
		form   url.Values
		code   int
	}{
		"empty answer":       {"repondre", url.Values{"texte": {"  "}}, http.StatusUnprocessableEntity},
		"close without why":  {"clore", url.Values{}, http.StatusUnprocessableEntity},
		"assign without why": {"affecter", url.Values{"direction": {"DIR-B"}}, http.StatusUnprocessableEntity},
		"assign to nobody":   {"affecter", url.Values{"texte": {"pourquoi"}}, http.StatusUnprocessableEntity},
		"unknown direction":  {"affecter", url.Values{"direction": {"DIR-Z"}, "texte": {"pourquoi"}}, http.StatusUnprocessableEntity},
		"gone without why":   {"injoignable", url.Values{}, http.StatusUnprocessableEntity},
		"refuse without why": {"part", url.Values{"direction": {"DIR-B"}, "part": {"not_for_us"}}, http.StatusUnprocessableEntity},
		"split without why":  {"separer", url.Values{"message": {"2"}}, http.StatusUnprocessableEntity},
		"split of nothing":   {"separer", url.Values{"message": {"-1"}, "texte": {"pourquoi"}}, http.StatusUnprocessableEntity},
		"skip without why":   {"etape", url.Values{"etape": {"deux"}, "suite": {"skipped"}}, http.StatusUnprocessableEntity},
		"unknown step":       {"etape", url.Values{"etape": {"dix"}, "suite": {"done"}}, http.StatusConflict},
		"unknown action":     {"effacer", url.Values{"texte": {"pourquoi"}}, http.StatusNotFound},
	} {
		if response, _ := act(c.action, c.form); response.StatusCode != c.code {
			t.Errorf("%s: status %d, want %d", name, response.StatusCode, c.code)
		}
	}
	if len(v.ledger.done) != done {
		t.Errorf("a refused action was done: %v", v.ledger.done[done:])
	}

	act("clore", url.Values{"texte": {"réglé"}})
	v.ledger.request.Status = ledger.Closed
	response, page := act("clore", url.Values{"texte": {"réglé deux fois"}})
	if response.StatusCode != http.StatusConflict {
		t.Errorf("closed twice: status %d", response.StatusCode)
	}
	v.expect(page, "n’est plus possible")
}

func TestReadingsAreRecorded(t *testing.T) {
	v := newVisit(t)
	v.login("Agente Fictive")
	for _, path := range []string{"/agents/entreprise?nom=Verlinor", "/agents/demandes/2026-0042", "/agents/entreprise", "/agents"} {
		v.get(path)
	}
	got := ""
	for _, a := range v.ledger.accesses {
		got += a.By + " " + a.Channel + " " + a.Reference + a.Sought + "; "
		if a.At.IsZero() {
			t.Errorf("%+v has no time", a)
		}
	}
	_, page := v.get("/agents/demandes/2026-0042")
	v.expect(page, "Parcours : Profil d’essai", "<strong>prochaine étape</strong>", "faite, Agent Fictif")
	if want := "Agente Fictive web Verlinor; Agente Fictive web 2026-0042; "; got != want {
		t.Errorf("recorded %s, want %s", got, want)
	}
}

func TestStaffIsToldOfFailures(t *testing.T) {
	v := newVisit(t)
	v.login("Agente Fictive")
	v.ledger.err, v.journal.err, v.funds.err = errors.New("disk full"), errors.New("disk full"), errors.New("disk full")
	for _, path := range staffPages {
		response, page := v.get(path)
		if response.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%s: status %d", path, response.StatusCode)
		}
		v.expect(page, "la panne vient de notre côté")
		v.refuse(page, "disk full")
	}
	if response, _ := v.do("POST", "/agents/demandes/2026-0042/repondre", url.Values{"texte": {"Oui."}}); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("an answer that was not recorded: status %d", response.StatusCode)
	}
}

func TestLoginAttemptsAreLimited(t *testing.T) {
	v := newVisit(t)
	for range 100 {
		if response, _ := v.do("POST", "/agents/connexion", url.Values{"nom": {"x"}, "jeton": {"au hasard"}}); response.StatusCode == http.StatusTooManyRequests {
			if response, _ := v.login("Agente Fictive"); response.StatusCode != http.StatusTooManyRequests {
				t.Errorf("the right token after too many wrong ones: status %d", response.StatusCode)
			}
			return
		}
	}
	t.Error("a hundred wrong tokens were tried")
}

func TestFundings(t *testing.T) {
	v := newVisit(t)
	v.login("Agente Fictive")
	for _, path := range []string{"/agents/demandes/2026-0042", "/agents/entreprise?nom=soci%C3%A9t%C3%A9+fictive"} {
		_, page := v.get(path)
		v.expect(page, "Financements connus", "F-2026-0001 : subvention, 40\u00a0000\u00a0€, DIR-A, accordé le 15/01/2026 – presse plieuse", "presse &lt;b&gt;plieuse",
			"mots communs : presse, plieuse", "pour un plafond de 300\u00a0000\u00a0€", "2023/2831", "ce n&#39;est pas une décision", `name="retour" value="/agents/`)
	}
	_, page := v.get("/agents/entreprise?nom=inconnue")
	v.refuse(page, "Financements connus")
	_, page = v.get("/agents/financements")
	v.expect(page, "F-2026-0001 et F-2026-0002", "Société Fictive · F-2026-0001 : subvention, 40\u00a0000\u00a0€, DIR-A", "vu, ce n&#39;est pas la même dépense")

	form := url.Values{"premier": {"F-2026-0001"}, "second": {"F-2026-0002"}, "decision": {"different"}, "texte": {"deux presses"}, "retour": {"/agents/entreprise?nom=x"}}
	response, _ := v.do("POST", "/agents/financements", form)
	if len(v.funds.settled) != 1 || v.funds.settled[0] != "F-2026-0001/F-2026-0002/different/Agente Fictive/deux presses" || response.Request.URL.Path != "/agents/entreprise" {
		t.Errorf("%v, at %s", v.funds.settled, response.Request.URL)
	}
	v.funds.again = true
	if response, _ := v.do("POST", "/agents/financements", form); response.StatusCode != http.StatusConflict {
		t.Errorf("settled twice: status %d", response.StatusCode)
	}
	form.Set("texte", " ")
	if response, _ := v.do("POST", "/agents/financements", form); response.StatusCode != http.StatusUnprocessableEntity || len(v.funds.settled) != 1 {
		t.Errorf("without a reason: status %d, %v", response.StatusCode, v.funds.settled)
	}
	v.funds.err = errors.New("disk full")
	if response, page := v.get("/agents/demandes/2026-0042"); response.StatusCode != http.StatusServiceUnavailable || strings.Contains(page, "disk full") {
		t.Errorf("a fault: status %d", response.StatusCode)
	}
}

func TestRevues(t *testing.T) {
	v := newVisit(t)
	v.login("Ada")
	_, page := v.get("/agents/revues")
	v.expect(page, `<a href="/agents/revues/`+fakeSIREN+`">CA &lt;i&gt;Fictive&lt;/i&gt;</a>`, "01/12/2026", "13/10/2026")
	_, page = v.get("/agents/revues/" + fakeSIREN + "?depuis=2026-01-01")
	v.expect(page, "Version des agents", "depuis le 01/01/2026", `<a href="/agents/demandes/2026-0042">2026-0042</a>`)
	_, page = v.get("/agents/revues/" + fakeSIREN + "?version=epci")
	v.expect(page, "Version de l&#39;EPCI")
	response, content := v.get("/agents/revues/" + fakeSIREN + "?version=epci&format=docx")
	if !strings.HasPrefix(content, "PK") || !strings.Contains(response.Header.Get("Content-Disposition"), "revue-"+fakeSIREN+"-epci-") {
		t.Error(response.Header)
	}
	if _, content = v.get("/agents/revues/" + fakeSIREN + "?format=md"); !strings.HasPrefix(content, "# Revue de projets – CA &lt;i>") {
		t.Error(content)
	}
	for path, code := range map[string]int{"/agents/revues/autre": http.StatusNotFound, "/agents/revues/" + fakeSIREN + "?depuis=hier": http.StatusBadRequest} {
		if response, _ := v.get(path); response.StatusCode != code {
			t.Errorf("%s: %d", path, response.StatusCode)
		}
	}
}

func TestProjects(t *testing.T) {
	v := newVisit(t)
	v.login("Ada")
	form := url.Values{"titre": {"Unité <b>fictive</b>"}, "recherche": {"Un terrain"}, "entreprise": {"Tricolle fictive"}, "anonyme": {"oui"}, "criteres": {"Surface (ha) >= 2\r\nRail ?"},
		"limite": {today.AddDate(0, 1, 0).Format("2006-01-02")}, "territoires": {"ailleurs"}}
	response, page := v.do("POST", "/agents/fiches", form)
	if response.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("%d", response.StatusCode)
	}
	v.expect(page, "territoire « ailleurs » inconnu", `value="Unité &lt;b&gt;fictive&lt;/b&gt;"`, "Surface (ha) &gt;= 2")
	form.Set("territoires", "59")
	_, page = v.do("POST", "/agents/fiches", form)
	v.expect(page, "Unité &lt;b&gt;fictive&lt;/b&gt;", "P-2026-0001, à envoyer", "son nom n’est pas montré", "Envoyer aux 2 territoires")
	_, page = v.do("POST", "/agents/fiches/P-2026-0001/envoyer", url.Values{})
	v.expect(page, "envoyée, réponses attendues", "Sans réponse : CA Fictive ; CC Imaginaire.")
	response, page = v.do("POST", "/agents/fiches/P-2026-0001/repondre", url.Values{"epci": {"200000001"}, "texte": {"1=beaucoup"}})
	if response.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("%d", response.StatusCode)
	}
	v.expect(page, "n&#39;est pas un nombre", "1=beaucoup")
	_, page = v.do("POST", "/agents/fiches/P-2026-0001/repondre", url.Values{"epci": {"200000001"}, "texte": {"1=3 ; 2=non"}})
	v.expect(page, "3 <small>rempli</small>", "non <small>non rempli</small>", "1 sur 2", "Sans réponse : CC Imaginaire.")
	if response, _ := v.do("POST", "/agents/fiches/P-2026-0001/rendre", url.Values{}); response.StatusCode != http.StatusConflict {
		t.Errorf("%d", response.StatusCode)
	}
	_, page = v.do("POST", "/agents/fiches/P-2026-0001/clore", url.Values{"texte": {"assez"}})
	v.expect(page, "Rendre les réponses")
	_, page = v.do("POST", "/agents/fiches/P-2026-0001/rendre", url.Values{})
	v.expect(page, "close, réponses rendues", "à NORD")
	// Who opens a sheet learns of a company: it is recorded.
	if n := len(v.ledger.accesses); n == 0 || v.ledger.accesses[n-1].Sought != "Tricolle fictive" {
		t.Errorf("accesses %+v", v.ledger.accesses)
	}
	form.Set("demande", "2026-0001")
	v.do("POST", "/agents/fiches", form)
	v.ledger.request.Reference = "2026-0001"
	_, page = v.get("/agents/demandes/2026-0001")
	v.expect(page, `<a href="/agents/fiches/P-2026-0002">P-2026-0002</a> – Unité &lt;b&gt;fictive&lt;/b&gt;, à envoyer`)
	_, page = v.get("/agents/fiches")
	v.expect(page, `<a href="/agents/fiches/P-2026-0001">`, "<strong>CC Imaginaire</strong> : 1 fiche reçue, 0 offre, 1 sans réponse")
	if response, _ := v.get("/agents/fiches/P-2026-0009"); response.StatusCode != http.StatusNotFound {
		t.Errorf("%d", response.StatusCode)
	}
}
