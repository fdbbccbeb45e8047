package routing

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// subjectFact is the fact that every rule set has: what is asked for, one of the declared subjects.
const subjectFact = "subject"

// Rules is a compiled rule set, safe for concurrent use.
type Rules struct {
	set   RuleSet
	env   *cel.Env
	facts map[string]FactType
	// samples are the values of a fact that stand for all of them: each choice, both booleans, both sides of each threshold.
	samples    map[string][]any
	thresholds map[string][]int64 // the numbers that conditions compare a fact with
	edges      map[string][]int64 // the numbers that a rule may tell from the one under them
	subjects   map[string]Subject
	entryPoint string
	rules      []compiledRule
	paths      []compiledPath
	// bySubject are the indices of the rules that can still match once the subject is known: a subject is one of few, so
	// the rest are set aside once and for all.
	bySubject map[string][]int
}

type compiledRule struct {
	Rule
	when       cel.Program
	reads      []string
	associated []compiledAssociate
}

type compiledPath struct {
	Path
	when cel.Program
}

type compiledAssociate struct {
	direction string
	when      cel.Program // nil: always
}

// Compile checks a rule set and prepares it. Every mistake is reported as a Problem, joined into one error.
func Compile(set RuleSet) (*Rules, error) {
	c := &compiler{
		r: &Rules{
			set: set, facts: map[string]FactType{}, samples: map[string][]any{},
			subjects: map[string]Subject{}, bySubject: map[string][]int{}, thresholds: map[string][]int64{}, edges: map[string][]int64{},
		},
		directions: map[string]bool{}, edges: map[string][]int64{},
	}
	c.declare()
	if len(c.problems) == 0 {
		c.compileRules()
	}
	if len(c.problems) > 0 {
		return nil, errors.Join(c.problems...)
	}
	c.sample()
	c.index()
	if c.compilePaths(); len(c.problems) > 0 {
		return nil, errors.Join(c.problems...)
	}
	return c.r, nil
}

type compiler struct {
	r          *Rules
	directions map[string]bool
	edges      map[string][]int64 // as Rules.edges, those of the conditions compiled so far: the paths come after the rules
	problems   []error
}

func (c *compiler) problem(pos Pos, format string, args ...any) {
	c.problems = append(c.problems, Problem{Pos: pos, Reason: fmt.Sprintf(format, args...)})
}

// declare checks names and references, and declares each fact to CEL.
func (c *compiler) declare() {
	set := c.r.set
	named := func(pos Pos, what, code string) {
		if !IsCode(code) {
			c.problem(pos, "%s « %s » : un code est attendu (%s)", what, code, CodeForm)
		}
	}
	for _, d := range set.Directions {
		named(d.Pos, "la direction", d.Code)
		if c.directions[d.Code] {
			c.problem(d.Pos, "la direction %s est déclarée deux fois", d.Code)
		}
		c.directions[d.Code] = true
		if d.EntryPoint {
			if c.r.entryPoint != "" {
				c.problem(d.Pos, "deux points d'entrée : %s et %s", c.r.entryPoint, d.Code)
			}
			c.r.entryPoint = d.Code
		}
	}
	if c.r.entryPoint == "" && len(set.Directions) > 0 {
		c.problem(set.Directions[0].Pos, "aucune direction n'est le point d'entrée (entry_point: true)")
	}
	for _, s := range set.Subjects {
		named(s.Pos, "le sujet", s.ID)
		if _, twice := c.r.subjects[s.ID]; twice {
			c.problem(s.Pos, "le sujet %s est déclaré deux fois", s.ID)
		}
		c.r.subjects[s.ID] = s
	}
	options := []cel.EnvOption{cel.Variable(subjectFact, cel.StringType)}
	for _, f := range set.Facts {
		named(f.Pos, "le fait", f.Name)
		for _, v := range f.Values {
			named(f.Pos, "la valeur du fait "+f.Name, v.ID)
		}
		if _, twice := c.r.facts[f.Name]; twice || f.Name == subjectFact {
			c.problem(f.Pos, "le fait %s est déclaré deux fois", f.Name)
			continue
		}
		c.r.facts[f.Name] = f
		switch f.Kind {
		case Choice, Text:
			options = append(options, cel.Variable(f.Name, cel.StringType))
		case Number:
			options = append(options, cel.Variable(f.Name, cel.IntType))
		case YesNo:
			options = append(options, cel.Variable(f.Name, cel.BoolType))
		default:
			c.problem(f.Pos, "le fait %s a un type inconnu « %s » : choice, number, yesno ou text", f.Name, f.Kind)
		}
		if f.Default == nil && f.Kind != Text && f.Question == "" {
			c.problem(f.Pos, "le fait %s n'a ni valeur par défaut ni question à poser", f.Name)
		}
		if f.Default != nil && !f.Accepts(f.Default) {
			c.problem(f.Pos, "la valeur par défaut de %s n'est pas une de ses valeurs : %v", f.Name, f.Default)
		}
	}
	env, err := cel.NewEnv(options...)
	if err != nil {
		c.problem(Pos{File: "facts"}, "déclaration des faits : %v", err)
		return
	}
	c.r.env = env
}

// Accepts tells whether a value belongs to the fact's kind and choices; the empty choice is « none of them ».
func (f FactType) Accepts(v any) bool {
	switch f.Kind {
	case Choice:
		s, ok := v.(string)
		return ok && (s == "" || slices.ContainsFunc(f.Values, func(fv FactValue) bool { return fv.ID == s }))
	case Number:
		_, ok := v.(int64)
		return ok
	case YesNo:
		_, ok := v.(bool)
		return ok
	default:
		_, ok := v.(string)
		return ok
	}
}

func (c *compiler) compileRules() {
	seen := map[string]bool{}
	for i, rule := range c.r.set.Rules {
		if !IsCode(rule.ID) {
			c.problem(rule.Pos, "la règle « %s » : un code est attendu (%s)", rule.ID, CodeForm)
		}
		if seen[rule.ID] {
			c.problem(rule.Pos, "la règle %s est écrite deux fois", rule.ID)
		}
		seen[rule.ID] = true
		c.checkDirection(rule, rule.Lead)
		compiled := compiledRule{Rule: rule}
		compiled.when, compiled.reads = c.condition(rule, rule.When)
		for _, a := range rule.Associated {
			c.checkDirection(rule, a.Direction)
			ca := compiledAssociate{direction: a.Direction}
			if a.When != "" {
				ca.when, _ = c.condition(rule, a.When)
			}
			compiled.associated = append(compiled.associated, ca)
		}
		c.r.rules = append(c.r.rules, compiled)
		if i == len(c.r.set.Rules)-1 && strings.TrimSpace(rule.When) != "true" {
			c.problem(rule.Pos, "la dernière règle doit prendre tout le reste (when: \"true\")")
		}
	}
	if len(c.r.set.Rules) == 0 {
		c.problem(Pos{File: "rules.yaml"}, "aucune règle")
	}
}

func (c *compiler) checkDirection(rule Rule, code string) {
	if !c.directions[code] {
		c.problem(rule.Pos, "la règle %s nomme la direction inconnue « %s »", rule.ID, code)
	}
}

// condition compiles a CEL condition and gives the facts that it reads.
func (c *compiler) condition(rule Rule, source string) (cel.Program, []string) {
	checked, issues := c.r.env.Compile(source)
	if issues.Err() != nil {
		// CEL's own message is in English and several lines; its first line says what and where in the condition.
		first, _, _ := strings.Cut(issues.Err().Error(), "\n")
		c.problem(rule.Pos, "la condition de la règle %s ne se lit pas : %s", rule.ID, first)
		return nil, nil
	}
	if checked.OutputType() != cel.BoolType {
		c.problem(rule.Pos, "la condition de la règle %s ne donne pas vrai ou faux mais %s", rule.ID, checked.OutputType())
		return nil, nil
	}
	var reads []string
	ast.PreOrderVisit(checked.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() == ast.IdentKind && !slices.Contains(reads, e.AsIdent()) {
			reads = append(reads, e.AsIdent())
		}
		c.checkConstants(rule, e)
	}))
	program, err := c.r.env.Program(checked, cel.EvalOptions(cel.OptPartialEval))
	if err != nil {
		c.problem(rule.Pos, "la condition de la règle %s ne se prépare pas : %v", rule.ID, err)
		return nil, nil
	}
	return program, reads
}

// checkConstants refuses a comparison with a value that the fact cannot take, and keeps the thresholds of numbers.
func (c *compiler) checkConstants(rule Rule, e ast.Expr) {
	if e.Kind() != ast.CallKind || len(e.AsCall().Args()) != 2 {
		return
	}
	call := e.AsCall()
	switch call.FunctionName() {
	case operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals, operators.In:
	default:
		return
	}
	name, constants := "", []ast.Expr(nil)
	for _, arg := range call.Args() {
		switch arg.Kind() {
		case ast.IdentKind:
			name = arg.AsIdent()
		case ast.LiteralKind:
			constants = append(constants, arg)
		case ast.ListKind:
			constants = append(constants, arg.AsList().Elements()...)
		}
	}
	fact := c.r.facts[name]
	for _, k := range constants {
		if k.Kind() != ast.LiteralKind {
			continue
		}
		switch v := k.AsLiteral().Value().(type) {
		case int64:
			c.r.thresholds[name] = append(c.r.thresholds[name], v)
			c.edges[name] = append(c.edges[name], edges(call, v)...)
		case string:
			if _, known := c.r.subjects[v]; name == subjectFact && !known {
				c.problem(rule.Pos, "la règle %s lit le sujet inconnu « %s »", rule.ID, v)
			}
			if name != subjectFact && fact.Kind == Choice && !fact.Accepts(v) {
				c.problem(rule.Pos, "la règle %s compare %s à « %s », qui n'est pas une de ses valeurs", rule.ID, name, v)
			}
		}
	}
}

// edges are the numbers that a comparison with n tells from the one under them.
func edges(call ast.CallExpr, n int64) []int64 {
	reversed := call.Args()[0].Kind() == ast.LiteralKind // 10 <= headcount
	switch call.FunctionName() {
	case operators.Less, operators.GreaterEquals:
		if reversed {
			return []int64{n + 1}
		}
		return []int64{n}
	case operators.LessEquals, operators.Greater:
		if reversed {
			return []int64{n}
		}
		return []int64{n + 1}
	}
	return []int64{n, n + 1}
}

// sample gives each fact the few values that stand for all: with them, trying values is exhaustive.
func (c *compiler) sample() {
	for name, f := range c.r.facts {
		var values []any
		switch f.Kind {
		case Choice:
			for _, v := range f.Values {
				values = append(values, v.ID)
			}
		case YesNo:
			values = []any{true, false}
		case Number:
			for _, t := range c.r.thresholds[name] {
				for _, v := range []any{t - 1, t, t + 1} {
					if !slices.Contains(values, v) {
						values = append(values, v)
					}
				}
			}
			sort.Slice(values, func(i, j int) bool { return values[i].(int64) < values[j].(int64) })
		}
		c.r.samples[name], c.r.edges[name] = values, slices.Clone(c.edges[name])
	}
}

// index keeps, for each subject and for none, the rules that its value alone does not rule out.
func (c *compiler) index() {
	unknown := make([]*cel.AttributePatternType, 0, len(c.r.facts))
	for name := range c.r.facts {
		unknown = append(unknown, cel.AttributePattern(name))
	}
	ids := []string{""}
	for id := range c.r.subjects {
		ids = append(ids, id)
	}
	for _, id := range ids {
		activation, err := cel.PartialVars(map[string]any{subjectFact: id}, unknown...)
		if err != nil {
			panic("routing: partial activation over declared facts: " + err.Error())
		}
		for i, rule := range c.r.rules {
			out, _, err := rule.when.Eval(activation)
			if err != nil || out != types.False {
				c.r.bySubject[id] = append(c.r.bySubject[id], i)
			}
			if err == nil && out == types.True {
				break
			}
		}
	}
}
