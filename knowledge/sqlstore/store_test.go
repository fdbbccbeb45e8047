package sqlstore_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"guichet/knowledge"
	"guichet/knowledge/extract"
	"guichet/knowledge/knowledgetest"
	"guichet/knowledge/sqlstore"
	"guichet/migrations/databasetest"
)

func TestStore(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, e databasetest.Engine) {
		knowledgetest.Store(t, func(t *testing.T) knowledge.Store { return sqlstore.New(e.New(t), nil) })
	})
}

// What a store holds in memory is never older than what another one, of another process, wrote.
func TestChangesOfAnother(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, e databasetest.Engine) {
		db := e.New(t)
		asked, other := sqlstore.New(db, nil), sqlstore.New(db, nil)
		model := &knowledgetest.Compass{Named: "boussole"}
		found := func() (ids []string) {
			t.Helper()
			viewer, words := knowledge.Viewer{Audience: knowledge.Public}, knowledge.Analyse("la géothermie au cap 10")
			counts, total, err := asked.Frequencies(t.Context(), viewer, words)
			if err != nil {
				t.Fatal(err)
			}
			vector, err := model.Query(t.Context(), model.Model(), "Cap 10.")
			if err != nil {
				t.Fatal(err)
			}
			hits, err := asked.Find(t.Context(), viewer, knowledge.Query{Words: counts, Total: total, Sure: words, Documents: 5, Passages: 5,
				Near: knowledgetest.Nearest(t, asked, viewer, knowledge.NearQuery{Vector: vector, Model: model.Model(), Total: total, Limit: 5})})
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range hits {
				ids = append(ids, h.Document.ID)
			}
			slices.Sort(ids)
			return ids
		}
		put := func(id string, audience knowledge.Audience) {
			t.Helper()
			knowledgetest.Put(t, other, knowledgetest.Doc(id, audience, "La géothermie. Cap 10."))
			if err := knowledge.EmbedAll(t.Context(), other, model, nil); err != nil {
				t.Fatal(err)
			}
		}
		for _, step := range []struct {
			does string
			do   func()
			want []string
		}{
			{"a document comes", func() { put("a", knowledge.Public) }, []string{"a"}},
			{"another comes", func() { put("b", knowledge.Public) }, []string{"a", "b"}},
			{"one is kept for the staff", func() { put("a", knowledge.Staff) }, []string{"b"}},
			{"it is public again", func() { put("a", knowledge.Public) }, []string{"a", "b"}},
			{"one is removed", func() {
				if err := other.Remove(t.Context(), "b"); err != nil {
					t.Fatal(err)
				}
			}, []string{"a"}},
		} {
			found() // what is held in memory is that of before
			step.do()
			if got := found(); !slices.Equal(got, step.want) {
				t.Errorf("after %s: found %v, want %v", step.does, got, step.want)
			}
		}
	})
}

// What is found is the same whatever was asked before, hits, scores and order, while the base changes.
func TestWarmLikeCold(t *testing.T) {
	words := []string{"géothermie", "forage", "hydrogène", "biogaz", "friche", "navette", "verger"}
	databasetest.Each(t, func(t *testing.T, e databasetest.Engine) {
		db := e.New(t)
		warm, model := sqlstore.New(db, nil), &knowledgetest.Compass{Named: "boussole"}
		r := rand.New(rand.NewPCG(5, 1))
		search := func(s knowledge.Store, v knowledge.Viewer, asked []string, degrees int, openOn time.Time) []knowledge.Hit {
			t.Helper()
			counts, total, err := s.Frequencies(t.Context(), v, asked)
			if err != nil {
				t.Fatal(err)
			}
			q := knowledge.Query{Words: counts, Total: total, Sure: asked, OpenOn: openOn, Documents: 3, Passages: 6}
			if degrees >= 0 {
				vector, err := model.Query(t.Context(), model.Model(), fmt.Sprint(degrees))
				if err != nil {
					t.Fatal(err)
				}
				q.Near = knowledgetest.Nearest(t, s, v, knowledge.NearQuery{Vector: vector, Model: model.Model(), Total: total, OpenOn: openOn, Limit: 5})
			}
			hits, err := s.Find(t.Context(), v, q)
			if err != nil {
				t.Fatal(err)
			}
			return hits
		}
		for step := range 8 {
			for range 4 {
				texts := make([]string, 1+r.IntN(4))
				for i := range texts {
					texts[i] = fmt.Sprintf("Cap %d, %s et %s.", r.IntN(360), words[r.IntN(len(words))], words[r.IntN(len(words))])
				}
				d := knowledgetest.Doc(fmt.Sprint("d", r.IntN(12)), knowledge.Audience(1+r.IntN(3)), texts...)
				d.EPCI = []string{"", "", "200000001"}[r.IntN(3)]
				d.Unavailable = r.IntN(6) == 0
				knowledgetest.Put(t, sqlstore.New(db, nil), d)
			}
			if step%3 != 2 { // else some passages have no vector yet
				if err := knowledge.EmbedAll(t.Context(), warm, model, nil); err != nil {
					t.Fatal(err)
				}
			}
			for i := range 12 {
				v := knowledge.Viewer{Audience: knowledge.Audience(1 + r.IntN(3)), EPCI: []string{"", "200000001"}[r.IntN(2)]}
				asked := knowledge.Analyse(words[r.IntN(len(words))] + " " + words[r.IntN(len(words))])
				slices.Sort(asked)
				asked = slices.Compact(asked)
				degrees, day := r.IntN(360), time.Time{}
				if i%4 == 3 {
					degrees = -1 // by words only
				}
				if i%3 == 0 {
					day = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
				}
				if got, want := search(warm, v, asked, degrees, day), search(sqlstore.New(db, nil), v, asked, degrees, day); !reflect.DeepEqual(got, want) {
					t.Fatalf("at step %d, %+v finds for %v and %d on %v\n%+v, and in a new store\n%+v", step, v, asked, degrees, day, got, want)
				}
			}
		}
	})
}

// A transaction is one connection: what is looked for at once outside is looked for in turn inside.
func TestFindInsideATransaction(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, e databasetest.Engine) {
		db := e.New(t)
		store, model := sqlstore.New(db, nil), &knowledgetest.Compass{Named: "boussole"}
		for i := range 20 {
			knowledgetest.Put(t, store, knowledgetest.Doc(fmt.Sprint("d", i), knowledge.Public, "La géothermie et le forage. Cap 10."))
		}
		if err := knowledge.EmbedAll(t.Context(), store, model, nil); err != nil {
			t.Fatal(err)
		}
		viewer, words := knowledge.Viewer{Audience: knowledge.Public}, knowledge.Analyse("la géothermie et le forage")
		vector, err := model.Query(t.Context(), model.Model(), "Cap 10.")
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			err := db.InTx(t.Context(), func(ctx context.Context) error {
				fresh := sqlstore.New(db, nil) // it holds nothing in memory yet
				counts, total, err := fresh.Frequencies(ctx, viewer, words)
				if err != nil {
					return err
				}
				near, err := fresh.Nearest(ctx, viewer, knowledge.NearQuery{Vector: vector, Model: model.Model(), Total: total, Limit: 5})
				if err != nil {
					return err
				}
				hits, err := fresh.Find(ctx, viewer, knowledge.Query{Words: counts, Total: total, Sure: words, Documents: 5, Passages: 5,
					Near: func() knowledge.Near { return near }})
				if err == nil && len(hits) < 5 {
					err = fmt.Errorf("%d passages", len(hits))
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

// BenchmarkSearch compares a whole search with the bare full-text query that it rests on, over the schemes of ../shared.
func BenchmarkSearch(b *testing.B) {
	db := databasetest.New(b)
	store := sqlstore.New(db, nil)
	root, err := knowledge.Path(filepath.Join("..", "..", "..", "shared", "data", "dispositifs"))
	if err != nil {
		b.Fatal(err)
	}
	if _, err := knowledge.Ingest(b.Context(), store, knowledge.Ingestion{Read: extract.Read, Audience: knowledge.Public}, root); err != nil {
		b.Fatal(err)
	}
	const question = "quelle aide pour rénover l'éclairage de mon magasin ?"
	now := time.Date(2026, 6, 12, 0, 0, 0, 0, time.UTC)
	viewer := knowledge.Viewer{Audience: knowledge.Public}
	b.Run("search", func(b *testing.B) {
		base := knowledge.NewBase(store)
		for b.Loop() {
			if results, err := base.Search(b.Context(), viewer, question, 10, now); err != nil || len(results) == 0 {
				b.Fatal(results, err)
			}
		}
	})
	b.Run("ask", func(b *testing.B) {
		base := knowledge.NewBase(store)
		for b.Loop() {
			if _, err := base.Ask(b.Context(), viewer, question, now); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("bare SQL", func(b *testing.B) {
		match := strings.Join(knowledge.Analyse(question), " OR ")
		for b.Loop() {
			rows, err := db.Conn(b.Context()).QueryContext(b.Context(), `SELECT rowid FROM passage_words WHERE passage_words MATCH $1 ORDER BY rank LIMIT 10`, match)
			if err != nil {
				b.Fatal(err)
			}
			for rows.Next() {
			}
			if err := rows.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// A document is a scheme by the titles of its sections, and is listed to those who may see it.
func TestSchemes(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, e databasetest.Engine) {
		s := sqlstore.New(e.New(t), nil)
		add := func(id string, audience knowledge.Audience, epci string, path ...string) {
			t.Helper()
			d := knowledge.Document{ID: id, Title: "Aide " + id, Source: id, Audience: audience, EPCI: epci, Hash: id, Blocks: []knowledge.Block{
				{Kind: knowledge.Title, Text: "Aide " + id}, {Path: path, Text: "Jusqu'à 40 %."},
			}}
			if err := knowledge.Refresh(t.Context(), s, d); err != nil {
				t.Fatal(err)
			}
		}
		add("c", knowledge.Public, "", "En détail", "Conditions d'éligibilité")
		add("a", knowledge.Public, "", "Montant")
		add("b", knowledge.Public, "", "Montant_total")
		add("e", knowledge.Partner, "200018083", "Montant")
		add("f", knowledge.Staff, "", "100% \"Montant\"")
		sections := []string{"Montant", "Conditions d'éligibilité"}
		for _, c := range []struct {
			viewer   knowledge.Viewer
			sections []string
			want     string
		}{
			{knowledge.Viewer{Audience: knowledge.Public}, sections, "a c"},
			{knowledge.Viewer{Audience: knowledge.Partner, EPCI: "200018083"}, sections, "a c e"},
			{knowledge.Viewer{Audience: knowledge.Partner, EPCI: "200030633"}, sections, "a c"},
			{knowledge.Viewer{Audience: knowledge.Staff}, sections, "a c e"},
			{knowledge.Viewer{Audience: knowledge.Staff}, []string{"100% \"Montant\""}, "f"},
			{knowledge.Viewer{Audience: knowledge.Staff}, []string{"Montan_"}, ""},
			{knowledge.Viewer{Audience: knowledge.Staff}, nil, ""},
		} {
			found, err := s.Schemes(t.Context(), c.viewer, c.sections)
			var ids []string
			for _, d := range found {
				ids = append(ids, d.ID)
			}
			if got := strings.Join(ids, " "); err != nil || got != c.want {
				t.Errorf("%+v, %v: %s, want %s, %v", c.viewer, c.sections, got, c.want, err)
			}
		}
		if _, err := s.Schemes(t.Context(), knowledge.Viewer{}, sections); err == nil {
			t.Error("schemes for nobody")
		}
	})
}
