package extract

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"
	"github.com/goccy/go-yaml"

	"guichet/knowledge"
	"guichet/knowledge/french"
)

// labels are the facts of a front matter that people ask about, in the order in which they are shown. Those that the body
// repeats are left to the body.
var labels = []struct{ key, label string }{
	{"promesse", "Promesse"}, {"resume", "Résumé"}, {"nature", "Nature"}, {"montant", "Montant"}, {"cout", "Coût"}, {"duree", "Durée"},
	{"operateur", "Opérateur"}, {"autres_operateurs", "Autres opérateurs"}, {"contact", "Contact"}, {"cible", "Cible"},
}

// head is what of a front matter becomes the document's own fields; other keys are facts or nothing to us.
type head struct {
	ID          string              `yaml:"id"`
	Titre       string              `yaml:"titre"`
	Title       string              `yaml:"title"`
	URL         string              `yaml:"url"`
	Source      string              `yaml:"source"`
	Audience    *knowledge.Audience `yaml:"audience"`
	EPCI        string              `yaml:"epci"`
	Date        string              `yaml:"date"`
	Modified    string              `yaml:"date_modification"`
	Unavailable bool                `yaml:"indisponible"`
	Questions   []string            `yaml:"questions"`
	Validity    struct {
		From  string `yaml:"debut"`
		Until string `yaml:"fin"`
	} `yaml:"validite"`
}

// headKeys are the keys that are read.
var headKeys = func() (keys []string) {
	for _, field := range reflect.VisibleFields(reflect.TypeFor[head]()) {
		keys = append(keys, field.Tag.Get("yaml"))
	}
	for _, l := range labels {
		keys = append(keys, l.key)
	}
	return keys
}()

// meant gives the known key that another is a slip for, « » when it is known itself or resembles none.
func meant(key string, known []string) string {
	near := ""
	for _, k := range known {
		if key == k {
			return ""
		}
		// One letter, two in a long word; the shortest differ by their accents and capitals only, since any two are near.
		slips := min((len(k)+2)/6, 2)
		if levenshtein.ComputeDistance(french.Fold(key), k) <= slips {
			near = k
		}
	}
	return near
}

// ToComplete marks what is left to write in a card that « guichet gaps card » begins: its front matter has « questions ».
const ToComplete = "À COMPLÉTER"

// cutFrontMatter finds a front matter (« --- » lines around YAML) and the offset at which the body starts.
func cutFrontMatter(text string) (front string, body int, err error) {
	if !strings.HasPrefix(text, "---\n") {
		return "", 0, nil
	}
	at := 4
	for at <= len(text) {
		end := strings.IndexByte(text[at:], '\n')
		row := text[at:]
		if end >= 0 {
			row = text[at : at+end]
		}
		if strings.TrimRight(row, " ") == "---" {
			return text[4:at], min(at+len(row)+1, len(text)), nil
		}
		if end < 0 {
			break
		}
		at += end + 1
	}
	return "", 0, errors.New("ligne 1 : l'en-tête YAML commencé par « --- » n'est pas fermé")
}

// frontMatter reads a front matter into the document, its facts as Field blocks.
func frontMatter(front, body string, d *knowledge.Document) error {
	var h head
	var all map[string]any
	for _, into := range []any{&h, &all} {
		if err := yaml.Unmarshal([]byte(front), into); err != nil {
			return fmt.Errorf("en-tête YAML : %w", located(err, 1))
		}
	}
	validity, _ := all["validite"].(map[string]any)
	for _, part := range []struct {
		keys  map[string]any
		known []string
	}{{all, headKeys}, {validity, []string{"debut", "fin"}}} {
		for _, key := range slices.Sorted(maps.Keys(part.keys)) {
			if known := meant(key, part.known); known != "" {
				return fmt.Errorf("ligne %d : « %s » n'est pas une clé de l'en-tête ; vouliez-vous dire « %s » ?", keyLine(front, key), key, known)
			}
		}
	}
	if whole := "---\n" + front + "---\n" + body; len(h.Questions) > 0 && strings.Contains(whole, ToComplete) {
		return fmt.Errorf("ligne %d : la fiche n'est pas finie, écrivez ce qui est marqué « %s »", lineOf(whole, strings.Index(whole, ToComplete)), ToComplete)
	}
	d.ID, d.Title = strings.TrimSpace(h.ID), strings.TrimSpace(h.Titre)
	if d.Title == "" {
		d.Title = strings.TrimSpace(h.Title)
	}
	d.URL, d.EPCI, d.Unavailable = h.URL, h.EPCI, h.Unavailable
	if d.URL == "" && strings.HasPrefix(h.Source, "http") {
		d.URL = h.Source
	}
	if h.Audience != nil {
		d.Audience = *h.Audience
	}
	if h.Date == "" {
		h.Date = h.Modified
	}
	for _, date := range []struct {
		key, text string
		into      *time.Time
	}{{"date", h.Date, &d.Date}, {"debut", h.Validity.From, &d.ValidFrom}, {"fin", h.Validity.Until, &d.ValidUntil}} {
		if date.text == "" {
			continue
		}
		t, err := day(date.text)
		if err != nil {
			return fmt.Errorf("ligne %d : %w", keyLine(front, date.key), err)
		}
		*date.into = t
	}
	if !d.ValidFrom.IsZero() && !d.ValidUntil.IsZero() && d.ValidUntil.Before(d.ValidFrom) {
		return fmt.Errorf("ligne %d : la validité finit avant de commencer", keyLine(front, "fin"))
	}
	if len(h.Questions) > 0 && strings.TrimSpace(mdHeading.ReplaceAllString(strings.TrimSpace(body), "")) == "" {
		return errors.New("la fiche n'a pas de réponse : écrivez-la sous son titre")
	}
	for _, l := range labels {
		for _, value := range scalars(all[l.key]) {
			if !strings.Contains(body, value) {
				d.Blocks = append(d.Blocks, knowledge.Block{Kind: knowledge.Field, Path: []string{l.label}, Text: value, Offset: 4 + max(0, strings.Index(front, value))})
			}
		}
	}
	for _, bound := range []struct{ label, text string }{{"Début de validité", h.Validity.From}, {"Fin de validité", h.Validity.Until}} {
		if bound.text != "" {
			d.Blocks = append(d.Blocks, knowledge.Block{Kind: knowledge.Field, Path: []string{bound.label}, Text: bound.text, Offset: 4 + max(0, strings.Index(front, bound.text))})
		}
	}
	return nil
}

// scalars gives the texts of a value: itself, or the items of a list. Nested tables are for programs.
func scalars(v any) []string {
	switch v := v.(type) {
	case string:
		if s := strings.TrimSpace(v); s != "" {
			return []string{s}
		}
	case []any:
		var out []string
		for _, item := range v {
			out = append(out, scalars(item)...)
		}
		return out
	case int64, uint64, float64:
		return []string{fmt.Sprint(v)}
	}
	return nil
}

func keyLine(front, key string) int {
	for i, row := range strings.Split(front, "\n") {
		if strings.HasPrefix(strings.TrimSpace(row), key) {
			return i + 2
		}
	}
	return 1
}

var position = regexp.MustCompile(`^\[(\d+):(\d+)\] `)

// located gives the file's line and the reason of a YAML error; before is how many lines stand before the YAML.
func located(err error, before int) error {
	message := yaml.FormatError(err, false, false)
	if first, _, ok := strings.Cut(message, "\n"); ok {
		message = first
	}
	if m := position.FindStringSubmatch(message); m != nil {
		var row, column int
		_, _ = fmt.Sscan(m[1], &row)
		_, _ = fmt.Sscan(m[2], &column)
		return fmt.Errorf("ligne %d, colonne %d : %s", row+before, column, message[len(m[0]):])
	}
	return errors.New(message)
}
