package funding

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"guichet/routing/ledger"
)

// Errors of a Store; a viewer who is not staff gets ledger.ErrStaffOnly from every read.
var (
	ErrNotFound = errors.New("financement introuvable")
	// ErrNoWarning is returned when two references were never warned of together.
	ErrNoWarning = errors.New("aucun avertissement pour ces deux financements")
	// ErrSettled is returned when somebody decided of a warning already.
	ErrSettled = errors.New("déjà décidé")
)

// Outcome is what a Put did.
type Outcome string

// The outcomes.
const (
	Added     Outcome = "added"
	Updated   Outcome = "updated"
	Unchanged Outcome = "unchanged"
)

// Settlement is what a person decided of a warning.
type Settlement string

// The settlements.
const (
	Apart     Settlement = "different" // not the same expense
	Cofunding Settlement = "cofunding" // the same one, and meant so
	Double    Settlement = "double"    // a double funding, dealt with
)

// Settlements are all of them.
func Settlements() []Settlement { return []Settlement{Apart, Cofunding, Double} }

var settlementLabels = map[Settlement]string{
	Apart: "vu, ce n'est pas la même dépense", Cofunding: "vu, cofinancement voulu", Double: "vu, double financement traité",
}

// Label gives the settlement in French, ” for none.
func (s Settlement) Label() string { return settlementLabels[s] }

// Warning is two fundings, or a funding and a request, that look like the same expense of the same company or operator.
type Warning struct {
	// First is a funding's reference, Second another one's or a request's.
	First  string `json:"first"`
	Second string `json:"second"`
	Likeness
	At time.Time `json:"at"`
	// Settled, By, Why and SettledAt are a person's decision, empty until then.
	Settled   Settlement `json:"settled,omitempty"`
	By        string     `json:"settled_by,omitempty"`
	Why       string     `json:"settled_why,omitempty"`
	SettledAt time.Time  `json:"settled_at,omitzero"`
}

// Other gives the one that a warning sets beside a reference.
func (w Warning) Other(reference string) string {
	if w.First == reference {
		return w.Second
	}
	return w.First
}

// Filter narrows a List; empty fields do not.
type Filter struct {
	// Company keeps those of a company: its SIREN, or its name when it has none, as names are compared.
	Company ledger.Company
	// Operator and Direction keep those of one.
	Operator, Direction string
	Request             string
	// Live keeps what is asked for or held.
	Live bool
	// Limit is 100 when it is 0.
	Limit int
}

// WarningFilter narrows Warnings; empty fields do not.
type WarningFilter struct {
	// Reference keeps those of a funding or a request.
	Reference string
	// Open keeps those that nobody settled and whose fundings are both asked for or held.
	Open bool
	// Limit is 100 when it is 0.
	Limit int
}

// Store keeps the fundings. Every method uses the transaction of its context when there is one, else its own. Reads are for
// staff: amounts are nobody else's business.
type Store interface {
	// Put records a funding. One that has a source and an external identifier is written once for them: again, it is
	// Updated when something changed, else Unchanged, and Funding.Reference says which it is. What looks like the same
	// expense of the same company or operator is warned of in the same transaction, once for each pair: the notices go to
	// the leads of both.
	Put(ctx context.Context, f Funding, by, why string, at time.Time) (Funding, Outcome, []Warning, error)
	// Change edits a funding with the reason, and warns like Put.
	Change(ctx context.Context, reference string, edit func(*Funding) error, by, why string, at time.Time) (Funding, []Warning, error)
	// Watch warns like Put when a request asks for money for what its company has asked for or holds already; text is the
	// message that asks. A request that asks for none changes nothing.
	Watch(ctx context.Context, r ledger.Request, text string, at time.Time) error
	// Settle records what a person decided of a pair, in either order; it is not warned of again.
	Settle(ctx context.Context, first, second string, s Settlement, by, why string, at time.Time) (Warning, error)
	// Get gives a funding with its events, or ErrNotFound.
	Get(ctx context.Context, v ledger.Viewer, reference string) (Funding, error)
	// List gives fundings, the newest first.
	List(ctx context.Context, v ledger.Viewer, f Filter) ([]Funding, error)
	// Warnings gives warnings, the newest first.
	Warnings(ctx context.Context, v ledger.Viewer, f WarningFilter) ([]Warning, error)
}

// Card is what is known of the fundings of a company.
type Card struct {
	Fundings []Funding `json:"fundings"`
	Warnings []Warning `json:"warnings"`
	// Totals are the de minimis aid of one company on the day of the card; none when several companies bear the name.
	Totals []Total `json:"de_minimis"`
	// Caution goes with Totals.
	Caution string `json:"caution,omitempty"`
}

// Key names the notice of a warning to a direction.
func (w Warning) Key(to string) string {
	return w.First + "+" + w.Second + "/" + string(ledger.DoubleFunding) + "/" + to
}

// ofKey reads the pair in what Key gives.
func ofKey(key string) (first, second string, ok bool) {
	pair, rest, _ := strings.Cut(key, "/")
	first, second, ok = strings.Cut(pair, "+")
	return first, second, ok && strings.HasPrefix(rest, string(ledger.DoubleFunding)+"/")
}

// OfRequest gives what a request asks, by a message of it, as if it were a funding, to set it beside others. What the message
// says of the company and its place is no part of the expense.
func OfRequest(r ledger.Request, text string) Funding {
	said := []string{r.Company.Name}
	for _, f := range r.Decision.Facts {
		if f.Name == "territory" {
			said = append(said, f.Source)
		}
	}
	for _, words := range said {
		if words != "" {
			text = strings.ReplaceAll(text, words, " ")
		}
	}
	return Funding{Reference: r.Reference, Request: r.Reference, Company: r.Company, Commune: r.Place.Commune, Expense: text}
}

// Watcher is a store with the rules that word what it holds.
type Watcher struct {
	Store
	Rules Rules
}

// cardLimit is how many fundings a card adds up.
const cardLimit = 1000

// Card gives the card of a company, by what names it, at a time.
func (w Watcher) Card(ctx context.Context, v ledger.Viewer, sought string, now time.Time) (Card, error) {
	return w.card(ctx, v, ledger.Sought(sought), now, func(Funding) bool { return true })
}

// OfRequest gives the card of a request's company at a time, as near as the request tells it.
func (w Watcher) OfRequest(ctx context.Context, v ledger.Viewer, r ledger.Request, now time.Time) (Card, error) {
	asked := OfRequest(r, "")
	return w.card(ctx, v, r.Company, now, func(f Funding) bool { same, _ := SameHolder(f, asked); return same })
}

func (w Watcher) card(ctx context.Context, v ledger.Viewer, company ledger.Company, now time.Time, keep func(Funding) bool) (Card, error) {
	c := Card{Fundings: []Funding{}, Warnings: []Warning{}, Totals: []Total{}}
	if company.SIREN == "" && ledger.CompanyKey(company.Name) == "" {
		return c, nil
	}
	found, err := w.List(ctx, v, Filter{Company: company, Limit: cardLimit})
	if err != nil {
		return c, err
	}
	seen, sirens := map[string]bool{}, map[string]bool{}
	for _, f := range found {
		if !keep(f) {
			continue
		}
		c.Fundings = append(c.Fundings, f)
		if f.Company.SIREN != "" {
			sirens[f.Company.SIREN] = true
		}
		warnings, err := w.Warnings(ctx, v, WarningFilter{Reference: f.Reference})
		if err != nil {
			return c, err
		}
		for _, warning := range warnings {
			if key := warning.Key(""); !seen[key] {
				seen[key] = true
				c.Warnings = append(c.Warnings, warning)
			}
		}
	}
	if len(sirens) > 1 { // several companies bear the name
		return c, nil
	}
	if totals := w.Rules.Minimis(c.Fundings, DateOf(now)); len(totals) > 0 {
		c.Totals, c.Caution = totals, Caution
	}
	return c, nil
}

// Known tells what is known of the fundings of a request's company, in lines for its card; none when nothing is.
func (w Watcher) Known(ctx context.Context, v ledger.Viewer, r ledger.Request, now time.Time) ([]string, error) {
	c, err := w.OfRequest(ctx, v, r, now)
	if err != nil {
		return nil, err
	}
	own := map[string]bool{r.Reference: true}
	for _, f := range c.Fundings {
		own[f.Reference] = own[f.Reference] || f.Request == r.Reference
	}
	c.Warnings = slices.DeleteFunc(c.Warnings, func(warning Warning) bool { return !own[warning.First] && !own[warning.Second] })
	return w.lines(c), nil
}

// OfCompany tells the same of a company, by what names it.
func (w Watcher) OfCompany(ctx context.Context, v ledger.Viewer, sought string, now time.Time) ([]string, error) {
	c, err := w.Card(ctx, v, sought, now)
	if err != nil {
		return nil, err
	}
	return w.lines(c), nil
}

// lines tells a card: the last fundings, the warnings that nobody settled, the de minimis aid.
func (w Watcher) lines(c Card) (lines []string) {
	const shown = 5
	for i, f := range c.Fundings {
		if i == shown {
			lines = append(lines, fmt.Sprintf("… et %d de plus", len(c.Fundings)-shown))
			break
		}
		lines = append(lines, w.Rules.Line(f))
	}
	for _, warning := range c.Warnings {
		if warning.Settled == "" {
			lines = append(lines, warning.Line())
		}
	}
	for _, t := range c.Totals {
		lines = append(lines, t.Line())
	}
	if c.Caution != "" {
		lines = append(lines, c.Caution)
	}
	return lines
}

// Seen tells what a notice of double funding, by its key, is about; none for another notice.
func (w Watcher) Seen(ctx context.Context, v ledger.Viewer, key string) (lines []string, err error) {
	first, second, ok := ofKey(key)
	if !ok {
		return nil, nil
	}
	for _, reference := range []string{first, second} {
		f, err := w.Get(ctx, v, reference)
		if errors.Is(err, ErrNotFound) { // a request: its own card shows it
			continue
		}
		if err != nil {
			return nil, err
		}
		lines = append(lines, w.Rules.Line(f))
	}
	warnings, err := w.Warnings(ctx, v, WarningFilter{Reference: first})
	if err != nil {
		return nil, err
	}
	for _, warning := range warnings {
		if warning.Second == second {
			lines = append(lines, warning.Line())
		}
	}
	return lines, nil
}

// Pair tells what a warning sets side by side, a line each: a funding with who has it, or a request.
func (w Watcher) Pair(ctx context.Context, v ledger.Viewer, of Warning) (lines []string, err error) {
	for _, reference := range []string{of.First, of.Second} {
		f, err := w.Get(ctx, v, reference)
		switch {
		case errors.Is(err, ErrNotFound):
			lines = append(lines, "Demande "+reference)
		case err != nil:
			return nil, err
		default:
			lines = append(lines, cmp.Or(f.Holder().Name, f.Holder().SIREN)+" · "+w.Rules.Line(f))
		}
	}
	return lines, nil
}

// Line tells a warning in one line: the pair, how alike they look, why, and what a person decided.
func (w Warning) Line() string {
	line := w.First + " et " + w.Second + " : " + w.Verdict.Label() + " (" + strings.Join(w.Reasons, " ; ") + ")"
	if w.Settled != "" {
		line += ". Le " + ledger.Day(w.SettledAt) + ", " + w.By + " : " + w.Settled.Label() + " – " + w.Why
	}
	return line
}

// Line tells a total in one line, with its source.
func (t Total) Line() string {
	line := t.Regulation.Label + " : " + Euros(t.Cents) + " accordés du " + t.Since.French() + " au " + t.On.French()
	if t.Regulation.CeilingEuros != 0 {
		line += ", pour un plafond de " + Euros(t.Regulation.CeilingEuros*100)
		if left := t.LeftCents(); left < 0 {
			line += " (dépassé de " + Euros(-left) + ")"
		}
	}
	if t.AskedCents != 0 {
		line += ", et " + Euros(t.AskedCents) + " demandés"
	}
	if t.Regulation.Source != "" {
		line += ". " + t.Regulation.Source + " (relu le " + t.Regulation.Checked.French() + ")"
	}
	return line
}
