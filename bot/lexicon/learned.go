package lexicon

import (
	"fmt"
	"math"
	"slices"

	"guichet/routing"
	"guichet/routing/rulebook"
)

// learned is a second reader of what is asked for, learned from labelled messages. It errs elsewhere than the phrases do:
// where they rest on a word that means something else here, or found nothing, it puts forward what it finds much likelier.
type learned struct {
	classes []rulebook.LearnedClass
	class   map[[2]string]int // by the facts that mean it
	none    int               // the class of messages that no rule takes, -1 without one
	number  map[string]int    // of each clue, by its name
	clues   []rulebook.Clue
	step    float64
}

// doubt is how much likelier (natural logarithm) another class must be than what the phrases found; doubtOfNothing, when they
// found nothing; doubtOfAll, when the likeliest is that nothing precise is asked. leastShare is the likelihood, among all
// classes, under which a class is no reading of a message where the phrases found nothing: « Par qui commencer ? » has a
// likeliest class too. Chosen on sets of messages that were left out.
const (
	doubt          = 1.5
	doubtOfNothing = 0.6
	doubtOfAll     = 2.5
	leastShare     = 0.3
)

func newLearned(from *rulebook.Learned, rules *routing.Rules) (*learned, []error) {
	if from == nil {
		return nil, nil
	}
	l := &learned{classes: from.Classes, class: map[[2]string]int{}, none: -1, clues: from.Clues, number: make(map[string]int, len(from.Clues)), step: from.Step}
	var problems []error
	for k, class := range from.Classes {
		if len(class.Facts) == 0 {
			l.none = k
		}
		for _, f := range class.Facts {
			declared, ok := rules.Fact(f[0])
			if f[0] == subjectFact && !rules.HasSubject(f[1]) || f[0] != subjectFact && !(ok && declared.Accepts(f[1])) {
				problems = append(problems, routing.Problem{Pos: class.Pos, Reason: fmt.Sprintf(
					"« %s=%s » n'est pas déclaré ; relancez l'apprentissage, ou videz le fichier pour lire par les phrases seules", f[0], f[1])})
			}
			l.class[f] = k
		}
	}
	for i, c := range from.Clues {
		l.number[c.Name] = i
	}
	return l, problems
}

// Clues gives the clues of a message, once each: what learning and reading both see of it.
func (l *Lexicon) Clues(text string) []string {
	var names []string
	tokens := l.analyse(text)
	l.withdraw(tokens, l.find(l.cues, tokens))
	l.eachClue(tokens, func(name []byte, _, _ int) {
		if !slices.Contains(names, string(name)) {
			names = append(names, string(name))
		}
	})
	return names
}

// inSecondOf names the clue of a word of a second request.
const inSecondOf = "second:"

// shownFlags are the stretches that change what a word means.
var shownFlags = []struct {
	flag flag
	name string
}{{context, "contexte:"}, {identity, "identité:"}, {wanted, "voulu:"}, {priority, "priorité:"}}

// eachClue gives the clues in the order of the words. Refused words give none; places and numbers are told by their kind
// only, so that nothing is learned from the name of a town. A name is valid until the next.
func (l *Lexicon) eachClue(tokens []token, do func(name []byte, first, last int)) {
	var before [2]int // the words before, -1 after a mark
	before[0], before[1] = -1, -1
	var name []byte
	for i := 0; i < len(tokens); i++ {
		t := &tokens[i]
		if t.mark != 0 || t.flags&refused != 0 {
			before[0], before[1] = -1, -1
			continue
		}
		word := clueWord(t)
		if before[0] >= 0 && (word == aPlace || word == aNumber) && clueWord(&tokens[before[0]]) == word {
			continue
		}
		told := t.flags&(context|identity) != 0 // its clue says so, and no other: what is told is not asked
		if !told {
			do(append(name[:0], word...), i, i)
		}
		if t.flags&secondary != 0 { // a second request does not speak for the first
			name = append(append(name[:0], inSecondOf...), word...)
			do(name, i, i)
			before[0], before[1] = -1, -1
			continue
		}
		if before[0] >= 0 {
			name = append(append(append(name[:0], clueWord(&tokens[before[0]])...), ' '), word...)
			do(name, before[0], i)
		}
		for _, s := range t.classes {
			class := l.classNames[s.class]
			name = append(append(name[:0], '@'), class...)
			do(name, i, s.end-1)
			for k, b := range before {
				if b < 0 {
					break
				}
				name = append(append(name[:0], clueWord(&tokens[b])...), ' ')
				if k == 1 {
					name = append(name, ".. "...)
				}
				name = append(append(name, '@'), class...)
				do(name, b, s.end-1)
			}
		}
		for _, f := range shownFlags {
			if t.flags&f.flag != 0 {
				name = append(append(name[:0], f.name...), word...)
				do(name, i, i)
			}
		}
		before[1], before[0] = before[0], i
	}
}

const (
	aPlace  = "%commune"
	aNumber = "%n"
)

func clueWord(t *token) string {
	switch {
	case len(t.places) > 0:
		return aPlace
	case t.numberTokens > 0 || digits(t.fold):
		return aNumber
	}
	if t.flags&withdrawn != 0 {
		return "≠" + t.stems[1]
	}
	return t.stems[1]
}

// withdraw marks the words that the vocabularies take away from the kinds of money: « prêts » is no loan in « nous sommes prêts »,
// and those that count people: the « bras » that one has are not those that one looks for.
func (l *Lexicon) withdraw(tokens []token, matches []match) {
	for _, m := range matches {
		if c := l.cueList[m.owner]; c.Role == "none" && l.rules.Money(c.Fact) || c.Role == "" && c.count != nil {
			for _, i := range m.used {
				tokens[i].flags |= withdrawn
			}
		}
	}
}

// opinion is what the clues of a message say: the natural logarithm of the likelihood of each class, up to a constant.
type opinion struct {
	scores []float64
	best   int
	clues  int // how many were known
}

// share is the likelihood of the best class among all of them.
func (o opinion) share() float64 {
	sum := 0.0
	for _, s := range o.scores {
		sum += math.Exp(s - o.scores[o.best])
	}
	return 1 / sum
}

func (l *learned) weigh(lex *Lexicon, tokens []token) opinion {
	o := opinion{scores: make([]float64, len(l.classes))}
	seen := make([]uint64, len(l.clues)/64+1) // a bit each
	norm := 0.0
	lex.eachClue(tokens, func(name []byte, _, _ int) {
		n, known := l.number[string(name)]
		if !known || seen[n/64]&(1<<(n%64)) != 0 {
			return
		}
		seen[n/64] |= 1 << (n % 64)
		o.clues++
		c := &l.clues[n]
		norm += float64(c.Rarity) * float64(c.Rarity)
		for k, w := range c.Weights {
			o.scores[k] += float64(w)
		}
	})
	norm = max(math.Sqrt(norm), rulebook.LeastEvidence)
	for k := range o.scores {
		o.scores[k] = l.step * (o.scores[k]/norm*10 + float64(l.classes[k].Bias))
		if o.scores[k] > o.scores[o.best] {
			o.best = k
		}
	}
	return o
}

// doubts tells whether what the phrases found is much less likely than the best class.
func (l *learned) doubts(o opinion, ground routing.Fact, found bool) bool {
	k := l.none
	if found && ground.Role == routing.Status && o.best == k {
		return false // nothing precise is asked: who the company is leads
	}
	if found {
		value, _ := ground.Value.(string)
		known := false
		if k, known = l.class[[2]string{ground.Name, value}]; !known {
			return false // a subject that has no examples
		}
	}
	least := doubt
	switch {
	case !found:
		least = doubtOfNothing
	case o.best == l.none:
		least = doubtOfAll
	}
	return k >= 0 && o.clues > 0 && o.scores[o.best]-o.scores[k] > least && (found || o.share() >= leastShare)
}

// reconsider puts the likeliest class forward when the decision would rest on something much less likely, which steps back.
func (l *Lexicon) reconsider(text string, tokens []token, matches []match, facts routing.Facts) routing.Facts {
	if l.learned == nil {
		return facts
	}
	l.withdraw(tokens, matches)
	ground, found := l.rules.Ground(facts)
	o := l.learned.weigh(l, tokens)
	if !l.learned.doubts(o, ground, found) {
		return facts
	}
	facts = stepBack(slices.Clone(facts), ground)
	if best := l.learned.classes[o.best]; len(best.Facts) > 0 {
		facts = putForward(facts, best.Facts, func() string { return l.learned.source(l, text, tokens, o.best) })
	}
	for {
		if ground, found = l.rules.Ground(facts); !found || !l.learned.doubts(o, ground, found) {
			return facts
		}
		facts = stepBack(facts, ground)
	}
}

// stepBack makes a part of the story of a subject that the decision would rest on, and drops a kind of money.
func stepBack(facts routing.Facts, ground routing.Fact) routing.Facts {
	i := slices.Index(facts, ground)
	switch {
	case i < 0:
	case ground.Name == subjectFact:
		facts[i].Role = routing.Context
	default:
		facts = slices.Delete(facts, i, i+1)
	}
	return facts
}

// putForward makes one of the facts of a class the first that is asked for; source gives its words when the phrases had not
// found it.
func putForward(facts routing.Facts, class [][2]string, source func() string) routing.Facts {
	for _, want := range class {
		for i, f := range facts {
			if f.Name == want[0] && f.Value == want[1] {
				f.Role = routing.Asked
				return slices.Insert(slices.Delete(facts, i, i+1), 0, f)
			}
		}
	}
	f := routing.Fact{Name: class[0][0], Value: class[0][1], Source: source()}
	if f.Name != subjectFact {
		facts = slices.DeleteFunc(facts, func(old routing.Fact) bool { return old.Name == f.Name })
	}
	return slices.Insert(facts, 0, f)
}

// source is the words of the message that speak most for a class.
func (l *learned) source(lex *Lexicon, text string, tokens []token, class int) string {
	first, last, best := 0, 0, int8(math.MinInt8)
	lex.eachClue(tokens, func(name []byte, from, to int) {
		if n, ok := l.number[string(name)]; ok && l.clues[n].Weights[class] > best {
			first, last, best = from, to, l.clues[n].Weights[class]
		}
	})
	return text[tokens[first].start:tokens[last].end]
}
