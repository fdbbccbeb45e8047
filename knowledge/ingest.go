package knowledge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strings"
)

// indexVersion changes when splitting or analysis does, so that unchanged files are indexed again.
const indexVersion = "7"

// MaxSize is the largest file that is read, in bytes.
const MaxSize = 20 << 20

// File is what a Reader reads.
type File struct {
	// Name gives the format by its extension.
	Name    string
	Content []byte
	// Mapping is the YAML text that tells what the columns of a catalogue are: each of its rows is then a document. It is nil
	// for any other file.
	Mapping []byte
}

// Reader turns a file into its documents: one, or those of a catalogue (extract.Read). The rows that cannot be read are
// PartErrors, joined; the documents of the others come with them.
type Reader func(File) ([]Document, error)

// PartError is why one row of a catalogue could not be read.
type PartError struct {
	// Part names the row for people, with its line.
	Part string
	Err  error
}

func (e *PartError) Error() string { return e.Part + " : " + e.Err.Error() }
func (e *PartError) Unwrap() error { return e.Err }

// partOf stands between the source of a catalogue and the identifier of one of its documents.
const partOf = " # "

// Whole gives the source of the file or page that the document comes from: its own, or that of its catalogue.
func (d Document) Whole() string {
	whole, _, _ := strings.Cut(d.Source, partOf)
	return whole
}

// Root is a file or a folder to ingest.
type Root struct {
	// FS holds the files and Dir is where to start in it (« . » for all).
	FS  fs.FS
	Dir string
	// Name is put before each path to make the Source of its document.
	Name string
}

// Path gives the root of a file or folder of the system. Its errors do not repeat the name.
func Path(name string) (Root, error) {
	absolute, err := filepath.Abs(name)
	if err != nil {
		return Root{}, fmt.Errorf("trouver %s : %w", name, err)
	}
	info, err := os.Stat(absolute)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Root{}, errors.New("fichier ou dossier introuvable")
	case err != nil:
		return Root{}, fmt.Errorf("lecture impossible : %w", err)
	case info.IsDir():
		return Root{FS: os.DirFS(absolute), Dir: ".", Name: absolute}, nil
	}
	return Root{FS: os.DirFS(filepath.Dir(absolute)), Dir: filepath.Base(absolute), Name: filepath.Dir(absolute)}, nil
}

// Ingestion says how files enter the base.
type Ingestion struct {
	Read Reader
	// Audience is that of the documents that name none. A document's own audience can only narrow it: what is ingested for
	// the staff never becomes public by a line in a file. EPCI keeps the documents for the partners of one SIREN, and
	// makes the audience Partner at least.
	Audience Audience
	EPCI     string
	// Widen lets a document that the base knows be seen by more people than before; without it, it is refused.
	Widen bool
	// Mapping is that of the tables (Mapped) that have none beside them.
	Mapping []byte
	// Mapped tells the names of the files that a mapping may explain.
	Mapped func(name string) bool
	// Prune removes the documents whose source lies under the roots and is gone.
	Prune bool
	// Progress, if set, is called after each file.
	Progress func(Step)
}

// MappingSuffix ends the name of the file that explains the table of the same name beside it (« aides.csv.yaml »).
const MappingSuffix = ".yaml"

// Step is the ingestion of one file.
type Step struct {
	Done, Total int
	Source      string
	// Outcome is « ajouté », « mis à jour », « inchangé », « retiré » or « échec ».
	Outcome string
	// Notes are what the reader had to suppose; Err is why the file failed.
	Notes []string
	Err   error
}

// Report counts what an ingestion did. Its JSON is part of the command line's contract.
type Report struct {
	Added     int       `json:"added"`
	Updated   int       `json:"updated"`
	Unchanged int       `json:"unchanged"`
	Removed   int       `json:"removed"`
	Failed    []Failure `json:"failed"`
	// Chunks counts the passages of the documents that were added or updated.
	Chunks int `json:"chunks"`
	// Damaged are the documents that were added or updated whose text is damaged.
	Damaged []Damaged `json:"damaged"`
}

// Failure is a file that did not enter the base, and why, in French.
type Failure struct {
	Path  string `json:"path"`
	Error string `json:"error"`
}

// Damaged is a document whose text is damaged, with the share and the reasons that Harm gives.
type Damaged struct {
	Path  string   `json:"path"`
	Share float64  `json:"share"`
	Why   []string `json:"why"`
}

// Add adds up two reports.
func (r *Report) Add(other Report) {
	r.Added += other.Added
	r.Updated += other.Updated
	r.Unchanged += other.Unchanged
	r.Removed += other.Removed
	r.Chunks += other.Chunks
	r.Failed = append(r.Failed, other.Failed...)
	r.Damaged = append(r.Damaged, other.Damaged...)
}

// listed is a file to ingest, or the error met on the way to it.
type listed struct {
	source, name string
	mapping      string // the name of its mapping, if it has one beside it
	fsys         fs.FS
	err          error
}

// Ingest adds or refreshes the documents of the roots. A file that fails is reported and the others go in; its former
// version stays. The error is for what stops everything: the store, the context.
func Ingest(ctx context.Context, store Store, in Ingestion, roots ...Root) (Report, error) {
	if err := (Viewer{Audience: in.Audience}).Check(); err != nil {
		return newReport(), fmt.Errorf("ingérer : %w", err)
	}
	g, err := newIngester(ctx, store, in)
	if err != nil {
		return g.report, err
	}
	files, complete := list(roots, in.Mapped)
	if in.Prune && complete {
		if err := g.prune(ctx, files, roots); err != nil {
			return g.report, err
		}
	}
	for i, f := range files {
		if err := ctx.Err(); err != nil {
			return g.report, fmt.Errorf("ingestion interrompue : %w", err)
		}
		step := Step{Source: f.source}
		if file, err := in.open(f); err != nil {
			g.fail(&step, err)
		} else if step, err = g.take(ctx, f.source, file); err != nil {
			return g.report, err
		}
		step.Done, step.Total = i+1, len(files)
		if in.Progress != nil {
			in.Progress(step)
		}
	}
	return g.report, nil
}

// Refresh adds or replaces a document that the program itself wrote; nothing happens when the base has it as it is. A
// document of the Region's with the same identifier takes its place.
func Refresh(ctx context.Context, store Store, d Document) error {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n%s\n%s\n", indexVersion, d.Audience, d.Title)
	for _, b := range d.Blocks {
		fmt.Fprintf(sum, "%q %s\n", b.Path, b.Text)
	}
	d.Hash = hex.EncodeToString(sum.Sum(nil))
	before, _, err := store.Open(ctx, Viewer{Audience: Staff}, d.ID)
	switch {
	case err == nil && (before.Hash == d.Hash || before.Source != d.Source):
		return nil
	case err != nil && !errors.Is(err, ErrNotFound):
		return err
	}
	return store.Put(ctx, d, Index(d))
}

// open reads a file, and its mapping.
func (in Ingestion) open(f listed) (File, error) {
	if f.err != nil {
		return File{}, f.err
	}
	file := File{Name: f.name}
	var err error
	if file.Content, err = readFile(f.fsys, f.name); err != nil {
		return file, err
	}
	if in.Mapped != nil && in.Mapped(f.name) {
		file.Mapping = in.Mapping
	}
	if f.mapping != "" {
		if file.Mapping, err = readFile(f.fsys, f.mapping); err != nil {
			return file, fmt.Errorf("%s : %w", path.Base(f.mapping), err)
		}
	}
	return file, nil
}

// readFile reads a file of MaxSize at most.
func readFile(fsys fs.FS, name string) ([]byte, error) {
	file, err := fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("lecture impossible : %w", err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, MaxSize+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("lecture impossible : %w", err)
	case len(content) > MaxSize:
		return nil, fmt.Errorf("fichier trop gros : la limite est de %d Mo", MaxSize>>20)
	}
	return content, nil
}

// ingester puts documents in the base and reports on it.
type ingester struct {
	Ingestion
	store  Store
	report Report
	byID   map[string]Document
	// bySource gives the documents of each file or page.
	bySource map[string][]Document
}

func newReport() Report { return Report{Failed: []Failure{}, Damaged: []Damaged{}} }

func newIngester(ctx context.Context, store Store, in Ingestion) (*ingester, error) {
	g := &ingester{Ingestion: in, store: store, report: newReport(), byID: map[string]Document{}, bySource: map[string][]Document{}}
	known, err := store.Documents(ctx, Viewer{Audience: Staff})
	for _, d := range known {
		g.byID[d.ID] = d
		g.bySource[d.Whole()] = append(g.bySource[d.Whole()], d)
	}
	return g, err
}

func (g *ingester) prune(ctx context.Context, files []listed, roots []Root) error {
	present := map[string]bool{}
	for _, f := range files {
		present[f.source] = true
	}
	for source := range g.bySource {
		if present[source] || !under(roots, source) {
			continue
		}
		if err := g.drop(ctx, source, nil); err != nil {
			return err
		}
	}
	return nil
}

// drop takes out the documents of a file or page, but for those to keep.
func (g *ingester) drop(ctx context.Context, source string, keep map[string]bool) error {
	var gone []string
	var kept []Document
	for _, d := range g.bySource[source] {
		if keep[d.ID] {
			kept = append(kept, d)
			continue
		}
		gone = append(gone, d.ID)
		delete(g.byID, d.ID)
	}
	g.bySource[source] = kept
	g.report.Removed += len(gone)
	if len(gone) == 0 {
		return nil
	}
	return g.store.Remove(ctx, gone...)
}

// fail reports a failure, or each of those that are joined.
func (g *ingester) fail(step *Step, err error) {
	step.Outcome, step.Err = "échec", err
	for _, cause := range causes(err) {
		g.report.Failed = append(g.report.Failed, Failure{Path: step.Source, Error: cause.Error()})
	}
}

func causes(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	if err == nil {
		return nil
	}
	return []error{err}
}

// take puts the documents of a file or page in the base, and takes out those that it no longer has. The error is for what
// stops everything.
func (g *ingester) take(ctx context.Context, source string, f File) (Step, error) {
	step := Step{Source: source, Outcome: "inchangé"}
	hash := g.hash(source, f.Content, f.Mapping)
	if before := g.bySource[source]; f.Mapping == nil && len(before) == 1 && before[0].Hash == hash {
		g.report.Unchanged++
		return step, nil
	}
	documents, err := g.Read(f)
	failures := causes(err)
	keep := map[string]bool{}
	for _, d := range documents {
		if d.Source, d.Hash = source, hash; f.Mapping != nil {
			d.Source, d.Hash = source+partOf+d.ID, ""
			content, err := json.Marshal(d)
			if err != nil {
				return step, fmt.Errorf("comparer %s : %w", source, err)
			}
			d.Hash = g.hash(source, content, nil)
		}
		keep[d.ID] = true
		outcome, err := g.put(ctx, source, d)
		switch {
		case errors.As(err, new(*refusal)):
			failures = append(failures, err)
			continue
		case err != nil:
			return step, err
		}
		if outcome != "inchangé" && step.Outcome != "mis à jour" {
			step.Outcome = outcome
		}
		step.Notes = append(step.Notes, d.Notes...)
	}
	if len(failures) > 0 { // what could not be read may be what is missing
		g.fail(&step, errors.Join(failures...))
		return step, nil
	}
	return step, g.drop(ctx, source, keep)
}

// refusal is why one document cannot enter the base.
type refusal struct{ error }

func (r *refusal) Unwrap() error { return r.error }

// put puts one document in the base.
func (g *ingester) put(ctx context.Context, source string, d Document) (outcome string, err error) {
	before, known := g.byID[d.ID]
	if known && before.Source == d.Source && before.Hash == d.Hash {
		g.report.Unchanged++
		return "inchangé", nil
	}
	if d, err = g.narrow(d); err != nil {
		return "", &refusal{err}
	}
	if known && before.Whole() != source {
		return "", &refusal{&ConflictError{ID: d.ID, Source: source, Other: before.Source}}
	}
	if err := g.guard(source, d); err != nil {
		return "", &refusal{err}
	}
	entries := Index(d)
	switch {
	case len(entries) == 0:
		return "", &refusal{errors.New("aucun passage trouvé dans le fichier")}
	case len(entries) > mostPassages:
		return "", &refusal{fmt.Errorf("trop de passages (%d, la limite est de %d) : partagez le fichier", len(entries), mostPassages)}
	}
	harm := Harm(d)
	d.Damaged = harm.Share
	// A file whose identifier changed keeps its source: its former document goes, in the same transaction or not at all.
	err = g.store.Put(ctx, d, entries)
	if errors.As(err, new(*ConflictError)) {
		former := slices.IndexFunc(g.bySource[source], func(old Document) bool { return old.Source == d.Source })
		if former >= 0 {
			old := g.bySource[source][former]
			if err = g.store.Remove(ctx, old.ID); err != nil {
				return "", err
			}
			delete(g.byID, old.ID)
			g.bySource[source] = slices.Delete(g.bySource[source], former, former+1)
			known = true
			err = g.store.Put(ctx, d, entries)
		}
	}
	if err != nil {
		return "", err
	}
	g.byID[d.ID] = d
	if i := slices.IndexFunc(g.bySource[source], func(old Document) bool { return old.ID == d.ID }); i >= 0 {
		g.bySource[source][i] = d
	} else {
		g.bySource[source] = append(g.bySource[source], d)
	}
	g.report.Chunks += len(entries)
	if harm.Share > 0 {
		g.report.Damaged = append(g.report.Damaged, Damaged{Path: d.Source, Share: harm.Share, Why: harm.Why})
	}
	if known {
		g.report.Updated++
		return "mis à jour", nil
	}
	g.report.Added++
	return "ajouté", nil
}

// mostPassages is how many passages a document may have: a store numbers them.
const mostPassages = 200_000

// hash names a content and what it is ingested for.
func (in Ingestion) hash(source string, content, mapping []byte) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n%s\n%s\n%s\n%d\n", indexVersion, in.Audience, in.EPCI, source, len(mapping))
	sum.Write(mapping)
	sum.Write(content)
	return hex.EncodeToString(sum.Sum(nil))
}

// narrow gives a document the rights that it is ingested under.
func (in Ingestion) narrow(d Document) (Document, error) {
	d.Audience = max(d.Audience, in.Audience)
	switch {
	case d.EPCI == "":
		d.EPCI = in.EPCI
	case in.EPCI != "" && in.EPCI != d.EPCI:
		return d, fmt.Errorf("le fichier est gardé pour l'EPCI %s, et l'ingestion demandée pour l'EPCI %s", d.EPCI, in.EPCI)
	}
	if d.EPCI != "" {
		d.Audience = max(d.Audience, Partner)
	}
	return d, nil
}

// guard refuses a document that more people would see than its former version, which may have another identifier.
func (g *ingester) guard(source string, d Document) error {
	if g.Widen {
		return nil
	}
	for _, before := range g.bySource[source] {
		if before.ID == d.ID || before.Source == d.Source {
			if err := widens(before.Audience, before.EPCI, d.Audience, d.EPCI); err != nil {
				return err
			}
		}
	}
	return nil
}

// widens gives the error of an audience that more people are in than in the former one.
func widens(before Audience, beforeEPCI string, after Audience, afterEPCI string) error {
	kept, again := "l'audience "+before.String(), "--audience "+before.String()
	oneEPCI := before == Partner && beforeEPCI != ""
	if oneEPCI {
		kept, again = "l'EPCI "+beforeEPCI+" seul", "--epci "+beforeEPCI
	}
	if after > before || after == before && (!oneEPCI || afterEPCI == beforeEPCI) {
		return nil
	}
	return fmt.Errorf("déjà dans la base pour %s, et cette ingestion le montrerait à d'autres : donnez « %s », ou « --audience %s » si c'est voulu", kept, again, after)
}

// list gives the files of the roots, in order, hidden ones left out, each with its mapping; complete is false when a folder
// could not be read.
func list(roots []Root, mapped func(string) bool) (files []listed, complete bool) {
	complete = true
	seen := map[string]bool{}
	for _, root := range roots {
		// The error of each entry is reported with it; WalkDir itself then has none.
		_ = fs.WalkDir(root.FS, root.Dir, func(name string, entry fs.DirEntry, err error) error {
			f := listed{source: root.source(name), name: name, fsys: root.FS}
			switch {
			case err != nil:
				complete = false
				f.err = fmt.Errorf("lecture impossible : %w", err)
			case name != root.Dir && strings.HasPrefix(path.Base(name), "."):
				if entry.IsDir() {
					return fs.SkipDir
				}
				return nil
			case entry.IsDir():
				return nil
			}
			if table, ok := strings.CutSuffix(name, MappingSuffix); ok && mapped != nil && mapped(table) && exists(root.FS, table) {
				return nil // it is read with its table
			}
			if mapped != nil && mapped(name) && exists(root.FS, name+MappingSuffix) {
				f.mapping = name + MappingSuffix
			}
			if !seen[f.source] {
				seen[f.source] = true
				files = append(files, f)
			}
			return nil
		})
	}
	sort.SliceStable(files, func(i, j int) bool { return files[i].source < files[j].source })
	return files, complete
}

func exists(fsys fs.FS, name string) bool {
	_, err := fs.Stat(fsys, name)
	return err == nil
}

func (r Root) source(name string) string {
	if name == "." {
		return r.Name
	}
	return strings.TrimSuffix(r.Name, "/") + "/" + name
}

func under(roots []Root, source string) bool {
	for _, r := range roots {
		top := r.source(r.Dir)
		if source == top || strings.HasPrefix(source, strings.TrimSuffix(top, "/")+"/") {
			return true
		}
	}
	return false
}
