package identity

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"timebank/app/platform/sms"
	"timebank/app/platform/sms/smssink"
)

// texting is a door with a gateway for text messages.
func texting(t *testing.T) (*door, *smssink.Sink) {
	t.Helper()
	d := newDoor(t)
	sink, err := smssink.New("token")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sink.Close() })
	if d.SMS, err = sms.New(sink.URL(), "token", "Hilltop"); err != nil {
		t.Fatal(err)
	}
	d.SMSADay, d.SMSTo = 100, []string{"44"}
	return d, sink
}

// sends runs the jobs that codes wait for.
func (d *door) sends() (err error) {
	d.t.Helper()
	var waiting []Code
	if e := d.db.Owner.NewSelect().Model(&waiting).Where("sealed is not null").Order("id").Scan(d.t.Context()); e != nil {
		d.t.Fatal(e)
	}
	for _, c := range waiting {
		err = errors.Join(err, d.sendCode(d.t.Context(), SendCode{CodeID: c.ID}))
	}
	return err
}

func TestTextGoesToWhoHasAMobileAndNoEmail(t *testing.T) {
	t.Parallel()
	d, sink := texting(t)
	edna := d.knows("Edna", "", "+447700900982")
	d.knows("Maria", "maria@example.org", "+447700900983")
	d.knows("Bill", "", "+441632960021")
	d.knows("Abroad", "", "+33612345678")
	for _, number := range []string{"07700 900 983", "01632 960 021", "+33 6 12 34 56 78", "07700 900 999"} {
		if err := d.AskCode(t.Context(), number, phone); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.sends(); err != nil || len(sink.Messages()) != 0 {
		t.Fatalf("sent to somebody with e-mail, a landline, abroad or unknown: %v, %v", sink.Messages(), err)
	}
	if err := d.AskCode(t.Context(), "07700 900 982", phone); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(d.sends(), d.sends()); err != nil {
		t.Fatal(err)
	}
	got := sink.Messages()
	if len(got) != 1 || got[0].To != "+447700900982" || len(got[0].Text) > 160 || strings.Contains(got[0].Text, "Hilltop") {
		t.Fatalf("sent: %+v", got)
	}
	m := sixDigits.FindStringSubmatch(got[0].Text)
	if m == nil || !strings.HasSuffix(got[0].Text, "\n\n@timebank.test #"+m[1]+m[2]) {
		t.Fatalf("no code that a phone fills in: %q", got[0].Text)
	}
	session, _, err := d.SignIn(t.Context(), "07700900982", m[1]+m[2], phone)
	if err != nil || session.PersonID != edna.ID || session.Way != "sms" {
		t.Errorf("%+v, %v", session, err)
	}
}

func TestHouseholdOnOneMobileGetsACodeEach(t *testing.T) {
	t.Parallel()
	d, sink := texting(t)
	d.knows("Edna", "", "+447700900982")
	joan := d.knows("Joan", "", "+447700900982")
	if err := d.AskCode(t.Context(), "07700 900 982", phone); err != nil {
		t.Fatal(err)
	}
	if err := d.sends(); err != nil {
		t.Fatal(err)
	}
	for _, x := range sink.Messages() {
		if !strings.HasPrefix(x.Text, "Joan,") {
			continue
		}
		m := sixDigits.FindStringSubmatch(x.Text)
		if session, _, err := d.SignIn(t.Context(), "07700900982", m[1]+m[2], phone); err != nil || session.PersonID != joan.ID {
			t.Errorf("Joan's code signs in %v: %v", session.PersonID, err)
		}
		return
	}
	t.Errorf("no code for Joan: %v", sink.Messages())
}

// Text messages cost money, so they are counted by number, network and day; after
// the last of a day people ring, and nobody learns why.
func TestTextsAreRationed(t *testing.T) {
	t.Parallel()
	d, _ := texting(t)
	d.SMSADay = 8
	for i := range 20 {
		d.knows("A", "", fmt.Sprintf("+4477009001%02d", i))
	}
	count := func() int {
		n, err := d.db.Owner.NewSelect().Model((*Code)(nil)).Where("channel = 'sms'").Count(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return int(n)
	}
	for i := range 4 { // one number, from networks of its own each
		if err := d.AskCode(t.Context(), "07700 900 100", elsewhere(i)); (err != nil) != (i == 3) || err != nil && !errors.Is(err, ErrTooMany) {
			t.Errorf("text %d to one number: %v", i, err)
		}
	}
	for i := range 7 { // one network; the day's last are among them
		if err := d.AskCode(t.Context(), fmt.Sprintf("07700 9001%02d", 1+i), phone); (err != nil) != (i == 6) {
			t.Errorf("text %d from one network: %v", i, err)
		}
	}
	if n := count(); n != 8 {
		t.Errorf("%d texts, 8 are paid for", n)
	}
	if err := d.AskCode(t.Context(), "07700 900 115", elsewhere(15)); err != nil || count() != 8 {
		t.Errorf("after the day's last: %v, %d texts", err, count())
	}
	d.clock.Advance(24 * time.Hour)
	if err := d.AskCode(t.Context(), "07700 900 116", elsewhere(16)); err != nil || count() != 9 {
		t.Errorf("the next day: %v, %d texts", err, count())
	}
}

// Three texts to a number and then one in ten minutes: a stranger who asks for them
// all does not keep its owner out, who has signed in with this phone before.
func TestStrangersUseUpNobodysTexts(t *testing.T) {
	t.Parallel()
	d, sink := texting(t)
	edna := d.knows("Edna", "", "+447700900982")
	d.grant(edna, d.bank, Member)
	newest := func() string {
		if err := d.sends(); err != nil {
			t.Fatal(err)
		}
		m := sixDigits.FindStringSubmatch(sink.Messages()[0].Text)
		return m[1] + m[2]
	}
	if err := d.AskCode(t.Context(), "07700 900 982", phone); err != nil {
		t.Fatal(err)
	}
	if _, err := d.signsIn("07700900982", newest()); err != nil {
		t.Fatal(err)
	}
	for n := range 12 {
		k := elsewhere(n)
		if n%2 == 0 {
			k.IP = phone.IP // a neighbour in the same house
		}
		_ = d.AskCode(t.Context(), "07700 900 982", k)
	}
	if err := d.AskCode(t.Context(), "07700 900 982", elsewhere(99)); !errors.Is(err, ErrTooMany) {
		t.Fatalf("the number's texts are not used up: %v", err)
	}
	for n := range 3 {
		if err := d.AskCode(t.Context(), "07700 900 982", phone); err != nil {
			t.Fatalf("her own text %d: %v", n+1, err)
		}
	}
	if _, err := d.signsIn("07700900982", newest()); err != nil {
		t.Errorf("her own code: %v", err)
	}
	if err := d.AskCode(t.Context(), "07700 900 982", phone); !errors.Is(err, ErrTooMany) {
		t.Errorf("a fourth: %v", err)
	}
}

func TestGatewayThatFailsIsAskedAgainAndADeadNumberIsNot(t *testing.T) {
	t.Parallel()
	d, sink := texting(t)
	d.knows("Edna", "", "+447700900982")
	if err := d.AskCode(t.Context(), "07700 900 982", phone); err != nil {
		t.Fatal(err)
	}
	sink.AnswerNext(500, 404)
	if err := d.sends(); err == nil {
		t.Error("a failure that may pass is not tried again")
	}
	if err := d.sends(); err != nil {
		t.Errorf("a number that takes nothing: %v", err)
	}
	if err := d.sends(); err != nil || len(sink.Messages()) != 0 {
		t.Errorf("it was tried once more: %v, %v", sink.Messages(), err)
	}
}
