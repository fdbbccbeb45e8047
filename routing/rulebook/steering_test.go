package rulebook_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"guichet/routing"
	"guichet/routing/rulebook"
)

// cutFile gives a Region's folder with one file of cuts.
func cutFile(t *testing.T, content string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "steering.yaml"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func zoneOf(c routing.Cut, commune, epci, departement string) string {
	zone, _ := c.Zone(commune, epci, departement)
	return zone.Name
}

func TestCutsOfTheRegister(t *testing.T) {
	book, err := rulebook.Load(rulebook.Default())
	if err != nil {
		t.Fatal(err)
	}
	s := book.Steering
	if s.InactiveDays != 90 || len(s.Ages) != 3 || s.RepeatedGap != 3 {
		t.Errorf("%+v", s)
	}
	for id, zones := range map[string]int{"arrondissement": 26, "epci": 92, "departement": 5} {
		c, ok := s.Cut(id)
		if !ok || len(c.Zones) != zones {
			t.Errorf("%s: %d zones, want %d", id, len(c.Zones), zones)
		}
		for _, z := range c.Zones {
			if z.Name == "" {
				t.Errorf("%s: the zone %s has no name", id, z.ID)
			}
		}
	}
	arrondissements, _ := s.Cut("arrondissement")
	departements, _ := s.Cut("departement")
	for _, c := range []struct {
		cut                               routing.Cut
		commune, epci, departement, wants string
	}{
		{arrondissements, "80021", "248000531", "80", "Amiens"},
		{arrondissements, "", "248000531", "80", "Amiens"}, // all its communes are in one
		{arrondissements, "", "245900758", "59", ""},       // in several
		{arrondissements, "", "", "80", ""},
		{arrondissements, "", "", "", ""},
		{departements, "", "200071785", "", "Aisne"},
		{departements, "", "", "80", "Somme"},
		{departements, "75056", "", "75", ""},
	} {
		if got := zoneOf(c.cut, c.commune, c.epci, c.departement); got != c.wants {
			t.Errorf("%s of %q %q %q: %q, want %q", c.cut.ID, c.commune, c.epci, c.departement, got, c.wants)
		}
	}
}

// The example of the shipped file is one, once its marks are taken off.
func TestTheExampleOfACut(t *testing.T) {
	content, err := os.ReadFile("default/steering.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(content), "#\n# - id:")
	example, _, _ = strings.Cut("- id:"+example, "\ncuts:")
	own := "cuts:\n" + strings.ReplaceAll("  "+example, "\n# ", "\n  ")
	book, err := load(cutFile(t, own))
	if err != nil {
		t.Fatalf("%v\n%s", err, own)
	}
	cut, ok := book.Steering.CutOf("DAEN")
	if !ok || len(cut.Zones) != 2 {
		t.Fatalf("%+v", cut.Zones)
	}
	for commune, want := range map[string]string{"62160": "Littoral", "59183": "Littoral", "80021": "Intérieur", "02408": "Intérieur", "59350": ""} {
		if got := zoneOf(cut, commune, "", ""); got != want {
			t.Errorf("%s: %q, want %q", commune, got, want)
		}
	}
	if got := zoneOf(cut, "", "", "02"); got != "Intérieur" {
		t.Errorf("a whole département: %q", got)
	}
	if book.Steering.InactiveDays != 90 {
		t.Errorf("what the file leaves out: %+v", book.Steering)
	}
}

func TestWrongCutsAreToldWithTheirLine(t *testing.T) {
	for _, c := range []struct{ name, content, want string }{
		{"days", "inactive_days: 0\n", "steering.yaml:1 : inactive_days"},
		{"times", "repeated_gap: 1\n", "steering.yaml:1 : repeated_gap"},
		{"ages out of order", "ages: [7, 30,\n  20]\n", "steering.yaml:2 : ages"},
		{"unknown key", "decoupages: []\n", "steering.yaml:1"},
		{"no name", "cuts:\n  - id: a\n    by: epci\n", "steering.yaml:2 : le découpage « a » : un découpage a un code"},
		{"code with a space", "cuts:\n  - id: a b\n    name: A\n    by: epci\n", "steering.yaml:2 : le découpage « a b »"},
		{"twice", "cuts:\n  - {id: a, name: A, by: epci}\n  - {id: a, name: A, by: epci}\n", "steering.yaml:3 : le découpage « a » est là deux fois"},
		{"unknown level", "cuts:\n  - {id: a, name: A, by: canton}\n", "pas « canton »"},
		{"neither", "cuts:\n  - {id: a, name: A}\n", "a soit by, soit zones"},
		{"both", "cuts:\n  - {id: a, name: A, by: epci, zones: [{name: Z}]}\n", "a soit by, soit zones"},
		{"unknown direction", "cuts:\n  - {id: a, name: A, by: epci, directions: [DAEX]}\n", "direction inconnue « DAEX »"},
		{"two cuts for a direction", "cuts:\n  - {id: a, name: A, by: epci, directions: [DAEN]}\n  - {id: b, name: B, by: epci, directions: [DAEN]}\n", "steering.yaml:3 : la direction DAEN a déjà le découpage « a »"},
		{"zone without a name", "cuts:\n  - id: a\n    name: A\n    zones:\n      - communes: [\"80021\"]\n", "steering.yaml:5 : le découpage « a » : chaque zone a son nom"},
		{"unknown commune", "cuts:\n  - id: a\n    name: A\n    zones:\n      - name: Z\n        communes: [\"80021\",\n          \"99999\"]\n", "steering.yaml:7 : le découpage « a » : la commune « 99999 » n'est pas dans le registre"},
		{"commune in two zones", "cuts:\n  - id: a\n    name: A\n    zones:\n      - name: Z\n        communes: [\"80021\"]\n      - name: Y\n        departements: [\"80\"]\n", "steering.yaml:8 : le découpage « a » : la commune Amiens (80021) est déjà dans la zone « Z »"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := load(cutFile(t, c.content))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}
