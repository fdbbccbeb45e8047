package knowledge

import (
	"strings"
	"testing"
	"time"

	"guichet/knowledge/french"
)

// asked reads a question without a base: every word is known and weighs the same.
func asked(text string) question {
	q := question{text: text}
	v := loadVocabulary()
	fold := french.Fold(text)
	for i := range v.demands {
		if d := &v.demands[i]; d.asked.MatchString(fold) && (!d.Spelled || abbreviates(text)) {
			q.demands = append(q.demands, &v.demands[i])
		}
	}
	for _, t := range terms(text) {
		before := french.Fold(text[:t.Start])
		q.concepts = append(q.concepts, concept{
			word: text[t.Start:t.End], forms: map[string]float64{t.forms[0]: exactTrust}, weight: 1,
			counted: countedNoun.MatchString(before), valued: v.attribute.MatchString(before),
		})
	}
	return q
}

func passage(title, text string) candidate {
	d := Document{ID: "fiche", Title: title}
	e := Entry{Passage: Passage{Text: text}, Title: Analyse(title), Body: Analyse(text)}
	return candidate{Hit: Hit{Document: d, Entry: e}}
}

// What speaks of the question's subject and does not hold the thing asked for is no answer.
func TestWhatIsAskedMustStandInThePassage(t *testing.T) {
	for _, c := range []struct {
		question, passage string
		counts            bool
	}{
		{"Combien de plateformes ?", "Les 23 plateformes territoriales", true},
		{"Nombre de plateformes ?", "Les plateformes sont dans les territoires.", false},
		{"Combien de chargés de mission ?", "Les chargés de mission sont une trentaine.", true},
		{"Combien de vélos au minimum ?", "La flotte de vélos est louée pour 3 ans.", false},
		{"Combien de vélos au minimum ?", "La flotte de vélos donne une réduction de 25 %.", false},
		{"Combien de travaux au minimum ?", "Présenter des travaux d'au moins 40 000 €", true},
		{"Combien de travaux ?", "Il faut 40 000 € de travaux.", true},
		{"Combien de travaux ?", "L'aide couvre 40 % de ceux des travaux retenus.", false},
		{"Combien de travaux ?", "Les travaux durent 3 mois.", false},
		{"Combien d'années d'expérience ?", "Justifier de 3 années d'expérience", true},
		{"Combien d'abonnés ?", "Le service coûte de 150 à 800 € sur abonnement.", false},
		{"Quel est le montant ?", "Sans nombre", true},                                                                  // no noun is counted
		{"Nombre d'entreprises accompagnées ?", "Le programme accompagne les entreprises par deux dispositifs.", false}, // counts dispositifs
		{"Combien d'entreprises ?", "Réunir 20 chefs d'entreprise", false},
		{"Combien de sites ?", "Deux nouveaux sites ouvrent.", true},
		{"Combien de questions ?", "Il pose au plus une question.", true},
		{"Combien de salariés ?", "Effectif : salariés : 20 à 250", true},
		{"Combien y a-t-il de plateformes ?", "Les plateformes tiennent 3 réunions.", false},
		{"Combien avons-nous de plateformes ?", "Nous avons 23 plateformes.", true},
		{"Combien reste à payer ?", "Le coût restant est de 13 000 €.", true}, // « reste » is no noun
	} {
		if got := passage("", c.passage).counts(asked(c.question)); got != c.counts {
			t.Errorf("%q in %q: %v", c.question, c.passage, got)
		}
	}
	for _, c := range []struct {
		question, passage string
		valued            bool
	}{
		{"Quel est le taux d'intérêt du prêt ?", "Le prêt se demande à 100 % en ligne.", false},
		{"Quel est le taux d'intérêt du prêt ?", "Le taux d'intérêt est de 2 %.", true},
		{"Quelle est la date de création du réseau ?", "Le réseau compte 40 membres.", false},
		{"Le réseau est-il ouvert ?", "Le réseau compte 40 membres.", true},
	} {
		if got := passage("", c.passage).holdsValued(asked(c.question)); got != c.valued {
			t.Errorf("%q in %q: %v", c.question, c.passage, got)
		}
	}
	for _, c := range []struct {
		question, title, passage string
		away                     bool
	}{
		{"Quelles aides en Normandie ?", "Aide", "L'aide est régionale.", true},
		{"quelles aides en normandie", "Aide", "Zones : Bretagne, Normandie, Occitanie, Corse.", true},
		{"Qu'a-t-on vu dans la Région Grand Est ?", "Compte rendu", "Retour des déplacements Région Grand Est", false},
		{"À quelle heure est la réunion ?", "Compte rendu", "La séance est à 14 h.", false},
		{"Qui suit l'innovation à la Région Grand Est ?", "Compte rendu", "Retour des déplacements Région Grand Est", true},
		{"En Normandie, qui suit l'export ?", "Export", "La direction suit l'export.", true},
	} {
		if got := passage(c.title, c.passage).away(asked(c.question)); got != c.away {
			t.Errorf("%q in %q: %v", c.question, c.passage, got)
		}
	}
}

func TestNames(t *testing.T) {
	for text, want := range map[string]bool{
		"le service de Camille Dubourgeon": true, // a fictional name
		"la Clef Verte":                    false,
		"Le Prêt Action Climat":            false,
		"un conseiller vous rappelle":      false,
	} {
		if got := hasFullName(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	if !firstNames.MatchString("La réunion (Agathe, Basile)") || firstNames.MatchString("(DPEAP, DAEN)") {
		t.Error("first names are not told from acronyms")
	}
}

func TestAnotherYearIsNoAnswer(t *testing.T) {
	now := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	q := asked("Quelle sera la date de clôture en 2030 ?")
	c := passage("Fonds", "Fin de validité : 2024-07-31")
	for i, concept := range q.concepts {
		if strings.HasPrefix(concept.word, "20") {
			c.grounds.nowhere = append(c.grounds.nowhere, i)
		}
	}
	if c.dated(q, now) {
		t.Error("a passage of 2024 answers for 2030")
	}
}

// What another region does is not ours to tell; a company may come from there.
func TestOfAnotherRegion(t *testing.T) {
	for question, want := range map[string]bool{
		"Quelle direction gère l'export à la Région Normandie ?":                         true,
		"Qui s'occupe de l'artisanat en Île-de-France ?":                                 true,
		"Qui suit les aides de la région Grand-Est":                                      true,
		"qui finance l'innovation dans le Grand Est ?":                                   true,
		"Qui suit une entreprise normande qui s'implante à Amiens ?":                     false,
		"Qui s'occupe des entreprises de Normandie qui s'implantent à Amiens ?":          false,
		"Qui suit une entreprise qui vient de la région Grand Est et s'implante ici ?":   false,
		"Vers qui envoyer une société basée en Bretagne ?":                               false,
		"Quelle direction gère l'export à la Région Hauts-de-France ?":                   false,
		"Qui accompagne en Hauts-de-France les sociétés qui vendent en Occitanie, merci": false,
	} {
		if got := OfAnotherRegion(question); got != want {
			t.Errorf("%s: %v", question, got)
		}
	}
}

// What is asked is read from the whole of its words: a number of something is not an amount, a verb is not an address.
func TestDemands(t *testing.T) {
	for question, want := range map[string]string{
		"Sous combien de temps la prime est-elle versée ?":  "duree",
		"Quelle subvention maximale pour le diagnostic ?":   "montant",
		"Combien reste-t-il à ma charge ?":                  "montant",
		"Le label s'adresse aux structures de plein air ?":  "",
		"À quelle adresse écrire ?":                         "contact",
		"Quelle est l'adresse du siège ?":                   "adresse_postale",
		"Que faire des structures qui font double emploi ?": "",
		"Quel numéro de formulaire faut-il ?":               "",
		"Quelle fraction des offres ?":                      "taux",
		"Quand se tient le prochain jury ?":                 "date avenir",
		"Que signifie ce mot ?":                             "sens",
		"Que signifie TCN ?":                                "sigle",
		"TCN, ça veut dire quoi ?":                          "sigle",
		"Quelles décisions du comité ?":                     "decision",
		"Qu'a-t-on conclu au comité du 3 mai ?":             "decision",
		"Qu'est-ce qui a été tranché mardi ?":               "decision",
		"Quel avis le comité a-t-il rendu ?":                "decision",
		"Qui est le directeur du laboratoire ?":             "personne",
		"C'est qui le responsable de la cellule ?":          "personne",
		"Le chef de la cellule, c'est qui ?":                "personne",
		"Qui est concerné par la cellule ?":                 "",
		"Où se tient la séance ?":                           "endroit",
		"La séance se tient où ?":                           "endroit",
		"Où en est la séance ?":                             "",
		"Combien fait-on économiser en moyenne ?":           "gain",
		"On y gagne combien par an ?":                       "gain",
		"En quelle année le réseau est-il né ?":             "date annee",
	} {
		var names []string
		for _, d := range withoutYielding(asked(question).demands) {
			if d.Required {
				names = append(names, d.Name)
			}
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%q: %q, not %q", question, got, want)
		}
	}
}

// Words of a document's title ask nothing, when the question names it.
func TestATitleAsksNothing(t *testing.T) {
	q, changed := asked("Quel effectif pour gagnantes sur tous les coûts ?").within(Analyse("Gagnantes sur tous les coûts"))
	if !changed || q.asks("montant") || !q.asks("effectif") {
		t.Errorf("demands left: %v", q.demands)
	}
	if _, changed := asked("Jusqu'à quand ?").within(Analyse("Gagnantes sur tous les coûts")); changed {
		t.Error("a demand without a word of the title is left out")
	}
}

// What stands for an acronym stands beside it.
func TestSpellsOut(t *testing.T) {
	for text, want := range map[string]bool{
		"La taxe sur les choses neuves (TCN) est due.":                                              true,
		"La TCN (taxe sur les choses neuves) est due.":                                              true,
		"Le programme TCN – « Tenez vos comptes nets » – dure.":                                     true,
		"Le Centre de travaux et de l'environnement (CTE) reçoit.":                                  true,
		"La plateforme d'initiative (PFI) prête.":                                                   true,
		"Le comité directeur (CODIR) se réunit.":                                                    true,
		"La TCN est un outil qui sert aux entreprises.":                                             false,
		"La TCN aide les communes.":                                                                 false,
		"Taxe : trois cas nouveaux.":                                                                false,
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB " + strings.Repeat("aaaaaaaaaaaaa ", 12): false, // in no time
	} {
		if got := spellsOut(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// Who asks for a list gets no answer from what only says that there is one.
func TestLists(t *testing.T) {
	for _, c := range []struct {
		question, passage string
		want              bool
	}{
		{"Quels indicateurs suit le comité ?", "Le comité suit des indicateurs.", false},
		{"Quels indicateurs suit le comité ?", "Le comité suit l'emploi, le chiffre d'affaires et l'export.", true},
		{"Liste des membres", "Le comité a des membres.", false},
		{"Quel indicateur suit le comité ?", "Le comité suit l'emploi.", true},
	} {
		if got := passage("", c.passage).lists(asked(c.question)); got != c.want {
			t.Errorf("%q in %q: %v", c.question, c.passage, got)
		}
	}
}

// Who did something is told by what says that it was done.
func TestWhoDidIt(t *testing.T) {
	for question, want := range map[string]bool{
		"Qui a présidé la séance ?":                           true,
		"Séance du 3 mai : qui a tenu la plume ?":             true,
		"Qui a été convié à la séance ?":                      false,
		"Combien d'entreprises qui ont candidaté ?":           false,
		"Qui préside la séance ?":                             false,
		"Bonjour, savez-vous qui ? Et qui a rédigé la note ?": true,
	} {
		if got := asked(question).asks("auteur"); got != want {
			t.Errorf("%q: %v", question, got)
		}
	}
}

// What another scheme gives is beside a question that names one and that the named one answers.
func TestANamedSchemeSettles(t *testing.T) {
	q := asked("Quel est le montant du prêt ?")
	one, other := passage("Prêt Zébulon", "Montant : 5 000 €"), passage("Prêt Comète", "Montant : 7 000 € au plus")
	one.titled, one.inTitle, one.score, one.required = 1, 1, 10, q.required()
	other.Document.ID, other.score, other.required = "comete", 9, q.required()
	if got := choose(q, []candidate{one, other}, time.Time{}); len(got) != 1 {
		t.Errorf("%d passages for a scheme that is named", len(got))
	}
	one.titled = 0
	if got := choose(q, []candidate{one, other}, time.Time{}); len(got) != 2 {
		t.Errorf("%d passages when none is named", len(got))
	}
}

// What stands before the question is of the asker when the document has nothing of it, unless it names something.
func TestOtherTopic(t *testing.T) {
	q := question{concepts: []concept{{word: "gérante", topic: true, weight: 1}, {word: "label", weight: 1}}}
	best := passage("Label", "Le label coûte 5 €.")
	for _, c := range []struct {
		nowhere []int
		name    bool
		want    bool
	}{{[]int{0}, false, true}, {[]int{0}, true, false}, {[]int{0, 1}, false, false}, {nil, false, false}} {
		best.grounds.nowhere, q.concepts[0].name = c.nowhere, c.name
		if got := q.otherTopic(best); got != c.want {
			t.Errorf("nowhere %v, a name %v: %v", c.nowhere, c.name, got)
		}
	}
}

// Schemes that come near a need are open, short, and speak of most of it.
func TestOffers(t *testing.T) {
	now := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	q := asked("Quelles aides pour un four solaire ?")
	for name, change := range map[string]func(*candidate){
		"":         func(*candidate) {},
		"closed":   func(c *candidate) { c.Document.ValidUntil = now.AddDate(0, -1, 0) },
		"long":     func(c *candidate) { c.Length = longestSheet + 1 },
		"far away": func(c *candidate) { c.grounds.nowhere = []int{1, 2} },
	} {
		c := passage("Four", "L'aide paie le four solaire.")
		change(&c)
		if got := len(q.offers([]candidate{c}, now)); got == 1 != (name == "") {
			t.Errorf("%q: %d schemes", name, got)
		}
	}
}

// A word that is said twice is counted when its number is asked for the second time.
func TestCountedAgain(t *testing.T) {
	q := loadVocabulary().parse("Éco-Défis : combien de défis faut-il relever ?", setting{})
	if noun, ok := q.countedNoun(); !ok || french.Fold(noun.word) != "defis" {
		t.Errorf("counted: %v %q", ok, noun.word)
	}
}

// The signs against an answer fire.
func TestSignsAgainst(t *testing.T) {
	for _, c := range []struct {
		sign, question, passage string
		nowhere                 []int
	}{
		{"unlisted", "Quels indicateurs suit le comité ?", "Le comité suit des indicateurs.", nil},
		{"why_nowhere", "Pourquoi le comité démissionne ?", "Le comité se réunit.", []int{1}},
	} {
		q := asked(c.question)
		best := passage("", c.passage)
		best.grounds.nowhere = c.nowhere
		for _, s := range signs {
			if s.name == c.sign && s.value(weighed{q: q, best: best}) != 1 {
				t.Errorf("%s does not fire for %q", c.sign, c.question)
			}
		}
	}
}
