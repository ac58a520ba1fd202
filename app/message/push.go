package message

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/desk"
	"timebank/app/identity"
	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/id"
	"timebank/app/platform/push"
	"timebank/app/platform/seal"
	"timebank/app/platform/web"
)

// ErrPushAddress refuses a browser whose messages we cannot send.
var ErrPushAddress = fault.New(fault.Invalid, "push-address", "This browser cannot show our messages. Everything still reaches you the way it did.")

// pushDevice is a browser that shows messages.
type pushDevice struct {
	bun.BaseModel `bun:"table:directory.push_device,alias:d"`

	ID        uuid.UUID  `bun:"id,pk"`
	SessionID uuid.UUID  `bun:"session_id"`
	PersonID  uuid.UUID  `bun:"person_id"`
	Endpoint  string     `bun:"endpoint"`
	P256dh    string     `bun:"p256dh"`
	Auth      string     `bun:"auth"`
	CreatedAt time.Time  `bun:"created_at"`
	SentAt    *time.Time `bun:"sent_at"`
}

type pushKey struct {
	bun.BaseModel `bun:"table:directory.push_key"`

	ID        uuid.UUID `bun:"id,pk"`
	Public    []byte    `bun:"public"`
	Sealed    []byte    `bun:"sealed"`
	CreatedAt time.Time `bun:"created_at"`
}

// LoadPush reads the key pair by which push services know us, making it where
// there is none. It stays for good: browsers are tied to its public half.
func LoadPush(ctx context.Context, tx bun.IDB, box *seal.Box, now time.Time, subject string, o push.Options) (*push.Sender, error) {
	if _, err := tx.ExecContext(ctx, "select pg_advisory_xact_lock(hashtext('directory.push_key'))"); err != nil {
		return nil, fmt.Errorf("read push key: %w", err)
	}
	var k pushKey
	err := tx.NewSelect().Model(&k).Order("created_at", "id").Limit(1).Scan(ctx)
	place := func() seal.Place { return seal.Place{Column: "push_key.sealed", Row: k.ID} }
	if errors.Is(err, sql.ErrNoRows) {
		public, private, err := push.NewKey()
		if err != nil {
			return nil, err
		}
		k = pushKey{ID: id.New(), Public: public, CreatedAt: now}
		if k.Sealed, err = box.Seal(place(), private); err != nil {
			return nil, err
		}
		if _, err := tx.NewInsert().Model(&k).Exec(ctx); err != nil {
			return nil, fmt.Errorf("keep push key: %w", err)
		}
		return push.New(public, private, subject, o), nil
	}
	if err != nil {
		return nil, fmt.Errorf("read push key: %w", err)
	}
	private, err := box.Open(place(), k.Sealed)
	if err != nil {
		return nil, fmt.Errorf("open push key: %w", err)
	}
	return push.New(k.Public, private, subject, o), nil
}

// devices are the browsers of a person that show messages and are still signed in.
func devices(ctx context.Context, tx bun.IDB, person uuid.UUID, now time.Time) ([]pushDevice, error) {
	live, err := identity.LiveSessions(ctx, tx, person, now)
	if err != nil || len(live) == 0 {
		return nil, err
	}
	var rows []pushDevice
	if err := tx.NewSelect().Model(&rows).Where("person_id = ?", person).Where("session_id in (?)", bun.List(live)).Order("id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read push devices: %w", err)
	}
	return rows, nil
}

// alsoPush writes that a message goes to its person's devices too, beside its own
// route: whoever switches this on is still told all else.
func (s *Service) alsoPush(ctx context.Context, tx bun.IDB, told Message) error {
	if s.Push == nil {
		return nil
	}
	to, err := devices(ctx, tx, told.PersonID, told.CreatedAt)
	if err != nil || len(to) == 0 {
		return err
	}
	row := told
	row.ID, row.Dedupe, row.Channel, row.State = id.New(), told.Dedupe+"/push", "push", Queued
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return fmt.Errorf("write push message: %w", err)
	}
	for _, d := range to {
		if err := s.Queue.Enqueue(ctx, tx, SendPush{BankID: row.BankID, MessageID: row.ID, DeviceID: d.ID}); err != nil {
			return err
		}
	}
	return nil
}

// SendPush is the job that sends one message to one device.
type SendPush struct {
	BankID    uuid.UUID `json:"bank_id"`
	MessageID uuid.UUID `json:"message_id"`
	DeviceID  uuid.UUID `json:"device_id"`
}

// Kind implements job.Args.
func (SendPush) Kind() string { return "send-push" }

// pushLife is how long a message is worth showing.
const pushLife = 24 * time.Hour

// shown is what a device is told. A locked screen shows it to whoever is near, so
// there are no words but the subject that an e-mail has, and of what people come
// together for not even that: the name of a group may say how somebody is.
type shown struct {
	ID    string `json:"id"` // shown once, however often it is sent
	Bank  string `json:"bank"`
	Words string `json:"words,omitempty"` // none: the device says that there is a message
	Path  string `json:"path"`
}

// sendPush renders and sends one message to one device, then notes it. A device
// that is gone is forgotten. Nobody is rung because of it: the message has another
// route.
func (s *Service) sendPush(ctx context.Context, j SendPush) error {
	row, b, _, words, err := s.render(ctx, j.BankID, j.MessageID)
	if err != nil || row.ID == uuid.Nil {
		return err
	}
	now := s.Clock.Now()
	var to pushDevice
	err = db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		to = pushDevice{}
		all, err := devices(ctx, tx, row.PersonID, now)
		for _, d := range all {
			if d.ID == j.DeviceID {
				to = d
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	if words.Subject == "" || to.ID == uuid.Nil || now.After(row.CreatedAt.Add(pushLife)) {
		return s.notePush(ctx, row, to, NotNeeded, "")
	}
	payload, err := json.Marshal(shown{ID: row.ID.String(), Bank: b.Name, Words: s.onScreen(row, words), Path: s.page(row)})
	if err != nil {
		return fmt.Errorf("write push message: %w", err)
	}
	err = s.Push.Send(ctx, push.Device{Endpoint: to.Endpoint, P256dh: to.P256dh, Auth: to.Auth}, payload)
	switch {
	case errors.Is(err, push.ErrGone), errors.Is(err, push.ErrDevice):
		if err := s.dropDevice(ctx, "id = ?", to.ID); err != nil {
			return err
		}
		return s.notePush(ctx, row, to, Failed, "device")
	case err != nil:
		return errors.Join(err, s.notePush(ctx, row, to, Queued, "tries"))
	}
	return s.notePush(ctx, row, to, Sent, "")
}

func (s *Service) onScreen(row Message, words Words) string {
	if s.Unsaid[row.Template] {
		return ""
	}
	return words.Subject
}

// page is where a tap on the message leads: what needs an answer comes first at home.
func (s *Service) page(row Message) string {
	switch s.Calls[row.Template].SubjectKind {
	case desk.OfExchange:
		return "/exchange?id=" + row.SubjectID.String()
	case desk.OfDigest:
		return "/offers"
	}
	return "/home"
}

// notePush keeps what became of a message. One device that took it is enough.
func (s *Service) notePush(ctx context.Context, row Message, to pushDevice, state, problem string) error {
	now := s.Clock.Now()
	return db.InTx(ctx, s.Pool, row.BankID, func(ctx context.Context, tx bun.IDB) error {
		q := tx.NewUpdate().Model((*Message)(nil)).Set("state = ?", state).Set("problem = ?", problem).Set("tries = tries + 1").
			Where("bank_id = ?", row.BankID).Where("id = ?", row.ID).Where("state <> ?", Sent)
		if state == Sent {
			q = q.Set("sent_at = ?", now)
			if _, err := tx.NewUpdate().Model((*pushDevice)(nil)).Set("sent_at = ?", now).Where("id = ?", to.ID).Exec(ctx); err != nil {
				return fmt.Errorf("note push device: %w", err)
			}
		}
		if _, err := q.Exec(ctx); err != nil {
			return fmt.Errorf("note push message: %w", err)
		}
		return nil
	})
}

func (s *Service) dropDevice(ctx context.Context, where string, args ...any) error {
	return db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		if _, err := tx.NewDelete().Model((*pushDevice)(nil)).Where(where, args...).Exec(ctx); err != nil {
			return fmt.Errorf("forget push device: %w", err)
		}
		return nil
	})
}

type pushOutput struct {
	Body struct {
		Key string `json:"key" doc:"What the browser needs to switch messages on: our public key, base64 for URLs"`
		On  bool   `json:"on" doc:"This device shows messages"`
	}
}

type pushInput struct {
	Body struct {
		Endpoint string `json:"endpoint" maxLength:"1000"`
		P256dh   string `json:"p256dh" maxLength:"200"`
		Auth     string `json:"auth" maxLength:"100"`
	}
}

// Routes hangs the switch of a person's device.
func (s *Service) Routes(r *web.Routes) {
	web.Register(r, web.Op{ID: "my-push", Method: http.MethodGet, Path: "/me/push", Room: "messages", Who: web.SignedIn, Summary: "Whether this device shows messages"},
		func(ctx context.Context, _ *struct{}) (*pushOutput, error) {
			out := &pushOutput{}
			out.Body.Key = s.Push.PublicKey()
			a := identity.ActorFrom(ctx)
			err := db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) (err error) {
				out.Body.On, err = tx.NewSelect().Model((*pushDevice)(nil)).Where("session_id = ?", a.Session).Exists(ctx)
				return err
			})
			return out, err
		})
	web.Register(r, web.Op{ID: "push-on", Method: http.MethodPut, Path: "/me/push", Room: "messages", Who: web.SignedIn, Summary: "Show messages on this device", Status: http.StatusNoContent},
		func(ctx context.Context, in *pushInput) (*struct{}, error) {
			return nil, s.PushOn(ctx, identity.ActorFrom(ctx), push.Device{Endpoint: in.Body.Endpoint, P256dh: in.Body.P256dh, Auth: in.Body.Auth})
		})
	web.Register(r, web.Op{ID: "push-off", Method: http.MethodDelete, Path: "/me/push", Room: "messages", Who: web.SignedIn, Summary: "Show no more messages on this device", Status: http.StatusNoContent},
		func(ctx context.Context, _ *struct{}) (*struct{}, error) {
			return nil, s.dropDevice(ctx, "session_id = ?", identity.ActorFrom(ctx).Session)
		})
}

// PushOn lets the actor's device show messages. An address that another session
// used is this one's from now on: it is the same browser. Refuses with ErrPushAddress.
func (s *Service) PushOn(ctx context.Context, a identity.Actor, d push.Device) error {
	if err := s.Push.Check(d); err != nil {
		return ErrPushAddress.Wrap(err)
	}
	return db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		if _, err := tx.NewDelete().Model((*pushDevice)(nil)).Where("session_id = ? or endpoint = ?", a.Session, d.Endpoint).Exec(ctx); err != nil {
			return fmt.Errorf("forget push device: %w", err)
		}
		row := pushDevice{ID: id.New(), SessionID: a.Session, PersonID: a.Person, Endpoint: d.Endpoint, P256dh: d.P256dh, Auth: d.Auth, CreatedAt: s.Clock.Now()}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return fmt.Errorf("keep push device: %w", err)
		}
		return nil
	})
}
