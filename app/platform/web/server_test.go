package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"timebank/app/platform/fault"
)

type echoInput struct {
	Words string `query:"words" maxLength:"10"`
	Body  struct {
		Minutes int    `json:"minutes" minimum:"15"`
		Note    string `json:"note,omitempty"`
	}
}

type echoOutput struct {
	Body struct {
		Note string `json:"note"`
		IP   string `json:"ip"`
	}
}

type openGate struct{ err error }

func (g openGate) Enter(ctx context.Context, _ Caller) (context.Context, error) { return ctx, g.err }

// testServer has one operation that does what its note says.
func testServer(t *testing.T, o Options) (*Server, *bytes.Buffer) {
	t.Helper()
	log := &bytes.Buffer{}
	o.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if o.Gate == nil {
		o.Gate = openGate{}
	}
	o.Ready = func(context.Context) error { return nil }
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	Register(s.Routes, Op{ID: "try", Method: http.MethodPost, Path: "/try/{id}", Room: "test", Who: "somebody", Summary: "Try"}, func(ctx context.Context, in *echoInput) (*echoOutput, error) {
		switch in.Body.Note {
		case "panic":
			panic("the secret of Maria")
		case "break":
			return nil, errors.New("pq: secret relation")
		case "refuse":
			return nil, fault.New(fault.Conflict, "not-now", "Not now.")
		}
		out := &echoOutput{}
		out.Body.Note, out.Body.IP = in.Body.Note, From(ctx).IP
		return out, nil
	})
	return s, log
}

func ask(s *Server, method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.RemoteAddr = "192.0.2.7:1234"
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func TestEveryRefusalIsAProblem(t *testing.T) {
	t.Parallel()
	s, log := testServer(t, Options{})
	const path = "/api/try/1"
	for _, c := range []struct {
		name, method, path, body string
		header                   []string
		status                   int
		code, pointer            string
	}{
		{"fine", "POST", path, `{"minutes":15}`, nil, 200, "", ""},
		{"unknown route", "GET", "/api/nothing", "", nil, 404, "not-here", ""},
		{"unknown method", "PUT", path, `{"minutes":15}`, nil, 404, "not-here", ""},
		{"broken JSON", "POST", path, `{"minutes":`, nil, 400, "unreadable", ""},
		{"no body", "POST", path, ``, nil, 400, "unreadable", ""},
		{"wrong type of content", "POST", path, `<a/>`, []string{"Content-Type", "application/xml"}, 415, "wrong-type", ""},
		{"too large for an operation", "POST", path, `{"note":"` + strings.Repeat("x", 300<<10) + `"}`, nil, 413, "too-large", ""},
		{"too large at all", "POST", path, `{"note":"` + strings.Repeat("x", 2<<20) + `"}`, nil, 413, "too-large", ""},
		{"a NUL", "POST", path, `{"minutes":15,"note":"a\u0000b"}`, nil, 422, "check-answers", "/note"},
		{"a NUL that is none", "POST", path, `{"minutes":15,"note":"a\\u0000b"}`, nil, 200, "", ""},
		{"an escape", "POST", path, `{"minutes":15,"note":"canary\u001b[2J"}`, nil, 422, "check-answers", "/note"},
		{"text turned round", "POST", path, `{"minutes":15,"note":"canary \u202egnp"}`, nil, 422, "check-answers", "/note"},
		{"deep in it", "POST", path, `{"minutes":15,"note":[{"a/b":"\u0000"}]}`, nil, 422, "check-answers", "/note/0/a~1b"},
		{"a name that is none", "POST", path, `{"minutes":15,"canary\u0000":"x"}`, nil, 400, "unreadable", ""},
		{"bytes that are no text", "POST", path, "{\"minutes\":15,\"note\":\"\xff\xfe\"}", nil, 400, "unreadable", ""},
		{"a NUL in the query", "POST", path + "?words=canary%00", `{"minutes":15}`, nil, 422, "check-answers", "/query/words"},
		{"bytes in the query", "POST", path + "?words=%ff", `{"minutes":15}`, nil, 422, "check-answers", "/query/words"},
		{"a NUL in the address", "POST", "/api/try/canary%00", `{"minutes":15}`, nil, 404, "not-here", ""},
		{"bytes in the address", "POST", "/api/try/%ff", `{"minutes":15}`, nil, 404, "not-here", ""},
		{"too small", "POST", path, `{"minutes":1}`, nil, 422, "check-answers", "/minutes"},
		{"missing", "POST", path, `{}`, nil, 422, "check-answers", "/minutes"},
		{"another type", "POST", path, `{"minutes":"canary"}`, nil, 422, "check-answers", "/minutes"},
		{"unknown field", "POST", path, `{"minutes":15,"extra":"canary"}`, nil, 422, "check-answers", "/extra"},
		{"unknown parameter", "POST", path + "?extra=canary", `{"minutes":15}`, nil, 422, "check-answers", "/query/extra"},
		{"long parameter", "POST", path + "?words=canary-canary", `{"minutes":15}`, nil, 422, "check-answers", "/query/words"},
		{"a refusal", "POST", path, `{"minutes":15,"note":"refuse"}`, nil, 409, "not-now", ""},
		{"a fault of ours", "POST", path, `{"minutes":15,"note":"break"}`, nil, 500, "our-fault", ""},
		{"a panic", "POST", path, `{"minutes":15,"note":"panic"}`, nil, 500, "our-fault", ""},
		{"from another site", "POST", path, `{"minutes":15}`, []string{"Sec-Fetch-Site", "cross-site"}, 403, "cross-origin", ""},
		{"from a sister site", "POST", path, `{"minutes":15}`, []string{"Sec-Fetch-Site", "same-site"}, 403, "cross-origin", ""},
		{"from another origin", "POST", path, `{"minutes":15}`, []string{"Origin", "https://evil.example"}, 403, "cross-origin", ""},
		{"from our own page", "POST", path, `{"minutes":15}`, []string{"Sec-Fetch-Site", "same-origin", "Origin", "http://example.com"}, 200, "", ""},
		{"typed in", "POST", path, `{"minutes":15}`, []string{"Sec-Fetch-Site", "none"}, 200, "", ""},
	} {
		w := ask(s, c.method, c.path, c.body, c.header...)
		var p Problem
		_ = json.Unmarshal(w.Body.Bytes(), &p)
		if w.Code != c.status || p.Code != c.code {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
			continue
		}
		if w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: headers %v", c.name, w.Header())
		}
		if c.status == 200 {
			continue
		}
		if w.Header().Get("Content-Type") != "application/problem+json" || p.Status != c.status || p.Detail == "" || p.Type != "/problems/"+c.code || p.Instance != w.Header().Get("X-Request-Id") {
			t.Errorf("%s: %v %s", c.name, w.Header(), w.Body)
		}
		if (c.pointer == "") != (len(p.Errors) == 0) || (c.pointer != "" && p.Errors[0].Pointer != c.pointer) {
			t.Errorf("%s: points at %v, want %q", c.name, p.Errors, c.pointer)
		}
		if strings.Contains(w.Body.String(), "canary") || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s repeats what nobody should read: %s", c.name, w.Body)
		}
	}
	if n := strings.Count(log.String(), "request failed"); n != 2 {
		t.Errorf("our two faults are logged %d times:\n%s", n, log)
	}
}

func TestLogHoldsNeitherPathNorQueryNorBody(t *testing.T) {
	t.Parallel()
	s, log := testServer(t, Options{})
	for _, note := range []string{"canary", "break", "refuse"} {
		ask(s, "POST", "/api/try/canary?words=canary", `{"minutes":15,"note":"`+note+`"}`, "User-Agent", "canary", "X-Request-Id", "canary", "Cookie", "timebank=canary")
	}
	ask(s, "GET", "/api/canary", "")
	if strings.Contains(log.String(), "canary") || !strings.Contains(log.String(), "route=/api/try/:id status=200") {
		t.Errorf("log:\n%s", log)
	}
}

func TestGateIsAskedBeforeAnythingIsRead(t *testing.T) {
	t.Parallel()
	s, _ := testServer(t, Options{Gate: openGate{fault.New(fault.Unauthenticated, "sign-in", "Please sign in.")}})
	for _, body := range []string{`{"minutes":15}`, `{"minutes":`, ``} {
		if w := ask(s, "POST", "/api/try/1?extra=1", body); w.Code != http.StatusUnauthorized {
			t.Errorf("%q: %d %s", body, w.Code, w.Body)
		}
	}
}

func TestForwardedAddressIsBelievedOnlyFromTrustedProxies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, forwarded, want string
		proxies               []string
	}{
		{"no proxy", "203.0.113.9", "192.0.2.7", nil},
		{"another network", "203.0.113.9", "192.0.2.7", []string{"10.0.0.0/8"}},
		{"our proxy", "203.0.113.9", "203.0.113.9", []string{"192.0.2.0/24"}},
		{"what the client made up before", "127.0.0.1, 203.0.113.9", "203.0.113.9", []string{"192.0.2.0/24"}},
	} {
		s, _ := testServer(t, Options{Proxies: c.proxies})
		w := ask(s, "POST", "/api/try/1", `{"minutes":15}`, "X-Forwarded-For", c.forwarded, "X-Real-Ip", "198.51.100.1")
		var out struct{ IP string }
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || out.IP != c.want {
			t.Errorf("%s: %q, want %q", c.name, out.IP, c.want)
		}
	}
}

func TestStrictTransportIsForHTTPSOnly(t *testing.T) {
	t.Parallel()
	for secure, want := range map[bool]bool{true: true, false: false} {
		s, _ := testServer(t, Options{Secure: secure})
		if got := ask(s, "GET", "/healthz", "").Header().Get("Strict-Transport-Security") != ""; got != want {
			t.Errorf("secure %v: sent %v", secure, got)
		}
	}
}

func TestReadyAsksTheHouse(t *testing.T) {
	t.Parallel()
	s, err := New(Options{Log: slog.New(slog.DiscardHandler), Ready: func(context.Context) error { return errors.New("secret host is down") }})
	if err != nil {
		t.Fatal(err)
	}
	if w := ask(s, "GET", "/readyz", ""); w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("ready: %d %s", w.Code, w.Body)
	}
	if w := ask(s, "GET", "/healthz", ""); w.Code != http.StatusOK {
		t.Errorf("alive: %d", w.Code)
	}
}

func TestAddressThatCannotBeHadIsToldPlainly(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	for addr, want := range map[string]string{taken.Addr().String(): "something already listens", "8080": "no address", "203.0.113.200:80": "no address", ":999999": "no address"} {
		if _, err := Listen(addr); !errors.Is(err, ErrAddress) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", addr, err)
		}
	}
}

func TestOperationThatSaysNotWhoMayCallItStopsTheProgram(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("it is served")
		}
	}()
	s, _ := testServer(t, Options{})
	Register(s.Routes, Op{ID: "open", Method: "GET", Path: "/open", Room: "test", Summary: "Open"}, func(context.Context, *struct{}) (*struct{}, error) { return nil, nil })
}
