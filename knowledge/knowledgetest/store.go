package knowledgetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	atomics "sync/atomic"
	"testing"
	"time"

	"guichet/knowledge"
)

// Store runs the suite; open gives an empty store.
func Store(t *testing.T, open func(t *testing.T) knowledge.Store) {
	for name, test := range map[string]func(*testing.T, knowledge.Store){
		"no audience is refused":                 noAudience,
		"rights":                                 rights,
		"rights come before limits":              rightsBeforeLimits,
		"closed schemes can be left out":         validity,
		"a document comes back as it went in":    roundTrip,
		"replacing leaves nothing behind":        replace,
		"removing leaves nothing behind":         remove,
		"a source belongs to one document":       conflict,
		"words are found as people write":        words,
		"queries are never syntax":               injection,
		"frequencies and vocabulary":             frequencies,
		"words are counted under the rights":     countedRights,
		"a failed write changes nothing":         atomic,
		"searches go on while the base moves":    searching,
		"what was read for one is not another's": readForAnother,
		"the order of writes does not matter":    anyOrder,
		"what is found is what may be seen":      filtered,
		"addresses are remembered":               remotes,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
	vectors(t, open)
}

// Doc makes a document of one paragraph a text, for tests.
func Doc(id string, audience knowledge.Audience, texts ...string) knowledge.Document {
	d := knowledge.Document{ID: id, Title: "Fiche " + id, Source: "/essai/" + id + ".md", Audience: audience, Hash: strings.Join(texts, "|")}
	for i, text := range texts {
		d.Blocks = append(d.Blocks, knowledge.Block{Kind: knowledge.Paragraph, Text: text, Offset: 100 * i})
	}
	return d
}

// Put indexes documents.
func Put(t *testing.T, s knowledge.Store, documents ...knowledge.Document) {
	t.Helper()
	for _, d := range documents {
		if err := s.Put(t.Context(), d, knowledge.Index(d)); err != nil {
			t.Fatal(err)
		}
	}
}

var public = knowledge.Viewer{Audience: knowledge.Public}

// query asks for words, with their counts as the viewer has them.
func query(t *testing.T, s knowledge.Store, v knowledge.Viewer, words []string) knowledge.Query {
	t.Helper()
	counts, total, err := s.Frequencies(t.Context(), v, words)
	if err != nil {
		t.Fatal(err)
	}
	return knowledge.Query{Words: counts, Total: total, Sure: words, Documents: 10, Passages: 10}
}

func find(t *testing.T, s knowledge.Store, v knowledge.Viewer, text string) []string {
	t.Helper()
	hits, err := s.Find(t.Context(), v, query(t, s, v, knowledge.Analyse(text)))
	if err != nil {
		t.Fatalf("Find(%q): %v", text, err)
	}
	var ids []string
	for _, h := range hits {
		ids = append(ids, fmt.Sprintf("%s#%d", h.Document.ID, h.Ordinal))
	}
	return ids
}

func noAudience(t *testing.T, s knowledge.Store) {
	Put(t, s, Doc("a", knowledge.Public, "Une aide."))
	for _, v := range []knowledge.Viewer{{}, {EPCI: "200000001"}, {Audience: 9}} {
		if _, err := s.Find(t.Context(), v, knowledge.Query{Words: map[string]knowledge.Frequency{"aid": {Passages: 1, Documents: 1}}, Total: knowledge.Frequency{Passages: 1, Documents: 1}, Documents: 1, Passages: 1}); !errors.Is(err, knowledge.ErrNoAudience) {
			t.Errorf("Find(%+v) = %v, want ErrNoAudience", v, err)
		}
		if _, err := s.Documents(t.Context(), v); !errors.Is(err, knowledge.ErrNoAudience) {
			t.Errorf("Documents(%+v) = %v, want ErrNoAudience", v, err)
		}
		if _, _, err := s.Open(t.Context(), v, "a"); !errors.Is(err, knowledge.ErrNoAudience) {
			t.Errorf("Open(%+v) = %v, want ErrNoAudience", v, err)
		}
		if _, _, err := s.Frequencies(t.Context(), v, []string{"aid"}); !errors.Is(err, knowledge.ErrNoAudience) {
			t.Errorf("Frequencies(%+v) = %v, want ErrNoAudience", v, err)
		}
		if _, err := s.Vocabulary(t.Context(), v, "a"); !errors.Is(err, knowledge.ErrNoAudience) {
			t.Errorf("Vocabulary(%+v) = %v, want ErrNoAudience", v, err)
		}
	}
	d := Doc("b", 0, "Sans audience.")
	if err := s.Put(t.Context(), d, knowledge.Index(d)); !errors.Is(err, knowledge.ErrNoAudience) {
		t.Errorf("Put without audience = %v, want ErrNoAudience", err)
	}
}

func rights(t *testing.T, s knowledge.Store) {
	own, other := Doc("epci-1", knowledge.Partner, "La convention du territoire."), Doc("epci-2", knowledge.Partner, "La convention du territoire.")
	own.EPCI, other.EPCI = "200000001", "200000002"
	leak := Doc("public-epci", knowledge.Public, "La convention du territoire.") // an EPCI on a public document still keeps it for that EPCI
	leak.EPCI = "200000002"
	Put(t, s, Doc("public", knowledge.Public, "La convention du territoire."), Doc("partner", knowledge.Partner, "La convention du territoire."),
		Doc("staff", knowledge.Staff, "La convention du territoire."), own, other, leak)
	for _, test := range []struct {
		viewer knowledge.Viewer
		want   []string
	}{
		{public, []string{"public"}},
		{knowledge.Viewer{Audience: knowledge.Partner}, []string{"partner", "public"}},
		{knowledge.Viewer{Audience: knowledge.Partner, EPCI: "200000001"}, []string{"epci-1", "partner", "public"}},
		{knowledge.Viewer{Audience: knowledge.Partner, EPCI: "200000002"}, []string{"epci-2", "partner", "public", "public-epci"}},
		{knowledge.Viewer{Audience: knowledge.Public, EPCI: "200000001"}, []string{"public"}},
		{knowledge.Viewer{Audience: knowledge.Staff}, []string{"epci-1", "epci-2", "partner", "public", "public-epci", "staff"}},
	} {
		var listed, found []string
		documents, err := s.Documents(t.Context(), test.viewer)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range documents {
			listed = append(listed, d.ID)
		}
		seen := map[string]bool{}
		for _, hit := range find(t, s, test.viewer, "convention du territoire") {
			id, _, _ := strings.Cut(hit, "#")
			seen[id] = true
		}
		for _, d := range documents {
			if seen[d.ID] {
				found = append(found, d.ID)
				delete(seen, d.ID)
			}
		}
		if !reflect.DeepEqual(listed, test.want) || !reflect.DeepEqual(found, test.want) || len(seen) > 0 {
			t.Errorf("%+v lists %v and finds %v (and %v), want %v", test.viewer, listed, found, seen, test.want)
		}
		for _, id := range []string{"public", "partner", "staff", "epci-1", "epci-2", "public-epci"} {
			_, passages, err := s.Open(t.Context(), test.viewer, id)
			visible := false
			for _, w := range test.want {
				visible = visible || w == id
			}
			if visible && (err != nil || len(passages) == 0) || !visible && !errors.Is(err, knowledge.ErrNotFound) {
				t.Errorf("%+v opens %s: %v, %d passages", test.viewer, id, err, len(passages))
			}
		}
	}
}

func rightsBeforeLimits(t *testing.T, s knowledge.Store) {
	for i := range 30 {
		Put(t, s, Doc(fmt.Sprintf("staff-%02d", i), knowledge.Staff, "Méthanisation, méthanisation, méthanisation."))
	}
	Put(t, s, Doc("public", knowledge.Public, "Un texte plus long, où la méthanisation n'est dite qu'une seule fois parmi bien d'autres choses."))
	q := query(t, s, public, knowledge.Analyse("méthanisation"))
	q.Documents, q.Passages = 1, 1
	hits, err := s.Find(t.Context(), public, q)
	if err != nil || len(hits) != 1 || hits[0].Document.ID != "public" {
		t.Errorf("Find = %v, %v: the public document must not be hidden by better ones that the viewer may not see", hits, err)
	}
}

func validity(t *testing.T, s knowledge.Store) {
	day := time.Date(2026, 6, 30, 0, 0, 0, 0, time.UTC)
	open, last, past, gone := Doc("open", 1, "Prêt vert."), Doc("last-day", 1, "Prêt vert."), Doc("past", 1, "Prêt vert."), Doc("gone", 1, "Prêt vert.")
	last.ValidUntil, past.ValidUntil, gone.Unavailable = day, day.AddDate(0, 0, -1), true
	Put(t, s, open, last, past, gone)
	for _, test := range []struct {
		on   time.Time
		want int
	}{{time.Time{}, 4}, {day, 2}, {day.Add(23 * time.Hour), 2}, {day.AddDate(0, 0, 1), 1}} {
		q := query(t, s, public, knowledge.Analyse("prêt vert"))
		q.OpenOn = test.on
		hits, err := s.Find(t.Context(), public, q)
		if err != nil || len(hits) != test.want {
			t.Errorf("open on %v: %d hits, %v; want %d", test.on, len(hits), err, test.want)
		}
	}
}

func roundTrip(t *testing.T, s knowledge.Store) {
	d := Doc("œuvre-d'été", knowledge.Partner, "Premier « passage » :\n- à lire, ça ?\u00a0!", "Second.")
	d.EPCI, d.URL, d.Unavailable = "200000001", "https://exemple.invalid/é", true
	d.Date, d.ValidFrom, d.ValidUntil = time.Date(2022, 5, 31, 0, 0, 0, 0, time.UTC), time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2022, 12, 31, 0, 0, 0, 0, time.UTC)
	d.Damaged = 0.125
	d.Blocks[0].Path, d.Blocks[1].Page = []string{"Titre \"un\"", "Sous-titre"}, 7
	Put(t, s, d)
	got, passages, err := s.Open(t.Context(), knowledge.Viewer{Audience: knowledge.Staff}, d.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := d
	want.Blocks, want.Passages = nil, 2
	if !reflect.DeepEqual(got, want) {
		t.Errorf("document = %+v, want %+v", got, want)
	}
	if wanted := knowledge.Split(d); !reflect.DeepEqual(passages, wanted) {
		t.Errorf("passages = %+v, want %+v", passages, wanted)
	}
}

func replace(t *testing.T, s knowledge.Store) {
	Put(t, s, Doc("a", 1, "Méthanisation agricole.", "Biogaz."), Doc("b", 1, "Hydrogène."))
	Put(t, s, Doc("a", 1, "Géothermie."))
	for text, want := range map[string]int{"méthanisation": 0, "biogaz": 0, "géothermie": 1, "hydrogène": 1} {
		if got := find(t, s, public, text); len(got) != want {
			t.Errorf("after replacement, %q finds %v, want %d", text, got, want)
		}
	}
	narrowed := Doc("b", knowledge.Staff, "Hydrogène.")
	Put(t, s, narrowed)
	if got := find(t, s, public, "hydrogène"); len(got) != 0 {
		t.Errorf("a document narrowed to the staff is still found by the public: %v", got)
	}
}

func remove(t *testing.T, s knowledge.Store) {
	Put(t, s, Doc("a", 1, "Méthanisation."), Doc("b", 1, "Méthanisation."))
	if err := s.Remove(t.Context(), "a", "inconnu"); err != nil {
		t.Fatal(err)
	}
	if got := find(t, s, public, "méthanisation"); !reflect.DeepEqual(got, []string{"b#0"}) {
		t.Errorf("finds %v, want b only", got)
	}
	if counts, total, err := s.Frequencies(t.Context(), public, knowledge.Analyse("méthanisation")); err != nil || total.Documents != 1 || counts[knowledge.Analyse("méthanisation")[0]].Documents != 1 {
		t.Errorf("frequencies after removal: %v, %v, %v", counts, total, err)
	}
}

func conflict(t *testing.T, s knowledge.Store) {
	Put(t, s, Doc("a", 1, "Premier."))
	d := Doc("b", 1, "Second.")
	d.Source = "/essai/a.md"
	var conflict *knowledge.ConflictError
	if err := s.Put(t.Context(), d, knowledge.Index(d)); !errors.As(err, &conflict) {
		t.Errorf("Put of the same source = %v, want a ConflictError", err)
	}
	if got := find(t, s, public, "premier"); len(got) != 1 {
		t.Errorf("the first document was lost: %v", got)
	}
}

func words(t *testing.T, s knowledge.Store) {
	Put(t, s,
		Doc("creation", 1, "L'aide à la création d'entreprises innovantes."),
		Doc("epci", 1, "La convention de l’EPCI avec la DAEN."),
		Doc("diag", 1, "Le Diag Éco-Flux dure un an."),
		Doc("oeuvre", 1, "La mise en œuvre du projet."),
		Doc("proch", 1, "Les plateformes Proch’emploi."),
		Doc("sarl", 1, "Une S.A.R.L. familiale."),
		Doc("somme", 1, "Jusqu'à 10 000 euros."))
	for query, want := range map[string]string{
		"créations": "creation#0", "CREATION": "creation#0", "entreprise innovante": "creation#0", "d'entreprises": "creation#0",
		"epci": "epci#0", "l'EPCI": "epci#0", "daen": "epci#0", "ecoflux": "diag#0", "eco flux": "diag#0", "œuvre": "oeuvre#0", "oeuvre": "oeuvre#0",
		"prochemploi": "proch#0", "Proch'emploi": "proch#0", "SARL": "sarl#0", "10000": "somme#0", "10\u00a0000": "somme#0",
	} {
		if got := find(t, s, public, query); len(got) == 0 || got[0] != want {
			t.Errorf("%q finds %v, want %s first", query, got, want)
		}
	}
	if got := find(t, s, public, "le la de à qui est"); len(got) != 0 {
		t.Errorf("words without meaning find %v", got)
	}
}

func injection(t *testing.T, s knowledge.Store) {
	Put(t, s, Doc("a", 1, "Une aide near and or not."), Doc("secret", knowledge.Staff, "Une aide secrète."))
	for _, text := range []string{`"`, `aide" OR "secrète`, `aide*`, `title:aide`, `^aide`, `NEAR(aide secrète, 2)`, `aide AND NOT x`, `{title body} : aide`, `aide') --`, "aide\x00secrète", `(((`, `-aide`, `aide; DROP TABLE documents`, `%_`, strings.Repeat("aide ", 5000)} {
		for _, words := range [][]string{knowledge.Analyse(text), {text}, strings.Fields(text)} {
			q := query(t, s, public, words)
			for _, w := range words { // whatever the counts say
				q.Words[w] = knowledge.Frequency{Passages: 1, Documents: 1}
			}
			hits, err := s.Find(t.Context(), public, q)
			if err != nil {
				t.Errorf("%.40q: %v", text, err)
			}
			for _, h := range hits {
				if h.Document.ID == "secret" {
					t.Errorf("%.40q shows the staff's document", text)
				}
			}
		}
		if _, err := s.Vocabulary(t.Context(), public, text); err != nil {
			t.Errorf("Vocabulary(%.40q): %v", text, err)
		}
	}
	if got := find(t, s, public, "aide"); !reflect.DeepEqual(got, []string{"a#0"}) {
		t.Errorf("afterwards finds %v", got)
	}
}

func frequencies(t *testing.T, s knowledge.Store) {
	Put(t, s, Doc("a", 1, "Hydrogène.", "Hydrogène vert."), Doc("b", 1, "Biogaz."))
	word := knowledge.Analyse("hydrogène")[0]
	counts, total, err := s.Frequencies(t.Context(), public, []string{word, "absent"})
	if err != nil || counts[word] != (knowledge.Frequency{Passages: 2, Documents: 1}) || total != (knowledge.Frequency{Passages: 3, Documents: 2}) {
		t.Errorf("Frequencies = %v, %v, %v", counts, total, err)
	}
	if _, ok := counts["absent"]; ok {
		t.Error("an absent word has a count")
	}
	vocabulary, err := s.Vocabulary(t.Context(), public, word[:3])
	if err != nil || vocabulary[word] != 2 || len(vocabulary) != 1 {
		t.Errorf("Vocabulary = %v, %v", vocabulary, err)
	}
}

// countedRights holds the counts to what a viewer may see: a word that only hidden documents hold does not exist.
func countedRights(t *testing.T, s knowledge.Store) {
	kept := Doc("kept", knowledge.Partner, "Le mot bathyscaphe.")
	kept.EPCI = "200000001"
	Put(t, s, Doc("open", 1, "Le mot hydrogène."), Doc("secret", knowledge.Staff, "Le mot kaléidoscope, et hydrogène."), kept)
	common, hidden, local := knowledge.Analyse("hydrogène")[0], knowledge.Analyse("kaléidoscope")[0], knowledge.Analyse("bathyscaphe")[0]
	for _, test := range []struct {
		viewer        knowledge.Viewer
		common        int
		hidden, local bool
		documents     int
	}{
		{public, 1, false, false, 1},
		{knowledge.Viewer{Audience: knowledge.Partner}, 1, false, false, 1},
		{knowledge.Viewer{Audience: knowledge.Partner, EPCI: "200000002"}, 1, false, false, 1},
		{knowledge.Viewer{Audience: knowledge.Partner, EPCI: "200000001"}, 1, false, true, 2},
		{knowledge.Viewer{Audience: knowledge.Staff}, 2, true, true, 3},
	} {
		counts, total, err := s.Frequencies(t.Context(), test.viewer, []string{common, hidden, local})
		if err != nil {
			t.Fatal(err)
		}
		if total.Documents != test.documents || total.Passages != test.documents || counts[common].Passages != test.common || counts[common].Documents != test.common ||
			(counts[hidden].Passages > 0) != test.hidden || (counts[local].Documents > 0) != test.local {
			t.Errorf("%+v counts %v of %v", test.viewer, counts, total)
		}
		for word, want := range map[string]int{common: test.common, hidden: one(test.hidden), local: one(test.local)} {
			vocabulary, err := s.Vocabulary(t.Context(), test.viewer, word[:2])
			if err != nil || vocabulary[word] != want {
				t.Errorf("%+v: vocabulary %v, %v; want %d of %q", test.viewer, vocabulary, err, want, word)
			}
		}
	}
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

func atomic(t *testing.T, s knowledge.Store) {
	Put(t, s, Doc("a", 1, "Hydrogène."))
	d := Doc("a", 1, "Biogaz.", "Géothermie.")
	entries := knowledge.Index(d)
	entries[1].Ordinal = entries[0].Ordinal // refused by the store after the first passage is written
	if err := s.Put(t.Context(), d, entries); err == nil {
		t.Fatal("two passages of the same place were taken")
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Put(cancelled, d, knowledge.Index(d)); !errors.Is(err, context.Canceled) {
		t.Errorf("Put with a context that ended = %v", err)
	}
	if got := find(t, s, public, "hydrogène"); len(got) != 1 {
		t.Errorf("the former version was lost: %v", got)
	}
	if got := find(t, s, public, "biogaz"); len(got) != 0 {
		t.Errorf("half of the new version is there: %v", got)
	}
}

// searching asks, by words and by meaning, while documents come and go: what stays is always found, what left never is.
func searching(t *testing.T, s knowledge.Store) {
	e := &Compass{Named: "boussole"}
	Put(t, s, Doc("stays", knowledge.Public, "L'hydrogène : cap 10."))
	embedAll(t, s, e)
	passing := func(i int) string { return fmt.Sprintf("passing-%02d", i) }
	var left atomics.Int64 // the documents passing before this one are gone
	var askers sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	for range 3 {
		askers.Go(func() {
			for ctx.Err() == nil {
				gone := passing(int(left.Load()))
				words := knowledge.Analyse("hydrogène")
				counts, total, err := s.Frequencies(t.Context(), public, words)
				if err != nil {
					t.Error(err)
					return
				}
				q := knowledge.Query{Words: counts, Total: total, Sure: words, Documents: 10, Passages: 10,
					Near: Nearest(t, s, public, knowledge.NearQuery{Vector: direction(e.Model(), "cap 12."), Model: e.Model(), Total: total, Limit: 10})}
				hits, err := s.Find(t.Context(), public, q)
				if err != nil {
					t.Error(err)
					return
				}
				ids := map[string]bool{}
				for _, h := range hits {
					ids[h.Document.ID] = true
					if strings.HasPrefix(h.Document.ID, "passing") && h.Document.ID < gone {
						t.Errorf("%s is found after it left", h.Document.ID)
					}
				}
				if !ids["stays"] {
					t.Errorf("what stays is not among %v", ids)
				}
			}
		})
	}
	for i := range 10 {
		d := Doc(passing(i), knowledge.Public, "L'hydrogène passe : cap 11.")
		err := s.Put(t.Context(), d, knowledge.Index(d))
		if err == nil {
			err = knowledge.EmbedAll(t.Context(), s, e, nil)
		}
		if err == nil {
			err = s.Remove(t.Context(), d.ID)
		}
		if err != nil {
			t.Error(err)
			break
		}
		left.Store(int64(i + 1))
	}
	stop()
	askers.Wait()
}

// readForAnother narrows, closes and removes a document that the staff has just read, at the time when others search: those of them
// who started before may have it, those who start after never.
func readForAnother(t *testing.T, s knowledge.Store) {
	e := &Compass{Named: "boussole"}
	staff, partner := knowledge.Viewer{Audience: knowledge.Staff}, knowledge.Viewer{Audience: knowledge.Partner, EPCI: "200000001"}
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	found := func(s knowledge.Store, v knowledge.Viewer) []string {
		t.Helper()
		q := query(t, s, v, knowledge.Analyse("hydrogène"))
		q.OpenOn = day
		q.Near = Nearest(t, s, v, knowledge.NearQuery{Vector: direction(e.Model(), "cap 12."), Model: e.Model(), Total: q.Total, OpenOn: day, Limit: 10})
		hits, err := s.Find(t.Context(), v, q)
		if err != nil {
			t.Fatal(err)
		}
		return names(hits)
	}
	Put(t, s, Doc("other", knowledge.Public, "L'hydrogène : cap 200."))
	for _, test := range []struct {
		does            string
		change          func(d *knowledge.Document) // nil removes it
		public, partner bool
	}{
		{"narrowed to the staff", func(d *knowledge.Document) { d.Audience = knowledge.Staff }, false, false},
		{"narrowed to partners", func(d *knowledge.Document) { d.Audience = knowledge.Partner }, false, true},
		{"kept for a territory", func(d *knowledge.Document) { d.EPCI = "200000001" }, false, true},
		{"kept for another territory", func(d *knowledge.Document) { d.EPCI = "200000002" }, false, false},
		{"closed", func(d *knowledge.Document) { d.ValidUntil = day.AddDate(0, 0, -1) }, false, false},
		{"withdrawn", func(d *knowledge.Document) { d.Unavailable = true }, false, false},
		{"removed", nil, false, false},
		{"left", func(*knowledge.Document) {}, true, true},
	} {
		d := Doc("moves", knowledge.Public, "L'hydrogène : cap 10.")
		Put(t, s, d)
		embedAll(t, s, e)
		for _, v := range []knowledge.Viewer{staff, public, partner} {
			if got := found(s, v); !slices.Contains(got, "moves#0") {
				t.Fatalf("%+v finds %v before the document is %s", v, got, test.does)
			}
		}
		during := s.Now()
		found(during, staff)
		if test.change == nil {
			if err := s.Remove(t.Context(), d.ID); err != nil {
				t.Fatal(err)
			}
		} else {
			test.change(&d)
			d.Hash = test.does
			Put(t, s, d)
			embedAll(t, s, e)
		}
		found(during, public) // it may see what was, and does not keep it
		for range 2 {
			found(s, staff)
			if got := slices.Contains(found(s, public), "moves#0"); got != test.public {
				t.Errorf("once it is %s, the public finds the document: %v", test.does, got)
			}
			if got := slices.Contains(found(s.Now(), partner), "moves#0"); got != test.partner {
				t.Errorf("once it is %s, a partner finds the document: %v", test.does, got)
			}
			found(during, staff)
		}
		q := query(t, s, public, knowledge.Analyse("hydrogène"))
		q.OpenOn = day
		q.Near = Nearest(t, s, staff, knowledge.NearQuery{Vector: direction(e.Model(), "cap 12."), Model: e.Model(), Total: q.Total, Limit: 10})
		if hits, err := s.Find(t.Context(), public, q); err != nil || slices.Contains(names(hits), "moves#0") != test.public {
			t.Errorf("once it is %s, the public given what is near for the staff finds %v, %v", test.does, names(hits), err)
		}
	}
}

func remotes(t *testing.T, s knowledge.Store) {
	at := time.Date(2026, 3, 2, 12, 0, 0, 123000, time.UTC)
	a := knowledge.Remote{Address: "https://exemple.invalid/a", Audience: knowledge.Public, ETag: `"é"`, Modified: "Mon, 02 Mar 2026 12:00:00 GMT", Reading: "x", Tried: at, Seen: at}
	b := knowledge.Remote{Address: "https://exemple.invalid/B", Audience: knowledge.Partner, EPCI: "200000001", Mapping: []byte("titre: a\n"), Failure: "injoignable", Gone: true, Tried: at}
	for _, r := range []knowledge.Remote{a, b, a} {
		if err := s.KeepRemote(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	listed := func(want ...knowledge.Remote) {
		t.Helper()
		if got, err := s.Remotes(t.Context()); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("remotes = %+v, %v, want %+v", got, err, want)
		}
	}
	listed(b, a)
	a.Failure, a.ETag = "délai dépassé", ""
	if err := errors.Join(s.KeepRemote(t.Context(), a), s.ForgetRemote(t.Context(), b.Address), s.ForgetRemote(t.Context(), "https://exemple.invalid/inconnue")); err != nil {
		t.Fatal(err)
	}
	listed(a)
	if err := s.KeepRemote(t.Context(), knowledge.Remote{Address: "https://exemple.invalid/c"}); !errors.Is(err, knowledge.ErrNoAudience) {
		t.Errorf("kept without an audience: %v", err)
	}
}
