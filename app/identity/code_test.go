package identity

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"timebank/app/platform/fault"
)

func wrong(code string) string {
	if code[0] == '0' {
		return "1" + code[1:]
	}
	return "0" + code[1:]
}

func TestCodeWorksOnce(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.knows("Maria", "maria@example.org", "")
	code := d.asks("MARIA@example.org ")
	if _, err := d.signsIn("maria@example.org", code[:3]+" "+code[3:]); err != nil {
		t.Fatal(err)
	}
	if _, err := d.signsIn("maria@example.org", code); !errors.Is(err, ErrCode) {
		t.Errorf("the code works twice: %v", err)
	}
}

func TestSameCodeAtTheSameTimeOpensOneSession(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.knows("Maria", "maria@example.org", "")
	code := d.asks("maria@example.org")
	var in int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			_, err := d.signsIn("maria@example.org", code)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				in++
			} else if !errors.Is(err, ErrCode) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if in != 1 {
		t.Errorf("one code opened %d sessions", in)
	}
}

func TestCodeIsDeadAfterFiveWrongTries(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.knows("Maria", "maria@example.org", "")
	code := d.asks("maria@example.org")
	for range codeTries {
		if _, err := d.signsIn("maria@example.org", wrong(code)); !errors.Is(err, ErrCode) {
			t.Fatalf("wrong code: %v", err)
		}
	}
	if _, err := d.signsIn("maria@example.org", code); !errors.Is(err, ErrCode) {
		t.Errorf("the right code after five wrong ones: %v", err)
	}
}

func TestCodeLivesTenMinutes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		after time.Duration
		works bool
	}{{codeLife - time.Microsecond, true}, {codeLife, false}} {
		d := newDoor(t)
		d.knows("Maria", "maria@example.org", "")
		code := d.asks("maria@example.org")
		d.clock.Advance(c.after)
		if _, err := d.signsIn("maria@example.org", code); (err == nil) != c.works {
			t.Errorf("after %s: %v", c.after, err)
		}
	}
}

func TestReadOutCodeWorksWithPhoneAndEmail(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	p := d.knows("Edna", "edna@example.org", "+441632960021")
	d.grant(p, d.bank, Member)
	for _, contact := range []string{"01632 960 021", "+44 (0)1632 960021", "edna@example.org"} {
		code, err := d.readsOut(p)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.signsIn(contact, code); err != nil {
			t.Errorf("with %s: %v", contact, err)
		}
	}
}

// A code read out by one bank's broker must not open what only the person's own
// e-mail should: another bank, or a desk.
func TestReadOutCodeIsRefusedForStaffAndForMembersElsewhere(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	other := d.opens("elsewhere")
	for name, grant := range map[string]func(Person){
		"a broker here":           func(p Person) { d.grant(p, d.bank, Broker) },
		"a receptionist":          func(p Person) { d.grant(p, d.bank, Receptionist) },
		"a member elsewhere":      func(p Person) { d.grant(p, other, Member) },
		"a coordinator elsewhere": func(p Person) { d.grant(p, other, Coordinator) },
	} {
		p := d.knows(name, "", "+441632960021")
		d.grant(p, d.bank, Member)
		grant(p)
		if code, err := d.readsOut(p); !errors.Is(err, ErrOwnSignIn) || code != "" {
			t.Errorf("%s: %q, %v", name, code, err)
		}
	}
}

func TestReadOutCodeNeedsAContactToSignInWith(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	p := d.knows("Edna", "", "")
	d.grant(p, d.bank, Member)
	if _, err := d.readsOut(p); !errors.Is(err, ErrNoContact) {
		t.Errorf("a code that nobody can type in: %v", err)
	}
}

func TestHouseholdPhoneIsSharedByTwo(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	edna, joan := d.knows("Edna", "", "+441632960021"), d.knows("Joan", "", "+441632960021")
	for _, p := range []Person{joan, edna} {
		code, err := d.readsOut(p)
		if err != nil {
			t.Fatal(err)
		}
		session, _, err := d.SignIn(t.Context(), "01632960021", code, Knock{IP: "192.0.2.1"})
		if err != nil || session.PersonID != p.ID {
			t.Errorf("%s's code signs in %v: %v", p.Name, session.PersonID, err)
		}
	}
}

func TestAskingForSomebodyUnknownSaysAndSendsNothing(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.knows("Edna", "", "+441632960021")
	for _, contact := range []string{"nobody@example.org", "01632 960 999", "01632 960 021"} {
		if code := d.asks(contact); code != "" || len(d.post.mail) != 0 {
			t.Errorf("%s was sent something", contact)
		}
	}
	if _, err := d.signsIn("nobody@example.org", "000000"); !errors.Is(err, ErrCode) {
		t.Errorf("signing in as nobody: %v", err)
	}
}

func TestContactThatCannotBeOneIsRefused(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	for _, contact := range []string{"", " ", "maria", "@", "a@b@c", "x@y.org\r\nBcc: z@z.org", "Maria <maria@example.org>", "12", "\x00@example.org", strings.Repeat("x", 250) + "@example.org"} {
		err := d.AskCode(t.Context(), contact, phone)
		if f := fault.As(err); !errors.Is(err, ErrContact) || len(f.Fields) != 1 || f.Fields[0].Pointer != "/contact" {
			t.Errorf("%q: %v", contact, err)
		}
		if err != nil && contact != "" && strings.Contains(err.Error(), contact) && len(contact) > 2 {
			t.Errorf("the error repeats %q", contact)
		}
	}
}

func TestCodeIsSentOnceAndItsDigitsForgotten(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.knows("Maria", "maria@example.org", "")
	code := d.asks("maria@example.org")
	var c Code
	if err := d.db.Owner.NewSelect().Model(&c).Scan(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c.Sealed != nil || strings.Contains(string(c.Hash), code) {
		t.Error("the digits are still there")
	}
	if err := d.sendCode(t.Context(), SendCode{CodeID: c.ID}); err != nil || len(d.post.mail) != 1 {
		t.Errorf("the job run again: %v, %d mails", err, len(d.post.mail))
	}
	if strings.Contains(d.post.mail[0].Subject, code[:3]) {
		t.Error("the subject shows the code over a shoulder")
	}
}

func TestTooManyCodesAreRefusedOverAllReplicas(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.knows("Maria", "maria@example.org", "")
	both := []*Service{d.Service, d.replica(d.Box)}
	ask := func(i int) error { return both[i%2].AskCode(t.Context(), "maria@example.org", phone) }
	for i := range 5 {
		if err := ask(i); err != nil {
			t.Fatalf("ask %d: %v", i, err)
		}
	}
	for i := range 2 {
		if err := ask(i); !errors.Is(err, ErrTooMany) {
			t.Errorf("a sixth code from replica %d: %v", i, err)
		}
	}
	d.clock.Advance(2 * time.Minute)
	if err := ask(0); err != nil {
		t.Errorf("two minutes later: %v", err)
	}
	if err := ask(1); !errors.Is(err, ErrTooMany) {
		t.Errorf("a second one in two minutes: %v", err)
	}
}

func TestTriesAreLimitedByNetwork(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	asked := 0
	try := func(ip string) error {
		asked++
		_, _, err := d.SignIn(t.Context(), fmt.Sprintf("nobody%d@example.org", asked), "000000", Knock{IP: ip})
		return err
	}
	for i := range triesBurst {
		if err := try("2001:db8::1"); !errors.Is(err, ErrCode) {
			t.Fatalf("try %d: %v", i, err)
		}
	}
	if err := try("2001:db8::2"); !errors.Is(err, ErrTooMany) {
		t.Errorf("another address of the same network: %v", err)
	}
	if err := try("2001:db8:1::1"); !errors.Is(err, ErrCode) {
		t.Errorf("another network: %v", err)
	}
}

// Many people behind one network sign in on one morning: a right code uses up none
// of the network's tries.
func TestRightCodesUseUpNoTriesOfTheNetwork(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	p := d.knows("Maria", "maria@example.org", "")
	d.grant(p, d.bank, Member)
	for i := range triesBurst + 5 {
		digits, err := d.readsOut(p)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.signsIn("maria@example.org", digits); err != nil {
			t.Fatalf("sign-in %d: %v", i+1, err)
		}
	}
}

// What limits tries must not become a list of who tried to sign in from where.
func TestRatesNameNobodyAndAreForgotten(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.asks("nobody@example.org")
	rates := func() (all []string) {
		if err := d.db.Owner.NewRaw("select bucket from directory.rate").Scan(t.Context(), &all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	before := rates()
	if len(before) != 3 {
		t.Fatalf("%d buckets", len(before))
	}
	for _, b := range before {
		if strings.Contains(b, "nobody") || strings.Contains(b, "192.0.2") {
			t.Errorf("a bucket is called %q", b)
		}
	}
	if _, err := d.ForgetOld(t.Context()); err != nil || len(rates()) != 3 {
		t.Errorf("buckets that still count are gone: %v", err)
	}
	d.clock.Advance(5 * time.Minute)
	if _, err := d.ForgetOld(t.Context()); err != nil || len(rates()) != 0 {
		t.Errorf("%d buckets are kept for nothing: %v", len(rates()), err)
	}
}

func TestDigitsOfACodeThatWasNeverSentAreForgotten(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.knows("Maria", "maria@example.org", "")
	if err := d.AskCode(t.Context(), "maria@example.org", phone); err != nil {
		t.Fatal(err)
	}
	sealed := func() (n int) {
		if err := d.db.Owner.NewRaw("select count(*) from directory.sign_in_code where sealed is not null").Scan(t.Context(), &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if _, err := d.ForgetOld(t.Context()); err != nil || sealed() != 1 {
		t.Fatalf("a live code lost its digits: %v", err)
	}
	d.clock.Advance(codeLife)
	if _, err := d.ForgetOld(t.Context()); err != nil || sealed() != 0 {
		t.Errorf("digits of a dead code are kept: %v", err)
	}
}

// What signing in leaves behind goes after its time and not before; the dry run
// tells it first and changes nothing.
func TestWhatSigningInLeavesIsForgottenAfterItsTime(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.actor() // a session, its code, its browser
	over := func() map[string]int64 {
		t.Helper()
		plan, err := d.Retention(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]int64{}
		for _, k := range plan {
			out[k.Name] = k.Due.Count
		}
		return out
	}
	for _, c := range []struct {
		days                      time.Duration
		codes, sessions, browsers int64
	}{{29, 0, 0, 0}, {2, 1, 0, 0}, {148, 0, 0, 0}, {2, 0, 1, 0}, {230, 0, 0, 1}} {
		d.clock.Advance(c.days * 24 * time.Hour)
		for range 2 { // looking changes nothing
			if o := over(); o["codes"] != c.codes || o["sessions"] != c.sessions || o["browsers"] != c.browsers {
				t.Errorf("after %d more days: %v, want %+v", c.days, o, c)
			}
		}
		done, err := d.ForgetOld(t.Context())
		if err != nil || done["codes"] != c.codes || done["sessions"] != c.sessions || done["browsers"] != c.browsers {
			t.Errorf("after %d more days forgotten: %v %v", c.days, done, err)
		}
		if o := over(); o["codes"]+o["sessions"]+o["browsers"]+o["tries"] != 0 {
			t.Errorf("after %d more days there is still %v", c.days, o)
		}
	}
}
