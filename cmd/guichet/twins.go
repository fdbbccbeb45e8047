package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"guichet/routing/ledger"
)

// twinLine is two requests that look like one another, the older first.
type twinLine struct {
	First   twinRequest  `json:"first"`
	Second  twinRequest  `json:"second"`
	Reasons []twinReason `json:"reasons"`
	Found   time.Time    `json:"found_at"`
}

type twinRequest struct {
	Reference string         `json:"reference"`
	Status    ledger.Status  `json:"status"`
	Lead      string         `json:"lead"`
	Company   ledger.Company `json:"company"`
	Place     ledger.Place   `json:"place"`
	Created   time.Time      `json:"created_at"`
	Text      string         `json:"text"`
}

type twinReason struct {
	ledger.Reason
	Text string `json:"text"`
}

func twinLines(twins []ledger.Twin) []twinLine {
	side := func(r ledger.Request) twinRequest {
		return twinRequest{r.Reference, r.Status, r.Lead, r.Company, r.Place, r.CreatedAt, r.Text}
	}
	lines := []twinLine{}
	for _, t := range twins {
		line := twinLine{First: side(t.First), Second: side(t.Second), Found: t.FoundAt}
		for _, r := range t.Reasons {
			line.Reasons = append(line.Reasons, twinReason{r, r.Label()})
		}
		lines = append(lines, line)
	}
	return lines
}

type requestTwins struct {
	reader
	Reference string `arg:"" optional:"" help:"Numéro d'une demande ; sans lui, toutes."`
	Limit     int    `default:"100" placeholder:"N" help:"Nombre de paires (100 par défaut)."`
}

func (c *requestTwins) Run(ctx context.Context, a *app) error {
	viewer, err := c.viewer()
	if err != nil {
		return err
	}
	return a.withLedger(ctx, func(store ledger.Store) error {
		twins, err := store.Twins(ctx, viewer, c.Reference, c.Limit)
		if err != nil {
			return err
		}
		if a.JSON {
			return writeJSON(a.stdout, map[string]any{"twins": twinLines(twins)})
		}
		if len(twins) == 0 {
			fmt.Fprintln(a.stdout, "Aucune demande ne ressemble à une autre.")
		}
		for i, t := range twins {
			if i > 0 {
				fmt.Fprintln(a.stdout)
			}
			for _, r := range []ledger.Request{t.First, t.Second} {
				showTwin(a.stdout, r)
			}
			fmt.Fprintf(a.stdout, "  %s\n", t.Why())
			fmt.Fprintf(a.stdout, "  C'est la même : guichet request join %s %s --why …    Ce n'est pas la même : guichet request apart %[1]s %[2]s\n", t.First.Reference, t.Second.Reference)
		}
		return nil
	})
}

func showTwin(w io.Writer, r ledger.Request) {
	fmt.Fprintf(w, "%s\n", strings.Join(present(r.Reference, ledger.Day(r.CreatedAt), r.Lead, r.Status.Label(), r.Company.Name, r.Company.SIREN, firstLine(r.Text, 80)), " · "))
}

type requestJoin struct {
	author
	Kept  string `arg:"" help:"Numéro de la demande qui reste."`
	Other string `arg:"" help:"Numéro de la demande qui la rejoint."`
	Why   string `required:"" placeholder:"RAISON" help:"Pourquoi c'est la même entreprise."`
}

func (c *requestJoin) Run(ctx context.Context, a *app) error {
	return a.change(ctx, func(store ledger.Store, at time.Time) (ledger.Request, error) {
		return store.Join(ctx, c.Kept, c.Other, c.Why, c.name(), at)
	})
}

type requestSplit struct {
	author
	Reference string `arg:"" help:"Numéro de la demande : celle qui avait rejoint une autre, ou celle qu'un message a rejointe."`
	Message   int    `placeholder:"N" help:"Le message à en sortir, par son rang dans l'histoire (le premier est la demande elle-même)."`
	Why       string `required:"" placeholder:"RAISON" help:"Pourquoi ce n'est pas la même entreprise."`
}

func (c *requestSplit) Run(ctx context.Context, a *app) error {
	return a.change(ctx, func(store ledger.Store, at time.Time) (ledger.Request, error) {
		return store.Split(ctx, c.Reference, c.Message, c.Why, c.name(), at)
	})
}

type requestApart struct {
	author
	Reference string `arg:"" help:"Numéro d'une demande."`
	Other     string `arg:"" help:"Numéro de celle qui lui ressemble."`
	Why       string `placeholder:"RAISON" help:"Pourquoi ce n'est pas la même entreprise."`
}

func (c *requestApart) Run(ctx context.Context, a *app) error {
	return a.withLedger(ctx, func(store ledger.Store) error {
		if err := store.TellApart(ctx, c.Reference, c.Other, c.Why, c.name(), a.now()); err != nil {
			return err
		}
		if a.JSON {
			return writeJSON(a.stdout, map[string]any{"reference": c.Reference, "other": c.Other})
		}
		fmt.Fprintf(a.stdout, "%s et %s ne sont pas la même : elles ne seront plus montrées ensemble.\n", c.Reference, c.Other)
		return nil
	})
}
