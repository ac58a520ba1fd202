package pgembed

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	oldestMajor = 15 // the oldest PostgreSQL the platform's SQL is written for

	binEnv    = "TIMEBANK_PG_BIN"    // the folder of the binaries to use, and no other
	sourceEnv = "TIMEBANK_PG_SOURCE" // "machine" or "npm": that source only
)

// folders is where systems put a server's binaries. Most keep them out of PATH,
// because several majors may stand side by side.
var folders = []string{
	"/usr/lib/postgresql/*/bin",          // Debian, Ubuntu
	"/usr/pgsql-*/bin",                   // PostgreSQL's own packages for Red Hat and Fedora
	"/usr/libexec/postgresql*",           // Alpine
	"/opt/homebrew/opt/postgresql@*/bin", // Homebrew, Apple silicon
	"/usr/local/opt/postgresql@*/bin",    // Homebrew, Intel
	"/Applications/Postgres.app/Contents/Versions/*/bin",
}

// binaries is a folder that holds initdb and postgres.
type binaries struct {
	dir   string
	major int
}

func (b binaries) initdb() string   { return filepath.Join(b.dir, "initdb") }
func (b binaries) postgres() string { return filepath.Join(b.dir, "postgres") }

// pickBinaries chooses what to run as the account a. A major other than zero is
// that of existing data, and no other will do.
func pickBinaries(ctx context.Context, c Config, major int, a account) (binaries, error) {
	source := os.Getenv(sourceEnv)
	if source != "" && source != "machine" && source != "npm" {
		return binaries{}, refuse(ErrNoPostgres, nil, "%s is %q, which is not a source of PostgreSQL: set it to machine or npm, or leave it out", sourceEnv, source)
	}
	hint := ""
	if source != "npm" {
		var found []binaries
		if found, hint = onMachine(c.Require, a); len(found) > 0 {
			if b, ok := ofMajor(found, major); ok {
				return b, nil
			}
		}
	}
	if dir := os.Getenv(binEnv); dir != "" && source != "npm" {
		if major != 0 && hint == "" {
			return binaries{}, otherMajor(c.Root, major)
		}
		return binaries{}, refuse(ErrNoPostgres, nil, "%s names %s, which holds no usable PostgreSQL %d or later%s: point it at the folder of initdb and postgres", binEnv, dir, oldestMajor, hint)
	}
	if major != 0 && major != npmMajor {
		return binaries{}, otherMajor(c.Root, major)
	}
	if source == "machine" {
		return binaries{}, refuse(ErrNoPostgres, nil, "no usable PostgreSQL %d or later was found on this machine%s: install it (Debian, Ubuntu: apt-get install postgresql), %s", oldestMajor, hint, advice)
	}
	return fetch(ctx, c, hint, a)
}

func otherMajor(root string, major int) error {
	return refuse(ErrOtherMajor, nil, "the data in %s were made by PostgreSQL %d, which is not installed here, and were left as they are: install PostgreSQL %d, or choose another state directory and bring the data over by export and import", root, major, major)
}

// ofMajor takes the newest, or the one that existing data need.
func ofMajor(found []binaries, major int) (binaries, bool) {
	slices.SortStableFunc(found, func(x, y binaries) int { return y.major - x.major })
	for _, b := range found {
		if major == 0 || b.major == major {
			return b, true
		}
	}
	return binaries{}, false
}

// onMachine finds the installed binaries that will do. The hint, a clause in
// brackets, says why the last of the others will not.
func onMachine(require []string, a account) (found []binaries, hint string) {
	for _, dir := range candidates() {
		b, ok := probe(dir)
		if !ok || slices.Contains(found, b) {
			continue
		}
		if b.major < oldestMajor {
			hint = fmt.Sprintf(" (there is a PostgreSQL %d in %s)", b.major, b.dir)
		} else if name := b.lacks(require); name != "" {
			hint = fmt.Sprintf(" (PostgreSQL %d in %s lacks the extension %s, which is in its contrib package)", b.major, b.dir, name)
		} else if at := blockedAt(b.dir, a); at != "" {
			hint = fmt.Sprintf(" (the server's account may not enter %s)", at)
		} else {
			found = append(found, b)
		}
	}
	return found, hint
}

func candidates() []string {
	if dir := os.Getenv(binEnv); dir != "" {
		return []string{dir}
	}
	var dirs []string
	if path, err := exec.LookPath("postgres"); err == nil {
		dirs = append(dirs, filepath.Dir(path))
	}
	for _, pattern := range folders {
		matches, _ := filepath.Glob(pattern) // the patterns are well formed
		dirs = append(dirs, matches...)
	}
	return dirs
}

var versionRE = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// probe runs the server of dir for its version. A link in PATH is followed to
// the folder that holds initdb as well.
func probe(dir string) (binaries, bool) {
	path, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres"))
	if err != nil {
		return binaries{}, false
	}
	b := binaries{dir: filepath.Dir(path)}
	if _, err := os.Stat(b.initdb()); err != nil {
		return b, false
	}
	cmd := exec.Command(b.postgres(), "--version")
	cmd.Env = cleanEnv()
	out, err := cmd.Output()
	if err != nil {
		return b, false
	}
	m := versionRE.FindSubmatch(out)
	if m == nil {
		return b, false
	}
	b.major, err = strconv.Atoi(string(m[1]))
	return b, err == nil
}

// lacks names the first extension that is not installed: some systems keep
// contrib in a package of its own.
func (b binaries) lacks(names []string) string {
	if len(names) == 0 {
		return ""
	}
	share := ""
	for _, dir := range []string{
		filepath.Join(b.dir, "../share/postgresql"), filepath.Join(b.dir, "../share"),
		fmt.Sprintf("/usr/share/postgresql/%d", b.major), fmt.Sprintf("/usr/share/postgresql%d", b.major),
		"/usr/share/postgresql", "/usr/share/pgsql",
	} {
		if _, err := os.Stat(filepath.Join(dir, "extension", "plpgsql.control")); err == nil {
			share = dir
			break
		}
	}
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(share, "extension", name+".control")); share == "" || err != nil {
			return name
		}
	}
	return ""
}

// keepMemory has the C library of a backend keep what a statement gave back, for the
// next one, up to 8 MiB: it would else shrink and grow the process for every one,
// which on a machine of several processors, the more so a virtual one, costs a tenth
// to a quarter of a small statement.
var keepMemory = []string{"MALLOC_TRIM_THRESHOLD_=8388608", "MALLOC_TOP_PAD_=262144", "MALLOC_MMAP_THRESHOLD_=1048576"}

// cleanEnv is the environment for PostgreSQL's programs: without this user's
// settings for PostgreSQL, language and home. A client library inside the
// server would otherwise look for certificates in a home it may not read.
func cleanEnv() []string {
	env := append([]string{"LC_ALL=C", "HOME=/"}, keepMemory...)
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		if name != "HOME" && name != "LANG" && !strings.HasPrefix(name, "LC_") && !strings.HasPrefix(name, "PG") {
			env = append(env, e)
		}
	}
	return env
}

// takes tells whether the server would start with a setting, "name=value", as it
// was built.
func (b binaries) takes(who account, data, setting string) bool {
	name, _, _ := strings.Cut(setting, "=")
	cmd := exec.Command(b.postgres(), "-D", data, "-C", name, "-c", setting)
	cmd.Env = cleanEnv()
	cmd.Dir = "/"
	who.apply(cmd)
	return cmd.Run() == nil
}
