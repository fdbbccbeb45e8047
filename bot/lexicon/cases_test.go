package lexicon_test

import (
	"bufio"
	"encoding/json"
	"os"
	"sort"
	"strings"
	"testing"
)

type routingCase struct {
	ID, Text   string
	Lead, Rule *string
	Associated []string
	Missing    []string
	Arbitrate  bool
}

func TestScratch(t *testing.T) {
	book, l := load(t)
	for _, path := range strings.Fields(os.Getenv("CASES")) {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		right, total, assoc, rules := 0, 0, 0, 0
		for s := bufio.NewScanner(f); s.Scan(); {
			var c routingCase
			if err := json.Unmarshal(s.Bytes(), &c); err != nil {
				t.Fatal(err)
			}
			total++
			reading := l.Read(c.Text)
			d := book.Rules.Decide(reading.Facts)
			lead, rule := "", ""
			if c.Lead != nil {
				lead, rule = *c.Lead, *c.Rule
			}
			ok := d.Lead == lead && strings.Join(d.Missing, ",") == strings.Join(c.Missing, ",") && d.Arbitrate == c.Arbitrate
			sort.Strings(d.Associated)
			sort.Strings(c.Associated)
			if strings.Join(d.Associated, ",") == strings.Join(c.Associated, ",") {
				assoc++
			}
			if d.Rule == rule {
				rules++
			}
			if ok {
				right++
			}
			if (!ok || d.Rule != rule) && os.Getenv("QUIET") == "" {
				facts := ""
				for _, f := range reading.Facts {
					facts += " " + f.Name + ":" + string(f.Role) + "=" + book.Rules.Label(f) + "«" + f.Source + "»"
				}
				t.Logf("%s want %s %v got %s %v\n   %s\n   %s", c.ID, rule, c.Missing, d.Rule, d.Missing, c.Text, facts)
			}
		}
		t.Logf("%s: %d/%d lead+missing, rule %d, associated %d", path, right, total, rules, assoc)
	}
}

func TestScratchAssociated(t *testing.T) {
	book, l := load(t)
	for _, path := range strings.Fields(os.Getenv("ASSOC")) {
		f, _ := os.Open(path)
		for s := bufio.NewScanner(f); s.Scan(); {
			var c routingCase
			json.Unmarshal(s.Bytes(), &c)
			reading := l.Read(c.Text)
			d := book.Rules.Decide(reading.Facts)
			sort.Strings(d.Associated)
			sort.Strings(c.Associated)
			if c.Rule != nil && d.Rule == *c.Rule && strings.Join(d.Associated, ",") != strings.Join(c.Associated, ",") {
				facts := ""
				for _, f := range reading.Facts {
					facts += " " + f.Name + ":" + string(f.Role) + "=" + book.Rules.Label(f) + "«" + f.Source + "»"
				}
				t.Logf("%s %s want %v got %v\n   %s\n   %s", c.ID, d.Rule, c.Associated, d.Associated, c.Text, facts)
			}
		}
	}
}
