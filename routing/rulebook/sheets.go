package rulebook

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"guichet/routing"
)

const sheetsFile = "sheets.yaml"

type sheetsYAML struct {
	Direction placed[string] `yaml:"direction"`
	Reminders []placed[int]  `yaml:"reminders"`
	Reasons   []placed[struct {
		Code  string `yaml:"code"`
		Label string `yaml:"label"`
	}] `yaml:"reasons"`
}

// loadSheets reads what the Region says of the sheets of projects; the direction that it names must be one of set.
func loadSheets(folder fs.FS, set routing.RuleSet) (s routing.Sheets, err error) {
	var y sheetsYAML
	if err := readYAML(folder, sheetsFile, &y); err != nil {
		return s, err
	}
	var problems []error
	wrong := func(line int, format string, args ...any) {
		problems = append(problems, routing.Problem{Pos: routing.Pos{File: sheetsFile, Line: max(line, 1)}, Reason: fmt.Sprintf(format, args...)})
	}
	if s.Direction = y.Direction.value; !slices.ContainsFunc(set.Directions, func(d routing.Direction) bool { return d.Code == s.Direction }) {
		wrong(y.Direction.line, "direction « %s » inconnue (%s)", s.Direction, directionsFile)
	}
	last := longest + 1
	for _, d := range y.Reminders {
		if d.value >= last || d.value < 1 {
			wrong(d.line, "reminders : des jours décroissants, de %d à 1, sont attendus, pas %d", longest, d.value)
		}
		last = d.value
		s.Reminders = append(s.Reminders, d.value)
	}
	for _, r := range y.Reasons {
		if !committeeCode.MatchString(r.value.Code) || r.value.Label == "" {
			wrong(r.line, "une raison demande un code (code, en minuscules) et un libellé (label)")
		}
		if slices.ContainsFunc(s.Reasons, func(o routing.SheetReason) bool { return o.Code == r.value.Code }) {
			wrong(r.line, "la raison « %s » est donnée deux fois", r.value.Code)
		}
		s.Reasons = append(s.Reasons, routing.SheetReason(r.value))
	}
	if len(s.Reasons) == 0 {
		wrong(1, "aucune raison (reasons)")
	}
	return s, errors.Join(problems...)
}
