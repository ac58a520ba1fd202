package identity

import (
	"testing"

	"timebank/app/platform/dbtest"
)

func TestPhoneAsPeopleWriteIt(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"01632 960 001":               "+441632960001",
		" (01632) 960-001 ":           "+441632960001",
		"07700 900982":                "+447700900982",
		"+44 7700 900 982":            "+447700900982",
		"+44 (0)7700 900 982":         "+447700900982",
		"0044 7700 900982":            "+447700900982",
		"0044 (0)7700 900982":         "+447700900982",
		"+353 1 496 0000":             "+35314960000",
		"":                            "",
		"ring me":                     "",
		"12345":                       "",
		"0800":                        "",
		"07700 900982 ext 3":          "",
		"077009009821234":             "",
		"+1":                          "",
		"07700\u00a0900\u00a0982":     "+447700900982",
		"\u202a+44 7700 900982\u202c": "+447700900982", // copied from a phone's address book
	} {
		got, ok := CleanPhone(in)
		if got != want || ok != (want != "") {
			t.Errorf("CleanPhone(%q) = %q, %v; want %q", in, got, ok, want)
		}
	}
}

func TestEmailRefusesWhatCouldBreakAMessage(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Ada@Example.org ":            "ada@example.org",
		"a@b":                         "a@b",
		"no at sign":                  "",
		"Ada <ada@example.org>":       "",
		"ada@example.org\r\nBcc: x@y": "",
		"ada@exa\x00mple.org":         "",
		"":                            "",
	} {
		got, ok := CleanEmail(in)
		if got != want || ok != (want != "") {
			t.Errorf("CleanEmail(%q) = %q, %v; want %q", in, got, ok, want)
		}
	}
}

func TestNameKeepsEveryAlphabetAndNoTricks(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"  Siân   ap Rhys ": "Siân ap Rhys",
		"عائشہ":             "عائشہ",
		"O'Neill-Ó":         "O'Neill-Ó",
		"a\u202eb":          "",
		"a\x00b":            "",
		"":                  "",
	} {
		got, ok := CleanName(in)
		if (want != "" && got != want) || ok != (want != "") {
			t.Errorf("CleanName(%q) = %q, %v; want %q", in, got, ok, want)
		}
	}
}

// Nobody stands in a database that was just made who could sign in, and no program:
// there is no admin with a password that everybody knows.
func TestNewDatabaseKnowsNobody(t *testing.T) {
	t.Parallel()
	data := dbtest.New(t)
	for _, of := range []string{"directory.person where email is not null or phone is not null", "directory.role", "directory.operator", "directory.client", "directory.passkey", "directory.session", "directory.sign_in_code"} {
		var n int
		if err := data.Owner.NewRaw("select count(*) from "+of).Scan(t.Context(), &n); err != nil || n != 0 {
			t.Errorf("%d in %s: %v", n, of, err)
		}
	}
}
