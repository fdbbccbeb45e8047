package privacy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"guichet/routing/ledger"
)

// Sought is what tells a person in texts: an identifier of a chat platform, an e-mail address, a phone number or a name.
type Sought struct {
	raw []*regexp.Regexp
	// names are looked for in folded texts; roots are words of which a text that has none has no name either.
	names []*regexp.Regexp
	roots []string
}

var (
	identifier = regexp.MustCompile(`^[a-z]+/[A-Za-z0-9_.-]+$`)
	mail       = regexp.MustCompile(`^[^\s@]+@[^\s@]+\.[^\s@]+$`)
	number     = regexp.MustCompile(`^\+?[\d\s.()/-]+$`)
)

// between is what people put between the digits of a number, and leastLetters what a name needs to tell anybody.
const (
	between      = `[\s.\x{00a0}\x{202f}()/-]*`
	leastLetters = 4
)

// Seek reads the forms under which a person is known; an error tells in French which one cannot be sought.
func Seek(forms []string) (s Sought, err error) {
	for _, form := range forms {
		form = strings.TrimSpace(form)
		switch {
		case identifier.MatchString(form):
			_, id, _ := strings.Cut(form, "/")
			s.raw = append(s.raw, regexp.MustCompile(regexp.QuoteMeta(form)+`|<@!?`+regexp.QuoteMeta(id)+`>`))
		case mail.MatchString(form):
			s.raw = append(s.raw, regexp.MustCompile(`(?i)`+regexp.QuoteMeta(form)))
		case number.MatchString(form):
			pattern, err := phonePattern(form)
			if err != nil {
				return s, err
			}
			s.raw = append(s.raw, pattern)
		default:
			parts := nameWords(form)
			if n := utf8.RuneCountInString(strings.Join(parts, "")); n < leastLetters {
				return s, fmt.Errorf("« %s » est trop court : donnez un nom entier, un courriel, un téléphone ou un identifiant (slack/U012)", form)
			}
			ways := []string{strings.Join(parts, `[^\pL\pN]+`)}
			if last := len(parts) - 1; last > 0 { // « FICTIVE Jeanne »
				ways = append(ways, strings.Join(append([]string{parts[last]}, parts[:last]...), `[^\pL\pN]+`))
			}
			s.names = append(s.names, regexp.MustCompile(strings.Join(ways, "|")))
			s.roots = append(s.roots, parts[0])
		}
	}
	if len(s.raw)+len(s.names) == 0 {
		return s, fmt.Errorf("donnez qui est cherché : un nom, un courriel, un téléphone ou un identifiant (slack/U012)")
	}
	return s, nil
}

func nameWords(name string) []string {
	return strings.FieldsFunc(ledger.Fold(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// phonePattern finds a number however it is written; a French one with or without its country.
func phonePattern(form string) (*regexp.Regexp, error) {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, form)
	start := ""
	switch {
	case strings.HasPrefix(digits, "0033"):
		digits, start = strings.TrimPrefix(digits[4:], "0"), "fr"
	case strings.HasPrefix(form, "+") && strings.HasPrefix(digits, "33"):
		digits, start = strings.TrimPrefix(digits[2:], "0"), "fr"
	case strings.HasPrefix(digits, "0") && len(digits) == 10:
		digits, start = digits[1:], "fr"
	}
	if start == "fr" && len(digits) != 9 || len(digits) < 8 {
		return nil, fmt.Errorf("« %s » n'est pas un numéro de téléphone", form)
	}
	spaced := strings.Join(strings.Split(digits, ""), between)
	if start == "fr" {
		return regexp.MustCompile(`(?:(?:\+` + between + `|00)33` + between + `0?|0)` + between + spaced), nil
	}
	return regexp.MustCompile(`\+?` + spaced), nil
}

// span is a part of a text, in bytes.
type span struct{ from, to int }

// find gives where a person is named in a text.
func (s Sought) find(text string) (found []span) {
	keep := func(text string, places [][]int, at func(int) int) {
		for _, p := range places {
			before, _ := utf8.DecodeLastRuneInString(text[:p[0]])
			after, _ := utf8.DecodeRuneInString(text[p[1]:])
			if !wordy(before) && !wordy(after) {
				found = append(found, span{at(p[0]), at(p[1])})
			}
		}
	}
	for _, re := range s.raw {
		keep(text, re.FindAllStringIndex(text, -1), func(i int) int { return i })
	}
	if len(s.names) > 0 {
		folded := ledger.Fold(text)
		if slices.ContainsFunc(s.roots, func(root string) bool { return strings.Contains(folded, root) }) {
			folded, at := foldedFrom(text)
			for _, re := range s.names {
				keep(folded, re.FindAllStringIndex(folded, -1), func(i int) int { return at[i] })
			}
		}
	}
	slices.SortFunc(found, func(a, b span) int { return a.from - b.from })
	return found
}

func wordy(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

// foldedFrom gives a text folded, and where each of its bytes comes from.
func foldedFrom(text string) (string, []int) {
	var b strings.Builder
	at := make([]int, 0, len(text)+1)
	for i, r := range text {
		folded := ledger.Fold(string(r))
		b.WriteString(folded)
		for range len(folded) {
			at = append(at, i)
		}
	}
	return b.String(), append(at, len(text))
}

// words gives what was found in a text.
func (s Sought) words(text string) (all []string) {
	for _, f := range s.find(text) {
		all = append(all, text[f.from:f.to])
	}
	return all
}

// without gives a text with a mark in place of what was found.
func (s Sought) without(text string) string {
	var b strings.Builder
	last := 0
	for _, f := range s.find(text) {
		if f.from >= last {
			b.WriteString(text[last:f.from] + Mark)
		}
		last = max(last, f.to)
	}
	return b.String() + text[last:]
}

// in gives what is found in the value of a column.
func (s Sought) in(c column, value string) (all []string) {
	if c.shape == words {
		return s.words(value)
	}
	var decoded any
	if json.Unmarshal([]byte(value), &decoded) != nil {
		return s.words(value)
	}
	rewrite(decoded, func(text string) string {
		all = append(all, s.words(text)...)
		return text
	})
	return all
}

// out gives the value of a column without what is found in it.
func (s Sought) out(c column, value string) (string, error) {
	if c.shape == words || value == "" {
		return s.without(value), nil
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(value)))
	decoder.UseNumber()
	var decoded any
	if err := decoder.Decode(&decoded); err != nil {
		return "", fmt.Errorf("colonne %s illisible : %w", c.name, err)
	}
	data, err := json.Marshal(rewrite(decoded, s.without))
	return string(data), err
}

// rewrite changes every text of a JSON value.
func rewrite(value any, change func(string) string) any {
	switch v := value.(type) {
	case string:
		return change(v)
	case []any:
		for i := range v {
			v[i] = rewrite(v[i], change)
		}
	case map[string]any:
		for key := range v {
			v[key] = rewrite(v[key], change)
		}
	}
	return value
}
