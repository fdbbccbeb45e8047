package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"guichet/migrations/database"
	"guichet/migrations/databasetest"
)

// served is a running « guichet serve », with a browser.
type served struct {
	t       *testing.T
	page    string
	token   string
	browser *http.Client
	// examples are what the start says to try.
	examples []string
	stdout   io.Reader
	stderr   *lines
	code     chan int
	stop     func()
}

// lines is what a program writes while it is read.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// startServe starts the program; opened waits for its page.
func startServe(t *testing.T, database string) *served {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	out, w := io.Pipe()
	s := &served{t: t, browser: &http.Client{Jar: jar}, stdout: out, stderr: &lines{}, code: make(chan int, 1), stop: stop}
	go func() {
		s.code <- run(ctx, []string{"--database", database, "serve", "--address", "127.0.0.1:0"}, strings.NewReader(""), w, s.stderr)
		_ = w.Close()
	}()
	return s
}

func (s *served) opened() {
	s.t.Helper()
	welcome := make([]byte, 4096)
	n, err := s.stdout.Read(welcome)
	if err != nil {
		s.t.Fatalf("%v, %s", err, s.stderr)
	}
	s.page = regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(string(welcome[:n]))
	token := regexp.MustCompile(`jeton de cette session : (\w+)`).FindStringSubmatch(string(welcome[:n]))
	examples := regexp.MustCompile(`(?m)^  - (.+)$`).FindAllStringSubmatch(string(welcome[:n]), -1)
	if s.page == "" || token == nil || len(examples) != 3 {
		s.t.Fatalf("the start says %s", welcome[:n])
	}
	s.token = token[1]
	for _, e := range examples {
		s.examples = append(s.examples, e[1])
	}
}

// ask gives the answer to a request, whatever its status.
func (s *served) ask(method, path string, form url.Values) (int, string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.page+path, strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := s.browser.Do(request)
	if err != nil {
		s.t.Fatalf("%v\n%s", err, s.stderr)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// visit gives a page that must be there.
func (s *served) visit(method, path string, form url.Values) string {
	s.t.Helper()
	status, body := s.ask(method, path, form)
	if status != http.StatusOK {
		s.t.Fatalf("%s %s: %d\n%s", method, path, status, body)
	}
	return body
}

// formKey finds the hidden field that a message carries.
var formKey = regexp.MustCompile(`name="page" value="(\w+)"`)

func (s *served) formKey(body string) string {
	s.t.Helper()
	found := formKey.FindStringSubmatch(body)
	if found == nil {
		s.t.Fatalf("no form in the page: %s", body)
	}
	return found[1]
}

// ended stops the program and checks how it ends.
func (s *served) ended() {
	s.t.Helper()
	s.stop()
	if rest, err := io.ReadAll(s.stdout); err != nil || !strings.Contains(string(rest), "Guichet arrêté") {
		s.t.Errorf("the end says %q, %v", rest, err)
	}
	if got := <-s.code; got != exitDone {
		s.t.Errorf("code %d, %s", got, s.stderr)
	}
}

// A person opens the page, asks, sends a request; an agent finds it; the program stops when it is told to.
func TestServe(t *testing.T) { databasetest.Each(t, serveOn) }

func serveOn(t *testing.T, e databasetest.Engine) {
	s := startServe(t, e.URL(t))
	s.opened()
	body := s.visit("GET", "/", nil)
	for i, want := range []string{"convention stratégique", "DPEAP", "MHDFF"} {
		if !strings.Contains(body, "Votre message") {
			t.Errorf("no form: %s", body)
		}
		body = s.visit("POST", "/", url.Values{"page": {s.formKey(body)}, "texte": {s.examples[i]}})
		if !strings.Contains(body, want) {
			t.Errorf("« %s »: no « %s » in the page", s.examples[i], want)
		}
	}
	reference := regexp.MustCompile(`\d{4}-\d{4}`).FindString(body[strings.Index(body, "MHDFF")-200:])
	if s.visit("GET", "/healthz", nil) != "ok\n" || !strings.Contains(s.visit("GET", "/metrics", nil), "go_goroutines") {
		t.Error("health or metrics are missing")
	}
	s.visit("POST", "/agents/connexion", url.Values{"nom": {"Agente d'essai"}, "jeton": {s.token}})
	if list := s.visit("GET", "/agents", nil); reference == "" || !strings.Contains(list, reference) {
		t.Errorf("the request %q is not in the staff view", reference)
	}
	s.ended()
}

// until waits for something that the program does by itself.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// A start waits for its database. When the database is lost the person is told that nothing was recorded, health says it,
// and all is well again when it is back: the message that was refused is recorded, and its notice is sent.
func TestServeWithoutItsDatabase(t *testing.T) {
	line, address := databasetest.NewLine(t, databasetest.PostgreSQL.URL(t))
	line.Cut()
	s := startServe(t, address)
	until(t, "the wait is told", func() bool { return strings.Contains(s.stderr.String(), "la base est attendue") })
	line.Restore()
	s.opened()
	page := s.visit("GET", "/", nil)
	const text = "Nous sommes une menuiserie de 12 salariés à Amiens et nous cherchons un prêt pour une machine."
	for range 2 {
		line.Cut()
		if _, body := s.ask("POST", "/", url.Values{"page": {s.formKey(page)}, "texte": {text}}); !strings.Contains(body, "pas pu être enregistré") || !strings.Contains(body, "renvoyez-le") {
			t.Errorf("without the database the page says %s", body)
		}
		if status, _ := s.ask("GET", "/healthz", nil); status != http.StatusServiceUnavailable {
			t.Errorf("without the database health is %d", status)
		}
		line.Restore()
		if status, body := s.ask("GET", "/healthz", nil); status != http.StatusOK {
			t.Errorf("the database is back, and health is %d, %s", status, body)
		}
	}
	page = s.visit("POST", "/", url.Values{"page": {s.formKey(page)}, "texte": {text}})
	if !strings.Contains(page, "MHDFF") {
		t.Errorf("the message that is sent again gets %s", page)
	}
	until(t, "the notice is sent", func() bool { return strings.Contains(s.stderr.String(), "to=MHDFF") })
	if password := regexp.MustCompile(`://\w+:(\w+)@`).FindStringSubmatch(address)[1]; strings.Contains(s.stderr.String(), password) {
		t.Error("the password is in the log")
	}
	s.ended()
}

// A start whose database never comes ends, with the reason.
func TestAStartDoesNotWaitForEver(t *testing.T) {
	line, address := databasetest.NewLine(t, databasetest.PostgreSQL.URL(t))
	line.Cut()
	_, err := terminal{t, address}.app(t).openWithin(t.Context(), time.Millisecond)
	if !errors.Is(err, database.ErrUnreachable) || !strings.Contains(err.Error(), "rien n'y répond") {
		t.Errorf("%v", err)
	}
}
