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

// array is a Postgres array of bigint in its binary form.
func array(dimensions, begin uint32, values ...uint64) (b []byte) {
	for _, v := range []uint32{dimensions, 0, 20, uint32(len(values)), begin} {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	for _, v := range values {
		b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(b, 8), v)
	}
	return b
}

func TestElementsOfAnArray(t *testing.T) {
	for name, c := range map[string]struct {
		array []byte
		read  int
		fine  bool
	}{
		"two":             {array(1, 1, 5, 7), 2, true},
		"from 0":          {array(1, 0, 5, 7), 0, false},
		"two dimensions":  {array(2, 1, 5, 7), 0, false},
		"empty":           {array(0, 0)[:12], 0, false},
		"null":            {append(array(1, 1, 5), 0xff, 0xff, 0xff, 0xff), 1, false},
		"cut off":         {append(array(1, 1, 5), 0, 0, 0, 8, 1, 2), 1, false},
		"of another type": {append(array(1, 1, 5), 0, 0, 0, 4, 0, 0, 0, 1), 1, false},
	} {
		if out, fine := elements(c.array, 8); len(out) != 8*c.read || fine != c.fine {
			t.Errorf("%s: %x, %v", name, out, fine)
		}
	}
}

// Whatever stands where an array should be is read to its end or refused.
func FuzzElements(f *testing.F) {
	f.Add(array(1, 1, 5, 7))
	f.Fuzz(func(t *testing.T, b []byte) {
		given := bytes.Clone(b)
		out, fine := elements(b, 8)
		var values []uint64
		for _, v := range numbers(out) {
			values = append(values, uint64(v))
		}
		if again := array(1, 1, values...); fine && !bytes.HasPrefix(given[20:], again[20:]) || len(given) < len(out) {
			t.Fatalf("%x: read %x", given, out)
		}
	})
}
