package extract

import (
	"regexp"
	"strings"

	"guichet/knowledge"
)

var (
	mdHeading   = regexp.MustCompile(`^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$`)
	mdItem      = regexp.MustCompile(`^(\s*)([-*+]|\d{1,9}[.)])\s+`)
	mdRule      = regexp.MustCompile(`^ {0,3}([-*_])(\s*[-*_]){2,}\s*$`)
	mdSeparator = regexp.MustCompile(`^\s*\|?\s*:?-+:?\s*(\|\s*:?-*:?\s*)*\|?\s*$`)
)

// markdown reads headings, paragraphs, list items and table rows. Inline markup stays: a passage is quoted as it stands.
func markdown(text string, d *knowledge.Document) error {
	front, body, err := cutFrontMatter(text)
	if err != nil {
		return err
	}
	if body > 0 {
		if err := frontMatter(front, text[body:], d); err != nil {
			return err
		}
	}
	w := writer{document: d}
	titleAt := 4 + max(0, strings.Index(front, d.Title))
	var header string     // column titles of the table being read
	parents := []int(nil) // indents of the list items that are open
	fenced := false
	rows := strings.SplitAfter(text[body:], "\n")
	at := body
	for i, raw := range rows {
		row, offset := strings.TrimRight(raw, " \t\n"), at
		at += len(raw)
		trimmed := strings.TrimSpace(row)
		isTable := strings.HasPrefix(trimmed, "|")
		if !isTable {
			header = ""
		}
		switch {
		case strings.HasPrefix(trimmed, "```") || strings.HasPrefix(trimmed, "~~~"):
			fenced = !fenced
			w.end()
		case fenced:
			w.line(row, offset)
		case trimmed == "":
			w.end()
		case mdHeading.MatchString(row):
			m := mdHeading.FindStringSubmatch(row)
			w.end()
			parents = nil
			title := plainText(m[2])
			if len(m[1]) == 1 && (d.Title == "" || plainText(d.Title) == title) {
				if d.Title == "" {
					d.Title, titleAt = title, offset+strings.Index(raw, m[2])
				}
				w.outline = outline{}
				continue
			}
			w.outline.enter(len(m[1]), title)
		case mdRule.MatchString(row):
			w.end()
		case isTable:
			w.end()
			if mdSeparator.MatchString(row) {
				continue
			}
			cells := strings.TrimSpace(strings.Trim(trimmed, "|"))
			if header == "" && i+1 < len(rows) && mdSeparator.MatchString(strings.TrimRight(rows[i+1], "\n")) {
				header = cells
				continue
			}
			path := w.outline.path()
			if header != "" {
				path = append(path, header)
			}
			w.block(knowledge.Block{Kind: knowledge.Row, Path: path, Text: cells, Offset: offset + strings.Index(raw, cells)})
		case mdItem.MatchString(row):
			m := mdItem.FindStringSubmatch(row)
			indent := len(strings.ReplaceAll(m[1], "\t", "    "))
			for len(parents) > 0 && parents[len(parents)-1] >= indent {
				parents = parents[:len(parents)-1]
			}
			// An item below another is its detail: it continues the sentence that announces it.
			if len(parents) > 0 && w.nest(m[2]+" ", row[len(m[0]):]) {
				continue
			}
			parents = append(parents, indent)
			w.end()
			w.start(knowledge.Item, m[2]+" ", row[len(m[0]):], offset+len(m[0]))
		case strings.HasPrefix(trimmed, ">"):
			w.end() // each line on its own, so that no mark stands inside a quote
			text := strings.TrimSpace(strings.TrimLeft(trimmed, "> "))
			w.start(knowledge.Paragraph, "", text, offset+strings.Index(raw, text))
			w.end()
		default:
			if !w.open() {
				parents = nil
			}
			w.line(trimmed, offset+strings.Index(raw, trimmed))
		}
	}
	w.end()
	if d.Title != "" {
		d.Blocks = append([]knowledge.Block{{Kind: knowledge.Title, Text: d.Title, Offset: titleAt}}, d.Blocks...)
	}
	return nil
}

var (
	mdLink     = regexp.MustCompile(`!?\[([^\]]*)\]\([^)]*\)`)
	mdEmphasis = strings.NewReplacer("**", "", "__", "", "`", "")
)

// plainText takes the inline markup off a title.
func plainText(s string) string {
	return strings.TrimSpace(mdEmphasis.Replace(mdLink.ReplaceAllString(s, "$1")))
}

// writer gathers lines into blocks.
type writer struct {
	document *knowledge.Document
	outline  outline
	current  *knowledge.Block
}

func (w *writer) open() bool { return w.current != nil }

func (w *writer) block(b knowledge.Block) {
	if strings.TrimSpace(b.Text) != "" {
		w.document.Blocks = append(w.document.Blocks, b)
	}
}

func (w *writer) start(kind knowledge.BlockKind, mark, text string, offset int) {
	w.end()
	w.current = &knowledge.Block{Kind: kind, Path: w.outline.path(), Text: strings.TrimSpace(text), Mark: mark, Offset: offset}
}

// line continues the block, or starts a paragraph.
func (w *writer) line(text string, offset int) {
	text = strings.TrimSpace(text)
	if w.current == nil {
		w.start(knowledge.Paragraph, "", text, offset)
		return
	}
	w.current.Text = strings.TrimSpace(w.current.Text + " " + text)
}

// nest adds a detail to the open list item, while the whole stays short enough to quote.
func (w *writer) nest(mark, text string) bool {
	if w.current == nil || len(w.current.Text)+len(text) > 600 {
		return false
	}
	w.current.Text += "\n" + mark + strings.TrimSpace(text)
	return true
}

func (w *writer) end() {
	if w.current != nil {
		w.block(*w.current)
		w.current = nil
	}
}
