package courier

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"guichet/migrations/database"
	"guichet/migrations/databasetest"
	"guichet/routing"
	"guichet/routing/ledger"
	"guichet/routing/ledger/ledgertest"
	"guichet/routing/ledger/sqlledger"
)

var (
	noon  = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	staff = ledger.Viewer{Staff: true}
)

// atOnce retries without River's delays.
type atOnce struct{}

func (atOnce) NextRetry(*rivertype.JobRow) time.Time { return time.Now() }

// post is a channel that remembers what it delivered and tells each delivery.
type post struct {
	mu    sync.Mutex
	keys  []string
	fails func(n ledger.Notice, try int) error
	tried map[string]int
	told  chan ledger.Notice
}

func newPost() *post { return &post{tried: map[string]int{}, told: make(chan ledger.Notice, 100)} }

func (p *post) deliver(_ context.Context, n ledger.Notice) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tried[n.Key]++
	if p.fails != nil {
		if err := p.fails(n, p.tried[n.Key]); err != nil {
			return err
		}
	}
	p.keys = append(p.keys, n.Key)
	p.told <- n
	return nil
}

type office struct {
	t       *testing.T
	db      *database.DB
	courier *Courier
	ledger  *sqlledger.Ledger
	log     *syncBuffer
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func open(t *testing.T, url string) *office {
	t.Helper()
	db := databasetest.Open(t, url)
	c, err := New(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return &office{t: t, db: db, courier: c, ledger: sqlledger.New(db, c, ledger.DefaultTexts(), ledger.Agenda{}), log: &syncBuffer{}}
}

func (o *office) config(deliver Deliver) Config {
	return Config{Outbox: o.ledger, Deliver: deliver, Now: func() time.Time { return noon.Add(time.Hour) }, Log: slog.New(slog.NewTextHandler(o.log, nil)), retry: atOnce{}, poll: 100 * time.Millisecond}
}

// run runs the courier; stop ends it and waits for it.
func (o *office) run(cfg Config) (stop func()) {
	ctx, cancel := context.WithCancel(o.t.Context())
	done := make(chan error, 1)
	go func() { done <- o.courier.Run(ctx, cfg) }()
	return func() {
		o.t.Helper()
		cancel()
		if err := <-done; err != nil {
			o.t.Error(err)
		}
	}
}

func (o *office) take(n int, lead string, associated ...string) ledger.Request {
	o.t.Helper()
	in := ledger.Intake{
		Channel: "web", Message: fmt.Sprint(n), Thread: fmt.Sprint(n), Text: "Bonjour", At: noon,
		Decision:   routing.Decision{Lead: lead, Associated: associated},
		EntryPoint: "ACCUEIL", Deadline: noon.Add(-time.Hour),
	}
	r, _, err := o.ledger.Take(o.t.Context(), in)
	if err != nil {
		o.t.Fatal(err)
	}
	return r
}

// until waits for a state of the outbox.
func (o *office) until(what string, ok func([]ledger.Notice) bool) []ledger.Notice {
	o.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		notices, err := o.ledger.Notices(o.t.Context(), staff, 100)
		if err != nil {
			o.t.Fatal(err)
		}
		if ok(notices) {
			return notices
		}
		if time.Now().After(deadline) {
			o.t.Fatalf("never %s: %+v\n%s", what, notices, o.log)
		}
	}
}

func allSent(n int) func([]ledger.Notice) bool {
	return func(notices []ledger.Notice) bool {
		return len(notices) == n && !slices.ContainsFunc(notices, func(n ledger.Notice) bool { return n.SentAt.IsZero() })
	}
}

func (o *office) kinds(reference string) string {
	o.t.Helper()
	r, err := o.ledger.Get(o.t.Context(), staff, reference)
	if err != nil {
		o.t.Fatal(err)
	}
	var kinds []string
	for _, e := range r.Events {
		kinds = append(kinds, string(e.Kind))
	}
	return strings.Join(kinds, " ")
}

func TestDeliversOnce(t *testing.T) { databasetest.Each(t, deliversOnce) }

func deliversOnce(t *testing.T, e databasetest.Engine) {
	o := open(t, e.URL(t))
	p := newPost()
	stop := o.run(o.config(p.deliver))
	r := o.take(1, "NORD", "SUD")
	notices := o.until("sent", allSent(2))
	stop()
	if len(p.keys) != 2 || p.keys[0] == p.keys[1] || !notices[0].SentAt.Equal(noon.Add(time.Hour)) {
		t.Errorf("delivered %v, %+v", p.keys, notices)
	}
	if got := o.kinds(r.Reference); got != "received decided notice_sent notice_sent" {
		t.Error(got)
	}
	if log := o.log.String(); strings.Contains(log, "avis") {
		t.Errorf("a good day is not silent: %s", log)
	}
}

// taker makes the test binary a second process, which takes a request and waits to be killed.
const taker = "GUICHET_TEST_TAKE"

func TestMain(m *testing.M) {
	url := os.Getenv(taker)
	if url == "" {
		os.Exit(m.Run())
	}
	err := func() error {
		ctx := context.Background()
		db, err := database.Open(ctx, url)
		if err != nil {
			return err
		}
		c, err := New(ctx, db)
		if err != nil {
			return err
		}
		r, _, err := sqlledger.New(db, c, ledger.DefaultTexts(), ledger.Agenda{}).Take(ctx, ledger.Intake{
			Channel: "web", Message: "1", Thread: "1", At: noon, Decision: routing.Decision{Lead: "NORD", Associated: []string{"SUD"}},
		})
		fmt.Println(r.Reference)
		return err
	}()
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	select {}
}

func TestDeliversAfterAKilledProcess(t *testing.T) { databasetest.Each(t, deliversAfterAKilledProcess) }

func deliversAfterAKilledProcess(t *testing.T, e databasetest.Engine) {
	url := e.URL(t)
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), taker+"="+url)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	reference, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || reference != "2026-0001\n" {
		t.Errorf("%q, %v", reference, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the process was not killed")
	}
	o := open(t, url)
	p := newPost()
	stop := o.run(o.config(p.deliver))
	o.until("sent", allSent(2))
	stop()
	if len(p.keys) != 2 {
		t.Errorf("delivered %v", p.keys)
	}
}

func TestDeliversAfterARestart(t *testing.T) { databasetest.Each(t, deliversAfterARestart) }

func deliversAfterARestart(t *testing.T, e databasetest.Engine) {
	url := e.URL(t)
	before := open(t, url)
	r := before.take(1, "NORD", "SUD")
	if err := before.db.Close(); err != nil { // the program ends between the record and the delivery
		t.Fatal(err)
	}
	for range 2 { // and the next ones deliver once in all
		after := open(t, url)
		p := newPost()
		stop := after.run(after.config(p.deliver))
		after.until("sent", allSent(2))
		stop()
		if got := after.kinds(r.Reference); got != "received decided notice_sent notice_sent" {
			t.Error(got)
		}
		if err := after.db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDoesAgainWhatAKillInterrupted(t *testing.T) {
	databasetest.Each(t, doesAgainWhatAKillInterrupted)
}

func doesAgainWhatAKillInterrupted(t *testing.T, e databasetest.Engine) {
	o := open(t, e.URL(t))
	o.take(1, "NORD")
	// The row that a process leaves when it is killed during a delivery.
	by := map[databasetest.Engine]string{databasetest.SQLite: `json('["mort"]')`, databasetest.PostgreSQL: `ARRAY['mort']`}
	err := o.db.InTx(t.Context(), func(ctx context.Context) error {
		_, err := o.db.Conn(ctx).ExecContext(ctx, `UPDATE river_job SET state = 'running', attempt = 1, attempted_at = '2020-01-01 00:00:00', attempted_by = `+by[e])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	p := newPost()
	stop := o.run(o.config(p.deliver))
	o.until("sent", allSent(1))
	stop()
	if len(p.keys) != 1 {
		t.Errorf("delivered %v", p.keys)
	}
}

func TestNothingIsPlannedForWhatIsRolledBack(t *testing.T) {
	databasetest.Each(t, nothingIsPlannedForWhatIsRolledBack)
}

func nothingIsPlannedForWhatIsRolledBack(t *testing.T, e databasetest.Engine) {
	o := open(t, e.URL(t))
	undo := errors.New("undo")
	err := o.db.InTx(t.Context(), func(ctx context.Context) error {
		_, _, err := o.ledger.Take(ctx, ledger.Intake{Channel: "web", Message: "1", Thread: "1", At: noon, Decision: routing.Decision{Lead: "NORD"}})
		return errors.Join(err, undo)
	})
	if !errors.Is(err, undo) {
		t.Fatal(err)
	}
	var jobs int
	if err := o.db.Conn(t.Context()).QueryRowContext(t.Context(), `SELECT count(*) FROM river_job`).Scan(&jobs); err != nil || jobs != 0 {
		t.Errorf("%d jobs, %v", jobs, err)
	}
	if err := o.courier.Deliver(t.Context(), ledger.Notice{Key: "1"}); err == nil {
		t.Error("planned outside a transaction")
	}
}

func TestRetriesThenGivesUp(t *testing.T) { databasetest.Each(t, retriesThenGivesUp) }

func retriesThenGivesUp(t *testing.T, e databasetest.Engine) {
	o := open(t, e.URL(t))
	p := newPost()
	p.fails = func(n ledger.Notice, try int) error {
		switch {
		case n.To == "SUD" && try < 3:
			return errors.New("canal coupé")
		case n.To == "EST" && try == 1:
			panic("imprévu")
		case n.To == "NORD":
			return errors.New("canal inconnu")
		}
		return nil
	}
	stop := o.run(o.config(p.deliver))
	r := o.take(1, "NORD", "SUD", "EST")
	notices := o.until("done", func(notices []ledger.Notice) bool {
		return !slices.ContainsFunc(notices, func(n ledger.Notice) bool { return n.SentAt.IsZero() && n.DeadAt.IsZero() })
	})
	for _, n := range notices {
		switch n.To {
		case "NORD":
			if n.Tries != tries || !n.SentAt.IsZero() || n.LastError != "canal inconnu" || p.tried[n.Key] != tries {
				t.Errorf("%+v after %d tries", n, p.tried[n.Key])
			}
		case "SUD":
			if n.Tries != 2 || n.SentAt.IsZero() || n.LastError != "" {
				t.Errorf("%+v", n)
			}
		case "EST":
			if n.Tries != 1 || n.SentAt.IsZero() {
				t.Errorf("%+v", n)
			}
		}
	}
	if got := o.kinds(r.Reference); strings.Count(got, "notice_dead") != 1 || strings.Count(got, "notice_sent") != 3 {
		t.Error(got)
	}
	// The entry point is told that NORD was not.
	if told := slices.DeleteFunc(notices, func(n ledger.Notice) bool { return n.Kind != ledger.Undelivered }); len(told) != 1 || told[0].To != r.EntryPoint || told[0].SentAt.IsZero() {
		t.Errorf("%+v", told)
	}
	// The list of what was given up is River's: it is written a moment after the ledger.
	var dead []Dead
	for len(dead) == 0 && t.Context().Err() == nil {
		var err error
		if dead, err = o.courier.Dead(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	if len(dead) != 1 || !strings.Contains(dead[0].What, r.Reference) || !strings.Contains(dead[0].Why, "canal inconnu") || dead[0].At.IsZero() {
		t.Errorf("given up: %+v", dead)
	}
	if log := o.log.String(); strings.Count(log, "avis abandonné") != 1 || !strings.Contains(log, "canal inconnu") {
		t.Errorf("log: %s", log)
	}
}

func TestHandsOverAtTheDeadline(t *testing.T) { databasetest.Each(t, handsOverAtTheDeadline) }

func handsOverAtTheDeadline(t *testing.T, e databasetest.Engine) {
	o := open(t, e.URL(t))
	late, decided := o.take(1, ""), o.take(2, "")
	later, _, err := o.ledger.Take(t.Context(), ledger.Intake{
		Channel: "web", Message: "3", Thread: "3", At: noon, EntryPoint: "ACCUEIL", Deadline: time.Now().Add(24 * time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.ledger.Decide(t.Context(), decided.Reference, routing.Decision{Lead: "SUD"}, "12", "Ada", noon); err != nil {
		t.Fatal(err)
	}
	p := newPost()
	stop := o.run(o.config(p.deliver))
	o.until("told", allSent(2))
	stop()
	for reference, want := range map[string]string{late.Reference: "ACCUEIL", decided.Reference: "SUD", later.Reference: ""} {
		if r, err := o.ledger.Get(t.Context(), staff, reference); err != nil || r.Lead != want {
			t.Errorf("%s is led by %q, %v, want %q", reference, r.Lead, err, want)
		}
	}
}

func TestStopLetsADeliveryFinish(t *testing.T) { databasetest.Each(t, stopLetsADeliveryFinish) }

func stopLetsADeliveryFinish(t *testing.T, e databasetest.Engine) {
	o := open(t, e.URL(t))
	o.take(1, "NORD")
	began, finish := make(chan bool), make(chan bool)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		done <- o.courier.Run(ctx, o.config(func(context.Context, ledger.Notice) error {
			began <- true
			<-finish
			return nil
		}))
	}()
	<-began
	cancel()
	finish <- true
	if err := <-done; err != nil {
		t.Error(err)
	}
	o.until("sent", allSent(1))
}

func TestStopInterruptsADeliveryThatLasts(t *testing.T) {
	databasetest.Each(t, stopInterruptsADeliveryThatLasts)
}

func stopInterruptsADeliveryThatLasts(t *testing.T, e databasetest.Engine) {
	o := open(t, e.URL(t))
	o.take(1, "NORD")
	began := make(chan bool)
	cfg := o.config(func(ctx context.Context, _ ledger.Notice) error {
		began <- true
		<-ctx.Done()
		return ctx.Err()
	})
	cfg.stop = time.Millisecond
	stop := o.run(cfg)
	<-began
	stop()
	if n := o.until("kept", func(n []ledger.Notice) bool { return len(n) == 1 })[0]; n.Tries != 0 || !n.SentAt.IsZero() {
		t.Errorf("%+v: a stop is no failure of the channel", n)
	}
	p := newPost()
	stop = o.run(o.config(p.deliver))
	o.until("sent", allSent(1))
	stop()
}

func TestTwoCouriersDeliverOnce(t *testing.T) { databasetest.Each(t, twoCouriersDeliverOnce) }

func twoCouriersDeliverOnce(t *testing.T, e databasetest.Engine) {
	url := e.URL(t)
	a, b := open(t, url), open(t, url)
	p := newPost()
	stopA, stopB := a.run(a.config(p.deliver)), b.run(b.config(p.deliver))
	for n := range 10 {
		[]*office{a, b}[n%2].take(n, "NORD", "SUD")
	}
	a.until("sent", allSent(20))
	stopA()
	stopB()
	slices.Sort(p.keys)
	if len(p.keys) != 20 || len(slices.Compact(p.keys)) != 20 {
		t.Errorf("delivered %d: %v", len(p.keys), p.keys)
	}
}

func TestLedgerOverRiver(t *testing.T) { databasetest.Each(t, ledgerOverRiver) }

func ledgerOverRiver(t *testing.T, e databasetest.Engine) {
	ledgertest.Run(t, func(t *testing.T, jobs ledger.Jobs, agenda ledger.Agenda) ledgertest.Ledger {
		db := e.New(t)
		c, err := New(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		return sqlledger.New(db, both{c, jobs}, ledger.DefaultTexts(), agenda)
	})
}

// both plans in River, then where the suite looks.
type both [2]ledger.Jobs

func (b both) Deliver(ctx context.Context, n ledger.Notice) error {
	if err := b[0].Deliver(ctx, n); err != nil {
		return err
	}
	return b[1].Deliver(ctx, n)
}

func (b both) FollowUp(ctx context.Context, reference string, at time.Time) error {
	if err := b[0].FollowUp(ctx, reference, at); err != nil {
		return err
	}
	return b[1].FollowUp(ctx, reference, at)
}

// formerHandOver is a job as the program planned it when it had no other for a request.
type formerHandOver struct {
	Reference string `json:"reference"`
}

func (formerHandOver) Kind() string { return "hand_over" }

func TestAJobOfAFormerProgramIsDone(t *testing.T) { databasetest.Each(t, formerJob) }

func formerJob(t *testing.T, e databasetest.Engine) {
	o := open(t, e.URL(t))
	r := o.take(1, "")
	err := o.db.InTx(t.Context(), func(ctx context.Context) error {
		return o.courier.plan(ctx, formerHandOver{r.Reference}, &river.InsertOpts{MaxAttempts: tries})
	})
	if err != nil {
		t.Fatal(err)
	}
	stop := o.run(o.config(newPost().deliver))
	defer stop()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		var state string
		if err := o.db.Conn(t.Context()).QueryRowContext(t.Context(), `SELECT state FROM river_job WHERE kind = 'hand_over'`).Scan(&state); err != nil {
			t.Fatal(err)
		}
		if state == "completed" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the job is %s\n%s", state, o.log)
		}
	}
	if got := o.kinds(r.Reference); !strings.HasPrefix(got, "received decided assigned") || strings.Count(got, "assigned") != 1 {
		t.Error(got)
	}
}

func TestToLog(t *testing.T) {
	var out bytes.Buffer
	err := ToLog(slog.New(slog.NewTextHandler(&out, nil)))(t.Context(), ledger.Notice{Key: "k", To: "NORD", Reference: "2026-0042", Text: "Bonjour"})
	if err != nil || !strings.Contains(out.String(), "2026-0042") || !strings.Contains(out.String(), "NORD") {
		t.Errorf("%s %v", out.String(), err)
	}
}
