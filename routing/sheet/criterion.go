package sheet

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"guichet/routing"
	"guichet/routing/ledger"
)

// Kind is the type of what answers a criterion.
type Kind string

// The kinds.
const (
	Number Kind = "number"
	Text   Kind = "text"
	YesNo  Kind = "yesno"
)

// Criterion is something that a territory is asked.
type Criterion struct {
	Label string `json:"label"`
	Kind  Kind   `json:"kind"`
	Unit  string `json:"unit,omitempty"`
	// Least and Most bound a number, as written; '' for no bound. A yes is wanted, and any text.
	Least string `json:"least,omitempty"`
	Most  string `json:"most,omitempty"`
}

// String writes the criterion as ParseCriterion reads it.
func (c Criterion) String() string {
	text := c.Label
	if c.Unit != "" {
		text += " (" + c.Unit + ")"
	}
	switch {
	case c.Kind == YesNo:
		text += " ?"
	case c.Least != "":
		text += " >= " + c.Least
	case c.Most != "":
		text += " <= " + c.Most
	case c.Kind == Number && c.Unit == "":
		text += " (nombre)"
	}
	return text
}

var (
	bounded  = regexp.MustCompile(`^(.*?)\s*(>=|<=|≥|≤)\s*([^<>=≥≤]+)$`)
	measured = regexp.MustCompile(`^(.*\S)\s*\(([^()]+)\)$`)
)

// ParseCriterion reads a criterion as a person writes it, on a line: « Surface (ha) >= 2 » and « Prix (€/m²) <= 40 » are numbers
// with a bound, « Prix (€/m²) » a number without one, « Embranchement ferroviaire ? » asks for a yes, anything else for a text.
func ParseCriterion(line string) (c Criterion, err error) {
	text := strings.Join(strings.Fields(line), " ")
	c.Kind = Text
	if label, ok := strings.CutSuffix(text, "?"); ok {
		c.Kind, text = YesNo, strings.TrimSpace(label)
	} else if m := bounded.FindStringSubmatch(text); m != nil {
		n, err := number(m[3])
		if err != nil {
			return c, fmt.Errorf("critère « %s » : %w", line, err)
		}
		c.Kind, text = Number, m[1]
		if m[2] == ">=" || m[2] == "≥" {
			c.Least = n
		} else {
			c.Most = n
		}
	}
	if m := measured.FindStringSubmatch(text); m != nil && c.Kind != YesNo {
		c.Kind, text, c.Unit = Number, m[1], strings.TrimSpace(m[2])
		if c.Unit == "nombre" {
			c.Unit = ""
		}
	}
	if c.Label = strings.TrimSpace(text); c.Label == "" {
		return c, fmt.Errorf("critère « %s » : son nom manque", line)
	}
	return c, nil
}

// number reads a number as the French write it, and gives it in one way.
func number(text string) (string, error) {
	plain := strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "", ",", ".").Replace(strings.TrimSpace(text))
	n, err := strconv.ParseFloat(plain, 64)
	if err != nil || n != n || n > 1e15 || n < -1e15 {
		return "", fmt.Errorf("« %s » n'est pas un nombre", text)
	}
	return strings.Replace(strconv.FormatFloat(n, 'f', -1, 64), ".", ",", 1), nil
}

// Verdict tells whether an answer meets a criterion.
type Verdict string

// The verdicts.
const (
	Met     Verdict = "met"
	NotMet  Verdict = "not_met"
	Unknown Verdict = "unknown"
)

var verdictLabels = map[Verdict]string{Met: "rempli", NotMet: "non rempli", Unknown: "inconnu"}

// Label gives the verdict in French.
func (v Verdict) Label() string { return verdictLabels[v] }

// Judge tells whether a value, as Value gives it, meets the criterion.
func (c Criterion) Judge(value string) Verdict {
	if value == "" {
		return Unknown
	}
	of := func(text string) float64 {
		n, _ := strconv.ParseFloat(strings.Replace(text, ",", ".", 1), 64)
		return n
	}
	switch {
	case c.Kind == YesNo && value != yes, c.Least != "" && of(value) < of(c.Least), c.Most != "" && of(value) > of(c.Most):
		return NotMet
	}
	return Met
}

const yes, no = "oui", "non"

// Value reads the value of a criterion as a person writes it; « ? » and nothing are what is not known.
func (c Criterion) Value(text string) (string, error) {
	text = strings.Join(strings.Fields(text), " ")
	if text == "" || text == "?" {
		return "", nil
	}
	switch c.Kind {
	case Number:
		n, err := number(strings.TrimSuffix(text, c.Unit))
		if err != nil {
			return "", fmt.Errorf("« %s » : %w", c.Label, err)
		}
		return n, nil
	case YesNo:
		switch answer := strings.TrimSpace(ledger.Fold(text)); answer {
		case yes, no:
			return answer, nil
		}
		return "", fmt.Errorf("« %s » : oui ou non est attendu, pas « %s »", c.Label, text)
	}
	return text, nil
}

// ParseAnswer reads an answer as a person writes it: « 1=3,5 ; 2=oui ; note=… » offers, by the numbers of the criteria, and
// « non foncier … » declines with a reason of the Region's and a text.
func ParseAnswer(text string, criteria []Criterion, reasons []routing.SheetReason) (a Answer, err error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return a, errors.New("la réponse est vide")
	}
	if strings.TrimSpace(ledger.Fold(words[0])) == no {
		var codes []string
		for _, r := range reasons {
			codes = append(codes, r.Code)
		}
		if len(words) < 2 || !slices.Contains(codes, strings.ToLower(words[1])) {
			return a, fmt.Errorf("après « non », une raison est attendue : %s", strings.Join(codes, ", "))
		}
		a.Declined, a.Text = strings.ToLower(words[1]), strings.Join(words[2:], " ")
		return a, nil
	}
	a.Values = make([]string, len(criteria))
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ';' || r == '\n' }) {
		if strings.TrimSpace(part) == "" {
			continue
		}
		name, value, ok := strings.Cut(part, "=")
		name = strings.TrimSpace(name)
		n, numberErr := strconv.Atoi(name)
		switch {
		case ok && strings.EqualFold(name, "note"):
			a.Text = strings.Join(strings.Fields(value), " ")
		case !ok || numberErr != nil || n < 1 || n > len(criteria):
			return Answer{}, fmt.Errorf("« %s » : un numéro de critère de 1 à %d et sa valeur sont attendus, « 1=… » (ou « note=… », ou « non » et une raison)",
				strings.TrimSpace(part), len(criteria))
		default:
			if a.Values[n-1], err = criteria[n-1].Value(value); err != nil {
				return Answer{}, err
			}
		}
	}
	return a, nil
}
