package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"guichet/bot"
	"guichet/knowledge"
	"guichet/routing/convention"
	"guichet/routing/ledger"
	"guichet/routing/sheet"
)

const (
	requestsLimit = 200
	noticesLimit  = 200
	gapsLimit     = 200
	twinsLimit    = 100
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
	// Late keeps the requests whose due date is over at Now, Part those in which the direction, associated, has its part to do.
	Late, Part bool
	Now        time.Time
}

func (s *site) showRequests(w http.ResponseWriter, r *http.Request, agent string) {
	query := r.URL.Query()
	page := requestsPage{
		staffPage:  staffPage{agent, "requests"},
		Directions: s.Directions, Statuses: ledger.Statuses(),
		Status: ledger.Status(query.Get("etat")), Lead: query.Get("direction"), Text: strings.TrimSpace(query.Get("texte")),
		Late: query.Get("retard") != "", Part: query.Get("part") != "" && query.Get("direction") != "", Now: s.Now(),
	}
	filter := ledger.Filter{Lead: page.Lead, Text: page.Text, Limit: requestsLimit}
	if page.Status != "" {
		filter.Status = []ledger.Status{page.Status}
	}
	if page.Late {
		filter.Late = page.Now
	}
	if page.Part {
		filter.Lead, filter.Part = "", page.Lead
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
	// Profile is the label of the request's path, Path its steps, NextStep the id of the first to be done.
	Profile, NextStep string
	Path              []ledger.Milestone
	// Conventions say what is known of those on which the request depends.
	Conventions []string
	// Twins are the requests that may be about the same company.
	Twins []ledger.Twin
	// Projects are the sheets that come from the request.
	Projects []sheet.Sheet
	Now      time.Time
	// Draft is the text of an action that was refused, Action its name and Alert why.
	Draft, Action, Alert string
}

// Open tells whether the company still waits for something.
func (p requestPage) Open() bool {
	return p.Status.Open()
}

// Deeds are what may be done to bring the request to another status.
func (p requestPage) Deeds() (all []*ledger.Deed) {
	for _, s := range ledger.States {
		if p.May(s.Status) {
			all = append(all, s.Deed)
		}
	}
	return all
}

// Rank gives the rank of the message that an event received, if it joined the request, else 0.
func (p requestPage) Rank(event int) int {
	n := 0
	for _, e := range p.Events[:event+1] {
		if e.Kind == ledger.Received {
			n++
		}
	}
	if p.Events[event].Kind != ledger.Received || n < 2 {
		return 0
	}
	return n
}

type twinsPage struct {
	staffPage
	Twins []ledger.Twin
	// Limit is set when the list is cut there.
	Limit int
}

func (s *site) showTwins(w http.ResponseWriter, r *http.Request, agent string) {
	page := twinsPage{staffPage: staffPage{agent, "twins"}}
	var err error
	if page.Twins, err = s.Requests.Twins(r.Context(), staffViewer, "", twinsLimit); err != nil {
		s.staffProblem(w, r, err)
		return
	}
	if len(page.Twins) == twinsLimit {
		page.Limit = twinsLimit
	}
	s.render(w, http.StatusOK, twinsTemplate, page)
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
	if page.Twins, err = s.Requests.Twins(r.Context(), staffViewer, page.Reference, 0); err != nil {
		s.staffProblem(w, r, err)
		return
	}
	if !s.accessed(w, r, ledger.Access{By: page.Agent, Reference: page.Reference}) {
		return
	}
	page.Directions, page.Now = s.Directions, s.Now()
	page.Profile, page.Path = s.Path(page.Request)
	if i := slices.IndexFunc(page.Path, func(m ledger.Milestone) bool { return m.Status == "" }); i >= 0 && page.Open() && page.Lead != "" {
		page.NextStep = page.Path[i].ID
	}
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
	if page.Projects, err = s.Projects.List(r.Context(), staffViewer); err != nil {
		s.staffProblem(w, r, err)
		return
	}
	page.Projects = slices.DeleteFunc(page.Projects, func(f sheet.Sheet) bool { return f.Request != page.Reference })
	s.render(w, code, requestTemplate, page)
}

// accessed records who reads what; nothing is shown that could not be recorded.
func (s *site) accessed(w http.ResponseWriter, r *http.Request, a ledger.Access) bool {
	a.At, a.Channel = s.Now(), Channel
	if err := s.Requests.Accessed(r.Context(), a); err != nil {
		s.staffProblem(w, r, err)
		return false
	}
	return true
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
		if !s.accessed(w, r, ledger.Access{By: agent, Sought: page.Sought}) {
			return
		}
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
	shown := reference // the request to show then
	switch action {
	case "joindre":
		kept, other := reference, r.PostFormValue("autre")
		if text == "" {
			text = textSameCompany
		}
		var joined ledger.Request
		joined, err = s.Requests.Join(ctx, kept, other, text, agent, s.Now())
		shown = joined.Reference
	case "distinguer":
		err = s.Requests.TellApart(ctx, reference, r.PostFormValue("autre"), text, agent, s.Now())
	case "separer":
		if text == "" {
			refuse(http.StatusUnprocessableEntity, textMissingText)
			return
		}
		message := 0
		if rank := r.PostFormValue("message"); rank != "" {
			if message, err = strconv.Atoi(rank); err != nil || message < 1 {
				refuse(http.StatusUnprocessableEntity, textNotSplit)
				return
			}
		}
		var split ledger.Request
		split, err = s.Requests.Split(ctx, reference, message, text, agent, s.Now())
		shown = split.Reference
	case "repondre":
		if text == "" {
			refuse(http.StatusUnprocessableEntity, textMissingText)
			return
		}
		_, err = s.Requests.Answer(ctx, reference, text, agent, s.Now())
	case "part":
		part := ledger.Status(r.PostFormValue("part"))
		if part == ledger.NotForUs && text == "" {
			refuse(http.StatusUnprocessableEntity, textMissingText)
			return
		}
		_, err = s.Requests.SetPart(ctx, reference, lead, part, text, agent, s.Now())
	case "etape":
		step, said := r.PostFormValue("etape"), ledger.Status(r.PostFormValue("suite"))
		if said == ledger.Skipped && text == "" {
			refuse(http.StatusUnprocessableEntity, textMissingText)
			return
		}
		if err = s.checkStep(r, step); err == nil {
			_, err = s.Requests.SetStep(ctx, reference, step, said, text, agent, s.Now())
		}
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
		i := slices.IndexFunc(ledger.States, func(s ledger.State) bool { return s.Deed != nil && s.Deed.Name == action })
		if i < 0 {
			s.problem(w, r, http.StatusNotFound, textNoAction)
			return
		}
		if text == "" && ledger.States[i].Deed.Ask != "" {
			refuse(http.StatusUnprocessableEntity, textMissingText)
			return
		}
		_, err = s.Requests.SetStatus(ctx, reference, ledger.States[i].Status, text, agent, s.Now())
	}
	switch {
	case errors.Is(err, ledger.ErrTransition):
		refuse(http.StatusConflict, textWrongStep)
	case errors.Is(err, ledger.ErrOtherCompany):
		refuse(http.StatusConflict, textOtherCompany)
	case errors.Is(err, ledger.ErrNoMessage):
		refuse(http.StatusConflict, textNotSplit)
	case err != nil:
		s.staffProblem(w, r, err)
	default:
		http.Redirect(w, r, "/agents/demandes/"+url.PathEscape(shown)+"#historique", http.StatusSeeOther)
	}
}

// checkStep refuses what is no step of the request's path.
func (s *site) checkStep(r *http.Request, step string) error {
	request, err := s.Requests.Get(r.Context(), staffViewer, r.PathValue("reference"))
	if err != nil {
		return err
	}
	_, path := s.Path(request)
	if err := ledger.CheckStep(path, step); err != nil {
		return fmt.Errorf("%w : %w", ledger.ErrTransition, err)
	}
	return nil
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
	Alerts    []convention.Alert
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
	alerts, err := s.Alerts(r.Context(), noticesLimit)
	if err != nil {
		s.staffProblem(w, r, err)
		return
	}
	s.render(w, http.StatusOK, noticesTemplate, noticesPage{staffPage{agent, "notices"}, notices, alerts, abandoned})
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
		s.problem(w, r, http.StatusNotFound, textNoRequest)
		return
	}
	s.Log.ErrorContext(r.Context(), "staff view failed", "path", r.URL.Path, "error", err)
	s.problem(w, r, http.StatusServiceUnavailable, textFailure)
}
