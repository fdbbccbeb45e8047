package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/goccy/go-yaml"

	"guichet/bot"
	"guichet/knowledge"
	"guichet/routing/ledger"
)

// Channel is the name of this channel in messages and in the ledger.
const Channel = "api"

// Prefix is where the API is.
const Prefix = "/api/v1"

// Limits of an exchange.
const (
	mostBody    = 64 << 10
	callTime    = 45 * time.Second
	mostListed  = 1000
	usualListed = 100
	mostKey     = 200
)

//go:embed openapi.yaml
var description []byte

// Config is what the API is made of; all fields are required. The functions give what is shown, in the shapes of the command
// line, which are a contract.
type Config struct {
	Tokens bot.Tokens
	Desk   interface {
		Handle(ctx context.Context, m bot.Message) (bot.Reply, error)
	}
	Requests ledger.Store
	Ask      func(ctx context.Context, v knowledge.Viewer, question string) (any, error)
	Search   func(ctx context.Context, v knowledge.Viewer, query string, limit int) (any, error)
	// Route decides and records nothing; its errors are about what was given.
	Route   func(text, requester, territory, siren string) (any, error)
	Reply   func(r bot.Reply, thread string) any
	Changed func(r ledger.Request) any
	Company func(ctx context.Context, v ledger.Viewer, sought string) (any, error)
	Now     func() time.Time
	Log     *slog.Logger
}

// Server answers under Prefix.
type Server struct {
	Config
	mux           *http.ServeMux
	described     []byte
	tokens, doors *limiter
}

// route is one operation. Without a scope it is open to all.
type route struct {
	method, path string
	scope        bot.Scope
	do           func(*call) (status int, body any, err error)
}

func (s *Server) routes() []route {
	return []route{
		{http.MethodGet, "/openapi.json", "", s.describe},
		{http.MethodPost, "/ask", bot.ScopeAsk, s.ask},
		{http.MethodPost, "/search", bot.ScopeAsk, s.search},
		{http.MethodPost, "/route", bot.ScopeAsk, s.route},
		{http.MethodGet, "/requests", bot.ScopeRequestsRead, s.list},
		{http.MethodPost, "/requests", bot.ScopeRequestsWrite, s.create},
		{http.MethodGet, "/requests/{reference}", bot.ScopeRequestsRead, s.show},
		{http.MethodPost, "/requests/{reference}/status", bot.ScopeRequestsWrite, s.status},
		{http.MethodPost, "/requests/{reference}/answer", bot.ScopeRequestsWrite, s.answer},
		{http.MethodPost, "/requests/{reference}/reopen", bot.ScopeRequestsWrite, s.reopen},
		{http.MethodGet, "/companies", bot.ScopeCompaniesRead, s.company},
	}
}

// New gives the API, or what is wrong with its description.
func New(c Config) (*Server, error) {
	statuses := strings.NewReplacer("[STATUSES]", "["+listed(ledger.Statuses())+"]", "[SET_STATUSES]", "["+listed(ledger.SetStatuses())+"]")
	described, err := yaml.YAMLToJSON([]byte(statuses.Replace(string(description))))
	if err != nil {
		return nil, fmt.Errorf("lire la description de l'API : %w", err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, described); err != nil {
		return nil, fmt.Errorf("lire la description de l'API : %w", err)
	}
	s := &Server{
		Config: c, mux: http.NewServeMux(), described: compact.Bytes(),
		tokens: newLimiter(c.Now, 10, 60), doors: newLimiter(c.Now, 1, 30),
	}
	methods := map[string][]string{}
	for _, r := range s.routes() {
		s.mux.Handle(r.method+" "+Prefix+r.path, s.handler(r))
		methods[r.path] = append(methods[r.path], r.method)
	}
	for path, allowed := range methods {
		s.mux.HandleFunc(Prefix+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			tell(w, problem{Status: http.StatusMethodNotAllowed, Title: "Méthode inconnue ici", Detail: "Cette adresse attend " + strings.Join(allowed, " ou ") + "."})
		})
	}
	s.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		tell(w, problem{Status: http.StatusNotFound, Title: "Adresse inconnue", Detail: "L'API est décrite à " + Prefix + "/openapi.json."})
	})
	return s, nil
}

// ServeHTTP answers, whatever comes.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	defer func() {
		if cause := recover(); cause != nil {
			s.Log.ErrorContext(r.Context(), "panique dans l'API", "path", r.URL.Path, "cause", cause)
			tell(w, internal)
		}
	}()
	s.mux.ServeHTTP(w, r)
}

// call is an operation asked for.
type call struct {
	*http.Request
	token bot.Token
	body  []byte
	w     http.ResponseWriter
}

func (s *Server) handler(r route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		ctx, cancel := context.WithTimeout(request.Context(), callTime)
		defer cancel()
		c := &call{Request: request.WithContext(ctx), w: w}
		status, body, err := s.serve(c, r)
		if err != nil {
			s.fail(w, c, err)
			return
		}
		write(w, status, "application/json", body)
	})
}

func (s *Server) serve(c *call, r route) (int, any, error) {
	if r.scope != "" {
		if err := s.open(c, r.scope); err != nil {
			return 0, nil, err
		}
	}
	if r.method == http.MethodPost {
		if err := c.read(); err != nil {
			return 0, nil, err
		}
	}
	return r.do(c)
}

// open finds the token of a call and what it may do.
func (s *Server) open(c *call, scope bot.Scope) error {
	kind, secret, ok := strings.Cut(c.Header.Get("Authorization"), " ")
	unknown := problem{Status: http.StatusUnauthorized, Title: "Jeton absent ou inconnu", Detail: "Donnez un jeton : « Authorization: Bearer guichet_… » (guichet token create)."}
	if !ok || !strings.EqualFold(kind, "Bearer") {
		c.w.Header().Set("WWW-Authenticate", "Bearer")
		return unknown
	}
	token, err := s.Tokens.Token(c.Context(), strings.TrimSpace(secret), s.Now())
	if errors.Is(err, bot.ErrNoToken) {
		if !s.doors.take(client(c.Request)) { // who tries secrets is slowed, who has one is not
			return slow
		}
		c.w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		return unknown
	}
	if err != nil {
		return err
	}
	if !s.tokens.take(token.ID) {
		return slow
	}
	if !token.May(scope) {
		c.w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer error="insufficient_scope", scope="%s"`, scope))
		return problem{Status: http.StatusForbidden, Title: "Droit absent", Detail: fmt.Sprintf("Ce jeton n'a pas le droit « %s ».", scope)}
	}
	c.token = token
	return nil
}

// read reads the body, which is a JSON object.
func (c *call) read() error {
	if kind, _, err := mime.ParseMediaType(c.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return problem{Status: http.StatusUnsupportedMediaType, Title: "Corps d'un autre type", Detail: "Envoyez du JSON : « Content-Type: application/json »."}
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.w, c.Body, mostBody))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return problem{Status: http.StatusRequestEntityTooLarge, Title: "Corps trop grand", Detail: fmt.Sprintf("%d Ko au plus.", mostBody>>10)}
	}
	if err != nil {
		return wrong("le corps n'est pas arrivé en entier")
	}
	if !utf8.Valid(body) {
		return wrong("le corps n'est pas de l'UTF-8")
	}
	c.body = body
	return nil
}

// into reads the body's object; unknown keys are mistakes.
func (c *call) into(v any) error {
	d := json.NewDecoder(bytes.NewReader(c.body))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("du texte suit l'objet")
		}
	}
	if err == nil && !bytes.HasPrefix(bytes.TrimSpace(c.body), []byte("{")) {
		err = errors.New("un objet est attendu")
	}
	var kind *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &kind):
		return wrong(fmt.Sprintf("« %s » est d'un autre type", kind.Field))
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		return wrong("la clé « " + strings.Trim(strings.TrimPrefix(err.Error(), "json: unknown field "), `"`) + " » est inconnue")
	}
	return wrong(fmt.Sprintf("le corps n'est pas un objet JSON lisible (vers l'octet %d)", d.InputOffset()))
}

// listed writes statuses one after the other.
func listed(statuses []ledger.Status) string {
	names := make([]string, len(statuses))
	for i, s := range statuses {
		names[i] = string(s)
	}
	return strings.Join(names, ", ")
}

func (s *Server) describe(*call) (int, any, error) {
	return http.StatusOK, json.RawMessage(s.described), nil
}

func (s *Server) ask(c *call) (int, any, error) {
	var in struct {
		Q string `json:"q"`
	}
	if err := c.text(&in, &in.Q, "q"); err != nil {
		return 0, nil, err
	}
	out, err := s.Ask(c.Context(), c.token.Reader(), in.Q)
	return http.StatusOK, out, err
}

func (s *Server) search(c *call) (int, any, error) {
	var in struct {
		Q     string `json:"q"`
		Limit *int   `json:"limit"`
	}
	if err := c.text(&in, &in.Q, "q"); err != nil {
		return 0, nil, err
	}
	limit := 10
	if in.Limit != nil {
		if limit = *in.Limit; limit < 1 || limit > 100 {
			return 0, nil, wrong("« limit » va de 1 à 100")
		}
	}
	out, err := s.Search(c.Context(), c.token.Reader(), in.Q, limit)
	return http.StatusOK, out, err
}

func (s *Server) route(c *call) (int, any, error) {
	var in struct {
		Text      string `json:"text"`
		Requester string `json:"requester"`
		Territory string `json:"territory"`
		SIREN     string `json:"siren"`
	}
	if err := c.text(&in, &in.Text, "text"); err != nil {
		return 0, nil, err
	}
	out, err := s.Route(in.Text, in.Requester, in.Territory, in.SIREN)
	if err != nil {
		return 0, nil, unfit(err)
	}
	return http.StatusOK, out, nil
}

func (s *Server) list(c *call) (int, any, error) {
	q := c.URL.Query()
	f := ledger.Filter{Lead: q.Get("lead"), Text: q.Get("text"), Part: q.Get("part"), EPCI: q.Get("epci"), Limit: usualListed}
	for key := range q {
		if !slices.Contains([]string{"lead", "text", "part", "epci", "status", "late", "limit"}, key) {
			return 0, nil, wrong("le paramètre « " + key + " » est inconnu")
		}
	}
	for _, status := range q["status"] {
		if !slices.Contains(ledger.Statuses(), ledger.Status(status)) {
			return 0, nil, wrong("l'état « " + status + " » est inconnu")
		}
		f.Status = append(f.Status, ledger.Status(status))
	}
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > mostListed {
			return 0, nil, wrong(fmt.Sprintf("« limit » va de 1 à %d", mostListed))
		}
		f.Limit = n
	}
	switch late := q.Get("late"); late {
	case "", "false":
	case "true":
		f.Late = s.Now()
	default:
		return 0, nil, wrong("« late » est true ou false")
	}
	requests, err := s.Requests.List(c.Context(), c.token.Viewer(), f)
	if requests == nil {
		requests = []ledger.Request{}
	}
	return http.StatusOK, map[string]any{"requests": requests}, err
}

func (s *Server) show(c *call) (int, any, error) {
	r, err := s.Requests.Get(c.Context(), c.token.Viewer(), c.PathValue("reference"))
	if err == nil {
		err = s.accessed(c, ledger.Access{Reference: r.Reference})
	}
	return http.StatusOK, r, err
}

// accessed records that a tool read a request or a company's card: what cannot be recorded is not shown.
func (s *Server) accessed(c *call, read ledger.Access) error {
	read.At, read.By, read.Channel = s.Now(), c.token.Label, Channel
	return s.Requests.Accessed(c.Context(), read)
}

// create gives a message to the desk. A key makes it be the same message however often it is sent.
func (s *Server) create(c *call) (int, any, error) {
	var in struct {
		Text   string `json:"text"`
		Thread string `json:"thread"`
		Author string `json:"author"`
	}
	if err := c.text(&in, &in.Text, "text"); err != nil {
		return 0, nil, err
	}
	if len(in.Thread) > 100 || len(in.Author) > 100 {
		return 0, nil, wrong("« thread » et « author » font 100 caractères au plus")
	}
	id := rand.Text()
	if key := c.Header.Get("Idempotency-Key"); key != "" {
		if len(key) > mostKey {
			return 0, nil, wrong(fmt.Sprintf("la clé d'idempotence fait %d caractères au plus", mostKey))
		}
		switch err := s.Tokens.Once(c.Context(), c.token.ID, key, sum(in.Text, in.Thread, in.Author), s.Now()); {
		case errors.Is(err, bot.ErrOtherUse):
			return 0, nil, problem{Status: http.StatusUnprocessableEntity, Title: "Clé déjà employée", Detail: "Cette clé d'idempotence a servi à une autre demande : donnez-en une nouvelle."}
		case err != nil:
			return 0, nil, err
		}
		id = sum(c.token.ID, key)
	}
	if in.Thread == "" {
		in.Thread = id
	}
	reply, err := s.Desk.Handle(c.Context(), bot.Message{
		Channel: Channel, ID: id, Thread: c.token.ID + "/" + in.Thread, Text: in.Text, At: s.Now(), Request: true, Asker: c.token.Asker(in.Author),
	})
	if err != nil {
		s.Log.ErrorContext(c.Context(), "demande par l'API", "error", err)
		return 0, nil, problem{Status: http.StatusServiceUnavailable, Title: "Demande non enregistrée", Detail: reply.Text}
	}
	if reply.Kind == bot.ReplyRefused {
		return 0, nil, unfit(errors.New(reply.Text))
	}
	return http.StatusCreated, s.Reply(reply, in.Thread), nil
}

func (s *Server) status(c *call) (int, any, error) {
	var in struct {
		Status ledger.Status `json:"status"`
		Why    string        `json:"why"`
		By     string        `json:"by"`
	}
	return s.change(c, &in, func(ctx context.Context, reference string) (ledger.Request, error) {
		if !slices.Contains(ledger.SetStatuses(), in.Status) {
			return ledger.Request{}, unfit(errors.New("« status » est l'un de : " + listed(ledger.SetStatuses())))
		}
		if err := optional(in.Why); err != nil {
			return ledger.Request{}, unfit(err)
		}
		return s.Requests.SetStatus(ctx, reference, in.Status, in.Why, c.by(in.By), s.Now())
	})
}

func (s *Server) answer(c *call) (int, any, error) {
	var in struct {
		Text string `json:"text"`
		By   string `json:"by"`
	}
	return s.change(c, &in, func(ctx context.Context, reference string) (ledger.Request, error) {
		if err := bot.CheckText(in.Text); err != nil {
			return ledger.Request{}, unfit(err)
		}
		return s.Requests.Answer(ctx, reference, in.Text, c.by(in.By), s.Now())
	})
}

func (s *Server) reopen(c *call) (int, any, error) {
	var in struct {
		Why string `json:"why"`
		By  string `json:"by"`
	}
	return s.change(c, &in, func(ctx context.Context, reference string) (ledger.Request, error) {
		if err := optional(in.Why); err != nil {
			return ledger.Request{}, unfit(err)
		}
		return s.Requests.Reopen(ctx, reference, in.Why, c.by(in.By), s.Now())
	})
}

// change changes a request that the token may see and, if it is a direction's, leads. Agents change requests, not their askers.
func (s *Server) change(c *call, in any, do func(ctx context.Context, reference string) (ledger.Request, error)) (int, any, error) {
	if err := c.into(in); err != nil {
		return 0, nil, err
	}
	if c.token.Audience != knowledge.Staff {
		return 0, nil, problem{Status: http.StatusForbidden, Title: "Réservé aux agents", Detail: "Ce jeton n'est pas celui d'un agent : il crée des demandes et ne les change pas."}
	}
	r, err := s.Requests.Get(c.Context(), c.token.Viewer(), c.PathValue("reference"))
	if err != nil {
		return 0, nil, err
	}
	if d := c.token.Direction; d != "" && r.Lead != d {
		return 0, nil, problem{Status: http.StatusForbidden, Title: "Demande d'une autre direction", Detail: "Ce jeton est celui de " + d + ", qui ne mène pas la demande " + r.Reference + "."}
	}
	if r, err = do(c.Context(), r.Reference); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, s.Changed(r), nil
}

func (s *Server) company(c *call) (int, any, error) {
	sought := c.URL.Query().Get("q")
	if !utf8.ValidString(sought) || len(sought) > 200 || ledger.CompanyKey(sought) == "" {
		return 0, nil, wrong("donnez dans « q » le SIREN, le SIRET ou le nom de l'entreprise")
	}
	card, err := s.Company(c.Context(), c.token.Viewer(), sought)
	if err == nil {
		err = s.accessed(c, ledger.Access{Sought: sought})
	}
	return http.StatusOK, card, err
}

// text reads a body with a text that is required.
func (c *call) text(in any, text *string, key string) error {
	if err := c.into(in); err != nil {
		return err
	}
	if err := bot.CheckText(*text); err != nil {
		return unfit(fmt.Errorf("« %s » : %w", key, err))
	}
	return nil
}

func optional(text string) error {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	return bot.CheckText(text)
}

// by says who acts: the person that the tool names, with the tool.
func (c *call) by(name string) string {
	if name = strings.Join(strings.Fields(name), " "); name != "" && len(name) <= 100 {
		return name + " (" + c.token.Label + ")"
	}
	return c.token.Label
}

func sum(parts ...string) string {
	digest := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(digest, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(digest.Sum(nil)[:16])
}
