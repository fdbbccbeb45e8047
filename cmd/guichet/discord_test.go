package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"

	"guichet/migrations/databasetest"
)

// discordAPI is what guichet serve calls of Discord, with a gateway that brings one message; it remembers what was posted.
type discordAPI struct {
	url    string
	mu     sync.Mutex
	posted map[string]string
}

const discordToken = "essai.jeton.discord"

func (d *discordAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/ws/" {
		d.gateway(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	path := strings.TrimPrefix(r.URL.Path, "/api/v9")
	var answer any = map[string]any{"id": "1"}
	switch {
	case r.Header.Get("Authorization") != "Bot "+discordToken:
		w.WriteHeader(http.StatusUnauthorized)
	case path == "/users/@me":
		answer = map[string]any{"id": "9", "username": "guichet"}
	case path == "/applications/@me":
		answer = map[string]any{"id": "9", "flags": 1 << 19}
	case path == "/gateway/bot":
		answer = map[string]any{"url": "ws" + strings.TrimPrefix(d.url, "http") + "/ws"}
	case path == "/applications/9/commands":
		answer = []any{map[string]any{"name": "guichet"}}
	case path == "/users/@me/guilds":
		answer = []any{map[string]any{"id": "7", "name": "Serveur fictif"}}
	case strings.HasPrefix(path, "/guilds/7/members/"):
		answer = map[string]any{"user": map[string]any{"id": strings.TrimPrefix(path, "/guilds/7/members/"), "username": "ada"}, "roles": []string{}}
	case path == "/guilds/7/roles":
		answer = []any{map[string]any{"id": "7", "permissions": "0"}}
	case strings.HasSuffix(path, "/messages") && r.Method == http.MethodPost:
		d.mu.Lock()
		d.posted[path] += string(body)
		d.mu.Unlock()
	case strings.HasSuffix(path, "/messages"):
		answer = []any{}
	case strings.HasPrefix(path, "/channels/"):
		answer = map[string]any{"id": strings.TrimPrefix(path, "/channels/"), "type": 0, "guild_id": "7", "name": "essai"}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (d *discordAPI) gateway(w http.ResponseWriter, r *http.Request) {
	conn, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer conn.Close()
	_ = conn.WriteJSON(map[string]any{"op": 10, "d": map[string]any{"heartbeat_interval": 5000}})
	for {
		var p struct{ Op int }
		if conn.ReadJSON(&p) != nil {
			return
		}
		switch p.Op {
		case 1:
			_ = conn.WriteJSON(map[string]any{"op": 11})
		case 2:
			_ = conn.WriteJSON(map[string]any{"op": 0, "t": "READY", "s": 1, "d": map[string]any{"session_id": "s", "resume_gateway_url": "ws" + strings.TrimPrefix(d.url, "http") + "/ws"}})
			_ = conn.WriteJSON(map[string]any{"op": 0, "t": "MESSAGE_CREATE", "s": 2, "d": map[string]any{
				"id": "1500000000000000001", "channel_id": "21", "guild_id": "7", "type": 0, "author": map[string]any{"id": "31", "username": "ada"}, "mentions": []any{map[string]any{"id": "9"}},
				"content": "<@9> Nous sommes une menuiserie de 12 salariés à Amiens et nous cherchons un prêt pour une machine.",
			}})
		}
	}
}

func (d *discordAPI) said(channel string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.posted["/channels/"+channel+"/messages"]
}

func discordIn(t *testing.T) *discordAPI {
	fake := &discordAPI{posted: map[string]string{}}
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	fake.url = server.URL
	rules := t.TempDir()
	file := filepath.Join(rules, "jeton")
	for name, content := range map[string]string{
		"jeton":         discordToken + "\n",
		"channels.yaml": "channels:\n  - {channel: discord/22, audience: staff, direction: MHDFF}\n",
	} {
		if err := os.WriteFile(filepath.Join(rules, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("GUICHET_DISCORD_API", server.URL)
	t.Setenv("GUICHET_DISCORD_TOKEN_FILE", file)
	t.Setenv("GUICHET_RULES", rules)
	return fake
}

// A message in Discord gets its reply in its thread, and its request a card in the lead's channel.
func TestServeDiscord(t *testing.T) {
	fake := discordIn(t)
	s := startServe(t, databasetest.SQLite.URL(t))
	s.opened()
	until(t, "the reply is posted", func() bool { return strings.Contains(fake.said("1500000000000000001"), "transmise à MHDFF") })
	until(t, "the card is posted", func() bool { return strings.Contains(fake.said("22"), "act:take:") })
	if log := s.stderr.String(); strings.Contains(log, discordToken) {
		t.Errorf("the token is in the log: %s", log)
	}
	s.ended()
}

func TestDoctorNamesWhatDiscordMisses(t *testing.T) {
	discordIn(t)
	c := newTerminal(t)
	out := c.done("doctor")
	for _, want := range []string{"jeton du bot accepté", "intentions complètes", "commandes manquantes : « Transmettre au guichet »", "droits manquants dans #essai (discord/22) : « Voir les salons »"} {
		if !strings.Contains(out, want) {
			t.Errorf("doctor does not say « %s »:\n%s", want, out)
		}
	}
	t.Setenv("GUICHET_DISCORD_TOKEN", "autre")
	if out := c.done("doctor"); !strings.Contains(out, "GUICHET_DISCORD_TOKEN et GUICHET_DISCORD_TOKEN_FILE sont donnés tous les deux") {
		t.Error(out)
	}
	t.Setenv("GUICHET_DISCORD_TOKEN_FILE", "")
	if out := c.done("doctor"); !strings.Contains(out, "recopiez GUICHET_DISCORD_TOKEN") {
		t.Error(out)
	}
}
