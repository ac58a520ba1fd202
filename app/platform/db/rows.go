package db

import (
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"
)

// rows is the answer to a simple query, as database/sql reads it: every result, one
// after the other, with the same Go types as the driver's own.
type rows struct {
	types   *pgtype.Map
	all     answers
	next    bool // the result after the present one has been found and not begun
	columns []string
	oids    []uint32
}

// advance looks for the result after the present one.
func (r *rows) advance() bool {
	r.next = r.next || r.all.NextResult()
	return r.next
}

// HasNextResultSet implements driver.RowsNextResultSet.
func (r *rows) HasNextResultSet() bool { return r.advance() }

// NextResultSet implements driver.RowsNextResultSet.
func (r *rows) NextResultSet() error {
	if !r.advance() {
		if err := r.all.Close(); err != nil {
			return err
		}
		return io.EOF
	}
	r.next = false
	fields := r.all.ResultReader().FieldDescriptions() // the driver keeps them in one buffer for all
	r.columns, r.oids = make([]string, len(fields)), make([]uint32, len(fields))
	for i, f := range fields {
		r.columns[i], r.oids[i] = f.Name, f.DataTypeOID
	}
	return nil
}

// Columns implements driver.Rows.
func (r *rows) Columns() []string { return r.columns }

// Close implements driver.Rows.
func (r *rows) Close() error { return r.all.Close() }

// Next implements driver.Rows.
func (r *rows) Next(dest []driver.Value) error {
	if r.next {
		return io.EOF
	}
	now := r.all.ResultReader()
	if !now.NextRow() {
		if _, err := now.Close(); err != nil {
			return err
		}
		return io.EOF
	}
	for i, src := range now.Values() {
		if src == nil {
			dest[i] = nil
			continue
		}
		var err error
		if dest[i], err = r.value(r.oids[i], src); err != nil {
			return fmt.Errorf("db: read column %s: %w", r.columns[i], err)
		}
	}
	return nil
}

// value reads what Postgres wrote as text.
func (r *rows) value(oid uint32, src []byte) (driver.Value, error) {
	switch oid {
	case pgtype.BoolOID:
		return string(src) == "t", nil
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.OIDOID, pgtype.XIDOID, pgtype.CIDOID:
		return strconv.ParseInt(string(src), 10, 64)
	case pgtype.Float4OID, pgtype.Float8OID:
		return strconv.ParseFloat(string(src), 64)
	case pgtype.ByteaOID:
		return hex.DecodeString(strings.TrimPrefix(string(src), `\x`))
	case pgtype.JSONOID, pgtype.JSONBOID, pgtype.XMLOID:
		return slices.Clone(src), nil
	case pgtype.DateOID:
		var d pgtype.Date
		return valued(r.types.Scan(oid, pgtype.TextFormatCode, src, &d), &d)
	case pgtype.TimestampOID:
		var d pgtype.Timestamp
		return valued(r.types.Scan(oid, pgtype.TextFormatCode, src, &d), &d)
	case pgtype.TimestamptzOID:
		var d pgtype.Timestamptz
		return valued(r.types.Scan(oid, pgtype.TextFormatCode, src, &d), &d)
	}
	return string(src), nil
}

func valued(err error, v driver.Valuer) (driver.Value, error) {
	if err != nil {
		return nil, err
	}
	return v.Value()
}
