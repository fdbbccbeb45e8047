package steering_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"guichet/migrations/databasetest"
	"guichet/routing"
	"guichet/routing/ledger"
	"guichet/routing/ledger/ledgertest"
	"guichet/routing/ledger/sqlledger"
	"guichet/routing/ledger/steering"
	"guichet/routing/ledger/steering/steeringtest"
)

// Four EPCI of two communes in two départements; the last one never writes.
var (
	places = []ledger.Place{
		{Commune: "c1", EPCI: "e1", Departement: "d1"}, {Commune: "c2", EPCI: "e1", Departement: "d1"}, {Commune: "c3", EPCI: "e2", Departement: "d1"},
		{EPCI: "e3", Departement: "d2"}, {Departement: "d2"}, {},
	}
	epcis = []routing.Zone{{ID: "e1", Name: "EPCI un"}, {ID: "e2", Name: "EPCI deux"}, {ID: "e3", Name: "EPCI trois"}, {ID: "e4", Name: "EPCI quatre"}}
	cut   = routing.NewCut(routing.Cut{ID: "epci", Name: "EPCI", Directions: []string{"EST"}, Zones: epcis}, []routing.Located{
		{Commune: "c1", EPCI: "e1", Departement: "d1", Zone: 0}, {Commune: "c2", EPCI: "e1", Departement: "d1", Zone: 0},
		{Commune: "c3", EPCI: "e2", Departement: "d1", Zone: 1}, {Commune: "c5", EPCI: "e3", Departement: "d2", Zone: 2}, {Commune: "c7", EPCI: "e4", Departement: "d2", Zone: 3},
	})
	settings = routing.Steering{InactiveDays: 30, Ages: []int{7, 30}, RepeatedGap: 3, Cuts: []routing.Cut{cut}}
	afterAll = date("2026-07-01")
)

func board(store ledger.Store) steering.Board {
	b := steering.Board{
		Store: store, Agenda: agenda, Settings: settings, Directions: codes, EPCIs: epcis,
		Gaps: func(context.Context, time.Time, time.Time) ([]steering.Gap, error) {
			return []steering.Gap{{Question: "Quel taux ?", Count: 4}, {Question: "Quel prêt ?", Count: 2}}, nil
		},
	}
	for _, theme := range themes {
		b.Themes = append(b.Themes, steering.Theme{ID: theme, Name: "thème " + theme})
	}
	return b
}

func ask(t *testing.T, b steering.Board, q steering.Question) steering.Report {
	t.Helper()
	if q.Now.IsZero() {
		q.Now = afterAll
	}
	r, err := b.Report(t.Context(), staff, q)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func row(t *testing.T, r steering.Report, id string) steering.Row {
	t.Helper()
	i := slices.IndexFunc(r.Rows, func(row steering.Row) bool { return row.ID == id })
	if i < 0 {
		t.Fatalf("no indicator %s", id)
	}
	return r.Rows[i]
}

func TestEveryIndicatorIsTheOneOfTheEventLog(t *testing.T) { databasetest.Each(t, everyIndicator) }

func everyIndicator(t *testing.T, e databasetest.Engine) {
	requests := 2000
	if e == databasetest.PostgreSQL {
		requests = 800 // each statement crosses to the server: the same events would take minutes
	}
	l := halfYear(t, e.New(t), 20260105, requests, places)
	var log []ledger.Request
	lives := map[string][]steeringtest.Spell{}
	kinds := map[ledger.EventKind]int{}
	if err := l.Lives(t.Context(), staff, ledger.Span{}, func(r ledger.Request) error {
		log, lives[r.Reference] = append(log, r), steeringtest.Spells(r.Events)
		for _, event := range r.Events {
			kinds[event.Kind]++
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d requests, events %v", len(log), kinds)
	for _, kind := range []ledger.EventKind{ledger.Assigned, ledger.StatusSet, ledger.AnswerGiven, ledger.Reopened, ledger.Escalated, ledger.Reminded} {
		if kinds[kind] < 50 {
			t.Errorf("%d events %s: the log shows too little", kinds[kind], kind)
		}
	}
	zoneOf := func(r ledger.Request) string { return r.Place.EPCI }
	b := board(l)
	for _, q := range []steering.Question{
		{From: date("2026-01-05"), Until: date("2026-07-01"), Cut: "epci"},
		{From: date("2026-03-01"), Until: date("2026-04-01"), Cut: "epci"},
		{From: date("2026-04-15"), Until: date("2026-06-20"), Direction: "SUD"},
		{From: date("2026-02-01"), Until: date("2026-05-09"), Cut: "epci", Zone: "e2"},
		{From: date("2026-01-01"), Until: date("2027-01-01"), Now: date("2026-05-04 15:20"), Direction: "EST", Zone: "e1"}, // its own cut
	} {
		r := ask(t, b, q)
		until := q.Until
		if !q.Now.IsZero() && q.Now.Before(until) {
			until = q.Now.Add(time.Microsecond)
		} else if afterAll.Before(until) {
			until = afterAll
		}
		whole := steeringtest.Scope{From: q.From, Until: until, Direction: q.Direction, Zone: q.Zone}
		same := func(what string, got steering.Figure, id string, s steeringtest.Scope) {
			t.Helper()
			want, known := steeringtest.Value(id, log, lives, s, zoneOf, delays)
			if math.Abs(got.Value-want) > 1e-9 || got.Known != known {
				t.Errorf("%s of %s: %v (known %v), computed separately %v (%v)", id, what, got.Value, got.Known, want, known)
			}
		}
		checked := 0
		for _, row := range r.Rows {
			if row.List != nil {
				continue
			}
			checked++
			what := fmt.Sprintf("%s to %s %s %s", q.From.Format(time.DateOnly), q.Until.Format(time.DateOnly), q.Direction, q.Zone)
			same(what, row.All, row.ID, whole)
			for i, p := range r.Periods {
				s := whole
				s.From, s.Until = p.From, p.Until
				same(what+" "+p.Label, row.Trend[i], row.ID, s)
			}
			for _, code := range codes {
				s := whole
				if s.Direction = code; q.Direction == "" || q.Direction == code {
					same(what+" "+code, partOf(row.Directions, row.Indicator, code), row.ID, s)
				}
			}
			for _, zone := range r.Cut.Zones {
				s := whole
				if s.Zone = zone.ID; q.Zone == "" || q.Zone == zone.ID {
					same(what+" "+zone.ID, partOf(row.Zones, row.Indicator, zone.ID), row.ID, s)
				}
			}
		}
		if checked < 14 {
			t.Errorf("%d indicators were compared", checked)
		}
		if owner := row(t, r, "without-owner"); owner.All.Value != 0 {
			t.Errorf("%v requests without an owner", owner.All.Value)
		}
		lists(t, r, log, whole)
	}
}

// partOf gives the figure of a part; one that is not told has no case.
func partOf(parts []steering.Part, i steering.Indicator, code string) steering.Figure {
	for _, p := range parts {
		if p.Code == code {
			return p.Figure
		}
	}
	return steering.Figure{Known: i.Stock != nil || i.Sum == steering.Total}
}

// lists compares what is told of the territory, and the ages.
func lists(t *testing.T, r steering.Report, log []ledger.Request, s steeringtest.Scope) {
	t.Helper()
	leadAt := func(request ledger.Request) (lead, status string) {
		for _, p := range steeringtest.Spells(request.Events) {
			if p.Began.Before(s.Until) {
				lead, status = p.Lead, p.Status
			}
		}
		return lead, status
	}
	var inactive, blank []string
	for _, e := range epcis {
		if s.Zone != "" && e.ID != s.Zone {
			continue
		}
		active := false
		asked := map[string]bool{}
		for _, request := range log {
			at := request.Events[0].At
			lead, _ := leadAt(request)
			if request.Place.EPCI != e.ID || !at.Before(s.Until) || s.Direction != "" && lead != s.Direction {
				continue
			}
			active = active || !at.Before(s.Until.AddDate(0, 0, -settings.InactiveDays))
			if at.Before(s.From) {
				continue
			}
			theme := ""
			for _, event := range request.Events {
				if event.Decision != nil && event.At.Before(s.Until) && theme == "" {
					theme = event.Decision.Facts[0].Value.(string)
				}
			}
			asked[theme] = true
		}
		if !active {
			inactive = append(inactive, e.ID)
		}
		for _, theme := range themes {
			if !asked[theme] {
				blank = append(blank, e.ID+" thème "+theme)
			}
		}
	}
	var gotInactive, gotBlank []string
	for _, item := range row(t, r, "inactive-epci").Items {
		gotInactive = append(gotInactive, item.Code)
	}
	for _, item := range row(t, r, "blank-zones").Items {
		gotBlank = append(gotBlank, item.Code+" "+item.Theme)
	}
	if !slices.Equal(gotInactive, inactive) || len(inactive) == 0 && s.Zone == "" {
		t.Errorf("inactive %v, computed separately %v", gotInactive, inactive)
	}
	if !slices.Equal(gotBlank, blank) || len(blank) == 0 && s.Zone == "" {
		t.Errorf("blank zones %v, computed separately %v", gotBlank, blank)
	}
	ages := map[string][3]int{}
	for _, request := range log {
		lead, status := leadAt(request)
		if !request.Events[0].At.Before(s.Until) || !steeringtest.IsOpen(status) || s.Direction != "" && lead != s.Direction || s.Zone != "" && request.Place.EPCI != s.Zone {
			continue
		}
		days := 0
		for day := request.Events[0].At.In(paris); day.Format(time.DateOnly) < s.Until.Add(-time.Nanosecond).In(paris).Format(time.DateOnly); day = day.AddDate(0, 0, 1) {
			days++
		}
		counts := ages[lead]
		switch {
		case days < 7:
			counts[0]++
		case days < 30:
			counts[1]++
		default:
			counts[2]++
		}
		ages[lead] = counts
	}
	got := map[string][3]int{}
	for _, a := range r.Ages.Rows {
		got[a.Code] = [3]int(a.Counts)
	}
	if fmt.Sprint(got) != fmt.Sprint(ages) {
		t.Errorf("ages %v, computed separately %v", got, ages)
	}
}

// story is a request written by hand: each line is a time and what is done.
type deed struct{ at, what string }

func tell(t *testing.T, l *sqlledger.Ledger, deeds []deed) {
	t.Helper()
	ctx := t.Context()
	reference := ""
	for i, d := range deeds {
		at := date(d.at)
		var err error
		var r ledger.Request
		switch d.what {
		case "new", "again":
			in := ledger.Intake{Channel: "web", Message: fmt.Sprint(i), Thread: fmt.Sprint(i), Text: "Un message", At: at, Company: ledger.Company{SIREN: "000000001"},
				Place: places[0], Decision: decisionOf("NORD", "export"), EntryPoint: "ACCUEIL", Deadline: at.Add(48 * time.Hour)}
			var joined bool
			if r, joined, err = l.Take(ctx, in); joined != (d.what == "again") {
				t.Errorf("%s: joined %v", d.what, joined)
			}
			reference = r.Reference
		case "take":
			_, err = l.SetStatus(ctx, reference, ledger.Taken, "", "Ada", at)
		case "close":
			_, err = l.SetStatus(ctx, reference, ledger.Closed, "rien", "Ada", at)
		case "answer":
			_, err = l.Answer(ctx, reference, "Voilà.", "Ada", at)
		case "reopen":
			_, err = l.Reopen(ctx, reference, "encore", "Cy", at)
		case "join", "split":
			if d.what == "split" {
				_, err = l.Split(ctx, reference, 0, "autre entreprise", "Ada", at)
				break
			}
			in := ledger.Intake{Channel: "web", Message: "kept", Thread: "kept", Text: "Une autre", At: date("2026-01-05 10:00"), Company: ledger.Company{Name: "Fictive"},
				Place: places[0], Decision: decisionOf("SUD", "export"), EntryPoint: "ACCUEIL", Deadline: at}
			if r, _, err = l.Take(ctx, in); err == nil {
				_, err = l.Join(ctx, r.Reference, reference, "la même", "Ada", at)
			}
		case "follow":
			err = l.FollowUp(ctx, reference, at)
		default:
			_, err = l.Assign(ctx, reference, d.what, "", "pas pour nous", "Ada", at)
		}
		if err != nil {
			t.Fatalf("%s: %v", d.what, err)
		}
	}
}

func TestBounds(t *testing.T) {
	const none = -1
	for _, c := range []struct {
		name  string
		deeds []deed
		want  map[string]float64
	}{
		// 1 May 2026 is a public holiday, a Friday: the third working day after Tuesday 28 April is Monday 4 May.
		{"taken on the third working day, a public holiday in between", []deed{{"2026-04-28 10:00", "new"}, {"2026-05-04 23:59", "take"}},
			map[string]float64{"taken-within-3": 100, "taken-within-5": 100, "time-to-take-median": 3, "backlog": 1, "late": 1}},
		{"taken a minute after it", []deed{{"2026-04-28 10:00", "new"}, {"2026-05-05 00:00", "take"}},
			map[string]float64{"taken-within-3": 0, "taken-within-5": 100, "time-to-take-median": 4, "time-to-take-p90": 4}},
		{"not taken, the day not over", []deed{{"2026-05-27 10:00", "new"}},
			map[string]float64{"taken-within-3": none, "taken-within-5": none, "time-to-take-median": none, "backlog": 1, "late": 0}},
		{"not taken, the third day over", []deed{{"2026-05-22 10:00", "new"}}, // Whit Monday does not count
			map[string]float64{"taken-within-3": 0, "taken-within-5": none, "late": 1}},
		{"answered on the last day, 1 May, 8 May and Ascension in between", []deed{{"2026-04-27 10:00", "new"}, {"2026-04-27 11:00", "take"}, {"2026-05-21 23:59", "answer"}},
			map[string]float64{"answered-on-time": 100, "time-to-answer-median": 15, "time-to-take-median": 0, "backlog": 0, "rerouted": 0}},
		{"answered the day after", []deed{{"2026-04-27 10:00", "new"}, {"2026-04-27 11:00", "take"}, {"2026-05-22 08:00", "answer"}},
			map[string]float64{"answered-on-time": 0, "time-to-answer-p90": 16}},
		{"answered without being taken", []deed{{"2026-04-27 10:00", "new"}, {"2026-04-28 11:00", "answer"}},
			map[string]float64{"answered-on-time": 100, "taken-within-3": 100, "time-to-take-median": 1, "time-to-answer-median": 1}},
		{"closed without help", []deed{{"2026-04-27 10:00", "new"}, {"2026-04-28 11:00", "close"}},
			map[string]float64{"answered-on-time": none, "taken-within-3": 100, "time-to-answer-median": none, "rerouted": 0, "backlog": 0}},
		{"reopened", []deed{{"2026-04-07 10:00", "new"}, {"2026-04-08 09:00", "answer"}, {"2026-04-20 09:00", "reopen"}, {"2026-04-28 09:00", "take"}, {"2026-04-30 09:00", "answer"}},
			map[string]float64{"taken-within-3": 50, "taken-within-5": 50, "answered-on-time": 100, "time-to-answer-median": 1, "time-to-answer-p90": 8, "received": 1, "backlog": 0}},
		{"re-routed twice", []deed{{"2026-04-07 10:00", "new"}, {"2026-04-08 10:00", "SUD"}, {"2026-04-20 10:00", "EST"}, {"2026-04-21 10:00", "take"}, {"2026-04-22 10:00", "answer"}},
			map[string]float64{"rerouted": 200.0 / 3, "taken-within-3": 50, "taken-within-5": 50, "time-to-take-median": 1, "time-to-answer-median": 11, "received": 1}},
		{"joined", []deed{{"2026-04-07 10:00", "new"}, {"2026-04-08 10:00", "again"}, {"2026-04-09 10:00", "take"}, {"2026-04-10 10:00", "again"}},
			map[string]float64{"received": 1, "joined": 2, "taken-within-3": 100, "backlog": 1}},
		{"joined by a person, in time: the other request is counted, not this one", []deed{{"2026-04-07 10:00", "new"}, {"2026-04-08 10:00", "join"}},
			map[string]float64{"joined": 1, "taken-within-3": none, "taken-within-5": none, "rerouted": none, "backlog": 1, "late": 1}},
		{"joined by a person, too late", []deed{{"2026-04-07 10:00", "new"}, {"2026-04-20 10:00", "join"}},
			map[string]float64{"taken-within-3": 0, "taken-within-5": 0, "rerouted": none, "backlog": 1}},
		{"joined, then split", []deed{{"2026-04-07 10:00", "new"}, {"2026-04-08 10:00", "join"}, {"2026-04-27 10:00", "split"}, {"2026-04-28 10:00", "take"}},
			map[string]float64{"joined": 1, "taken-within-3": 100, "time-to-take-median": 1, "transmitted": 2, "rerouted": none, "backlog": 2}},
		{"escalated", []deed{{"2026-04-07 10:00", "new"}, {"2026-04-15 09:00", "follow"}},
			map[string]float64{"escalated": 1, "late": 1, "taken-within-3": 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := sqlledger.New(databasetest.New(t), &ledgertest.Jobs{}, ledger.DefaultTexts(), agenda)
			tell(t, l, c.deeds)
			r := ask(t, board(l), steering.Question{From: date("2026-04-01"), Until: date("2026-06-01"), Now: date("2026-05-29 12:00")})
			for id, want := range c.want {
				got := row(t, r, id).All
				if want == none {
					if got.Known {
						t.Errorf("%s: %v, want none", id, got)
					}
				} else if !got.Known || math.Abs(got.Value-want) > 1e-9 {
					t.Errorf("%s: %v, want %v", id, got, want)
				}
			}
		})
	}
}

// A period that is over keeps its figures, whatever happens after it.
func TestThePastStays(t *testing.T) {
	l := sqlledger.New(databasetest.New(t), &ledgertest.Jobs{}, ledger.DefaultTexts(), agenda)
	q := steering.Question{From: date("2026-04-01"), Until: date("2026-05-01"), Cut: "epci", Now: date("2026-05-01")}
	tell(t, l, []deed{{"2026-04-27 10:00", "new"}, {"2026-04-28 10:00", "SUD"}})
	before := ask(t, board(l), q)
	q.Now = date("2026-06-15")
	if _, err := l.Answer(t.Context(), "2026-0001", "Voilà.", "Ada", date("2026-06-10")); err != nil {
		t.Fatal(err)
	}
	after := ask(t, board(l), q)
	for i, r := range before.Rows {
		if then := after.Rows[i]; r.All != then.All || fmt.Sprint(r.Trend, r.Directions, r.Zones, r.Items) != fmt.Sprint(then.Trend, then.Directions, then.Zones, then.Items) {
			t.Errorf("%s was %+v, is now %+v", r.ID, r, then)
		}
	}
	if fmt.Sprint(before.Ages) != fmt.Sprint(after.Ages) {
		t.Errorf("ages were %v, are now %v", before.Ages, after.Ages)
	}
}

func TestWithoutOwner(t *testing.T) {
	l := sqlledger.New(databasetest.New(t), &ledgertest.Jobs{}, ledger.DefaultTexts(), agenda)
	at := date("2026-04-07 10:00")
	in := ledger.Intake{Channel: "web", Message: "1", Thread: "1", Text: "?", At: at, Decision: decisionOf("", "export"), EntryPoint: "ACCUEIL", Deadline: at.Add(48 * time.Hour)}
	if _, _, err := l.Take(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	for now, want := range map[string]float64{"2026-04-09 09:59": 0, "2026-04-09 10:59": 0, "2026-04-09 11:01": 1} {
		r := ask(t, board(l), steering.Question{From: date("2026-04-01"), Until: date("2026-05-01"), Now: date(now)})
		if got := row(t, r, "without-owner").All.Value; got != want {
			t.Errorf("at %s: %v without an owner, want %v: the jobs are down", now, got, want)
		}
	}
}

// Somebody who adds an indicator writes one value: its figures come by direction, zone and period.
func TestAnIndicatorIsAddedInOnePlace(t *testing.T) {
	l := sqlledger.New(databasetest.New(t), &ledgertest.Jobs{}, ledger.DefaultTexts(), agenda)
	tell(t, l, []deed{{"2026-04-07 10:00", "new"}, {"2026-04-08 10:00", "close"}, {"2026-04-09 10:00", "reopen"}, {"2026-05-12 10:00", "close"}})
	b := board(l)
	b.Indicators = append(slices.Clone(steering.Indicators), steering.Indicator{
		ID: "closed-without-help", Name: "Closes sans aide", Definition: "Demandes closes sans réponse dans la période.", Unit: steering.Requests, Sum: steering.Total,
		Flow: func(l steering.Life, _ ledger.Agenda) (cases []steering.Case) {
			for _, s := range l.Stages {
				if s.After == ledger.Closed {
					cases = append(cases, steering.Case{At: s.Ended, Direction: s.Lead, Value: 1})
				}
			}
			return cases
		},
	})
	r := ask(t, b, steering.Question{From: date("2026-04-01"), Until: date("2026-06-01"), Cut: "epci"})
	got := row(t, r, "closed-without-help")
	if got.All.Value != 2 || len(got.Directions) != 1 || got.Directions[0].Code != "NORD" || len(got.Zones) != 1 || got.Zones[0].Code != "e1" {
		t.Errorf("%+v", got)
	}
	sum := 0.0
	for _, f := range got.Trend {
		sum += f.Value
	}
	if sum != 2 || len(got.Trend) != 9 {
		t.Errorf("trend %v", got.Trend)
	}
}

func TestIndicatorsAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, i := range steering.Indicators {
		kinds := 0
		for _, set := range []bool{i.Flow != nil, i.Stock != nil, i.List != nil} {
			if set {
				kinds++
			}
		}
		if kinds != 1 || i.Name == "" || i.Definition == "" || i.Unit == "" || seen[i.ID] || (i.Flow != nil) != (i.Sum != "") {
			t.Errorf("indicator %q is not whole: %+v", i.ID, i)
		}
		seen[i.ID] = true
	}
}

func TestQuestionsThatHaveNoAnswer(t *testing.T) {
	l := sqlledger.New(databasetest.New(t), &ledgertest.Jobs{}, ledger.DefaultTexts(), agenda)
	from, until := date("2026-04-01"), date("2026-05-01")
	for name, q := range map[string]steering.Question{
		"backwards":         {From: until, Until: from},
		"empty":             {From: from, Until: from},
		"to come":           {From: date("2027-01-01"), Until: date("2027-02-01")},
		"endless":           {From: date("1026-01-01"), Until: until},
		"unknown direction": {From: from, Until: until, Direction: "NULLE"},
		"unknown cut":       {From: from, Until: until, Cut: "canton"},
		"unknown zone":      {From: from, Until: until, Cut: "epci", Zone: "e9"},
		"zone without cut":  {From: from, Until: until, Zone: "e1"},
	} {
		q.Now = afterAll
		if _, err := board(l).Report(t.Context(), staff, q); !errors.As(err, new(steering.QuestionError)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := board(l).Report(t.Context(), ledger.Viewer{}, steering.Question{From: from, Until: until, Now: afterAll}); !errors.Is(err, ledger.ErrNoViewer) {
		t.Errorf("without a viewer: %v", err)
	}
}

func TestWhatTheTerritoryShows(t *testing.T) {
	l := sqlledger.New(databasetest.New(t), &ledgertest.Jobs{}, ledger.DefaultTexts(), agenda)
	tell(t, l, []deed{{"2026-04-07 10:00", "new"}})
	b := board(l)
	b.Offers = func(_ context.Context, at time.Time) ([]steering.Cell, error) {
		if !at.Equal(date("2026-05-01")) {
			t.Errorf("offers at %s", at)
		}
		return []steering.Cell{{EPCI: "e2", Theme: "emploi"}}, nil
	}
	r := ask(t, b, steering.Question{From: date("2026-04-01"), Until: date("2026-05-01")})
	blank := row(t, r, "blank-zones")
	for _, item := range blank.Items {
		if item.Code == "e1" && item.Theme == "thème export" || item.Code == "e2" && item.Theme == "thème emploi" {
			t.Errorf("%+v is no blank zone", item)
		}
	}
	if len(blank.Items) != 4*4-2 {
		t.Errorf("%d blank zones", len(blank.Items))
	}
	if gaps := row(t, r, "repeated-gaps"); len(gaps.Items) != 1 || gaps.Items[0].Count != 4 {
		t.Errorf("%+v", gaps.Items)
	}
}
