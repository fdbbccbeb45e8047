package sqljournal_test

import (
	"testing"
	"time"

	"guichet/bot"
	"guichet/bot/bottest"
	"guichet/bot/sqljournal"
	"guichet/knowledge"
	"guichet/migrations/databasetest"
)

func TestJournal(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, e databasetest.Engine) {
		bottest.Journal(t, func(t *testing.T) (bot.Journal, bot.Transactor) {
			db := e.New(t)
			return sqljournal.New(db), db
		})
	})
}

func TestSecondVoteReplacesTheFirst(t *testing.T) { databasetest.Each(t, secondVote) }

func secondVote(t *testing.T, e databasetest.Engine) {
	ctx := t.Context()
	db := e.New(t)
	j := sqljournal.New(db)
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	err := j.Record(ctx, bot.Message{Channel: "web", ID: "1", Thread: "t", Asker: bot.Asker{Audience: knowledge.Public}, At: at},
		bot.Reply{Kind: bot.ReplyAnswer, Answer: "a"}, bot.Conversation{Channel: "web", Thread: "t"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, useful := range []bool{false, true} {
		if err := j.Vote(ctx, "a", useful, "", at); err != nil {
			t.Fatal(err)
		}
	}
	var votes, useful int
	if err := db.Conn(ctx).QueryRowContext(ctx, `SELECT count(*), sum(useful) FROM votes`).Scan(&votes, &useful); err != nil || votes != 1 || useful != 1 {
		t.Errorf("%d votes, %d useful, %v", votes, useful, err)
	}
}

// Each table refuses in turn: nothing may stay of the message.
func TestRecordIsAllOrNothing(t *testing.T) { databasetest.Each(t, recordIsAllOrNothing) }

func recordIsAllOrNothing(t *testing.T, e databasetest.Engine) {
	for _, table := range []string{"messages", "conversations", "gaps"} {
		ctx := t.Context()
		db := e.New(t)
		j := sqljournal.New(db)
		databasetest.Refuse(t, db, "INSERT ON "+table)
		err := j.Record(ctx, bot.Message{Channel: "web", ID: "1", Thread: "t", Asker: bot.Asker{Audience: knowledge.Public}},
			bot.Reply{}, bot.Conversation{Channel: "web", Thread: "t"}, &bot.Gap{Question: "q", Audience: knowledge.Public})
		if err == nil {
			t.Errorf("%s refuses: recorded", table)
		}
		var left int
		err = db.Conn(ctx).QueryRowContext(ctx, `SELECT (SELECT count(*) FROM messages) + (SELECT count(*) FROM conversations) + (SELECT count(*) FROM gaps)`).Scan(&left)
		if err != nil || left != 0 {
			t.Errorf("%s refuses: %d rows left, %v", table, left, err)
		}
	}
}
