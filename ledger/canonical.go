package ledger

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/google/uuid"
)

// The canonical form of a request, version 1: every field with its length in
// front (32 bits, big-endian), so that no two requests share a form; ids as 16
// bytes or none; legs in ascending account id as 16 + 8 bytes. The time of
// posting and the transfer's id are no input: a retry has new ones.
//
// A form is never changed, only followed by another version: its hashes are in
// books that outlive this code.

const (
	canonicalTransfer = "timebank-ledger-transfer/1"
	canonicalHold     = "timebank-ledger-hold/1"
)

type form []byte

func (f *form) text(s string) {
	*f = binary.BigEndian.AppendUint32(*f, uint32(len(s)))
	*f = append(*f, s...)
}

func (f *form) id(id uuid.UUID) {
	if id == uuid.Nil {
		*f = binary.BigEndian.AppendUint32(*f, 0)
		return
	}
	*f = binary.BigEndian.AppendUint32(*f, uint32(len(id)))
	*f = append(*f, id[:]...)
}

func (f *form) legs(legs []Leg) {
	*f = binary.BigEndian.AppendUint32(*f, uint32(24*len(legs)))
	for _, l := range legs {
		*f = append(*f, l.Account[:]...)
		*f = binary.BigEndian.AppendUint64(*f, uint64(l.Minutes))
	}
}

// canonical is t's form; the legs come checked and sorted.
func (t Transfer) canonical(legs []Leg, reversalOf uuid.UUID) []byte {
	return t.settling(legs, reversalOf, uuid.Nil)
}

// settling is the form of a transfer that may settle a hold.
func (t Transfer) settling(legs []Leg, reversalOf, hold uuid.UUID) []byte {
	f := make(form, 0, 320+24*len(legs))
	f.text(canonicalTransfer)
	f.id(t.Bank)
	f.text(string(t.Kind))
	f.text(t.Key)
	f.id(t.Actor)
	f.id(t.OnBehalfOf)
	f.text(t.Category)
	f.text(t.Reference.Kind)
	f.id(t.Reference.ID)
	f.text(t.EffectiveOn.String())
	f.id(reversalOf)
	f.id(hold)
	f.text(t.Reason)
	f.legs(legs)
	return f
}

// canonical is h's form; the instant of expiry as microseconds since 1970, empty
// for none.
func (h Hold) canonical(legs []Leg) []byte {
	f := make(form, 0, 320+24*len(legs))
	f.text(canonicalHold)
	f.id(h.Bank)
	f.text(string(h.Kind))
	f.text(h.Key)
	f.id(h.Actor)
	f.id(h.OnBehalfOf)
	f.text(h.Category)
	f.text(h.Reference.Kind)
	f.id(h.Reference.ID)
	if h.ExpiresAt.IsZero() {
		f.text("")
	} else {
		f.text(string(binary.BigEndian.AppendUint64(nil, uint64(stamp(h.ExpiresAt).UnixMicro()))))
	}
	f.legs(legs)
	return f
}

func digest(b []byte) []byte {
	h := sha256.Sum256(b)
	return h[:]
}
