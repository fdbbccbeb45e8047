// Package sqlstore keeps the knowledge base in SQL, on both engines. Rights and dates are conditions of its statements. A
// search chooses passages by their words (choose.go) from what is held in memory until the base's next change, whoever makes it
// (memory.go): which passages hold a word, which documents a viewer may see, the passages that were read. Meanwhile the engine
// finds the nearest vectors (near.go); then what was found is taken from memory or read, under the same conditions (find.go,
// passages.go). What the engines do each in its way is in postgres.go and in sqlite.go, which compares vectors itself (sieve.go,
// compare.go). It may import knowledge and migrations/database.
package sqlstore
