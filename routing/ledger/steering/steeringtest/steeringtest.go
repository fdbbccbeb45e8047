// Package steeringtest computes the indicators again from the raw events, by code that shares nothing with package steering: its
// own reading of the events, its own working days, no stream. Tests compare both.
package steeringtest

import (
	"slices"
	"time"

	"guichet/routing"
	"guichet/routing/ledger"
)

var paris, _ = time.LoadLocation("Europe/Paris")

// holidays2026 are the public holidays of the tests' year (Code du travail, art. L3133-1; Easter is on 5 April 2026).
var holidays2026 = []string{
	"2026-01-01", "2026-04-06", "2026-05-01", "2026-05-08", "2026-05-14", "2026-05-25", "2026-07-14", "2026-08-15", "2026-11-01", "2026-11-11", "2026-12-25",
}

// Off tells a day that is not worked.
func Off(day time.Time) bool {
	return day.Weekday() == time.Saturday || day.Weekday() == time.Sunday || slices.Contains(holidays2026, day.Format(time.DateOnly))
}

// limitOf is the first instant after the n-th working day that follows the day of a time.
func limitOf(began time.Time, n int) time.Time {
	y, m, d := began.In(paris).Date()
	day := time.Date(y, m, d, 0, 0, 0, 0, paris)
	for n > 0 {
		day = day.AddDate(0, 0, 1)
		if !Off(day) {
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

// Spell is a time in one status under one lead.
type Spell struct {
	Status, Lead string
	Began, Ended time.Time // Ended is zero when it lasts
}

// IsOpen tells that somebody still owes an answer.
func IsOpen(status string) bool {
	return status == "waiting" || status == "transmitted" || status == "taken"
}

// Spells reads events one by one.
func Spells(events []ledger.Event) (all []Spell) {
	start := func(at time.Time, status, lead string) {
		if n := len(all); n > 0 {
			all[n-1].Ended = at
		}
		all = append(all, Spell{Status: status, Lead: lead, Began: at})
	}
	for _, e := range events {
		now := Spell{}
		if len(all) > 0 {
			now = all[len(all)-1]
		}
		switch e.Kind {
		case "received":
			if len(all) == 0 {
				start(e.At, "waiting", "")
			}
		case "decided":
			if now.Status == "waiting" && e.Lead != "" {
				start(e.At, "transmitted", e.Lead)
			}
		case "assigned":
			if e.Lead != "" && e.Lead != now.Lead {
				start(e.At, "transmitted", e.Lead)
			}
		case "status":
			start(e.At, string(e.Status), now.Lead)
		case "answered":
			start(e.At, "answered", now.Lead)
		case "merged":
			start(e.At, "merged", now.Lead)
		case "split":
			if now.Status == "merged" {
				start(e.At, all[len(all)-2].Status, now.Lead)
			}
		case "reopened":
			if now.Lead == "" {
				start(e.At, "waiting", "")
			} else {
				start(e.At, "transmitted", now.Lead)
			}
		}
	}
	return all
}

// Scope is what is asked: a time, a direction and a zone, both empty for all.
type Scope struct {
	From, Until     time.Time
	Direction, Zone string
}

// Value gives the value of an indicator and whether it has one.
func Value(id string, log []ledger.Request, lives map[string][]Spell, s Scope, zoneOf func(ledger.Request) string, delays routing.Delays) (value float64, known bool) {
	var values []int
	add := func(at time.Time, direction string, v int) {
		if !at.Before(s.From) && at.Before(s.Until) && (s.Direction == "" || s.Direction == direction) {
			values = append(values, v)
		}
	}
	stock := 0
	for _, r := range log {
		if s.Zone != "" && zoneOf(r) != s.Zone {
			continue
		}
		all := lives[r.Reference]
		last := func(at time.Time) (found Spell, ok bool) {
			for _, p := range all {
				if p.Began.Before(at) {
					found, ok = p, true
				}
			}
			return found, ok
		}
		switch id {
		case "received":
			first := ""
			for _, p := range all {
				if first == "" && p.Began.Equal(r.Events[0].At) {
					first = p.Lead
				}
			}
			add(r.Events[0].At, first, 1)
		case "transmitted":
			for _, p := range all {
				if p.Status == "transmitted" {
					add(p.Began, p.Lead, 1)
				}
			}
		case "joined", "escalated":
			for i, e := range r.Events {
				so := Spells(r.Events[:i+1])
				lead := so[len(so)-1].Lead
				if id == "joined" && (e.Kind == "received" && i > 0 || e.Kind == "absorbed") || id == "escalated" && e.Kind == "escalated" {
					add(e.At, lead, 1)
				}
			}
		case "taken-within-3", "taken-within-5":
			days := 3
			if id == "taken-within-5" {
				days = 5
			}
			for i, p := range all {
				if p.Status != "transmitted" {
					continue
				}
				limit := limitOf(p.Began, days)
				if p.Ended.IsZero() || !p.Ended.Before(limit) {
					add(limit, p.Lead, 0)
				} else if next := all[i+1].Status; next != "transmitted" && next != "merged" {
					add(p.Ended, p.Lead, 1)
				}
			}
		case "time-to-take-median", "time-to-take-p90":
			for i, p := range all {
				if p.Status == "transmitted" && !p.Ended.IsZero() && (all[i+1].Status == "taken" || all[i+1].Status == "answered") {
					add(p.Ended, p.Lead, took(p.Began, p.Ended))
				}
			}
		case "answered-on-time":
			for i, p := range all {
				limit := limitOf(p.Began, delays.Taken.Due)
				answered := !p.Ended.IsZero() && all[i+1].Status == "answered"
				inTime := !p.Ended.IsZero() && p.Ended.Before(limit)
				switch {
				case p.Status == "taken" && answered && inTime, p.Status == "transmitted" && answered && inTime:
					add(p.Ended, p.Lead, 1)
				case p.Status == "transmitted" && answered:
					add(p.Ended, p.Lead, 0)
				case p.Status == "taken" && !inTime:
					add(limit, p.Lead, 0)
				}
			}
		case "time-to-answer-median", "time-to-answer-p90":
			began := r.Events[0].At
			for i, p := range all {
				if i > 0 && IsOpen(p.Status) && !IsOpen(all[i-1].Status) && all[i-1].Status != "merged" {
					began = p.Began
				}
				if i > 0 && p.Status == "answered" && IsOpen(all[i-1].Status) {
					add(p.Began, p.Lead, took(began, p.Began))
				}
			}
		case "rerouted":
			for i, p := range all {
				if i == 0 || all[i-1].Lead == "" {
					continue
				}
				if p.Lead != all[i-1].Lead {
					add(p.Began, all[i-1].Lead, 1)
				} else if IsOpen(all[i-1].Status) && !IsOpen(p.Status) && p.Status != "merged" {
					add(p.Began, p.Lead, 0)
				}
			}
		case "backlog", "late", "without-owner":
			p, ok := last(s.Until)
			if !ok || s.Direction != "" && p.Lead != s.Direction {
				continue
			}
			due := map[string]int{"transmitted": delays.Transmitted.Due, "taken": delays.Taken.Due}[p.Status]
			switch {
			case id == "backlog" && IsOpen(p.Status),
				id == "late" && due > 0 && limitOf(p.Began, due).Add(-time.Second).Before(s.Until),
				id == "without-owner" && p.Status == "waiting" && s.Until.After(r.Deadline.Add(time.Hour)) && !(len(all) > 1 && !s.Until.After(p.Began.Add(time.Hour))):
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
