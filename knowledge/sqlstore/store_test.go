package sqlstore_test

import (
	"path/filepath"
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
