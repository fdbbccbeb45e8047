package knowledge

import (
	"regexp"
	"strings"

	"guichet/knowledge/french"
)

// Analyse gives the words under which a text is indexed and looked for: folded stems without the words that carry no
// meaning. What people write in one or two words is there in both ways (« Éco-Flux » also as « ecoflux »,
// « Proch'emploi » also as « proch » and « emploi », « 10 000 » also as « 10000 »).
func Analyse(text string) []string {
	var out []string
	for _, t := range terms(text) {
		out = append(out, t.forms...)
	}
	return out
}

var (
	// address is a link's target or a bare address: its letters and figures say nothing of what the text says.
	address = regexp.MustCompile(`\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*\)|https?://[^\s)]+`)
	// numbering is the number of a list item, which counts nothing.
	numbering = regexp.MustCompile(`(?m)^\s*\d{1,2}[.)]\s`)
	// conditions is a long choice of values (« région = A; région = B; … »), its first one apart.
	conditions = regexp.MustCompile(`(\pL+ = [^=;:\n]+)(?:; ?\pL+ = [^=;:\n]+){2,}`)
)

// said gives what a passage says: without addresses, numbers of items, and the values that a text written by a program
// enumerates, any of which would look like what a question asks for. Most texts have none of these: a glance spares them the
// expressions, which take longer than all the rest of the ranking.
func said(text string) string {
	if strings.Contains(text, "](") || strings.Contains(text, "://") {
		text = address.ReplaceAllString(text, " ")
	}
	if numbered(text) {
		text = numbering.ReplaceAllString(text, " ")
	}
	if strings.Contains(text, " = ") {
		text = conditions.ReplaceAllString(text, " ")
	}
	return text
}

// numbered tells whether a figure is followed by what may end the number of an item.
func numbered(text string) bool {
	for i := 1; i < len(text); i++ {
		if (text[i] == '.' || text[i] == ')') && '0' <= text[i-1] && text[i-1] <= '9' {
			return true
		}
	}
	return false
}

// plural is the ending of plurals that the stemmer keeps (« vélos », « élus », « emplois »).
var plural = regexp.MustCompile(`..(o|u|a|oi)s$`)

// stem gives the stem of a folded word. Without its accent the stemmer keeps the end of a feminine participle (« invitees »
// gives « invite », « inviter » gives « invit »).
func stem(fold string) string {
	if plural.MatchString(fold) {
		fold = fold[:len(fold)-1]
	}
	s := french.Stem(fold)
	if len(s) > 3 {
		s = strings.TrimSuffix(s, "e")
	}
	return s
}

// term is one meaningful word of a text with the words it is indexed under, the plainest first.
type term struct {
	french.Word
	forms []string
	// joins tells that the last form holds the previous term too.
	joins bool
}

func terms(text string) []term {
	words := french.Words(text)
	out := make([]term, 0, len(words))
	for i, w := range words {
		if w.Elided || french.Stop(w.Fold) && !(w.Acronym && w.Fold != "a") {
			continue
		}
		t := term{Word: w}
		if before, after, ok := strings.Cut(w.Fold, "'"); ok {
			t.forms = []string{stem(before + after), stem(before), stem(after)}
		} else {
			t.forms = []string{stem(w.Fold)}
		}
		if i > 0 && !words[i-1].Elided {
			between := text[words[i-1].End:w.Start]
			number := digits(words[i-1].Fold) && len(w.Fold) == 3 && digits(w.Fold)
			if between == "-" || between == "‑" || between == "&" || number && (between == " " || between == "\u00a0" || between == "\u202f" || between == ".") {
				t.forms = append(t.forms, stem(words[i-1].Fold+w.Fold))
				t.joins = true
			}
		}
		out = append(out, t)
	}
	return out
}

func digits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
