package web_test

import (
	"encoding/csv"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"guichet/routing"
	"guichet/routing/ledger"
)

var (
	zones            = []routing.Zone{{ID: "e1", Name: "EPCI <un>"}, {ID: "e2", Name: "EPCI deux"}}
	steeringSettings = routing.Steering{InactiveDays: 30, Ages: []int{7}, RepeatedGap: 3, Cuts: []routing.Cut{
		routing.NewCut(routing.Cut{ID: "epci", Name: "EPCI fictifs", Zones: zones}, []routing.Located{{Commune: "c1", EPCI: "e1", Zone: 0}, {Commune: "c2", EPCI: "e2", Zone: 1}}),
		routing.NewCut(routing.Cut{ID: "autre", Name: "Autre découpage", Directions: []string{"DIR-B"}, Zones: []routing.Zone{{ID: "tout", Name: "Tout"}}}, []routing.Located{{Commune: "c1", EPCI: "e1", Zone: 0}}),
	}}
)

// steered is a visit of an agent whose ledger holds one request with a history.
func steered(t *testing.T) *visit {
	t.Helper()
	v := newVisit(t)
	v.login("Agente Fictive")
	decision := routing.Decision{Lead: "DIR-A", Facts: routing.Facts{{Name: "subject", Value: "export"}}}
	at := today.Add(-2 * time.Hour)
	v.ledger.request.Place = ledger.Place{Commune: "c1", EPCI: "e1"}
	v.ledger.request.Events = []ledger.Event{
		{At: at, Kind: ledger.Received, Why: "Un message"}, {At: at, Kind: ledger.Decided, Lead: "DIR-A", Decision: &decision},
		{At: at.Add(time.Hour), Kind: ledger.StatusSet, Status: ledger.Taken, By: "Ada"},
	}
	return v
}

func TestSteeringPage(t *testing.T) {
	v := steered(t)
	response, page := v.get("/agents/pilotage?decoupage=epci&zone=ailleurs")
	if response.StatusCode != http.StatusOK {
		t.Fatalf("status %d", response.StatusCode)
	}
	v.expect(page, "Prises en charge en 3 jours", "100,0\u00a0%", "Le même délai : neuf cas sur dix", // the definition beside the figure
		`value="epci" selected`, "EPCI fictifs", "EPCI &lt;un&gt;", `<th scope="row">DIR-A</th>`, "moins de 7 jours", `<th scope="col">03/2026</th>`,
		"EPCI deux : export &lt;fictif&gt;", "=1&#43;1 &lt;b&gt;?&lt;/b&gt; (5 fois)", `href="/agents/pilotage.csv?decoupage=epci&amp;zone=ailleurs"`,
		`<svg role="img" aria-labelledby="graphe-stocks-titre" aria-describedby="graphe-stocks-texte"`, "Demandes ouvertes : 0 au début, 1 à la fin")
	v.refuse(page, "style=", "<script", "http://www.w3.org/1999/xhtml")
	ids := map[string]int{}
	for _, m := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		ids[m[1]]++
	}
	for _, m := range regexp.MustCompile(` (?:aria-labelledby|aria-describedby|href)="#?([a-z0-9-]+)"`).FindAllStringSubmatch(page, -1) {
		if ids[m[1]] != 1 {
			t.Errorf("id %q stands %d times", m[1], ids[m[1]])
		}
	}
	for _, svg := range regexp.MustCompile(`(?s)<svg.*?</svg>`).FindAllString(page, -1) {
		decoder := xml.NewDecoder(strings.NewReader(svg))
		for {
			if _, err := decoder.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("a drawing is not XML: %v\n%s", err, svg)
			}
		}
		if strings.Contains(svg, "rgb(1,2,3)") || !strings.Contains(svg, "currentColor") {
			t.Error("a drawing has not the colour of the page")
		}
	}

	_, page = v.get("/agents/pilotage?direction=DIR-B")
	v.expect(page, `value="autre" selected`, "Autre découpage") // the direction's own
	for query, want := range map[string]string{
		"du=demain":                    "Une date n’a pas pu être lue",
		"du=2026-02-01&au=2026-01-01":  "La période finit avant de commencer",
		"direction=%3Cscript%3E":       "La direction « &lt;script&gt; » n&#39;est pas dans les règles",
		"decoupage=canton":             "Le découpage « canton »",
		"du=2030-01-01&au=2030-02-01":  "pas encore commencée",
		"du=1026-01-01&au=2026-02-01":  "dépasse 10 ans",
		"du=0001-01-01&au=99999-01-01": "Une date n’a pas pu être lue",
	} {
		response, page := v.get("/agents/pilotage?" + query)
		if response.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: status %d", query, response.StatusCode)
		}
		v.expect(page, want)
		if response, _ := v.get("/agents/pilotage.csv?" + query); response.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: status %d of the file", query, response.StatusCode)
		}
	}
}

func TestSteeringFile(t *testing.T) {
	v := steered(t)
	response, page := v.get("/agents/pilotage.csv?decoupage=epci&du=2026-03-01&au=2026-03-31")
	if kind, name := response.Header.Get("Content-Type"), response.Header.Get("Content-Disposition"); kind != "text/csv; charset=utf-8" || name != "attachment; filename=pilotage-2026-03-01.csv" {
		t.Errorf("%s, %s", kind, name)
	}
	reader := csv.NewReader(strings.NewReader(strings.TrimPrefix(page, "\ufeff")))
	reader.Comma = ';'
	lines, err := reader.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, l := range lines {
		found[l[0]+" "+l[3]+" "+l[4]] = l[6]
		if l[0] == "repeated-gaps" && l[3] == "liste" && l[5] != "'=1+1 <b>?</b>" {
			t.Errorf("a question that a spreadsheet computes: %q", l[5])
		}
	}
	for key, want := range map[string]string{
		"received total ": "1", "taken-within-3 direction DIR-A": "100,0", "taken-within-3 epci e1": "100,0", "backlog période 2026-03-02": "1",
		"inactive-epci total ": "1", "rerouted total ": "",
	} {
		if got, told := found[key]; !told || got != want {
			t.Errorf("%s: %q (told %v), want %q", key, got, told, want)
		}
	}
}
