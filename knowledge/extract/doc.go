// Package extract turns a file into knowledge.Documents by the file's own structure: one source file per format. It opens
// nothing itself, but for the cache of the PDF engine. It may import knowledge and the libraries of the formats.
package extract
