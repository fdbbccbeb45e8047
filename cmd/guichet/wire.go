package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"guichet/bot"
	"guichet/bot/courier"
	"guichet/bot/lexicon"
	"guichet/bot/privacy"
	"guichet/bot/sqljournal"
	"guichet/bot/webhook"
	"guichet/knowledge"
	"guichet/knowledge/base"
	"guichet/knowledge/extract"
	"guichet/knowledge/openai"
	"guichet/knowledge/review"
	"guichet/knowledge/sqlstore"
	"guichet/knowledge/static"
	"guichet/migrations/database"
	"guichet/routing"
	"guichet/routing/convention/sqlconvention"
	"guichet/routing/funding"
	"guichet/routing/funding/sqlfunding"
	"guichet/routing/ledger"
	"guichet/routing/ledger/sqlledger"
	"guichet/routing/revue"
	"guichet/routing/revue/sqlrevue"
	"guichet/routing/rulebook"
	"guichet/routing/sheet/sqlsheet"
)

// reviewFile is a file that the Region may put in its rules folder, as bot.TextsFile.
const reviewFile = "review.yaml"

// app is what a command runs with.
type app struct {
	config
	stdin          io.Reader
	stdout, stderr io.Writer
	now            func() time.Time
	log            *slog.Logger
}

func newApp(c config, stdin io.Reader, stdout, stderr io.Writer) *app {
	a := &app{config: c, stdin: stdin, stdout: stdout, stderr: stderr, now: c.Now.clock()}
	a.log = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	return a
}

// databaseURL gives the address of the database, where every command keeps what it must.
func (a *app) databaseURL() (string, error) {
	if a.Database != "" {
		return a.Database, nil
	}
	return defaultDatabase()
}

// open opens the database.
func (a *app) open(ctx context.Context) (*database.DB, error) {
	url, err := a.databaseURL()
	if err != nil {
		return nil, err
	}
	return database.Open(ctx, url)
}

// openBase gives the base of documents, with the cards that ship: they are added to a new base and refreshed after an
// update of the program; when nothing changed this costs a few milliseconds.
//
// Jobs, if not nil, are told which documents want vectors.
func (a *app) openBase(ctx context.Context, db *database.DB, jobs sqlstore.Jobs) (*knowledge.Base, error) {
	embedder, err := a.Embeddings.embedder()
	if err != nil {
		return nil, err
	}
	if a.Embeddings.builtIn() {
		jobs = nil // the built-in vectors are made with the documents
	}
	store := sqlstore.New(db, jobs)
	cards := knowledge.Ingestion{Read: extract.Read, Audience: knowledge.Public, Widen: true, Prune: true, Progress: func(s knowledge.Step) {
		// A document of the Region's with a card's identifier replaces the card.
		if s.Err != nil && !errors.As(s.Err, new(*knowledge.ConflictError)) {
			a.log.Error("carte livrée non chargée", "source", s.Source, "error", s.Err)
		}
	}}
	if _, err := knowledge.Ingest(ctx, store, cards, base.Cards()); err != nil {
		return nil, fmt.Errorf("charger les cartes livrées : %w", err)
	}
	if a.Embeddings.builtIn() {
		if err := knowledge.EmbedAll(ctx, store, embedder, nil); err != nil {
			return nil, err
		}
	}
	b := knowledge.NewBase(store)
	b.Embedder = embedder
	b.Degraded = func(err error) {
		a.log.Warn("question cherchée par les mots seuls", "error", err)
	}
	return b, nil
}

// region is what the Region may edit: rules, vocabularies and texts.
type region struct {
	book    *rulebook.Book
	reader  *lexicon.Lexicon
	texts   bot.Texts
	notices ledger.Texts
	// channels say who sees what in chat platforms.
	channels bot.Channels
	review   review.Criteria
	funding  funding.Rules
}

// agenda says when things are due.
func (r region) agenda() ledger.Agenda { return ledger.Agenda{Delays: r.book.Conduct.Delays} }

// conventions gives the conventions of a database, with what people are told of them.
func (r region) conventions(db *database.DB, jobs *courier.Courier) (*bot.Conventions, *sqlconvention.Conventions) {
	known := &bot.Conventions{
		Settings: r.book.Conventions, EPCIs: r.epcis(), Officers: r.book.Officers, Texts: r.texts,
		Theme: func(id string) string { return r.book.Rules.Label(routing.Fact{Name: "subject", Value: id}) },
	}
	store := sqlconvention.New(db, jobs, r.book.Conventions, known.Alert)
	known.Store = store
	return known, store
}

// sheets tell what is known of EPCIs in a database.
func (r region) sheets(db *database.DB, known *bot.Conventions, requests ledger.Store) *bot.Sheets {
	base := sqlstore.New(db, nil)
	return &bot.Sheets{
		Conventions: known, Requests: requests, Rules: r.book.Rules, Reader: r.reader,
		Schemes: func(ctx context.Context, v knowledge.Viewer) ([]knowledge.Document, error) {
			return base.Schemes(ctx, v, r.book.Conventions.SchemeSections)
		},
	}
}

// revues make the documents of the reviews of projects of a database.
func (r region) revues(db *database.DB, known *bot.Conventions, requests *sqlledger.Ledger) *bot.Revues {
	k := &bot.Revues{
		Calendar: revue.Calendar{Settings: r.book.Revues, Names: map[string]string{}}, Store: sqlrevue.New(db, requests), Requests: requests,
		Conventions: known, Gaps: sqljournal.New(db).Gaps, Embed: static.Default().Embed,
	}
	for siren, e := range known.EPCIs {
		k.EPCIs, k.Names[siren] = append(k.EPCIs, siren), e.Name
	}
	slices.Sort(k.EPCIs)
	return k
}

// projects gives the sheets of projects of a database.
func (r region) projects(db *database.DB, requests *sqlledger.Ledger) *bot.Projects {
	p := &bot.Projects{Settings: r.book.Sheets, Names: map[string]string{}, Departements: map[string][]string{}}
	for siren, e := range r.book.Territories.EPCI {
		p.Names[siren] = e.Name
	}
	for _, c := range r.book.Territories.Communes {
		if c.EPCI != "" && !slices.Contains(p.Departements[c.Departement], c.EPCI) {
			p.Departements[c.Departement] = append(p.Departements[c.Departement], c.EPCI)
		}
	}
	p.Store = sqlsheet.New(db, requests, p.Settings, p.Names, r.book.Officers)
	return p
}

// epcis gives the EPCIs of the register, by SIREN.
func (r region) epcis() map[string]bot.EPCI {
	places := r.book.Territories
	all := make(map[string]bot.EPCI, len(places.EPCI))
	for siren, e := range places.EPCI {
		all[siren] = bot.EPCI{SIREN: siren, Name: e.Name}
	}
	for _, c := range places.Communes {
		e, ok := all[c.EPCI]
		if !ok {
			continue
		}
		e.Communes++
		if name := places.Departements[c.Departement].Name; !slices.Contains(e.Departements, name) {
			e.Departements = append(e.Departements, name)
		}
		all[c.EPCI] = e
	}
	return all
}

// fundings gives the fundings of a database, beside its ledger.
func (r region) fundings(db *database.DB, requests *sqlledger.Ledger) funding.Watcher {
	return funding.Watcher{Store: sqlfunding.New(db, requests, r.funding, r.book.Rules.EntryPoint()), Rules: r.funding}
}

// direction refuses a code that the rules do not have.
func (r region) direction(code string) error {
	var codes []string
	for _, d := range r.book.Rules.Set().Directions {
		codes = append(codes, d.Code)
	}
	if !slices.Contains(codes, code) {
		return fmt.Errorf("la direction « %s » est inconnue : %s", code, strings.Join(codes, ", "))
	}
	return nil
}

// loadRegion reads and checks the Region's folder; the error joins every problem found, each with its file and line.
func loadRegion(dir string) (region, error) {
	var r region
	folder, err := rulebook.Folder(dir)
	if err != nil {
		return r, err
	}
	r.texts, err = override(folder, bot.TextsFile, bot.DefaultTexts, bot.ParseTexts)
	problems := errors.Join(rulebook.Unknown(dir, bot.TextsFile, ledger.TextsFile, reviewFile, funding.File, bot.ChannelsFile), err)
	r.notices, err = override(folder, ledger.TextsFile, ledger.DefaultTexts, ledger.ParseTexts)
	problems = errors.Join(problems, err)
	r.review, err = override(folder, reviewFile, review.Default, review.Parse)
	problems = errors.Join(problems, err)
	r.funding, err = override(folder, funding.File, funding.Default, funding.Parse)
	problems = errors.Join(problems, err)
	if r.book, err = rulebook.Load(folder); err != nil {
		return r, errors.Join(err, problems)
	}
	if _, err := fs.Stat(folder, funding.File); err == nil { // what ships goes with the set that ships
		problems = errors.Join(problems, r.funding.Against(r.book.Rules.Set()))
	}
	r.reader, err = lexicon.New(r.book)
	problems = errors.Join(err, problems)
	content, err := fs.ReadFile(folder, bot.ChannelsFile)
	if errors.Is(err, fs.ErrNotExist) {
		content, err = bot.DefaultChannelsYAML(), nil
	}
	if err != nil {
		return r, errors.Join(problems, fmt.Errorf("lecture de %s : %w", bot.ChannelsFile, err))
	}
	var codes []string
	for _, d := range r.book.Rules.Set().Directions {
		codes = append(codes, d.Code)
	}
	r.channels, err = bot.ParseChannels(content, codes)
	return r, errors.Join(problems, err)
}

// override reads a file of texts if the Region has one.
func override[T any](folder fs.FS, name string, shipped func() T, parse func([]byte) (T, error)) (T, error) {
	content, err := fs.ReadFile(folder, name)
	if errors.Is(err, fs.ErrNotExist) {
		return shipped(), nil
	}
	if err != nil {
		return shipped(), fmt.Errorf("lecture de %s : %w", name, err)
	}
	texts, err := parse(content)
	var problems []error
	for _, err := range flatten(err) {
		var placed routing.Problem
		var syntax yaml.Error
		switch {
		case errors.As(err, &placed):
		case errors.As(err, &syntax):
			placed = routing.Problem{Pos: routing.Pos{File: name, Line: syntax.GetToken().Position.Line}, Reason: syntax.GetMessage()}
		default:
			placed = routing.Problem{Pos: routing.Pos{File: name}, Reason: err.Error()}
		}
		problems = append(problems, placed)
	}
	return texts, errors.Join(problems...)
}

// office is the desk with what stands behind it.
type office struct {
	region
	desk   *bot.Desk
	chat   *bot.Chat
	base   *knowledge.Base
	ledger *sqlledger.Ledger
	// fundings knows what companies ask for and hold.
	fundings funding.Watcher
	journal  *sqljournal.Journal
	courier  *courier.Courier
	// conventions keeps what known tells of.
	conventions *sqlconvention.Conventions
	known       *bot.Conventions
	revues      *bot.Revues
	projects    *bot.Projects
	// wording is nil without a model, writer then too.
	wording *knowledge.Wording
	writer  *openai.Writer
}

func (a *app) openOffice(ctx context.Context, db *database.DB) (*office, error) {
	r, err := loadRegion(a.RulesPath)
	if err != nil {
		return nil, err
	}
	o := &office{region: r, journal: sqljournal.New(db)}
	if o.courier, err = a.openCourier(ctx, db); err != nil {
		return nil, err
	}
	directory := bot.NewDirectory(r.book.Rules, r.texts)
	var jobs sqlstore.Jobs = o.courier
	if a.Embeddings.builtIn() {
		jobs = nil // no job makes the built-in vectors: openBase does
	}
	if err := knowledge.Refresh(ctx, sqlstore.New(db, jobs), directory.Document()); err != nil {
		return nil, fmt.Errorf("charger l'annuaire des règles : %w", err)
	}
	if o.base, err = a.openBase(ctx, db, o.courier); err != nil {
		return nil, err
	}
	o.ledger = sqlledger.New(db, o.courier, r.notices, r.agenda())
	o.fundings = r.fundings(db, o.ledger)
	o.known, o.conventions = r.conventions(db, o.courier)
	o.projects = r.projects(db, o.ledger)
	o.revues = r.revues(db, o.known, o.ledger)
	o.desk = &bot.Desk{
		Journal: o.journal, Requests: o.ledger, Tx: db, Base: o.base, Reader: r.reader, Rules: r.book.Rules, Directory: directory, Texts: r.texts,
		Conventions: o.known, WaitForFact: r.book.Conduct.WaitForFact, Fundings: o.fundings, Log: a.log,
	}
	o.chat = &bot.Chat{
		Desk: o.desk, Store: o.journal, Journal: o.journal, Requests: o.ledger, Conventions: o.known, Sheets: r.sheets(db, o.known, o.ledger), Projects: o.projects,
		Tx: db, Rules: r.book.Rules, Texts: r.texts, Channels: r.channels,
		Platforms: map[string]bot.Platform{}, Limits: bot.DefaultLimits(), Fundings: o.fundings, Now: a.now, Log: a.log,
	}
	if o.wording, o.writer, err = a.openWording(db, o.base); err != nil {
		return nil, err
	}
	if o.wording != nil {
		o.desk.Words = o.wording
	}
	return o, nil
}

// openWording gives what words the answers of a base; nil without a model.
func (a *app) openWording(db *database.DB, b *knowledge.Base) (*knowledge.Wording, *openai.Writer, error) {
	if wanted, err := a.Model.check(); err != nil || !wanted {
		return nil, nil, err
	}
	writer := openai.NewWriter(a.Model.URL, a.Model.Key, a.Model.Name, time.Now)
	return &knowledge.Wording{
		Writer: writer, Budget: sqlstore.NewBudget(db, a.Model.PerPerson, a.Model.PerDay), Open: b.Open, Patience: a.Model.Patience, Told: a.logWording,
	}, writer, nil
}

// logWording tells the operator why an answer was left as an extract, and what a model said that was left out.
func (a *app) logWording(t knowledge.Telling) {
	switch t.Outcome {
	case knowledge.Worded, knowledge.Unsuited, knowledge.Declined:
		if len(t.Dropped) > 0 {
			a.log.Info("phrases du modèle écartées", "why", t.Dropped)
		}
	default:
		a.log.Warn("réponse donnée en extrait", "outcome", t.Outcome, "took", t.Took.Round(time.Millisecond), "error", t.Err)
	}
}

// openLedger gives the ledger alone, for the commands that only read it or follow a request.
func (a *app) openLedger(ctx context.Context, db *database.DB) (*sqlledger.Ledger, error) {
	_, requests, err := a.openRegistry(ctx, db)
	return requests, err
}

// openRegistry gives the ledger with the Region's rules, for the commands that need both.
func (a *app) openRegistry(ctx context.Context, db *database.DB) (region, *sqlledger.Ledger, error) {
	r, err := loadRegion(a.RulesPath)
	if err != nil {
		return r, nil, err
	}
	jobs, err := a.openCourier(ctx, db)
	if err != nil {
		return r, nil, err
	}
	return r, sqlledger.New(db, jobs, r.notices, r.agenda()), nil
}

// withReading gives the ledger to what only reads it: it plans nothing.
func (a *app) withReading(ctx context.Context, do func(region, *database.DB, *sqlledger.Ledger) error) error {
	r, err := loadRegion(a.RulesPath)
	if err != nil {
		return err
	}
	return a.withDatabase(ctx, func(db *database.DB) error { return do(r, db, sqlledger.New(db, nil, r.notices, r.agenda())) })
}

// openCourier gives what plans the jobs, those of the webhooks too.
func (a *app) openCourier(ctx context.Context, db *database.DB) (*courier.Courier, error) {
	c, err := courier.New(ctx, db)
	if err != nil {
		return nil, err
	}
	c.Hooks = webhook.New(db, a.now)
	return c, nil
}

// openKeeper gives what keeps the data of people.
func (a *app) openKeeper(ctx context.Context, db *database.DB) (*privacy.Keeper, error) {
	r, err := loadRegion(a.RulesPath)
	if err != nil {
		return nil, err
	}
	jobs, err := a.openCourier(ctx, db)
	if err != nil {
		return nil, err
	}
	return privacy.New(db, jobs, r.book.Retention), nil
}
