package lexicon

import (
	"slices"
	"sort"

	"guichet/bot"
	"guichet/routing"
)

// subjectFact is the fact that subjects give.
const subjectFact = "subject"

// Thresholds of the score of a subject: its weight (1 to 9), changed by where it stands in the message.
const (
	leastPrecise   = 4.0 // under it a precise subject is too weak to be what is asked
	leastSecondary = 1.5 // under it a second subject is too weak to take part
	leastFact      = 2.0 // under it another fact is only a part of the story
	leastMoney     = 2.5 // likewise, a kind of money: it leads by itself, and none in the story does
	inContext      = 0.25
	inSecond       = 0.3
	withPriority   = 1.5
	whenWanted     = 1.3
)

// Read gives the facts of a message, the main subject first. It never fails: what cannot be read is not there.
func (l *Lexicon) Read(text string) bot.Reading {
	tokens := l.analyse(text)
	matches := l.find(l.cues, tokens)
	found := l.strip(matches)
	facts := l.subjects(text, tokens, found)
	facts = append(facts, l.values(text, tokens, found)...)
	facts = append(facts, readNumbersOf(text)...)
	place, candidates := l.place(text, tokens)
	facts = append(facts, place...)
	if name, ok := l.company(text, tokens, matches); ok {
		facts = append(facts, name)
	}
	return bot.Reading{Facts: facts, Request: l.reconsider(text, tokens, matches, facts), Intents: l.intents(text, tokens, found), Places: candidates}
}

// analyse cuts the message and finds its classes, places and stretches.
func (l *Lexicon) analyse(text string) []token {
	tokens := l.tokenize(text)
	l.places.mark(tokens)
	for _, x := range []*index{l.simple, l.composed} {
		for _, m := range l.find(x, tokens) {
			t := &tokens[m.start]
			t.classes = append(t.classes, span{m.owner, m.end})
			// Longest first: a phrase prefers the longest reading of a class.
			slices.SortStableFunc(t.classes, func(a, b span) int { return b.end - a.end })
		}
	}
	l.dropFarPlaces(tokens)
	l.markStretches(tokens)
	l.markNames(tokens)
	return tokens
}

// farClasses are the classes of the places outside the register: « Marseille » is not short for « Marseille-en-Beauvaisis ».
var farClasses = []string{"france_lieu", "pays"}

// dropFarPlaces drops the short names of communes that are the whole name of a place elsewhere.
func (l *Lexicon) dropFarPlaces(tokens []token) {
	for i := range tokens {
		tokens[i].places = slices.DeleteFunc(tokens[i].places, func(p placeSpan) bool {
			return p.short && slices.ContainsFunc(tokens[i].classes, func(s span) bool {
				return slices.ContainsFunc(farClasses, func(name string) bool {
					id, ok := l.classIDs[name]
					return ok && id == s.class
				})
			})
		})
	}
}

// strip drops a match whose words all belong to a longer one of the same fact: « prêt d'honneur » is not « prêt ». A cue
// of role none takes its words away from the cues of its own value, and gives nothing itself.
func (l *Lexicon) strip(found []match) []match {
	covering := map[int][]match{}
	for _, m := range found {
		for _, t := range m.used {
			covering[t] = append(covering[t], m)
		}
	}
	return slices.DeleteFunc(slices.Clone(found), func(m match) bool {
		return slices.ContainsFunc(covering[m.used[0]], func(other match) bool { return l.hides(other, m) })
	})
}

func (l *Lexicon) hides(long, short match) bool {
	a, b := l.cueList[long.owner], l.cueList[short.owner]
	if a.Fact != b.Fact || len(long.used) < len(short.used) {
		return false
	}
	if a.Role == "none" {
		if b.Role == "none" || (a.Fact == subjectFact || a.Fact == intentFact) && a.Value != b.Value {
			return false
		}
	} else if len(long.used) == len(short.used) {
		return false
	}
	return !slices.ContainsFunc(short.used, func(t int) bool { return !slices.Contains(long.used, t) })
}

// scored is a subject as it was asked for.
type scored struct {
	value  any
	score  float64
	at     int
	source string
	role   routing.Role
}

// subjects ranks what is asked for: the highest score leads, the earliest between equals.
func (l *Lexicon) subjects(text string, tokens []token, found []match) routing.Facts {
	best := map[string]scored{}
	for _, m := range found {
		c := l.cueList[m.owner]
		if c.Fact != subjectFact || c.Role == "none" {
			continue
		}
		s := scored{value: c.value, score: float64(c.Weight), at: m.start, source: l.source(text, tokens, m), role: routing.Role(c.Role)}
		flags, last := tokens[m.used[0]].flags, tokens[m.used[len(m.used)-1]].flags
		if flags&(refused|refusing) == refused {
			continue
		}
		if s.role == routing.Status {
			if flags&context != 0 {
				continue
			}
		} else {
			switch {
			case flags&identity != 0:
				s.score, s.role = 0, routing.Context
			case (flags|last)&secondary != 0:
				s.score, s.role = s.score*inSecond, routing.Second
			case flags&context != 0:
				s.score *= inContext
			case flags&priority != 0:
				s.score *= withPriority
			case (flags|last)&wanted != 0:
				s.score *= whenWanted
			}
		}
		key := c.Value + "/" + string(s.role)
		if old, ok := best[key]; !ok || s.score > old.score || s.score == old.score && s.at < old.at {
			best[key] = s
		}
	}
	var asked, rest []scored
	for _, s := range best {
		if s.role == routing.Asked || s.role == routing.Second {
			asked = append(asked, s)
		} else {
			rest = append(rest, s)
		}
	}
	byScore := func(list []scored) func(i, j int) bool {
		return func(i, j int) bool {
			a, b := list[i], list[j]
			if a.score != b.score {
				return a.score > b.score
			}
			if a.at != b.at {
				return a.at < b.at
			}
			return a.value.(string) < b.value.(string)
		}
	}
	sort.Slice(asked, byScore(asked))
	sort.Slice(rest, byScore(rest))
	var facts routing.Facts
	precise := 0
	for _, s := range asked {
		if !l.rules.GeneralSubject(s.value.(string)) {
			least := leastSecondary
			if precise == 0 && s.role == routing.Asked {
				// Alone, a weak sign is better than none; beside a general request it must be clear.
				least = l.leastScore(asked)
			}
			if s.score < least {
				continue
			}
			precise++
		}
		facts = append(facts, routing.Fact{Name: subjectFact, Value: s.value, Source: s.source, Role: s.role})
	}
	for _, s := range rest {
		facts = append(facts, routing.Fact{Name: subjectFact, Value: s.value, Source: s.source, Role: s.role})
	}
	return facts
}

// leastScore is what a precise subject must reach to lead.
func (l *Lexicon) leastScore(asked []scored) float64 {
	for _, s := range asked {
		if l.rules.GeneralSubject(s.value.(string)) {
			return leastPrecise
		}
	}
	return leastSecondary
}

// values gives every other fact its surest value, the earliest between equals.
func (l *Lexicon) values(text string, tokens []token, found []match) routing.Facts {
	best := map[string]scored{}
	var order []string
	for _, m := range found {
		c := l.cueList[m.owner]
		if c.Fact == subjectFact || c.Fact == intentFact || c.Fact == companyFact || c.Role == "none" {
			continue
		}
		flags := tokens[m.used[0]].flags
		if flags&(refused|refusing) == refused {
			continue
		}
		s := scored{value: c.value, score: float64(c.Weight), at: m.start, source: l.source(text, tokens, m)}
		switch {
		case flags&secondary != 0:
			s.score *= inSecond * inContext // a second request does not give its money or its numbers to the first
		case flags&context != 0:
			s.score *= inContext
		}
		if c.count != nil {
			numbers, ok := numbersIn(text, tokens, m)
			if !ok {
				continue
			}
			value, low, high := c.count(numbers)
			s.value = value
			if l.rules.TellsApart(c.Fact, low, high) {
				s.value = "unknown" // « entre 8 et 12 »
			}
		}
		old, ok := best[c.Fact]
		if !ok {
			order = append(order, c.Fact)
		}
		if !ok || s.score > old.score || s.score == old.score && s.at < old.at {
			best[c.Fact] = s
		}
	}
	var facts routing.Facts
	for _, name := range order {
		s := best[name]
		if s.value == "unknown" || s.score < leastFact || l.rules.Money(name) && s.score < leastMoney {
			continue
		}
		facts = append(facts, routing.Fact{Name: name, Value: s.value, Source: s.source})
	}
	return facts
}

// numbersIn gives the numbers that a match names (« deux associés et six salariés »), and one for each word that stands for
// somebody (« moi et une assistante »). A sum of money counts nobody, nor does a number that stands before another one
// (« 3 ateliers et 75 ouvriers »).
func numbersIn(text string, tokens []token, m match) (numbers []int64, ok bool) {
	next := m.start // the word after the last one read
	for _, i := range m.used {
		if i < next {
			continue // « vingt et un » is one number
		}
		for ; next < i; next++ {
			if tokens[next].numberTokens > 0 && len(numbers) > 0 {
				return nil, false
			}
		}
		if n := tokens[i].numberTokens; n > 0 {
			if ofEuros.MatchString(text[tokens[i+n-1].end:]) {
				return nil, false
			}
			numbers = append(numbers, tokens[i].number)
			next = i + n
			continue
		}
		if ones[tokens[i].fold] {
			numbers = append(numbers, 1)
		}
		next = i + 1
	}
	return numbers, len(numbers) > 0
}

// source is the words of the message that a match read, as they stand.
func (l *Lexicon) source(text string, tokens []token, m match) string {
	first, last := m.used[0], m.used[len(m.used)-1]
	return text[tokens[first].start:tokens[last].end]
}
