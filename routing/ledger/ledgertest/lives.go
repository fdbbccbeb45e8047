package ledgertest

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"guichet/routing/ledger"
)

func lives(t *testing.T, fresh func(*testing.T) (Ledger, *Jobs)) {
	l, _ := fresh(t)
	day := func(n int) time.Time { return noon.AddDate(0, 0, n) }
	const many = 520 // more than a page
	ctx := t.Context()
	for n := range many {
		in := intake(n)
		in.At = day(n % 10)
		if n%2 == 1 {
			in.Place.EPCI = "200000002"
		}
		r := take(t, l, in)
		if n%10 == 0 { // answered on the day it came, or eight days after
			if _, err := l.Answer(ctx, r.Reference, "Voilà.", "Bo", day(n%20/10*8)); err != nil {
				t.Fatal(err)
			}
		}
	}
	all := func(v ledger.Viewer, s ledger.Span) (found []ledger.Request) {
		t.Helper()
		if err := l.Lives(ctx, v, s, func(r ledger.Request) error { found = append(found, r); return nil }); err != nil {
			t.Fatal(err)
		}
		return found
	}
	references := map[string]bool{}
	for _, r := range all(staff, ledger.Span{}) {
		references[r.Reference] = true
		if want := get(t, l, r.Reference); r.ID%50 == 0 && !reflect.DeepEqual(r, want) {
			t.Errorf("lives gives\n%+v\nget gives\n%+v", r, want)
		}
		if len(r.Events) < 2 || r.Events[0].Kind != ledger.Received {
			t.Fatalf("%s: events %v", r.Reference, r.Events)
		}
	}
	if len(references) != many {
		t.Errorf("%d requests, want %d", len(references), many)
	}
	for _, c := range []struct {
		name string
		v    ledger.Viewer
		s    ledger.Span
		want int
	}{
		{"an EPCI", ledger.Viewer{EPCI: "200000002"}, ledger.Span{}, many / 2},
		{"a conversation", ledger.Viewer{Channel: "web", Thread: "t7"}, ledger.Span{}, 1},
		{"the staff, of an EPCI", staff, ledger.Span{EPCI: "200000002"}, many / 2},
		{"from a day", staff, ledger.Span{From: day(8)}, many / 10 * 2},
		{"until a day", staff, ledger.Span{Until: day(1)}, many / 10},
		{"between two", staff, ledger.Span{From: day(3), Until: day(5)}, many / 10 * 2},
		{"alive after what was answered at once", staff, ledger.Span{Alive: day(0).Add(time.Second)}, many - many/20},
		{"alive when the rest was answered", staff, ledger.Span{Alive: day(8)}, many - many/20},
		{"alive after that", staff, ledger.Span{Alive: day(9)}, many - many/10},
	} {
		if got := len(all(c.v, c.s)); got != c.want {
			t.Errorf("%s: %d requests, want %d", c.name, got, c.want)
		}
	}
	if err := l.Lives(ctx, ledger.Viewer{}, ledger.Span{}, func(ledger.Request) error { return nil }); !errors.Is(err, ledger.ErrNoViewer) {
		t.Errorf("without a viewer: %v", err)
	}
	stop := errors.New("assez")
	seen := 0
	err := l.Lives(ctx, staff, ledger.Span{}, func(ledger.Request) error {
		if seen++; seen == 3 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || seen != 3 {
		t.Errorf("stopped after %d by %v", seen, err)
	}
}
