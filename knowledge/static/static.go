// Package static turns texts into vectors of meaning with no server: each word has its vector, learned from a real model,
// and a text is the sum of its words. See make/README.md for where the vectors come from.
package static

import (
	_ "embed"
	"encoding/binary"
	"math"
	"strings"
	"sync"

	"guichet/knowledge/french"
)

//go:embed model.bin
var file []byte

// Model is a table of word vectors. It is read in place and safe for concurrent use.
type Model struct {
	hash       string
	dimensions int
	words      int
	buckets    int
	shortest   int // of the pieces of an unknown word, in bytes
	longest    int
	blob       string // the words, sorted, end to end
	offsets    []byte // uint32: where each word starts in blob, and the end of the last
	slots      []byte // uint16: open addressing table of word numbers plus one, 0 when free
	mask       uint32
	scales     []byte // float32 for each word, then for each bucket
	vectors    []byte // int8: dimensions for each word, then for each bucket
}

// magic starts the file: the kind of file, then the version of its contents.
const magic = "GSTATIC1"

// Default gives the model that is built in.
var Default = sync.OnceValue(func() *Model {
	m, ok := parse(file)
	if !ok {
		panic("static: the embedded model is damaged") // a defect of the build, seen by every test
	}
	return m
})

func parse(data []byte) (*Model, bool) {
	const header = len(magic) + 8 + 7*4
	if len(data) < header || string(data[:len(magic)]) != magic {
		return nil, false
	}
	var n [7]int
	for i := range n {
		n[i] = int(binary.LittleEndian.Uint32(data[len(magic)+8+4*i:]))
	}
	m := &Model{
		hash: string(data[len(magic) : len(magic)+8]), dimensions: n[0], words: n[1], buckets: n[2],
		mask: uint32(n[3] - 1), shortest: n[5], longest: n[6],
	}
	rest := data[header:]
	units := m.words + m.buckets
	sizes := []int{4 * units, 4 * (m.words + 1), 2 * n[3], m.dimensions * units, n[4]}
	total := 0
	for _, size := range sizes {
		total += size
	}
	if len(rest) != total || m.dimensions == 0 || m.buckets == 0 || m.shortest < 1 || n[3] <= m.words || n[3]&(n[3]-1) != 0 {
		return nil, false
	}
	take := func(size int) []byte {
		part := rest[:size:size]
		rest = rest[size:]
		return part
	}
	m.scales, m.offsets, m.slots, m.vectors = take(sizes[0]), take(sizes[1]), take(sizes[2]), take(sizes[3])
	m.blob = string(take(sizes[4]))
	return m, true
}

// Name tells which vectors these are; vectors of models with different names are not comparable.
func (m *Model) Name() string { return "static-e5-small-" + m.hash }

// Dimensions is the length of every vector.
func (m *Model) Dimensions() int { return m.dimensions }

// Embed gives the vector of a text, of length one; questions and passages are embedded alike, and their dot product is
// the nearness of their meanings. A text without a known word gives zeros.
func (m *Model) Embed(text string) []float32 {
	sum := make([]float32, m.dimensions)
	for _, w := range french.Words(text) {
		if !w.Elided {
			m.addWord(sum, w.Fold)
		}
	}
	var square float64
	for _, x := range sum {
		square += float64(x) * float64(x)
	}
	if square > 0 {
		scale := float32(1 / math.Sqrt(square))
		for i := range sum {
			sum[i] *= scale
		}
	}
	return sum
}

// addWord adds the vector of a folded word. That of an unknown word is the mean of its pieces of a few bytes, so that a
// misspelt or derived word stays near the one it comes from; numbers and other scripts have none.
func (m *Model) addWord(sum []float32, word string) {
	if i, ok := m.find(word); ok {
		m.add(sum, i, 1)
		return
	}
	if len(word) < 3 || strings.IndexFunc(word, func(r rune) bool { return r < 'a' || r > 'z' }) >= 0 {
		return
	}
	var buffer [64]byte
	bounded := append(append(append(buffer[:0], '<'), word...), '>')
	pieces := 0
	for n := m.shortest; n <= m.longest && n <= len(bounded); n++ {
		pieces += len(bounded) - n + 1
	}
	for n := m.shortest; n <= m.longest; n++ {
		for i := 0; i+n <= len(bounded); i++ {
			m.add(sum, m.words+int(fnv(bounded[i:i+n])%uint32(m.buckets)), 1/float32(pieces))
		}
	}
}

func (m *Model) find(word string) (int, bool) {
	for slot := fnv(word) & m.mask; ; slot = (slot + 1) & m.mask {
		i := int(binary.LittleEndian.Uint16(m.slots[2*slot:]))
		if i == 0 {
			return 0, false
		}
		start, end := binary.LittleEndian.Uint32(m.offsets[4*(i-1):]), binary.LittleEndian.Uint32(m.offsets[4*i:])
		if m.blob[start:end] == word {
			return i - 1, true
		}
	}
}

func (m *Model) add(sum []float32, unit int, share float32) {
	scale := share * math.Float32frombits(binary.LittleEndian.Uint32(m.scales[4*unit:]))
	vector := m.vectors[unit*m.dimensions:][:len(sum)]
	for i, b := range vector {
		sum[i] += scale * float32(int8(b))
	}
}

// fnv is the 32-bit FNV-1a hash, which the making script computes too.
func fnv[T string | []byte](s T) uint32 {
	h := uint32(2166136261)
	for i := 0; i < len(s); i++ {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return h
}
