package bot_test

import (
	"fmt"
	"slices"
	"testing"

	"guichet/bot"
)

// TestKindOfAMessage holds the desk to telling apart, in short messages, a question, a who-does-what question, a company's
// request, a request for a person, a question about a request, and small talk. They were written before the words that
// tell them apart: 58 of the first 80 were right at first sight, then 43 of 53.
func TestKindOfAMessage(t *testing.T) {
	answer, who, small := []bot.ReplyKind{bot.ReplyAnswer}, []bot.ReplyKind{bot.ReplyWho}, []bot.ReplyKind{bot.ReplySmall}
	human, status := []bot.ReplyKind{bot.ReplyHuman}, []bot.ReplyKind{bot.ReplyStatus}
	request := []bot.ReplyKind{bot.ReplyRouted, bot.ReplyAsk}
	c := open(t)
	right, total := 0, 0
	for _, set := range []struct {
		want  []bot.ReplyKind
		texts []string
	}{
		{answer, []string{
			"le FEDER finance quoi ?",
			"une SCOP est-elle éligible au fonds tourisme durable",
			"Quelles dépenses sont prises en compte ?",
			"combien de temps faut-il pour instruire un dossier",
			"Y a-t-il un âge maximum pour le prêt d'honneur ?",
			"pret vert : quel montant",
			"je cherche des infos sur les parcs d'innovation",
			"les commerces ont-ils droit au chèque numérique ?",
			"Can a shop apply for this grant?",
			"C'est quoi la différence entre NFI et la DAEN ?",
			"Doit-on rembourser une avance remboursable ?",
			"Peut-on m'expliquer à quoi sert une revue de projets ?",
			"taux d'intervention maximum",
			"Quand ouvre le prochain appel à projets export ?",
			"Quel taux d'aide pour un diagnostic énergétique ?",
			"c'est quoi le dispositif Starter",
			"Jusqu'à quand l'appel à projets est-il ouvert ?",
			"Une association peut-elle toucher une aide à l'investissement ?",
			"montant maxi du pret d'honneur",
			"Différence entre une convention stratégique et une convention d'aides ?",
			"Faut-il déposer le dossier avant de commencer les travaux ?",
			"quelles pièces joindre à un dossier de subvention",
			"Combien d'EPCI compte la région ?",
			"What grants exist for energy renovation?",
			"Peut-on cumuler deux aides régionales ?",
			"La Région finance-t-elle les salons à l'étranger ?",
			"Existe-t-il des aides pour les véhicules propres ?",
			"Dis-moi comment marche la garantie régionale",
			"je voudrais connaître les conditions de l'aide à l'export",
			"Un auto-entrepreneur a-t-il droit à quelque chose pour se former ?",
			"les délais d'instruction svp",
			"Que veut dire SPRO ?",
			"rev3 ça veut dire quoi",
			"Est-ce que les hôtels sont éligibles ?",
			"Expliquez-moi ce qu'est un pôle de compétitivité.",
			"Où trouver la liste des parcs d'innovation ?",
		}},
		{who, []string{
			"qui s'occupe des labos",
			"Quelle équipe travaille sur les friches ?",
			"Qui dois-je contacter pour l'artisanat ?",
			"who deals with exports?",
			"à quel service envoyer un créateur ?",
			"Quelle direction est compétente pour le FEDER ?",
			"c'est qui qui gère l'emploi",
			"Pour la formation, qui est mon interlocuteur ?",
			"À qui transmettre une demande de prêt ?",
			"Qui gère les dossiers FEDER ?",
			"C'est quelle direction pour la formation ?",
			"A qui dois-je m'adresser pour une reprise d'entreprise ?",
			"Vers qui orienter un créateur ?",
			"qui contacter pour un salon à l'étranger",
			"Quel service traite les prêts ?",
			"Qui est l'interlocuteur pour l'économie circulaire ?",
			"Who is in charge of foreign investments?",
			"chef de file pour les ESS ?",
			"Donnez-moi le service compétent en matière de recrutement.",
			"C'est la DAEN ou la DPEAP qui s'occupe du commerce ?",
			"l'innovation c'est qui chez vous ?",
			"À quelle direction je renvoie un projet de labo commun ?",
		}},
		{request, []string{
			"il me faut un local de 300 m2 à Laon",
			"on embauche, aidez-nous",
			"PME familiale de Guise, 30 salariés, nous voudrions investir dans un robot",
			"Nous avons un besoin de trésorerie urgent",
			"pouvez vous m'accompagner pour reprendre une boulangerie a Roye",
			"Notre société souhaite tester ses produits avec un labo",
			"I want to open a restaurant in Lille",
			"une machine à remplacer, 14 salariés, que pouvez-vous faire ?",
			"Mes salariés doivent apprendre l'anglais",
			"La société Fictichim (Loos) a été aidée en 2019, elle cherche maintenant un labo.",
			"Coiffeur à Ham, je ne trouve pas d'apprenti, que faire ?",
			"Groupe polonais, usine de meubles, nous visitons la région en mars.",
			"Nous sommes 12 et cherchons un prêt.",
			"boulangère à Lens besoin d'un four neuf",
			"Je veux recruter un soudeur.",
			"on cherche un local à Arras pour notre société lilloise",
			"Pouvez-vous nous aider à trouver un terrain ? Groupe allemand.",
			"Notre entreprise a été piratée hier.",
			"Je vous sollicite pour une subvention, SARL Verlin, 8 salariés.",
			"Une société de ma commune voudrait s'agrandir.",
			"Besoin d'aide pour exporter nos bières au Japon",
			"j'aimerai créer mon salon de coiffure, vous m'aidez ?",
			"Il nous faut 300 k€ pour notre ligne, on est 45.",
			"L'entreprise Fictimeca souhaite rencontrer un conseiller export.",
			"We need help hiring ten drivers in Calais.",
			"Je reprends l'entreprise de mon oncle, qui peut m'accompagner ?",
			"Trois postes de caristes à pourvoir, on ne trouve personne.",
			"Ma boîte voudrait une garantie pour son emprunt.",
			"Merci de transmettre : société belge, projet d'usine à Calais.",
			"Notre EPCI souhaite renouveler sa convention.",
			"Artisan plombier, je voudrais embaucher un apprenti, comment faire ?",
			"Nous envisageons de former toute l'équipe à l'anglais.",
			"Patron pêcheur au Portel, moteur à changer",
		}},
		{human, []string{
			"appelez moi",
			"quelqu'un peut-il me répondre au téléphone ?",
			"je voudrais un vrai conseiller, pas un bot",
			"Pourriez-vous me contacter ?",
			"Où peut-on vous joindre ?",
			"I'd rather speak to someone",
			"J'aimerais un rendez-vous",
			"Merci de me rappeler au 03 20 00 00 00",
			"je veux parler a un conseiller",
			"Rappelez-moi s'il vous plaît",
			"un humain svp",
			"Pouvez-vous me mettre en relation avec quelqu'un de la Région ?",
			"Y a-t-il un numéro où vous joindre ?",
			"Can I talk to a real person?",
			"j'en ai marre des robots",
			"Est-ce que quelqu'un peut m'appeler demain ?",
			"Passez-moi un agent",
			"je préférerais échanger de vive voix",
		}},
		{status, []string{
			"Avez-vous bien reçu ma demande ?",
			"mon dossier avance ?",
			"Ma demande est-elle traitée ?",
			"l'entreprise Fictimeca a-t-elle déjà été aidée par vos services ?",
			"Any news about my application?",
			"Où en est mon dossier ?",
			"Ma demande 2026-0001 a-t-elle avancé ?",
			"Je n'ai toujours pas de réponse à ma demande.",
			"est ce que verlinor bois a déjà été accompagnée ?",
			"des nouvelles de ma demande svp",
			"Has my request been processed?",
			"qui suit ma demande ?",
		}},
		{small, []string{
			"salut toi",
			"Merci pour tout !",
			"Que pouvez-vous faire pour moi ?",
			"Au revoir",
			"good morning",
			"bonjour",
			"merci beaucoup, bonne journée",
			"tu sers à quoi ?",
			"Salut, tu es un robot ?",
			"ok parfait",
			"Hello!",
			"Coucou, comment ça va ?",
		}},
	} {
		for _, text := range set.texts {
			total++
			if got := c.say(t, fmt.Sprint("k", total), text).Kind; !slices.Contains(set.want, got) {
				t.Errorf("%q gets a reply of kind %q, want %v", text, got, set.want)
			} else {
				right++
			}
		}
	}
	t.Logf("%d right of %d", right, total)
}
