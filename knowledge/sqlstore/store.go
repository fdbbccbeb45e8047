package sqlstore

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"guichet/knowledge"
	"guichet/migrations"
	"guichet/migrations/database"
)

// Jobs plans the embedding of a document in the transaction of the context, so that it is planned if, and only if, the
// document is kept.
type Jobs interface {
	Embed(ctx context.Context, document string) error
}

// Store is a knowledge.Store in the project's database. Its writes join the transaction of their context.
type Store struct {
	db   *database.DB
	jobs Jobs
	engine
	memory *memory
	// last gives the number of the base's last change.
	last func(ctx context.Context) (int64, error)
}

// engine is what the two databases do each in its way.
type engine interface {
	// each gives the name of the function that makes rows (value) of a JSON list.
	each() string
	// holding gives the passages that hold a word (indexed).
	holding(ctx context.Context, word string, change int64) (places, error)
	// nearest gives the nearest passages by a model that have the rights, $1 to $3 of visible and open, or stand on the shelf.
	nearest(ctx context.Context, rights []any, shelf shelf, change int64, model int, q knowledge.NearQuery) ([]int64, error)
	// index makes the vectors of a model quick to find, once most are there; again is harmless.
	index(ctx context.Context, number, dimensions int) error
	// drop undoes index.
	drop(ctx context.Context, number int) error
	// encode gives the vector as it is kept, and the expression that takes it from the JSON text of that.
	encode(vector []float32) string
	decoded(text string) string
	// sent gives the expression that sends a vector, values what it sent.
	sent(column string) string
	values(sent []byte) []int8
}

// New gives the store of an open database. Without jobs, vectors wait for knowledge.EmbedAll.
func New(db *database.DB, jobs Jobs) *Store {
	s := &Store{db: db, jobs: jobs, memory: &memory{}, last: func(ctx context.Context) (last int64, err error) {
		err = db.Conn(ctx).QueryRowContext(ctx, `SELECT last FROM base_changes`).Scan(&last)
		return last, err
	}}
	if db.Dialect == migrations.PostgreSQL {
		s.engine = &postgres{db: db}
	} else {
		s.engine = &sqlite{db: db}
	}
	return s
}

// Now implements knowledge.Store.
func (s *Store) Now() knowledge.Store {
	now := *s
	var asking sync.Mutex
	var last int64
	asked := false
	now.last = func(ctx context.Context) (int64, error) {
		asking.Lock()
		defer asking.Unlock()
		if asked {
			return last, nil
		}
		var err error
		last, err = s.last(ctx)
		asked = err == nil
		return last, err
	}
	return &now
}

const (
	documentColumns = `d.id, d.title, d.source, d.url, d.audience, d.epci, d.date, d.valid_from, d.valid_until, d.unavailable, d.hash, d.damaged, d.passages`
	passageColumns  = `p.ordinal, p.kind, p.path, p.text, p."offset", p.page`

	// visible is the one place where rights are written. $1 is the audience, $2 the EPCI.
	visible = `d.audience <= $1 AND (d.epci = '' OR d.epci = $2 OR $1 >= 3)`
	// open leaves out the schemes closed on the day $3; '' keeps them.
	open = `($3 = '' OR (NOT d.unavailable AND (d.valid_until = '' OR d.valid_until >= $3)))`
)

// Put implements knowledge.Store.
func (s *Store) Put(ctx context.Context, d knowledge.Document, entries []knowledge.Entry) error {
	if err := (knowledge.Viewer{Audience: d.Audience}).Check(); err != nil {
		return fmt.Errorf("enregistrer %s : %w", d.ID, err)
	}
	if err := s.put(ctx, d, entries); err != nil {
		if errors.As(err, new(*knowledge.ConflictError)) {
			return err
		}
		return fmt.Errorf("enregistrer %s : %w", d.ID, err)
	}
	return nil
}

func (s *Store) put(ctx context.Context, d knowledge.Document, entries []knowledge.Entry) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		number, err := s.change(ctx)
		if err != nil {
			return err
		}
		db := s.db.Conn(ctx)
		var other string
		switch err := db.QueryRowContext(ctx, `SELECT id FROM documents WHERE source = $1 AND id <> $2`, d.Source, d.ID).Scan(&other); {
		case err == nil:
			return &knowledge.ConflictError{ID: d.ID, Source: d.Source, Other: "« " + other + " » (même source)"}
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
		if err := s.remove(ctx, d.ID); err != nil {
			return err
		}
		length := 0
		counted := counts{}
		rows := make([][]any, len(entries))
		for i, e := range entries {
			path, err := json.Marshal(e.Path)
			if err != nil {
				return err
			}
			length += len(e.Body)
			counted.add(e.Title, e.Section, e.Body)
			rows[i] = []any{number<<passageBits + int64(e.Ordinal), e.Ordinal, e.Kind, string(path), e.Text, e.Offset, e.Page,
				strings.Join(e.Title, " "), strings.Join(e.Section, " "), strings.Join(e.Body, " "), len(e.Title) + len(e.Section) + len(e.Body), hash(knowledge.Meaning(d.Title, e.Passage))}
		}
		_, err = db.ExecContext(ctx, `INSERT INTO documents (number, id, title, source, url, audience, epci, date, valid_from, valid_until, unavailable, hash, words, passages, damaged, changed)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $1)`,
			number, d.ID, d.Title, d.Source, d.URL, int(d.Audience), d.EPCI, day(d.Date), day(d.ValidFrom), day(d.ValidUntil), d.Unavailable, d.Hash, length, len(entries), d.Damaged)
		if err != nil {
			return err
		}
		_, err = db.ExecContext(ctx, `INSERT INTO passages (number, document, ordinal, kind, path, text, "offset", page, title_words, path_words, body_words, length, meaning)
			SELECT CAST(value->>0 AS BIGINT), CAST($1 AS BIGINT), CAST(value->>1 AS INTEGER), CAST(value->>2 AS INTEGER), value->>3, value->>4, CAST(value->>5 AS INTEGER), CAST(value->>6 AS INTEGER),
				value->>7, value->>8, value->>9, CAST(value->>10 AS INTEGER), value->>11 FROM `+s.each()+`($2) AS e`, number, list(rows))
		if err != nil {
			return err
		}
		if err := s.count(ctx, int(d.Audience), d.EPCI, counted, 1); err != nil {
			return err
		}
		if s.jobs != nil {
			return s.jobs.Embed(ctx, d.ID)
		}
		return nil
	})
}

// passageBits is how many bits of a passage's number its ordinal takes; those above are its document's number.
const passageBits = 20

// change numbers the change that a transaction makes; those that change the base wait for each other here.
func (s *Store) change(ctx context.Context) (number int64, err error) {
	err = s.db.Conn(ctx).QueryRowContext(ctx, `UPDATE base_changes SET last = last + 1 RETURNING last`).Scan(&number)
	return number, err
}

// Remove implements knowledge.Store.
func (s *Store) Remove(ctx context.Context, ids ...string) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.change(ctx); err != nil {
			return fmt.Errorf("retirer des documents : %w", err)
		}
		for _, id := range ids {
			if err := s.remove(ctx, id); err != nil {
				return fmt.Errorf("retirer %s : %w", id, err)
			}
		}
		return nil
	})
}

// remove takes a document out, and its words out of the counts.
func (s *Store) remove(ctx context.Context, id string) error {
	var number int64
	var audience int
	var epci string
	switch err := s.db.Conn(ctx).QueryRowContext(ctx, `SELECT number, audience, epci FROM documents WHERE id = $1`, id).Scan(&number, &audience, &epci); {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	}
	counted := counts{}
	err := s.query(ctx, `SELECT title_words, path_words, body_words FROM passages WHERE document = $1`, []any{number}, func(scan scanner) error {
		var title, section, body string
		if err := scan(&title, &section, &body); err != nil {
			return err
		}
		counted.add(strings.Fields(title), strings.Fields(section), strings.Fields(body))
		return nil
	})
	if err != nil {
		return err
	}
	for _, statement := range []string{`DELETE FROM passages WHERE document = $1`, `DELETE FROM documents WHERE number = $1`} {
		if _, err := s.db.Conn(ctx).ExecContext(ctx, statement, number); err != nil {
			return err
		}
	}
	return s.count(ctx, audience, epci, counted, -1)
}

// counts is how many passages of a document hold each word; ” counts them all.
type counts map[string]int

func (c counts) add(words ...[]string) {
	seen := map[string]bool{"": true}
	c[""]++
	for _, w := range slices.Concat(words...) {
		if !seen[w] {
			seen[w] = true
			c[w]++
		}
	}
}

// count adds a document's words to the counts of those who see it, or takes them away.
func (s *Store) count(ctx context.Context, audience int, epci string, counted counts, sign int) error {
	if len(counted) == 0 {
		counted = counts{"": 0} // a document without passages counts too
	}
	rows := make([][]any, 0, len(counted))
	for word, n := range counted {
		rows = append(rows, []any{word, sign * n})
	}
	words := list(rows)
	_, err := s.db.Conn(ctx).ExecContext(ctx, `INSERT INTO word_counts (word, audience, epci, passages, documents)
		SELECT value->>0, CAST($1 AS INTEGER), $2, CAST(value->>1 AS INTEGER), CAST($3 AS INTEGER) FROM `+s.each()+`($4) AS e WHERE true
		ON CONFLICT (word, audience, epci) DO UPDATE SET passages = word_counts.passages + excluded.passages, documents = word_counts.documents + excluded.documents`,
		audience, epci, sign, words)
	if err == nil && sign < 0 {
		_, err = s.db.Conn(ctx).ExecContext(ctx, `DELETE FROM word_counts WHERE audience = $1 AND epci = $2 AND documents = 0
			AND word IN (SELECT value->>0 FROM `+s.each()+`($3) AS e)`, audience, epci, words)
	}
	if err != nil {
		return fmt.Errorf("compter les mots : %w", err)
	}
	return nil
}

// Documents implements knowledge.Store.
func (s *Store) Documents(ctx context.Context, v knowledge.Viewer) ([]knowledge.Document, error) {
	if err := v.Check(); err != nil {
		return nil, err
	}
	var out []knowledge.Document
	err := s.query(ctx, `SELECT `+documentColumns+` FROM documents d WHERE `+visible+` ORDER BY d.id`, rights(v), func(scan scanner) error {
		var d document
		err := scan(d.fields()...)
		out = append(out, d.value())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("lister les documents : %w", err)
	}
	return out, nil
}

// Open implements knowledge.Store.
func (s *Store) Open(ctx context.Context, v knowledge.Viewer, id string) (knowledge.Document, []knowledge.Passage, error) {
	if err := v.Check(); err != nil {
		return knowledge.Document{}, nil, err
	}
	var d document
	var passages []knowledge.Passage
	err := s.query(ctx, `SELECT `+documentColumns+`, `+passageColumns+`
		FROM documents d JOIN passages p ON p.document = d.number WHERE `+visible+` AND d.id = $3 ORDER BY p.ordinal`, append(rights(v), id), func(scan scanner) error {
		var p passage
		if err := scan(append(d.fields(), p.fields()...)...); err != nil {
			return err
		}
		value, err := p.value(d.id)
		passages = append(passages, value)
		return err
	})
	if err == nil && len(passages) == 0 {
		err = knowledge.ErrNotFound
	}
	if err != nil {
		return knowledge.Document{}, nil, fmt.Errorf("ouvrir « %s » : %w", id, err)
	}
	return d.value(), passages, nil
}

// Vocabulary implements knowledge.Store.
func (s *Store) Vocabulary(ctx context.Context, v knowledge.Viewer, prefix string) (map[string]int, error) {
	if err := v.Check(); err != nil {
		return nil, err
	}
	out := map[string]int{}
	if !utf8Text(prefix) {
		return out, nil
	}
	err := s.query(ctx, `SELECT d.word, sum(d.passages) FROM word_counts d
		WHERE `+visible+` AND d.word >= $3 AND d.word < $4 AND d.word <> '' GROUP BY d.word`, append(rights(v), prefix, prefix+"\U0010FFFF"), func(scan scanner) error {
		var word string
		var n int
		err := scan(&word, &n)
		out[word] = n
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("lire le vocabulaire : %w", err)
	}
	return out, nil
}

// utf8Text tells whether a text can be looked for: PostgreSQL has none with a NUL or with bytes that are no UTF-8.
func utf8Text(s string) bool { return !strings.ContainsRune(s, 0) && strings.ToValidUTF8(s, "") == s }

func rights(v knowledge.Viewer) []any {
	return []any{int(v.Audience), strings.ToValidUTF8(strings.ReplaceAll(v.EPCI, "\x00", "?"), "?")}
}

// scanner reads a row.
type scanner func(fields ...any) error

func (s *Store) query(ctx context.Context, statement string, args []any, each func(scanner) error) error {
	return query(ctx, s.db, statement, args, each)
}

// query calls each on every row.
func query(ctx context.Context, db *database.DB, statement string, args []any, each func(scanner) error) error {
	rows, err := db.Conn(ctx).QueryContext(ctx, statement, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// list writes rows as a JSON list of lists, to give many at once.
func list(rows [][]any) string {
	text, err := json.Marshal(rows)
	if err != nil {
		panic(err) // numbers and texts only
	}
	return string(text)
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// document and passage are rows, as scanned.
type document struct {
	id, title, source, url, epci, date, from, until, hash string
	audience                                              uint8
	unavailable                                           bool
	damaged                                               float64
	passages                                              int
}

func (d *document) fields() []any {
	return []any{&d.id, &d.title, &d.source, &d.url, &d.audience, &d.epci, &d.date, &d.from, &d.until, &d.unavailable, &d.hash, &d.damaged, &d.passages}
}

func (d *document) value() knowledge.Document {
	return knowledge.Document{ID: d.id, Title: d.title, Source: d.source, URL: d.url, Audience: knowledge.Audience(d.audience), EPCI: d.epci,
		Date: date(d.date), ValidFrom: date(d.from), ValidUntil: date(d.until), Unavailable: d.unavailable, Hash: d.hash, Damaged: d.damaged, Passages: d.passages}
}

type passage struct {
	path, text                  string
	ordinal, kind, offset, page int
}

func (p *passage) fields() []any {
	return []any{&p.ordinal, &p.kind, &p.path, &p.text, &p.offset, &p.page}
}

func (p *passage) value(document string) (knowledge.Passage, error) {
	out := knowledge.Passage{Document: document, Ordinal: p.ordinal, Kind: knowledge.BlockKind(p.kind), Text: p.text, Offset: p.offset, Page: p.page}
	if err := json.Unmarshal([]byte(p.path), &out.Path); err != nil {
		return out, fmt.Errorf("lire le passage %d de %s : %w", p.ordinal, document, err)
	}
	return out, nil
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

func date(s string) time.Time {
	t, _ := time.Parse(time.DateOnly, s) // '' and only '' fails: day wrote it
	return t
}
