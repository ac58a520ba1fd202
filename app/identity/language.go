package identity

import (
	"context"
	"fmt"
	"net/http"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/db"
	"timebank/app/platform/words"
)

// Choose keeps the language that somebody chose on the site while signed in, by a
// plain link: messages to them are written in it from now on. A token that has run
// out will do, since a link renews none; its session must still be open. Who is not
// signed in chooses for the device alone.
func (s *Service) Choose(ctx context.Context, r *http.Request, l words.Language) error {
	token, _, err := s.Keys.open(s.token(r), jwt.WithLeeway(refreshLife))
	if err != nil || len(token.May) > 0 {
		return nil
	}
	now := s.Clock.Now()
	return db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		open, err := tx.NewSelect().Model((*Session)(nil)).Where("id = ?", token.Session).Where("ended_at is null").Where("expires_at > ?", now).Exists(ctx)
		if err != nil {
			return fmt.Errorf("find session: %w", err)
		}
		if !open {
			return nil
		}
		return SetLanguage(ctx, tx, uuid.MustParse(token.Subject), l)
	})
}

// SetLanguage changes the language that messages to a person are written in.
func SetLanguage(ctx context.Context, tx bun.IDB, person uuid.UUID, l words.Language) error {
	_, err := tx.NewUpdate().Model((*Person)(nil)).Set("language = ?", l).Where("id = ?", person).Where("erased_at is null").Exec(ctx)
	if err != nil {
		return fmt.Errorf("change language: %w", err)
	}
	return nil
}

// greet keeps the language that was chosen on a device as that of whoever signs in
// there, unless they have chosen another before.
func greet(ctx context.Context, tx bun.IDB, person uuid.UUID, chosen words.Language) error {
	if chosen == "" {
		return nil
	}
	_, err := tx.NewUpdate().Model((*Person)(nil)).Set("language = ?", chosen).Where("id = ?", person).Where("language = ''").Exec(ctx)
	if err != nil {
		return fmt.Errorf("keep language: %w", err)
	}
	return nil
}
