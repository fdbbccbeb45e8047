package ledger

import (
	"errors"
	"slices"
	"testing"
	"time"

	"guichet/routing"
)

func TestApply(t *testing.T) {
	at := time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC)
	led := &routing.Decision{Lead: "SUD", Associated: []string{"EST"}}
	events := map[string]Event{
		"message":         {Kind: Received},
		"decided":         {Kind: Decided, Lead: "SUD", Decision: led},
		"asked":           {Kind: Decided, Decision: &routing.Decision{Missing: []string{"origin"}}},
		"second decision": {Kind: Decided, Decision: led},
		"to a direction":  {Kind: Assigned, Lead: "SUD"},
		"to a person":     {Kind: Assigned, Owner: "Bo"},
		"to nobody":       {Kind: Assigned},
		"taken":           {Kind: StatusSet, Status: Taken, Owner: "Bo"},
		"closed":          {Kind: StatusSet, Status: Closed},
		"unreachable":     {Kind: StatusSet, Status: Unreachable},
		"set to answered": {Kind: StatusSet, Status: Answered},
		"set to waiting":  {Kind: StatusSet, Status: Waiting},
		"answer":          {Kind: AnswerGiven},
		"reopened":        {Kind: Reopened},
		"human":           {Kind: HumanAsked},
		"question":        {Kind: Questioned},
		"precision":       {Kind: Specified},
		"sent":            {Kind: NoticeSent},
		"dead":            {Kind: NoticeDead},
		"reminded":        {Kind: Reminded},
		"escalated":       {Kind: Escalated},
		"no news":         {Kind: NoNews},
		"part reminded":   {Kind: PartReminded, Lead: "EST"},
		"part escalated":  {Kind: PartEscalated, Lead: "EST"},
		"overtaken":       {Kind: Overtaken, Step: "reminded"},
		"news overtaken":  {Kind: Overtaken, Step: "no_news"},
		"part overtaken":  {Kind: Overtaken, Step: "part_reminded", Lead: "EST"},
		"lost overtaken":  {Kind: Overtaken, Step: "perdu"},
		"nobody's part":   {Kind: PartReminded, Lead: "OUEST"},
		"imported":        {Kind: Imported},
		"project":         {Kind: Projected, Other: "P-2026-0001"},
		"part":            {Kind: PartSet, Lead: "EST", Status: Done},
		"part of nobody":  {Kind: PartSet, Lead: "OUEST", Status: Done},
		"unknown":         {Kind: "perdu"},
	}
	// What each event makes of each status; an event that is not listed is refused.
	allowed := map[Status]map[string]Status{
		"": {"message": Waiting},
		Waiting: {"precision": Waiting, "message": Waiting, "decided": Transmitted, "asked": Waiting, "second decision": Waiting, "to a direction": Transmitted,
			"closed": Closed, "unreachable": Unreachable, "human": Waiting, "sent": Waiting, "dead": Waiting, "imported": Waiting, "project": Waiting},
		Transmitted: {"part reminded": Transmitted, "part escalated": Transmitted, "overtaken": Transmitted, "news overtaken": Transmitted, "part overtaken": Transmitted, "reminded": Transmitted, "escalated": Transmitted, "no news": Transmitted, "part": Transmitted, "question": Transmitted, "precision": Transmitted, "message": Transmitted, "asked": Transmitted, "second decision": Transmitted, "to a direction": Transmitted, "to a person": Transmitted,
			"taken": Taken, "closed": Closed, "unreachable": Unreachable, "answer": Answered, "human": Transmitted, "sent": Transmitted, "dead": Transmitted, "imported": Transmitted, "project": Transmitted},
		Taken: {"part reminded": Taken, "part escalated": Taken, "overtaken": Taken, "news overtaken": Taken, "part overtaken": Taken, "reminded": Taken, "escalated": Taken, "no news": Taken, "part": Taken, "question": Taken, "precision": Taken, "message": Taken, "asked": Taken, "second decision": Taken, "to a direction": Transmitted, "to a person": Taken,
			"closed": Closed, "unreachable": Unreachable, "answer": Answered, "human": Taken, "sent": Taken, "dead": Taken, "imported": Taken, "project": Taken},
		Answered:    {"part": Answered, "precision": Answered, "closed": Closed, "answer": Answered, "reopened": Transmitted, "human": Answered, "sent": Answered, "dead": Answered, "imported": Answered, "project": Answered},
		Closed:      {"part": Closed, "precision": Closed, "reopened": Transmitted, "human": Closed, "sent": Closed, "dead": Closed, "imported": Closed, "project": Closed},
		Unreachable: {"part": Unreachable, "precision": Unreachable, "closed": Closed, "reopened": Transmitted, "human": Unreachable, "sent": Unreachable, "dead": Unreachable, "imported": Unreachable, "project": Unreachable},
	}
	for status, next := range allowed {
		for name, e := range events {
			before := Request{Status: status}
			if status != "" && status != Waiting {
				before.Lead, before.Owner = "NORD", "Al"
				before.Pace.Parts = []Part{{Direction: "EST", Status: Transmitted}}
			}
			e.At = at
			after, err := Apply(before, e)
			want, ok := next[name]
			if (err == nil) != ok || ok && after.Status != want {
				t.Errorf("%q, %s: %q, %v, want %q", status, name, after.Status, err, want)
			}
			if err != nil && !errors.Is(err, ErrTransition) {
				t.Errorf("%q, %s: error %v is no ErrTransition", status, name, err)
			}
			if kept := e.Kind == Received || e.Kind == Decided || e.Kind == HumanAsked; ok && kept && before.Lead != "" && after.Lead != before.Lead {
				t.Errorf("%q, %s: the lead became %s", status, name, after.Lead)
			}
		}
	}
}

func TestApplyChangesOfHands(t *testing.T) {
	r := Request{Status: Taken, Lead: "NORD", Owner: "Al", Associated: []string{"EST", "SUD"}}
	got, err := Apply(r, Event{Kind: Assigned, Lead: "SUD"})
	if err != nil || got.Lead != "SUD" || got.Owner != "" || !slices.Equal(got.Associated, []string{"EST"}) {
		t.Errorf("another direction: %+v, %v: the former owner must not stay, nor the lead be associated", got, err)
	}
	if !slices.Equal(r.Associated, []string{"EST", "SUD"}) {
		t.Error("Apply changed the request that it was given")
	}
	if got, err := Apply(r, Event{Kind: Assigned, Lead: "NORD", Owner: "Bo"}); err != nil || got.Status != Taken || got.Owner != "Bo" {
		t.Errorf("another person: %+v, %v", got, err)
	}
	if got, err := Apply(Request{Status: Closed}, Event{Kind: Reopened}); err != nil || got.Status != Waiting {
		t.Errorf("reopened without a lead: %+v, %v", got, err)
	}
}

func TestCompanyKey(t *testing.T) {
	for _, group := range [][]string{
		{"S.A.R.L. L’Atelier du Hêtre", "atelier du hetre", "L'ATELIER DU HÊTRE SARL", "Sté Atelier-du-Hêtre", "S A R L atelier hêtre"},
		{"Dupré & Fils", "Dupré et Fils", "dupre fils", "SAS Dupré & fils"},
		{"Cœur de Laine", "COEUR DE LAINE", "coeur de laine (SCOP)"},
		{"A.B.C. Fictif", "ABC fictif", "A B C Fictif"},
		{"", "…", " - "},
	} {
		for _, name := range group {
			if got, want := CompanyKey(name), CompanyKey(group[0]); got != want {
				t.Errorf("CompanyKey(%q) = %q, of %q %q", name, got, group[0], want)
			}
		}
	}
	for a, b := range map[string]string{
		"Atelier du Hêtre": "Atelier du Chêne", "Dupré": "Dupré et Fils", "SARL": "SAS", "D & D Bois": "Bois", "Fictive 1": "Fictive 2",
	} {
		if CompanyKey(a) == CompanyKey(b) {
			t.Errorf("%q and %q are one company: %q", a, b, CompanyKey(a))
		}
	}
}

func FuzzCompanyKey(f *testing.F) {
	for _, s := range []string{"S.A.R.L. L’Atelier", "Œuvre & Cie", "\xff\x00", "l'", "É\u0301"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		key := CompanyKey(name)
		if again := CompanyKey(key); again != key && len(again) > len(key) {
			t.Errorf("CompanyKey(%q) = %q, then %q", name, key, again)
		}
		if SameCompany(Company{Name: name}, Place{}, Company{Name: name}, Place{}) {
			t.Errorf("%q is the same company in no commune", name)
		}
	})
}

func TestTexts(t *testing.T) {
	texts := DefaultTexts()
	for kind := range texts {
		for _, data := range []TextData{{Reference: "2026-0042", Lead: "NORD", To: "NORD"}, {Reference: "2026-0042", To: "SUD"}, {Reference: "2026-0042", Lead: "NORD", To: "NORD", Arbitrate: true, Late: true}} {
			if text, err := texts.Render(kind, data); err != nil || len(text) < 20 || len(text) > 250 {
				t.Errorf("%s: %q, %v", kind, text, err)
			}
		}
	}
	for name, source := range map[string]string{
		"not YAML":        "{",
		"a kind missing":  "new_request: a",
		"a kind too many": string(defaultTexts) + "\nperdu: a",
		"not a template":  string(defaultTexts[:len(defaultTexts)-1]) + " {{",
		"unknown field":   string(defaultTexts[:len(defaultTexts)-1]) + " {{.Auteur}}",
	} {
		if _, err := ParseTexts([]byte(source)); err == nil {
			t.Errorf("%s: read", name)
		}
	}
}

// What was said to the person may name an agent: a partner is told that it was said.
func TestUnnamedNoNews(t *testing.T) {
	r := Request{Events: []Event{{Kind: NoNews, By: Self, Why: "DAEN la suit (Bo)."}}}
	if e := (Viewer{EPCI: "200000001"}).Unnamed(r).Events[0]; e.Why != "" || e.By != Self {
		t.Errorf("a partner reads %+v", e)
	}
	if e := r.Events[0]; e.Why == "" {
		t.Error("the request itself was changed")
	}
}

func FuzzParseTexts(f *testing.F) {
	f.Add(string(defaultTexts))
	f.Add("new_request: '{{.Reference'")
	f.Add("a: [")
	f.Fuzz(func(t *testing.T, source string) {
		texts, err := ParseTexts([]byte(source))
		if err != nil {
			return
		}
		for kind := range texts { // what is accepted at load can be sent
			if _, err := texts.Render(kind, TextData{}); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
		}
	})
}

func TestNoticesAreNamedInFrench(t *testing.T) {
	for _, kind := range noticeKinds {
		if kind.Label() == string(kind) {
			t.Errorf("%s has no label", kind)
		}
	}
}
