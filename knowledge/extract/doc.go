// Package extract turns a file into a knowledge.Document by the file's own structure: one source file per format. It opens
// nothing itself. It may import knowledge and the libraries of the formats.
package extract
