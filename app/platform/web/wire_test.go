package web

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Where one request ends and the next begins is never in doubt: otherwise a proxy and
// this program could read one line differently, and somebody's request would carry
// what another has sent (request smuggling).
func TestWhereARequestEndsIsNeverInDoubt(t *testing.T) {
	t.Parallel()
	s, _ := testServer(t, Options{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, l) }()
	defer func() {
		stop()
		if err := <-ended; err != nil && err != http.ErrServerClosed {
			t.Error(err)
		}
	}()
	const body, next = `{"minutes":15,"note":"one"}`, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
	chunked := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)
	for name, c := range map[string]struct {
		headers, sent string
		status        []int // of all that is answered before the line is closed
	}{
		"a length":                         {fmt.Sprintf("Content-Length: %d\r\n", len(body)), body + next, []int{200, 200}},
		"chunks":                           {"Transfer-Encoding: chunked\r\n", chunked + next, []int{200, 200}},
		"both: the chunks count":           {"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", chunked, []int{200}},
		"both, and more behind the chunks": {"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n" + next, []int{400, 200}},
		"two lengths":                      {fmt.Sprintf("Content-Length: %d\r\nContent-Length: 3\r\n", len(body)), body, []int{400}},
		"a length that is none":            {"Content-Length: +27\r\n", body, []int{400}},
		"a list of lengths":                {"Content-Length: 27, 3\r\n", body, []int{400}},
		"chunks under another name":        {"Transfer-Encoding: xchunked\r\n", chunked, []int{501}},
		"chunks twice":                     {"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", chunked, []int{501}},
		"a space before the colon":         {"Content-Length : 3\r\n", body, []int{400}},
		"a NUL in a header":                {"X-Any: a\x00b\r\n", "", []int{400}},
		"a carriage return in a header":    {"X-Any: a\rb\r\n", "", []int{400}},
		"a chunk's length that is none":    {"Transfer-Encoding: chunked\r\n", "zz\r\n" + body, []int{400}},
		"headers that do not end":          {"X-Any: " + strings.Repeat("x", 64<<10) + "\r\n", "", []int{431}},
		"two hosts":                        {"Host: y\r\n", "", []int{400}},
	} {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second)) // a line that hangs fails the test
		go func() {
			_, _ = io.WriteString(conn, "POST /api/try/1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"+c.headers+"\r\n"+c.sent)
			if len(c.status) < 2 {
				_ = conn.(*net.TCPConn).CloseWrite()
			}
		}()
		in := bufio.NewReader(conn)
		var got []int
		for len(got) < len(c.status)+1 {
			res, err := http.ReadResponse(in, nil)
			if err != nil {
				break
			}
			_, _ = io.Copy(io.Discard, res.Body)
			got = append(got, res.StatusCode)
			if len(got) == 2 {
				break // the line stays open for more
			}
		}
		_ = conn.Close()
		if fmt.Sprint(got) != fmt.Sprint(c.status) {
			t.Errorf("%s: answered %v, want %v", name, got, c.status)
		}
	}
}
