package docx_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"guichet/knowledge"
	"guichet/knowledge/extract"
	"guichet/routing/revue"
	"guichet/routing/revue/docx"
)

// What is written is read again by the reader of the base.
func TestWhatIsWrittenIsRead(t *testing.T) {
	doc := revue.Document{Title: "Revue de projets – Communauté fictive", Intro: []string{"Version de l'EPCI & rien d'autre."}, Parts: []revue.DocumentPart{
		{Title: "Demandes en retard", Header: []string{"Demande", "Entreprise"}, Rows: [][]string{{"2026-0001", "Fabrique <fictive>\x01"}, {"2026-0002", ""}}, Note: "Et 3 de plus."},
		{Title: "Questions", Note: "Aucune."},
	}}
	var out bytes.Buffer
	if err := docx.Write(&out, doc); err != nil {
		t.Fatal(err)
	}
	read, err := extract.Read(knowledge.File{Name: "revue.docx", Content: out.Bytes()})
	if err != nil || len(read) != 1 {
		t.Fatal(read, err)
	}
	text := fmt.Sprintf("%+v", read[0].Blocks)
	for _, part := range []string{"Version de l'EPCI & rien d'autre.", "Demandes en retard", "2026-0001", "Fabrique <fictive>", "Et 3 de plus.", "Aucune."} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not there:\n%s", part, text)
		}
	}
}
