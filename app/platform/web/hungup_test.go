package web

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// What is left of a request whose client has hung up is no fault of ours, and never told as
// done; a fault of ours is told as before, and so is an end that we have set ourselves.
func TestRequestWhoseClientHasHungUpIsNoFault(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		hangs  bool
		err    func(ctx context.Context) error
		status string
		fault  bool
	}{
		{"the work was cut off", true, func(ctx context.Context) error { return fmt.Errorf("save: %w", ctx.Err()) }, "status=499", false},
		{"at the commit", true, func(context.Context) error { return fmt.Errorf("commit: %w", sql.ErrTxDone) }, "status=499", false},
		{"a fault of ours meanwhile", true, func(context.Context) error { return errors.New("broken") }, "status=500", true},
		{"an end of ours meanwhile", true, func(context.Context) error { return late() }, "status=500", true},
		{"an end of ours", false, func(context.Context) error { return late() }, "status=500", true},
		{"a transaction that was over", false, func(context.Context) error { return fmt.Errorf("commit: %w", sql.ErrTxDone) }, "status=500", true},
		{"something else was cancelled", false, func(context.Context) error { return context.Canceled }, "status=500", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, log := testServer(t, Options{})
			begun := make(chan struct{})
			Register(s.Routes, Op{ID: "wait", Method: http.MethodPost, Path: "/wait", Room: "test", Who: "somebody", Summary: "Wait"}, func(ctx context.Context, _ *struct{}) (*struct{}, error) {
				close(begun)
				if c.hangs {
					<-ctx.Done()
				}
				return nil, c.err(ctx)
			})
			hung(t, s, "POST /api/wait HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", begun, c.hangs)
			told(t, log, c.status, c.fault)
		})
	}
}

// late is the error of work that did not end in a time that we gave it.
func late() error {
	ctx, stop := context.WithTimeout(context.Background(), 0)
	defer stop()
	<-ctx.Done()
	return fmt.Errorf("ask: %w", ctx.Err())
}

// hung sends a request on a line of its own, closes the line when the work has begun, or
// after the answer, and returns when the server is done with it.
func hung(t *testing.T, s *Server, request string, begun <-chan struct{}, hangs bool) {
	t.Helper()
	server := httptest.NewServer(s)
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := conn.Write([]byte(request)); err != nil {
		t.Fatal(err)
	}
	<-begun
	if !hangs {
		if n, err := conn.Read(make([]byte, 1)); n != 1 {
			t.Errorf("no answer: %v", err)
		}
	}
	_ = conn.Close()
	server.Close() // waits for what is under way
}

func told(t *testing.T, log *bytes.Buffer, status string, fault bool) {
	t.Helper()
	if said := log.String(); !strings.Contains(said, status) || strings.Contains(said, "level=ERROR") != fault || strings.Contains(said, "level=WARN") != fault {
		t.Errorf("want %s, a fault %v:\n%s", status, fault, said)
	}
}
