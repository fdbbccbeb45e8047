package bot

import (
	"context"
	"slices"
	"strings"
	"time"

	"guichet/knowledge"
	"guichet/routing"
	"guichet/routing/convention"
	"guichet/routing/ledger"
)

// EPCI is an intercommunal body as the register knows it.
type EPCI struct {
	SIREN, Name string
	// Departements are the names of those in which it has communes, Communes how many it has in the register.
	Departements []string
	Communes     int
}

// Conventions is what the desk knows of conventions and of those who sign them.
type Conventions struct {
	Store    convention.Store
	Settings routing.Conventions
	// EPCIs are those of the register, Officers those who follow them, both by SIREN.
	EPCIs    map[string]EPCI
	Officers map[string]routing.Officer
	Texts    Texts
	// Theme names a subject of the rules.
	Theme func(id string) string
}

// conventionViewer gives on whose behalf conventions are read; the public gets none.
func conventionViewer(audience knowledge.Audience, epci string) convention.Viewer {
	switch audience {
	case knowledge.Staff:
		return convention.Viewer{Staff: true}
	case knowledge.Partner:
		return convention.Viewer{EPCI: epci}
	}
	return convention.Viewer{}
}

// name gives an EPCI's name, its SIREN when the register does not have it.
func (k *Conventions) name(epci string) string {
	if e, ok := k.EPCIs[epci]; ok {
		return e.Name
	}
	return epci
}

// Known says what is recorded of an EPCI's conventions at a time, a sentence each: those in force first; those that are over
// only when none is. When none is recorded it says that, which is not that there is none. It is empty when the viewer may not know.
func (k *Conventions) Known(ctx context.Context, v convention.Viewer, epci string, at time.Time) ([]string, error) {
	if k == nil || epci == "" || !v.Sees(epci) {
		return nil, nil
	}
	all, err := k.Store.List(ctx, v, epci)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return []string{k.Texts.say("convention-none", "epci", k.name(epci))}, nil
	}
	on := convention.DayOf(at)
	inForce := slices.ContainsFunc(all, func(c convention.Convention) bool { return c.State(on) == convention.InForce })
	var said []string
	for _, state := range []convention.State{convention.InForce, convention.NotYet, convention.Unsigned, convention.Ended} {
		for _, c := range all {
			if c.State(on) != state || state == convention.Ended && (inForce || c.Renewed(all, on)) {
				continue
			}
			said = append(said, k.say("convention-"+string(state), c))
		}
	}
	return said, nil
}

func (k *Conventions) say(key string, c convention.Convention, more ...any) string {
	var themes []string
	for _, id := range c.Themes {
		themes = append(themes, k.Theme(id))
	}
	return k.Texts.say(key, append([]any{
		"id", c.ID, "type", k.Settings.Label(c.Type), "epci", k.name(c.EPCI), "themes", strings.Join(themes, ", "),
		"start", c.Start.French(), "end", c.End.French(), "signed", c.Signed.French(),
	}, more...)...)
}

// Alert words the end of a convention, for the direction in charge or for the EPCI itself.
func (k *Conventions) Alert(c convention.Convention, a convention.Alert) string {
	key := "convention-alert"
	if a.To == "" {
		key = "convention-alert-epci"
	}
	days := max(convention.AlertDay(a.CreatedAt).Until(c.End), 0)
	return k.say(key, c, "days", days, "direction", k.Settings.Direction)
}

// about tells that a message, or the title of what answers it, is about conventions.
func (k *Conventions) about(facts routing.Facts) bool {
	return k != nil && slices.ContainsFunc(facts, func(f routing.Fact) bool {
		return f.Name == "subject" && f.Value == k.Settings.Subject && f.Role != routing.Context
	})
}

// matter tells that a request depends on a convention: it rests on an EPCI's own aid (conduct rule 6), or asks about one.
func (k *Conventions) matter(facts routing.Facts) bool {
	f, ok := facts.Get("epci_aid")
	return k != nil && (ok && f.Value == true || k.about(facts))
}

// OfRequest says what is known of the conventions on which a request depends, as an asker may know it.
func (k *Conventions) OfRequest(ctx context.Context, asker Asker, r ledger.Request, at time.Time) ([]string, error) {
	if !k.matter(r.Decision.Facts) {
		return nil, nil
	}
	return k.Known(ctx, conventionViewer(asker.Audience, asker.EPCI), r.Place.EPCI, at)
}

// officer names who follows an EPCI at the Region; empty when the Region's file gives nobody.
func (k *Conventions) officer(epci string) string {
	if k == nil {
		return ""
	}
	o, ok := k.Officers[epci]
	if !ok {
		return ""
	}
	return k.Texts.say("officer", "name", o.Name, "contact", o.Contact, "epci", k.name(epci))
}

// epciOf gives the SIREN of the EPCI that facts tell.
func epciOf(facts routing.Facts) string {
	f, _ := facts.Get("epci")
	siren, _ := f.Value.(string)
	return siren
}

// EPCIChannel gives the channel of an EPCI, kept for its partners: an administrator's choice, else the file's; ” when there is none.
func (c *Chat) EPCIChannel(ctx context.Context, epci string) (string, error) {
	return c.channelWhere(ctx, func(s ChannelSettings) bool { return s.Audience == knowledge.Partner && s.EPCI == epci })
}

// Tell sends the alert of a convention to the channel of its direction, or of its EPCI, as the channel may see it. sent is
// false when there is no open channel.
func (c *Chat) Tell(ctx context.Context, a convention.Alert) (sent bool, err error) {
	var channel string
	if a.To != "" {
		channel, err = c.DirectionChannel(ctx, a.To)
	} else {
		channel, err = c.EPCIChannel(ctx, a.EPCI)
	}
	if err != nil || channel == "" {
		return false, err
	}
	p, err := c.platform(channel)
	if err != nil {
		return false, nil // told by doctor
	}
	external, err := p.External(ctx, channel)
	if err != nil {
		return false, err
	}
	s, err := c.Settings(ctx, channel, external)
	if err != nil {
		return false, err
	}
	text := a.Text
	if !conventionViewer(s.Audience, s.EPCI).Sees(a.EPCI) {
		text = c.Texts.say("convention-alert-elsewhere")
	}
	return true, p.Say(ctx, channel, "", text, a.Key)
}
