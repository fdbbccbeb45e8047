package bot_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"guichet/bot"
	"guichet/migrations/databasetest"
	"guichet/routing/ledger"
	"guichet/routing/sheet"
	"guichet/routing/sheet/sheettest"
	"guichet/routing/sheet/sqlsheet"
)

// A territory reads and answers its sheets in its channel; the public, the staff and another territory do not.
func TestSheetsInChat(t *testing.T) {
	db := databasetest.SQLite.New(t)
	m := openChatOn(t, db)
	m.Projects = &bot.Projects{
		Store: sqlsheet.New(db, m.requests, sheettest.Settings, sheettest.Names, nil), Settings: sheettest.Settings, Names: sheettest.Names,
	}
	command := func(channel, person, text string) string {
		t.Helper()
		in := m.write(channel, "fil", person, text)
		in.Command = true
		shown := m.serve(in)
		if !shown.Own {
			t.Errorf("%q is shown to everybody", text)
		}
		return shown.Reply.Text
	}
	if said := command("chat/PARTNER", "chat/PARTNER", "fiche"); !strings.Contains(said, "Aucune fiche") {
		t.Error(said)
	}
	f, err := m.Projects.New(t.Context(), sheet.Sheet{
		Title: "Unité fictive", Sought: "Un terrain", Company: "Tricolle fictive", Withheld: true, Deadline: "2026-12-15", Territories: []string{"200000001", "200000002"},
		Criteria: []sheet.Criterion{{Label: "Surface", Kind: sheet.Number, Unit: "ha", Least: "2"}, {Label: "Rail", Kind: sheet.YesNo}},
	}, "Ada", m.now)
	if err == nil {
		_, err = m.Projects.Send(t.Context(), f.Reference, func(_ context.Context, epci string) (bool, error) { return epci == "200000001", nil }, "Ada", m.now)
	}
	if err != nil {
		t.Fatal(err)
	}
	m.deliver()
	if i := slices.IndexFunc(m.platform.said, func(s string) bool { return strings.HasPrefix(s, "chat/PARTNER ") }); i < 0 || !strings.Contains(m.platform.said[i], "1. Surface (ha) >= 2") || strings.Contains(m.platform.said[i], "Tricolle") {
		t.Errorf("%v", m.platform.said)
	}
	if len(m.platform.said) != 1 { // the other one's is the direction's, which has no channel here
		t.Errorf("%v", m.platform.said)
	}
	other := sheet.Answer{EPCI: "200000002", Text: "secret de la seconde", By: "Al", Values: []string{"9", "oui"}, At: m.now}
	if _, err := m.Projects.Answer(t.Context(), f.Reference, other); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ channel, text, want string }{
		{"chat/PARTNER", "fiche", f.Reference + ", Unité fictive : envoyée, réponses attendues, date limite le 15/12/2026"},
		{"chat/PARTNER", "fiche P-2026-0099", "Aucune fiche P-2026-0099"},
		{"chat/PARTNER", "fiche p-2026-0001", "2. Rail ?"},
		{"chat/PARTNER", "fiche P-2026-0001 1=beaucoup", "Rien n'a été enregistré"},
		{"chat/PARTNER", "fiche P-2026-0001 non", "une raison est attendue : foncier, autre"},
		{"chat/PARTNER", "fiche P-2026-0001 1=3,5 ; 2=oui ; note=visite possible", "Surface : 3,5 ha ; Rail : oui ; visite possible"},
		{"chat/PARTNER", "fiche P-2026-0001", "Votre réponse : Surface : 3,5 ha"},
		{"chat/PARTNER", "fiche P-2026-0001 non foncier tout est pris", "n'offre rien : pas de terrain ; tout est pris"},
		{"chat/HALL", "fiche P-2026-0001", "dans le canal d'un EPCI"},
		{"chat/STAFF", "fiche P-2026-0001 1=3", "dans le canal d'un EPCI"},
		{"chat/OPERATOR", "fiche P-2026-0001", "dans le canal d'un EPCI"},
	} {
		said := command(step.channel, "chat/NOBODY", step.text)
		if !strings.Contains(said, step.want) || strings.Contains(said, "seconde") || strings.Contains(said, "Tricolle") {
			t.Errorf("%s, %q: %s", step.channel, step.text, said)
		}
	}
	got, err := m.Projects.Get(t.Context(), ledger.Viewer{Staff: true}, f.Reference)
	if a, ok := got.AnswerOf("200000001"); err != nil || !ok || a.By != "Nils" || a.Declined != "foncier" {
		t.Errorf("%+v, %v", a, err)
	}
	m.now = time.Date(2026, 12, 16, 12, 0, 0, 0, time.UTC)
	if said := command("chat/PARTNER", "chat/NOBODY", "fiche P-2026-0001 1=3"); !strings.Contains(said, "ne reçoit plus de réponse") {
		t.Error(said)
	}
}

func TestTerritoriesOfASheet(t *testing.T) {
	p := bot.Projects{Names: sheettest.Names, Departements: map[string][]string{"59": {"200000001", "200000002"}, "62": {"200000002"}}}
	for text, want := range map[string]string{
		"62": "200000002", "59, 62": "200000001 200000002", "tous": "200000001 200000002 200000003", "Région": "200000001 200000002 200000003", "200000003;62": "200000002 200000003", "": "",
	} {
		if got, err := p.Territories(text); err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"75", "552100554", "Lille"} {
		if got, err := p.Territories(text); err == nil || !strings.Contains(err.Error(), "59, 62") {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}
