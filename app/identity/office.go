package identity

import (
	"context"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/platform/audit"
	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/web"
	"timebank/app/platform/words"
)

const (
	officePhoneLimit = 30
	officeHoursLimit = 80
)

// Office is how people reach a bank by phone. It stands on every page.
type Office struct {
	Phone   string                    `json:"phone" maxLength:"1000"`
	Hours   string                    `json:"hours" maxLength:"1000" doc:"When the phone is answered, in English"`
	HoursIn map[words.Language]string `json:"hours_in,omitempty" doc:"The same in other languages, by code; who reads in one without them reads the English"`
}

func (o Office) clean() (Office, error) {
	short := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	o.Phone, o.Hours = short(o.Phone), short(o.Hours)
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, o.Phone)
	var c fault.Check
	c.Add(len(digits) >= 3 && len(o.Phone) <= officePhoneLimit && strings.Trim(o.Phone, "0123456789+()- ") == "", "/phone", "no-phone", "Write the number that people ring, such as 01632 960 100.")
	c.Add(o.Hours != "", "/hours", "needed", "Say when the phone is answered, such as Monday to Friday, 9am to 5pm.")
	c.Add(utf8.RuneCountInString(o.Hours) <= officeHoursLimit, "/hours", "too-long", "Write at most {n} characters.", "n", officeHoursLimit)
	in := map[words.Language]string{}
	for l, hours := range o.HoursIn {
		if hours = short(hours); hours == "" {
			continue
		}
		in[l] = hours
		c.Add(l != words.English && words.Known(string(l)), "/hours_in", "unknown-language", "There is no such language here.")
		c.Add(utf8.RuneCountInString(hours) <= officeHoursLimit, "/hours_in/"+string(l), "too-long", "Write at most {n} characters.", "n", officeHoursLimit)
	}
	o.HoursIn = in
	return o, c.Err()
}

// ChangeOffice says anew how people reach the actor's bank by phone. Refuses by
// field what cannot be used.
func (s *Service) ChangeOffice(ctx context.Context, a Actor, o Office) error {
	o, err := o.clean()
	if err != nil {
		return err
	}
	return db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		b := a.Bank
		b.Phone, b.PhoneHours, b.PhoneHoursIn = o.Phone, o.Hours, o.HoursIn
		if err := bank.SetOffice(ctx, tx, b); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Entry{BankID: b.ID, At: s.Clock.Now(), ActorID: a.Person, Action: "change-office", ObjectKind: "bank", ObjectID: b.ID})
	})
}

type officeInput struct {
	Bank string `path:"bank"`
}

type officeOutput struct{ Body Office }

type changeOfficeInput struct {
	Bank string `path:"bank"`
	Body Office
}

func (s *Service) officeRoutes(r *web.Routes) {
	web.Register(r, web.Op{ID: "office", Method: http.MethodGet, Path: "/banks/{bank}/office", Room: "staff", Who: SetPolicy, Summary: "How people reach the office by phone, in every language"},
		func(ctx context.Context, _ *officeInput) (*officeOutput, error) {
			b := ActorFrom(ctx).Bank
			return &officeOutput{Body: Office{b.Phone, b.PhoneHours, b.PhoneHoursIn}}, nil
		})
	web.Register(r, web.Op{ID: "change-office", Method: http.MethodPut, Path: "/banks/{bank}/office", Room: "staff", Who: SetPolicy, Summary: "Change the office's phone number, or when it is answered", Status: http.StatusNoContent},
		func(ctx context.Context, in *changeOfficeInput) (*struct{}, error) {
			return nil, s.ChangeOffice(ctx, ActorFrom(ctx), in.Body)
		})
}
