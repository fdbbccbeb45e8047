package lexicon

import (
	"math"
	"slices"
	"strconv"
)

var units = map[string]int64{
	"zero": 0, "un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "six": 6, "sept": 7, "huit": 8, "neuf": 9,
	"dix": 10, "onze": 11, "douze": 12, "treize": 13, "quatorze": 14, "quinze": 15, "seize": 16,
	"vingt": 20, "vingts": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60, "septante": 70, "octante": 80, "nonante": 90,
	"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
	"twelve": 12, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60,
}

// collective numbers say « about »: « une trentaine de salariés ».
var collectives = map[string]int64{
	"huitaine": 8, "dizaine": 10, "douzaine": 12, "quinzaine": 15, "vingtaine": 20, "trentaine": 30, "quarantaine": 40,
	"cinquantaine": 50, "soixantaine": 60, "centaine": 100, "dizaines": 20, "centaines": 200,
}

var multipliers = map[string]int64{"cent": 100, "cents": 100, "mille": 1000, "millier": 1000, "milliers": 1000, "hundred": 100, "thousand": 1000}

// ones are the words that stand for one person in a count: « moi, une assistante et mon fils ».
var ones = map[string]bool{"un": true, "une": true, "moi": true, "mon": true, "ma": true, "me": true, "myself": true, "my": true}

// count gives the value that the numbers of a phrase mean, with the least and the most that it may be.
type count func(numbers []int64) (value, low, high int64)

// counts are the values of a cue that the numbers of its phrases tell.
var counts = map[string]count{
	"%n": func(numbers []int64) (value, low, high int64) {
		for _, n := range numbers {
			value += n
		}
		return value, value, value
	},
	"%produit": func(numbers []int64) (value, low, high int64) { // « trois équipes de huit »
		value = 1
		for _, n := range numbers {
			value *= n
		}
		return value, value, value
	},
	"%entre": func(numbers []int64) (value, low, high int64) {
		low, high = slices.Min(numbers), slices.Max(numbers)
		return high, low, high
	},
	"%moins": func(numbers []int64) (value, low, high int64) {
		high = slices.Max(numbers) - 1
		return high, 0, high
	},
	"%plus": func(numbers []int64) (value, low, high int64) {
		low = slices.Max(numbers) + 1
		return low, low, math.MaxInt64
	},
}

// readNumbers finds the numbers written in digits (« 1 200 », « 1.200 », « 30 ») or words (« quatre-vingt-dix »).
func readNumbers(tokens []token) {
	for i := 0; i < len(tokens); {
		value, n := numberAt(tokens[i:])
		if n == 0 || tokens[i].fold == "four" && i > 0 && tokens[i-1].mark == 0 && (determiners[tokens[i-1].fold] || ofNoun[tokens[i-1].fold]) { // « un four »
			i++
			continue
		}
		if next := i + n; n == 1 && next < len(tokens) && digits(tokens[i].fold) && digits(tokens[next].fold) && tokens[next].start == tokens[i].end+1 && !tokens[next].hyphen {
			n++ // « 17,5 »: the whole part counts
		}
		tokens[i].number, tokens[i].numberTokens = value, n
		i += n
	}
}

func numberAt(tokens []token) (value int64, n int) {
	if tokens[0].mark != 0 {
		return 0, 0
	}
	if digits(tokens[0].fold) {
		v, err := strconv.ParseInt(tokens[0].fold, 10, 64)
		if err != nil {
			return 0, 0
		}
		n = 1
		for n < len(tokens) && len(tokens[0].fold) <= 3 && len(tokens[n].fold) == 3 && digits(tokens[n].fold) && v < 1e12 {
			group, _ := strconv.ParseInt(tokens[n].fold, 10, 64)
			v = v*1000 + group
			n++
		}
		return v, n
	}
	if tokens[0].fold == "demi" && len(tokens) > 1 && collectives[tokens[1].fold] > 1 {
		return collectives[tokens[1].fold] / 2, 2
	}
	var total, current int64
	for n < len(tokens) && tokens[n].mark == 0 {
		w := tokens[n].fold
		switch {
		case units[w] > 0:
			if (w == "un" || w == "une") && n == 0 {
				// « un », « une » alone is an article; before a collective it belongs to it.
				if len(tokens) > 1 && collectives[tokens[1].fold] > 0 {
					return collectives[tokens[1].fold], 2
				}
				return 0, 0
			}
			u := units[w]
			if u == 20 && current%100 == 4 { // quatre-vingts
				current = current - 4 + 80
			} else {
				current += u
			}
		case collectives[w] > 0 && n == 0:
			return collectives[w], 1
		case multipliers[w] == 100:
			current = max(current, 1) * 100
		case multipliers[w] == 1000:
			total += max(current, 1) * 1000
			current = 0
		case w == "et" && n > 0 && n+1 < len(tokens) && (tokens[n+1].fold == "un" || tokens[n+1].fold == "onze"):
		default:
			return total + current, n
		}
		n++
	}
	return total + current, n
}
