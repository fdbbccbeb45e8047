package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"guichet/knowledge"
)

// Schemes gives the documents that the viewer may see and that have a section of one of these titles, by title.
func (s *Store) Schemes(ctx context.Context, v knowledge.Viewer, sections []string) ([]knowledge.Document, error) {
	if err := v.Check(); err != nil {
		return nil, err
	}
	if len(sections) == 0 {
		return nil, nil
	}
	args := rights(v)
	var titled []string
	for _, section := range sections {
		name, err := json.Marshal(section) // as the path holds it
		if err != nil {
			return nil, fmt.Errorf("lister les dispositifs : %w", err)
		}
		args = append(args, "%"+wildcards.Replace(string(name))+"%")
		titled = append(titled, fmt.Sprintf(`p.path LIKE $%d ESCAPE '!'`, len(args)))
	}
	var out []knowledge.Document
	err := s.query(ctx, `SELECT `+documentColumns+` FROM documents d WHERE `+visible+` AND EXISTS (SELECT 1 FROM passages p WHERE p.document = d.number AND (`+strings.Join(titled, " OR ")+`))
		ORDER BY d.title, d.id`, args, func(scan scanner) error {
		var d document
		err := scan(d.fields()...)
		out = append(out, d.value())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("lister les dispositifs : %w", err)
	}
	return out, nil
}

// wildcards makes a text match itself in LIKE … ESCAPE '!'.
var wildcards = strings.NewReplacer(`!`, `!!`, `%`, `!%`, `_`, `!_`)
