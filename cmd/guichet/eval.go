package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"guichet/knowledge"
	"guichet/knowledge/measure"
	"guichet/knowledge/sqlstore"
	"guichet/migrations/database"
)

type evalCmd struct {
	Retrieval evalRetrieval `cmd:"" help:"Mesurer la recherche sur un dossier BEIR, dans un index temporaire."`
	Routing   evalRouting   `cmd:"" help:"Mesurer l'orientation sur des messages étiquetés."`
	Answers   evalAnswers   `cmd:"" help:"Mesurer les réponses sur des questions étiquetées, avec la base."`
}

type evalRetrieval struct {
	Dir    string `arg:"" name:"dossier" help:"Dossier BEIR : corpus, questions, jugements."`
	Ranks  string `name:"run" placeholder:"FICHIER" help:"Écrire les classements au format TREC, 100 documents par question."`
	Misses int    `placeholder:"N" help:"Expliquer les N plus mauvais échecs : les questions sans bon document parmi les dix premiers."`
	Mode   string `enum:",lexical,vector,hybrid" default:"" placeholder:"MODE" help:"Ce qui trouve et classe : lexical (les mots), vector (le sens) ou hybrid (les deux, par défaut s'il y a des vecteurs)."`
}

func (c *evalRetrieval) Run(ctx context.Context, a *app) (err error) {
	if c.Misses < 0 {
		return usageError{fmt.Errorf("--misses %d : un nombre de questions est attendu", c.Misses)}
	}
	collection, err := measure.ReadCollection(c.Dir)
	if err != nil {
		return err
	}
	db, drop, err := a.openTemporary(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drop()) }()
	var ranking io.Writer
	if c.Ranks != "" {
		file, err := create(c.Ranks, true)
		if err != nil {
			return fmt.Errorf("écrire les classements : %w", err)
		}
		buffer := bufio.NewWriter(file)
		defer func() {
			if e := errors.Join(buffer.Flush(), file.Close()); e != nil {
				err = errors.Join(err, fmt.Errorf("écrire les classements : %w", e))
			}
		}()
		ranking = buffer
	}
	store := sqlstore.New(db, nil)
	base := knowledge.NewBase(store)
	if base.Embedder, err = a.Embeddings.embedder(); err != nil {
		return err
	}
	if c.Mode != "" {
		base.Mode = knowledge.Mode(c.Mode)
	}
	quality, err := measure.Rank(ctx, store, base, collection, ranking, time.Now)
	if err != nil {
		return err
	}
	misses := quality.Misses[:min(c.Misses, len(quality.Misses))]
	if a.JSON {
		return writeJSON(a.stdout, struct {
			measure.Retrieval
			Mode   knowledge.Mode   `json:"mode"`
			Misses []measure.Missed `json:"misses,omitempty"`
		}{quality, base.Mode, misses})
	}
	for _, m := range misses {
		place := fmt.Sprintf("classé %de", m.Rank)
		if m.Rank == 0 {
			place = fmt.Sprintf("absent des %d premiers", measure.Depth)
		}
		fmt.Fprintf(a.stdout, "%s  %s\n    attendu %s, %s", m.ID, m.Text, m.Document, place)
		if len(m.Lacking) > 0 {
			fmt.Fprintf(a.stdout, " ; il n'a pas : %s", strings.Join(m.Lacking, ", "))
		}
		switch {
		case m.First == "":
			fmt.Fprint(a.stdout, "\n    rien n'a été trouvé\n")
		case len(m.Held) == 0:
			fmt.Fprintf(a.stdout, "\n    premier : %s, par le sens seul\n", m.First)
		default:
			fmt.Fprintf(a.stdout, "\n    premier : %s, qui a : %s\n", m.First, strings.Join(m.Held, ", "))
		}
	}
	fmt.Fprintf(a.stdout, "%d documents, %d questions\nnDCG@10 %.4f   MRR@10 %.4f   rappel@10 %.4f   rappel@100 %.4f\n",
		quality.Documents, quality.Queries, quality.NDCG10, quality.MRR10, quality.Recall10, quality.Recall100)
	return nil
}

// openTemporary opens an empty database of the same engine as the one that is configured: a file, or a schema of its own.
// What it returns closes it and leaves nothing.
func (a *app) openTemporary(ctx context.Context) (*database.DB, func() error, error) {
	if !strings.HasPrefix(a.Database, "postgres") {
		folder, err := os.MkdirTemp("", "guichet-eval-")
		if err != nil {
			return nil, nil, fmt.Errorf("créer l'index temporaire : %w", err)
		}
		db, err := database.Open(ctx, "sqlite:"+filepath.Join(folder, "index.db"))
		if err != nil {
			return nil, nil, errors.Join(err, os.RemoveAll(folder))
		}
		return db, func() error { return errors.Join(db.Close(), os.RemoveAll(folder)) }, nil
	}
	address, err := url.Parse(a.Database)
	if err != nil { // its text repeats the address
		return nil, nil, errors.New("adresse PostgreSQL illisible")
	}
	configured, err := database.Connect(ctx, a.Database)
	if err != nil {
		return nil, nil, err
	}
	schema, path := "guichet_eval_"+strings.ToLower(rand.Text()), ""
	drop := func() error { // also when the context ended
		ctx := context.WithoutCancel(ctx)
		err := configured.InTx(ctx, func(ctx context.Context) error {
			_, err := configured.Conn(ctx).ExecContext(ctx, `DROP SCHEMA IF EXISTS `+schema+` CASCADE`)
			return err
		})
		return errors.Join(err, configured.Close())
	}
	err = configured.InTx(ctx, func(ctx context.Context) error {
		conn := configured.Conn(ctx)
		// Where it goes when the database has none yet: not into a schema that will be dropped.
		if _, err := conn.ExecContext(ctx, `CREATE EXTENSION IF NOT EXISTS vector`); err != nil {
			return err
		}
		if _, err := conn.ExecContext(ctx, `CREATE SCHEMA `+schema); err != nil {
			return err
		}
		return conn.QueryRowContext(ctx, `SELECT current_setting('search_path')`).Scan(&path)
	})
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("créer l'index temporaire : %w", err), drop())
	}
	query := address.Query()
	query.Set("search_path", schema+","+strings.ReplaceAll(path, " ", "")) // pgx reads « + » as it stands
	address.RawQuery = query.Encode()
	db, err := database.Open(ctx, address.String())
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("créer l'index temporaire : %w", err), drop())
	}
	return db, func() error { return errors.Join(db.Close(), drop()) }, nil
}

type evalRouting struct {
	File string `arg:"" name:"fichier" help:"Messages étiquetés, une ligne JSON par cas."`
}

// routingCase is a labelled message.
type routingCase struct {
	messageLine
	Lead       *string  `json:"lead"`
	Rule       *string  `json:"rule"`
	Associated []string `json:"associated"`
	Missing    []string `json:"missing"`
	Arbitrate  bool     `json:"arbitrate"`
}

// routingQuality counts the messages whose lead and missing facts are right, and among all of them rules and associates.
type routingQuality struct {
	Cases      int           `json:"cases"`
	Right      int           `json:"right"`
	Rules      int           `json:"rules"`
	Associated int           `json:"associated"`
	Misses     []routingMiss `json:"misses"`
}

type routingMiss struct {
	ID      id       `json:"id"`
	Text    string   `json:"text"`
	Want    string   `json:"want"`
	Got     string   `json:"got"`
	Reasons []string `json:"reasons"`
}

func (c *evalRouting) Run(_ context.Context, a *app) error {
	r, err := loadRegion(a.RulesPath)
	if err != nil {
		return err
	}
	q := routingQuality{Misses: []routingMiss{}}
	err = readLines(c.File, func(line []byte) error {
		var labelled routingCase
		if err := decodeLine(line, &labelled); err != nil {
			return err
		}
		got, err := r.route(labelled.messageLine)
		if err != nil {
			return err
		}
		q.add(labelled, got)
		return nil
	})
	if err != nil {
		return err
	}
	if a.JSON {
		return writeJSON(a.stdout, q)
	}
	for _, m := range q.Misses {
		fmt.Fprintf(a.stdout, "%s  attendu %s, obtenu %s\n    %s\n    %s\n", m.ID, m.Want, m.Got, m.Text, strings.Join(m.Reasons, "\n    "))
	}
	fmt.Fprintf(a.stdout, "chef de file et fait manquant : %d sur %d ; règle : %d ; associées : %d\n", q.Right, q.Cases, q.Rules, q.Associated)
	return nil
}

func (q *routingQuality) add(want routingCase, got decisionLine) {
	q.Cases++
	if equal(want.Rule, got.Rule) {
		q.Rules++
	}
	if slices.Equal(slices.Sorted(slices.Values(want.Associated)), slices.Sorted(slices.Values(got.Associated))) {
		q.Associated++
	}
	if equal(want.Lead, got.Lead) && slices.Equal(want.Missing, got.Missing) && want.Arbitrate == got.Arbitrate {
		q.Right++
		return
	}
	q.Misses = append(q.Misses, routingMiss{
		ID: want.ID, Text: want.Text, Reasons: got.Reasons,
		Want: summary(want.Lead, want.Rule, want.Missing), Got: summary(got.Lead, got.Rule, got.Missing),
	})
}

func equal(a, b *string) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

func summary(lead, rule *string, missing []string) string {
	if lead == nil {
		return "demander " + strings.Join(missing, ", ")
	}
	if rule == nil {
		return *lead
	}
	return *lead + " (" + *rule + ")"
}

type evalAnswers struct {
	File string `arg:"" name:"fichier" help:"Questions étiquetées, une ligne JSON par cas."`
}

// answersQuality counts the questions treated rightly.
type answersQuality struct {
	Answerable   int          `json:"answerable"`
	Answered     int          `json:"answered"`
	Cited        int          `json:"cited"`
	Unanswerable int          `json:"unanswerable"`
	Declined     int          `json:"declined"`
	Misses       []answerMiss `json:"misses"`
}

type answerMiss struct {
	ID       string `json:"id"`
	Question string `json:"q"`
	Reason   string `json:"reason"`
	Answer   string `json:"answer"`
}

func (c *evalAnswers) Run(ctx context.Context, a *app) error {
	var cases []measure.Case
	err := readLines(c.File, func(line []byte) error {
		asked := measure.Case{Audience: knowledge.Public}
		if err := decodeLine(line, &asked); err != nil {
			return err
		}
		cases = append(cases, asked)
		return nil
	})
	if err != nil {
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
	r, err := measure.Ask(ctx, o.desk.Ask, cases, a.now())
	if err != nil {
		return err
	}
	q := answersQuality{Answerable: r.Answerable, Answered: r.Answered, Cited: r.Cited, Unanswerable: r.Unanswerable, Declined: r.Declined, Misses: []answerMiss{}}
	for _, m := range r.Misses {
		q.Misses = append(q.Misses, answerMiss{ID: m.Case.ID, Question: m.Case.Question, Reason: m.Reason, Answer: m.Answer.Text})
	}
	if a.JSON {
		return writeJSON(a.stdout, q)
	}
	for _, m := range q.Misses {
		fmt.Fprintf(a.stdout, "%s  %s\n    %s\n    %s\n", m.ID, m.Question, m.Reason, firstLine(m.Answer, 200))
	}
	fmt.Fprintf(a.stdout, "réponses justes : %d sur %d, dont citées : %d ; refus justes : %d sur %d\n", q.Answered, q.Answerable, q.Cited, q.Declined, q.Unanswerable)
	return nil
}

// readLines gives each line of a file that is not empty; errors name the file and the line. A file without any is an error:
// it would measure nothing.
func readLines(name string, each func([]byte) error) error {
	file, err := os.Open(name)
	if err != nil {
		return frenchFile(err)
	}
	defer file.Close()
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 32<<20)
	empty := true
	for n := 1; scanner.Scan(); n++ {
		if strings.TrimSpace(scanner.Text()) == "" {
			continue
		}
		if err := each(scanner.Bytes()); err != nil {
			return fmt.Errorf("%s:%d : %w", name, n, err)
		}
		empty = false
	}
	switch err := scanner.Err(); {
	case err != nil:
		return frenchFile(err)
	case empty:
		return fmt.Errorf("%s : le fichier est vide ; un cas par ligne est attendu, en JSON", name)
	}
	return nil
}
