package ledger

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// SmallPiles lets tests have Verify sort in files; it answers what puts it back.
func SmallPiles() (back func()) {
	chunks, size := pileChunks, chunkBytes
	pileChunks, chunkBytes = 2, 256
	return func() { pileChunks, chunkBytes = chunks, size }
}

// A pile hands out what was put on it, in order, whether it went through a file or
// not, and a record may be looked at until the one after the next is at hand.
func TestAPileSorts(t *testing.T) {
	defer SmallPiles()()
	rapid.Check(t, func(t *rapid.T) {
		p := pile{size: 20, key: 20}
		defer p.close()
		var want [][]byte
		for _, v := range rapid.SliceOfN(rapid.Uint64Range(0, 200), 0, 200).Draw(t, "records") {
			r, err := p.add()
			if err != nil {
				t.Fatal(err)
			}
			clear(r)
			binary.BigEndian.PutUint64(r[v%3*6:], v)
			want = append(want, bytes.Clone(r))
		}
		slices.SortFunc(want, bytes.Compare)
		s := p.sorted()
		for i := range want {
			now := s.now
			s.advance()
			if !bytes.Equal(now, want[i]) {
				t.Fatalf("record %d of %d: %x, want %x", i, len(want), now, want[i])
			}
		}
		if s.now != nil || s.err != nil {
			t.Fatal("more came than was put there", s.err)
		}
		if spilled := len(want) > 2*(256/20); spilled != (p.file != nil) {
			t.Fatalf("%d records, in a file: %v", len(want), p.file != nil)
		}
	})
}
