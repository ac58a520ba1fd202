package exchangefile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Good files for the two that a test is not about.
const (
	goodUsers = "N,Name,Email,Phone,Alternative Phone,Created,Last login,Locale,Balance\n" +
		"1,Ada Byron,ada@example.org,01632 960 901,,2025-01-02 10:00:00 UTC,,en,-3600\n2,Ben Ali,,,,2025-01-03 10:00:00 UTC,,en,3600\n"
	goodPosts     = ",Offer,Tags,User,Created\n,Transport,,,\n7,Lifts,car,Ben Ali (2),2025-01-05 10:00:00 UTC\n"
	goodTransfers = "Date,From,To,Post,Quantity\n2025-02-01 10:00:00 UTC,Ada Byron (1),Ben Ali (2),Lifts,1:00\n"
)

// Each nasty file has one fault; its name says where: file-row-code.
func TestNastyFiles(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/nasty/*.csv")
	if err != nil || len(names) < 30 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	named := regexp.MustCompile(`(users|posts|transfers)-(\d+)-([a-z-]+)\.csv$`)
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			m := named.FindStringSubmatch(name)
			if m == nil {
				t.Fatal("the name does not say what is wrong")
			}
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			in := map[string]string{UsersFile: goodUsers, PostsFile: goodPosts, TransfersFile: goodTransfers}
			if m[1] == UsersFile {
				in[PostsFile], in[TransfersFile] = "", ""
			}
			in[m[1]] = string(raw)
			f, err := Read(strings.NewReader(in[UsersFile]), strings.NewReader(in[PostsFile]), strings.NewReader(in[TransfersFile]))
			bad, ok := errors.AsType[*Unreadable](err)
			if !ok {
				t.Fatalf("read as %+v, %v", f, err)
			}
			first := bad.Rows[0]
			if first.File != m[1] || fmt.Sprint(first.Row) != m[2] || first.Code != m[3] {
				t.Errorf("refused as %+v", bad.Rows)
			}
			if first.Message == "" || !strings.HasSuffix(first.Message, ".") {
				t.Errorf("%q is no sentence", first.Message)
			}
			for _, secret := range []string{"ada at home", "Zoe", "lots", "an hour"} {
				if strings.Contains(bad.Error(), secret) {
					t.Errorf("the value is repeated: %s", bad)
				}
			}
		})
	}
}

func read(t *testing.T, o Reading, users, posts, transfers io.Reader) *File {
	t.Helper()
	f, err := o.Read(users, posts, transfers)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func awkward(t *testing.T, name string) io.Reader {
	t.Helper()
	raw, err := os.ReadFile("testdata/awkward/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReader(string(raw))
}

func TestSpreadsheetOfAnotherCountry(t *testing.T) {
	t.Parallel()
	const way = "-spanish-semicolons-windows.csv"
	f := read(t, Reading{}, awkward(t, "users"+way), awkward(t, "posts"+way), awkward(t, "transfers"+way))
	if len(f.Members) != 2 || len(f.Posts) != 2 || len(f.Transfers) != 1 || len(f.Skipped) != 1 {
		t.Fatalf("%+v", f)
	}
	if m := f.Members[0]; m.Name != "Begoña Núñez" || m.Email != "" || m.Phone != "" || m.Contact != "622 743 103" || *m.Balance != -90 {
		t.Errorf("%+v", m)
	}
	if m := f.Members[1]; m.Email != "" || m.Phone != "+34622743104" || m.Joined.At.Format(time.DateOnly) != "2024-06-02" {
		t.Errorf("%+v", m)
	}
	if p := f.Posts[0]; p.Request || p.Kind != "home.bulb" || p.Author != 2 || p.Key() != "timeoverflow:post:12" {
		t.Errorf("%+v", p)
	}
	if p := f.Posts[1]; !p.Request || p.Kind != "out.along" || p.Title != "Acompañamiento al médico" || p.Row != 6 {
		t.Errorf("%+v", p)
	}
	if x := f.Transfers[0]; x.Minutes != 90 || x.When.text() != "2024-06-25T10:11:12Z" || x.Kind != "home.bulb" || x.To.UID != 2 {
		t.Errorf("%+v", x)
	}
}

func TestOtherEncodingsLanguagesAndForms(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"users-wide.csv": "Núria Vila", "users-unknown-language.csv": "Aiko Mori", "users-intake.csv": "Carmen Ruiz Soler"} {
		f := read(t, Reading{}, awkward(t, name), lines(), lines())
		if f.Members[0].Name != want || !strings.HasSuffix(f.Members[0].Email, "@example.org") || f.Members[0].Balance != nil {
			t.Errorf("%s: %+v", name, f.Members[0])
		}
	}
	f := read(t, Reading{}, awkward(t, "users-intake.csv"), lines(), awkward(t, "transfers-intake.csv"))
	if x := f.Transfers; len(x) != 2 || x[0].Minutes != 90 || x[1].To.Kind != ThePot || x[1].Minutes != 30 || x[0].When != nil {
		t.Errorf("intake: %+v", x)
	}
	f = read(t, Reading{Unit: Seconds}, strings.NewReader(goodUsers), lines(), awkward(t, "transfers-complete.csv"))
	if x := f.Transfers; len(x) != 3 || x[0].Minutes != 20 || x[1].From.Kind != Gone || x[1].Minutes != 90 || x[2].From.Kind != ThePot || x[0].Reason != "thank you" {
		t.Errorf("complete: %+v", x)
	}
}

func TestWhatPeopleWriteForEmailAndPhone(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"": "", "user12@example.com": "", "User1700000000123@Example.com": "", "-": "", "sin correo": "",
		"user@example.org": "user@example.org", "Bill@Example.org": "bill@example.org"} {
		if got, ok := email(in); !ok || got != want {
			t.Errorf("email(%q) = %q, %v", in, got, ok)
		}
	}
	for _, c := range []struct{ a, b, phone, note string }{
		{"01632 960 021", "", "+441632960021", ""},
		{"01632 960 044 (daughter, evenings)", "", "+441632960044", "01632 960 044 (daughter, evenings)"},
		{"", "07700 900123", "+447700900123", ""},
		{"01632 960 142 / 07700 900142", "", "+441632960142", "01632 960 142 / 07700 900142"},
		{"01632960001", "07700900001", "+441632960001", "07700900001"},
		{"ask next door", "", "", "ask next door"},
		{"none", "-", "", ""},
		{"622743103", "", "", "622743103"},
		{"12345", "\u202e555", "", "12345; 555"},
	} {
		if p, n := phones(c.a, c.b); p != c.phone || n != c.note {
			t.Errorf("phones(%q, %q) = %q, %q", c.a, c.b, p, n)
		}
	}
	for in, want := range map[string]string{"4 Castle Rise, Northgate": "Northgate", "4 Castle Rise, Northgate, HT1 2AB": "Northgate", "Calle Mayor 3, Sants, 08014": "Sants", "Northgate": "", "": ""} {
		if got := area("", in); got != want {
			t.Errorf("area(%q) = %q", in, got)
		}
	}
	for in, want := range map[string]string{"Ada Byron": "Ada", "Mrs Khan": "Mrs Khan", "Cher": "Cher", "D. José Roca": "D. José Roca"} {
		if got := called(in, false); got != want {
			t.Errorf("called(%q) = %q", in, got)
		}
	}
}

func TestAmountsAndTheirUnits(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int64{"1:30": 90, "0:05": 5, "-2:15": -135, "1:30:00": 90, "123:00": 7380, "": 0, "—": 0, "&mdash;": 0, "0": 0, "0:00": 0} {
		a, ok := parseAmount(in)
		if m, _, fits := a.in(Undecided); !ok || !fits || m != want {
			t.Errorf("%q is %d, %v %v; want %d", in, m, ok, fits, want)
		}
	}
	for _, in := range []string{"1:60", "1:5", "one", "1e9", "1:30h", "9999999:00", "--1", "0x10", "1.2.3", "∞"} {
		if a, ok := parseAmount(in); ok {
			t.Errorf("%q is %+v", in, a)
		}
	}
	for _, c := range []struct {
		values string
		known  map[int]int64
		chosen Unit
		want   Unit
		ok     bool
	}{
		{"5400 -5400 0", nil, "", Seconds, false}, // 90 hours are a little much, but not beyond belief
		{"54000 -5400 0", nil, "", Seconds, true},
		{"3600 -5400 1800", nil, "", Seconds, true},
		{"3600 -5400 60", nil, "", Seconds, false},
		{"1.5 -2", nil, "", Hours, true},
		{"1,5 -2", nil, "", Hours, true},
		{"120 -60", map[int]int64{0: 120, 1: -60}, "", Minutes, true},
		{"120 -60", map[int]int64{0: 2, 1: -1}, "", Seconds, true},
		{"2 -1", map[int]int64{0: 120, 1: -60}, "", Hours, true},
		{"120 -60", nil, Minutes, Minutes, true},
		{"120 -60", nil, "", "", false},
		{"90000 91", nil, "", "", false},
		{"0 0", nil, "", Seconds, true},
		{"1:30", nil, "", Seconds, true},
	} {
		var all []amount
		for v := range strings.SplitSeq(c.values, " ") {
			a, _ := parseAmount(v)
			all = append(all, a)
		}
		if got, ok := unitOf(all, c.chosen, c.known, 6000); ok != c.ok || ok && got != c.want {
			t.Errorf("%q: %s, %v; want %s, %v", c.values, got, ok, c.want, c.ok)
		}
	}
	for m, want := range map[int64]string{0: "0 min", 90: "1 h 30 min", -60: "−1 h", 45: "45 min"} {
		if got := spoken(m); got != want {
			t.Errorf("spoken(%d) = %q", m, got)
		}
	}
}

func TestBalancesInTheUnitThatIsSaid(t *testing.T) {
	t.Parallel()
	for unit, want := range map[Unit]int64{Seconds: 2, Minutes: 120, Hours: 7200} {
		f := read(t, Reading{Unit: unit}, lines("N,Name,Balance", "1,Ada Byron,120"), lines(), lines())
		if *f.Members[0].Balance != want {
			t.Errorf("%s: %d", unit, *f.Members[0].Balance)
		}
	}
}

func TestDatesAsFilesHaveThem(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"2024-12-03 10:15:00 UTC":   "2024-12-03T10:15:00Z",
		"2024-12-03 10:15:00 +0100": "2024-12-03T09:15:00Z",
		"2024-12-03 10:15":          "2024-12-03T10:15:00Z",
		"2024-12-03T10:15:00+01:00": "2024-12-03T09:15:00Z",
		"2024-12-03":                "2024-12-03",
		"3/12/2024":                 "2024-12-03",
		"03.12.24 10:15":            "2024-12-03T10:15:00Z",
		"2024-12-03 10:15:00 CEST":  "",
		"31/02/2024":                "",
		"1066-10-14":                "",
		"3/12/2024 25:00":           "",
	} {
		m, ok := parseMoment(in, DayFirst)
		if ok != (want != "") || ok && m.text() != want {
			t.Errorf("%q is %v, %v; want %q", in, m, ok, want)
		}
	}
	if _, ok := parseMoment("3/12/2024", OrderUndecided); ok {
		t.Error("a turned day was guessed")
	}
	for _, c := range []struct {
		dates string
		want  DateOrder
		ok    bool
	}{{"3/4/2025 13/4/2025", DayFirst, true}, {"3/4/2025 3/14/2025", MonthFirst, true}, {"3/4/2025", "", false}, {"13/4/2025 3/14/2025", "", false}, {"2025-01-01", "", true}} {
		if got, ok := orderOf(strings.Fields(c.dates), ""); got != c.want || ok != c.ok {
			t.Errorf("%s: %s, %v", c.dates, got, ok)
		}
	}
}

func TestOldReleasesOfThePostsReport(t *testing.T) {
	t.Parallel()
	f := read(t, Reading{Unit: Seconds}, strings.NewReader(goodUsers), lines("Offer,Tags,User,Created", `"",Garden,"","",""`, "Digging,,Ben Ali (2),2025-01-05 10:00:00 UTC",
		"Digging,,Ben Ali (2),2025-01-05 10:00:00 UTC", "Inquiry,User", "-", "A lift,Ada Byron (1)"), lines())
	if len(f.Posts) != 2 || f.Posts[0].Kind != "garden.garden" || f.Posts[0].Request || !f.Posts[1].Request || f.Posts[1].Kind != "out.lift" {
		t.Errorf("%+v", f.Posts)
	}
	if len(f.Skipped) != 1 || f.Skipped[0].Row != 4 {
		t.Errorf("left out: %+v", f.Skipped)
	}
}

func TestRowsAreCountedAsSpreadsheetsDo(t *testing.T) {
	t.Parallel()
	errs := &faults{}
	rows := table(UsersFile, strings.NewReader("a,b\r\n\r\n\"two\r\nlines\",c\r\n,\r\nlast,row\r\n"), errs)
	if len(rows) != 3 || rows[0].row != 1 || rows[1].row != 3 || rows[2].row != 5 || rows[1].cells[0] != "two\nlines" {
		t.Errorf("%+v", rows)
	}
	for i, want := range map[int]string{0: "A", 25: "Z", 26: "AA", 701: "ZZ", 702: "AAA"} {
		if got := letter(i); got != want {
			t.Errorf("column %d is %s", i, got)
		}
	}
}

func TestKindsOfHelpFromWords(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Dog walking": "garden.dog", "A walk in the park": "company.walk", "Lifts to hospital": "out.lift", "Bike repair": "make.bike",
		"Pequeñas reparaciones": "home.bulb", "Classes d'anglès": "learn.language", "Acompanyament al metge": "out.along",
		"Passejar gossos": "garden.dog", "Cociña galega": "food.cook", "Xardín e horta": "garden.garden", "Trámites": "home.paper",
		"Carpets": Anything, "I can help": Anything, "": Anything, "Ready to help": Anything,
	} {
		if got := kindOf(in); got != want {
			t.Errorf("%q is %s, want %s", in, got, want)
		}
	}
	if got := kindOf("Thursdays", "", "Ocio"); got != "company" {
		t.Errorf("a category alone gives %s", got)
	}
	for _, h := range helpWords {
		for w := range strings.SplitSeq(h.words, "|") {
			if f := fold(w); f != strings.TrimSpace(w) || w == "" {
				t.Errorf("%q in the table would never be found; write %q", w, f)
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, pattern := range []string{"testdata/nasty/*.csv", "testdata/awkward/*.csv", "testdata/hilltop/*.csv"} {
		names, _ := filepath.Glob(pattern)
		for _, n := range names {
			raw, err := os.ReadFile(n)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(raw[:min(len(raw), 2000)], []byte(goodPosts), []byte(goodTransfers))
			f.Add([]byte(goodUsers), raw[:min(len(raw), 2000)], []byte(goodTransfers))
			f.Add([]byte(goodUsers), []byte(goodPosts), raw[:min(len(raw), 2000)])
		}
	}
	f.Fuzz(func(t *testing.T, users, posts, transfers []byte) {
		file, err := Read(strings.NewReader(string(users)), strings.NewReader(string(posts)), strings.NewReader(string(transfers)))
		if err != nil {
			if bad, ok := errors.AsType[*Unreadable](err); !ok || len(bad.Rows) == 0 {
				t.Fatalf("refused without a row: %v", err)
			}
			return
		}
		var sum int64
		for _, m := range file.sums() {
			sum += m
		}
		keys := map[string]bool{}
		for _, x := range file.Transfers {
			if x.Minutes <= 0 || keys[x.Key()] || len(x.Key()) > 200 {
				t.Fatalf("%+v", x)
			}
			keys[x.Key()] = true
		}
		if sum != 0 {
			t.Fatalf("the hours sum to %d", sum)
		}
	})
}
