package lexicon

import (
	"os"
	"testing"

	"guichet/routing/rulebook"
)

func TestDebug(t *testing.T) {
	text := os.Getenv("TEXT")
	if text == "" {
		return
	}
	book, err := rulebook.Load(rulebook.Default())
	if err != nil {
		t.Fatal(err)
	}
	l, err := New(book)
	if err != nil {
		t.Fatal(err)
	}
	names := map[int]string{}
	for n, id := range l.classIDs {
		names[id] = n
	}
	tokens := l.analyse(text)
	for i, tok := range tokens {
		cl := ""
		for _, c := range tok.classes {
			cl += " " + names[c.class]
		}
		t.Logf("%d %q %v mark=%q flags=%05b num=%d/%d cl=%s places=%d", i, tok.fold, tok.stems, tok.mark, tok.flags, tok.number, tok.numberTokens, cl, len(tok.places))
	}
	for _, m := range l.find(l.cues, tokens) {
		c := l.cueList[m.owner]
		t.Logf("cue %s=%s %s w%d «%s» used %v", c.Fact, c.Value, c.Role, c.Weight, l.source(text, tokens, m), m.used)
	}
	d := book.Rules.Decide(l.Read(text).Facts)
	t.Logf("%s %s %v %v", d.Lead, d.Rule, d.Associated, d.Missing)
}
