package ledger

import (
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

// Step is something that comes with time: Kind is the event that it makes.
type Step struct {
	Kind EventKind
	At   time.Time
	// Part is the associated direction whose part it is about, empty when it is about the request itself.
	Part string
	// Overtaken tells that it does not leave: what comes after it for the same people is due as well.
	Overtaken bool
}

// Event gives the event that a step makes when it is done at a time.
func (s Step) Event(at time.Time) Event {
	e := Event{At: at, Kind: s.Kind, By: Self, Lead: s.Part}
	if s.Overtaken {
		e.Kind, e.Step = Overtaken, string(s.Kind)
	}
	return e
}

// to gives the direction that a step tells, empty for the person who asked.
func (s Step) to(r Request) string {
	switch s.Kind {
	case NoNews:
		return ""
	case Escalated, Assigned:
		return r.EntryPoint
	case PartReminded:
		return s.Part
	}
	return r.Lead
}

// Next gives what comes next of itself in a request's life if nobody acts; ok is false when nothing does.
func (a Agenda) Next(r Request) (next Step, ok bool) {
	for _, s := range a.steps(r) {
		if !ok || s.At.Before(next.At) {
			next, ok = s, true
		}
	}
	return next, ok
}

// By gives what comes of itself in a request's life by a time, in order. When several steps for the same people about the same
// matter fell since somebody last looked, since the program did not run, only the last one leaves: it says what is true now.
func (a Agenda) By(r Request, at time.Time) (all []Step) {
	for {
		next, ok := a.Next(r)
		if !ok || next.At.After(at) {
			break
		}
		all = append(all, next)
		if next.Kind == Assigned { // another stage begins, now
			break
		}
		var err error
		if r, err = Apply(r, next.Event(at)); err != nil {
			break
		}
	}
	type matter struct{ part, to string }
	later := map[matter]bool{}
	for i := len(all) - 1; i >= 0; i-- {
		m := matter{all[i].Part, all[i].to(r)}
		all[i].Overtaken, later[m] = later[m], true
	}
	return all
}

// steps gives the next step of each kind.
func (a Agenda) steps(r Request) (all []Step) {
	if r.Status == Waiting {
		at := r.Deadline
		if r.Pace.Since.After(r.CreatedAt) { // reopened: nobody will be asked again
			at = r.Pace.Since
		}
		return []Step{{Kind: Assigned, At: at}}
	}
	stage, ok := a.stage(r)
	if !ok {
		return nil
	}
	// add gives the one of so many days that follows those that are past.
	add := func(kind EventKind, part string, since time.Time, past int, days ...int) {
		day := func(n int) time.Time { return workday(since, n).Add(postHour * time.Hour) }
		for len(days) > 0 && !r.Pace.Quiet.IsZero() && day(days[0]).Before(r.Pace.Quiet) {
			days = days[1:]
		}
		if past < len(days) {
			all = append(all, Step{Kind: kind, At: day(days[past]), Part: part})
		}
	}
	pace := r.Pace
	add(Reminded, "", pace.Since, pace.Reminders+pace.Overtaken, stage.Reminders...)
	if stage.Escalation > 0 && r.EntryPoint != "" {
		add(Escalated, "", pace.Since, count(pace.Escalated), stage.Escalation)
	}
	add(NoNews, "", pace.Since, pace.NoNews+pace.NewsOvertaken, stage.NoNews...)
	for _, p := range pace.Parts {
		if p.Status != Transmitted || p.Since.IsZero() {
			continue
		}
		part := a.Delays.Part
		add(PartReminded, p.Direction, p.Since, p.Reminders+p.Overtaken, part.Reminders...)
		if part.Escalation > 0 {
			add(PartEscalated, p.Direction, p.Since, count(p.Escalated), part.Escalation)
		}
	}
	return all
}

func count(done bool) int {
	if done {
		return 1
	}
	return 0
}

// Due gives the last second of a request's due date; zero when nobody owes anything.
func (a Agenda) Due(r Request) time.Time {
	stage, ok := a.stage(r)
	if !ok {
		return time.Time{}
	}
	return due(r.Pace.Since, stage)
}

// PartDue gives the last second of the due date of an associated direction's part; zero when it owes nothing.
func (a Agenda) PartDue(r Request, p Part) time.Time {
	if _, ok := a.stage(r); !ok || p.Status != Transmitted || p.Since.IsZero() {
		return time.Time{}
	}
	return due(p.Since, a.Delays.Part)
}

func due(since time.Time, stage routing.Stage) time.Time {
	if stage.Due == 0 {
		return time.Time{}
	}
	return DelayEnd(since, stage.Due).Add(-time.Second).UTC()
}

func (a Agenda) stage(r Request) (routing.Stage, bool) {
	if stage := r.Status.State().Stage; stage != nil {
		return stage(a.Delays), true
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
func (r Request) Late(now time.Time) bool { return late(r.Due, now) }

// Late tells that a part's due date is over.
func (p Part) Late(now time.Time) bool { return late(p.Due, now) }

// DueLabel tells the due date in French, and whether it is over; empty when there is none.
func (r Request) DueLabel(now time.Time) string { return dueLabel(r.Due, now) }

// DueLabel tells the due date in French, and whether it is over; empty when there is none.
func (p Part) DueLabel(now time.Time) string { return dueLabel(p.Due, now) }

func late(due, now time.Time) bool { return !due.IsZero() && due.Before(now) }

func dueLabel(due, now time.Time) string {
	if late(due, now) {
		return Day(due) + ", en retard"
	}
	return Day(due)
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
