package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"guichet/bot"
	"guichet/knowledge"
	"guichet/routing/ledger"
)

// turnLimit is how much of a conversation a page shows.
const turnLimit = 100

// maxReason is the longest reason of a vote, in characters.
const maxReason = 1000

// chatPage is what chat.html shows.
type chatPage struct {
	Turns []turnView
	// Requests are those that the conversation began, where they stand.
	Requests []ledger.Request
	Examples []bot.Choice
	// Nonce tells the forms of this page from those of another: sending the same text twice from one page is one message.
	Nonce string
	// Draft is the text typed so far and Alert why it was not sent.
	Draft, Alert string
}

// turnView is what turn.html shows.
type turnView struct {
	bot.Turn
	Nonce string
	// Last marks the turn whose choices can still be answered.
	Last bool
	// Voted is « oui » or « non » just after a vote on the reply, Explained tells that a reason came with it.
	Voted     string
	Explained bool
}

func (s *site) showChat(w http.ResponseWriter, r *http.Request) {
	id := thread(r)
	if id == "" {
		id = newKey()
		s.startThread(w, r, id)
	}
	s.chat(w, r, id, http.StatusOK, chatPage{})
}

// chat shows a conversation. When it cannot be read again, what was typed is still shown, with the reason.
func (s *site) chat(w http.ResponseWriter, r *http.Request, thread string, code int, page chatPage) {
	page.Nonce = newKey()
	page.Examples = s.Examples
	turns, err := s.Journal.History(r.Context(), Channel, thread, turnLimit)
	if err != nil {
		s.Log.ErrorContext(r.Context(), "conversation not read", "error", err)
		code = http.StatusServiceUnavailable
		if page.Alert == "" {
			page.Alert = textFailure
		}
	}
	query := r.URL.Query()
	for i, turn := range turns {
		view := turnView{Turn: turn, Nonce: page.Nonce, Last: i == len(turns)-1}
		if turn.Reply.Answer != "" && turn.Reply.Answer == query.Get("avis") {
			view.Voted, view.Explained = query.Get("utile"), query.Get("motif") != ""
		}
		page.Turns = append(page.Turns, view)
	}
	page.Requests = s.begun(r.Context(), thread, turns)
	s.render(w, code, chatTemplate, page)
}

// begun gives the requests that a conversation began, with their events; the page is whole without them.
func (s *site) begun(ctx context.Context, thread string, turns []bot.Turn) (all []ledger.Request) {
	seen := map[string]bool{"": true}
	for _, turn := range turns {
		reference := turn.Reply.Request
		if seen[reference] {
			continue
		}
		seen[reference] = true
		r, err := s.Requests.Get(ctx, ledger.Viewer{Channel: Channel, Thread: thread}, reference)
		switch {
		case err == nil:
			all = append(all, r)
		case !errors.Is(err, ledger.ErrNotFound): // it joined another person's
			s.Log.ErrorContext(ctx, "request not read", "reference", reference, "error", err)
		}
	}
	return all
}

// postMessage takes a message. Without the script the answer is a redirection, so that reloading the page sends nothing.
func (s *site) postMessage(w http.ResponseWriter, r *http.Request) {
	if !s.form(w, r) {
		return
	}
	m, known := s.message(r)
	if !known {
		s.startThread(w, r, m.Thread)
	}
	if !s.allowed(w, r) {
		s.chat(w, r, m.Thread, http.StatusTooManyRequests, chatPage{Draft: m.Text, Alert: textTooMany})
		return
	}
	if wantsStream(r) {
		s.stream(w, r, m)
		return
	}
	reply, err := s.handle(r.Context(), m, nil)
	switch {
	case err != nil:
		s.chat(w, r, m.Thread, http.StatusServiceUnavailable, chatPage{Draft: m.Text, Alert: textNotHandled})
	case reply.Kind == bot.ReplyRefused:
		s.chat(w, r, m.Thread, http.StatusUnprocessableEntity, chatPage{Draft: m.Text, Alert: reply.Text})
	case !known:
		// The browser may refuse the cookie: a redirection would lose the reply.
		s.chat(w, r, m.Thread, http.StatusOK, chatPage{})
	default:
		http.Redirect(w, r, "/#derniere", http.StatusSeeOther)
	}
}

// message reads a message from the form; known tells that its conversation came from the browser's cookie. The message's
// id comes from the conversation, the page it was sent from and its text: a double click or a form sent again from the
// browser's history is the same message, another text is another message, and nobody can name someone else's.
func (s *site) message(r *http.Request) (m bot.Message, known bool) {
	nonce := r.PostFormValue("page")
	if nonce == "" {
		nonce = newKey()
	}
	text := strings.ReplaceAll(r.PostFormValue("texte"), "\r\n", "\n")
	id := thread(r)
	known = id != ""
	if !known {
		id = derivedKey("thread", nonce)
	}
	return bot.Message{
		Channel: Channel,
		ID:      derivedKey("message", id, nonce, text),
		Thread:  id,
		Text:    text,
		Asker:   bot.Asker{Audience: knowledge.Public},
		At:      s.Now(),
	}, known
}

// handle gives a message to the desk. A person who closes the page has sent the message all the same, and a panic of the
// desk is an error like another: the text typed is not lost with it.
func (s *site) handle(ctx context.Context, m bot.Message, said func(text string)) (reply bot.Reply, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), replyTimeout)
	defer cancel()
	start := time.Now()
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
		s.metrics.duration.Observe(time.Since(start).Seconds())
		if err != nil {
			s.Log.ErrorContext(ctx, "message not handled", "message", m.ID, "error", err)
			s.metrics.replies.WithLabelValues("error").Inc()
			return
		}
		s.metrics.replies.WithLabelValues(string(reply.Kind)).Inc()
	}()
	return s.Desk.Stream(ctx, m, said)
}

func (s *site) newConversation(w http.ResponseWriter, r *http.Request) {
	s.startThread(w, r, newKey())
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// postVote records whether an answer was useful; only an answer of the person's own conversation can be voted on.
func (s *site) postVote(w http.ResponseWriter, r *http.Request) {
	if !s.form(w, r) {
		return
	}
	if !s.allowed(w, r) {
		s.problem(w, r, http.StatusTooManyRequests, textTooMany)
		return
	}
	answer, useful, reason := r.PostFormValue("reponse"), r.PostFormValue("utile"), strings.TrimSpace(r.PostFormValue("motif"))
	if useful != "oui" && useful != "non" {
		s.problem(w, r, http.StatusBadRequest, textBadForm)
		return
	}
	if utf8.RuneCountInString(reason) > maxReason {
		s.problem(w, r, http.StatusUnprocessableEntity, textLongReason)
		return
	}
	own, err := s.answered(r.Context(), thread(r), answer)
	if err == nil && !own {
		s.problem(w, r, http.StatusNotFound, textNoAnswer)
		return
	}
	if err == nil {
		err = s.Journal.Vote(r.Context(), answer, useful == "oui", reason, s.Now())
	}
	if err != nil {
		s.Log.ErrorContext(r.Context(), "vote not recorded", "error", err)
		s.problem(w, r, http.StatusServiceUnavailable, textFailure)
		return
	}
	s.metrics.votes.WithLabelValues(strconv.FormatBool(useful == "oui")).Inc()
	back := url.Values{"avis": {answer}, "utile": {useful}}
	if reason != "" {
		back.Set("motif", "1")
	}
	http.Redirect(w, r, "/?"+back.Encode()+"#avis-"+url.PathEscape(answer), http.StatusSeeOther)
}

func (s *site) answered(ctx context.Context, thread, answer string) (bool, error) {
	if thread == "" || answer == "" {
		return false, nil
	}
	turns, err := s.Journal.History(ctx, Channel, thread, turnLimit)
	if err != nil {
		return false, err
	}
	for _, turn := range turns {
		if turn.Reply.Answer == answer {
			return true, nil
		}
	}
	return false, nil
}

// documentPage is what document.html shows.
type documentPage struct {
	knowledge.Document
	// Date is the document's, "" when it is not known; Shut tells that the scheme can no longer be asked for.
	Date     string
	Shut     bool
	Passages []passageView
}

// passageView is a passage with the title to show above it when it opens a new part, and whether it is the one quoted.
type passageView struct {
	knowledge.Passage
	Heading string
	Quoted  bool
}

// showDocument opens a document around the passage that was quoted, under the public audience only.
func (s *site) showDocument(w http.ResponseWriter, r *http.Request) {
	document, passages, err := s.Open(r.Context(), knowledge.Viewer{Audience: knowledge.Public}, r.PathValue("id"))
	switch {
	case errors.Is(err, knowledge.ErrNotFound) || err == nil && document.Audience != knowledge.Public:
		s.problem(w, r, http.StatusNotFound, textNoDocument)
		return
	case err != nil:
		s.Log.ErrorContext(r.Context(), "document not opened", "error", err)
		s.problem(w, r, http.StatusServiceUnavailable, textFailure)
		return
	}
	page := documentPage{Document: document, Shut: document.Closed(s.Now())}
	if !document.Date.IsZero() {
		page.Date = document.Date.Format(dayLayout)
	}
	quoted, err := strconv.Atoi(r.URL.Query().Get("p"))
	if err != nil {
		quoted = -1
	}
	last := ""
	for _, passage := range passages {
		view := passageView{Passage: passage, Quoted: passage.Ordinal == quoted}
		if heading := strings.Join(passage.Path, " › "); heading != last {
			view.Heading, last = heading, heading
		}
		page.Passages = append(page.Passages, view)
	}
	s.render(w, http.StatusOK, documentTemplate, page)
}
