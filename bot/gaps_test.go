package bot_test

import (
	"reflect"
	"testing"
	"time"

	"guichet/bot"
	"guichet/knowledge"
	"guichet/knowledge/static"
)

func TestGapsAreGroupedByMeaning(t *testing.T) {
	asked := []struct {
		question string
		audience knowledge.Audience
	}{
		{"Comment joindre la direction de l'agriculture ?", knowledge.Public},
		{"Existe-t-il une aide pour le vélo cargo ?", knowledge.Partner},
		{"Qui a gagné le match hier soir ?", knowledge.Public},
		{"Quel est le téléphone de la direction de l'agriculture ?", knowledge.Staff},
		{"Combien d'entreprises dans l'Aisne ?", knowledge.Public},
		{"aide achat vélo cargo", knowledge.Public},
		{"Comment joindre la direction de l'agriculture ?", knowledge.Public},
		{"Combien d'entreprises dans l'Oise ?", knowledge.Public},
	}
	start := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	var gaps []bot.Gap // newest first, as a Journal gives them
	for i, a := range asked {
		gaps = append([]bot.Gap{{ID: int64(i + 1), Question: a.question, Audience: a.audience, At: start.AddDate(0, 0, i)}}, gaps...)
	}
	got := bot.GroupGaps(gaps, static.Default().Embed)
	if len(got) < 2 {
		t.Fatalf("%d groups: %+v", len(got), got)
	}
	want := []bot.GapGroup{
		{
			ID: 1, Count: 3, Last: start.AddDate(0, 0, 6), Audiences: map[knowledge.Audience]int{knowledge.Public: 2, knowledge.Staff: 1},
			Questions: []string{"Comment joindre la direction de l'agriculture ?", "Quel est le téléphone de la direction de l'agriculture ?"},
		},
		{
			ID: 2, Count: 2, Last: start.AddDate(0, 0, 5), Audiences: map[knowledge.Audience]int{knowledge.Public: 1, knowledge.Partner: 1},
			Questions: []string{"aide achat vélo cargo", "Existe-t-il une aide pour le vélo cargo ?"},
		},
	}
	for i := range got {
		if g := got[i]; g.ID == 1 && !reflect.DeepEqual(g, want[0]) || g.ID == 2 && !reflect.DeepEqual(g, want[1]) {
			t.Errorf("group %+v", g)
		}
		if g := got[i]; g.ID == 3 && g.Count != 1 {
			t.Errorf("the match is asked with something else: %+v", g)
		}
	}
	if got[0].ID != 1 {
		t.Errorf("the most asked is not first: %+v", got[0])
	}
	later := bot.GroupGaps(append([]bot.Gap{{ID: 9, Question: "Comment contacter la direction agriculture ?", Audience: knowledge.Public, At: start.AddDate(1, 0, 0)}}, gaps...), static.Default().Embed)
	if later[0].ID != 1 || later[0].Count != 4 {
		t.Errorf("a new way to ask changes the group's number: %+v", later[0])
	}
	if empty := bot.GroupGaps(nil, static.Default().Embed); len(empty) != 0 {
		t.Errorf("groups of nothing: %+v", empty)
	}
}
