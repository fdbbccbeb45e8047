package rulebook

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"guichet/routing"
)

const steeringFile = "steering.yaml"

type steeringYAML struct {
	InactiveDays *placed[int]      `yaml:"inactive_days"`
	Ages         []placed[int]     `yaml:"ages"`
	RepeatedGap  *placed[int]      `yaml:"repeated_gap"`
	Cuts         []placed[cutYAML] `yaml:"cuts"`
}

type cutYAML struct {
	ID         string             `yaml:"id"`
	Name       string             `yaml:"name"`
	By         string             `yaml:"by"`
	Directions []placed[string]   `yaml:"directions"`
	Zones      []placed[zoneYAML] `yaml:"zones"`
}

type zoneYAML struct {
	Name            string           `yaml:"name"`
	Communes        []placed[string] `yaml:"communes"`
	EPCI            []placed[string] `yaml:"epci"`
	Arrondissements []placed[string] `yaml:"arrondissements"`
	Departements    []placed[string] `yaml:"departements"`
}

// level is a level of the register that communes belong to.
type level struct {
	of func(Commune) string
	// names gives the names of its zones by code.
	names func(*Territories) map[string]string
}

// levels are those that « by » may name, and that a list may take zones from.
var levels = map[string]level{
	"arrondissement": {func(c Commune) string { return c.Arrondissement }, func(t *Territories) map[string]string { return t.Arrondissements }},
	"epci": {func(c Commune) string { return c.EPCI }, func(t *Territories) map[string]string {
		return namesOf(t.EPCI, func(e EPCI) string { return e.Name })
	}},
	"departement": {func(c Commune) string { return c.Departement }, func(t *Territories) map[string]string {
		return namesOf(t.Departements, func(d Departement) string { return d.Name })
	}},
}

func namesOf[T any](all map[string]T, name func(T) string) map[string]string {
	names := map[string]string{}
	for code, one := range all {
		names[code] = name(one)
	}
	return names
}

// loadSteering reads the settings of steering and checks the cuts against the directions and the register; what the Region's
// file leaves out is as it ships.
func loadSteering(folder fs.FS, directions []routing.Direction, register *Territories) (routing.Steering, error) {
	var y, shipped steeringYAML
	if err := errors.Join(readYAML(folder, steeringFile, &y), readYAML(Default(), steeringFile, &shipped)); err != nil {
		return routing.Steering{}, err
	}
	if y.InactiveDays == nil {
		y.InactiveDays = shipped.InactiveDays
	}
	if y.RepeatedGap == nil {
		y.RepeatedGap = shipped.RepeatedGap
	}
	if y.Ages == nil {
		y.Ages = shipped.Ages
	}
	if y.Cuts == nil {
		y.Cuts = shipped.Cuts
	}
	s := routing.Steering{InactiveDays: y.InactiveDays.value, RepeatedGap: y.RepeatedGap.value}
	var problems []error
	wrong := func(line int, format string, args ...any) {
		problems = append(problems, routing.Problem{Pos: routing.Pos{File: steeringFile, Line: line}, Reason: fmt.Sprintf(format, args...)})
	}
	if s.InactiveDays < 1 {
		wrong(y.InactiveDays.line, "inactive_days : un nombre de jours d'au moins 1 est attendu, pas %d", s.InactiveDays)
	}
	if s.RepeatedGap < 2 {
		wrong(y.RepeatedGap.line, "repeated_gap : un nombre de fois d'au moins 2 est attendu, pas %d", s.RepeatedGap)
	}
	last := 0
	for _, age := range y.Ages {
		if age.value <= last {
			wrong(age.line, "ages : des jours croissants, à partir de 1, sont attendus, pas %d après %d", age.value, last)
		}
		last = age.value
		s.Ages = append(s.Ages, age.value)
	}
	for _, c := range y.Cuts {
		cut := routing.Cut{ID: c.value.ID, Name: c.value.Name}
		if !routing.IsCode(cut.ID) || cut.Name == "" {
			wrong(c.line, "le découpage « %s » : un découpage a un code (id : %s) et un nom (name)", cut.ID, routing.CodeForm)
		}
		if _, twice := s.Cut(cut.ID); twice {
			wrong(c.line, "le découpage « %s » est là deux fois", cut.ID)
		}
		for _, d := range c.value.Directions {
			if !slices.ContainsFunc(directions, func(known routing.Direction) bool { return known.Code == d.value }) {
				wrong(d.line, "le découpage « %s » nomme la direction inconnue « %s »", cut.ID, d.value)
			}
			if other, taken := s.CutOf(d.value); taken {
				wrong(d.line, "la direction %s a déjà le découpage « %s »", d.value, other.ID)
			}
			cut.Directions = append(cut.Directions, d.value)
		}
		s.Cuts = append(s.Cuts, cutOver(cut, c, register, wrong))
	}
	return s, errors.Join(problems...)
}

// cutOver draws a cut over the register.
func cutOver(cut routing.Cut, y placed[cutYAML], register *Territories, wrong func(line int, format string, args ...any)) routing.Cut {
	zones := map[string]int{} // by commune
	by, known := levels[y.value.By]
	switch {
	case y.value.By != "" && len(y.value.Zones) > 0, y.value.By == "" && len(y.value.Zones) == 0:
		wrong(y.line, "le découpage « %s » a soit by, soit zones", cut.ID)
	case y.value.By != "" && !known:
		wrong(y.line, "le découpage « %s » : by est arrondissement, epci ou departement, pas « %s »", cut.ID, y.value.By)
	case known:
		names := by.names(register)
		at := map[string]int{}
		for _, c := range register.Communes {
			if code := by.of(c); code != "" && at[code] == 0 {
				at[code] = 1
				cut.Zones = append(cut.Zones, routing.Zone{ID: code, Name: names[code]})
			}
		}
		slices.SortFunc(cut.Zones, func(a, b routing.Zone) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
		for i, z := range cut.Zones {
			at[z.ID] = i
		}
		for _, c := range register.Communes {
			if code := by.of(c); code != "" {
				zones[c.INSEE] = at[code]
			}
		}
	}
	for i, z := range y.value.Zones {
		cut.Zones = append(cut.Zones, routing.Zone{ID: z.value.Name, Name: z.value.Name})
		if strings.TrimSpace(z.value.Name) == "" || slices.Index(cut.Zones, cut.Zones[i]) != i {
			wrong(z.line, "le découpage « %s » : chaque zone a son nom (name)", cut.ID)
		}
		add := func(list []placed[string], of func(Commune) string, kind string) {
			for _, code := range list {
				found := false
				for _, c := range register.Communes {
					if of(c) != code.value {
						continue
					}
					found = true
					if other, taken := zones[c.INSEE]; taken && other != i {
						wrong(code.line, "le découpage « %s » : la commune %s (%s) est déjà dans la zone « %s »", cut.ID, c.Name, c.INSEE, cut.Zones[other].Name)
						break // one place is enough to mend the file
					}
					zones[c.INSEE] = i
				}
				if !found {
					wrong(code.line, "le découpage « %s » : %s « %s » n'est pas dans le registre", cut.ID, kind, code.value)
				}
			}
		}
		add(z.value.Communes, func(c Commune) string { return c.INSEE }, "la commune")
		add(z.value.EPCI, levels["epci"].of, "l'EPCI")
		add(z.value.Arrondissements, levels["arrondissement"].of, "l'arrondissement")
		add(z.value.Departements, levels["departement"].of, "le département")
	}
	located := make([]routing.Located, 0, len(register.Communes))
	for _, c := range register.Communes {
		zone, in := zones[c.INSEE]
		if !in {
			zone = -1
		}
		located = append(located, routing.Located{Commune: c.INSEE, EPCI: c.EPCI, Departement: c.Departement, Zone: zone})
	}
	return routing.NewCut(cut, located)
}
