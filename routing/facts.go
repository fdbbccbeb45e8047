package routing

// Sources of a fact that are not words of the message.
const (
	SourceDefault  = "default"  // nobody said it; the rule set supposes it
	SourceRegister = "register" // a register gives it (commune → EPCI → département)
	SourceAsked    = "asked"    // the person answered the bot's question
	SourceGiven    = "given"    // the caller gave it beside the message
	SourceModel    = "model"    // a language model read it; checked against the message
)

// Role is the part that a subject plays in a message.
type Role string

// The roles. « The main subject is what is asked for, not what the company is » (lead-direction-rules, How the rules are read).
const (
	Asked   Role = ""        // what is asked for, the main one first
	Second  Role = "second"  // asked for besides: its lead takes part, it leads only when nothing else is asked
	Status  Role = "status"  // what the company is: leads only when what is asked is general
	Context Role = "context" // story, customers, refusals: never leads
)

// Fact is one thing known of a request and where it was read.
type Fact struct {
	Name string `json:"name"`
	// Value is a string, an int64 or a bool, as the rule set declares the fact.
	Value any `json:"value"`
	// Source is the words of the message that gave the fact, or one of the Source constants.
	Source string `json:"source"`
	Role   Role   `json:"role,omitempty"`
	// Label is the value in French for people, when it differs from Value; Title names the fact for them. A decision fills both.
	Label string `json:"label,omitempty"`
	Title string `json:"title,omitempty"`
}

// Facts are the facts of one request. Only « subject » may appear more than once.
type Facts []Fact

// Get gives the first fact of a name in the asked role.
func (f Facts) Get(name string) (Fact, bool) {
	for _, fact := range f {
		if fact.Name == name && fact.Role == Asked {
			return fact, true
		}
	}
	return Fact{}, false
}

// With gives the facts with one set: it replaces the facts of its name in the asked role.
func (f Facts) With(fact Fact) Facts {
	out := make(Facts, 0, len(f)+1)
	for _, old := range f {
		if old.Name != fact.Name || old.Role != Asked {
			out = append(out, old)
		}
	}
	return append(out, fact)
}
