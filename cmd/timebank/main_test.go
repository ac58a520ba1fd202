package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"timebank/app/platform/pgembed"
	"timebank/frontend"
)

// binary is the built program; TestMain makes it.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "timebank")
	if err == nil {
		binary = filepath.Join(dir, "timebank")
		var out []byte
		if out, err = exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
			err = fmt.Errorf("%w: %s", err, out)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// program is a command with these settings and no others of ours.
func program(ctx context.Context, settings map[string]string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, binary, args...)
	for _, line := range os.Environ() {
		if !regexp.MustCompile(`^(TIMEBANK_(ADDR|URL|DEMO|STATE|KEY|TRUSTED_PROXIES|LOG)|DATABASE_|SMTP_|MAIL_)`).MatchString(line) {
			cmd.Env = append(cmd.Env, line)
		}
	}
	for k, v := range settings {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	return cmd
}

func freePort(t *testing.T) (net.Listener, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l, l.Addr().String()
}

// Whatever stops a start is one sentence that says what to do, and no success.
func TestStartThatCannotBeIsOneSentence(t *testing.T) {
	t.Parallel()
	taken, busy := freePort(t)
	t.Cleanup(func() { _ = taken.Close() }) // after the parallel tests below
	free, open := freePort(t)
	_ = free.Close()
	for name, c := range map[string]struct {
		set  map[string]string
		args string
		want string
	}{
		"port in use":             {map[string]string{"TIMEBANK_ADDR": busy}, "serve", "already listens on " + busy},
		"no port":                 {map[string]string{"TIMEBANK_ADDR": "nonsense"}, "serve", "TIMEBANK_ADDR"},
		"unreadable address":      {map[string]string{"TIMEBANK_ADDR": open, "DATABASE_URL": "postgres://u:hunter2@h:port/x"}, "serve", "postgres://user:password@host"},
		"server that is down":     {map[string]string{"TIMEBANK_ADDR": open, "DATABASE_URL": "postgres://u:hunter2@127.0.0.1:1/x"}, "serve", "database"},
		"down, for a tool":        {map[string]string{"DATABASE_URL": "postgres://u:hunter2@127.0.0.1:1/x"}, "migrate", "database"},
		"proxies that are no net": {map[string]string{"TIMEBANK_TRUSTED_PROXIES": "hunter3"}, "serve", "TIMEBANK_TRUSTED_PROXIES"},
		"secret file is missing":  {map[string]string{"TIMEBANK_KEY_FILE": "/does/not/exist"}, "serve", "TIMEBANK_KEY_FILE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, c.set, c.want, c.args)
		})
	}
}

func refused(t *testing.T, set map[string]string, want string, args ...string) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 60*time.Second)
	defer stop()
	if set["TIMEBANK_STATE"] == "" {
		set["TIMEBANK_STATE"] = t.TempDir() // should it start after all, then not on anybody's data
	}
	cmd := program(ctx, set, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	err := cmd.Run()
	said := strings.TrimSpace(stderr.String())
	if _, failed := errors.AsType[*exec.ExitError](err); !failed || ctx.Err() != nil {
		t.Errorf("exit: %v", err)
	}
	if !strings.HasPrefix(said, "timebank: ") || !strings.Contains(said, want) || strings.Contains(said, "\n") || strings.Contains(said, "hunter2") {
		t.Errorf("said %q, want one sentence with %q", said, want)
	}
}

func TestStateThatCannotBeWrittenIsNamed(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root writes everywhere")
	}
	free, open := freePort(t)
	_ = free.Close()
	refused(t, map[string]string{"TIMEBANK_ADDR": open, "TIMEBANK_STATE": "/proc/timebank"}, "/proc/timebank", "serve")
}

func TestDocumentNeedsNoDatabase(t *testing.T) {
	t.Parallel()
	out, err := program(t.Context(), map[string]string{"DATABASE_URL": "postgres://127.0.0.1:1/x"}, "openapi").Output()
	var doc struct {
		OpenAPI string         `json:"openapi"`
		Paths   map[string]any `json:"paths"`
	}
	if err != nil || json.Unmarshal(out, &doc) != nil || !strings.HasPrefix(doc.OpenAPI, "3.1") || len(doc.Paths) < 20 {
		t.Errorf("openapi: %v, %s, %d paths", err, doc.OpenAPI, len(doc.Paths))
	}
	kept, err := os.ReadFile("../../frontend/src/lib/api/openapi.json")
	if err != nil || !bytes.Equal(bytes.TrimSpace(kept), bytes.TrimSpace(out)) {
		t.Errorf("frontend/src/lib/api/openapi.json is not of this program: %v", err)
	}
}

// demo is a running program.
type demo struct {
	client http.Client
	t      *testing.T
	cmd    *exec.Cmd
	url    string
	said   chan string
}

func startDemo(t *testing.T, state string) *demo {
	t.Helper()
	free, addr := freePort(t)
	_ = free.Close()
	d := &demo{t: t, url: "http://" + addr, said: make(chan string, 1000)}
	d.cmd = program(context.WithoutCancel(t.Context()), map[string]string{"TIMEBANK_ADDR": addr, "TIMEBANK_STATE": state,
		"TIMEBANK_URL": "http://timebank.test"}, "demo")
	var stderr bytes.Buffer
	d.cmd.Stderr = &stderr
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.cmd.Process.Kill() })
	go func() {
		defer close(d.said)
		for s := bufio.NewScanner(out); s.Scan(); {
			d.said <- s.Text()
		}
	}()
	limit := time.After(90 * time.Second)
	for {
		select {
		case line, more := <-d.said:
			if !more {
				_ = d.cmd.Wait()
				t.Fatalf("it ended: %s", stderr.String())
			}
			if strings.Contains(line, "is open at") {
				return d
			}
		case <-limit:
			t.Fatal("it does not open")
		}
	}
}

// do asks the program and reads its JSON answer.
func (d *demo) do(method, path, token string, body any) map[string]any {
	d.t.Helper()
	j, err := json.Marshal(body)
	if err != nil {
		d.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(d.t.Context(), method, d.url+path, bytes.NewReader(j))
	if err != nil {
		d.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	if d.client.Jar == nil {
		d.client.Jar, _ = cookiejar.New(nil) // a code counts in the browser that asked for it
	}
	res, err := d.client.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 400 {
		d.t.Fatalf("%s %s: %d %s %v", method, path, res.StatusCode, raw, err)
	}
	var out map[string]any
	_ = json.Unmarshal(raw, &out)
	return out
}

var spacedCode = regexp.MustCompile(`Your code is (\d{3} \d{3})`)

func (d *demo) signIn(email string) (token string) {
	d.t.Helper()
	d.do("POST", "/api/session/code", "", map[string]string{"contact": email})
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		mails, _ := d.do("GET", "/api/demo/mail", "", nil)["messages"].([]any)
		for _, m := range mails {
			mail, _ := m.(map[string]any)
			text, _ := mail["text"].(string)
			if c := spacedCode.FindStringSubmatch(text); c != nil && mail["to"] == email {
				token, _ = d.do("POST", "/api/session", "", map[string]string{"contact": email, "code": c[1]})["access"].(string)
				return token
			}
		}
	}
	d.t.Fatal("no code arrived")
	return ""
}

func (d *demo) notes(token string) string {
	d.t.Helper()
	var all []string
	rows, _ := d.do("GET", "/api/banks/hilltop/listings?type=offer", token, nil)["listings"].([]any)
	for _, r := range rows {
		row, _ := r.(map[string]any)
		note, _ := row["note"].(string)
		all = append(all, note)
	}
	return strings.Join(all, "\n")
}

// Two programs share a state folder and its database; one that is killed takes
// nothing with it; and a stop is a clean one.
func TestDemoSurvivesAKillAndSharesItsDatabase(t *testing.T) {
	t.Parallel()
	if _, err := frontend.Site().Open("200.html"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("the web app is not built")
		}
		t.Skip("the web app is not built: make build")
	}
	state, err := os.MkdirTemp("", "tb") // short: a socket's path has a limit
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(state) })
	first := startDemo(t, state)
	token := first.signIn("maria@example.org")
	const note = "Written before the kill"
	first.do("POST", "/api/banks/hilltop/offers", token, map[string]string{"kind": "out.lift", "note": note})
	second := startDemo(t, state)
	if got := second.notes(token); !strings.Contains(got, note) {
		t.Errorf("the second program reads %q", got)
	}
	for _, d := range []*demo{first, second} {
		if err := d.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = d.cmd.Wait()
	}
	third := startDemo(t, state)
	if got := third.notes(token); !strings.Contains(got, note) {
		t.Errorf("after the kill: %q", got)
	}
	t.Run("another key is refused", func(t *testing.T) {
		free, open := freePort(t)
		_ = free.Close()
		refused(t, map[string]string{"TIMEBANK_ADDR": open, "TIMEBANK_STATE": state, "TIMEBANK_KEY": "not a key"}, "timebank key", "serve")
		other, err := program(t.Context(), nil, "key").Output()
		if err != nil {
			t.Fatal(err)
		}
		refused(t, map[string]string{"TIMEBANK_ADDR": open, "TIMEBANK_STATE": state, "TIMEBANK_KEY": strings.TrimSpace(string(other))}, "key the database was made with", "serve")
	})
	t.Run("books are proved, and a forged row fails the proof by its name", func(t *testing.T) { proves(t, state) })
	if err := third.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := third.cmd.Wait(); err != nil {
		t.Errorf("a stop that was asked for: %v", err)
	}
}

// proves has the program prove the demo's books, before and after one row of them is
// forged.
func proves(t *testing.T, state string) {
	verify := func() (string, error) {
		out, err := program(t.Context(), map[string]string{"TIMEBANK_STATE": state}, "ledger", "verify", "--bank", "hilltop").Output()
		return string(out), err
	}
	if said, err := verify(); err != nil || !strings.Contains(said, " entries, sealed up to ") {
		t.Fatalf("said %q, %v", said, err)
	}
	s, err := pgembed.Start(t.Context(), pgembed.Config{Root: filepath.Join(state, "postgres"), Database: "timebank", Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	owner, err := pgx.Connect(t.Context(), s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = owner.Close(context.WithoutCancel(t.Context())) }()
	var account string
	err = owner.QueryRow(t.Context(), `update ledger.entry set balance = balance + 60 where ctid = (select e.ctid from ledger.entry e
		join directory.bank b on b.id = e.bank_id where b.slug = 'hilltop' limit 1) returning format('entry %s of account %s', n, account_id)`).Scan(&account)
	if err != nil {
		t.Fatal(err)
	}
	said, err := verify()
	if _, failed := errors.AsType[*exec.ExitError](err); !failed || !strings.Contains(said, account) {
		t.Errorf("said %q, %v; want a failure that names %s", said, err, account)
	}
}
