package courier

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"guichet/migrations/databasetest"
	"guichet/routing"
	"guichet/routing/ledger"
	"guichet/routing/ledger/sqlledger"
)

// The delays of the simulation.
var pace = routing.Delays{
	Transmitted: routing.Stage{Due: 3, Reminders: []int{2, 3, 5}, Escalation: 6, NoNews: []int{5}},
	Taken:       routing.Stage{Due: 15, Reminders: []int{10, 15}, Escalation: 18, NoNews: []int{10, 20}},
	Part:        routing.Stage{Due: 6, Reminders: []int{4, 6}, Escalation: 8},
}

// off are the public holidays of the simulated months, written by hand: 1 May, 8 May, Ascension, Whit Monday,
// 14 July, Assumption (a Saturday), All Saints (a Sunday), 11 November.
var off = []string{"2026-05-01", "2026-05-08", "2026-05-14", "2026-05-25", "2026-07-14", "2026-08-15", "2026-11-01", "2026-11-11"}

// nine gives nine o'clock in Paris on the n-th working day after a time, by another way than the program's.
func nine(t *testing.T, since time.Time, n int) time.Time {
	t.Helper()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	day := since.In(paris)
	for n > 0 {
		day = day.Add(24 * time.Hour)
		if w := day.Weekday(); w != time.Saturday && w != time.Sunday && !slices.Contains(off, day.Format(time.DateOnly)) {
			n--
		}
	}
	return time.Date(day.Year(), day.Month(), day.Day(), 9, 0, 0, 0, paris)
}

// sign is something that the program did by itself, or did not since it is overtaken: then it tells nobody.
type sign struct {
	kind      ledger.EventKind
	at        time.Time
	to        string
	overtaken bool
}

// simulated is a request of the simulation as the test knows it.
type simulated struct {
	reference, lead string
	status          ledger.Status
	since, deadline time.Time
	// part is since when OUEST, associated to some, has its part to do; zero when it has none.
	part time.Time
	// toldUntil is the end of what want holds.
	toldUntil time.Time
	want      []sign
}

// expect adds what time alone does between the last change and the tick of the next.
func (s *simulated) expect(t *testing.T, until time.Time, tick func(time.Time) (time.Time, bool)) {
	t.Helper()
	// Of what one stop of the clock finds for the same people, all but the last is overtaken; each add comes after the former.
	type found struct {
		to   string
		part bool
		at   time.Time
	}
	said := map[found]int{}
	add := func(kind ledger.EventKind, to string, at time.Time) {
		if at, ok := tick(at); ok && !at.After(until) && at.After(s.toldUntil) {
			f := found{to, kind == ledger.PartReminded || kind == ledger.PartEscalated, at}
			if i, ok := said[f]; ok {
				s.want[i].overtaken, s.want[i].to = true, ""
			}
			said[f] = len(s.want)
			s.want = append(s.want, sign{kind: kind, at: at, to: to})
		}
	}
	defer func() { s.toldUntil = until }()
	if s.status == ledger.Waiting {
		if at, ok := tick(s.deadline); ok && !at.After(until) {
			s.want = append(s.want, sign{kind: ledger.Assigned, at: at, to: "ACCUEIL"})
			s.lead, s.status, s.since = "ACCUEIL", ledger.Transmitted, at
		}
	}
	stage := pace.Transmitted
	switch s.status {
	case ledger.Transmitted:
	case ledger.Taken:
		stage = pace.Taken
	default:
		return
	}
	for _, n := range stage.Reminders {
		add(ledger.Reminded, s.lead, nine(t, s.since, n))
	}
	add(ledger.Escalated, "ACCUEIL", nine(t, s.since, stage.Escalation))
	for _, n := range stage.NoNews {
		add(ledger.NoNews, "", nine(t, s.since, n))
	}
	if !s.part.IsZero() {
		for _, n := range pace.Part.Reminders {
			add(ledger.PartReminded, "OUEST", nine(t, s.part, n))
		}
		add(ledger.PartEscalated, s.lead, nine(t, s.part, pace.Part.Escalation))
	}
}

// Half a year and more in seconds: no reminder is missed, none is sent twice, none for a request that moved on, whatever stops.
func TestHalfAYearOfReminders(t *testing.T) { databasetest.Each(t, halfAYear) }

func halfAYear(t *testing.T, e databasetest.Engine) {
	ctx := t.Context()
	o := open(t, e.URL(t))
	o.ledger = sqlledger.New(o.db, o.courier, ledger.DefaultTexts(), ledger.Agenda{Delays: pace})
	var clock atomic.Int64
	now := func() time.Time { return time.UnixMicro(clock.Load()).UTC() }
	var mu sync.Mutex
	delivered := map[string]int{}
	cfg := Config{
		Outbox: o.ledger, Now: now, Log: slog.New(slog.NewTextHandler(o.log, nil)), retry: atOnce{}, poll: 10 * time.Millisecond, Round: 20 * time.Millisecond,
		Deliver: func(_ context.Context, n ledger.Notice) error {
			mu.Lock()
			defer mu.Unlock()
			delivered[n.Key]++
			return nil
		},
	}
	// The clock stops twice a day, after nine in Paris in summer and in winter; at some of these times, and for some days, the
	// program is stopped.
	random := rand.New(rand.NewPCG(7, uint64(len(e.Dialect))))
	type stop struct {
		at   time.Time
		down bool
	}
	var stops []stop
	away := 0
	for day := time.Date(2026, 4, 27, 0, 0, 0, 0, time.UTC); day.Before(time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)); day = day.AddDate(0, 0, 1) {
		if away--; away < 0 && random.IntN(30) == 0 {
			away = 3 + random.IntN(8)
		}
		down := away > 0 || random.IntN(30) == 0
		stops = append(stops, stop{day.Add(8*time.Hour + 30*time.Minute), down}, stop{day.Add(13 * time.Hour), down && random.IntN(2) == 0})
	}
	stops[len(stops)-1].down = false
	// tick gives when something due at a time is done: the first stop of the clock at which the program runs.
	tick := func(at time.Time) (time.Time, bool) {
		for _, s := range stops {
			if !s.down && !s.at.Before(at) {
				return s.at, true
			}
		}
		return time.Time{}, false
	}
	const requests = 36
	begin := map[int][]int{} // the stop at which each request comes in
	for n := range requests {
		i := random.IntN(len(stops) - 60)
		for stops[i].down {
			i++
		}
		begin[i] = append(begin[i], n)
	}
	all := make([]*simulated, requests)
	run := o.run(cfg)
	running := true
	for i, s := range stops {
		if s.down {
			if running {
				run()
			}
			running = false
			clock.Store(s.at.UnixMicro())
			continue
		}
		clock.Store(s.at.UnixMicro())
		if !running {
			run, running = o.run(cfg), true
		}
		if random.IntN(100) == 0 { // in the middle of its work
			time.Sleep(time.Duration(random.IntN(60)) * time.Millisecond)
			run()
			run = o.run(cfg)
		}
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
			due, err := o.ledger.Due(ctx, now())
			var waiting int
			if err == nil {
				err = o.db.Conn(ctx).QueryRowContext(ctx, `SELECT count(*) FROM notices WHERE sent_at = 0`).Scan(&waiting)
			}
			if err != nil || time.Now().After(deadline) {
				t.Fatalf("%s: still due: %v, %d notices to send, %v\n%s", s.at, due, waiting, err, o.log)
			}
			if len(due)+waiting == 0 {
				break
			}
		}
		for _, n := range begin[i] {
			in := ledger.Intake{
				Channel: []string{"web", "slack/C1"}[n%2], Message: fmt.Sprint(n), Thread: fmt.Sprint(n), Text: "Bonjour", At: now(),
				Decision: routing.Decision{Lead: "NORD"}, EntryPoint: "ACCUEIL", Deadline: now().Add(48 * time.Hour),
			}
			all[n] = &simulated{lead: "NORD", status: ledger.Transmitted, since: now(), deadline: in.Deadline}
			if n%3 == 1 {
				in.Decision.Associated, all[n].part = []string{"OUEST"}, now()
			}
			if n%6 == 0 {
				in.Decision, all[n].lead, all[n].status = routing.Decision{Missing: []string{"headcount"}}, "", ledger.Waiting
			}
			r, _, err := o.ledger.Take(ctx, in)
			if err != nil {
				t.Fatal(err)
			}
			all[n].reference = r.Reference
		}
		for n, r := range all {
			if r == nil || random.IntN(16) != 0 {
				continue
			}
			r.expect(t, now(), tick)
			var err error
			if !r.part.IsZero() && r.status.Open() && random.IntN(4) == 0 {
				_, err = o.ledger.SetPart(ctx, r.reference, "OUEST", ledger.Done, "", "Di", now())
				r.part = time.Time{}
			}
			if err != nil {
				t.Fatalf("request %d: %v", n, err)
			}
			switch act := random.IntN(6); {
			case r.status == ledger.Waiting:
				_, err = o.ledger.Decide(ctx, r.reference, routing.Decision{Lead: "SUD"}, "", "Ada", now())
				r.status, r.lead = ledger.Transmitted, "SUD"
			case !r.status.Open():
				_, err = o.ledger.Reopen(ctx, r.reference, "encore", "Bo", now())
				r.status = ledger.Transmitted
				if !r.part.IsZero() {
					r.part = now()
				}
			case act == 0 && r.status == ledger.Transmitted:
				to := map[string]string{"NORD": "SUD", "SUD": "NORD", "ACCUEIL": "NORD"}[r.lead]
				_, err = o.ledger.Assign(ctx, r.reference, to, "", "pas pour nous", "Bo", now())
				r.lead = to
			case act < 4 && r.status == ledger.Transmitted:
				_, err = o.ledger.SetStatus(ctx, r.reference, ledger.Taken, "", "Bo", now())
				r.status = ledger.Taken
			case act == 4:
				_, err = o.ledger.SetStatus(ctx, r.reference, ledger.Unreachable, "trois appels", "Bo", now())
				r.status = ledger.Unreachable
			default:
				_, err = o.ledger.Answer(ctx, r.reference, "Voici.", "Bo", now())
				r.status = ledger.Answered
			}
			if err != nil {
				t.Fatalf("request %d: %v", n, err)
			}
			r.since = now()
		}
	}
	for _, r := range all {
		r.expect(t, now(), tick)
	}
	unsent := func() (n int, notices []ledger.Notice) {
		notices, err := o.ledger.Notices(ctx, staff, 1_000_000)
		if err != nil {
			t.Fatal(err)
		}
		for _, notice := range notices {
			if notice.SentAt.IsZero() {
				n++
			}
		}
		return n, notices
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if n, _ := unsent(); n == 0 {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("%d notices never left\n%s", n, o.log)
		}
	}
	run()
	_, notices := unsent()
	for key, n := range delivered {
		if n != 1 {
			t.Errorf("%s was delivered %d times", key, n)
		}
	}
	if len(delivered) != len(notices) {
		t.Errorf("%d notices, %d delivered", len(notices), len(delivered))
	}
	total := map[ledger.EventKind]int{}
	for n, r := range all {
		request, err := o.ledger.Get(ctx, staff, r.reference)
		if err != nil {
			t.Fatal(err)
		}
		var got []sign
		for _, e := range request.Events {
			switch {
			case e.Kind == ledger.Overtaken:
				got = append(got, sign{kind: ledger.EventKind(e.Step), at: e.At, overtaken: true})
				total[e.Kind]++
			case e.Kind == ledger.Reminded, e.Kind == ledger.Escalated, e.Kind == ledger.NoNews, e.Kind == ledger.Assigned && e.By == ledger.Self,
				e.Kind == ledger.PartReminded, e.Kind == ledger.PartEscalated:
				s := sign{kind: e.Kind, at: e.At}
				for _, notice := range notices { // the notice that the event made
					if notice.Reference == r.reference && notice.To != "" && slices.Contains([]string{
						fmt.Sprintf("%s/%d/reminder/%s", r.reference, e.ID, notice.To), fmt.Sprintf("%s/%d/escalation/%s", r.reference, e.ID, notice.To),
						fmt.Sprintf("%s/%d/new_request/%s", r.reference, e.ID, notice.To),
						fmt.Sprintf("%s/%d/part_reminder/%s", r.reference, e.ID, notice.To), fmt.Sprintf("%s/%d/part_late/%s", r.reference, e.ID, notice.To),
					}, notice.Key) {
						s.to = notice.To
					}
				}
				got = append(got, s)
				total[e.Kind]++
				if _, written := delivered[fmt.Sprintf("%s/%d/no_news", r.reference, e.ID)]; e.Kind == ledger.NoNews && written != request.Written() {
					t.Errorf("request %d of %s: no news told in its conversation: %v", n, request.Channel, written)
				}
			}
		}
		order := func(a, b sign) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.kind, b.kind)) }
		slices.SortStableFunc(got, order)
		slices.SortStableFunc(r.want, order)
		if !slices.EqualFunc(got, r.want, func(a, b sign) bool {
			return a.kind == b.kind && a.to == b.to && a.at.Equal(b.at) && a.overtaken == b.overtaken
		}) {
			t.Errorf("request %d:\n got %v\nwant %v", n, got, r.want)
		}
	}
	if total[ledger.Reminded] < requests || total[ledger.Escalated] < 5 || total[ledger.NoNews] < 10 || total[ledger.Assigned] == 0 ||
		total[ledger.Overtaken] < 5 || total[ledger.PartReminded] < 5 || total[ledger.PartEscalated] == 0 {
		t.Errorf("too little happened to tell: %v", total)
	}
	t.Logf("%v", total)
}

// A reminder that the program wrote and had no time to send is replaced by what fell while it was stopped.
func TestAReminderIsReplacedByALaterOne(t *testing.T) { databasetest.Each(t, replaced) }

func replaced(t *testing.T, e databasetest.Engine) {
	o := open(t, e.URL(t))
	o.ledger = sqlledger.New(o.db, o.courier, ledger.DefaultTexts(), ledger.Agenda{Delays: pace})
	r := o.take(1, "NORD")
	for _, days := range []int{2, 30} { // the first reminder, then all that came after
		if err := o.ledger.FollowUp(t.Context(), r.Reference, noon.AddDate(0, 0, days)); err != nil {
			t.Fatal(err)
		}
	}
	p := newPost()
	stop := o.run(o.config(p.deliver))
	notices := o.until("ended", func(notices []ledger.Notice) bool {
		return !slices.ContainsFunc(notices, func(n ledger.Notice) bool { return n.SentAt.IsZero() && n.DeadAt.IsZero() })
	})
	stop()
	told := map[ledger.NoticeKind]int{}
	for _, n := range notices {
		switch {
		case !n.SentAt.IsZero():
			told[n.Kind]++
		case n.LastError != ledger.ReplacedNotice:
			t.Errorf("given up: %+v", n)
		}
	}
	if lost, err := o.ledger.Unreached(t.Context()); err != nil || len(lost) > 0 {
		t.Errorf("unreached: %v, %v", lost, err)
	}
	if told[ledger.Reminder] != 1 || told[ledger.Undelivered] != 0 || len(p.keys) != len(notices)-1 {
		t.Errorf("delivered %v, %+v", p.keys, notices)
	}
}

// A reminder that could not leave in time does not leave once somebody acted.
func TestAReminderIsDroppedWhenTheRequestMovesOn(t *testing.T) { databasetest.Each(t, dropped) }

func dropped(t *testing.T, e databasetest.Engine) {
	o := open(t, e.URL(t))
	o.ledger = sqlledger.New(o.db, o.courier, ledger.DefaultTexts(), ledger.Agenda{Delays: pace})
	r := o.take(1, "NORD")
	if err := o.ledger.FollowUp(t.Context(), r.Reference, noon.AddDate(0, 0, 2)); err != nil { // the first reminder
		t.Fatal(err)
	}
	if _, err := o.ledger.SetStatus(t.Context(), r.Reference, ledger.Taken, "", "Bo", noon.AddDate(0, 0, 3)); err != nil {
		t.Fatal(err)
	}
	p := newPost()
	stop := o.run(o.config(p.deliver))
	notices := o.until("ended", func(notices []ledger.Notice) bool {
		return len(notices) == 2 && !slices.ContainsFunc(notices, func(n ledger.Notice) bool { return n.SentAt.IsZero() && n.DeadAt.IsZero() })
	})
	stop()
	if len(p.keys) != 1 || notices[0].Kind != ledger.Reminder || notices[0].DeadAt.IsZero() || notices[0].LastError != "la demande a avancé entre-temps" {
		t.Errorf("delivered %v, %+v", p.keys, notices)
	}
}
