package slack

import (
	"context"
	_ "embed"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/slack-go/slack"

	"guichet/bot"
)

// Manifest describes the application to Slack.
//
//go:embed manifest.yaml
var Manifest []byte

// Scopes gives what the bot's token must be allowed, from the manifest.
func Scopes() []string {
	var m struct {
		OAuth struct {
			Scopes struct {
				Bot []string `yaml:"bot"`
			} `yaml:"scopes"`
		} `yaml:"oauth_config"`
	}
	if err := yaml.Unmarshal(Manifest, &m); err != nil {
		panic("slack: " + err.Error()) // the file is part of the program and tested
	}
	return m.OAuth.Scopes.Bot
}

// Check asks Slack whether the tokens are good, what the bot may do, and whether it is a member of channels (« slack/C012 »).
// It names what is missing.
func Check(ctx context.Context, c Config, channels []string) []bot.Finding {
	var granted []string
	api := client(c, slack.OptionOnResponseHeaders(func(method string, h http.Header) {
		if scopes := h.Get("X-OAuth-Scopes"); scopes != "" && strings.HasSuffix(method, "auth.test") {
			for s := range strings.SplitSeq(scopes, ",") {
				granted = append(granted, strings.TrimSpace(s))
			}
		}
	}))
	me, err := api.AuthTestContext(ctx)
	if err != nil {
		todo := "Slack doit être joignable d'ici : https://slack.com/api"
		if errors.As(err, new(slack.SlackErrorResponse)) {
			todo = "recopiez GUICHET_SLACK_BOT_TOKEN : « OAuth & Permissions », « Bot User OAuth Token » (xoxb-…)"
		}
		return []bot.Finding{{Detail: "jeton du bot refusé : " + err.Error(), Todo: todo}}
	}
	found := []bot.Finding{{OK: true, Detail: "jeton du bot accepté, espace « " + me.Team + " »"}}
	var missing []string
	for _, s := range Scopes() {
		if !slices.Contains(granted, s) {
			missing = append(missing, s)
		}
	}
	if len(missing) > 0 {
		found = append(found, bot.Finding{
			Detail: "droits manquants : " + strings.Join(missing, ", "),
			Todo:   "ajoutez-les dans « OAuth & Permissions », « Bot Token Scopes », puis réinstallez l'application",
		})
	} else {
		found = append(found, bot.Finding{OK: true, Detail: "droits complets"})
	}
	if c.AppToken != "" {
		f := bot.Finding{OK: true, Detail: "Socket Mode s'ouvre"}
		if _, _, err := api.StartSocketModeContext(ctx); err != nil {
			f = bot.Finding{
				Detail: "Socket Mode ne s'ouvre pas : " + err.Error(),
				Todo:   "activez Socket Mode et recopiez GUICHET_SLACK_APP_TOKEN : « Basic Information », « App-Level Tokens » (xapp-…, droit connections:write)",
			}
		}
		found = append(found, f)
	}
	for _, channel := range channels {
		info, err := api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: bare(channel)})
		switch {
		case said(err, "channel_not_found"), err == nil && !info.IsMember:
			name := channel
			if err == nil {
				name = "#" + info.Name + " (" + channel + ")"
			}
			found = append(found, bot.Finding{Detail: "guichet n'est pas membre de " + name, Todo: "dans ce canal, écrivez : /invite @guichet ; ou corrigez channels.yaml, ou ce qu'un administrateur a réglé"})
		case err != nil:
			found = append(found, bot.Finding{Detail: "canal " + channel + " illisible : " + err.Error(), Todo: "corrigez son identifiant dans channels.yaml, ou « /guichet canal fichier »"})
		case info.IsExtShared:
			found = append(found, bot.Finding{OK: true, Detail: "membre de #" + info.Name + ", partagé avec une autre organisation : jamais staff"})
		default:
			found = append(found, bot.Finding{OK: true, Detail: "membre de #" + info.Name})
		}
	}
	return found
}
