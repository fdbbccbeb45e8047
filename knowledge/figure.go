package knowledge

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"guichet/knowledge/french"
)

// figure is a number that a text gives, in digits or in letters.
type figure struct {
	value float64
	// unit is what it counts: a measure (« % », « € », « mois »), the stem of the noun that follows, or nothing.
	unit    string
	measure bool
	// first and last are the words that say it, its unit apart.
	first, last int
	ordinal     bool
}

// year tells a figure that may well be one.
func (f figure) year() bool {
	return !f.measure && f.value >= 1900 && f.value < 2100 && f.value == math.Trunc(f.value)
}

// date is a day, a month or a part of it; what is not said is 0.
type date struct{ day, month, year int }

// within tells whether a date says no more than another, and nothing else.
func (d date) within(other date) bool {
	return (d.day == 0 || d.day == other.day) && (d.month == 0 || d.month == other.month) && (d.year == 0 || d.year == other.year)
}

// facts are the figures, dates and addresses of a text, with its words.
type facts struct {
	text    string // addresses and dates in digits blanked, each byte by a space
	words   []french.Word
	figures []figure
	dates   []date
	// codes are words of letters and digits (« rev3 »), folded.
	codes     []string
	addresses []string
	// said tells the words that figures and dates took.
	said map[int]bool
}

var (
	webAddress  = regexp.MustCompile(`(?i)\b(?:https?://|www\.)[^\s<>«»"')\]]+|\b[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?:/[^\s<>«»"')\]]*)?`)
	mailAddress = regexp.MustCompile(`(?i)[\w.+%-]+@[\w-]+(?:\.[\w-]+)*`)
	phone       = regexp.MustCompile(`(?:\+\s?33|\b0033|\b0)\s?(?:\(0\)\s?)?[1-9](?:[\s.\x{00a0}\x{202f}-]?\d{2}){4}\b`)
	digitalDay  = regexp.MustCompile(`\b(\d{1,2})[/.](\d{1,2})[/.](\d{4}|\d{2})\b|\b(\d{4})-(\d{2})-(\d{2})\b`)
)

// WithoutContacts masks the phone numbers and the e-mail addresses of a text by « … ».
func WithoutContacts(text string) string {
	return mailAddress.ReplaceAllString(phone.ReplaceAllString(text, "…"), "…")
}

// Contacts gives the phone numbers and the e-mail addresses of a text, each once.
func Contacts(text string) (all []string) {
	for _, found := range append(phone.FindAllString(text, -1), mailAddress.FindAllString(text, -1)...) {
		if !slices.Contains(all, found) {
			all = append(all, found)
		}
	}
	return all
}

var months = map[string]int{"janvier": 1, "fevrier": 2, "mars": 3, "avril": 4, "mai": 5, "juin": 6, "juillet": 7, "aout": 8,
	"septembre": 9, "octobre": 10, "novembre": 11, "decembre": 12}

var measureWords = map[string]string{"euro": "€", "euros": "€", "eur": "€", "pourcent": "%", "pourcents": "%", "an": "an", "ans": "an", "annee": "an",
	"annees": "an", "mois": "mois", "semaine": "semaine", "semaines": "semaine", "jour": "jour", "jours": "jour", "journee": "jour", "journees": "jour",
	"heure": "heure", "heures": "heure", "h": "heure", "minute": "minute", "minutes": "minute"}

var multipliers = map[string]float64{"mille": 1e3, "millier": 1e3, "milliers": 1e3, "million": 1e6, "millions": 1e6, "milliard": 1e9, "milliards": 1e9}

// thousands are the letters that stand before a currency (« 5 M€ »).
var thousands = map[string]float64{"k": 1e3, "keur": 1e3, "M": 1e6, "Meur": 1e6, "MEUR": 1e6, "Md": 1e9, "Mds": 1e9}

var letterNumbers = map[string]float64{"zero": 0, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "six": 6, "sept": 7, "huit": 8, "neuf": 9, "dix": 10,
	"onze": 11, "douze": 12, "treize": 13, "quatorze": 14, "quinze": 15, "seize": 16, "vingt": 20, "vingts": 20, "trente": 30, "quarante": 40, "cinquante": 50,
	"soixante": 60, "septante": 70, "huitante": 80, "octante": 80, "nonante": 90, "cent": 100, "cents": 100, "mille": 1000}

// abouts are round numbers (« une trentaine de »), held to be the number.
var abouts = map[string]float64{"dizaine": 10, "douzaine": 12, "quinzaine": 15, "vingtaine": 20, "trentaine": 30, "quarantaine": 40, "cinquantaine": 50,
	"soixantaine": 60, "centaine": 100, "millier": 1000}

var ordinals = map[string]float64{"premier": 1, "premiere": 1, "deuxieme": 2, "troisieme": 3, "quatrieme": 4, "cinquieme": 5, "sixieme": 6, "septieme": 7,
	"huitieme": 8, "neuvieme": 9, "dixieme": 10}

var ordinalEnds = map[string]bool{"er": true, "re": true, "ere": true, "e": true, "eme": true, "nd": true, "nde": true}

// readFacts finds the figures, dates and addresses of a text.
func readFacts(text string) facts {
	f := facts{text: text, said: map[int]bool{}}
	f.text = mailAddress.ReplaceAllStringFunc(f.text, f.address)
	f.text = webAddress.ReplaceAllStringFunc(f.text, f.address)
	f.text = phone.ReplaceAllStringFunc(f.text, f.dial)
	f.text = digitalDay.ReplaceAllStringFunc(f.text, func(s string) string {
		d, ok := readDay(s)
		if !ok {
			return s
		}
		f.dates = append(f.dates, d)
		return strings.Repeat(" ", len(s))
	})
	f.words = french.Words(f.text)
	for i := 0; i < len(f.words); {
		i = f.read(i)
	}
	f.share()
	return f
}

// address keeps an address in the one form that all its spellings have, and blanks it.
func (f *facts) address(s string) string {
	kept := strings.ToLower(strings.TrimRight(s, ".,;:!?…"))
	kept = strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(kept, "https://"), "http://"), "www.")
	f.addresses = append(f.addresses, strings.TrimRight(kept, "/"))
	return strings.Repeat(" ", len(s))
}

// dial keeps a phone number as its nine digits, without « 0 » or « +33 », and blanks it.
func (f *facts) dial(s string) string {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
	f.addresses = append(f.addresses, digits[len(digits)-9:])
	return strings.Repeat(" ", len(s))
}

func readDay(s string) (d date, ok bool) {
	m := digitalDay.FindStringSubmatch(s)
	parts := []string{m[1], m[2], m[3]}
	if m[4] != "" {
		parts = []string{m[6], m[5], m[4]}
	}
	d.day, _ = strconv.Atoi(parts[0]) // the expression lets digits only through
	d.month, _ = strconv.Atoi(parts[1])
	d.year, _ = strconv.Atoi(parts[2])
	if len(parts[2]) == 2 {
		d.year += 2000
	}
	return d, d.day >= 1 && d.day <= 31 && d.month >= 1 && d.month <= 12
}

// read reads what starts at a word, and gives the word after it.
func (f *facts) read(i int) int {
	w := f.words[i]
	if month := months[w.Fold]; month != 0 {
		d := date{month: month}
		return f.dated(d, i, i+1)
	}
	n, next, ok := f.number(i)
	if !ok {
		if strings.ContainsAny(w.Fold, "0123456789") {
			f.codes = append(f.codes, w.Fold)
			f.said[i] = true
		}
		return i + 1
	}
	if day := int(n.value); n.value == math.Trunc(n.value) && day >= 1 && day <= 31 && next < len(f.words) && months[f.words[next].Fold] != 0 && f.near(next-1) {
		d := date{day: day, month: months[f.words[next].Fold]}
		return f.dated(d, i, next+1)
	}
	n.first, n.last = i, next-1
	f.measured(&n)
	for j := i; j <= n.last; j++ {
		f.said[j] = true
	}
	f.figures = append(f.figures, n)
	return max(next, n.last+1)
}

// dated keeps a date that the words from i on say, with the year if it follows, and gives the word after it.
func (f *facts) dated(d date, i, next int) int {
	if next < len(f.words) && f.near(next-1) {
		if y, after, ok := f.number(next); ok && y.value >= 1900 && y.value < 2100 {
			d.year, next = int(y.value), after
		}
	}
	for j := i; j < next; j++ {
		f.said[j] = true
	}
	f.dates = append(f.dates, d)
	return next
}

// gap gives what stands after a word, before the next one.
func (f *facts) gap(i int) string {
	if i+1 < len(f.words) {
		return f.text[f.words[i].End:f.words[i+1].Start]
	}
	return f.text[f.words[i].End:]
}

// near tells whether nothing but spaces, hyphens or an apostrophe parts a word from the next.
func (f *facts) near(i int) bool {
	return i+1 < len(f.words) && strings.Trim(f.gap(i), " \u00a0\u202f\u2009\t\n-‑’'") == ""
}

// number reads a number that starts at a word, and gives the word after it.
func (f *facts) number(i int) (n figure, next int, ok bool) {
	w := f.words[i]
	if w.Fold[0] < '0' || w.Fold[0] > '9' {
		return f.letters(i)
	}
	number, rest := splitDigits(f.text[w.Start:w.End])
	for short := len(number) <= 3; short && rest == "" && i+1 < len(f.words) && grouping(f.gap(i)); i++ {
		group, end := splitDigits(f.text[f.words[i+1].Start:f.words[i+1].End])
		if len(group) != 3 || end != "" {
			break
		}
		number += group
	}
	if gap := f.gap(i); rest == "" && (gap == "," || gap == ".") && i+1 < len(f.words) {
		if decimals, end := splitDigits(f.text[f.words[i+1].Start:f.words[i+1].End]); decimals != "" {
			number, rest = number+"."+decimals, end
			i++
		}
	}
	value, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return n, 0, false
	}
	n.value = value
	switch {
	case rest == "":
	case ordinalEnds[french.Fold(rest)]:
		n.ordinal = true
	case thousands[rest] != 0:
		n.value *= thousands[rest]
	case rest == "h" || rest == "H":
		n.unit, n.measure = "heure", true
	default:
		return n, 0, false
	}
	return n, i + 1, true
}

// grouping tells whether what parts a number from three digits makes them one number.
func grouping(gap string) bool {
	switch gap {
	case " ", "\u00a0", "\u202f", "\u2009", ".", "'", "’":
		return true
	}
	return false
}

// splitDigits parts the digits that start a word from what follows.
func splitDigits(word string) (number, rest string) {
	end := 0
	for end < len(word) && word[end] >= '0' && word[end] <= '9' {
		end++
	}
	return word[:end], word[end:]
}

// letters reads a number in letters.
func (f *facts) letters(i int) (n figure, next int, ok bool) {
	fold := f.words[i].Fold
	if v, found := abouts[fold]; found {
		return figure{value: v}, i + 1, true
	}
	if v, found := ordinals[fold]; found {
		return figure{value: v, ordinal: true}, i + 1, true
	}
	if fold == "un" || fold == "une" { // an article, but before a measure (« un an ») or in « un million »
		if f.near(i) {
			follows := f.words[i+1].Fold
			if multipliers[follows] != 0 || measureWords[follows] != "" {
				return figure{value: 1}, i + 1, true
			}
		}
		return n, 0, false
	}
	total, part, previous := 0.0, 0.0, ""
	j := i
	for ; j < len(f.words) && (j == i || f.near(j-1)); j++ {
		fold := f.words[j].Fold
		v, found := letterNumbers[fold]
		switch {
		case (fold == "un" || fold == "une") && j > i && previous == "et", (fold == "un" || fold == "une") && j > i && previous == "vingt":
			v, found = 1, true
		case fold == "et" && j > i && j+1 < len(f.words) && (f.words[j+1].Fold == "un" || f.words[j+1].Fold == "une" || f.words[j+1].Fold == "onze") && part >= 20:
			previous = "et"
			continue
		}
		if !found {
			break
		}
		switch {
		case fold == "mille":
			total, part = total+1000*max(1, part), 0
		case v == 100:
			part = 100 * max(1, part)
		case v == 20 && previous == "quatre":
			part += 76
		case j > i && previous != "et" && !follows(part, v):
			found = false
		default:
			part += v
		}
		if !found {
			break
		}
		previous = fold
	}
	if j == i || j == i+1 && fold == "neuf" && !f.counts(j) { // « un véhicule neuf »
		return n, 0, false
	}
	return figure{value: total + part}, j, true
}

// follows tells whether a number goes on a longer one in letters (« cent vingt », « soixante-dix »).
func follows(part, v float64) bool {
	last := math.Mod(part, 100)
	return part == 0 || part >= 100 && last == 0 && v < 100 || v < 10 && last >= 20 && math.Mod(last, 10) == 0 || v < 10 && last == 10 || v >= 10 && v < 20 && (last == 60 || last == 80)
}

// counts tells whether the word is a measure.
func (f *facts) counts(i int) bool {
	return i < len(f.words) && f.near(i-1) && measureWords[f.words[i].Fold] != ""
}

// measured reads what a figure counts.
func (f *facts) measured(n *figure) {
	if n.measure {
		return
	}
	for { // « 2 millions d'euros », « une trentaine de communes », « 5 M€ »
		gap := strings.TrimLeft(f.gap(n.last), " \u00a0\u202f\u2009\t-‑")
		for _, sign := range []string{"%", "€", "$", "£", "°", "‰"} {
			if strings.HasPrefix(gap, sign) {
				n.unit, n.measure = sign, true
				return
			}
		}
		if !f.near(n.last) {
			return
		}
		next := f.words[n.last+1]
		raw := f.text[next.Start:next.End]
		switch {
		case multipliers[next.Fold] != 0 && !n.ordinal:
			n.value *= multipliers[next.Fold]
			n.last++
			continue
		case thousands[raw] != 0 && (strings.Contains(raw, "EUR") || strings.Contains(raw, "eur")):
			n.value *= thousands[raw]
			n.last++
			n.unit, n.measure = "€", true
			return
		case thousands[raw] != 0 && strings.HasPrefix(strings.TrimLeft(f.gap(n.last+1), " \u00a0\u202f"), "€"):
			n.value *= thousands[raw]
			n.last++
			continue
		case (next.Fold == "de" || next.Fold == "d") && n.last+2 < len(f.words) && f.round(n.last):
			n.last++
			continue
		case next.Fold == "pour" && n.last+2 < len(f.words) && f.words[n.last+2].Fold == "cent":
			n.last += 2
			n.unit, n.measure = "%", true
			return
		case measureWords[next.Fold] != "":
			n.unit, n.measure = measureWords[next.Fold], true
			n.last++
			return
		case !french.Stop(next.Fold) && !next.Elided && !strings.ContainsAny(next.Fold, "0123456789") && !n.year():
			n.unit = stem(next.Fold)
		}
		return
	}
}

// round tells a word after which « de » leads to what is counted.
func (f *facts) round(i int) bool {
	fold := f.words[i].Fold
	return abouts[fold] != 0 || fold != "mille" && multipliers[fold] != 0
}

// share gives the unit of a figure to the one just before it (« de 50 à 100 € »), and the month of a date (« les 12 et 15 juin »).
func (f *facts) share() {
	for i := len(f.figures) - 1; i >= 0; i-- {
		n := &f.figures[i]
		joint := n.last + 1
		if n.unit != "" || n.ordinal || joint >= len(f.words) {
			continue
		}
		after := joint
		if joiner := f.words[joint].Fold; joiner == "a" || joiner == "au" || joiner == "et" || joiner == "ou" {
			after++
		} else if gap := strings.TrimSpace(f.gap(n.last)); gap != "-" && gap != "–" && gap != "/" {
			continue
		}
		if i+1 < len(f.figures) && f.figures[i+1].first == after {
			n.unit, n.measure = f.figures[i+1].unit, f.figures[i+1].measure
			continue
		}
		if day := int(n.value); after < len(f.words) && f.said[after] && n.value == math.Trunc(n.value) && day >= 1 && day <= 31 {
			if d, next, ok := f.number(after); ok && next < len(f.words) && months[f.words[next].Fold] != 0 && d.value <= 31 {
				whole := facts{text: f.text, words: f.words, said: map[int]bool{}}
				whole.read(after)
				for _, other := range whole.dates {
					f.dates = append(f.dates, date{day, other.month, other.year})
				}
				f.figures = append(f.figures[:i], f.figures[i+1:]...)
			}
		}
	}
}
