package slack

import (
	"context"
	"io"
	"log"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"

	"guichet/bot"
)

// listen keeps a Socket Mode connection until the context ends. The library connects again with longer and longer waits;
// a refused token is tried again, since it may be replaced.
func (b *Bot) listen(ctx context.Context) {
	for {
		socket := socketmode.New(b.api, socketmode.OptionLog(log.New(io.Discard, "", 0)), socketmode.OptionReadLimit(maxBody))
		reading, stop := context.WithCancel(ctx)
		b.work.Go(func() { b.read(reading, socket) })
		err := socket.RunContext(ctx)
		stop()
		if ctx.Err() != nil {
			return
		}
		b.Log.ErrorContext(ctx, "Slack refuse la connexion, nouvel essai prévu", "error", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Minute):
		}
	}
}

// handlers is how many events are taken in at the same time.
const handlers = 32

// read takes in what the connection brings. What could not be recorded is not acknowledged: Slack brings it again.
func (b *Bot) read(ctx context.Context, socket *socketmode.Client) {
	free := make(chan struct{}, handlers)
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-socket.Events:
			switch e.Type {
			case socketmode.EventTypeConnected:
				b.Log.InfoContext(ctx, "Slack est connecté")
				b.work.Background("rattrapage", b.catchUp)
			case socketmode.EventTypeConnectionError:
				if failure, ok := e.Data.(*slack.ConnectionErrorEvent); ok {
					b.Log.WarnContext(ctx, "Slack injoignable, nouvel essai prévu", "error", failure.ErrorObj, "try", failure.Attempt, "wait", failure.Backoff)
				}
			case socketmode.EventTypeErrorBadMessage, socketmode.EventTypeIncomingError, socketmode.EventTypeErrorWriteFailed:
				b.Log.WarnContext(ctx, "échange illisible avec Slack", "kind", e.Type)
			case socketmode.EventTypeEventsAPI, socketmode.EventTypeInteractive, socketmode.EventTypeSlashCommand:
				free <- struct{}{}
				b.work.Go(func() {
					defer func() { <-free }()
					b.envelope(ctx, socket, e)
				})
			}
		}
	}
}

// envelope handles one event and acknowledges it.
func (b *Bot) envelope(ctx context.Context, socket *socketmode.Client, e socketmode.Event) {
	var answer any
	err := bot.Guarded(func() (err error) {
		switch data := e.Data.(type) {
		case slackevents.EventsAPIEvent:
			err = b.event(ctx, data, e.Request.RetryAttempt > 0)
		case slack.SlashCommand:
			err = b.command(ctx, data)
		case slack.InteractionCallback:
			answer, err = b.interaction(ctx, data)
		}
		return err
	})
	if err != nil {
		b.Log.ErrorContext(ctx, "événement Slack non pris en compte", "kind", e.Type, "error", err)
		if answer == nil {
			return
		}
	}
	if err := socket.AckCtx(ctx, e.Request.EnvelopeID, answer); err != nil && ctx.Err() == nil {
		b.Log.WarnContext(ctx, "accusé de réception non envoyé à Slack", "error", err)
	}
}
