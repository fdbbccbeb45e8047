package main

import (
	"context"
	"fmt"

	"guichet/bot/courier"
	"guichet/migrations"
	"guichet/migrations/database"
)

type migrateCmd struct {
	Status migrateStatus `cmd:"" help:"Dire quel schéma a la base et lequel connaît le programme, sans rien changer."`
	Up     migrateUp     `cmd:"" help:"Mettre le schéma à jour ; tout démarrage le fait aussi."`
}

type (
	migrateStatus struct{}
	migrateUp     struct{}
)

func (migrateStatus) Run(ctx context.Context, a *app) error {
	return a.withSchema(ctx, func(*database.DB) error { return nil })
}

func (migrateUp) Run(ctx context.Context, a *app) error {
	return a.withSchema(ctx, func(db *database.DB) error {
		if err := db.Migrate(ctx); err != nil {
			return err
		}
		_, err := courier.New(ctx, db) // the tables of jobs
		return err
	})
}

// withSchema connects to the database, does something to its schema, then says where it stands.
func (a *app) withSchema(ctx context.Context, do func(*database.DB) error) error {
	url, err := a.databaseURL()
	if err != nil {
		return err
	}
	db, err := database.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := do(db); err != nil {
		return err
	}
	current, program, err := migrations.Status(ctx, db.Writer(), db.Dialect)
	if err != nil {
		return err
	}
	if a.JSON {
		err = writeJSON(a.stdout, map[string]any{"engine": db.Dialect, "database": current, "program": program, "pending": current < program})
	} else {
		todo := "à jour"
		switch {
		case current < program:
			todo = "à mettre à jour : guichet migrate up"
		case current > program:
			todo = "plus récente que ce programme"
		}
		_, err = fmt.Fprintf(a.stdout, "Base %s : schéma %d, le programme connaît le %d (%s).\n", db.Dialect, current, program, todo)
	}
	if err == nil && current > program {
		err = migrations.NewerError{Database: current, Program: program}
	}
	return err
}
