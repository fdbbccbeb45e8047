package ledger

import (
	"fmt"
	"sync"
	"time"
	_ "time/tzdata" // days are French wherever the program runs

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/fr"

	"guichet/routing"
)

// Agenda says when things are due: the Region's delays, counted in French working days. The zero value asks for nothing but
// that a request waits no longer than its deadline.
type Agenda struct{ Delays routing.Delays }

// postHour is when reminders leave, on the clock of Paris.
const postHour = 9

var (
	paris    = mustZone("Europe/Paris")
	calendar = workdays()
)

func mustZone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic("ledger: " + err.Error()) // the zones are part of the program
	}
	return zone
}

func workdays() *cal.BusinessCalendar {
	c := cal.NewBusinessCalendar()
	c.AddHoliday(fr.Holidays...)
	return c
}

// known holds the days that were asked for: steering asks for the same ones again and again, and a public holiday takes long to find.
var known sync.Map

func isWorkday(day time.Time) bool {
	y, m, d := day.Date()
	key := [3]int{y, int(m), d}
	if worked, ok := known.Load(key); ok {
		return worked.(bool)
	}
	worked := calendar.IsWorkday(day)
	known.Store(key, worked)
	return worked
}

// workday gives the first instant, in Paris, of the day that is so many working days after a time: neither Saturdays,
// Sundays nor public holidays (Code du travail, art. L3133-1) count, nor does the day itself.
func workday(after time.Time, days int) time.Time {
	y, m, d := after.In(paris).Date()
	day := time.Date(y, m, d, 0, 0, 0, 0, paris)
	for days > 0 {
		if day = day.AddDate(0, 0, 1); isWorkday(day) {
			days--
		}
	}
	return day
}

// WorkingDays counts the French working days that something took: by the end of which one after its beginning it was done, 0 for
// the same day. A delay of n working days was kept when it is n at most.
func WorkingDays(began, done time.Time) (days int) {
	y, m, d := began.In(paris).Date()
	end := time.Date(y, m, d+1, 0, 0, 0, 0, paris)
	for !done.Before(end) {
		day := end
		for !isWorkday(day) {
			day = day.AddDate(0, 0, 1)
		}
		days, end = days+1, day.AddDate(0, 0, 1)
	}
	return days
}

// DelayEnd gives the instant, excluded, until which a delay of so many working days is kept.
func DelayEnd(began time.Time, days int) time.Time { return workday(began, days).AddDate(0, 0, 1) }

// Midnight gives the beginning of the day, in Paris, that holds a time.
func Midnight(t time.Time) time.Time {
	y, m, d := t.In(paris).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, paris)
}

// Step is something that comes with time: Kind is the event that it makes, Number counts those of its kind in the present stage.
type Step struct {
	Kind   EventKind
	Number int
	At     time.Time
}

// Next gives what comes next of itself in a request's life if nobody acts; ok is false when nothing does.
func (a Agenda) Next(r Request) (next Step, ok bool) {
	add := func(kind EventKind, number int, at time.Time) {
		if !ok || at.Before(next.At) {
			next, ok = Step{Kind: kind, Number: number, At: at}, true
		}
	}
	if r.Status == Waiting {
		at := r.Deadline
		if r.Pace.Since.After(r.CreatedAt) { // reopened: nobody will be asked again
			at = r.Pace.Since
		}
		add(Assigned, 1, at)
		return next, ok
	}
	stage, ok := a.stage(r)
	if !ok {
		return next, false
	}
	ok = false
	day := func(n int) time.Time { return workday(r.Pace.Since, n).Add(postHour * time.Hour) }
	past := func(n int) bool { return !r.Pace.Quiet.IsZero() && day(n).Before(r.Pace.Quiet) }
	left := func(days []int) []int {
		for len(days) > 0 && past(days[0]) {
			days = days[1:]
		}
		return days
	}
	if n, days := r.Pace.Reminders, left(stage.Reminders); n < len(days) {
		add(Reminded, n+1, day(days[n]))
	}
	if stage.Escalation > 0 && !r.Pace.Escalated && r.EntryPoint != "" && !past(stage.Escalation) {
		add(Escalated, 1, day(stage.Escalation))
	}
	if n, days := r.Pace.NoNews, left(stage.NoNews); n < len(days) {
		add(NoNews, n+1, day(days[n]))
	}
	return next, ok
}

// Due gives the last second of a request's due date; zero when nobody owes anything.
func (a Agenda) Due(r Request) time.Time {
	stage, ok := a.stage(r)
	if !ok || stage.Due == 0 {
		return time.Time{}
	}
	return workday(r.Pace.Since, stage.Due).AddDate(0, 0, 1).Add(-time.Second).UTC()
}

func (a Agenda) stage(r Request) (routing.Stage, bool) {
	switch r.Status {
	case Transmitted:
		return a.Delays.Transmitted, true
	case Taken:
		return a.Delays.Taken, true
	}
	return routing.Stage{}, false
}

// Day gives a date as people read it, in Paris; empty for the zero time.
func Day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(paris).Format("02/01/2006")
}

// Moment writes an instant as the French do, at the hour of Paris whatever that of the machine: that of due dates and exports.
func Moment(t time.Time) string { return t.In(paris).Format("02/01/2006 à 15:04") }

// Late tells that a request's due date is over.
func (r Request) Late(now time.Time) bool { return !r.Due.IsZero() && r.Due.Before(now) }

// DueLabel tells the due date in French, and whether it is over; empty when there is none.
func (r Request) DueLabel(now time.Time) string {
	switch {
	case r.Due.IsZero():
		return ""
	case r.Late(now):
		return fmt.Sprintf("%s, en retard", Day(r.Due))
	}
	return Day(r.Due)
}

// Workday gives the first working day from a day of the calendar on, itself included; both are « 2026-01-31 », and what is no day
// stays as it is.
func Workday(day string) string {
	t, err := time.ParseInLocation(time.DateOnly, day, paris)
	if err != nil {
		return day
	}
	for !isWorkday(t) {
		t = t.AddDate(0, 0, 1)
	}
	return t.Format(time.DateOnly)
}
