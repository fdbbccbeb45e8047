package openai

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"guichet/knowledge"
)

// chat is a chat server that gives its scripts in turn, the last one for ever, and keeps what it was asked.
type chat struct {
	mu      sync.Mutex
	scripts []http.HandlerFunc
	asked   []string // bodies
	keys    []string
}

func (c *chat) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	c.mu.Lock()
	c.asked, c.keys = append(c.asked, string(body)), append(c.keys, r.Header.Get("Authorization"))
	script := c.scripts[min(len(c.asked), len(c.scripts))-1]
	c.mu.Unlock()
	script(w, r)
}

func (c *chat) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.asked)
}

// data writes one event of a stream.
func data(w http.ResponseWriter, event any) {
	line, err := json.Marshal(event)
	if err != nil {
		panic(err)
	}
	fmt.Fprintf(w, "data: %s\n\n", line)
	_ = http.NewResponseController(w).Flush()
}

func delta(w http.ResponseWriter, fields map[string]any, finish any) {
	data(w, map[string]any{"choices": []map[string]any{{"index": 0, "delta": fields, "finish_reason": finish}}})
}

// writes streams a text in small pieces, cut anywhere, and ends as servers do.
func writes(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		delta(w, map[string]any{"role": "assistant"}, nil)
		for runes := range slices.Chunk([]rune(text), 5) {
			delta(w, map[string]any{"content": string(runes)}, nil)
		}
		delta(w, map[string]any{}, "stop")
		data(w, map[string]any{"choices": []any{}, "usage": map[string]any{"total_tokens": 12}})
		fmt.Fprint(w, "data: [DONE]\n\n")
	}
}

// then streams the start of a text, and goes on in another way.
func then(start string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		delta(w, map[string]any{"content": start}, nil)
		next(w, r)
	}
}

func raw(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }
}

func silent(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func closes(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

var found = knowledge.Answer{
	Text: "Extrait.", Looked: []string{"taux"},
	Quotes: []knowledge.Quote{
		{Document: "aide", Ordinal: 1, Title: "Aide Fictive", Section: "Aide Fictive › Montant", Text: "Le taux est de 40 %, dans la limite de 12 000 €.", Audience: knowledge.Public},
		{Document: "aide", Ordinal: 2, Title: "Aide Fictive", Section: "Aide Fictive › Qui", Text: "Les artisans la demandent avant le 12 juin 2026. Les communes ne sont pas éligibles.", Audience: knowledge.Public},
	},
}

// title opens the document whose title is quoted.
func title(_ context.Context, v knowledge.Viewer, id string) (knowledge.Document, []knowledge.Passage, error) {
	if v.Audience != knowledge.Public || id != "aide" {
		return knowledge.Document{}, nil, knowledge.ErrNotFound
	}
	return knowledge.Document{ID: id, Title: "Aide Fictive", Audience: knowledge.Public}, []knowledge.Passage{{Document: id, Kind: knowledge.Title, Text: "Aide Fictive"}}, nil
}

// till counts what is spent.
type till struct{ spent int }

func (b *till) Spend(context.Context, string, time.Time) error {
	b.spent++
	return nil
}

// worded is what a server's script makes of the answer above.
type worded struct {
	knowledge.Answer
	knowledge.Telling
	said []string
	till
}

func word(t *testing.T, w *Writer, patience time.Duration, streamed bool) (out worded) {
	t.Helper()
	wording := knowledge.Wording{Writer: w, Budget: &out.till, Open: title, Patience: patience, Told: func(told knowledge.Telling) { out.Telling = told }}
	var said func(string)
	if streamed {
		said = func(text string) { out.said = append(out.said, text) }
	}
	out.Answer = wording.Word(t.Context(), knowledge.Asked{Viewer: knowledge.Viewer{Audience: knowledge.Public}, Question: "Quel est le taux de l'aide fictive ?"}, found, said)
	return out
}

func serve(t *testing.T, scripts ...http.HandlerFunc) (*Writer, *chat) {
	t.Helper()
	c := &chat{scripts: scripts}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	return NewWriter(server.URL+"/v1/", "clé", "essai", time.Now), c
}

// unhurried is a patience that no test reaches.
const unhurried = time.Minute

func TestAnswersAreWorded(t *testing.T) {
	text := "Le taux de l'Aide Fictive est de 40 %, dans la limite de 12 000 € [1]. Elle est à demander avant le 12/06/2026. [2]\n- Les communes ne sont pas éligibles [2]"
	w, c := serve(t, writes(text))
	got := word(t, w, unhurried, true)
	want := []string{"Le taux de l'Aide Fictive est de 40 %, dans la limite de 12 000 € [1] [2].", "Elle est à demander avant le 12/06/2026 [3].", "Les communes ne sont pas éligibles [3]."}
	if !got.Worded || got.Outcome != knowledge.Worded || got.Text != strings.Join(want, " ") || !reflect.DeepEqual(got.said, want) {
		t.Errorf("%s, %v\n%s\n%q", got.Outcome, got.Err, got.Text, got.said)
	}
	if len(got.Quotes) != 3 || got.Quotes[0].Ordinal != 1 || got.Quotes[1].Text != "Aide Fictive" || got.Quotes[2].Ordinal != 2 {
		t.Errorf("quotes %+v", got.Quotes)
	}
	var request struct {
		Model    string
		Stream   bool
		Messages []struct{ Role, Content string }
	}
	if err := json.Unmarshal([]byte(c.asked[0]), &request); err != nil {
		t.Fatal(err)
	}
	if request.Model != "essai" || !request.Stream || len(request.Messages) != 2 || request.Messages[0].Role != "system" || c.keys[0] != "Bearer clé" {
		t.Errorf("asked %+v with the key %q", request, c.keys)
	}
	if prompt := request.Messages[1].Content; !strings.Contains(prompt, "[1] Aide Fictive › Aide Fictive › Montant : Le taux est de 40 %") || !strings.Contains(prompt, "Question : Quel est le taux") {
		t.Errorf("prompt %s", prompt)
	}
}

func TestFaultsOfTheModel(t *testing.T) {
	const good, stray = "Le taux est de 40 %, dans la limite de 12 000 € [1]. ", "Le taux est de 60 % [1]. "
	const goodSaid = "Le taux est de 40 %, dans la limite de 12 000 € [1]."
	for name, test := range map[string]struct {
		script  http.HandlerFunc
		outcome knowledge.Outcome
		said    string // the answer, the extract if empty
	}{
		"slow first token":     {silent, knowledge.Slow, ""},
		"stall half-way":       {then(good, silent), knowledge.Slow, ""},
		"stall in a sentence":  {then("Le taux est", silent), knowledge.Slow, ""},
		"cut half-way":         {then(good, closes), knowledge.Failed, ""},
		"ends without its end": {then(good, func(http.ResponseWriter, *http.Request) {}), knowledge.Failed, ""},
		"too many requests":    {says(429, `{"error":{"message":"slow down"}}`), knowledge.Failed, ""},
		"down":                 {status500, knowledge.Failed, ""},
		"error in the stream":  {then(good, raw("data: {\"error\":{\"message\":\"out of memory\"}}\n\n")), knowledge.Failed, ""},
		"garbage":              {says(200, "data: {{{\n\n"), knowledge.Failed, ""},
		"a page":               {says(200, "<html><body>Bienvenue</body></html>"), knowledge.Failed, ""},
		"nothing":              {says(200, ""), knowledge.Failed, ""},
		"an empty answer":      {writes(""), knowledge.Refused, ""},
		"a tool": {func(w http.ResponseWriter, _ *http.Request) {
			delta(w, map[string]any{"tool_calls": []any{map[string]any{"index": 0, "id": "a", "type": "function", "function": map[string]any{"name": "route", "arguments": "{}"}}}}, nil)
		}, knowledge.Failed, ""},
		"not answered":              {writes("AUCUNE RÉPONSE"), knowledge.Declined, ""},
		"another language":          {writes("The rate is 40 %, up to 12 000 € [1]."), knowledge.Refused, ""},
		"invented figure":           {writes(stray), knowledge.Refused, ""},
		"invented figure, then not": {writes(stray + good), knowledge.Worded, goodSaid},
		"no citation":               {writes("Le taux est de 40 %, dans la limite de 12 000 €."), knowledge.Refused, ""},
		"one without a citation":    {writes("Le taux est de 40 %. " + good), knowledge.Worded, goodSaid},
		"citation out of range":     {writes("Le taux est de 40 % [3]. Le taux est de 40 % [0]. Le taux est de 40 % [1][999]."), knowledge.Refused, ""},
		"the wrong source":          {writes("Le taux est de 40 % [2]."), knowledge.Refused, ""},
		"denial lost":               {writes("Les communes sont éligibles [2]."), knowledge.Refused, ""},
		"leans on what is dropped":  {writes(good + "Les bureaux sont fermés [2]. Ils ne sont pas éligibles [2]."), knowledge.Worded, goodSaid},
		"repeats itself":            {writes(strings.Repeat(good, 300)), knowledge.Worded, goodSaid},
		"never ends":                {writes(good + strings.Repeat("la la ", 20000)), knowledge.Worded, goodSaid},
		"never ends nor begins":     {writes(strings.Repeat("la la ", 20000)), knowledge.Refused, ""},
		"one line without end":      {then(good, raw("data: "+strings.Repeat("x", 2<<20))), knowledge.Failed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			for _, streamed := range []bool{false, true} {
				patience := unhurried
				if test.outcome == knowledge.Slow {
					patience = 100 * time.Millisecond
				}
				w, _ := serve(t, test.script)
				got := word(t, w, patience, streamed)
				want := test.said
				if want == "" {
					want = found.Text
				}
				if got.Outcome != test.outcome || got.Text != want || got.Worded != (test.said != "") || (got.Err == nil) != got.Worded {
					t.Errorf("%s (%v): %s\ndropped: %q", got.Outcome, got.Err, got.Text, got.Dropped)
				}
				for _, said := range got.said {
					if said != goodSaid {
						t.Errorf("said %q", said)
					}
				}
			}
		})
	}
}

// The extract is given within two seconds of the question, whatever the model does.
func TestASlowModelDoesNotHoldTheAnswer(t *testing.T) {
	drip := func(w http.ResponseWriter, r *http.Request) { // alive, a letter at a time
		for _, letter := range strings.Repeat("Le taux est de 40 % [1]. ", 100) {
			delta(w, map[string]any{"content": string(letter)}, nil)
			select {
			case <-r.Context().Done():
				return
			case <-time.After(200 * time.Millisecond):
			}
		}
	}
	for name, script := range map[string]http.HandlerFunc{"silent": silent, "drip": drip} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := serve(t, script)
			start := time.Now()
			if got := word(t, w, 0, true); got.Outcome != knowledge.Slow || got.Text != found.Text || len(got.said) > 0 {
				t.Errorf("%s: %s", got.Outcome, got.Text)
			}
			if took := time.Since(start); took > 2*time.Second {
				t.Errorf("the extract came after %s", took)
			}
		})
	}
}

func TestAServerThatFailsIsLeftAlone(t *testing.T) {
	w, c := serve(t, status500, status500, status500, status500, writes("Le taux est de 40 %, dans la limite de 12 000 € [1]."))
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	w.breaker.clock = func() time.Time { return now }
	outcomes := func(n int) (all []knowledge.Outcome) {
		for range n {
			got := word(t, w, unhurried, false)
			if all = append(all, got.Outcome); (got.spent == 0) != (got.Outcome == knowledge.Off) {
				t.Errorf("%s takes %d answers from the budget", got.Outcome, got.spent)
			}
		}
		return all
	}
	check := func(when string, got []knowledge.Outcome, asked int, want ...knowledge.Outcome) {
		t.Helper()
		if !slices.Equal(got, want) || c.count() != asked {
			t.Errorf("%s: %v after %d requests, want %v after %d", when, got, c.count(), want, asked)
		}
	}
	check("at first", outcomes(5), 3, knowledge.Failed, knowledge.Failed, knowledge.Failed, knowledge.Off, knowledge.Off)
	if !w.Resting() {
		t.Error("the server is not left alone")
	}
	now = now.Add(rest)
	check("after the rest, one try", outcomes(2), 4, knowledge.Failed, knowledge.Off)
	now = now.Add(rest)
	check("back", outcomes(2), 6, knowledge.Worded, knowledge.Worded)
	if w.Resting() {
		t.Error("the server is still left alone")
	}
}

func TestTheServersOwnPauseIsKept(t *testing.T) {
	w, c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "45")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	now := time.Now()
	w.breaker.clock = func() time.Time { return now }
	for range failures {
		word(t, w, unhurried, false)
	}
	now = now.Add(40 * time.Second)
	if got := word(t, w, unhurried, false); got.Outcome != knowledge.Off || c.count() != failures {
		t.Errorf("%s after %d requests", got.Outcome, c.count())
	}
}

func TestErrorsOfTheModelSayWhatToDo(t *testing.T) {
	for name, test := range map[string]struct {
		script http.HandlerFunc
		want   string
	}{
		"key": {says(401, `{"error":{"message":"bad key"}}`), "GUICHET_MODEL_KEY"}, "model": {says(404, `{"error":{"message":"no such model"}}`), "GUICHET_MODEL_URL"},
		"busy": {says(429, `{}`), "demande d'attendre"}, "down": {status500, "le serveur du modèle est en panne"},
	} {
		w, _ := serve(t, test.script)
		if got := word(t, w, unhurried, false); got.Err == nil || !strings.Contains(got.Err.Error(), test.want) {
			t.Errorf("%s: %v", name, got.Err)
		}
	}
}
