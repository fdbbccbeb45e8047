// Package sqlite keeps the knowledge base in SQLite: rights, dates and words (FTS5) are conditions of one statement. It may
// import knowledge and migrations/database. It has no vectors: a Hit's Vector stays 0.
package sqlite
