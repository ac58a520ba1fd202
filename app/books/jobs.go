package books

import (
	"context"

	"github.com/google/uuid"

	"timebank/app/platform/job"
)

// Seal is the job that seals a bank's books.
type Seal struct {
	BankID uuid.UUID `json:"bank_id"`
}

// Kind implements job.Args.
func (Seal) Kind() string { return "seal-books" }

// ExpireHolds is the job that gives back what was promised and not used.
type ExpireHolds struct {
	BankID uuid.UUID `json:"bank_id"`
}

// Kind implements job.Args.
func (ExpireHolds) Kind() string { return "expire-holds" }

// Prove is the job that proves a bank's books.
type Prove struct {
	BankID uuid.UUID `json:"bank_id"`
}

// Kind implements job.Args.
func (Prove) Kind() string { return "prove-books" }

// Arrive is the job that ends a crossing.
type Arrive struct {
	BankID     uuid.UUID `json:"bank_id"`
	CrossingID uuid.UUID `json:"crossing_id"`
}

// Kind implements job.Args.
func (Arrive) Kind() string { return "arrive-crossing" }

// Work names the jobs this slice does.
func (s *Service) Work(q *job.Queue) {
	job.Handle(q, func(ctx context.Context, j Seal) error { return s.Seal(ctx, j.BankID) })
	job.Handle(q, func(ctx context.Context, j ExpireHolds) error { return s.ExpireHolds(ctx, j.BankID) })
	job.HandleLong(q, func(ctx context.Context, j Prove) error { return s.Prove(ctx, j.BankID) })
	job.Handle(q, func(ctx context.Context, j Arrive) error { return s.Arrive(ctx, j.BankID, j.CrossingID) })
}
