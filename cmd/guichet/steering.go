package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"guichet/bot"
	"guichet/bot/sqljournal"
	"guichet/knowledge/static"
	"guichet/migrations/database"
	"guichet/routing"
	"guichet/routing/convention"
	"guichet/routing/convention/sqlconvention"
	"guichet/routing/ledger"
	"guichet/routing/ledger/sqlledger"
	"guichet/routing/ledger/steering"
)

type steeringCmd struct {
	staffOnly
	From      day    `placeholder:"DATE" help:"Premier jour (AAAA-MM-JJ ; il y a cinq mois, le 1er, par défaut)."`
	To        day    `placeholder:"DATE" help:"Dernier jour, compris (aujourd'hui par défaut)."`
	Direction string `placeholder:"CODE" help:"Ne compter que cette direction."`
	Cut       string `placeholder:"DÉCOUPAGE" help:"Détailler par zone : arrondissement, epci, departement, ou un découpage de steering.yaml."`
	Zone      string `placeholder:"CODE" help:"Ne compter qu'une zone du découpage (code du registre, ou nom d'une liste propre)."`
	CSV       bool   `name:"csv" help:"Écrire tous les chiffres en CSV, un par ligne."`
}

func (c *steeringCmd) Run(ctx context.Context, a *app) error {
	if c.CSV && a.JSON {
		return usageError{errors.New("--csv ou --json, pas les deux")}
	}
	viewer, err := c.viewer()
	if err != nil {
		return err
	}
	q := steering.Question{From: c.From.Time, Until: c.To.end(), Direction: c.Direction, Cut: c.Cut, Zone: c.Zone, Now: a.now()}
	from, until := steering.LastMonths(q.Now)
	q.Until = cmp.Or(q.Until, until)
	if q.From.IsZero() {
		if q.From = from; !q.From.Before(q.Until) { // a past end alone
			q.From, _ = steering.LastMonths(c.To.Time)
		}
	}
	return a.withReading(ctx, func(r region, db *database.DB, store *sqlledger.Ledger) error {
		report, err := r.board(store, db).Report(ctx, viewer, q)
		if errors.As(err, new(steering.QuestionError)) {
			return usageError{err}
		}
		switch {
		case err != nil:
			return err
		case c.CSV:
			return report.WriteCSV(a.stdout)
		case a.JSON:
			return writeJSON(a.stdout, steeringLineOf(report))
		}
		return showSteering(a.stdout, report)
	})
}

// board answers from the ledger and from the journal's gaps.
func (r region) board(store ledger.Store, db *database.DB) steering.Board {
	set := r.book.Rules.Set()
	b := steering.Board{Store: store, Agenda: r.agenda(), Settings: r.book.Steering, Gaps: func(ctx context.Context, from, until time.Time) ([]steering.Gap, error) {
		gaps, err := sqljournal.New(db).Gaps(ctx, mostGaps)
		gaps = slices.DeleteFunc(gaps, func(g bot.Gap) bool { return g.At.Before(from) || !g.At.Before(until) })
		var asked []steering.Gap
		for _, g := range bot.GroupGaps(gaps, static.Default().Embed) {
			asked = append(asked, steering.Gap{Question: g.Questions[0], Count: g.Count})
		}
		return asked, err
	}}
	b.Offers = func(ctx context.Context, at time.Time) (cells []steering.Cell, err error) {
		all, err := sqlconvention.New(db, nil, r.book.Conventions, nil).List(ctx, convention.Viewer{Staff: true}, "") // it only reads
		for _, c := range all {
			for _, theme := range c.Themes {
				// An instant that ends a day belongs to it.
				if c.State(convention.DayOf(at.Add(-time.Microsecond))) == convention.InForce {
					cells = append(cells, steering.Cell{EPCI: c.EPCI, Theme: theme})
				}
			}
		}
		return cells, err
	}
	for _, d := range set.Directions {
		b.Directions = append(b.Directions, d.Code)
	}
	for _, s := range set.Subjects {
		b.Themes = append(b.Themes, steering.Theme{ID: s.ID, Name: s.Label})
	}
	for _, e := range r.book.Territories.EPCI {
		b.EPCIs = append(b.EPCIs, routing.Zone{ID: e.SIREN, Name: e.Name})
	}
	slices.SortFunc(b.EPCIs, func(a, b routing.Zone) int { return cmp.Compare(a.ID, b.ID) })
	return b
}

// steeringLine is a report in JSON.
type steeringLine struct {
	From       string          `json:"from"`
	To         string          `json:"to"`
	Direction  string          `json:"direction"`
	Cut        string          `json:"cut"`
	Zone       string          `json:"zone"`
	Indicators []indicatorLine `json:"indicators"`
	// AgeClasses name the counts of BacklogAge.
	AgeClasses []string  `json:"age_classes"`
	BacklogAge []ageLine `json:"backlog_age"`
}

type indicatorLine struct {
	steering.Indicator
	figureLine
	Directions []partLine      `json:"directions"`
	Zones      []partLine      `json:"zones"`
	Trend      []periodLine    `json:"trend"`
	Items      []steering.Item `json:"items"`
}

// figureLine is a figure; its value is null when no case tells it.
type figureLine struct {
	Value *float64 `json:"value"`
	Cases int      `json:"cases"`
}

type partLine struct {
	Code string `json:"code"`
	Name string `json:"name"`
	figureLine
}

type periodLine struct {
	From string `json:"from"`
	figureLine
}

type ageLine struct {
	Direction string `json:"direction"`
	Counts    []int  `json:"counts"`
}

func steeringLineOf(r steering.Report) steeringLine {
	figure := func(f steering.Figure) figureLine {
		if !f.Known {
			return figureLine{}
		}
		return figureLine{&f.Value, f.Cases}
	}
	parts := func(all []steering.Part) []partLine {
		lines := []partLine{}
		for _, p := range all {
			lines = append(lines, partLine{p.Code, p.Name, figure(p.Figure)})
		}
		return lines
	}
	out := steeringLine{
		From: r.From.Format(time.DateOnly), To: r.Until.Add(-time.Microsecond).Format(time.DateOnly), Direction: r.Direction, Cut: r.Cut.ID, Zone: r.Zone,
		Indicators: []indicatorLine{}, AgeClasses: r.Ages.Classes, BacklogAge: []ageLine{},
	}
	for _, row := range r.Rows {
		l := indicatorLine{
			Indicator: row.Indicator, figureLine: figure(row.All), Directions: parts(row.Directions), Zones: parts(row.Zones), Trend: []periodLine{}, Items: some(row.Items),
		}
		for i, f := range row.Trend {
			l.Trend = append(l.Trend, periodLine{r.Periods[i].From.Format(time.DateOnly), figure(f)})
		}
		out.Indicators = append(out.Indicators, l)
	}
	for _, a := range r.Ages.Rows {
		out.BacklogAge = append(out.BacklogAge, ageLine{a.Code, a.Counts})
	}
	return out
}

// shownItems is how much of a list the terminal shows.
const shownItems = 5

func showSteering(w io.Writer, r steering.Report) error {
	fmt.Fprintf(w, "Pilotage du %s\n", strings.Join(present(r.FirstDay()+" au "+r.LastDay(), r.Direction, r.Zone), " · "))
	for _, row := range r.Rows {
		among := row.Among(row.All)
		if among != "" {
			among = " (" + among + ")"
		}
		fmt.Fprintf(w, "\n%s : %s%s\n", row.Name, row.Text(row.All), among)
		if row.Never && row.All.Value > 0 {
			fmt.Fprintln(w, "  À corriger : ce chiffre doit être 0.")
		}
		fmt.Fprintf(w, "  %s\n", row.Definition)
		for _, parts := range [][]steering.Part{row.Directions, row.Zones} {
			var told []string
			for _, p := range parts {
				told = append(told, p.Name+" "+row.Text(p.Figure))
			}
			if len(told) > 0 {
				fmt.Fprintf(w, "  %s\n", strings.Join(told, " · "))
			}
		}
		for _, item := range row.Items[:min(shownItems, len(row.Items))] {
			times := ""
			if item.Count > 0 {
				times = fmt.Sprintf("%d fois", item.Count)
			}
			fmt.Fprintf(w, "  - %s\n", strings.Join(present(item.Label, item.Theme, times), ", "))
		}
		if rest := len(row.Items) - shownItems; rest > 0 {
			fmt.Fprintf(w, "  … et %d autres (--json, --csv)\n", rest)
		}
	}
	if len(r.Ages.Rows) == 0 {
		return nil
	}
	fmt.Fprintln(w, "\nDemandes ouvertes par direction et par âge")
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "  \t%s\n", strings.Join(r.Ages.Classes, "\t"))
	for _, a := range r.Ages.Rows {
		counts := make([]string, len(a.Counts))
		for i, n := range a.Counts {
			counts[i] = fmt.Sprint(n)
		}
		fmt.Fprintf(table, "  %s\t%s\n", a.Name, strings.Join(counts, "\t"))
	}
	return table.Flush()
}
