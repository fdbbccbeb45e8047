package privacy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"guichet/bot"
	"guichet/bot/bottest"
	"guichet/bot/courier"
	"guichet/bot/privacy"
	"guichet/knowledge"
	"guichet/migrations"
	"guichet/migrations/database"
	"guichet/migrations/databasetest"
	"guichet/routing"
	"guichet/routing/ledger"
	"guichet/routing/rulebook"
)

var (
	start = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	staff = ledger.Viewer{Staff: true}
)

// Everybody is fictional; the numbers are those kept for fiction (ARCEP), the domains those kept for examples.
const (
	person  = "Jeanne Fictive"
	email   = "Jeanne.Fictive@courriel.example"
	phone   = "06 39 98 00 01"
	id      = "slack/U0PLANTE"
	agent   = "Agathe Agenteau"
	company = "Menuiserie Verlinor"
	secret  = "verveine" // a word of what she wrote
)

// planted is what must be nowhere once the time of requests is over.
var planted = []string{"Jeanne", "Fictive", "courriel.example", phone, "U0PLANTE", agent, secret}

// house is an office whose ledger plans real jobs.
type house struct {
	t *testing.T
	*bottest.Office
	db     *database.DB
	jobs   *courier.Courier
	keeper *privacy.Keeper
	now    time.Time
	n      int
}

func newHouse(t *testing.T, e databasetest.Engine) *house {
	t.Helper()
	h := &house{t: t, db: e.New(t), now: start}
	h.Office = bottest.NewOffice(t, h.db, "", func() time.Time { return h.now })
	var err error
	if h.jobs, err = courier.New(t.Context(), h.db); err != nil {
		t.Fatal(err)
	}
	book, err := rulebook.Load(rulebook.Default())
	if err != nil {
		t.Fatal(err)
	}
	h.keeper = privacy.New(h.db, h.jobs, book.Retention)
	return h
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// says gives the desk's reply to a person of a chat platform.
func (h *house) says(who, name, thread, text string) bot.Reply {
	h.t.Helper()
	h.n++
	h.now = h.now.Add(time.Minute)
	reply, err := h.Chat.Desk.Stream(h.t.Context(), bot.Message{
		Channel: who, ID: fmt.Sprint(h.n), Thread: thread, Text: text, At: h.now, Asker: bot.Asker{ID: who, Name: name, Audience: knowledge.Public},
	}, nil)
	h.must(err)
	return reply
}

func (h *house) exec(statement string, args ...any) {
	h.t.Helper()
	h.must(h.db.InTx(h.t.Context(), func(ctx context.Context) error {
		_, err := h.db.Conn(ctx).ExecContext(ctx, statement, args...)
		return err
	}))
}

// sent ends every notice: one in two left, the others were given up for a reason that names the place.
func (h *house) sent() {
	h.t.Helper()
	for pass := 0; ; pass++ { // what could not be delivered makes notices of its own
		all, err := h.Requests.Notices(h.t.Context(), staff, 10000)
		h.must(err)
		pending := false
		for i, n := range all {
			if !n.SentAt.IsZero() || !n.DeadAt.IsZero() {
				continue
			}
			pending = true
			if i%2 == 0 || pass > 0 {
				h.must(h.Requests.Sent(h.t.Context(), n.Key, h.now))
			} else {
				h.must(h.Requests.Failed(h.t.Context(), n.Key, id+" ne répond pas", true, h.now))
			}
		}
		if !pending {
			return
		}
	}
}

// plant gives the request of a person who left her identity everywhere it can be.
func (h *house) plant() (reference string) {
	ctx := h.t.Context()
	reference = h.says(id, person, bot.OwnThread, "Bonjour, je suis Jeanne FICTIVE, de l'entreprise "+company+" : une menuiserie de 12 salariés à Amiens, rue de la "+secret+". Nous cherchons un prêt pour une machine.").Request
	if reference == "" {
		h.t.Fatal("no request was made")
	}
	h.says(id, person, bot.OwnThread, "Vous pouvez me joindre au "+phone+" ou à "+email)
	h.says(id, person, "autre", "Connaissez-vous l'introuvable carte de "+person+" ? "+phone)
	answer := h.says(id, person, "autre", "Jusqu'à combien finance-t-on un "+secret+" ?").Answer
	if answer == "" {
		h.t.Fatal("no answer to vote on")
	}
	h.must(h.Journal.Vote(ctx, answer, false, "pas clair, appelez "+person, h.now))
	_, err := h.Requests.SetStatus(ctx, reference, ledger.Taken, "je connais "+person, agent, h.now)
	h.must(err)
	_, err = h.Requests.AskPerson(ctx, reference, "Madame Fictive, quelle machine ?", agent, h.now)
	h.must(err)
	h.says(id, person, bot.OwnThread, "Une scie pour la "+secret+", signé Jeanne Fictive")
	r, err := h.Requests.Get(ctx, staff, reference)
	h.must(err)
	if len(r.Associated) > 0 {
		_, err = h.Requests.SetPart(ctx, reference, r.Associated[0], ledger.Done, "vu avec "+person, agent, h.now)
		h.must(err)
	}
	h.must(h.Requests.Accessed(ctx, ledger.Access{At: h.now, By: agent, Channel: "web", Sought: person}))
	in := bot.Incoming{Channel: id, ID: "vieux", Thread: bot.OwnThread, Text: "Je suis " + person, Person: id, At: h.now}
	_, _, err = h.Journal.Claim(ctx, in, h.now, h.now.Add(time.Minute))
	h.must(err)
	h.must(h.Journal.Done(ctx, id, "vieux", h.now))
	h.sent()
	// A delivery that was given up, as River keeps it.
	failure := `{"at":"2026-03-02T10:00:00Z","attempt":1,"error":"` + id + ` ne répond pas à ` + person + `","trace":""}`
	args := `{"key":"` + reference + `/1/replied"}`
	if h.db.Dialect == migrations.PostgreSQL {
		h.exec(`INSERT INTO river_job (state, attempt, max_attempts, attempted_at, created_at, finalized_at, scheduled_at, priority, args, errors, kind, queue)
			VALUES ('discarded', 1, 1, $1, $1, $1, $1, 1, $2::jsonb, ARRAY[$3::jsonb], 'deliver_notice', 'default')`, h.now, args, failure)
	} else {
		h.exec(`INSERT INTO river_job (state, attempt, max_attempts, attempted_at, created_at, finalized_at, scheduled_at, priority, args, errors, kind, queue)
			VALUES ('discarded', 1, 1, $1, $1, $1, $1, 1, $2, jsonb($3), 'deliver_notice', 'default')`, h.now.Format("2006-01-02 15:04:05.000"), args, "["+failure+"]")
	}
	return reference
}

func (h *house) answer(reference string) {
	h.t.Helper()
	_, err := h.Requests.Answer(h.t.Context(), reference, "Madame Fictive, voici le prêt. "+agent, agent, h.now)
	h.must(err)
	h.sent()
}

func (h *house) forget() privacy.Forgotten {
	h.t.Helper()
	done, err := h.keeper.Forget(h.t.Context(), h.now)
	h.must(err)
	return done
}

func (h *house) get(reference string) ledger.Request {
	h.t.Helper()
	r, err := h.Requests.Get(h.t.Context(), staff, reference)
	h.must(err)
	return r
}

// dump gives every value of every table.
func (h *house) dump() string {
	h.t.Helper()
	ctx := h.t.Context()
	query := `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'passage_words%' ORDER BY name`
	if h.db.Dialect == migrations.PostgreSQL {
		query = `SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY 1`
	}
	var tables []string
	rows, err := h.db.Conn(ctx).QueryContext(ctx, query)
	h.must(err)
	for rows.Next() {
		var name string
		h.must(rows.Scan(&name))
		tables = append(tables, name)
	}
	h.must(rows.Err())
	if !slices.Contains(tables, "river_job") || !slices.Contains(tables, "request_events") {
		h.t.Fatalf("the dump misses tables: %v", tables)
	}
	var all []string
	for _, table := range tables {
		rows, err := h.db.Conn(ctx).QueryContext(ctx, `SELECT * FROM `+table)
		h.must(err)
		columns, err := rows.Columns()
		h.must(err)
		for rows.Next() {
			values, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			h.must(rows.Scan(into...))
			line := table
			for i, v := range values {
				if data, ok := v.([]byte); ok {
					v = string(data)
				}
				line += fmt.Sprintf(" %s=%v", columns[i], v)
			}
			all = append(all, line)
		}
		h.must(rows.Err())
	}
	slices.Sort(all) // PostgreSQL moves the rows that it updates
	return strings.Join(all, "\n")
}

// holds gives the lines of a dump that hold a text, accents and case aside.
func holds(dump, text string) (lines []string) {
	for line := range strings.Lines(dump) {
		if strings.Contains(ledger.Fold(line), ledger.Fold(text)) {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestForget(t *testing.T) { databasetest.Each(t, forget) }

func forget(t *testing.T, e databasetest.Engine) {
	h := newHouse(t, e)
	reference := h.plant()
	h.answer(reference)
	other := h.says("slack/U0OUVERT", "Paul Ouvert", bot.OwnThread, "Je suis Paul Ouvert, notre entreprise étrangère veut s'implanter à Lens.").Request
	untouched, before := h.get(other), h.get(reference)
	full := h.dump()
	for _, text := range append(planted, company) {
		if len(holds(full, text)) == 0 {
			t.Fatalf("« %s » was not planted", text)
		}
	}

	h.now = start.AddDate(0, 1, 0)
	if done := h.forget(); len(done) != 0 || h.dump() != full {
		t.Errorf("before any period, %v was erased", done)
	}
	h.now = start.AddDate(2, 0, 1)
	h.forget()
	later := h.dump()
	for _, text := range planted {
		for _, line := range holds(later, text) {
			t.Errorf("« %s » is still in %s", text, line)
		}
	}
	if len(holds(later, "Paul Ouvert")) == 0 {
		t.Error("the open request's person is gone")
	}
	after := h.get(reference)
	if after.Company != before.Company || after.Company.Name == "" || after.Place != before.Place || after.Place.Commune == "" || after.Status != before.Status ||
		after.Lead != before.Lead || !after.CreatedAt.Equal(before.CreatedAt) || !after.UpdatedAt.Equal(before.UpdatedAt) || after.Owner != privacy.Somebody ||
		after.Decision.Rule != before.Decision.Rule || len(after.Decision.Facts) != len(before.Decision.Facts) || len(after.Pace.Parts) != len(before.Pace.Parts) {
		t.Errorf("what counts did not stay: %+v, it was %+v", after, before)
	}
	replayed := ledger.Request{}
	for i, was := range before.Events {
		is := after.Events[i]
		if is.ID != was.ID || !is.At.Equal(was.At) || is.Kind != was.Kind || is.Status != was.Status || is.Lead != was.Lead || (is.By == "") != (was.By == "") || (is.Owner == "") != (was.Owner == "") {
			t.Errorf("event %+v, it was %+v", is, was)
		}
		var err error
		if replayed, err = ledger.Apply(replayed, is); err != nil {
			t.Error(err)
		}
	}
	if len(after.Events) != len(before.Events) || replayed.Status != before.Status || replayed.Lead != before.Lead {
		t.Errorf("the events give %+v", replayed)
	}
	if found, err := h.Requests.List(t.Context(), staff, ledger.Filter{Text: company}); err != nil || len(found) != 1 {
		t.Errorf("the company is not found any more: %v, %v", found, err)
	}
	if found, err := h.Requests.List(t.Context(), staff, ledger.Filter{Text: secret}); err != nil || len(found) != 0 {
		t.Errorf("an erased word finds %v, %v", found, err)
	}
	if gaps, err := h.Journal.Gaps(t.Context(), 10); err != nil || len(gaps) != 0 {
		t.Errorf("gaps %v, %v", gaps, err)
	}
	if again := h.forget(); len(again) != 0 || h.dump() != later {
		t.Errorf("a second round erases %v", again)
	}

	h.now = start.AddDate(3, 0, 1)
	h.forget()
	if lines := holds(h.dump(), "Verlinor"); len(lines) > 0 {
		t.Errorf("the company is still in %v", lines)
	}
	is, err := json.Marshal(h.get(other))
	h.must(err)
	was, err := json.Marshal(untouched)
	h.must(err)
	if string(is) != string(was) {
		t.Errorf("the open request was touched: %s, it was %s", is, was)
	}
}

// A funding stays, and who followed it goes after ten years; erased on demand before, only what a person wrote of her goes.
func TestForgetFundings(t *testing.T) { databasetest.Each(t, forgetFundings) }

func forgetFundings(t *testing.T, e databasetest.Engine) {
	h := newHouse(t, e)
	at := database.Stamp(start)
	h.exec(`INSERT INTO fundings (reference, source, external_id, siren, name, operator, direction, request, stage, body, created_at, updated_at)
		VALUES ('F2026-0001', '', '', '', 'fictive jeanne', '', 'DAEN', '', 'asked', '{"company":"Jeanne Fictive"}', $1, $1)`, at)
	h.exec(`INSERT INTO funding_events (funding_id, at, actor, why, body) VALUES (1, $1, $2, 'appelée, Jeanne Fictive est d''accord', '{}')`, at, agent)
	h.exec(`INSERT INTO funding_warnings (first, second, verdict, reasons, at, settled, settled_by, settled_why, settled_at)
		VALUES ('F2026-0001', 'F2026-0002', 'same', '["la machine de Jeanne Fictive"]', $1, 'other', $2, 'vu avec Jeanne Fictive', $1)`, at, agent)
	done, err := h.keeper.Erase(t.Context(), []string{person}, agent, "essai", true, start)
	h.must(err)
	dump := h.dump()
	if len(holds(dump, "d'accord")) != 1 || len(holds(dump, "machine de "+privacy.Mark)) != 1 || len(holds(dump, `"Jeanne Fictive"`)) != 1 || !strings.Contains(fmt.Sprint(done.Kept), "dix ans") {
		t.Errorf("%+v\n%s", done, strings.Join(holds(dump, "Fictive"), ""))
	}
	if lines := holds(dump, "vu avec Jeanne"); len(lines) > 0 {
		t.Errorf("still in %v", lines)
	}
	h.now = start.AddDate(9, 11, 0)
	h.forget()
	if lines := holds(h.dump(), "settled_by="+agent); len(lines) != 1 {
		t.Errorf("erased before its time: %v", lines)
	}
	h.now = start.AddDate(10, 0, 1)
	h.forget()
	if lines := holds(h.dump(), agent); len(lines) > 0 {
		t.Errorf("after ten years: %v", lines)
	}
	if again := h.forget(); len(again) != 0 {
		t.Errorf("again: %v", again)
	}
	if len(holds(h.dump(), "F2026-0001")) < 2 {
		t.Error("the funding is gone")
	}
}

// Reopened after it was erased, then closed: what was written since goes too, in its time.
func TestForgetAgain(t *testing.T) {
	h := newHouse(t, databasetest.SQLite)
	reference := h.plant()
	h.answer(reference)
	h.now = start.AddDate(2, 0, 1)
	h.forget()
	_, err := h.Requests.Reopen(t.Context(), reference, "rappel de "+person, agent, h.now)
	h.must(err)
	h.now = h.now.AddDate(3, 0, 0)
	h.forget()
	if len(holds(h.dump(), person)) == 0 {
		t.Error("an open request was touched")
	}
	_, err = h.Requests.SetStatus(t.Context(), reference, ledger.Closed, "réglé", agent, h.now)
	h.must(err)
	h.sent()
	h.forget()
	if len(holds(h.dump(), person)) == 0 {
		t.Error("erased before its time")
	}
	h.now = h.now.AddDate(2, 0, 1)
	h.forget()
	if lines := holds(h.dump(), person); len(lines) > 0 {
		t.Errorf("still in %v", lines)
	}
}

// A request joined to an open one is still owed its answer, and a split would open it again: it stays until the other one ends.
func TestJoinedToAnOpenRequest(t *testing.T) { databasetest.Each(t, joinedToAnOpenRequest) }

func joinedToAnOpenRequest(t *testing.T, e databasetest.Engine) {
	h := newHouse(t, e)
	joined := h.plant()
	var kept, last string
	for i, reference := range []*string{&kept, &last} {
		r, _, err := h.Requests.Take(t.Context(), ledger.Intake{Channel: "cli", Message: fmt.Sprint("k", i), Thread: fmt.Sprint("k", i), Text: "Une autre demande", At: h.now,
			Decision: routing.Decision{Lead: "DAEN", Rule: "test"}, EntryPoint: "DAEN", Deadline: h.now})
		h.must(err)
		*reference = r.Reference
	}
	_, err := h.Requests.Join(t.Context(), kept, joined, "la même", agent, h.now)
	h.must(err)
	_, err = h.Requests.Join(t.Context(), last, kept, "la même encore", agent, h.now) // a chain
	h.must(err)
	h.sent()
	erased, err := h.keeper.Erase(t.Context(), []string{person}, agent, "demande", true, h.now)
	h.must(err)
	for _, l := range erased.Erased {
		if slices.Contains(l.Requests, joined) {
			t.Errorf("erased of a request joined to an open one: %+v", l)
		}
	}
	h.now = h.now.AddDate(3, 0, 0)
	h.forget()
	if text := h.get(joined).Text; !strings.Contains(text, secret) {
		t.Errorf("forgotten: %q", text)
	}
	_, err = h.Requests.SetStatus(t.Context(), last, ledger.Closed, "réglé", agent, h.now)
	h.must(err)
	h.sent()
	h.forget()
	if lines := holds(h.dump(), person); len(lines) > 0 {
		t.Errorf("still in %v", lines)
	}
}

// A ledger made by chance, erased by an eraser that is stopped at every kind of place.
func TestForgetIsResumed(t *testing.T) { databasetest.Each(t, forgetIsResumed) }

func forgetIsResumed(t *testing.T, e databasetest.Engine) {
	h := newHouse(t, e)
	chance := rand.New(rand.NewPCG(11, 7))
	var gone, stay []string
	for i := range 160 {
		word := fmt.Sprintf("Zq%dyx", i)
		at := start.Add(time.Duration(chance.IntN(1000)) * time.Hour)
		r, _, err := h.Requests.Take(t.Context(), ledger.Intake{
			Channel: "web", Message: word, Thread: word, Author: "Prénom " + word, Text: "Je suis Prénom " + word + ", " + word + "@courriel.example", At: at,
			Company:  ledger.Company{Name: fmt.Sprintf("Fabrique fictive %d", i)},
			Decision: routing.Decision{Lead: "NORD", Facts: routing.Facts{{Name: "subject", Value: "export", Source: word}}, Reasons: []string{"Objet («\u00a0" + word + "\u00a0»)."}},
		})
		h.must(err)
		if chance.IntN(4) > 0 {
			_, err = h.Requests.SetStatus(t.Context(), r.Reference, ledger.Closed, "réglé avec "+word, "Agente "+word, at)
			gone = append(gone, word)
		} else {
			stay = append(stay, word)
		}
		h.must(err)
	}
	h.sent()
	h.now = start.AddDate(2, 3, 0)
	full := h.dump()
	for _, fault := range []string{"INSERT ON privacy_acts", "DELETE ON request_messages", "UPDATE ON notices"} {
		allow := databasetest.Refuse(t, h.db, fault)
		if _, err := h.keeper.Forget(t.Context(), h.now); err == nil || h.dump() != full {
			t.Errorf("%s refused: %v, and something was written", fault, err)
		}
		allow()
	}
	// Stopped sooner or later.
	for i := range 6 {
		ctx, stop := context.WithTimeout(t.Context(), time.Duration(1<<i)*4*time.Millisecond)
		_, _ = h.keeper.Forget(ctx, h.now)
		stop()
	}
	h.forget()
	dump := h.dump()
	for _, word := range gone {
		if lines := holds(dump, word+"@"); len(lines) > 0 || len(holds(dump, "Prénom "+word)) > 0 {
			t.Fatalf("« %s » is still in %v", word, lines)
		}
	}
	for _, word := range stay {
		if len(holds(dump, word+"@courriel.example")) == 0 {
			t.Fatalf("« %s », of an open request, is gone", word)
		}
	}
	if len(gone) <= 100 || len(stay) < 20 { // more than a transaction takes
		t.Errorf("%d closed, %d open", len(gone), len(stay))
	}
}

func TestExportAndErase(t *testing.T) { databasetest.Each(t, exportAndErase) }

func exportAndErase(t *testing.T, e databasetest.Engine) {
	ctx := t.Context()
	h := newHouse(t, e)
	reference := h.plant()
	who := []string{id, "jeanne.fictive@COURRIEL.example", "+33 6 39 98 00 01", "FICTIVE Jeanne"}
	h.says("slack/U0AUTRE", "Paul", bot.OwnThread, "Je travaille avec Jeanné  Fictive, rappelez-la : 0033639980001. Nous sommes 12, à Lens, et voulons exporter.")

	export, err := h.keeper.Export(ctx, who, agent, "demande de "+person, h.now)
	h.must(err)
	data, err := json.Marshal(export)
	h.must(err)
	tables := map[string]bool{}
	for _, f := range export.Found {
		tables[f.Table] = true
	}
	for _, table := range []string{"requests", "request_events", "request_messages", "notices", "messages", "conversations", "chat_inbox", "votes", "gaps", "accesses", "river_job"} {
		if !tables[table] {
			t.Errorf("the export has nothing of %s", table)
		}
	}
	for _, want := range []string{secret, "je connais", "Jeanné  Fictive"} {
		if !strings.Contains(string(data), want) {
			t.Errorf("the export lacks « %s »", want)
		}
	}

	full := h.dump()
	if lines := holds(full, "demande de "+person); len(lines) > 0 {
		t.Errorf("the trace of the export names her: %v", lines)
	}
	dry, err := h.keeper.Erase(ctx, who, agent, "demande n° 7 de "+person, false, h.now)
	h.must(err)
	if dry.Done || len(dry.Erased) == 0 || h.dump() != full {
		t.Errorf("a dry run changes something, or shows nothing: %+v", dry)
	}
	kept := func(e privacy.Erasure) string { return fmt.Sprint(e.Kept) }
	if !strings.Contains(kept(dry), "la demande est ouverte") || !strings.Contains(kept(dry), reference) {
		t.Errorf("the open request is not told: %s", kept(dry))
	}

	h.answer(reference)
	others, err := h.Requests.List(ctx, staff, ledger.Filter{Text: "Jeanne"})
	h.must(err)
	for _, r := range others {
		if r.Status.Open() {
			_, err := h.Requests.SetStatus(ctx, r.Reference, ledger.Closed, "réglé", agent, h.now)
			h.must(err)
		}
	}
	h.sent()
	done, err := h.keeper.Erase(ctx, who, agent, "demande n° 7 de "+person, true, h.now)
	h.must(err)
	if !done.Done || !strings.Contains(kept(done), "aides de minimis") {
		t.Errorf("%+v", done)
	}
	dump := h.dump()
	for _, text := range []string{"Jeanne Fictive", "Fictive Jeanne", "courriel.example", phone, "0639980001", "639980001", "U0PLANTE", "rue de la " + secret} {
		if lines := holds(dump, text); len(lines) > 0 {
			t.Errorf("« %s » is still in %v", text, lines)
		}
	}
	if len(holds(dump, "Je travaille avec "+privacy.Mark)) == 0 || len(holds(dump, "Nous sommes 12, à Lens")) == 0 {
		t.Error("another person's message was not kept around what was erased")
	}
	if len(holds(dump, "demande n° 7 de "+privacy.Mark)) == 0 {
		t.Error("the erasure left no trace")
	}
	again, err := h.keeper.Erase(ctx, who, agent, "encore", false, h.now)
	h.must(err)
	if len(again.Erased) > 0 {
		t.Errorf("something is left to erase: %+v", again.Erased)
	}
}

// What was erased is not left in SQLite's file either.
func TestNothingIsLeftInTheFile(t *testing.T) {
	h := newHouse(t, databasetest.SQLite)
	h.answer(h.plant())
	_, err := h.keeper.Erase(t.Context(), []string{id, person, phone, email}, agent, "essai", true, h.now)
	h.must(err)
	var path string
	h.must(h.db.Conn(t.Context()).QueryRowContext(t.Context(), `SELECT file FROM pragma_database_list WHERE name = 'main'`).Scan(&path))
	h.must(h.db.Close())
	for _, name := range []string{path, path + "-wal"} {
		content, err := os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		h.must(err)
		for _, text := range []string{"Jeanne", phone, "courriel.example", "U0PLANTE"} {
			if bytes.Contains(bytes.ToLower(content), []byte(strings.ToLower(text))) {
				t.Errorf("%s still holds « %s »", name, text)
			}
		}
	}
}

// All or nothing: an erasure that fails anywhere changes nothing.
func TestEraseFails(t *testing.T) { databasetest.Each(t, eraseFails) }

func eraseFails(t *testing.T, e databasetest.Engine) {
	h := newHouse(t, e)
	h.answer(h.plant())
	full := h.dump()
	for _, fault := range []string{"INSERT ON privacy_acts", "UPDATE ON votes", "DELETE ON river_job"} {
		allow := databasetest.Refuse(t, h.db, fault)
		if _, err := h.keeper.Erase(t.Context(), []string{id, person}, agent, "essai", true, h.now); err == nil || h.dump() != full {
			t.Errorf("%s refused: %v, and something was written", fault, err)
		}
		allow()
	}
}

func TestSeek(t *testing.T) {
	for _, c := range []struct {
		form, text string
		found      string
	}{
		{"Jeanne Fictive", "Mme FICTIVE  Jeanne, Jeanne-Fictive et jeanné fictive.", "FICTIVE  Jeanne|Jeanne-Fictive|jeanné fictive"},
		{"Jeanne Fictive", "Jeanne Fictivette, Marijeanne Fictive", ""},
		{"Œuvrard", "Mlle OEUVRARD, M. œuvrard", "OEUVRARD|œuvrard"},
		{"a.b@courriel.example", "A.B@Courriel.Example ; xa.b@courriel.example ; aXb@courriel.example", "A.B@Courriel.Example"},
		{"0639980001", "06.39.98.00.01, +33 (0)6 39 98 00 01, 0033639980001, 106399800012", "06.39.98.00.01|+33 (0)6 39 98 00 01|0033639980001"},
		{"+32 470 00 00 01", "appelez le 0470… ou +32470000001", "+32470000001"},
		{"slack/U012", "slack/U012 a dit <@U012>, pas slack/U0123", "slack/U012|<@U012>"},
	} {
		s, err := privacy.Seek([]string{c.form})
		if err != nil {
			t.Errorf("%s: %v", c.form, err)
			continue
		}
		if got := strings.Join(privacy.Words(s, c.text), "|"); got != c.found {
			t.Errorf("%s in « %s »: %q, want %q", c.form, c.text, got, c.found)
		}
	}
	for _, form := range []string{"", "de", "12", "0639", "a b"} {
		if _, err := privacy.Seek([]string{form}); err == nil {
			t.Errorf("« %s » was taken", form)
		}
	}
}

func FuzzWithout(f *testing.F) {
	f.Add("Mme ﬁctive Jeanne\u0301, Jeanne Fictive & 06 39 98 00 01 <@U0PLANTE>")
	f.Add("\xff Fictive Jeanne\x00")
	s, err := privacy.Seek([]string{person, email, phone, id})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if left := privacy.Words(s, privacy.Without(s, text)); len(left) > 0 {
			t.Errorf("%q is left of %q", left, text)
		}
	})
}

// A sheet that is over loses its company, its texts and who answered; what was offered still counts. One that is not stays whole.
func TestForgetSheets(t *testing.T) { databasetest.Each(t, forgetSheets) }

func forgetSheets(t *testing.T, e databasetest.Engine) {
	h := newHouse(t, e)
	at := database.Stamp(start)
	for reference, stage := range map[string]string{"P-2026-0001": "returned", "P-2026-0002": "sent"} {
		h.exec(`INSERT INTO sheets (reference, body, stage, deadline, created_at) VALUES ($1, '{"reference":"`+reference+`","title":"Unité","sought":"le terrain de Jeanne Fictive","company":"Jeanne Fictive"}', $2, '2026-03-31', $3)`, reference, stage, at)
		h.exec(`INSERT INTO sheet_territories (reference, epci, answer) VALUES ($1, '200000001', '{"epci":"200000001","values":["3"],"text":"voir Jeanne Fictive","by":"Jeanne Fictive"}'), ($1, '200000002', '')`, reference)
		h.exec(`INSERT INTO sheet_events (reference, at, kind, actor, epci, why) VALUES ($1, $2, 'closed', $3, '', 'Jeanne Fictive le demande'), ($1, $2, 'returned', 'guichet', '', 'à DAEN')`, reference, at, agent)
	}
	h.now = start.AddDate(1, 11, 0)
	h.forget()
	if lines := holds(h.dump(), "Jeanne Fictive"); len(lines) != 6 {
		t.Errorf("erased before its time: %v", lines)
	}
	h.now = start.AddDate(2, 0, 1)
	h.forget()
	lines := holds(h.dump(), "Jeanne Fictive")
	for _, line := range lines {
		if !strings.Contains(line, "P-2026-0002") {
			t.Errorf("still in %s", line)
		}
	}
	if len(lines) != 3 || len(holds(h.dump(), `"values":["3"]`)) != 2 {
		t.Errorf("%v", lines)
	}
	if again := h.forget(); len(again) != 0 {
		t.Errorf("again: %v", again)
	}
}
