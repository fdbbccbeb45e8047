// Package slack is the Slack channel: it brings what people write, press and fill in to bot.Chat, and shows what it gives.
// It decides nothing. It may import bot and slack-go.
package slack
