package sqlstore

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"guichet/knowledge"
)

// What is kept of passages stays within its bounds, whatever is read.
func TestKeptPassagesAreBounded(t *testing.T) {
	var m memory
	m.at(1, func() {
		for i := range int64(3000) {
			number := i % 2500 // some are read again, with a vector or without
			m.keep(number, &known{passage: knowledge.Passage{Text: strings.Repeat("x", 20_000)}, vector: make([]int8, 256*(i%2))})
			if m.passages[number] == nil {
				t.Fatalf("passage %d is not kept", number)
			}
			total := 0
			for _, k := range m.passages {
				total += k.size()
			}
			if total != m.bytes || total > mostKnown || i > 2000 && len(m.passages) == 0 {
				t.Fatalf("after %d: %d passages of %d bytes, counted as %d", i, len(m.passages), total, m.bytes)
			}
		}
	})
}

// Half-precision numbers as pgvector sends them.
func TestHalf(t *testing.T) {
	for bits, want := range map[uint16]float64{
		0x0000: 0, 0x8000: 0, 0x3c00: 1, 0xbc00: -1, 0x57f0: 127, 0xd7f0: -127, 0x4248: 3.140625, 0x3555: 0.333251953125,
		0x0001: math.Pow(2, -24), 0x83ff: -1023 * math.Pow(2, -24), 0x0400: math.Pow(2, -14), 0x7bff: 65504,
	} {
		if got := float64(half(bits)); got != want {
			t.Errorf("%04x is %v, want %v", bits, got, want)
		}
	}
	sent := []byte{0, 3, 0, 0}
	for _, bits := range []uint16{0x57f0, 0xbc00, 0} {
		sent = binary.BigEndian.AppendUint16(sent, bits)
	}
	if got := (&postgres{}).values(sent); len(got) != 3 || got[0] != 127 || got[1] != -1 || got[2] != 0 {
		t.Errorf("values are %v", got)
	}
}
