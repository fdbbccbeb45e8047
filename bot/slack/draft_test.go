package slack_test

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
)

// wording serves a guichet whose model says what the test lets go.
func (w *workspace) wording(db *database.DB) (*guichet, *bottest.Words) {
	g := w.serve(db, false)
	words := &bottest.Words{Say: make(chan string), Whole: wholeSaid}
	g.Desk.Words = words
	return g, words
}

// thread gives the bot's messages in a thread, as they are now.
func (w *workspace) thread(channel, ts string) []message {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(w.messages[channel]), func(m message) bool { return m.thread != ts || m.user != me })
}

// whole tells whether a thread holds the reply, and nothing else.
func (w *workspace) whole(channel, ts string) bool {
	all := w.thread(channel, ts)
	return len(all) == 1 && strings.Contains(all[0].blocks, "Chacune a sa durée") && strings.Contains(all[0].blocks, "Fiche "+bottest.PublicWord) &&
		strings.Contains(all[0].blocks, "useful") && !strings.Contains(all[0].blocks, "retirée") && !strings.Contains(all[0].blocks, writing)
}

// An answer is shown while it is worded, in one message that the whole reply replaces; the sentences that it does not keep
// are seen no more.
func TestAnAnswerGrows(t *testing.T) {
	w := newWorkspace(t)
	g, words := w.wording(fresh(t))
	said := w.says(partner, partnerChannel, "", "<@UBOT> "+question)
	g.overHTTP("events_api", callback(said))
	ts := said["ts"].(string)
	words.Say <- firstSaid
	w.until("the first sentence is shown", func() bool {
		all := w.thread(partnerChannel, ts)
		return len(all) == 1 && strings.Contains(all[0].blocks, "Il y en a trois") && strings.Contains(all[0].blocks, writing)
	})
	start := time.Now()
	words.Say <- secondSaid
	w.until("the second sentence is shown", func() bool { return strings.Contains(w.thread(partnerChannel, ts)[0].blocks, "retirée") })
	if took := time.Since(start); took < 800*time.Millisecond {
		t.Errorf("edited again after %v", took)
	}
	for range 50 {
		words.Say <- "Encore."
	}
	close(words.Say)
	w.until("the whole reply is shown", func() bool { return w.whole(partnerChannel, ts) })
	w.quiet()
	if n := w.calls["chat.update"]; n > 3 || w.calls["chat.postMessage"] != 1 {
		t.Errorf("%d edits, %d messages", n, w.calls["chat.postMessage"])
	}
	// In direct messages too; what one person sees of a channel comes at once.
	words.Say = make(chan string)
	g.overHTTP("events_api", callback(w.says(partner, "D0PARTNER", "", question)))
	words.Say <- firstSaid
	w.until("the first sentence is shown", func() bool { return w.last().channel == "D0PARTNER" && strings.Contains(w.last().blocks, writing) })
	close(words.Say)
	w.until("the whole reply is shown", func() bool { return strings.Contains(w.last().blocks, "durée") })
	words.Say = make(chan string)
	shown := w.after(1, func() {
		g.overHTTP("slash_commands", w.asks(partner, partnerChannel, question))
		words.Say <- firstSaid
		close(words.Say)
	})
	if len(shown) != 1 || !shown[0].ephemeral || !strings.Contains(shown[0].blocks, "durée") {
		t.Errorf("%+v", shown)
	}
}

// Whatever fails while an answer is shown, the whole reply comes, once.
func TestAnAnswerNeverFreezes(t *testing.T) {
	for name, c := range map[string]struct{ post, update []string }{
		"the first part comes too soon":             {post: []string{"429 1"}},
		"the first part is refused":                 {post: []string{"internal_error"}},
		"the first part fails":                      {post: []string{"500"}},
		"the first part is cut":                     {post: []string{"cut"}},
		"the first part is cut once it is there":    {post: []string{"cut after"}},
		"an edit comes too soon":                    {update: []string{"429 1"}},
		"edits come too soon for long":              {update: []string{"429 120"}},
		"an edit fails":                             {update: []string{"500"}},
		"an edit is cut":                            {update: []string{"cut"}},
		"the reply comes too soon":                  {update: []string{"", "429 1"}},
		"somebody removed the message meanwhile":    {update: []string{"message_not_found", "message_not_found"}},
		"the message can be edited no more at last": {update: []string{"", "edit_window_closed"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorkspace(t)
			g, words := w.wording(fresh(t))
			w.faults["chat.postMessage"], w.faults["chat.update"] = c.post, c.update
			said := w.says(partner, partnerChannel, "", "<@UBOT> "+question)
			g.overHTTP("events_api", callback(said))
			ts := said["ts"].(string)
			words.Say <- firstSaid
			w.until("Slack is called", func() bool {
				w.mu.Lock()
				defer w.mu.Unlock()
				return w.calls["chat.postMessage"] > 0
			})
			words.Say <- secondSaid
			if len(c.update) > 0 { // let the edit happen
				w.until("Slack is called again", func() bool {
					w.mu.Lock()
					defer w.mu.Unlock()
					return w.calls["chat.update"] > 0
				})
			}
			removed := strings.HasPrefix(name, "somebody")
			if removed {
				w.mu.Lock()
				w.messages[partnerChannel] = slices.DeleteFunc(w.messages[partnerChannel], func(m message) bool { return m.user == me })
				w.mu.Unlock()
			}
			close(words.Say)
			w.until("the whole reply is shown", func() bool {
				if strings.HasPrefix(name, "the message can") { // what cannot be edited stays, and the reply follows
					all := w.thread(partnerChannel, ts)
					return len(all) == 2 && strings.Contains(all[1].blocks, "Chacune a sa durée")
				}
				return w.whole(partnerChannel, ts)
			})
			if w.quiet(); strings.Contains(g.Office.Log.String(), "abandonnée") {
				t.Error(g.Office.Log)
			}
		})
	}
}

// The process stops in the middle of an answer, or Slack asks for a long wait when the whole reply comes: it comes later, in
// place of what was shown.
func TestAnAnswerIsEndedByTheNextProcess(t *testing.T) {
	for _, long := range []bool{false, true} {
		w := newWorkspace(t)
		db := fresh(t)
		g, words := w.wording(db)
		said := w.says(partner, partnerChannel, "", "<@UBOT> "+question)
		g.overHTTP("events_api", callback(said))
		ts := said["ts"].(string)
		words.Say <- firstSaid
		w.until("the first sentence is shown", func() bool { return len(w.thread(partnerChannel, ts)) == 1 })
		if long {
			w.mu.Lock()
			w.faults["chat.update"] = []string{"429 300"}
			w.mu.Unlock()
			close(words.Say)
			w.until("the reply is put off", func() bool { return strings.Contains(g.Office.Log.String(), "remise à plus tard") })
		}
		g.stop()
		if all := w.thread(partnerChannel, ts); len(all) != 1 || !strings.Contains(all[0].blocks, writing) {
			t.Fatalf("%+v", all)
		}
		if long { // not before Slack said
			w.later(4 * time.Minute)
			next := w.serve(db, false)
			time.Sleep(50 * time.Millisecond)
			next.stop()
			if w.calls["chat.update"] != 1 {
				t.Errorf("%d edits before the time", w.calls["chat.update"])
			}
		}
		w.later(10 * time.Minute)
		w.serve(db, false)
		w.until("the whole reply is shown", func() bool {
			all := w.thread(partnerChannel, ts)
			return len(all) == 1 && !strings.Contains(all[0].blocks, writing) && strings.Contains(all[0].blocks, "Fiche "+bottest.PublicWord) && strings.Contains(all[0].blocks, "useful") &&
				strings.Contains(all[0].blocks, map[bool]string{true: "Chacune a sa durée", false: "Extrait"}[long])
		})
	}
}
