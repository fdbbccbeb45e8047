package ledger

import (
	"slices"
	"strings"
	"testing"
	"time"

	"guichet/routing"
)

func TestWorkingDaysAreFrench(t *testing.T) {
	for _, c := range []struct {
		after string
		days  int
		want  string
	}{
		{"2026-04-30T10:00:00Z", 1, "2026-05-04"}, // 1 May is a Friday
		{"2026-05-07T10:00:00Z", 1, "2026-05-11"}, // 8 May is a Friday
		{"2026-05-13T10:00:00Z", 1, "2026-05-15"}, // Ascension
		{"2026-05-22T10:00:00Z", 1, "2026-05-26"}, // Whit Monday
		{"2026-07-13T10:00:00Z", 1, "2026-07-15"},
		{"2026-08-14T10:00:00Z", 1, "2026-08-17"}, // 15 August is a Saturday, and moves nothing
		{"2026-10-30T10:00:00Z", 1, "2026-11-02"}, // 1 November is a Sunday
		{"2026-11-10T10:00:00Z", 1, "2026-11-12"},
		{"2026-12-24T10:00:00Z", 1, "2026-12-28"},
		{"2026-12-31T10:00:00Z", 1, "2027-01-04"},
		{"2027-03-26T10:00:00Z", 1, "2027-03-30"}, // Easter Monday
		{"2026-04-27T10:00:00Z", 15, "2026-05-21"},
		{"2026-03-07T10:00:00Z", 1, "2026-03-09"}, // from a Saturday
		{"2026-03-05T23:30:00Z", 1, "2026-03-09"}, // Friday already in Paris
	} {
		after, err := time.Parse(time.RFC3339, c.after)
		if err != nil {
			t.Fatal(err)
		}
		if got := workday(after, c.days).Format("2006-01-02 15:04 -0700"); got[:10] != c.want || got[11:16] != "00:00" {
			t.Errorf("%d days after %s: %s, want %s", c.days, c.after, got, c.want)
		}
	}
}

func TestWorkingDaysThatSomethingTook(t *testing.T) {
	for _, c := range []struct {
		began, done string
		want        int
	}{
		{"2026-04-28T10:00:00Z", "2026-04-28T09:00:00Z", 0}, // a clock that went back
		{"2026-04-28T10:00:00Z", "2026-04-28T21:59:59Z", 0}, // still Tuesday in Paris
		{"2026-04-28T10:00:00Z", "2026-04-28T22:00:00Z", 1},
		{"2026-04-28T10:00:00Z", "2026-04-30T12:00:00Z", 2},
		{"2026-04-28T10:00:00Z", "2026-05-01T12:00:00Z", 3}, // the public holiday is after the second
		{"2026-04-28T10:00:00Z", "2026-05-04T21:59:59Z", 3}, // the end of the third: 1 May, Saturday and Sunday do not count
		{"2026-04-28T10:00:00Z", "2026-05-04T22:00:00Z", 4},
		{"2026-03-07T10:00:00Z", "2026-03-07T12:00:00Z", 0}, // a Saturday
		{"2026-03-07T10:00:00Z", "2026-03-08T12:00:00Z", 1},
		{"2026-03-07T10:00:00Z", "2026-03-09T12:00:00Z", 1},
	} {
		began, err := time.Parse(time.RFC3339, c.began)
		if err != nil {
			t.Fatal(err)
		}
		done, err := time.Parse(time.RFC3339, c.done)
		if err != nil {
			t.Fatal(err)
		}
		got := WorkingDays(began, done)
		if got != c.want {
			t.Errorf("%s to %s: %d working days, want %d", c.began, c.done, got, c.want)
		}
		for n := range 6 {
			if kept := done.Before(DelayEnd(began, n)); kept != (got <= n) {
				t.Errorf("%s to %s: a delay of %d days is kept: %v, %d days", c.began, c.done, n, kept, got)
			}
		}
	}
}

// Summer time begins on 29 March 2026: nine o'clock stays nine o'clock.
func TestNextIsAtNineInParis(t *testing.T) {
	a := Agenda{Delays: routing.Delays{Transmitted: routing.Stage{Due: 1, Reminders: []int{1}}}}
	for since, want := range map[string]string{"2026-03-26T10:00:00Z": "2026-03-27T08:00:00Z", "2026-03-27T10:00:00Z": "2026-03-30T07:00:00Z"} {
		at, err := time.Parse(time.RFC3339, since)
		if err != nil {
			t.Fatal(err)
		}
		step, ok := a.Next(Request{Status: Transmitted, Pace: Pace{Since: at}})
		if got := step.At.UTC().Format(time.RFC3339); !ok || got != want {
			t.Errorf("since %s: %s, want %s", since, got, want)
		}
	}
}

// After days without the program, what fell for the same people about the same matter leaves once, as it is now.
func TestWhatFellMeanwhileLeavesOnce(t *testing.T) {
	a := Agenda{Delays: routing.Delays{
		Transmitted: routing.Stage{Due: 3, Reminders: []int{2, 3, 5}, Escalation: 6, NoNews: []int{5, 7}},
		Part:        routing.Stage{Due: 4, Reminders: []int{3, 4}, Escalation: 6},
	}}
	since := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) // a Monday, in a month without public holiday
	request := func(entryPoint string, parts ...string) Request {
		r := Request{Status: Transmitted, Lead: "NORD", EntryPoint: entryPoint, Pace: Pace{Since: since}}
		for _, p := range parts {
			r.Pace.Parts = append(r.Pace.Parts, Part{Direction: p, Status: Transmitted, Since: since})
		}
		return r
	}
	for name, c := range map[string]struct {
		r    Request
		day  int // of March, at noon
		want string
	}{
		"in time":                {request("ACCUEIL"), 4, "reminded"},
		"nothing":                {request("ACCUEIL"), 3, ""},
		"the second speaks":      {request("ACCUEIL"), 5, "(reminded) reminded"},
		"each is told one thing": {request("ACCUEIL"), 20, "(reminded) (reminded) reminded (no_news) escalated no_news"},
		"the entry point leads":  {request("NORD"), 9, "(reminded) (reminded) reminded no_news"},
		"and is told once":       {request("NORD"), 10, "(reminded) (reminded) (reminded) no_news escalated"},
		"nobody to escalate to":  {request(""), 20, "(reminded) (reminded) reminded (no_news) no_news"},
		"parts are apart": {request("ACCUEIL", "SUD", "EST"), 6,
			"(reminded) reminded (part_reminded SUD) (part_reminded EST) part_reminded SUD part_reminded EST"},
		"the lead is told of each part": {request("ACCUEIL", "SUD"), 10,
			"(reminded) (reminded) (part_reminded SUD) part_reminded SUD reminded no_news escalated part_escalated SUD"},
		"a lead without a word": {Request{Status: Waiting, EntryPoint: "ACCUEIL", Deadline: since, Pace: Pace{Since: since}, CreatedAt: since}, 20, "assigned"},
	} {
		at := time.Date(2026, 3, c.day, 12, 0, 0, 0, time.UTC)
		var got []string
		r := c.r
		for _, s := range a.By(c.r, at) {
			said := strings.TrimSpace(string(s.Kind) + " " + s.Part)
			if s.Overtaken {
				said = "(" + said + ")"
			}
			got = append(got, said)
			e := s.Event(at)
			if s.Kind == Assigned {
				e.Lead = r.EntryPoint
			}
			var err error
			if r, err = Apply(r, e); err != nil {
				t.Errorf("%s: %s: %v", name, said, err)
			}
		}
		want := strings.Fields(c.want)
		if words := strings.Fields(strings.Join(got, " ")); !slices.Equal(words, want) {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
		if left := a.By(r, at); len(left) > 0 {
			t.Errorf("%s: %v comes again", name, left)
		}
	}
}

func TestNearCompany(t *testing.T) {
	for a, b := range map[string]string{
		"Verlinor Bois": "Verlinnor Bois", "Transports Zéphyr": "Transp. Zephyr SARL", "Menuiserie Dupré": "menusierie dupre", "Atelier Hêtre": "Atelier Hestre",
	} {
		if !NearCompany(a, b) || !NearCompany(b, a) {
			t.Errorf("%q and %q are far", a, b)
		}
	}
	for a, b := range map[string]string{
		"Atelier du Hêtre": "Atelier du Chêne", "Fictive 1": "Fictive 2", "Dupré": "Dupré et Fils", "": "", "Bois Nord": "Bois Sud", "Alpha": "Omega",
	} {
		if NearCompany(a, b) {
			t.Errorf("%q and %q are near", a, b)
		}
	}
}

func FuzzNearCompany(f *testing.F) {
	for _, s := range [][2]string{{"Verlinor", "Verlinnor"}, {"É\u0301", "e"}, {"", "…"}, {"\xff", "a b"}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if NearCompany(a, b) != NearCompany(b, a) {
			t.Errorf("%q and %q: one way only", a, b)
		}
		if key := CompanyKey(a); key != "" && !NearCompany(a, a) {
			t.Errorf("%q is far from itself", a)
		}
	})
}
