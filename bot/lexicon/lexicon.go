package lexicon

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"guichet/bot"
	"guichet/knowledge/french"
	"guichet/routing"
	"guichet/routing/rulebook"
)

// Lexicon reads facts with the vocabularies of a rule book. It is safe for concurrent use.
type Lexicon struct {
	rules         *routing.Rules
	places        *gazetteer
	abbreviations map[string][]string
	glue          map[string]bool
	classIDs      map[string]int
	classNames    []string
	learned       *learned // nil: phrases read alone
	// simple classes are made of words, composed ones of other classes too.
	simple, composed *index
	regions          *index // owner: a region
	cues             *index // owner: index in cueList
	answers          *index // likewise: the cues that only an answer to a question may give
	cueList          []cue
	// vocabulary are the words of the phrases, which a misspelling may stand for; known are other words that exist.
	vocabulary, known, stems map[string]bool
	// prefixes are those of the phrases: a word that starts so needs no correction.
	prefixes []string
	spelling *speller
}

type cue struct {
	rulebook.Cue
	value any
	count count // how the value is told by the numbers of the phrase, nil when it is not
}

// New prepares the vocabularies of a book. Every mistake in a phrase is reported with its file and line.
func New(book *rulebook.Book) (*Lexicon, error) {
	words := book.Words
	l := &Lexicon{
		rules: book.Rules, places: newGazetteer(book.Territories), abbreviations: map[string][]string{}, glue: map[string]bool{},
		classIDs: map[string]int{}, simple: newIndex(), composed: newIndex(), regions: newIndex(), cues: newIndex(), answers: newIndex(),
		vocabulary: map[string]bool{}, known: map[string]bool{}, stems: map[string]bool{},
	}
	var problems []error
	for from, to := range words.Abbreviations {
		for _, w := range french.Words(to) {
			l.abbreviations[french.Fold(from)] = append(l.abbreviations[french.Fold(from)], w.Fold)
		}
	}
	for _, w := range words.Glue {
		l.glue[french.Fold(w)] = true
	}
	for _, w := range french.Lexicon() {
		l.known[w] = true
	}
	for _, w := range words.Known {
		l.known[french.Fold(w)] = true
	}
	names := slices.Sorted(maps.Keys(words.Classes))
	for _, name := range names {
		l.classIDs[name] = len(l.classIDs)
		l.classNames = append(l.classNames, name)
	}
	for _, name := range names {
		for _, p := range words.Classes[name] {
			items, err := l.parsePhrase(p)
			if err != nil {
				problems = append(problems, err)
				continue
			}
			if cited, ok := citesComposed(words.Classes, p.Text); ok {
				problems = append(problems, l.phraseProblem(p, "« %s » cite elle-même une classe : une classe ne cite que des classes de mots", cited))
				continue
			}
			target := l.simple
			if strings.Contains(p.Text, "@") {
				target = l.composed
			}
			target.add(items, l.classIDs[name])
		}
	}
	l.addInstitutions()
	for i, region := range regions {
		problems = append(problems, l.addPhrases(l.regions, words.Grammar[region.name], i)...)
		problems = append(problems, l.addPhrases(l.regions, words.Grammar[region.name+"-end"], endings+i)...)
	}
	for name, phrases := range words.Grammar {
		if !knownRegion(strings.TrimSuffix(name, "-end")) && len(phrases) > 0 {
			problems = append(problems, routing.Problem{Pos: phrases[0].Pos, Reason: fmt.Sprintf("la grammaire ne connaît pas « %s »", name)})
		}
	}
	for _, c := range words.Cues {
		problems = append(problems, l.addCue(c)...)
	}
	learned, mistakes := newLearned(words.Learned, book.Rules)
	l.learned, problems = learned, append(problems, mistakes...)
	l.spelling = newSpeller(l.vocabulary, book.Territories.Communes)
	return l, errors.Join(problems...)
}

func (l *Lexicon) addPhrases(x *index, phrases []rulebook.Phrase, owner int) (problems []error) {
	for _, p := range phrases {
		items, err := l.parsePhrase(p)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		x.add(items, owner)
	}
	return problems
}

// addCue checks that the fact and its value exist in the rule set.
func (l *Lexicon) addCue(c rulebook.Cue) []error {
	parsed := cue{Cue: c, value: c.Value}
	pos := c.Phrases[0].Pos
	problem := func(format string, args ...any) []error {
		return []error{routing.Problem{Pos: pos, Reason: fmt.Sprintf(format, args...)}}
	}
	switch c.Role {
	case "", string(routing.Status), "none", "answer":
	default:
		return problem("le rôle « %s » n'existe pas : status, none ou answer", c.Role)
	}
	fact, declared := l.rules.Fact(c.Fact)
	switch {
	case c.Role == "none":
	case c.Fact == intentFact:
		if !slices.Contains(intents, bot.Intent(c.Value)) {
			return problem("l'intention « %s » n'existe pas : %v", c.Value, intents)
		}
	case c.Fact == subjectFact:
		if !l.rules.HasSubject(c.Value) {
			return problem("le sujet « %s » n'est pas déclaré", c.Value)
		}
	case !declared:
		return problem("le fait « %s » n'est pas déclaré", c.Fact)
	case c.Fact == companyFact && c.Value != "%nom":
		return problem("le nom d'une entreprise est celui que dit la phrase : value: \"%%nom\"")
	case c.Value == "unknown":
	case fact.Kind == routing.Number && counts[c.Value] != nil:
		parsed.count = counts[c.Value]
	case fact.Kind == routing.Number:
		n, err := strconv.ParseInt(c.Value, 10, 64)
		if err != nil {
			return problem("le fait %s est un nombre, ou %s, pas « %s »", c.Fact, strings.Join(slices.Sorted(maps.Keys(counts)), ", "), c.Value)
		}
		parsed.value = n
	case fact.Kind == routing.YesNo:
		if c.Value != "true" && c.Value != "false" {
			return problem("le fait %s est true ou false, pas « %s »", c.Fact, c.Value)
		}
		parsed.value = c.Value == "true"
	case fact.Kind == routing.Choice && !fact.Accepts(c.Value):
		return problem("« %s » n'est pas une valeur du fait %s", c.Value, c.Fact)
	}
	l.cueList = append(l.cueList, parsed)
	target := l.cues
	if c.Role == "answer" {
		target = l.answers
	}
	return l.addPhrases(target, c.Phrases, len(l.cueList)-1)
}

// citesComposed finds in a phrase a class that cites others: classes are found in two passes, not more.
func citesComposed(classes map[string][]rulebook.Phrase, text string) (name string, ok bool) {
	for _, cited := range citation.FindAllStringSubmatch(text, -1) {
		if slices.ContainsFunc(classes[cited[1]], func(p rulebook.Phrase) bool { return strings.Contains(p.Text, "@") }) {
			return "@" + cited[1], true
		}
	}
	return "", false
}

var citation = regexp.MustCompile(`@(\w+)`)
