package pgembed

import (
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is who the server runs as. PostgreSQL refuses to run as root.
type account struct {
	uid, gid  int
	drop      bool // this process is root and becomes uid
	namespace bool // run in a user namespace of one uid instead; on disk everything stays ours
}

// serverAccount chooses the account for the data directory data, which need not
// exist. Who owns it already goes on owning it: an account that appears later,
// when PostgreSQL's package is installed, must not lock the data out.
func serverAccount(root, data string) (account, error) {
	euid := os.Geteuid()
	owner, group, exists := ownerOf(data)
	switch {
	case euid != 0 && exists && owner != euid:
		return account{}, refuse(ErrNotWritable, nil, "the data in %s belong to another user: start as that user, choose another state directory, %s", data, advice)
	case euid != 0:
		return ownAccount(euid)
	case exists && owner == 0:
		return namespaced(root)
	case exists:
		return account{uid: owner, gid: group, drop: true}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		if a, ok := named(name); ok && blockedAt(root, a) == "" && a.works() {
			return a, nil
		}
	}
	return namespaced(root)
}

// ownAccount is this process's own. initdb looks its uid up by name: in a
// container whose uid has none, a user namespace provides one.
func ownAccount(euid int) (account, error) {
	own := account{uid: euid, gid: os.Getegid()}
	if _, err := user.LookupId(strconv.Itoa(euid)); err == nil {
		return own, nil
	}
	own.namespace = true
	if !own.works() {
		return own, refuse(ErrAccount, nil, "user id %d has no name on this machine, which PostgreSQL needs: add it to /etc/passwd, %s", euid, advice)
	}
	return own, nil
}

func namespaced(root string) (account, error) {
	a := account{namespace: true}
	if !a.works() {
		return a, refuse(ErrAccount, nil, "PostgreSQL does not run as root, and no other account can be used in %s: choose a state directory that the users postgres or nobody may enter (such as %s), start as an ordinary user, %s",
			root, DefaultRoot("timebank"), advice)
	}
	return a, nil
}

func named(name string) (account, bool) {
	u, err := user.Lookup(name)
	if err != nil {
		return account{}, false
	}
	uid, errU := strconv.Atoi(u.Uid)
	gid, errG := strconv.Atoi(u.Gid)
	return account{uid: uid, gid: gid, drop: true}, errU == nil && errG == nil && uid != 0
}

// works tries the account out on a shell, which initdb needs in any case.
func (a account) works() bool {
	if a.namespace && !haveNamespaces {
		return false
	}
	cmd := exec.Command("/bin/sh", "-c", ":")
	cmd.Dir = "/"
	a.apply(cmd)
	return cmd.Run() == nil
}

// apply makes cmd run as the account.
func (a account) apply(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	if a.drop {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid), Groups: []uint32{}}
	}
	if a.namespace {
		enterNamespace(cmd.SysProcAttr)
	}
}

// give makes the account the owner of path.
func (a account) give(path string) error {
	if !a.drop {
		return nil
	}
	return os.Lchown(path, a.uid, a.gid)
}

// blockedAt names the first directory on the way to path, or path itself, that
// the account may not enter, or nothing.
func blockedAt(path string, a account) string {
	if !a.drop {
		return ""
	}
	if up := filepath.Dir(path); up != path {
		if at := blockedAt(up, a); at != "" {
			return at
		}
	}
	info, err := os.Stat(path)
	if err != nil || mayEnter(info, a) {
		return ""
	}
	return path
}

func mayEnter(info fs.FileInfo, a account) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	switch mode := info.Mode().Perm(); {
	case int(st.Uid) == a.uid:
		return mode&0o100 != 0
	case int(st.Gid) == a.gid:
		return mode&0o010 != 0
	default:
		return mode&0o001 != 0
	}
}

func ownerOf(path string) (uid, gid int, exists bool) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, 0, false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return int(st.Uid), int(st.Gid), true
}
