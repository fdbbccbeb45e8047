// Package rulebook reads the files that the Region edits (directions, facts, subjects, rules, words, territories, conventions) and
// ships the default set. It may import routing, a YAML library and one that compares names; every mistake is reported with its file and line.
package rulebook

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/agnivade/levenshtein"

	"guichet/routing"
)

//go:embed default
var embedded embed.FS

// Book is everything that the Region's folder says.
type Book struct {
	Rules       *routing.Rules
	Words       Words
	Territories *Territories
	Conduct     Conduct
	Steering    routing.Steering
	Retention   routing.Retention
	Conventions routing.Conventions
	// Officers are those who follow the EPCIs, by SIREN.
	Officers map[string]routing.Officer
	Revues   routing.Revues
	Sheets   routing.Sheets
}

// Default is the folder that ships in the program.
func Default() fs.FS {
	sub, err := fs.Sub(embedded, "default")
	if err != nil {
		panic("rulebook: the default folder is embedded: " + err.Error())
	}
	return sub
}

// Folder is the Region's folder laid over the default one: a file that it holds replaces the default of the same name,
// one that it adds is read too. An empty dir is the default alone.
func Folder(dir string) (fs.FS, error) {
	if dir == "" {
		return Default(), nil
	}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("le dossier des règles « %s » n'existe pas : donnez le bon, ou remplissez-le par « guichet rules export %s »", dir, dir)
	case err != nil:
		return nil, fmt.Errorf("ouverture du dossier des règles : %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("ouverture du dossier des règles : %s n'est pas un dossier", dir)
	}
	return overlay{over: os.DirFS(dir), under: Default()}, nil
}

// Load reads and checks a folder. The error joins every problem found, each with its place.
func Load(folder fs.FS) (*Book, error) {
	set, err := loadRuleSet(folder)
	if err != nil {
		return nil, err
	}
	words, wordsErr := loadWords(folder)
	territories, territoriesErr := loadTerritories(folder)
	conduct, conductErr := loadConduct(folder)
	sheets, sheetsErr := loadSheets(folder, set)
	revues, revuesErr := loadRevues(folder, set, territories.EPCI)
	retention, retentionErr := loadRetention(folder)
	conventions, conventionsErr := loadConventions(folder, set)
	officers, officersErr := loadOfficers(folder, territories.EPCI)
	steering, steeringErr := loadSteering(folder, set.Directions, territories)
	rules, rulesErr := routing.Compile(set)
	if err := errors.Join(rulesErr, wordsErr, territoriesErr, conductErr, retentionErr, conventionsErr, officersErr, steeringErr, revuesErr, sheetsErr); err != nil {
		return nil, err
	}
	return &Book{
		Rules: rules, Words: words, Territories: territories, Conduct: conduct, Retention: retention, Conventions: conventions, Officers: officers, Steering: steering,
		Revues: revues, Sheets: sheets,
	}, nil
}

// Unknown joins a problem for each file of the Region's folder that nobody reads and that looks like one of its files, by its
// extension or by its name. Others are the files of the folder that other packages read.
func Unknown(dir string, others ...string) error {
	if dir == "" {
		return nil
	}
	known := slices.Clone(others)
	err := fs.WalkDir(Default(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			known = append(known, name)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("lister les règles livrées : %w", err)
	}
	var problems []error
	err = fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name != "." && strings.HasPrefix(path.Base(name), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
		case entry.IsDir() || path.Ext(name) == ".md" || slices.Contains(known, name) || path.Dir(name) == wordsFolder && path.Ext(name) == ".yaml":
		default:
			near := nearest(name, known)
			switch {
			case near != "":
				near = " ; vouliez-vous dire « " + near + " » ?"
			case slices.Contains([]string{".yaml", ".yml", ".csv"}, path.Ext(name)):
				near = " : retirez-le (un vocabulaire de plus va dans words/, en .yaml)"
			default: // not one of ours
				return nil
			}
			problems = append(problems, routing.Problem{Pos: routing.Pos{File: name}, Reason: "ce fichier n'est pas lu" + near})
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("lister le dossier des règles : %w", err)
	}
	return errors.Join(problems...)
}

// nearest gives the known file that a name may stand for, « » when it resembles none.
func nearest(name string, known []string) string {
	best, least := "", len(name)/3 // more different than that, it is another name
	for _, k := range known {
		for _, written := range []string{name, path.Base(name)} { // the folder may be what is wrong
			if slips := levenshtein.ComputeDistance(written, k); slips <= least && (best == "" || slips < least) {
				best, least = k, slips
			}
		}
	}
	return best
}

// Export writes the default files into a folder, for the Region to edit. It never overwrites a file.
func Export(dir string) (written []string, err error) {
	err = fs.WalkDir(Default(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(Default(), path)
		if err != nil {
			return err
		}
		target := filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		file, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%s existe déjà : rien n'est écrasé", target)
		}
		if err != nil {
			return err
		}
		_, err = file.Write(content)
		written = append(written, target)
		return errors.Join(err, file.Close())
	})
	if err != nil {
		return written, fmt.Errorf("export des règles : %w", err)
	}
	return written, nil
}

// version names the content of the rule files: the first 12 hexadecimal digits of their SHA-256.
func version(folder fs.FS, files ...string) string {
	sort.Strings(files)
	sum := sha256.New()
	for _, name := range files {
		content, err := fs.ReadFile(folder, name)
		if err == nil {
			fmt.Fprintf(sum, "%s %d\n", name, len(content))
			sum.Write(content)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))[:12]
}

// overlay reads a file from over if it is there, from under otherwise.
type overlay struct{ over, under fs.FS }

func (o overlay) Open(name string) (fs.File, error) {
	file, err := o.over.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return o.under.Open(name)
	}
	return file, err
}

// ReadDir lists the files of both folders, once each.
func (o overlay) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(o.under, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	seen := map[string]bool{}
	for _, e := range entries {
		seen[e.Name()] = true
	}
	own, err := fs.ReadDir(o.over, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range own {
		if !seen[e.Name()] {
			entries = append(entries, e)
		}
	}
	sort.Slice(entries, func(i, j int) bool { return entries[i].Name() < entries[j].Name() })
	return entries, nil
}
