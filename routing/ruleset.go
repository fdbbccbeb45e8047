package routing

import (
	"fmt"
	"regexp"
)

// RuleSet is what the Region writes: directions, facts, subjects and rules, each with its place in the files.
type RuleSet struct {
	// Version names the content, so that a decision can be traced to the rules that made it.
	Version    string
	Directions []Direction
	Facts      []FactType
	Subjects   []Subject
	Rules      []Rule
	// Paths are tried in order.
	Paths []Path
}

// Pos is a place in the Region's files.
type Pos struct {
	File string
	Line int
}

// Direction is a direction or an operator that can lead or take part.
type Direction struct {
	Code string
	// Does says in plain French what the direction does.
	Does string
	// EntryPoint marks the one direction that takes what no rule gives to another.
	EntryPoint bool
	Pos        Pos
}

// FactKind is the type of a fact's value.
type FactKind string

// The kinds. In conditions a choice and a text are strings, a number is an int and a yes/no is a bool.
const (
	Choice FactKind = "choice"
	Number FactKind = "number"
	YesNo  FactKind = "yesno"
	Text   FactKind = "text"
)

// FactType declares a fact that rules may read.
type FactType struct {
	Name string
	Kind FactKind
	// Label names the fact for people (« effectif »).
	Label  string
	Values []FactValue
	// Default is the value supposed when nobody said it; nil means that the fact is unknown until it is read or asked.
	Default any
	// Question asks a person for the fact; Options are the ready-made answers.
	Question string
	Options  []Option
	Pos      Pos
}

// FactValue is one value of a choice.
type FactValue struct {
	ID, Label string
	// General tells that asking for it (a grant) leaves room to who the company is, as a general subject does.
	General bool
}

// Subject is something that can be asked for, or that a company can be.
type Subject struct {
	ID, Label string
	// General subjects (an aid, an investment) let the company's status lead when nothing more precise is asked.
	General bool
	// Unsettled says why no direction leads yet; such a request goes to the entry point, to be arbitrated.
	Unsettled string
	Pos       Pos
}

// Rule gives the lead when its condition holds. Rules are read in order, the first match wins inside one subject.
type Rule struct {
	ID string
	// Case names for people what the rule is about (« création d'entreprise »); it may be empty.
	Case string
	// When is a CEL condition over the facts, « subject » included.
	When string
	Lead string
	// Associated are the directions that take part, in order.
	Associated []Associate
	Operators  []string
	// Why says the rule in plain French, Section the part of the source document behind it.
	Why, Section string
	Pos          Pos
}

// Associate is a direction that takes part, always or under a CEL condition.
type Associate struct {
	Direction, When string
}

var code = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}._-]{0,59}$`)

// IsCode tells whether a text may name something in the Region's files: a code is also typed at the command line, carried
// by addresses and files, and listed between commas.
func IsCode(text string) bool { return code.MatchString(text) }

// CodeForm says what IsCode takes.
const CodeForm = "des lettres, des chiffres, « - », « _ » ou « . », sans espace, 60 au plus"

// Problem is an error in the Region's files, with its place.
type Problem struct {
	Pos    Pos
	Reason string
}

// Error gives « file:line: reason ».
func (p Problem) Error() string {
	if p.Pos.Line == 0 {
		return fmt.Sprintf("%s : %s", p.Pos.File, p.Reason)
	}
	return fmt.Sprintf("%s:%d : %s", p.Pos.File, p.Pos.Line, p.Reason)
}
