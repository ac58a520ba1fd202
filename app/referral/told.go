package referral

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"timebank/app/platform/seal"
)

// sealJSON seals a document for its place.
func sealJSON(box *seal.Box, p seal.Place, v any) ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", p.Column, err)
	}
	return box.Seal(p, plain)
}

// openJSON opens what sealJSON sealed; nothing sealed leaves v as it is.
func openJSON(box *seal.Box, p seal.Place, sealed []byte, v any) error {
	if sealed == nil {
		return nil
	}
	plain, err := box.Open(p, sealed)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(plain, v); err != nil {
		return fmt.Errorf("read %s: a sealed document has another form", p.Column) // the cause would quote it
	}
	return nil
}

// key is what is equal when the same person is referred twice: letters of the
// name without case, spacing and marks, and the birth date. Only its blind hash
// is kept.
func (t Told) key() string {
	name := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, t.Name)
	return fmt.Sprintf("%s\x00%04d-%02d-%02d", name, t.BirthYear, t.BirthMonth, t.BirthDay)
}

// initials are what a surgery's list shows of a name: "Ada Mary Byron" is AB.
func (t Told) initials() string {
	words := strings.Fields(t.Name)
	if len(words) == 0 {
		return ""
	}
	first, _ := utf8.DecodeRuneInString(words[0])
	out := string(unicode.ToUpper(first))
	if len(words) > 1 {
		last, _ := utf8.DecodeRuneInString(words[len(words)-1])
		out += string(unicode.ToUpper(last))
	}
	return out
}

// crisis are beginnings of words that cannot wait for a list. Not a triage: it
// only makes sure that nobody overlooks them.
var crisis = []string{"suicid", "overdos", "kill my", "kill him", "kill her", "kill them", "hurt my", "hurting my", "hurt him", "hurt her",
	"hurt them", "self harm", "self-harm", "selfharm", "end it all", "end my life", "end their life", "end his life", "end her life", "want to die", "wants to die",
	"abuse", "abusing", "abusive"}

// urgent tells whether words of crisis stand in the free texts.
func (t Told) urgent() bool {
	text := strings.ToLower(strings.Join(strings.Fields(t.GoodAt+" | "+t.YourReference), " "))
	return slices.ContainsFunc(crisis, func(w string) bool { return strings.Contains(text, w) })
}

// ringAboutSafety tells whether the surgery wants to be rung.
func (t Told) ringAboutSafety() bool { return t.Safety == "ring-me" || t.Safety == "not-sure" }

// JoinRequest is what a new member's record begins with. Empty means not told.
type JoinRequest struct {
	Name, Called string
	Email        string // clean address
	Phone        string // E.164
	Area         string
	ReachBy      string // email, phone, post, someone
	ReachNote    string // at most 200 characters: through whom, or where to write
	Needs        string // what makes meeting easier, at most 200 characters
	Consent      string // how they agreed to join: phone, paper, in-person
}

var easierWords = map[string]string{
	"bsl": "British Sign Language", "large-print": "large print", "easy-read": "easy read", "hearing": "hard of hearing",
	"with-someone": "somebody with them", "mornings": "mornings", "afternoons": "afternoons",
}

// joinRequest carries over what was told, so that nothing is asked twice.
func (t Told) joinRequest() JoinRequest {
	j := JoinRequest{Name: t.Name, Called: t.Called, ReachBy: t.ReachBy}
	switch t.ReachBy {
	case "call", "text":
		j.ReachBy, j.Phone = "phone", t.Reach
	case "email":
		j.Email = t.Reach
	case "post":
		j.ReachNote = strings.Join(strings.Fields(t.Reach), " ")
	case "someone":
		j.ReachNote = fmt.Sprintf("Through %s (%s). %s", t.SomeoneName, t.SomeoneRelation, t.Reach)
	}
	if t.SafeMessage != "yes" {
		j.ReachNote = "Leave no messages. " + j.ReachNote
	}
	j.ReachNote = cut(strings.TrimSpace(j.ReachNote), 200)
	var needs []string
	for _, e := range t.Easier {
		if e == "interpreter" {
			needs = append(needs, "interpreter for "+t.Language)
			continue
		}
		needs = append(needs, easierWords[e])
	}
	j.Needs = cut(strings.Join(needs, ", "), 200)
	return j
}

func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}
