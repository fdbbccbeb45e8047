// Command learn writes words/apprentissage.txt, which weighs the clues of a message, from labelled messages:
//
//	go run ./bot/lexicon/learn [--rules DOSSIER] FICHIER.jsonl… > words/apprentissage.txt
//
// It is a logistic regression over the clues that the lexicon gives, with the same result each time. The classes come from the
// rules: what can be asked for and leads to the rule of the label.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"

	"guichet/bot/lexicon"
	"guichet/routing"
	"guichet/routing/rulebook"
)

// labelled is a line of the files: a message with the rule that takes it, or the fact that it misses.
type labelled struct {
	Text      string   `json:"text"`
	Rule      *string  `json:"rule"`
	Missing   []string `json:"missing"`
	Arbitrate bool     `json:"arbitrate"`
}

func (m labelled) is(d routing.Decision) bool {
	if len(m.Missing) > 0 || len(d.Missing) > 0 {
		return slices.Equal(m.Missing, d.Missing)
	}
	return m.Rule != nil && d.Rule == *m.Rule && d.Arbitrate == m.Arbitrate
}

func main() {
	folder := flag.String("rules", "", "dossier des règles de la Région")
	flag.Parse()
	if err := run(*folder, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "apprentissage :", err)
		os.Exit(1)
	}
}

func run(folder string, files []string) error {
	rules, err := rulebook.Folder(folder)
	if err != nil {
		return err
	}
	book, err := rulebook.Load(rules)
	if err != nil {
		return err
	}
	book.Words.Learned = nil // what the phrases say tells apart subjects that one rule takes
	l, err := lexicon.New(book)
	if err != nil {
		return err
	}
	var messages []labelled
	for _, name := range files {
		read, err := readMessages(name)
		if err != nil {
			return err
		}
		messages = append(messages, read...)
	}
	if len(messages) == 0 {
		return fmt.Errorf("aucun message : donnez un ou plusieurs fichiers de messages étiquetés, une ligne JSON par message")
	}
	asks := whatCanBeAsked(book.Rules)
	var labels []int
	var clues [][]string
	var others []routing.Facts
	for _, m := range messages {
		facts := l.Read(m.Text).Facts
		beside := slices.DeleteFunc(slices.Clone(facts), func(f routing.Fact) bool {
			return slices.ContainsFunc(asks, func(a routing.Fact) bool { return a.Name == f.Name })
		})
		if ask, ok := label(book.Rules, asks, m, facts, beside); ok {
			labels, clues, others = append(labels, ask), append(clues, l.Clues(m.Text)), append(others, beside)
		}
	}
	classes, of := group(book.Rules, asks, others)
	for i, ask := range labels {
		labels[i] = of[ask]
	}
	learned := learn(classes, labels, clues)
	fmt.Fprintf(os.Stderr, "%d messages, dont %d laissés de côté : rien de ce qui peut se demander ne mène à leur étiquette\n", len(messages), len(messages)-len(labels))
	comment := fmt.Sprintf("Écrit par « go run ./bot/lexicon/learn » d'après %d messages ; %d indices. Ne se modifie pas à la main.", len(labels), len(learned.Clues))
	_, err = os.Stdout.Write(learned.Append(nil, comment))
	return err
}

func readMessages(name string) ([]labelled, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var out []labelled
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for number := 1; lines.Scan(); number++ {
		var m labelled
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			return nil, fmt.Errorf("%s:%d : %w", name, number, err)
		}
		out = append(out, m)
	}
	return out, lines.Err()
}

// whatCanBeAsked lists the subjects and the kinds of money that decide by themselves, then nothing at all.
func whatCanBeAsked(rules *routing.Rules) []routing.Fact {
	var out []routing.Fact
	set := rules.Set()
	for _, s := range set.Subjects {
		out = append(out, routing.Fact{Name: "subject", Value: s.ID})
	}
	for _, f := range set.Facts {
		if !rules.Money(f.Name) {
			continue
		}
		for _, v := range f.Values {
			out = append(out, routing.Fact{Name: f.Name, Value: v.ID})
		}
	}
	return append(out, routing.Fact{})
}

// label finds what a message asks for: what its phrases found if that leads to the label, else the first thing that does.
func label(rules *routing.Rules, asks []routing.Fact, m labelled, facts, others routing.Facts) (ask int, ok bool) {
	leads := func(i int) bool {
		given := slices.Clone(others)
		if asks[i].Name != "" {
			given = append(given, asks[i])
		}
		return m.is(rules.Decide(given))
	}
	ground, found := rules.Ground(facts)
	read := slices.IndexFunc(asks, func(a routing.Fact) bool {
		return found && a.Name == ground.Name && a.Value == ground.Value || !found && a.Name == ""
	})
	if read >= 0 && leads(read) {
		return read, true
	}
	for i := range asks {
		if leads(i) {
			return i, true
		}
	}
	return 0, false
}

// group puts together the things that decide alike, whatever the other facts of the messages. of gives the class of each.
func group(rules *routing.Rules, asks []routing.Fact, others []routing.Facts) (classes []rulebook.LearnedClass, of []int) {
	alike := map[string]int{}
	for _, ask := range asks {
		key := ask.Name
		if ask.Name != "" {
			key = "something"
			for _, facts := range others {
				d := rules.Decide(append(slices.Clone(facts), ask))
				key += fmt.Sprint(d.Rule, d.Missing, d.Arbitrate)
				if d.Arbitrate {
					key += d.Reasons[0]
				}
			}
		}
		k, ok := alike[key]
		if !ok {
			k = len(classes)
			alike[key] = k
			classes = append(classes, rulebook.LearnedClass{})
		}
		if ask.Name != "" {
			classes[k].Facts = append(classes[k].Facts, [2]string{ask.Name, ask.Value.(string)})
		}
		of = append(of, k)
	}
	return classes, of
}
