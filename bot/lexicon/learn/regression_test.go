package main

import (
	"reflect"
	"testing"

	"guichet/routing/rulebook"
)

// TestLearn learns two classes from a few messages: the clue that tells them apart weighs for its class, the one that is in
// all weighs nothing, the one that was seen once is not kept; what is written is read again.
func TestLearn(t *testing.T) {
	classes := []rulebook.LearnedClass{{Facts: [][2]string{{"subject", "emploi"}}}, {}}
	clues := [][]string{{"nous", "recrut"}, {"nous", "recrut", "rare"}, {"nous", "bonjour"}, {"nous", "bonjour"}}
	learned := learn(classes, []int{0, 0, 1, 1}, clues)
	weights := map[string][]int8{}
	for _, c := range learned.Clues {
		weights[c.Name] = c.Weights
	}
	if w := weights["recrut"]; len(w) != 2 || w[0] < 20 || w[1] > -20 {
		t.Errorf("« recrut » weighs %v", w)
	}
	if w, kept := weights["nous"]; kept {
		t.Errorf("« nous » weighs %v", w)
	}
	if w, kept := weights["rare"]; kept {
		t.Errorf("« rare » was seen once and weighs %v", w)
	}
	read, err := rulebook.ReadLearned(learned.Append(nil, "essai"), "essai.txt")
	if err != nil {
		t.Fatal(err)
	}
	for i := range read.Classes {
		read.Classes[i].Pos = learned.Classes[i].Pos
	}
	if !reflect.DeepEqual(read, learned) {
		t.Errorf("written %+v, read %+v", learned, read)
	}
}
