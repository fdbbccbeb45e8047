package bot

import "guichet/routing"

// Reader reads what a message says. The lexicon is one; a language model that fills facts will be another.
type Reader interface {
	Read(text string) Reading
	// ReadAnswer reads the value of one fact in an answer to the question about it (« 12 », « en Belgique »).
	ReadAnswer(fact, text string) (routing.Fact, bool)
}

// Reading is what a message says.
type Reading struct {
	// Facts are what the words say by themselves: enough to tell a question from a request.
	Facts routing.Facts
	// Request are the facts of the message taken as a request: what is asked for is also weighed by what was learned from
	// requests, which knows nothing of questions.
	Request routing.Facts
	// Intents are the signs of what the person wants, each with its words.
	Intents map[Intent]string
	// Places are the communes that a name may mean when it means several and nothing in the message settles which.
	Places []Place
}

// Place is a commune that a name may mean.
type Place struct{ INSEE, Name, Departement, EPCI string }

// Intent is a sign of what a person wants.
type Intent string

// The signs. A message may bear several; Desk.intent weighs them.
const (
	WantsHuman   Intent = "human"    // to talk to somebody
	WantsWho     Intent = "who"      // to know who does what
	WantsAnswer  Intent = "question" // an answer
	WantsHelp    Intent = "request"  // something for a company: « nous cherchons », « j'ai besoin »
	AsksForAll   Intent = "general"  // what holds for all: a condition, a right
	SaysHello    Intent = "hello"
	SaysThanks   Intent = "thanks"
	AsksWhatIsIt Intent = "help" // what guichet can do
	Agrees       Intent = "yes"
	WantsStatus  Intent = "status" // to know whether a company was helped, or where a request stands
)
