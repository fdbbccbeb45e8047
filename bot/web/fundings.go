package web

import (
	"errors"
	"net/http"
	"strings"

	"guichet/routing/funding"
)

const warningsLimit = 200

// fundingsPart is what a page shows of fundings.
type fundingsPart struct {
	// Lines tell the fundings, one each.
	Lines    []string
	Warnings []warningForm
	Totals   []funding.Total
	Caution  string
}

// warningForm is a warning with the form that settles it; Back is the page to come back to.
type warningForm struct {
	funding.Warning
	// Pair tells what the warning sets side by side, where the page does not show it already.
	Pair []string
	Back string
}

// Settlements are what a person may decide.
func (warningForm) Settlements() []funding.Settlement { return funding.Settlements() }

func (s *site) fundingsPart(r *http.Request, card funding.Card) fundingsPart {
	p := fundingsPart{Warnings: warningForms(r, card.Warnings), Totals: card.Totals, Caution: card.Caution}
	for _, f := range card.Fundings {
		p.Lines = append(p.Lines, s.Fundings.Rules.Line(f))
	}
	return p
}

func warningForms(r *http.Request, warnings []funding.Warning) (forms []warningForm) {
	back := "/agents/financements"
	if r.Method == http.MethodGet {
		back = r.URL.RequestURI()
	}
	for _, w := range warnings {
		forms = append(forms, warningForm{Warning: w, Back: back})
	}
	return forms
}

type warningsPage struct {
	staffPage
	Warnings []warningForm
}

// showWarnings shows the pairs that nobody settled.
func (s *site) showWarnings(w http.ResponseWriter, r *http.Request, agent string) {
	found, err := s.Fundings.Warnings(r.Context(), staffViewer, funding.WarningFilter{Open: true, Limit: warningsLimit})
	if err != nil {
		s.staffProblem(w, r, err)
		return
	}
	forms := warningForms(r, found)
	for i := range forms {
		if forms[i].Pair, err = s.Fundings.Pair(r.Context(), staffViewer, forms[i].Warning); err != nil {
			s.staffProblem(w, r, err)
			return
		}
	}
	s.render(w, http.StatusOK, fundingsTemplate, warningsPage{staffPage{agent, "fundings"}, forms})
}

// postSettlement records what the agent decided of a pair.
func (s *site) postSettlement(w http.ResponseWriter, r *http.Request, agent string) {
	if !s.form(w, r) {
		return
	}
	why := strings.TrimSpace(strings.ReplaceAll(r.PostFormValue("texte"), "\r\n", "\n"))
	settled := funding.Settlement(r.PostFormValue("decision"))
	if why == "" || settled.Label() == "" {
		s.problem(w, r, http.StatusUnprocessableEntity, textMissingText)
		return
	}
	_, err := s.Fundings.Settle(r.Context(), r.PostFormValue("premier"), r.PostFormValue("second"), settled, agent, why, s.Now())
	switch {
	case errors.Is(err, funding.ErrNoWarning), errors.Is(err, funding.ErrSettled):
		s.problem(w, r, http.StatusConflict, textSettled)
	case err != nil:
		s.staffProblem(w, r, err)
	default:
		http.Redirect(w, r, insideAgents(r.PostFormValue("retour")), http.StatusSeeOther)
	}
}
