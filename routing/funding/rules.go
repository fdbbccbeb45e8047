package funding

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"guichet/knowledge/french"
	"guichet/routing"
)

// File is the name of the file that the Region may put in its rules folder.
const File = "funding.yaml"

//go:embed funding.yaml
var shipped []byte

// DefaultYAML gives the file that ships, for the Region to edit.
func DefaultYAML() []byte { return slices.Clone(shipped) }

// Default gives the rules that ship.
func Default() Rules {
	r, err := Parse(shipped)
	if err != nil {
		panic("funding: " + err.Error()) // the file is part of the program and tested
	}
	return r
}

// Rules are what the Region may edit: kinds of fundings, de minimis regulations, and the words of the comparison.
type Rules struct {
	Kinds       []Kind
	Regulations []Regulation
	// same and possible are from where on two expenses are said to be one, from 0 (nothing in common) to 1.
	same, possible float64
	// empty, general, tranche and project are stems of words; class gives the word that stands for another one.
	empty, general, tranche, project map[string]bool
	class                            map[string]string
	asks                             asks
}

// asks say which facts, and which subjects, make a request one that asks for money.
type asks struct{ facts, subjects []placed[string] }

func has(list []placed[string], name string) bool {
	return slices.ContainsFunc(list, func(p placed[string]) bool { return p.value == name })
}

// Against tells which of the facts and subjects that make a request ask for money a rule set does not have.
func (r Rules) Against(set routing.RuleSet) error {
	var problems []error
	for _, f := range r.asks.facts {
		if !slices.ContainsFunc(set.Facts, func(known routing.FactType) bool { return known.Name == f.value }) {
			problems = append(problems, wrong(f.line, "asks : aucun fait ne s'appelle « %s »", f.value))
		}
	}
	for _, s := range r.asks.subjects {
		if !slices.ContainsFunc(set.Subjects, func(known routing.Subject) bool { return known.ID == s.value }) {
			problems = append(problems, wrong(s.line, "asks : aucun sujet ne s'appelle « %s »", s.value))
		}
	}
	return errors.Join(problems...)
}

// Kind is a kind of funding.
type Kind struct {
	ID    string `yaml:"id" json:"id"`
	Label string `yaml:"label" json:"label"`
}

// Regulation is a de minimis regulation: its ceiling per company over its years, with the law that says so.
type Regulation struct {
	ID    string `json:"id"`
	Label string `json:"label"`
	// CeilingEuros is 0 when the file gives none: totals are shown without it.
	CeilingEuros int64 `json:"ceiling_euros"`
	Years        int   `json:"years"`
	// Source is the text, Dated its day, Checked the day on which somebody read it for the file.
	Source  string `json:"source"`
	URL     string `json:"url"`
	Dated   Date   `json:"dated"`
	Checked Date   `json:"checked"`
}

// KindLabel gives the French name of a kind, ” when it is none.
func (r Rules) KindLabel(id string) string {
	for _, k := range r.Kinds {
		if k.ID == id {
			return k.Label
		}
	}
	return ""
}

func ids(kinds []Kind) (all []string) {
	for _, k := range kinds {
		all = append(all, k.ID)
	}
	return all
}

// AsksForMoney tells whether the facts of a request make it one that asks for a funding.
func (r Rules) AsksForMoney(facts routing.Facts) bool {
	for _, f := range facts {
		if f.Role != routing.Asked && f.Role != routing.Second || f.Source == routing.SourceDefault {
			continue
		}
		if has(r.asks.facts, f.Name) {
			return true
		}
		if s, _ := f.Value.(string); f.Name == "subject" && has(r.asks.subjects, s) {
			return true
		}
	}
	return false
}

// placed is a value of the file with its line.
type placed[T any] struct {
	line  int
	value T
}

// UnmarshalYAML keeps the line and refuses unknown keys.
func (p *placed[T]) UnmarshalYAML(node ast.Node) error {
	p.line = node.GetToken().Position.Line
	return yaml.NodeToValue(node, &p.value, yaml.Strict())
}

type fileYAML struct {
	Kinds       []placed[Kind]           `yaml:"kinds"`
	Regulations []placed[regulationYAML] `yaml:"regulations"`
	Asks        struct {
		Facts    []placed[string] `yaml:"facts"`
		Subjects []placed[string] `yaml:"subjects"`
	} `yaml:"asks"`
	Compare placed[compareYAML] `yaml:"compare"`
}

type regulationYAML struct {
	ID      string         `yaml:"id"`
	Label   string         `yaml:"label"`
	Ceiling placed[int64]  `yaml:"ceiling"`
	Years   placed[int]    `yaml:"years"`
	Source  string         `yaml:"source"`
	URL     string         `yaml:"url"`
	Dated   placed[string] `yaml:"dated"`
	Checked placed[string] `yaml:"checked"`
}

type compareYAML struct {
	Same     float64            `yaml:"same"`
	Possible float64            `yaml:"possible"`
	Empty    []string           `yaml:"empty"`
	General  []string           `yaml:"general"`
	Tranche  []string           `yaml:"tranche"`
	Project  []string           `yaml:"project"`
	Synonyms []placed[[]string] `yaml:"synonyms"`
}

// Parse reads the file; the error joins every problem, each a routing.Problem with its line when it has one.
func Parse(data []byte) (Rules, error) {
	var y fileYAML
	if err := yaml.UnmarshalWithOptions(data, &y, yaml.Strict()); err != nil {
		var placed yaml.Error
		line := 0
		if errors.As(err, &placed) && placed.GetToken() != nil {
			line = placed.GetToken().Position.Line
		}
		return Rules{}, wrong(line, "%s", strings.SplitN(yaml.FormatError(err, false, false), "\n", 2)[0])
	}
	var problems []error
	r := Rules{asks: asks{y.Asks.Facts, y.Asks.Subjects}}
	for _, k := range y.Kinds {
		if !routing.IsCode(k.value.ID) || k.value.Label == "" || r.KindLabel(k.value.ID) != "" {
			problems = append(problems, wrong(k.line, "kinds : « %s » : chaque nature a son code (id : %s), unique, et son libellé", k.value.ID, routing.CodeForm))
		}
		r.Kinds = append(r.Kinds, k.value)
	}
	if len(r.Kinds) == 0 {
		problems = append(problems, wrong(0, "kinds manque : donnez les natures de financement"))
	}
	for _, g := range y.Regulations {
		regulation, err := g.value.read(g.line)
		if slices.ContainsFunc(r.Regulations, func(other Regulation) bool { return other.ID == regulation.ID }) {
			err = errors.Join(err, wrong(g.line, "regulations : « %s » est donné deux fois", regulation.ID))
		}
		problems = append(problems, err)
		r.Regulations = append(r.Regulations, regulation)
	}
	c := y.Compare.value
	if r.same, r.possible = c.Same, c.Possible; r.possible <= 0 || r.possible > r.same || r.same > 1 {
		problems = append(problems, wrong(y.Compare.line, "compare : « possible » et « same » sont des nombres entre 0 et 1, le premier n'est pas au-dessus du second"))
	}
	r.empty, r.general, r.tranche, r.project, r.class = stems(c.Empty), stems(c.General), stems(c.Tranche), stems(c.Project), map[string]string{}
	for _, group := range c.Synonyms {
		if len(group.value) < 2 {
			problems = append(problems, wrong(group.line, "synonyms : deux mots au moins vont ensemble"))
		}
		for _, word := range group.value {
			if len(french.Words(word)) != 1 {
				problems = append(problems, wrong(group.line, "synonyms : « %s » n'est pas un seul mot", word))
				continue
			}
			stem, first := stemOf(word), stemOf(group.value[0])
			if known, twice := r.class[stem]; twice && known != first {
				problems = append(problems, wrong(group.line, "synonyms : « %s » est dans deux groupes", word))
			}
			r.class[stem] = first
		}
	}
	if err := errors.Join(problems...); err != nil {
		return Rules{}, err
	}
	return r, nil
}

func (y regulationYAML) read(line int) (Regulation, error) {
	g := Regulation{ID: y.ID, Label: y.Label, CeilingEuros: y.Ceiling.value, Years: y.Years.value, Source: y.Source, URL: y.URL}
	var problems []error
	if !routing.IsCode(g.ID) {
		problems = append(problems, wrong(line, "regulations : « %s » : un code est attendu (id : %s)", g.ID, routing.CodeForm))
	}
	if g.Label == "" || g.Source == "" || g.URL == "" {
		problems = append(problems, wrong(line, "regulations : « label », « source » et « url » sont requis"))
	}
	if g.Years < 1 || g.Years > 10 {
		problems = append(problems, wrong(max(y.Years.line, line), "%s, years : un nombre d'années de 1 à 10 est attendu", g.ID))
	}
	if y.Ceiling.line != 0 && (g.CeilingEuros < 1 || g.CeilingEuros > mostCents/100) {
		problems = append(problems, wrong(y.Ceiling.line, "%s, ceiling : un plafond en euros, sans centimes, est attendu", g.ID))
	}
	for _, d := range []struct {
		name string
		from placed[string]
		into *Date
	}{{"dated", y.Dated, &g.Dated}, {"checked", y.Checked, &g.Checked}} {
		day, err := ParseDate(d.from.value)
		if err != nil || day == "" {
			problems = append(problems, wrong(max(d.from.line, line), "%s, %s : une date AAAA-MM-JJ est attendue", g.ID, d.name))
		}
		*d.into = day
	}
	return g, errors.Join(problems...)
}

func stems(words []string) map[string]bool {
	m := map[string]bool{}
	for _, word := range words {
		for _, w := range french.Words(word) {
			m[stemOf(word[w.Start:w.End])] = true
		}
	}
	return m
}

func wrong(line int, format string, args ...any) error {
	return routing.Problem{Pos: routing.Pos{File: File, Line: line}, Reason: fmt.Sprintf(format, args...)}
}
