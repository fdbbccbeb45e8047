package web

import (
	"fmt"
	"html/template"
	"math"
	"regexp"
	"strings"

	"github.com/go-analyze/charts"

	"guichet/routing/ledger/steering"
)

// chart is a drawing of figures that stand in a table of the page too.
type chart struct {
	// ID is unique in the page; Title and Text say in words what the drawing shows, Table is the id of the table of its figures.
	ID, Title, Text, Table string
	SVG                    template.HTML
}

// The size of a drawing, in its own units: its text stays readable on a phone.
const (
	chartWidth    = 400
	chartHeight   = 280
	chartBarSpace = 26
	chartText     = 9.5 // points
	mostLabels    = 7   // under an axis
)

// ink stands for the colour of the page's text, which the style sheet gives.
var ink = charts.Color{R: 1, G: 2, B: 3, A: 255}

// chartTheme has series of at least 3:1 on the light and on the dark background of the pages.
var chartTheme = charts.MakeTheme(charts.ThemeOption{
	AxisStrokeColor: ink, AxisSplitLineColor: charts.Color{R: 128, G: 128, B: 128, A: 60}, BackgroundColor: charts.ColorTransparent, TextColor: ink,
	SeriesColors: []charts.Color{charts.ParseColor("#1d8a68"), charts.ParseColor("#d1611f"), charts.ParseColor("#5b78d6"), charts.ParseColor("#b455a0")},
})

// lines draws the trends of some rows.
func lines(id, title string, r steering.Report, rows []steering.Row) (chart, error) {
	var values [][]float64
	var names, words []string
	for _, row := range rows {
		var series []float64
		for _, f := range row.Trend {
			if !f.Known {
				f.Value = charts.GetNullValue()
			}
			series = append(series, f.Value)
		}
		values, names = append(values, series), append(names, row.Name)
		if n := len(row.Trend); n > 0 {
			words = append(words, fmt.Sprintf("%s : %s au début, %s à la fin", row.Name, row.Text(row.Trend[0]), row.Text(row.Trend[n-1])))
		}
	}
	opt := charts.NewLineChartOptionWithData(values)
	opt.Theme, opt.Symbol, opt.LineStrokeWidth = chartTheme, charts.Symbol{Shape: charts.SymbolDot}, 2.5
	opt.Padding = charts.NewBox(4, 4, 14, 4)
	opt.XAxis.Labels = nil // they would be numbers
	every := (len(r.Periods) + mostLabels - 1) / mostLabels
	for i, p := range r.Periods {
		if i%every != 0 {
			p.Short = "" // there is no room for it
		}
		opt.XAxis.Labels = append(opt.XAxis.Labels, p.Short)
	}
	opt.XAxis.LabelCount = len(r.Periods)
	opt.XAxis.LabelFontStyle.FontSize = chartText
	opt.YAxis[0].LabelFontStyle.FontSize = chartText
	opt.YAxis[0].Min = charts.Ptr(0.0)
	if len(rows) > 0 && rows[0].Unit == steering.Percent {
		opt.YAxis[0].Max, opt.YAxis[0].LabelCount = charts.Ptr(100.0), 6
	} else {
		highest := 0.0
		for _, series := range values {
			for _, v := range series {
				if v != charts.GetNullValue() {
					highest = max(highest, v)
				}
			}
		}
		opt.YAxis[0].Max, opt.YAxis[0].LabelCount = counted(highest)
	}
	opt.ValueFormatter = whole
	opt.Legend = legend(names)
	svg, err := draw(id, title, chartHeight, func(p *charts.Painter) error { return p.LineChart(opt) })
	return chart{ID: id, Title: title, Text: strings.Join(words, " ; ") + ".", SVG: svg}, err
}

// bars draws the open requests of each direction, by age.
func bars(id, title string, ages steering.Ages) (chart, error) {
	values := make([][]float64, len(ages.Classes))
	var labels, words []string
	for i := len(ages.Rows) - 1; i >= 0; i-- { // the axis goes up
		row := ages.Rows[i]
		label := row.Code
		if label == "" {
			label = "aucune"
		}
		labels = append(labels, label)
		words = append([]string{fmt.Sprintf("%s : %d", label, row.Sum())}, words...)
		for class, n := range row.Counts {
			values[class] = append(values[class], float64(n))
		}
	}
	opt := charts.NewBarChartOptionWithData(values)
	opt.Theme, opt.Horizontal, opt.StackSeries = chartTheme, true, charts.Ptr(true)
	opt.Padding = charts.NewBox(4, 4, 14, 4)
	opt.CategoryAxis.Labels = labels
	opt.CategoryAxis.LabelFontStyle.FontSize = chartText
	opt.ValueAxis[0].LabelFontStyle.FontSize = chartText
	longest := 0
	for _, row := range ages.Rows {
		longest = max(longest, row.Sum())
	}
	opt.ValueAxis[0].Min = charts.Ptr(0.0)
	opt.ValueAxis[0].Max, opt.ValueAxis[0].LabelCount = counted(float64(longest))
	opt.ValueFormatter = whole
	opt.Legend = legend(ages.Classes)
	svg, err := draw(id, title, 90+chartBarSpace*len(labels), func(p *charts.Painter) error { return p.BarChart(opt) })
	return chart{ID: id, Title: title, Text: strings.Join(words, " ; ") + ".", SVG: svg}, err
}

// counted gives the end of an axis that counts things, and how many whole numbers stand on it.
func counted(highest float64) (end *float64, labels int) {
	const steps = 5
	step := max(1, math.Ceil(highest/steps))
	n := max(1, math.Ceil(highest/step))
	return charts.Ptr(n * step), int(n) + 1
}

func whole(v float64) string { return fmt.Sprintf("%.0f", v) }

func legend(names []string) charts.LegendOption {
	return charts.LegendOption{SeriesNames: names, FontStyle: charts.FontStyle{FontSize: chartText}, Symbol: charts.SymbolDot}
}

func draw(id, title string, height int, with func(*charts.Painter) error) (template.HTML, error) {
	p := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: chartWidth, Height: height, Theme: chartTheme})
	if err := with(p); err != nil {
		return "", fmt.Errorf("dessiner « %s » : %w", title, err)
	}
	drawn, err := p.Bytes()
	if err != nil {
		return "", fmt.Errorf("dessiner « %s » : %w", title, err)
	}
	svg := styles.ReplaceAllStringFunc(string(drawn), func(style string) string {
		var attributes strings.Builder
		for declaration := range strings.SplitSeq(styles.FindStringSubmatch(style)[1], ";") {
			name, value, _ := strings.Cut(declaration, ":")
			if name != "" && name != "font-family" { // the page's
				fmt.Fprintf(&attributes, ` %s="%s"`, name, value)
			}
		}
		return attributes.String()
	})
	svg = strings.ReplaceAll(svg, "rgb(1,2,3)", "currentColor")
	// Its title and its words are given by the page; the reader hears them, not the ticks of the axes.
	svg = strings.Replace(svg, "<svg ", fmt.Sprintf(`<svg role="img" aria-labelledby="%[1]s-titre" aria-describedby="%[1]s-texte" `, id), 1)
	return template.HTML(svg), nil // the library escapes what is written in it
}

// styles are what the library draws with; the pages' policy lets no style stand in the text, but the same attributes.
var styles = regexp.MustCompile(` style="([^"]*)"`)
