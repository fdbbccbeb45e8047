package access_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"guichet/bot"
	"guichet/bot/access"
	"guichet/knowledge"
	"guichet/migrations/databasetest"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 123456000, time.UTC)

func TestTokens(t *testing.T) { databasetest.Each(t, tokens) }

func tokens(t *testing.T, e databasetest.Engine) {
	ctx := t.Context()
	db := e.New(t)
	tokens := access.New(db)
	made, secret, err := tokens.Create(ctx, bot.Token{
		Label: " Outil fictif ", Scopes: []bot.Scope{bot.ScopeAsk, bot.ScopeCalendar}, Audience: knowledge.Partner, EPCI: "200000008", Direction: "NORD", Person: "Bo",
	}, noon)
	if err != nil {
		t.Fatal(err)
	}
	got, err := tokens.Token(ctx, secret, noon)
	if err != nil || got.ID != made.ID || got.Label != "Outil fictif" || !got.May(bot.ScopeCalendar) || got.May(bot.ScopeRequestsWrite) ||
		got.Audience != knowledge.Partner || got.EPCI != "200000008" || got.Direction != "NORD" || got.Person != "Bo" || !got.CreatedAt.Equal(noon) {
		t.Errorf("%+v, %v", got, err)
	}
	if v := got.Viewer(); v.Staff || v.EPCI != "200000008" {
		t.Errorf("a partner's token sees %+v", v)
	}
	// Nothing in the base gives the secret away.
	for _, table := range []string{"access_tokens", "access_keys"} {
		rows, err := db.Conn(ctx).QueryContext(ctx, `SELECT * FROM `+table)
		if err != nil {
			t.Fatal(err)
		}
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			cells := make([]any, len(columns))
			for i := range cells {
				cells[i] = new(string)
			}
			if err := rows.Scan(cells...); err != nil {
				t.Fatal(err)
			}
			for _, c := range cells {
				if strings.Contains(*c.(*string), secret[10:]) {
					t.Errorf("%s holds the secret", table)
				}
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
	}
	for _, wrong := range []string{"", secret + "x", secret[:len(secret)-1], strings.ToLower(secret), made.ID} {
		if _, err := tokens.Token(ctx, wrong, noon); !errors.Is(err, bot.ErrNoToken) {
			t.Errorf("%q opens: %v", wrong, err)
		}
	}
	if err := tokens.Revoke(ctx, made.ID, noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := tokens.Token(ctx, secret, noon); !errors.Is(err, bot.ErrNoToken) {
		t.Errorf("a token that was revoked opens: %v", err)
	}
	if err := tokens.Revoke(ctx, made.ID, noon); !errors.Is(err, bot.ErrNoToken) {
		t.Errorf("revoked twice: %v", err)
	}
	list, err := tokens.List(ctx)
	if err != nil || len(list) != 1 || !list[0].RevokedAt.Equal(noon.Add(time.Hour)) || !list[0].UsedAt.Equal(noon) {
		t.Errorf("listed %+v, %v", list, err)
	}
}

func TestOnce(t *testing.T) { databasetest.Each(t, once) }

func once(t *testing.T, e databasetest.Engine) {
	ctx := t.Context()
	tokens := access.New(e.New(t))
	make := func() string {
		t.Helper()
		token, _, err := tokens.Create(ctx, bot.Token{Label: "Outil", Scopes: bot.Scopes(), Audience: knowledge.Staff}, noon)
		if err != nil {
			t.Fatal(err)
		}
		return token.ID
	}
	first, second := make(), make()
	for i, c := range []struct {
		token, key, digest string
		want               error
	}{{first, "k", "a", nil}, {first, "k", "a", nil}, {first, "k", "b", bot.ErrOtherUse}, {first, "l", "b", nil}, {second, "k", "b", nil}, {first, "k", "a", nil}} {
		if err := tokens.Once(ctx, c.token, c.key, c.digest, noon); !errors.Is(err, c.want) {
			t.Errorf("%d: %v, want %v", i, err, c.want)
		}
	}
}

func TestWrongTokens(t *testing.T) {
	tokens := access.New(databasetest.New(t))
	for name, token := range map[string]bot.Token{
		"no scope":            {Label: "a", Audience: knowledge.Staff},
		"unknown scope":       {Label: "a", Audience: knowledge.Staff, Scopes: []bot.Scope{"tout"}},
		"no label":            {Label: " ", Audience: knowledge.Staff, Scopes: bot.Scopes()},
		"the program's name":  {Label: "guichet", Audience: knowledge.Staff, Scopes: bot.Scopes()},
		"partner of nothing":  {Label: "a", Audience: knowledge.Partner, Scopes: bot.Scopes()},
		"staff of an EPCI":    {Label: "a", Audience: knowledge.Staff, EPCI: "200000008", Scopes: bot.Scopes()},
		"companies to public": {Label: "a", Audience: knowledge.Public, Scopes: []bot.Scope{bot.ScopeCompaniesRead}},
	} {
		if _, secret, err := tokens.Create(context.Background(), token, noon); err == nil || secret != "" {
			t.Errorf("%s: made", name)
		}
	}
}
