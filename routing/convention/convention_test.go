package convention

import (
	"errors"
	"strings"
	"testing"
	"time"

	"guichet/routing"
)

var c = Convention{ID: "F-1", Type: "aides", EPCI: "200018083", Start: "2026-01-01", End: "2026-12-31", Signed: "2025-12-15"}

func TestStateAtTheBounds(t *testing.T) {
	signedLate, open := c, c
	signedLate.Signed = "2026-03-02"
	open.Signed = ""
	for _, row := range []struct {
		name string
		c    Convention
		on   Day
		want State
	}{
		{"the day before it is signed", c, "2025-12-14", Unsigned},
		{"the day it is signed", c, "2025-12-15", NotYet},
		{"the eve of its start", c, "2025-12-31", NotYet},
		{"its first day", c, "2026-01-01", InForce},
		{"its last day", c, "2026-12-31", InForce},
		{"the day after", c, "2027-01-01", Ended},
		{"started, not signed yet", signedLate, "2026-03-01", Unsigned},
		{"started before it was signed", signedLate, "2026-03-02", InForce},
		{"never signed", open, "2026-06-01", Unsigned},
		{"never signed and over", open, "2027-06-01", Unsigned},
	} {
		if got := row.c.State(row.on); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
		if row.c.State(row.on).Label() == "" {
			t.Errorf("%s: no label", row.name)
		}
	}
}

func TestAlertAtTheBounds(t *testing.T) {
	days := []int{180, 90, 30}
	for _, row := range []struct {
		on   Day
		want int
	}{
		{"2026-07-03", 0}, {"2026-07-04", 180}, {"2026-10-01", 180}, {"2026-10-02", 90}, {"2026-11-30", 90}, {"2026-12-01", 30}, {"2026-12-31", 30}, {"2027-01-01", 0},
	} {
		if got, ok := c.Alert(days, row.on); got != row.want || ok != (row.want > 0) {
			t.Errorf("%s: %d, want %d", row.on, got, row.want)
		}
	}
	unsigned := c
	unsigned.Signed = ""
	if _, ok := unsigned.Alert(days, "2026-12-15"); ok {
		t.Error("an alert for a convention that is not signed")
	}
	if _, ok := c.Alert(nil, "2026-12-15"); ok {
		t.Error("an alert on no day")
	}
}

// Days are those of Paris, and alerts leave at nine there.
func TestDays(t *testing.T) {
	for _, row := range []struct {
		at         string
		day, alert Day
	}{
		{"2026-12-31T22:59:00Z", "2026-12-31", "2026-12-31"},
		{"2026-12-31T23:00:00Z", "2027-01-01", "2026-12-31"},
		{"2027-01-01T07:59:00Z", "2027-01-01", "2026-12-31"},
		{"2027-01-01T08:00:00Z", "2027-01-01", "2027-01-01"},
		{"2026-07-04T06:59:00Z", "2026-07-04", "2026-07-03"},
		{"2026-07-04T07:00:00Z", "2026-07-04", "2026-07-04"},
	} {
		at, err := time.Parse(time.RFC3339, row.at)
		if err != nil {
			t.Fatal(err)
		}
		if DayOf(at) != row.day || AlertDay(at) != row.alert {
			t.Errorf("%s: %s and %s", row.at, DayOf(at), AlertDay(at))
		}
	}
	if got := Day("2026-12-31").Add(-180); got != "2026-07-04" || got.Until("2026-12-31") != 180 {
		t.Error(got, got.Until("2026-12-31"))
	}
	for text, want := range map[string]Day{"2026-02-28": "2026-02-28", " 28/02/2026 ": "2026-02-28", "": "", "29/02/2028": "2028-02-29"} {
		if got, err := ParseDay(text); err != nil || got != want {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"2026-02-30", "31/02/2026", "28/02/26", "2026-2-28", "demain", "0026-01-01", "02-28-2026"} {
		if got, err := ParseDay(text); err == nil {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func FuzzParseDay(f *testing.F) {
	f.Add("2026-02-28")
	f.Add("28/02/2026")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseDay(text)
		if err != nil || d == "" {
			return
		}
		if again, err := ParseDay(d.French()); err != nil || again != d {
			t.Errorf("%q: %q, then %q, %v", text, d, again, err)
		}
	})
}

func TestMissing(t *testing.T) {
	ended, unsigned, next := c, c, c
	ended.ID, ended.EPCI, ended.End = "F-2", "2", "2026-05-31"
	unsigned.ID, unsigned.EPCI, unsigned.Signed = "F-3", "3", ""
	next.ID, next.EPCI, next.Start = "F-4", "4", "2026-06-02"
	all := []Convention{c, ended, unsigned, next}
	for on, want := range map[Day]string{"2026-05-31": "5 4 3", "2026-06-01": "5 4 3 2", "2026-06-02": "5 3 2", "2027-01-01": "5 4 3 2 200018083"} {
		if got := strings.Join(Missing(all, []string{"5", "4", "3", "2", "200018083"}, on), " "); got != want {
			t.Errorf("%s: %s, want %s", on, got, want)
		}
	}
}

func TestChain(t *testing.T) {
	link := func(id, renews string, end Day) Convention {
		return Convention{ID: id, Renews: renews, EPCI: c.EPCI, Start: "2020-01-01", End: end, Signed: "2020-01-01"}
	}
	all := []Convention{link("C", "B", "2026-12-31"), link("A", "", "2022-12-31"), link("X", "", "2025-12-31"), link("B", "A", "2024-12-31"), link("D", "B", "2027-12-31"), link("E", "perdue", "2027-12-31")}
	for id, want := range map[string]string{"A": "A B C D", "D": "A B C D", "X": "X", "E": "E"} {
		var got []string
		for _, c := range Chain(all, id) {
			got = append(got, c.ID)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", id, got, want)
		}
	}
	if !all[1].Renewed(all, "2024-01-01") || all[2].Renewed(all, "2024-01-01") {
		t.Error("A is renewed by B, X by nobody")
	}
	if err := CheckRenewals(all[:5]); err != nil {
		t.Error(err)
	}
	if err := CheckRenewals(all); err == nil {
		t.Error("E renews nothing that is known")
	}
}

func TestCheck(t *testing.T) {
	known := Known{
		Types: []routing.ConventionType{{Code: "aides"}, {Code: "cadre"}},
		EPCI:  func(s string) bool { return s == c.EPCI }, Theme: func(s string) bool { return s == "export" || s == "creation" },
	}
	good := c
	good.Themes, good.Document = []string{"export", "creation"}, "https://exemple.invalid/convention.pdf"
	if err := Check(good, known); err != nil {
		t.Error(err)
	}
	for reason, wrong := range map[string]func(c *Convention){
		"identifiant":         func(c *Convention) { c.ID = "" },
		"« . _ / - »":         func(c *Convention) { c.ID = "deux mots" },
		"type « x » inconnu":  func(c *Convention) { c.Type = "x" },
		"un SIREN":            func(c *Convention) { c.EPCI = "200018084" },
		"EPCI du registre":    func(c *Convention) { c.EPCI = "552100554" },
		"thème « x » inconnu": func(c *Convention) { c.Themes = []string{"x"} },
		"deux fois":           func(c *Convention) { c.Themes = []string{"export", "export"} },
		"début manque":        func(c *Convention) { c.Start = "" },
		"fin manque":          func(c *Convention) { c.End = "" },
		"avant de commencer":  func(c *Convention) { c.End = "2025-12-31" },
		"après sa fin":        func(c *Convention) { c.Signed = "2027-01-01" },
		"document":            func(c *Convention) { c.Document = "une fiche" },
	} {
		c := c
		wrong(&c)
		err := Check(c, known)
		if err == nil || !strings.Contains(err.Error(), reason) || !errors.As(err, new(Problem)) {
			t.Errorf("%s: %v", reason, err)
		}
	}
}
