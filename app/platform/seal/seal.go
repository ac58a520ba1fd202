// Package seal encrypts what must not be readable in a copy of the database.
//
// A sealed value is bound to its table, column and row: moved elsewhere it does
// not open. The key stands outside the database.
package seal

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Box seals and opens. Its first key stands outside the database; further ones
// come from there, sealed by the first (keys.go), and take over one by one. While
// the first key itself is changed there are two of it.
type Box struct {
	roots []sealer // the first key; behind it the one that is to follow it, if any
	blind []byte   // the lowest layer of blind indexes, as the first key makes it

	mu     sync.RWMutex
	keys   []sealer // by the time from which they seal
	layers []layer  // of blind indexes, the lowest first (blind.go)
	now    func() time.Time
}

// sealer is one key. Whatever it sealed begins with its prefix, by which it is
// found again.
type sealer struct {
	aead   tink.AEAD
	prefix [PrefixLen]byte
	starts time.Time
}

// PrefixLen is how many bytes of a sealed value name the key that sealed it.
const PrefixLen = 5

// ErrKey tells that the key cannot be read.
var ErrKey = errors.New("the sealing key cannot be read; it is the text that `timebank key` printed")

// ErrOpen tells that a value was sealed by another key, for another place, or
// was changed.
var ErrOpen = errors.New("a sealed value does not open")

// NewKey returns a fresh key as text, fit for a setting or a file.
func NewKey() (string, error) {
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return "", fmt.Errorf("make key: %w", err)
	}
	var b bytes.Buffer
	if err := insecurecleartextkeyset.Write(h, keyset.NewBinaryWriter(&b)); err != nil {
		return "", fmt.Errorf("write key: %w", err)
	}
	return base64.RawStdEncoding.EncodeToString(b.Bytes()), nil
}

// New opens a box with a key that NewKey made; next is the one that is to follow
// it, or empty. Refuses others with ErrKey.
func New(key, next string) (*Box, error) {
	root, raw, err := read(key)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, raw)
	mac.Write([]byte("blind index v1"))
	b := &Box{roots: []sealer{root}, blind: mac.Sum(nil), now: time.Now}
	b.layers = []layer{{key: b.blind}}
	if next != "" {
		after, _, err := read(next)
		if err != nil {
			return nil, err
		}
		b.roots = append(b.roots, after)
	}
	return b, nil
}

func read(key string) (sealer, []byte, error) {
	raw, err := base64.RawStdEncoding.DecodeString(key)
	if err != nil {
		return sealer{}, nil, ErrKey
	}
	h, err := insecurecleartextkeyset.Read(keyset.NewBinaryReader(bytes.NewReader(raw)))
	if err != nil {
		return sealer{}, nil, ErrKey
	}
	a, err := aead.New(h)
	if err != nil {
		return sealer{}, nil, ErrKey
	}
	k := sealer{aead: a}
	k.prefix[0] = 1 // as tink writes it: a version, then the key's number
	binary.BigEndian.PutUint32(k.prefix[1:], h.KeysetInfo().GetPrimaryKeyId())
	return k, raw, nil
}

// KeyFile returns the key kept in path, making one, readable by its owner only,
// when there is none.
func KeyFile(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err == nil {
		return string(bytes.TrimSpace(b)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read key: %w", err)
	}
	key, err := NewKey()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", fmt.Errorf("keep key: %w", err)
	}
	// Written aside and then linked: a second process finds a whole key or none.
	aside := path + "." + uuid.NewString()
	defer func() { _ = os.Remove(aside) }()
	if err := os.WriteFile(aside, []byte(key+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("keep key: %w", err)
	}
	err = os.Link(aside, path)
	if errors.Is(err, fs.ErrExist) {
		return KeyFile(path) // another process was first
	}
	if err != nil {
		return "", fmt.Errorf("keep key: %w", err)
	}
	return key, nil
}

// Place is where a sealed value stands: "table.column" and the row's id.
type Place struct {
	Column string
	Row    uuid.UUID
}

func (p Place) data() []byte { return append([]byte(p.Column+"\x00"), p.Row[:]...) }

// primary is the key that seals now.
func (b *Box) primary() sealer {
	b.mu.RLock()
	defer b.mu.RUnlock()
	k, now := b.roots[0], b.now()
	for _, x := range b.keys {
		if !now.Before(x.starts) {
			k = x
		}
	}
	return k
}

// Primary is with what everything begins that is sealed now.
func (b *Box) Primary() []byte {
	k := b.primary()
	return k.prefix[:]
}

// Seal encrypts plain for its place.
func (b *Box) Seal(p Place, plain []byte) ([]byte, error) { return b.primary().seal(p, plain) }

func (k sealer) seal(p Place, plain []byte) ([]byte, error) {
	out, err := k.aead.Encrypt(plain, p.data())
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", p.Column, err)
	}
	return out, nil
}

// Open decrypts what stands at a place, whichever of the keys sealed it. Refuses
// with ErrOpen.
func (b *Box) Open(p Place, sealed []byte) ([]byte, error) {
	k := b.roots[0]
	b.mu.RLock()
	for _, x := range b.keys {
		if bytes.HasPrefix(sealed, x.prefix[:]) {
			k = x
		}
	}
	b.mu.RUnlock()
	out, err := k.aead.Decrypt(sealed, p.data())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.Column, ErrOpen)
	}
	return out, nil
}
