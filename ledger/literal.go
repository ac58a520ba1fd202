package ledger

import (
	"encoding/hex"
	"strconv"

	"github.com/google/uuid"
)

// list is a Postgres array literal in the making. Batches are sent as a handful
// of these, since one statement with thousands of parameters would be slower to
// read than to run.
type list struct{ b []byte }

func (l *list) next() {
	if len(l.b) == 0 {
		l.b = append(l.b, '{')
		return
	}
	l.b = append(l.b, ',')
}

func (l *list) String() string {
	if len(l.b) == 0 {
		return "{}"
	}
	return string(append(l.b, '}'))
}

func (l *list) int(v int64) {
	l.next()
	l.b = strconv.AppendInt(l.b, v, 10)
}

// id appends an id, or null for none.
func (l *list) id(id uuid.UUID) {
	l.next()
	if id == uuid.Nil {
		l.b = append(l.b, "null"...)
		return
	}
	var s [36]byte
	hex.Encode(s[:8], id[:4])
	hex.Encode(s[9:13], id[4:6])
	hex.Encode(s[14:18], id[6:8])
	hex.Encode(s[19:23], id[8:10])
	hex.Encode(s[24:], id[10:])
	s[8], s[13], s[18], s[23] = '-', '-', '-', '-'
	l.b = append(l.b, s[:]...)
}

func (l *list) bytes(b []byte) {
	l.next()
	l.b = append(l.b, `"\\x`...)
	l.b = hex.AppendEncode(l.b, b)
	l.b = append(l.b, '"')
}
