package discord_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"guichet/bot/bottest"
	"guichet/migrations/database"
)

const (
	firstSaid  = "Il y en a trois [1]."
	secondSaid = "Une phrase retirée [1]."
	wholeSaid  = "Il y en a trois [1]. Chacune a sa durée [1]."
	writing    = "La réponse s'écrit…"

	post = "POST /channels/{channel}/messages"
	edit = "PATCH /channels/{channel}/messages/{message}"
)

// wording joins a guichet whose model says what the test lets go.
func (w *server) wording(db *database.DB) (*guichet, *bottest.Words) {
	g := w.join(db, true)
	words := &bottest.Words{Say: make(chan string), Whole: wholeSaid}
	g.Desk.Words = words
	return g, words
}

// here gives the bot's messages of a channel, as they are now.
func (w *server) here(channel string) []message {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(w.messages[channel]), func(m message) bool { return m.Author["id"] != me })
}

func (w *server) called(method string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls[method]
}

// whole tells whether a channel holds the reply, and nothing else.
func (w *server) whole(channel string) bool {
	all := w.here(channel)
	return len(all) == 1 && isWhole(all[0]) && strings.Contains(all[0].Content, "Chacune a sa durée")
}

func isWhole(m message) bool {
	return len(m.Embeds) > 0 && len(m.Components) > 0 && !strings.Contains(m.Content, "retirée") && !strings.Contains(m.Content, writing)
}

// An answer is shown while it is worded, in one message that the whole reply replaces; the sentences that it does not keep
// are seen no more.
func TestAnAnswerGrows(t *testing.T) {
	w := newServer(t)
	g, words := w.wording(fresh(t))
	for _, channel := range []string{partnerChannel, voice} { // in a thread, and where there is none
		words.Say = make(chan string)
		where := channel
		if said := w.says(partner, channel, at(me)+bottest.Question); channel != voice {
			where = said["id"].(string)
		}
		posts, edits := w.called(post), w.called(edit)
		words.Say <- firstSaid
		w.until("the first sentence is shown", func() bool {
			all := w.here(where)
			return len(all) == 1 && strings.Contains(all[0].Content, "Il y en a trois") && strings.Contains(all[0].Content, writing)
		})
		start := time.Now()
		words.Say <- secondSaid
		w.until("the second sentence is shown", func() bool { return strings.Contains(w.here(where)[0].Content, "retirée") })
		if took := time.Since(start); took < time.Second {
			t.Errorf("edited again after %v", took)
		}
		for range 50 {
			words.Say <- "Encore."
		}
		close(words.Say)
		w.until("the whole reply is shown", func() bool { return w.whole(where) })
		if w.quiet(); w.called(post)-posts != 1 || w.called(edit)-edits > 3 {
			t.Errorf("%d messages, %d edits", w.called(post)-posts, w.called(edit)-edits)
		}
	}
	// What one person sees grows too.
	words.Say = make(chan string)
	w.asks(partner, partnerChannel, "question", map[string]string{"texte": bottest.Question})
	words.Say <- firstSaid
	last := func() message {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.shown[len(w.shown)-1]
	}
	w.until("the first sentence is shown", func() bool { m := last(); return m.to == partner && strings.Contains(m.Content, writing) })
	close(words.Say)
	w.until("the whole reply is shown", func() bool { m := last(); return m.to == partner && isWhole(m) })
	if log := g.Office.Log.String(); strings.Contains(log, "non montrée") {
		t.Error(log)
	}
}

// Whatever fails while an answer is shown, the whole reply comes, once.
func TestAnAnswerNeverFreezes(t *testing.T) {
	for name, c := range map[string]struct{ post, edit []string }{
		"the first part comes too soon":          {post: []string{"429 0.5"}},
		"the first part fails":                   {post: []string{"500"}},
		"the first part is cut":                  {post: []string{"cut"}},
		"the first part is cut once it is there": {post: []string{"cut after"}},
		"an edit comes too soon":                 {edit: []string{"429 0.5"}},
		"edits come too soon for long":           {edit: []string{"429 120"}},
		"an edit fails":                          {edit: []string{"500"}},
		"an edit is cut":                         {edit: []string{"cut"}},
		"the reply comes too soon":               {edit: []string{"", "429 0.5"}},
		"somebody removed the message meanwhile": {edit: []string{"404", "404"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newServer(t)
			g, words := w.wording(fresh(t))
			w.mu.Lock()
			w.faults[post], w.faults[edit] = c.post, c.edit
			w.mu.Unlock()
			where := w.says(partner, partnerChannel, at(me)+bottest.Question)["id"].(string)
			words.Say <- firstSaid
			w.until("Discord is called", func() bool { return w.called(post) > 0 })
			words.Say <- secondSaid
			if len(c.edit) > 0 {
				w.until("Discord is called again", func() bool { return w.called(edit) > 0 })
			}
			if strings.HasPrefix(name, "somebody") {
				w.mu.Lock()
				w.messages[where] = nil
				w.mu.Unlock()
			}
			close(words.Say)
			w.until("the whole reply is shown", func() bool { return w.whole(where) })
			if w.quiet(); strings.Contains(g.Office.Log.String(), "abandonnée") {
				t.Error(g.Office.Log)
			}
		})
	}
}

// The process stops in the middle of an answer, or Discord asks for a long wait when the whole reply comes: it comes later,
// in place of what was shown.
func TestAnAnswerIsEndedByTheNextProcess(t *testing.T) {
	for _, long := range []bool{false, true} {
		w := newServer(t)
		db := fresh(t)
		g, words := w.wording(db)
		where := w.says(partner, partnerChannel, at(me)+bottest.Question)["id"].(string)
		words.Say <- firstSaid
		w.until("the first sentence is shown", func() bool { return len(w.here(where)) == 1 })
		if long {
			w.mu.Lock()
			w.faults[edit] = []string{"429 300"}
			w.mu.Unlock()
			close(words.Say)
			w.until("the reply is put off", func() bool { return strings.Contains(g.Office.Log.String(), "remise à plus tard") })
		}
		g.stop()
		if all := w.here(where); len(all) != 1 || !strings.Contains(all[0].Content, writing) {
			t.Fatalf("%+v", all)
		}
		w.later(10 * time.Minute)
		w.join(db, true)
		w.until("the whole reply is shown", func() bool {
			all := w.here(where)
			return len(all) == 1 && isWhole(all[0]) && strings.Contains(all[0].Content, map[bool]string{true: "Chacune a sa durée", false: "Extrait"}[long])
		})
	}
}
