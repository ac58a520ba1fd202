package joining

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/desk"
	"timebank/app/identity"
	"timebank/app/member"
	"timebank/app/message"
	"timebank/app/platform/db"
	"timebank/app/platform/job"
	"timebank/app/platform/mail"
	"timebank/app/platform/seal"
	"timebank/app/platform/words"
)

// TellWelcome is the message that somebody has been made a member.
const TellWelcome = "welcome"

// reply is a no on its way to somebody.
type reply struct {
	To, Called, Words string
	Language          words.Language `json:",omitempty"`
}

func replyPlace(application uuid.UUID) seal.Place {
	return seal.Place{Column: "application.reply", Row: application}
}

// SendReply is the job that mails a no in a broker's words.
type SendReply struct {
	BankID        uuid.UUID `json:"bank_id"`
	ApplicationID uuid.UUID `json:"application_id"`
}

// Kind implements job.Args.
func (SendReply) Kind() string { return "answer-application" }

// Work names the jobs this slice does.
func (s *Service) Work(q *job.Queue) { job.Handle(q, s.sendReply) }

// keepReply seals a no and puts it on its way; without an address there is nothing
// to send, and a broker rings.
func (s *Service) keepReply(ctx context.Context, tx bun.IDB, x Asked, text string) error {
	if x.Email == "" || text == "" {
		return nil
	}
	plain, err := json.Marshal(reply{x.Email, x.Called, text, x.Language})
	if err != nil {
		return fmt.Errorf("seal reply: %w", err)
	}
	sealed, err := s.Box.Seal(replyPlace(x.ID), plain)
	if err != nil {
		return err
	}
	if _, err := tx.NewUpdate().Model((*Application)(nil)).Set("reply = ?", sealed).Where("bank_id = ?", x.BankID).Where("id = ?", x.ID).Exec(ctx); err != nil {
		return fmt.Errorf("keep reply: %w", err)
	}
	return s.Queue.Enqueue(ctx, tx, SendReply{x.BankID, x.ID})
}

// sendReply mails the words and then forgets them. Run twice it sends nothing more.
func (s *Service) sendReply(ctx context.Context, j SendReply) error {
	var r Application
	var b bank.Bank
	err := db.InTx(ctx, s.Pool, j.BankID, func(ctx context.Context, tx bun.IDB) (err error) {
		if b, err = bank.ByID(ctx, tx, j.BankID); err != nil {
			return err
		}
		return tx.NewSelect().Model(&r).Where("bank_id = ?", j.BankID).Where("id = ?", j.ApplicationID).Scan(ctx)
	})
	if err != nil || r.Reply == nil {
		return err
	}
	plain, err := s.Box.Open(replyPlace(r.ID), r.Reply)
	if err != nil {
		return err
	}
	var to reply
	if err := json.Unmarshal(plain, &to); err != nil {
		return errors.New("a reply has another form") // the cause would quote it
	}
	l := cmp.Or(to.Language, words.English)
	err = s.Mail.Send(ctx, mail.Mail{To: to.To, ID: r.ID.String(), Language: l, Subject: l.Say("Your wish to join {bank}", "bank", b.Name),
		Text: l.Lines(l.Say("Hello {who},\n\n{text}\n\n{bank}\n{phone}\n", "who", to.Called, "text", strings.ReplaceAll(to.Words, "\r\n", "\n"), "bank", b.Name, "phone", b.Phone))})
	if err != nil && !errors.Is(err, mail.ErrAddress) {
		return err
	}
	return db.InTx(ctx, s.Pool, j.BankID, func(ctx context.Context, tx bun.IDB) error {
		_, err := tx.NewUpdate().Model((*Application)(nil)).Set("reply = null").Where("bank_id = ?", j.BankID).Where("id = ?", r.ID).Exec(ctx)
		return err
	})
}

// welcome tells a new member, by their own route, that they are one.
func (s *Service) welcome(ctx context.Context, tx bun.IDB, b bank.Bank, m member.Member) error {
	return s.Message.Write(ctx, tx, message.To{Bank: b, Member: m.ID, Template: TellWelcome, Subject: m.ID, CallBy: b.AfterWorkingDays(s.Clock.Now(), 2)})
}

// Renders are the words of this slice's messages.
func (s *Service) Renders() map[string]message.Render {
	return map[string]message.Render{TellWelcome: func(ctx context.Context, tx bun.IDB, b bank.Bank, to member.Member, _ uuid.UUID) (message.Words, error) {
		if to.Status == member.Left {
			return message.Words{}, nil
		}
		l := words.Of(ctx)
		p, err := identity.PersonByID(ctx, tx, to.PersonID)
		if err != nil || p.Email == nil {
			return message.Words{}, err
		}
		return message.Words{Subject: l.Say("Welcome to {bank}", "bank", b.Name), Text: l.Say("You are a member of {bank} now.\n\nSign in with this e-mail address: {link}\nThree things to begin with:\n1. Say what you like to do for others.\n2. Ask for something small.\n3. Ring us for a chat: {phone}",
			"bank", b.Name, "link", s.URL+"/sign-in", "phone", b.Phone)}, nil
	}}
}

// Calls are the tasks that take a message's place for people without e-mail.
func Calls() map[string]desk.Task {
	return map[string]desk.Task{TellWelcome: {Kind: desk.RingToTell, SubjectKind: desk.OfNewMember}}
}

// DescribeNew words, for the desk, a new member to be rung.
func DescribeNew(ctx context.Context, tx bun.IDB, bankID uuid.UUID, ids []uuid.UUID) (map[uuid.UUID]desk.Line, error) {
	people, err := member.Some(ctx, tx, bankID, ids)
	out := map[uuid.UUID]desk.Line{}
	for id, m := range people {
		out[id] = desk.Line{Who: m.Called, What: words.Of(ctx).Say("Has just become a member. Say welcome, and ask what they like to do and what would help."), Link: "/broker/member?id=" + id.String(), Member: &id}
	}
	return out, err
}
