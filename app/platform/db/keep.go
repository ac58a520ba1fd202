package db

import (
	"container/list"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgconn"
)

// keeping is what the connections of a pool know together about kept statements.
type keeping struct {
	// off: something between here and the database hands its connections round and
	// does not know what was kept on them. Nothing is kept from then on.
	off atomic.Bool
	// age grows when the database has changed so much that what was kept is no use;
	// connections of before are closed.
	age atomic.Int64
}

// How many statements a connection remembers, and how long a text may be for that.
// The server's memory of one is some tens of kilobytes.
const (
	maxKept = 150
	maxText = 8 << 10
)

// statement is one that a connection has seen. At its second time the server is told
// to keep it, with its plan.
type statement struct {
	text string
	seen bool                         // before
	kept *pgconn.StatementDescription // by the server; nil: not yet
}

// name is made of the text, so that it can never stand for another statement,
// whoever else uses the same connection of the server.
func (s *statement) name() string {
	sum := sha256.Sum256([]byte(s.text))
	return "timebank_" + hex.EncodeToString(sum[:12])
}

// statements are those of one connection, the latest first.
type statements struct {
	by    map[string]*list.Element
	order list.List
}

// of finds a statement by its text; dropped is one that the server need not keep
// any longer.
func (s *statements) of(text string) (at, dropped *statement) {
	if e, ok := s.by[text]; ok {
		s.order.MoveToFront(e)
		at = e.Value.(*statement)
		at.seen = true
		return at, nil
	}
	at = &statement{text: text}
	if len(text) > maxText {
		return at, nil
	}
	if s.by == nil {
		s.by = make(map[string]*list.Element, maxKept)
	}
	s.by[text] = s.order.PushFront(at)
	if s.order.Len() > maxKept {
		dropped = s.order.Remove(s.order.Back()).(*statement)
		delete(s.by, dropped.text)
	}
	return at, dropped
}

// answers are the results of what was sent together, one after the other.
type answers interface {
	NextResult() bool
	ResultReader() *pgconn.ResultReader
	Close() error
}

// ask sends statements in one round trip. Where each is one that can be kept, their
// values travel beside them; else all go as one text.
func (c *tenantConn) ask(ctx context.Context, queries []string) answers {
	if !c.keeping.off.Load() {
		if a := c.pipeline(ctx, queries); a != nil {
			return a
		}
	}
	return c.pg().Exec(ctx, join(queries))
}

// pipeline is ask for statements that can be kept; nil: one cannot.
func (c *tenantConn) pipeline(ctx context.Context, queries []string) answers {
	type piece struct {
		*statement
		values [][]byte
	}
	pieces := make([]piece, len(queries))
	for i, q := range queries {
		text, values, ok := split(q)
		if !ok {
			return nil
		}
		pieces[i] = piece{&statement{text: text}, values}
	}
	a := &pipelined{c: c, p: c.pg().StartPipeline(ctx)}
	for i, s := range pieces { // before what can fail: the server passes over all that comes after it
		var dropped *statement
		if pieces[i].statement, dropped = c.statements.of(s.text); dropped != nil && dropped.kept != nil {
			a.p.SendDeallocate(dropped.kept.Name)
		}
	}
	for _, s := range pieces {
		switch {
		case s.kept != nil:
			a.p.SendQueryStatement(s.kept, s.values, nil, nil)
		case s.seen:
			a.fresh = append(a.fresh, s.statement)
			a.p.SendPrepare(s.name(), s.text, nil)
			a.p.SendQueryPrepared(s.name(), s.values, nil, nil)
		default:
			a.p.SendQueryParams(s.text, s.values, nil, nil, nil)
		}
	}
	a.err = a.p.Sync()
	return a
}

// pipelined is the answers to a pipeline. The first error ends it.
type pipelined struct {
	c      *tenantConn
	p      *pgconn.Pipeline
	fresh  []*statement // the server was told to keep these, and has not said that it does
	now    *pgconn.ResultReader
	err    error
	closed bool
}

func (a *pipelined) ResultReader() *pgconn.ResultReader { return a.now }

func (a *pipelined) NextResult() bool {
	if a.now != nil {
		_, err := a.now.Close()
		a.failed(err)
		a.now = nil
	}
	for a.err == nil {
		got, err := a.p.GetResults()
		a.failed(err)
		switch got := got.(type) {
		case *pgconn.StatementDescription:
			got.Name = a.fresh[0].name()
			a.fresh[0].kept, a.fresh = got, a.fresh[1:]
		case *pgconn.ResultReader:
			a.now = got
			return true
		case *pgconn.PipelineSync, nil:
			return false
		}
	}
	return false
}

func (a *pipelined) Close() error {
	if a.closed {
		return a.err
	}
	for a.NextResult() {
	}
	a.closed = true
	if err := a.p.Close(); a.err == nil {
		a.failed(err)
	}
	return a.err
}

// failed notes an error, and what it says of what is kept.
func (a *pipelined) failed(err error) {
	a.err = err
	switch State(err) {
	case "26000", "42P05": // not there, or there already: somebody else shares the server's connections
		a.c.keeping.off.Store(true)
		a.c.keeping.age.Add(1)
	case "0A000": // the columns of a kept statement have changed
		a.c.keeping.age.Add(1)
	}
}

// forgotten tells whether a refusal is about what is kept: the same again, on another
// connection, may be taken.
func forgotten(code string) bool { return code == "26000" || code == "42P05" || code == "0A000" }
