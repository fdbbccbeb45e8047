package knowledge

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Remote is a page or a file that is read by its address, again and again.
type Remote struct {
	Address string
	// Audience, EPCI and Mapping are those it is ingested with (Ingestion).
	Audience Audience
	EPCI     string
	Mapping  []byte
	// ETag and Modified are what the server said of the version in the base, Reading how that one was read: they are worth
	// nothing when it is to be read otherwise.
	ETag, Modified, Reading string
	// Tried is when it was last asked for, Seen when it last answered.
	Tried, Seen time.Time
	// Failure is why the last try failed, in French; the text in the base is then that of Seen. Gone tells that the server said
	// that there is nothing any more: the base has no text of it.
	Failure string
	Gone    bool
}

// Remotes is the part of a Store that remembers what is read by address. It is for those who keep the base: it has no viewer.
type Remotes interface {
	// Remotes gives them all, by address.
	Remotes(ctx context.Context) ([]Remote, error)
	// KeepRemote adds one or replaces that of its address.
	KeepRemote(ctx context.Context, r Remote) error
	// ForgetRemote takes one out; an unknown address is no error.
	ForgetRemote(ctx context.Context, address string) error
}

// Fetched is what an address gave.
type Fetched struct {
	File
	// URL is where it was found in the end.
	URL            string
	ETag, Modified string
	// Date is the day the server gives for the last change; zero when it gives none.
	Date time.Time
	// Unchanged tells that it is what ETag and Modified named; there is no File then.
	Unchanged bool
}

// ErrGone is returned by a Fetch when the server says that there is nothing at the address any more.
var ErrGone = errors.New("la page n'existe plus")

// FetchError is why an address gave nothing, this time.
type FetchError struct{ error }

func (e *FetchError) Unwrap() error { return e.error }

// Fetch asks an address for what it has; with an ETag or Modified, only if it changed.
type Fetch func(ctx context.Context, r Remote) (Fetched, error)

// Refresher reads addresses into the base.
type Refresher struct {
	Store Store
	Read  Reader
	Fetch Fetch
	Now   func() time.Time
	// Widen is that of the Ingestion.
	Widen bool
	// Progress, if set, is called after each address.
	Progress func(Step)
}

// Refresh reads addresses, for the first time or again. What is gone stops answering at once. Any other failure leaves the
// text as it was, and is kept to be told; an address that never answered is not kept.
func (r Refresher) Refresh(ctx context.Context, remotes ...Remote) (Report, error) {
	report := newReport()
	if len(remotes) == 0 {
		return report, nil
	}
	kept, err := r.Store.Remotes(ctx)
	if err != nil {
		return report, err
	}
	known := map[string]Remote{}
	for _, k := range kept {
		known[k.Address] = k
	}
	for i, remote := range remotes {
		if err := ctx.Err(); err != nil {
			return report, fmt.Errorf("rafraîchissement interrompu : %w", err)
		}
		if err := (Viewer{Audience: remote.Audience}).Check(); err != nil {
			return report, fmt.Errorf("rafraîchir %s : %w", remote.Address, err)
		}
		before, again := known[remote.Address]
		remote.ETag, remote.Modified, remote.Reading, remote.Seen = before.ETag, before.Modified, before.Reading, before.Seen
		step := Step{Source: remote.Address, Outcome: "échec"}
		if again && !r.Widen {
			step.Err = widens(before.Audience, before.EPCI, remote.Audience, remote.EPCI)
		}
		if step.Err != nil { // what is kept of the address stays as it is
			report.Failed = append(report.Failed, Failure{Path: remote.Address, Error: step.Err.Error()})
		} else {
			var one Report
			step, one, err = r.one(ctx, remote, again)
			report.Add(one)
			if err != nil {
				return report, err
			}
		}
		if r.Progress != nil {
			step.Done, step.Total = i+1, len(remotes)
			r.Progress(step)
		}
	}
	return report, nil
}

func (r Refresher) one(ctx context.Context, remote Remote, again bool) (Step, Report, error) {
	in := Ingestion{Read: r.Read, Audience: remote.Audience, EPCI: remote.EPCI, Widen: r.Widen}
	g, err := newIngester(ctx, r.Store, in)
	if err != nil {
		return Step{}, g.report, err
	}
	reading := in.hash(remote.Address, nil, remote.Mapping)
	if remote.Reading != reading || len(g.bySource[remote.Address]) == 0 {
		remote.ETag, remote.Modified = "", ""
	}
	step := Step{Source: remote.Address, Outcome: "inchangé"}
	remote.Tried = r.Now()
	fetched, failure := r.Fetch(ctx, remote)
	switch {
	case errors.Is(failure, ErrGone):
		if err := g.drop(ctx, remote.Address, nil); err != nil {
			return step, g.report, err
		}
		remote.Gone = true
		remote.ETag, remote.Modified, remote.Reading = "", "", ""
		if g.report.Removed > 0 {
			failure = fmt.Errorf("%w : ses documents ne répondent plus (retirés : %d)", failure, g.report.Removed)
		}
	case failure != nil && ctx.Err() != nil:
		return step, g.report, fmt.Errorf("rafraîchissement interrompu : %w", ctx.Err())
	case failure != nil:
		failure = &FetchError{failure}
	case fetched.Unchanged:
		g.report.Unchanged += len(g.bySource[remote.Address])
		remote.Seen, remote.Gone = remote.Tried, false
	default:
		g.Read = fetched.completed(r.Read)
		fetched.Mapping = remote.Mapping
		if step, err = g.take(ctx, remote.Address, fetched.File); err != nil {
			return step, g.report, err
		}
		remote.Gone = false
		remote.Seen = remote.Tried
		remote.ETag, remote.Modified, remote.Reading = fetched.ETag, fetched.Modified, reading
		if step.Err != nil { // it is read again in full the next time
			remote.Failure = step.Err.Error()
			remote.ETag, remote.Modified = "", ""
			if len(g.bySource[remote.Address]) == 0 && !again {
				return step, g.report, nil
			}
			return step, g.report, r.Store.KeepRemote(ctx, remote)
		}
	}
	remote.Failure = ""
	if failure != nil {
		remote.Failure = failure.Error()
		g.fail(&step, failure)
		if !again {
			return step, g.report, nil
		}
	}
	return step, g.report, r.Store.KeepRemote(ctx, remote)
}

// completed makes a reader give each document the address and the date that it does not give itself.
func (f Fetched) completed(read Reader) Reader {
	return func(file File) ([]Document, error) {
		documents, err := read(file)
		for i := range documents {
			d := &documents[i]
			if d.URL == "" {
				d.URL = f.URL
			}
			if d.Date.IsZero() {
				d.Date = f.Date
			}
		}
		return documents, err
	}
}

// Due gives the addresses that were last tried longer ago than a time.
func Due(remotes []Remote, now time.Time, every time.Duration) []string {
	var due []string
	for _, r := range remotes {
		if now.Sub(r.Tried) >= every {
			due = append(due, r.Address)
		}
	}
	return due
}
