// Package migrations is the schema: numbered SQL files, the same numbers in both dialects, applied in order and never
// changed once released. It may import goose, and no other package of the project.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed sqlite/*.sql postgres/*.sql
var files embed.FS

// Dialect names a database engine and the folder of its files.
type Dialect string

// The engines: SQLite is the embedded default, PostgreSQL is for several replicas.
const (
	SQLite     Dialect = "sqlite"
	PostgreSQL Dialect = "postgres"
)

var gooseDialects = map[Dialect]goose.Dialect{SQLite: goose.DialectSQLite3, PostgreSQL: goose.DialectPostgres}

// NewerError tells that a database was written by a later program: reading or writing it could lose what that one added.
type NewerError struct{ Database, Program int64 }

func (e NewerError) Error() string {
	return fmt.Sprintf("la base est plus récente que ce programme (schéma %d, le programme connaît le schéma %d) : installez la version de guichet qui l'a créée, ou une plus récente", e.Database, e.Program)
}

// versioned tells whether a database has goose's table, which goose makes when it is asked for the version.
var versioned = map[Dialect]string{
	SQLite:     `SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'goose_db_version')`,
	PostgreSQL: `SELECT to_regclass('goose_db_version') IS NOT NULL`,
}

// Status gives the schema's version in the database (0 when it is empty) and the version that the program knows. It
// writes nothing.
func Status(ctx context.Context, db *sql.DB, d Dialect) (database, program int64, err error) {
	p, err := provider(db, d)
	if err != nil {
		return 0, 0, err
	}
	var begun bool
	err = db.QueryRowContext(ctx, versioned[d]).Scan(&begun)
	switch {
	case err == nil && begun:
		database, program, err = p.GetVersions(ctx)
	case err == nil:
		sources := p.ListSources()
		program = sources[len(sources)-1].Version
	}
	if err != nil {
		return 0, 0, fmt.Errorf("lire la version du schéma : %w", err)
	}
	return database, program, nil
}

// Check tells whether migrations are left to apply. It returns a NewerError for a database of a later program.
func Check(ctx context.Context, db *sql.DB, d Dialect) (pending bool, err error) {
	p, err := provider(db, d)
	if err != nil {
		return false, err
	}
	database, program, err := p.GetVersions(ctx)
	if err != nil {
		return false, fmt.Errorf("lire la version du schéma : %w", err)
	}
	if database > program {
		return false, NewerError{Database: database, Program: program}
	}
	pending, err = p.HasPending(ctx)
	if err != nil {
		return false, fmt.Errorf("comparer le schéma : %w", err)
	}
	return pending, nil
}

// Up applies what is left. The caller holds a lock against another process that would do the same.
func Up(ctx context.Context, db *sql.DB, d Dialect) error {
	p, err := provider(db, d)
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("mettre le schéma à jour : %w", err)
	}
	return nil
}

// Files gives the migrations of a dialect.
func Files(d Dialect) fs.FS {
	folder, err := fs.Sub(files, string(d))
	if err != nil {
		panic(err) // the name of a dialect is a valid path
	}
	return folder
}

func provider(db *sql.DB, d Dialect) (*goose.Provider, error) {
	p, err := goose.NewProvider(gooseDialects[d], db, Files(d), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("lire les migrations %s : %w", d, err)
	}
	return p, nil
}
