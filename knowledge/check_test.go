package knowledge_test

import (
	"regexp"
	"strings"
	"testing"

	"guichet/knowledge"
)

func TestUngrounded(t *testing.T) {
	prit := knowledge.Quote{Document: "prit", Title: "Priorités régionales d’interventions touristiques (PRIT)", Section: "PRIT › Montant",
		Text: "PRIT finance jusqu’à 50 % de l’investissement, avec un plafond de 100 000 € ; le taux dépend du projet."}
	loan := knowledge.Quote{Document: "pret", Title: "Prêt Essor", Section: "Prêt Essor › Conditions",
		Text: "Le prêt va de 50 000 à 5 000 000 €, sans garantie, sur 2 à 10 ans, pour les PME de plus de 3 ans. Les associations sont éligibles, mais les SCI ne le sont pas. " +
			"Le dossier se dépose avant le 12 juin 2026 ; les revues ont lieu toutes les 6 à 8 semaines. Écrire à essor@exemple.invalid ou au 03 00 00 00 00, voir https://exemple.invalid/essor."}
	ceiling := knowledge.Quote{Document: "aide", Title: "Aide Fictive", Section: "Aide Fictive › Plafond", Text: "1,5 M€"}
	people := knowledge.Quote{Document: "gens", Title: "Annuaire", Section: "Contacts", Text: "Jeanne Exemple suit la filière Textile pour NFI ; Paul Modèle suit le Canal Seine-Nord Europe. Une trentaine de chargés de mission, dans le Pas-de-Calais, au premier étage."}
	rest := knowledge.Quote{Document: "gens", Title: "Annuaire", Section: "Contacts", Text: "Le comité se tient le premier janvier deux mille vingt-trois et les 12 et 15 mars. Un véhicule neuf coûte deux millions d'euros. La durée est d'un an."}
	for _, test := range []struct {
		name, sentence string
		quote          knowledge.Quote
		holds          bool
	}{
		{"the quote itself", "PRIT finance jusqu'à 50 % de l'investissement, avec un plafond de 100 000 €.", prit, true},
		{"another writing", "Le PRIT finance jusqu'à 50% de l'investissement, plafonné à 100.000 euros.", prit, true},
		{"no-break spaces", "Le plafond du PRIT est de 100\u202f000\u00a0€.", prit, true},
		{"figures in letters", "PRIT finance jusqu'à cinquante pour cent de l'investissement.", prit, true},
		{"in thousands", "Le plafond du PRIT est de 100 k€.", prit, true},
		{"another rate", "PRIT finance jusqu'à 60 % de l'investissement.", prit, false},
		{"another unit", "PRIT finance jusqu'à 50 € de l'investissement.", prit, false},
		{"another magnitude", "Le plafond du PRIT est de 100 000 000 €.", prit, false},
		{"the bound lost", "PRIT finance 50 % de l'investissement.", prit, false},
		{"the bound reversed", "PRIT finance au moins 50 % de l'investissement.", prit, false},
		{"the bound in other words", "Le taux du PRIT peut atteindre 50 %.", prit, true},
		{"a wrong acronym", "DAEN finance jusqu'à 50 % de l'investissement.", prit, false},
		{"a word added", "PRIT finance jusqu'à 50 % de l'investissement des agriculteurs.", prit, false},
		{"a date added", "PRIT finance jusqu'à 50 % de l'investissement en 2027.", prit, false},
		{"English", "PRIT funds up to 50 % of the investment.", prit, false},
		{"a name joined", "PRIT finance jusqu'à 50 % de l'investissement avec la Banque Fictive.", prit, false},
		{"a link", "PRIT finance jusqu'à 50 % de l'investissement (https://exemple.invalid/prit).", prit, false},
		{"markup", "PRIT finance jusqu'à **50 %** de l'investissement.", prit, false},
		{"a question", "PRIT finance-t-il jusqu'à 50 % de l'investissement ?", prit, false},
		{"nothing", "Oui.", prit, false},
		{"nothing at all", "", prit, false},
		{"a denial added", "PRIT ne finance pas l'investissement.", prit, false},

		{"a range", "Le prêt va de 50 000 € à 5 M€, sur 2 à 10 ans.", loan, true},
		{"one end of a range", "Le prêt peut aller jusqu'à 5 millions d'euros.", loan, true},
		{"years for months", "Le prêt dure de 2 à 10 mois.", loan, false},
		{"who may", "Les associations sont éligibles.", loan, true},
		{"who may not", "Les SCI ne sont pas éligibles.", loan, true},
		{"who may turned", "Les associations ne sont pas éligibles.", loan, false},
		{"the denial lost", "Les SCI sont éligibles.", loan, false},
		{"« sans » kept", "Le prêt est accordé sans garantie.", knowledge.Quote{Document: "p", Title: "p", Text: "Le prêt est accordé sans garantie aux PME de plus de 3 ans."}, true},
		{"« sans » lost", "Le prêt est accordé avec garantie.", knowledge.Quote{Document: "p", Title: "p", Text: "Le prêt est accordé sans garantie aux PME de plus de 3 ans."}, false},
		{"« sans » elsewhere", "Le prêt est accordé aux PME de plus de 3 ans.", knowledge.Quote{Document: "p", Title: "p", Text: "Le prêt est accordé sans garantie aux PME de plus de 3 ans."}, true},
		{"a date in figures", "Le dossier se dépose avant le 12/06/2026.", loan, true},
		{"a date in letters", "Le dossier se dépose avant le douze juin deux mille vingt-six.", loan, true},
		{"a month", "Le dossier se dépose en juin 2026.", loan, true},
		{"another day", "Le dossier se dépose avant le 13 juin 2026.", loan, false},
		{"another year", "Le dossier se dépose avant le 12 juin 2027.", loan, false},
		{"a rhythm", "Les revues ont lieu toutes les six à huit semaines.", loan, true},
		{"another rhythm", "Les revues ont lieu toutes les 6 à 8 mois.", loan, false},
		{"an e-mail", "Écrire à essor@exemple.invalid.", loan, true},
		{"another e-mail", "Écrire à contact@exemple.invalid.", loan, false},
		{"a phone", "Écrire au +33 3 00 00 00 00.", loan, true},
		{"another phone", "Écrire au 03 00 00 00 01.", loan, false},
		{"an address", "Voir exemple.invalid/essor.", loan, true},
		{"another address", "Voir https://exemple.invalid/essor/virement.", loan, false},

		{"a value after its label", "Le plafond de l'aide est de 1 500 000 €.", ceiling, true},
		{"a ceiling as an amount", "L'aide est de 1,5 M€.", ceiling, false},
		{"a value ten times smaller", "Le plafond de l'aide est de 150 000 €.", ceiling, false},

		{"a name", "Jeanne Exemple suit la filière Textile pour NFI.", people, true},
		{"without accents, hyphens moved", "Paul Modele suit le canal Seine Nord-Europe.", people, true},
		{"two names mixed", "Jeanne Modèle suit la filière Textile.", people, false},
		{"a name in small letters", "Jeanne exemple suit la filière textile pour nfi.", people, true},
		{"an unknown name", "Marie Exemple suit la filière Textile.", people, false},
		{"about thirty", "Il y a 30 chargés de mission dans le Pas-de-Calais.", people, true},
		{"thirty of something else", "Il y a 30 filières dans le Pas-de-Calais.", people, false},
		{"an ordinal", "Les chargés de mission sont au 1er étage.", people, true},
		{"another ordinal", "Les chargés de mission sont au 2e étage.", people, false},

		{"a date in letters in the quote", "Le comité se tient le 01/01/2023.", rest, true},
		{"two days of a month", "Le comité se tient le 12 mars.", rest, true},
		{"a new vehicle", "Un véhicule neuf coûte 2 M€.", rest, true},
		{"one year", "La durée est de 1 an.", rest, true},
		{"two years", "La durée est de deux ans.", rest, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if why := knowledge.Ungrounded(test.sentence, []knowledge.Quote{test.quote}); (why == "") != test.holds {
				t.Errorf("%q is held: %v, want %v (%s)", test.sentence, why == "", test.holds, why)
			}
		})
	}
	if why := knowledge.Ungrounded("PRIT finance jusqu'à 50 % de l'investissement.", nil); why != "sans source" {
		t.Errorf("without a quote: %q", why)
	}
	if why := knowledge.Ungrounded("Le plafond de l'aide est de 1,5 M€, le PRIT finance jusqu'à 50 %.", []knowledge.Quote{prit, ceiling}); why != "mêle deux documents" {
		t.Errorf("of two documents: %q", why)
	}
}

// TestRealSentences holds the real documents' own sentences, and refuses them once a figure, a month, a name, an acronym or
// a denial is changed.
func TestRealSentences(t *testing.T) {
	b := real(t)
	documents, err := b.Documents(t.Context(), staff)
	if err != nil {
		t.Fatal(err)
	}
	figure, acronym := regexp.MustCompile(`\b\d{1,3}\b`), regexp.MustCompile(`\b\p{Lu}{3,}\b`)
	month := regexp.MustCompile(`\b(janvier|février|avril|juin|juillet|septembre|octobre|novembre|décembre)\b`)
	name := regexp.MustCompile(`( (?:de|la|le|du|les|à|par) )\p{Lu}\p{Ll}{3,}\b`)
	denial := regexp.MustCompile(`\b(ne |n['’])([\pL' ]{2,20}?) pas\b`)
	changes := map[string]func(string) string{
		"nothing": func(s string) string { return s },
		"figure":  func(s string) string { return figure.ReplaceAllString(s, "7654321") },
		"month":   func(s string) string { return month.ReplaceAllString(s, "mars") },
		"name":    func(s string) string { return name.ReplaceAllString(s, "${1}Zébulonie") },
		"acronym": func(s string) string { return acronym.ReplaceAllString(s, "ZZXQ") },
		"denial":  func(s string) string { return denial.ReplaceAllString(s, "$2") },
	}
	tried, held := map[string]int{}, map[string]int{}
	for _, d := range documents {
		_, passages, err := b.Open(t.Context(), staff, d.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range passages {
			quote := []knowledge.Quote{{Document: d.ID, Title: d.Title, Section: strings.Join(p.Path, " › "), Text: p.Text}}
			for _, sentence := range regexp.MustCompile(`[.!?;]\s+|\n`).Split(p.Text, -1) {
				sentence = strings.TrimLeft(sentence, "-• ")
				if len(sentence) < 40 || len(sentence) > 350 || strings.ContainsAny(sentence, "[]*_|<>#`=?\\~{}") {
					continue
				}
				for change, to := range changes {
					changed := to(sentence)
					if changed == sentence && change != "nothing" || change == "month" && strings.Contains(p.Text, "mars") {
						continue
					}
					tried[change]++
					if knowledge.Ungrounded(changed, quote) == "" {
						held[change]++
						if change != "nothing" {
							t.Logf("%s: %s", change, changed)
						}
					}
				}
			}
		}
	}
	for change, most := range map[string]float64{"figure": 0, "month": 0, "name": 0, "acronym": 0, "denial": 0.05} {
		if tried[change] < 30 || float64(held[change]) > most*float64(tried[change]) {
			t.Errorf("with another %s, %d sentences of %d are held", change, held[change], tried[change])
		}
	}
	if tried["nothing"] < 3000 || float64(held["nothing"]) < 0.98*float64(tried["nothing"]) {
		t.Errorf("%d sentences of %d are held as they stand", held["nothing"], tried["nothing"])
	}
	t.Logf("tried %v, held %v", tried, held)
}

// FuzzUngrounded holds that a sentence changed in a figure is refused, and that nothing makes the check fail.
func FuzzUngrounded(f *testing.F) {
	for _, seed := range []string{
		"PRIT finance jusqu’à 50 % de l’investissement.", "quatre-vingt-dix-sept mille et un", "1.500,25 M€ le 31/12/26 et le 1er mai", "03 00 00 00 00", "n'", "12 et 15 mars 2026",
		"a@b.c https:// www. 5M€ 10h30 0e 1_000 9999999999999999999999999", "\xff\xfe\x00", "vingt et", "M. X", "[1]", "œuvre ß İ ǅ", "sans sauf ni", "1’000’000", "é\u0301 \u0301", "½ ² 3³",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		quote := knowledge.Quote{Document: "d", Title: "t", Text: text}
		_ = knowledge.Ungrounded(text, []knowledge.Quote{quote})
		if len(text) > 2000 {
			return
		}
		// What no quote can hold.
		for _, stray := range []string{" 7 654 321 987 dossiers", " ZZXQ", " le 29 février 1913", " zzxq@exemple.invalid", " https://zzxq.invalid/a"} {
			if strings.Contains(text, strings.TrimSpace(stray)) {
				continue
			}
			if why := knowledge.Ungrounded("Il y a"+stray, []knowledge.Quote{quote}); why == "" {
				t.Errorf("%q stands in %q", stray, text)
			}
		}
	})
}
