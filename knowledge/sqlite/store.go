package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	"guichet/knowledge"
	"guichet/migrations/database"
)

// Store is a knowledge.Store in the project's database. Its writes join the transaction of their context.
type Store struct{ db *database.DB }

// New gives the store of an open database.
func New(db *database.DB) *Store { return &Store{db: db} }

const (
	documentColumns = `d.id, d.title, d.source, d.url, d.audience, d.epci, d.date, d.valid_from, d.valid_until, d.unavailable, d.hash`
	passageColumns  = `p.ordinal, p.kind, p.path, p.text, p.offset, p.page`

	// visible is the one place where rights are written. $1 is the audience, $2 the EPCI.
	visible = `d.audience <= $1 AND (d.epci = '' OR d.epci = $2 OR $1 >= 3)`
	// open leaves out the schemes closed on the day $3; '' keeps them.
	open = `($3 = '' OR (d.unavailable = 0 AND (d.valid_until = '' OR d.valid_until >= $3)))`
)

// Put implements knowledge.Store.
func (s *Store) Put(ctx context.Context, d knowledge.Document, entries []knowledge.Entry) error {
	if err := (knowledge.Viewer{Audience: d.Audience}).Check(); err != nil {
		return fmt.Errorf("enregistrer %s : %w", d.ID, err)
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		db := s.db.Conn(ctx)
		var other string
		switch err := db.QueryRowContext(ctx, `SELECT id FROM documents WHERE source = $1 AND id <> $2`, d.Source, d.ID).Scan(&other); {
		case err == nil:
			return &knowledge.ConflictError{ID: d.ID, Source: d.Source, Other: "« " + other + " » (même source)"}
		case !errors.Is(err, sql.ErrNoRows):
			return fmt.Errorf("chercher %s : %w", d.Source, err)
		}
		if err := s.remove(ctx, d.ID); err != nil {
			return err
		}
		length := 0
		for _, e := range entries {
			length += len(e.Body)
		}
		var document int64
		err := db.QueryRowContext(ctx, `INSERT INTO documents (id, title, source, url, audience, epci, date, valid_from, valid_until, unavailable, hash, words, passages)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING number`,
			d.ID, d.Title, d.Source, d.URL, d.Audience, d.EPCI, day(d.Date), day(d.ValidFrom), day(d.ValidUntil), d.Unavailable, d.Hash, length, len(entries)).Scan(&document)
		if err != nil {
			return fmt.Errorf("enregistrer %s : %w", d.ID, err)
		}
		var title []string
		var whole strings.Builder
		for _, e := range entries {
			path, err := json.Marshal(e.Path)
			if err != nil {
				return fmt.Errorf("enregistrer %s, passage %d : %w", d.ID, e.Ordinal, err)
			}
			titleWords, sectionWords, bodyWords := strings.Join(e.Title, " "), strings.Join(e.Section, " "), strings.Join(e.Body, " ")
			var passage int64
			err = db.QueryRowContext(ctx, `INSERT INTO passages (document, ordinal, kind, path, text, offset, page, title_words, path_words, body_words)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING number`,
				document, e.Ordinal, e.Kind, path, e.Text, e.Offset, e.Page, titleWords, sectionWords, bodyWords).Scan(&passage)
			if err == nil {
				_, err = db.ExecContext(ctx, `INSERT INTO passage_words (rowid, title, path, body) VALUES ($1, $2, $3, $4)`,
					passage, titleWords, sectionWords, bodyWords)
			}
			if err != nil {
				return fmt.Errorf("enregistrer %s, passage %d : %w", d.ID, e.Ordinal, err)
			}
			title = e.Title
			whole.WriteString(bodyWords + " ")
		}
		_, err = db.ExecContext(ctx, `INSERT INTO document_words (rowid, title, body) VALUES ($1, $2, $3)`, document, strings.Join(title, " "), whole.String())
		if err != nil {
			return fmt.Errorf("indexer %s : %w", d.ID, err)
		}
		return nil
	})
}

// Remove implements knowledge.Store.
func (s *Store) Remove(ctx context.Context, ids ...string) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		for _, id := range ids {
			if err := s.remove(ctx, id); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Store) remove(ctx context.Context, id string) error {
	for _, statement := range []string{
		`DELETE FROM passage_words WHERE rowid IN (SELECT p.number FROM passages p JOIN documents d ON d.number = p.document WHERE d.id = $1)`,
		`DELETE FROM document_words WHERE rowid IN (SELECT number FROM documents WHERE id = $1)`,
		`DELETE FROM passages WHERE document IN (SELECT number FROM documents WHERE id = $1)`,
		`DELETE FROM documents WHERE id = $1`,
	} {
		if _, err := s.db.Conn(ctx).ExecContext(ctx, statement, id); err != nil {
			return fmt.Errorf("retirer %s : %w", id, err)
		}
	}
	return nil
}

// Documents implements knowledge.Store.
func (s *Store) Documents(ctx context.Context, v knowledge.Viewer) ([]knowledge.Document, error) {
	if err := v.Check(); err != nil {
		return nil, err
	}
	rows, err := s.db.Conn(ctx).QueryContext(ctx, `SELECT `+documentColumns+` FROM documents d WHERE `+visible+` ORDER BY d.id`, v.Audience, v.EPCI)
	if err != nil {
		return nil, fmt.Errorf("lister les documents : %w", err)
	}
	defer rows.Close()
	var out []knowledge.Document
	for rows.Next() {
		var d document
		if err := rows.Scan(d.fields()...); err != nil {
			return nil, fmt.Errorf("lister les documents : %w", err)
		}
		out = append(out, d.value())
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("lister les documents : %w", err)
	}
	return out, nil
}

// Open implements knowledge.Store.
func (s *Store) Open(ctx context.Context, v knowledge.Viewer, id string) (knowledge.Document, []knowledge.Passage, error) {
	if err := v.Check(); err != nil {
		return knowledge.Document{}, nil, err
	}
	rows, err := s.db.Conn(ctx).QueryContext(ctx, `SELECT `+documentColumns+`, `+passageColumns+`
		FROM documents d JOIN passages p ON p.document = d.number WHERE `+visible+` AND d.id = $3 ORDER BY p.ordinal`, v.Audience, v.EPCI, id)
	if err != nil {
		return knowledge.Document{}, nil, fmt.Errorf("ouvrir %s : %w", id, err)
	}
	defer rows.Close()
	var d document
	var passages []knowledge.Passage
	for rows.Next() {
		var p passage
		if err := rows.Scan(append(d.fields(), p.fields()...)...); err != nil {
			return knowledge.Document{}, nil, fmt.Errorf("ouvrir %s : %w", id, err)
		}
		value, err := p.value(d.id)
		if err != nil {
			return knowledge.Document{}, nil, err
		}
		passages = append(passages, value)
	}
	if err := rows.Err(); err != nil {
		return knowledge.Document{}, nil, fmt.Errorf("ouvrir %s : %w", id, err)
	}
	if len(passages) == 0 {
		return knowledge.Document{}, nil, fmt.Errorf("ouvrir « %s » : %w", id, knowledge.ErrNotFound)
	}
	return d.value(), passages, nil
}

// Find implements knowledge.Store. Titles weigh more than text in both scores; the weights were set on the labelled
// collections (package measure).
func (s *Store) Find(ctx context.Context, v knowledge.Viewer, q knowledge.Query) ([]knowledge.Hit, error) {
	if err := v.Check(); err != nil {
		return nil, err
	}
	match, sure := matchAny(q.Words), matchAny(q.Sure)
	if sure == "" {
		sure = match
	}
	if match == "" || q.Documents <= 0 && q.Passages <= 0 {
		return nil, nil
	}
	rows, err := s.db.Conn(ctx).QueryContext(ctx, `
		WITH whole AS MATERIALIZED (
			SELECT d.number
			FROM document_words w JOIN documents d ON d.number = w.rowid
			WHERE document_words MATCH $7 AND `+visible+` AND `+open+` ORDER BY bm25(document_words, 2.0, 1.0) LIMIT $5),
		every AS MATERIALIZED (
			SELECT w.rowid AS number, p.document, -bm25(passage_words, 1.0, 1.5, 1.0) AS score
			FROM passage_words w JOIN passages p ON p.number = w.rowid JOIN documents d ON d.number = p.document
			WHERE passage_words MATCH $4 AND `+visible+` AND `+open+`),
		local AS MATERIALIZED (SELECT number, score FROM every ORDER BY score DESC LIMIT $6),
		found AS (SELECT number, score FROM local UNION SELECT number, score FROM every WHERE document IN (SELECT number FROM whole))
		SELECT `+documentColumns+`, `+passageColumns+`, p.title_words, p.path_words, p.body_words, d.words, found.score
		FROM found JOIN passages p ON p.number = found.number JOIN documents d ON d.number = p.document
		ORDER BY found.score DESC, d.id, p.ordinal`,
		v.Audience, v.EPCI, day(q.OpenOn), match, q.Documents, q.Passages, sure)
	if err != nil {
		return nil, fmt.Errorf("chercher : %w", err)
	}
	defer rows.Close()
	var out []knowledge.Hit
	for rows.Next() {
		var d document
		var p passage
		var hit knowledge.Hit
		var title, section, body string
		if err := rows.Scan(append(append(d.fields(), p.fields()...), &title, &section, &body, &hit.Length, &hit.Local)...); err != nil {
			return nil, fmt.Errorf("chercher : %w", err)
		}
		hit.Document = d.value()
		if hit.Passage, err = p.value(d.id); err != nil {
			return nil, err
		}
		hit.Title, hit.Section, hit.Body = strings.Fields(title), strings.Fields(section), strings.Fields(body)
		out = append(out, hit)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("chercher : %w", err)
	}
	return out, nil
}

// Frequencies implements knowledge.Store.
func (s *Store) Frequencies(ctx context.Context, v knowledge.Viewer, words []string) (map[string]knowledge.Frequency, knowledge.Frequency, error) {
	var total knowledge.Frequency
	if err := v.Check(); err != nil {
		return nil, total, err
	}
	err := s.db.Conn(ctx).QueryRowContext(ctx, `SELECT coalesce(sum(d.passages), 0), count(*) FROM documents d WHERE `+visible, v.Audience, v.EPCI).
		Scan(&total.Passages, &total.Documents)
	if err != nil {
		return nil, total, fmt.Errorf("compter les passages : %w", err)
	}
	counts := make(map[string]knowledge.Frequency, len(words))
	for _, w := range words {
		match := matchAny([]string{w})
		if match == "" {
			continue
		}
		var f knowledge.Frequency
		err := s.db.Conn(ctx).QueryRowContext(ctx, `SELECT count(*), count(DISTINCT d.number)
			FROM passage_words w JOIN passages p ON p.number = w.rowid JOIN documents d ON d.number = p.document
			WHERE passage_words MATCH $3 AND `+visible, v.Audience, v.EPCI, match).Scan(&f.Passages, &f.Documents)
		if err != nil {
			return nil, total, fmt.Errorf("compter « %s » : %w", w, err)
		}
		if f.Passages > 0 {
			counts[w] = f
		}
	}
	return counts, total, nil
}

// Vocabulary implements knowledge.Store.
func (s *Store) Vocabulary(ctx context.Context, v knowledge.Viewer, prefix string) (map[string]int, error) {
	if err := v.Check(); err != nil {
		return nil, err
	}
	rows, err := s.db.Conn(ctx).QueryContext(ctx, `SELECT w.term, count(DISTINCT w.doc)
		FROM passage_vocabulary w JOIN passages p ON p.number = w.doc JOIN documents d ON d.number = p.document
		WHERE w.term >= $3 AND w.term < $4 AND `+visible+` GROUP BY w.term`, v.Audience, v.EPCI, prefix, prefix+"\U0010FFFF")
	if err != nil {
		return nil, fmt.Errorf("lire le vocabulaire : %w", err)
	}
	defer rows.Close()
	out := map[string]int{}
	for rows.Next() {
		var term string
		var n int
		if err := rows.Scan(&term, &n); err != nil {
			return nil, fmt.Errorf("lire le vocabulaire : %w", err)
		}
		out[term] = n
	}
	return out, rows.Err()
}

// matchAny writes an FTS5 query for any of the words. Each is a quoted string, so nothing in it is read as syntax.
func matchAny(words []string) string {
	seen := map[string]bool{}
	var quoted []string
	for _, w := range words {
		w = strings.ReplaceAll(strings.ReplaceAll(w, "\x00", ""), `"`, "")
		if w != "" && !seen[w] {
			seen[w] = true
			quoted = append(quoted, `"`+w+`"`)
		}
	}
	sort.Strings(quoted)
	return strings.Join(quoted, " OR ")
}

// document and passage are rows, as scanned.
type document struct {
	id, title, source, url, epci, date, from, until, hash string
	audience                                              uint8
	unavailable                                           bool
}

func (d *document) fields() []any {
	return []any{&d.id, &d.title, &d.source, &d.url, &d.audience, &d.epci, &d.date, &d.from, &d.until, &d.unavailable, &d.hash}
}

func (d *document) value() knowledge.Document {
	return knowledge.Document{ID: d.id, Title: d.title, Source: d.source, URL: d.url, Audience: knowledge.Audience(d.audience), EPCI: d.epci,
		Date: date(d.date), ValidFrom: date(d.from), ValidUntil: date(d.until), Unavailable: d.unavailable, Hash: d.hash}
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
