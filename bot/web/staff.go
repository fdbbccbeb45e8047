package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"guichet/bot"
	"guichet/knowledge"
	"guichet/routing/ledger"
)

const (
	requestsLimit = 200
	noticesLimit  = 200
	gapsLimit     = 200
)

// staffViewer reads the ledger for the agents, who see every request.
var staffViewer = ledger.Viewer{Staff: true}

// staffPage is what every page of the staff view shows.
type staffPage struct {
	Agent string
	// Tab names the open part of the view.
	Tab string
}

type requestsPage struct {
	staffPage
	Requests   []ledger.Request
	Directions []Direction
	Statuses   []ledger.Status
	// Status, Lead and Text are the filter; Limit is set when the list is cut there.
	Status     ledger.Status
	Lead, Text string
	Limit      int
	// Late keeps the requests whose due date is over at Now.
	Late bool
	Now  time.Time
}

func (s *site) showRequests(w http.ResponseWriter, r *http.Request, agent string) {
	query := r.URL.Query()
	page := requestsPage{
		staffPage:  staffPage{agent, "requests"},
		Directions: s.Directions, Statuses: ledger.Statuses(),
		Status: ledger.Status(query.Get("etat")), Lead: query.Get("direction"), Text: strings.TrimSpace(query.Get("texte")),
		Late: query.Get("retard") != "", Now: s.Now(),
	}
	filter := ledger.Filter{Lead: page.Lead, Text: page.Text, Limit: requestsLimit}
	if page.Status != "" {
		filter.Status = []ledger.Status{page.Status}
	}
	if page.Late {
		filter.Late = page.Now
	}
	var err error
	if page.Requests, err = s.Requests.List(r.Context(), staffViewer, filter); err != nil {
		s.staffProblem(w, r, err)
		return
	}
	if len(page.Requests) == requestsLimit {
		page.Limit = requestsLimit
	}
	s.render(w, http.StatusOK, requestsTemplate, page)
}

type requestPage struct {
	staffPage
	ledger.Request
	Directions []Direction
	Fundings   fundingsPart
	// Conventions say what is known of those on which the request depends.
	Conventions []string
	Now         time.Time
	// Draft is the text of an action that was refused, Action its name and Alert why.
	Draft, Action, Alert string
}

// Open tells whether the company still waits for something.
func (p requestPage) Open() bool {
	return p.Status.Open()
}

func (s *site) showRequest(w http.ResponseWriter, r *http.Request, agent string) {
	s.request(w, r, http.StatusOK, requestPage{staffPage: staffPage{agent, "requests"}})
}

func (s *site) request(w http.ResponseWriter, r *http.Request, code int, page requestPage) {
	var err error
	if page.Request, err = s.Requests.Get(r.Context(), staffViewer, r.PathValue("reference")); err != nil {
		s.staffProblem(w, r, err)
		return
	}
	page.Directions, page.Now = s.Directions, s.Now()
	if page.Conventions, err = s.Sheets.OfRequest(r.Context(), bot.Asker{Audience: knowledge.Staff}, page.Request, page.Now); err != nil {
		s.staffProblem(w, r, err)
		return
	}
	card, err := s.Fundings.OfRequest(r.Context(), staffViewer, page.Request, page.Now)
	if err != nil {
		s.staffProblem(w, r, err)
		return
	}
	page.Fundings = s.fundingsPart(r, card)
	s.render(w, code, requestTemplate, page)
}

type companyPage struct {
	staffPage
	// Sought is a SIREN, a SIRET or a name.
	Sought   string
	Card     ledger.Card
	Fundings fundingsPart
	Now      time.Time
}

func (s *site) showCompany(w http.ResponseWriter, r *http.Request, agent string) {
	page := companyPage{staffPage: staffPage{agent, "company"}, Sought: strings.TrimSpace(r.URL.Query().Get("nom")), Now: s.Now()}
	if page.Sought != "" {
		var err error
		if page.Card, err = ledger.CardOf(r.Context(), s.Requests, staffViewer, page.Sought); err != nil {
			s.staffProblem(w, r, err)
			return
		}
		card, err := s.Fundings.Card(r.Context(), staffViewer, page.Sought, page.Now)
		if err != nil {
			s.staffProblem(w, r, err)
			return
		}
		page.Fundings = s.fundingsPart(r, card)
	}
	s.render(w, http.StatusOK, companyTemplate, page)
}

// postAction does one thing to a request, in the agent's name.
func (s *site) postAction(w http.ResponseWriter, r *http.Request, agent string) {
	if !s.form(w, r) {
		return
	}
	ctx, reference, action := r.Context(), r.PathValue("reference"), r.PathValue("action")
	text := strings.TrimSpace(strings.ReplaceAll(r.PostFormValue("texte"), "\r\n", "\n"))
	lead, owner := r.PostFormValue("direction"), agentName(r.PostFormValue("personne"))
	refuse := func(code int, alert string) {
		s.request(w, r, code, requestPage{staffPage: staffPage{agent, "requests"}, Draft: text, Action: action, Alert: alert})
	}
	var err error
	switch action {
	case "prendre":
		_, err = s.Requests.SetStatus(ctx, reference, ledger.Taken, text, agent, s.Now())
	case "repondre":
		if text == "" {
			refuse(http.StatusUnprocessableEntity, textMissingText)
			return
		}
		_, err = s.Requests.Answer(ctx, reference, text, agent, s.Now())
	case "clore":
		if text == "" {
			refuse(http.StatusUnprocessableEntity, textMissingText)
			return
		}
		_, err = s.Requests.SetStatus(ctx, reference, ledger.Closed, text, agent, s.Now())
	case "injoignable":
		if text == "" {
			refuse(http.StatusUnprocessableEntity, textMissingText)
			return
		}
		_, err = s.Requests.SetStatus(ctx, reference, ledger.Unreachable, text, agent, s.Now())
	case "part":
		part := ledger.Status(r.PostFormValue("part"))
		if part == ledger.NotForUs && text == "" {
			refuse(http.StatusUnprocessableEntity, textMissingText)
			return
		}
		_, err = s.Requests.SetPart(ctx, reference, lead, part, text, agent, s.Now())
	case "rouvrir":
		if text == "" {
			refuse(http.StatusUnprocessableEntity, textMissingText)
			return
		}
		_, err = s.Requests.Reopen(ctx, reference, text, agent, s.Now())
	case "affecter":
		if text == "" || lead == "" && owner == "" || lead != "" && !s.hasDirection(lead) {
			refuse(http.StatusUnprocessableEntity, textNobody)
			return
		}
		_, err = s.Requests.Assign(ctx, reference, lead, owner, text, agent, s.Now())
	default:
		s.problem(w, http.StatusNotFound, textNoAction)
		return
	}
	switch {
	case errors.Is(err, ledger.ErrTransition):
		refuse(http.StatusConflict, textWrongStep)
	case err != nil:
		s.staffProblem(w, r, err)
	default:
		http.Redirect(w, r, "/agents/demandes/"+url.PathEscape(reference)+"#historique", http.StatusSeeOther)
	}
}

func (s *site) hasDirection(code string) bool {
	for _, d := range s.Directions {
		if d.Code == code {
			return true
		}
	}
	return false
}

type noticesPage struct {
	staffPage
	Notices   []ledger.Notice
	Abandoned []Job
}

func (s *site) showNotices(w http.ResponseWriter, r *http.Request, agent string) {
	notices, err := s.Requests.Notices(r.Context(), staffViewer, noticesLimit)
	if err != nil {
		s.staffProblem(w, r, err)
		return
	}
	abandoned, err := s.Abandoned(r.Context())
	if err != nil {
		s.staffProblem(w, r, err)
		return
	}
	s.render(w, http.StatusOK, noticesTemplate, noticesPage{staffPage{agent, "notices"}, notices, abandoned})
}

type gapsPage struct {
	staffPage
	Gaps []bot.Gap
}

func (s *site) showGaps(w http.ResponseWriter, r *http.Request, agent string) {
	gaps, err := s.Journal.Gaps(r.Context(), gapsLimit)
	if err != nil {
		s.staffProblem(w, r, err)
		return
	}
	s.render(w, http.StatusOK, gapsTemplate, gapsPage{staffPage{agent, "gaps"}, gaps})
}

// staffProblem answers when the ledger or the journal could not.
func (s *site) staffProblem(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, ledger.ErrNotFound) {
		s.problem(w, http.StatusNotFound, textNoRequest)
		return
	}
	s.Log.ErrorContext(r.Context(), "staff view failed", "path", r.URL.Path, "error", err)
	s.problem(w, http.StatusServiceUnavailable, textFailure)
}
