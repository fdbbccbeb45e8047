package knowledge

import (
	"strings"
	"testing"

	"guichet/knowledge/french"
)

// An answer need not hold who asks and what happened to them; what is asked of, it must.
func TestSetting(t *testing.T) {
	for question, want := range map[string]string{
		"Je tiens un gîte à la mer, quel est le montant de la prime ?":                             "je tiens un gite a la mer,",
		"Quel est le montant pour mon gîte ?":                                                      "",
		"Quelles aides dans les Hauts-de-France ?":                                                 "hauts-de-france",
		"Fromager à Wissant, 4 salariés, je veux changer de four. C'est combien ?":                 "fromager a wissant, 4 salaries, je veux changer de four. ",
		"Une fonderie de Noyelles cherche de la place. Quel est le plafond de la prime ?":          "une fonderie de noyelles cherche de la place. ",
		"Plafond de la prime pour une entreprise de Noyelles, 12 salariés":                         "12 salaries une entreprise de noyelles",
		"Une cidrerie de 14 personnes peut-elle avoir la prime ?":                                  "une cidrerie de 14 personnes",
		"La prime suffit-elle ? Merci d'avance pour votre aide.":                                   "merci d'avance pour votre aide.",
		"Le seuil est passé à dix ans. Quelle mesure en découle ?":                                 "",
		"Prime vélo : combien ?":                                                                   "",
		"Numéro de téléphone de Jeanne Martin":                                                     "",
		"Coût du Diag Comète de Banquexemple ?":                                                    "",
		"Prix moyen d'une maison à Noyelles ?":                                                     "",
		"Je voudrais savoir qui suit l'export à la Région.":                                        "",
		"Nous avons 7 M€ de chiffre d'affaires et 80 salariés. Quel taux pour la prime ?":          "nous avons 7 m€ de chiffre d'affaires et 80 salaries. ",
		"Peut-on, à Noyelles, avoir la prime quand on a moins de 10 salariés ?":                    "",
		"J'ai 45 salariés à Noyelles. Notre dossier de prime, on l'envoie à qui ?":                 "j'ai 45 salaries a noyelles. notre dossier de prime,",
		"Dans notre prime, on a dit 40 %. C'est 40 % de quoi ?":                                    "dans notre prime, on a dit 40 %. ",
		"Un EPCI peut-il refuser la prime à une boulangerie de Noyelles (4 salariés) déjà aidée ?": "4 salaries) une boulangerie de noyelles",
	} {
		fold, got := french.Fold(question), []string{}
		s := loadVocabulary().setting(question)
		for _, span := range append(s.told, s.own...) {
			got = append(got, fold[span[0]:span[1]])
		}
		if joined := strings.Join(got, ""); strings.ReplaceAll(joined, " ", "") != strings.ReplaceAll(want, " ", "") {
			t.Errorf("%q: %q", question, got)
		}
	}
}

// The name of a thing that somebody tells of is missed when no document has it; a place, a company's kind and a courtesy are not.
func TestNamesInTheSetting(t *testing.T) {
	for question, want := range map[string]string{
		"Je suis à Villeneuve-d'Ostre, une PME. Quel taux pour la prime ?":        "",
		"On m'a parlé du Chèque Friture Propre. Quel taux ?":                      "Chèque Friture Propre",
		"Madame, Monsieur, je vise le Prêt Zébulon. Quel taux ?":                  "Prêt Zébulon",
		"Nous sommes près de Noyelles et nous visons l'aide XYZT. Quel plafond ?": "XYZT",
	} {
		var got []string
		v := loadVocabulary()
		for _, c := range v.parse(question, v.setting(question)).concepts {
			if c.aside && c.name {
				got = append(got, c.word)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %q", question, got)
		}
	}
}

// Several things that are asked at once are asked each in the setting of the others.
func TestParts(t *testing.T) {
	for question, want := range map[string]string{
		"Combien coûte la prime ?":                                     "",
		"La prime, c'est combien et pour combien de temps ?":           "pour combien de temps ? | c'est combien et",
		"Quel est le taux de la prime ? Qui la verse ?":                "qui la verse ? | quel est le taux de la prime ?",
		"Quel est le taux de la prime ? Quel est son plafond ?":        "quel est son plafond ? | quel est le taux de la prime ?",
		"Quel taux, quel plafond, quelle durée, quelle date, quel âge": "",
		"Qui finance et conseille les fermes ?":                        "",
	} {
		fold := french.Fold(question)
		var got []string
		for _, s := range loadVocabulary().parts(question) {
			var told []string
			for _, span := range s.told {
				told = append(told, strings.Fields(fold[span[0]:span[1]])...)
			}
			got = append(got, strings.Join(told, " "))
		}
		if joined := strings.Join(got, " | "); joined != want {
			t.Errorf("%q: %q", question, joined)
		}
	}
}

// What names the subject before anything is asked is known as such.
func TestTopic(t *testing.T) {
	for question, want := range map[string]string{
		"Le label vert, c'est combien ?":                      "label vert",
		"Prime vélo : quel taux ?":                            "Prime vélo",
		"Combien coûte le label vert ?":                       "",
		"Je tiens un gîte, combien coûte le label vert ?":     "",
		"Un échange a porté sur le label vert. Qui y était ?": "échange porté label vert",
	} {
		var got []string
		v := loadVocabulary()
		for _, c := range v.parse(question, v.setting(question)).concepts {
			if c.topic {
				got = append(got, c.word)
			}
		}
		if joined := strings.Join(got, " "); joined != want {
			t.Errorf("%q: %q", question, joined)
		}
	}
}
