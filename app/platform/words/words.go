// Package words says what the program sends in its reader's language.
//
// A sentence stands in English beside its rule, as a Text; the same sentence in
// another language stands in that language's file, with the English one as its key:
//
//	l := words.Of(ctx)
//	l.Say("{who} can help you", "who", other.Called)
//
// The language travels in the context: the edge sets it for an answer, the sender
// of messages for a message. A test in app finds every Text of the program by its
// type and fails when a language lacks it or has other places.
package words

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"unicode"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// Text is a sentence in English; braces name the places that are filled.
type Text string

// Language is the code of a language that the house speaks, as in file names.
type Language string

// English is the language that everything is written in first.
const English Language = "en"

// Languages are those that the house speaks; the first is for everybody else.
var Languages = []Language{English, "cy", "ur"}

var tags = map[Language]language.Tag{English: language.BritishEnglish, "cy": language.MustParse("cy"), "ur": language.Urdu}

//go:embed cy.json ur.json
var files embed.FS

// Entry is one sentence of a language: in one form, or in one for each plural.
type Entry struct {
	One    string
	Plural map[string]string // by form, as CLDR calls them: "two", "other"
}

// UnmarshalJSON reads a sentence or an object of sentences by form.
func (e *Entry) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '{' {
		return json.Unmarshal(b, &e.Plural)
	}
	return json.Unmarshal(b, &e.One)
}

var said = map[Language]map[Text]Entry{}

func init() {
	for _, l := range Languages[1:] {
		b, err := fs.ReadFile(files, string(l)+".json")
		entries := map[Text]Entry{}
		if err == nil {
			err = json.Unmarshal(b, &entries)
		}
		if err != nil {
			panic(fmt.Sprintf("words: %s: %v", l, err)) // the file is part of the program
		}
		said[l] = entries
	}
}

// Entries are all sentences of a language, for the test that looks for missing ones.
func (l Language) Entries() map[Text]Entry { return said[l] }

// Known tells whether the house speaks a language.
func Known(code string) bool {
	_, ok := tags[Language(code)]
	return ok
}

// Tag is the language as HTML, PDF and mail name it.
func (l Language) Tag() string { return tags[l].String() }

// Direction is "rtl" for what is written from right to left, else "ltr".
func (l Language) Direction() string {
	if l == "ur" {
		return "rtl"
	}
	return "ltr"
}

// Name is the language as its own readers call it.
func (l Language) Name() string {
	return map[Language]string{English: "English", "cy": "Cymraeg", "ur": "اردو"}[l]
}

// Sayer is a value that has words of its own in each language: Minutes, another Text.
type Sayer interface{ In(l Language) string }

// In makes a Text fit to fill a place of another.
func (t Text) In(l Language) string { return l.Say(t) }

// Say says a text in the language, its places filled from pairs of name and value.
// What the language lacks is said in English.
func (l Language) Say(t Text, pairs ...any) string {
	words := said[l][t].One
	if words == "" {
		words = string(t)
	}
	return l.fill(words, pairs)
}

// Count says how many there are; {n} is the number. The key of the other languages'
// forms is many.
func (l Language) Count(n int64, one string, many Text) string {
	form := forms[plural.Cardinal.MatchPlural(tags[l], int(n), 0, 0, 0, 0)]
	words := string(many)
	e := said[l][many]
	switch {
	case e.Plural[form] != "":
		words = e.Plural[form]
	case e.Plural["other"] != "":
		words = e.Plural["other"]
	case form == "one":
		words = one
	}
	return l.fill(words, []any{"n", n})
}

var forms = map[plural.Form]string{plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many", plural.Other: "other"}

func (l Language) fill(words string, pairs []any) string {
	if len(pairs) == 0 {
		return words
	}
	filled := make([]string, 0, len(pairs))
	for i := 0; i+1 < len(pairs); i += 2 {
		filled = append(filled, "{"+fmt.Sprint(pairs[i])+"}", l.value(pairs[i+1]))
	}
	return strings.NewReplacer(filled...).Replace(words)
}

func (l Language) value(v any) string {
	if s, ok := v.(Sayer); ok {
		return s.In(l)
	}
	return l.Figures(fmt.Sprint(v))
}

// And joins names as a person says them: "Bill, Edna and Maria".
func (l Language) And(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return l.Say("{names} and {last}", "names", strings.Join(names[:len(names)-1], l.Say(", ")), "last", names[len(names)-1])
}

// Figures keeps a number of several groups, like a phone number, in its order where
// words run from right to left.
func (l Language) Figures(s string) string {
	if l.Direction() == "ltr" || !strings.Contains(s, " ") || strings.ContainsFunc(s, unicode.IsLetter) || !strings.ContainsFunc(s, unicode.IsDigit) {
		return s
	}
	return "\u2066" + s + "\u2069"
}

// Lines marks each line of a plain letter as one from right to left, where the
// language is: mail programs go by the first letter, which may be of a name or an
// address in Latin.
func (l Language) Lines(letter string) string {
	if l.Direction() == "ltr" {
		return letter
	}
	lines := strings.Split(letter, "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = "\u200f" + line
		}
	}
	return strings.Join(lines, "\n")
}

type key struct{}

// With returns a context whose reader reads l.
func With(ctx context.Context, l Language) context.Context { return context.WithValue(ctx, key{}, l) }

// Of is the language of the reader that ctx belongs to; English when nobody said.
func Of(ctx context.Context) Language {
	if l, ok := ctx.Value(key{}).(Language); ok {
		return l
	}
	return English
}
