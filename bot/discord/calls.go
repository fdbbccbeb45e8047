package discord

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"

	"guichet/bot"
)

const (
	// callTries is how often a call is made that Discord refuses for coming too soon.
	callTries = 3
	// callTime bounds a try, longestPause the wait that Discord asks for between two.
	callTime     = 30 * time.Second
	longestPause = 10 * time.Second
	// longestAnswer is what is read of an answer.
	longestAnswer = 8 << 20
)

// client gives discordgo's session, of which only the calls are used.
func client(c Config) *discordgo.Session {
	api, _ := discordgo.New("Bot " + c.Token) // it makes nothing but a value
	api.Client = &http.Client{Timeout: callTries * callTime, Transport: transport{base: c.API}}
	// The transport tries again, in time; a call that the gateway of Discord's servers (502) lost is tried again here.
	api.ShouldRetryOnRateLimit, api.MaxRestRetries = false, callTries-1
	api.StateEnabled = false
	return api
}

// transport sends calls to another address in tests, and makes again those that Discord refuses for coming too soon, when it
// says that they may come (docs.discord.com/developers/topics/rate-limits, « Exceeding A Rate Limit »).
type transport struct{ base string }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.base != "" {
		target, err := url.Parse(t.base)
		if err != nil {
			return nil, fmt.Errorf("adresse de Discord illisible : %w", err)
		}
		r = r.Clone(r.Context())
		r.URL.Scheme, r.URL.Host, r.Host = target.Scheme, target.Host, ""
	}
	for try := 1; ; try++ {
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil || answer.StatusCode != http.StatusTooManyRequests || try == callTries {
			return answer, err
		}
		seconds, err := strconv.ParseFloat(answer.Header.Get("Retry-After"), 64)
		if hasty := r.Context().Value(hasty{}) != nil; hasty || err != nil || seconds < 0 || seconds > longestPause.Seconds() {
			return answer, nil
		}
		_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<16))
		_ = answer.Body.Close()
		select {
		case <-r.Context().Done():
			return nil, r.Context().Err()
		case <-time.After(time.Duration(seconds * float64(time.Second))):
		}
		if r.GetBody != nil {
			r = r.Clone(r.Context())
			if r.Body, err = r.GetBody(); err != nil {
				return nil, err
			}
		}
	}
}

// hasty marks the context of a call that is made once: what it fails to show is left out.
type hasty struct{}

// call makes a call of the bot's within the limits of its bucket; out may be nil.
func (b *Bot) call(ctx context.Context, method, address string, in any, bucket string, out any) error {
	data, err := b.api.RequestWithBucketID(method, address, in, bucket, discordgo.WithContext(ctx))
	if err != nil {
		return clean(err)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("réponse de Discord illisible : %w", err)
	}
	return nil
}

// direct makes a call that an interaction's own token allows; it has no limit in common with the others.
func (b *Bot) direct(ctx context.Context, method, address string, in any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return clean(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", b.api.UserAgent)
	answer, err := b.api.Client.Do(r)
	if err != nil {
		return clean(err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(io.LimitReader(answer.Body, longestAnswer))
	if err != nil {
		return clean(err)
	}
	if answer.StatusCode/100 != 2 {
		refused := &discordgo.RESTError{Response: answer, ResponseBody: data}
		_ = json.Unmarshal(data, &refused.Message) // it may be no JSON
		return clean(refused)
	}
	return nil
}

// refusal is what Discord answered; code is 0 when it gave none, after how long to wait when it asks for that.
type refusal struct {
	status, code int
	text         string
	after        time.Duration
}

// patient tells what Discord asks to do later from a failure.
func patient(err error) error {
	var r refusal
	if errors.As(err, &r) && r.status == http.StatusTooManyRequests {
		return bot.Later{After: r.after, Err: err}
	}
	return err
}

func (r refusal) Error() string {
	return fmt.Sprintf("Discord refuse (HTTP %d, code %d) : %s", r.status, r.code, r.text)
}

// pauseOf gives how long Discord asks to wait.
func pauseOf(soon *discordgo.RateLimitError) time.Duration {
	if soon.RateLimit == nil || soon.TooManyRequests == nil {
		return longestPause
	}
	return soon.RetryAfter
}

// clean makes an error that may be logged: the addresses of interactions hold their tokens.
func clean(err error) error {
	var refused *discordgo.RESTError
	var soon *discordgo.RateLimitError
	var address *url.Error
	switch {
	case errors.As(err, &refused):
		r := refusal{status: refused.Response.StatusCode, text: http.StatusText(refused.Response.StatusCode)}
		if seconds, err := strconv.ParseFloat(refused.Response.Header.Get("Retry-After"), 64); err == nil && seconds > 0 {
			r.after = time.Duration(seconds * float64(time.Second))
		}
		if refused.Message != nil {
			r.code, r.text = refused.Message.Code, refused.Message.Message
		}
		return r
	case errors.As(err, &soon):
		return refusal{status: http.StatusTooManyRequests, text: "trop d'appels", after: pauseOf(soon)}
	case errors.As(err, &address):
		return fmt.Errorf("Discord injoignable : %w", address.Err)
	}
	return err
}

// said tells whether Discord refused with one of its codes (docs.discord.com/developers/topics/opcodes-and-status-codes, « JSON Error Codes »).
func said(err error, codes ...int) bool {
	var r refusal
	return errors.As(err, &r) && slices.Contains(codes, r.code)
}

// status gives the HTTP status of a refusal, 0 when the error is none.
func status(err error) int {
	var r refusal
	if errors.As(err, &r) {
		return r.status
	}
	return 0
}

// bare gives Discord's own name of a channel or a person.
func bare(name string) string { return strings.TrimPrefix(name, Platform+"/") }
