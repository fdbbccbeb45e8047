package main

import (
	"context"
	"errors"
	"os"
	"strings"

	"guichet/bot"
	"guichet/bot/slack"
)

// slackPath is where Slack's HTTP events come in.
const slackPath = "/slack"

// slackConfig reads what Slack needs from the environment, never from the command line; ok is false when it is not wanted.
func (a *app) slackConfig() (c slack.Config, ok bool, err error) {
	c.Log, c.API = a.log, os.Getenv("GUICHET_SLACK_API")
	for name, into := range map[string]*string{"GUICHET_SLACK_BOT_TOKEN": &c.BotToken, "GUICHET_SLACK_APP_TOKEN": &c.AppToken, "GUICHET_SLACK_SIGNING_SECRET": &c.SigningSecret} {
		value, err := secret(name)
		if err != nil {
			return c, false, err
		}
		*into = value
	}
	switch {
	case c.BotToken == "" && c.AppToken == "" && c.SigningSecret == "":
		return c, false, nil
	case c.BotToken == "":
		return c, false, errors.New("GUICHET_SLACK_BOT_TOKEN manque : donnez le jeton du bot (xoxb-…), ou retirez les autres réglages de Slack")
	case c.AppToken == "" && c.SigningSecret == "":
		return c, false, errors.New("il manque comment joindre Slack : GUICHET_SLACK_APP_TOKEN (Socket Mode, xapp-…) ou GUICHET_SLACK_SIGNING_SECRET (événements HTTP)")
	}
	return c, true, nil
}

// openSlack opens the channel in the office; nil when Slack is not wanted.
func (a *app) openSlack(o *office) (*slack.Bot, error) {
	c, wanted, err := a.slackConfig()
	if err != nil || !wanted {
		return nil, err
	}
	b := slack.New(c, o.chat)
	o.chat.Platforms[slack.Platform] = b
	return b, nil
}

// checkSlack says what works with Slack, and names what is missing.
func (a *app) checkSlack(ctx context.Context, channels bot.Channels) []check {
	c, wanted, err := a.slackConfig()
	if err != nil {
		return []check{{Name: "slack", Detail: err.Error(), Todo: "corrigez les réglages GUICHET_SLACK_…"}}
	}
	if !wanted {
		return []check{{Name: "slack", Absent: true, Detail: "pas réglé : donnez GUICHET_SLACK_BOT_TOKEN et GUICHET_SLACK_APP_TOKEN"}}
	}
	var named []string
	for _, channel := range channels.Named() {
		if strings.HasPrefix(channel, slack.Platform+"/") {
			named = append(named, channel)
		}
	}
	return found(slack.Platform, slack.Check(ctx, c, named))
}
