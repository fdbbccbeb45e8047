package rulebook

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"guichet/routing"
)

// wordsFolder holds the vocabularies: any number of files of the same form, read together.
const wordsFolder = "words"

// Words are the vocabularies that read the facts of a message. The language of phrases is documented in words/LISEZMOI.md.
type Words struct {
	// Classes name lists of phrases that others use (« @metier »); those under « nouns » match nouns only.
	Classes map[string][]Phrase
	// Abbreviations are ways of writing that stand for other words (« jveu » → « je veux »).
	Abbreviations map[string]string
	// Glue words may stand between any two words of a phrase (« besoin d'une aide » is « besoin aide »).
	Glue []string
	// Grammar gives, by name, the phrases that open a stretch of the message (refusal, context, secondary…).
	Grammar map[string][]Phrase
	// Cues are the phrases that give a fact.
	Cues []Cue
	// Known are ordinary words that are never taken for a misspelling of another.
	Known []string
	// Learned comes from labelled messages; nil when the folder has none.
	Learned *Learned
}

// Cue gives a fact its value when one of its phrases is read.
type Cue struct {
	// Fact and Value are those of the rule set; for « subject » the value is a subject.
	Fact, Value string
	// Role says that the phrases tell who the company is, not what it asks (status), are only there to take words away from
	// other cues (none), or count only in an answer to the question about the fact (answer).
	Role string
	// Weight says how surely the phrases mean it: 9 sure, 6 normal, 3 weak.
	Weight  int
	Phrases []Phrase
}

// Phrase is one line of a vocabulary with its place.
type Phrase struct {
	Text string
	// Noun tells that plain words are nouns, read in the singular and the plural only.
	Noun bool
	Pos  routing.Pos
}

type wordsYAML struct {
	Classes       map[string]phrasesYAML `yaml:"classes"`
	Nouns         map[string]phrasesYAML `yaml:"nouns"`
	Abbreviations map[string]string      `yaml:"abbreviations"`
	Glue          string                 `yaml:"glue"`
	Grammar       map[string]phrasesYAML `yaml:"grammar"`
	Cues          []placed[cueYAML]      `yaml:"cues"`
	Known         string                 `yaml:"known"`
}

type cueYAML struct {
	Fact    string      `yaml:"fact"`
	Value   string      `yaml:"value"`
	Subject string      `yaml:"subject"`
	Role    string      `yaml:"role"`
	Weight  int         `yaml:"weight"`
	Phrases phrasesYAML `yaml:"phrases"`
}

// phrasesYAML is a block of text, one phrase a line, or several on a line between commas; # starts a comment.
type phrasesYAML []Phrase

// UnmarshalYAML keeps the line of each phrase.
func (p *phrasesYAML) UnmarshalYAML(node ast.Node) error {
	var block string
	if err := yaml.NodeToValue(node, &block); err != nil {
		return err
	}
	line := node.GetToken().Position.Line
	if literal, ok := node.(*ast.LiteralNode); ok {
		line = literal.Start.Position.Line + 1
	}
	for i, text := range strings.Split(block, "\n") {
		text, _, _ = strings.Cut(text, "#")
		for _, one := range strings.Split(text, ",") {
			if one = strings.TrimSpace(one); one != "" {
				*p = append(*p, Phrase{Text: one, Pos: routing.Pos{Line: line + i}})
			}
		}
	}
	return nil
}

func (p phrasesYAML) in(file string) []Phrase {
	out := make([]Phrase, len(p))
	for i, phrase := range p {
		phrase.Pos.File = file
		out[i] = phrase
	}
	return out
}

func loadWords(folder fs.FS) (Words, error) {
	words := Words{Classes: map[string][]Phrase{}, Abbreviations: map[string]string{}, Grammar: map[string][]Phrase{}}
	entries, err := fs.ReadDir(folder, wordsFolder)
	if err != nil {
		return words, fmt.Errorf("lecture des vocabulaires : %w", err)
	}
	var problems []error
	for _, entry := range entries {
		if path.Ext(entry.Name()) != ".yaml" {
			continue
		}
		file := path.Join(wordsFolder, entry.Name())
		var y wordsYAML
		if err := readYAML(folder, file, &y); err != nil {
			problems = append(problems, err)
			continue
		}
		for name, phrases := range y.Classes {
			words.Classes[name] = append(words.Classes[name], phrases.in(file)...)
		}
		for name, phrases := range y.Nouns {
			for _, phrase := range phrases.in(file) {
				phrase.Noun = true
				words.Classes[name] = append(words.Classes[name], phrase)
			}
		}
		for from, to := range y.Abbreviations {
			words.Abbreviations[from] = to
		}
		words.Glue = append(words.Glue, strings.Fields(y.Glue)...)
		words.Known = append(words.Known, strings.Fields(y.Known)...)
		for name, phrases := range y.Grammar {
			words.Grammar[name] = append(words.Grammar[name], phrases.in(file)...)
		}
		for _, c := range y.Cues {
			cue := Cue{Fact: c.value.Fact, Value: c.value.Value, Role: c.value.Role, Weight: c.value.Weight, Phrases: c.value.Phrases.in(file)}
			if c.value.Subject != "" {
				cue.Fact, cue.Value = "subject", c.value.Subject
			}
			if cue.Fact == "" || cue.Value == "" || len(cue.Phrases) == 0 {
				problems = append(problems, routing.Problem{Pos: routing.Pos{File: file, Line: c.line}, Reason: "il faut un sujet (subject) ou un fait et sa valeur (fact, value), et des phrases"})
				continue
			}
			if cue.Weight == 0 {
				cue.Weight = 6
			}
			words.Cues = append(words.Cues, cue)
		}
	}
	if words.Learned, err = loadLearned(folder); err != nil {
		problems = append(problems, err)
	}
	return words, errors.Join(problems...)
}
