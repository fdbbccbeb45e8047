package openai

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/cenkalti/backoff/v5"
	"github.com/sashabaranov/go-openai"

	"guichet/knowledge"
)

// The limits of what is asked of the server.
const (
	batch       = 32   // texts in a request
	longest     = 8000 // bytes of a text; what follows hardly changes its vector, and servers refuse more
	requestTime = 60 * time.Second
	tries       = 5 // of a request
	firstPause  = 500 * time.Millisecond
	longestWait = time.Minute // that the server may ask for
)

// Embedder is a knowledge.Embedder. It is safe for concurrent use.
type Embedder struct {
	model  knowledge.Model
	client *openai.Client
	// sized tells that the server must be told how many dimensions are wanted.
	sized atomic.Bool
	pause time.Duration
}

// New gives the embedder of a model by the server of a URL (« https://…/v1 »); the key may be empty.
func New(url, key string, m knowledge.Model) *Embedder {
	config := openai.DefaultConfig(key)
	config.BaseURL = strings.TrimRight(url, "/")
	config.HTTPClient = &http.Client{Timeout: requestTime, Transport: patient{http.DefaultTransport}}
	return &Embedder{model: m, client: openai.NewClientWithConfig(config), pause: firstPause}
}

// Model implements knowledge.Embedder.
func (e *Embedder) Model() knowledge.Model { return e.model }

// Passages implements knowledge.Embedder. What fails for a moment is tried again, for a few minutes at most.
func (e *Embedder) Passages(ctx context.Context, m knowledge.Model, texts []string) ([][]float32, error) {
	var out [][]float32
	for len(texts) > 0 {
		n := min(batch, len(texts))
		vectors, err := e.embed(ctx, m, m.Name, m.PassagePrefix, texts[:n])
		if err != nil {
			return nil, err
		}
		out, texts = append(out, vectors...), texts[n:]
	}
	return out, nil
}

// Query implements knowledge.Embedder. The context says how long it may be tried.
func (e *Embedder) Query(ctx context.Context, m knowledge.Model, text string) ([]float32, error) {
	name := m.QueryName
	if name == "" {
		name = m.Name
	}
	vectors, err := e.embed(ctx, m, name, m.QueryPrefix, []string{text})
	if err != nil {
		return nil, err
	}
	return vectors[0], nil
}

func (e *Embedder) embed(ctx context.Context, m knowledge.Model, name, prefix string, texts []string) ([][]float32, error) {
	inputs := make([]string, len(texts))
	for i, t := range texts {
		inputs[i] = prefix + short(t)
	}
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval = e.pause
	limit := tries * longestWait
	if end, ok := ctx.Deadline(); ok { // a pause that cannot end in time is not begun
		limit = min(limit, time.Until(end))
	}
	vectors, err := backoff.Retry(ctx, func() ([][]float32, error) {
		vectors, err := e.ask(ctx, m, name, inputs)
		var wrong sizeError
		if errors.As(err, &wrong) && wrong.got > m.Dimensions && e.sized.CompareAndSwap(false, true) {
			vectors, err = e.ask(ctx, m, name, inputs)
		}
		return vectors, err
	}, backoff.WithBackOff(pauses), backoff.WithMaxTries(tries), backoff.WithMaxElapsedTime(max(limit, 1)))
	if err != nil {
		return nil, vectorServer.inFrench(err)
	}
	return vectors, nil
}

// sizeError is a vector of another length than the model's.
type sizeError struct{ got, want int }

func (e sizeError) Error() string {
	return fmt.Sprintf("le serveur de vecteurs en donne de %d dimensions au lieu de %d : corrigez GUICHET_EMBEDDINGS_DIMENSIONS ou le modèle", e.got, e.want)
}

// ask makes one request. An error is backoff's permanent when trying again would not help.
func (e *Embedder) ask(ctx context.Context, m knowledge.Model, name string, inputs []string) ([][]float32, error) {
	var wait time.Duration
	request := openai.EmbeddingRequest{Input: inputs, Model: openai.EmbeddingModel(name)}
	if e.sized.Load() {
		request.Dimensions = m.Dimensions
	}
	response, err := e.client.CreateEmbeddings(context.WithValue(ctx, waitKey{}, &wait), request)
	if err != nil {
		if !passing(err) {
			return nil, backoff.Permanent(err)
		}
		if wait > 0 {
			return nil, errors.Join(err, &backoff.RetryAfterError{Duration: min(wait, longestWait)})
		}
		return nil, err
	}
	out := make([][]float32, len(inputs))
	for _, d := range response.Data {
		if d.Index < 0 || d.Index >= len(out) || out[d.Index] != nil {
			return nil, backoff.Permanent(errors.New("le serveur de vecteurs numérote mal ses réponses"))
		}
		if len(d.Embedding) != m.Dimensions {
			return nil, backoff.Permanent(sizeError{len(d.Embedding), m.Dimensions})
		}
		out[d.Index] = d.Embedding
	}
	if len(response.Data) != len(inputs) {
		return nil, backoff.Permanent(fmt.Errorf("le serveur de vecteurs en donne %d pour %d textes", len(response.Data), len(inputs)))
	}
	return out, nil
}

// short cuts a text at the end of a character.
func short(text string) string {
	if len(text) <= longest {
		return text
	}
	end := longest
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// status gives the HTTP status of an error; 0 when the server did not answer.
func status(err error) int {
	var said *openai.APIError
	var unread *openai.RequestError
	switch {
	case errors.As(err, &said):
		return said.HTTPStatusCode
	case errors.As(err, &unread):
		return unread.HTTPStatusCode
	}
	return 0
}

// passing tells whether an error may be gone at the next try.
func passing(err error) bool {
	switch code := status(err); {
	case code == 0:
		return !errors.Is(err, context.Canceled)
	default:
		return code == http.StatusTooManyRequests || code == http.StatusRequestTimeout || code >= http.StatusInternalServerError
	}
}

// patient notes how long the server asks to wait: the client library does not say it.
type patient struct{ http.RoundTripper }

// waitKey is where the context carries a *time.Duration to note it in.
type waitKey struct{}

func (p patient) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := p.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if wait, ok := r.Context().Value(waitKey{}).(*time.Duration); ok && response.StatusCode >= http.StatusBadRequest {
		*wait = retryAfter(response.Header.Get("Retry-After"))
	}
	return response, nil
}

// retryAfter reads a number of seconds or a date; 0 when there is none.
func retryAfter(value string) time.Duration {
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		return time.Duration(seconds * float64(time.Second))
	}
	if at, err := http.ParseTime(value); err == nil {
		return time.Until(at)
	}
	return 0
}
