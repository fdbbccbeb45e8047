package rulebook

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"time"

	"guichet/routing"
)

const revuesFile = "revues.yaml"

type revuesYAML struct {
	Weeks  placed[int]    `yaml:"weeks"`
	Start  placed[string] `yaml:"start"`
	Except []placed[struct {
		EPCI  string `yaml:"epci"`
		Weeks int    `yaml:"weeks"`
	}] `yaml:"except"`
	Direction  placed[string] `yaml:"direction"`
	Quiet      placed[string] `yaml:"quiet"`
	EndingDays placed[int]    `yaml:"ending_days"`
	Listed     placed[int]    `yaml:"listed"`
	Committees []placed[struct {
		Code      string `yaml:"code"`
		Label     string `yaml:"label"`
		Weeks     int    `yaml:"weeks"`
		Start     string `yaml:"start"`
		Direction string `yaml:"direction"`
	}] `yaml:"committees"`
}

// Bounds of the rhythm of revues: more is a mistake.
const (
	longestRhythm = 104 // weeks
	mostListed    = 1000
)

var committeeCode = regexp.MustCompile(`^[a-z][a-z0-9-]{0,29}$`)

// loadRevues reads the rhythm of the revues; the directions that it names must be those of set, the EPCIs those of the register.
func loadRevues(folder fs.FS, set routing.RuleSet, epcis map[string]EPCI) (r routing.Revues, err error) {
	var y revuesYAML
	if err := readYAML(folder, revuesFile, &y); err != nil {
		return r, err
	}
	var problems []error
	wrong := func(line int, format string, args ...any) {
		problems = append(problems, routing.Problem{Pos: routing.Pos{File: revuesFile, Line: max(line, 1)}, Reason: fmt.Sprintf(format, args...)})
	}
	weeks := func(line, n int) {
		if n < 1 || n > longestRhythm {
			wrong(line, "weeks : un nombre de semaines de 1 à %d est attendu, pas %d", longestRhythm, n)
		}
	}
	direction := func(line int, code string) {
		if !slices.ContainsFunc(set.Directions, func(d routing.Direction) bool { return d.Code == code }) {
			wrong(line, "direction « %s » inconnue (%s)", code, directionsFile)
		}
	}
	start := func(line int, day string) time.Time {
		t, err := time.Parse(time.DateOnly, day)
		if err != nil {
			wrong(line, "start : une date AAAA-MM-JJ est attendue, pas « %s »", day)
		}
		return t
	}
	r = routing.Revues{
		Weeks: y.Weeks.value, Start: y.Start.value, Direction: y.Direction.value, QuietLine: y.Quiet.value == "line",
		EndingDays: y.EndingDays.value, Listed: y.Listed.value, Except: map[string]int{},
	}
	weeks(y.Weeks.line, r.Weeks)
	if day := start(y.Start.line, r.Start); !day.IsZero() && day.Weekday() != time.Monday {
		wrong(y.Start.line, "start : %s n'est pas un lundi", r.Start)
	}
	direction(y.Direction.line, r.Direction)
	if q := y.Quiet.value; q != "line" && q != "none" {
		wrong(y.Quiet.line, "quiet : « line » ou « none » est attendu, pas « %s »", q)
	}
	if r.EndingDays < 1 || r.EndingDays > longestAlert {
		wrong(y.EndingDays.line, "ending_days : un nombre de jours de 1 à %d est attendu, pas %d", longestAlert, r.EndingDays)
	}
	if r.Listed < 1 || r.Listed > mostListed {
		wrong(y.Listed.line, "listed : un nombre de lignes de 1 à %d est attendu, pas %d", mostListed, r.Listed)
	}
	for _, e := range y.Except {
		if _, ok := epcis[e.value.EPCI]; !ok {
			wrong(e.line, "« %s » n'est pas le SIREN d'un EPCI du registre", e.value.EPCI)
		}
		if _, twice := r.Except[e.value.EPCI]; twice {
			wrong(e.line, "l'EPCI %s est donné deux fois", e.value.EPCI)
		}
		weeks(e.line, e.value.Weeks)
		r.Except[e.value.EPCI] = e.value.Weeks
	}
	for _, c := range y.Committees {
		k := routing.Committee{Code: c.value.Code, Label: c.value.Label, Direction: c.value.Direction, Weeks: c.value.Weeks, Start: c.value.Start}
		if !committeeCode.MatchString(k.Code) || k.Code == "region" || k.Label == "" {
			wrong(c.line, "un comité demande un code (code, en minuscules, autre que « region ») et un libellé (label)")
		}
		if slices.ContainsFunc(r.Committees, func(o routing.Committee) bool { return o.Code == k.Code }) {
			wrong(c.line, "le comité « %s » est donné deux fois", k.Code)
		}
		weeks(c.line, k.Weeks)
		start(c.line, k.Start)
		direction(c.line, k.Direction)
		r.Committees = append(r.Committees, k)
	}
	return r, errors.Join(problems...)
}
