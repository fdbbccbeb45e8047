package main

import (
	"bytes"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// allowed gives, for each package, what of the project it may import besides its ancestors. Siblings never import each
// other: what two need moves to their parent. A new package says here what it needs.
var allowed = map[string][]string{
	"knowledge":                            {"knowledge/french"}, // the language, shared with bot/lexicon
	"knowledge/extract":                    {"knowledge/french"},
	"knowledge/sqlstore":                   {"migrations", "migrations/database"},
	"knowledge/static":                     {"knowledge/french"},
	"knowledge/static/make/split":          {"knowledge/french"},
	"knowledge/measure/fit":                {"knowledge/base", "knowledge/extract", "knowledge/sqlstore", "knowledge/static", "migrations/database"}, // a program
	"knowledge/measure/fitranking":         {"knowledge/sqlstore", "knowledge/static", "migrations/database"},                                        // a program
	"knowledge/measure/speed":              {"knowledge/extract", "knowledge/sqlstore", "knowledge/static", "migrations", "migrations/database"},     // a program
	"routing/ledger/sqlledger":             {"migrations/database"},
	"routing/convention/sqlconvention":     {"migrations/database"},
	"routing/convention/conventiontest":    {},
	"routing/funding":                      {"knowledge/french", "routing/ledger"}, // who a company is, who may see, the outbox
	"routing/funding/sqlfunding":           {"migrations/database", "routing/ledger"},
	"routing/funding/fundingtest":          {"routing/ledger"},
	"routing/revue":                        {"routing/convention", "routing/ledger"}, // what is told, and its days
	"routing/sheet":                        {"routing/convention", "routing/ledger"}, // days, who may see, the outbox
	"routing/sheet/sqlsheet":               {"migrations/database", "routing/convention", "routing/ledger"},
	"routing/sheet/sheettest":              {"routing/convention", "routing/ledger"},
	"routing/revue/sqlrevue":               {"migrations/database", "routing/convention", "routing/ledger"},
	"bot":                                  {"knowledge", "routing", "routing/convention", "routing/ledger", "routing/revue", "routing/sheet"},
	"bot/lexicon":                          {"knowledge/french", "routing", "routing/rulebook"},
	"bot/lexicon/learn":                    {"routing", "routing/rulebook"},
	"bot/courier":                          {"routing/convention", "routing/ledger", "migrations", "migrations/database"},
	"bot/sqljournal":                       {"knowledge", "migrations/database"},
	"bot/privacy":                          {"knowledge", "routing", "routing/ledger", "migrations/database"},
	"knowledge/review":                     {},
	"bot/web":                              {"knowledge", "routing", "routing/convention", "routing/funding", "routing/ledger", "routing/ledger/steering", "routing/revue", "routing/revue/docx", "routing/sheet"},
	"bot/bottest":                          {"bot/lexicon", "bot/sqljournal", "knowledge", "migrations/database", "routing", "routing/convention", "routing/convention/sqlconvention", "routing/funding", "routing/funding/sqlfunding", "routing/ledger", "routing/ledger/sqlledger", "routing/rulebook"}, // a whole office
	"routing/ledger/ledgertest":            {},
	"knowledge/knowledgetest":              {},
	"migrations/databasetest":              {"migrations/database"},
	"migrations/transfer":                  {"migrations/database"},
	"bot/slack":                            {"routing/ledger"},
	"bot/discord":                          {"knowledge"},
	"routing/exchange":                     {},
	"bot/access":                           {"knowledge", "migrations/database", "routing/ledger"},
	"bot/api":                              {"knowledge", "routing/ledger"},
	"bot/calendar":                         {"routing/convention", "routing/ledger", "routing/revue"},
	"bot/webhook":                          {"knowledge", "knowledge/fetch", "migrations/database", "routing/ledger"},
	"routing/ledger/steering/steeringtest": {},
}

// pure packages touch no system: a decision can be played again.
var pure = map[string][]string{"routing": {"os", "net", "net/http", "database/sql", "time"}}

func TestImportsGoFromChildToParent(t *testing.T) {
	for _, line := range goList(t, `{{.ImportPath}} {{range .Imports}}{{.}} {{end}}`, "guichet/...") {
		fields := strings.Fields(line)
		name := strings.TrimPrefix(fields[0], "guichet/")
		for _, imported := range fields[1:] {
			if slices.Contains(pure[name], imported) {
				t.Errorf("%s imports %s: it must stay a pure function", name, imported)
			}
			inside, ours := strings.CutPrefix(imported, "guichet/")
			if !ours || name == "cmd/guichet" || strings.HasPrefix(name, inside+"/") || slices.Contains(allowed[name], inside) {
				continue
			}
			t.Errorf("%s imports %s, which is neither above it nor allowed", name, inside)
		}
	}
}

func TestImportsOfTheBinary(t *testing.T) {
	for _, name := range goList(t, `{{.ImportPath}}`, "-deps", "guichet/cmd/guichet") {
		if name == "testing" || strings.HasPrefix(name, "guichet/") && strings.HasSuffix(name, "test") || name == "runtime/cgo" {
			t.Errorf("the program links %s", name)
		}
	}
}

func goList(t *testing.T, format string, args ...string) []string {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-f", format}, args...)...)
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}
