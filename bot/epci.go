package bot

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"guichet/knowledge"
	"guichet/routing"
	"guichet/routing/convention"
	"guichet/routing/ledger"
)

// Sheets tell what guichet knows of an EPCI.
type Sheets struct {
	*Conventions
	Requests ledger.Store
	Rules    *routing.Rules
	Reader   Reader
	// Schemes gives the schemes of the base that a viewer may see.
	Schemes func(ctx context.Context, v knowledge.Viewer) ([]knowledge.Document, error)
}

// Sheet is what is known of an EPCI, as an asker may see it.
type Sheet struct {
	EPCI
	// Own tells that the asker may see what is the EPCI's own; without it Conventions, Officer and Requests are empty.
	Own         bool
	Conventions []SheetConvention
	// Officer is who follows it at the Region; its Name is empty when the Region's file gives nobody.
	Officer routing.Officer
	// Requests are its open ones, newest first.
	Requests []ledger.Request
	Offer    []OfferTheme
	// EntryPoint is the direction to write to for anything else.
	EntryPoint string
}

// SheetConvention is a convention with what people are told of it on a day.
type SheetConvention struct {
	convention.Convention
	State convention.State
	// Label names its type, ThemeLabels its themes.
	Label       string
	ThemeLabels []string
	// Renewed tells that another one, signed, renews it.
	Renewed bool
}

// OfferTheme is a part of what the Region can do: what is asked for, who leads it, and the schemes of the base for it.
type OfferTheme struct {
	Title string      `json:"title"`
	Cases []OfferCase `json:"cases"`
}

// OfferCase is a case of the rules. Lead is empty for the schemes that are of no case.
type OfferCase struct {
	Case      string   `json:"case"`
	Lead      string   `json:"lead,omitempty"`
	Operators []string `json:"operators,omitempty"`
	// Schemes are those that are open, by title.
	Schemes []knowledge.Document `json:"-"`
}

// sheetRequests is how many open requests a sheet shows.
const sheetRequests = 100

// Of gives the sheet of an EPCI of the register; ok is false when it has none of that SIREN.
func (s *Sheets) Of(ctx context.Context, asker Asker, siren string, now time.Time) (sheet Sheet, ok bool, err error) {
	if err := (knowledge.Viewer{Audience: asker.Audience}).Check(); err != nil {
		return sheet, false, err
	}
	if sheet.EPCI, ok = s.EPCIs[siren]; !ok {
		return sheet, false, nil
	}
	sheet.EntryPoint = s.Rules.EntryPoint()
	if sheet.Offer, err = s.offer(ctx, knowledge.Viewer{Audience: asker.Audience, EPCI: asker.EPCI}, now); err != nil {
		return sheet, true, err
	}
	viewer := conventionViewer(asker.Audience, asker.EPCI)
	if !viewer.Sees(siren) {
		return sheet, true, nil
	}
	sheet.Own, sheet.Officer = true, s.Officers[siren]
	all, err := s.Store.List(ctx, viewer, siren)
	if err != nil {
		return sheet, true, err
	}
	on := convention.DayOf(now)
	for _, c := range all {
		shown := SheetConvention{Convention: c, State: c.State(on), Label: s.Settings.Label(c.Type), Renewed: c.Renewed(all, on)}
		for _, theme := range c.Themes {
			shown.ThemeLabels = append(shown.ThemeLabels, s.Theme(theme))
		}
		sheet.Conventions = append(sheet.Conventions, shown)
	}
	slices.Reverse(sheet.Conventions) // the last to end first
	sheet.Requests, err = s.Requests.List(ctx, ledger.Viewer{Staff: viewer.Staff, EPCI: viewer.EPCI}, ledger.Filter{
		Status: ledger.OpenStatuses(), EPCI: siren, Limit: sheetRequests,
	})
	return sheet, true, err
}

// Line is an EPCI in the list of the staff.
type Line struct {
	EPCI
	// InForce are its conventions in force, Recorded counts all those that are recorded; Officer may be empty.
	InForce  []convention.Convention
	Recorded int
	Officer  string
}

// All gives the EPCIs of the register by name, for the staff.
func (s *Sheets) All(ctx context.Context, now time.Time) ([]Line, error) {
	all, err := s.Store.List(ctx, convention.Viewer{Staff: true}, "")
	if err != nil {
		return nil, err
	}
	on := convention.DayOf(now)
	lines := map[string]*Line{}
	for siren, e := range s.EPCIs {
		lines[siren] = &Line{EPCI: e, Officer: s.Officers[siren].Name}
	}
	for _, c := range all {
		if l, ok := lines[c.EPCI]; ok {
			l.Recorded++
			if c.State(on) == convention.InForce {
				l.InForce = append(l.InForce, c)
			}
		}
	}
	var out []Line
	for _, e := range s.sorted() {
		out = append(out, *lines[e.SIREN])
	}
	return out, nil
}

func (s *Sheets) sorted() []EPCI {
	return slices.SortedFunc(maps.Values(s.EPCIs), func(a, b EPCI) int {
		return strings.Compare(ledger.Fold(a.Name)+a.SIREN, ledger.Fold(b.Name)+b.SIREN)
	})
}

// Find gives the EPCIs that a SIREN or words of a name tell: the one of that very name, else all those that hold the words.
func (s *Sheets) Find(sought string) []EPCI {
	if e, ok := s.EPCIs[strings.ReplaceAll(sought, " ", "")]; ok {
		return []EPCI{e}
	}
	words := strings.Fields(ledger.Fold(sought))
	if len(words) == 0 {
		return nil
	}
	var found []EPCI
	for _, e := range s.sorted() {
		name := ledger.Fold(e.Name)
		if strings.TrimSpace(name) == strings.Join(words, " ") {
			return []EPCI{e}
		}
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(name, w) }) {
			found = append(found, e)
		}
	}
	return found
}

// offer gives what the Region can do, by theme: the cases of the rules, in their order, under the part of the source document
// that they come from, each with the open schemes of the base that the rules would give it by the words of their titles.
func (s *Sheets) offer(ctx context.Context, v knowledge.Viewer, now time.Time) ([]OfferTheme, error) {
	schemes, err := s.Schemes(ctx, v)
	if err != nil {
		return nil, err
	}
	byRule := map[string][]knowledge.Document{}
	for _, scheme := range schemes {
		if !scheme.Closed(now) {
			rule := s.caseOf(scheme)
			byRule[rule] = append(byRule[rule], scheme)
		}
	}
	var themes []OfferTheme
	for _, r := range s.Rules.Set().Rules {
		if r.Case == "" || s.Rules.CatchAll(r.ID) {
			continue
		}
		title, _, _ := strings.Cut(r.Section, " ; ")
		i := slices.IndexFunc(themes, func(t OfferTheme) bool { return t.Title == title })
		if i < 0 {
			i, themes = len(themes), append(themes, OfferTheme{Title: title})
		}
		themes[i].Cases = append(themes[i].Cases, OfferCase{Case: r.Case, Lead: r.Lead, Operators: r.Operators, Schemes: byRule[r.ID]})
	}
	if others := byRule[""]; len(others) > 0 {
		title := s.Texts.say("offer-others")
		themes = append(themes, OfferTheme{Title: title, Cases: []OfferCase{{Case: title, Schemes: others}}})
	}
	return themes, nil
}

// caseOf gives the rule under which a scheme is shown, ” when its title tells no case of the rules.
func (s *Sheets) caseOf(scheme knowledge.Document) string {
	d := s.Rules.Decide(s.Reader.Read(scheme.Title).Facts)
	if d.Arbitrate || d.Rule == "" || s.Rules.CatchAll(d.Rule) {
		return ""
	}
	return d.Rule
}
