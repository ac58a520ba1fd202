// Package once makes a request that may be sent again have its effect once.
//
// A device that lost the answer repeats the request with the same key. The key is
// written in the transaction of the effect, so both are there or neither; a
// repeat finds the key and gets the first answer. The same key with other words
// is refused. Nothing is kept in memory, so it holds over restarts and replicas.
package once

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/fault"
	"timebank/app/platform/id"
)

// ErrReused refuses a key that came before with another request.
var ErrReused = fault.New(fault.Conflict, "key-reused", "This was already sent with other words. Please reload the page and look before sending again.")

// Claim is who repeats what.
type Claim struct {
	Bank, Actor uuid.UUID
	Key         uuid.UUID // nil: the client does not repeat, and the request always counts as new
	Operation   string
	Input       any   // what was sent; kept as a hash only
	Was         []any // forms in which the same may have been kept before, where Input is a hash whose key changes
	Now         time.Time
}

// Do runs fn with a fresh id the first time, and returns that id. A repeat
// returns the first id without running fn, and itself writes (it counts the
// replay), so that after a fail-over it too waits until the standby has the
// first one. fn's error undoes the claim with the rest of the transaction.
// Refuses with ErrReused.
func Do(ctx context.Context, tx bun.IDB, c Claim, fn func(id uuid.UUID) error) (uuid.UUID, error) {
	fresh := id.New()
	if c.Key == uuid.Nil {
		return fresh, fn(fresh)
	}
	sum, err := c.sum(c.Input)
	if err != nil {
		return uuid.Nil, err
	}
	var row struct {
		ResultID  uuid.UUID
		InputHash []byte
	}
	err = tx.NewRaw(`insert into once (bank_id, actor_id, key, operation, input_hash, result_id, at)
		values (?, ?, ?, ?, ?, ?, ?)
		on conflict (bank_id, actor_id, key) do update set replays = once.replays + 1
		returning result_id, input_hash`,
		c.Bank, c.Actor, c.Key, c.Operation, sum, fresh, c.Now).Scan(ctx, &row)
	if err != nil {
		return uuid.Nil, fmt.Errorf("claim key: %w", err)
	}
	same := bytes.Equal(row.InputHash, sum)
	for _, was := range c.Was {
		before, err := c.sum(was)
		if err != nil {
			return uuid.Nil, err
		}
		same = same || bytes.Equal(row.InputHash, before)
	}
	if !same {
		return uuid.Nil, ErrReused
	}
	if row.ResultID != fresh {
		return row.ResultID, nil
	}
	return fresh, fn(fresh)
}

func (c Claim) sum(input any) ([]byte, error) {
	in, err := json.Marshal(input)
	if err != nil {
		return nil, fmt.Errorf("hash input: %w", err)
	}
	sum := sha256.Sum256(append([]byte(c.Operation+"\x00"), in...))
	return sum[:], nil
}
