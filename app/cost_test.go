package app_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"

	"timebank/app/exchange"
)

// What a request asks of the database, transactions' beginnings and ends counted
// with it, may become less and not more: a statement is most of what a request takes.
func TestRequestsAskTheDatabaseNoMoreThanThis(t *testing.T) {
	t.Parallel()
	h := open(t)
	helper := h.joins(h.bank, "Bill", "")
	helped := h.joins(h.bank, "Maria", "maria@example.org")
	id, err := h.app.Exchange.Record(t.Context(), h.as(helper), uuid.Nil, exchange.Past{Helper: helper.ID, Helped: helped.ID, Kind: "out.lift", Word: exchange.Word{Minutes: 15}})
	h.must(err)
	h.wait("send-message")
	maria := h.signIn("maria@example.org")
	counter := &queries{}
	//lint:ignore SA1019 the pool is in the services already; a copy with the hook would count nothing
	h.db.Bun.AddQueryHook(counter)
	one := fmt.Sprintf("%s/exchanges/%s", hilltop, id)
	for _, c := range []struct {
		method, path string
		most         int64
	}{
		{"GET", hilltop + "/members/" + helped.ID.String() + "/home", 17},
		{"GET", one, 13},
		{"POST", one + "/confirm", 13},
	} {
		counter.n.Store(0)
		var body any
		if c.method == "POST" {
			body = map[string]any{}
		}
		maria.do(c.method, c.path, body, 200)
		if n := counter.n.Load(); n > c.most {
			t.Errorf("%s %s asked %d times, more than %d", c.method, c.path, n, c.most)
		}
	}
}
