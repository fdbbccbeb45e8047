package bot

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/goccy/go-yaml"

	"guichet/routing"
)

// TextsFile is the name of the file of texts in the Region's folder.
const TextsFile = "texts.yaml"

//go:embed texts.yaml
var defaultTexts []byte

// Texts are the sentences that the desk says, by key. The Region may replace the file.
type Texts map[string]*template.Template

// conventionValues are what a sentence about a convention may show.
var conventionValues = []string{"id", "type", "epci", "themes", "start", "end", "signed"}

// textValues are the sentences that the desk needs, each with the values that its template may show.
var textValues = map[string][]string{
	"hello": nil, "thanks": nil, "help": nil,
	"refused": {"reason"}, "not-recorded": {"incident"}, "unknown": {"looked", "entry", "sheet", "address", "several"}, "which-need": nil, "whom": {"entry"}, "worded": nil,
	"offer": nil, "offer-choice": nil, "human-choice": nil,
	"routed": {"reference", "lead", "does"}, "joined": {"reference", "lead"}, "to-entry-point": {"reference", "entry"}, "followed-with": {"reference", "lead"}, "still-asked": {"reference", "question"},
	"ask": {"reference", "question"}, "ask-again": {"reference", "question", "entry"},
	"arbitrate": {"entry"}, "next-step": {"step", "who"}, "field-next": nil, "commune-to-epci": {"epci"}, "epci-aid": {"known"}, "double-funding": nil,
	"convention-none": {"epci"}, "convention-in_force": conventionValues, "convention-not_yet": conventionValues, "convention-ended": conventionValues,
	"convention-unsigned": conventionValues, "convention-alert-elsewhere": nil,
	"convention-alert":      append([]string{"days", "direction"}, conventionValues...),
	"convention-alert-epci": append([]string{"days", "direction"}, conventionValues...),
	"officer":               {"name", "contact", "epci"}, "offer-others": nil,
	"sheet": {"epci", "siren", "departements", "communes", "entry"}, "sheet-which": nil, "sheet-requests": nil,
	"sheet-convention": {"id", "type", "state", "start", "end"},
	"contact":          nil, "contact-given": nil, "contact-other": {"text"}, "contact-noted": {"reference", "lead"}, "human": {"reference", "lead"}, "human-again": {"reference", "lead"},
	"who-depends":     {"subject", "fact"},
	"directory-title": nil, "directory-leads": nil, "directory-directions": nil,
	"directory-rule":      {"case", "lead", "associated", "sometimes", "operators"},
	"directory-unsettled": {"subject", "why"}, "directory-does": {"direction", "does"},
	"which-place": {"places"}, "place-noted": nil,
	"example-question": nil, "example-who": nil, "example-request": nil,
	"field-reference": nil, "field-lead": nil, "field-associated": nil, "field-operators": nil, "field-territory": nil, "field-convention": nil,
	"field-section": nil, "field-reasons": nil, "field-if": nil,
	"status-which": nil, "status-none": {"sought"}, "status-found": {"sought", "near", "requests", "answered"},
	"status-line":   {"company", "received", "status", "lead", "associated", "owner", "due"},
	"status-answer": {"date", "by", "text"}, "status-ending": {"date", "status", "why"},
	"specified": {"reference", "lead"}, "wait": {"seconds"},
	"field-company": nil, "field-message": nil, "field-facts": nil, "field-due": nil, "field-earlier": nil, "field-twins": nil, "field-fundings": nil, "field-seen": nil, "field-status": nil, "field-owner": nil, "field-exchange": nil,
	"fact-default": nil, "fact-register": nil, "fact-asked": nil, "fact-given": nil, "fact-model": nil,
	"act-take": nil, "act-pass": nil, "act-answer": nil, "act-ask": nil, "act-part-done": nil, "act-part-pass": nil, "act-part": {"reference", "direction", "part"},
	"act-moved": {"reference", "status", "lead", "owner", "into"}, "act-forbidden": nil, "act-empty": nil, "act-out-of-reach": {"reference"},
	"act-taken": {"reference", "contacts"}, "act-passed": {"reference", "lead"}, "act-answered": {"reference"}, "act-asked": {"reference"},
	"card-elsewhere": nil, "publish": nil, "published": {"name", "question"}, "not-published": nil, "not-noted": nil, "useful": nil, "useless": nil, "vote-noted": nil, "vote-unknown": nil, "vote-why": nil,
	"mine": nil, "mine-none": nil, "mine-line": {"reference", "status", "lead"},
	"fiche-partners": nil, "fiche-none": nil, "fiche-list": nil, "fiche-line": {"reference", "title", "stage", "deadline", "answered"},
	"fiche-unknown": {"reference"}, "fiche-answered": {"answer"}, "fiche-wrong": {"reason"}, "fiche-over": {"reference"}, "fiche-noted": {"reference", "answer", "deadline"},
	"channel-forbidden": nil, "channel-usage": nil, "channel-own": nil, "channel-wrong": {"reason"},
	"channel-is": {"channel", "audience", "epci", "listens", "direction", "external"},
	"forward":    nil, "forward-title": nil, "forward-text": nil, "forward-company": nil, "forward-place": nil, "forward-contact": nil, "forward-send": nil,
	"form-cancel": nil, "form-why": nil, "form-to": nil, "form-answer": nil, "form-question": nil, "form-seen": nil,
	"choose": nil, "notice-mark": nil, "writing": nil, "edited": nil, "edited-same": nil, "amended": {"reference", "lead"}, "field-amended": {"text"},
}

// DefaultTexts gives the sentences that ship.
func DefaultTexts() Texts {
	texts, err := ParseTexts(defaultTexts)
	if err != nil {
		panic("bot: " + err.Error()) // the file is part of the program and tested
	}
	return texts
}

// DefaultTextsYAML gives the file of the sentences that ship, for the Region to edit.
func DefaultTextsYAML() []byte { return slices.Clone(defaultTexts) }

// Examples are messages to try: a question, who does what, a company's request.
func (t Texts) Examples() []Choice {
	var out []Choice
	for _, key := range []string{"example-question", "example-who", "example-request"} {
		out = append(out, Choice{Label: t.say(key), Text: t.say(key)})
	}
	return out
}

// ParseTexts reads a YAML map of templates; every key must be there and no other, and each template show only its values.
func ParseTexts(data []byte) (Texts, error) {
	var sources map[string]lined[string]
	if err := yaml.UnmarshalWithOptions(data, &sources, yaml.Strict()); err != nil {
		var syntax yaml.Error
		if errors.As(err, &syntax) {
			return nil, textProblem(syntax.GetToken().Position.Line, syntax.GetMessage())
		}
		return nil, textProblem(0, err.Error())
	}
	texts := Texts{}
	var problems []error
	for _, key := range slices.Sorted(maps.Keys(sources)) {
		values, needed := textValues[key]
		if !needed {
			problems = append(problems, textProblem(sources[key].line, fmt.Sprintf("« %s » ne sert à rien", key)))
			continue
		}
		t, err := template.New(key).Option("missingkey=error").Parse(unwrap(strings.TrimSpace(sources[key].value)))
		if err == nil {
			err = try(t, values)
		}
		if err != nil {
			problems = append(problems, textProblem(sources[key].line, err.Error()))
		}
		texts[key] = t
	}
	for _, key := range slices.Sorted(maps.Keys(textValues)) {
		if _, given := sources[key]; !given {
			problems = append(problems, textProblem(0, fmt.Sprintf("« %s » manque", key)))
		}
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return texts, nil
}

func textProblem(line int, reason string) error {
	return routing.Problem{Pos: routing.Pos{File: TextsFile, Line: line}, Reason: reason}
}

// listItem starts a line that stands alone.
var listItem = regexp.MustCompile(`^(?:[-–•]|\d+[.)]) `)

// unwrap joins the lines of each paragraph: where a YAML file is cut is not where people read a new line.
func unwrap(text string) string {
	var b strings.Builder
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case i == 0:
		case line == "" || strings.HasSuffix(b.String(), "\n") || listItem.MatchString(line):
			b.WriteByte('\n')
		default:
			b.WriteByte(' ')
		}
		b.WriteString(line)
	}
	return b.String()
}

// try executes a template with its values all there, then all empty, so that a mistake in it is found when it is read and
// not when somebody waits for it.
func try(t *template.Template, values []string) error {
	for _, value := range []string{"x", ""} {
		data := map[string]any{}
		for _, name := range values {
			data[name] = value
		}
		if err := t.Execute(io.Discard, data); err != nil {
			return err
		}
	}
	return nil
}

// say gives a sentence with its values, given as key, value, key, value….
func (t Texts) say(key string, pairs ...any) string {
	values := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values[pairs[i].(string)] = pairs[i+1]
	}
	var b strings.Builder
	if err := t[key].Execute(&b, values); err != nil {
		panic(fmt.Sprintf("bot: text %s: %v", key, err)) // ParseTexts executed it
	}
	return b.String()
}
