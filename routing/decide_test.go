package routing_test

import (
	"slices"
	"strings"
	"testing"

	"guichet/routing"
)

// ruleSet is a small Region of its own: no name of the default set, so that the engine is seen to know none.
func ruleSet() routing.RuleSet {
	return routing.RuleSet{
		Version:    "test",
		Directions: []routing.Direction{{Code: "ACCUEIL", EntryPoint: true}, {Code: "NORD"}, {Code: "SUD"}, {Code: "EST"}, {Code: "PRETS"}},
		Facts: []routing.FactType{
			{Name: "side", Kind: routing.Choice, Label: "côté", Question: "Nord ou sud ?", Values: []routing.FactValue{{ID: "north", Label: "nord"}, {ID: "south", Label: "sud"}}},
			{Name: "size", Kind: routing.Number, Label: "taille", Question: "Combien ?"},
			{Name: "fast", Kind: routing.YesNo, Label: "pressé", Default: false},
			{Name: "money", Kind: routing.Choice, Label: "argent", Default: "", Values: []routing.FactValue{{ID: "gift", Label: "don", General: true}, {ID: "loan", Label: "prêt"}}},
		},
		Subjects: []routing.Subject{
			{ID: "boat", Label: "bateau"}, {ID: "house", Label: "maison"}, {ID: "shop", Label: "boutique"}, {ID: "help", Label: "aide", General: true},
			{ID: "sea", Label: "mer", Unsettled: "La mer est en discussion."}, {ID: "letter", Label: "lettre"},
		},
		Rules: []routing.Rule{
			{ID: "boat-north", When: `subject == "boat" && side == "north"`, Lead: "NORD", Associated: []routing.Associate{{Direction: "SUD"}}, Why: "le nord a les bateaux"},
			{ID: "boat-south", When: `subject == "boat" && side == "south"`, Lead: "SUD", Why: "le sud aussi"},
			{ID: "shop", When: `subject == "shop"`, Lead: "EST", Associated: []routing.Associate{{Direction: "NORD", When: "fast"}}, Why: "l'est a les boutiques"},
			{ID: "loan", When: `money == "loan"`, Lead: "PRETS", Why: "un prêt est un prêt"},
			{ID: "house", When: `subject == "house"`, Lead: "SUD", Why: "le sud a les maisons"},
			{ID: "big-help", When: `subject == "help" && size >= 10`, Lead: "NORD", Why: "les grands au nord"},
			{ID: "small-help", When: `subject == "help" && size < 10`, Lead: "EST", Why: "les petits à l'est"},
			{ID: "rest", When: "true", Lead: "ACCUEIL", Why: "le reste à l'accueil"},
		},
	}
}

func subject(id string, role routing.Role) routing.Fact {
	return routing.Fact{Name: "subject", Value: id, Source: id, Role: role}
}

func fact(name string, value any) routing.Fact {
	return routing.Fact{Name: name, Value: value, Source: "dit"}
}

func TestDecide(t *testing.T) {
	rules, err := routing.Compile(ruleSet())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, lead, rule, missing, associated string
		arbitrate                             bool
		facts                                 routing.Facts
	}{
		{name: "a rule holds", lead: "NORD", rule: "boat-north", associated: "SUD", facts: routing.Facts{subject("boat", ""), fact("side", "north")}},
		{name: "a fact that decides is missing", missing: "side", facts: routing.Facts{subject("boat", "")}},
		{name: "a number is missing", missing: "size", facts: routing.Facts{subject("help", "")}},
		{name: "a number on each side of its threshold", lead: "EST", rule: "small-help", facts: routing.Facts{subject("help", ""), fact("size", int64(9))}},
		{name: "the threshold itself", lead: "NORD", rule: "big-help", facts: routing.Facts{subject("help", ""), fact("size", int64(10))}},
		{name: "a fact that would change nothing is not asked", lead: "SUD", rule: "house", facts: routing.Facts{subject("house", "")}},
		{name: "nothing known", lead: "ACCUEIL", rule: "rest"},
		{name: "an unknown subject", lead: "ACCUEIL", rule: "rest", facts: routing.Facts{subject("moon", "")}},
		{name: "the status leads when what is asked is general, by the earlier rule", lead: "EST", rule: "shop", facts: routing.Facts{subject("help", ""), subject("shop", routing.Status)}},
		{name: "the status does not lead when something precise is asked", lead: "SUD", rule: "house", facts: routing.Facts{subject("house", ""), subject("shop", routing.Status)}},
		{name: "the money that is asked decides before status", lead: "PRETS", rule: "loan", facts: routing.Facts{subject("shop", routing.Status), fact("money", "loan")}},
		{name: "money of the general kind does not", lead: "EST", rule: "shop", facts: routing.Facts{subject("shop", routing.Status), fact("money", "gift")}},
		{name: "money before a later subject, whose lead takes part", lead: "PRETS", rule: "loan", associated: "SUD", facts: routing.Facts{subject("house", ""), fact("money", "loan")}},
		{name: "a second subject takes part", lead: "SUD", rule: "house", associated: "EST", facts: routing.Facts{subject("house", ""), subject("shop", routing.Second)}},
		{name: "a second subject that cannot be told adds nobody", lead: "SUD", rule: "house", facts: routing.Facts{subject("house", ""), subject("boat", routing.Second)}},
		{name: "a second subject alone leads", lead: "SUD", rule: "house", facts: routing.Facts{subject("house", routing.Second)}},
		{name: "the context never leads", lead: "ACCUEIL", rule: "rest", facts: routing.Facts{subject("house", routing.Context)}},
		{name: "a subject that only the last rule takes leaves its place", lead: "SUD", rule: "house", facts: routing.Facts{subject("letter", ""), subject("house", "")}},
		{name: "an associate under its condition", lead: "EST", rule: "shop", associated: "NORD", facts: routing.Facts{subject("shop", ""), fact("fast", true)}},
		{name: "a subject under discussion comes before all", lead: "ACCUEIL", rule: "rest", arbitrate: true, facts: routing.Facts{subject("house", ""), subject("sea", routing.Status)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := rules.Decide(c.facts)
			if d.Lead != c.lead || d.Rule != c.rule || strings.Join(d.Missing, ",") != c.missing || d.Arbitrate != c.arbitrate || strings.Join(d.Associated, ",") != c.associated {
				t.Errorf("lead %q rule %q missing %v associated %v arbitrate %t", d.Lead, d.Rule, d.Missing, d.Associated, d.Arbitrate)
			}
			if len(d.Reasons) == 0 || d.Version != "test" {
				t.Errorf("no reason or version: %+v", d)
			}
			if (d.Question != "") != (c.missing != "") {
				t.Errorf("question %q with missing %v", d.Question, d.Missing)
			}
		})
	}
}

func TestTheFactThatSettlesMostIsAskedFirst(t *testing.T) {
	set := ruleSet()
	// With both unknown, « size » alone settles the lead for its small values; « side » never does alone.
	set.Rules = slices.Insert(set.Rules, 0,
		routing.Rule{ID: "a", When: `subject == "letter" && size < 10`, Lead: "EST", Why: "x"},
		routing.Rule{ID: "b", When: `subject == "letter" && size >= 10 && side == "north"`, Lead: "NORD", Why: "x"},
		routing.Rule{ID: "c", When: `subject == "letter" && size >= 10 && side == "south"`, Lead: "SUD", Why: "x"})
	rules, err := routing.Compile(set)
	if err != nil {
		t.Fatal(err)
	}
	if d := rules.Decide(routing.Facts{subject("letter", "")}); !slices.Equal(d.Missing, []string{"size", "side"}) {
		t.Errorf("missing %v, want size then side", d.Missing)
	}
	if d := rules.Decide(routing.Facts{subject("letter", ""), fact("size", int64(3))}); d.Lead != "EST" {
		t.Errorf("lead %q: the side must not be asked of a small one", d.Lead)
	}
}

func TestDecisionExplainsItself(t *testing.T) {
	rules, err := routing.Compile(ruleSet())
	if err != nil {
		t.Fatal(err)
	}
	d := rules.Decide(routing.Facts{subject("boat", ""), fact("side", "north")})
	for _, want := range []string{"bateau («\u00a0boat\u00a0»)", "Côté : nord («\u00a0dit\u00a0»)", "Règle boat-north : le nord a les bateaux"} {
		if !strings.Contains(strings.Join(d.Reasons, "\n"), want) {
			t.Errorf("reasons %q lack %q", d.Reasons, want)
		}
	}
	want := routing.Alternative{Fact: "side", Value: "south", Lead: "SUD", Rule: "boat-south", Title: "côté", Label: "sud"}
	if !slices.Contains(d.Alternatives, want) {
		t.Errorf("alternatives %v lack %v", d.Alternatives, want)
	}
}

func TestCompileTellsEachMistakeWithItsPlace(t *testing.T) {
	at := routing.Pos{File: "rules.yaml", Line: 7}
	for _, c := range []struct {
		name, want string
		change     func(*routing.RuleSet)
	}{
		{"unknown direction", "direction inconnue « OUEST »", func(s *routing.RuleSet) { s.Rules[0].Lead = "OUEST" }},
		{"unknown fact", "undeclared reference to 'wind'", func(s *routing.RuleSet) { s.Rules[0].When = "wind > 3" }},
		{"unknown value", "« west », qui n'est pas une de ses valeurs", func(s *routing.RuleSet) { s.Rules[0].When = `side == "west"` }},
		{"unknown subject", "sujet inconnu « bot »", func(s *routing.RuleSet) { s.Rules[0].When = `subject == "bot"` }},
		{"wrong type", "no matching overload", func(s *routing.RuleSet) { s.Rules[0].When = `size == "ten"` }},
		{"not a condition", "ne donne pas vrai ou faux", func(s *routing.RuleSet) { s.Rules[0].When = "size" }},
		{"syntax", "ne se lit pas", func(s *routing.RuleSet) { s.Rules[0].When = "subject ==" }},
		{"same id twice", "écrite deux fois", func(s *routing.RuleSet) { s.Rules[0].ID = "house" }},
		{"bad associate", "direction inconnue", func(s *routing.RuleSet) { s.Rules[0].Associated[0].Direction = "X" }},
		{"no catch-all", "prendre tout le reste", func(s *routing.RuleSet) { s.Rules = s.Rules[:len(s.Rules)-1] }},
		{"no entry point", "point d'entrée", func(s *routing.RuleSet) { s.Directions[0].EntryPoint = false }},
		{"no question", "ni valeur par défaut ni question", func(s *routing.RuleSet) { s.Facts[0].Question = "" }},
		{"bad default", "valeur par défaut", func(s *routing.RuleSet) { s.Facts[3].Default = "gold" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			set := ruleSet()
			for i := range set.Rules {
				set.Rules[i].Pos = at
			}
			c.change(&set)
			_, err := routing.Compile(set)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want « %s »", err, c.want)
			}
			if set.Directions[0].EntryPoint && c.name != "no question" && c.name != "bad default" && !strings.Contains(err.Error(), "rules.yaml:7") {
				t.Errorf("error %v has no place", err)
			}
		})
	}
}

func TestNeverFires(t *testing.T) {
	set := ruleSet()
	rules, err := routing.Compile(set)
	if err != nil {
		t.Fatal(err)
	}
	if dead := rules.NeverFires(); len(dead) != 0 {
		t.Errorf("rules %v are said never to fire", dead)
	}
	set.Rules = slices.Insert(set.Rules, 4, routing.Rule{ID: "shadowed", When: `subject == "shop" && fast`, Lead: "SUD", Why: "x"})
	if rules, err = routing.Compile(set); err != nil {
		t.Fatal(err)
	}
	if dead := rules.NeverFires(); !slices.Equal(dead, []string{"shadowed"}) {
		t.Errorf("NeverFires = %v, want the rule behind a wider one", dead)
	}
}

// TestTellsApart: a number known to lie between two values is known well enough when no rule tells them apart.
func TestTellsApart(t *testing.T) {
	set := ruleSet()
	set.Rules[6].When = `subject == "help" && 4 <= size && size <= 6`
	set.Paths = []routing.Path{{
		ID: "aide", Label: "aide", When: "size >= 250",
		Steps: []routing.PathStep{{ID: "etape", Label: "étape", By: []string{"NORD"}, Section: "essai"}},
	}}
	rules, err := routing.Compile(set)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		low, high int64
		want      bool
	}{{8, 12, true}, {9, 10, true}, {10, 12, false}, {7, 9, false}, {3, 4, true}, {4, 6, false}, {6, 7, true}, {200, 300, false}} {
		if got := rules.TellsApart("size", c.low, c.high); got != c.want {
			t.Errorf("%d to %d: %t, want %t", c.low, c.high, got, c.want)
		}
	}
}
