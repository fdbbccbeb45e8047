package web

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"guichet/bot"
	"guichet/knowledge"
	"guichet/routing/convention"
	"guichet/routing/funding"
	"guichet/routing/ledger"
	"guichet/routing/ledger/steering"
	"guichet/routing/sheet"
)

// Channel is the name of this channel in messages and in the ledger.
const Channel = "web"

// How long the parts of an exchange may last. The reply's own limit stays below the one of the connection, so that a person
// gets a sentence rather than a broken page.
const (
	replyTimeout  = 45 * time.Second
	writeTimeout  = 60 * time.Second
	readTimeout   = 15 * time.Second
	headerTimeout = 5 * time.Second
	idleTimeout   = 2 * time.Minute
	healthTimeout = 5 * time.Second
)

// maxBody is the largest request body that is read, in bytes.
const maxBody = 1 << 20

// Desk takes every message.
type Desk interface {
	// Stream gives the reply to a message; said, if not nil, is given before it the parts of an answer as they are worded.
	Stream(ctx context.Context, m bot.Message, said func(text string)) (bot.Reply, error)
}

// Sheets tell what is known of EPCIs (bot.Sheets does).
type Sheets interface {
	Of(ctx context.Context, asker bot.Asker, siren string, now time.Time) (bot.Sheet, bool, error)
	All(ctx context.Context, now time.Time) ([]bot.Line, error)
	Find(sought string) []bot.EPCI
	OfRequest(ctx context.Context, asker bot.Asker, r ledger.Request, at time.Time) ([]string, error)
}

// Direction is a direction that a request can be given to.
type Direction struct{ Code, Name string }

// Job is something that was given up after every try.
type Job struct {
	What, Why string
	At        time.Time
}

// Config is what the pages are made of. All fields are required but StaffToken, Directions and Examples.
type Config struct {
	Desk     Desk
	Journal  bot.Journal
	Requests ledger.Store
	// Fundings are shown to agents.
	Fundings funding.Watcher
	// Open gives a document and its passages in reading order, or knowledge.ErrNotFound (knowledge.Store.Open does).
	Open func(ctx context.Context, v knowledge.Viewer, id string) (knowledge.Document, []knowledge.Passage, error)
	// Abandoned gives the jobs that were given up, newest first.
	Abandoned func(ctx context.Context) ([]Job, error)
	// Alerts gives the ends of conventions that were told, newest first.
	Alerts func(ctx context.Context, limit int) ([]convention.Alert, error)
	// Sheets tell what is known of EPCIs.
	Sheets Sheets
	// Revues make the documents of the reviews of projects.
	Revues Revues
	// Projects are the sheets of investment projects, Reachable tells which EPCIs have a channel.
	Projects  *bot.Projects
	Reachable sheet.Reachable
	// Board answers what the staff view asks to steer by.
	Board steering.Board
	// Directions are offered by the staff view, in this order.
	Directions []Direction
	// Path gives the path that a request follows: its label and its steps, none without a profile.
	Path func(r ledger.Request) (label string, steps []ledger.Milestone)
	// Examples are offered to a person who has written nothing yet.
	Examples []bot.Choice
	// StaffToken opens the staff view; empty, there is no staff view.
	StaffToken string
	// BehindProxy tells that the last address of X-Forwarded-For, and X-Forwarded-Proto, are those of a trusted proxy.
	BehindProxy bool
	// Health says why the service cannot work, or nil.
	Health  func(ctx context.Context) error
	Metrics *prometheus.Registry
	Now     func() time.Time
	Log     *slog.Logger
}

// site holds what the handlers share.
type site struct {
	Config
	limits  *limits
	metrics *metrics
	staff   *staffDoor
}

// NewServer gives a server ready to listen; the address and its end are the caller's. It fails when a metric of its name is
// already registered.
func NewServer(c Config) (*http.Server, error) {
	m, err := newMetrics(c.Metrics)
	if err != nil {
		return nil, err
	}
	s := &site{Config: c, metrics: m, limits: newLimits(c.Now), staff: newStaffDoor(c.StaffToken, c.Now)}
	return &http.Server{
		Handler:           s.protect(s.routes()),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		ErrorLog:          slog.NewLogLogger(c.Log.Handler(), slog.LevelWarn),
	}, nil
}

func (s *site) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.showChat)
	mux.HandleFunc("POST /{$}", s.postMessage)
	mux.HandleFunc("POST /conversation", s.newConversation)
	mux.HandleFunc("POST /avis", s.postVote)
	mux.HandleFunc("GET /document/{id}", s.showDocument)
	mux.HandleFunc("GET /assets/", serveAsset)

	mux.HandleFunc("GET /agents/connexion", s.showLogin)
	mux.HandleFunc("POST /agents/connexion", s.postLogin)
	mux.HandleFunc("POST /agents/deconnexion", s.postLogout)
	mux.HandleFunc("GET /agents", s.agents(s.showRequests))
	mux.HandleFunc("GET /agents/demandes/{reference}", s.agents(s.showRequest))
	mux.HandleFunc("POST /agents/demandes/{reference}/{action}", s.agents(s.postAction))
	mux.HandleFunc("GET /agents/entreprise", s.agents(s.showCompany))
	mux.HandleFunc("GET /agents/doublons", s.agents(s.showTwins))
	mux.HandleFunc("GET /agents/financements", s.agents(s.showWarnings))
	mux.HandleFunc("POST /agents/financements", s.agents(s.postSettlement))
	mux.HandleFunc("GET /agents/epci", s.agents(s.showEPCIs))
	mux.HandleFunc("GET /agents/epci/{siren}", s.agents(s.showEPCI))
	mux.HandleFunc("GET /agents/revues", s.agents(s.showRevues))
	mux.HandleFunc("GET /agents/revues/{scope}", s.agents(s.showRevue))
	mux.HandleFunc("GET /agents/fiches", s.agents(s.showProjects))
	mux.HandleFunc("POST /agents/fiches", s.agents(s.postProject))
	mux.HandleFunc("GET /agents/fiches/{reference}", s.agents(s.showProject))
	mux.HandleFunc("POST /agents/fiches/{reference}/{action}", s.agents(s.postProjectAction))
	mux.HandleFunc("GET /agents/pilotage", s.agents(s.showSteering))
	mux.HandleFunc("GET /agents/pilotage.csv", s.agents(s.giveSteeringCSV))
	mux.HandleFunc("GET /agents/envois", s.agents(s.showNotices))
	mux.HandleFunc("GET /agents/questions", s.agents(s.showGaps))

	mux.HandleFunc("GET /healthz", s.showHealth)
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.Metrics, promhttp.HandlerOpts{}))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.problem(w, r, http.StatusNotFound, textNoPage)
	})
	return mux
}

func (s *site) showHealth(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), healthTimeout)
	defer cancel()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if err := s.Health(ctx); err != nil {
		s.Log.ErrorContext(ctx, "health check failed", "error", err)
		http.Error(w, textUnhealthy, http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ok\n"))
}
