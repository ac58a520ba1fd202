package referral

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"timebank/app/platform/fault"
	"timebank/app/platform/words"
)

var monday = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

// sample is a form that may be sent.
func sample(change ...func(*Form)) Form {
	f := Form{
		Agreed: "now", Name: "Ada Mary Canary-Quill", Called: "Ada", BirthDay: 27, BirthMonth: 3, BirthYear: 1951,
		ReachBy: "call", Reach: "07700 900 982", SafeMessage: "yes", Wants: []string{"company", "something-to-offer"},
		GoodAt: "Marmalade and zither", YourReference: "QX-7781",
	}
	for _, c := range change {
		c(&f)
	}
	return f
}

func TestSampleIsCleaned(t *testing.T) {
	t.Parallel()
	got, err := sample(func(f *Form) {
		f.Name, f.Called = "  Ada   Mary Byron ", ""
		f.Wants = []string{"something-to-offer", "company", "company"}
		f.Easier, f.Language = []string{"interpreter", "bsl"}, " Polish "
		f.SomeoneName = "left over"
	}).clean(monday)
	if err != nil {
		t.Fatal(err)
	}
	if got.Name != "Ada Mary Byron" || got.Called != "Ada" || got.Reach != "+447700900982" || got.SomeoneName != "" || got.Language != "Polish" ||
		strings.Join(got.Wants, " ") != "company something-to-offer" {
		t.Errorf("cleaned to %+v", got)
	}
	if got.initials() != "AB" {
		t.Errorf("initials %q", got.initials())
	}
	j := got.joinRequest()
	if j.ReachBy != "phone" || j.Phone != "+447700900982" || j.Needs != "interpreter for Polish, British Sign Language" {
		t.Errorf("join request %+v", j)
	}
}

func TestFormSaysWhatIsWrongAndWhere(t *testing.T) {
	t.Parallel()
	birth := func(d, m, y int) func(*Form) {
		return func(f *Form) { f.BirthDay, f.BirthMonth, f.BirthYear = d, m, y }
	}
	reach := func(by, at string) func(*Form) { return func(f *Form) { f.ReachBy, f.Reach = by, at } }
	for _, c := range []struct {
		name             string
		change           func(*Form)
		pointer, message string
	}{
		{"agreement not said", func(f *Form) { f.Agreed = "" }, "/agreed", "Say whether they have agreed to us contacting them"},
		{"no name", func(f *Form) { f.Name = "  " }, "/name", "Enter their full name"},
		{"name of 101 letters", func(f *Form) { f.Name = strings.Repeat("a", 101) }, "/name", "Full name must be 100 characters or fewer, without special characters"},
		{"name turned round", func(f *Form) { f.Name = "Ada \u202eB" }, "/name", "Full name must be 100 characters or fewer, without special characters"},
		{"no birth date", birth(0, 0, 0), "/birth_year", "Enter a date of birth"},
		{"no year", birth(27, 3, 0), "/birth_year", "Date of birth must include a year"},
		{"no month", birth(27, 0, 1951), "/birth_month", "Date of birth must include a month"},
		{"no day", birth(0, 3, 1951), "/birth_day", "Date of birth must include a day"},
		{"30 February", birth(30, 2, 1951), "/birth_day", "Date of birth must be a real date"},
		{"29 February of no leap year", birth(29, 2, 1951), "/birth_day", "Date of birth must be a real date"},
		{"month 13", birth(1, 13, 1951), "/birth_day", "Date of birth must be a real date"},
		{"two-digit year", birth(1, 1, 51), "/birth_day", "Date of birth must be a real date"},
		{"negative year", birth(1, 1, -3), "/birth_day", "Date of birth must be a real date"},
		{"tomorrow", birth(24, 11, 2026), "/birth_day", "Date of birth must be in the past"},
		{"year to come", birth(0, 0, 2031), "/birth_year", "Date of birth must be in the past"},
		{"year in which 18 is reached", birth(0, 0, 2008), "/birth_day", "Enter the day and the month too: they may not be 18 yet"},
		{"no way to reach", reach("", ""), "/reach_by", "Choose the best way to reach them"},
		{"no number", reach("call", ""), "/reach", string(phoneHint)},
		{"number too short", reach("text", "0770"), "/reach", string(phoneHint)},
		{"no address", reach("email", "ada at example"), "/reach", "Enter an email address, like name@example.com"},
		{"no postal address", reach("post", " "), "/reach", "Enter a postal address"},
		{"nobody named", reach("someone", ""), "/someone_name", "Enter the name of the person we can reach them through"},
		{"no message answer", func(f *Form) { f.SafeMessage = "" }, "/safe_message", "Say whether it is safe to leave a message"},
		{"no want", func(f *Form) { f.Wants = nil }, "/wants", "Choose at least one thing that would help"},
		{"unknown want", func(f *Form) { f.Wants = []string{"money"} }, "/wants", "Choose from the list"},
		{"long talents", func(f *Form) { f.GoodAt = strings.Repeat("é", 141) }, "/good_at", "What they are good at must be 140 characters or fewer"},
		{"long reference", func(f *Form) { f.YourReference = strings.Repeat("1", 31) }, "/your_reference", "Your reference must be 30 characters or fewer"},
		{"interpreter of what", func(f *Form) { f.Easier = []string{"interpreter"} }, "/language", "Enter the language of the interpreter"},
		{"unknown safety", func(f *Form) { f.Safety = "yes" }, "/safety", "Choose one of the answers"},
		{"agreement refused", func(f *Form) { f.Agreed, f.Name = "no", "" }, "/agreed", ErrCard.In(words.English)},
		{"seventeen", birth(24, 11, 2008), "/birth_year", ErrYoung.In(words.English)},
		{"child, by the year", birth(0, 0, 2015), "/birth_year", ErrYoung.In(words.English)},
	} {
		_, err := sample(c.change).clean(monday)
		f := fault.As(err)
		if f == nil || f.Kind != fault.Invalid {
			t.Errorf("%s: not refused: %v", c.name, err)
			continue
		}
		found := false
		for _, x := range f.Fields {
			found = found || x.Pointer == c.pointer && x.In(words.English) == c.message
		}
		if !found {
			t.Errorf("%s: refused with %+v, want %s %q", c.name, f.Fields, c.pointer, c.message)
		}
	}
}

func TestFormTakesPeopleAsTheyAre(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Form){
		"eighteen today":      func(f *Form) { f.BirthDay, f.BirthMonth, f.BirthYear = 23, 11, 2008 },
		"only a year":         func(f *Form) { f.BirthDay, f.BirthMonth = 0, 0 },
		"born on 29 February": func(f *Form) { f.BirthDay, f.BirthMonth, f.BirthYear = 29, 2, 1952 },
		"one name":            func(f *Form) { f.Name = "Cher" },
		"through a key worker": func(f *Form) {
			f.ReachBy, f.Reach, f.SomeoneName, f.SomeoneRelation = "someone", "", "Bea", "key worker"
		},
		"by post, in three lines": func(f *Form) { f.ReachBy, f.Reach = "post", "The hostel\n1 High Street\nHilltop" },
		"nothing optional":        func(f *Form) { f.Called, f.GoodAt, f.YourReference = "", "", "" },
		"agreed earlier":          func(f *Form) { f.Agreed = "earlier" },
	} {
		if _, err := sample(change).clean(monday); err != nil {
			t.Errorf("%s: %v %+v", name, err, fault.As(err).Fields)
		}
	}
}

func TestAllThatIsWrongIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	_, err := Form{}.clean(monday)
	if n := len(fault.As(err).Fields); n != 6 {
		t.Errorf("an empty form has %d faults, want one for each of the six answers", n)
	}
}

func TestFaultsNeverRepeatAValue(t *testing.T) {
	t.Parallel()
	_, err := sample(func(f *Form) { f.Name, f.Reach, f.SafeMessage = "Zyx\u0007Secret", "secret-number", "secret" }).clean(monday)
	text, _ := json.Marshal(fault.As(err).Fields)
	if s := strings.ToLower(string(text) + err.Error()); strings.Contains(s, "secret") {
		t.Errorf("the refusal repeats what was sent: %s", s)
	}
}

func TestSamePersonHasTheSameKey(t *testing.T) {
	t.Parallel()
	key := func(name string, y int) string {
		return Told{Name: name, BirthDay: 1, BirthMonth: 2, BirthYear: y}.key()
	}
	if key("Ada  O'Byron", 1951) != key("ada obyron", 1951) || key("Ada Byron", 1951) == key("Ada Byron", 1952) || key("Ada", 1951) == key("Bea", 1951) {
		t.Error("keys do not tell people apart by name and birth date")
	}
}

func TestWordsThatCannotWait(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"Said she wants to END it  all": true, "feels suicidal": true, "took an overdose": true, "self-harm": true, "abuse at home": true,
		"Plays the zither": false, "": false, "Killer sudoku": false,
	} {
		if got := (Told{GoodAt: text}).urgent(); got != want {
			t.Errorf("%q urgent: %v", text, got)
		}
		if got := (Told{YourReference: text}).urgent(); got != want {
			t.Errorf("%q urgent as a reference: %v", text, got)
		}
	}
}
