package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"guichet/migrations/database"
	"guichet/routing"
	"guichet/routing/ledger"
	"guichet/routing/ledger/replay"
	"guichet/routing/ledger/sqlledger"
)

type rulesReplay struct {
	staffOnly
	Since  day  `placeholder:"DATE" help:"Premier jour de réception (AAAA-MM-JJ)."`
	Until  day  `placeholder:"DATE" help:"Dernier jour de réception (AAAA-MM-JJ), compris."`
	Reread bool `help:"Relire aussi le texte des messages, avec les vocabulaires de ces règles (sinon, les faits relevés à l'époque)."`
	Limit  int  `default:"5" placeholder:"N" help:"Demandes montrées par changement (5 par défaut) ; --json les donne toutes."`
}

func (c *rulesReplay) Run(ctx context.Context, a *app) error {
	if c.Limit < 0 {
		return usageError{fmt.Errorf("--limit %d : un nombre positif est attendu", c.Limit)}
	}
	if !c.Until.IsZero() && c.Until.Before(c.Since.Time) {
		return usageError{errors.New("--until est avant --since")}
	}
	viewer, err := c.viewer()
	if err != nil {
		return err
	}
	return a.withReading(ctx, func(r region, _ *database.DB, store *sqlledger.Ledger) error {
		player := replay.Player{Rules: r.book.Rules}
		if c.Reread {
			player.Read = func(text string) routing.Facts { return r.reader.Read(text).Request }
		}
		report, err := player.Run(ctx, store, viewer, ledger.Span{From: c.Since.Time, Until: c.Until.end()})
		if err != nil {
			return err
		}
		if a.JSON {
			return writeJSON(a.stdout, report)
		}
		showReplay(a.stdout, report, c.Limit)
		return nil
	})
}

// What a person reads of a replay.
var changeLabels = map[replay.Kind]string{
	replay.Lead: "Autre chef de file", replay.Missing: "Renseignement à demander", replay.Associated: "Autres directions associées", replay.Rule: "Autre règle, même chef de file",
}

func showReplay(w io.Writer, r replay.Report, limit int) {
	if r.Read == 0 {
		fmt.Fprintln(w, "Aucune demande à rejouer dans ce registre et cette période.")
		return
	}
	fmt.Fprintf(w, "%s, avec les règles %s (décidées sous : %s). Rien n'est écrit.\n", howMany(r.Read, "demande rejouée", "demandes rejouées"), r.Version, strings.Join(slices.Sorted(maps.Keys(r.Versions)), ", "))
	fmt.Fprintf(w, "  %6d sans changement\n", r.Unchanged)
	for _, kind := range []replay.Kind{replay.Lead, replay.Missing, replay.Associated, replay.Rule} {
		if n := r.Changed[kind]; n > 0 {
			fmt.Fprintf(w, "  %6d %s\n", n, strings.ToLower(changeLabels[kind][:1])+changeLabels[kind][1:])
		}
	}
	if r.ForPerson > 0 {
		fmt.Fprintf(w, "  %6d confiées à la porte d'entrée parce que la personne voulait parler à quelqu'un : aucune règle n'avait décidé\n", r.ForPerson)
	}
	if len(r.Moved) > 0 {
		fmt.Fprintf(w, "  %6d réattribuées par une personne, à part ci-dessous\n", len(r.Moved))
	}
	for _, g := range r.Groups {
		fmt.Fprintf(w, "\n%s : %s → %s, %s\n", changeLabels[g.Kind], outcomeLabel(g.Kind, g.From), outcomeLabel(g.Kind, g.To), howMany(g.Count, "demande", "demandes"))
		for _, c := range g.Cases[:min(limit, len(g.Cases))] {
			fmt.Fprintf(w, "  %s  %s\n", c.Reference, c.Reason)
		}
		if rest := len(g.Cases) - limit; rest > 0 {
			fmt.Fprintf(w, "  … et %d autres (--limit, --json)\n", rest)
		}
	}
	if len(r.Moved) == 0 {
		return
	}
	fmt.Fprintln(w, "\nRéattribuées par une personne : ces règles lui donnent-elles raison ?")
	for _, v := range []struct {
		verdict replay.Verdict
		label   string
	}{
		{replay.Agrees, "Oui, elles donnent la direction que la personne a choisie"},
		{replay.Still, "Non, elles donnent encore la direction d'origine"},
		{replay.Elsewhere, "Non, elles donnent une autre direction, ou posent une question"},
	} {
		moved := slices.DeleteFunc(slices.Clone(r.Moved), func(m replay.Moved) bool { return m.Verdict != v.verdict })
		if len(moved) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n%s : %s\n", v.label, howMany(len(moved), "demande", "demandes"))
		for _, m := range moved[:min(limit, len(moved))] {
			fmt.Fprintf(w, "  %s  %s → %s par une personne%s ; ces règles : %s\n", m.Reference, dash(m.From.Lead), m.Person, reasonOf(m.Why), outcomeLabel(replay.Lead, m.To))
		}
		if rest := len(moved) - limit; rest > 0 {
			fmt.Fprintf(w, "  … et %d autres (--limit, --json)\n", rest)
		}
	}
}

func reasonOf(why string) string {
	if why == "" {
		return ""
	}
	return " (« " + firstLine(why, 80) + " »)"
}

// outcomeLabel says what a decision comes to, as far as the kind of change needs it.
func outcomeLabel(kind replay.Kind, o replay.Outcome) string {
	switch {
	case o.Lead == "":
		return "question sur « " + strings.Join(o.Missing, ", ") + " »"
	case kind == replay.Associated:
		return o.Lead + " avec " + dash(strings.Join(o.Associated, ", "))
	}
	return o.Lead + " (" + o.Rule + ")"
}
