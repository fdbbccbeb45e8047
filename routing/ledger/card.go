package ledger

import (
	"context"
	"slices"
	"strings"
	"unicode"
)

// Card is what the ledger holds of a company, as a viewer may see it: was it helped, was it answered.
type Card struct {
	// Near tells that no name was the one that was given: the requests are those of companies whose names come close, for a
	// person to tell apart.
	Near bool `json:"near"`
	// Requests are the newest first, each with its events; two companies may share a name, their place and SIREN tell.
	Requests []Request `json:"requests"`
}

// Answered counts the requests that got an answer.
func (c Card) Answered() (n int) {
	for _, r := range c.Requests {
		if len(r.Answers()) > 0 {
			n++
		}
	}
	return n
}

// cardLimit is how many requests a card gives.
const cardLimit = 20

// CardOf gives the card of a company by its SIREN, its SIRET or its name.
func CardOf(ctx context.Context, store Store, v Viewer, sought string) (Card, error) {
	var c Card
	company := Sought(sought)
	f := Filter{SIREN: company.SIREN, Company: company.Name, Limit: cardLimit}
	if f.SIREN == "" && CompanyKey(sought) == "" {
		return c, nil
	}
	found, err := store.List(ctx, v, f)
	if err == nil && len(found) == 0 && f.Company != "" {
		c.Near = true
		found, err = near(ctx, store, v, sought)
	}
	if err != nil {
		return c, err
	}
	for _, r := range found {
		if r, err = store.Get(ctx, v, r.Reference); err != nil {
			return c, err
		}
		c.Requests = append(c.Requests, r)
	}
	return c, nil
}

// Sought reads what names a company: a SIREN, a SIRET, of which it keeps the SIREN, or a name.
func Sought(text string) Company {
	digits := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '.' {
			return -1
		}
		return r
	}, text)
	number := !strings.ContainsFunc(digits, func(r rune) bool { return r < '0' || r > '9' })
	if number && (len(digits) == 9 || len(digits) == 14) {
		return Company{SIREN: digits[:9]}
	}
	return Company{Name: text}
}

// near gives the requests of companies whose names come close.
func near(ctx context.Context, store Store, v Viewer, sought string) ([]Request, error) {
	const looked, start = 200, 4
	longest := slices.MaxFunc(strings.Fields(CompanyKey(sought)), func(a, b string) int { return len(a) - len(b) })
	if runes := []rune(longest); len(runes) > start {
		longest = string(runes[:start]) // a slip is rarer there
	}
	found, err := store.List(ctx, v, Filter{Text: longest, Limit: looked})
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(r Request) bool { return !NearCompany(r.Company.Name, sought) })
	return found[:min(len(found), cardLimit)], nil
}

// Answers gives what was answered, oldest first.
func (r Request) Answers() (all []Event) {
	for _, e := range r.Events {
		if e.Kind == AnswerGiven {
			all = append(all, e)
		}
	}
	return all
}

// Ending gives the event that closed a request without an answer, or found nobody to answer.
func (r Request) Ending() (last Event, ok bool) {
	if r.Status.Open() {
		return last, false
	}
	for _, e := range r.Events {
		if e.Kind == StatusSet && e.Status == r.Status {
			last, ok = e, true
		}
	}
	return last, ok
}

// Silence gives the last sign of life that the person was given, while it still holds.
func (r Request) Silence() (last Event, ok bool) {
	if r.Pace.NoNews == 0 {
		return last, false
	}
	for _, e := range r.Events {
		if e.Kind == NoNews {
			last, ok = e, true
		}
	}
	return last, ok
}
