package knowledge

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"guichet/knowledge/french"
)

// Writer writes what it is told to: a language model. It is trusted with nothing: Wording gives it only what the asker may
// see, and checks each of its sentences.
type Writer interface {
	// Resting tells that it failed lately and would not try now.
	Resting() bool
	// Write writes under an order, from a text that is data; piece is given what is written as it comes. It returns the
	// error of piece, which wants no more, as it is; ErrOff when it does not try; the context's error when that ends first.
	Write(ctx context.Context, order, data string, piece func(text string) error) error
}

// Budget limits how many answers are worded in a day.
type Budget interface {
	// Spend counts one answer of a person, or of nobody in particular («  »), in all processes that share the base; ErrSpent.
	Spend(ctx context.Context, who string, day time.Time) error
}

// The errors for which an answer is not worded.
var (
	// ErrOff tells that a Writer failed lately and is left alone for a while.
	ErrOff = errors.New("le modèle ne répond plus : il est laissé de côté un moment")
	// ErrSpent tells that a budget is used up until the next day.
	ErrSpent = errors.New("le budget du jour est épuisé")

	errSlow     = errors.New("le modèle est trop lent")
	errEnough   = errors.New("assez")
	errDeclined = errors.New("le modèle ne trouve pas la réponse dans les passages")
	errOrders   = errors.New("le texte donne des ordres à une machine")
)

// WriterPatience is how long a person waits, from the question, for the first thing to read.
const WriterPatience = 1800 * time.Millisecond

// The limits of what goes to a model and comes from it.
const (
	longestQuestion = 500  // characters of a question
	longestPassage  = 1500 // characters of a passage
	longestTitles   = 200  // characters of its title and section
	longestOutput   = 6000 // bytes that are read
	longestKept     = 400  // bytes of a sentence
	mostSentences   = 5
	mostRefused     = 3 // sentences in a row, none kept: the model talks nonsense
	// patiences bounds a streamed answer, in times the patience.
	patiences = 5
)

// Outcome is how an answer was given.
type Outcome string

// The outcomes; all but the first give the extract.
const (
	Worded   Outcome = "worded"
	Unsuited Outcome = "unsuited" // nothing for a model to word: a list, passages that differ, orders to a machine
	Spent    Outcome = "spent"    // no budget left
	Off      Outcome = "off"      // the Writer is left alone
	Slow     Outcome = "slow"
	Failed   Outcome = "failed"
	Declined Outcome = "declined" // the model says that the passages do not answer
	Refused  Outcome = "refused"  // no sentence stood the check
)

// Outcomes are all of them.
var Outcomes = []Outcome{Worded, Unsuited, Spent, Off, Slow, Failed, Declined, Refused}

// Telling is an outcome with its reasons, for the operator.
type Telling struct {
	Outcome Outcome
	Err     error // why it is not Worded
	// Dropped says why sentences were left out, one reason each.
	Dropped []string
	Took    time.Duration
}

// Asked is a question that was answered, and by whom it was asked.
type Asked struct {
	Viewer   Viewer
	Question string
	// Who tells people apart for the budget; a model is never told.
	Who string
	// At is when it was asked. Start is the same moment by the machine's clock, from which patience counts; now if zero.
	At, Start time.Time
}

// Wording has a Writer word the answers of a Base. Whether there is an answer, and its passages, are decided before.
type Wording struct {
	Writer Writer
	Budget Budget
	// Open gives a document and its passages under a viewer's rights (Base.Open), for the quote of its title.
	Open func(ctx context.Context, v Viewer, id string) (Document, []Passage, error)
	// Patience is WriterPatience unless set.
	Patience time.Duration
	// Told, if set, is told how each answer was given.
	Told func(Telling)
}

// Word gives an answer in sentences that a Writer made from its quotes, each with the number of those that it stands on
// and held by them (Ungrounded); or the answer as it is when there is none, or when they do not come in time. said, if not
// nil, is given what to show as it comes: then only the first sentence is bound to patience, and each next one after it.
// The answer that is returned replaces what was said.
func (w *Wording) Word(ctx context.Context, a Asked, found Answer, said func(text string)) Answer {
	if found.Abstained {
		return found
	}
	start := time.Now()
	if a.Start.IsZero() {
		a.Start = start
	}
	d := &draft{Wording: w, asked: a, found: found, said: said, titles: map[string]*Quote{}}
	worded, err := d.write(ctx)
	t := Telling{Err: err, Dropped: d.dropped, Took: time.Since(start)}
	switch {
	case err == nil:
		t.Outcome, found = Worded, worded
	case errors.Is(err, errOrders) || errors.Is(err, errSettled):
		t.Outcome = Unsuited
	case errors.Is(err, ErrSpent):
		t.Outcome = Spent
	case errors.Is(err, ErrOff):
		t.Outcome = Off
	case errors.Is(err, errSlow):
		t.Outcome = Slow
	case errors.Is(err, errDeclined):
		t.Outcome = Declined
	case errors.Is(err, errRefused):
		t.Outcome = Refused
	default:
		t.Outcome = Failed
	}
	if w.Told != nil {
		w.Told(t)
	}
	return found
}

var (
	errSettled = errors.New("la réponse n'est pas à rédiger")
	errRefused = errors.New("aucune phrase du modèle n'est tenue par les passages")
)

// draft is one answer being worded.
type draft struct {
	*Wording
	asked Asked
	found Answer
	said  func(string)

	// given are the quotes that the model is given: none that gives orders to a machine.
	given  []Quote
	titles map[string]*Quote

	kept    []string
	quotes  []Quote
	dropped []string
	// gap tells that the last sentence was dropped: one that leans on it goes too.
	gap  bool
	read int
}

// write has the answer worded.
func (d *draft) write(ctx context.Context) (Answer, error) {
	if d.found.Settled {
		return Answer{}, errSettled
	}
	if commands(d.asked.Question) {
		return Answer{}, fmt.Errorf("question : %w", errOrders)
	}
	for _, q := range d.found.Quotes[d.found.Opened:] {
		if !commands(q.Title + "\n" + q.Section + "\n" + q.Text) {
			d.given = append(d.given, q)
		}
	}
	if len(d.given) == 0 {
		return Answer{}, fmt.Errorf("passages : %w", errOrders)
	}
	d.quotes = slices.Clone(d.found.Quotes[:d.found.Opened])

	patience := d.Patience
	if patience == 0 {
		patience = WriterPatience
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	whole := time.AfterFunc(time.Until(d.asked.Start.Add(patiences*patience)), func() { stop(errSlow) })
	defer whole.Stop()
	next := time.AfterFunc(time.Until(d.asked.Start.Add(patience)), func() { stop(errSlow) })
	defer next.Stop()

	if d.Writer.Resting() { // and costs nothing
		return Answer{}, ErrOff
	}
	if err := d.Budget.Spend(ctx, d.asked.Who, d.asked.At); err != nil {
		return Answer{}, slowOr(ctx, err)
	}
	var s sentences
	err := d.Writer.Write(ctx, loadWording().order, d.prompt(), func(text string) error {
		d.read += len(text)
		return d.take(ctx, s.add(text), func() { next.Reset(patience) })
	})
	if err == nil {
		err = d.take(ctx, s.end(), func() {})
	}
	switch {
	case err != nil && !errors.Is(err, errEnough):
		return Answer{}, slowOr(ctx, err)
	case len(d.kept) == 0:
		return Answer{}, fmt.Errorf("%w : %s", errRefused, strings.Join(d.dropped, " ; "))
	}
	answer := d.found
	answer.Worded, answer.Quotes = true, d.quotes
	answer.Text = strings.Join(d.kept, " ")
	if d.found.Opening != "" {
		answer.Text = d.found.Opening + "\n\n" + answer.Text
	}
	return answer, nil
}

// slowOr gives errSlow when patience ended the context, else the error.
func slowOr(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errSlow) {
		return errSlow
	}
	return err
}

// take keeps the sentences that are held. It returns errEnough when no more is wanted.
func (d *draft) take(ctx context.Context, all []cited, inTime func()) error {
	for _, c := range all {
		if len(d.kept) == 0 && strings.Contains(french.Fold(c.text), loadWording().none) {
			return errDeclined
		}
		sentence := c.text
		numbers, why := d.check(ctx, c)
		switch {
		case why == repeatedSentence:
			return errEnough // a model that repeats itself has nothing more to say
		case why != "":
			d.dropped, d.gap = append(d.dropped, why), true
			if len(d.kept) == 0 && len(d.dropped) >= mostRefused {
				return errEnough
			}
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, n := range numbers {
			sentence += fmt.Sprintf(" [%d]", n)
		}
		if !strings.HasSuffix(c.text, "!") {
			sentence += "."
		}
		if d.said != nil {
			if len(d.kept) == 0 && d.found.Opening != "" {
				d.said(d.found.Opening)
			}
			d.said(sentence)
			inTime()
		}
		d.kept, d.gap = append(d.kept, sentence), false
		if len(d.kept) == mostSentences {
			return errEnough
		}
	}
	if d.read > longestOutput {
		return errEnough
	}
	return nil
}

const repeatedSentence = "répétée"

// leaning starts a sentence that the one before it explains.
var leaning = regexp.MustCompile(`^(ils?|elles?|ce|cet|cette|ces|celui|celles?|ceux|cela|ceci|mais|cependant|toutefois|en revanche|sinon|dans ce cas|y|en|son|sa|ses|leurs?)\b`)

// check tells why a sentence is left out, or gives the numbers, in the answer, of the quotes that hold it.
func (d *draft) check(ctx context.Context, c cited) (numbers []int, why string) {
	switch {
	case len(c.numbers) == 0:
		return nil, "sans source"
	case len(c.text) > longestKept:
		return nil, "trop longue"
	case d.gap && leaning.MatchString(french.Fold(c.text)):
		return nil, "tient à une phrase écartée"
	}
	var sources []Quote
	for _, n := range c.numbers {
		if n < 1 || n > len(d.given) {
			return nil, fmt.Sprintf("source inconnue [%d]", n)
		}
		sources = append(sources, d.given[n-1])
	}
	if slices.ContainsFunc(d.kept, func(k string) bool { return strings.HasPrefix(k, c.text+" [") }) {
		return nil, repeatedSentence
	}
	if why = Ungrounded(c.text, sources); why != "" {
		title := d.title(ctx, sources[0].Document)
		if title == nil || Ungrounded(c.text, append(slices.Clone(sources), *title)) != "" {
			return nil, why
		}
		sources = append(sources, *title)
	}
	if commands(c.text) {
		return nil, "donne des ordres"
	}
	for _, q := range sources {
		at := slices.IndexFunc(d.quotes, func(other Quote) bool { return other.Document == q.Document && other.Ordinal == q.Ordinal })
		if at < 0 {
			at = len(d.quotes)
			d.quotes = append(d.quotes, q)
		}
		if !slices.Contains(numbers, at+1) {
			numbers = append(numbers, at+1)
		}
	}
	return numbers, ""
}

// title gives the quote of a document's title, nil when there is none.
func (d *draft) title(ctx context.Context, id string) *Quote {
	if q, ok := d.titles[id]; ok {
		return q
	}
	d.titles[id] = nil
	document, passages, err := d.Open(ctx, d.asked.Viewer, id)
	if err != nil { // gone meanwhile, or too late: the sentence is held to the passages alone
		return nil
	}
	for _, p := range passages {
		if p.Kind == Title && !commands(p.Text) {
			q := quote(document, p, d.asked.At)
			d.titles[id] = &q
			break
		}
	}
	return d.titles[id]
}

// prompt gives the passages, each on a numbered line, then the question.
func (d *draft) prompt() string {
	var b strings.Builder
	b.WriteString("Passages :\n")
	for i, q := range d.given {
		titles := q.Title
		if q.Section != "" && q.Section != q.Title {
			titles += " › " + q.Section
		}
		fmt.Fprintf(&b, "[%d] %s : %s\n", i+1, oneLine(titles, longestTitles), oneLine(q.Text, longestPassage))
	}
	fmt.Fprintf(&b, "\nQuestion : %s\n", oneLine(WithoutContacts(d.asked.Question), longestQuestion))
	return b.String()
}

var brackets = strings.NewReplacer("[", "(", "]", ")")

// oneLine gives a text on one line without square brackets, which are the citations', cut at a number of characters.
func oneLine(text string, longest int) string {
	runes := []rune(strings.Join(strings.Fields(brackets.Replace(text)), " "))
	if len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return string(runes)
}
