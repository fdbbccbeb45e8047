package database

import (
	"os"
	"path/filepath"
	"testing"
)

// A file of something else is left as it is. One that is empty, or whose first page another process is writing, is SQLite's to judge.
func TestCreateLeavesOtherFiles(t *testing.T) {
	for content, want := range map[string]bool{
		"": true, sqliteMagic: true, sqliteMagic + "reste": true, string(make([]byte, 4096)): true,
		"Bonjour": false, "Une lettre de plus de seize caractères.": false, "SQLite format 2\x00": false, "\x00\x00PNG\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00": false,
	} {
		path := filepath.Join(t.TempDir(), "guichet.db")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := create(path); (err == nil) != want {
			t.Errorf("%.20q: %v", content, err)
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != content {
			t.Errorf("%.20q is now %.20q, %v", content, after, err)
		}
	}
}
