package rulebook

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"guichet/routing"
)

const (
	conventionsFile = "conventions.yaml"
	officersFile    = "officers.yaml"
)

type conventionsYAML struct {
	Types []placed[struct {
		Code  string `yaml:"code"`
		Label string `yaml:"label"`
	}] `yaml:"types"`
	AlertDays      []placed[int]  `yaml:"alert_days"`
	Direction      placed[string] `yaml:"direction"`
	Subject        placed[string] `yaml:"subject"`
	SchemeSections []string       `yaml:"scheme_sections"`
}

// longestAlert is the longest notice of the end of a convention, in days.
const longestAlert = 730

// loadConventions reads what the Region says of conventions; the directions and subjects that it names must be those of set.
func loadConventions(folder fs.FS, set routing.RuleSet) (c routing.Conventions, err error) {
	var y conventionsYAML
	if err := readYAML(folder, conventionsFile, &y); err != nil {
		return c, err
	}
	var problems []error
	wrong := func(line int, format string, args ...any) {
		problems = append(problems, routing.Problem{Pos: routing.Pos{File: conventionsFile, Line: line}, Reason: fmt.Sprintf(format, args...)})
	}
	for _, t := range y.Types {
		if !routing.IsCode(t.value.Code) || t.value.Label == "" {
			wrong(t.line, "le type « %s » : un type a un code (code : %s) et un libellé (label)", t.value.Code, routing.CodeForm)
			continue
		}
		if slices.ContainsFunc(c.Types, func(o routing.ConventionType) bool { return o.Code == t.value.Code }) {
			wrong(t.line, "le type « %s » est donné deux fois", t.value.Code)
		}
		c.Types = append(c.Types, routing.ConventionType(t.value))
	}
	if len(c.Types) == 0 {
		wrong(1, "aucun type de convention (types)")
	}
	last := longestAlert + 1
	for _, d := range y.AlertDays {
		if d.value >= last || d.value < 1 {
			wrong(d.line, "alert_days : des jours décroissants, de %d à 1, sont attendus, pas %d", longestAlert, d.value)
		}
		last = d.value
		c.AlertDays = append(c.AlertDays, d.value)
	}
	if c.Direction = y.Direction.value; !slices.ContainsFunc(set.Directions, func(d routing.Direction) bool { return d.Code == c.Direction }) {
		wrong(max(y.Direction.line, 1), "direction « %s » inconnue (%s)", c.Direction, directionsFile)
	}
	if c.Subject = y.Subject.value; !slices.ContainsFunc(set.Subjects, func(s routing.Subject) bool { return s.ID == c.Subject }) {
		wrong(max(y.Subject.line, 1), "sujet « %s » inconnu (%s)", c.Subject, subjectsFile)
	}
	c.SchemeSections = y.SchemeSections
	return c, errors.Join(problems...)
}

type officerYAML struct {
	Name    string           `yaml:"name"`
	Contact string           `yaml:"contact"`
	EPCI    []placed[string] `yaml:"epci"`
}

// loadOfficers reads who follows each EPCI, by its SIREN.
func loadOfficers(folder fs.FS, known map[string]EPCI) (map[string]routing.Officer, error) {
	var y []placed[officerYAML]
	if err := readYAML(folder, officersFile, &y); err != nil {
		return nil, err
	}
	officers := map[string]routing.Officer{}
	var problems []error
	wrong := func(line int, format string, args ...any) {
		problems = append(problems, routing.Problem{Pos: routing.Pos{File: officersFile, Line: line}, Reason: fmt.Sprintf(format, args...)})
	}
	for _, o := range y {
		if o.value.Name == "" || len(o.value.EPCI) == 0 {
			wrong(o.line, "il faut un nom (name) et des EPCI (epci, leurs SIREN entre guillemets)")
		}
		for _, e := range o.value.EPCI {
			if _, ok := known[e.value]; !ok {
				wrong(e.line, "« %s » n'est pas le SIREN d'un EPCI du registre", e.value)
			}
			if other, taken := officers[e.value]; taken {
				wrong(e.line, "l'EPCI %s est déjà suivi par %s", e.value, other.Name)
			}
			officers[e.value] = routing.Officer{Name: o.value.Name, Contact: o.value.Contact}
		}
	}
	return officers, errors.Join(problems...)
}
