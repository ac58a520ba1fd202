package ledger_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/ledger"
)

func (b *book) export(format ledger.Format) []byte {
	b.t.Helper()
	var out bytes.Buffer
	b.must(func(ctx context.Context, tx bun.IDB) error {
		out.Reset()
		return ledger.Export(ctx, tx, b.bank, format, &out)
	})
	return out.Bytes()
}

// wordy is a lively book with everything in it that could break a file.
func wordy(t *testing.T) (*book, uuid.UUID) {
	b, a, c, _, _ := lively(t)
	for _, words := range []string{`"quoted" \ and; semi | pipe`, "=HYPERLINK(\"x\")", "two\nlines\r\nof é", "* starred", "  spaces  ", "#tag ^link"} {
		x := b.transfer(a, c, 1)
		x.Category, x.Key, x.Reason = words, words+"/"+x.Key, words
		x.Reference = ledger.Reference{Kind: "k: ;\n", ID: b.actor}
		b.post(x)
	}
	issue := b.open(ledger.Issuance, ledger.Limits{})
	x := b.transfer(issue, c, 300)
	x.Kind, x.Category = ledger.Starting, ""
	b.post(x)
	return b, a
}

func TestExportAddsUp(t *testing.T) {
	b, a := wordy(t)
	rows, err := csv.NewReader(bytes.NewReader(b.export(ledger.CSV))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var sum, all int
	for _, r := range rows[1:] {
		m, err := strconv.Atoi(r[6])
		if err != nil {
			t.Fatal(err)
		}
		all += m
		if r[4] == a.String() {
			sum += m
		}
		for _, field := range r[7:] {
			if strings.HasPrefix(field, "=") {
				t.Errorf("a formula: %q", field)
			}
		}
	}
	if ledger.Minutes(sum) != b.balance(a) || all != 0 {
		t.Errorf("the rows of the account come to %d, of all to %d", sum, all)
	}
	var j struct {
		Unit      string
		Accounts  []struct{ ID uuid.UUID }
		Transfers []struct {
			Reason string
			Legs   []struct {
				Account uuid.UUID
				Minutes int
			}
		}
	}
	if err := json.Unmarshal(b.export(ledger.JSON), &j); err != nil {
		t.Fatal(err)
	}
	sum = 0
	words := false
	for _, x := range j.Transfers {
		words = words || x.Reason == "two\nlines\r\nof é"
		for _, l := range x.Legs {
			if l.Account == a {
				sum += l.Minutes
			}
		}
	}
	if ledger.Minutes(sum) != b.balance(a) || j.Unit != "minutes" || len(j.Accounts) != 5 || !words {
		t.Errorf("%d, %+v", sum, j)
	}
	err = b.in(func(ctx context.Context, tx bun.IDB) error {
		return ledger.Export(ctx, tx, b.bank, "xml", &bytes.Buffer{})
	})
	if !errors.As(err, &ledger.ErrInvalid{}) {
		t.Error(err)
	}
}

// program is the path of a program, or the test's end.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed, and CI has to read the export with it", name)
	}
	if err != nil {
		t.Skipf("%s is not installed; on Debian: apt-get install hledger beancount", name)
	}
	return path
}

func TestHledgerReadsTheExport(t *testing.T) {
	hledger := program(t, "hledger")
	b, a := wordy(t)
	file := filepath.Join(t.TempDir(), "books.journal")
	if err := os.WriteFile(file, b.export(ledger.Hledger), 0o600); err != nil {
		t.Fatal(err)
	}
	// Debian's build wants to know how to read é.
	run := func(args ...string) string {
		cmd := exec.Command(hledger, append([]string{"-f", file}, args...)...)
		cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("hledger %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	run("check")
	got := run("balance", "-N", "--flat", "--format", "%(total)", "Assets:Member:"+strings.ToUpper(a.String()))
	want := strconv.FormatInt(int64(b.balance(a)), 10) + " MIN"
	if strings.TrimSpace(got) != want {
		t.Errorf("hledger says %q, the ledger %q", got, want)
	}
}

func TestBeancountReadsTheExport(t *testing.T) {
	check := program(t, "bean-check")
	b, _ := wordy(t)
	file := filepath.Join(t.TempDir(), "books.beancount")
	if err := os.WriteFile(file, b.export(ledger.Hledger), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(check, "--no-cache", file).CombinedOutput(); err != nil || len(bytes.TrimSpace(out)) > 0 {
		t.Errorf("bean-check: %v\n%s", err, out)
	}
}
