package lexicon_test

import "testing"

const benchMessage = "Nous sommes 5 dans l'entreprise à Béthune et voulons investir dans un camion frigorifique, quelle aide de la Région ?"

// BenchmarkRoute measures a whole decision from the message: words, facts, rules, reasons and alternatives.
func BenchmarkRoute(b *testing.B) {
	book, l := load(b)
	for b.Loop() {
		if d := book.Rules.Decide(l.Read(benchMessage).Request); d.Lead == "" {
			b.Fatal("no lead")
		}
	}
}

// BenchmarkDecide measures the rules alone, from the facts.
func BenchmarkDecide(b *testing.B) {
	book, l := load(b)
	facts := l.Read(benchMessage).Request
	for b.Loop() {
		book.Rules.Decide(facts)
	}
}

// BenchmarkRead measures the reading alone, from the words to the facts.
func BenchmarkRead(b *testing.B) {
	_, l := load(b)
	for b.Loop() {
		l.Read(benchMessage)
	}
}
