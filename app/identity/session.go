package identity

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/db"
	"timebank/app/platform/id"
)

// Tokens is what a device holds.
type Tokens struct{ Access, Refresh string }

// open begins a session, in place of the one that this browser had: somebody who
// signs in again, or the next person at a shared computer, leaves none behind.
func (s *Service) open(ctx context.Context, tx bun.IDB, person uuid.UUID, way string, from Knock, now time.Time) (Session, Tokens, error) {
	if from.Refresh != "" {
		if err := endRefresh(ctx, tx, from.Refresh, now); err != nil {
			return Session{}, Tokens{}, err
		}
	}
	refresh, hash := newRefresh()
	out := Session{ID: id.New(), PersonID: person, RefreshHash: hash, Device: from.Agent, CreatedAt: now, RenewedAt: now,
		ProvedAt: &now, Way: way, Second: secondDone}
	remembered, err := s.meet(ctx, tx, from.Browser, person, now)
	if err != nil {
		return out, Tokens{}, err
	}
	if way != wayPasskey {
		if out.Second, err = secondOf(ctx, tx, person); err != nil {
			return out, Tokens{}, err
		}
		if out.Second == secondNeeded && remembered {
			out.Second = secondRemembered
		}
	}
	works, err := worksSomewhere(ctx, tx, person)
	if err != nil {
		return out, Tokens{}, err
	}
	ends := now.Add(memberLife)
	if works {
		ends = now.Add(staffLife)
	}
	out.EndsAt, out.ExpiresAt = &ends, earlier(now.Add(refreshLife), ends)
	if _, err := tx.NewInsert().Model(&out).Exec(ctx); err != nil {
		return out, Tokens{}, fmt.Errorf("open session: %w", err)
	}
	if err := greet(ctx, tx, person, from.Chosen); err != nil {
		return out, Tokens{}, err
	}
	access, err := s.Keys.Sign(person, out.ID)
	return out, Tokens{access, refresh}, err
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// grace is how long the token before the newest one still renews, counted from
// its first use: a phone that lost the answer asks again with what it has, and
// two tabs ask at once.
const grace = 20 * time.Second

// Renew trades a refresh token for new ones. A token that was already traded
// gets the same answer again within the grace; after it, it ends the whole
// session: two devices hold it, so one of them stole it. Refuses with ErrSignIn.
func (s *Service) Renew(ctx context.Context, token string) (Session, Tokens, error) {
	var out Session
	var tokens Tokens
	stolen := false
	now := s.Clock.Now()
	hash := hashRefresh(token)
	err := db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		stolen = false
		err := tx.NewSelect().Model(&out).Where("refresh_hash = ? or previous_hash = ?", hash, hash).
			Where("ended_at is null").Where("expires_at > ?", now).For("update").Scan(ctx)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrSignIn
		}
		if err != nil {
			return fmt.Errorf("find session: %w", err)
		}
		traded := string(out.RefreshHash) != string(hash)
		if traded && now.Sub(out.RenewedAt) > grace {
			stolen = true
			_, err := tx.NewUpdate().Model((*Session)(nil)).Set("ended_at = ?", now).Where("id = ?", out.ID).Exec(ctx)
			return err
		}
		next := nextRefresh(s.Box, token)
		refresh := next[0]
		for _, n := range next {
			if traded && string(hashRefresh(n)) == string(out.RefreshHash) {
				refresh = n
			}
		}
		if !traded {
			if _, err := tx.NewUpdate().Model((*Session)(nil)).Set("refresh_hash = ?", hashRefresh(refresh)).Set("previous_hash = ?", hash).
				Set("renewed_at = ?", now).Set("expires_at = ?", out.until(now)).Where("id = ?", out.ID).Exec(ctx); err != nil {
				return fmt.Errorf("renew session: %w", err)
			}
		}
		access, err := s.Keys.Sign(out.PersonID, out.ID)
		tokens = Tokens{access, refresh}
		return err
	})
	if err == nil && stolen {
		s.tell(ctx, "session ended: an old token came back", Knock{}, "person", out.PersonID, "session", out.ID)
		err = ErrSignIn
	}
	return out, tokens, err
}

// until is when a session that is renewed now ends without another renewal.
func (x Session) until(now time.Time) time.Time {
	ends := x.CreatedAt.Add(memberLife)
	if x.EndsAt != nil {
		ends = *x.EndsAt
	}
	return earlier(now.Add(refreshLife), ends)
}

// SignOut ends the session that a refresh token, the newest or the one before,
// belongs to; an unknown one is no error, since the wish is fulfilled.
func (s *Service) SignOut(ctx context.Context, token string) error {
	return db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		return endRefresh(ctx, tx, token, s.Clock.Now())
	})
}

func endRefresh(ctx context.Context, tx bun.IDB, token string, now time.Time) error {
	hash := hashRefresh(token)
	_, err := tx.NewUpdate().Model((*Session)(nil)).Set("ended_at = ?", now).
		Where("refresh_hash = ? or previous_hash = ?", hash, hash).Where("ended_at is null").Exec(ctx)
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}
