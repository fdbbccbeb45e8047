package routing_test

import (
	"testing"

	"cel.dev/cel-go/cel"

	"guichet/routing"
	"guichet/routing/rulebook"
)

// aidFacts are those of « Nous sommes 5 et voulons investir dans un camion ».
var aidFacts = routing.Facts{
	{Name: "subject", Value: "investissement", Source: "investir"},
	{Name: "headcount", Value: int64(5), Source: "Nous sommes 5"},
}

// BenchmarkDecide measures a decision with its reasons and alternatives on the default rules.
func BenchmarkDecide(b *testing.B) {
	book, err := rulebook.Load(rulebook.Default())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if d := book.Rules.Decide(aidFacts); d.Lead == "" {
			b.Fatal("no lead")
		}
	}
}

// BenchmarkBareCEL is the baseline: the same conditions, evaluated in order by CEL alone until one holds.
func BenchmarkBareCEL(b *testing.B) {
	book, err := rulebook.Load(rulebook.Default())
	if err != nil {
		b.Fatal(err)
	}
	options := []cel.EnvOption{cel.Variable("subject", cel.StringType)}
	values := map[string]any{"subject": "investissement"}
	for _, f := range book.Rules.Set().Facts {
		kind := map[routing.FactKind]*cel.Type{routing.Choice: cel.StringType, routing.Text: cel.StringType, routing.Number: cel.IntType, routing.YesNo: cel.BoolType}[f.Kind]
		options = append(options, cel.Variable(f.Name, kind))
		if f.Default != nil {
			values[f.Name] = f.Default
		}
	}
	values["headcount"] = int64(5)
	env, err := cel.NewEnv(options...)
	if err != nil {
		b.Fatal(err)
	}
	var programs []cel.Program
	for _, rule := range book.Rules.Set().Rules {
		ast, issues := env.Compile(rule.When)
		if issues.Err() != nil {
			b.Fatal(issues.Err())
		}
		program, err := env.Program(ast, cel.EvalOptions(cel.OptPartialEval))
		if err != nil {
			b.Fatal(err)
		}
		programs = append(programs, program)
	}
	for b.Loop() {
		activation, err := env.PartialVars(values)
		if err != nil {
			b.Fatal(err)
		}
		held := false
		for _, program := range programs {
			if out, _, err := program.Eval(activation); err == nil && out.Value() == true {
				held = true
				break
			}
		}
		if !held {
			b.Fatal("no rule holds")
		}
	}
}
