package knowledge_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"guichet/knowledge"
	"guichet/knowledge/extract"
	"guichet/knowledge/sqlstore"
	"guichet/migrations/databasetest"
)

// write makes files under a folder; an empty content removes one.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if content == "" {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func ingest(t *testing.T, store knowledge.Store, in knowledge.Ingestion, paths ...string) knowledge.Report {
	t.Helper()
	var roots []knowledge.Root
	for _, p := range paths {
		root, err := knowledge.Path(p)
		if err != nil {
			t.Fatal(err)
		}
		roots = append(roots, root)
	}
	in.Read = extract.Read
	report, err := knowledge.Ingest(t.Context(), store, in, roots...)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func ids(t *testing.T, store knowledge.Store, v knowledge.Viewer) []string {
	t.Helper()
	documents, err := store.Documents(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, d := range documents {
		out = append(out, d.ID)
	}
	return out
}

var (
	toPublic = knowledge.Ingestion{Audience: knowledge.Public}
	toStaff  = knowledge.Ingestion{Audience: knowledge.Staff}
	staff    = knowledge.Viewer{Audience: knowledge.Staff}
	everyone = knowledge.Viewer{Audience: knowledge.Public}
)

func TestIngestLife(t *testing.T) {
	store, dir := sqlstore.New(databasetest.New(t), nil), t.TempDir()
	write(t, dir, map[string]string{"a.md": "# A\n\nUn.", "sub/b.txt": "Deux.\n", "c.html": "<p>Trois</p>", ".hidden.md": "# Caché", "bad.pdf": "%PDF", "broken.md": "---\nid: [\n---\nx"})
	steps := 0
	in := toPublic
	in.Progress = func(s knowledge.Step) {
		if steps++; s.Done != steps || s.Total != 5 || s.Outcome == "" {
			t.Errorf("step %+v", s)
		}
	}
	r := ingest(t, store, in, dir)
	if r.Added != 3 || len(r.Failed) != 2 || r.Chunks == 0 || steps != 5 {
		t.Errorf("first ingestion: %+v, %d steps", r, steps)
	}
	for _, f := range r.Failed {
		if !strings.Contains(f.Error, "pas un fichier PDF") && !strings.Contains(f.Error, "ligne 2") {
			t.Errorf("failure without its reason: %+v", f)
		}
	}
	if r = ingest(t, store, toPublic, dir); r.Unchanged != 3 || r.Added+r.Updated+r.Chunks != 0 {
		t.Errorf("second ingestion: %+v", r)
	}
	write(t, dir, map[string]string{"a.md": "---\nid: [\n---", "sub/b.txt": "Autre.\n", "c.html": ""})
	if r = ingest(t, store, toPublic, dir); r.Updated != 1 || r.Removed != 0 || len(r.Failed) != 3 {
		t.Errorf("third ingestion: %+v", r)
	}
	if got := ids(t, store, staff); !reflect.DeepEqual(got, []string{"a", "b", "c"}) {
		t.Errorf("after a file broke and one is gone, without --prune: %v", got)
	}
	in = toPublic
	in.Prune = true
	if r = ingest(t, store, in, dir); r.Removed != 1 {
		t.Errorf("pruning: %+v", r)
	}
	if got := ids(t, store, staff); !reflect.DeepEqual(got, []string{"a", "b"}) {
		t.Errorf("a broken file keeps its former version, a missing one goes: %v", got)
	}
}

func TestPruneKeepsToItsRoots(t *testing.T) {
	store, dir := sqlstore.New(databasetest.New(t), nil), t.TempDir()
	write(t, dir, map[string]string{"one/a.md": "# A\n\nUn.", "one-bis/b.md": "# B\n\nDeux.", "one/c.md": "# C\n\nTrois."})
	ingest(t, store, toPublic, dir)
	write(t, dir, map[string]string{"one/a.md": "", "one-bis/b.md": ""})
	in := toPublic
	in.Prune = true
	if r := ingest(t, store, in, filepath.Join(dir, "one")); r.Removed != 1 {
		t.Errorf("report %+v", r)
	}
	if got := ids(t, store, staff); !reflect.DeepEqual(got, []string{"b", "c"}) {
		t.Errorf("kept %v: « one-bis » is not under « one »", got)
	}
}

func TestIdentifiers(t *testing.T) {
	store, dir := sqlstore.New(databasetest.New(t), nil), t.TempDir()
	write(t, dir, map[string]string{"a.md": "---\nid: x\n---\n# A\n\nUn.", "b.md": "---\nid: x\n---\n# B\n\nDeux."})
	r := ingest(t, store, toPublic, dir)
	if r.Added != 1 || len(r.Failed) != 1 || !strings.Contains(r.Failed[0].Error, "« x »") || !strings.Contains(r.Failed[0].Error, "a.md") {
		t.Errorf("two files with the same identifier: %+v", r)
	}
	write(t, dir, map[string]string{"b.md": "", "a.md": "---\nid: y\n---\n# A\n\nUn."})
	if r = ingest(t, store, toPublic, dir); len(r.Failed) != 0 || !reflect.DeepEqual(ids(t, store, staff), []string{"y"}) {
		t.Errorf("a file that changes its identifier: %+v, %v", r, ids(t, store, staff))
	}
	write(t, dir, map[string]string{"a.md": "", "moved/a.md": "---\nid: y\n---\n# A\n\nUn."})
	in := toPublic
	in.Prune = true
	if r = ingest(t, store, in, dir); len(r.Failed) != 0 || r.Removed != 1 || r.Added != 1 {
		t.Errorf("a file that moves: %+v", r)
	}
}

func TestAudienceOnlyNarrows(t *testing.T) {
	store, dir := sqlstore.New(databasetest.New(t), nil), t.TempDir()
	write(t, dir, map[string]string{"widens.md": "---\naudience: public\n---\n# A\n\nUn.", "narrows.md": "---\naudience: staff\n---\n# B\n\nDeux.", "plain.md": "# C\n\nTrois.", "epci.md": "---\nepci: '200000001'\n---\n# D\n\nQuatre."})
	ingest(t, store, toPublic, dir)
	if got := ids(t, store, everyone); !reflect.DeepEqual(got, []string{"plain", "widens"}) {
		t.Errorf("the public sees %v", got)
	}
	if r := ingest(t, store, toStaff, dir); r.Updated != 4 {
		t.Errorf("the same files for the staff: %+v", r)
	}
	if got := ids(t, store, everyone); got != nil {
		t.Errorf("what is ingested for the staff is seen by the public: %v", got)
	}
	if _, err := knowledge.Ingest(t.Context(), store, knowledge.Ingestion{Read: extract.Read}); !errors.Is(err, knowledge.ErrNoAudience) {
		t.Errorf("ingestion without audience = %v", err)
	}
	in := knowledge.Ingestion{Audience: knowledge.Partner, EPCI: "200000002"}
	if r := ingest(t, store, in, filepath.Join(dir, "epci.md")); len(r.Failed) != 1 {
		t.Errorf("a file kept for another EPCI: %+v", r)
	}
}

func TestAudienceWidensOnlyWhenAsked(t *testing.T) {
	store, dir := sqlstore.New(databasetest.New(t), nil), t.TempDir()
	write(t, dir, map[string]string{"a.md": "# A\n\nUn.", "renamed.md": "# B\n\nDeux."})
	ingest(t, store, toStaff, dir)
	write(t, dir, map[string]string{"renamed.md": "---\nid: other\n---\n# B\n\nDeux.", "new.md": "# C\n\nTrois."})
	r := ingest(t, store, toPublic, dir)
	if got := ids(t, store, everyone); !reflect.DeepEqual(got, []string{"new"}) || len(r.Failed) != 2 || !strings.Contains(r.Failed[0].Error, "« --audience staff »") {
		t.Errorf("the public sees %v after %+v", got, r)
	}
	in := toPublic
	in.Widen = true
	if r := ingest(t, store, in, dir); len(r.Failed) != 0 || len(ids(t, store, everyone)) != 3 {
		t.Errorf("widened as asked: %+v", r)
	}
	epci := knowledge.Ingestion{Audience: knowledge.Partner, EPCI: "200000001"}
	ingest(t, store, epci, dir)
	epci.EPCI = ""
	if r := ingest(t, store, epci, dir); len(r.Failed) != 3 || !strings.Contains(r.Failed[0].Error, "« --epci 200000001 »") {
		t.Errorf("from one EPCI to all partners: %+v", r)
	}
}

func TestIngestStops(t *testing.T) {
	store, dir := sqlstore.New(databasetest.New(t), nil), t.TempDir()
	write(t, dir, map[string]string{"a.md": "# A\n\nUn.", "b.md": "# B\n\nDeux."})
	root, err := knowledge.Path(dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	in := knowledge.Ingestion{Read: extract.Read, Audience: knowledge.Public, Progress: func(knowledge.Step) { cancel() }}
	if r, err := knowledge.Ingest(ctx, store, in, root); !errors.Is(err, context.Canceled) || r.Added != 1 {
		t.Errorf("interrupted after a file: %+v, %v", r, err)
	}
	if got := ids(t, store, staff); !reflect.DeepEqual(got, []string{"a"}) {
		t.Errorf("what went in stays: %v", got)
	}
	if _, err := knowledge.Path(filepath.Join(dir, "nulle-part")); err == nil || !strings.Contains(err.Error(), "introuvable") {
		t.Errorf("a missing path = %v", err)
	}
}
