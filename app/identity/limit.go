package identity

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"
)

// Limit counts a try of something from an address against its network's bucket:
// burst at once, then one every gap. Refuses with ErrTooMany.
func (s *Service) Limit(ctx context.Context, tx bun.IDB, what, ip string, burst int, gap time.Duration) error {
	ok, err := s.take(ctx, tx, what+"/"+network(ip), burst, gap, s.Clock.Now())
	return errors.Join(err, ifFalse(ok, ErrTooMany))
}
