package exchange

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"
)

var fields = []Field{
	{Name: "id", Kind: Text, Required: true},
	{Name: "date", Kind: Date},
	{Name: "montant", Kind: Amount},
	{Name: "état", Kind: Text, Values: []string{"ouvert", "fermé"}},
	{Name: "texte", Kind: Text},
	{Name: "outil", Kind: Text},
}

const example = `dates: JJ/MM/AAAA
fields:
  id: N°
  date: Date
  montant: [Montant, "Montant (€)"]
  état:
    column: Statut
    values: {En cours: ouvert, À instruire: ouvert, Terminé: fermé}
    default: ouvert
  texte: Objet
  outil: {constant: fictif}
`

func parse(t testing.TB, source string) *Mapping {
	t.Helper()
	m, err := ParseMapping("m.yaml", []byte(source), fields)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// all reads a file; the rows that cannot be read are in said.
func all(m *Mapping, name string, content []byte) (rows []Row, said []string, err error) {
	r, err := m.read(name, bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	for {
		row, err := r.Next()
		var wrong *RowError
		switch {
		case errors.Is(err, io.EOF):
			return rows, said, nil
		case errors.As(err, &wrong):
			for _, p := range wrong.Problems {
				said = append(said, p.Error())
			}
		case err != nil:
			return rows, said, err
		default:
			rows = append(rows, row)
		}
	}
}

func values(id, date, montant, état, texte string) map[string]string {
	return map[string]string{"id": id, "date": date, "montant": montant, "état": état, "texte": texte, "outil": "fictif"}
}

func TestTexts(t *testing.T) {
	m := parse(t, example)
	source := "N°;Date;Montant;Statut;Objet\r\n" +
		"1;05/03/2026;1 234,50 €;EN COURS;\"Deux lignes,\nune « citation » \"\"ici\"\"\"\r\n" +
		"\r\n" +
		"2;31/02/2026;12.5;Perdu;été\r\n" +
		"3;;;;\r\n" +
		";1/2/2026;0;Terminé;sans numéro\r\n" +
		"5;1/2/26;1.234.567;terminé;\r\n" +
		"6;01/02/2026;-3,5;Terminé;a;b\r\n" +
		"7;\"x\"y;;;\r\n" +
		"8;07/08/2026;10;À instruire;'=1+1\r\n"
	want := []Row{
		{2, values("1", "2026-03-05", "1234.50", "ouvert", "Deux lignes,\nune « citation » \"ici\"")},
		{6, values("3", "", "", "ouvert", "")},
		{11, values("8", "2026-08-07", "10", "ouvert", "=1+1")},
	}
	windows, err := charmap.Windows1252.NewEncoder().String(source)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"UTF-8": source, "with its mark": "\ufeff" + source, "Windows-1252": windows,
		"tabs": strings.NewReplacer(";", "\t").Replace(source), "a long start": "\n\n" + source,
	} {
		rows, said, err := all(m, "f.csv", []byte(content))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		shift := 0
		if name == "a long start" {
			shift = 2
		}
		for i := range rows {
			rows[i].Line -= shift
		}
		if !reflect.DeepEqual(rows, want) {
			t.Errorf("%s: %v", name, rows)
		}
		text := strings.Join(said, "\n")
		for _, place := range []string{
			"f.csv:%d, colonne « Date » : « 31/02/2026 » n'est pas une date comme « JJ/MM/AAAA »",
			"f.csv:%d, colonne « Montant » : « 12.5 » n'est pas un montant",
			"f.csv:%d, colonne « Statut » : « Perdu » n'est pas une des valeurs de la correspondance : « En cours », « Terminé », « À instruire »",
		} {
			if place = fmt.Sprintf(place, 5+shift); !strings.Contains(text, place) {
				t.Errorf("%s: %q is not said in\n%s", name, place, text)
			}
		}
		for _, place := range []string{"f.csv:%d, colonne « N° » : la case est vide", "f.csv:%d, colonne « Date » : « 1/2/26 »", "f.csv:%d : 6 cases pour 5 titres", "f.csv:%d : un guillemet"} {
			line := map[byte]int{'N': 7, 'D': 8, '6': 9, 'u': 10}[strings.TrimPrefix(strings.TrimPrefix(place, "f.csv:%d, colonne « "), "f.csv:%d : ")[0]]
			if place = fmt.Sprintf(place, line+shift); !strings.Contains(text, place) {
				t.Errorf("%s: %q is not said in\n%s", name, place, text)
			}
		}
	}
}

func TestWrongFiles(t *testing.T) {
	m := parse(t, example)
	for name, c := range map[string]struct{ file, content, want string }{
		"empty":         {"f.csv", "\n\n", "f.csv:1 : le fichier est vide"},
		"no columns":    {"f.csv", "\nN°;Date\n1;\n", "f.csv:2 : les colonnes « Montant », « Statut », « Objet » ne sont pas dans le fichier, qui a « N° », « Date »"},
		"no column":     {"f.csv", "\nN°;Date;Montant;Objet\n1;;;\n", "f.csv:2, colonne « Statut » : elle n'est pas dans le fichier, qui a « N° », « Date », « Montant », « Objet »"},
		"two columns":   {"f.csv", "N°;Date;Montant;Statut;Objet;objet\n", "f.csv:1, colonne « Objet » : deux colonnes ont ce titre"},
		"not a text":    {"f.csv", "N°\x00;", "ce n'est pas un texte"},
		"not a sheet":   {"f.xlsx", "N°;Date", "ce n'est pas un fichier XLSX entier"},
		"another sheet": {"f.xls", "", "enregistrez ce fichier en .xlsx"},
	} {
		if _, _, err := all(m, c.file, []byte(c.content)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, said, err := all(m, "f.csv", []byte("N°;Date;Montant;Statut;Objet\n1;;;;a\n2;;;;\"b\n3;;;;c\n")); err != nil || len(said) != 1 || !strings.Contains(said[0], "f.csv:3 : un guillemet n'est pas fermé") {
		t.Errorf("an open quote: %q, %v", said, err)
	}
}

func TestSheets(t *testing.T) {
	m := parse(t, example)
	book := excelize.NewFile()
	date, err := book.NewStyle(&excelize.Style{NumFmt: 14})
	if err != nil {
		t.Fatal(err)
	}
	for cell, value := range map[string]any{
		"A2": "N°", "B2": "date", "C2": "Montant (€)", "D2": "Statut", "E2": "Objet",
		"A3": 123456, "B3": 46086.0, "C3": 1234.5, "D3": "Terminé", "E3": "en nombres",
		"A5": "007", "B5": "05/03/2026", "C5": "1 234,50", "E5": "en textes",
		"A6": "x", "B6": "demain", "C6": "beaucoup",
	} {
		if err := book.SetCellValue("Sheet1", cell, value); err != nil {
			t.Fatal(err)
		}
	}
	if err := book.SetCellStyle("Sheet1", "B3", "B3", date); err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := book.Write(&file); err != nil {
		t.Fatal(err)
	}
	rows, said, err := all(m, "f.xlsx", file.Bytes())
	want := []Row{{3, values("123456", "2026-03-05", "1234.5", "fermé", "en nombres")}, {5, values("007", "2026-03-05", "1234.50", "ouvert", "en textes")}}
	if err != nil || !reflect.DeepEqual(rows, want) {
		t.Errorf("%v, %v", rows, err)
	}
	if len(said) != 2 || !strings.HasPrefix(said[0], "f.xlsx:6, colonne « date » : ") || !strings.HasPrefix(said[1], "f.xlsx:6, colonne « Montant (€) » : ") {
		t.Errorf("said %q", said)
	}
	cut := file.Bytes()
	if _, _, err := all(m, "f.xlsx", cut[:len(cut)*2/3]); err == nil {
		t.Error("a cut file is read")
	}
	if _, _, err := all(parse(t, "sheet: Autre\n"+example), "f.xlsx", file.Bytes()); err == nil || !strings.Contains(err.Error(), "« Autre » n'est pas dans le fichier, qui a « Sheet1 »") {
		t.Errorf("a sheet that is not there: %v", err)
	}
}

// awkward are values that files often lose.
var awkward = []map[string]string{
	values("=HYPERLINK(\"http://exemple.invalid\")", "2026-03-05", "-12.5", "fermé", "+33 et plus"),
	values("'=a", "1999-12-31", "0", "ouvert", "''@b"),
	values("-", "", "", "ouvert", "a;b,c\td|e \"f\"\ng"),
	values("007", "2026-10-25", "123456789012345", "ouvert", "_x000D_ & <b> ]]> é œ € 𝄞"),
	values("1e5", "2026-03-05", "0.01", "ouvert", "＝1 'quoted' '"),
}

func TestRoundTrip(t *testing.T) {
	m := parse(t, example)
	for _, f := range []Format{CSV, XLSX} {
		var file bytes.Buffer
		w, err := m.NewWriter(&file, f)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range awkward {
			if err := w.Write(v); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		rows, said, err := all(m, "f."+string(f), file.Bytes())
		if err != nil || len(said) > 0 || len(rows) != len(awkward) {
			t.Fatalf("%s: %d rows, %q, %v", f, len(rows), said, err)
		}
		for i, row := range rows {
			want := values(awkward[i]["id"], awkward[i]["date"], awkward[i]["montant"], awkward[i]["état"], awkward[i]["texte"])
			if !reflect.DeepEqual(row.Values, want) {
				t.Errorf("%s: row %d is %q, want %q", f, i, row.Values, want)
			}
		}
		if f == CSV {
			for _, line := range strings.Split(file.String(), "\r\n") {
				for _, cell := range strings.Split(line, ";") {
					if cell = strings.Trim(cell, `"`); cell != "" && strings.Contains("=+@", cell[:1]) {
						t.Errorf("the cell %q is a formula", cell)
					}
				}
			}
			continue
		}
		book, err := excelize.OpenReader(&file)
		if err != nil {
			t.Fatal(err)
		}
		defer book.Close()
		if cell, err := book.GetCellValue("guichet", "A2"); err != nil || !strings.HasPrefix(cell, "'=") {
			t.Errorf("the cell %q, %v, is a formula", cell, err)
		}
	}
}

// The clock goes back on 25 October 2026: the hour that comes twice is told apart, by a mapping that can.
func TestTheHourThatComesTwice(t *testing.T) {
	m := parse(t, "dates: [\"JJ/MM/AAAA HH:mm:ss\", \"JJ/MM/AAAA HH:mm:ssZ\"]\nfields: {id: N°, date: Date}\n")
	for n := range 6 {
		at := time.Date(2026, 10, 24, 22+n, 30, 15, 0, time.UTC)
		again(t, m, []Row{{2, map[string]string{"id": "1", "date": FromTime(at)}}}, CSV)
		if read, err := Moment(FromTime(at)); err != nil || !read.Equal(at) {
			t.Errorf("%s is read as %s, %v", at, read, err)
		}
	}
	if noon, err := Moment("2026-07-14"); err != nil || noon.Format(time.RFC3339) != "2026-07-14T10:00:00Z" {
		t.Errorf("a day is read as %s, %v", noon, err)
	}
}

func TestOpenNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "liste.csv")
	if err := os.WriteFile(path, []byte("N°;Date;Montant;Statut;Objet\n;;;;a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := parse(t, example).Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Next(); err == nil || !strings.HasPrefix(err.Error(), "liste.csv:2, colonne « N° » : ") {
		t.Errorf("%v", err)
	}
	if _, err := parse(t, example).Open(path + "x"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestWrongMappings(t *testing.T) {
	for source, want := range map[string]string{
		"fields: {id: N°, perdu: A}":                                 "m.yaml:1 : le champ « perdu » est inconnu : id, date",
		"fields:\n  date: A":                                         "m.yaml:1 : il manque le champ « id »",
		"fields:\n  id: A\n  texte: {values: {a: b}}":                "m.yaml:3 : champ « texte » : il manque « column » ou « constant »",
		"fields:\n  id: A\n  date: {column: B, dates: J/M/A}":        "m.yaml:3 : champ « date » : dates « J/M/A »",
		"fields:\n  id: A\n  état: {constant: perdu}":                "m.yaml:3 : champ « état » : « perdu » n'est pas une des valeurs du champ : ouvert, fermé",
		"fields:\n  id: A\n  état: {column: B, values: {x: y}}":      "m.yaml:3 : champ « état » : « x » : « y » n'est pas",
		"fields:\n  id: A\n  texte: {column: B, constant: c}":        "m.yaml:3 : champ « texte » : « column » et « constant »",
		"fields:\n  id: A\n  texte: {colonne: B}":                    "m.yaml:3 : ",
		"fields:\n  id: A\n  date: {column: B, default: demain}":     "m.yaml:3 : champ « date » : date « demain »",
		"fields:\n  id: A\n  montant: {column: B, default: \"1,5\"}": "m.yaml:3 : champ « montant » : montant « 1,5 »",
		"fields:\n  id: A\n\ndelimiter: tabulation":                  "m.yaml:4 : delimiter « tabulation »",
		"fields:\n  id: A\nencoding: latin1":                         "m.yaml:3 : encoding « latin1 »",
		"fields:\n  id: A\ndecimal: ;":                               "m.yaml:3 : decimal « ; »",
		"fields: 3":                                                  "« fields » donne une colonne",
		"champs: {}":                                                 "m.yaml:1 : ",
		"[":                                                          "m.yaml:1 : ",
	} {
		if _, err := ParseMapping("m.yaml", []byte(source), fields); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", source, err, want)
		}
	}
}

func FuzzText(f *testing.F) {
	m := parse(f, example)
	for _, s := range []string{"N°;Date;Montant;Statut;Objet\n1;05/03/2026;1 234,50;En cours;\"a\nb\"\n", "\ufeffN°\tDate\tMontant\tStatut\tObjet\n'=1\t\t\t\t\n", "\xff\n", "N°,\"", "N°;Date;Montant;Statut;Objet\n\xe9;;;;\r"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		rows, _, err := all(m, "f.csv", content)
		if err != nil {
			return
		}
		again(t, m, rows, CSV)
	})
}

func FuzzSheet(f *testing.F) {
	m := parse(f, example)
	var file bytes.Buffer
	w, err := m.NewWriter(&file, XLSX)
	if err != nil {
		f.Fatal(err)
	}
	for _, v := range awkward {
		if err := w.Write(v); err != nil {
			f.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(file.Bytes())
	f.Add(file.Bytes()[:file.Len()/2])
	f.Fuzz(func(t *testing.T, content []byte) {
		rows, _, err := all(m, "f.xlsx", content)
		if err != nil {
			return
		}
		again(t, m, rows, XLSX)
	})
}

// FuzzCell writes any text in both kinds of file and reads it back.
func FuzzCell(f *testing.F) {
	m := parse(f, example)
	for _, s := range []string{"=1", "'=1", "a\r\nb", "_x0041_", "\x00\x01é", "\u2028", "  x ", "\xff", "\ufeff", "-", "\ufffe", "_x005F_", "\u0085a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if text = tidy(text); text == "" || len(text) > 1000 {
			return
		}
		rows := []Row{{2, values(text, "2026-03-05", "1.50", "fermé", text)}}
		again(t, m, rows, CSV)
		again(t, m, rows, XLSX)
	})
}

// again holds that what was read is written and read the same.
func again(t *testing.T, m *Mapping, rows []Row, f Format) {
	t.Helper()
	var file bytes.Buffer
	w, err := m.NewWriter(&file, f)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if err := w.Write(row.Values); err != nil {
			if f == XLSX && strings.Contains(err.Error(), "caractères") {
				return
			}
			t.Fatalf("%q is not written: %v", row.Values, err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, said, err := all(m, "f."+string(f), file.Bytes())
	if err != nil || len(said) > 0 || len(got) != len(rows) {
		t.Fatalf("%d rows of %d, %q, %v", len(got), len(rows), said, err)
	}
	for i := range rows {
		if !reflect.DeepEqual(got[i].Values, rows[i].Values) {
			t.Fatalf("%s: %q, then %q", f, rows[i].Values, got[i].Values)
		}
	}
}
