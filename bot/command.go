package bot

import (
	"context"
	"slices"
	"strings"

	"guichet/knowledge"
	"guichet/routing/ledger"
)

// command does what a command's first word asks for, when it is not a question: « demandes », « epci … », « fiche … » and « canal … ».
func (c *Chat) command(ctx context.Context, in Incoming, who Person, external bool) (shown Shown, done bool, err error) {
	words := strings.Fields(in.Text)
	if len(words) == 0 {
		return shown, false, nil
	}
	shown = Shown{Own: true, Reply: Reply{Kind: ReplySmall}}
	switch strings.TrimRight(ledger.Fold(words[0]), " ") {
	case "demandes":
		if len(words) > 1 {
			return shown, false, nil
		}
		shown.Reply.Text, err = c.mine(ctx, who)
	case "epci":
		reply, found, err := c.epci(ctx, in, who, external, strings.Join(words[1:], " "))
		return Shown{Own: true, Reply: reply}, found, err
	case "fiche":
		shown.Reply.Text, err = c.fiche(ctx, in, who, external, words[1:])
	case "canal":
		shown.Reply.Text, err = c.setChannel(ctx, in, who, external, words[1:])
	default:
		return shown, false, nil
	}
	return shown, true, err
}

func (c *Chat) mine(ctx context.Context, who Person) (string, error) {
	requests, err := c.Mine(ctx, who.ID)
	if err != nil {
		return "", err
	}
	if len(requests) == 0 {
		return c.Texts.say("mine-none"), nil
	}
	lines := []string{c.Texts.say("mine")}
	for _, r := range requests {
		lines = append(lines, c.MineLine(r))
	}
	return strings.Join(lines, "\n"), nil
}

// epci tells what is known of an EPCI, the asker's own when none is named, as the place may know it. found is false when the
// words name none: they are a question then.
func (c *Chat) epci(ctx context.Context, in Incoming, who Person, external bool, sought string) (reply Reply, found bool, err error) {
	asker, err := c.Asker(ctx, in, who, external)
	if err != nil || c.Sheets == nil {
		return reply, false, err
	}
	if sought == "" {
		sought = asker.EPCI
	}
	reply.Kind = ReplyStatus
	switch all := c.Sheets.Find(sought); {
	case sought == "":
		reply.Text = c.Texts.say("sheet-which")
		return reply, true, nil
	case len(all) == 0:
		return reply, false, nil
	case len(all) > 1:
		reply.Text = c.Texts.say("sheet-which")
		for _, e := range all {
			reply.Text += "\n– " + e.Name + " (" + e.SIREN + ")"
		}
		return reply, true, nil
	default:
		sheet, _, err := c.Sheets.Of(ctx, asker, all[0].SIREN, c.Now())
		if err != nil {
			return reply, false, err
		}
		return c.tellSheet(sheet), true, nil
	}
}

// tellSheet says what a sheet holds: a sentence, then a field for each part.
func (c *Chat) tellSheet(s Sheet) Reply {
	reply := Reply{Kind: ReplyStatus, Text: c.Texts.say("sheet", "epci", s.Name, "siren", s.SIREN, "departements", strings.Join(s.Departements, ", "),
		"communes", s.Communes, "entry", s.EntryPoint)}
	add := func(label string, lines []string) {
		if len(lines) > 0 {
			reply.Fields = append(reply.Fields, Field{Label: label, Value: strings.Join(lines, "\n")})
		}
	}
	if s.Own {
		if officer := c.Conventions.officer(s.SIREN); officer != "" {
			reply.Text += " " + officer
		}
		var conventions, requests []string
		for _, k := range s.Conventions {
			conventions = append(conventions, c.Texts.say("sheet-convention", "id", k.ID, "type", k.Label, "state", k.State.Label(), "start", k.Start.French(), "end", k.End.French()))
		}
		if len(conventions) == 0 {
			conventions = []string{c.Texts.say("convention-none", "epci", s.Name)}
		}
		for _, r := range s.Requests {
			requests = append(requests, c.MineLine(r))
		}
		add(c.Texts.say("field-convention"), conventions)
		add(c.Texts.say("sheet-requests"), requests)
	}
	for _, theme := range s.Offer {
		var lines []string
		for _, k := range theme.Cases {
			if k.Lead != "" {
				lines = append(lines, k.Case+" : "+k.Lead)
			}
			for _, d := range k.Schemes {
				lines = append(lines, "– "+d.Title)
			}
		}
		add(theme.Title, lines)
	}
	return reply
}

// setChannel shows the settings of the channel in which the command was written, or changes them for an administrator.
func (c *Chat) setChannel(ctx context.Context, in Incoming, who Person, external bool, words []string) (string, error) {
	channel := in.In
	if channel == "" {
		return c.Texts.say("channel-own"), nil
	}
	if !c.Channels.Administers(who) {
		return c.Texts.say("channel-forbidden"), nil
	}
	s, err := c.Settings(ctx, channel, false)
	if err != nil {
		return "", err
	}
	var codes []string
	for _, d := range c.Rules.Set().Directions {
		codes = append(codes, d.Code)
	}
	set := &s
	word := func(i int) string {
		if i < len(words) {
			return words[i]
		}
		return ""
	}
	switch verb, value := strings.TrimSpace(ledger.Fold(word(0))), word(1); verb {
	case "":
		text, err := c.channelIs(ctx, channel, external)
		return text + "\n\n" + c.Texts.say("channel-usage"), err
	case "public", "partner", "staff":
		if err := s.Audience.UnmarshalText([]byte(verb)); err != nil {
			return "", err
		}
		s.EPCI = value
	case "ecoute":
		if value != "oui" && value != "non" {
			return c.Texts.say("channel-usage"), nil
		}
		s.Listens = value == "oui"
	case "direction":
		if s.Direction = strings.ToUpper(value); ledger.Fold(value) == "aucune" {
			s.Direction = ""
		} else if !slices.Contains(codes, s.Direction) {
			return c.Texts.say("channel-wrong", "reason", "les directions sont : "+strings.Join(codes, ", ")), nil
		}
	case "fichier":
		set = nil
	default:
		return c.Texts.say("channel-usage"), nil
	}
	if err := s.check(codes); set != nil && err != nil {
		return c.Texts.say("channel-wrong", "reason", capital(err.Error())), nil
	}
	if external && s.Audience == knowledge.Staff && set != nil {
		return c.Texts.say("channel-wrong", "reason", "Ce canal est partagé avec une autre organisation : il ne peut pas être staff"), nil
	}
	if err := c.Store.SetChannel(ctx, channel, set, who.ID, c.Now()); err != nil {
		return "", err
	}
	c.Log.InfoContext(ctx, "canal réglé", "channel", channel, "by", who.ID, "settings", strings.Join(words, " "))
	return c.channelIs(ctx, channel, external)
}

func (c *Chat) channelIs(ctx context.Context, channel string, external bool) (string, error) {
	s, err := c.Settings(ctx, channel, external)
	if err != nil {
		return "", err
	}
	return c.Texts.say("channel-is", "channel", channel, "audience", s.Audience.String(), "epci", s.EPCI, "listens", flag(s.Listens),
		"direction", s.Direction, "external", flag(external)), nil
}

// flag is « oui », or nothing, as texts test it.
func flag(b bool) string {
	if b {
		return "oui"
	}
	return ""
}
