package extract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"guichet/knowledge"
	"guichet/knowledge/french"
)

// mapping says what the columns of a catalogue are; its keys are those of a front matter.
type mapping struct {
	ID       string        `yaml:"id"`
	Title    string        `yaml:"titre"`
	Text     columns       `yaml:"texte"`
	Facts    yaml.MapSlice `yaml:"champs"` // label: column
	URL      string        `yaml:"url"`
	Date     string        `yaml:"date"`
	From     string        `yaml:"debut"`
	Until    string        `yaml:"fin"`
	Audience string        `yaml:"audience"`
	EPCI     string        `yaml:"epci"`
	// List is where the entries are in a JSON file (« data.results »), Sheet the one to read in an XLSX file.
	List  string `yaml:"liste"`
	Sheet string `yaml:"feuille"`
}

// columns is one name or several.
type columns []string

// UnmarshalYAML reads both forms.
func (c *columns) UnmarshalYAML(content []byte) error {
	var one string
	if yaml.Unmarshal(content, &one) == nil {
		*c = columns{one}
		return nil
	}
	return yaml.Unmarshal(content, (*[]string)(c))
}

// Mappable tells whether a file name is that of a table or of a list of entries, which a mapping may explain.
func Mappable(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".csv", ".tsv", ".xlsx", ".xlsm", ".json":
		return true
	}
	return false
}

// CheckMapping tells what is wrong with a mapping, with its line.
func CheckMapping(content []byte) error {
	_, err := readMapping(content)
	return err
}

func readMapping(content []byte) (mapping, error) {
	var m mapping
	if err := yaml.UnmarshalWithOptions(content, &m, yaml.Strict()); err != nil {
		return m, fmt.Errorf("correspondance des colonnes : %w", located(err, 0))
	}
	if m.Title == "" || len(m.Text) == 0 && len(m.Facts) == 0 {
		return m, errors.New("correspondance des colonnes : « titre » et « texte » (ou « champs ») sont requis")
	}
	return m, nil
}

// entry is a row of a catalogue, by the names of its columns.
type entry struct {
	place  string
	values map[string]string
}

// catalogue reads a table or a list by its mapping, one document an entry. The entries that cannot be read are
// knowledge.PartErrors.
func catalogue(f knowledge.File) ([]knowledge.Document, error) {
	m, err := readMapping(f.Mapping)
	if err != nil {
		return nil, err
	}
	if len(f.Content) > knowledge.MaxSize {
		return nil, fmt.Errorf("fichier trop gros : la limite est de %d Mo", knowledge.MaxSize>>20)
	}
	var entries []entry
	var whole knowledge.Document
	switch strings.ToLower(path.Ext(f.Name)) {
	case ".json":
		entries, err = jsonEntries(f.Content, m.List)
	case ".xlsx", ".xlsm":
		var all []sheet
		if all, err = readXLSX(f.Content, &whole); err == nil {
			entries, err = sheetEntries(all, m.Sheet)
		}
	default:
		var all []sheet
		if all, err = readCSV(f.Content, &whole); err == nil {
			entries, err = sheetEntries(all, "")
		}
	}
	if err != nil {
		return nil, err
	}
	if err := m.check(entries); err != nil {
		return nil, err
	}
	var documents []knowledge.Document
	var wrong []error
	seen := map[string]string{}
	for _, e := range entries {
		d, err := m.document(baseName(f.Name), e)
		if err == nil && seen[d.ID] != "" {
			err = fmt.Errorf("son identifiant « %s » est déjà celui de %s", d.ID, seen[d.ID])
		}
		if err != nil {
			wrong = append(wrong, &knowledge.PartError{Part: e.place, Err: err})
			continue
		}
		seen[d.ID] = e.place
		documents = append(documents, d)
	}
	if len(documents) > 0 {
		documents[0].Notes = append(documents[0].Notes, whole.Notes...)
	}
	if len(documents) == 0 && wrong == nil {
		return nil, errors.New("aucune ligne dans le catalogue")
	}
	return documents, errors.Join(wrong...)
}

// check tells a column that no entry has.
func (m mapping) check(entries []entry) error {
	known := map[string]bool{}
	for _, e := range entries {
		for name := range e.values {
			known[name] = true
		}
	}
	wanted := append(columns{m.ID, m.Title, m.URL, m.Date, m.From, m.Until, m.Audience, m.EPCI}, m.Text...)
	for _, fact := range m.Facts {
		wanted = append(wanted, fmt.Sprint(fact.Value))
	}
	for _, name := range wanted {
		if name != "" && !known[name] && len(entries) > 0 {
			var names []string
			for n := range known {
				names = append(names, "« "+n+" »")
			}
			slices.Sort(names)
			return fmt.Errorf("correspondance des colonnes : « %s » n'est pas dans le fichier, qui a %s", name, strings.Join(names[:min(len(names), 40)], ", "))
		}
	}
	return nil
}

func (m mapping) document(base string, e entry) (d knowledge.Document, err error) {
	value := func(column string) string { return strings.TrimSpace(e.values[column]) }
	d.Title, d.URL, d.EPCI = strings.Join(strings.Fields(value(m.Title)), " "), value(m.URL), value(m.EPCI)
	if d.Title == "" {
		return d, errors.New("elle n'a pas de titre")
	}
	key := value(m.ID)
	if key == "" {
		key = d.Title
	}
	if d.ID = base + "-" + slug(key); slug(key) == "" {
		return d, fmt.Errorf("« %s » ne fait pas un identifiant", key)
	}
	if a := value(m.Audience); a != "" {
		if err := d.Audience.UnmarshalText([]byte(a)); err != nil {
			return d, err
		}
	}
	for _, date := range []struct {
		column string
		into   *time.Time
	}{{m.Date, &d.Date}, {m.From, &d.ValidFrom}, {m.Until, &d.ValidUntil}} {
		if text := value(date.column); text != "" {
			if *date.into, err = anyDay(text); err != nil {
				return d, fmt.Errorf("colonne « %s » : %w", date.column, err)
			}
		}
	}
	if !d.ValidFrom.IsZero() && !d.ValidUntil.IsZero() && d.ValidUntil.Before(d.ValidFrom) {
		return d, errors.New("sa validité finit avant de commencer")
	}
	p := pieces{document: &d}
	p.heading(0, d.Title)
	for _, fact := range m.Facts {
		p.add(knowledge.Field, []string{fmt.Sprint(fact.Key)}, "", value(fmt.Sprint(fact.Value)))
	}
	for _, bound := range []struct {
		label string
		day   time.Time
	}{{"Début de validité", d.ValidFrom}, {"Fin de validité", d.ValidUntil}} {
		if !bound.day.IsZero() {
			p.add(knowledge.Field, []string{bound.label}, "", bound.day.Format(time.DateOnly))
		}
	}
	for _, column := range m.Text {
		if err := p.prose(column, value(column), len(m.Text) > 1); err != nil {
			return d, err
		}
	}
	if len(d.Blocks) == 1 {
		return d, errors.New("elle n'a pas de texte")
	}
	return d, nil
}

// prose adds a text with its own structure, HTML or Markdown, under the name of its column when there are several.
func (p *pieces) prose(column, text string, titled bool) error {
	var part knowledge.Document
	read := markdown
	if strings.HasPrefix(text, "<") || strings.Contains(text, "</") || strings.Contains(text, "<br") {
		read = webpage
	}
	if text == "" {
		return nil
	}
	if err := read(strings.ReplaceAll(text, "\r\n", "\n"), &part); err != nil {
		return fmt.Errorf("colonne « %s » : %w", column, err)
	}
	start := p.length
	for _, b := range part.Blocks {
		if titled {
			b.Path = append([]string{column}, b.Path...)
		}
		if b.Kind == knowledge.Title {
			b.Kind = knowledge.Paragraph
		}
		b.Offset += start
		p.document.Blocks = append(p.document.Blocks, b)
	}
	p.length += len(text) + 1
	return nil
}

// slug keeps the letters and figures of a text, without accents, parted by dashes.
func slug(text string) string {
	var b strings.Builder
	for _, r := range french.Fold(text) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= 80 {
			break
		}
	}
	return strings.Trim(b.String(), "-")
}

// anyDay reads a date of a table.
func anyDay(text string) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, "02/01/2006", "2/1/2006", "02/01/2006 15:04", "02/01/2006 15:04:05", time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04:05.000Z07:00"} {
		if t, err := time.Parse(layout, text); err == nil {
			return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC), nil
		}
	}
	return time.Time{}, fmt.Errorf("date « %s » illisible : AAAA-MM-JJ ou JJ/MM/AAAA est attendu", text)
}

// sheetEntries reads the rows of a sheet under the names of its first one.
func sheetEntries(all []sheet, name string) ([]entry, error) {
	at := 0
	if name != "" {
		at = slices.IndexFunc(all, func(s sheet) bool { return s.name == name })
	}
	if at < 0 || at >= len(all) {
		return nil, fmt.Errorf("la feuille « %s » n'est pas dans le fichier", name)
	}
	var header []string
	var out []entry
	for _, row := range all[at].rows {
		empty := !slices.ContainsFunc(row.cells, func(c string) bool { return strings.TrimSpace(c) != "" })
		switch {
		case empty:
		case header == nil:
			for _, c := range row.cells {
				header = append(header, strings.TrimSpace(c))
			}
		default:
			e := entry{place: fmt.Sprintf("ligne %d", row.number), values: map[string]string{}}
			for i, column := range header {
				e.values[column] = ""
				if i < len(row.cells) {
					e.values[column] = row.cells[i]
				}
			}
			out = append(out, e)
		}
	}
	return out, nil
}

// jsonEntries reads the objects of a list, at a place or the only one there is; what is inside them is named « a.b ».
func jsonEntries(content []byte, place string) ([]entry, error) {
	text, _, err := decode(content)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	var all any
	if err := d.Decode(&all); err != nil {
		at := min(int(d.InputOffset()), len(text))
		return nil, fmt.Errorf("JSON illisible, ligne %d : %w", lineOf(text, at), err)
	}
	if place != "" {
		for _, key := range strings.Split(place, ".") {
			object, _ := all.(map[string]any)
			if all = object[key]; all == nil {
				return nil, fmt.Errorf("correspondance des colonnes : la liste « %s » n'est pas dans le fichier", place)
			}
		}
	} else if object, ok := all.(map[string]any); ok {
		var lists []string
		for key, v := range object {
			if _, ok := v.([]any); ok {
				lists = append(lists, key)
			}
		}
		if slices.Sort(lists); len(lists) != 1 {
			return nil, fmt.Errorf("le fichier a %d listes (%s) : dites laquelle par « liste » dans la correspondance", len(lists), strings.Join(lists, ", "))
		}
		all = object[lists[0]]
	}
	list, ok := all.([]any)
	if !ok {
		return nil, errors.New("le fichier JSON n'est pas une liste d'objets")
	}
	if len(list) > mostRows {
		return nil, errTooLarge
	}
	out := make([]entry, 0, len(list))
	for i, item := range list {
		e := entry{place: fmt.Sprintf("entrée %d", i+1), values: map[string]string{}}
		flatten("", item, e.values, 0)
		out = append(out, e)
	}
	return out, nil
}

// flatten names what an object holds: lists of plain values are joined, other lists are for programs.
func flatten(name string, v any, into map[string]string, depth int) {
	switch v := v.(type) {
	case map[string]any:
		if depth > 8 {
			return
		}
		for key, inside := range v {
			if name != "" {
				key = name + "." + key
			}
			flatten(key, inside, into, depth+1)
		}
	case []any:
		var texts []string
		for _, item := range v {
			switch item.(type) {
			case string, json.Number, bool:
				texts = append(texts, plainValue(item))
			}
		}
		into[name] = strings.Join(texts, ", ")
	case nil:
		into[name] = ""
	default:
		into[name] = plainValue(v)
	}
}

func plainValue(v any) string {
	if b, ok := v.(bool); ok {
		if b {
			return "oui"
		}
		return "non"
	}
	return printable(fmt.Sprint(v))
}
