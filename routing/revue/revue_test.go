package revue_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"guichet/routing"
	"guichet/routing/convention"
	"guichet/routing/ledger"
	"guichet/routing/revue"
)

func region(n int) revue.Calendar {
	c := revue.Calendar{Settings: routing.Revues{
		Weeks: 7, Start: "2026-01-05", Direction: "NORD", EndingDays: 90, Listed: 50,
		Committees: []routing.Committee{{Code: "technique", Label: "Comité technique", Direction: "SUD", Weeks: 4, Start: "2026-01-06"}},
	}}
	for i := range n {
		c.EPCIs = append(c.EPCIs, fmt.Sprintf("%09d", 200000000+i))
	}
	return c
}

// Each EPCI has a revue every seven weeks or a few days more when the day is off, on a working day, and they are spread.
func TestRevuesAreSpreadOverWorkingDays(t *testing.T) {
	c := region(92)
	byDay := map[convention.Day]int{}
	last := map[string]convention.Day{}
	seen := map[string]int{}
	for _, d := range c.Coming("2026-01-05", "2026-12-31") {
		if ledger.Workday(string(d.Day)) != string(d.Day) {
			t.Errorf("%s is off", d.Day)
		}
		weeks := c.Weeks(d.Scope)
		if before := last[d.Scope]; before != "" {
			if gap := before.Until(d.Day); gap < 7*weeks-4 || gap > 7*weeks+4 {
				t.Errorf("%s: %d days between %s and %s", d.Scope, gap, before, d.Day)
			}
		}
		last[d.Scope] = d.Day
		seen[d.Scope]++
		byDay[d.Day]++
	}
	if len(seen) != 93 {
		t.Errorf("%d scopes have revues", len(seen))
	}
	for day, n := range byDay {
		if n > 12 { // two or three, and those of the days off before
			t.Errorf("%d revues on %s", n, day)
		}
	}
	if n := byDay["2026-05-01"]; n != 0 {
		t.Errorf("%d revues on 1 May", n)
	}
}

func TestDue(t *testing.T) {
	c := region(2)
	first, second := c.EPCIs[0], c.EPCIs[1]
	held := map[string]revue.Held{}
	due := func(on convention.Day) string {
		var all []string
		for _, d := range c.Due(on, held) {
			all = append(all, d.Scope+" "+string(d.Day))
			held[d.Scope] = revue.Held{Scope: d.Scope, Day: d.Day}
		}
		return strings.Join(all, ", ")
	}
	for _, row := range []struct {
		on   convention.Day
		want string
	}{
		{"2026-01-04", ""},
		{"2026-01-05", first + " 2026-01-05"},
		{"2026-01-05", ""}, // held
		{"2026-01-08", "technique 2026-01-06"},
		{"2026-01-28", second + " 2026-01-28"}, // the middle of the period
		{"2026-02-12", ""},                     // the committee's, on 3 February, is too far
		{"2026-02-23", first + " 2026-02-23"},  // seven weeks later
		{"2026-03-03", "technique 2026-03-03"}, // four weeks later
		{"2026-04-14", first + " 2026-04-13"},  // a day late, after a stop
	} {
		if got := due(row.on); got != row.want {
			t.Errorf("%s: %q, want %q", row.on, got, row.want)
		}
	}
	// Another EPCI comes: the others move by a few days, and none has two revues in a row.
	c.EPCIs = append([]string{"100000000"}, c.EPCIs...)
	if got := due("2026-04-20"); strings.Contains(got, first) {
		t.Errorf("two in a row: %s", got)
	}
}

var (
	at    = time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	since = at.AddDate(0, 0, -49)
)

func request(n int, s ledger.Status, lead string, events ...ledger.Event) ledger.Request {
	r := ledger.Request{
		Reference: fmt.Sprintf("2026-%04d", n), Status: s, Lead: lead, Owner: "Ada Fictive", Company: ledger.Company{Name: fmt.Sprintf("Fabrique fictive %d", n)},
		CreatedAt: since.Add(time.Duration(n) * time.Hour), Events: events, Place: ledger.Place{EPCI: "200000000"},
	}
	if s == ledger.Transmitted || s == ledger.Taken {
		r.Due = at.AddDate(0, 0, n-3)
	}
	return r
}

func event(kind ledger.EventKind, s ledger.Status, days int, why string) ledger.Event {
	return ledger.Event{At: at.AddDate(0, 0, days), Kind: kind, Status: s, Why: why, By: "Ada Fictive"}
}

func input(v revue.Version) revue.Input {
	open := request(1, ledger.Taken, "NORD")
	open.Pace.Parts = []ledger.Part{{Direction: "SUD", Status: ledger.Transmitted, Due: at.AddDate(0, 0, -1)}, {Direction: "EST", Status: ledger.Done}}
	return revue.Input{
		Scope: "200000000", Name: "Communauté fictive", Version: v, Since: since, At: at, Listed: 50,
		Requests: []ledger.Request{
			open, request(5, ledger.Transmitted, "SUD"), request(6, ledger.Waiting, ""),
			request(2, ledger.Answered, "NORD", event(ledger.AnswerGiven, "", -3, "oui, voici comment")),
			request(3, ledger.Closed, "NORD", event(ledger.AnswerGiven, "", -80, "vieille réponse"), event(ledger.StatusSet, ledger.Closed, -2, "rangée")),
			request(4, ledger.Closed, "SUD", event(ledger.StatusSet, ledger.Closed, -1, "raison interne")),
			request(7, ledger.Closed, "SUD", event(ledger.AnswerGiven, "", -80, "non"), event(ledger.Reopened, "", -70, "encore"), event(ledger.StatusSet, ledger.Unreachable, -5, "personne")),
			request(8, ledger.Closed, "SUD", event(ledger.StatusSet, ledger.Closed, -60, "avant la dernière")),
		},
		Endings:   []revue.Ending{{ID: "F-1", Label: "convention d'aides", EPCI: "200000000", End: "2026-06-30"}},
		Questions: []revue.Question{{Text: "Qui finance | le houblon ?", Count: 2}},
	}
}

func references(lines []revue.Line) string {
	var all []string
	for _, l := range lines {
		all = append(all, strings.TrimPrefix(l.Reference, "2026-000"))
	}
	return strings.Join(all, " ")
}

func TestDigest(t *testing.T) {
	d := revue.Of(input(revue.ForStaff))
	for part, lines := range map[string][]revue.Line{"1 5 6": d.Open, "1": d.Late, "2": d.Answered, "7 4": d.Ended} {
		if got := references(lines); got != part {
			t.Errorf("%s, want %s", got, part)
		}
	}
	if len(d.Parts) != 1 || d.Parts[0] != (revue.Part{Reference: "2026-0001", Direction: "SUD", Lead: "NORD", Day: convention.DayOf(at.AddDate(0, 0, -1)), Late: true}) {
		t.Errorf("parts %v", d.Parts)
	}
	want := []revue.Count{{Open: 1}, {Code: "NORD", Open: 1, Late: 1, Answered: 1}, {Code: "SUD", Open: 1, Ended: 2, Parts: 1}}
	if !slices.Equal(d.Directions, want) {
		t.Errorf("directions %+v", d.Directions)
	}
	if d.Quiet() || !revue.Of(revue.Input{}).Quiet() {
		t.Error("quiet")
	}
	said := d.Document().Markdown()
	for _, part := range []string{"oui, voici comment", "raison interne", "Ada Fictive", "interne, à ne pas transmettre", "## Demandes ouvertes", `Qui finance \| le houblon ?`, "01/05/2026", "Fabrique fictive 1"} {
		if !strings.Contains(said, part) {
			t.Errorf("the staff's version does not say %q:\n%s", part, said)
		}
	}
}

// The version of an EPCI holds no internal note, in whatever form it is read.
func TestTheVersionOfAnEPCIHoldsNoInternalNote(t *testing.T) {
	d := revue.Of(input(revue.ForEPCI))
	data, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	for form, text := range map[string]string{"json": string(data), "markdown": d.Document().Markdown(), "message": d.Message()} {
		for _, internal := range []string{"voici comment", "raison interne", "vieille", "Ada", "associée", "parts"} {
			if strings.Contains(text, internal) {
				t.Errorf("%s says %q:\n%s", form, internal, text)
			}
		}
	}
	if !strings.Contains(d.Document().Markdown(), "Version de l'EPCI") {
		t.Error("the version is not named")
	}
	if m := d.Message(); strings.Contains(m, "Fabrique") || !strings.Contains(m, "3 demandes ouvertes, dont 1 en retard") || !strings.Contains(m, "En retard : 2026-0001") {
		t.Errorf("message:\n%s", m)
	}
}

func TestLongPartsAreCutAndSaySo(t *testing.T) {
	in := input(revue.ForEPCI)
	in.Listed = 2
	said := revue.Of(in).Document().Markdown()
	if !strings.Contains(said, "Et 1 de plus.") || strings.Contains(said, "2026-0006") {
		t.Error(said)
	}
}

func TestTheRegionCountsByEPCI(t *testing.T) {
	in := input(revue.ForStaff)
	in.EPCIs = map[string]string{"200000000": "Communauté fictive"}
	d := revue.Of(in)
	if len(d.EPCIs) != 1 || d.EPCIs[0] != (revue.Count{Code: "200000000", Name: "Communauté fictive", Open: 3, Late: 1, Answered: 1, Ended: 2}) {
		t.Errorf("%+v", d.EPCIs)
	}
	if said := d.Document().Markdown(); !strings.Contains(said, "## Par EPCI") || strings.Contains(said, "## Demandes ouvertes") {
		t.Error(said)
	}
}
