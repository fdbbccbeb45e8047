package lexicon

import (
	"slices"
	"strings"

	"guichet/bot"
	"guichet/knowledge/french"
	"guichet/routing"
	"guichet/routing/rulebook"
)

// gazetteer finds the places of the register in a message.
type gazetteer struct {
	register *rulebook.Territories
	root     *node
	byINSEE  map[string]int
	// departements are the folded names and the codes, to settle homonyms.
	departements map[string]string
}

// node is a place in the trie of the names' words.
type node struct {
	next     map[string]*node
	communes []int
	// short tells that the name stands for a longer one (« Boulogne » for « Boulogne-sur-Mer »).
	short bool
	epci  []string
}

// placeSpan is a name found in the message, from one token to end.
type placeSpan struct {
	end      int
	communes []int
	epci     []string
	short    bool
}

// isEPCI tells the name of one EPCI from those of communes.
func (p placeSpan) isEPCI() bool { return len(p.epci) == 1 && len(p.communes) == 0 }

// links cut a compound name: what stands before one is its everyday short form.
var links = map[string]bool{"sur": true, "en": true, "les": true, "lez": true, "sous": true, "la": true, "le": true, "au": true, "aux": true, "de": true, "du": true, "d": true, "des": true}

func newGazetteer(register *rulebook.Territories) *gazetteer {
	g := &gazetteer{register: register, root: &node{next: map[string]*node{}}, byINSEE: map[string]int{}, departements: map[string]string{}}
	for _, d := range register.Departements {
		g.departements[french.Fold(d.Name)] = d.Code
	}
	var short [][]string
	var of []int
	for i, c := range register.Communes {
		g.byINSEE[c.INSEE] = i
		words := folds(c.Name)
		g.add(words, func(n *node) { n.communes = append(n.communes, i) })
		for _, cut := range shortForms(words) {
			short, of = append(short, cut), append(of, i)
		}
	}
	// A short form stands for the communes that share it, unless a commune has that very name.
	for k, words := range short {
		g.add(words, func(n *node) {
			if len(n.communes) == 0 || n.short {
				n.short = true
				n.communes = append(n.communes, of[k])
			}
		})
	}
	for name, town := range register.Sectors {
		g.add(folds(name), func(n *node) { n.epci = append(n.epci, register.Communes[town].EPCI) })
	}
	for siren, e := range register.EPCI {
		words := folds(e.Name)
		g.add(words, func(n *node) { n.epci = append(n.epci, siren) })
		// « CC du Ternois »: its proper part is what people say after « communauté de communes ».
		if len(words) > 1 {
			for _, kind := range epciKinds[words[0]] {
				g.add(append(strings.Fields(kind), words[1:]...), func(n *node) { n.epci = append(n.epci, siren) })
			}
		}
	}
	return g
}

// epciKinds are the everyday names of the kinds of EPCI in the register.
var epciKinds = map[string][]string{
	"cc": {"communaute de communes", "com com", "comcom"},
	"ca": {"communaute d agglomeration", "agglomeration", "agglo"},
	"cu": {"communaute urbaine"},
}

func folds(text string) []string {
	var out []string
	for _, w := range french.Words(text) {
		out = append(out, w.Fold)
	}
	return out
}

// shortForms gives « boulogne » for « boulogne sur mer », « henin » for « henin beaumont » and « touquet » for « le touquet paris plage ».
func shortForms(words []string) [][]string {
	var out [][]string
	start := 0
	if len(words) > 1 && (words[0] == "le" || words[0] == "la" || words[0] == "les" || words[0] == "l") {
		start = 1
	}
	for cut := start + 1; cut < len(words); cut++ {
		first := words[start]
		if first == "saint" || first == "sainte" || first == "neuville" || first == "mont" || first == "bois" || first == "villers" {
			if cut == start+1 {
				continue // « Saint » alone says nothing
			}
		}
		if links[words[cut]] || cut == start+1 && start == 1 || cut == start+1 && len(words) == start+2 {
			if len(words[start]) >= 4 {
				out = append(out, words[start:cut])
			}
			break
		}
	}
	return out
}

func (g *gazetteer) add(words []string, put func(*node)) {
	n := g.root
	for _, w := range words {
		if n.next[w] == nil {
			n.next[w] = &node{next: map[string]*node{}}
		}
		n = n.next[w]
	}
	put(n)
}

// before are the words that announce a place; a name without its capital letter counts only after one of them.
var before = map[string]bool{
	"a": true, "au": true, "aux": true, "de": true, "d": true, "du": true, "des": true, "pres": true, "vers": true, "sur": true, "entre": true,
	"autour": true, "cote": true, "secteur": true, "dans": true, "ville": true, "commune": true, "et": true, "ou": true,
	"in": true, "near": true, "around": true, "from": true, "of": true, "to": true, "at": true,
}

// mark finds the names of places in the tokens.
func (g *gazetteer) mark(tokens []token) {
	for i := range tokens {
		if tokens[i].mark != 0 {
			continue
		}
		if spans := g.spansAt(tokens, i); len(spans) > 0 {
			tokens[i].places = spans
		}
	}
}

// spansAt gives the names that start at a token, longest first. « du Portel », « au Touquet » stand for « Le Portel », « Le Touquet ».
func (g *gazetteer) spansAt(tokens []token, i int) []placeSpan {
	var out []placeSpan
	walk := func(n *node, at int, contracted bool) {
		upper := false
		for at < len(tokens) && tokens[at].mark == 0 {
			w := tokens[at].fold
			next := n.next[w]
			if next == nil {
				switch w {
				case "st":
					next = n.next["saint"]
				case "ste", "societe": // « Ste » is also read as an abbreviation of « société »
					next = n.next["sainte"]
				case "s":
					next = n.next["sur"]
				}
			}
			if next == nil {
				break
			}
			upper = upper || tokens[at].upper
			n = next
			at++
			if len(n.communes)+len(n.epci) > 0 && g.credible(tokens, i, at, upper, n) && (upper || !contracted) && !hyphenated(tokens, at) {
				out = append(out, placeSpan{end: at, communes: n.communes, epci: n.epci, short: n.short})
			}
		}
	}
	if i > 0 && tokens[i-1].mark == 0 {
		if article := map[string]string{"au": "le", "du": "le", "aux": "les", "des": "les"}[tokens[i-1].fold]; article != "" {
			if n := g.root.next[article]; n != nil {
				walk(n, i, true)
			}
		}
	}
	walk(g.root, i, false)
	slices.SortStableFunc(out, func(a, b placeSpan) int { return b.end - a.end })
	return out
}

// credible tells a place from an ordinary word (« Ham », « Rue », « Guise »): it has its capital letter inside a sentence,
// or several words, or stands after a word that announces a place.
func (g *gazetteer) credible(tokens []token, start, end int, upper bool, n *node) bool {
	if n.short && !upper {
		return false
	}
	announced := start > 0 && tokens[start-1].mark == 0 && before[tokens[start-1].fold]
	if upper && !sentenceStart(tokens, start) {
		return !n.short || announced || len(n.epci) > 0
	}
	if len(n.epci) > 0 && end-start > 1 || end-start > 2 {
		return true
	}
	if upper && !n.short && (end-start > 1 || end == len(tokens) || tokens[end].mark != 0) {
		return true // « Saint-Aubin (Aisne) », « Amiens. »
	}
	return announced && len(tokens[start].fold) >= 4 && !french.Stop(tokens[start].fold)
}

// hyphenated tells that the word at i continues the one before it (« Clermont-Ferrand » is not Clermont).
func hyphenated(tokens []token, i int) bool {
	return i < len(tokens) && tokens[i].mark == 0 && tokens[i].hyphen
}

// place gives the territory of the message: the commune with its EPCI and département, or the candidates between which
// nothing settles.
func (l *Lexicon) place(text string, tokens []token) (routing.Facts, []bot.Place) {
	g := l.places
	var candidates []int
	source := ""
	var epci, epciSource string
	for i := 0; i < len(tokens); i++ {
		if len(tokens[i].places) == 0 {
			continue
		}
		p := tokens[i].places[0]
		words := text[tokens[i].start:tokens[p.end-1].end]
		if len(p.epci) == 1 && epci == "" {
			epci, epciSource = p.epci[0], words
		}
		if len(p.communes) > 0 && (len(candidates) == 0 || len(candidates) > 1 && len(p.communes) == 1) {
			candidates, source = p.communes, words
		}
		i = p.end - 1
	}
	if len(candidates) > 1 {
		candidates = g.settle(text, tokens, candidates, epci)
	}
	if len(candidates) == 1 {
		c := g.register.Communes[candidates[0]]
		facts := routing.Facts{{Name: "territory", Value: c.INSEE, Source: source, Label: c.Name}}
		if c.EPCI != "" {
			facts = append(facts, routing.Fact{Name: "epci", Value: c.EPCI, Source: routing.SourceRegister, Label: g.register.EPCI[c.EPCI].Name})
		}
		return append(facts, g.departement(c.Departement, routing.SourceRegister)), nil
	}
	if len(candidates) > 1 {
		var places []bot.Place
		for _, i := range candidates {
			c := g.register.Communes[i]
			places = append(places, bot.Place{
				INSEE: c.INSEE, Name: c.Name, Departement: g.register.Departements[c.Departement].Name, EPCI: g.register.EPCI[c.EPCI].Name,
			})
		}
		return nil, places
	}
	if epci != "" {
		return routing.Facts{{Name: "epci", Value: epci, Source: epciSource, Label: g.register.EPCI[epci].Name}}, nil
	}
	if code, words, ok := g.departementIn(text, tokens); ok {
		return routing.Facts{g.departement(code, words)}, nil
	}
	return nil, nil
}

func (g *gazetteer) departement(code, source string) routing.Fact {
	return routing.Fact{Name: "departement", Value: code, Source: source, Label: g.register.Departements[code].Name}
}

// settle keeps, among homonyms, those of the postcode, the département or the EPCI that the message names; a short form
// that still means several stands for the largest when it outweighs the others together.
func (g *gazetteer) settle(text string, tokens []token, candidates []int, epci string) []int {
	keep := func(ok func(rulebook.Commune) bool) {
		var kept []int
		for _, i := range candidates {
			if ok(g.register.Communes[i]) {
				kept = append(kept, i)
			}
		}
		if len(kept) > 0 {
			candidates = kept
		}
	}
	for _, t := range tokens {
		if len(t.fold) == 5 && digits(t.fold) {
			keep(func(c rulebook.Commune) bool { return slices.Contains(c.Postcodes, t.fold) })
		}
	}
	if code, _, ok := g.departementIn(text, tokens); ok {
		keep(func(c rulebook.Commune) bool { return c.Departement == code })
	}
	if epci != "" {
		keep(func(c rulebook.Commune) bool { return c.EPCI == epci })
	}
	if len(candidates) > 1 {
		largest, others := candidates[0], 0
		for _, i := range candidates {
			if g.register.Communes[i].Population > g.register.Communes[largest].Population {
				largest = i
			}
			others += g.register.Communes[i].Population
		}
		// Homonyms are settled by size only when nobody would think of the others: ten times their sum.
		if p := g.register.Communes[largest].Population; p > 10*(others-p) {
			return []int{largest}
		}
	}
	return candidates
}

// departementIn finds a département named in the message, by its name or its code in brackets.
func (g *gazetteer) departementIn(text string, tokens []token) (code, words string, ok bool) {
	for i, t := range tokens {
		if t.mark != 0 {
			continue
		}
		if _, known := g.register.Departements[t.fold]; known && i > 0 && tokens[i-1].mark == '(' {
			return t.fold, text[t.start:t.end], true
		}
		for n := 3; n >= 1; n-- {
			if i+n > len(tokens) {
				continue
			}
			parts := make([]string, 0, n)
			for _, w := range tokens[i : i+n] {
				parts = append(parts, w.fold)
			}
			name := strings.Join(parts, "-")
			// « nord » and « somme » are ordinary words: the name needs its capital letter.
			if code, ok := g.departements[name]; ok && (t.upper || n > 1) {
				return code, text[t.start:tokens[i+n-1].end], true
			}
		}
	}
	return "", "", false
}
