package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"guichet/bot"
)

// The events of a streamed reply, in their order: received, any number of worded, then reply or problem.
const (
	eventReceived = "received" // the person's message, at once
	eventWorded   = "worded"   // a checked part of an answer that is being worded; the reply replaces it
	eventReply    = "reply"    // the reply, and the nonce of the next message
	eventProblem  = "problem"  // why there is no reply; the person's text stays in the form
)

// streamed is the data of an event: a piece of the page, rendered by the same templates as the page without the script.
type streamed struct {
	HTML  string `json:"html"`
	Nonce string `json:"nonce,omitempty"`
}

// wantsStream tells whether the page's script sent the form.
func wantsStream(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/event-stream")
}

// stream acknowledges a message at once and sends the reply when it is ready. A browser that leaves meanwhile finds the
// reply in its conversation.
func (s *site) stream(w http.ResponseWriter, r *http.Request, m bot.Message) {
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.Header().Set("X-Accel-Buffering", "no")
	view := turnView{Turn: bot.Turn{Message: m}, Nonce: newKey(), Last: true}
	s.send(w, eventReceived, "message", view, "")

	reply, err := s.handle(r.Context(), m, func(text string) { s.send(w, eventWorded, "worded", text, "") })
	switch {
	case err != nil:
		s.send(w, eventProblem, "alert", textNotHandled, "")
	case reply.Kind == bot.ReplyRefused:
		s.send(w, eventProblem, "alert", reply.Text, "")
	default:
		view.Reply = reply
		s.send(w, eventReply, "reply", view, view.Nonce)
	}
}

// send writes one event: a template of the chat page, in JSON so that it holds in one line.
func (s *site) send(w http.ResponseWriter, event, name string, data any, nonce string) {
	var html bytes.Buffer
	if err := chatTemplate.ExecuteTemplate(&html, name, data); err != nil {
		s.Log.Error("event not rendered", "event", event, "error", err)
		return
	}
	line, err := json.Marshal(streamed{HTML: html.String(), Nonce: nonce})
	if err != nil {
		s.Log.Error("event not written", "event", event, "error", err)
		return
	}
	// A write fails only when the browser has left: the reply is recorded by the desk all the same.
	_, _ = fmt.Fprintf(w, "event: %s\ndata: %s\n\n", event, line)
	_ = http.NewResponseController(w).Flush()
}
