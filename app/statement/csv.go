package statement

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// CSV writes the paper as a table for a spreadsheet. It begins with a byte order
// mark, without which Excel reads accents wrongly; other programs skip it. Text
// that a spreadsheet would take for a formula is kept as text by an apostrophe.
func (p Paper) CSV() ([]byte, error) {
	var out bytes.Buffer
	out.WriteString("\ufeff")
	w := csv.NewWriter(&out)
	w.UseCRLF = true
	l := p.Reader
	rows := [][]string{{l.Say("Day"), l.Say("What"), l.Say("Kind of help"), l.Say("With"), l.Say("Minutes"), l.Say("Minutes after"), l.Say("In words")}}
	for _, l := range p.Lines {
		rows = append(rows, []string{l.Day.Format(time.DateOnly), text(l.Text()), text(l.Doing), text(l.With),
			strconv.FormatInt(int64(l.Minutes), 10), strconv.FormatInt(int64(l.Balance), 10), l.For()})
	}
	if err := w.WriteAll(rows); err != nil {
		return nil, fmt.Errorf("write statement: %w", err)
	}
	return out.Bytes(), nil
}

// text keeps a cell from being a formula (OWASP, CSV injection).
func text(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n|%", rune(s[0])) {
		return "'" + s
	}
	return s
}
