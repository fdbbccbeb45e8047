package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"guichet/bot/courier"
	"guichet/knowledge"
	"guichet/knowledge/sqlstore"
	"guichet/migrations/database"
	"guichet/routing"
	"guichet/routing/convention"
	"guichet/routing/ledger"
)

type conventionCmd struct {
	Add     conventionAdd     `cmd:"" help:"Enregistrer une convention, ou corriger celle du même identifiant."`
	Import  conventionImport  `cmd:"" help:"Enregistrer les conventions d'un fichier CSV."`
	Remove  conventionRemove  `cmd:"" help:"Retirer une convention enregistrée par erreur ; son histoire reste."`
	List    conventionList    `cmd:"" help:"Lister les conventions."`
	Show    conventionShow    `cmd:"" help:"Montrer une convention, celles qu'elle renouvelle et celles qui la renouvellent."`
	Alerts  conventionAlerts  `cmd:"" help:"Les conventions qui finissent, et ce qui en a été dit."`
	Missing conventionMissing `cmd:"" help:"Les EPCI sans convention en vigueur."`
}

// noConvention is said when none is recorded, which is not that there is none.
const noConvention = "Aucune convention enregistrée dans guichet."

// conventionLine is a convention as it is told.
type conventionLine struct {
	convention.Convention
	Name  string           `json:"epci_name"`
	State convention.State `json:"state"`
	Left  int              `json:"days_left"`
	kind  string           // the type's label
	theme func(string) string
}

// conventionDesk is what the commands about conventions work with.
type conventionDesk struct {
	region
	store convention.Store
	base  knowledge.Store
	on    convention.Day
}

func (d conventionDesk) line(c convention.Convention) conventionLine {
	if c.Themes == nil {
		c.Themes = []string{}
	}
	return conventionLine{
		Convention: c, Name: d.name(c.EPCI), State: c.State(d.on), Left: d.on.Until(c.End), kind: d.book.Conventions.Label(c.Type),
		theme: func(id string) string { return d.book.Rules.Label(routing.Fact{Name: "subject", Value: id}) },
	}
}

func (d conventionDesk) lines(all []convention.Convention) []conventionLine {
	out := []conventionLine{}
	for _, c := range all {
		out = append(out, d.line(c))
	}
	return out
}

func (d conventionDesk) name(epci string) string {
	if e, ok := d.book.Territories.EPCI[epci]; ok {
		return e.Name
	}
	return epci
}

// known says what a convention may name.
func (d conventionDesk) known() convention.Known {
	return convention.Known{
		Types: d.book.Conventions.Types, Theme: d.book.Rules.HasSubject,
		EPCI: func(siren string) bool { _, ok := d.book.Territories.EPCI[siren]; return ok },
	}
}

// missingDocument warns of a document that the base does not have; a page of the web is not looked up.
func (d conventionDesk) missingDocument(ctx context.Context, c convention.Convention) (string, error) {
	if c.Document == "" || c.Address() {
		return "", nil
	}
	_, _, err := d.base.Open(ctx, knowledge.Viewer{Audience: knowledge.Staff}, c.Document)
	if errors.Is(err, knowledge.ErrNotFound) {
		return fmt.Sprintf("%s : le document « %s » n'est pas dans la base", c.ID, c.Document), nil
	}
	return "", err
}

func (a *app) withConventions(ctx context.Context, do func(conventionDesk, *database.DB) error) error {
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
	return do(conventionDesk{region: r, store: known.Store, base: sqlstore.New(db, nil), on: convention.DayOf(a.now())}, db)
}

// conventionViewer gives on whose behalf conventions are read; for the staff, --epci chooses.
func (c asker) conventionViewer() (convention.Viewer, error) {
	v := convention.Viewer{Staff: c.Audience == knowledge.Staff}
	if c.Audience == knowledge.Partner {
		v.EPCI = string(c.EPCI)
	}
	if v.Check() != nil {
		return v, errors.New("les conventions ne sont pas publiques : ajoutez --audience staff (agent) ou --audience partner --epci SIREN (partenaire)")
	}
	return v, nil
}

func (c asker) staffOnly() error {
	if c.Audience != knowledge.Staff {
		return errors.New("cette commande est pour les agents : ajoutez --audience staff")
	}
	return nil
}

type conventionAdd struct {
	author
	ID       string   `arg:"" name:"identifiant" help:"Comment la Région nomme la convention, par exemple « F-2026-12 »."`
	Type     string   `required:"" placeholder:"TYPE" help:"Type : strategique, aides, autorisation, cadre, ou ceux de conventions.yaml."`
	EPCI     string   `name:"epci" required:"" placeholder:"SIREN" help:"SIREN de l'EPCI."`
	Theme    []string `placeholder:"THÈME" help:"Thèmes : des sujets des règles (subjects.yaml)."`
	Start    string   `required:"" placeholder:"DATE" help:"Premier jour."`
	End      string   `required:"" placeholder:"DATE" help:"Dernier jour."`
	Signed   string   `placeholder:"DATE" help:"Jour de la signature ; sans lui, la convention n'est pas signée."`
	Document string   `placeholder:"DOCUMENT" help:"Identifiant d'un document de la base, ou adresse."`
	Renews   string   `placeholder:"IDENTIFIANT" help:"La convention qu'elle renouvelle."`
}

func (c *conventionAdd) Run(ctx context.Context, a *app) error {
	made := convention.Convention{
		ID: c.ID, Type: c.Type, EPCI: strings.ReplaceAll(c.EPCI, " ", ""), Themes: c.Theme, Document: c.Document, Renews: c.Renews,
	}
	for _, d := range []struct {
		flag, text string
		into       *convention.Day
	}{{"--start", c.Start, &made.Start}, {"--end", c.End, &made.End}, {"--signed", c.Signed, &made.Signed}} {
		day, err := convention.ParseDay(d.text)
		if err != nil {
			return usageError{fmt.Errorf("%s : %w", d.flag, err)}
		}
		*d.into = day
	}
	return a.withConventions(ctx, func(d conventionDesk, _ *database.DB) error {
		if err := convention.Check(made, d.known()); err != nil {
			return err
		}
		missing, err := d.missingDocument(ctx, made)
		if err != nil {
			return err
		}
		changes, err := d.store.Record(ctx, []convention.Convention{made}, c.name(), a.now())
		if err != nil {
			return err
		}
		line := d.line(made)
		if a.JSON {
			return writeJSON(a.stdout, map[string]any{"change": changes[0], "convention": line, "warnings": some(present(missing))})
		}
		fmt.Fprintf(a.stdout, "Convention %s %s : %s.\n", made.ID, changes[0].Label(), line.State.Label())
		if missing != "" {
			fmt.Fprintf(a.stdout, "À vérifier : %s.\n", missing)
		}
		return nil
	})
}

type conventionRemove struct {
	author
	ID  string `arg:"" name:"identifiant" help:"L'identifiant de la convention."`
	Why string `required:"" placeholder:"RAISON" help:"Pourquoi elle n'aurait pas dû être enregistrée."`
}

func (c *conventionRemove) Run(ctx context.Context, a *app) error {
	return a.withConventions(ctx, func(d conventionDesk, _ *database.DB) error {
		if err := d.store.Remove(ctx, c.ID, c.Why, c.name(), a.now()); err != nil {
			return err
		}
		if a.JSON {
			return writeJSON(a.stdout, map[string]any{"change": convention.Removed, "id": c.ID})
		}
		fmt.Fprintf(a.stdout, "Convention %s %s. Son histoire reste : guichet convention show %[1]s --audience staff\n", c.ID, convention.Removed.Label())
		return nil
	})
}

type conventionList struct {
	asker
	State []convention.State `placeholder:"ÉTAT" help:"N'en garder que ces états : in_force, not_yet, ended, unsigned."`
}

func (c *conventionList) Run(ctx context.Context, a *app) error {
	viewer, err := c.conventionViewer()
	if err != nil {
		return err
	}
	for _, s := range c.State {
		if s.Label() == "" {
			return usageError{fmt.Errorf("--state « %s » : in_force, not_yet, ended ou unsigned", s)}
		}
	}
	return a.withConventions(ctx, func(d conventionDesk, _ *database.DB) error {
		all, err := d.store.List(ctx, viewer, string(c.EPCI))
		if err != nil {
			return err
		}
		recorded := len(all)
		lines := slices.DeleteFunc(d.lines(all), func(l conventionLine) bool { return len(c.State) > 0 && !slices.Contains(c.State, l.State) })
		if a.JSON {
			return writeJSON(a.stdout, map[string]any{"recorded": recorded, "conventions": lines})
		}
		switch {
		case recorded == 0 && c.EPCI != "":
			fmt.Fprintf(a.stdout, "Aucune convention enregistrée dans guichet pour %s.\n", d.name(string(c.EPCI)))
		case recorded == 0:
			fmt.Fprintln(a.stdout, noConvention)
		case len(lines) == 0:
			fmt.Fprintf(a.stdout, "Aucune convention dans cet état, sur %d enregistrées dans guichet.\n", recorded)
		}
		for _, l := range lines {
			showConvention(a.stdout, l)
		}
		return nil
	})
}

func showConvention(w io.Writer, l conventionLine) {
	fmt.Fprintf(w, "%-14s %-24s %-30s du %s au %s  %s\n", l.ID, l.kind, l.State.Label(), l.Start.French(), l.End.French(), l.Name)
}

type conventionShow struct {
	asker
	ID string `arg:"" name:"identifiant" help:"L'identifiant de la convention."`
}

func (c *conventionShow) Run(ctx context.Context, a *app) error {
	viewer, err := c.conventionViewer()
	if err != nil {
		return err
	}
	return a.withConventions(ctx, func(d conventionDesk, _ *database.DB) error {
		var history []convention.Event
		found, err := d.store.Get(ctx, viewer, c.ID)
		if viewer.Staff && (err == nil || errors.Is(err, convention.ErrNotFound)) {
			past, gone := d.store.History(ctx, viewer, c.ID)
			if gone != nil && !errors.Is(gone, convention.ErrNotFound) {
				return gone
			}
			if history = past; err != nil && gone == nil { // removed
				return c.showRemoved(a, history)
			}
		}
		if err != nil {
			return err
		}
		all, err := d.store.List(ctx, viewer, found.EPCI)
		if err != nil {
			return err
		}
		line, chain := d.line(found), d.lines(convention.Chain(all, found.ID))
		if a.JSON {
			return writeJSON(a.stdout, map[string]any{"convention": line, "chain": chain, "history": some(history)})
		}
		tell := func(label, value string) {
			if value != "" {
				fmt.Fprintf(a.stdout, "%-12s %s\n", label, value)
			}
		}
		var themes []string
		for _, t := range line.Themes {
			themes = append(themes, line.theme(t))
		}
		fmt.Fprintf(a.stdout, "%s, %s, %s\n", line.ID, line.kind, line.State.Label())
		tell("EPCI", line.Name+" ("+line.EPCI+")")
		tell("Thèmes", strings.Join(themes, ", "))
		tell("Dates", "du "+line.Start.French()+" au "+line.End.French())
		tell("Signée le", line.Signed.French())
		tell("Document", line.Document)
		tell("Renouvelle", line.Renews)
		if len(chain) > 1 {
			fmt.Fprintln(a.stdout, "\nDe renouvellement en renouvellement :")
			for _, l := range chain {
				showConvention(a.stdout, l)
			}
		}
		showHistory(a.stdout, history)
		return nil
	})
}

// showRemoved tells the staff of a convention that stands no more.
func (c *conventionShow) showRemoved(a *app, history []convention.Event) error {
	if a.JSON {
		return writeJSON(a.stdout, map[string]any{"convention": nil, "chain": []conventionLine{}, "history": history})
	}
	fmt.Fprintf(a.stdout, "%s, retirée\n", c.ID)
	showHistory(a.stdout, history)
	return nil
}

func showHistory(w io.Writer, history []convention.Event) {
	if len(history) > 0 {
		fmt.Fprintln(w, "\nHistoire :")
	}
	for _, e := range history {
		left := fmt.Sprintf("du %s au %s, %s", e.Left.Start.French(), e.Left.End.French(), "non signée")
		if e.Left.Signed != "" {
			left = fmt.Sprintf("du %s au %s, signée le %s", e.Left.Start.French(), e.Left.End.French(), e.Left.Signed.French())
		}
		fmt.Fprintf(w, "  %s\n", strings.Join(present(ledger.Moment(e.At), e.By, e.Kind.Label(), left, e.Why), " · "))
	}
}

type conventionAlerts struct {
	asker
	Limit int `default:"100" placeholder:"N" help:"Nombre d'alertes (100 par défaut)."`
}

func (c *conventionAlerts) Run(ctx context.Context, a *app) error {
	if err := c.staffOnly(); err != nil {
		return err
	}
	viewer := convention.Viewer{Staff: true}
	return a.withConventions(ctx, func(d conventionDesk, _ *database.DB) error {
		all, err := d.store.List(ctx, viewer, string(c.EPCI))
		if err != nil {
			return err
		}
		alerts, err := d.store.Alerts(ctx, viewer, c.Limit)
		if err != nil {
			return err
		}
		if c.EPCI != "" {
			alerts = slices.DeleteFunc(alerts, func(al convention.Alert) bool { return al.EPCI != string(c.EPCI) })
		}
		ending := d.lines(slices.DeleteFunc(slices.Clone(all), func(o convention.Convention) bool {
			_, due := o.Alert(d.book.Conventions.AlertDays, d.on)
			return !due || o.Renewed(all, d.on)
		}))
		slices.SortStableFunc(ending, func(a, b conventionLine) int { return a.Left - b.Left })
		if a.JSON {
			return writeJSON(a.stdout, map[string]any{"recorded": len(all), "ending": ending, "alerts": some(alerts)})
		}
		switch {
		case len(all) == 0:
			fmt.Fprintln(a.stdout, noConvention)
		case len(ending) == 0:
			fmt.Fprintf(a.stdout, "Aucune convention signée ne finit dans les %d jours sans renouvellement signé.\n", slices.Max(append([]int{0}, d.book.Conventions.AlertDays...)))
		default:
			fmt.Fprintln(a.stdout, "Finissent, sans renouvellement signé :")
		}
		for _, l := range ending {
			fmt.Fprintf(a.stdout, "  %-14s %-24s finit le %s, dans %s  %s\n", l.ID, l.kind, l.End.French(), howMany(l.Left, "jour", "jours"), l.Name)
		}
		if len(alerts) > 0 {
			fmt.Fprintln(a.stdout, "\nAlertes :")
		}
		for _, al := range alerts {
			to, state := al.To, "à envoyer"
			if to == "" {
				to = d.name(al.EPCI)
			}
			switch {
			case !al.SentAt.IsZero():
				state = "envoyée le " + ledger.Day(al.SentAt)
			case !al.DeadAt.IsZero():
				state = "abandonnée le " + ledger.Day(al.DeadAt) + " : " + al.LastError
			case al.LastError != "":
				state = "à renvoyer : " + al.LastError
			}
			fmt.Fprintf(a.stdout, "  %-14s à %d jours, pour %s : %s\n", al.Convention, al.Days, to, state)
		}
		return nil
	})
}

type conventionMissing struct {
	asker
}

// missingLine is an EPCI without a convention in force, with what is recorded of it.
type missingLine struct {
	EPCI     string           `json:"epci"`
	Name     string           `json:"name"`
	Recorded []conventionLine `json:"recorded"`
}

func (c *conventionMissing) Run(ctx context.Context, a *app) error {
	if err := c.staffOnly(); err != nil {
		return err
	}
	return a.withConventions(ctx, func(d conventionDesk, _ *database.DB) error {
		all, err := d.store.List(ctx, convention.Viewer{Staff: true}, "")
		if err != nil {
			return err
		}
		var epcis []string
		for siren := range d.book.Territories.EPCI {
			epcis = append(epcis, siren)
		}
		slices.SortFunc(epcis, func(a, b string) int { return strings.Compare(ledger.Fold(d.name(a)), ledger.Fold(d.name(b))) })
		lines := []missingLine{}
		for _, epci := range convention.Missing(all, epcis, d.on) {
			l := missingLine{EPCI: epci, Name: d.name(epci), Recorded: []conventionLine{}}
			for _, o := range all {
				if o.EPCI == epci {
					l.Recorded = append(l.Recorded, d.line(o))
				}
			}
			lines = append(lines, l)
		}
		if a.JSON {
			return writeJSON(a.stdout, map[string]any{"recorded": len(all), "epcis": len(epcis), "missing": lines})
		}
		if len(all) == 0 {
			fmt.Fprintf(a.stdout, "%s Rien ne dit lesquels des %d EPCI du registre en ont une.\n", noConvention, len(epcis))
			return nil
		}
		fmt.Fprintf(a.stdout, "Sans convention en vigueur enregistrée dans guichet, le %s : %s sur %d.\n", ledger.Day(a.now()), howMany(len(lines), "EPCI", "EPCI"), len(epcis))
		for _, l := range lines {
			var said []string
			for _, o := range l.Recorded {
				said = append(said, o.ID+" "+stateSince(o))
			}
			if len(said) == 0 {
				said = []string{"aucune enregistrée"}
			}
			fmt.Fprintf(a.stdout, "  %s  %s : %s\n", l.EPCI, l.Name, strings.Join(said, ", "))
		}
		return nil
	})
}

// stateSince tells the state of a convention that is not in force, with the date that explains it.
func stateSince(l conventionLine) string {
	switch l.State {
	case convention.Ended:
		return "terminée le " + l.End.French()
	case convention.NotYet:
		return "commence le " + l.Start.French()
	}
	return l.State.Label()
}
