package exchange

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // dates are French wherever the program runs
	"unicode"
)

// layout is how dates are written, as Go reads and writes them.
type layout struct{ french, read, write string }

var (
	layoutRead  = strings.NewReplacer("AAAA", "2006", "AA", "06", "MM", "1", "JJ", "2", "HH", "15", "mm", "4", "ss", "5", "Z", "Z07:00")
	layoutWrite = strings.NewReplacer("AAAA", "2006", "AA", "06", "MM", "01", "JJ", "02", "HH", "15", "mm", "04", "ss", "05", "Z", "Z07:00")
	notLayout   = regexp.MustCompile(`[A-Za-z0-9]`)
	marks       = strings.NewReplacer("AAAA", "", "AA", "", "MM", "", "JJ", "", "HH", "", "mm", "", "ss", "", "T", "", "Z", "")
)

func readLayouts(french []string) (all []layout, err error) {
	for _, f := range french {
		if notLayout.MatchString(marks.Replace(f)) || !strings.Contains(f, "AA") || !strings.Contains(f, "MM") || !strings.Contains(f, "JJ") {
			return nil, fmt.Errorf("dates « %s » : un format comme « JJ/MM/AAAA » ou « AAAA-MM-JJ HH:mm » est attendu", f)
		}
		all = append(all, layout{french: f, read: layoutRead.Replace(f), write: layoutWrite.Replace(f)})
	}
	return all, nil
}

// How a Row gives dates.
const (
	dayForm    = time.DateOnly
	secondForm = time.DateTime
	// zonedForm is for the hour that comes twice, when winter time begins.
	zonedForm = time.DateTime + "Z07:00"
)

var paris = mustZone("Europe/Paris")

func mustZone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic("exchange: " + err.Error()) // the zones are part of the program
	}
	return zone
}

// Moment reads a date of a Row; one without an hour is held to be noon in Paris, and the empty text gives the zero time.
func Moment(value string) (time.Time, error) {
	if value == "" {
		return time.Time{}, nil
	}
	if day, err := time.ParseInLocation(dayForm, value, paris); err == nil {
		return day.Add(12 * time.Hour).UTC(), nil
	}
	if at, err := time.Parse(zonedForm, value); err == nil {
		return at.UTC(), nil
	}
	at, err := time.ParseInLocation(secondForm, value, paris)
	if err != nil {
		return time.Time{}, fmt.Errorf("date « %s » : AAAA-MM-JJ est attendu", value)
	}
	return at.UTC(), nil
}

// FromTime writes a time as a Row gives it, to the second; the zero time is empty.
func FromTime(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	if twice(at) {
		return at.In(paris).Format(zonedForm)
	}
	return at.In(paris).Format(secondForm)
}

// twice tells that the clock of Paris alone does not tell a time.
func twice(at time.Time) bool {
	at = at.Truncate(time.Second)
	read, err := time.ParseInLocation(secondForm, at.In(paris).Format(secondForm), paris)
	return err == nil && !read.Equal(at)
}

// earliest and latest bound dates: what is outside is a slip (« 0202 », « 20266 »).
const earliest, latest = 1900, 2100

// moment reads a date of a file. serial tells that a bare number is a day of a spreadsheet.
func (c column) moment(text string, serial, since1904 bool) (string, error) {
	if serial {
		if days, err := strconv.ParseFloat(text, 64); err == nil {
			return spreadsheetDay(days, since1904)
		}
	}
	for _, l := range c.layouts {
		at, err := time.ParseInLocation(l.read, text, time.UTC)
		if err != nil {
			continue
		}
		if at.Year() < earliest || at.Year() > latest {
			return "", fmt.Errorf("l'année de « %s » n'est pas entre %d et %d", text, earliest, latest)
		}
		switch {
		case strings.Contains(l.french, "Z"):
			return FromTime(at), nil
		case strings.Contains(l.french, "HH"):
			return at.Format(secondForm), nil
		}
		return at.Format(dayForm), nil
	}
	return "", fmt.Errorf("« %s » n'est pas une date comme %s", text, quotedList(c.formats()))
}

func (c column) formats() (all []string) {
	for _, l := range c.layouts {
		all = append(all, l.french)
	}
	return all
}

// spreadsheetDay reads the number by which spreadsheets keep a day (ECMA-376, part 1, 18.17.4).
func spreadsheetDay(days float64, since1904 bool) (string, error) {
	start := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	if since1904 {
		start = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if !(days >= 61 && days < 80000) { // before March 1900 the two ways of counting differ
		return "", fmt.Errorf("« %v » n'est pas une date", days)
	}
	whole, part := math.Modf(days)
	at := start.AddDate(0, 0, int(whole)).Add(time.Duration(math.Round(part*86400)) * time.Second)
	if part == 0 {
		return at.Format(dayForm), nil
	}
	return at.Format(secondForm), nil
}

var (
	number = regexp.MustCompile(`^-?\d{1,15}(\.\d{1,6})?$`)
	// exact is how spreadsheets keep a number.
	exact  = regexp.MustCompile(`^-?\d+(\.\d+)?([eE][+-]?\d+)?$`)
	commas = regexp.MustCompile(`^-?(\d{1,3}([. ]\d{3})+|\d+)(,\d+)?$`)
	points = regexp.MustCompile(`^-?(\d{1,3}([, ]\d{3})+|\d+)(\.\d+)?$`)
)

// amount reads an amount of a file: « 1 234,50 € ». spreadsheet tells that a bare number has a point whatever the mapping says.
func amount(text, decimal string, spreadsheet bool) (string, error) {
	plain := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '\u202f' || r == '\u00a0' {
			return ' '
		}
		return r
	}, text)
	for _, unit := range []string{"€", "EUR", "euros"} {
		plain = strings.TrimSpace(strings.TrimSuffix(plain, unit))
	}
	if spreadsheet && exact.MatchString(plain) {
		value, err := strconv.ParseFloat(plain, 64)
		if err != nil || math.Abs(value) >= 1e15 {
			return "", fmt.Errorf("montant « %s » trop grand", text)
		}
		return strconv.FormatFloat(math.Round(value*1e6)/1e6, 'f', -1, 64), nil
	}
	form, example := commas, "1 234,50"
	if decimal == "." {
		form, example = points, "1,234.50"
	}
	if form.MatchString(plain) {
		whole, part, parted := strings.Cut(plain, decimal)
		value := strings.NewReplacer(" ", "", ".", "", ",", "").Replace(whole)
		if parted {
			value += "." + part
		}
		if number.MatchString(value) {
			return value, nil
		}
	}
	return "", fmt.Errorf("« %s » n'est pas un montant comme « %s »", text, example)
}

// The signs by which a spreadsheet takes a text for a formula, full-width ones included.
const formulaSigns = "=+-@＝＋－＠"

// guard puts an apostrophe before a text that a spreadsheet would run; bare takes it off again.
func guard(text string) string {
	if rest := strings.TrimLeft(text, "'"); rest != "" && strings.ContainsRune(formulaSigns, first(rest)) {
		return "'" + text
	}
	return text
}

func bare(text string) string {
	rest, ok := strings.CutPrefix(text, "'")
	if ok && guard(rest) != rest {
		return rest
	}
	return text
}

func first(text string) rune {
	for _, r := range text {
		return r
	}
	return 0
}

// tidy gives a text as a Row gives it: one kind of line ends, no space around, nothing that a file of either kind cannot hold.
func tidy(text string) string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n").Replace(text)
	text = strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unicode.IsControl(r) || r == '\ufeff' || r == '\ufffe' || r == '\uffff' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd"))
	return strings.TrimSpace(text)
}

// read reads a cell; an empty one gives the default.
func (c column) read(cell string, m *Mapping, spreadsheet, since1904 bool) (value string, err error) {
	switch text := bare(tidy(cell)); {
	case text == "":
		value = c.fallback
	case c.Kind == Date:
		value, err = c.moment(text, spreadsheet, since1904)
	case c.Kind == Amount:
		value, err = amount(text, m.decimal, spreadsheet)
	case len(c.theirs) > 0:
		ours, ok := c.theirs[folded(text)]
		if !ok {
			return "", fmt.Errorf("« %s » n'est pas une des valeurs de la correspondance : %s", text, quotedList(c.values))
		}
		value = ours
	default:
		if err := c.allowed(text); err != nil {
			return "", err
		}
		value = text
	}
	if err == nil && value == "" && c.Required {
		err = errors.New("la case est vide")
	}
	return value, err
}

// write writes a value as the file wants it.
func (c column) write(value string, m *Mapping) (string, error) {
	switch {
	case value == "":
		return "", nil
	case c.Kind == Date:
		at, err := Moment(value)
		if err != nil {
			return "", err
		}
		l := c.layouts[0]
		if i := slices.IndexFunc(c.layouts, func(l layout) bool { return strings.Contains(l.french, "Z") }); i >= 0 && twice(at) {
			l = c.layouts[i]
		}
		return at.In(paris).Format(l.write), nil
	case c.Kind == Amount:
		if !number.MatchString(value) {
			return "", fmt.Errorf("« %s » n'est pas un montant", value)
		}
		return strings.Replace(value, ".", m.decimal, 1), nil
	case len(c.ours) > 0:
		theirs, ok := c.ours[value]
		if !ok {
			return "", fmt.Errorf("la correspondance n'a rien pour « %s »", value)
		}
		return guard(theirs), nil
	}
	return guard(tidy(value)), nil
}

func quotedList(list []string) string {
	list = slices.Clone(list)
	for i := range list {
		list[i] = "« " + list[i] + " »"
	}
	return strings.Join(list, ", ")
}
