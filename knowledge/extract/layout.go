package extract

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"sort"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"guichet/knowledge"
	"guichet/knowledge/french"
)

// The layout of a page tells how it is read: lines, columns, titles by their size, tables by the places of their cells. It
// knows no word, but for a hyphen at the end of a line, which belongs to the word or not.

// fewLetters is how many letters a page without a text may have: a stamp, a page number.
const fewLetters = 12

// arrange makes the blocks of a document from its pages.
func arrange(pages []pdfPage, d *knowledge.Document) error {
	var empty []string
	letters := 0
	for _, p := range pages {
		n := 0
		for _, s := range p.spans {
			n += s.letters
		}
		if letters += n; n < fewLetters {
			empty = append(empty, fmt.Sprint(p.number))
		}
	}
	if len(pages) == 0 {
		return errors.New("le PDF n'a aucune page")
	}
	if len(empty) == len(pages) {
		return fmt.Errorf("PDF sans texte (pages : %d) : c'est sans doute un document numérisé, fait d'images ; passez-le à la reconnaissance de caractères (OCR), ou donnez le fichier d'origine", len(pages))
	}
	if len(empty) > 0 {
		d.Notes = append(d.Notes, "pages sans texte (images, ou blanches) : "+strings.Join(empty, ", "))
	}
	body := usualSize(pages)
	dropMargins(pages, body)
	var lines []textLine
	region := 0
	for _, p := range pages {
		for i := range p.spans {
			p.spans[i].page = p.number
		}
		lines = append(lines, ordered(rowsOf(p.spans), &region, 0)...)
	}
	w := layoutWriter{pieces: pieces{document: d}, body: body, lead: usualLead(lines, body), widths: extents(lines)}
	w.levels = titleSizes(lines, body)
	for i := 0; i < len(lines); {
		i = w.line(lines, i)
	}
	w.end()
	w.done()
	return nil
}

// usualSize is that of most letters.
func usualSize(pages []pdfPage) float64 {
	letters := map[float64]int{}
	for _, p := range pages {
		for _, s := range p.spans {
			letters[math.Round(s.size*2)/2] += s.letters
		}
	}
	best := 0.0
	for size, n := range letters {
		if n > letters[best] || n == letters[best] && size < best {
			best = size
		}
	}
	return max(best, 1)
}

// row is what stands on one baseline, from left to right.
type pdfRow struct {
	y     float64
	spans []span
}

func (r pdfRow) text() string {
	var parts []string
	for _, s := range r.spans {
		parts = append(parts, s.text)
	}
	return strings.Join(parts, " ")
}

// size is that of its letters on average.
func (r pdfRow) size() float64 {
	sizes, letters := 0.0, 0
	for _, s := range r.spans {
		sizes += s.size * float64(s.letters)
		letters += s.letters
	}
	return sizes / float64(max(1, letters))
}

func rowsOf(spans []span) []pdfRow {
	sorted := slices.Clone(spans)
	sort.SliceStable(sorted, func(i, j int) bool { return sorted[i].y < sorted[j].y })
	var rows []pdfRow
	for _, s := range sorted {
		if n := len(rows); n > 0 && s.y-rows[n-1].y < 0.4*max(s.size, 4) {
			rows[n-1].spans = append(rows[n-1].spans, s)
			continue
		}
		rows = append(rows, pdfRow{y: s.y, spans: []span{s}})
	}
	for _, r := range rows {
		sort.SliceStable(r.spans, func(i, j int) bool { return r.spans[i].x0 < r.spans[j].x0 })
	}
	return rows
}

// Margins. A line at the top or at the bottom of the pages is no text when it comes back at the same place, as it is or with
// a number that follows the pages'.

// marginRows is how many lines of each end of a page may be a header or a footer.
const marginRows = 3

var (
	numeral    = regexp.MustCompile(`\d+`)
	pageNumber = regexp.MustCompile(`(?i)^(page|p\.)?\s*[-–—]?\s*(\d+)\s*((/|sur|of)\s*\d+)?\s*[-–—]?$`)
)

// place is what a line says, and where.
type place struct {
	key string
	y   int
}

// comesBack tells whether one of the ways to read a line is found on enough pages.
func comesBack(times map[place]int, keys []place, enough int) bool {
	return slices.ContainsFunc(keys, func(k place) bool {
		return times[k]+max(times[place{k.key, k.y - 1}], times[place{k.key, k.y + 1}]) >= enough
	})
}

func isPageNumber(r pdfRow, p pdfPage) bool {
	m := pageNumber.FindStringSubmatch(r.text())
	return m != nil && m[2] == fmt.Sprint(p.number) && (r.y > 0.9*p.height || r.y < 0.08*p.height)
}

// ends gives the lines of both ends of a page, from its edges on.
func ends(rows []pdfRow) (top, bottom []pdfRow) {
	n := min(marginRows, len(rows)/2)
	top, bottom = slices.Clone(rows[:n]), slices.Clone(rows[len(rows)-n:])
	slices.Reverse(bottom)
	return top, bottom
}

func dropMargins(pages []pdfPage, body float64) {
	keys := func(p pdfPage, r pdfRow) []place {
		text := strings.ToLower(r.text())
		all := []string{text}
		if r.size() <= body*1.05 {
			for _, at := range numeral.FindAllStringIndex(text, -1) {
				n := 0
				_, _ = fmt.Sscan(text[at[0]:at[1]], &n)
				all = append(all, fmt.Sprintf("%s\x00%d\x00%s", text[:at[0]], n-p.number, text[at[1]:]))
			}
		}
		var out []place
		for _, key := range all {
			out = append(out, place{key, int(math.Round(r.y / 4))})
		}
		return out
	}
	times := map[place]int{}
	all := make([][]pdfRow, len(pages))
	for i, p := range pages {
		all[i] = rowsOf(p.spans)
		top, bottom := ends(all[i])
		for _, r := range slices.Concat(top, bottom) {
			for _, k := range keys(p, r) {
				times[k]++
			}
		}
	}
	enough := max(2, min(3, (len(pages)+1)/2))
	for i := range pages {
		p := &pages[i]
		drop := map[float64]bool{}
		// What is nearest to the text first: a line that touches it belongs to it, whatever comes back elsewhere.
		top, bottom := ends(all[i])
		for _, margin := range []struct {
			rows []pdfRow
			next int // the line of the text that is nearest to it
		}{{top, len(top)}, {bottom, len(all[i]) - len(bottom) - 1}} {
			if len(margin.rows) == 0 {
				continue
			}
			inner := all[i][margin.next].y
			for _, r := range slices.Backward(margin.rows) {
				apart := math.Abs(r.y-inner) > 1.6*max(body, r.size()) || drop[inner]
				inner = r.y
				drop[r.y] = apart && (comesBack(times, keys(*p, r), enough) || isPageNumber(r, *p))
			}
		}
		var kept []span
		for _, r := range all[i] {
			if !drop[r.y] {
				kept = append(kept, r.spans...)
			}
		}
		p.spans = kept
	}
}

// Columns.

const (
	fewestRows  = 4    // lines of a column, at least
	fullEnough  = 0.55 // of its width that the lines of a column fill on average: the cells of a table do not
	mostColumns = 4
)

// textLine is a row of a region of a page that is read from top to bottom.
type textLine struct {
	pdfRow
	page, region int
}

// ordered gives the rows in the order in which they are read: columns one after the other, where there are some.
func ordered(rows []pdfRow, region *int, depth int) []textLine {
	plain := func(rows []pdfRow, out []textLine) []textLine {
		*region++
		for _, r := range rows {
			out = append(out, textLine{pdfRow: r, page: r.spans[0].page, region: *region})
		}
		return out
	}
	x, ok := gutter(rows)
	if !ok || depth >= mostColumns {
		return plain(rows, nil)
	}
	var out []textLine
	for _, run := range runsAt(rows, x) {
		if !run.columns {
			out = plain(run.rows, out)
			continue
		}
		var left, right []span
		for _, r := range run.rows {
			l, rest := r.cut(x)
			left, right = append(left, l...), append(right, rest...)
		}
		out = append(out, ordered(rowsOf(left), region, depth+1)...)
		out = append(out, ordered(rowsOf(right), region, depth+1)...)
	}
	return out
}

// cut parts the pieces of a row on both sides of a place.
func (r pdfRow) cut(x float64) (left, right []span) {
	for _, s := range r.spans {
		if s.x1 <= x {
			left = append(left, s)
		} else {
			right = append(right, s)
		}
	}
	return left, right
}

func (r pdfRow) crosses(x float64) bool {
	return slices.ContainsFunc(r.spans, func(s span) bool { return s.x0 < x && s.x1 > x })
}

// run is a series of rows, none of which crosses a place if it is of columns.
type columnRun struct {
	rows    []pdfRow
	columns bool
}

func runsAt(rows []pdfRow, x float64) []columnRun {
	var out []columnRun
	for i := 0; i < len(rows); {
		end := i
		crossing := rows[i].crosses(x)
		for end < len(rows) && rows[end].crosses(x) == crossing {
			end++
		}
		run := columnRun{rows: rows[i:end]}
		run.columns = !crossing && isColumns(run.rows, x)
		if n := len(out); n > 0 && !run.columns && !out[n-1].columns {
			out[n-1].rows = rows[i-len(out[n-1].rows) : end]
		} else {
			out = append(out, run)
		}
		i = end
	}
	return out
}

// isColumns tells whether rows are two columns of prose, side by side.
func isColumns(rows []pdfRow, x float64) bool {
	if len(rows) < fewestRows {
		return false
	}
	var sides [2]struct {
		rows, spans   int
		from, to      float64 // its edges
		top, bottom   float64
		filled, fills float64
	}
	for pass := range 2 {
		for _, r := range rows {
			l, rest := r.cut(x)
			for i, part := range [][]span{l, rest} {
				if len(part) == 0 {
					continue
				}
				side := &sides[i]
				from, to := part[0].x0, part[len(part)-1].x1
				if pass == 1 {
					side.filled += to - from
					continue
				}
				if side.rows == 0 {
					side.from, side.to, side.top = from, to, r.y
				}
				side.from, side.to, side.bottom = min(side.from, from), max(side.to, to), r.y
				side.rows++
				side.spans += len(part)
			}
		}
	}
	for i := range sides {
		s := &sides[i]
		if s.rows < fewestRows || float64(s.spans) > 1.5*float64(s.rows) {
			return false
		}
		s.fills = s.filled / float64(s.rows) / max(1, s.to-s.from)
		if s.fills < fullEnough || s.to-s.from < 60 {
			return false
		}
	}
	return min(sides[0].bottom, sides[1].bottom) > max(sides[0].top, sides[1].top) && sides[1].from-sides[0].to > 6
}

// gutter finds the place between columns that parts the most rows.
func gutter(rows []pdfRow) (float64, bool) {
	if len(rows) < fewestRows {
		return 0, false
	}
	from, to := math.Inf(1), math.Inf(-1)
	for _, r := range rows {
		from, to = min(from, r.spans[0].x0), max(to, r.spans[len(r.spans)-1].x1)
	}
	if to-from > 5000 {
		return 0, false
	}
	best, start, end := 0, 0.0, 0.0
	for x := from + 0.15*(to-from); x < to-0.15*(to-from); x += gutterStep {
		n := 0
		for _, run := range runsAt(rows, x) {
			if run.columns {
				n += len(run.rows)
			}
		}
		switch {
		case n > best:
			best, start, end = n, x, x
		case n == best && n > 0 && x-end <= gutterStep:
			end = x
		}
	}
	return (start + end) / 2, best > 0
}

// gutterStep is how finely, in points, the place between columns is looked for.
const gutterStep = 2

// Lines into blocks.

type layoutWriter struct {
	pieces
	body, lead float64
	levels     map[titleStyle]int
	widths     map[int]extent
	current    *knowledge.Block
	last       textLine // of the current block
	open       titleStyle
	titling    []string
	titlePage  int
}

// titleStyle is how a title looks.
type titleStyle struct {
	size float64
	bold bool
}

type extent struct{ from, to float64 }

// extents are the edges of the regions.
func extents(lines []textLine) map[int]extent {
	out := map[int]extent{}
	for _, l := range lines {
		e, ok := out[l.region]
		from, to := l.spans[0].x0, l.spans[len(l.spans)-1].x1
		if !ok {
			e = extent{from, to}
		}
		out[l.region] = extent{min(e.from, from), max(e.to, to)}
	}
	return out
}

// usualLead is the distance between most lines of the text.
func usualLead(lines []textLine, body float64) float64 {
	var gaps []float64
	for i := 1; i < len(lines); i++ {
		if gap := lines[i].y - lines[i-1].y; lines[i].region == lines[i-1].region && gap > 0 && gap < 3*body && math.Abs(lines[i].size()-body) < 1 {
			gaps = append(gaps, gap)
		}
	}
	if len(gaps) == 0 {
		return 1.2 * body
	}
	return median(gaps)
}

func median(values []float64) float64 {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return sorted[len(sorted)/2]
}

// longTitle is the most characters of a title.
const longTitle = 160

// title tells whether a line looks like a title: larger than the text, or bold and short.
func (l textLine) title(body float64) (titleStyle, bool) {
	text := l.text()
	letters := strings.IndexFunc(text, unicode.IsLetter) >= 0
	bold := !slices.ContainsFunc(l.spans, func(s span) bool { return !s.bold })
	style := titleStyle{math.Round(l.size()*2) / 2, bold}
	last, _ := utf8.DecodeLastRuneInString(text)
	listed := bullet.FindString(text) != "" && !unicode.IsDigit([]rune(text)[0])
	if !letters || listed || utf8.RuneCountInString(text) > longTitle || len(l.spans) > 2 {
		return style, false
	}
	if style.size >= 1.15*body {
		return style, true
	}
	return style, bold && style.size >= 0.95*body && !strings.ContainsRune(".,;", last)
}

// titleSizes gives the levels of the looks of titles, the largest first.
func titleSizes(lines []textLine, body float64) map[titleStyle]int {
	seen := map[titleStyle]bool{}
	bold, all := 0, 0
	for _, l := range lines {
		style, ok := l.title(body)
		if ok {
			seen[style] = true
		}
		if all++; style.bold {
			bold++
		}
	}
	var styles []titleStyle
	for s := range seen {
		if s.size < 1.15*body && bold*2 > all {
			continue // the whole text is bold
		}
		styles = append(styles, s)
	}
	sort.Slice(styles, func(i, j int) bool {
		if styles[i].size != styles[j].size {
			return styles[i].size > styles[j].size
		}
		return styles[i].bold && !styles[j].bold
	})
	out := map[titleStyle]int{}
	for i, s := range styles {
		out[s] = i + 1
	}
	return out
}

// line takes the line at i, and those of its table if it starts one; it gives the next.
func (w *layoutWriter) line(lines []textLine, i int) int {
	l := lines[i]
	style, isTitle := l.title(w.body)
	if _, ok := w.levels[style]; isTitle && ok && !w.continuesTable(lines, i) {
		w.title(l, style)
		return i + 1
	}
	w.endTitle()
	if end := w.table(lines, i); end > i {
		return end
	}
	text, mark := l.text(), ""
	if m := bullet.FindString(text + " "); m != "" && len(strings.TrimSpace(m)) < len(text) && !negative(text) {
		mark, text = m, strings.TrimSpace(text[len(m):])
	}
	switch {
	case mark != "":
		w.end()
		w.start(knowledge.Item, mark, text, l)
	case w.current != nil && w.continues(l, text):
		w.current.Text = joinLines(w.current.Text, text)
		w.last = l
	default:
		w.end()
		w.start(knowledge.Paragraph, "", text, l)
	}
	return i + 1
}

func (w *layoutWriter) start(kind knowledge.BlockKind, mark, text string, l textLine) {
	w.current = &knowledge.Block{Kind: kind, Path: w.outline.path(), Mark: mark, Text: text, Page: l.page}
	w.last = l
}

// end adds the current block.
func (w *layoutWriter) end() {
	w.endTitle()
	if w.current == nil {
		return
	}
	b := *w.current
	w.current = nil
	w.block(b)
}

func (w *layoutWriter) block(b knowledge.Block) {
	before := len(w.document.Blocks)
	w.add(b.Kind, b.Path, b.Mark, strings.ReplaceAll(b.Text, string(hyphen), "-"))
	if len(w.document.Blocks) > before {
		w.document.Blocks[before].Page = b.Page
	}
}

// continues tells whether a line runs on from the current block.
func (w *layoutWriter) continues(l textLine, text string) bool {
	before, _ := utf8.DecodeLastRuneInString(w.current.Text)
	first, _ := utf8.DecodeRuneInString(text)
	finished := strings.ContainsRune(".!?:;…", before)
	if l.region != w.last.region || l.page != w.last.page {
		return !finished && (unicode.IsLower(first) || before == hyphen) && math.Abs(l.size()-w.last.size()) < 1
	}
	gap := l.y - w.last.y
	if gap > 1.3*max(w.lead, 1.1*l.size()) && gap > w.lead+2 {
		return false
	}
	edges := w.widths[l.region]
	width := edges.to - edges.from
	em := max(l.size(), 4)
	indent := l.spans[0].x0 - w.last.spans[0].x0
	short := w.last.spans[len(w.last.spans)-1].x1 < edges.to-0.15*width
	switch {
	case w.current.Kind == knowledge.Item && indent < -0.8*em && l.spans[0].x0 < edges.from+2 && finished:
		return false // back to the margin after a list
	case finished && unicode.IsUpper(first) && (short || indent > 0.8*em):
		return false
	}
	return true
}

// title takes a line of a title; the next one of the same look goes on with it.
func (w *layoutWriter) title(l textLine, style titleStyle) {
	near := w.titling != nil && style == w.open && l.page == w.last.page && l.region == w.last.region && l.y-w.last.y < 1.8*l.size()
	if !near {
		w.end()
		w.open, w.titlePage = style, l.page
	}
	w.titling = append(w.titling, l.text())
	w.last = l
}

func (w *layoutWriter) endTitle() {
	if w.titling == nil {
		return
	}
	text := strings.ReplaceAll(strings.Join(w.titling, " "), string(hyphen), "-")
	w.titling = nil
	level := w.levels[w.open]
	// What the first page starts with, in the largest letters, is the document's own.
	if !w.pieces.title && len(w.document.Blocks) == 0 && w.open.size >= 1.15*w.body && level == 1 {
		w.heading(0, text)
		w.document.Blocks[0].Page = w.titlePage
		return
	}
	w.outline.enter(level, strings.TrimRight(strings.Join(strings.Fields(text), " "), " :"))
}

// Tables.

// aligned is how far apart, in points, the edges of two cells of a column may stand.
const aligned = 4

// table takes the table that starts at i, if one does: two rows or more with cells at the same places. It gives the next line.
func (w *layoutWriter) table(lines []textLine, i int) int {
	if !lines[i].cells() {
		return i
	}
	end, above := i+1, i // above is the last row, which a line may go on with
	for end < len(lines) && lines[end].region == lines[i].region && lines[end].page == lines[i].page && lines[end].y-lines[end-1].y < 3*w.lead {
		if lines[end].cells() && lines[end].under(lines[above], 2) {
			above = end
		} else if !w.wraps(lines[end], lines[above], lines[end-1]) {
			break
		}
		end++
	}
	var rows [][]string
	var starts []textLine
	for _, l := range lines[i:end] {
		if len(l.spans) == 1 && len(starts) > 0 {
			// The rest of a cell of the row above.
			above := starts[len(starts)-1]
			for c, s := range above.spans {
				if near(s, l.spans[0]) {
					rows[len(rows)-1][c] = joinLines(rows[len(rows)-1][c], l.spans[0].text)
				}
			}
			continue
		}
		var cells []string
		for _, s := range l.spans {
			cells = append(cells, s.text)
		}
		rows, starts = append(rows, cells), append(starts, l)
	}
	if len(rows) < 2 {
		return i
	}
	w.end()
	path := w.outline.path()
	if header := rows[0]; len(header) == len(rows[1]) && !slices.ContainsFunc(header, func(c string) bool { return strings.ContainsAny(c, "0123456789") }) {
		path = append(path, strings.Join(header, " | "))
		rows, starts = rows[1:], starts[1:]
	}
	for k, row := range rows {
		w.block(knowledge.Block{Kind: knowledge.Row, Path: path, Text: strings.Join(row, " | "), Page: starts[k].page})
	}
	return end
}

// cells tells whether a line has pieces apart, a list's mark not counted.
func (l textLine) cells() bool {
	return len(l.spans) > 2 || len(l.spans) == 2 && !bullet.MatchString(l.spans[0].text+" ")
}

// wraps tells whether a line only goes on with one cell of the row above.
func (w *layoutWriter) wraps(l, row, before textLine) bool {
	return len(l.spans) == 1 && l.y-before.y <= 1.3*w.lead && slices.ContainsFunc(row.spans[1:], func(s span) bool { return near(s, l.spans[0]) })
}

// continuesTable tells whether a line in the look of a title is the row of a table, such as its bold first one.
func (w *layoutWriter) continuesTable(lines []textLine, i int) bool {
	return lines[i].cells() && i+1 < len(lines) && lines[i+1].region == lines[i].region && lines[i+1].cells() && lines[i+1].under(lines[i], 2)
}

// under tells whether at least some cells stand under those of another row.
func (l textLine) under(above textLine, least int) bool {
	n := 0
	for _, s := range l.spans {
		if slices.ContainsFunc(above.spans, func(a span) bool { return near(a, s) }) {
			n++
		}
	}
	return n >= least
}

// near tells whether two pieces start, end or are centred at one place.
func near(a, b span) bool {
	return math.Abs(a.x0-b.x0) < aligned || math.Abs(a.x1-b.x1) < aligned || math.Abs(a.x0+a.x1-b.x0-b.x1) < 2*aligned
}

// lexicon holds common French words.
var lexicon = sync.OnceValue(func() map[string]bool {
	known := map[string]bool{}
	for _, w := range french.Lexicon() {
		known[w] = true
	}
	return known
})

// joinLines joins a line to what is before it. A hyphen at the end of a line goes away when it parts a word that is known
// whole, or whose parts are no words; it stays in « Île-de-France ».
func joinLines(text, next string) string {
	before, last := text, ""
	if cut := strings.LastIndexAny(text, " \u00a0"); cut >= 0 {
		before, last = text[:cut+1], text[cut+1:]
	} else {
		before, last = "", text
	}
	start := strings.TrimRight(last, "-"+string(hyphen))
	first, _ := utf8.DecodeRuneInString(next)
	if start == last || start == "" || !unicode.IsLetter(first) {
		return text + " " + next
	}
	end := next
	if cut := strings.IndexFunc(next, func(r rune) bool { return !unicode.IsLetter(r) }); cut >= 0 {
		end = next[:cut]
	}
	a, b := french.Fold(start), french.Fold(end)
	compound := strings.Contains(a, "-") || strings.HasPrefix(next[len(end):], "-") || word(a) && word(b)
	whole := unicode.IsLower(first) && (lexicon()[a+b] || !compound)
	if whole {
		return before + start + next
	}
	return before + start + "-" + next
}

func word(fold string) bool { return len(fold) > 1 && (lexicon()[fold] || french.Stop(fold)) }
