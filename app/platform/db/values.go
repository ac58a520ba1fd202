package db

import (
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/schema"
)

// mark is what this dialect writes before every value that bun puts into the text of
// a statement, so that split finds it again. It is white space to Postgres: the text
// also stands as it is.
const mark = '\f'

// dialect is Postgres's, with every value marked.
type dialect struct {
	*pgdialect.Dialect
	tables *schema.Tables
}

func newDialect() *dialect {
	d := &dialect{Dialect: pgdialect.New()}
	d.tables = schema.NewTables(d)
	return d
}

func (d *dialect) Tables() *schema.Tables { return d.tables }

func (d *dialect) AppendString(b []byte, s string) []byte {
	return d.Dialect.AppendString(append(b, mark), s)
}

func (d *dialect) AppendTime(b []byte, t time.Time) []byte {
	return d.Dialect.AppendTime(append(b, mark), t)
}

func (d *dialect) AppendBytes(b, s []byte) []byte {
	return d.Dialect.AppendBytes(append(b, mark), s)
}

func (d *dialect) AppendJSON(b, s []byte) []byte {
	return d.Dialect.AppendJSON(append(b, mark), s)
}

// OnTable has the whole numbers and arrays of a model's columns marked as well, which
// bun writes without asking the dialect.
func (d *dialect) OnTable(t *schema.Table) {
	d.Dialect.OnTable(t)
	for _, f := range t.FieldMap {
		write := f.Append
		f.Append = func(gen schema.QueryGen, b []byte, v reflect.Value) []byte {
			n := len(b)
			b = write(gen, b, v)
			switch {
			case len(b) == n:
			case b[n] == '\'': // an array
				b = append(b[:n], string(mark)+string(b[n:])...)
			case b[n] == '-' || '0' <= b[n] && b[n] <= '9':
				b = append(b[:n], string(mark)+"'"+string(b[n:])+"'"...)
			}
			return b
		}
	}
}

// List writes a slice as one value, an array, for "= any(?)": the statement's text is
// the same however many there are.
func List[T any](all []T) schema.QueryAppender { return array[T](all) }

type array[T any] []T

func (a array[T]) AppendQuery(gen schema.QueryGen, b []byte) ([]byte, error) {
	return pgdialect.Array([]T(a)).AppendQuery(gen, append(b, mark))
}

// split takes the values out of a statement: its text has $1, $2 and so on in their
// places. Whatever else is written into a statement stays in it. Not ok is what must
// go as it is: more than one statement, and text that this does not read.
func split(query string) (text string, values [][]byte, ok bool) {
	var b strings.Builder
	from := 0
	for i := 0; i < len(query); i++ {
		switch c := query[i]; c {
		case mark:
			if i+1 == len(query) || query[i+1] != '\'' {
				continue // before NULL
			}
			value, end := literal(query, i+1)
			if end < 0 {
				return "", nil, false
			}
			b.WriteString(query[from:i])
			values = append(values, value)
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(len(values)))
			from, i = end, end-1
		case '\'', '"': // one that is doubled ends one string and begins another
			n := strings.IndexByte(query[i+1:], c)
			if n < 0 || strings.IndexByte(query[i+1:i+1+n], '\\') >= 0 {
				return "", nil, false
			}
			i += n + 1
		case '-':
			if strings.HasPrefix(query[i:], "--") {
				n := strings.IndexByte(query[i:], '\n')
				if n < 0 {
					n = len(query) - i
				}
				i += n - 1
			}
		case '/':
			if strings.HasPrefix(query[i:], "/*") {
				return "", nil, false
			}
		case ';', '$':
			return "", nil, false
		}
	}
	if len(values) == 0 {
		return query, nil, true
	}
	b.WriteString(query[from:])
	return b.String(), values, len(values) <= maxValues
}

// maxValues is how many a kept statement may have; what has more is a bulk of rows.
const maxValues = 1000

// literal reads the string that begins at i, and where it ends; -1: there is none.
func literal(query string, i int) (value []byte, end int) {
	i++
	value = []byte{} // nil is NULL
	for from := i; ; i++ {
		n := strings.IndexByte(query[i:], '\'')
		if n < 0 {
			return nil, -1
		}
		i += n
		if i+1 < len(query) && query[i+1] == '\'' { // a doubled one is one
			value = append(value, query[from:i+1]...)
			i++
			from = i + 1
			continue
		}
		return append(value, query[from:i]...), i + 1
	}
}
