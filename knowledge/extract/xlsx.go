package extract

import (
	"encoding/xml"
	"errors"
	"fmt"
	"math"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"guichet/knowledge"
)

// readXLSX reads the sheets that are not hidden, one cell after the other so that a large one takes no memory but its text's.
// Numbers and dates come as a French screen shows them: « 1 234,50 € », « 05/03/2022 ».
func readXLSX(content []byte, d *knowledge.Document) ([]sheet, error) {
	a, err := openArchive(content, "XLSX")
	if err != nil {
		return nil, err
	}
	if err := a.properties("docProps/core.xml", d); err != nil {
		return nil, err
	}
	book := workbook{archive: a}
	if err := errors.Join(book.readFormats(), book.readTexts()); err != nil {
		return nil, err
	}
	parts, err := book.sheets()
	if err != nil {
		return nil, err
	}
	var out []sheet
	rows := 0
	for _, p := range parts {
		s, err := book.read(p)
		if err != nil {
			return nil, fmt.Errorf("feuille « %s » : %w", p.name, err)
		}
		if rows += len(s.rows); rows > mostRows {
			return nil, errTooLarge
		}
		if len(s.rows) > 0 {
			out = append(out, s)
		}
	}
	return out, nil
}

type workbook struct {
	archive
	texts   []string     // that cells share
	formats []cellFormat // by style
	// since1904 is the other day from which a file may count.
	since1904 bool
}

// sheetPart is where a sheet is.
type sheetPart struct{ name, part string }

// sheets lists the sheets that are not hidden.
func (b *workbook) sheets() ([]sheetPart, error) {
	targets := map[string]string{}
	err := b.each("xl/_rels/workbook.xml.rels", func(_ *tokens, e xml.StartElement) error {
		if e.Name.Local == "Relationship" {
			target := attribute(e, "Target")
			if !strings.HasPrefix(target, "/") {
				target = path.Join("xl", target)
			}
			targets[attribute(e, "Id")] = strings.TrimPrefix(target, "/")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out []sheetPart
	err = b.each("xl/workbook.xml", func(_ *tokens, e xml.StartElement) error {
		switch {
		case e.Name.Local == "workbookPr":
			b.since1904 = attribute(e, "date1904") == "1" || attribute(e, "date1904") == "true"
		case e.Name.Local == "sheet" && attribute(e, "state") != "hidden" && attribute(e, "state") != "veryHidden":
			for _, a := range e.Attr { // « r:id », not « sheetId »
				if a.Name.Local == "id" && targets[a.Value] != "" {
					out = append(out, sheetPart{attribute(e, "name"), targets[a.Value]})
				}
			}
		}
		return nil
	})
	if err == nil && len(out) == 0 {
		err = errors.New("ce n'est pas un fichier XLSX, ou toutes ses feuilles sont cachées")
	}
	return out, err
}

// each calls a function at the start of each element of a part; a part that is not there has none.
func (b *workbook) each(name string, do func(t *tokens, e xml.StartElement) error) error {
	t, err := b.part(name)
	if t == nil {
		return err
	}
	for {
		token, err := t.next()
		if token == nil {
			return err
		}
		if e, ok := token.(xml.StartElement); ok {
			if err := do(t, e); err != nil {
				return err
			}
		}
	}
}

func (b *workbook) readTexts() error {
	return b.each("xl/sharedStrings.xml", func(t *tokens, e xml.StartElement) error {
		if e.Name.Local != "si" {
			return nil
		}
		text, err := t.plainContent()
		b.texts = append(b.texts, text)
		return err
	})
}

// plainContent gives the text of the element that was just opened, without the reading aids of some languages.
func (t *tokens) plainContent() (string, error) {
	var s strings.Builder
	for depth := t.depth; ; {
		token, err := t.next()
		if token == nil {
			return s.String(), err
		}
		switch token := token.(type) {
		case xml.StartElement:
			switch token.Name.Local {
			case "rPh":
				if err := t.skip(); err != nil {
					return "", err
				}
			case "t":
				text, err := t.content()
				if err != nil {
					return "", err
				}
				s.WriteString(text)
			}
		case xml.EndElement:
			if t.depth < depth {
				return s.String(), nil
			}
		}
	}
}

func (b *workbook) readFormats() error {
	codes := map[string]string{}
	inCells := false
	err := b.each("xl/styles.xml", func(_ *tokens, e xml.StartElement) error {
		switch e.Name.Local {
		case "numFmt":
			codes[attribute(e, "numFmtId")] = attribute(e, "formatCode")
		case "cellXfs":
			inCells = true
		case "cellStyles", "dxfs":
			inCells = false
		case "xf":
			if inCells {
				id := attribute(e, "numFmtId")
				code, ok := codes[id]
				if !ok {
					code = builtIn[id]
				}
				b.formats = append(b.formats, readFormat(code))
			}
		}
		return nil
	})
	return err
}

var cellPlace = regexp.MustCompile(`^([A-Z]{1,3})(\d+)$`)

// read reads the cells of a sheet.
func (b *workbook) read(p sheetPart) (sheet, error) {
	s := sheet{name: p.name}
	number := 0
	err := b.each(p.part, func(t *tokens, e xml.StartElement) error {
		switch e.Name.Local {
		case "row":
			number++
			if n, err := strconv.Atoi(attribute(e, "r")); err == nil && n > 0 {
				number = n
			}
			if len(s.rows) >= mostRows {
				return errTooLarge
			}
			s.rows = append(s.rows, line{number: number})
		case "c":
			if len(s.rows) == 0 {
				return nil
			}
			row := &s.rows[len(s.rows)-1]
			column := len(row.cells)
			if m := cellPlace.FindStringSubmatch(attribute(e, "r")); m != nil {
				column = columnNumber(m[1])
			}
			if column >= mostCells {
				return errTooLarge
			}
			text, err := b.cell(t, e)
			for len(row.cells) <= column {
				row.cells = append(row.cells, "")
			}
			row.cells[column] = text
			return err
		}
		return nil
	})
	return s, err
}

func columnNumber(letters string) int {
	n := 0
	for _, r := range letters {
		n = n*26 + int(r-'A') + 1
	}
	return n - 1
}

// cell reads the cell that was just opened.
func (b *workbook) cell(t *tokens, e xml.StartElement) (string, error) {
	var value, inline string
	for depth := t.depth; ; {
		token, err := t.next()
		if token == nil {
			return "", err
		}
		switch token := token.(type) {
		case xml.StartElement:
			switch token.Name.Local {
			case "v":
				value, err = t.content()
			case "is":
				inline, err = t.plainContent()
			default:
				err = t.skip()
			}
			if err != nil {
				return "", err
			}
		case xml.EndElement:
			if t.depth < depth {
				return b.shown(attribute(e, "t"), attribute(e, "s"), value, inline), nil
			}
		}
	}
}

func (b *workbook) shown(kind, style, value, inline string) string {
	switch kind {
	case "s":
		if i, err := strconv.Atoi(value); err == nil && i >= 0 && i < len(b.texts) {
			return b.texts[i]
		}
		return ""
	case "inlineStr":
		return inline
	case "b":
		if value == "1" {
			return "oui"
		}
		return "non"
	case "e":
		return "" // #N/A and the like say nothing
	case "d":
		if at, err := time.Parse("2006-01-02T15:04:05", strings.TrimSuffix(value, "Z")); err == nil {
			return at.Format("02/01/2006")
		}
		return value
	case "str":
		return value
	}
	number, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil {
		return value
	}
	var f cellFormat
	if i, err := strconv.Atoi(style); err == nil && i >= 0 && i < len(b.formats) {
		f = b.formats[i]
	}
	return f.show(number, b.since1904)
}

// builtIn are the formats that a file names by number without writing them (ECMA-376, part 1, 18.8.30).
var builtIn = map[string]string{
	"1": "0", "2": "0.00", "3": "#,##0", "4": "#,##0.00", "9": "0%", "10": "0.00%", "14": "dd/mm/yyyy", "15": "d-mmm-yy", "16": "d-mmm", "17": "mmm-yy",
	"18": "h:mm", "19": "h:mm:ss", "20": "h:mm", "21": "h:mm:ss", "22": "dd/mm/yyyy h:mm", "37": "#,##0", "38": "#,##0", "39": "#,##0.00", "40": "#,##0.00",
	"45": "mm:ss", "46": "[h]:mm:ss", "47": "mm:ss", "27": "d/m/yy", "28": "d/m/yy", "29": "d/m/yy", "30": "d/m/yy", "31": "d/m/yy", "36": "d/m/yy",
	"50": "d/m/yy", "51": "d/m/yy", "52": "m/yy", "53": "m/yy", "54": "d/m/yy", "55": "m/yy", "56": "m/yy", "57": "d/m/yy", "58": "d/m/yy",
}

// cellFormat is how a number is shown.
type cellFormat struct {
	date, day, time   bool
	percent, thousand bool
	decimals          int // -1 for as many as there are
	unit              string
	set               bool
}

var (
	literal  = regexp.MustCompile(`"([^"]*)"|\\(.)|\[\$([^\]-]*)[^\]]*\]|\[[^\]]*\]|_.|\*.`)
	decimals = regexp.MustCompile(`\.(0+)`)
)

// readFormat reads a format's code: that of positive numbers.
func readFormat(code string) cellFormat {
	f := cellFormat{decimals: -1, set: true}
	code, _, _ = strings.Cut(code, ";")
	if code == "" || strings.EqualFold(code, "general") || strings.EqualFold(code, "standard") || code == "@" {
		return f
	}
	elapsed := strings.Contains(strings.ToLower(code), "[h]")
	var said strings.Builder
	for _, m := range literal.FindAllStringSubmatch(code, -1) {
		said.WriteString(m[1] + m[2] + m[3])
	}
	bare := strings.ToLower(literal.ReplaceAllString(code, ""))
	f.time = elapsed || strings.ContainsAny(bare, "hs")
	f.date = strings.ContainsAny(bare, "yd") || strings.Contains(bare, "mmm")
	f.day = strings.Contains(bare, "d")
	f.percent = strings.Contains(bare, "%")
	f.thousand = strings.Contains(bare, ",") || strings.Contains(bare, "# ")
	if m := decimals.FindStringSubmatch(bare); m != nil {
		f.decimals = len(m[1])
	} else if strings.ContainsAny(bare, "0#") {
		f.decimals = 0
	}
	for _, sign := range []string{"€", "$", "£", "k€", "M€", "EUR"} {
		if strings.Contains(said.String()+bare, sign) {
			f.unit = sign
		}
	}
	return f
}

// show writes a number as the format wants it.
func (f cellFormat) show(number float64, since1904 bool) string {
	if (f.date || f.time) && number >= 0 && number < 2958466 { // up to the year 9999
		return f.moment(number, since1904)
	}
	if f.percent {
		number *= 100
	}
	precision := f.decimals
	if !f.set {
		precision = -1
	}
	if precision < 0 { // fifteen figures are exact, more show how floats are made
		number, _ = strconv.ParseFloat(strconv.FormatFloat(number, 'g', 15, 64), 64)
	}
	text := strconv.FormatFloat(number, 'f', precision, 64)
	whole, part, _ := strings.Cut(text, ".")
	if f.thousand {
		whole = grouped(whole)
	}
	if part != "" {
		whole += "," + part
	}
	switch {
	case f.percent:
		return whole + " %"
	case f.unit != "":
		return whole + " " + f.unit
	}
	return whole
}

func (f cellFormat) moment(number float64, since1904 bool) string {
	start := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	switch {
	case since1904:
		start = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	case number < 60 && number >= 1: // the 29 February 1900, which never was, is counted
		start = start.AddDate(0, 0, 1)
	}
	days, rest := math.Modf(number)
	at := start.AddDate(0, 0, int(days)).Add(time.Duration(math.Round(rest*86400)) * time.Second)
	var parts []string
	switch {
	case f.date && f.day:
		parts = append(parts, at.Format("02/01/2006"))
	case f.date:
		parts = append(parts, at.Format("01/2006"))
	}
	if f.time && (!f.date || rest > 0) {
		hours := int(at.Hour())
		if !f.date {
			hours += int(days) * 24 // a duration
		}
		parts = append(parts, fmt.Sprintf("%02d:%02d", hours, at.Minute()))
	}
	return strings.Join(parts, " ")
}

// grouped parts the thousands of a whole number.
func grouped(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + " " + digits[i:]
	}
	return sign + digits
}
