package bot

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"guichet/knowledge"
	"guichet/routing"
)

// ChannelsFile is the file of the Region's folder that says who sees what in chat platforms.
const ChannelsFile = "channels.yaml"

//go:embed channels.yaml
var defaultChannels []byte

// DefaultChannelsYAML gives the file that ships, for the Region to edit: nothing but public channels.
func DefaultChannelsYAML() []byte { return slices.Clone(defaultChannels) }

// ChannelSettings is how guichet behaves in a shared channel of a chat platform.
type ChannelSettings struct {
	// Audience bounds what is said there, whoever asks. EPCI is the SIREN of a partner channel's intercommunal body.
	Audience knowledge.Audience `json:"audience"`
	EPCI     string             `json:"epci,omitempty"`
	// Listens tells that every message there is for guichet, mentioned or not.
	Listens bool `json:"listens,omitempty"`
	// Direction is the code of the direction whose requests are handed over there; '' for none.
	Direction string `json:"direction,omitempty"`
}

// Person is somebody as a chat platform knows them. Nothing in it comes from what they write.
type Person struct {
	// ID is unique among all platforms: « slack/U012 ». Groups are the user groups or roles, named likewise.
	ID     string
	Name   string
	Groups []string
	// Email is empty unless the platform verified it.
	Email string
	// Outside tells a guest, somebody of another organisation, or a program: never staff.
	Outside bool
}

// Channels is what the Region's file says of chat platforms. The zero value knows no channel: all is public.
type Channels struct {
	channels       map[string]ChannelSettings
	people         []badge
	administrators map[string]bool
}

// badge gives rights to those who are in a group, have an address of a domain, or are one person.
type badge struct {
	group, domain, person string
	asker                 Asker
}

func (b badge) fits(p Person) bool {
	_, domain, _ := strings.Cut(p.Email, "@")
	return b.group != "" && slices.Contains(p.Groups, b.group) ||
		b.domain != "" && strings.EqualFold(domain, b.domain) || b.person != "" && b.person == p.ID
}

// Rights gives a person's own rights, the widest that they have; somebody from outside is never staff.
func (c Channels) Rights(p Person) Asker {
	best := Asker{Audience: knowledge.Public}
	for _, b := range c.people {
		if b.fits(p) && b.asker.Audience > best.Audience && !(p.Outside && b.asker.Audience == knowledge.Staff) {
			best = b.asker
		}
	}
	best.ID, best.Name = p.ID, p.Name
	return best
}

// Administers tells whether a person may change the settings of channels.
func (c Channels) Administers(p Person) bool { return c.administrators[p.ID] && !p.Outside }

// Named gives the channels that the file names, sorted.
func (c Channels) Named() []string {
	names := make([]string, 0, len(c.channels))
	for name := range c.channels {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// With gives the channels as administrators set them over the file, by name.
func (c Channels) With(said map[string]ChannelSettings) Channels {
	all := maps.Clone(c.channels)
	if all == nil {
		all = map[string]ChannelSettings{}
	}
	maps.Copy(all, said)
	c.channels = all
	return c
}

// Direction gives the code of the direction whose requests the file hands over in a channel.
func (c Channels) Direction(channel string) string { return c.channels[channel].Direction }

// Audience gives the audience that the file gives a channel.
func (c Channels) Audience(channel string) knowledge.Audience { return c.of(channel).Audience }

// of gives the settings of a channel; one that the file does not name is public.
func (c Channels) of(channel string) ChannelSettings {
	if s, ok := c.channels[channel]; ok {
		return s
	}
	return ChannelSettings{Audience: knowledge.Public}
}

type channelYAML struct {
	Channel   string `yaml:"channel"`
	Audience  string `yaml:"audience"`
	EPCI      string `yaml:"epci"`
	Listens   bool   `yaml:"listens"`
	Direction string `yaml:"direction"`
}

type badgeYAML struct {
	Group    string `yaml:"group"`
	Domain   string `yaml:"domain"`
	Person   string `yaml:"person"`
	Audience string `yaml:"audience"`
	EPCI     string `yaml:"epci"`
}

// lined is a value of a YAML file with its line.
type lined[T any] struct {
	line  int
	value T
}

// UnmarshalYAML keeps the line and refuses unknown keys.
func (l *lined[T]) UnmarshalYAML(node ast.Node) error {
	l.line = node.GetToken().Position.Line
	return yaml.NodeToValue(node, &l.value, yaml.Strict())
}

var (
	platformID = regexp.MustCompile(`^[a-z]+/[A-Za-z0-9]+$`)
	siren      = regexp.MustCompile(`^\d{9}$`)
	domainName = regexp.MustCompile(`^[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)+$`)
)

// ParseChannels reads the file; directions are the codes that a channel may be of. The error joins every problem found,
// each a routing.Problem with its line.
func ParseChannels(data []byte, directions []string) (Channels, error) {
	var y struct {
		Channels       []lined[channelYAML] `yaml:"channels"`
		People         []lined[badgeYAML]   `yaml:"people"`
		Administrators []lined[string]      `yaml:"administrators"`
	}
	c := Channels{channels: map[string]ChannelSettings{}, administrators: map[string]bool{}}
	if len(bytes.TrimSpace(data)) == 0 {
		return c, nil
	}
	if err := yaml.UnmarshalWithOptions(data, &y, yaml.Strict()); err != nil {
		var syntax yaml.Error
		if errors.As(err, &syntax) {
			return c, channelProblem(syntax.GetToken().Position.Line, syntax.GetMessage())
		}
		return c, channelProblem(0, err.Error())
	}
	var problems []error
	wrong := func(line int, format string, args ...any) {
		problems = append(problems, channelProblem(line, fmt.Sprintf(format, args...)))
	}
	led := map[string]string{}
	for _, l := range y.Channels {
		s := ChannelSettings{EPCI: l.value.EPCI, Listens: l.value.Listens, Direction: l.value.Direction}
		if !platformID.MatchString(l.value.Channel) {
			wrong(l.line, "channel : « messagerie/identifiant » est attendu (slack/C0123456789), pas « %s »", l.value.Channel)
			continue
		}
		if _, twice := c.channels[l.value.Channel]; twice {
			wrong(l.line, "le canal %s est décrit deux fois", l.value.Channel)
		}
		if l.value.Audience == "" {
			s.Audience = knowledge.Public
		} else if err := s.Audience.UnmarshalText([]byte(l.value.Audience)); err != nil {
			wrong(l.line, "%v", err)
			continue
		}
		if err := s.check(directions); err != nil {
			wrong(l.line, "%v", err)
			continue
		}
		if other := led[s.Direction]; s.Direction != "" && other != "" {
			wrong(l.line, "la direction %s a déjà le canal %s", s.Direction, other)
		}
		led[s.Direction] = l.value.Channel
		c.channels[l.value.Channel] = s
	}
	for _, l := range y.People {
		b := badge{group: l.value.Group, domain: l.value.Domain, person: l.value.Person}
		given := 0
		for _, id := range []string{b.group, b.domain, b.person} {
			if id != "" {
				given++
			}
		}
		switch {
		case given != 1:
			wrong(l.line, "donnez un groupe (group), un domaine de courriel (domain) ou une personne (person), et un seul")
			continue
		case b.domain != "" && !domainName.MatchString(b.domain), b.group != "" && !platformID.MatchString(b.group), b.person != "" && !platformID.MatchString(b.person):
			wrong(l.line, "« %s » : un domaine s'écrit « collectivite.example », un groupe ou une personne « messagerie/identifiant »", b.group+b.domain+b.person)
			continue
		}
		if err := b.asker.Audience.UnmarshalText([]byte(l.value.Audience)); err != nil {
			wrong(l.line, "%v", err)
			continue
		}
		b.asker.EPCI = l.value.EPCI
		if err := (ChannelSettings{Audience: b.asker.Audience, EPCI: b.asker.EPCI}).check(nil); err != nil {
			wrong(l.line, "%v", err)
			continue
		}
		c.people = append(c.people, b)
	}
	for _, l := range y.Administrators {
		if !platformID.MatchString(l.value) {
			wrong(l.line, "administrators : « messagerie/identifiant » est attendu (slack/U0123456789), pas « %s »", l.value)
			continue
		}
		c.administrators[l.value] = true
	}
	return c, errors.Join(problems...)
}

// check refuses settings that contradict themselves. A direction's channel is not public: companies' requests go there.
func (s ChannelSettings) check(directions []string) error {
	switch {
	case s.EPCI != "" && !siren.MatchString(s.EPCI):
		return fmt.Errorf("epci : un SIREN de neuf chiffres est attendu, pas « %s »", s.EPCI)
	case s.EPCI != "" && s.Audience != knowledge.Partner:
		return errors.New("epci : seule l'audience partner a un EPCI")
	case s.Direction != "" && !slices.Contains(directions, s.Direction):
		return fmt.Errorf("direction « %s » inconnue : %s", s.Direction, strings.Join(directions, ", "))
	case s.Direction != "" && s.Audience == knowledge.Public:
		return errors.New("le canal d'une direction reçoit des demandes d'entreprises : son audience est staff ou partner, pas public")
	}
	return nil
}

func channelProblem(line int, reason string) error {
	return routing.Problem{Pos: routing.Pos{File: ChannelsFile, Line: line}, Reason: reason}
}
