package openai

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/sashabaranov/go-openai"

	"guichet/knowledge"
)

const (
	longestAnswer = 400     // tokens that the model may write
	longestStream = 1 << 20 // bytes that are read of the server
	// failures in a row after which the server is left alone for rest, or as long as it asks, up to longestWait.
	failures = 3
	rest     = 30 * time.Second
)

// Writer is a knowledge.Writer. It is safe for concurrent use.
type Writer struct {
	model   string
	client  *openai.Client
	breaker breaker
}

// NewWriter gives a model by the server of a URL (« https://…/v1 »); the key may be empty. The clock tells how long the
// server has been left alone.
func NewWriter(url, key, model string, clock func() time.Time) *Writer {
	config := openai.DefaultConfig(key)
	config.BaseURL = strings.TrimRight(url, "/")
	config.HTTPClient = &http.Client{Transport: patient{brief{http.DefaultTransport}}} // the context says how long
	return &Writer{model: model, client: openai.NewClientWithConfig(config), breaker: breaker{clock: clock}}
}

// Write implements knowledge.Writer. It tries once: the person waits.
func (w *Writer) Write(ctx context.Context, order, data string, piece func(text string) error) error {
	if !w.breaker.admits() {
		return knowledge.ErrOff
	}
	var wait time.Duration
	var refused error // by piece: no fault of the server's
	err := w.stream(context.WithValue(ctx, waitKey{}, &wait), order, data, func(text string) error {
		refused = piece(text)
		return refused
	})
	if refused != nil {
		w.breaker.ended(nil, 0)
		return refused
	}
	w.breaker.ended(err, wait)
	if err != nil {
		return writerServer.inFrench(err)
	}
	return nil
}

// Resting implements knowledge.Writer.
func (w *Writer) Resting() bool { return w.breaker.resting() }

func (w *Writer) stream(ctx context.Context, order, data string, piece func(text string) error) error {
	stream, err := w.client.CreateChatCompletionStream(ctx, openai.ChatCompletionRequest{
		Model:       w.model,
		MaxTokens:   longestAnswer,
		Temperature: math.SmallestNonzeroFloat32, // the library leaves 0 out
		Messages: []openai.ChatCompletionMessage{
			{Role: openai.ChatMessageRoleSystem, Content: order},
			{Role: openai.ChatMessageRoleUser, Content: data},
		},
	})
	if err != nil {
		return err
	}
	defer func() { _ = stream.Close() }()
	ended := false
	for {
		part, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF) && ended:
			return nil
		case errors.Is(err, io.EOF):
			return fmt.Errorf("la réponse du modèle s'arrête au milieu : %w", io.ErrUnexpectedEOF)
		case err != nil:
			return err
		case len(part.Choices) == 0: // a count of tokens
			continue
		}
		choice := part.Choices[0]
		if len(choice.Delta.ToolCalls) > 0 || choice.Delta.FunctionCall != nil {
			return errors.New("le modèle demande un outil au lieu de répondre")
		}
		ended = ended || choice.FinishReason != ""
		if choice.Delta.Content == "" {
			continue
		}
		if err := piece(choice.Delta.Content); err != nil {
			return err
		}
	}
}

// brief bounds what is read of a server.
type brief struct{ http.RoundTripper }

func (b brief) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := b.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(response.Body, longestStream), response.Body}
	return response, nil
}

// breaker leaves a server alone after failures in a row, then lets one request try it.
type breaker struct {
	clock func() time.Time

	mu     sync.Mutex
	failed int
	until  time.Time
	trying bool
}

func (b *breaker) admits() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed() {
		return false
	}
	b.trying = b.failed >= failures
	return true
}

// closed tells whether a request would be refused; the caller holds the lock.
func (b *breaker) closed() bool {
	return b.failed >= failures && (b.trying || b.clock().Before(b.until))
}

func (b *breaker) ended(err error, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trying = false
	if err == nil {
		b.failed = 0
		return
	}
	b.failed++
	b.until = b.clock().Add(max(rest, min(wait, longestWait)))
}

func (b *breaker) resting() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.closed()
}
