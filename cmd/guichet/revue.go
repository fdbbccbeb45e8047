package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"guichet/bot"
	"guichet/bot/courier"
	"guichet/knowledge"
	"guichet/routing/ledger/sqlledger"
	"guichet/routing/revue"
	"guichet/routing/revue/docx"
)

type revueCmd struct {
	Audience  knowledge.Audience `default:"public" placeholder:"staff" help:"Qui lit : staff pour la version des agents, partner pour celle de l'EPCI."`
	EPCI      siren              `name:"epci" placeholder:"SIREN" xor:"scope" help:"L'EPCI de la revue."`
	Region    bool               `xor:"scope" help:"La Région entière."`
	Committee string             `placeholder:"CODE" xor:"scope" help:"Un comité de la Région, par exemple technique ou copil (liste : revues.yaml)."`
	Dates     bool               `xor:"scope" help:"Les dates des prochaines revues."`
	Since     day                `placeholder:"DATE" help:"Le jour de la revue précédente (la dernière qui a été tenue par défaut)."`
	Format    string             `enum:"md,docx,json" default:"md" placeholder:"md" help:"md (par défaut), docx ou json."`
	Output    string             `placeholder:"FICHIER" help:"Le fichier à écrire (à l'écran par défaut) ; rien n'y est écrasé."`
}

func (c *revueCmd) Run(ctx context.Context, a *app) error {
	if c.Audience == knowledge.Public {
		return errors.New("les revues ne sont pas publiques : ajoutez --audience staff, ou --audience partner pour la version de l'EPCI")
	}
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
	known, _ := r.conventions(db, jobs)
	revues := r.revues(db, known, sqlledger.New(db, jobs, r.notices, r.agenda()))
	if c.Dates {
		return c.dates(ctx, a, revues)
	}
	scope := string(c.EPCI)
	switch {
	case c.Region:
		scope = revue.Region
	case c.Committee != "":
		scope = c.Committee
	case scope == "":
		return usageError{errors.New("donnez --epci SIREN, --region, --committee CODE ou --dates")}
	}
	d, err := revues.Of(ctx, bot.Asker{Audience: c.Audience, EPCI: string(c.EPCI)}, scope, c.Since.Time, a.now())
	if errors.Is(err, bot.ErrNoRevue) {
		var codes []string
		for _, k := range r.book.Revues.Committees {
			codes = append(codes, k.Code)
		}
		return fmt.Errorf("%w (comités : %s ; les comités et la Région se lisent avec --audience staff)", err, strings.Join(codes, ", "))
	}
	if err != nil {
		return err
	}
	if a.JSON || c.Format == "json" {
		if c.Output == "" {
			return writeJSON(a.stdout, d)
		}
		var out bytes.Buffer
		if err := writeJSON(&out, d); err != nil {
			return err
		}
		return c.write(a, out.Bytes())
	}
	if c.Format == "md" {
		return c.write(a, []byte(d.Document().Markdown()))
	}
	var out bytes.Buffer
	if err := docx.Write(&out, d.Document()); err != nil {
		return err
	}
	return c.write(a, out.Bytes())
}

// write writes a document in the file that was asked for, else on the screen.
func (c *revueCmd) write(a *app, content []byte) error {
	if c.Output == "" {
		_, err := a.stdout.Write(content)
		return err
	}
	file, err := create(c.Output, false)
	if err != nil {
		return fmt.Errorf("écrire le document : %w", err)
	}
	_, err = file.Write(content)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("écrire le document : %w", err)
	}
	fmt.Fprintf(a.stderr, "Document écrit : %s\n", c.Output)
	return nil
}

// dateLine is a scope with its next date and when its last revue was held.
type dateLine struct {
	revue.Date
	Last any `json:"last"`
}

func (c *revueCmd) dates(ctx context.Context, a *app, revues *bot.Revues) error {
	if c.Audience != knowledge.Staff {
		return errors.New("les dates se lisent avec --audience staff")
	}
	planned, err := revues.Planned(ctx, a.now())
	if err != nil {
		return err
	}
	if a.JSON || c.Format == "json" {
		lines := []dateLine{}
		for _, p := range planned {
			line := dateLine{Date: p.Date}
			if p.Last.Day != "" {
				line.Last = p.Last
			}
			lines = append(lines, line)
		}
		return writeJSON(a.stdout, map[string]any{"dates": lines})
	}
	for _, p := range planned {
		last := "jamais tenue"
		if p.Last.Day != "" {
			last = "la dernière le " + p.Last.Day.French()
		}
		fmt.Fprintf(a.stdout, "%s  %-9s  %s, %s\n", p.Day.French(), p.Scope, p.Name, last)
	}
	return nil
}
