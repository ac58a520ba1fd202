package app_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"timebank/app/listing"
	"timebank/app/platform/dbtest"
	"timebank/app/platform/words"
)

const textType = "timebank/app/platform/words.Text"

// made names the rooms that may make a Text of what is no constant: the mechanism
// itself, huma's sentences, which are constants in problem.go, and the kinds of
// help, which stand in the database and are looked for too, and labels said already.
var made = []string{"timebank/app/platform/words", "timebank/app/platform/web", "timebank/app/platform/held", "timebank/app/listing"}

type sourcePackage struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
	Standard                bool
}

// textsOf type-checks every package of the program and finds the constants of type
// words.Text, with the place of each; and what makes a Text of something else.
func textsOf(t *testing.T) (texts map[words.Text]string, loose []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-export", "-json=ImportPath,Dir,Export,GoFiles,Standard", "timebank/app/...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	exports, ours := map[string]string{}, []sourcePackage{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p sourcePackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		exports[p.ImportPath] = p.Export
		if strings.HasPrefix(p.ImportPath, "timebank/app") {
			ours = append(ours, p)
		}
	}
	texts = map[words.Text]string{}
	// One importer for all: what the packages share is read once.
	fset := token.NewFileSet()
	read := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	for _, p := range ours {
		var files []*ast.File
		for _, name := range p.GoFiles {
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, f)
		}
		info := types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
		if _, err := (&types.Config{Importer: read}).Check(p.ImportPath, fset, files, &info); err != nil {
			t.Fatal(err)
		}
		for e, tv := range info.Types {
			if tv.Type == nil || tv.Type.String() != textType || tv.IsType() {
				continue
			}
			at := fset.Position(e.Pos())
			switch call, isCall := e.(*ast.CallExpr); {
			case tv.Value != nil:
				if s := constant.StringVal(tv.Value); s != "" {
					texts[words.Text(s)] = fmt.Sprintf("%s/%s:%d", p.ImportPath, filepath.Base(at.Filename), at.Line)
				}
			case isCall && info.Types[call.Fun].IsType() && !slices.Contains(made, p.ImportPath):
				loose = append(loose, at.String())
			}
		}
	}
	return texts, loose
}

var place = regexp.MustCompile(`\{[a-z_]+\}`)

// places are the braces of a sentence, in order of their names, each once.
func places(s string) string {
	found := place.FindAllString(s, -1)
	slices.Sort(found)
	return strings.Join(slices.Compact(found), "")
}

func TestEveryWordOfTheProgramIsThereInEveryLanguage(t *testing.T) {
	t.Parallel()
	texts, loose := textsOf(t)
	for _, at := range loose {
		t.Errorf("%s: a text must be a constant, so that its translation can be looked for", at)
	}
	if len(texts) < 150 {
		t.Fatalf("only %d texts were found", len(texts))
	}
	pool := dbtest.New(t).Owner
	var kinds []listing.Kind
	if err := pool.NewRaw("select code, name, doing from directory.kind").Scan(t.Context(), &kinds); err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds {
		texts[words.Text(k.Name)], texts[words.Text(k.Doing)] = "directory.kind "+k.Code, "directory.kind "+k.Code
	}
	for _, l := range words.Languages[1:] {
		entries := l.Entries()
		for _, text := range slices.Sorted(maps.Keys(texts)) {
			e := entries[text]
			forms := map[string]string{"": e.One}
			if e.Plural != nil {
				forms = e.Plural
			}
			if len(forms) == 0 || e.Plural != nil && forms["other"] == "" {
				t.Errorf("%s: %q has no form for many", l, text)
			}
			for form, said := range forms {
				switch {
				case strings.TrimSpace(said) == "":
					t.Errorf("%s lacks %q (%s)", l, text, texts[text])
				case places(said) != places(string(text)):
					t.Errorf("%s: %q %s has the places %s, not %s", l, text, form, places(said), places(string(text)))
				case strings.Count(said, "|") != strings.Count(string(text), "|"):
					t.Errorf("%s: %q has not as many parts", l, text)
				}
			}
		}
		for text := range entries {
			if texts[text] == "" {
				t.Errorf("%s translates %q, which nothing says", l, text)
			}
		}
	}
}
