package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"guichet/bot"
	"guichet/routing"
)

type routeCmd struct {
	batchFlag
	Message *string `arg:"" optional:"" help:"Le message de l'entreprise, entre guillemets."`
}

// messageLine is a line of a batch of messages; what it gives beside the text is surer than the text.
type messageLine struct {
	ID        id     `json:"id"`
	Text      string `json:"text"`
	Requester string `json:"requester"`
	Territory string `json:"territory"`
	SIREN     string `json:"siren"`
}

// decisionLine is a decision. Its JSON is part of the contract: lead and rule are null while a fact that decides is missing.
type decisionLine struct {
	ID           id                    `json:"id"`
	Lead         *string               `json:"lead"`
	Rule         *string               `json:"rule"`
	Associated   []string              `json:"associated"`
	Operators    []string              `json:"operators"`
	Facts        []routing.Fact        `json:"facts"`
	Missing      []string              `json:"missing"`
	Question     string                `json:"question"`
	Arbitrate    bool                  `json:"arbitrate"`
	Reasons      []string              `json:"reasons"`
	Section      string                `json:"section"`
	Alternatives []routing.Alternative `json:"alternatives"`
	// Version names the rules that decided.
	Version   string  `json:"version"`
	ElapsedMS float64 `json:"elapsed_ms"`
}

func (c *routeCmd) Run(_ context.Context, a *app) error {
	r, err := loadRegion(a.RulesPath)
	if err != nil {
		return err
	}
	single := func(text string) messageLine { return messageLine{Text: text} }
	return each(a, c.batchFlag, c.Message, "le message", single, r.route, showDecision)
}

// route decides on a message and records nothing.
func (r region) route(in messageLine) (decisionLine, error) {
	start := time.Now()
	if err := bot.CheckText(in.Text); err != nil {
		return decisionLine{}, err
	}
	facts, notes, err := r.withGiven(r.reader.Read(in.Text).Request, in)
	if err != nil {
		return decisionLine{}, err
	}
	d := r.book.Rules.Decide(facts)
	out := decisionLine{
		ID: in.ID, Associated: some(d.Associated), Operators: some(d.Operators), Facts: some([]routing.Fact(d.Facts)), Missing: some(d.Missing),
		Question: d.Question, Arbitrate: d.Arbitrate, Reasons: some(append(d.Reasons, notes...)), Section: d.Section, Alternatives: some(d.Alternatives), Version: d.Version,
	}
	if d.Lead != "" {
		out.Lead, out.Rule = &d.Lead, &d.Rule
	}
	out.ElapsedMS = elapsed(start)
	return out, nil
}

// withGiven adds what was given beside the message; the notes say what was set aside.
func (r region) withGiven(facts routing.Facts, in messageLine) (_ routing.Facts, notes []string, err error) {
	if in.Requester != "" {
		if fact, declared := r.book.Rules.Fact("requester"); !declared || !fact.Accepts(in.Requester) {
			return nil, nil, fmt.Errorf("le demandeur (requester) « %s » n'est pas une des valeurs que les règles connaissent", in.Requester)
		}
		facts = facts.With(routing.Fact{Name: "requester", Value: in.Requester, Source: routing.SourceAsked})
	}
	if in.Territory != "" {
		place, known := r.place(in.Territory)
		if !known {
			notes = append(notes, "Le territoire « "+in.Territory+" » n'est ni une commune ni un EPCI du registre : il est gardé tel quel.")
		}
		facts = append(slices.DeleteFunc(facts, isPlace), place...)
	}
	if in.SIREN != "" {
		siren, ok := r.reader.ReadAnswer("siren", in.SIREN)
		if ok {
			siren.Source = routing.SourceAsked
			facts = facts.With(siren)
		} else { // no rule reads it: the decision stands
			notes = append(notes, "Le SIREN « "+in.SIREN+" » est mis de côté : il lui faut neuf chiffres, dont le dernier vérifie les autres.")
		}
	}
	return facts, notes, nil
}

// place reads a territory: an INSEE code, the SIREN of an EPCI, or a name as in a message. One that the register lacks is
// kept as it was written, and is not known.
func (r region) place(territory string) (place routing.Facts, known bool) {
	name := territory
	if e, ok := r.book.Territories.EPCI[territory]; ok {
		name = e.Name
	}
	for _, c := range r.book.Territories.Communes {
		if c.INSEE == territory {
			name = c.Name + " (" + c.Departement + ")"
		}
	}
	for _, f := range r.reader.Read("à " + name).Facts {
		if isPlace(f) {
			if f.Source != routing.SourceRegister {
				f.Source = routing.SourceAsked
			}
			place = append(place, f)
		}
	}
	if len(place) == 0 {
		return routing.Facts{{Name: "territory", Value: territory, Source: routing.SourceAsked}}, false
	}
	return place, true
}

func isPlace(f routing.Fact) bool {
	return f.Name == "territory" || f.Name == "epci" || f.Name == "departement"
}

// some gives an empty list rather than none: lists are never null in JSON.
func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func showDecision(w io.Writer, d decisionLine) {
	line := func(label, text string) {
		if text != "" {
			fmt.Fprintf(w, "%-20s %s\n", label, text)
		}
	}
	switch {
	case d.Lead == nil:
		line("Chef de file", "pas encore : un renseignement manque")
		line("Question à poser", d.Question)
	case d.Arbitrate:
		line("Chef de file", *d.Lead+" (à arbitrer)")
	default:
		line("Chef de file", *d.Lead)
	}
	line("Associées", strings.Join(d.Associated, ", "))
	line("Opérateurs", strings.Join(d.Operators, ", "))
	for i, reason := range d.Reasons {
		line([]string{"Pourquoi", ""}[min(i, 1)], reason)
	}
	for i, alternative := range d.Alternatives {
		line([]string{"Ce qui changerait", ""}[min(i, 1)], fmt.Sprintf("%s : %s → %s", alternative.Title, alternative.Label, alternative.Lead))
	}
	line("Source", d.Section)
}
