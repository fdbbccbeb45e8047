package knowledge_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"guichet/knowledge"
	"guichet/knowledge/base"
	"guichet/knowledge/extract"
	"guichet/knowledge/sqlstore"
	"guichet/migrations/databasetest"
)

var day = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// real is a base of the real documents: the seed for the staff, the schemes and the cards.
func real(t *testing.T) *knowledge.Base {
	t.Helper()
	store := sqlstore.New(databasetest.New(t), nil)
	data := filepath.Join("..", "..", "shared", "data")
	ingest(t, store, toStaff, filepath.Join(data, "seed"))
	ingest(t, store, toPublic, filepath.Join(data, "dispositifs"))
	if _, err := knowledge.Ingest(t.Context(), store, knowledge.Ingestion{Read: extract.Read, Audience: knowledge.Public}, base.Cards()); err != nil {
		t.Fatal(err)
	}
	return knowledge.NewBase(store)
}

func TestAsk(t *testing.T) {
	b := real(t)
	partner := knowledge.Viewer{Audience: knowledge.Partner}
	for _, test := range []struct {
		viewer   knowledge.Viewer
		question string
		facts    string // what the answer and a quote hold, parted by |; « » for a refusal
		document string // of the first quote
	}{
		{everyone, "Quel est le montant du Prêt Vert ?", "5 000 000 €", "pret-vert"},
		{everyone, "quel est le plafond du pret vert de bpifrance", "5 000 000 €", "pret-vert"},
		{everyone, "À quelle adresse écrire pour le Booster Transformation Rev3 ?", "BTR3@hautsdefrance.fr", ""},
		{everyone, "Combien de jours dure le Diag Decarbonaction ?", "12 jours", "diag-decarbon-action"},
		{everyone, "Prix du Diag Ecoconception ?", "5 400", "diag-ecoconception"},
		{staff, "À quel rythme ont lieu les revues de projet ?", "6 à 8 semaines", ""},
		{staff, "Combien de chargés de mission territoriaux a la DFP ?", "trentaine", ""},
		{staff, "Où trouve-t-on les modalités de concertation ?", "calendrier", "concertation-pole-entreprises-emploi"}, // « les odalit s de o e tatio »
		{everyone, "Quel est le taux d'intérêt du Prêt Vert ?", "", ""},
		{everyone, "Quel sera le plafond du Prêt Vert en 2029 ?", "", ""},                          // a year that no document names
		{everyone, "Combien d'entreprises ont bénéficié du Booster Transformation Rev3 ?", "", ""}, // a number, of something else
		{staff, "Dans quelle salle se tient la réunion Filières ?", "", ""},
		{staff, "Quel éditeur a été retenu pour le CRM ?", "", ""},
		{everyone, "Comment renouveler mon passeport à Arras ?", "", ""},
		{everyone, "Quels sont les taux du fonds régional d'investissement d'Occitanie ?", "", ""},
		{staff, "Quelle est l'adresse du siège de NFI ?", "", ""},
		{partner, "Qu'a-t-on décidé au CODIR du 2 juin ?", "", ""},
		{everyone, "Combien d'entreprises ont eu le Diag Eco-Flux ?", "", ""},
		{everyone, "Le programme LISE, c'est combien de jours et faut payer ?", "2 jours", "evaluation-carbone-lise"},
		{everyone, "Qui est l'opérateur du Prêt Vert, et quel est son plafond ?", "5 000 000 €", "pret-vert"},
		{everyone, "Quel est le plafond du Prêt Vert, et combien d'entreprises l'ont obtenu en 2025 ?", "", ""}, // half an answer is none
		{everyone, "Tenancier d'un bar, le Diag Decarbonaction dure combien de jours ?", "12 jours", "diag-decarbon-action"},
		{everyone, "Quel est le plafond de la subvention PRIT ?", "100 000 €", "fiche-prit-hdf"},
		{everyone, "Quelles aides pour faire un diagnostic carbone ?", "LISE", ""},
		{everyone, "Quelles aides pour apprendre le piano ?", "", ""},
		{everyone, "Quel âge ?", "", ""},
		{everyone, "", "", ""},
		{everyone, "?! ... le la", "", ""},
		{everyone, strings.Repeat("aide ", 20000), "", ""},
	} {
		name := test.question
		t.Run(name[:min(60, len(name))], func(t *testing.T) {
			a, err := b.Ask(t.Context(), test.viewer, test.question, day)
			if err != nil {
				t.Fatal(err)
			}
			if test.facts == "" {
				if len(test.question) < 1000 && (!a.Abstained || len(a.Quotes) > 0) {
					t.Errorf("not declined: %s", a.Text)
				}
				return
			}
			quotes := ""
			for _, q := range a.Quotes {
				quotes += q.Text + "\n"
			}
			for _, fact := range strings.Split(test.facts, "|") {
				if !strings.Contains(a.Text, fact) || !strings.Contains(quotes, fact) {
					t.Errorf("%q is missing:\n%s", fact, a.Text)
				}
			}
			if test.document != "" && (len(a.Quotes) == 0 || a.Quotes[0].Document != test.document) {
				t.Errorf("first quote of %v, want %s", a.Quotes, test.document)
			}
		})
	}
}

func TestOldSourcesAreMarked(t *testing.T) {
	a, err := real(t).Ask(t.Context(), staff, "Combien de chargés de mission territoriaux a la DFP ?", day)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range a.Quotes {
		if old := q.Date.Year() == 2022; q.Old != old {
			t.Errorf("%s of %s: old is %v", q.Document, q.Date, q.Old)
		}
	}
	if len(a.Quotes) == 0 || !a.Quotes[0].Old {
		t.Errorf("no old source is quoted: %+v", a.Quotes)
	}
}

func TestPassagesThatDisagreeAreBothShown(t *testing.T) {
	a, err := real(t).Ask(t.Context(), staff, "Quelle est la date du comité technique d'octobre 2022 ?", day)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"03 octobre", "11 octobre", "ne donnent pas tous la même réponse"} {
		if !strings.Contains(a.Text, want) {
			t.Errorf("%q is missing:\n%s", want, a.Text)
		}
	}
}

func TestAnswersAreShort(t *testing.T) {
	b := real(t)
	for _, question := range []string{"Quel est le montant du Prêt Vert ?", "À quel rythme ont lieu les revues de projet ?", "Qui anime le réseau Investir ?"} {
		a, err := b.Ask(t.Context(), staff, question, day)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		var extracts []knowledge.Quote // the others are titles and ends of validity, which name what is quoted
		for _, q := range a.Quotes {
			if seen[q.Document+q.Text] {
				t.Errorf("%s: twice the same extract %q", question, q.Text)
			}
			seen[q.Document+q.Text] = true
			if q.Text != q.Title && q.Section != "Fin de validité" {
				extracts = append(extracts, q)
			}
		}
		if _, rest, more := strings.Cut(a.Text, "À lire aussi :"); more != (len(extracts) > 1) || more && strings.Contains(rest, extracts[0].Text) {
			t.Errorf("%s: the best extract must stand alone, before the others:\n%s", question, a.Text)
		}
		if len(extracts) == 0 || len(extracts) > 4 {
			t.Errorf("%s: %d extracts", question, len(extracts))
		}
	}
}

func TestClosedSchemesAreNeverOfferedAsOpen(t *testing.T) {
	b := real(t)
	for _, question := range []string{"Le Prêt Vert Ademe est-il toujours proposé ?", "Mon hôtel peut-il demander aujourd'hui le Prêt Tourisme Bpifrance ?", "Quel est le montant du Prêt Vert Ademe ?"} {
		a, err := b.Ask(t.Context(), everyone, question, day)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(a.Text, "clos") || !strings.Contains(a.Text, "2024-") || !a.Quotes[0].Closed {
			t.Errorf("%s\n%s", question, a.Text)
		}
	}
	before, err := b.Ask(t.Context(), everyone, "Le Prêt Vert Ademe est-il toujours proposé ?", time.Date(2024, 6, 16, 18, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(before.Text, "est clos") {
		t.Errorf("on its last day the scheme is open: %s", before.Text)
	}
}

func TestListOfSchemesNamesOpenOnesFirst(t *testing.T) {
	b := real(t)
	a, err := b.Ask(t.Context(), everyone, "Quelles aides pour installer une chaufferie à biomasse ?", day)
	if err != nil {
		t.Fatal(err)
	}
	closed := false
	documents := map[string]bool{}
	for _, q := range a.Quotes {
		if closed && !q.Closed {
			t.Errorf("an open scheme stands after a closed one: %s", q.Document)
		}
		closed = q.Closed
		documents[q.Document] = true
	}
	if len(documents) < 2 {
		t.Errorf("%d schemes: %s", len(documents), a.Text)
	}
}

// TestNoLeak puts the staff document's own words to the base as the public and as a partner.
func TestNoLeak(t *testing.T) {
	b := real(t)
	_, passages, err := b.Open(t.Context(), staff, "concertation-pole-entreprises-emploi")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []knowledge.Viewer{everyone, {Audience: knowledge.Partner}, {Audience: knowledge.Partner, EPCI: "200067999"}} {
		for i := 0; i < len(passages); i += 13 {
			question := passages[i].Text
			a, err := b.Ask(t.Context(), v, question, day)
			if err != nil {
				t.Fatal(err)
			}
			results, err := b.Search(t.Context(), v, question, 50, day)
			if err != nil {
				t.Fatal(err)
			}
			for _, q := range a.Quotes {
				if q.Audience > v.Audience {
					t.Errorf("%s sees %s", v.Audience, q.Document)
				}
			}
			for _, r := range results {
				if r.Document.Audience > v.Audience || r.Document.EPCI != "" {
					t.Errorf("%s finds %s", v.Audience, r.Document.ID)
				}
			}
		}
	}
	// A slip in a word of the staff's only is not corrected aloud.
	a, err := b.Ask(t.Context(), everyone, "Qui anime COREZOL ?", day)
	if err != nil || strings.Contains(strings.ToLower(a.Text), "coresol") && a.Abstained {
		t.Errorf("%v, %s", err, a.Text)
	}
}

func TestSpelling(t *testing.T) {
	b := real(t)
	for question, want := range map[string]string{"étude methanisasion": "methanisation", "géotermie de surface": "geothermie", "ecoconcepsion": "ecoconception"} {
		results, err := b.Search(t.Context(), everyone, question, 3, day)
		if err != nil || len(results) == 0 || !strings.Contains(results[0].Document.ID, want) {
			t.Errorf("%q finds %+v, %v", question, results, err)
		}
	}
}

// TestWhatIsAskedComesFirst: the sentence or list item that answers stands before its passage, and passages of several
// documents tell whose they are.
func TestWhatIsAskedComesFirst(t *testing.T) {
	b := real(t)
	for _, c := range []struct{ question, first string }{
		{"Le Diag Eco-Flux est-il ouvert aux micro-entreprises ?", "Non éligible aux micro-entreprises"},
		{"Quel est le montant du Prêt Vert ?", "« Prêt Vert »\n"},
	} {
		a, err := b.Ask(t.Context(), everyone, c.question, day)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(a.Text, c.first) {
			t.Errorf("%s: %q does not come first:\n%s", c.question, c.first, a.Text)
		}
		if strings.Contains(a.Text, "10 000 €") && !strings.Contains(a.Text, "« Prêt Vert - Ademe » est clos") {
			t.Errorf("%s: the amount of a closed scheme is given as that of an open one:\n%s", c.question, a.Text)
		}
	}
}

// What other schemes give is beside a question that names one.
func TestANamedSchemeAnswersAlone(t *testing.T) {
	a, err := real(t).Ask(t.Context(), everyone, "Combien coûte le Diag Eco-Flux ?", day)
	if err != nil || a.Abstained {
		t.Fatal(a, err)
	}
	for _, q := range a.Quotes {
		if q.Document != "diag-eco-flux" {
			t.Errorf("%s is quoted: %q", q.Document, q.Text)
		}
	}
}

// Who asks several things of which some are known is told so.
func TestSeveralThingsOfWhichSomeAreKnown(t *testing.T) {
	b := real(t)
	for question, want := range map[string]bool{
		"Je tiens un gîte à Berck, le PRIT monte à combien et qui le gère ?": true,
		"Combien d'entreprises ont eu le Diag Eco-Flux ?":                    false,
		"Quel est le plafond du Prêt Vert ?":                                 false,
	} {
		if a, err := b.Ask(t.Context(), everyone, question, day); err != nil || a.Several != want {
			t.Errorf("%s: several %v, %v", question, a.Several, err)
		}
	}
}

// A question that cannot be answered tells where it was looked for, or that it does not say of what it asks.
func TestDeclinedWithWhatHelps(t *testing.T) {
	b := real(t)
	for _, test := range []struct {
		question, sheet string
		vague           bool
	}{
		{"Quel est le taux d'intérêt du Prêt Action Climat ?", "Prêt Action Climat", false},
		{"Comment financer mon projet ?", "", true},
		{"Quelles aides ?", "", true},
		{"Comment renouveler mon passeport à Arras ?", "", false},
	} {
		a, err := b.Ask(t.Context(), knowledge.Viewer{Audience: knowledge.Public}, test.question, day)
		if err != nil {
			t.Fatal(err)
		}
		sheet := ""
		if a.Sheet != nil {
			sheet = a.Sheet.Title
		}
		if !a.Abstained || sheet != test.sheet || a.Vague != test.vague {
			t.Errorf("%q: sheet %q, vague %v, %s", test.question, sheet, a.Vague, a.Text)
		}
	}
}
