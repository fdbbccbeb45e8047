package bot

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"guichet/routing"
	"guichet/routing/ledger"
	"guichet/routing/sheet"
)

// Projects are the sheets of investment projects, with what is needed to write and answer them.
type Projects struct {
	sheet.Store
	Settings routing.Sheets
	// Names are those of the EPCIs of the register, by SIREN; Departements the EPCIs of each département, by its code.
	Names        map[string]string
	Departements map[string][]string
}

// everywhere are the words for all the EPCIs of the register.
var everywhere = []string{"tous", "region"}

// Territories reads the territories of a sheet: « tous », codes of départements, SIREN of EPCIs.
func (p *Projects) Territories(text string) (sirens []string, err error) {
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r == ',' || r == ';' }) {
		switch epcis, departement := p.Departements[strings.ToUpper(word)]; {
		case slices.Contains(everywhere, strings.TrimSpace(ledger.Fold(word))):
			sirens = slices.AppendSeq(sirens, maps.Keys(p.Names))
		case departement:
			sirens = append(sirens, epcis...)
		case p.Names[word] != "":
			sirens = append(sirens, word)
		default:
			return nil, fmt.Errorf("territoire « %s » inconnu : « tous », le code d'un département (%s) ou le SIREN d'un EPCI du registre est attendu",
				word, strings.Join(slices.Sorted(maps.Keys(p.Departements)), ", "))
		}
	}
	slices.Sort(sirens)
	return slices.Compact(sirens), nil
}

// Criteria reads the criteria of a sheet, one a line.
func (p *Projects) Criteria(text string) (all []sheet.Criterion, err error) {
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		c, one := sheet.ParseCriterion(line)
		all, err = append(all, c), errors.Join(err, one)
	}
	return all, err
}

// fiche does « fiche » in chat: alone it lists the sheets that the asker's territory was sent, with a number it shows one, and
// with an answer it answers it.
func (c *Chat) fiche(ctx context.Context, in Incoming, who Person, external bool, words []string) (string, error) {
	asker, err := c.Asker(ctx, in, who, external)
	if err != nil {
		return "", err
	}
	if asker.partner() == "" || c.Projects == nil {
		return c.Texts.say("fiche-partners"), nil
	}
	viewer := ledger.Viewer{EPCI: asker.EPCI}
	if len(words) == 0 {
		all, err := c.Projects.List(ctx, viewer)
		if err != nil || len(all) == 0 {
			return c.Texts.say("fiche-none"), err
		}
		lines := []string{c.Texts.say("fiche-list")}
		for _, f := range all {
			_, answered := f.AnswerOf(asker.EPCI)
			lines = append(lines, c.Texts.say("fiche-line", "reference", f.Reference, "title", f.Title, "stage", f.Stage.Label(), "deadline", f.Deadline.French(), "answered", flag(answered)))
		}
		return strings.Join(lines, "\n"), nil
	}
	reference := strings.ToUpper(words[0])
	f, err := c.Projects.Get(ctx, viewer, reference)
	switch {
	case errors.Is(err, sheet.ErrNotFound):
		return c.Texts.say("fiche-unknown", "reference", words[0]), nil
	case err != nil:
		return "", err
	case len(words) == 1:
		text := f.Lines(c.Projects.Settings.Reasons)
		if a, ok := f.AnswerOf(asker.EPCI); ok {
			text += "\n\n" + c.Texts.say("fiche-answered", "answer", f.Said(a, c.Projects.Settings))
		}
		return text, nil
	}
	a, err := sheet.ParseAnswer(strings.TrimSpace(after(in.Text, words[0])), f.Criteria, c.Projects.Settings.Reasons)
	if err != nil {
		return c.Texts.say("fiche-wrong", "reason", capital(err.Error())), nil
	}
	a.EPCI, a.By, a.At = asker.EPCI, who.Name, c.Now()
	switch _, err = c.Projects.Answer(ctx, reference, a); {
	case errors.Is(err, sheet.ErrOver), errors.Is(err, sheet.ErrStage):
		return c.Texts.say("fiche-over", "reference", reference), nil
	case err != nil:
		return "", err
	}
	return c.Texts.say("fiche-noted", "reference", reference, "answer", f.Said(a, c.Projects.Settings), "deadline", f.Deadline.French()), nil
}

// after gives what follows a word in a text.
func after(text, word string) string {
	_, rest, _ := strings.Cut(text, word)
	return rest
}
