package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"guichet/knowledge"
	"guichet/knowledge/fetch"
	"guichet/knowledge/sqlstore"
)

type documentsCmd struct {
	List   documentsList   `cmd:"" help:"Lister les documents qu'une audience peut voir."`
	Show   documentsShow   `cmd:"" help:"Montrer un document et ses passages."`
	Remove documentsRemove `cmd:"" help:"Retirer des documents ; ils ne répondent plus aussitôt."`
}

// documentLine is a document of the base.
type documentLine struct {
	ID         string             `json:"id"`
	Title      string             `json:"title"`
	Source     string             `json:"source"`
	URL        string             `json:"url"`
	Date       string             `json:"date"`
	Audience   knowledge.Audience `json:"audience"`
	EPCI       string             `json:"epci"`
	Passages   int                `json:"passages"`
	ValidFrom  string             `json:"valid_from"`
	ValidUntil string             `json:"valid_until"`
	Closed     bool               `json:"closed"`
	Damaged    float64            `json:"damaged"`
}

// lineOf shows where the file of a document is to the staff only; an address is public.
func lineOf(d knowledge.Document, v knowledge.Viewer, now time.Time) documentLine {
	if v.Audience != knowledge.Staff && filepath.IsAbs(d.Source) {
		d.Source = ""
	}
	return documentLine{
		ID: d.ID, Title: d.Title, Source: d.Source, URL: d.URL, Date: isoDay(d.Date), Audience: d.Audience, EPCI: d.EPCI, Passages: d.Passages,
		ValidFrom: isoDay(d.ValidFrom), ValidUntil: isoDay(d.ValidUntil), Closed: d.Closed(now), Damaged: d.Damaged,
	}
}

func (l documentLine) show(w io.Writer) {
	fmt.Fprintf(w, "%s  %s\n", l.ID, l.Title)
	facts := present("audience "+l.Audience.String(), forEPCI(l.EPCI), howMany(l.Passages, "passage", "passages"), dated("du ", l.Date), l.validity())
	if l.Damaged > 0 {
		facts = append(facts, percent(l.Damaged)+" du texte abîmé")
	}
	fmt.Fprintf(w, "    %s\n", strings.Join(facts, " · "))
	if places := present(l.Source, l.URL); len(places) > 0 {
		fmt.Fprintf(w, "    %s\n", strings.Join(places, " · "))
	}
}

func (l documentLine) validity() string {
	parts := present(dated("valable depuis le ", l.ValidFrom), dated("valable jusqu'au ", l.ValidUntil))
	if l.Closed {
		parts = append(parts, "clos")
	}
	return strings.Join(parts, ", ")
}

func dated(before, day string) string {
	if day == "" {
		return ""
	}
	return before + day
}

func forEPCI(siren string) string {
	if siren == "" {
		return ""
	}
	return "EPCI " + siren
}

type documentsList struct {
	asker
}

func (c *documentsList) Run(ctx context.Context, a *app) error {
	db, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	base, err := a.openBase(ctx, db, nil)
	if err != nil {
		return err
	}
	documents, err := base.Documents(ctx, c.viewer())
	if err != nil {
		return err
	}
	lines := []documentLine{}
	for _, d := range documents {
		lines = append(lines, lineOf(d, c.viewer(), a.now()))
	}
	if a.JSON {
		return writeJSON(a.stdout, map[string]any{"documents": lines})
	}
	for _, l := range lines {
		l.show(a.stdout)
	}
	fmt.Fprintf(a.stdout, "%s pour l'audience %s\n", howMany(len(lines), "document", "documents"), c.Audience)
	return nil
}

type documentsShow struct {
	asker
	ID string `arg:"" name:"identifiant" help:"L'identifiant que donne « guichet documents list »."`
}

// passageLine is a passage of a document that is shown.
type passageLine struct {
	Chunk   int    `json:"chunk"`
	Section string `json:"section"`
	Page    int    `json:"page,omitempty"`
	Text    string `json:"text"`
}

func (c *documentsShow) Run(ctx context.Context, a *app) error {
	db, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	base, err := a.openBase(ctx, db, nil)
	if err != nil {
		return err
	}
	d, passages, err := base.Open(ctx, c.viewer(), c.ID)
	if err != nil {
		return err
	}
	lines := []passageLine{}
	for _, p := range passages {
		lines = append(lines, passageLine{Chunk: p.Ordinal, Section: strings.Join(p.Path, " › "), Page: p.Page, Text: p.Text})
	}
	if a.JSON {
		return writeJSON(a.stdout, struct {
			documentLine
			Chunks []passageLine `json:"chunks"`
		}{lineOf(d, c.viewer(), a.now()), lines})
	}
	lineOf(d, c.viewer(), a.now()).show(a.stdout)
	for _, l := range lines {
		fmt.Fprintf(a.stdout, "\n[%d] %s\n%s\n", l.Chunk, strings.Join(present(l.Section, onPage(l.Page)), " · "), l.Text)
	}
	return nil
}

// onPage names a page, if there is one.
func onPage(page int) string {
	if page == 0 {
		return ""
	}
	return fmt.Sprintf("page %d", page)
}

type documentsRemove struct {
	asker
	IDs []string `arg:"" name:"identifiant" help:"Identifiants de documents, ou adresses suivies (https://…)."`
}

func (c *documentsRemove) Run(ctx context.Context, a *app) error {
	db, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	store := sqlstore.New(db, nil)
	documents, err := store.Documents(ctx, c.viewer())
	if err != nil {
		return err
	}
	remotes, err := store.Remotes(ctx)
	if err != nil {
		return err
	}
	var ids, addresses []string
	for _, id := range c.IDs {
		found, followed, err := c.chosen(id, documents, remotes)
		if err != nil {
			return err
		}
		ids, addresses = append(ids, found...), append(addresses, followed...)
	}
	err = db.InTx(ctx, func(ctx context.Context) error {
		for _, address := range addresses {
			if err := store.ForgetRemote(ctx, address); err != nil {
				return err
			}
		}
		return store.Remove(ctx, ids...)
	})
	if err != nil {
		return err
	}
	if a.JSON {
		return writeJSON(a.stdout, map[string]any{"removed": append([]string{}, ids...), "forgotten": append([]string{}, addresses...)})
	}
	for _, id := range ids {
		fmt.Fprintf(a.stdout, "%s est retiré.\n", id)
	}
	for _, address := range addresses {
		fmt.Fprintf(a.stdout, "%s n'est plus suivie.\n", address)
	}
	return nil
}

// chosen gives the documents that an identifier or an address names, and the address that is not to be read again.
func (c *documentsRemove) chosen(id string, documents []knowledge.Document, remotes []knowledge.Remote) (ids, addresses []string, err error) {
	address := ""
	if strings.Contains(id, "://") {
		if address, err = fetch.Address(id); err != nil {
			return nil, nil, err
		}
	}
	for _, d := range documents {
		if d.ID == id {
			address = d.Whole()
			ids = append(ids, id)
			switch {
			case strings.HasPrefix(d.Source, knowledge.Shipped):
				return nil, nil, fmt.Errorf("« %s » est une carte livrée, qui reviendrait : remplacez-la par un document de même identifiant", id)
			case d.Source != address:
				return nil, nil, fmt.Errorf("« %s » est une ligne de %s, et reviendrait avec lui : retirez la ligne du catalogue", id, address)
			}
		}
	}
	for _, r := range remotes {
		if r.Address == address && r.Audience <= c.Audience {
			addresses = append(addresses, address)
			if len(ids) == 0 {
				for _, d := range documents {
					if d.Whole() == address {
						ids = append(ids, d.ID)
					}
				}
			}
		}
	}
	if len(ids) == 0 && len(addresses) == 0 {
		return nil, nil, fmt.Errorf("« %s » : %w pour l'audience %s", id, knowledge.ErrNotFound, c.Audience)
	}
	return ids, addresses, nil
}
