package statement

import (
	"bytes"
	"compress/zlib"
	"encoding/csv"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"timebank/app/member"
	"timebank/app/platform/words"
	"timebank/ledger"
)

func line(kind ledger.Kind, minutes, balance ledger.Minutes, with, doing string) Line {
	l := member.StatementLine{Line: ledger.Line{Minutes: minutes, Balance: balance, Record: ledger.Record{Kind: kind}}, With: with}
	return Line{StatementLine: l, Day: time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC), Reader: words.English, What: what(words.English, l, ""), Doing: doing}
}

func paper(lines ...Line) Paper {
	return Paper{Reader: words.English, Bank: "Hilltop Time Bank", Phone: "01632 960 100", Member: member.Member{Name: "Łukasz Żółć <b>"}, Balance: 90, Gave: 120, Had: 30,
		MadeOn: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), Lines: lines}
}

func TestLinesInPlainWords(t *testing.T) {
	t.Parallel()
	for want, l := range map[string]Line{
		"You helped Bill: a lift | 2 hours for you | 2 hours to use":                      line(ledger.Exchange, 120, 120, "Bill", "a lift"),
		"Bill helped you: a lift | 1 hour from you | 30 minutes more received than given": line(ledger.Exchange, -60, -30, "Bill", "a lift"),
		"A gift to Bill | 1 hour 30 minutes from you | even":                              line(ledger.Gift, -90, 0, "Bill", ""),
		"You came to a gathering | 1 minute from you | 1 minute to use":                   line(ledger.Gathering, -1, 1, "Several people", ""),
	} {
		if got := l.Text() + " | " + l.For() + " | " + l.After(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A name that a spreadsheet would run as a formula stays a name.
func TestCSVRunsNoFormula(t *testing.T) {
	t.Parallel()
	for _, evil := range []string{"=HYPERLINK(1)", "+1", "-1+1", "@SUM(A1)", "\t=1", "%x", "|calc"} {
		raw, err := paper(line(ledger.Gift, -60, 0, evil, "")).CSV()
		if err != nil || !bytes.HasPrefix(raw, []byte("\xef\xbb\xbf")) {
			t.Fatalf("no byte order mark: %q, %v", raw, err)
		}
		rows, err := csv.NewReader(bytes.NewReader(raw[3:])).ReadAll()
		if err != nil || len(rows) != 2 || rows[1][3] != "'"+evil || rows[1][4] != "-60" || rows[1][0] != "2026-11-03" {
			t.Errorf("rows %q, %v", rows, err)
		}
	}
}

func TestPageEscapesWhatPeopleWrote(t *testing.T) {
	t.Parallel()
	raw, err := paper(line(ledger.Gift, -60, 0, "<script>x</script>", "")).Page()
	if err != nil || bytes.Contains(raw, []byte("<script")) || !bytes.Contains(raw, []byte("&lt;b&gt;")) || !bytes.Contains(raw, []byte(`lang="en-GB"`)) {
		t.Errorf("%s, %v", raw, err)
	}
}

// The PDF has a title, a language, pages that are counted, and letters that are not
// English, as text.
func TestPDFHasTitleLanguageAndEveryLetter(t *testing.T) {
	t.Parallel()
	var lines []Line
	for i := range 80 {
		lines = append(lines, line(ledger.Exchange, 60, ledger.Minutes(60*i), fmt.Sprintf("Zoë Ångström-Čapek %d", i), "a very long kind of help that needs two lines of the column"))
	}
	raw, err := paper(lines...).PDF()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(raw, []byte("%PDF-")) || !bytes.Contains(raw, []byte("/Lang (en-GB)")) || !bytes.Contains(raw, utf16of("Hours of Łukasz")) {
		t.Error("no language or no title")
	}
	all := inflate(t, raw)
	for _, want := range []string{"Łukasz", "Zoë", "Ångström-Čapek", "Printed"} {
		if !bytes.Contains(all, utf16of(want)) {
			t.Errorf("%q is not in the PDF", want)
		}
	}
	pages := len(regexp.MustCompile(`/Type /Page\b[^s]`).FindAll(raw, -1))
	if pages < 3 || !bytes.Contains(all, utf16of(fmt.Sprintf("Page 1 of %d", pages))) {
		t.Errorf("%d pages, not counted", pages)
	}
	again, err := paper(lines...).PDF()
	if err != nil || !bytes.Equal(raw, again) {
		t.Error("the same paper twice differs")
	}
}

func utf16of(s string) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u>>8), byte(u))
	}
	return out
}

func inflate(t *testing.T, raw []byte) []byte {
	t.Helper()
	var out []byte
	for _, part := range strings.Split(string(raw), "stream\n")[1:] {
		z, err := zlib.NewReader(strings.NewReader(part))
		if err != nil {
			continue
		}
		text, _ := io.ReadAll(z)
		out = append(out, text...)
	}
	return bytes.ReplaceAll(bytes.ReplaceAll(out, []byte(`\(`), []byte("(")), []byte(`\)`), []byte(")"))
}

func TestPeriod(t *testing.T) {
	t.Parallel()
	day := func(d int) time.Time { return time.Date(2026, 1, d, 0, 0, 0, 0, time.UTC) }
	for _, c := range []struct {
		p    Period
		in   []int
		out  []int
		says string
	}{
		{Period{}, []int{1, 31}, nil, "From the beginning"},
		{Period{From: day(2)}, []int{2, 31}, []int{1}, "From 2 January 2026"},
		{Period{Until: day(2)}, []int{1, 2}, []int{3}, "Up to 2 January 2026"},
		{Period{day(2), day(3)}, []int{2, 3}, []int{1, 4}, "2 January 2026 to 3 January 2026"},
	} {
		for _, d := range c.in {
			if !c.p.has(day(d)) {
				t.Errorf("%s lacks the %d", c.says, d)
			}
		}
		for _, d := range c.out {
			if c.p.has(day(d)) {
				t.Errorf("%s has the %d", c.says, d)
			}
		}
		if c.p.In(words.English) != c.says {
			t.Errorf("%q, want %q", c.p.In(words.English), c.says)
		}
	}
	if (Period{day(3), day(2)}).check() == nil {
		t.Error("turned round, and taken")
	}
}
