package privacy

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"guichet/bot"
	"guichet/migrations/database"
	"guichet/routing"
	"guichet/routing/ledger"
)

// batch is how many rows a transaction changes: what a kill interrupts is little, and is done at the next round.
const batch = 100

// Forgotten counts what a round erased, by what it was.
type Forgotten map[string]int

// Forget erases what is past its period, by batches, each in its transaction; a round that is interrupted is ended by the next
// one, and one with nothing to do writes nothing. An open request is never touched, nor the conversation that it is about.
//
// The events of a request stay, with their dates, kinds, statuses and directions: its history is not rewritten. That the names and
// the words are taken out of them is the one lawful exception: personal data are kept in a form that identifies people no longer
// than needed (règlement (UE) 2016/679, article 5, 1, e), and what does not identify any more may stay (considérant 26).
func (k *Keeper) Forget(ctx context.Context, now time.Time) (Forgotten, error) {
	done := Forgotten{}
	for _, step := range []struct {
		what   string
		period routing.Period
		do     func(ctx context.Context, before, now time.Time) (int, error)
	}{
		{"requests", k.periods.Requests, k.requests},
		{"companies", k.periods.Companies, k.companies},
		{"messages", k.periods.Conversations, k.messages},
		{"conversations", k.periods.Conversations, k.conversations},
		{"votes", k.periods.Votes, k.statement(`UPDATE votes SET reason = '' WHERE answer IN (SELECT answer FROM votes WHERE reason <> '' AND at < $1 LIMIT $2)`)},
		{"gaps", k.periods.Gaps, k.gaps},
		{"funding_events", k.periods.Fundings, k.statement(`UPDATE funding_events SET why = '', actor = CASE WHEN actor IN ('', 'guichet') THEN actor ELSE 'anonyme' END
			WHERE id IN (SELECT id FROM funding_events WHERE at < $1 AND (why <> '' OR actor NOT IN ('', 'guichet', 'anonyme')) LIMIT $2)`)},
		{"convention_events", k.periods.Fundings, k.statement(`UPDATE convention_events SET why = '', actor = CASE WHEN actor IN ('', 'guichet') THEN actor ELSE 'anonyme' END
			WHERE id IN (SELECT id FROM convention_events WHERE at < $1 AND (why <> '' OR actor NOT IN ('', 'guichet', 'anonyme')) LIMIT $2)`)},
		{"funding_warnings", k.periods.Fundings, k.statement(`UPDATE funding_warnings SET settled_why = '', settled_by = 'anonyme'
			WHERE (first, second) IN (SELECT first, second FROM funding_warnings WHERE settled_at <> 0 AND settled_at < $1 AND (settled_why <> '' OR settled_by <> 'anonyme') LIMIT $2)`)},
		{"sheets", k.periods.Requests, k.sheets},
		{"notices", k.periods.Notices, k.notices},
		{"webhooks", k.periods.Notices, k.statement(`DELETE FROM webhook_deliveries WHERE id IN (SELECT id FROM webhook_deliveries WHERE created_at < $1 AND (sent_at <> 0 OR dead_at <> 0) LIMIT $2)`)},
		{"jobs", k.periods.Jobs, func(ctx context.Context, before, _ time.Time) (int, error) { return k.jobs.ForgetDead(ctx, before) }},
		{"accesses", k.periods.Accesses, k.statement(`DELETE FROM accesses WHERE id IN (SELECT id FROM accesses WHERE at < $1 LIMIT $2)`)},
		{"acts", k.periods.Acts, k.statement(`DELETE FROM privacy_acts WHERE id IN (SELECT id FROM privacy_acts WHERE at < $1 LIMIT $2)`)},
	} {
		for {
			n := 0
			err := k.db.InTx(ctx, func(ctx context.Context) (err error) {
				if n, err = step.do(ctx, before(step.period, now), now); err != nil || n == 0 {
					return err
				}
				return k.act(ctx, actForget, ledger.Self, "durée de conservation écoulée", Forgotten{step.what: n}, now)
			})
			if err != nil {
				return done, fmt.Errorf("effacer ce qui est gardé depuis trop longtemps (%s) : %w", step.what, err)
			}
			if n == 0 {
				break
			}
			done[step.what] += n
		}
	}
	return done, nil
}

// many is how many rows one statement changes.
const many = 1000

// statement runs one statement that takes the time before which a period is over, and how many rows it may change.
func (k *Keeper) statement(text string) func(ctx context.Context, before, now time.Time) (int, error) {
	return func(ctx context.Context, before, _ time.Time) (int, error) {
		return affected(k.db.Conn(ctx).ExecContext(ctx, text, database.Stamp(before), many))
	}
}

func affected(result sql.Result, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}

// numbers gives the numbers that a query finds.
func (k *Keeper) numbers(ctx context.Context, query string, args ...any) (all []int64, err error) {
	err = each(ctx, k.db, func(scan func(...any) error) error {
		all = append(all, 0)
		return scan(&all[len(all)-1])
	}, query, args...)
	return all, err
}

// ended is the condition of a request that is done with and of which nothing is left to send.
var ended = `NOT (` + open + `) AND NOT EXISTS (SELECT 1 FROM notices WHERE request_id = requests.id AND sent_at = 0 AND dead_at = 0)`

// requests erases people from the requests that are done with since a time.
func (k *Keeper) requests(ctx context.Context, before, now time.Time) (int, error) {
	return k.ofRequests(ctx, "erased_at", before, func(ctx context.Context, id int64) error { return k.request(ctx, id, false, now) })
}

// companies erases the companies too.
func (k *Keeper) companies(ctx context.Context, before, now time.Time) (int, error) {
	return k.ofRequests(ctx, "company_erased_at", before, func(ctx context.Context, id int64) error { return k.request(ctx, id, true, now) })
}

// ofRequests erases from those that moved last before a time. One that was opened again since, then ended, is erased again.
func (k *Keeper) ofRequests(ctx context.Context, erased string, before time.Time, do func(ctx context.Context, id int64) error) (done int, err error) {
	due := ended + ` AND updated_at < $1 AND ` + erased + ` <= updated_at`
	found, err := k.numbers(ctx, `SELECT id FROM requests WHERE `+due+` ORDER BY updated_at, id LIMIT $2`, database.Stamp(before), batch)
	for _, id := range found {
		var held []int64
		// Who opens it again meanwhile comes first: the lock is theirs, and the condition is looked at again after them.
		if held, err = k.numbers(ctx, `UPDATE requests SET updated_at = updated_at WHERE id = $2 AND `+due+` RETURNING id`, database.Stamp(before), id); err != nil {
			return done, err
		}
		if len(held) == 0 {
			continue
		}
		if err := do(ctx, id); err != nil {
			return done, err
		}
		done++
	}
	return done, err
}

// request erases people from a request, its events and its notices, and its company with them when it is asked to.
func (k *Keeper) request(ctx context.Context, id int64, company bool, now time.Time) error {
	conn := k.db.Conn(ctx)
	var reference, channel, owner, name, decision, pace string
	err := conn.QueryRowContext(ctx, `SELECT reference, channel, owner, company, decision, pace FROM requests WHERE id = $1`, id).
		Scan(&reference, &channel, &owner, &name, &decision, &pace)
	if err != nil {
		return err
	}
	if decision, err = anonymousDecision(decision, company); err != nil {
		return err
	}
	if pace, err = anonymousPace(pace); err != nil {
		return err
	}
	if company {
		name = ""
	}
	_, err = conn.ExecContext(ctx, `UPDATE requests SET channel = $2, thread = '', author = '', person = '', text = $3, owner = $4, decision = $5,
			pace = $6, search = $7, erased_at = $8 WHERE id = $1`,
		id, platform(channel), Mark, somebody(owner), decision, pace, ledger.Fold("\n"+reference+"\n"+name), database.Stamp(now))
	if err == nil && company {
		_, err = conn.ExecContext(ctx, `UPDATE requests SET company = '', name = '', siren = '', siret = '', company_erased_at = $2 WHERE id = $1`,
			id, database.Stamp(now))
	}
	for _, gone := range []string{`DELETE FROM request_messages WHERE request_id = $1`, `DELETE FROM request_keys WHERE request_id = $1`, `DELETE FROM request_twins WHERE first_id = $1 OR second_id = $1`} {
		if err == nil {
			_, err = conn.ExecContext(ctx, gone, id)
		}
	}
	if err == nil {
		err = k.events(ctx, id, company)
	}
	if err != nil {
		return err
	}
	_, err = k.anonymousNotices(ctx, `request_id = $1 AND (sent_at <> 0 OR dead_at <> 0)`, id)
	return err
}

func (k *Keeper) events(ctx context.Context, request int64, company bool) error {
	type event struct {
		id                         int64
		actor, why, owner, decided string
	}
	var events []event
	err := each(ctx, k.db, func(scan func(...any) error) error {
		var e event
		err := scan(&e.id, &e.actor, &e.why, &e.owner, &e.decided)
		events = append(events, e)
		return err
	}, `SELECT id, actor, why, owner, decision FROM request_events WHERE request_id = $1 ORDER BY id`, request)
	for _, e := range events {
		if e.decided != "" {
			if e.decided, err = anonymousDecision(e.decided, company); err != nil {
				return err
			}
		}
		if e.why != "" {
			e.why = Mark
		}
		_, err = k.db.Conn(ctx).ExecContext(ctx, `UPDATE request_events SET actor = $2, why = $3, owner = $4, decision = $5 WHERE id = $1`,
			e.id, somebody(e.actor), e.why, somebody(e.owner), e.decided)
		if err != nil {
			return err
		}
	}
	return err
}

// messages erases what was said before a time, but in the conversations of open requests.
func (k *Keeper) messages(ctx context.Context, before, now time.Time) (int, error) {
	found, err := k.numbers(ctx, `SELECT id FROM messages WHERE erased_at = 0 AND at < $1 AND NOT EXISTS (SELECT 1 FROM requests
			WHERE requests.channel = messages.channel AND requests.thread = messages.thread AND (`+open+`))
		ORDER BY at, id LIMIT $2`, database.Stamp(before), batch)
	for _, id := range found {
		if err := k.message(ctx, id, now); err != nil {
			return 0, err
		}
	}
	return len(found), err
}

// message erases a message and its reply: who wrote by their audience, and of what kind the reply was, stay.
func (k *Keeper) message(ctx context.Context, id int64, now time.Time) error {
	var channel, asker, reply string
	err := k.db.Conn(ctx).QueryRowContext(ctx, `SELECT channel, asker, reply FROM messages WHERE id = $1`, id).Scan(&channel, &asker, &reply)
	if err != nil {
		return err
	}
	var a bot.Asker
	var r bot.Reply
	if err := errors.Join(json.Unmarshal([]byte(asker), &a), json.Unmarshal([]byte(reply), &r)); err != nil {
		return fmt.Errorf("message %d illisible : %w", id, err)
	}
	asked, err := json.Marshal(bot.Asker{Audience: a.Audience, EPCI: a.EPCI})
	if err != nil {
		return err
	}
	replied, err := json.Marshal(bot.Reply{Kind: r.Kind, Text: Mark, Request: r.Request, Answer: r.Answer})
	if err != nil {
		return err
	}
	_, err = k.db.Conn(ctx).ExecContext(ctx, `UPDATE messages SET channel = $2, message = $3, thread = '', text = $4, asker = $5, reply = $6, erased_at = $7 WHERE id = $1`,
		id, platform(channel), fmt.Sprintf("%s-%d", Somebody, id), Mark, string(asked), string(replied), database.Stamp(now))
	return err
}

// conversations forgets those of which no message is left, and what the inbox still holds.
func (k *Keeper) conversations(ctx context.Context, before, _ time.Time) (int, error) {
	gone, err := affected(k.db.Conn(ctx).ExecContext(ctx, `DELETE FROM conversations
		WHERE NOT EXISTS (SELECT 1 FROM messages WHERE messages.channel = conversations.channel AND messages.thread = conversations.thread)
			AND NOT EXISTS (SELECT 1 FROM requests WHERE requests.channel = conversations.channel AND requests.thread = conversations.thread AND (`+open+`))`))
	if err != nil {
		return 0, err
	}
	left, err := affected(k.db.Conn(ctx).ExecContext(ctx, `DELETE FROM chat_inbox WHERE received_at < $1`, database.Stamp(before)))
	return gone + left, err
}

// gaps erases the questions asked before a time.
func (k *Keeper) gaps(ctx context.Context, before, _ time.Time) (int, error) {
	type gap struct {
		id      int64
		channel string
	}
	var found []gap
	err := each(ctx, k.db, func(scan func(...any) error) error {
		found = append(found, gap{})
		return scan(&found[len(found)-1].id, &found[len(found)-1].channel)
	}, `SELECT id, channel FROM gaps WHERE question <> '' AND at < $1 ORDER BY at, id LIMIT $2`, database.Stamp(before), batch)
	for _, g := range found {
		if _, err := k.db.Conn(ctx).ExecContext(ctx, `UPDATE gaps SET question = '', looked = '', channel = $2 WHERE id = $1`, g.id, platform(g.channel)); err != nil {
			return 0, err
		}
	}
	return len(found), err
}

// sheets erases the company, the names and the texts of the sheets of projects that were written before a time and are over;
// what each territory offered stays, for the counts. The reason of its last event tells what was not erased yet.
func (k *Keeper) sheets(ctx context.Context, before, _ time.Time) (int, error) {
	var over []string
	err := each(ctx, k.db, func(scan func(...any) error) error {
		over = append(over, "")
		return scan(&over[len(over)-1])
	}, `SELECT reference FROM sheets WHERE stage = 'returned' AND created_at < $1
		AND EXISTS (SELECT 1 FROM sheet_events e WHERE e.reference = sheets.reference AND e.why <> '') ORDER BY reference LIMIT $2`, database.Stamp(before), batch)
	for _, reference := range over {
		if err == nil {
			err = k.rewrite(ctx, "sheets", "body", reference, map[string]any{"company": nil, "sought": ""})
		}
		if err == nil {
			err = k.rewrite(ctx, "sheet_territories", "answer", reference, map[string]any{"text": nil, "by": Somebody})
		}
		if err == nil {
			_, err = k.db.Conn(ctx).ExecContext(ctx, `UPDATE sheet_events SET why = '', actor = CASE WHEN actor IN ('', 'guichet') THEN actor ELSE 'anonyme' END WHERE reference = $1`, reference)
		}
	}
	return len(over), err
}

// rewrite sets some fields of a JSON column of a sheet's rows; nil takes one out.
func (k *Keeper) rewrite(ctx context.Context, table, column, reference string, fields map[string]any) error {
	var bodies []string
	err := each(ctx, k.db, func(scan func(...any) error) error {
		bodies = append(bodies, "")
		return scan(&bodies[len(bodies)-1])
	}, `SELECT `+column+` FROM `+table+` WHERE reference = $1 AND `+column+` <> ''`, reference)
	for _, body := range bodies {
		var o map[string]any
		if err == nil {
			err = json.Unmarshal([]byte(body), &o)
		}
		for name, value := range fields {
			if value == nil {
				delete(o, name)
			} else {
				o[name] = value
			}
		}
		var data []byte
		if err == nil {
			data, err = json.Marshal(o)
		}
		if err == nil {
			_, err = k.db.Conn(ctx).ExecContext(ctx, `UPDATE `+table+` SET `+column+` = $3 WHERE reference = $1 AND `+column+` = $2`, reference, body, string(data))
		}
	}
	return err
}

// notices erases those that left, or were given up, before a time.
func (k *Keeper) notices(ctx context.Context, before, _ time.Time) (int, error) {
	return k.anonymousNotices(ctx, `created_at < $1 AND (sent_at <> 0 OR dead_at <> 0)
		AND NOT EXISTS (SELECT 1 FROM requests WHERE requests.id = request_id AND (`+open+`))`, database.Stamp(before))
}

// anonymousNotices erases the text and the place of those that a condition keeps; the condition takes $1.
func (k *Keeper) anonymousNotices(ctx context.Context, where string, arg any) (int, error) {
	var found [][3]string
	err := each(ctx, k.db, func(scan func(...any) error) error {
		var n [3]string
		err := scan(&n[0], &n[1], &n[2])
		found = append(found, n)
		return err
	}, `SELECT key, channel, last_error FROM notices WHERE `+where+` AND text <> $2 ORDER BY created_at, key LIMIT $3`, arg, Mark, many)
	for _, n := range found {
		if n[2] != "" {
			n[2] = Mark
		}
		_, err = k.db.Conn(ctx).ExecContext(ctx, `UPDATE notices SET text = $2, channel = $3, thread = '', last_error = $4 WHERE key = $1`,
			n[0], Mark, platform(n[1]), n[2])
		if err != nil {
			return 0, err
		}
	}
	return len(found), err
}

// platform leaves of a channel the platform: « slack/U012 » is somebody.
func platform(channel string) string {
	name, _, _ := strings.Cut(channel, "/")
	return name
}

func somebody(name string) string {
	if name == "" || name == ledger.Self {
		return name
	}
	return Somebody
}

// companyFacts are the facts that tell which company it is.
var companyFacts = []string{"company", "siren", "siret"}

// sources are those of a fact that are no words of the message.
var sources = []string{routing.SourceDefault, routing.SourceRegister, routing.SourceAsked, routing.SourceGiven, routing.SourceModel}

// anonymousDecision leaves of a decision what it decided and by which facts, without the words that gave them.
func anonymousDecision(decision string, company bool) (string, error) {
	var d routing.Decision
	if err := json.Unmarshal([]byte(decision), &d); err != nil {
		return "", fmt.Errorf("décision illisible : %w", err)
	}
	if company {
		d.Facts = slices.DeleteFunc(d.Facts, func(f routing.Fact) bool { return slices.Contains(companyFacts, f.Name) })
	}
	for i, f := range d.Facts {
		if f.Source == "" || slices.Contains(sources, f.Source) {
			continue
		}
		for at := range d.Reasons {
			d.Reasons[at] = strings.ReplaceAll(d.Reasons[at], "«\u00a0"+f.Source+"\u00a0»", Mark)
		}
		d.Facts[i].Source = Mark
	}
	data, err := json.Marshal(d)
	return string(data), err
}

func anonymousPace(pace string) (string, error) {
	if pace == "" {
		return "", nil
	}
	var p ledger.Pace
	if err := json.Unmarshal([]byte(pace), &p); err != nil {
		return "", fmt.Errorf("rythme illisible : %w", err)
	}
	for i := range p.Parts {
		p.Parts[i].By = somebody(p.Parts[i].By)
		if p.Parts[i].Why != "" {
			p.Parts[i].Why = Mark
		}
	}
	for i := range p.Steps {
		p.Steps[i].By = somebody(p.Steps[i].By)
		if p.Steps[i].Why != "" {
			p.Steps[i].Why = Mark
		}
	}
	data, err := json.Marshal(p)
	return string(data), err
}

// each gives what a query finds to a function, one row after the other.
func each(ctx context.Context, db *database.DB, read func(scan func(...any) error) error, query string, args ...any) error {
	rows, err := db.Conn(ctx).QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := read(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Label names in French what a round erased.
func Label(what string) string { return labels[what] }

var labels = map[string]string{
	"requests": "demandes (personnes et textes)", "companies": "entreprises des demandes", "messages": "messages et réponses", "conversations": "conversations",
	"votes": "raisons de votes", "gaps": "questions sans réponse", "funding_events": "événements de financements (agents et motifs)", "convention_events": "événements de conventions (agents et motifs)", "funding_warnings": "avertissements réglés (agents et motifs)", "sheets": "fiches projets (entreprise, agents, textes)", "notices": "avis", "webhooks": "envois à d'autres outils", "jobs": "tâches abandonnées", "accesses": "accès notés", "acts": "actes sur les données",
}
