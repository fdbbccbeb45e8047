package funding

import (
	"errors"
	"strings"
	"testing"

	"guichet/routing"
	"guichet/routing/ledger"
)

func TestEuros(t *testing.T) {
	for text, cents := range map[string]int64{
		"40000": 4_000_000, "40 000 €": 4_000_000, "12 500,50": 1_250_050, "12500.5": 1_250_050, "0": 0, "1\u202f000\u00a0€": 100_000, "1000000000": 100_000_000_000,
	} {
		if got, err := ParseEuros(text); err != nil || got != cents {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "€", "-5", "12,345", "40k", "1e6", "1.000,00", "99999999999999", "12 500,5 0 0"} {
		if got, err := ParseEuros(text); err == nil {
			t.Errorf("%q is read as %d", text, got)
		}
	}
	for cents, text := range map[int64]string{0: "0 €", 4_000_000: "40 000 €", 1_250_050: "12 500,50 €", -100: "-1 €", 100_000_000: "1 000 000 €", 5: "0,05 €"} {
		if got := strings.ReplaceAll(Euros(cents), "\u00a0", " "); got != text {
			t.Errorf("%d: %q", cents, got)
		}
	}
}

func FuzzParseEuros(f *testing.F) {
	for _, s := range []string{"40 000 €", "12500,50", "-1", "€", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cents, err := ParseEuros(text)
		if err != nil {
			return
		}
		if again, err := ParseEuros(Euros(cents)); err != nil || again != cents {
			t.Errorf("%q: %d, then %d, %v", text, cents, again, err)
		}
	})
}

func TestParseDate(t *testing.T) {
	for text, want := range map[string]Date{"2026-03-31": "2026-03-31", "31/03/2026": "2026-03-31", " 29/02/2024 ": "2024-02-29", "": ""} {
		if got, err := ParseDate(text); err != nil || got != want {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"29/02/2026", "31-03-2026", "2026", "hier"} {
		if got, err := ParseDate(text); err == nil {
			t.Errorf("%q is read as %q", text, got)
		}
	}
}

func TestAsksForMoney(t *testing.T) {
	rules := Default()
	for name, c := range map[string]struct {
		facts routing.Facts
		want  bool
	}{
		"a kind of money":        {routing.Facts{{Name: "fund_kind", Value: "grant", Source: "subvention"}}, true},
		"a subject":              {routing.Facts{{Name: "subject", Value: "investissement", Source: "aide", Role: routing.Second}}, true},
		"supposed":               {routing.Facts{{Name: "fund_kind", Value: "", Source: routing.SourceDefault}}, false},
		"refused in the message": {routing.Facts{{Name: "fund_kind", Value: "grant", Source: "pas de subvention", Role: routing.Context}}, false},
		"something else":         {routing.Facts{{Name: "subject", Value: "emploi", Source: "recruter"}}, false},
	} {
		if got := rules.AsksForMoney(c.facts); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestSameHolder(t *testing.T) {
	company := func(name, siren, commune string) Funding {
		return Funding{Company: ledger.Company{Name: name, SIREN: siren}, Commune: commune}
	}
	for _, c := range []struct {
		name string
		a, b Funding
		want bool
	}{
		{"one SIREN, two names", company("Alpha fictive", "732829320", ""), company("Bêta", "732829320", ""), true},
		{"two SIRENs, one name", company("Alpha fictive", "732829320", ""), company("Alpha fictive", "552100554", ""), false},
		{"a name without SIREN", company("SARL Alpha fictive", "732829320", ""), company("ALPHA FICTIVE", "", ""), true},
		{"two communes", company("Alpha fictive", "", "00001"), company("Alpha fictive", "", "00002"), false},
		{"an operator", Funding{Operator: "Agence fictive"}, Funding{Operator: "agence FICTIVE"}, true},
		{"the operator of two companies", Funding{Company: ledger.Company{Name: "Alpha fictive"}, Operator: "Agence fictive"}, Funding{Company: ledger.Company{Name: "Bêta fictive"}, Operator: "Agence fictive"}, false},
		{"nobody", Funding{}, Funding{}, false},
	} {
		if got, why := SameHolder(c.a, c.b); got != c.want || got && why == "" {
			t.Errorf("%s: %v, %q", c.name, got, why)
		}
	}
}

func TestMistakesInTheFileHaveTheirLine(t *testing.T) {
	file := string(shipped)
	for name, c := range map[string]struct {
		from, to string
		line     bool
	}{
		"not YAML":           {"kinds:", "kinds: [", true},
		"an unknown key":     {"    ceiling: 300000\n", "    plafond: 300000\n", true},
		"a ceiling of words": {"ceiling: 300000", "ceiling: beaucoup", true},
		"a negative ceiling": {"ceiling: 300000", "ceiling: -1", true},
		"no years":           {"years: 3", "years: 0", true},
		"a wrong date":       {"dated: 2023-12-13", "dated: hier", true},
		"no source":          {"    url: https://eur-lex.europa.eu/legal-content/FR/TXT/?uri=OJ:L_202302831\n", "", true},
		"a kind twice":       {"{id: pret, label: prêt}", "{id: subvention, label: prêt}", true},
		"a regulation twice": {"- id: sieg", "- id: general", true},
		"thresholds crossed": {"possible: 0.5", "possible: 0.9", true},
		"a lone synonym":     {"[toiture, toit]", "[toiture]", true},
		"two words in one":   {"[toiture, toit]", "[toiture, le toit]", true},
		"in two groups":      {"[toiture, toit]", "[toiture, audit]", true},
	} {
		spoiled := strings.Replace(file, c.from, c.to, 1)
		if spoiled == file {
			t.Fatalf("%s: %q is not in the file", name, c.from)
		}
		_, err := Parse([]byte(spoiled))
		var problem routing.Problem
		if !errors.As(err, &problem) || problem.Pos.File != File || (problem.Pos.Line == 0) == c.line {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(string(shipped))
	f.Add("kinds: [{id: a, label: b}]\ncompare: {same: 1, possible: 0.1}")
	f.Fuzz(func(t *testing.T, source string) {
		rules, err := Parse([]byte(source))
		if err != nil {
			return
		}
		rules.Compare(Funding{Expense: "achat d'une presse plieuse"}, Funding{Expense: "presse"}) // what is accepted works
		rules.Minimis([]Funding{{Granted: "2024-02-29", MinimisCents: 1, Regulation: "general"}}, "2026-01-01")
	})
}
