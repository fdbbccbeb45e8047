package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"guichet/migrations/databasetest"
)

// startEmbeddings starts a server of vectors for which « vélo » and « bicyclette » mean the same, and points the settings at it.
func startEmbeddings(t *testing.T) (server *httptest.Server, asked *atomic.Int64) {
	t.Helper()
	asked = new(atomic.Int64)
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct{ Input []string }
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			t.Error(err)
		}
		var data []map[string]any
		for i, text := range request.Input {
			asked.Add(1)
			vector := []float32{0.1, 0.1, 1}
			if text = strings.ToLower(text); strings.Contains(text, "vélo") || strings.Contains(text, "bicyclette") {
				vector = []float32{1, 0, 0}
			}
			data = append(data, map[string]any{"index": i, "embedding": vector})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"data": data})
	}))
	t.Cleanup(server.Close)
	t.Setenv("GUICHET_EMBEDDINGS_URL", server.URL)
	t.Setenv("GUICHET_EMBEDDINGS_MODEL", "essai")
	t.Setenv("GUICHET_EMBEDDINGS_DIMENSIONS", "3")
	return server, asked
}

func TestSearchByMeaning(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, e databasetest.Engine) {
		server, asked := startEmbeddings(t)
		c := terminalOn(t, e)
		file := filepath.Join(t.TempDir(), "deux-roues.txt")
		if err := os.WriteFile(file, []byte("Les deux-roues\n\nUne bicyclette cargo est prêtée aux livreurs.\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, _, stderr := c.run("", "ingest", file); code != exitDone || stderr != "" {
			t.Fatalf("ingest: %d, %s", code, stderr)
		}
		before := asked.Load()
		if before == 0 {
			t.Error("ingest made no vectors")
		}
		search := func() (best result, stderr string) {
			t.Helper()
			code, stdout, stderr := c.run("", "--json", "search", "un vélo hydrogène")
			var line resultsLine
			if err := json.Unmarshal([]byte(stdout), &line); code != exitDone || err != nil {
				t.Fatalf("search: %d, %v, %s", code, err, stderr)
			}
			for _, r := range line.Results {
				if r.Vector > best.Vector {
					best = r
				}
			}
			return best, stderr
		}
		if best, stderr := search(); best.Document != "deux-roues" || best.Vector < 0.99 || stderr != "" {
			t.Errorf("the nearest is %+v; %s", best, stderr)
		}
		if _, stdout, _ := c.run("", "doctor"); !strings.Contains(stdout, "ok       embeddings") {
			t.Errorf("doctor:\n%s", stdout)
		}
		if c.run("", "ingest", file); asked.Load() > before+2 { // the question, and doctor's
			t.Errorf("an unchanged document was embedded again: %d texts, then %d", before, asked.Load())
		}
		server.Close()
		if best, stderr := search(); best.Vector != 0 || !strings.Contains(stderr, "mots seuls") || !strings.Contains(stderr, "injoignable") {
			t.Errorf("without the server: %+v; %s", best, stderr)
		}
		if _, stdout, _ := c.run("", "doctor"); !strings.Contains(stdout, "à faire  embeddings") || !strings.Contains(stdout, "injoignable") {
			t.Errorf("doctor without the server:\n%s", stdout)
		}
	})
}

func TestEmbeddingSettingsAreChecked(t *testing.T) {
	c := newTerminal(t)
	for _, test := range []struct{ url, model, dimensions, want string }{
		{"serveur:8000", "e5", "384", "GUICHET_EMBEDDINGS_URL illisible"},
		{"http://serveur/v1", "", "384", "GUICHET_EMBEDDINGS_MODEL manque"},
		{"http://serveur/v1", "e5", "0", "GUICHET_EMBEDDINGS_DIMENSIONS"},
	} {
		t.Setenv("GUICHET_EMBEDDINGS_URL", test.url)
		t.Setenv("GUICHET_EMBEDDINGS_MODEL", test.model)
		t.Setenv("GUICHET_EMBEDDINGS_DIMENSIONS", test.dimensions)
		folder := filepath.Join("..", "..", "..", "shared", "data", "eval", "faq-droit-travail")
		if code, _, stderr := c.run("", "eval", "retrieval", "--mode", "vector", folder); code == exitDone || !strings.Contains(stderr, test.want) {
			t.Errorf("%+v: %d, %s", test, code, stderr)
		}
	}
}
