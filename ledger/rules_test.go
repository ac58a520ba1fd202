package ledger

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

func fixed(n byte) (id uuid.UUID) {
	id[15], id[6], id[8] = n, 0x70, 0x80
	return id
}

func example() Transfer {
	return Transfer{Bank: fixed(1), Kind: Exchange, Key: "exchange/7", Actor: fixed(2), OnBehalfOf: fixed(3), Category: "garden",
		Reference: Reference{"exchange", fixed(4)}, EffectiveOn: Date{2026, 3, 2},
		Legs: []Leg{{fixed(6), 90}, {fixed(5), -90}}, At: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
}

// The forms and hashes below are in people's books: a change here is a new
// version of the form, never an edit.
func TestCanonicalFormIsForEver(t *testing.T) {
	plain := example()
	bare := Transfer{Bank: fixed(1), Kind: Correction, Key: "k", Actor: fixed(2), Reason: "Fehler: ½ h zu viel", EffectiveOn: Date{2026, 12, 31},
		Legs: []Leg{{fixed(5), 1}, {fixed(6), 1}, {fixed(7), -2}}}
	back := Transfer{Bank: fixed(1), Kind: Reversal, Key: "k2", Actor: fixed(2), Reason: "entered twice", EffectiveOn: Date{2026, 1, 1}}
	for _, c := range []struct {
		name     string
		t        Transfer
		original uuid.UUID
		form     string // hex, for one; the hash for all
		hash     string
	}{
		{"two legs", plain, uuid.Nil,
			"0000001a74696d6562616e6b2d6c65646765722d7472616e736665722f31" + "00000010" + "00000000000070008000000000000001" +
				"0000000865786368616e6765" + "0000000a65786368616e67652f37" + "00000010" + "00000000000070008000000000000002" +
				"00000010" + "00000000000070008000000000000003" + "0000000667617264656e" + "0000000865786368616e6765" +
				"00000010" + "00000000000070008000000000000004" + "0000000a323032362d30332d3032" + "00000000" + "00000000" + "00000000" +
				"00000030" + "00000000000070008000000000000005" + "ffffffffffffffa6" + "00000000000070008000000000000006" + "000000000000005a",
			"a5fb6f984216babe3aa773d709ce9b5862366dba95a7cef116ca0a60fbbbb2bd"},
		{"three legs, a reason, nothing else", bare, uuid.Nil, "", "1fb0a8b33ab87158bf3adfa0dd6c8d30e76c072aeefd2330eb06b36b15fcd2de"},
		{"reversal", back, fixed(9), "", "fce41573f8267eba44152b4d1331a7635798dbe7be78cbee115fcf58624446a9"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var legs []Leg
			if c.t.Legs != nil {
				var err error
				if legs, err = checkLegs(c.t.Legs); err != nil {
					t.Fatal(err)
				}
			}
			form := c.t.canonical(legs, c.original)
			if got := hex.EncodeToString(form); c.form != "" && got != c.form {
				t.Errorf("form %s", got)
			}
			if got := hex.EncodeToString(digest(form)); got != c.hash {
				t.Errorf("hash %s", got)
			}
		})
	}
}

// Every part of the input is in the hash, nothing else is.
func TestHashCoversTheInput(t *testing.T) {
	hash := func(t Transfer) string {
		legs, err := checkLegs(t.Legs)
		if err != nil {
			panic(err)
		}
		return string(digest(t.canonical(legs, uuid.Nil)))
	}
	base := hash(example())
	for name, change := range map[string]func(*Transfer){
		"bank":         func(t *Transfer) { t.Bank = fixed(99) },
		"kind":         func(t *Transfer) { t.Kind = Gathering },
		"key":          func(t *Transfer) { t.Key += "x" },
		"actor":        func(t *Transfer) { t.Actor = fixed(99) },
		"on behalf of": func(t *Transfer) { t.OnBehalfOf = uuid.Nil },
		"category":     func(t *Transfer) { t.Category = "" },
		"ref kind":     func(t *Transfer) { t.Reference.Kind = "x" },
		"ref id":       func(t *Transfer) { t.Reference.ID = uuid.Nil },
		"date":         func(t *Transfer) { t.EffectiveOn.Day++ },
		"reason":       func(t *Transfer) { t.Reason = "because" },
		"minutes":      func(t *Transfer) { t.Legs = []Leg{{fixed(6), 91}, {fixed(5), -91}} },
		"direction":    func(t *Transfer) { t.Legs = []Leg{{fixed(6), -90}, {fixed(5), 90}} },
		"account":      func(t *Transfer) { t.Legs = []Leg{{fixed(7), 90}, {fixed(5), -90}} },
		// Length prefixes: moving a byte from one field to the next is another form.
		"boundary": func(t *Transfer) { t.Category, t.Reference.Kind = "gardene", "xchange" },
	} {
		x := example()
		change(&x)
		if hash(x) == base {
			t.Errorf("%s is not in the hash", name)
		}
	}
	same := example()
	same.At = same.At.Add(time.Hour)
	same.Legs = []Leg{same.Legs[1], same.Legs[0]}
	if hash(same) != base {
		t.Error("the time of posting or the order of legs is in the hash")
	}
}

func TestCheckRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Transfer)
		want   error
	}{
		{"no kind", func(t *Transfer) { t.Kind = "" }, ErrInvalid{"kind", "is not one that can be posted"}},
		{"a reversal by hand", func(t *Transfer) { t.Kind = Reversal }, ErrInvalid{"kind", "is not one that can be posted"}},
		{"no bank", func(t *Transfer) { t.Bank = uuid.Nil }, ErrInvalid{"bank", "is missing"}},
		{"no actor", func(t *Transfer) { t.Actor = uuid.Nil }, ErrInvalid{"actor", "is missing"}},
		{"no key", func(t *Transfer) { t.Key = "" }, ErrInvalid{"key", "is missing"}},
		{"long key", func(t *Transfer) { t.Key = strings.Repeat("k", 201) }, ErrInvalid{"key", "is too long"}},
		{"key with a NUL", func(t *Transfer) { t.Key = "a\x00b" }, ErrInvalid{"key", "is not text"}},
		{"key not UTF-8", func(t *Transfer) { t.Key = "a\xff" }, ErrInvalid{"key", "is not text"}},
		{"no category", func(t *Transfer) { t.Category = "" }, ErrInvalid{"category", "is missing"}},
		{"reference without kind", func(t *Transfer) { t.Reference.Kind = "" }, ErrInvalid{"reference", "is missing"}},
		{"adjustment without reason", func(t *Transfer) { t.Kind = Correction }, ErrInvalid{"reason", "is missing"}},
		{"no date", func(t *Transfer) { t.EffectiveOn = Date{} }, ErrInvalid{"effective date", "is not a day"}},
		{"30 February", func(t *Transfer) { t.EffectiveOn = Date{2026, 2, 30} }, ErrInvalid{"effective date", "is not a day"}},
		{"no time", func(t *Transfer) { t.At = time.Time{} }, ErrInvalid{"time of posting", "is missing or out of range"}},
		{"the day after tomorrow", func(t *Transfer) { t.EffectiveOn.Day += 2 }, ErrFuture{Date{2026, 3, 4}, example().At}},
		{"no legs", func(t *Transfer) { t.Legs = nil }, ErrUnbalanced{}},
		{"one leg", func(t *Transfer) { t.Legs = t.Legs[:1] }, ErrUnbalanced{Sum: 90, Legs: 1}},
		{"a minute lost", func(t *Transfer) { t.Legs = []Leg{{fixed(5), -90}, {fixed(6), 89}} }, ErrUnbalanced{Sum: -1, Legs: 2}},
		{"paying oneself", func(t *Transfer) { t.Legs = []Leg{{fixed(5), -90}, {fixed(5), 90}} }, ErrSameAccount{fixed(5)}},
		{"nothing", func(t *Transfer) { t.Legs = []Leg{{fixed(5), 0}, {fixed(6), 0}} }, ErrZero{Account: fixed(5)}},
		{"a bystander", func(t *Transfer) { t.Legs = append(t.Legs, Leg{fixed(7), 0}) }, ErrZero{Account: fixed(7)}},
		{"too much", func(t *Transfer) { t.Legs = []Leg{{fixed(5), -MaxMinutes - 1}, {fixed(6), MaxMinutes + 1}} },
			ErrOverflow{Account: fixed(5), Minutes: -MaxMinutes - 1}},
		{"sums that wrap", func(t *Transfer) { t.Legs = []Leg{{fixed(5), -1 << 63}, {fixed(6), -1 << 63}} },
			ErrOverflow{Account: fixed(5), Minutes: -1 << 63}},
		{"no account", func(t *Transfer) { t.Legs[0].Account = uuid.Nil }, ErrNoAccount{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := example()
			c.change(&x)
			if _, err := x.check(); err != c.want {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
	tomorrow := example()
	tomorrow.At = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) // it is 2 March in Kiritimati already
	if _, err := tomorrow.check(); err != nil {
		t.Error(err)
	}
	many := example()
	many.Legs = nil
	for i := range MaxLegs + 1 {
		id := fixed(1)
		id[0], id[1] = byte(i>>8), byte(i)
		many.Legs = append(many.Legs, Leg{id, 1})
	}
	if _, err := many.check(); !errors.As(err, &ErrUnbalanced{}) {
		t.Error(err)
	}
}

func TestMoveNeverTurnsAround(t *testing.T) {
	for _, m := range []Minutes{0, -1, -MaxMinutes} {
		if legs, err := Move(fixed(1), fixed(2), m); legs != nil || err != (ErrZero{fixed(1), m}) {
			t.Errorf("%d: %v %v", m, legs, err)
		}
	}
	legs, err := Move(fixed(1), fixed(2), 15)
	if err != nil || legs[0] != (Leg{fixed(1), -15}) || legs[1] != (Leg{fixed(2), 15}) {
		t.Errorf("%v %v", legs, err)
	}
}

func TestSplitLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := Minutes(rapid.Int64Range(-1e6, 1e6).Draw(t, "total"))
		n := rapid.IntRange(1, MaxLegs).Draw(t, "n")
		shares := Split(total, n)
		var sum, least, most Minutes = 0, shares[0], shares[0]
		for _, s := range shares {
			sum, least, most = sum+s, min(least, s), max(most, s)
		}
		if sum != total || most-least > 1 || len(shares) != n {
			t.Fatalf("%v of %d", shares, total)
		}
	})
	if Split(60, 0) != nil {
		t.Error("shares for nobody")
	}
}

func TestLimitsMayNotContradict(t *testing.T) {
	m := func(v Minutes) *Minutes { return &v }
	for _, l := range []Limits{
		{Floor: m(1), Ceiling: m(0)}, {SoftFloor: m(-1), Floor: m(0)}, {SoftFloor: m(1), Ceiling: m(0)},
		{Floor: m(-MaxMinutes - 1)}, {Ceiling: m(MaxMinutes + 1)}, {SoftFloor: m(-1 << 63)},
	} {
		if err := l.check(); !errors.As(err, &ErrLimits{}) {
			t.Errorf("%+v: %v", l, err)
		}
	}
	if err := (Limits{SoftFloor: m(-60), Floor: m(-60), Ceiling: m(-60)}).check(); err != nil {
		t.Error(err)
	}
}

func TestIDsAscendWithTime(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	a, b := newID(at), newID(at.Add(time.Millisecond))
	if a.Version() != 7 || a.Variant() != uuid.RFC4122 || a.String() >= b.String() {
		t.Errorf("%s %s", a, b)
	}
	if s, _ := a.Time().UnixTime(); s != at.Unix() {
		t.Errorf("%d, want %d", s, at.Unix())
	}
}

func FuzzFigures(f *testing.F) {
	f.Add("{1,-2,NULL}")
	f.Add("{}")
	f.Fuzz(func(t *testing.T, s string) {
		_, _ = parseMinutes(s)
		_, _ = parseIDs(s)
	})
}

func TestDates(t *testing.T) {
	if d, err := ParseDate("2024-02-29"); err != nil || d.String() != "2024-02-29" || d.IsZero() {
		t.Error(d, err)
	}
	for _, s := range []string{"", "2023-02-29", "2026-3-2", "02/03/2026", "2026-03-02T00:00:00Z"} {
		if _, err := ParseDate(s); err == nil {
			t.Errorf("%q is taken for a date", s)
		}
	}
	london := time.FixedZone("BST", 3600)
	if d := DateOf(time.Date(2026, 6, 30, 23, 30, 0, 0, time.UTC).In(london)); d != (Date{2026, 7, 1}) {
		t.Error(d)
	}
}
