package openai

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
)

// server says how people call a server and the settings that lead to it.
type server struct{ name, key, address string }

var (
	vectorServer = server{"le serveur de vecteurs", "GUICHET_EMBEDDINGS_KEY", "GUICHET_EMBEDDINGS_URL, GUICHET_EMBEDDINGS_MODEL"}
	writerServer = server{"le serveur du modèle", "GUICHET_MODEL_KEY", "GUICHET_MODEL_URL, GUICHET_MODEL"}
)

// inFrench says what an error is to the person who set the server up; the server's own words follow.
func (s server) inFrench(err error) error {
	var network net.Error
	sentence := ""
	switch code := status(err); {
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		sentence = "refuse la clé (" + s.key + ")"
	case code == http.StatusNotFound:
		sentence = "ne connaît pas cette adresse ou ce modèle (" + s.address + ")"
	case code == http.StatusTooManyRequests:
		sentence = "demande d'attendre"
	case code >= http.StatusInternalServerError:
		sentence = "est en panne"
	case code != 0:
		sentence = "refuse la demande"
	case errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network) && network.Timeout():
		sentence = "n'a pas répondu à temps"
	case errors.As(err, &network):
		sentence = "est injoignable"
	default:
		return err
	}
	return fmt.Errorf("%s %s : %w", s.name, sentence, err)
}
