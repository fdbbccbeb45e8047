package extract

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"guichet/knowledge"
)

// typed sets lines on a page: each is « x y size text », « | » parting the cells that stand 150 points apart.
func typed(number int, lines ...string) pdfPage {
	p := pdfPage{number: number, width: 600, height: 800}
	for _, l := range lines {
		var x, y, size float64
		fields := strings.SplitN(l, " ", 4)
		_, _ = fmt.Sscan(strings.Join(fields[:3], " "), &x, &y, &size)
		l = fields[3]
		for i, cell := range strings.Split(l, "|") {
			text := strings.TrimSpace(cell)
			letters := utf8.RuneCountInString(text)
			from := x + 150*float64(i)
			p.spans = append(p.spans, span{text: text, x0: from, x1: from + size/2*float64(letters), y: y, size: size, letters: letters})
		}
	}
	return p
}

func arranged(t *testing.T, pages ...pdfPage) []string {
	t.Helper()
	var d knowledge.Document
	if err := arrange(pages, &d); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, b := range d.Blocks {
		out = append(out, strings.Join(append(append([]string{fmt.Sprint(b.Page)}, b.Path...), b.Mark+b.Text), " > "))
	}
	return out
}

func equal(t *testing.T, got, want []string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestMarginsAreDropped(t *testing.T) {
	var pages []pdfPage
	var want []string
	for n := 1; n <= 4; n++ {
		pages = append(pages, typed(n,
			"50 30 8 Région fictive", fmt.Sprintf("400 30 8 %d mars 2026", n), "50 42 8 Direction fictive",
			// The same words at the same place on each page, but they touch the text: they are the text.
			"50 100 10 Toute demande est faite par écrit, et", fmt.Sprintf("50 112 10 celle de la page %d est signée par le demandeur.", n),
			"50 124 10 Elle est datée.",
			fmt.Sprintf("280 780 8 %d / 4", n)))
		want = append(want, fmt.Sprintf("%d > Toute demande est faite par écrit, et celle de la page %d est signée par le demandeur. Elle est datée.", n, n))
	}
	equal(t, arranged(t, pages...), want)
	alone := typed(1, "50 100 10 Une seule page de texte.", "50 112 10 Elle dit peu.", "300 780 8 1")
	equal(t, arranged(t, alone), []string{"1 > Une seule page de texte. Elle dit peu."})
}

func TestColumnsAndWhatCrossesThem(t *testing.T) {
	lines := []string{"50 60 18 Un titre qui va d'un bord à l'autre de toute la page"}
	for i := range 6 {
		y := 100 + 12*i
		lines = append(lines, fmt.Sprintf("50 %d 10 gauche %d, une ligne qui remplit sa colonne ici", y, i), fmt.Sprintf("320 %d 10 droite %d, une ligne qui remplit sa colonne ici", y+5, i))
	}
	lines = append(lines, "50 220 10 Une phrase entière sur toute la largeur de la page, entre deux bandes de colonnes de texte.")
	for i := range 6 {
		y := 260 + 12*i
		lines = append(lines, fmt.Sprintf("50 %d 10 ensuite %d, une ligne qui remplit sa colonne ici", y, i), fmt.Sprintf("320 %d 10 enfin %d, une ligne qui remplit sa colonne, ici", y, i))
	}
	got := strings.Join(arranged(t, typed(1, lines...)), "\n")
	at := -1
	for _, part := range []string{"Un titre", "gauche 0", "gauche 5", "droite 0", "droite 5", "Une phrase", "ensuite 0", "ensuite 5", "enfin 0", "enfin 5"} {
		next := strings.Index(got, part)
		if next <= at {
			t.Fatalf("« %s » is not read after what stands before it:\n%s", part, got)
		}
		at = next
	}
}

func TestTablesAreReadByRows(t *testing.T) {
	got := arranged(t, typed(1, "50 80 10 Les taux sont les suivants, selon la taille de l'entreprise :", "50 110 10 Taille|Taux|Plafond", "50 125 10 TPE|40 %|7 000 euros",
		"350 137 10 par an", "50 152 10 PME|30 %|9 000 euros", "50 190 10 Le plafond est révisé chaque année par la commission."))
	equal(t, got, []string{
		"1 > Les taux sont les suivants, selon la taille de l'entreprise :",
		"1 > Taille | Taux | Plafond > TPE | 40 % | 7 000 euros par an",
		"1 > Taille | Taux | Plafond > PME | 30 % | 9 000 euros",
		"1 > Le plafond est révisé chaque année par la commission.",
	})
}

func TestHyphensAtTheEndOfLines(t *testing.T) {
	for _, test := range []struct{ before, after, want string }{
		{"le finance\u00ad", "ment des projets", "le financement des projets"},
		{"la région Île\u00ad", "de-France", "la région Île-de-France"},
		{"les Hauts-de-", "France", "les Hauts-de-France"},
		{"une sous\u00ad", "traitance", "une sous-traitance"},
		{"le plan (2026-", "2030)", "le plan (2026- 2030)"},
		{"une ligne", "et la suite", "une ligne et la suite"},
		{"-", "x", "- x"},
	} {
		if got := joinLines(test.before, test.after); got != test.want {
			t.Errorf("joinLines(%q, %q) = %q, want %q", test.before, test.after, got, test.want)
		}
	}
}

func FuzzLayout(f *testing.F) {
	f.Add([]byte("\x10\x10\x0atitre\x10\x20\x0aun texte"), uint8(2))
	f.Add([]byte{0xff, 0, 0, 'a', 0, 0xff, 0xff, 'b', 1, 1, 1, 'c'}, uint8(1))
	f.Fuzz(func(t *testing.T, data []byte, pages uint8) {
		if len(data) > 4096 || !utf8.Valid(data) {
			return
		}
		var all []pdfPage
		for n := range int(pages%4) + 1 {
			p := pdfPage{number: n + 1, width: 600, height: 800}
			for i := 0; i+4 < len(data); i += 4 + int(data[i]%8) {
				text := strings.ToValidUTF8(strings.TrimSpace(string(data[i:min(len(data), i+4+int(data[i]%8))])), "?")
				if text == "" {
					continue
				}
				x := float64(data[i+1]) * 2
				p.spans = append(p.spans, span{text: text, x0: x, x1: x + float64(data[i+3]), y: float64(data[i+2]) * 3, size: float64(data[i] % 40), bold: data[i]%2 == 0, letters: len(text)})
			}
			if n == 1 && len(p.spans) > 0 {
				p.spans[0].x0, p.spans[0].x1, p.spans[0].size = -math.MaxFloat32, math.MaxFloat32, 0
			}
			all = append(all, p)
		}
		var d knowledge.Document
		if arrange(all, &d) != nil {
			return
		}
		for _, b := range d.Blocks {
			if strings.TrimSpace(b.Text) == "" || b.Page < 1 || b.Page > len(all) {
				t.Errorf("block %+v", b)
			}
		}
	})
}
