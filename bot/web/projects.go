package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"guichet/bot"
	"guichet/routing/convention"
	"guichet/routing/ledger"
	"guichet/routing/sheet"
)

type projectsPage struct {
	staffPage
	Sheets []sheet.Sheet
	Stats  []statLine
	// Draft is the form as it was refused, Alert why.
	Draft url.Values
	Alert string
}

type statLine struct{ Name, Line string }

func (s *site) showProjects(w http.ResponseWriter, r *http.Request, agent string) {
	s.projects(w, r, http.StatusOK, projectsPage{staffPage: staffPage{agent, "projects"}, Draft: url.Values{}})
}

func (s *site) projects(w http.ResponseWriter, r *http.Request, code int, page projectsPage) {
	all, err := s.Projects.List(r.Context(), staffViewer)
	if err != nil {
		s.staffProblem(w, r, err)
		return
	}
	page.Sheets = all
	for _, stat := range sheet.Stats(all, s.Projects.Names) {
		page.Stats = append(page.Stats, statLine{stat.Name, stat.Line(s.Projects.Settings)})
	}
	s.render(w, code, projectsTemplate, page)
}

// postProject writes a sheet in the agent's name.
func (s *site) postProject(w http.ResponseWriter, r *http.Request, agent string) {
	if !s.form(w, r) {
		return
	}
	value := func(name string) string {
		return strings.TrimSpace(strings.ReplaceAll(r.PostFormValue(name), "\r\n", "\n"))
	}
	f := sheet.Sheet{Title: value("titre"), Sought: value("recherche"), Company: value("entreprise"), Withheld: value("anonyme") != "", Request: value("demande")}
	var dayErr, territoriesErr, criteriaErr error
	f.Deadline, dayErr = convention.ParseDay(value("limite"))
	f.Territories, territoriesErr = s.Projects.Territories(value("territoires"))
	f.Criteria, criteriaErr = s.Projects.Criteria(value("criteres"))
	err := errors.Join(dayErr, territoriesErr, criteriaErr, bot.CheckText(f.Title), bot.CheckText(f.Sought))
	if err == nil {
		err = sheet.Check(f, convention.DayOf(s.Now()))
	}
	if err != nil {
		s.projects(w, r, http.StatusUnprocessableEntity, projectsPage{staffPage: staffPage{agent, "projects"}, Draft: r.PostForm, Alert: "Rien n’est enregistré. " + err.Error()})
		return
	}
	f, err = s.Projects.New(r.Context(), f, agent, s.Now())
	if err != nil {
		s.staffProblem(w, r, err)
		return
	}
	http.Redirect(w, r, projectPath(f.Reference), http.StatusSeeOther)
}

func projectPath(reference string) string { return "/agents/fiches/" + url.PathEscape(reference) }

type projectPage struct {
	staffPage
	sheet.Sheet
	Comparison sheet.Comparison
	// Names are those of EPCIs, by SIREN.
	Names map[string]string
	// Reasons tell how to decline.
	Reasons string
	// Draft is the answer that was refused, Alert why.
	Draft, Alert string
}

func (s *site) showProject(w http.ResponseWriter, r *http.Request, agent string) {
	s.project(w, r, http.StatusOK, projectPage{staffPage: staffPage{agent, "projects"}})
}

func (s *site) project(w http.ResponseWriter, r *http.Request, code int, page projectPage) {
	f, err := s.Projects.Get(r.Context(), staffViewer, r.PathValue("reference"))
	if err != nil {
		s.projectProblem(w, r, err)
		return
	}
	if f.Company != "" && !s.accessed(w, r, ledger.Access{By: page.Agent, Sought: f.Company}) {
		return
	}
	page.Sheet, page.Comparison, page.Names = f, sheet.Compare(f, s.Projects.Names, s.Projects.Settings), s.Projects.Names
	var reasons []string
	for _, reason := range s.Projects.Settings.Reasons {
		reasons = append(reasons, reason.Code+" ("+reason.Label+")")
	}
	page.Reasons = strings.Join(reasons, ", ")
	s.render(w, code, projectTemplate, page)
}

// postProjectAction does one thing to a sheet, in the agent's name.
func (s *site) postProjectAction(w http.ResponseWriter, r *http.Request, agent string) {
	if !s.form(w, r) {
		return
	}
	ctx, reference := r.Context(), r.PathValue("reference")
	text := strings.TrimSpace(strings.ReplaceAll(r.PostFormValue("texte"), "\r\n", "\n"))
	refuse := func(code int, alert string) {
		s.project(w, r, code, projectPage{staffPage: staffPage{agent, "projects"}, Draft: text, Alert: alert})
	}
	var err error
	switch r.PathValue("action") {
	case "envoyer":
		_, err = s.Projects.Send(ctx, reference, s.Reachable, agent, s.Now())
	case "repondre":
		var f sheet.Sheet
		if f, err = s.Projects.Get(ctx, staffViewer, reference); err != nil {
			break
		}
		a, wrong := sheet.ParseAnswer(text, f.Criteria, s.Projects.Settings.Reasons)
		if wrong = errors.Join(wrong, bot.CheckText(text)); wrong != nil {
			refuse(http.StatusUnprocessableEntity, "Rien n’est enregistré. "+wrong.Error())
			return
		}
		a.EPCI, a.By, a.At = r.PostFormValue("epci"), agent, s.Now()
		_, err = s.Projects.Answer(ctx, reference, a)
	case "clore":
		if text == "" {
			refuse(http.StatusUnprocessableEntity, textMissingText)
			return
		}
		_, err = s.Projects.Store.Close(ctx, reference, text, agent, s.Now())
	case "rendre":
		_, err = s.Projects.Return(ctx, reference, agent, s.Now())
	default:
		s.problem(w, r, http.StatusNotFound, textNoAction)
		return
	}
	switch {
	case errors.Is(err, sheet.ErrStage), errors.Is(err, sheet.ErrOver):
		refuse(http.StatusConflict, textWrongSheet)
	case err != nil:
		s.projectProblem(w, r, err)
	default:
		http.Redirect(w, r, projectPath(reference), http.StatusSeeOther)
	}
}

func (s *site) projectProblem(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, sheet.ErrNotFound) {
		s.problem(w, r, http.StatusNotFound, textNoSheet)
		return
	}
	s.staffProblem(w, r, err)
}
