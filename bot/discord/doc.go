// Package discord is the Discord channel: it brings what people write, press and fill in to bot.Chat, and shows what it gives.
// It decides nothing. It may import bot and discordgo.
//
// Everything comes through the gateway, a connection that guichet opens itself, with TLS, to the address that Discord's API
// gives, and identifies on with the bot's token: nobody else can write in it, so that there is no signature to check, no
// address open to the world, nothing to forge or replay. The HTTP way for interactions, with its Ed25519 signatures, is not offered.
//
// discordgo makes the calls, keeps to their rate limits and gives the shapes of what is sent. The gateway itself is here:
// discordgo 0.29 cannot be stopped while it reconnects (a replica that lost its lease would come back), hides why Discord
// refuses (an intent, a token), and panics on a payload that is null.
package discord
