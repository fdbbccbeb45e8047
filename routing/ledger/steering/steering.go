// Package steering computes the figures that the Region steers by, from the events of the ledger, read as a stream: each is
// defined in one place (Indicators), and what stood at a past date is told by the events until then. It may import routing and
// routing/ledger.
package steering

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"guichet/routing"
	"guichet/routing/ledger"
)

// Question is what is asked of the ledger. From is the first instant, Until the first after the last.
type Question struct {
	From, Until time.Time
	// Direction, when given, keeps what is its own.
	Direction string
	// Cut is the cut by whose zones the figures are told; that of the direction, if it has one, when it is empty. Zone keeps
	// the requests of one zone of the cut.
	Cut, Zone string
	// Now bounds what is known: nothing after it happened yet.
	Now time.Time
}

// QuestionError is a question that cannot be answered, in French.
type QuestionError struct{ Reason string }

func (e QuestionError) Error() string { return e.Reason }

// Theme is what requests may be about.
type Theme struct{ ID, Name string }

// Cell is a theme in an EPCI.
type Cell struct{ EPCI, Theme string }

// Gap is a question that got no answer, and how often it was asked.
type Gap struct {
	Question string
	Count    int
}

// Whole is what is known of the territory and of the questions in a period.
type Whole struct {
	Until    time.Time
	Settings routing.Steering
	// EPCIs are those of the register, Themes those of the rules.
	EPCIs  []routing.Zone
	Themes []Theme
	// Last is when each EPCI last sent a request, as far as Settings.InactiveDays needs it; Asked counts the requests of the
	// period, Offered tells where a scheme is.
	Last    map[string]time.Time
	Asked   map[Cell]int
	Offered map[Cell]bool
	Gaps    []Gap
}

// Item is one thing of a list: an EPCI, a theme of it, a question.
type Item struct {
	Code  string `json:"code,omitempty"`
	Label string `json:"label"`
	Theme string `json:"theme,omitempty"`
	Count int    `json:"count,omitempty"`
}

// Board answers questions. All fields are required but Offers and Indicators.
type Board struct {
	Store    ledger.Store
	Agenda   ledger.Agenda
	Settings routing.Steering
	// Directions are the codes of the rules, in their order; EPCIs those of the register; Themes those of the rules.
	Directions []string
	EPCIs      []routing.Zone
	Themes     []Theme
	// Gaps gives the questions left without an answer in a period, the most asked first.
	Gaps func(ctx context.Context, from, until time.Time) ([]Gap, error)
	// Offers gives the themes for which an EPCI has a scheme at an instant; nil when nothing tells.
	Offers func(ctx context.Context, at time.Time) ([]Cell, error)
	// Indicators are Indicators when it is nil.
	Indicators []Indicator
}

// Report is what was found.
type Report struct {
	Question
	// Cut is the cut that was used; its zero value when there was none.
	Cut routing.Cut
	// Periods cut the time in weeks or months, for the trends.
	Periods []Period
	Rows    []Row
	Ages    Ages
}

// Period is a step of the trends: Until is the first instant after it. Short is its label where there is little room.
type Period struct {
	From, Until  time.Time
	Label, Short string
}

// Row is an indicator with its figures.
type Row struct {
	Indicator
	All Figure
	// Directions and Zones are those that have something to tell, in the order of the rules and of the cut.
	Directions, Zones []Part
	// Trend has a figure a period; it is empty for a list.
	Trend []Figure
	// Items are what a list counts.
	Items []Item
}

// Part is the figure of a direction or of a zone; Code is empty for what belongs to none.
type Part struct {
	Code, Name string
	Figure
}

// Ages are the open requests at the end, by direction and class of age.
type Ages struct {
	// Classes are the labels of the classes.
	Classes []string
	Rows    []AgeRow
}

// AgeRow counts the open requests of a direction in each class of age.
type AgeRow struct {
	Code, Name string
	Counts     []int
}

// Sum counts them all.
func (r AgeRow) Sum() (n int) {
	for _, c := range r.Counts {
		n += c
	}
	return n
}

// What belongs to no direction, and to no zone.
const (
	noDirection = "Aucune (en attente d'une précision)"
	noZone      = "Hors découpage ou non situées"
)

// Report reads the requests that the viewer may see and answers.
func (b Board) Report(ctx context.Context, v ledger.Viewer, q Question) (Report, error) {
	r, err := b.open(q)
	if err != nil {
		return r, err
	}
	f := b.newFold(r)
	span := ledger.Span{Until: f.until, Alive: q.From}
	if inactive := f.until.AddDate(0, 0, -b.Settings.InactiveDays); inactive.Before(span.Alive) {
		span.Alive = inactive
	}
	if err := b.Store.Lives(ctx, v, span, f.add); err != nil {
		return r, err
	}
	if f.whole.Gaps, err = b.Gaps(ctx, q.From, f.until); err != nil {
		return r, err
	}
	if b.Offers != nil {
		cells, err := b.Offers(ctx, f.until)
		if err != nil {
			return r, err
		}
		for _, c := range cells {
			f.whole.Offered[c] = true
		}
	}
	return f.report(), nil
}

// open checks a question.
func (b Board) open(q Question) (Report, error) {
	r := Report{Question: q}
	refuse := func(format string, args ...any) (Report, error) {
		return r, QuestionError{fmt.Sprintf(format, args...)}
	}
	if !q.From.Before(q.Until) {
		return refuse("La période finit avant de commencer.")
	}
	if q.From.After(q.Now) {
		return refuse("La période n'est pas encore commencée.")
	}
	if q.From.AddDate(longestYears, 0, 0).Before(q.Until) {
		return refuse("La période dépasse %d ans.", longestYears)
	}
	if q.Direction != "" && !slices.Contains(b.Directions, q.Direction) {
		return refuse("La direction « %s » n'est pas dans les règles.", q.Direction)
	}
	if q.Cut == "" {
		r.Cut, _ = b.Settings.CutOf(q.Direction)
	} else {
		var known bool
		if r.Cut, known = b.Settings.Cut(q.Cut); !known {
			return refuse("Le découpage « %s » n'est pas dans les réglages.", q.Cut)
		}
	}
	if q.Zone != "" && !slices.ContainsFunc(r.Cut.Zones, func(z routing.Zone) bool { return z.ID == q.Zone }) {
		return refuse("La zone « %s » n'est pas dans le découpage « %s ».", q.Zone, r.Cut.ID)
	}
	r.Periods = periods(q.From, r.horizon())
	return r, nil
}

// longestYears bounds a period, so that its trend can be read.
const longestYears = 10

// horizon is the first instant of which nothing is told.
func (r Report) horizon() time.Time {
	// What happens at this very instant is known.
	if now := r.Now.Add(time.Microsecond); now.Before(r.Until) {
		return now
	}
	return r.Until
}

// mostWeeks is the longest trend in weeks; a longer one is in months.
const mostWeeks = 14

// periods cuts a time in weeks or months of Paris; the first and the last may be parts.
func periods(from, until time.Time) (all []Period) {
	weekly := until.Sub(from) <= mostWeeks*7*24*time.Hour
	for start := from; start.Before(until); {
		day := ledger.Midnight(start)
		next := day.AddDate(0, 1, 1-day.Day())
		label, short := day.Format("01/2006"), day.Format("01/06")
		if weekly {
			next = day.AddDate(0, 0, 7-(int(day.Weekday())+6)%7)
			label, short = "du "+day.Format("02/01/2006"), day.Format("02/01")
		}
		if next.After(until) {
			next = until
		}
		all = append(all, Period{From: start, Until: next, Label: label, Short: short})
		start = next
	}
	return all
}

// fold is the state of one reading of the ledger.
type fold struct {
	Board
	out   Report
	until time.Time
	flows map[place]tally
	whole Whole
	// ages counts by direction.
	ages map[string][]int
}

// place is where a case counts: an indicator, over the period or a step of it, for all, a direction or a zone.
type place struct {
	indicator int
	kind      kind
	// code is a direction or a zone, step the number of a period.
	code string
	step int
}

type kind uint8

const (
	overall kind = iota
	byDirection
	byZone
	byPeriod
)

func (b Board) newFold(r Report) *fold {
	if b.Indicators == nil {
		b.Indicators = Indicators
	}
	f := &fold{Board: b, out: r, until: r.horizon(), flows: map[place]tally{}, ages: map[string][]int{}}
	f.whole = Whole{Until: f.until, Settings: b.Settings, Themes: b.Themes, Last: map[string]time.Time{}, Asked: map[Cell]int{}, Offered: map[Cell]bool{}}
	for _, e := range b.EPCIs {
		if zone, _ := r.Cut.Zone("", e.ID, ""); r.Zone == "" || zone.ID == r.Zone {
			f.whole.EPCIs = append(f.whole.EPCIs, e)
		}
	}
	return f
}

// add counts a request.
func (f *fold) add(r ledger.Request) error {
	zone, _ := f.out.Cut.Zone(r.Place.Commune, r.Place.EPCI, r.Place.Departement)
	if f.out.Zone != "" && zone.ID != f.out.Zone {
		return nil
	}
	l, born, err := lifeOf(r, f.until)
	if err != nil || !born {
		return err
	}
	ours := func(direction string) bool { return f.out.Direction == "" || direction == f.out.Direction }
	for i, indicator := range f.Indicators {
		if indicator.Flow != nil {
			for _, c := range indicator.Flow(l, f.Agenda) {
				if !c.At.Before(f.out.From) && c.At.Before(f.until) && ours(c.Direction) {
					f.count(i, c.Direction, zone.ID, f.step(c.At), c.Value)
				}
			}
		}
	}
	for step, p := range f.out.Periods {
		then, born := l.at(p.Until)
		if !born || !ours(then.Lead) {
			continue
		}
		then.Due = f.Agenda.Due(then)
		for i, indicator := range f.Indicators {
			if indicator.Stock == nil || !indicator.Stock(then, p.Until, f.Agenda) {
				continue
			}
			f.flows[place{i, byPeriod, "", step}] = f.flows[place{i, byPeriod, "", step}].with(1)
			if step == len(f.out.Periods)-1 {
				f.count(i, then.Lead, zone.ID, -1, 1)
			}
		}
	}
	if !ours(l.Lead) {
		return nil
	}
	if l.Status.Open() {
		f.age(l)
	}
	if last := f.whole.Last[r.Place.EPCI]; l.CreatedAt.After(last) {
		f.whole.Last[r.Place.EPCI] = l.CreatedAt
	}
	if !l.CreatedAt.Before(f.out.From) {
		for _, fact := range l.Decision.Facts {
			if id, ok := fact.Value.(string); ok && fact.Name == subjectFact && (fact.Role == routing.Asked || fact.Role == routing.Second) {
				f.whole.Asked[Cell{r.Place.EPCI, id}]++
			}
		}
	}
	return nil
}

// subjectFact is the fact that tells what is asked for.
const subjectFact = "subject"

// count adds a value where it counts; a negative step counts in none.
func (f *fold) count(indicator int, direction, zone string, step, value int) {
	places := []place{{indicator, overall, "", 0}, {indicator, byDirection, direction, 0}}
	if f.out.Cut.ID != "" {
		places = append(places, place{indicator, byZone, zone, 0})
	}
	if step >= 0 {
		places = append(places, place{indicator, byPeriod, "", step})
	}
	for _, p := range places {
		f.flows[p] = f.flows[p].with(value)
	}
}

// step gives the number of the period that holds an instant.
func (f *fold) step(at time.Time) int {
	i, found := slices.BinarySearchFunc(f.out.Periods, at, func(p Period, at time.Time) int { return p.From.Compare(at) })
	if !found {
		i--
	}
	return i
}

func (f *fold) age(l Life) {
	end := f.until.Add(-time.Nanosecond)                                                // of the last day
	days := int(ledger.Midnight(end).Sub(ledger.Midnight(l.CreatedAt)).Hours()+12) / 24 // a day of 23 or 25 hours is a day
	class, exact := slices.BinarySearch(f.Settings.Ages, days)
	if exact {
		class++
	}
	if f.ages[l.Lead] == nil {
		f.ages[l.Lead] = make([]int, len(f.Settings.Ages)+1)
	}
	f.ages[l.Lead][class]++
}

// report writes down what was counted.
func (f *fold) report() Report {
	out := f.out
	for i, indicator := range f.Indicators {
		row := Row{Indicator: indicator}
		if indicator.List != nil {
			row.Items = indicator.List(f.whole)
			row.All = Figure{Value: float64(len(row.Items)), Cases: len(row.Items), Known: true}
			out.Rows = append(out.Rows, row)
			continue
		}
		row.All = f.flows[place{i, overall, "", 0}].figure(indicator)
		for _, direction := range f.directions() {
			if t, told := f.flows[place{i, byDirection, direction.ID, 0}]; told {
				row.Directions = append(row.Directions, Part{direction.ID, direction.Name, t.figure(indicator)})
			}
		}
		for _, zone := range append(slices.Clone(out.Cut.Zones), routing.Zone{Name: noZone}) {
			if t, told := f.flows[place{i, byZone, zone.ID, 0}]; told {
				row.Zones = append(row.Zones, Part{zone.ID, zone.Name, t.figure(indicator)})
			}
		}
		for step := range out.Periods {
			row.Trend = append(row.Trend, f.flows[place{i, byPeriod, "", step}].figure(indicator))
		}
		out.Rows = append(out.Rows, row)
	}
	out.Ages.Classes = classes(f.Settings.Ages)
	for _, direction := range f.directions() {
		if counts := f.ages[direction.ID]; counts != nil {
			out.Ages.Rows = append(out.Ages.Rows, AgeRow{direction.ID, direction.Name, counts})
		}
	}
	return out
}

// directions are those of the rules, those that only the ledger knows any more, and none.
func (f *fold) directions() (all []routing.Zone) {
	for _, code := range f.Directions {
		all = append(all, routing.Zone{ID: code, Name: code})
	}
	gone := map[string]bool{}
	for p := range f.flows {
		if p.kind == byDirection && p.code != "" && !slices.Contains(f.Directions, p.code) {
			gone[p.code] = true
		}
	}
	var codes []string
	for code := range gone {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	for _, code := range codes {
		all = append(all, routing.Zone{ID: code, Name: code})
	}
	return append(all, routing.Zone{Name: noDirection})
}

// classes names the classes of age.
func classes(ages []int) (labels []string) {
	from := 0
	for _, until := range ages {
		label := fmt.Sprintf("%d à %d jours", from, until-1)
		if from == 0 {
			label = fmt.Sprintf("moins de %d jours", until)
		}
		labels, from = append(labels, label), until
	}
	if from == 0 {
		return []string{"tous âges"}
	}
	return append(labels, fmt.Sprintf("%d jours et plus", from))
}

// Figure is a value and the number of cases behind it; it is not known when a share or a delay has no case.
type Figure struct {
	Value float64
	Cases int
	Known bool
}

// tally counts the cases of each value; its size is that of the different values.
type tally map[int]int

func (t tally) with(value int) tally {
	if t == nil {
		t = tally{}
	}
	t[value]++
	return t
}

func (t tally) figure(i Indicator) Figure {
	var cases, sum int
	for value, n := range t {
		cases += n
		sum += value * n
	}
	switch {
	case i.Stock != nil, i.Sum == Total:
		return Figure{float64(sum), cases, true}
	case cases == 0:
		return Figure{}
	case i.Sum == Share:
		return Figure{100 * float64(sum) / float64(cases), cases, true}
	case i.Sum == Median:
		return Figure{float64(t.rank(cases, 1, 2)), cases, true}
	default:
		return Figure{float64(t.rank(cases, 9, 10)), cases, true}
	}
}

// rank gives the least value that a fraction of the cases does not exceed.
func (t tally) rank(cases, num, den int) int {
	values := make([]int, 0, len(t))
	for v := range t {
		values = append(values, v)
	}
	slices.SortFunc(values, cmp.Compare)
	seen := 0
	for _, v := range values {
		if seen += t[v]; seen*den >= cases*num {
			return v
		}
	}
	return 0
}
