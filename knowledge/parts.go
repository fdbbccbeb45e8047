package knowledge

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"guichet/knowledge/french"
)

// Parts. People ask several things at once (« C'est combien, et pour qui ? »), which no passage answers alone. When the base does
// not answer all of such a question, it answers its parts one by one, the others being told; it answers them all or declines.

// mostParts is how many things are asked at once: beyond, it is a letter.
const mostParts = 3

// further is where a clause may ask another thing.
var further = regexp.MustCompile(`(?i)\s+(?:et|puis)\s+`)

// parts gives, for each of the things that a question asks, the setting in which it is asked; nil when it asks one.
func (v *vocabulary) parts(text string) []setting {
	var parts [][][2]int // the spans of each, in bytes of the folded text
	for _, sentence := range statement.FindAllStringIndex(text, -1) {
		for _, clause := range clauseOf.FindAllStringIndex(text[sentence[0]:sentence[1]], -1) {
			from, end := sentence[0]+clause[0], sentence[0]+clause[1]
			for from < end {
				to := end
				if at := further.FindStringIndex(text[from:end]); at != nil {
					to = from + at[1]
				}
				fold := strings.TrimSpace(french.Fold(text[from:to]))
				if v.asks(fold) || demanding.MatchString(fold) {
					parts = append(parts, nil)
				}
				if n := len(parts); n > 0 { // else what comes before is the subject of all
					parts[n-1] = append(parts[n-1], [2]int{len(french.Fold(text[:from])), len(french.Fold(text[:to]))})
				}
				from = to
			}
		}
	}
	if len(parts) < 2 || len(parts) > mostParts {
		return nil
	}
	out := make([]setting, len(parts))
	for i := range parts {
		out[i] = v.setting(text)
		for j, other := range parts {
			if j != i {
				out[i].told = append(out[i].told, other...)
			}
		}
	}
	return out
}

// inParts answers each of the things that a question asks, and tells how many it answered.
func (b *Base) inParts(ctx context.Context, v Viewer, text string, parts []setting, now time.Time) (all Answer, answered int, err error) {
	var texts []string
	for _, part := range parts {
		a, _, err := b.answer(ctx, v, text, part, now)
		if err != nil {
			return Answer{}, 0, err
		}
		if a.Abstained {
			continue
		}
		answered++
		known := func(q Quote) bool {
			return slices.ContainsFunc(all.Quotes, func(other Quote) bool { return other.Document == q.Document && other.Ordinal == q.Ordinal })
		}
		if slices.ContainsFunc(a.Quotes, func(q Quote) bool { return !known(q) }) {
			texts = append(texts, a.Text)
			all.Quotes = append(all.Quotes, slices.DeleteFunc(a.Quotes, known)...)
		}
		all.Unsure = all.Unsure || a.Unsure
		all.Looked = append(all.Looked, a.Looked...)
	}
	all.Text, all.Settled = strings.Join(texts, "\n\n"), true
	slices.Sort(all.Looked)
	all.Looked = slices.Compact(all.Looked)
	return all, answered, nil
}
