package exchange

import (
	"archive/zip"
	"bufio"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/transform"
)

// Row is a row of a file in our words: every field that the mapping names, with what Kind says.
type Row struct {
	Line   int
	Values map[string]string
}

// Problem is what is wrong at a place of a file.
type Problem struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column string `json:"column,omitempty"`
	Reason string `json:"reason"`
}

func (p Problem) Error() string {
	place := fmt.Sprintf("%s:%d", p.File, p.Line)
	if p.Column != "" {
		place += ", colonne « " + p.Column + " »"
	}
	return place + " : " + p.Reason
}

// RowError is a row that cannot be read: the next ones can.
type RowError struct{ Problems []Problem }

func (e *RowError) Error() string {
	var all []string
	for _, p := range e.Problems {
		all = append(all, p.Error())
	}
	return strings.Join(all, "\n")
}

// Limits of a file.
const (
	mostBytes   = 1 << 30 // once unpacked
	mostColumns = 1_000
)

// Reader reads the rows of a file.
type Reader struct {
	mapping *Mapping
	file    string
	table   table
	// at gives, for each column of the mapping, the places of its titles in the file.
	at     [][]int
	titles []string
}

// table gives the cells of a file, an empty slice for an empty row; at the end io.EOF. A RowError is about one row.
type table interface {
	next() (line int, cells []string, err error)
	spreadsheet() (is, since1904 bool)
	Close() error
}

// Open opens a file by its extension, .xlsx or a text, and finds the columns of the mapping in it.
func (m *Mapping) Open(path string) (*Reader, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && info.IsDir() {
		err = errors.New("c'est un dossier")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lire %s : %w", path, err), file.Close())
	}
	r, err := m.read(filepath.Base(path), file, info.Size())
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	r.table = closing{r.table, file}
	return r, nil
}

type closing struct {
	table
	file io.Closer
}

func (c closing) Close() error { return errors.Join(c.table.Close(), c.file.Close()) }

// read reads a file whose name tells the kind.
func (m *Mapping) read(name string, content io.ReaderAt, size int64) (r *Reader, err error) {
	r = &Reader{mapping: m, file: name}
	if size > mostBytes {
		return nil, fmt.Errorf("%s : fichier trop gros, la limite est de %d Mo", name, mostBytes>>20)
	}
	switch strings.ToLower(filepath.Ext(name)) {
	case ".xlsx", ".xlsm":
		r.table, err = openSheet(name, content, size, m.sheet)
	case ".xls", ".ods":
		err = fmt.Errorf("%s : enregistrez ce fichier en .xlsx ou en .csv", name)
	default:
		r.table, err = openText(name, content, size, m)
	}
	if err != nil {
		return nil, err
	}
	if err := r.header(); err != nil {
		return nil, errors.Join(err, r.table.Close())
	}
	return r, nil
}

// header reads the first row that is not empty.
func (r *Reader) header() error {
	for {
		line, cells, err := r.table.next()
		if errors.Is(err, io.EOF) {
			return Problem{File: r.file, Line: 1, Reason: "le fichier est vide"}
		}
		if err != nil {
			return err
		}
		if empty(cells) {
			continue
		}
		return r.find(line, cells)
	}
}

func (r *Reader) find(line int, cells []string) error {
	for _, title := range cells {
		r.titles = append(r.titles, plainTitle(bare(tidy(title))))
	}
	var problems []error
	var missing []string
	for _, c := range r.mapping.columns {
		var at []int
		for _, wanted := range c.titles {
			found := -1
			for i, title := range r.titles {
				if folded(title) != folded(wanted) {
					continue
				}
				if found >= 0 {
					problems = append(problems, Problem{File: r.file, Line: line, Column: wanted, Reason: "deux colonnes ont ce titre"})
				}
				found = i
			}
			if found >= 0 {
				at = append(at, found)
			}
		}
		if len(at) == 0 && len(c.titles) > 0 {
			missing = append(missing, c.titles[0])
		}
		r.at = append(r.at, at)
	}
	switch has := ", qui a " + quotedList(r.titles); len(missing) {
	case 0:
	case 1:
		problems = append(problems, Problem{File: r.file, Line: line, Column: missing[0], Reason: "elle n'est pas dans le fichier" + has})
	default:
		problems = append(problems, Problem{File: r.file, Line: line, Reason: "les colonnes " + quotedList(missing) + " ne sont pas dans le fichier" + has})
	}
	return errors.Join(problems...)
}

// Next gives the next row, io.EOF after the last one. A *RowError is about one row; any other error ends the reading.
func (r *Reader) Next() (Row, error) {
	for {
		line, cells, err := r.table.next()
		if err != nil {
			return Row{Line: line}, err
		}
		if empty(cells) {
			continue
		}
		return r.row(line, cells)
	}
}

func (r *Reader) row(line int, cells []string) (Row, error) {
	row := Row{Line: line, Values: make(map[string]string, len(r.at))}
	if len(cells) > len(r.titles) && !empty(cells[len(r.titles):]) {
		return row, &RowError{[]Problem{{File: r.file, Line: line, Reason: fmt.Sprintf("%d cases pour %d titres : un séparateur est de trop, ou un texte n'est pas entre guillemets", len(cells), len(r.titles))}}}
	}
	spreadsheet, since1904 := r.table.spreadsheet()
	var problems []Problem
	for i, c := range r.mapping.columns {
		if len(c.titles) == 0 {
			row.Values[c.Name] = c.constant
			continue
		}
		cell, title := "", r.titles[r.at[i][0]]
		for _, at := range r.at[i] {
			if at < len(cells) && strings.TrimSpace(cells[at]) != "" {
				cell, title = cells[at], r.titles[at]
				break
			}
		}
		value, err := c.read(cell, r.mapping, spreadsheet, since1904)
		if err != nil {
			p := Problem{File: r.file, Line: line, Column: title, Reason: err.Error()}
			if !slices.Contains(problems, p) { // two fields may read one column
				problems = append(problems, p)
			}
		}
		row.Values[c.Name] = value
	}
	if problems != nil {
		return row, &RowError{problems}
	}
	return row, nil
}

// Wrong places what is wrong with a field of a row that was read.
func (r *Reader) Wrong(row Row, field string, err error) Problem {
	p := Problem{File: r.file, Line: row.Line, Reason: err.Error()}
	for i, c := range r.mapping.columns {
		if c.Name == field && len(r.at[i]) > 0 {
			p.Column = r.titles[r.at[i][0]]
		}
	}
	return p
}

// Close closes the file.
func (r *Reader) Close() error { return r.table.Close() }

func empty(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// textTable is a CSV file.
type textTable struct {
	file string
	csv  *csv.Reader
	end  bool
}

// openText reads a file as UTF-8, with or without its mark, or else as Windows-1252, the usual choice of French spreadsheets.
func openText(name string, content io.ReaderAt, size int64, m *Mapping) (table, error) {
	decoded := func() io.Reader { return bufio.NewReaderSize(io.NewSectionReader(content, 0, size), 1<<16) }
	windows := m.windows1252
	if !windows {
		utf, err := isUTF8(decoded())
		if err != nil {
			return nil, fmt.Errorf("lire %s : %w", name, err)
		}
		windows = !utf
	}
	text := bufio.NewReaderSize(decoded(), 1<<16)
	if windows {
		text = bufio.NewReaderSize(transform.NewReader(text, charmap.Windows1252.NewDecoder()), 1<<16)
	} else if mark, _ := text.Peek(3); string(mark) == "\ufeff" {
		_, _ = text.Discard(3)
	}
	start, err := text.Peek(1 << 16)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("lire %s : %w", name, err)
	}
	if strings.ContainsRune(string(start), 0) {
		return nil, fmt.Errorf("%s : ce n'est pas un texte en UTF-8 ou Windows-1252", name)
	}
	t := &textTable{file: name, csv: csv.NewReader(text)}
	t.csv.Comma = m.delimiter
	if m.delimiter == 0 {
		t.csv.Comma = separator(string(start))
	}
	t.csv.FieldsPerRecord, t.csv.ReuseRecord = -1, true
	return t, nil
}

func isUTF8(r io.Reader) (bool, error) {
	buffer, kept := make([]byte, 1<<16), 0
	for {
		n, err := r.Read(buffer[kept:])
		whole := buffer[:kept+n]
		for len(whole) > 0 && (utf8.FullRune(whole) || err != nil) {
			if whole[0] < utf8.RuneSelf {
				whole = whole[1:]
				continue
			}
			c, width := utf8.DecodeRune(whole)
			if c == utf8.RuneError && width == 1 {
				return false, nil
			}
			whole = whole[width:]
		}
		kept = copy(buffer, whole)
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
}

// separator guesses what parts the cells: of the usual signs, the one that the first line has most, outside quotes.
func separator(text string) rune {
	counts := map[rune]int{}
	quoted := false
	for _, r := range text {
		if r == '"' {
			quoted = !quoted
		}
		if r == '\n' && !quoted && len(counts) > 0 {
			break
		}
		if !quoted && strings.ContainsRune(",;\t|", r) {
			counts[r]++
		}
	}
	best := ';'
	for _, r := range ",\t|" {
		if counts[r] > counts[best] {
			best = r
		}
	}
	return best
}

func (t *textTable) next() (int, []string, error) {
	if t.end {
		return 0, nil, io.EOF
	}
	cells, err := t.csv.Read()
	var wrong *csv.ParseError
	if errors.As(err, &wrong) {
		p := Problem{File: t.file, Line: wrong.StartLine, Reason: "un guillemet n'est pas à sa place (doublez ceux qui sont dans le texte)"}
		if wrong.Line > wrong.StartLine || errors.Is(err, csv.ErrQuote) {
			p.Reason = fmt.Sprintf("un guillemet n'est pas fermé, ou n'entoure pas toute la case : rien n'est lu de la ligne %d à la ligne %d", wrong.StartLine, wrong.Line)
		}
		return p.Line, nil, &RowError{[]Problem{p}}
	}
	if err != nil {
		return 0, nil, err
	}
	line, _ := t.csv.FieldPos(0)
	if len(cells) > mostColumns {
		return line, nil, &RowError{[]Problem{{File: t.file, Line: line, Reason: fmt.Sprintf("plus de %d colonnes", mostColumns)}}}
	}
	return line, cells, nil
}

func (t *textTable) spreadsheet() (is, since1904 bool) { return false, false }
func (t *textTable) Close() error                      { return nil }

// sheetTable is a sheet of an XLSX file, read as it unfolds.
type sheetTable struct {
	file      string
	book      *excelize.File
	rows      *excelize.Rows
	line      int
	since1904 bool
}

func openSheet(name string, content io.ReaderAt, size int64, wanted string) (table, error) {
	if err := wholeSheets(content, size); err != nil {
		return nil, fmt.Errorf("%s : ce n'est pas un fichier XLSX entier : %w", name, err)
	}
	book, err := excelize.OpenReader(io.NewSectionReader(content, 0, size), excelize.Options{RawCellValue: true, UnzipSizeLimit: mostBytes})
	if err != nil {
		return nil, fmt.Errorf("%s : ce n'est pas un fichier XLSX lisible : %w", name, err)
	}
	sheets := book.GetSheetList()
	at := -1
	for i, sheet := range sheets {
		if visible, err := book.GetSheetVisible(sheet); wanted == "" && err == nil && visible || sheet == wanted {
			at = i
			break
		}
	}
	if at < 0 {
		return nil, errors.Join(fmt.Errorf("%s : la feuille « %s » n'est pas dans le fichier, qui a %s", name, wanted, quotedList(sheets)), book.Close())
	}
	t := &sheetTable{file: name, book: book}
	if t.rows, err = book.Rows(sheets[at]); err != nil {
		return nil, errors.Join(fmt.Errorf("%s, feuille « %s » : %w", name, sheets[at], err), book.Close())
	}
	if props, err := book.GetWorkbookProps(); err == nil && props.Date1904 != nil {
		t.since1904 = *props.Date1904
	}
	return t, nil
}

// wholeSheets reads the sheets once to their end: the library would take a damaged one for a shorter one.
func wholeSheets(content io.ReaderAt, size int64) error {
	archive, err := zip.NewReader(content, size)
	if err != nil {
		return err
	}
	left := int64(mostBytes)
	for _, f := range archive.File {
		if !strings.HasPrefix(strings.ToLower(f.Name), "xl/worksheets/") && !strings.HasSuffix(strings.ToLower(f.Name), "sharedstrings.xml") || !strings.HasSuffix(f.Name, ".xml") {
			continue
		}
		part, err := f.Open()
		if err != nil {
			return err
		}
		limited := &io.LimitedReader{R: part, N: left}
		decoder := xml.NewDecoder(bufio.NewReaderSize(limited, 1<<16))
		depth := 0
		for err == nil {
			var token xml.Token
			if token, err = decoder.RawToken(); err != nil {
				break
			}
			switch token.(type) {
			case xml.StartElement:
				depth++
			case xml.EndElement:
				depth--
			}
		}
		left = limited.N
		if closing := part.Close(); errors.Is(err, io.EOF) {
			err = closing
		}
		switch {
		case left <= 0:
			return fmt.Errorf("il dépasse %d Mo", mostBytes>>20)
		case err != nil:
			return fmt.Errorf("%s : %w", f.Name, err)
		case depth != 0:
			return fmt.Errorf("%s est coupé", f.Name)
		}
	}
	return nil
}

func (t *sheetTable) next() (int, []string, error) {
	if !t.rows.Next() {
		if err := t.rows.Error(); err != nil {
			return t.line, nil, Problem{File: t.file, Line: t.line, Reason: err.Error()}
		}
		return t.line, nil, io.EOF
	}
	t.line++
	cells, err := t.rows.Columns()
	if err != nil {
		return t.line, nil, Problem{File: t.file, Line: t.line, Reason: err.Error()}
	}
	return t.line, cells, nil
}

func (t *sheetTable) spreadsheet() (is, since1904 bool) { return true, t.since1904 }
func (t *sheetTable) Close() error                      { return errors.Join(t.rows.Close(), t.book.Close()) }
