package rulebook

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"

	"guichet/routing"
)

const retentionFile = "retention.yaml"

type retentionYAML struct {
	Conversations *placed[string] `yaml:"conversations"`
	Votes         *placed[string] `yaml:"votes"`
	Gaps          *placed[string] `yaml:"gaps"`
	Requests      *placed[string] `yaml:"requests"`
	Companies     *placed[string] `yaml:"companies"`
	Fundings      *placed[string] `yaml:"fundings"`
	Notices       *placed[string] `yaml:"notices"`
	Jobs          *placed[string] `yaml:"jobs"`
	Accesses      *placed[string] `yaml:"accesses"`
	Acts          *placed[string] `yaml:"acts"`
}

// loadRetention reads how long what identifies people is kept; what the Region's file leaves out is as shipped.
func loadRetention(folder fs.FS) (r routing.Retention, err error) {
	var y, shipped retentionYAML
	if err := errors.Join(readYAML(folder, retentionFile, &y), readYAML(Default(), retentionFile, &shipped)); err != nil {
		return r, err
	}
	for _, p := range []struct {
		key            string
		given, shipped *placed[string]
		into           *routing.Period
	}{
		{"conversations", y.Conversations, shipped.Conversations, &r.Conversations},
		{"votes", y.Votes, shipped.Votes, &r.Votes},
		{"gaps", y.Gaps, shipped.Gaps, &r.Gaps},
		{"requests", y.Requests, shipped.Requests, &r.Requests},
		{"companies", y.Companies, shipped.Companies, &r.Companies},
		{"fundings", y.Fundings, shipped.Fundings, &r.Fundings},
		{"notices", y.Notices, shipped.Notices, &r.Notices},
		{"jobs", y.Jobs, shipped.Jobs, &r.Jobs},
		{"accesses", y.Accesses, shipped.Accesses, &r.Accesses},
		{"acts", y.Acts, shipped.Acts, &r.Acts},
	} {
		if p.given == nil {
			p.given = p.shipped
		}
		period, ok := ParsePeriod(p.given.value)
		if !ok {
			err = errors.Join(err, wrongPeriod(p.given.line, "%s : une durée comme « 30 jours », « 6 mois » ou « 2 ans » (20 ans au plus) est attendue, pas « %s »", p.key, p.given.value))
		}
		*p.into = period
	}
	if err == nil && roughly(r.Companies) < roughly(r.Requests) {
		line := 0
		if y.Companies != nil {
			line = y.Companies.line
		} else if y.Requests != nil {
			line = y.Requests.line
		}
		err = wrongPeriod(line, "companies : l'entreprise d'une demande se garde au moins aussi longtemps que la demande (requests)")
	}
	return r, err
}

var written = regexp.MustCompile(`^(\d{1,4}) (jours?|mois|ans?)$`)

// longestPeriod is the longest period that may be given, in days.
const longestPeriod = 20 * 366

// ParsePeriod reads « 30 jours », « 6 mois », « 2 ans »; from a day to twenty years.
func ParsePeriod(text string) (p routing.Period, ok bool) {
	found := written.FindStringSubmatch(text)
	if found == nil {
		return p, false
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		return p, false
	}
	switch found[2][0] {
	case 'j':
		p.Days = n
	case 'm':
		p.Months = n
	default:
		p.Months = 12 * n
	}
	return p, n > 0 && roughly(p) <= longestPeriod
}

// roughly gives a period in days, to compare it; months count for thirty and a half.
func roughly(p routing.Period) int { return p.Days + p.Months*61/2 }

func wrongPeriod(line int, format string, args ...any) error {
	return routing.Problem{Pos: routing.Pos{File: retentionFile, Line: line}, Reason: fmt.Sprintf(format, args...)}
}
