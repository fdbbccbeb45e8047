package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"strings"
	"time"

	"guichet/bot"
	"guichet/knowledge"
)

type askCmd struct {
	asker
	batchFlag
	Question *string `arg:"" optional:"" help:"La question, entre guillemets."`
}

// queryLine is a line of a batch of questions or searches.
type queryLine struct {
	ID       id                  `json:"id"`
	Q        string              `json:"q"`
	Audience *knowledge.Audience `json:"audience"`
	EPCI     *string             `json:"epci"`
}

// viewer gives who asks a line: what the line says, else what the flags say.
func (l queryLine) viewer(flags asker) knowledge.Viewer {
	v := flags.viewer()
	if l.Audience != nil {
		v.Audience = *l.Audience
	}
	if l.EPCI != nil {
		v.EPCI = *l.EPCI
	}
	return v
}

// answerLine is an answer. Its JSON is part of the contract.
type answerLine struct {
	ID        id     `json:"id"`
	Answer    string `json:"answer"`
	Abstained bool   `json:"abstained"`
	// Grounding tells how the answer was written: « extract » or « model ».
	Grounding string     `json:"grounding"`
	Citations []citation `json:"citations"`
	ElapsedMS float64    `json:"elapsed_ms"`
}

type citation struct {
	Document string             `json:"document"`
	Title    string             `json:"title"`
	Section  string             `json:"section"`
	Quote    string             `json:"quote"`
	Page     int                `json:"page,omitempty"`
	URL      string             `json:"url"`
	Date     string             `json:"date"`
	Audience knowledge.Audience `json:"audience"`
	Closed   bool               `json:"closed"`
	// Old tells that the text was written more than two years ago.
	Old bool `json:"old"`
}

func (c *askCmd) Run(ctx context.Context, a *app) error {
	db, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	o, err := a.openOffice(ctx, db)
	if err != nil {
		return err
	}
	single := func(text string) queryLine { return queryLine{Q: text} }
	return each(a, c.batchFlag, c.Question, "la question", single, func(in queryLine) (answerLine, error) {
		return o.answerLine(ctx, channel, in.viewer(c.asker), in, c.Batch == "", a.now()) // a batch measures: its questions are nobody's
	}, showAnswer)
}

// answerLine answers a question; asked tells that somebody asked it, so that one without an answer is kept as a gap.
func (o *office) answerLine(ctx context.Context, channel string, v knowledge.Viewer, in queryLine, asked bool, now time.Time) (answerLine, error) {
	start := time.Now()
	if err := bot.CheckText(in.Q); err != nil {
		return answerLine{}, err
	}
	answer, err := o.desk.Ask(ctx, v, in.Q, now)
	if err != nil {
		return answerLine{}, err
	}
	if answer.Abstained && asked {
		m := bot.Message{Channel: channel, ID: rand.Text(), Thread: rand.Text(), Text: in.Q, Asker: bot.Asker{Audience: v.Audience, EPCI: v.EPCI}, At: now}
		if answer.Text, err = o.desk.Unknown(ctx, m, answer); err != nil {
			return answerLine{}, err
		}
	}
	out := answerLine{ID: in.ID, Answer: answer.Text, Abstained: answer.Abstained, Grounding: "extract", Citations: []citation{}}
	if answer.Worded {
		out.Grounding = "model"
	}
	for _, q := range answer.Quotes {
		out.Citations = append(out.Citations, citation{
			Document: q.Document, Title: q.Title, Section: q.Section, Quote: q.Text, Page: q.Page, URL: q.URL, Date: isoDay(q.Date), Audience: q.Audience, Closed: q.Closed, Old: q.Old,
		})
	}
	out.ElapsedMS = elapsed(start)
	return out, nil
}

func showAnswer(w io.Writer, a answerLine) {
	fmt.Fprintln(w, a.Answer)
	if len(a.Citations) > 0 {
		fmt.Fprintln(w, "\nSources")
	}
	for i, c := range a.Citations {
		fmt.Fprintf(w, "[%d] %s\n    « %s »\n", i+1, strings.Join(present(c.Title, c.Section, onPage(c.Page), written(c), c.URL), " · "), strings.ReplaceAll(c.Quote, "\n", "\n      "))
	}
}

// present keeps what is not empty, once each.
func present(parts ...string) []string {
	var out []string
	for _, p := range parts {
		if p != "" && (len(out) == 0 || out[len(out)-1] != p) {
			out = append(out, p)
		}
	}
	return out
}

// written tells people when the source was written.
func written(c citation) string {
	switch {
	case c.Date == "":
		return "sans date"
	case c.Old:
		return c.Date + " (source ancienne)"
	}
	return c.Date
}
