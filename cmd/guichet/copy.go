package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"guichet/bot/webhook"
	"guichet/migrations/database"
	"guichet/migrations/transfer"
	"guichet/routing/ledger/sqlledger"
)

type copyCmd struct {
	From string `arg:"" name:"de" help:"La base à copier, « sqlite:CHEMIN » ou « postgres://… » ; arrêtez les guichets qui y écrivent."`
	To   string `arg:"" name:"vers" help:"La base neuve à remplir."`
}

func (c *copyCmd) Run(ctx context.Context, a *app) error {
	if path, ok := strings.CutPrefix(c.From, "sqlite:"); ok { // opening it would create it
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("ouvrir la base à copier : %w", frenchFile(err))
		}
	}
	from, err := database.Open(ctx, c.From)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := database.Open(ctx, c.To)
	if err != nil {
		return err
	}
	defer to.Close()
	r, err := loadRegion(a.RulesPath)
	if err != nil {
		return err
	}
	jobs, err := a.openCourier(ctx, to)
	if err != nil {
		return err
	}
	// Jobs do not follow: those that wait are planned where the base is now.
	requests := sqlledger.New(to, jobs, r.notices, r.agenda())
	_, conventions := r.conventions(to, jobs)
	tables, err := transfer.Copy(ctx, from, to, func(ctx context.Context) error {
		ids, err := webhook.New(to, a.now).Pending(ctx)
		return errors.Join(requests.PlanAgain(ctx), conventions.PlanAgain(ctx), err, jobs.SendEvents(ctx, ids))
	})
	if err != nil {
		return err
	}
	if a.JSON {
		return writeJSON(a.stdout, map[string]any{"tables": tables})
	}
	for _, t := range tables {
		fmt.Fprintf(a.stdout, "%-17s %9d %s\n", t.Name, t.Rows, plural(t.Rows, "ligne, relue et comparée", "lignes, relues et comparées"))
	}
	fmt.Fprintln(a.stdout, "Copie faite. Les vecteurs, s'il y en a, seront recalculés par guichet serve ou guichet ingest.")
	return nil
}
