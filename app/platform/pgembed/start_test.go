package pgembed

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestRootsOwnHome(t *testing.T) {
	needRoot(t)
	root := filepath.Join(filepath.Dir(newRoot(t)), "home", "r")
	if err := os.Mkdir(filepath.Dir(root), 0o700); err != nil {
		t.Fatal(err)
	}
	defer discard(root)
	s, err := Start(t.Context(), Config{Root: root})
	if !(account{namespace: true}).works() {
		wantRefusal(t, err, ErrAccount, "may enter")
		t.Skip("user namespaces are not allowed here: the refusal was tested instead")
	}
	if err != nil {
		t.Fatal(err)
	}
	if query(t, s.URL, "select 'here'") != "here" {
		t.Error("no answer")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestVeryLongPath(t *testing.T) {
	root := filepath.Join(filepath.Dir(newRoot(t)), strings.Repeat("d", 120))
	t.Setenv("TMPDIR", filepath.Dir(root))
	s := mustStart(t, Config{Root: root})
	defer discard(root)
	if query(t, s.URL, "select 'here'") != "here" {
		t.Error("no answer")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// asUser runs a child as that uid, from a copy of this binary that it may read,
// with an empty home of its own.
func asUser(t *testing.T, uid uint32, env ...string) (home string, option func(*exec.Cmd)) {
	t.Helper()
	home = filepath.Join(filepath.Dir(newRoot(t)), "home")
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(home, int(uid), int(uid)); err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(filepath.Dir(home), "program")
	if err := copyFile(exe, program); err != nil {
		t.Fatal(err)
	}
	return home, func(cmd *exec.Cmd) {
		cmd.Path = program
		cmd.Dir = "/"
		cmd.Env = append(cmd.Env, "HOME="+home, "XDG_DATA_HOME=", "XDG_CACHE_HOME=", "npm_config_cache="+filepath.Join(home, ".npm"))
		cmd.Env = append(cmd.Env, env...)
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uid, Gid: uid, Groups: []uint32{}}
	}
}

func copyFile(from, to string) error {
	r, err := os.Open(from)
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r)
	return errors.Join(err, w.Close())
}

const nobodyUID = 65534

func TestOrdinaryUser(t *testing.T) {
	needRoot(t) // when the tests run as an ordinary user, all of them are this test
	for _, source := range []string{"machine", "npm"} {
		t.Run(source, func(t *testing.T) {
			home, option := asUser(t, nobodyUID, sourceEnv+"="+source)
			c := launchChild(t, request{Durable: true}, option)
			c.hear(t)
			skipUnlessFound(t, c.answer)
			root := filepath.Join(home, ".local", "share", "timebank")
			defer discard(root)
			if !strings.Contains(c.URL, "timebank") || query(t, c.URL, "select 'here'") != "here" {
				t.Error("no answer")
			}
			c.end(t)
		})
	}
}

// skipUnlessFound skips where this machine lacks what the case is about, unless
// it is a machine that is meant to have it.
func skipUnlessFound(t *testing.T, a answer) {
	t.Helper()
	switch {
	case a.Refusal == "":
	case os.Getenv("CI") == "" && (a.Kind == ErrNoPostgres.Error() || a.Kind == ErrFetch.Error()):
		t.Skip(a.Refusal)
	default:
		t.Fatal(a.Refusal)
	}
}

func TestUserWithoutAName(t *testing.T) {
	needRoot(t)
	home, option := asUser(t, 12345)
	root := filepath.Join(home, "r")
	defer discard(root)
	c := launchChild(t, request{Root: root}, option)
	c.hear(t)
	if c.Kind == ErrAccount.Error() {
		t.Skip(c.Refusal)
	}
	skipUnlessFound(t, c.answer)
	if query(t, c.URL, "select 'here'") != "here" {
		t.Error("no answer")
	}
	c.end(t)
}

func TestSomebodyElsesDirectory(t *testing.T) {
	needRoot(t)
	_, option := asUser(t, nobodyUID)
	for name, mode := range map[string]os.FileMode{"closed": 0o700, "readable": 0o755} {
		root := newRoot(t)
		if err := os.Mkdir(root, mode); err != nil {
			t.Fatal(err)
		}
		c := launchChild(t, request{Root: root}, option)
		c.hear(t)
		if c.Kind != ErrNotWritable.Error() {
			t.Errorf("%s: %s (%s)", name, c.Refusal, c.Kind)
		}
	}
}

// Data of another major stay as they are, for good and all.
func TestDataOfAnotherMajor(t *testing.T) {
	root := preparedRoot(t)
	data := dataOf(t, root)
	version, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte("99\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Start(t.Context(), Config{Root: root, Durable: true})
	wantRefusal(t, err, ErrOtherMajor, "install PostgreSQL 99")
	_, err = Start(t.Context(), Config{Root: root})
	wantRefusal(t, err, ErrState, "durable data")
	if err := os.WriteFile(filepath.Join(data, "PG_VERSION"), version, 0o600); err != nil {
		t.Fatal(err)
	}
	s := mustStart(t, Config{Root: root, Durable: true})
	if got := query(t, s.URL, "select count(*)::text from kept"); got != "1" {
		t.Errorf("%s rows", got)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestThrowawayClusterIsMadeAnew(t *testing.T) {
	root := newRoot(t)
	s := mustStart(t, Config{Root: root})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dataOf(t, root), "global", "pg_control"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s = mustStart(t, Config{Root: root})
	if query(t, s.URL, "show fsync") != "off" {
		t.Error("a throw-away cluster takes its time")
	}
	_, err := Start(t.Context(), Config{Root: root, Durable: true})
	wantRefusal(t, err, ErrState, "throw-away")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestDurableClusterIsNotMadeAnew(t *testing.T) {
	root := preparedRoot(t)
	control := filepath.Join(dataOf(t, root), "global", "pg_control")
	if err := os.WriteFile(control, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), Config{Root: root, Durable: true})
	wantRefusal(t, err, ErrServer, "pg_control")
	if info, err := os.Stat(control); err != nil || info.Size() != 0 {
		t.Error("the damaged data were touched")
	}
}

func TestMissingPassword(t *testing.T) {
	root := preparedRoot(t)
	if err := os.Remove(filepath.Join(root, "password")); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), Config{Root: root, Durable: true})
	wantRefusal(t, err, ErrState, "backup")
}

func TestDurableSettingsAndLocale(t *testing.T) {
	root := preparedRoot(t)
	if info, err := os.Stat(filepath.Join(root, "password")); err != nil || info.Mode().Perm() != 0o600 {
		t.Error("the password is not for its owner alone")
	}
	s := mustStart(t, Config{Root: root, Durable: true, Database: "Zeit bank"})
	for _, name := range []string{"fsync", "full_page_writes", "synchronous_commit", "data_checksums"} {
		if got := query(t, s.URL, "show "+name); got != "on" {
			t.Errorf("%s is %s", name, got)
		}
	}
	if got := query(t, s.URL, "select (setting = case when 'lz4' = any (enumvals) then 'lz4' else 'pglz' end)::text from pg_settings where name = 'wal_compression'"); got != "true" {
		t.Error("pages in the log are not compressed by the quickest way that the server knows")
	}
	if got := query(t, s.URL, "show listen_addresses"); got != "" {
		t.Errorf("the server listens on %q", got)
	}
	if got := query(t, s.URL, "select current_database()"); got != "Zeit bank" {
		t.Errorf("the database is %q", got)
	}
	if got := query(t, s.URL, "select lower('ÑANDÚ') || to_tsvector('simple', 'ÑandÚ')::text"); got != "ñandú'ñandú':1" {
		t.Errorf("letters outside ASCII do not fold: %s", got)
	}
	if err := execute(s.DSN("template1"), "create extension pg_trgm"); err == nil {
		if got := query(t, s.DSN("template1"), "select array_length(show_trgm('Éñ'), 1)::text"); got != "3" {
			t.Errorf("trigrams of letters outside ASCII: %s", got)
		}
	}
	if err := execute(strings.Replace(s.URL, s.secret, "guess", 1), "select 1"); err == nil {
		t.Error("any password is good enough")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// wantRefusal insists on the kind, on what to do, and on one sentence.
func wantRefusal(t *testing.T, err, kind error, todo string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || !errors.Is(err, kind) {
		t.Fatalf("got %v, want %v", err, kind)
	}
	if !strings.Contains(e.Text, todo) || strings.ContainsAny(e.Text, "\n") || strings.HasSuffix(e.Text, ".") {
		t.Errorf("not the sentence it should be: %s", e.Text)
	}
}
