package main

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// A person opens the page, asks, sends a request; an agent finds it; the program stops when it is told to.
func TestServe(t *testing.T) {
	c := newTerminal(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, w := io.Pipe()
	code := make(chan int, 1)
	var stderr strings.Builder
	go func() {
		code <- run(ctx, []string{"--database", c.database, "serve", "--address", "127.0.0.1:0"}, strings.NewReader(""), w, &stderr)
		_ = w.Close()
	}()
	welcome := make([]byte, 4096)
	n, err := out.Read(welcome)
	if err != nil {
		t.Fatalf("%v, %s", err, stderr.String())
	}
	page := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(string(welcome[:n]))
	token := regexp.MustCompile(`jeton de cette session : (\w+)`).FindStringSubmatch(string(welcome[:n]))
	examples := regexp.MustCompile(`(?m)^  - (.+)$`).FindAllStringSubmatch(string(welcome[:n]), -1)
	if page == "" || token == nil || len(examples) != 3 {
		t.Fatalf("the start says %s", welcome[:n])
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	visit := func(method, path string, form url.Values) string {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, page+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		response, err := browser.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%s %s: %s, %v\n%s", method, path, response.Status, err, body)
		}
		return string(body)
	}
	key := func(body string) string {
		t.Helper()
		found := regexp.MustCompile(`name="page" value="(\w+)"`).FindStringSubmatch(body)
		if found == nil {
			t.Fatal("no form in the page")
		}
		return found[1]
	}
	body := visit("GET", "/", nil)
	for i, want := range []string{"convention stratégique", "DPEAP", "MHDFF"} {
		if !strings.Contains(body, "Votre message") {
			t.Errorf("no form: %s", body)
		}
		body = visit("POST", "/", url.Values{"page": {key(body)}, "texte": {examples[i][1]}})
		if !strings.Contains(body, want) {
			t.Errorf("« %s »: no « %s » in the page", examples[i][1], want)
		}
	}
	reference := regexp.MustCompile(`\d{4}-\d{4}`).FindString(body[strings.Index(body, "MHDFF")-200:])
	if visit("GET", "/healthz", nil) != "ok\n" || !strings.Contains(visit("GET", "/metrics", nil), "go_goroutines") {
		t.Error("health or metrics are missing")
	}
	visit("POST", "/agents/connexion", url.Values{"nom": {"Agente d'essai"}, "jeton": {token[1]}})
	if list := visit("GET", "/agents", nil); reference == "" || !strings.Contains(list, reference) {
		t.Errorf("the request %q is not in the staff view", reference)
	}
	stop()
	if rest, err := io.ReadAll(out); err != nil || !strings.Contains(string(rest), "Guichet arrêté") {
		t.Errorf("the end says %q, %v", rest, err)
	}
	if got := <-code; got != exitDone {
		t.Errorf("code %d, %s", got, stderr.String())
	}
}
