package exchange

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"
)

// Format is a kind of file.
type Format string

// The formats that are written.
const (
	CSV  Format = "csv"
	XLSX Format = "xlsx"
)

// Writer writes rows by a mapping: a column for each field that has one, in the mapping's order.
type Writer struct {
	mapping *Mapping
	columns []column
	rows    sink
	line    int
}

type sink interface {
	row(line int, cells []string) error
	end() error
}

// NewWriter writes the titles. CSV is UTF-8 with its mark, so that spreadsheets read it rightly, parted by semicolons unless the
// mapping says otherwise.
func (m *Mapping) NewWriter(to io.Writer, f Format) (*Writer, error) {
	w := &Writer{mapping: m}
	var titles []string
	seen := map[string]bool{}
	for _, c := range m.columns {
		if len(c.titles) == 0 || seen[c.titles[0]] {
			continue
		}
		seen[c.titles[0]] = true
		w.columns = append(w.columns, c)
		titles = append(titles, guard(c.titles[0]))
	}
	if f == XLSX {
		s, err := newSheet(to, m.sheet)
		if err != nil {
			return nil, err
		}
		w.rows = s
	} else {
		if _, err := io.WriteString(to, "\ufeff"); err != nil {
			return nil, err
		}
		s := textSink{csv.NewWriter(to)}
		if s.Comma = m.delimiter; s.Comma == 0 {
			s.Comma = ';'
		}
		s.UseCRLF = true
		w.rows = s
	}
	w.line = 1
	return w, w.rows.row(w.line, titles)
}

// Write writes a row; values are those of a Row.
func (w *Writer) Write(values map[string]string) error {
	cells := make([]string, len(w.columns))
	for i, c := range w.columns {
		cell, err := c.write(values[c.Name], w.mapping)
		if err != nil {
			return fmt.Errorf("colonne « %s » : %w", c.titles[0], err)
		}
		cells[i] = cell
	}
	w.line++
	return w.rows.row(w.line, cells)
}

// Close ends the file; the writer below it stays open.
func (w *Writer) Close() error { return w.rows.end() }

type textSink struct{ *csv.Writer }

func (t textSink) row(_ int, cells []string) error { return t.Write(cells) }
func (t textSink) end() error {
	t.Flush()
	return t.Error()
}

type sheetSink struct {
	to     io.Writer
	book   *excelize.File
	stream *excelize.StreamWriter
}

func newSheet(to io.Writer, name string) (*sheetSink, error) {
	s := &sheetSink{to: to, book: excelize.NewFile()}
	if name == "" {
		name = "guichet"
	}
	err := s.book.SetSheetName(s.book.GetSheetName(0), name)
	if err == nil {
		s.stream, err = s.book.NewStreamWriter(name)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("commencer le fichier XLSX : %w", err), s.book.Close())
	}
	return s, nil
}

func (s *sheetSink) row(line int, cells []string) error {
	if line > excelize.TotalRows {
		return fmt.Errorf("une feuille XLSX n'a que %d lignes : écrivez du CSV, ou moins de demandes", excelize.TotalRows)
	}
	values := make([]any, len(cells))
	for i, c := range cells {
		if len(c) > excelize.TotalCellChars && len(utf16.Encode([]rune(c))) > excelize.TotalCellChars {
			return fmt.Errorf("une case XLSX n'a que %d caractères : écrivez du CSV", excelize.TotalCellChars)
		}
		if c != "" {
			values[i] = c
		}
	}
	return s.stream.SetRow(fmt.Sprintf("A%d", line), values)
}

func (s *sheetSink) end() error {
	err := s.stream.Flush()
	if err == nil {
		_, err = s.book.WriteTo(s.to)
	}
	if err = errors.Join(err, s.book.Close()); err != nil {
		return fmt.Errorf("écrire le fichier XLSX : %w", err)
	}
	return nil
}
