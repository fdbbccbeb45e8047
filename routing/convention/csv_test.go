package convention

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestReadCSV(t *testing.T) {
	want := []Row{
		{2, Convention{ID: "F-1", Type: "aides", EPCI: "200018083", Themes: []string{"export", "creation"}, Start: "2026-01-01", End: "2026-12-31", Signed: "2025-12-15", Document: "https://exemple.invalid/a,b", Renews: "F-0"}},
		{3, Convention{ID: "F-0", Type: "cadre", EPCI: "200018083", Start: "2024-01-01", End: "2025-12-31"}},
	}
	for name, file := range map[string]string{
		"commas":     "id,type,epci,themes,debut,fin,signature,document,renouvelle\nF-1,aides,200018083,export|creation,2026-01-01,2026-12-31,2025-12-15,\"https://exemple.invalid/a,b\",F-0\nF-0,cadre,200018083,,2024-01-01,2025-12-31,,,\n",
		"semicolons": "\ufeffType;ID;epci; Debut;fin;signature;document;renouvelle;themes\r\naides; F-1 ;200 018 083;01/01/2026;31/12/2026;15/12/2025;https://exemple.invalid/a,b;F-0; export | creation \r\ncadre;F-0;200018083;01/01/2024;31/12/2025;;;;",
	} {
		if got, err := ReadCSV(strings.NewReader(file)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestReadCSVTellsTheLine(t *testing.T) {
	const head = "id,type,epci,debut,fin\n"
	for want, file := range map[string]string{
		"le fichier est vide":                     "",
		"ligne 1 : colonne « date » inconnue":     "id,type,epci,debut,fin,date\n",
		"ligne 1 : il manque la colonne « fin »":  "id,type,epci,debut\n",
		"ligne 1 : colonne « id » donnée":         "id,type,epci,debut,fin,id\n",
		"ligne 3 : colonne « fin » : date « ? »":  head + "A,x,1,2026-01-01,2026-12-31\nB,x,1,2026-01-01,?\n",
		"ligne 4 : la convention « A » est déjà":  head + "A,x,1,2026-01-01,2026-12-31\nB,x,1,2026-01-01,2026-12-31\nA,x,1,2026-01-01,2026-12-31\n",
		"ligne 2 : la ligne n'a pas":              head + "A,x,1\nB,x,1,2026-01-01,2026-12-31\n",
		"ligne 2 : guillemets":                    head + "\"A,x,1,2026-01-01,2026-12-31\n",
		"ligne 2 : colonne « type » : ce texte n": head + "A,\xe9,1,2026-01-01,2026-12-31\n",
	} {
		if _, err := ReadCSV(strings.NewReader(file)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func FuzzReadCSV(f *testing.F) {
	f.Add("id;type;epci;debut;fin\nA;x;1;2026-01-01;31/12/2026\n")
	f.Add("\ufeffid,type,epci,debut,fin\n\"\n")
	f.Fuzz(func(t *testing.T, file string) {
		rows, err := ReadCSV(strings.NewReader(file))
		if err == nil {
			for _, r := range rows {
				if r.Line < 2 {
					t.Errorf("%+v", r)
				}
			}
		} else if rows == nil && !errors.As(err, new(Wrong)) && !strings.Contains(err.Error(), "fichier") {
			t.Errorf("an error without a place: %v", err)
		}
	})
}
