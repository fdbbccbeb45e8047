package measure

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"guichet/knowledge"
)

// Case is a labelled question, one JSON object a line.
type Case struct {
	ID       string             `json:"id"`
	Question string             `json:"q"`
	Audience knowledge.Audience `json:"audience"`
	EPCI     string             `json:"epci"`
	// Answerable is false for a question that this audience must see declined.
	Answerable bool `json:"answerable"`
	// Facts must all stand in the answer, each in one of its spellings.
	Facts [][]string `json:"facts"`
	// Document is the one that holds the facts, if one does.
	Document string `json:"document"`
	Note     string `json:"note"`
}

// Holds tells whether a text holds all the facts.
func (c Case) Holds(text string) bool { return absent(c.Facts, text) == "" }

// ReadCases reads labelled questions. Errors give the line.
func ReadCases(r io.Reader) ([]Case, error) {
	var cases []Case
	err := lines(r, func(line []byte) error {
		var c Case
		if err := json.Unmarshal(line, &c); err != nil {
			return err
		}
		cases = append(cases, c)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("questions : %w", err)
	}
	return cases, nil
}

// Answers is how many labelled questions were treated rightly.
type Answers struct {
	// Answered counts the answerable questions whose answer holds all facts, and Cited those whose quotes hold them too.
	Answerable, Answered, Cited int
	// Declined counts the questions rightly declined.
	Unanswerable, Declined int
	Misses                 []Miss
}

// Miss is a question that was not treated rightly, and why, in French.
type Miss struct {
	Case   Case
	Reason string
	Answer knowledge.Answer
}

// Asker answers a question at a date, as a Base does.
type Asker func(ctx context.Context, v knowledge.Viewer, question string, now time.Time) (knowledge.Answer, error)

// Ask puts the labelled questions at a date.
func Ask(ctx context.Context, ask Asker, cases []Case, now time.Time) (Answers, error) {
	var r Answers
	for _, c := range cases {
		answer, err := ask(ctx, knowledge.Viewer{Audience: c.Audience, EPCI: c.EPCI}, c.Question, now)
		if err != nil {
			return r, fmt.Errorf("question %s : %w", c.ID, err)
		}
		reason := ""
		if !c.Answerable {
			r.Unanswerable++
			if answer.Abstained {
				r.Declined++
			} else {
				reason = "réponse donnée à une question sans réponse"
			}
		} else {
			r.Answerable++
			var quotes strings.Builder
			for _, q := range answer.Quotes {
				quotes.WriteString(q.Text + "\n")
			}
			missing := absent(c.Facts, answer.Text)
			switch {
			case answer.Abstained:
				reason = "question déclinée alors que la base y répond"
			case missing != "":
				reason = "fait absent de la réponse : " + missing
			default:
				r.Answered++
				if missing = absent(c.Facts, quotes.String()); missing == "" {
					r.Cited++
				}
			}
		}
		if reason != "" {
			r.Misses = append(r.Misses, Miss{Case: c, Reason: reason, Answer: answer})
		}
	}
	return r, nil
}

// plain writes apostrophes, spaces and capitals the same way in documents and in labels.
func plain(text string) string {
	return strings.ToLower(strings.Join(strings.Fields(strings.ReplaceAll(text, "’", "'")), " "))
}

// absent gives the first fact that a text holds in none of its spellings; « » when it holds all.
func absent(facts [][]string, text string) string {
	text = plain(text)
	for _, spellings := range facts {
		found := false
		for _, s := range spellings {
			found = found || strings.Contains(text, plain(s))
		}
		if !found {
			return strings.Join(spellings[:min(1, len(spellings))], "")
		}
	}
	return ""
}
