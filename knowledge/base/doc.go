// Package base ships the cards that answer from the first start: what the Region's directions do, its partners, its
// conventions, the way of a request. It holds files only; they enter the base by the same ingestion as any other. It may
// import knowledge.
package base
