package sqljournal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"guichet/bot"
	"guichet/migrations/database"
)

// Claim implements bot.ChatStore.
func (j *Journal) Claim(ctx context.Context, in bot.Incoming, now, until time.Time) (c bot.Claim, ok bool, err error) {
	body, err := json.Marshal(in)
	if err != nil {
		return c, false, fmt.Errorf("enregistrer le message %s/%s : %w", in.Channel, in.ID, err)
	}
	c.Incoming, c.Until = in, until
	err = j.db.Once(ctx).QueryRowContext(ctx, `INSERT INTO chat_inbox (channel, message, thread, body, received_at, claimed_until, tries)
		VALUES ($1, $2, $3, $4, $5, $6, 1)
		ON CONFLICT (channel, message) DO UPDATE SET claimed_until = excluded.claimed_until, tries = chat_inbox.tries + 1
			WHERE chat_inbox.done_at = 0 AND chat_inbox.claimed_until <= $5
		RETURNING tries`,
		in.Channel, in.ID, in.Thread, string(body), database.Stamp(now), database.Stamp(until)).Scan(&c.Tries)
	if errors.Is(err, sql.ErrNoRows) {
		return bot.Claim{}, false, nil
	}
	if err != nil {
		return bot.Claim{}, false, fmt.Errorf("enregistrer le message %s/%s : %w", in.Channel, in.ID, err)
	}
	return c, true, nil
}

// Left implements bot.ChatStore.
func (j *Journal) Left(ctx context.Context, platform string, now, until time.Time, limit int) (claims []bot.Claim, err error) {
	due, err := j.due(ctx, platform, now, limit)
	if err != nil {
		return nil, fmt.Errorf("relire les messages en attente : %w", err)
	}
	for _, in := range due { // another replica may be faster
		claim, ok, err := j.Claim(ctx, in, now, until)
		if err != nil {
			return claims, err
		}
		if ok {
			claims = append(claims, claim)
		}
	}
	return claims, nil
}

func (j *Journal) due(ctx context.Context, platform string, now time.Time, limit int) ([]bot.Incoming, error) {
	rows, err := j.db.Conn(ctx).QueryContext(ctx, `SELECT body FROM chat_inbox
		WHERE done_at = 0 AND claimed_until <= $1 AND channel LIKE $2 ORDER BY claimed_until, channel, message LIMIT $3`,
		database.Stamp(now), platform+"/%", limit)
	return collect(rows, err, func(scan func(...any) error) (in bot.Incoming, err error) {
		var body string
		if err := scan(&body); err != nil {
			return in, err
		}
		return in, json.Unmarshal([]byte(body), &in)
	})
}

// Pending implements bot.ChatStore.
func (j *Journal) Pending(ctx context.Context, channel, id string) (pending bool, err error) {
	err = j.db.Conn(ctx).QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM chat_inbox WHERE channel = $1 AND message = $2 AND done_at = 0)`, channel, id).Scan(&pending)
	if err != nil {
		return false, fmt.Errorf("relire le message %s/%s : %w", channel, id, err)
	}
	return pending, nil
}

// Done implements bot.ChatStore.
func (j *Journal) Done(ctx context.Context, channel, id string, at time.Time) error {
	return j.write(ctx, "noter la réponse au message "+channel+"/"+id,
		`UPDATE chat_inbox SET done_at = $3 WHERE channel = $1 AND message = $2`, channel, id, database.Stamp(at))
}

// GiveBack implements bot.ChatStore.
func (j *Journal) GiveBack(ctx context.Context, channel, id string, from time.Time) error {
	return j.write(ctx, "remettre le message "+channel+"/"+id,
		`UPDATE chat_inbox SET claimed_until = $3 WHERE channel = $1 AND message = $2 AND done_at = 0`, channel, id, database.Stamp(from))
}

// Forget implements bot.ChatStore.
func (j *Journal) Forget(ctx context.Context, before time.Time) error {
	return j.write(ctx, "oublier les messages terminés",
		`DELETE FROM chat_inbox WHERE done_at > 0 AND received_at < $1`, database.Stamp(before))
}

// Seen implements bot.ChatStore.
func (j *Journal) Seen(ctx context.Context, channel, message string) error {
	return j.write(ctx, "noter la lecture de "+channel, `INSERT INTO chat_seen (channel, message) VALUES ($1, $2)
		ON CONFLICT (channel) DO UPDATE SET message = excluded.message
			WHERE length(excluded.message) > length(chat_seen.message)
				OR length(excluded.message) = length(chat_seen.message) AND excluded.message > chat_seen.message`, channel, message)
}

// LastSeen implements bot.ChatStore.
func (j *Journal) LastSeen(ctx context.Context, platform string) (map[string]string, error) {
	rows, err := j.db.Conn(ctx).QueryContext(ctx, `SELECT channel, message FROM chat_seen WHERE channel LIKE $1`, platform+"/%")
	pairs, err := collect(rows, err, func(scan func(...any) error) (p [2]string, err error) { return p, scan(&p[0], &p[1]) })
	if err != nil {
		return nil, fmt.Errorf("relire la lecture des canaux : %w", err)
	}
	seen := make(map[string]string, len(pairs))
	for _, p := range pairs {
		seen[p[0]] = p[1]
	}
	return seen, nil
}

// Threads implements bot.ChatStore.
func (j *Journal) Threads(ctx context.Context, channel string, since time.Time) ([]string, error) {
	rows, err := j.db.Conn(ctx).QueryContext(ctx, `SELECT DISTINCT thread FROM chat_inbox WHERE channel = $1 AND received_at >= $2 ORDER BY thread`,
		channel, database.Stamp(since))
	threads, err := collect(rows, err, func(scan func(...any) error) (thread string, err error) { return thread, scan(&thread) })
	if err != nil {
		return nil, fmt.Errorf("lister les fils de %s : %w", channel, err)
	}
	return threads, nil
}

// ChannelSettings implements bot.ChatStore.
func (j *Journal) ChannelSettings(ctx context.Context) (map[string]bot.ChannelSettings, error) {
	rows, err := j.db.Conn(ctx).QueryContext(ctx, `SELECT channel, settings FROM chat_channels`)
	type line struct {
		channel  string
		settings bot.ChannelSettings
	}
	lines, err := collect(rows, err, func(scan func(...any) error) (l line, err error) {
		var settings string
		if err := scan(&l.channel, &settings); err != nil {
			return l, err
		}
		return l, json.Unmarshal([]byte(settings), &l.settings)
	})
	if err != nil {
		return nil, fmt.Errorf("relire les réglages des canaux : %w", err)
	}
	all := make(map[string]bot.ChannelSettings, len(lines))
	for _, l := range lines {
		all[l.channel] = l.settings
	}
	return all, nil
}

// SetChannel implements bot.ChatStore.
func (j *Journal) SetChannel(ctx context.Context, channel string, s *bot.ChannelSettings, person string, at time.Time) error {
	if s == nil {
		return j.write(ctx, "régler le canal "+channel, `DELETE FROM chat_channels WHERE channel = $1`, channel)
	}
	settings, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("régler le canal %s : %w", channel, err)
	}
	return j.write(ctx, "régler le canal "+channel, `INSERT INTO chat_channels (channel, settings, person, at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (channel) DO UPDATE SET settings = excluded.settings, person = excluded.person, at = excluded.at`,
		channel, string(settings), person, database.Stamp(at))
}

// Lease implements bot.ChatStore.
func (j *Journal) Lease(ctx context.Context, role, holder string, now, until time.Time) (held bool, err error) {
	err = j.db.InTx(ctx, func(ctx context.Context) error {
		result, err := j.db.Conn(ctx).ExecContext(ctx, `INSERT INTO leases (name, holder, until) VALUES ($1, $2, $4)
			ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
				WHERE leases.holder = excluded.holder OR leases.until <= $3`, role, holder, database.Stamp(now), database.Stamp(until))
		if err != nil {
			return err
		}
		changed, err := result.RowsAffected()
		held = changed > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("prendre le rôle %s : %w", role, err)
	}
	return held, nil
}

// EndLease implements bot.ChatStore.
func (j *Journal) EndLease(ctx context.Context, role, holder string) error {
	return j.write(ctx, "rendre le rôle "+role, `DELETE FROM leases WHERE name = $1 AND holder = $2`, role, holder)
}

func (j *Journal) write(ctx context.Context, doing, statement string, args ...any) error {
	if _, err := j.db.Once(ctx).ExecContext(ctx, statement, args...); err != nil {
		return fmt.Errorf("%s : %w", doing, err)
	}
	return nil
}
