package text

import "testing"

func TestTextIsKeptAsWrittenOrRefusedByName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ s, prose, name string }{
		{"Siân ap Rhys", "", ""}, {"عائشہ", "", ""}, {"خدا\u200cحافظ", "", ""}, {"🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f", "", ""}, {"a\tb", "", ""},
		{"two\r\nlines", "", "one-line"}, {" Ada\n", "", ""},
		{"a\x00b", "control-character", "control-character"}, {"a\x1b[2J", "control-character", "control-character"}, {"a\u009bb", "control-character", "control-character"}, {"a\x7f", "control-character", "control-character"},
		{"Maria \u202egnp.exe", "turned-text", "turned-text"}, {"\u202dabc", "turned-text", "turned-text"},
		{"فون \u2066 0770\u2069 پر", "", "turned-text"}, {"Ma\u200fria", "", "turned-text"}, {"Ma\u061cria", "", "turned-text"},
	} {
		if got, _ := Fault(c.s, false); got != c.prose {
			t.Errorf("%q in running text: %q, want %q", c.s, got, c.prose)
		}
		if got, words := Fault(c.s, true); got != c.name || (words == "") != (got == "") {
			t.Errorf("%q as a name: %q %q, want %q", c.s, got, words, c.name)
		}
	}
}

func TestNameInWhichNothingIsSeenIsNone(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", " \u00a0", "\u200b", "\u200d\u2060", "\u3164", "\u2800", "\U000e0041", "\ufeff"} {
		if got, ok := Name(s); ok {
			t.Errorf("%q passes as %q", s, got)
		}
	}
	if got, ok := Name("  Siân   ap \n"); !ok || got != "Siân ap" {
		t.Errorf("%q %v", got, ok)
	}
}
