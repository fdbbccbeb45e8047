package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"guichet/bot"
	"guichet/knowledge/review"
	"guichet/routing"
	"guichet/routing/funding"
	"guichet/routing/ledger"
	"guichet/routing/rulebook"
)

type rulesCmd struct {
	Export rulesExport `cmd:"" help:"Écrire les règles, vocabulaires et textes livrés dans un dossier, pour les modifier."`
	Check  rulesCheck  `cmd:"" help:"Vérifier le dossier des règles (--rules)."`
	Replay rulesReplay `cmd:"" help:"Rejouer les demandes passées avec les règles de --rules : ce qui changerait, sans rien écrire."`
}

type rulesExport struct {
	Dir string `arg:"" name:"dossier" help:"Le dossier à remplir ; rien n'y est écrasé."`
}

func (c *rulesExport) Run(_ context.Context, a *app) error {
	written, err := rulebook.Export(c.Dir)
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{bot.TextsFile: bot.DefaultTextsYAML(), ledger.TextsFile: ledger.DefaultTextsYAML(), reviewFile: review.DefaultYAML(), funding.File: funding.DefaultYAML(), bot.ChannelsFile: bot.DefaultChannelsYAML()} {
		target := filepath.Join(c.Dir, name)
		file, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return fmt.Errorf("export des textes : %w", frenchFile(err))
		}
		_, err = file.Write(content)
		if err := errors.Join(err, file.Close()); err != nil {
			return fmt.Errorf("export des textes : %w", err)
		}
		written = append(written, target)
	}
	if a.JSON {
		return writeJSON(a.stdout, map[string]any{"written": written})
	}
	fmt.Fprintf(a.stdout, "%d fichiers écrits dans %s.\nModifiez-les, supprimez ceux que vous ne changez pas, puis : guichet rules check --rules %s\n", len(written), c.Dir, c.Dir)
	return nil
}

type rulesCheck struct{}

// problemLine is a mistake in the Region's files.
type problemLine struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Reason string `json:"reason"`
}

func (c *rulesCheck) Run(_ context.Context, a *app) error {
	r, err := loadRegion(a.RulesPath)
	lines := []problemLine{}
	for _, problem := range flatten(err) {
		line := problemLine{Reason: problem.Error()}
		var placed routing.Problem
		if errors.As(problem, &placed) {
			line = problemLine{File: a.ruleFile(placed.Pos.File), Line: placed.Pos.Line, Reason: placed.Reason}
		}
		line.Reason = inFrench(line.Reason)
		lines = append(lines, line)
	}
	version := ""
	if err == nil {
		set := r.book.Rules.Set()
		version = set.Version
		dead := r.book.Rules.NeverFires()
		for _, rule := range set.Rules {
			if !slices.Contains(dead, rule.ID) {
				continue
			}
			lines = append(lines, problemLine{File: a.ruleFile(rule.Pos.File), Line: rule.Pos.Line, Reason: "la règle " + rule.ID + " ne peut jamais s'appliquer : les règles d'avant prennent tout ce qu'elle prendrait"})
		}
	}
	if a.JSON {
		if err := writeJSON(a.stdout, map[string]any{"problems": lines, "version": version}); err != nil {
			return err
		}
	} else {
		for _, l := range lines {
			place := l.File
			if l.Line > 0 {
				place = fmt.Sprintf("%s:%d", l.File, l.Line)
			}
			fmt.Fprintln(a.stdout, strings.Join(present(place, l.Reason), " : "))
		}
	}
	if len(lines) > 0 {
		return errors.New(howMany(len(lines), "problème", "problèmes") + " dans les règles")
	}
	if !a.JSON {
		set := r.book.Rules.Set()
		fmt.Fprintf(a.stdout, "Règles en ordre : %d règles, %d directions, %d sujets, version %s\n", len(set.Rules), len(set.Directions), len(set.Subjects), version)
	}
	return nil
}

// ruleFile gives the path of a file of the Region's folder, and the bare name of a shipped one.
func (a *app) ruleFile(name string) string {
	own := filepath.Join(a.RulesPath, name)
	if _, err := os.Stat(own); a.RulesPath != "" && err == nil {
		return own
	}
	return name
}

// flatten gives the errors that were joined.
func flatten(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var out []error
	for _, e := range joined.Unwrap() {
		out = append(out, flatten(e)...)
	}
	return out
}
