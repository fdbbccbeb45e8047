package main

import (
	"cmp"
	"container/heap"
	"encoding/json"
	"flag"
	"fmt"
	"html"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"guichet/migrations/database"
	"guichet/migrations/databasetest"
	"guichet/routing/ledger"
	"guichet/routing/ledger/sqlledger"
	"guichet/routing/ledger/steering/steeringtest"
	"guichet/routing/rulebook"
)

var halfYear = flag.Bool("half-year", false, "TestHalfYear lives the whole half-year, not three weeks of it")

// Half a year of the Region's life passes in a guichet of its own, on PostgreSQL: companies of every EPCI write, 40 requests
// in the first month growing to 1,400 in the last, directions take them, answer, pass them on or forget them, and the program is
// killed in between, or stopped for days. The clock is driven: the program reads it in a file. What came of itself is then
// compared with what had to come, computed here from the history alone with a calendar of its own.
func TestHalfYear(t *testing.T) {
	// Three weeks of spring, which have three public holidays on working days; or all.
	first, days, volumes := time.Date(2026, 4, 27, 0, 0, 0, 0, parisian), 21, []float64{80}
	if *halfYear {
		first, days, volumes = time.Date(2026, 1, 1, 0, 0, 0, 0, parisian), 181, []float64{40, 82, 167, 340, 691, 1400}
	}
	l := begin(t, first)
	l.stop(first.AddDate(0, 0, days*2/5), 6)
	if *halfYear {
		l.stop(first.AddDate(0, 0, 40), 9)
		l.stop(first.AddDate(0, 0, 120), 17)
	}
	l.fill(days, volumes)
	l.live()
	l.end()
	l.judge()
	l.indicators()
}

// parisian is the clock of the Region's days.
var parisian = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		panic(err)
	}
	return zone
}()

// after gives nine o'clock of the n-th working day after a time.
func after(at time.Time, n int) time.Time {
	y, m, d := at.In(parisian).Date()
	for i := 1; ; i++ {
		day := time.Date(y, m, d+i, 9, 0, 0, 0, parisian)
		if !steeringtest.Off(day) {
			n--
		}
		if n == 0 {
			return day
		}
	}
}

// deed is something that somebody does at a time.
type deed struct {
	at     time.Time
	number int
	do     func()
}

type deeds []deed

func (d deeds) Len() int { return len(d) }
func (d deeds) Less(i, j int) bool {
	return cmp.Or(d[i].at.Compare(d[j].at), cmp.Compare(d[i].number, d[j].number)) < 0
}
func (d deeds) Swap(i, j int) { d[i], d[j] = d[j], d[i] }
func (d *deeds) Push(x any)   { *d = append(*d, x.(deed)) }
func (d *deeds) Pop() any {
	last := (*d)[len(*d)-1]
	*d = (*d)[:len(*d)-1]
	return last
}

// life is the half-year as it passes.
type life struct {
	t          *testing.T
	random     *rand.Rand
	url, clock string
	db         *database.DB
	log        *lines
	guichet    *process
	staff      http.Client
	signedIn   string // the day
	agenda     deeds
	planned    int
	// The half-year begins on first and is over at until.
	first, now, until time.Time
	stops             []stop
	places            []rulebook.Commune
	directions        []string
	// told are the references that people were told.
	told            map[string]bool
	messages, kills int
}

const staffToken = "jeton-d-essai-du-semestre"

func begin(t *testing.T, first time.Time) *life {
	t.Helper()
	folder, err := rulebook.Folder("")
	if err != nil {
		t.Fatal(err)
	}
	book, err := rulebook.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	l := &life{
		t: t, random: rand.New(rand.NewPCG(2026, 7)), url: databasetest.PostgreSQL.URL(t), clock: filepath.Join(t.TempDir(), "horloge"), log: &lines{}, told: map[string]bool{},
		staff: http.Client{Jar: jar, Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
	l.db = databasetest.Open(t, l.url)
	l.places = book.Territories.Communes
	for _, d := range book.Rules.Set().Directions {
		l.directions = append(l.directions, d.Code)
	}
	l.first = first
	l.set(first)
	l.start()
	return l
}

func (l *life) start() {
	l.guichet = launch(l.t, l.url, l.log, "--now", "@"+l.clock, "--staff-token", staffToken)
	l.guichet.opened()
}

// kill kills the program and starts it again.
func (l *life) kill() {
	l.guichet.kill()
	l.revive()
}

// revive starts the program after a kill. What it was doing is done again after two minutes, which are made to have passed, and
// its lead of the periodic jobs likewise.
func (l *life) revive() {
	l.kills++
	for _, passed := range []string{`UPDATE river_job SET attempted_at = '2020-01-01 00:00:00' WHERE state = 'running'`, `DELETE FROM river_leader`} {
		if _, err := l.db.Writer().ExecContext(l.t.Context(), passed); err != nil {
			l.t.Fatal(err)
		}
	}
	l.start()
}

// stop is a time in which the program does not run, from a morning, once its work is done, to another; people come back then.
type stop struct{ from, to time.Time }

// stop plans a stop of so many days from a day on.
func (l *life) stop(day time.Time, days int) {
	from := time.Date(day.Year(), day.Month(), day.Day(), 9, 0, 30, 0, parisian)
	l.stops = append(l.stops, stop{from, time.Date(from.Year(), from.Month(), from.Day()+days, 9, 0, 30, 0, parisian)})
}

// runs gives the first time from a given one at which the program runs.
func (l *life) runs(at time.Time) time.Time {
	for _, s := range l.stops {
		if at.After(s.from) && at.Before(s.to) {
			return s.to
		}
	}
	return at
}

// set moves the clock.
func (l *life) set(at time.Time) {
	l.t.Helper()
	l.now = at
	next := l.clock + ".next"
	if err := os.WriteFile(next, []byte(at.Format(time.RFC3339)), 0o600); err != nil {
		l.t.Fatal(err)
	}
	if err := os.Rename(next, l.clock); err != nil {
		l.t.Fatal(err)
	}
}

// plan has something done later, if the half-year is not over then.
func (l *life) plan(at time.Time, do func()) {
	if up := l.runs(at); up.After(at) {
		at = up.Add(time.Duration(1+l.random.IntN(3600)) * time.Second)
	}
	if at.Before(l.until) {
		l.planned++
		heap.Push(&l.agenda, deed{at, l.planned, do})
	}
}

// fill plans the requests of so many days; volumes are those of the months.
func (l *life) fill(days int, volumes []float64) {
	l.until = l.now.AddDate(0, 0, days)
	for day := l.now; day.Before(l.until); day = day.AddDate(0, 0, 1) {
		volume := volumes[min(int(day.Month())-1, len(volumes)-1)]
		share := 1.3 / 30
		if steeringtest.Off(day) {
			share = 0.3 / 30
		}
		for range int(volume*share + l.random.Float64()) {
			l.plan(day.Add(7*time.Hour+time.Duration(l.random.IntN(12*3600))*time.Second), l.ask)
		}
	}
}

// live lets the time pass. Every morning, just after the hour of the reminders, all that is due must get done.
func (l *life) live() {
	morning := l.now.Add(9*time.Hour + 30*time.Second)
	for l.agenda.Len() > 0 {
		next := heap.Pop(&l.agenda).(deed)
		for ; !morning.After(next.at); morning = time.Date(morning.Year(), morning.Month(), morning.Day()+1, 9, 0, 30, 0, parisian) {
			if l.runs(morning).After(morning) {
				continue
			}
			l.set(morning)
			back := slices.ContainsFunc(l.stops, func(s stop) bool { return s.to.Equal(morning) })
			if back {
				l.revive()
			}
			if back || l.random.IntN(12) == 0 { // in the middle of it
				time.Sleep(time.Duration(l.random.IntN(1500)) * time.Millisecond)
				l.kill()
			}
			l.settle()
			if slices.ContainsFunc(l.stops, func(s stop) bool { return s.from.Equal(morning) }) {
				l.guichet.kill()
			}
		}
		l.set(next.at)
		if l.due() > 0 { // the program looks every second, in which hours pass here
			l.settle()
		}
		next.do()
		if l.t.Failed() {
			l.t.FailNow()
		}
	}
}

func (l *life) count(query string, args ...any) (n int) {
	l.t.Helper()
	if err := l.db.Conn(l.t.Context()).QueryRowContext(l.t.Context(), query, args...).Scan(&n); err != nil {
		l.t.Fatal(err)
	}
	return n
}

// due counts the requests in which something should have come by now.
func (l *life) due() int {
	l.t.Helper()
	return l.count(`SELECT count(*) FROM requests WHERE next_at <> 0 AND next_at <= $1`, database.Stamp(l.now))
}

// settle waits until nothing is due and every job is done.
func (l *life) settle() {
	l.t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		due := l.due()
		jobs := l.count(`SELECT count(*) FROM river_job WHERE state IN ('available', 'running', 'retryable', 'pending') AND kind <> 'follow_up_due'`)
		if due+jobs == 0 {
			return
		}
		if time.Now().After(deadline) {
			l.t.Fatalf("on %s, %d requests are due and %d jobs are not done\n%s", l.now, due, jobs, l.log)
		}
	}
}

func pick[T any](l *life, of []T) T { return of[l.random.IntN(len(of))] }

// What fictional companies are called, and what they ask. {n} is a number of employees.
var (
	trades = strings.Fields("Menuiserie Boulangerie Ateliers Transports Brasserie Fonderie Imprimerie Garage Filature Verrerie Laiterie Studio")
	names  = strings.Fields("Brindelune Cornaval Vertepomme Ostrelin Malvigne Tournebrise Sablefin Clairgrain Nordelyre Papelune Grisemotte Valdorine Fauconvert Miraloup Bruyandel")
	asks   = []struct{ text, answer string }{
		{"La société {nom}, à {commune}, compte {n} salariés et cherche un prêt pour acheter une machine.", ""},
		{"La société {nom}, à {commune}, veut exporter vers l'Italie.", ""},
		{"L'entreprise {nom}, à {commune}, veut recruter trois soudeurs et ne trouve personne.", ""},
		{"La société {nom}, à {commune}, lance un projet de recherche et développement sur un nouveau matériau.", ""},
		{"L'entreprise {nom}, à {commune}, {n} salariés, est en difficulté de trésorerie.", ""},
		{"La société {nom} cherche 5 hectares près de {commune} pour une usine.", "Le siège est en Belgique."},
		{"Je crée mon entreprise à {commune}, un salon de thé : qui peut m'accompagner ?", ""},
		{"L'entreprise {nom}, à {commune}, est à vendre : le patron part à la retraite.", ""},
		{"La société {nom}, à {commune}, veut former ses salariés.", ""},
		{"L'entreprise {nom}, à {commune}, demande une aide pour un investissement.", "Nous sommes {n} salariés."},
		{"La société {nom}, à {commune}, veut réduire ses consommations d'énergie.", ""},
		{"La SCOP {nom}, à {commune}, veut se développer.", ""},
	}
)

// ask is a company that writes for the first time.
func (l *life) ask() {
	l.messages++
	place := pick(l, l.places)
	name := fmt.Sprintf("%s %s %s", pick(l, trades), pick(l, names), pick(l, names))
	what := pick(l, asks)
	say := strings.NewReplacer("{nom}", name, "{commune}", place.Name, "{n}", fmt.Sprint(3+l.random.IntN(400))).Replace
	visitor := l.visitor()
	reference := l.say(visitor, say(what.text))
	if reference == "" {
		l.t.Errorf("« %s » makes no request", say(what.text))
		return
	}
	l.told[reference] = true
	if what.answer != "" && l.random.IntN(10) < 6 {
		l.plan(l.now.Add(time.Duration(1+l.random.IntN(30))*time.Hour), func() { l.say(visitor, say(what.answer)) })
	}
	if l.random.IntN(12) == 0 { // the same company again, elsewhere
		l.plan(l.now.Add(time.Duration(24+l.random.IntN(240))*time.Hour), func() {
			if again := l.say(l.visitor(), say(what.text)); again != "" {
				l.told[again] = true
			}
		})
	}
	l.destiny(reference)
}

// working gives a time of the n-th working day from now.
func (l *life) working(n int) time.Time {
	return after(l.now, n).Add(time.Duration(60+l.random.IntN(8*3600)) * time.Second)
}

// destiny is what the directions will do with a request.
func (l *life) destiny(reference string) {
	take := func() { l.act(reference, "prendre", "", "") }
	answer := func() { l.act(reference, "repondre", "Nous vous avons rappelé et votre dossier est ouvert.", "") }
	switch n := l.random.IntN(100); {
	case n < 55:
		l.plan(l.working(1+l.random.IntN(4)), take)
		l.plan(l.working(5+l.random.IntN(18)), answer)
		if l.random.IntN(3) == 0 {
			l.plan(l.working(6+l.random.IntN(6)), func() { l.act(reference, "part", "", pick(l, l.directions)) })
		}
	case n < 65: // not for us
		l.plan(l.working(1), func() { l.act(reference, "affecter", "ce sujet n'est pas le nôtre", pick(l, l.directions)) })
		l.plan(l.working(2+l.random.IntN(3)), take)
		l.plan(l.working(6+l.random.IntN(8)), answer)
	case n < 75: // nobody does anything
	case n < 82:
		l.plan(l.working(1+l.random.IntN(2)), take)
	case n < 88:
		l.plan(l.working(1+l.random.IntN(6)), func() { l.act(reference, "clore", "l'entreprise a retiré sa demande", "") })
	case n < 91:
		l.plan(l.working(2), func() { l.act(reference, "injoignable", "trois appels sans réponse", "") })
	default:
		l.plan(l.working(1), take)
		l.plan(l.working(2+l.random.IntN(3)), answer)
		l.plan(l.working(8), func() { l.act(reference, "rouvrir", "la réponse ne convient pas", "") })
		l.plan(l.working(9+l.random.IntN(8)), answer)
	}
}

// visitor is somebody's browser, at an address of its own, since a guichet limits what comes from one.
func (l *life) visitor() *http.Client {
	l.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		l.t.Fatal(err)
	}
	number := l.messages*4 + l.random.IntN(4)
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 1+byte(number>>16), byte(number>>8), byte(number))}}
	return &http.Client{
		Jar: jar, Timeout: time.Minute, Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

var referenceTold = regexp.MustCompile(`class="reference">n° ([\d-]+)`)

// say writes a message in the page and gives the reference that the reply tells. Now and then the program is killed
// while it has the message, and the person sends the same form again.
func (l *life) say(visitor *http.Client, text string) (reference string) {
	_, page := l.fetch(visitor, http.MethodGet, "/", nil)
	key := formKey.FindStringSubmatch(page)
	if key == nil {
		l.t.Fatalf("no form in the page: %s", page)
	}
	form := url.Values{"page": {key[1]}, "texte": {text}}
	if l.random.IntN(150) == 0 {
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			if response, err := visitor.PostForm(l.guichet.page+"/", form); err == nil {
				_ = response.Body.Close()
			}
		}()
		time.Sleep(time.Duration(l.random.IntN(25)) * time.Millisecond)
		l.kill()
		<-sent
	}
	if status, body := l.fetch(visitor, http.MethodPost, "/", form); status != http.StatusSeeOther {
		l.t.Errorf("« %s » gets %d, %s", text, status, body)
		return ""
	}
	_, page = l.fetch(visitor, http.MethodGet, "/", nil)
	if told := referenceTold.FindAllStringSubmatch(page, -1); told != nil {
		return told[len(told)-1][1]
	}
	return ""
}

func (l *life) fetch(client *http.Client, method, path string, form url.Values) (status int, body string) {
	l.t.Helper()
	request, err := http.NewRequestWithContext(l.t.Context(), method, l.guichet.page+path, strings.NewReader(form.Encode()))
	if err != nil {
		l.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := client.Do(request)
	if err != nil {
		l.t.Fatalf("%s %s: %v\n%s", method, path, err, l.log)
	}
	defer response.Body.Close()
	all, err := io.ReadAll(response.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	return response.StatusCode, html.UnescapeString(string(all))
}

// act does something in the staff view. A step that no longer fits (the request went elsewhere meanwhile) is refused there.
func (l *life) act(reference, action, text, direction string) {
	if today := l.now.Format(time.DateOnly) + l.guichet.page; l.signedIn != today {
		l.staff.Transport = l.visitor().Transport
		status, body := l.fetch(&l.staff, http.MethodPost, "/agents/connexion", url.Values{"nom": {"Agent d'essai"}, "jeton": {staffToken}})
		if status != http.StatusSeeOther {
			l.t.Fatalf("the login gets %d, %s", status, body)
		}
		l.signedIn = today
	}
	l.messages++
	form := url.Values{"texte": {text}, "direction": {direction}, "part": {"done"}}
	status, body := l.fetch(&l.staff, http.MethodPost, "/agents/demandes/"+reference+"/"+action, form)
	if status != http.StatusSeeOther && status != http.StatusConflict {
		l.t.Errorf("« %s » of %s gets %d, %s", action, reference, status, body)
	}
}

// end stops the program when all is done.
func (l *life) end() {
	l.set(time.Date(l.until.Year(), l.until.Month(), l.until.Day(), 9, 0, 30, 0, parisian))
	l.settle()
	l.guichet.stop()
}

// past is an event as the database holds it.
type past struct {
	at                              time.Time
	kind, actor, status, lead, step string
	associated                      []string
}

// dossier is a request with its history.
type dossier struct {
	reference, lead, status, entryPoint string
	deadline                            time.Time
	events                              []past
}

func (l *life) dossiers() (all []*dossier) {
	l.t.Helper()
	ctx := l.t.Context()
	byID := map[int64]*dossier{}
	rows, err := l.db.Conn(ctx).QueryContext(ctx, `SELECT id, reference, lead, status, entry_point, deadline FROM requests ORDER BY id`)
	if err != nil {
		l.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, deadline int64
		d := &dossier{}
		if err := rows.Scan(&id, &d.reference, &d.lead, &d.status, &d.entryPoint, &deadline); err != nil {
			l.t.Fatal(err)
		}
		d.deadline = time.UnixMicro(deadline)
		byID[id] = d
		all = append(all, d)
	}
	events, err := l.db.Conn(ctx).QueryContext(ctx, `SELECT request_id, at, kind, actor, status, lead, step, decision FROM request_events ORDER BY id`)
	if err != nil {
		l.t.Fatal(err)
	}
	defer events.Close()
	for events.Next() {
		var id, at int64
		var p past
		var decision string
		if err := events.Scan(&id, &at, &p.kind, &p.actor, &p.status, &p.lead, &p.step, &decision); err != nil {
			l.t.Fatal(err)
		}
		if decision != "" {
			var d struct{ Associated []string }
			if err := json.Unmarshal([]byte(decision), &d); err != nil {
				l.t.Fatal(err)
			}
			p.associated = d.Associated
		}
		p.at = time.UnixMicro(at)
		byID[id].events = append(byID[id].events, p)
	}
	return all
}

// step is something that comes of itself at a time, told to a direction, or to the person; part is the direction whose part
// it is about. What is overtaken tells nobody: something later was told instead.
type step struct {
	kind      string
	at        time.Time
	part, to  string
	overtaken bool
}

func (s step) String() string {
	return fmt.Sprintf("%s %s overtaken: %t, %s", s.kind, s.part, s.overtaken, s.at.In(parisian).Format("02/01 15:04:05"))
}

// The delays that ship (conduct.yaml), by stage.
var delays = map[string][]struct {
	kind string
	day  int
}{
	"transmitted": {{"reminded", 2}, {"reminded", 3}, {"no_news", 5}, {"reminded", 5}, {"escalated", 6}},
	"taken":       {{"no_news", 10}, {"reminded", 10}, {"reminded", 15}, {"escalated", 18}, {"no_news", 20}},
	"part":        {{"part_reminded", 8}, {"part_reminded", 10}, {"part_escalated", 12}},
}

// expected gives what had to come of itself in a request's life up to an end, and what came; runs gives the first time from a
// given one at which the program ran.
func (d *dossier) expected(end time.Time, runs func(time.Time) time.Time) (due, came []step) {
	stage, since, lead := "waiting", d.events[0].at, ""
	parts := map[string]time.Time{}             // since when each direction has its part to do
	owe := func(part string, until time.Time) { // in this stage
		for _, delay := range delays["part"] {
			if at := after(parts[part], delay.day); !at.Before(since) && at.Before(until) && len(delays[stage]) > 0 {
				due = append(due, step{kind: delay.kind, at: at, part: part, to: map[string]string{"part_reminded": part, "part_escalated": lead}[delay.kind]})
			}
		}
	}
	pass := func(until time.Time) {
		if stage == "waiting" && !d.deadline.IsZero() && since.Equal(d.events[0].at) && !d.deadline.After(until) { // a round may fall on the very moment
			due = append(due, step{kind: "assigned", at: d.deadline})
		}
		for _, delay := range delays[stage] {
			if at := after(since, delay.day); at.Before(until) && (delay.kind != "escalated" || d.entryPoint != "") {
				due = append(due, step{kind: delay.kind, at: at, to: map[string]string{"reminded": lead, "escalated": d.entryPoint}[delay.kind]})
			}
		}
		for part := range parts {
			owe(part, until)
		}
	}
	enter := func(next string, at time.Time) {
		pass(at)
		stage, since = next, at
	}
	for _, e := range d.events {
		switch e.kind {
		case "decided":
			if stage == "waiting" && e.lead != "" {
				enter("transmitted", e.at)
				lead = e.lead
				for _, part := range e.associated {
					if part != lead {
						parts[part] = e.at
					}
				}
			}
		case "assigned":
			if stage == "waiting" && e.actor == "guichet" {
				came = append(came, step{kind: "assigned", at: e.at})
			}
			if e.lead != "" && e.lead != lead {
				enter("transmitted", e.at)
				lead = e.lead
				delete(parts, lead)
			}
		case "status":
			enter(e.status, e.at)
		case "answered":
			enter("answered", e.at)
		case "reopened":
			enter("transmitted", e.at)
			for part := range parts {
				parts[part] = e.at
			}
		case "part":
			owe(e.lead, e.at)
			delete(parts, e.lead)
		case "reminded", "escalated", "no_news":
			came = append(came, step{kind: e.kind, at: e.at})
		case "part_reminded", "part_escalated":
			came = append(came, step{kind: e.kind, at: e.at, part: e.lead})
		case "overtaken":
			came = append(came, step{kind: e.step, at: e.at, part: e.lead, overtaken: true})
		}
	}
	pass(end)
	return latest(due, runs), came
}

// latest gives what people had to be told, and when: of what fell for the same ones, about the request or about the same part, while
// the program did not run, the last only.
func latest(due []step, runs func(time.Time) time.Time) []step {
	slices.SortStableFunc(due, func(a, b step) int { return a.at.Compare(b.at) })
	for i := range due {
		due[i].at = runs(due[i].at)
	}
	for i, a := range due {
		due[i].overtaken = slices.ContainsFunc(due[i+1:], func(b step) bool { return a.at.Equal(b.at) && a.part == b.part && a.to == b.to })
	}
	return due
}

// judge compares what the database holds with what people were told and what had to happen.
func (l *life) judge() {
	all := l.dossiers()
	end := l.now
	steps, late, overtaken := 0, 0, 0
	for _, d := range all {
		if d.lead == "" && !d.deadline.After(end) && d.status != "closed" && d.status != "unreachable" {
			l.t.Errorf("%s has no owner, its deadline was %s", d.reference, d.deadline)
		}
		delete(l.told, d.reference)
		due, came := d.expected(end, l.runs)
		for _, list := range [][]step{due, came} { // what fell in one night comes in one order or the other
			slices.SortStableFunc(list, func(a, b step) int {
				return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.part, b.part), a.at.Compare(b.at), compareBool(b.overtaken, a.overtaken))
			})
		}
		steps += len(due)
		if len(due) != len(came) {
			l.t.Errorf("%s had to get %v, got %v", d.reference, due, came)
			continue
		}
		for i := range due {
			if due[i].kind != came[i].kind || due[i].part != came[i].part || due[i].overtaken != came[i].overtaken || came[i].at.Before(due[i].at) || came[i].at.Sub(due[i].at) > 24*time.Hour {
				l.t.Errorf("%s had to get %v, got %v", d.reference, due[i], came[i])
			}
			if came[i].at.Sub(due[i].at) > time.Minute {
				late++
			}
			if due[i].overtaken {
				overtaken++
			}
		}
	}
	for reference := range l.told {
		l.t.Errorf("%s was told and is not there", reference)
	}
	notices, deliveries, again := l.deliveries()
	if overtaken == 0 {
		l.t.Error("nothing fell twice for the same people while the program was stopped")
	}
	for kind, event := range map[string]string{"reminder": "reminded", "escalation": "escalated", "part_reminder": "part_reminded", "part_late": "part_escalated"} {
		sent := l.count(`SELECT count(*) FROM notices WHERE kind = $1 AND sent_at <> 0`, kind)
		// The parts that are late together are told together.
		if made := l.count(`SELECT count(DISTINCT (request_id, at, CASE kind WHEN 'part_escalated' THEN '' ELSE lead END)) FROM request_events WHERE kind = $1`, event); sent != made {
			l.t.Errorf("%d events « %s », %d notices « %s » sent", made, event, sent, kind)
		}
	}
	l.t.Logf("%d requests, %d events, %d steps that came of themselves (%d of them by the next morning), %d overtaken by a later one, %d notices delivered %d times (%d again after a kill), %d kills",
		len(all), l.count(`SELECT count(*) FROM request_events`), steps, late, overtaken, notices, deliveries, again, l.kills)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// indicators compares those that the program tells with those computed from the events alone.
func (l *life) indicators() {
	l.t.Helper()
	region, err := loadRegion("")
	if err != nil {
		l.t.Fatal(err)
	}
	var all []ledger.Request
	lives := map[string][]steeringtest.Spell{}
	err = sqlledger.New(l.db, nil, region.notices, region.agenda()).Lives(l.t.Context(), ledger.Viewer{Staff: true}, ledger.Span{}, func(r ledger.Request) error {
		all, lives[r.Reference] = append(all, r), steeringtest.Spells(r.Events)
		return nil
	})
	if err != nil {
		l.t.Fatal(err)
	}
	last := l.until.AddDate(0, 0, -1)
	out := terminal{l.t, l.url}.done("steering", "--audience", "staff", "--json", "--now", l.now.Format(time.RFC3339), "--from", l.first.Format(time.DateOnly), "--to", last.Format(time.DateOnly))
	var told steeringLine
	if err := json.Unmarshal([]byte(out), &told); err != nil {
		l.t.Fatal(err)
	}
	compared := 0
	for _, i := range told.Indicators {
		if slices.Contains([]string{"inactive-epci", "blank-zones", "repeated-gaps"}, i.ID) {
			continue
		}
		same := func(direction string, value *float64) {
			compared++
			scope := steeringtest.Scope{From: l.first, Until: l.until, Direction: direction}
			want, known := steeringtest.Value(i.ID, all, lives, scope, func(r ledger.Request) string { return r.Place.EPCI }, region.book.Conduct.Delays)
			if known != (value != nil) || known && math.Abs(*value-want) > 1e-9 {
				l.t.Errorf("%s of %q: told %s, computed %v (%v)", i.ID, direction, encoded(l.t, value), want, known)
			}
		}
		same("", i.Value)
		for _, d := range i.Directions {
			if d.Code != "" { // those that had no direction yet
				same(d.Code, d.Value)
			}
		}
	}
	l.t.Logf("%d figures of %d indicators compared", compared, len(told.Indicators))
	if compared < 20 {
		l.t.Error("too few figures are told")
	}
}

// deliveries counts the notices and how often the log tells that they left: once, and again only those that a kill
// interrupted before it was recorded.
func (l *life) deliveries() (notices, deliveries, again int) {
	left := map[string]int{}
	for _, line := range regexp.MustCompile(`(?m) key=(\S+)$`).FindAllStringSubmatch(l.log.String(), -1) {
		left[line[1]]++
		deliveries++
	}
	notices = l.count(`SELECT count(*) FROM notices`)
	if unsent := l.count(`SELECT count(*) FROM notices WHERE sent_at = 0`); unsent > 0 || len(left) != notices {
		l.t.Errorf("%d notices, %d not sent, %d in the log", notices, unsent, len(left))
	}
	again = deliveries - len(left)
	if again > 8*l.kills { // as many are delivered at once
		l.t.Errorf("%d deliveries beyond the first, for %d kills", again, l.kills)
	}
	return notices, deliveries, again
}

func encoded(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
