package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"guichet/bot"
	"guichet/knowledge"
	"guichet/migrations/databasetest"
)

var formats = filepath.Join("..", "..", "knowledge", "extract", "testdata")

// A PDF is read by columns, and its citation names the page; office files and tables answer too.
func TestSourcesAnswer(t *testing.T) {
	c := newTerminal(t)
	code, out, stderr := c.run("", "ingest", filepath.Join(formats, "colonnes.pdf"), filepath.Join(formats, "reglement.odt"), filepath.Join(formats, "aides.xlsx"), filepath.Join(formats, "numerise.pdf"))
	if code != exitError || !strings.Contains(out, "numerise.pdf : PDF sans texte") || !strings.Contains(out, "3 ajoutés") || !strings.Contains(stderr, "1 source en échec") {
		t.Fatalf("code %d, %s, %s", code, out, stderr)
	}
	for _, test := range []struct {
		question, want, quote string
		page                  any
	}{
		{"Quel est le plafond de l'aide Houblon 6 ?", "42 000 euros", "L'aide Houblon 6 finance", 2.0},
		{"Quel est le plafond de l'aide Houblon 2 ?", "14 000 euros", "L'aide Houblon 2 finance", 1.0},
		{"Combien finance l'aide Lin pour une teilleuse ?", "45 %", "L'aide Lin finance", nil},
		{"Quel est le taux de l'aide Osier ?", "35 %", "Aide Osier | 05/03/2026", nil},
	} {
		answer := c.object("ask", test.question)
		citations, _ := answer["citations"].([]any)
		if answer["abstained"] == true || len(citations) == 0 || !strings.Contains(answer["answer"].(string), test.want) {
			t.Errorf("« %s » gets %v", test.question, answer)
			continue
		}
		first := citations[0].(map[string]any)
		if !strings.HasPrefix(first["quote"].(string), test.quote) || first["page"] != test.page {
			t.Errorf("« %s » quotes %v, page %v, want page %v", test.question, first["quote"], first["page"], test.page)
		}
	}
	if shown := c.done("ask", "Quel est le plafond de l'aide Houblon 6 ?"); !strings.Contains(shown, "· page 2 ·") {
		t.Errorf("the page is not shown: %s", shown)
	}
}

func TestDocuments(t *testing.T) { databasetest.Each(t, documentsOn) }

func documentsOn(t *testing.T, e databasetest.Engine) {
	c, dir := terminalOn(t, e), t.TempDir()
	for name, content := range map[string]string{
		"ouverte.md": "---\nid: aide-houblon\ntitre: Aide Houblon\ndate: 2026-01-05\nvalidite:\n  debut: 2026-01-01\n  fin: 2026-06-30\n---\n\nL'aide Houblon finance 40 % du séchoir à houblon.\n",
		"interne.md": "---\nid: note-interne\ntitre: Note interne\naudience: staff\n---\n\nLes odalit s de o e tatio sont fixées par p te.\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out := c.done("ingest", dir); !strings.Contains(out, "abîmé "+filepath.Join(dir, "interne.md")) || !strings.Contains(out, "80 % du texte (lettres manquantes)") {
		t.Errorf("the damage is not told: %s", out)
	}
	listed := func(audience string) map[string]map[string]any {
		out := map[string]map[string]any{}
		for _, d := range c.object("documents", "list", "--audience", audience, "--now", "2026-07-01")["documents"].([]any) {
			d := d.(map[string]any)
			out[d["id"].(string)] = d
		}
		return out
	}
	public, staff := listed("public"), listed("staff")
	if h := public["aide-houblon"]; public["note-interne"] != nil || h["passages"].(float64) < 2 || h["valid_until"] != "2026-06-30" || h["closed"] != true || h["date"] != "2026-01-05" || h["damaged"] != 0.0 {
		t.Errorf("the public is shown %v", public)
	}
	if n := staff["note-interne"]; n["damaged"].(float64) < 0.7 || n["audience"] != "staff" {
		t.Errorf("the staff is shown %v", n)
	}
	if text := c.done("documents", "list", "--audience", "staff", "--now", "2026-07-01"); !strings.Contains(text, "valable depuis le 2026-01-01, valable jusqu'au 2026-06-30, clos") || !strings.Contains(text, "80 % du texte abîmé") {
		t.Errorf("the list shows %s", text)
	}
	if shown := c.done("documents", "show", "aide-houblon"); !strings.Contains(shown, "finance 40 %") || !strings.Contains(shown, "Fin de validité") {
		t.Errorf("shown: %s", shown)
	}
	for _, args := range []string{"show|note-interne", "remove|note-interne", "show|inconnu", "remove|inconnu", "remove|https://exemple.invalid/x"} {
		if code, out, stderr := c.run("", append([]string{"documents"}, strings.Split(args, "|")...)...); code != exitError || out != "" || !strings.Contains(stderr, "introuvable") {
			t.Errorf("documents %s: code %d, %s, %s", args, code, out, stderr)
		}
	}
	if code, _, stderr := c.run("", "documents", "remove", "aide-houblon", "bpi"); code != exitError || !strings.Contains(stderr, "carte livrée") {
		t.Errorf("a shipped card is removed: %d, %s", code, stderr)
	}
	const question = "Combien finance l'aide Houblon pour un séchoir à houblon ?"
	if a := c.object("ask", "--now", "2026-02-01", question); a["abstained"] == true {
		t.Errorf("a document that was not removed does not answer: %v", a)
	}
	if out := c.object("documents", "remove", "aide-houblon"); !slices.Equal(out["removed"].([]any), []any{"aide-houblon"}) {
		t.Errorf("removed %v", out)
	}
	if a := c.object("ask", "--now", "2026-02-01", question); a["abstained"] != true {
		t.Errorf("a document that was removed answers: %v", a)
	}
	c.done("documents", "remove", "--audience", "staff", "note-interne")
	if listed("staff")["note-interne"] != nil {
		t.Error("the note is still there")
	}
}

// A page is followed from its first reading on: serve reads it again, and what is gone stops answering.
func TestAddressesAreFollowed(t *testing.T) { databasetest.Each(t, addressesAreFollowed) }

func addressesAreFollowed(t *testing.T, e databasetest.Engine) {
	var status, asked atomic.Int64
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if code := int(status.Load()); code != 0 {
			w.WriteHeader(code)
			return
		}
		w.Header().Set("ETag", `"un"`)
		if r.Header.Get("If-None-Match") == `"un"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<main><h1>Aide Houblon</h1><p>L'aide Houblon finance 40 % du séchoir à houblon.</p></main>")
	}))
	defer site.Close()
	c := terminalOn(t, e)
	address := site.URL + "/aide"
	const question = "Combien finance l'aide Houblon pour un séchoir à houblon ?"
	if code, out, _ := c.run("", "ingest", address); code != exitError || !strings.Contains(out, "--private-sources") || asked.Load() != 0 {
		t.Fatalf("this machine is read without leave: code %d, %s", code, out)
	}
	if r := c.object("ingest", "--private-sources", "--now", "2020-01-01", address); r["added"] != 1.0 {
		t.Fatalf("first reading: %v", r)
	}
	citation := c.object("ask", question)["citations"].([]any)[0].(map[string]any)
	if citation["url"] != address {
		t.Errorf("the citation leads to %v", citation)
	}
	if r := c.object("ingest", "--private-sources", "--now", "2020-01-02", address); r["unchanged"] != 1.0 || asked.Load() != 2 {
		t.Errorf("again: %v, asked %d times", r, asked.Load())
	}
	// A failure keeps the text and is told by doctor.
	status.Store(http.StatusBadGateway)
	if code, _, _ := c.run("", "ingest", "--private-sources", "--now", "2020-01-03", address); code != exitError {
		t.Errorf("a failure ends with code %d", code)
	}
	if c.object("ask", question)["abstained"] == true {
		t.Error("a failure took the text away")
	}
	if told := c.done("doctor"); !strings.Contains(told, "réponse 502 du serveur ; le texte est celui du 2020-01-02") {
		t.Errorf("doctor says %s", told)
	}
	// The page goes: serve finds it out at its start, since it was last read long ago.
	status.Store(http.StatusGone)
	t.Setenv("GUICHET_PRIVATE_SOURCES", "true")
	s := startServe(t, c.database)
	s.opened()
	until(t, "the page that is gone stops answering", func() bool { return c.object("ask", question)["abstained"] == true })
	s.ended()
	if told := c.done("doctor"); !strings.Contains(told, "n'existe plus") {
		t.Errorf("doctor says %s", told)
	}
	if out := c.object("documents", "remove", address); !slices.Equal(out["forgotten"].([]any), []any{address}) {
		t.Errorf("forgotten %v", out)
	}
	if told := c.done("doctor"); !strings.Contains(told, "aucune adresse suivie") {
		t.Errorf("doctor says %s", told)
	}
}

// ask asks questions as a channel does, each in its own conversation.
func (c terminal) ask(t *testing.T, questions ...string) {
	t.Helper()
	a := c.app(t)
	db, err := a.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	o, err := a.openOffice(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	for i, q := range questions {
		m := bot.Message{Channel: "essai", ID: fmt.Sprint(i), Thread: fmt.Sprint(i), Text: q, At: a.now(), Asker: bot.Asker{Audience: knowledge.Public}}
		if _, err := o.desk.Handle(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
}

// Questions without an answer are grouped, become a card, and the card answers once it is written.
func TestGapsBecomeCards(t *testing.T) {
	c := newTerminal(t)
	c.ask(t, "Existe-t-il une aide pour le quadricycle à voile ?", "aide achat quadricycle à voile ?", "Qui a peint le beffroi de Bruges ?")
	gaps := c.object("gaps")
	groups := gaps["groups"].([]any)
	if len(gaps["gaps"].([]any)) != 3 || len(groups) != 2 {
		t.Fatalf("gaps: %v", gaps)
	}
	first := groups[0].(map[string]any)
	if first["count"] != 2.0 || first["audiences"].(map[string]any)["public"] != 2.0 || first["id"] != 1.0 {
		t.Errorf("first group: %v", first)
	}
	card := filepath.Join(t.TempDir(), "fiche.md")
	if out := c.done("gaps", "card", "1", "--output", card); !strings.Contains(out, "guichet ingest "+card) {
		t.Errorf("card: %s", out)
	}
	if code, _, stderr := c.run("", "gaps", "card", "1", "--output", card); code != exitError || !strings.Contains(stderr, "existe déjà") {
		t.Errorf("written over: %d, %s", code, stderr)
	}
	if code, _, stderr := c.run("", "gaps", "card", "77"); code != exitError || !strings.Contains(stderr, "numéro 77") {
		t.Errorf("no such group: %d, %s", code, stderr)
	}
	if code, out, _ := c.run("", "ingest", card); code != exitError || !strings.Contains(out, "la fiche n'est pas finie") {
		t.Errorf("an unfinished card is taken: %d, %s", code, out)
	}
	content, err := os.ReadFile(card)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("À COMPLÉTER (l'adresse", "le guide fictif (l'adresse", "À COMPLÉTER (AAAA-MM-JJ, le jour où la réponse était vraie)", "2026-03-02",
		"À COMPLÉTER : la réponse, en phrases entières, avec ses chiffres et ses dates.", "L'aide fictive finance 30 % d'un quadricycle à voile.").Replace(string(content))
	if err := os.WriteFile(card, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c.done("ingest", card)
	if a := c.object("ask", "Existe-t-il une aide pour le quadricycle à voile ?"); a["abstained"] == true || !strings.Contains(a["answer"].(string), "30 %") {
		t.Errorf("the card does not answer: %v", a)
	}
}

func TestReview(t *testing.T) {
	c, dir, rules := newTerminal(t), t.TempDir(), t.TempDir()
	scheme := "---\nid: %s\ntitre: %s\npromesse: Financez un séchoir à houblon économe en énergie\nnature: %s\nvalidite:\n  fin: %s\n---\n\nPour les PME brassicoles.\n"
	for id, args := range map[string][]any{
		"a": {"a", "Aide au séchage du houblon", "subvention", "2026-12-31"}, "b": {"b", "Aide régionale au séchage du houblon", "subvention", "2026-12-31"},
		"c": {"c", "Prêt pour le séchage du houblon", "prêt", "2026-12-31"}, "d": {"d", "Ancienne aide au séchage du houblon", "subvention", "2025-12-31"},
	} {
		if err := os.WriteFile(filepath.Join(dir, id+".md"), fmt.Appendf(nil, scheme, args...), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c.done("ingest", dir)
	found := c.object("base", "review", "--now", "2026-03-02")
	overlaps := found["overlaps"].([]any)
	if len(overlaps) != 1 {
		t.Fatalf("overlaps %v", overlaps)
	}
	o := overlaps[0].(map[string]any)
	if fmt.Sprint(o["documents"]) != "[map[id:a title:Aide au séchage du houblon] map[id:b title:Aide régionale au séchage du houblon]]" || o["nature"] != "subvention" ||
		!strings.Contains(fmt.Sprint(o["profiles"]), "petites et moyennes") || !strings.Contains(fmt.Sprint(o["words"]), "houblon") {
		t.Errorf("overlap %v", o)
	}
	holes := func(found map[string]any) string { return fmt.Sprint(found["holes"]) }
	if h := holes(found); strings.Contains(h, "theme:energie profile") && strings.Contains(h, "profile:pme theme:energie") || !strings.Contains(h, "profile:pme theme:export") {
		t.Errorf("holes %v", h)
	}
	// Themes and profiles are the Region's.
	own := "schemes: [Nature]\nnature: Nature\nlikeness: 0.99\nthemes: [{id: brasserie, label: brasserie, words: [houblon]}, {id: voile, label: voile, words: [voilier]}]\nprofiles: [{id: pme, label: PME, words: [PME]}]\n"
	if err := os.WriteFile(filepath.Join(rules, "review.yaml"), []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	found = c.object("base", "review", "--now", "2026-03-02", "--rules", rules)
	if h := holes(found); h != "[map[label:voile × PME profile:pme theme:voile]]" || len(found["overlaps"].([]any)) != 0 {
		t.Errorf("with the Region's file: %v", found)
	}
	if err := os.WriteFile(filepath.Join(rules, "review.yaml"), []byte(own+"inconnu: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, _ := c.run("", "rules", "check", "--rules", rules); code != exitError || !strings.Contains(out, "review.yaml") {
		t.Errorf("a wrong file: %d, %s", code, out)
	}
}

// What expires no longer answers as if it were open, the day after.
func TestExpiredDocuments(t *testing.T) { databasetest.Each(t, expiredDocuments) }

func expiredDocuments(t *testing.T, e databasetest.Engine) {
	c, dir := terminalOn(t, e), t.TempDir()
	content := "---\nid: aide-houblon\ntitre: Aide Houblon\nvalidite:\n  fin: 2026-06-30\n---\n\nUn séchoir brassicole est financé à 40 %.\n"
	if err := os.WriteFile(filepath.Join(dir, "a.md"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	c.done("ingest", dir)
	for _, question := range []string{"Quel taux pour un séchoir brassicole ?", "Quelle aide pour un séchoir brassicole ?", "L'aide Houblon finance-t-elle un séchoir brassicole ?"} {
		for day, open := range map[string]bool{"2026-06-30": true, "2026-07-01": false} {
			a := c.object("ask", "--now", day, question)
			text := a["answer"].(string)
			if open && (a["abstained"] == true || strings.Contains(text, "clos")) || !open && a["abstained"] == false && !strings.Contains(text, "clos") {
				t.Errorf("on %s, « %s » gets %s", day, question, text)
			}
		}
	}
}
