package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"guichet/bot"
	"guichet/knowledge"
	"guichet/routing/convention"
	"guichet/routing/ledger"
	"guichet/routing/sheet"
)

type sheetCmd struct {
	New    sheetNew    `cmd:"" help:"Écrire une fiche projet ; elle ne part pas encore."`
	List   sheetList   `cmd:"" help:"Lister les fiches projets."`
	Show   sheetShow   `cmd:"" help:"Montrer une fiche, ses réponses et leur comparaison."`
	Send   sheetSend   `cmd:"" help:"Envoyer une fiche à ses territoires."`
	Answer sheetAnswer `cmd:"" help:"Noter la réponse d'un territoire."`
	Close  sheetClose  `cmd:"" help:"Clore les réponses avant la date limite."`
	Return sheetReturn `cmd:"" help:"Rendre la comparaison à qui a demandé."`
	Stats  sheetStats  `cmd:"" help:"Dire qui répond aux fiches, qui n'y répond jamais et pourquoi."`
}

func (a *app) withProjects(ctx context.Context, do func(p *bot.Projects, to sheet.Reachable) error) error {
	db, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	o, err := a.openOffice(ctx, db)
	if err != nil {
		return err
	}
	return do(o.projects, reachable(o.chat))
}

// tellSheet tells what became of a sheet that was just changed.
func (a *app) tellSheet(f sheet.Sheet) error {
	if a.JSON {
		return writeJSON(a.stdout, f)
	}
	fmt.Fprintf(a.stdout, "%s, %s : %s, %s, date limite le %s\n", f.Reference, f.Title, f.Stage.Label(), howMany(len(f.Territories), "territoire", "territoires"), f.Deadline.French())
	return nil
}

type sheetNew struct {
	author
	Title     string   `required:"" placeholder:"TITRE" help:"Titre du projet."`
	Sought    string   `required:"" placeholder:"TEXTE" help:"Ce qui est cherché."`
	Company   string   `placeholder:"NOM" help:"Entreprise."`
	Withheld  bool     `help:"Ne pas montrer le nom de l'entreprise aux territoires."`
	Criterion []string `sep:"none" placeholder:"CRITÈRE" help:"Un critère, autant de fois qu'il en faut : « Surface (ha) >= 2 », « Prix (€/m²) <= 40 », « Embranchement ferroviaire ? » ou un texte libre."`
	Deadline  day      `required:"" placeholder:"DATE" help:"Dernier jour pour répondre."`
	To        []string `required:"" placeholder:"TERRITOIRE" help:"« tous », le code d'un département ou le SIREN d'un EPCI."`
	Request   string   `placeholder:"NUMÉRO" help:"Demande d'où vient la fiche."`
}

func (c *sheetNew) Run(ctx context.Context, a *app) error {
	for _, text := range append([]string{c.Title, c.Sought}, c.Criterion...) {
		if err := bot.CheckText(text); err != nil {
			return err
		}
	}
	return a.withProjects(ctx, func(p *bot.Projects, _ sheet.Reachable) error {
		f := sheet.Sheet{
			Title: strings.TrimSpace(c.Title), Sought: strings.TrimSpace(c.Sought), Company: strings.TrimSpace(c.Company), Withheld: c.Withheld,
			Deadline: convention.DayOf(c.Deadline.Time), Request: c.Request,
		}
		var err error
		if f.Territories, err = p.Territories(strings.Join(c.To, " ")); err != nil {
			return err
		}
		if f.Criteria, err = p.Criteria(strings.Join(c.Criterion, "\n")); err != nil {
			return err
		}
		if f, err = p.New(ctx, f, c.name(), a.now()); err != nil {
			return err
		}
		return a.tellSheet(f)
	})
}

// sheetReader is who reads sheets: the staff, or a partner for its own territory.
type sheetReader struct{ asker }

func (r sheetReader) viewer() (ledger.Viewer, error) {
	switch {
	case r.Audience == knowledge.Staff:
		return ledger.Viewer{Staff: true}, nil
	case r.Audience == knowledge.Partner && r.EPCI != "":
		return ledger.Viewer{EPCI: string(r.EPCI)}, nil
	}
	return ledger.Viewer{}, errors.New("les fiches projets ne sont pas publiques : ajoutez --audience staff, ou --audience partner et --epci SIREN")
}

type sheetList struct{ sheetReader }

func (c *sheetList) Run(ctx context.Context, a *app) error {
	viewer, err := c.viewer()
	if err != nil {
		return err
	}
	return a.withProjects(ctx, func(p *bot.Projects, _ sheet.Reachable) error {
		all, err := p.List(ctx, viewer)
		if err != nil {
			return err
		}
		if a.JSON {
			return writeJSON(a.stdout, map[string]any{"sheets": some(all)})
		}
		if len(all) == 0 {
			fmt.Fprintln(a.stdout, "Aucune fiche projet.")
		}
		for _, f := range all {
			fmt.Fprintf(a.stdout, "%s  %s : %s, %s sur %d, date limite le %s\n", f.Reference, f.Title, f.Stage.Label(),
				howMany(len(f.Answers), "réponse", "réponses"), len(f.Territories), f.Deadline.French())
		}
		return nil
	})
}

type sheetShow struct {
	sheetReader
	Reference string `arg:"" help:"Numéro de la fiche, par exemple P-2026-0003."`
}

func (c *sheetShow) Run(ctx context.Context, a *app) error {
	viewer, err := c.viewer()
	if err != nil {
		return err
	}
	return a.withProjects(ctx, func(p *bot.Projects, _ sheet.Reachable) error {
		f, err := p.Get(ctx, viewer, c.Reference)
		if err != nil {
			return err
		}
		comparison := sheet.Compare(f, p.Names, p.Settings)
		if a.JSON {
			out := map[string]any{"sheet": f}
			if viewer.Staff {
				out["comparison"] = comparison
			}
			return writeJSON(a.stdout, out)
		}
		if err := a.tellSheet(f); err != nil {
			return err
		}
		if !viewer.Staff {
			fmt.Fprintf(a.stdout, "\n%s\n", f.Lines(p.Settings.Reasons))
			if answer, ok := f.AnswerOf(viewer.EPCI); ok {
				fmt.Fprintf(a.stdout, "\nVotre réponse : %s\n", f.Said(answer, p.Settings))
			}
			return nil
		}
		showProject(a.stdout, f, comparison, p)
		return nil
	})
}

// showProject shows all that the staff may see of a sheet.
func showProject(w io.Writer, f sheet.Sheet, comparison sheet.Comparison, p *bot.Projects) {
	company := f.Company
	if f.Withheld && company != "" {
		company += " (nom non montré aux territoires)"
	}
	fmt.Fprintln(w, strings.Join(present(f.Sought, company, f.Request), "\n"))
	for i, c := range f.Criteria {
		fmt.Fprintf(w, "%d. %s\n", i+1, c)
	}
	if f.Stage != sheet.Draft {
		fmt.Fprintf(w, "\n%s\n", comparison.Text())
	}
	fmt.Fprintln(w, "\nHistoire")
	for _, e := range f.Events {
		fmt.Fprintf(w, "  %s\n", strings.Join(present(ledger.Moment(e.At), e.By, e.Kind.Label(), p.Names[e.EPCI], e.Why), " · "))
	}
}

type sheetSend struct {
	author
	Reference string `arg:"" help:"Numéro de la fiche."`
}

func (c *sheetSend) Run(ctx context.Context, a *app) error {
	return a.withProjects(ctx, func(p *bot.Projects, to sheet.Reachable) error {
		f, err := p.Send(ctx, c.Reference, to, c.name(), a.now())
		if err != nil {
			return err
		}
		return a.tellSheet(f)
	})
}

type sheetAnswer struct {
	author
	Reference string `arg:"" help:"Numéro de la fiche."`
	EPCI      siren  `name:"epci" required:"" placeholder:"SIREN" help:"Le territoire qui répond."`
	Text      string `arg:"" name:"réponse" help:"« 1=3,5 ; 2=oui ; note=… » par les numéros des critères, ou « non RAISON … »."`
}

func (c *sheetAnswer) Run(ctx context.Context, a *app) error {
	if err := bot.CheckText(c.Text); err != nil {
		return err
	}
	return a.withProjects(ctx, func(p *bot.Projects, _ sheet.Reachable) error {
		f, err := p.Get(ctx, ledger.Viewer{Staff: true}, c.Reference)
		if err != nil {
			return err
		}
		answer, err := sheet.ParseAnswer(c.Text, f.Criteria, p.Settings.Reasons)
		if err != nil {
			return err
		}
		answer.EPCI, answer.By, answer.At = string(c.EPCI), c.name(), a.now()
		if f, err = p.Answer(ctx, c.Reference, answer); err != nil {
			return err
		}
		if a.JSON {
			return writeJSON(a.stdout, f)
		}
		fmt.Fprintf(a.stdout, "%s : %s\n", p.Names[answer.EPCI], f.Said(answer, p.Settings))
		return nil
	})
}

type sheetClose struct {
	author
	Reference string `arg:"" help:"Numéro de la fiche."`
	Why       string `required:"" placeholder:"RAISON" help:"La raison."`
}

func (c *sheetClose) Run(ctx context.Context, a *app) error {
	if strings.TrimSpace(c.Why) == "" {
		return usageError{errors.New("la raison est vide : dites pourquoi la fiche est close avant sa date limite")}
	}
	return a.withProjects(ctx, func(p *bot.Projects, _ sheet.Reachable) error {
		f, err := p.Store.Close(ctx, c.Reference, c.Why, c.name(), a.now())
		if err != nil {
			return err
		}
		return a.tellSheet(f)
	})
}

type sheetReturn struct {
	author
	Reference string `arg:"" help:"Numéro de la fiche."`
}

func (c *sheetReturn) Run(ctx context.Context, a *app) error {
	return a.withProjects(ctx, func(p *bot.Projects, _ sheet.Reachable) error {
		f, err := p.Return(ctx, c.Reference, c.name(), a.now())
		if err != nil {
			return err
		}
		if a.JSON {
			return writeJSON(a.stdout, f)
		}
		fmt.Fprintf(a.stdout, "%s : réponses rendues, %s.\n", f.Reference, f.Events[len(f.Events)-1].Why)
		return nil
	})
}

type sheetStats struct{ sheetReader }

func (c *sheetStats) Run(ctx context.Context, a *app) error {
	viewer, err := c.viewer()
	if err != nil {
		return err
	}
	if !viewer.Staff {
		return errors.New("ces comptes sont réservés aux agents : ajoutez --audience staff")
	}
	return a.withProjects(ctx, func(p *bot.Projects, _ sheet.Reachable) error {
		all, err := p.List(ctx, viewer)
		if err != nil {
			return err
		}
		stats := sheet.Stats(all, p.Names)
		if a.JSON {
			return writeJSON(a.stdout, map[string]any{"stats": stats})
		}
		if len(stats) == 0 {
			fmt.Fprintln(a.stdout, "Aucune fiche n'a été envoyée.")
		}
		for _, s := range stats {
			fmt.Fprintf(a.stdout, "%s (%s) : %s\n", s.Name, s.EPCI, s.Line(p.Settings))
		}
		return nil
	})
}
