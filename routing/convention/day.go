package convention

import (
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // days are French wherever the program runs
)

// Day is a day of the calendar as ISO 8601 writes it, « 2026-01-31 », so that days sort as texts; empty for none.
type Day string

// alertHour is when alerts leave, on the clock of Paris.
const alertHour = 9

var paris = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		panic("convention: " + err.Error()) // the zones are part of the program
	}
	return zone
}()

// DayOf gives the day that it is in Paris.
func DayOf(t time.Time) Day { return Day(t.In(paris).Format(time.DateOnly)) }

// AlertDay gives the last day whose alerts may leave at a time.
func AlertDay(t time.Time) Day { return DayOf(t.Add(-alertHour * time.Hour)) }

// ParseDay reads « 2026-01-31 » or « 31/01/2026 »; an empty text is no day.
func ParseDay(text string) (Day, error) {
	if text = strings.TrimSpace(text); text == "" {
		return "", nil
	}
	for _, layout := range []string{time.DateOnly, french} {
		if t, err := time.Parse(layout, text); err == nil && t.Year() >= 1900 {
			return Day(t.Format(time.DateOnly)), nil
		}
	}
	return "", fmt.Errorf("date « %s » illisible : écrivez AAAA-MM-JJ ou JJ/MM/AAAA", text)
}

const french = "02/01/2006"

// French gives the day as the French write it.
func (d Day) French() string {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return string(d)
	}
	return t.Format(french)
}

// Add gives the day that is so many days later; what is no day stays as it is.
func (d Day) Add(days int) Day {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return d
	}
	return Day(t.AddDate(0, 0, days).Format(time.DateOnly))
}

// Until counts the days from this one to another.
func (d Day) Until(other Day) int {
	a, errA := time.Parse(time.DateOnly, string(d))
	b, errB := time.Parse(time.DateOnly, string(other))
	if errA != nil || errB != nil {
		return 0
	}
	return int(b.Sub(a).Hours()) / 24
}

// Begins gives the first instant of the day, in Paris; zero for what is no day.
func (d Day) Begins() time.Time {
	t, err := time.ParseInLocation(time.DateOnly, string(d), paris)
	if err != nil {
		return time.Time{}
	}
	return t
}
