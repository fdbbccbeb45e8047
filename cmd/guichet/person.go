package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"guichet/bot/privacy"
	"guichet/routing/ledger"
)

type personCmd struct {
	Export personExport `cmd:"" help:"Donner tout ce qui est gardé d'une personne."`
	Erase  personErase  `cmd:"" help:"Effacer une personne ; sans --confirm, montrer seulement ce qui le serait."`
	Forget personForget `cmd:"" help:"Effacer ce qui dépasse sa durée (retention.yaml), comme « guichet serve » le fait chaque heure."`
}

// who is the person that is sought.
type who struct {
	Who []string `arg:"" name:"qui" help:"Identifiant (slack/U012), courriel, téléphone ou nom ; plusieurs formes de la même personne à la suite."`
}

func (w who) check() error {
	if _, err := privacy.Seek(w.Who); err != nil {
		return usageError{err}
	}
	return nil
}

type personExport struct {
	who
	author
	Why string `placeholder:"RAISON" help:"Pourquoi, par exemple la référence de la demande d'accès."`
}

func (c *personExport) Run(ctx context.Context, a *app) error {
	if err := c.check(); err != nil {
		return err
	}
	return a.withKeeper(ctx, func(k *privacy.Keeper) error {
		export, err := k.Export(ctx, c.Who, c.name(), c.Why, a.now())
		if err != nil {
			return err
		}
		if a.JSON {
			return writeJSON(a.stdout, export)
		}
		fmt.Fprintf(a.stdout, "%s : %s\n", strings.Join(c.Who, ", "), howMany(len(export.Found), "élément gardé", "éléments gardés"))
		for _, f := range export.Found {
			whole := ""
			if f.Theirs {
				whole = "en entier"
			}
			fmt.Fprintf(a.stdout, "\n%s\n", strings.Join(present(f.What, f.Key, ledger.Day(f.At), f.Request, whole), " · "))
			for _, name := range slices.Sorted(maps.Keys(f.Content)) {
				text, ok := f.Content[name].(string)
				if !ok {
					var b strings.Builder
					if err := writeJSON(&b, f.Content[name]); err != nil {
						return err
					}
					text = strings.TrimSpace(b.String())
				}
				fmt.Fprintf(a.stdout, "  %-12s %s\n", cmp.Or(contentLabels[name], name), strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", 15)))
			}
			if len(f.Matches) > 0 {
				fmt.Fprintf(a.stdout, "  trouvé       %s\n", strings.Join(f.Matches, " ; "))
			}
		}
		return nil
	})
}

// contentLabels name in French what a row holds.
var contentLabels = map[string]string{
	"channel": "canal", "thread": "fil", "message": "identifiant", "text": "texte", "author": "auteur", "person": "personne", "company": "entreprise",
	"name": "nom comparé", "owner": "suivie par", "search": "recherche", "decision": "décision", "pace": "avancement", "actor": "par", "why": "motif ou texte",
	"last_error": "échec", "asker": "demandeur", "reply": "réponse", "state": "état", "body": "reçu", "reason": "raison", "looked": "mots cherchés",
	"sought": "cherché", "title": "titre", "url": "adresse", "path": "titres", "error": "échec",
}

type personErase struct {
	who
	author
	Why     string `required:"" placeholder:"RAISON" help:"Pourquoi, par exemple la référence de la demande d'effacement."`
	Confirm bool   `help:"Effacer vraiment."`
}

func (c *personErase) Run(ctx context.Context, a *app) error {
	if err := c.check(); err != nil {
		return err
	}
	if strings.TrimSpace(c.Why) == "" {
		return usageError{errors.New("--why est vide : dites pourquoi")}
	}
	return a.withKeeper(ctx, func(k *privacy.Keeper) error {
		e, err := k.Erase(ctx, c.Who, c.name(), c.Why, c.Confirm, a.now())
		if err != nil {
			return err
		}
		if a.JSON {
			return writeJSON(a.stdout, e)
		}
		title := "Effacé"
		if !e.Done {
			title = "À effacer"
		}
		for _, part := range []struct {
			title string
			lines []privacy.Line
		}{{title, e.Erased}, {"Gardé", e.Kept}} {
			fmt.Fprintln(a.stdout, part.title)
			if len(part.lines) == 0 {
				fmt.Fprintln(a.stdout, "  rien")
			}
			for _, l := range part.lines {
				fmt.Fprintf(a.stdout, "  %3d  %s\n", l.Count, strings.Join(present(l.What, strings.Join(l.Requests, ", "), l.Why), " · "))
			}
		}
		if !e.Done && len(e.Erased) > 0 {
			fmt.Fprintln(a.stdout, "\nRien n'a été changé. Pour effacer : la même commande avec --confirm")
		}
		return nil
	})
}

type personForget struct{}

func (personForget) Run(ctx context.Context, a *app) error {
	return a.withKeeper(ctx, func(k *privacy.Keeper) error {
		done, err := k.Forget(ctx, a.now())
		if err != nil {
			return err
		}
		if a.JSON {
			return writeJSON(a.stdout, map[string]any{"erased": done})
		}
		if len(done) == 0 {
			fmt.Fprintln(a.stdout, "Rien ne dépasse sa durée.")
		}
		for _, what := range slices.Sorted(maps.Keys(done)) {
			fmt.Fprintf(a.stdout, "%6d  %s\n", done[what], privacy.Label(what))
		}
		return nil
	})
}

func (a *app) withKeeper(ctx context.Context, do func(*privacy.Keeper) error) error {
	db, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	k, err := a.openKeeper(ctx, db)
	if err != nil {
		return err
	}
	return do(k)
}

type accessCmd struct {
	List accessList `cmd:"" default:"withargs" help:"Lister les accès : qui, quand, quelle demande ou quelle entreprise, par quel canal."`
}

type accessList struct {
	reader
	By    string `placeholder:"NOM" help:"N'en garder que ceux de cette personne."`
	About string `placeholder:"TEXTE" help:"N'en garder que ceux d'une demande ou d'une entreprise."`
	Limit int    `default:"100" placeholder:"N" help:"Nombre d'accès (100 par défaut)."`
}

func (c *accessList) Run(ctx context.Context, a *app) error {
	viewer, err := c.viewer()
	if err != nil {
		return err
	}
	return a.withLedger(ctx, func(store ledger.Store) error {
		accesses, err := store.Accesses(ctx, viewer, ledger.AccessFilter{By: c.By, About: c.About, Limit: c.Limit})
		if err != nil {
			return err
		}
		if a.JSON {
			return writeJSON(a.stdout, map[string]any{"accesses": some(accesses)})
		}
		if len(accesses) == 0 {
			fmt.Fprintln(a.stdout, "Aucun accès.")
		}
		for _, one := range accesses {
			fmt.Fprintf(a.stdout, "%s  %-20s %-14s %s\n", ledger.Moment(one.At), dash(one.By), one.Channel, one.Reference+one.Sought)
		}
		return nil
	})
}
