package routing

import (
	"fmt"
	"slices"
	"strings"
)

const reasonHuman = "La personne a demandé à parler à quelqu'un : le point d'entrée la reprend."

// reasons say why a rule gave the lead: what was asked, the facts that the rule read with their words, the rule itself.
func (r *Rules) reasons(subject string, rule compiledRule, facts Facts) []string {
	var out []string
	if s := r.askedReason(subject, facts); s != "" {
		out = append(out, s)
	}
	for _, name := range rule.reads {
		if f, ok := facts.Get(name); ok && name != subjectFact && f.Source != SourceDefault {
			out = append(out, fmt.Sprintf("%s : %s (%s).", capital(r.facts[name].Label), r.Label(f), sourceText(f.Source)))
		}
	}
	return append(out, fmt.Sprintf("Règle %s : %s.", rule.ID, rule.Why))
}

func (r *Rules) missingReasons(subject string, facts Facts, ask FactType) []string {
	var out []string
	if s := r.askedReason(subject, facts); s != "" {
		out = append(out, s)
	}
	return append(out, fmt.Sprintf("Il manque un renseignement qui change la direction chef de file : %s.", ask.Label))
}

func (r *Rules) unsettledReasons(s Subject, facts Facts) []string {
	var out []string
	if reason := r.askedReason(s.ID, facts); reason != "" {
		out = append(out, reason)
	}
	return append(out, s.Unsettled)
}

// askedReason tells the subject and the words that gave it.
func (r *Rules) askedReason(subject string, facts Facts) string {
	for _, f := range facts {
		if f.Name == subjectFact && f.Value == subject {
			what := "Objet de la demande"
			if f.Role == Status {
				what = "Qui demande"
			}
			return fmt.Sprintf("%s : %s (%s).", what, r.subjects[subject].Label, sourceText(f.Source))
		}
	}
	return ""
}

// Label gives the value of a fact in French.
func (r *Rules) Label(f Fact) string {
	if f.Label != "" {
		return f.Label
	}
	if f.Name == subjectFact {
		if s, ok := r.subjects[stringValue(f)]; ok {
			return s.Label
		}
	}
	for _, v := range r.facts[f.Name].Values {
		if v.ID == f.Value {
			return v.Label
		}
	}
	switch f.Value {
	case true:
		return "oui"
	case false:
		return "non"
	}
	return fmt.Sprint(f.Value)
}

// sampleLabel gives a sample in French; a number stands for its side of a threshold: « 10 ou plus », « moins de 10 ».
func (r *Rules) sampleLabel(name string, v any) string {
	if n, ok := v.(int64); ok {
		switch {
		case slices.Contains(r.thresholds[name], n):
			return fmt.Sprintf("%d ou plus", n)
		case slices.Contains(r.thresholds[name], n+1):
			return fmt.Sprintf("moins de %d", n+1)
		}
	}
	return r.Label(Fact{Name: name, Value: v})
}

func sourceText(source string) string {
	switch source {
	case SourceDefault:
		return "supposé"
	case SourceRegister:
		return "d'après le registre"
	case SourceAsked:
		return "votre réponse"
	case SourceGiven:
		return "indiqué avec le message"
	case SourceModel:
		return "lu par le modèle"
	}
	return "«\u00a0" + source + "\u00a0»" // unbroken at the end of a line
}

func capital(s string) string {
	if s == "" {
		return s
	}
	first := []rune(s)
	return strings.ToUpper(string(first[:1])) + string(first[1:])
}
