// Package calendar writes the due dates of requests and the reviews of projects as an iCalendar feed (RFC 5545), to subscribe
// to from any calendar. It may import bot, routing/ledger, routing/revue and, for days, routing/convention.
package calendar

import (
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"

	"guichet/bot"
	"guichet/routing/convention"
	"guichet/routing/ledger"
	"guichet/routing/revue"
)

// Path is where the feeds are, followed by a token and « .ics ».
const Path = "GET /calendrier/{token}"

// most is how many open requests a feed looks at, newest first.
const most = 10_000

// Feed serves the calendars. A token that has the scope for it opens one: the due dates of what it may see, narrowed to its
// direction and its person.
type Feed struct {
	Tokens   bot.Tokens
	Requests ledger.Store
	// Revues are the reviews of projects.
	Revues revue.Calendar
	Now    func() time.Time
	Log    *slog.Logger
}

// ServeHTTP gives a feed; whatever is wrong with the token, there is nothing here.
func (f *Feed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secret, ok := strings.CutSuffix(r.PathValue("token"), ".ics")
	token, err := f.Tokens.Token(r.Context(), secret, f.Now())
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Robots-Tag", "noindex")
	h.Set("Cache-Control", "private, no-store")
	switch {
	case !ok || errors.Is(err, bot.ErrNoToken) || err == nil && !token.May(bot.ScopeCalendar):
		http.Error(w, "Ce calendrier n'existe pas, ou son adresse a été révoquée.", http.StatusNotFound)
		return
	case err != nil:
		f.fail(w, r, err)
		return
	}
	filter := ledger.Filter{Status: ledger.DueStatuses(), Lead: token.Direction, Limit: most}
	requests, err := f.Requests.List(r.Context(), token.Viewer(), filter)
	var parts []ledger.Request
	if err == nil && token.Direction != "" && token.Person == "" { // it owes its part of others' requests too
		filter.Lead, filter.Part = "", token.Direction
		parts, err = f.Requests.List(r.Context(), token.Viewer(), filter)
	}
	if err != nil {
		f.fail(w, r, err)
		return
	}
	h.Set("Content-Type", "text/calendar; charset=utf-8")
	_, _ = w.Write([]byte(Write(requests, parts, f.revues(token, f.Now()), token, f.Now())))
}

func (f *Feed) fail(w http.ResponseWriter, r *http.Request, err error) {
	f.Log.ErrorContext(r.Context(), "calendrier", "error", err)
	w.Header().Set("Retry-After", "60")
	http.Error(w, "Le calendrier n'a pas pu être lu ; réessayez dans une minute.", http.StatusServiceUnavailable)
}

// A feed shows so many days of revues, and the next one of each scope when it is further, a yearly committee's for instance.
const (
	revuesAhead = 180
	nextAhead   = 2 * 366
)

// revues gives the dates to come that a token may see: those of its EPCI, or of what its direction is in charge of. One that
// is narrowed to a person has its requests only.
func (f *Feed) revues(token bot.Token, now time.Time) []revue.Date {
	if token.Person != "" {
		return nil
	}
	v, on := token.Viewer(), convention.DayOf(now)
	shown := map[string]bool{}
	return slices.DeleteFunc(f.Revues.Coming(on, on.Add(nextAhead)), func(d revue.Date) bool {
		later := shown[d.Scope] && d.Day > on.Add(revuesAhead)
		shown[d.Scope] = true
		return later || !v.Staff && d.Scope != v.EPCI || token.Direction != "" && f.Revues.Direction(d.Scope) != token.Direction
	})
}

// Write gives the calendar of the due dates of requests, of the token's direction's part of others, and of the revues. An event keeps its UID when its date moves. It names the request,
// the company and the direction, and no person.
func Write(requests, parts []ledger.Request, revues []revue.Date, token bot.Token, now time.Time) string {
	c := ics.NewCalendarFor("guichet")
	c.SetMethod(ics.MethodPublish)
	name := "Guichet : échéances"
	if token.Direction != "" {
		name += " " + token.Direction
	}
	c.SetXWRCalName(name)
	c.SetXWRTimezone("Europe/Paris")
	c.SetRefreshInterval("PT1H")
	for _, r := range requests {
		if r.Due.IsZero() || token.Person != "" && !follows(r.Owner, token.Person) {
			continue
		}
		addDue(c, r, r.Reference+"-echeance@guichet", "Échéance "+r.Reference, r.Due, r.Late(now))
	}
	for _, r := range parts {
		for _, p := range r.Pace.Parts {
			if p.Direction == token.Direction && !p.Due.IsZero() {
				addDue(c, r, r.Reference+"-part-"+p.Direction+"@guichet", "Part de "+p.Direction+", "+r.Reference, p.Due, p.Late(now))
			}
		}
	}
	for _, d := range revues {
		e := c.AddEvent(d.Scope + "-" + string(d.Day) + "-revue@guichet")
		day, _ := time.Parse(time.DateOnly, string(d.Day))
		e.SetAllDayStartAt(day)
		e.SetAllDayEndAt(day.AddDate(0, 0, 1))
		e.SetDtStampTime(now.UTC())
		e.SetSummary(d.Name + " · revue de projets")
		e.SetTimeTransparency(ics.TransparencyTransparent)
	}
	return c.Serialize()
}

// addDue adds a due date of a request to a calendar.
func addDue(c *ics.Calendar, r ledger.Request, id, what string, due time.Time, late bool) {
	e := c.AddEvent(id)
	day, _ := time.Parse("02/01/2006", ledger.Day(due))
	e.SetAllDayStartAt(day)
	e.SetAllDayEndAt(day.AddDate(0, 0, 1))
	e.SetDtStampTime(r.UpdatedAt.UTC())
	e.SetModifiedAt(r.UpdatedAt.UTC())
	said := []string{what}
	for _, part := range []string{r.Company.Name, r.Lead} {
		if part != "" {
			said = append(said, part)
		}
	}
	if late {
		said = append(said, "en retard")
	}
	e.SetSummary(strings.Join(said, " · "))
	e.SetDescription("Demande " + r.Reference + ", " + r.Status.Label())
	e.SetTimeTransparency(ics.TransparencyTransparent)
	e.SetClass(ics.ClassificationConfidential)
}

// follows tells that an owner is a person: a tool that took a request for somebody is named after them, « Bo (outil) ».
func follows(owner, person string) bool {
	name, _, _ := strings.Cut(owner, " (")
	return owner == person || name == person
}
