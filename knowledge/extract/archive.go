package extract

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"guichet/knowledge"
)

// Limits of what an office file may unfold into.
const (
	mostEntries  = 10_000
	mostUnfolded = 200 << 20 // bytes, all entries together
	mostPart     = 100 << 20 // bytes, one entry
	deepest      = 256       // elements inside each other
)

// archive is an office file: a zip of XML parts.
type archive struct{ *zip.Reader }

func openArchive(content []byte, kind string) (archive, error) {
	if bytes.HasPrefix(content, []byte("\xd0\xcf\x11\xe0")) {
		return archive{}, fmt.Errorf("fichier protégé par un mot de passe ou d'un ancien format : enregistrez-le sans mot de passe, en %s", kind)
	}
	r, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return archive{}, fmt.Errorf("ce n'est pas un fichier %s, ou il est abîmé", kind)
	}
	if len(r.File) > mostEntries {
		return archive{}, fmt.Errorf("fichier refusé : il contient %d parties, la limite est de %d", len(r.File), mostEntries)
	}
	total := uint64(0)
	for _, f := range r.File {
		if total += f.UncompressedSize64; f.UncompressedSize64 > mostPart || total > mostUnfolded {
			return archive{}, fmt.Errorf("fichier refusé : déplié, il dépasse %d Mo", mostUnfolded>>20)
		}
	}
	return archive{r}, nil
}

// errUnfolds is a part larger than it says.
var errUnfolds = fmt.Errorf("fichier refusé : une partie dépliée dépasse %d Mo", mostPart>>20)

// part gives the tokens of an XML part; nil when the file has none of that name.
func (a archive) part(name string) (*tokens, error) {
	file, err := a.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("partie %s illisible : %w", name, err)
	}
	d := xml.NewDecoder(&limited{file, mostPart})
	d.Strict = true
	return &tokens{Decoder: d, name: name}, nil
}

// limited fails when more is read than allowed.
type limited struct {
	io.Reader
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, errUnfolds
	}
	return n, err
}

// tokens reads an XML part. Entities are those of XML alone, so that nothing outside the file is read.
type tokens struct {
	*xml.Decoder
	name  string
	depth int
}

// next gives the next token, nil at the end.
func (t *tokens) next() (xml.Token, error) {
	token, err := t.Token()
	switch token.(type) {
	case xml.StartElement:
		t.depth++
	case xml.EndElement:
		t.depth--
	}
	switch {
	case errors.Is(err, io.EOF):
		return nil, nil
	case errors.Is(err, errUnfolds):
		return nil, errUnfolds
	case err != nil:
		row, _ := t.InputPos()
		return nil, fmt.Errorf("fichier abîmé : la partie %s est illisible, ligne %d", t.name, row)
	case t.depth > deepest:
		return nil, fmt.Errorf("fichier refusé : %s a plus de %d éléments emboîtés", t.name, deepest)
	}
	return token, nil
}

// attribute gives the value of an attribute by its local name, "" when it is not there.
func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// properties reads the title and the date of the last change from a part of metadata, both formats' names of them.
func (a archive) properties(name string, d *knowledge.Document) error {
	t, err := a.part(name)
	if t == nil {
		return err
	}
	var element, title string
	for {
		token, err := t.next()
		if token == nil {
			if d.Title == "" {
				d.Title = strings.TrimSpace(title)
			}
			return err
		}
		switch token := token.(type) {
		case xml.StartElement:
			element = token.Name.Local
		case xml.EndElement:
			element = ""
		case xml.CharData:
			value := string(token)
			switch element {
			case "title":
				title += value
			case "modified", "date":
				if day, err := time.Parse(time.DateOnly, strings.TrimSpace(value)[:min(10, len(strings.TrimSpace(value)))]); err == nil {
					d.Date = day
				}
			}
		}
	}
}

// pieces gathers the blocks of an office file: paragraphs, items and tables under their titles. Offsets are places in the
// text that is read, one line a block.
type pieces struct {
	document *knowledge.Document
	outline  outline
	length   int
	title    bool // the title has its block
}

func (p *pieces) add(kind knowledge.BlockKind, path []string, mark, text string) {
	if text = strings.Join(strings.Fields(text), " "); text == "" {
		return
	}
	p.document.Blocks = append(p.document.Blocks, knowledge.Block{Kind: kind, Path: path, Mark: mark, Text: text, Offset: p.length})
	p.length += len(text) + 1
}

func (p *pieces) paragraph(text string) { p.add(knowledge.Paragraph, p.outline.path(), "", text) }
func (p *pieces) item(text string)      { p.add(knowledge.Item, p.outline.path(), "- ", text) }

// heading enters a title; one of level 0 is the document's.
func (p *pieces) heading(level int, text string) {
	text = strings.Join(strings.Fields(text), " ")
	switch {
	case text == "":
	case level > 0:
		p.outline.enter(level, text)
	case !p.title:
		p.title = true
		p.document.Title = text
		p.add(knowledge.Title, nil, "", text)
	default:
		p.paragraph(text)
	}
}

// table adds a table, its first row as the titles of its columns when it has several.
func (p *pieces) table(rows [][]string) {
	rows = filled(rows)
	path := p.outline.path()
	if len(rows) > 1 && len(rows[0]) > 1 {
		path = append(path, strings.Join(rows[0], " | "))
		rows = rows[1:]
	}
	for _, row := range rows {
		p.add(knowledge.Row, path, "", strings.Join(row, " | "))
	}
}

// filled leaves out the rows without a text, and the cells at the end of a row that are empty in all rows.
func filled(rows [][]string) [][]string {
	var out [][]string
	width := 0
	for _, row := range rows {
		last := 0
		for i, cell := range row {
			row[i] = strings.Join(strings.Fields(cell), " ")
			if row[i] != "" {
				last = i + 1
			}
		}
		if last > 0 {
			out = append(out, row)
			width = max(width, last)
		}
	}
	for i, row := range out {
		out[i] = row[:min(width, len(row))]
	}
	return out
}

// done gives the document the title of its metadata, when it shows none itself.
func (p *pieces) done() {
	d := p.document
	if !p.title && d.Title != "" && len(d.Blocks) > 0 {
		d.Blocks = append([]knowledge.Block{{Kind: knowledge.Title, Text: d.Title}}, d.Blocks...)
	}
	if p.title && len(d.Blocks) == 1 {
		d.Blocks = nil // a title alone says nothing
	}
}
