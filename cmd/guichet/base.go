package main

import (
	"context"
	"fmt"
	"strings"

	"guichet/knowledge/review"
	"guichet/knowledge/static"
)

type baseCmd struct {
	Review baseReview `cmd:"" help:"Chercher les doublons entre dispositifs et les trous dans la raquette (thèmes et profils : review.yaml du dossier des règles)."`
}

type baseReview struct {
	asker
}

// overlapLine is two schemes that look alike.
type overlapLine struct {
	Documents []schemeLine `json:"documents"`
	Likeness  float64      `json:"likeness"`
	Nature    string       `json:"nature"`
	Profiles  []string     `json:"profiles"`
	Words     []string     `json:"words"`
}

type schemeLine struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// holeLine is a theme that nothing open has for a profile.
type holeLine struct {
	Theme   string `json:"theme"`
	Profile string `json:"profile"`
	Label   string `json:"label"`
}

func (c *baseReview) Run(ctx context.Context, a *app) error {
	r, err := loadRegion(a.RulesPath)
	if err != nil {
		return err
	}
	db, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	base, err := a.openBase(ctx, db, nil)
	if err != nil {
		return err
	}
	found, err := r.review.Read(ctx, base, c.viewer(), a.now(), static.Default().Embed)
	if err != nil {
		return err
	}
	overlaps, holes := []overlapLine{}, []holeLine{}
	for _, o := range found.Overlaps {
		line := overlapLine{Likeness: o.Likeness, Nature: o.Nature, Profiles: []string{}, Words: append([]string{}, o.Words...)}
		for _, d := range o.Documents {
			line.Documents = append(line.Documents, schemeLine{ID: d.ID, Title: d.Title})
		}
		for _, p := range o.Profiles {
			line.Profiles = append(line.Profiles, p.Label)
		}
		overlaps = append(overlaps, line)
	}
	for _, h := range found.Holes {
		holes = append(holes, holeLine{Theme: h.Theme.ID, Profile: h.Profile.ID, Label: h.Theme.Label + " × " + h.Profile.Label})
	}
	if a.JSON {
		return writeJSON(a.stdout, map[string]any{"schemes": found.Schemes, "overlaps": overlaps, "holes": holes})
	}
	showReview(a, found, overlaps)
	return nil
}

func showReview(a *app, found review.Review, overlaps []overlapLine) {
	fmt.Fprintf(a.stdout, "%s\n\nDoublons possibles : %d\n", howMany(found.Schemes, "dispositif ouvert", "dispositifs ouverts"), len(overlaps))
	for _, o := range overlaps {
		var why []string
		if o.Nature != "" {
			why = append(why, "même nature : "+o.Nature)
		}
		if len(o.Profiles) > 0 {
			why = append(why, "mêmes bénéficiaires : "+strings.Join(o.Profiles, ", "))
		} else {
			why = append(why, "l'un au moins est ouvert à tous")
		}
		if len(o.Words) > 0 {
			why = append(why, "mots communs : "+strings.Join(o.Words, ", "))
		}
		fmt.Fprintf(a.stdout, "  - %s (%s)\n    %s (%s)\n    ressemblance %.2f ; %s\n", o.Documents[0].Title, o.Documents[0].ID, o.Documents[1].Title, o.Documents[1].ID, o.Likeness, strings.Join(why, " ; "))
	}
	fmt.Fprintf(a.stdout, "\nTrous dans la raquette : %d (aucun dispositif ouvert)\n", len(found.Holes))
	theme := ""
	for _, h := range found.Holes {
		if h.Theme.ID != theme {
			theme = h.Theme.ID
			fmt.Fprintf(a.stdout, "  %s\n", h.Theme.Label)
		}
		fmt.Fprintf(a.stdout, "    - %s\n", h.Profile.Label)
	}
}
