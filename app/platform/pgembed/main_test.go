package pgembed

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// patience bounds every wait, generously: the machine may be busy.
const patience = 60 * time.Second

// childEnv makes this test binary a program that uses the package. Its value is
// the JSON of a request.
const childEnv = "PGEMBED_TEST_CHILD"

type request struct {
	Root    string
	Durable bool
	Grace   time.Duration
}

type answer struct {
	URL     string
	Adopted bool
	Refusal string // the text of the error
	Kind    string // and of its kind
}

func TestMain(m *testing.M) {
	if text := os.Getenv(childEnv); text != "" {
		os.Exit(beChild(text))
	}
	code := m.Run()
	if template.root != "" {
		discard(template.root)
	}
	os.Exit(code)
}

// beChild starts the server, says so, and closes it on SIGINT, SIGTERM or when
// the test has closed its end of the pipe.
func beChild(text string) int {
	var r request
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return 2
	}
	os.Unsetenv(childEnv) // the watchdog is started with our environment
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	s, err := Start(ctx, Config{Root: r.Root, Durable: r.Durable, Grace: r.Grace, Progress: func(line string) {
		fmt.Fprintln(os.Stderr, line)
	}})
	var a answer
	if err != nil {
		a.Refusal = err.Error()
		var e *Error
		if errors.As(err, &e) {
			a.Kind = e.Kind.Error()
		}
	} else {
		a = answer{URL: s.URL, Adopted: s.Adopted}
	}
	if err := json.NewEncoder(os.Stdout).Encode(a); err != nil || a.Refusal != "" {
		return 3
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	<-ctx.Done()
	if err := s.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 4
	}
	return 0
}

// child is a process of ours that holds a lease.
type child struct {
	answer
	cmd    *exec.Cmd
	stdin  io.Closer
	stdout io.Reader
	stderr bytes.Buffer
}

// launchChild runs the child without waiting for its server. Option prepares
// the command: another user, another environment.
func launchChild(t *testing.T, r request, option ...func(*exec.Cmd)) *child {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	c := &child{cmd: exec.Command(exe)}
	// The race detector would make every child linger for a second.
	c.cmd.Env = append(os.Environ(), childEnv+"="+string(text), "GORACE=atexit_sleep_ms=0")
	c.cmd.Stderr = &c.stderr
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	for _, o := range option {
		o(c.cmd)
	}
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if c.stdout, err = c.cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.kill() })
	return c
}

// hear waits for what the child has to say.
func (c *child) hear(t *testing.T) {
	t.Helper()
	line, err := bufio.NewReader(c.stdout).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &c.answer)
	}
	if err != nil {
		c.kill()
		t.Fatalf("the child said nothing: %v\n%s", err, c.stderr.String())
	}
}

// startChild runs a child and waits until it has its server.
func startChild(t *testing.T, r request, option ...func(*exec.Cmd)) *child {
	t.Helper()
	c := launchChild(t, r, option...)
	c.hear(t)
	if c.Refusal != "" {
		t.Fatalf("the child was refused: %s", c.Refusal)
	}
	return c
}

// end closes the child and insists that it closed well.
func (c *child) end(t *testing.T) {
	t.Helper()
	c.stdin.Close()
	if err := c.cmd.Wait(); err != nil {
		t.Errorf("the child ended with %v\n%s", err, c.stderr.String())
	}
}

// kill ends the child the hard way. Doing it twice is harmless.
func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()
}

// memory is a directory of temporary files, in memory where there is some.
func memory() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		var st syscall.Statfs_t
		if syscall.Statfs("/dev/shm", &st) == nil && uint64(st.Bavail)*uint64(st.Bsize) >= 1<<30 {
			return "/dev/shm"
		}
	}
	return os.TempDir()
}

// newRoot is the name of a state directory that does not exist yet. Whatever
// lives in it when the test ends is stopped.
func newRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(memory(), "pge-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(dir, "r")
	t.Cleanup(func() {
		if t.Failed() {
			log, _ := os.ReadFile(logPath(root))
			t.Logf("server.log:\n%s", log)
		}
		discard(root)
		os.RemoveAll(dir)
	})
	return root
}

// discard stops what runs in root and removes it.
func discard(root string) {
	_ = stopAll(root)
	if pid := watchdogOf(root); pid != 0 {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	_ = os.RemoveAll(root)
}

// template is a durable cluster with a table in it, made once and copied for
// every test that is about something else than its making.
var template struct {
	once sync.Once
	root string
	err  error
}

func preparedRoot(t *testing.T) string {
	t.Helper()
	template.once.Do(func() {
		template.root, template.err = os.MkdirTemp(memory(), "pge-")
		if template.err == nil && os.Geteuid() == 0 {
			template.err = os.Chmod(template.root, 0o711)
		}
		if template.err != nil {
			return
		}
		s, err := Start(context.Background(), Config{Root: template.root, Durable: true})
		if err != nil {
			template.err = err
			return
		}
		template.err = errors.Join(
			execute(s.URL, "create table kept (n bigint primary key); insert into kept values (0)"),
			s.Close())
	})
	if template.err != nil {
		t.Fatal(template.err)
	}
	root := newRoot(t)
	if out, err := exec.Command("cp", "-a", template.root, root).CombinedOutput(); err != nil {
		t.Fatalf("cp: %v\n%s", err, out)
	}
	return root
}

func execute(url, sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	return err
}

// query returns the one value of a statement as text.
func query(t *testing.T, url, sql string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	var value string
	if err := conn.QueryRow(ctx, sql).Scan(&value); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

// dataOf is the one data directory of root.
func dataOf(t *testing.T, root string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(root, "*", "PG_VERSION"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%d data directories in %s", len(found), root)
	}
	return filepath.Dir(found[0])
}

// serverPid is the process id of the server that runs in root.
func serverPid(t *testing.T, root string) int {
	t.Helper()
	p, up := readPid(dataOf(t, root))
	if !up {
		t.Fatal("no server is running")
	}
	return p.pid
}

// watchdogOf is the process id of root's watchdog, or 0.
func watchdogOf(root string) int {
	found, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range found {
		b, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(b), watchEnv+"=") {
			continue
		}
		for e := range strings.SplitSeq(string(b), "\x00") {
			if strings.HasPrefix(e, watchEnv+"=") && strings.HasSuffix(e, ":"+root) {
				pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
				return pid
			}
		}
	}
	return 0
}

// eventually polls until the condition holds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(poll) {
		if condition() {
			return
		}
	}
	t.Fatalf("in %s it did not happen that %s", patience, what)
}

func needLinux(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("/proc/self/environ"); err != nil {
		t.Skip("needs /proc")
	}
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
}
