package rulebook

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"guichet/routing"
)

// learnedFile holds what was learned from labelled messages. Without it, or when it is empty, phrases read alone.
const learnedFile = "apprentissage.txt"

// learnedHeader is the first line of the file: its form and the version of that form.
const learnedHeader = "guichet apprentissage 1"

// LeastEvidence is the norm of the rarities of a message of a few words, in tenths: one that has less says little.
const LeastEvidence = 300.0

// Learned says how much each clue of a message speaks for each thing that can be asked for. It is written by
// « go run ./bot/lexicon/learn », not by hand.
type Learned struct {
	Classes []LearnedClass
	Clues   []Clue
	// Step is the unit of the weights.
	Step float64
}

// LearnedClass is one thing that can be asked for.
type LearnedClass struct {
	// Facts are those that mean it, « subject=emploi »: the first is the one that the class gives. None: nothing that a rule takes.
	Facts [][2]string
	// Bias is its weight when nothing was read, in steps.
	Bias int8
	Pos  routing.Pos
}

// Clue is a word, two words that follow each other, or a word with what the grammar says of it (see lexicon.Clues).
type Clue struct {
	Name string
	// Rarity is how much the clue counts, in tenths; what is in every message counts least.
	Rarity uint8
	// Weights are for each class, in steps.
	Weights []int8
}

// ReadLearned reads the form that WriteTo writes; name is that of the file, for errors.
func ReadLearned(content []byte, name string) (*Learned, error) {
	lines := strings.Split(strings.TrimSuffix(string(content), "\n"), "\n")
	if strings.TrimSpace(lines[0]) == "" && len(lines) == 1 {
		return nil, nil
	}
	problem := func(line int, format string, args ...any) error {
		return routing.Problem{
			Pos:    routing.Pos{File: name, Line: line},
			Reason: fmt.Sprintf(format, args...) + " ; relancez l'apprentissage, ou videz le fichier pour lire par les phrases seules",
		}
	}
	if lines[0] != learnedHeader {
		return nil, problem(1, "le fichier doit commencer par « %s »", learnedHeader)
	}
	learned := &Learned{}
	for i, line := range lines[1:] {
		number := i + 2
		field := strings.Split(line, "\t")
		switch {
		case line == "" || line[0] == '#':
		case field[0] == "pas" && len(field) == 2 && learned.Step == 0:
			step, err := strconv.ParseFloat(field[1], 64)
			if err != nil || !(step > 0 && step < 10) {
				return nil, problem(number, "« %s » n'est pas un pas", field[1])
			}
			learned.Step = step
		case field[0] == "classe" && len(field) == 3 && len(learned.Clues) == 0:
			class := LearnedClass{Pos: routing.Pos{File: name, Line: number}}
			bias, err := strconv.ParseInt(field[1], 10, 8)
			if err != nil {
				return nil, problem(number, "« %s » n'est pas un poids de -128 à 127", field[1])
			}
			class.Bias = int8(bias)
			for _, f := range strings.Fields(field[2]) {
				fact, value, ok := strings.Cut(f, "=")
				if !ok {
					return nil, problem(number, "« %s » n'est pas un fait et sa valeur", f)
				}
				class.Facts = append(class.Facts, [2]string{fact, value})
			}
			learned.Classes = append(learned.Classes, class)
		case len(field) == 3 && len(learned.Classes) > 0 && learned.Step > 0:
			clue := Clue{Name: field[0], Weights: make([]int8, len(learned.Classes))}
			rarity, err := strconv.ParseUint(field[1], 10, 8)
			if err != nil || rarity == 0 {
				return nil, problem(number, "« %s » n'est pas une rareté de 1 à 255", field[1])
			}
			clue.Rarity = uint8(rarity)
			for _, w := range strings.Fields(field[2]) {
				class, weight, ok := strings.Cut(w, ":")
				k, errK := strconv.Atoi(class)
				value, errV := strconv.ParseInt(weight, 10, 8)
				if !ok || errK != nil || errV != nil || k < 0 || k >= len(learned.Classes) {
					return nil, problem(number, "« %s » n'est pas le numéro d'une classe et un poids de -128 à 127", w)
				}
				clue.Weights[k] = int8(value)
			}
			learned.Clues = append(learned.Clues, clue)
		default:
			return nil, problem(number, "la ligne ne se lit pas")
		}
	}
	if len(learned.Clues) == 0 {
		return nil, problem(len(lines), "il n'y a aucun indice")
	}
	return learned, nil
}

// Append writes the form that ReadLearned reads, after a comment.
func (l *Learned) Append(to []byte, comment string) []byte {
	to = append(to, learnedHeader+"\n# "+comment+"\n"...)
	to = fmt.Appendf(to, "pas\t%v\n", l.Step)
	for _, c := range l.Classes {
		to = fmt.Appendf(to, "classe\t%d\t", c.Bias)
		for i, f := range c.Facts {
			if i > 0 {
				to = append(to, ' ')
			}
			to = append(to, f[0]+"="+f[1]...)
		}
		to = append(to, '\n')
	}
	for _, c := range l.Clues {
		to = fmt.Appendf(to, "%s\t%d\t", c.Name, c.Rarity)
		space := ""
		for k, w := range c.Weights {
			if w != 0 {
				to = fmt.Appendf(to, "%s%d:%d", space, k, w)
				space = " "
			}
		}
		to = append(to, '\n')
	}
	return to
}

func loadLearned(folder fs.FS) (*Learned, error) {
	name := path.Join(wordsFolder, learnedFile)
	content, err := fs.ReadFile(folder, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("lecture de %s : %w", name, err)
	}
	return ReadLearned(content, name)
}
