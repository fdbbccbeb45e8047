package knowledge

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Damage says what went wrong with a text before it came here.
type Damage struct {
	// Share is the part of the text, from 0 to 1, that stands in sentences where something is wrong.
	Share float64
	// Why names what is wrong, in French; empty for a sound text.
	Why []string
}

var (
	// sentence cuts a text where a sentence ends, or a line.
	sentence = regexp.MustCompile(`[^.!?\n]+[.!?\n]*`)
	// misread is UTF-8 read as Windows-1252: « Ã© » for « é », « â€™ » for « ’ ». An « Ã » or an « Â » is followed by a letter in
	// no word of the languages read here.
	misread = regexp.MustCompile(`Ã[\x{80}-\x{BF}ƒŠŒŽšœžŸ€‚„…†‡ˆ‰‹‘’“”•–—˜™›]|Â[\x{A0}-\x{BF}]|â€[\x{80}-\x{BF}™œ˜¦“”•¢\x{9d}]|Å“|ï»¿`)
	// unmapped is what a PDF reader writes for a glyph that the file does not name.
	unmapped = regexp.MustCompile(`\(cid:\d+\)`)
)

// What may be wrong with a sentence.
var harms = []struct {
	why  string
	seen func(string) bool
}{
	{"lettres manquantes", lettersLost},
	{"caractères illisibles (�)", func(s string) bool { return strings.ContainsRune(s, utf8.RuneError) || unmapped.MatchString(s) }},
	{"accents mal codés (« Ã© » pour « é »)", misread.MatchString},
}

// lettersLost tells a sentence with two letters or more that stand between spaces as no French word does (« o e tatio »). The
// letter x is a sign of multiplication, too.
func lettersLost(s string) bool {
	lone := 0
	for _, word := range strings.Split(s, " ") {
		r, size := utf8.DecodeRuneInString(word)
		if size == len(word) && unicode.IsLower(r) && !strings.ContainsRune("aàyx", r) {
			lone++
		}
	}
	return lone > 1
}

// Harm tells how much of a document's text is damaged, by its form alone: letters that cannot stand alone in French,
// characters that stand for an unknown one, or read in the wrong encoding.
func Harm(d Document) Damage {
	var out Damage
	all, bad := 0, 0
	found := make([]bool, len(harms))
	for _, b := range d.Blocks {
		for _, s := range sentence.FindAllString(b.Text, -1) {
			length := utf8.RuneCountInString(strings.TrimSpace(s))
			all += length
			wrong := false
			for i, h := range harms {
				if h.seen(s) {
					found[i], wrong = true, true
				}
			}
			if wrong {
				bad += length
			}
		}
	}
	for i, h := range harms {
		if found[i] {
			out.Why = append(out.Why, h.why)
		}
	}
	if bad > 0 {
		out.Share = float64(bad) / float64(all)
	}
	return out
}
