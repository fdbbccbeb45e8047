package extract

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/klippa-app/go-pdfium"
	pdfiumerrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/responses"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"guichet/knowledge"
)

// Limits of a PDF file.
const (
	mostPages = 3_000
	mostChars = 10_000_000
	pdfTime   = 2 * time.Minute
)

// onePDF lets one file be read at a time: the engine takes up to a hundred megabytes.
var onePDF sync.Mutex

// pdf reads a PDF file with PDFium, which runs in a WebAssembly sandbox without any access to files. The engine is started
// for the file and stopped after it, so that a program that reads none pays nothing, and one that reads some has its memory back.
func pdf(content []byte, d *knowledge.Document) error {
	if !bytes.Contains(content[:min(len(content), 1024)], []byte("%PDF-")) {
		return errors.New("ce n'est pas un fichier PDF, ou il est abîmé")
	}
	onePDF.Lock()
	defer onePDF.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), pdfTime)
	defer cancel()
	pages, err := pdfPages(ctx, content, d)
	if ctx.Err() != nil {
		return fmt.Errorf("PDF trop long à lire : plus de %d minutes", int(pdfTime.Minutes()))
	}
	if err != nil {
		return err
	}
	return arrange(pages, d)
}

// pdfPages gives the text of the pages as it stands on them.
func pdfPages(ctx context.Context, content []byte, d *knowledge.Document) ([]pdfPage, error) {
	engine, stop, err := startPDFium(ctx)
	if err != nil {
		return nil, fmt.Errorf("démarrer le lecteur de PDF : %w", err)
	}
	defer stop()
	opened, err := engine.OpenDocument(&requests.OpenDocument{File: &content})
	switch {
	case errors.Is(err, pdfiumerrors.ErrPassword), errors.Is(err, pdfiumerrors.ErrSecurity):
		return nil, errors.New("PDF protégé par un mot de passe : enregistrez-le sans protection")
	case errors.Is(err, pdfiumerrors.ErrFormat):
		return nil, errors.New("PDF illisible : le fichier est abîmé, ou n'est pas entier")
	case err != nil:
		return nil, fmt.Errorf("PDF illisible, le fichier est abîmé : %w", err)
	}
	count, err := engine.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: opened.Document})
	if err != nil {
		return nil, fmt.Errorf("PDF illisible : %w", err)
	}
	if count.PageCount > mostPages {
		return nil, fmt.Errorf("PDF trop long : %d pages, la limite est de %d", count.PageCount, mostPages)
	}
	if meta, err := engine.GetMetaData(&requests.GetMetaData{Document: opened.Document}); err == nil {
		pdfMetadata(meta, d)
	}
	var pages []pdfPage
	chars := 0
	for i := range count.PageCount {
		at := requests.Page{ByIndex: &requests.PageByIndex{Document: opened.Document, Index: i}}
		size, err := engine.FPDF_GetPageSizeByIndex(&requests.FPDF_GetPageSizeByIndex{Document: opened.Document, Index: i})
		if err != nil {
			return nil, fmt.Errorf("page %d illisible : %w", i+1, err)
		}
		text, err := engine.GetPageTextStructured(&requests.GetPageTextStructured{Page: at, Mode: requests.GetPageTextStructuredModeChars, CollectFontInformation: true})
		if err != nil {
			return nil, fmt.Errorf("page %d illisible : %w", i+1, err)
		}
		if chars += len(text.Chars); chars > mostChars {
			return nil, errors.New("PDF trop long : partagez le fichier")
		}
		pages = append(pages, pdfPage{number: i + 1, width: size.Width, height: size.Height, spans: spansOf(text.Chars, size.Height)})
	}
	return pages, nil
}

// startPDFium starts the engine. It is compiled for this machine once, into the user's cache folder: that takes some
// seconds and 300 MB; without the folder it is done for each file.
func startPDFium(ctx context.Context) (engine pdfium.Pdfium, stop func(), err error) {
	config := wazero.NewRuntimeConfigCompiler().WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling).WithCloseOnContextDone(true)
	var cache wazero.CompilationCache
	if folder, err := os.UserCacheDir(); err == nil {
		if cache, err = wazero.NewCompilationCacheWithDir(filepath.Join(folder, "guichet", "pdfium")); err == nil {
			config = config.WithCompilationCache(cache)
		}
	}
	var pool pdfium.Pool
	stop = func() {
		if pool != nil {
			_ = pool.Close()
		}
		if cache != nil {
			_ = cache.Close(context.Background())
		}
		pool, engine = nil, nil
		debug.FreeOSMemory() // most of it is the engine's, and will not be needed soon
	}
	pool, err = webassembly.Init(webassembly.Config{
		Context: ctx, MaxTotal: 1, FSConfig: wazero.NewFSConfig(), RuntimeConfig: config, Stdout: io.Discard, Stderr: io.Discard,
	})
	if err == nil {
		engine, err = pool.GetInstanceWithContext(ctx)
	}
	if err != nil {
		stop()
		return nil, nil, err
	}
	return engine, stop, nil
}

// pdfMetadata takes the title and the date of the last change from what the file says of itself.
func pdfMetadata(meta *responses.GetMetaData, d *knowledge.Document) {
	for _, tag := range meta.Tags {
		value := strings.TrimSpace(tag.Value)
		switch tag.Tag {
		case "Title":
			// Programs leave the name of their file there.
			if !strings.HasPrefix(value, "Microsoft Word - ") && filepath.Ext(value) == "" && len(value) > 3 && value != "untitled" {
				d.Title = printable(value)
			}
		case "ModDate", "CreationDate":
			if len(value) >= 10 && strings.HasPrefix(value, "D:") && (d.Date.IsZero() || tag.Tag == "ModDate") {
				if day, err := time.Parse("20060102", value[2:10]); err == nil {
					d.Date = day
				}
			}
		}
	}
}

// pdfPage is a page with the pieces of text that stand on it.
type pdfPage struct {
	number        int
	width, height float64
	spans         []span
}

// span is a piece of a line. Lengths are points (1/72 inch), y counts down from the top of the page to the baseline.
type span struct {
	text      string
	x0, x1, y float64
	size      float64
	bold      bool
	letters   int
	page      int
}

// wideGap, in ems, parts two pieces of a line: cells of a table, or columns.
const wideGap = 1.2

// hyphen is what a hyphen at the end of a line is read as; whether it belongs to the word is seen when lines are joined.
const hyphen = '\u00ad'

// spansOf gathers characters into pieces of lines. Text that is not upright, such as a watermark, is left out.
func spansOf(chars []*responses.GetPageTextStructuredChar, height float64) []span {
	upright := 0
	for _, c := range chars {
		if straight(c.Angle) {
			upright++
		}
	}
	turned := upright*2 < len(chars) // the whole page is: its lines are taken as they come
	var out []span
	var b builder
	for _, c := range chars {
		r := []rune(c.Text)
		if len(r) != 1 || r[0] == 0 || !turned && !straight(c.Angle) {
			continue
		}
		if r[0] == '\r' || r[0] == '\n' {
			out = b.end(out, height)
			continue
		}
		out = b.add(out, r[0], c, height)
	}
	out = b.end(out, height)
	if turned {
		for i := range out {
			out[i].x0, out[i].x1, out[i].y, out[i].size = 0, 1, float64(i)*12, 10
		}
	}
	return out
}

func straight(angle float64) bool { return angle < 0.1 || angle > 6.18 }

// builder makes a span.
type builder struct {
	text     strings.Builder
	last     *responses.GetPageTextStructuredChar // that is no space
	x0, x1   float64
	bottoms  []float64
	heights  float64
	sizes    float64
	letters  int
	bolds    int
	lowest   float64
	inAWord  bool
	anything bool
}

var ligatures = map[rune]string{'ﬀ': "ff", 'ﬁ': "fi", 'ﬂ': "fl", 'ﬃ': "ffi", 'ﬄ': "ffl", 'ﬅ': "st", 'ﬆ': "st"}

// descending are the characters that do not stand on the baseline.
const descending = "gjpqyçÇQ,;()[]{}|_/\\µ$@&'\"’‘“”«»-–—=+*°•^~·…%"

func (b *builder) add(out []span, r rune, c *responses.GetPageTextStructuredChar, height float64) []span {
	box := c.PointPosition
	if unicode.IsSpace(r) {
		if b.anything {
			b.inAWord = false
		}
		return out
	}
	size := box.Top - box.Bottom
	if f := c.FontInformation; f != nil {
		size = max(f.Size, f.RenderedSize)
	}
	if b.last != nil {
		previous := b.last.PointPosition
		gap, em := box.Left-previous.Right, max(b.sizes/float64(b.letters), 4)
		lower := previous.Bottom - box.Top // a line below
		if gap > wideGap*em || gap < -3*em || lower > 0 {
			out = b.end(out, height)
		}
	}
	if !b.anything {
		b.x0, b.lowest = box.Left, box.Bottom
	} else if !b.inAWord {
		b.text.WriteByte(' ')
	}
	b.anything, b.inAWord = true, true
	switch plain, ok := ligatures[r]; {
	case ok:
		b.text.WriteString(plain)
	case r == 0x02 || r == 0xFFFE:
		b.text.WriteRune(hyphen)
	case unicode.IsControl(r):
	default:
		b.text.WriteRune(r)
	}
	b.last, b.x1 = c, box.Right
	b.letters++
	b.sizes += size
	b.heights = max(b.heights, box.Top-box.Bottom)
	b.lowest = min(b.lowest, box.Bottom)
	if !strings.ContainsRune(descending, r) {
		b.bottoms = append(b.bottoms, box.Bottom)
	}
	if f := c.FontInformation; f != nil {
		name := strings.ToLower(f.Name)
		if f.Weight >= 600 || strings.Contains(name, "bold") || strings.Contains(name, "black") || strings.Contains(name, "heavy") || strings.Contains(name, "demi") {
			b.bolds++
		}
	}
	return out
}

func (b *builder) end(out []span, height float64) []span {
	if b.anything {
		y := b.lowest
		if len(b.bottoms) > 0 {
			y = median(b.bottoms)
		}
		size := b.sizes / float64(b.letters)
		if size < 3 { // a font of one point that the page enlarges
			size = b.heights / 0.72
		}
		if text := strings.TrimSpace(b.text.String()); text != "" {
			out = append(out, span{text: text, x0: b.x0, x1: b.x1, y: height - y, size: size, bold: b.bolds*10 > b.letters*9, letters: b.letters})
		}
	}
	*b = builder{}
	return out
}
