package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"guichet/bot"
	"guichet/migrations/database"
	"guichet/routing/exchange"
	"guichet/routing/ledger"
	"guichet/routing/ledger/sqlledger"
	"guichet/routing/rulebook"
)

var (
	//go:embed mappings/requests.yaml
	requestMappingYAML []byte
	//go:embed mappings/exemple.yaml
	exampleMappingYAML []byte
)

// requestMapping is the mapping that ships; its statuses are those of the ledger.
func requestMapping() []byte {
	var lines []string
	for _, s := range ledger.ForeignStatuses() {
		lines = append(lines, s.Label()+": "+string(s))
	}
	return bytes.Replace(requestMappingYAML, []byte("ÉTATS: états"), []byte(strings.Join(lines, "\n      ")), 1)
}

// exampleMapping is one for a fictional tool.
func exampleMapping() []byte {
	return bytes.Replace(exampleMappingYAML, []byte("ÉTATS"), []byte(listed(ledger.ForeignStatuses())), 1)
}

// requestFields are what a mapping may name for requests.
func requestFields() []exchange.Field {
	return []exchange.Field{
		{Name: "source", Kind: exchange.Text, Required: true},
		{Name: "id", Kind: exchange.Text, Required: true},
		{Name: "reference", Kind: exchange.Text}, // ours, for people: it is written and not read
		{Name: "received", Kind: exchange.Date, Required: true},
		{Name: "text", Kind: exchange.Text, Required: true},
		{Name: "author", Kind: exchange.Text},
		{Name: "company", Kind: exchange.Text},
		{Name: "siren", Kind: exchange.Text},
		{Name: "siret", Kind: exchange.Text},
		{Name: "commune", Kind: exchange.Text},
		{Name: "epci", Kind: exchange.Text},
		{Name: "departement", Kind: exchange.Text},
		{Name: "status", Kind: exchange.Text, Required: true, Values: statusNames(ledger.ForeignStatuses())},
		{Name: "lead", Kind: exchange.Text},
		{Name: "associated", Kind: exchange.Text},
		{Name: "owner", Kind: exchange.Text},
		{Name: "taken", Kind: exchange.Date},
		{Name: "answered", Kind: exchange.Date},
		{Name: "answer", Kind: exchange.Text},
		{Name: "ended", Kind: exchange.Date},
		{Name: "why", Kind: exchange.Text},
		{Name: "reopened", Kind: exchange.Date},
		{Name: "joined", Kind: exchange.Text}, // the identifier of the request that it was joined to, and its source when it is another
		{Name: "joined_source", Kind: exchange.Text},
	}
}

// openTable opens a file of another tool, read by a mapping or by the one that ships.
func openTable(file, mapping string, shipped []byte, fields []exchange.Field) (*exchange.Reader, error) {
	m, err := loadMapping(mapping, shipped, fields)
	if err != nil {
		return nil, err
	}
	rows, err := m.Open(file)
	if err != nil {
		return nil, frenchFile(err)
	}
	return rows, nil
}

// loadMapping reads a mapping, or the one that ships.
func loadMapping(path string, shipped []byte, fields []exchange.Field) (*exchange.Mapping, error) {
	if path == "" {
		return exchange.ParseMapping("guichet", shipped, fields)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("lire la correspondance %s : %w", path, frenchFile(err))
	}
	return exchange.ParseMapping(filepath.Base(path), content, fields)
}

type requestMappingCmd struct {
	Example bool `help:"L'exemple commenté, pour un outil fictif, au lieu de la correspondance de guichet."`
}

func (c *requestMappingCmd) Run(a *app) error {
	content := requestMapping()
	if c.Example {
		content = exampleMapping()
	}
	_, err := a.stdout.Write(content)
	return err
}

type requestImport struct {
	File    string `arg:"" name:"fichier" help:"Le fichier, .csv ou .xlsx."`
	Mapping string `placeholder:"FICHIER" help:"La correspondance des colonnes (« guichet request mapping --example » en montre une ; par défaut, celle de request export)."`
	DryRun  bool   `name:"dry-run" help:"Tout vérifier et ne rien écrire."`
}

// A transaction writes so many rows, fewer when the machine is slow: what a kill takes back is read again.
const (
	importBatch = 200
	importTime  = 5 * time.Second
)

// importReport is what an import did.
type importReport struct {
	Rows      int                `json:"rows"`
	Added     int                `json:"added"`
	Updated   int                `json:"updated"`
	Unchanged int                `json:"unchanged"`
	Kept      int                `json:"kept"`
	Failed    int                `json:"failed"`
	DryRun    bool               `json:"dry_run"`
	Errors    []exchange.Problem `json:"errors"`
}

// errTrial takes a batch back.
var errTrial = errors.New("essai")

func (c *requestImport) Run(ctx context.Context, a *app) error {
	region, err := loadRegion(a.RulesPath)
	if err != nil {
		return err
	}
	rows, err := openTable(c.File, c.Mapping, requestMapping(), requestFields())
	if err != nil {
		return err
	}
	defer rows.Close()
	db, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	store, err := a.openLedger(ctx, db)
	if err != nil {
		return err
	}
	in := requestImporter{
		importer: importer{db: db, rows: rows, dryRun: c.DryRun, progress: a.progress}, region: region, places: placesOf(region.book.Territories), store: store, now: a.now,
		file: filepath.Base(c.File), lines: map[string]int{}, read: map[string]bool{},
	}
	report, err := in.run(ctx, in.one)
	if err != nil {
		return fmt.Errorf("%w (les %d premières lignes sont lues ; relancez la même commande pour continuer)", err, report.Rows)
	}
	return a.tellImport(report)
}

// progress tells the operator how far an import is.
func (a *app) progress(r importReport) { fmt.Fprintf(a.stderr, "%d lignes lues…\n", r.Rows) }

// tellImport shows a report; rows in error make the command fail.
func (a *app) tellImport(r importReport) error {
	slices.SortStableFunc(r.Errors, func(x, y exchange.Problem) int { return x.Line - y.Line })
	if a.JSON {
		if err := writeJSON(a.stdout, r); err != nil {
			return err
		}
	} else {
		for _, p := range r.Errors {
			fmt.Fprintln(a.stderr, p.Error())
		}
		did := ""
		if r.DryRun {
			did = "Essai, rien n'est écrit : "
		}
		fmt.Fprintf(a.stdout, "%s%s, %s, %s, %s, %d en erreur.\n", did, howMany(r.Rows, "ligne", "lignes"), howMany(r.Added, "ajoutée", "ajoutées"),
			howMany(r.Updated, "mise à jour", "mises à jour"), howMany(r.Unchanged, "inchangée", "inchangées"), r.Failed)
		if r.Kept > 0 {
			fmt.Fprintf(a.stdout, "%s le passé (texte, date) de ce qui est déjà là : il est gardé tel quel.\n", howMany(r.Kept, "ligne change", "lignes changent"))
		}
	}
	if r.Failed > 0 {
		return fmt.Errorf("%d %s en erreur ; les autres sont %s", r.Failed, plural(int64(r.Failed), "ligne est", "lignes sont"), map[bool]string{true: "bonnes", false: "reprises"}[r.DryRun])
	}
	return nil
}

// importer reads the rows of a file by batches, each in a transaction.
type importer struct {
	db       *database.DB
	rows     *exchange.Reader
	dryRun   bool
	progress func(importReport)
}

// run gives each row to one, which says what it made of it; a problem is of its row only, another error ends it all. A row
// for which it says ledger.ErrNotYet is given again after the others, until nothing comes of it.
func (in importer) run(ctx context.Context, one func(ctx context.Context, row exchange.Row) (ledger.Outcome, []exchange.Problem, error)) (importReport, error) {
	report := importReport{DryRun: in.dryRun, Errors: []exchange.Problem{}}
	var later []exchange.Row
	why := map[int]error{} // a row of later waits, by its line
	some := func(batch []exchange.Row) (written int, err error) {
		next, waiting := report, later
		err = in.db.InTx(ctx, func(ctx context.Context) error {
			next, waiting, written = report, later, 0
			for end := time.Now().Add(importTime); written < len(batch) && (written == 0 || time.Now().Before(end)); {
				row := batch[written]
				written++
				outcome, problems, err := one(ctx, row)
				if errors.Is(err, ledger.ErrNotYet) {
					waiting, why[row.Line] = append(waiting, row), err
					continue
				}
				if err != nil {
					return err
				}
				next.count(outcome, problems)
			}
			if in.dryRun {
				return errTrial
			}
			return nil
		})
		if err != nil && !errors.Is(err, errTrial) {
			return 0, err
		}
		report, later = next, waiting
		return written, nil
	}
	told := 0
	write := func(batch []exchange.Row) error {
		for len(batch) > 0 {
			n, err := some(batch)
			if err != nil {
				return err
			}
			batch = batch[n:]
		}
		if report.Rows/10_000 > told && in.progress != nil {
			told = report.Rows / 10_000
			in.progress(report)
		}
		return nil
	}
	for ended := false; !ended; {
		var batch []exchange.Row
		for len(batch) < importBatch {
			row, err := in.rows.Next()
			var wrong *exchange.RowError
			switch {
			case errors.Is(err, io.EOF):
				ended = true
			case errors.As(err, &wrong):
				report.Rows++
				report.Failed++
				report.Errors = append(report.Errors, wrong.Problems...)
				continue
			case err != nil:
				return report, err
			default:
				batch = append(batch, row)
				continue
			}
			break
		}
		if err := write(batch); err != nil {
			return report, err
		}
	}
	for waiting := -1; len(later) != waiting; {
		again := later
		waiting, later = len(later), nil
		for batch := range slices.Chunk(again, importBatch) {
			if err := write(batch); err != nil {
				return report, err
			}
		}
	}
	for _, row := range later {
		report.count("", []exchange.Problem{in.rows.Wrong(row, "joined", why[row.Line])})
	}
	return report, nil
}

// count adds a row to what an import did.
func (r *importReport) count(outcome ledger.Outcome, problems []exchange.Problem) {
	r.Rows++
	if problems != nil {
		r.Failed++
		r.Errors = append(r.Errors, problems...)
	}
	switch outcome {
	case ledger.Added:
		r.Added++
	case ledger.Updated:
		r.Updated++
	case ledger.Unchanged:
		r.Unchanged++
	case ledger.Kept:
		r.Kept++
	}
}

type requestImporter struct {
	importer
	region
	places places
	store  *sqlledger.Ledger
	now    func() time.Time
	file   string
	// lines are where each request of the file stands, read those of which nothing is wrong.
	lines map[string]int
	read  map[string]bool
}

func (in requestImporter) one(ctx context.Context, row exchange.Row) (ledger.Outcome, []exchange.Problem, error) {
	h, problems := in.history(row)
	key := h.Source + "\x00" + h.ID
	if first := in.lines[key]; first != 0 && first != row.Line {
		problems = append(problems, in.rows.Wrong(row, "id", fmt.Errorf("« %s » est déjà ligne %d", h.ID, first)))
	}
	if problems != nil {
		return "", problems, nil
	}
	in.lines[key] = row.Line
	_, outcome, err := in.store.Import(ctx, h, fmt.Sprintf("%s:%d", in.file, row.Line), in.now())
	if errors.Is(err, ledger.ErrNotYet) && in.dryRun && in.read[h.Into.Source+"\x00"+h.Into.ID] {
		err = nil // a trial takes back the row that it waits for
	}
	in.read[key] = err == nil
	var field *ledger.FieldError
	switch {
	case errors.As(err, &field):
		return "", []exchange.Problem{in.rows.Wrong(row, field.Field, field)}, nil
	case errors.Is(err, ledger.ErrImportOrder):
		return "", []exchange.Problem{in.rows.Wrong(row, "status", err)}, nil
	}
	return outcome, nil, err
}

// history gives a request of a row.
func (in requestImporter) history(row exchange.Row) (h ledger.History, problems []exchange.Problem) {
	v := row.Values
	wrong := func(field string, err error) { problems = append(problems, in.rows.Wrong(row, field, err)) }
	day := func(field string) time.Time {
		at, err := exchange.Moment(v[field])
		if err != nil {
			wrong(field, err)
		}
		return at
	}
	h = ledger.History{
		Source: v["source"], ID: v["id"], Author: v["author"], Text: v["text"],
		Company: ledger.Company{Name: v["company"], SIREN: digitsOf(v["siren"]), SIRET: digitsOf(v["siret"])},
		Place:   ledger.Place{Commune: v["commune"], EPCI: digitsOf(v["epci"]), Departement: v["departement"]},
		Status:  ledger.Status(v["status"]), Lead: v["lead"], Owner: v["owner"],
		Received: day("received"), Taken: day("taken"), Answered: day("answered"), Ended: day("ended"), Reopened: day("reopened"),
		Answer: v["answer"], EndedWhy: v["why"], Into: ledger.Origin{Source: v["joined_source"], ID: v["joined"]},
		EntryPoint: in.book.Rules.EntryPoint(), Deadline: in.now().Add(in.book.Conduct.WaitForFact),
	}
	if h.Into.ID != "" && h.Into.Source == "" {
		h.Into.Source = h.Source
	}
	// A tool that maps a date to a status it did not reach yet, its filing date for instance, says nothing by it.
	if h.Status.State().Since == "received" {
		h.Taken = in.after(h.Taken, h.Reopened)
	}
	for _, at := range []struct {
		field string
		into  *time.Time
	}{{"taken", &h.Taken}, {"answered", &h.Answered}, {"ended", &h.Ended}, {"reopened", &h.Reopened}} {
		// A day without its hour may be the very day of the filing.
		if len(v[at.field]) == len(time.DateOnly) && at.into.Before(h.Received) && ledger.Day(*at.into) == ledger.Day(h.Received) {
			*at.into = h.Received
		}
	}
	if h.Company.SIREN == "" && len(h.Company.SIRET) == 14 {
		h.Company.SIREN = h.Company.SIRET[:9]
	}
	for _, field := range []string{"text", "answer", "why"} {
		if v[field] != "" {
			if err := bot.CheckText(v[field]); err != nil {
				wrong(field, err)
			}
		}
	}
	codes := in.codes()
	known := func(field, code string) {
		if !slices.Contains(codes, code) {
			wrong(field, fmt.Errorf("la direction « %s » est inconnue : %s", code, strings.Join(codes, ", ")))
		}
	}
	if h.Lead != "" {
		known("lead", h.Lead)
	}
	for _, code := range strings.FieldsFunc(v["associated"], func(r rune) bool { return strings.ContainsRune(",;/ \n", r) }) {
		known("associated", code)
		if code != h.Lead && !slices.Contains(h.Associated, code) {
			h.Associated = append(h.Associated, code)
		}
	}
	place, err := in.places.complete(h.Place)
	if err != nil {
		wrong("commune", err)
	}
	h.Place = place
	return h, problems
}

// digitsOf takes the spaces off a number, « 123 456 782 ».
func digitsOf(number string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '\u00a0' || r == '\u202f' || r == '.' {
			return -1
		}
		return r
	}, number)
}

// after keeps a time that another, not zero, comes after.
func (requestImporter) after(at, later time.Time) time.Time {
	if !later.IsZero() && at.Before(later) {
		return at
	}
	return time.Time{}
}

func (r region) codes() (codes []string) {
	for _, d := range r.book.Rules.Set().Directions {
		codes = append(codes, d.Code)
	}
	return codes
}

// places finds communes by their code or their name.
type places struct {
	byCode map[string]rulebook.Commune
	byName map[string][]rulebook.Commune
}

func placesOf(t *rulebook.Territories) places {
	p := places{byCode: map[string]rulebook.Commune{}, byName: map[string][]rulebook.Commune{}}
	for _, c := range t.Communes {
		p.byCode[c.INSEE] = c
		name := ledger.Fold(c.Name)
		p.byName[name] = append(p.byName[name], c)
	}
	return p
}

// complete gives a commune its code, its EPCI and its département; one of elsewhere stays as it is.
func (p places) complete(place ledger.Place) (ledger.Place, error) {
	c, ok := p.byCode[place.Commune]
	if !ok && place.Commune != "" && strings.Trim(place.Commune, "0123456789AB") != "" {
		named := p.byName[ledger.Fold(place.Commune)]
		if place.Departement != "" {
			named = slices.DeleteFunc(slices.Clone(named), func(c rulebook.Commune) bool { return c.Departement != place.Departement })
		}
		switch len(named) {
		case 0:
			return place, fmt.Errorf("la commune « %s » n'est pas dans le registre : donnez son code Insee", place.Commune)
		case 1:
			c, ok = named[0], true
		default:
			return place, fmt.Errorf("%d communes s'appellent « %s » : donnez le code Insee, ou le département", len(named), place.Commune)
		}
	}
	if ok {
		place.Commune = c.INSEE
		if place.EPCI == "" {
			place.EPCI = c.EPCI
		}
		if place.Departement == "" {
			place.Departement = c.Departement
		}
	}
	return place, nil
}

type requestExport struct {
	asker
	Format  exchange.Format `enum:"csv,xlsx" default:"csv" placeholder:"csv" help:"csv (par défaut) ou xlsx."`
	Mapping string          `placeholder:"FICHIER" help:"La correspondance des colonnes ; par défaut, toutes les nôtres."`
	Output  string          `placeholder:"FICHIER" help:"Où écrire, au lieu de la sortie standard."`
	Status  []ledger.Status `placeholder:"ÉTAT" help:"N'écrire que ces états : waiting, transmitted, taken, answered, closed, unreachable, merged (jointe à une autre)."`
	Lead    string          `placeholder:"DIRECTION" help:"N'écrire que celles d'une direction."`
	Text    string          `placeholder:"TEXTE" help:"N'écrire que celles qui contiennent ce texte."`
	Part    string          `placeholder:"DIRECTION" help:"N'écrire que celles, ouvertes, où cette direction associée a encore sa part à faire."`
	Late    bool            `help:"N'écrire que celles dont l'échéance est passée."`
}

// exported is what the log of accesses tells of an export, which holds more than any page.
const exported = "export de demandes"

func (c *requestExport) Run(ctx context.Context, a *app) (err error) {
	viewer, err := reader{asker: c.asker}.viewer()
	if err != nil {
		return err
	}
	for _, s := range c.Status {
		if !slices.Contains(ledger.ForeignStatuses(), s) {
			return usageError{fmt.Errorf("--status « %s » : %s", s, listed(ledger.ForeignStatuses()))}
		}
	}
	mapping, err := loadMapping(c.Mapping, requestMapping(), requestFields())
	if err != nil {
		return err
	}
	db, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	store, err := a.openLedger(ctx, db)
	if err != nil {
		return err
	}
	if err := (reader{}).accessed(ctx, a, store, viewer, ledger.Access{Sought: exported}); err != nil {
		return err
	}
	to := a.stdout
	if c.Output != "" {
		file, err := create(c.Output, true)
		if err != nil {
			return fmt.Errorf("écrire l'export : %w", err)
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		to = file
	}
	filter := ledger.Filter{Status: c.Status, Lead: c.Lead, EPCI: string(c.EPCI), Text: c.Text, Part: c.Part}
	if c.Late {
		filter.Late = a.now()
	}
	out, err := mapping.NewWriter(to, c.Format)
	if err != nil {
		return fmt.Errorf("écrire l'export : %w", err)
	}
	err = db.Snapshot(ctx, func(ctx context.Context) error {
		return store.Histories(ctx, viewer, filter, func(reference string, h ledger.History) error {
			if err := out.Write(rowOf(reference, h)); err != nil {
				return fmt.Errorf("écrire la demande %s : %w", reference, err)
			}
			return nil
		})
	})
	return errors.Join(err, out.Close())
}

func rowOf(reference string, h ledger.History) map[string]string {
	return map[string]string{
		"source": h.Source, "id": h.ID, "reference": reference, "received": exchange.FromTime(h.Received), "text": h.Text, "author": h.Author,
		"company": h.Company.Name, "siren": h.Company.SIREN, "siret": h.Company.SIRET,
		"commune": h.Place.Commune, "epci": h.Place.EPCI, "departement": h.Place.Departement,
		"status": string(h.Status), "lead": h.Lead, "associated": strings.Join(h.Associated, ", "), "owner": h.Owner,
		"taken": exchange.FromTime(h.Taken), "answered": exchange.FromTime(h.Answered), "answer": h.Answer,
		"ended": exchange.FromTime(h.Ended), "why": h.EndedWhy, "reopened": exchange.FromTime(h.Reopened),
		"joined": h.Into.ID, "joined_source": h.Into.Source,
	}
}
