// Package bottest holds the suites that the journal and the channels pass. Imported by tests only.
package bottest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"guichet/bot"
	"guichet/knowledge"
	"guichet/routing"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 123456000, time.UTC)

func message(n int) bot.Message {
	return bot.Message{
		Channel: "web", ID: fmt.Sprintf("m%d", n), Thread: "t", Text: fmt.Sprintf("Message n° %d, à l'œil", n),
		Asker: bot.Asker{Name: "Zoé", Audience: knowledge.Partner, EPCI: "200000001"}, At: noon.Add(time.Duration(n) * time.Microsecond),
	}
}

func reply(n int) bot.Reply {
	return bot.Reply{
		Kind: bot.ReplyAnswer, Text: fmt.Sprintf("Réponse %d", n),
		Quotes:  []bot.Quote{{Document: "fiche", Title: "Fiche", Section: "A › B", Text: "« mot à mot »", URL: "https://exemple.test/", Date: "2026-01-01", Ordinal: 3, Closed: true}},
		Fields:  []bot.Field{{Label: "Libellé", Value: "Valeur"}},
		Choices: []bot.Choice{{Label: "Oui", Text: "oui"}},
		Request: "2026-0042", Answer: fmt.Sprintf("a%d", n),
	}
}

func state(n int) bot.State {
	return bot.State{
		Request: "2026-0042", Asked: "headcount", Offered: fmt.Sprintf("offre %d", n),
		Facts: routing.Facts{{Name: "headcount", Value: int64(n), Source: "n"}, {Name: "innovative", Value: true, Source: "innovant", Role: routing.Status}},
	}
}

// Journal runs the suite of bot.Journal; open gives a new, empty one with the transactions of its store.
func Journal(t *testing.T, open func(t *testing.T) (bot.Journal, bot.Transactor)) {
	at := func(version int64, s bot.State) bot.Conversation {
		return bot.Conversation{Channel: "web", Thread: "t", Version: version, State: s}
	}
	// holds fails when the journal holds anything but n turns of the thread, at that version.
	holds := func(t *testing.T, j bot.Journal, n int) {
		t.Helper()
		turns, err := j.History(t.Context(), "web", "t", 100)
		if err != nil || len(turns) != n {
			t.Errorf("%d turns, %v, want %d", len(turns), err, n)
		}
		if c, err := j.Conversation(t.Context(), "web", "t"); err != nil || c.Version != int64(n) {
			t.Errorf("conversation %+v, %v, want version %d", c, err, n)
		}
	}
	record := func(t *testing.T, j bot.Journal, n int) {
		t.Helper()
		if err := j.Record(t.Context(), message(n), reply(n), at(int64(n), state(n)), nil); err != nil {
			t.Fatal(err)
		}
	}

	t.Run("nothing yet", func(t *testing.T) {
		j, _ := open(t)
		if _, ok, err := j.Replied(t.Context(), "web", "m0"); ok || err != nil {
			t.Errorf("%v %v", ok, err)
		}
		if c, err := j.Conversation(t.Context(), "web", "t"); err != nil || !reflect.DeepEqual(c, at(0, bot.State{})) {
			t.Errorf("%+v %v", c, err)
		}
		if turns, err := j.History(t.Context(), "web", "t", 10); err != nil || len(turns) != 0 {
			t.Errorf("%v %v", turns, err)
		}
		if gaps, err := j.Gaps(t.Context(), 10); err != nil || len(gaps) != 0 {
			t.Errorf("%v %v", gaps, err)
		}
	})

	t.Run("everything comes back as it was", func(t *testing.T) {
		j, _ := open(t)
		record(t, j, 0)
		record(t, j, 1)
		if r, ok, err := j.Replied(t.Context(), "web", "m0"); err != nil || !ok || !reflect.DeepEqual(r, reply(0)) {
			t.Errorf("%+v %v %v", r, ok, err)
		}
		if _, ok, err := j.Replied(t.Context(), "cli", "m0"); ok || err != nil {
			t.Errorf("the same id in another channel was seen: %v %v", ok, err)
		}
		if c, err := j.Conversation(t.Context(), "web", "t"); err != nil || !reflect.DeepEqual(c, at(2, state(1))) {
			t.Errorf("%+v %v", c, err)
		}
		if c, err := j.Conversation(t.Context(), "cli", "t"); err != nil || c.Version != 0 {
			t.Errorf("the same thread in another channel is %+v %v", c, err)
		}
		turns, err := j.History(t.Context(), "web", "t", 10)
		want := []bot.Turn{{Message: message(0), Reply: reply(0)}, {Message: message(1), Reply: reply(1)}}
		if err != nil || !reflect.DeepEqual(turns, want) {
			t.Errorf("%+v %v", turns, err)
		}
	})

	t.Run("history gives the last turns, oldest first", func(t *testing.T) {
		j, _ := open(t)
		for n := range 5 {
			record(t, j, n)
		}
		turns, err := j.History(t.Context(), "web", "t", 2)
		if err != nil || len(turns) != 2 || turns[0].Message.ID != "m3" || turns[1].Message.ID != "m4" {
			t.Errorf("%+v %v", turns, err)
		}
		if turns, err := j.History(t.Context(), "web", "autre", 2); err != nil || len(turns) != 0 {
			t.Errorf("another thread's turns: %v %v", turns, err)
		}
	})

	t.Run("a message seen again", func(t *testing.T) {
		j, _ := open(t)
		record(t, j, 0)
		gap := &bot.Gap{Question: "q", Audience: knowledge.Public, Channel: "web", At: noon}
		for _, version := range []int64{0, 1, 7} {
			if err := j.Record(t.Context(), message(0), reply(1), at(version, state(1)), gap); !errors.Is(err, bot.ErrSeen) {
				t.Errorf("at version %d: %v", version, err)
			}
		}
		holds(t, j, 1)
		if r, _, _ := j.Replied(t.Context(), "web", "m0"); !reflect.DeepEqual(r, reply(0)) {
			t.Errorf("the reply became %+v", r)
		}
		if gaps, _ := j.Gaps(t.Context(), 10); len(gaps) != 0 {
			t.Errorf("gaps %v", gaps)
		}
		elsewhere := message(0)
		elsewhere.Channel = "cli"
		if err := j.Record(t.Context(), elsewhere, bot.Reply{}, bot.Conversation{Channel: "cli", Thread: "t"}, nil); err != nil {
			t.Errorf("the same id in another channel: %v", err)
		}
	})

	t.Run("a conversation that moved", func(t *testing.T) {
		j, _ := open(t)
		gap := &bot.Gap{Question: "q", Audience: knowledge.Public, Channel: "web", At: noon}
		if err := j.Record(t.Context(), message(9), reply(9), at(3, state(9)), gap); !errors.Is(err, bot.ErrMoved) {
			t.Errorf("a version that never was: %v", err)
		}
		holds(t, j, 0)
		record(t, j, 0)
		for _, version := range []int64{0, 2} {
			if err := j.Record(t.Context(), message(1), reply(1), at(version, state(1)), gap); !errors.Is(err, bot.ErrMoved) {
				t.Errorf("at version %d: %v", version, err)
			}
		}
		holds(t, j, 1)
		if gaps, _ := j.Gaps(t.Context(), 10); len(gaps) != 0 {
			t.Errorf("gaps %v", gaps)
		}
		if _, ok, _ := j.Replied(t.Context(), "web", "m1"); ok {
			t.Error("the refused message counts as seen: its next try would be dropped")
		}
		record(t, j, 1)
	})

	t.Run("a message without its marks is refused", func(t *testing.T) {
		j, _ := open(t)
		for name, spoil := range map[string]func(*bot.Message){
			"channel": func(m *bot.Message) { m.Channel = "" }, "id": func(m *bot.Message) { m.ID = "" },
			"thread": func(m *bot.Message) { m.Thread = "" }, "audience": func(m *bot.Message) { m.Asker.Audience = 0 },
		} {
			m := message(0)
			spoil(&m)
			if err := j.Record(t.Context(), m, reply(0), bot.Conversation{Channel: m.Channel, Thread: m.Thread}, nil); err == nil {
				t.Errorf("without %s: recorded", name)
			}
		}
		if err := j.Record(t.Context(), message(0), reply(0), bot.Conversation{Channel: "web", Thread: "autre"}, nil); err == nil {
			t.Error("recorded in another conversation")
		}
		if err := j.Record(t.Context(), message(0), reply(0), at(0, state(0)), &bot.Gap{Question: "q"}); err == nil {
			t.Error("a gap without audience was recorded")
		}
		holds(t, j, 0)
	})

	t.Run("gaps, newest first", func(t *testing.T) {
		j, _ := open(t)
		var want []bot.Gap
		for n, when := range []time.Time{noon, noon.Add(time.Second), noon.Add(time.Second), noon.Add(-time.Hour)} {
			g := bot.Gap{Question: fmt.Sprintf("Où ? %d", n), Audience: knowledge.Audience(1 + n%3), EPCI: []string{"", "200000008"}[n%2], Channel: "web", At: when, Looked: "où"}
			if err := j.Record(t.Context(), message(n), bot.Reply{Kind: bot.ReplyUnknown}, at(int64(n), bot.State{}), &g); err != nil {
				t.Fatal(err)
			}
			g.ID = int64(n + 1)
			want = append(want, g)
		}
		want = []bot.Gap{want[2], want[1], want[0], want[3]}
		if got, err := j.Gaps(t.Context(), 10); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v %v", got, err)
		}
		if got, err := j.Gaps(t.Context(), 1); err != nil || !reflect.DeepEqual(got, want[:1]) {
			t.Errorf("limited: %+v %v", got, err)
		}
	})

	t.Run("a gap holds no contact", func(t *testing.T) {
		j, _ := open(t)
		g := bot.Gap{Question: "Qui finance le houblon ? Rappelez-moi au 06 00 00 00 00 ou a.b@exemple.invalid", Looked: "finance, houblon, 06, 00, 00, 00, 00, exemple, invalid", Audience: knowledge.Public, Channel: "web", At: noon}
		if err := j.Record(t.Context(), message(0), bot.Reply{Kind: bot.ReplyUnknown}, at(0, bot.State{}), &g); err != nil {
			t.Fatal(err)
		}
		got, err := j.Gaps(t.Context(), 1)
		if err != nil || len(got) != 1 || got[0].Question != "Qui finance le houblon ? Rappelez-moi au … ou …" || got[0].Looked != "finance, houblon" {
			t.Errorf("%+v %v", got, err)
		}
	})

	t.Run("votes", func(t *testing.T) {
		j, _ := open(t)
		record(t, j, 0)
		if err := j.Record(t.Context(), message(1), bot.Reply{Kind: bot.ReplySmall}, at(1, bot.State{}), nil); err != nil {
			t.Fatal(err)
		}
		if err := j.Record(t.Context(), message(2), bot.Reply{Kind: bot.ReplySmall}, at(2, bot.State{}), nil); err != nil {
			t.Fatalf("a second reply without answer to vote on: %v", err)
		}
		for range 2 {
			if err := j.Vote(t.Context(), "a0", false, "trop court", noon); err != nil {
				t.Error(err)
			}
		}
		for _, unknown := range []string{"a7", ""} {
			if err := j.Vote(t.Context(), unknown, true, "", noon); err == nil {
				t.Errorf("voted on the answer %q", unknown)
			}
		}
	})

	t.Run("the transaction of the context", func(t *testing.T) {
		j, store := open(t)
		undo := errors.New("undo")
		err := store.InTx(t.Context(), func(ctx context.Context) error {
			if err := j.Record(ctx, message(0), reply(0), at(0, state(0)), nil); err != nil {
				t.Error(err)
			}
			if _, ok, err := j.Replied(ctx, "web", "m0"); !ok || err != nil {
				t.Errorf("the transaction does not see its own message: %v", err)
			}
			return undo
		})
		if !errors.Is(err, undo) {
			t.Error(err)
		}
		holds(t, j, 0)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := j.Record(ctx, message(0), reply(0), at(0, state(0)), nil); err == nil {
			t.Error("recorded for a context that had ended")
		}
		holds(t, j, 0)
	})

	t.Run("the same message 20 times at once", func(t *testing.T) {
		j, _ := open(t)
		var wg sync.WaitGroup
		errs := make([]error, 20)
		for i := range errs {
			wg.Go(func() { errs[i] = j.Record(t.Context(), message(0), reply(i), at(0, state(i)), nil) })
		}
		wg.Wait()
		recorded := 0
		for _, err := range errs {
			if err == nil {
				recorded++
			} else if !errors.Is(err, bot.ErrSeen) {
				t.Error(err)
			}
		}
		if recorded != 1 {
			t.Errorf("recorded %d times", recorded)
		}
		holds(t, j, 1)
	})

	t.Run("20 messages at once on one state", func(t *testing.T) {
		j, _ := open(t)
		var wg sync.WaitGroup
		errs := make([]error, 20)
		for i := range errs {
			wg.Go(func() { errs[i] = j.Record(t.Context(), message(i), reply(i), at(0, state(i)), nil) })
		}
		wg.Wait()
		recorded := 0
		for _, err := range errs {
			if err == nil {
				recorded++
			} else if !errors.Is(err, bot.ErrMoved) {
				t.Error(err)
			}
		}
		if recorded != 1 {
			t.Errorf("recorded %d times on one state", recorded)
		}
		holds(t, j, 1)
	})
}
