package main

import (
	"database/sql"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"guichet/migrations"
	"guichet/migrations/database"
	"guichet/migrations/databasetest"
)

// A base of the first release, opened by this program: nothing is lost, what had to follow follows, and the schema is that
// of a new base. When a release adds a migration, write a base of it in testdata in the same way, and try it here too.
func TestUpgradeFromTheFirstRelease(t *testing.T) { databasetest.Each(t, upgrade) }

func upgrade(t *testing.T, e databasetest.Engine) {
	startEmbeddings(t)
	c := terminal{t, restored(t, e, "first-release")}
	if before := c.object("migrate", "status"); before["database"] != 4.0 {
		t.Errorf("the base as it was: %v", before)
	}
	rows := map[string]int{
		"documents": 3, "passages": 7, "vectors": 7, "conversations": 3, "messages": 5, "votes": 1, "gaps": 1,
		"requests": 3, "request_messages": 3, "request_events": 9, "notices": 4,
	}
	old := counted(t, c.database, rows)
	if after := c.object("migrate", "up"); after["pending"] != false || after["database"] != after["program"] {
		t.Errorf("the base brought up to date: %v", after)
	}
	if now := counted(t, c.database, rows); fmt.Sprint(now) != fmt.Sprint(old) || fmt.Sprint(now) != fmt.Sprint(rows) {
		t.Errorf("rows: %v, before %v, want %v", now, old, rows)
	}
	fresh := terminalOn(t, e)
	fresh.done("migrate", "up")
	if got, want := schema(t, c.database), schema(t, fresh.database); got != want {
		t.Errorf("the schema is\n%s\na new base has\n%s", got, want)
	}

	for _, look := range []struct{ args, want string }{
		{"search|un séchoir à houblon", "L'aide fictive couvre 40 %"},
		{"search|--audience|staff|la coopérative fictive", "déjà été aidé en 2025"},
		{"search|un vélo", "bicyclette cargo"}, // by its vector only
		{"request|show|2026-0001|--audience|staff", "Agente d'essai"},
		{"request|list|--audience|staff|--lead|MHDFF", "2026-0003"},
		{"gaps", "beffroi de Bruges"},
	} {
		if out := c.done(strings.Split(look.args, "|")...); !strings.Contains(out, look.want) {
			t.Errorf("guichet %s does not show « %s »:\n%s", look.args, look.want, out)
		}
	}
	if out := c.done("search", "la coopérative fictive"); strings.Contains(out, "déjà été aidé") {
		t.Errorf("the public is shown what is for the staff:\n%s", out)
	}

	// The conversation that waited for a fact goes on, and the notices that waited leave.
	s := startServe(t, c.database)
	s.opened()
	page, err := url.Parse(s.page)
	if err != nil {
		t.Fatal(err)
	}
	s.browser.Jar.SetCookies(page, []*http.Cookie{{Name: "guichet_conversation", Value: "0123456789abcdef0123456789abcdef"}})
	body := s.visit("GET", "/", nil)
	if body = s.visit("POST", "/", url.Values{"page": {s.formKey(body)}, "texte": {"Il est en Belgique."}}); !strings.Contains(body, "NFI") || !strings.Contains(body, "2026-0002") {
		t.Errorf("the answer that was awaited gets %s", body)
	}
	until(t, "the notices are sent", func() bool {
		return strings.Contains(s.stderr.String(), "reference=2026-0003") && strings.Contains(s.stderr.String(), "reference=2026-0002")
	})
	s.ended()
	if strings.Contains(s.stderr.String(), "reference=2026-0001") {
		t.Error("a notice that was sent before is sent again")
	}
}

// restored gives a database made of a file of testdata.
func restored(t *testing.T, e databasetest.Engine, name string) string {
	t.Helper()
	dump, err := os.ReadFile("testdata/" + name + "." + string(e.Dialect) + ".sql")
	if err != nil {
		t.Fatal(err)
	}
	address := e.URL(t)
	driver, source := "pgx", address
	if e == databasetest.SQLite {
		driver, source = "sqlite3", "file:"+strings.TrimPrefix(address, "sqlite:")
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), string(dump)); err != nil {
		t.Fatal(err)
	}
	return address
}

// connect opens a database as it is.
func connect(t *testing.T, address string) *database.DB {
	t.Helper()
	db, err := database.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// counted gives how many rows tables hold.
func counted(t *testing.T, address string, tables map[string]int) map[string]int {
	t.Helper()
	db := connect(t, address)
	rows := map[string]int{}
	for name := range tables {
		var n int
		if err := db.Conn(t.Context()).QueryRowContext(t.Context(), `SELECT count(*) FROM `+name).Scan(&n); err != nil {
			t.Error(err)
		}
		rows[name] = n
	}
	return rows
}

// schemas describe all that a schema is made of, but for the indexes of vectors, which come with each model.
var schemas = map[migrations.Dialect]string{
	migrations.SQLite: `SELECT group_concat(type || ' ' || name || ': ' || coalesce(sql, ''), char(10) ORDER BY type, name) FROM sqlite_schema`,
	migrations.PostgreSQL: `SELECT string_agg(line, chr(10) ORDER BY line) FROM (
		SELECT concat_ws(' ', table_name, column_name, data_type, udt_name, collation_name, is_nullable, is_identity, is_generated, column_default, generation_expression) AS line
			FROM information_schema.columns WHERE table_schema = 'public'
		UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT LIKE 'vectors\_nearest\_%'
		UNION ALL SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
		UNION ALL SELECT concat_ws(' ', tgrelid::regclass, pg_get_triggerdef(oid)) FROM pg_trigger WHERE NOT tgisinternal) all_of_it`,
}

func schema(t *testing.T, address string) (all string) {
	t.Helper()
	db := connect(t, address)
	if err := db.Conn(t.Context()).QueryRowContext(t.Context(), schemas[db.Dialect]).Scan(&all); err != nil {
		t.Fatal(err)
	}
	return all
}
