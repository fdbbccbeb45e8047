package steering

import (
	"fmt"
	"time"

	"guichet/routing/ledger"
)

// Unit is what a figure counts, as written after it.
type Unit string

// The units.
const (
	Percent     Unit = "%"
	Requests    Unit = "demandes"
	Contacts    Unit = "sollicitations"
	WorkingDays Unit = "jours ouvrés"
	EPCIs       Unit = "EPCI"
	Blanks      Unit = "couples EPCI × thème"
	Questions   Unit = "questions"
)

// Sum says how cases make a figure.
type Sum string

// The sums.
const (
	Total  Sum = "total"  // their values added
	Share  Sum = "share"  // the per cent of those of value 1, the others being 0
	Median Sum = "median" // the least value that half of them do not exceed
	Decile Sum = "p90"    // the least value that nine in ten do not exceed
)

// Indicator is one figure of the steering: what it is for people and, beside it, the pure function that gives it. Exactly one
// of Flow, Stock and List is set.
type Indicator struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Definition string `json:"definition"`
	Unit       Unit   `json:"unit"`
	// Flow gives what counts in a life, and Sum what it makes. Each case stands at the time since when it is known, so that it
	// counts in one period and that the figure of a period that is over never changes.
	Flow func(l Life, a ledger.Agenda) []Case `json:"-"`
	Sum  Sum                                  `json:"-"`
	// Stock tells whether a request counts as it stood at an instant.
	Stock func(r ledger.Request, at time.Time, a ledger.Agenda) bool `json:"-"`
	// List gives what counts of the whole period.
	List func(w Whole) []Item `json:"-"`
	// Never tells that anything but 0 is a fault to mend.
	Never bool `json:"-"`
}

// Case is something that counts in a request's life: when it was known, for which direction, for how much.
type Case struct {
	At        time.Time
	Direction string
	Value     int
}

// Indicators are all of them, in the order in which people read them. To add one is to add an element here: the command, the
// page, the CSV file and the charts read this list.
var Indicators = []Indicator{
	{
		ID: "received", Name: "Demandes reçues", Unit: Requests, Sum: Total,
		Definition: "Demandes enregistrées dans la période, au compte de la direction que les règles ont donnée à la réception ; d'aucune s'il manquait une précision.",
		Flow: func(l Life, _ ledger.Agenda) []Case {
			lead := ""
			for _, s := range l.Stages {
				if s.Began.Equal(l.CreatedAt) {
					lead = s.Lead
				}
			}
			return []Case{{l.CreatedAt, lead, 1}}
		},
	},
	{
		ID: "transmitted", Name: "Transmissions", Unit: Requests, Sum: Total,
		Definition: "Fois où, dans la période, une demande est arrivée chez une direction qui la mène : première transmission, réorientation, réouverture, ou retour d'une demande séparée d'une autre.",
		Flow: func(l Life, _ ledger.Agenda) (cases []Case) {
			for _, s := range l.Stages {
				if s.Status == ledger.Transmitted {
					cases = append(cases, Case{s.Began, s.Lead, 1})
				}
			}
			return cases
		},
	},
	{
		ID: "joined", Name: "Sollicitations regroupées", Unit: Contacts, Sum: Total,
		Definition: "Messages rattachés dans la période à une demande déjà ouverte de la même entreprise au lieu d'en ouvrir une seconde, et demandes qu'une personne y a jointes, " +
			"au compte de la direction qui mène alors cette demande. Une séparation faite ensuite n'en retire rien.",
		Flow: func(l Life, _ ledger.Agenda) (cases []Case) {
			for _, s := range l.Steps {
				if s.Event.Kind == ledger.Received && s.Before.Status != "" || s.Event.Kind == ledger.Absorbed {
					cases = append(cases, Case{s.Event.At, s.After.Lead, 1})
				}
			}
			return cases
		},
	},
	takenWithin(3),
	takenWithin(5),
	{
		ID: "time-to-take-median", Name: "Délai médian de prise en charge", Unit: WorkingDays, Sum: Median, Flow: timesToTake,
		Definition: "Entre la transmission à la direction et sa prise en charge (ou sa réponse directe) dans la période : la moitié des cas ne dépasse pas ce nombre de jours ouvrés ; 0 : le jour même.",
	},
	{
		ID: "time-to-take-p90", Name: "Délai de prise en charge, 9 cas sur 10", Unit: WorkingDays, Sum: Decile, Flow: timesToTake,
		Definition: "Le même délai : neuf cas sur dix ne le dépassent pas.",
	},
	{
		ID: "answered-on-time", Name: "Répondues dans le délai", Unit: Percent, Sum: Share,
		Definition: "Parmi les prises en charge dont l'issue est connue dans la période (réponse donnée, ou délai de réponse passé) : la part répondue au plus tard à l'échéance, " +
			"qui suit le délai de réponse réglé par la Région. Une réponse directe compte depuis la transmission. Les demandes closes sans aide ou confiées à une autre direction avant l'échéance ne comptent pas.",
		Flow: func(l Life, a ledger.Agenda) (cases []Case) {
			days := a.Delays.Taken.Due
			for _, s := range l.Stages {
				limit := ledger.DelayEnd(s.Began, days)
				answered := s.After == ledger.Answered && !s.Ended.IsZero()
				switch {
				case days == 0 || s.Status != ledger.Taken && s.Status != ledger.Transmitted:
				case answered && s.Ended.Before(limit):
					cases = append(cases, Case{s.Ended, s.Lead, 1})
				case answered && s.Status == ledger.Transmitted:
					cases = append(cases, Case{s.Ended, s.Lead, 0})
				case s.Status == ledger.Taken && !s.endedBefore(limit):
					cases = append(cases, Case{limit, s.Lead, 0})
				}
			}
			return cases
		},
	},
	{
		ID: "time-to-answer-median", Name: "Délai médian de réponse", Unit: WorkingDays, Sum: Median, Flow: timesToAnswer,
		Definition: "Entre le premier message (ou la réouverture) et la réponse donnée dans la période : la moitié des cas ne dépasse pas ce nombre de jours ouvrés.",
	},
	{
		ID: "time-to-answer-p90", Name: "Délai de réponse, 9 cas sur 10", Unit: WorkingDays, Sum: Decile, Flow: timesToAnswer,
		Definition: "Le même délai : neuf cas sur dix ne le dépassent pas.",
	},
	{
		ID: "rerouted", Name: "Réorientées", Unit: Percent, Sum: Share,
		Definition: "Parmi les demandes qu'une direction a quittées dans la période (répondues, closes, injoignables, ou confiées à une autre direction) : la part confiée à une autre. Une demande réorientée deux fois compte deux fois ; jointe à une autre, elle ne compte pas ici.",
		Flow: func(l Life, _ ledger.Agenda) (cases []Case) {
			for _, s := range l.Steps {
				switch {
				case s.Before.Lead == "":
				case s.Before.Lead != s.After.Lead:
					cases = append(cases, Case{s.Event.At, s.Before.Lead, 1})
				case s.Before.Status.Open() && !s.After.Status.Open() && s.After.Status != ledger.Merged:
					cases = append(cases, Case{s.Event.At, s.Before.Lead, 0})
				}
			}
			return cases
		},
	},
	{
		ID: "escalated", Name: "Escalades", Unit: Requests, Sum: Total,
		Definition: "Fois où, dans la période, la porte d'entrée a été prévenue qu'une direction n'avait pas bougé après ses rappels.",
		Flow: func(l Life, _ ledger.Agenda) (cases []Case) {
			for _, s := range l.Steps {
				if s.Event.Kind == ledger.Escalated {
					cases = append(cases, Case{s.Event.At, s.Before.Lead, 1})
				}
			}
			return cases
		},
	},
	{
		ID: "backlog", Name: "Demandes ouvertes", Unit: Requests,
		Definition: "Demandes en attente d'une précision, transmises ou prises en charge à la fin de la période.",
		Stock:      func(r ledger.Request, _ time.Time, _ ledger.Agenda) bool { return r.Status.Open() },
	},
	{
		ID: "late", Name: "Demandes en retard", Unit: Requests,
		Definition: "Demandes ouvertes dont l'échéance (de prise en charge ou de réponse, selon leur état) est passée à la fin de la période.",
		Stock:      func(r ledger.Request, at time.Time, _ ledger.Agenda) bool { return r.Late(at) },
	},
	{
		ID: "without-owner", Name: "Demandes sans responsable", Unit: Requests, Never: true,
		Definition: "Demandes ouvertes, à la fin de la période, qu'aucune direction ne mène alors que le temps laissé à la personne pour préciser est passé depuis plus d'une heure. Doit être 0.",
		Stock: func(r ledger.Request, at time.Time, a ledger.Agenda) bool {
			if !r.Status.Open() || r.Lead != "" {
				return false
			}
			handOver, planned := a.Next(r) // to the entry point
			return !planned || r.EntryPoint == "" || at.After(handOver.At.Add(time.Hour))
		},
	},
	{
		ID: "inactive-epci", Name: "EPCI inactifs", Unit: EPCIs,
		Definition: "EPCI du registre d'où n'est venue aucune demande pendant le nombre de jours réglé par la Région (inactive_days), à la fin de la période.",
		List: func(w Whole) (items []Item) {
			since := w.Until.AddDate(0, 0, -w.Settings.InactiveDays)
			for _, e := range w.EPCIs {
				if last := w.Last[e.ID]; last.Before(since) {
					items = append(items, Item{Code: e.ID, Label: e.Name})
				}
			}
			return items
		},
	},
	{
		ID: "blank-zones", Name: "Zones blanches", Unit: Blanks,
		Definition: "Couples d'un EPCI du registre et d'un thème des règles sans aucune demande reçue dans la période ni dispositif conventionné en vigueur à sa fin.",
		List: func(w Whole) (items []Item) {
			for _, e := range w.EPCIs {
				for _, t := range w.Themes {
					if cell := (Cell{e.ID, t.ID}); w.Asked[cell] == 0 && !w.Offered[cell] {
						items = append(items, Item{Code: e.ID, Label: e.Name, Theme: t.Name})
					}
				}
			}
			return items
		},
	},
	{
		ID: "repeated-gaps", Name: "Questions répétées sans réponse", Unit: Questions,
		Definition: "Questions restées sans réponse dans la période, groupées par sens, posées au moins le nombre de fois réglé par la Région (repeated_gap). Tous territoires et directions.",
		List: func(w Whole) (items []Item) {
			for _, g := range w.Gaps {
				if g.Count >= w.Settings.RepeatedGap {
					items = append(items, Item{Label: g.Question, Count: g.Count})
				}
			}
			return items
		},
	},
}

// takenWithin is the share of the transmissions that were taken within some working days.
func takenWithin(days int) Indicator {
	return Indicator{
		ID: fmt.Sprintf("taken-within-%d", days), Name: fmt.Sprintf("Prises en charge en %d jours", days), Unit: Percent, Sum: Share,
		Definition: fmt.Sprintf("Parmi les transmissions à une direction dont l'issue est connue dans la période (prise en charge, réponse ou clôture, ou délai passé) : la part traitée au plus tard le %de jour ouvré. "+
			"Une transmission réorientée avant la fin de ce délai ne compte pas : la direction suivante repart de son jour. Celle d'une demande jointe à une autre avant cette fin non plus : l'autre est comptée. "+
			"Une réouverture est une nouvelle transmission.", days),
		Flow: func(l Life, _ ledger.Agenda) (cases []Case) {
			for _, s := range l.Stages {
				limit := ledger.DelayEnd(s.Began, days)
				switch {
				case s.Status != ledger.Transmitted:
				case !s.endedBefore(limit):
					cases = append(cases, Case{limit, s.Lead, 0})
				case s.After != ledger.Transmitted && s.After != ledger.Merged:
					cases = append(cases, Case{s.Ended, s.Lead, 1})
				}
			}
			return cases
		},
	}
}

// timesToTake are the working days from a transmission to its taking.
func timesToTake(l Life, _ ledger.Agenda) (cases []Case) {
	for _, s := range l.Stages {
		if s.Status == ledger.Transmitted && (s.After == ledger.Taken || s.After == ledger.Answered) {
			cases = append(cases, Case{s.Ended, s.Lead, ledger.WorkingDays(s.Began, s.Ended)})
		}
	}
	return cases
}

// timesToAnswer are the working days from the first message, or the reopening, to the answer.
func timesToAnswer(l Life, _ ledger.Agenda) (cases []Case) {
	began := l.CreatedAt
	for _, s := range l.Steps {
		switch {
		case s.Event.Kind == ledger.Reopened:
			began = s.Event.At
		case s.Before.Status.Open() && s.After.Status == ledger.Answered:
			cases = append(cases, Case{s.Event.At, s.Before.Lead, ledger.WorkingDays(began, s.Event.At)})
		}
	}
	return cases
}
