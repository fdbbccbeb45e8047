// Package sheettest is the suite that every store of sheets passes. Imported by tests only. Its directions, EPCIs and companies
// are fictional.
package sheettest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"guichet/routing"
	"guichet/routing/ledger"
	"guichet/routing/sheet"
)

// What the store under test must know.
var (
	Settings = routing.Sheets{Direction: "NORD", Reminders: []int{5, 2}, Reasons: []routing.SheetReason{{Code: "foncier", Label: "pas de terrain"}, {Code: "autre", Label: "autre raison"}}}
	Names    = map[string]string{"200000001": "CA Fictive", "200000002": "CC Imaginaire", "200000003": "CC Inventée"}
	Officers = map[string]routing.Officer{"200000002": {Name: "Camille Fictive"}}
)

// Office is a store of sheets beside a ledger, in one database.
type Office struct {
	Sheets   sheet.Store
	Requests ledger.Store
}

var (
	noon  = time.Date(2026, 3, 2, 12, 0, 0, 123456000, time.UTC)
	staff = ledger.Viewer{Staff: true}
)

// first tells that only the first EPCI has a channel.
func first(_ context.Context, epci string) (bool, error) { return epci == "200000001", nil }

func project() sheet.Sheet {
	return sheet.Sheet{
		Title: "Unité de tri", Sought: "Un terrain viabilisé", Company: "Tricolle fictive", Withheld: true, Deadline: "2026-03-20",
		Criteria:    []sheet.Criterion{{Label: "Surface", Kind: sheet.Number, Unit: "ha", Least: "2"}, {Label: "Rail", Kind: sheet.YesNo}, {Label: "Vocation", Kind: sheet.Text}},
		Territories: []string{"200000003", "200000001", "200000002", "200000001"},
	}
}

func sent(t *testing.T, o Office, s sheet.Sheet) sheet.Sheet {
	t.Helper()
	s, err := o.Sheets.New(t.Context(), s, "Ada", noon)
	if err == nil {
		s, err = o.Sheets.Send(t.Context(), s.Reference, first, "Ada", noon)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func answer(t *testing.T, o Office, reference string, a sheet.Answer) {
	t.Helper()
	if a.At.IsZero() {
		a.At = noon.Add(time.Hour)
	}
	if _, err := o.Sheets.Answer(t.Context(), reference, a); err != nil {
		t.Fatal(err)
	}
}

// told gives the notices of sheets, « kind recipient », sorted.
func told(t *testing.T, o Office) (all []string, texts string) {
	t.Helper()
	notices, err := o.Requests.Notices(t.Context(), staff, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range notices {
		if strings.HasPrefix(string(n.Kind), "sheet") {
			all = append(all, string(n.Kind)+" "+n.Recipient())
			texts += n.Text + "\n"
		}
	}
	slices.Sort(all)
	return all, texts
}

// Run runs the suite; open gives a new office.
func Run(t *testing.T, open func(t *testing.T) Office) {
	for name, test := range map[string]func(*testing.T, Office){
		"life": life, "confidential": confidential, "stages": stages, "reminders": reminders, "back to who asked": back, "refusals": refusals,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func life(t *testing.T, o Office) {
	s := sent(t, o, project())
	if s.Reference != "P-2026-0001" || s.Stage != sheet.Sent || !slices.Equal(s.Territories, []string{"200000001", "200000002", "200000003"}) || !s.SentAt.Equal(noon) {
		t.Fatalf("%+v", s)
	}
	notices, texts := told(t, o)
	if !slices.Equal(notices, []string{"sheet EPCI 200000001", "sheet NORD", "sheet NORD"}) {
		t.Error(notices)
	}
	for _, part := range []string{"1. Surface (ha) >= 2", "CC Imaginaire (Camille Fictive le suit)", "20/03/2026", "/guichet fiche P-2026-0001"} {
		if !strings.Contains(texts, part) {
			t.Errorf("no %q in\n%s", part, texts)
		}
	}
	answer(t, o, s.Reference, sheet.Answer{EPCI: "200000001", Values: []string{"1,5", "oui", ""}, By: "Bo"})
	answer(t, o, s.Reference, sheet.Answer{EPCI: "200000001", Values: []string{"3", "oui", ""}, By: "Bo", At: noon.Add(2 * time.Hour)})
	answer(t, o, s.Reference, sheet.Answer{EPCI: "200000002", Declined: "foncier", Text: "tout est pris", By: "Ada"})
	if err := o.Sheets.Round(t.Context(), time.Date(2026, 3, 20, 12, 0, 0, 0, time.UTC), first); err != nil {
		t.Fatal(err)
	}
	if s, _ = o.Sheets.Get(t.Context(), staff, s.Reference); s.Stage != sheet.Sent {
		t.Errorf("%s on the last day", s.Stage)
	}
	for range 2 {
		if err := o.Sheets.Round(t.Context(), time.Date(2026, 3, 21, 12, 0, 0, 0, time.UTC), first); err != nil {
			t.Fatal(err)
		}
	}
	s, err := o.Sheets.Get(t.Context(), staff, s.Reference)
	if err != nil || s.Stage != sheet.Returned {
		t.Fatalf("%+v, %v", s, err)
	}
	var kinds []string
	for _, e := range s.Events {
		kinds = append(kinds, string(e.Kind)+" "+e.By)
	}
	if !slices.Equal(kinds, []string{"created Ada", "sent Ada", "answered Bo", "answered Bo", "answered Ada", "closed guichet", "returned guichet"}) || !strings.Contains(s.Events[2].Why, "Surface : 1,5 ha") {
		t.Errorf("%v", s.Events)
	}
	if notices, texts = told(t, o); !slices.Contains(notices, "sheet_returned NORD") || !strings.Contains(texts, "1 offre, 1 refus, 1 sans réponse") || strings.Contains(texts, "tout est pris") {
		t.Error(notices, texts)
	}
	stats := sheet.Stats([]sheet.Sheet{s}, Names)
	if len(stats) != 3 || stats[0].EPCI != "200000003" || stats[0].Silent != 1 || stats[2].Declined["foncier"] != 1 || stats[1].Offers != 1 {
		t.Errorf("%+v", stats)
	}
}

func confidential(t *testing.T, o Office) {
	s := sent(t, o, project())
	answer(t, o, s.Reference, sheet.Answer{EPCI: "200000001", Text: "offre de la première", By: "Bo Fictif"})
	answer(t, o, s.Reference, sheet.Answer{EPCI: "200000002", Declined: "autre", Text: "secret de la seconde", By: "Al"})
	draft, err := o.Sheets.New(t.Context(), project(), "Ada", noon)
	if err != nil {
		t.Fatal(err)
	}
	own := ledger.Viewer{EPCI: "200000002"}
	seen, err := o.Sheets.Get(t.Context(), own, s.Reference)
	if err != nil {
		t.Fatal(err)
	}
	list, err := o.Sheets.List(t.Context(), own)
	if err != nil || len(list) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	for _, f := range []sheet.Sheet{seen, list[0]} {
		data, err := json.Marshal(f)
		if err != nil || !strings.Contains(string(data), "secret de la seconde") {
			t.Errorf("%s, %v", data, err)
		}
		for _, hidden := range []string{"première", "Bo", "200000001", "200000003", "Tricolle", "Ada"} {
			if strings.Contains(string(data), hidden) {
				t.Errorf("%q is seen: %s", hidden, data)
			}
		}
	}
	if _, texts := told(t, o); strings.Contains(texts, "Tricolle") {
		t.Error(texts)
	}
	for _, v := range []ledger.Viewer{{EPCI: "200000009"}, {Person: "slack/U1"}, {Channel: "slack/C1", Thread: "1"}} {
		if _, err := o.Sheets.Get(t.Context(), v, s.Reference); !errors.Is(err, sheet.ErrNotFound) {
			t.Errorf("%+v: %v", v, err)
		}
		if list, err := o.Sheets.List(t.Context(), v); err != nil || len(list) != 0 {
			t.Errorf("%+v: %v, %v", v, list, err)
		}
	}
	if _, err := o.Sheets.Get(t.Context(), own, draft.Reference); !errors.Is(err, sheet.ErrNotFound) {
		t.Errorf("a draft: %v", err)
	}
	if _, err := o.Sheets.List(t.Context(), ledger.Viewer{}); !errors.Is(err, ledger.ErrNoViewer) {
		t.Error(err)
	}
	if all, err := o.Sheets.List(t.Context(), staff); err != nil || len(all) != 2 {
		t.Errorf("%v, %v", all, err)
	}
}

func stages(t *testing.T, o Office) {
	s := sent(t, o, project())
	if _, err := o.Sheets.Send(t.Context(), s.Reference, first, "Ada", noon); !errors.Is(err, sheet.ErrStage) {
		t.Errorf("sent twice: %v", err)
	}
	if _, err := o.Sheets.Return(t.Context(), s.Reference, "Ada", noon); !errors.Is(err, sheet.ErrStage) {
		t.Errorf("returned before it is closed: %v", err)
	}
	if _, err := o.Sheets.Answer(t.Context(), s.Reference, sheet.Answer{EPCI: "200000009", At: noon}); !errors.Is(err, sheet.ErrNotFound) {
		t.Errorf("of another territory: %v", err)
	}
	if _, err := o.Sheets.Answer(t.Context(), s.Reference, sheet.Answer{EPCI: "200000001", At: noon.AddDate(0, 0, 19)}); !errors.Is(err, sheet.ErrOver) {
		t.Errorf("after the deadline: %v", err)
	}
	if _, err := o.Sheets.Close(t.Context(), s.Reference, "le projet est abandonné", "Ada", noon); err != nil {
		t.Error(err)
	}
	if _, err := o.Sheets.Answer(t.Context(), s.Reference, sheet.Answer{EPCI: "200000001", At: noon}); !errors.Is(err, sheet.ErrStage) {
		t.Errorf("closed: %v", err)
	}
	if s, err := o.Sheets.Return(t.Context(), s.Reference, "Ada", noon); err != nil || s.Stage != sheet.Returned {
		t.Errorf("%v, %v", s, err)
	}
	if _, err := o.Sheets.Get(t.Context(), staff, "P-2026-0099"); !errors.Is(err, sheet.ErrNotFound) {
		t.Error(err)
	}
}

func reminders(t *testing.T, o Office) {
	s := sent(t, o, project())
	answer(t, o, s.Reference, sheet.Answer{EPCI: "200000001", Declined: "autre", By: "Bo"})
	count := func() (n int) {
		t.Helper()
		notices, _ := told(t, o)
		for _, line := range notices {
			if strings.HasPrefix(line, "sheet_reminder") {
				n++
				if line != "sheet_reminder NORD" { // the one that has a channel has answered
					t.Error(line)
				}
			}
		}
		return n
	}
	for _, row := range []struct{ day, want int }{{14, 0}, {15, 2}, {16, 2}, {18, 4}, {19, 4}, {20, 4}} {
		for range 2 {
			if err := o.Sheets.Round(t.Context(), time.Date(2026, 3, row.day, 12, 0, 0, 0, time.UTC), first); err != nil {
				t.Fatal(err)
			}
		}
		if n := count(); n != row.want {
			t.Errorf("on the %dth: %d reminders, want %d", row.day, n, row.want)
		}
	}
}

// back: the comparison goes to the person's own conversation; where others may read, the lead is told how many answered.
func back(t *testing.T, o Office) {
	for n, c := range []struct {
		channel, person, want string
	}{
		{"slack/U1", "slack/U1", "sheet_returned slack/U1"},
		{"slack/C1", "slack/U1", "sheet_returned EST"},
		{"web", "", "sheet_returned EST"},
	} {
		r, _, err := o.Requests.Take(t.Context(), ledger.Intake{
			Channel: c.channel, Person: c.person, Message: fmt.Sprint(n), Thread: fmt.Sprint(n), Text: "un terrain", Company: ledger.Company{Name: fmt.Sprint("Fabrique fictive ", n, n, n)},
			Decision: routing.Decision{Lead: "EST"}, EntryPoint: "NORD", Deadline: noon, At: noon,
		})
		if err != nil {
			t.Fatal(err)
		}
		s := project()
		s.Request = r.Reference
		s = sent(t, o, s)
		answer(t, o, s.Reference, sheet.Answer{EPCI: "200000001", Values: []string{"3", "non", "industrie"}, By: "Bo"})
		if _, err := o.Sheets.Close(t.Context(), s.Reference, "assez", "Ada", noon); err != nil {
			t.Fatal(err)
		}
		if _, err := o.Sheets.Return(t.Context(), s.Reference, "Ada", noon.Add(time.Duration(n)*time.Second)); err != nil {
			t.Fatal(err)
		}
		notices, _ := told(t, o)
		if !slices.Contains(notices, c.want) {
			t.Errorf("%s: %v", c.channel, notices)
		}
		// The request's history tells it to the staff, and to nobody else: others answered too.
		seen := func(v ledger.Viewer) (all []string) {
			r, err := o.Requests.Get(t.Context(), v, r.Reference)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range r.Events {
				if e.Kind == ledger.Projected && e.Other == s.Reference {
					all = append(all, e.By+" "+e.Why)
				}
			}
			return all
		}
		if all := seen(staff); len(all) != 5 || all[0] != "Ada « Unité de tri », écrite" || !strings.HasPrefix(all[2], "Bo « Unité de tri », réponse, CA Fictive, ") ||
			all[3] != "Ada « Unité de tri », close, assez" || !strings.Contains(all[4], "réponses rendues") {
			t.Errorf("the request's history has %q", all)
		}
		if all := seen(ledger.Viewer{Channel: r.Channel, Thread: r.Thread}); len(all) > 0 {
			t.Errorf("the asker sees %q", all)
		}
		all, err := o.Requests.Notices(t.Context(), staff, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range all {
			if n.Kind == ledger.SheetReturned && n.To != "" && strings.Contains(n.Text, "CA Fictive") || n.Kind == ledger.SheetReturned && n.To == "" && !strings.Contains(n.Text, "CA Fictive : 2 sur 3") {
				t.Errorf("%+v", n)
			}
		}
	}
}

func refusals(t *testing.T, o Office) {
	for name, change := range map[string]func(*sheet.Sheet){
		"no title":      func(s *sheet.Sheet) { s.Title = " " },
		"no territory":  func(s *sheet.Sheet) { s.Territories = nil },
		"over":          func(s *sheet.Sheet) { s.Deadline = "2026-03-01" },
		"name given":    func(s *sheet.Sheet) { s.Sought = "Un terrain pour Tricolle Fictive" },
		"other request": func(s *sheet.Sheet) { s.Request = "2026-0099" },
	} {
		s := project()
		change(&s)
		if _, err := o.Sheets.New(t.Context(), s, "Ada", noon); err == nil {
			t.Errorf("%s: written", name)
		}
	}
	if all, err := o.Sheets.List(t.Context(), staff); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
	s, err := o.Sheets.New(t.Context(), project(), "Ada", noon)
	if err != nil {
		t.Fatal(err)
	}
	broken := func(context.Context, string) (bool, error) { return false, errors.New("panne") }
	if _, err := o.Sheets.Send(t.Context(), s.Reference, broken, "Ada", noon); err == nil {
		t.Error("sent")
	}
	notices, _ := told(t, o)
	if s, err = o.Sheets.Get(t.Context(), staff, s.Reference); err != nil || s.Stage != sheet.Draft || len(notices) > 0 {
		t.Errorf("half sent: %s, %v, %v", s.Stage, notices, err)
	}
}
