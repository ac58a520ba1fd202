package app_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// levels are the requirements of OWASP ASVS 5.0.0: for each section its chapter and
// number, and then the level of each requirement in turn.
const levels = `1.1 22 1.2 1111122223 1.3 112222222223 1.4 222 1.5 123 2.1 122 2.2 112 2.3 12223 2.4 23
	3.1 3 3.2 113 3.3 12223 3.4 11222233 3.5 11122333 3.6 3 3.7 22333 4.1 12233 4.2 23333 4.3 22 4.4 1222 5.1 2 5.2 112333 5.3 113 5.4 222
	6.1 122 6.2 111111112222 6.3 11223333 6.4 112233 6.5 22222333 6.6 2223 6.7 33 6.8 2222 7.1 222 7.2 1111 7.3 22 7.4 11222 7.5 223 7.6 22
	8.1 1233 8.2 1123 8.3 133 8.4 23 9.1 111 9.2 1222 10.1 22 10.2 223 10.3 22223 10.4 1111122222233333 10.5 22222 10.6 22 10.7 222
	11.1 2233 11.2 22233 11.3 11233 11.4 1222 11.5 23 11.6 23 11.7 33 12.1 12233 12.2 11 12.3 22223 13.1 2333 13.2 222223 13.3 2233 13.4 1222233
	14.1 22 14.2 12223333 14.3 122 15.1 12233 15.2 12233 15.3 1222222 15.4 3333 16.1 2 16.2 22222 16.3 2222 16.4 222 16.5 2223 17.1 23 17.2 22223333 17.3 22`

// requirements gives the level of each requirement by its number.
func requirements() map[string]int {
	out := map[string]int{}
	words := strings.Fields(levels)
	for i := 0; i < len(words); i += 2 {
		for n, level := range words[i+1] {
			out[fmt.Sprintf("%s.%d", words[i], n+1)] = int(level - '0')
		}
	}
	return out
}

var (
	span   = regexp.MustCompile("`([^`]+)`")
	isTest = regexp.MustCompile(`^Test\w+$`)
	isFile = regexp.MustCompile(`^[\w./-]+\.(go|ts|svelte|sql|yaml|md|mod|sum)$`)
	isFunc = regexp.MustCompile(`^(\w+)\(\)$`)
)

// tree is every file of the repository that the table may name, and its functions.
type tree struct {
	files []string
	funcs map[string]bool
}

var declared = regexp.MustCompile(`(?m)^(?:export )?(?:async )?func(?:tion)? (?:\([^)]*\) )?(\w+)`)

func growTree(t *testing.T) (out tree) {
	t.Helper()
	out.funcs = map[string]bool{}
	err := fs.WalkDir(os.DirFS(".."), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{"node_modules", "build", "paraglide", ".svelte-kit", ".git", ".words"}, d.Name()):
			return fs.SkipDir
		case d.IsDir() || !isFile.MatchString(path.Base(name)):
			return nil
		}
		out.files = append(out.files, "/"+name)
		if ext := path.Ext(name); ext != ".go" && ext != ".ts" {
			return nil
		}
		text, err := os.ReadFile("../" + name)
		for _, f := range declared.FindAllStringSubmatch(string(text), -1) {
			out.funcs[f[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// misses is what a text names that is not there.
func (x tree) misses(text string) (out []string) {
	for _, m := range span.FindAllStringSubmatch(text, -1) {
		word := m[1]
		there := true
		switch f := isFunc.FindStringSubmatch(word); {
		case isTest.MatchString(word):
			there = x.funcs[word]
		case f != nil:
			there = x.funcs[f[1]]
		case isFile.MatchString(word):
			there = slices.ContainsFunc(x.files, func(name string) bool { return strings.HasSuffix(name, "/"+word) })
		}
		if !there {
			out = append(out, word)
		}
	}
	return out
}

// numbers reads the first cell of a row: "1.2.3", several of them, or "1.2.3–1.2.5".
func numbers(cell string) (out []string) {
	for one := range strings.SplitSeq(strings.ReplaceAll(cell, "(L3)", ""), ",") {
		from, to, several := strings.Cut(strings.TrimSpace(one), "–")
		out = append(out, from)
		if !several {
			continue
		}
		dot := strings.LastIndexByte(from, '.')
		first, _ := strconv.Atoi(from[dot+1:])
		last, _ := strconv.Atoi(to[strings.LastIndexByte(to, '.')+1:])
		for n := first + 1; n <= last; n++ {
			out = append(out, from[:dot+1]+strconv.Itoa(n))
		}
	}
	return out
}

// The table of security requirements cannot rot: each requirement of levels 1 and 2
// stands in it once, those that apply in a row of their own, and every file, function
// and test that it names is there.
func TestTableOfSecurityRequirementsIsWhole(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/asvs.md")
	if err != nil {
		t.Fatal(err)
	}
	all, tree, seen := requirements(), growTree(t), map[string]bool{}
	if len(all) != 345 || len(tree.funcs) < 2000 {
		t.Fatalf("%d requirements, %d functions", len(all), len(tree.funcs))
	}
	for line := range strings.Lines(string(text)) {
		if gone := tree.misses(line); gone != nil {
			t.Errorf("%s: is named and not there: %v", strings.TrimSpace(line)[:min(60, len(strings.TrimSpace(line)))], gone)
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) < 4 || strings.HasPrefix(cells[0], "---") || strings.TrimSpace(cells[0]) == "#" {
			continue
		}
		which, state, how := numbers(cells[0]), strings.TrimSpace(cells[2]), strings.TrimSpace(cells[3])
		if apply := !strings.HasPrefix(state, "does not apply"); apply && len(which) > 1 {
			t.Errorf("%v apply and share a row", which)
		}
		if how == "" {
			t.Errorf("%v: it is not said how, or why not", which)
		}
		if state == "met" && !strings.Contains(how, "`") {
			t.Errorf("%v is met, by nothing that is named", which)
		}
		for _, n := range which {
			level, known := all[n]
			if !known || seen[n] {
				t.Errorf("%s is no requirement, or stands there twice", n)
			}
			if (level == 3) != strings.Contains(cells[0], "(L3)") {
				t.Errorf("%s is of level %d", n, level)
			}
			seen[n] = true
		}
	}
	for n, level := range all {
		if level < 3 && !seen[n] {
			t.Errorf("%s is missing", n)
		}
	}
}

func TestTableOfSecurityRequirementsFindsWhatIsGone(t *testing.T) {
	t.Parallel()
	tree := growTree(t)
	if got := tree.misses("`identity/gate.go`, `TestArrows`, `parse()`, `no-store`, `docs/asvs.md`"); got != nil {
		t.Errorf("these are there: %v", got)
	}
	if got := tree.misses("`identity/gone.go` `TestThatIsGone` `neverThere()` `ntity/gate.go`"); len(got) != 4 {
		t.Errorf("found only %v", got)
	}
	if got := numbers("1.2.6–1.2.8, 3.1.1 (L3)"); !slices.Equal(got, []string{"1.2.6", "1.2.7", "1.2.8", "3.1.1"}) {
		t.Errorf("read %v", got)
	}
}
