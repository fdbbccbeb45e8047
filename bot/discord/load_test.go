package discord_test

import (
	"flag"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"guichet/migrations/databasetest"
)

var (
	load = flag.Duration("load", 5*time.Second, "how long the benchmark of Discord sends messages")
	rate = flag.Int("rate", 200, "how many messages a second it sends")
)

// BenchmarkLoad sends commands at a steady rate to two guichets on one PostgreSQL; one holds the gateway. Every command is
// acknowledged, answered once, and the memory stays flat.
func BenchmarkLoad(b *testing.B) {
	w := newServer(b)
	w.beat = 5 * time.Second
	w.counted = map[string]int{}
	address := databasetest.PostgreSQL.URL(b)
	w.join(databasetest.Open(b, address), true)
	w.join(databasetest.Open(b, address), false)
	heap := func() float64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc) / (1 << 20)
	}
	early, middle := 0.0, 0.0
	ticks := time.NewTicker(time.Second / time.Duration(*rate))
	defer ticks.Stop()
	total := int(load.Seconds() * float64(*rate))
	b.ResetTimer()
	for n := range total {
		<-ticks.C
		switch n {
		case total / 5: // connections and caches are warm
			early = heap()
		case total * 3 / 5:
			middle = heap()
		}
		id := fmt.Sprintf("7%017d", n)
		w.mu.Lock()
		w.tokens["jeton-"+id] = &asked{user: nobody, channel: hall, at: time.Now()}
		w.mu.Unlock()
		person := account(fmt.Sprintf("38%016d", n%500))
		w.dispatch("INTERACTION_CREATE", map[string]any{
			"id": id, "token": "jeton-" + id, "type": 2, "channel_id": hall, "member": map[string]any{"user": person, "roles": []string{}},
			"data": map[string]any{"name": "guichet", "type": 1, "options": []any{map[string]any{"name": "question", "options": []any{map[string]any{"name": "texte", "value": "Bonjour"}}}}},
		})
	}
	w.until("every command is answered", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.counted) >= total
	})
	b.StopTimer()
	w.quiet()
	w.mu.Lock()
	defer w.mu.Unlock()
	lost, doubled := 0, 0
	for _, n := range w.counted {
		doubled += n - 1
	}
	for token, a := range w.tokens {
		if strings.HasPrefix(token, "jeton-7") && a.answered == 0 {
			lost++
		}
	}
	if lost > 0 || doubled > 0 || len(w.counted) != total {
		b.Errorf("%d not acknowledged, %d answered twice, %d answered of %d", lost, doubled, len(w.counted), total)
	}
	slices.Sort(w.acks)
	b.ReportMetric(float64(w.acks[len(w.acks)/2].Microseconds())/1000, "ack-p50-ms")
	b.ReportMetric(float64(w.acks[len(w.acks)*99/100].Microseconds())/1000, "ack-p99-ms")
	b.ReportMetric(float64(w.acks[len(w.acks)-1].Microseconds())/1000, "ack-max-ms")
	b.ReportMetric(float64(total), "messages")
	end := heap()
	// The test itself keeps a line for each message. What stays of a message in guichet would show over a whole minute.
	const most = 6.0 // MB
	if grown := end - early; grown > most {
		b.Errorf("the heap grew by %.1f MB: %.1f, then %.1f, then %.1f", grown, early, middle, end)
	}
	b.ReportMetric(early, "heap-at-1/5-MB")
	b.ReportMetric(middle, "heap-at-3/5-MB")
	b.ReportMetric(end, "heap-end-MB")
	b.ReportMetric(0, "ns/op")
}
