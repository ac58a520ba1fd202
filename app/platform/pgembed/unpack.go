package pgembed

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

const (
	treePrefix = "package/native/"  // the part of the archive that is PostgreSQL
	linksFile  = "pg-symlinks.json" // the links an npm archive cannot hold
)

// unpack lays the archive's PostgreSQL out in dir, which it creates: regular
// files only, and the links that are listed, which the package would otherwise
// make by a script of its own. Names that lead out of dir are refused.
func unpack(archive, dir string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	gz, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	var links []link
	for tr := tar.NewReader(gz); ; {
		h, err := tr.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		name, ours := strings.CutPrefix(h.Name, treePrefix)
		if !ours || h.Typeflag != tar.TypeReg {
			continue
		}
		if name == linksFile {
			err = json.NewDecoder(tr).Decode(&links)
		} else {
			err = writeFile(dir, name, h.FileInfo().Mode()&0o111 != 0 || strings.HasPrefix(name, "bin/"), tr)
		}
		if err != nil {
			return err
		}
	}
	for _, l := range links {
		if err := l.make(dir); err != nil {
			return err
		}
	}
	return nil
}

// writeFile sets modes itself: under a strict umask the server's account could
// not read what root unpacked.
func writeFile(dir, name string, executable bool, from io.Reader) error {
	if !filepath.IsLocal(name) {
		return fmt.Errorf("%s leads out of the archive", name)
	}
	path := filepath.Join(dir, name)
	if err := openDirs(dir, filepath.Dir(name)); err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	if executable {
		mode = 0o755
	}
	w, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, from)
	if err == nil {
		err = w.Chmod(mode)
	}
	if closed := w.Close(); err == nil {
		err = closed
	}
	return err
}

// openDirs makes dir and the folders of name below it, open to everybody.
func openDirs(dir, name string) error {
	path := dir
	for _, part := range strings.Split("./"+name, "/") {
		path = filepath.Join(path, part)
		if _, err := os.Stat(path); err == nil {
			continue
		}
		if err := os.Mkdir(path, 0o755); err != nil {
			return err
		}
		if err := os.Chmod(path, 0o755); err != nil {
			return err
		}
	}
	return nil
}

// link is a line of the links file: Target is the link, Source what it leads to.
type link struct{ Source, Target string }

func (l link) make(dir string) error {
	source, target := strings.TrimPrefix(l.Source, "native/"), strings.TrimPrefix(l.Target, "native/")
	if !filepath.IsLocal(source) || !filepath.IsLocal(target) {
		return fmt.Errorf("%s leads out of the archive", l.Target)
	}
	rel, err := filepath.Rel(filepath.Dir(target), source)
	if err != nil {
		return err
	}
	return os.Symlink(rel, filepath.Join(dir, target))
}
