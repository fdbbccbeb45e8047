package privacy

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"guichet/migrations/database"
	"guichet/routing/ledger"
)

// Found is a row that tells of a person.
type Found struct {
	// What names it in French, Table and Key say which it is.
	What  string    `json:"what"`
	Table string    `json:"table"`
	Key   string    `json:"key"`
	At    time.Time `json:"at,omitzero"`
	// Request is the reference of the request that it belongs to.
	Request string `json:"request,omitempty"`
	// Theirs tells that all of it is about the person; else only Matches are.
	Theirs  bool     `json:"theirs"`
	Matches []string `json:"matches"`
	// Content are the texts that the row holds, JSON values decoded.
	Content map[string]any `json:"content,omitempty"`
}

// Export is what is held about a person.
type Export struct {
	Who   []string `json:"who"`
	Found []Found  `json:"found"`
}

// Line counts rows of a kind, with the reason why they stay.
type Line struct {
	What  string `json:"what"`
	Count int    `json:"count"`
	Why   string `json:"why,omitempty"`
	// Requests are those that they belong to.
	Requests []string `json:"requests,omitempty"`
}

// Erasure is what was erased of a person, or would be.
type Erasure struct {
	// Done is false when nothing was changed.
	Done   bool   `json:"done"`
	Erased []Line `json:"erased"`
	Kept   []Line `json:"kept"`
}

// Export gives everything that is held about a person, and records that it was given.
func (k *Keeper) Export(ctx context.Context, forms []string, by, why string, at time.Time) (e Export, err error) {
	s, err := Seek(forms)
	if err != nil {
		return e, err
	}
	e = Export{Who: forms, Found: []Found{}}
	err = k.db.InLongTx(ctx, func(ctx context.Context) error {
		rows, err := k.about(ctx, s)
		if err != nil {
			return err
		}
		for _, r := range rows {
			e.Found = append(e.Found, r.found(true))
		}
		dead, err := k.jobs.AboutDead(ctx, func(text string) bool { return len(s.find(text)) > 0 }, false)
		if err != nil {
			return err
		}
		for _, job := range dead {
			e.Found = append(e.Found, Found{What: deadJob, Table: "river_job", Matches: s.words(job), Content: map[string]any{"error": job}})
		}
		return k.act(ctx, actExport, by, s.without(why), map[string]int{"found": len(e.Found)}, at)
	})
	if err != nil {
		return e, fmt.Errorf("exporter les données d'une personne : %w", err)
	}
	return e, nil
}

const deadJob = "tâche terminée ou abandonnée"

// Erase erases a person: rows that are theirs as when their time is over, elsewhere what names them. What belongs to an open
// request stays, as does what another duty keeps; the report says so. Without really, nothing is changed. See Forget for the events.
func (k *Keeper) Erase(ctx context.Context, forms []string, by, why string, really bool, at time.Time) (e Erasure, err error) {
	s, err := Seek(forms)
	if err != nil {
		return e, err
	}
	e = Erasure{Done: really, Erased: []Line{}, Kept: []Line{}}
	err = k.db.InLongTx(ctx, func(ctx context.Context) error {
		rows, err := k.about(ctx, s)
		if err != nil {
			return err
		}
		company := false
		for _, r := range rows {
			kept, err := k.erase(ctx, s, r, really, at)
			if err != nil {
				return fmt.Errorf("%s %s : %w", r.what, r.label(), err)
			}
			if kept != "" {
				e.Kept = count(e.Kept, r.what, kept, r.reference)
				continue
			}
			company = company || r.name == "requests" && r.theirs && !r.company && r.value("siren")+r.value("company") != ""
			e.Erased = count(e.Erased, r.what, "", r.reference)
		}
		if company {
			e.Kept = append(e.Kept, Line{What: "entreprise des demandes effacées", Count: 1, Why: companies})
		}
		dead, err := k.jobs.AboutDead(ctx, func(text string) bool { return len(s.find(text)) > 0 }, really)
		if err != nil {
			return err
		}
		for range dead {
			e.Erased = count(e.Erased, deadJob, "", "")
		}
		if !really {
			return nil
		}
		return k.act(ctx, actErase, by, s.without(why), e, at)
	})
	if err != nil {
		return e, fmt.Errorf("effacer les données d'une personne : %w", err)
	}
	return e, nil
}

func count(lines []Line, what, why, reference string) []Line {
	i := slices.IndexFunc(lines, func(l Line) bool { return l.What == what && l.Why == why })
	if i < 0 {
		lines, i = append(lines, Line{What: what, Why: why}), len(lines)
	}
	lines[i].Count++
	if reference != "" && !slices.Contains(lines[i].Requests, reference) {
		lines[i].Requests = append(lines[i].Requests, reference)
	}
	return lines
}

// row is a row that tells of a person.
type row struct {
	table
	keys    []any
	when    int64
	request int64
	values  []string
	// reference is that of the request; kept says why it cannot be touched.
	reference, kept string
	// theirs tells that all of it is about the person, company that it is the company that bears their name.
	theirs, company bool
	matches         []string
}

func (r row) value(column string) string {
	for i, c := range r.columns {
		if c.name == column {
			return r.values[i]
		}
	}
	return ""
}

func (r row) label() string {
	var parts []string
	for _, key := range r.keys {
		parts = append(parts, fmt.Sprint(key))
	}
	return strings.Join(parts, " ")
}

func (r row) found(content bool) Found {
	f := Found{What: r.what, Table: r.name, Key: r.label(), At: database.Time(r.when), Request: r.reference, Theirs: r.theirs, Matches: r.matches}
	if f.Matches == nil {
		f.Matches = []string{}
	}
	if !content {
		return f
	}
	f.Content = map[string]any{}
	for i, c := range r.columns {
		var decoded any
		switch {
		case r.values[i] == "":
		case c.shape == object && json.Unmarshal([]byte(r.values[i]), &decoded) == nil:
			f.Content[c.name] = decoded
		default:
			f.Content[c.name] = r.values[i]
		}
	}
	return f
}

// about gives the rows that tell of a person, those of their requests with them.
func (k *Keeper) about(ctx context.Context, s Sought) (all []row, err error) {
	type request struct{ reference, kept string }
	requests := map[int64]request{}
	err = each(ctx, k.db, func(scan func(...any) error) error {
		var id, pending int64
		var reference string
		var status ledger.Status
		var owed bool
		if err := scan(&id, &reference, &status, &pending, &owed); err != nil {
			return err
		}
		r := request{reference: reference}
		switch {
		case status.Open():
			r.kept = stillOpen
		case owed:
			r.kept = joinedOpen
		case pending > 0:
			r.kept = unsent
		}
		requests[id] = r
		return nil
	}, `SELECT id, reference, status, (SELECT count(*) FROM notices WHERE request_id = requests.id AND sent_at = 0 AND dead_at = 0), (`+open+`) FROM requests`)
	if err != nil {
		return nil, err
	}
	theirs := map[int64]bool{}
	for _, t := range tables {
		names := make([]string, len(t.columns))
		for i, c := range t.columns {
			names[i] = c.name
		}
		err := each(ctx, k.db, func(scan func(...any) error) error {
			r := row{table: t, keys: make([]any, len(t.key)), values: make([]string, len(t.columns))}
			var into []any
			for i := range r.keys {
				into = append(into, &r.keys[i])
			}
			into = append(into, &r.when, &r.request)
			for i := range r.values {
				into = append(into, &r.values[i])
			}
			if err := scan(into...); err != nil {
				return err
			}
			for i, c := range t.columns {
				found := s.in(c, r.values[i])
				r.matches = append(r.matches, found...)
				r.theirs = r.theirs || len(found) > 0 && c.owner
				r.company = r.company || len(found) > 0 && (c.name == "company" || c.name == "name")
			}
			if t.name == "requests" && r.theirs {
				theirs[r.request] = true
			}
			if r.theirs = r.theirs || theirs[r.request] || t.on == remove; len(r.matches) == 0 && !theirs[r.request] {
				return nil
			}
			slices.Sort(r.matches)
			r.matches = slices.Compact(r.matches)
			r.reference, r.kept = requests[r.request].reference, requests[r.request].kept
			all = append(all, r)
			return nil
		}, `SELECT `+strings.Join(t.key, ", ")+`, `+t.at+`, `+t.request+`, `+strings.Join(names, ", ")+` FROM `+t.name+` ORDER BY `+strings.Join(t.key, ", "))
		if err != nil {
			return nil, fmt.Errorf("lire la table %s : %w", t.name, err)
		}
	}
	return all, nil
}

// erase erases what a row tells of a person; kept says why it stays.
func (k *Keeper) erase(ctx context.Context, s Sought, r row, really bool, at time.Time) (kept string, err error) {
	switch {
	case r.kept != "":
		return r.kept, nil
	case r.on == stays && len(s.find(r.value("sought")+" "+r.value("why"))) == 0:
		return reasons[r.name], nil
	case r.name == "chat_inbox":
		left, err := k.numbers(ctx, `SELECT 1 FROM chat_inbox WHERE channel = $1 AND message = $2 AND done_at = 0`, r.keys...)
		if err != nil || len(left) > 0 {
			return unserved, err
		}
	}
	if !really && r.on != stays {
		return "", nil
	}
	switch {
	case r.name == "requests" && r.theirs:
		return "", k.request(ctx, r.request, r.company, at)
	case r.name == "messages" && r.theirs:
		id, _ := r.keys[0].(int64)
		return "", k.message(ctx, id, at)
	case r.request != 0 && r.theirs && r.on == redact: // it went with its request
		return "", nil
	case r.on == remove:
		_, err := k.db.Conn(ctx).ExecContext(ctx, `DELETE FROM `+r.name+` WHERE `+where(r.key, 1), r.keys...)
		return "", err
	}
	for i, c := range r.columns {
		if len(s.in(c, r.values[i])) == 0 {
			continue
		}
		if r.on == stays && c.name != "sought" && c.name != "why" {
			kept = reasons[r.name]
			continue
		}
		if !really {
			continue
		}
		clean, err := s.out(c, r.values[i])
		if err != nil {
			return "", err
		}
		if _, err := k.db.Conn(ctx).ExecContext(ctx, `UPDATE `+r.name+` SET `+c.name+` = $1 WHERE `+where(r.key, 2), append([]any{clean}, r.keys...)...); err != nil {
			return "", err
		}
	}
	return kept, nil
}

// where writes the condition on a key whose first argument has that number.
func where(key []string, first int) string {
	parts := make([]string, len(key))
	for i, name := range key {
		parts[i] = fmt.Sprintf("%s = $%d", name, first+i)
	}
	return strings.Join(parts, " AND ")
}
