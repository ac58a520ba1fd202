// Package text holds what no text of a person may have in it: the one rule about
// characters that are not seen, or that turn what is read. The edge holds every
// string that is sent against it; slices use it for what comes by other ways.
package text

import (
	"strings"
	"unicode"

	"timebank/app/platform/words"
)

// Control tells whether r is a control character that no keyboard makes: all of
// them but the line break and the tab. NUL cannot be kept by Postgres; an escape
// can write over a log or a terminal.
func Control(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t'
}

// Turns tells whether r steers the direction of writing. In running text Urdu and
// English need such marks beside each other; in a name they hide what it says.
func Turns(r rune) bool { return unicode.In(r, unicode.Bidi_Control) }

// overrides tells whether r writes what follows backwards, against its letters.
// Nobody's text needs that.
func overrides(r rune) bool { return r == '\u202d' || r == '\u202e' }

// unseen tells whether r takes no room and says nothing, in any script.
func unseen(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) || r == '\u2800'
}

// Fault names what is wrong with a text, and the way out; both are empty when
// nothing is. A name stands on one line and has no mark that turns it.
func Fault(s string, name bool) (code string, message words.Text) {
	switch {
	case strings.ContainsFunc(s, Control):
		return "control-character", "There is a character in this that cannot be seen and cannot be kept. Delete what you pasted, and type it."
	case strings.ContainsFunc(s, overrides) || name && strings.ContainsFunc(s, Turns):
		return "turned-text", "There is a hidden mark in this that turns the direction of writing. Delete what you pasted, and type it."
	case name && strings.ContainsAny(strings.TrimSpace(s), "\r\n"):
		return "one-line", "Write this on one line."
	}
	return "", ""
}

// Name trims a name and folds its inner spaces. It reports false for what Fault
// refuses in a name, and for one in which nothing is to be seen.
func Name(s string) (string, bool) {
	if code, _ := Fault(s, true); code != "" {
		return "", false
	}
	s = strings.Join(strings.Fields(s), " ")
	seen := strings.ContainsFunc(s, func(r rune) bool { return !unseen(r) && !unicode.IsSpace(r) })
	return s, seen
}
