package extract

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"guichet/knowledge"
)

// Limits of a table.
const (
	mostRows  = 100_000
	mostCells = 1_000 // in a row
)

// sheet is a table as it stands in a file.
type sheet struct {
	name string
	rows []line
}

// line is a row of a table with its place in the file.
type line struct {
	number int
	cells  []string
}

// sheets makes a reader of files out of one of tables: each has its rows, the first one as the titles of its columns.
func sheets(read func(content []byte, d *knowledge.Document) ([]sheet, error)) func([]byte, *knowledge.Document) error {
	return func(content []byte, d *knowledge.Document) error {
		all, err := read(content, d)
		if err != nil {
			return err
		}
		p := pieces{document: d}
		for _, s := range all {
			p.outline = outline{}
			if len(all) > 1 {
				p.outline.enter(1, s.name)
			}
			rows := make([][]string, len(s.rows))
			for i, l := range s.rows {
				rows[i] = l.cells
			}
			p.table(rows)
		}
		p.done()
		return nil
	}
}

// readCSV reads a table of texts, whatever of the usual separators it has.
func readCSV(content []byte, d *knowledge.Document) ([]sheet, error) {
	text, note, err := decode(content)
	if err != nil {
		return nil, err
	}
	if note != "" {
		d.Notes = append(d.Notes, note)
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma = separator(text)
	r.FieldsPerRecord = -1
	r.TrimLeadingSpace = true
	s := sheet{}
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return []sheet{s}, nil
		}
		if err != nil {
			return nil, wrongCSV(err)
		}
		if len(s.rows) >= mostRows || len(cells) > mostCells {
			return nil, errTooLarge
		}
		number, _ := r.FieldPos(0)
		s.rows = append(s.rows, line{number, cells})
	}
}

var errTooLarge = fmt.Errorf("tableau trop grand : %d lignes et %d colonnes au plus", mostRows, mostCells)

func wrongCSV(err error) error {
	var wrong *csv.ParseError
	switch {
	case !errors.As(err, &wrong):
		return err
	case errors.Is(err, csv.ErrQuote):
		return fmt.Errorf("ligne %d : un guillemet n'est pas fermé, ou n'entoure pas toute la case", wrong.StartLine)
	}
	return fmt.Errorf("ligne %d : un guillemet n'est pas à sa place (doublez ceux qui sont dans le texte)", wrong.Line)
}

// separator guesses what parts the cells: of the usual signs, the one that the first line has most, outside quotes.
func separator(text string) rune {
	counts := map[rune]int{}
	quoted := false
	for _, r := range text {
		if r == '"' {
			quoted = !quoted
		}
		if r == '\n' && !quoted {
			break
		}
		if !quoted {
			counts[r]++
		}
	}
	best := ','
	for _, r := range []rune{';', '\t', '|'} {
		if counts[r] > counts[best] {
			best = r
		}
	}
	return best
}
