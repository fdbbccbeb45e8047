package routing

// Steering is what the Region sets for the figures that it steers by.
type Steering struct {
	// InactiveDays is how many days without a request make an EPCI inactive.
	InactiveDays int
	// Ages are the days that part the classes of age of the open requests, increasing: {7, 30} makes under 7, 7 to 29, 30 or more.
	Ages []int
	// RepeatedGap is how often a question without an answer was asked to be a repeated one.
	RepeatedGap int
	// Cuts are the ways to cut the territory, in the order of the Region's file.
	Cuts []Cut
}

// Cut is one way to cut the territory into zones; directions have not the same.
type Cut struct {
	ID, Name string
	// Directions are the codes of those that work by this cut; empty for a cut of everybody's.
	Directions []string
	Zones      []Zone

	communes, epcis, departements map[string]int
}

// Zone is a part of the territory: its code in the register, or its name in a list of the Region's.
type Zone struct{ ID, Name string }

// Located is one commune of the register with the zone of a cut that holds it, -1 for none.
type Located struct {
	Commune, EPCI, Departement string
	Zone                       int
}

// NewCut gives a cut over the communes of the register. An EPCI or a département stands in a zone when all its communes do.
func NewCut(c Cut, communes []Located) Cut {
	c.communes, c.epcis, c.departements = map[string]int{}, map[string]int{}, map[string]int{}
	whole := func(zones map[string]int, code string, zone int) {
		if known, seen := zones[code]; seen && known != zone {
			zone = -1
		}
		zones[code] = zone
	}
	for _, l := range communes {
		c.communes[l.Commune] = l.Zone
		whole(c.epcis, l.EPCI, l.Zone)
		whole(c.departements, l.Departement, l.Zone)
	}
	delete(c.epcis, "") // the few communes without an EPCI have nothing in common
	return c
}

// Zone gives the zone of a place by the most precise thing that is known of it: INSEE code of the commune, SIREN of the EPCI,
// code of the département. There is none outside the cut, nor for a place too wide to tell.
func (c Cut) Zone(commune, epci, departement string) (Zone, bool) {
	zone, known := c.communes[commune]
	if !known {
		zone, known = c.epcis[epci]
	}
	if !known && epci == "" {
		zone, known = c.departements[departement]
	}
	if !known || zone < 0 {
		return Zone{}, false
	}
	return c.Zones[zone], true
}

// Cut gives a cut by its id.
func (s Steering) Cut(id string) (Cut, bool) {
	for _, c := range s.Cuts {
		if c.ID == id {
			return c, true
		}
	}
	return Cut{}, false
}

// CutOf gives the cut that a direction works by; there is none when the file gives it none.
func (s Steering) CutOf(direction string) (Cut, bool) {
	for _, c := range s.Cuts {
		for _, d := range c.Directions {
			if d == direction {
				return c, true
			}
		}
	}
	return Cut{}, false
}
