// Package sqljournal keeps what was said in SQL, the same statements for both engines: messages with their replies,
// conversations, votes, unanswered questions. It may import bot and migrations/database.
package sqljournal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"guichet/bot"
	"guichet/knowledge"
	"guichet/migrations/database"
)

// Journal is a bot.Journal.
type Journal struct{ db *database.DB }

// New gives the journal of a database.
func New(db *database.DB) *Journal { return &Journal{db: db} }

// Replied implements bot.Journal.
func (j *Journal) Replied(ctx context.Context, channel, id string) (r bot.Reply, ok bool, err error) {
	var reply string
	err = j.db.Conn(ctx).QueryRowContext(ctx, `SELECT reply FROM messages WHERE channel = $1 AND message = $2`, channel, id).Scan(&reply)
	if errors.Is(err, sql.ErrNoRows) {
		return r, false, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(reply), &r)
	}
	if err != nil {
		return bot.Reply{}, false, fmt.Errorf("relire la réponse au message %s/%s : %w", channel, id, err)
	}
	return r, true, nil
}

// Conversation implements bot.Journal.
func (j *Journal) Conversation(ctx context.Context, channel, thread string) (bot.Conversation, error) {
	c := bot.Conversation{Channel: channel, Thread: thread}
	var state string
	err := j.db.Conn(ctx).QueryRowContext(ctx, `SELECT version, state FROM conversations WHERE channel = $1 AND thread = $2`, channel, thread).Scan(&c.Version, &state)
	if errors.Is(err, sql.ErrNoRows) {
		return c, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(state), &c.State)
	}
	if err != nil {
		return bot.Conversation{}, fmt.Errorf("relire la conversation %s/%s : %w", channel, thread, err)
	}
	return c, nil
}

// Record implements bot.Journal.
func (j *Journal) Record(ctx context.Context, m bot.Message, r bot.Reply, next bot.Conversation, gap *bot.Gap) error {
	if err := check(m, next, gap); err != nil {
		return fmt.Errorf("enregistrer le message : %w", err)
	}
	err := j.db.InTx(ctx, func(ctx context.Context) error {
		if err := j.message(ctx, m, r); err != nil {
			return err
		}
		if err := j.move(ctx, next); err != nil {
			return err
		}
		if gap == nil {
			return nil
		}
		question, looked := withoutContacts(*gap)
		_, err := j.db.Conn(ctx).ExecContext(ctx, `INSERT INTO gaps (question, audience, epci, channel, looked, at) VALUES ($1, $2, $3, $4, $5, $6)`,
			question, gap.Audience.String(), gap.EPCI, gap.Channel, looked, database.Stamp(gap.At))
		return err
	})
	if err != nil {
		return fmt.Errorf("enregistrer le message %s/%s : %w", m.Channel, m.ID, err)
	}
	return nil
}

// withoutContacts masks the phone numbers and e-mail addresses of a question, and leaves their pieces out of the words that were
// looked for: what the base misses has nothing to do with who asked.
func withoutContacts(g bot.Gap) (question, looked string) {
	if question = knowledge.WithoutContacts(g.Question); question == g.Question {
		return question, g.Looked
	}
	words := strings.FieldsFunc(question, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	kept := slices.DeleteFunc(strings.Split(g.Looked, ", "), func(word string) bool { return !slices.Contains(words, word) })
	return question, strings.Join(kept, ", ")
}

func check(m bot.Message, next bot.Conversation, gap *bot.Gap) error {
	switch {
	case m.Channel == "" || m.ID == "" || m.Thread == "":
		return errors.New("le canal, l'identifiant et la conversation sont requis")
	case next.Channel != m.Channel || next.Thread != m.Thread:
		return errors.New("la conversation n'est pas celle du message")
	case gap != nil:
		if err := (knowledge.Viewer{Audience: gap.Audience}).Check(); err != nil {
			return err
		}
	}
	return knowledge.Viewer{Audience: m.Asker.Audience}.Check()
}

func (j *Journal) message(ctx context.Context, m bot.Message, r bot.Reply) error {
	asker, err := json.Marshal(m.Asker)
	if err != nil {
		return err
	}
	reply, err := json.Marshal(r)
	if err != nil {
		return err
	}
	result, err := j.db.Conn(ctx).ExecContext(ctx, `INSERT INTO messages (channel, message, thread, text, asker, at, reply, answer)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (channel, message) DO NOTHING`,
		m.Channel, m.ID, m.Thread, m.Text, string(asker), database.Stamp(m.At), string(reply), sql.NullString{String: r.Answer, Valid: r.Answer != ""})
	return unless(bot.ErrSeen, result, err)
}

// move writes a conversation's new state over the version that it was read at.
func (j *Journal) move(ctx context.Context, next bot.Conversation) error {
	state, err := json.Marshal(next.State)
	if err != nil {
		return err
	}
	conn := j.db.Conn(ctx)
	var result sql.Result
	if next.Version == 0 {
		result, err = conn.ExecContext(ctx, `INSERT INTO conversations (channel, thread, version, state) VALUES ($1, $2, 1, $3)
			ON CONFLICT (channel, thread) DO NOTHING`, next.Channel, next.Thread, string(state))
	} else {
		result, err = conn.ExecContext(ctx, `UPDATE conversations SET version = version + 1, state = $4
			WHERE channel = $1 AND thread = $2 AND version = $3`, next.Channel, next.Thread, next.Version, string(state))
	}
	return unless(bot.ErrMoved, result, err)
}

// unless gives an error when a statement changed no row.
func unless(none error, result sql.Result, err error) error {
	if err != nil {
		return err
	}
	changed, err := result.RowsAffected()
	if err != nil {
		return err
	}
	if changed == 0 {
		return none
	}
	return nil
}

// History implements bot.Journal.
func (j *Journal) History(ctx context.Context, channel, thread string, limit int) ([]bot.Turn, error) {
	rows, err := j.db.Conn(ctx).QueryContext(ctx, `SELECT channel, message, thread, text, asker, at, reply FROM messages
		WHERE channel = $1 AND thread = $2 ORDER BY id DESC LIMIT $3`, channel, thread, max(limit, 0))
	turns, err := collect(rows, err, func(scan func(...any) error) (t bot.Turn, err error) {
		var at int64
		var asker, reply string
		if err := scan(&t.Message.Channel, &t.Message.ID, &t.Message.Thread, &t.Message.Text, &asker, &at, &reply); err != nil {
			return t, err
		}
		t.Message.At = database.Time(at)
		return t, errors.Join(json.Unmarshal([]byte(asker), &t.Message.Asker), json.Unmarshal([]byte(reply), &t.Reply))
	})
	if err != nil {
		return nil, fmt.Errorf("relire la conversation %s/%s : %w", channel, thread, err)
	}
	slices.Reverse(turns)
	return turns, nil
}

// Vote implements bot.Journal.
func (j *Journal) Vote(ctx context.Context, answer string, useful bool, reason string, at time.Time) error {
	mark := 0
	if useful {
		mark = 1
	}
	err := j.db.InTx(ctx, func(ctx context.Context) error {
		result, err := j.db.Conn(ctx).ExecContext(ctx, `INSERT INTO votes (answer, useful, reason, at)
			SELECT answer, $2, $3, $4 FROM messages WHERE answer = $1
			ON CONFLICT (answer) DO UPDATE SET useful = excluded.useful, reason = excluded.reason, at = excluded.at`,
			answer, mark, reason, database.Stamp(at))
		return unless(errors.New("réponse inconnue"), result, err)
	})
	if err != nil {
		return fmt.Errorf("noter l'avis sur la réponse « %s » : %w", answer, err)
	}
	return nil
}

// Gaps implements bot.Journal.
func (j *Journal) Gaps(ctx context.Context, limit int) ([]bot.Gap, error) {
	rows, err := j.db.Conn(ctx).QueryContext(ctx, `SELECT id, question, audience, epci, channel, looked, at FROM gaps WHERE question <> '' ORDER BY at DESC, id DESC LIMIT $1`, max(limit, 0))
	gaps, err := collect(rows, err, func(scan func(...any) error) (g bot.Gap, err error) {
		var audience string
		var at int64
		if err := scan(&g.ID, &g.Question, &audience, &g.EPCI, &g.Channel, &g.Looked, &at); err != nil {
			return g, err
		}
		g.At = database.Time(at)
		return g, g.Audience.UnmarshalText([]byte(audience))
	})
	if err != nil {
		return nil, fmt.Errorf("lister les questions sans réponse : %w", err)
	}
	return gaps, nil
}

func collect[T any](rows *sql.Rows, err error, read func(scan func(...any) error) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := read(rows.Scan)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}
