package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"guichet/migrations/database"
	"guichet/migrations/databasetest"
)

// process is « guichet serve » in a process of its own.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdout *bufio.Reader
	page   string
}

// launch starts a process; opened waits for its page.
func launch(t *testing.T, database string, log io.Writer, flags ...string) *process {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: exec.Command(program, append([]string{"--database", database, "serve", "--address", "127.0.0.1:0"}, flags...)...)}
	p.cmd.Env = append(p.cmd.Environ(), asProgram+"=1")
	p.cmd.Stderr = log
	stdout, err := p.cmd.StdoutPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	p.stdout = bufio.NewReader(stdout)
	t.Cleanup(func() { _, _ = p.cmd.Process.Kill(), p.cmd.Wait() })
	return p
}

func (p *process) opened() {
	p.t.Helper()
	welcome, err := p.stdout.ReadString('\n')
	p.page = regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(welcome)
	if p.page == "" {
		p.t.Fatalf("the start says %q, %v\n%s", welcome, err, p.cmd.Stderr)
	}
}

// kill ends the process with SIGKILL.
func (p *process) kill() {
	p.t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		p.t.Fatal(err)
	}
	_ = p.cmd.Wait()
}

// stop asks the process to end, with SIGTERM, and checks how it does.
func (p *process) stop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	rest, err := io.ReadAll(p.stdout)
	if end := p.cmd.Wait(); err != nil || end != nil || !strings.Contains(string(rest), "Guichet arrêté") {
		p.t.Errorf("the end says %q, %v, %v\n%s", rest, err, end, p.cmd.Stderr)
	}
}

// turn is a message of a person, what its reply must say, and the events that it adds to the person's request.
type turn struct{ says, gets, events string }

// talks are what people say. None names a company, which would join their requests.
var talks = [][]turn{
	{
		{"Quels sont les trois types de conventions entre la Région et les EPCI ?", "convention stratégique", ""},
		{"Notre groupe cherche 5 hectares près de Cambrai pour une usine.", "siège en France ou à l'étranger", "received decided"},
		{"Il est en Belgique.", "NFI", "decided"},
		{"Je voudrais parler à quelqu'un.", "NFI", "human_asked"},
		{"03 20 00 00 00", "NFI", "human_asked"},
	},
	{
		{"Nous sommes une menuiserie de 12 salariés à Amiens et nous cherchons un prêt pour une machine.", "MHDFF", "received decided"},
		{"Quelle est la hauteur du beffroi de Bruges en pieds ?", "Je ne sais pas", ""},
	},
}

// crowd is people who write to the guichets that are open, each message to any of them, and send it again, the same, until
// they have its reply.
type crowd struct {
	t     *testing.T
	log   *lines // of every guichet
	mu    sync.Mutex
	pages []string
	// people are those who are done.
	people []*person
	// impatient is how many people in a hundred go away when a message gets no reply.
	impatient int
	// came counts people, flying the messages on their way, replied those that got their reply, again those that were sent
	// again, refused those that were told to be sent again.
	came, flying, replied, again, refused atomic.Int64
}

// faults is what the guichets complained of.
func (c *crowd) faults() string {
	return regexp.MustCompile(`(?m)^.* level=INFO .*\n`).ReplaceAllString(c.log.String(), "")
}

// person is somebody with a browser.
type person struct {
	*crowd
	browser http.Client
	thread  string
	talk    []turn
	// said is how many turns of the talk got their reply. With left, the next one was sent without: it is recorded or not.
	said int
	left bool
	// told is the number of the request that the replies gave.
	told string
}

// gather lets people come, several at once, one after the other; leave waits for the last ones to end their talk.
func (c *crowd) gather(atOnce int) (leave func()) {
	var wg sync.WaitGroup
	var closed atomic.Bool
	for range atOnce {
		wg.Go(func() {
			for !closed.Load() && c.t.Context().Err() == nil {
				c.receive()
			}
		})
	}
	leave = func() {
		closed.Store(true)
		wg.Wait()
	}
	c.t.Cleanup(leave)
	return leave
}

// open lets people in a guichet, shut keeps them out.
func (c *crowd) open(p *process) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pages = append(c.pages, p.page)
}

func (c *crowd) shut(p *process) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pages = slices.DeleteFunc(c.pages, func(page string) bool { return page == p.page })
}

// any gives one of the guichets that are open, when there is one; "" when the test is over.
func (c *crowd) any() string {
	for c.t.Context().Err() == nil {
		c.mu.Lock()
		pages := c.pages
		c.mu.Unlock()
		if len(pages) > 0 {
			return pages[rand.IntN(len(pages))]
		}
		time.Sleep(5 * time.Millisecond)
	}
	return ""
}

// receive is a person who comes, talks and goes.
func (c *crowd) receive() {
	number := c.came.Add(1)
	jar, err := cookiejar.New(nil)
	if err != nil {
		c.t.Error(err)
		return
	}
	// Each has an address, since a guichet limits what comes from one.
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 1+byte(number>>16), byte(number>>8), byte(number))}}
	transport := &http.Transport{DialContext: dialer.DialContext}
	defer transport.CloseIdleConnections()
	p := &person{crowd: c, talk: talks[rand.IntN(len(talks))], browser: http.Client{
		Transport: transport, Jar: jar, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	for _, t := range p.talk {
		if !p.say(t) {
			p.left = true
			break
		}
		p.said++
		c.replied.Add(1)
	}
	page, err := url.Parse(c.any())
	if err != nil {
		c.t.Error(err)
		return
	}
	for _, cookie := range jar.Cookies(page) {
		p.thread = cookie.Value
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.people = append(c.people, p)
}

// say sends a message until its reply comes; false when the person went away before.
func (p *person) say(t turn) bool {
	key := formKey.FindStringSubmatch(p.visit())
	switch {
	case p.t.Context().Err() != nil:
		return false
	case key == nil:
		p.t.Error("no form in the page")
		return false
	}
	form := url.Values{"page": {key[1]}, "texte": {t.says}}
	for try := 0; ; try++ {
		reply, err := p.send(form, try == 0 && rand.IntN(4) == 0)
		if err == nil {
			p.check(t, reply)
			return true
		}
		p.again.Add(1)
		if rand.IntN(100) < p.impatient || p.t.Context().Err() != nil {
			return false
		}
		if try > 1000 {
			p.t.Errorf("« %s » never gets a reply: %v", t.says, err)
			return false
		}
		time.Sleep(5 * time.Millisecond)
	}
}

var told = regexp.MustCompile(`class="reference">n° ([\d-]+)`)

func (p *person) check(t turn, reply string) {
	if !strings.Contains(reply, t.gets) {
		p.t.Errorf("« %s » gets %s", t.says, reply)
	}
	number := told.FindStringSubmatch(reply)
	switch {
	case number == nil && t.events != "":
		p.t.Errorf("« %s » is told no number: %s", t.says, reply)
	case number != nil && p.told != "" && p.told != number[1]:
		p.t.Errorf("one conversation is told two numbers, %s and %s", p.told, number[1])
	case number != nil:
		p.told = number[1]
	}
}

// send sends a form, as the page's script does or as a page without it, and gives the reply. When hasty, the connection is
// cut soon, and maybe before the reply.
func (p *person) send(form url.Values, hasty bool) (reply string, err error) {
	ctx := p.t.Context()
	if hasty {
		short, cancel := context.WithTimeout(ctx, time.Duration(rand.IntN(20))*time.Millisecond)
		defer cancel()
		ctx = short
	}
	scripted := rand.IntN(2) == 0
	p.flying.Add(1)
	status, body, err := p.ask(ctx, http.MethodPost, form, scripted)
	p.flying.Add(-1)
	switch {
	case err != nil:
		return "", err
	case status == http.StatusSeeOther:
		page := p.visit()
		return page[strings.LastIndex(page, `<article class="reply`):], nil
	case scripted && status == http.StatusOK:
		return p.streamed(body)
	case status == http.StatusServiceUnavailable:
		p.refused.Add(1)
		return "", fmt.Errorf("refused: %s", body)
	}
	p.t.Errorf("« %s » gets %d, %s", form.Get("texte"), status, body)
	return "", nil
}

// streamed gives the reply that comes last in a stream.
func (p *person) streamed(body string) (reply string, err error) {
	_, last, found := strings.Cut(body, "event: reply\ndata: ")
	if !found {
		if strings.Contains(body, "event: problem") {
			p.refused.Add(1)
		}
		return "", fmt.Errorf("no reply in the stream: %s", body)
	}
	var data struct{ HTML string }
	if err := json.Unmarshal([]byte(last), &data); err != nil {
		return "", err
	}
	return html.UnescapeString(data.HTML), nil
}

// visit gives the page of the conversation, from the first guichet that shows it.
func (p *person) visit() string {
	for {
		status, body, err := p.ask(p.t.Context(), http.MethodGet, nil, false)
		if err == nil && status == http.StatusOK {
			return html.UnescapeString(body)
		}
		if p.t.Context().Err() != nil {
			return ""
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// ask sends a request to any guichet.
func (p *person) ask(ctx context.Context, method string, form url.Values, scripted bool) (status int, body string, err error) {
	request, err := http.NewRequestWithContext(ctx, method, p.any()+"/", strings.NewReader(form.Encode()))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if scripted {
		request.Header.Set("Accept", "text/event-stream")
	}
	response, err := p.browser.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	all, err := io.ReadAll(response.Body)
	return response.StatusCode, string(all), err
}

// settle lets a guichet do what the others left, until no job is left. What a kill interrupted is done again after two
// minutes; unless it waits, they are made to have passed.
func (c *crowd) settle(address string, waits bool) {
	c.t.Helper()
	db := databasetest.Open(c.t, address)
	if !waits {
		err := db.InTx(c.t.Context(), func(ctx context.Context) error {
			for _, passed := range []string{`UPDATE river_job SET attempted_at = '2020-01-01 00:00:00' WHERE state = 'running'`, `DELETE FROM river_leader`} {
				if _, err := db.Conn(ctx).ExecContext(ctx, passed); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			c.t.Fatal(err)
		}
	}
	last := launch(c.t, address, c.log)
	last.opened()
	for deadline := time.Now().Add(5 * time.Minute); c.number(db, `SELECT count(*) FROM river_job WHERE state IN ('available', 'running', 'retryable', 'pending')`) > 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.t.Error("jobs are stuck")
			break
		}
	}
	last.stop()
}

func (c *crowd) number(db *database.DB, query string, args ...any) (n int) {
	c.t.Helper()
	if err := db.Conn(c.t.Context()).QueryRowContext(c.t.Context(), query, args...).Scan(&n); err != nil {
		c.t.Fatal(err)
	}
	return n
}

// tally counts what people were told against what the database holds.
type tally struct {
	people, messages, requests, notices int
	// lost are messages that got their reply and requests whose number was told, and are not there; doubled are those that
	// are there twice; broken are requests that are not whole.
	lost, doubled, broken int
	// unsent are notices that were not delivered, resent deliveries beyond the first, stuck jobs that are not done.
	unsent, resent, stuck int
}

func (t tally) String() string {
	return fmt.Sprintf("%d people, %d messages, %d requests, %d notices; lost: %d, doubled: %d, broken: %d; notices not delivered: %d, delivered again: %d, jobs stuck: %d",
		t.people, t.messages, t.requests, t.notices, t.lost, t.doubled, t.broken, t.unsent, t.resent, t.stuck)
}

// wrong tells whether anything went wrong. A delivery that a kill interrupted before it was recorded is made again.
func (t tally) wrong() bool { return t.lost+t.doubled+t.broken+t.unsent+t.stuck > 0 }

func (c *crowd) count(address string) (n tally) {
	c.t.Helper()
	db := databasetest.Open(c.t, address)
	messages := c.lists(db, `SELECT thread, text FROM messages ORDER BY id`)
	requests := c.lists(db, `SELECT thread, reference FROM requests ORDER BY id`)
	events := c.lists(db, `SELECT r.reference, e.kind FROM request_events e JOIN requests r ON r.id = e.request_id ORDER BY e.id`)
	notices := c.lists(db, `SELECT r.reference, n.key FROM notices n JOIN requests r ON r.id = n.request_id`)
	deliveries := map[string]int{}
	for _, line := range regexp.MustCompile(`(?m) key=(\S+)$`).FindAllStringSubmatch(c.log.String(), -1) {
		deliveries[line[1]]++
	}
	for _, p := range c.people {
		n.people++
		recorded, numbers := messages[p.thread], requests[p.thread]
		delete(messages, p.thread)
		delete(requests, p.thread)
		n.messages += len(recorded)
		n.requests += len(numbers)
		n.messagesOf(p, recorded)
		n.requestsOf(p, len(recorded), numbers, events)
		for _, number := range numbers {
			for _, key := range notices[number] {
				n.notices++
				if deliveries[key] == 0 {
					n.unsent++
				}
				n.resent += max(deliveries[key]-1, 0)
			}
			delete(notices, number)
		}
	}
	// What nobody sent.
	n.broken += len(messages) + len(requests) + len(notices)
	n.broken += c.number(db, `SELECT count(*) FROM requests r WHERE 1 <> (SELECT count(*) FROM request_messages m WHERE m.request_id = r.id)`)
	n.unsent += c.number(db, `SELECT count(*) FROM notices WHERE sent_at = 0`)
	// What is for later is not stuck, nor a round that was killed: the next one does all that is due.
	n.stuck = c.number(db, `SELECT count(*) FROM river_job WHERE state <> 'completed' AND kind <> 'follow_up_due' AND NOT (kind = 'follow_up' AND state = 'scheduled')`)
	if jobs := c.number(db, `SELECT count(*) FROM river_job WHERE kind = 'deliver_notice'`); jobs != n.notices {
		n.broken++
	}
	return n
}

// messagesOf compares what a person said with the messages that are recorded: the same, in the same order.
func (n *tally) messagesOf(p *person, recorded []string) {
	for i, t := range p.talk {
		switch times := count(recorded, t.says); {
		case times > 1:
			n.doubled++
		case times == 0 && i < p.said:
			n.lost++
		case times == 1 && (i > p.said || i == p.said && !p.left || recorded[i] != t.says):
			n.broken++
		}
	}
}

// requestsOf compares what a person was told with the requests of the conversation: one when a message made it, whole.
func (n *tally) requestsOf(p *person, recorded int, numbers []string, events map[string][]string) {
	var want []string
	for _, t := range p.talk[:min(recorded, len(p.talk))] {
		want = append(want, strings.Fields(t.events)...)
	}
	switch {
	case p.told != "" && !slices.Contains(numbers, p.told):
		n.lost++
	case len(numbers) > 1:
		n.doubled += len(numbers) - 1
	case (len(want) > 0) != (len(numbers) == 1):
		n.broken++
	}
	for _, number := range numbers {
		got := slices.DeleteFunc(slices.Clone(events[number]), func(kind string) bool { return kind == "notice_sent" })
		if !slices.Equal(got, want) {
			n.broken++
		}
	}
}

func count(all []string, one string) (n int) {
	for _, s := range all {
		if s == one {
			n++
		}
	}
	return n
}

// lists gives the second column's values by the first one's.
func (c *crowd) lists(db *database.DB, query string) map[string][]string {
	c.t.Helper()
	rows, err := db.Conn(c.t.Context()).QueryContext(c.t.Context(), query)
	if err != nil {
		c.t.Fatal(err)
	}
	defer rows.Close()
	lists := map[string][]string{}
	for rows.Next() {
		var key, value string
		if err := rows.Scan(&key, &value); err != nil {
			c.t.Fatal(err)
		}
		lists[key] = append(lists[key], value)
	}
	if err := rows.Err(); err != nil {
		c.t.Fatal(err)
	}
	return lists
}
