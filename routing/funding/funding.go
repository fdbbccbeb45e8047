package funding

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"guichet/routing"
	"guichet/routing/ledger"
)

// Date is a civil day, « 2026-03-31 », or ” for none; dates compare as texts.
type Date string

// ParseDate reads « 2026-03-31 » or « 31/03/2026 »; an empty text is no date.
func ParseDate(text string) (Date, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return "", nil
	}
	for _, layout := range []string{time.DateOnly, "02/01/2006"} {
		if day, err := time.Parse(layout, text); err == nil {
			return Date(day.Format(time.DateOnly)), nil
		}
	}
	return "", fmt.Errorf("date « %s » illisible : écrivez AAAA-MM-JJ", text)
}

// UnmarshalText reads what ParseDate does.
func (d *Date) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDate(string(text))
	return err
}

// DateOf gives the day of a time, in Paris.
func DateOf(t time.Time) Date {
	day := ledger.Day(t)
	if day == "" {
		return ""
	}
	return Date(day[6:] + "-" + day[3:5] + "-" + day[:2])
}

// French gives the date as people read it.
func (d Date) French() string {
	if d == "" {
		return ""
	}
	return string(d[8:]) + "/" + string(d[5:7]) + "/" + string(d[:4])
}

// addYears gives the same date other years, or the last day of its month when that month has no such date.
func (d Date) addYears(years int) Date {
	t := d.time()
	last := time.Date(t.Year()+years, t.Month()+1, 0, 0, 0, 0, 0, time.UTC)
	return Date(time.Date(last.Year(), last.Month(), min(t.Day(), last.Day()), 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
}

func (d Date) next() Date { return Date(d.time().AddDate(0, 0, 1).Format(time.DateOnly)) }

func (d Date) time() time.Time {
	t, _ := time.Parse(time.DateOnly, string(d)) // Check read it
	return t
}

// Stage is where a funding stands, as its dates tell.
type Stage string

// The stages.
const (
	Asked     Stage = "asked"
	Granted   Stage = "granted"
	Paid      Stage = "paid"
	Refused   Stage = "refused"
	Withdrawn Stage = "withdrawn"
)

// Stages are all of them, in their order.
func Stages() []Stage { return []Stage{Asked, Granted, Paid, Refused, Withdrawn} }

var stageLabels = map[Stage]string{Asked: "demandé", Granted: "accordé", Paid: "payé", Refused: "refusé", Withdrawn: "retiré"}

// Label gives the stage in French, as said of a funding.
func (s Stage) Label() string { return stageLabels[s] }

// Funding is money that a company, or an operator for itself, asks for or holds.
type Funding struct {
	// Reference is what people are told: « F-2026-0007 », the year and a number in it.
	Reference string `json:"reference"`
	// Source and ExternalID name the funding in the tool that it was imported from; one recorded by hand has none.
	Source     string `json:"source,omitempty"`
	ExternalID string `json:"external_id,omitempty"`
	// Company is who asks or holds; it is empty when an operator does so for itself. Commune is its INSEE code.
	Company ledger.Company `json:"company"`
	Commune string         `json:"commune,omitempty"`
	// Operator pays or handles the funding, or holds it itself when there is no company.
	Operator string `json:"operator,omitempty"`
	// Direction is the code of the one that follows the funding.
	Direction string `json:"direction,omitempty"`
	Scheme    string `json:"scheme,omitempty"`
	// Kind is the identifier of one of Rules.Kinds.
	Kind string `json:"kind,omitempty"`
	// Cents is the amount in cents of euro, 0 when nobody said it.
	Cents int64 `json:"amount_cents,omitempty"`
	// MinimisCents is the part that is de minimis aid, in cents of euro of gross grant equivalent (« équivalent-subvention
	// brut »); Regulation is the identifier of one of Rules.Regulations.
	MinimisCents int64  `json:"de_minimis_cents,omitempty"`
	Regulation   string `json:"de_minimis_regulation,omitempty"`
	// Expense is the expense or the project, as written.
	Expense string `json:"expense,omitempty"`
	// Request is the reference of the request that it came from.
	Request string `json:"request,omitempty"`
	// The days of what happened. An aid is granted when the company gets the right to it, whenever it is paid (règlement
	// (UE) 2023/2831, article 3(3)).
	Asked     Date `json:"asked,omitempty"`
	Granted   Date `json:"granted,omitempty"`
	Paid      Date `json:"paid,omitempty"`
	Refused   Date `json:"refused,omitempty"`
	Withdrawn Date `json:"withdrawn,omitempty"`

	// Stage is made of the dates by the store.
	Stage     Stage     `json:"stage"`
	CreatedAt time.Time `json:"created_at,omitzero"`
	UpdatedAt time.Time `json:"updated_at,omitzero"`
	// Events are given by Get only, oldest first.
	Events []Event `json:"events,omitempty"`
}

// Event is one version of a funding: who wrote it, when and why. History is never rewritten.
type Event struct {
	At  time.Time `json:"at"`
	By  string    `json:"by"`
	Why string    `json:"why,omitempty"`
	// Changes tells what changed since the version before, in French; the first version has none.
	Changes []string `json:"changes,omitempty"`
	Funding Funding  `json:"-"`
}

// StageOf gives where the dates say that a funding stands: the last thing that can happen to it wins.
func StageOf(f Funding) Stage {
	switch {
	case f.Withdrawn != "":
		return Withdrawn
	case f.Refused != "":
		return Refused
	case f.Paid != "":
		return Paid
	case f.Granted != "":
		return Granted
	}
	return Asked
}

// Live tells that the money is asked for or held.
func (s Stage) Live() bool { return s == Asked || s == Granted || s == Paid }

// Set gives a stage its day.
func (f *Funding) Set(s Stage, day Date) error {
	switch s {
	case Asked:
		f.Asked = day
	case Granted:
		f.Granted = day
	case Paid:
		f.Paid = day
	case Refused:
		f.Refused = day
	case Withdrawn:
		f.Withdrawn = day
	default:
		return fmt.Errorf("état « %s » inconnu", s)
	}
	return nil
}

// Holder is who asks or holds: the company, or the operator when there is none.
func (f Funding) Holder() ledger.Company {
	if f.Company == (ledger.Company{}) {
		return ledger.Company{Name: f.Operator}
	}
	return f.Company
}

// own tells that an operator holds the funding for itself.
func (f Funding) own() bool { return f.Company == (ledger.Company{}) }

// SameHolder tells whether two fundings are one company's, or one operator's own, and why; why says also that nothing but a
// name tells it.
func SameHolder(a, b Funding) (same bool, why string) {
	x, y := a.Holder(), b.Holder()
	if x.SIREN != "" && y.SIREN != "" {
		return x.SIREN == y.SIREN, "même entreprise : SIREN " + x.SIREN
	}
	key := ledger.CompanyKey(x.Name)
	switch {
	case key == "" || key != ledger.CompanyKey(y.Name):
		return false, ""
	case a.own() && b.own():
		return true, "même opérateur : " + x.Name
	case a.own() || b.own():
		return true, "même nom : " + x.Name + ", opérateur d'un côté, entreprise de l'autre"
	case a.Commune != "" && b.Commune != "":
		return a.Commune == b.Commune, "même entreprise : même nom (" + x.Name + ") et même commune"
	}
	return true, "même nom : " + x.Name + ", sans SIREN ni commune pour le confirmer"
}

// mostCents is above any funding: more is a mistake.
const mostCents = 100_000_000_000_00

// Check tells what is wrong with a funding, in French; every problem is given.
func (r Rules) Check(f Funding) error {
	var problems []error
	wrong := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if ledger.CompanyKey(f.Holder().Name) == "" && f.Company.SIREN == "" {
		wrong("donnez l'entreprise (nom ou SIREN) ou l'opérateur")
	}
	if f.Company.SIREN != "" && !routing.IsSIREN(f.Company.SIREN) {
		wrong("SIREN « %s » erroné : il lui faut neuf chiffres, dont le dernier vérifie les autres", f.Company.SIREN)
	}
	if s := f.Company.SIRET; s != "" && (len(s) != 14 || !strings.HasPrefix(s, f.Company.SIREN)) {
		wrong("SIRET « %s » erroné : il lui faut quatorze chiffres, ceux du SIREN d'abord", s)
	}
	if (f.Source == "") != (f.ExternalID == "") {
		wrong("la source et l'identifiant dans cette source vont ensemble")
	}
	if f.Kind != "" && r.KindLabel(f.Kind) == "" {
		wrong("nature « %s » inconnue : %s", f.Kind, strings.Join(ids(r.Kinds), ", "))
	}
	if f.Regulation != "" && !slices.ContainsFunc(r.Regulations, func(g Regulation) bool { return g.ID == f.Regulation }) {
		var known []string
		for _, g := range r.Regulations {
			known = append(known, g.ID)
		}
		wrong("règlement de minimis « %s » inconnu : %s", f.Regulation, strings.Join(known, ", "))
	}
	if (f.MinimisCents == 0) != (f.Regulation == "") {
		wrong("le montant de minimis et son règlement vont ensemble")
	}
	for _, cents := range []int64{f.Cents, f.MinimisCents} {
		if cents < 0 || cents > mostCents {
			wrong("montant %s impossible", Euros(cents))
		}
	}
	for _, s := range Stages() {
		if d := f.day(s); d != "" {
			if _, err := time.Parse(time.DateOnly, string(d)); err != nil {
				wrong("date « %s » illisible : écrivez AAAA-MM-JJ", string(d))
			}
		}
	}
	if f.Asked == "" && f.Granted == "" && f.Paid == "" && f.Refused == "" && f.Withdrawn == "" {
		wrong("donnez une date : demandé, accordé, payé, refusé ou retiré")
	}
	return errors.Join(problems...)
}

func (f Funding) day(s Stage) Date {
	switch s {
	case Asked:
		return f.Asked
	case Granted:
		return f.Granted
	case Paid:
		return f.Paid
	case Refused:
		return f.Refused
	case Withdrawn:
		return f.Withdrawn
	}
	return ""
}

// Last gives the day of the present stage.
func (f Funding) Last() Date { return f.day(StageOf(f)) }

// Line tells a funding in one line, for an agent.
func (r Rules) Line(f Funding) string {
	var parts []string
	for _, s := range []string{r.KindLabel(f.Kind), f.amount(), f.Scheme, f.Direction} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	if f.Operator != "" && !f.own() {
		parts = append(parts, "opérateur "+f.Operator)
	}
	stage := StageOf(f).Label()
	if day := f.Last(); day != "" {
		stage += " le " + day.French()
	}
	line := f.Reference + " : " + strings.Join(append(parts, stage), ", ")
	if f.Expense != "" {
		line += " – " + f.Expense
	}
	return line
}

func (f Funding) amount() string {
	if f.Cents == 0 {
		return ""
	}
	return Euros(f.Cents)
}

// Changes tells what a new version changes, in French.
func (r Rules) Changes(before, after Funding) (all []string) {
	say := func(label, from, to string) {
		if from == to {
			return
		}
		if from == "" {
			from = "rien"
		}
		if to == "" {
			to = "rien"
		}
		all = append(all, label+" : "+from+" → "+to)
	}
	say("entreprise", before.Company.Name, after.Company.Name)
	say("SIREN", before.Company.SIREN, after.Company.SIREN)
	say("SIRET", before.Company.SIRET, after.Company.SIRET)
	say("commune", before.Commune, after.Commune)
	say("opérateur", before.Operator, after.Operator)
	say("direction", before.Direction, after.Direction)
	say("dispositif", before.Scheme, after.Scheme)
	say("nature", r.KindLabel(before.Kind), r.KindLabel(after.Kind))
	say("montant", before.amount(), after.amount())
	minimis := func(f Funding) string {
		if f.MinimisCents == 0 {
			return ""
		}
		return Euros(f.MinimisCents) + " (" + f.Regulation + ")"
	}
	say("de minimis", minimis(before), minimis(after))
	say("dépense ou projet", before.Expense, after.Expense)
	say("demande", before.Request, after.Request)
	for _, s := range Stages() {
		say(s.Label(), before.day(s).French(), after.day(s).French())
	}
	return all
}

// Euros gives an amount in cents as the French write it: « 40 000 € », « 12 500,50 € ».
func Euros(cents int64) string {
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	digits := strconv.FormatInt(cents/100, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "\u00a0" + digits[i:]
	}
	if cents%100 != 0 {
		digits += fmt.Sprintf(",%02d", cents%100)
	}
	return sign + digits + "\u00a0€"
}

// ParseEuros reads an amount in euros, « 40000 », « 40 000 € » or « 12 500,50 », and gives cents.
func ParseEuros(text string) (int64, error) {
	digits := strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "", "€", "", "EUR", "", "euros", "", ",", ".").Replace(strings.TrimSpace(text))
	whole, decimals, _ := strings.Cut(digits, ".")
	wrong := fmt.Errorf("montant « %s » illisible : écrivez des euros, « 40000 » ou « 12500,50 »", text)
	if len(whole) == 0 || len(whole) > 13 || len(decimals) > 2 || strings.ContainsFunc(whole+decimals, func(r rune) bool { return r < '0' || r > '9' }) {
		return 0, wrong
	}
	cents, err := strconv.ParseInt(whole+(decimals + "00")[:2], 10, 64)
	if err != nil || cents > mostCents {
		return 0, wrong
	}
	return cents, nil
}
