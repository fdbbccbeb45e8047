package knowledge_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"guichet/knowledge"
	"guichet/knowledge/extract"
	"guichet/knowledge/sqlstore"
	"guichet/migrations/databasetest"
)

// web is what addresses have, and what was asked of them.
type web struct {
	pages map[string]knowledge.Fetched
	fails map[string]error
	asked []knowledge.Remote
}

func (w *web) fetch(_ context.Context, r knowledge.Remote) (knowledge.Fetched, error) {
	w.asked = append(w.asked, r)
	if err := w.fails[r.Address]; err != nil {
		return knowledge.Fetched{}, err
	}
	f := w.pages[r.Address]
	if f.ETag != "" && f.ETag == r.ETag {
		return knowledge.Fetched{Unchanged: true}, nil
	}
	return f, nil
}

func page(etag, content string) knowledge.Fetched {
	return knowledge.Fetched{File: knowledge.File{Name: "page.md", Content: []byte(content)}, ETag: etag, URL: "https://exemple.invalid/page", Date: noonOf(1)}
}

func TestAddressesWidenOnlyWhenAsked(t *testing.T) {
	const address = "https://exemple.invalid/page"
	store := sqlstore.New(databasetest.New(t), nil)
	w := &web{pages: map[string]knowledge.Fetched{address: page("v1", "# Aide Houblon\n\nL'aide Houblon finance 40 % du séchoir.\n")}}
	refresh := func(audience knowledge.Audience, widen bool) knowledge.Report {
		t.Helper()
		r := knowledge.Refresher{Store: store, Read: extract.Read, Fetch: w.fetch, Now: func() time.Time { return noonOf(1) }, Widen: widen}
		report, err := r.Refresh(t.Context(), knowledge.Remote{Address: address, Audience: audience})
		if err != nil {
			t.Fatal(err)
		}
		return report
	}
	refresh(knowledge.Staff, false)
	if r := refresh(knowledge.Public, false); len(r.Failed) != 1 || r.Failed[0].Path != address || ids(t, store, everyone) != nil {
		t.Errorf("from the staff to the public: %+v", r)
	}
	if kept, err := store.Remotes(t.Context()); err != nil || len(kept) != 1 || kept[0].Audience != knowledge.Staff {
		t.Errorf("the address is kept as %+v, %v", kept, err)
	}
	if r := refresh(knowledge.Public, true); r.Updated != 1 || len(ids(t, store, everyone)) != 1 {
		t.Errorf("widened as asked: %+v", r)
	}
}

func noonOf(n int) time.Time { return time.Date(2026, 3, n, 12, 0, 0, 0, time.UTC) }

func TestAddressesAreRefreshed(t *testing.T) { databasetest.Each(t, addressesAreRefreshed) }

func addressesAreRefreshed(t *testing.T, e databasetest.Engine) {
	const one, two = "https://exemple.invalid/page", "https://exemple.invalid/catalogue"
	store := sqlstore.New(e.New(t), nil)
	base := knowledge.NewBase(store)
	w := &web{fails: map[string]error{}, pages: map[string]knowledge.Fetched{
		one: page("v1", "# Aide Houblon\n\nL'aide Houblon finance 40 % du séchoir.\n"),
		two: {File: knowledge.File{Name: "catalogue.csv", Content: []byte("id;nom;texte\n1;Aide Osier;Elle finance les vanneries.\n2;Aide Cidre;Elle finance les pressoirs.\n")}, ETag: "c1"},
	}}
	day := 1
	refresh := func(remotes ...knowledge.Remote) knowledge.Report {
		t.Helper()
		if remotes == nil { // as a later round does
			var err error
			if remotes, err = store.Remotes(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		report, err := knowledge.Refresher{Store: store, Read: extract.Read, Fetch: w.fetch, Now: func() time.Time { return noonOf(day) }}.Refresh(t.Context(), remotes...)
		if err != nil {
			t.Fatal(err)
		}
		return report
	}
	answers := func(question, want string) {
		t.Helper()
		a, err := base.Ask(t.Context(), everyone, question, noonOf(day))
		if err != nil || a.Abstained != (want == "") || !strings.Contains(a.Text, want) {
			t.Errorf("« %s » gets « %s », %v; want « %s »", question, a.Text, err, want)
		}
	}
	remote := func(address string) knowledge.Remote {
		t.Helper()
		remotes, err := store.Remotes(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range remotes {
			if r.Address == address {
				return r
			}
		}
		return knowledge.Remote{}
	}

	if r := refresh(knowledge.Remote{Address: one, Audience: knowledge.Public}, knowledge.Remote{Address: two, Audience: knowledge.Public, Mapping: []byte("id: id\ntitre: nom\ntexte: texte\n")}); r.Added != 3 || len(r.Failed) > 0 {
		t.Fatalf("first reading: %+v", r)
	}
	const houblon, osier, cidre = "Combien finance l'aide Houblon pour un séchoir ?", "Que finance l'aide Osier ?", "Que finance l'aide Cidre ?"
	answers(houblon, "40 %")
	answers(osier, "vanneries")
	answers(cidre, "pressoirs")
	if d, _, err := store.Open(t.Context(), everyone, "page"); err != nil || d.URL != one || d.Source != one || d.Date.Format(time.DateOnly) != "2026-03-01" {
		t.Errorf("the page came in as %+v, %v", d, err)
	}

	// Nothing changed: nothing is read.
	day = 2
	w.asked = nil
	if r := refresh(); r.Unchanged != 3 || r.Chunks != 0 || len(w.asked) != 2 || w.asked[0].ETag != "c1" || w.asked[1].ETag != "v1" {
		t.Errorf("the same again: %+v, asked %+v", r, w.asked)
	}
	// A failure keeps the text, and is told.
	day = 3
	w.fails[one], w.fails[two] = errors.New("serveur injoignable"), errors.New("serveur injoignable")
	if r := refresh(); len(r.Failed) != 2 || r.Removed != 0 {
		t.Errorf("unreachable: %+v", r)
	}
	answers(houblon, "40 %")
	if r := remote(one); r.Failure != "serveur injoignable" || !r.Seen.Equal(noonOf(2)) || !r.Tried.Equal(noonOf(3)) {
		t.Errorf("the failure is kept as %+v", r)
	}
	if due := knowledge.Due([]knowledge.Remote{remote(one)}, noonOf(4).Add(-time.Second), 24*time.Hour); due != nil {
		t.Errorf("due before its time: %v", due)
	}
	if due := knowledge.Due([]knowledge.Remote{remote(one)}, noonOf(4), 24*time.Hour); len(due) != 1 {
		t.Error("not due in its time")
	}
	// It changes, and a line of the catalogue goes: that one stops answering at once.
	day = 4
	w.fails = map[string]error{}
	w.pages[one] = page("v2", "# Aide Houblon\n\nL'aide Houblon finance 55 % du séchoir.\n")
	w.pages[two] = knowledge.Fetched{File: knowledge.File{Name: "catalogue.csv", Content: []byte("id;nom;texte\n2;Aide Cidre;Elle finance les pressoirs.\n")}, ETag: "c2"}
	if r := refresh(); r.Updated != 1 || r.Unchanged != 1 || r.Removed != 1 || remote(one).Failure != "" {
		t.Errorf("changed: %+v", r)
	}
	answers(houblon, "55 %")
	answers(osier, "")
	answers(cidre, "pressoirs")
	// A version that cannot be read leaves the former one.
	day = 5
	w.pages[one] = page("v3", "---\nid: [\n---\n")
	if r := refresh(); len(r.Failed) != 1 || remote(one).Failure == "" || remote(one).ETag != "" {
		t.Errorf("unreadable: %+v, %+v", r, remote(one))
	}
	answers(houblon, "55 %")
	// Gone: it stops answering at once; it may come back.
	day = 6
	w.fails[one] = knowledge.ErrGone
	if r := refresh(); r.Removed != 1 || len(r.Failed) != 1 || !remote(one).Gone {
		t.Errorf("gone: %+v, %+v", r, remote(one))
	}
	answers(houblon, "")
	day = 7
	w.fails, w.pages[one] = map[string]error{}, page("v2", "# Aide Houblon\n\nL'aide Houblon finance 60 % du séchoir.\n")
	if r := refresh(); r.Added != 1 || remote(one).Gone {
		t.Errorf("back: %+v, %+v", r, remote(one))
	}
	answers(houblon, "60 %")
	// For the staff only: the tag of what was read for all is worth nothing.
	if r := refresh(knowledge.Remote{Address: one, Audience: knowledge.Staff}); r.Updated != 1 {
		t.Errorf("for the staff: %+v", r)
	}
	answers(houblon, "")

	// What never answered is not followed.
	for address, failure := range map[string]error{"https://exemple.invalid/a": knowledge.ErrGone, "https://exemple.invalid/b": errors.New("injoignable")} {
		w.fails[address] = failure
		if r := refresh(knowledge.Remote{Address: address, Audience: knowledge.Public}); len(r.Failed) != 1 || remote(address).Address != "" {
			t.Errorf("%s: %+v, kept as %+v", address, r, remote(address))
		}
	}
	if _, err := (knowledge.Refresher{Store: store, Read: extract.Read, Fetch: w.fetch, Now: time.Now}).Refresh(t.Context(), knowledge.Remote{Address: one}); !errors.Is(err, knowledge.ErrNoAudience) {
		t.Errorf("without an audience: %v", err)
	}
}

func TestCatalogueFilesLoseTheirRows(t *testing.T) {
	store, dir := sqlstore.New(databasetest.New(t), nil), t.TempDir()
	in := knowledge.Ingestion{Audience: knowledge.Public, Mapped: extract.Mappable}
	write(t, dir, map[string]string{"aides.csv": "nom;texte\nAide Osier;Un.\nAide Cidre;Deux.\n", "aides.csv.yaml": "titre: nom\ntexte: texte\n", "note.md": "# Note\n\nTrois.", "seule.yaml": "a: b"})
	if r := ingest(t, store, in, dir); r.Added != 3 || len(r.Failed) != 1 || !strings.Contains(r.Failed[0].Path, "seule.yaml") {
		t.Errorf("first: %+v", r)
	}
	if r := ingest(t, store, in, dir); r.Unchanged != 3 {
		t.Errorf("again: %+v", r)
	}
	// While a row cannot be read, none is taken out: it may be the one that is missing.
	write(t, dir, map[string]string{"aides.csv": "nom;texte\nAide Osier;Un, changé.\n;Deux.\n"})
	if r := ingest(t, store, in, dir); r.Updated != 1 || r.Removed != 0 || len(r.Failed) != 2 {
		t.Errorf("a row is broken: %+v", r)
	}
	write(t, dir, map[string]string{"aides.csv": "nom;texte\nAide Osier;Un, changé.\n"})
	if r := ingest(t, store, in, dir); r.Unchanged != 2 || r.Removed != 1 {
		t.Errorf("a row is gone: %+v", r)
	}
	write(t, dir, map[string]string{"aides.csv.yaml": ""})
	if r := ingest(t, store, in, dir); r.Added != 1 || r.Removed != 1 {
		t.Errorf("without its mapping, the file is one table: %+v", r)
	}
	in.Prune = true
	write(t, dir, map[string]string{"aides.csv": ""})
	if r := ingest(t, store, in, dir); r.Removed != 1 {
		t.Errorf("the file is gone: %+v", r)
	}
}

func TestDamagedTextIsTold(t *testing.T) {
	store, dir := sqlstore.New(databasetest.New(t), nil), t.TempDir()
	write(t, dir, map[string]string{
		"lost.md":    "# Note\n\nLes odalit s de o e tatio sont fixées par p te.\n\nUne phrase saine, de la même longueur à peu près.\n",
		"misread.md": "# Note\n\nL'Ã©tÃ© Ã  Lille, c’est lâ€™Ã©tÃ©.\n", "unknown.md": "# Note\n\nL'�t� � Lille.\n",
		"sound.md": "# Note\n\nLe 2e et le 3e jour, de 9 h à 18 h, selon l'article R. 12 b et le décret n° 99-508. Âge, Ã, « À l'œuvre ».\n",
	})
	r := ingest(t, store, toPublic, dir)
	why := map[string]string{}
	for _, d := range r.Damaged {
		if d.Share <= 0 || d.Share > 1 {
			t.Errorf("share %v", d)
		}
		why[strings.TrimPrefix(d.Path, dir+"/")] = strings.Join(d.Why, ", ")
	}
	if len(why) != 3 || why["lost.md"] != "lettres manquantes" || !strings.Contains(why["misread.md"], "mal codés") || !strings.Contains(why["unknown.md"], "�") {
		t.Errorf("damaged: %v", why)
	}
	documents, err := store.Documents(t.Context(), everyone)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range documents {
		if (d.Damaged > 0) != (why[d.ID+".md"] != "") || d.ID == "lost" && (d.Damaged < 0.3 || d.Damaged > 0.7) {
			t.Errorf("%s keeps %v", d.ID, d.Damaged)
		}
	}
}
