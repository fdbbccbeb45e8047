package sqlstore

import (
	"context"
	"errors"
	"strings"

	"guichet/knowledge"
	"guichet/migrations/database"
)

type postgres struct{ db *database.DB }

func (*postgres) each() string                             { return "json_array_elements" }
func (*postgres) word(w string) string                     { return w }
func (*postgres) any(sets []string) string                 { return strings.Join(sets, "|") }
func (*postgres) both(a, b string) string                  { return a + b }
func (*postgres) holding(set string) (from, number string) { return "", "" }
func (*postgres) index(context.Context, int, int) error    { return nil }
func (*postgres) drop(context.Context, int) error          { return nil }
func (*postgres) encode(vector []float32) string           { return "" }
func (*postgres) decoded(text string) string               { return text }
func (*postgres) nearest(ctx context.Context, v knowledge.Viewer, q knowledge.Query, model int) (nearest, error) {
	return nearest{}, errors.New("à faire")
}
