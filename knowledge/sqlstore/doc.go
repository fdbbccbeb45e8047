// Package sqlstore keeps the knowledge base in SQL, on both engines. Rights and dates are conditions of its statements. A
// search first chooses passages from what is held in memory until the base's next change, whoever makes it: which passages
// hold a word, which documents a viewer may see (choose.go). One statement then finds the nearest vectors and reads all that
// was found, under the same conditions (find.go). What the engines do each in its way is in sqlite.go and postgres.go. It
// may import knowledge and migrations/database.
package sqlstore
