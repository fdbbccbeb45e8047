package funding

import "slices"

// Total is the de minimis aid of a company under one regulation, on a day: a help, never a decision. It knows what was
// recorded here only, and one company where the law counts the whole group (« entreprise unique »).
type Total struct {
	Regulation Regulation `json:"regulation"`
	// Since is the first day that counts, On the last one.
	Since Date `json:"since"`
	On    Date `json:"on"`
	// Cents is what was granted, in cents of euro of gross grant equivalent; AskedCents what is asked for and not settled yet.
	Cents      int64 `json:"granted_cents"`
	AskedCents int64 `json:"asked_cents"`
	// Fundings are the references of what is counted in Cents.
	Fundings []string `json:"fundings"`
}

// LeftCents is what the ceiling leaves, below zero when it is passed, and 0 without a ceiling.
func (t Total) LeftCents() int64 {
	if t.Regulation.CeilingEuros == 0 {
		return 0
	}
	return t.Regulation.CeilingEuros*100 - t.Cents
}

// Caution is what must be said beside totals. Its source is https://eur-lex.europa.eu/legal-content/FR/TXT/?uri=OJ:L_202302831.
const Caution = "À titre d'aide, ce n'est pas une décision : seules comptent les aides enregistrées ici, pour cette société. La règle compte " +
	"l'« entreprise unique », c'est-à-dire toutes les sociétés d'un groupe ensemble (règlement (UE) 2023/2831 du 13 décembre 2023, article 2) : " +
	"guichet ne connaît pas les groupes, ajoutez les aides des autres sociétés. La déclaration de l'entreprise et l'instruction font foi."

// Minimis adds up the de minimis aid among a company's fundings that counts on a day: granted on that day or before, and no
// more than the regulation's years ago. A regulation that the rules do not name is shown by its identifier.
func (r Rules) Minimis(fundings []Funding, on Date) (totals []Total) {
	regulations := slices.Clone(r.Regulations)
	for _, f := range fundings {
		if f.MinimisCents != 0 && !slices.ContainsFunc(regulations, func(g Regulation) bool { return g.ID == f.Regulation }) {
			regulations = append(regulations, Regulation{ID: f.Regulation, Label: f.Regulation, Years: usualYears})
		}
	}
	for _, g := range regulations {
		t := Total{Regulation: g, Since: since(on, g.Years), On: on, Fundings: []string{}}
		for _, f := range fundings {
			if f.Regulation != g.ID || f.MinimisCents == 0 || !StageOf(f).Live() {
				continue
			}
			switch day := f.aided(); {
			case day == "":
				t.AskedCents += f.MinimisCents
			case day <= on && on <= day.addYears(g.Years):
				t.Cents += f.MinimisCents
				t.Fundings = append(t.Fundings, f.Reference)
			}
		}
		if t.Cents != 0 || t.AskedCents != 0 {
			totals = append(totals, t)
		}
	}
	return totals
}

// usualYears are those of a regulation that the rules do not name.
const usualYears = 3

// aided is the day on which the aid was granted; what was paid without a day of grant counts from the payment.
func (f Funding) aided() Date {
	if f.Granted != "" {
		return f.Granted
	}
	return f.Paid
}

// since gives the first day whose years still hold on a day.
func since(on Date, years int) Date {
	day := on.addYears(-years)
	for day.addYears(years) < on {
		day = day.next()
	}
	return day
}
