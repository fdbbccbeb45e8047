// Package databasetest gives each test a fresh, migrated database. Imported by tests only.
package databasetest

import (
	"path/filepath"
	"testing"

	"guichet/migrations/database"
)

// New opens a new database in the test's own folder and closes it at the end.
func New(t testing.TB) *database.DB {
	t.Helper()
	return Open(t, Path(t))
}

// Path gives the path of a database that does not exist yet, for a test that opens it several times.
func Path(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "guichet.db")
}

// Open opens the database of a path and closes it at the end; closing it before is allowed.
func Open(t testing.TB, path string) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}
