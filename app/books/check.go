package books

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/desk"
	"timebank/app/identity"
	"timebank/app/platform/clock"
	"timebank/app/platform/db"
	"timebank/app/platform/id"
	"timebank/app/platform/job"
	"timebank/app/platform/words"
	"timebank/ledger"
)

// Service is the use cases of the slice.
type Service struct {
	Pool  *bun.DB
	Clock clock.Clock
	Queue *job.Queue
	Log   *slog.Logger
}

// Check is what one night's proof found.
type Check struct {
	bun.BaseModel `bun:"table:book_check"`

	BankID    uuid.UUID `bun:"bank_id"`
	ID        uuid.UUID `bun:"id"`
	At        time.Time `bun:"at"`
	Accounts  int64     `bun:"accounts"`
	Transfers int64     `bun:"transfers"`
	Entries   int64     `bun:"entries"`
	Height    int64     `bun:"height"`
	Head      []byte    `bun:"head"`
	Faults    int       `bun:"faults"`
	Findings  []string  `bun:"findings,array"`
}

// findingsKept bounds what is kept of a night's faults; all of them are what
// `timebank ledger verify` prints.
const findingsKept = 20

// Seal adds a block over what was posted since the last and writes its digest to
// the log, so that a copy exists outside the database.
func (s *Service) Seal(ctx context.Context, bankID uuid.UUID) error {
	return db.InTx(ctx, s.Pool, bankID, func(ctx context.Context, tx bun.IDB) error {
		block, fresh, err := ledger.Seal(ctx, tx, bankID, s.Clock.Now())
		if err == nil && fresh {
			s.Log.InfoContext(ctx, "books sealed", "bank", bankID, "height", block.Height, "entries", block.Entries, "digest", fmt.Sprintf("%x", block.Hash))
		}
		return err
	})
}

// expireAtOnce bounds how many holds end in one transaction.
const expireAtOnce = 200

// ExpireHolds gives back what was promised and not used in time.
func (s *Service) ExpireHolds(ctx context.Context, bankID uuid.UUID) error {
	for {
		var ended []uuid.UUID
		err := db.InTx(ctx, s.Pool, bankID, func(ctx context.Context, tx bun.IDB) (err error) {
			ended, err = ledger.ExpireDue(ctx, tx, bankID, identity.SystemPerson, s.Clock.Now(), expireAtOnce)
			return err
		})
		if err != nil || len(ended) < expireAtOnce {
			return err
		}
	}
}

// Prove derives every balance, sum, number, link and limit of a bank again and
// keeps what it found. Where something is wrong the coordinator's desk gets a
// task at once, and the log names the rows.
func (s *Service) Prove(ctx context.Context, bankID uuid.UUID) error {
	return db.InTx(ctx, s.Pool, bankID, func(ctx context.Context, tx bun.IDB) error {
		if _, err := tx.ExecContext(ctx, "set local statement_timeout = '20min'"); err != nil {
			return fmt.Errorf("allow a long proof: %w", err)
		}
		report, err := ledger.Verify(ctx, tx, bankID, nil)
		if err != nil {
			return err
		}
		now := s.Clock.Now()
		c := Check{BankID: bankID, ID: id.New(), At: now, Accounts: report.Accounts, Transfers: report.Transfers, Entries: report.Entries,
			Height: report.Head.Height, Faults: len(report.Faults), Findings: []string{}}
		if c.Height > 0 {
			c.Head = report.Head.Hash[:]
		}
		for _, f := range report.Faults {
			s.Log.ErrorContext(ctx, "the books do not add up", "bank", bankID, "fault", f.String())
			if len(c.Findings) < findingsKept {
				c.Findings = append(c.Findings, f.String())
			}
		}
		if _, err := tx.NewInsert().Model(&c).Exec(ctx); err != nil {
			return fmt.Errorf("keep proof: %w", err)
		}
		if report.OK() {
			return desk.Finish(ctx, tx, bankID, bankID, identity.SystemPerson, now, desk.CheckBooks)
		}
		return desk.Raise(ctx, tx, desk.Task{BankID: bankID, Kind: desk.CheckBooks, SubjectKind: desk.OfBooks, SubjectID: bankID, DueAt: now, CreatedAt: now})
	})
}

// Checks lists the latest proofs, newest first, at most 30. For the coordinator.
func (s *Service) Checks(ctx context.Context, a identity.Actor) ([]Check, error) {
	var out []Check
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		err := tx.NewSelect().Model(&out).Where("bank_id = ?", a.Bank.ID).Order("at desc", "id desc").Limit(30).Scan(ctx)
		if err != nil {
			return fmt.Errorf("list proofs: %w", err)
		}
		return nil
	})
	return out, err
}

// Describe says what the task of faulty books is about; its subject is the bank.
func Describe(ctx context.Context, _ bun.IDB, _ uuid.UUID, subjects []uuid.UUID) (map[uuid.UUID]desk.Line, error) {
	l := words.Of(ctx)
	out := map[uuid.UUID]desk.Line{}
	for _, b := range subjects {
		out[b] = desk.Line{Who: l.Say("The hour ledger"), What: l.Say("The nightly check found hours that do not add up. Tell whoever runs the system; nothing has been changed."), Link: "/broker/books"}
	}
	return out, nil
}
