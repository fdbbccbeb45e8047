package knowledge

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// sentences cuts what a model writes, as it comes, into sentences with the numbers that they cite.
type sentences struct{ pending string }

// cited is a sentence without its citations, and their numbers in order.
type cited struct {
	text    string
	numbers []int
}

// longestSentence is where a sentence that does not end is cut, in bytes.
const longestSentence = 800

// add takes a piece of text and gives the sentences that it ends.
func (s *sentences) add(text string) []cited {
	s.pending += text
	var out []cited
	for {
		end := sentenceCut(s.pending)
		if end == 0 && len(s.pending) > longestSentence {
			end = longestSentence
			for !utf8.RuneStart(s.pending[end]) {
				end--
			}
		}
		if end == 0 {
			return out
		}
		out = append(out, readCited(s.pending[:end])...)
		s.pending = s.pending[end:]
	}
}

// end gives what was left.
func (s *sentences) end() []cited {
	out := readCited(s.pending)
	s.pending = ""
	return out
}

var (
	citation = regexp.MustCompile(`\s*\[\s*(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\s*\]`)
	bullet   = regexp.MustCompile(`^\s*(?:[-–•*]|\d{1,2}[.)])\s+`)
	emphatic = strings.NewReplacer("**", "", "__", "")
	// shortened is a word that its dot does not end.
	shortened = regexp.MustCompile(`(?:^|[\s(«'’])(?:\pL|[Mm]me|[Mm]mes|MM|[Aa]rt|[Cc]f|[Ee]x|[Ee]nv|[Nn]um|[Tt]él|[Cc]hap|[Pp]p|St|Ste|Dr|\d+)$`)
)

// sentenceCut gives where the first sentence of a text ends, its citations included; 0 while what follows could still be its.
func sentenceCut(text string) int {
	for i, r := range text {
		if r != '.' && r != '!' && r != '?' && r != '…' && r != '\n' {
			continue
		}
		end := i + utf8.RuneLen(r)
		if end == len(text) && r != '\n' {
			return 0
		}
		rest := strings.TrimLeft(text[end:], " \u00a0\t")
		next, _ := utf8.DecodeRuneInString(rest)
		switch {
		case r == '\n' && strings.TrimSpace(text[:i]) == "":
			continue
		case r == '\n':
			return end
		case rest == "":
			return 0
		case next == '[':
			for {
				at := citation.FindStringIndex(rest)
				if at == nil || at[0] != 0 {
					break
				}
				rest = rest[at[1]:]
			}
			// Another citation, or the dot after them, may still come.
			if after := strings.TrimLeft(rest, " \u00a0\t"); after == "" || after[0] == '[' && !strings.Contains(after, "]") {
				return 0
			}
			if strings.HasPrefix(rest, ".") {
				rest = rest[1:]
			}
			return len(text) - len(rest)
		case len(rest) == len(text[end:]) && next != '\n' && next != '"' && next != '»': // no space: « 1.5 », an address
			continue
		case r == '.' && !strings.HasSuffix(text[:i], "]") && (unicode.IsLower(next) || shortened.MatchString(text[:i])):
			continue
		}
		return end
	}
	return 0
}

// readCited reads one sentence; none when there is nothing in it.
func readCited(text string) []cited {
	var c cited
	for _, m := range citation.FindAllStringSubmatch(text, -1) {
		for _, n := range strings.FieldsFunc(m[1], func(r rune) bool { return r < '0' || r > '9' }) {
			number, err := strconv.Atoi(n)
			if err == nil && !slices.Contains(c.numbers, number) {
				c.numbers = append(c.numbers, number)
			}
		}
	}
	c.text = emphatic.Replace(bullet.ReplaceAllString(citation.ReplaceAllString(text, ""), ""))
	c.text = strings.Join(strings.Fields(c.text), " ")
	c.text = strings.TrimSpace(strings.TrimRight(c.text, ".… "))
	if c.text == "" {
		return nil
	}
	return []cited{c}
}
