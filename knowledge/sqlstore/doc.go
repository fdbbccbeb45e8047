// Package sqlstore keeps the knowledge base in SQL, on both engines: rights, dates, words and vectors are conditions of one
// statement. What the engines do each in its way (sets of words, the nearest vectors) is in sqlite.go and postgres.go. It
// may import knowledge and migrations/database.
package sqlstore
