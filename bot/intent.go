package bot

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"guichet/routing"
)

// intent is what the desk does with a message.
type intent uint8

const (
	intentQuestion intent = iota
	intentWho
	intentRequest
	intentOffered // « transmettre la demande », after the desk offered it
	intentHuman
	intentContact // a phone number or an e-mail, for a request that exists
	intentPlace   // which of several communes was meant
	intentStatus  // whether a company was helped, where a request stands
	intentSmall
	intentUnclear // neither an answer to the question asked nor anything else
)

// reachable finds a phone number or an e-mail address.
var reachable = regexp.MustCompile(`(?i)[\w.+-]+@[\w-]+\.[\w.-]+|(?:\+33|0)[ .]?[1-9](?:[ .-]?\d{2}){4}\b`)

// intent weighs the signs of a message. In doubt between answering and routing, it answers: the answer offers to route.
func (d *Desk) intent(m Message, r Reading, state State) intent {
	has := func(i Intent) bool { return r.Intents[i] != "" }
	words := len(strings.Fields(m.Text))
	precise, aboutCompany := d.weigh(r.Facts)
	named, oneCompany := names(r.Facts)
	asks := has(WantsAnswer) || strings.Contains(m.Text, "?")
	switch {
	case has(WantsHuman):
		return intentHuman
	case state.Offered != "" && has(Agrees) && words <= 6:
		return intentOffered
	case state.Request != "" && reachable.MatchString(m.Text) && words <= 20 && !precise:
		return intentContact
	case len(state.Places) > 0 && words <= 8 && d.namesPlace(state, r):
		return intentPlace
	case m.Request:
		return intentRequest
	case (has(WantsStatus) || namesRequest(m.Text)) && (asks || !precise || !has(WantsHelp)):
		return intentStatus // « L'entreprise a été aidée par vous en 2020, elle cherche un labo » asks nothing of 2020
	case (has(SaysHello) || has(SaysThanks) || has(AsksWhatIsIt)) && !precise && !has(WantsHelp) && words <= 8 && (!strings.Contains(m.Text, "?") || 2*len(r.Intents[SaysHello]) > len(m.Text)):
		return intentSmall
	case has(AsksWhatIsIt) && !precise && !aboutCompany:
		return intentSmall
	case has(WantsWho) && !has(WantsHelp) && named && !oneCompany:
		return intentWho
	case has(AsksForAll) && !has(WantsHelp) && !identified(r.Facts):
		return intentQuestion // « Une association peut-elle toucher cette aide ? »
	case has(WantsHelp) && (precise || aboutCompany || !asks):
		return intentRequest
	case asks:
		if aboutCompany && (precise || has(WantsWho)) {
			return intentRequest // « Boucher à Guise, qui peut m'aider à changer ma chambre froide ? »
		}
		return intentQuestion
	case precise || aboutCompany:
		return intentRequest
	case state.Asked != "":
		return intentUnclear
	}
	return intentQuestion
}

// straying is how many words an answer to the desk's question has at most when it also speaks of another need.
const straying = 6

// answer reads the fact that was asked for in a message. What asks for a person, asks a question, gives a way to be reached
// or tells another need is no answer, whatever numbers and places it holds.
func (d *Desk) answer(m Message, state State, r Reading) (routing.Fact, bool) {
	if state.Asked == "" || r.Intents[WantsHuman] != "" {
		return routing.Fact{}, false
	}
	text := strings.TrimSpace(reachable.ReplaceAllString(m.Text, ""))
	words := len(strings.Fields(text))
	asks := r.Intents[WantsAnswer] != "" || r.Intents[WantsWho] != "" || strings.Contains(text, "?") && words > 4
	if text == "" || asks || d.anotherNeed(state, r) && words > straying {
		return routing.Fact{}, false
	}
	fact, ok := d.Reader.ReadAnswer(state.Asked, text)
	if n, number := fact.Value.(int64); ok && number && !strings.Contains(text, strconv.FormatInt(n, 10)) {
		fact.Label = text // « moins de 10 » is no 9
	}
	return fact, ok
}

// anotherNeed tells whether a message asks for something that the request asked about does not.
func (d *Desk) anotherNeed(state State, r Reading) bool {
	known := map[any]bool{}
	for _, f := range state.Facts {
		if f.Name == "subject" || f.Name == "fund_kind" {
			known[f.Value] = true
		}
	}
	for _, f := range r.Facts {
		asked := f.Name == "subject" && f.Role == routing.Asked || f.Name == "fund_kind"
		if asked && f.Value != "" && !known[f.Value] {
			return true
		}
	}
	return false
}

// weigh tells whether the facts say what is asked, and whether they tell of one company (its size, status, place, number).
func (d *Desk) weigh(facts routing.Facts) (precise, aboutCompany bool) {
	asked := map[any]bool{}
	for _, f := range facts {
		switch {
		case f.Name == "subject" && (f.Role == routing.Asked || f.Role == routing.Second):
			precise, asked[f.Value] = true, true
		case f.Name == "subject" && f.Role == routing.Status:
			// « Qui suit la filière bois ? »: what is asked about is no company's status.
			aboutCompany = aboutCompany || !asked[f.Value]
		case f.Name == "headcount", f.Name == "siren", f.Name == "company", f.Name == "origin":
			aboutCompany = true
		}
	}
	return precise, aboutCompany
}

// identified tells whether the facts tell which company a message is about.
func identified(facts routing.Facts) bool {
	return slices.ContainsFunc(facts, func(f routing.Fact) bool { return f.Name == "company" || f.Name == "siren" })
}

// names tells whether the facts name a subject, in whatever role, and whether they tell of one company by what only one has.
func names(facts routing.Facts) (subject, oneCompany bool) {
	for _, f := range facts {
		switch f.Name {
		case "subject":
			subject = subject || f.Role != routing.Context
		case "fund_kind":
			subject = subject || f.Value != ""
		case "headcount", "siren", "company":
			oneCompany = true
		}
	}
	return subject, oneCompany
}
