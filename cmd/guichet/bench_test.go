package main

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// BenchmarkFirstAnswer is a fresh machine: a new database, the shipped cards, one answer.
func BenchmarkFirstAnswer(b *testing.B) {
	dir := b.TempDir()
	for n := 0; b.Loop(); n++ {
		database := "sqlite:" + filepath.Join(dir, strconv.Itoa(n)+".db")
		if code := run(b.Context(), []string{"--database", database, "ask", "Qui suit les conventions avec les EPCI ?"}, strings.NewReader(""), io.Discard, os.Stderr); code != exitDone {
			b.Fatal(code)
		}
	}
}

// BenchmarkRoute reads and decides the labelled messages, from text to explained decision.
func BenchmarkRoute(b *testing.B) {
	r, err := loadRegion("")
	if err != nil {
		b.Fatal(err)
	}
	var messages []messageLine
	err = readLines(labels, func(line []byte) error {
		var m messageLine
		err := decodeLine(line, &m)
		messages = append(messages, m)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	for n := 0; b.Loop(); n++ {
		if _, err := r.route(messages[n%len(messages)]); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
}
