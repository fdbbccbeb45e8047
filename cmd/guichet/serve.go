package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sync/errgroup"

	"guichet/bot"
	"guichet/bot/courier"
	"guichet/bot/privacy"
	"guichet/bot/web"
	"guichet/knowledge"
	"guichet/knowledge/sqlstore"
	"guichet/migrations/database"
	"guichet/routing/convention"
	"guichet/routing/ledger"
)

const (
	// shutdownTime lets the replies that are being written end.
	shutdownTime = 10 * time.Second
	// startTime is how long a start waits for a database server that does not answer, startPause how long between two tries.
	startTime  = 30 * time.Second
	startPause = time.Second
)

type serveCmd struct {
	Address    string        `env:"GUICHET_ADDRESS" default:"127.0.0.1:8080" placeholder:"127.0.0.1:8080" help:"Adresse de la page web (127.0.0.1:8080 par défaut)."`
	StaffToken string        `env:"GUICHET_STAFF_TOKEN" placeholder:"JETON" help:"Jeton de l'espace des agents (tiré au sort par défaut)."`
	Refresh    time.Duration `env:"GUICHET_REFRESH" default:"24h" placeholder:"24h" help:"Âge auquel une adresse suivie est relue (24h par défaut, 0 pour jamais)."`
	sourceFlags
}

func (c *serveCmd) Run(ctx context.Context, a *app) error {
	a.log = slog.New(slog.NewTextHandler(a.stderr, nil))
	// The port first: it is what fails most, and the base takes a moment.
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Address)
	if err != nil {
		return fmt.Errorf("écouter sur %s : %w", c.Address, frenchListen(err))
	}
	defer listener.Close()
	db, err := a.openWithin(ctx, startTime)
	if err != nil {
		return err
	}
	defer db.Close()
	o, err := a.openOffice(ctx, db)
	if err != nil {
		return err
	}
	token := c.StaffToken
	if token == "" {
		token = rand.Text()
	}
	server, err := web.NewServer(a.pages(o, db, token))
	if err != nil {
		return err
	}
	work, workCtx := errgroup.WithContext(ctx)
	mux := http.NewServeMux()
	mux.Handle("/", server.Handler)
	server.Handler = mux
	if err := a.openToTools(mux, o, db); err != nil {
		return err
	}
	chat, err := a.openSlack(o)
	if err != nil {
		return err
	}
	if chat != nil {
		if chat.SigningSecret != "" {
			mux.Handle(slackPath, chat)
		}
		work.Go(func() error { return chat.Run(workCtx) })
	}
	discord, err := a.openDiscord(o)
	if err != nil {
		return err
	}
	if discord != nil {
		work.Go(func() error { return discord.Run(workCtx) })
	}
	work.Go(func() error {
		jobs := courier.Config{Outbox: o.ledger, Deliver: deliver(o.chat, courier.ToLog(a.log)), Now: a.now, Log: a.log}
		jobs.Forget = func(ctx context.Context, now time.Time) error {
			done, err := privacy.New(db, o.courier, o.book.Retention).Forget(ctx, now)
			if len(done) > 0 {
				a.log.InfoContext(ctx, "données personnelles effacées au terme de leur durée", "rows", done)
			}
			return err
		}
		jobs.Conventions = &courier.Conventions{Outbox: o.conventions, Reachable: reachable(o.chat), Deliver: tell(o.chat, courier.AlertToLog(a.log))}
		jobs.Rounds = []courier.Round{{Name: "les revues de projets à tenir", Do: func(ctx context.Context, now time.Time) error {
			return o.revues.Round(ctx, now, reachable(o.chat))
		}}, {Name: "les fiches projets à suivre", Do: func(ctx context.Context, now time.Time) error {
			return o.projects.Round(ctx, now, reachable(o.chat))
		}}}
		if a.Now.file != "" {
			jobs.Round = time.Second // the clock leaps
		}
		if !a.Embeddings.builtIn() {
			jobs.Embed, jobs.EmbedAll = o.base.Embed, o.base.EmbedAll
			if err := o.courier.EmbedAll(workCtx); err != nil {
				return err
			}
		}
		if c.Refresh > 0 {
			jobs.Refresh = c.sources(a, o, db)
		}
		return o.courier.Run(workCtx, jobs)
	})
	work.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("servir la page web : %w", err)
		}
		return nil
	})
	work.Go(func() error {
		<-workCtx.Done()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
		defer cancel()
		if err := server.Shutdown(end); err != nil {
			return errors.Join(fmt.Errorf("arrêter la page web : %w", err), server.Close())
		}
		return nil
	})
	c.welcome(a, o, listener.Addr().String(), token)
	if err := work.Wait(); err != nil {
		return err
	}
	fmt.Fprintln(a.stdout, "Guichet arrêté.")
	return nil
}

// deliver sends a notice through the chat platforms, and to the log when its direction has no channel there.
func deliver(chat *bot.Chat, log courier.Deliver) courier.Deliver {
	return func(ctx context.Context, n ledger.Notice) error {
		if sent, err := chat.Deliver(ctx, n); err != nil || sent {
			return err
		}
		return log(ctx, n)
	}
}

// reachable tells whether an EPCI has a channel.
func reachable(chat *bot.Chat) func(ctx context.Context, epci string) (bool, error) {
	return func(ctx context.Context, epci string) (bool, error) {
		channel, err := chat.EPCIChannel(ctx, epci)
		return channel != "", err
	}
}

// tell sends an alert through the chat platforms, and to the log when who it is for has no channel there.
func tell(chat *bot.Chat, log func(context.Context, convention.Alert) error) func(context.Context, convention.Alert) error {
	return func(ctx context.Context, a convention.Alert) error {
		if sent, err := chat.Tell(ctx, a); err != nil || sent {
			return err
		}
		return log(ctx, a)
	}
}

// sources says how the addresses that are followed are read again.
func (c *serveCmd) sources(a *app, o *office, db *database.DB) *courier.Refresh {
	var jobs sqlstore.Jobs = o.courier
	if a.Embeddings.builtIn() {
		jobs = nil // the vectors are made below, at once
	}
	store := sqlstore.New(db, jobs)
	return &courier.Refresh{
		Every: c.Refresh,
		Due: func(ctx context.Context) ([]string, error) {
			remotes, err := store.Remotes(ctx)
			return knowledge.Due(remotes, a.now(), c.Refresh), err
		},
		One: func(ctx context.Context, address string) error {
			remotes, err := store.Remotes(ctx)
			if err != nil {
				return err
			}
			at := slices.IndexFunc(remotes, func(r knowledge.Remote) bool { return r.Address == address })
			if at < 0 {
				return nil // it was removed meanwhile
			}
			var failure *knowledge.FetchError // the others do not pass with time: doctor tells them
			refresher := a.refresher(store, c.PrivateSources)
			refresher.Progress = func(s knowledge.Step) { errors.As(s.Err, &failure) }
			report, err := refresher.Refresh(ctx, remotes[at])
			if err == nil && report.Chunks > 0 && a.Embeddings.builtIn() {
				err = o.base.EmbedAll(ctx)
			}
			if err == nil && failure != nil {
				return failure
			}
			return err
		},
	}
}

// openWithin opens the database, and waits for a server that is not there yet.
func (a *app) openWithin(ctx context.Context, patience time.Duration) (*database.DB, error) {
	start := time.Now()
	for try := 0; ; try++ {
		db, err := a.open(ctx)
		if err == nil || !errors.Is(err, database.ErrUnreachable) {
			return db, err
		}
		if time.Since(start) > patience {
			return nil, fmt.Errorf("après %s d'attente, %w", patience, err)
		}
		if try%10 == 0 {
			a.log.WarnContext(ctx, "la base est attendue", "wait", patience, "error", err)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(startPause):
		}
	}
}

func (a *app) pages(o *office, db *database.DB, token string) web.Config {
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if o.wording != nil {
		a.measureWording(metrics, o)
	}
	var directions []web.Direction
	for _, d := range o.book.Rules.Set().Directions {
		directions = append(directions, web.Direction{Code: d.Code, Name: d.Does})
	}
	return web.Config{
		Desk: o.desk, Journal: o.journal, Requests: o.ledger, Fundings: o.fundings, Open: o.base.Open, Directions: directions, Examples: o.texts.Examples(),
		Path: func(r ledger.Request) (string, []ledger.Milestone) { return ledger.PathOf(o.book.Rules, r) },
		Alerts: func(ctx context.Context, limit int) ([]convention.Alert, error) {
			return o.conventions.Alerts(ctx, convention.Viewer{Staff: true}, limit)
		},
		Abandoned: func(ctx context.Context) (jobs []web.Job, err error) {
			dead, err := o.courier.Dead(ctx)
			for _, d := range dead {
				jobs = append(jobs, web.Job(d))
			}
			return jobs, err
		},
		Sheets: o.chat.Sheets, Revues: o.revues, Projects: o.projects, Reachable: reachable(o.chat), Board: o.board(o.ledger, db), StaffToken: token, Metrics: metrics, Now: a.now, Log: a.log,
		Health: func(ctx context.Context) error {
			var one int
			return db.Conn(ctx).QueryRowContext(ctx, "SELECT 1").Scan(&one)
		},
	}
}

// measureWording counts how answers were given by the model, and shows whether it is left alone.
func (a *app) measureWording(metrics *prometheus.Registry, o *office) {
	outcomes := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "guichet_model_answers_total", Help: "Answers by what the model made of them; all but worded are extracts.",
	}, []string{"outcome"})
	dropped := prometheus.NewCounter(prometheus.CounterOpts{Name: "guichet_model_sentences_dropped_total", Help: "Sentences of the model that did not stand the check."})
	duration := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "guichet_model_seconds", Help: "Time taken to word an answer, or to give it up.", Buckets: []float64{.1, .25, .5, 1, 1.5, 2, 3, 5, 10},
	})
	resting := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "guichet_model_resting", Help: "1 while the model is left alone after failures."}, func() float64 {
		if o.writer.Resting() {
			return 1
		}
		return 0
	})
	metrics.MustRegister(outcomes, dropped, duration, resting)
	for _, outcome := range knowledge.Outcomes {
		outcomes.WithLabelValues(string(outcome)) // shown from the start
	}
	o.wording.Told = func(t knowledge.Telling) {
		a.logWording(t)
		outcomes.WithLabelValues(string(t.Outcome)).Inc()
		dropped.Add(float64(len(t.Dropped)))
		duration.Observe(t.Took.Seconds())
	}
}

// welcome says what to open and what to try.
func (c *serveCmd) welcome(a *app, o *office, address, token string) {
	var b strings.Builder
	fmt.Fprintf(&b, "Guichet ouvert : http://%s/\n\nÀ essayer dans la page :\n", address)
	for _, example := range o.texts.Examples() {
		fmt.Fprintf(&b, "  - %s\n", example.Text)
	}
	fmt.Fprintf(&b, "\nEspace des agents : http://%s/agents", address)
	if c.StaffToken == "" {
		fmt.Fprintf(&b, "  (jeton de cette session : %s)", token)
	}
	fmt.Fprint(&b, "\nPour arrêter : Ctrl+C\n")
	fmt.Fprint(a.stdout, b.String())
}

func frenchListen(err error) error {
	var lookup *net.DNSError
	var address *net.AddrError
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return errors.New("le port est déjà pris ; arrêtez l'autre programme ou donnez --address 127.0.0.1:PORT")
	case errors.Is(err, syscall.EACCES):
		return errors.New("ce port demande des droits d'administrateur ; donnez --address 127.0.0.1:PORT avec un port au-dessus de 1024")
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return errors.New("cette adresse n'est pas celle de cette machine")
	case errors.As(err, &lookup), errors.As(err, &address):
		return errors.New("adresse illisible ; donnez --address 127.0.0.1:PORT")
	}
	return err
}
