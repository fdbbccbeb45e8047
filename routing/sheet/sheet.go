package sheet

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"guichet/routing"
	"guichet/routing/convention"
	"guichet/routing/ledger"
)

// Stage is where a sheet stands.
type Stage string

// The stages, in order: it is written, sent to its territories, closed for answers, its comparison given back.
const (
	Draft    Stage = "draft"
	Sent     Stage = "sent"
	Closed   Stage = "closed"
	Returned Stage = "returned"
)

var stageLabels = map[Stage]string{Draft: "à envoyer", Sent: "envoyée, réponses attendues", Closed: "close", Returned: "close, réponses rendues"}

// Label gives the stage in French, as said of a sheet.
func (s Stage) Label() string { return stageLabels[s] }

// Sheet is an investment project as it is described to territories.
type Sheet struct {
	// Reference is « P-2026-0003 », the year and a number in it.
	Reference string `json:"reference"`
	Title     string `json:"title"`
	// Sought says what is looked for.
	Sought string `json:"sought"`
	// Company is who invests; Withheld keeps its name from the territories.
	Company  string      `json:"company,omitempty"`
	Withheld bool        `json:"withheld,omitempty"`
	Criteria []Criterion `json:"criteria"`
	// Deadline is the last day for answers.
	Deadline convention.Day `json:"deadline"`
	// Territories are the SIREN of the EPCIs to which it is sent, in order.
	Territories []string `json:"territories,omitempty"`
	// Request is the reference of the request that it comes from, if any.
	Request   string    `json:"request,omitempty"`
	Stage     Stage     `json:"stage"`
	CreatedAt time.Time `json:"created_at"`
	SentAt    time.Time `json:"sent_at,omitzero"`
	// Reminded is the last reminder that was made, in days before the deadline, 0 for none.
	Reminded int `json:"-"`
	// Answers are those that the reader may see, by EPCI.
	Answers []Answer `json:"answers,omitempty"`
	// Events are for the staff, oldest first; Get gives them.
	Events []Event `json:"events,omitempty"`
}

// Answer is what a territory says to a sheet; the last one counts.
type Answer struct {
	EPCI string `json:"epci"`
	// Declined is the code of the reason for offering nothing; empty in an offer.
	Declined string `json:"declined,omitempty"`
	// Values answer the criteria, in their order; '' for what is not known.
	Values []string  `json:"values,omitempty"`
	Text   string    `json:"text,omitempty"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
}

// EventKind is what happened to a sheet.
type EventKind string

// The events.
const (
	Created     EventKind = "created"
	WasSent     EventKind = "sent"
	Answered    EventKind = "answered"
	WasClosed   EventKind = "closed"
	WasReturned EventKind = "returned"
)

var eventLabels = map[EventKind]string{Created: "écrite", WasSent: "envoyée", Answered: "réponse", WasClosed: "close", WasReturned: "réponses rendues"}

// Label gives the kind in French.
func (k EventKind) Label() string { return eventLabels[k] }

// Event is one fact of a sheet's life: who, when, why.
type Event struct {
	At   time.Time `json:"at"`
	Kind EventKind `json:"kind"`
	By   string    `json:"by"`
	EPCI string    `json:"epci,omitempty"`
	Why  string    `json:"why,omitempty"`
}

// AnswerOf gives what an EPCI said.
func (s Sheet) AnswerOf(epci string) (a Answer, ok bool) {
	i := slices.IndexFunc(s.Answers, func(a Answer) bool { return a.EPCI == epci })
	if i < 0 {
		return a, false
	}
	return s.Answers[i], true
}

// SeenBy gives the sheet as a viewer may see it: a territory sees neither the others nor a name that is withheld.
func (s Sheet) SeenBy(v ledger.Viewer) Sheet {
	if v.Staff {
		return s
	}
	if s.Withheld {
		s.Company = ""
	}
	s.Request, s.Events, s.Territories = "", nil, []string{v.EPCI}
	s.Answers = slices.DeleteFunc(slices.Clone(s.Answers), func(a Answer) bool { return a.EPCI != v.EPCI })
	return s
}

// Check gives what is wrong with a sheet that is written on a day.
func Check(s Sheet, on convention.Day) error {
	switch {
	case strings.TrimSpace(s.Title) == "":
		return fmt.Errorf("le titre de la fiche manque")
	case strings.TrimSpace(s.Sought) == "":
		return fmt.Errorf("ce qui est cherché manque")
	case s.Deadline == "":
		return fmt.Errorf("la date limite manque")
	case s.Deadline < on:
		return fmt.Errorf("la date limite, le %s, est passée", s.Deadline.French())
	case len(s.Territories) == 0:
		return fmt.Errorf("aucun territoire n'est choisi")
	case s.Withheld && s.Company != "" && strings.Contains(ledger.Fold(s.Title+" "+s.Sought), strings.TrimSpace(ledger.Fold(s.Company))):
		return fmt.Errorf("le nom de l'entreprise ne doit pas être montré aux territoires, mais le texte de la fiche le donne")
	}
	return nil
}

// Reminder gives the reminder that is due on a day, in days before the deadline: the nearest of those that are reached, unless it
// was made. Those that were over when the sheet left are not made.
func (s Sheet) Reminder(days []int, on convention.Day) (due int, ok bool) {
	sent := convention.DayOf(s.SentAt)
	for _, d := range days {
		if day := s.Deadline.Add(-d); day <= on && day > sent && on <= s.Deadline && (!ok || d < due) {
			due, ok = d, true
		}
	}
	return due, ok && (s.Reminded == 0 || due < s.Reminded)
}

// Lines describe a sheet to a territory, with how to answer it.
func (s Sheet) Lines(reasons []routing.SheetReason) string {
	lines := []string{s.Title, "", s.Sought}
	if s.Company != "" && !s.Withheld {
		lines = append(lines, "Entreprise : "+s.Company)
	}
	if len(s.Criteria) > 0 {
		lines = append(lines, "", "Critères :")
	}
	for i, c := range s.Criteria {
		lines = append(lines, fmt.Sprintf("%d. %s", i+1, c))
	}
	var codes []string
	for _, r := range reasons {
		codes = append(codes, r.Code+" ("+r.Label+")")
	}
	return strings.Join(append(lines, "", "Réponse attendue le "+s.Deadline.French()+" au plus tard. Pour répondre :",
		"/guichet fiche "+s.Reference+" "+s.example(), "/guichet fiche "+s.Reference+" non "+first(reasons)+" vos explications", "Raisons : "+strings.Join(codes, ", ")+"."), "\n")
}

func first(reasons []routing.SheetReason) string {
	if len(reasons) == 0 {
		return ""
	}
	return reasons[0].Code
}

func (s Sheet) example() string {
	var parts []string
	for i, c := range s.Criteria {
		parts = append(parts, strconv.Itoa(i+1)+"="+map[Kind]string{Number: "12,5", YesNo: "oui", Text: "…"}[c.Kind])
	}
	return strings.Join(append(parts, "note=vos précisions"), " ; ")
}

// Cell is what a territory's answer is to a criterion.
type Cell struct {
	Value string  `json:"value"`
	State Verdict `json:"state"`
}

// Row is a territory in a comparison.
type Row struct {
	EPCI string `json:"epci"`
	Name string `json:"name"`
	// Met counts the criteria that are met.
	Met   int    `json:"met"`
	Cells []Cell `json:"cells"`
	Text  string `json:"text,omitempty"`
}

// Comparison sets the offers side by side.
type Comparison struct {
	Criteria []Criterion `json:"criteria"`
	// Offers are the ones that meet most first; Declined and Silent are the others' names, with the reason.
	Offers   []Row    `json:"offers"`
	Declined []string `json:"declined"`
	Silent   []string `json:"silent"`
}

// Compare sets the answers to a sheet side by side; names are those of EPCIs.
func Compare(s Sheet, names map[string]string, settings routing.Sheets) Comparison {
	c := Comparison{Criteria: s.Criteria, Offers: []Row{}, Declined: []string{}, Silent: []string{}}
	for _, epci := range s.Territories {
		name := cmp.Or(names[epci], epci)
		a, ok := s.AnswerOf(epci)
		switch {
		case !ok:
			c.Silent = append(c.Silent, name)
		case a.Declined != "":
			said := name + " : " + settings.Reason(a.Declined)
			if a.Text != "" {
				said += " (" + a.Text + ")"
			}
			c.Declined = append(c.Declined, said)
		default:
			row := Row{EPCI: epci, Name: name, Text: a.Text}
			for i, criterion := range s.Criteria {
				value := ""
				if i < len(a.Values) {
					value = a.Values[i]
				}
				cell := Cell{Value: value, State: criterion.Judge(value)}
				if cell.State == Met {
					row.Met++
				}
				row.Cells = append(row.Cells, cell)
			}
			c.Offers = append(c.Offers, row)
		}
	}
	slices.SortStableFunc(c.Offers, func(a, b Row) int { return cmp.Compare(b.Met, a.Met) })
	return c
}

// Text tells a comparison to the person who asked, or to a direction.
func (c Comparison) Text() string {
	var lines []string
	if len(c.Offers) == 0 {
		lines = append(lines, "Aucune offre.")
	}
	for _, row := range c.Offers {
		lines = append(lines, fmt.Sprintf("%s : %d sur %d", row.Name, row.Met, len(c.Criteria)))
		for i, cell := range row.Cells {
			value := cmp.Or(cell.Value, "?")
			lines = append(lines, fmt.Sprintf("– %s : %s (%s)", c.Criteria[i], value, cell.State.Label()))
		}
		if row.Text != "" {
			lines = append(lines, "– "+row.Text)
		}
	}
	if len(c.Declined) > 0 {
		lines = append(lines, "", "N'offrent rien :")
		for _, d := range c.Declined {
			lines = append(lines, "– "+d)
		}
	}
	if len(c.Silent) > 0 {
		lines = append(lines, "", "Sans réponse : "+strings.Join(c.Silent, " ; ")+".")
	}
	return strings.Join(lines, "\n")
}

// Stat tells how an EPCI answers sheets.
type Stat struct {
	EPCI string `json:"epci"`
	Name string `json:"name"`
	// Sent counts the sheets that it got: those it made an Offer to, Declined by reason, left without an answer (Silent), and
	// may still answer (Pending).
	Sent     int            `json:"sent"`
	Offers   int            `json:"offers"`
	Declined map[string]int `json:"declined"`
	Silent   int            `json:"silent"`
	Pending  int            `json:"pending"`
}

// Stats counts over sheets, those who are silent most often first.
func Stats(sheets []Sheet, names map[string]string) []Stat {
	by := map[string]*Stat{}
	for _, s := range sheets {
		if s.Stage == Draft {
			continue
		}
		for _, epci := range s.Territories {
			if by[epci] == nil {
				by[epci] = &Stat{EPCI: epci, Name: cmp.Or(names[epci], epci), Declined: map[string]int{}}
			}
			stat := by[epci]
			stat.Sent++
			switch a, ok := s.AnswerOf(epci); {
			case !ok && s.Stage == Sent:
				stat.Pending++
			case !ok:
				stat.Silent++
			case a.Declined != "":
				stat.Declined[a.Declined]++
			default:
				stat.Offers++
			}
		}
	}
	all := []Stat{}
	for _, s := range by {
		all = append(all, *s)
	}
	slices.SortFunc(all, func(a, b Stat) int {
		return cmp.Or(cmp.Compare(b.Silent, a.Silent), cmp.Compare(ledger.Fold(a.Name), ledger.Fold(b.Name)), cmp.Compare(a.EPCI, b.EPCI))
	})
	return all
}

// Said tells an answer in a line.
func (s Sheet) Said(a Answer, settings routing.Sheets) string {
	var parts []string
	if a.Declined != "" {
		parts = append(parts, "n'offre rien : "+settings.Reason(a.Declined))
	}
	for i, value := range a.Values {
		if value != "" && i < len(s.Criteria) {
			parts = append(parts, s.Criteria[i].Label+" : "+strings.TrimSpace(value+" "+s.Criteria[i].Unit))
		}
	}
	if a.Text != "" {
		parts = append(parts, a.Text)
	}
	return strings.Join(parts, " ; ")
}

// Line tells how an EPCI answers sheets, in a line.
func (s Stat) Line(settings routing.Sheets) string {
	count := func(n int, one, many string) string {
		if n < 2 {
			many = one
		}
		return fmt.Sprintf("%d %s", n, many)
	}
	said := []string{count(s.Sent, "fiche reçue", "fiches reçues"), count(s.Offers, "offre", "offres")}
	for _, code := range slices.Sorted(maps.Keys(s.Declined)) {
		said = append(said, fmt.Sprintf("%d refus (%s)", s.Declined[code], settings.Reason(code)))
	}
	said = append(said, fmt.Sprintf("%d sans réponse", s.Silent))
	if s.Pending > 0 {
		said = append(said, fmt.Sprintf("%d en attente", s.Pending))
	}
	return strings.Join(said, ", ")
}
