// Package review rereads the base as a whole: schemes that look like each other, and what nothing is open for. What it looks
// for is data (review.yaml), which the Region may replace. It may import knowledge and a YAML library.
package review

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"
	"unicode"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"guichet/knowledge"
)

//go:embed review.yaml
var shipped []byte

// DefaultYAML gives the file that ships, for the Region to edit.
func DefaultYAML() []byte { return slices.Clone(shipped) }

// Default gives what ships.
func Default() Criteria {
	c, err := Parse(shipped)
	if err != nil {
		panic("review: " + err.Error()) // the file is part of the program and tested
	}
	return c
}

// Criteria say what a scheme is, and what schemes are for.
type Criteria struct {
	// Schemes are the names of fields and sections that a scheme has, About those that say what it is about, Nature that of
	// the kind of help.
	Schemes []string
	About   []string
	Nature  string
	// Likeness is from where on two schemes are shown, from 0 to 1.
	Likeness float64
	Themes   []Topic
	Profiles []Topic
}

// Topic is a theme or a profile, with the expressions that tell it.
type Topic struct {
	ID    string   `yaml:"id"`
	Label string   `yaml:"label"`
	Words []string `yaml:"words"`
}

// placed is a value of the file with the token where it starts.
type placed[T any] struct {
	at    *token.Token
	value T
}

// UnmarshalYAML keeps the token and refuses unknown keys.
func (p *placed[T]) UnmarshalYAML(node ast.Node) error {
	p.at = node.GetToken()
	return yaml.NodeToValue(node, &p.value, yaml.Strict())
}

// Parse reads criteria; the error joins every problem, each a yaml.Error when it has a line.
func Parse(data []byte) (Criteria, error) {
	var y struct {
		Schemes  []string        `yaml:"schemes"`
		About    []string        `yaml:"about"`
		Nature   string          `yaml:"nature"`
		Likeness placed[float64] `yaml:"likeness"`
		Themes   []placed[Topic] `yaml:"themes"`
		Profiles []placed[Topic] `yaml:"profiles"`
	}
	if err := yaml.UnmarshalWithOptions(data, &y, yaml.Strict()); err != nil {
		return Criteria{}, err
	}
	c := Criteria{Schemes: y.Schemes, About: y.About, Nature: y.Nature, Likeness: y.Likeness.value}
	if len(c.Schemes) == 0 || len(y.Themes) == 0 || len(y.Profiles) == 0 {
		return c, errors.New("« schemes », « themes » et « profiles » sont requis")
	}
	var problems []error
	wrong := func(at *token.Token, format string, args ...any) {
		problems = append(problems, &yaml.SyntaxError{Message: fmt.Sprintf(format, args...), Token: at})
	}
	switch {
	case y.Likeness.at == nil:
		problems = append(problems, errors.New("« likeness » manque : un nombre entre 0 et 1"))
	case c.Likeness <= 0 || c.Likeness > 1:
		wrong(y.Likeness.at, "« likeness » est un nombre entre 0 et 1, pas %v", c.Likeness)
	}
	seen := map[string]bool{}
	for _, topic := range slices.Concat(y.Themes, y.Profiles) {
		t := topic.value
		if t.ID == "" || strings.ContainsFunc(t.ID, unicode.IsSpace) || t.Label == "" || seen[t.ID] {
			wrong(topic.at, "« %s » : chaque thème et chaque profil a son identifiant, unique et sans espace, et son libellé", t.ID)
		}
		seen[t.ID] = true
		for _, w := range t.Words {
			if len(knowledge.Analyse(w)) == 0 {
				wrong(topic.at, "« %s » : l'expression « %s » n'a que des mots vides", t.ID, w)
			}
		}
		if len(t.Words) == 0 {
			wrong(topic.at, "« %s » n'a aucune expression", t.ID)
		}
	}
	for _, t := range y.Themes {
		c.Themes = append(c.Themes, t.value)
	}
	for _, p := range y.Profiles {
		c.Profiles = append(c.Profiles, p.value)
	}
	return c, errors.Join(problems...)
}

// Review is what a reading finds.
type Review struct {
	// Schemes counts the schemes that are open.
	Schemes  int
	Overlaps []Overlap
	Holes    []Hole
}

// Overlap is two open schemes that look alike, with why.
type Overlap struct {
	Documents [2]knowledge.Document
	Likeness  float64
	// Nature is the kind of help of both, Profiles those that both name (none: both are open to all), Words what both say.
	Nature   string
	Profiles []Topic
	Words    []string
}

// Hole is a theme that no open scheme has for a profile.
type Hole struct{ Theme, Profile Topic }

// scheme is a document as it is compared.
type scheme struct {
	knowledge.Document
	about    string
	nature   string
	themes   map[string]bool
	profiles map[string]bool
}

// Read rereads what a viewer may see, on a day; embed gives a vector of a text, of length one.
func (c Criteria) Read(ctx context.Context, base *knowledge.Base, v knowledge.Viewer, now time.Time, embed func(string) []float32) (Review, error) {
	documents, err := base.Documents(ctx, v)
	if err != nil {
		return Review{}, err
	}
	var schemes []scheme
	for _, d := range documents {
		if d.Closed(now) || d.ValidFrom.After(now) {
			continue
		}
		_, passages, err := base.Open(ctx, v, d.ID)
		if errors.Is(err, knowledge.ErrNotFound) { // it has just gone
			continue
		}
		if err != nil {
			return Review{}, err
		}
		if s, ok := c.scheme(d, passages); ok {
			schemes = append(schemes, s)
		}
	}
	return Review{Schemes: len(schemes), Overlaps: c.overlaps(schemes, embed), Holes: c.holes(schemes)}, nil
}

// aboutPassages is how many passages say what a document without fields is about.
const aboutPassages = 3

// scheme reads what a document is for, if it is a scheme.
func (c Criteria) scheme(d knowledge.Document, passages []knowledge.Passage) (scheme, bool) {
	s := scheme{Document: d, themes: map[string]bool{}, profiles: map[string]bool{}}
	is := false
	var fields, first []string
	for _, p := range passages {
		last := ""
		if len(p.Path) > 0 {
			last = p.Path[len(p.Path)-1]
		}
		is = is || slices.Contains(c.Schemes, last)
		switch {
		case p.Kind == knowledge.Title:
		case slices.Contains(c.About, last):
			fields = append(fields, p.Text)
		case last == c.Nature:
			s.nature = p.Text
		case p.Kind != knowledge.Field && len(first) < aboutPassages:
			first = append(first, p.Text)
		}
		c.note(p.Text, c.Profiles, s.profiles)
	}
	if len(fields) == 0 {
		fields = first
	}
	about := append([]string{d.Title}, fields...)
	for _, text := range append(about, s.nature) {
		c.note(text, c.Themes, s.themes)
	}
	s.about = strings.Join(about, "\n")
	return s, is
}

// note finds the topics that a text tells.
func (c Criteria) note(text string, topics []Topic, into map[string]bool) {
	said := map[string]bool{}
	for _, w := range knowledge.Analyse(text) {
		said[w] = true
	}
	for _, t := range topics {
		into[t.ID] = into[t.ID] || slices.ContainsFunc(t.Words, func(expression string) bool {
			return !slices.ContainsFunc(knowledge.Analyse(expression), func(w string) bool { return !said[w] })
		})
	}
}

// sharedWords is how many of the words that two schemes share are shown.
const sharedWords = 8

func (c Criteria) overlaps(schemes []scheme, embed func(string) []float32) []Overlap {
	texts := make([]string, len(schemes))
	for i, s := range schemes {
		texts[i] = s.about
	}
	alike := knowledge.NewLikeness(texts, embed)
	var out []Overlap
	for i, a := range schemes {
		for j, b := range schemes[:i] {
			if a.nature != "" && b.nature != "" && a.nature != b.nature {
				continue
			}
			profiles, same := c.sameProfiles(a, b)
			likeness := alike.Of(i, j)
			if !same || likeness < c.Likeness {
				continue
			}
			o := Overlap{Documents: [2]knowledge.Document{b.Document, a.Document}, Likeness: likeness, Profiles: profiles, Words: alike.Shared(j, i)}
			if a.nature == b.nature {
				o.Nature = a.nature
			}
			o.Words = o.Words[:min(len(o.Words), sharedWords)]
			out = append(out, o)
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Likeness > out[j].Likeness })
	return out
}

// sameProfiles gives the profiles that two schemes name; a scheme that names none is for all.
func (c Criteria) sameProfiles(a, b scheme) (shared []Topic, same bool) {
	named := func(s scheme) bool {
		return slices.ContainsFunc(c.Profiles, func(p Topic) bool { return s.profiles[p.ID] })
	}
	for _, p := range c.Profiles {
		if a.profiles[p.ID] && b.profiles[p.ID] {
			shared = append(shared, p)
		}
	}
	return shared, len(shared) > 0 || !named(a) || !named(b)
}

func (c Criteria) holes(schemes []scheme) []Hole {
	var out []Hole
	for _, theme := range c.Themes {
		for _, profile := range c.Profiles {
			covered := slices.ContainsFunc(schemes, func(s scheme) bool {
				all := !slices.ContainsFunc(c.Profiles, func(p Topic) bool { return s.profiles[p.ID] })
				return s.themes[theme.ID] && (all || s.profiles[profile.ID])
			})
			if !covered {
				out = append(out, Hole{theme, profile})
			}
		}
	}
	return out
}
