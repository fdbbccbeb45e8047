package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"strings"

	"guichet/migrations/database"
	"guichet/routing/convention"
	"guichet/routing/exchange"
)

//go:embed mappings/conventions.yaml
var conventionMapping []byte

// conventionFields are what a mapping may name for conventions.
var conventionFields = []exchange.Field{
	{Name: "id", Kind: exchange.Text, Required: true},
	{Name: "type", Kind: exchange.Text, Required: true},
	{Name: "epci", Kind: exchange.Text, Required: true},
	{Name: "start", Kind: exchange.Date, Required: true},
	{Name: "end", Kind: exchange.Date, Required: true},
	{Name: "themes", Kind: exchange.Text},
	{Name: "signed", Kind: exchange.Date},
	{Name: "document", Kind: exchange.Text},
	{Name: "renews", Kind: exchange.Text},
}

type conventionImport struct {
	author
	File    string `arg:"" name:"fichier" help:"Le fichier, .csv ou .xlsx, aux colonnes id, type, epci, debut, fin, themes (séparés par « | »), signature, document, renouvelle ; les quatre dernières peuvent être vides."`
	Mapping string `placeholder:"FICHIER" help:"La correspondance des colonnes (« guichet request mapping --example » explique comment l'écrire)."`
	DryRun  bool   `name:"dry-run" help:"Vérifier et dire ce qui serait fait, sans rien enregistrer."`
}

type importLine struct {
	DryRun    bool     `json:"dry_run"`
	Added     []string `json:"added"`
	Corrected []string `json:"corrected"`
	Unchanged []string `json:"unchanged"`
	Warnings  []string `json:"warnings"`
}

// conventionRow is a convention of a file, with where it stands.
type conventionRow struct {
	row exchange.Row
	convention.Convention
}

// Run keeps all the conventions of a file or none: one may renew another.
func (c *conventionImport) Run(ctx context.Context, a *app) error {
	file, err := openTable(c.File, c.Mapping, conventionMapping, conventionFields)
	if err != nil {
		return err
	}
	defer file.Close()
	rows, problems, err := readConventions(file)
	if err != nil {
		return err
	}
	return a.withConventions(ctx, func(d conventionDesk, db *database.DB) error {
		at := map[string]exchange.Row{}
		var all []convention.Convention
		for _, r := range rows {
			at[r.ID] = r.row
			all = append(all, r.Convention)
			for _, p := range problemsOf(convention.Check(r.Convention, d.known())) {
				problems = append(problems, file.Wrong(r.row, "", errors.New(p.Reason)))
			}
		}
		if len(problems) > 0 {
			return refused(problems)
		}
		out := importLine{DryRun: c.DryRun, Added: []string{}, Corrected: []string{}, Unchanged: []string{}, Warnings: []string{}}
		err := db.InTx(ctx, func(ctx context.Context) error {
			changes, err := d.store.Record(ctx, all, c.name(), a.now())
			if err != nil {
				return err
			}
			for i, change := range changes {
				into := map[convention.Change]*[]string{convention.Added: &out.Added, convention.Corrected: &out.Corrected, convention.Unchanged: &out.Unchanged}[change]
				*into = append(*into, all[i].ID)
			}
			if c.DryRun {
				return errTrial
			}
			return nil
		})
		if err != nil && !errors.Is(err, errTrial) {
			var said []error
			for _, p := range problemsOf(err) {
				if row, here := at[p.ID]; here {
					said = append(said, file.Wrong(row, "", errors.New(p.Reason)))
				} else { // one that was there already
					said = append(said, p)
				}
			}
			if len(said) > 0 {
				return refused(said)
			}
			return err
		}
		for _, r := range rows {
			missing, err := d.missingDocument(ctx, r.Convention)
			if err != nil {
				return err
			}
			if missing != "" {
				out.Warnings = append(out.Warnings, file.Wrong(r.row, "document", errors.New(missing)).Error())
			}
		}
		if a.JSON {
			return writeJSON(a.stdout, out)
		}
		fmt.Fprintf(a.stdout, "%s, %s, %s.\n", howMany(len(out.Added), "convention ajoutée", "conventions ajoutées"),
			howMany(len(out.Corrected), "corrigée", "corrigées"), howMany(len(out.Unchanged), "inchangée", "inchangées"))
		for _, w := range out.Warnings {
			fmt.Fprintf(a.stdout, "À vérifier, %s.\n", w)
		}
		if c.DryRun {
			fmt.Fprintln(a.stdout, "Essai à blanc : rien n'a été enregistré.")
		}
		return nil
	})
}

// readConventions reads the whole file; problems are those of its rows.
func readConventions(file *exchange.Reader) (rows []conventionRow, problems []error, err error) {
	lines := map[string]int{}
	for {
		row, err := file.Next()
		var wrong *exchange.RowError
		switch {
		case errors.Is(err, io.EOF):
			return rows, problems, nil
		case errors.As(err, &wrong):
			for _, p := range wrong.Problems {
				problems = append(problems, p)
			}
			continue
		case err != nil:
			return nil, nil, err
		}
		r, field, err := conventionOf(row)
		if first := lines[r.ID]; err == nil && first != 0 {
			field, err = "id", fmt.Errorf("la convention « %s » est déjà ligne %d", r.ID, first)
		}
		if err != nil {
			problems = append(problems, file.Wrong(row, field, err))
			continue
		}
		lines[r.ID] = row.Line
		rows = append(rows, r)
	}
}

// conventionOf gives a convention of a row; an error is about a field.
func conventionOf(row exchange.Row) (r conventionRow, field string, err error) {
	v := row.Values
	r = conventionRow{row, convention.Convention{
		ID: v["id"], Type: v["type"], EPCI: strings.Join(strings.Fields(v["epci"]), ""), Document: v["document"], Renews: v["renews"],
	}}
	for field, into := range map[string]*convention.Day{"start": &r.Start, "end": &r.End, "signed": &r.Signed} {
		if v[field] == "" {
			continue
		}
		at, err := exchange.Moment(v[field])
		if err != nil {
			return r, field, err
		}
		*into = convention.DayOf(at)
	}
	for theme := range strings.SplitSeq(v["themes"], "|") {
		if theme = strings.TrimSpace(theme); theme != "" {
			r.Themes = append(r.Themes, theme)
		}
	}
	return r, "", nil
}

// refused tells that nothing of a file was kept, and why, a line each.
func refused(problems []error) error {
	said := make([]string, len(problems))
	for i, p := range problems {
		said[i] = p.Error()
	}
	return fmt.Errorf("rien n'a été enregistré :\n%s", strings.Join(said, "\n"))
}

// problemsOf gives the problems that an error joins, however it is wrapped.
func problemsOf(err error) (all []convention.Problem) {
	switch e := err.(type) {
	case nil:
	case convention.Problem:
		all = append(all, e)
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			all = append(all, problemsOf(one)...)
		}
	default:
		return problemsOf(errors.Unwrap(err))
	}
	return all
}
