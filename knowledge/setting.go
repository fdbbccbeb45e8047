package knowledge

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"guichet/knowledge/french"
)

// Setting. People say who they are and what happened before they ask (« Coiffeuse à Calais, 3 salariés : … »). It may name the
// subject and tell which of several cases is theirs, so that it helps to find; but an answer need not hold it.

// setting is what of a question asks nothing: from and to, in bytes of the folded text.
type setting struct {
	// told are statements, which may name the subject; own is what can only be of the asker, or our region.
	told, own [][2]int
}

// in tells whether a place of the folded text is in one of the spans.
func in(spans [][2]int, at int) bool {
	return slices.ContainsFunc(spans, func(span [2]int) bool { return span[0] <= at && at < span[1] })
}

func (s setting) holds(at int) bool { return in(s.told, at) || in(s.own, at) }

var (
	// statement is a sentence, clauseOf a part of one with what ends it.
	statement = regexp.MustCompile(`(?:[^.?!…\n]|[.?!…]\S)+[.?!…\n]*`)
	clauseOf  = regexp.MustCompile(`(?:[^,;:()]|[,:]\S)+[,;:()]*`)
	// oneself is somebody who speaks of themself; on a folded text, as all that follow but placing.
	oneself  = regexp.MustCompile(`\b(?:je|j['’]|nous|on|moi|mon|ma|mes|notre|nos)\b`)
	courtesy = regexp.MustCompile(`\b(?:bonjour|bonsoir|merci|cordialement|salutations|madame|monsieur)\b`)
	// asking is what makes a clause a question; demanding does it anywhere, asking not in a statement beside a question.
	asking    = regexp.MustCompile(`\b(?:qui|que|qu['’]|quand|existe)\b|\b(?:d['’]|par |vers |^)ou\b`)
	demanding = regexp.MustCompile(`\b(?:quoi|quel(?:le)?s?|lequel|laquelle|lesquel(?:le)?s|combien|cb|comment|pourquoi|est-ce|y a-t-il|savoir|dites|dis|indiquer|preciser|expliquer|donne[rz]?|liste[rz]?)\b|-(?:t-)?(?:il|elle|on|je|nous|vous|ils|elles|moi)\b`)
	// sized tells how large or how old a company is, at the end of a text or in it.
	sized = regexp.MustCompile(`\d ?(?:salarie|personne|employe|agent|collaborateur|associe|etp|ouvrier|compagnon)|\d.*\b(?:chiffre d['’]affaires|ca)\b|\d (?:ans|annees|mois) d['’](?:existence|anciennete|activite|age)|\d ?(?:m²|m2|ha|hectares?|chambres|lits|couverts|emplacements)\b`)
	// placing is what stands before the name of a place or a part of it.
	placing = regexp.MustCompile(`(?i)(?:(?:^|[\s('’-])(?:à|au|aux|en|dans|pr[eè]s d['’]|pr[eè]s de|sur|vers|de|du|des|d['’])\s?(?:la |le |les |l['’])?|[\pL'’]+-|saint |sainte |, | et )$`)
	// at is what stands before a place, and before nothing else.
	at = regexp.MustCompile(`(?i)(?:^|[\s(])(?:à|en|vers|pr[eè]s de|pr[eè]s d['’]) ?$`)
	// article is what brings in somebody not met yet.
	article = regexp.MustCompile(`^(?:une?|deux|mon|ma|notre)$`)
)

// longestAsker is how many words name somebody with a place or a size, their article apart.
const longestAsker = 9

// asideShare is what finding a word of the setting counts.
const asideShare = 0.5

// setting gives what of a question asks nothing, when another part of it asks.
func (v *vocabulary) setting(text string) (s setting) {
	span := func(from, to int) [2]int { return [2]int{len(french.Fold(text[:from])), len(french.Fold(text[:to]))} }
	for _, place := range v.here.FindAllStringIndex(french.Fold(text), -1) {
		s.own = append(s.own, [2]int{place[0], place[1]})
	}
	marked := strings.Contains(text, "?")
	var asked, told [][]int
	for _, at := range statement.FindAllStringIndex(text, -1) {
		fold := french.Fold(text[at[0]:at[1]])
		if strings.Contains(fold, "?") || demanding.MatchString(fold) || !marked && (asking.MatchString(fold) || v.asks(fold)) {
			asked = append(asked, at)
		} else {
			told = append(told, at)
		}
	}
	if len(asked) == 0 {
		return s
	}
	for _, at := range told {
		if v.aboutAsker(text[at[0]:at[1]]) {
			s.told = append(s.told, span(at[0], at[1]))
		}
	}
	for _, sentence := range asked {
		parts := clauseOf.FindAllStringIndex(text[sentence[0]:sentence[1]], -1)
		for _, at := range parts {
			from, to := sentence[0]+at[0], sentence[0]+at[1]
			fold := french.Fold(text[from:to])
			asks := strings.Contains(fold, "?") || demanding.MatchString(fold) || asking.MatchString(fold) || v.asks(sized.ReplaceAllString(fold, " "))
			if len(parts) > 1 && !asks && v.aboutAsker(text[from:to]) {
				s.told = append(s.told, span(from, to))
				continue
			}
			for _, who := range v.askers(text[from:to], !asks) {
				s.own = append(s.own, span(from+who[0], from+who[1]))
			}
		}
	}
	return s
}

// aboutAsker tells whether a statement speaks of the asker: by a pronoun, by what they are, by their size.
func (v *vocabulary) aboutAsker(text string) bool {
	fold := french.Fold(text)
	if oneself.MatchString(fold) || courtesy.MatchString(fold) || sized.MatchString(fold) {
		return true
	}
	words := french.Words(text)
	if len(words) > 1 && article.MatchString(words[0].Fold) && v.applicants[stem(words[1].Fold)] {
		return true
	}
	who := v.askers(text, true)
	return len(who) > 0 && strings.TrimSpace(text[:who[0][0]]) == ""
}

// asks tells whether a folded text makes a demand.
func (v *vocabulary) asks(fold string) bool {
	return slices.ContainsFunc(v.demands, func(d demand) bool { return d.asked.MatchString(fold) })
}

// askers finds somebody of a place or of a size, brought in by an article (« une menuiserie de 14 personnes ») or, in a
// statement, at its very start (« Coiffeuse à Calais »).
func (v *vocabulary) askers(text string, told bool) (spans [][2]int) {
	words := french.Words(text)
	for i := 0; i < len(words); i++ {
		first := i
		if article.MatchString(words[i].Fold) {
			first++
		} else if !told || i > 0 || french.Stop(words[i].Fold) {
			continue
		}
		if first >= len(words) || v.fundings[stem(words[first].Fold)] {
			continue
		}
		who := told || v.applicants[stem(words[first].Fold)]
		for j := first + 1; j < len(words) && j <= first+longestAsker; j++ {
			w := words[j]
			if demanding.MatchString(w.Fold) || v.fillers[stem(w.Fold)] || strings.ContainsAny(text[words[j-1].End:w.Start], ",;:()?") {
				break
			}
			place := who && w.Upper && !w.Acronym && !common(w.Fold) && placing.MatchString(text[:w.Start])
			if place || sized.MatchString(french.Fold(text[words[j-1].Start:w.End])) {
				spans = append(spans, [2]int{words[i].Start, w.End})
				i = j
			}
		}
	}
	return spans
}

// inName tells whether a word with a capital stands beside another: common words together name a thing (« le Pass Friture »), but
// not a place (« à La Bassée »).
func inName(text string, w french.Word) bool {
	space := strings.TrimSuffix(text[:w.Start], " ")
	start := strings.LastIndexAny(space, " '’-\n") + 1
	previous, _ := utf8.DecodeRuneInString(text[start:])
	next, _ := utf8.DecodeRuneInString(strings.TrimPrefix(text[w.End:], " "))
	last, _ := utf8.DecodeLastRuneInString(space)
	follows := unicode.IsUpper(previous) && unicode.IsLetter(last)
	return w.Upper && (follows && !at.MatchString(text[:start]) || unicode.IsUpper(next) && !at.MatchString(text[:w.Start]))
}

// settled is a question once the best passage is known: what it tells of the asker counts as the rest when the document's title
// has it, and is left out when the document has none of it; false when nothing changes. Names stay: a scheme that no document
// names must be missed, and so must a year to come.
func (q question) settled(best candidate, now time.Time) (question, bool) {
	var left []concept
	changed := false
	for i, c := range q.concepts {
		switch {
		case !c.aside:
		case slices.ContainsFunc(best.Title, func(w string) bool { return c.forms[w] > synonymTrust }):
			c.aside, c.weight, changed = false, c.weight/asideShare, true
		case slices.Contains(best.grounds.nowhere, i) && c.name:
			c.aside, c.weight, changed = false, c.weight/asideShare, true
		case slices.Contains(best.grounds.nowhere, i) && !(year.MatchString(c.word) && c.word > now.Format("2006")):
			changed = true
			continue
		}
		left = append(left, c)
	}
	q.concepts = left
	return q, changed
}
