package rulebook

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"guichet/routing"
)

// Territories is the register of communes, intercommunal bodies (EPCI) and départements.
type Territories struct {
	Communes     []Commune
	EPCI         map[string]EPCI        // by SIREN
	Departements map[string]Departement // by code
	// Arrondissements are the names by code.
	Arrondissements map[string]string
	// Sectors are everyday names of areas (« l'Amiénois »), each standing for the EPCI of its town: the index of the commune.
	Sectors map[string]int
}

// Commune is one commune with what it belongs to.
type Commune struct {
	// INSEE is the official code; Name as the register writes it.
	INSEE, Name string
	Postcodes   []string
	Population  int
	EPCI        string // SIREN; empty for the few communes without one
	Departement string
	// Arrondissement is its code.
	Arrondissement string
}

// EPCI is an intercommunal body.
type EPCI struct{ SIREN, Name, Main string }

// Departement is a département.
type Departement struct{ Code, Name string }

// loadTerritories reads the official register (source and licence: territoires/SOURCE.md).
func loadTerritories(folder fs.FS) (*Territories, error) {
	t := &Territories{EPCI: map[string]EPCI{}, Departements: map[string]Departement{}, Arrondissements: map[string]string{}, Sectors: map[string]int{}}
	err := errors.Join(
		readCSV(folder, "territoires/departements.csv", []string{"code", "nom"}, func(row []string) error {
			t.Departements[row[0]] = Departement{Code: row[0], Name: row[1]}
			return nil
		}),
		readCSV(folder, "territoires/arrondissements.csv", []string{"code", "nom"}, func(row []string) error {
			t.Arrondissements[row[0]] = row[1]
			return nil
		}),
		readCSV(folder, "territoires/epci.csv", []string{"siren", "nom", "commune_principale"}, func(row []string) error {
			t.EPCI[row[0]] = EPCI{SIREN: row[0], Name: row[1], Main: row[2]}
			return nil
		}),
		readCSV(folder, "territoires/communes.csv", []string{"insee", "nom", "codes_postaux", "population", "epci_siren", "departement", "arrondissement"}, func(row []string) error {
			population, err := strconv.Atoi(row[3])
			if err != nil {
				return fmt.Errorf("population « %s » : un nombre est attendu", row[3])
			}
			t.Communes = append(t.Communes, Commune{
				INSEE: row[0], Name: row[1], Postcodes: strings.Split(row[2], "|"), Population: population, EPCI: row[4], Departement: row[5], Arrondissement: row[6],
			})
			return nil
		}),
	)
	if err != nil {
		return t, err
	}
	return t, readCSV(folder, "territoires/secteurs.csv", []string{"nom", "commune", "departement"}, func(row []string) error {
		for i, c := range t.Communes {
			if c.Name == row[1] && c.Departement == row[2] {
				t.Sectors[row[0]] = i
				return nil
			}
		}
		return fmt.Errorf("la commune « %s » (%s) n'est pas dans le registre", row[1], row[2])
	})
}

// Names gives what a place is in the register, each with its code, from the smallest: the commune, its EPCI, its arrondissement, its
// département. Any code may be empty; one that the register has not stays alone. An EPCI without a commune has the arrondissement
// of all its communes, if they share it.
func (t *Territories) Names(commune, epci, departement string) (names []string) {
	add := func(before, name, code string) {
		switch {
		case code == "":
		case name == "":
			names = append(names, before+code)
		default:
			names = append(names, before+name+" ("+code+")")
		}
	}
	name, arrondissement := "", ""
	for i, c := range t.Communes {
		switch {
		case c.INSEE == commune:
			name, arrondissement = c.Name, c.Arrondissement
		case commune != "" || epci == "" || c.EPCI != epci:
		case arrondissement == "":
			arrondissement = t.Communes[i].Arrondissement
		case arrondissement != c.Arrondissement:
			arrondissement = severalArrondissements
		}
	}
	if arrondissement == severalArrondissements {
		arrondissement = ""
	}
	add("", name, commune)
	add("", t.EPCI[epci].Name, epci)
	add("arrondissement : ", t.Arrondissements[arrondissement], arrondissement)
	add("", t.Departements[departement].Name, departement)
	return names
}

const severalArrondissements = "*"

// readCSV gives each row's named columns to a function; a mistake is told with its file and line.
func readCSV(folder fs.FS, name string, columns []string, row func([]string) error) error {
	file, err := folder.Open(name)
	if err != nil {
		return fmt.Errorf("lecture de %s : %w", name, err)
	}
	defer file.Close()
	reader := csv.NewReader(file)
	reader.ReuseRecord = true
	header, err := reader.Read()
	if err != nil {
		return routing.Problem{Pos: routing.Pos{File: name, Line: 1}, Reason: err.Error()}
	}
	at := make([]int, len(columns))
	for i, column := range columns {
		at[i] = -1
		for j, h := range header {
			if strings.TrimPrefix(h, "\ufeff") == column {
				at[i] = j
			}
		}
		if at[i] < 0 {
			return routing.Problem{Pos: routing.Pos{File: name, Line: 1}, Reason: "il manque la colonne " + column}
		}
	}
	values := make([]string, len(columns))
	for {
		record, err := reader.Read()
		if record == nil {
			if err.Error() == "EOF" {
				return nil
			}
			return routing.Problem{Pos: routing.Pos{File: name}, Reason: err.Error()}
		}
		line, _ := reader.FieldPos(0)
		if err != nil {
			return routing.Problem{Pos: routing.Pos{File: name, Line: line}, Reason: err.Error()}
		}
		for i, j := range at {
			values[i] = strings.Clone(record[j])
		}
		if err := row(values); err != nil {
			return routing.Problem{Pos: routing.Pos{File: name, Line: line}, Reason: err.Error()}
		}
	}
}
