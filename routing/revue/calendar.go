package revue

import (
	"cmp"
	"slices"

	"guichet/routing"
	"guichet/routing/convention"
	"guichet/routing/ledger"
)

// Region is the scope of the whole Region; the other scopes are the SIREN of an EPCI and the code of a committee.
const Region = "region"

// makeUp is how many days a date that was missed may still be held: after a long stop, or at the first start, the others wait
// for their next date.
const makeUp = 7

// Calendar says when the revues are held.
type Calendar struct {
	Settings routing.Revues
	// EPCIs are the SIREN of those that have revues, in order, and Names their names.
	EPCIs []string
	Names map[string]string
}

// Date is a revue on its day.
type Date struct {
	Scope string         `json:"scope"`
	Name  string         `json:"name"`
	Day   convention.Day `json:"day"`
}

// Name gives what a scope is called; ok is false when there is none of that name.
func (c Calendar) Name(scope string) (name string, ok bool) {
	if scope == Region {
		return "Région", true
	}
	if i := c.committee(scope); i >= 0 {
		return c.Settings.Committees[i].Label, true
	}
	if _, ok = slices.BinarySearch(c.EPCIs, scope); !ok {
		return "", false
	}
	return cmp.Or(c.Names[scope], scope), true
}

func (c Calendar) committee(scope string) int {
	return slices.IndexFunc(c.Settings.Committees, func(k routing.Committee) bool { return k.Code == scope })
}

// IsEPCI tells that a scope is an EPCI.
func (c Calendar) IsEPCI(scope string) bool {
	_, ok := slices.BinarySearch(c.EPCIs, scope)
	return ok
}

// Direction gives the code of the direction that gets the document of a scope, when the scope itself cannot be told.
func (c Calendar) Direction(scope string) string {
	if i := c.committee(scope); i >= 0 {
		return c.Settings.Committees[i].Direction
	}
	return c.Settings.Direction
}

// rhythm gives the first day and the period, in weeks, of a scope. The EPCIs are spread over the working days of the period.
func (c Calendar) rhythm(scope string) (first convention.Day, weeks int) {
	if i := c.committee(scope); i >= 0 {
		k := c.Settings.Committees[i]
		return convention.Day(k.Start), k.Weeks
	}
	first, weeks = convention.Day(c.Settings.Start), cmp.Or(c.Settings.Except[scope], c.Settings.Weeks)
	if i, ok := slices.BinarySearch(c.EPCIs, scope); ok {
		const worked = 5 // days in a week
		slot := i * worked * weeks / len(c.EPCIs)
		first = first.Add(slot/worked*7 + slot%worked)
	}
	return first, weeks
}

// Weeks gives the period of a scope.
func (c Calendar) Weeks(scope string) int {
	_, weeks := c.rhythm(scope)
	return weeks
}

// Last gives the last date of a scope on a day or before; ok is false before the first one. A date on a public holiday is the
// next working day.
func (c Calendar) Last(scope string, on convention.Day) (day convention.Day, ok bool) {
	first, weeks := c.rhythm(scope)
	period := 7 * weeks
	for n := first.Until(on) / period; n >= 0; n-- {
		if day = workday(first.Add(n * period)); day <= on && first <= on {
			return day, true
		}
	}
	return "", false
}

// Next gives the first date of a scope after a day.
func (c Calendar) Next(scope string, after convention.Day) convention.Day {
	first, weeks := c.rhythm(scope)
	period := 7 * weeks
	for n := max(first.Until(after)/period, 0); ; n++ {
		if day := workday(first.Add(n * period)); day > after {
			return day
		}
	}
}

// Coming gives the dates from a day to another, both included, the first one first: for the list of the staff and for calendars.
func (c Calendar) Coming(from, until convention.Day) (dates []Date) {
	for _, scope := range c.scopes() {
		name, _ := c.Name(scope)
		for day := c.Next(scope, from.Add(-1)); day <= until; day = c.Next(scope, day) {
			dates = append(dates, Date{Scope: scope, Name: name, Day: day})
		}
	}
	slices.SortFunc(dates, func(a, b Date) int { return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Scope, b.Scope)) })
	return dates
}

// Due gives the dates that are to be held on a day, from the last revue of each scope: one for each scope at most, and none
// within half a period of the last one, so that a change of the rhythm or of the list of EPCIs does not bring two in a row.
func (c Calendar) Due(on convention.Day, last map[string]Held) (dates []Date) {
	for _, scope := range c.scopes() {
		day, ok := c.Last(scope, on)
		if !ok || day.Until(on) > makeUp {
			continue
		}
		if held, ok := last[scope]; ok && held.Day.Until(day) < 7*c.Weeks(scope)/2 {
			continue
		}
		name, _ := c.Name(scope)
		dates = append(dates, Date{Scope: scope, Name: name, Day: day})
	}
	return dates
}

func (c Calendar) scopes() []string {
	all := slices.Clone(c.EPCIs)
	for _, k := range c.Settings.Committees {
		all = append(all, k.Code)
	}
	return all
}

func workday(d convention.Day) convention.Day { return convention.Day(ledger.Workday(string(d))) }

// Longest gives the longest period, in weeks, with a week more for the days off.
func (c Calendar) Longest() (weeks int) {
	for _, scope := range c.scopes() {
		weeks = max(weeks, c.Weeks(scope))
	}
	return weeks + 1
}
