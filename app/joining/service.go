package joining

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/desk"
	"timebank/app/identity"
	"timebank/app/member"
	"timebank/app/message"
	"timebank/app/platform/audit"
	"timebank/app/platform/clock"
	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/id"
	"timebank/app/platform/job"
	"timebank/app/platform/mail"
	"timebank/app/platform/seal"
	"timebank/app/platform/words"
)

// Service is the use cases of joining.
type Service struct {
	Pool  *bun.DB
	Clock clock.Clock
	Box   *seal.Box
	Queue *job.Queue
	Mail  mail.Sender
	// Message tells a new member that they are one; URL is where people reach the product.
	Message *message.Service
	URL     string
	// Limit refuses more tries than a person needs.
	Limit func(ctx context.Context, tx bun.IDB, what, ip string, burst int, gap time.Duration) error
}

// Application is one person who wants to join.
type Application struct {
	bun.BaseModel `bun:"table:application"`

	BankID    uuid.UUID  `bun:"bank_id"`
	ID        uuid.UUID  `bun:"id"`
	Sealed    []byte     `bun:"sealed"` // Wish
	EmailHash []byte     `bun:"email_hash"`
	PhoneHash []byte     `bun:"phone_hash"`
	State     string     `bun:"state"` // waiting, accepted, declined
	Times     int        `bun:"times"`
	MemberID  *uuid.UUID `bun:"member_id"`
	FirstAt   time.Time  `bun:"first_at"`
	LastAt    time.Time  `bun:"last_at"`
	DecidedAt *time.Time `bun:"decided_at"`
	DecidedBy *uuid.UUID `bun:"decided_by"`
	Reply     []byte     `bun:"reply"` // a no on its way: reply
}

func (a Application) place() seal.Place {
	return seal.Place{Column: "application.sealed", Row: a.ID}
}

// Wish is what somebody says who wants to join.
type Wish struct {
	Name, Called, Email, Phone, Area, Words string
	Answers                                 []Answer       `json:",omitempty"`
	Language                                words.Language `json:",omitempty"` // in which they applied, and are answered
}

// Asked is an application with its words.
type Asked struct {
	Application
	Wish
	Already bool // a member has the e-mail address
}

// wordsLimit is how long an applicant may write.
const wordsLimit = 500

var (
	// ErrNoApplication refuses one that does not exist.
	ErrNoApplication = fault.New(fault.NotFound, "no-such-application", "We cannot find this application.")
	// ErrDecided refuses to decide twice.
	ErrDecided = fault.New(fault.Conflict, "already-decided", "Somebody has answered this application already.")
	// ErrReach refuses an application that nobody could answer.
	ErrReach = fault.New(fault.Invalid, "no-way-to-answer", "Give an e-mail address or a phone number, so that we can answer.")
)

// clean brings a wish to the form that is kept, and refuses by field.
func (w Wish) clean() (Wish, error) {
	var c fault.Check
	var ok bool
	w.Name, ok = identity.CleanName(w.Name)
	c.Add(ok, "/name", "name", "Enter your name.")
	if strings.TrimSpace(w.Called) == "" {
		w.Called, _, _ = strings.Cut(w.Name, " ")
	}
	w.Called, ok = identity.CleanName(w.Called)
	c.Add(ok || w.Name == "", "/called", "name", "Enter what you like to be called.")
	if w.Email = strings.TrimSpace(w.Email); w.Email != "" {
		w.Email, ok = identity.CleanEmail(w.Email)
		c.Add(ok, "/email", "email", "Enter an e-mail address, like ada@example.org, or leave it empty.")
	}
	if w.Phone = strings.TrimSpace(w.Phone); w.Phone != "" {
		w.Phone, ok = identity.CleanPhone(w.Phone)
		c.Add(ok, "/phone", "phone", "Enter a phone number, like 01632 960 001, or leave it empty.")
	}
	w.Area, w.Words = strings.TrimSpace(w.Area), strings.TrimSpace(w.Words)
	c.Add(len([]rune(w.Area)) <= 60, "/area", "too-long", "Write at most {n} characters.", "n", 60)
	c.Add(len([]rune(w.Words)) <= wordsLimit, "/words", "too-long", "Write at most {n} characters.", "n", wordsLimit)
	if err := c.Err(); err != nil {
		return w, err
	}
	if w.Email == "" && w.Phone == "" {
		return w, ErrReach.At("/email")
	}
	return w, nil
}

// Apply takes an application in, and says the same to everybody: who applies again
// changes the words of the first one, and a member's address is answered like any
// other. With a good invitation they are a member at once. Refuses by field, and
// with ErrInvitation and identity.ErrTooMany.
func (s *Service) Apply(ctx context.Context, slug string, w Wish, code, ip string) (joined bool, err error) {
	if w, err = w.clean(); err != nil {
		return false, err
	}
	w.Language = words.Of(ctx)
	var b bank.Bank
	err = db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		if b, err = bank.BySlug(ctx, tx, slug); err != nil {
			return err
		}
		return s.Limit(ctx, tx, "apply-from", ip, 10, 5*time.Minute)
	})
	if err != nil {
		return false, err
	}
	now := s.Clock.Now()
	err = db.InTx(ctx, s.Pool, b.ID, func(ctx context.Context, tx bun.IDB) error {
		// The same person pressing twice: the second waits, and finds the first.
		if _, err := tx.ExecContext(ctx, "select pg_advisory_xact_lock(hashtext(?))", "apply/"+b.ID.String()); err != nil {
			return fmt.Errorf("lock applications: %w", err)
		}
		if w.Answers, err = answered(ctx, tx, b.ID, w.Answers); err != nil {
			return err
		}
		if joined = code != ""; joined {
			return s.joinInvited(ctx, tx, b, w, code, now)
		}
		return s.keep(ctx, tx, b, w, now)
	})
	return joined && err == nil, err
}

// keep writes an application, or makes the one that waits newer.
func (s *Service) keep(ctx context.Context, tx bun.IDB, b bank.Bank, w Wish, now time.Time) error {
	a := Application{BankID: b.ID, ID: id.New(), State: "waiting", Times: 1, FirstAt: now, LastAt: now}
	emails, phones := [][]byte{nil}, [][]byte{nil}
	if w.Email != "" {
		a.EmailHash, emails = s.Box.Blind("application.email_hash", w.Email), s.Box.Blinds("application.email_hash", w.Email)
	}
	if w.Phone != "" {
		number := w.Phone + "\x00" + strings.ToLower(w.Name)
		a.PhoneHash, phones = s.Box.Blind("application.phone_hash", number), s.Box.Blinds("application.phone_hash", number)
	}
	var old Application
	err := tx.NewSelect().Model(&old).Where("bank_id = ?", b.ID).Where("state = 'waiting'").
		Where("email_hash in (?) or phone_hash in (?)", bun.List(emails), bun.List(phones)).Order("first_at", "id").Limit(1).For("update").Scan(ctx)
	again := err == nil
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("find application: %w", err)
	}
	if again {
		a.ID, a.Times = old.ID, old.Times+1
		x, err := s.opened(ctx, tx, old)
		if err != nil {
			return err
		}
		w = w.over(x.Wish)
	}
	plain, err := json.Marshal(w)
	if err != nil {
		return fmt.Errorf("seal application: %w", err)
	}
	if a.Sealed, err = s.Box.Seal(a.place(), plain); err != nil {
		return err
	}
	if again {
		_, err = tx.NewUpdate().Model(&a).Column("sealed", "times", "last_at").Set("email_hash = coalesce(?, email_hash)", a.EmailHash).
			Set("phone_hash = coalesce(?, phone_hash)", a.PhoneHash).Where("bank_id = ?", b.ID).Where("id = ?", a.ID).Exec(ctx)
	} else {
		_, err = tx.NewInsert().Model(&a).Exec(ctx)
	}
	if err != nil {
		return fmt.Errorf("keep application: %w", err)
	}
	return desk.Raise(ctx, tx, desk.Task{BankID: b.ID, Kind: desk.AnswerApplication, SubjectKind: desk.OfApplication, SubjectID: a.ID, DueAt: b.AfterWorkingDays(now, 2), CreatedAt: now})
}

// over is a newer wish on top of an older one of the same person: what they left
// out this time still counts.
func (w Wish) over(old Wish) Wish {
	for _, f := range []struct{ now, before *string }{{&w.Email, &old.Email}, {&w.Phone, &old.Phone}, {&w.Area, &old.Area}, {&w.Words, &old.Words}} {
		if *f.now == "" {
			*f.now = *f.before
		}
	}
	if len(w.Answers) == 0 {
		w.Answers = old.Answers
	}
	return w
}

// Waiting lists the applications that wait, the oldest first, at most 200.
func (s *Service) Waiting(ctx context.Context, a identity.Actor) ([]Asked, error) {
	var out []Asked
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		var rows []Application
		err := tx.NewSelect().Model(&rows).Where("bank_id = ?", a.Bank.ID).Where("state = 'waiting'").Order("first_at", "id").Limit(200).Scan(ctx)
		if err != nil {
			return fmt.Errorf("list applications: %w", err)
		}
		out = nil
		for _, r := range rows {
			x, err := s.opened(ctx, tx, r)
			if err != nil {
				return err
			}
			out = append(out, x)
		}
		return nil
	})
	return out, err
}

func (s *Service) opened(ctx context.Context, tx bun.IDB, r Application) (Asked, error) {
	out := Asked{Application: r}
	if r.Sealed == nil {
		return out, nil
	}
	plain, err := s.Box.Open(r.place(), r.Sealed)
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(plain, &out.Wish); err != nil {
		return out, errors.New("an application has another form") // the cause would quote it
	}
	if out.Email == "" {
		return out, nil
	}
	p, err := identity.PersonByEmail(ctx, tx, out.Email)
	if errors.Is(err, identity.ErrNoPerson) {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	m, err := member.OfPerson(ctx, tx, r.BankID, p.ID)
	out.Already = m != uuid.Nil
	return out, err
}

// Accept makes an applicant a member, and they are told by their own route. Refuses with ErrNoApplication, ErrDecided,
// and what member.Join refuses.
func (s *Service) Accept(ctx context.Context, a identity.Actor, application uuid.UUID) (uuid.UUID, error) {
	fresh := id.New()
	return fresh, s.decide(ctx, a, application, "accept-application", "accepted", func(ctx context.Context, tx bun.IDB, x Asked) (*uuid.UUID, error) {
		m, err := member.Join(ctx, tx, a, fresh, x.joining(), s.Clock.Now())
		if err != nil {
			return nil, err
		}
		return &m.ID, s.welcome(ctx, tx, a.Bank, m)
	})
}

// Decline answers no, in words that are mailed where there is an address; what the
// applicant wrote is forgotten. Refuses with ErrNoApplication and ErrDecided.
func (s *Service) Decline(ctx context.Context, a identity.Actor, application uuid.UUID, words string) error {
	words = strings.TrimSpace(words)
	return s.decide(ctx, a, application, "decline-application", "declined", func(ctx context.Context, tx bun.IDB, x Asked) (*uuid.UUID, error) {
		return nil, s.keepReply(ctx, tx, x, words)
	})
}

func (w Wish) joining() member.Joining {
	return member.Joining{Name: w.Name, Called: w.Called, Email: w.Email, Phone: w.Phone, Area: w.Area, Language: w.Language}
}

func (s *Service) decide(ctx context.Context, a identity.Actor, application uuid.UUID, action, state string, do func(context.Context, bun.IDB, Asked) (*uuid.UUID, error)) error {
	now := s.Clock.Now()
	return db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		var r Application
		err := tx.NewSelect().Model(&r).Where("bank_id = ?", a.Bank.ID).Where("id = ?", application).For("update").Scan(ctx)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNoApplication
		}
		if err != nil {
			return fmt.Errorf("find application: %w", err)
		}
		if r.State != "waiting" {
			return ErrDecided
		}
		x, err := s.opened(ctx, tx, r)
		if err != nil {
			return err
		}
		made, err := do(ctx, tx, x)
		if err != nil {
			return err
		}
		_, err = tx.NewUpdate().Model((*Application)(nil)).Set("state = ?", state).Set("sealed = null").Set("email_hash = null").Set("phone_hash = null").
			Set("member_id = ?", made).Set("decided_at = ?", now).Set("decided_by = ?", a.Person).Where("bank_id = ?", a.Bank.ID).Where("id = ?", r.ID).Exec(ctx)
		if err != nil {
			return fmt.Errorf("decide application: %w", err)
		}
		if err := desk.Finish(ctx, tx, a.Bank.ID, r.ID, a.Person, now, desk.AnswerApplication); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Entry{BankID: a.Bank.ID, At: now, ActorID: a.Person, Action: action, ObjectKind: "application", ObjectID: r.ID})
	})
}

// Describe words applications for the desk.
func (s *Service) Describe(ctx context.Context, tx bun.IDB, bankID uuid.UUID, ids []uuid.UUID) (map[uuid.UUID]desk.Line, error) {
	var rows []Application
	if err := tx.NewSelect().Model(&rows).Where("bank_id = ?", bankID).Where("id in (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read applications: %w", err)
	}
	out := map[uuid.UUID]desk.Line{}
	for _, r := range rows {
		x, err := s.opened(ctx, tx, r)
		if err != nil {
			return nil, err
		}
		what := words.Text("Wants to join")
		if x.Already {
			what = "Wants to join, and is a member already. They may not know how to sign in."
		}
		out[r.ID] = desk.Line{Who: x.Called, What: words.Of(ctx).Say(what), Link: "/broker/applications"}
	}
	return out, nil
}
