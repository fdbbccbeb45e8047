package slack

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
)

const (
	// maxBody is the largest body that is read, in bytes; Slack's own stay far below.
	maxBody = 1 << 20
	// window is how old, or how early, a request may be: Slack's own advice
	// (docs.slack.dev/authentication/verifying-requests-from-slack).
	window = 5 * time.Minute
)

var (
	errSignature = errors.New("signature absente ou fausse")
	errStale     = errors.New("date hors de la fenêtre de cinq minutes")
	errReplayed  = errors.New("requête déjà reçue")
)

// verify checks that a request comes from Slack: HMAC-SHA256 of « v0:timestamp:body » under the signing secret.
func verify(header http.Header, body []byte, secret string, now time.Time) error {
	stamp, signature := header.Get("X-Slack-Request-Timestamp"), header.Get("X-Slack-Signature")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || secret == "" {
		return errSignature
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > window || age < -window {
		return errStale
	}
	given, err := hex.DecodeString(strings.TrimPrefix(signature, "v0="))
	if err != nil || !strings.HasPrefix(signature, "v0=") {
		return errSignature
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("v0:" + stamp + ":"))
	mac.Write(body)
	if !hmac.Equal(given, mac.Sum(nil)) {
		return errSignature
	}
	return nil
}

// replays remembers the signatures of the window, so that a copied request does nothing. One that failed may come again.
type replays struct {
	mu    sync.Mutex
	known map[string]time.Time
	swept time.Time
}

// enter is false for a signature that was already seen.
func (r *replays) enter(signature string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known == nil {
		r.known = map[string]time.Time{}
	}
	if now.Sub(r.swept) > time.Minute {
		for s, at := range r.known {
			if now.Sub(at) > 2*window {
				delete(r.known, s)
			}
		}
		r.swept = now
	}
	if _, seen := r.known[signature]; seen {
		return false
	}
	r.known[signature] = now
	return true
}

func (r *replays) leave(signature string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.known, signature)
}

// ServeHTTP takes Slack's HTTP events, commands, buttons and forms, all at one address. An answer other than 200 makes Slack
// bring the event again.
func (b *Bot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "POST seulement", http.StatusMethodNotAllowed)
		return
	}
	if b.work.Life().Err() != nil { // it stops: another replica, or the next start
		http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		code := http.StatusBadRequest
		if errors.As(err, new(*http.MaxBytesError)) {
			code = http.StatusRequestEntityTooLarge
		}
		http.Error(w, "corps illisible", code)
		return
	}
	now := b.chat.Now()
	err = verify(r.Header, body, b.SigningSecret, now)
	signature := r.Header.Get("X-Slack-Signature")
	if err == nil && !b.replays.enter(signature, now) {
		err = errReplayed
	}
	if err != nil {
		b.Log.WarnContext(r.Context(), "requête refusée à l'adresse de Slack", "error", err)
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	answer, code, err := b.request(r, body)
	if err != nil {
		b.replays.leave(signature)
		b.Log.ErrorContext(r.Context(), "événement Slack non pris en compte", "error", err)
	}
	if code != http.StatusOK {
		http.Error(w, http.StatusText(code), code)
		return
	}
	if answer == nil {
		w.WriteHeader(http.StatusOK)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		b.Log.WarnContext(r.Context(), "réponse à Slack non envoyée", "error", err)
	}
}

// request does what a verified request asks for.
func (b *Bot) request(r *http.Request, body []byte) (answer any, code int, err error) {
	ctx, cancel := context.WithTimeout(r.Context(), answerTime)
	defer cancel()
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, http.StatusUnsupportedMediaType, err
	}
	switch kind {
	case "application/json":
		return b.eventRequest(ctx, r, body)
	case "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, http.StatusBadRequest, err
		}
		return b.formRequest(ctx, form)
	}
	return nil, http.StatusUnsupportedMediaType, errMalformed
}

func (b *Bot) eventRequest(ctx context.Context, r *http.Request, body []byte) (any, int, error) {
	event, err := slackevents.ParseEvent(body, slackevents.OptionNoVerifyToken())
	if err != nil {
		return nil, http.StatusBadRequest, err
	}
	if event.Type == slackevents.URLVerification {
		challenge, ok := event.Data.(*slackevents.EventsAPIURLVerificationEvent)
		if !ok {
			return nil, http.StatusBadRequest, errMalformed
		}
		return map[string]string{"challenge": challenge.Challenge}, http.StatusOK, nil
	}
	if event.Type != slackevents.CallbackEvent && event.Type != slackevents.AppRateLimited {
		return nil, http.StatusBadRequest, errMalformed
	}
	if err := b.event(ctx, event, r.Header.Get("X-Slack-Retry-Num") != ""); err != nil {
		return nil, http.StatusServiceUnavailable, err
	}
	return nil, http.StatusOK, nil
}

func (b *Bot) formRequest(ctx context.Context, form url.Values) (answer any, code int, err error) {
	if payload := form.Get("payload"); payload != "" {
		var c slack.InteractionCallback
		if err := json.Unmarshal([]byte(payload), &c); err != nil {
			return nil, http.StatusBadRequest, err
		}
		answer, err = b.interaction(ctx, c)
	} else {
		err = b.command(ctx, slack.SlashCommand{
			UserID: form.Get("user_id"), ChannelID: form.Get("channel_id"), Command: form.Get("command"), Text: form.Get("text"),
			ResponseURL: form.Get("response_url"), TriggerID: form.Get("trigger_id"),
		})
	}
	switch {
	case errors.Is(err, errMalformed):
		return nil, http.StatusBadRequest, err
	case err != nil && answer == nil:
		return nil, http.StatusServiceUnavailable, err
	}
	return answer, http.StatusOK, err
}
