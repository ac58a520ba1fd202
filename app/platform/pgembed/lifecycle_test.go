package pgembed

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"
)

func TestSignalsStopTheServerCleanly(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			root := preparedRoot(t)
			c := startChild(t, request{Root: root, Durable: true})
			pid := serverPid(t, root)
			if err := c.cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			if err := c.cmd.Wait(); err != nil {
				t.Fatalf("%v\n%s", err, c.stderr.String())
			}
			if isServer(pid, dataOf(t, root)) || !ended(root) {
				t.Error("the server is still there")
			}
			log, _ := os.ReadFile(logPath(root))
			if !strings.Contains(string(log), "database system is shut down") {
				t.Errorf("no clean shutdown:\n%s", log)
			}
		})
	}
}

// A Ctrl-C goes to every process of the terminal's foreground group. The server
// is not in it: the program stops its own work first, and the server last.
func TestInterruptOfTheGroupReachesOnlyTheProgram(t *testing.T) {
	root := preparedRoot(t)
	c := startChild(t, request{Root: root, Durable: true})
	server, err := syscall.Getpgid(serverPid(t, root))
	if err != nil {
		t.Fatal(err)
	}
	if server == c.cmd.Process.Pid {
		t.Fatal("the server is in the program's process group")
	}
	if err := syscall.Kill(-c.cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, c.stderr.String())
	}
	if !ended(root) {
		t.Error("the server is still there")
	}
}

func TestWatchdogStopsTheServerOfAKilledProgram(t *testing.T) {
	root := preparedRoot(t)
	c := startChild(t, request{Root: root, Durable: true, Grace: 100 * time.Millisecond})
	c.kill()
	eventually(t, "the watchdog stopped the server", func() bool { return ended(root) })
	if pid := watchdogOf(root); pid != 0 {
		eventually(t, "the watchdog left", func() bool { return watchdogOf(root) == 0 })
	}
}

func TestRestartWithinTheGraceAdopts(t *testing.T) {
	root := preparedRoot(t)
	c := startChild(t, request{Root: root, Durable: true, Grace: patience})
	pid := serverPid(t, root)
	c.kill()
	c = startChild(t, request{Root: root, Durable: true, Grace: patience})
	if !c.Adopted || serverPid(t, root) != pid {
		t.Errorf("adopted: %v, process %d, before %d", c.Adopted, serverPid(t, root), pid)
	}
	c.end(t)
	if !ended(root) {
		t.Error("the server is still there")
	}
}

func TestOrphanIsAdoptedAndStopped(t *testing.T) {
	needLinux(t)
	root := preparedRoot(t)
	c := startChild(t, request{Root: root, Durable: true, Grace: patience})
	pid, dog := serverPid(t, root), watchdogOf(root)
	if dog == 0 {
		t.Fatal("no watchdog is on duty")
	}
	c.kill()
	if err := syscall.Kill(dog, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the dead watchdog's lock was free", func() bool {
		l, err := try(filepath.Join(root, watchLock), exclusive)
		if err == nil {
			l.release()
		}
		return err == nil
	})
	c = startChild(t, request{Root: root, Durable: true, Grace: patience})
	if !c.Adopted || serverPid(t, root) != pid {
		t.Error("the orphan was not adopted")
	}
	eventually(t, "another watchdog came on duty", func() bool { d := watchdogOf(root); return d != 0 && d != dog })
	c.end(t)
	if !ended(root) {
		t.Error("the server is still there")
	}
}

func TestAcknowledgedRowsSurviveAKilledServer(t *testing.T) {
	root := preparedRoot(t)
	c := startChild(t, request{Root: root, Durable: true, Grace: patience})
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, c.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	enough := make(chan struct{})
	acked := make(chan int)
	go func() {
		for n := 1; ; n++ {
			if _, err := conn.Exec(ctx, "insert into kept values ($1)", n); err != nil {
				acked <- n - 1
				return
			}
			if n == 20 {
				close(enough)
			}
		}
	}()
	<-enough
	if err := syscall.Kill(serverPid(t, root), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	last := <-acked
	c.kill()
	c = startChild(t, request{Root: root, Durable: true})
	if n, _ := strconv.Atoi(query(t, c.URL, "select count(*)::text from kept where n > 0")); n < last {
		t.Errorf("%d rows were acknowledged, %d are there", last, n)
	}
	c.end(t)
	if log, _ := os.ReadFile(logPath(root)); !strings.Contains(string(log), "not properly shut down") {
		t.Error("the server did not recover: the test did not test anything")
	}
}

func TestEverythingKilledAtOnce(t *testing.T) {
	needLinux(t)
	root := preparedRoot(t)
	c := startChild(t, request{Root: root, Durable: true, Grace: patience})
	pid := serverPid(t, root)
	victims := append(childrenOf(pid), pid, c.cmd.Process.Pid, watchdogOf(root))
	for _, v := range victims {
		if v != 0 {
			_ = syscall.Kill(v, syscall.SIGKILL)
		}
	}
	_ = c.cmd.Wait()
	if _, err := os.Stat(filepath.Join(dataOf(t, root), "postmaster.pid")); err != nil {
		t.Fatal("no stale pid file: the test does not test anything")
	}
	c = startChild(t, request{Root: root, Durable: true})
	if c.Adopted {
		t.Error("a dead server was adopted")
	}
	if got := query(t, c.URL, "select count(*)::text from kept"); got != "1" {
		t.Errorf("%s rows", got)
	}
	c.end(t)
}

func childrenOf(pid int) (list []int) {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	for f := range strings.FieldsSeq(string(b)) {
		if n, err := strconv.Atoi(f); err == nil {
			list = append(list, n)
		}
	}
	return list
}

// A server on its own refuses to start when the process id in its stale pid
// file belongs to anybody who lives.
func TestStalePidFileOfAReusedProcessID(t *testing.T) {
	root := preparedRoot(t)
	who, err := serverAccount(root, dataOf(t, root))
	if err != nil {
		t.Fatal(err)
	}
	sleep := exec.Command("sleep", "300")
	who.apply(sleep)
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = sleep.Process.Kill()
		_ = sleep.Wait()
	}()
	file := filepath.Join(dataOf(t, root), "postmaster.pid")
	text := fmt.Sprintf("%d\n%s\n1\n%s\n%s/socket\n\n  1 1\nready\n", sleep.Process.Pid, dataOf(t, root), port, root)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := who.give(file); err != nil {
		t.Fatal(err)
	}
	c := startChild(t, request{Root: root, Durable: true})
	if c.Adopted {
		t.Error("a stranger was adopted")
	}
	c.end(t)
}

func TestKilledDuringCreation(t *testing.T) {
	root := newRoot(t)
	c := launchChild(t, request{Root: root, Durable: true})
	eventually(t, "the creation was under way", func() bool {
		found, _ := filepath.Glob(filepath.Join(root, "new-*", "data", "base"))
		return len(found) > 0
	})
	c.kill()
	if found, _ := filepath.Glob(filepath.Join(root, durableName+"*")); len(found) > 0 {
		t.Fatal("the creation had ended: the test does not test anything")
	}
	c = startChild(t, request{Root: root, Durable: true})
	c.end(t)
	if found, _ := filepath.Glob(filepath.Join(root, "new-*")); len(found) > 0 {
		t.Errorf("left behind: %v", found)
	}
}

func TestManyFirstStartsAtOnce(t *testing.T) {
	const many = 20
	root := newRoot(t)
	var all []*child
	for range many {
		all = append(all, launchChild(t, request{Root: root, Grace: patience}))
	}
	started := 0
	for _, c := range all {
		c.hear(t)
		if c.Refusal != "" {
			t.Fatal(c.Refusal)
		}
		if !c.Adopted {
			started++
		}
		if query(t, c.URL, "select 'here'") != "here" {
			t.Error("no answer")
		}
	}
	if started != 1 {
		t.Errorf("%d of %d started a server", started, many)
	}
	for _, c := range all {
		if ended(root) {
			t.Fatal("the server stopped before the last one closed")
		}
		c.end(t)
	}
	if !ended(root) {
		t.Error("the last one did not stop the server")
	}
}

func TestLeasesWithinOneProcess(t *testing.T) {
	defer goleak.VerifyNone(t)
	root := preparedRoot(t)
	first := mustStart(t, Config{Root: root, Durable: true, Grace: 100 * time.Millisecond})
	second := mustStart(t, Config{Root: root, Durable: true})
	goleak.VerifyNone(t) // a running server costs no goroutine
	if first.Adopted || !second.Adopted {
		t.Errorf("adopted: %v, %v", first.Adopted, second.Adopted)
	}
	for range 2 { // the second time does nothing
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if query(t, second.URL, "select 'here'") != "here" {
		t.Error("the first to leave took the server along")
	}
	second.Release()
	eventually(t, "the watchdog stopped the server", func() bool { return ended(root) })
}

func TestStartIsCalledOff(t *testing.T) {
	root := newRoot(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if s, err := Start(ctx, Config{Root: root}); err == nil {
		s.Close()
		t.Fatal("started all the same")
	}
	if found, _ := filepath.Glob(filepath.Join(root, "new-*")); len(found) > 0 {
		t.Errorf("left behind: %v", found)
	}
}

func mustStart(t *testing.T, c Config) *Server {
	t.Helper()
	s, err := Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}
