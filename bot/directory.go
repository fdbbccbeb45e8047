package bot

import (
	"strings"

	"guichet/knowledge"
	"guichet/routing"
)

// Directory says who does what: a document of one passage a rule and a direction, written from the very rules that decide,
// so that directory and routing cannot disagree. The base indexes it; the desk quotes it.
type Directory struct {
	document knowledge.Document
	entries  []knowledge.Entry
	// rules and unsettled give the passage of each rule and of each unsettled subject, by id.
	rules, unsettled map[string]int
}

// NewDirectory writes the directory of a rule set.
func NewDirectory(rules *routing.Rules, texts Texts) *Directory {
	set := rules.Set()
	d := &Directory{rules: map[string]int{}, unsettled: map[string]int{}}
	title := texts.say("directory-title")
	d.document = knowledge.Document{ID: "qui-fait-quoi", Title: title, Source: knowledge.Shipped + "qui-fait-quoi", Audience: knowledge.Public}
	d.document.Blocks = []knowledge.Block{{Kind: knowledge.Title, Text: title}}
	add := func(section, text string) int {
		d.document.Blocks = append(d.document.Blocks, knowledge.Block{Path: []string{texts.say(section)}, Text: text})
		return len(d.document.Blocks) - 1
	}
	for _, r := range set.Rules {
		about := r.Case
		if about == "" {
			about = capital(r.Why)
		}
		var always, sometimes []string
		for _, a := range r.Associated {
			if a.When == "" {
				always = append(always, a.Direction)
			} else {
				sometimes = append(sometimes, a.Direction)
			}
		}
		d.rules[r.ID] = add("directory-leads", texts.say("directory-rule", "case", about, "lead", r.Lead,
			"associated", enumerate(always, "et"), "sometimes", enumerate(sometimes, "ou"), "operators", strings.Join(r.Operators, ", ")))
	}
	for _, s := range set.Subjects {
		if s.Unsettled != "" {
			d.unsettled[s.ID] = add("directory-leads", texts.say("directory-unsettled", "subject", capital(s.Label), "why", s.Unsettled))
		}
	}
	for _, direction := range set.Directions {
		add("directory-directions", texts.say("directory-does", "direction", direction.Code, "does", direction.Does))
	}
	d.entries = knowledge.Index(d.document)
	return d
}

// Document gives the directory as a document of the base.
func (d *Directory) Document() knowledge.Document { return d.document }

// Answer gives the passages that say who leads: that of the rule that decided, or of each rule that may still decide.
func (d *Directory) Answer(decision routing.Decision) knowledge.Answer {
	var answer knowledge.Answer
	var texts []string
	said := map[int]bool{}
	say := func(at int, found bool) {
		if !found || said[at] {
			return
		}
		said[at] = true
		p := d.entries[at].Passage
		texts = append(texts, p.Text)
		answer.Quotes = append(answer.Quotes, knowledge.Quote{
			Document: d.document.ID, Ordinal: p.Ordinal, Title: d.document.Title, Section: strings.Join(p.Path, " › "), Text: p.Text, Audience: d.document.Audience,
		})
	}
	switch {
	case decision.Arbitrate:
		for _, f := range decision.Facts {
			subject, _ := f.Value.(string)
			at, found := d.unsettled[subject]
			say(at, found && f.Name == "subject")
		}
	case decision.Lead != "":
		at, found := d.rules[decision.Rule]
		say(at, found)
	default:
		for _, a := range decision.Alternatives {
			at, found := d.rules[a.Rule]
			say(at, found)
		}
	}
	answer.Text = strings.Join(texts, "\n\n")
	return answer
}

// enumerate writes a list with a word before its last member.
func enumerate(names []string, last string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " " + last + " " + names[len(names)-1]
}
