package revue

import (
	"cmp"
	"slices"
	"time"

	"guichet/routing/convention"
	"guichet/routing/ledger"
)

// Version is for whom a digest is made.
type Version string

// The versions. That of an EPCI holds what the EPCI may see, that of the staff more: who follows, what was answered, why a
// request ended, what the associated directions still owe.
const (
	ForStaff Version = "agents"
	ForEPCI  Version = "epci"
)

// Input is what a digest is made from. The requests are those that the reader may see, open or moved since the last revue, with
// their events when they are no longer open.
type Input struct {
	Scope, Name string
	Version     Version
	// EPCIs names those of the Region when the digest is the Region's; nil for that of an EPCI.
	EPCIs map[string]string
	// Since is when the last revue was held, At the time of this one.
	Since, At time.Time
	Requests  []ledger.Request
	Endings   []Ending
	Questions []Question
	// Listed is how many lines a part shows; the others are counted.
	Listed int
}

// Ending is a convention that ends soon and that no other one renews.
type Ending struct {
	ID    string         `json:"id"`
	Label string         `json:"type"`
	EPCI  string         `json:"epci"`
	End   convention.Day `json:"end"`
}

// Question is a question left without an answer, and how often it was asked.
type Question struct {
	Text  string `json:"question"`
	Count int    `json:"count"`
}

// Count is what a direction, or an EPCI, has in a digest. Parts are what is still to be done as an associated direction.
type Count struct {
	Code     string `json:"code"`
	Name     string `json:"name,omitempty"`
	Open     int    `json:"open"`
	Late     int    `json:"late"`
	Answered int    `json:"answered"`
	Ended    int    `json:"ended"`
	Parts    int    `json:"parts,omitempty"`
}

// Line is a request in a digest.
type Line struct {
	Reference string         `json:"reference"`
	Direction string         `json:"direction"`
	Company   string         `json:"company,omitempty"`
	EPCI      string         `json:"epci,omitempty"`
	Status    ledger.Status  `json:"status"`
	Received  convention.Day `json:"received"`
	// Day is the due date of an open request, the day of the end of another one.
	Day  convention.Day `json:"day,omitempty"`
	Late bool           `json:"late,omitempty"`
	// Owner follows it, Said is the answer or the reason: for the staff.
	Owner string `json:"owner,omitempty"`
	Said  string `json:"said,omitempty"`
}

// Part is the part of a request that an associated direction has still to do.
type Part struct {
	Reference string `json:"reference"`
	Direction string `json:"direction"`
	Lead      string `json:"lead"`
	// Day is its due date; Late tells that it is over.
	Day  convention.Day `json:"day,omitempty"`
	Late bool           `json:"late,omitempty"`
}

// Digest is what a revue is held on.
type Digest struct {
	Scope   string    `json:"scope"`
	Name    string    `json:"name"`
	Version Version   `json:"version"`
	Since   time.Time `json:"since"`
	At      time.Time `json:"at"`
	// Directions, and EPCIs for the Region, count; Open and Late are the oldest first, Answered and Ended the last ones last.
	Directions []Count `json:"directions"`
	EPCIs      []Count `json:"epci,omitempty"`
	Open       []Line  `json:"open"`
	Late       []Line  `json:"late"`
	Answered   []Line  `json:"answered"`
	// Ended are those that ended without an answer.
	Ended     []Line     `json:"ended"`
	Parts     []Part     `json:"parts,omitempty"`
	Endings   []Ending   `json:"conventions"`
	Questions []Question `json:"questions"`
	listed    int
}

// Of makes a digest.
func Of(in Input) Digest {
	d := Digest{
		Scope: in.Scope, Name: in.Name, Version: in.Version, Since: in.Since, At: in.At, Endings: in.Endings, Questions: in.Questions, listed: in.Listed,
		Open: []Line{}, Late: []Line{}, Answered: []Line{}, Ended: []Line{},
	}
	directions, epcis := counts{}, counts{}
	requests := slices.Clone(in.Requests)
	slices.SortFunc(requests, func(a, b ledger.Request) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.Reference, b.Reference))
	})
	for _, r := range requests {
		line, ok := lineOf(r, in)
		if !ok {
			continue
		}
		of := []*Count{directions.of(r.Lead, "")}
		if in.EPCIs != nil {
			of = append(of, epcis.of(r.Place.EPCI, in.EPCIs[r.Place.EPCI]))
		}
		for _, c := range of {
			c.add(line)
		}
		switch {
		case line.Status.Open():
			d.Open = append(d.Open, line)
			if line.Late {
				d.Late = append(d.Late, line)
			}
		case line.Status == ledger.Answered:
			d.Answered = append(d.Answered, line)
		default:
			d.Ended = append(d.Ended, line)
		}
		if in.Version != ForStaff || !r.Status.Open() {
			continue
		}
		for _, part := range r.Pace.Parts {
			if part.Status == ledger.Transmitted {
				owed := Part{Reference: r.Reference, Direction: part.Direction, Lead: r.Lead, Late: part.Late(in.At)}
				if !part.Due.IsZero() {
					owed.Day = convention.DayOf(part.Due)
				}
				d.Parts = append(d.Parts, owed)
				directions.of(part.Direction, "").Parts++
			}
		}
	}
	for _, done := range [][]Line{d.Answered, d.Ended} {
		slices.SortStableFunc(done, func(a, b Line) int { return cmp.Compare(a.Day, b.Day) })
	}
	slices.SortFunc(d.Parts, func(a, b Part) int {
		return cmp.Or(cmp.Compare(a.Direction, b.Direction), cmp.Compare(a.Reference, b.Reference))
	})
	d.Directions = directions.sorted()
	if in.EPCIs != nil {
		d.EPCIs = epcis.sorted()
	}
	return d
}

// lineOf gives the line of a request; ok is false when it has none: it ended before the last revue, or after this one.
func lineOf(r ledger.Request, in Input) (l Line, ok bool) {
	if r.Status == ledger.Merged { // it is followed in another one
		return l, false
	}
	l = Line{
		Reference: r.Reference, Direction: r.Lead, Company: r.Company.Name, Status: r.Status, Received: convention.DayOf(r.CreatedAt),
	}
	if in.EPCIs != nil {
		l.EPCI = cmp.Or(in.EPCIs[r.Place.EPCI], r.Place.EPCI)
	}
	if r.Status.Open() {
		if l.Late = r.Late(in.At); !r.Due.IsZero() {
			l.Day = convention.DayOf(r.Due)
		}
		if in.Version == ForStaff {
			l.Owner = r.Owner
		}
		return l, true
	}
	// An answer that was given before is an old story, even if somebody closed the request since.
	end, answered := ledger.Event{}, false
	for _, e := range r.Events {
		switch {
		case e.At.After(in.At):
		case e.Kind == ledger.AnswerGiven:
			end, answered = e, true
		case e.Kind == ledger.Reopened:
			end, answered = ledger.Event{}, false
		case e.Kind == ledger.StatusSet && !e.Status.Open() && !answered:
			end = e
		}
	}
	if end.At.IsZero() || !end.At.After(in.Since) {
		return l, false
	}
	l.Day = convention.DayOf(end.At)
	if answered {
		l.Status = ledger.Answered
	}
	if in.Version == ForStaff {
		l.Owner, l.Said = r.Owner, end.Why
	}
	return l, true
}

// Quiet tells that there is nothing to say.
func (d Digest) Quiet() bool {
	return len(d.Open)+len(d.Answered)+len(d.Ended)+len(d.Endings)+len(d.Questions) == 0
}

type counts map[string]*Count

func (c counts) of(code, name string) *Count {
	if c[code] == nil {
		c[code] = &Count{Code: code, Name: name}
	}
	return c[code]
}

func (c *Count) add(l Line) {
	switch {
	case l.Status.Open():
		c.Open++
		if l.Late {
			c.Late++
		}
	case l.Status == ledger.Answered:
		c.Answered++
	default:
		c.Ended++
	}
}

// sorted gives the counts by name, then code.
func (c counts) sorted() []Count {
	all := []Count{}
	for _, k := range c {
		all = append(all, *k)
	}
	slices.SortFunc(all, func(a, b Count) int {
		return cmp.Or(cmp.Compare(ledger.Fold(a.Name), ledger.Fold(b.Name)), cmp.Compare(a.Code, b.Code))
	})
	return all
}
