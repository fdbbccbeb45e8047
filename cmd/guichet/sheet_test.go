package main

import (
	"strings"
	"testing"

	"guichet/migrations/databasetest"
)

// The company is fictional; the EPCIs are those of the register.
func TestSheetsOfTheTerminal(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, e databasetest.Engine) {
		c := terminalOn(t, e)
		on := func(args ...string) []string { return append([]string{"--now", "2026-11-23", "sheet"}, args...) }
		f := c.object(on("new", "--by", "Ada", "--title", "Unité fictive", "--sought", "Un terrain", "--company", "Tricolle fictive", "--withheld",
			"--criterion", "Surface (ha) >= 2", "--criterion", "Rail ?", "--deadline", "2026-12-15", "--to", "200018083", "--to", "62")...)
		if f["reference"] != "P-2026-0001" || f["stage"] != "draft" || len(f["territories"].([]any)) < 10 {
			t.Errorf("%v", f)
		}
		if code, _, stderr := c.run("", on("show", "P-2026-0001", "--audience", "partner", "--epci", "200018083")...); code != exitError || !strings.Contains(stderr, "introuvable") {
			t.Errorf("a draft is shown: %s", stderr)
		}
		c.done(on("send", "P-2026-0001", "--by", "Ada")...)
		c.done(on("answer", "P-2026-0001", "--by", "Ada", "--epci", "200018083", "1=3,5 ; 2=non")...)
		own := c.done(on("show", "P-2026-0001", "--audience", "partner", "--epci", "200018083")...)
		if !strings.Contains(own, "Votre réponse : Surface : 3,5 ha ; Rail : non") || strings.Contains(own, "Tricolle") {
			t.Error(own)
		}
		if other := c.done(on("list", "--audience", "partner", "--epci", "200030633")...); !strings.Contains(other, "Aucune fiche") {
			t.Error(other)
		}
		shown := c.done(on("show", "P-2026-0001", "--audience", "staff")...)
		if !strings.Contains(shown, "1 sur 2") || !strings.Contains(shown, "nom non montré") || !strings.Contains(shown, "Sans réponse : ") {
			t.Error(shown)
		}
		for want, args := range map[string][]string{
			"ne sont pas publiques":                     {"list"},
			"n'en est pas là : elle est envoyée":        {"return", "P-2026-0001", "--by", "Ada"},
			"n'est pas un nombre":                       {"answer", "P-2026-0001", "--by", "Ada", "--epci", "200018083", "1=beaucoup"},
			"introuvable":                               {"answer", "P-2026-0001", "--by", "Ada", "--epci", "200030633", "1=3"}, // not one of its territories
			"territoire « Lille » inconnu":              {"new", "--title", "x", "--sought", "y", "--deadline", "2026-12-15", "--to", "Lille"},
			"la date limite, le 01/11/2026, est passée": {"new", "--title", "x", "--sought", "y", "--deadline", "2026-11-01", "--to", "tous"},
			"le texte de la fiche le donne":             {"new", "--title", "x", "--sought", "pour tricolle FICTIVE", "--company", "Tricolle fictive", "--withheld", "--deadline", "2026-12-15", "--to", "tous"},
		} {
			if code, _, stderr := c.run("", on(args...)...); code != exitError || !strings.Contains(stderr, want) {
				t.Errorf("%v: %d, %s", args, code, stderr)
			}
		}
		c.done(on("close", "P-2026-0001", "--by", "Ada", "--why", "assez")...)
		if out := c.done(on("return", "P-2026-0001", "--by", "Ada")...); !strings.Contains(out, "réponses rendues, à DAEN") {
			t.Error(out)
		}
		if out := c.done(on("stats", "--audience", "staff")...); !strings.Contains(out, "(200018083) : 1 fiche reçue, 1 offre, 0 sans réponse") {
			t.Error(out)
		}
	})
}
