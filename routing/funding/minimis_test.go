package funding

import (
	"testing"

	"guichet/routing/ledger"
)

func granted(day Date, euros int64) Funding {
	return Funding{
		Company: ledger.Company{SIREN: "000000000"}, Granted: day, MinimisCents: euros * 100, Regulation: "general",
	}
}

// Règlement (UE) 2023/2831, article 3(2): any period of 3 years. Règlement (CEE, Euratom) 1182/71, article 3: a period in years
// ends with the last hour of the same date, or of the last day of the month that has no such date.
func TestThreeYearsAtTheirBounds(t *testing.T) {
	rules := Default()
	for _, c := range []struct {
		aid, on Date
		counts  bool
	}{
		{"2023-06-15", "2026-06-14", true},
		{"2023-06-15", "2026-06-15", true}, // the last day of its three years
		{"2023-06-15", "2026-06-16", false},
		{"2026-06-15", "2026-06-15", true},
		{"2026-06-16", "2026-06-15", false}, // not granted yet on that day
		{"2024-02-29", "2027-02-28", true},  // no 29 February in 2027: the last day of the month
		{"2024-02-29", "2027-03-01", false},
		{"2025-02-28", "2028-02-28", true},
		{"2025-02-28", "2028-02-29", false},
		{"2025-03-01", "2028-02-29", true},
		{"2024-01-30", "2027-01-30", true},
		{"2023-12-31", "2026-12-31", true},
		{"2023-12-31", "2027-01-01", false},
	} {
		totals := rules.Minimis([]Funding{granted(c.aid, 1000)}, c.on)
		if counts := len(totals) == 1 && totals[0].Cents == 100_000; counts != c.counts {
			t.Errorf("an aid of %s on %s: %v, want %v", c.aid, c.on, counts, c.counts)
		}
	}
}

func TestMinimisTotals(t *testing.T) {
	rules := Default()
	asked := Funding{Asked: "2026-05-01", MinimisCents: 5_000_000, Regulation: "general"}
	withdrawn := granted("2026-01-10", 10_000)
	withdrawn.Withdrawn = "2026-02-01"
	refused := Funding{Asked: "2026-01-10", Refused: "2026-03-01", MinimisCents: 100, Regulation: "general"}
	paid := Funding{Paid: "2026-04-01", MinimisCents: 1_000_000, Regulation: "agriculture"}
	elsewhere := granted("2026-01-10", 20_000)
	elsewhere.Regulation = "un règlement retiré"
	none := granted("2026-01-10", 0)
	totals := rules.Minimis([]Funding{granted("2025-01-10", 200_000), granted("2026-01-10", 90_000), asked, withdrawn, refused, paid, elsewhere, none}, "2026-06-01")
	if len(totals) != 3 {
		t.Fatalf("%d totals: %+v", len(totals), totals)
	}
	general, agriculture, unknown := totals[0], totals[1], totals[2]
	if general.Cents != 29_000_000 || general.AskedCents != 5_000_000 || general.Regulation.CeilingEuros != 300_000 || general.LeftCents() != 1_000_000 || general.Since != "2023-06-01" || len(general.Fundings) != 2 {
		t.Errorf("general: %+v", general)
	}
	if general.Regulation.Source == "" || general.Regulation.Dated == "" || general.Regulation.URL == "" {
		t.Errorf("no legal source: %+v", general.Regulation)
	}
	if agriculture.Regulation.ID != "agriculture" || agriculture.Cents != 1_000_000 || agriculture.Regulation.CeilingEuros != 50_000 {
		t.Errorf("agriculture: %+v", agriculture)
	}
	if unknown.Cents != 2_000_000 || unknown.Regulation.CeilingEuros != 0 { // never silently left out
		t.Errorf("unknown: %+v", unknown)
	}
}
