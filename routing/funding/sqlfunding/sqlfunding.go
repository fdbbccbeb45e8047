// Package sqlfunding keeps the fundings in SQL, the same statements for both engines. It may import routing/funding,
// routing/ledger and migrations/database.
package sqlfunding

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"guichet/migrations/database"
	"guichet/routing/funding"
	"guichet/routing/ledger"
)

// Ledger is what fundings need of the requests: who leads one, and the outbox.
type Ledger interface {
	Get(ctx context.Context, v ledger.Viewer, reference string) (ledger.Request, error)
	List(ctx context.Context, v ledger.Viewer, f ledger.Filter) ([]ledger.Request, error)
	// Tell writes a notice, once for its key, in the transaction of the context.
	Tell(ctx context.Context, n ledger.Notice, data ledger.TextData) error
}

// Store is a funding.Store.
type Store struct {
	db         *database.DB
	ledger     Ledger
	rules      funding.Rules
	entryPoint string
}

var _ funding.Store = (*Store)(nil)

// New gives the fundings of a database. entryPoint is the direction that is told of a funding that no direction follows.
func New(db *database.DB, requests Ledger, rules funding.Rules, entryPoint string) *Store {
	return &Store{db: db, ledger: requests, rules: rules, entryPoint: entryPoint}
}

// alone runs a change while no other one runs: two fundings recorded at once see each other.
func (s *Store) alone(ctx context.Context, do func(ctx context.Context) error) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.db.Alone(ctx, "fundings"); err != nil {
			return err
		}
		return do(ctx)
	})
}

// Put implements funding.Store.
func (s *Store) Put(ctx context.Context, f funding.Funding, by, why string, at time.Time) (_ funding.Funding, outcome funding.Outcome, warnings []funding.Warning, err error) {
	if err := s.rules.Check(f); err != nil {
		return f, "", nil, fmt.Errorf("enregistrer le financement : %w", err)
	}
	err = s.alone(ctx, func(ctx context.Context) error {
		known, err := s.known(ctx, f.Source, f.ExternalID)
		if err != nil {
			return err
		}
		if known.Reference == "" {
			f, warnings, err = s.add(ctx, f, by, why, at)
			outcome = funding.Added
			return err
		}
		f.Reference, f.CreatedAt, f.UpdatedAt, outcome = known.Reference, known.CreatedAt, known.UpdatedAt, funding.Unchanged
		f.Stage = funding.StageOf(f)
		if len(s.rules.Changes(known, f)) == 0 {
			f = known
			return nil
		}
		outcome = funding.Updated
		f, warnings, err = s.write(ctx, f, by, why, at)
		return err
	})
	if err != nil {
		return f, "", nil, fmt.Errorf("enregistrer le financement : %w", err)
	}
	return f, outcome, warnings, nil
}

// known gives the funding of a source, without reference when there is none.
func (s *Store) known(ctx context.Context, source, external string) (funding.Funding, error) {
	if source == "" {
		return funding.Funding{}, nil
	}
	f, err := scan(s.db.Conn(ctx).QueryRowContext(ctx, `SELECT `+columns+` FROM fundings WHERE source = $1 AND external_id = $2`, source, external))
	if errors.Is(err, funding.ErrNotFound) {
		return funding.Funding{}, nil
	}
	return f, err
}

func (s *Store) add(ctx context.Context, f funding.Funding, by, why string, at time.Time) (funding.Funding, []funding.Warning, error) {
	var number int64
	year := at.Year()
	err := s.db.Conn(ctx).QueryRowContext(ctx, `INSERT INTO funding_numbers (year, last) VALUES ($1, 1)
		ON CONFLICT (year) DO UPDATE SET last = funding_numbers.last + 1 RETURNING last`, year).Scan(&number)
	if err != nil {
		return f, nil, err
	}
	f.Reference, f.CreatedAt = fmt.Sprintf("F-%04d-%04d", year, number), at.UTC()
	_, err = s.db.Conn(ctx).ExecContext(ctx, `INSERT INTO fundings (reference, source, external_id, siren, name, operator, direction, request, stage, body, created_at, updated_at)
		VALUES ($1, $2, $3, '', '', '', '', '', '', '{}', $4, $4)`, f.Reference, f.Source, f.ExternalID, database.Stamp(at))
	if err != nil {
		return f, nil, err
	}
	return s.write(ctx, f, by, why, at)
}

// write makes a version of a funding and warns of what it is like.
func (s *Store) write(ctx context.Context, f funding.Funding, by, why string, at time.Time) (funding.Funding, []funding.Warning, error) {
	if f.Request != "" {
		if _, err := s.ledger.Get(ctx, staff, f.Request); err != nil {
			return f, nil, err
		}
	}
	f.Stage, f.UpdatedAt, f.Events = funding.StageOf(f), at.UTC(), nil
	body, err := json.Marshal(f)
	if err != nil {
		return f, nil, err
	}
	conn := s.db.Conn(ctx)
	var id int64
	err = conn.QueryRowContext(ctx, `UPDATE fundings SET siren = $2, name = $3, operator = $4, direction = $5, request = $6, stage = $7, body = $8, updated_at = $9
		WHERE reference = $1 RETURNING id`, f.Reference, f.Company.SIREN, ledger.CompanyKey(f.Holder().Name), ledger.CompanyKey(f.Operator),
		f.Direction, f.Request, f.Stage, string(body), database.Stamp(at)).Scan(&id)
	if err != nil {
		return f, nil, err
	}
	_, err = conn.ExecContext(ctx, `INSERT INTO funding_events (funding_id, at, actor, why, body) VALUES ($1, $2, $3, $4, $5)`, id, database.Stamp(at), by, why, string(body))
	if err != nil {
		return f, nil, err
	}
	if !f.Stage.Live() {
		return f, nil, nil
	}
	others, err := s.ofHolder(ctx, f)
	if err != nil {
		return f, nil, err
	}
	warnings, err := s.weighRequests(ctx, f, at)
	if err != nil {
		return f, nil, err
	}
	for _, other := range others {
		if other.Reference == f.Reference {
			continue
		}
		first, second := other, f
		if first.Reference > second.Reference {
			first, second = second, first
		}
		w, warned, err := s.weigh(ctx, first, second, at)
		if err != nil {
			return f, nil, err
		}
		if warned {
			warnings = append(warnings, w)
		}
	}
	return f, warnings, nil
}

// ofHolder gives the live fundings that may be of the same company or operator as another one, itself included.
func (s *Store) ofHolder(ctx context.Context, f funding.Funding) ([]funding.Funding, error) {
	var args []any
	rows, err := s.db.Conn(ctx).QueryContext(ctx, `SELECT `+columns+` FROM fundings
		WHERE (siren <> '' AND siren = `+placeholder(&args, f.Company.SIREN)+` OR name <> '' AND name = `+placeholder(&args, ledger.CompanyKey(f.Holder().Name))+`)
			AND stage IN `+live(&args)+` ORDER BY id`, args...)
	if err != nil {
		return nil, err
	}
	return scanAll(rows)
}

// live gives the list of the live stages.
func live(args *[]any) string {
	var list []string
	for _, stage := range funding.Stages() {
		if stage.Live() {
			list = append(list, placeholder(args, stage))
		}
	}
	return "(" + strings.Join(list, ", ") + ")"
}

// weigh compares two fundings, or a funding and what a request asks (second, whose Reference is the request's), and warns
// the leads of both when they look like one, unless that pair was warned of before.
func (s *Store) weigh(ctx context.Context, first, second funding.Funding, at time.Time) (w funding.Warning, warned bool, err error) {
	same, why := funding.SameHolder(first, second)
	if !same {
		return w, false, nil
	}
	likeness := s.rules.Compare(first, second)
	if !likeness.Verdict.Warns() {
		return w, false, nil
	}
	likeness.Reasons = append([]string{why}, likeness.Reasons...)
	w = funding.Warning{First: first.Reference, Second: second.Reference, Likeness: likeness, At: at.UTC()}
	reasons, err := json.Marshal(w.Reasons)
	if err != nil {
		return w, false, err
	}
	result, err := s.db.Conn(ctx).ExecContext(ctx, `INSERT INTO funding_warnings (first, second, verdict, reasons, at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (first, second) DO NOTHING`, w.First, w.Second, w.Verdict, string(reasons), database.Stamp(at))
	if err != nil {
		return w, false, err
	}
	written, err := result.RowsAffected()
	if err != nil {
		return w, false, err
	}
	if written == 0 {
		if w, err = s.warning(ctx, w.First, w.Second); err != nil || w.Settled != "" {
			return w, false, err
		}
	}
	// Those who know already are not told again, by the key; a lead that came since is.
	return w, written > 0, s.tell(ctx, w, first, second, at)
}

// tell gives a warning to the leads of both sides.
func (s *Store) tell(ctx context.Context, w funding.Warning, first, second funding.Funding, at time.Time) error {
	sides := []funding.Funding{first, second}
	if first.Request == "" { // one direction for both is told once, with the request if there is one
		slices.Reverse(sides)
	}
	for _, side := range sides {
		to, err := s.lead(ctx, side)
		if err != nil {
			return err
		}
		if to == "" {
			continue
		}
		n := ledger.Notice{
			Key: w.Key(to), Kind: ledger.DoubleFunding, To: to, Reference: side.Request, CreatedAt: at,
		}
		err = s.ledger.Tell(ctx, n, ledger.TextData{Reference: side.Request, To: to, Pair: w.First + " et " + w.Second, Likeness: w.Verdict.Label()})
		if err != nil {
			return err
		}
	}
	return nil
}

// lead gives the direction to tell: the one that leads the request of a funding, else the funding's, else the entry point. It
// is empty for a request that still waits for its lead, which is told when it comes.
func (s *Store) lead(ctx context.Context, f funding.Funding) (string, error) {
	if f.Request != "" {
		r, err := s.ledger.Get(ctx, staff, f.Request)
		if err != nil || r.Lead != "" || f.Reference == f.Request {
			return r.Lead, err
		}
	}
	return cmp.Or(f.Direction, s.entryPoint), nil
}

var staff = ledger.Viewer{Staff: true}

// Watch implements funding.Store.
func (s *Store) Watch(ctx context.Context, r ledger.Request, text string, at time.Time) error {
	second := funding.OfRequest(r, text)
	if !s.rules.AsksForMoney(r.Decision.Facts) || second.Company.SIREN == "" && ledger.CompanyKey(second.Company.Name) == "" {
		return nil
	}
	err := s.alone(ctx, func(ctx context.Context) error {
		fundings, err := s.ofHolder(ctx, second)
		if err != nil {
			return err
		}
		for _, f := range fundings {
			if f.Request == r.Reference { // what came of the request itself
				continue
			}
			if _, _, err := s.weigh(ctx, f, second, at); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("comparer la demande %s aux financements connus : %w", r.Reference, err)
	}
	return nil
}

// weighRequests warns of the open requests that ask for what a funding is for.
func (s *Store) weighRequests(ctx context.Context, f funding.Funding, at time.Time) (warnings []funding.Warning, err error) {
	filter := ledger.Filter{Status: ledger.OpenStatuses(), SIREN: f.Company.SIREN}
	if filter.SIREN == "" {
		filter.Company = f.Holder().Name
	}
	requests, err := s.ledger.List(ctx, staff, filter)
	if err != nil {
		return nil, err
	}
	for _, r := range requests {
		if r.Reference == f.Request || !s.rules.AsksForMoney(r.Decision.Facts) {
			continue
		}
		w, warned, err := s.weigh(ctx, f, funding.OfRequest(r, r.Text), at)
		if err != nil {
			return nil, err
		}
		if warned {
			warnings = append(warnings, w)
		}
	}
	return warnings, nil
}

// Change implements funding.Store.
func (s *Store) Change(ctx context.Context, reference string, edit func(*funding.Funding) error, by, why string, at time.Time) (f funding.Funding, warnings []funding.Warning, err error) {
	err = s.alone(ctx, func(ctx context.Context) error {
		before, err := scan(s.db.Conn(ctx).QueryRowContext(ctx, `SELECT `+columns+` FROM fundings WHERE reference = $1`, reference))
		if err != nil {
			return err
		}
		f = before
		if err := edit(&f); err != nil {
			return err
		}
		f.Reference, f.Source, f.ExternalID, f.CreatedAt = before.Reference, before.Source, before.ExternalID, before.CreatedAt
		if err := s.rules.Check(f); err != nil {
			return err
		}
		if len(s.rules.Changes(before, f)) == 0 {
			return nil
		}
		f, warnings, err = s.write(ctx, f, by, why, at)
		return err
	})
	if err != nil {
		return f, nil, fmt.Errorf("changer le financement %s : %w", reference, err)
	}
	return f, warnings, nil
}

// Settle implements funding.Store.
func (s *Store) Settle(ctx context.Context, first, second string, settled funding.Settlement, by, why string, at time.Time) (w funding.Warning, err error) {
	switch {
	case settled.Label() == "":
		return w, fmt.Errorf("décision « %s » inconnue", settled)
	case strings.TrimSpace(why) == "":
		return w, errors.New("la raison de la décision manque")
	}
	err = s.alone(ctx, func(ctx context.Context) error {
		if w, err = s.warning(ctx, first, second); errors.Is(err, funding.ErrNoWarning) {
			w, err = s.warning(ctx, second, first)
		}
		if err != nil {
			return err
		}
		if w.Settled != "" {
			return fmt.Errorf("%w le %s par %s : %s", funding.ErrSettled, ledger.Day(w.SettledAt), w.By, w.Settled.Label())
		}
		w.Settled, w.By, w.Why, w.SettledAt = settled, by, why, at.UTC()
		_, err = s.db.Conn(ctx).ExecContext(ctx, `UPDATE funding_warnings SET settled = $3, settled_by = $4, settled_why = $5, settled_at = $6 WHERE first = $1 AND second = $2`,
			w.First, w.Second, w.Settled, w.By, w.Why, database.Stamp(at))
		return err
	})
	if err != nil {
		return w, fmt.Errorf("décider de %s et %s : %w", first, second, err)
	}
	return w, nil
}

// check refuses who is not staff.
func check(v ledger.Viewer) error {
	if err := v.Check(); err != nil {
		return err
	}
	if !v.Staff {
		return ledger.ErrStaffOnly
	}
	return nil
}

// Get implements funding.Store.
func (s *Store) Get(ctx context.Context, v ledger.Viewer, reference string) (f funding.Funding, err error) {
	if err := check(v); err != nil {
		return f, err
	}
	if f, err = scan(s.db.Conn(ctx).QueryRowContext(ctx, `SELECT `+columns+` FROM fundings WHERE reference = $1`, reference)); err != nil {
		return f, fmt.Errorf("lire le financement %s : %w", reference, err)
	}
	if f.Events, err = s.events(ctx, reference); err != nil {
		return f, fmt.Errorf("lire l'historique de %s : %w", reference, err)
	}
	return f, nil
}

func (s *Store) events(ctx context.Context, reference string) (all []funding.Event, err error) {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, `SELECT e.at, e.actor, e.why, e.body FROM funding_events e JOIN fundings f ON f.id = e.funding_id
		WHERE f.reference = $1 ORDER BY e.id`, reference)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var e funding.Event
		var at int64
		var body string
		if err := rows.Scan(&at, &e.By, &e.Why, &body); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(body), &e.Funding); err != nil {
			return nil, err
		}
		if e.At = database.Time(at); len(all) > 0 {
			e.Changes = s.rules.Changes(all[len(all)-1].Funding, e.Funding)
		}
		all = append(all, e)
	}
	return all, rows.Err()
}

// List implements funding.Store.
func (s *Store) List(ctx context.Context, v ledger.Viewer, f funding.Filter) ([]funding.Funding, error) {
	if err := check(v); err != nil {
		return nil, err
	}
	var args []any
	where := "1 = 1"
	equal := func(column, value string) {
		if value != "" {
			where += ` AND ` + column + ` = ` + placeholder(&args, value)
		}
	}
	equal("siren", f.Company.SIREN)
	if f.Company.SIREN == "" {
		equal("name", ledger.CompanyKey(f.Company.Name))
	}
	equal("operator", ledger.CompanyKey(f.Operator))
	equal("direction", f.Direction)
	equal("request", f.Request)
	if f.Live {
		where += ` AND stage IN ` + live(&args)
	}
	rows, err := s.db.Conn(ctx).QueryContext(ctx, `SELECT `+columns+` FROM fundings WHERE `+where+` ORDER BY created_at DESC, id DESC LIMIT `+placeholder(&args, limit(f.Limit)), args...)
	if err != nil {
		return nil, fmt.Errorf("lister les financements : %w", err)
	}
	all, err := scanAll(rows)
	if err != nil {
		return nil, fmt.Errorf("lister les financements : %w", err)
	}
	return all, nil
}

// Warnings implements funding.Store.
func (s *Store) Warnings(ctx context.Context, v ledger.Viewer, f funding.WarningFilter) (all []funding.Warning, err error) {
	if err := check(v); err != nil {
		return nil, err
	}
	var args []any
	where := "1 = 1"
	if f.Reference != "" {
		where += ` AND (first = ` + placeholder(&args, f.Reference) + ` OR second = ` + placeholder(&args, f.Reference) + `)`
	}
	if f.Open {
		where += ` AND settled = '' AND NOT EXISTS (SELECT 1 FROM fundings WHERE reference IN (first, second) AND stage NOT IN ` + live(&args) + `)`
	}
	rows, err := s.db.Conn(ctx).QueryContext(ctx, `SELECT `+warningColumns+` FROM funding_warnings WHERE `+where+` ORDER BY at DESC, first DESC, second DESC LIMIT `+placeholder(&args, limit(f.Limit)), args...)
	if err != nil {
		return nil, fmt.Errorf("lister les avertissements : %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		w, err := scanWarning(rows)
		if err != nil {
			return nil, fmt.Errorf("lister les avertissements : %w", err)
		}
		all = append(all, w)
	}
	return all, rows.Err()
}

const columns = `reference, stage, body, created_at, updated_at`

type row interface{ Scan(...any) error }

func scan(r row) (f funding.Funding, err error) {
	var reference, body string
	var stage funding.Stage
	var created, updated int64
	err = r.Scan(&reference, &stage, &body, &created, &updated)
	if errors.Is(err, sql.ErrNoRows) {
		return f, funding.ErrNotFound
	}
	if err != nil {
		return f, err
	}
	if err := json.Unmarshal([]byte(body), &f); err != nil {
		return f, fmt.Errorf("financement %s illisible : %w", reference, err)
	}
	f.Reference, f.Stage, f.CreatedAt, f.UpdatedAt = reference, stage, database.Time(created), database.Time(updated)
	return f, nil
}

func scanAll(rows *sql.Rows) (all []funding.Funding, err error) {
	defer rows.Close()
	for rows.Next() {
		f, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, rows.Err()
}

const warningColumns = `first, second, verdict, reasons, at, settled, settled_by, settled_why, settled_at`

func (s *Store) warning(ctx context.Context, first, second string) (funding.Warning, error) {
	return scanWarning(s.db.Conn(ctx).QueryRowContext(ctx, `SELECT `+warningColumns+` FROM funding_warnings WHERE first = $1 AND second = $2`, first, second))
}

func scanWarning(r row) (w funding.Warning, err error) {
	var reasons string
	var at, settled int64
	err = r.Scan(&w.First, &w.Second, &w.Verdict, &reasons, &at, &w.Settled, &w.By, &w.Why, &settled)
	if errors.Is(err, sql.ErrNoRows) {
		return w, funding.ErrNoWarning
	}
	if err == nil {
		err = json.Unmarshal([]byte(reasons), &w.Reasons)
	}
	w.At, w.SettledAt = database.Time(at), database.Time(settled)
	return w, err
}

func placeholder(args *[]any, value any) string {
	*args = append(*args, value)
	return fmt.Sprintf("$%d", len(*args))
}

func limit(n int) int {
	if n <= 0 {
		return 100
	}
	return n
}
