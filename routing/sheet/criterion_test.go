package sheet_test

import (
	"strings"
	"testing"

	"guichet/routing"
	"guichet/routing/sheet"
)

func TestParseCriterion(t *testing.T) {
	for line, want := range map[string]sheet.Criterion{
		"Surface (ha) >= 2,50":           {Label: "Surface", Kind: sheet.Number, Unit: "ha", Least: "2,5"},
		"Prix  (€/m²) ≤ 1 040":           {Label: "Prix", Kind: sheet.Number, Unit: "€/m²", Most: "1040"},
		"Prix (€/m²)":                    {Label: "Prix", Kind: sheet.Number, Unit: "€/m²"},
		"Salariés (nombre)":              {Label: "Salariés", Kind: sheet.Number},
		"Embranchement ferroviaire ?":    {Label: "Embranchement ferroviaire", Kind: sheet.YesNo},
		"Site classé (ICPE) ?":           {Label: "Site classé (ICPE)", Kind: sheet.YesNo},
		"Vocation de la zone":            {Label: "Vocation de la zone", Kind: sheet.Text},
		"Places de stationnement >= 100": {Label: "Places de stationnement", Kind: sheet.Number, Least: "100"},
	} {
		got, err := sheet.ParseCriterion(line)
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v", line, got, err)
		}
		if again, err := sheet.ParseCriterion(got.String()); err != nil || again != got {
			t.Errorf("%q is read again as %+v, %v", got, again, err)
		}
	}
	for _, line := range []string{"", " ? ", ">= 2", "Surface >= deux"} {
		if c, err := sheet.ParseCriterion(line); err == nil {
			t.Errorf("%q: %+v", line, c)
		}
	}
}

var (
	criteria = []sheet.Criterion{{Label: "Surface", Kind: sheet.Number, Unit: "ha", Least: "2"}, {Label: "Rail", Kind: sheet.YesNo}, {Label: "Vocation", Kind: sheet.Text}, {Label: "Prix", Kind: sheet.Number, Most: "40"}}
	reasons  = []routing.SheetReason{{Code: "foncier", Label: "pas de terrain"}}
)

func TestParseAnswer(t *testing.T) {
	for text, want := range map[string]string{
		"1=3,5 ; 2=Oui ; 3=zone d'activité ; note=visite possible": "3,5|oui|zone d'activité||visite possible",
		"1 = 1 200 ha;2=?":              "1200||||",
		"4=40\n2=non":                   "|non||40|",
		"non Foncier tout est occupé":   "foncier: tout est occupé",
		"note=nous verrons = plus tard": "||||nous verrons = plus tard",
	} {
		a, err := sheet.ParseAnswer(text, criteria, reasons)
		got := strings.Join(a.Values, "|") + "|" + a.Text
		if a.Declined != "" {
			got = a.Declined + ": " + a.Text
		}
		if err != nil || got != want {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"": "vide", "5=1": "de 1 à 4", "1=beaucoup": "n'est pas un nombre", "2=peut-être": "oui ou non", "non": "une raison est attendue : foncier",
		"non merci": "une raison est attendue", "un grand terrain": "« 1=… »",
	} {
		if _, err := sheet.ParseAnswer(text, criteria, reasons); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestJudge(t *testing.T) {
	for _, row := range []struct {
		c     int
		value string
		want  sheet.Verdict
	}{
		{0, "2", sheet.Met}, {0, "1,99", sheet.NotMet}, {0, "", sheet.Unknown}, {1, "oui", sheet.Met}, {1, "non", sheet.NotMet}, {2, "industrie", sheet.Met},
		{3, "40", sheet.Met}, {3, "40,01", sheet.NotMet}, {3, "", sheet.Unknown},
	} {
		if got := criteria[row.c].Judge(row.value); got != row.want || got.Label() == "" {
			t.Errorf("%s %q: %s", criteria[row.c], row.value, got)
		}
	}
}

func TestCompare(t *testing.T) {
	s := sheet.Sheet{Criteria: criteria, Stage: sheet.Closed, Territories: []string{"1", "2", "3", "4"}, Answers: []sheet.Answer{
		{EPCI: "1", Values: []string{"1", "non", "", ""}}, {EPCI: "2", Values: []string{"3", "oui", "industrie"}, Text: "visite possible"}, {EPCI: "3", Declined: "foncier", Text: "plus tard"},
	}}
	text := sheet.Compare(s, map[string]string{"2": "CC Deux"}, routing.Sheets{Reasons: reasons}).Text()
	for _, part := range []string{"CC Deux : 3 sur 4\n– Surface (ha) >= 2 : 3 (rempli)", "(inconnu)\n– visite possible\n1 : 0 sur 4", "3 : pas de terrain (plus tard)", "Sans réponse : 4."} {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in\n%s", part, text)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("Surface (ha) >= 2")
	f.Add("non foncier x")
	f.Add("1=3,5;2=oui")
	f.Fuzz(func(t *testing.T, text string) {
		if a, err := sheet.ParseAnswer(text, criteria, reasons); err == nil && a.Declined == "" {
			for i, value := range a.Values {
				if again, err := criteria[i].Value(value); err != nil || again != value {
					t.Errorf("%q: %q is read again as %q, %v", text, value, again, err)
				}
			}
		}
		if c, err := sheet.ParseCriterion(text); err == nil && c.Label == "" {
			t.Errorf("%q: no label", text)
		}
	})
}
