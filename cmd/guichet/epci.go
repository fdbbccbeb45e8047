package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"guichet/bot"
	"guichet/bot/courier"
	"guichet/knowledge"
	"guichet/routing"
	"guichet/routing/convention"
	"guichet/routing/ledger"
	"guichet/routing/ledger/sqlledger"
)

type epciCmd struct {
	asker
	Sought string `arg:"" name:"siren-ou-nom" help:"SIREN ou nom de l'EPCI."`
}

// epciLine is what is known of an EPCI; conventions, officer and requests are null when the asker may not see them.
type epciLine struct {
	SIREN        string            `json:"siren"`
	Name         string            `json:"name"`
	Departements []string          `json:"departements"`
	Communes     int               `json:"communes"`
	Conventions  []sheetLine       `json:"conventions"`
	Officer      *routing.Officer  `json:"officer"`
	Requests     []epciRequestLine `json:"requests"`
	Offer        []offerLine       `json:"offer"`
	EntryPoint   string            `json:"entry_point"`
}

type sheetLine struct {
	convention.Convention
	State   convention.State `json:"state"`
	Renewed bool             `json:"renewed"`
}

type epciRequestLine struct {
	Reference string         `json:"reference"`
	Company   ledger.Company `json:"company"`
	Status    ledger.Status  `json:"status"`
	Lead      string         `json:"lead"`
	Due       any            `json:"due"`
}

type offerLine struct {
	Theme string          `json:"theme"`
	Cases []offerCaseLine `json:"cases"`
}

type offerCaseLine struct {
	bot.OfferCase
	Schemes []offerSchemeLine `json:"schemes"`
}

type offerSchemeLine struct {
	Document string `json:"document"`
	Title    string `json:"title"`
	URL      string `json:"url"`
}

func (c *epciCmd) Run(ctx context.Context, a *app) error {
	db, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	r, err := loadRegion(a.RulesPath)
	if err != nil {
		return err
	}
	jobs, err := courier.New(ctx, db)
	if err != nil {
		return err
	}
	if _, err := a.openBase(ctx, db, jobs); err != nil { // the schemes that ship
		return err
	}
	known, _ := r.conventions(db, jobs)
	sheets := r.sheets(db, known, sqlledger.New(db, jobs, r.notices, r.agenda()))
	found := sheets.Find(c.Sought)
	switch {
	case len(found) == 0:
		return fmt.Errorf("aucun EPCI du registre pour « %s » : donnez son SIREN ou des mots de son nom", c.Sought)
	case len(found) > 1:
		var names []string
		for _, e := range found {
			names = append(names, e.SIREN+" "+e.Name)
		}
		return errors.New("plusieurs EPCI ont ces mots dans leur nom, donnez le SIREN :\n" + strings.Join(names, "\n"))
	}
	sheet, _, err := sheets.Of(ctx, bot.Asker{Audience: c.Audience, EPCI: string(c.EPCI)}, found[0].SIREN, a.now())
	if err != nil {
		return err
	}
	if a.JSON {
		return writeJSON(a.stdout, lineOfSheet(sheet))
	}
	showSheet(a.stdout, sheet, c.Audience, a.now())
	return nil
}

func lineOfSheet(s bot.Sheet) epciLine {
	out := epciLine{SIREN: s.SIREN, Name: s.Name, Departements: some(s.Departements), Communes: s.Communes, EntryPoint: s.EntryPoint, Offer: []offerLine{}}
	for _, theme := range s.Offer {
		line := offerLine{Theme: theme.Title, Cases: []offerCaseLine{}}
		for _, oc := range theme.Cases {
			cl := offerCaseLine{OfferCase: oc, Schemes: []offerSchemeLine{}}
			for _, d := range oc.Schemes {
				cl.Schemes = append(cl.Schemes, offerSchemeLine{Document: d.ID, Title: d.Title, URL: d.URL})
			}
			line.Cases = append(line.Cases, cl)
		}
		out.Offer = append(out.Offer, line)
	}
	if !s.Own {
		return out
	}
	out.Conventions, out.Requests = []sheetLine{}, []epciRequestLine{}
	for _, c := range s.Conventions {
		c.Themes = some(c.Themes)
		out.Conventions = append(out.Conventions, sheetLine{Convention: c.Convention, State: c.State, Renewed: c.Renewed})
	}
	if s.Officer.Name != "" {
		out.Officer = &s.Officer
	}
	for _, r := range s.Requests {
		out.Requests = append(out.Requests, epciRequestLine{Reference: r.Reference, Company: r.Company, Status: r.Status, Lead: r.Lead, Due: orNull(r.Due)})
	}
	return out
}

func showSheet(w io.Writer, s bot.Sheet, audience knowledge.Audience, now time.Time) {
	fmt.Fprintf(w, "%s (%s)\n%s, %s\n", s.Name, s.SIREN, strings.Join(s.Departements, ", "), howMany(s.Communes, "commune", "communes"))
	if s.Officer.Name != "" {
		fmt.Fprintf(w, "Suivi à la Région par %s\n", strings.Join(present(s.Officer.Name, s.Officer.Contact), ", "))
	}
	switch {
	case s.Own:
		fmt.Fprintln(w, "\nConventions")
		if len(s.Conventions) == 0 {
			fmt.Fprintln(w, "  Aucune convention enregistrée dans guichet pour cet EPCI.")
		}
		for _, c := range s.Conventions {
			state := c.State.Label()
			if c.Renewed {
				state += ", renouvelée"
			}
			fmt.Fprintf(w, "  %-14s %s, %s, du %s au %s\n", c.ID, c.Label, state, c.Start.French(), c.End.French())
			if len(c.ThemeLabels) > 0 {
				fmt.Fprintf(w, "  %-14s %s\n", "", strings.Join(c.ThemeLabels, ", "))
			}
		}
		fmt.Fprintln(w, "\nDemandes ouvertes")
		if len(s.Requests) == 0 {
			fmt.Fprintln(w, "  Aucune.")
		}
		for _, r := range s.Requests {
			fmt.Fprintf(w, "  %s  %s\n", r.Reference, strings.Join(present(r.Status.Label(), r.Lead, r.Company.Name, dueSaid(r, now)), " · "))
		}
	case audience == knowledge.Partner:
		fmt.Fprintln(w, "\nSes conventions et ses demandes ne sont montrées qu'à ses propres agents et à ceux de la Région.")
	}
	fmt.Fprintf(w, "\nCe que la Région peut y faire (point d'entrée : %s)\n", s.EntryPoint)
	for _, theme := range s.Offer {
		fmt.Fprintf(w, "  %s\n", theme.Title)
		for _, c := range theme.Cases {
			if c.Lead != "" {
				fmt.Fprintf(w, "    - %s : %s\n", c.Case, strings.Join(present(c.Lead, strings.Join(c.Operators, ", ")), " · "))
			}
			for _, d := range c.Schemes {
				fmt.Fprintf(w, "      · %s\n", d.Title)
			}
		}
	}
}

// dueSaid tells a due date, "" without one.
func dueSaid(r ledger.Request, now time.Time) string {
	if label := r.DueLabel(now); label != "" {
		return "échéance " + label
	}
	return ""
}
