package main

import (
	"context"
	"fmt"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"guichet/knowledge"
	"guichet/knowledge/extract"
	"guichet/knowledge/sqlstore"
	"guichet/migrations/database"
)

type ingestCmd struct {
	asker
	Prune bool     `help:"Retirer les documents de ces dossiers dont le fichier n'existe plus."`
	Paths []string `arg:"" name:"chemin" help:"Fichiers et dossiers à lire."`
}

func (c *ingestCmd) Run(ctx context.Context, a *app) error {
	var roots []knowledge.Root
	var unreadable []knowledge.Failure
	for _, path := range c.Paths {
		root, err := knowledge.Path(path)
		if err != nil {
			unreadable = append(unreadable, knowledge.Failure{Path: path, Error: err.Error()})
			continue
		}
		roots = append(roots, root)
	}
	db, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()

	progress := mpb.NewWithContext(ctx, mpb.WithOutput(a.stderr)) // silent when it is not a terminal
	bar := progress.AddBar(0, mpb.PrependDecorators(decor.CountersNoUnit("%d / %d fichiers ")), mpb.AppendDecorators(decor.Percentage()))
	var notes []string
	store := sqlstore.New(db, nil)
	report, err := knowledge.Ingest(ctx, store, knowledge.Ingestion{
		Read: extract.Read, Audience: c.Audience, EPCI: c.EPCI, Prune: c.Prune,
		Progress: func(s knowledge.Step) {
			bar.SetTotal(int64(s.Total), false)
			bar.SetCurrent(int64(s.Done))
			for _, note := range s.Notes {
				notes = append(notes, s.Source+" : "+note)
			}
		},
	}, roots...)
	bar.SetTotal(-1, true)
	var embedding error
	if err == nil {
		embedding = a.embed(ctx, db, store, progress)
	}
	progress.Wait()
	report.Failed = append(report.Failed, unreadable...)
	for i := range report.Failed {
		report.Failed[i].Error = inFrench(report.Failed[i].Error)
	}
	if err != nil {
		return err
	}
	if embedding != nil { // the documents are in: words find them
		fmt.Fprintf(a.stderr, "vecteurs à faire, « guichet serve » s'en chargera : %v\n", embedding)
	}
	for _, note := range notes {
		fmt.Fprintln(a.stderr, note)
	}
	if a.JSON {
		if err := writeJSON(a.stdout, report); err != nil {
			return err
		}
	} else {
		for _, f := range report.Failed {
			fmt.Fprintf(a.stdout, "échec %s : %s\n", f.Path, f.Error)
		}
		fmt.Fprintf(a.stdout, "%d ajoutés, %d mis à jour, %d inchangés, %d retirés, %d en échec ; %d passages (audience : %s)\n",
			report.Added, report.Updated, report.Unchanged, report.Removed, len(report.Failed), report.Chunks, c.Audience)
	}
	if len(report.Failed) > 0 {
		return fmt.Errorf("%d fichier(s) en échec ; les autres sont dans la base", len(report.Failed))
	}
	return nil
}

// embed makes the vectors of what was ingested.
func (a *app) embed(ctx context.Context, db *database.DB, store knowledge.Store, progress *mpb.Progress) error {
	base, err := a.openBase(ctx, db, nil) // with the cards: they want vectors too
	if err != nil {
		return err
	}
	bar := progress.AddBar(0, mpb.PrependDecorators(decor.CountersNoUnit("%d / %d documents, vecteurs ")), mpb.AppendDecorators(decor.Percentage()))
	defer bar.SetTotal(-1, true)
	return knowledge.EmbedAll(ctx, store, base.Embedder, func(done, total int) {
		bar.SetTotal(int64(total), false)
		bar.SetCurrent(int64(done))
	})
}
