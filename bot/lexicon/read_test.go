package lexicon_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"guichet/bot/lexicon"
	"guichet/routing"
	"guichet/routing/rulebook"
)

func load(tb testing.TB) (*rulebook.Book, *lexicon.Lexicon) {
	tb.Helper()
	book, err := rulebook.Load(rulebook.Default())
	if err != nil {
		tb.Fatal(err)
	}
	l, err := lexicon.New(book)
	if err != nil {
		tb.Fatal(err)
	}
	return book, l
}

// TestFacts reads one fact in a message; « » is a fact that must not be read.
func TestFacts(t *testing.T) {
	book, l := load(t)
	for _, c := range []struct{ fact, text, want string }{
		{"headcount", "Nous sommes 5 dans l'entreprise.", "5"},
		{"headcount", "une trentaine de salariés", "30"},
		{"headcount", "PME de quatre-vingt-douze personnes", "92"},
		{"headcount", "effectif : 52", "52"},
		{"headcount", "34 ETP", "34"},
		{"headcount", "je travaille seul dans mon atelier", "1"},
		{"headcount", "auto-entrepreneur à Lens", "1"},
		{"headcount", "une TPE du bâtiment", "9"},
		{"headcount", "ETI de l'Oise", "50"},
		{"headcount", "une PME du bâtiment", ""},
		{"headcount", "nous allons créer 80 emplois", ""},
		{"headcount", "nous cherchons 12 soudeurs", ""},
		{"headcount", "Le groupe emploie 900 personnes", ""},
		{"headcount", "Le groupe compte 2 000 salariés, notre société 6.", "6"},
		{"headcount", "on était 6 en 2019, on est 24 maintenant", "24"},
		{"headcount", "nous étions huit, nous voilà vingt et un", "21"},
		{"headcount", "effectif : moi et une salariée", "2"},
		{"headcount", "deux associés et quatorze salariés", "16"},
		{"headcount", "Fonderie à Ham, une centaine d'emplois", "100"},
		{"headcount", "un modèle équipé d'un lidar coûte 23 000 euros", ""},
		{"headcount", "elle appartient à un ensemble de 1 200 personnes", ""},
		{"headcount", "une demi-douzaine de personnes", "6"},
		{"headcount", "38 fiches de paie par mois", "38"},
		{"headcount", "28 pers.", "28"},
		{"headcount", "une bonne vingtaine en production et six dans les bureaux", "26"},
		{"headcount", "40 personnes à l'atelier plus 5 au bureau", "45"},
		{"headcount", "Moi, une assistante et un mi-temps : agence à Clermont", "3"},
		{"headcount", "trois salariées et moi-même", "4"},
		{"headcount", "Trois équipes de huit", "24"},
		{"headcount", "entre 12 et 15 salariés", "15"},
		{"headcount", "entre 8 et 12 salariés", ""},
		{"headcount", "moins d'une dizaine de salariés", "9"},
		{"headcount", "moins de cinquante salariés", ""},
		{"headcount", "plus d'une centaine de salariés", "101"},
		{"headcount", "17,5 ETP", "17"},
		{"headcount", "la boîte compte 3 ateliers et 75 ouvriers", "75"},
		{"headcount", "je bosse en solo", "1"},
		{"headcount", "ni associé, ni personnel", "1"},
		{"headcount", "nos effectifs ont doublé en trois ans", ""},
		{"headcount", "Notre maison mère emploie 1 200 personnes", ""},
		{"headcount", "nous comptons 300 clients", ""},
		{"headcount", "il nous faut un four pour nos salariés", ""},
		{"origin", "pilotés depuis Marseille, où se trouve le siège", "french"},
		{"origin", "notre direction générale, à Nantes", "french"},
		{"origin", "mâts d'éoliennes, capitaux allemands", "foreign"},
		{"origin", "Le patron est à Milan", "foreign"},
		{"origin", "Nous sommes indépendants, pas de groupe", "french"},
		{"origin", "Notre transporteur est polonais et notre banque luxembourgeoise", ""},
		{"origin", "vu ce fabricant au salon de Francfort", ""},
		{"industrial", "une fabrique de bouteilles en verre", "oui"},
		{"fund_kind", "notre comptable nous parle du Feder pour une ligne", "feder"},
		{"fund_kind", "Crédits européens : y a-t-il une enveloppe ?", "feder"},
		{"requester", "conv d'autorisation CA du Boulonnais", "epci"},
		{"origin", "Groupe italien de cosmétiques", "foreign"},
		{"origin", "société dont le siège est à Izmir", "foreign"},
		{"origin", "notre maison mère est à Osaka", "foreign"},
		{"origin", "We are a Danish company", "foreign"},
		{"origin", "ETI bretonne", "french"},
		{"origin", "Je représente Fictivia GmbH", "foreign"},
		{"origin", "Je dirige une société de découpe laser à Carvin", "french"},
		{"origin", "Van Fictif BV cherche un terrain", "foreign"},
		{"origin", "Notre client Fictivia GmbH nous en demande plus", ""},
		{"origin", "notre siège est à Nantes", "french"},
		{"origin", "je dirige une société à Lens", "french"},
		{"origin", "Entreprise familiale d'Albert", "french"},
		{"origin", "Un industriel veut s'implanter chez nous", ""},
		{"origin", "Filiale d'un groupe, nous voulons nous étendre", ""},
		{"origin", "nos clients sont surtout en Allemagne", ""},
		{"origin", "nous exportons vers l'Espagne", ""},
		{"fund_kind", "nous demandons une subvention", "grant"},
		{"fund_kind", "un prêt de 40 000 €", "financial_instrument"},
		{"fund_kind", "pas de prêt, une subvention", "grant"},
		{"fund_kind", "pas de subvention, un prêt", "financial_instrument"},
		{"fund_kind", "le prêt, c'est réglé ; il manque une subvention", "grant"},
		{"fund_kind", "un prêt d'honneur pour démarrer", ""},
		{"fund_kind", "nous sommes prêts à investir", ""},
		{"fund_kind", "du FEDER pour notre usine", "feder"},
		{"territory", "près de Béthune", "62119"},
		{"territory", "a bethune", "62119"},
		{"territory", "au Touquet", "62826"},
		{"territory", "à Hénin-Beaumont", "62427"},
		{"territory", "à henin beaumont", "62427"},
		{"territory", "vers St Omer", "62765"},
		{"territory", "Saint-Aubin dans le Nord", "59529"},
		{"territory", "à Saint-Aubin (62)", "62742"},
		{"territory", "à Saint-Aubin", ""},
		{"territory", "Clermont-Ferrand", ""},
		{"territory", "en guise de garantie", ""},
		{"territory", "dans la rue", ""},
		{"epci", "dans l'Amiénois", "248000531"},
		{"departement", "quelque part dans l'Oise", "60"},
		{"siren", "SIREN 732 829 320", "732829320"},
		{"siren", "SIREN 732829321", ""},
		{"siret", "SIRET 732 829 320 00074", "73282932000074"},
		{"amount", "un four à 55 000 € HT", "55 000 €"},
		{"amount", "investissement de 2,3 M€", "2,3 M€"},
		{"amount", "3 000 m²", ""},
		{"requester", "Notre communauté de communes souhaite un avenant", "epci"},
		{"requester", "Je suis maire d'un bourg", "commune"},
		{"company", "la société Verlinor de Lens", "Verlinor"},
		{"company", "la boulangerie Tartempion à Lens", "Tartempion"},
		{"company", "SARL Dubrécourt Fils, 12 salariés", "Dubrécourt Fils"},
		{"company", "l'entreprise est à Lens", ""},
		{"company", "Boucher à Guise", ""},
		{"epci_aid", "l'agglo ne peut plus nous verser son aide", "oui"},
		{"double_funding", "nous avons déjà obtenu une subvention", "oui"},
	} {
		f, _ := l.Read(c.text).Request.Get(c.fact)
		got := ""
		if f.Value != nil {
			got = book.Rules.Label(routing.Fact{Value: f.Value})
			if !strings.Contains(c.text, f.Source) && f.Source != routing.SourceRegister {
				t.Errorf("%q: the source %q of %s is not in the message", c.text, f.Source, c.fact)
			}
		}
		if got != c.want {
			t.Errorf("%q: %s = %q, want %q (« %s »)", c.text, c.fact, got, c.want, f.Source)
		}
	}
}

// TestMainSubject reads what is asked for, apart from what is refused, told around, asked besides or only named.
func TestMainSubject(t *testing.T) {
	_, l := load(t)
	for text, want := range map[string]string{
		"Pas besoin de laboratoire, nous cherchons un accompagnement pour notre projet d'innovation.": "innovation",
		"La formation, c'est réglé : il nous manque un soutien pour notre projet de R&D.":             "innovation",
		"On ne recrute pas, on veut faire monter l'équipe en compétences.":                            "formation",
		"Restaurateur, je ne trouve pas de cuisiniers.":                                               "emploi",
		"Exportateur de lin, nous voulons former nos chefs d'équipe.":                                 "formation",
		"Éditeur de solutions de cybersécurité, nous recherchons deux commerciaux.":                   "emploi",
		"Nous voulons exporter en Italie ; par ailleurs il faudrait former deux assistantes.":         "export",
		"Nos clients sont des startups innovantes ; nous voulons former nos vendeurs.":                "formation",
		"Qui peut m'aider à trouver du foncier à Péronne ?":                                           "implantation",
		"Il faut remplacer la soudeuse laser, qui peut nous aider ?":                                  "investissement",
		"J'assure l'intérim à la direction de l'agglo : avons-nous une convention avec la Région ?":   "convention",
		"Charcuterie à Orchies : il faut rééquiper le laboratoire derrière la boutique.":              "investissement",
		"Le groupe est allemand mais nous n'agrandissons rien, il nous manque vingt soudeurs.":        "emploi",
		"je voudrai fair une formassion pr mes vendeurs":                                              "formation",
		"un projet dinnovation": "innovation",
	} {
		f, _ := l.Read(text).Request.Get("subject")
		if f.Value != want {
			t.Errorf("%q is about %v (« %s »), want %s", text, f.Value, f.Source, want)
		}
	}
}

// TestOrdinaryWordsAreNoMisspelling: a word that exists is not read as one that it resembles, nor is a message about nothing
// precise given the theme that comes first by a hair.
func TestOrdinaryWordsAreNoMisspelling(t *testing.T) {
	_, l := load(t)
	for _, text := range []string{
		"Par qui commencer ?", "Par quoi faut-il débuter, et auprès de qui ?", "Nos savons partent en sachets.", "Amateurs de pommes et de tuiles.",
		"Un sujet important, n'importe lequel.", "Nous sommes effectivement en vacances.", "Une alternative, successivement.", "La maturité de la découverte.",
	} {
		if r := l.Read(text); len(r.Request) > 0 {
			t.Errorf("%q gives %v", text, r.Request)
		}
	}
}

func TestHomonymsAreGiven(t *testing.T) {
	_, l := load(t)
	r := l.Read("Entreprise de Saint-Aubin, nous voulons former nos vendeurs.")
	if len(r.Places) != 3 {
		t.Errorf("places %v, the register has three Saint-Aubin", r.Places)
	}
}

func TestReadAnswer(t *testing.T) {
	_, l := load(t)
	for _, c := range []struct {
		fact, text string
		want       any
	}{
		{"headcount", "12", int64(12)},
		{"headcount", "une quinzaine", int64(15)},
		{"headcount", "nous sommes huit", int64(8)},
		{"headcount", "Moins de 10 personnes", int64(9)},
		{"headcount", "10 personnes ou plus", int64(10)},
		{"origin", "Belgique", "foreign"},
		{"origin", "c'est une boîte lyonnaise", "french"},
		{"origin", "Son siège est en France", "french"},
		{"origin", "Son siège est à l'étranger", "foreign"},
		{"origin", "je ne sais pas", nil},
		{"headcount", "je ne sais pas", nil},
	} {
		f, ok := l.ReadAnswer(c.fact, c.text)
		if ok != (c.want != nil) || f.Value != c.want {
			t.Errorf("ReadAnswer(%s, %q) = %v %t, want %v", c.fact, c.text, f.Value, ok, c.want)
		}
	}
}

// TestMistakesInVocabulariesAreTold adds one mistaken cue to the default vocabularies.
func TestMistakesInVocabulariesAreTold(t *testing.T) {
	for _, c := range []struct {
		name, want string
		cue        rulebook.Cue
	}{
		{"unknown subject", "sujet « licorne »", rulebook.Cue{Fact: "subject", Value: "licorne"}},
		{"unknown fact", "fait « humeur »", rulebook.Cue{Fact: "humeur", Value: "bonne"}},
		{"unknown value", "« martian » n'est pas une valeur", rulebook.Cue{Fact: "origin", Value: "martian"}},
		{"not a number", "est un nombre", rulebook.Cue{Fact: "headcount", Value: "beaucoup"}},
		{"unknown role", "rôle « chef »", rulebook.Cue{Fact: "origin", Value: "french", Role: "chef"}},
		{"unknown class", "classe « @licorne »", rulebook.Cue{Fact: "origin", Value: "french", Phrases: []rulebook.Phrase{{Text: "@licorne"}}}},
		{"starts with a gap", "commence par", rulebook.Cue{Fact: "origin", Value: "french", Phrases: []rulebook.Phrase{{Text: ".. bonjour"}}}},
		{"bad gap", "un nombre de 1 à 12", rulebook.Cue{Fact: "origin", Value: "french", Phrases: []rulebook.Phrase{{Text: "bonjour ..99 monde"}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			book, err := rulebook.Load(rulebook.Default())
			if err != nil {
				t.Fatal(err)
			}
			if len(c.cue.Phrases) == 0 {
				c.cue.Phrases = []rulebook.Phrase{{Text: "bonjour"}}
			}
			c.cue.Phrases[0].Pos = routing.Pos{File: "words/essai.yaml", Line: 12}
			book.Words.Cues = append(book.Words.Cues, c.cue)
			if _, err := lexicon.New(book); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "words/essai.yaml:12") {
				t.Errorf("error %v, want %q with its place", err, c.want)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	book, err := rulebook.Load(rulebook.Default())
	if err != nil {
		f.Fatal(err)
	}
	l, err := lexicon.New(book)
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"Nous sommes 5", "quatre-vingt-dix mille", "SIREN 732 829 320", "à St-Omer (62)", "pas de prêt", "\xff", "1.2.3,4 5 000 000 000 000 000 000"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, fact := range l.Read(text).Request {
			if fact.Source == "" {
				t.Fatalf("%q: %s = %v without a source", text, fact.Name, fact.Value)
			}
		}
		l.ReadAnswer("headcount", text)
	})
}

// regionWith gives a Region's folder that holds the default files it names, edited.
func regionWith(t *testing.T, edits map[string]func(string) string) string {
	t.Helper()
	dir := t.TempDir()
	for name, edit := range edits {
		content, err := fs.ReadFile(rulebook.Default(), name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(edit(string(content))), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
