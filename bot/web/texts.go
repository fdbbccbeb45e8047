package web

import (
	"guichet/bot"
	"guichet/routing"
	"guichet/routing/ledger"
)

// What people read beside the templates.
const (
	textNoPage      = "Cette page n’existe pas ou n’existe plus. Revenez à la conversation."
	textNoDocument  = "Ce document n’existe pas, ou il n’est pas public. Revenez à la conversation et posez votre question : une source ouverte existe peut-être."
	textCrossOrigin = "Cette demande vient d’un autre site et n’a pas été prise en compte. Ouvrez la page de guichet et recommencez."
	textTooLarge    = "Votre message est trop long pour être lu. Revenez en arrière (votre navigateur garde votre texte), gardez l’essentiel et renvoyez-le."
	textBadForm     = "Le formulaire n’a pas pu être lu. Revenez en arrière et envoyez-le de nouveau."
	textTooMany     = "Beaucoup de messages sont arrivés de votre connexion en peu de temps. Patientez dix secondes et renvoyez le vôtre : votre texte est gardé."
	textFailure     = "guichet n’a pas pu traiter votre envoi : la panne vient de notre côté. Réessayez dans un instant."
	textNotHandled  = "Votre message n’a pas pu être enregistré : la panne vient de notre côté. Votre texte est gardé ci-dessous ; renvoyez-le dans un instant."
	textNoAnswer    = "Cette réponse n’est plus dans votre conversation : votre avis n’a pas pu être noté."
	textLongReason  = "Votre explication est trop longue. Revenez en arrière et dites l’essentiel en quelques phrases."
	textUnhealthy   = "guichet ne peut pas servir pour le moment ; la cause est dans son journal."

	textNoStaffView  = "L’espace des agents n’est pas ouvert : aucun jeton n’a été donné au démarrage de guichet."
	textWrongToken   = "Le jeton n’est pas le bon. Vérifiez-le auprès de la personne qui administre guichet."
	textNoName       = "Donnez votre nom : il accompagne chaque action dans l’historique."
	textTooManyLogin = "Trop d’essais en peu de temps. Patientez dix secondes et recommencez."
	textNoRequest    = "Cette demande n’existe pas. Vérifiez sa référence dans la liste."
	textNoSheet      = "Aucune fiche de ce numéro."
	textWrongSheet   = "Rien n’a changé : la fiche n’en est pas là, ou sa date limite est passée. Voici où elle en est."
	textNoRevue      = "Aucune revue de ce nom. La liste des revues donne celles des EPCI et des comités."
	textWrongDay     = "Cette date est illisible : écrivez AAAA-MM-JJ."
	textNoEPCI       = "Aucun EPCI du registre n’a ce SIREN. Cherchez-le par son nom dans la liste."
	textNoAction     = "Cette action n’existe pas. Revenez à la demande."
	textWrongStep    = "Cette action n’est plus possible : la demande a changé d’état entre-temps. Voyez son historique et recommencez si besoin."
	textSettled      = "Rien n’a été enregistré : une décision a déjà été prise pour ces deux financements. Revenez à leur page pour la lire."
	textMissingText  = "Rien n’a été enregistré : le texte demandé est vide."
	textOtherCompany = "Ces deux demandes ont des SIREN différents : ce sont deux entreprises, elles ne se joignent pas."
	textNotSplit     = "Ce message ne peut pas être séparé : c’est le premier de la demande, ou il l’a déjà été."
	textSameCompany  = "même entreprise"
	textBadDay       = "Une date n’a pas pu être lue : choisissez-la dans le calendrier, ou écrivez AAAA-MM-JJ."
	textNobody       = "Rien n’a été enregistré : choisissez une direction ou donnez le nom d’une personne, et dites pourquoi."
)

// label gives the French word of a key, or the key itself when the catalog does not know it: shown rather than hidden.
func label[K ~string](catalog map[K]string, key K) string {
	if text, ok := catalog[key]; ok {
		return text
	}
	return string(key)
}

var kindLabels = map[bot.ReplyKind]string{
	bot.ReplyAnswer:  "Réponse",
	bot.ReplyUnknown: "Sans réponse certaine",
	bot.ReplyWho:     "Qui fait quoi",
	bot.ReplyAsk:     "Une précision, s’il vous plaît",
	bot.ReplyRouted:  "Demande enregistrée",
	bot.ReplyHuman:   "Une personne prend le relais",
	bot.ReplyStatus:  "Où en est la demande",
	bot.ReplySmall:   "guichet",
	bot.ReplyRefused: "Message non traité",
}

// channelLabels name the first part of a channel's name.
var channelLabels = map[string]string{
	"web": "page web", "cli": "terminal", "slack": "Slack", "discord": "Discord", "api": "API", ledger.ImportChannel: "reprise d’un autre outil",
}

var eventLabels = map[ledger.EventKind]string{
	ledger.Received:      "Message reçu",
	ledger.Decided:       "Décision des règles",
	ledger.Assigned:      "Affectation",
	ledger.StatusSet:     "Changement d’état",
	ledger.AnswerGiven:   "Réponse donnée",
	ledger.Reopened:      "Réouverture",
	ledger.HumanAsked:    "Une personne est demandée",
	ledger.Questioned:    "Précision demandée",
	ledger.Specified:     "Précision donnée",
	ledger.Amended:       "Message modifié",
	ledger.PartSet:       "Part d’une direction associée",
	ledger.StepSet:       "Étape du parcours",
	ledger.Reminded:      "Rappel",
	ledger.Escalated:     "Porte d’entrée prévenue",
	ledger.NoNews:        "Sans nouvelles",
	ledger.PartReminded:  "Rappel d’une part",
	ledger.PartEscalated: "Chef de file prévenu",
	ledger.Overtaken:     "Avis dépassé",
	ledger.MergedInto:    "Jointe à une autre demande",
	ledger.Absorbed:      "Une autre demande la rejoint",
	ledger.SplitOff:      "Séparée d’une autre demande",
	ledger.Separated:     "Une autre demande en est séparée",
	ledger.ToldApart:     "Distinguée d’une autre demande",
	ledger.Projected:     "Fiche projet",
	ledger.NoticeSent:    "Avis envoyé",
	ledger.NoticeDead:    "Avis impossible à envoyer",
	ledger.Imported:      "Reprise d’un autre outil",
}

var sourceLabels = map[string]string{
	routing.SourceDefault:  "supposé, faute d’indication",
	routing.SourceRegister: "registre",
	routing.SourceAsked:    "réponse à la question posée",
	routing.SourceGiven:    "donné avec le message",
	routing.SourceModel:    "lu par un modèle de langue, vérifié dans le message",
}

var roleLabels = map[routing.Role]string{
	routing.Status:  "statut",
	routing.Context: "contexte",
}

var audienceLabels = map[string]string{"public": "public", "partner": "partenaire", "staff": "agent"}
