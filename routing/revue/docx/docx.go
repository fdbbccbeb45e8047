// Package docx writes the document of a revue for a word processor. It may import routing/revue and a DOCX library.
package docx

import (
	"fmt"
	"io"
	"strings"

	"github.com/gomutex/godocx"

	"guichet/routing/revue"
)

// MediaType is that of what Write writes.
const MediaType = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

// plain leaves out what XML cannot hold.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0xFFFE || r == 0xFFFF {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
}

// Write writes the document.
func Write(w io.Writer, doc revue.Document) error {
	out, err := godocx.NewDocument()
	if err != nil {
		return fmt.Errorf("écrire le DOCX : %w", err)
	}
	heading := func(text string, level uint) {
		if err == nil {
			_, err = out.AddHeading(plain(text), level)
		}
	}
	heading(doc.Title, 0)
	for _, text := range doc.Intro {
		out.AddParagraph(plain(text))
	}
	for _, part := range doc.Parts {
		heading(part.Title, 1)
		if len(part.Rows) > 0 {
			table := out.AddTable()
			table.Style("LightGrid-Accent1")
			for _, cells := range append([][]string{part.Header}, part.Rows...) {
				row := table.AddRow()
				for _, cell := range cells {
					row.AddCell().AddParagraph(plain(cell))
				}
			}
		}
		if part.Note != "" {
			out.AddParagraph(plain(part.Note))
		}
	}
	if err == nil {
		err = out.Write(w)
	}
	if err != nil {
		return fmt.Errorf("écrire le DOCX : %w", err)
	}
	return nil
}
