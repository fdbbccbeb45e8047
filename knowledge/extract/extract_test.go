package extract_test

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"guichet/knowledge"
	"guichet/knowledge/extract"
)

func TestFileErrors(t *testing.T) {
	for name, test := range map[string]struct{ file, content, want string }{
		"empty":                {"a.txt", "", "fichier vide"},
		"blank":                {"a.md", " \n\t\n", "fichier vide"},
		"unknown format":       {"a.exe", "x", "format « .exe » non pris en charge"},
		"no PDF":               {"a.pdf", "x", "ce n'est pas un fichier PDF"},
		"no DOCX":              {"a.docx", "x", "ce n'est pas un fichier DOCX"},
		"old Word":             {"a.docx", "\xd0\xcf\x11\xe0...", "ancien format"},
		"catalogue alone":      {"a.json", "[]", "a.json.yaml"},
		"binary":               {"a.txt", "PK\x03\x04\n\x00\x00", "octet nul, ligne 2"},
		"control characters":   {"a.txt", strings.Repeat("\x01a", 50), "50 caractères de contrôle"},
		"neither encoding":     {"a.txt", "bon\nmauvais \x81\x8d\xe9", "ligne 2 : ni UTF-8 ni Windows-1252"},
		"too large":            {"a.txt", strings.Repeat("a", knowledge.MaxSize+1), "fichier trop gros"},
		"unclosed head":        {"a.md", "---\nid: a\ntexte", "ligne 1 : l'en-tête YAML"},
		"broken head":          {"a.md", "---\nid: a\ntitre: [b\n---\nTexte.", "ligne 3"},
		"bad date":             {"a.md", "---\nid: a\ndate: hier\n---\nTexte.", "ligne 3 : date « hier » illisible"},
		"validity upside down": {"a.md", "---\nvalidite:\n  debut: 2026-02-01\n  fin: 2026-01-01\n---\nTexte.", "ligne 4 : la validité finit avant de commencer"},
		"slip in a key":        {"a.md", "---\ntitre: A\naudiance: staff\n---\nTexte.", "ligne 3 : « audiance » n'est pas une clé de l'en-tête ; vouliez-vous dire « audience » ?"},
		"capital in a key":     {"a.md", "---\nAudience: staff\n---\nTexte.", "ligne 2 : « Audience »"},
		"slip in the validity": {"a.md", "---\nvalidite:\n  début: 2026-01-01\n---\nTexte.", "ligne 3 : « début »"},
		"unknown audience":     {"a.md", "---\naudience: tous\n---\nTexte.", "audience « tous » inconnue"},
		"nothing to read":      {"a.html", "<html><script>x()</script><body><nav>Menu</nav></body>", "aucun texte trouvé"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := extract.File(test.file, []byte(test.content))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error = %v, want %q", err, test.want)
			}
		})
	}
}

func TestEncodings(t *testing.T) {
	for name, content := range map[string]string{
		"UTF-8 with mark": "\uFEFFL'été à Lille.",
		"Windows-1252":    "L'\xe9t\xe9 \xe0 Lille.",
		"CRLF":            "L'été\r\nà Lille.",
		"one control":     "L'été\x07à Lille.",
	} {
		d, err := extract.File("a.txt", []byte(content))
		if err != nil || d.Blocks[len(d.Blocks)-1].Text != "L'été à Lille." && d.Title != "L'été" && d.Title != "L'été à Lille." {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
		if told := len(d.Notes) > 0; told != (name == "Windows-1252") {
			t.Errorf("%s: notes %q", name, d.Notes)
		}
	}
}

const scheme = `---
id: pret-essai
titre: Prêt Essai
montant: De 10 000 € à 1 000 000 €
contact: contact@exemple.invalid
url: https://exemple.invalid/pret
source: https://exemple.invalid/source
validite:
  debut: null
  fin: '2024-06-16'
indisponible: false
---

# Prêt Essai

**Financez votre projet.**
Sur deux lignes.

## Conditions

- Taille :
  - PME
  - TPE
- Zone : France

| Taux | Durée |
|------|-------|
| 2 %  | 5 ans |

## Montant

- Montant : De 10 000 € à 1 000 000 €
`

func TestMarkdown(t *testing.T) {
	d, err := extract.File("x/y.md", []byte(scheme))
	if err != nil {
		t.Fatal(err)
	}
	if d.ID != "pret-essai" || d.Title != "Prêt Essai" || d.URL != "https://exemple.invalid/pret" || d.ValidUntil.Format("2006-01-02") != "2024-06-16" || d.Audience != 0 {
		t.Errorf("document = %+v", d)
	}
	type block struct {
		kind knowledge.BlockKind
		path string
		text string
	}
	var got []block
	for _, b := range d.Blocks {
		got = append(got, block{b.Kind, strings.Join(b.Path, " > "), b.Text})
		first, _, _ := strings.Cut(b.Text, "\n")
		if !strings.HasPrefix(scheme[b.Offset:], strings.Split(first, " Sur deux")[0]) {
			t.Errorf("block %q is not at offset %d: %.20q", b.Text, b.Offset, scheme[b.Offset:])
		}
	}
	want := []block{
		{knowledge.Title, "", "Prêt Essai"},
		{knowledge.Field, "Contact", "contact@exemple.invalid"}, // the amount stands in the body already
		{knowledge.Field, "Fin de validité", "2024-06-16"},
		{knowledge.Paragraph, "", "**Financez votre projet.** Sur deux lignes."},
		{knowledge.Item, "Conditions", "Taille :\n- PME\n- TPE"},
		{knowledge.Item, "Conditions", "Zone : France"},
		{knowledge.Row, "Conditions > Taux | Durée", "2 %  | 5 ans"},
		{knowledge.Item, "Montant", "Montant : De 10 000 € à 1 000 000 €"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("blocks:\n%v\nwant:\n%v", got, want)
	}
}

func TestHTML(t *testing.T) {
	d, err := extract.File("page.html", []byte(`<html><head><title>Site - Page</title><style>p{}</style></head><body><nav>Menu</nav>
		<main><h1>Aide au vélo</h1><p>Jusqu'à <b>500&nbsp;€</b>.</p><h2>Qui ?</h2><ul><li>PME<ul><li>de l'Oise</li></ul></li><li>TPE</li></ul>
		<table><tr><th>Taux</th><th>Durée</th></tr><tr><td>2 %</td><td>5 ans</td></tr></table>Fin.</main><footer>Mentions</footer></body></html>`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, b := range d.Blocks {
		got = append(got, strings.Join(append(append([]string{}, b.Path...), b.Text), " > "))
	}
	want := []string{"Aide au vélo", "Jusqu'à 500 €.", "Qui ? > PME", "Qui ? > de l'Oise", "Qui ? > TPE", "Qui ? > Taux | Durée > 2 % | 5 ans", "Qui ? > Fin."}
	if d.Title != "Aide au vélo" || !reflect.DeepEqual(got, want) {
		t.Errorf("title %q, blocks %q, want %q", d.Title, got, want)
	}
}

func TestPlainTextStructure(t *testing.T) {
	d, err := extract.File("compte-rendu.txt", []byte(`PÔLE ESSAI : ENTREPRISES

Mardi 17 mai

CODIR :
- Retour du groupe
- Feuille de route

PÔLE ESSAI : ENTREPRISES
Réunion Thématique
Emploi
Mardi 24 mai 2022

CONTEXTE

La définition de l’emploi n’est pas

partagée par tous. Elle change selon
les lieux.

ETAT DES LIEUX

Ce qui marche

Des interventions
nombreuses et suivies.

=>Avec les EPCI
• Une convention
cadre.
1. Quelle suite ?
`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range knowledge.Split(d) {
		got = append(got, strings.Join(append(append([]string{}, p.Path...), p.Text), " > "))
	}
	section := "Réunion Thématique Emploi Mardi 24 mai 2022"
	want := []string{
		"PÔLE ESSAI : ENTREPRISES",
		"Mardi 17 mai CODIR :\n- Retour du groupe\n- Feuille de route",
		section,
		section + " > CONTEXTE > La définition de l’emploi n’est pas partagée par tous. Elle change selon les lieux.",
		section + " > ETAT DES LIEUX > Ce qui marche > Des interventions nombreuses et suivies.",
		section + " > ETAT DES LIEUX > Ce qui marche > Avec les EPCI > Une convention cadre.\n1. Quelle suite ?",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("passages:\n%s\nwant:\n%s", strings.Join(got, "\n---\n"), strings.Join(want, "\n---\n"))
	}
}

// What happens stays with its day and with what the list is of, though its mark was lost; the day of what follows is not its own.
func TestCalendarsKeepTheirDays(t *testing.T) {
	d, err := extract.File("calendrier.txt", []byte(`CALENDRIER

Réunions entre services sur :
Le rôle du guichet (Anne, Paul) –10 mai –

Le rôle de la halle (Anne, Zoé) - Vendredi 13
mai

- Le rôle du quai (Luc)
Lundi 30 mai

Jeudi 02 juin

COMITÉ : suites :

- Le guichet
- La halle
 Jeudi 09 juin

Réunions des responsables sur le
quai :

- De la halle
`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range knowledge.Split(d)[1:] {
		got = append(got, p.Text)
	}
	want := []string{
		"Réunions entre services sur :\nLe rôle du guichet (Anne, Paul) –10 mai –\nLe rôle de la halle (Anne, Zoé) - Vendredi 13 mai\n- Le rôle du quai (Luc) Lundi 30 mai",
		"Jeudi 02 juin COMITÉ : suites :\n- Le guichet\n- La halle",
		"Jeudi 09 juin Réunions des responsables sur le quai :\n- De la halle",
	}
	if !slices.Equal(got, want) {
		t.Errorf("passages %q, want %q", got, want)
	}
}

func TestNumberedItemsKeepTheirNumbers(t *testing.T) {
	d, err := extract.File("a.md", []byte("# Étapes\n\n1. Complétez le dossier.\n2. Échangez avec la direction.\n\n## Pièces\n\n- Un devis.\n- Un plan.\n"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range knowledge.Split(d) {
		got = append(got, p.Text)
	}
	if want := []string{"Étapes", "1. Complétez le dossier.\n2. Échangez avec la direction.", "Un devis.\n- Un plan."}; !slices.Equal(got, want) {
		t.Errorf("passages %q, want %q", got, want)
	}
}

// TestQuotesAreVerbatim holds every passage of the real files to the file, spaces and line breaks apart.
func TestQuotesAreVerbatim(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "..", "shared", "data", "*", "*.[mt][dx]*"))
	if err != nil || len(files) < 200 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		d, err := extract.File(name, content)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		file := strings.Join(strings.Fields(string(content)), " ")
		for _, p := range knowledge.Split(d) {
			if text := strings.Join(strings.Fields(p.Text), " "); !strings.Contains(file, text) && !strings.Contains(strings.ReplaceAll(file, "''", "'"), text) {
				t.Errorf("%s, passage %d is not in the file: %q", filepath.Base(name), p.Ordinal, text)
			}
		}
	}
}

func FuzzFile(f *testing.F) {
	f.Add("a.md", []byte(scheme))
	f.Add("a.html", []byte("<table><tr><td>x<li>y</table><h2>z"))
	f.Add("a.txt", []byte("TITRE\n\n- a\n=> b\n\xe9t\xe9\n1. c"))
	f.Add("a.md", []byte("---\n---\n| a |\n|---|\n```\n> x\n  - y"))
	f.Fuzz(func(t *testing.T, name string, content []byte) {
		d, err := extract.File(name, content)
		if err != nil {
			if !utf8.ValidString(err.Error()) && utf8.ValidString(name) && utf8.Valid(content) {
				t.Errorf("error is not text: %q", err)
			}
			return
		}
		if d.ID == "" && name != "" && !strings.HasPrefix(filepath.Base(name), ".") {
			t.Errorf("%q has no identifier", name)
		}
		for _, p := range knowledge.Split(d) {
			if strings.TrimSpace(p.Text) == "" || !utf8.ValidString(p.Text) || p.Offset < 0 || p.Offset > 4*len(content) {
				t.Errorf("passage %+v", p)
			}
		}
		if bytes.ContainsRune(content, 0) && !strings.HasSuffix(name, "x") {
			t.Errorf("a file with a null byte was read")
		}
	})
}
