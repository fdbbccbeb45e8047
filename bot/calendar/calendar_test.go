package calendar

import (
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"

	"guichet/bot"
	"guichet/knowledge"
	"guichet/routing"
	"guichet/routing/ledger"
	"guichet/routing/revue"
)

func TestWrite(t *testing.T) {
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	due := time.Date(2026, 3, 9, 22, 59, 59, 0, time.UTC) // the last second of 9 March in Paris
	requests := []ledger.Request{
		{Reference: "2026-0001", Status: ledger.Taken, Lead: "NORD", Owner: "Bo", Author: "Ada Fictive", Text: "Un secret", Company: ledger.Company{Name: "Dupré, fils ; fictifs"}, Due: due, UpdatedAt: now},
		{Reference: "2026-0002", Status: ledger.Transmitted, Lead: "SUD", Owner: "Cy (outil)", Due: due.AddDate(0, 0, 20), UpdatedAt: now},
		{Reference: "2026-0003", Status: ledger.Taken, Lead: "SUD"},
	}
	parse := func(token bot.Token) (*ics.Calendar, string) {
		t.Helper()
		text := Write(requests, nil, nil, token, now)
		c, err := ics.ParseCalendar(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return c, text
	}
	c, text := parse(bot.Token{Direction: "NORD"})
	events := c.Events()
	if len(events) != 2 || events[0].Id() != "2026-0001-echeance@guichet" || events[1].Id() != "2026-0002-echeance@guichet" {
		t.Fatalf("events: %s", text)
	}
	start, err := events[0].GetAllDayStartAt()
	if err != nil || start.Format(time.DateOnly) != "2026-03-09" {
		t.Errorf("it is on %s, %v", start, err)
	}
	if s := events[0].GetProperty(ics.ComponentPropertySummary).Value; s != "Échéance 2026-0001 · Dupré, fils ; fictifs · NORD · en retard" {
		t.Errorf("it says %q", s)
	}
	for _, personal := range []string{"Ada", "secret", "Bo", "Cy"} {
		if strings.Contains(text, personal) {
			t.Errorf("%q is in the feed", personal)
		}
	}
	for person, want := range map[string]string{"Bo": "2026-0001", "Cy": "2026-0002"} {
		if c, text := parse(bot.Token{Person: person}); len(c.Events()) != 1 || !strings.HasPrefix(c.Events()[0].Id(), want) {
			t.Errorf("the feed of %s: %s", person, text)
		}
	}
}

// A direction has the part that it owes of others' requests in its feed.
func TestParts(t *testing.T) {
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	due := time.Date(2026, 3, 9, 22, 59, 59, 0, time.UTC)
	owed := ledger.Request{Reference: "2026-0004", Status: ledger.Taken, Lead: "NORD", Company: ledger.Company{Name: "Fictive"}, Due: due.AddDate(0, 0, 9), UpdatedAt: now}
	owed.Pace.Parts = []ledger.Part{{Direction: "EST", Status: ledger.Transmitted, Due: due}, {Direction: "SUD", Status: ledger.Transmitted, Due: due}}
	text := Write(nil, []ledger.Request{owed}, nil, bot.Token{Direction: "SUD"}, now)
	c, err := ics.ParseCalendar(strings.NewReader(text))
	if err != nil || len(c.Events()) != 1 {
		t.Fatalf("%v\n%s", err, text)
	}
	e := c.Events()[0]
	if s := e.GetProperty(ics.ComponentPropertySummary).Value; e.Id() != "2026-0004-part-SUD@guichet" || s != "Part de SUD, 2026-0004 · Fictive · NORD · en retard" {
		t.Errorf("%s says %q", e.Id(), s)
	}
	if start, err := e.GetAllDayStartAt(); err != nil || start.Format(time.DateOnly) != "2026-03-09" {
		t.Errorf("it is on %s, %v", start, err)
	}
}

func TestRevues(t *testing.T) {
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	f := Feed{Revues: revue.Calendar{
		Settings: routing.Revues{Weeks: 7, Start: "2026-01-05", Direction: "NORD", Committees: []routing.Committee{{Code: "technique", Label: "Comité technique", Direction: "SUD", Weeks: 4, Start: "2026-01-06"}, {Code: "annuel", Label: "Comité annuel", Direction: "SUD", Weeks: 52, Start: "2026-02-02"}}},
		EPCIs:    []string{"200000001", "200000002"}, Names: map[string]string{"200000001": "CA Fictive", "200000002": "CC Imaginaire"},
	}}
	for name, c := range map[string]struct {
		token bot.Token
		seen  string
	}{
		"staff":       {bot.Token{Audience: knowledge.Staff}, "CA Fictive CC Imaginaire Comité technique Comité annuel"},
		"a direction": {bot.Token{Audience: knowledge.Staff, Direction: "SUD"}, "Comité technique Comité annuel"},
		"a territory": {bot.Token{Audience: knowledge.Partner, EPCI: "200000002"}, "CC Imaginaire"},
		"a person":    {bot.Token{Audience: knowledge.Staff, Person: "Bo"}, ""},
	} {
		text := Write(nil, nil, f.revues(c.token, now), c.token, now)
		if _, err := ics.ParseCalendar(strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		for _, scope := range []string{"CA Fictive", "CC Imaginaire", "Comité technique", "Comité annuel"} {
			if want := strings.Contains(c.seen, scope); strings.Contains(text, "SUMMARY:"+scope+" · revue de projets") != want {
				t.Errorf("%s: %s, want %v\n%s", name, scope, want, text)
			}
		}
		if n := strings.Count(text, "Comité annuel"); n > 1 {
			t.Errorf("%s: %d dates of the yearly committee, of which only the next one is near", name, n)
		}
	}
}
