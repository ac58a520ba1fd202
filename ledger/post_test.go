package ledger_test

import (
	"testing"
)

func TestPostMovesMinutes(t *testing.T) {
	b := newBook(t)
	helped, helper := b.member(), b.member()
	r := b.post(b.transfer(helped, helper, 90))
	if r.Replayed || len(r.Legs) != 2 {
		t.Fatalf("receipt %+v", r)
	}
	b.want(helped, -90)
	b.want(helper, 90)
	v, err := b.reverse(b.reversing(r.ID))
	if err != nil {
		t.Fatal(err)
	}
	_ = v
	b.want(helped, 0)
	b.want(helper, 0)
	b.clean()
}
