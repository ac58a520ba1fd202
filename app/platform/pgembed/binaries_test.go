package pgembed

import (
	"archive/tar"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// bareMachine hides this machine's PostgreSQL and gives it that npm, a shell
// script, or none.
func bareMachine(t *testing.T, npm string) {
	t.Helper()
	saved := folders
	folders = nil
	t.Cleanup(func() { folders = saved })
	bin := t.TempDir()
	if npm != "" {
		if err := os.WriteFile(filepath.Join(bin, "npm"), []byte("#!/bin/sh\n"+npm+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin)
	t.Setenv(binEnv, "")
	t.Setenv(sourceEnv, "")
}

func testFetch(t *testing.T) error {
	t.Helper()
	p := platforms["linux/amd64"]
	cache := t.TempDir()
	err := p.bring(t.Context(), Config{Progress: func(string) {}}, cache, filepath.Join(cache, "x"), "")
	if left, _ := filepath.Glob(filepath.Join(cache, "*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	return err
}

func TestNeitherPostgresNorNpm(t *testing.T) {
	bareMachine(t, "")
	wantRefusal(t, testFetch(t), ErrNoPostgres, "install PostgreSQL")
	t.Setenv(sourceEnv, "machine")
	_, err := pickBinaries(t.Context(), Config{}, 0, account{})
	wantRefusal(t, err, ErrNoPostgres, "install it")
	t.Setenv(sourceEnv, "elsewhere")
	_, err = pickBinaries(t.Context(), Config{}, 0, account{})
	wantRefusal(t, err, ErrNoPostgres, "set it to machine or npm")
	t.Setenv(sourceEnv, "")
	t.Setenv(binEnv, "/nowhere")
	_, err = pickBinaries(t.Context(), Config{}, 0, account{})
	wantRefusal(t, err, ErrNoPostgres, "point it at the folder")
}

func TestNpmFails(t *testing.T) {
	bareMachine(t, "echo 'npm error code ENOTFOUND' >&2; exit 1")
	err := testFetch(t)
	wantRefusal(t, err, ErrFetch, "check the network")
	if !strings.Contains(err.Error(), "ENOTFOUND") {
		t.Errorf("the reason is missing: %v", err)
	}
}

func TestNpmBringsSomethingElse(t *testing.T) {
	bareMachine(t, `echo altered > "$4/x.tgz"`)
	wantRefusal(t, testFetch(t), ErrFetch, "check npm's registry setting")
}

func TestEveryPlatformIsPinned(t *testing.T) {
	for name, p := range platforms {
		if !strings.HasPrefix(p.digest, "sha512-") || len(p.digest) != len("sha512-")+88 {
			t.Errorf("%s has no digest", name)
		}
	}
}

// fakeBinaries lays out a server of that major, in the way a system might.
func fakeBinaries(t *testing.T, major string, extensions ...string) string {
	t.Helper()
	dir := t.TempDir()
	bin, ext := filepath.Join(dir, "bin"), filepath.Join(dir, "share", "extension")
	for _, d := range []string{bin, ext} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range append(extensions, "plpgsql") {
		if err := os.WriteFile(filepath.Join(ext, e+".control"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"postgres", "initdb"} {
		script := "#!/bin/sh\necho '" + name + " (PostgreSQL) " + major + ".1 (Test)'\n"
		if err := os.WriteFile(filepath.Join(bin, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return bin
}

func TestChoiceOnTheMachine(t *testing.T) {
	bareMachine(t, "")
	t.Setenv(sourceEnv, "machine")
	old, bare := fakeBinaries(t, "14", "pg_trgm"), fakeBinaries(t, "17")
	folders = []string{old, bare}
	_, err := pickBinaries(t.Context(), Config{Require: []string{"pg_trgm"}}, 0, account{})
	wantRefusal(t, err, ErrNoPostgres, "lacks the extension pg_trgm")

	full, newer := fakeBinaries(t, "15", "pg_trgm"), fakeBinaries(t, "16", "pg_trgm")
	folders = []string{old, full, bare, newer}
	for major, want := range map[int]string{0: newer, 15: full, 16: newer} {
		b, err := pickBinaries(t.Context(), Config{Require: []string{"pg_trgm"}}, major, account{})
		if err != nil || b.dir != want {
			t.Errorf("major %d: %v, %v", major, b, err)
		}
	}
	_, err = pickBinaries(t.Context(), Config{Root: "/r"}, 14, account{})
	wantRefusal(t, err, ErrOtherMajor, "install PostgreSQL 14")
}

func writeArchive(t *testing.T, files map[string]string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.tgz")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	gz := gzip.NewWriter(f)
	tw := tar.NewWriter(gz)
	for name, text := range files {
		if err := tw.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(text)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := tw.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := tw.Close(); err != nil {
		t.Fatal(err)
	}
	if err := gz.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestUnpack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tree")
	err := unpack(writeArchive(t, map[string]string{
		treePrefix + "bin/postgres":    "program",
		treePrefix + "lib/deep/a.so.1": "library",
		treePrefix + linksFile:         `[{"source":"native/lib/deep/a.so.1","target":"native/lib/a.so"}]`,
		"package/scripts/install.js":   "not ours",
	}), dir)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "lib", "a.so")); err != nil || string(b) != "library" {
		t.Errorf("the link: %q, %v", b, err)
	}
	if info, err := os.Stat(filepath.Join(dir, "bin", "postgres")); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("the program: %v, %v", info, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "scripts")); err == nil {
		t.Error("more than the server was unpacked")
	}
}

func TestUnpackStaysInside(t *testing.T) {
	for _, files := range []map[string]string{
		{treePrefix + "../../out": "x"},
		{treePrefix + linksFile: `[{"source":"native/lib/x","target":"native/../../out"}]`},
		{treePrefix + linksFile: `[{"source":"/etc/passwd","target":"native/lib/x"}]`},
	} {
		dir := filepath.Join(t.TempDir(), "tree")
		if err := unpack(writeArchive(t, files), dir); err == nil {
			t.Errorf("unpacked: %v", files)
		}
	}
}
