package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"guichet/knowledge"
	"guichet/knowledge/extract"
	"guichet/knowledge/fetch"
	"guichet/knowledge/sqlstore"
	"guichet/migrations/database"
)

type ingestCmd struct {
	// Audience is nil when it is not given: new documents are public, and known ones are shown to no more people than before.
	Audience *knowledge.Audience `placeholder:"public" help:"Qui verra les documents : public, partner ou staff (public par défaut) ; il faut la donner pour montrer un document connu à plus de gens."`
	EPCI     siren               `name:"epci" placeholder:"SIREN" help:"SIREN de l'EPCI dont les partenaires, et eux seuls, verront les documents."`
	sourceFlags
	Prune   bool     `help:"Retirer les documents de ces dossiers dont le fichier n'existe plus."`
	Mapping string   `placeholder:"FICHIER" help:"Correspondance des colonnes d'un catalogue CSV, XLSX ou JSON : un document par ligne (sinon celle du fichier FICHIER.csv.yaml d'à côté, s'il existe). Clés : titre, texte, champs, id, url, date, debut, fin, audience, epci, liste, feuille."`
	Paths   []string `arg:"" name:"chemin" help:"Fichiers, dossiers et adresses (https://…) à lire : .txt, .md, .html, .pdf, .docx, .odt, .xlsx, .csv."`
}

// sourceFlags are those of the commands that read addresses.
type sourceFlags struct {
	PrivateSources bool `env:"GUICHET_PRIVATE_SOURCES" help:"Lire aussi les adresses de cette machine et des réseaux privés."`
}

func (c *ingestCmd) Run(ctx context.Context, a *app) error {
	audience := knowledge.Public
	if c.Audience != nil {
		audience = *c.Audience
	}
	if c.EPCI != "" {
		audience = max(audience, knowledge.Partner)
	}
	if err := c.checkEPCI(a); err != nil {
		return err
	}
	var roots []knowledge.Root
	var remotes []knowledge.Remote
	var unreadable []knowledge.Failure
	mapping, err := readMapping(c.Mapping)
	if err != nil {
		return err
	}
	for _, path := range c.Paths {
		address, root, err := "", knowledge.Root{}, error(nil)
		if strings.Contains(path, "://") {
			address, err = fetch.Address(path)
		} else {
			root, err = knowledge.Path(path)
		}
		switch {
		case err != nil:
			unreadable = append(unreadable, knowledge.Failure{Path: path, Error: err.Error()})
		case address != "":
			remotes = append(remotes, knowledge.Remote{Address: address, Audience: audience, EPCI: string(c.EPCI), Mapping: mapping})
		default:
			roots = append(roots, root)
		}
	}
	db, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()

	progress := mpb.NewWithContext(ctx, mpb.WithOutput(a.stderr)) // silent when it is not a terminal
	store := sqlstore.New(db, nil)
	var notes []string
	bar := func(what string) (show func(knowledge.Step), end func()) {
		count, end := progressBar(progress, what)
		return func(s knowledge.Step) {
			count(s.Done, s.Total)
			for _, note := range s.Notes {
				notes = append(notes, s.Source+" : "+note)
			}
		}, end
	}
	show, end := bar("fichiers")
	report, err := knowledge.Ingest(ctx, store, knowledge.Ingestion{
		Read: extract.Read, Audience: audience, EPCI: string(c.EPCI), Widen: c.Audience != nil, Mapping: mapping, Mapped: extract.Mappable, Prune: c.Prune, Progress: show,
	}, roots...)
	end()
	if err == nil && len(remotes) > 0 {
		show, end := bar("adresses")
		refresher := a.refresher(store, c.PrivateSources)
		refresher.Progress, refresher.Widen = show, c.Audience != nil
		var read knowledge.Report
		read, err = refresher.Refresh(ctx, remotes...)
		report.Add(read)
		end()
	}
	var embedding error
	if err == nil {
		embedding = a.embed(ctx, db, store, progress)
	}
	progress.Wait()
	report.Failed = append(report.Failed, unreadable...)
	for i := range report.Failed {
		report.Failed[i].Error = inFrench(report.Failed[i].Error)
	}
	if err != nil {
		return err
	}
	if embedding != nil { // the documents are in: words find them
		fmt.Fprintf(a.stderr, "vecteurs à faire, « guichet serve » s'en chargera : %v\n", embedding)
	}
	for _, note := range notes {
		fmt.Fprintln(a.stderr, note)
	}
	if a.JSON {
		if err := writeJSON(a.stdout, report); err != nil {
			return err
		}
	} else {
		c.show(a, report, audience)
	}
	if len(report.Failed) > 0 {
		failed := howMany(len(report.Failed), "source en échec", "sources en échec")
		if report.Added+report.Updated+report.Unchanged > 0 {
			failed += " ; les autres sont dans la base"
		}
		return errors.New(failed)
	}
	return nil
}

// checkEPCI refuses an EPCI that nobody belongs to, and one beside the public.
func (c *ingestCmd) checkEPCI(a *app) error {
	if c.EPCI == "" {
		return nil
	}
	if c.Audience != nil && *c.Audience == knowledge.Public {
		return usageError{errors.New("--audience public et --epci se contredisent : retirez --epci, ou donnez --audience partner")}
	}
	r, err := loadRegion(a.RulesPath)
	if err != nil {
		return err
	}
	if _, known := r.book.Territories.EPCI[string(c.EPCI)]; !known {
		return fmt.Errorf("--epci %s : ce SIREN n'est celui d'aucun EPCI des territoires (territoires/epci.csv) ; vérifiez-le", c.EPCI)
	}
	return nil
}

func (c *ingestCmd) show(a *app, report knowledge.Report, audience knowledge.Audience) {
	for _, f := range report.Failed {
		fmt.Fprintf(a.stdout, "échec %s : %s\n", f.Path, f.Error)
	}
	for _, d := range report.Damaged {
		fmt.Fprintf(a.stdout, "abîmé %s : %s du texte (%s) ; repartez si possible du fichier d'origine\n", d.Path, percent(d.Share), strings.Join(d.Why, ", "))
	}
	fmt.Fprintf(a.stdout, "%s, %d mis à jour, %s, %s, %d en échec ; %s (audience : %s)\n",
		howMany(report.Added, "ajouté", "ajoutés"), report.Updated, howMany(report.Unchanged, "inchangé", "inchangés"), howMany(report.Removed, "retiré", "retirés"),
		len(report.Failed), howMany(report.Chunks, "passage", "passages"), audience)
}

// percent writes a share that is not zero.
func percent(share float64) string {
	if share < 0.01 {
		return "moins de 1 %"
	}
	return fmt.Sprintf("%.0f %%", 100*share)
}

// readMapping reads the file of --mapping.
func readMapping(name string) ([]byte, error) {
	if name == "" {
		return nil, nil
	}
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, frenchFile(err)
	}
	if err := extract.CheckMapping(content); err != nil {
		return nil, fmt.Errorf("%s : %w", name, err)
	}
	return content, nil
}

// refresher reads addresses into a store.
func (a *app) refresher(store knowledge.Store, private bool) knowledge.Refresher {
	return knowledge.Refresher{Store: store, Read: extract.Read, Fetch: fetch.New(private).Fetch, Now: a.now}
}

// progressBar shows what is done, at which rate, and how long the rest will take.
func progressBar(progress *mpb.Progress, what string) (count func(done, total int), end func()) {
	bar := progress.AddBar(0,
		mpb.PrependDecorators(decor.CountersNoUnit("%d / %d "+what+" ")),
		mpb.AppendDecorators(decor.Percentage(), decor.AverageSpeed(0, " %.1f/s"), decor.Name(" reste "), decor.AverageETA(decor.ET_STYLE_MMSS)))
	count = func(done, total int) {
		bar.SetTotal(int64(total), false)
		bar.SetCurrent(int64(done))
	}
	return count, func() { bar.SetTotal(-1, true) }
}

// embed makes the vectors of what was ingested.
func (a *app) embed(ctx context.Context, db *database.DB, store knowledge.Store, progress *mpb.Progress) error {
	base, err := a.openBase(ctx, db, nil) // with the cards: they want vectors too
	if err != nil {
		return err
	}
	count, end := progressBar(progress, "documents, vecteurs")
	defer end()
	return knowledge.EmbedAll(ctx, store, base.Embedder, count)
}
