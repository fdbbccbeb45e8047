package discord

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/bwmarrin/discordgo"

	"guichet/bot"
	"guichet/knowledge"
)

// needed are the permissions that guichet works with, by Discord's French names.
var needed = []struct {
	bit  int64
	name string
}{
	{discordgo.PermissionViewChannel, "Voir les salons"},
	{discordgo.PermissionSendMessages, "Envoyer des messages"},
	{discordgo.PermissionCreatePublicThreads, "Créer des fils publics"},
	{discordgo.PermissionSendMessagesInThreads, "Envoyer des messages dans les fils"},
	{discordgo.PermissionEmbedLinks, "Intégrer des liens"},
	{discordgo.PermissionReadMessageHistory, "Voir les anciens messages"},
	{discordgo.PermissionAddReactions, "Ajouter des réactions"},
}

// invite gives the address that adds guichet to a server with what it needs.
func invite(app string) string {
	var all int64
	for _, p := range needed {
		all |= p.bit
	}
	return "https://discord.com/oauth2/authorize?client_id=" + app + "&scope=bot+applications.commands&permissions=" + strconv.FormatInt(all, 10)
}

// Check asks Discord whether the token is good, what the application may read, which commands it has, and what it may do in
// the channels that the Region's file names. It names what is missing.
func Check(ctx context.Context, c Config, channels bot.Channels) []bot.Finding {
	b := &Bot{Config: c, api: client(c)}
	var me user
	if err := b.call(ctx, http.MethodGet, discordgo.EndpointUser("@me"), nil, discordgo.EndpointUsers, &me); err != nil {
		todo := "Discord doit être joignable d'ici : https://discord.com/api"
		if status(err) == http.StatusUnauthorized {
			todo = "recopiez GUICHET_DISCORD_TOKEN : portail de Discord, « Bot », « Reset Token »"
		}
		return []bot.Finding{{Detail: "jeton du bot refusé : " + err.Error(), Todo: todo}}
	}
	found := []bot.Finding{{OK: true, Detail: "jeton du bot accepté, il s'appelle « " + me.name() + " »"}}
	app, err := b.application(ctx)
	if err != nil {
		return append(found, bot.Finding{Detail: "application illisible : " + err.Error(), Todo: "réessayez dans un instant"})
	}
	if app.Flags&content == 0 {
		found = append(found, bot.Finding{
			Detail: "intention manquante : Message Content, guichet ne lit que les mentions, les messages directs et les commandes",
			Todo:   "portail de Discord, « Bot », cochez « Message Content Intent » : il suit alors ses fils et les canaux « listens »",
		})
	} else {
		found = append(found, bot.Finding{OK: true, Detail: "intentions complètes"})
	}
	found = append(found, b.checkCommands(ctx, app.ID))
	guilds := map[string]*guild{}
	var servers []struct{ ID, Name string }
	address := discordgo.EndpointUserGuilds("@me")
	switch err := b.call(ctx, http.MethodGet, address, nil, address, &servers); {
	case err != nil:
		found = append(found, bot.Finding{Detail: "serveurs illisibles : " + err.Error(), Todo: "réessayez dans un instant"})
	case len(servers) == 0:
		found = append(found, bot.Finding{Detail: "guichet n'est dans aucun serveur", Todo: "ajoutez-le : " + invite(app.ID)})
	default:
		found = append(found, bot.Finding{OK: true, Detail: fmt.Sprintf("dans %d serveur(s), le premier est « %s »", len(servers), servers[0].Name)})
	}
	for _, name := range channels.Named() {
		if strings.HasPrefix(name, Platform+"/") {
			found = append(found, b.checkChannel(ctx, name, channels.Audience(name), me.ID, guilds, invite(app.ID)))
		}
	}
	return found
}

func (b *Bot) checkCommands(ctx context.Context, app string) bot.Finding {
	type named struct {
		Name string `json:"name"`
	}
	var wanted, declared []named
	if err := json.Unmarshal(commands, &wanted); err != nil {
		panic("discord: " + err.Error()) // the file is part of the program and tested
	}
	address := discordgo.EndpointApplicationGlobalCommands(app)
	if err := b.call(ctx, http.MethodGet, address, nil, address, &declared); err != nil {
		return bot.Finding{Detail: "commandes illisibles : " + err.Error(), Todo: "réessayez dans un instant"}
	}
	there := map[string]bool{}
	for _, c := range declared {
		there[c.Name] = true
	}
	var missing []string
	for _, c := range wanted {
		if !there[c.Name] {
			missing = append(missing, "« "+c.Name+" »")
		}
	}
	if len(missing) > 0 {
		return bot.Finding{Detail: "commandes manquantes : " + strings.Join(missing, ", "), Todo: "démarrez guichet serve, qui les déclare"}
	}
	return bot.Finding{OK: true, Detail: "commandes déclarées"}
}

// guild is what permissions in a server follow from.
type guild struct {
	everyone int64
	roles    map[string]int64
	mine     []string
	err      error
}

func (b *Bot) guild(ctx context.Context, id, me string, known map[string]*guild) *guild {
	if g, ok := known[id]; ok {
		return g
	}
	g := &guild{roles: map[string]int64{}}
	known[id] = g
	var roles []struct {
		ID          string `json:"id"`
		Permissions int64  `json:"permissions,string"`
	}
	address := discordgo.EndpointGuildRoles(id)
	if g.err = b.call(ctx, http.MethodGet, address, nil, address, &roles); g.err != nil {
		return g
	}
	for _, r := range roles {
		g.roles[r.ID] = r.Permissions
	}
	g.everyone = g.roles[id] // the role of everybody has the server's name
	var m member
	g.err = b.call(ctx, http.MethodGet, discordgo.EndpointGuildMember(id, me), nil, discordgo.EndpointGuildMember(id, ""), &m)
	g.mine = m.Roles
	return g
}

// permissions gives what a member with roles may do in a channel
// (docs.discord.com/developers/topics/permissions, « Permission Overwrites »).
func (g *guild) permissions(c channel, user string, roles []string) int64 {
	base := g.everyone
	for _, r := range roles {
		base |= g.roles[r]
	}
	if base&discordgo.PermissionAdministrator != 0 {
		return -1
	}
	var allow, deny int64
	for _, o := range c.Overwrites {
		if o.Type == 0 && o.ID == c.GuildID {
			base = base&^o.Deny | o.Allow
		}
	}
	for _, o := range c.Overwrites {
		for _, r := range roles {
			if o.Type == 0 && o.ID == r {
				allow, deny = allow|o.Allow, deny|o.Deny
			}
		}
	}
	base = base&^deny | allow
	for _, o := range c.Overwrites {
		if o.Type == 1 && o.ID == user {
			base = base&^o.Deny | o.Allow
		}
	}
	return base
}

func (b *Bot) checkChannel(ctx context.Context, name string, audience knowledge.Audience, me string, guilds map[string]*guild, address string) bot.Finding {
	var c channel
	err := b.call(ctx, http.MethodGet, discordgo.EndpointChannel(bare(name)), nil, discordgo.EndpointChannel(""), &c)
	if said(err, discordgo.ErrCodeUnknownChannel, discordgo.ErrCodeMissingAccess) {
		return bot.Finding{Detail: "guichet ne voit pas le canal " + name, Todo: "donnez-lui « Voir les salons » dans ce canal, ou ajoutez-le au serveur : " + address + " ; ou corrigez channels.yaml, ou ce qu'un administrateur a réglé"}
	}
	if err == nil && c.GuildID == "" {
		return bot.Finding{Detail: name + " n'est pas le canal d'un serveur", Todo: "corrigez son identifiant dans channels.yaml, ou « /guichet canal fichier »"}
	}
	if err == nil {
		err = b.guild(ctx, c.GuildID, me, guilds).err
	}
	if err != nil {
		return bot.Finding{Detail: "canal " + name + " illisible : " + err.Error(), Todo: "corrigez son identifiant dans channels.yaml, ou « /guichet canal fichier »"}
	}
	g := guilds[c.GuildID]
	has := g.permissions(c, me, g.mine)
	var missing []string
	for _, p := range needed {
		if has&p.bit == 0 {
			missing = append(missing, "« "+p.name+" »")
		}
	}
	shown := "#" + c.Name + " (" + name + ")"
	switch {
	case len(missing) > 0:
		return bot.Finding{Detail: "droits manquants dans " + shown + " : " + strings.Join(missing, ", "), Todo: "donnez-les au rôle de guichet, dans les permissions de ce canal"}
	case audience != knowledge.Public && g.permissions(c, "", nil)&discordgo.PermissionViewChannel != 0:
		return bot.Finding{
			Detail: shown + " est " + audience.String() + ", mais tout le serveur le lit",
			Todo:   "retirez « Voir les salons » à @everyone dans ce canal, ou mettez-le public dans channels.yaml",
		}
	}
	return bot.Finding{OK: true, Detail: "droits complets dans " + shown}
}
