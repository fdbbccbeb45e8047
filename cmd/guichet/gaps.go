package main

import (
	"context"
	"fmt"
	"time"

	"guichet/bot/sqljournal"
	"guichet/knowledge"
)

type gapsCmd struct {
	Limit int `default:"100" placeholder:"N" help:"Nombre de questions (100 par défaut)."`
}

type gapLine struct {
	Question string             `json:"question"`
	Looked   string             `json:"looked"`
	Audience knowledge.Audience `json:"audience"`
	Channel  string             `json:"channel"`
	At       time.Time          `json:"at"`
}

func (c *gapsCmd) Run(ctx context.Context, a *app) error {
	db, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	gaps, err := sqljournal.New(db).Gaps(ctx, c.Limit)
	if err != nil {
		return err
	}
	lines := []gapLine{}
	for _, g := range gaps {
		lines = append(lines, gapLine{Question: g.Question, Looked: g.Looked, Audience: g.Audience, Channel: g.Channel, At: g.At})
	}
	if a.JSON {
		return writeJSON(a.stdout, map[string]any{"gaps": lines})
	}
	if len(lines) == 0 {
		fmt.Fprintln(a.stdout, "Aucune question sans réponse.")
	}
	for _, g := range lines {
		fmt.Fprintf(a.stdout, "%s  %-8s %s (cherché : %s)\n", g.At.Format(time.DateOnly), g.Audience, g.Question, g.Looked)
	}
	return nil
}
