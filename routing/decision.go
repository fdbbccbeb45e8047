package routing

// Decision is who leads a request, and why.
type Decision struct {
	// Lead is a direction's code and Rule the id of the rule that gave it; both empty while a fact that decides is missing.
	Lead, Rule string
	// Associated are the codes of the directions that take part, Operators the bodies and networks to name.
	Associated, Operators []string
	// Facts are those that were read, with their sources, defaults included.
	Facts Facts
	// Missing are the names of the facts whose value would change the lead, the one that settles most first.
	Missing []string
	// Question asks a person for Missing[0]; Choices are its ready-made answers.
	Question string
	Choices  []Option
	// Arbitrate marks a request on a subject whose positioning is not settled (conduct rule 1).
	Arbitrate bool
	// Reasons are plain French sentences, Section the part of the source document behind the rule.
	Reasons []string
	Section string
	// Alternatives say what would have changed the lead.
	Alternatives []Alternative
	// Path is the id of the path that the request follows, empty when no profile is known.
	Path string `json:",omitempty"`
	// Version names the rule set that decided.
	Version string
}

// Option is a ready-made answer to a question about a fact.
type Option struct{ Label, Text string }

// Alternative is a value of one fact that gives another lead.
type Alternative struct {
	Fact  string `json:"fact"`
	Value any    `json:"value"`
	Lead  string `json:"lead"`
	Rule  string `json:"rule"`
	// Title names the fact and Label its value for people (« effectif », « 10 ou plus »).
	Title string `json:"title,omitempty"`
	Label string `json:"label,omitempty"`
}
