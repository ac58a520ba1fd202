package referral

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"timebank/app/identity"
	"timebank/app/platform/fault"
	"timebank/app/platform/words"
)

// Form is the one page a receptionist fills in: six answers, the rest may stay
// empty. Empty text means not answered. It has no clinical field.
type Form struct {
	Agreed          string   `json:"agreed,omitempty" enum:",now,earlier,no" doc:"Have they agreed that we contact them? \"no\" is refused: hand over a card, nothing is stored"`
	Name            string   `json:"name,omitempty" doc:"Full name, at most 100 characters"`
	Called          string   `json:"called,omitempty" doc:"What they like to be called"`
	BirthDay        int      `json:"birth_day,omitempty" doc:"With birth_month; both may be left out when only the year is known"`
	BirthMonth      int      `json:"birth_month,omitempty"`
	BirthYear       int      `json:"birth_year,omitempty"`
	ReachBy         string   `json:"reach_by,omitempty" enum:",call,text,email,post,someone"`
	Reach           string   `json:"reach,omitempty" doc:"Phone number, e-mail address or postal address, as reach_by says; how to find the other person for someone, if known"`
	SomeoneName     string   `json:"someone_name,omitempty" doc:"Through whom; needed for someone"`
	SomeoneRelation string   `json:"someone_relation,omitempty" doc:"Who that is to them: daughter, key worker"`
	SafeMessage     string   `json:"safe_message,omitempty" enum:",yes,no,not-sure" doc:"Is it safe to leave a message?"`
	Wants           []string `json:"wants,omitempty" enum:"company,getting-out,new-here,bereaved,caring,hand-at-home,something-to-offer,not-sure" doc:"What would help; at least one"`
	GoodAt          string   `json:"good_at,omitempty" doc:"What they are good at or enjoy, at most 140 characters"`
	Easier          []string `json:"easier,omitempty" enum:"interpreter,bsl,large-print,easy-read,hearing,with-someone,mornings,afternoons"`
	Language        string   `json:"language,omitempty" doc:"Of the interpreter"`
	Safety          string   `json:"safety,omitempty" enum:",no,ring-me,not-sure" doc:"Anything to know to keep people safe? Never in writing: we ring"`
	YourReference   string   `json:"your_reference,omitempty" doc:"The surgery's own, at most 30 characters"`
}

// Told is a form as it was checked and cleaned: what stands sealed.
type Told struct {
	Agreed          string   `json:"agreed"`
	Name            string   `json:"name"`
	Called          string   `json:"called"`
	BirthDay        int      `json:"birth_day,omitempty"`
	BirthMonth      int      `json:"birth_month,omitempty"`
	BirthYear       int      `json:"birth_year"`
	ReachBy         string   `json:"reach_by" enum:"call,text,email,post,someone"`
	Reach           string   `json:"reach" doc:"Phone in international form, or as it was written"`
	SomeoneName     string   `json:"someone_name,omitempty"`
	SomeoneRelation string   `json:"someone_relation,omitempty"`
	SafeMessage     string   `json:"safe_message" enum:"yes,no,not-sure"`
	Wants           []string `json:"wants"`
	GoodAt          string   `json:"good_at,omitempty"`
	Easier          []string `json:"easier,omitempty"`
	Language        string   `json:"language,omitempty"`
	Safety          string   `json:"safety,omitempty"`
	YourReference   string   `json:"your_reference,omitempty"`
}

var (
	wants  = []string{"company", "getting-out", "new-here", "bereaved", "caring", "hand-at-home", "something-to-offer", "not-sure"}
	easier = []string{"interpreter", "bsl", "large-print", "easy-read", "hearing", "with-someone", "mornings", "afternoons"}
)

var (
	// ErrCard refuses a form for somebody who has not agreed. Nothing is stored.
	ErrCard = fault.New(fault.Invalid, "not-agreed", "That is fine: then we keep nothing. Please print a calling card for them instead, so that they can ring us if they like.")
	// ErrYoung refuses somebody under 18, and names who is there for them.
	ErrYoung = fault.New(fault.Invalid, "under-eighteen", "We can only take people of 18 and over. For somebody younger, try your local youth service, or Childline on 0800 1111.")
)

const phoneHint words.Text = "Enter a phone number, like 01632 960 001, 07700 900 982 or +44 808 157 0192"

// clean checks a form on the bank's day today and brings its values to the form
// that is kept. Refuses with ErrCard, ErrYoung, or ErrFields with every answer
// that needs another look; a value is never repeated.
func (f Form) clean(today time.Time) (Told, error) {
	if f.Agreed == "no" {
		return Told{}, ErrCard.At("/agreed")
	}
	t, c := Told(f), &fault.Check{}
	c.Add(oneOf(t.Agreed, "now", "earlier"), "/agreed", "choose", "Say whether they have agreed to us contacting them")
	cleanWho(&t, c)
	cleanBirth(t, today, c)
	cleanReach(&t, c)
	c.Add(oneOf(t.SafeMessage, "yes", "no", "not-sure"), "/safe_message", "choose", "Say whether it is safe to leave a message")
	c.Add(len(t.Wants) > 0, "/wants", "choose", "Choose at least one thing that would help")
	t.Wants = choices(t.Wants, wants, "/wants", c)
	cleanExtras(&t, c)
	if err := c.Err(); err != nil {
		return Told{}, err
	}
	if minor(t, today) {
		return Told{}, ErrYoung.At("/birth_year")
	}
	return t, nil
}

func cleanWho(t *Told, c *fault.Check) {
	name, ok := identity.CleanName(t.Name)
	c.Add(ok || strings.TrimSpace(t.Name) != "", "/name", "required", "Enter their full name")
	c.Add(ok || strings.TrimSpace(t.Name) == "", "/name", "name", "Full name must be 100 characters or fewer, without special characters")
	t.Name = name
	if strings.TrimSpace(t.Called) == "" {
		t.Called, _, _ = strings.Cut(name, " ")
		return
	}
	t.Called, ok = identity.CleanName(t.Called)
	c.Add(ok, "/called", "name", "What they like to be called must be 100 characters or fewer, without special characters")
}

// cleanBirth wants a whole date, or a year alone where no more is known.
func cleanBirth(t Told, today time.Time, c *fault.Check) {
	d, m, y := t.BirthDay, t.BirthMonth, t.BirthYear
	switch {
	case d == 0 && m == 0 && y == 0:
		c.Add(false, "/birth_year", "required", "Enter a date of birth")
		return
	case y == 0:
		c.Add(false, "/birth_year", "required", "Date of birth must include a year")
		return
	case m == 0 && d != 0:
		c.Add(false, "/birth_month", "required", "Date of birth must include a month")
		return
	case d == 0 && m != 0:
		c.Add(false, "/birth_day", "required", "Date of birth must include a day")
		return
	}
	yearOnly := d == 0
	if yearOnly {
		d, m = 1, 1
	}
	born := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	at := "/birth_day"
	if yearOnly {
		at = "/birth_year"
	}
	switch {
	case born.Year() != y || int(born.Month()) != m || born.Day() != d || y < 1900 && born.Before(today):
		c.Add(false, at, "date", "Date of birth must be a real date")
	case !born.Before(today):
		c.Add(false, at, "date", "Date of birth must be in the past")
	case yearOnly && today.Year()-y == 18:
		c.Add(false, "/birth_day", "required", "Enter the day and the month too: they may not be 18 yet")
	}
}

// minor tells whether somebody is under 18 today. With the year alone, cleanBirth
// has asked for more in the one year in which it matters.
func minor(t Told, today time.Time) bool {
	if t.BirthDay == 0 {
		return today.Year()-t.BirthYear < 18
	}
	return time.Date(t.BirthYear+18, time.Month(t.BirthMonth), t.BirthDay, 0, 0, 0, 0, time.UTC).After(today)
}

func cleanReach(t *Told, c *fault.Check) {
	t.Reach = strings.TrimSpace(t.Reach)
	var ok bool
	switch t.ReachBy {
	case "call", "text":
		t.Reach, ok = identity.CleanPhone(t.Reach)
		c.Add(ok, "/reach", "phone", phoneHint)
	case "email":
		t.Reach, ok = identity.CleanEmail(t.Reach)
		c.Add(ok, "/reach", "email", "Enter an email address, like name@example.com")
	case "post":
		c.Add(t.Reach != "", "/reach", "required", "Enter a postal address")
		c.Add(utf8.RuneCountInString(t.Reach) <= 200, "/reach", "too-long", "Postal address must be 200 characters or fewer")
	case "someone":
		c.Add(utf8.RuneCountInString(t.Reach) <= 200, "/reach", "too-long", "How to reach them must be 200 characters or fewer")
		t.SomeoneName, ok = identity.CleanName(t.SomeoneName)
		c.Add(ok, "/someone_name", "required", "Enter the name of the person we can reach them through")
		t.SomeoneRelation, ok = identity.CleanName(t.SomeoneRelation)
		c.Add(ok, "/someone_relation", "required", "Enter who that person is to them, like daughter or key worker")
	default:
		c.Add(false, "/reach_by", "choose", "Choose the best way to reach them")
	}
	if t.ReachBy != "someone" { // what belongs to another answer is not kept
		t.SomeoneName, t.SomeoneRelation = "", ""
	}
}

func cleanExtras(t *Told, c *fault.Check) {
	t.GoodAt = strings.TrimSpace(t.GoodAt)
	c.Add(utf8.RuneCountInString(t.GoodAt) <= 140, "/good_at", "too-long", "What they are good at must be 140 characters or fewer")
	t.YourReference = strings.TrimSpace(t.YourReference)
	c.Add(utf8.RuneCountInString(t.YourReference) <= 30, "/your_reference", "too-long", "Your reference must be 30 characters or fewer")
	t.Easier = choices(t.Easier, easier, "/easier", c)
	if !slices.Contains(t.Easier, "interpreter") {
		t.Language = ""
	} else {
		language, ok := identity.CleanName(t.Language)
		c.Add(ok && len([]rune(language)) <= 40, "/language", "required", "Enter the language of the interpreter")
		t.Language = language
	}
	c.Add(oneOf(t.Safety, "", "no", "ring-me", "not-sure"), "/safety", "choose", "Choose one of the answers")
}

// choices keeps the known values once each, in the form's order.
func choices(got, known []string, pointer string, c *fault.Check) []string {
	var out []string
	for _, k := range known {
		if slices.Contains(got, k) {
			out = append(out, k)
		}
	}
	unknown := slices.ContainsFunc(got, func(g string) bool { return !slices.Contains(known, g) })
	c.Add(!unknown, pointer, "choose", "Choose from the list")
	return out
}

func oneOf(s string, known ...string) bool { return slices.Contains(known, s) }
