package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"guichet/routing/funding"
	"guichet/routing/ledger"
)

type companyCmd struct {
	reader
	Company string `arg:"" name:"entreprise" help:"SIREN, SIRET ou nom de l'entreprise."`
}

// cardLine is what the ledger holds of a company.
type cardLine struct {
	Sought string `json:"sought"`
	// Near tells that the names only come close.
	Near     bool              `json:"near"`
	Requests []cardRequestLine `json:"requests"`
	// Fundings are null but for staff.
	Fundings *funding.Card `json:"fundings"`
}

type cardRequestLine struct {
	Reference  string         `json:"reference"`
	Company    ledger.Company `json:"company"`
	Place      ledger.Place   `json:"place"`
	CreatedAt  time.Time      `json:"created_at"`
	Status     ledger.Status  `json:"status"`
	Lead       string         `json:"lead"`
	Owner      string         `json:"owner"`
	Associated []string       `json:"associated"`
	Due        any            `json:"due"`
	Answers    []saidLine     `json:"answers"`
	// Ending says why there will be no answer.
	Ending *saidLine `json:"ending"`
}

type saidLine struct {
	At   time.Time `json:"at"`
	By   string    `json:"by"`
	Text string    `json:"text"`
}

func (c *companyCmd) Run(ctx context.Context, a *app) error {
	viewer, err := c.viewer()
	if err != nil {
		return err
	}
	if ledger.CompanyKey(c.Company) == "" {
		return usageError{errors.New("donnez le SIREN, le SIRET ou le nom de l'entreprise")}
	}
	return a.withRegistry(ctx, func(_ region, w funding.Watcher, store ledger.Store) error {
		if err := c.accessed(ctx, a, store, viewer, ledger.Access{Sought: c.Company}); err != nil {
			return err
		}
		out, card, err := companyLine(ctx, w, store, viewer, c.Company, a.now())
		if err != nil {
			return err
		}
		if a.JSON {
			return writeJSON(a.stdout, out)
		}
		showCard(a.stdout, c.Company, card, a.now())
		if out.Fundings != nil {
			showFundings(a.stdout, w.Rules, *out.Fundings)
		}
		return nil
	})
}

// companyLine gives what a viewer may see of a company.
func companyLine(ctx context.Context, w funding.Watcher, store ledger.Store, viewer ledger.Viewer, sought string, now time.Time) (cardLine, ledger.Card, error) {
	card, err := ledger.CardOf(ctx, store, viewer, sought)
	if err != nil {
		return cardLine{}, card, err
	}
	out := lineOfCard(sought, card)
	if viewer.Staff {
		fundings, err := w.Card(ctx, viewer, sought, now)
		if err != nil {
			return cardLine{}, card, err
		}
		out.Fundings = &fundings
	}
	return out, card, nil
}

func lineOfCard(sought string, card ledger.Card) cardLine {
	out := cardLine{Sought: sought, Near: card.Near && len(card.Requests) > 0, Requests: []cardRequestLine{}}
	for _, r := range card.Requests {
		l := cardRequestLine{
			Reference: r.Reference, Company: r.Company, Place: r.Place, CreatedAt: r.CreatedAt, Status: r.Status, Lead: r.Lead, Owner: r.Owner,
			Associated: some(r.Associated), Due: orNull(r.Due), Answers: []saidLine{},
		}
		for _, e := range r.Answers() {
			l.Answers = append(l.Answers, saidLine{At: e.At, By: e.By, Text: e.Why})
		}
		if e, ok := r.Ending(); ok {
			l.Ending = &saidLine{At: e.At, By: e.By, Text: e.Why}
		}
		out.Requests = append(out.Requests, l)
	}
	return out
}

func showCard(w io.Writer, sought string, card ledger.Card, now time.Time) {
	switch n := len(card.Requests); {
	case n == 0:
		fmt.Fprintf(w, "Aucune demande pour « %s » dans ce que vous pouvez voir.\n", sought)
		return
	case card.Near:
		fmt.Fprintf(w, "Aucune demande au nom exact de « %s ». Noms proches, à vérifier :\n", sought)
	}
	for _, r := range card.Requests {
		fmt.Fprintf(w, "%s  %s\n", r.Reference, strings.Join(present(strings.TrimSpace(r.Company.Name+" "+r.Company.SIREN), "reçue le "+ledger.Day(r.CreatedAt), r.Standing(), r.Lead, r.Owner, dueSaid(r, now)), " · "))
		for _, e := range r.Answers() {
			fmt.Fprintf(w, "  réponse du %s : %s\n", strings.Join(present(ledger.Day(e.At), e.By), ", "), strings.ReplaceAll(e.Why, "\n", "\n  "))
		}
		if e, ok := r.Ending(); ok {
			fmt.Fprintf(w, "  %s le %s : %s\n", r.Status.Label(), strings.Join(present(ledger.Day(e.At), e.By), ", "), dash(e.Why))
		}
	}
}
