package steering_test

import (
	"slices"
	"time"

	"guichet/routing"
	"guichet/routing/ledger"
)

// The indicators computed again from the raw events, by code that shares nothing with the package: its own reading of the
// events, its own working days, no stream.

var paris, _ = time.LoadLocation("Europe/Paris")

// holidays2026 are the public holidays of the tests' year (Code du travail, art. L3133-1; Easter is on 5 April 2026).
var holidays2026 = []string{
	"2026-01-01", "2026-04-06", "2026-05-01", "2026-05-08", "2026-05-14", "2026-05-25", "2026-07-14", "2026-08-15", "2026-11-01", "2026-11-11", "2026-12-25",
}

func off(day time.Time) bool {
	return day.Weekday() == time.Saturday || day.Weekday() == time.Sunday || slices.Contains(holidays2026, day.Format(time.DateOnly))
}

// limitOf is the first instant after the n-th working day that follows the day of a time.
func limitOf(began time.Time, n int) time.Time {
	y, m, d := began.In(paris).Date()
	day := time.Date(y, m, d, 0, 0, 0, 0, paris)
	for n > 0 {
		day = day.AddDate(0, 0, 1)
		if !off(day) {
			n--
		}
	}
	return day.AddDate(0, 0, 1)
}

func took(began, done time.Time) (n int) {
	for !done.Before(limitOf(began, n)) {
		n++
	}
	return n
}

// spell is a time in one status under one lead.
type spell struct {
	status, lead string
	began, ended time.Time // ended is zero when it lasts
}

func isOpen(status string) bool {
	return status == "waiting" || status == "transmitted" || status == "taken"
}

// spells reads events one by one.
func spells(events []ledger.Event) (all []spell) {
	start := func(at time.Time, status, lead string) {
		if n := len(all); n > 0 {
			all[n-1].ended = at
		}
		all = append(all, spell{status: status, lead: lead, began: at})
	}
	for _, e := range events {
		now := spell{}
		if len(all) > 0 {
			now = all[len(all)-1]
		}
		switch e.Kind {
		case "received":
			if len(all) == 0 {
				start(e.At, "waiting", "")
			}
		case "decided":
			if now.status == "waiting" && e.Lead != "" {
				start(e.At, "transmitted", e.Lead)
			}
		case "assigned":
			if e.Lead != "" && e.Lead != now.lead {
				start(e.At, "transmitted", e.Lead)
			}
		case "status":
			start(e.At, string(e.Status), now.lead)
		case "answered":
			start(e.At, "answered", now.lead)
		case "reopened":
			if now.lead == "" {
				start(e.At, "waiting", "")
			} else {
				start(e.At, "transmitted", now.lead)
			}
		}
	}
	return all
}

// scope is what is asked: a time, a direction and a zone, both empty for all.
type scope struct {
	from, until     time.Time
	direction, zone string
}

// naive gives the value of an indicator and whether it has one.
func naive(id string, log []ledger.Request, lives map[string][]spell, s scope, zoneOf func(ledger.Request) string, delays routing.Delays) (value float64, known bool) {
	var values []int
	add := func(at time.Time, direction string, v int) {
		if !at.Before(s.from) && at.Before(s.until) && (s.direction == "" || s.direction == direction) {
			values = append(values, v)
		}
	}
	stock := 0
	for _, r := range log {
		if s.zone != "" && zoneOf(r) != s.zone {
			continue
		}
		all := lives[r.Reference]
		last := func(at time.Time) (found spell, ok bool) {
			for _, p := range all {
				if p.began.Before(at) {
					found, ok = p, true
				}
			}
			return found, ok
		}
		switch id {
		case "received":
			first := ""
			for _, p := range all {
				if first == "" && p.began.Equal(r.Events[0].At) {
					first = p.lead
				}
			}
			add(r.Events[0].At, first, 1)
		case "transmitted":
			for _, p := range all {
				if p.status == "transmitted" {
					add(p.began, p.lead, 1)
				}
			}
		case "joined", "escalated":
			for i, e := range r.Events {
				so := spells(r.Events[:i+1])
				lead := so[len(so)-1].lead
				if id == "joined" && e.Kind == "received" && i > 0 || id == "escalated" && e.Kind == "escalated" {
					add(e.At, lead, 1)
				}
			}
		case "taken-within-3", "taken-within-5":
			days := 3
			if id == "taken-within-5" {
				days = 5
			}
			for i, p := range all {
				if p.status != "transmitted" {
					continue
				}
				limit := limitOf(p.began, days)
				if p.ended.IsZero() || !p.ended.Before(limit) {
					add(limit, p.lead, 0)
				} else if all[i+1].status != "transmitted" {
					add(p.ended, p.lead, 1)
				}
			}
		case "time-to-take-median", "time-to-take-p90":
			for i, p := range all {
				if p.status == "transmitted" && !p.ended.IsZero() && (all[i+1].status == "taken" || all[i+1].status == "answered") {
					add(p.ended, p.lead, took(p.began, p.ended))
				}
			}
		case "answered-on-time":
			for i, p := range all {
				limit := limitOf(p.began, delays.Taken.Due)
				answered := !p.ended.IsZero() && all[i+1].status == "answered"
				inTime := !p.ended.IsZero() && p.ended.Before(limit)
				switch {
				case p.status == "taken" && answered && inTime, p.status == "transmitted" && answered && inTime:
					add(p.ended, p.lead, 1)
				case p.status == "transmitted" && answered:
					add(p.ended, p.lead, 0)
				case p.status == "taken" && !inTime:
					add(limit, p.lead, 0)
				}
			}
		case "time-to-answer-median", "time-to-answer-p90":
			began := r.Events[0].At
			for i, p := range all {
				if i > 0 && isOpen(p.status) && !isOpen(all[i-1].status) {
					began = p.began
				}
				if i > 0 && p.status == "answered" && isOpen(all[i-1].status) {
					add(p.began, p.lead, took(began, p.began))
				}
			}
		case "rerouted":
			for i, p := range all {
				if i == 0 || all[i-1].lead == "" {
					continue
				}
				if p.lead != all[i-1].lead {
					add(p.began, all[i-1].lead, 1)
				} else if isOpen(all[i-1].status) && !isOpen(p.status) {
					add(p.began, p.lead, 0)
				}
			}
		case "backlog", "late", "without-owner":
			p, ok := last(s.until)
			if !ok || s.direction != "" && p.lead != s.direction {
				continue
			}
			due := map[string]int{"transmitted": delays.Transmitted.Due, "taken": delays.Taken.Due}[p.status]
			switch {
			case id == "backlog" && isOpen(p.status),
				id == "late" && due > 0 && limitOf(p.began, due).Add(-time.Second).Before(s.until),
				id == "without-owner" && p.status == "waiting" && s.until.After(r.Deadline.Add(time.Hour)) && !(len(all) > 1 && !s.until.After(p.began.Add(time.Hour))):
				stock++
			}
		}
	}
	sum := 0
	for _, v := range values {
		sum += v
	}
	slices.Sort(values)
	switch id {
	case "backlog", "late", "without-owner":
		return float64(stock), true
	case "received", "transmitted", "joined", "escalated":
		return float64(sum), true
	case "time-to-take-median", "time-to-answer-median":
		if len(values) > 0 {
			return float64(values[(len(values)+1)/2-1]), true
		}
	case "time-to-take-p90", "time-to-answer-p90":
		if len(values) > 0 {
			return float64(values[(9*len(values)+9)/10-1]), true
		}
	default:
		if len(values) > 0 {
			return 100 * float64(sum) / float64(len(values)), true
		}
	}
	return 0, false
}
