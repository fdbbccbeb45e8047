// Command speed measures the base at several sizes, on both engines: search against the bare SQL of the same index scans,
// what the index of vectors misses, ingestion. The bases are made of real collections (measure.Enlarge). « make bench »
// runs it, on the PostgreSQL of GUICHET_TEST_POSTGRES_URL.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/pgvector/pgvector-go"

	"guichet/knowledge"
	"guichet/knowledge/extract"
	"guichet/knowledge/measure"
	"guichet/knowledge/sqlstore"
	"guichet/knowledge/static"
	"guichet/migrations"
	"guichet/migrations/database"
)

// Each base is asked so many questions, once each, after as many others that are not measured; so many passages are found. What
// the index of vectors misses is counted on fewer: all vectors are compared with each.
const questions, found, recalled = 450, 10, 150

var public = knowledge.Viewer{Audience: knowledge.Public}

func main() {
	size := flag.Int("size", 100_000, "passages of the largest base")
	flag.Parse()
	if err := run(context.Background(), *size, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "speed:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, largest int, folders []string) error {
	collection, err := measure.ReadCollections(folders...)
	if err != nil {
		return err
	}
	fmt.Printf("%d questions, une fois chacune après autant d'autres, %d résultats, %d processeurs\n", questions, found, runtime.NumCPU())
	former := map[migrations.Dialect]time.Duration{}
	for size := 10_000; size <= largest; size *= 10 {
		for _, open := range []func(context.Context) (*database.DB, func() error, error){sqlite, postgres} {
			db, drop, err := open(ctx)
			if err != nil {
				return err
			}
			b := bench{db: db, store: sqlstore.New(db, nil), queries: collection.Some(2 * questions)}
			err = b.measure(ctx, collection, size, former)
			if err := errors.Join(err, db.Close(), drop()); err != nil {
				return err
			}
		}
	}
	return nil
}

// sqlite and postgres open a new base; drop is called once it is closed.
func sqlite(ctx context.Context) (db *database.DB, drop func() error, err error) {
	folder, err := os.MkdirTemp("", "speed-")
	if err != nil {
		return nil, nil, err
	}
	db, err = database.Open(ctx, "sqlite:"+filepath.Join(folder, "base.db"))
	return db, func() error { return os.RemoveAll(folder) }, err
}

func postgres(ctx context.Context) (db *database.DB, drop func() error, err error) {
	address, err := url.Parse(os.Getenv("GUICHET_TEST_POSTGRES_URL"))
	if err != nil || address.String() == "" {
		return nil, nil, errors.New("give the address of a PostgreSQL in GUICHET_TEST_POSTGRES_URL, or run « make bench »")
	}
	server, err := database.Connect(ctx, address.String())
	if err != nil {
		return nil, nil, err
	}
	name := "guichet_speed_" + strings.ToLower(rand.Text())
	if _, err := server.Writer().ExecContext(ctx, `CREATE DATABASE `+name); err != nil {
		return nil, nil, errors.Join(err, server.Close())
	}
	address.Path = "/" + name
	db, err = database.Open(ctx, address.String())
	return db, func() error {
		_, err := server.Writer().ExecContext(ctx, `DROP DATABASE `+name+` WITH (FORCE)`)
		return errors.Join(err, server.Close())
	}, err
}

// bench is a base that is measured.
type bench struct {
	db      *database.DB
	store   *sqlstore.Store
	queries []measure.Labelled
}

// measure fills the base and prints its figures; former holds the median times of the ten times smaller bases.
func (b *bench) measure(ctx context.Context, c measure.Collection, size int, former map[migrations.Dialect]time.Duration) (err error) {
	folder, err := os.MkdirTemp("", "speed-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	if err := write(folder, measure.Enlarge(c, size)); err != nil {
		return err
	}
	chunks, first, err := b.ingest(ctx, folder)
	if err != nil {
		return err
	}
	_, again, err := b.ingest(ctx, folder)
	if err != nil {
		return err
	}
	fmt.Printf("\n%d passages, %s\n", chunks, b.db.Dialect)
	line("ingestion", "%.0f passages par seconde ; la même base à nouveau : %.0f fois plus vite", float64(chunks)/first.Seconds(), first.Seconds()/again.Seconds())
	base := knowledge.NewBase(b.store)
	base.Embedder, base.Patience = static.Embedder{}, time.Minute
	var degraded error
	base.Degraded = func(err error) { degraded = err }
	search := func(i int) error {
		_, err := base.Search(ctx, public, b.queries[i].Text, found, time.Time{})
		return errors.Join(err, degraded)
	}
	things := []func(int) error{search}
	if b.db.Dialect == migrations.PostgreSQL {
		if _, err := b.db.Writer().ExecContext(ctx, `ANALYZE`); err != nil {
			return err
		}
		things = append(things, func(i int) error { return b.bare(ctx, b.queries[i].Text) })
	}
	times, err := measure.Times(len(b.queries), time.Now, things...)
	if err != nil {
		return err
	}
	ours := times[0]
	line("recherche hybride", "p50 %v, p99 %v", ours.Quantile(0.5), ours.Quantile(0.99))
	if before := former[b.db.Dialect]; before > 0 {
		line("base dix fois plus grande", "p50 × %.2f", float64(ours.Quantile(0.5))/float64(before))
	}
	former[b.db.Dialect] = ours.Quantile(0.5)
	if len(times) > 1 {
		bare := times[1]
		line("pour le SQL nu", "p50 × %.2f (de %v), p99 × %.2f (de %v)", ours.Ratio(bare, 0.5), bare.Quantile(0.5), ours.Ratio(bare, 0.99), bare.Quantile(0.99))
		recall, err := b.recall(ctx)
		if err != nil {
			return err
		}
		line("rappel à 10 de HNSW", "%.3f", recall)
	}
	return nil
}

func line(name, format string, values ...any) {
	fmt.Printf("  %-26s "+format+"\n", append([]any{name}, values...)...)
}

// write makes a Markdown file a document.
func write(folder string, documents []knowledge.Document) error {
	for i, d := range documents {
		var text strings.Builder
		for _, block := range d.Blocks {
			if block.Kind == knowledge.Title {
				text.WriteString("# " + block.Text + "\n\n")
			} else {
				text.WriteString("- " + block.Text + "\n")
			}
		}
		if err := os.WriteFile(filepath.Join(folder, strconv.Itoa(i)+".md"), []byte(text.String()), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// ingest does what « guichet ingest » does: files, then vectors.
func (b *bench) ingest(ctx context.Context, folder string) (chunks int, took time.Duration, err error) {
	start := time.Now()
	root, err := knowledge.Path(folder)
	if err != nil {
		return 0, 0, err
	}
	report, err := knowledge.Ingest(ctx, b.store, knowledge.Ingestion{Read: extract.Read, Audience: knowledge.Public}, root)
	if err != nil {
		return 0, 0, err
	}
	if err := knowledge.EmbedAll(ctx, b.store, static.Embedder{}, nil); err != nil {
		return 0, 0, err
	}
	return report.Chunks, time.Since(start), nil
}

// bare runs the two index scans that a hybrid search rests on: the passages that hold a word of the question, and those of
// the nearest vectors.
func (b *bench) bare(ctx context.Context, question string) error {
	var n int
	words := `'` + strings.Join(knowledge.Analyse(question), `' | '`) + `'`
	if err := b.db.Conn(ctx).QueryRowContext(ctx, `SELECT count(*) FROM passages WHERE words @@ CAST($1 AS tsquery)`, words).Scan(&n); err != nil {
		return err
	}
	_, err := b.nearest(ctx, question, 100, "")
	return err
}

// nearest gives the similarities of the nearest passages by the index of vectors, or by all of them when the order is
// something else than the distance itself.
func (b *bench) nearest(ctx context.Context, question string, limit int, order string) (similarities []float64, err error) {
	distance := fmt.Sprintf(`(vector::halfvec(%d) <=> CAST($1 AS halfvec(%[1]d)))`, static.Default().Dimensions())
	rows, err := b.db.Conn(ctx).QueryContext(ctx, `SELECT 1 - `+distance+` FROM vectors WHERE model = 1 ORDER BY `+distance+order+` LIMIT $2`,
		pgvector.NewHalfVector(static.Default().Embed(question)).String(), limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var similarity float64
		if err := rows.Scan(&similarity); err != nil {
			return nil, err
		}
		similarities = append(similarities, similarity)
	}
	return similarities, rows.Err()
}

// recall is the share of the ten nearest that the index gives, by their similarities: several may be equal.
func (b *bench) recall(ctx context.Context) (float64, error) {
	const same = 1e-9
	right := 0
	queries := measure.Collection{Queries: b.queries}.Some(recalled)
	for _, q := range queries {
		exact, err := b.nearest(ctx, q.Text, found, " + 0")
		if err != nil {
			return 0, err
		}
		indexed, err := b.nearest(ctx, q.Text, found, "")
		if err != nil {
			return 0, err
		}
		for _, similarity := range indexed {
			if similarity >= exact[len(exact)-1]-same {
				right++
			}
		}
	}
	return float64(right) / float64(found*len(queries)), nil
}
