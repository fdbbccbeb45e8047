package funding

import (
	"strings"
	"testing"
)

// The descriptions were written before the comparison was, as agents write them. Every company and project is fictional.
func TestCompareDescriptions(t *testing.T) {
	rules := Default()
	for _, c := range []struct {
		a, b string
		want Verdict
	}{
		// The same expense, said otherwise.
		{"achat d'une presse plieuse", "acquisition presse-plieuse CNC", Same},
		{"Achat d'un four à pain", "Acquisition four à pain électrique", Same},
		{"Modernisation de la ligne d'embouteillage", "Investissement : nouvelle ligne d'embouteillage automatisée", Same},
		{"Extension de l'atelier de menuiserie", "agrandissement atelier menuiserie", Same},
		{"Recrutement d'un ingénieur qualité", "Embauche ingénieur qualité (CDI)", Same},
		{"Participation au salon Fictexpo de Lyon", "Stand au salon Fictexpo, Lyon 2026", Same},
		{"Mise en place d'un ERP", "Acquisition d'un logiciel ERP", Same},
		{"Isolation de la toiture de l'usine", "Travaux d'isolation toiture usine", Same},
		{"Étude de faisabilité méthanisation", "etude de faisabilite pour une unité de méthanisation", Same},
		{"Diagnostic énergétique du site", "Audit énergétique", Same},
		{"Installation de panneaux photovoltaïques en toiture", "Panneaux photovoltaiques sur le toit de l'entrepôt", Same},
		{"Achat de deux camions électriques", "Acquisition de camions électriques", Same},
		{"R&D sur un emballage biosourcé", "Recherche et développement : emballage biosourcé à base de lin", Same},
		{"Formation soudage des opérateurs", "Former les opérateurs au soudage", Same},
		// One project, in two schemes or in two steps.
		{"Projet « Horizon » : ligne de conditionnement", "Projet Horizon – formation des conducteurs", Same},
		{"Extension de l'atelier de découpe, tranche 1", "Extension de l'atelier de découpe - tranche 2", Same},
		{"Programme Boréal phase 1 : prototype", "Programme Boréal, phase 2", Same},
		// Close enough for a person to look.
		{"Rénovation du magasin de Lens", "Rénovation du magasin d'Arras", Possible},
		{"Projet Alpha : achat d'une presse plieuse", "Projet Bêta : achat d'une presse plieuse", Possible},
		{"Achat d'une machine", "Achat d'une machine", Possible},
		{"Achat d'une machine à commande numérique", "Achat d'une machine de découpe laser", Different},
		// Two expenses.
		{"Achat de la machine A", "Construction d'un bâtiment", Different},
		{"Achat d'une presse plieuse", "Recrutement d'un commercial export", Different},
		{"Recrutement d'un commercial export", "Recrutement d'un ingénieur qualité", Different},
		{"Achat d'un four à pain", "Achat d'une vitrine réfrigérée", Different},
		{"Étude de faisabilité méthanisation", "Étude de marché Allemagne", Different},
		{"Achat d'un logiciel de comptabilité", "Achat d'un logiciel de conception 3D", Different},
		{"Aide à l'investissement", "Aide au recrutement", Different},
		{"Formation soudage des opérateurs", "Formation anglais des commerciaux", Different},
		{"Participation au salon Fictexpo", "Rénovation de la façade du magasin", Different},
		{"Besoin en fonds de roulement", "Achat de véhicules utilitaires", Different},
		// Nothing to compare.
		{"", "Achat d'une presse plieuse", Unknown},
		{"Projet", "Subvention", Unknown},
	} {
		got := rules.Compare(Funding{Expense: c.a}, Funding{Expense: c.b})
		back := rules.Compare(Funding{Expense: c.b}, Funding{Expense: c.a})
		if got.Verdict != c.want {
			t.Errorf("%q and %q: %s, want %s: %v", c.a, c.b, got.Verdict, c.want, got.Reasons)
		}
		if back.Verdict != got.Verdict {
			t.Errorf("%q and %q: %s one way, %s the other", c.a, c.b, got.Verdict, back.Verdict)
		}
		if len(got.Reasons) == 0 {
			t.Errorf("%q and %q: no reason", c.a, c.b)
		}
	}
}

// These pairs were written once the words were settled, and nothing was tuned on them: what they give is what to expect of
// descriptions that nobody has seen. It misses what shares no word (« parc informatique », « ordinateurs »).
func TestCompareOnDescriptionsNotSeenBefore(t *testing.T) {
	rules := Default()
	warned := func(pairs [][2]string) (n int) {
		for _, p := range pairs {
			if rules.Compare(Funding{Expense: p[0]}, Funding{Expense: p[1]}).Verdict.Warns() {
				n++
			}
		}
		return n
	}
	same := [][2]string{
		{"Renouvellement du parc informatique", "Achat d'ordinateurs portables"},
		{"Acquisition d'un robot de soudure", "Robotisation du poste de soudure"},
		{"Mise aux normes accessibilité du restaurant", "Travaux d'accessibilité PMR du restaurant"},
		{"Création d'un site de vente en ligne", "Site e-commerce"},
		{"Refonte du site internet", "Nouveau site web marchand"},
		{"Pompe à chaleur pour l'atelier", "Remplacement chaudière gaz par une pompe à chaleur"},
		{"Construction d'un entrepôt logistique à Douvrin", "Bâtiment logistique Douvrin"},
		{"Dépôt de brevet international", "Frais de propriété industrielle : brevet international"},
		{"Recrutement d'un responsable export", "VIE puis embauche d'un responsable export"},
		{"Achat d'une découpe laser fibre", "Machine de découpe laser"},
		{"Chambre froide positive", "Installation d'une chambre froide"},
		{"Prototype de drone agricole", "Développement d'un prototype drone pour l'agriculture"},
		{"Certification ISO 9001", "Accompagnement à la certification ISO 9001"},
		{"Rachat du fonds de commerce de la boulangerie", "Reprise boulangerie : achat du fonds de commerce"},
		{"Borne de recharge pour véhicules électriques", "Bornes de recharge"},
	}
	different := [][2]string{
		{"Achat d'une découpe laser fibre", "Achat d'une fraiseuse 5 axes"},
		{"Certification ISO 9001", "Certification bio de la gamme"},
		{"Chambre froide positive", "Four à pizza"},
		{"Recrutement d'un responsable export", "Salon professionnel en Allemagne"},
		{"Construction d'un entrepôt logistique", "Achat de chariots élévateurs"},
		{"Prototype de drone agricole", "Campagne de communication"},
		{"Refonte du site internet", "Sécurisation du réseau informatique"},
		{"Dépôt de brevet international", "Étude de marché aux États-Unis"},
		{"Formation à la sécurité incendie", "Formation des managers"},
		{"Achat d'un camion frigorifique", "Achat d'un camion benne"},
		{"Rénovation de la toiture", "Rénovation de la salle de restaurant"},
		{"Recrutement d'un apprenti boulanger", "Recrutement d'une vendeuse"},
		{"Étude d'impact environnemental", "Étude acoustique"},
		{"Trésorerie : effet de la hausse de l'énergie", "Isolation du bâtiment"},
		{"Robot de soudure", "Cabine de peinture"},
	}
	if n := warned(same); n < 12 {
		t.Errorf("%d pairs of %d warned of", n, len(same))
	}
	if n := warned(different); n > 1 {
		t.Errorf("%d pairs of %d warned of for nothing", n, len(different))
	}
}

func TestCompareSaysWhatItSaw(t *testing.T) {
	rules := Default()
	for _, c := range []struct {
		a, b Funding
		want Verdict
		says []string
	}{
		{
			Funding{Expense: "achat d'une presse plieuse", Scheme: "Dispositif fictif A"}, Funding{Expense: "acquisition presse-plieuse CNC", Scheme: "Dispositif fictif B"},
			Same, []string{"presse, plieuse", "CNC", "Dispositif fictif A", "Dispositif fictif B"},
		},
		{Funding{Expense: "Extension atelier, tranche 1"}, Funding{Expense: "Extension atelier, tranche 2"}, Same, []string{"tranche 1", "tranche 2"}},
		{Funding{Expense: "Projet Horizon : presse"}, Funding{Expense: "Projet Horizon : formation"}, Same, []string{"projet « Horizon »"}},
		{Funding{Expense: "Ligne 1", Request: "2026-0042"}, Funding{Expense: "Autre chose", Request: "2026-0042"}, Possible, []string{"2026-0042"}},
		{Funding{Expense: "Rénovation magasin Lens", Cents: 4_000_000}, Funding{Expense: "Rénovation magasin Arras", Cents: 4_000_000}, Same, []string{"40 000 €"}},
		{Funding{Expense: "Presse plieuse", Cents: 4_000_000}, Funding{Expense: "Four à pain", Cents: 4_000_000}, Different, nil},
		{Funding{}, Funding{Expense: "Four à pain"}, Unknown, []string{"décrite"}},
	} {
		got := rules.Compare(c.a, c.b)
		if got.Verdict != c.want {
			t.Errorf("%+v and %+v: %s, want %s: %v", c.a, c.b, got.Verdict, c.want, got.Reasons)
		}
		all := strings.ReplaceAll(strings.Join(got.Reasons, "\n"), "\u00a0", " ")
		for _, s := range c.says {
			if !strings.Contains(all, s) {
				t.Errorf("%q and %q: %q is not in %q", c.a.Expense, c.b.Expense, s, all)
			}
		}
	}
}

// A request is longer than an expense: what matters is that the expense is in it.
func TestCompareWithAMessage(t *testing.T) {
	rules := Default()
	held := Funding{Expense: "Acquisition presse-plieuse CNC"}
	for message, want := range map[string]Verdict{
		"Bonjour, nous sommes une chaudronnerie de 14 salariés à Lens et nous cherchons une subvention pour acheter une presse plieuse. Merci.": Same,
		"Bonjour, nous sommes une chaudronnerie de 14 salariés et nous voulons recruter deux soudeurs, quelles aides ?":                         Different,
	} {
		if got := rules.Compare(held, Funding{Expense: message}); got.Verdict != want {
			t.Errorf("%q: %s, want %s: %v", message, got.Verdict, want, got.Reasons)
		}
	}
}

func FuzzCompare(f *testing.F) {
	f.Add("achat d'une presse plieuse", "acquisition presse-plieuse CNC")
	f.Add("projet « ", "tranche")
	f.Add("\xff\u0301", "")
	rules := Default()
	f.Fuzz(func(t *testing.T, a, b string) {
		x, y := rules.Compare(Funding{Expense: a}, Funding{Expense: b}), rules.Compare(Funding{Expense: b}, Funding{Expense: a})
		if x.Verdict != y.Verdict {
			t.Errorf("%q and %q: %s and %s", a, b, x.Verdict, y.Verdict)
		}
	})
}
