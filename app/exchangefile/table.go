package exchangefile

import (
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// maxBytes bounds one file. The largest bank's ten years of transfers are a
// tenth of it.
const maxBytes = 32 << 20

// record is one row of a file. row counts as a spreadsheet does: the first line
// is 1, and line breaks inside a cell do not count.
type record struct {
	row   int
	cells []string
}

// cell is the trimmed cell in column i, or "" where the row is too short.
func (r record) cell(i int) string {
	if i < 0 || i >= len(r.cells) {
		return ""
	}
	return r.cells[i]
}

// blank tells whether no cell has anything in it.
func (r record) blank() bool {
	for _, c := range r.cells {
		if c != "" {
			return false
		}
	}
	return true
}

// table reads a whole file into rows, leaving out blank ones. What cannot be read
// at all is added to errs.
func table(file string, in io.Reader, errs *faults) []record {
	raw, err := io.ReadAll(io.LimitReader(in, maxBytes+1))
	switch {
	case err != nil:
		errs.add(file, 0, "", "unreadable", "The file cannot be read. Copy it to this machine and try again.")
		return nil
	case len(raw) > maxBytes:
		errs.add(file, 0, "", "too-large", "The file is larger than 32 MB and cannot be a time bank's report. Check that it is the right one.")
		return nil
	}
	text, ok := decode(raw)
	if !ok {
		errs.add(file, 0, "", "not-text", "This is not a text file. If it is a spreadsheet, save it as CSV (UTF-8) and try again.")
		return nil
	}
	return split(file, text, errs)
}

// split cuts text into rows.
func split(file, text string, errs *faults) []record {
	r := csv.NewReader(strings.NewReader(text))
	r.Comma = separator(text)
	r.FieldsPerRecord = -1
	var out []record
	inside := 0 // line breaks inside cells so far: they are no rows of their own
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out
		}
		if bad, is := errors.AsType[*csv.ParseError](err); is {
			errs.add(file, bad.StartLine-inside, "", "quotes",
				"The quotation marks of this row do not match. Open the file in a spreadsheet, mend the row and save it as CSV again.")
			inside += bad.Line - bad.StartLine
			continue
		}
		if err != nil {
			errs.add(file, 0, "", "unreadable", "The file cannot be read. Copy it to this machine and try again.")
			return out
		}
		line, _ := r.FieldPos(0)
		rec := record{row: line - inside, cells: make([]string, len(cells))}
		for i, c := range cells {
			inside += strings.Count(c, "\n")
			rec.cells[i] = strings.TrimSpace(c)
		}
		if !rec.blank() {
			out = append(out, rec)
		}
	}
}

// decode brings the bytes of a file to text: UTF-8 or UTF-16, with or without
// byte order mark, else Windows-1252 line by line, since files glued together
// may be in both. It reports false for what is no text.
func decode(raw []byte) (string, bool) {
	switch {
	case bytes.HasPrefix(raw, []byte{0xFF, 0xFE}):
		return wide(raw[2:], binary.LittleEndian), true
	case bytes.HasPrefix(raw, []byte{0xFE, 0xFF}):
		return wide(raw[2:], binary.BigEndian), true
	case bytes.IndexByte(raw, 0) >= 0:
		return "", false
	}
	raw = bytes.TrimPrefix(raw, []byte("\xEF\xBB\xBF"))
	if utf8.Valid(raw) {
		return unixLines(string(raw)), true
	}
	lines := bytes.SplitAfter(raw, []byte("\n"))
	for i, l := range lines {
		if !utf8.Valid(l) {
			lines[i], _ = charmap.Windows1252.NewDecoder().Bytes(l) // every byte has a meaning there
		}
	}
	return unixLines(string(bytes.Join(lines, nil))), true
}

func wide(raw []byte, order binary.ByteOrder) string {
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = order.Uint16(raw[2*i:])
	}
	return unixLines(strings.ReplaceAll(string(utf16.Decode(units)), "\x00", ""))
}

// unixLines also splits the files of old Macs, whose lines end in a lone return,
// and drops the byte order marks of files that were glued together.
func unixLines(s string) string {
	s = strings.ReplaceAll(s, "\uFEFF", "")
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// separator finds what stands between the cells: a comma in the report itself, a
// semicolon or tab after a spreadsheet of a country that writes decimal commas.
func separator(text string) rune {
	best, most := ',', 0
	for _, sep := range ",;\t" {
		count, quoted := 0, false
		for _, c := range text {
			if c == '"' {
				quoted = !quoted
			}
			if c == '\n' && !quoted && count > 0 {
				break
			}
			if c == sep && !quoted {
				count++
			}
		}
		if count > most {
			best, most = sep, count
		}
	}
	return best
}
