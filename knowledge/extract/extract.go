package extract

import (
	"fmt"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"guichet/knowledge"
)

// formats are the readers by extension. A reader fills what it finds of the document, and leaves the rest to File.
var formats = map[string]func(content []byte, d *knowledge.Document) error{
	".txt": text(plain), ".text": text(plain), ".md": text(markdown), ".markdown": text(markdown), ".html": text(webpage), ".htm": text(webpage),
	".pdf": pdf, ".docx": docx, ".odt": odt,
	".csv": sheets(readCSV), ".tsv": sheets(readCSV), ".xlsx": sheets(readXLSX), ".xlsm": sheets(readXLSX),
}

// text makes a reader of files out of one of texts, which gets valid UTF-8 without control characters.
func text(read func(text string, d *knowledge.Document) error) func([]byte, *knowledge.Document) error {
	return func(content []byte, d *knowledge.Document) error {
		text, note, err := decode(content)
		if err != nil {
			return err
		}
		if note != "" {
			d.Notes = append(d.Notes, note)
		}
		return read(text, d)
	}
}

// Read is a knowledge.Reader: a file is one document, a catalogue with a mapping one a row.
func Read(f knowledge.File) ([]knowledge.Document, error) {
	if f.Mapping != nil {
		return catalogue(f)
	}
	d, err := File(f.Name, f.Content)
	if err != nil {
		return nil, err
	}
	return []knowledge.Document{d}, nil
}

// File reads a document. The name gives the format by its extension, and the identifier when the file holds none. Errors
// are for people; they give the line when there is one, and not the name, which the caller knows. The front matter's
// audience is kept, the zero Audience meaning that there is none.
func File(name string, content []byte) (knowledge.Document, error) {
	extension := strings.ToLower(path.Ext(name))
	read, ok := formats[extension]
	switch {
	case extension == ".json":
		return knowledge.Document{}, fmt.Errorf("un catalogue JSON demande une correspondance : écrivez-la dans %s%s ou donnez --mapping", path.Base(name), knowledge.MappingSuffix)
	case !ok:
		return knowledge.Document{}, fmt.Errorf("format « %s » non pris en charge (.txt, .md, .html, .pdf, .docx, .odt, .xlsx, .csv)", extension)
	case len(content) > knowledge.MaxSize:
		return knowledge.Document{}, fmt.Errorf("fichier trop gros : %d Mo, la limite est de %d Mo", len(content)>>20, knowledge.MaxSize>>20)
	case len(strings.TrimSpace(string(content))) == 0:
		return knowledge.Document{}, fmt.Errorf("fichier vide")
	}
	var d knowledge.Document
	if err := read(content, &d); err != nil {
		return d, err
	}
	if len(d.Blocks) == 0 {
		return d, fmt.Errorf("aucun texte trouvé dans le fichier")
	}
	base := baseName(name)
	if d.ID == "" {
		d.ID = base
	}
	if d.Title == "" {
		d.Title = base
	}
	return d, nil
}

// printable makes control characters spaces: a file may name them where a text has none.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' {
			return ' '
		}
		return r
	}, s)
}

// baseName gives the name of a file without its folders and its extension.
func baseName(name string) string {
	return strings.TrimSuffix(path.Base(strings.ReplaceAll(name, `\`, "/")), path.Ext(name))
}

// decode gives the text of a file in UTF-8 with plain line ends, and a note when the encoding had to be supposed. Control
// characters become spaces, so that offsets stay.
func decode(content []byte) (text, note string, err error) {
	text = strings.TrimPrefix(string(content), "\uFEFF")
	if i := strings.IndexByte(text, 0); i >= 0 {
		return "", "", fmt.Errorf("fichier binaire ou dans un codage non pris en charge (octet nul, ligne %d) : enregistrez-le en UTF-8", lineOf(text, i))
	}
	if !utf8.ValidString(text) {
		bad := firstInvalid(text)
		decoded, err := charmap.Windows1252.NewDecoder().String(text)
		if err != nil || strings.ContainsRune(decoded, utf8.RuneError) {
			return "", "", fmt.Errorf("ligne %d : ni UTF-8 ni Windows-1252, enregistrez le fichier en UTF-8", lineOf(text, bad))
		}
		note = fmt.Sprintf("lu en Windows-1252 : la ligne %d n'est pas en UTF-8", lineOf(text, bad))
		text = decoded
	}
	text = strings.ReplaceAll(text, "\r\n", "\n")
	controls := 0
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r' || r == '\f' || r == '\u2028' || r == '\u2029':
			return '\n'
		case r < ' ' || r >= 0x7f && r < 0xa0:
			controls++
			return ' '
		}
		return r
	}, text)
	if controls > 8 && controls*20 > len(text) {
		return "", "", fmt.Errorf("fichier binaire : %d caractères de contrôle", controls)
	}
	return text, note, nil
}

func firstInvalid(s string) int {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return i
			}
		}
	}
	return 0
}

func lineOf(text string, offset int) int { return strings.Count(text[:offset], "\n") + 1 }

// outline keeps the titles above the current place.
type outline struct {
	levels []int
	titles []string
}

func (o *outline) enter(level int, title string) {
	for len(o.levels) > 0 && o.levels[len(o.levels)-1] >= level {
		o.levels, o.titles = o.levels[:len(o.levels)-1], o.titles[:len(o.titles)-1]
	}
	o.levels, o.titles = append(o.levels, level), append(o.titles, title)
}

func (o *outline) path() []string { return append([]string(nil), o.titles...) }

// day reads a date of a front matter.
func day(s string) (time.Time, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return t, fmt.Errorf("date « %s » illisible : écrivez AAAA-MM-JJ", s)
	}
	return t, nil
}
