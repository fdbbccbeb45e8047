package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"guichet/routing/ledger"
)

// problem is what went wrong, in French (RFC 9457).
type problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

func (p problem) Error() string { return p.Title + " : " + p.Detail }

var (
	slow     = problem{Status: http.StatusTooManyRequests, Title: "Trop d'appels", Detail: "Attendez quelques secondes avant de recommencer."}
	internal = problem{Status: http.StatusInternalServerError, Title: "Erreur du guichet", Detail: "L'appel n'a pas abouti ; réessayez dans une minute."}
)

func wrong(detail string) problem {
	return problem{Status: http.StatusBadRequest, Title: "Appel mal formé", Detail: detail}
}

// unfit is what can be read and makes no sense.
func unfit(err error) problem {
	return problem{Status: http.StatusUnprocessableEntity, Title: "Contenu refusé", Detail: err.Error()}
}

// fail tells what went wrong; what is not the caller's fault is told to the operator.
func (s *Server) fail(w http.ResponseWriter, c *call, err error) {
	var p problem
	switch {
	case errors.As(err, &p):
	case errors.Is(err, ledger.ErrNotFound), errors.Is(err, ledger.ErrNoViewer):
		p = problem{Status: http.StatusNotFound, Title: "Demande introuvable", Detail: "Aucune demande de ce numéro, dans ce que ce jeton peut voir."}
	case errors.Is(err, ledger.ErrNoReason):
		p = unfit(err)
	case errors.Is(err, ledger.ErrTransition):
		p = problem{Status: http.StatusConflict, Title: "Changement impossible", Detail: err.Error()}
	case c.Request.Context().Err() != nil && errors.Is(c.Request.Context().Err(), context.Canceled):
		return // nobody waits any longer
	default:
		s.Log.ErrorContext(c.Request.Context(), "appel de l'API", "path", c.URL.Path, "token", c.token.ID, "error", err)
		p = internal
	}
	if p.Status == http.StatusTooManyRequests || p.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "10")
	}
	tell(w, p)
}

func tell(w http.ResponseWriter, p problem) { write(w, p.Status, "application/problem+json", p) }

func write(w http.ResponseWriter, status int, kind string, body any) {
	var content bytes.Buffer
	e := json.NewEncoder(&content)
	e.SetEscapeHTML(false)
	if err := e.Encode(body); err != nil {
		status, kind = internal.Status, "application/problem+json"
		content.Reset()
		_ = e.Encode(internal)
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = w.Write(content.Bytes())
}
