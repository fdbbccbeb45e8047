package rulebook

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"guichet/routing"
)

// The rule files, all in the Region's folder.
const (
	directionsFile = "directions.yaml"
	factsFile      = "facts.yaml"
	subjectsFile   = "subjects.yaml"
	rulesFile      = "rules.yaml"
	pathsFile      = "parcours.yaml"
)

// placed is a value of a YAML file with the line where it starts.
type placed[T any] struct {
	line  int
	value T
}

// UnmarshalYAML keeps the line and refuses unknown keys.
func (p *placed[T]) UnmarshalYAML(node ast.Node) error {
	p.line = node.GetToken().Position.Line
	return yaml.NodeToValue(node, &p.value, yaml.Strict())
}

type directionYAML struct {
	Code       string `yaml:"code"`
	Does       string `yaml:"does"`
	EntryPoint bool   `yaml:"entry_point"`
}

type factYAML struct {
	Name     string           `yaml:"name"`
	Kind     routing.FactKind `yaml:"kind"`
	Label    string           `yaml:"label"`
	Values   []valueYAML      `yaml:"values"`
	Default  any              `yaml:"default"`
	Question string           `yaml:"question"`
	Options  []optionYAML     `yaml:"options"`
}

type valueYAML struct {
	ID      string `yaml:"id"`
	Label   string `yaml:"label"`
	General bool   `yaml:"general"`
}

type optionYAML struct {
	Label string `yaml:"label"`
	Text  string `yaml:"text"`
}

type subjectYAML struct {
	ID        string `yaml:"id"`
	Label     string `yaml:"label"`
	General   bool   `yaml:"general"`
	Unsettled string `yaml:"unsettled"`
}

type ruleYAML struct {
	ID         string          `yaml:"id"`
	Case       string          `yaml:"case"`
	When       string          `yaml:"when"`
	Lead       string          `yaml:"lead"`
	Associated []associateYAML `yaml:"associated"`
	Operators  []string        `yaml:"operators"`
	Why        string          `yaml:"why"`
	Section    string          `yaml:"section"`
}

type pathYAML struct {
	ID    string             `yaml:"id"`
	Label string             `yaml:"label"`
	When  string             `yaml:"when"`
	Steps []placed[stepYAML] `yaml:"steps"`
}

type stepYAML struct {
	ID      string   `yaml:"id"`
	Label   string   `yaml:"label"`
	By      []string `yaml:"by"`
	Section string   `yaml:"section"`
}

// associateYAML is a direction's code, or a code under a condition: « {direction: X, when: "…"} ».
type associateYAML struct {
	Direction string `yaml:"direction"`
	When      string `yaml:"when"`
}

// UnmarshalYAML reads both forms.
func (a *associateYAML) UnmarshalYAML(node ast.Node) error {
	if node.Type() == ast.StringType {
		return yaml.NodeToValue(node, &a.Direction)
	}
	type plain associateYAML
	return yaml.NodeToValue(node, (*plain)(a), yaml.Strict())
}

func loadRuleSet(folder fs.FS) (routing.RuleSet, error) {
	var (
		directions []placed[directionYAML]
		facts      []placed[factYAML]
		subjects   []placed[subjectYAML]
		rules      []placed[ruleYAML]
		paths      []placed[pathYAML]
	)
	err := errors.Join(
		readYAML(folder, directionsFile, &directions),
		readYAML(folder, factsFile, &facts),
		readYAML(folder, subjectsFile, &subjects),
		readYAML(folder, rulesFile, &rules),
		readYAML(folder, pathsFile, &paths),
	)
	if err != nil {
		return routing.RuleSet{}, err
	}
	set := routing.RuleSet{Version: version(folder, directionsFile, factsFile, subjectsFile, rulesFile, pathsFile)}
	for _, d := range directions {
		set.Directions = append(set.Directions, routing.Direction{
			Code: d.value.Code, Does: d.value.Does, EntryPoint: d.value.EntryPoint, Pos: routing.Pos{File: directionsFile, Line: d.line},
		})
	}
	for _, f := range facts {
		fact := routing.FactType{
			Name: f.value.Name, Kind: f.value.Kind, Label: f.value.Label, Default: integer(f.value.Default),
			Question: f.value.Question, Pos: routing.Pos{File: factsFile, Line: f.line},
		}
		for _, v := range f.value.Values {
			fact.Values = append(fact.Values, routing.FactValue(v))
		}
		for _, o := range f.value.Options {
			fact.Options = append(fact.Options, routing.Option(o))
		}
		set.Facts = append(set.Facts, fact)
	}
	for _, s := range subjects {
		set.Subjects = append(set.Subjects, routing.Subject{
			ID: s.value.ID, Label: s.value.Label, General: s.value.General, Unsettled: s.value.Unsettled,
			Pos: routing.Pos{File: subjectsFile, Line: s.line},
		})
	}
	for _, r := range rules {
		rule := routing.Rule{
			ID: r.value.ID, Case: r.value.Case, When: r.value.When, Lead: r.value.Lead, Operators: r.value.Operators,
			Why: r.value.Why, Section: r.value.Section, Pos: routing.Pos{File: rulesFile, Line: r.line},
		}
		for _, a := range r.value.Associated {
			rule.Associated = append(rule.Associated, routing.Associate(a))
		}
		set.Rules = append(set.Rules, rule)
	}
	for _, p := range paths {
		path := routing.Path{ID: p.value.ID, Label: p.value.Label, When: p.value.When, Pos: routing.Pos{File: pathsFile, Line: p.line}}
		for _, s := range p.value.Steps {
			path.Steps = append(path.Steps, routing.PathStep{
				ID: s.value.ID, Label: s.value.Label, By: s.value.By, Section: s.value.Section, Pos: routing.Pos{File: pathsFile, Line: s.line},
			})
		}
		set.Paths = append(set.Paths, path)
	}
	return set, nil
}

// integer gives YAML's unsigned numbers the one integer type of facts.
func integer(v any) any {
	switch n := v.(type) {
	case uint64:
		return int64(n)
	case int:
		return int64(n)
	}
	return v
}

// readYAML decodes a file strictly; the error names the file, the line and the reason.
func readYAML(folder fs.FS, name string, into any) error {
	content, err := fs.ReadFile(folder, name)
	if err != nil {
		return fmt.Errorf("lecture de %s : %w", name, err)
	}
	if err := yaml.UnmarshalWithOptions(content, into, yaml.Strict()); err != nil {
		var syntax yaml.Error
		if errors.As(err, &syntax) {
			return routing.Problem{Pos: routing.Pos{File: name, Line: syntax.GetToken().Position.Line}, Reason: syntax.GetMessage()}
		}
		return routing.Problem{Pos: routing.Pos{File: name}, Reason: err.Error()}
	}
	return nil
}
