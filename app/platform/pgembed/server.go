package pgembed

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	port      = "5432" // part of the socket's name: there is no TCP
	maxSocket = 100    // bytes of a socket's path; systems allow 104 (macOS) or 108 (Linux)
	maxLog    = 10 << 20
)

func logPath(root string) string { return filepath.Join(root, "server.log") }

// adopt takes over a server of this state directory that is running already.
func (s *Server) adopt(ctx context.Context, c Config, have []cluster) (bool, error) {
	for _, cl := range have {
		if _, up := readPid(cl.dir); !up {
			continue
		}
		secret, err := readSecret(s.root, true)
		if err != nil {
			return false, err
		}
		s.secret = secret
		if up, err := s.await(ctx, c, cl.dir); up || err != nil {
			return up, err
		}
	}
	return false, nil
}

// launch starts the server, on a new data directory if there is none.
func (s *Server) launch(ctx context.Context, c Config, have []cluster) (err error) {
	old := cluster{}
	if len(have) > 0 {
		old = have[0]
	}
	who, err := serverAccount(s.root, old.dir)
	if err != nil {
		return err
	}
	major := old.major
	if !c.Durable {
		major = 0 // a throw-away cluster of another major is no reason to look further
	}
	bin, err := pickBinaries(ctx, c, major, who)
	if err != nil {
		return err
	}
	dir := clusterDir(s.root, c.Durable, bin.major)
	if !c.Durable && (len(have) > 1 || old.dir != dir) {
		removeAll(have)
		have = nil
	}
	if s.secret, err = readSecret(s.root, len(have) > 0); err != nil {
		return err
	}
	if len(have) > 0 {
		if err = s.boot(ctx, c, bin, who, have[0].dir); err == nil || c.Durable || ctx.Err() != nil || errors.Is(err, ErrNoSpace) {
			return err
		}
		c.Progress("the test database does not start and is being made anew")
		removeAll(have)
	}
	c.Progress("creating the database in " + dir)
	if err := create(ctx, bin, who, dir, s.secret, c.Durable); err != nil {
		return err
	}
	return s.boot(ctx, c, bin, who, dir)
}

// removeAll is for throw-away clusters only.
func removeAll(list []cluster) {
	for _, cl := range list {
		if strings.HasPrefix(filepath.Base(cl.dir), throwawayName) {
			_ = os.RemoveAll(cl.dir) // what stays shows when the directory is made again
		}
	}
}

// boot runs the server on data and waits until it answers.
func (s *Server) boot(ctx context.Context, c Config, bin binaries, who account, data string) error {
	own, err := s.claim(ctx, c, data)
	if err != nil {
		return err
	}
	defer own.handOver()
	if err := s.prepare(who, data); err != nil {
		return err
	}
	conf := filepath.Join(s.root, "server.conf")
	text := "include '" + strings.ReplaceAll(data, "'", "''") + "/postgresql.conf'\n" + settings(bin.major, c.Durable, c.Durable && bin.takes(who, data, "wal_compression=lz4"))
	if err := replaceFile(conf, text); err != nil {
		return diskError(s.root, err)
	}
	log, err := openLog(s.root)
	if err != nil {
		return diskError(s.root, err)
	}
	defer log.Close()
	begun, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return diskError(s.root, err)
	}
	cmd := exec.Command(bin.postgres(), "-D", data, "-k", s.socket, "-p", port, "-c", "listen_addresses=", "-c", "config_file="+conf)
	cmd.Env = cleanEnv()
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{own.file} // the server's own lock, for as long as anything of it lives
	who.apply(cmd)
	cmd.SysProcAttr.Setsid = true // a Ctrl-C in the terminal stops us, and then we stop the server
	if err := cmd.Start(); err != nil {
		return refuse(ErrServer, err, "PostgreSQL in %s could not be run (%s): check its permissions, %s", bin.dir, reason(err), advice)
	}
	s.child = cmd.Process.Pid
	_ = cmd.Process.Release() // reaped by number: it may outlive this process
	up, err := s.await(ctx, c, data)
	if up {
		return nil
	}
	if err != nil {
		_ = s.stopChild() // the wait's error is the one that matters
		return err
	}
	s.child = 0
	said, _ := io.ReadAll(io.NewSectionReader(log, begun, 64<<10)) // what cannot be read is not quoted
	return outputError("the start of PostgreSQL", s.root, string(said), errors.New("see "+logPath(s.root)))
}

// claim takes the server's lock on the data's behalf. Backends of a server that
// was killed hold it until they notice; so does a server in another container
// on the same volume, which no process id here would show.
func (s *Server) claim(ctx context.Context, c Config, data string) (*lock, error) {
	wait, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	own, err := acquire(wait, filepath.Join(s.root, serverLock), exclusive, func() {
		c.Progress("waiting for the rest of an earlier database server to end")
	})
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, refuse(ErrServer, err, "something of an earlier database server still uses %s: stop it, or the other container that has this directory, and start again", data)
	}
	if err != nil {
		return nil, lockError(s.root, err)
	}
	return own, nil
}

// prepare chooses the socket's directory and clears what a killed server left.
// The caller holds the server's lock and the turn, so that nothing of it lives,
// even if its process id was given to somebody else or it was never collected.
func (s *Server) prepare(who account, data string) error {
	dir := filepath.Join(s.root, "socket")
	if len(dir)+len("/.s.PGSQL."+port+".lock") > maxSocket {
		sum := sha256.Sum256([]byte(s.root))
		dir = filepath.Join(os.TempDir(), "timebank-"+strconv.Itoa(os.Geteuid())+"-"+hex.EncodeToString(sum[:5]))
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return diskError(dir, err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return diskError(dir, err)
	}
	if uid, _, _ := ownerOf(dir); !info.IsDir() || uid != os.Geteuid() && uid != who.uid {
		return refuse(ErrNotWritable, nil, "%s, which the database needs for its socket, belongs to somebody else: remove it or choose another state directory", dir)
	}
	if err := who.give(dir); err != nil {
		return diskError(dir, err)
	}
	s.socket = dir
	for _, stale := range []string{
		filepath.Join(data, "postmaster.pid"),
		filepath.Join(dir, ".s.PGSQL."+port),
		filepath.Join(dir, ".s.PGSQL."+port+".lock"),
	} {
		if err := os.Remove(stale); err != nil && !errors.Is(err, os.ErrNotExist) {
			return diskError(stale, err)
		}
	}
	return nil
}

// replaceFile writes a file that everybody may read, whole or not at all.
func replaceFile(path, text string) error {
	if err := os.WriteFile(path+".new", []byte(text), 0o644); err != nil {
		return err
	}
	if err := os.Chmod(path+".new", 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// openLog appends to the server's log and keeps one earlier one.
func openLog(root string) (*os.File, error) {
	if info, err := os.Stat(logPath(root)); err == nil && info.Size() > maxLog {
		if err := os.Rename(logPath(root), logPath(root)+".1"); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(logPath(root), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
}

// await waits until the server of data answers. It reports false if the server
// has ended. A server that is recovering after a hard stop is given all the
// time it needs: to stop it then would only make the next recovery longer.
func (s *Server) await(ctx context.Context, c Config, data string) (bool, error) {
	begun, told := time.Now(), false
	tick := time.NewTicker(poll)
	defer tick.Stop()
	var deaf time.Time // since when it is ready, but lets nobody in
	for {
		p, up := readPid(data)
		if !up && (s.child == 0 || reap(s.child)) {
			return false, nil
		}
		if up && p.status == "ready" {
			err := s.login(ctx, p.socket)
			if err == nil {
				return true, nil
			}
			if deaf.IsZero() {
				deaf = time.Now()
			}
			if time.Since(deaf) > 20*time.Second {
				return false, refuse(ErrServer, err, "the database server with process id %d runs but lets nobody in: see %s, stop it (kill -INT %d) and start again", p.pid, logPath(s.root), p.pid)
			}
		}
		if !told && time.Since(begun) > 2*time.Second {
			c.Progress("waiting for the database to be ready; after a hard stop it first repairs itself")
			told = true
		}
		select {
		case <-ctx.Done():
			return false, refuse(ErrServer, ctx.Err(), "the start of the database was interrupted: start again")
		case <-tick.C:
		}
	}
}

// login proves that the server answers and that the password is its own.
func (s *Server) login(ctx context.Context, socket string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	s.socket = socket
	conn, err := pgx.Connect(ctx, s.DSN("postgres"))
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}
