package privacy_test

import (
	"slices"
	"strings"
	"testing"

	"guichet/bot/privacy"
	"guichet/migrations"
	"guichet/migrations/databasetest"
)

// impersonal are the text columns that hold no identity, and why. What a migration adds belongs here or in columns.go; what goes
// there is erased by « guichet person erase », and forget.go must end it with its period.
var impersonal = map[string]string{
	"base_changes": "numbers", "word_counts": "words of the base", "models": "models", "vectors": "vectors", "remotes": "addresses of documents",
	"documents": "the base, but its title, source and url", "passages": "the base, but its text and path",
	"model_answers": "a digest that lasts a day", "request_numbers": "numbers", "leases": "processes",
	"chat_seen": "the last message seen in each channel",

	"funding_numbers": "numbers", "fundings.reference": "a year and a number", "fundings.source": "a system", "fundings.external_id": "a number there",
	"fundings.siren": "a company, of which the body tells", "fundings.direction": "a direction", "fundings.request": "a request", "fundings.stage": "a stage",
	"funding_warnings.first": "a funding", "funding_warnings.second": "a funding or a request", "funding_warnings.verdict": "a verdict", "funding_warnings.settled": "a verdict",
	"conventions.id": "a convention", "conventions.type": "a type", "conventions.epci": "a territory", "conventions.themes": "subjects", "conventions.starts": "a day",
	"conventions.ends": "a day", "conventions.signed": "a day", "conventions.renews": "a convention",
	"convention_events.convention": "a convention", "convention_events.kind": "what happened",
	"convention_alerts.key": "a convention and a day", "convention_alerts.convention": "a convention", "convention_alerts.ends": "a day", "convention_alerts.direction": "a direction",
	"revues": "territories, committees, days and directions", "notices.epci": "a territory", "gaps.epci": "a territory",
	"sheets.reference": "a year and a number", "sheets.stage": "a stage", "sheets.deadline": "a day", "sheet_territories.reference": "a sheet", "sheet_territories.epci": "a territory",
	"sheet_events.reference": "a sheet", "sheet_events.kind": "what happened", "sheet_events.epci": "a territory",
	"imports": "numbers of another tool, and digests", "access_keys": "keys of tools, and digests", "webhooks": "addresses of other tools",
	"access_tokens.id": "a number", "access_tokens.hash": "a digest", "access_tokens.scopes": "rights", "access_tokens.audience": "public, partner, staff", "access_tokens.epci": "a territory",
	"access_tokens.direction": "a direction", "webhook_deliveries.id": "a number", "webhook_deliveries.webhook_id": "a number", "webhook_deliveries.kind": "what it tells",
	"webhook_deliveries.reference": "a request", "requests.merged_into": "a request", "request_events.other": "a request",
	"gaps.audience": "public, partner, staff", "votes.answer": "a digest", "messages.answer": "a digest", "chat_channels.channel": "a shared channel",
	"chat_channels.settings": "an audience and a direction", "accesses.reference": "a request", "privacy_acts.act": "what was done", "privacy_acts.report": "figures",
	"notices.key": "a request and an event", "notices.kind": "what it tells", "notices.direction": "a direction",
	"request_events.kind": "what happened", "request_events.lead": "a direction", "request_events.status": "a status", "request_events.step": "a step of a path",
	"requests.reference": "a year and a number", "requests.commune": "a territory", "requests.epci": "a territory", "requests.departement": "a territory",
	"requests.entry_point": "a direction", "requests.lead": "a direction", "requests.associated": "directions", "requests.status": "a status",
}

func TestEveryTextColumnIsKnown(t *testing.T) { databasetest.Each(t, everyColumn) }

func everyColumn(t *testing.T, e databasetest.Engine) {
	db := e.New(t)
	query := `SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'passage_words%' AND m.name NOT LIKE 'sqlite%' AND c.type = 'TEXT'`
	if db.Dialect == migrations.PostgreSQL {
		query = `SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = current_schema() AND data_type IN ('text', 'character varying', 'json', 'jsonb')`
	}
	rows, err := db.Conn(t.Context()).QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	known, seen := privacy.Tables(), map[string]bool{}
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			t.Fatal(err)
		}
		if table == "goose_db_version" {
			continue
		}
		name := table + "." + column
		seen[name] = true
		if !slices.Contains(known, name) && impersonal[name] == "" && impersonal[table] == "" {
			t.Errorf("%s: may it hold the identity of a person? Say so in columns.go, else here", name)
		}
		if slices.Contains(known, name) && impersonal[name] != "" {
			t.Errorf("%s is said to hold an identity, and to hold none", name)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for _, name := range known {
		if !seen[name] {
			t.Errorf("%s is no text column", name)
		}
	}
	for name := range impersonal {
		if strings.Contains(name, ".") && !seen[name] {
			t.Errorf("%s is no text column", name)
		}
	}
}
