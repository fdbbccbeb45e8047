package base

import (
	"embed"

	"guichet/knowledge"
)

//go:embed cards/*.md
var cards embed.FS

// Cards is the root of the cards; each names its own audience in its front matter.
func Cards() knowledge.Root { return knowledge.Root{FS: cards, Dir: "cards", Name: knowledge.Shipped} }
