package main

import (
	"context"
	"os"

	"guichet/bot"
	"guichet/bot/discord"
)

// discordConfig reads what Discord needs from the environment, never from the command line; ok is false when it is not wanted.
func (a *app) discordConfig() (c discord.Config, ok bool, err error) {
	c.Log, c.API = a.log, os.Getenv("GUICHET_DISCORD_API")
	c.Token, err = secret("GUICHET_DISCORD_TOKEN")
	return c, c.Token != "", err
}

// openDiscord opens the channel in the office; nil when Discord is not wanted.
func (a *app) openDiscord(o *office) (*discord.Bot, error) {
	c, wanted, err := a.discordConfig()
	if err != nil || !wanted {
		return nil, err
	}
	b := discord.New(c, o.chat)
	o.chat.Platforms[discord.Platform] = b
	return b, nil
}

// checkDiscord says what works with Discord, and names what is missing.
func (a *app) checkDiscord(ctx context.Context, channels bot.Channels) []check {
	c, wanted, err := a.discordConfig()
	if err != nil {
		return []check{{Name: discord.Platform, Detail: err.Error(), Todo: "corrigez les réglages GUICHET_DISCORD_…"}}
	}
	if !wanted {
		return []check{{Name: discord.Platform, Absent: true, Detail: "pas réglé : donnez GUICHET_DISCORD_TOKEN"}}
	}
	return found(discord.Platform, discord.Check(ctx, c, channels))
}
