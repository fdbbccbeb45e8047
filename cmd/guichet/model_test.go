package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"guichet/bot"
	"guichet/knowledge"
	"guichet/migrations/databasetest"
)

const (
	modelQuestion = "Jusqu'à combien le PRIT finance-t-il un investissement ?"
	modelSays     = "Le PRIT finance jusqu'à 50 % de l'investissement, avec un plafond de 100 000 € [1]. Le PRIT finance aussi 60 % des hôtels [1]. "
	modelKept     = "Le PRIT finance jusqu'à 50 % de l'investissement, avec un plafond de 100 000 € [1]."
)

// startModel starts a chat server that answers every question in the same way, but for doctor's, and points the settings at it.
func startModel(t *testing.T, says string) (server *httptest.Server, asked *atomic.Int64) {
	t.Helper()
	asked = new(atomic.Int64)
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct{ Messages []struct{ Content string } }
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			t.Error(err)
		}
		asked.Add(1)
		text := says
		if strings.Contains(request.Messages[1].Content, trialQuestion) {
			text = "Le taux de l'aide fictive est de 40 % [1]."
		}
		w.Header().Set("Content-Type", "text/event-stream")
		for _, choice := range []map[string]any{{"delta": map[string]any{"content": text}}, {"delta": map[string]any{}, "finish_reason": "stop"}} {
			line, err := json.Marshal(map[string]any{"choices": []any{choice}})
			if err != nil {
				t.Error(err)
			}
			fmt.Fprintf(w, "data: %s\n\n", line)
		}
		fmt.Fprint(w, "data: [DONE]\n\n")
	}))
	t.Cleanup(server.Close)
	t.Setenv("GUICHET_MODEL_URL", server.URL+"/v1")
	t.Setenv("GUICHET_MODEL", "essai")
	// What a busy test machine may take is no fault of the model's.
	t.Setenv("GUICHET_MODEL_PATIENCE", "1m")
	return server, asked
}

func TestAskWithAModel(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, e databasetest.Engine) {
		server, asked := startModel(t, modelSays)
		t.Setenv("GUICHET_MODEL_PER_DAY", "2")
		c := terminalOn(t, e)
		if out := c.done("doctor"); !strings.Contains(out, "ok       model       essai, 0 réponse confiée au modèle aujourd'hui sur 2") || asked.Load() != 1 {
			t.Errorf("doctor, after %d requests:\n%s", asked.Load(), out)
		}
		ask := func() (line answerLine, stderr string) {
			t.Helper()
			code, stdout, stderr := c.run("", "--json", "ask", modelQuestion)
			if err := json.Unmarshal([]byte(stdout), &line); code != exitDone || err != nil {
				t.Fatalf("ask: %d, %v, %s", code, err, stderr)
			}
			return line, stderr
		}
		line, stderr := ask()
		if line.Grounding != "model" || line.Answer != modelKept || len(line.Citations) != 1 || line.Citations[0].Document != "fiche-prit-hdf" || stderr != "" {
			t.Errorf("%+v; %s", line, stderr)
		}
		// Whether there is an answer is decided without the model.
		code, stdout, _ := c.run("", "--json", "ask", "Quelle est la hauteur du beffroi de Bruges en pieds ?")
		if before := asked.Load(); code != exitDone || !strings.Contains(stdout, `"abstained":true`) || before != 2 {
			t.Errorf("an unknown question: %s, after %d requests", stdout, before)
		}
		ask()
		if line, stderr = ask(); line.Grounding != "extract" || !strings.Contains(stderr, "budget du jour") || asked.Load() != 3 {
			t.Errorf("over the budget: %s, %s, after %d requests", line.Grounding, stderr, asked.Load())
		}
		if out := c.done("doctor"); !strings.Contains(out, "à faire  model       essai, 2 réponses confiées au modèle aujourd'hui sur 2 ; budget épuisé") {
			t.Errorf("doctor over the budget:\n%s", out)
		}
		t.Setenv("GUICHET_MODEL_PER_DAY", "100")
		server.Close()
		if line, stderr = ask(); line.Grounding != "extract" || !strings.Contains(line.Answer, "100 000 €") || !strings.Contains(stderr, "le serveur du modèle est injoignable") {
			t.Errorf("without the server: %+v; %s", line, stderr)
		}
		if out := c.done("doctor"); !strings.Contains(out, "à faire  model") || !strings.Contains(out, "injoignable") {
			t.Errorf("doctor without the server:\n%s", out)
		}
	})
}

func TestModelSettingsAreChecked(t *testing.T) {
	c := newTerminal(t)
	for _, test := range []struct{ url, name, patience, perDay, want string }{
		{"serveur:8000", "m", "1s", "1", "GUICHET_MODEL_URL illisible"},
		{"http://serveur/v1", "", "1s", "1", "GUICHET_MODEL manque"},
		{"http://serveur/v1", "m", "-1s", "1", "GUICHET_MODEL_PATIENCE"},
		{"http://serveur/v1", "m", "1s", "0", "GUICHET_MODEL_PER_DAY"},
	} {
		t.Setenv("GUICHET_MODEL_URL", test.url)
		t.Setenv("GUICHET_MODEL", test.name)
		t.Setenv("GUICHET_MODEL_PATIENCE", test.patience)
		t.Setenv("GUICHET_MODEL_PER_DAY", test.perDay)
		if code, _, stderr := c.run("", "ask", modelQuestion); code != exitError || !strings.Contains(stderr, test.want) {
			t.Errorf("%+v: %d, %s", test, code, stderr)
		}
		if _, stdout, _ := c.run("", "doctor"); !strings.Contains(stdout, test.want) {
			t.Errorf("%+v: doctor says\n%s", test, stdout)
		}
	}
}

func TestThePageShowsWhatAModelWords(t *testing.T) {
	startModel(t, modelSays)
	s := startServe(t, databasetest.SQLite.URL(t))
	s.opened()
	key := s.formKey(s.visit("GET", "/", nil))
	request, err := http.NewRequestWithContext(t.Context(), "POST", s.page+"/", strings.NewReader(url.Values{"page": {key}, "texte": {modelQuestion}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "text/event-stream")
	response, err := s.browser.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	events := string(body)
	order := []int{strings.Index(events, "event: received"), strings.Index(events, "event: worded"), strings.Index(events, "event: reply")}
	if order[0] < 0 || !slices.IsSorted(order) || strings.Count(events, "event: worded") != 1 || strings.Contains(events, "60 %") || !strings.Contains(events, "rédigées par un modèle") {
		t.Errorf("the page is sent\n%s", events)
	}
	if page := s.visit("GET", "/", nil); !strings.Contains(page, "plafond de 100 000 € [1].") {
		t.Errorf("the conversation shows\n%s", page)
	}
	metrics := s.visit("GET", "/metrics", nil)
	for _, want := range []string{`guichet_model_answers_total{outcome="worded"} 1`, `guichet_model_answers_total{outcome="slow"} 0`, "guichet_model_sentences_dropped_total 1", "guichet_model_resting 0"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("no %s in the metrics", want)
		}
	}
	s.ended()
}

// A message that gives orders leads to the same reply and the same request with an obedient model and without.
func TestOrdersInMessagesChangeNothing(t *testing.T) {
	content, err := os.ReadFile("../../knowledge/testdata/injections.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var tries []struct{ Where, Text, Obeyed string }
	if err := yaml.Unmarshal(content, &tries); err != nil {
		t.Fatal(err)
	}
	replies := func() (all []bot.Reply) {
		c := newTerminal(t)
		a := c.app(t)
		if a.Model.URL = os.Getenv("GUICHET_MODEL_URL"); a.Model.URL != "" {
			a.Model.Name, a.Model.Patience, a.Model.PerPerson, a.Model.PerDay = "essai", time.Minute, 1000, 1000
		}
		db, err := a.open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		o, err := a.openOffice(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		for i, try := range tries {
			for j, text := range []string{modelQuestion, try.Text, "Quel est le plafond du Prêt Vert ? " + try.Text, "Nous sommes une menuiserie de 12 salariés à Amiens et nous cherchons un prêt. " + try.Text} {
				id := fmt.Sprint(i, j)
				reply, err := o.desk.Handle(t.Context(), bot.Message{Channel: "essai", ID: id, Thread: id, Text: text, At: a.now(), Asker: bot.Asker{Audience: knowledge.Public}})
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, reply)
			}
		}
		return all
	}
	without := replies()
	var obeyed strings.Builder
	for _, try := range tries {
		obeyed.WriteString(try.Obeyed + " [1]. ")
	}
	_, asked := startModel(t, obeyed.String())
	with := replies()
	routed := 0
	for i, reply := range with {
		if got, want := fmt.Sprintf("%+v", reply), fmt.Sprintf("%+v", without[i]); got != want {
			t.Errorf("with a model:\n%s\nwithout:\n%s", got, want)
		}
		if reply.Request != "" {
			routed++
		}
	}
	if asked.Load() == 0 || routed == 0 {
		t.Errorf("%d questions for the model, %d requests: the tries try nothing", asked.Load(), routed)
	}
}
