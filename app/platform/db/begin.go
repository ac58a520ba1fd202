package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// connector hands out connections that save round trips: see tenantConn.
type connector struct {
	driver.Connector
	keeping *keeping
}

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
	return &tenantConn{Conn: conn, keeping: c.keeping, born: c.keeping.age.Load()}, nil
}

const (
	begin  = "begin"
	commit = "commit"
)

// join makes one text of statements: a line of its own for each, for one may end in a comment.
func join(statements []string) string { return strings.Join(statements, "\n;") }

// The context's keys for what a statement's sender knows and the driver does not.
type (
	tenant struct{} // the bank that a transaction is begun for
	later  struct{}
	last   struct{}
)

// Later marks a statement whose result nobody reads: it goes to the database with
// the next statement of its transaction or with the commit, and so costs no round
// trip. What the database has against it comes as the error of that one, and the
// transaction ends there; so no refusal that the caller tells apart may come of it,
// and how many rows it met is not known. It must return no rows.
func Later(ctx context.Context) context.Context { return context.WithValue(ctx, later{}, true) }

// Last marks the read that is a transaction's last statement: the transaction ends
// with it, and the commit costs no round trip. A statement after it is refused.
func Last(ctx context.Context) context.Context { return context.WithValue(ctx, last{}, true) }

// A statement of a transaction must never run without it: it would be kept whatever
// came after, and would have no tenant.
var (
	errAfterLast = errors.New("db: statement after the last of its transaction") // a mistake in the program
	errNotBegun  = errors.New("db: the transaction could not begin")             // and the error that said so was passed over
)

// tenantConn is a connection that sends nothing alone that can go with something
// else: the beginning of a transaction and its tenant, which wait for the first
// statement, and what is marked with Later. What comes again is kept by the server
// with its plan: see ask. A statement with parameters, such as the job queue's, goes
// the driver's own way.
type tenantConn struct {
	*stdlib.Conn
	keeping    *keeping
	born       int64 // keeping's age when it was opened
	statements statements
	begin      []string // a transaction's beginning, not sent yet
	ahead      []string // what Later marked, not sent yet
	inTx       bool
	ended      answers // to the last statement, which the transaction has ended with
}

func (c *tenantConn) pg() *pgconn.PgConn { return c.Conn.Conn().PgConn() }

// ResetSession has a connection closed whose kept statements are no use any more.
func (c *tenantConn) ResetSession(ctx context.Context) error {
	if c.born != c.keeping.age.Load() {
		return driver.ErrBadConn
	}
	return c.Conn.ResetSession(ctx)
}

// BeginTx begins a transaction, for the bank that the context names.
func (c *tenantConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if o != (driver.TxOptions{}) {
		return c.Conn.BeginTx(ctx, o)
	}
	if c.pg().IsClosed() {
		return nil, driver.ErrBadConn
	}
	c.reset()
	c.inTx, c.begin = true, append(c.begin, begin)
	if bank, ok := ctx.Value(tenant{}).(uuid.UUID); ok {
		// SET LOCAL takes no parameter; set_config with true is the same and dies with the transaction.
		c.begin = append(c.begin, "select set_config('timebank.bank', "+string(mark)+"'"+bank.String()+"', true)")
	}
	return ending{ctx, c}, nil
}

func (c *tenantConn) reset() {
	c.begin, c.ahead, c.inTx, c.ended = c.begin[:0], c.ahead[:0], false, nil
}

// gone refuses what would run outside the transaction that it belongs to.
func (c *tenantConn) gone() error {
	switch {
	case c.ended != nil:
		return errAfterLast
	case c.inTx && len(c.begin) == 0 && c.pg().TxStatus() == 'I':
		return errNotBegun
	}
	return nil
}

// send sends what waits, and these statements after it, and passes over the results
// of what waited. What begins and ends a transaction at once needs to say neither:
// what is sent together is one transaction.
func (c *tenantConn) send(ctx context.Context, statements ...string) answers {
	first := c.begin
	if n := len(statements); len(first) > 0 && n > 0 && statements[n-1] == commit {
		first, statements = first[1:], statements[:n-1]
	}
	text := slices.Concat(first, c.ahead, statements)
	skip := len(text) - len(statements)
	c.begin, c.ahead = c.begin[:0], c.ahead[:0]
	all := c.ask(ctx, text)
	for range skip {
		if !all.NextResult() {
			break
		}
		_, _ = all.ResultReader().Close() // its error is the whole's
	}
	return all
}

// flush sends what waits alone.
func (c *tenantConn) flush(ctx context.Context) error {
	if err := c.gone(); err != nil {
		return err
	}
	if len(c.begin)+len(c.ahead) == 0 {
		return nil
	}
	return c.send(ctx).Close()
}

// bad is err, or what tells database/sql to take another connection, when nothing
// was sent. Within a transaction InTx sees to that.
func (c *tenantConn) bad(err error) error {
	if err != nil && !c.inTx && pgconn.SafeToRetry(err) {
		return driver.ErrBadConn
	}
	return err
}

// ExecContext implements driver.ExecerContext.
func (c *tenantConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if len(args) > 0 {
		if err := c.flush(ctx); err != nil {
			return nil, err
		}
		return c.Conn.ExecContext(ctx, query, args)
	}
	if err := c.gone(); err != nil {
		return nil, err
	}
	if c.inTx && ctx.Value(later{}) != nil {
		c.ahead = append(c.ahead, query)
		return driver.RowsAffected(0), nil
	}
	all := c.send(ctx, query)
	var tag pgconn.CommandTag
	for all.NextResult() {
		tag, _ = all.ResultReader().Close() // its error is the whole's
	}
	return driver.RowsAffected(tag.RowsAffected()), c.bad(all.Close())
}

// QueryContext implements driver.QueryerContext.
func (c *tenantConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if len(args) > 0 {
		if err := c.flush(ctx); err != nil {
			return nil, err
		}
		return c.Conn.QueryContext(ctx, query, args)
	}
	if err := c.gone(); err != nil {
		return nil, err
	}
	r := &rows{types: c.Conn.Conn().TypeMap()}
	if c.inTx && ctx.Value(last{}) != nil {
		r.all = c.send(ctx, query, commit)
		c.ended = r.all
	} else {
		r.all = c.send(ctx, query)
	}
	if !r.advance() {
		return nil, c.bad(r.Close())
	}
	return r, r.NextResultSet()
}

// PrepareContext implements driver.ConnPrepareContext.
func (c *tenantConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if err := c.flush(ctx); err != nil {
		return nil, err
	}
	return c.Conn.PrepareContext(ctx, query)
}

// ending ends a transaction with the context it was begun with, as the driver's
// own does. A transaction in which nothing was asked never reached the database.
type ending struct {
	ctx context.Context
	c   *tenantConn
}

func (e ending) Commit() error {
	c := e.c
	if c.ended != nil {
		err := c.ended.Close()
		c.reset()
		return err
	}
	if len(c.begin) > 0 && len(c.ahead) == 0 {
		c.reset()
		return nil
	}
	if err := c.gone(); err != nil {
		return errors.Join(err, e.Rollback())
	}
	if c.pg().TxStatus() == 'E' {
		return errors.Join(errors.New("db: commit of a transaction that has failed"), e.Rollback())
	}
	if err := c.send(e.ctx, commit).Close(); err != nil {
		return errors.Join(err, e.Rollback())
	}
	c.reset()
	return nil
}

// Rollback leaves a connection that cannot roll back to ResetSession, which sees
// that it is still in a transaction and has it thrown away.
func (e ending) Rollback() error {
	c := e.c
	c.reset()
	if c.pg().IsClosed() || c.pg().TxStatus() == 'I' {
		return nil
	}
	return c.pg().Exec(e.ctx, "rollback").Close()
}
