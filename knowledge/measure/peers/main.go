// Command peers compares the search of a base in SQLite with the two Go libraries that would be taken instead: chromem-go
// for vectors, bleve for words. It is a module of its own, so that the product depends on neither. « make bench » runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis/lang/fr"
	"github.com/philippgille/chromem-go"

	"guichet/knowledge"
	"guichet/knowledge/measure"
	"guichet/knowledge/sqlstore"
	"guichet/knowledge/static"
	"guichet/migrations/database"
)

// found is how many passages each one is asked for, questions how many it is asked, after as many others that are not measured.
const found, questions = 10, 450

var public = knowledge.Viewer{Audience: knowledge.Public}

func main() {
	size := flag.Int("size", 100_000, "passages of the base")
	flag.Parse()
	if err := run(context.Background(), *size, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, size int, folders []string) (err error) {
	collection, err := measure.ReadCollections(folders...)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "peers-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	db, err := database.Open(ctx, "sqlite:"+filepath.Join(folder, "base.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	store := sqlstore.New(db, nil)
	vectors, err := chromem.NewDB().CreateCollection("passages", nil, nil)
	if err != nil {
		return err
	}
	mapping := bleve.NewIndexMapping()
	mapping.DefaultAnalyzer = fr.AnalyzerName
	words, err := bleve.New(filepath.Join(folder, "bleve"), mapping)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, words.Close()) }()
	held := 0
	for _, d := range measure.Enlarge(collection, size) {
		entries := knowledge.Index(d)
		if err := store.Put(ctx, d, entries); err != nil {
			return err
		}
		batch := words.NewBatch()
		for _, e := range entries {
			id, text := d.ID+"#"+strconv.Itoa(e.Ordinal), knowledge.Meaning(d.Title, e.Passage)
			held++
			err := errors.Join(batch.Index(id, map[string]string{"text": text}),
				vectors.AddDocument(ctx, chromem.Document{ID: id, Content: text, Embedding: static.Default().Embed(text)}))
			if err != nil {
				return err
			}
		}
		if err := words.Batch(batch); err != nil {
			return err
		}
	}
	if err := knowledge.EmbedAll(ctx, store, static.Embedder{}, nil); err != nil {
		return err
	}
	base := knowledge.NewBase(store)
	base.Mode = knowledge.Lexical
	fmt.Printf("%d passages, SQLite et ses pairs, %d résultats, %d processeurs\n", held, found, runtime.NumCPU())
	return compare(ctx, store, base, vectors, words, collection.Some(2*questions))
}

func compare(ctx context.Context, store knowledge.Store, base *knowledge.Base, vectors *chromem.Collection, words bleve.Index, queries []measure.Labelled) error {
	model := static.Embedder{}.Model()
	_, total, err := store.Frequencies(ctx, public, nil)
	if err != nil {
		return err
	}
	times, err := measure.Times(len(queries), time.Now,
		func(i int) error {
			near, err := store.Nearest(ctx, public, knowledge.NearQuery{Vector: static.Default().Embed(queries[i].Text), Model: model, Total: total, Limit: found})
			if err != nil {
				return err
			}
			hits, err := store.Find(ctx, public, knowledge.Query{Total: total, Near: func() knowledge.Near { return near }})
			if err == nil && len(hits) == 0 {
				err = errors.New("rien trouvé par le sens : " + queries[i].Text)
			}
			return err
		},
		func(i int) error {
			_, err := vectors.QueryEmbedding(ctx, static.Default().Embed(queries[i].Text), found, nil, nil)
			return err
		},
		func(i int) error {
			_, err := base.Search(ctx, public, queries[i].Text, found, time.Time{})
			return err
		},
		func(i int) error {
			request := bleve.NewSearchRequestOptions(bleve.NewMatchQuery(queries[i].Text), found, 0, false)
			request.Fields = []string{"text"}
			_, err := words.Search(request)
			return err
		})
	if err != nil {
		return err
	}
	for i, name := range []string{"sens, chromem-go", "mots, bleve"} {
		ours, theirs := times[2*i], times[2*i+1]
		fmt.Printf("  %-20s p50 %5.2f × le temps de SQLite (%s / %s), p99 %5.2f × (%s / %s)\n", name,
			theirs.Ratio(ours, 0.5), theirs.Quantile(0.5), ours.Quantile(0.5), theirs.Ratio(ours, 0.99), theirs.Quantile(0.99), ours.Quantile(0.99))
	}
	return nil
}
