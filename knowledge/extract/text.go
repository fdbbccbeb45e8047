package extract

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"guichet/knowledge"
)

var (
	bullet = regexp.MustCompile(`^([\x{F000}-\x{F0FF}•▪●◦*–—-]|=>|[→⇒]|\d{1,2}[.)]\s)\s*`)
	// dayAlone is a line that is a day and nothing else.
	dayAlone = regexp.MustCompile(`(?i)^(?:\pL+di |dimanche )?\d{1,2}(?:er)? (?:janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre)(?: \d{4})?$`)
	// dated is a short line that is a date: it opens a paragraph instead of being a title, so that the date is quoted with what it dates.
	dated = regexp.MustCompile(`(?i)\d.*\b(janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre)\b|\b\d{1,2}/\d{1,2}/\d{2,4}\b`)
)

// Levels of the titles guessed in a plain text.
const (
	sectionLevel = 1 // the document's title again, with the short lines below it
	capsLevel    = 2 // « ETAT DES LIEUX »
	shortLevel   = 3 // « Ce qui marche »
	arrowLevel   = 4 // « => Avec les EPCI »
)

const (
	shortTitle = 60 // characters of a short title at most
	arrowTitle = 40
)

// row is a line of a plain text.
type row struct {
	text, mark string
	offset     int
	blank      bool // the line before is empty
}

func (r row) ends() bool {
	last, _ := utf8.DecodeLastRuneInString(r.text)
	return strings.ContainsRune(".!?:;…", last)
}

func (r row) begins(is func(rune) bool) bool {
	first, _ := utf8.DecodeRuneInString(r.text)
	return is(first)
}

// plain reads a text without markup, as a PDF gives it: titles guessed, lines joined, lists by their marks. A title is
// guessed from its form and place only; no word is known here.
func plain(text string, d *knowledge.Document) error {
	rows := cut(text)
	if len(rows) == 0 {
		return nil
	}
	w := writer{document: d}
	if first := rows[0]; first.mark == "" && utf8.RuneCountInString(first.text) <= 120 {
		d.Title = first.text
		w.block(knowledge.Block{Kind: knowledge.Title, Text: first.text, Offset: first.offset})
		rows = rows[1:]
	}
	width := 0        // of the lines of the paragraph being read
	calendar := false // the last block is of a list of what has a date
	for i := 0; i < len(rows); i++ {
		r := rows[i]
		alone := func(i int) bool { // nothing runs on from this line
			return i+1 >= len(rows) || rows[i+1].mark != "" || rows[i+1].blank && !rows[i+1].begins(unicode.IsLower)
		}
		announced := w.open() && w.current.Kind == knowledge.Paragraph && strings.HasSuffix(w.current.Text, ":")
		calendar = (announced || calendar) && isEvent(rows, i) || calendar && (r.mark != "" || !r.blank)
		switch {
		case calendar && (announced || r.blank) && r.mark == "":
			w.start(knowledge.Item, "", r.text, r.offset)
			width = utf8.RuneCountInString(r.text)
		case r.text == d.Title:
			// A part starts: its own titles are the short lines that follow, up to a date.
			w.end()
			last := i
			for last+1 < len(rows) && last < i+4 && rows[last+1].mark == "" && !rows[last+1].ends() && utf8.RuneCountInString(rows[last+1].text) <= shortTitle && !strings.Contains(rows[last+1].text, ":") {
				last++
				if dated.MatchString(rows[last].text) {
					break
				}
			}
			w.outline = outline{}
			if last > i {
				var lines []string
				for _, line := range rows[i+1 : last+1] {
					lines = append(lines, line.text)
				}
				title := strings.Join(lines, " ")
				w.block(knowledge.Block{Kind: knowledge.Paragraph, Text: title, Offset: rows[i+1].offset})
				w.outline.enter(sectionLevel, title)
			}
			i = last
		case strings.TrimSpace(r.mark) == "=>" && utf8.RuneCountInString(r.text) <= arrowTitle && !(row{text: strings.TrimRight(r.text, " :")}).ends():
			w.end()
			w.outline.enter(arrowLevel, strings.TrimRight(r.text, " :"))
		case r.mark != "":
			w.start(knowledge.Item, r.mark, r.text, r.offset)
			width = utf8.RuneCountInString(r.text)
		case capitals(r.text) && (r.blank || !w.open()) && !(w.open() && unclosed(w.current)):
			w.end()
			w.outline.enter(capsLevel, strings.TrimRight(r.text, " :"))
		case w.open() && continues(w.current, r, rows, i, width):
			w.line(r.text, r.offset)
			width = max(width, utf8.RuneCountInString(r.text))
		case title(r) && alone(i) && (i+1 >= len(rows) || rows[i+1].mark == "" || !r.ends()) && (r.blank || !w.open()):
			w.end()
			w.outline.enter(shortLevel, strings.TrimRight(r.text, " :"))
		default:
			w.start(knowledge.Paragraph, "", r.text, r.offset)
			width = utf8.RuneCountInString(r.text)
		}
	}
	w.end()
	return nil
}

// isEvent tells whether a line starts an item of a calendar, the mark of which was lost: what happens, then its date.
func isEvent(rows []row, i int) bool {
	if rows[i].mark != "" || !rows[i].begins(unicode.IsUpper) || dayAlone.MatchString(rows[i].text) {
		return false
	}
	text := rows[i].text
	for _, r := range rows[i+1:] {
		if r.blank || r.mark != "" {
			break
		}
		text += " " + r.text
	}
	return dated.MatchString(text)
}

// cut gives the lines that are not empty.
func cut(text string) []row {
	var rows []row
	at, blank := 0, true
	for _, raw := range strings.SplitAfter(text, "\n") {
		line := strings.TrimSpace(raw)
		offset := at + strings.Index(raw, line)
		at += len(raw)
		mark := ""
		if m := bullet.FindString(line); m != "" && len(m) < len(line) && !negative(line) {
			mark = m
			offset += len(m)
			line = line[len(m):]
		}
		if line == "" || bullet.MatchString(line+" ") && utf8.RuneCountInString(line) == 1 {
			blank = true
			continue
		}
		rows = append(rows, row{text: line, mark: mark, offset: offset, blank: blank})
		blank = false
	}
	return rows
}

// negative tells a number with its sign from a list mark.
func negative(line string) bool {
	return len(line) > 1 && line[0] == '-' && line[1] >= '0' && line[1] <= '9'
}

// continues tells whether a line runs on from the block: it does, unless an empty line or the end of a sentence on a short
// line parts them. A date alone on its line always runs on; so does a line in lower case after an unfinished sentence.
func continues(b *knowledge.Block, r row, rows []row, i, width int) bool {
	previous := row{text: b.Text}
	onlyDate := b.Kind == knowledge.Paragraph && utf8.RuneCountInString(b.Text) <= shortTitle && dated.MatchString(b.Text) && !previous.ends() && !strings.Contains(b.Text, ":")
	if unclosed(b) {
		return true
	}
	if r.blank {
		return onlyDate && !dated.MatchString(r.text) || !previous.ends() && (r.begins(unicode.IsLower) || strings.HasPrefix(r.text, "("))
	}
	if b.Kind == knowledge.Item && dayAlone.MatchString(r.text) && i+1 < len(rows) && rows[i+1].blank && rows[i+1].mark == "" && !dated.MatchString(rows[i+1].text) {
		return false // it dates what follows
	}
	last := rows[i-1].text
	short := utf8.RuneCountInString(last)*5 < width*4
	if b.Kind == knowledge.Paragraph && (row{text: last}).ends() && !strings.HasSuffix(last, ":") && short && r.begins(unicode.IsUpper) {
		return false
	}
	return true
}

// unclosed tells whether a bracket is open at the end of a block.
func unclosed(b *knowledge.Block) bool {
	return strings.Count(b.Text, "(") > strings.Count(b.Text, ")")
}

// title tells whether a line looks like a title: short, starting with a capital, not a sentence, not a date.
func title(r row) bool {
	if utf8.RuneCountInString(r.text) > shortTitle || !r.begins(unicode.IsUpper) || dated.MatchString(r.text) {
		return false
	}
	if at := strings.IndexByte(r.text, ':'); at >= 0 && at < len(r.text)-1 {
		return false // « Directions invitées : … » says something
	}
	last, _ := utf8.DecodeLastRuneInString(r.text)
	return !strings.ContainsRune(".!?;,…)-–", last)
}

// capitals tells whether a line is a title in capitals.
func capitals(s string) bool {
	letters := 0
	for _, r := range s {
		if unicode.IsLower(r) || unicode.IsDigit(r) {
			return false
		}
		if unicode.IsLetter(r) {
			letters++
		}
	}
	return letters >= 6 && utf8.RuneCountInString(s) <= shortTitle
}
