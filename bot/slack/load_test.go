package slack_test

import (
	"flag"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"guichet/migrations/databasetest"
)

var (
	load = flag.Duration("load", 5*time.Second, "how long the benchmark of Slack sends messages")
	rate = flag.Int("rate", 200, "how many messages a second it sends")
)

// BenchmarkLoad sends messages at a steady rate to two guichets on one PostgreSQL, over Socket Mode, each to either: every
// message is acknowledged, answered once, and the memory stays flat.
func BenchmarkLoad(b *testing.B) {
	w := newWorkspace(b)
	w.counted = map[string]int{}
	address := databasetest.PostgreSQL.URL(b)
	for range 2 {
		w.serve(databasetest.Open(b, address), true)
	}
	heap := func() float64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc) / (1 << 20)
	}
	var mu sync.Mutex
	var acks []time.Duration
	lost := 0
	var sent sync.WaitGroup
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
		ts := fmt.Sprintf("%d.%06d", morning.Unix()+int64(n/1000), n%1000)
		s := w.sockets[n%len(w.sockets)]
		sent.Go(func() {
			said := map[string]any{
				"type": "message", "channel": hall, "user": fmt.Sprintf("U0PERSON%d", n%500), "text": "Bonjour", "ts": ts, "event_ts": ts, "channel_type": "channel",
			}
			start := time.Now()
			_, ok := s.envelope(fmt.Sprint("load-", n), "events_api", callback(said), 0, 3*time.Second)
			took := time.Since(start)
			mu.Lock()
			defer mu.Unlock()
			if acks = append(acks, took); !ok {
				lost++
			}
		})
	}
	sent.Wait()
	w.until("every message is answered", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.counted) >= total
	})
	b.StopTimer()
	w.mu.Lock()
	doubled := 0
	for _, n := range w.counted {
		doubled += n - 1
	}
	w.mu.Unlock()
	if lost > 0 || doubled > 0 || len(w.counted) != total {
		b.Errorf("%d not acknowledged, %d answered twice, %d answered of %d", lost, doubled, len(w.counted), total)
	}
	slices.Sort(acks)
	b.ReportMetric(float64(acks[len(acks)/2].Microseconds())/1000, "ack-p50-ms")
	b.ReportMetric(float64(acks[len(acks)*99/100].Microseconds())/1000, "ack-p99-ms")
	b.ReportMetric(float64(acks[len(acks)-1].Microseconds())/1000, "ack-max-ms")
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
