package app_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/google/uuid"

	"timebank/app/exchange"
)

// Somebody confirms hours and is gone before the answer: that is no fault in our log, and
// whatever became of it, the same tap once more ends with the hours moved once.
func TestClientThatHangsUpInTheMiddle(t *testing.T) {
	t.Parallel()
	for name, table := range map[string]string{ // where it is caught
		"at the first statement":         "once",
		"before the hours move":          "ledger.account",
		"with the commit under way":      "audit",
		"while the gate asks who it is":  "directory.session",
		"with what it reads for a place": "exchange",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t)
			helper, helped := h.joins(h.bank, "Bill", ""), h.joins(h.bank, "Maria", "maria@example.org")
			id, err := h.app.Exchange.Record(t.Context(), h.as(helper), uuid.Nil, exchange.Past{Helper: helper.ID, Helped: helped.ID, Kind: "out.lift", Word: exchange.Word{Minutes: 15}})
			h.must(err)
			h.wait("send-message")
			maria, key, before := h.signIn("maria@example.org"), uuid.NewString(), h.balance(helped)
			path := hilltop + "/exchanges/" + id.String() + "/confirm"
			h.hangUp(maria, path, key, table)
			if said := h.log.String(); strings.Contains(said, "level=ERROR") || strings.Contains(said, "status=500") || !strings.Contains(said, "status=499") {
				t.Errorf("told as a fault:\n%s", said)
			}
			h.web = httptest.NewServer(h.app.Web)
			maria.do("POST", path, map[string]any{}, http.StatusOK, key)
			if now := h.balance(helped); now != before-15 {
				t.Errorf("%d minutes of %d", now, before)
			}
		})
	}
}

// hangUp sends a request, closes its line when it waits for a table that somebody else
// holds, and returns when the server is done with it. The server is closed then.
func (h *house) hangUp(b *browser, path, key, table string) {
	h.t.Helper()
	tx, err := h.db.Owner.BeginTx(h.t.Context(), nil)
	h.must(err)
	defer func() { _ = tx.Rollback() }()
	_, err = tx.ExecContext(h.t.Context(), "lock table "+table+" in access exclusive mode")
	h.must(err)
	ctx, leave := context.WithCancel(h.t.Context())
	defer leave()
	r, err := http.NewRequestWithContext(ctx, "POST", h.web.URL+"/api"+path, strings.NewReader("{}"))
	h.must(err)
	r.Header.Set("Authorization", "Bearer "+b.token)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", key)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		if res, err := (&http.Client{Transport: &http.Transport{}}).Do(r); err == nil {
			_ = res.Body.Close()
			h.t.Errorf("answered %d", res.StatusCode)
		}
	}()
	for waits := 0; waits == 0; runtime.Gosched() {
		h.must(h.db.Owner.QueryRowContext(h.t.Context(), "select count(*) from pg_locks where not granted and database = (select oid from pg_database where datname = current_database())").Scan(&waits))
	}
	leave()
	<-gone
	h.web.Close() // waits for what is under way
}
