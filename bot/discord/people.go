package discord

import (
	"context"
	"fmt"
	"net/http"

	"github.com/bwmarrin/discordgo"

	"guichet/bot"
)

// Person implements bot.Platform: who somebody is, their roles in the bot's servers. Discord gives no address.
func (b *Bot) Person(ctx context.Context, id string) (bot.Person, error) {
	now := b.chat.Now()
	if p, ok := b.people.Get(id, now); ok {
		return p, nil
	}
	guilds, err := b.servers(ctx)
	if err != nil {
		return bot.Person{}, err
	}
	// Outside: somebody who is a full member of no server of the bot's.
	p := bot.Person{ID: id, Outside: true}
	for _, guild := range guilds {
		var m member
		err := b.call(ctx, http.MethodGet, discordgo.EndpointGuildMember(guild, bare(id)), nil, discordgo.EndpointGuildMember(guild, ""), &m)
		if said(err, discordgo.ErrCodeUnknownMember, discordgo.ErrCodeUnknownUser, discordgo.ErrCodeUnknownGuild, discordgo.ErrCodeMissingAccess) {
			continue
		}
		if err != nil {
			return bot.Person{}, patient(fmt.Errorf("lire les rôles de la personne : %w", err))
		}
		if p.Name == "" {
			p.Name = m.Nick
			if p.Name == "" && m.User != nil {
				p.Name = m.User.name()
			}
		}
		if m.Pending || m.Flags&isGuest != 0 || m.User == nil || m.User.Bot {
			continue
		}
		p.Outside = false
		for _, r := range m.Roles {
			p.Groups = append(p.Groups, Platform+"/"+r)
		}
	}
	if p.Name == "" {
		var u user
		if err := b.call(ctx, http.MethodGet, discordgo.EndpointUser(bare(id)), nil, discordgo.EndpointUsers, &u); err != nil {
			return bot.Person{}, patient(fmt.Errorf("lire le nom de la personne : %w", err))
		}
		p.Name = u.name()
	}
	b.people.Put(id, p, now)
	return p, nil
}

func (u user) name() string {
	if u.GlobalName != "" {
		return u.GlobalName
	}
	return u.Username
}

// servers gives the servers that the bot is in.
func (b *Bot) servers(ctx context.Context) ([]string, error) {
	now := b.chat.Now()
	if guilds, ok := b.guilds.Get("", now); ok {
		return guilds, nil
	}
	var all []struct {
		ID string `json:"id"`
	}
	address := discordgo.EndpointUserGuilds("@me")
	if err := b.call(ctx, http.MethodGet, address, nil, address, &all); err != nil {
		return nil, patient(fmt.Errorf("lister les serveurs : %w", err))
	}
	guilds := make([]string, 0, len(all))
	for _, g := range all {
		guilds = append(guilds, g.ID)
	}
	b.guilds.Put("", guilds, now)
	return guilds, nil
}

// External implements bot.Platform. Discord shares no channel between servers; a channel that the whole server reads is
// told by doctor when it is set for the staff or a partner.
func (b *Bot) External(context.Context, string) (bool, error) { return false, nil }

// spot is where a channel's messages are: a thread is a conversation of its parent.
type spot struct {
	channel, thread string
	direct          bool
}

// where gives the spot of a channel. It never changes.
func (b *Bot) where(ctx context.Context, id string) (spot, error) {
	now := b.chat.Now()
	if s, ok := b.spots.Get(id, now); ok {
		return s, nil
	}
	var c channel
	if err := b.call(ctx, http.MethodGet, discordgo.EndpointChannel(id), nil, discordgo.EndpointChannel(""), &c); err != nil {
		return spot{}, fmt.Errorf("lire le canal %s : %w", id, err)
	}
	s := spot{channel: id}
	switch {
	case c.Type == typeDirect:
		s.direct = true
	case c.thread():
		if c.ParentID == "" {
			return spot{}, fmt.Errorf("lire le canal %s : un fil sans canal", id)
		}
		s = spot{channel: c.ParentID, thread: id}
	}
	b.spots.Put(id, s, now)
	return s, nil
}

// application is the bot's application; flags tell which privileged intents it may ask for.
type application struct {
	ID    string `json:"id"`
	Flags int    `json:"flags"`
}

// content is the flags of an application that may read what does not mention it: granted, or until it is in 100 servers
// (docs.discord.com/developers/resources/application, « Application Flags »).
const content = 1<<18 | 1<<19

func (b *Bot) application(ctx context.Context) (a application, err error) {
	address := discordgo.EndpointApplications + "/@me"
	err = b.call(ctx, http.MethodGet, address, nil, address, &a)
	return a, err
}

// readsContent tells whether the application may read messages that do not mention it.
func (b *Bot) readsContent(ctx context.Context) (bool, error) {
	a, err := b.application(ctx)
	if err != nil {
		return false, fmt.Errorf("lire les intentions permises : %w", err)
	}
	return a.Flags&content != 0, nil
}
