package lexicon

import (
	"guichet/bot"
	"guichet/routing"
)

// intentFact is the fact of the cues that tell what a person wants.
const intentFact = "intent"

var intents = []bot.Intent{
	bot.WantsHuman, bot.WantsWho, bot.WantsAnswer, bot.WantsHelp, bot.AsksForAll, bot.SaysHello, bot.SaysThanks, bot.AsksWhatIsIt, bot.Agrees, bot.WantsStatus,
}

// intents gives the signs of what the person wants, each with the longest of its words.
func (l *Lexicon) intents(text string, tokens []token, found []match) map[bot.Intent]string {
	out := map[bot.Intent]string{}
	for _, m := range found {
		c := l.cueList[m.owner]
		if i := bot.Intent(c.Value); c.Fact == intentFact && c.Role != "none" {
			if source := l.source(text, tokens, m); len(source) > len(out[i]) {
				out[i] = source
			}
		}
	}
	return out
}

// ReadAnswer reads the value of one fact in an answer to the question about it: a bare number, one of the ready-made
// answers, or a sentence that gives the fact.
func (l *Lexicon) ReadAnswer(name, text string) (routing.Fact, bool) {
	declared, ok := l.rules.Fact(name)
	if !ok {
		return routing.Fact{}, false
	}
	tokens := l.analyse(text)
	for _, f := range l.values(text, tokens, l.strip(l.find(l.answers, tokens))) {
		if f.Name == name {
			return f, true
		}
	}
	if f, ok := l.Read(text).Facts.Get(name); ok {
		return f, true
	}
	if declared.Kind == routing.Number && len(tokens) <= 12 {
		for _, t := range tokens {
			if t.numberTokens > 0 {
				return routing.Fact{Name: name, Value: t.number, Source: text}, true
			}
		}
	}
	return routing.Fact{}, false
}
