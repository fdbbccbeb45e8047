package revue

import (
	"fmt"
	"strings"

	"guichet/routing/convention"
)

// Document is a digest as people read it, whatever the format.
type Document struct {
	Title string
	Intro []string
	Parts []DocumentPart
}

// DocumentPart is a part of a document: a table, or a sentence when there is nothing, and what is left out of the table.
type DocumentPart struct {
	Title  string
	Header []string
	Rows   [][]string
	Note   string
}

var versionLabels = map[Version]string{
	ForStaff: "Version des agents de la Région : interne, à ne pas transmettre.",
	ForEPCI:  "Version de l'EPCI : ce qu'il peut voir, et rien d'autre.",
}

const (
	nobody  = "sans chef de file"
	nowhere = "EPCI inconnu"
)

// Document writes a digest in French.
func (d Digest) Document() Document {
	doc := Document{
		Title: "Revue de projets – " + d.Name,
		Intro: []string{
			versionLabels[d.Version],
			fmt.Sprintf("Au %s, depuis le %s.", convention.DayOf(d.At).French(), convention.DayOf(d.Since).French()),
			d.Short(),
		},
	}
	add := func(title, none string, header []string, rows [][]string) {
		part := DocumentPart{Title: title, Header: header, Rows: rows}
		if len(rows) == 0 {
			part.Note = none
		}
		if d.listed > 0 && len(rows) > d.listed {
			part.Rows, part.Note = rows[:d.listed], fmt.Sprintf("Et %d de plus.", len(rows)-d.listed)
		}
		doc.Parts = append(doc.Parts, part)
	}
	staff, region := d.Version == ForStaff, d.EPCIs != nil
	header := []string{"Direction", "Ouvertes", "En retard", "Répondues", "Closes sans réponse"}
	if staff {
		header = append(header, "Parts à faire")
	}
	add("Par direction", "Aucune demande.", header, countRows(d.Directions, nobody, staff))
	if region {
		part := DocumentPart{Title: "Par EPCI", Header: append([]string{"EPCI"}, header[1:5]...), Rows: countRows(d.EPCIs, nowhere, false)}
		if len(part.Rows) == 0 {
			part.Note = "Aucune demande."
		}
		doc.Parts = append(doc.Parts, part)
	}
	add("Demandes en retard", "Aucune.", lineHeader("Échéance", region, staff, false), lineRows(d.Late, region, staff, false))
	if !region {
		add("Demandes ouvertes", "Aucune.", lineHeader("Échéance", region, staff, false), lineRows(d.Open, region, staff, false))
	}
	add("Répondues depuis la dernière revue", "Aucune.", lineHeader("Répondue le", region, staff, true), lineRows(d.Answered, region, staff, true))
	add("Closes sans réponse depuis la dernière revue", "Aucune.", lineHeader("Close le", region, staff, true), lineRows(d.Ended, region, staff, true))
	if staff {
		var rows [][]string
		for _, p := range d.Parts {
			day := p.Day.French()
			if p.Late {
				day += ", en retard"
			}
			rows = append(rows, []string{p.Direction, p.Reference, p.Lead, day})
		}
		add("Ce que les directions associées ont encore à faire", "Rien.", []string{"Direction associée", "Demande", "Chef de file", "Échéance"}, rows)
	}
	var rows [][]string
	for _, e := range d.Endings {
		row := []string{e.End.French(), e.ID, e.Label}
		if region {
			row = append(row, e.EPCI)
		}
		rows = append(rows, row)
	}
	header = []string{"Fin", "Convention", "Type"}
	if region {
		header = append(header, "EPCI")
	}
	add("Conventions qui finissent bientôt", "Aucune, parmi celles qui sont enregistrées dans guichet.", header, rows)
	rows = nil
	for _, q := range d.Questions {
		rows = append(rows, []string{q.Text, fmt.Sprint(q.Count)})
	}
	add("Questions sans réponse depuis la dernière revue", "Aucune.", []string{"Question", "Fois"}, rows)
	return doc
}

func countRows(counts []Count, unnamed string, parts bool) (rows [][]string) {
	for _, c := range counts {
		name := c.Name
		if name == "" {
			name = c.Code
		}
		if name == "" {
			name = unnamed
		}
		row := []string{name, fmt.Sprint(c.Open), fmt.Sprint(c.Late), fmt.Sprint(c.Answered), fmt.Sprint(c.Ended)}
		if parts {
			row = append(row, fmt.Sprint(c.Parts))
		}
		rows = append(rows, row)
	}
	return rows
}

func lineHeader(day string, region, staff, done bool) []string {
	header := []string{"Demande", "Direction", "Entreprise"}
	if region {
		header = append(header, "EPCI")
	}
	header = append(header, "État", "Reçue le", day)
	if staff {
		header = append(header, "Suivie par")
		if done {
			header = append(header, "Réponse ou raison")
		}
	}
	return header
}

func lineRows(lines []Line, region, staff, done bool) (rows [][]string) {
	for _, l := range lines {
		direction := l.Direction
		if direction == "" {
			direction = nobody
		}
		row := []string{l.Reference, direction, l.Company}
		if region {
			row = append(row, l.EPCI)
		}
		day := l.Day.French()
		if l.Late {
			day += ", en retard"
		}
		row = append(row, l.Status.Label(), l.Received.French(), day)
		if staff {
			row = append(row, l.Owner)
			if done {
				row = append(row, excerpt(l.Said))
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func excerpt(text string) string {
	const length = 160 // characters
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > length {
		return string(runes[:length]) + "…"
	}
	return text
}

// Short tells a digest in a line.
func (d Digest) Short() string {
	if d.Quiet() {
		return "Rien à signaler : aucune demande ouverte, rien de nouveau depuis la dernière revue."
	}
	said := []string{
		count(len(d.Open), "demande ouverte", "demandes ouvertes") + fmt.Sprintf(", dont %d en retard", len(d.Late)),
		count(len(d.Answered), "répondue", "répondues"), count(len(d.Ended), "close sans réponse", "closes sans réponse"),
	}
	if n := len(d.Endings); n > 0 {
		said = append(said, count(n, "convention qui finit bientôt", "conventions qui finissent bientôt"))
	}
	if n := len(d.Questions); n > 0 {
		said = append(said, count(n, "question sans réponse", "questions sans réponse"))
	}
	return strings.Join(said, " ; ") + "."
}

// count writes a number with what it counts.
func count(n int, one, many string) string {
	if n < 2 {
		many = one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// Message tells a digest in a conversation: counts by direction, and the numbers of the requests that are late or answered. It
// leaves for another system: it names no company.
func (d Digest) Message() string {
	lines := []string{d.Short()}
	if d.Quiet() {
		return lines[0]
	}
	for _, c := range d.Directions {
		if c.Open+c.Answered+c.Ended == 0 {
			continue
		}
		code := c.Code
		if code == "" {
			code = nobody
		}
		lines = append(lines, fmt.Sprintf("– %s : %d en cours, %d en retard, %s", code, c.Open, c.Late, count(c.Answered, "répondue", "répondues")))
	}
	numbers := func(title string, all []Line) {
		var shown []string
		for i, l := range all {
			if d.listed > 0 && i == d.listed {
				shown = append(shown, fmt.Sprintf("et %d de plus", len(all)-i))
				break
			}
			shown = append(shown, l.Reference)
		}
		if len(shown) > 0 {
			lines = append(lines, title+" : "+strings.Join(shown, ", "))
		}
	}
	numbers("En retard", d.Late)
	numbers("Répondues depuis la dernière revue", d.Answered)
	for _, e := range d.Endings {
		lines = append(lines, "Convention "+e.ID+" : fin le "+e.End.French())
	}
	return strings.Join(lines, "\n")
}

// markdown keeps what people wrote from being read as marks.
var markdown = strings.NewReplacer(`\`, `\\`, `|`, `\|`, `*`, `\*`, `_`, `\_`, "`", "\\`", `[`, `\[`, `<`, `&lt;`, `#`, `\#`, "\n", " ")

// Markdown writes the document in Markdown, with GitHub's tables.
func (doc Document) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", markdown.Replace(doc.Title))
	for _, text := range doc.Intro {
		fmt.Fprintf(&b, "\n%s\n", markdown.Replace(text))
	}
	row := func(cells []string) {
		b.WriteString("|")
		for _, cell := range cells {
			b.WriteString(" " + markdown.Replace(cell) + " |")
		}
		b.WriteString("\n")
	}
	for _, part := range doc.Parts {
		fmt.Fprintf(&b, "\n## %s\n\n", markdown.Replace(part.Title))
		if len(part.Rows) > 0 {
			row(part.Header)
			b.WriteString("|" + strings.Repeat(" --- |", len(part.Header)) + "\n")
			for _, cells := range part.Rows {
				row(cells)
			}
		}
		if part.Note != "" {
			if len(part.Rows) > 0 {
				b.WriteString("\n")
			}
			b.WriteString(markdown.Replace(part.Note) + "\n")
		}
	}
	return b.String()
}
