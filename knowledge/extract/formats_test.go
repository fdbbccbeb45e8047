package extract_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
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

// fixture reads a file of testdata (testdata/make.py makes them).
func fixture(t testing.TB, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// lines shows the blocks of a document: its titles, its text, its page.
func lines(d knowledge.Document) []string {
	var out []string
	for _, b := range d.Blocks {
		line := strings.Join(append(slices.Clone(b.Path), b.Mark+b.Text), " > ")
		if b.Page > 0 {
			line = fmt.Sprintf("%d: %s", b.Page, line)
		}
		out = append(out, line)
	}
	return out
}

func same(t *testing.T, got, want []string) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestPDFInTwoColumns(t *testing.T) {
	d, err := extract.File("colonnes.pdf", fixture(t, "colonnes.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"1: Guide fictif des aides"}
	for i := 1; i <= 8; i++ {
		text, table := "1: ", "1: " // the first page ends between the text and the table of the fifth chapter
		if i > 5 {
			text = "2: "
		}
		if i > 4 {
			table = "2: "
		}
		chapter := fmt.Sprintf("Chapitre %d : l'aide Houblon %d > ", i, i)
		join := " "
		if i == 8 { // a column ends with a sentence: whether the next one goes on cannot be seen
			join = "\n" + text + chapter
		}
		want = append(want, strings.Split(
			text+chapter+fmt.Sprintf("L'aide Houblon %d finance jusqu'à %d %% de l'achat d'un séchoir, avec un plafond de %d 000 euros.", i, 10+5*i, 7*i)+join+
				"Elle s'adresse aux coopératives brassicoles de moins de cinquante salariés qui s'engagent à maintenir leur activité pendant cinq années au moins.", "\n")...)
		want = append(want,
			text+chapter+"Le dossier est déposé auprès du service instructeur avant le commencement des travaux. Il comprend :",
			text+chapter+"• un devis de moins de trois mois,",
			text+chapter+"• le dernier bilan de la coopérative, accompagné du compte de résultat et de l'annexe,",
			text+chapter+fmt.Sprintf("La décision est notifiée dans un délai de %d semaines. En l'absence de réponse, la demande est réputée rejetée.", i+3),
			table+chapter+fmt.Sprintf("Taille | Taux | Plafond > TPE | %d %% | %d 000 €", 10+5*i, 7*i),
			table+chapter+fmt.Sprintf("Taille | Taux | Plafond > PME | %d %% | %d 000 €", 5+5*i, 9*i))
	}
	same(t, lines(d), want)
}

func TestPDFThatHasNoText(t *testing.T) {
	_, err := extract.File("numerise.pdf", fixture(t, "numerise.pdf"))
	if err == nil || !strings.Contains(err.Error(), "PDF sans texte (pages : 2)") || !strings.Contains(err.Error(), "OCR") {
		t.Errorf("a scanned file: %v", err)
	}
	if _, err = extract.File("cut.pdf", fixture(t, "colonnes.pdf")[:600]); err == nil || !strings.Contains(err.Error(), "abîmé") {
		t.Errorf("a file cut short: %v", err)
	}
}

var reglement = []string{
	"Règlement fictif de l'aide Lin",
	"L'aide Lin finance 45 % de l'achat d'une teilleuse, dans la limite de 30 000 euros.",
	"Bénéficiaires > Sont éligibles :",
	"Bénéficiaires > - les liniculteurs installés depuis deux ans,",
	"Bénéficiaires > - les coopératives de teillage.",
	"Calendrier > Étape | Date | Service > Dépôt | 15 janvier 2027 | Accueil fictif",
	"Calendrier > Étape | Date | Service > Instruction | 1er mars 2027 | Service fictif",
	"Calendrier > Versement > Le solde est versé sur facture acquittée.",
}

func TestWordAndOpenDocumentSayTheSame(t *testing.T) {
	for _, name := range []string{"reglement.docx", "reglement.odt"} {
		d, err := extract.File(name, fixture(t, name))
		if err != nil {
			t.Fatal(err)
		}
		same(t, lines(d), reglement)
		if d.Title != reglement[0] || d.ID != "reglement" || d.Date.Format("2006-01-02") != "2026-03-04" {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

// zipped makes an office file of parts.
func zipped(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, content := range parts {
		f, err := w.Create(name)
		if err == nil {
			_, err = io.WriteString(f, content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const (
	wordHead = `<w:document xmlns:w="w"><w:body>`
	wordTail = `</w:body></w:document>`
)

func word(body string) map[string]string {
	return map[string]string{"word/document.xml": wordHead + body + wordTail}
}

func TestWordParts(t *testing.T) {
	parts := word(`<w:p><w:pPr><w:outlineLvl w:val="0"/></w:pPr><w:r><w:t>Objet</w:t></w:r></w:p>
		<w:p><w:r><w:t xml:space="preserve">Un taux de </w:t></w:r><w:ins><w:r><w:t>40 %</w:t></w:r></w:ins><w:del><w:r><w:delText>50 %</w:delText></w:r></w:del><w:r><w:tab/><w:t>au plus</w:t><w:footnoteReference w:id="2"/></w:r></w:p>
		<w:p><w:r><mc:AlternateContent><mc:Choice><w:txbxContent><w:p><w:r><w:t>Encadré</w:t></w:r></w:p></w:txbxContent></mc:Choice><mc:Fallback><w:t>Encadré</w:t></mc:Fallback></mc:AlternateContent></w:r></w:p>`)
	parts["word/footnotes.xml"] = `<w:footnotes xmlns:w="w"><w:footnote w:type="separator" w:id="-1"><w:p><w:r><w:t>trait</w:t></w:r></w:p></w:footnote><w:footnote w:id="2"><w:p><w:r><w:t>Hors taxes.</w:t></w:r></w:p></w:footnote></w:footnotes>`
	d, err := extract.File("a.docx", zipped(t, parts))
	if err != nil {
		t.Fatal(err)
	}
	same(t, lines(d), []string{"Objet > Un taux de 40 % au plus", "Objet > Hors taxes.", "Objet > Encadré"})
}

func TestOpenDocumentParts(t *testing.T) {
	d, err := extract.File("a.odt", zipped(t, map[string]string{"content.xml": `<o:document-content xmlns:o="o" xmlns:text="t" xmlns:table="b" xmlns:style="s"><style:style style:name="P1" style:parent-style-name="Heading_20_2"/>
		<text:tracked-changes><text:p>effacé</text:p></text:tracked-changes>
		<text:h text:outline-level="1">Objet</text:h><text:p>Deux<text:s text:c="3"/>mots<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>Hors taxes.</text:p></text:note-body></text:note></text:p>
		<text:p text:style-name="P1">Détail</text:p><text:list><text:list-item><text:p>un</text:p><text:list><text:list-item><text:p>deux</text:p></text:list-item></text:list></text:list-item></text:list>
		<table:table><table:table-row><table:table-cell><text:p>A</text:p></table:table-cell><table:table-cell><text:p>B</text:p></table:table-cell><table:table-cell table:number-columns-repeated="1000000"/></table:table-row>
		<table:table-row><table:table-cell table:number-columns-repeated="2"><text:p>x</text:p></table:table-cell></table:table-row></table:table></o:document-content>`}))
	if err != nil {
		t.Fatal(err)
	}
	same(t, lines(d), []string{"Objet > Deux mots", "Objet > Hors taxes.", "Objet > Détail > - un", "Objet > Détail > - deux", "Objet > Détail > A | B > x | x"})
}

func TestSpreadsheet(t *testing.T) {
	d, err := extract.File("aides.xlsx", fixture(t, "aides.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	columns := "Aides > Aide | Ouverture | Clôture | Heure | Taux | Plafond | Note | Active > "
	same(t, lines(d), []string{
		columns + "Aide Osier | 05/03/2026 | 31/12/2026 18:30 | 09:05 | 35 % | 12 500,50 € | 0,3 | oui",
		columns + "Aide Cidre | 01/02/1900 | 30/06/2025 | 14:00 | 12,5 % | 1 000 000 € | 2024 | non",
		"Contacts > Service | Bureau > Accueil fictif | 12",
	})
}

func TestCSV(t *testing.T) {
	for name, content := range map[string]string{
		"a.csv":      "Aide;Taux\n\"Aide Osier; vannerie\";35 %\n;\nAide Cidre;50 %\n",
		"b.csv":      "Aide,Taux\n\"Aide Osier; vannerie\",35 %\nAide Cidre,50 %\n",
		"c.tsv":      "Aide\tTaux\nAide Osier; vannerie\t35 %\nAide Cidre\t50 %\n",
		"excel.csv":  "\uFEFFAide;Taux\r\n\"Aide Osier; vannerie\";35 %\r\nAide Cidre;50 %\r\n",
		"spaces.csv": "Aide; Taux\n\"Aide Osier; vannerie\"; 35 %\nAide Cidre; 50 %\n",
	} {
		d, err := extract.File(name, []byte(content))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		same(t, lines(d), []string{"Aide | Taux > Aide Osier; vannerie | 35 %", "Aide | Taux > Aide Cidre | 50 %"})
	}
	if _, err := extract.File("a.csv", []byte("a;b\nx;\"y\nz")); err == nil || !strings.Contains(err.Error(), "ligne 2 : un guillemet n'est pas fermé") {
		t.Errorf("an open quote: %v", err)
	}
}

const aides = `code;nom;description;conditions;lien;maj;fin;qui
1;Aide Osier;Finance les vanneries.;"- installé
- en activité";https://exemple.invalid/osier;05/03/2026;31/12/2026;public
2;Aide Cidre;<p>Finance les <b>pressoirs</b>.</p>;;;2025-01-02;;staff
3;Aide Date;X;;;hier;;
3;;Sans titre;;;;;
2;Aide Double;X;;;;;
4;Aide Tous;X;;;;;tous
`

const correspondance = `id: code
titre: nom
texte: [description, conditions]
champs: {Code: code}
url: lien
date: maj
fin: fin
audience: qui
`

func TestCatalogueByMapping(t *testing.T) {
	documents, err := extract.Read(knowledge.File{Name: "x/aides.csv", Content: []byte(aides), Mapping: []byte(correspondance)})
	if len(documents) != 2 {
		t.Fatalf("%d documents, %v", len(documents), err)
	}
	osier, cidre := documents[0], documents[1]
	if osier.ID != "aides-1" || osier.Title != "Aide Osier" || osier.URL != "https://exemple.invalid/osier" || osier.Date.Format("2006-01-02") != "2026-03-05" ||
		osier.ValidUntil.Format("2006-01-02") != "2026-12-31" || osier.Audience != knowledge.Public || cidre.Audience != knowledge.Staff {
		t.Errorf("documents %+v", documents)
	}
	same(t, lines(osier), []string{"Aide Osier", "Code > 1", "Fin de validité > 2026-12-31", "description > Finance les vanneries.", "conditions > - installé", "conditions > - en activité"})
	same(t, lines(cidre), []string{"Aide Cidre", "Code > 2", "description > Finance les pressoirs."})
	for _, want := range []string{
		"ligne 5 : colonne « maj » : date « hier » illisible", "ligne 6 : elle n'a pas de titre", "ligne 7 : son identifiant « aides-2 » est déjà celui de ligne 4",
		"ligne 8 : audience « tous » inconnue",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say « %s »: %v", want, err)
		}
	}
}

func TestCatalogueInJSON(t *testing.T) {
	content := `{"meta": {"total": 2}, "data": {"aides": [
		{"id": 7, "nom": "Aide\u0000Osier", "texte": {"long": "Finance les **vanneries**."}, "publics": ["TPE", "PME"], "ouverte": true},
		{"id": 8, "nom": "Aide Cidre", "texte": null, "publics": [], "ouverte": false}]}}`
	documents, err := extract.Read(knowledge.File{Name: "aides.json", Content: []byte(content), Mapping: []byte("liste: data.aides\nid: id\ntitre: nom\ntexte: texte.long\nchamps:\n  Bénéficiaires: publics\n  Ouverte: ouverte\n")})
	if err != nil || len(documents) != 2 {
		t.Fatalf("%d documents, %v", len(documents), err)
	}
	same(t, lines(documents[0]), []string{"Aide Osier", "Bénéficiaires > TPE, PME", "Ouverte > oui", "Finance les **vanneries**."})
	same(t, lines(documents[1]), []string{"Aide Cidre", "Ouverte > non"})
}

func TestMappingsThatAreWrong(t *testing.T) {
	for name, test := range map[string]struct{ content, mapping, want string }{
		"unknown key":    {aides, "titre: nom\ntexte: description\ncolonne: x\n", "ligne 3"},
		"no title":       {aides, "texte: description\n", "« titre » et « texte »"},
		"unknown column": {aides, "titre: intitulé\ntexte: description\n", "« intitulé » n'est pas dans le fichier, qui a « code », « conditions »"},
		"no text":        {"nom;description\nAide Vide;\n", "titre: nom\ntexte: description\n", "ligne 2 : elle n'a pas de texte"},
		"no row":         {"nom;description\n", "titre: nom\ntexte: description\n", "aucune ligne"},
		"not YAML":       {aides, "titre: [nom\n", "correspondance des colonnes : ligne"},
	} {
		_, err := extract.Read(knowledge.File{Name: "aides.csv", Content: []byte(test.content), Mapping: []byte(test.mapping)})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

func TestOfficeFilesThatUnfoldTooFar(t *testing.T) {
	many := map[string]string{}
	for i := range 10_001 {
		many[fmt.Sprint(i)] = ""
	}
	deep := word(strings.Repeat("<w:x>", 300) + strings.Repeat("</w:x>", 300))
	for name, content := range map[string][]byte{
		"a huge part": zipped(t, word("<w:p>"+strings.Repeat(" ", 101<<20)+"</w:p>")), "many parts": zipped(t, many), "deep elements": zipped(t, deep),
	} {
		if len(content) > 2<<20 {
			t.Errorf("%s: the test file is no bomb, it has %d bytes", name, len(content))
		}
		for _, format := range []string{"a.docx", "a.odt", "a.xlsx"} {
			if name == "deep elements" && format != "a.docx" {
				continue
			}
			if _, err := extract.File(format, content); err == nil || !strings.Contains(err.Error(), "fichier refusé") {
				t.Errorf("%s as %s: %v", name, format, err)
			}
		}
	}
	if _, err := extract.File("a.docx", zipped(t, word(`<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><w:p><w:r><w:t>&e;</w:t></w:r></w:p>`))); err == nil {
		t.Error("an entity of outside was read")
	}
}

func TestCardsThatAreNotFinished(t *testing.T) {
	const head = "---\nid: question-3\ntitre: Où ?\nsource: À COMPLÉTER\nquestions: [Où ?]\n---\n\n# Où ?\n\n"
	for name, test := range map[string]struct{ content, want string }{
		"as it was begun": {head + "À COMPLÉTER : la réponse.\n", "ligne 4 : la fiche n'est pas finie"},
		"without source":  {head + "À Lille.\n", "ligne 4 : la fiche n'est pas finie"},
		"without answer":  {strings.Replace(head, "À COMPLÉTER", "le guide fictif", 1), "la fiche n'a pas de réponse"},
	} {
		if _, err := extract.File("fiche.md", []byte(test.content)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	if _, err := extract.File("fiche.md", []byte(strings.Replace(head, "À COMPLÉTER", "le guide fictif", 1)+"À Lille.\n")); err != nil {
		t.Errorf("finished: %v", err)
	}
	if _, err := extract.File("note.md", []byte("# Note\n\nUn formulaire À COMPLÉTER.\n")); err != nil {
		t.Errorf("a text that is no card: %v", err)
	}
}

// most is the largest input that the fuzz tests take.
const most = 1 << 16

func holds(t *testing.T, documents []knowledge.Document, err error) {
	t.Helper()
	if err != nil && !utf8.ValidString(err.Error()) {
		t.Errorf("the error is no text: %q", err)
	}
	for _, d := range documents {
		for _, b := range d.Blocks {
			if strings.TrimSpace(b.Text) == "" || !utf8.ValidString(b.Text) || b.Offset < 0 {
				t.Errorf("block %+v", b)
			}
		}
	}
}

func FuzzDOCX(f *testing.F) {
	f.Add([]byte(wordHead + `<w:p><w:pPr><w:pStyle w:val="Heading1"/><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>a</w:t></w:r></w:p><w:tbl><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl>` + wordTail))
	f.Add([]byte(`<w:document xmlns:w="w"><w:p><w:r><w:t>a`))
	f.Fuzz(func(t *testing.T, part []byte) {
		if len(part) > most {
			return
		}
		d, err := extract.File("a.docx", zipped(t, map[string]string{"word/document.xml": string(part), "word/styles.xml": string(part), "word/footnotes.xml": string(part)}))
		if err == nil {
			holds(t, []knowledge.Document{d}, nil)
		}
		holds(t, nil, err)
	})
}

func FuzzODT(f *testing.F) {
	f.Add([]byte(`<d xmlns:text="t"><text:h text:outline-level="1">a</text:h><text:list><text:list-item><text:p>b<text:note><text:note-body><text:p>c</text:p></text:note-body></text:note></text:p></text:list-item></text:list></d>`))
	f.Add([]byte(`<d><table><table-row><table-cell number-columns-repeated="99999999999"><p>x`))
	f.Fuzz(func(t *testing.T, part []byte) {
		if len(part) > most {
			return
		}
		d, err := extract.File("a.odt", zipped(t, map[string]string{"content.xml": string(part), "meta.xml": string(part)}))
		if err == nil {
			holds(t, []knowledge.Document{d}, nil)
		}
		holds(t, nil, err)
	})
}

func FuzzXLSX(f *testing.F) {
	f.Add([]byte(`<x><cellXfs><xf numFmtId="14"/></cellXfs></x>`), []byte(`<x><sheetData><row r="1"><c r="A1" s="0"><v>45000.5</v></c><c r="ZZ1" t="s"><v>0</v></c><c t="inlineStr"><is><t>a</t></is></c></row></sheetData></x>`))
	f.Add([]byte(`<x><numFmt numFmtId="170" formatCode="[$€-40C]#,##0.00;[h]:mm"/><cellXfs><xf numFmtId="170"/></cellXfs></x>`), []byte(`<x><row><c s="0"><v>-1e308</v></c><c s="0"><v>NaN</v></c><c t="d"><v>2026</v></c></row></x>`))
	f.Fuzz(func(t *testing.T, styles, sheet []byte) {
		if len(styles)+len(sheet) > most {
			return
		}
		d, err := extract.File("a.xlsx", zipped(t, map[string]string{
			"xl/workbook.xml":            `<workbook xmlns:r="r"><sheets><sheet name="A" sheetId="1" r:id="r1"/></sheets></workbook>`,
			"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="r1" Target="worksheets/sheet1.xml"/></Relationships>`,
			"xl/sharedStrings.xml":       string(sheet), "xl/styles.xml": string(styles), "xl/worksheets/sheet1.xml": string(sheet),
		}))
		if err == nil {
			holds(t, []knowledge.Document{d}, nil)
		}
		holds(t, nil, err)
	})
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("a;b\n\"c\n;d\";e\n"), []byte("titre: a\ntexte: b\n"))
	f.Add([]byte("[{\"a\":{\"b\":[1,null,{}]}}]"), []byte("titre: a.b\nchamps: {x: a.b}\n"))
	f.Fuzz(func(t *testing.T, content, mapping []byte) {
		if len(content)+len(mapping) > most {
			return
		}
		if d, err := extract.File("a.csv", content); err == nil {
			holds(t, []knowledge.Document{d}, nil)
		}
		for _, name := range []string{"a.csv", "a.json"} {
			documents, err := extract.Read(knowledge.File{Name: name, Content: content, Mapping: mapping})
			holds(t, documents, err)
		}
	})
}

func FuzzPDF(f *testing.F) {
	f.Add([]byte("%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[2 0 R]/Count 99999>>endobj\ntrailer<</Root 1 0 R>>"))
	f.Add([]byte("%PDF-\x00\xff"))
	f.Fuzz(func(t *testing.T, content []byte) {
		if len(content) > most {
			return
		}
		d, err := extract.File("a.pdf", content)
		if err == nil {
			holds(t, []knowledge.Document{d}, nil)
		}
		holds(t, nil, err)
	})
}
