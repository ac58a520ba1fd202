package seal

import (
	"bytes"
	"errors"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/uuid"
)

func TestSealedValueOpensOnlyInItsPlace(t *testing.T) {
	key, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	box, err := New(key, "")
	if err != nil {
		t.Fatal(err)
	}
	here := Place{"referral.sealed", uuid.New()}
	sealed, err := box.Seal(here, []byte("Ada Test"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("Ada")) {
		t.Fatal("the plain text shows")
	}
	if got, err := box.Open(here, sealed); err != nil || string(got) != "Ada Test" {
		t.Fatalf("Open = %q, %v", got, err)
	}
	sealed2 := bytes.Clone(sealed)
	sealed2[len(sealed2)-1] ^= 1
	for name, try := range map[string]func() ([]byte, error){
		"another row":    func() ([]byte, error) { return box.Open(Place{"referral.sealed", uuid.New()}, sealed) },
		"another column": func() ([]byte, error) { return box.Open(Place{"member.sealed", here.Row}, sealed) },
		"changed":        func() ([]byte, error) { return box.Open(here, sealed2) },
	} {
		if _, err := try(); !errors.Is(err, ErrOpen) {
			t.Errorf("%s: %v; want ErrOpen", name, err)
		}
	}
}

func TestKeyFileIsMadeOnceByManyStarts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "key")
	keys := make([]string, 8)
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() { keys[i], _ = KeyFile(path) })
	}
	wg.Wait()
	again, err := KeyFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		if k != again {
			t.Fatalf("two keys: %d and %d characters", len(k), len(again))
		}
	}
}

func TestBadKeyIsRefused(t *testing.T) {
	for _, k := range []string{"", "x", "AAAA"} {
		if _, err := New(k, ""); !errors.Is(err, ErrKey) {
			t.Errorf("New(%q) = %v; want ErrKey", k, err)
		}
	}
}
