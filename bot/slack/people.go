package slack

import (
	"context"
	"fmt"

	"github.com/slack-go/slack"

	"guichet/bot"
)

// Person implements bot.Platform: who somebody is, their user groups, their address if Slack confirmed it.
func (b *Bot) Person(ctx context.Context, id string) (bot.Person, error) {
	now := b.chat.Now()
	if p, ok := b.people.Get(id, now); ok {
		return p, nil
	}
	me, err := b.self()
	if err != nil {
		return bot.Person{}, err
	}
	u, err := b.api.GetUserInfoContext(ctx, bare(id))
	if err != nil {
		return bot.Person{}, patient(fmt.Errorf("users.info : %w", err))
	}
	groups, err := b.groupsOf(ctx, u.ID)
	if err != nil {
		return bot.Person{}, err
	}
	p := bot.Person{ID: Platform + "/" + u.ID, Name: u.Profile.DisplayName, Groups: groups, Outside: outside(u, me)}
	for _, name := range []string{u.RealName, u.Profile.RealName, u.Name} {
		if p.Name == "" {
			p.Name = name
		}
	}
	if u.IsEmailConfirmed {
		p.Email = u.Profile.Email
	}
	b.people.Put(id, p, now)
	return p, nil
}

// outside tells guests, people of another organisation, those who left, and programs.
func outside(u *slack.User, me *slack.AuthTestResponse) bool {
	same := u.TeamID == me.TeamID || me.EnterpriseID != "" && u.Enterprise.EnterpriseID == me.EnterpriseID
	return !same || u.IsRestricted || u.IsUltraRestricted || u.IsStranger || u.Deleted || u.IsBot || u.IsWorkflowBot || u.IsConnectorBot
}

// groupsOf gives the user groups that somebody is in.
func (b *Bot) groupsOf(ctx context.Context, user string) ([]string, error) {
	now := b.chat.Now()
	all, ok := b.groups.Get("", now)
	if !ok {
		groups, err := b.api.GetUserGroupsContext(ctx, slack.GetUserGroupsOptionIncludeUsers(true))
		if err != nil {
			return nil, patient(fmt.Errorf("usergroups.list : %w", err))
		}
		all = map[string][]string{}
		for _, g := range groups {
			for _, u := range g.Users {
				all[u] = append(all[u], Platform+"/"+g.ID)
			}
		}
		b.groups.Put("", all, now)
	}
	return all[user], nil
}

// External implements bot.Platform.
func (b *Bot) External(ctx context.Context, channel string) (bool, error) {
	id, now := bare(channel), b.chat.Now()
	if personal(id) {
		return false, nil
	}
	if external, ok := b.external.Get(id, now); ok {
		return external, nil
	}
	c, err := b.api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: id})
	if err != nil {
		return false, patient(fmt.Errorf("conversations.info : %w", err))
	}
	external := c.IsExtShared || c.IsPendingExtShared || c.IsShared && !c.IsOrgShared
	b.external.Put(id, external, now)
	return external, nil
}
