package knowledge

import "time"

// Document is one source text with what is known of it.
type Document struct {
	// ID is unique in the base and stable from one ingestion to the next: the front matter's id, else the file's name without extension.
	ID    string
	Title string
	// Source is where the file was read from (path or URL), unique: it finds the same document again.
	Source string
	// URL is the public page of the document, if it has one.
	URL string
	// Audience and EPCI say who may see it; an EPCI restricts a partner document to the partners of that SIREN.
	Audience Audience
	EPCI     string
	// Date is the day the text was written or last changed; zero when it is not known.
	Date time.Time
	// ValidFrom and ValidUntil bound a scheme; zero when there is no bound. Both days are included.
	ValidFrom, ValidUntil time.Time
	// Unavailable tells that the source itself marks the scheme as not open, whatever its dates.
	Unavailable bool
	// Notes say what the reader of the file had to suppose (an encoding), for the person who ingests it; they are not kept.
	Notes []string
	// Hash is the SHA-256, in hexadecimal, of the file and of what it was ingested for: equal means unchanged.
	Hash string
	// Damaged is the share of the text, from 0 to 1, that was damaged before it came here (Harm).
	Damaged float64
	// Passages counts the passages of the document; a Store sets it.
	Passages int
	// Blocks is the text by its own structure, in reading order.
	Blocks []Block
}

// Shipped starts the Source of the cards that ship with the program (package base).
const Shipped = "guichet:"

// Closed tells whether the scheme can no longer be asked for on a day.
func (d Document) Closed(day time.Time) bool {
	return d.Unavailable || !d.ValidUntil.IsZero() && d.ValidUntil.Before(day.Truncate(24*time.Hour))
}

// BlockKind is what a block is in its document.
type BlockKind uint8

// The kinds of blocks.
const (
	Paragraph BlockKind = iota
	Item                // a list item
	Row                 // a table row, cells with their column titles
	Field               // a labelled fact of the front matter, its label last in Path, its value quoted as it stands in the source
	Title               // the document's own title
)

// Block is a piece of a document that is never cut further without need.
type Block struct {
	Kind BlockKind
	// Path is the titles above the block, outermost first.
	Path []string
	// Text is verbatim, but for line breaks inside a paragraph, which become spaces.
	Text string
	// Mark is what announces a list item in the source (« - », « 1. », « => »).
	Mark string
	// Offset is the byte offset of the block in the extracted text, Page the page it stands on (0 when there are none).
	Offset, Page int
}

// Passage is what is indexed, found and quoted: one block, or a few short ones under the same title.
type Passage struct {
	Document string
	// Ordinal numbers the passages of a document from 0, in reading order.
	Ordinal int
	// Kind is that of the first block.
	Kind   BlockKind
	Path   []string
	Text   string
	Offset int
	Page   int
}
