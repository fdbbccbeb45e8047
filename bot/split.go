package bot

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// Fence opens and closes a block of code, in the markup of chat platforms.
const Fence = "```"

// longestWhole is how long what is never cut may be, in bytes.
const longestWhole = 8192

// Split cuts a text of a platform's markup in parts of at most limit characters: between paragraphs, else lines, else words.
// It never cuts in what whole matches (a link, an escaped sign); a code fence that must be cut is closed and opened again.
func Split(text string, limit int, whole *regexp.Regexp) []string {
	var parts []string
	open := false
	for text != "" {
		head := ""
		room := limit
		if open {
			head = Fence + "\n"
			room -= len(head)
		}
		part := text
		if utf8.RuneCountInString(text) > room {
			part = text[:cut(text, room-len(Fence)-1, whole)]
		}
		text = strings.TrimLeft(text[len(part):], "\n")
		if strings.Count(part, Fence)%2 == 1 {
			open = !open
		}
		part = head + strings.TrimRight(part, " \n")
		if open && text != "" {
			part += "\n" + Fence
		}
		open = open && text != ""
		if strings.TrimSpace(part) != "" {
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return []string{" "}
	}
	return parts
}

// cut gives the best place to cut a text within a number of characters, in bytes.
func cut(text string, room int, whole *regexp.Regexp) int {
	end := 0 // bytes of the first characters
	for range room {
		_, size := utf8.DecodeRuneInString(text[end:])
		end += size
	}
	best := end
	for _, between := range []string{"\n\n", "\n", " "} {
		if i := strings.LastIndex(text[:end], between); i > end/2 {
			best = i + len(between)
			break
		}
	}
	// Not in ``` nor in what is whole, unless it is longer than a part.
	for i := max(best-len(Fence)+1, 1); i < best; i++ {
		if strings.HasPrefix(text[i:], Fence) {
			best = i
		}
	}
	for _, at := range whole.FindAllStringIndex(text[:min(len(text), end+longestWhole)], -1) {
		if at[0] >= best {
			break
		}
		if at[1] > best && at[0] > 0 {
			best = at[0]
			break
		}
	}
	return best
}

// Short cuts a text to a number of characters.
func Short(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	runes := []rune(text)
	return string(runes[:most-1]) + "…"
}
