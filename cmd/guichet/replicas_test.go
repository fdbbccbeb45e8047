package main

import (
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	"guichet/migrations/databasetest"
)

// Two guichets on one PostgreSQL, and people whose every message goes to any of them. One is killed in the middle and
// started again: each message is recorded once, each request taken once, each notice delivered.
func TestReplicaKilled(t *testing.T) {
	replaced(t, func(p *process) { p.kill() })
}

// The same when each is stopped and another started, as an update does: then no notice is delivered twice either.
func TestRollingRestart(t *testing.T) {
	if n := replaced(t, (*process).stop); n.resent > 0 {
		t.Errorf("%d notices delivered again", n.resent)
	}
}

// replaced ends each of two guichets in turn under a load, and starts another in its place.
func replaced(t *testing.T, end func(*process)) tally {
	address := databasetest.PostgreSQL.URL(t)
	c := &crowd{t: t, log: &lines{}}
	replicas := []*process{launch(t, address, c.log), launch(t, address, c.log)}
	for _, p := range replicas {
		p.opened()
		c.open(p)
	}
	leave := c.gather(8)
	more := func() {
		t.Helper()
		enough := c.replied.Load() + 60
		until(t, "the messages get their replies", func() bool { return c.replied.Load() >= enough || t.Failed() })
	}
	for _, p := range replicas {
		more()
		end(p)
		c.shut(p)
		more() // the other one is alone
		next := launch(t, address, c.log)
		next.opened()
		c.open(next)
		replicas = append(replicas, next)
	}
	more()
	leave()
	for _, p := range replicas[2:] {
		p.stop()
	}
	c.settle(address, false)
	n := c.count(address)
	if t.Logf("%v, messages sent again: %d", n, c.again.Load()); n.wrong() {
		t.Errorf("they do not agree\n%s", c.faults())
	}
	if refused := c.refused.Load(); refused > 0 {
		t.Errorf("%d messages refused\n%s", refused, c.faults())
	}
	return n
}

// fewKills is what every run of the tests does.
const fewKills = 5

var kills = flag.Int("kills", fewKills, "how many times TestKills kills the program on each engine")

// A guichet is killed at any moment of a stream of requests, and started again, many times. What people were told is in
// the ledger, once, and what must follow is done.
func TestKills(t *testing.T) { databasetest.Each(t, killed) }

func killed(t *testing.T, e databasetest.Engine) {
	address := e.URL(t)
	c := &crowd{t: t, log: &lines{}, impatient: 5}
	leave := c.gather(4)
	busy := 0
	for range *kills {
		p := launch(t, address, c.log)
		if rand.IntN(10) == 0 { // while it starts
			time.Sleep(rand.N(150 * time.Millisecond))
			p.kill()
			continue
		}
		p.opened()
		c.open(p)
		time.Sleep(rand.N(500 * time.Millisecond))
		if c.flying.Load() > 0 {
			busy++
		}
		p.kill()
		c.shut(p)
	}
	p := launch(t, address, c.log)
	p.opened()
	c.open(p)
	leave()
	p.stop()
	c.settle(address, *kills > fewKills)
	n := c.count(address)
	if t.Logf("%d kills, %d with messages on their way; %v; messages sent again: %d", *kills, busy, n, c.again.Load()); n.wrong() {
		t.Errorf("they do not agree\n%s", c.faults())
	}
}
