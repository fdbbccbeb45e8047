package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"guichet/routing"
	"guichet/routing/ledger"
	"guichet/routing/ledger/steering"
)

type steeringPage struct {
	staffPage
	steering.Report
	DirectionList []Direction
	Cuts          []routing.Cut
	// First and Last are the days of the form; CSV is the address of the same figures in a file.
	First, Last, CSV string
	Charts           []chart
	// Alert says why nothing is told.
	Alert string
}

// Flows and stocks have figures by direction, zone and period; Lists have items.
func (p steeringPage) Figures() []steering.Row {
	return slices.DeleteFunc(slices.Clone(p.Rows), func(r steering.Row) bool { return r.List != nil })
}

// Lists are the rows that count things of the territory or questions.
func (p steeringPage) Lists() []steering.Row {
	return slices.DeleteFunc(slices.Clone(p.Rows), func(r steering.Row) bool { return r.List == nil })
}

// Told are the parts, in their order, that some row tells of.
func told(rows []steering.Row, parts func(steering.Row) []steering.Part) (all []steering.Part) {
	for _, row := range rows {
		for _, p := range parts(row) {
			if !slices.ContainsFunc(all, func(known steering.Part) bool { return known.Code == p.Code }) {
				all = append(all, p)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b steering.Part) int { // what belongs nowhere comes last
		switch {
		case a.Code == "" && b.Code != "":
			return 1
		case b.Code == "" && a.Code != "":
			return -1
		}
		return 0
	})
	return all
}

// breakdown is a table of the figures by direction or by zone.
type breakdown struct {
	ID, Title, Head string
	Rows            []steering.Row
	Lines           []breakdownLine
}

type breakdownLine struct {
	Name  string
	Cells []string
}

// Breakdowns are the tables by direction and, with a cut, by zone.
func (p steeringPage) Breakdowns() (all []breakdown) {
	add := func(b breakdown, parts func(steering.Row) []steering.Part) {
		b.Rows = p.Figures()
		for _, part := range told(b.Rows, parts) {
			line := breakdownLine{Name: part.Name}
			for _, row := range b.Rows {
				cell := "–"
				for _, own := range parts(row) {
					if own.Code == part.Code {
						cell = row.Text(own.Figure)
					}
				}
				line.Cells = append(line.Cells, cell)
			}
			b.Lines = append(b.Lines, line)
		}
		if len(b.Lines) > 0 {
			all = append(all, b)
		}
	}
	add(breakdown{ID: "directions", Title: "Par direction", Head: "Direction"}, func(r steering.Row) []steering.Part { return r.Directions })
	add(breakdown{ID: "zones", Title: "Par territoire : " + p.Cut.Name, Head: "Territoire"}, func(r steering.Row) []steering.Part { return r.Zones })
	return all
}

// place is what a list tells of one place, or of one question.
type place struct {
	Label  string
	Themes []string
	Count  int
}

// Places puts together the themes of a same place.
func (p steeringPage) Places(r steering.Row) (all []place) {
	last := ""
	for _, item := range r.Items {
		if n := len(all); n > 0 && item.Theme != "" && item.Code == last {
			all[n-1].Themes = append(all[n-1].Themes, item.Theme)
			continue
		}
		one := place{Label: item.Label, Count: item.Count}
		if item.Theme != "" {
			one.Themes = []string{item.Theme}
		}
		all, last = append(all, one), item.Code
	}
	return all
}

func (s *site) showSteering(w http.ResponseWriter, r *http.Request, agent string) {
	page := steeringPage{staffPage: staffPage{agent, "steering"}, DirectionList: s.Directions, Cuts: s.Board.Settings.Cuts}
	code := http.StatusOK
	var err error
	page.Report, page.Alert, err = s.steer(r)
	if err != nil {
		s.staffProblem(w, r, err)
		return
	}
	page.First, page.Last = page.From.Format(time.DateOnly), page.Until.AddDate(0, 0, -1).Format(time.DateOnly)
	page.CSV = "/agents/pilotage.csv"
	if r.URL.RawQuery != "" {
		page.CSV += "?" + r.URL.Query().Encode()
	}
	if page.Alert != "" {
		code = http.StatusUnprocessableEntity
	} else if page.Charts, err = drawings(page.Report); err != nil {
		s.staffProblem(w, r, err)
		return
	}
	s.render(w, code, steeringTemplate, page)
}

// steer answers the question of an address; alert says why it has no answer.
func (s *site) steer(r *http.Request) (report steering.Report, alert string, err error) {
	q := steering.Question{Now: s.Now(), Direction: r.URL.Query().Get("direction"), Cut: r.URL.Query().Get("decoupage"), Zone: r.URL.Query().Get("zone")}
	cut, chosen := s.Board.Settings.Cut(q.Cut)
	if !chosen {
		cut, _ = s.Board.Settings.CutOf(q.Direction)
	}
	if !slices.ContainsFunc(cut.Zones, func(z routing.Zone) bool { return z.ID == q.Zone }) {
		q.Zone = "" // it was chosen in another cut
	}
	q.From, q.Until = steering.LastMonths(q.Now)
	report.Question = q
	for name, into := range map[string]*time.Time{"du": &q.From, "au": &q.Until} {
		text := r.URL.Query().Get(name)
		if text == "" {
			continue
		}
		day, err := time.Parse(time.DateOnly, text)
		if err != nil {
			return report, textBadDay, nil
		}
		*into = ledger.Midnight(day.Add(12 * time.Hour))
		if name == "au" {
			*into = into.AddDate(0, 0, 1)
		}
	}
	report, err = s.Board.Report(r.Context(), staffViewer, q)
	if refused, ok := errors.AsType[steering.QuestionError](err); ok {
		return report, refused.Reason, nil
	}
	return report, "", err
}

// drawings are the charts of a report: each draws figures that the tables give.
func drawings(r steering.Report) (all []chart, err error) {
	pick := func(ids ...string) (rows []steering.Row) {
		for _, row := range r.Rows {
			if slices.Contains(ids, row.ID) {
				rows = append(rows, row)
			}
		}
		return rows
	}
	stocks, err := lines("graphe-stocks", "Demandes ouvertes et en retard, à la fin de chaque période", r, pick("backlog", "late"))
	if err != nil {
		return nil, err
	}
	shares, err := lines("graphe-delais", "Délais tenus, en %", r, pick("taken-within-3", "taken-within-5", "answered-on-time"))
	if err != nil {
		return nil, err
	}
	stocks.Table, shares.Table = "evolution", "evolution"
	all = append(all, stocks, shares)
	if len(r.Ages.Rows) > 0 {
		ages, err := bars("graphe-ages", "Demandes ouvertes par direction et par âge", r.Ages)
		if err != nil {
			return nil, err
		}
		ages.Table = "ages"
		all = append(all, ages)
	}
	return all, nil
}

// giveSteeringCSV gives every figure in a file.
func (s *site) giveSteeringCSV(w http.ResponseWriter, r *http.Request, _ string) {
	report, alert, err := s.steer(r)
	switch {
	case err != nil:
		s.staffProblem(w, r, err)
		return
	case alert != "":
		s.problem(w, r, http.StatusUnprocessableEntity, alert)
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", "attachment; filename="+url.PathEscape("pilotage-"+report.From.Format(time.DateOnly)+".csv"))
	_ = report.WriteCSV(w) // the connection is gone: nobody is there to be told
}
