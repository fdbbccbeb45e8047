package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"guichet/bot"
	"guichet/bot/slack"
	"guichet/bot/sqljournal"
	"guichet/knowledge"
	"guichet/migrations/databasetest"
	"guichet/routing"
	"guichet/routing/ledger"
	"guichet/routing/ledger/ledgertest"
	"guichet/routing/ledger/sqlledger"
)

// slackAPI is what guichet serve calls of Slack; it remembers what was posted.
type slackAPI struct {
	mu     sync.Mutex
	posted []url.Values
}

func (s *slackAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	w.Header().Set("X-OAuth-Scopes", strings.Join(slack.Scopes(), ","))
	answer := map[string]any{"ok": true}
	switch strings.TrimPrefix(r.URL.Path, "/") {
	case "auth.test":
		answer["user_id"], answer["team_id"], answer["team"] = "UBOT", "T1", "Espace fictif"
	case "users.info":
		answer["user"] = map[string]any{"id": r.PostForm.Get("user"), "team_id": "T1", "name": "ada"}
	case "conversations.info":
		answer["channel"] = map[string]any{"id": r.PostForm.Get("channel"), "name": "essai", "is_member": r.PostForm.Get("channel") != "C0ABSENT"}
	case "chat.postMessage", "chat.update":
		answer["ts"] = "1.1"
		s.mu.Lock()
		s.posted = append(s.posted, r.PostForm)
		s.mu.Unlock()
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *slackAPI) said(channel string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := ""
	for _, p := range s.posted {
		if p.Get("channel") == channel {
			all += p.Get("text") + p.Get("blocks") + "\n"
		}
	}
	return all
}

// slackIn sets Slack up, with a folder of rules that gives MHDFF a channel.
func slackIn(t *testing.T) (fake *slackAPI, rules string) {
	fake = &slackAPI{}
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	rules = t.TempDir()
	file := filepath.Join(rules, "jeton")
	for name, content := range map[string]string{
		"jeton":         "xoxb-essai\n",
		"channels.yaml": "channels:\n  - {channel: slack/C0LEAD, audience: staff, direction: MHDFF}\n  - {channel: slack/C0ABSENT, audience: public}\n",
	} {
		if err := os.WriteFile(filepath.Join(rules, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("GUICHET_SLACK_API", server.URL+"/")
	t.Setenv("GUICHET_SLACK_BOT_TOKEN_FILE", file)
	t.Setenv("GUICHET_SLACK_SIGNING_SECRET", "secret-essai")
	t.Setenv("GUICHET_RULES", rules)
	return fake, rules
}

// A message in Slack gets its reply in its thread, and its request a card in the lead's channel, with the notice recorded.
func TestServeSlack(t *testing.T) {
	fake, _ := slackIn(t)
	s := startServe(t, databasetest.SQLite.URL(t))
	s.opened()
	event := func(body string) int { return slackEvent(t, s, body) }
	ts := fmt.Sprintf("%d.000100", time.Now().Unix())
	until(t, "Slack's event is taken", func() bool {
		return event(`{"type":"event_callback","event":{"type":"app_mention","user":"U1","channel":"C1","ts":"`+ts+`","text":"<@UBOT> Nous sommes une menuiserie de 12 salariés à Amiens et nous cherchons un prêt pour une machine."}}`) == http.StatusOK
	})
	until(t, "the reply is posted", func() bool { return strings.Contains(fake.said("C1"), "transmise à MHDFF") })
	until(t, "the card is posted", func() bool {
		card := fake.said("C0LEAD")
		return strings.Contains(card, "chef de file") && strings.Contains(card, "act:take") && strings.Contains(card, "menuiserie")
	})
	if status, _ := s.ask("POST", "/slack", url.Values{"payload": {"{}"}}); status != http.StatusUnauthorized {
		t.Errorf("an unsigned request: %d", status)
	}
	if log := s.stderr.String(); strings.Contains(log, "xoxb-essai") || strings.Contains(log, "secret-essai") {
		t.Errorf("a secret is in the log: %s", log)
	}
	s.ended()
}

// What a model words is shown in Slack while it comes; what is left in the end is the checked reply with its sources.
func TestServeSlackWithAModel(t *testing.T) {
	startModel(t, modelSays)
	fake, _ := slackIn(t)
	s := startServe(t, databasetest.SQLite.URL(t))
	s.opened()
	body := fmt.Sprintf(`{"type":"event_callback","event":{"type":"app_mention","user":"U1","channel":"C1","ts":"%d.000100","text":"<@UBOT> %s"}}`, time.Now().Unix(), modelQuestion)
	until(t, "Slack's event is taken", func() bool { return slackEvent(t, s, body) == http.StatusOK })
	until(t, "the whole reply is shown", func() bool {
		all := strings.Split(strings.TrimSpace(fake.said("C1")), "\n")
		last := all[len(all)-1]
		return strings.Contains(last, modelKept) && strings.Contains(last, "PRIT") && strings.Contains(last, "useful") && !strings.Contains(last, "hôtels") && !strings.Contains(last, "s'écrit")
	})
	s.ended()
}

// slackEvent sends an event as Slack does, signed, and gives the status of its answer.
func slackEvent(t *testing.T, s *served, body string) int {
	t.Helper()
	stamp := fmt.Sprint(time.Now().Unix())
	mac := hmac.New(sha256.New, []byte("secret-essai"))
	fmt.Fprintf(mac, "v0:%s:%s", stamp, body)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.page+"/slack", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header = http.Header{
		"Content-Type": {"application/json"}, "X-Slack-Request-Timestamp": {stamp}, "X-Slack-Signature": {"v0=" + hex.EncodeToString(mac.Sum(nil))},
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

func TestDoctorNamesWhatSlackMisses(t *testing.T) {
	slackIn(t)
	c := newTerminal(t)
	out := c.done("doctor")
	for _, want := range []string{"jeton du bot accepté", "droits complets", "membre de #essai", "guichet n'est pas membre de #essai (slack/C0ABSENT)", "/invite @guichet"} {
		if !strings.Contains(out, want) {
			t.Errorf("doctor does not say « %s »:\n%s", want, out)
		}
	}
	if strings.Contains(out, "sans canal à elles : DAEN, DPEAP, DIPI, DTRI, DPRE, DFP, MHDFF") {
		t.Errorf("MHDFF has a channel:\n%s", out)
	}
	// What an administrator set by command counts over the file.
	db := databasetest.Open(t, c.database)
	for channel, s := range map[string]*bot.ChannelSettings{
		"slack/C0ABSENT": {Audience: knowledge.Staff, Direction: "DAEN"}, "slack/C0LEAD": {Audience: knowledge.Staff}, "slack/C0SET": {Audience: knowledge.Staff, Direction: "DPEAP"},
	} {
		if err := sqljournal.New(db).SetChannel(t.Context(), channel, s, "slack/U0ADMIN", time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	out = c.done("doctor")
	if !strings.Contains(out, "sans canal à elles : DIPI, DTRI, DPRE, DFP, MHDFF") || strings.Count(out, "membre de #essai") != 3 {
		t.Errorf("what was set by command does not count:\n%s", out)
	}
	// A direction whose notices were given up is named.
	notices := sqlledger.New(db, &ledgertest.Jobs{}, ledger.DefaultTexts(), ledger.Agenda{})
	r, _, err := notices.Take(t.Context(), ledger.Intake{
		Channel: "web", Message: "1", Thread: "1", Text: "Un prêt.", Decision: routing.Decision{Lead: "MHDFF"}, EntryPoint: "DAEN", At: time.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	all, err := notices.Notices(t.Context(), ledger.Viewer{Staff: true}, 1)
	if err == nil {
		err = notices.Failed(t.Context(), all[0].Key, "canal coupé", true, time.Now())
	}
	if out = c.done("doctor"); err != nil || !strings.Contains(out, "directions injoignables : MHDFF (1 avis non remis)") {
		t.Errorf("%s, %v: an unreachable direction is not named:\n%s", r.Reference, err, out)
	}
	for set, want := range map[string]string{
		"GUICHET_SLACK_BOT_TOKEN=xoxb-autre":                      "GUICHET_SLACK_BOT_TOKEN et GUICHET_SLACK_BOT_TOKEN_FILE sont donnés tous les deux",
		"GUICHET_SLACK_SIGNING_SECRET=":                           "GUICHET_SLACK_APP_TOKEN (Socket Mode, xapp-…) ou GUICHET_SLACK_SIGNING_SECRET",
		"GUICHET_SLACK_BOT_TOKEN_FILE=" + t.TempDir() + "/absent": "lire GUICHET_SLACK_BOT_TOKEN_FILE",
	} {
		t.Run(want, func(t *testing.T) {
			slackIn(t)
			name, value, _ := strings.Cut(set, "=")
			t.Setenv(name, value)
			if out := c.done("doctor"); !strings.Contains(out, want) {
				t.Errorf("doctor does not say it:\n%s", out)
			}
		})
	}
}

func TestChannelsAreCheckedWithTheRules(t *testing.T) {
	_, rules := slackIn(t)
	bad := "channels:\n  - {channel: slack/C1, audience: staff, direction: ICI}\n  - {channel: C2}\n"
	if err := os.WriteFile(filepath.Join(rules, "channels.yaml"), []byte(bad), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, _ := newTerminal(t).run("", "rules", "check")
	if code != exitError || !strings.Contains(out, "channels.yaml:2 : direction « ICI » inconnue") || !strings.Contains(out, "channels.yaml:3 : channel") {
		t.Errorf("code %d\n%s", code, out)
	}
}
