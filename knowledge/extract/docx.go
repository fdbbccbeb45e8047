package extract

import (
	"encoding/xml"
	"errors"
	"strconv"
	"strings"

	"guichet/knowledge"
)

// docx reads a Word document: titles by their style, lists, tables, notes at the end of the paragraph that calls them. What
// was deleted under revision is left out, what was added is read.
func docx(content []byte, d *knowledge.Document) error {
	a, err := openArchive(content, "DOCX")
	if err != nil {
		return err
	}
	r := docxReader{pieces: pieces{document: d}, levels: map[string]int{}, lists: map[string]bool{}, notes: map[string]string{}}
	if err := r.styles(a); err != nil {
		return err
	}
	for name, kind := range map[string]string{"word/footnotes.xml": "footnote", "word/endnotes.xml": "endnote"} {
		if err := r.readNotes(a, name, kind); err != nil {
			return err
		}
	}
	if err := a.properties("docProps/core.xml", d); err != nil {
		return err
	}
	t, err := a.part("word/document.xml")
	switch {
	case err != nil:
		return err
	case t == nil:
		return errors.New("ce n'est pas un fichier DOCX : il n'a pas de texte (word/document.xml)")
	}
	if err := r.body(t); err != nil {
		return err
	}
	r.done()
	return nil
}

type docxReader struct {
	pieces
	// levels are the styles of titles, by identifier: 0 is the document's.
	levels map[string]int
	lists  map[string]bool // the styles of list items
	notes  map[string]string
}

// styles finds the styles of titles, by their names in English and French and by their outline level.
func (r *docxReader) styles(a archive) error {
	t, err := a.part("word/styles.xml")
	if t == nil {
		return err
	}
	based := map[string]string{}
	style := ""
	for {
		token, err := t.next()
		if token == nil {
			for id := range based {
				parent := based[id]
				for range deepest {
					if level, ok := r.levels[parent]; ok && !r.titled(id) {
						r.levels[id] = level
					}
					r.lists[id] = r.lists[id] || r.lists[parent]
					parent = based[parent]
				}
			}
			return err
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch e.Name.Local {
		case "style":
			style = attribute(e, "styleId")
		case "basedOn":
			based[style] = attribute(e, "val")
		case "numId":
			r.lists[style] = attribute(e, "val") != "0"
		case "name":
			if level, ok := titleLevel(attribute(e, "val")); ok {
				r.levels[style] = level
			}
		case "outlineLvl":
			if level, err := strconv.Atoi(attribute(e, "val")); err == nil && level >= 0 && level < 9 && style != "" {
				r.levels[style] = level + 1
			}
		}
	}
}

func (r *docxReader) titled(style string) bool {
	_, ok := r.levels[style]
	return ok
}

// titleLevel reads the name of a style of titles.
func titleLevel(name string) (int, bool) {
	name = strings.ToLower(strings.ReplaceAll(name, "_20_", " "))
	if name == "title" || name == "titre" {
		return 0, true
	}
	for _, start := range []string{"heading", "titre"} {
		if rest, ok := strings.CutPrefix(name, start); ok {
			if level, err := strconv.Atoi(strings.TrimSpace(rest)); err == nil && level >= 1 && level <= 9 {
				return level, true
			}
		}
	}
	return 0, false
}

func (r *docxReader) readNotes(a archive, name, kind string) error {
	t, err := a.part(name)
	if t == nil {
		return err
	}
	for {
		token, err := t.next()
		if token == nil {
			return err
		}
		e, ok := token.(xml.StartElement)
		if !ok || e.Name.Local != kind {
			continue
		}
		var p docxParagraph
		if err := r.inline(t, &p); err != nil {
			return err
		}
		if attribute(e, "type") == "" { // the others are rules between text and notes
			r.notes[kind+attribute(e, "id")] = strings.TrimSpace(p.text.String())
		}
	}
}

// body reads paragraphs and tables up to the end of the element that it is in.
func (r *docxReader) body(t *tokens) error {
	for depth := t.depth; ; {
		token, err := t.next()
		if token == nil {
			return err
		}
		switch token := token.(type) {
		case xml.StartElement:
			switch token.Name.Local {
			case "p":
				p := docxParagraph{style: -1}
				if err := r.inline(t, &p); err != nil {
					return err
				}
				r.paragraph(p)
			case "tbl":
				rows, err := r.rows(t)
				if err != nil {
					return err
				}
				r.table(rows)
			}
		case xml.EndElement:
			if t.depth < depth {
				return nil
			}
		}
	}
}

// docxParagraph is a paragraph as it is read.
type docxParagraph struct {
	text  strings.Builder
	style int // the level of its title, -1 for none
	item  bool
	notes []string
	boxes []docxParagraph // of the text frames in it
}

func (r *docxReader) paragraph(p docxParagraph) {
	switch text := p.text.String(); {
	case p.style >= 0:
		r.heading(p.style, text)
	case p.item:
		r.item(text)
	default:
		r.pieces.paragraph(text)
	}
	for _, note := range p.notes {
		r.pieces.paragraph(note)
	}
	for _, box := range p.boxes {
		r.paragraph(box)
	}
}

// inline reads the text of the element that was just opened, to its end.
func (r *docxReader) inline(t *tokens, p *docxParagraph) error {
	depth := t.depth
	for {
		token, err := t.next()
		if token == nil {
			return err
		}
		switch token := token.(type) {
		case xml.StartElement:
			switch token.Name.Local {
			case "pStyle":
				if level, ok := r.levels[attribute(token, "val")]; ok {
					p.style = level
				}
				p.item = r.lists[attribute(token, "val")]
			case "outlineLvl":
				if level, err := strconv.Atoi(attribute(token, "val")); err == nil && level >= 0 && level < 9 {
					p.style = level + 1
				}
			case "numPr":
				p.item = true
			case "numId":
				p.item = attribute(token, "val") != "0"
			case "tab", "br", "cr":
				p.text.WriteByte(' ')
			case "noBreakHyphen":
				p.text.WriteByte('-')
			case "p": // a note has paragraphs
				p.text.WriteByte(' ')
			case "t":
				text, err := t.content()
				if err != nil {
					return err
				}
				p.text.WriteString(text)
			case "footnoteReference", "endnoteReference":
				if note := r.notes[strings.TrimSuffix(token.Name.Local, "Reference")+attribute(token, "id")]; note != "" {
					p.notes = append(p.notes, note)
				}
			case "txbxContent":
				box := docxParagraph{style: -1}
				if err := r.inline(t, &box); err != nil {
					return err
				}
				p.boxes = append(p.boxes, box)
			case "del", "moveFrom", "Fallback", "pPrChange", "rPrChange", "instrText", "delText":
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

// rows reads a table; one inside a cell is part of the cell's text.
func (r *docxReader) rows(t *tokens) (rows [][]string, err error) {
	depth := t.depth
	for {
		token, err := t.next()
		if token == nil {
			return rows, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			switch token.Name.Local {
			case "tr":
				rows = append(rows, nil)
			case "del":
				if err := t.skip(); err != nil {
					return nil, err
				}
			case "tc":
				var p docxParagraph
				if err := r.inline(t, &p); err != nil {
					return nil, err
				}
				text := strings.Join(append([]string{p.text.String()}, p.notes...), " ")
				if len(rows) > 0 {
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

// content gives the text of the element that was just opened, to its end.
func (t *tokens) content() (string, error) {
	var b strings.Builder
	for depth := t.depth; ; {
		token, err := t.next()
		if token == nil {
			return b.String(), err
		}
		switch token := token.(type) {
		case xml.CharData:
			b.Write(token)
		case xml.EndElement:
			if t.depth < depth {
				return b.String(), nil
			}
		}
	}
}

// skip leaves out the element that was just opened.
func (t *tokens) skip() error {
	_, err := t.content()
	return err
}
