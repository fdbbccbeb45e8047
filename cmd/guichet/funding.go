package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"guichet/bot"
	"guichet/routing/funding"
	"guichet/routing/ledger"
)

type fundingCmd struct {
	Add      fundingAdd      `cmd:"" help:"Enregistrer un financement demandé ou tenu."`
	List     fundingList     `cmd:"" help:"Lister les financements d'une entreprise, d'un opérateur ou d'une direction."`
	Show     fundingShow     `cmd:"" help:"Montrer un financement, son histoire et ce qui lui ressemble."`
	Status   fundingStatus   `cmd:"" help:"Dire qu'un financement est accordé, payé, refusé ou retiré."`
	Warnings fundingWarnings `cmd:"" help:"Lister les financements qui semblent viser la même dépense."`
	Import   fundingImport   `cmd:"" help:"Reprendre les financements d'un fichier d'un autre outil (CSV, XLSX)."`
	Settle   fundingSettle   `cmd:"" help:"Décider d'un avertissement : il n'est plus donné."`
}

// euros is an amount given by a person, in cents.
type euros int64

// UnmarshalText reads « 40000 » or « 12500,50 ».
func (e *euros) UnmarshalText(text []byte) error {
	cents, err := funding.ParseEuros(string(text))
	*e = euros(cents)
	return err
}

type fundingAdd struct {
	author
	Company    string       `placeholder:"NOM" help:"Nom de l'entreprise."`
	SIREN      siren        `name:"siren" placeholder:"SIREN" help:"SIREN de l'entreprise."`
	Commune    string       `placeholder:"INSEE" help:"Code INSEE de sa commune, pour distinguer deux entreprises du même nom sans SIREN."`
	Operator   string       `placeholder:"NOM" help:"Opérateur qui verse ou instruit ; seul, il tient le financement pour lui-même."`
	Direction  string       `placeholder:"CODE" help:"Direction qui le suit."`
	Scheme     string       `placeholder:"NOM" help:"Dispositif."`
	Kind       string       `placeholder:"NATURE" help:"Nature, par exemple subvention ou pret (liste : funding.yaml)."`
	Amount     euros        `placeholder:"EUROS" help:"Montant en euros, « 40000 » ou « 12500,50 »."`
	Minimis    euros        `name:"de-minimis" placeholder:"EUROS" help:"Part de minimis en euros, en équivalent-subvention brut."`
	Regulation string       `placeholder:"RÈGLEMENT" help:"Règlement de minimis, par exemple general (liste : funding.yaml)."`
	Expense    string       `placeholder:"TEXTE" help:"La dépense ou le projet, comme écrit dans le dossier."`
	Request    string       `placeholder:"NUMÉRO" help:"Demande dont il vient, par exemple 2026-0042."`
	Asked      funding.Date `placeholder:"DATE" help:"Demandé le (aujourd'hui si aucune date n'est donnée)."`
	Granted    funding.Date `placeholder:"DATE" help:"Accordé le."`
	Paid       funding.Date `placeholder:"DATE" help:"Payé le."`
	Refused    funding.Date `placeholder:"DATE" help:"Refusé le."`
	Withdrawn  funding.Date `placeholder:"DATE" help:"Retiré le."`
	Source     string       `placeholder:"OUTIL" help:"Outil d'où il vient, avec --external-id : le redonner le met à jour."`
	ExternalID string       `name:"external-id" placeholder:"ID" help:"Son identifiant dans cet outil."`
	Why        string       `placeholder:"RAISON" help:"Pourquoi il est enregistré."`
}

func (c *fundingAdd) funding(now time.Time) funding.Funding {
	f := funding.Funding{
		Source: c.Source, ExternalID: c.ExternalID, Company: ledger.Company{Name: strings.TrimSpace(c.Company), SIREN: string(c.SIREN)}, Commune: c.Commune,
		Operator: strings.TrimSpace(c.Operator), Direction: c.Direction, Scheme: c.Scheme, Kind: c.Kind, Cents: int64(c.Amount), MinimisCents: int64(c.Minimis),
		Regulation: c.Regulation, Expense: c.Expense, Request: c.Request,
		Asked: c.Asked, Granted: c.Granted, Paid: c.Paid, Refused: c.Refused, Withdrawn: c.Withdrawn,
	}
	if c.Asked == "" && c.Granted == "" && c.Paid == "" && c.Refused == "" && c.Withdrawn == "" {
		f.Asked = funding.DateOf(now)
	}
	return f
}

func (c *fundingAdd) Run(ctx context.Context, a *app) error {
	for _, text := range []string{c.Company, c.Operator, c.Scheme, c.Expense, c.Why} {
		if text == "" {
			continue
		}
		if err := bot.CheckText(text); err != nil {
			return err
		}
	}
	return a.withFundings(ctx, func(r region, w funding.Watcher) error {
		if err := r.direction(c.Direction); c.Direction != "" && err != nil {
			return err
		}
		f, outcome, warnings, err := w.Put(ctx, c.funding(a.now()), c.name(), c.Why, a.now())
		if err != nil {
			return err
		}
		return a.tellFunding(w.Rules, f, string(outcome), warnings)
	})
}

// tellFunding tells what became of a funding that was just written, and what it looks like.
func (a *app) tellFunding(rules funding.Rules, f funding.Funding, outcome string, warnings []funding.Warning) error {
	if a.JSON {
		return writeJSON(a.stdout, map[string]any{"reference": f.Reference, "outcome": outcome, "stage": f.Stage, "warnings": some(warnings)})
	}
	fmt.Fprintln(a.stdout, rules.Line(f))
	for _, w := range warnings {
		fmt.Fprintf(a.stdout, "Attention : %s. Les deux chefs de file sont prévenus ; à une personne de décider :\n  guichet funding settle %s %s different --why \"…\"\n", w.Line(), w.First, w.Second)
	}
	return nil
}

type fundingList struct {
	staffOnly
	Company   string `placeholder:"ENTREPRISE" help:"SIREN, SIRET ou nom de l'entreprise."`
	Operator  string `placeholder:"NOM" help:"N'en garder que ceux d'un opérateur."`
	Direction string `placeholder:"CODE" help:"N'en garder que ceux d'une direction."`
	Live      bool   `help:"N'en garder que ceux qui sont demandés, accordés ou payés."`
	Limit     int    `default:"100" placeholder:"N" help:"Nombre de financements (100 par défaut)."`
}

func (c *fundingList) Run(ctx context.Context, a *app) error {
	viewer, err := c.viewer()
	if err != nil {
		return err
	}
	return a.withRegistry(ctx, func(_ region, w funding.Watcher, store ledger.Store) error {
		if c.Company != "" { // what a company's card shows
			if err := (reader{}).accessed(ctx, a, store, viewer, ledger.Access{Sought: c.Company}); err != nil {
				return err
			}
		}
		found, err := w.List(ctx, viewer, funding.Filter{
			Company: ledger.Sought(c.Company), Operator: c.Operator, Direction: c.Direction, Live: c.Live, Limit: c.Limit,
		})
		if err != nil {
			return err
		}
		if a.JSON {
			return writeJSON(a.stdout, map[string]any{"fundings": some(found)})
		}
		if len(found) == 0 {
			fmt.Fprintln(a.stdout, "Aucun financement.")
		}
		for _, f := range found {
			fmt.Fprintln(a.stdout, fundingLine(w.Rules, f))
		}
		return nil
	})
}

// fundingLine is a funding with whose it is.
func fundingLine(rules funding.Rules, f funding.Funding) string {
	holder := f.Holder()
	return strings.TrimSpace(holder.Name+" "+holder.SIREN) + " · " + rules.Line(f)
}

type fundingShow struct {
	staffOnly
	Reference string `arg:"" help:"Numéro du financement, par exemple F-2026-0007."`
}

func (c *fundingShow) Run(ctx context.Context, a *app) error {
	viewer, err := c.viewer()
	if err != nil {
		return err
	}
	return a.withRegistry(ctx, func(_ region, w funding.Watcher, store ledger.Store) error {
		f, err := w.Get(ctx, viewer, c.Reference)
		if err != nil {
			return err
		}
		holder := f.Holder()
		if err := (reader{}).accessed(ctx, a, store, viewer, ledger.Access{Sought: strings.TrimSpace(holder.Name + " " + holder.SIREN)}); err != nil {
			return err
		}
		warnings, err := w.Warnings(ctx, viewer, funding.WarningFilter{Reference: f.Reference})
		if err != nil {
			return err
		}
		if a.JSON {
			return writeJSON(a.stdout, map[string]any{"funding": f, "warnings": some(warnings)})
		}
		fmt.Fprintln(a.stdout, fundingLine(w.Rules, f))
		line := func(label, value string) {
			if value != "" {
				fmt.Fprintf(a.stdout, "%-14s %s\n", label, value)
			}
		}
		line("Demande", requestOf(ctx, store, viewer, f.Request))
		if f.MinimisCents != 0 {
			line("De minimis", funding.Euros(f.MinimisCents)+" ("+f.Regulation+")")
		}
		line("Source", strings.Join(present(f.Source, f.ExternalID), " · "))
		for _, warning := range warnings {
			line("Attention", warning.Line())
		}
		fmt.Fprintln(a.stdout, "Histoire")
		for _, e := range f.Events {
			fmt.Fprintf(a.stdout, "  %s\n", strings.Join(present(ledger.Moment(e.At), e.By, cmp.Or(strings.Join(e.Changes, " ; "), "enregistré"), e.Why), " · "))
		}
		return nil
	})
}

// requestOf names the request of a funding, and the one in which it is followed when it was joined.
func requestOf(ctx context.Context, store ledger.Store, v ledger.Viewer, reference string) string {
	if reference == "" {
		return ""
	}
	r, err := store.Get(ctx, v, reference)
	if err != nil || r.Pace.Into == "" { // a request of another tool, or one that is gone, keeps its number
		return reference
	}
	return reference + ", jointe à " + r.Pace.Into
}

type fundingStatus struct {
	author
	Reference string        `arg:"" help:"Numéro du financement."`
	Stage     funding.Stage `arg:"" name:"étape" enum:"asked,granted,paid,refused,withdrawn" help:"asked (demandé), granted (accordé), paid (payé), refused (refusé) ou withdrawn (retiré)."`
	On        funding.Date  `placeholder:"DATE" help:"Le jour (aujourd'hui par défaut)."`
	Amount    *euros        `placeholder:"EUROS" help:"Le montant, s'il change."`
	Why       string        `placeholder:"RAISON" help:"Pourquoi."`
}

func (c *fundingStatus) Run(ctx context.Context, a *app) error {
	return a.withFundings(ctx, func(_ region, w funding.Watcher) error {
		f, warnings, err := w.Change(ctx, c.Reference, func(f *funding.Funding) error {
			day := c.On
			if day == "" {
				day = funding.DateOf(a.now())
			}
			if c.Amount != nil {
				f.Cents = int64(*c.Amount)
			}
			return f.Set(c.Stage, day)
		}, c.name(), c.Why, a.now())
		if err != nil {
			return err
		}
		return a.tellFunding(w.Rules, f, string(funding.Updated), warnings)
	})
}

type fundingWarnings struct {
	staffOnly
	All       bool   `help:"Montrer aussi ceux dont une personne a décidé, ou dont un financement est refusé ou retiré."`
	Reference string `placeholder:"NUMÉRO" help:"N'en garder que ceux d'un financement ou d'une demande."`
	Limit     int    `default:"100" placeholder:"N" help:"Nombre d'avertissements (100 par défaut)."`
}

func (c *fundingWarnings) Run(ctx context.Context, a *app) error {
	viewer, err := c.viewer()
	if err != nil {
		return err
	}
	return a.withFundings(ctx, func(_ region, w funding.Watcher) error {
		found, err := w.Warnings(ctx, viewer, funding.WarningFilter{Reference: c.Reference, Open: !c.All, Limit: c.Limit})
		if err != nil {
			return err
		}
		if a.JSON {
			return writeJSON(a.stdout, map[string]any{"warnings": some(found)})
		}
		if len(found) == 0 {
			fmt.Fprintln(a.stdout, "Aucun avertissement.")
		}
		for _, warning := range found {
			fmt.Fprintln(a.stdout, warning.Line())
			pair, err := w.Pair(ctx, viewer, warning)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.stdout, "  %s\n", strings.Join(pair, "\n  "))
		}
		return nil
	})
}

type fundingSettle struct {
	author
	First   string             `arg:"" help:"Numéro du financement."`
	Second  string             `arg:"" help:"Numéro de l'autre financement, ou de la demande."`
	Settled funding.Settlement `arg:"" name:"suite" enum:"different,cofunding,double" help:"different (ce n'est pas la même dépense), cofunding (cofinancement voulu) ou double (double financement traité)."`
	Why     string             `required:"" placeholder:"RAISON" help:"La raison, gardée avec la décision."`
}

func (c *fundingSettle) Run(ctx context.Context, a *app) error {
	return a.withFundings(ctx, func(_ region, w funding.Watcher) error {
		warning, err := w.Settle(ctx, c.First, c.Second, c.Settled, c.name(), c.Why, a.now())
		if err != nil {
			return err
		}
		if a.JSON {
			return writeJSON(a.stdout, warning)
		}
		fmt.Fprintln(a.stdout, warning.Line())
		return nil
	})
}

// showFundings shows what is known of a company's fundings.
func showFundings(w io.Writer, rules funding.Rules, card funding.Card) {
	if len(card.Fundings) == 0 {
		return
	}
	fmt.Fprintln(w, "Financements")
	for _, f := range card.Fundings {
		fmt.Fprintln(w, "  "+rules.Line(f))
	}
	for _, warning := range card.Warnings {
		fmt.Fprintln(w, "  Attention : "+warning.Line())
	}
	for _, total := range card.Totals {
		fmt.Fprintln(w, "  "+total.Line())
	}
	if card.Caution != "" {
		fmt.Fprintln(w, "  "+card.Caution)
	}
}

func (a *app) withFundings(ctx context.Context, do func(region, funding.Watcher) error) error {
	return a.withRegistry(ctx, func(r region, w funding.Watcher, _ ledger.Store) error { return do(r, w) })
}

// withRegistry opens the requests and the fundings.
func (a *app) withRegistry(ctx context.Context, do func(region, funding.Watcher, ledger.Store) error) error {
	db, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	r, requests, err := a.openRegistry(ctx, db)
	if err != nil {
		return err
	}
	return do(r, r.fundings(db, requests), requests)
}
