package knowledge

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Sizes of passages, in characters.
const (
	joined  = 320 // short items are joined up to this size
	leading = 500 // a list stays with the sentence that announces it up to this size
)

// Split cuts a document into passages: one block each, short neighbouring items joined, a list with the sentence that
// announces it when both are short; else that sentence becomes the last title of the list's passages.
func Split(d Document) []Passage {
	var out []Passage
	add := func(blocks []Block, path []string) {
		b := blocks[0]
		text := b.Text
		if strings.ContainsFunc(b.Mark, unicode.IsDigit) { // « 2. » is part of what is said, a dash is not
			text = b.Mark + text
		}
		for _, next := range blocks[1:] {
			text += "\n" + next.Mark + next.Text
		}
		out = append(out, Passage{Document: d.ID, Ordinal: len(out), Kind: b.Kind, Path: path, Text: text, Offset: b.Offset, Page: b.Page})
	}
	for i := 0; i < len(d.Blocks); {
		b := d.Blocks[i]
		end := i + 1
		if b.Kind != Paragraph && b.Kind != Item {
			add(d.Blocks[i:end], b.Path)
			i = end
			continue
		}
		items := i
		path := b.Path
		announced := b.Kind == Paragraph && strings.HasSuffix(strings.TrimSpace(b.Text), ":")
		if announced {
			items++
		}
		last := items
		for last < len(d.Blocks) && d.Blocks[last].Kind == Item && samePath(d.Blocks[last].Path, b.Path) {
			last++
		}
		if announced && last > items {
			if size(d.Blocks[i:last]) <= leading {
				add(d.Blocks[i:last], path)
				i = last
				continue
			}
			add(d.Blocks[i:items], path)
			path = append(append([]string{}, path...), strings.TrimRight(strings.TrimSpace(b.Text), " :"))
			i = items
		} else if b.Kind == Paragraph {
			add(d.Blocks[i:end], path)
			i = end
			continue
		}
		for i < last {
			end = i + 1
			for end < last && size(d.Blocks[i:end+1]) <= joined {
				end++
			}
			add(d.Blocks[i:end], path)
			i = end
		}
	}
	return out
}

func size(blocks []Block) int {
	n := 0
	for _, b := range blocks {
		n += utf8.RuneCountInString(b.Text) + 1
	}
	return n
}

func samePath(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
