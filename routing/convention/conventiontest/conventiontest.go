// Package conventiontest is the suite that every keeper of conventions passes. Imported by tests only. Its conventions are
// fictional.
package conventiontest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"guichet/routing"
	"guichet/routing/convention"
)

// Kept is what the suite tests.
type Kept interface {
	convention.Store
	convention.Outbox
}

// Jobs is a convention.Jobs that remembers what was planned, and refuses on demand.
type Jobs struct {
	mu     sync.Mutex
	Told   []string
	Refuse error
}

// Tell implements convention.Jobs.
func (j *Jobs) Tell(_ context.Context, key string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.Refuse == nil {
		j.Told = append(j.Told, key)
	}
	return j.Refuse
}

func (j *Jobs) take() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	told := j.Told
	j.Told = nil
	slices.Sort(told)
	return told
}

// Settings are those of the suite: NORD is told 180, 90 and 30 days before.
var Settings = routing.Conventions{
	Types: []routing.ConventionType{{Code: "aides", Label: "convention d'aides"}}, AlertDays: []int{180, 90, 30}, Direction: "NORD",
}

// Word is how the suite words an alert.
func Word(c convention.Convention, a convention.Alert) string {
	return fmt.Sprintf("%s finit le %s, pour « %s »", c.ID, c.End, a.To)
}

const north, south = "200000001", "200000002"

var (
	staff = convention.Viewer{Staff: true}
	noon  = time.Date(2026, 3, 2, 12, 0, 0, 123456000, time.UTC)
)

// one is a convention of 2026, signed.
func one(id string) convention.Convention {
	return convention.Convention{
		ID: id, Type: "aides", EPCI: north, Themes: []string{"export", "économie"}, Start: "2026-01-01", End: "2026-12-31", Signed: "2025-12-15", Document: "fiche-fictive",
	}
}

// Run runs the suite; open gives a keeper of a new database.
func Run(t *testing.T, open func(t *testing.T, jobs convention.Jobs) Kept) {
	for name, test := range map[string]func(*testing.T, Kept, *Jobs){
		"record":   testRecord,
		"renewals": testRenewals,
		"removed":  testRemoved,
		"viewers":  testViewers,
		"alerts":   testAlerts,
		"late":     testLate,
		"renewed":  testRenewed,
		"once":     testOnce,
		"refused":  testRefused,
		"delivery": testDelivery,
	} {
		t.Run(name, func(t *testing.T) {
			jobs := &Jobs{}
			test(t, open(t, jobs), jobs)
		})
	}
}

func record(t *testing.T, k Kept, all ...convention.Convention) []convention.Change {
	t.Helper()
	changes, err := k.Record(t.Context(), all, "Ada", noon)
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

func ids(all []convention.Convention) string {
	var out []string
	for _, c := range all {
		out = append(out, c.ID)
	}
	return strings.Join(out, " ")
}

func testRecord(t *testing.T, k Kept, _ *Jobs) {
	a, b := one("A-1"), one("B/é")
	b.Themes, b.Signed, b.Document, b.EPCI = nil, "", "", south
	if got := record(t, k, a, b); !slices.Equal(got, []convention.Change{convention.Added, convention.Added}) {
		t.Error(got)
	}
	if got := record(t, k, b, a); !slices.Equal(got, []convention.Change{convention.Unchanged, convention.Unchanged}) {
		t.Error(got)
	}
	b.Signed = "2026-02-01"
	if got := record(t, k, a, b); !slices.Equal(got, []convention.Change{convention.Unchanged, convention.Corrected}) {
		t.Error(got)
	}
	got, err := k.Get(t.Context(), staff, "B/é")
	b.Themes = []string{}
	if err != nil || !reflect.DeepEqual(got, b) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := k.Get(t.Context(), staff, "A-1"); err != nil || !reflect.DeepEqual(got, a) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := k.Get(t.Context(), staff, "a-1"); !errors.Is(err, convention.ErrNotFound) {
		t.Error(err)
	}
	if all, err := k.List(t.Context(), staff, south); err != nil || ids(all) != "B/é" {
		t.Error(ids(all), err)
	}
}

func testRenewals(t *testing.T, k Kept, _ *Jobs) {
	a, b := one("A"), one("B")
	b.Renews, b.Start, b.End = "A", "2027-01-01", "2027-12-31"
	// The one that renews may come first.
	record(t, k, b, a)
	for name, wrong := range map[string]func(c *convention.Convention){
		"unknown":    func(c *convention.Convention) { c.Renews = "Z" },
		"itself":     func(c *convention.Convention) { c.Renews = "C" },
		"other EPCI": func(c *convention.Convention) { c.EPCI = south },
		"no later":   func(c *convention.Convention) { c.End = "2027-12-31" },
	} {
		c, d := one("C"), one("D")
		c.Renews, c.Start, c.End = "B", "2028-01-01", "2028-12-31"
		wrong(&c)
		_, err := k.Record(t.Context(), []convention.Convention{d, c}, "Ada", noon)
		var problem convention.Problem
		if !errors.As(err, &problem) || problem.ID != "C" {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A correction may not break what was checked before.
	a.End = "2029-01-01"
	if _, err := k.Record(t.Context(), []convention.Convention{a}, "Ada", noon); err == nil {
		t.Error("a former convention ends after the one that renews it")
	}
	all, err := k.List(t.Context(), staff, "")
	if err != nil || ids(all) != "A B" || all[0].End != "2026-12-31" {
		t.Errorf("a refused recording left something: %v, %v", all, err)
	}
}

// testViewers generates conventions of many EPCIs: nobody sees another's.
func testRemoved(t *testing.T, k Kept, jobs *Jobs) {
	a, b := one("A-1"), one("A-2")
	a.End = "2026-04-30"
	b.Renews, b.Signed = "A-1", ""
	record(t, k, a, b)
	watch(t, k, hour("2026-04-10", 10))
	told := jobs.take()
	if len(told) == 0 {
		t.Fatal("nothing was told")
	}
	var wrong convention.Problem
	if err := k.Remove(t.Context(), "A-1", "erreur", "Bo", noon); !errors.As(err, &wrong) || wrong.ID != "A-2" {
		t.Errorf("renewed by another: %v", err)
	}
	if err := k.Remove(t.Context(), "A-2", " ", "Bo", noon); !errors.As(err, &wrong) {
		t.Errorf("without a reason: %v", err)
	}
	if err := k.Remove(t.Context(), "A-9", "erreur", "Bo", noon); !errors.Is(err, convention.ErrNotFound) {
		t.Errorf("unknown: %v", err)
	}
	for _, id := range []string{"A-2", "A-1"} {
		if err := k.Remove(t.Context(), id, "mauvais EPCI", "Bo", noon); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := k.List(t.Context(), staff, ""); err != nil || len(all) != 0 {
		t.Error(ids(all), err)
	}
	if _, err := k.Get(t.Context(), staff, "A-1"); !errors.Is(err, convention.ErrNotFound) {
		t.Error(err)
	}
	// What waited to be told of it is told no more, and nothing new is.
	if alert, err := k.Alert(t.Context(), told[0], hour("2026-04-10", 11)); err != nil || !alert.Stale {
		t.Errorf("%+v, %v", alert, err)
	}
	watch(t, k, hour("2026-04-29", 10))
	if more := jobs.take(); len(more) > 0 {
		t.Errorf("told %v", more)
	}
	// Recorded again, it stands, with all of its history.
	if got := record(t, k, a); got[0] != convention.Added {
		t.Error(got)
	}
	history, err := k.History(t.Context(), staff, "A-1")
	var kinds []convention.Change
	for _, e := range history {
		kinds = append(kinds, e.Kind)
	}
	if err != nil || !slices.Equal(kinds, []convention.Change{convention.Added, convention.Removed, convention.Added}) || history[1].Why != "mauvais EPCI" || history[1].By != "Bo" ||
		history[1].Left.End != a.End || !history[1].At.Equal(noon) {
		t.Errorf("%+v, %v", history, err)
	}
	if _, err := k.History(t.Context(), convention.Viewer{EPCI: north}, "A-1"); !errors.Is(err, convention.ErrStaffOnly) {
		t.Error(err)
	}
	if _, err := k.History(t.Context(), convention.Viewer{}, "A-1"); !errors.Is(err, convention.ErrNoViewer) {
		t.Error(err)
	}
	if _, err := k.History(t.Context(), staff, "A-9"); !errors.Is(err, convention.ErrNotFound) {
		t.Error(err)
	}
}

func testViewers(t *testing.T, k Kept, _ *Jobs) {
	random := rand.New(rand.NewPCG(1, 2))
	var all []convention.Convention
	count := map[string]int{}
	for n := range 60 {
		c := one(fmt.Sprintf("C-%d", n))
		c.EPCI = fmt.Sprintf("2000000%02d", random.IntN(10))
		count[c.EPCI]++
		all = append(all, c)
	}
	record(t, k, all...)
	if got, err := k.List(t.Context(), staff, ""); err != nil || len(got) != len(all) {
		t.Errorf("%d, %v", len(got), err)
	}
	for epci, n := range count {
		v := convention.Viewer{EPCI: epci}
		got, err := k.List(t.Context(), v, "")
		if err != nil || len(got) != n || slices.ContainsFunc(got, func(c convention.Convention) bool { return c.EPCI != epci }) {
			t.Fatalf("%s sees %d of %d, %v", epci, len(got), n, err)
		}
		for other := range count {
			if got, err := k.List(t.Context(), v, other); err != nil || other != epci && len(got) > 0 {
				t.Fatalf("%s sees %s's: %v, %v", epci, other, got, err)
			}
		}
		for _, c := range all {
			if _, err := k.Get(t.Context(), v, c.ID); (err == nil) != (c.EPCI == epci) || err != nil && !errors.Is(err, convention.ErrNotFound) {
				t.Fatalf("%s, %s of %s: %v", epci, c.ID, c.EPCI, err)
			}
		}
		if _, err := k.Alerts(t.Context(), v, 0); !errors.Is(err, convention.ErrStaffOnly) {
			t.Fatal(err)
		}
	}
	for _, read := range []func(v convention.Viewer) error{
		func(v convention.Viewer) error { _, err := k.List(t.Context(), v, north); return err },
		func(v convention.Viewer) error { _, err := k.Get(t.Context(), v, "C-1"); return err },
		func(v convention.Viewer) error { _, err := k.Alerts(t.Context(), v, 0); return err },
	} {
		if err := read(convention.Viewer{}); !errors.Is(err, convention.ErrNoViewer) {
			t.Error(err)
		}
	}
}

// reachable tells that only the north has a channel.
func reachable(_ context.Context, epci string) (bool, error) { return epci == north, nil }

func watch(t *testing.T, k Kept, at time.Time) {
	t.Helper()
	if err := k.Watch(t.Context(), at, reachable); err != nil {
		t.Fatal(err)
	}
}

// hour gives an hour of a day in Paris, whose winter it is.
func hour(day string, h int) time.Time {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic(err)
	}
	return t.Add(time.Duration(h-1) * time.Hour)
}

// testAlerts goes through a year, hour by hour around the days that count.
func testAlerts(t *testing.T, k Kept, jobs *Jobs) {
	a, b := one("A"), one("B")
	a.End, b.End, b.EPCI = "2026-12-31", "2026-12-31", south
	unsigned := one("U")
	unsigned.Signed = ""
	record(t, k, a, b, unsigned)
	for _, step := range []struct {
		at   time.Time
		want string
	}{
		{hour("2026-01-15", 12), ""},
		{hour("2026-07-03", 23), ""},
		{hour("2026-07-04", 7), ""}, // 180 days before, 8 o'clock in the summer of Paris
		{hour("2026-07-04", 8), "180"},
		{hour("2026-07-04", 9), ""},
		{hour("2026-10-01", 12), ""},
		{hour("2026-10-02", 12), "90"},
		{hour("2026-12-01", 8), ""},
		{hour("2026-12-01", 9), "30"},
		{hour("2026-12-31", 12), ""},
		{hour("2027-01-01", 12), ""},
	} {
		var want []string
		if step.want != "" {
			for _, key := range []string{"A/2026-12-31/%s/EPCI", "A/2026-12-31/%s/NORD", "B/2026-12-31/%s/NORD"} {
				want = append(want, "convention/"+fmt.Sprintf(key, step.want))
			}
		}
		watch(t, k, step.at)
		if got := jobs.take(); !slices.Equal(got, want) {
			t.Errorf("%s: told %v, want %v", step.at, got, want)
		}
	}
	all, err := k.Alerts(t.Context(), staff, 0)
	if err != nil || len(all) != 9 || all[0].Days != 30 || all[0].Text != "A finit le 2026-12-31, pour «  »" {
		t.Errorf("%+v, %v", all, err)
	}
	if few, err := k.Alerts(t.Context(), staff, 2); err != nil || len(few) != 2 {
		t.Errorf("%+v, %v", few, err)
	}
}

// testLate: what was recorded late, or after a stop, is told once, by the nearest alert; a corrected end is another.
func testLate(t *testing.T, k Kept, jobs *Jobs) {
	a := one("A")
	a.EPCI = south
	record(t, k, a)
	watch(t, k, hour("2026-12-11", 12))
	if got := jobs.take(); !slices.Equal(got, []string{"convention/A/2026-12-31/30/NORD"}) {
		t.Error(got)
	}
	a.End = "2027-03-01"
	record(t, k, a)
	watch(t, k, hour("2026-12-11", 13))
	if got := jobs.take(); !slices.Equal(got, []string{"convention/A/2027-03-01/90/NORD"}) {
		t.Error(got)
	}
}

func testRenewed(t *testing.T, k Kept, jobs *Jobs) {
	a, b := one("A"), one("B")
	a.EPCI, b.EPCI = south, south
	b.Renews, b.Start, b.End, b.Signed = "A", "2027-01-01", "2028-12-31", ""
	record(t, k, a, b)
	watch(t, k, hour("2026-07-05", 12)) // the renewal is not signed
	if got := jobs.take(); len(got) != 1 {
		t.Error(got)
	}
	b.Signed = "2026-10-02"
	record(t, k, b)
	watch(t, k, hour("2026-10-02", 12)) // signed on the very day of the next alert
	watch(t, k, hour("2026-12-02", 12))
	if got := jobs.take(); len(got) != 0 {
		t.Error(got)
	}
	key := convention.KeyOf(a, 180, "NORD")
	for _, step := range []struct {
		at    time.Time
		stale bool
	}{{hour("2026-10-01", 12), false}, {hour("2026-10-02", 0), true}} {
		if got, err := k.Alert(t.Context(), key, step.at); err != nil || got.Stale != step.stale {
			t.Errorf("%s: %+v, %v", step.at, got, err)
		}
	}
}

// testOnce: replicas that watch at once, and again, tell once.
func testOnce(t *testing.T, k Kept, jobs *Jobs) {
	var all []convention.Convention
	for n := range 20 {
		all = append(all, one(fmt.Sprintf("C-%d", n)))
	}
	record(t, k, all...)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if err := k.Watch(t.Context(), hour("2026-12-02", 12), reachable); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if got := jobs.take(); len(got) != 40 || len(slices.Compact(got)) != 40 {
		t.Errorf("%d told: %v", len(got), got)
	}
}

// testRefused: an alert whose delivery could not be planned is not kept, and is made again.
func testRefused(t *testing.T, k Kept, jobs *Jobs) {
	record(t, k, one("A"))
	jobs.Refuse = errors.New("no job")
	if err := k.Watch(t.Context(), hour("2026-12-02", 12), reachable); !errors.Is(err, jobs.Refuse) {
		t.Error(err)
	}
	if all, err := k.Alerts(t.Context(), staff, 0); err != nil || len(all) != 0 {
		t.Errorf("%+v, %v", all, err)
	}
	jobs.Refuse = nil
	watch(t, k, hour("2026-12-02", 13))
	if got := jobs.take(); len(got) != 2 {
		t.Error(got)
	}
}

func testDelivery(t *testing.T, k Kept, _ *Jobs) {
	a := one("A")
	record(t, k, a)
	at := hour("2026-12-02", 12)
	watch(t, k, at)
	key := convention.KeyOf(a, 30, "NORD")
	got, err := k.Alert(t.Context(), key, at)
	if err != nil || got.EPCI != north || got.To != "NORD" || got.Days != 30 || got.End != a.End || !got.CreatedAt.Equal(at) || got.Stale || !got.SentAt.IsZero() {
		t.Fatalf("%+v, %v", got, err)
	}
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	do(k.Failed(t.Context(), key, "fermé", false, at))
	if got, err = k.Alert(t.Context(), key, at); err != nil || got.Tries != 1 || got.LastError != "fermé" || !got.DeadAt.IsZero() {
		t.Errorf("%+v, %v", got, err)
	}
	do(k.Sent(t.Context(), key, at.Add(time.Minute)))
	do(k.Sent(t.Context(), key, at.Add(time.Hour)))
	do(k.Failed(t.Context(), key, "trop tard", true, at.Add(time.Hour)))
	if got, err = k.Alert(t.Context(), key, at); err != nil || !got.SentAt.Equal(at.Add(time.Minute)) || got.LastError != "" || !got.DeadAt.IsZero() {
		t.Errorf("%+v, %v", got, err)
	}
	key = convention.KeyOf(a, 30, "")
	do(k.Failed(t.Context(), key, "parti", true, at))
	if got, err = k.Alert(t.Context(), key, at); err != nil || !got.DeadAt.Equal(at) || got.LastError != "parti" || got.To != "" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := k.Alert(t.Context(), "convention/Z", at); !errors.Is(err, convention.ErrNotFound) {
		t.Error(err)
	}
	// Over, unsigned or ending on another day, it must not leave.
	if got, err = k.Alert(t.Context(), key, hour("2027-01-01", 0)); err != nil || !got.Stale {
		t.Errorf("%+v, %v", got, err)
	}
	a.End = "2027-06-30"
	record(t, k, a)
	if got, err = k.Alert(t.Context(), key, at); err != nil || !got.Stale {
		t.Errorf("%+v, %v", got, err)
	}
}
