package discord

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"

	"guichet/bot"
)

const (
	// role is the lease of the one replica that holds the gateway's session.
	role = "discord/passerelle"
	// leaseFor is how long the role is taken for, leaseEvery how often it is asked for again.
	leaseFor   = 15 * time.Second
	leaseEvery = 3 * time.Second

	// longestPayload is what is read of the gateway at once. The intents bring messages and interactions, not whole servers.
	longestPayload = 4 << 20
	// greetTime is how long the gateway may take to say hello, sendTime to take what is sent.
	greetTime = 30 * time.Second
	sendTime  = 10 * time.Second
	// handlers is how many events are taken in at the same time.
	handlers = 32
)

// lead keeps the gateway's session while this replica has the lease, until the context ends.
func (b *Bot) lead(ctx context.Context) {
	var stop func()
	until := time.Time{}
	for {
		asked, cancel := context.WithTimeout(ctx, leaseEvery)
		now := b.chat.Now()
		held, err := b.chat.Store.Lease(asked, role, b.name, now, now.Add(leaseFor))
		cancel()
		switch {
		case held:
			until = now.Add(leaseFor)
			if stop == nil {
				b.Log.InfoContext(ctx, "cette instance tient la passerelle de Discord")
				stop = b.open(ctx)
			}
		case err != nil && ctx.Err() == nil:
			b.Log.WarnContext(ctx, "rôle de passerelle Discord non renouvelé", "error", err)
		}
		if stop != nil && !held && (err == nil || b.chat.Now().Add(leaseEvery).After(until)) {
			b.Log.WarnContext(ctx, "une autre instance tient la passerelle de Discord")
			stop()
			stop = nil
		}
		select {
		case <-ctx.Done():
			if stop != nil {
				stop()
				end, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseEvery)
				defer cancel()
				if err := b.chat.Store.EndLease(end, role, b.name); err != nil {
					b.Log.WarnContext(ctx, "rôle de passerelle Discord non rendu", "error", err)
				}
			}
			return
		case <-time.After(leaseEvery):
		}
	}
}

// open opens the gateway and gives how to close it; closing waits for the connection's end.
func (b *Bot) open(ctx context.Context) func() {
	ctx, cancel := context.WithCancel(ctx)
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		b.listen(ctx)
	}()
	return func() {
		cancel()
		<-closed
	}
}

// session is what a connection goes on from.
type session struct {
	id, url string
	seq     atomic.Int64
}

func (s *session) forget() {
	s.id, s.url = "", ""
	s.seq.Store(0)
}

// listen keeps a connection until the context ends, with longer and longer waits between failures.
func (b *Bot) listen(ctx context.Context) {
	const first, longest = time.Second, time.Minute
	var s session
	for wait := first; ctx.Err() == nil; {
		greeted := false
		err := b.connect(ctx, &s, func() { greeted = true })
		if ctx.Err() != nil {
			return
		}
		if greeted {
			wait = first
		}
		pause := wait
		if closed := new(websocket.CloseError); errors.As(err, &closed) {
			// docs.discord.com/developers/topics/opcodes-and-status-codes, « Gateway Close Event Codes »
			switch closed.Code {
			case 4004:
				err, pause = errors.New("jeton refusé : recopiez GUICHET_DISCORD_TOKEN"), longest
			case 4013, 4014:
				err, pause = errors.New("intention refusée : cochez « Message Content Intent » dans le portail de Discord, « Bot »"), longest
			case 4010, 4011, 4012:
				pause = longest
			}
			if closed.Code >= 4003 && closed.Code <= 4014 && closed.Code != 4008 {
				s.forget()
			}
		}
		switch {
		case errors.Is(err, errAgain):
			b.Log.InfoContext(ctx, "Discord demande une nouvelle connexion")
			if greeted {
				continue
			}
		case errors.Is(err, errInvalid):
			pause = time.Second + rand.N(4*time.Second) // as Discord asks
		case errors.Is(err, websocket.ErrReadLimit):
			s.forget() // else the same payload would come again
		}
		b.Log.WarnContext(ctx, "connexion à Discord perdue, nouvel essai prévu", "error", err, "wait", pause)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		if !greeted {
			wait = min(2*wait, longest)
		}
	}
}

var (
	errAgain   = errors.New("nouvelle connexion demandée")
	errInvalid = errors.New("session refusée par Discord")
	errSilent  = errors.New("Discord ne répond plus aux battements")
)

// payload is what goes both ways (docs.discord.com/developers/events/gateway-events, « Payload Structure »).
type payload struct {
	Op   int             `json:"op"`
	Data json.RawMessage `json:"d"`
	Seq  *int64          `json:"s,omitempty"`
	Type *string         `json:"t,omitempty"`
}

// The opcodes (docs.discord.com/developers/topics/opcodes-and-status-codes, « Gateway Opcodes »).
const (
	opDispatch  = 0
	opBeat      = 1
	opIdentify  = 2
	opResume    = 6
	opReconnect = 7
	opInvalid   = 9
	opHello     = 10
	opBeatAck   = 11
)

// line is one connection.
type line struct {
	conn  *websocket.Conn
	mu    sync.Mutex
	acked atomic.Bool
}

func (l *line) send(op int, data any) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.conn.SetWriteDeadline(time.Now().Add(sendTime)); err != nil {
		return err
	}
	return l.conn.WriteJSON(struct {
		Op   int `json:"op"`
		Data any `json:"d"`
	}{op, data})
}

// close ends the connection; with any code but 1000 and 1001 the session can go on.
func (l *line) close(code int) {
	_ = l.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Now().Add(time.Second)) // it may be dead
	_ = l.conn.Close()
}

// connect opens a connection, goes on from a session or begins one, and reads until the end. ready is called when events come.
func (b *Bot) connect(ctx context.Context, s *session, ready func()) error {
	address, err := b.gateway(ctx, s)
	if err != nil {
		return err
	}
	dialer := websocket.Dialer{HandshakeTimeout: greetTime, Proxy: http.ProxyFromEnvironment}
	conn, answer, err := dialer.DialContext(ctx, strings.TrimSuffix(address, "/")+"/?v="+discordgo.APIVersion+"&encoding=json", nil)
	if answer != nil && answer.Body != nil {
		_ = answer.Body.Close()
	}
	if err != nil {
		s.url = "" // another address next time
		return fmt.Errorf("ouvrir la passerelle : %w", err)
	}
	l := &line{conn: conn}
	conn.SetReadLimit(longestPayload)
	defer conn.Close()
	// What was said stays said when the bot stops: a normal end lets another replica begin at once.
	defer context.AfterFunc(ctx, func() { l.close(websocket.CloseNormalClosure) })()

	interval, err := l.hello()
	if err != nil {
		return fmt.Errorf("accueil de la passerelle : %w", err)
	}
	if err := b.present(ctx, l, s); err != nil {
		return err
	}
	beating, stop := context.WithCancel(ctx)
	defer stop()
	silent := make(chan struct{})
	go func() {
		if l.beat(beating, interval, s) {
			close(silent)
			l.close(4000)
		}
	}()
	var work sync.WaitGroup
	defer work.Wait()
	free := make(chan struct{}, handlers)
	for {
		_, data, err := conn.ReadMessage()
		if err != nil {
			select {
			case <-silent:
				return errSilent
			default:
				return err
			}
		}
		var p payload
		if err := json.Unmarshal(data, &p); err != nil {
			b.Log.WarnContext(ctx, "envoi de Discord illisible", "error", err)
			continue
		}
		switch p.Op {
		case opBeat:
			if err := l.send(opBeat, s.seq.Load()); err != nil {
				return err
			}
		case opBeatAck:
			l.acked.Store(true)
		case opReconnect:
			l.close(4000)
			return errAgain
		case opInvalid:
			if string(p.Data) != "true" { // true: the session can go on
				s.forget()
			}
			l.close(4000)
			return errInvalid
		case opDispatch:
			if p.Seq != nil {
				s.seq.Store(*p.Seq)
			}
			if p.Type == nil {
				continue
			}
			if *p.Type == "READY" || *p.Type == "RESUMED" {
				if err := b.joined(ctx, *p.Type, p.Data, s); err != nil {
					return err
				}
				ready()
				continue
			}
			free <- struct{}{}
			work.Go(func() {
				defer func() { <-free }()
				b.dispatch(ctx, *p.Type, p.Data)
			})
		}
	}
}

// gateway gives the address to connect to: the session's, else the one that Discord gives.
func (b *Bot) gateway(ctx context.Context, s *session) (string, error) {
	if s.id != "" && s.url != "" {
		return s.url, nil
	}
	// docs.discord.com/developers/events/gateway, « Get Gateway Bot »
	var g struct {
		URL   string `json:"url"`
		Limit struct {
			Remaining  *int  `json:"remaining"`
			ResetAfter int64 `json:"reset_after"` // milliseconds
		} `json:"session_start_limit"`
	}
	if err := b.call(ctx, http.MethodGet, discordgo.EndpointGatewayBot, nil, discordgo.EndpointGatewayBot, &g); err != nil {
		return "", fmt.Errorf("demander la passerelle : %w", err)
	}
	if g.Limit.Remaining != nil && *g.Limit.Remaining == 0 && s.id == "" {
		return "", fmt.Errorf("trop de sessions commencées aujourd'hui : Discord n'en accepte plus avant %s", time.Duration(g.Limit.ResetAfter)*time.Millisecond)
	}
	return g.URL, nil
}

// hello reads the greeting, and gives how often the heart must beat.
func (l *line) hello() (time.Duration, error) {
	if err := l.conn.SetReadDeadline(time.Now().Add(greetTime)); err != nil {
		return 0, err
	}
	var p payload
	if err := l.conn.ReadJSON(&p); err != nil {
		return 0, err
	}
	var h struct {
		Interval int64 `json:"heartbeat_interval"` // milliseconds
	}
	if err := json.Unmarshal(p.Data, &h); err != nil || p.Op != opHello || h.Interval < 1 || h.Interval > int64(time.Hour/time.Millisecond) {
		return 0, fmt.Errorf("code %d, battement de %d ms", p.Op, h.Interval)
	}
	return time.Duration(h.Interval) * time.Millisecond, l.conn.SetReadDeadline(time.Time{})
}

// present goes on from the session, or begins one with the intents that are needed.
func (b *Bot) present(ctx context.Context, l *line, s *session) error {
	token := "Bot " + b.Token
	if s.id != "" {
		return l.send(opResume, map[string]any{"token": token, "session_id": s.id, "seq": s.seq.Load()})
	}
	reads, err := b.readsContent(ctx)
	if err != nil {
		return err
	}
	intents := discordgo.IntentGuildMessages | discordgo.IntentDirectMessages
	if reads {
		intents |= discordgo.IntentMessageContent
	} else {
		b.Log.WarnContext(ctx, "guichet ne lit que les mentions, les messages directs et les commandes : cochez « Message Content Intent » dans le portail de Discord, « Bot », pour qu'il suive ses fils")
	}
	return l.send(opIdentify, map[string]any{
		"token": token, "intents": intents, "properties": map[string]string{"os": "linux", "browser": "guichet", "device": "guichet"},
	})
}

// beat keeps the connection alive; true when Discord did not answer a beat.
func (l *line) beat(ctx context.Context, interval time.Duration, s *session) bool {
	l.acked.Store(true)
	for wait := rand.N(interval); ; wait = interval {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(wait):
		}
		if !l.acked.Swap(false) {
			return true
		}
		var last any
		if n := s.seq.Load(); n > 0 {
			last = n
		}
		if err := l.send(opBeat, last); err != nil {
			return ctx.Err() == nil
		}
	}
}

// joined is the beginning or the going on of a session; what was missed is caught up.
func (b *Bot) joined(ctx context.Context, kind string, data json.RawMessage, s *session) error {
	if kind == "READY" {
		var r struct {
			ID  string `json:"session_id"`
			URL string `json:"resume_gateway_url"`
		}
		if err := json.Unmarshal(data, &r); err != nil || r.ID == "" {
			return errors.New("début de session illisible")
		}
		s.id, s.url = r.ID, r.URL
		b.work.Go(func() {
			if err := b.catchUp(b.work.Life()); err != nil && b.work.Life().Err() == nil {
				b.Log.ErrorContext(b.work.Life(), "messages manqués non rattrapés", "error", err)
			}
		})
	}
	b.Log.InfoContext(ctx, "Discord est connecté", "resumed", kind == "RESUMED")
	return nil
}

// dispatch handles an event.
func (b *Bot) dispatch(ctx context.Context, kind string, data json.RawMessage) {
	err := bot.Guarded(func() error {
		switch kind {
		case "MESSAGE_CREATE":
			var m message
			if err := json.Unmarshal(data, &m); err != nil {
				return err
			}
			return b.message(ctx, m, false)
		case "MESSAGE_UPDATE": // also told of a link that Discord unfurled: with no date, or one that is known
			var m message
			if err := json.Unmarshal(data, &m); err != nil {
				return err
			}
			if m.Edited == "" || b.chat.Now().Sub(moment(m.ID)) > bot.EditedWithin {
				return nil
			}
			return b.message(ctx, m, true)
		case "INTERACTION_CREATE":
			var i interaction
			if err := json.Unmarshal(data, &i); err != nil {
				return err
			}
			return b.interaction(ctx, i)
		}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		b.Log.ErrorContext(ctx, "événement Discord non pris en compte", "kind", kind, "error", err)
	}
}
