package exchangefile

import (
	"fmt"
	"slices"
	"strings"
)

// Names of the three files, as errors say them.
const (
	UsersFile     = "users"
	PostsFile     = "posts"
	TransfersFile = "transfers"
)

// RowError is one thing in a file that cannot be read. It never repeats the
// value: the list may be passed on, and the value may be somebody's address.
type RowError struct {
	File    string // UsersFile, PostsFile or TransfersFile
	Row     int    // as a spreadsheet counts; 0 is the file as a whole
	Column  string // "C (Email)"; "" is the row as a whole
	Code    string // stable, kebab case
	Message string // what is wrong and the way out, in plain words
}

// String is the error as one line of a report.
func (e RowError) String() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Row > 0 {
		fmt.Fprintf(&b, ", row %d", e.Row)
	}
	if e.Column != "" {
		fmt.Fprintf(&b, ", column %s", e.Column)
	}
	return b.String() + ": " + e.Message
}

// Unreadable is the refusal of files with something wrong in them. Nothing of
// them was imported.
type Unreadable struct{ Rows []RowError }

func (e *Unreadable) Error() string {
	if len(e.Rows) == 1 {
		return "one row cannot be read, so nothing was imported: " + e.Rows[0].String()
	}
	return fmt.Sprintf("%d rows cannot be read, so nothing was imported; the first is %s", len(e.Rows), e.Rows[0])
}

// faults collects what is wrong, so that a person can mend all of it at once.
type faults struct{ rows []RowError }

func (f *faults) add(file string, row int, column, code, message string) {
	f.rows = append(f.rows, RowError{file, row, column, code, message})
}

// err is nil when nothing was wrong, else all of it in the order of the files.
func (f *faults) err() error {
	if len(f.rows) == 0 {
		return nil
	}
	order := []string{UsersFile, PostsFile, TransfersFile}
	slices.SortStableFunc(f.rows, func(a, b RowError) int {
		if d := slices.Index(order, a.File) - slices.Index(order, b.File); d != 0 {
			return d
		}
		return a.Row - b.Row
	})
	return &Unreadable{f.rows}
}

// letter names column i as spreadsheets do.
func letter(i int) string {
	if i < 26 {
		return string(rune('A' + i))
	}
	return letter(i/26-1) + letter(i%26)
}
