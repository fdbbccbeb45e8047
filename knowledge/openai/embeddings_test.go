package openai

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"guichet/knowledge"
)

var e5 = knowledge.Model{Name: "e5", Dimensions: 2, QueryPrefix: "query: ", PassagePrefix: "passage: "}

// asked is what the server was asked.
type asked struct {
	Input      []string `json:"input"`
	Model      string   `json:"model"`
	Dimensions int      `json:"dimensions"`
}

// script is a server that gives its answers in turn, the last one for ever. An answer is nil for the right one: each text's
// vector is its length and 1.
type script struct {
	mu      sync.Mutex
	answers []http.HandlerFunc
	asked   []asked
	keys    []string
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	var a asked
	if err := json.NewDecoder(r.Body).Decode(&a); err != nil {
		panic(err)
	}
	s.asked, s.keys = append(s.asked, a), append(s.keys, r.Header.Get("Authorization"))
	var answer http.HandlerFunc
	if len(s.answers) > 0 {
		answer = s.answers[min(len(s.asked), len(s.answers))-1]
	}
	s.mu.Unlock()
	if answer != nil {
		answer(w, r)
		return
	}
	var data []map[string]any
	for i, text := range a.Input { // in the reverse order, which the index puts right
		data = append([]map[string]any{{"index": i, "embedding": []float32{float32(len(text)), 1}}}, data...)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"data": data})
}

func (s *script) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

func status500(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "oups", http.StatusInternalServerError)
}

func says(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code); fmt.Fprint(w, body) }
}

func open(t *testing.T, answers ...http.HandlerFunc) (*Embedder, *script) {
	t.Helper()
	s := &script{answers: answers}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	e := New(server.URL+"/v1/", "clé", e5)
	e.pause = time.Microsecond
	return e, s
}

func TestPassagesAreSentInBatchesWithTheirPrefix(t *testing.T) {
	e, s := open(t)
	texts := make([]string, 70)
	want := make([][]float32, len(texts))
	for i := range texts {
		texts[i] = strings.Repeat("a", i)
		want[i] = []float32{float32(len("passage: ") + i), 1}
	}
	texts[69] = strings.Repeat("é", 6000) // 12,000 bytes
	want[69][0] = float32(len("passage: ") + longest)
	got, err := e.Passages(t.Context(), e.Model(), texts)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Passages = %v, %v", got, err)
	}
	if len(s.asked) != 3 || len(s.asked[2].Input) != 70-2*batch || s.asked[0].Model != "e5" || s.asked[0].Dimensions != 0 || s.keys[0] != "Bearer clé" {
		t.Errorf("the server was asked %d times, key %q", len(s.asked), s.keys)
	}
}

func TestQueryHasItsOwnPrefixAndName(t *testing.T) {
	e, s := open(t)
	m := e5
	m.QueryName = "e5-query"
	if v, err := e.Query(t.Context(), m, "où ?"); err != nil || v[0] != float32(len("query: où ?")) {
		t.Errorf("Query = %v, %v", v, err)
	}
	if !reflect.DeepEqual(s.asked, []asked{{Input: []string{"query: où ?"}, Model: "e5-query"}}) {
		t.Errorf("asked %+v", s.asked)
	}
}

func TestFaultsThatPass(t *testing.T) {
	busy := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "0.001")
		http.Error(w, `{"error":{"message":"slow down"}}`, http.StatusTooManyRequests)
	}
	cut := func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }
	e, s := open(t, status500, busy, cut, says(200, `{"data":`), nil)
	if v, err := e.Passages(t.Context(), e5, []string{"a"}); err != nil || len(v) != 1 {
		t.Errorf("Passages = %v, %v", v, err)
	}
	if s.count() != 5 {
		t.Errorf("%d tries", s.count())
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	e, s := open(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := e.Passages(ctx, e5, []string{"a"}); err == nil || !strings.Contains(err.Error(), "en panne") || s.count() != 1 {
		t.Errorf("after %d tries: %v, want one, since the wait is longer than the time that is left", s.count(), err)
	}
	for value, want := range map[string]time.Duration{"": 0, "2": 2 * time.Second, "demain": 0} {
		if got := retryAfter(value); got != want {
			t.Errorf("Retry-After %q = %v, want %v", value, got, want)
		}
	}
}

func TestFaultsThatDoNotPass(t *testing.T) {
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		tries  int
		want   string
	}{
		"key":          {says(401, `{"error":{"message":"bad key"}}`), 1, "refuse la clé"},
		"model":        {says(404, `{"error":{"message":"no such model"}}`), 1, "ne connaît pas cette adresse ou ce modèle"},
		"refused":      {says(400, `{"error":{"message":"no"}}`), 1, "refuse la demande"},
		"down":         {status500, tries, "en panne"},
		"short":        {says(200, `{"data":[{"index":0,"embedding":[1]}]}`), 1, "1 dimensions au lieu de 2"},
		"none":         {says(200, `{"data":[]}`), 1, "0 pour 1 textes"},
		"twice":        {says(200, `{"data":[{"index":0,"embedding":[1,2]},{"index":0,"embedding":[1,2]}]}`), 1, "numérote mal"},
		"out of range": {says(200, `{"data":[{"index":7,"embedding":[1,2]}]}`), 1, "numérote mal"},
	} {
		e, s := open(t, test.answer)
		if _, err := e.Passages(t.Context(), e5, []string{"a"}); err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "clé\"") {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
		if s.count() != test.tries {
			t.Errorf("%s: %d tries, want %d", name, s.count(), test.tries)
		}
	}
}

func TestLongerVectorsAreAskedAtTheRightSize(t *testing.T) {
	e, s := open(t, says(200, `{"data":[{"index":0,"embedding":[1,2,3]}]}`), nil)
	for range 2 {
		if v, err := e.Query(t.Context(), e5, "a"); err != nil || len(v) != 2 {
			t.Errorf("Query = %v, %v", v, err)
		}
	}
	if s.count() != 3 || s.asked[1].Dimensions != 2 || s.asked[2].Dimensions != 2 {
		t.Errorf("asked %+v", s.asked)
	}
}

func TestAQuestionDoesNotWait(t *testing.T) {
	released := make(chan struct{})
	e, _ := open(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-released:
		}
	})
	defer close(released)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := e.Query(ctx, e5, "a"); err == nil || !strings.Contains(err.Error(), "pas répondu à temps") {
		t.Errorf("Query of a silent server = %v", err)
	}
}

func TestServerThatIsNotThere(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	url := server.URL
	server.Close()
	e := New(url, "", e5)
	e.pause = time.Microsecond
	if _, err := e.Query(t.Context(), e5, "a"); err == nil || !strings.Contains(err.Error(), "injoignable") {
		t.Errorf("Query = %v", err)
	}
}
