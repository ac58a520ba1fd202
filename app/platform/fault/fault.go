// Package fault holds the one form in which a refusal travels through the house.
//
// A slice declares its refusals beside the rules that make them: kind, stable
// code and the sentence a person reads stand together, in one place. The sentence
// is in English there; package words has it in the reader's language.
//
//	var ErrNotYourTurn = fault.New(fault.Conflict, "not-your-turn", "It is {who}'s turn to answer.")
//
// Only the HTTP edge (platform/web) knows what status a kind has. Text of an
// error that is no *fault.Error never reaches a reader.
package fault

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"timebank/app/platform/words"
)

// Kind is the class of a refusal; the edge maps each to one status.
type Kind int

// The kinds, from the reader's side: whose mistake, and is it worth trying again.
const (
	Internal        Kind = iota // ours; the reader can only try again later
	Invalid                     // what was sent cannot be used; Fields name where
	Unauthenticated             // nobody is signed in
	Forbidden                   // signed in, but not allowed, and may know that it exists
	NotFound                    // does not exist, or is not theirs to know of
	Conflict                    // the state of things does not allow it now
	Gone                        // was there, is over
	TooMany                     // too often; try later
	TooLarge                    // the request's body is over the limit
	Unreadable                  // what was sent is no request at all: broken JSON, half a body
	WrongType                   // sent in a form that this operation does not read
	Unavailable                 // we cannot at the moment
)

// Error is a refusal. The zero value is an internal error without words.
type Error struct {
	Kind   Kind
	Code   string         // stable, kebab case: the translation key and the suffix of the problem's type
	Params map[string]any // what fills the braces of the sentence
	Fields []Field        // what exactly is wrong with what was sent
	text   words.Text
	cause  error
}

// Field is one thing wrong with one value that was sent. The value itself is
// never repeated: it may be a patient's.
type Field struct {
	Pointer string // JSON pointer into the request's body, as RFC 6901 has it: "/minutes"
	Code    string
	Message words.Text // a sentence that tells the way out
	Pairs   []any      // what fills its braces: name, value, name, value
}

// In is the sentence for a reader of l.
func (f Field) In(l words.Language) string { return l.Say(f.Message, f.Pairs...) }

// New declares a refusal. Braces in text are filled from Params.
func New(kind Kind, code string, text words.Text) *Error {
	return &Error{Kind: kind, Code: code, text: text}
}

// With returns a copy of e with key/value pairs to fill the sentence.
func (e *Error) With(pairs ...any) *Error {
	c := *e
	c.Params = maps.Clone(e.Params)
	if c.Params == nil {
		c.Params = map[string]any{}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		c.Params[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return &c
}

// Wrap returns a copy of e that keeps cause for the log.
func (e *Error) Wrap(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// In is the sentence for a reader of l.
func (e *Error) In(l words.Language) string { return l.Say(e.text, e.pairs()...) }

func (e *Error) pairs() []any {
	var out []any
	for _, k := range slices.Sorted(maps.Keys(e.Params)) {
		out = append(out, k, e.Params[k])
	}
	return out
}

// Error is for the log: the code and the cause, never the values.
func (e *Error) Error() string {
	if e.cause != nil {
		return e.Code + ": " + e.cause.Error()
	}
	return e.Code
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.cause }

// Is holds two refusals equal when their code is: With and Wrap do not matter.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// ErrFields is the refusal that Check returns.
var ErrFields = New(Invalid, "check-answers", "Something needs another look. Nothing is lost.")

// Check collects what is wrong with a request, so that the reader hears all of
// it at once.
type Check struct{ fields []Field }

// Add notes a fault at pointer unless ok holds; pairs fill the message's braces.
func (c *Check) Add(ok bool, pointer, code string, message words.Text, pairs ...any) {
	if !ok {
		c.fields = append(c.fields, Field{Pointer: pointer, Code: code, Message: message, Pairs: pairs})
	}
}

// Err is nil when nothing was wrong, else ErrFields with all of it.
func (c *Check) Err() error {
	if len(c.fields) == 0 {
		return nil
	}
	e := *ErrFields
	e.Fields = c.fields
	return &e
}

// At returns e as a fault of one field, for a refusal that only the database
// could find (a taken address, say).
func (e *Error) At(pointer string) *Error {
	c := *e
	c.Fields = []Field{{Pointer: pointer, Code: e.Code, Message: e.text, Pairs: e.pairs()}}
	return &c
}

// As returns the *Error in err's chain, or nil.
func As(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return nil
}
