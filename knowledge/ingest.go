package knowledge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
)

// indexVersion changes when splitting or analysis does, so that unchanged files are indexed again.
const indexVersion = "4"

// Reader turns a file into a document (extract.File).
type Reader func(name string, content []byte) (Document, error)

// Root is a file or a folder to ingest.
type Root struct {
	// FS holds the files and Dir is where to start in it (« . » for all).
	FS  fs.FS
	Dir string
	// Name is put before each path to make the Source of its document.
	Name string
}

// Path gives the root of a file or folder of the system.
func Path(name string) (Root, error) {
	if strings.Contains(name, "://") {
		return Root{}, fmt.Errorf("%s : les adresses web ne sont pas encore prises en charge, enregistrez la page dans un fichier", name)
	}
	absolute, err := filepath.Abs(name)
	if err != nil {
		return Root{}, fmt.Errorf("trouver %s : %w", name, err)
	}
	info, err := os.Stat(absolute)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Root{}, fmt.Errorf("%s : fichier ou dossier introuvable", name)
	case err != nil:
		return Root{}, fmt.Errorf("lire %s : %w", name, err)
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
	// Prune removes the documents whose source lies under the roots and is gone.
	Prune bool
	// Progress, if set, is called after each file.
	Progress func(Step)
}

// Step is the ingestion of one file.
type Step struct {
	Done, Total int
	Source      string
	// Outcome is « ajouté », « mis à jour », « inchangé » or « échec ».
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
}

// Failure is a file that did not enter the base, and why, in French.
type Failure struct {
	Path  string `json:"path"`
	Error string `json:"error"`
}

// file is a file to ingest, or the error met on the way to it.
type file struct {
	source, name string
	fsys         fs.FS
	err          error
}

// Ingest adds or refreshes the documents of the roots. A file that fails is reported and the others go in; its former
// version stays. The error is for what stops everything: the store, the context.
func Ingest(ctx context.Context, store Store, in Ingestion, roots ...Root) (Report, error) {
	report := Report{Failed: []Failure{}}
	if err := (Viewer{Audience: in.Audience}).Check(); err != nil {
		return report, fmt.Errorf("ingérer : %w", err)
	}
	known, err := store.Documents(ctx, Viewer{Audience: Staff})
	if err != nil {
		return report, err
	}
	bySource, byID := map[string]Document{}, map[string]Document{}
	for _, d := range known {
		bySource[d.Source], byID[d.ID] = d, d
	}
	files, complete := list(roots)
	if in.Prune && complete {
		present := map[string]bool{}
		for _, f := range files {
			present[f.source] = true
		}
		for _, d := range known {
			if present[d.Source] || !under(roots, d.Source) {
				continue
			}
			if err := store.Remove(ctx, d.ID); err != nil {
				return report, err
			}
			report.Removed++
			delete(bySource, d.Source)
			delete(byID, d.ID)
		}
	}
	for i, f := range files {
		if err := ctx.Err(); err != nil {
			return report, fmt.Errorf("ingestion interrompue : %w", err)
		}
		step := Step{Done: i + 1, Total: len(files), Source: f.source}
		d, entries, err := in.load(f, bySource)
		before, replaces := byID[d.ID]
		switch {
		case err != nil:
			step.Err = err
		case entries == nil:
			step.Outcome = "inchangé"
			report.Unchanged++
		case replaces && before.Source != d.Source:
			step.Err = &ConflictError{ID: d.ID, Source: d.Source, Other: before.Source}
		default:
			// A file whose identifier changed keeps its source: its former document goes, in the same transaction or not at all.
			if err := store.Put(ctx, d, entries); err != nil {
				if old, ok := bySource[d.Source]; ok && errors.As(err, new(*ConflictError)) {
					if err = store.Remove(ctx, old.ID); err == nil {
						delete(byID, old.ID)
						replaces = true
						err = store.Put(ctx, d, entries)
					}
				}
				if err != nil {
					return report, err
				}
			}
			bySource[d.Source], byID[d.ID] = d, d
			report.Chunks += len(entries)
			step.Notes = d.Notes
			if replaces {
				step.Outcome = "mis à jour"
				report.Updated++
			} else {
				step.Outcome = "ajouté"
				report.Added++
			}
		}
		if step.Err != nil {
			step.Outcome = "échec"
			report.Failed = append(report.Failed, Failure{Path: f.source, Error: step.Err.Error()})
		}
		if in.Progress != nil {
			in.Progress(step)
		}
	}
	return report, nil
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

// load reads a file into a document with its entries; they are nil when the base has it as it is.
func (in Ingestion) load(f file, bySource map[string]Document) (Document, []Entry, error) {
	if f.err != nil {
		return Document{}, nil, f.err
	}
	content, err := fs.ReadFile(f.fsys, f.name)
	if err != nil {
		return Document{}, nil, fmt.Errorf("lecture impossible : %w", err)
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n%s\n%s\n%s\n", indexVersion, in.Audience, in.EPCI, f.source)
	sum.Write(content)
	hash := hex.EncodeToString(sum.Sum(nil))
	if before, ok := bySource[f.source]; ok && before.Hash == hash {
		return Document{}, nil, nil
	}
	d, err := in.Read(f.name, content)
	if err != nil {
		return Document{}, nil, err
	}
	d.Source, d.Hash = f.source, hash
	d.Audience = max(d.Audience, in.Audience)
	switch {
	case d.EPCI == "":
		d.EPCI = in.EPCI
	case in.EPCI != "" && in.EPCI != d.EPCI:
		return Document{}, nil, fmt.Errorf("le fichier est gardé pour l'EPCI %s, et l'ingestion demandée pour l'EPCI %s", d.EPCI, in.EPCI)
	}
	if d.EPCI != "" {
		d.Audience = max(d.Audience, Partner)
	}
	entries := Index(d)
	if len(entries) == 0 {
		return Document{}, nil, errors.New("aucun passage trouvé dans le fichier")
	}
	return d, entries, nil
}

// list gives the files of the roots, in order, hidden ones left out; complete is false when a folder could not be read.
func list(roots []Root) (files []file, complete bool) {
	complete = true
	seen := map[string]bool{}
	for _, root := range roots {
		// The error of each entry is reported with it; WalkDir itself then has none.
		_ = fs.WalkDir(root.FS, root.Dir, func(name string, entry fs.DirEntry, err error) error {
			f := file{source: root.source(name), name: name, fsys: root.FS}
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
