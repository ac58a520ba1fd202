package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// connector hands out connections that name the tenant as they begin, so that a
// transaction of a bank costs one round trip less.
type connector struct{ driver.Connector }

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	plain, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	conn, ok := plain.(*stdlib.Conn)
	if !ok {
		_ = plain.Close()
		return nil, errors.New("db: the driver has changed its connection's type")
	}
	return tenantConn{conn}, nil
}

// tenant is the context's key for the bank that a transaction is begun for.
type tenant struct{}

type tenantConn struct{ *stdlib.Conn }

// BeginTx begins a transaction for the bank that the context names. It goes as
// one simple query, which also works behind PgBouncer in transaction mode.
func (c tenantConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	bank, ok := ctx.Value(tenant{}).(uuid.UUID)
	if !ok || o != (driver.TxOptions{}) {
		return c.Conn.BeginTx(ctx, o)
	}
	// SET LOCAL takes no parameter; set_config with true is the same and dies with the transaction.
	tx, err := c.Conn.Conn().BeginTx(ctx, pgx.TxOptions{
		BeginQuery: "begin; select set_config('timebank.bank', '" + bank.String() + "', true)"})
	if err != nil {
		return nil, fmt.Errorf("for a bank: %w", err)
	}
	return ending{ctx, tx}, nil
}

// ending ends a transaction with the context it was begun with, as the driver's
// own does.
type ending struct {
	ctx context.Context
	tx  pgx.Tx
}

func (e ending) Commit() error   { return e.tx.Commit(e.ctx) }
func (e ending) Rollback() error { return e.tx.Rollback(e.ctx) }
