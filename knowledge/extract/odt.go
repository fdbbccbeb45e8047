package extract

import (
	"encoding/xml"
	"errors"
	"strconv"
	"strings"

	"guichet/knowledge"
)

// odt reads an OpenDocument text: titles, lists, tables, notes at the end of the paragraph that calls them.
func odt(content []byte, d *knowledge.Document) error {
	a, err := openArchive(content, "ODT")
	if err != nil {
		return err
	}
	if err := a.properties("meta.xml", d); err != nil {
		return err
	}
	t, err := a.part("content.xml")
	switch {
	case err != nil:
		return err
	case t == nil:
		return errors.New("ce n'est pas un fichier ODT : il n'a pas de texte (content.xml)")
	}
	r := odtReader{pieces: pieces{document: d}, parents: map[string]string{}}
	if err := r.body(t, false); err != nil {
		return err
	}
	r.done()
	return nil
}

type odtReader struct {
	pieces
	parents map[string]string // of the styles that the text makes for itself
}

// odtParagraph is a paragraph as it is read.
type odtParagraph struct {
	text  strings.Builder
	notes []string
}

// body reads up to the end of the element that it is in.
func (r *odtReader) body(t *tokens, list bool) error {
	first := true // of the paragraphs of a list item: the others continue it
	for depth := t.depth; ; {
		token, err := t.next()
		if token == nil {
			return err
		}
		switch token := token.(type) {
		case xml.StartElement:
			switch token.Name.Local {
			case "style":
				r.parents[attribute(token, "name")] = attribute(token, "parent-style-name")
			case "tracked-changes", "table-of-content", "forms", "sequence-decls", "master-styles":
				err = t.skip()
			case "list-item", "list-header":
				err = r.body(t, true)
			case "h":
				level, _ := strconv.Atoi(attribute(token, "outline-level"))
				var p odtParagraph
				err = r.inline(t, &p)
				r.heading(max(1, level), p.text.String())
				r.after(p)
			case "p":
				var p odtParagraph
				err = r.inline(t, &p)
				level, title := r.level(attribute(token, "style-name"))
				switch text := p.text.String(); {
				case title:
					r.heading(level, text)
				case list && first:
					r.item(text)
				default:
					r.paragraph(text)
				}
				first = false
				r.after(p)
			case "table":
				var rows [][]string
				if rows, err = r.rows(t); err == nil {
					r.table(rows)
				}
			}
			if err != nil {
				return err
			}
		case xml.EndElement:
			if t.depth < depth {
				return nil
			}
		}
	}
}

func (r *odtReader) after(p odtParagraph) {
	for _, note := range p.notes {
		r.paragraph(note)
	}
}

// level gives the level of the titles of a style, or of one that it comes from.
func (r *odtReader) level(style string) (int, bool) {
	for range deepest {
		if level, ok := titleLevel(style); ok || style == "" {
			return level, ok
		}
		style = r.parents[style]
	}
	return 0, false
}

// inline reads the text of the element that was just opened, to its end.
func (r *odtReader) inline(t *tokens, p *odtParagraph) error {
	depth := t.depth
	for {
		token, err := t.next()
		if token == nil {
			return err
		}
		switch token := token.(type) {
		case xml.CharData:
			p.text.Write(token)
		case xml.StartElement:
			switch token.Name.Local {
			case "s", "tab", "line-break", "p", "h": // white space, or a frame's own paragraphs
				p.text.WriteByte(' ')
			case "note":
				var note odtParagraph
				if err := r.note(t, &note); err != nil {
					return err
				}
				p.notes = append(p.notes, note.text.String())
			case "annotation", "tracked-changes", "desc", "title":
				if err := t.skip(); err != nil {
					return err
				}
			}
		case xml.EndElement:
			if t.depth < depth {
				return nil
			}
		}
	}
}

// note reads a note without its number.
func (r *odtReader) note(t *tokens, note *odtParagraph) error {
	depth := t.depth
	for {
		token, err := t.next()
		if token == nil {
			return err
		}
		switch token := token.(type) {
		case xml.StartElement:
			if token.Name.Local == "note-body" {
				if err := r.inline(t, note); err != nil {
					return err
				}
			}
		case xml.EndElement:
			if t.depth < depth {
				return nil
			}
		}
	}
}

// mostRepeated bounds the cells that a table says to repeat: an empty row is often repeated a million times.
const mostRepeated = 100

func (r *odtReader) rows(t *tokens) (rows [][]string, err error) {
	depth := t.depth
	for {
		token, err := t.next()
		if token == nil {
			return rows, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			switch token.Name.Local {
			case "table-row":
				rows = append(rows, nil)
			case "table-cell", "covered-table-cell":
				var p odtParagraph
				if err := r.inline(t, &p); err != nil {
					return nil, err
				}
				times, _ := strconv.Atoi(attribute(token, "number-columns-repeated"))
				if len(rows) == 0 {
					continue
				}
				text := strings.Join(append([]string{p.text.String()}, p.notes...), " ")
				for range min(max(1, times), mostRepeated) {
					rows[len(rows)-1] = append(rows[len(rows)-1], text)
				}
			}
		case xml.EndElement:
			if t.depth < depth {
				return rows, nil
			}
		}
	}
}
