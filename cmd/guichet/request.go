package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os/user"
	"slices"
	"strings"
	"time"

	"guichet/bot"
	"guichet/knowledge"
	"guichet/routing/ledger"
)

// channel is the name of the terminal in messages and in the ledger.
const channel = "cli"

type requestCmd struct {
	New    requestNew    `cmd:"" help:"Enregistrer une demande, comme si l'entreprise l'écrivait."`
	List   requestList   `cmd:"" help:"Lister les demandes."`
	Show   requestShow   `cmd:"" help:"Montrer une demande et son histoire."`
	Assign requestAssign `cmd:"" help:"Confier une demande à une direction ou à une personne."`
	Status requestStatus `cmd:"" help:"Changer l'état d'une demande."`
	Answer requestAnswer `cmd:"" help:"Enregistrer la réponse donnée à l'entreprise."`
	Reopen requestReopen `cmd:"" help:"Rouvrir une demande."`
	Part   requestPart   `cmd:"" help:"Dire où en est la part d'une direction associée."`
	Step   requestStep   `cmd:"" help:"Dire qu'une étape du parcours d'une demande est faite, ou passée."`
	Twins  requestTwins  `cmd:"" help:"Lister les demandes qui se ressemblent, avec les raisons."`
	Join   requestJoin   `cmd:"" help:"Joindre une demande à une autre : c'est la même entreprise."`
	Split  requestSplit  `cmd:"" help:"Séparer ce qui a été joint."`
	Apart  requestApart  `cmd:"" help:"Dire que deux demandes ne sont pas la même : elles ne sont plus montrées ensemble."`

	Import  requestImport     `cmd:"" help:"Reprendre les demandes d'un fichier d'un autre outil (CSV, XLSX)."`
	Export  requestExport     `cmd:"" help:"Écrire les demandes dans un fichier (CSV, XLSX)."`
	Mapping requestMappingCmd `cmd:"" help:"Montrer la correspondance des colonnes, à copier et adapter."`
}

// author is who acts on the ledger.
type author struct {
	By string `placeholder:"NOM" help:"Qui agit (par défaut, le nom de la session)."`
}

func (a author) name() string {
	if a.By != "" {
		return a.By
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "terminal"
}

type requestNew struct {
	asker
	author
	Thread string `placeholder:"FIL" help:"Poursuivre une conversation, par exemple pour répondre à la question posée."`
	Text   string `arg:"" help:"Le message, entre guillemets."`
}

// replyLine is what the desk replied.
type replyLine struct {
	Request string `json:"request"`
	// Thread continues the conversation.
	Thread  string      `json:"thread"`
	Kind    string      `json:"kind"`
	Text    string      `json:"text"`
	Fields  []fieldLine `json:"fields"`
	Choices []string    `json:"choices"`
}

func lineOfReply(reply bot.Reply, thread string) replyLine {
	out := replyLine{Request: reply.Request, Thread: thread, Kind: string(reply.Kind), Text: reply.Text, Fields: []fieldLine{}, Choices: []string{}}
	for _, f := range reply.Fields {
		out.Fields = append(out.Fields, fieldLine(f))
	}
	for _, choice := range reply.Choices {
		out.Choices = append(out.Choices, choice.Text)
	}
	return out
}

type fieldLine struct {
	Label string `json:"label"`
	Value string `json:"value"`
}

func (c *requestNew) Run(ctx context.Context, a *app) error {
	if err := bot.CheckText(c.Text); err != nil {
		return err
	}
	db, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	o, err := a.openOffice(ctx, db)
	if err != nil {
		return err
	}
	if c.Thread == "" {
		c.Thread = rand.Text()
	}
	reply, err := o.desk.Handle(ctx, bot.Message{
		Channel: channel, ID: rand.Text(), Thread: c.Thread, Text: c.Text, At: a.now(), Request: true,
		Asker: bot.Asker{Name: c.name(), Audience: c.Audience, EPCI: string(c.EPCI)},
	})
	if err != nil {
		return err
	}
	out := lineOfReply(reply, c.Thread)
	if a.JSON {
		return writeJSON(a.stdout, out)
	}
	fmt.Fprintln(a.stdout, out.Text)
	if len(out.Fields) > 0 {
		fmt.Fprintln(a.stdout)
	}
	for _, f := range out.Fields {
		fmt.Fprintf(a.stdout, "%-21s %s\n", f.Label, strings.ReplaceAll(f.Value, "\n", "\n"+strings.Repeat(" ", 22)))
	}
	next := "…"
	if len(out.Choices) > 0 {
		next = out.Choices[0]
	}
	fmt.Fprintf(a.stdout, "\nPour poursuivre : guichet request new --thread %s \"%s\"\n", out.Thread, next)
	return nil
}

// reader is on whose behalf the ledger is read.
type reader struct {
	asker
	Thread string `placeholder:"FIL" help:"La conversation d'une demande faite ici."`
}

func (r reader) viewer() (ledger.Viewer, error) {
	v := ledger.Viewer{Staff: r.Audience == knowledge.Staff}
	if r.Audience == knowledge.Partner {
		v.EPCI = string(r.EPCI)
	}
	if r.Thread != "" {
		v.Channel, v.Thread = channel, r.Thread
	}
	if v.Check() != nil {
		return v, errors.New("le registre des demandes n'est pas public : ajoutez --audience staff (agent), --audience partner --epci SIREN (partenaire) ou --thread FIL (demande faite ici)")
	}
	return v, nil
}

// accessed records what an agent or a partner reads; those who read their own leave no trace.
func (r reader) accessed(ctx context.Context, a *app, store ledger.Store, v ledger.Viewer, read ledger.Access) error {
	if !v.Staff && v.EPCI == "" {
		return nil
	}
	read.At, read.By, read.Channel = a.now(), author{}.name(), channel
	return store.Accessed(ctx, read)
}

type requestList struct {
	reader
	Status []ledger.Status `placeholder:"ÉTAT" help:"N'en garder que ces états : ${statuses}."`
	Lead   string          `placeholder:"DIRECTION" help:"N'en garder que celles d'une direction."`
	Text   string          `placeholder:"TEXTE" help:"N'en garder que celles qui contiennent ce texte."`
	Part   string          `placeholder:"DIRECTION" help:"N'en garder que celles, ouvertes, où cette direction associée a encore sa part à faire."`
	Late   bool            `help:"N'en garder que celles dont l'échéance est passée."`
	Limit  int             `default:"100" placeholder:"N" help:"Nombre de demandes (100 par défaut)."`
}

func (c *requestList) Run(ctx context.Context, a *app) error {
	viewer, err := c.viewer()
	if err != nil {
		return err
	}
	for _, s := range c.Status {
		if !slices.Contains(ledger.Statuses(), s) {
			return usageError{fmt.Errorf("--status « %s » : %s", s, listed(ledger.Statuses()))}
		}
	}
	return a.withLedger(ctx, func(store ledger.Store) error {
		filter := ledger.Filter{Status: c.Status, Lead: c.Lead, EPCI: string(c.EPCI), Text: c.Text, Part: c.Part, Limit: c.Limit}
		if c.Late {
			filter.Late = a.now()
		}
		requests, err := store.List(ctx, viewer, filter)
		if err != nil {
			return err
		}
		if a.JSON {
			return writeJSON(a.stdout, map[string]any{"requests": some(requests)})
		}
		if len(requests) == 0 {
			fmt.Fprintln(a.stdout, "Aucune demande.")
			return a.noDirection(c.Lead, c.Part)
		}
		for _, r := range requests {
			fmt.Fprintf(a.stdout, "%s  %-10s %-27s %-21s %s\n", r.Reference, dash(r.Lead), r.Status.Label(), dash(r.DueLabel(a.now())), firstLine(r.Text, 80))
		}
		return nil
	})
}

// noDirection tells that nothing was found for a code that the rules do not have: it may be a slip, or a direction of former rules.
func (a *app) noDirection(codes ...string) error {
	codes = slices.DeleteFunc(codes, func(code string) bool { return code == "" })
	if len(codes) == 0 {
		return nil
	}
	r, err := loadRegion(a.RulesPath)
	if err != nil {
		return err
	}
	for _, code := range codes {
		if known := r.codes(); !slices.Contains(known, code) {
			fmt.Fprintf(a.stderr, "« %s » n'est pas une direction des règles : %s\n", code, strings.Join(known, ", "))
		}
	}
	return nil
}

// listed writes statuses one after the other.
func listed(statuses []ledger.Status) string {
	return strings.Join(statusNames(statuses), ", ")
}

// statusNames gives statuses as they are written.
func statusNames(statuses []ledger.Status) []string {
	names := make([]string, len(statuses))
	for i, s := range statuses {
		names[i] = string(s)
	}
	return names
}

// said writes statuses with what people read for them.
func said(statuses []ledger.Status) string {
	names := make([]string, len(statuses))
	for i, s := range statuses {
		names[i] = string(s) + " (" + s.Label() + ")"
	}
	return strings.Join(names, ", ")
}

type requestShow struct {
	reader
	Reference string `arg:"" help:"Numéro de la demande, par exemple 2026-0042."`
}

func (c *requestShow) Run(ctx context.Context, a *app) error {
	viewer, err := c.viewer()
	if err != nil {
		return err
	}
	region, err := loadRegion(a.RulesPath)
	if err != nil {
		return err
	}
	return a.withLedger(ctx, func(store ledger.Store) error {
		r, err := store.Get(ctx, viewer, c.Reference)
		if err != nil {
			return err
		}
		if err := c.accessed(ctx, a, store, viewer, ledger.Access{Reference: r.Reference}); err != nil {
			return err
		}
		var twins []ledger.Twin
		if viewer.Staff {
			if twins, err = store.Twins(ctx, viewer, r.Reference, 0); err != nil {
				return err
			}
		}
		label, path := ledger.PathOf(region.book.Rules, r)
		if a.JSON {
			return writeJSON(a.stdout, struct {
				ledger.Request
				Path  []ledger.Milestone `json:"path"`
				Twins []twinLine         `json:"twins,omitempty"`
			}{r, some(path), twinLines(twins)})
		}
		places := region.book.Territories.Names(r.Place.Commune, r.Place.EPCI, r.Place.Departement)
		showRequest(a.stdout, r, strings.Join(places, " · "), label, path, twins, a.now())
		return nil
	})
}

func showRequest(w io.Writer, r ledger.Request, territory, profile string, path []ledger.Milestone, twins []ledger.Twin, now time.Time) {
	fmt.Fprintf(w, "Demande %s, %s\n", r.Reference, r.Standing())
	line := func(label, value string) {
		if value != "" {
			fmt.Fprintf(w, "%-14s %s\n", label, value)
		}
	}
	line("Message", r.Text)
	line("Entreprise", strings.Join(present(r.Company.Name, r.Company.SIREN), " · "))
	line("Territoire", territory)
	line("Chef de file", r.Lead)
	line("Suivie par", r.Owner)
	line("Échéance", r.DueLabel(now))
	for i, p := range r.Pace.Parts {
		line([]string{"Associées", ""}[min(i, 1)], strings.Join(present(p.Direction, partSaid(p, now), p.By, ledger.Day(p.At), p.Why), " · "))
	}
	for i, reason := range r.Decision.Reasons {
		line([]string{"Pourquoi", ""}[min(i, 1)], reason)
	}
	line("Parcours", profile)
	next := r.Status.Open() && r.Lead != ""
	for _, m := range path {
		state := m.Status.StepLabel()
		if m.Status == "" && next {
			state, next = "prochaine étape", false
		}
		line("", strings.Join(present(m.ID, m.Label, m.Who, state, m.By, ledger.Day(m.At), m.Why), " · "))
	}
	if e, ok := r.Silence(); ok {
		line("Sans nouvelles", e.Why)
	}
	if r.Status == ledger.Waiting {
		line("Question", r.Decision.Question)
		line("Sans réponse", fmt.Sprintf("%s la prend le %s", r.EntryPoint, ledger.Moment(r.Deadline)))
	}
	for i, t := range twins {
		other := t.Of(r.Reference)
		line([]string{"Peut-être", ""}[min(i, 1)], strings.Join(present("la même que "+other.Reference, other.Lead, other.Status.Label(), t.Why()), " · "))
	}
	fmt.Fprintln(w, "Histoire")
	messages := 0
	for _, e := range r.Events {
		label := eventLabels[e.Kind]
		if e.Kind == ledger.Received {
			if messages++; messages > 1 {
				label += fmt.Sprintf(" (%d)", messages) // the rank that split takes
			}
		}
		fmt.Fprintf(w, "  %s\n", strings.Join(present(ledger.Moment(e.At), historyLabel(e, label), e.Other, e.By, e.Lead, e.Owner, stepOf(e), eventStatus(e), firstLine(e.Why, 100)), " · "))
	}
}

// partSaid tells where the part of an associated direction stands.
func partSaid(p ledger.Part, now time.Time) string {
	switch due := p.DueLabel(now); {
	case p.Status != ledger.Transmitted:
		return p.Status.Label()
	case due != "":
		return "à faire pour le " + due
	}
	return "à faire"
}

// historyLabel tells what happened; a reader who may not know the other request is told that there is one.
func historyLabel(e ledger.Event, label string) string {
	alone := map[ledger.EventKind]string{
		ledger.MergedInto: "jointe à une autre", ledger.Absorbed: "une autre y est jointe", ledger.SplitOff: "séparée d'une autre", ledger.Separated: "une autre en est séparée",
	}
	if known, ok := alone[e.Kind]; ok && e.Other == "" {
		return known
	}
	return label
}

var eventLabels = map[ledger.EventKind]string{
	ledger.Received: "message reçu", ledger.Decided: "décision", ledger.Assigned: "confiée", ledger.StatusSet: "état", ledger.AnswerGiven: "réponse donnée",
	ledger.Reopened: "rouverte", ledger.HumanAsked: "personne demandée", ledger.Questioned: "précision demandée", ledger.Specified: "précision donnée", ledger.Amended: "message modifié", ledger.PartSet: "part d'une direction associée", ledger.Reminded: "rappel", ledger.Escalated: "porte d'entrée prévenue", ledger.NoNews: "sans nouvelles",
	ledger.PartReminded: "rappel d'une part", ledger.PartEscalated: "chef de file prévenu", ledger.Overtaken: "avis dépassé",
	ledger.MergedInto: "jointe à", ledger.Absorbed: "y est jointe la", ledger.SplitOff: "séparée de", ledger.Separated: "en est séparée la", ledger.ToldApart: "n'est pas la même que",
	ledger.StepSet: "étape du parcours", ledger.NoticeSent: "avis envoyé", ledger.Projected: "fiche projet", ledger.Imported: "reprise d'un autre outil", ledger.NoticeDead: "avis abandonné",
}

type requestAssign struct {
	author
	Reference string `arg:"" help:"Numéro de la demande."`
	Lead      string `placeholder:"DIRECTION" help:"Direction qui prend la demande."`
	Owner     string `placeholder:"PERSONNE" help:"Personne qui la suit."`
	Why       string `placeholder:"RAISON" help:"Pourquoi ; il le faut pour une autre direction."`
}

func (c *requestAssign) Run(ctx context.Context, a *app) error {
	if c.Lead == "" && c.Owner == "" {
		return usageError{errors.New("il manque --lead DIRECTION ou --owner PERSONNE")}
	}
	if c.Lead != "" {
		r, err := loadRegion(a.RulesPath)
		if err != nil {
			return err
		}
		if err := r.direction(c.Lead); err != nil {
			return err
		}
	}
	return a.change(ctx, func(store ledger.Store, at time.Time) (ledger.Request, error) {
		return store.Assign(ctx, c.Reference, c.Lead, c.Owner, c.Why, c.name(), at)
	})
}

type requestStatus struct {
	author
	Reference string        `arg:"" help:"Numéro de la demande."`
	Status    ledger.Status `arg:"" name:"état" enum:"${set_statuses}" help:"${set_statuses_said}."`
	Why       string        `placeholder:"RAISON" help:"Pourquoi ; il le faut, sauf pour ${set_statuses_bare}."`
}

func (c *requestStatus) Run(ctx context.Context, a *app) error {
	return a.change(ctx, func(store ledger.Store, at time.Time) (ledger.Request, error) {
		return store.SetStatus(ctx, c.Reference, c.Status, c.Why, c.name(), at)
	})
}

type requestPart struct {
	author
	Reference string        `arg:"" help:"Numéro de la demande."`
	Direction string        `arg:"" help:"Direction associée."`
	Status    ledger.Status `arg:"" name:"état" enum:"done,not_for_us,transmitted" help:"done (part faite), not_for_us (pas pour nous) ou transmitted (de nouveau à faire)."`
	Why       string        `placeholder:"RAISON" help:"Pourquoi."`
}

func (c *requestPart) Run(ctx context.Context, a *app) error {
	return a.change(ctx, func(store ledger.Store, at time.Time) (ledger.Request, error) {
		return store.SetPart(ctx, c.Reference, c.Direction, c.Status, c.Why, c.name(), at)
	})
}

type requestStep struct {
	author
	Reference string `arg:"" help:"Numéro de la demande."`
	Step      string `arg:"" name:"étape" help:"L'étape, comme « guichet request show » la nomme."`
	Done      bool   `xor:"said" required:"" help:"Elle est faite."`
	Skip      bool   `xor:"said" required:"" help:"Elle est passée ; dites pourquoi."`
	Why       string `placeholder:"RAISON" help:"Pourquoi."`
}

func (c *requestStep) Run(ctx context.Context, a *app) error {
	if c.Skip && strings.TrimSpace(c.Why) == "" {
		return usageError{errors.New("il manque --why RAISON : une étape ne se passe pas sans raison")}
	}
	region, err := loadRegion(a.RulesPath)
	if err != nil {
		return err
	}
	return a.withLedger(ctx, func(store ledger.Store) error {
		r, err := store.Get(ctx, ledger.Viewer{Staff: true}, c.Reference)
		if err != nil {
			return err
		}
		_, path := ledger.PathOf(region.book.Rules, r)
		if err := ledger.CheckStep(path, c.Step); err != nil {
			return err
		}
		said := ledger.Done
		if c.Skip {
			said = ledger.Skipped
		}
		if r, err = store.SetStep(ctx, c.Reference, c.Step, said, c.Why, c.name(), a.now()); err != nil {
			return err
		}
		next, more := ledger.NextStep(region.book.Rules, r)
		if a.JSON {
			line := map[string]any{"reference": r.Reference, "steps": some(r.Pace.Steps), "next": nil}
			if more {
				line["next"] = next
			}
			return writeJSON(a.stdout, line)
		}
		if !more {
			fmt.Fprintf(a.stdout, "%s : le parcours est fini\n", r.Reference)
			return nil
		}
		fmt.Fprintf(a.stdout, "%s : prochaine étape, %s\n", r.Reference, strings.Join(present(next.ID, next.Label, next.Who), " · "))
		return nil
	})
}

// stepOf gives the step of the path that an event tells.
func stepOf(e ledger.Event) string {
	if e.Kind == ledger.StepSet {
		return e.Step
	}
	return ""
}

// eventStatus gives in French the status that an event tells.
func eventStatus(e ledger.Event) string {
	if e.Kind == ledger.StepSet {
		return e.Status.StepLabel()
	}
	return e.Status.Label()
}

type requestAnswer struct {
	author
	Reference string `arg:"" help:"Numéro de la demande."`
	Text      string `arg:"" help:"La réponse donnée, entre guillemets."`
}

func (c *requestAnswer) Run(ctx context.Context, a *app) error {
	if strings.TrimSpace(c.Text) == "" {
		return errors.New("la réponse est vide : écrivez ce qui a été répondu à l'entreprise, entre guillemets")
	}
	if err := bot.CheckText(c.Text); err != nil {
		return err
	}
	return a.change(ctx, func(store ledger.Store, at time.Time) (ledger.Request, error) {
		return store.Answer(ctx, c.Reference, c.Text, c.name(), at)
	})
}

type requestReopen struct {
	author
	Reference string `arg:"" help:"Numéro de la demande."`
	Why       string `placeholder:"RAISON" help:"Pourquoi ; il le faut."`
}

func (c *requestReopen) Run(ctx context.Context, a *app) error {
	return a.change(ctx, func(store ledger.Store, at time.Time) (ledger.Request, error) {
		return store.Reopen(ctx, c.Reference, c.Why, c.name(), at)
	})
}

func (a *app) withLedger(ctx context.Context, do func(ledger.Store) error) error {
	db, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	store, err := a.openLedger(ctx, db)
	if err != nil {
		return err
	}
	return do(store)
}

// change changes a request and tells where it stands; it shows nothing of what the request says.
func (a *app) change(ctx context.Context, do func(ledger.Store, time.Time) (ledger.Request, error)) error {
	return a.withLedger(ctx, func(store ledger.Store) error {
		r, err := do(store, a.now())
		if err != nil {
			return err
		}
		if a.JSON {
			return writeJSON(a.stdout, changedLine(r))
		}
		fmt.Fprintf(a.stdout, "%s : %s\n", r.Reference, strings.Join(present(r.Status.Label(), r.Lead, r.Owner), " · "))
		return nil
	})
}

// changedLine tells where a request stands after a change.
func changedLine(r ledger.Request) map[string]any {
	return map[string]any{"reference": r.Reference, "status": r.Status, "lead": r.Lead, "owner": r.Owner, "associated": some(r.Associated), "due": orNull(r.Due), "parts": some(r.Pace.Parts)}
}

// orNull gives a time, or null for the zero one.
func orNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// firstLine gives the start of a text on one line.
func firstLine(text string, length int) string {
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > length {
		return string(runes[:length]) + "…"
	}
	return string(runes)
}
