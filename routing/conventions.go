package routing

// Conventions is what the Region says of the conventions that it signs with intercommunal bodies (EPCI).
type Conventions struct {
	Types []ConventionType
	// AlertDays are the days before its end on which the end of a convention is told, in decreasing order.
	AlertDays []int
	// Direction is the code of the direction that is told, Subject the subject of the requests that are about conventions.
	Direction, Subject string
	// SchemeSections are the titles of sections that make a document of the base a scheme.
	SchemeSections []string
}

// ConventionType is a type of convention; Label goes after « la » (« convention d'aides »).
type ConventionType struct{ Code, Label string }

// Label gives a type for people: the code itself when the Region no longer has it.
func (c Conventions) Label(code string) string {
	for _, t := range c.Types {
		if t.Code == code {
			return t.Label
		}
	}
	return code
}

// Officer is the person of the Region who follows an EPCI, as the Region's file gives it.
type Officer struct {
	Name string `json:"name"`
	// Contact is how to reach the person; it may be empty.
	Contact string `json:"contact,omitempty"`
}
