// Package webhook tells other tools what happens to requests: it keeps where each event goes, and sends it, signed as the
// Standard Webhooks say (https://www.standardwebhooks.com). The deliveries are written in the transaction of the event; who
// sends them, and how often, is the courier's. It may import knowledge, knowledge/fetch, routing/ledger and migrations/database.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"guichet/knowledge"
	"guichet/knowledge/fetch"
	"guichet/migrations/database"
	"guichet/routing/ledger"
)

// kinds are the events that are told, under their names for other tools.
var kinds = []ledger.EventKind{
	ledger.Received, ledger.Decided, ledger.Assigned, ledger.StatusSet, ledger.AnswerGiven, ledger.Reopened, ledger.PartSet, ledger.Escalated,
	ledger.MergedInto, ledger.SplitOff,
}

// Names gives the names of the events: « request.received »…
func Names() (names []string) {
	for _, k := range kinds {
		names = append(names, name(k))
	}
	return names
}

func name(k ledger.EventKind) string { return "request." + string(k) }

// Hook is where events go.
type Hook struct {
	ID     string   `json:"id"`
	URL    string   `json:"url"`
	Events []string `json:"events"`
	// Audience is staff, for all requests, or partner, for those of an EPCI.
	Audience knowledge.Audience `json:"audience"`
	EPCI     string             `json:"epci,omitempty"`
	// Private lets the address be on this machine or a private network.
	Private   bool      `json:"private"`
	CreatedAt time.Time `json:"created_at"`
	// Waiting and Dead count its deliveries to come and those that were given up.
	Waiting int64 `json:"waiting"`
	Dead    int64 `json:"dead"`

	secret []byte
}

// ErrNotFound is returned for an identifier that no hook has.
var ErrNotFound = errors.New("aucun webhook de cet identifiant")

// Hooks are those of a database.
type Hooks struct {
	db     *database.DB
	now    func() time.Time
	client func(private bool) *http.Client
}

// New gives the hooks of a database.
func New(db *database.DB, now func() time.Time) *Hooks {
	return &Hooks{db: db, now: now, client: client}
}

// Add keeps a hook and gives the secret that signs what it gets, « whsec_… ».
func (h *Hooks) Add(ctx context.Context, hook Hook) (Hook, string, error) {
	if err := hook.check(); err != nil {
		return hook, "", err
	}
	if len(hook.Events) == 0 {
		hook.Events = Names()
	}
	hook.secret = make([]byte, 32)
	_, _ = rand.Read(hook.secret) // never fails, by its documentation
	secret := "whsec_" + base64.StdEncoding.EncodeToString(hook.secret)
	hook.ID, hook.CreatedAt = strings.ToLower(rand.Text()[:10]), h.now().UTC().Truncate(time.Microsecond)
	audience, err := hook.Audience.MarshalText()
	if err != nil {
		return hook, "", err
	}
	err = h.db.InTx(ctx, func(ctx context.Context) error {
		_, err := h.db.Conn(ctx).ExecContext(ctx, `INSERT INTO webhooks (id, url, events, audience, epci, secret, private, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			hook.ID, hook.URL, strings.Join(hook.Events, " "), string(audience), hook.EPCI, secret, map[bool]int{true: 1}[hook.Private], database.Stamp(hook.CreatedAt))
		return err
	})
	if err != nil {
		return hook, "", fmt.Errorf("ajouter le webhook : %w", err)
	}
	return hook, secret, nil
}

func (h Hook) check() error {
	u, err := url.Parse(h.URL)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return errors.New("adresse illisible : donnez « https://SERVEUR/CHEMIN », sans mot de passe")
	}
	address, err := netip.ParseAddr(u.Hostname())
	inside := err == nil && address.IsLoopback() || u.Hostname() == "localhost"
	switch {
	case u.Scheme != "https" && !(u.Scheme == "http" && inside):
		return errors.New("l'adresse commence par https:// ; http:// ne va que sur cette machine (127.0.0.1)")
	case !h.Private && (inside || err == nil && fetch.PublicOnly("", netip.AddrPortFrom(address, 443).String(), nil) != nil):
		return errors.New("l'adresse est sur cette machine ou un réseau privé : ajoutez --private pour le permettre")
	case h.Audience == knowledge.Public:
		return errors.New("les demandes ne sont pas publiques : donnez l'audience staff ou partner")
	case h.Audience == knowledge.Partner && h.EPCI == "":
		return errors.New("un partenaire est un EPCI : donnez son SIREN (--epci)")
	case h.Audience == knowledge.Staff && h.EPCI != "":
		return errors.New("un EPCI va avec l'audience partner")
	}
	for _, e := range h.Events {
		if !slices.Contains(Names(), e) {
			return fmt.Errorf("l'événement « %s » est inconnu : %s", e, strings.Join(Names(), ", "))
		}
	}
	return nil
}

// List gives the hooks, oldest first.
func (h *Hooks) List(ctx context.Context) (all []Hook, err error) {
	rows, err := h.db.Conn(ctx).QueryContext(ctx, `SELECT `+columns+`,
		(SELECT count(*) FROM webhook_deliveries d WHERE d.webhook_id = webhooks.id AND sent_at = 0 AND dead_at = 0),
		(SELECT count(*) FROM webhook_deliveries d WHERE d.webhook_id = webhooks.id AND dead_at <> 0)
		FROM webhooks WHERE removed_at = 0 ORDER BY created_at, id`)
	if err != nil {
		return nil, fmt.Errorf("lister les webhooks : %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var hook Hook
		if err := scan(rows, &hook, &hook.Waiting, &hook.Dead); err != nil {
			return nil, fmt.Errorf("lister les webhooks : %w", err)
		}
		all = append(all, hook)
	}
	return all, rows.Err()
}

const columns = `webhooks.id, url, events, audience, epci, secret, private, webhooks.created_at`

func scan(row interface{ Scan(...any) error }, h *Hook, more ...any) error {
	var events, audience, secret string
	var private, created int64
	if err := row.Scan(append([]any{&h.ID, &h.URL, &events, &audience, &h.EPCI, &secret, &private, &created}, more...)...); err != nil {
		return err
	}
	h.Events, h.Private, h.CreatedAt = strings.Fields(events), private != 0, database.Time(created)
	var err error
	h.secret, err = base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	return errors.Join(err, h.Audience.UnmarshalText([]byte(audience)))
}

// Remove ends a hook: what it still had to be sent is given up.
func (h *Hooks) Remove(ctx context.Context, id string) error {
	return h.db.InTx(ctx, func(ctx context.Context) error {
		result, err := h.db.Conn(ctx).ExecContext(ctx, `UPDATE webhooks SET removed_at = $2 WHERE id = $1 AND removed_at = 0`, id, database.Stamp(h.now()))
		if err != nil {
			return fmt.Errorf("retirer le webhook : %w", err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, ErrNotFound)
		}
		_, err = h.db.Conn(ctx).ExecContext(ctx, `UPDATE webhook_deliveries SET dead_at = $2, last_error = $3 WHERE webhook_id = $1 AND sent_at = 0 AND dead_at = 0`,
			id, database.Stamp(h.now()), "le webhook a été retiré")
		return err
	})
}

// payload is what is sent. It names the request, the company and the directions, and no person; the rest is asked for by the API.
type payload struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      data      `json:"data"`
}

type data struct {
	Reference string         `json:"reference"`
	Status    ledger.Status  `json:"status"`
	Lead      string         `json:"lead"`
	Company   ledger.Company `json:"company"`
	EPCI      string         `json:"epci"`
	// Direction and Part tell the part of an associated direction.
	Direction string        `json:"direction,omitempty"`
	Part      ledger.Status `json:"part,omitempty"`
	// Other is the request that this one was joined to, or split out of: for the staff, since it may be another territory's.
	Other string `json:"other,omitempty"`
}

// Record writes what is to be sent of an event, in the transaction of the context, and gives its identifiers: the same
// event and hook have the same one, however often it is sent.
func (h *Hooks) Record(ctx context.Context, r ledger.Request, e ledger.Event) (ids []string, err error) {
	if !slices.Contains(kinds, e.Kind) {
		return nil, nil
	}
	rows, err := h.db.Conn(ctx).QueryContext(ctx, `SELECT `+columns+` FROM webhooks WHERE removed_at = 0 ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("lire les webhooks : %w", err)
	}
	var wanted []Hook
	for rows.Next() {
		var hook Hook
		if err = scan(rows, &hook); err != nil {
			break
		}
		if slices.Contains(hook.Events, name(e.Kind)) && (hook.Audience == knowledge.Staff || hook.EPCI == r.Place.EPCI) {
			wanted = append(wanted, hook)
		}
	}
	if err = errors.Join(err, rows.Err(), rows.Close()); err != nil {
		return nil, fmt.Errorf("lire les webhooks : %w", err)
	}
	for _, hook := range wanted {
		p := payload{Type: name(e.Kind), Timestamp: e.At.UTC(), Data: data{Reference: r.Reference, Status: r.Status, Lead: r.Lead, Company: r.Company, EPCI: r.Place.EPCI}}
		if e.Kind == ledger.PartSet {
			p.Data.Direction, p.Data.Part = e.Lead, e.Status
		}
		if hook.Audience == knowledge.Staff {
			p.Data.Other = e.Other
		}
		body, err := json.Marshal(p)
		if err != nil {
			return nil, fmt.Errorf("écrire l'événement : %w", err)
		}
		id := fmt.Sprintf("evt_%d_%s", e.ID, hook.ID)
		_, err = h.db.Conn(ctx).ExecContext(ctx, `INSERT INTO webhook_deliveries (id, webhook_id, kind, reference, body, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			id, hook.ID, p.Type, r.Reference, string(body), database.Stamp(h.now()))
		if err != nil {
			return nil, fmt.Errorf("écrire l'événement : %w", err)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// Pending gives what is still to be sent, oldest first, for a database that has no jobs yet.
func (h *Hooks) Pending(ctx context.Context) (ids []string, err error) {
	rows, err := h.db.Conn(ctx).QueryContext(ctx, `SELECT id FROM webhook_deliveries WHERE sent_at = 0 AND dead_at = 0 ORDER BY created_at, id`)
	if err != nil {
		return nil, fmt.Errorf("lire les événements à envoyer : %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("lire les événements à envoyer : %w", err)
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// goneError tells that no other try will do.
type goneError struct{ why string }

func (e *goneError) Error() string { return e.why }

// tries is how often a delivery is tried.
const tries = 8

// Send sends a delivery, unless it was sent or given up; again tells that a failure may be tried again.
func (h *Hooks) Send(ctx context.Context, id string) (again bool, err error) {
	var hook Hook
	var body string
	var sent, dead, tried int64
	err = scan(h.db.Conn(ctx).QueryRowContext(ctx, `SELECT `+columns+`, body, sent_at, dead_at, tries FROM webhook_deliveries
		JOIN webhooks ON webhooks.id = webhook_id WHERE webhook_deliveries.id = $1`, id), &hook, &body, &sent, &dead, &tried)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, errors.New("l'événement n'est plus là")
	case err != nil:
		return true, fmt.Errorf("lire l'événement %s : %w", id, err)
	case sent != 0 || dead != 0:
		return false, nil
	}
	failure := h.post(ctx, hook, id, []byte(body))
	if failure != nil && errors.Is(ctx.Err(), context.Canceled) {
		return true, ctx.Err() // the program stops: that says nothing of the other side
	}
	var gone *goneError
	again = failure != nil && tried+1 < tries && !errors.As(failure, &gone)
	now := database.Stamp(h.now())
	reason := ""
	switch {
	case failure == nil:
		sent = now
	default:
		if tried, reason = tried+1, failure.Error(); !again {
			dead = now
		}
	}
	// What happened is recorded even when the time is over.
	record, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err = h.db.InTx(record, func(ctx context.Context) error {
		_, err := h.db.Conn(ctx).ExecContext(ctx, `UPDATE webhook_deliveries SET sent_at = $2, dead_at = $3, tries = $4, last_error = $5
			WHERE id = $1 AND sent_at = 0 AND dead_at = 0`, id, sent, dead, tried, reason)
		return err
	})
	if err != nil {
		return true, errors.Join(failure, fmt.Errorf("noter l'envoi de %s : %w", id, err))
	}
	return again, failure
}

// Limits of an exchange with the other side.
const (
	sendTime   = 15 * time.Second
	mostAnswer = 4 << 10
)

// post sends a body, signed.
func (h *Hooks) post(ctx context.Context, hook Hook, id string, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, hook.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	at := strconv.FormatInt(h.now().Unix(), 10)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "guichet")
	request.Header.Set("Webhook-Id", id)
	request.Header.Set("Webhook-Timestamp", at)
	request.Header.Set("Webhook-Signature", Sign(hook.secret, id, at, body))
	answer, err := h.client(hook.Private).Do(request)
	if err != nil {
		var private *fetch.PrivateError
		if errors.As(err, &private) {
			return fmt.Errorf("l'adresse mène à %s, sur cette machine ou un réseau privé : ajoutez le webhook avec --private pour le permettre", private.Address)
		}
		return err
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, mostAnswer)) // its answer says nothing more
	switch {
	case answer.StatusCode >= 200 && answer.StatusCode < 300:
		return nil
	case answer.StatusCode >= 300 && answer.StatusCode < 400:
		return fmt.Errorf("le serveur renvoie à une autre adresse (%d) : elle n'est pas suivie", answer.StatusCode)
	case answer.StatusCode == http.StatusGone:
		return &goneError{"le serveur ne veut plus rien recevoir (410)"}
	}
	return fmt.Errorf("le serveur a répondu %d", answer.StatusCode)
}

// Sign gives the signature of a body: HMAC-SHA256 of « identifier.timestamp.body », in base 64, after « v1, ».
func Sign(secret []byte, id, at string, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%s.%s.%s", id, at, body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// client follows no redirection, uses no proxy, and connects to no private address unless it may.
func client(private bool) *http.Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	if !private {
		dialer.Control = fetch.PublicOnly
	}
	return &http.Client{
		Transport:     &http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: 5 * time.Second, ResponseHeaderTimeout: sendTime, DisableKeepAlives: true, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
