package knowledge

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Answer is what the base says to a question: extracts, or that it does not know.
type Answer struct {
	// Text is plain French. Every figure, date, name and acronym in it stands in some quote.
	Text string
	// Abstained tells that the base holds no answer that this viewer may see; Quotes is then empty.
	Abstained bool
	// Unsure tells that the passages may not answer: Text says so first.
	Unsure bool
	Quotes []Quote
	// Looked are the words of the question that were looked for, as the person wrote them.
	Looked []string

	// Opening is the start of Text that stays when a Writer words the rest (a doubt, a closed scheme), and Opened how many
	// of the first Quotes it stands on. Settled tells that Text is not to be worded: a list, passages that differ.
	Opening string
	Opened  int
	Settled bool
	// Vague tells, when Abstained, that the question asks for funding and does not say of what.
	Vague bool
	// Personal tells that the question asks for somebody's name, which a direction's does not answer.
	Personal bool
	// Several tells, when Abstained, that the question asks several things, and that some of them have an answer of their own.
	Several bool
	// Sheet is the document that the question names, when Abstained: the answer was not found in it; nil when it names none.
	Sheet *Document

	// Worded tells that a Writer worded Text: each sentence ends with the numbers of its Quotes, from 1.
	Worded bool
}

// Quote is a verbatim passage behind an answer.
type Quote struct {
	// Document is the document's ID and Ordinal the passage's place in it.
	Document string
	Ordinal  int
	Title    string
	// Section is the titles above the passage, outermost first, joined with « › ».
	Section  string
	Text     string
	URL      string
	Date     time.Time // zero when not known
	Audience Audience
	// Closed tells that the scheme can no longer be asked for, Old that the text was written more than OldAfter ago.
	Closed, Old bool
	// Page is the page that the passage stands on, 0 when the document has none.
	Page int
}

// OldAfter is the age from which on a source is marked as old: amounts and contacts seldom stand longer.
const OldAfter = 2 * 365 * 24 * time.Hour

const (
	// extracts is how many passages an answer holds at most, related how near the best one's score the others must be.
	extracts = 4
	// promotable is how near the best one's score a passage must be to stand before it.
	promotable = 0.75
	related    = 0.5
	// repeated is the share of a passage's words from which on it repeats another.
	repeated = 0.8
	// choices is how many schemes a list names, choiceShare how near the best one they must be.
	choices     = 4
	choiceShare = 0.6
	// named is from where on a question is held to name a document: the share of the title's words and of the question's weight.
	namedTitle, namedQuestion = 0.5, 0.2
	// wholeTitle is the share of a title from which nothing else is meant.
	wholeTitle = 0.75
	// nameAlone is the share of the question's weight above which it holds nothing but the title.
	nameAlone = 0.95
	// closedMalus keeps closed schemes behind open ones when the question names none.
	closedMalus = 0.75
)

// listing is the demand of a choice of schemes, openness that of whether one is still open, entirety that of all the steps
// or conditions, reason that of a cause, quantity that of a number, rate that of a share, person that of a name, delay that of a duration,
// future that of what is still to come, actor that of who does something (vocabulary.yaml).
const (
	reason   = "raison"
	quantity = "nombre"
	rate     = "taux"
	person   = "personne"
	future   = "avenir"
	actor    = "qui"
	delay    = "duree"
	listing  = "liste"
	openness = "ouverture"
	entirety = "ensemble"
)

// Ask answers a question from what a viewer may see. It never gives an answer that it cannot quote.
func (b *Base) Ask(ctx context.Context, v Viewer, text string, now time.Time) (Answer, error) {
	whole, complete, err := b.answer(ctx, v, text, loadVocabulary().setting(text), now)
	if err != nil || complete {
		return whole, err
	}
	if parts := loadVocabulary().parts(text); parts != nil {
		each, answered, err := b.inParts(ctx, v, text, parts, now)
		if err != nil || answered == len(parts) {
			return each, err
		}
		whole.Several = whole.Abstained && answered > 0
	}
	return whole, nil
}

// answer answers a question in its setting; complete tells that what it shows has all that is asked.
func (b *Base) answer(ctx context.Context, v Viewer, text string, in setting, now time.Time) (a Answer, complete bool, err error) {
	q, found, err := b.best(ctx, v, text, in, now)
	if err != nil {
		return Answer{}, false, err
	}
	if len(found) == 0 || !found[0].isNamed() && !q.hasSubject() {
		a := q.abstain()
		a.Vague = q.required() == 0 && !q.hasSubject() && slices.ContainsFunc(q.concepts, func(c concept) bool { return c.funding })
		return a, false, nil
	}
	w := weigh(q, v, found, now)
	confidence := loadConfidence().of(w)
	if confidence < loadConfidence().Answer && !w.decided() {
		if offers := q.offers(found, now); len(offers) > 0 && !w.best.away(q) {
			a, err = b.list(ctx, v, q, offers, "Je n'en suis pas sûr, mais ces fiches s'en approchent :", true, now)
			a.Unsure = true
			return a, true, err
		}
		a := q.abstain()
		if w.best.isNamed() && w.best.titled >= wholeTitle && !w.best.away(q) {
			a.Sheet = &w.best.Document
		}
		return a, false, nil
	}
	if w.nameOnly() {
		found = fromTheStart(found)
		w.best = found[0]
	}
	a, err = b.compose(ctx, w, found, confidence < loadConfidence().Sure)
	return a, w.kinds && !w.wordMissing(), err
}

// decided tells that the best passage is shown whatever the confidence: it is of the very scheme that the question names,
// which is closed, and that answers most of what is asked about it; or the question holds nothing but a document's name, and
// asks what it is.
func (w weighed) decided() bool { return w.closed() || w.nameOnly() }

func (w weighed) closed() bool {
	best := w.best
	return best.titled == 1 && best.Document.Closed(w.now) && (w.q.asks(openness) || best.kind(w.q) && best.dated(w.q, w.now) && best.counts(w.q) && best.holdsValued(w.q) && !w.wordMissing())
}

func (w weighed) nameOnly() bool {
	return w.best.isNamed() && w.best.inTitle > nameAlone && w.q.required() == 0
}

// compose writes the answer from the passages found, best first; with its doubt when it is unsure.
func (b *Base) compose(ctx context.Context, w weighed, found []candidate, unsure bool) (Answer, error) {
	q, v, now, best := w.q, w.viewer, w.now, w.best
	if q.asks(listing) && !best.isNamed() && best.required == 0 {
		return b.list(ctx, v, q, found, "Voici ce que je trouve :", false, now)
	}
	var texts []string
	answer := Answer{Looked: q.looked(), Personal: q.asks(person)}
	notice := best.Document.Closed(now)
	if answer.Unsure = unsure && !notice && !w.nameOnly(); answer.Unsure {
		texts = append(texts, "Je n'en suis pas sûr, mais je crois que ce passage répond :")
	}
	if notice {
		said, quotes, err := b.closed(ctx, v, best.Document, now)
		if err != nil {
			return Answer{}, err
		}
		texts, answer.Quotes = append(texts, said), append(answer.Quotes, quotes...)
	}
	chosen := choose(q, found, now)
	split := disagree(chosen)
	answer.Opening, answer.Opened, answer.Settled = strings.Join(texts, "\n\n"), len(answer.Quotes), split
	if split {
		texts = append(texts, "Les passages ne donnent pas tous la même réponse :")
	}
	said := map[string]bool{}
	several := slices.ContainsFunc(chosen, func(c candidate) bool { return c.Document.ID != best.Document.ID })
	for i, c := range chosen {
		if i == 1 && !split {
			texts = append(texts, "À lire aussi :")
		}
		if said[c.key()] {
			continue // with the list that holds it
		}
		parts, err := b.around(ctx, v, c, i == 0 && q.asks(entirety))
		if err != nil {
			return Answer{}, err
		}
		var lines []string
		for _, p := range parts {
			lines = append(lines, shown(p))
			said[p.key()] = true
		}
		text := strings.Join(lines, "\n")
		if first := c.first(q); i == 0 && first != "" {
			text = first + "\n\nDans son passage :\n\n" + text
		}
		if told := i == 0 && notice || i > 0 && c.Document.ID == chosen[i-1].Document.ID; several && !told { // whose amount is it?
			name, quotes, err := b.named(ctx, v, c.Document, now)
			if err != nil {
				return Answer{}, err
			}
			text, answer.Quotes = strings.TrimPrefix(name+"\n"+text, "\n"), append(answer.Quotes, quotes...)
		}
		for _, p := range parts {
			answer.Quotes = append(answer.Quotes, quote(c.Document, p, now))
		}
		texts = append(texts, text)
	}
	answer.Text = strings.Join(texts, "\n\n")
	return answer, nil
}

// longestList is how many characters of a list are shown around the passage that was found.
const longestList = 2000

// around gives a passage with what it cannot be read without: the list that it announces, and, when the whole is asked for,
// the list that it is a part of.
func (b *Base) around(ctx context.Context, v Viewer, c candidate, whole bool) ([]Passage, error) {
	announces := strings.HasSuffix(strings.TrimSpace(c.Text), ":")
	if !announces && !(whole && c.Kind == Item) {
		return []Passage{c.Passage}, nil
	}
	_, all, err := b.store.Open(ctx, v, c.Document.ID)
	if err != nil && !errors.Is(err, ErrNotFound) { // gone meanwhile: it stands alone
		return nil, err
	}
	at := slices.IndexFunc(all, func(p Passage) bool { return p.Ordinal == c.Ordinal })
	if at < 0 {
		return []Passage{c.Passage}, nil
	}
	path := c.Path
	if announces && at+1 < len(all) {
		path = all[at+1].Path
	}
	length := utf8.RuneCountInString(c.Text)
	belongs := func(i int) bool {
		if i < 0 || i >= len(all) || all[i].Kind != Item || !samePath(all[i].Path, path) {
			return false
		}
		length += utf8.RuneCountInString(all[i].Text)
		return length <= longestList
	}
	from, to := at, at+1
	for belongs(to) {
		to++
	}
	for whole && !announces && belongs(from-1) {
		from--
	}
	return all[from:to], nil
}

// key names a passage.
func (p Passage) key() string { return fmt.Sprintf("%s#%d", p.Document, p.Ordinal) }

// A sentence is put first when its passage is longPassage/3 long at least and it holds more of the question than the others
// by standsOut.
const standsOut = 0.1

// first gives the sentence or list item that answers, to say it before the passage around it; empty when the passage is
// short or none stands out.
func (c candidate) first(q question) string {
	text := shown(c.Passage)
	if utf8.RuneCountInString(text) < longPassage/3 {
		return ""
	}
	sentences := saying.FindAllString(text, -1)
	if len(sentences) == 1 {
		return ""
	}
	shares := c.shares(q, sentences)
	best, second, at := 0.0, 0.0, -1
	for i, share := range shares {
		if strings.HasPrefix(sentences[i], "(") && strings.Contains(sentences[i], "://") { // where to click
			continue
		}
		if share > best {
			best, second, at = share, best, i
		} else {
			second = max(second, share)
		}
	}
	if at < 0 || best < second+standsOut {
		return ""
	}
	return strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(sentences[at]), "- "))
}

// saying is a sentence or a list item with its mark and its end.
var saying = regexp.MustCompile(`[^\n]+?(?:[.;!?](?:\s|$)|\n|$)`)

// best gives the question as it was read and the passages that may answer it, best first.
func (b *Base) best(ctx context.Context, v Viewer, text string, in setting, now time.Time) (question, []candidate, error) {
	q, hits, err := b.find(ctx, v, text, in, toAnswer)
	if err != nil || len(hits) == 0 {
		return q, nil, err
	}
	found := b.order(q, hits, now)
	if len(found) > 0 {
		if again, changed := q.settled(found[0], now); changed {
			q, found = again, b.order(again, hits, now)
		}
	}
	if len(found) > 0 && found[0].isNamed() {
		if again, changed := q.within(found[0].Title); changed {
			q, found = again, b.order(again, hits, now)
		}
	}
	return q, found, nil
}

// order puts the passages that may answer a question in order, best first.
func (b *Base) order(q question, hits []Hit, now time.Time) []candidate {
	candidates := b.ranked(q, hits)
	candidates = slices.DeleteFunc(candidates, func(c candidate) bool { return c.Kind == Title })
	return promote(q, openFirst(candidates, now))
}

// isNamed tells whether the question names the candidate's document.
func (c candidate) isNamed() bool { return c.titled >= namedTitle && c.inTitle >= namedQuestion }

// openFirst puts what can still be asked for before what is closed, except for a document that the question names.
func openFirst(found []candidate, now time.Time) []candidate {
	out := make([]candidate, 0, len(found))
	for _, c := range found {
		if c.Document.Closed(now) && !c.isNamed() {
			c.score *= closedMalus
		}
		out = append(out, c)
	}
	sortCandidates(out)
	return out
}

// promote puts first the best passage that shows more of what is asked than the first one: of the same document, or else of
// another, when it is nearly as good and holds as much.
func promote(q question, found []candidate) []candidate {
	if len(found) == 0 || found[0].required == q.required() {
		return found
	}
	first := found[0]
	for _, other := range []bool{false, true} {
		for i, c := range found {
			if c.score < related*first.score || other && (c.score < promotable*first.score || first.titled >= wholeTitle && first.isNamed()) {
				break
			}
			if c.required > first.required && (other && c.grounds.share() >= first.grounds.share() || c.sameDocument(first)) {
				return slices.Insert(slices.Delete(found, i, i+1), 0, c)
			}
		}
	}
	return found
}

// fromTheStart puts first the first paragraph of the best passage's document: there it says what it is.
func fromTheStart(found []candidate) []candidate {
	at := 0
	for i, c := range found {
		if c.sameDocument(found[0]) && c.Kind == Paragraph && (found[at].Kind != Paragraph || c.Ordinal < found[at].Ordinal) {
			at = i
		}
	}
	first := found[at]
	return slices.Insert(slices.Delete(slices.Clone(found), at, at+1), 0, first)
}

// choose gives the best passage and those that are nearly as good: what is asked may stand in any of them.
func choose(q question, found []candidate, now time.Time) []candidate {
	out := found[:1:1]
	for _, c := range found[1:] {
		if len(out) == extracts || c.score < related*found[0].score {
			break
		}
		if found[0].required > 0 && c.required == 0 || repeats(out, c) {
			continue
		}
		if found[0].settles(q) && !c.sameDocument(found[0]) && !c.isNamed() { // what another scheme gives is beside the question
			continue
		}
		out = append(out, c)
	}
	// What one document says is read together, what is closed after the rest.
	place := func(c candidate) int {
		if c.Document.Closed(now) && !c.sameDocument(found[0]) {
			return len(found) + slices.IndexFunc(found, c.sameDocument)
		}
		return slices.IndexFunc(found, c.sameDocument)
	}
	slices.SortStableFunc(out, func(a, b candidate) int { return place(a) - place(b) })
	return out
}

// settles tells that the passage is of the very document that the question names, and shows all that is asked of it.
func (c candidate) settles(q question) bool {
	return c.isNamed() && c.titled >= wholeTitle && q.required() > 0 && c.kind(q) && c.counts(q)
}

func (c candidate) sameDocument(other candidate) bool { return c.Document.ID == other.Document.ID }

// repeats tells whether a passage says again, in about the same words and with the same figures, what is already there.
func repeats(chosen []candidate, c candidate) bool {
	for _, other := range chosen {
		if again, figures := overlap(other, c); figures && again >= repeated {
			return true
		}
	}
	return false
}

// disagree tells whether two passages of one document say the same thing with other figures. Those of two documents may
// well differ: each scheme has its own amount.
func disagree(chosen []candidate) bool {
	for i, c := range chosen {
		for _, other := range chosen[:i] {
			if again, figures := overlap(other, c); other.Document.ID == c.Document.ID && !figures && again >= repeated && len(c.Body) == len(other.Body) {
				return true
			}
		}
	}
	return false
}

// overlap gives the share of a passage's words, figures apart, that another holds, and tells whether it holds the figures.
func overlap(other, c candidate) (again float64, figures bool) {
	said := positions(other.Body)
	words, held := 0, 0
	figures = true
	for _, w := range c.Body {
		_, ok := said[w]
		if hasDigit(w) {
			figures = figures && ok
			continue
		}
		words++
		if ok {
			held++
		}
	}
	return float64(held) / float64(max(1, words)), figures
}

// abstain says that the base does not know, and what was looked for.
func (q question) abstain() Answer {
	a := Answer{Abstained: true, Looked: q.looked(), Personal: q.asks(person)}
	a.Text = "Je ne sais pas : je n'ai trouvé aucun passage qui réponde à cette question."
	if len(a.Looked) > 0 {
		a.Text += " J'ai cherché : " + strings.Join(a.Looked, ", ") + "."
	}
	return a
}

const (
	// nearNeed is the share of a need that a scheme must speak of to be named without being sure.
	nearNeed = 0.75
	// longestSheet is how many words a scheme's sheet has at most: notes speak of everything.
	longestSheet = 1500
)

// offers gives the best passages of the open schemes that speak of most of the need for which a question asks schemes.
func (q question) offers(found []candidate, now time.Time) (out []candidate) {
	if !q.asks(listing) || q.required() > 0 || found[0].isNamed() {
		return nil
	}
	weight := func(c concept) float64 {
		if c.aside || c.general || c.light() {
			return 0
		}
		return c.bearing() * min(c.weight, heaviest)
	}
	need := 0.0
	for _, c := range q.concepts {
		need += weight(c)
	}
	seen := map[string]bool{}
	for _, c := range found {
		missed := 0.0
		for _, i := range c.grounds.nowhere {
			missed += weight(q.concepts[i])
		}
		if seen[c.Document.ID] || c.Document.Closed(now) || c.Length > longestSheet || missed > (1-nearNeed)*need || need == 0 {
			continue
		}
		seen[c.Document.ID] = true
		out = append(out, c)
	}
	return out
}

// list names the best schemes for a need under a heading, open ones first, with the passage that was found or the scheme's first
// paragraph, which says what it is.
func (b *Base) list(ctx context.Context, v Viewer, q question, found []candidate, heading string, first bool, now time.Time) (Answer, error) {
	answer := Answer{Looked: q.looked(), Settled: true}
	seen := map[string]bool{}
	var schemes []candidate
	for _, c := range found {
		if len(schemes) == choices || c.score < choiceShare*found[0].score {
			break
		}
		if !seen[c.Document.ID] {
			seen[c.Document.ID] = true
			schemes = append(schemes, c)
		}
	}
	slices.SortStableFunc(schemes, func(a, b candidate) int { return int(yes(a.Document.Closed(now)) - yes(b.Document.Closed(now))) })
	lines := []string{heading}
	for _, c := range schemes {
		line, quotes, err := b.named(ctx, v, c.Document, now)
		if err != nil {
			return Answer{}, err
		}
		said := c.Passage
		if first {
			_, all, err := b.store.Open(ctx, v, c.Document.ID)
			if err != nil && !errors.Is(err, ErrNotFound) {
				return Answer{}, err
			}
			if at := slices.IndexFunc(all, func(p Passage) bool { return p.Kind == Paragraph }); at >= 0 {
				said = all[at]
			}
		}
		lines = append(lines, line+"\n"+shown(said))
		answer.Quotes = append(append(answer.Quotes, quotes...), quote(c.Document, said, now))
	}
	answer.Text = strings.Join(lines, "\n\n")
	return answer, nil
}

// named names a document, and says that it is closed when it is.
func (b *Base) named(ctx context.Context, v Viewer, d Document, now time.Time) (string, []Quote, error) {
	if d.Closed(now) {
		return b.closed(ctx, v, d, now)
	}
	return b.headline(ctx, v, d, now)
}

// headline names a document, with the quote of its title.
func (b *Base) headline(ctx context.Context, v Viewer, d Document, now time.Time) (string, []Quote, error) {
	_, passages, err := b.store.Open(ctx, v, d.ID)
	if err != nil && !errors.Is(err, ErrNotFound) { // gone meanwhile: it is named without a quote of its title
		return "", nil, err
	}
	for _, p := range passages {
		if p.Kind == Title {
			return "« " + p.Text + " »", []Quote{quote(d, p, now)}, nil
		}
	}
	return "", nil, nil
}

// closed says that a scheme is closed, with the quotes of its name and of its end.
func (b *Base) closed(ctx context.Context, v Viewer, d Document, now time.Time) (string, []Quote, error) {
	name, quotes, err := b.headline(ctx, v, d, now)
	if err != nil {
		return "", nil, err
	}
	if name == "" {
		name = "Ce dispositif"
	}
	_, passages, err := b.store.Open(ctx, v, d.ID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return "", nil, err
	}
	until := d.ValidUntil.Format(time.DateOnly)
	for _, p := range passages {
		if p.Kind == Field && p.Text == until && !d.ValidUntil.IsZero() && d.ValidUntil.Before(now) {
			return name + " est clos : ce dispositif n'est plus ouvert (fin de validité : " + until + ").", append(quotes, quote(d, p, now)), nil
		}
	}
	return name + " est clos : ce dispositif n'est plus ouvert, sa fiche le donne comme indisponible.", quotes, nil
}

func quote(d Document, p Passage, now time.Time) Quote {
	return Quote{Document: d.ID, Ordinal: p.Ordinal, Title: d.Title, Section: strings.Join(p.Path, " › "), Text: p.Text, Page: p.Page,
		URL: d.URL, Date: d.Date, Audience: d.Audience, Closed: d.Closed(now), Old: !d.Date.IsZero() && d.Date.Before(now.Add(-OldAfter))}
}

var (
	link     = regexp.MustCompile(`!?\[([^\]]*)\]\((?:mailto:)?([^)\s]*)\)`)
	emphasis = strings.NewReplacer("**", "", "__", "")
)

// shown gives a passage as people read it: inline markup taken off, long conditions cut, a fact after its label.
func shown(p Passage) string {
	text := emphasis.Replace(link.ReplaceAllString(p.Text, "$1 : $2"))
	text = conditions.ReplaceAllString(text, "$1…")
	if p.Kind == Field && len(p.Path) > 0 {
		return p.Path[len(p.Path)-1] + " : " + text
	}
	if p.Kind == Item && strings.Contains(text, "\n- ") {
		return "- " + text // several items are one list: the first is marked as the others
	}
	return text
}
