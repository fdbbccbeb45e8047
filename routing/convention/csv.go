package convention

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Row is a convention of a file, with its line.
type Row struct {
	Line int
	Convention
}

// Wrong is what is wrong on a line of a file.
type Wrong struct {
	Line   int
	Reason string
}

func (w Wrong) Error() string { return fmt.Sprintf("ligne %d : %s", w.Line, w.Reason) }

// columnNames are those of a file, in whatever order; the first five are required.
var columnNames = []string{"id", "type", "epci", "debut", "fin", "themes", "signature", "document", "renouvelle"}

const requiredColumns = 5

// ReadCSV reads conventions from a table with a header row, its columns set apart by commas, semicolons or tabs, its themes by
// « | ». The error joins a Wrong for each thing that is wrong.
func ReadCSV(in io.Reader) ([]Row, error) {
	text := bufio.NewReader(in)
	if start, _ := text.Peek(3); string(start) == "\ufeff" {
		_, _ = text.Discard(3)
	}
	const enough = 1 << 12
	start, err := text.Peek(enough)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return nil, fmt.Errorf("lire le fichier : %w", err)
	}
	head, _, _ := strings.Cut(string(start), "\n")
	reader := csv.NewReader(text)
	for _, comma := range ",;\t" {
		if strings.Count(head, string(comma)) > strings.Count(head, string(reader.Comma)) {
			reader.Comma = comma
		}
	}
	header, err := reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("le fichier est vide : une ligne de titres est attendue, " + strings.Join(columnNames, ", "))
	}
	if err != nil {
		return nil, csvWrong(err)
	}
	at, err := columnsAt(header)
	if err != nil {
		return nil, err
	}
	var rows []Row
	var problems []error
	lines := map[string]int{}
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return rows, errors.Join(problems...)
		}
		if err != nil {
			problems = append(problems, csvWrong(err))
			if errors.Is(err, csv.ErrFieldCount) {
				continue
			}
			return rows, errors.Join(problems...) // where the next row begins is not known
		}
		line, _ := reader.FieldPos(0)
		row, wrong := readRow(record, at)
		row.Line = line
		if other, twice := lines[row.ID]; twice && row.ID != "" {
			wrong = append(wrong, fmt.Sprintf("la convention « %s » est déjà ligne %d", row.ID, other))
		}
		lines[row.ID] = line
		for _, reason := range wrong {
			problems = append(problems, Wrong{Line: line, Reason: reason})
		}
		rows = append(rows, row)
	}
}

// columnsAt gives the place of each known column; what is no column of ours is told rather than lost.
func columnsAt(header []string) (map[string]int, error) {
	at := map[string]int{}
	var problems []error
	for i, name := range header {
		name = strings.ToLower(strings.TrimSpace(name))
		_, twice := at[name]
		switch {
		case !slices.Contains(columnNames, name):
			problems = append(problems, Wrong{Line: 1, Reason: fmt.Sprintf("colonne « %s » inconnue : %s", header[i], strings.Join(columnNames, ", "))})
		case twice:
			problems = append(problems, Wrong{Line: 1, Reason: "colonne « " + name + " » donnée deux fois"})
		}
		at[name] = i
	}
	for _, name := range columnNames[:requiredColumns] {
		if _, ok := at[name]; !ok {
			problems = append(problems, Wrong{Line: 1, Reason: "il manque la colonne « " + name + " »"})
		}
	}
	return at, errors.Join(problems...)
}

func readRow(record []string, at map[string]int) (row Row, wrong []string) {
	cell := func(name string) string {
		i, ok := at[name]
		if !ok {
			return ""
		}
		text := strings.TrimSpace(record[i])
		if !utf8.ValidString(text) {
			wrong = append(wrong, "colonne « "+name+" » : ce texte n'est pas en UTF-8, enregistrez le fichier en CSV UTF-8")
			return ""
		}
		return text
	}
	date := func(name string) Day {
		d, err := ParseDay(cell(name))
		if err != nil {
			wrong = append(wrong, "colonne « "+name+" » : "+err.Error())
		}
		return d
	}
	row.Convention = Convention{
		ID: cell("id"), Type: cell("type"), EPCI: strings.ReplaceAll(cell("epci"), " ", ""), Document: cell("document"), Renews: cell("renouvelle"),
		Start: date("debut"), End: date("fin"), Signed: date("signature"),
	}
	for theme := range strings.SplitSeq(cell("themes"), "|") {
		if theme = strings.TrimSpace(theme); theme != "" {
			row.Themes = append(row.Themes, theme)
		}
	}
	return row, wrong
}

func csvWrong(err error) error {
	var syntax *csv.ParseError
	if !errors.As(err, &syntax) {
		return fmt.Errorf("lire le fichier : %w", err)
	}
	reason := "guillemets mal fermés"
	if errors.Is(syntax.Err, csv.ErrFieldCount) {
		reason = "la ligne n'a pas autant de colonnes que les titres"
	}
	return Wrong{Line: syntax.StartLine, Reason: reason}
}
