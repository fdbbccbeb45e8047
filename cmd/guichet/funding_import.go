package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"guichet/bot"
	"guichet/routing/exchange"
	"guichet/routing/funding"
	"guichet/routing/ledger"
)

//go:embed mappings/fundings.yaml
var fundingMapping []byte

// fundingFields are what a mapping may name for fundings.
var fundingFields = []exchange.Field{
	{Name: "source", Kind: exchange.Text, Required: true},
	{Name: "id", Kind: exchange.Text, Required: true},
	{Name: "company", Kind: exchange.Text},
	{Name: "siren", Kind: exchange.Text},
	{Name: "siret", Kind: exchange.Text},
	{Name: "commune", Kind: exchange.Text},
	{Name: "operator", Kind: exchange.Text},
	{Name: "direction", Kind: exchange.Text},
	{Name: "scheme", Kind: exchange.Text},
	{Name: "kind", Kind: exchange.Text},
	{Name: "amount", Kind: exchange.Amount},
	{Name: "de_minimis", Kind: exchange.Amount},
	{Name: "regulation", Kind: exchange.Text},
	{Name: "expense", Kind: exchange.Text},
	{Name: "request", Kind: exchange.Text},
	{Name: "asked", Kind: exchange.Date},
	{Name: "granted", Kind: exchange.Date},
	{Name: "paid", Kind: exchange.Date},
	{Name: "refused", Kind: exchange.Date},
	{Name: "withdrawn", Kind: exchange.Date},
}

type fundingImport struct {
	File    string `arg:"" name:"fichier" help:"Le fichier, .csv ou .xlsx."`
	Mapping string `placeholder:"FICHIER" help:"La correspondance des colonnes (« guichet request mapping --example » explique comment l'écrire)."`
	DryRun  bool   `name:"dry-run" help:"Tout vérifier et ne rien écrire."`
}

func (c *fundingImport) Run(ctx context.Context, a *app) error {
	rows, err := openTable(c.File, c.Mapping, fundingMapping, fundingFields)
	if err != nil {
		return err
	}
	defer rows.Close()
	db, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	r, requests, err := a.openRegistry(ctx, db)
	if err != nil {
		return err
	}
	store := r.fundings(db, requests)
	places := placesOf(r.book.Territories)
	lines := map[string]int{}
	in := importer{db: db, rows: rows, dryRun: c.DryRun, progress: a.progress}
	report, err := in.run(ctx, func(ctx context.Context, row exchange.Row) (ledger.Outcome, []exchange.Problem, error) {
		f, field, err := fundingOf(row.Values, r, places)
		key := f.Source + "\x00" + f.ExternalID
		if first := lines[key]; err == nil && first != 0 {
			field, err = "id", fmt.Errorf("« %s » est déjà ligne %d", f.ExternalID, first)
		}
		if err == nil {
			field, err = "", store.Rules.Check(f)
		}
		if err != nil {
			return "", []exchange.Problem{rows.Wrong(row, field, err)}, nil
		}
		lines[key] = row.Line
		_, outcome, _, err := store.Put(ctx, f, f.Source, fmt.Sprintf("%s:%d", filepath.Base(c.File), row.Line), a.now())
		if errors.Is(err, ledger.ErrNotFound) {
			return "", []exchange.Problem{rows.Wrong(row, "request", err)}, nil
		}
		return ledger.Outcome(outcome), nil, err
	})
	if err != nil {
		return fmt.Errorf("%w (les %d premières lignes sont lues ; relancez la même commande pour continuer)", err, report.Rows)
	}
	return a.tellImport(report)
}

// fundingOf gives a funding of a row; an error is about a field.
func fundingOf(v map[string]string, r region, places places) (f funding.Funding, field string, err error) {
	f = funding.Funding{
		Source: v["source"], ExternalID: v["id"],
		Company:  ledger.Company{Name: v["company"], SIREN: digitsOf(v["siren"]), SIRET: digitsOf(v["siret"])},
		Operator: v["operator"], Direction: v["direction"], Scheme: v["scheme"], Kind: v["kind"], Regulation: v["regulation"], Expense: v["expense"], Request: v["request"],
	}
	if f.Company.SIREN == "" && len(f.Company.SIRET) == 14 {
		f.Company.SIREN = f.Company.SIRET[:9]
	}
	for _, text := range []string{"company", "operator", "scheme", "expense"} {
		if v[text] != "" {
			if err := bot.CheckText(v[text]); err != nil {
				return f, text, err
			}
		}
	}
	if f.Direction != "" {
		if err := r.direction(f.Direction); err != nil {
			return f, "direction", err
		}
	}
	place, err := places.complete(ledger.Place{Commune: v["commune"]})
	if err != nil {
		return f, "commune", err
	}
	f.Commune = place.Commune
	for field, into := range map[string]*int64{"amount": &f.Cents, "de_minimis": &f.MinimisCents} {
		if v[field] == "" {
			continue
		}
		if *into, err = funding.ParseEuros(strings.Replace(v[field], ".", ",", 1)); err != nil {
			return f, field, err
		}
	}
	for field, into := range map[string]*funding.Date{"asked": &f.Asked, "granted": &f.Granted, "paid": &f.Paid, "refused": &f.Refused, "withdrawn": &f.Withdrawn} {
		at, err := exchange.Moment(v[field])
		if err != nil {
			return f, field, err
		}
		*into = funding.DateOf(at)
	}
	if f.Asked == "" && f.Granted == "" && f.Paid == "" && f.Refused == "" && f.Withdrawn == "" {
		return f, "asked", errors.New("il faut une date : demandé, accordé, payé, refusé ou retiré")
	}
	return f, "", nil
}
