package steering

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"guichet/routing/ledger"
)

// LastMonths gives the period that is told when none is asked: the present month until the end of today, and the five before.
func LastMonths(now time.Time) (from, until time.Time) {
	today := ledger.Midnight(now)
	return today.AddDate(0, -5, 1-today.Day()), today.AddDate(0, 0, 1)
}

// LastDay gives the last day that the report tells of, as the French write it.
func (r Report) LastDay() string { return ledger.Day(r.horizon().Add(-time.Microsecond)) }

// FirstDay gives the first one.
func (r Report) FirstDay() string { return ledger.Day(r.From) }

// Text writes a figure in French with its unit where one is needed: « 83,3 % », « 3 jours ouvrés », « 12 »; « – » when it is not known.
func (i Indicator) Text(f Figure) string {
	switch {
	case !f.Known:
		return "–"
	case i.Unit == Percent:
		return french(f.Value, 1) + "\u00a0%"
	case i.Unit == WorkingDays && f.Value < 2:
		return french(f.Value, 0) + "\u00a0jour ouvré"
	case i.Unit == WorkingDays:
		return french(f.Value, 0) + "\u00a0jours ouvrés"
	}
	return french(f.Value, 0)
}

// Among says how many cases a share or a delay is made of; empty for what counts itself.
func (i Indicator) Among(f Figure) string {
	if i.Flow == nil || i.Sum == Total || f.Cases == 0 {
		return ""
	}
	return fmt.Sprintf("%d cas", f.Cases)
}

func french(v float64, decimals int) string {
	return strings.Replace(strconv.FormatFloat(v, 'f', decimals, 64), ".", ",", 1)
}

// WriteCSV writes every figure on a line of its own, as spreadsheets of France read it: in UTF-8 with its mark, between
// semicolons, decimals after a comma.
func (r Report) WriteCSV(w io.Writer) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.Comma = ';'
	write := func(i Indicator, by, code, label, value string, cases int) {
		_ = out.Write([]string{i.ID, i.Name, string(i.Unit), by, cell(code), cell(label), value, strconv.Itoa(cases)}) // told by Error
	}
	number := func(i Indicator, f Figure) string {
		switch {
		case !f.Known:
			return ""
		case i.Unit == Percent:
			return french(f.Value, 1)
		}
		return french(f.Value, 0)
	}
	_ = out.Write([]string{"indicateur", "nom", "unité", "par", "code", "libellé", "valeur", "cas"})
	for _, row := range r.Rows {
		write(row.Indicator, "total", "", "du "+r.FirstDay()+" au "+r.LastDay(), number(row.Indicator, row.All), row.All.Cases)
		for _, p := range row.Directions {
			write(row.Indicator, "direction", p.Code, p.Name, number(row.Indicator, p.Figure), p.Cases)
		}
		for _, p := range row.Zones {
			write(row.Indicator, r.Cut.ID, p.Code, p.Name, number(row.Indicator, p.Figure), p.Cases)
		}
		for step, f := range row.Trend {
			write(row.Indicator, "période", r.Periods[step].From.Format(time.DateOnly), r.Periods[step].Label, number(row.Indicator, f), f.Cases)
		}
		for _, item := range row.Items {
			label := item.Label
			if item.Theme != "" {
				label += " – " + item.Theme
			}
			write(row.Indicator, "liste", item.Code, label, "", item.Count)
		}
	}
	ages := Indicator{ID: "backlog-age", Name: "Demandes ouvertes par âge", Unit: Requests}
	for _, a := range r.Ages.Rows {
		for class, n := range a.Counts {
			write(ages, "direction et âge", a.Code, a.Name+" – "+r.Ages.Classes[class], strconv.Itoa(n), n)
		}
	}
	out.Flush()
	return out.Error()
}

// cell keeps a spreadsheet from reading a text as a formula: questions come from anybody.
func cell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
