package pgembed

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

const superuser = "postgres"

// The two kinds of data directory have names of their own, so that a durable
// one can never be taken for one that may be thrown away.
const (
	durableName   = "data-"
	throwawayName = "scratch-"
)

// cluster is a data directory, named by its kind and major version.
type cluster struct {
	dir   string
	major int
}

func clusterDir(root string, durable bool, major int) string {
	name := throwawayName
	if durable {
		name = durableName
	}
	return filepath.Join(root, name+strconv.Itoa(major))
}

// clusters lists the data directories of one kind, and refuses a state
// directory that also holds the other, or more than one durable one.
func clusters(root string, durable bool) ([]cluster, error) {
	keep, err := listClusters(root, durableName)
	if err != nil {
		return nil, err
	}
	scratch, err := listClusters(root, throwawayName)
	if err != nil {
		return nil, err
	}
	switch {
	case len(keep) > 0 && (!durable || len(scratch) > 0):
		return nil, refuse(ErrState, nil, "%s holds durable data and may not be used for tests as well: choose another state directory for one of them", root)
	case len(scratch) > 0 && durable:
		return nil, refuse(ErrState, nil, "%s holds a throw-away test database: choose another state directory for data that are to stay", root)
	case len(keep) > 1:
		return nil, refuse(ErrState, nil, "%s holds more than one data directory (%s and %s): move away the one that is not in use", root, filepath.Base(keep[0].dir), filepath.Base(keep[1].dir))
	case durable:
		return keep, nil
	}
	return scratch, nil
}

func listClusters(root, name string) ([]cluster, error) {
	files, _ := filepath.Glob(filepath.Join(escape(root), name+"*", "PG_VERSION")) // the pattern is well formed
	var list []cluster
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, diskError(filepath.Dir(file), err)
		}
		major, err := strconv.Atoi(strings.TrimSpace(string(b)))
		if err != nil {
			return nil, refuse(ErrState, err, "%s names no PostgreSQL version: the data directory is damaged, restore it from a backup", file)
		}
		list = append(list, cluster{filepath.Dir(file), major})
	}
	return list, nil
}

// escape takes the meaning from the characters Glob would read in a path.
func escape(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// makeRoot makes the state directory: enterable for the account that root's
// server runs as, closed to others for everybody else's.
func makeRoot(root string) error {
	info, err := os.Stat(root)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(root), 0o755); err == nil {
			err = os.Mkdir(root, 0o700)
		}
		if err == nil && os.Geteuid() == 0 {
			err = os.Chmod(root, 0o711)
		}
		if errors.Is(err, fs.ErrExist) { // somebody else was a moment faster
			err = nil
		}
	} else if err == nil && !info.IsDir() {
		return refuse(ErrState, nil, "%s is a file and not a directory: choose another state directory", root)
	}
	if err != nil {
		return diskError(root, err)
	}
	if uid, _, ok := ownerOf(root); ok && os.Geteuid() != 0 && uid != os.Geteuid() {
		return refuse(ErrNotWritable, nil, "the state directory %s belongs to another user: start as that user, choose another state directory, %s", root, advice)
	}
	return nil
}

// sweep removes what a start that was killed left behind.
func sweep(root string) {
	left, _ := filepath.Glob(filepath.Join(escape(root), "new-*"))
	for _, dir := range left {
		_ = os.RemoveAll(dir) // a remnant that stays does no harm
	}
}

// readSecret returns the superuser's password, which is chosen once per state
// directory and kept in a file that only its owner can read.
func readSecret(root string, haveData bool) (string, error) {
	path := filepath.Join(root, "password")
	b, err := os.ReadFile(path)
	switch secret := strings.TrimSpace(string(b)); {
	case err == nil && secret != "":
		return secret, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return "", diskError(path, err)
	case haveData:
		return "", refuse(ErrState, err, "%s, the password of the data beside it, is missing: restore that file from a backup", path)
	}
	secret := hex.EncodeToString(random(18))
	if err := os.WriteFile(path+".new", []byte(secret+"\n"), 0o600); err != nil {
		return "", diskError(root, err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return "", diskError(root, err)
	}
	return secret, nil
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return b
}

// create makes a data directory beside its final place and renames it, so that
// one that was cut short never looks whole.
func create(ctx context.Context, b binaries, a account, dir, secret string, durable bool) error {
	aside := filepath.Join(filepath.Dir(dir), "new-"+hex.EncodeToString(random(4)))
	data, pw := filepath.Join(aside, "data"), filepath.Join(aside, "password")
	if err := prepareAside(a, aside, data, pw, secret); err != nil {
		return diskError(filepath.Dir(dir), err)
	}
	defer os.RemoveAll(aside)
	args := []string{"-D", data, "-U", superuser, "--pwfile", pw, "-A", "scram-sha-256", "-E", "UTF8", "--data-checksums", "--no-instructions"}
	if !durable {
		args = append(args, "--no-sync")
	}
	cmd := exec.CommandContext(ctx, b.initdb(), append(args, localeArgs(b.major)...)...)
	cmd.Env = cleanEnv()
	cmd.Dir = "/"
	a.apply(cmd)
	dieWithParent(cmd.SysProcAttr)
	runtime.LockOSThread()
	out, err := cmd.CombinedOutput()
	runtime.UnlockOSThread()
	if err != nil {
		return outputError("the creation of the database", filepath.Dir(dir), string(out), errors.Join(ctx.Err(), err))
	}
	if err := os.Rename(data, dir); err != nil {
		return diskError(dir, err)
	}
	if durable {
		return syncDir(filepath.Dir(dir))
	}
	return nil
}

func prepareAside(a account, aside, data, pw, secret string) error {
	if err := os.Mkdir(aside, 0o700); err != nil {
		return err
	}
	if err := os.Chmod(aside, 0o711); err != nil { // a strict umask would close it to the account
		return err
	}
	if err := os.Mkdir(data, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(pw, []byte(secret+"\n"), 0o600); err != nil {
		return err
	}
	return errors.Join(a.give(data), a.give(pw))
}

// syncDir makes a rename in dir outlive a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return diskError(dir, err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return diskError(dir, err)
	}
	return nil
}

// localeArgs asks for the order of bytes, so that no upgrade of the system
// breaks an index, and for full Unicode letters: with LC_CTYPE=C trigrams and
// text search would silently lose every word that is not plain ASCII.
func localeArgs(major int) []string {
	ctype := "C.UTF-8"
	if !localeExists(ctype) && localeExists("en_US.UTF-8") {
		ctype = "en_US.UTF-8" // macOS
	}
	if major < 17 && ctype == "C.UTF-8" {
		return []string{"--locale=C.UTF-8"}
	}
	provider := []string{"--locale-provider=builtin", "--builtin-locale=C.UTF-8"}
	if major < 17 {
		provider = []string{"--locale-provider=icu", "--icu-locale=und"}
	}
	return append(provider, "--lc-collate=C", "--lc-ctype="+ctype, "--lc-messages=C", "--lc-monetary=C", "--lc-numeric=C", "--lc-time=C")
}

func localeExists(name string) bool {
	out, err := exec.Command("locale", "-a").Output()
	if err != nil {
		return name == "C.UTF-8" // no such program: musl, where it is built in
	}
	plain := func(s string) string { return strings.ReplaceAll(strings.ToLower(s), "-", "") }
	for have := range strings.FieldsSeq(string(out)) {
		if plain(have) == plain(name) {
			return true
		}
	}
	return false
}

// settings are written before every start, so that a new version of this
// program brings its own to old data. ALTER SYSTEM overrides them. lz4: the server
// was built with it.
func settings(major int, durable, lz4 bool) string {
	lines := []string{
		"max_connections = 200",
		"shared_buffers = 128MB",
		"jit = off",
		"random_page_cost = 1.1",
		"max_parallel_workers_per_gather = 0", // containers have 64 MB of shared memory
		"timezone = 'UTC'",
		"log_timezone = 'UTC'",
		"password_encryption = scram-sha-256",
		"unix_socket_permissions = 0700",
		"idle_in_transaction_session_timeout = 5min",
	}
	if major >= 16 {
		lines = append(lines, "scram_iterations = 4096")
	}
	if durable {
		compression := "pglz" // the npm build knows no other; a third of a posting's work just after a checkpoint
		if lz4 {
			compression = "lz4"
		}
		lines = append(lines,
			"fsync = on", "full_page_writes = on", "synchronous_commit = on",
			"wal_compression = "+compression,
			"max_wal_size = 1GB",
			// Statements and details hold what people wrote: they stay out of the log.
			"log_min_error_statement = panic", "log_min_duration_statement = -1", "log_error_verbosity = terse")
	} else {
		lines = append(lines,
			"fsync = off", "full_page_writes = off", "synchronous_commit = off",
			"wal_level = minimal", "max_wal_senders = 0", "max_wal_size = 8GB", "checkpoint_timeout = 1h",
			"autovacuum = off")
	}
	return fmt.Sprintf("# Written at every start: change settings with ALTER SYSTEM.\n%s\n", strings.Join(lines, "\n"))
}
