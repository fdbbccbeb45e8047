// Package base ships the cards that answer from the first start: what the Region's directions do, its partners, its
// conventions, the way of a request. It holds files only; they enter the base by the same ingestion as any other.
package base

import (
	"embed"

	"guichet/knowledge"
)

//go:embed cards/*.md
var cards embed.FS

// Cards is the root of the cards; each names its own audience in its front matter.
func Cards() knowledge.Root { return knowledge.Root{FS: cards, Dir: "cards", Name: "guichet:"} }
