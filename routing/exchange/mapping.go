// Package exchange reads and writes tables, CSV and XLSX, row after row, by a mapping: a file that says which column of
// another tool holds which of our fields, and how it writes dates, amounts and values. It knows no tool and no field: the
// fields are given by who calls. It may import routing, libraries of files and of YAML.
package exchange

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"golang.org/x/text/unicode/norm"

	"guichet/routing"
)

// Kind is what a field holds.
type Kind string

// The kinds of fields, with what a Row gives for each.
const (
	Text   Kind = "texte"
	Date   Kind = "date"    // Moment: « 2026-03-05 » or « 2026-03-05 14:30:00 », in Paris
	Amount Kind = "montant" // a number with a point, « 1234.50 », in the unit of the column
)

// Field is one of ours.
type Field struct {
	Name string
	Kind Kind
	// Required fields are never empty.
	Required bool
	// Values are the only ones that a text may have; empty for any.
	Values []string
}

// Mapping says how a file's columns hold our fields.
type Mapping struct {
	name string
	// delimiter is 0 to find it in the file, windows1252 that the file is not UTF-8 whatever it looks like.
	delimiter   rune
	windows1252 bool
	sheet       string
	decimal     string
	columns     []column
}

// column is a field with where it is found.
type column struct {
	Field
	// titles are the ones it may have: the first that is in the file and filled; none for a constant.
	titles   []string
	constant string
	fallback string
	layouts  []layout
	// theirs translates values from the file, folded; ours the other way.
	theirs, ours map[string]string
	values       []string // of the file, as written, for a message
}

type mappingYAML struct {
	Delimiter placed[string] `yaml:"delimiter"`
	Encoding  placed[string] `yaml:"encoding"`
	Sheet     string         `yaml:"sheet"`
	Dates     placed[strs]   `yaml:"dates"`
	Decimal   placed[string] `yaml:"decimal"`
	Fields    fieldsYAML     `yaml:"fields"`
}

type fieldYAML struct {
	Column   strs              `yaml:"column"`
	Constant string            `yaml:"constant"`
	Default  string            `yaml:"default"`
	Required bool              `yaml:"required"`
	Dates    strs              `yaml:"dates"`
	Values   map[string]string `yaml:"values"`
	line     int
	name     string
}

// placed is a value with the line where it stands.
type placed[T any] struct {
	line  int
	value T
}

// UnmarshalYAML keeps the line.
func (p *placed[T]) UnmarshalYAML(node ast.Node) error {
	p.line = node.GetToken().Position.Line
	return yaml.NodeToValue(node, &p.value, yaml.Strict())
}

// strs is one text or several.
type strs []string

// UnmarshalYAML reads both forms.
func (s *strs) UnmarshalYAML(node ast.Node) error {
	if list, ok := node.(*ast.SequenceNode); ok {
		var all []string
		err := yaml.NodeToValue(list, &all)
		*s = all
		return err
	}
	var one string
	err := yaml.NodeToValue(node, &one)
	*s = strs{one}
	return err
}

// fieldsYAML keeps the order, which is that of the columns that are written.
type fieldsYAML []fieldYAML

// UnmarshalYAML reads « field: column » or « field: {column: …} ».
func (f *fieldsYAML) UnmarshalYAML(node ast.Node) error {
	var pairs []*ast.MappingValueNode
	switch n := node.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		return errors.New("« fields » donne une colonne pour chaque champ")
	}
	for _, p := range pairs {
		y := fieldYAML{line: p.Key.GetToken().Position.Line, name: p.Key.GetToken().Value}
		var err error
		switch p.Value.(type) {
		case *ast.MappingNode, *ast.MappingValueNode:
			err = yaml.NodeToValue(p.Value, &y, yaml.Strict())
		default:
			err = y.Column.UnmarshalYAML(p.Value)
		}
		if err != nil {
			return err
		}
		*f = append(*f, y)
	}
	return nil
}

// ParseMapping reads a mapping and checks it against the fields; every mistake is told with its file and line.
func ParseMapping(name string, content []byte, fields []Field) (*Mapping, error) {
	at := func(line int, format string, args ...any) error {
		return routing.Problem{Pos: routing.Pos{File: name, Line: line}, Reason: fmt.Sprintf(format, args...)}
	}
	var y mappingYAML
	if err := yaml.UnmarshalWithOptions(content, &y, yaml.Strict()); err != nil {
		var syntax yaml.Error
		if errors.As(err, &syntax) && syntax.GetToken() != nil {
			return nil, at(syntax.GetToken().Position.Line, "%s", syntax.GetMessage())
		}
		return nil, at(1, "%s", err)
	}
	m := &Mapping{name: name, sheet: y.Sheet, decimal: ","}
	var problems []error
	wrong := func(line int, format string, args ...any) { problems = append(problems, at(line, format, args...)) }
	switch d := y.Delimiter.value; d {
	case "":
	case ";", ",", "|", "\t":
		m.delimiter = rune(d[0])
	case "tab":
		m.delimiter = '\t'
	default:
		wrong(y.Delimiter.line, "delimiter « %s » : « ; », « , », « | » ou « tab » est attendu", d)
	}
	switch e := strings.ToLower(y.Encoding.value); e {
	case "", "utf-8":
	case "windows-1252":
		m.windows1252 = true
	default:
		wrong(y.Encoding.line, "encoding « %s » : « utf-8 » ou « windows-1252 » est attendu", y.Encoding.value)
	}
	if d := y.Decimal.value; d == "." {
		m.decimal = d
	} else if d != "" && d != "," {
		wrong(y.Decimal.line, "decimal « %s » : « , » ou « . » est attendu", d)
	}
	usual := []string{"AAAA-MM-JJ HH:mm:ss", "AAAA-MM-JJ HH:mm", "AAAA-MM-JJ", "JJ/MM/AAAA HH:mm:ss", "JJ/MM/AAAA HH:mm", "JJ/MM/AAAA"}
	if len(y.Dates.value) > 0 {
		usual = y.Dates.value
	}
	layouts, err := readLayouts(usual)
	if err != nil {
		wrong(y.Dates.line, "%s", err)
	}
	seen := map[string]int{}
	for _, f := range y.Fields {
		i := slices.IndexFunc(fields, func(known Field) bool { return known.Name == f.name })
		switch {
		case i < 0:
			wrong(f.line, "le champ « %s » est inconnu : %s", f.name, listed(fields))
			continue
		case seen[f.name] != 0:
			wrong(f.line, "le champ « %s » est déjà ligne %d", f.name, seen[f.name])
			continue
		}
		seen[f.name] = f.line
		c, err := f.column(fields[i], layouts)
		if err != nil {
			wrong(f.line, "champ « %s » : %s", f.name, err)
			continue
		}
		m.columns = append(m.columns, c)
	}
	for _, f := range fields {
		if f.Required && seen[f.Name] == 0 {
			wrong(1, "il manque le champ « %s » : une colonne, ou une constante", f.Name)
		}
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return m, nil
}

func (y fieldYAML) column(f Field, layouts []layout) (c column, err error) {
	c = column{Field: f, constant: y.Constant, fallback: y.Default, layouts: layouts}
	c.Required = f.Required || y.Required
	for _, title := range y.Column {
		if title = plainTitle(title); title != "" {
			c.titles = append(c.titles, title)
		}
	}
	switch {
	case len(c.titles) == 0 && c.constant == "":
		return c, errors.New("il manque « column » ou « constant »")
	case len(c.titles) > 0 && c.constant != "":
		return c, errors.New("« column » et « constant » ne vont pas ensemble")
	case len(y.Dates) > 0 && f.Kind != Date:
		return c, errors.New("« dates » ne va qu'avec une date")
	case len(y.Values) > 0 && f.Kind != Text:
		return c, errors.New("« values » ne va qu'avec un texte")
	}
	if len(y.Dates) > 0 {
		if c.layouts, err = readLayouts(y.Dates); err != nil {
			return c, err
		}
	}
	c.theirs, c.ours = map[string]string{}, map[string]string{}
	for theirs := range y.Values {
		c.values = append(c.values, theirs)
	}
	slices.Sort(c.values)
	for _, theirs := range c.values {
		ours := y.Values[theirs]
		if err := c.allowed(ours); err != nil {
			return c, fmt.Errorf("« %s » : %w", theirs, err)
		}
		c.theirs[folded(theirs)] = ours
		if _, ok := c.ours[ours]; !ok {
			c.ours[ours] = theirs
		}
	}
	for _, value := range []*string{&c.constant, &c.fallback} { // those are ours: ISO dates, a point in amounts
		if *value == "" {
			continue
		}
		if *value, err = c.given(*value); err != nil {
			return c, err
		}
	}
	return c, nil
}

// given checks a value of ours that the mapping gives.
func (c column) given(value string) (string, error) {
	switch c.Kind {
	case Date:
		if _, err := Moment(value); err != nil {
			return "", err
		}
	case Amount:
		if !number.MatchString(value) {
			return "", fmt.Errorf("montant « %s » : un nombre comme « 1234.50 » est attendu", value)
		}
	}
	return value, c.allowed(value)
}

func (c column) allowed(value string) error {
	if len(c.Values) > 0 && !slices.Contains(c.Values, value) {
		return fmt.Errorf("« %s » n'est pas une des valeurs du champ : %s", value, strings.Join(c.Values, ", "))
	}
	return nil
}

func listed(fields []Field) string {
	var names []string
	for _, f := range fields {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

// plainTitle writes a column's title on one line, its letters composed.
func plainTitle(title string) string {
	return norm.NFC.String(strings.Join(strings.Fields(title), " "))
}

// folded makes titles and values that differ by case alone the same.
func folded(text string) string { return strings.ToLower(plainTitle(text)) }
