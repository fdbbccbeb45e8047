package web

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what an operator looks at: is the page used, does it answer, how fast, and are people content.
type metrics struct {
	requests *prometheus.CounterVec
	replies  *prometheus.CounterVec
	duration prometheus.Histogram
	votes    *prometheus.CounterVec
}

func newMetrics(registry *prometheus.Registry) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "guichet_web_requests_total", Help: "HTTP requests by route and status code.",
		}, []string{"route", "code"}),
		replies: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "guichet_web_replies_total", Help: "Replies given on the chat page by kind; error when the desk failed.",
		}, []string{"kind"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "guichet_web_reply_seconds", Help: "Time from a message to its reply.",
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}),
		votes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "guichet_web_votes_total", Help: "Votes on answers.",
		}, []string{"useful"}),
	}
	for _, c := range []prometheus.Collector{m.requests, m.replies, m.duration, m.votes} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("mesures de la page web : %w", err)
		}
	}
	return m, nil
}

// count counts each request under the route that served it, never under its path, which anyone can invent.
func (m *metrics) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorder := &codeRecorder{ResponseWriter: w, code: http.StatusOK}
		next.ServeHTTP(recorder, r)
		route := r.Pattern
		if route == "" {
			route = "none"
		}
		m.requests.WithLabelValues(route, strconv.Itoa(recorder.code)).Inc()
	})
}

type codeRecorder struct {
	http.ResponseWriter
	code int
}

func (c *codeRecorder) WriteHeader(code int) {
	c.code = code
	c.ResponseWriter.WriteHeader(code)
}

// Unwrap lets http.ResponseController flush the stream.
func (c *codeRecorder) Unwrap() http.ResponseWriter { return c.ResponseWriter }
