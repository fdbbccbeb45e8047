package extract

import (
	"errors"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"guichet/knowledge"
)

// skipped are the parts of a page that are not its text.
var skipped = map[atom.Atom]bool{
	atom.Script: true, atom.Style: true, atom.Nav: true, atom.Footer: true, atom.Aside: true, atom.Form: true, atom.Noscript: true,
	atom.Template: true, atom.Svg: true, atom.Head: true, atom.Iframe: true, atom.Button: true, atom.Select: true,
}

// webpage reads the main part of an HTML page. Offsets are places in the text that is read, one line a block.
func webpage(text string, d *knowledge.Document) error {
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		return errors.New("HTML illisible : trop d'éléments emboîtés") // the only error of this parser on a text
	}
	if n := find(root, atom.Title); n != nil {
		d.Title = inline(n)
	}
	main := find(root, atom.Main)
	if main == nil {
		main = find(root, atom.Article)
	}
	if main == nil {
		main = find(root, atom.Body)
	}
	if h1 := find(main, atom.H1); h1 != nil && inline(h1) != "" {
		d.Title = inline(h1)
	}
	p := page{document: d}
	if d.Title != "" {
		p.add(knowledge.Title, nil, "", d.Title)
	}
	p.walk(main, nil)
	p.flush()
	if len(d.Blocks) == 1 && d.Blocks[0].Kind == knowledge.Title {
		d.Blocks = nil // a title alone says nothing
	}
	return nil
}

type page struct {
	document *knowledge.Document
	outline  outline
	loose    strings.Builder // text that stands in no block element
	length   int
}

func (p *page) add(kind knowledge.BlockKind, path []string, mark, text string) {
	if text = strings.Join(strings.Fields(text), " "); text == "" {
		return
	}
	p.document.Blocks = append(p.document.Blocks, knowledge.Block{Kind: kind, Path: path, Mark: mark, Text: text, Offset: p.length})
	p.length += len(text) + 1
}

func (p *page) flush() {
	text := p.loose.String()
	p.loose.Reset()
	p.add(knowledge.Paragraph, p.outline.path(), "", text)
}

func (p *page) walk(n *html.Node, columns []string) {
	if n == nil || n.Type == html.ElementNode && skipped[n.DataAtom] {
		return
	}
	if n.Type == html.TextNode {
		p.loose.WriteString(n.Data)
		return
	}
	switch n.DataAtom {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		p.flush()
		if title := inline(n); title != "" && title != p.document.Title {
			p.outline.enter(int(n.Data[1]-'0'), title)
		}
		return
	case atom.Li:
		p.flush()
		p.add(knowledge.Item, p.outline.path(), "- ", own(n))
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if c.DataAtom == atom.Ul || c.DataAtom == atom.Ol || c.DataAtom == atom.Table {
				p.walk(c, nil)
			}
		}
		return
	case atom.Table:
		p.flush()
		p.table(n)
		return
	}
	block := blockElement(n)
	if block {
		p.flush()
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		p.walk(c, columns)
	}
	if block {
		p.flush()
	}
}

func (p *page) table(n *html.Node) {
	var columns []string
	var visit func(*html.Node)
	visit = func(n *html.Node) {
		if n.DataAtom != atom.Tr {
			for c := n.FirstChild; c != nil; c = c.NextSibling {
				visit(c)
			}
			return
		}
		var cells []string
		titles := true
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if c.DataAtom == atom.Td || c.DataAtom == atom.Th {
				cells = append(cells, inline(c))
				titles = titles && c.DataAtom == atom.Th
			}
		}
		if titles && columns == nil {
			columns = cells
			return
		}
		path := p.outline.path()
		if columns != nil {
			path = append(path, strings.Join(columns, " | "))
		}
		p.add(knowledge.Row, path, "", strings.Join(cells, " | "))
	}
	visit(n)
}

func blockElement(n *html.Node) bool {
	switch n.DataAtom {
	case atom.P, atom.Div, atom.Section, atom.Article, atom.Ul, atom.Ol, atom.Dl, atom.Dt, atom.Dd, atom.Blockquote, atom.Pre, atom.Header, atom.Main, atom.Body, atom.Figure, atom.Figcaption, atom.Br, atom.Hr, atom.Details, atom.Summary, atom.Address:
		return true
	}
	return false
}

func find(n *html.Node, a atom.Atom) *html.Node {
	if n == nil || n.DataAtom == a {
		return n
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if f := find(c, a); f != nil {
			return f
		}
	}
	return nil
}

// inline gives the text of an element on one line; own leaves out the lists and tables inside it.
func inline(n *html.Node) string { return gather(n, false) }
func own(n *html.Node) string    { return gather(n, true) }

func gather(n *html.Node, shallow bool) string {
	var b strings.Builder
	var visit func(*html.Node)
	visit = func(n *html.Node) {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if skipped[c.DataAtom] || shallow && (c.DataAtom == atom.Ul || c.DataAtom == atom.Ol || c.DataAtom == atom.Table) {
				continue
			}
			if blockElement(c) {
				b.WriteByte(' ')
			}
			visit(c)
		}
		if blockElement(n) {
			b.WriteByte(' ')
		}
	}
	visit(n)
	return strings.Join(strings.Fields(b.String()), " ")
}
