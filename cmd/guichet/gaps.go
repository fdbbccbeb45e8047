package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"guichet/bot"
	"guichet/bot/sqljournal"
	"guichet/knowledge"
	"guichet/knowledge/extract"
	"guichet/knowledge/static"
	"guichet/migrations/database"
)

type gapsCmd struct {
	List gapsList `cmd:"" default:"withargs" help:"Les questions restées sans réponse, groupées par sens : combien de fois, quand, par quel public."`
	Card gapsCard `cmd:"" help:"Écrire le début de la fiche qui répondra à un groupe de questions."`
}

// mostGaps is how many questions are grouped: each is compared with all the others.
const mostGaps = 2000

type gapLine struct {
	Question string             `json:"question"`
	Looked   string             `json:"looked"`
	Audience knowledge.Audience `json:"audience"`
	Channel  string             `json:"channel"`
	At       time.Time          `json:"at"`
}

// groupLine is a group of questions.
type groupLine struct {
	ID        int64                      `json:"id"`
	Question  string                     `json:"question"`
	Questions []string                   `json:"questions"`
	Count     int                        `json:"count"`
	Last      time.Time                  `json:"last"`
	Audiences map[knowledge.Audience]int `json:"audiences"`
}

type gapsList struct {
	Limit int `default:"1000" placeholder:"N" help:"Nombre de questions, les dernières (1000 par défaut, 2000 au plus)."`
}

func (c *gapsList) Run(ctx context.Context, a *app) error {
	if c.Limit < 1 || c.Limit > mostGaps {
		return usageError{fmt.Errorf("--limit %d : de 1 à %d questions", c.Limit, mostGaps)}
	}
	db, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	gaps, groups, err := gapGroups(ctx, db, c.Limit)
	if err != nil {
		return err
	}
	if a.JSON {
		lines, grouped := []gapLine{}, []groupLine{}
		for _, g := range gaps {
			lines = append(lines, gapLine{Question: g.Question, Looked: g.Looked, Audience: g.Audience, Channel: g.Channel, At: g.At})
		}
		for _, g := range groups {
			grouped = append(grouped, groupLine{ID: g.ID, Question: g.Questions[0], Questions: g.Questions, Count: g.Count, Last: g.Last, Audiences: g.Audiences})
		}
		return writeJSON(a.stdout, map[string]any{"gaps": lines, "groups": grouped})
	}
	if len(groups) == 0 {
		fmt.Fprintln(a.stdout, "Aucune question sans réponse.")
		return nil
	}
	for _, g := range groups {
		fmt.Fprintf(a.stdout, "%4d  %s fois, la dernière le %s (%s)\n", g.ID, fmt.Sprint(g.Count), g.Last.Format(time.DateOnly), audiences(g.Audiences))
		for _, q := range g.Questions {
			fmt.Fprintf(a.stdout, "      %s\n", q)
		}
	}
	fmt.Fprintf(a.stdout, "\nPour commencer la fiche qui manque : guichet gaps card %d --output fiche.md\n", groups[0].ID)
	return nil
}

func gapGroups(ctx context.Context, db *database.DB, limit int) ([]bot.Gap, []bot.GapGroup, error) {
	gaps, err := sqljournal.New(db).Gaps(ctx, limit)
	return gaps, bot.GroupGaps(gaps, static.Default().Embed), err
}

// audiences writes who asked, and how often.
func audiences(counts map[knowledge.Audience]int) string {
	var parts []string
	for _, a := range []knowledge.Audience{knowledge.Public, knowledge.Partner, knowledge.Staff} {
		if n := counts[a]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", a, n))
		}
	}
	return strings.Join(parts, ", ")
}

type gapsCard struct {
	ID     int64  `arg:"" name:"numéro" help:"Le numéro d'un groupe, que donne « guichet gaps »."`
	Output string `placeholder:"FICHIER" help:"Le fichier à écrire (à l'écran par défaut) ; rien n'y est écrasé."`
}

func (c *gapsCard) Run(ctx context.Context, a *app) error {
	db, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	_, groups, err := gapGroups(ctx, db, mostGaps)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(groups, func(g bot.GapGroup) bool { return g.ID == c.ID })
	if at < 0 {
		return fmt.Errorf("aucun groupe n'a le numéro %d : « guichet gaps » les donne", c.ID)
	}
	card, err := gapCard(groups[at])
	if err != nil {
		return err
	}
	if c.Output == "" {
		if a.JSON {
			return writeJSON(a.stdout, map[string]any{"card": card})
		}
		fmt.Fprint(a.stdout, card)
		return nil
	}
	file, err := create(c.Output, false)
	if err != nil {
		return fmt.Errorf("écrire la fiche : %w", err)
	}
	_, err = file.WriteString(card)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("écrire la fiche : %w", err)
	}
	if a.JSON {
		return writeJSON(a.stdout, map[string]any{"written": c.Output})
	}
	fmt.Fprintf(a.stdout, "Fiche commencée : %s\nÉcrivez ce qui est marqué « %s », puis : guichet ingest %s\n", c.Output, extract.ToComplete, c.Output)
	return nil
}

// gapCard writes the skeleton of a card: « guichet ingest » refuses it as long as something is marked as to complete.
func gapCard(g bot.GapGroup) (string, error) {
	widest := knowledge.Staff
	for a := range g.Audiences {
		widest = min(widest, a)
	}
	head, err := yaml.Marshal(yaml.MapSlice{
		{Key: "id", Value: fmt.Sprintf("question-%d", g.ID)},
		{Key: "titre", Value: g.Questions[0]},
		{Key: "audience", Value: widest.String()},
		{Key: "source", Value: extract.ToComplete + " (l'adresse ou le document d'où vient la réponse)"},
		{Key: "date", Value: extract.ToComplete + " (AAAA-MM-JJ, le jour où la réponse était vraie)"},
		{Key: "questions", Value: g.Questions},
	})
	if err != nil {
		return "", fmt.Errorf("écrire la fiche : %w", err)
	}
	return fmt.Sprintf("---\n%s---\n\n# %s\n\n%s : la réponse, en phrases entières, avec ses chiffres et ses dates.\n", head, strings.Join(strings.Fields(g.Questions[0]), " "), extract.ToComplete), nil
}
