// Package lexicon reads the facts of a request in its words, with no model: phrases, grammar and places are data that the
// Region edits (routing/rulebook), and each fact keeps the words that gave it. It may import routing, routing/rulebook
// (the form of the vocabularies) and knowledge/french (words and stems).
package lexicon
