package main

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"guichet/routing"
	"guichet/routing/ledger"
	"guichet/routing/ledger/steering"
)

// Somebody who adds a status writes one element of a table: every place that shows, takes, filters, counts or exchanges statuses
// knows it.
func TestAStatusIsAddedInOnePlace(t *testing.T) {
	const paused ledger.Status = "paused"
	before := slices.Clone(ledger.States)
	t.Cleanup(func() { ledger.States = before })
	ledger.States = append(slices.Clone(before), ledger.State{
		Status: paused, Label: "suspendue à l'étude", Open: true, Since: "taken", Stage: func(routing.Delays) routing.Stage { return routing.Stage{Due: 20} },
		Deed: &ledger.Deed{Name: "suspendre", Label: "Suspendre", Ask: "Ce qui est attendu", After: []ledger.Status{ledger.Transmitted, ledger.Taken}, Owns: true},
	})

	c := newTerminal(t)
	reference, _ := c.object("--json", "request", "new", "--audience", "staff", "La société Verrine Fictive, à Lens, veut exporter vers l'Italie.")["request"].(string)
	if reference == "" {
		t.Fatal("no request")
	}
	show := func() string { return c.done("request", "show", "--audience", "staff", reference) }

	// The terminal: its help, the change, the lists and their filter.
	for _, help := range [][]string{{"request", "status", "--help"}, {"request", "list", "--help"}} {
		if out := c.done(help...); !strings.Contains(out, string(paused)) {
			t.Errorf("guichet %s does not tell of the status:\n%s", strings.Join(help, " "), out)
		}
	}
	if out := c.done("request", "status", "--by", "Bo", "--why", "un permis", reference, string(paused)); !strings.Contains(out, "suspendue à l'étude") || !strings.Contains(out, "Bo") {
		t.Errorf("the change tells %q", out)
	}
	if out := show(); !strings.Contains(out, "suspendue à l'étude") || !strings.Contains(out, "Échéance") {
		t.Errorf("shown as\n%s", out)
	}
	if out := c.done("request", "list", "--audience", "staff", "--status", string(paused)); !strings.Contains(out, reference) || !strings.Contains(out, "suspendue à l'étude") {
		t.Errorf("listed as %q", out)
	}
	if out := c.done("request", "list", "--audience", "staff", "--status", "transmitted"); strings.Contains(out, reference) {
		t.Errorf("listed as transmitted: %q", out)
	}
	if code, _, stderr := c.run("", "request", "list", "--audience", "staff", "--status", "perdue"); code != exitUsage || !strings.Contains(stderr, string(paused)) {
		t.Errorf("an unknown status: code %d, %q", code, stderr)
	}

	// A second message about the company joins it, since it is open; steering counts it.
	c.done("request", "new", "--audience", "staff", "La société Verrine Fictive, à Lens, veut exporter vers l'Espagne.")
	if out := c.done("request", "list", "--audience", "staff"); strings.Count(out, "\n") != 1 {
		t.Errorf("the second message did not join it:\n%s", out)
	}
	if out := c.done("steering", "--audience", "staff"); !strings.Contains(out, "Demandes ouvertes") {
		t.Errorf("steering: %s", out)
	}

	// The mapping, an export and its import in another guichet.
	if out := c.done("request", "mapping"); !strings.Contains(out, "      suspendue à l'étude: paused\n") {
		t.Errorf("the mapping is\n%s", out)
	}
	file := filepath.Join(t.TempDir(), "demandes.csv")
	c.done("request", "export", "--audience", "staff", "--output", file)
	if content, err := os.ReadFile(file); err != nil || !strings.Contains(string(content), "suspendue à l'étude") {
		t.Errorf("exported as %s, %v", content, err)
	}
	other := newTerminal(t)
	other.done("request", "import", file)
	if out := other.done("request", "list", "--audience", "staff", "--status", string(paused)); !strings.Contains(out, "suspendue à l'étude") {
		t.Errorf("imported as %q", out)
	}

	// The page: its filter, its button, what it shows; the description of the API, and its filter.
	secret, _ := c.object("--json", "token", "create", "Outil fictif", "--scope", "requests:read", "--audience", "staff")["secret"].(string)
	s := startServe(t, c.database)
	s.opened()
	s.visit("POST", "/agents/connexion", url.Values{"nom": {"Agente d'essai"}, "jeton": {s.token}})
	if body := s.visit("GET", "/agents?etat=paused", nil); !strings.Contains(body, `<option value="paused" selected>suspendue à l’étude`) || !strings.Contains(body, reference) {
		t.Errorf("the list of the page:\n%s", body)
	}
	c.done("request", "assign", "--why", "pas pour nous", "--lead", "DAEN", reference) // transmitted again
	request := "/agents/demandes/" + reference
	if body := s.visit("GET", request, nil); !strings.Contains(body, request+"/suspendre") || !strings.Contains(body, "Ce qui est attendu") {
		t.Errorf("no button in the page:\n%s", body)
	}
	if code, body := s.ask("POST", request+"/suspendre", url.Values{}); code != http.StatusUnprocessableEntity {
		t.Errorf("without a reason: %d\n%s", code, body)
	}
	if body := s.visit("POST", request+"/suspendre", url.Values{"texte": {"un autre permis"}}); !strings.Contains(body, "suspendue à l’étude") || strings.Contains(body, request+"/suspendre") {
		t.Errorf("after the button:\n%s", body)
	}
	if body := s.visit("GET", "/api/v1/openapi.json", nil); strings.Count(body, `"paused"`) != 2 {
		t.Errorf("the API's description has it %d times", strings.Count(body, `"paused"`))
	}
	call, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.page+"/api/v1/requests?status=paused", nil)
	if err != nil {
		t.Fatal(err)
	}
	call.Header.Set("Authorization", "Bearer "+secret)
	response, err := http.DefaultClient.Do(call)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusOK || !strings.Contains(string(body), `"status":"paused"`) {
		t.Errorf("the API lists %d %s, %v", response.StatusCode, body, err)
	}
	s.ended()

	// It is answered like another open request.
	c.done("request", "answer", "--by", "Bo", reference, "Voici.")
	if out := show(); !strings.Contains(out, ", répondue") || !strings.Contains(out, "suspendue à l'étude") {
		t.Errorf("answered, shown as\n%s", out)
	}
}

// Somebody who adds an indicator writes one element of a list, and who adds a cut of the territory a few lines of a file: the
// terminal, the page and the CSV file know them.
func TestAnIndicatorAndACutAreAddedInOnePlace(t *testing.T) {
	before := slices.Clone(steering.Indicators)
	t.Cleanup(func() { steering.Indicators = before })
	steering.Indicators = append(slices.Clone(before), steering.Indicator{
		ID: "reopened", Name: "Demandes rouvertes", Definition: "Fois où une demande a été rouverte dans la période.", Unit: steering.Requests, Sum: steering.Total,
		Flow: func(l steering.Life, _ ledger.Agenda) (cases []steering.Case) {
			for _, s := range l.Steps {
				if s.Event.Kind == ledger.Reopened {
					cases = append(cases, steering.Case{At: s.Event.At, Direction: s.After.Lead, Value: 1})
				}
			}
			return cases
		},
	})
	folder := t.TempDir()
	cut := "cuts:\n  - id: cote\n    name: Façade fictive\n    zones:\n      - name: Le large\n        arrondissements: [\"623\"]\n      - name: Les terres\n        departements: [\"80\"]\n"
	if err := os.WriteFile(filepath.Join(folder, "steering.yaml"), []byte(cut), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GUICHET_RULES", folder)
	c := newTerminal(t)
	reference, _ := c.object("--json", "request", "new", "--audience", "staff", "Notre société, située à Amiens, veut exporter en Espagne.")["request"].(string)
	c.done("request", "answer", reference, "Voici.")
	c.done("request", "reopen", reference, "--why", "encore")
	if out := c.done("steering", "--audience", "staff", "--cut", "cote"); !strings.Contains(out, "Demandes rouvertes : 1") || !strings.Contains(out, "Les terres") {
		t.Errorf("the terminal tells\n%s", out)
	}
	if out := c.done("steering", "--audience", "staff", "--cut", "cote", "--csv"); !strings.Contains(out, "reopened;Demandes rouvertes;demandes;cote;") {
		t.Errorf("the file has\n%s", out)
	}
	s := startServe(t, c.database)
	s.opened()
	s.visit("POST", "/agents/connexion", url.Values{"nom": {"Agente d'essai"}, "jeton": {s.token}})
	body := s.visit("GET", "/agents/pilotage?decoupage=cote", nil)
	for _, want := range []string{"Demandes rouvertes", "Fois où une demande a été rouverte dans la période.", "Façade fictive", "Les terres"} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is not in the page", want)
		}
	}
	s.ended()
}
