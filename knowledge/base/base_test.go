package base_test

import (
	"io/fs"
	"regexp"
	"testing"
	"time"

	"guichet/knowledge"
	"guichet/knowledge/base"
	"guichet/knowledge/extract"
	"guichet/knowledge/sqlstore"
	"guichet/migrations/databasetest"
)

func TestCardsEnterTheBase(t *testing.T) {
	store := sqlstore.New(databasetest.New(t), nil)
	in := knowledge.Ingestion{Read: extract.Read, Audience: knowledge.Public}
	report, err := knowledge.Ingest(t.Context(), store, in, base.Cards())
	if err != nil || len(report.Failed) > 0 || report.Added == 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	again, err := knowledge.Ingest(t.Context(), store, in, base.Cards())
	if err != nil || again.Unchanged != report.Added {
		t.Errorf("a second start: %+v, %v", again, err)
	}
}

func TestCardsNameTheirSourceAndAudience(t *testing.T) {
	root := base.Cards()
	source := regexp.MustCompile(`(?m)^source: \S`)
	files, err := fs.Glob(root.FS, root.Dir+"/*.md")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		content, err := fs.ReadFile(root.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		d, err := extract.File(name, content)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d.Audience == 0 || d.Date.IsZero() || d.Date.After(time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)) || !source.Match(content) {
			t.Errorf("%s: audience %s, date %s, or no source", name, d.Audience, d.Date)
		}
	}
}
