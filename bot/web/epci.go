package web

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"guichet/bot"
	"guichet/knowledge"
)

type epcisPage struct {
	staffPage
	// Sought is a SIREN or words of a name; Without keeps the EPCIs without a convention in force.
	Sought  string
	Without bool
	Lines   []bot.Line
	// Recorded counts the conventions that are recorded, of whatever EPCI.
	Recorded int
	Now      time.Time
}

func (s *site) showEPCIs(w http.ResponseWriter, r *http.Request, agent string) {
	query := r.URL.Query()
	page := epcisPage{staffPage: staffPage{agent, "epci"}, Sought: strings.TrimSpace(query.Get("nom")), Without: query.Get("sans") != "", Now: s.Now()}
	all, err := s.Sheets.All(r.Context(), page.Now)
	if err != nil {
		s.staffProblem(w, r, err)
		return
	}
	found := s.Sheets.Find(page.Sought)
	for _, l := range all {
		page.Recorded += l.Recorded
		named := page.Sought == "" || slices.ContainsFunc(found, func(e bot.EPCI) bool { return e.SIREN == l.SIREN })
		if named && !(page.Without && len(l.InForce) > 0) {
			page.Lines = append(page.Lines, l)
		}
	}
	s.render(w, http.StatusOK, epcisTemplate, page)
}

type epciPage struct {
	staffPage
	bot.Sheet
	Now time.Time
}

func (s *site) showEPCI(w http.ResponseWriter, r *http.Request, agent string) {
	page := epciPage{staffPage: staffPage{agent, "epci"}, Now: s.Now()}
	sheet, ok, err := s.Sheets.Of(r.Context(), bot.Asker{Audience: knowledge.Staff}, r.PathValue("siren"), page.Now)
	switch {
	case err != nil:
		s.staffProblem(w, r, err)
		return
	case !ok:
		s.problem(w, r, http.StatusNotFound, textNoEPCI)
		return
	}
	page.Sheet = sheet
	s.render(w, http.StatusOK, epciTemplate, page)
}
