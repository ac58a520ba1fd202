package ledger

import (
	"bufio"
	"bytes"
	"cmp"
	"container/heap"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// What a pile holds in memory: some hundred thousand records. Tests lower it.
var (
	pileChunks = 256
	chunkBytes = 1 << 16
)

// pile puts records of one size into the order of their first bytes, in memory that
// does not grow with their number: what is too much goes, sorted, to a file without
// a name in the directory for temporary files, and is merged from there.
type pile struct {
	size, key int      // bytes of a record, and how many of them, 8 at least, it is sorted by
	chunks    [][]byte // with the records in the order in which they came
	used      int      // chunks that have some
	room      []byte   // the rest of the last one
	file      *os.File
	ends      []int64 // of the sorted runs in the file
}

// add makes room for a record, which the caller fills.
func (p *pile) add() ([]byte, error) {
	if len(p.room) < p.size {
		if p.used == pileChunks {
			if err := p.flush(); err != nil {
				return nil, fmt.Errorf("sort in a file: %w", err)
			}
		}
		if p.used == len(p.chunks) {
			p.chunks = append(p.chunks, make([]byte, chunkBytes/p.size*p.size))
		}
		p.room = p.chunks[p.used]
		p.used++
	}
	r := p.room[:p.size:p.size]
	p.room = p.room[p.size:]
	return r, nil
}

// flush writes what is held to the file.
func (p *pile) flush() (err error) {
	var end int64
	if p.file == nil {
		if p.file, err = os.CreateTemp("", "ledger-verify-"); err != nil {
			return err
		}
		if err = os.Remove(p.file.Name()); err != nil {
			return err
		}
	} else {
		end = p.ends[len(p.ends)-1]
	}
	w := bufio.NewWriterSize(p.file, chunkBytes)
	next := p.run()
	for r := next(); r != nil; r = next() {
		if _, err = w.Write(r); err != nil {
			return err
		}
		end += int64(p.size)
	}
	p.ends = append(p.ends, end)
	p.used, p.room = 0, nil
	return w.Flush()
}

// spot is a record by the first of its bytes and by its chunk and place in it.
type spot struct {
	high, low uint64
	chunk, at uint32
}

// run hands out what is held, in order; nil at the end.
func (p *pile) run() func() []byte {
	spots := make([]spot, 0, p.used*(chunkBytes/p.size))
	for i, c := range p.chunks[:p.used] {
		if i == p.used-1 {
			c = c[:len(c)-len(p.room)]
		}
		for at := 0; at < len(c); at += p.size {
			s := spot{high: binary.BigEndian.Uint64(c[at:]), chunk: uint32(i), at: uint32(at)}
			if p.key >= 16 {
				s.low = binary.BigEndian.Uint64(c[at+8:])
			}
			spots = append(spots, s)
		}
	}
	record := func(s spot) []byte { return p.chunks[s.chunk][s.at : int(s.at)+p.size] }
	slices.SortFunc(spots, func(a, b spot) int {
		switch {
		case a.high != b.high:
			return cmp.Compare(a.high, b.high)
		case a.low != b.low:
			return cmp.Compare(a.low, b.low)
		}
		return bytes.Compare(record(a)[:p.key], record(b)[:p.key])
	})
	return func() []byte {
		if len(spots) == 0 {
			return nil
		}
		s := spots[0]
		spots = spots[1:]
		return record(s)
	}
}

// sorted is the pile from its beginning; nothing can be added any more.
func (p *pile) sorted() *sorted {
	s := &sorted{p: p, next: p.run()}
	var begin int64
	for _, end := range p.ends {
		r := &run{key: p.key, from: bufio.NewReaderSize(io.NewSectionReader(p.file, begin, end-begin), chunkBytes),
			now: make([]byte, p.size), another: make([]byte, p.size)}
		s.runs, begin = append(s.runs, r), end
		s.fail(r.advance())
	}
	if len(p.ends) > 0 {
		s.runs = append(s.runs, &run{key: p.key, held: s.next})
		s.fail(s.runs[len(p.ends)].advance())
		s.runs = slices.DeleteFunc(s.runs, func(r *run) bool { return r.now == nil })
		heap.Init(&s.runs)
		s.next = s.merged
	}
	s.now = s.next()
	return s
}

// close gives the file back.
func (p *pile) close() {
	if p.file != nil {
		_ = p.file.Close()
	}
}

// sorted is a pile in its order: now is the record at hand, nil at the end. It may be
// looked at until the one after the next is at hand.
type sorted struct {
	p    *pile
	now  []byte
	next func() []byte
	runs merging
	err  error
}

func (s *sorted) advance() { s.now = s.next() }

func (s *sorted) fail(err error) { s.err = cmp.Or(s.err, err) }

// merged is the next record of all runs.
func (s *sorted) merged() []byte {
	if s.now != nil {
		if s.fail(s.runs[0].advance()); s.runs[0].now == nil {
			heap.Pop(&s.runs)
		} else {
			heap.Fix(&s.runs, 0)
		}
	}
	if len(s.runs) == 0 || s.err != nil {
		return nil
	}
	return s.runs[0].now
}

// run is a sorted part of a pile, in its file or held.
type run struct {
	key          int
	from         *bufio.Reader
	held         func() []byte
	now, another []byte // the record at hand, and room for the next
}

func (r *run) advance() error {
	if r.held != nil {
		r.now = r.held()
		return nil
	}
	r.now, r.another = r.another, r.now
	_, err := io.ReadFull(r.from, r.now)
	if err != nil {
		r.now = nil
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

type merging []*run

func (m merging) Len() int { return len(m) }
func (m merging) Less(i, j int) bool {
	return bytes.Compare(m[i].now[:m[i].key], m[j].now[:m[j].key]) < 0
}
func (m merging) Swap(i, j int) { m[i], m[j] = m[j], m[i] }
func (m *merging) Push(x any)   { *m = append(*m, x.(*run)) }
func (m *merging) Pop() any {
	last := len(*m) - 1
	r := (*m)[last]
	*m = (*m)[:last]
	return r
}
